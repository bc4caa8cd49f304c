/* SPDX-License-Identifier: MIT */
/* Heads of answers, whole and cut at every byte; and what is none. */
#include "proto/http_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct pier_http_header headers[PIER_HTTP_HEADERS_MAX + 1];
static struct pier__why why;

/* As pier_http_ask() does: shown more and more, then taken apart. The texts of
   head lie in *block. */
static int
read_head(struct pier__http_head *head, char **block, const char *bytes,
	size_t len, bool trailers, size_t step)
{
	struct pier__http_scan scan = { .trailers = trailers };
	ptrdiff_t found = 0;
	size_t have = 0;
	int rc;

	*block = NULL;
	while (found == 0 && have < len) {
		char *shown;

		have = len - have < step ? len : have + step;
		/* Of its own size, so that a sanitizer sees a read beyond. */
		shown = malloc(have);
		assert_non_null(shown);
		memcpy(shown, bytes, have);
		found = pier__http_scan(&scan, shown, have, &why);
		free(shown);
	}
	if (found <= 0)
		return found < 0 ? (int)found : 1;
	assert_true(scan.lines <= COUNT(headers));
	*block = malloc((size_t)found);
	assert_non_null(*block);
	memcpy(*block, bytes, (size_t)found);
	head->headers = headers;
	rc = pier__http_head_parse(head, *block, (size_t)found, trailers, &why);
	return rc < 0 ? rc : 0;
}

#define PLAIN                          \
	"HTTP/1.1 200 All is well\r\n" \
	"Server:nginx\r\n"             \
	"X-Empty:\r\n"                 \
	"x-blanks:  \t a b \t \r\n"    \
	"X-Latin: \344\r\n"            \
	"\r\n"

static void
a_head_is_the_same_however_it_is_cut(void **state)
{
	static const char bytes[] = PLAIN "body";
	struct pier__http_head head;
	char *block;
	size_t step, index;

	(void)state;
	for (step = 1; step < sizeof(bytes); step++) {
		assert_int_equal(read_head(&head, &block, bytes,
					 sizeof(bytes) - 1, false, step),
			0);
		assert_int_equal(head.status, 200);
		assert_int_equal(head.minor, 1);
		assert_string_equal(head.reason, "All is well");
		assert_int_equal(head.count, 4);
		assert_string_equal(head.headers[0].name, "Server");
		assert_string_equal(head.headers[0].value, "nginx");
		assert_string_equal(head.headers[1].value, "");
		assert_string_equal(head.headers[2].value, "a b");
		assert_string_equal(head.headers[3].value, "\344");
		index = 0;
		assert_string_equal(
			pier__http_find(&head, "X-BLANKS", &index), "a b");
		assert_null(pier__http_find(&head, "X-BLANKS", &index));
		free(block);
	}
	for (step = 1; step < sizeof(PLAIN) - 1; step++)
		assert_int_equal(
			read_head(&head, &block, bytes, step, false, step), 1);
}

static void
what_is_tolerated(void **state)
{
	static const struct {
		const char *bytes;
		int status, minor;
		const char *reason;
		size_t count;
	} rows[] = {
		{ "HTTP/1.0 404 Not Found\n\n", 404, 0, "Not Found", 0 },
		{ "HTTP/1.1 200\r\n\r\n", 200, 1, "", 0 },
		{ "HTTP/1.1 200 \r\nA: b\n\r\n", 200, 1, "", 1 },
		{ "HTTP/1.9 999 \tx\r\n\n", 999, 9, "\tx", 0 },
	};
	struct pier__http_head head;
	char *block;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(read_head(&head, &block, rows[i].bytes,
					 strlen(rows[i].bytes), false, 1),
			0);
		assert_int_equal(head.status, rows[i].status);
		assert_int_equal(head.minor, rows[i].minor);
		assert_string_equal(head.reason, rows[i].reason);
		assert_int_equal(head.count, rows[i].count);
		free(block);
	}
}

#define ROW(bytes, says)                         \
	{                                        \
		(bytes), sizeof(bytes) - 1, says \
	}
#define OK "HTTP/1.1 200 OK\r\n"

static void
what_is_broken_is_shown(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *says;
	} rows[] = {
		ROW("SSH-2.0-OpenSSH_9\r\n", "begins with \"SSH-2.0-OpenSSH_9"),
		ROW("220 mail ESMTP", "begins with \"220 mail ESMTP\""),
		ROW("\r\n" OK "\r\n", "begins with \"\\x0d\\x0aHTTP/1.1"),
		ROW("<html>", "begins with \"<html>\""),
		ROW("\x15\x03\x03\0\2", "this port is for https"),
		ROW("HTTP/2 200\r\n", "pier speaks HTTP/1.1 and HTTP/1.0"),
		ROW("HTTP/0.9 200\r\n", "pier speaks HTTP/1.1 and HTTP/1.0"),
		ROW("http/1.1 200 OK\r\n\r\n", "begins with \"http/1.1"),
		ROW("HTTP/1.1\r\n\r\n", "the status line is \"HTTP/1.1\""),
		ROW("HTTP/1.10 200\r\n\r\n", "the status line is"),
		ROW("HTTP/1.1  200 OK\r\n\r\n", "the status in"),
		ROW("HTTP/1.1 20 OK\r\n\r\n", "the status in"),
		ROW("HTTP/1.1 2000 OK\r\n\r\n", "the status in"),
		ROW("HTTP/1.1 099 OK\r\n\r\n", "from 100 to 999"),
		ROW("HTTP/1.1 abc OK\r\n\r\n", "the status in"),
		ROW("HTTP/1.1 200 O\rK\r\n\r\n", "a carriage return in"),
		ROW("HTTP/1.1 200 O\0K\r\n\r\n", "the status line has a NUL"),
		ROW(OK "A : b\r\n\r\n",
			"header 1 \"A : b\" has a blank before its colon"),
		ROW(OK "A: b\r\n c\r\n\r\n", "header 2 \" c\" begins with a "
					     "blank"),
		ROW(OK " A: b\r\n\r\n", "header 1 \" A: b\" begins"),
		ROW(OK "A\r\n\r\n", "header 1 \"A\" is no \"Name: value\""),
		ROW(OK ": b\r\n\r\n", "header 1 \": b\" has no name"),
		ROW(OK "A b: c\r\n\r\n", "has a blank before its colon"),
		ROW(OK "A(: c\r\n\r\n", "is no \"Name: value\""),
		ROW(OK "\344: c\r\n\r\n", "\"\\xe4: c\" is no \"Name"),
		ROW(OK "A: b\0c\r\n\r\n", "header 1 has a NUL in \"A: "
					  "b\\x00c\""),
		ROW(OK "A: b\rc\r\n\r\n", "a carriage return in \"A: b\\x0dc"),
		ROW(OK "A: b\x1b[2J\r\n\r\n", "a control character in"),
		ROW(OK "A: b\x7f\r\n\r\n", "a control character in"),
		ROW(OK "A: b\r\r\n\r\n", "a carriage return"),
	};
	struct pier__http_head head;
	char *block;
	size_t i, step;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		for (step = 1; step <= rows[i].len; step++) {
			int rc = read_head(&head, &block, rows[i].bytes,
				rows[i].len, false, step);

			free(block);
			assert_int_equal(rc, -PIER_EFRAME);
			/* Of no HTTP at all only so much is shown as came. */
			if (step < rows[i].len)
				continue;
			if (strstr(why.text, rows[i].says) == NULL)
				print_message("# %zu: %s\n", i, why.text);
			assert_non_null(strstr(why.text, rows[i].says));
		}
}

/* Another protocol is known before it ends a line, if it ever does. */
static void
no_line_has_to_end_for_that(void **state)
{
	static const char *const begins[] = { "S", "HX", "HTTP/3", "\x15",
		"HTTP/1." };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(begins); i++) {
		struct pier__http_scan scan = { .trailers = false };

		assert_int_equal(pier__http_scan(&scan, begins[i],
					 strlen(begins[i]), &why),
			i < 4 ? -PIER_EFRAME : 0);
	}
}

/* Lines, their number, and all of it have limits; one less is fine. */
static void
limits_hold(void **state)
{
	struct pier__http_head head;
	static char bytes[PIER_HTTP_HEAD_MAX * 2];
	char *block;
	size_t len, i;

	(void)state;
	len = (size_t)sprintf(bytes, "HTTP/1.1 200 OK\r\nA: ");
	memset(bytes + len, 'x', PIER_HTTP_LINE_MAX);
	memcpy(bytes + len + PIER_HTTP_LINE_MAX - 5, "\r\n\r\n", 4);
	len += PIER_HTTP_LINE_MAX - 1;
	assert_int_equal(read_head(&head, &block, bytes, len, false, 999), 0);
	free(block);
	memcpy(bytes + len - 4, "xx\r\n\r\n", 6);
	assert_int_equal(read_head(&head, &block, bytes, len + 2, false, 999),
		-PIER_ELIMIT);
	assert_non_null(
		strstr(why.text, "bytes of a line: the limit is 16384"));
	/* One that never ends. */
	memset(bytes, 'x', PIER_HTTP_HEAD_MAX);
	memcpy(bytes, "HTTP/1.1 200 ", 13);
	assert_int_equal(read_head(&head, &block, bytes, PIER_HTTP_HEAD_MAX,
				 false, 4096),
		-PIER_ELIMIT);

	len = (size_t)sprintf(bytes, "HTTP/1.1 200 OK\r\n");
	for (i = 0; i < PIER_HTTP_HEADERS_MAX; i++)
		len += (size_t)sprintf(bytes + len, "A: b\r\n");
	memcpy(bytes + len, "\r\n", 3);
	assert_int_equal(
		read_head(&head, &block, bytes, len + 2, false, 99), 0);
	assert_int_equal(head.count, PIER_HTTP_HEADERS_MAX);
	free(block);
	memcpy(bytes + len, "A: b\r\n\r\n", 9);
	assert_int_equal(read_head(&head, &block, bytes, len + 8, false, 99),
		-PIER_ELIMIT);
	assert_non_null(strstr(why.text, "number of headers"));

	len = (size_t)sprintf(bytes, "HTTP/1.1 200 OK\r\n");
	while (len < PIER_HTTP_HEAD_MAX) {
		memset(bytes + len, 'h', 2000);
		memcpy(bytes + len + 1000, ":", 1);
		memcpy(bytes + len + 1998, "\r\n", 2);
		len += 2000;
	}
	assert_int_equal(read_head(&head, &block, bytes, len, false, 4096),
		-PIER_ELIMIT);
	assert_non_null(strstr(why.text, "bytes of the header"));
	/* One that ends too late, and is there whole. */
	memcpy(bytes + len, "\r\n", 2);
	assert_int_equal(
		read_head(&head, &block, bytes, len + 2, false, len + 2),
		-PIER_ELIMIT);
	assert_non_null(strstr(why.text, "bytes of the header"));
	/* One that just fits. */
	len -= 2000;
	memset(bytes + len, 'h', PIER_HTTP_HEAD_MAX - len);
	memcpy(bytes + len + 1, ":", 1);
	memcpy(bytes + PIER_HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
	assert_int_equal(read_head(&head, &block, bytes, PIER_HTTP_HEAD_MAX,
				 false, PIER_HTTP_HEAD_MAX),
		0);
	free(block);
}

static void
trailers_are_headers_without_a_status(void **state)
{
	static const char bytes[] = "X-Sum: 1\r\nB:2\r\n\r\nmore";
	struct pier__http_head head;
	char *block;

	(void)state;
	assert_int_equal(
		read_head(&head, &block, bytes, sizeof(bytes) - 1, true, 3), 0);
	assert_int_equal(head.count, 2);
	assert_string_equal(head.headers[1].value, "2");
	free(block);
	assert_int_equal(read_head(&head, &block, "\r\n", 2, true, 1), 0);
	assert_int_equal(head.count, 0);
	free(block);
	assert_int_equal(read_head(&head, &block, "HTTP/1.1 200 OK\r\n\r\n", 19,
				 true, 1),
		-PIER_EFRAME);
	assert_non_null(strstr(why.text, "trailer 1 \"HTTP/1.1 200 OK\""));
	free(block);
}

static void
quotes_are_printable_and_short(void **state)
{
	char quote[PIER__HTTP_QUOTE_MAX];
	char all[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	for (i = 0; i + 40 < sizeof(all); i++) {
		const char *c = pier__http_quote(quote, all + i, 40);

		assert_true(strlen(c) < sizeof(quote));
		assert_string_equal(c + strlen(c) - 3, "...");
		for (; *c != '\0'; c++)
			assert_true(*c >= ' ' && *c <= '~');
	}
	assert_string_equal(pier__http_quote(quote, "a\nb", 3), "a\\x0ab");
	assert_string_equal(pier__http_quote(quote, "", 0), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_is_the_same_however_it_is_cut),
		cmocka_unit_test(what_is_tolerated),
		cmocka_unit_test(what_is_broken_is_shown),
		cmocka_unit_test(no_line_has_to_end_for_that),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(trailers_are_headers_without_a_status),
		cmocka_unit_test(quotes_are_printable_and_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
