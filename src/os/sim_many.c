/* SPDX-License-Identifier: MIT */
/*
 * os/sim_many.c - what is sent to many: broadcast and groups of multicast. Every
 * host is on one link, numbered 1, of which each IPv4 address has the last byte
 * for itself (/24). There are no sources of groups and no routers.
 */
#include "os/sim_inner.h"

#include <errno.h>
#include <string.h>

#include "os/link.h"

#define LINK 1

static struct in_addr
ip4_of(const struct in6_addr *ip)
{
	struct in_addr out;

	memcpy(&out, &ip->s6_addr[12], sizeof(out));
	return out;
}

static bool
is_group(const struct in6_addr *ip)
{
	return pier__sim_is_v4(ip) ? IN_MULTICAST(ntohl(ip4_of(ip).s_addr))
				   : IN6_IS_ADDR_MULTICAST(ip);
}

static struct in_addr
broadcast_of(const struct in6_addr *ip)
{
	struct in_addr out = ip4_of(ip);

	out.s_addr |= htonl(0xff);
	return out;
}

static bool
is_broadcast(const struct pier__sim_host *host, const struct in6_addr *ip)
{
	if (!pier__sim_is_v4(ip))
		return false;
	if (ip4_of(ip).s_addr == htonl(INADDR_BROADCAST))
		return true;
	for (size_t i = 0; i < host->address_count; i++) {
		const struct in6_addr *own = &host->addresses[i];

		if (pier__sim_is_v4(own) &&
			broadcast_of(own).s_addr == ip4_of(ip).s_addr)
			return true;
	}
	return false;
}

enum pier__sim_reach
pier__sim_reach(const struct pier__sim_host *host, const struct in6_addr *ip)
{
	if (is_group(ip))
		return PIER__SIM_TO_GROUP;
	return is_broadcast(host, ip) ? PIER__SIM_TO_BROADCAST
				      : PIER__SIM_TO_ONE;
}

static struct in6_addr *
find_group(struct pier__sim_socket *socket, const struct in6_addr *ip)
{
	for (unsigned i = 0; i < socket->group_count; i++) {
		if (IN6_ARE_ADDR_EQUAL(&socket->groups[i], ip))
			return &socket->groups[i];
	}
	return NULL;
}

bool
pier__sim_hears(struct pier__sim_socket *socket, const struct in6_addr *ip)
{
	return !is_group(ip) || find_group(socket, ip) != NULL;
}

static int
change_group(struct pier__sim_socket *socket, bool join, const void *value,
	socklen_t len)
{
	struct pier__sim_addr group;
	struct group_req req;
	struct in6_addr *place;
	int rc = -EINVAL;

	if (len < sizeof(req))
		return -EINVAL;
	memcpy(&req, value, sizeof(req));
	if (!pier__sim_addr_get(socket, (struct sockaddr *)&req.gr_group,
		    sizeof(req.gr_group), &group, &rc) ||
		!is_group(&group.ip))
		return rc < 0 ? rc : -EINVAL;
	if (req.gr_interface > LINK)
		return -ENODEV;
	place = find_group(socket, &group.ip);
	if (!join && place == NULL)
		return -EADDRNOTAVAIL;
	if (join && place != NULL)
		return -EADDRINUSE;
	if (join && socket->group_count == PIER__SIM_GROUPS_MAX)
		return -ENOBUFS;
	if (join)
		socket->groups[socket->group_count++] = group.ip;
	else
		*place = socket->groups[--socket->group_count];
	return 0;
}

static const struct {
	int ip4, ip6;
	unsigned ask;
} asks[] = {
	{ IP_PKTINFO, IPV6_RECVPKTINFO, PIER__SIM_ASK_PKTINFO },
	{ IP_RECVTTL, IPV6_RECVHOPLIMIT, PIER__SIM_ASK_TTL },
	{ IP_RECVTOS, IPV6_RECVTCLASS, PIER__SIM_ASK_TOS },
};

static int
set_level(struct pier__sim_socket *socket, int name, const void *value,
	socklen_t len, int number)
{
	bool v4 = socket->family == AF_INET;

	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		if (name != (v4 ? asks[i].ip4 : asks[i].ip6))
			continue;
		socket->asks &= ~asks[i].ask;
		socket->asks |= number != 0 ? asks[i].ask : 0;
		return 0;
	}
	if (name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP)
		return change_group(
			socket, name == MCAST_JOIN_GROUP, value, len);
	if (name == (v4 ? IP_MULTICAST_TTL : IPV6_MULTICAST_HOPS)) {
		socket->group_ttl = number;
		return number < 0 || number > 255 ? -EINVAL : 0;
	}
	if (name == (v4 ? IP_MULTICAST_LOOP : IPV6_MULTICAST_LOOP)) {
		socket->no_loop = number == 0;
		return 0;
	}
	/* Every host has one link, and hears what it joined. */
	if (name == (v4 ? IP_MULTICAST_IF : IPV6_MULTICAST_IF) ||
		name == (v4 ? IP_MULTICAST_ALL : IPV6_MULTICAST_ALL))
		return 0;
	return -ENOPROTOOPT;
}

int
pier__sim_udp_setsockopt(struct pier__sim_socket *socket, int level, int name,
	const void *value, socklen_t len)
{
	int number;

	memcpy(&number, value, sizeof(number));
	if (level == (socket->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6))
		return set_level(socket, name, value, len, number);
	return -ENOPROTOOPT;
}

int
pier__sim_links(struct pier__link *list, int max)
{
	const struct pier__sim_host *host = pier__sim_here();
	struct pier__link *link = list;

	if (max < 1)
		return 0;
	memset(link, 0, sizeof(*link));
	link->index = LINK;
	link->flags = IFF_UP | IFF_RUNNING | IFF_BROADCAST | IFF_MULTICAST;
	memcpy(link->name, "sim0", sizeof("sim0"));
	for (size_t i = 0; i < host->address_count; i++) {
		const struct in6_addr *own = &host->addresses[i];

		if (!pier__sim_is_v4(own))
			continue;
		link->ip4 = ip4_of(own);
		link->broadcast = broadcast_of(own);
		break;
	}
	return 1;
}
