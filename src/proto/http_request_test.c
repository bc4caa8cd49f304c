/* SPDX-License-Identifier: MIT */
/* Requests, byte by byte; and headers that nobody may send. */
#include "proto/http_wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pier/version.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct pier__why why;

/* It is these bytes, and says how many before there is room for them. */
static void
is_sent(const struct pier__http_request *request, const char *right)
{
	size_t len = pier__http_request_write(NULL, 0, request), size;
	char *out = malloc(len + 1);

	assert_non_null(out);
	for (size = 0; size <= len; size++) {
		memset(out, '#', len + 1);
		assert_int_equal(
			pier__http_request_write(out, size, request), len);
		assert_int_equal(out[size], '#');
	}
	out[len] = '\0';
	assert_string_equal(out, right);
	free(out);
}

static struct pier__http_request
plain(void)
{
	return (struct pier__http_request){
		.method = "GET", .target = "/x?y", .host = "a.test:81"
	};
}

#define OURS "Host: a.test:81\r\nUser-Agent: pier/" PIER_VERSION "\r\n"

static void
a_request_says_who_and_what(void **state)
{
	struct pier__http_request request = plain();

	(void)state;
	is_sent(&request, "GET /x?y HTTP/1.1\r\n" OURS "Accept: */*\r\n\r\n");
	request.method = "HEAD";
	request.range = "0-9";
	request.if_range = "\"tag\"";
	is_sent(&request, "HEAD /x?y HTTP/1.1\r\n" OURS
			  "Accept: */*\r\nRange: bytes=0-9\r\n"
			  "If-Range: \"tag\"\r\n\r\n");
}

static void
version_10_sends_one_line(void **state)
{
	static const char *const headers[] = { "X: y", NULL };
	struct pier__http_request request = plain();

	(void)state;
	request.http10 = true;
	is_sent(&request, "GET /x?y HTTP/1.0\r\n\r\n");
	request.headers = headers;
	is_sent(&request, "GET /x?y HTTP/1.0\r\nX: y\r\n\r\n");
}

static void
headers_take_the_place_of_ours(void **state)
{
	static const char *const headers[] = { "host: b",
		"User-Agent: ", "accept:", "X: 1", "X: 2", NULL };
	struct pier__http_request request = plain();

	(void)state;
	request.headers = headers;
	is_sent(&request,
		"GET /x?y HTTP/1.1\r\nhost: b\r\nX: 1\r\nX: 2\r\n\r\n");
}

static void
secrets_do_not_go_elsewhere(void **state)
{
	static const char *const headers[] = { "Host: b",
		"AUTHORIZATION: Basic eA==", "Cookie: c",
		"Proxy-Authorization: p", "X: y", NULL };
	struct pier__http_request request = plain();

	(void)state;
	request.headers = headers;
	request.elsewhere = true;
	is_sent(&request,
		"GET /x?y HTTP/1.1\r\n" OURS "Accept: */*\r\nX: y\r\n\r\n");
}

static void
headers_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *says;
	} rows[] = {
		{ "X: a\r\nY: b", 4, "would begin another" },
		{ "X: a\nY: b", 4, "would begin another" },
		{ "X\r: a", 1, "would begin another" },
		{ "X: a\33[m", 4, "header 'X': a control character in it" },
		{ "X: a\177", 4, "header 'X': a control character in it" },
		{ "", 0, "'' is no header" },
		{ "X", 1, "'X' is no header" },
		{ "X : a", 1, "is no header: expected 'Name: value'" },
		{ ": a", 0, "is no header" },
		{ " X: a", 0, "is no header" },
		{ "X Y: a", 1, "is no header" },
		{ "content-length: 5", 0, "a GET has no body" },
		{ "Transfer-Encoding: chunked", 0, "a GET has no body" },
		{ "Connection: close", 0, "by itself" },
		{ "Range: bytes=0-1", 0, "an option of its own" },
		{ "If-Range: x", 0, "an option of its own" },
		{ "Upgrade: h2c", 0, "HTTP/1 only" },
		{ "TE: trailers", 0, "no coding" },
	};
	static const char *const fine[] = { "X: a", "X:a", "X:", "X:\ta",
		"Accept-Encoding: gzip", "X: \303\244", "Te-x: y" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
			pier__http_header_check(rows[i].text, &why), -EINVAL);
		assert_int_equal(why.offset, rows[i].offset);
		assert_non_null(strstr(why.text, rows[i].says));
	}
	for (i = 0; i < COUNT(fine); i++)
		assert_int_equal(pier__http_header_check(fine[i], &why), 0);
	assert_int_equal(pier__http_if_range_check("\"x\"", &why), 0);
	assert_int_equal(pier__http_if_range_check("W/\"x\"", &why), -EINVAL);
	assert_int_equal(pier__http_if_range_check("\"x\"\r\n", &why), -EINVAL);
	assert_int_equal(pier__http_if_range_check("", &why), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_says_who_and_what),
		cmocka_unit_test(version_10_sends_one_line),
		cmocka_unit_test(headers_take_the_place_of_ours),
		cmocka_unit_test(secrets_do_not_go_elsewhere),
		cmocka_unit_test(headers_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
