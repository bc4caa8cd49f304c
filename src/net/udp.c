/* SPDX-License-Identifier: MIT */
/*
 * net/udp.c - see udp.h.
 *
 * A server on every address is two sockets and not one of both families: on a
 * dual-stack socket IPv4 broadcasts and the options of IPv4 are out of reach.
 * SO_REUSEADDR stays off: with it a second process takes all messages.
 */
#include "net/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "net/bind.h"
#include "net/lookup.h"
#include "net/tcp.h"
#include "net/wishes.h"
#include "task/failure.h"

/* How many ports are tried until one is free in both families. */
#define PORT_TRIES 16

struct opening {
	const struct pier__packet_plan *plan;
	struct pier__bind local;
	enum pier_step step;
	const char *detail;
	struct pier__why why;
};

static int
fail(const struct opening *it, int rc)
{
	return pier__fail_step(rc, it->step, it->plan->text, it->detail);
}

static int
set_wishes(struct opening *it, int fd, int family, enum pier__moment moment)
{
	const struct pier__option_kind kind = { .domain = family,
		.type = SOCK_DGRAM };
	int rc = pier__wishes_set(
		&it->plan->endpoint.wishes, fd, &kind, moment, &it->why);

	if (rc < 0) {
		it->step = PIER_STEP_OPTION;
		it->detail = it->why.text;
	}
	return rc;
}

static int
set_options(struct opening *it, int fd, int family)
{
	int rc;

	it->step = PIER_STEP_OPTION;
	it->detail = "packet information";
	rc = family == AF_INET6
		     ? pier__socket_enable(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO)
		     : pier__socket_enable(fd, IPPROTO_IP, IP_PKTINFO);
	if (rc == 0 && family == AF_INET6) {
		it->detail = "IPV6_V6ONLY";
		rc = pier__socket_enable(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	}
	if (rc == 0 && it->plan->opts.reuse_port) {
		it->detail = "SO_REUSEPORT";
		rc = pier__socket_enable(fd, SOL_SOCKET, SO_REUSEPORT);
	}
	if (rc == 0)
		rc = set_wishes(it, fd, family, PIER__MOMENT_NEW);
	if (rc == 0)
		it->detail = NULL;
	return rc;
}

static int
make_socket(struct opening *it, int family)
{
	int fd, rc;

	it->step = PIER_STEP_CREATE;
	it->detail = NULL;
	fd = pier__calls()->socket(family, SOCK_DGRAM, 0);
	if (fd < 0)
		return fd;
	rc = set_options(it, fd, family);
	if (rc < 0)
		pier__close(fd);
	return rc < 0 ? rc : fd;
}

/* fd becomes a packet socket, or is closed. */
static int
wrap(struct pier_packet **out, struct opening *it, int fd, int family)
{
	int rc = pier__packet_new(out, fd, family, it->plan);

	if (rc < 0) {
		it->step = PIER_STEP_CREATE;
		pier__close(fd);
	}
	return rc;
}

static int
open_server(struct pier_packet **out, struct opening *it,
	const struct pier_addr *addr)
{
	int family = pier_addr_family(addr);
	int fd = make_socket(it, family);
	int rc;

	if (fd < 0)
		return fd;
	it->step = PIER_STEP_BIND;
	rc = pier__calls()->bind(fd, &addr->u.sa, addr->len);
	if (rc == -EADDRINUSE)
		it->detail = "another socket has this port";
	if (rc == 0)
		rc = set_wishes(it, fd, family, PIER__MOMENT_CONNECTED);
	if (rc < 0) {
		pier__close(fd);
		return rc;
	}
	return wrap(out, it, fd, family);
}

static int
open_client(struct pier_packet **out, struct opening *it,
	const struct pier_addr *addr)
{
	int family = pier_addr_family(addr);
	int fd = make_socket(it, family);
	int rc;

	if (fd < 0)
		return fd;
	it->step = PIER_STEP_BIND;
	rc = pier__bind_socket(&it->local, fd, family, SOCK_DGRAM);
	if (rc == 0 && !it->plan->opts.unconnected) {
		it->step = PIER_STEP_CONNECT;
		rc = pier__calls()->connect(fd, &addr->u.sa, addr->len);
	}
	if (rc == 0)
		rc = set_wishes(it, fd, family, PIER__MOMENT_CONNECTED);
	if (rc < 0) {
		pier__close(fd);
		return rc;
	}
	rc = wrap(out, it, fd, family);
	if (rc < 0)
		return rc;
	(*out)->connected = !it->plan->opts.unconnected;
	(*out)->to = *addr;
	return 0;
}

/* The first address for which it works; else the first one's error. */
static int
open_first_client(struct pier_packet **out, struct opening *it,
	const struct pier_names *names)
{
	int family = pier__bind_family(&it->local);
	struct opening first = *it;
	int rc = -EADDRNOTAVAIL;
	bool tried = false;
	size_t i;

	first.step = PIER_STEP_BIND;
	first.detail = "the peer has no address of the local one's family";
	for (i = 0; i < names->count; i++) {
		const struct pier_addr *addr = &names->addrs[i];
		int one;

		if (family != AF_UNSPEC && pier_addr_family(addr) != family)
			continue;
		one = open_client(out, it, addr);
		if (one == 0)
			return 1;
		if (!tried) {
			first = *it;
			if (it->detail == it->why.text)
				first.detail = first.why.text;
			rc = one;
		}
		tried = true;
	}
	return fail(&first, rc);
}

static bool
family_is_off(int rc)
{
	return rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL;
}

static const struct pier_addr *
find_family(const struct pier_names *names, int family)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (pier_addr_family(&names->addrs[i]) == family)
			return &names->addrs[i];
	}
	return NULL;
}

/* A name is one of its addresses, IPv4 first, as a listener's is. */
static int
open_one_server(struct pier_packet **out, struct opening *it,
	const struct pier_names *names)
{
	const struct pier_addr *ip4 = find_family(names, AF_INET);
	const struct pier_addr *ip6 = find_family(names, AF_INET6);
	int rc = -EAFNOSUPPORT;

	if (ip4 != NULL)
		rc = open_server(out, it, ip4);
	if (family_is_off(rc) && ip6 != NULL)
		rc = open_server(out, it, ip6);
	return rc < 0 ? fail(it, rc) : 1;
}

/* What every address is, by family. */
struct both {
	struct pier_addr ip4;
	struct pier_addr ip6;
};

/* One socket per family, the second on the port that the first one got. 1 or
   2, or an error, not noted. */
static int
open_pair(struct pier_packet **out, struct opening *it, const struct both *both)
{
	struct pier_addr ip4 = both->ip4;
	struct pier_packet *second = NULL;
	struct pier_packet *first;
	struct pier_addr bound;
	int rc = open_server(&first, it, &both->ip6);

	if (family_is_off(rc)) {
		rc = open_server(out, it, &ip4);
		return rc < 0 ? rc : 1;
	}
	if (rc < 0)
		return rc;
	rc = pier_packet_local(first, &bound);
	if (rc == 0) {
		(void)pier_addr_set_port(
			&ip4, (unsigned int)pier_addr_port(&bound));
		rc = open_server(&second, it, &ip4);
	}
	if (rc < 0 && !family_is_off(rc)) {
		pier_packet_close(first);
		return rc;
	}
	out[0] = first;
	if (rc < 0)
		return 1;
	out[1] = second;
	return 2;
}

static int
open_every_server(
	struct pier_packet **out, struct opening *it, const struct both *both)
{
	bool any_port = it->plan->endpoint.port == 0;
	int tries = any_port ? PORT_TRIES : 1;
	int rc = -EADDRINUSE;

	while (rc == -EADDRINUSE && tries-- > 0)
		rc = open_pair(out, it, both);
	return rc < 0 ? fail(it, rc) : rc;
}

static int
open_servers(struct pier_packet **out, size_t max, struct opening *it,
	const struct pier_names *names)
{
	const struct pier_addr *ip4 = find_family(names, AF_INET);
	const struct pier_addr *ip6 = find_family(names, AF_INET6);

	if (it->plan->endpoint.host[0] != '\0' || ip4 == NULL || ip6 == NULL)
		return open_one_server(out, it, names);
	if (max >= 2)
		return open_every_server(
			out, it, &(struct both){ .ip4 = *ip4, .ip6 = *ip6 });
	it->step = PIER_STEP_BIND;
	it->detail = "every address is two sockets: pier_packet_open_all(), or "
		     "one of udp4:// and udp6://";
	return fail(it, -EINVAL);
}

int
pier__udp_open(struct pier_packet **out, size_t max,
	const struct pier__packet_plan *plan)
{
	const struct pier__lookup question = { .endpoint = &plan->endpoint,
		.text = plan->text,
		.passive = plan->opts.listen,
		.fn = plan->opts.lookup,
		.arg = plan->opts.lookup_arg };
	struct opening it = { .plan = plan };
	struct pier_names *names;
	int rc;

	rc = plan->opts.listen ? 0
			       : pier__bind_parse(&it.local, plan->opts.bind);
	if (rc < 0)
		return rc;
	rc = pier__lookup(&names, &question, plan->deadline);
	if (rc < 0)
		return rc;
	rc = plan->opts.listen ? open_servers(out, max, &it, names)
			       : open_first_client(out, &it, names);
	pier_names_free(names);
	return rc;
}

static void
read_ip4(struct pier_msg *msg, const struct cmsghdr *cmsg, unsigned int port)
{
	struct in_pktinfo info;

	memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
	/* Not ipi_addr: that is the broadcast address, if it was one. */
	msg->local.len = sizeof(msg->local.u.in);
	msg->local.u.in.sin_family = AF_INET;
	msg->local.u.in.sin_port = htons((uint16_t)port);
	msg->local.u.in.sin_addr = info.ipi_spec_dst;
	msg->interface = (unsigned int)info.ipi_ifindex;
}

static void
read_ip6(struct pier_msg *msg, const struct cmsghdr *cmsg, unsigned int port)
{
	struct in6_pktinfo info;

	memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
	msg->interface = info.ipi6_ifindex;
	/* Nothing is sent from a multicast address: the kernel chooses one of
	   the link's. */
	if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
		return;
	msg->local.len = sizeof(msg->local.u.in6);
	msg->local.u.in6.sin6_family = AF_INET6;
	msg->local.u.in6.sin6_port = htons((uint16_t)port);
	msg->local.u.in6.sin6_addr = info.ipi6_addr;
	if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
		msg->local.u.in6.sin6_scope_id = info.ipi6_ifindex;
}

void
pier__pktinfo_read(struct pier_msg *msg, struct msghdr *from, unsigned int port)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(from); cmsg != NULL;
		cmsg = CMSG_NXTHDR(from, cmsg)) {
		if (cmsg->cmsg_level == IPPROTO_IP &&
			cmsg->cmsg_type == IP_PKTINFO &&
			cmsg->cmsg_len >= CMSG_LEN(sizeof(struct in_pktinfo)))
			read_ip4(msg, cmsg, port);
		else if (cmsg->cmsg_level == IPPROTO_IPV6 &&
			 cmsg->cmsg_type == IPV6_PKTINFO &&
			 cmsg->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo)))
			read_ip6(msg, cmsg, port);
	}
}

static void
put(struct msghdr *header, void *room, int level, int type, const void *data,
	size_t size)
{
	struct cmsghdr *cmsg;

	memset(room, 0, PIER__PKTINFO_MAX);
	header->msg_control = room;
	header->msg_controllen = CMSG_SPACE(size);
	cmsg = CMSG_FIRSTHDR(header);
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(cmsg), data, size);
}

void
pier__pktinfo_write(
	struct msghdr *header, void *room, const struct pier_msg *msg)
{
	struct in_pktinfo ip4 = { .ipi_ifindex = (int)msg->interface };
	struct in6_pktinfo ip6 = { .ipi6_ifindex = msg->interface };

	switch (pier_addr_family(&msg->peer)) {
	case AF_INET:
		if (pier_addr_family(&msg->local) == AF_INET)
			ip4.ipi_spec_dst = msg->local.u.in.sin_addr;
		put(header, room, IPPROTO_IP, IP_PKTINFO, &ip4, sizeof(ip4));
		break;
	case AF_INET6:
		if (pier_addr_family(&msg->local) == AF_INET6)
			ip6.ipi6_addr = msg->local.u.in6.sin6_addr;
		put(header, room, IPPROTO_IPV6, IPV6_PKTINFO, &ip6,
			sizeof(ip6));
		break;
	default:
		break;
	}
}
