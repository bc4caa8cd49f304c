/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/http_failures.c - what fails, in which step, and how far it came.
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

static const struct failure failures[] = {
	{ { { HEAR }, { END } }, -PIER_EEND, HEADER_STEP, "no byte came" },
	{ { { HEAR }, { SAY, "HTTP/1.1 200 O" }, { END } }, -PIER_EEND,
		HEADER_STEP, "14 bytes of the header came" },
	{ { { HEAR }, { SAY, "H" }, { END } }, -PIER_EEND, HEADER_STEP,
		"1 byte of the header came" },
	{ { { HEAR }, { SAY, OK "A: b\r\n" }, { RESET } }, -ECONNRESET,
		HEADER_STEP, "" },
	{ { { HEAR }, { SAY, "SSH-2.0-x" }, { STAY } }, -PIER_EFRAME,
		HEADER_STEP, "begins with \"SSH-2.0-x\"" },
	{ { { HEAR }, { SAY, OK "Content-Length: x\r\n\r\n" }, { STAY } },
		-PIER_EFRAME, HEADER_STEP, "Content-Length is \"x\"" },
	{ { { HEAR }, { SAY, "HTTP/1.1 101 Switching\r\n\r\n" }, { STAY } },
		-PIER_EFRAME, HEADER_STEP, "101, another protocol" },
	{ { { HEAR },
		  { SAY, "HTTP/1.1 206 Partial\r\nContent-Range: bytes "
			 "0-4/9\r\nContent-Length: 5\r\n\r\nHello" },
		  { STAY } },
		-PIER_EFRAME, HEADER_STEP, "all was asked for" },
	{ { { HEAR }, { SAY, OK "Content-Length: 9\r\n\r\nHello" }, { END } },
		-PIER_EEND, BODY_STEP, "4 of 9 bytes are missing" },
	{ { { HEAR }, { SAY, CHUNKED }, { END } }, -PIER_EEND, BODY_STEP,
		"the last chunk is missing, behind 0" },
	{ { { HEAR }, { SAY, CHUNKED "9\r\nHello" }, { END } }, -PIER_EEND,
		BODY_STEP, "4 bytes of chunk 1 are missing" },
	{ { { HEAR }, { SAY, CHUNKED "5\r\nHello\r\n0\r\n" }, { END } },
		-PIER_EEND, BODY_STEP, "the empty line behind the last" },
	{ { { HEAR }, { SAY, CHUNKED "5\r\nHello\r\n0\r\nT: u\r\n" }, { END } },
		-PIER_EEND, BODY_STEP, "the empty line behind the last" },
	{ { { HEAR }, { SAY, CHUNKED "5\r\nHello!\r\n" }, { STAY } },
		-PIER_EFRAME, BODY_STEP, "behind chunk 1" },
	{ { { HEAR }, { SAY, CHUNKED "0\r\nT : u\r\n\r\n" }, { STAY } },
		-PIER_EFRAME, BODY_STEP, "trailer 1 \"T : u\"" },
	{ { { HEAR }, { SAY, "HTTP/1.1 302 F\r\nLocation: https://a/\r\n\r\n" },
		  { END } },
		-EPROTONOSUPPORT, HEADER_STEP, "comes with TLS" },
	{ { { HEAR }, { SAY, "HTTP/1.1 302 F\r\nLocation: //a:b@c/\r\n\r\n" },
		  { END } },
		-PIER_EFRAME, HEADER_STEP, "it leads to \"//a:b@c/\"" },
	{ { { HEAR },
		  { SAY, "HTTP/1.1 302 F\r\nLocation: a\r\nLocation: "
			 "b\r\n\r\n" },
		  { END } },
		-PIER_EFRAME, HEADER_STEP, "two Locations that differ" },
	{ { { HEAR },
		  { SAY, "HTTP/1.1 302 F\r\nLocation: y\r\n"
			 "Content-Length: 0\r\n\r\n" },
		  { HEAR },
		  { SAY, "HTTP/1.1 302 F\r\nLocation: x\r\n"
			 "Content-Length: 0\r\n\r\n" },
		  { STAY } },
		-PIER_ELIMIT, HEADER_STEP, "in a circle" },
};

static void
each_failure_says_where_and_how_far(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		bed_begin(failures[i].script);
		bed.expected = &failures[i];
		bed_go(bed_fails);
	}
}

static void
limits_of_the_caller(void **state)
{
	static const struct failure rows[] = {
		{ { { HEAR }, { SAY, OK "Content-Length: 5\r\n\r\nHello" },
			  { STAY } },
			-PIER_ELIMIT, BODY_STEP, "more than 4 bytes" },
		{ { { HEAR }, { SAY, OK "\r\nHello" }, { END } }, -PIER_ELIMIT,
			BODY_STEP, "more than 4 bytes" },
		{ { { HEAR }, { SAY, CHUNKED "5\r\nHello\r\n" }, { STAY } },
			-PIER_ELIMIT, BODY_STEP, "more than 4 bytes" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bed_begin(rows[i].script);
		bed.expected = &rows[i];
		bed.opts.body_max = 4;
		bed_go(bed_fails);
		bed_begin(rows[i].script);
		bed.opts.body_max = 5;
		if (i == 0)
			bed_go(bed_is_hello);
	}
}

static void
too_many(void)
{
	assert_int_equal(bed.rc, -PIER_ELIMIT);
	assert_non_null(strstr(bed.detail, "more than 1 redirect; the last"));
	assert_int_equal(pier_http_answer(bed.http)->hop_count, 2);
}

static void
redirects_have_a_limit(void **state)
{
	static const struct step script[] = { { HEAR },
		{ SAY, "HTTP/1.1 302 F\r\nLocation: 2\r\n"
		       "Content-Length: 0\r\n\r\n" },
		{ HEAR },
		{ SAY, "HTTP/1.1 302 F\r\nLocation: 3\r\n"
		       "Content-Length: 0\r\n\r\n" },
		{ STAY } };

	(void)state;
	bed_begin(script);
	bed.opts.redirects = 1;
	bed_go(too_many);
}

static void
too_many_1xx(void)
{
	assert_int_equal(bed.rc, -PIER_ELIMIT);
	assert_non_null(strstr(bed.detail, "more than 16 answers of 1xx"));
}

static void
so_do_interim_answers(void **state)
{
#define FOUR                                                                 \
	"HTTP/1.1 102 P\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 102 P\r\n\r\n" \
	"HTTP/1.1 102 P\r\n\r\n"
	static const struct step script[] = { { HEAR },
		{ SAY, FOUR FOUR FOUR FOUR "HTTP/1.1 102 P\r\n\r\n" },
		{ STAY } };

	(void)state;
	bed_begin(script);
	bed_go(too_many_1xx);
}

static void
not_sent(void)
{
	assert_int_equal(bed.rc, -ECONNRESET);
	assert_int_equal(bed.error.step, PIER_STEP_SEND);
	assert_non_null(strstr(bed.detail, " bytes of the request went"));
	assert_int_equal(pier_http_answer(bed.http)->times.sent_ns, -1);
	assert_true(pier_http_answer(bed.http)->times.connected_ns >= 0);
}

/* A request that fills every buffer, and a peer that never reads it. */
static void
sending_is_a_step_of_its_own(void **state)
{
	static const struct step script[] = { { WAIT, NULL, 100 }, { RESET } };
	static char header[8000];
	static const char *headers[200];
	size_t i;

	(void)state;
	memset(header, 'x', sizeof(header) - 1);
	memcpy(header, "X: ", 3);
	for (i = 0; i + 1 < sizeof(headers) / sizeof(headers[0]); i++)
		headers[i] = header;
	bed_begin(script);
	bed.opts.headers = headers;
	bed_go(not_sent);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failure_says_where_and_how_far),
		cmocka_unit_test(limits_of_the_caller),
		cmocka_unit_test(redirects_have_a_limit),
		cmocka_unit_test(so_do_interim_answers),
		cmocka_unit_test(sending_is_a_step_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
