/* SPDX-License-Identifier: MIT */
/*
 * net/packet_recv.c - messages received, one or several, with what comes along.
 *
 * A message is taken whole by one system call, so nothing is buffered here.
 * What came with it (the address asked, the link) stays in struct pier_msg, and
 * an answer is sent by that.
 */
#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "net/came_back.h"
#include "net/control.h"
#include "net/isotp.h"
#include "net/l2cap.h"
#include "net/mailbox.h"
#include "net/packet.h"
#include "net/pass.h"
#include "net/raw.h"
#include "net/stream.h"
#include "net/tipc.h"
#include "net/udp.h"
#include "net/unixgram.h"

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

/* What a message may bring along, and how much room it takes. On a Unix socket
   there is none for descriptors that nobody asked for: the kernel closes
   them. */
size_t
pier__packet_control_room(
	const struct pier_packet *packet, const struct pier_fds *fds)
{
	if (packet->family != AF_UNIX)
		return PIER__CONTROL_MAX;
	if (fds != NULL)
		return PIER__PASSED_ROOM;
	return packet->senders || packet->marks ? PIER__CRED_ROOM : 0;
}

static int
read_control(struct pier_packet *packet, struct pier_msg *msg,
	struct pier_fds *fds, struct msghdr *header)
{
	if (packet->family == AF_TIPC)
		return pier__tipc_returned(header);
	if (packet->family == AF_BLUETOOTH)
		return 0;
	if (packet->family != AF_UNIX) {
		pier__control_read(msg, header, own_port(packet));
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
	if (packet->family == AF_BLUETOOTH)
		return false; /* told by an error */
	return packet->ends && !(packet->marks && header->msg_controllen > 0);
}

_Static_assert(PIER__CRED_ROOM <= PIER__CONTROL_MAX &&
		       PIER__TIPC_ROOM <= PIER__CONTROL_MAX &&
		       PIER__CONTROL_MAX <= PIER__PASSED_ROOM,
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

static void
note_end(const struct pier_packet *packet)
{
	if (packet->carrier != NULL)
		packet->carrier->at_end = true;
}

/* What a receive of n bytes brought. 0, or the error that it means. */
PIER__HOT int
pier__packet_take(struct pier_packet *packet, struct pier_msg *msg,
	struct pier_fds *fds, struct msghdr *header, size_t n)
{
	const struct iovec *piece = header->msg_iov;

	if (n == 0 && is_end(packet, header)) {
		note_end(packet);
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
	/* The kernel says by which link it came, and no identifiers. */
	if (packet->isotp != NULL) {
		msg->peer = packet->to;
		msg->interface = (unsigned int)packet->to.u.can.interface;
	}
	if (packet->own.len > 0) {
		msg->local.len = packet->own.len;
		pier__addr_bytes(&msg->local, &packet->own, packet->own.len);
	}
	return header->msg_controllen > 0 || fds != NULL
		       ? read_control(packet, msg, fds, header)
		       : 0;
}

static int
receive_letter(struct pier_packet *packet, struct pier_msg *msg, void *buf,
	size_t size)
{
	int rc = pier__mailbox_look(packet->mailbox);

	if (rc == 0)
		pier__mailbox_take(packet->mailbox, msg, buf, size);
	return rc;
}

/* As many as are there. */
static int
receive_letters(struct pier_packet *packet, struct pier_msg *msgs,
	struct iovec *pieces, unsigned int count)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++)
		rc = receive_letter(packet, &msgs[i], pieces[i].iov_base,
			pieces[i].iov_len);
	if (rc < 0)
		i--;
	return i > 0 ? (int)i : rc;
}

/* What an earlier message met is met first. */
static int
came_back_before(struct pier_packet *packet)
{
	return packet->came_back == NULL ? 0 : pier__came_back_before(packet);
}

int
pier__packet_look_back(struct pier_packet *packet, int rc)
{
	return packet->came_back == NULL || rc == -EINTR
		       ? rc
		       : pier__came_back(packet, PIER__IN, rc);
}

/* One attempt. 0, or -errno. */
static int
receive(struct pier_packet *packet, struct pier_msg *msg, struct pier_fds *fds,
	void *buf, size_t size)
{
	alignas(struct cmsghdr) unsigned char control[PIER__PASSED_ROOM];
	struct iovec piece = { .iov_base = buf, .iov_len = size };
	struct msghdr header = header_for(packet, fds, msg, &piece, control);
	ssize_t (*call)(int, struct msghdr *, int) =
		packet->ip_header                ? pier__raw_recvmsg
		: packet->family == AF_BLUETOOTH ? pier__l2cap_recvmsg
						 : pier__calls()->recvmsg;
	ssize_t n;

	if (packet->mailbox != NULL)
		return receive_letter(packet, msg, buf, size);
	n = came_back_before(packet);
	if (n < 0)
		return (int)n;
	n = packet->isotp != NULL
		    ? pier__isotp_recv(packet, &header)
		    : call(packet->desc->fd, &header,
			      MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	if (n < 0 && n != -EAGAIN)
		n = pier__packet_look_back(packet, (int)n);
	if (n == -EAGAIN)
		PIER__NOTE(packet->desc->readable, false);
	if (n == -PIER_EEND)
		note_end(packet);
	return n < 0 ? (int)n
		     : pier__packet_take(packet, msg, fds, &header, (size_t)n);
}

/* The first alone, of a family that has no call for several. */
static int
receive_one(struct pier_packet *packet, struct pier_msg *msgs,
	const struct iovec *pieces)
{
	int rc = receive(
		packet, &msgs[0], NULL, pieces[0].iov_base, pieces[0].iov_len);

	return rc < 0 ? rc : 1;
}

/* One attempt at several; each msg is cleared. How many, or -errno. */
static int
receive_many(struct pier_packet *packet, struct pier_msg *msgs,
	struct iovec *pieces, unsigned int count)
{
	alignas(struct cmsghdr) unsigned char control[PIER_BATCH_MAX]
						     [PIER__CONTROL_MAX];
	int (*call)(int, struct mmsghdr *, unsigned int, int);
	struct mmsghdr list[PIER_BATCH_MAX];
	unsigned int i;
	int n;

	if (packet->mailbox != NULL)
		return receive_letters(packet, msgs, pieces, count);
	if (packet->family == AF_BLUETOOTH)
		return receive_one(packet, msgs, pieces);
	for (i = 0; i < count; i++)
		list[i] = (struct mmsghdr){ .msg_hdr = header_for(packet, NULL,
						    &msgs[i], &pieces[i],
						    control[i]) };
	n = came_back_before(packet);
	if (n < 0)
		return n;
	call = packet->ip_header ? pier__raw_recvmmsg : pier__calls()->recvmmsg;
	n = packet->isotp != NULL
		    ? pier__isotp_recv_many(packet, list, count)
		    : call(packet->desc->fd, list, count,
			      MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	if (n < 0 && n != -EAGAIN)
		n = pier__packet_look_back(packet, n);
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

static const char *
explain_receive(const struct pier_packet *packet, int rc)
{
	if (packet->isotp != NULL)
		return pier__isotp_explain_receive(rc);
	switch (rc) {
	case -ECONNREFUSED:
		return "an earlier message met a closed port";
	case -PIER_EEND:
		return "the peer has ended, or was silent for too long";
	case -EMFILE:
		return "the descriptors that came could not all be taken";
	case -EOPNOTSUPP:
		return "only Unix sockets pass descriptors";
	default:
		return NULL;
	}
}

int
pier__packet_fail_long(
	const struct pier_packet *packet, const struct pier_msg *msg)
{
	char detail[80];

	(void)snprintf(detail, sizeof(detail),
		"it has %zu bytes, and there is room for %zu", msg->full_size,
		msg->size);
	return pier__packet_fail(packet, -EMSGSIZE, PIER_STEP_RECEIVE, detail);
}

int
pier__packet_fail_receive(const struct pier_packet *packet, int rc)
{
	char text[PIER__CAME_BACK_MAX];

	return pier__packet_fail(packet, rc, PIER_STEP_RECEIVE,
		pier__came_back_text(packet, rc, text)
			? text
			: explain_receive(packet, rc));
}

/* The next message, waiting; fds may be NULL. */
static int
receive_next(struct pier_packet *packet, struct pier_msg *msg,
	struct pier_fds *fds, void *buf, size_t size, pier_deadline deadline)
{
	int rc = pier__packet_enter(packet, PIER__IN, &deadline);
	bool waits = deadline.ns != 0;

	while (rc == 0) {
		rc = receive(packet, msg, fds, buf, size);
		/* Something was there, and no message: an error in the queue
		   would end each wait at once. */
		if (rc == -EAGAIN && !waits)
			rc = pier__packet_look_back(packet, rc);
		waits = false;
		if (rc == -EINTR)
			rc = 0;
		else if (rc == -EAGAIN)
			rc = pier__packet_wait(packet, PIER__IN, deadline);
		else
			break;
	}
	if (pier__packet_is_aborted(packet))
		rc = -ECONNABORTED;
	return rc < 0 ? pier__packet_fail_receive(packet, rc) : 0;
}

int
pier__packet_await(struct pier_packet *packet, pier_deadline deadline)
{
	int rc = pier__packet_enter(packet, PIER__IN, &deadline);

	if (rc == 0)
		rc = pier__packet_wait(packet, PIER__IN, deadline);
	return rc < 0 ? pier__packet_fail(packet, rc, PIER_STEP_RECEIVE, NULL)
		      : 0;
}

int
pier__packet_try(struct pier_packet *packet, struct pier_msg *msg, void *buf,
	size_t size)
{
	int rc;

	pier__msg_begin(msg);
	rc = receive(packet, msg, NULL, buf, size);
	if (rc == -EINTR)
		rc = -EAGAIN;
	if (rc < 0 && rc != -EAGAIN && pier__packet_is_aborted(packet))
		rc = -ECONNABORTED;
	return rc < 0 && rc != -EAGAIN ? pier__packet_fail_receive(packet, rc)
				       : rc;
}

int
pier_recv_sized(struct pier_packet *packet, struct pier_msg *out,
	size_t msg_size, void *buf, size_t size, pier_deadline deadline)
{
	struct pier_msg msg;
	int rc;

	pier__msg_begin(&msg);
	msg.truncated = false;
	rc = receive_next(packet, &msg, NULL, buf, size, deadline);
	/* With -EMSGSIZE it tells which of two it is. */
	if (rc < 0 && rc != -EMSGSIZE)
		return rc;
	if (rc < 0) {
		msg.data = buf;
		msg.size = 0;
		msg.full_size = 0;
	}
	memcpy(out, &msg, msg_size < sizeof(msg) ? msg_size : sizeof(msg));
	return msg.truncated ? pier__packet_fail_long(packet, &msg) : rc;
}

static int
receive_some(struct pier_packet *packet, struct pier_msg *msgs,
	struct iovec *pieces, unsigned int count, pier_deadline deadline)
{
	int rc = pier__packet_enter(packet, PIER__IN, &deadline);
	bool waits = deadline.ns != 0;

	while (rc == 0) {
		rc = receive_many(packet, msgs, pieces, count);
		if (rc == -EAGAIN && !waits)
			rc = pier__packet_look_back(packet, rc);
		waits = false;
		if (rc == -EINTR)
			rc = 0;
		else if (rc == -EAGAIN)
			rc = pier__packet_wait(packet, PIER__IN, deadline);
	}
	if (rc < 0 && pier__packet_is_aborted(packet))
		rc = -ECONNABORTED;
	return rc < 0 ? pier__packet_fail_receive(packet, rc) : rc;
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
		return pier__packet_fail(
			packet, -ENOMEM, PIER_STEP_RECEIVE, NULL);
	for (i = 0; i < count; i++) {
		const struct pier_incoming *one =
			(void *)((char *)list + i * item_size);

		pier__msg_begin(&msgs[i]);
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
	struct pier_msg msg = { .size = 0 };
	struct pier_fds came;
	int rc;

	pier__msg_begin(&msg);
	came.count = 0;
	if (packet->family != AF_UNIX)
		return pier__packet_fail(packet, -EOPNOTSUPP, PIER_STEP_RECEIVE,
			explain_receive(packet, -EOPNOTSUPP));
	rc = receive_next(packet, &msg, &came, buf, size, deadline);
	if (rc < 0) {
		pier_fds_close(&came);
		return rc;
	}
	memcpy(out, &msg, msg_size < sizeof(msg) ? msg_size : sizeof(msg));
	if (msg.truncated) {
		pier_fds_close(&came);
		return pier__packet_fail_long(packet, &msg);
	}
	fds->count = came.count;
	memcpy(fds->fd, came.fd, sizeof(int) * came.count);
	return 0;
}
