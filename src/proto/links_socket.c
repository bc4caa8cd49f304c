/* SPDX-License-Identifier: MIT */
/*
 * proto/links_socket.c - the sockets of links; see links.h for what they are
 * bound to and why.
 */
#include "proto/links_inside.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "net/control.h"
#include "os/calls.h"

/* Linux 4.20; not in every libc's headers. */
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

/* A burst of answers from a whole link, as far as net.core.rmem_max goes. */
#define ROOM (1024 * 1024)

struct setting {
	int level, name;
	const void *value;
	socklen_t size;
	bool needed;
};

/* What a system does not know is done without, where it is not needed. */
static int
set_all(int fd, const struct setting *list, size_t count)
{
	size_t i;
	int rc;

	for (i = 0; i < count; i++) {
		rc = pier__calls()->setsockopt(fd, list[i].level, list[i].name,
			list[i].value, list[i].size);
		if (rc < 0 && (list[i].needed || rc != -ENOPROTOOPT))
			return rc;
	}
	return 0;
}

#define SETTING(level, name, value, needed)                  \
	{                                                    \
		level, name, &(value), sizeof(value), needed \
	}

static int
set_ip4(int fd, int ttl, unsigned int interface)
{
	static const int off = 0, on = 1;
	const struct ip_mreqn leave = { .imr_ifindex = (int)interface };
	const struct setting list[] = {
		SETTING(IPPROTO_IP, IP_MULTICAST_TTL, ttl, true),
		SETTING(IPPROTO_IP, IP_TTL, ttl, false),
		SETTING(IPPROTO_IP, IP_MULTICAST_ALL, off, false),
		SETTING(SOL_SOCKET, SO_BROADCAST, on, false),
		SETTING(IPPROTO_IP, IP_MULTICAST_IF, leave, true),
	};

	/* The last is for the socket of one link. */
	return set_all(
		fd, list, sizeof(list) / sizeof(list[0]) - (interface == 0));
}

static int
set_ip6(int fd, int ttl, unsigned int interface)
{
	static const int off = 0, on = 1;
	const int leave = (int)interface;
	const struct setting list[] = {
		SETTING(IPPROTO_IPV6, IPV6_V6ONLY, on, true),
		SETTING(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl, true),
		SETTING(IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl, false),
		SETTING(IPPROTO_IPV6, IPV6_MULTICAST_ALL, off, false),
		SETTING(IPPROTO_IPV6, IPV6_MULTICAST_IF, leave, true),
	};

	return set_all(
		fd, list, sizeof(list) / sizeof(list[0]) - (interface == 0));
}

/* A socket that tells of each message by which link it came, and to whom. */
static int
make(const struct pier__links *links, struct pier__link_id id)
{
	static const int room = ROOM;
	int ttl = links->opts.ttl == 0 ? 1 : links->opts.ttl;
	int fd = pier__calls()->socket(id.family, SOCK_DGRAM, 0);
	const char *option;
	int rc;

	if (fd < 0)
		return fd;
	rc = pier__control_ask(
		fd, id.family, PIER__ASK_WHERE | PIER_ASK_TTL, &option);
	if (rc == 0)
		rc = id.family == AF_INET ? set_ip4(fd, ttl, id.interface)
					  : set_ip6(fd, ttl, id.interface);
	if (rc < 0) {
		pier__close(fd);
		return rc;
	}
	(void)pier__calls()->setsockopt(
		fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return fd;
}

/* fd is bound there, which others may be too, or closed. */
static int
bind_shared(int fd, const struct pier_addr *addr, bool shared)
{
	static const int on = 1;
	int rc = 0;

	if (shared)
		rc = pier__calls()->setsockopt(
			fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (rc == 0)
		rc = pier__calls()->bind(fd, &addr->u.sa, addr->len);
	if (rc < 0)
		pier__close(fd);
	return rc < 0 ? rc : fd;
}

static int
join(int fd, const struct pier_addr *group, struct pier__link_id id)
{
	int level = id.family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	struct group_req request;

	memset(&request, 0, sizeof(request));
	request.gr_interface = id.interface;
	memcpy(&request.gr_group, &group->u, group->len);
	return pier__calls()->setsockopt(
		fd, level, MCAST_JOIN_GROUP, &request, sizeof(request));
}

int
pier__links_open_group(const struct pier__links *links, struct pier__link_id id)
{
	struct pier_addr group =
		id.family == AF_INET ? links->opts.group4 : links->opts.group6;
	int fd = make(links, id), rc;

	if (fd < 0)
		return fd;
	(void)pier_addr_set_port(&group, links->opts.port);
	/* A group of link-local scope is bound to on one link: other sockets do
	   not hear what is for this one, nor this one theirs. */
	if (id.family == AF_INET6)
		group.u.in6.sin6_scope_id = id.interface;
	fd = bind_shared(fd, &group, true);
	if (fd < 0)
		return fd;
	rc = join(fd, &group, id);
	if (rc < 0)
		pier__close(fd);
	return rc < 0 ? rc : fd;
}

int
pier__links_open_ask(const struct pier__links *links, int family)
{
	const struct pier__link_id id = { .family = family };
	struct pier_addr any = { .len = family == AF_INET ? sizeof(any.u.in)
							  : sizeof(any.u.in6) };
	int fd = make(links, id);

	any.u.sa.sa_family = (sa_family_t)family;
	return fd < 0 ? fd : bind_shared(fd, &any, false);
}

int
pier__links_open_broadcast(const struct pier__links *links)
{
	const struct pier__link_id id = { .family = AF_INET };
	struct pier_addr everybody = { .len = sizeof(everybody.u.in) };
	int fd = make(links, id);

	everybody.u.in.sin_family = AF_INET;
	everybody.u.in.sin_port = htons(links->opts.port);
	everybody.u.in.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	return fd < 0 ? fd : bind_shared(fd, &everybody, true);
}

int
pier__links_open_news(void)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK,
		.nl_groups =
			RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };
	int fd = pier__calls()->socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	int rc;

	if (fd == -EAFNOSUPPORT || fd == -EPROTONOSUPPORT)
		return -1;
	if (fd < 0)
		return fd;
	rc = pier__calls()->bind(
		fd, (const struct sockaddr *)&address, sizeof(address));
	if (rc < 0)
		pier__close(fd);
	return rc < 0 ? rc : fd;
}
