/* SPDX-License-Identifier: MIT */
/* tests/api/file.c - a stream as a FILE, by a fiber and by a thread. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pier.h>

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

/* On no fiber's stack. */
static struct pier_stream *near, *far;
static char buffer[256];
static char many[100000];

static void
open_pair(void)
{
	assert_int_equal(pier_pair(&near, &far), 0);
	assert_int_equal(pier_set_timeout(near, 10000), 0);
}

static void
close_pair(void)
{
	pier_close(near);
	pier_close(far);
}

static FILE *
view(const char *mode)
{
	FILE *file = NULL;

	assert_int_equal(pier_file(&file, near, mode), 0);
	assert_non_null(file);
	return file;
}

static void
say(const char *text)
{
	assert_int_equal(pier_write(far, text, strlen(text), HANGS), 0);
}

static void
hear(const char *text)
{
	char buf[64];
	size_t len = strlen(text);

	assert_int_equal(pier_read_full(far, buf, len, HANGS), len);
	assert_memory_equal(buf, text, len);
}

static void
hear_nothing(void)
{
	char c;

	assert_int_equal(pier_read(far, &c, 1, PIER_NOW), -EAGAIN);
}

static void
expect_line(FILE *in, const char *text)
{
	char line[64];

	assert_non_null(fgets(line, sizeof(line), in));
	assert_string_equal(line, text);
}

static void
reads_and_writes(void)
{
	FILE *in, *out;
	char *line = NULL;
	size_t room = 0;

	open_pair();
	in = view("r");
	out = view("w");
	say("first\nsecond\n3 4\nrest");
	assert_int_equal(getline(&line, &room, in), 6);
	assert_string_equal(line, "first\n");
	expect_line(in, "second\n");
	assert_int_equal(fscanf(in, "%*d %*d"), 0);
	assert_int_equal(fgetc(in), '\n');
	assert_int_equal(ftell(in), 17);
	assert_int_equal(fprintf(out, "%s=%d\n", "n", 42), 5);
	hear_nothing();
	assert_int_equal(fflush(out), 0);
	hear("n=42\n");
	assert_int_equal(pier_shutdown(far, PIER_WRITING, HANGS), 0);
	assert_int_equal(getline(&line, &room, in), 4);
	assert_string_equal(line, "rest");
	assert_int_equal(fgetc(in), EOF);
	assert_true(feof(in) && !ferror(in));
	assert_int_equal(fclose(in), 0);
	/* What is still held goes with the end of the view. */
	assert_int_equal(fwrite("bye", 1, 3, out), 3);
	assert_int_equal(fclose(out), 0);
	hear("bye");
	/* The stream is open. */
	assert_int_equal(pier_write(near, "more", 4, HANGS), 0);
	hear("more");
	free(line);
	close_pair();
}

static void
buffers_as_asked(void)
{
	FILE *in, *out;
	size_t i;

	open_pair();
	out = view("w");
	assert_int_equal(setvbuf(out, NULL, _IONBF, 0), 0);
	assert_true(fputs("ab", out) >= 0);
	hear("ab");
	assert_int_equal(fclose(out), 0);

	out = view("w");
	assert_int_equal(setvbuf(out, NULL, _IOLBF, 256), 0);
	assert_true(fputs("no newline", out) >= 0);
	hear_nothing();
	assert_true(fputs(", now\n", out) >= 0);
	hear("no newline, now\n");
	assert_int_equal(fclose(out), 0);

	out = view("w");
	assert_int_equal(setvbuf(out, buffer, _IOFBF, sizeof(buffer)), 0);
	for (i = 0; i < sizeof(buffer); i++)
		assert_int_equal(fputc('.', out), '.');
	hear_nothing();
	assert_true(fputs("ghij", out) >= 0);
	for (i = 0; i < sizeof(buffer); i++)
		hear(".");
	hear_nothing();
	assert_int_equal(fclose(out), 0);
	hear("ghij");

	in = view("r");
	assert_int_equal(setvbuf(in, NULL, _IONBF, 0), 0);
	say("xyz");
	assert_int_equal(fgetc(in), 'x');
	/* Unbuffered, the rest stays in the stream. */
	assert_int_equal(pier_read(near, buffer, 1, HANGS), 1);
	assert_int_equal(buffer[0], 'y');
	assert_int_equal(fgetc(in), 'z');
	assert_int_equal(fclose(in), 0);
	close_pair();
}

/* Not what stdio asked for counts, but what the program read. */
static void
loses_nothing(void)
{
	FILE *in;
	char buf[32];

	open_pair();
	in = view("r");
	say("one\ntwo\nthree\nfour\n");
	expect_line(in, "one\n");
	assert_int_equal(fflush(in), 0);
	assert_int_equal(pier_buffered(near), 15);
	assert_int_equal(pier_read_line(near, buf, sizeof(buf), HANGS), 4);
	assert_string_equal(buf, "two\n");
	expect_line(in, "three\n");
	assert_int_equal(fclose(in), 0);
	assert_int_equal(pier_read_line(near, buf, sizeof(buf), HANGS), 5);
	assert_string_equal(buf, "four\n");
	assert_int_equal(pier_buffered(near), 0);

	/* The same where the stream itself had read ahead. */
	say("a\nb\nc\n");
	assert_int_equal(pier_read_line(near, buf, sizeof(buf), HANGS), 2);
	in = view("r");
	expect_line(in, "b\n");
	assert_int_equal(fclose(in), 0);
	assert_int_equal(pier_read_line(near, buf, sizeof(buf), HANGS), 2);
	assert_string_equal(buf, "c\n");
	close_pair();
}

static int
sends_many(void *arg)
{
	(void)arg;
	assert_int_equal(pier_write(far, many, sizeof(many), HANGS), 0);
	assert_int_equal(pier_shutdown(far, PIER_WRITING, HANGS), 0);
	return 0;
}

/* Views that come and go in the middle of a long stream. */
static void
reads_piece_by_piece(void)
{
	struct pier_group *group;
	size_t at = 0;
	size_t i;

	open_pair();
	for (i = 0; i < sizeof(many); i++)
		many[i] = (char)(i * 7 + i / 256);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, sends_many, NULL), 0);
	while (at < sizeof(many)) {
		size_t want = at % 4099 + 1;
		FILE *in = view("r");
		char c;

		for (i = 0; i < want && at < sizeof(many); i++)
			assert_int_equal(fgetc(in), (unsigned char)many[at++]);
		assert_int_equal(fclose(in), 0);
		if (at < sizeof(many)) {
			assert_int_equal(pier_read(near, &c, 1, HANGS), 1);
			assert_int_equal(c, many[at++]);
		}
	}
	assert_int_equal(pier_read(near, buffer, 1, HANGS), 0);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	pier_group_close(group);
	close_pair();
}

static void
keeps_deadlines(void)
{
	FILE *in, *out;

	open_pair();
	assert_int_equal(pier_set_timeout(near, 1), 0);
	in = view("r");
	errno = 0;
	assert_int_equal(fgetc(in), EOF);
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(ferror(in) && !feof(in));
	assert_int_equal(pier_last_error()->code, -PIER_EDEADLINE);
	/* It can be tried again. */
	clearerr(in);
	say("late\n");
	expect_line(in, "late\n");
	assert_int_equal(pier_set_timeout(near, 0), 0);
	assert_int_equal(fgetc(in), EOF);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fclose(in), 0);

	assert_int_equal(pier_set_timeout(near, 1), 0);
	out = view("w");
	while (fwrite(many, 1, sizeof(many), out) == sizeof(many))
		;
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(ferror(out));
	assert_int_equal(pier_last_error()->code, -PIER_EDEADLINE);
	/* There is no hole between the bytes: it stays at that. */
	while (pier_read(far, many, sizeof(many), PIER_NOW) > 0)
		;
	clearerr(out);
	assert_true(fputc('x', out) == 'x');
	assert_int_equal(fflush(out), EOF);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(fclose(out), EOF);
	hear_nothing();
	close_pair();
}

static void
tells_causes(void)
{
	FILE *none = NULL;
	FILE *out;

	open_pair();
	assert_int_equal(pier_file(&none, near, "rw"), -EINVAL);
	assert_null(none);
	assert_non_null(strstr(pier_error_line(), "\"rw\""));
	assert_int_equal(pier_file(&none, near, ""), -EINVAL);
	out = view("w");
	pier_close(far);
	far = NULL;
	assert_true(fputs("x", out) >= 0);
	assert_int_equal(fflush(out), EOF);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(fclose(out), EOF);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(pier_shutdown(near, PIER_WRITING, HANGS), 0);
	out = view("w");
	assert_true(fputs("x", out) >= 0);
	assert_int_equal(fclose(out), EOF);
	assert_int_equal(errno, ESHUTDOWN);
	close_pair();
}

static int
all(void *arg)
{
	(void)arg;
	reads_and_writes();
	buffers_as_asked();
	loses_nothing();
	reads_piece_by_piece();
	keeps_deadlines();
	tells_causes();
	return 0;
}

/* Two fibers, each in a view of its own, take turns by waiting in stdio. */
static int
echoes_lines(void *arg)
{
	struct pier_stream *stream = arg;
	FILE *in, *out;
	char line[64];

	assert_int_equal(pier_file(&in, stream, "r"), 0);
	assert_int_equal(pier_file(&out, stream, "w"), 0);
	while (fgets(line, sizeof(line), in) != NULL) {
		fprintf(out, "got %s", line);
		assert_int_equal(fflush(out), 0);
	}
	assert_true(feof(in));
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(pier_shutdown(stream, PIER_WRITING, HANGS), 0);
	return 0;
}

static int
asks_lines(void *arg)
{
	FILE *in, *out;
	struct pier_group *group;
	char line[64], expected[64];
	int i;

	(void)arg;
	open_pair();
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, echoes_lines, far), 0);
	in = view("r");
	out = view("w");
	for (i = 0; i < 100; i++) {
		fprintf(out, "line %d\n", i);
		assert_int_equal(fflush(out), 0);
		assert_non_null(fgets(line, sizeof(line), in));
		(void)snprintf(expected, sizeof(expected), "got line %d\n", i);
		assert_string_equal(line, expected);
	}
	assert_int_equal(fclose(out), 0);
	assert_int_equal(pier_shutdown(near, PIER_WRITING, HANGS), 0);
	assert_null(fgets(line, sizeof(line), in));
	assert_int_equal(fclose(in), 0);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	pier_group_close(group);
	close_pair();
	return 0;
}

static void
test_in_a_fiber(void **state)
{
	(void)state;
	assert_int_equal(pier_run(all, NULL, NULL, NULL), 0);
}

static void
test_in_a_thread(void **state)
{
	static const struct pier_run_opts opts = { .kind = PIER_TASK_THREAD };

	(void)state;
	assert_int_equal(pier_run(all, NULL, &opts, NULL), 0);
}

static void
test_two_fibers(void **state)
{
	(void)state;
	assert_int_equal(pier_run(asks_lines, NULL, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_a_fiber),
		cmocka_unit_test(test_in_a_thread),
		cmocka_unit_test(test_two_fibers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
