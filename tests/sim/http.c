/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/http.c - whole fetches that work: every framing of an answer, and
 * what was wrong before one begins.
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

/* ---- What works ---- */

static void
every_framing_ends(void **state)
{
	static const struct step scripts[][4] = {
		{ { HEAR }, { SAY, OK "Content-Length: 5\r\n\r\nHello" },
			{ STAY } },
		{ { HEAR }, { SAY, OK "\r\nHello" }, { END } },
		{ { HEAR }, { SAY, "HTTP/1.0 200 OK\r\n\r\nHello" }, { END } },
		{ { HEAR },
			{ SAY, OK "Transfer-Encoding: chunked\r\n\r\n"
				  "2\r\nHe\r\n3;x\r\nllo\r\n0\r\n\r\n" },
			{ STAY } },
		{ { HEAR },
			{ TRICKLE, OK "Transfer-Encoding: chunked\r\n\r\n"
				      "2\r\nHe\r\n3;x\r\nllo\r\n0\r\n\r\n" },
			{ STAY } },
		{ { HEAR }, { TRICKLE, OK "Content-Length: 5\r\n\r\nHello" },
			{ STAY } },
	};
	size_t i, room;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		for (room = 1; room < 9; room++) {
			bed_begin(scripts[i]);
			bed.room = room;
			bed_go(bed_is_hello);
		}
}

static void
is_told(void)
{
	const struct pier_http_answer *answer = pier_http_answer(bed.http);

	bed_is_hello();
	assert_int_equal(answer->status, 200);
	assert_int_equal(answer->minor, 1);
	assert_string_equal(answer->reason, "OK");
	assert_int_equal(answer->interim, 2);
	assert_int_equal(answer->header_count, 3);
	assert_string_equal(pier_http_value(bed.http, "etag"), "\"a\"");
	assert_null(pier_http_value(bed.http, "X"));
	assert_memory_equal(answer->head, OK "ETag: \"a\"\r\n", 28);
	assert_memory_equal(
		answer->head + answer->head_len - 5, "b\r\n\r\n", 5);
	assert_int_equal(answer->trailer_count, 2);
	assert_string_equal(answer->trailers[0].name, "X-Sum");
	assert_string_equal(answer->trailers[1].value, "2");
	assert_int_equal(answer->body, PIER_HTTP_CHUNKED);
	assert_int_equal(answer->length, -1);
	assert_true(answer->times.first_byte_ns == 100 * MS);
	assert_true(answer->times.done_ns == 130 * MS);
	assert_int_equal(answer->dial->attempt_count, 1);
}

static void
all_of_an_answer_is_there(void **state)
{
	static const struct step script[] = { { HEAR }, { WAIT, NULL, 100 },
		{ SAY, "HTTP/1.1 100 Continue\r\n\r\n" },
		{ SAY, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" },
		{ WAIT, NULL, 10 },
		{ SAY, OK "ETag: \"a\"\r\nTransfer-Encoding: chunked\r\nA: "
			  "b\r\n\r\n" },
		{ SAY, "5\r\nHello\r\n0\r\n" }, { WAIT, NULL, 20 },
		{ SAY, "X-Sum: 1\r\nY: 2\r\n\r\n" }, { STAY } };

	(void)state;
	bed_begin(script);
	bed_go(is_told);
}

static void
is_empty(void)
{
	assert_int_equal(bed.n, 0);
	assert_int_equal(bed.body_len, 0);
	assert_true(pier_http_answer(bed.http)->times.done_ns >= 0);
}

static void
some_answers_have_no_body(void **state)
{
	static const struct step scripts[][3] = {
		{ { HEAR }, { SAY, "HTTP/1.1 204 No Content\r\n\r\n" },
			{ STAY } },
		{ { HEAR },
			{ SAY, "HTTP/1.1 304 Not Modified\r\n"
			       "Content-Length: 9\r\n\r\n" },
			{ STAY } },
		{ { HEAR }, { SAY, OK "Content-Length: 0\r\n\r\n" }, { STAY } },
	};
	static const struct step head[] = { { HEAR },
		{ SAY, OK "Content-Length: 9\r\n\r\n" }, { STAY } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		bed_begin(scripts[i]);
		bed_go(is_empty);
	}
	bed_begin(head);
	bed.opts.method = "HEAD";
	bed_go(is_empty);
	assert_memory_equal(bed.heard, "HEAD /x HTTP/1.1\r\n", 18);
}

static void
version_10_is_one_line(void **state)
{
	static const struct step script[] = { { HEAR },
		{ SAY, "HTTP/1.0 200 OK\r\n\r\nHello" }, { END } };

	(void)state;
	bed_begin(script);
	bed.opts.http10 = true;
	bed_go(bed_is_hello);
	assert_string_equal(bed.heard, "GET /x HTTP/1.0\r\n\r\n");
}

/* ---- What is wrong before it begins ---- */

static void
never_began(void)
{
	assert_int_equal(bed.rc, -EINVAL);
	assert_null(bed.http);
}

static void
options_are_checked_first(void **state)
{
	static const struct step none[] = { { STAY } };
	static const char *const injected[] = { "X: a\r\nY: b", NULL };

	(void)state;
	bed_begin(none);
	bed.opts.headers = injected;
	bed_go(never_began);
	assert_non_null(strstr(bed.line, "would begin another"));
	bed_begin(none);
	bed.opts.range = "5-4";
	bed_go(never_began);
	bed_begin(none);
	bed.opts.if_range = "\"x\"";
	bed_go(never_began);
	bed_begin(none);
	bed.opts.method = "POST";
	bed_go(never_began);
	bed_begin(none);
	bed.opts.redirects = PIER_HTTP_REDIRECTS_MAX + 1;
	bed_go(never_began);
	bed_begin(none);
	bed.opts.body_max = -1;
	bed_go(never_began);
	bed_begin(none);
	strcpy(bed.url, "http://me:secret@a/");
	bed_go(never_began);
	assert_non_null(strstr(bed.line, "http://me:******@a/"));
	assert_null(strstr(bed.line, "secret"));
}

static void
is_over(void)
{
	char c;

	bed_is_hello();
	assert_int_equal(pier_http_ask(bed.http, PIER_FOREVER), -EALREADY);
	pier_http_close(bed.http);
	bed.http = NULL;
	assert_int_equal(pier_http_open(&bed.http, "http://a/", NULL), 0);
	assert_int_equal(pier_http_read(bed.http, &c, 1, PIER_NOW), -ENOTCONN);
	assert_null(pier_http_stream(bed.http));
	assert_int_equal(pier_http_answer(bed.http)->status, 0);
	assert_int_equal(pier_http_ask(bed.http, PIER_NOW), -EAGAIN);
	pier_http_close(NULL);
}

static void
calls_have_their_order(void **state)
{
	static const struct step script[] = { { HEAR },
		{ SAY, OK "Content-Length: 5\r\n\r\nHello" }, { STAY } };

	(void)state;
	bed_begin(script);
	bed_go(is_over);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_framing_ends),
		cmocka_unit_test(all_of_an_answer_is_there),
		cmocka_unit_test(some_answers_have_no_body),
		cmocka_unit_test(version_10_is_one_line),
		cmocka_unit_test(options_are_checked_first),
		cmocka_unit_test(calls_have_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
