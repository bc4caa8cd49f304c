/* SPDX-License-Identifier: MIT */
/* net/limits_test.c - what a server holds a connection to ends every wait for
   it, also that for several things at once, whatever deadline was passed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <pier.h>

#include "net/stream.h"
#include "task/both_bed.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

static struct pier_stream *a, *b, *other, *far;
static struct pier_conn conn;
static struct pier__limits limits;

static void
set(int64_t first_byte_ms, int64_t idle_ms, int64_t lifetime_ms)
{
	int64_t now = pier_now();

	memset(&conn, 0, sizeof(conn));
	conn.last_byte_ns = now;
	limits = (struct pier__limits){ .conn = &conn,
		.first_byte_at = INT64_MAX,
		.lifetime_at = INT64_MAX,
		.idle_ns = INT64_MAX };
	if (first_byte_ms > 0)
		limits.first_byte_at = now + first_byte_ms * 1000000;
	if (idle_ms > 0)
		limits.idle_ns = idle_ms * 1000000;
	if (lifetime_ms > 0)
		limits.lifetime_at = now + lifetime_ms * 1000000;
	a->limits = &limits;
}

static void
expect(int rc, const char *name)
{
	assert_int_equal(rc, -PIER_ELIMIT);
	assert_string_equal(limits.met, name);
	assert_string_equal(pier_last_error()->detail, name);
	assert_int_equal(pier_last_error()->code, -PIER_ELIMIT);
	limits.met = NULL;
}

static void
waits(void)
{
	struct pier_waitable list[] = {
		{ .stream = other, .want = PIER_READING },
		{ .stream = a, .want = PIER_READING },
	};
	struct pier_relay_result result;
	pier_deadline until;
	char c;
	int rc;

	set(0, 2, 0);
	expect((int)pier_read(a, &c, 1, HANGS), PIER__LIMIT_IDLE);
	set(2, 0, 0);
	expect(pier_wait_any(list, 2, HANGS), PIER__LIMIT_FIRST_BYTE);
	set(0, 0, 2);
	expect(pier_wait_any(list, 2, HANGS), PIER__LIMIT_LIFETIME);
	set(0, 2, 0);
	expect(pier_relay(a, other, NULL, &result, HANGS), PIER__LIMIT_IDLE);
	assert_int_equal(result.how, PIER_RELAY_DEADLINE);
	set(0, 0, 2);
	expect(pier_relay(other, a, NULL, &result, HANGS),
		PIER__LIMIT_LIFETIME);
	/* Nor does one who only looks outlive it. */
	set(0, 3, 0);
	while ((rc = (int)pier_read(a, &c, 1, PIER_NOW)) == -EAGAIN)
		(void)pier_sleep(pier_in_ms(1));
	expect(rc, PIER__LIMIT_IDLE);
	/* … or one who finds something each time outlive the last of them. */
	set(0, 0, 3);
	do {
		rc = pier_write(b, "x", 1, HANGS);
		if (rc == 0)
			rc = (int)pier_read(a, &c, 1, HANGS);
	} while (rc == 1);
	expect(rc, PIER__LIMIT_LIFETIME);
	a->limits = NULL;
	assert_int_equal(pier_read(a, &c, 1, HANGS), 1);
	/* Bytes that pass are activity. */
	set(0, 10000, 0);
	assert_int_equal(pier_write(far, "x", 1, HANGS), 0);
	until = HANGS;
	do {
		assert_int_equal(
			pier_relay(a, other, NULL, NULL, pier_in_ms(3)),
			-PIER_EDEADLINE);
		rc = (int)pier_read(b, &c, 1, PIER_NOW);
	} while (rc == -EAGAIN && pier_left_ns(until) > 0);
	assert_int_equal(rc, 1);
}

/* The peer takes nothing: not every byte is ever acknowledged. */
static void
drain_ends(void)
{
	static char zeros[1 << 20];
	struct pier_stream *dialled, *accepted;
	struct pier_listener *listener;
	char where[64];

	assert_int_equal(
		pier_listen(&listener, "tcp://127.0.0.1:0", NULL, HANGS), 0);
	assert_true(pier_listener_endpoint(listener, where, sizeof(where)) > 0);
	assert_int_equal(pier_dial(&dialled, where, NULL, HANGS), 0);
	assert_int_equal(pier_accept(&accepted, listener, HANGS), 0);
	while (pier_write_some(dialled, zeros, sizeof(zeros), pier_in_ms(5)) >
		0)
		;
	set(0, 3, 0);
	dialled->limits = &limits;
	expect(pier_drain(dialled, HANGS), PIER__LIMIT_IDLE);
	dialled->limits = NULL;
	/* The peer's end is no sign that it has everything. */
	assert_int_equal(pier_shutdown(accepted, PIER_WRITING, HANGS), 0);
	assert_int_equal(
		pier_close_wait(dialled, pier_in_ms(5)), -PIER_EDEADLINE);
	while (pier_read(accepted, zeros, sizeof(zeros), HANGS) > 0)
		;
	assert_int_equal(pier_close_wait(dialled, HANGS), 0);
	pier_close(dialled);
	pier_close(accepted);
	pier_listener_close(listener);
}

static int
all(void *arg)
{
	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_pair(&other, &far), 0);
	waits();
	drain_ends();
	a->limits = NULL;
	pier_close(a);
	pier_close(b);
	pier_close(other);
	pier_close(far);
	return 0;
}

int
main(void)
{
	return both_bed_main(all);
}
