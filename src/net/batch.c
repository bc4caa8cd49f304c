/* SPDX-License-Identifier: MIT */
/* net/batch.c - see batch.h. */
#include "net/batch.h"

#include <errno.h>
#include <string.h>

#include "net/came_back.h"

#define LINE ((size_t)64)

int
pier__batch_new(struct pier__batch **out, size_t size)
{
	size_t max = size > 0 ? PIER__BATCH_BYTES / size : PIER_BATCH_MAX;
	struct pier__batch *batch;
	void *room = NULL;
	int rc = pier__calls()->map(&room, sizeof(*batch));

	if (rc < 0)
		return -ENOMEM;
	batch = room;
	batch->size = size;
	batch->max = max > PIER_BATCH_MAX ? PIER_BATCH_MAX
		     : max > 0            ? (unsigned)max
					  : 1;
	/* Beginnings of messages are not to fall on the same lines of the
	   cache, as those of pages do. */
	batch->stride = (size + LINE - 1) / LINE * LINE + LINE;
	batch->stale = batch->max;
	*out = batch;
	return 0;
}

static void
drop_bytes(struct pier__batch *batch)
{
	if (batch->bytes != NULL)
		(void)pier__calls()->unmap(
			batch->bytes, batch->stride * batch->max);
	batch->bytes = NULL;
	batch->has_long = false;
}

void
pier__batch_free(struct pier__batch *batch)
{
	if (batch == NULL)
		return;
	drop_bytes(batch);
	(void)pier__calls()->unmap(batch, sizeof(*batch));
}

void
pier__batch_rest(struct pier__batch *batch)
{
	if (batch->has_long)
		drop_bytes(batch);
}

static unsigned char *
bytes_of(const struct pier__batch *batch, unsigned i)
{
	return batch->bytes + i * batch->stride;
}

/* Bytes to receive into. 0 or -ENOMEM. */
static int
take_bytes(struct pier__batch *batch)
{
	void *bytes = NULL;
	int rc;

	if (batch->bytes != NULL)
		return 0;
	rc = pier__calls()->map(&bytes, batch->stride * batch->max);
	batch->bytes = bytes;
	batch->stale = batch->max;
	return rc;
}

/* Headers are as a receive wants them from `stale` on. */
static void
prepare(struct pier__batch *batch, size_t control_room)
{
	unsigned i;

	if (batch->control_room != control_room)
		batch->stale = batch->max;
	batch->control_room = control_room;
	for (i = 0; i < batch->stale; i++) {
		batch->pieces[i] =
			(struct iovec){ .iov_base = bytes_of(batch, i),
				.iov_len = batch->size };
		batch->headers[i] = (struct mmsghdr){
			.msg_hdr = { .msg_name = &batch->peers[i].u,
				.msg_namelen = sizeof(batch->peers[i].u),
				.msg_iov = &batch->pieces[i],
				.msg_iovlen = 1,
				.msg_control = batch->control[i],
				.msg_controllen = control_room }
		};
	}
}

static int
receive(struct pier__batch *batch, struct pier_packet *packet, unsigned max)
{
	int rc = packet->came_back == NULL ? 0 : pier__came_back_before(packet);

	if (rc < 0)
		return rc;
	prepare(batch, pier__packet_control_room(packet, NULL));
	do
		rc = pier__calls()->recvmmsg(packet->desc->fd, batch->headers,
			max, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	while (rc == -EINTR);
	batch->stale = rc > 0 ? (unsigned)rc : 1;
	if (rc < 0 && rc != -EAGAIN)
		rc = pier__packet_look_back(packet, rc);
	/* With fewer than it had room for, the kernel has met the end of the
	   queue, or an error that a socket of many peers has only if it asked
	   for it. */
	if (rc == -EAGAIN ||
		(rc > 0 && (unsigned)rc < max && packet->family != AF_UNIX &&
			packet->came_back == NULL))
		PIER__NOTE(packet->desc->readable, false);
	return rc;
}

int
pier__batch_receive(
	struct pier__batch *batch, struct pier_packet *packet, unsigned max)
{
	pier_deadline now = PIER_NOW;
	int rc = pier__packet_enter(packet, PIER__IN, &now);

	if (rc == 0)
		rc = take_bytes(batch);
	if (rc == 0)
		rc = receive(
			batch, packet, max < batch->max ? max : batch->max);
	if (rc < 0 && rc != -EAGAIN)
		return pier__packet_fail_receive(packet, rc);
	batch->next = 0;
	batch->count = rc > 0 ? (unsigned)rc : 0;
	return rc;
}

uint64_t
pier__batch_bytes(const struct pier__batch *batch)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < batch->count; i++)
		sum += batch->headers[i].msg_len;
	return sum;
}

size_t
pier__batch_next_size(const struct pier__batch *batch)
{
	size_t size = batch->headers[batch->next].msg_len;

	return size < batch->size ? size : batch->size;
}

int
pier__batch_take(struct pier__batch *batch, struct pier_packet *packet,
	struct pier_msg *msg, void *buf)
{
	unsigned i = batch->next++;
	struct mmsghdr *came = &batch->headers[i];
	size_t size = came->msg_len < batch->size ? came->msg_len : batch->size;
	struct iovec room = { .iov_base = buf, .iov_len = batch->size };
	int rc;

	pier__msg_begin(msg);
	memcpy(&msg->peer.u, &batch->peers[i].u, came->msg_hdr.msg_namelen);
	memcpy(buf, bytes_of(batch, i), size);
	batch->has_long = batch->has_long || size > PIER__BATCH_SLICE;
	came->msg_hdr.msg_iov = &room;
	rc = pier__packet_take(
		packet, msg, NULL, &came->msg_hdr, came->msg_len);
	came->msg_hdr.msg_iov = NULL;
	return rc < 0 ? pier__packet_fail_receive(packet, rc) : 0;
}

void
pier__replies_begin(struct pier__replies *replies, struct pier_packet *packet)
{
	if (packet->connected || packet->family == AF_UNIX)
		return;
	replies->gatherer = pier__current;
	packet->replies = replies;
}

void
pier__replies_end(struct pier_packet *packet)
{
	if (packet->replies != NULL)
		packet->replies->gatherer = NULL;
	packet->replies = NULL;
}

struct pier__replies *
pier__replies_open(const struct pier_packet *packet)
{
	const struct pier__task *self = pier__current;

	/* Another scheduler's task may not even look. */
	if (self == NULL || self->sched == NULL ||
		packet->desc->owner != self->sched || packet->replies == NULL ||
		packet->replies->gatherer != self)
		return NULL;
	return packet->replies;
}

bool
pier__replies_add(struct pier_packet *packet, const struct pier_msg *msg,
	const void *data, size_t size, pier_deadline deadline)
{
	struct pier__replies *it = pier__replies_open(packet);
	struct pier__reply *reply;
	struct mmsghdr *header;

	if (it == NULL)
		return false;
	if (it->count == PIER_BATCH_MAX || size > sizeof(it->room) - it->used)
		(void)pier__replies_flush(it, packet);
	/* Each that waits may fail. */
	if (size > PIER__BATCH_SLICE || deadline.ns == 0 ||
		it->count - it->first + it->failure_count >= PIER_BATCH_MAX ||
		it->count == PIER_BATCH_MAX ||
		size > sizeof(it->room) - it->used) {
		(void)pier__replies_flush(it, packet);
		return false;
	}
	reply = &it->list[it->count];
	header = &it->headers[it->count];
	/* Of an address little is used. */
	reply->to.len = msg->peer.len;
	memcpy(&reply->to.u, &msg->peer.u, msg->peer.len);
	reply->deadline = deadline;
	reply->piece = (struct iovec){ .iov_base = it->room + it->used,
		.iov_len = size };
	if (size > 0)
		memcpy(reply->piece.iov_base, data, size);
	it->used += size;
	*header = (struct mmsghdr){ .msg_hdr = { .msg_name = &reply->to.u,
					    .msg_namelen = reply->to.len,
					    .msg_iov = &reply->piece,
					    .msg_iovlen = 1 } };
	if (packet->own.len == 0)
		pier__control_answer(&header->msg_hdr, reply->control, msg);
	it->count++;
	return true;
}

static void
first_failed(struct pier__replies *it, int rc)
{
	it->failures[it->failure_count++] = rc;
	it->first++;
}

int
pier__replies_flush(struct pier__replies *it, struct pier_packet *packet)
{
	while (it->first < it->count) {
		int i, n = pier__calls()->sendmmsg(packet->desc->fd,
			       it->headers + it->first, it->count - it->first,
			       MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n == -EAGAIN)
			return n;
		if (n < 0 && n != -EINTR && packet->came_back != NULL)
			n = pier__came_back(packet, PIER__OUT, n);
		if (n < 0 && n != -EINTR)
			first_failed(it, n);
		for (i = 0; i < n; i++)
			packet->bytes_out += it->headers[it->first++].msg_len;
	}
	it->first = 0;
	it->count = 0;
	it->used = 0;
	return 0;
}

void
pier__replies_finish(struct pier__replies *it, struct pier_packet *packet)
{
	while (pier__replies_flush(it, packet) == -EAGAIN) {
		int rc = pier__packet_await_room(
			packet, it->list[it->first].deadline);

		if (rc < 0)
			first_failed(it, rc);
	}
}

int
pier__replies_failure(
	struct pier__replies *it, const struct pier_packet *packet)
{
	int rc;

	if (it->failure_count == 0)
		return 0;
	rc = it->failures[0];
	it->failure_count--;
	memmove(it->failures, it->failures + 1,
		it->failure_count * sizeof(it->failures[0]));
	return pier__packet_fail_send(packet, rc);
}
