/* SPDX-License-Identifier: MIT */
/* serve_hooks.c - setup, finish, on_error, and what they see of a connection;
   the numbers that the server keeps. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"
#include "serving.h"

#define TCP "tcp://127.0.0.1:0"

#define FIELD(name) offsetof(struct pier_server_stats, name)

/* What the hooks of one connection saw. */
struct seen {
	int setups, finishes, errors;
	int refuse; /* setup returns this */
	int handler_rc;
	struct pier_conn last; /* as it was in finish */
	struct pier_addr peer;
	struct pier_addr local;
	uint64_t in, out;
	bool open; /* the descriptor was, in finish */
	int error_rc;
	uint64_t error_id;
	char line[256];
};

/* Connections may end side by side. */
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

static int
setup(struct pier_stream *stream, void *ctx)
{
	struct seen *seen = ctx;
	struct pier_conn *conn = pier_conn(stream);

	assert_non_null(conn);
	conn->user = malloc(10);
	(void)pthread_mutex_lock(&guard);
	seen->setups++;
	(void)pthread_mutex_unlock(&guard);
	return seen->refuse;
}

static void
finish(struct pier_stream *stream, void *ctx)
{
	struct seen *seen = ctx;
	struct pier_conn *conn = pier_conn(stream);

	(void)pthread_mutex_lock(&guard);
	seen->finishes++;
	seen->last = *conn;
	seen->in = pier_bytes_in(stream);
	seen->out = pier_bytes_out(stream);
	seen->open = pier_local(stream, &seen->local) == 0;
	assert_int_equal(pier_conn_peer(conn, &seen->peer), 0);
	assert_int_equal(pier_conn_local(conn, &seen->local), 0);
	(void)pthread_mutex_unlock(&guard);
	free(conn->user);
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	struct seen *seen = ctx;

	seen->errors++;
	seen->error_rc = rc;
	seen->error_id = conn->id;
	(void)snprintf(seen->line, sizeof(seen->line), "%s", pier_error_line());
}

/* Echoes once, then comes back with what the test wants. */
static int
once(struct pier_stream *stream, void *ctx)
{
	struct seen *seen = ctx;
	char buf[64];
	ssize_t n = pier_read(stream, buf, sizeof(buf), PIER_DEFAULT);
	int rc = n > 0 ? pier_write(stream, buf, (size_t)n, PIER_DEFAULT)
		       : (int)n;

	return rc < 0 ? rc : seen->handler_rc;
}

static struct pier_server_opts
hooked(enum pier_model model, struct seen *seen)
{
	return (struct pier_server_opts){ .endpoint = TCP,
		.handler = once,
		.model = model,
		.ctx = seen,
		.setup = setup,
		.finish = finish,
		.on_error = on_error };
}

static void
test_finish_sees_all(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .handler_rc = 3 };
		struct pier_server_opts opts = hooked(models[i], &seen);
		struct sockaddr_in mine;
		socklen_t len = sizeof(mine);
		struct serving it;
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		(void)getsockname(fd, (struct sockaddr *)&mine, &len);
		plain_echo(fd, "hello");
		(void)close(fd);
		(void)serving_await(&it, FIELD(bytes_out), 5);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(seen.setups, 1);
		assert_int_equal(seen.finishes, 1);
		assert_int_equal(seen.errors, 0);
		assert_true(seen.open);
		assert_int_equal(seen.last.reason, PIER_END_HANDLER);
		assert_int_equal(seen.last.rc, 3);
		assert_int_equal(seen.last.id, 1);
		assert_string_equal(seen.last.endpoint, TCP);
		assert_string_equal(seen.last.limit, "");
		assert_int_equal(seen.in, 5);
		assert_int_equal(seen.out, 5);
		assert_true(seen.last.accepted_ns > 0);
		assert_true(seen.last.first_byte_ns >= seen.last.accepted_ns);
		assert_true(seen.last.last_byte_ns >= seen.last.first_byte_ns);
		assert_int_equal(
			pier_addr_port(&seen.peer), ntohs(mine.sin_port));
	}
}

/* A connection over a Unix socket, and what is none of a server. */
static int
look(struct pier_stream *stream, void *ctx)
{
	struct pier_conn *conn = pier_conn(stream);
	struct pier_stream *a, *b;

	assert_int_equal(pier_pair(&a, &b), 0);
	assert_null(pier_conn(a));
	pier_close(a);
	pier_close(b);
	assert_non_null(conn->user);
	assert_int_equal(conn->first_byte_ns, 0);
	assert_int_equal(conn->last_byte_ns, conn->accepted_ns);
	return once(stream, ctx);
}

/* So many have ended. One is counted as finished before finish() is called,
   which in a thread of its own may be later than that of the next. */
static void
await_finishes(struct seen *seen, int count)
{
	int64_t until = wall_ms() + 20000;
	int now;

	do {
		(void)usleep(1000);
		(void)pthread_mutex_lock(&guard);
		now = seen->finishes;
		(void)pthread_mutex_unlock(&guard);
	} while (now < count && wall_ms() < until);
	assert_int_equal(now, count);
}

static void
test_what_a_connection_says(void **state)
{
	int i, id;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .handler_rc = 0 };
		struct pier_server_opts opts = hooked(models[i], &seen);
		char text[PIER_ADDR_TEXT_MAX], endpoint[64];
		struct serving it;
		int fd;

		(void)snprintf(endpoint, sizeof(endpoint),
			"unix://@pier-hooks-%d", (int)getpid());
		opts.endpoint = endpoint;
		opts.handler = look;
		serving_start(&it, &opts);
		for (id = 1; id <= 2; id++) {
			fd = plain_connect(&it, 0);
			if (id == 1)
				plain_echo(fd, "hello");
			(void)close(fd);
			await_finishes(&seen, id);
		}
		(void)serving_await(&it, FIELD(bytes_out), 5);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(seen.last.id, 2);
		assert_ptr_equal(seen.last.server, it.server);
		assert_int_equal(seen.last.first_byte_ns, 0);
		assert_int_equal(seen.peer.len, 0);
		assert_true(
			pier_addr_format(&seen.local, text, sizeof(text)) > 0);
		assert_string_equal(text, strchr(endpoint, '@'));
	}
}

static void
test_setup_refuses(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .refuse = -EACCES };
		struct pier_server_opts opts = hooked(models[i], &seen);
		struct pier_server_stats stats;
		struct serving it;
		char byte;
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		assert_int_equal(recv(fd, &byte, 1, 0), 0);
		(void)close(fd);
		stats = serving_await(&it, FIELD(refused_setup), 1);
		assert_int_equal(stats.failed, 0);
		assert_int_equal(stats.finished, 0);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(seen.last.reason, PIER_END_SETUP);
		assert_int_equal(seen.last.rc, -EACCES);
		assert_int_equal(seen.finishes, 1);
		assert_int_equal(seen.errors, 1);
		assert_int_equal(seen.error_rc, -EACCES);
	}
}

static void
test_a_handler_fails(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .handler_rc = -EIO };
		struct pier_server_opts opts = hooked(models[i], &seen);
		struct serving it;
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		plain_echo(fd, "hello");
		(void)serving_await(&it, FIELD(failed), 1);
		(void)close(fd);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(seen.last.reason, PIER_END_ERROR);
		assert_int_equal(seen.last.rc, -EIO);
		assert_int_equal(seen.error_rc, -EIO);
		assert_int_equal(seen.error_id, 1);
		/* The handler's own code has a story too: who it was. */
		assert_non_null(strstr(seen.line, "EIO"));
		assert_non_null(strstr(seen.line, "handler"));
		assert_non_null(strstr(seen.line, "127.0.0.1"));
	}
}

/* The peer is known after a reset, when the kernel has forgotten it. */
static void
test_a_reset(void **state)
{
	static const struct linger at_once = { .l_onoff = 1 };
	struct seen seen = { .handler_rc = 0 };
	struct pier_server_opts opts = hooked(PIER_FIBER, &seen);
	struct serving it;
	int fd;

	(void)state;
	opts.handler = pier_handler_echo;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	plain_echo(fd, "hello");
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	(void)close(fd);
	(void)serving_await(&it, FIELD(failed), 1);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(seen.last.rc, -ECONNRESET);
	assert_true(pier_is_reset(seen.error_rc));
	assert_int_equal(pier_addr_family(&seen.peer), AF_INET);
	assert_true(pier_addr_port(&seen.peer) > 0);
	assert_non_null(strstr(seen.line, "127.0.0.1"));
}

static void
test_a_cancel_is_no_error(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .handler_rc = 0 };
		struct pier_server_opts opts = hooked(models[i], &seen);
		struct serving it;
		int fd;

		opts.handler = pier_handler_echo;
		opts.drain_ms = PIER_OFF;
		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		plain_echo(fd, "hello");
		assert_int_equal(serving_stop(&it), 1);
		(void)close(fd);
		assert_int_equal(seen.last.reason, PIER_END_CANCELLED);
		assert_int_equal(seen.errors, 0);
		assert_int_equal(seen.finishes, 1);
	}
}

static int
wait_in_setup(struct pier_stream *stream, void *ctx)
{
	const void *data;
	ssize_t n;

	(void)setup(stream, ctx);
	n = pier_peek(stream, &data, 1, PIER_FOREVER);
	return n < 0 ? (int)n : 0;
}

static void
wait_in_finish(struct pier_stream *stream, void *ctx)
{
	assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
	assert_int_equal(pier_yield(), 0);
	finish(stream, ctx);
}

static void
test_hooks_may_wait(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .handler_rc = 0 };
		struct pier_server_opts opts = hooked(models[i], &seen);
		struct serving it;
		int fd;

		opts.setup = wait_in_setup;
		opts.finish = wait_in_finish;
		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		plain_echo(fd, "hello");
		(void)close(fd);
		(void)serving_await(&it, FIELD(bytes_out), 5);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(seen.finishes, 1);
		assert_int_equal(seen.last.reason, PIER_END_HANDLER);
	}
}

/* Neither is one that came before the handler. */
static void
test_a_cancel_in_setup(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .handler_rc = 0 };
		struct pier_server_opts opts = hooked(models[i], &seen);
		struct pier_server_stats stats;
		struct serving it;
		int fd;

		opts.setup = wait_in_setup;
		opts.drain_ms = PIER_OFF;
		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		(void)serving_await(&it, FIELD(accepted), 1);
		pier_server_stop(it.server);
		stats = serving_await(&it, FIELD(cancelled), 1);
		assert_int_equal(serving_join(&it), 1);
		(void)close(fd);
		assert_int_equal(stats.refused_setup, 0);
		assert_int_equal(seen.last.reason, PIER_END_CANCELLED);
		assert_int_equal(seen.last.rc, -ECANCELED);
		assert_int_equal(seen.errors, 0);
		assert_int_equal(seen.finishes, 1);
	}
}

/* What no call of pier wrote down has a story all the same. */
static void
test_a_handler_would_wait(void **state)
{
	struct seen seen = { .handler_rc = -EAGAIN };
	struct pier_server_opts opts = hooked(PIER_FIBER, &seen);
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	plain_echo(fd, "hello");
	(void)serving_await(&it, FIELD(failed), 1);
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(seen.error_rc, -EAGAIN);
	assert_non_null(strstr(seen.line, "EAGAIN"));
	assert_non_null(strstr(seen.line, "handler"));
}

static int
stop_in_setup(struct pier_stream *stream, void *ctx)
{
	pier_server_stop(pier_conn(stream)->server);
	return setup(stream, ctx);
}

static void
stop_in_finish(struct pier_stream *stream, void *ctx)
{
	pier_server_stop(pier_conn(stream)->server);
	finish(stream, ctx);
}

static void
stop_in_on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	pier_server_stop(conn->server);
	on_error(conn, rc, ctx);
}

static void
stops(struct pier_server_opts *opts, struct seen *seen)
{
	struct serving it;
	int fd;

	serving_start(&it, opts);
	fd = plain_connect(&it, 0);
	plain_echo(fd, "hello");
	(void)close(fd);
	assert_int_equal(serving_join(&it), 0);
	assert_int_equal(seen->finishes, 1);
}

static void
test_stop_from_each_hook(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen[3] = { { .handler_rc = 0 },
			{ .handler_rc = 0 }, { .handler_rc = -EIO } };
		struct pier_server_opts opts = hooked(models[i], &seen[0]);

		opts.setup = stop_in_setup;
		stops(&opts, &seen[0]);
		opts = hooked(models[i], &seen[1]);
		opts.finish = stop_in_finish;
		stops(&opts, &seen[1]);
		opts = hooked(models[i], &seen[2]);
		opts.on_error = stop_in_on_error;
		stops(&opts, &seen[2]);
		assert_int_equal(seen[2].errors, 1);
	}
}

static void
test_numbers(void **state)
{
	const struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo };
	struct pier_server_stats stats;
	struct serving it;
	uint64_t handlers = 0;
	int fds[5];
	size_t i;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < 5; i++) {
		fds[i] = plain_connect(&it, 0);
		plain_echo(fds[i], "12345");
	}
	pier_server_stats(it.server, &stats);
	assert_int_equal(stats.accepted, 5);
	assert_int_equal(stats.active, 5);
	for (i = 0; i < 5; i++)
		(void)close(fds[i]);
	/* Of each connection the last number. */
	stats = serving_await(&it, FIELD(bytes_out), 25);
	assert_int_equal(stats.bytes_in, 25);
	assert_int_equal(stats.finished, 5);
	for (i = 0; i < PIER_HISTOGRAM_BUCKETS; i++)
		handlers += stats.handler_us[i];
	assert_int_equal(handlers, 5);
	assert_int_equal(stats.active_peak, 5);
	assert_int_equal(serving_stop(&it), 0);
}

/* Works without a wait when told to: longer than others ran so far, who may
   have been kept from the processor in the middle. So long is in ctx. */
static int
busy(struct pier_stream *stream, void *ctx)
{
	const int64_t more = 50000000;
	struct pier_server_stats stats;
	atomic_llong *least = ctx;
	char line[16];
	ssize_t n;

	while ((n = pier_read_line(stream, line, sizeof(line), PIER_DEFAULT)) >
		0) {
		int64_t until;

		pier_server_stats(pier_conn(stream)->server, &stats);
		atomic_store(least, (int64_t)stats.longest_run_ns + more);
		until = pier_now() + atomic_load(least);
		while (line[0] == 'w' && pier_now() < until)
			;
		(void)pier_write(stream, line, (size_t)n, PIER_DEFAULT);
	}
	return (int)n;
}

static void
test_the_longest_run(void **state)
{
	atomic_llong least = 0;
	const struct pier_server_opts opts = {
		.endpoint = TCP, .handler = busy, .ctx = &least
	};
	struct pier_server_stats stats;
	struct serving it;
	int fds[3];
	size_t i;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < 3; i++) {
		fds[i] = plain_connect(&it, 0);
		plain_echo(fds[i], "quick\n");
	}
	plain_echo(fds[1], "work\n");
	stats = serving_await(
		&it, FIELD(longest_run_ns), (uint64_t)atomic_load(&least));
	assert_int_equal(stats.longest_run_conn, 2);
	for (i = 0; i < 3; i++)
		(void)close(fds[i]);
	assert_int_equal(serving_stop(&it), 0);
}

static void
refused(struct pier_server_opts opts, int rc, const char *words)
{
	struct pier_server *server = NULL;
	int before = open_fds();

	assert_int_equal(pier_server_open(&server, &opts), rc);
	assert_null(server);
	if (strstr(pier_error_line(), words) == NULL)
		fail_msg("%s", pier_error_line());
	assert_int_equal(open_fds(), before);
}

static void
test_what_cannot_be_served(void **state)
{
	static const char *const two[] = { TCP, "tcp://nonsense", NULL };

	(void)state;
	assert_int_equal(
		pier_serve(&(struct pier_server_opts){ .endpoint = TCP }),
		-EINVAL);
	refused((struct pier_server_opts){ .handler = once }, -EINVAL,
		"no endpoint");
	refused((struct pier_server_opts){ .endpoint = TCP }, -EINVAL,
		"no handler");
	refused((struct pier_server_opts){ .endpoint = "pair://",
			.handler = once },
		-EINVAL, "pair");
	refused((struct pier_server_opts){ .endpoints = two, .handler = once },
		-EINVAL, "nonsense");
	refused((struct pier_server_opts){ .endpoint = "udp://:0",
			.handler = once },
		-EINVAL, "no handler for datagrams");
	refused(
		(struct pier_server_opts){
			.endpoint = TCP, .handler = once, .idle_ms = -7 },
		-EINVAL, "a time below 0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finish_sees_all),
		cmocka_unit_test(test_what_a_connection_says),
		cmocka_unit_test(test_setup_refuses),
		cmocka_unit_test(test_a_handler_fails),
		cmocka_unit_test(test_a_reset),
		cmocka_unit_test(test_a_cancel_is_no_error),
		cmocka_unit_test(test_hooks_may_wait),
		cmocka_unit_test(test_a_cancel_in_setup),
		cmocka_unit_test(test_a_handler_would_wait),
		cmocka_unit_test(test_stop_from_each_hook),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_the_longest_run),
		cmocka_unit_test(test_what_cannot_be_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
