/* SPDX-License-Identifier: MIT */
/*
 * net/raw.c - see raw.h.
 *
 * A client is connected, so that it hears its peer alone. IPv4 and IPv6 are the
 * same to who uses one: what is received is what was sent, without a header of
 * IP, unless the socket is one that sends its own (IP_HDRINCL).
 */
#include "net/raw.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "net/bind.h"
#include "net/lookup.h"
#include "net/tcp.h"
#include "net/wishes.h"
#include "option/protocol.h"
#include "task/failure.h"

/* A header of IPv4 without options (RFC 791 3.1). */
#define HEADER_MIN 20

struct opening {
	const struct pier__packet_plan *plan;
	struct pier__bind local;
	enum pier_step step;
	const char *detail;
	struct pier__why why;
};

int
pier__raw_parse_protocol(
	int *out, struct pier__span span, struct pier__why *why)
{
	int number = pier__protocol_number(span);

	if (span.begin == span.end)
		return pier__why_set(
			why, span.begin, "the protocol is missing after '/'");
	if (number > 0) {
		*out = number;
		return 0;
	}
	return pier__why_set(why, span.begin,
		"a protocol of IP is a number, 1 to 255, or a name such as "
		"icmp, icmp6, udp or gre");
}

static int
fail(const struct opening *it, int rc)
{
	const char *detail = it->detail;

	if (it->step == PIER_STEP_CREATE && pier_is_permission(rc))
		detail = "raw sockets need CAP_NET_RAW";
	return pier__fail_step(rc, it->step, it->plan->text, detail);
}

static int
set_wishes(struct opening *it, int fd, int family, enum pier__moment moment)
{
	const struct pier__option_kind kind = { .domain = family,
		.type = SOCK_RAW,
		.protocol = it->plan->endpoint.protocol };
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
	if (rc < 0)
		return rc;
	it->detail = NULL;
	return set_wishes(it, fd, family, PIER__MOMENT_NEW);
}

/* Does the kernel hand over a header with each message, unasked? 1, 0 or
   -errno. */
static int
has_header(struct opening *it, int fd, int family)
{
	int included = 0;
	socklen_t len = sizeof(included);
	int rc;

	if (family != AF_INET)
		return 0;
	it->step = PIER_STEP_OPTION;
	it->detail = "IP_HDRINCL";
	rc = pier__calls()->getsockopt(
		fd, IPPROTO_IP, IP_HDRINCL, &included, &len);
	if (rc < 0)
		return rc;
	it->detail = NULL;
	return included == 0;
}

static int
attach(struct opening *it, int fd, const struct pier_addr *addr)
{
	int family = pier_addr_family(addr);
	int rc;

	it->step = PIER_STEP_BIND;
	if (it->plan->opts.listen) {
		rc = pier__calls()->bind(fd, &addr->u.sa, addr->len);
	} else {
		rc = pier__bind_socket(&it->local, fd, family, SOCK_RAW);
		if (rc == 0 && !it->plan->opts.unconnected) {
			it->step = PIER_STEP_CONNECT;
			rc = pier__calls()->connect(fd, &addr->u.sa, addr->len);
		}
	}
	return rc < 0 ? rc : set_wishes(it, fd, family, PIER__MOMENT_CONNECTED);
}

/* One attempt at one address. 0, or an error, not noted. */
static int
open_at(struct pier_packet **out, struct opening *it,
	const struct pier_addr *addr)
{
	int family = pier_addr_family(addr);
	int fd, rc, header = 0;

	it->step = PIER_STEP_CREATE;
	it->detail = NULL;
	fd = pier__calls()->socket(
		family, SOCK_RAW, it->plan->endpoint.protocol);
	if (fd < 0)
		return fd;
	rc = set_options(it, fd, family);
	if (rc == 0)
		rc = header = has_header(it, fd, family);
	if (rc >= 0)
		rc = attach(it, fd, addr);
	if (rc == 0) {
		rc = pier__packet_new(out, fd, family, it->plan);
		if (rc < 0)
			it->step = PIER_STEP_CREATE;
	}
	if (rc < 0) {
		pier__close(fd);
		return rc;
	}
	(*out)->ip_header = header == 1;
	if (!it->plan->opts.listen) {
		(*out)->connected = !it->plan->opts.unconnected;
		(*out)->to = *addr;
	}
	return 0;
}

/* ICMP is of IPv4, ICMPv6 of the other; all else is of both. */
static bool
suits(const struct pier__endpoint *endpoint, int family)
{
	if (endpoint->family != AF_UNSPEC || endpoint->numeric)
		return true;
	if (endpoint->protocol == IPPROTO_ICMP)
		return family == AF_INET;
	return endpoint->protocol != IPPROTO_ICMPV6 || family == AF_INET6;
}

/* The first address for which it works; else the first one's error. One that
   listens on every address does so on IPv4, where both would do. */
static int
open_first(struct pier_packet **out, struct opening *it,
	const struct pier_names *names)
{
	const struct pier__endpoint *endpoint = &it->plan->endpoint;
	bool every = endpoint->host[0] == '\0' &&
		     endpoint->family == AF_UNSPEC &&
		     endpoint->protocol != IPPROTO_ICMPV6;
	int local = pier__bind_family(&it->local);
	int rc = -EADDRNOTAVAIL;
	struct opening first = *it;
	bool tried = false;
	size_t i;

	first.step = PIER_STEP_BIND;
	first.detail = "no address of the family that is wanted";
	for (i = 0; i < names->count; i++) {
		int family = pier_addr_family(&names->addrs[i]);
		int one;

		if (!suits(endpoint, family) || (every && family != AF_INET) ||
			(local != AF_UNSPEC && local != family))
			continue;
		one = open_at(out, it, &names->addrs[i]);
		if (one == 0)
			return 0;
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

int
pier__raw_open(struct pier_packet **out, const struct pier__packet_plan *plan)
{
	const struct pier__lookup question = { .endpoint = &plan->endpoint,
		.text = plan->text,
		.passive = plan->opts.listen,
		.fn = plan->opts.lookup,
		.arg = plan->opts.lookup_arg };
	struct opening it = { .plan = plan, .step = PIER_STEP_CONNECT };
	struct pier_names *names;
	int rc = 0;

	if (!plan->opts.listen) {
		it.detail = "a host to send to is missing";
		if (plan->endpoint.host[0] == '\0')
			return fail(&it, -EDESTADDRREQ);
		rc = pier__bind_parse(&it.local, plan->opts.bind);
	}
	if (rc < 0)
		return rc;
	rc = pier__lookup(&names, &question, plan->deadline);
	if (rc < 0)
		return rc;
	rc = open_first(out, &it, names);
	pier_names_free(names);
	return rc;
}

/* Bytes of the header that begins so; `least` where it is none. */
static size_t
header_size(const unsigned char *begin)
{
	size_t size = (size_t)(begin[0] & 15) * 4;

	return size < HEADER_MIN ? HEADER_MIN : size;
}

ssize_t
pier__raw_recvmsg(int fd, struct msghdr *header, int flags)
{
	unsigned char begin[HEADER_MIN] = { 0 };
	struct iovec *room = header->msg_iov;
	struct iovec pieces[2] = {
		{ .iov_base = begin, .iov_len = sizeof(begin) }, *room
	};
	size_t options, came;
	ssize_t n;

	header->msg_iov = pieces;
	header->msg_iovlen = 2;
	n = pier__calls()->recvmsg(fd, header, flags);
	header->msg_iov = room;
	header->msg_iovlen = 1;
	if (n < HEADER_MIN)
		return n < 0 ? n : 0;
	n -= HEADER_MIN;
	options = header_size(begin) - HEADER_MIN;
	came = (size_t)n < room->iov_len ? (size_t)n : room->iov_len;
	if (options > came)
		options = came;
	if (options > 0) {
		memmove(room->iov_base, (char *)room->iov_base + options,
			came - options);
		/* Behind what is left nothing of a longer message came. */
		if (came == room->iov_len)
			room->iov_len -= options;
	}
	return n - (ssize_t)options;
}

int
pier__raw_recvmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		ssize_t n = pier__raw_recvmsg(fd, &list[i].msg_hdr, flags);

		if (n < 0)
			return i > 0 ? (int)i : (int)n;
		list[i].msg_len = (unsigned int)n;
	}
	return (int)i;
}
