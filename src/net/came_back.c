/* SPDX-License-Identifier: MIT */
/* net/came_back.c - see came_back.h. */
#include "net/came_back.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/errqueue.h>

#include "net/control.h"
#include "net/packet.h"
#include "net/sent.h"

/* What came along with the message comes along with its error too; or the moment
   when it was sent. */
#define ROOM                                                  \
	(PIER__CONTROL_MAX +                                  \
		CMSG_SPACE(sizeof(struct sock_extended_err) + \
			   sizeof(struct sockaddr_in6)) +     \
		CMSG_SPACE(3 * sizeof(struct timespec)))

struct word {
	int type;
	int code; /* -1: any */
	const char *text;
};

/* RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1. */
static const struct word icmp[] = {
	{ 3, 0, "network unreachable" },
	{ 3, 1, "host unreachable" },
	{ 3, 2, "protocol unreachable" },
	{ 3, 3, "port unreachable" },
	{ 3, 4, "too long for the path, and not to be cut up" },
	{ 3, 5, "source route failed" },
	{ 3, 6, "network unknown" },
	{ 3, 7, "host unknown" },
	{ 3, 8, "source host isolated" },
	{ 3, 9, "network administratively prohibited" },
	{ 3, 10, "host administratively prohibited" },
	{ 3, 11, "network unreachable for this type of service" },
	{ 3, 12, "host unreachable for this type of service" },
	{ 3, 13, "administratively prohibited" },
	{ 3, 14, "host precedence violation" },
	{ 3, 15, "precedence cutoff" },
	{ 4, -1, "source quench" },
	{ 5, -1, "redirect" },
	{ 11, 0, "TTL exceeded on the way" },
	{ 11, 1, "fragments did not all come in time" },
	{ 12, -1, "a bad field in the header" },
};

/* RFC 4443 3, RFC 6550 for the last of unreachable. */
static const struct word icmp6[] = {
	{ 1, 0, "no route" },
	{ 1, 1, "administratively prohibited" },
	{ 1, 2, "beyond the scope of the source address" },
	{ 1, 3, "address unreachable" },
	{ 1, 4, "port unreachable" },
	{ 1, 5, "source address failed the policy" },
	{ 1, 6, "route rejected" },
	{ 1, 7, "error in the source routing header" },
	{ 2, -1, "too long for the path" },
	{ 3, 0, "hop limit exceeded on the way" },
	{ 3, 1, "fragments did not all come in time" },
	{ 4, -1, "a bad field in the header" },
};

static const char *
find(const struct word *list, size_t count, int type, int code)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (list[i].type == type &&
			(list[i].code == code || list[i].code == -1))
			return list[i].text;
	}
	return "an error without a name";
}

static const char *
meaning(const struct pier_packet_error *it)
{
	if (it->family == AF_INET)
		return find(icmp, sizeof(icmp) / sizeof(icmp[0]), it->type,
			it->code);
	if (it->family == AF_INET6)
		return find(icmp6, sizeof(icmp6) / sizeof(icmp6[0]), it->type,
			it->code);
	return it->rc == -EMSGSIZE ? "too long for the path"
				   : "it could not leave";
}

static void
read_offender(struct pier_addr *out, const unsigned char *from, size_t size)
{
	sa_family_t family;

	memcpy(&family, from, sizeof(family));
	if (family == AF_INET && size >= sizeof(out->u.in))
		out->len = sizeof(out->u.in);
	else if (family == AF_INET6 && size >= sizeof(out->u.in6))
		out->len = sizeof(out->u.in6);
	if (out->len > 0)
		memcpy(&out->u, from, out->len);
	(void)pier_addr_set_port(out, 0);
}

static void
read_error(struct pier_packet_error *out, const struct cmsghdr *cmsg)
{
	struct sock_extended_err told;
	size_t size = cmsg->cmsg_len - CMSG_LEN(0);

	memcpy(&told, CMSG_DATA(cmsg), sizeof(told));
	out->rc = -(int)told.ee_errno;
	if (told.ee_errno == EMSGSIZE)
		out->mtu = told.ee_info;
	if (told.ee_origin != SO_EE_ORIGIN_ICMP &&
		told.ee_origin != SO_EE_ORIGIN_ICMP6)
		return;
	out->family = told.ee_origin == SO_EE_ORIGIN_ICMP ? AF_INET : AF_INET6;
	out->type = told.ee_type;
	out->code = told.ee_code;
	if (size >= sizeof(told) + sizeof(sa_family_t))
		read_offender(&out->from, CMSG_DATA(cmsg) + sizeof(told),
			size - sizeof(told));
}

bool
pier__came_back_is_error(const struct cmsghdr *cmsg)
{
	return ((cmsg->cmsg_level == IPPROTO_IP &&
			cmsg->cmsg_type == IP_RECVERR) ||
		       (cmsg->cmsg_level == IPPROTO_IPV6 &&
			       cmsg->cmsg_type == IPV6_RECVERR)) &&
	       cmsg->cmsg_len >= CMSG_LEN(sizeof(struct sock_extended_err));
}

void
pier__came_back_read(struct pier_packet_error *out, struct msghdr *header)
{
	struct cmsghdr *cmsg;

	*out = (struct pier_packet_error){ .type = -1, .code = -1 };
	for (cmsg = CMSG_FIRSTHDR(header); cmsg != NULL;
		cmsg = CMSG_NXTHDR(header, cmsg)) {
		if (pier__came_back_is_error(cmsg))
			read_error(out, cmsg);
	}
	out->meaning = meaning(out);
}

/* What is next in the kernel's queue, or an error. */
static ssize_t
receive(const struct pier_packet *packet, struct msghdr *header)
{
	ssize_t n;

	do
		n = pier__calls()->recvmsg(
			packet->desc->fd, header, MSG_ERRQUEUE | MSG_DONTWAIT);
	while (n == -EINTR);
	return n;
}

/* The next error off the kernel's queue. False: there is none. */
static bool
take(struct pier_packet *packet, struct pier_packet_error *out)
{
	alignas(struct cmsghdr) unsigned char control[ROOM];
	struct pier_addr to = { .len = 0 };
	struct msghdr header;

	do {
		header = (struct msghdr){ .msg_name = &to.u,
			.msg_namelen = sizeof(to.u),
			.msg_control = control,
			.msg_controllen = sizeof(control) };
		if (receive(packet, &header) < 0)
			return false;
	} while (pier__sent_read(packet->came_back, &header));
	pier__came_back_read(out, &header);
	to.len = header.msg_namelen;
	if (to.len > sizeof(sa_family_t))
		out->to = to;
	return out->rc < 0;
}

static void
put_by(struct pier__came_back *it, const struct pier_packet_error *error)
{
	if (it->count == PIER__PUT_BY_MAX) {
		it->first = (it->first + 1) % PIER__PUT_BY_MAX;
		it->count--;
	}
	it->put_by[(it->first + it->count++) % PIER__PUT_BY_MAX] = *error;
}

int
pier__came_back(struct pier_packet *packet, unsigned int what, int rc)
{
	struct pier__came_back *it = packet->came_back;
	struct pier_packet_error error;

	if (!take(packet, &error))
		return rc;
	if (what == PIER__OUT && !packet->connected && error.family != 0) {
		put_by(it, &error);
		return 0;
	}
	it->last = error;
	return error.rc;
}

void
pier__came_back_put_by(struct pier_packet *packet)
{
	struct pier_packet_error error;

	while (take(packet, &error))
		put_by(packet->came_back, &error);
}

int
pier__came_back_before(struct pier_packet *packet)
{
	struct pier__came_back *it = packet->came_back;

	if (it->count == 0)
		return 0;
	it->last = it->put_by[it->first];
	it->first = (it->first + 1) % PIER__PUT_BY_MAX;
	it->count--;
	return it->last.rc;
}

bool
pier__came_back_text(const struct pier_packet *packet, int rc,
	char text[PIER__CAME_BACK_MAX])
{
	const struct pier_packet_error *it;
	char to[PIER_ADDR_TEXT_MAX] = "an unknown peer";
	char from[PIER_ADDR_TEXT_MAX] = "this machine";
	char which[48] = "";

	if (packet->came_back == NULL || packet->came_back->last.rc != rc)
		return false;
	it = &packet->came_back->last;
	if (it->to.len > 0)
		(void)pier_addr_format(&it->to, to, sizeof(to));
	if (it->from.len > 0)
		(void)pier_addr_format_host(&it->from, from, sizeof(from));
	if (it->family != 0)
		(void)snprintf(which, sizeof(which), " (%s type %d, code %d)",
			it->family == AF_INET ? "ICMP" : "ICMPv6", it->type,
			it->code);
	if (it->mtu != 0)
		(void)snprintf(which + strlen(which),
			sizeof(which) - strlen(which), ", which takes %u",
			(unsigned int)it->mtu);
	(void)snprintf(text, PIER__CAME_BACK_MAX,
		"%.60s says: %s%s, of a message to %.70s", from, it->meaning,
		which, to);
	return true;
}

const struct pier_packet_error *
pier_packet_error(const struct pier_packet *packet)
{
	if (packet->came_back == NULL || packet->came_back->last.rc == 0)
		return NULL;
	return &packet->came_back->last;
}
