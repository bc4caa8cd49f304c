/* SPDX-License-Identifier: MIT */
/*
 * pier can send and pier can gen: frames that are given, or made up. Those that
 * are sent again and again are the kernel's where it can (can_cycle.c); else they
 * keep to a schedule from the beginning on, so that what one of them takes does
 * not add up.
 */
#include "can.h"

#include "conduct.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MS INT64_C(1000000)

/* Between made-up frames when nothing is said. */
#define GEN_EVERY_NS (200 * MS)

struct sending {
	struct cli_tool *tool;
	const struct can_settings *settings;
	struct pier_can *can;
	struct pier_can_frame frames[CLI_TEXTS_MAX];
	size_t count;
	const char *lines; /* a word that stands for a file: "-" */
	uint64_t state;    /* of random numbers */
	int64_t sent;
	bool by_kernel;
	bool is_open; /* it was: by raw sockets, or the kernel's timers */
	int code;
};

static int
send_frame(struct sending *sending, const struct pier_can_frame *frame)
{
	int rc = pier_can_send(
		sending->can, frame, can_room_until(sending->settings));

	if (rc < 0)
		sending->code = can_failure(sending->tool, rc);
	else
		sending->sent++;
	return rc;
}

/* Wait for round i. 0, or -ECANCELED. */
static int
await_round(pier_deadline begin, int64_t every, int64_t i)
{
	pier_deadline at = begin;

	if (every <= 0 || i == 0)
		return 0;
	if (i > (INT64_MAX - begin.ns) / every)
		return -ECANCELED; /* some 290 years on */
	at.ns += every * i;
	return pier_sleep(at);
}

static int
send_given(struct sending *sending)
{
	const struct can_settings *settings = sending->settings;
	/* Once, when nothing else is said; with --every until it is ended. */
	int64_t rounds = settings->count > 0   ? settings->count
			 : settings->every > 0 ? INT64_MAX
					       : 1;
	pier_deadline begin = pier_in_ns(0);
	int64_t round;
	size_t i;
	int rc = 0;

	for (round = 0; rc == 0 && round < rounds; round++) {
		rc = await_round(begin, settings->every, round);
		for (i = 0; rc == 0 && i < sending->count; i++)
			rc = send_frame(sending, &sending->frames[i]);
	}
	return sending->code;
}

/* A frame in each line. */
static int
send_lines(struct sending *sending)
{
	pier_deadline begin = pier_in_ns(0);
	struct pier_can_frame frame;
	struct can_lines *lines;
	const char *line;
	int rc = 0;

	sending->code = can_lines_open(&lines, sending->tool, sending->lines);
	if (sending->code != 0)
		return sending->code;
	while (rc == 0 && can_lines_next(lines, &line, &sending->code) > 0) {
		if (line[0] == '\0')
			continue;
		rc = pier_can_frame_parse(&frame, line);
		if (rc < 0)
			sending->code = can_lines_wrong(lines);
		if (rc == 0)
			rc = await_round(
				begin, sending->settings->every, sending->sent);
		if (rc == 0)
			rc = send_frame(sending, &frame);
	}
	can_lines_close(lines);
	return sending->code;
}

static int
run_send(struct pier_group *group, void *arg)
{
	struct sending *sending = arg;
	const struct can_settings *settings = sending->settings;
	int rc;

	(void)group;
	if (sending->lines == NULL &&
		can_cycle_fits(settings, sending->frames, sending->count)) {
		rc = can_cycle_run(sending->tool, settings, sending->frames,
			sending->count, &sending->sent, &sending->is_open);
		sending->by_kernel = rc != CAN_CYCLE_NONE;
		if (sending->by_kernel)
			return rc;
	}
	rc = pier_can_open(&sending->can, settings->words.item[0], NULL);
	if (rc < 0)
		return can_failure(sending->tool, rc);
	sending->is_open = true;
	return sending->lines != NULL ? send_lines(sending)
				      : send_given(sending);
}

/* SplitMix64: the same frames for the same seed, on every machine. */
static uint64_t
next_random(struct sending *sending)
{
	uint64_t z = sending->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void
make_up(struct sending *sending, struct pier_can_frame *frame)
{
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20,
		24, 32, 48, 64 };
	const struct can_settings *settings = sending->settings;
	const struct pier_can_frame *given = &sending->frames[0];
	uint64_t number = next_random(sending);
	size_t i;

	*frame = (struct pier_can_frame){ .extended = settings->extended,
		.fd = settings->fd,
		.size = sizes[(number >> 32) % (settings->fd ? 16 : 9)],
		.id = settings->id != NULL
			      ? given->id
			      : (uint32_t)number &
					(settings->extended
							? PIER_CAN_ID_EXTENDED_MAX
							: PIER_CAN_ID_MAX) };
	if (settings->counter) {
		frame->size = PIER_CAN_CLASSIC_MAX;
		pier_be64_put(frame->data, (uint64_t)sending->sent);
		return;
	}
	for (i = 0; i < frame->size; i++)
		frame->data[i] = (uint8_t)next_random(sending);
}

static int
run_gen(struct pier_group *group, void *arg)
{
	struct sending *sending = arg;
	const struct can_settings *settings = sending->settings;
	int64_t every = settings->every >= 0 ? settings->every : GEN_EVERY_NS;
	pier_deadline begin = pier_in_ns(0);
	struct pier_can_frame frame;
	int rc = pier_can_open(&sending->can, settings->words.item[0], NULL);

	(void)group;
	if (rc < 0)
		return can_failure(sending->tool, rc);
	sending->is_open = true;
	while (rc == 0 &&
		(settings->count == 0 || sending->sent < settings->count)) {
		rc = await_round(begin, every, sending->sent);
		make_up(sending, &frame);
		if (rc == 0)
			rc = send_frame(sending, &frame);
	}
	return sending->code;
}

static int
conduct(struct sending *sending, int (*fn)(struct pier_group *group, void *arg))
{
	int code = cli_conduct(sending->tool, fn, sending);

	pier_can_close(sending->can);
	/* Of a socket that could not be opened there is nothing to tell. */
	if (sending->tool->json && sending->is_open) {
		json_t *event = cli_event("sent");

		cli_event_number(event, "frames", sending->sent);
		cli_event_flag(event, "by_kernel", sending->by_kernel);
		(void)cli_event_print(event, PIER_NOW);
	}
	cli_say(sending->tool, 1, "%" PRId64 " frame%s sent", sending->sent,
		sending->sent == 1 ? "" : "s");
	return code;
}

static int
read_frames(struct sending *sending)
{
	const struct cli_texts *words = &sending->settings->words;
	size_t i;

	for (i = 1; i < words->n; i++) {
		if (strcmp(words->item[i], "-") == 0 && words->n == 2) {
			sending->lines = words->item[i];
			return 0;
		}
		if (pier_can_frame_parse(
			    &sending->frames[i - 1], words->item[i]) < 0)
			return can_wrong_words(
				sending->tool, pier_error_line());
	}
	sending->count = words->n - 1;
	return 0;
}

int
can_send(struct cli_tool *tool, const struct can_settings *settings)
{
	struct sending sending = { .tool = tool, .settings = settings };
	int code;

	if (settings->words.n < 2)
		return can_wrong_words(tool,
			"expected an interface and a frame, or - for standard "
			"input: pier can send vcan0 123#DEADBEEF");
	if (settings->every == 0)
		return can_wrong_words(tool,
			"--every: '0' is no pace of rounds: expected more than "
			"0, to 24h; without it one round is sent");
	code = read_frames(&sending);
	return code != 0 ? code : conduct(&sending, run_send);
}

int
can_gen(struct cli_tool *tool, const struct can_settings *settings)
{
	struct sending sending = { .tool = tool, .settings = settings };
	uint32_t max =
		settings->extended ? PIER_CAN_ID_EXTENDED_MAX : PIER_CAN_ID_MAX;
	char *end = NULL;

	if (settings->words.n != 1)
		return can_wrong_words(
			tool, "expected one interface: pier can gen vcan0");
	if (settings->id != NULL) {
		unsigned long id = strtoul(settings->id, &end, 16);

		if (settings->id[0] == '\0' || *end != '\0' ||
			strspn(settings->id, "0123456789abcdefABCDEF") !=
				strlen(settings->id) ||
			id > max)
			return can_wrong_words(tool,
				"expected --id as hexadecimal digits: at most "
				"7FF, with --extended 1FFFFFFF");
		sending.frames[0].id = (uint32_t)id;
	}
	if (settings->seed >= 0)
		sending.state = (uint64_t)settings->seed;
	else if (getrandom(&sending.state, sizeof(sending.state), 0) < 0)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, "random numbers", -errno, "");
	return conduct(&sending, run_gen);
}
