/* SPDX-License-Identifier: MIT */
/*
 * net/rate_test.c - streams with a rate on the kernel: on whatever descriptors
 * they stand, in threads too, with descriptors passed, released and moved. How
 * long what takes is for tests/sim/rate.c.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "net/rate.h"
#include "task/both_bed.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

/* So much that only what is above it is held. */
#define FAST 100000000
#define BULK 3000000

static unsigned char sent[BULK], got[BULK];

/* On no fiber's stack. */
static struct {
	struct pier_stream *a, *b;
	struct pier_group *group;
} bed;

static void
begin(void)
{
	size_t i;

	for (i = 0; i < BULK; i++)
		sent[i] = (unsigned char)(i * 5 + i / 256);
	memset(got, 0, BULK);
	assert_int_equal(pier_group_open(&bed.group), 0);
}

static void
end(void)
{
	assert_int_equal(pier_group_wait(bed.group, HANGS), 0);
	assert_int_equal(pier_group_result(bed.group), 0);
	pier_group_close(bed.group);
	pier_close(bed.a);
	pier_close(bed.b);
	memset(&bed, 0, sizeof(bed));
}

static int
sends(void *arg)
{
	(void)arg;
	return pier_write(bed.a, sent, BULK, HANGS);
}

static void
bulk(void)
{
	assert_int_equal(pier_set_rate(bed.a, 0, FAST), 0);
	assert_int_equal(pier_set_rate(bed.b, FAST, PIER_OFF), 0);
	assert_int_equal(pier_go(bed.group, sends, NULL), 0);
	assert_int_equal(pier_read_full(bed.b, got, BULK, HANGS), BULK);
	end();
	assert_memory_equal(got, sent, BULK);
}

static int
on_a_pair(void *arg)
{
	(void)arg;
	begin();
	assert_int_equal(pier_pair(&bed.a, &bed.b), 0);
	bulk();
	return 0;
}

/* Of two descriptors, which are no sockets. */
static int
on_pipes(void *arg)
{
	int there[2], back[2];

	(void)arg;
	begin();
	assert_int_equal(pipe(there), 0);
	assert_int_equal(pipe(back), 0);
	assert_int_equal(pier_adopt_two(&bed.a, back[0], there[1]), 0);
	assert_int_equal(pier_adopt_two(&bed.b, there[0], back[1]), 0);
	bulk();
	return 0;
}

static int
on_tcp(void *arg)
{
	struct pier_listener *listener;
	char where[PIER_ENDPOINT_TEXT_MAX];

	(void)arg;
	begin();
	assert_int_equal(
		pier_listen(&listener, "tcp://127.0.0.1:0", NULL, HANGS), 0);
	assert_true(pier_listener_endpoint(listener, where, sizeof(where)) > 0);
	assert_int_equal(pier_dial(&bed.a, where, NULL, HANGS), 0);
	assert_int_equal(pier_accept(&bed.b, listener, HANGS), 0);
	pier_listener_close(listener);
	bulk();
	return 0;
}

/* Descriptors come with the first bytes, however few those are; what reads
   them has a table of its own, whichever of the two was first. */
static int
with_descriptors(void *arg)
{
	struct pier_fds fds = { .count = 1 };
	char buf[8];
	int set_first, fd;

	(void)arg;
	for (set_first = 0; set_first < 2; set_first++) {
		assert_int_equal(pier_pair(&bed.a, &bed.b), 0);
		fds.count = 1;
		fds.fd[0] = pier_fd(bed.a);
		assert_int_equal(pier_set_rate(bed.a, 0, 100), 0);
		if (set_first == 1)
			assert_int_equal(pier_set_rate(bed.b, 1000, 0), 0);
		assert_int_equal(
			pier_send_fds(bed.a, &fds, "xyz", 3, HANGS), 0);
		assert_int_equal(pier_recv_fds(bed.b, &fds, buf, 1, HANGS), 1);
		assert_int_equal(fds.count, 1);
		pier_fds_close(&fds);
		assert_int_equal(pier_set_rate(bed.b, 1000, 0), 0);
		assert_int_equal(
			pier_recv_fds(bed.b, &fds, buf + 1, 1, HANGS), 1);
		assert_int_equal(pier_read_full(bed.b, buf + 2, 1, HANGS), 1);
		assert_int_equal(fds.count, 0);
		assert_memory_equal(buf, "xyz", 3);
		assert_int_equal(pier_set_rate(bed.b, FAST, 0), 0);
		assert_int_equal(pier_move(bed.b), 0);
		assert_int_equal(pier_release(bed.b, &fd), 0);
		assert_int_equal(close(fd), 0);
		pier_close(bed.a);
	}
	memset(&bed, 0, sizeof(bed));
	return 0;
}

/* The kernel, which knows of no rate, is not asked to send. */
static int
from_a_file(void *arg)
{
	FILE *file = tmpfile();
	size_t early, i;

	(void)arg;
	for (i = 0; i < 1000; i++)
		sent[i] = (unsigned char)(i * 5);
	assert_non_null(file);
	assert_int_equal(fwrite(sent, 1, 1000, file), 1000);
	assert_int_equal(fflush(file), 0);
	assert_int_equal(pier_pair(&bed.a, &bed.b), 0);
	assert_int_equal(pier_set_rate(bed.a, 0, 1), 0);
	assert_int_equal(
		pier_send_file(bed.a, fileno(file), 0, 1000, pier_in_ms(5)),
		-PIER_EDEADLINE);
	early = pier_last_error()->done;
	assert_true(early < 1000);
	assert_int_equal(pier_set_rate(bed.a, 0, FAST), 0);
	assert_int_equal(
		pier_send_file(bed.a, fileno(file), 0, 1000, HANGS), 1000);
	assert_int_equal(pier_read_full(bed.b, got, early, HANGS), early);
	assert_int_equal(pier_read_full(bed.b, got, 1000, HANGS), 1000);
	assert_memory_equal(got, sent, 1000);
	assert_int_equal(fclose(file), 0);
	pier_close(bed.a);
	pier_close(bed.b);
	memset(&bed, 0, sizeof(bed));
	return 0;
}

/* What is gathered would be sent on by nobody. */
static int
refuses(void *arg)
{
	(void)arg;
	assert_int_equal(pier_pair(&bed.a, &bed.b), 0);
	assert_int_equal(pier_printf(bed.a, "hello"), 5);
	assert_int_equal(pier_set_rate(bed.a, 0, FAST), -EBUSY);
	assert_int_equal(pier_last_error()->code, -EBUSY);
	assert_int_equal(pier_flush(bed.a, HANGS), 0);
	assert_int_equal(pier_set_rate(bed.a, 0, FAST), 0);
	assert_int_equal(pier_printf(bed.a, "hello"), 5);
	assert_int_equal(pier_gathered(bed.a), 0);
	assert_int_equal(pier_set_rate(bed.a, PIER_OFF, PIER_OFF), 0);
	assert_int_equal(pier_printf(bed.a, "hello"), 5);
	assert_int_equal(pier_gathered(bed.a), 5);
	assert_int_equal(pier_set_rate(bed.a, -2, 0), -EINVAL);
	assert_int_equal(pier_flush(bed.a, HANGS), 0);
	pier_close(bed.a);
	pier_close(bed.b);
	memset(&bed, 0, sizeof(bed));
	return 0;
}

/* Nothing that waits by a rate is cut short by its odd bit alone: without one
   there is none. */
static int
costs_nothing_else(void *arg)
{
	(void)arg;
	assert_int_equal(pier_pair(&bed.a, &bed.b), 0);
	assert_int_equal(pier_set_rate(bed.a, 0, PIER_OFF), 0);
	assert_null(bed.a->rates);
	assert_int_equal(atomic_load(&bed.a->odd), 0);
	assert_int_equal(pier_set_rate(bed.a, 1, 0), 0);
	assert_int_equal(atomic_load(&bed.a->odd), PIER__ODD_RATE);
	pier_close(bed.a);
	pier_close(bed.b);
	memset(&bed, 0, sizeof(bed));
	return 0;
}

static void *
aborts(void *arg)
{
	(void)arg;
	while (!pier__desc_busy(&bed.a->desc, PIER__IN))
		(void)sched_yield();
	pier_abort(bed.a);
	return NULL;
}

/* By another thread, while it waits for tokens, of which there would be enough
   in a quarter of an hour. */
static int
aborted(void *arg)
{
	pthread_t thread;

	(void)arg;
	assert_int_equal(pier_pair(&bed.a, &bed.b), 0);
	assert_int_equal(pier_write(bed.b, sent, 1000, HANGS), 0);
	assert_int_equal(pier_set_rate(bed.a, 1, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, aborts, NULL), 0);
	assert_int_equal(
		pier_read_full(bed.a, got, 1000, PIER_FOREVER), -ECONNABORTED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pier_close(bed.a);
	pier_close(bed.b);
	memset(&bed, 0, sizeof(bed));
	return 0;
}

static int
all(void *arg)
{
	(void)on_a_pair(arg);
	(void)on_pipes(arg);
	(void)on_tcp(arg);
	(void)with_descriptors(arg);
	(void)from_a_file(arg);
	(void)refuses(arg);
	(void)costs_nothing_else(arg);
	return aborted(arg);
}

int
main(void)
{
	return both_bed_main(all);
}
