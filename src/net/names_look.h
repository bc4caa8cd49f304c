/* SPDX-License-Identifier: MIT */
/* net/names_look.h - what a name helper does with a question. */
#ifndef PIER_NET_NAMES_LOOK_H
#define PIER_NET_NAMES_LOOK_H

#include "net/names.h"

/* Asks libc, however long that takes. 0, or as pier__names_ask(). */
int pier__names_look_up(
	struct pier_names **out, const struct pier__question *question);

#endif
