/* SPDX-License-Identifier: MIT */
/*
 * pier can dump: frames as they come, or as a log has them. A fiber for each
 * interface; what each shows does not mix, since a line leaves whole.
 */
#include "can.h"

#include "conduct.h"
#include "output.h"
#include "signals.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* LINKTYPE_CAN_SOCKETCAN: the identifier big endian, then as the kernel's. */
#define LINK_CAN 227

struct dumping;

/* A fiber's: one of the sources. */
struct ear {
	struct dumping *dumping;
	struct pier_can *can;
};

struct dumping {
	struct cli_tool *tool;
	const struct can_settings *settings;
	struct can_teller teller;
	struct pier_group *group;
	struct dump_sink *sink;
	int64_t seen;
	int64_t dropped;
	pier_deadline until;
	int code;
	struct can_sources sources;
	struct ear ears[CLI_TEXTS_MAX];
};

static int
keep(struct dumping *dumping, const struct pier_can_message *message)
{
	const struct pier_can_frame *frame = &message->frame;
	uint32_t id = frame->id | (frame->extended ? 0x80000000u : 0) |
		      (frame->remote ? 0x40000000u : 0) |
		      (frame->error ? 0x20000000u : 0);
	unsigned char bytes[8 + PIER_CAN_DATA_MAX] = { 0 };
	const struct pier_captured packet = { .data = bytes,
		.size = 8u + (frame->remote ? 0 : frame->size),
		.full_size = 8u + (frame->remote ? 0 : frame->size),
		.link = LINK_CAN,
		.time_ns = message->time_ns };

	pier_be32_put(bytes, id);
	bytes[4] = frame->size;
	if (frame->fd)
		bytes[5] = frame->fd_flags | PIER_CAN_FDF;
	else
		bytes[7] = frame->raw_code;
	memcpy(bytes + 8, frame->data, frame->size);
	return dump_sink_put(dumping->sink, &packet);
}

static bool
has_enough(const struct dumping *dumping)
{
	return dumping->settings->count > 0 &&
	       dumping->seen >= dumping->settings->count;
}

/* A frame that passed. 0, or an error; what is wrong was said. */
static int
take(struct dumping *dumping, const struct pier_can_message *message)
{
	const struct can_settings *settings = dumping->settings;
	int rc = 0;

	dumping->seen++;
	if (dumping->sink != NULL)
		rc = keep(dumping, message);
	if (rc < 0)
		dumping->code = CLI_EXIT_RESOURCE;
	if (rc < 0 || (dumping->sink != NULL && settings->common.verbose == 0 &&
			      !settings->log && !settings->common.json))
		return rc;
	rc = can_tell(&dumping->teller, message);
	if (rc < 0 && rc != -EPIPE && !cli_output_no_room(rc))
		dumping->code = cli_own_failure(dumping->tool, PIER_STEP_SEND,
			"standard output", rc, "");
	return rc;
}

/* Until something ends all of it. */
static int
hear(void *arg)
{
	const struct ear *ear = arg;
	struct dumping *dumping = ear->dumping;
	struct pier_can_message message;
	int rc = 0;

	while (rc == 0 && !has_enough(dumping)) {
		rc = pier_can_recv(ear->can, &message, dumping->until);
		if (rc == 0)
			rc = take(dumping, &message);
		else if (dumping->code == 0)
			dumping->code = can_failure(dumping->tool, rc);
	}
	pier_group_cancel(dumping->group);
	return 0;
}

static int
run_live(struct pier_group *group, void *arg)
{
	struct dumping *dumping = arg;
	size_t i;

	dumping->group = group;
	dumping->until = dumping->settings->limit > 0
				 ? pier_in_ns(dumping->settings->limit)
				 : PIER_FOREVER;
	dumping->tool->until = dumping->until;
	dumping->code = can_sources_open(
		&dumping->sources, dumping->tool, dumping->settings->buffer);
	if (dumping->code != 0)
		return dumping->code;
	cli_say(dumping->tool, 1, "listening");
	for (i = 0; i < dumping->sources.count; i++)
		dumping->ears[i] = (struct ear){ .dumping = dumping,
			.can = dumping->sources.list[i].can };
	for (i = 1; i < dumping->sources.count; i++)
		if (pier_go(group, hear, &dumping->ears[i]) < 0)
			return cli_failure(dumping->tool, pier_last_error());
	(void)hear(&dumping->ears[0]);
	return 0;
}

static int
run_file(struct pier_group *group, void *arg)
{
	struct dumping *dumping = arg;
	struct pier_can_message message;
	struct can_lines *lines;
	const char *line;
	int rc = 1;

	(void)group;
	dumping->code =
		can_lines_open(&lines, dumping->tool, dumping->settings->read);
	if (dumping->code != 0)
		return dumping->code;
	/* A file is always ready: nothing of it waits to be cancelled. */
	while (rc > 0 && !has_enough(dumping) && cli_signals_caught() == 0) {
		rc = can_lines_next(lines, &line, &dumping->code);
		if (rc <= 0)
			break;
		rc = pier_can_log_parse(&message, line);
		if (rc < 0)
			dumping->code = can_lines_wrong(lines);
		else if (rc == 0)
			rc = can_sources_pass(&dumping->sources, &message)
				     ? take(dumping, &message)
				     : 0;
		rc = rc < 0 ? rc : 1;
	}
	can_lines_close(lines);
	return dumping->code;
}

static void
tell_end(const struct dumping *dumping)
{
	bool is_live = dumping->settings->read == NULL;
	json_t *event;

	if (dumping->tool->json) {
		event = cli_event("end");
		cli_event_number(event, "frames", dumping->seen);
		if (is_live)
			cli_event_number(event, "dropped", dumping->dropped);
		/* Standard error has it too. */
		(void)cli_event_print(event, cli_output_last_moment());
	}
	cli_say(dumping->tool, dumping->dropped > 0 ? 0 : 1,
		"%" PRId64 " frame%s, %" PRId64 " dropped%s", dumping->seen,
		dumping->seen == 1 ? "" : "s", dumping->dropped,
		dumping->dropped > 0 ? ": --buffer gives the kernel more room"
				     : "");
}

/* What the kernel had no room for, and the end of what is written: what is there
   stays where nothing could be heard. */
static void
finish(struct dumping *dumping, bool failed)
{
	dumping->dropped = can_sources_dropped(&dumping->sources);
	can_sources_close(&dumping->sources);
	if (dumping->sink != NULL && !failed &&
		dump_sink_holds(dumping->sink) &&
		dump_sink_flush(dumping->sink) < 0 && dumping->code == 0)
		dumping->code = CLI_EXIT_RESOURCE;
	dump_sink_close(dumping->sink);
}

static int
run(struct dumping *dumping)
{
	const struct can_settings *settings = dumping->settings;
	const struct pier_pcap head = { .link = LINK_CAN,
		.snap = PIER_DUMP_SNAP_MAX };
	int code = can_sources_read(
		&dumping->sources, dumping->tool, &settings->words);

	if (code == 0 && settings->write != NULL)
		code = dump_sink_open(
			&dumping->sink, dumping->tool, settings->write, &head);
	if (code != 0)
		return code;
	code = cli_conduct(dumping->tool,
		settings->read != NULL ? run_file : run_live, dumping);
	finish(dumping, dumping->seen == 0 &&
				(dumping->code != 0 ||
					(code != 0 && code < CLI_EXIT_SIGNAL)));
	if (dumping->code != 0)
		return dumping->code;
	tell_end(dumping);
	if (code != 0)
		return code;
	return dumping->seen == 0 ? CLI_EXIT_NO : CLI_EXIT_OK;
}

int
can_dump(struct cli_tool *tool, const struct can_settings *settings)
{
	struct dumping *dumping;
	int code;

	if (settings->words.n == 0 && settings->read == NULL)
		return can_wrong_words(tool,
			"expected an interface: pier can dump vcan0, or any");
	if (dump_is_same_file(settings->read, settings->write))
		return can_wrong_words(
			tool, "--write: that is the file that is read");
	dumping = calloc(1, sizeof(*dumping));
	if (dumping == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, "memory", -ENOMEM, "");
	dumping->tool = tool;
	dumping->settings = settings;
	dumping->teller =
		(struct can_teller){ .tool = tool, .settings = settings };
	code = run(dumping);
	free(dumping);
	return code;
}
