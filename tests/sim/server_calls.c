/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/server_calls.c - how often a connection from its accept to its end
 * asks the kernel for bytes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server_bed.h"

#define CONNECTIONS 40
/* Of those that were not looked at, one in so many is all the same. */
#define LOOK_EVERY 16

static struct {
	ssize_t (*recv)(int fd, void *buf, size_t size, int flags);
	unsigned bytes;
	unsigned ends;
	unsigned nothing;
} watched;

static ssize_t
watched_recv(int fd, void *buf, size_t size, int flags)
{
	ssize_t n = watched.recv(fd, buf, size, flags);

	watched.bytes += n > 0;
	watched.ends += n == 0;
	watched.nothing += n == -EAGAIN;
	return n;
}

/* All that the server's host receives: the table is a part of the host. */
static void
watch(void)
{
	struct pier__calls *calls =
		(struct pier__calls *)(uintptr_t)pier__sim_calls(bed.far);

	watched.recv = calls->recv;
	calls->recv = watched_recv;
}

static int
speaks_late(void *arg)
{
	char end;
	int rc = 0;
	int i;

	(void)arg;
	for (i = 0; i < CONNECTIONS && rc == 0; i++) {
		struct pier_stream *stream = bed_dial();

		(void)pier_sleep(pier_in_ms(10));
		rc = bed_echo_once(stream);
		if (rc == 0)
			rc = pier_shutdown(stream, PIER_WRITING, PIER_FOREVER);
		if (rc == 0)
			rc = (int)pier_read(stream, &end, 1, PIER_FOREVER);
		pier_close(stream);
	}
	return rc;
}

static void
who_speaks_late_is_not_asked_before_and_an_end_is_heard_once(void **state)
{
	(void)state;
	watch();
	bed_play(speaks_late);
	assert_int_equal(bed.client_rc, 0);
	assert_int_equal(watched.bytes, CONNECTIONS);
	assert_int_equal(watched.ends, CONNECTIONS);
	assert_int_equal(watched.nothing, 1 + (CONNECTIONS - 1) / LOOK_EVERY);
}

/* A server that is held up for longer than the first byte may take. */
static int
is_held_up(struct pier_stream *stream, void *ctx)
{
	(void)ctx;
	return pier_conn(stream)->id == 1 ? 0 : pier_sleep(pier_in_ms(11000));
}

static int
speaks_at_once(void *arg)
{
	struct pier_stream *stream = bed_dial();
	int rc;

	(void)arg;
	(void)pier_sleep(pier_in_ms(10));
	rc = bed_echo_once(stream);
	pier_close(stream);
	stream = bed_dial();
	if (rc == 0)
		rc = bed_echo_once(stream);
	pier_close(stream);
	return rc;
}

static void
bytes_that_were_there_in_time_count_though_nobody_looked(void **state)
{
	(void)state;
	bed.opts.setup = is_held_up;
	bed_play(speaks_at_once);
	assert_int_equal(bed.client_rc, 0);
	assert_int_equal(bed.stats.limit_first_byte, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(who_speaks_late_is_not_asked_before_and_an_end_is_heard_once),
		CASE(bytes_that_were_there_in_time_count_though_nobody_looked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
