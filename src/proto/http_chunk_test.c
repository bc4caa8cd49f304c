/* SPDX-License-Identifier: MIT */
/* Bodies in chunks, cut at every byte, into rooms of every size. */
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

static struct pier__why why;

/* Shown step bytes at a time, with so much room; the body so far in out. How
   many bytes were taken, or an error. */
static ptrdiff_t
read_all(struct pier__http_chunks *chunks, const char *bytes, size_t len,
	size_t step, size_t room, char *out, size_t *made)
{
	size_t at = 0, shown;

	*chunks = (struct pier__http_chunks){ .state = PIER__CHUNK_SIZE };
	*made = 0;
	for (shown = 0; shown < len && chunks->state != PIER__CHUNK_LAST;) {
		shown = len - shown < step ? len : shown + step;
		while (at < shown && chunks->state != PIER__CHUNK_LAST) {
			size_t n;
			/* Of its own size, for the sanitizer. */
			char *copy = malloc(shown - at);
			ptrdiff_t taken;

			assert_non_null(copy);
			memcpy(copy, bytes + at, shown - at);
			taken = pier__http_chunks_read(chunks, copy, shown - at,
				out + *made, room, &n, &why);
			free(copy);
			if (taken < 0)
				return taken;
			assert_true(n <= room);
			assert_true(taken > 0);
			at += (size_t)taken;
			*made += n;
		}
	}
	return (ptrdiff_t)at;
}

static void
a_body_is_the_same_however_it_is_cut(void **state)
{
	static const char bytes[] = "5\nHello\n"
				    "00001 ; name=\"v\"\n,\n"
				    "A;x\n 0123456\r\n\r\n"
				    "1\t\nx\n"
				    "0;last\r\n"
				    "rest";
	struct pier__http_chunks chunks;
	char out[64];
	size_t step, room, made;

	(void)state;
	for (step = 1; step < sizeof(bytes); step++)
		for (room = 1; room < 20; room++) {
			assert_int_equal(
				read_all(&chunks, bytes, sizeof(bytes) - 1,
					step, room, out, &made),
				sizeof(bytes) - 1 - 4);
			assert_int_equal(chunks.state, PIER__CHUNK_LAST);
			assert_int_equal(chunks.count, 5);
			assert_int_equal(made, 17);
			assert_memory_equal(out, "Hello, 0123456\r\nx", 17);
		}
	for (step = 1; step < sizeof(bytes) - 4 - 1; step++) {
		assert_int_equal(
			read_all(&chunks, bytes, step, step, 64, out, &made),
			step);
		assert_true(chunks.state != PIER__CHUNK_LAST);
	}
}

static void
what_is_no_chunk_is_shown(void **state)
{
	static const struct {
		const char *bytes, *says;
	} rows[] = {
		{ "zz\r\n", "\"zz\\x0d\\x0a\" where the size of a chunk is" },
		{ "\r\n", "where the size of a chunk is expected" },
		{ " 5\r\nHello\r\n", "where the size of a chunk is expected" },
		{ "-5\r\n", "where the size of a chunk is expected" },
		{ "0x5\r\n", "\"x5\\x0d\\x0a\" behind the size of a chunk" },
		{ "5,\r\n", "behind the size of a chunk" },
		{ "5 5\r\n", "behind the size of a chunk" },
		{ "5\rx", "a carriage return in the size" },
		{ "5;a\rb\n", "a carriage return in the size" },
		{ "5;\1\r\n", "behind the size of a chunk" },
		{ "1000000000000000\r\n", "more than 2^60 bytes" },
		{ "ffffffffffffffffffff\r\n", "more than 2^60 bytes" },
		{ "5\r\nHello5\r\n", "\"5\\x0d\\x0a\" behind chunk 1" },
		{ "1\r\nx\r\r\n", "behind chunk 1" },
		{ "6\r\nHello\r\n0\r\n", "behind chunk 1" },
		{ "1\r\nx\n0\r\n", "behind chunk 1" },
		{ "1\r\nx\r\ny", "\"y\" where the size" },
	};
	struct pier__http_chunks chunks;
	char out[64];
	size_t i, made, before;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		ptrdiff_t rc = read_all(&chunks, rows[i].bytes,
			strlen(rows[i].bytes), 64, 64, out, &made);

		if (rc >= 0 || strstr(why.text, rows[i].says) == NULL)
			print_message("# %s: %s\n", rows[i].bytes, why.text);
		assert_int_equal(rc, -PIER_EFRAME);
		assert_non_null(strstr(why.text, rows[i].says));
		/* Byte by byte it is no better, and as much of it is good. */
		before = made;
		assert_int_equal(
			read_all(&chunks, rows[i].bytes, strlen(rows[i].bytes),
				1, 64, out, &made),
			-PIER_EFRAME);
		assert_int_equal(made, before);
	}
}

static void
the_line_of_a_size_has_a_limit(void **state)
{
	char *bytes = malloc(2 * PIER_HTTP_CHUNK_LINE);
	struct pier__http_chunks chunks;
	char out[4];
	size_t made;

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'x', 2 * PIER_HTTP_CHUNK_LINE);
	memcpy(bytes, "0;", 2);
	bytes[PIER_HTTP_CHUNK_LINE - 1] = '\n';
	assert_int_equal(read_all(&chunks, bytes, PIER_HTTP_CHUNK_LINE, 100, 4,
				 out, &made),
		PIER_HTTP_CHUNK_LINE);
	assert_int_equal(chunks.state, PIER__CHUNK_LAST);
	bytes[PIER_HTTP_CHUNK_LINE - 1] = 'x';
	assert_int_equal(read_all(&chunks, bytes, 2 * PIER_HTTP_CHUNK_LINE, 100,
				 4, out, &made),
		-PIER_ELIMIT);
	/* Zeros before a size are a line too. */
	memset(bytes, '0', 2 * PIER_HTTP_CHUNK_LINE);
	assert_int_equal(read_all(&chunks, bytes, 2 * PIER_HTTP_CHUNK_LINE, 100,
				 4, out, &made),
		-PIER_ELIMIT);
	free(bytes);
}

/* Data before the line, in the same call, must not hide that it is too long. */
static void
the_line_behind_data_has_the_limit_too(void **state)
{
	static const char before[] = "3\r\nabc\r\n";
	const size_t len = strlen(before), line = PIER_HTTP_CHUNK_LINE;
	char *bytes = malloc(len + line + 6);
	struct pier__http_chunks chunks;
	char out[16];
	size_t made;

	(void)state;
	assert_non_null(bytes);
	memcpy(bytes, before, len);
	memset(bytes + len, 'x', line);
	memcpy(bytes + len, "5;", 2);
	memcpy(bytes + len + line, "\nhello", 6);
	assert_int_equal(read_all(&chunks, bytes, len + line + 6,
				 len + line + 6, 16, out, &made),
		-PIER_ELIMIT);
	assert_int_equal(made, 3);
	assert_memory_equal(out, "abc", 3);
	/* Of one byte less it is none too long. */
	bytes[len + line - 1] = '\n';
	memcpy(bytes + len + line, "hello", 5);
	(void)read_all(
		&chunks, bytes, len + line + 5, len + line + 5, 16, out, &made);
	assert_int_equal(made, 8);
	assert_memory_equal(out, "abchello", 8);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_is_the_same_however_it_is_cut),
		cmocka_unit_test(what_is_no_chunk_is_shown),
		cmocka_unit_test(the_line_of_a_size_has_a_limit),
		cmocka_unit_test(the_line_behind_data_has_the_limit_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
