/* SPDX-License-Identifier: MIT */
/*
 * pier can isotp --sniff: messages of ISO-TP between two others, put together from
 * the frames that both send. Nothing is sent, and neither of them knows.
 */
#include "can_isotp.h"

#include "conduct.h"
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

/* What one of the two is sending. */
struct half {
	uint32_t id;
	bool extended;
	bool is_open; /* the first frame of a message has come */
	uint8_t next; /* number of the frame that follows */
	size_t size, have;
	unsigned char data[CAN_ISOTP_MAX];
};

struct sniffing {
	struct cli_tool *tool;
	const struct can_settings *settings;
	struct pier_can *can;
	char interface[PIER_INTERFACE_NAME_MAX];
	bool addressed; /* a byte of extended addressing comes first */
	int64_t seen, broken;
	int code;
	struct half halves[2];
	char text[32 + CAN_ISOTP_TEXT];
	char line[160 + CAN_ISOTP_TEXT];
};

static int
put(struct sniffing *sniffing, const struct pier_can_message *message,
	const char *text)
{
	const struct pier_can_frame *frame = &message->frame;
	int len = snprintf(sniffing->line, sizeof(sniffing->line),
		"(%010" PRId64 ".%06" PRId64 ") %s  %0*" PRIX32 "  %s\n",
		message->time_ns / SECOND, message->time_ns % SECOND / 1000,
		message->interface, frame->extended ? 8 : 3, frame->id, text);

	return cli_output(sniffing->line, (size_t)len, sniffing->tool->until);
}

/* A message that is whole. */
static int
tell(struct sniffing *sniffing, const struct pier_can_message *message,
	const struct half *half)
{
	char head[32];
	size_t used;

	sniffing->seen++;
	if (sniffing->tool->json) {
		json_t *event = cli_event("message");

		cli_event_time(event, "time", message->time_ns);
		cli_event_text(event, "interface", message->interface);
		cli_event_number(event, "id", half->id);
		cli_event_flag(event, "extended", half->extended);
		cli_event_number(event, "size", (int64_t)half->size);
		can_isotp_add(event, sniffing->text, half->data, half->size);
		return cli_event_print(event, sniffing->tool->until);
	}
	snprintf(head, sizeof(head), "[%zu]  ", half->size);
	used = strlen(head);
	memcpy(sniffing->text, head, used);
	can_isotp_write(sniffing->text + used, half->data, half->size);
	return put(sniffing, message, sniffing->text);
}

/* With -v: what each frame is, as isotpdump(1) tells it. */
static int
tell_frame(struct sniffing *sniffing, const struct pier_can_message *message,
	const struct pier_isotp_frame *frame)
{
	static const char *const flows[] = { "CTS", "WT", "OVFLW" };
	char text[96];

	switch (frame->kind) {
	case PIER_ISOTP_SINGLE:
		snprintf(text, sizeof(text), "[SF] ln: %" PRIu32, frame->size);
		break;
	case PIER_ISOTP_FIRST:
		snprintf(text, sizeof(text), "[FF] ln: %" PRIu32, frame->size);
		break;
	case PIER_ISOTP_FOLLOWING:
		snprintf(text, sizeof(text), "[CF] sn: %X", frame->sequence);
		break;
	default:
		snprintf(text, sizeof(text),
			"[FC] FC: %d = %s # BS: %u # STmin: %" PRId64 " us",
			(int)frame->flow, flows[frame->flow], frame->block_size,
			frame->stmin_ns / 1000);
		break;
	}
	return put(sniffing, message, text);
}

static void
break_off(struct sniffing *sniffing, struct half *half, const char *why)
{
	sniffing->broken++;
	cli_say(sniffing->tool, 0, "a message of %0*" PRIX32 " broke off: %s",
		half->extended ? 8 : 3, half->id, why);
	half->is_open = false;
}

static void
begin(struct half *half, const struct pier_isotp_frame *frame)
{
	half->is_open = true;
	half->size = frame->size;
	half->have = frame->data_size;
	half->next = 1;
	memcpy(half->data, frame->data, frame->data_size);
}

/* The frame's part of a message; true when that is whole. */
static bool
join(struct sniffing *sniffing, struct half *half,
	const struct pier_isotp_frame *frame)
{
	size_t left, n;

	if (frame->kind == PIER_ISOTP_SINGLE ||
		frame->kind == PIER_ISOTP_FIRST) {
		if (half->is_open)
			break_off(sniffing, half, "another one began");
		begin(half, frame);
		if (half->size > CAN_ISOTP_MAX)
			break_off(sniffing, half, "longer than 65536 bytes");
	} else if (frame->kind == PIER_ISOTP_FOLLOWING && half->is_open) {
		if (frame->sequence != half->next) {
			break_off(sniffing, half, "a frame is missing");
			return false;
		}
		half->next = (half->next + 1) & 15;
		left = half->size - half->have;
		n = frame->data_size < left ? frame->data_size : left;
		memcpy(half->data + half->have, frame->data, n);
		half->have += n;
	} else {
		return false;
	}
	if (!half->is_open || half->have < half->size)
		return false;
	half->is_open = false;
	return true;
}

static int
take(struct sniffing *sniffing, const struct pier_can_message *message)
{
	const struct pier_can_frame *raw = &message->frame;
	struct half *half = &sniffing->halves[0];
	struct pier_isotp_frame frame;
	int rc = 0;

	if (raw->id != half->id || raw->extended != half->extended)
		half++;
	if (pier_isotp_frame_read(&frame, raw, sniffing->addressed) < 0)
		return 0; /* not of ISO-TP */
	if (sniffing->tool->verbose > 0 && !sniffing->tool->json)
		rc = tell_frame(sniffing, message, &frame);
	if (rc == 0 && join(sniffing, half, &frame))
		rc = tell(sniffing, message, half);
	return rc;
}

static bool
has_enough(const struct sniffing *sniffing)
{
	return sniffing->settings->count > 0 &&
	       sniffing->seen >= sniffing->settings->count;
}

static int
listen_to(struct sniffing *sniffing)
{
	struct pier_can_message message;
	int rc = 0;

	while (rc == 0 && !has_enough(sniffing)) {
		rc = pier_can_recv(
			sniffing->can, &message, sniffing->tool->until);
		if (rc < 0) {
			sniffing->code = can_failure(sniffing->tool, rc);
			break;
		}
		rc = take(sniffing, &message);
		if (rc < 0 && rc != -EPIPE && !cli_output_no_room(rc))
			sniffing->code = cli_own_failure(sniffing->tool,
				PIER_STEP_SEND, "standard output", rc, "");
	}
	return sniffing->code;
}

static int
run(struct pier_group *group, void *arg)
{
	struct sniffing *sniffing = arg;
	struct pier_can_filters filters = { .count = 2 };
	size_t i;
	int rc;

	(void)group;
	for (i = 0; i < 2; i++) {
		const struct half *half = &sniffing->halves[i];

		filters.list[i].id =
			half->id |
			(half->extended ? PIER_CAN_FILTER_EXTENDED : 0);
		filters.list[i].mask =
			(half->extended ? PIER_CAN_ID_EXTENDED_MAX
					: PIER_CAN_ID_MAX) |
			PIER_CAN_FILTER_EXTENDED | PIER_CAN_FILTER_REMOTE;
	}
	sniffing->tool->until = sniffing->settings->limit > 0
					? pier_in_ns(sniffing->settings->limit)
					: PIER_FOREVER;
	rc = pier_can_open(&sniffing->can, sniffing->interface,
		&(struct pier_can_opts){ .filters = &filters });
	if (rc < 0)
		return can_failure(sniffing->tool, rc);
	cli_say(sniffing->tool, 1, "listening");
	return listen_to(sniffing);
}

/* The endpoint was checked: each of the three is there, and right. */
static void
read_endpoint(struct sniffing *sniffing, const char *endpoint)
{
	char ids[2][9] = { "", "" };
	size_t i;

	(void)sscanf(endpoint, "isotp://%15[^/]/%8[0-9A-Fa-f]/%8[0-9A-Fa-f]",
		sniffing->interface, ids[0], ids[1]);
	for (i = 0; i < 2; i++) {
		sniffing->halves[i].id = (uint32_t)strtoul(ids[i], NULL, 16);
		sniffing->halves[i].extended = strlen(ids[i]) == 8;
	}
	sniffing->addressed = strstr(endpoint, "?ext=") != NULL ||
			      strstr(endpoint, "&ext=") != NULL;
}

int
can_isotp_sniff(struct cli_tool *tool, const struct can_settings *settings,
	const char *endpoint)
{
	struct sniffing *sniffing = calloc(1, sizeof(*sniffing));
	int code;

	if (sniffing == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, "memory", -ENOMEM, "");
	sniffing->tool = tool;
	sniffing->settings = settings;
	read_endpoint(sniffing, endpoint);
	code = cli_conduct(tool, run, sniffing);
	cli_say(tool, 1, "%" PRId64 " message%s, %" PRId64 " broken",
		sniffing->seen, sniffing->seen == 1 ? "" : "s",
		sniffing->broken);
	if (code == 0 && sniffing->seen == 0)
		code = CLI_EXIT_NO;
	pier_can_close(sniffing->can);
	free(sniffing);
	return code;
}
