/* SPDX-License-Identifier: MIT */
/*
 * net/packet_send.c - messages sent, one or several, and answers, which leave
 * from where they were asked. Each goes whole or not at all.
 */
#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "net/bt.h"
#include "net/came_back.h"
#include "net/control.h"
#include "net/isotp.h"
#include "net/mailbox.h"
#include "net/many.h"
#include "net/packet.h"
#include "net/pass.h"
#include "net/replies.h"
#include "net/stream.h"
#include "net/udp.h"
#include "net/unixgram.h"

/* Waits until another attempt makes sense. An unconnected Unix socket counts
   as writable also when its peer's queue is full, and a descriptor that others
   have is theirs to wait for: hence the pause. */
static int
wait_to_send(struct pier_packet *packet, const struct msghdr *header,
	int64_t *pause_ns, pier_deadline deadline)
{
	if (packet->mailbox != NULL ||
		(packet->family == AF_UNIX && header->msg_name != NULL))
		return deadline.ns == 0
			       ? -EAGAIN
			       : pier__unix_pause(pause_ns, "send", deadline);
	PIER__NOTE(packet->desc->writable, false);
	return pier__packet_wait(packet, PIER__OUT, deadline);
}

static const char *
explain(int rc)
{
	switch (rc) {
	case -EMSGSIZE:
		return "longer than the protocol or the path takes at once";
	case -EDESTADDRREQ:
		return "the socket has no peer, and none was given";
	case -ECONNREFUSED:
		return "an earlier message met a closed port, or the socket's "
		       "server is gone";
	case -EACCES:
		return "to broadcast it needs SO_BROADCAST: .broadcast, or "
		       "?broadcast=1";
	case -EINVAL:
		return "a ttl, tos or segment_size out of range, or an address "
		       "of another family than the socket's";
	case -ENODEV:
		return "no such interface";
	case -EOPNOTSUPP:
		return "only Unix sockets pass descriptors";
	default:
		return NULL;
	}
}

int
pier__packet_fail_send(const struct pier_packet *packet, int rc)
{
	char text[PIER__CAME_BACK_MAX];

	return pier__packet_fail(packet, rc, PIER_STEP_SEND,
		pier__came_back_text(packet, rc, text) ? text : explain(rc));
}

/* What a send that did not go gave; 0: try again. */
static int
look_back(struct pier_packet *packet, int rc)
{
	if (packet->family == AF_BLUETOOTH)
		return pier__bt_sent(rc);
	return packet->came_back == NULL || rc == -EINTR || rc == -EAGAIN
		       ? rc
		       : pier__came_back(packet, PIER__OUT, rc);
}

/* What this task has gathered goes first. */
static void
keep_order(struct pier_packet *packet)
{
	struct pier__replies *replies = pier__replies_open(packet);

	if (replies != NULL)
		(void)pier__replies_flush(replies, packet);
}

static int
send_message(struct pier_packet *packet, struct msghdr *header,
	pier_deadline deadline)
{
	int64_t pause_ns = 0;
	int rc;

	if (packet->isotp != NULL)
		return pier__isotp_send(packet, header, deadline);
	rc = pier__packet_enter(packet, PIER__OUT, &deadline);
	keep_order(packet);
	while (rc == 0) {
		ssize_t n =
			packet->mailbox != NULL
				? pier__mailbox_send(packet, header)
				: pier__calls()->sendmsg(packet->desc->fd,
					  header, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0) {
			packet->bytes_out += (uint64_t)n;
			if (packet->carrier != NULL)
				pier__stream_moved_out(
					packet->carrier, (size_t)n);
			return 0;
		}
		rc = look_back(packet, (int)n);
		if (rc == -EINTR)
			rc = 0;
		else if (rc == -EAGAIN)
			rc = wait_to_send(packet, header, &pause_ns, deadline);
	}
	if (pier__packet_is_aborted(packet))
		rc = -ECONNABORTED;
	return pier__packet_fail_send(packet, rc);
}

/* The header of one message; iov has room for its one piece. */
static void
fill(struct msghdr *header, struct iovec *iov, const struct pier_addr *to,
	const void *data, size_t size)
{
	/* The kernel reads only; neither struct has a const. */
	iov->iov_base = (void *)(uintptr_t)data;
	iov->iov_len = size;
	*header = (struct msghdr){ .msg_iov = iov, .msg_iovlen = 1 };
	if (to != NULL) {
		header->msg_name = (void *)(uintptr_t)&to->u;
		header->msg_namelen = to->len;
	}
}

/* Where a message goes when `to` was given; NULL: where it is connected to. */
static const struct pier_addr *
goes_to(const struct pier_packet *packet, const struct pier_addr *to)
{
	return to == NULL && !packet->connected ? &packet->to : to;
}

int
pier__packet_send_out(struct pier_packet *packet,
	const struct pier_outgoing *out, pier_deadline deadline)
{
	alignas(struct cmsghdr) unsigned char control[PIER__CONTROL_MAX];
	struct msghdr header;
	struct iovec iov;
	int rc;

	fill(&header, &iov, out->to, out->data, out->size);
	rc = pier__control_write(&header, control, packet->family, out);
	return rc < 0 ? pier__packet_fail_send(packet, rc)
		      : send_message(packet, &header, deadline);
}

/* Is what it is for many, by links that are named; or one peer, whom an address
   and link of this machine are for? */
static bool
is_for_links(const struct pier_packet *packet, const struct pier_addr *to)
{
	return to == NULL && (packet->everywhere || packet->interface != 0 ||
				     packet->mailbox != NULL);
}

/* `given` has no address. 0, or an error. */
static int
send_by_links(struct pier_packet *packet, const struct pier_outgoing *given,
	pier_deadline deadline)
{
	struct pier_outgoing out = *given;
	int rc;

	out.to = &packet->to;
	if (packet->mailbox != NULL && out.local == NULL) {
		out.local = &packet->mailbox->local;
		out.interface = packet->mailbox->interface;
	} else if (out.interface == 0) {
		out.interface = packet->interface;
	}
	if (packet->everywhere)
		rc = pier_broadcast(packet, &out, deadline);
	else
		rc = pier__packet_send_out(packet, &out, deadline);
	return rc < 0 ? rc : 0;
}

int
pier_send(struct pier_packet *packet, const struct pier_addr *to,
	const void *data, size_t size, pier_deadline deadline)
{
	struct msghdr header;
	struct iovec iov;

	if (is_for_links(packet, to))
		return send_by_links(packet,
			&(struct pier_outgoing){ .data = data, .size = size },
			deadline);
	to = goes_to(packet, to);
	if (to != NULL && to->len == 0)
		return pier__packet_fail(packet, -EDESTADDRREQ, PIER_STEP_SEND,
			explain(-EDESTADDRREQ));
	fill(&header, &iov, to, data, size);
	return send_message(packet, &header, deadline);
}

/* What an array of outgoing messages is, of a caller that may know less of
   them. */
struct outgoing {
	const struct pier_outgoing *list;
	size_t item_size;
	unsigned int count;
};

static struct pier_outgoing
item_at(const struct outgoing *it, unsigned int i)
{
	const char *place = (const char *)it->list + i * it->item_size;
	struct pier_outgoing one = { .to = NULL };

	memcpy(&one, place,
		it->item_size < sizeof(one) ? it->item_size : sizeof(one));
	return one;
}

struct attempt {
	struct mmsghdr list[PIER_BATCH_MAX];
	struct iovec pieces[PIER_BATCH_MAX];
	alignas(struct cmsghdr) unsigned char control[PIER_BATCH_MAX]
						     [PIER__CONTROL_MAX];
};

/* How many of the beginning can go together. 0 or the error when that is
   none. */
static int
prepare(struct attempt *attempt, const struct pier_packet *packet,
	const struct outgoing *given)
{
	unsigned int i;

	for (i = 0; i < given->count; i++) {
		const struct pier_outgoing one = item_at(given, i);
		const struct pier_addr *to = goes_to(packet, one.to);
		struct msghdr *header = &attempt->list[i].msg_hdr;
		int rc = to != NULL && to->len == 0 ? -EDESTADDRREQ : 0;

		if (i > 0 && is_for_links(packet, one.to))
			break;
		attempt->list[i].msg_len = 0;
		fill(header, &attempt->pieces[i], to, one.data, one.size);
		if (rc == 0)
			rc = pier__control_write(header, attempt->control[i],
				packet->family, &one);
		/* It fails alone, when it is the first. */
		if (rc < 0)
			return i > 0 ? (int)i : rc;
	}
	return (int)i;
}

/* One attempt. How many went, or -errno. */
static int
send_some(struct pier_packet *packet, const struct outgoing *given)
{
	struct attempt attempt;
	int i, n = prepare(&attempt, packet, given);

	if (n < 0)
		return n;
	if (packet->mailbox != NULL)
		n = pier__mailbox_send_many(
			packet, attempt.list, (unsigned int)n);
	else
		n = pier__calls()->sendmmsg(packet->desc->fd, attempt.list,
			(unsigned int)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	for (i = 0; i < n; i++) {
		packet->bytes_out += attempt.list[i].msg_len;
		if (packet->carrier != NULL)
			pier__stream_moved_out(
				packet->carrier, attempt.list[i].msg_len);
	}
	return n;
}

static int
send_list(struct pier_packet *packet, const struct outgoing *given,
	pier_deadline deadline)
{
	/* Whether the first one has an address decides how to wait. */
	const struct msghdr to = {
		.msg_name = packet->connected ? NULL : &packet->to
	};
	int64_t pause_ns = 0;
	int rc = pier__packet_enter(packet, PIER__OUT, &deadline);

	if (rc == 0 && given->count == 0)
		return 0;
	keep_order(packet);
	while (rc == 0) {
		rc = send_some(packet, given);
		if (rc < 0)
			rc = look_back(packet, rc);
		if (rc == -EINTR)
			rc = 0;
		else if (rc == -EAGAIN)
			rc = wait_to_send(packet, &to, &pause_ns, deadline);
	}
	if (rc < 0 && pier__packet_is_aborted(packet))
		rc = -ECONNABORTED;
	return rc < 0 ? pier__packet_fail_send(packet, rc) : rc;
}

int
pier_send_many_sized(struct pier_packet *packet,
	const struct pier_outgoing *list, size_t item_size, size_t count,
	pier_deadline deadline)
{
	const struct outgoing given = { .list = list,
		.item_size = item_size,
		.count = count < PIER_BATCH_MAX ? (unsigned int)count
						: PIER_BATCH_MAX };

	if (count > 0) {
		const struct pier_outgoing first = item_at(&given, 0);

		if (is_for_links(packet, first.to)) {
			int rc = send_by_links(packet, &first, deadline);

			return rc < 0 ? rc : 1;
		}
		if (packet->isotp != NULL) {
			int rc =
				pier__packet_send_out(packet, &first, deadline);

			return rc < 0 ? rc : 1;
		}
	}
	return send_list(packet, &given, deadline);
}

int
pier_packet_send_fds(struct pier_packet *packet, const struct pier_addr *to,
	const struct pier_fds *fds, const void *data, size_t size,
	pier_deadline deadline)
{
	alignas(struct cmsghdr) unsigned char control[PIER__PASSED_ROOM];
	struct msghdr header;
	struct iovec iov;
	int rc = 0;

	to = goes_to(packet, to);
	if (packet->family != AF_UNIX)
		rc = -EOPNOTSUPP;
	else if (fds->count > PIER_FDS_MAX)
		rc = -EINVAL;
	else if (to != NULL && to->len == 0)
		rc = -EDESTADDRREQ;
	if (rc < 0)
		return pier__packet_fail(
			packet, rc, PIER_STEP_SEND, explain(rc));
	fill(&header, &iov, to, data, size);
	if (fds->count > 0)
		pier__passed_put(&header, control, fds);
	return send_message(packet, &header, deadline);
}

static inline int
enter_to_reply(struct pier_packet *packet, pier_deadline *deadline)
{
	if (!pier__packet_is_plain(packet, pier__current, *deadline))
		return pier__packet_enter(packet, PIER__OUT, deadline);
	*deadline = PIER_FOREVER;
	return 0;
}

PIER__HOT int
pier_reply(struct pier_packet *packet, const struct pier_msg *msg,
	const void *data, size_t size, pier_deadline deadline)
{
	alignas(struct cmsghdr) unsigned char control[PIER__CONTROL_MAX];
	struct msghdr header;
	struct iovec iov;
	pier_deadline until = deadline;

	if (packet->connected)
		return pier_send(packet, NULL, data, size, deadline);
	if (msg->peer.len == 0)
		return pier__packet_fail(packet, -EDESTADDRREQ, PIER_STEP_SEND,
			"the sender has no name to answer to");
	if (pier__replies_open(packet) != NULL &&
		enter_to_reply(packet, &until) == 0 &&
		pier__replies_add(packet, msg, data, size, until))
		return 0;
	fill(&header, &iov, &msg->peer, data, size);
	/* Bound to one address, it leaves from that. */
	if (packet->own.len == 0)
		pier__control_answer(&header, control, msg);
	return send_message(packet, &header, deadline);
}
