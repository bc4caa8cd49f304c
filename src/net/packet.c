/* SPDX-License-Identifier: MIT */
/*
 * net/packet.c - packet sockets of every family: sent on, received from, ended.
 * They are opened in packet_open.c, and tell of themselves in packet_about.c.
 *
 * A message is taken or sent whole by one system call, so nothing is buffered
 * here. What came with it (the address asked, the link) stays in struct
 * pier_msg, and an answer is sent by that.
 */
#include "net/packet.h"

#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "net/batch.h"
#include "net/failure.h"
#include "net/pass.h"
#include "net/stream.h"
#include "net/udp.h"
#include "net/unixgram.h"

static bool
is_aborted(const struct pier_packet *packet)
{
	if (packet->carrier != NULL &&
		atomic_load_explicit(
			&packet->carrier->aborted, memory_order_acquire))
		return true;
	return atomic_load_explicit(&packet->aborted, memory_order_acquire);
}

/* What every call that may wait begins with. Not noted. */
static int
enter(struct pier_packet *packet, unsigned what, pier_deadline *deadline)
{
	struct pier__task *self = pier__self();
	int rc;

	if (self == NULL)
		return -ENOMEM;
	if (deadline->ns < 0)
		*deadline = pier__timeout_deadline(packet->timeout_ms);
	if (packet->carrier != NULL) {
		/* The server's limits hold. */
		rc = pier__stream_enter(packet->carrier, what, deadline);
	} else {
		if (deadline->ns == 0)
			pier__desc_look_again(packet->desc, what);
		rc = pier__desc_claim(packet->desc, self);
		if (rc == 0)
			rc = pier__enter(self, *deadline);
	}
	if (rc == 0 && is_aborted(packet))
		rc = -ECONNABORTED;
	/* The next message is for the task that waits for it. Sending has no
	   such order: a message goes whole or not at all. */
	if (rc == 0 && what == PIER__IN && pier__desc_busy(packet->desc, what))
		rc = -EBUSY;
	return rc;
}

static int
wait_for(struct pier_packet *packet, unsigned what, pier_deadline deadline)
{
	const char *why = what == PIER__IN ? "receive" : "send";
	int rc = packet->carrier != NULL
			 ? pier__stream_wait(
				   packet->carrier, what, why, deadline)
			 : pier__desc_wait(packet->desc, what, why, deadline);

	return is_aborted(packet) ? -ECONNABORTED : rc;
}

/* Its port never changes once it has one: asked for once. */
static unsigned int
own_port(struct pier_packet *packet)
{
	struct pier_addr own = { .len = sizeof(own.u) };

	if (packet->port == 0 && pier__calls()->getsockname(packet->desc->fd,
					 &own.u.sa, &own.len) == 0)
		packet->port = (uint16_t)pier_addr_port(&own);
	return packet->port;
}

int
pier__packet_enter(
	struct pier_packet *packet, unsigned what, pier_deadline deadline)
{
	return enter(packet, what, &deadline);
}

int
pier__packet_await_room(struct pier_packet *packet, pier_deadline deadline)
{
	int rc = enter(packet, PIER__OUT, &deadline);

	PIER__NOTE(packet->desc->writable, false);
	return rc < 0 ? rc : wait_for(packet, PIER__OUT, deadline);
}

/* What a message may bring along, and how much room it takes. On a Unix socket
   there is none for descriptors that nobody asked for: the kernel closes
   them. */
size_t
pier__packet_control_room(
	const struct pier_packet *packet, const struct pier_fds *fds)
{
	if (packet->family != AF_UNIX)
		return PIER__PKTINFO_MAX;
	if (fds != NULL)
		return PIER__PASSED_ROOM;
	return packet->senders || packet->marks ? PIER__CRED_ROOM : 0;
}

static int
read_control(struct pier_packet *packet, struct pier_msg *msg,
	struct pier_fds *fds, struct msghdr *header)
{
	if (packet->family != AF_UNIX) {
		pier__pktinfo_read(msg, header, own_port(packet));
		return 0;
	}
	if (packet->senders)
		pier__sender_take(msg, header);
	return pier__passed_take(fds, header);
}

/* Does a receive of no bytes mean the peer's end? */
static bool
is_end(const struct pier_packet *packet, const struct msghdr *header)
{
	return packet->ends && !(packet->marks && header->msg_controllen > 0);
}

_Static_assert(PIER__CRED_ROOM <= PIER__PKTINFO_MAX,
	"one size of room serves every family, where no descriptors are "
	"wanted");

/* A header for one message into msg and buf. */
static struct msghdr
header_for(const struct pier_packet *packet, const struct pier_fds *fds,
	struct pier_msg *msg, struct iovec *piece, void *control)
{
	return (struct msghdr){ .msg_name = &msg->peer.u,
		.msg_namelen = sizeof(msg->peer.u),
		.msg_iov = piece,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = pier__packet_control_room(packet, fds) };
}

/* What a receive of n bytes brought. 0, or the error that it means. */
int
pier__packet_take(struct pier_packet *packet, struct pier_msg *msg,
	struct pier_fds *fds, struct msghdr *header, size_t n)
{
	const struct iovec *piece = header->msg_iov;

	if (n == 0 && is_end(packet, header)) {
		if (packet->carrier != NULL)
			packet->carrier->at_end = true;
		return -PIER_EEND;
	}
	if (packet->carrier != NULL)
		pier__stream_moved_in(packet->carrier, n);
	msg->data = piece->iov_base;
	msg->full_size = n;
	msg->truncated = n > piece->iov_len;
	msg->size = msg->truncated ? piece->iov_len : n;
	msg->peer.len = header->msg_namelen;
	if (msg->peer.len <= sizeof(msg->peer.u.sa.sa_family))
		msg->peer.len = 0;
	return header->msg_controllen > 0 || fds != NULL
		       ? read_control(packet, msg, fds, header)
		       : 0;
}

/* One attempt. 0, or -errno. */
static int
receive(struct pier_packet *packet, struct pier_msg *msg, struct pier_fds *fds,
	void *buf, size_t size)
{
	alignas(struct cmsghdr) unsigned char control[PIER__PASSED_ROOM];
	struct iovec piece = { .iov_base = buf, .iov_len = size };
	struct msghdr header = header_for(packet, fds, msg, &piece, control);
	ssize_t n = pier__calls()->recvmsg(packet->desc->fd, &header,
		MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);

	if (n == -EAGAIN)
		PIER__NOTE(packet->desc->readable, false);
	return n < 0 ? (int)n
		     : pier__packet_take(packet, msg, fds, &header, (size_t)n);
}

/* One attempt at several; each msg is cleared. How many, or -errno. */
static int
receive_many(struct pier_packet *packet, struct pier_msg *msgs,
	struct iovec *pieces, unsigned int count)
{
	alignas(struct cmsghdr) unsigned char control[PIER_BATCH_MAX]
						     [PIER__PKTINFO_MAX];
	struct mmsghdr list[PIER_BATCH_MAX];
	unsigned int i;
	int n;

	for (i = 0; i < count; i++)
		list[i] = (struct mmsghdr){ .msg_hdr = header_for(packet, NULL,
						    &msgs[i], &pieces[i],
						    control[i]) };
	n = pier__calls()->recvmmsg(packet->desc->fd, list, count,
		MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	if (n == -EAGAIN)
		PIER__NOTE(packet->desc->readable, false);
	for (i = 0; n > 0 && i < (unsigned int)n; i++) {
		int rc = pier__packet_take(packet, &msgs[i], NULL,
			&list[i].msg_hdr, list[i].msg_len);

		/* The end comes again. */
		if (rc < 0)
			return i > 0 ? (int)i : rc;
	}
	return n;
}

static int
fail(const struct pier_packet *packet, int rc, enum pier_step step,
	const char *detail)
{
	return pier__fail_step(rc, step, packet->text, detail);
}

static const char *
explain_receive(int rc)
{
	switch (rc) {
	case -ECONNREFUSED:
		return "an earlier message met a closed port";
	case -PIER_EEND:
		return "the peer has ended";
	case -EMFILE:
		return "the descriptors that came could not all be taken";
	case -EOPNOTSUPP:
		return "only Unix sockets pass descriptors";
	default:
		return NULL;
	}
}

int
pier__packet_fail_receive(const struct pier_packet *packet, int rc)
{
	return fail(packet, rc, PIER_STEP_RECEIVE, explain_receive(rc));
}

/* The next message, waiting; fds may be NULL. */
static int
receive_next(struct pier_packet *packet, struct pier_msg *msg,
	struct pier_fds *fds, void *buf, size_t size, pier_deadline deadline)
{
	int rc = enter(packet, PIER__IN, &deadline);

	while (rc == 0) {
		rc = receive(packet, msg, fds, buf, size);
		if (rc == -EINTR)
			rc = 0;
		else if (rc == -EAGAIN)
			rc = wait_for(packet, PIER__IN, deadline);
		else
			break;
	}
	if (is_aborted(packet))
		rc = -ECONNABORTED;
	return rc < 0 ? fail(packet, rc, PIER_STEP_RECEIVE, explain_receive(rc))
		      : 0;
}

int
pier__packet_await(struct pier_packet *packet, pier_deadline deadline)
{
	int rc = enter(packet, PIER__IN, &deadline);

	if (rc == 0)
		rc = wait_for(packet, PIER__IN, deadline);
	return rc < 0 ? fail(packet, rc, PIER_STEP_RECEIVE, NULL) : 0;
}

int
pier__packet_try(struct pier_packet *packet, struct pier_msg *msg, void *buf,
	size_t size)
{
	int rc;

	*msg = (struct pier_msg){ .peer = { .len = 0 } };
	rc = receive(packet, msg, NULL, buf, size);
	if (rc == -EINTR)
		rc = -EAGAIN;
	if (rc < 0 && rc != -EAGAIN && is_aborted(packet))
		rc = -ECONNABORTED;
	return rc < 0 && rc != -EAGAIN ? fail(packet, rc, PIER_STEP_RECEIVE,
						 explain_receive(rc))
				       : rc;
}

int
pier_recv_sized(struct pier_packet *packet, struct pier_msg *out,
	size_t msg_size, void *buf, size_t size, pier_deadline deadline)
{
	struct pier_msg msg = { .peer = { .len = 0 } };
	int rc = receive_next(packet, &msg, NULL, buf, size, deadline);

	if (rc == 0)
		memcpy(out, &msg,
			msg_size < sizeof(msg) ? msg_size : sizeof(msg));
	return rc;
}

static int
receive_some(struct pier_packet *packet, struct pier_msg *msgs,
	struct iovec *pieces, unsigned int count, pier_deadline deadline)
{
	int rc = enter(packet, PIER__IN, &deadline);

	while (rc == 0) {
		rc = receive_many(packet, msgs, pieces, count);
		if (rc == -EINTR)
			rc = 0;
		else if (rc == -EAGAIN)
			rc = wait_for(packet, PIER__IN, deadline);
	}
	if (rc < 0 && is_aborted(packet))
		rc = -ECONNABORTED;
	return rc < 0 ? fail(packet, rc, PIER_STEP_RECEIVE, explain_receive(rc))
		      : rc;
}

int
pier_recv_many_sized(struct pier_packet *packet, struct pier_incoming *list,
	size_t item_size, size_t count, pier_deadline deadline)
{
	const size_t head = offsetof(struct pier_incoming, msg);
	size_t size = item_size - head;
	struct iovec pieces[PIER_BATCH_MAX];
	struct pier_msg *msgs;
	size_t i;
	int n;

	if (count > PIER_BATCH_MAX)
		count = PIER_BATCH_MAX;
	if (count == 0)
		return 0;
	/* Too much for a fiber's stack; and the kernel writes to it. */
	msgs = pier__alloc(count * sizeof(*msgs));
	if (msgs == NULL)
		return fail(packet, -ENOMEM, PIER_STEP_RECEIVE, NULL);
	for (i = 0; i < count; i++) {
		const struct pier_incoming *one =
			(void *)((char *)list + i * item_size);

		pieces[i] = (struct iovec){ .iov_base = one->buf,
			.iov_len = one->size };
	}
	n = receive_some(packet, msgs, pieces, (unsigned int)count, deadline);
	for (i = 0; n > 0 && i < (size_t)n; i++)
		memcpy((char *)list + i * item_size + head, &msgs[i],
			size < sizeof(*msgs) ? size : sizeof(*msgs));
	pier__free(msgs);
	return n;
}

int
pier_packet_recv_fds_sized(struct pier_packet *packet, struct pier_msg *out,
	size_t msg_size, struct pier_fds *fds, void *buf, size_t size,
	pier_deadline deadline)
{
	struct pier_msg msg = { .peer = { .len = 0 } };
	struct pier_fds came;
	int rc;

	came.count = 0;
	if (packet->family != AF_UNIX)
		return fail(packet, -EOPNOTSUPP, PIER_STEP_RECEIVE,
			explain_receive(-EOPNOTSUPP));
	rc = receive_next(packet, &msg, &came, buf, size, deadline);
	if (rc < 0) {
		pier_fds_close(&came);
		return rc;
	}
	fds->count = came.count;
	memcpy(fds->fd, came.fd, sizeof(int) * came.count);
	memcpy(out, &msg, msg_size < sizeof(msg) ? msg_size : sizeof(msg));
	return 0;
}

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
	return wait_for(packet, PIER__OUT, deadline);
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
	return fail(packet, rc, PIER_STEP_SEND, explain(rc));
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
	int rc = enter(packet, PIER__OUT, &deadline);

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
	if (is_aborted(packet))
		rc = -ECONNABORTED;
	return fail(packet, rc, PIER_STEP_SEND, explain(rc));
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
		return fail(packet, -EDESTADDRREQ, PIER_STEP_SEND,
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
	int rc = enter(packet, PIER__OUT, &deadline);

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
	if (rc < 0 && is_aborted(packet))
		rc = -ECONNABORTED;
	return rc < 0 ? fail(packet, rc, PIER_STEP_SEND, explain(rc)) : rc;
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
		return fail(packet, rc, PIER_STEP_SEND, explain(rc));
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
		return fail(packet, -EDESTADDRREQ, PIER_STEP_SEND,
			"the sender has no name to answer to");
	if (pier__replies_open(packet) != NULL &&
		enter(packet, PIER__OUT, &until) == 0 &&
		pier__replies_add(packet, msg, data, size, until))
		return 0;
	fill(&header, &iov, &msg->peer, data, size);
	if (msg->local.len > 0 || msg->interface != 0)
		pier__pktinfo_write(&header, control, msg);
	return send_message(packet, &header, deadline);
}

int
pier_packet_move(struct pier_packet *packet)
{
	if (pier__desc_is_elsewhere(packet->desc))
		return fail(packet, -EXDEV, PIER_STEP_WAIT, NULL);
	if (packet->desc->reader != NULL || packet->desc->writer != NULL)
		return fail(packet, -EBUSY, PIER_STEP_WAIT, NULL);
	pier__desc_forget(packet->desc);
	return 0;
}

void
pier_packet_abort(struct pier_packet *packet)
{
	atomic_store_explicit(&packet->aborted, true, memory_order_release);
	/* Wakes who waits, also where it answers ENOTCONN. */
	(void)pier__calls()->shutdown(packet->desc->fd, SHUT_RDWR);
}

void
pier_packet_close(struct pier_packet *packet)
{
	if (packet == NULL)
		return;
	pier__unix_remove(&packet->file, &packet->own_place.addr);
	pier__unix_place_close(&packet->own_place);
	pier__unix_place_close(&packet->peer_place);
	if (pier__desc_is_watched_elsewhere(packet->desc)) {
		pier_packet_abort(packet);
		(void)fail(packet, -EXDEV, PIER_STEP_SHUTDOWN, NULL);
		return;
	}
	/* A carrier's is closed with the carrier. */
	if (packet->carrier == NULL)
		pier__desc_close(packet->desc);
	pier__free(packet);
}
