/* SPDX-License-Identifier: MIT */
/*
 * task/error.c - the last failure of each task.
 *
 * The record is made at a task's first failure and kept until it ends, so
 * that a task without failures pays a pointer, and noting one down allocates
 * at most once (and once more where many addresses were tried). The line is
 * only put together when somebody asks for it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "task/task.h"

#define TEXT_MAX 320
#define LINE_MAX 1024

struct pier__error_record {
	struct pier_error error;
	struct pier_attempt *attempts;
	size_t attempt_room;
	char endpoint[TEXT_MAX];
	char detail[TEXT_MAX];
	char line[LINE_MAX];
};

static const struct pier_error nothing = {
	.endpoint = "", .detail = "", .offset = -1
};

/* For a failure that there is no memory to write down. */
static const struct pier_error no_memory = {
	.code = -ENOMEM,
	.step = PIER_STEP_CREATE,
	.endpoint = "",
	.detail = "no memory left even for the error",
	.offset = -1,
};

/* A control character at text[0], of ASCII or (two bytes of UTF-8) of C1. */
static bool
is_control(const char *text)
{
	unsigned char c = (unsigned char)text[0];
	unsigned char next = c == 0xc2 ? (unsigned char)text[1] : 0;

	return c < ' ' || c == 0x7f || (next >= 0x80 && next < 0xa0);
}

/* Texts come from anywhere and end on terminals, in one line: what would move
   the cursor is shown as '?'. */
static void
keep_text(char *to, const char *from)
{
	size_t len = from == NULL ? 0 : strnlen(from, TEXT_MAX - 1);
	size_t i;

	if (len > 0)
		memmove(to, from, len);
	to[len] = '\0';
	for (i = 0; i < len; i++)
		if (is_control(to + i))
			to[i] = '?';
}

/* Which character of text begins at or holds this byte, counted from 1. */
static int
character_at(const char *text, int offset)
{
	int i, count = 1;

	for (i = 0; i < offset && text[i] != '\0'; i++)
		if (((unsigned char)text[i + 1] & 0xc0) != 0x80)
			count++;
	return count;
}

/* The attempts are worth an allocation; without it they are left out. */
static void
keep_attempts(
	struct pier__error_record *record, const struct pier__failure *failure)
{
	size_t count = failure->attempt_count;

	if (count > record->attempt_room) {
		struct pier_attempt *room =
			pier__resize(record->attempts, count * sizeof(*room));

		if (room == NULL)
			count = record->attempt_room;
		else {
			record->attempts = room;
			record->attempt_room = count;
		}
	}
	if (count > 0)
		memcpy(record->attempts, failure->attempts,
			count * sizeof(*record->attempts));
	record->error.attempts = record->attempts;
	record->error.attempt_count = count;
}

int
pier__fail(int rc, const struct pier__failure *failure)
{
	struct pier__task *self = pier__self();
	struct pier__error_record *record;

	if ((rc == -EAGAIN && !failure->counts) || self == NULL)
		return rc;
	if (self->error == NULL)
		self->error = pier__alloc(sizeof(*self->error));
	record = self->error;
	if (record == NULL) {
		self->error_lost = true;
		return rc;
	}
	self->error_lost = false;
	record->error.code = rc;
	record->error.step = failure->step;
	record->error.offset =
		failure->step == PIER_STEP_PARSE ? failure->offset : -1;
	record->error.done = failure->done;
	record->error.elapsed_ns = failure->elapsed_ns;
	keep_text(record->endpoint, failure->endpoint);
	keep_text(record->detail, failure->detail);
	record->error.endpoint = record->endpoint;
	record->error.detail = record->detail;
	keep_attempts(record, failure);
	return rc;
}

void
pier__error_record_free(struct pier__error_record *record)
{
	if (record == NULL)
		return;
	pier__free(record->attempts);
	pier__free(record);
}

const struct pier_error *
pier_last_error(void)
{
	struct pier__task *self = pier__current;

	if (self == NULL)
		return &nothing;
	if (self->error_lost)
		return &no_memory;
	return self->error != NULL ? &self->error->error : &nothing;
}

struct line {
	char *text;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void
add(struct line *line, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(
		line->text + line->len, LINE_MAX - line->len, format, args);
	va_end(args);
	if (n > 0)
		line->len += (size_t)n;
	if (line->len >= LINE_MAX)
		line->len = LINE_MAX - 1;
}

static void
write_line(struct pier__error_record *record)
{
	const struct pier_error *error = &record->error;
	struct line line = { .text = record->line };
	char elapsed[32];

	if (error->step != PIER_STEP_NONE)
		add(&line, "%s: ", pier_step_name(error->step));
	if (error->endpoint[0] != '\0')
		add(&line, "%s: ", error->endpoint);
	if (error->step == PIER_STEP_PARSE && error->detail[0] != '\0') {
		add(&line, "%s", error->detail);
		if (error->offset >= 0)
			add(&line, " (at character %d)",
				character_at(error->endpoint, error->offset));
		return;
	}
	add(&line, "%s (%s)", pier_strerror(error->code),
		pier_error_name(error->code));
	/* Beside the cause: behind a detail it would be read as part of it. */
	if (error->elapsed_ns > 0) {
		pier__elapsed_text(error->elapsed_ns, elapsed, sizeof(elapsed));
		add(&line, " after %s", elapsed);
	}
	if (error->detail[0] != '\0')
		add(&line, ": %s", error->detail);
	if (error->done > 0)
		add(&line, ", %zu bytes done", error->done);
	if (error->attempt_count > 1)
		add(&line, ", %zu addresses tried", error->attempt_count);
}

const char *
pier_error_line(void)
{
	struct pier__task *self = pier__current;

	if (self != NULL && self->error_lost)
		return "out of memory (ENOMEM): no memory even for the error";
	if (self == NULL || self->error == NULL)
		return "no error";
	write_line(self->error);
	return self->error->line;
}
