/* SPDX-License-Identifier: MIT */
/* proto/lan_open.h - the links of both protocols that find services, by the
   options that find.h and announce.h share. */
#ifndef PIER_PROTO_LAN_OPEN_H
#define PIER_PROTO_LAN_OPEN_H

#include "proto/lan.h"

struct pier__lan_wish {
	int family;
	const char *const *interfaces;
};

/* pier__lan_open_beacon(out, wish), pier__lan_open_mdns(out, wish): 0 or the
   error of pier__links_open(). */
int pier__lan_open_beacon(
	struct pier__links **out, const struct pier__lan_wish *wish);
int pier__lan_open_mdns(
	struct pier__links **out, const struct pier__lan_wish *wish);

/* What -EADDRINUSE of these means. */
#define PIER__LAN_BUSY_BEACON \
	"another program has port 17437, of beacons, and does not share it"
#define PIER__LAN_BUSY_MDNS                                                    \
	"another program has port 5353, of multicast DNS, and does not share " \
	"it"

/*
 * pier__lan_check(by, wish, detail): are these right? by becomes what 0 stands
 * for. 0; -EINVAL or -ENODEV, and *detail says what was expected, or quotes
 * what is not there into `text`.
 */
#define PIER__LAN_DETAIL 96
int pier__lan_check(unsigned int *by, const struct pier__lan_wish *wish,
	char detail[PIER__LAN_DETAIL]);

#endif
