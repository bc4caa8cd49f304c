/* SPDX-License-Identifier: MIT */
/* exec_test.c - programs on a pair, whose other end is the peer, by fibers and
   by threads. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <pier.h>

#include "fds.h"
#include "task/both_bed.h"

#define LIMIT pier_in_s(20)

/* A program and its peer. Tasks of one run use it in turn, but for rc and
   result, which belong to the one that runs the program. */
struct play {
	struct pier_stream *ours, *peer;
	struct pier_group *group;
	struct pier_exec_opts opts;
	pier_deadline deadline;
	struct pier_exec_result result;
	int rc;
};

static int
run_program(void *arg)
{
	struct play *play = arg;

	play->rc = pier_exec(
		play->ours, &play->opts, &play->result, play->deadline);
	return 0;
}

static void
begin(struct play *play, const struct pier_exec_opts *opts)
{
	memset(play, 0, sizeof(*play));
	play->opts = *opts;
	play->deadline = PIER_FOREVER;
	assert_int_equal(pier_pair(&play->ours, &play->peer), 0);
	assert_int_equal(pier_group_open(&play->group), 0);
}

static void
start(struct play *play)
{
	assert_int_equal(pier_go(play->group, run_program, play), 0);
}

static void
end(struct play *play)
{
	assert_int_equal(pier_group_wait(play->group, LIMIT), 0);
	pier_group_close(play->group);
	pier_close(play->ours);
	pier_close(play->peer);
}

static void
expect_text(struct pier_stream *stream, const char *text)
{
	char buf[4096];
	ssize_t n = pier_read_full(stream, buf, sizeof(buf) - 1, LIMIT);

	assert_int_equal(n, -PIER_EEND);
	buf[pier_last_error()->done] = '\0';
	assert_string_equal(buf, text);
}

static const char *const cat[] = { "cat", NULL };

static int
converse(void *arg)
{
	struct play *play = arg;
	char buf[8];
	int before, i;

	begin(play, &(struct pier_exec_opts){ .argv = cat });
	before = open_fds();
	start(play);
	/* Each waits for the other: neither blocks the thread of both. */
	for (i = 0; i < 100; i++) {
		assert_int_equal(pier_write(play->peer, "ping", 4, LIMIT), 0);
		assert_int_equal(pier_read_full(play->peer, buf, 4, LIMIT), 4);
	}
	assert_int_equal(pier_shutdown(play->peer, PIER_WRITING, LIMIT), 0);
	assert_int_equal(pier_read(play->peer, buf, 1, LIMIT), 0);
	assert_int_equal(pier_group_wait(play->group, LIMIT), 0);
	assert_int_equal(open_fds(), before);
	end(play);
	assert_int_equal(play->rc, 0);
	assert_true(play->result.pid > 0);
	assert_int_equal(play->result.status, 0);
	assert_int_equal(play->result.signal, 0);
	assert_false(play->result.stopped);
	assert_int_equal(play->result.to_program, 400);
	assert_int_equal(play->result.to_peer, 400);
	return 0;
}

static void
test_conversation(void **state)
{
	(void)state;
	by_both(converse, sizeof(struct play));
}

/* A program that meets its deadline, after what its peer reads of it says that
   it runs. On a busy machine a short time may be over before that: then a longer
   one is tried. */
static void
within(struct play *play, const struct pier_exec_opts *opts, ssize_t said)
{
	int64_t ms = 1;
	bool seen;

	do {
		char byte;

		begin(play, opts);
		play->deadline = pier_in_ms(ms);
		start(play);
		assert_int_equal(pier_group_wait(play->group, LIMIT), 0);
		seen = play->result.pid != 0 &&
		       pier_read(play->peer, &byte, 1, PIER_NOW) == said;
		end(play);
		assert_int_equal(play->rc, -PIER_EDEADLINE);
		/* Nor is it a zombie, however long the kernel took. */
		if (play->result.pid != 0)
			assert_int_equal(kill(play->result.pid, 0), -1);
		ms *= 2;
	} while (!seen);
	assert_true(play->result.stopped);
}

static int
meet_the_deadline(void *arg)
{
	struct play *play = arg;

	within(play,
		&(struct pier_exec_opts){
			.shell = "echo; exec sleep 20", .grace_ms = PIER_OFF },
		1);
	/* SIGTERM may be quick enough even so. */
	assert_in_set(
		play->result.signal, ((uint64_t[]){ SIGTERM, SIGKILL }), 2);
	assert_int_equal(kill(play->result.pid, 0), -1);
	return 0;
}

static void
test_deadline(void **state)
{
	(void)state;
	by_both(meet_the_deadline, sizeof(struct play));
}

static int
be_cancelled(void *arg)
{
	struct play *play = arg;
	char byte;

	begin(play, &(struct pier_exec_opts){ .shell = "echo; sleep 1000" });
	start(play);
	assert_int_equal(pier_read(play->peer, &byte, 1, LIMIT), 1);
	pier_group_cancel(play->group);
	end(play);
	assert_int_equal(play->rc, -ECANCELED);
	assert_int_equal(play->result.signal, SIGTERM);
	assert_true(play->result.stopped);
	assert_false(play->result.killed);
	return 0;
}

/* All the time there is to end in order. */
static int
be_cancelled_patiently(void *arg)
{
	struct play *play = arg;
	char byte;

	begin(play,
		&(struct pier_exec_opts){ .shell = "trap 'sleep 0.1; exit 3' "
						   "TERM; echo; "
						   "while :; do sleep 0.01; "
						   "done",
			.grace_ms = INT64_MAX / 2 + 1 });
	start(play);
	assert_int_equal(pier_read(play->peer, &byte, 1, LIMIT), 1);
	pier_group_cancel(play->group);
	end(play);
	assert_int_equal(play->rc, -ECANCELED);
	assert_int_equal(play->result.status, 3);
	assert_false(play->result.killed);
	return 0;
}

static void
test_cancel(void **state)
{
	(void)state;
	by_both(be_cancelled, sizeof(struct play));
	by_both(be_cancelled_patiently, sizeof(struct play));
}

/* A program that ended its output may go on, until the deadline. */
static int
be_silent(void *arg)
{
	struct play *play = arg;

	begin(play, &(struct pier_exec_opts){
			    .shell = "exec >&- <&-; sleep 0.05; exit 3" });
	start(play);
	expect_text(play->peer, "");
	end(play);
	assert_int_equal(play->rc, 0);
	assert_int_equal(play->result.status, 3);
	assert_false(play->result.stopped);

	within(play,
		&(struct pier_exec_opts){ .shell = "exec >&- <&-; sleep 20" },
		0);
	return 0;
}

static void
test_one_that_ended_its_output(void **state)
{
	(void)state;
	by_both(be_silent, sizeof(struct play));
}

static int
have_an_environment(void *arg)
{
	static const char *const env[] = { "A=a b", "PROTO=mine",
		"HOME=", NULL };
	struct play *play = arg;

	assert_int_equal(setenv("HOME", "/other", 1), 0);
	assert_int_equal(setenv("KEPT", "kept", 1), 0);
	assert_int_equal(setenv("TCPREMOTEIP", "of another", 1), 0);
	begin(play, &(struct pier_exec_opts){ .env = env,
			    .shell = "echo \"$A,$PROTO,$HOME,$KEPT,"
				     "$TCPREMOTEIP,$NCAT_PROTO\"" });
	start(play);
	expect_text(play->peer, "a b,mine,,kept,,UNIX\n");
	end(play);
	return 0;
}

static void
test_environment(void **state)
{
	(void)state;
	by_both(have_an_environment, sizeof(struct play));
}

/* Who has children of its own still hears of each. */
static int
leave_other_children(void *arg)
{
	struct play *play = arg;
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0)
		_exit(9);
	begin(play, &(struct pier_exec_opts){ .shell = "exit 4" });
	start(play);
	end(play);
	assert_int_equal(play->result.status, 4);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 9);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	return 0;
}

static void
test_children_of_others(void **state)
{
	(void)state;
	by_both(leave_other_children, sizeof(struct play));
}

/* Who ignores SIGCHLD has no zombies, and no status to be told. */
static int
ignore_children(void *arg)
{
	struct play *play = arg;

	begin(play, &(struct pier_exec_opts){ .shell = "echo hello; exit 4" });
	start(play);
	expect_text(play->peer, "hello\n");
	end(play);
	assert_int_equal(play->rc, 0);
	assert_int_equal(play->result.status, -1);
	assert_int_equal(play->result.signal, 0);
	return 0;
}

static void
test_ignored_sigchld(void **state)
{
	(void)state;
	(void)signal(SIGCHLD, SIG_IGN);
	by_both(ignore_children, sizeof(struct play));
	(void)signal(SIGCHLD, SIG_DFL);
}

/* Refused, and nothing was started. */
static void
expect_refused(const struct pier_exec_opts *opts, int rc, const char *line)
{
	struct pier_exec_result result = { .pid = 1 };
	struct pier_stream *a, *b;
	char byte = 0;

	assert_int_equal(pier_pair(&a, &b), 0);
	if (rc == -EBUSY) {
		const void *data;

		assert_int_equal(pier_write(b, &byte, 1, LIMIT), 0);
		assert_int_equal(pier_peek(a, &data, 1, LIMIT), 1);
	}
	assert_int_equal(pier_exec(a, opts, &result, LIMIT), rc);
	assert_non_null(strstr(pier_error_line(), line));
	assert_int_equal(result.pid, 0);
	assert_int_equal(result.status, -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	/* The stream is as it was. */
	assert_int_equal(pier_write(a, "x", 1, LIMIT), 0);
	assert_int_equal(pier_read(b, &byte, 1, LIMIT), 1);
	pier_close(a);
	pier_close(b);
}

static void
test_refused(void **state)
{
	static const char *const none[] = { NULL };
	static const char *const gone[] = { "/no/such", NULL };
	static const char *const nowhere[] = { "no-such-program", NULL };

	(void)state;
	expect_refused(&(struct pier_exec_opts){ .argv = NULL }, -EINVAL,
		"either argv or shell");
	expect_refused(&(struct pier_exec_opts){ .argv = none }, -EINVAL,
		"either argv or shell");
	expect_refused(&(struct pier_exec_opts){ .argv = cat, .shell = "x" },
		-EINVAL, "either argv or shell");
	expect_refused(&(struct pier_exec_opts){ .argv = cat, .grace_ms = -2 },
		-EINVAL, "grace_ms");
	expect_refused(
		&(struct pier_exec_opts){
			.argv = cat, .direct = true, .pty = true },
		-EINVAL, "direct with a terminal");
	expect_refused(&(struct pier_exec_opts){ .argv = cat, .direct = true },
		-EBUSY, "read ahead");
	expect_refused(&(struct pier_exec_opts){ .argv = gone }, -ENOENT,
		"exec: /no/such: no such file (ENOENT)");
	expect_refused(&(struct pier_exec_opts){ .argv = gone, .pty = true },
		-ENOENT, "exec: /no/such: no such file (ENOENT)");
	expect_refused(
		&(struct pier_exec_opts){ .argv = nowhere, .direct = true },
		-ENOENT, "exec: no-such-program: no such file (ENOENT)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversation),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_one_that_ended_its_output),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_children_of_others),
		cmocka_unit_test(test_ignored_sigchld),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
