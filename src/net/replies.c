/* SPDX-License-Identifier: MIT */
/* net/replies.c - see replies.h. */
#include "net/replies.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "net/came_back.h"
#include "os/direct.h"

/* The longest that are sent as one: they fit any path of IPv6 (RFC 8200 5, less
   40 bytes of its header and 8 of UDP's), as the kernel cuts none of them up
   any further. */
#define ALIKE_MAX 1232

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

/* ---- What is alike ------------------------------------------------------ */

/* Does the kernel part what is sent on packet? Asked for once. */
static bool
is_parted(struct pier_packet *packet)
{
	if (packet->parts == PIER__PARTS_UNKNOWN)
		packet->parts = pier__control_parts(packet->desc->fd)
					? PIER__PARTS
					: PIER__PARTS_NOT;
	return packet->parts == PIER__PARTS;
}

/* Would an answer to msg leave from there, too? */
static bool
is_from_there(const struct pier__reply *one, const struct pier_msg *msg)
{
	alignas(struct cmsghdr) unsigned char control[PIER__CONTROL_MAX];
	struct msghdr header = { .msg_controllen = 0 };

	pier__control_answer(&header, control, msg);
	return header.msg_controllen == one->where &&
	       memcmp(control, one->control, one->where) == 0;
}

static bool
is_alike(const struct pier__reply *one, const struct pier_packet *packet,
	const struct pier_msg *msg, size_t size, pier_deadline deadline)
{
	return size == one->size && size > 0 && size <= ALIKE_MAX &&
	       !one->parted && deadline.ns == one->deadline.ns &&
	       msg->peer.len == one->to.len &&
	       memcmp(&msg->peer.u, &one->to.u, one->to.len) == 0 &&
	       (packet->own.len > 0 || is_from_there(one, msg));
}

/* One more like the last one, behind which it lies. */
static void
join(struct pier__replies *it)
{
	struct pier__reply *last = &it->list[it->count - 1];

	if (last->count++ == 1)
		pier__control_part(&it->headers[it->count - 1].msg_hdr,
			last->control, last->size);
	last->piece.iov_len += last->size;
}

/* The first of those that wait was refused by rc. Will its messages leave one by
   one? */
static bool
part(struct pier__replies *it, struct pier_packet *packet, int rc)
{
	struct pier__reply *one = &it->list[it->first];

	if (one->parted || one->count == 1)
		return false;
	one->parted = true;
	one->piece.iov_len = one->size;
	it->headers[it->first].msg_hdr.msg_controllen = one->where;
	/* Of the way that they take, and not of any one of them. */
	if (rc == -EIO || rc == -EINVAL || rc == -EMSGSIZE)
		packet->parts = PIER__PARTS_NOT;
	return true;
}

/* ---- Gathering and sending ---------------------------------------------- */

static bool
is_full(const struct pier__replies *it, size_t size)
{
	/* Each that waits may fail. */
	return it->waiting + it->failure_count >= PIER_BATCH_MAX ||
	       it->count == PIER_BATCH_MAX ||
	       size > sizeof(it->room) - it->used;
}

/* One more that is not alike. */
static void
put(struct pier__replies *it, const struct pier_packet *packet,
	const struct pier_msg *msg, size_t size, pier_deadline deadline)
{
	struct pier__reply *reply = &it->list[it->count];
	struct msghdr *header = &it->headers[it->count].msg_hdr;

	/* Of an address little is used. */
	reply->to.len = msg->peer.len;
	pier__addr_bytes(&reply->to, &msg->peer, msg->peer.len);
	reply->deadline = deadline;
	reply->size = size;
	reply->count = 1;
	reply->parted = false;
	reply->piece = (struct iovec){ .iov_base = it->room + it->used,
		.iov_len = size };
	*header = (struct msghdr){ .msg_name = &reply->to.u,
		.msg_namelen = reply->to.len,
		.msg_iov = &reply->piece,
		.msg_iovlen = 1 };
	if (packet->own.len == 0)
		pier__control_answer(header, reply->control, msg);
	reply->where = header->msg_controllen;
	it->count++;
}

PIER__HOT bool
pier__replies_add(struct pier_packet *packet, const struct pier_msg *msg,
	const void *data, size_t size, pier_deadline deadline)
{
	struct pier__replies *it = pier__replies_open(packet);
	bool alone = size > PIER__BATCH_SLICE || deadline.ns == 0;

	if (it == NULL)
		return false;
	if (alone || is_full(it, size)) {
		(void)pier__replies_flush(it, packet);
		if (alone || is_full(it, size))
			return false;
	}
	if (it->count > it->first &&
		is_alike(&it->list[it->count - 1], packet, msg, size,
			deadline) &&
		is_parted(packet))
		join(it);
	else
		put(it, packet, msg, size, deadline);
	if (size > 0)
		memcpy(it->room + it->used, data, size);
	it->used += size;
	it->waiting++;
	return true;
}

/* The first of those that wait has gone or failed: all its messages, or one
   where they leave one by one. */
static void
first_gone(struct pier__replies *it)
{
	struct pier__reply *one = &it->list[it->first];
	unsigned gone = one->parted ? 1 : one->count;

	it->waiting -= gone;
	one->count -= gone;
	one->piece.iov_base = (char *)one->piece.iov_base + one->size;
	if (one->count == 0)
		it->first++;
}

static void
first_failed(struct pier__replies *it, int rc)
{
	it->failures[it->failure_count++] = rc;
	first_gone(it);
}

/* One attempt, at one message only where they leave one by one. */
static int
send_some(const struct pier__replies *it, const struct pier_packet *packet)
{
	const struct pier__reply *one = &it->list[it->first];

	return pier__sys_sendmmsg(packet->desc->fd,
		(struct mmsghdr *)(uintptr_t)&it->headers[it->first],
		one->parted ? 1 : it->count - it->first,
		MSG_DONTWAIT | MSG_NOSIGNAL);
}

PIER__HOT PIER__AFTER_CALL int
pier__replies_flush(struct pier__replies *it, struct pier_packet *packet)
{
	while (it->first < it->count) {
		int i, n = send_some(it, packet);

		if (n == -EAGAIN)
			return n;
		if (n < 0 && n != -EINTR && packet->came_back != NULL)
			n = pier__came_back(packet, PIER__OUT, n);
		if (n < 0 && n != -EINTR && !part(it, packet, n))
			first_failed(it, n);
		for (i = 0; i < n; i++) {
			packet->bytes_out += it->headers[it->first].msg_len;
			first_gone(it);
		}
	}
	it->first = 0;
	it->count = 0;
	it->used = 0;
	return 0;
}

PIER__HOT PIER__AFTER_CALL void
pier__replies_finish(struct pier__replies *it, struct pier_packet *packet)
{
	while (pier__replies_flush(it, packet) == -EAGAIN) {
		int rc = pier__packet_await_room(
			packet, it->list[it->first].deadline);

		if (rc < 0) {
			(void)part(it, packet, rc);
			first_failed(it, rc);
		}
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
