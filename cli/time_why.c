/* SPDX-License-Identifier: MIT */
/*
 * pier time: why a server is of no use, in words and as an exit code; see
 * time_work.h. What counts is the last word of a server. One that gave none is
 * told by what came in its name and was passed over, or came too late.
 */
#include "time_work.h"

#include "values.h"

#include <inttypes.h>
#include <stdio.h>

/* It is what it says, only of no use now, or not to us: its answer is no, and it
   broke no rule. A stratum of 17 and more is none. */
static bool
is_honest(const struct pier_sntp_event *event)
{
	return event->failed == PIER_SNTP_KISS ||
	       event->failed == PIER_SNTP_SYNCED ||
	       (event->failed == PIER_SNTP_STRATUM &&
		       event->message.stratum == 16);
}

static void
note_fault(char text[TIME_FAULT_TEXT], const struct pier_sntp_event *event)
{
	(void)snprintf(text, TIME_FAULT_TEXT, "check %s failed: %s",
		pier_sntp_check_name(event->failed), event->text);
}

void
time_why_note(struct time_work *work, const struct pier_sntp_event *event)
{
	struct time_why *why = &work->why[event->server];

	switch (event->what) {
	case PIER_SNTP_SAMPLE:
	case PIER_SNTP_LOST:
		return;
	case PIER_SNTP_LATE:
		why->late = true;
		return;
	case PIER_SNTP_IGNORED:
		note_fault(why->passed_over, event);
		return;
	default:
		break;
	}
	why->honest = is_honest(event);
	why->error = event->what == PIER_SNTP_ERROR ? event->error : 0;
	if (event->failed == PIER_SNTP_CHECKS || why->honest)
		(void)snprintf(why->text, sizeof(why->text), "%s", event->text);
	else
		note_fault(why->text, event);
}

const char *
time_why_text(const struct time_work *work, size_t i, char text[TIME_WHY_TEXT])
{
	const struct time_why *why = &work->why[i];
	char requests[48] = "the request", wait[CLI_VALUE_TEXT];
	struct pier_sntp_server server;

	if (why->text[0] != '\0')
		return why->text;
	(void)pier_sntp_server(work->sntp, i, &server);
	cli_format_duration(work->settings->wait_ns, wait, sizeof(wait));
	if (server.sent > 1)
		(void)snprintf(requests, sizeof(requests),
			"any of %" PRIu64 " requests", server.sent);
	if (why->passed_over[0] != '\0')
		(void)snprintf(text, TIME_WHY_TEXT, "no good answer to %s: %s",
			requests, why->passed_over);
	else
		(void)snprintf(text, TIME_WHY_TEXT,
			"no answer to %s within %s%s", requests, wait,
			why->late ? ", but one after it: --wait gives it longer"
				  : "");
	return text;
}

/* Why a server is of no use, on standard error; the exit code. */
static int
tell_useless(const struct time_work *work, size_t i)
{
	char addr[PIER_ADDR_TEXT_MAX], text[TIME_WHY_TEXT];
	char line[PIER_ADDR_TEXT_MAX + TIME_WHY_TEXT];
	struct pier_sntp_server server;
	const char *where, *why = time_why_text(work, i, text);

	(void)pier_sntp_server(work->sntp, i, &server);
	where = time_server_text(&server, addr);
	if (server.state == PIER_SNTP_UNUSABLE)
		return cli_own_failure(work->tool,
			server.addr.len == 0 ? PIER_STEP_RESOLVE
					     : PIER_STEP_SEND,
			where, server.error, why);
	if (work->why[i].error < 0)
		return cli_own_failure(work->tool, PIER_STEP_SEND, where,
			work->why[i].error, why);
	if (work->why[i].honest) {
		(void)snprintf(line, sizeof(line), "%s: %s", where, why);
		return cli_negative(work->tool, line,
			server.state == PIER_SNTP_SENT_AWAY
				? "leave it alone for a while, or ask another "
				  "server"
				: "");
	}
	if (server.rejected > 0 || work->why[i].passed_over[0] != '\0')
		return cli_own_failure(
			work->tool, PIER_STEP_FRAME, where, -PIER_EFRAME, why);
	return cli_own_failure(
		work->tool, PIER_STEP_RECEIVE, where, -PIER_EDEADLINE, why);
}

int
time_why_tell(const struct time_work *work)
{
	size_t count = pier_sntp_count(work->sntp), i;
	struct pier_sntp_server server;
	int code = CLI_EXIT_OK, one;

	for (i = 0; i < count; i++) {
		(void)pier_sntp_server(work->sntp, i, &server);
		/* What is wrong with it was said of the other. */
		if (server.state == PIER_SNTP_SAME)
			continue;
		one = tell_useless(work, i);
		if (code == CLI_EXIT_OK)
			code = one;
		else if (one != code)
			code = CLI_EXIT_NO;
	}
	return code;
}
