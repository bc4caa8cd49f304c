/* SPDX-License-Identifier: MIT */
/*
 * pier can play: the frames of a log, each as long after the first as it was then.
 * A frame that comes late moves none behind it.
 */
#include "can.h"

#include "conduct.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Interfaces of one log. */
#define WAYS_MAX 32

/* Frames of one interface of the log, and the interface that they go to. */
struct way {
	char from[PIER_INTERFACE_NAME_MAX];
	char to[PIER_INTERFACE_NAME_MAX];
	struct pier_can *can; /* NULL: not opened yet */
};

struct playing {
	struct cli_tool *tool;
	const struct can_settings *settings;
	size_t count;
	bool is_mapped; /* only what is named is played */
	pier_deadline begin;
	int64_t first_ns;
	bool has_first;
	int64_t sent;
	int64_t passed; /* frames of interfaces that are not played */
	int code;
	struct way ways[WAYS_MAX];
};

/* The way of that interface; NULL: its frames are not played, or what is wrong was
   said. */
static struct way *
way_of(struct playing *playing, const char *from)
{
	struct way *way = NULL;
	size_t i;
	int rc = 0;

	for (i = 0; i < playing->count && way == NULL; i++)
		if (strcmp(playing->ways[i].from, from) == 0)
			way = &playing->ways[i];
	if (way == NULL && playing->is_mapped)
		return NULL;
	if (way == NULL && playing->count == WAYS_MAX) {
		playing->code = cli_own_failure(playing->tool, PIER_STEP_CREATE,
			from, -PIER_ELIMIT, "a log of more than 32 interfaces");
		return NULL;
	}
	if (way == NULL) {
		way = &playing->ways[playing->count++];
		snprintf(way->from, sizeof(way->from), "%s", from);
		snprintf(way->to, sizeof(way->to), "%s", from);
	}
	if (way->can == NULL)
		rc = pier_can_open(&way->can, way->to, NULL);
	if (rc < 0)
		playing->code = can_failure(playing->tool, rc);
	return rc < 0 ? NULL : way;
}

/* Until it is this frame's turn. 0, or -ECANCELED. */
static int
await_turn(struct playing *playing, int64_t time_ns)
{
	pier_deadline at = playing->begin;

	if (!playing->has_first) {
		playing->has_first = true;
		playing->first_ns = time_ns;
	}
	if (playing->settings->at_once || time_ns <= playing->first_ns)
		return 0;
	if (time_ns - playing->first_ns > INT64_MAX - at.ns)
		at.ns = INT64_MAX;
	else
		at.ns += time_ns - playing->first_ns;
	return pier_sleep(at);
}

static int
play_line(struct playing *playing, const struct can_lines *lines,
	const char *line)
{
	struct pier_can_message message;
	struct way *way;
	int rc = pier_can_log_parse(&message, line);

	if (rc < 0)
		playing->code = can_lines_wrong(lines);
	if (rc != 0)
		return rc > 0 ? 0 : rc;
	way = way_of(playing, message.interface);
	if (way == NULL) {
		playing->passed++;
		return playing->code != 0 ? -EIO : 0;
	}
	rc = await_turn(playing, message.time_ns);
	if (rc < 0)
		return rc;
	rc = pier_can_send(
		way->can, &message.frame, can_room_until(playing->settings));
	if (rc < 0)
		playing->code = can_failure(playing->tool, rc);
	else
		playing->sent++;
	return rc;
}

static int
play_once(struct playing *playing, struct can_lines *lines)
{
	const char *line;
	int rc = 0;

	playing->begin = pier_in_ns(0);
	playing->has_first = false;
	while (rc == 0) {
		rc = can_lines_next(lines, &line, &playing->code);
		if (rc <= 0)
			break;
		rc = play_line(playing, lines, line);
	}
	return rc;
}

static int
run(struct pier_group *group, void *arg)
{
	struct playing *playing = arg;
	struct can_lines *lines;
	int64_t i;
	int rc = 0;

	(void)group;
	playing->code = can_lines_open(
		&lines, playing->tool, playing->settings->words.item[0]);
	if (playing->code != 0)
		return playing->code;
	for (i = 0; rc == 0 && i < playing->settings->loops; i++) {
		if (i > 0)
			playing->code = can_lines_again(lines);
		if (playing->code != 0)
			break;
		rc = play_once(playing, lines);
	}
	can_lines_close(lines);
	return playing->code;
}

/* "vcan1=can0": what came on can0 goes to vcan1. 0 or an exit code. */
static int
read_way(struct playing *playing, const char *word)
{
	const char *equals = strchr(word, '=');
	struct way *way = &playing->ways[playing->count];
	size_t to = equals != NULL ? (size_t)(equals - word) : 0;

	if (to == 0 || to >= sizeof(way->to) || equals[1] == '\0' ||
		strlen(equals + 1) >= sizeof(way->from))
		return can_wrong_words(playing->tool,
			"expected TO=FROM, two interfaces: vcan1=can0 sends "
			"to vcan1 what came on can0");
	if (playing->count == WAYS_MAX)
		return can_wrong_words(
			playing->tool, "there are at most 32 of TO=FROM");
	memcpy(way->to, word, to);
	snprintf(way->from, sizeof(way->from), "%s", equals + 1);
	playing->count++;
	playing->is_mapped = true;
	return 0;
}

/* A log of which nothing was sent is mostly the wrong one. */
static int
tell_none(const struct playing *playing)
{
	char line[256];

	snprintf(line, sizeof(line), "can: %s: %s",
		playing->settings->words.item[0],
		playing->passed > 0
			? "no frame of the interfaces that are named"
			: "no frame in it");
	return cli_negative(playing->tool, line, "");
}

static int
end(struct playing *playing, int code)
{
	size_t i;

	for (i = 0; i < playing->count; i++)
		pier_can_close(playing->ways[i].can);
	if (playing->tool->json) {
		json_t *event = cli_event("sent");

		cli_event_number(event, "frames", playing->sent);
		(void)cli_event_print(event, PIER_NOW);
	}
	cli_say(playing->tool, 1, "%" PRId64 " frame%s sent", playing->sent,
		playing->sent == 1 ? "" : "s");
	return code == CLI_EXIT_OK && playing->sent == 0 ? tell_none(playing)
							 : code;
}

int
can_play(struct cli_tool *tool, const struct can_settings *settings)
{
	struct playing playing = { .tool = tool, .settings = settings };
	size_t i;
	int code = 0;

	if (settings->words.n < 1)
		return can_wrong_words(tool,
			"expected a log, or - for standard input: pier can "
			"play night.log");
	for (i = 1; i < settings->words.n && code == 0; i++)
		code = read_way(&playing, settings->words.item[i]);
	if (code != 0)
		return code;
	return end(&playing, cli_conduct(tool, run, &playing));
}
