/* SPDX-License-Identifier: MIT */
/*
 * net/rfcomm.c - the operations of a stream over RFCOMM.
 *
 * They are those of any descriptor but for its end. There is one way to end such
 * a stream, the command DISC, and both directions end with it: the kernel tells
 * the peer ECONNRESET, behind all that was sent before. That is an end, not a
 * failure, and read as one. A link that broke is told by other errors.
 */
#include "net/rfcomm.h"

#include <errno.h>

#include "net/bt.h"

static ssize_t
rfcomm_readv(struct pier_stream *stream, const struct iovec *iov, int count)
{
	struct pier__desc *desc = &stream->desc;
	ssize_t n;

	if (!PIER__LOOK(desc->readable))
		return -EAGAIN;
	n = pier__desc_readv(desc, iov, count);
	if (n == -EAGAIN && pier__bt_is_over(desc->fd)) {
		n = pier__desc_readv(desc, iov, count);
		if (n == -EAGAIN)
			n = 0;
	}
	if (n == -ECONNRESET)
		n = 0;
	/* The kernel says it once, and this says it as often as it is asked. */
	if (n == 0)
		pier__desc_look_again(desc, PIER__IN);
	return n;
}

static ssize_t
rfcomm_writev(struct pier_stream *stream, const struct iovec *iov, int count)
{
	ssize_t n = pier__fd_writev(stream, iov, count);

	return n < 0 ? pier__bt_sent((int)n) : n;
}

/* pier_shutdown() asks for both at once. What is left is to tell a reader. */
static int
rfcomm_shutdown(struct pier_stream *stream, enum pier_half half)
{
	if (half == PIER_BOTH)
		return pier__fd_ops.shutdown(stream, half);
	return stream->write_done ? 0 : -ENOTSUP;
}

static void
rfcomm_abort(struct pier_stream *stream)
{
	pier__fd_ops.abort(stream);
}

static void
rfcomm_close(struct pier_stream *stream)
{
	pier__fd_ops.close(stream);
}

const struct pier__stream_ops pier__rfcomm_ops = {
	.readv = rfcomm_readv,
	.writev = rfcomm_writev,
	.shutdown = rfcomm_shutdown,
	.abort = rfcomm_abort,
	.wait = pier__fd_wait,
	.describe = pier__fd_describe,
	.close = rfcomm_close,
};
