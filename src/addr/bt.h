/* SPDX-License-Identifier: MIT */
/*
 * addr/bt.h - addresses of Bluetooth as text: a device, and a channel of RFCOMM
 * or a service over L2CAP on it.
 *
 * One family has several kinds of addresses, which the kernel tells apart by the
 * protocol of the socket, and pier by their lengths.
 */
#ifndef PIER_ADDR_BT_H
#define PIER_ADDR_BT_H

#include <pier/bt.h>

#include "base/text.h"

/* Not in every libc's headers. */
#ifndef AF_BLUETOOTH
#define AF_BLUETOOTH 31
#endif

_Static_assert(sizeof(struct pier_sockaddr_rfcomm) == 10 &&
		       sizeof(struct pier_sockaddr_l2cap) == 14,
	"as the kernel has them, and of two lengths");

/* Is addr of this kind? */
bool pier__is_rfcomm(const struct pier_addr *addr);
bool pier__is_l2cap(const struct pier_addr *addr);

/* "00:11:22:33:44:55", the whole span. 0, or -EINVAL. */
int pier__bt_parse_device(struct pier_bt_addr *out, struct pier__span span,
	struct pier__why *why);

/* "public" or "random" into type. 0, or -EINVAL with `at` as the place. */
int pier__bt_parse_le(uint8_t *type, struct pier__span span, size_t at,
	struct pier__why *why);

/* "DEVICE/CHANNEL"; '*' or nothing is any device. 0, or -EINVAL. */
int pier__rfcomm_parse(
	struct pier_addr *out, struct pier__span span, struct pier__why *why);

/* "DEVICE/PSM", decimal or with 0x hexadecimal, of BR/EDR: which numbers those of
   Low Energy may have is not known yet. 0, or -EINVAL. */
int pier__l2cap_parse(
	struct pier_addr *out, struct pier__span span, struct pier__why *why);

/* Can a service of its type have this PSM? span is what was read above. 0, or
   -EINVAL. */
int pier__l2cap_check(const struct pier_addr *addr, struct pier__span span,
	struct pier__why *why);

/* "DEVICE/PSM" and perhaps "?le=TYPE", checked. 0, or -EINVAL. */
int pier__l2cap_parse_any(
	struct pier_addr *out, struct pier__span span, struct pier__why *why);

/* What was read, of either kind, with its number or without. The length; 48
   bytes are enough. */
size_t pier__bt_format(
	char *out, size_t size, const struct pier_addr *addr, bool number);

#endif
