/* SPDX-License-Identifier: MIT */
/*
 * proto/ping_socket.c - the sockets of a ping.
 *
 * A ping socket needs no privilege where the group lies in ping_group_range,
 * hears only what is its own, and has its identifier from the kernel. A raw one
 * hears every answer that comes from its peer, which is why both are connected:
 * thousands of raw sockets would else each be woken by every answer.
 */
#include "proto/ping.h"

#include <pier/order.h>

#include <errno.h>
#include <netinet/icmp6.h>
#include <string.h>

#include "net/control.h"
#include "net/wishes.h"

/* <linux/icmp.h> and <netinet/ip_icmp.h> cannot both be had. */
#define RAW_LEVEL      255
#define RAW_FILTER     1
#define ECHO_REPLY_BIT 1U

static bool
is_v6(const struct pier_ping *ping)
{
	return pier_addr_family(&ping->to) == AF_INET6;
}

static int
socket_type(const struct pier_ping *ping)
{
	return ping->way == PIER__PING_TCP   ? SOCK_STREAM
	       : ping->way == PIER__PING_RAW ? SOCK_RAW
					     : SOCK_DGRAM;
}

static int
set(const struct pier_ping *ping, int level, int name, int value)
{
	return pier__calls()->setsockopt(pier__bare_fd(&ping->socket), level,
		name, &value, sizeof(value));
}

/* ---- Which socket ------------------------------------------------------- */

static bool
is_forbidden(int rc)
{
	return rc == -EACCES || rc == -EPERM;
}

static int
open_icmp(struct pier_ping *ping)
{
	int family = pier_addr_family(&ping->to);
	int protocol = is_v6(ping) ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	int fd = pier__calls()->socket(family, SOCK_DGRAM, protocol);

	ping->way = PIER__PING_SOCKET;
	/* Other refusals: a kernel that has no ping sockets. */
	if (fd >= 0 || pier_is_resource(fd) || fd == -EAFNOSUPPORT)
		return fd;
	ping->way = PIER__PING_RAW;
	fd = pier__calls()->socket(family, SOCK_RAW, protocol);
	if (!is_forbidden(fd))
		return fd;
	ping->detail = "needs a group in net.ipv4.ping_group_range, or "
		       "CAP_NET_RAW";
	return -EPERM;
}

static int
open_any(struct pier_ping *ping)
{
	int family = pier_addr_family(&ping->to);

	ping->step = PIER_STEP_CREATE;
	ping->detail = NULL;
	if (ping->way == PIER__PING_TCP)
		return pier__calls()->socket(family, SOCK_STREAM, 0);
	if (ping->way == PIER__PING_UDP)
		return pier__calls()->socket(family, SOCK_DGRAM, 0);
	return open_icmp(ping);
}

/* ---- Options ------------------------------------------------------------ */

/*
 * What makes answers tell more: who sent an error, when the kernel took the
 * answer in, how many routers it passed; and a raw socket hear less. Without
 * any of these the ping goes on, and tells less.
 */
static void
set_curiosity(struct pier_ping *ping)
{
	struct icmp6_filter filter;
	uint32_t mask = ~ECHO_REPLY_BIT;
	int family = pier_addr_family(&ping->to);
	int fd = pier__bare_fd(&ping->socket);
	const char *option;

	ping->explains =
		pier__control_ask(fd, family, PIER_ASK_ERRORS, &option) == 0;
	if (ping->way == PIER__PING_TCP)
		return;
	(void)pier__control_ask(fd, family, PIER_ASK_TTL, &option);
	(void)pier__control_ask(fd, family, PIER_ASK_TIME, &option);
	if (ping->way != PIER__PING_RAW)
		return;
	if (family == AF_INET) {
		(void)pier__calls()->setsockopt(pier__bare_fd(&ping->socket),
			RAW_LEVEL, RAW_FILTER, &mask, sizeof(mask));
		return;
	}
	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
	(void)pier__calls()->setsockopt(pier__bare_fd(&ping->socket),
		IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
}

static int
set_ttl(struct pier_ping *ping)
{
	int ttl = ping->opts.ttl, rc;

	if (ttl == 0)
		return 0;
	ping->detail = "ttl";
	if (is_v6(ping)) {
		rc = set(ping, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
		if (rc == 0)
			rc = set(ping, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl);
		return rc;
	}
	rc = set(ping, IPPROTO_IP, IP_TTL, ttl);
	if (rc == 0)
		rc = set(ping, IPPROTO_IP, IP_MULTICAST_TTL, ttl);
	return rc;
}

static int
set_fragment(struct pier_ping *ping)
{
	int rc;

	if (!ping->opts.dont_fragment)
		return 0;
	ping->detail = "dont_fragment";
	if (!is_v6(ping))
		return set(ping, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	rc = set(ping, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
	if (rc == 0)
		rc = set(ping, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
	return rc;
}

static int
set_wishes(struct pier_ping *ping, enum pier__moment moment)
{
	const struct pier__option_kind kind = {
		.domain = pier_addr_family(&ping->to),
		.type = socket_type(ping),
		.protocol = ping->endpoint.kind != PIER__ENDPOINT_ICMP ? 0
			    : is_v6(ping) ? IPPROTO_ICMPV6
					  : IPPROTO_ICMP,
	};
	int rc;

	if (pier__wishes_none(&ping->endpoint.wishes))
		return 0;
	ping->step = PIER_STEP_OPTION;
	rc = pier__wishes_set(&ping->endpoint.wishes,
		pier__bare_fd(&ping->socket), &kind, moment, &ping->why);
	ping->detail = rc < 0 ? ping->why.text : NULL;
	return rc;
}

static int
set_options(struct pier_ping *ping)
{
	int rc = 0;

	set_curiosity(ping);
	ping->step = PIER_STEP_OPTION;
	if (ping->interface[0] != '\0') {
		ping->detail = "interface";
		rc = pier__calls()->setsockopt(pier__bare_fd(&ping->socket),
			SOL_SOCKET, SO_BINDTODEVICE, ping->interface,
			(socklen_t)strlen(ping->interface));
	}
	if (rc == 0)
		rc = set_ttl(ping);
	if (rc == 0 && ping->opts.tos != 0) {
		ping->detail = "tos";
		rc = is_v6(ping)
			     ? set(ping, IPPROTO_IPV6, IPV6_TCLASS,
				       ping->opts.tos)
			     : set(ping, IPPROTO_IP, IP_TOS, ping->opts.tos);
	}
	if (rc == 0)
		rc = set_fragment(ping);
	if (rc == 0)
		rc = set_wishes(ping, PIER__MOMENT_NEW);
	return rc;
}

/* ---- Ready -------------------------------------------------------------- */

static bool
is_multicast(const struct pier_addr *addr)
{
	return pier_addr_family(addr) == AF_INET6
		       ? IN6_IS_ADDR_MULTICAST(&addr->u.in6.sin6_addr)
		       : IN_MULTICAST(ntohl(addr->u.in.sin_addr.s_addr));
}

/* The identifier of a ping socket is its port. */
static int
learn_id(struct pier_ping *ping)
{
	struct pier_addr own = { .len = sizeof(own.u) };
	int rc = pier__calls()->getsockname(
		pier__bare_fd(&ping->socket), &own.u.sa, &own.len);

	if (rc == 0)
		ping->form.id = (uint16_t)pier_addr_port(&own);
	return rc;
}

static int
attach(struct pier_ping *ping)
{
	int family = pier_addr_family(&ping->to);
	struct pier_addr any = { .len = ping->to.len };
	int rc;

	ping->step = PIER_STEP_BIND;
	ping->detail = NULL;
	rc = pier__bind_socket(&ping->local, pier__bare_fd(&ping->socket),
		family, socket_type(ping));
	if (rc < 0 || ping->way == PIER__PING_TCP)
		return rc;
	ping->step = PIER_STEP_CONNECT;
	ping->connected = !is_multicast(&ping->to);
	any.u.sa.sa_family = (sa_family_t)family;
	/* What goes to many is answered by any of them. */
	if (ping->connected)
		rc = pier__calls()->connect(pier__bare_fd(&ping->socket),
			&ping->to.u.sa, ping->to.len);
	else if (ping->way == PIER__PING_SOCKET && !ping->local.given)
		rc = pier__calls()->bind(
			pier__bare_fd(&ping->socket), &any.u.sa, any.len);
	if (rc == 0 && ping->way == PIER__PING_SOCKET)
		rc = learn_id(ping);
	if (rc == 0)
		rc = set_wishes(ping, PIER__MOMENT_CONNECTED);
	return rc;
}

int
pier__ping_make_socket(struct pier_ping *ping)
{
	int fd = open_any(ping), rc;

	if (fd < 0)
		return fd;
	pier__bare_init(&ping->socket, fd, pier_addr_family(&ping->to),
		socket_type(ping));
	ping->form.v6 = is_v6(ping);
	ping->form.raw = ping->way == PIER__PING_RAW;
	ping->form.bare = ping->way == PIER__PING_UDP;
	rc = set_options(ping);
	if (rc == 0)
		rc = attach(ping);
	if (rc < 0)
		(void)pier__bare_close(&ping->socket);
	return rc;
}
