/* SPDX-License-Identifier: MIT */
/*
 * packet_stream_test.c - handlers of streams, and programs, on messages: those of
 * a connection, whose other end is a plain socket; by fibers and by threads.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <pier.h>

#include "fds.h"
#include "task/both_bed.h"

#define LIMIT pier_in_s(20)

/* A handler and its peer. Tasks of one run use it in turn, but for rc and
   result, which belong to the one that runs the handler. */
struct play {
	struct pier_packet *packet;
	int peer; /* blocks: used when what it reads is there, or at the end */
	struct pier_group *group;
	pier_handler *handler;
	struct pier_exec_opts opts;
	struct pier_exec_result result;
	int rc;
};

static int
run_handler(void *arg)
{
	struct play *play = arg;

	play->rc = play->handler != NULL
			   ? pier_handler_on_packets(
				     play->packet, play->handler, play)
			   : pier_exec_packets(play->packet, &play->opts,
				     &play->result, PIER_FOREVER);
	return 0;
}

static void
begin(struct play *play, pier_handler *handler)
{
	char endpoint[32];
	int fds[2];

	memset(play, 0, sizeof(*play));
	play->handler = handler;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	(void)snprintf(endpoint, sizeof(endpoint), "fd://%d", fds[0]);
	assert_int_equal(
		pier_packet_open(&play->packet, endpoint, NULL, LIMIT), 0);
	play->peer = fds[1];
	assert_int_equal(pier_group_open(&play->group), 0);
}

static void
start(struct play *play)
{
	assert_int_equal(pier_go(play->group, run_handler, play), 0);
}

static void
end(struct play *play)
{
	assert_int_equal(pier_group_wait(play->group, LIMIT), 0);
	pier_group_close(play->group);
	pier_packet_close(play->packet);
	(void)close(play->peer);
}

static void
say(struct play *play, const char *text)
{
	assert_int_equal(send(play->peer, text, strlen(text), MSG_NOSIGNAL),
		(ssize_t)strlen(text));
}

/* The handler's next message, waited for. */
static void
hear(struct play *play, const char *text)
{
	struct pier_waitable it = { .fd = play->peer, .want = PIER_READING };
	char buf[PIER_STREAM_MESSAGE_MAX + 1];
	ssize_t n;

	assert_int_equal(pier_wait_any(&it, 1, LIMIT), 1);
	n = recv(play->peer, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	assert_true(n >= 0);
	buf[n] = '\0';
	assert_string_equal(buf, text);
}

static int
echo(struct pier_stream *stream, void *ctx)
{
	(void)ctx;
	assert_null(pier_conn(stream));
	return pier_handler_echo(stream, NULL);
}

static int
answer_each(void *arg)
{
	struct play *play = arg;
	int before, i;

	begin(play, echo);
	before = open_fds();
	start(play);
	for (i = 0; i < 100; i++) {
		say(play, "ping");
		hear(play, "ping");
	}
	assert_int_equal(shutdown(play->peer, SHUT_WR), 0);
	assert_int_equal(pier_group_wait(play->group, LIMIT), 0);
	assert_int_equal(open_fds(), before);
	end(play);
	assert_int_equal(play->rc, 0);
	return 0;
}

static void
test_a_handler_answers_each_message(void **state)
{
	(void)state;
	by_both(answer_each, sizeof(struct play));
}

/* What it says still leaves; what comes later is its server's to drop. */
static int
greet(struct pier_stream *stream, void *ctx)
{
	(void)ctx;
	return pier_write(stream, "welcome", 7, LIMIT);
}

static int
end_first(void *arg)
{
	struct play *play = arg;

	begin(play, greet);
	start(play);
	hear(play, "welcome");
	end(play);
	assert_int_equal(play->rc, 0);
	return 0;
}

static void
test_a_handler_may_end_first(void **state)
{
	(void)state;
	by_both(end_first, sizeof(struct play));
}

static int
write_much(struct pier_stream *stream, void *ctx)
{
	char much[3 * PIER_STREAM_MESSAGE_MAX];

	(void)ctx;
	memset(much, 'x', sizeof(much));
	return pier_write(stream, much, sizeof(much), LIMIT);
}

static int
be_cut(void *arg)
{
	struct play *play = arg;
	size_t sum = 0;

	begin(play, write_much);
	start(play);
	while (sum < 3 * PIER_STREAM_MESSAGE_MAX) {
		struct pier_waitable it = { .fd = play->peer,
			.want = PIER_READING };
		char buf[2 * PIER_STREAM_MESSAGE_MAX];
		ssize_t n;

		assert_int_equal(pier_wait_any(&it, 1, LIMIT), 1);
		n = recv(play->peer, buf, sizeof(buf), MSG_DONTWAIT);
		assert_in_range(n, 1, PIER_STREAM_MESSAGE_MAX);
		sum += (size_t)n;
	}
	end(play);
	assert_int_equal(play->rc, 0);
	return 0;
}

static void
test_what_is_long_is_several_messages(void **state)
{
	(void)state;
	by_both(be_cut, sizeof(struct play));
}

static int
say_ready(struct pier_stream *stream, void *ctx)
{
	char byte;
	int rc = pier_write(stream, "ready", 5, LIMIT);

	(void)ctx;
	return rc < 0 ? rc : (int)pier_read(stream, &byte, 1, PIER_FOREVER);
}

static int
be_cancelled(void *arg)
{
	struct play *play = arg;
	int before;

	begin(play, say_ready);
	before = open_fds();
	start(play);
	hear(play, "ready");
	pier_group_cancel(play->group);
	assert_int_equal(pier_group_wait(play->group, LIMIT), 0);
	assert_int_equal(open_fds(), before);
	end(play);
	assert_int_equal(play->rc, -ECANCELED);
	return 0;
}

static void
test_cancel(void **state)
{
	(void)state;
	by_both(be_cancelled, sizeof(struct play));
}

/* Who has gone is no failure, and the handler is not left waiting. */
static int
meet_nobody(void *arg)
{
	struct play *play = arg;

	begin(play, say_ready);
	(void)shutdown(play->peer, SHUT_RD);
	start(play);
	end(play);
	assert_int_equal(play->rc, 0);
	return 0;
}

static void
test_a_peer_that_does_not_hear(void **state)
{
	(void)state;
	by_both(meet_nobody, sizeof(struct play));
}

static const char *const cat[] = { "cat", NULL };

static int
run_program(void *arg)
{
	struct play *play = arg;

	begin(play, NULL);
	play->opts.argv = cat;
	start(play);
	say(play, "one");
	hear(play, "one");
	say(play, "two");
	hear(play, "two");
	assert_int_equal(shutdown(play->peer, SHUT_WR), 0);
	end(play);
	assert_int_equal(play->rc, 0);
	assert_int_equal(play->result.status, 0);
	assert_int_equal(play->result.to_program, 6);
	assert_int_equal(play->result.to_peer, 6);
	assert_false(play->result.stopped);
	return 0;
}

static void
test_a_program(void **state)
{
	(void)state;
	by_both(run_program, sizeof(struct play));
}

static int
tell_the_peer(void *arg)
{
	struct play *play = arg;

	begin(play, NULL);
	play->opts.shell = "printf %s \"$PROTO/$TCPREMOTEIP/$UNIXREMOTEPID\"; "
			   "exit 3";
	start(play);
	end(play);
	assert_int_equal(play->rc, 0);
	assert_int_equal(play->result.status, 3);
	return 0;
}

static void
test_a_program_that_ends_first(void **state)
{
	(void)state;
	by_both(tell_the_peer, sizeof(struct play));
}

static int
refuse_direct(void *arg)
{
	struct play *play = arg;

	begin(play, NULL);
	play->opts = (struct pier_exec_opts){ .argv = cat, .direct = true };
	start(play);
	end(play);
	assert_int_equal(play->rc, -EINVAL);
	assert_int_equal(play->result.pid, 0);
	assert_int_equal(play->result.status, -1);
	return 0;
}

static void
test_direct_is_for_streams(void **state)
{
	(void)state;
	by_both(refuse_direct, sizeof(struct play));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_handler_answers_each_message),
		cmocka_unit_test(test_a_handler_may_end_first),
		cmocka_unit_test(test_what_is_long_is_several_messages),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_a_peer_that_does_not_hear),
		cmocka_unit_test(test_a_program),
		cmocka_unit_test(test_a_program_that_ends_first),
		cmocka_unit_test(test_direct_is_for_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
