/* SPDX-License-Identifier: MIT */
/*
 * The other ways to write an IP address, both ways. What is written in a form
 * is read in the same form as an equal address, but for the zone where a form
 * has none, and small IPv6 numbers, which PIER_ADDR_INTEGER6 reads.
 */
#include <pier/addr.h>

#include "addr/addr.h"
#include "addr/ip.h"
#include "addr/ip4.h"
#include "addr/ip_math.h"
#include "task/failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define POINTER4 ".in-addr.arpa"
#define POINTER6 ".ip6.arpa"

/* "x.x.….x.ip6.arpa", 32 digits. */
#define NIBBLES 32

static int
parse_plain(struct pier__ip *ip, struct pier__span span, struct pier__why *why)
{
	int rc = pier__ip_parse(ip, span, why);

	if (rc == 0)
		return pier__why_set(why, span.begin,
			"\"%.*s\" is no IP address", pier__span_quote(span),
			pier__span_at(span));
	return rc < 0 ? rc : 0;
}

static int
parse_packed(struct pier__ip *ip, struct pier__span span, struct pier__why *why)
{
	size_t len = pier__span_len(span), i;

	for (i = span.begin; i < span.end; i++)
		if (pier__hex_value(span.text[i]) < 0)
			return pier__why_set(
				why, i, "this is no hexadecimal digit");
	if (len != 8 && len != 32)
		return pier__why_set(why, span.begin,
			"packed addresses have 8 hexadecimal digits (IPv4) or "
			"32 (IPv6), not %zu",
			len);
	ip->family = len == 8 ? AF_INET : AF_INET6;
	for (i = 0; i < len; i++)
		(void)pier__ip_push(ip->bytes, len / 2, 16,
			(unsigned int)pier__hex_value(
				span.text[span.begin + i]));
	return 0;
}

/* The number fills 16 bytes; without anything in the first 12 it is IPv4. */
static int
parse_integer(struct pier__ip *ip, struct pier__span span, bool six,
	struct pier__why *why)
{
	static const unsigned char none[12];
	unsigned int base = 10;
	size_t i = span.begin;

	if (pier__span_starts(span, "0x") || pier__span_starts(span, "0X")) {
		base = 16;
		i += 2;
	}
	if (i == span.end)
		return pier__why_set(why, i, "a number is missing");
	for (; i < span.end; i++) {
		int digit = pier__hex_value(span.text[i]);

		if (digit < 0 || (unsigned int)digit >= base)
			return pier__why_set(why, i,
				"this cannot stand in a number: digits, or "
				"hexadecimal ones behind 0x");
		if (!pier__ip_push(ip->bytes, 16, base, (unsigned int)digit))
			return pier__why_set(why, span.begin,
				"the number does not fit the 128 bits of an "
				"IPv6 address");
	}
	ip->family = AF_INET6;
	if (six || memcmp(ip->bytes, none, sizeof(none)) != 0)
		return 0;
	ip->family = AF_INET;
	memmove(ip->bytes, ip->bytes + 12, 4);
	return 0;
}

/* span without the ending, if it has it. */
static bool
strip(struct pier__span *span, const char *ending)
{
	size_t len = strlen(ending);
	struct pier__span tail = *span;

	if (pier__span_len(*span) < len)
		return false;
	tail.begin = span->end - len;
	if (!pier__span_is(tail, ending))
		return false;
	span->end = tail.begin;
	return true;
}

/* Four labels, the last byte first; each as a part of a plain address. */
static int
parse_pointer4(
	struct pier__ip *ip, struct pier__span span, struct pier__why *why)
{
	unsigned char turned[4];
	int rc = pier__ip4_parse(turned, span, why);
	size_t i;

	for (i = 0; rc == 0 && i < 4; i++)
		ip->bytes[i] = turned[3 - i];
	ip->family = AF_INET;
	return rc;
}

static int
parse_pointer6(
	struct pier__ip *ip, struct pier__span span, struct pier__why *why)
{
	size_t i;

	if (pier__span_len(span) != 2 * NIBBLES - 1)
		return pier__why_set(why, span.begin,
			"before ip6.arpa stand %d single digits", NIBBLES);
	for (i = 0; i < 2 * NIBBLES - 1; i++) {
		char c = span.text[span.begin + i];
		int digit = pier__hex_value(c);
		size_t nibble = NIBBLES - 1 - i / 2;

		if (i % 2 == 1 ? c != '.' : digit < 0)
			return pier__why_set(why, span.begin + i,
				"here stands %s",
				i % 2 == 1 ? "a dot" : "a hexadecimal digit");
		if (i % 2 == 0)
			ip->bytes[nibble / 2] |=
				(unsigned char)(digit
						<< (nibble % 2 == 0 ? 4 : 0));
	}
	ip->family = AF_INET6;
	return 0;
}

static int
parse_pointer(
	struct pier__ip *ip, struct pier__span span, struct pier__why *why)
{
	/* A name may end in the dot of the root. */
	(void)strip(&span, ".");
	if (strip(&span, POINTER4))
		return parse_pointer4(ip, span, why);
	if (strip(&span, POINTER6))
		return parse_pointer6(ip, span, why);
	return pier__why_set(why, span.begin,
		"the name of an address in the DNS ends in \"%s\" or \"%s\"",
		&POINTER4[1], &POINTER6[1]);
}

static int
parse_form(struct pier__ip *ip, struct pier__span span,
	enum pier_addr_form form, struct pier__why *why)
{
	memset(ip, 0, sizeof(*ip));
	switch (form) {
	case PIER_ADDR_PACKED:
		return parse_packed(ip, span, why);
	case PIER_ADDR_INTEGER:
		return parse_integer(ip, span, false, why);
	case PIER_ADDR_INTEGER6:
		return parse_integer(ip, span, true, why);
	case PIER_ADDR_POINTER:
		return parse_pointer(ip, span, why);
	case PIER_ADDR_CLASSIC:
		ip->family = AF_INET;
		return pier__ip4_parse_classic(ip->bytes, span, why);
	case PIER_ADDR_PLAIN:
	case PIER_ADDR_EXPLODED:
	case PIER_ADDR_MAPPED:
		return parse_plain(ip, span, why);
	}
	return pier__why_set(why, span.begin, "no such form");
}

int
pier_addr_parse_form(
	struct pier_addr *out, const char *text, enum pier_addr_form form)
{
	struct pier__why why;
	struct pier_addr addr;
	struct pier__ip ip;
	int rc = parse_form(&ip, pier__span_of(text), form, &why);

	if (rc == 0)
		rc = pier__addr_from_ip(&addr, &ip, 0, &why);
	if (rc < 0)
		return pier__fail_parse(rc, text, &why);
	*out = addr;
	return 0;
}

static size_t
hex(char *out, const unsigned char *bytes, size_t size)
{
	size_t i, used = 0;

	for (i = 0; i < size; i++)
		used += (size_t)sprintf(out + used, "%02x", bytes[i]);
	return used;
}

static size_t
write_exploded(char *out, const struct pier__ip_view *ip)
{
	size_t i, used = 0;

	for (i = 0; i < 16; i += 2)
		used += (size_t)sprintf(out + used, "%s%02x%02x",
			i > 0 ? ":" : "", ip->bytes[i], ip->bytes[i + 1]);
	return used + pier__addr_format_zone(
			      out + used, PIER_ADDR_TEXT_MAX - used, ip->zone);
}

static size_t
write_pointer(char *out, const struct pier__ip_view *ip)
{
	const unsigned char *b = ip->bytes;
	size_t i, used = 0;

	if (ip->family == AF_INET)
		return (size_t)sprintf(
			out, "%u.%u.%u.%u%s", b[3], b[2], b[1], b[0], POINTER4);
	for (i = 16; i-- > 0;)
		used += (size_t)sprintf(out + used, "%x.%x%s", b[i] & 15,
			b[i] >> 4, i > 0 ? "." : POINTER6);
	return used;
}

/* The length, 0: the form has no text for it. */
static size_t
write_form(char *out, const struct pier__ip_view *ip, enum pier_addr_form form)
{
	bool four = ip->family == AF_INET;

	if (form == PIER_ADDR_PACKED)
		return hex(out, ip->bytes, four ? 4 : 16);
	if (form == PIER_ADDR_INTEGER || form == PIER_ADDR_INTEGER6)
		return pier__ip_decimal(out, ip->bytes, four ? 4 : 16);
	if (form == PIER_ADDR_POINTER)
		return write_pointer(out, ip);
	if (form == PIER_ADDR_EXPLODED && !four)
		return write_exploded(out, ip);
	if (form == PIER_ADDR_MAPPED && !four)
		return 0;
	if (form == PIER_ADDR_MAPPED)
		return (size_t)sprintf(out, "::ffff:%u.%u.%u.%u", ip->bytes[0],
			ip->bytes[1], ip->bytes[2], ip->bytes[3]);
	return pier__addr_format_ip(out, PIER_ADDR_TEXT_MAX, ip, false);
}

int
pier_addr_format_form(const struct pier_addr *addr, enum pier_addr_form form,
	char *buf, size_t size)
{
	char text[PIER_ADDR_TEXT_MAX];
	struct pier__ip_view ip;
	size_t len;

	if (!pier__addr_ip(&ip, addr))
		return -EAFNOSUPPORT;
	len = write_form(text, &ip, form);
	if (len == 0)
		return -EAFNOSUPPORT;
	if (len >= size)
		return -ENOSPC;
	memcpy(buf, text, len + 1);
	return (int)len;
}

int
pier_addr_add(struct pier_addr *addr, int64_t n)
{
	struct pier__ip_view ip;

	if (!pier__addr_ip(&ip, addr))
		return -EAFNOSUPPORT;
	/* The view shows the address's own bytes, which are ours to change. */
	if (!pier__ip_add((unsigned char *)(uintptr_t)ip.bytes,
		    ip.family == AF_INET ? 4 : 16, n))
		return -ERANGE;
	return 0;
}
