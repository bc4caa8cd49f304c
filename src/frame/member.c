/* SPDX-License-Identifier: MIT */
/*
 * frame/member.c - a member of a hub: the task that writes to its stream, or
 * sends by its packet socket, from joining to leaving.
 *
 * The writer is what the joining task is, and of its scheduler: so both may use
 * the stream, one reading, one writing. It is alone in a group, by which it is
 * cancelled, from any thread, when the member is dropped; it aborts the stream
 * itself then, so that who posts makes no system call for it.
 */
#include <errno.h>
#include <string.h>

#include "frame/hub.h"
#include "net/stream.h"
#include "task/group.h"
#include "task/run.h"
#include "task/sched.h"

/* The kernel tells a reader of these by itself, after what the peer sent. */
static bool
is_peers_doing(int rc)
{
	return rc == -EPIPE || rc == -ECONNRESET || rc == -ETIMEDOUT;
}

/* Its batch is one message. */
static int
send_one(struct pier_member *member)
{
	const struct iovec *piece = &member->pieces[0];
	int rc = pier_send(member->packet, NULL, piece->iov_base,
		piece->iov_len, PIER_FOREVER);

	pier__member_done(member, 1, rc == 0 ? piece->iov_len : 0);
	/* Others may be shorter. */
	return rc == -EMSGSIZE ? 0 : rc;
}

static int
write_batch(struct pier_member *member, int count)
{
	size_t done = 0;
	int i, rc;

	rc = count == 1 ? pier_write(member->stream, member->pieces[0].iov_base,
				  member->pieces[0].iov_len, PIER_FOREVER)
			: pier_writev(member->stream, member->pieces, count,
				  PIER_FOREVER);
	if (rc < 0)
		done = pier_last_error()->done;
	for (i = 0; rc == 0 && i < count; i++)
		done += member->batch[i]->size;
	pier__member_done(member, count, done);
	return rc;
}

/* Last, as the stream may be closed from then on. */
static void
note_gone(struct pier_member *member)
{
	(void)pthread_mutex_lock(&member->lock);
	member->gone = true;
	(void)pthread_cond_broadcast(&member->gone_cond);
	(void)pthread_mutex_unlock(&member->lock);
}

/* Why nothing more is written: 0, to the end of what was queued. */
static void
end_writing(struct pier_member *member, int rc)
{
	/* By the end of a hub, not by leaving. Datagrams have no end. */
	bool half = rc == 0 && member->to_end;
	/* A reader that waits is told. */
	bool abort = rc < 0 && rc != -ECANCELED && !is_peers_doing(rc);

	if (member->packet != NULL && half)
		(void)pier_packet_shutdown(member->packet, PIER_WRITING);
	else if (half)
		(void)pier_shutdown(member->stream, PIER_WRITING, PIER_FOREVER);
	if (member->packet != NULL && abort)
		pier_packet_abort(member->packet);
	else if (abort)
		pier_abort(member->stream);
}

static int
writer_main(void *arg)
{
	struct pier_member *member = arg;
	int rc = 0;
	int count;

	pier_task_name("hub member");
	do {
		count = pier__member_next(member);
		if (count <= 0)
			rc = count;
		else
			rc = member->packet != NULL
				     ? send_one(member)
				     : write_batch(member, count);
	} while (count > 0 && rc == 0);
	if (rc < 0) {
		pier__member_fail(member, rc);
		rc = member->rc;
	}
	end_writing(member, rc);
	note_gone(member);
	return 0;
}

static void
member_free(struct pier_member *member)
{
	pier_group_close(member->group);
	(void)pthread_cond_destroy(&member->gone_cond);
	(void)pthread_mutex_destroy(&member->lock);
	pier__hub_drop(member->hub);
	pier__free(member);
}

static int
member_new(struct pier_member **out, struct pier_hub *hub)
{
	size_t ring = hub->opts.queue_messages * sizeof((*out)->ring[0]);
	struct pier_member *member = pier__alloc(sizeof(*member) + ring);
	int rc;

	if (member == NULL)
		return -ENOMEM;
	rc = pier_group_open(&member->group);
	if (rc < 0) {
		pier__free(member);
		return rc;
	}
	(void)atomic_fetch_add(&hub->references, 1);
	member->hub = hub;
	(void)pthread_mutex_init(&member->lock, NULL);
	(void)pthread_cond_init(&member->gone_cond, NULL);
	pier__list_init(&member->node);
	pier__list_init(&member->idle);
	*out = member;
	return 0;
}

static int
start_writer(struct pier_member *member)
{
	struct pier__task *self = pier__current;

	member->by_thread = self->kind == PIER_TASK_THREAD;
	if (!member->by_thread)
		return pier__sched_spawn(
			self->sched, member->group, writer_main, member);
	/* Better no member than one that fails at its first wait. */
	return pier__thread_spawn(NULL, member->group, writer_main, member,
		&(struct pier__thread_opts){ .wakeable = true });
}

/* Whatever it waits for, and however short of memory and descriptors the caller
   is: from here on the writer no longer uses the stream. */
static void
end_writer(struct pier_member *member)
{
	pier_deadline shield;

	pier_group_cancel(member->group);
	if (member->by_thread) {
		(void)pthread_mutex_lock(&member->lock);
		while (!member->gone)
			(void)pthread_cond_wait(
				&member->gone_cond, &member->lock);
		(void)pthread_mutex_unlock(&member->lock);
		return;
	}
	shield = pier_shield(PIER_FOREVER);
	(void)pier__group_wait(member->group, "hub", PIER_FOREVER);
	(void)pier_shield(shield);
}

/* May the caller write to it? What it gathered is sent: it could not be by
   another thread. */
static int
make_ready(struct pier_stream *stream)
{
	pier_deadline forever = PIER_FOREVER;
	int rc = pier__stream_enter(stream, PIER__OUT, &forever);

	if (rc == 0 && pier__stream_holds(stream))
		return pier_flush(stream, PIER_DEFAULT);
	return rc;
}

/* Its writer begins. 0, or an error, and it is gone. */
static int
begin(struct pier_member *member)
{
	int rc = start_writer(member);

	if (rc < 0)
		goto free_member;
	rc = pier__hub_add(member->hub, member);
	if (rc == 0)
		return 0;
	end_writer(member);
free_member:
	member_free(member);
	return rc;
}

int
pier_hub_join(struct pier_member **out, struct pier_hub *hub,
	struct pier_stream *stream)
{
	struct pier_member *member = NULL;
	int rc = make_ready(stream);

	if (rc == 0)
		rc = member_new(&member, hub);
	if (rc == 0) {
		member->stream = stream;
		rc = begin(member);
	}
	if (rc < 0)
		return pier__stream_fail(stream, rc, PIER_STEP_CREATE);
	*out = member;
	return 0;
}

int
pier_hub_join_packet(struct pier_member **out, struct pier_hub *hub,
	struct pier_packet *packet)
{
	pier_deadline forever = PIER_FOREVER;
	struct pier_member *member = NULL;
	int rc = pier__packet_enter(packet, PIER__OUT, &forever);

	if (rc == 0)
		rc = member_new(&member, hub);
	if (rc == 0) {
		member->packet = packet;
		rc = begin(member);
	}
	if (rc < 0)
		return pier__packet_fail(packet, rc, PIER_STEP_CREATE, NULL);
	*out = member;
	return 0;
}

/* The story of why its writer ended. A limit may be the server's, too. */
static int
tell(const struct pier_stream *stream, const struct pier_packet *packet, int rc,
	bool full)
{
	if (full)
		return pier__fail(
			rc, &(struct pier__failure){ .step = PIER_STEP_SEND,
				    .detail = "dropped by its hub: the queue "
					      "was full" });
	if (rc == 0)
		return 0;
	return stream != NULL ? pier__stream_fail(stream, rc, PIER_STEP_SEND)
			      : pier__packet_fail_send(packet, rc);
}

int
pier_hub_leave(struct pier_member *member, pier_deadline deadline)
{
	struct pier_stream *stream;
	struct pier_packet *packet;
	bool full;
	int wait, rc;

	if (member == NULL)
		return 0;
	stream = member->stream;
	packet = member->packet;
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(stream != NULL
							  ? stream->timeout_ms
							  : packet->timeout_ms);
	pier__hub_remove(member);
	pier__member_end(member, false);
	wait = pier__group_wait(member->group, "hub", deadline);
	end_writer(member);
	/* Nobody else knows it any more. What the cancel cut off is left. */
	rc = member->rc;
	full = member->full;
	if (rc == -ECANCELED && wait < 0)
		rc = wait;
	member_free(member);
	return tell(stream, packet, rc, full);
}

void
pier_member_stats_sized(
	struct pier_member *member, struct pier_member_stats *out, size_t size)
{
	struct pier_member_stats stats;

	(void)pthread_mutex_lock(&member->lock);
	stats = (struct pier_member_stats){
		.queued = member->count,
		.queued_bytes = member->bytes,
		.delivered = member->delivered,
		.dropped = member->dropped,
		.rc = member->rc,
	};
	(void)pthread_mutex_unlock(&member->lock);
	memset(out, 0, size);
	memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
}
