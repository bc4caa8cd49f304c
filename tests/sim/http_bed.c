/* SPDX-License-Identifier: MIT */
/* http_bed.c - see http_bed.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "http_bed.h"

struct bed bed;

/* ---- The server ---- */

static int
hear(void)
{
	for (;;) {
		char *line = bed.heard + bed.heard_len;
		ssize_t n = pier_read_line(bed.conn, line,
			sizeof(bed.heard) - bed.heard_len, PIER_FOREVER);

		if (n <= 0)
			return -PIER_EEND;
		bed.heard_len += (size_t)n;
		if (n == 2)
			return 0;
	}
}

static int
trickle(const char *text)
{
	int rc = 0;

	for (; rc == 0 && *text != '\0'; text++) {
		rc = pier_sleep(pier_in_ms(1));
		if (rc == 0)
			rc = pier_write(bed.conn, text, 1, PIER_FOREVER);
	}
	return rc;
}

static int
play(const struct step *step)
{
	char c;

	switch (step->move) {
	case HEAR:
		return hear();
	case SAY:
		return pier_write(
			bed.conn, step->text, strlen(step->text), PIER_FOREVER);
	case TRICKLE:
		return trickle(step->text);
	case WAIT:
		return pier_sleep(pier_in_ms(step->ms));
	case STAY:
		while (pier_read(bed.conn, &c, 1, PIER_FOREVER) > 0)
			;
		return -PIER_EEND;
	case RESET:
		pier_abort(bed.conn);
		return -ECONNRESET;
	default:
		return -PIER_EEND;
	}
}

static int
serve(void *arg)
{
	int rc;

	(void)arg;
	while (pier_accept(&bed.conn, bed.listener, PIER_FOREVER) == 0) {
		bed.connections++;
		do {
			rc = play(&bed.script[bed.at++]);
		} while (rc == 0);
		pier_close(bed.conn);
	}
	return 0;
}

/* ---- The client ---- */

static void
keep_error(void)
{
	bed.error = *pier_last_error();
	(void)snprintf(bed.detail, sizeof(bed.detail), "%s", bed.error.detail);
	(void)snprintf(bed.line, sizeof(bed.line), "%s", pier_error_line());
}

static pier_deadline
deadline(void)
{
	return bed.within_ms == 0
		       ? PIER_FOREVER
		       : pier_deadline_at(bed.start + bed.within_ms * MS);
}

static void
fetch(void)
{
	bed.start = pier_now();
	bed.rc = pier_http_open(&bed.http, bed.url, &bed.opts);
	if (bed.rc == 0)
		bed.rc = pier_http_ask(bed.http, deadline());
	bed.n = bed.rc;
	while (bed.rc == 0 &&
		(bed.n = pier_http_read(bed.http, bed.body + bed.body_len,
			 bed.room, deadline())) > 0) {
		bed.body_len += (size_t)bed.n;
		assert_true(bed.body_len + bed.room < sizeof(bed.body));
	}
	bed.body[bed.body_len] = '\0';
	if (bed.n < 0)
		keep_error();
}

static int
run(void *arg)
{
	void (*check)(void) = *(void (**)(void))arg;

	assert_int_equal(pier_listen(&bed.listener, "tcp://127.0.0.1:0", NULL,
				 PIER_FOREVER),
		0);
	assert_true(pier_listener_endpoint(
			    bed.listener, bed.where, sizeof(bed.where)) > 0);
	if (bed.url[0] == '/' || bed.url[0] == '\0') {
		char target[64];

		(void)snprintf(target, sizeof(target), "%.60s", bed.url);
		(void)snprintf(bed.url, sizeof(bed.url), "http%.60s%s",
			bed.where + 3, target);
	}
	assert_int_equal(pier_group_open(&bed.group), 0);
	assert_int_equal(pier_go(bed.group, serve, NULL), 0);
	fetch();
	check();
	pier_http_close(bed.http);
	pier_group_cancel(bed.group);
	(void)pier_group_wait(bed.group, PIER_FOREVER);
	pier_group_close(bed.group);
	pier_listener_close(bed.listener);
	return 0;
}

void
bed_begin(const struct step *script)
{
	memset(&bed, 0, sizeof(bed));
	bed.script = script;
	bed.room = 1000;
	strcpy(bed.url, "/x");
}

void
bed_go(void (*check)(void))
{
	struct pier__sim *sim = pier__sim_open(1);

	assert_non_null(sim);
	assert_int_equal(pier__sim_run(sim, run, &check), 0);
	assert_int_equal(pier__sim_open_count(sim), 0);
	pier__sim_close(sim);
}

/* ---- What came of it ---- */

void
bed_is_hello(void)
{
	const struct pier_http_answer *answer = pier_http_answer(bed.http);

	assert_int_equal(bed.n, 0);
	assert_string_equal(bed.body, "Hello");
	assert_int_equal(answer->received, 5);
	assert_true(answer->times.done_ns >= answer->times.head_ns);
	/* The end is told again. */
	assert_int_equal(pier_http_read(bed.http, bed.body, 9, PIER_NOW), 0);
}

void
bed_fails(void)
{
	if (bed.n != bed.expected->rc ||
		strstr(bed.detail, bed.expected->detail) == NULL)
		print_message("# %s\n", bed.line);
	assert_int_equal(bed.n, bed.expected->rc);
	assert_int_equal(bed.error.step, bed.expected->step);
	assert_non_null(strstr(bed.detail, bed.expected->detail));
	assert_non_null(strstr(bed.line, "http://127.0.0.1:"));
	/* A read after that says the same, but for one that was late. */
	if (bed.expected->step == PIER_STEP_BODY && bed.n != -PIER_EDEADLINE)
		assert_int_equal(
			pier_http_read(bed.http, bed.body, 9, PIER_NOW),
			bed.expected->rc);
}
