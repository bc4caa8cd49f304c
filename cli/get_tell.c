/* SPDX-License-Identifier: MIT */
/*
 * What pier get tells of a fetch, for people (-v) and as JSON events, from the
 * same facts: the answer that libpier keeps, and the kernel's numbers.
 */
#include "get.h"

#include "attempts.h"
#include "json.h"
#include "tcp_event.h"
#include "values.h"

#include <inttypes.h>
#include <string.h>

static const char *const body_names[] = {
	[PIER_HTTP_NO_BODY] = "none",
	[PIER_HTTP_LENGTH] = "length",
	[PIER_HTTP_CHUNKED] = "chunked",
	[PIER_HTTP_TO_END] = "to-end",
};

const char *
get_printable(const char *text, char *buf, size_t size)
{
	size_t i;

	snprintf(buf, size, "%s", text);
	for (i = 0; buf[i] != '\0'; i++)
		if (buf[i] < ' ' || buf[i] > '~')
			buf[i] = '?';
	return buf;
}

static void
print(const struct get *get, json_t *event)
{
	/* Nobody reads any more: the exit code still counts. */
	(void)cli_event_print(event, get->tool->until);
}

void
get_tell_hops(const struct get *get)
{
	const struct pier_http_answer *answer = pier_http_answer(get->http);
	char took[CLI_VALUE_TEXT], text[512];
	size_t i;

	for (i = 0; i < answer->hop_count; i++) {
		const struct pier_http_hop *hop = &answer->hops[i];
		json_t *event;

		cli_format_duration(hop->elapsed_ns, took, sizeof(took));
		cli_say(get->tool, 1, "%s: %d, it leads to %s, after %s",
			hop->url, hop->status,
			get_printable(hop->location, text, sizeof(text)), took);
		if (!get->tool->json)
			continue;
		event = cli_event("redirect");
		cli_event_text(event, "url", hop->url);
		cli_event_number(event, "status", hop->status);
		cli_event_bytes(event, "location", hop->location,
			strlen(hop->location));
		cli_event_seconds(event, "elapsed_s", hop->elapsed_ns);
		print(get, event);
	}
}

/* An object for each: a name may stand there more than once. */
static json_t *
headers_json(const struct pier_http_header *headers, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++) {
		json_t *one = json_object();

		cli_event_text(one, "name", headers[i].name);
		cli_event_bytes(one, "value", headers[i].value,
			strlen(headers[i].value));
		(void)json_array_append_new(list, one);
	}
	return list;
}

static void
say_answer(const struct get *get, const struct pier_http_answer *answer)
{
	char size[CLI_VALUE_TEXT], text[1024];
	const struct cli_tool *tool = get->tool;
	size_t i;

	if (answer->interim > 0)
		cli_say(tool, 1, "%u interim answer%s (1xx) before it",
			answer->interim, answer->interim == 1 ? "" : "s");
	cli_say(tool, 1, "%s: %d %s (HTTP/1.%d)%s", answer->url, answer->status,
		get_printable(answer->reason, text, sizeof(text)),
		answer->minor,
		answer->reused ? ", over the same connection" : "");
	for (i = 0; i < answer->header_count; i++)
		cli_say(tool, 2, "%s: %s", answer->headers[i].name,
			get_printable(
				answer->headers[i].value, text, sizeof(text)));
	if (answer->range_first >= 0 && answer->range_total >= 0)
		cli_say(tool, 1, "bytes %" PRId64 " to %" PRId64 " of %" PRId64,
			answer->range_first, answer->range_last,
			answer->range_total);
	if (answer->body == PIER_HTTP_LENGTH) {
		cli_format_bytes((uint64_t)answer->length, size, sizeof(size));
		cli_say(tool, 1, "%s are to come", size);
	} else if (answer->body == PIER_HTTP_TO_END) {
		cli_say(tool, 1,
			"no length is told: the end of the connection is that "
			"of the body, and whether all has come cannot be "
			"known");
	}
}

void
get_tell_answer(const struct get *get)
{
	const struct pier_http_answer *answer = pier_http_answer(get->http);
	json_t *event;

	say_answer(get, answer);
	if (!get->tool->json)
		return;
	event = cli_event("answer");
	cli_event_text(event, "url", answer->url);
	cli_event_number(event, "status", answer->status);
	cli_event_bytes(
		event, "reason", answer->reason, strlen(answer->reason));
	cli_event_text(event, "version", answer->minor == 0 ? "1.0" : "1.1");
	(void)json_object_set_new(event, "headers",
		headers_json(answer->headers, answer->header_count));
	cli_event_text(event, "body", body_names[answer->body]);
	if (answer->length >= 0)
		cli_event_number(event, "length", answer->length);
	if (answer->range_first >= 0) {
		cli_event_number(event, "range_first", answer->range_first);
		cli_event_number(event, "range_last", answer->range_last);
	}
	if (answer->range_total >= 0)
		cli_event_number(event, "range_total", answer->range_total);
	cli_event_number(event, "interim", answer->interim);
	cli_event_flag(event, "reused", answer->reused);
	print(get, event);
}

int
get_tell_data(const struct get *get, const void *bytes, size_t len)
{
	json_t *event = cli_event("data");

	cli_event_number(event, "bytes", (int64_t)len);
	cli_event_bytes(event, "data", bytes, len);
	return cli_event_print(event, get->until);
}

/* The stages in their order: when each was over, and how it is called. */
struct stage {
	const char *name;
	const char *key;
	int64_t over_ns;
};

enum {
	STAGES = 6
};

static void
list_stages(struct stage list[STAGES], const struct pier_http_times *times)
{
	list[0] = (struct stage){ "resolve", "resolve_s", times->resolved_ns };
	list[1] = (struct stage){ "connect", "connect_s", times->connected_ns };
	list[2] = (struct stage){ "send", "send_s", times->sent_ns };
	list[3] =
		(struct stage){ "wait", "first_byte_s", times->first_byte_ns };
	list[4] = (struct stage){ "header", "header_s", times->head_ns };
	list[5] = (struct stage){ "body", "body_s", times->done_ns };
}

static void
say_stages(const struct get *get, const struct pier_http_answer *answer)
{
	struct stage list[STAGES];
	char took[CLI_VALUE_TEXT], at[CLI_VALUE_TEXT];
	int64_t before = answer->times.begin_ns;
	int i;

	list_stages(list, &answer->times);
	for (i = 0; i < STAGES && list[i].over_ns >= 0; i++) {
		cli_format_duration(
			list[i].over_ns - before, took, sizeof(took));
		cli_format_duration(list[i].over_ns, at, sizeof(at));
		cli_say(get->tool, 1, "%-8s %10s, over after %s", list[i].name,
			took, at);
		before = list[i].over_ns;
	}
}

static void
say_end(const struct get *get, const struct pier_http_answer *answer,
	const struct pier_tcp_info *info)
{
	char size[CLI_VALUE_TEXT], took[CLI_VALUE_TEXT], rtt[CLI_VALUE_TEXT];
	char kernel[96] = "", text[512];
	size_t i;

	for (i = 0; i < answer->trailer_count; i++)
		cli_say(get->tool, 1, "trailer %s: %s",
			answer->trailers[i].name,
			get_printable(
				answer->trailers[i].value, text, sizeof(text)));
	if (info->have & PIER_INFO_RTT) {
		cli_format_duration(
			info->rtt_us * INT64_C(1000), rtt, sizeof(rtt));
		snprintf(kernel, sizeof(kernel),
			"; rtt %s, %u retransmission%s", rtt, info->retransmits,
			info->retransmits == 1 ? "" : "s");
	}
	cli_format_bytes(get->body, size, sizeof(size));
	cli_format_duration(pier_now() - get->began, took, sizeof(took));
	cli_say(get->tool, 1, "received %s in %s%s", size, took, kernel);
}

static void
print_stages(const struct get *get, const struct pier_http_answer *answer,
	const struct pier_tcp_info *info)
{
	json_t *event = cli_event("stages");
	struct stage list[STAGES];
	int64_t before = answer->times.begin_ns;
	int i;

	cli_event_text(event, "url", answer->url);
	list_stages(list, &answer->times);
	for (i = 0; i < STAGES && list[i].over_ns >= 0; i++) {
		cli_event_seconds(event, list[i].key, list[i].over_ns - before);
		before = list[i].over_ns;
	}
	cli_event_flag(event, "complete", answer->times.done_ns >= 0);
	cli_event_seconds(event, "total_s", pier_now() - get->began);
	cli_event_number(event, "received", (int64_t)get->body);
	(void)json_object_set_new(
		event, "attempts", cli_attempts_json(answer->dial));
	if (answer->trailer_count > 0)
		(void)json_object_set_new(event, "trailers",
			headers_json(answer->trailers, answer->trailer_count));
	cli_event_tcp(event, info);
	print(get, event);
}

void
get_tell_stages(const struct get *get)
{
	const struct pier_http_answer *answer = pier_http_answer(get->http);
	struct pier_stream *stream = pier_http_stream(get->http);
	struct pier_tcp_info info = { .have = 0 };

	/* Other families have none: then have stays 0. */
	if (stream != NULL)
		(void)pier_tcp_info(pier_fd(stream), &info);
	say_stages(get, answer);
	say_end(get, answer, &info);
	if (get->tool->json)
		print_stages(get, answer, &info);
}
