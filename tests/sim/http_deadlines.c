/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/http_deadlines.c - deadlines and limits of time, each to the
 * millisecond.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "http_bed.h"

static void
late_so(void)
{
	bed_fails();
	assert_int_equal(pier_now() - bed.start, bed.within_ms * MS);
	assert_int_equal(bed.error.elapsed_ns, bed.within_ms * MS);
}

/* One deadline bounds all of it, whichever step it meets. */
static void
one_deadline_bounds_it_all(void **state)
{
	static const struct failure rows[] = {
		{ { { STAY } }, -PIER_EDEADLINE, HEADER_STEP, "no byte came" },
		{ { { HEAR }, { TRICKLE, OK OK OK OK OK OK OK OK OK OK OK } },
			-PIER_EDEADLINE, HEADER_STEP,
			"bytes of the header came" },
		{ { { HEAR }, { SAY, OK "Content-Length: 9\r\n\r\nHell" },
			  { STAY } },
			-PIER_EDEADLINE, BODY_STEP,
			"5 of 9 bytes are missing" },
		{ { { HEAR }, { SAY, CHUNKED "9\r\nHell" }, { STAY } },
			-PIER_EDEADLINE, BODY_STEP,
			"5 bytes of chunk 1 are missing" },
		{ { { HEAR }, { SAY, OK "\r\nHell" }, { STAY } },
			-PIER_EDEADLINE, BODY_STEP, "the end of the" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bed_begin(rows[i].script);
		bed.expected = &rows[i];
		bed.within_ms = 100;
		bed_go(late_so);
	}
}

static void
goes_on(void)
{
	int64_t at = pier_now() - bed.start;

	assert_int_equal(bed.n, -PIER_EDEADLINE);
	assert_int_equal(at, 50 * MS);
	assert_string_equal(bed.body, "Hel");
	/* What was read ahead of the deadline is still there. */
	bed.n = pier_http_read(bed.http, bed.body + 3, 100, pier_in_ms(1000));
	assert_true(bed.n > 0);
	bed.body_len = 3 + (size_t)bed.n;
	while ((bed.n = pier_http_read(bed.http, bed.body + bed.body_len, 100,
			pier_in_ms(1000))) > 0)
		bed.body_len += (size_t)bed.n;
	bed.body[bed.body_len] = '\0';
	bed_is_hello();
}

static void
a_read_that_was_late_goes_on(void **state)
{
	static const struct step scripts[][7] = {
		{ { HEAR }, { SAY, OK "Content-Length: 5\r\n\r\nHel" },
			{ WAIT, NULL, 100 }, { SAY, "lo" }, { STAY } },
		{ { HEAR }, { SAY, CHUNKED "3\r\nHel" }, { WAIT, NULL, 100 },
			{ SAY, "\r\n2\r\nlo\r\n0\r\n" }, { WAIT, NULL, 10 },
			{ SAY, "T: u\r\n\r\n" }, { STAY } },
		{ { HEAR }, { SAY, CHUNKED "3\r\nHel\r" }, { WAIT, NULL, 100 },
			{ SAY, "\n2" }, { WAIT, NULL, 9 },
			{ SAY, ";\r\nlo\r\n0\r\n\r\n" }, { STAY } },
		{ { HEAR }, { SAY, OK "\r\nHel" }, { WAIT, NULL, 100 },
			{ SAY, "lo" }, { END } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		bed_begin(scripts[i]);
		bed.within_ms = 50;
		bed_go(goes_on);
	}
}

static void
no_first_byte(void)
{
	assert_int_equal(bed.rc, -PIER_EDEADLINE);
	assert_int_equal(bed.error.step, PIER_STEP_HEADER);
	assert_string_equal(bed.detail,
		"no byte came; the limit on the first one is 30 ms");
	assert_int_equal(pier_now() - bed.start, 30 * MS);
}

static void
the_first_byte_has_a_limit_of_its_own(void **state)
{
	static const struct step late[] = { { HEAR }, { WAIT, NULL, 31 },
		{ SAY, OK }, { STAY } };
	static const struct step in_time[] = { { HEAR }, { WAIT, NULL, 29 },
		{ SAY, OK "Content-" }, { WAIT, NULL, 29 },
		{ SAY, "Length: 5\r\n\r\nHello" }, { STAY } };

	(void)state;
	bed_begin(late);
	bed.opts.first_byte_ms = 30;
	bed.within_ms = 1000;
	bed_go(no_first_byte);
	bed_begin(in_time);
	bed.opts.first_byte_ms = 30;
	bed_go(bed_is_hello);
}

/* Names that take their time. */
static int
slow_lookup(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline until, void *arg)
{
	(void)out;
	(void)host;
	(void)service;
	(void)opts;
	(void)arg;
	(void)pier_sleep(until);
	return -PIER_EDEADLINE;
}

static void
no_name(void)
{
	const struct pier_http_times *times =
		&pier_http_answer(bed.http)->times;

	assert_int_equal(bed.rc, -PIER_EDEADLINE);
	assert_int_equal(bed.error.step, PIER_STEP_RESOLVE);
	assert_string_equal(bed.detail, "the limit on connecting is 20 ms");
	assert_int_equal(times->resolved_ns, -1);
	assert_int_equal(times->connected_ns, -1);
	assert_int_equal(pier_now() - bed.start, 20 * MS);
}

static void
not_connected(void)
{
	assert_int_equal(bed.rc, -PIER_EDEADLINE);
	assert_int_equal(bed.error.step, PIER_STEP_CONNECT);
	assert_string_equal(bed.detail, "the limit on connecting is 20 ms");
	assert_int_equal(bed.error.attempt_count, 1);
	assert_true(pier_http_answer(bed.http)->times.resolved_ns >= 0);
	assert_int_equal(pier_now() - bed.start, 20 * MS);
}

static void
connecting_has_a_limit_of_its_own(void **state)
{
	static const struct step none[] = { { STAY } };

	(void)state;
	bed_begin(none);
	strcpy(bed.url, "http://slow.test/");
	bed.opts.lookup = slow_lookup;
	bed.opts.connect_ms = 20;
	bed.within_ms = 1000;
	bed_go(no_name);
	/* A host that is not there does not answer. */
	bed_begin(none);
	strcpy(bed.url, "http://10.0.0.99/");
	bed.opts.connect_ms = 20;
	bed_go(not_connected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_deadline_bounds_it_all),
		cmocka_unit_test(a_read_that_was_late_goes_on),
		cmocka_unit_test(the_first_byte_has_a_limit_of_its_own),
		cmocka_unit_test(connecting_has_a_limit_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
