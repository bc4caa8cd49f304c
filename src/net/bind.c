/* SPDX-License-Identifier: MIT */
/* net/bind.c - see bind.h. */
#include "net/bind.h"

#include <errno.h>
#include <string.h>

#include "addr/addr.h"
#include "net/tcp.h"
#include "os/calls.h"
#include "task/failure.h"

/* Linux's, of any address family; not in every libc's headers. */
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static int
parse_port(struct pier__bind *out, const char *text, struct pier__why *why)
{
	struct pier__span span = pier__span_of(text);
	int64_t port;

	span.begin++;
	port = pier__span_number(span, 65535);
	if (port < 0 || port > 65535)
		return pier__why_set(
			why, span.begin, "the port is a number, 0 to 65535");
	out->ip4.len = sizeof(out->ip4.u.in);
	out->ip4.u.in.sin_family = AF_INET;
	out->ip4.u.in.sin_port = htons((uint16_t)port);
	out->ip6.len = sizeof(out->ip6.u.in6);
	out->ip6.u.in6.sin6_family = AF_INET6;
	out->ip6.u.in6.sin6_port = htons((uint16_t)port);
	return 0;
}

static int
parse_addr(struct pier__bind *out, const char *text, struct pier__why *why)
{
	struct pier_addr addr;
	int rc = pier__addr_parse(&addr, text, why);

	if (rc < 0)
		return rc;
	switch (pier_addr_family(&addr)) {
	case AF_INET:
		out->ip4 = addr;
		return 0;
	case AF_INET6:
		out->ip6 = addr;
		return 0;
	default:
		return pier__why_set(
			why, 0, "a local address is ADDR:PORT, ADDR or :PORT");
	}
}

int
pier__bind_parse(struct pier__bind *out, const char *text)
{
	struct pier__why why;
	int rc;

	memset(out, 0, sizeof(*out));
	if (text == NULL)
		return 0;
	out->given = true;
	rc = text[0] == ':' && text[1] != ':' ? parse_port(out, text, &why)
					      : parse_addr(out, text, &why);
	return rc < 0 ? pier__fail_parse(rc, text, &why) : 0;
}

int
pier__bind_family(const struct pier__bind *local)
{
	if (local->given && local->ip4.len == 0)
		return AF_INET6;
	if (local->given && local->ip6.len == 0)
		return AF_INET;
	return AF_UNSPEC;
}

/*
 * Of TCP a port that is left to the kernel is chosen at connect, when both
 * ends are known: thousands of connections then share one. With a port of its
 * own, the end of the last connection from it is no obstacle. Where either is
 * not to be had the bind says so. Nothing of this is for UDP: it hears before
 * it speaks, and SO_REUSEADDR would give its messages to a second socket.
 */
static void
prepare_tcp(int fd, const struct pier_addr *addr)
{
	if (pier_addr_port(addr) == 0)
		(void)pier__socket_enable(
			fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
	else
		(void)pier__socket_enable(fd, SOL_SOCKET, SO_REUSEADDR);
}

int
pier__bind_socket(const struct pier__bind *local, int fd, int family, int type)
{
	const struct pier_addr *addr =
		family == AF_INET6 ? &local->ip6 : &local->ip4;

	if (!local->given)
		return 0;
	if (addr->len == 0)
		return -EAFNOSUPPORT;
	if (type == SOCK_STREAM)
		prepare_tcp(fd, addr);
	return pier__calls()->bind(fd, &addr->u.sa, addr->len);
}
