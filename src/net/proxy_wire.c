/* SPDX-License-Identifier: MIT */
/* net/proxy_wire.c - see proxy_wire.h. */
#include "net/proxy_wire.h"

#include <stdbool.h>
#include <string.h>

#include <pier/error.h>

#include "addr/addr.h"
#include "addr/ip.h"
#include "base/text.h"

#define V1_MAX  107 /* with its CR LF */
#define V2_HEAD 16
#define CRC_TLV 0x03

static const char v1_start[] = "PROXY ";
static const unsigned char v2_start[12] = { '\r', '\n', '\r', '\n', '\0', '\r',
	'\n', 'Q', 'U', 'I', 'T', '\n' };

/* Does data begin as start does, as far as both go? */
static bool
agrees(const unsigned char *data, size_t size, const void *start, size_t len)
{
	return memcmp(data, start, size < len ? size : len) == 0;
}

static int
wrong(const char **why, const char *text)
{
	*why = text;
	return -PIER_EFRAME;
}

/* ---- Version 1: a line of text ----------------------------------------- */

/* The next word up to a single space, or the rest. */
static struct pier__span
next_word(struct pier__span *rest)
{
	size_t space = pier__span_find(*rest, ' ');
	struct pier__span word = pier__span_cut(*rest, rest->begin, space);

	rest->begin = space < rest->end ? space + 1 : rest->end;
	return word;
}

static bool
parse_ip(struct pier_addr *out, int family, struct pier__span word)
{
	struct pier__why ignored;
	struct pier__ip ip;

	if (pier__ip_parse(&ip, word, &ignored) != 1 || ip.family != family ||
		ip.zone[0] != '\0')
		return false;
	return pier__addr_from_ip(out, &ip, 0, &ignored) == 0;
}

static bool
parse_port(struct pier_addr *out, struct pier__span word)
{
	int64_t port = pier__span_number(word, 65535);

	return port >= 0 && port <= 65535 &&
	       pier_addr_set_port(out, (unsigned)port) == 0;
}

static bool
parse_addresses(struct pier__proxy *out, int family, struct pier__span rest)
{
	return parse_ip(&out->source, family, next_word(&rest)) &&
	       parse_ip(&out->destination, family, next_word(&rest)) &&
	       parse_port(&out->source, next_word(&rest)) &&
	       parse_port(&out->destination, rest);
}

static int
decode_v1(struct pier__proxy *out, const char *text, size_t size, size_t *want,
	const char **why)
{
	size_t most = size < V1_MAX ? size : V1_MAX;
	const char *end = memchr(text, '\n', most);
	struct pier__span rest = { .text = text, .begin = 6 };
	struct pier__span word;
	bool good = true;

	if (end == NULL && size >= V1_MAX)
		return wrong(why, "a line of more than 107 bytes");
	if (end == NULL) {
		*want = size + 1;
		return 0;
	}
	rest.end = (size_t)(end - text);
	if (rest.end <= rest.begin || text[rest.end - 1] != '\r')
		return wrong(why, "a line that does not end in CR LF");
	rest.end--;
	word = next_word(&rest);
	if (pier__span_is(word, "TCP4"))
		good = parse_addresses(out, AF_INET, rest);
	else if (pier__span_is(word, "TCP6"))
		good = parse_addresses(out, AF_INET6, rest);
	else if (!pier__span_is(word, "UNKNOWN"))
		return wrong(why, "neither TCP4 nor TCP6 nor UNKNOWN");
	return good ? (int)(end - text) + 1
		    : wrong(why, "no two addresses and two ports");
}

/* ---- Version 2: binary -------------------------------------------------- */

static unsigned
be16(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* CRC-32C (Castagnoli), of the header as if its checksum were 0. */
static uint32_t
crc32c(const unsigned char *data, size_t size, size_t hole)
{
	uint32_t crc = 0xffffffff;
	size_t i;
	int bit;

	for (i = 0; i < size; i++) {
		crc ^= i >= hole && i < hole + 4 ? 0 : data[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static bool
crc_is_right(const unsigned char *data, size_t size, size_t at)
{
	uint32_t said = (uint32_t)be16(data + at) << 16 | be16(data + at + 2);

	return crc32c(data, size, at) == said;
}

/* What follows the addresses: only the checksum says something here. */
static int
check_tlvs(const unsigned char *data, size_t at, size_t size, const char **why)
{
	while (at < size) {
		size_t len;

		if (size - at < 3)
			return wrong(why, "a TLV that is cut off");
		len = be16(data + at + 1);
		if (len > size - at - 3)
			return wrong(why, "a TLV longer than the header");
		if (data[at] == CRC_TLV &&
			(len != 4 || !crc_is_right(data, size, at + 3)))
			return wrong(why, "a wrong checksum");
		at += 3 + len;
	}
	return 0;
}

static void
take_ip4(struct pier_addr *out, const unsigned char *ip, unsigned port)
{
	out->u.in.sin_family = AF_INET;
	memcpy(&out->u.in.sin_addr, ip, 4);
	out->u.in.sin_port = htons((uint16_t)port);
	out->len = sizeof(out->u.in);
}

static void
take_ip6(struct pier_addr *out, const unsigned char *ip, unsigned port)
{
	out->u.in6.sin6_family = AF_INET6;
	memcpy(&out->u.in6.sin6_addr, ip, 16);
	out->u.in6.sin6_port = htons((uint16_t)port);
	out->len = sizeof(out->u.in6);
}

/* 108 bytes, filled up with NULs; one that has none but these has no name. */
static void
take_unix(struct pier_addr *out, const unsigned char *path)
{
	size_t len = 108;

	while (len > 0 && path[len - 1] == '\0')
		len--;
	if (len > 0 && path[0] != '\0')
		len = strnlen((const char *)path, len);
	if (len == 0 || pier__addr_unix(out, (const char *)path, len) < 0)
		out->len = 0;
}

/* The addresses, and how many bytes they take. */
static int
take_addresses(struct pier__proxy *out, unsigned family,
	const unsigned char *at, size_t size, const char **why)
{
	static const size_t sizes[] = { 0, 12, 36, 216 };

	if (family >> 4 > 3 || (family & 15) > 2)
		return wrong(why, "a family that version 2 does not know");
	if (size < sizes[family >> 4])
		return wrong(why, "shorter than its addresses");
	switch (family >> 4) {
	case 1:
		take_ip4(&out->source, at, be16(at + 8));
		take_ip4(&out->destination, at + 4, be16(at + 10));
		break;
	case 2:
		take_ip6(&out->source, at, be16(at + 32));
		take_ip6(&out->destination, at + 16, be16(at + 34));
		break;
	case 3:
		take_unix(&out->source, at);
		take_unix(&out->destination, at + 108);
		break;
	}
	return (int)sizes[family >> 4];
}

static int
decode_v2(struct pier__proxy *out, const unsigned char *data, size_t size,
	size_t *want, const char **why)
{
	size_t all;
	int rc;

	*want = V2_HEAD;
	if (size > 12 && data[12] >> 4 != 2)
		return wrong(why, "a version that is not 2");
	if (size > 12 && (data[12] & 15) > 1)
		return wrong(why, "neither LOCAL nor PROXY");
	if (size < V2_HEAD)
		return 0;
	all = V2_HEAD + be16(data + 14);
	if (all > PIER__PROXY_MAX)
		return wrong(why, "longer than 16384 bytes");
	*want = all;
	if (size < all)
		return 0;
	/* LOCAL: whatever follows is to be skipped. */
	if ((data[12] & 15) == 0)
		return (int)all;
	rc = take_addresses(out, data[13], data + V2_HEAD, all - V2_HEAD, why);
	if (rc >= 0)
		rc = check_tlvs(data, V2_HEAD + (size_t)rc, all, why);
	return rc < 0 ? rc : (int)all;
}

int
pier__proxy_decode(struct pier__proxy *out, const void *data, size_t size,
	size_t *want, const char **why)
{
	const size_t v1_len = sizeof(v1_start) - 1;
	int rc;

	memset(out, 0, sizeof(*out));
	*want = 1;
	if (size == 0)
		return 0;
	if (agrees(data, size, v1_start, v1_len)) {
		*want = v1_len + 1;
		return size < v1_len ? 0
				     : decode_v1(out, data, size, want, why);
	}
	if (!agrees(data, size, v2_start, sizeof(v2_start)))
		return wrong(why, "neither \"PROXY \" nor the signature of "
				  "version 2");
	rc = decode_v2(out, data, size, want, why);
	return rc;
}
