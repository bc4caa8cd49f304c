/* SPDX-License-Identifier: MIT */
/*
 * tests/skips.c - the way in which a case that skips itself is told.
 *
 * cmocka says "not ok 3 # SKIP name", which by TAP, and for meson, is a case
 * that failed, and names no reason. It prints by print_message(), across its
 * library's boundary, so that this one takes its place in every test program:
 * "ok 3 - name # SKIP reason", where the reason is what the case said last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define LINE_MAX 1024

static char last[LINE_MAX];

/* "# SKIP: no such thing\n" is "no such thing". */
static void
remember(const char *line)
{
	line += strspn(line, "# ");
	if (strncmp(line, "SKIP", 4) == 0)
		line += 4 + strspn(line + 4, ": ");
	(void)snprintf(
		last, sizeof(last), "%.*s", (int)strcspn(line, "\n"), line);
}

void
print_message(const char *const format, ...)
{
	char line[LINE_MAX], name[LINE_MAX];
	unsigned int number;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (sscanf(line, "not ok %u # SKIP %1023[^\n]", &number, name) == 2)
		(void)printf("ok %u - %s # SKIP %s\n", number, name, last);
	else
		(void)fputs(line, stdout);
	(void)fflush(stdout);
	/* What was said of one case is none of the next. */
	if (strncmp(line, "ok ", 3) == 0 || strncmp(line, "not ok ", 7) == 0)
		last[0] = '\0';
	else
		remember(line);
}
