/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/files.c - a stream as a FILE, and a file over a stream, in which
 * every call goes wrong once; see each.h.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* Bounds what a lost byte may cost; nothing waits that long. */
#define SOON pier_in_s(5)

static int file_fd = -1;

/* What stdio says: its story is the error record's. */
static int
met_stdio(struct fault_story *story, const char *call, bool failed)
{
	return (int)met(story, call, failed ? pier_last_error()->code : 0);
}

static void
write_view(struct fault_story *story, struct pier_stream *stream)
{
	FILE *out = NULL;

	if (met(story, "file w", pier_file(&out, stream, "w")) < 0)
		return;
	/* In two parts; the second goes with the end of the view. */
	if (fputs("one\ntwo\n", out) >= 0)
		(void)met_stdio(story, "fflush w", fflush(out) != 0);
	(void)fputs("three\n", out);
	(void)met_stdio(story, "fclose w", fclose(out) != 0);
}

/* Whatever went wrong, no byte of what came is lost on the way through. */
static void
read_view(struct fault_story *story, struct pier_stream *stream)
{
	FILE *in = NULL;
	char line[16];

	if (met(story, "file r", pier_file(&in, stream, "r")) < 0)
		return;
	if (met_stdio(story, "fgets", fgets(line, sizeof(line), in) == NULL) ==
			0 &&
		strcmp(line, "one\n") != 0)
		(void)met(story, "compare one", -EBADMSG);
	if (story->rc == 0 &&
		met_stdio(story, "fflush r", fflush(in) != 0) == 0 &&
		met(story, "read_line",
			pier_read_line(stream, line, sizeof(line), SOON)) > 0 &&
		strcmp(line, "two\n") != 0)
		(void)met(story, "compare two", -EBADMSG);
	(void)met_stdio(story, "fclose r", fclose(in) != 0);
	if (story->rc == 0 &&
		met(story, "read_line",
			pier_read_line(stream, line, sizeof(line), SOON)) > 0 &&
		strcmp(line, "three\n") != 0)
		(void)met(story, "compare three", -EBADMSG);
}

static void
over_views(struct fault_story *story)
{
	struct pier_stream *a = NULL, *b = NULL;

	if (met(story, "pair", pier_pair(&a, &b)) == 0) {
		write_view(story, a);
		if (story->rc == 0)
			read_view(story, b);
	}
	pier_close(a);
	pier_close(b);
}

static void
over_file(struct fault_story *story)
{
	struct pier_stream *a = NULL, *b = NULL;
	char buf[16];

	if (met(story, "pair", pier_pair(&a, &b)) == 0 &&
		met(story, "send_file",
			pier_send_file(a, file_fd, 2, -1, SOON)) == 8 &&
		met(story, "read", pier_read_full(b, buf, 8, SOON)) == 8 &&
		memcmp(buf, "23456789", 8) != 0)
		(void)met(story, "compare", -EBADMSG);
	pier_close(a);
	pier_close(b);
}

EACH_INSIDE(over_views)
EACH_INSIDE(over_file)

static const struct fault_scenario scenarios[] = {
	{ "views, fibers", over_views_by_fibers, NULL },
	{ "views, threads", over_views_by_threads, NULL },
	{ "file, fibers", over_file_by_fibers, NULL },
	{ "file, threads", over_file_by_threads, NULL },
};

int
main(void)
{
	char path[] = "/tmp/pier-fault-XXXXXX";
	int failed;

	file_fd = mkstemp(path);
	if (file_fd < 0 || unlink(path) < 0 ||
		write(file_fd, "0123456789", 10) != 10)
		return 1;
	failed = each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
	(void)close(file_fd);
	return failed;
}
