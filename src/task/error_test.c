/* SPDX-License-Identifier: MIT */
/* task/error_test.c - what a failure leaves in the record and in the line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pier/addr.h>
#include <pier/error.h>
#include <pier/task.h>

#include "task/task.h"

static void
assert_line(int rc, const struct pier__failure *failure, const char *line)
{
	assert_int_equal(pier__fail(rc, failure), rc);
	assert_int_equal(pier_last_error()->code, rc);
	assert_string_equal(pier_error_line(), line);
}

static void
nothing_has_failed_yet(void **state)
{
	(void)state;
	assert_int_equal(pier_last_error()->code, 0);
	assert_string_equal(pier_last_error()->endpoint, "");
	assert_string_equal(pier_last_error()->detail, "");
	assert_int_equal(pier_last_error()->offset, -1);
	assert_string_equal(pier_error_line(), "no error");
}

static void
the_line_says_step_endpoint_cause_and_time(void **state)
{
	(void)state;
	assert_line(-ECONNREFUSED,
		&(struct pier__failure){ .step = PIER_STEP_CONNECT,
			.endpoint = "tcp://[2001:db8::1]:80",
			.elapsed_ns = 3000000 },
		"connect: tcp://[2001:db8::1]:80: connection refused "
		"(ECONNREFUSED) after 3 ms");
	assert_line(-PIER_ELIMIT,
		&(struct pier__failure){
			.step = PIER_STEP_ACCEPT, .detail = "64 connections" },
		"accept: a limit was met (PIER_ELIMIT): 64 connections");
	assert_line(-EAFNOSUPPORT,
		&(struct pier__failure){ .step = PIER_STEP_CREATE,
			.endpoint = "hci",
			.detail = "modprobe bluetooth",
			.elapsed_ns = 9000 },
		"create: hci: address family not supported (EAFNOSUPPORT) "
		"after 9 us: modprobe bluetooth");
	assert_line(-PIER_EEND,
		&(struct pier__failure){ .step = PIER_STEP_RECEIVE, .done = 7 },
		"receive: the stream ended early (PIER_EEND), 7 bytes done");
}

static void
a_text_that_is_wrong_is_pointed_at(void **state)
{
	(void)state;
	assert_line(-EINVAL,
		&(struct pier__failure){ .step = PIER_STEP_PARSE,
			.endpoint = "tcp://host:99999",
			.detail = "port 99999 is out of range 0-65535",
			.offset = 11 },
		"parse: tcp://host:99999: port 99999 is out of range 0-65535 "
		"(at character 12)");
	assert_int_equal(pier_last_error()->offset, 11);
	/* Characters are counted, not bytes: the name has two of two bytes. */
	assert_line(-EINVAL,
		&(struct pier__failure){ .step = PIER_STEP_PARSE,
			.endpoint = "\xc3\xa4\xc3\xb6:x y",
			.detail = "no",
			.offset = 6 },
		"parse: \xc3\xa4\xc3\xb6:x y: no (at character 5)");
}

static void
texts_cannot_leave_the_line(void **state)
{
	(void)state;
	assert_line(-ECONNREFUSED,
		&(struct pier__failure){ .step = PIER_STEP_CONNECT,
			.endpoint = "a\033[2J\nb\x7f\xc2\x9b"
				    "c\xc3\xa4",
			.detail = "x\ry" },
		"connect: a?[2J?b??\x9b"
		"c\xc3\xa4: connection refused (ECONNREFUSED): x?y");
}

static void
long_texts_are_cut(void **state)
{
	char text[4096];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)pier__fail(-EIO,
		&(struct pier__failure){ .endpoint = text, .detail = text });
	assert_in_range(strlen(pier_last_error()->endpoint), 200, 400);
	assert_in_range(strlen(pier_error_line()), 400, 1100);
}

static void
the_attempts_are_a_copy(void **state)
{
	struct pier_attempt attempts[3];
	const struct pier_error *error = pier_last_error();

	(void)state;
	memset(attempts, 0, sizeof(attempts));
	assert_int_equal(pier_addr_parse(&attempts[2].addr, "192.0.2.1:1"), 0);
	attempts[2].rc = -EHOSTUNREACH;
	(void)pier__fail(-EHOSTUNREACH,
		&(struct pier__failure){ .step = PIER_STEP_CONNECT,
			.attempts = attempts,
			.attempt_count = 3 });
	memset(attempts, 0, sizeof(attempts));
	error = pier_last_error();
	assert_int_equal(error->attempt_count, 3);
	assert_int_equal(error->attempts[2].rc, -EHOSTUNREACH);
	assert_int_equal(pier_addr_port(&error->attempts[2].addr), 1);
	assert_string_equal(pier_error_line(),
		"connect: no route to host (EHOSTUNREACH), 3 addresses tried");
	(void)pier__fail(-EIO, &(struct pier__failure){ .done = 0 });
	assert_int_equal(pier_last_error()->attempt_count, 0);
}

static void
not_ready_is_an_answer_and_no_failure(void **state)
{
	(void)state;
	(void)pier__fail(-EIO, &(struct pier__failure){ .detail = "before" });
	assert_int_equal(
		pier__fail(-EAGAIN, &(struct pier__failure){ .detail = "now" }),
		-EAGAIN);
	assert_string_equal(pier_last_error()->detail, "before");
}

static int
fail_in_a_fiber(void *arg)
{
	(void)arg;
	assert_int_equal(pier_last_error()->code, 0);
	(void)pier__fail(-ENOTCONN, &(struct pier__failure){ .done = 1 });
	assert_int_equal(pier_last_error()->code, -ENOTCONN);
	return 0;
}

static void
each_task_has_its_own(void **state)
{
	(void)state;
	(void)pier__fail(-EIO, &(struct pier__failure){ .detail = "outside" });
	assert_int_equal(pier_run(fail_in_a_fiber, NULL, NULL, NULL), 0);
	assert_int_equal(pier_last_error()->code, -EIO);
	assert_string_equal(pier_last_error()->detail, "outside");
}

static void *
no_memory(size_t size)
{
	(void)size;
	return NULL;
}

static int
fail_without_memory(void *arg)
{
	struct pier__calls calls = *pier__calls();

	(void)arg;
	calls.alloc = no_memory;
	pier__self()->context.calls = &calls;
	(void)pier__fail(-EIO, &(struct pier__failure){ .done = 1 });
	pier__self()->context.calls = &pier__calls_real;
	assert_int_equal(pier_last_error()->code, -ENOMEM);
	assert_non_null(strstr(pier_error_line(), "out of memory"));
	/* The next one that there is room for is told again. */
	(void)pier__fail(-EPIPE, &(struct pier__failure){ .done = 1 });
	assert_int_equal(pier_last_error()->code, -EPIPE);
	return 0;
}

static void
without_memory_it_says_so(void **state)
{
	(void)state;
	assert_int_equal(pier_run(fail_without_memory, NULL, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_has_failed_yet),
		cmocka_unit_test(the_line_says_step_endpoint_cause_and_time),
		cmocka_unit_test(a_text_that_is_wrong_is_pointed_at),
		cmocka_unit_test(texts_cannot_leave_the_line),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(the_attempts_are_a_copy),
		cmocka_unit_test(not_ready_is_an_answer_and_no_failure),
		cmocka_unit_test(each_task_has_its_own),
		cmocka_unit_test(without_memory_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
