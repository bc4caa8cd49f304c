/* SPDX-License-Identifier: MIT */
/*
 * pier can watch: what changes, and what falls silent. By raw sockets: the
 * broadcast manager has to be told each identifier before, and tells nothing of
 * those that nobody thought of. One fiber, since a picture is of all of them.
 */
#include "can_news.h"
#include "can_view.h"

#include "conduct.h"
#include "output.h"
#include "signals.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MS INT64_C(1000000)

/* A picture is drawn at most each so often, and at least: ages go on. */
#define DRAW_NS  (100 * MS)
#define CLOCK_NS (500 * MS)

/* Frames of one interface, before another is looked at. */
#define BURST 64

/* While there are more all the time, the clock is looked at in each turn of so
   many. */
#define TURNS 16

struct watching {
	struct cli_tool *tool;
	const struct can_settings *settings;
	struct can_sources sources;
	struct can_table *table;
	struct can_view *view; /* NULL: lines, or events */
	struct can_teller teller;
	pier_deadline until;
	int64_t drawn_ns;
	bool has_begun; /* a log: its first line was read */
	bool has_news;  /* since it was drawn */
	bool has_more;  /* frames that were not read yet */
	int64_t heard_ns;
	unsigned turn;
	int64_t frames, told, dropped;
	char names[256];
	int code;
};

static int64_t
now_ns(void)
{
	return pier_in_ns(0).ns;
}

static int64_t
wall_ns(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static bool
has_enough(const struct watching *watching)
{
	return watching->settings->count > 0 &&
	       watching->told >= watching->settings->count;
}

/* The result of output. 0, or an error: what is wrong was said. */
static int
check_output(struct watching *watching, int rc)
{
	if (rc < 0 && rc != -EPIPE && !cli_output_no_room(rc))
		watching->code = cli_own_failure(watching->tool, PIER_STEP_SEND,
			"standard output", rc, "");
	return rc;
}

static int
tell(struct watching *watching, const struct can_news *news, int64_t time_ns)
{
	watching->told++;
	watching->has_news = true;
	if (watching->view != NULL)
		return 0;
	return check_output(
		watching, can_news_tell(&watching->teller, news, time_ns));
}

/* A frame that came at now by the clock. */
static int
take(struct watching *watching, const struct pier_can_message *message,
	int64_t now)
{
	struct can_news news;
	int rc = can_table_put(watching->table, message, now, &news);

	watching->frames++;
	watching->has_news = true;
	if (rc == -ENOSPC && can_table_missed(watching->table) == 1)
		cli_say(watching->tool, watching->view != NULL ? 1 : 0,
			"more than %d identifiers: what comes of others is "
			"not looked at; filters choose",
			CAN_TABLE_MAX);
	if (rc == -ENOMEM)
		watching->code = cli_own_failure(watching->tool,
			PIER_STEP_CREATE, "memory", -ENOMEM, "");
	if (rc <= 0)
		return rc == -ENOSPC ? 0 : rc;
	return tell(watching, &news, message->time_ns);
}

/* What is due by now; offset_ns lies between that clock and the time of day. */
static int
take_due(struct watching *watching, int64_t now, int64_t offset_ns)
{
	struct can_news news;
	int rc = 0;

	while (rc == 0 && !has_enough(watching) &&
		can_table_due(watching->table, now, &news) > 0)
		rc = tell(watching, &news, news.at_ns + offset_ns);
	return rc;
}

/* A filter that lets one identifier pass names what should come. A mask without
   the bit of extended ones lets those pass too, and names the short one. */
static bool
is_expected(const struct pier_can_filter *filter, struct can_row_key *key)
{
	uint32_t max;

	key->extended = (filter->id & PIER_CAN_FILTER_EXTENDED) != 0;
	key->remote = (filter->id & filter->mask & PIER_CAN_FILTER_REMOTE) != 0;
	max = key->extended ? PIER_CAN_ID_EXTENDED_MAX : PIER_CAN_ID_MAX;
	key->id = filter->id & max;
	return !filter->inverse && (filter->mask & max) == max;
}

/* 0, or an exit code. */
static int
expect(struct watching *watching, int64_t now)
{
	size_t i, k;
	int rc = 0;

	can_table_start(watching->table, now);
	for (i = 0; i < watching->sources.count; i++) {
		const struct can_source *source = &watching->sources.list[i];
		struct can_row_key key = { .id = 0 };

		memcpy(key.interface, source->name, sizeof(key.interface));
		for (k = 0; rc == 0 && k < source->filters.count; k++)
			if (source->name[0] != '\0' && !source->filters.join &&
				is_expected(&source->filters.list[k], &key))
				rc = can_table_expect(
					watching->table, &key, now);
	}
	return rc == 0 ? 0
		       : cli_own_failure(watching->tool, PIER_STEP_CREATE,
				 "memory", rc, "");
}

/* What is there of one interface, at most BURST. 0, or an error. */
static int
hear(struct watching *watching, const struct can_source *source)
{
	struct pier_can_message message;
	int i, rc = 0;

	for (i = 0; rc == 0 && i < BURST && !has_enough(watching); i++) {
		rc = pier_can_recv(source->can, &message, PIER_NOW);
		if (rc == 0)
			rc = take(watching, &message, now_ns());
		else if (rc != -EAGAIN)
			watching->code = can_failure(watching->tool, rc);
	}
	if (rc == 0)
		watching->has_more = true;
	return rc == -EAGAIN ? 0 : rc;
}

/* What came up to watching->heard_ns, after a wait for the first of it. */
static int
hear_all(struct watching *watching, pier_deadline deadline)
{
	struct pier_waitable list[CLI_TEXTS_MAX];
	size_t count = watching->sources.count, i;
	int rc;

	memset(list, 0, sizeof(list));
	for (i = 0; i < count; i++) {
		list[i].fd = pier_can_fd(watching->sources.list[i].can);
		list[i].want = PIER_READING;
	}
	rc = pier_wait_any(list, count, deadline);
	if (rc < 0 && !pier_is_deadline(rc)) {
		watching->code = can_failure(watching->tool, rc);
		return rc;
	}
	watching->has_more = false;
	watching->heard_ns = now_ns();
	for (i = 0, rc = 0; rc == 0 && i < count; i++)
		rc = hear(watching, &watching->sources.list[i]);
	return rc;
}

static int64_t
draws_at(const struct watching *watching)
{
	return watching->drawn_ns + (watching->has_news ? DRAW_NS : CLOCK_NS);
}

/* When there is something to do without a frame. */
static pier_deadline
next_turn(const struct watching *watching)
{
	int64_t at = can_table_wake(watching->table);

	if (watching->view != NULL && draws_at(watching) < at)
		at = draws_at(watching);
	return pier_earlier(watching->until, pier_deadline_at(at));
}

static int
draw(struct watching *watching, int64_t now)
{
	struct can_view_head head = { .names = watching->names,
		.frames = watching->frames };

	head.dropped = can_sources_dropped(&watching->sources);
	watching->drawn_ns = now;
	watching->has_news = false;
	return check_output(watching,
		can_view_draw(watching->view, watching->table, &head, now));
}

/* Until something ends all of it. What is due at a moment is told when all that
   came before it was read: this process may be the one that is late. */
static int
watch(struct watching *watching)
{
	int64_t now = now_ns();
	int rc = 0;

	while (rc == 0 && !has_enough(watching) && now < watching->until.ns) {
		rc = hear_all(watching, next_turn(watching));
		if (rc == 0 &&
			(!watching->has_more || ++watching->turn % TURNS == 0))
			rc = take_due(watching, watching->heard_ns,
				wall_ns() - now_ns());
		now = now_ns();
		if (rc == 0 && watching->view != NULL &&
			now >= draws_at(watching))
			rc = draw(watching, now);
	}
	/* The last picture stays. */
	if (watching->view != NULL && watching->code == 0)
		(void)draw(watching, now);
	return watching->code;
}

static int
run_live(struct pier_group *group, void *arg)
{
	struct watching *watching = arg;
	const struct can_settings *settings = watching->settings;
	int code, rc = 0;

	(void)group;
	code = can_sources_open(
		&watching->sources, watching->tool, settings->buffer);
	if (code == 0)
		code = expect(watching, now_ns());
	if (code != 0)
		return code;
	watching->until = settings->limit > 0 ? pier_in_ns(settings->limit)
					      : PIER_FOREVER;
	watching->tool->until = watching->until;
	cli_say(watching->tool, 1, "listening");
	if (can_view_fits(watching->tool))
		rc = can_view_open(
			&watching->view, watching->tool, settings->hold);
	if (rc == 0 && watching->view != NULL)
		rc = draw(watching, now_ns());
	return rc < 0 ? watching->code : watch(watching);
}

/* A line of a log: its times are the clock. 1, or an error that was said. */
static int
take_line(struct watching *watching, const struct can_lines *lines,
	const char *line)
{
	struct pier_can_message message;
	int rc = pier_can_log_parse(&message, line);

	if (rc < 0) {
		watching->code = can_lines_wrong(lines);
		return rc;
	}
	if (rc > 0)
		return 1;
	if (!watching->has_begun)
		watching->code = expect(watching, message.time_ns);
	watching->has_begun = true;
	/* Of frames that do not pass, the time counts. */
	if (watching->code == 0)
		rc = take_due(watching, message.time_ns, 0);
	if (watching->code == 0 && rc == 0 && !has_enough(watching) &&
		can_sources_pass(&watching->sources, &message))
		rc = take(watching, &message, message.time_ns);
	return watching->code != 0 ? -ECANCELED : rc < 0 ? rc : 1;
}

static int
run_file(struct pier_group *group, void *arg)
{
	struct watching *watching = arg;
	struct can_lines *lines;
	const char *line;
	int rc = 1;

	(void)group;
	watching->code = can_lines_open(
		&lines, watching->tool, watching->settings->read);
	if (watching->code != 0)
		return watching->code;
	/* A file is always ready: nothing of it waits to be cancelled. */
	while (rc > 0 && !has_enough(watching) && cli_signals_caught() == 0) {
		rc = can_lines_next(lines, &line, &watching->code);
		if (rc > 0)
			rc = take_line(watching, lines, line);
	}
	can_lines_close(lines);
	return watching->code;
}

static void
tell_end(const struct watching *watching)
{
	size_t count = can_table_count(watching->table);
	json_t *event;

	if (watching->tool->json) {
		event = cli_event("end");
		cli_event_number(event, "frames", watching->frames);
		if (watching->settings->read == NULL)
			cli_event_number(event, "dropped", watching->dropped);
		cli_event_number(event, "identifiers", (int64_t)count);
		cli_event_number(event, "missed",
			(int64_t)can_table_missed(watching->table));
		/* Standard error has it too. */
		(void)cli_event_print(event, cli_output_last_moment());
	}
	cli_say(watching->tool, watching->dropped > 0 ? 0 : 1,
		"%" PRId64 " frame%s of %zu identifier%s, %" PRId64
		" dropped%s",
		watching->frames, watching->frames == 1 ? "" : "s", count,
		count == 1 ? "" : "s", watching->dropped,
		watching->dropped > 0 ? ": --buffer gives the kernel more room"
				      : "");
}

static void
join_names(struct watching *watching)
{
	size_t i, len = 0;

	for (i = 0; i < watching->sources.count; i++) {
		const char *name = watching->sources.list[i].name;

		if (len + PIER_INTERFACE_NAME_MAX + 2 > sizeof(watching->names))
			return;
		len += (size_t)snprintf(watching->names + len,
			sizeof(watching->names) - len, "%s%s",
			i > 0 ? ", " : "", name[0] != '\0' ? name : "any");
	}
}

static int
run(struct watching *watching)
{
	const struct can_settings *settings = watching->settings;
	int code = can_sources_read(
		&watching->sources, watching->tool, &settings->words);

	if (code != 0)
		return code;
	join_names(watching);
	code = cli_conduct(watching->tool,
		settings->read != NULL ? run_file : run_live, watching);
	can_view_close(watching->view);
	watching->dropped = can_sources_dropped(&watching->sources);
	can_sources_close(&watching->sources);
	if (watching->code != 0)
		return watching->code;
	/* Ended before anything was heard, by a failure that was told. */
	if (code != 0 && code < CLI_EXIT_SIGNAL)
		return code;
	tell_end(watching);
	if (code != 0)
		return code;
	return watching->frames == 0 ? CLI_EXIT_NO : CLI_EXIT_OK;
}

int
can_watch(struct cli_tool *tool, const struct can_settings *settings)
{
	const struct can_table_opts opts = { .silent_ns = settings->silent,
		.throttle_ns = settings->throttle,
		.learn_ns = settings->learn };
	struct watching *watching;
	int code;

	if (settings->words.n == 0 && settings->read == NULL)
		return can_wrong_words(tool,
			"expected an interface: pier can watch vcan0, or any");
	watching = calloc(1, sizeof(*watching));
	if (watching == NULL || can_table_open(&watching->table, &opts) < 0) {
		free(watching);
		return cli_own_failure(
			tool, PIER_STEP_CREATE, "memory", -ENOMEM, "");
	}
	watching->tool = tool;
	watching->settings = settings;
	watching->teller =
		(struct can_teller){ .tool = tool, .settings = settings };
	code = run(watching);
	can_table_close(watching->table);
	free(watching);
	return code;
}
