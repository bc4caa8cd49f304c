/* SPDX-License-Identifier: MIT */
/*
 * serve/exec_stream.c - see exec_stream.h.
 *
 * What the kernel says of a program that has gone depends on what it left: an
 * end of a pair that was closed with bytes unread resets the other end, once
 * what it sent is read; a terminal without a program is EIO both ways.
 */
#include "serve/exec_stream.h"

#include <errno.h>

/* ^D: the end of input in a terminal that edits lines, as it is set up; at the
   beginning of a line. Within one the first only ends the line. */
#define END_OF_INPUT '\004'

/* Between one END_OF_INPUT and the next, doubled each time; and how often it is
   written again. Three seconds in all. */
#define PAUSE_FIRST_NS INT64_C(20000000)
#define PAUSE_MAX_NS   INT64_C(500000000)
#define ENDS_MAX       10

struct program {
	struct pier_stream stream;
	bool is_terminal;
	bool in_line;      /* the last byte that was written ended no line */
	unsigned ends_put; /* how often END_OF_INPUT was written */
	/* Once it is written as often as it takes: */
	unsigned insisted; /* and how often again */
	int64_t pause_ns;  /* the last */
	int64_t look_at;   /* has all been read then? */
};

static struct program *
of(struct pier_stream *stream)
{
	return pier__container_of(stream, struct program, stream);
}

static bool
has_gone(ssize_t rc)
{
	return rc == -ECONNRESET || rc == -EIO;
}

static ssize_t
program_readv(struct pier_stream *stream, const struct iovec *iov, int count)
{
	ssize_t n = pier__fd_readv(stream, iov, count);

	return has_gone(n) ? 0 : n;
}

static ssize_t
type(struct program *program)
{
	char end = END_OF_INPUT;
	struct iovec iov = { .iov_base = &end, .iov_len = 1 };

	return pier__fd_writev(&program->stream, &iov, 1);
}

static int
type_end(struct program *program)
{
	unsigned wanted = program->in_line ? 2 : 1;

	while (program->ends_put < wanted) {
		ssize_t n = type(program);

		/* Who has gone needs no end. */
		if (n < 0)
			return has_gone(n) ? 0 : (int)n;
		program->ends_put++;
	}
	if (program->look_at == 0) {
		program->pause_ns = PAUSE_FIRST_NS;
		program->look_at = pier_now() + PAUSE_FIRST_NS;
	}
	return 0;
}

int64_t
pier__exec_stream_insist(struct pier_stream *stream, bool *in_vain)
{
	struct program *program = of(stream);
	int64_t now = pier_now();

	if (program->look_at == 0 || now < program->look_at)
		return program->look_at;
	/* Where that cannot be known for now, it is tried again. */
	if (pier__calls()->pty_unread(stream->desc.fd) == 0) {
		*in_vain = program->insisted == ENDS_MAX;
		if (!*in_vain && type(program) > 0)
			program->insisted++;
	}
	program->pause_ns *= 2;
	if (program->pause_ns > PAUSE_MAX_NS)
		program->pause_ns = PAUSE_MAX_NS;
	program->look_at = now + program->pause_ns;
	return program->look_at;
}

static int
program_shutdown(struct pier_stream *stream, enum pier_half half)
{
	struct program *program = of(stream);

	if (program->is_terminal)
		return (half & PIER_WRITING) != 0 ? type_end(program) : 0;
	return pier__fd_ops.shutdown(stream, half);
}

/* The last of the n bytes that went. */
static char
last_of(const struct iovec *iov, size_t n)
{
	while (n > iov->iov_len)
		n -= iov++->iov_len;
	return ((const char *)iov->iov_base)[n - 1];
}

static ssize_t
program_writev(struct pier_stream *stream, const struct iovec *iov, int count)
{
	ssize_t n = pier__fd_writev(stream, iov, count);

	if (n > 0)
		of(stream)->in_line = last_of(iov, (size_t)n) != '\n';
	if (!has_gone(n) && n != -EPIPE)
		return n;
	/* One that only ceased to read is to know that no more will come. */
	(void)program_shutdown(stream, PIER_WRITING);
	return -EPIPE;
}

static void
program_abort(struct pier_stream *stream)
{
	pier__desc_abort(&stream->desc);
}

static void
program_close(struct pier_stream *stream)
{
	struct program *program = of(stream);

	pier__desc_close(&stream->desc);
	pier__free(stream->name);
	pier__free(program);
}

static const struct pier__stream_ops program_ops = {
	.readv = program_readv,
	.writev = program_writev,
	.shutdown = program_shutdown,
	.abort = program_abort,
	.wait = pier__fd_wait,
	.describe = pier__fd_describe,
	.close = program_close,
};

int
pier__exec_stream(struct pier_stream **out, int fd, bool is_terminal)
{
	struct program *program = pier__alloc_object(sizeof(*program));

	if (program == NULL)
		return -ENOMEM;
	pier__stream_init(&program->stream, &program_ops, NULL, "program");
	pier__desc_init(&program->stream.desc, fd,
		is_terminal ? PIER__DESC_FILE : PIER__DESC_SOCKET);
	program->is_terminal = is_terminal;
	*out = &program->stream;
	return 0;
}
