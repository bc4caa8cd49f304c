/* SPDX-License-Identifier: MIT */
/*
 * serve/moment_test.c - when a server of one UDP socket waits in recvmmsg(2)
 * itself, and when it does not. No time passes: what would happen during the call
 * happens right before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "os/calls.h"
#include "task/task.h"

/* Waits by the engine after one in vain: what is left of that, and eight. */
#define PATIENT 9

static struct {
	struct pier__calls table;
	struct pier_server *server;
	struct pier_packet *packet;
	int fd;      /* of the client, connected */
	int blocked; /* receives that may wait */
	int waits;   /* of the engine, that may last */
	int handled;
	int last; /* stops the server */
	int errors, rc;
	/* Right before a wait of whichever kind. */
	int (*meanwhile)(void);
} bed;

static void
send_one(void)
{
	assert_int_equal(send(bed.fd, "a", 1, 0), 1);
}

/* What a wait gives in place of the kernel's answer, or 0. */
static int
happens(void)
{
	return bed.meanwhile != NULL ? bed.meanwhile() : 0;
}

static int
watch_recvmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	int rc = 0;

	if ((flags & MSG_DONTWAIT) == 0) {
		bed.blocked++;
		rc = happens();
	}
	return rc < 0 ? rc : pier__calls_real.recvmmsg(fd, list, count, flags);
}

static int
watch_epoll_wait(
	int epfd, struct epoll_event *events, int count, int64_t timeout_ns)
{
	if (timeout_ns != 0) {
		bed.waits++;
		(void)happens();
	}
	return pier__calls_real.epoll_wait(epfd, events, count, timeout_ns);
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	(void)conn;
	(void)ctx;
	bed.errors++;
	bed.rc = rc;
}

static int
echo(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)ctx;
	bed.packet = packet;
	if (++bed.handled == bed.last)
		pier_server_stop(bed.server);
	return pier_reply(packet, msg, msg->data, msg->size, PIER_DEFAULT);
}

static void
begin(pier_datagram_handler *handler, struct pier_server_opts opts)
{
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct pier_addr addr;

	if (opts.endpoint == NULL && opts.endpoints == NULL)
		opts.endpoint = "udp4://127.0.0.1:0";
	opts.datagram_handler = handler;
	if (opts.on_error == NULL)
		opts.on_error = on_error;
	memset(&bed, 0, sizeof(bed));
	bed.table = pier__calls_real;
	bed.table.recvmmsg = watch_recvmmsg;
	bed.table.epoll_wait = watch_epoll_wait;
	pier__self()->context.calls = &bed.table;
	assert_int_equal(pier_server_open(&bed.server, &opts), 0);
	assert_true(
		pier_server_endpoint(bed.server, 0, text, sizeof(text)) > 0);
	assert_int_equal(pier_addr_parse(&addr, strstr(text, "://") + 3), 0);
	bed.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(bed.fd, &addr.u.sa, addr.len), 0);
}

static void
end(void)
{
	pier_server_close(bed.server);
	(void)close(bed.fd);
	pier__self()->context.calls = &pier__calls_real;
}

/* Until the server was told to stop, which it hears once none comes. */
static int
one_comes(void)
{
	if (bed.last > 0 && bed.handled == bed.last)
		return -EAGAIN;
	send_one();
	return 0;
}

static void
test_one_call_for_both(void **state)
{
	(void)state;
	begin(echo, (struct pier_server_opts){ 0 });
	bed.meanwhile = one_comes;
	bed.last = 10;
	assert_int_equal(pier_server_run(bed.server), 0);
	assert_int_equal(bed.blocked, 10 + 1);
	assert_true(bed.waits <= 1);
	end();
}

/* In one wait of the call none comes, in those of the engine one each. */
static int
none_comes_once(void)
{
	if (bed.blocked == 1 && bed.waits == 0)
		return -EAGAIN;
	return one_comes();
}

static void
test_others_after_one_in_vain(void **state)
{
	(void)state;
	begin(echo, (struct pier_server_opts){ 0 });
	bed.meanwhile = none_comes_once;
	bed.last = PATIENT + 3;
	assert_int_equal(pier_server_run(bed.server), 0);
	assert_int_equal(bed.blocked, 1 + 3 + 1);
	assert_in_range(bed.waits, PATIENT, PATIENT + 1);
	end();
}

/* The handler of a signal stops it. */
static int
told_to_stop(void)
{
	pier_server_stop(bed.server);
	return -EINTR;
}

static void
test_a_signal(void **state)
{
	(void)state;
	begin(echo, (struct pier_server_opts){ 0 });
	bed.meanwhile = told_to_stop;
	assert_int_equal(pier_server_run(bed.server), 0);
	assert_int_equal(bed.blocked, 1);
	assert_int_equal(bed.errors, 0);
	end();
}

/* Who asks for the descriptor gets one that does not block. */
static int
ask_for_it(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	int flags = fcntl(pier_packet_fd(packet), F_GETFL);

	assert_true((flags & O_NONBLOCK) != 0);
	return echo(packet, msg, ctx);
}

static void
test_a_descriptor_that_is_asked_for(void **state)
{
	(void)state;
	begin(ask_for_it, (struct pier_server_opts){ 0 });
	bed.meanwhile = one_comes;
	bed.last = 3;
	assert_int_equal(pier_server_run(bed.server), 0);
	assert_int_equal(bed.blocked, 1);
	end();
}

static int
aborted(void)
{
	if (bed.packet == NULL)
		return one_comes();
	pier_packet_abort(bed.packet);
	bed.meanwhile = NULL;
	return 0;
}

static void
stop_at_error(const struct pier_conn *conn, int rc, void *ctx)
{
	on_error(conn, rc, ctx);
	pier_server_stop(bed.server);
}

static void
test_a_socket_that_is_aborted(void **state)
{
	(void)state;
	begin(echo, (struct pier_server_opts){ .on_error = stop_at_error });
	bed.meanwhile = aborted;
	assert_int_equal(pier_server_run(bed.server), 0);
	assert_int_equal(bed.handled, 1);
	assert_int_equal(bed.rc, -ECONNABORTED);
	end();
}

/* ---- Where others want their turn at once -------------------------------- */

static void
on_tick(struct pier_server *server, void *ctx)
{
	(void)server;
	(void)ctx;
}

static void
never_blocks(struct pier_server_opts opts)
{
	begin(echo, opts);
	bed.meanwhile = one_comes;
	bed.last = 3;
	assert_int_equal(pier_server_run(bed.server), 0);
	assert_int_equal(bed.blocked, 0);
	end();
}

static void
test_where_others_are_served(void **state)
{
	static const char *const two[] = { "udp4://127.0.0.1:0",
		"udp4://127.0.0.1:0", NULL };

	(void)state;
	/* A timer that is near. */
	never_blocks(
		(struct pier_server_opts){ .tick = on_tick, .tick_ms = 50 });
	never_blocks((struct pier_server_opts){ .endpoints = two });
	never_blocks((struct pier_server_opts){
		.endpoint = "udp4://127.0.0.1:0?rcvtimeo=1s" });
}

/* The first waits for the second. */
static int
wait_for_another(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	struct pier_channel *go = ctx;
	bool first = bed.packet == NULL;
	char token;
	int rc;

	bed.packet = packet;
	rc = first ? pier_channel_recv(go, &token, PIER_FOREVER)
		   : pier_channel_send(go, "", PIER_FOREVER);
	return rc < 0 ? rc : echo(packet, msg, NULL);
}

static void
test_while_a_handler_waits(void **state)
{
	struct pier_channel *go;

	(void)state;
	assert_int_equal(pier_channel_open(&go, 1, 1), 0);
	begin(wait_for_another, (struct pier_server_opts){ .ctx = go });
	bed.meanwhile = one_comes;
	bed.last = 2;
	assert_int_equal(pier_server_run(bed.server), 0);
	assert_int_equal(bed.blocked, 1);
	assert_true(bed.waits > 0);
	end();
	pier_channel_close(go);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_call_for_both),
		cmocka_unit_test(test_others_after_one_in_vain),
		cmocka_unit_test(test_a_signal),
		cmocka_unit_test(test_a_descriptor_that_is_asked_for),
		cmocka_unit_test(test_a_socket_that_is_aborted),
		cmocka_unit_test(test_where_others_are_served),
		cmocka_unit_test(test_while_a_handler_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
