/* SPDX-License-Identifier: MIT */
/* net/rfcomm.h - streams over RFCOMM, which Bluetooth has in place of a wire. */
#ifndef PIER_NET_RFCOMM_H
#define PIER_NET_RFCOMM_H

#include "net/stream.h"

/* Of every stream on a Bluetooth socket. */
extern const struct pier__stream_ops pier__rfcomm_ops;

#endif
