/* SPDX-License-Identifier: MIT */
/* IPv6 text, zones, brackets, and the choice between the two families. */
#include "addr/ip.h"

#include "addr/ip4.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>

#define GROUPS 8

/* An IPv6 address while it is read. */
struct reader {
	struct pier__span rest;
	struct pier__why *why;
	uint16_t groups[GROUPS];
	size_t count; /* of groups read */
	int gap;      /* the index of the group that follows "::", or -1 */
};

int
pier__hostport_split(struct pier__hostport *out, struct pier__span span,
	struct pier__why *why)
{
	size_t colon = pier__span_find(span, ':');
	struct pier__span after = pier__span_cut(span, colon + 1, span.end);
	size_t close;

	out->host = span;
	out->bracketed = pier__span_starts(span, "[");
	out->has_port = false;
	out->port = pier__span_cut(span, span.end, span.end);
	if (out->bracketed) {
		close = pier__span_find(span, ']');
		if (close == span.end)
			return pier__why_set(
				why, span.begin, "the bracket has no end");
		out->host = pier__span_cut(span, span.begin + 1, close);
		if (close + 1 == span.end)
			return 0;
		colon = close + 1;
		if (span.text[colon] != ':')
			return pier__why_set(why, colon,
				"after the bracket comes ':' and a port");
	} else if (colon == span.end ||
		   pier__span_find(after, ':') < span.end) {
		return 0;
	} else {
		out->host.end = colon;
	}
	out->has_port = true;
	out->port.begin = colon + 1;
	return 0;
}

static bool
has_dot(struct pier__span span)
{
	return pier__span_find(span, '.') < span.end;
}

/* The dotted tail of "::ffff:192.0.2.1": two groups. */
static int
read_tail(struct reader *in)
{
	unsigned char bytes[4];
	int rc;

	if (in->count > GROUPS - 2)
		return pier__why_set(in->why, in->rest.begin,
			"no room for an IPv4 address at the end");
	rc = pier__ip4_parse(bytes, in->rest, in->why);
	if (rc < 0)
		return rc;
	in->groups[in->count++] = (uint16_t)(bytes[0] << 8 | bytes[1]);
	in->groups[in->count++] = (uint16_t)(bytes[2] << 8 | bytes[3]);
	in->rest.begin = in->rest.end;
	return 0;
}

static int
read_group(struct reader *in)
{
	struct pier__span group = in->rest;
	unsigned int value = 0;
	int digit;

	for (; in->rest.begin < in->rest.end; in->rest.begin++) {
		digit = pier__hex_value(*pier__span_at(in->rest));
		if (digit < 0)
			break;
		if (in->rest.begin - group.begin == 4)
			return pier__why_set(in->why, group.begin,
				"a group of an IPv6 address has at most 4 "
				"digits");
		value = value * 16 + (unsigned int)digit;
	}
	if (in->rest.begin == group.begin)
		return pier__why_set(in->why, group.begin,
			"this cannot stand in an IPv6 address");
	if (in->count == GROUPS)
		return pier__why_set(in->why, group.begin,
			"an IPv6 address has at most 8 groups");
	in->groups[in->count++] = (uint16_t)value;
	return 0;
}

/* What stands between two groups: ':' or "::", or nothing at the end. */
static int
read_colons(struct reader *in)
{
	size_t at = in->rest.begin;

	if (at == in->rest.end)
		return 0;
	if (in->rest.text[at] != ':')
		return pier__why_set(
			in->why, at, "this cannot stand in an IPv6 address");
	in->rest.begin++;
	if (pier__span_starts(in->rest, ":")) {
		in->rest.begin++;
		if (in->gap >= 0)
			return pier__why_set(in->why, at,
				"\"::\" may stand in an address once");
		in->gap = (int)in->count;
		return 0;
	}
	if (in->rest.begin == in->rest.end)
		return pier__why_set(
			in->why, at, "an IPv6 address cannot end in one colon");
	if (in->count == 0)
		return pier__why_set(in->why, at,
			"an IPv6 address cannot begin with one colon");
	return 0;
}

static int
read_groups(struct reader *in)
{
	int rc = 0;

	if (pier__span_starts(in->rest, ":"))
		rc = read_colons(in);
	while (rc == 0 && in->rest.begin < in->rest.end) {
		struct pier__span group = in->rest;

		group.end = pier__span_find(group, ':');
		if (group.end == in->rest.end && has_dot(group))
			return read_tail(in);
		rc = read_group(in);
		if (rc == 0)
			rc = read_colons(in);
	}
	return rc;
}

static int
parse_ip6(unsigned char out[16], struct pier__span span, struct pier__why *why)
{
	struct reader in = { .rest = span, .why = why, .gap = -1 };
	size_t zeros, i, to = 0;
	int rc;

	rc = read_groups(&in);
	if (rc < 0)
		return rc;
	if (in.gap < 0 && in.count < GROUPS)
		return pier__why_set(why, span.end,
			"an IPv6 address has 8 groups or \"::\", not %zu",
			in.count);
	if (in.gap >= 0 && in.count == GROUPS)
		return pier__why_set(why, span.begin,
			"8 groups leave nothing for \"::\" to stand for");
	memset(out, 0, 16);
	zeros = GROUPS - in.count;
	for (i = 0; i < in.count; i++, to += 2) {
		if ((int)i == in.gap)
			to += 2 * zeros;
		out[to] = (unsigned char)(in.groups[i] >> 8);
		out[to + 1] = (unsigned char)(in.groups[i] & 255);
	}
	return 0;
}

static int
read_zone(struct pier__ip *out, struct pier__span zone, struct pier__why *why)
{
	size_t i;

	if (zone.begin == zone.end)
		return pier__why_set(why, zone.begin,
			"the zone is empty: the name of an interface follows "
			"'%%'");
	if (pier__span_len(zone) >= PIER__ZONE_MAX)
		return pier__why_set(why, zone.begin,
			"the zone is longer than the %d bytes an interface "
			"name has",
			PIER__ZONE_MAX - 1);
	for (i = zone.begin; i < zone.end; i++)
		if (zone.text[i] <= ' ' || zone.text[i] > '~' ||
			strchr("/:[]%?#", zone.text[i]) != NULL)
			return pier__why_set(
				why, i, "this cannot stand in a zone");
	memcpy(out->zone, pier__span_at(zone), pier__span_len(zone));
	out->zone[pier__span_len(zone)] = '\0';
	out->zone_offset = zone.begin;
	return 0;
}

int
pier__ip_parse(
	struct pier__ip *out, struct pier__span span, struct pier__why *why)
{
	struct pier__span number = span;
	int rc;

	memset(out, 0, sizeof(*out));
	number.end = pier__span_find(span, '%');
	if (pier__span_find(number, ':') == number.end) {
		if (number.end != span.end || !pier__ip4_is_meant(span))
			return 0;
		out->family = AF_INET;
		rc = pier__ip4_parse(out->bytes, span, why);
		return rc < 0 ? rc : 1;
	}
	out->family = AF_INET6;
	rc = parse_ip6(out->bytes, number, why);
	if (rc == 0 && number.end < span.end)
		rc = read_zone(out,
			pier__span_cut(span, number.end + 1, span.end), why);
	return rc < 0 ? rc : 1;
}

/* RFC 5952 4.2: the first of the longest runs of zeros, if longer than 1. */
static size_t
longest_zeros(const uint16_t groups[GROUPS], size_t *begin)
{
	size_t best = 0, i, run = 0;

	*begin = GROUPS;
	for (i = 0; i < GROUPS; i++) {
		run = groups[i] == 0 ? run + 1 : 0;
		if (run > best && run > 1) {
			best = run;
			*begin = i + 1 - run;
		}
	}
	return best;
}

size_t
pier__ip6_text(char out[PIER__IP6_TEXT_MAX], const unsigned char bytes[16])
{
	uint16_t groups[GROUPS];
	size_t begin, len, i, used = 0;

	for (i = 0; i < GROUPS; i++)
		groups[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
	len = longest_zeros(groups, &begin);
	for (i = 0; i < GROUPS;) {
		if (i == begin) {
			out[used++] = ':';
			out[used++] = ':';
			i += len;
			continue;
		}
		used += (size_t)snprintf(out + used, PIER__IP6_TEXT_MAX - used,
			i == 0 || i == begin + len ? "%x" : ":%x", groups[i]);
		i++;
	}
	out[used] = '\0';
	return used;
}
