/* SPDX-License-Identifier: MIT */
/*
 * What follows the "://" of each scheme. Host names are checked for their
 * characters and lengths here, since getaddrinfo() answers every name that
 * cannot exist with the same words, after asking a server.
 */
#include "net/scheme.h"

#include "addr/addr.h"
#include "addr/bt.h"
#include "addr/ip.h"
#include "addr/tipc.h"
#include "addr/vsock.h"
#include "net/bt.h"
#include "net/isotp.h"
#include "net/raw.h"
#include "net/svc.h"
#include "net/tipc.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <netinet/in.h>

#define LABEL_MAX 63 /* RFC 1035 2.3.4 */

/* What follows the name of a link. */
#define EVERYBODY ".broadcast"

static bool
is_alnum(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/*
 * A byte of a host name. '_' is in the names of services and some machines;
 * from 0x80 on it is UTF-8, which libc may turn into an international name.
 */
static bool
is_host_byte(int c)
{
	return is_alnum(c) || c == '-' || c == '.' || c == '_' || c >= 0x80;
}

static int
refuse_host_byte(struct pier__span host, size_t at, struct pier__why *why)
{
	char c = host.text[at];

	if (c == '@')
		return pier__why_set(why, at,
			"an endpoint names no user: '@' cannot stand here");
	if (c == ':')
		return pier__why_set(why, at,
			"an IPv6 address stands in brackets: [::1]:80");
	if (c == '/')
		return pier__why_set(why, at,
			"a host and a port have no path: '/' ends "
			"neither");
	if (c == '<')
		return pier__why_set(why, at,
			"<broadcast> is a host of udp:// alone, and has no "
			"other form");
	if (c == '%')
		return pier__why_set(why, at,
			"the byte %.3s cannot stand in a host name",
			host.text + at);
	return pier__why_set(why, at, "'%c' cannot stand in a host name", c);
}

/* Copies the host without its %XX; the length, or -EINVAL. */
static int
decode_host(struct pier__endpoint *out, struct pier__span host,
	struct pier__why *why)
{
	struct pier__span rest = host;
	size_t len = 0;
	int byte;

	while (rest.begin < rest.end) {
		size_t at = rest.begin;

		byte = pier__span_byte(&rest);
		if (byte < 0)
			return pier__why_set(why, at,
				"after '%%' come two hexadecimal digits");
		if (!is_host_byte(byte))
			return refuse_host_byte(host, at, why);
		if (len == PIER__HOST_MAX)
			return pier__why_set(why, at,
				"a host name has at most %d bytes",
				PIER__HOST_MAX);
		out->host[len++] = (char)byte;
	}
	out->host[len] = '\0';
	return (int)len;
}

/* Where in the text the byte `at` of the decoded host stands: with a %XX before
   it that is not known, and the host's beginning is all there is to say. */
static size_t
place_in(struct pier__span host, struct pier__span name, size_t at)
{
	bool same = pier__span_len(host) == name.end;

	return host.begin + (same ? at : 0);
}

/* Labels of a name: none empty, none too long. One dot may end it. */
static int
check_labels(
	struct pier__span host, struct pier__span name, struct pier__why *why)
{
	size_t dot;

	do {
		dot = pier__span_find(name, '.');
		if (dot == name.begin)
			return pier__why_set(why, place_in(host, name, dot),
				"a part of the host name is empty");
		/* UTF-8 is counted by libc, after it was turned to ASCII. */
		if (dot - name.begin > LABEL_MAX &&
			(unsigned char)name.text[name.begin] < 0x80)
			return pier__why_set(why,
				place_in(host, name, name.begin + LABEL_MAX),
				"a part of a host name has at most %d bytes",
				LABEL_MAX);
		name.begin = dot + 1;
	} while (name.begin < name.end);
	return 0;
}

/* "<broadcast>", or "eth0.broadcast" with the name of a link. 0: it is
   neither. */
static int
parse_everybody(struct pier__endpoint *out, struct pier__span host,
	struct pier__why *why)
{
	struct pier__span link = host;
	bool is_long = pier__span_len(host) > strlen(EVERYBODY);

	if (is_long)
		link.end -= strlen(EVERYBODY);
	if (pier__span_is(host, "<broadcast>")) {
		out->reach = PIER__REACH_LINKS;
	} else if (is_long &&
		   pier__span_is(pier__span_cut(host, link.end, host.end),
			   EVERYBODY)) {
		if (pier__span_len(link) >= sizeof(out->link))
			return pier__why_set(why, host.begin,
				"the name of an interface has at most %zu "
				"bytes",
				sizeof(out->link) - 1);
		out->reach = PIER__REACH_LINK;
		memcpy(out->link, pier__span_at(link), pier__span_len(link));
	} else {
		return 0;
	}
	(void)strcpy(out->host, "255.255.255.255");
	out->numeric = true;
	return AF_INET;
}

static bool
is_group(const struct pier__ip *ip)
{
	return ip->family == AF_INET ? (ip->bytes[0] & 0xf0) == 0xe0
				     : ip->bytes[0] == 0xff;
}

/* Decoded, the host is a name or, without brackets, IPv4. */
static int
parse_plain_host(struct pier__endpoint *out, struct pier__span host,
	struct pier__why *why)
{
	struct pier__ip ip;
	int len, rc;

	if (pier__span_is(host, "*"))
		return 0;
	if (out->kind == PIER__ENDPOINT_UDP) {
		rc = parse_everybody(out, host, why);
		if (rc != 0)
			return rc;
	}
	len = decode_host(out, host, why);
	if (len <= 0)
		return len;
	rc = pier__ip_parse(&ip, pier__span_of(out->host), why);
	if (rc < 0) {
		why->offset =
			place_in(host, pier__span_of(out->host), why->offset);
		return rc;
	}
	out->numeric = rc > 0;
	out->group = out->numeric && is_group(&ip);
	if (out->numeric)
		return ip.family;
	return check_labels(host, pier__span_of(out->host), why);
}

static int
parse_bracketed(struct pier__endpoint *out, struct pier__span host,
	struct pier__why *why)
{
	struct pier__ip ip;
	int rc = pier__ip_parse(&ip, host, why);

	if (rc < 0)
		return rc;
	if (rc == 0 || ip.family != AF_INET6)
		return pier__why_set(
			why, host.begin, "brackets hold an IPv6 address");
	/* Eight groups and a zone: far below the limit of a name. */
	memcpy(out->host, pier__span_at(host), pier__span_len(host));
	out->host[pier__span_len(host)] = '\0';
	out->numeric = true;
	out->group = is_group(&ip);
	return ip.family;
}

static int
parse_host(struct pier__endpoint *out, const struct pier__hostport *pieces,
	struct pier__why *why)
{
	int family = pieces->bracketed
			     ? parse_bracketed(out, pieces->host, why)
			     : parse_plain_host(out, pieces->host, why);

	if (family <= 0 || out->family == AF_UNSPEC || family == out->family)
		return family < 0 ? family : 0;
	return pier__why_set(why, pieces->host.begin,
		"%s is for IPv%d alone, and this is an IPv%d address",
		out->scheme, out->family == AF_INET ? 4 : 6,
		family == AF_INET ? 4 : 6);
}

static int
parse_service(struct pier__endpoint *out, struct pier__span port,
	struct pier__why *why)
{
	int64_t number = pier__span_number(port, 65535);
	size_t i;

	if (port.begin == port.end)
		return pier__why_set(why, port.begin,
			"the port is missing after ':'; 0 takes a free one");
	if (number > 65535)
		return pier__why_set(why, port.begin,
			"port %.*s is out of range 0-65535",
			pier__span_quote(port), pier__span_at(port));
	for (i = port.begin; i < port.end; i++)
		if (!is_alnum((unsigned char)port.text[i]) &&
			strchr("-._+", port.text[i]) == NULL)
			return pier__why_set(why, i,
				port.text[i] == '/'
					? "an endpoint ends with its port"
					: "this is no port number and no name "
					  "of a service");
	if (number < 0 && !is_alnum((unsigned char)port.text[port.begin]))
		return pier__why_set(why, port.begin,
			"a port is 0-65535 or the name of a service");
	if (pier__span_len(port) > PIER__SERVICE_MAX)
		return pier__why_set(why, port.begin,
			"the name of a service has at most %d bytes",
			PIER__SERVICE_MAX);
	memcpy(out->service, pier__span_at(port), pier__span_len(port));
	out->service[pier__span_len(port)] = '\0';
	out->port = (int)number;
	return 0;
}

/* The colons of IPv6 without its brackets are the likely mistake. */
static int
refuse_no_port(struct pier__span rest, struct pier__why *why)
{
	size_t colon = pier__span_find(rest, ':');

	if (colon < rest.end)
		return refuse_host_byte(rest, colon, why);
	return pier__why_set(why, rest.end,
		"the port is missing: a host is followed by :PORT");
}

static int
parse_internet(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	struct pier__hostport pieces;
	int rc;

	rc = pier__hostport_split(&pieces, rest, why);
	if (rc == 0 && !pieces.has_port && !pieces.bracketed &&
		pier__span_find(rest, ':') < rest.end)
		return refuse_no_port(rest, why);
	if (rc == 0)
		rc = parse_host(out, &pieces, why);
	if (rc == 0 && !pieces.has_port)
		return refuse_no_port(
			pier__span_cut(rest, rest.end, rest.end), why);
	if (rc == 0)
		rc = parse_service(out, pieces.port, why);
	return rc;
}

/* A host and nothing else: ICMP has no ports. */
static int
parse_icmp(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	size_t colon = pier__span_find(rest, ':');
	struct pier__hostport pieces;
	int rc = pier__hostport_split(&pieces, rest, why);

	if (rc < 0)
		return rc;
	if (pieces.has_port)
		return pier__why_set(why, pieces.host.end + pieces.bracketed,
			"%s has no ports: only the host stands here",
			out->scheme);
	if (!pieces.bracketed && colon < rest.end)
		return pier__why_set(why, rest.begin,
			"an IPv6 address stands in brackets: %s://[::1]",
			out->scheme);
	if (rest.begin == rest.end || pier__span_is(rest, "*"))
		return pier__why_set(why, rest.begin,
			"the host is missing: %s://HOST", out->scheme);
	out->port = 0;
	return parse_host(out, &pieces, why);
}

static int
parse_unix(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	int rc;

	if (rest.begin == rest.end)
		return pier__why_set(why, rest.begin,
			"the path is missing: unix:///PATH, unix://./PATH or "
			"unix://@NAME");
	/* A variable that was not set would give it: unix://@$NAME. */
	if (pier__span_is(rest, "@"))
		return pier__why_set(
			why, rest.end, "the abstract name is empty");
	rc = pier__addr_parse_unix(&out->addr, rest, why);
	if (rc != -ENAMETOOLONG || pier__span_starts(rest, "@"))
		return rc;
	rc = pier__addr_check_long(rest, why);
	if (rc == 0)
		out->long_path = rest;
	return rc;
}

/* As systemd names one: printable ASCII but for ':', and no number. */
static int
parse_fd_name(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	size_t len = 0;

	while (rest.begin < rest.end) {
		size_t at = rest.begin;
		int byte = pier__span_byte(&rest);

		if (byte < 0)
			return pier__why_set(why, at,
				"after '%%' come two hexadecimal digits");
		if (byte <= ' ' || byte >= 0x7f || byte == ':')
			return pier__why_set(why, at,
				"this cannot stand in the name of a "
				"descriptor");
		if (len == PIER__HOST_MAX)
			return pier__why_set(why, at,
				"the name of a descriptor has at most %d bytes",
				PIER__HOST_MAX);
		out->host[len++] = (char)byte;
	}
	out->host[len] = '\0';
	return 0;
}

static int
parse_vsock(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	return pier__vsock_parse(&out->addr, rest, why);
}

/* What stands behind the last '/' is the protocol. */
static int
parse_raw(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	size_t slash = pier__span_find(rest, '/');
	struct pier__hostport pieces;
	int rc;

	if (slash == rest.end)
		return pier__why_set(why, rest.end,
			"the protocol is missing: write %s://HOST/icmp or "
			"%s://HOST/253",
			out->scheme, out->scheme);
	rc = pier__hostport_split(
		&pieces, pier__span_cut(rest, rest.begin, slash), why);
	if (rc == 0 && pieces.has_port)
		return pier__why_set(why, pieces.host.end,
			pieces.bracketed
				? "protocols of IP have no ports"
				: "protocols of IP have no ports; an IPv6 "
				  "address stands in brackets");
	if (rc == 0)
		rc = parse_host(out, &pieces, why);
	if (rc == 0)
		rc = pier__raw_parse_protocol(&out->protocol,
			pier__span_cut(rest, slash + 1, rest.end), why);
	return rc;
}

static int
parse_tipc(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	out->type = SOCK_RDM;
	return pier__tipc_parse(&out->addr, rest, why);
}

#define BTPROTO_RFCOMM 3

static int
parse_rfcomm(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	out->protocol = BTPROTO_RFCOMM;
	return pier__rfcomm_parse(&out->addr, rest, why);
}

static int
parse_l2cap(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	return pier__l2cap_parse(&out->addr, rest, why);
}

static int
parse_fd(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	int64_t fd = pier__span_number(rest, INT_MAX);
	char first = rest.begin < rest.end ? rest.text[rest.begin] : '\0';

	if (rest.begin == rest.end)
		return pier__why_set(why, rest.begin,
			"the number or the name of a descriptor is missing: "
			"fd://3");
	if (fd > INT_MAX)
		return pier__why_set(why, rest.begin,
			"no descriptor has a number above %d", INT_MAX);
	if (fd >= 0) {
		out->fd = (int)fd;
		return 0;
	}
	/* A number that is none is the likely mistake. */
	if ((first < '0' || first > '9') && first != '-' && first != '+')
		return parse_fd_name(out, rest, why);
	while (rest.text[rest.begin] >= '0' && rest.text[rest.begin] <= '9')
		rest.begin++;
	return pier__why_set(why, rest.begin,
		"a descriptor is a number, fd://3, or a name that begins with "
		"none");
}

static int
parse_pair(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	(void)out;
	if (rest.begin == rest.end)
		return 0;
	return pier__why_set(why, rest.begin, "nothing follows pair://");
}

#define TCP PIER__ENDPOINT_TCP
#define UDP PIER__ENDPOINT_UDP
#define LATER(x)                                          \
	{                                                 \
		(x), PIER__ENDPOINT_PAIR, AF_UNSPEC, NULL \
	}

static const struct pier__scheme schemes[] = {
	{ "tcp", TCP, AF_UNSPEC, parse_internet },
	{ "tcp4", TCP, AF_INET, parse_internet },
	{ "tcp6", TCP, AF_INET6, parse_internet },
	{ "udp", UDP, AF_UNSPEC, parse_internet },
	{ "udp4", UDP, AF_INET, parse_internet },
	{ "udp6", UDP, AF_INET6, parse_internet },
	{ "icmp", PIER__ENDPOINT_ICMP, AF_UNSPEC, parse_icmp },
	{ "icmp4", PIER__ENDPOINT_ICMP, AF_INET, parse_icmp },
	{ "icmp6", PIER__ENDPOINT_ICMP, AF_INET6, parse_icmp },
	{ "unix", PIER__ENDPOINT_UNIX, AF_UNIX, parse_unix },
	{ "unixgram", PIER__ENDPOINT_UNIXGRAM, AF_UNIX, parse_unix },
	{ "seqpacket", PIER__ENDPOINT_SEQPACKET, AF_UNIX, parse_unix },
	{ "vsock", PIER__ENDPOINT_VSOCK, AF_VSOCK, parse_vsock },
	{ "fd", PIER__ENDPOINT_FD, AF_UNSPEC, parse_fd },
	{ "pair", PIER__ENDPOINT_PAIR, AF_UNSPEC, parse_pair },
	{ "raw", PIER__ENDPOINT_RAW, AF_UNSPEC, parse_raw },
	{ "raw4", PIER__ENDPOINT_RAW, AF_INET, parse_raw },
	{ "raw6", PIER__ENDPOINT_RAW, AF_INET6, parse_raw },
	{ "tipc", PIER__ENDPOINT_TIPC, AF_TIPC, parse_tipc },
	{ "rfcomm", PIER__ENDPOINT_RFCOMM, AF_BLUETOOTH, parse_rfcomm },
	{ "l2cap", PIER__ENDPOINT_L2CAP, AF_BLUETOOTH, parse_l2cap },
	{ "isotp", PIER__ENDPOINT_ISOTP, AF_CAN, pier__isotp_endpoint },
	/* It becomes one of the first two kinds; no address belongs to it. */
	{ "svc", PIER__ENDPOINT_PAIR, AF_UNSPEC, pier__svc_parse },
	LATER("tls"),
	LATER("http"),
	LATER("https"),
	LATER("can"),
	LATER("packet"),
};

const struct pier__scheme *
pier__scheme_find(struct pier__span name)
{
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (pier__span_is(name, schemes[i].name))
			return &schemes[i];
	return NULL;
}

static const char *const tipc_names[] = { "type", NULL };

static const struct pier__scheme_own own_names[] = {
	{ PIER__ENDPOINT_TIPC, tipc_names, pier__tipc_take },
	{ PIER__ENDPOINT_RFCOMM, pier__rfcomm_names, pier__bt_take },
	{ PIER__ENDPOINT_L2CAP, pier__l2cap_names, pier__bt_take },
	{ PIER__ENDPOINT_ISOTP, pier__isotp_names, pier__isotp_take },
};

const struct pier__scheme_own *
pier__scheme_own(enum pier__endpoint_kind kind)
{
	size_t i;

	for (i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++)
		if (own_names[i].kind == kind)
			return &own_names[i];
	return NULL;
}
