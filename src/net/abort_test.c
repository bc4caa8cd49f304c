/* SPDX-License-Identifier: MIT */
/* net/abort_test.c - an abort by another thread ends what waits, on whatever
   descriptors the stream stands, in a fiber and in a thread. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "io/desc.h"
#include "net/stream.h"
#include "task/both_bed.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

/* On no fiber's stack: the aborting thread looks at it. */
static struct pier_stream *victim;
static unsigned direction;

/* Once somebody waits: aborts. */
static void *
abort_main(void *arg)
{
	struct pier__desc *desc =
		direction == PIER__IN ? &victim->desc : victim->out_desc;

	(void)arg;
	while (!pier__desc_busy(desc, direction))
		(void)sched_yield();
	pier_abort(victim);
	return NULL;
}

static pthread_t
begin(struct pier_stream *stream, unsigned what)
{
	pthread_t thread;

	victim = stream;
	direction = what;
	assert_int_equal(pthread_create(&thread, NULL, abort_main, NULL), 0);
	return thread;
}

/* Every later call says the same, though bytes may be there. */
static void
end(pthread_t thread, int other)
{
	char c;

	assert_int_equal(pthread_join(thread, NULL), 0);
	if (other >= 0)
		assert_int_equal(write(other, "late", 4), 4);
	assert_int_equal(pier_read(victim, &c, 1, HANGS), -ECONNABORTED);
	assert_int_equal(pier_read(victim, &c, 1, PIER_NOW), -ECONNABORTED);
	assert_int_equal(pier_last_error()->code, -ECONNABORTED);
	pier_close(victim);
}

static int
read_of_a_pipe(void *arg)
{
	struct pier_stream *in;
	pthread_t thread;
	int fds[2];
	char c;

	(void)arg;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pier_adopt(&in, fds[0]), 0);
	thread = begin(in, PIER__IN);
	assert_int_equal(pier_read(in, &c, 1, HANGS), -ECONNABORTED);
	end(thread, fds[1]);
	(void)close(fds[1]);
	return 0;
}

static int
write_to_a_pipe(void *arg)
{
	static char zeros[1 << 20];
	struct pier_stream *out;
	pthread_t thread;
	int fds[2];

	(void)arg;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pier_adopt(&out, fds[1]), 0);
	thread = begin(out, PIER__OUT);
	assert_int_equal(
		pier_write(out, zeros, sizeof(zeros), HANGS), -ECONNABORTED);
	assert_true(pier_last_error()->done > 0);
	end(thread, -1);
	(void)close(fds[0]);
	return 0;
}

static int
relay_of_pipes(void *arg)
{
	struct pier_relay_result result;
	struct pier_stream *two, *a, *b;
	pthread_t thread;
	int in[2], out[2];

	(void)arg;
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(pier_adopt_two(&two, in[0], out[1]), 0);
	assert_int_equal(pier_pair(&a, &b), 0);
	thread = begin(two, PIER__IN);
	assert_int_equal(
		pier_relay(two, a, NULL, &result, HANGS), -ECONNABORTED);
	assert_int_equal(result.first, 0);
	end(thread, in[1]);
	pier_close(a);
	pier_close(b);
	(void)close(in[1]);
	(void)close(out[0]);
	return 0;
}

static int
wait_for_any(void *arg)
{
	struct pier_waitable one = { .want = PIER_READING };
	pthread_t thread;
	int fds[2];

	(void)arg;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pier_adopt(&one.stream, fds[0]), 0);
	thread = begin(one.stream, PIER__IN);
	assert_int_equal(pier_wait_any(&one, 1, HANGS), 1);
	assert_int_equal(one.ready, PIER_READING);
	end(thread, fds[1]);
	(void)close(fds[1]);
	return 0;
}

static int
read_of_a_socket(void *arg)
{
	struct pier_stream *stream;
	pthread_t thread;
	int fds[2];
	char c;

	(void)arg;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(pier_adopt(&stream, fds[0]), 0);
	thread = begin(stream, PIER__IN);
	assert_int_equal(pier_read(stream, &c, 1, HANGS), -ECONNABORTED);
	end(thread, -1);
	(void)close(fds[1]);
	return 0;
}

static int
all(void *arg)
{
	(void)read_of_a_pipe(arg);
	(void)write_to_a_pipe(arg);
	(void)relay_of_pipes(arg);
	(void)wait_for_any(arg);
	return read_of_a_socket(arg);
}

int
main(void)
{
	return both_bed_main(all);
}
