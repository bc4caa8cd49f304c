/* SPDX-License-Identifier: MIT */
/* net/about.c - what can be asked of a stream, and its errors. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pier/endpoint.h>

#include "base/hot.h"
#include "net/block.h"

static int
address(const struct pier_stream *stream, struct pier_addr *out,
	int (*get)(int fd, struct sockaddr *sa, socklen_t *len))
{
	struct pier_addr addr;
	int rc;

	memset(&addr, 0, sizeof(addr));
	addr.len = sizeof(addr.u);
	rc = get(pier__stream_base(stream)->desc.fd, &addr.u.sa, &addr.len);
	if (rc == -ENOTSOCK)
		rc = -EOPNOTSUPP;
	if (rc == 0)
		*out = addr;
	return rc;
}

int
pier_local(const struct pier_stream *stream, struct pier_addr *out)
{
	return address(stream, out, pier__calls()->getsockname);
}

int
pier_peer(const struct pier_stream *stream, struct pier_addr *out)
{
	return address(stream, out, pier__calls()->getpeername);
}

int
pier_fd(const struct pier_stream *stream)
{
	struct pier__desc *desc = &pier__stream_base(stream)->desc;

	/* Whoever uses it may rely on its being non-blocking; a socket lets
	   itself be made so. */
	(void)pier__block_end(desc);
	return desc->fd;
}

int
pier_describe(const struct pier_stream *stream, char *buf, size_t size)
{
	char local[PIER_ADDR_TEXT_MAX] = "?";
	char peer[PIER_ADDR_TEXT_MAX] = "?";
	struct pier_addr addr;
	int n;

	if (pier_local(stream, &addr) == 0)
		(void)pier_addr_format(&addr, local, sizeof(local));
	if (pier_peer(stream, &addr) == 0)
		(void)pier_addr_format(&addr, peer, sizeof(peer));
	if (pier__stream_base(stream)->family == AF_UNSPEC)
		n = snprintf(buf, size, "%s %d", stream->ops->describe(stream),
			pier_fd(stream));
	else
		n = snprintf(buf, size, "%s %s -> %s",
			stream->ops->describe(stream), local, peer);
	return (size_t)n < size ? n : -ENOSPC;
}

PIER__HOT uint64_t
pier_bytes_in(const struct pier_stream *stream)
{
	return stream->bytes_in;
}

PIER__HOT uint64_t
pier_bytes_out(const struct pier_stream *stream)
{
	return stream->bytes_out;
}

size_t
pier_buffered(const struct pier_stream *stream)
{
	return stream->in_end - stream->in_begin;
}

PIER__HOT size_t
pier_gathered(const struct pier_stream *stream)
{
	return stream->out != NULL ? pier__gather_size(stream->out) : 0;
}

/* Who is at the other end, for an error: what was dialled, else the peer. */
static void
endpoint_text(const struct pier_stream *stream, char *buf, size_t size)
{
	const struct pier_stream *base = pier__stream_base(stream);
	struct pier_addr addr = { .len = 0 };

	if (base->name != NULL) {
		(void)snprintf(buf, size, "%s", base->name);
		return;
	}
	if (base->limits != NULL)
		(void)pier_addr_from_sockaddr(
			&addr, base->limits->peer, base->limits->peer_len);
	else
		(void)pier_peer(base, &addr);
	if (pier_endpoint_format(base->scheme, &addr, buf, size) < 0)
		(void)snprintf(buf, size, "%s://", base->scheme);
}

int
pier__stream_fail_with(const struct pier_stream *stream, int rc,
	const struct pier__failure *failure)
{
	const struct pier_stream *base = pier__stream_base(stream);
	const struct pier__task *self = pier__current;
	struct pier__failure told = *failure;
	char text[PIER_ENDPOINT_TEXT_MAX];

	endpoint_text(stream, text, sizeof(text));
	told.endpoint = text;
	if (rc == -PIER_ELIMIT)
		told.detail = base->limits != NULL && base->limits->met != NULL
				      ? base->limits->met
				      : "descriptors that nobody took";
	if (self != NULL && self->first_wait != 0)
		told.elapsed_ns = pier_now() - self->first_wait;
	return pier__fail(rc, &told);
}

int
pier__stream_fail(const struct pier_stream *stream, int rc, enum pier_step step)
{
	if (rc == -EAGAIN)
		return rc;
	return pier__stream_fail_with(
		stream, rc, &(struct pier__failure){ .step = step });
}

int
pier__stream_refuse(
	const struct pier_stream *stream, int rc, enum pier_step step)
{
	struct pier__task *self = pier__current;

	if (self != NULL)
		self->first_wait = 0;
	return pier__stream_fail(stream, rc, step);
}

int
pier__stream_fail_done(const struct pier_stream *stream, int rc,
	enum pier_step step, size_t done)
{
	return pier__stream_fail_with(stream, rc,
		&(struct pier__failure){
			.step = step, .done = done, .counts = true });
}
