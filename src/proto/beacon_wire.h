/* SPDX-License-Identifier: MIT */
/*
 * proto/beacon_wire.h - datagrams of the beacon protocol to bytes and back, as
 * pier-beacon(7) specifies them. Pure.
 *
 * A head of 24 bytes: "Pbcn", the version, the kind, how many seconds it holds,
 * the token of the question, and who says it; then items: type, length in two
 * bytes, value. Items of other types are passed over: later versions may add
 * some without a new number.
 */
#ifndef PIER_PROTO_BEACON_WIRE_H
#define PIER_PROTO_BEACON_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include <pier/find.h>

/* Where beacons go: administratively scoped (RFC 2365), and on the link (RFC 4291
   section 2.7). */
#define PIER__BEACON_PORT   17437
#define PIER__BEACON_GROUP4 "239.255.112.105"
#define PIER__BEACON_GROUP6 "ff02::7069:6572"

#define PIER__BEACON_VERSION 1
#define PIER__BEACON_HEAD    24

/* The longest: it fits into one packet of IPv6's least MTU, 1280 bytes, with the
   heads of IPv6 and UDP. */
#define PIER__BEACON_MAX 1232

#define PIER__BEACON_INSTANCE_MAX 63
#define PIER__BEACON_TYPE_MAX     22 /* "_", 15 bytes, "._tcp" or "._udp" */
#define PIER__BEACON_HOST_MAX     63
#define PIER__BEACON_TEXT_MAX     1024

enum pier__beacon_kind {
	PIER__BEACON_ASK = 1,  /* who offers this type, or any? */
	PIER__BEACON_HERE = 2, /* this is offered: an answer, or unasked */
	PIER__BEACON_GONE = 3  /* no more */
};

/* What a datagram says. Spans lie in its bytes. */
struct pier__beacon {
	enum pier__beacon_kind kind;
	uint16_t holds_s; /* of HERE: 1 or more */
	uint64_t token;   /* of ASK; of HERE: which it answers, or 0 */
	uint64_t id;      /* who offers it, the same all its life; of ASK 0 */
	const char *type; /* of ASK, with length 0: any */
	size_t type_len;
	const char *instance; /* HERE and GONE */
	size_t instance_len;
	const char *host; /* HERE; length 0: none */
	size_t host_len;
	uint16_t port, priority, weight;
	const unsigned char *text; /* as in a TXT record */
	size_t text_len;
};

/* pier__beacon_write(out, beacon): its length, at most PIER__BEACON_MAX; all
   lengths are within their bounds, which together fit. */
size_t pier__beacon_write(
	unsigned char out[PIER__BEACON_MAX], const struct pier__beacon *beacon);

/*
 * pier__beacon_read(out, bytes, len): what it says; spans are borrowed from
 * bytes. 0; -ENOMSG: it is no beacon, or of another version; -EBADMSG: it breaks
 * the rules.
 */
int pier__beacon_read(
	struct pier__beacon *out, const unsigned char *bytes, size_t len);

#endif
