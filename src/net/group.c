/* SPDX-License-Identifier: MIT */
/*
 * net/group.c - groups of multicast: joined and left by the options that are
 * the same for both families (RFC 3678), and how messages to them leave.
 */
#include <errno.h>
#include <string.h>

#include "net/many.h"
#include "net/packet.h"

/* Linux 4.20; not in every libc's headers. */
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

struct request {
	int name; /* MCAST_… */
	union {
		struct group_req any;
		struct group_source_req source;
	} u;
	socklen_t size;
};

static int
level_of(int family)
{
	return family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
}

bool
pier__addr_is_group(const struct pier_addr *addr)
{
	switch (pier_addr_family(addr)) {
	case AF_INET:
		return IN_MULTICAST(ntohl(addr->u.in.sin_addr.s_addr));
	case AF_INET6:
		return IN6_IS_ADDR_MULTICAST(&addr->u.in6.sin6_addr);
	default:
		return false;
	}
}

unsigned int
pier__addr_zone(const struct pier_addr *addr)
{
	return pier_addr_family(addr) == AF_INET6 ? addr->u.in6.sin6_scope_id
						  : 0;
}

/* What is wrong with it, or NULL. */
static const char *
wrong(const struct pier_packet *packet, const struct pier_membership *it)
{
	if (!pier__addr_is_group(&it->group))
		return "a group of multicast belongs here: 224.0.0.0/4 or "
		       "ff00::/8";
	if (pier_addr_family(&it->group) != packet->family)
		return "the group is not of the socket's family";
	if (it->source.len > 0 &&
		(pier_addr_family(&it->source) != packet->family ||
			pier__addr_is_group(&it->source)))
		return "the source is no address of the group's family";
	return NULL;
}

static const char *
explain(int rc)
{
	switch (rc) {
	case -EADDRINUSE:
		return "it hears that group there already";
	case -EADDRNOTAVAIL:
		return "it did not join that group there";
	case -ENODEV:
		return "no such interface, or no route to the group";
	case -ENOBUFS:
		return "too many: net.ipv4.igmp_max_memberships, "
		       "net.ipv4.igmp_max_msf";
	default:
		return NULL;
	}
}

static int
fail(const struct pier_packet *packet, int rc, const char *detail)
{
	return pier__packet_fail(packet, rc, PIER_STEP_OPTION, detail);
}

static void
put_addr(struct sockaddr_storage *out, const struct pier_addr *addr)
{
	memcpy(out, &addr->u, addr->len);
}

static struct request
request_for(const struct pier_membership *it, bool join)
{
	bool any = it->source.len == 0;
	struct request out;
	unsigned int interface =
		it->interface != 0 ? it->interface : pier__addr_zone(&it->group);

	memset(&out, 0, sizeof(out));
	if (any) {
		out.name = join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP;
		out.size = sizeof(out.u.any);
		out.u.any.gr_interface = interface;
		put_addr(&out.u.any.gr_group, &it->group);
	} else {
		out.name = join ? MCAST_JOIN_SOURCE_GROUP
				: MCAST_LEAVE_SOURCE_GROUP;
		out.size = sizeof(out.u.source);
		out.u.source.gsr_interface = interface;
		put_addr(&out.u.source.gsr_group, &it->group);
		put_addr(&out.u.source.gsr_source, &it->source);
	}
	return out;
}

/* Linux gives a socket what any socket of the machine has joined, unless told
   otherwise; of IPv6 it listens to that since 4.20. */
static int
hear_own_groups(struct pier_packet *packet)
{
	static const int off = 0;
	bool ip6 = packet->family == AF_INET6;
	int rc = pier__calls()->setsockopt(packet->desc->fd,
		level_of(packet->family),
		ip6 ? IPV6_MULTICAST_ALL : IP_MULTICAST_ALL, &off, sizeof(off));

	return rc == -ENOPROTOOPT ? 0 : rc;
}

int
pier__group_change(struct pier_packet *packet,
	const struct pier_membership *membership, bool join,
	const char **detail)
{
	struct request request;
	int rc = 0;

	*detail = wrong(packet, membership);
	if (*detail != NULL)
		return -EINVAL;
	request = request_for(membership, join);
	if (join)
		rc = hear_own_groups(packet);
	if (rc == 0)
		rc = pier__calls()->setsockopt(packet->desc->fd,
			level_of(packet->family), request.name, &request.u,
			request.size);
	*detail = explain(rc);
	return rc;
}

static int
change(struct pier_packet *packet, const struct pier_membership *given,
	size_t size, bool join)
{
	struct pier_membership it = { .interface = 0 };
	const char *detail;
	int rc;

	memcpy(&it, given, size < sizeof(it) ? size : sizeof(it));
	rc = pier__group_change(packet, &it, join, &detail);
	return rc < 0 ? fail(packet, rc, detail) : 0;
}

int
pier_packet_join_sized(struct pier_packet *packet,
	const struct pier_membership *membership, size_t size)
{
	return change(packet, membership, size, true);
}

int
pier_packet_leave_sized(struct pier_packet *packet,
	const struct pier_membership *membership, size_t size)
{
	return change(packet, membership, size, false);
}

static int
set(struct pier_packet *packet, int ip4, int ip6, const void *value,
	socklen_t size)
{
	return pier__calls()->setsockopt(packet->desc->fd,
		level_of(packet->family),
		packet->family == AF_INET6 ? ip6 : ip4, value, size);
}

int
pier__group_set_interface(struct pier_packet *packet, unsigned int interface)
{
	struct ip_mreqn ip4 = { .imr_ifindex = (int)interface };
	int ip6 = (int)interface;
	bool is_ip6 = packet->family == AF_INET6;
	int rc = set(packet, IP_MULTICAST_IF, IPV6_MULTICAST_IF,
		is_ip6 ? (const void *)&ip6 : (const void *)&ip4,
		is_ip6 ? sizeof(ip6) : sizeof(ip4));

	/* IPv4 says so of a link that is not there. */
	return rc == -EADDRNOTAVAIL ? -ENODEV : rc;
}

int
pier_packet_multicast_sized(struct pier_packet *packet,
	const struct pier_multicast_opts *given, size_t size)
{
	struct pier_multicast_opts opts = { .interface = 0 };
	int ttl, loop;
	int rc = 0;

	memcpy(&opts, given, size < sizeof(opts) ? size : sizeof(opts));
	if (packet->family != AF_INET && packet->family != AF_INET6)
		return fail(packet, -EINVAL, "multicast is of UDP");
	if (opts.ttl < PIER_OFF || opts.ttl > 255)
		return fail(packet, -EINVAL, "ttl: 1 to 255, or PIER_OFF");
	if (opts.loop < PIER_OFF || opts.loop > 1)
		return fail(packet, -EINVAL, "loop: 1, or PIER_OFF");
	ttl = opts.ttl == PIER_OFF ? 0 : opts.ttl;
	loop = opts.loop == 1;
	if (opts.interface != 0)
		rc = pier__group_set_interface(packet, opts.interface);
	if (rc == 0 && opts.ttl != 0)
		rc = set(packet, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, &ttl,
			sizeof(ttl));
	if (rc == 0 && opts.loop != 0)
		rc = set(packet, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, &loop,
			sizeof(loop));
	return rc < 0 ? fail(packet, rc,
				rc == -ENODEV ? "no such interface" : NULL)
		      : 0;
}
