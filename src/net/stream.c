/* SPDX-License-Identifier: MIT */
/*
 * net/stream.c - the life of a stream: made, adopted, entered, released; the
 * operation table of streams on a descriptor. Reading, writing and ending have
 * files of their own.
 */
#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "net/block.h"
#include "net/rfcomm.h"
#include "task/spare.h"

static_assert(offsetof(struct pier_stream, desc.on_writable) <= 128,
	"what every message touches fills two cache lines");

ssize_t
pier__fd_readv(struct pier_stream *stream, const struct iovec *iov, int count)
{
	/* Known to be drained: no system call to hear it again. */
	if (!PIER__LOOK(stream->desc.readable))
		return -EAGAIN;
	return pier__desc_readv(&stream->desc, iov, count);
}

ssize_t
pier__fd_writev(struct pier_stream *stream, const struct iovec *iov, int count)
{
	if (!PIER__LOOK(stream->out_desc->writable))
		return -EAGAIN;
	return pier__desc_writev(stream->out_desc, iov, count);
}

static int
fd_shutdown(struct pier_stream *stream, enum pier_half half)
{
	int how = half == PIER_BOTH      ? SHUT_RDWR
		  : half == PIER_READING ? SHUT_RD
					 : SHUT_WR;
	int rc = pier__calls()->shutdown(stream->desc.fd, how);

	/* A pipe or terminal has one direction, or no halves. */
	return rc == -ENOTSOCK ? -ENOTSUP : rc;
}

static void
fd_abort(struct pier_stream *stream)
{
	static const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	/* A TCP socket that is disconnected sends RST at once and wakes who
	   waits on it, while the descriptor stays. */
	if (stream->desc.kind == PIER__DESC_TCP &&
		pier__calls()->connect(
			stream->desc.fd, &nowhere, sizeof(nowhere)) == 0)
		return;
	pier__desc_abort(&stream->desc);
}

int
pier__fd_wait(struct pier_stream *stream, unsigned what, const char *why,
	pier_deadline deadline)
{
	return pier__desc_wait(
		what == PIER__OUT ? stream->out_desc : &stream->desc, what, why,
		deadline);
}

const char *
pier__fd_describe(const struct pier_stream *stream)
{
	return stream->scheme;
}

PIER__HOT static void
fd_close(struct pier_stream *stream)
{
	int fd = pier__desc_leave(&stream->desc);

	/* Mostly none: a process that never asks the allocator for anything
	   need not have its pages. */
	if (stream->name != NULL)
		pier__free(stream->name);
	pier__stream_free(stream);
	/* Last, so that little is to come back through after it. */
	pier__close(fd);
}

PIER__HOT void
pier__stream_free(struct pier_stream *stream)
{
	/* On another thread, in the process of a connection, it stays. */
	if (!stream->near || pier__spare_is_near(stream))
		pier__spare_put(stream, sizeof(*stream));
}

const struct pier__stream_ops pier__fd_ops = {
	.readv = pier__fd_readv,
	.writev = pier__fd_writev,
	.shutdown = fd_shutdown,
	.abort = fd_abort,
	.wait = pier__fd_wait,
	.describe = pier__fd_describe,
	.close = fd_close,
};

/* Of cleared memory. */
static inline void
init(struct pier_stream *stream, const struct pier__stream_ops *ops,
	struct pier_stream *lower, const char *scheme)
{
	stream->ops = ops;
	stream->lower = lower;
	stream->scheme = scheme;
	stream->timeout_ms = PIER__TIMEOUT_UNSET;
	stream->desc.fd = -1;
	stream->out_desc = &stream->desc;
	if (ops != &pier__fd_ops)
		pier__stream_set_odd(stream, PIER__ODD_KIND);
	if (lower != NULL)
		lower->layered = true;
}

void
pier__stream_init(struct pier_stream *stream,
	const struct pier__stream_ops *ops, struct pier_stream *lower,
	const char *scheme)
{
	memset(stream, 0, sizeof(*stream));
	init(stream, ops, lower, scheme);
}

PIER__HOT int
pier__stream_new(
	struct pier_stream **out, int fd, int family, const char *scheme)
{
	struct pier_stream *stream = pier__spare_get(sizeof(*stream));

	if (stream == NULL)
		return -ENOMEM;
	pier__stream_begin(stream, fd, family, scheme);
	*out = stream;
	return 0;
}

PIER__HOT void
pier__stream_begin(
	struct pier_stream *stream, int fd, int family, const char *scheme)
{
	bool is_bt = family == AF_BLUETOOTH;

	init(stream, is_bt ? &pier__rfcomm_ops : &pier__fd_ops, NULL, scheme);
	stream->whole = is_bt;
	pier__desc_init(
		&stream->desc, fd, pier__desc_kind(family, SOCK_STREAM));
	stream->desc.lone = stream->desc.kind == PIER__DESC_TCP;
	stream->family = (int16_t)family;
}

int
pier__stream_set_name(struct pier_stream *stream, const char *endpoint)
{
	size_t size = strlen(endpoint) + 1;
	char *name = pier__alloc(size);

	if (name == NULL)
		return -ENOMEM;
	memcpy(name, endpoint, size);
	pier__free(stream->name);
	stream->name = name;
	return 0;
}

int
pier_pair(struct pier_stream **a, struct pier_stream **b)
{
	struct pier_stream *first;
	int fds[2];
	int rc;

	rc = pier__calls()->socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	if (rc < 0)
		goto fail;
	rc = pier__stream_new(&first, fds[0], AF_UNIX, "pair");
	if (rc < 0)
		goto close_fds;
	rc = pier__stream_new(b, fds[1], AF_UNIX, "pair");
	if (rc < 0)
		goto free_first;
	*a = first;
	return 0;

free_first:
	pier__free(first);
close_fds:
	pier__close(fds[0]);
	pier__close(fds[1]);
fail:
	return pier__fail(rc, &(struct pier__failure){ .step = PIER_STEP_CREATE,
				      .endpoint = "pair://" });
}

int
pier_adopt(struct pier_stream **out, int fd)
{
	struct pier__desc desc;
	struct pier_stream *stream;
	struct pier_addr addr = { .len = sizeof(addr.u) };
	const char *scheme = "fd";
	int family = AF_UNSPEC;
	int rc;

	rc = pier__desc_adopt(&desc, fd);
	if (rc < 0)
		goto fail;
	if (desc.kind != PIER__DESC_FILE &&
		pier__calls()->getsockname(fd, &addr.u.sa, &addr.len) == 0) {
		family = addr.u.sa.sa_family;
		scheme = desc.kind == PIER__DESC_TCP ? "tcp"
			 : family == AF_UNIX         ? "unix"
						     : "fd";
	}
	rc = pier__stream_new(&stream, fd, family, scheme);
	if (rc < 0)
		goto fail;
	stream->desc.kind = desc.kind;
	stream->desc.lone = false;
	if (desc.kind == PIER__DESC_FILE)
		pier__stream_set_odd(stream, PIER__ODD_KIND);
	*out = stream;
	return 0;

fail:
	return pier__fail(rc, &(struct pier__failure){ .step = PIER_STEP_CREATE,
				      .detail = "to adopt a descriptor" });
}

int
pier_release(struct pier_stream *stream, int *fd)
{
	int rc;

	if (stream->lower != NULL || stream->out_desc != &stream->desc)
		return pier__stream_refuse(stream, -EINVAL, PIER_STEP_CREATE);
	if (pier__desc_is_elsewhere(&stream->desc))
		return pier__stream_refuse(stream, -EXDEV, PIER_STEP_CREATE);
	if (stream->in != NULL || pier__stream_holds(stream) ||
		stream->attachment != NULL ||
		(stream->passed != NULL && stream->passed->count > 0) ||
		stream->desc.reader != NULL || stream->desc.writer != NULL)
		return pier__stream_refuse(stream, -EBUSY, PIER_STEP_CREATE);
	rc = pier__block_end(&stream->desc);
	if (rc < 0)
		return pier__stream_refuse(stream, rc, PIER_STEP_CREATE);
	if (stream->family == AF_INET || stream->family == AF_INET6)
		pier__block_forget(stream->desc.fd);
	pier__gather_close(stream->out);
	pier__free(stream->passed);
	pier__free(stream->rates);
	pier__desc_forget(&stream->desc);
	*fd = stream->desc.fd;
	pier__free(stream->name);
	pier__stream_free(stream);
	return 0;
}

int
pier_move(struct pier_stream *stream)
{
	struct pier_stream *base = pier__stream_base(stream);

	if (pier__desc_is_elsewhere(&base->desc))
		return pier__stream_refuse(stream, -EXDEV, PIER_STEP_WAIT);
	if (base->desc.reader != NULL || base->out_desc->writer != NULL ||
		pier__stream_holds(stream))
		return pier__stream_refuse(stream, -EBUSY, PIER_STEP_WAIT);
	pier__desc_forget(&base->desc);
	pier__desc_forget(base->out_desc);
	return 0;
}
