/* SPDX-License-Identifier: MIT */
/*
 * net/file.c - a stream as a FILE of stdio.
 *
 * What stdio has read ahead and nobody has asked for goes back to the stream.
 * So that this cannot fail at the end, when nobody could do anything about it,
 * a view keeps a buffer at hand that becomes the stream's.
 *
 * Invariants:
 *   1. spare holds READ_MAX bytes and is never NULL while the view is open;
 *   2. stdio asks for more only when it has nothing left, so that all that can
 *      go back are the last bytes of the last read, which still lie where they
 *      were put.
 */
#include <errno.h>
#include <string.h>

#include <pier/file.h>

#include "net/stream.h"
#include "os/cookie.h"
#include "task/failure.h"

/* What one read gives at most, and so what may go back. */
#define READ_MAX 4096
/* Smaller reads than this look ahead, in the stream, for the next ones. */
#define READ_SMALL 1024

struct view {
	struct pier__cookie cookie;
	struct pier_stream *stream;
	unsigned char *spare;
	const char *last; /* where the last read was put, and how much */
	size_t last_size;
	int error; /* of the first write that failed */
};

static struct view *
view_of(struct pier__cookie *cookie)
{
	return pier__container_of(cookie, struct view, cookie);
}

static ssize_t
read_small(struct pier_stream *stream, char *buf, size_t size)
{
	const void *data;
	ssize_t n = pier_peek(stream, &data, 1, PIER_DEFAULT);

	if (n <= 0)
		return n;
	if ((size_t)n > size)
		n = (ssize_t)size;
	memcpy(buf, data, (size_t)n);
	(void)pier_take(stream, (size_t)n); /* it was there */
	return n;
}

static ssize_t
view_read(struct pier__cookie *cookie, char *buf, size_t size)
{
	struct view *view = view_of(cookie);
	ssize_t n;

	if (size > READ_MAX)
		size = READ_MAX;
	n = size < READ_SMALL
		    ? read_small(view->stream, buf, size)
		    : pier_read(view->stream, buf, size, PIER_DEFAULT);
	view->last = buf;
	view->last_size = n > 0 ? (size_t)n : 0;
	return n;
}

static int
view_write(struct pier__cookie *cookie, const char *buf, size_t size)
{
	struct view *view = view_of(cookie);

	/* Told again, as the record may be of something else by now. */
	if (view->error < 0)
		return pier__stream_fail(
			view->stream, view->error, PIER_STEP_SEND);
	view->error = pier_write(view->stream, buf, size, PIER_DEFAULT);
	return view->error;
}

/* The spare buffer becomes the stream's; `next` takes its place. */
static int
give_back(struct view *view, size_t size, unsigned char *next)
{
	int rc = size > view->last_size ? -EINVAL : 0;

	if (rc == 0)
		rc = pier__stream_unread(view->stream,
			view->last + view->last_size - size, size, view->spare,
			READ_MAX);
	if (rc < 0)
		return rc;
	view->last_size -= size;
	if (rc == 1)
		view->spare = next;
	else
		pier__free(next);
	return 0;
}

static int
view_give_back(struct pier__cookie *cookie, size_t size)
{
	struct view *view = view_of(cookie);
	unsigned char *next = pier__alloc(READ_MAX);
	int rc = next == NULL ? -ENOMEM : give_back(view, size, next);

	if (rc < 0)
		pier__free(next);
	return rc < 0 ? pier__stream_fail(view->stream, rc, PIER_STEP_RECEIVE)
		      : 0;
}

static void
view_free(struct view *view)
{
	pier__free(view->spare);
	pier__free(view);
}

static int
view_close(struct pier__cookie *cookie, size_t ahead)
{
	struct view *view = view_of(cookie);
	int rc = view->error;

	if (ahead > 0)
		rc = give_back(view, ahead, NULL);
	if (rc < 0)
		rc = pier__stream_fail(view->stream, rc,
			ahead > 0 ? PIER_STEP_RECEIVE : PIER_STEP_SEND);
	view_free(view);
	return rc;
}

static const struct pier__cookie_ops ops = { .read = view_read,
	.write = view_write,
	.give_back = view_give_back,
	.close = view_close };

static int
fail_mode(const struct pier_stream *stream, const char *mode)
{
	char quoted[64];

	(void)snprintf(quoted, sizeof(quoted),
		"mode \"%.16s\": \"r\" and \"w\" are known", mode);
	return pier__fail_step(-EINVAL, PIER_STEP_CREATE, stream->name, quoted);
}

int
pier_file(FILE **out, struct pier_stream *stream, const char *mode)
{
	struct view *view;
	int rc = -ENOMEM;

	if (strcmp(mode, "r") != 0 && strcmp(mode, "w") != 0)
		return fail_mode(stream, mode);
	view = pier__alloc(sizeof(*view));
	if (view == NULL)
		goto fail;
	view->cookie.ops = &ops;
	view->stream = stream;
	view->spare = pier__alloc(READ_MAX);
	if (view->spare != NULL)
		rc = pier__calls()->cookie_open(out, &view->cookie, mode);
	if (rc == 0)
		return 0;
	view_free(view);
fail:
	return pier__stream_fail(stream, rc, PIER_STEP_CREATE);
}
