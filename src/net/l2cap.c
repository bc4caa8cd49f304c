/* SPDX-License-Identifier: MIT */
/*
 * net/l2cap.c - see l2cap.h.
 *
 * A channel that its peer closed is told of as a reset, and before the messages
 * that still queue: an error of a socket comes first where datagrams are
 * received. So after it the queue is read on, and its end is the end. There the
 * kernel gives no bytes, as for an empty message; with SO_TIMESTAMPNS that one
 * brings a time along, and the end does not.
 */
#include "net/l2cap.h"

#include <errno.h>

#include "net/wishes.h"
#include "task/failure.h"

#define DRAIN_FIRST_NS INT64_C(200000)
#define DRAIN_MAX_NS   INT64_C(50000000)

/* -EINVAL for what this kind does not have. */
static int
check(const struct pier__packet_plan *plan)
{
	const char *detail = NULL;

	if (plan->opts.listen)
		detail =
			"packets with a connection are accepted: pier_listen() "
			"and pier_packet_accept()";
	else if (plan->opts.unconnected)
		detail = "an L2CAP client is connected";
	else if (plan->opts.senders)
		detail = "Bluetooth does not tell of processes";
	return detail == NULL ? 0
			      : pier__fail_step(-EINVAL, PIER_STEP_CREATE,
					plan->text, detail);
}

static int
connect_to(struct pier__bt_try *it, struct pier_packet *packet,
	const struct pier__packet_plan *plan)
{
	const struct pier__option_kind kind = { .domain = AF_BLUETOOTH,
		.type = SOCK_SEQPACKET };
	int rc;

	it->step = PIER_STEP_CONNECT;
	rc = pier__packet_connect(packet, &plan->endpoint.addr, plan->deadline);
	if (rc < 0)
		return rc;
	it->step = PIER_STEP_OPTION;
	rc = pier__l2cap_mark(packet->desc->fd);
	if (rc < 0)
		return rc;
	return pier__wishes_set(&plan->endpoint.wishes, packet->desc->fd, &kind,
		PIER__MOMENT_CONNECTED, &it->why);
}

int
pier__l2cap_open(struct pier_packet **out, const struct pier__packet_plan *plan)
{
	struct pier__bt_try it = { .endpoint = &plan->endpoint,
		.bind = plan->opts.bind };
	struct pier_packet *packet;
	int rc = check(plan);
	int fd;

	if (rc < 0)
		return rc;
	fd = pier__bt_socket(&it);
	if (fd < 0)
		return pier__bt_fail(&it, plan->text, fd);
	rc = pier__packet_new(&packet, fd, AF_BLUETOOTH, plan);
	if (rc < 0) {
		pier__close(fd);
		it.step = PIER_STEP_CREATE;
		return pier__bt_fail(&it, plan->text, rc);
	}
	rc = connect_to(&it, packet, plan);
	if (rc < 0) {
		pier_packet_close(packet);
		return pier__bt_fail(&it, plan->text, rc);
	}
	*out = packet;
	return 0;
}

int
pier__l2cap_mark(int fd)
{
	static const int on = 1;

	return pier__calls()->setsockopt(
		fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
}

static ssize_t
look(int fd, struct msghdr *header, int flags)
{
	ssize_t n = pier__calls()->recvmsg(fd, header, flags);

	return n == 0 && header->msg_controllen == 0 ? -ENOTCONN : n;
}

static bool
is_end(ssize_t n)
{
	return n == -ECONNRESET || n == -ENOTCONN;
}

ssize_t
pier__l2cap_recvmsg(int fd, struct msghdr *header, int flags)
{
	struct msghdr again = *header;
	ssize_t n = look(fd, header, flags);

	if (!is_end(n) && !(n == -EAGAIN && pier__bt_is_over(fd)))
		return n;
	*header = again;
	n = look(fd, header, flags);
	return n == -EAGAIN || is_end(n) ? -PIER_EEND : n;
}

/* Nothing tells when the last has left: asked at growing intervals. */
static int
await_left(int fd, pier_deadline deadline)
{
	int64_t interval = DRAIN_FIRST_NS;

	for (;;) {
		pier_deadline look;
		int rc = pier__bt_unsent(fd);

		if (rc <= 0 || pier__bt_is_over(fd))
			return rc < 0 ? rc : 0;
		if (deadline.ns == 0)
			return -EAGAIN;
		look = pier_earlier(pier_in_ns(interval), deadline);
		rc = pier__park(pier__current, "drain", fd, look);
		if (rc == -PIER_EDEADLINE && look.ns < deadline.ns)
			rc = 0;
		if (rc < 0)
			return rc;
		if (interval < DRAIN_MAX_NS)
			interval += interval / 8;
	}
}

int
pier_packet_drain(struct pier_packet *packet, pier_deadline deadline)
{
	int rc = pier__packet_enter(packet, PIER__OUT, &deadline);

	if (rc == 0 && packet->family == AF_BLUETOOTH)
		rc = await_left(packet->desc->fd, deadline);
	return rc == 0 || rc == -EAGAIN
		       ? rc
		       : pier__packet_fail(packet, rc, PIER_STEP_SEND, NULL);
}
