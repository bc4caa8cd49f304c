/* SPDX-License-Identifier: MIT */
/*
 * pier info --closed: a line for each socket that goes, with its last numbers.
 *
 * A socket that is gone has no process, and the kernel never told how old it
 * was. Both are known from looking at those that live, once a second: by the
 * cookie, which is never used twice. What lived for less than that has neither.
 */
#include "info.h"

#include "conduct.h"
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 1000

/* /proc alone may take a second on a machine that is busy. */
#define LOOK_MS_MAX 5000

/* Cookies are remembered of at most so many sockets. */
#define NOTES_MAX (1U << 20)

struct note {
	uint64_t cookie;
	struct info_seen seen; /* ns: of pier_now(), when it was seen first */
	bool owned;
	struct pier_socket_owner owner;
};

/* What one look found, by cookie. */
struct notes {
	struct note *list;
	size_t count, size;
};

struct watching {
	struct cli_tool *tool;
	const struct info_settings *settings;
	struct info_table *table; /* NULL: events */
	struct cli_lines events;
	struct pier_socket_watch *watch;
	struct notes now, before; /* a socket may go between two looks */
	bool looks, looked;
	int64_t told, lost;
	pier_deadline look, until;
};

static int
compare(const void *a, const void *b)
{
	const struct note *one = a, *other = b;

	return (one->cookie > other->cookie) - (one->cookie < other->cookie);
}

static const struct note *
find(const struct notes *notes, uint64_t cookie)
{
	const struct note wanted = { .cookie = cookie };

	return notes->count == 0 ? NULL
				 : bsearch(&wanted, notes->list, notes->count,
					   sizeof(wanted), compare);
}

static int
note(const struct pier_socket *socket, void *ctx)
{
	struct watching *watching = ctx;
	struct notes *notes = &watching->now;
	const struct note *known = find(&watching->before, socket->cookie);
	struct note *one;

	if (notes->count == NOTES_MAX)
		return 0;
	if (notes->count == notes->size) {
		size_t size = notes->size * 2 + 64;
		void *more = realloc(notes->list, size * sizeof(*notes->list));

		if (more == NULL)
			return 1;
		notes->list = more;
		notes->size = size;
	}
	one = &notes->list[notes->count++];
	*one = (struct note){ .cookie = socket->cookie,
		.owned = socket->owner_count > 0 };
	one->seen = known != NULL ? known->seen
				  : (struct info_seen){ pier_now(),
					    !watching->looked };
	if (one->owned)
		one->owner = socket->owners[0];
	else if (known != NULL && known->owned)
		/* Closed by its process, and not gone yet. */
		*one = *known;
	return 0;
}

static void
swap(struct watching *watching)
{
	struct notes before = watching->before;

	watching->before = watching->now;
	watching->now = before;
}

/* Who lives, and whose they are. A look that fails is made again, and what the
   last one found stands: half of it would make others seem new. */
static void
look(struct watching *watching)
{
	const struct pier_sockets_opts opts = { .filter = "tcp or udp",
		.owners = watching->settings->processes };
	int rc;

	watching->look = pier_in_ms(LOOK_MS);
	swap(watching);
	watching->now.count = 0;
	rc = pier_sockets(&opts, note, watching, pier_in_ms(LOOK_MS_MAX));
	if (rc != 0) {
		swap(watching);
		watching->before.count = 0;
		return;
	}
	watching->looked = true;
	if (watching->now.count > 0)
		qsort(watching->now.list, watching->now.count,
			sizeof(*watching->now.list), compare);
}

static int
tell(struct watching *watching, const struct pier_socket *socket,
	const struct info_seen *seen)
{
	struct cli_lines *event = &watching->events;
	int rc;

	info_event(event, "closed", socket);
	if (seen->ns >= 0) {
		cli_lines_seconds(event, "seen_s", seen->ns);
		cli_lines_flag(event, "older", seen->older);
	}
	rc = cli_lines_end(event, watching->tool->until);
	return rc < 0 ? rc : cli_lines_flush(event, watching->tool->until);
}

/* 0, or what writing it gave. */
static int
show(struct watching *watching, const struct pier_socket *closed)
{
	const struct note *known = find(&watching->now, closed->cookie);
	struct info_seen seen = { .ns = -1 };
	struct pier_socket socket = *closed;
	int rc;

	if (known == NULL)
		known = find(&watching->before, closed->cookie);
	if (known != NULL) {
		seen = known->seen;
		seen.ns = pier_now() - seen.ns;
		socket.owners = &known->owner;
		socket.owner_count = known->owned;
	}
	if (watching->table == NULL)
		return tell(watching, &socket, &seen);
	info_table_seen(watching->table, &seen);
	rc = info_table_add(watching->table, &socket);
	if (rc == 0)
		rc = info_table_flush(watching->table, watching->tool);
	return rc < 0 ? rc : 0;
}

/* The next one, a look, or the end: 0, or an error of the watch. */
static int
step(struct watching *watching, const struct pier_socket **closed)
{
	bool looks = watching->looks;
	int rc;

	*closed = NULL;
	if (looks && pier_now() >= watching->look.ns)
		look(watching);
	rc = pier_socket_watch_next(watching->watch, closed,
		looks && watching->look.ns < watching->until.ns
			? watching->look
			: watching->until);
	if (pier_is_deadline(rc) && pier_now() < watching->until.ns)
		return 0;
	if (rc == -ENOBUFS) {
		watching->lost++;
		cli_say(watching->tool, 0,
			"sockets close faster than they are told of: some "
			"are missing here");
		return 0;
	}
	return rc;
}

static int
watch(struct pier_group *group, void *arg)
{
	struct watching *watching = arg;
	const struct pier_socket *closed;
	int rc = 0;

	(void)group;
	if (watching->looks)
		look(watching);
	cli_say(watching->tool, 1, "watching");

	while (rc == 0 && (watching->settings->count == 0 ||
				  watching->told < watching->settings->count)) {
		rc = step(watching, &closed);
		if (rc < 0 && !pier_is_deadline(rc) && !pier_is_cancelled(rc))
			return info_failure(watching->tool);
		if (rc < 0)
			break;
		if (closed == NULL)
			continue;
		watching->told++;
		rc = show(watching, closed);
		if (rc < 0 && rc != -EPIPE)
			return cli_output_failed(watching->tool, rc);
	}
	return CLI_EXIT_OK;
}

static int
run(struct watching *watching, const char *filter)
{
	const struct pier_socket_watch_opts opts = { .filter = filter };
	int code;

	if (pier_socket_watch_open(&watching->watch, &opts) < 0)
		return info_failure(watching->tool);
	code = cli_conduct(watching->tool, watch, watching);
	pier_socket_watch_close(watching->watch);
	free(watching->now.list);
	free(watching->before.list);
	cli_lines_free(&watching->events);
	return code;
}

int
info_closed(struct cli_tool *tool, const struct info_settings *settings,
	const char *filter)
{
	struct watching watching = { .tool = tool,
		.settings = settings,
		.looks = settings->processes || info_shows(settings, "seen"),
		.until = settings->timeout > 0 ? pier_in_ns(settings->timeout)
					       : PIER_FOREVER };
	struct cli_complaint why;
	int code;

	/* With --json too: columns that are none are refused there as well. */
	watching.table = info_table_new(settings, &why);
	if (watching.table == NULL)
		return cli_usage_error(tool, "info", &why);
	if (tool->json) {
		info_table_free(watching.table);
		watching.table = NULL;
	}
	code = run(&watching, filter);
	info_table_free(watching.table);
	return code;
}
