/* SPDX-License-Identifier: MIT */
/*
 * The grammar of endpoints around the schemes: which scheme it is, what bare
 * text means, where parameters begin. Each refusal names the first character
 * that is wrong; nothing of the text is ever ignored.
 */
#include "net/endpoint.h"

#include "addr/addr.h"
#include "addr/bt.h"
#include "addr/ip.h"
#include "addr/tipc.h"
#include "addr/vsock.h"
#include "net/isotp.h"
#include "net/scheme.h"
#include "net/wishes.h"
#include "task/failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SEPARATOR     "://"
#define SEPARATOR_LEN 3

static bool
is_scheme_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

/* The length of the scheme before "://", or 0 if the text has none. */
static size_t
scheme_len(struct pier__span span)
{
	struct pier__span rest = span;

	while (rest.begin < rest.end && is_scheme_char(rest.text[rest.begin]))
		rest.begin++;
	return pier__span_starts(rest, SEPARATOR) ? rest.begin : 0;
}

static int
unknown_scheme(struct pier__span name, struct pier__why *why)
{
	return pier__why_set(why, name.begin,
		"unknown scheme \"%.*s\": pier knows tcp, tcp4, tcp6, udp, "
		"udp4, udp6, icmp, icmp4, icmp6, unix, unixgram, seqpacket, "
		"vsock, raw, raw4, raw6, tipc, rfcomm, l2cap, isotp, svc, "
		"fd and pair",
		pier__span_quote(name), pier__span_at(name));
}

/* What follows '?': the scheme's own, and options of the socket. */
static int
parse_wishes(struct pier__endpoint *out, struct pier__span span,
	struct pier__why *why)
{
	const struct pier__scheme_own *own = pier__scheme_own(out->kind);
	int rc = 0;

	out->wishes.endpoint = span;
	if (own != NULL) {
		out->wishes.own = own->names;
		rc = pier__wishes_take_own(out, own->take, why);
	}
	return rc < 0 ? rc : pier__wishes_check(out, why);
}

/* Which PSMs there are is a matter of what stands behind '?', where what is right
   one by one may not go together. */
static int
check_whole(const struct pier__endpoint *endpoint, struct pier__span main,
	struct pier__why *why)
{
	struct pier__isotp_raw raw;
	const char *wrong;

	if (endpoint->kind == PIER__ENDPOINT_L2CAP)
		return pier__l2cap_check(&endpoint->addr, main, why);
	if (endpoint->kind == PIER__ENDPOINT_ISOTP &&
		pier__isotp_encode(&raw, &endpoint->isotp, &wrong) < 0)
		return pier__why_set(why, main.end, "%s", wrong);
	return 0;
}

static int
parse_with(struct pier__endpoint *out, const struct pier__scheme *scheme,
	struct pier__span rest, struct pier__why *why)
{
	struct pier__span main = rest;
	size_t hash = pier__span_find(rest, '#');
	int rc;

	out->scheme = scheme->name;
	out->kind = scheme->kind;
	out->family = scheme->family;
	main.end = pier__span_find(rest, '?');
	if (hash < main.end)
		main.end = hash;
	rc = scheme->parse(out, main, why);
	/* Options that a call brings along mean the same. */
	out->wishes.group = out->group && out->kind == PIER__ENDPOINT_UDP;
	if (rc < 0)
		return rc;
	if (main.end == rest.end)
		return check_whole(out, main, why);
	if (rest.text[main.end] == '#')
		return pier__why_set(why, main.end, "'#' is written %%23");
	if (hash < rest.end)
		return pier__why_set(why, hash, "'#' is written %%23");
	rc = parse_wishes(
		out, pier__span_cut(rest, main.end + 1, rest.end), why);
	return rc < 0 ? rc : check_whole(out, main, why);
}

static int
parse_scheme(struct pier__endpoint *out, struct pier__span span, size_t len,
	struct pier__why *why)
{
	struct pier__span name = pier__span_cut(span, 0, len);
	const struct pier__scheme *scheme = pier__scheme_find(name);

	if (scheme == NULL)
		return unknown_scheme(name, why);
	if (scheme->parse == NULL) {
		out->scheme = scheme->name;
		if (pier__span_is(name, "http"))
			return pier__why_set(why, 0,
				"http:// is a URL, which pier get fetches; to "
				"its host lead tcp://HOST:80 and the like");
		if (pier__span_is(name, "can"))
			return pier__why_set(why, 0,
				"can:// has frames, which pier can dump hears "
				"and pier can send sends");
		return pier__why_set(why, 0,
			"%s:// is not supported by this version of pier",
			scheme->name);
	}
	return parse_with(out, scheme,
		pier__span_cut(span, len + SEPARATOR_LEN, span.end), why);
}

static const struct pier__scheme *
scheme_named(const char *name)
{
	return pier__scheme_find(pier__span_of(name));
}

/* The forms that a person may have meant. */
static int
refuse_bare(struct pier__span span, struct pier__why *why)
{
	int64_t port = pier__span_number(span, 65535);

	if (pier__span_len(span) == 0)
		return pier__why_set(why, 0,
			"the endpoint is empty: write tcp://HOST:PORT or "
			"unix:///PATH");
	if (port >= 0 && port <= 65535)
		return pier__why_set(why, span.end,
			"a number alone: write tcp://:%d or tcp://HOST:%d",
			(int)port, (int)port);
	return pier__why_set(why, span.end,
		"neither HOST:PORT nor a path: write tcp://%.*s:PORT or "
		"unix://./%.*s",
		pier__span_quote(span), pier__span_at(span),
		pier__span_quote(span), pier__span_at(span));
}

/*
 * "tcp:host:80", "tcp:/host:80" and "unix:/path" lack a slash or two: points at
 * where. "tcp:80" lacks none: it is port 80 of a host of that name.
 */
static int
refuse_few_slashes(struct pier__span span, size_t colon, struct pier__why *why)
{
	struct pier__span rest = pier__span_cut(span, colon + 1, span.end);
	const struct pier__scheme *scheme =
		pier__scheme_find(pier__span_cut(span, span.begin, colon));
	bool is_path = scheme->kind == PIER__ENDPOINT_UNIX ||
		       scheme->kind == PIER__ENDPOINT_UNIXGRAM ||
		       scheme->kind == PIER__ENDPOINT_SEQPACKET;

	/* The slash that a path begins with is none of the scheme's. */
	if (is_path || !pier__span_starts(rest, "/"))
		return pier__why_set(why, rest.begin,
			"\"//\" is missing after \"%s:\": write %s://%.*s",
			scheme->name, scheme->name, pier__span_quote(rest),
			pier__span_at(rest));
	rest.begin++;
	return pier__why_set(why, rest.begin,
		"one more '/' belongs here: write %s://%.*s", scheme->name,
		pier__span_quote(rest), pier__span_at(rest));
}

static bool
lacks_slashes(struct pier__span span, size_t colon)
{
	struct pier__span rest;

	if (colon >= span.end)
		return false;
	rest = pier__span_cut(span, colon + 1, span.end);
	return pier__scheme_find(pier__span_cut(span, span.begin, colon)) !=
		       NULL &&
	       (pier__is_unix_text(rest) ||
		       pier__span_find(rest, ':') < rest.end);
}

static int
parse_bare(struct pier__endpoint *out, struct pier__span span,
	struct pier__why *why)
{
	struct pier__span main = span;
	struct pier__hostport pieces;
	size_t colon = pier__span_find(span, ':');
	struct pier__ip ip;
	int rc;

	if (pier__is_unix_text(span))
		return parse_with(out, scheme_named("unix"), span, why);
	/* A colon may stand among the parameters too. */
	main.end = pier__span_find(span, '?');
	if (lacks_slashes(main, colon))
		return refuse_few_slashes(main, colon, why);
	rc = pier__hostport_split(&pieces, main, why);
	if (rc < 0)
		return rc;
	if (pieces.has_port)
		return parse_with(out, scheme_named("tcp"), span, why);
	/* Numbers alone, 7000, are more likely a port than short IPv4. */
	if (pier__span_find(main, '.') < main.end ||
		pier__span_find(main, ':') < main.end) {
		rc = pier__ip_parse(&ip, pieces.host, why);
		if (rc < 0)
			return rc;
		if (rc > 0 && ip.family == AF_INET6)
			return pier__why_set(why, main.end,
				"the port is missing: write tcp://[%.*s]:PORT",
				pier__span_quote(pieces.host),
				pier__span_at(pieces.host));
	}
	return refuse_bare(main, why);
}

int
pier__endpoint_parse(
	struct pier__endpoint *out, const char *text, struct pier__why *why)
{
	struct pier__span span = pier__span_of(text);
	size_t len = scheme_len(span);

	memset(out, 0, sizeof(*out));
	out->port = -1;
	out->fd = -1;
	if (len > 0 && !pier__is_unix_text(span))
		return parse_scheme(out, span, len, why);
	if (pier__span_starts(span, SEPARATOR))
		return pier__why_set(why, 0, "a scheme comes before \"://\"");
	return parse_bare(out, span, why);
}

int
pier__endpoint_type(const struct pier__endpoint *endpoint)
{
	switch (endpoint->kind) {
	case PIER__ENDPOINT_UDP:
	case PIER__ENDPOINT_UNIXGRAM:
	case PIER__ENDPOINT_ICMP:
	case PIER__ENDPOINT_ISOTP:
		return SOCK_DGRAM;
	case PIER__ENDPOINT_SEQPACKET:
	case PIER__ENDPOINT_L2CAP:
		return SOCK_SEQPACKET;
	case PIER__ENDPOINT_RAW:
		return SOCK_RAW;
	case PIER__ENDPOINT_TIPC:
		return endpoint->type;
	case PIER__ENDPOINT_FD:
		return 0;
	default:
		return SOCK_STREAM;
	}
}

int
pier_endpoint_check_sized(
	const char *text, struct pier_endpoint_check *out, size_t size)
{
	struct pier_endpoint_check full = { .scheme = "" };
	struct pier__endpoint endpoint;
	struct pier__why why = { .offset = 0 };
	int rc = pier__endpoint_parse(&endpoint, text, &why);

	if (endpoint.scheme != NULL)
		full.scheme = endpoint.scheme;
	if (rc < 0) {
		full.offset = why.offset;
		(void)snprintf(full.text, sizeof(full.text), "%s", why.text);
		(void)pier__fail_parse(rc, text, &why);
	} else {
		full.type = pier__endpoint_type(&endpoint);
	}
	if (out != NULL)
		memcpy(out, &full, size < sizeof(full) ? size : sizeof(full));
	return rc;
}

/* Does an address of this family belong to the scheme? */
static bool
serves(const struct pier__scheme *scheme, const struct pier_addr *addr)
{
	int family = pier_addr_family(addr);

	switch (scheme->kind) {
	case PIER__ENDPOINT_TCP:
	case PIER__ENDPOINT_UDP:
	case PIER__ENDPOINT_RAW:
		if (scheme->family != AF_UNSPEC)
			return family == scheme->family;
		return family == AF_INET || family == AF_INET6;
	case PIER__ENDPOINT_UNIX:
	case PIER__ENDPOINT_UNIXGRAM:
	case PIER__ENDPOINT_SEQPACKET:
		return family == AF_UNIX &&
		       addr->len > offsetof(struct sockaddr_un, sun_path);
	case PIER__ENDPOINT_VSOCK:
		return family == AF_VSOCK;
	case PIER__ENDPOINT_TIPC:
		return pier__tipc_is_service(addr);
	case PIER__ENDPOINT_RFCOMM:
		return pier__is_rfcomm(addr);
	case PIER__ENDPOINT_L2CAP:
		return pier__is_l2cap(addr);
	case PIER__ENDPOINT_ISOTP:
		return pier__isotp_is(addr);
	default:
		return false;
	}
}

/* What stands behind "://", without a port of 16 bits. */
static int
format_place(char *text, size_t size, const struct pier_addr *addr)
{
	switch (pier_addr_family(addr)) {
	case AF_VSOCK:
		return (int)pier__vsock_format(text, size, addr, true);
	case AF_TIPC:
		return (int)pier__tipc_format(text, size, addr);
	case AF_BLUETOOTH:
		return (int)pier__bt_format(text, size, addr, true);
	case AF_CAN:
		return (int)pier__isotp_format(text, size, addr);
	default:
		return pier_addr_format_host(addr, text, size);
	}
}

int
pier_endpoint_format(const char *scheme, const struct pier_addr *addr,
	char *buf, size_t size)
{
	const struct pier__scheme *found = scheme_named(scheme);
	char text[PIER_ADDR_TEXT_MAX];
	int port = pier_addr_port(addr);
	int family = pier_addr_family(addr);
	struct pier__ip_view ip;
	int len;

	if (found == NULL || found->parse == NULL || !serves(found, addr))
		return -EINVAL;
	if (pier__addr_ip(&ip, addr))
		family = ip.family;
	len = format_place(text, sizeof(text), addr);
	if (len < 0)
		return len;
	if (port < 0)
		len = snprintf(buf, size, "%s://%s", found->name, text);
	else
		len = snprintf(buf, size,
			family == AF_INET6 ? "%s://[%s]%c%d" : "%s://%s%c%d",
			found->name, text,
			found->kind == PIER__ENDPOINT_RAW ? '/' : ':', port);
	return (size_t)len < size ? len : -ENOSPC;
}
