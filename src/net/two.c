/* SPDX-License-Identifier: MIT */
/*
 * net/two.c - one stream of two descriptors: standard input and output, the
 * ends of two pipes.
 */
#include <errno.h>

#include "net/stream.h"

struct two {
	struct pier_stream stream; /* its desc is the one to read from */
	struct pier__desc out;
};

static struct two *
of(struct pier_stream *stream)
{
	return pier__container_of(stream, struct two, stream);
}

static int
two_shutdown(struct pier_stream *stream, enum pier_half half)
{
	/* The end of output is what its reader sees when nobody has it open
	   any more. Reading just stops: the other end is not ours to tell. */
	if ((half & PIER_WRITING) != 0)
		pier__desc_close(stream->out_desc);
	return 0;
}

static void
two_abort(struct pier_stream *stream)
{
	pier__desc_abort(&stream->desc);
	pier__desc_abort(stream->out_desc);
}

static void
two_close(struct pier_stream *stream)
{
	struct two *two = of(stream);

	pier__desc_close(&stream->desc);
	pier__desc_close(&two->out);
	pier__free(stream->name);
	pier__free(two);
}

static const struct pier__stream_ops two_ops = {
	.readv = pier__fd_readv,
	.writev = pier__fd_writev,
	.shutdown = two_shutdown,
	.abort = two_abort,
	.wait = pier__fd_wait,
	.describe = pier__fd_describe,
	.close = two_close,
};

int
pier_adopt_two(struct pier_stream **out, int in, int out_fd)
{
	struct two *two = pier__alloc(sizeof(*two));
	int rc = two == NULL ? -ENOMEM : in == out_fd ? -EINVAL : 0;

	if (rc == 0) {
		pier__stream_init(&two->stream, &two_ops, NULL, "fd");
		rc = pier__desc_adopt(&two->stream.desc, in);
	}
	if (rc == 0)
		rc = pier__desc_adopt(&two->out, out_fd);
	if (rc < 0) {
		pier__free(two);
		return pier__fail(
			rc, &(struct pier__failure){ .step = PIER_STEP_CREATE,
				    .detail = "to adopt two descriptors" });
	}
	two->stream.out_desc = &two->out;
	*out = &two->stream;
	return 0;
}
