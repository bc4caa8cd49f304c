/* SPDX-License-Identifier: MIT */
/* pier ping: what is said of a host, as text and as JSON; see ping.h. */
#include "ping.h"

#include "json.h"
#include "output.h"
#include "values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Before the address of a Bluetooth device. */
#define L2CAP "l2cap:"

enum {
	LINES = 2048, /* bytes of all that is said at once */
};

static void
keep(const struct ping_host *host, int rc)
{
	struct ping_work *work = host->work;

	if (rc == 0 || rc == -ECANCELED || work->output != 0)
		return;
	/* Nobody would see what the others have to say. */
	work->output = rc;
	pier_group_cancel(work->group);
}

/* ---- Text --------------------------------------------------------------- */

struct text {
	char bytes[LINES];
	size_t len;
};

static void put(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
put(struct text *text, const char *format, ...)
{
	size_t room = sizeof(text->bytes) - text->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->bytes + text->len, room, format, args);
	va_end(args);
	text->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void
print(const struct ping_host *host, const struct text *text)
{
	keep(host, cli_output(text->bytes, text->len, host->work->until));
}

static double
ms(int64_t ns)
{
	return (double)ns / 1e6;
}

static const char *
address_text(const struct pier_addr *addr, char text[PIER_ADDR_TEXT_MAX])
{
	if (pier_addr_format_host(addr, text, PIER_ADDR_TEXT_MAX) < 0)
		text[0] = '\0';
	/* The way is told apart. */
	return strncmp(text, L2CAP, strlen(L2CAP)) == 0 ? text + strlen(L2CAP)
							: text;
}

/* The name as it was given, and the address unless that is the same. */
static void
put_host(struct text *text, const struct ping_host *host)
{
	char room[PIER_ADDR_TEXT_MAX];
	const char *addr = address_text(pier_ping_peer(host->ping), room);

	put(text, "%s", host->text);
	if (strstr(host->text, addr) == NULL)
		put(text, " (%s)", addr);
}

static void
put_answer(struct text *text, const struct pier_ping_event *event)
{
	char addr[PIER_ADDR_TEXT_MAX];

	put(text, "%.3f ms from %s", ms(event->rtt_ns),
		address_text(&event->from, addr));
	if (event->ttl >= 0)
		put(text, ", ttl %d", event->ttl);
	if (event->size > 0)
		put(text, ", %zu bytes", event->size);
	if (event->truncated)
		put(text, ", cut short");
	if (event->corrupt)
		put(text, ", not the bytes that were sent");
	if (event->what == PIER_PING_CLOSED)
		put(text, ", the port is closed");
	else if (event->what == PIER_PING_DUPLICATE)
		put(text, ", duplicate");
	else if (event->what == PIER_PING_LATE)
		put(text, ", too late");
}

static void
put_error(struct text *text, const struct pier_ping_event *event)
{
	char addr[PIER_ADDR_TEXT_MAX];

	if (event->from.len != 0)
		put(text, "%s says: ", address_text(&event->from, addr));
	put(text, "%s", event->text);
	if (event->icmp_type >= 0)
		put(text, " (ICMP type %d, code %d)", event->icmp_type,
			event->icmp_code);
	else
		put(text, " (%s)", pier_error_name(event->error));
	if (event->mtu > 0)
		put(text, ", the path takes %" PRIu32 " bytes", event->mtu);
}

static void
event_text(const struct ping_host *host, const struct pier_ping_event *event)
{
	char wait[CLI_VALUE_TEXT];
	struct text text = { .len = 0 };

	put(&text, "%s: seq %" PRIu64 ": ", host->text, event->sequence);
	if (event->what == PIER_PING_ERROR) {
		put_error(&text, event);
	} else if (event->what == PIER_PING_LOST) {
		cli_format_limit(
			host->work->settings->wait_ns, wait, sizeof(wait));
		put(&text, "no answer within %s", wait);
	} else {
		put_answer(&text, event);
	}
	put(&text, "\n");
	print(host, &text);
}

static double
loss_percent(const struct pier_ping_stats *stats)
{
	uint64_t ended = stats->sent - stats->pending;

	return ended > 0 ? 100.0 * (double)stats->lost / (double)ended : 0;
}

/* "3 duplicates", with commas between; nothing for none. */
static void
put_count(struct text *text, uint64_t n, const char *what)
{
	if (n > 0)
		put(text, ", %" PRIu64 " %s", n, what);
}

static void
put_counts(struct text *text, const struct pier_ping_stats *stats)
{
	put(text, ": %" PRIu64 " sent, %" PRIu64 " answered, %.3g %% lost",
		stats->sent, stats->answered, loss_percent(stats));
	put_count(text, stats->pending, "pending");
	put_count(text, stats->closed, "by a closed port");
	put_count(text, stats->errors, "with an error");
	put_count(text, stats->late, "late");
	put_count(text, stats->duplicates, "duplicate");
	put_count(text, stats->reordered, "reordered");
	put_count(text, stats->corrupt, "corrupt");
}

static void
stats_text(const struct ping_host *host, const struct pier_ping_stats *stats)
{
	struct text text = { .len = 0 };
	char took[CLI_VALUE_TEXT];

	put_host(&text, host);
	put_counts(&text, stats);
	cli_format_duration(stats->elapsed_ns, took, sizeof(took));
	put(&text, ", %s\n", took);
	if (stats->bursts > 0)
		put(&text,
			"  lost in %" PRIu64 " burst%s, the longest of %" PRIu64
			"\n",
			stats->bursts, stats->bursts == 1 ? "" : "s",
			stats->burst_max);
	if (stats->answered > 0)
		put(&text,
			"  ms: min %.3f, mean %.3f, median %.3f, p90 %.3f, p99 "
			"%.3f, max %.3f, mdev %.3f, jitter %.3f; percentiles "
			"within %.1f %%\n",
			ms(stats->min_ns), ms(stats->mean_ns),
			ms(stats->median_ns), ms(stats->p90_ns),
			ms(stats->p99_ns), ms(stats->max_ns),
			ms(stats->mdev_ns), ms(stats->jitter_ns),
			100 * PIER_PING_RESOLUTION);
	print(host, &text);
}

/* ---- JSON --------------------------------------------------------------- */

static json_t *
host_event(const struct ping_host *host, const char *type)
{
	json_t *event = cli_event(type);
	char addr[PIER_ADDR_TEXT_MAX];

	cli_event_text(event, "host", host->text);
	cli_event_text(event, "endpoint", host->endpoint);
	cli_event_text(event, "address",
		address_text(pier_ping_peer(host->ping), addr));
	return event;
}

static void
print_event(const struct ping_host *host, json_t *event)
{
	keep(host, cli_event_print(event, host->work->until));
}

static void
event_json(const struct ping_host *host, const struct pier_ping_event *event)
{
	static const char *const results[] = {
		[PIER_PING_REPLY] = "reply",
		[PIER_PING_CLOSED] = "closed",
		[PIER_PING_LOST] = "lost",
		[PIER_PING_ERROR] = "error",
		[PIER_PING_DUPLICATE] = "duplicate",
		[PIER_PING_LATE] = "late",
	};
	json_t *json = host_event(host, "probe");
	char addr[PIER_ADDR_TEXT_MAX];

	cli_event_number(json, "sequence", (int64_t)event->sequence);
	cli_event_text(json, "result", results[event->what]);
	if (event->from.len != 0)
		cli_event_text(json, "from", address_text(&event->from, addr));
	if (event->rtt_ns >= 0) {
		cli_event_seconds(json, "rtt_s", event->rtt_ns);
		cli_event_flag(json, "by_kernel", event->by_kernel);
		cli_event_number(json, "bytes", (int64_t)event->size);
		cli_event_flag(json, "corrupt", event->corrupt);
		cli_event_flag(json, "truncated", event->truncated);
	}
	if (event->ttl >= 0)
		cli_event_number(json, "ttl", event->ttl);
	if (event->error < 0)
		cli_event_text(json, "cause", pier_error_name(event->error));
	if (event->text[0] != '\0')
		cli_event_text(json, "text", event->text);
	if (event->icmp_type >= 0) {
		cli_event_number(json, "icmp_type", event->icmp_type);
		cli_event_number(json, "icmp_code", event->icmp_code);
	}
	if (event->mtu > 0)
		cli_event_number(json, "mtu", event->mtu);
	print_event(host, json);
}

static void
stats_json(const struct ping_host *host, const struct pier_ping_stats *stats,
	const char *type)
{
	const struct {
		const char *key;
		uint64_t n;
	} counts[] = {
		{ "sent", stats->sent },
		{ "pending", stats->pending },
		{ "answered", stats->answered },
		{ "closed", stats->closed },
		{ "lost", stats->lost },
		{ "errors", stats->errors },
		{ "late", stats->late },
		{ "duplicates", stats->duplicates },
		{ "reordered", stats->reordered },
		{ "corrupt", stats->corrupt },
		{ "bursts", stats->bursts },
		{ "burst_max", stats->burst_max },
	};
	const struct {
		const char *key;
		int64_t ns;
	} times[] = {
		{ "min_s", stats->min_ns },
		{ "mean_s", stats->mean_ns },
		{ "median_s", stats->median_ns },
		{ "p90_s", stats->p90_ns },
		{ "p99_s", stats->p99_ns },
		{ "max_s", stats->max_ns },
		{ "mdev_s", stats->mdev_ns },
		{ "jitter_s", stats->jitter_ns },
		{ "jitter_max_s", stats->jitter_max_ns },
	};
	json_t *json = host_event(host, type);
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		cli_event_number(json, counts[i].key, (int64_t)counts[i].n);
	(void)json_object_set_new(
		json, "loss_percent", json_real(loss_percent(stats)));
	for (i = 0; stats->answered > 0 && i < sizeof(times) / sizeof(times[0]);
		i++)
		cli_event_seconds(json, times[i].key, times[i].ns);
	if (stats->answered > 0)
		(void)json_object_set_new(
			json, "resolution", json_real(PIER_PING_RESOLUTION));
	cli_event_seconds(json, "elapsed_s", stats->elapsed_ns);
	print_event(host, json);
}

/* ---- Either ------------------------------------------------------------- */

void
ping_tell_start(const struct ping_host *host)
{
	const struct cli_tool *tool = host->work->tool;
	struct text text = { .len = 0 };
	json_t *json;

	if (tool->quiet)
		return;
	if (tool->json) {
		json = host_event(host, "ping");
		cli_event_text(json, "way", pier_ping_way(host->ping));
		cli_event_number(
			json, "size", (int64_t)pier_ping_size(host->ping));
		print_event(host, json);
		return;
	}
	put_host(&text, host);
	put(&text, " by %s", pier_ping_way(host->ping));
	if (pier_ping_size(host->ping) > 0)
		put(&text, ", %zu bytes", pier_ping_size(host->ping));
	put(&text, "\n");
	print(host, &text);
}

void
ping_tell_event(
	const struct ping_host *host, const struct pier_ping_event *event)
{
	if (host->work->tool->quiet)
		return;
	if (host->work->tool->json)
		event_json(host, event);
	else
		event_text(host, event);
}

void
ping_tell_stats(const struct ping_host *host, bool summary)
{
	struct pier_ping_stats stats;

	pier_ping_stats(host->ping, &stats);
	if (host->work->tool->json)
		stats_json(host, &stats, summary ? "summary" : "status");
	else
		stats_text(host, &stats);
}
