/* SPDX-License-Identifier: MIT */
/*
 * net/stream.h - a stream from inside: an operation table over a descriptor or
 * over a lower stream, with a read buffer and a gather buffer above it.
 *
 * The table's operations try and never wait, but for wait. A layer (tests have
 * two, TLS is another) is a struct with a struct pier_stream first, whose
 * table works on stream->lower.
 *
 * Invariants:
 *   1. in is NULL exactly when no byte is read ahead: a stream that waits
 *      holds no read buffer;
 *   2. bytes in `out` (gathered) go before any later write;
 *   3. write_error, once set, is the result of every later write, flush,
 *      shutdown and close_wait;
 *   4. the reader's and the writer's members are apart: one task each.
 */
#ifndef PIER_NET_STREAM_H
#define PIER_NET_STREAM_H

#include <stdatomic.h>

#include <pier/serve.h>
#include <pier/stream.h>
#include <pier/unix.h>

#include "io/desc.h"
#include "io/gather.h"
#include "task/timeout.h"

/* What a stream may be asked to read ahead. */
#define PIER__READ_AHEAD 65536
/* What it reads ahead at most: a message of a round size, with what a framing
   puts around it, is there whole after one read, and little lies behind it. */
#define PIER__AHEAD_MAX (PIER__READ_AHEAD + 4096)

/* What stands above a stream and reads it: a framing. */
struct pier__attachment {
	/* The stream is closed, and this with it. */
	void (*closed)(struct pier__attachment *attachment);
	/* Of what is read ahead, so many bytes are not lent. */
	size_t (*ahead)(const struct pier__attachment *attachment);
	/* For pier_wait_any(). Below 0: what is read ahead is of no use before
	   more comes; above: something is ready though nothing is read ahead;
	   0: nothing is known. */
	int ready;
};

struct pier__stream_ops {
	/* One attempt. Bytes, 0 at the peer's end, or -errno; -EAGAIN: wait. */
	ssize_t (*readv)(
		struct pier_stream *stream, const struct iovec *iov, int count);
	ssize_t (*writev)(
		struct pier_stream *stream, const struct iovec *iov, int count);
	/* How is PIER_READING… PIER_BOTH. -EAGAIN: wait to write, try again. */
	int (*shutdown)(struct pier_stream *stream, enum pier_half half);
	/* From any thread. */
	void (*abort)(struct pier_stream *stream);
	/* Until an attempt makes sense, as pier__desc_wait(). */
	int (*wait)(struct pier_stream *stream, unsigned what, const char *why,
		pier_deadline deadline);
	/* "tcp", "unix", "xor over tcp"… A constant string. */
	const char *(*describe)(const struct pier_stream *stream);
	/* The end of what is the table's own: the struct, and what it holds;
	   a lower stream is closed afterwards by the caller. */
	void (*close)(struct pier_stream *stream);
};

/* The names of limits, as details of errors and for struct pier_conn. */
#define PIER__LIMIT_FIRST_BYTE "first-byte timeout"
#define PIER__LIMIT_IDLE       "idle timeout"
#define PIER__LIMIT_LIFETIME   "lifetime"

/* What a server holds a connection to; moments, INT64_MAX for none. Kept by
   the server, looked at in every wait. */
struct pier__limits {
	int64_t first_byte_at; /* until the first byte came */
	int64_t idle_ns;       /* INT64_MAX: none */
	struct pier_conn *conn;
	int64_t lifetime_at;
	const struct sockaddr *peer; /* as accept gave it, peer_len bytes */
	socklen_t peer_len;
	const char *met; /* the name of the limit that was met, or NULL */
};

/* Why a stream does not go the short way (net/plain.h). What is set stays. */
enum {
	PIER__ODD_KIND = 1,    /* a table of its own, or no socket */
	PIER__ODD_TIMEOUT = 2, /* a timeout of its own was set */
	PIER__ODD_LIMIT = 4,   /* has a lifetime, or met a limit */
	PIER__ODD_END = 8,     /* a half is shut, a write failed, aborted */
	PIER__ODD_RATE = 16    /* a rate was set: net/rate.h */
};

/* What every message touches comes first: with the head of desc it fills two
   cache lines. */
struct pier_stream {
	/* The reader's. */
	unsigned char *in;
	uint32_t in_begin;
	uint32_t in_end;
	uint32_t in_room;
	atomic_uchar odd; /* PIER__ODD_…; 0: the short way is open */
	atomic_bool aborted;
	bool read_done; /* shut down on this side */
	bool at_end;    /* the peer's end was read */
	uint64_t bytes_in;

	/* The writer's. */
	uint64_t bytes_out;
	struct pier__gather *out;    /* NULL: nothing is gathered */
	struct pier__limits *limits; /* NULL: none */

	struct pier__desc desc;
	const struct pier__stream_ops *ops;
	struct pier_stream *lower;   /* NULL: on desc */
	struct pier__desc *out_desc; /* to write to: desc, but for two */
	int64_t timeout_ms;          /* PIER__TIMEOUT_UNSET: the default's */
	int write_error;
	bool write_done;
	bool layered; /* another stream stands on this one */
	bool near;    /* its memory is the scheduler's: spare.h */
	bool whole;   /* ends as a whole: its kind has no halves to close */

	/* Came and were not asked for yet; NULL: nobody ever asked. */
	struct pier_fds *passed;
	struct pier__rates *rates; /* NULL: none was ever set; see net/rate.h */

	struct pier__attachment *attachment; /* or NULL */

	int16_t family;
	const char *scheme; /* "tcp", "unix", "fd", "pair" */
	char *name;         /* the endpoint it was dialled by, owned;
					NULL: shown by its addresses */
};

/* From any thread. */
static inline void
pier__stream_set_odd(struct pier_stream *stream, unsigned char why)
{
	atomic_fetch_or_explicit(&stream->odd, why, memory_order_release);
}

/* Are its gathered bytes with another thread, which may be sending them? */
static inline bool
pier__stream_sends_elsewhere(const struct pier_stream *stream)
{
	return stream->out != NULL && pier__gather_is_elsewhere(stream->out);
}

/* Has it gathered bytes, or may another thread be sending the last of them? */
static inline bool
pier__stream_holds(const struct pier_stream *stream)
{
	return stream->out != NULL &&
	       (pier__gather_is_elsewhere(stream->out) ||
		       pier__gather_size(stream->out) > 0);
}

/*
 * A stream on a descriptor that pier made (kind from its family): taken on
 * success. 0 or -ENOMEM.
 */
int pier__stream_new(
	struct pier_stream **out, int fd, int family, const char *scheme);
/* The same in memory of a spare object (spare.h), which cannot fail; and that
   memory given back. */
void pier__stream_begin(
	struct pier_stream *stream, int fd, int family, const char *scheme);
void pier__stream_free(struct pier_stream *stream);
/* Remember the endpoint that was dialled, for errors. 0 or -ENOMEM. */
int pier__stream_set_name(struct pier_stream *stream, const char *endpoint);

/* For layers: the members that every stream has. lower's owner is the layer. */
void pier__stream_init(struct pier_stream *stream,
	const struct pier__stream_ops *ops, struct pier_stream *lower,
	const char *scheme);

/* The stream that has the descriptor, below all layers. */
static inline struct pier_stream *
pier__stream_base(const struct pier_stream *stream)
{
	while (stream->lower != NULL)
		stream = stream->lower;
	return (struct pier_stream *)(uintptr_t)stream;
}

/*
 * What every operation, in the direction `what`, begins with: PIER_DEFAULT
 * becomes a moment, the task may use the stream, the deadline has not passed,
 * no limit is met. 0 or the error.
 */
int pier__stream_enter(
	struct pier_stream *stream, unsigned what, pier_deadline *deadline);

/* What every read begins with. 0 or an error, not noted. */
int pier__stream_begin_read(
	struct pier_stream *stream, pier_deadline *deadline);
/* Attempts and waits until something came, past what was read ahead, of which
   there is nothing. Bytes, 0 at the end, or an error, not noted. */
ssize_t pier__stream_read_some(struct pier_stream *stream, void *buf,
	size_t size, const char *why, pier_deadline deadline);
/* What the reader read ahead, for layers and framings above it. Fills `in`
   until it has `want` bytes. 1: it has; 0: the peer's end came first; or an
   error, not noted. want is at most PIER__AHEAD_MAX. */
int pier__stream_fill(struct pier_stream *stream, size_t want, const char *why,
	pier_deadline deadline);
/*
 * pier__stream_unread(stream, data, size, spare, spare_size): the bytes that
 * were read last are to be read again. spare has room for size bytes, and may
 * be where data lies.
 *
 * 0; or 1: spare is the stream's now; or, not noted,
 *   -ENOMEM, -ENOBUFS  others read ahead since, and both have no room
 */
int pier__stream_unread(struct pier_stream *stream, const void *data,
	size_t size, unsigned char *spare, size_t spare_size);
/* No buffer is held. */
static inline void
pier__stream_nothing_ahead(struct pier_stream *stream)
{
	stream->in = NULL;
	stream->in_begin = 0;
	stream->in_end = 0;
	stream->in_room = 0;
}

/* Bytes at in + in_begin are used up. */
void pier__stream_consume(struct pier_stream *stream, size_t size);
/* The peer sent, or took, something. */
void pier__limits_note_in(const struct pier__limits *limits);
void pier__limits_note_out(const struct pier__limits *limits);

/* Bytes went in or out: counted, and noted as activity. */
static inline void
pier__stream_moved_in(struct pier_stream *stream, size_t size)
{
	stream->bytes_in += size;
	if (stream->limits != NULL)
		pier__limits_note_in(stream->limits);
}

static inline void
pier__stream_moved_out(struct pier_stream *stream, size_t size)
{
	stream->bytes_out += size;
	if (stream->limits != NULL)
		pier__limits_note_out(stream->limits);
}

/* The table of streams on a descriptor, and what of it serves two as well. */
extern const struct pier__stream_ops pier__fd_ops;
ssize_t pier__fd_readv(
	struct pier_stream *stream, const struct iovec *iov, int count);
ssize_t pier__fd_writev(
	struct pier_stream *stream, const struct iovec *iov, int count);
int pier__fd_wait(struct pier_stream *stream, unsigned what, const char *why,
	pier_deadline deadline);
const char *pier__fd_describe(const struct pier_stream *stream);

/* readv of one piece; the common table's without a call: see
   pier__desc_read(). */
static inline __attribute__((always_inline)) ssize_t
pier__stream_try_read(struct pier_stream *stream, void *buf, size_t size)
{
	struct iovec iov = { .iov_base = buf, .iov_len = size };

	if (stream->ops != &pier__fd_ops)
		return stream->ops->readv(stream, &iov, 1);
	/* Known to be drained: no system call to hear it again. */
	if (!PIER__LOOK(stream->desc.readable))
		return -EAGAIN;
	return pier__desc_read(&stream->desc, buf, size);
}

/*
 * Wait by the deadline or the server's limits, whichever is earlier. As
 * pier__desc_wait(), or -PIER_ELIMIT, -ECONNABORTED.
 */
int pier__stream_wait(struct pier_stream *stream, unsigned what,
	const char *why, pier_deadline deadline);

/*
 * For who waits for more than one stream, or for time: the deadline or the
 * server's limits of this stream, whichever is earlier; and afterwards, when
 * that has passed: -PIER_ELIMIT if it was a limit of this stream, else 0.
 */
pier_deadline pier__stream_until(
	const struct pier_stream *stream, pier_deadline deadline);
int pier__stream_over(const struct pier_stream *stream);

/* Note a failure with this stream's endpoint. Returns rc. */
PIER__COLD int pier__stream_fail(
	const struct pier_stream *stream, int rc, enum pier_step step);
/* The same of a call that never waits: what was waited before is another's. */
PIER__COLD int pier__stream_refuse(
	const struct pier_stream *stream, int rc, enum pier_step step);
/* The same by those who promise to say what was done, of -EAGAIN too. */
PIER__COLD int pier__stream_fail_done(const struct pier_stream *stream, int rc,
	enum pier_step step, size_t done);

/* Any failure: endpoint and time are filled in. */
PIER__COLD int pier__stream_fail_with(const struct pier_stream *stream, int rc,
	const struct pier__failure *failure);

/* What every call begins with that gathers: it may write. 0 or an error, not
   noted. */
int pier__stream_begin_gather(
	struct pier_stream *stream, pier_deadline *deadline);
/*
 * pier__stream_room(stream, size, out, deadline): room for size bytes, at most
 * half of PIER__GATHER_MAX, behind what is gathered; waits until so much has
 * gone. Used by pier__gather_added(). 0 or an error, not noted: nothing changed.
 */
int pier__stream_room(struct pier_stream *stream, size_t size,
	unsigned char **out, pier_deadline deadline);

/* What every write begins with: it may write, and what is gathered has gone. 0
   or an error, not noted. */
int pier__stream_begin_write(
	struct pier_stream *stream, pier_deadline *deadline);
/* pier_write() without a note of its failure; *done counts. */
int pier__stream_write(struct pier_stream *stream, const void *buf, size_t size,
	size_t *done, pier_deadline deadline);
/* All of iov, which is changed; *done counts. 0 or an error, not noted. */
int pier__stream_write_all(struct pier_stream *stream, struct iovec *iov,
	int count, size_t *done, pier_deadline deadline);
/* One try to send what is gathered, then waiting by the deadline. Not noted. */
PIER__COLD int pier__stream_flush(
	struct pier_stream *stream, pier_deadline deadline);

#endif
