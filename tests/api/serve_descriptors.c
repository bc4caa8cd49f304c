/* SPDX-License-Identifier: MIT */
/* serve_descriptors.c - servers that run out of descriptors keep a reserve for
   their handlers, and lose nobody. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scale.h"
#include "serving.h"

#define TCP     "tcp://127.0.0.1:0"
#define CLIENTS 200
#define FEW     64
#define RESERVE 8 /* descriptors, of few */
#define LOOK    8 /* taken for a moment, to see whether they are free */

#define FIELD(name) offsetof(struct pier_server_stats, name)

/* All of them, beyond what there are descriptors for. */
static int
clients(void)
{
	return test_scale(CLIENTS, CLIENTS / 2);
}

/* Can this process still open so many descriptors? */
static bool
are_left(int wanted)
{
	int fds[RESERVE], n = 0;
	bool left;

	while (n < wanted && (fds[n] = dup(0)) >= 0)
		n++;
	left = n == wanted;
	while (n > 0)
		(void)close(fds[--n]);
	return left;
}

/* In a process of its own with few descriptors: the clients are another. */
static void
start_with_few(struct serving *it, const struct pier_server_opts *opts)
{
	const struct rlimit few = { .rlim_cur = FEW, .rlim_max = FEW };
	struct pier_server_opts patient = *opts;

	/* Who is served last has said nothing until then. */
	patient.first_byte_ms = PIER_OFF;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	serving_start(it, &patient);
}

/* Opens as much as a handler may rely on for each word that it echoes. */
static int
in_need(struct pier_stream *stream, void *ctx)
{
	const void *data;
	ssize_t n;
	int rc = 0;

	(void)ctx;
	while (rc == 0 && (n = pier_peek(stream, &data, 1, PIER_DEFAULT)) > 0) {
		if (!are_left(RESERVE))
			return -EMFILE;
		rc = pier_write(stream, data, (size_t)n, PIER_DEFAULT);
		if (rc == 0)
			rc = pier_take(stream, (size_t)n);
	}
	return rc < 0 ? rc : (int)n;
}

static void
tell_where(const struct serving *it, int out)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX] = "";

	assert_true(pier_server_endpoint(
			    it->server, 0, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		write(out, endpoint, sizeof(endpoint)), sizeof(endpoint));
}

static void
serve_with_few(const struct pier_server_opts *opts, int out)
{
	struct pier_server_stats stats;
	struct serving it;
	int64_t used;

	start_with_few(&it, opts);
	tell_where(&it, out);
	(void)serving_await(&it, FIELD(accepted), 15);
	(void)serving_await(
		&it, FIELD(accept_pauses), opts->workers > 1 ? 2 : 1);
	/* Handlers can still open what they need… */
	assert_true(are_left(RESERVE));
	/* … and with all clients silent no processor is used. */
	used = cpu_ms();
	(void)usleep(500000);
	assert_true(cpu_ms() - used < 50);
	/* Nor is any more taken, however often it is tried. */
	assert_true(are_left(RESERVE));
	assert_int_equal(write(out, "", 1), 1);
	stats = serving_await(&it, FIELD(finished), clients());
	assert_int_equal(stats.failed, 0);
	/* One want by each that accepts, though most got in one by one. */
	assert_true(stats.accept_pauses <=
		    (uint64_t)(opts->workers > 1 ? opts->workers : 1));
	assert_int_equal(serving_stop(&it), 0);
}

/* Open descriptors with this number or a higher one. */
static int
open_from(int first)
{
	int fd, count = 0;

	for (fd = first; fd < FEW; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* What a connection takes of these, in the process that accepts. */
static int
each_takes(enum pier_model model)
{
	return model == PIER_THREAD || model == PIER_FORK ? 2 : 1;
}

/* Beyond the mark lies one connection, whichever of its descriptors was the
   first to. By ctx the program has one more of its own, so that the mark comes
   to lie between the two that a connection takes. */
static void
serve_up_to_the_mark(const struct pier_server_opts *opts, int out)
{
	int each = each_takes(opts->model);
	int mark = FEW - RESERVE - LOOK - each;
	struct serving it;

	if (opts->ctx != NULL)
		assert_true(dup(0) >= 0);
	start_with_few(&it, opts);
	tell_where(&it, out);
	(void)serving_await(&it, FIELD(accept_pauses), 1);
	assert_true(open_from(mark) <= each);
	assert_int_equal(write(out, "", 1), 1);
	(void)serving_await(&it, FIELD(finished), clients());
	assert_true(open_from(mark) <= each);
	assert_int_equal(serving_stop(&it), 0);
}

/* The rest of the program leaves it nothing but the reserve. */
static void
serve_with_none(const struct pier_server_opts *opts, int out)
{
	struct serving it;
	int fd;

	start_with_few(&it, opts);
	/* By now it has what it needs for itself. */
	fd = plain_connect(&it, 0);
	plain_echo(fd, "first");
	(void)close(fd);
	(void)serving_await(&it, FIELD(bytes_out), 5);
	do
		fd = dup(0);
	while (fd >= 0 && fd < 57);
	tell_where(&it, out);
	assert_int_equal(write(out, "", 1), 1);
	(void)serving_await(&it, FIELD(finished), clients() + 1);
	assert_int_equal(serving_stop(&it), 0);
}

static void
nobody_is_lost(struct pier_server_opts opts,
	void (*serve)(const struct pier_server_opts *opts, int out))
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	int pipes[2], fds[CLIENTS], status, i;
	char byte;
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(pipes[0]);
		serve(&opts, pipes[1]);
		_exit(0);
	}
	(void)close(pipes[1]);
	assert_int_equal(
		read(pipes[0], endpoint, sizeof(endpoint)), sizeof(endpoint));
	for (i = 0; i < clients(); i++)
		fds[i] = plain_dial(endpoint);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	for (i = 0; i < clients(); i++) {
		assert_true(fds[i] >= 0);
		plain_echo(fds[i], "not lost");
		(void)close(fds[i]);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	(void)close(pipes[0]);
}

static void
test_few_descriptors(void **state)
{
	struct pier_server_opts opts = {
		.endpoint = TCP, .handler = in_need, .connections_max = 1000
	};

	(void)state;
	nobody_is_lost(opts, serve_with_few);
	opts.model = PIER_THREAD;
	nobody_is_lost(opts, serve_with_few);
	opts.model = PIER_FIBER;
	opts.workers = 4;
	nobody_is_lost(opts, serve_with_few);
}

static void
test_up_to_the_mark(void **state)
{
	static const enum pier_model those[] = {
		PIER_FIBER,
		PIER_THREAD,
#if !defined(__SANITIZE_THREAD__) /* which cannot follow a fork of threads */
		PIER_FORK
#endif
	};
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.connections_max = 1000 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(those) / sizeof(those[0]); i++) {
		opts.model = those[i];
		opts.ctx = NULL;
		nobody_is_lost(opts, serve_up_to_the_mark);
		opts.ctx = &opts;
		nobody_is_lost(opts, serve_up_to_the_mark);
	}
}

static void
test_the_reserve_alone(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo };

	(void)state;
	nobody_is_lost(opts, serve_with_none);
	opts.model = PIER_THREAD;
	nobody_is_lost(opts, serve_with_none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_descriptors),
		cmocka_unit_test(test_up_to_the_mark),
		cmocka_unit_test(test_the_reserve_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
