/* SPDX-License-Identifier: MIT */
/* pier can: a frame as a line for people, a line of a log, or an event. */
#include "can.h"
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define SECOND INT64_C(1000000000)
/* 64 bytes of data, each with colours around it. */
#define LINE_SIZE 2048

/* Classes of errors, by their bits. */
static const char *const classes[] = { "tx-timeout", "lost-arbitration",
	"controller", "protocol", "transceiver", "no-ack", "bus-off", "bus",
	"restarted" };

#define CLASSES (sizeof(classes) / sizeof(classes[0]))

static void
format_date(char *buf, size_t size, int64_t ns, bool is_utc)
{
	time_t seconds = (time_t)(ns / SECOND);
	struct tm parts = { .tm_sec = 0 };
	size_t len;

	(void)(is_utc ? gmtime_r(&seconds, &parts)
		      : localtime_r(&seconds, &parts));
	len = strftime(buf, size,
		is_utc ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &parts);
	if (is_utc)
		snprintf(buf + len, size - len, ".%09" PRId64 "Z", ns % SECOND);
	else
		snprintf(buf + len, size - len, ".%06" PRId64,
			ns % SECOND / 1000);
}

/* A difference; a clock that was set back gives one below 0. */
static void
format_since(char *buf, size_t size, int64_t ns)
{
	uint64_t us = (uint64_t)(ns < 0 ? -ns : ns) / 1000;

	snprintf(buf, size, "%s%03" PRIu64 ".%06" PRIu64, ns < 0 ? "-" : "",
		us / 1000000, us % 1000000);
}

void
can_tell_time(struct can_teller *teller, char *buf, size_t size, int64_t ns)
{
	char text[64] = "";

	switch (teller->settings->time) {
	case CAN_TIME_NONE:
		break;
	case CAN_TIME_UTC:
	case CAN_TIME_LOCAL:
		format_date(text, sizeof(text), ns,
			teller->settings->time == CAN_TIME_UTC);
		break;
	case CAN_TIME_DELTA:
		format_since(text, sizeof(text),
			teller->has_first ? ns - teller->last_ns : 0);
		break;
	case CAN_TIME_ZERO:
		format_since(text, sizeof(text),
			teller->has_first ? ns - teller->first_ns : 0);
		break;
	case CAN_TIME_EPOCH_NS:
		snprintf(text, sizeof(text), "%010" PRId64 ".%09" PRId64,
			ns / SECOND, ns % SECOND);
		break;
	default:
		snprintf(text, sizeof(text), "%010" PRId64 ".%06" PRId64,
			ns / SECOND, ns % SECOND / 1000);
		break;
	}
	snprintf(buf, size, text[0] != '\0' ? "(%s) " : "%s", text);
	if (!teller->has_first)
		teller->first_ns = ns;
	teller->has_first = true;
	teller->last_ns = ns;
}

static void
put_classes(FILE *out, uint32_t id)
{
	size_t i;

	for (i = 0; i < CLASSES; i++)
		if ((id & 1u << i) != 0)
			fprintf(out, " %s", classes[i]);
}

static void
put_ascii(FILE *out, const struct pier_can_frame *frame)
{
	size_t i;

	fputs("  '", out);
	for (i = 0; i < frame->size; i++) {
		unsigned char c = frame->data[i];

		fputc(c >= ' ' && c <= '~' ? c : '.', out);
	}
	fputc('\'', out);
}

struct cli_paint
can_mark(const struct cli_tool *tool)
{
	struct cli_paint mark = tool->out;

	if (mark.strong[0] != '\0')
		mark.strong = "\033[1;31m"; /* bold and red, as cansniffer */
	return mark;
}

void
can_put_id(FILE *out, const struct pier_can_frame *frame)
{
	bool is_long = frame->extended || frame->error;

	fprintf(out, "%*s%0*" PRIX32, is_long ? 0 : 5, "", is_long ? 8 : 3,
		frame->error ? frame->id | 0x20000000u : frame->id);
}

void
can_put_frame(FILE *out, const struct can_teller *teller, const char *interface,
	const struct pier_can_frame *frame, uint64_t marked)
{
	struct cli_paint mark = can_mark(teller->tool);
	size_t i;

	fprintf(out, "%s  ", interface);
	can_put_id(out, frame);
	fprintf(out, frame->fd ? "  [%02u]" : "   [%u]", frame->size);
	for (i = 0; !frame->remote && i < frame->size; i++) {
		bool is_marked = (marked & UINT64_C(1) << i) != 0;

		fprintf(out, "%s%s%02X%s", i == 0 ? "  " : " ",
			is_marked ? mark.strong : "", frame->data[i],
			is_marked ? mark.plain : "");
	}
	if (frame->remote)
		fputs("  remote request", out);
	if (frame->error) {
		fputs("  error:", out);
		put_classes(out, frame->id);
	} else if (teller->settings->common.verbose > 0 && !frame->remote) {
		put_ascii(out, frame);
	}
	if (frame->fd && (frame->fd_flags & 3) != 0)
		fprintf(out, "  %s%s",
			(frame->fd_flags & PIER_CAN_BRS) != 0 ? "BRS" : "",
			(frame->fd_flags & PIER_CAN_ESI) == 0   ? ""
			: (frame->fd_flags & PIER_CAN_BRS) != 0 ? " ESI"
								: "ESI");
}

void
can_event_frame(json_t *event, const struct pier_can_frame *frame)
{
	char text[PIER_CAN_TEXT_MAX], data[2 * PIER_CAN_DATA_MAX + 1] = "";
	size_t i;

	cli_event_number(event, "id", frame->id);
	cli_event_flag(event, "extended", frame->extended);
	cli_event_flag(event, "remote", frame->remote);
	cli_event_flag(event, "error", frame->error);
	cli_event_flag(event, "fd", frame->fd);
	if (frame->fd) {
		cli_event_flag(
			event, "brs", (frame->fd_flags & PIER_CAN_BRS) != 0);
		cli_event_flag(
			event, "esi", (frame->fd_flags & PIER_CAN_ESI) != 0);
	}
	cli_event_number(event, "size", frame->size);
	for (i = 0; !frame->remote && i < frame->size; i++)
		snprintf(data + 2 * i, 3, "%02x", frame->data[i]);
	cli_event_text(event, "data", data);
	if (pier_can_frame_format(frame, text, sizeof(text)) > 0)
		cli_event_text(event, "text", text);
}

void
can_event_time(json_t *event, int64_t ns)
{
	char time[64];

	format_date(time, sizeof(time), ns, true);
	cli_event_text(event, "time", time);
}

static json_t *
class_list(uint32_t id)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < CLASSES; i++)
		if ((id & 1u << i) != 0)
			(void)json_array_append_new(
				list, json_string(classes[i]));
	return list;
}

static int
tell_json(
	const struct can_teller *teller, const struct pier_can_message *message)
{
	json_t *event = cli_event("frame");

	can_event_time(event, message->time_ns);
	cli_event_text(event, "interface", message->interface);
	can_event_frame(event, &message->frame);
	if (event != NULL && message->frame.error)
		(void)json_object_set_new(
			event, "classes", class_list(message->frame.id));
	cli_event_flag(event, "local", message->local);
	cli_event_number(event, "dropped", message->dropped);
	return cli_event_print(event, teller->tool->until);
}

int
can_tell(struct can_teller *teller, const struct pier_can_message *message)
{
	char line[LINE_SIZE], time[80], text[PIER_CAN_TEXT_MAX];
	FILE *out;

	if (teller->tool->json)
		return tell_json(teller, message);
	can_tell_time(teller, time, sizeof(time), message->time_ns);
	if (teller->settings->log) {
		if (pier_can_frame_format(&message->frame, text, sizeof(text)) <
			0)
			return 0; /* a frame that came is one */
		snprintf(line, sizeof(line), "%s%s %s\n", time,
			message->interface, text);
		return cli_output(line, strlen(line), teller->tool->until);
	}
	out = fmemopen(line, sizeof(line), "w");
	if (out == NULL)
		return -ENOMEM;
	fputs(time, out);
	can_put_frame(out, teller, message->interface, &message->frame, 0);
	fputc('\n', out);
	fclose(out);
	return cli_output(line, strlen(line), teller->tool->until);
}
