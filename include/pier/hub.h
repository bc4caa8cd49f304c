/* SPDX-License-Identifier: MIT */
/*
 * The hub: one to many. Whoever posts never waits: each member has a bounded
 * queue of its own, and a task of its own that writes what is in it to the
 * member's stream, or sends it by its packet socket. A member that does not read fills its queue and nothing
 * else; what happens then is the hub's policy, and is counted.
 *
 * A message is copied once, however many members get it. All members get the
 * posts in one order, that of each poster kept; they do not get what was posted
 * before they joined.
 *
 * A hub is memory of one process: with a process per connection, or several
 * processes that serve, each has a hub of its own, and nobody hears across.
 */
#ifndef PIER_HUB_H
#define PIER_HUB_H

#include <stddef.h>
#include <stdint.h>

#include <pier/deadline.h>
#include <pier/packet.h>
#include <pier/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pier_hub;
struct pier_member;

/* What happens to a message for a member whose queue is full. */
enum pier_hub_policy {
	PIER_HUB_DROP_OLDEST, /* the first in the queue makes room; default */
	PIER_HUB_DROP_NEWEST, /* the message is not queued */
	/* The member is dropped with all that it has queued: its connection is
	   aborted, so that calls on its stream come back with -ECONNABORTED,
	   and pier_hub_leave() gives -PIER_ELIMIT */
	PIER_HUB_DROP_MEMBER
};

struct pier_hub_opts {
	/* What one member's queue holds at most, beside the 16 messages, or
	   64 KiB, that are being written: */
	size_t queue_messages; /* 1 to 65536; 0: 1024 */
	size_t queue_bytes;    /* 1 to 1 GiB; 0: 1 MiB */
	enum pier_hub_policy policy;
};

/*
 * pier_hub_open(out, opts): a hub without members.
 *
 *   out   the caller's, ended by pier_hub_close()
 *   opts  NULL for the defaults; borrowed for the call
 *
 * 0, -EINVAL (a field out of range: detail) or -ENOMEM.
 */
int pier_hub_open_sized(
	struct pier_hub **out, const struct pier_hub_opts *opts, size_t size);

static inline int
pier_hub_open(struct pier_hub **out, const struct pier_hub_opts *opts)
{
	return pier_hub_open_sized(out, opts, sizeof(*opts));
}

/*
 * pier_hub_join(out, hub, stream): from now on the stream gets what is posted.
 * Starts the task that writes: a fiber of the caller's scheduler if the caller
 * is a fiber, else a thread, which takes a descriptor to be woken by. Waits for
 * nothing, but to send what the caller has gathered (PIER_DEFAULT).
 *
 *   out     the caller's, ended by pier_hub_leave() before stream is closed
 *   stream  the caller's. Until it leaves, it reads from the stream as before,
 *           and writes nothing to it: what is for this member alone goes
 *           through pier_hub_tell()
 *
 * 0, or
 *   -PIER_ECLOSED     pier_hub_end() was called
 *   -ENOMEM, -EAGAIN, -EMFILE, -ENFILE  no memory, thread or descriptor
 *   -EXDEV, -EBUSY, … the stream cannot be written by the caller, as
 *                     pier_write()
 */
int pier_hub_join(struct pier_member **out, struct pier_hub *hub,
	struct pier_stream *stream);

/*
 * pier_hub_join_packet(out, hub, packet): the same of a packet socket: each post
 * is one message, to where pier_send() with NULL sends. So a peer of a server's
 * session over UDP (struct pier_server_opts, sessions) hears what is posted, and
 * who has a seqpacket:// connection. A post that is longer than the socket takes
 * is dropped for this member, and counted so. pier_hub_end() closes the writing
 * half where there is one.
 *
 *   out     the caller's, ended by pier_hub_leave() before packet is closed
 *   packet  the caller's. Until it leaves, it receives as before, and sends
 *           nothing
 *
 * 0, or an error of pier_hub_join().
 */
int pier_hub_join_packet(struct pier_member **out, struct pier_hub *hub,
	struct pier_packet *packet);

/*
 * pier_hub_post(hub, data, size, except): queue a message for every member.
 * Never waits. From any thread and any fiber.
 *
 *   data    copied
 *   except  who does not get it, mostly the member that it came from, or NULL;
 *           it has not left
 *
 * How many members have it in their queue, or
 *   -EMSGSIZE      it is longer than queue_bytes
 *   -PIER_ECLOSED  pier_hub_end() was called
 *   -ENOMEM        nobody gets it
 */
int pier_hub_post(struct pier_hub *hub, const void *data, size_t size,
	const struct pier_member *except);

/* pier_hub_printf(hub, except, format, …): pier_hub_post() of what printf(3)
   makes; -EINVAL too: format cannot be converted. */
int pier_hub_printf(struct pier_hub *hub, const struct pier_member *except,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * pier_hub_tell(member, data, size): queue a message for this member alone,
 * behind all that was posted before. Never waits. From any thread, as long as
 * the member has not left. 1, or 0: it was dropped by the policy, or the member
 * is gone; or an error of pier_hub_post().
 */
int pier_hub_tell(struct pier_member *member, const void *data, size_t size);

/*
 * pier_hub_leave(member, deadline): no more posts; wait until what is queued is
 * with the kernel, and stop writing. The member is gone whatever the result,
 * the stream is as before, and what did not go is counted as dropped; a message
 * may have gone in part. Called by the task that joined. NULL is fine: 0.
 *
 *   deadline  PIER_NOW: what the kernel does not take at once is dropped;
 *             PIER_DEFAULT: the stream's timeout
 *
 * 0: all went; or
 *   -PIER_ELIMIT  it was dropped by the policy
 *   -EPIPE, …     its writes failed, as pier_write()
 *   -PIER_EDEADLINE, -EAGAIN, -ECANCELED  messages were left
 *   -ENOMEM, -EMFILE, -ENFILE  the same: a thread had nothing to wait with
 */
int pier_hub_leave(struct pier_member *member, pier_deadline deadline);

/*
 * pier_hub_end(hub): no more posts and no more members; each that there is gets
 * what it has queued, then its writing half is closed: the peer reads to the
 * end. Never waits. From any thread.
 */
void pier_hub_end(struct pier_hub *hub);

/* pier_hub_close(hub): pier_hub_end(); the memory goes with the last member.
   Nobody posts. NULL is fine. */
void pier_hub_close(struct pier_hub *hub);

/* What a hub counts. */
struct pier_hub_stats {
	uint64_t members; /* now */
	uint64_t members_peak;
	uint64_t members_dropped; /* by PIER_HUB_DROP_MEMBER */
	uint64_t posted;          /* messages, each once */
	/* Each once for every member, pier_hub_tell() too: */
	uint64_t queued;    /* now */
	uint64_t delivered; /* with the kernel */
	uint64_t dropped;   /* by the policy, or its member left or failed */
};

/* pier_hub_stats(hub, out): the numbers as they are now. From any thread. */
void pier_hub_stats_sized(
	struct pier_hub *hub, struct pier_hub_stats *out, size_t size);

static inline void
pier_hub_stats(struct pier_hub *hub, struct pier_hub_stats *out)
{
	pier_hub_stats_sized(hub, out, sizeof(*out));
}

struct pier_member_stats {
	uint64_t queued; /* messages, now */
	uint64_t queued_bytes;
	uint64_t delivered;
	uint64_t dropped;
	int rc; /* 0, or why it gets nothing more: see pier_hub_leave() */
};

/* Of a member that has not left. */
void pier_member_stats_sized(
	struct pier_member *member, struct pier_member_stats *out, size_t size);

static inline void
pier_member_stats(struct pier_member *member, struct pier_member_stats *out)
{
	pier_member_stats_sized(member, out, sizeof(*out));
}

/*
 * A handler for pier_serve(), ctx is a struct pier_hub: everybody hears
 * everybody but himself. Bytes are posted as they come, at most 64 KiB (or
 * queue_bytes) at once; the hub's policy should be PIER_HUB_DROP_MEMBER, as the
 * others leave holes in the stream of bytes.
 */
int pier_handler_broker(struct pier_stream *stream, void *ctx);

#ifdef __cplusplus
}
#endif

#endif
