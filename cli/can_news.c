/* SPDX-License-Identifier: MIT */
/* cli/can_news.c - see can_news.h. */
#include "can_news.h"

#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* 64 bytes of data, each with colours around it, and a list of all of them. */
#define LINE_SIZE 2048

static const char *const words[] = {
	[CAN_NEWS_NEW] = "new",
	[CAN_NEWS_CHANGED] = "changed",
	[CAN_NEWS_RESUMED] = "resumed",
	[CAN_NEWS_SILENT] = "silent",
};

/* "  changed size,2,3" */
static void
put_changes(FILE *out, const struct can_news *news)
{
	const char *between = "  changed ";
	size_t i;

	if (news->resized) {
		fprintf(out, "%ssize", between);
		between = ",";
	}
	for (i = 0; i < PIER_CAN_DATA_MAX; i++)
		if ((news->changed & UINT64_C(1) << i) != 0) {
			fprintf(out, "%s%zu", between, i);
			between = ",";
		}
}

static void
put_duration(FILE *out, int64_t ns)
{
	fprintf(out, " after %" PRId64 ".%03" PRId64 "s",
		ns / INT64_C(1000000000), ns / 1000000 % 1000);
}

/* What identifies it, where there is no frame to show. */
static struct pier_can_frame
named(const struct can_row_key *key)
{
	return (struct pier_can_frame){ .id = key->id,
		.extended = key->extended,
		.remote = key->remote,
		.error = key->error };
}

static void
put_news(
	FILE *out, const struct can_teller *teller, const struct can_news *news)
{
	const struct pier_can_frame name = named(&news->key);
	struct cli_paint mark = can_mark(teller->tool);

	if (news->what == CAN_NEWS_SILENT) {
		fprintf(out, "%s  ", news->key.interface);
		can_put_id(out, &name);
		fprintf(out, "  %s%s", mark.strong, words[news->what]);
		put_duration(out, news->silent_ns);
		fputs(mark.plain, out);
		return;
	}
	can_put_frame(
		out, teller, news->key.interface, &news->frame, news->changed);
	if (news->what != CAN_NEWS_CHANGED)
		fprintf(out, "  %s", words[news->what]);
	if (news->what == CAN_NEWS_RESUMED)
		put_duration(out, news->silent_ns);
	put_changes(out, news);
}

static void
add_data(json_t *event, const char *key, const struct pier_can_frame *frame)
{
	char data[2 * PIER_CAN_DATA_MAX + 1] = "";
	size_t i;

	for (i = 0; !frame->remote && i < frame->size; i++)
		snprintf(data + 2 * i, 3, "%02x", frame->data[i]);
	cli_event_text(event, key, data);
}

static void
add_changes(json_t *event, const struct can_news *news)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < PIER_CAN_DATA_MAX; i++)
		if ((news->changed & UINT64_C(1) << i) != 0)
			(void)json_array_append_new(
				list, json_integer((json_int_t)i));
	if (event != NULL)
		(void)json_object_set_new(event, "changed", list);
	else
		json_decref(list);
	cli_event_flag(event, "resized", news->resized);
	add_data(event, "before", &news->before);
}

static int
tell_json(const struct can_teller *teller, const struct can_news *news,
	int64_t time_ns)
{
	bool is_silence = news->what == CAN_NEWS_SILENT;
	json_t *event = cli_event(is_silence ? "silence" : "change");

	can_event_time(event, time_ns);
	cli_event_text(event, "interface", news->key.interface);
	if (is_silence) {
		cli_event_number(event, "id", news->key.id);
		cli_event_flag(event, "extended", news->key.extended);
		cli_event_flag(event, "remote", news->key.remote);
		cli_event_flag(event, "error", news->key.error);
		cli_event_seconds(event, "silent_s", news->silent_ns);
	} else {
		cli_event_text(event, "what", words[news->what]);
		can_event_frame(event, &news->frame);
	}
	if (news->what == CAN_NEWS_RESUMED)
		cli_event_seconds(event, "silent_s", news->silent_ns);
	if (news->what == CAN_NEWS_CHANGED || news->what == CAN_NEWS_RESUMED)
		add_changes(event, news);
	cli_event_number(event, "count", (int64_t)news->count);
	return cli_event_print(event, teller->tool->until);
}

int
can_news_tell(
	struct can_teller *teller, const struct can_news *news, int64_t time_ns)
{
	char line[LINE_SIZE], time[80];
	FILE *out;

	if (teller->tool->json)
		return tell_json(teller, news, time_ns);
	can_tell_time(teller, time, sizeof(time), time_ns);
	out = fmemopen(line, sizeof(line), "w");
	if (out == NULL)
		return -ENOMEM;
	fputs(time, out);
	put_news(out, teller, news);
	fputc('\n', out);
	fclose(out);
	return cli_output(line, strlen(line), teller->tool->until);
}
