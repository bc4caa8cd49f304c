/* SPDX-License-Identifier: MIT */
/*
 * serve/want_test.c - no thread is to be had for a connection: that is told, and
 * tried again after a pause.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "os/calls.h"
#include "task/task.h"

/* Tries after which there is a thread even for one that tells nobody. */
#define TRIES_MAX 1000

static struct {
	struct pier__calls table;
	struct pier_server *server;
	int client;
	atomic_bool listens; /* from here on threads are wanting */
	int tries;
	int errors, rc;
} bed;

/* Until somebody was told. */
static int
refuse_thread(void *stack, size_t stack_size, void *(*fn)(void *), void *arg,
	void *id)
{
	if (atomic_load(&bed.listens) && bed.errors == 0 &&
		++bed.tries < TRIES_MAX)
		return -EAGAIN;
	return pier__calls_real.thread(stack, stack_size, fn, arg, id);
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	(void)conn;
	(void)ctx;
	bed.errors++;
	bed.rc = rc;
}

static void
on_listen(struct pier_server *server, void *ctx)
{
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct pier_addr addr;

	(void)ctx;
	assert_true(pier_server_endpoint(server, 0, text, sizeof(text)) > 0);
	assert_int_equal(pier_addr_parse(&addr, strstr(text, "://") + 3), 0);
	assert_int_equal(connect(bed.client, &addr.u.sa, addr.len), 0);
	atomic_store(&bed.listens, true);
}

static int
handle(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	(void)ctx;
	pier_server_stop(bed.server);
	return 0;
}

static void
test_no_thread_is_told_and_not_spun_on(void **state)
{
	const struct pier_server_opts opts = {
		.endpoint = "tcp4://127.0.0.1:0",
		.handler = handle,
		.model = PIER_THREAD,
		.linger_ms = PIER_OFF,
		.on_listen = on_listen,
		.on_error = on_error,
	};

	(void)state;
	bed.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(bed.client >= 0);
	bed.table = pier__calls_real;
	bed.table.thread = refuse_thread;
	pier__self()->context.calls = &bed.table;
	assert_int_equal(pier_server_open(&bed.server, &opts), 0);
	assert_int_equal(pier_server_run(bed.server), 0);
	assert_int_equal(bed.tries, 1);
	assert_int_equal(bed.errors, 1);
	assert_int_equal(bed.rc, -EAGAIN);
	pier_server_close(bed.server);
	(void)close(bed.client);
	pier__self()->context.calls = &pier__calls_real;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_thread_is_told_and_not_spun_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
