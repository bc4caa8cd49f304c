/* SPDX-License-Identifier: MIT */
/* handlers_clock_test.c - daytime and time, at moments that a test sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <pier.h>

#include "task/task.h"

static int64_t moment_s;

static int64_t
at_that_moment(void)
{
	return moment_s * 1000000000 + 999999999;
}

/* What the handler sends at that moment. */
static size_t
sent_at(int64_t s, pier_handler *handler, char *buf, size_t size)
{
	struct pier__task *self = pier__self();
	struct pier__calls calls = pier__calls_real;
	struct pier_stream *a, *b;
	ssize_t n;

	assert_non_null(self);
	calls.realtime_ns = at_that_moment;
	moment_s = s;
	assert_int_equal(pier_pair(&a, &b), 0);
	self->context.calls = &calls;
	assert_int_equal(handler(a, NULL), 0);
	self->context.calls = &pier__calls_real;
	pier_close(a);
	n = pier_read_full(b, buf, size, pier_in_s(20));
	assert_int_equal(n, -PIER_EEND);
	n = (ssize_t)pier_last_error()->done;
	pier_close(b);
	return (size_t)n;
}

static void
expect_line(int64_t s, const char *line)
{
	char buf[100];
	size_t n = sent_at(s, pier_handler_daytime, buf, sizeof(buf) - 1);

	buf[n] = '\0';
	assert_string_equal(buf, line);
}

static void
test_daytime(void **state)
{
	(void)state;
	expect_line(0, "Thursday, January 1, 1970 00:00:00-UTC\r\n");
	/* The example of RFC 867, which is in PST. */
	expect_line(383276263, "Tuesday, February 23, 1982 01:37:43-UTC\r\n");
	expect_line(951782399, "Monday, February 28, 2000 23:59:59-UTC\r\n");
	expect_line(951782400, "Tuesday, February 29, 2000 00:00:00-UTC\r\n");
	expect_line(4102444799, "Thursday, December 31, 2099 23:59:59-UTC\r\n");
}

static void
expect_number(int64_t s, uint32_t number)
{
	unsigned char buf[8];
	size_t n = sent_at(s, pier_handler_time, (char *)buf, sizeof(buf));

	assert_int_equal(n, 4);
	assert_int_equal(
		(uint32_t)buf[0] << 24 | buf[1] << 16 | buf[2] << 8 | buf[3],
		number);
}

static void
test_time(void **state)
{
	(void)state;
	/* The examples of RFC 868. */
	expect_number(0, 2208988800);
	expect_number(2398291200 - 2208988800, 2398291200);
	expect_number(2524521600 - 2208988800, 2524521600);
	expect_number(2629584000 - 2208988800, 2629584000);
	/* It wraps on 7 February 2036. */
	expect_number(INT64_C(4294967295) - 2208988800, UINT32_MAX);
	expect_number(INT64_C(4294967296) - 2208988800, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_daytime),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
