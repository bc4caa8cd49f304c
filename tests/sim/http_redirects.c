/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/http_redirects.c - redirects: on which connection, with what of the
 * request, and when they are the answer.
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
followed_on_one_connection(void)
{
	const struct pier_http_answer *answer = pier_http_answer(bed.http);

	bed_is_hello();
	assert_int_equal(bed.connections, 1);
	assert_true(answer->reused);
	assert_int_equal(answer->hop_count, 2);
	assert_int_equal(answer->hops[0].status, 301);
	assert_string_equal(answer->hops[0].location, "/y?z");
	assert_non_null(strstr(answer->hops[0].url, "/x"));
	assert_non_null(strstr(answer->hops[1].url, "/y?z"));
	assert_non_null(strstr(answer->url, "/w"));
	assert_non_null(strstr(bed.heard, "GET /y?z HTTP/1.1\r\n"));
	assert_non_null(strstr(bed.heard, "GET /w HTTP/1.1\r\n"));
	assert_int_equal(answer->times.connected_ns, answer->times.begin_ns);
}

static void
redirects_keep_the_connection(void **state)
{
	static const struct step script[] = { { HEAR },
		{ SAY, "HTTP/1.1 301 Moved\r\nLocation: /y?z\r\n"
		       "Content-Length: 3\r\n\r\nold" },
		{ HEAR },
		{ SAY, "HTTP/1.1 307 Moved\r\nLocation: w#frag\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n3\r\nold\r\n"
		       "0\r\nT: u\r\n\r\n" },
		{ HEAR }, { SAY, OK "Content-Length: 5\r\n\r\nHello" },
		{ STAY } };

	(void)state;
	bed_begin(script);
	bed_go(followed_on_one_connection);
}

static void
followed_anew(void)
{
	bed_is_hello();
	assert_int_equal(bed.connections, 2);
	assert_false(pier_http_answer(bed.http)->reused);
}

/* What the server closes, or cannot be kept, is dialled again. */
static void
redirects_dial_anew_where_they_must(void **state)
{
	static const struct step scripts[][7] = {
		{ { HEAR },
			{ SAY, "HTTP/1.0 302 Found\r\nLocation: y\r\n"
			       "Content-Length: 0\r\n\r\n" },
			{ STAY }, { HEAR }, { SAY, OK "\r\nHello" }, { END } },
		{ { HEAR },
			{ SAY, "HTTP/1.1 303 See Other\r\nLocation: y\r\n"
			       "Connection: close\r\nContent-Length: "
			       "0\r\n\r\n" },
			{ STAY }, { HEAR }, { SAY, OK "\r\nHello" }, { END } },
		/* It says that it stays, and goes. */
		{ { HEAR },
			{ SAY, "HTTP/1.1 308 Moved\r\nLocation: y\r\n"
			       "Content-Length: 0\r\n\r\n" },
			{ END }, { HEAR }, { SAY, OK "\r\nHello" }, { END } },
		{ { HEAR },
			{ SAY, "HTTP/1.1 301 Moved\r\nLocation: y\r\n\r\n" },
			{ END }, { HEAR }, { SAY, OK "\r\nHello" }, { END } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		bed_begin(scripts[i]);
		bed_go(followed_anew);
	}
}

static void
followed_soon(void)
{
	followed_anew();
	assert_int_equal(pier_now() - bed.start, 250 * MS);
}

/* Nor is a body waited for that nobody reads. */
static void
a_redirect_does_not_hold_up(void **state)
{
	static const struct step script[] = { { HEAR },
		{ SAY, "HTTP/1.1 302 Found\r\nLocation: y\r\n"
		       "Content-Length: 9\r\n\r\nold" },
		{ STAY }, { HEAR }, { SAY, OK "\r\nHello" }, { END } };

	(void)state;
	bed_begin(script);
	bed_go(followed_soon);
}

static void
is_the_redirect(void)
{
	assert_int_equal(bed.n, 0);
	assert_int_equal(pier_http_answer(bed.http)->status, 302);
	assert_string_equal(bed.body, "old");
}

static void
redirects_are_answers_when_nobody_follows(void **state)
{
	static const struct step script[] = { { HEAR },
		{ SAY, "HTTP/1.1 302 Found\r\nLocation: y\r\n"
		       "Content-Length: 3\r\n\r\nold" },
		{ STAY } };
	static const struct step nowhere[] = { { HEAR },
		{ SAY, "HTTP/1.1 302 Found\r\n"
		       "Content-Length: 3\r\n\r\nold" },
		{ STAY } };

	(void)state;
	bed_begin(script);
	bed.opts.redirects = PIER_OFF;
	bed_go(is_the_redirect);
	bed_begin(nowhere);
	bed_go(is_the_redirect);
}

static void
secret_stayed(void)
{
	char *second = strstr(bed.heard + 1, "GET ");

	bed_is_hello();
	assert_non_null(second);
	assert_non_null(strstr(bed.heard, "Authorization: s"));
	assert_null(strstr(second, "Authorization: s"));
	assert_non_null(strstr(second, "X-Mine: m"));
	assert_non_null(strstr(second, "Host: localhost.other:99\r\n"));
}

/* To the same server, but by another name, over an endpoint. */
static void
secrets_stay_with_their_host(void **state)
{
	static const char *const headers[] = { "Authorization: s", "Host: h",
		"X-Mine: m", NULL };
	static const struct step script[] = { { HEAR },
		{ SAY, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
		       "Location: http://localhost.other:99/\r\n\r\n" },
		{ STAY }, { HEAR }, { SAY, OK "\r\nHello" }, { END } };

	(void)state;
	bed_begin(script);
	strcpy(bed.url, "http://first.name/x");
	bed.opts.headers = headers;
	bed.opts.via = bed.where;
	bed_go(secret_stayed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(redirects_keep_the_connection),
		cmocka_unit_test(redirects_dial_anew_where_they_must),
		cmocka_unit_test(a_redirect_does_not_hold_up),
		cmocka_unit_test(redirects_are_answers_when_nobody_follows),
		cmocka_unit_test(secrets_stay_with_their_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
