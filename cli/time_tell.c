/* SPDX-License-Identifier: MIT */
/* pier time: what is said of servers and of the time; see time_work.h. */
#include "time_work.h"

#include "output.h"
#include "values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void
time_print(struct time_work *work, const char *text, size_t len)
{
	int rc = cli_output(text, len, work->until);

	if (rc < 0 && rc != -ECANCELED && work->output == 0)
		work->output = rc;
}

/* ---- -v: one exchange --------------------------------------------------- */

static void
tell_times(const struct time_work *work, const struct pier_sntp_sample *sample)
{
	const struct {
		const char *name;
		int64_t ns;
		const char *what;
	} times[] = {
		{ "T1", sample->t1_ns,
			sample->t1_by_kernel
				? "here, when the kernel let the request go"
				: "here, right before the request left" },
		{ "T2", sample->t2_ns, "there, when it came" },
		{ "T3", sample->t3_ns, "there, when the answer left" },
		{ "T4", sample->t4_ns,
			sample->t4_by_kernel
				? "here, when the kernel took it in"
				: "here, when it was read" },
	};
	char utc[TIME_TEXT], offset[TIME_TEXT], delay[TIME_TEXT];
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		time_utc_text(time_moment(times[i].ns), 9, utc, sizeof(utc));
		cli_say(work->tool, 1, "  %s %s  %s", times[i].name, utc,
			times[i].what);
	}
	time_offset_text(sample->offset_ns, offset, sizeof(offset));
	time_offset_text(sample->delay_ns, delay, sizeof(delay));
	cli_say(work->tool, 1,
		"  offset ((T2 - T1) + (T3 - T4)) / 2 = %s, delay (T4 - T1) - "
		"(T3 - T2) = %s",
		offset, delay + 1);
}

static void
tell_checks(const struct time_work *work, const struct pier_sntp_event *event)
{
	int i;

	for (i = 0; i < PIER_SNTP_CHECKS; i++) {
		enum pier_sntp_check check = (enum pier_sntp_check)i;
		uint32_t bit = UINT32_C(1) << i;
		bool first = check == event->failed;

		cli_say(work->tool, 1, "  %-10s %-8s %s",
			pier_sntp_check_name(check),
			(event->checks.passed & bit) != 0   ? "ok"
			: (event->checks.failed & bit) != 0 ? "FAILED"
							    : "not made",
			first ? event->text : pier_sntp_check_text(check));
	}
}

static void
tell_message(const struct time_work *work, const struct pier_sntp_event *event)
{
	const struct pier_ntp_message *message = &event->message;
	char reference[PIER_NTP_REFERENCE_TEXT];

	(void)pier_ntp_reference(message, reference, sizeof(reference));
	cli_say(work->tool, 1,
		"  leap %d, version %d, mode %d, stratum %d, poll %d, "
		"precision %d, root delay %.6f s, root dispersion %.6f s, "
		"reference %s",
		message->leap, message->version, message->mode,
		message->stratum, message->poll, message->precision,
		(double)pier_ntp_short_ns(message->root_delay) / 1e9,
		(double)pier_ntp_short_ns(message->root_dispersion) / 1e9,
		reference);
}

static void
tell_event(const struct time_work *work, const struct pier_sntp_event *event)
{
	static const char *const whats[] = {
		[PIER_SNTP_SAMPLE] = "an answer",
		[PIER_SNTP_IGNORED] = "passed over",
		[PIER_SNTP_LATE] = "an answer, too late",
		[PIER_SNTP_REJECTED] = "not believed",
		[PIER_SNTP_DENIED] = "a kiss code",
		[PIER_SNTP_LOST] = "lost",
		[PIER_SNTP_ERROR] = "error",
		[PIER_SNTP_FAILED] = "not asked",
	};
	char where[PIER_ADDR_TEXT_MAX], from[PIER_ADDR_TEXT_MAX] = "";
	struct pier_sntp_server server;

	(void)pier_sntp_server(work->sntp, event->server, &server);
	if (event->from.len != 0)
		(void)pier_addr_format(&event->from, from, sizeof(from));
	cli_say(work->tool, 1, "%s: request %" PRIu64 ": %s%s%s%s%s",
		time_server_text(&server, where), event->sequence,
		whats[event->what], from[0] != '\0' ? " from " : "", from,
		event->text[0] != '\0' ? ": " : "", event->text);
	/* Nothing came that could be checked. */
	if (event->from.len == 0)
		return;
	if (event->size >= PIER_NTP_SIZE)
		tell_message(work, event);
	if (event->sample.t1_ns != 0)
		tell_times(work, &event->sample);
	tell_checks(work, event);
}

void
time_tell_event(struct time_work *work, const struct pier_sntp_event *event)
{
	if (work->tool->verbose > 0)
		tell_event(work, event);
	if (work->tool->json && !work->tool->quiet)
		time_json_event(work, event);
}

/* ---- The result --------------------------------------------------------- */

static const char *
vote_text(const struct time_work *work, enum pier_ntp_vote vote)
{
	/* One alone is neither right nor wrong. */
	if (work->verdict.usable < 2)
		return "";
	switch (vote) {
	case PIER_NTP_TRUECHIMER:
		return ", agrees";
	case PIER_NTP_FALSETICKER:
		return work->verdict.enough ? ", falseticker" : ", disagrees";
	case PIER_NTP_UNDECIDED:
		return ", undecided";
	case PIER_NTP_UNUSED:
		break;
	}
	return "";
}

/* "ADDR:PORT (HOST)", the name only where that says more. */
static void
put_server(const struct pier_sntp_server *server, char *out, size_t size)
{
	char addr[PIER_ADDR_TEXT_MAX];
	const char *text = time_server_text(server, addr);
	const char *host = server->host;
	bool same = text == host || strncmp(host, addr, strlen(host)) == 0 ||
		    strstr(host, addr) != NULL;

	/* The address without its brackets is the same, too. */
	same = same ||
	       (addr[0] == '[' && strncmp(host, addr + 1, strlen(host)) == 0);
	(void)snprintf(out, size, "%s%s%s%s", text, same ? "" : " (",
		same ? "" : host, same ? "" : ")");
}

size_t
time_server_line(
	const struct time_work *work, size_t i, char *line, size_t size)
{
	char who[PIER_ADDR_TEXT_MAX + 300], reference[PIER_NTP_REFERENCE_TEXT];
	char offset[TIME_TEXT], bound[TIME_TEXT], delay[TIME_TEXT];
	char root[TIME_TEXT], jitter[TIME_TEXT], why[TIME_WHY_TEXT];
	struct pier_sntp_server server;
	int len;

	(void)pier_sntp_server(work->sntp, i, &server);
	put_server(&server, who, sizeof(who));
	if (server.samples == 0) {
		len = snprintf(line, size, "%s: %s\n", who,
			time_why_text(work, i, why));
		return (size_t)len < size ? (size_t)len : size - 1;
	}
	time_offset_text(server.best.offset_ns, offset, sizeof(offset));
	time_offset_text(server.best.bound_ns, bound, sizeof(bound));
	time_offset_text(server.best.delay_ns, delay, sizeof(delay));
	time_offset_text(time_root_distance(&server), root, sizeof(root));
	time_offset_text(server.jitter_ns, jitter, sizeof(jitter));
	(void)pier_ntp_reference(&server.message, reference, sizeof(reference));
	/* None of these has a sign. */
	len = snprintf(line, size,
		"%s: offset %s \u00b1 %s, delay %s, stratum %d, reference %s, "
		"root distance %s%s%s%s\n",
		who, offset, bound + 1, delay + 1, server.message.stratum,
		reference, root + 1, server.jitter_ns > 0 ? ", jitter " : "",
		server.jitter_ns > 0 ? jitter + 1 : "",
		vote_text(work, server.vote));
	return (size_t)len < size ? (size_t)len : size - 1;
}

size_t
time_verdict_line(const struct time_work *work, char *line, size_t size)
{
	const struct pier_ntp_verdict *verdict = &work->verdict;
	char offset[TIME_TEXT], bound[TIME_TEXT];
	int len;

	time_offset_text(verdict->offset_ns, offset, sizeof(offset));
	time_offset_text(verdict->bound_ns, bound, sizeof(bound));
	if (verdict->truechimers > 0)
		len = snprintf(line, size,
			"%zu of %zu servers agree: offset %s \u00b1 %s\n",
			verdict->truechimers, verdict->usable, offset,
			bound + 1);
	else
		len = snprintf(line, size,
			"of %zu servers no majority agrees\n", verdict->usable);
	return (size_t)len < size ? (size_t)len : size - 1;
}

/* The time, as far as it is known, in the local zone and in UTC. */
static void
tell_time(struct time_work *work)
{
	struct pier_ntp_moment now = time_now(work->verdict.offset_ns);
	char local[TIME_TEXT], utc[TIME_TEXT], text[2 * TIME_TEXT + 2];
	int len;

	time_local_text(now, local, sizeof(local));
	time_utc_text(now, 6, utc, sizeof(utc));
	len = snprintf(text, sizeof(text), "%s\n%s\n", local, utc);
	time_print(work, text, (size_t)len);
}

void
time_tell_result(struct time_work *work)
{
	size_t count = pier_sntp_count(work->sntp), i;
	char line[1024];

	if (work->tool->json) {
		time_json_result(work);
		return;
	}
	for (i = 0; i < count; i++)
		time_print(work, line,
			time_server_line(work, i, line, sizeof(line)));
	if (work->verdict.truechimers > 0)
		tell_time(work);
	if (work->verdict.usable > 1 && work->verdict.truechimers > 0)
		time_print(work, line,
			time_verdict_line(work, line, sizeof(line)));
}
