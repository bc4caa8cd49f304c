/* SPDX-License-Identifier: MIT */
/* serve/address_key.h - addresses as what tables of them go by: without port. */
#ifndef PIER_SERVE_ADDRESS_KEY_H
#define PIER_SERVE_ADDRESS_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "addr/addr.h"

/* v4-mapped when it is IPv4, then the zone. */
struct pier__address_key {
	unsigned char ip[16];
	uint32_t zone;
};

/* False: not of the Internet. */
static inline bool
pier__address_key(struct pier__address_key *key, const struct pier_addr *addr)
{
	struct pier__ip_view view;

	if (!pier__addr_ip(&view, addr))
		return false;
	memset(key, 0, sizeof(*key));
	if (view.family == AF_INET) {
		key->ip[10] = 0xff;
		key->ip[11] = 0xff;
		memcpy(key->ip + 12, view.bytes, 4);
	} else {
		memcpy(key->ip, view.bytes, 16);
		key->zone = view.zone;
	}
	return true;
}

#endif
