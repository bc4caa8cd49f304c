/* SPDX-License-Identifier: MIT */
/*
 * net/packet_send.c - messages sent, one or several, and answers, which leave
 * from where they were asked. Each goes whole or not at all.
 */
#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "net/batch.h"
#include "net/packet.h"
#include "net/pass.h"
#include "net/stream.h"
#include "net/udp.h"
#include "net/unixgram.h"

/* Waits until another attempt makes sense. An unconnected Unix socket counts
   as writable also when its peer's queue is full, hence the pause. */
static int
wait_to_send(struct pier_packet *packet, const struct msghdr *header,
	int64_t *pause_ns, pier_deadline deadline)
{
	if (packet->family == AF_UNIX && header->msg_name != NULL)
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
		return "broadcast needs SO_BROADCAST";
	case -EOPNOTSUPP:
		return "only Unix sockets pass descriptors";
	default:
		return NULL;
	}
}

int
pier__packet_fail_send(const struct pier_packet *packet, int rc)
{
	return pier__packet_fail(packet, rc, PIER_STEP_SEND, explain(rc));
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
	int rc = pier__packet_enter(packet, PIER__OUT, &deadline);

	keep_order(packet);
	while (rc == 0) {
		ssize_t n = pier__calls()->sendmsg(
			packet->desc->fd, header, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0) {
			packet->bytes_out += (uint64_t)n;
			if (packet->carrier != NULL)
				pier__stream_moved_out(
					packet->carrier, (size_t)n);
			return 0;
		}
		rc = (int)n;
		if (rc == -EINTR)
			rc = 0;
		else if (rc == -EAGAIN)
			rc = wait_to_send(packet, header, &pause_ns, deadline);
	}
	if (pier__packet_is_aborted(packet))
		rc = -ECONNABORTED;
	return pier__packet_fail(packet, rc, PIER_STEP_SEND, explain(rc));
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
pier_send(struct pier_packet *packet, const struct pier_addr *to,
	const void *data, size_t size, pier_deadline deadline)
{
	struct msghdr header;
	struct iovec iov;

	to = goes_to(packet, to);
	if (to != NULL && to->len == 0)
		return pier__packet_fail(packet, -EDESTADDRREQ, PIER_STEP_SEND,
			explain(-EDESTADDRREQ));
	fill(&header, &iov, to, data, size);
	return send_message(packet, &header, deadline);
}

/* One attempt. How many went, or -errno. */
static int
send_some(struct pier_packet *packet, const struct pier_outgoing *given,
	unsigned int count)
{
	struct mmsghdr list[PIER_BATCH_MAX];
	struct iovec pieces[PIER_BATCH_MAX];
	unsigned int i;
	int n;

	for (i = 0; i < count; i++) {
		const struct pier_addr *to = goes_to(packet, given[i].to);

		/* It fails alone, when it is the first. */
		if (to != NULL && to->len == 0)
			break;
		list[i].msg_len = 0;
		fill(&list[i].msg_hdr, &pieces[i], to, given[i].data,
			given[i].size);
	}
	if (i == 0)
		return -EDESTADDRREQ;
	n = pier__calls()->sendmmsg(
		packet->desc->fd, list, i, MSG_DONTWAIT | MSG_NOSIGNAL);
	for (i = 0; n > 0 && i < (unsigned int)n; i++) {
		packet->bytes_out += list[i].msg_len;
		if (packet->carrier != NULL)
			pier__stream_moved_out(
				packet->carrier, list[i].msg_len);
	}
	return n;
}

int
pier_send_many(struct pier_packet *packet, const struct pier_outgoing *list,
	size_t count, pier_deadline deadline)
{
	/* Whether the first one has an address decides how to wait. */
	const struct msghdr to = {
		.msg_name = packet->connected ? NULL : &packet->to
	};
	int64_t pause_ns = 0;
	int rc = pier__packet_enter(packet, PIER__OUT, &deadline);

	if (count > PIER_BATCH_MAX)
		count = PIER_BATCH_MAX;
	if (rc == 0 && count == 0)
		return 0;
	keep_order(packet);
	while (rc == 0) {
		rc = send_some(packet, list, (unsigned int)count);
		if (rc == -EINTR)
			rc = 0;
		else if (rc == -EAGAIN)
			rc = wait_to_send(packet, &to, &pause_ns, deadline);
	}
	if (rc < 0 && pier__packet_is_aborted(packet))
		rc = -ECONNABORTED;
	return rc < 0 ? pier__packet_fail(
				packet, rc, PIER_STEP_SEND, explain(rc))
		      : rc;
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

int
pier_reply(struct pier_packet *packet, const struct pier_msg *msg,
	const void *data, size_t size, pier_deadline deadline)
{
	alignas(struct cmsghdr) unsigned char control[PIER__PKTINFO_MAX];
	struct msghdr header;
	struct iovec iov;
	pier_deadline until = deadline;

	if (packet->connected)
		return pier_send(packet, NULL, data, size, deadline);
	if (msg->peer.len == 0)
		return pier__packet_fail(packet, -EDESTADDRREQ, PIER_STEP_SEND,
			"the sender has no name to answer to");
	if (pier__replies_open(packet) != NULL &&
		pier__packet_enter(packet, PIER__OUT, &until) == 0 &&
		pier__replies_add(packet, msg, data, size, until))
		return 0;
	fill(&header, &iov, &msg->peer, data, size);
	if (msg->local.len > 0 || msg->interface != 0)
		pier__pktinfo_write(&header, control, msg);
	return send_message(packet, &header, deadline);
}
