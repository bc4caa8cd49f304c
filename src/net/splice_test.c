/* SPDX-License-Identifier: MIT */
/*
 * net/splice_test.c - bytes through a pipe: left -- a [pipe] b -- right. By
 * hand first, then inside copies and relays, where calls are counted to see
 * that it was the pipe. As a fiber and as a thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "net/splice.h"
#include "os/faulty.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(10)
#define BULK  3000000

/* On no fiber's stack: the tasks share them. */
static struct {
	struct pier_stream *left, *a, *b, *right;
	struct pier__splice pipe;
	struct pier_group *group;
	struct pier_relay_result result;
	uint64_t copied;
	int rc;
	size_t got; /* bytes that right has read, in order */
	size_t sent;
	unsigned long splices_before, pipes_before;
} it;

/* Counts the calls. Threads that end use it to the last. */
static struct pier__faulty faulty;

/* Byte i of what is sent. */
static unsigned char
byte_at(size_t i)
{
	return (unsigned char)(i * 7 + i / 251);
}

static void
fill_from(unsigned char *buf, size_t at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf[i] = byte_at(at + i);
}

static unsigned long
splices(void)
{
	return faulty.counts[PIER__CALL_SPLICE] - it.splices_before;
}

static unsigned long
pipes(void)
{
	return faulty.counts[PIER__CALL_PIPE] - it.pipes_before;
}

static void
begin(void)
{
	memset(&it, 0, sizeof(it));
	it.splices_before = splices();
	it.pipes_before = pipes();
}

static void
open_pairs(void)
{
	begin();
	assert_int_equal(pier_pair(&it.left, &it.a), 0);
	assert_int_equal(pier_pair(&it.b, &it.right), 0);
	assert_int_equal(pier_group_open(&it.group), 0);
}

/* What engines keep is theirs. */
static void
no_pipe_is_left(void)
{
	size_t i;

	for (i = 0; i < faulty.held_count; i++)
		assert_int_not_equal(faulty.held[i].call, PIER__CALL_PIPE);
	assert_int_equal(faulty.wrong_closes, 0);
}

static void
close_all(void)
{
	assert_int_equal(pier_group_wait(it.group, HANGS), 0);
	pier_group_close(it.group);
	pier_close(it.left);
	pier_close(it.a);
	pier_close(it.b);
	pier_close(it.right);
	no_pipe_is_left();
}

/* Large pieces have come: the next may go by the pipe. */
static void
warm(void)
{
	for (int i = 0; i < 8; i++)
		pier__splice_note(&it.pipe, PIER__READ_AHEAD);
}

static ssize_t
fill(void)
{
	return pier__splice_fill(&it.pipe, it.a, it.b, PIER__READ_AHEAD);
}

static ssize_t
drain(void)
{
	return pier__splice_drain(&it.pipe, it.a, it.b);
}

static void
say(struct pier_stream *stream, const char *text)
{
	assert_int_equal(pier_write(stream, text, strlen(text), HANGS), 0);
}

static void
expect(struct pier_stream *stream, const char *text)
{
	char buf[64];
	size_t len = strlen(text);

	assert_int_equal(pier_read_full(stream, buf, len, HANGS), len);
	assert_memory_equal(buf, text, len);
}

static void
bytes_go_through(void)
{
	open_pairs();
	say(it.left, "through");
	assert_int_equal(fill(), 0);
	warm();
	assert_int_equal(fill(), 7);
	assert_int_equal(pier_bytes_in(it.a), 7);
	assert_int_equal(pier_bytes_out(it.b), 0);
	assert_int_equal(fill(), 7);
	assert_int_equal(drain(), 7);
	assert_int_equal(pier_bytes_out(it.b), 7);
	expect(it.right, "through");
	/* Nothing more, which is for a recv to say. */
	assert_int_equal(fill(), 0);
	assert_int_equal(pier__splice_close(&it.pipe, it.a), 0);
	assert_int_equal(pier_buffered(it.a), 0);
	close_all();
}

/* Opened while there is nothing, it is not one that has been of no use. */
static void
a_new_pipe_does_not_rest(void)
{
	open_pairs();
	warm();
	assert_int_equal(fill(), 0);
	pier__splice_rest(&it.pipe);
	assert_true(it.pipe.open);
	say(it.left, "late");
	it.a->desc.readable = true;
	assert_int_equal(fill(), 4);
	assert_int_equal(drain(), 4);
	assert_int_equal(pipes(), 1);
	assert_int_equal(pier__splice_close(&it.pipe, it.a), 0);
	close_all();
}

static void
what_was_read_ahead_goes_first(void)
{
	const void *data;

	open_pairs();
	warm();
	say(it.left, "first");
	assert_int_equal(pier_peek(it.a, &data, 1, HANGS), 5);
	say(it.left, "second");
	assert_int_equal(fill(), 0);
	assert_int_equal(pier_take(it.a, 5), 0);
	assert_int_equal(fill(), 6);
	assert_int_equal(drain(), 6);
	assert_int_equal(pier__splice_close(&it.pipe, it.a), 0);
	close_all();
}

static void
what_it_holds_can_be_taken_back(void)
{
	open_pairs();
	warm();
	say(it.left, "kept");
	assert_int_equal(fill(), 4);
	say(it.left, ", and on");
	assert_int_equal(pier__splice_close(&it.pipe, it.a), 0);
	assert_int_equal(pier_buffered(it.a), 4);
	expect(it.a, "kept, and on");
	close_all();
}

/* One that has gone beyond its reader's end. */
static void
a_reader_that_left_loses_nothing(void)
{
	open_pairs();
	warm();
	say(it.left, "to nobody");
	assert_int_equal(fill(), 9);
	pier_close(it.right);
	it.right = NULL;
	assert_int_equal(drain(), -EPIPE);
	assert_int_equal(pier__splice_close(&it.pipe, it.a), 0);
	expect(it.a, "to nobody");
	close_all();
}

static void
gathered_bytes_go_first(void)
{
	open_pairs();
	warm();
	assert_int_equal(pier_printf(it.b, "gathered "), 9);
	say(it.left, "spliced");
	assert_int_equal(fill(), 7);
	assert_int_equal(drain(), 7);
	expect(it.right, "gathered spliced");
	assert_int_equal(pier__splice_close(&it.pipe, it.a), 0);
	close_all();
}

static void
no_rate_is_passed_by(void)
{
	open_pairs();
	warm();
	say(it.left, "slow");
	assert_int_equal(pier_set_rate(it.a, 1000, 0), 0);
	assert_int_equal(fill(), 0);
	assert_int_equal(pier_set_rate(it.a, 0, 0), 0);
	assert_int_equal(fill(), 0);
	assert_int_equal(splices(), 0);
	close_all();
	/* Nor one that is set while the pipe holds something. */
	open_pairs();
	warm();
	say(it.left, "slow");
	assert_int_equal(fill(), 4);
	assert_int_equal(pier_set_rate(it.b, 0, 1000), 0);
	assert_int_equal(drain(), 0);
	assert_int_equal(pier_buffered(it.a), 4);
	assert_false(it.pipe.open);
	expect(it.a, "slow");
	close_all();
}

static void
no_layer_is_passed_by(void)
{
	open_pairs();
	warm();
	say(it.left, "xored");
	it.a->layered = true;
	assert_int_equal(fill(), 0);
	it.a->layered = false;
	it.b->layered = true;
	assert_int_equal(fill(), 0);
	it.b->layered = false;
	close_all();
}

/* What splice would wait for is not for it. */
static void
a_blocking_socket_is_copied(void)
{
	int flags;

	open_pairs();
	warm();
	say(it.left, "wait");
	flags = fcntl(pier_fd(it.b), F_GETFL);
	assert_int_equal(fcntl(pier_fd(it.b), F_SETFL, flags & ~O_NONBLOCK), 0);
	assert_int_equal(fill(), 0);
	assert_int_equal(splices(), 0);
	close_all();
}

static void
small_pieces_end_it(void)
{
	int i;

	open_pairs();
	warm();
	for (i = 0; i < 8; i++) {
		say(it.left, "small");
		assert_int_equal(fill(), 5);
		assert_int_equal(drain(), 5);
	}
	assert_true(it.pipe.open);
	say(it.left, "small");
	assert_int_equal(fill(), 0);
	assert_false(it.pipe.open);
	close_all();
}

/* Half of the descriptors are enough for pipes. */
static void
rare_descriptors_are_left_alone(void)
{
	struct rlimit before, few;

	open_pairs();
	warm();
	say(it.left, "few");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)pier_fd(it.right) + 4;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(fill(), 0);
	assert_int_equal(pipes(), 1);
	assert_false(it.pipe.open);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	/* After as many large pieces it is tried again. */
	assert_int_equal(fill(), 0);
	warm();
	assert_int_equal(fill(), 3);
	assert_int_equal(pier__splice_close(&it.pipe, it.a), 0);
	close_all();
}

/* ---- In copies and relays --------------------------------------------- */

static int
sends_bulk(void *arg)
{
	static unsigned char block[100000];
	struct pier_stream *stream = arg;
	int rc = 0;

	while (it.sent < BULK && rc == 0) {
		fill_from(block, it.sent, sizeof(block));
		rc = pier_write(stream, block, sizeof(block), HANGS);
		it.sent += rc < 0 ? pier_last_error()->done : sizeof(block);
	}
	return rc < 0 ? rc : pier_shutdown(stream, PIER_WRITING, HANGS);
}

/* Reads what comes next in order; 0 at the end. */
static ssize_t
read_some(struct pier_stream *stream)
{
	static unsigned char buf[70000];
	ssize_t n = pier_read(stream, buf, sizeof(buf), HANGS);

	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] != byte_at(it.got + (size_t)i))
			return -EBADMSG;
	}
	it.got += n > 0 ? (size_t)n : 0;
	return n;
}

static int
reads_all(void *arg)
{
	ssize_t n;

	while ((n = read_some(arg)) > 0)
		;
	return (int)n;
}

static int
relays(void *arg)
{
	(void)arg;
	it.rc = pier_relay(it.a, it.b, NULL, &it.result, HANGS);
	return it.rc;
}

static int
copies(void *arg)
{
	ssize_t n = pier_copy(it.b, it.a, -1, HANGS);

	(void)arg;
	it.rc = n < 0 ? (int)n : 0;
	it.copied = n < 0 ? 0 : (uint64_t)n;
	return n < 0 ? (int)n : pier_shutdown(it.b, PIER_WRITING, HANGS);
}

static void
move_bulk(pier_task_fn *fn)
{
	assert_int_equal(pier_go(it.group, sends_bulk, it.left), 0);
	assert_int_equal(pier_go(it.group, reads_all, it.right), 0);
	assert_int_equal(pier_go(it.group, fn, NULL), 0);
	/* Both ways end. */
	assert_int_equal(pier_shutdown(it.right, PIER_WRITING, HANGS), 0);
	assert_int_equal(pier_group_wait(it.group, HANGS), 0);
	assert_int_equal(pier_group_result(it.group), 0);
	assert_int_equal(it.rc, 0);
	assert_int_equal(it.got, BULK);
	assert_int_equal(pier_bytes_in(it.a), BULK);
	assert_int_equal(pier_bytes_out(it.b), BULK);
	assert_int_equal(pier_buffered(it.a), 0);
}

static void
a_relay_goes_over_to_it(void)
{
	open_pairs();
	move_bulk(relays);
	assert_int_equal(it.result.a_to_b, BULK);
	assert_in_range(splices(), 10, 10000);
	close_all();
}

static void
a_copy_does_too(void)
{
	open_pairs();
	move_bulk(copies);
	assert_int_equal(it.copied, BULK);
	assert_in_range(splices(), 10, 10000);
	close_all();
}

static void
open_tcp(struct pier_stream **near, struct pier_stream **far)
{
	struct pier_listener *listener;
	char where[64];

	assert_int_equal(
		pier_listen(&listener, "tcp4://127.0.0.1:0", NULL, HANGS), 0);
	assert_true(pier_listener_endpoint(listener, where, sizeof(where)) > 0);
	assert_int_equal(pier_dial(near, where, NULL, HANGS), 0);
	assert_int_equal(pier_accept(far, listener, HANGS), 0);
	pier_listener_close(listener);
}

static void
open_tcps(void)
{
	begin();
	open_tcp(&it.left, &it.a);
	open_tcp(&it.b, &it.right);
	assert_int_equal(pier_group_open(&it.group), 0);
}

static void
so_does_tcp(void)
{
	open_tcps();
	move_bulk(relays);
	assert_int_equal(it.result.a_to_b, BULK);
	assert_in_range(splices(), 10, 10000);
	close_all();
}

/* Before an urgent byte a splice finds nothing for ever; a read skips it. */
static void
urgent_bytes_do_not_stop_it(void)
{
	open_tcps();
	warm();
	say(it.left, "before");
	assert_int_equal(send(pier_fd(it.left), "!", 1, MSG_OOB), 1);
	say(it.left, "after");
	it.copied = 0;
	assert_int_equal(pier_shutdown(it.left, PIER_WRITING, HANGS), 0);
	while (it.copied < 11) {
		const void *data;
		ssize_t n = fill();

		if (n > 0) {
			n = drain();
			assert_true(n > 0);
			it.copied += (uint64_t)n;
			continue;
		}
		n = pier_peek(it.a, &data, 1, HANGS);
		assert_true(n > 0);
		assert_int_equal(pier_write(it.b, data, (size_t)n, HANGS), 0);
		assert_int_equal(pier_take(it.a, (size_t)n), 0);
		it.copied += (uint64_t)n;
	}
	expect(it.right, "beforeafter");
	assert_int_equal(pier__splice_close(&it.pipe, it.a), 0);
	close_all();
}

static void
a_copy_stops_at_its_number(void)
{
	open_pairs();
	assert_int_equal(pier_go(it.group, sends_bulk, it.left), 0);
	assert_int_equal(pier_go(it.group, reads_all, it.right), 0);
	assert_int_equal(
		pier_copy(it.b, it.a, BULK - 12345, HANGS), BULK - 12345);
	assert_in_range(splices(), 10, 10000);
	assert_int_equal(pier_copy(it.b, it.a, -1, HANGS), 12345);
	assert_int_equal(pier_shutdown(it.b, PIER_WRITING, HANGS), 0);
	assert_int_equal(pier_group_wait(it.group, HANGS), 0);
	assert_int_equal(it.got, BULK);
	close_all();
}

/* A source that never waits for a target that never fills. */
static void
bytes_without_end_have_a_deadline(void)
{
	struct pier_stream *zeros, *nowhere;
	struct pier_relay_result result;
	int silent[2];

	memset(&it, 0, sizeof(it));
	assert_int_equal(pipe(silent), 0);
	assert_int_equal(pier_adopt(&zeros, open("/dev/zero", O_RDONLY)), 0);
	assert_int_equal(pier_adopt_two(&nowhere, silent[0],
				 open("/dev/null", O_WRONLY)),
		0);
	assert_int_equal(
		pier_relay(zeros, nowhere, NULL, &result, pier_in_ms(20)),
		-PIER_EDEADLINE);
	assert_int_equal(result.how, PIER_RELAY_DEADLINE);
	assert_int_equal(result.first, -1);
	assert_true(result.a_to_b > 0);
	assert_int_equal(
		pier_copy(nowhere, zeros, -1, pier_in_ms(20)), -PIER_EDEADLINE);
	pier_close(zeros);
	pier_close(nowhere);
	(void)close(silent[1]);
}

static int
all(void *arg)
{
	(void)arg;
	pier__current->context.calls = &faulty.calls;
	bytes_go_through();
	a_new_pipe_does_not_rest();
	what_was_read_ahead_goes_first();
	what_it_holds_can_be_taken_back();
	a_reader_that_left_loses_nothing();
	gathered_bytes_go_first();
	no_rate_is_passed_by();
	no_layer_is_passed_by();
	a_blocking_socket_is_copied();
	small_pieces_end_it();
	rare_descriptors_are_left_alone();
	a_relay_goes_over_to_it();
	a_copy_does_too();
	so_does_tcp();
	urgent_bytes_do_not_stop_it();
	a_copy_stops_at_its_number();
	bytes_without_end_have_a_deadline();
	pier__current->context.calls = faulty.inner;
	return 0;
}

static void
run(enum pier_task_kind kind)
{
	const struct pier_run_opts opts = { .kind = kind };

	pier__faulty_init(&faulty, &pier__calls_real);
	assert_int_equal(pier_run(all, NULL, &opts, NULL), 0);
	pier__faulty_end(&faulty);
}

static void
test_in_a_fiber(void **state)
{
	(void)state;
	run(PIER_TASK_FIBER);
}

static void
test_in_a_thread(void **state)
{
	(void)state;
	run(PIER_TASK_THREAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_a_fiber),
		cmocka_unit_test(test_in_a_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
