/* SPDX-License-Identifier: MIT */
/* net/batch.c - see batch.h. */
#include "net/batch.h"

#include <errno.h>
#include <string.h>

#include "net/came_back.h"

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
	if (size > PIER__BATCH_SLICE)
		batch->tail_size = size - PIER__BATCH_SLICE;
	*out = batch;
	return 0;
}

static void
drop_tails(struct pier__batch *batch)
{
	if (batch->tails != NULL)
		(void)pier__calls()->unmap(
			batch->tails, batch->tail_size * batch->max);
	batch->tails = NULL;
	batch->has_tails_touched = false;
}

void
pier__batch_free(struct pier__batch *batch)
{
	if (batch == NULL)
		return;
	drop_tails(batch);
	(void)pier__calls()->unmap(batch, sizeof(*batch));
}

void
pier__batch_rest(struct pier__batch *batch)
{
	if (batch->has_tails_touched)
		drop_tails(batch);
}

static void
prepare(struct pier__batch *batch, const struct pier_packet *packet,
	unsigned max)
{
	bool is_long = batch->tail_size > 0;
	unsigned i;

	for (i = 0; i < max; i++) {
		batch->pieces[i][0] = (struct iovec){ .iov_base =
							      batch->slices[i],
			.iov_len = is_long ? PIER__BATCH_SLICE : batch->size };
		if (is_long)
			batch->pieces[i][1] = (struct iovec){
				.iov_base = batch->tails + i * batch->tail_size,
				.iov_len = batch->tail_size
			};
		batch->headers[i] = (struct mmsghdr){
			.msg_hdr = { .msg_name = &batch->peers[i].u,
				.msg_namelen = sizeof(batch->peers[i].u),
				.msg_iov = batch->pieces[i],
				.msg_iovlen = is_long ? 2 : 1,
				.msg_control = batch->control[i],
				.msg_controllen = pier__packet_control_room(
					packet, NULL) }
		};
	}
}

int
pier__batch_receive(
	struct pier__batch *batch, struct pier_packet *packet, unsigned max)
{
	pier_deadline now = PIER_NOW;
	int rc = pier__packet_enter(packet, PIER__IN, &now);
	void *tails = NULL;

	if (max > batch->max)
		max = batch->max;
	if (rc == 0 && batch->tail_size > 0 && batch->tails == NULL) {
		rc = pier__calls()->map(&tails, batch->tail_size * batch->max);
		batch->tails = tails;
	}
	if (rc == 0) {
		prepare(batch, packet, max);
		do
			rc = pier__calls()->recvmmsg(packet->desc->fd,
				batch->headers, max,
				MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
		while (rc == -EINTR);
	}
	if (rc < 0)
		rc = pier__packet_look_back(packet, rc);
	if (rc == -EAGAIN)
		PIER__NOTE(packet->desc->readable, false);
	else if (rc < 0)
		return pier__packet_fail_receive(packet, rc);
	batch->next = 0;
	batch->count = rc > 0 ? (unsigned)rc : 0;
	return rc;
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
	struct mmsghdr *came = &batch->headers[batch->next];
	size_t size = pier__batch_next_size(batch);
	size_t head = size < PIER__BATCH_SLICE ? size : PIER__BATCH_SLICE;
	struct iovec room = { .iov_base = buf, .iov_len = batch->size };
	int rc;

	pier__msg_begin(msg);
	memcpy(&msg->peer.u, &batch->peers[batch->next].u,
		came->msg_hdr.msg_namelen);
	memcpy(buf, batch->slices[batch->next], head);
	if (size > head) {
		batch->has_tails_touched = true;
		memcpy((unsigned char *)buf + head,
			batch->tails + batch->next * batch->tail_size,
			size - head);
	}
	batch->next++;
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
	reply->to = msg->peer;
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
