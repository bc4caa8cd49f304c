/* SPDX-License-Identifier: MIT */
/*
 * The rival: datagrams echoed on libuv, as fast as it lets one do that. Messages
 * that queue come by recvmmsg, 20 at most (UV_UDP_RECVMMSG), and each is answered
 * by uv_udp_try_send: there is no call that sends several.
 */
#include "common.h"
#include "yard.h"

#include <arpa/inet.h>
#include <uv.h>

/* What libuv takes of a buffer for each message, and how many it takes. */
#define CHUNK 65536
#define BATCH 20

static char room[BATCH * CHUNK];

static void
check(int rc, const char *step)
{
	if (rc < 0)
		bench_fail(0, "%s: %s", step, uv_strerror(rc));
}

static void
on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
	(void)handle;
	(void)hint;
	*buf = uv_buf_init(room, sizeof(room));
}

/* Without a sender: that was the last of a batch. */
static void
on_message(uv_udp_t *socket, ssize_t got, const uv_buf_t *buf,
	const struct sockaddr *from, unsigned flags)
{
	uv_buf_t out;

	(void)flags;
	check((int)got, "uv_udp_recv");
	if (from == NULL)
		return;
	out = uv_buf_init(buf->base, (unsigned)got);
	check(uv_udp_try_send(socket, &out, 1, from), "uv_udp_try_send");
}

int
main(int argc, char **argv)
{
	struct yard_options options;
	struct sockaddr_in addr;
	int len = sizeof(addr);
	uv_udp_t socket;
	uv_loop_t loop;

	yard_parse(&options, argc, argv, 0);
	check(uv_loop_init(&loop), "uv_loop_init");
	check(uv_udp_init_ex(&loop, &socket, AF_INET | UV_UDP_RECVMMSG),
		"uv_udp_init_ex");
	check(uv_ip4_addr("127.0.0.1", options.port, &addr), "uv_ip4_addr");
	check(uv_udp_bind(&socket, (struct sockaddr *)&addr, 0), "uv_udp_bind");
	check(uv_udp_recv_start(&socket, on_alloc, on_message),
		"uv_udp_recv_start");
	check(uv_udp_getsockname(&socket, (struct sockaddr *)&addr, &len),
		"uv_udp_getsockname");
	yard_ready(ntohs(addr.sin_port));
	return uv_run(&loop, UV_RUN_DEFAULT);
}
