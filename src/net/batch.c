/* SPDX-License-Identifier: MIT */
/* net/batch.c - see batch.h. */
#include "net/batch.h"

#include <errno.h>
#include <string.h>

#include "net/block.h"
#include "net/came_back.h"
#include "net/isotp.h"
#include "os/direct.h"

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
map_bytes(struct pier__batch *batch)
{
	void *bytes = NULL;
	int rc;

	rc = pier__calls()->map(&bytes, batch->stride * batch->max);
	batch->bytes = bytes;
	batch->stale = batch->max;
	return rc;
}

static inline int
take_bytes(struct pier__batch *batch)
{
	return batch->bytes != NULL ? 0 : map_bytes(batch);
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

/* How is MSG_DONTWAIT, or MSG_WAITFORONE. */
static inline __attribute__((always_inline)) int
receive(struct pier__batch *batch, struct pier_packet *packet, unsigned max,
	int how)
{
	int rc = packet->came_back == NULL ? 0 : pier__came_back_before(packet);

	if (rc < 0)
		return rc;
	prepare(batch, pier__packet_control_room(packet, NULL));
	do
		rc = packet->isotp != NULL
			     ? pier__isotp_recv_many(
				       packet, batch->headers, max)
			     : pier__sys_recvmmsg(packet->desc->fd,
				       batch->headers, max,
				       how | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	while (rc == -EINTR && how == MSG_DONTWAIT);
	batch->stale = rc > 0 ? (unsigned)rc : 1;
	if (rc < 0 && rc != -EAGAIN && rc != -EINTR)
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

/* rc: what a receive gave. */
static int
came(struct pier__batch *batch, const struct pier_packet *packet, int rc)
{
	batch->next = 0;
	batch->count = rc > 0 ? (unsigned)rc : 0;
	return rc < 0 && rc != -EAGAIN ? pier__packet_fail_receive(packet, rc)
				       : rc;
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
		rc = receive(batch, packet, max < batch->max ? max : batch->max,
			MSG_DONTWAIT);
	return came(batch, packet, rc);
}

PIER__HOT PIER__AFTER_CALL int
pier__batch_await(struct pier__batch *batch, struct pier_packet *packet)
{
	struct pier__task *self = pier__current;
	struct pier__desc *desc = packet->desc;
	pier_deadline forever = PIER_FOREVER;
	int rc = 0;

	/* Who waits for it already is met below. */
	if (!pier__packet_is_plain(packet, self, forever))
		rc = pier__packet_enter(packet, PIER__IN, &forever);
	if (rc == 0)
		rc = take_bytes(batch);
	if (rc == 0)
		rc = pier__block_begin(desc, self, "receive", INT64_MAX);
	if (rc < 0)
		return came(batch, packet, rc);
	pier__desc_unwatch(desc);
	rc = receive(batch, packet, batch->max, MSG_WAITFORONE);
	pier__block_over(desc, self, rc);
	/* A signal may be what the program waits for, and a socket that was shut
	   down gives a message of nobody. */
	if (rc == -EINTR)
		rc = -EAGAIN;
	if (pier__packet_is_aborted(packet))
		rc = -ECONNABORTED;
	return came(batch, packet, rc);
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

PIER__HOT int
pier__batch_take(struct pier__batch *batch, struct pier_packet *packet,
	struct pier_msg *msg, void *buf)
{
	unsigned i = batch->next++;
	struct mmsghdr *came = &batch->headers[i];
	size_t size = came->msg_len < batch->size ? came->msg_len : batch->size;
	struct iovec room = { .iov_base = buf, .iov_len = batch->size };
	int rc;

	pier__msg_begin(msg);
	pier__addr_bytes(
		&msg->peer, &batch->peers[i], came->msg_hdr.msg_namelen);
	memcpy(buf, bytes_of(batch, i), size);
	if (size > PIER__BATCH_SLICE)
		batch->has_long = true;
	came->msg_hdr.msg_iov = &room;
	rc = pier__packet_take(
		packet, msg, NULL, &came->msg_hdr, came->msg_len);
	came->msg_hdr.msg_iov = NULL;
	return rc < 0 ? pier__packet_fail_receive(packet, rc) : 0;
}
