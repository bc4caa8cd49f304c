/* SPDX-License-Identifier: MIT */
/*
 * How far pier get is: one line on a terminal, from half a second on, gone again
 * at the end. A fiber of its own draws it, so that it also shows when nothing
 * comes; it never waits for the terminal.
 */
#include "get.h"

#include "values.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIRST_MS 500
#define EVERY_MS 200

static void
put(const char *text, size_t len)
{
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };

	/* A line less does no harm. */
	if (poll(&room, 1, 0) == 1 && write(STDERR_FILENO, text, len) < 0)
		return;
}

static uint64_t
per_second(uint64_t bytes, int64_t ns)
{
	return ns <= 0 ? 0 : (uint64_t)((double)bytes * 1e9 / (double)ns);
}

static void
draw(struct get *get)
{
	const struct pier_http_answer *answer = pier_http_answer(get->http);
	uint64_t rate = per_second(get->body, pier_now() - get->body_began);
	char done[CLI_VALUE_TEXT], all[CLI_VALUE_TEXT], speed[CLI_VALUE_TEXT];
	char left[CLI_VALUE_TEXT], line[256];
	uint64_t length = (uint64_t)answer->length;
	int len;

	cli_format_bytes(get->body, done, sizeof(done));
	cli_format_bytes(rate, speed, sizeof(speed));
	if (answer->length > 0 && answer->body == PIER_HTTP_LENGTH) {
		cli_format_bytes(length, all, sizeof(all));
		cli_format_duration(
			rate == 0 ? 0
				  : (int64_t)((double)(length - get->body) *
					      1e9 / (double)rate),
			left, sizeof(left));
		len = snprintf(line, sizeof(line),
			"\r\033[K%3" PRIu64 " %%  %s of %s, %s/s, %s left",
			(uint64_t)((double)get->body * 100 / (double)length),
			done, all, speed, rate == 0 ? "?" : left);
	} else {
		len = snprintf(
			line, sizeof(line), "\r\033[K%s, %s/s", done, speed);
	}
	put(line, (size_t)len);
	get->progress_shown = true;
}

static int
show(void *arg)
{
	struct get *get = arg;
	int rc = pier_sleep(pier_in_ms(FIRST_MS));

	while (rc == 0 && !get->progress_over) {
		draw(get);
		rc = pier_sleep(pier_in_ms(EVERY_MS));
	}
	return 0;
}

void
get_progress_start(struct get *get, struct pier_group *group)
{
	const struct cli_tool *tool = get->tool;

	get->body_began = pier_now();
	/* Not in the middle of what is shown on the same terminal. */
	if (tool->quiet || tool->json || !isatty(STDERR_FILENO) ||
		(!get->to_file && isatty(STDOUT_FILENO)))
		return;
	/* Without it nothing is shown. */
	(void)pier_go(group, show, get);
}

void
get_progress_end(struct get *get)
{
	static const char erase[] = "\r\033[K";

	get->progress_over = true;
	if (get->progress_shown)
		put(erase, sizeof(erase) - 1);
	get->progress_shown = false;
}
