/* SPDX-License-Identifier: MIT */
/*
 * proto/ping_datagram.c - probes that are messages: by ICMP and by UDP.
 *
 * An error that came back by ICMP is the result of whatever call comes next,
 * also of the send of another probe; who sent it, and about which, is in the
 * error queue. That is read first, and a raw socket finds the errors of other
 * pings there.
 */
#include "proto/ping.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <string.h>

#include "net/came_back.h"
#include "net/control.h"

/* Messages of no interest that one turn takes, before others have theirs. */
#define IDLE_MAX 64

/* How often a send is tried that meets an earlier probe's error. */
#define SEND_TRIES 3

/* Room for all that comes along with a message. */
#define CONTROL_MAX 512

/* ---- Errors ------------------------------------------------------------- */

/* The router has passed it on all the same. */
static bool
is_redirect(const struct pier_packet_error *error)
{
	return (error->family == AF_INET && error->type == 5) ||
	       (error->family == AF_INET6 && error->type == 137);
}

int
pier__ping_next_error(
	struct pier_ping *ping, struct pier_packet_error *out, size_t *n)
{
	alignas(struct cmsghdr) unsigned char control[CONTROL_MAX];
	struct iovec piece = { ping->buf, ping->room };
	struct msghdr header = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t got;

	do {
		got = pier__calls()->recvmsg(pier__bare_fd(&ping->socket),
			&header, MSG_ERRQUEUE | MSG_DONTWAIT);
	} while (got == -EINTR);
	/* Whatever else it says, the queue has nothing to tell. */
	if (got < 0)
		return -EAGAIN;
	*n = (size_t)got;
	pier__came_back_read(out, &header);
	return out->rc == 0 || is_redirect(out) ? -ENOMSG : 0;
}

/* The host itself says that nobody listens there. A router that says so forbids
   the way. */
static bool
is_port_closed(
	const struct pier_ping *ping, const struct pier_packet_error *error)
{
	struct pier_addr host = ping->to;

	if (ping->way != PIER__PING_UDP || error->rc != -ECONNREFUSED)
		return false;
	(void)pier_addr_set_port(&host, 0);
	return error->from.len == 0 || pier_addr_equal(&error->from, &host);
}

/* The probe that a datagram of n bytes in ping->buf is about, or NULL. */
static struct pier__ping_probe *
probe_of(const struct pier_ping *ping, const struct pier__ping_found *found)
{
	if (found->named)
		return pier__ping_book_find(ping->book, found->sequence);
	if (ping->way == PIER__PING_L2CAP)
		return pier__ping_l2cap_probe(ping->book, found->ident);
	return pier__ping_book_oldest(ping->book);
}

/* 1: *event is what the error did to probe. */
static int
meet_error(struct pier_ping *ping, struct pier_ping_event *event,
	struct pier__ping_probe *probe, const struct pier_packet_error *error)
{
	int64_t rtt = pier_now() - probe->sent_ns;

	if (!is_port_closed(ping, error)) {
		pier__ping_lose(ping, event, probe, error);
		return 1;
	}
	*event = pier__ping_event(PIER_PING_CLOSED, probe);
	event->what = pier__ping_book_answer(ping->book, probe, rtt, true);
	event->rtt_ns = rtt;
	event->from = error->from;
	event->icmp_type = error->type;
	event->icmp_code = error->code;
	event->text = error->meaning;
	return 1;
}

static int
take_error(struct pier_ping *ping, struct pier_ping_event *event)
{
	struct pier_packet_error error;
	struct pier__ping_found found;
	struct pier__ping_probe *probe;
	size_t n = 0;
	int i, rc;

	for (i = 0; ping->explains && i < IDLE_MAX; i++) {
		rc = pier__ping_next_error(ping, &error, &n);
		if (rc == -EAGAIN)
			return 0;
		/* This machine's own was the result of the send. */
		if (rc < 0 || error.type < 0 ||
			pier__ping_read_quoted(
				&found, ping->buf, n, &ping->form) < 0)
			continue;
		probe = probe_of(ping, &found);
		if (probe != NULL && probe->state == PIER__PING_WAITS)
			return meet_error(ping, event, probe, &error);
	}
	return 0;
}

/* An error without a queue that tells of it: the oldest probe's. */
static int
blame_oldest(struct pier_ping *ping, struct pier_ping_event *event, int rc)
{
	struct pier__ping_probe *probe = pier__ping_book_oldest(ping->book);
	struct pier_packet_error error = pier__ping_own_error(rc);

	if (ping->explains || probe == NULL)
		return 0;
	return meet_error(ping, event, probe, &error);
}

/* ---- Sending ------------------------------------------------------------ */

static int
send_once(struct pier_ping *ping, size_t len)
{
	struct iovec piece = { ping->buf, len };
	struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t n;

	if (!ping->connected) {
		header.msg_name = &ping->to.u;
		header.msg_namelen = ping->to.len;
	}
	do {
		n = pier__calls()->sendmsg(pier__bare_fd(&ping->socket),
			&header, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n == -EINTR);
	/* A full buffer is the machine's trouble as a full queue is. */
	return n == -EAGAIN ? -ENOBUFS : n < 0 ? (int)n : 0;
}

/* How large a packet the path takes, where that is known; else 0. */
static uint32_t
path_mtu(const struct pier_ping *ping)
{
	int mtu = 0;
	socklen_t len = sizeof(mtu);
	int rc = ping->form.v6 ? pier__calls()->getsockopt(
					 pier__bare_fd(&ping->socket),
					 IPPROTO_IPV6, IPV6_MTU, &mtu, &len)
			       : pier__calls()->getsockopt(
					 pier__bare_fd(&ping->socket),
					 IPPROTO_IP, IP_MTU, &mtu, &len);

	return rc == 0 && mtu > 0 ? (uint32_t)mtu : 0;
}

static int
send_due(struct pier_ping *ping, struct pier_ping_event *event, int64_t now)
{
	struct pier_packet_error error;
	struct pier__ping_probe *probe;
	size_t len;
	int rc = -EAGAIN, i;

	if (!pier__ping_book_has_more(ping->book) || now < ping->next_ns ||
		!pier__ping_book_has_room(ping->book))
		return 0;
	pier__ping_advance(ping, now);
	probe = pier__ping_book_send(ping->book, now);
	len = pier__ping_write(ping->buf, &ping->form, probe->sequence);
	for (i = 0; rc < 0 && i < SEND_TRIES; i++) {
		probe->sent_ns = pier_now();
		rc = send_once(ping, len);
	}
	if (rc == 0)
		return 0;
	error = pier__ping_own_error(rc);
	if (rc == -EMSGSIZE)
		error.mtu = path_mtu(ping);
	pier__ping_lose(ping, event, probe, &error);
	return 1;
}

/* ---- Receiving ---------------------------------------------------------- */

/* The time that passed until the kernel had the answer. The clocks of stamps
   and of probes differ, so what counts is how long it has been lying here; not
   when somebody set the clock meanwhile. */
static int64_t
round_trip(
	const struct pier__ping_probe *probe, int64_t stamp_ns, bool *by_kernel)
{
	int64_t rtt = pier_now() - probe->sent_ns, lay;

	if (stamp_ns == 0)
		return rtt;
	lay = pier__calls()->realtime_ns() - stamp_ns;
	*by_kernel = lay >= 0 && lay <= rtt;
	return *by_kernel ? rtt - lay : rtt;
}

static void
meet_answer(struct pier_ping *ping, struct pier_ping_event *event,
	struct pier__ping_probe *probe, const struct pier__ping_found *found,
	const struct pier_msg *along)
{
	bool by_kernel = false;
	int64_t rtt = round_trip(probe, along->time_ns, &by_kernel);

	*event = pier__ping_event(
		pier__ping_book_answer(ping->book, probe, rtt, false), probe);
	event->rtt_ns = rtt;
	event->by_kernel = by_kernel;
	event->ttl = found->ttl >= 0 ? found->ttl : along->ttl;
	event->size = found->size;
	/* An answer of UDP is whatever the service says. */
	if (ping->form.bare)
		return;
	event->corrupt =
		!pier__ping_is_intact(found, &ping->form, probe->sequence);
	event->truncated = !event->corrupt && found->size < ping->form.size;
	ping->book->sums.corrupt += event->corrupt || event->truncated;
}

/* 1: *event; 0: nothing more is there; -EINTR: it was for somebody else. */
static int
receive(struct pier_ping *ping, struct pier_ping_event *event)
{
	alignas(struct cmsghdr) unsigned char control[CONTROL_MAX];
	struct pier_addr from = { .len = 0 };
	struct iovec piece = { ping->buf, ping->room };
	struct msghdr header = { .msg_name = &from.u,
		.msg_namelen = sizeof(from.u),
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct pier__ping_probe *probe;
	struct pier__ping_found found;
	struct pier_msg along;
	ssize_t n = pier__calls()->recvmsg(
		pier__bare_fd(&ping->socket), &header, MSG_DONTWAIT);

	if (n < 0)
		return (int)n;
	if (n == 0 && ping->way == PIER__PING_L2CAP)
		return -ECONNRESET;
	if (pier__ping_read(&found, ping->buf, (size_t)n, &ping->form) < 0)
		return -EINTR;
	probe = probe_of(ping, &found);
	if (probe == NULL)
		return -EINTR;
	if (found.is_refusal)
		return pier__ping_l2cap_refused(ping, event, probe, found.mtu);
	pier__msg_begin(&along);
	pier__control_read(&along, &header, 0);
	meet_answer(ping, event, probe, &found, &along);
	from.len = header.msg_namelen;
	if (ping->way == PIER__PING_L2CAP)
		from = ping->to;
	else if (!ping->form.bare)
		(void)pier_addr_set_port(&from, 0);
	event->from = from;
	return 1;
}

static int
take_answer(struct pier_ping *ping, struct pier_ping_event *event)
{
	int rc = -EINTR, i;

	for (i = 0; rc == -EINTR && i < IDLE_MAX; i++)
		rc = receive(ping, event);
	if (rc == 1 || rc == -EINTR)
		return rc == 1;
	if (rc == -EAGAIN) {
		pier__bare_drained(&ping->socket, PIER_READING);
		return 0;
	}
	/* Over a connection that is lost nothing more comes. */
	if (pier_is_resource(rc) || rc == -EBADF ||
		ping->way == PIER__PING_L2CAP)
		return rc;
	/* Its record came into the queue after that was read. */
	i = take_error(ping, event);
	return i != 0 ? i : blame_oldest(ping, event, rc);
}

/* Whose time is over, once all that has come was looked at. */
static int
expire(struct pier_ping *ping, struct pier_ping_event *event, int64_t now)
{
	struct pier__ping_probe *probe = pier__ping_book_oldest(ping->book);

	if (probe == NULL || now - probe->sent_ns < ping->opts.wait_ns)
		return 0;
	*event = pier__ping_event(PIER_PING_LOST, probe);
	pier__ping_book_lose(ping->book, probe, now, false);
	return 1;
}

int
pier__ping_datagram_turn(
	struct pier_ping *ping, struct pier_ping_event *event, int64_t now)
{
	int rc = take_error(ping, event);

	if (rc == 0)
		rc = send_due(ping, event, now);
	if (rc == 0)
		rc = take_answer(ping, event);
	if (rc == 0)
		rc = expire(ping, event, now);
	return rc;
}
