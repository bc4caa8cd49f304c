/* SPDX-License-Identifier: MIT */
/*
 * What addresses are for, by the special-purpose registries of IANA (RFC 6890,
 * RFC 8190), as far as Python's ipaddress goes: private is what they call not
 * globally reachable. The first network in a list that holds the address
 * decides about PRIVATE: the exceptions stand before what they are cut out of.
 */
#include <pier/addr.h>

#include "addr/addr.h"

#include <string.h>

struct row {
	unsigned char bytes[16];
	unsigned char bits;
	unsigned short kinds;
};

#define UNSPECIFIED PIER_ADDR_IS_UNSPECIFIED
#define LOOPBACK    PIER_ADDR_IS_LOOPBACK
#define LINK_LOCAL  PIER_ADDR_IS_LINK_LOCAL
#define SITE_LOCAL  PIER_ADDR_IS_SITE_LOCAL
#define MULTICAST   PIER_ADDR_IS_MULTICAST
#define BROADCAST   PIER_ADDR_IS_BROADCAST
#define PRIVATE     PIER_ADDR_IS_PRIVATE
#define SHARED      PIER_ADDR_IS_SHARED
#define GLOBAL      PIER_ADDR_IS_GLOBAL
#define RESERVED    PIER_ADDR_IS_RESERVED
#define EXAMPLE     PIER_ADDR_IS_DOCUMENTATION

/* In the tables only: whether it is private is decided here. */
#define REACHABLE 0x8000

/* clang-format off */
static const struct row rows4[] = {
	{ { 0, 0, 0, 0 },         32, UNSPECIFIED },
	{ { 0 },                   8, PRIVATE },
	{ { 10 },                  8, PRIVATE },
	{ { 100, 64 },            10, SHARED },
	{ { 127 },                 8, PRIVATE | LOOPBACK },
	{ { 169, 254 },           16, PRIVATE | LINK_LOCAL },
	{ { 172, 16 },            12, PRIVATE },
	{ { 192, 0, 0, 9 },       32, REACHABLE },
	{ { 192, 0, 0, 10 },      32, REACHABLE },
	{ { 192, 0, 0 },          24, PRIVATE },
	{ { 192, 0, 2 },          24, PRIVATE | EXAMPLE },
	{ { 192, 168 },           16, PRIVATE },
	{ { 198, 18 },            15, PRIVATE },
	{ { 198, 51, 100 },       24, PRIVATE | EXAMPLE },
	{ { 203, 0, 113 },        24, PRIVATE | EXAMPLE },
	{ { 224 },                 4, MULTICAST },
	{ { 240 },                 4, PRIVATE | RESERVED },
	{ { 255, 255, 255, 255 }, 32, BROADCAST },
};

static const struct row rows6[] = {
	{ { 0 },                                       128, PRIVATE | UNSPECIFIED },
	{ { [15] = 1 },                                128, PRIVATE | LOOPBACK },
	{ { 0, 0x64, 0xff, 0x9b, 0, 1 },                48, PRIVATE },
	{ { 1 },                                        64, PRIVATE },
	{ { 0x20, 1, 0, 1, [15] = 1 },                 128, REACHABLE },
	{ { 0x20, 1, 0, 1, [15] = 2 },                 128, REACHABLE },
	{ { 0x20, 1, 0, 3 },                            32, REACHABLE },
	{ { 0x20, 1, 0, 4, 1, 0x12 },                   48, REACHABLE },
	{ { 0x20, 1, 0, 0x20 },                         28, REACHABLE },
	{ { 0x20, 1, 0, 0x30 },                         28, REACHABLE },
	{ { 0x20, 1, 0 },                               23, PRIVATE },
	{ { 0x20, 1, 0x0d, 0xb8 },                      32, PRIVATE | EXAMPLE },
	{ { 0x20, 2 },                                  16, PRIVATE },
	{ { 0x3f, 0xff },                               20, PRIVATE | EXAMPLE },
	{ { 0xfc },                                      7, PRIVATE },
	{ { 0xfe, 0x80 },                               10, PRIVATE | LINK_LOCAL },
	{ { 0xfe, 0xc0 },                               10, SITE_LOCAL },
	{ { 0xff },                                      8, MULTICAST },
	/* What the IETF has not given out (RFC 4291 section 4). */
	{ { 0x00 },                                      8, RESERVED },
	{ { 0x01 },                                      8, RESERVED },
	{ { 0x02 },                                      7, RESERVED },
	{ { 0x04 },                                      6, RESERVED },
	{ { 0x08 },                                      5, RESERVED },
	{ { 0x10 },                                      4, RESERVED },
	{ { 0x40 },                                      3, RESERVED },
	{ { 0x60 },                                      3, RESERVED },
	{ { 0x80 },                                      3, RESERVED },
	{ { 0xa0 },                                      3, RESERVED },
	{ { 0xc0 },                                      3, RESERVED },
	{ { 0xe0 },                                      4, RESERVED },
	{ { 0xf0 },                                      5, RESERVED },
	{ { 0xf8 },                                      6, RESERVED },
	{ { 0xfe },                                      9, RESERVED },
};
/* clang-format on */

static bool
holds(const struct row *row, const unsigned char *bytes)
{
	unsigned int whole = row->bits / 8, rest = row->bits % 8;

	if (memcmp(row->bytes, bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       (row->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0;
}

unsigned int
pier_addr_kinds(const struct pier_addr *addr)
{
	const struct row *row = rows4,
			 *end = rows4 + sizeof(rows4) / sizeof(*row);
	unsigned int kinds = 0, decided = PRIVATE | REACHABLE;
	struct pier__ip_view ip;

	if (!pier__addr_ip(&ip, addr))
		return 0;
	if (ip.family == AF_INET6) {
		row = rows6;
		end = rows6 + sizeof(rows6) / sizeof(*row);
	}
	for (; row < end; row++) {
		if (!holds(row, ip.bytes))
			continue;
		if ((kinds & decided) != 0)
			kinds |= row->kinds & ~decided;
		else
			kinds |= row->kinds;
	}
	if ((kinds & (PRIVATE | SHARED)) == 0)
		kinds |= GLOBAL;
	return kinds & ~(unsigned int)REACHABLE;
}
