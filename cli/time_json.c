/* SPDX-License-Identifier: MIT */
/* pier time --json; see time_work.h. Times are whole nanoseconds, which a number
   of JSON holds without loss in most readers only as far as differences go: what
   counts from 1970 is text. */
#include "time_work.h"

#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static void
print_event(struct time_work *work, json_t *event)
{
	int rc = cli_event_print(event, work->until);

	if (rc < 0 && rc != -ECANCELED && work->output == 0)
		work->output = rc;
}

static void
add_nanoseconds(json_t *event, const char *key, int64_t ns)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64, ns);
	cli_event_text(event, key, text);
}

static void
add_server(json_t *event, const struct pier_sntp_server *server)
{
	char addr[PIER_ADDR_TEXT_MAX];

	cli_event_text(event, "host", server->host);
	if (server->addr.len != 0)
		cli_event_text(
			event, "address", time_server_text(server, addr));
}

static void
add_message(json_t *event, const struct pier_ntp_message *message)
{
	char reference[PIER_NTP_REFERENCE_TEXT], stamp[32];

	(void)pier_ntp_reference(message, reference, sizeof(reference));
	cli_event_number(event, "leap", message->leap);
	cli_event_number(event, "version", message->version);
	cli_event_number(event, "mode", message->mode);
	cli_event_number(event, "stratum", message->stratum);
	cli_event_number(event, "poll", message->poll);
	cli_event_number(event, "precision", message->precision);
	cli_event_number(
		event, "root_delay_ns", pier_ntp_short_ns(message->root_delay));
	cli_event_number(event, "root_dispersion_ns",
		pier_ntp_short_ns(message->root_dispersion));
	cli_event_text(event, "reference", reference);
	(void)snprintf(
		stamp, sizeof(stamp), "0x%016" PRIx64, message->reference);
	cli_event_text(event, "reference_ntp64", stamp);
}

static void
add_sample(json_t *event, const struct pier_sntp_sample *sample)
{
	add_nanoseconds(event, "t1_ns", sample->t1_ns);
	add_nanoseconds(event, "t2_ns", sample->t2_ns);
	add_nanoseconds(event, "t3_ns", sample->t3_ns);
	add_nanoseconds(event, "t4_ns", sample->t4_ns);
	cli_event_flag(event, "t1_by_kernel", sample->t1_by_kernel);
	cli_event_flag(event, "t4_by_kernel", sample->t4_by_kernel);
	cli_event_number(event, "offset_ns", sample->offset_ns);
	cli_event_number(event, "delay_ns", sample->delay_ns);
	cli_event_number(event, "bound_ns", sample->bound_ns);
}

/* Each check by its name: "ok", "failed", or "not made". */
static void
add_checks(json_t *event, const struct pier_sntp_checks *checks)
{
	json_t *object = json_object();
	int i;

	for (i = 0; i < PIER_SNTP_CHECKS; i++) {
		uint32_t bit = UINT32_C(1) << i;

		cli_event_text(object,
			pier_sntp_check_name((enum pier_sntp_check)i),
			(checks->passed & bit) != 0   ? "ok"
			: (checks->failed & bit) != 0 ? "failed"
						      : "not made");
	}
	(void)json_object_set_new(event, "checks", object);
}

void
time_json_event(struct time_work *work, const struct pier_sntp_event *event)
{
	static const char *const results[] = {
		[PIER_SNTP_SAMPLE] = "sample",
		[PIER_SNTP_IGNORED] = "ignored",
		[PIER_SNTP_LATE] = "late",
		[PIER_SNTP_REJECTED] = "rejected",
		[PIER_SNTP_DENIED] = "denied",
		[PIER_SNTP_LOST] = "lost",
		[PIER_SNTP_ERROR] = "error",
		[PIER_SNTP_FAILED] = "failed",
	};
	json_t *json = cli_event("exchange");
	char from[PIER_ADDR_TEXT_MAX];
	struct pier_sntp_server server;

	(void)pier_sntp_server(work->sntp, event->server, &server);
	add_server(json, &server);
	cli_event_number(json, "request", (int64_t)event->sequence);
	cli_event_text(json, "result", results[event->what]);
	if (event->from.len != 0) {
		if (pier_addr_format(&event->from, from, sizeof(from)) >= 0)
			cli_event_text(json, "from", from);
		cli_event_number(json, "bytes", (int64_t)event->size);
		add_checks(json, &event->checks);
		if (event->size >= PIER_NTP_SIZE)
			add_message(json, &event->message);
	}
	if (event->sample.t1_ns != 0)
		add_sample(json, &event->sample);
	if (event->failed != PIER_SNTP_CHECKS)
		cli_event_text(
			json, "failed", pier_sntp_check_name(event->failed));
	if (event->kiss[0] != '\0')
		cli_event_text(json, "kiss", event->kiss);
	if (event->error < 0)
		cli_event_text(json, "cause", pier_error_name(event->error));
	if (event->text[0] != '\0')
		cli_event_text(json, "text", event->text);
	print_event(work, json);
}

static void
tell_server(struct time_work *work, size_t i)
{
	static const char *const states[] = {
		[PIER_SNTP_ASKING] = "asking",
		[PIER_SNTP_COMPLETE] = "complete",
		[PIER_SNTP_SILENT] = "silent",
		[PIER_SNTP_REFUSED] = "refused",
		[PIER_SNTP_SENT_AWAY] = "sent away",
		[PIER_SNTP_UNUSABLE] = "unusable",
		[PIER_SNTP_SAME] = "same",
	};
	static const char *const votes[] = {
		[PIER_NTP_UNUSED] = "unused",
		[PIER_NTP_TRUECHIMER] = "truechimer",
		[PIER_NTP_FALSETICKER] = "falseticker",
		[PIER_NTP_UNDECIDED] = "undecided",
	};
	json_t *json = cli_event("server");
	struct pier_sntp_server server;
	char why[TIME_WHY_TEXT];

	(void)pier_sntp_server(work->sntp, i, &server);
	add_server(json, &server);
	cli_event_text(json, "state", states[server.state]);
	cli_event_text(json, "vote", votes[server.vote]);
	cli_event_number(json, "sent", (int64_t)server.sent);
	cli_event_number(json, "samples", (int64_t)server.samples);
	cli_event_number(json, "lost", (int64_t)server.lost);
	cli_event_number(json, "ignored", (int64_t)server.ignored);
	cli_event_number(json, "rejected", (int64_t)server.rejected);
	cli_event_number(json, "kisses", (int64_t)server.kisses);
	if (server.samples > 0) {
		add_sample(json, &server.best);
		add_message(json, &server.message);
		cli_event_number(
			json, "root_distance_ns", time_root_distance(&server));
		cli_event_number(json, "jitter_ns", server.jitter_ns);
	} else {
		cli_event_text(json, "text", time_why_text(work, i, why));
	}
	print_event(work, json);
}

void
time_json_result(struct time_work *work)
{
	const struct pier_ntp_verdict *verdict = &work->verdict;
	size_t count = pier_sntp_count(work->sntp), i;
	char utc[TIME_TEXT], local[TIME_TEXT];
	struct pier_ntp_moment now;
	json_t *json;

	for (i = 0; i < count; i++)
		tell_server(work, i);
	json = cli_event("time");
	cli_event_number(json, "servers", (int64_t)count);
	cli_event_number(json, "usable", (int64_t)verdict->usable);
	cli_event_number(json, "agree", (int64_t)verdict->truechimers);
	cli_event_number(json, "falsetickers", (int64_t)verdict->falsetickers);
	if (verdict->truechimers > 0) {
		now = time_now(verdict->offset_ns);
		time_utc_text(now, 9, utc, sizeof(utc));
		time_local_text(now, local, sizeof(local));
		cli_event_text(json, "utc", utc);
		cli_event_text(json, "local", local);
		cli_event_number(json, "offset_ns", verdict->offset_ns);
		cli_event_number(json, "bound_ns", verdict->bound_ns);
	}
	print_event(work, json);
}
