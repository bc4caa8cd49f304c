/* SPDX-License-Identifier: MIT */
/*
 * proto/bt_uuid.h - UUIDs of Bluetooth, of 2, 4 or 16 bytes on the wire.
 */
#ifndef PIER_PROTO_BT_UUID_H
#define PIER_PROTO_BT_UUID_H

#include <pier/bt_control.h>

/* A short one, by its number. */
struct pier_bt_uuid pier__bt_uuid_short(uint32_t number);

/* True, and its number, where it is a short one. */
bool pier__bt_uuid_number(const struct pier_bt_uuid *uuid, uint32_t *number);

#endif
