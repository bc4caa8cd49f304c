/* SPDX-License-Identifier: MIT */
/* net/elsewhere_test.c - a stream has one scheduler: what another one's calls on
   it meet, how it changes hands, and what closing it elsewhere does. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "fds.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

static struct pier_stream *a, *b;
static struct pier_listener *listener;
static struct pier_packet *packet;
static char buf[16];

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

static int
others_closed_elsewhere(void *arg)
{
	struct pier_stream *none = NULL;
	struct pier_addr own;
	struct pier_msg msg;

	(void)arg;
	assert_int_equal(pier_packet_local(packet, &own), 0);
	assert_int_equal(pier_accept(&none, listener, PIER_NOW), -EXDEV);
	assert_int_equal(pier_recv(packet, &msg, buf, 1, PIER_NOW), -EXDEV);
	assert_int_equal(pier_send(packet, &own, buf, 1, PIER_NOW), -EXDEV);
	assert_int_equal(pier_packet_move(packet), -EXDEV);
	pier_listener_close(listener);
	assert_int_equal(pier_last_error()->code, -EXDEV);
	assert_int_equal(pier_last_error()->step, PIER_STEP_ACCEPT);
	pier_packet_close(packet);
	assert_int_equal(pier_last_error()->code, -EXDEV);
	assert_int_equal(pier_last_error()->step, PIER_STEP_SHUTDOWN);
	return 0;
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

static int
uses_without_a_wait(void *arg)
{
	(void)arg;
	assert_int_equal(pier_write(a, "xy", 2, HANGS), 0);
	return pier_read(b, buf, 1, HANGS) == 1 ? 0 : -EIO;
}

/* A run that has ended owns nothing, whether or not it ever waited. */
static void
test_free_after_the_run(void **state)
{
	int fd = -1;

	(void)state;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_run(uses_without_a_wait, NULL, NULL, NULL), 0);
	assert_int_equal(pier_read(b, buf, 1, HANGS), 1);
	assert_int_equal(pier_run(uses_without_a_wait, NULL, NULL, NULL), 0);
	assert_int_equal(pier_move(a), 0);
	assert_int_equal(pier_release(a, &fd), 0);
	assert_int_equal(close(fd), 0);
	pier_close(b);
}

/* What a thread gathered and its engine watches is in its hands. */
static struct pier_channel *go;
static size_t filled;
static atomic_int rounds;

static int
told(void)
{
	char any;

	return pier_channel_recv(go, &any, HANGS);
}

static int
tell(void)
{
	return pier_channel_send(go, "", HANGS);
}

/* Bytes gathered for a, for which there is no room. */
static void
gather_in_vain(void)
{
	static const char piece[4096];
	ssize_t n;

	filled = 0;
	while ((n = pier_write_some(a, piece, sizeof(piece), PIER_NOW)) > 0)
		filled += (size_t)n;
	assert_int_equal(n, -EAGAIN);
	assert_int_equal(pier_printf(a, "last"), 4);
	rounds++;
}

static int
gathers(void *arg)
{
	(void)arg;
	gather_in_vain();
	assert_int_equal(told(), 0);
	gather_in_vain();
	assert_int_equal(told(), 0);
	assert_int_equal(pier_write(a, "x", 1, HANGS), -ECONNABORTED);
	pier_close(a);
	return 0;
}

static int
waits_for_word(const struct pier_task_info *info, void *arg)
{
	*(bool *)arg |= strcmp(info->waits, "channel") == 0;
	return 0;
}

static void
until_it_waits(int round)
{
	bool waits = false;

	while (!waits || rounds < round) {
		waits = false;
		assert_int_equal(pier_yield(), 0);
		(void)pier_tasks_each(waits_for_word, &waits);
	}
}

static void
read_off(size_t size)
{
	static char piece[4096];

	while (size > 0) {
		ssize_t n = pier_read(b, piece,
			size < sizeof(piece) ? size : sizeof(piece), HANGS);

		assert_true(n > 0);
		size -= (size_t)n;
	}
}

static void
nobody_elses(void)
{
	int fd = -1;

	assert_int_equal(pier_write(a, "x", 1, HANGS), -EBUSY);
	assert_int_equal(pier_write(a, "x", 1, PIER_NOW), -EBUSY);
	assert_int_equal(pier_printf(a, "x"), -EBUSY);
	assert_int_equal(pier_flush(a, HANGS), -EBUSY);
	assert_int_equal(pier_shutdown(a, PIER_WRITING, HANGS), -EBUSY);
	assert_int_equal(pier_close_wait(a, HANGS), -EBUSY);
	assert_int_equal(pier_move(a), -EBUSY);
	assert_int_equal(pier_release(a, &fd), -EBUSY);
	assert_int_equal(fd, -1);
}

static int
beside_a_thread(void *arg)
{
	int rc;

	(void)arg;
	assert_int_equal(pier_go(NULL, gathers, NULL), 0);
	until_it_waits(1);
	nobody_elses();
	/* It sends on while it waits; then the stream is anybody's. */
	read_off(filled);
	read_off(4);
	while ((rc = pier_flush(a, HANGS)) == -EBUSY)
		assert_int_equal(pier_yield(), 0);
	assert_int_equal(rc, 0);
	assert_int_equal(tell(), 0);
	until_it_waits(2);
	pier_close(a);
	assert_int_equal(pier_last_error()->code, -EXDEV);
	read_off(filled);
	assert_int_equal(pier_read(b, buf, 1, HANGS), 0);
	return tell();
}

static int
gathers_and_ends(void *arg)
{
	(void)arg;
	gather_in_vain();
	return 0;
}

/* With the thread goes what it had in hand: the stream is anybody's. */
static int
after_a_thread(void *arg)
{
	struct pier_group *group;

	(void)arg;
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, gathers_and_ends, NULL), 0);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	pier_group_close(group);
	assert_int_equal(pier_gathered(a), 4);
	read_off(filled);
	assert_int_equal(pier_flush(a, HANGS), 0);
	read_off(4);
	pier_close(a);
	return 0;
}

static void
test_gathered_by_another_thread(void **state)
{
	static const struct pier_run_opts threads = {
		.kind = PIER_TASK_THREAD
	};
	int before;

	(void)state;
	/* What this thread is woken by stays with it. */
	assert_int_equal(pier_sleep(pier_in_ns(1)), 0);
	before = open_fds();
	assert_int_equal(pier_channel_open(&go, 1, 1), 0);
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_run(beside_a_thread, NULL, &threads, NULL), 0);
	pier_close(b);
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_run(after_a_thread, NULL, &threads, NULL), 0);
	pier_close(b);
	pier_channel_close(go);
	assert_int_equal(open_fds(), before);
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
		cmocka_unit_test(test_one_scheduler),
		cmocka_unit_test(test_free_after_the_run),
		cmocka_unit_test(test_closed_by_another_scheduler),
		cmocka_unit_test(test_others_closed_by_another_scheduler),
		cmocka_unit_test(test_gathered_by_another_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
