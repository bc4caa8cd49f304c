/* SPDX-License-Identifier: MIT */
/* net/owner_test.c - whose a stream is: one reader and one writer at a time,
   and one scheduler. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "net/listen.h"
#include "net/packet.h"
#include "net/stream.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

static struct pier_stream *a, *b;
static char big[1 << 20];
static char buf[sizeof(big)];

static int
open_fds(void)
{
	DIR *list = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(list) != NULL)
		count++;
	(void)closedir(list);
	return count;
}

static void
wait_for(const struct pier__desc *desc, unsigned what)
{
	while (!pier__desc_busy(desc, what))
		assert_int_equal(pier_yield(), 0);
}

static int
reads_four(void *arg)
{
	static char four[4];

	(void)arg;
	assert_int_equal(pier_read_full(b, four, 4, HANGS), 4);
	assert_memory_equal(four, "abcd", 4);
	return 0;
}

static int
peeks_at_four(void *arg)
{
	const void *data;

	(void)arg;
	assert_int_equal(pier_peek(b, &data, 4, HANGS), 4);
	assert_memory_equal(data, "abcd", 4);
	assert_int_equal(pier_take(b, 4), 0);
	return 0;
}

/* What came for one who waits for more is not the next one's. */
static void
second_readers(pier_task_fn *first)
{
	struct pier_group *group;
	const void *data;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_write(a, "ab", 2, HANGS), 0);
	assert_int_equal(pier_go(group, first, NULL), 0);
	wait_for(&b->desc, PIER__IN);
	assert_int_equal(pier_read(b, buf, 1, HANGS), -EBUSY);
	assert_int_equal(pier_read(b, buf, 1, PIER_NOW), -EBUSY);
	assert_int_equal(pier_read_line(b, buf, 9, HANGS), -EBUSY);
	assert_int_equal(pier_peek(b, &data, 1, HANGS), -EBUSY);
	assert_int_equal(pier_move(b), -EBUSY);
	assert_int_equal(pier_close_wait(b, HANGS), -EBUSY);
	/* Also when the rest is there already, and the first has not run. */
	assert_int_equal(pier_write(a, "cd", 2, HANGS), 0);
	assert_int_equal(pier_read(b, buf, 1, PIER_NOW), -EBUSY);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
}

static int
writes_much(void *arg)
{
	(void)arg;
	memset(big, 'x', sizeof(big));
	return pier_write(a, big, sizeof(big), HANGS);
}

/* Nothing comes between the bytes of a write that waits for room. */
static void
second_writers(void)
{
	struct pier_group *group;
	size_t i;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, writes_much, NULL), 0);
	wait_for(a->out_desc, PIER__OUT);
	/* Room, before the first can use it. */
	assert_true(pier_read(b, buf, 100000, HANGS) > 0);
	assert_int_equal(pier_write(a, "-", 1, PIER_NOW), -EBUSY);
	assert_int_equal(pier_write_some(a, "-", 1, HANGS), -EBUSY);
	assert_int_equal(pier_printf(a, "-"), -EBUSY);
	assert_int_equal(pier_shutdown(a, PIER_WRITING, HANGS), -EBUSY);
	assert_int_equal(pier_shutdown(a, PIER_BOTH, HANGS), -EBUSY);
	assert_int_equal(pier_close_wait(a, HANGS), -EBUSY);
	i = pier_bytes_in(b) - 12; /* less what the readers above took */
	assert_int_equal(pier_read_full(b, buf, sizeof(big) - i, HANGS),
		sizeof(big) - i);
	while (i < sizeof(big))
		assert_int_equal(buf[sizeof(big) - ++i], 'x');
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
}

static int
reads_on(void *arg)
{
	(void)arg;
	return (int)pier_read(b, buf, 1, HANGS);
}

/* Whatever its descriptors are: the end of reading ends a read that waits. */
static void
reading_ends(struct pier_stream *stream)
{
	struct pier_group *group;

	b = stream;
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, reads_on, NULL), 0);
	wait_for(&b->desc, PIER__IN);
	assert_int_equal(pier_shutdown(b, PIER_READING, HANGS), 0);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	assert_int_equal(pier_group_result(group), -PIER_EDONE);
	pier_group_close(group);
	pier_close(b);
}

static int
reading_is_shut(void *arg)
{
	struct pier_stream *two;
	int in[2], out[2];

	(void)arg;
	assert_int_equal(pier_pair(&a, &two), 0);
	reading_ends(two);
	assert_int_equal(pier_write(a, "x", 1, HANGS), -EPIPE);
	pier_close(a);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(pier_adopt_two(&two, in[0], out[1]), 0);
	reading_ends(two);
	(void)close(in[1]);
	(void)close(out[0]);
	return 0;
}

static int
one_at_a_time(void *arg)
{
	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	second_readers(reads_four);
	second_readers(peeks_at_four);
	second_readers(reads_four);
	second_writers();
	pier_close(a);
	pier_close(b);
	return 0;
}

static int
elsewhere(void *arg)
{
	int fd = -1;

	(void)arg;
	assert_int_equal(pier_read(b, buf, 1, PIER_NOW), -EXDEV);
	assert_int_equal(pier_last_error()->code, -EXDEV);
	assert_int_equal(pier_write(b, "x", 1, PIER_NOW), -EXDEV);
	assert_int_equal(pier_shutdown(b, PIER_BOTH, HANGS), -EXDEV);
	assert_int_equal(pier_drain(b, HANGS), -EXDEV);
	assert_int_equal(pier_move(b), -EXDEV);
	assert_int_equal(pier_release(b, &fd), -EXDEV);
	assert_int_equal(fd, -1);
	return 0;
}

static int
moved_here(void *arg)
{
	(void)arg;
	assert_int_equal(pier_read(b, buf, 1, HANGS), 1);
	assert_int_equal(pier_move(b), 0);
	return 0;
}

/* Closing what another scheduler has in hand ends it and no more: that one's
   engine looks at it to the end of its run. */
static int
closed_elsewhere(void *arg)
{
	(void)arg;
	pier_close(b);
	assert_int_equal(pier_last_error()->code, -EXDEV);
	assert_int_equal(pier_last_error()->step, PIER_STEP_SHUTDOWN);
	return 0;
}

/* fn in a run of its own, on another thread. */
static int
run_it(void *arg)
{
	pier_task_fn *const *fn = arg;

	return pier_run(*fn, NULL, NULL, NULL);
}

static void
in_another_run(pier_task_fn *fn)
{
	static pier_task_fn *one; /* on no fiber's stack */

	one = fn;
	assert_int_equal(pier_offload(run_it, &one, NULL, HANGS), 0);
}

static int
one_scheduler(void *arg)
{
	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_read(b, buf, 1, pier_in_ms(1)), -PIER_EDEADLINE);
	in_another_run(elsewhere);
	assert_int_equal(pier_offload(elsewhere, NULL, NULL, HANGS), 0);
	assert_int_equal(pier_write(a, "x", 1, HANGS), 0);
	assert_int_equal(pier_move(b), 0);
	in_another_run(moved_here);
	assert_int_equal(pier_write(a, "y", 1, HANGS), 0);
	assert_int_equal(pier_read(b, buf, 1, HANGS), 1);
	pier_close(a);
	pier_close(b);
	return 0;
}

static void *
thread_main(void *arg)
{
	(void)closed_elsewhere(arg);
	return NULL;
}

/* The engine knows the stream; or bytes of it are on the list of this task,
   which waits for nothing of pier's meanwhile: they would go with that. */
static int
closes_elsewhere(void *arg)
{
	pthread_t thread;

	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_read(b, buf, 1, pier_in_ms(1)), -PIER_EDEADLINE);
	in_another_run(closed_elsewhere);
	assert_int_equal(pier_read(b, buf, 1, HANGS), -ECONNABORTED);
	assert_int_equal(pier_read(a, buf, 1, HANGS), 0);
	pier_close(a);
	assert_int_equal(pier_offload(closed_elsewhere, NULL, NULL, HANGS), 0);
	pier_close(b);

	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_printf(b, "lost"), 4);
	assert_int_equal(pthread_create(&thread, NULL, thread_main, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pier_read(a, buf, 1, HANGS), 0);
	pier_close(a);
	assert_int_equal(pier_write(b, "x", 1, HANGS), -ECONNABORTED);
	pier_close(b);
	return 0;
}

/* What a run has used and not closed is closed after it, from anywhere. */
static int
leaves_them_open(void *arg)
{
	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_printf(a, "bye"), 3);
	assert_int_equal(pier_read(b, buf, 3, HANGS), 3);
	assert_int_equal(pier_printf(a, "all"), 3);
	return 0;
}

static void
test_closed_by_another_scheduler(void **state)
{
	int before = open_fds();

	(void)state;
	assert_int_equal(pier_run(closes_elsewhere, NULL, NULL, NULL), 0);
	assert_int_equal(pier_run(leaves_them_open, NULL, NULL, NULL), 0);
	pier_close(a);
	assert_int_equal(pier_read_full(b, buf, 3, HANGS), 3);
	assert_memory_equal(buf, "all", 3);
	assert_int_equal(pier_read(b, buf, 1, HANGS), 0);
	pier_close(b);
	assert_int_equal(open_fds(), before);
}

static struct pier_listener *listener;
static struct pier_packet *packet;

static int
others_closed_elsewhere(void *arg)
{
	(void)arg;
	pier_listener_close(listener);
	assert_int_equal(pier_last_error()->code, -EXDEV);
	assert_int_equal(pier_last_error()->step, PIER_STEP_ACCEPT);
	pier_packet_close(packet);
	assert_int_equal(pier_last_error()->code, -EXDEV);
	assert_int_equal(pier_last_error()->step, PIER_STEP_SHUTDOWN);
	return 0;
}

static int
receives(void *arg)
{
	struct pier_msg msg;

	(void)arg;
	return pier_recv(packet, &msg, buf, 1, HANGS);
}

static int
accepts(void *arg)
{
	struct pier_stream *stream = NULL;
	int rc = pier_accept(&stream, listener, HANGS);

	(void)arg;
	pier_close(stream);
	return rc;
}

/* One receives and one accepts at a time; what comes is for who waits. */
static int
others_one_at_a_time(void *arg)
{
	static const struct pier_packet_opts server = { .listen = true };
	char where[PIER_ENDPOINT_TEXT_MAX];
	struct pier_stream *client, *none = NULL;
	struct pier_group *group;
	struct pier_addr own;
	struct pier_msg msg;

	(void)arg;
	assert_int_equal(
		pier_listen(&listener, "tcp4://127.0.0.1:0", NULL, HANGS), 0);
	assert_true(pier_listener_endpoint(listener, where, sizeof(where)) > 0);
	assert_int_equal(
		pier_packet_open(&packet, "udp4://127.0.0.1:0", &server, HANGS),
		0);
	assert_int_equal(pier_packet_local(packet, &own), 0);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, receives, NULL), 0);
	assert_int_equal(pier_go(group, accepts, NULL), 0);
	wait_for(&packet->desc, PIER__IN);
	wait_for(&listener->desc, PIER__IN);
	/* It is there before the first has run. */
	assert_int_equal(pier_send(packet, &own, "x", 1, HANGS), 0);
	assert_int_equal(pier_recv(packet, &msg, buf, 1, PIER_NOW), -EBUSY);
	assert_int_equal(pier_recv(packet, &msg, buf, 1, HANGS), -EBUSY);
	assert_int_equal(pier_packet_move(packet), -EBUSY);
	assert_int_equal(pier_accept(&none, listener, PIER_NOW), -EBUSY);
	assert_int_equal(pier_accept(&none, listener, HANGS), -EBUSY);
	assert_int_equal(pier_dial(&client, where, NULL, HANGS), 0);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
	pier_close(client);
	pier_listener_close(listener);
	pier_packet_close(packet);
	return 0;
}

static void
test_one_receiver_and_one_acceptor(void **state)
{
	(void)state;
	assert_int_equal(pier_run(others_one_at_a_time, NULL, NULL, NULL), 0);
}

static int
closes_others_elsewhere(void *arg)
{
	static const struct pier_packet_opts server = { .listen = true };
	char where[PIER_ENDPOINT_TEXT_MAX];
	struct pier_stream *none = NULL;
	struct pier_msg msg;

	(void)arg;
	assert_int_equal(
		pier_listen(&listener, "tcp4://127.0.0.1:0", NULL, HANGS), 0);
	assert_true(pier_listener_endpoint(listener, where, sizeof(where)) > 0);
	assert_int_equal(
		pier_packet_open(&packet, "udp4://127.0.0.1:0", &server, HANGS),
		0);
	assert_int_equal(
		pier_accept(&none, listener, pier_in_ms(1)), -PIER_EDEADLINE);
	assert_int_equal(pier_recv(packet, &msg, buf, 1, pier_in_ms(1)),
		-PIER_EDEADLINE);
	in_another_run(others_closed_elsewhere);
	assert_int_equal(pier_dial(&none, where, NULL, HANGS), -ECONNREFUSED);
	assert_int_equal(pier_recv(packet, &msg, buf, 1, HANGS), -ECONNABORTED);
	pier_listener_close(listener);
	pier_packet_close(packet);
	return 0;
}

static void
test_others_closed_by_another_scheduler(void **state)
{
	int before = open_fds();

	(void)state;
	assert_int_equal(
		pier_run(closes_others_elsewhere, NULL, NULL, NULL), 0);
	assert_int_equal(open_fds(), before);
}

static void
test_one_reader_and_one_writer(void **state)
{
	(void)state;
	assert_int_equal(pier_run(one_at_a_time, NULL, NULL, NULL), 0);
}

static void
test_the_end_of_reading(void **state)
{
	(void)state;
	assert_int_equal(pier_run(reading_is_shut, NULL, NULL, NULL), 0);
}

static void
test_one_scheduler(void **state)
{
	(void)state;
	assert_int_equal(pier_run(one_scheduler, NULL, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_reader_and_one_writer),
		cmocka_unit_test(test_one_receiver_and_one_acceptor),
		cmocka_unit_test(test_the_end_of_reading),
		cmocka_unit_test(test_one_scheduler),
		cmocka_unit_test(test_closed_by_another_scheduler),
		cmocka_unit_test(test_others_closed_by_another_scheduler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
