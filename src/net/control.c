/* SPDX-License-Identifier: MIT */
/* net/control.c - see control.h. */
#include "net/control.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "net/tcp.h"
#include "os/calls.h"

/* Of udp(7); not in every libc's headers. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

struct asked {
	unsigned int ask;
	int level;
	int name;
	const char *option;
};

static const struct asked of_ip4[] = {
	{ PIER__ASK_WHERE, IPPROTO_IP, IP_PKTINFO, "IP_PKTINFO" },
	{ PIER_ASK_TTL, IPPROTO_IP, IP_RECVTTL, "IP_RECVTTL" },
	{ PIER_ASK_TOS, IPPROTO_IP, IP_RECVTOS, "IP_RECVTOS" },
	{ PIER_ASK_TIME, SOL_SOCKET, SO_TIMESTAMPNS, "SO_TIMESTAMPNS" },
	{ PIER_ASK_ERRORS, IPPROTO_IP, IP_RECVERR, "IP_RECVERR" },
	{ PIER_ASK_SEGMENTS, IPPROTO_UDP, UDP_GRO, "UDP_GRO" },
};

static const struct asked of_ip6[] = {
	{ PIER__ASK_WHERE, IPPROTO_IPV6, IPV6_RECVPKTINFO, "IPV6_RECVPKTINFO" },
	{ PIER_ASK_TTL, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, "IPV6_RECVHOPLIMIT" },
	{ PIER_ASK_TOS, IPPROTO_IPV6, IPV6_RECVTCLASS, "IPV6_RECVTCLASS" },
	{ PIER_ASK_TIME, SOL_SOCKET, SO_TIMESTAMPNS, "SO_TIMESTAMPNS" },
	{ PIER_ASK_ERRORS, IPPROTO_IPV6, IPV6_RECVERR, "IPV6_RECVERR" },
	{ PIER_ASK_SEGMENTS, IPPROTO_UDP, UDP_GRO, "UDP_GRO" },
};

int
pier__control_ask(int fd, int family, unsigned int ask, const char **option)
{
	const struct asked *list = family == AF_INET6 ? of_ip6 : of_ip4;
	size_t count = sizeof(of_ip4) / sizeof(of_ip4[0]);
	size_t i;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++) {
		if ((ask & list[i].ask) == 0)
			continue;
		*option = list[i].option;
		rc = pier__socket_enable(fd, list[i].level, list[i].name);
	}
	return rc;
}

static void
set_ip4(struct pier_addr *out, struct in_addr ip, unsigned int port)
{
	out->len = sizeof(out->u.in);
	memset(&out->u.in, 0, sizeof(out->u.in));
	out->u.in.sin_family = AF_INET;
	out->u.in.sin_port = htons((uint16_t)port);
	out->u.in.sin_addr = ip;
}

static void
set_ip6(struct pier_addr *out, const struct in6_pktinfo *info,
	unsigned int port)
{
	const struct in6_addr *ip = &info->ipi6_addr;

	out->len = sizeof(out->u.in6);
	memset(&out->u.in6, 0, sizeof(out->u.in6));
	out->u.in6.sin6_family = AF_INET6;
	out->u.in6.sin6_port = htons((uint16_t)port);
	out->u.in6.sin6_addr = *ip;
	if (IN6_IS_ADDR_LINKLOCAL(ip) || IN6_IS_ADDR_MC_LINKLOCAL(ip))
		out->u.in6.sin6_scope_id = info->ipi6_ifindex;
}

static void
read_ip4(struct pier_msg *msg, const struct cmsghdr *cmsg, unsigned int port)
{
	struct in_pktinfo info;

	memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
	/* ipi_addr is the broadcast address or group, if it was one. */
	set_ip4(&msg->local, info.ipi_spec_dst, port);
	if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr)
		set_ip4(&msg->to, info.ipi_addr, port);
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
	set_ip6(IN6_IS_ADDR_MULTICAST(&info.ipi6_addr) ? &msg->to : &msg->local,
		&info, port);
}

static bool
is(const struct cmsghdr *cmsg, int type, size_t size)
{
	return cmsg->cmsg_type == type && cmsg->cmsg_len >= CMSG_LEN(size);
}

static int
int_of(const struct cmsghdr *cmsg)
{
	int value;

	memcpy(&value, CMSG_DATA(cmsg), sizeof(value));
	return value;
}

static void
read_of_ip4(struct pier_msg *msg, const struct cmsghdr *cmsg, unsigned int port)
{
	if (is(cmsg, IP_PKTINFO, sizeof(struct in_pktinfo)))
		read_ip4(msg, cmsg, port);
	else if (is(cmsg, IP_TTL, sizeof(int)))
		msg->ttl = int_of(cmsg);
	else if (is(cmsg, IP_TOS, 1))
		msg->tos = CMSG_DATA(cmsg)[0];
}

static void
read_of_ip6(struct pier_msg *msg, const struct cmsghdr *cmsg, unsigned int port)
{
	if (is(cmsg, IPV6_PKTINFO, sizeof(struct in6_pktinfo)))
		read_ip6(msg, cmsg, port);
	else if (is(cmsg, IPV6_HOPLIMIT, sizeof(int)))
		msg->ttl = int_of(cmsg);
	else if (is(cmsg, IPV6_TCLASS, sizeof(int)))
		msg->tos = int_of(cmsg);
}

static void
read_time(struct pier_msg *msg, const struct cmsghdr *cmsg)
{
	struct timespec time;

	if (!is(cmsg, SO_TIMESTAMPNS, sizeof(time)))
		return;
	memcpy(&time, CMSG_DATA(cmsg), sizeof(time));
	msg->time_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void
pier__control_read(struct pier_msg *msg, struct msghdr *from, unsigned int port)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(from); cmsg != NULL;
		cmsg = CMSG_NXTHDR(from, cmsg)) {
		if (cmsg->cmsg_level == IPPROTO_IP)
			read_of_ip4(msg, cmsg, port);
		else if (cmsg->cmsg_level == IPPROTO_IPV6)
			read_of_ip6(msg, cmsg, port);
		else if (cmsg->cmsg_level == SOL_SOCKET)
			read_time(msg, cmsg);
		else if (cmsg->cmsg_level == IPPROTO_UDP &&
			 is(cmsg, UDP_GRO, sizeof(int)))
			msg->segment_size = (size_t)int_of(cmsg);
	}
}

/* Adds one to those of header, whose room is `room`. */
static void
put(struct msghdr *header, void *room, int level, int type, const void *data,
	size_t size)
{
	unsigned char *place = (unsigned char *)room + header->msg_controllen;
	struct cmsghdr *cmsg = (struct cmsghdr *)(void *)place;

	memset(place, 0, CMSG_SPACE(size));
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(cmsg), data, size);
	header->msg_control = room;
	header->msg_controllen += CMSG_SPACE(size);
}

bool
pier__control_parts(int fd)
{
	int size = 0;
	socklen_t len = sizeof(size);

	return pier__calls()->getsockopt(
		       fd, IPPROTO_UDP, UDP_SEGMENT, &size, &len) == 0 &&
	       size == 0;
}

void
pier__control_part(struct msghdr *header, void *room, size_t size)
{
	uint16_t segment = (uint16_t)size;

	put(header, room, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
}

/* By which address, NULL: any, and link it leaves. */
static void
put_where(struct msghdr *header, void *room, int family,
	const struct pier_addr *local, unsigned int interface)
{
	struct in_pktinfo ip4 = { .ipi_ifindex = (int)interface };
	struct in6_pktinfo ip6 = { .ipi6_ifindex = interface };

	if (family == AF_INET) {
		if (local != NULL)
			ip4.ipi_spec_dst = local->u.in.sin_addr;
		put(header, room, IPPROTO_IP, IP_PKTINFO, &ip4, sizeof(ip4));
	} else {
		if (local != NULL)
			ip6.ipi6_addr = local->u.in6.sin6_addr;
		put(header, room, IPPROTO_IPV6, IPV6_PKTINFO, &ip6,
			sizeof(ip6));
	}
}

static bool
is_plain(const struct pier_outgoing *out)
{
	return (out->local == NULL || out->local->len == 0) &&
	       out->interface == 0 && out->ttl == 0 && out->tos == 0 &&
	       out->segment_size == 0;
}

static bool
is_valid(const struct pier_outgoing *out, int family)
{
	if (family != AF_INET && family != AF_INET6)
		return false;
	if (out->local != NULL && out->local->len > 0 &&
		pier_addr_family(out->local) != family)
		return false;
	return out->ttl >= 0 && out->ttl <= 255 && out->tos >= PIER_OFF &&
	       out->tos <= 255 && out->segment_size <= UINT16_MAX;
}

int
pier__control_write(struct msghdr *header, void *room, int family,
	const struct pier_outgoing *out)
{
	const struct pier_addr *local = out->local;
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int tos = out->tos == PIER_OFF ? 0 : out->tos;

	if (is_plain(out))
		return 0;
	if (!is_valid(out, family))
		return -EINVAL;
	if (local != NULL && local->len == 0)
		local = NULL;
	if (local != NULL || out->interface != 0)
		put_where(header, room, family, local, out->interface);
	if (out->ttl != 0)
		put(header, room, level,
			family == AF_INET ? IP_TTL : IPV6_HOPLIMIT, &out->ttl,
			sizeof(out->ttl));
	if (out->tos != 0)
		put(header, room, level,
			family == AF_INET ? IP_TOS : IPV6_TCLASS, &tos,
			sizeof(tos));
	/* What fits into one is one. */
	if (out->segment_size != 0 && out->size > out->segment_size)
		pier__control_part(header, room, out->segment_size);
	return 0;
}

void
pier__control_answer(
	struct msghdr *header, void *room, const struct pier_msg *msg)
{
	int family = pier_addr_family(&msg->peer);

	if (msg->local.len > 0 || msg->interface != 0)
		put_where(header, room, family,
			pier_addr_family(&msg->local) == family ? &msg->local
								: NULL,
			msg->interface);
}
