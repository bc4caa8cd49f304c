/* SPDX-License-Identifier: MIT */
/*
 * Addresses as text, both ways: what pier_addr_format() writes,
 * pier_addr_parse() reads as an equal address.
 */
#include <pier/addr.h>

#include "addr/addr.h"
#include "addr/bt.h"
#include "addr/ip.h"
#include "addr/isotp.h"
#include "addr/tipc.h"
#include "addr/vsock.h"
#include "os/interface.h"
#include "task/failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What an address in a virtual machine's context begins with. */
#define VSOCK "vsock:"

/* And one of TIPC. */
#define TIPC "tipc:"

/* And those of Bluetooth. */
#define RFCOMM "rfcomm:"
#define L2CAP  "l2cap:"

/* And one of ISO-TP. */
#define ISOTP "isotp:"

#define UNIX_HEAD offsetof(struct sockaddr_un, sun_path)

/* A full sun_path and the NUL that getsockname() may count after it. */
#define UNIX_SHOWN_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) + 1)

/* "./", then three characters for each byte, then NUL. */
_Static_assert(2 + 3 * UNIX_SHOWN_MAX + 1 <= PIER_ADDR_TEXT_MAX,
	"every Unix address has room");

bool
pier__is_unix_text(struct pier__span span)
{
	return pier__span_starts(span, "/") || pier__span_starts(span, "./") ||
	       pier__span_starts(span, "@");
}

static int
too_long(struct pier__span span, size_t len, struct pier__why *why)
{
	(void)pier__why_set(why, span.begin,
		"%zu bytes where the path of a Unix socket has at most %d", len,
		PIER_UNIX_PATH_MAX);
	return -ENAMETOOLONG;
}

/* One byte of a Unix address, or -EINVAL. */
static int
unix_byte(struct pier__span *rest, bool abstract, struct pier__why *why)
{
	size_t at = rest->begin;
	char c = rest->text[at];
	int byte;

	if (c == '?' || c == '#')
		return pier__why_set(
			why, at, "in a path \"%c\" is written %%%02X", c, c);
	if ((unsigned char)c < ' ' || c == 0x7f)
		return pier__why_set(
			why, at, "a control character is written %%%02X", c);
	byte = pier__span_byte(rest);
	if (byte < 0)
		return pier__why_set(why, at,
			"after '%%' come two hexadecimal digits; '%%' itself "
			"is written %%25");
	if (byte == 0 && !abstract)
		return pier__why_set(why, at, "a path cannot hold a NUL byte");
	return byte;
}

int
pier__addr_parse_unix(
	struct pier_addr *out, struct pier__span span, struct pier__why *why)
{
	char name[PIER_UNIX_PATH_MAX + 1] = { '\0' };
	bool abstract = pier__span_starts(span, "@");
	struct pier__span rest = span;
	size_t head = abstract ? 1 : 0;
	size_t len = 0;
	int byte;

	/* "./" says that it is a path, and is no part of it. */
	rest.begin += pier__span_starts(span, "./") ? 2 : head;
	if (rest.begin == rest.end && !abstract)
		return pier__why_set(why, rest.begin, "the path is empty");
	for (; rest.begin < rest.end; len++) {
		byte = unix_byte(&rest, abstract, why);
		if (byte < 0)
			return byte;
		if (len < PIER_UNIX_PATH_MAX)
			name[head + len] = (char)byte;
	}
	if (len > PIER_UNIX_PATH_MAX)
		return too_long(span, len, why);
	return pier__addr_unix(out, name, head + len);
}

/* The rules for a path are in place: what it has, without its %XX. */
int
pier__addr_check_long(struct pier__span span, struct pier__why *why)
{
	struct pier__span rest = span;
	size_t len = pier__span_len(span), name = 0, name_at;
	int byte;

	rest.begin += pier__span_starts(span, "./") ? 2 : 0;
	name_at = rest.begin;
	while (rest.begin < rest.end) {
		byte = unix_byte(&rest, false, why);
		if (byte < 0)
			return byte;
		name = byte == '/' ? 0 : name + 1;
		if (byte == '/')
			name_at = rest.begin;
	}
	if (len > PIER__LONG_PATH_MAX)
		(void)pier__why_set(why, span.begin,
			"%zu bytes where the path of a Unix socket has at most "
			"%d",
			len, PIER__LONG_PATH_MAX);
	else if (name > PIER__LONG_NAME_MAX)
		(void)pier__why_set(why, name_at,
			"%zu bytes where the last name of a path of more than "
			"%d bytes has at most %d",
			name, PIER_UNIX_PATH_MAX, PIER__LONG_NAME_MAX);
	else if (name == 0)
		return pier__why_set(
			why, span.end, "a name is missing after the last '/'");
	else
		return 0;
	return -ENAMETOOLONG;
}

void
pier__addr_decode_path(char *out, struct pier__span span)
{
	span.begin += pier__span_starts(span, "./") ? 2 : 0;
	while (span.begin < span.end)
		*out++ = (char)pier__span_byte(&span);
	*out = '\0';
}

/* An interface by name, else by number. */
static int
zone_number(uint32_t *out, const struct pier__ip *ip, struct pier__why *why)
{
	int index = pier__interface_index(ip->zone);
	int64_t number;

	*out = (uint32_t)index;
	if (index > 0)
		return 0;
	number = pier__span_number(pier__span_of(ip->zone), UINT32_MAX);
	*out = (uint32_t)number;
	if (number > 0 && number <= UINT32_MAX)
		return 0;
	(void)pier__why_set(why, ip->zone_offset,
		"this machine has no interface \"%s\"", ip->zone);
	return -ENODEV;
}

int
pier__addr_from_ip(struct pier_addr *out, const struct pier__ip *ip,
	unsigned int port, struct pier__why *why)
{
	uint32_t zone = 0;
	int rc;

	if (ip->zone[0] != '\0') {
		rc = zone_number(&zone, ip, why);
		if (rc < 0)
			return rc;
	}
	memset(out, 0, sizeof(*out));
	out->u.sa.sa_family = (sa_family_t)ip->family;
	if (ip->family == AF_INET) {
		out->len = sizeof(out->u.in);
		memcpy(&out->u.in.sin_addr, ip->bytes, 4);
	} else {
		out->len = sizeof(out->u.in6);
		memcpy(&out->u.in6.sin6_addr, ip->bytes, 16);
		out->u.in6.sin6_scope_id = zone;
	}
	return pier_addr_set_port(out, port);
}

static int
parse_port(struct pier__span span, struct pier__why *why)
{
	int64_t port = pier__span_number(span, 65535);

	if (port >= 0 && port <= 65535)
		return (int)port;
	if (port > 65535)
		return pier__why_set(why, span.begin,
			"port %.*s is out of range 0-65535",
			pier__span_quote(span), pier__span_at(span));
	return pier__why_set(
		why, span.begin, "an address has its port as a number");
}

/* The families whose addresses begin with their name. */
static const struct {
	const char *prefix;
	int (*parse)(struct pier_addr *out, struct pier__span span,
		struct pier__why *why);
} named[] = {
	{ VSOCK, pier__vsock_parse },
	{ TIPC, pier__tipc_parse_any },
	{ RFCOMM, pier__rfcomm_parse },
	{ L2CAP, pier__l2cap_parse_any },
	{ ISOTP, pier__isotp_parse },
};

static int
parse_ip(struct pier_addr *out, struct pier__span span, struct pier__why *why)
{
	struct pier__hostport pieces;
	struct pier_addr addr;
	struct pier__ip ip;
	int port = 0;
	int rc = pier__hostport_split(&pieces, span, why);

	if (rc < 0)
		return rc;
	rc = pier__ip_parse(&ip, pieces.host, why);
	if (rc < 0)
		return rc;
	if (rc == 0 || (pieces.bracketed && ip.family != AF_INET6))
		return pier__why_set(why, pieces.host.begin,
			pieces.bracketed ? "brackets hold an IPv6 address"
					 : "neither an IP address nor a path");
	if (pieces.has_port)
		port = parse_port(pieces.port, why);
	if (port < 0)
		return port;
	rc = pier__addr_from_ip(&addr, &ip, (unsigned int)port, why);
	if (rc == 0)
		*out = addr;
	return rc;
}

int
pier__addr_parse(struct pier_addr *out, const char *text, struct pier__why *why)
{
	struct pier__span span = pier__span_of(text);
	size_t i;

	if (pier__is_unix_text(span))
		return pier__addr_parse_unix(out, span, why);
	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (!pier__span_starts(span, named[i].prefix))
			continue;
		span.begin += strlen(named[i].prefix);
		return named[i].parse(out, span, why);
	}
	return parse_ip(out, span, why);
}

int
pier_addr_parse(struct pier_addr *out, const char *text)
{
	struct pier__why why;
	int rc = pier__addr_parse(out, text, &why);

	return rc < 0 ? pier__fail_parse(rc, text, &why) : rc;
}

size_t
pier__addr_format_zone(char *out, size_t size, uint32_t zone)
{
	char name[PIER__INTERFACE_NAME_MAX];
	struct pier__why why;
	struct pier__ip ip;
	char probe[sizeof("::%") + sizeof(name)];

	if (zone == 0)
		return 0;
	/* An interface may be called "a]b": then its number is the text. */
	if (pier__interface_name(name, zone) == 0) {
		(void)snprintf(probe, sizeof(probe), "::%%%s", name);
		if (pier__ip_parse(&ip, pier__span_of(probe), &why) == 1)
			return (size_t)snprintf(out, size, "%%%s", name);
	}
	return (size_t)snprintf(out, size, "%%%u", zone);
}

size_t
pier__addr_format_ip(
	char *out, size_t size, const struct pier__ip_view *ip, bool port)
{
	bool bracket = port && ip->family == AF_INET6;
	char number[PIER__IP6_TEXT_MAX];
	size_t used;

	if (ip->family == AF_INET)
		(void)pier__ip4_text(number, ip->bytes);
	else
		(void)pier__ip6_text(number, ip->bytes);
	used = (size_t)snprintf(out, size, "%s%s", bracket ? "[" : "", number);
	used += pier__addr_format_zone(out + used, size - used, ip->zone);
	if (port)
		used += (size_t)snprintf(out + used, size - used, "%s:%u",
			bracket ? "]" : "", ip->port);
	return used;
}

static size_t
format_unix(char *out, size_t size, const struct pier_addr *addr)
{
	const char *path = (const char *)&addr->u.storage + UNIX_HEAD;
	size_t len = addr->len <= UNIX_HEAD ? 0 : addr->len - UNIX_HEAD;
	size_t used = 0;

	if (len > UNIX_SHOWN_MAX)
		len = UNIX_SHOWN_MAX;
	if (len == 0)
		return (size_t)snprintf(out, size, "(unnamed)");
	if (path[0] == '\0') {
		out[used++] = '@';
		used = pier__escape(out, size, used, path + 1, len - 1);
	} else {
		len = strnlen(path, len);
		if (path[0] != '/')
			used = (size_t)snprintf(out, size, "./");
		used = pier__escape(out, size, used, path, len);
	}
	out[used] = '\0';
	return used;
}

static size_t
format_vsock(char *out, size_t size, const struct pier_addr *addr, bool port)
{
	size_t used = (size_t)snprintf(out, size, VSOCK);

	return used + pier__vsock_format(out + used, size - used, addr, port);
}

static size_t
format_tipc(char *out, size_t size, const struct pier_addr *addr)
{
	size_t used = (size_t)snprintf(out, size, TIPC);

	return used + pier__tipc_format(out + used, size - used, addr);
}

static size_t
format_bt(char *out, size_t size, const struct pier_addr *addr, bool number)
{
	size_t used = (size_t)snprintf(
		out, size, "%s", pier__is_rfcomm(addr) ? RFCOMM : L2CAP);

	return used + pier__bt_format(out + used, size - used, addr, number);
}

static size_t
format_isotp(char *out, size_t size, const struct pier_addr *addr)
{
	size_t used = (size_t)snprintf(out, size, ISOTP);

	return used + pier__isotp_format(out + used, size - used, addr);
}

/* Everything is written to a buffer that is always large enough, then cut. */
static int
hand_out(char *buf, size_t size, const char *text, size_t len)
{
	if (len >= size)
		return -ENOSPC;
	memcpy(buf, text, len + 1);
	return (int)len;
}

static int
format(const struct pier_addr *addr, char *buf, size_t size, bool port)
{
	char text[PIER_ADDR_TEXT_MAX];
	struct pier__ip_view ip;
	size_t len;

	if (addr->len == 0)
		len = (size_t)snprintf(text, sizeof(text), "(none)");
	else if (pier__addr_ip(&ip, addr))
		len = pier__addr_format_ip(
			text, sizeof(text), &ip, port && ip.port != 0);
	else if (addr->u.sa.sa_family == AF_UNIX)
		len = format_unix(text, sizeof(text), addr);
	else if (pier_addr_family(addr) == AF_VSOCK &&
		 addr->len >= sizeof(addr->u.vm))
		len = format_vsock(text, sizeof(text), addr, port);
	else if (pier_addr_family(addr) == AF_TIPC &&
		 addr->len >= sizeof(addr->u.tipc))
		len = format_tipc(text, sizeof(text), addr);
	else if (pier__is_rfcomm(addr) || pier__is_l2cap(addr))
		len = format_bt(text, sizeof(text), addr, port);
	else if (pier__isotp_is(addr))
		len = format_isotp(text, sizeof(text), addr);
	else
		len = (size_t)snprintf(text, sizeof(text), "(family %d)",
			addr->u.sa.sa_family);
	return hand_out(buf, size, text, len);
}

int
pier_addr_format(const struct pier_addr *addr, char *buf, size_t size)
{
	return format(addr, buf, size, true);
}

int
pier_addr_format_host(const struct pier_addr *addr, char *buf, size_t size)
{
	return format(addr, buf, size, false);
}
