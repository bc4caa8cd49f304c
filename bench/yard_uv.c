/* SPDX-License-Identifier: MIT */
/*
 * The rival: the same echo server on libuv, the callback library that C
 * programs take most often, written to be as fast as libuv lets it be.
 *
 * - One read buffer for all connections: libuv asks for it right before each
 *   read, and the callback is done with it before the next.
 * - uv_try_write first. Only what the socket does not take is copied and
 *   queued by uv_write, and reading stops until that has gone.
 * - TCP_NODELAY is set on the listener: accepted sockets inherit it.
 */
#include "common.h"
#include "yard.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct rest {
	uv_write_t request;
	char bytes[];
};

/* Reached from each handle by its loop's data pointer. */
struct server {
	char *buf;
	size_t buf_size;
};

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf);

static void
on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
	const struct server *server = handle->loop->data;

	(void)hint; /* libuv always proposes 64 KiB */
	*buf = uv_buf_init(server->buf, (unsigned)server->buf_size);
}

static void
on_close(uv_handle_t *handle)
{
	free(handle);
}

static void
drop(uv_stream_t *stream)
{
	if (!uv_is_closing((uv_handle_t *)stream))
		uv_close((uv_handle_t *)stream, on_close);
}

static void
on_rest_written(uv_write_t *request, int status)
{
	uv_stream_t *stream = request->handle;

	free(request);
	if (status == 0)
		status = uv_read_start(stream, on_alloc, on_read);
	if (status < 0)
		drop(stream);
}

static int
write_rest(uv_stream_t *stream, const char *bytes, size_t len)
{
	struct rest *rest = malloc(sizeof(*rest) + len);
	uv_buf_t buf;
	int rc;

	if (rest == NULL)
		return UV_ENOMEM;
	memcpy(rest->bytes, bytes, len);
	buf = uv_buf_init(rest->bytes, (unsigned)len);
	uv_read_stop(stream);
	rc = uv_write(&rest->request, stream, &buf, 1, on_rest_written);
	if (rc < 0)
		free(rest);
	return rc;
}

static void
on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	uv_buf_t out;
	int sent;

	if (got == 0)
		return; /* libuv's way to say EAGAIN */
	if (got < 0) {
		drop(stream);
		return;
	}
	out = uv_buf_init(buf->base, (unsigned)got);
	sent = uv_try_write(stream, &out, 1);
	if (sent == UV_EAGAIN)
		sent = 0;
	if (sent >= 0 && sent < got)
		sent = write_rest(stream, buf->base + sent, (size_t)got - sent);
	if (sent < 0)
		drop(stream);
}

static void
on_connection(uv_stream_t *listener, int status)
{
	uv_tcp_t *client;

	if (status < 0)
		return; /* the client left while it was queued */
	client = malloc(sizeof(*client));
	if (client == NULL)
		bench_fail(0, "out of memory");
	uv_tcp_init(listener->loop, client);
	if (uv_accept(listener, (uv_stream_t *)client) < 0 ||
		uv_read_start((uv_stream_t *)client, on_alloc, on_read) < 0)
		drop((uv_stream_t *)client);
}

static void
check(int rc, const char *step)
{
	if (rc < 0)
		bench_fail(0, "%s: %s", step, uv_strerror(rc));
}

int
main(int argc, char **argv)
{
	static struct server server;
	struct yard_options options;
	struct sockaddr_in addr;
	int len = sizeof(addr);
	uv_loop_t loop;
	uv_tcp_t listener;

	yard_parse(&options, argc, argv, 0);
	bench_raise_descriptor_limit();
	server.buf_size = options.buf_size;
	server.buf = malloc(server.buf_size);
	if (server.buf == NULL)
		bench_fail(0, "out of memory");
	check(uv_loop_init(&loop), "uv_loop_init");
	loop.data = &server;
	check(uv_tcp_init(&loop, &listener), "uv_tcp_init");
	check(uv_ip4_addr("127.0.0.1", options.port, &addr), "uv_ip4_addr");
	check(uv_tcp_bind(&listener, (struct sockaddr *)&addr, 0),
		"uv_tcp_bind");
	check(uv_tcp_nodelay(&listener, 1), "uv_tcp_nodelay");
	check(uv_listen((uv_stream_t *)&listener, YARD_BACKLOG, on_connection),
		"uv_listen");
	check(uv_tcp_getsockname(&listener, (struct sockaddr *)&addr, &len),
		"uv_tcp_getsockname");
	yard_ready(ntohs(addr.sin_port));
	return uv_run(&loop, UV_RUN_DEFAULT);
}
