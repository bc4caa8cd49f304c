/* SPDX-License-Identifier: MIT */
/*
 * pier info --closed: a line for each socket that goes, with its last numbers.
 *
 * A socket that is gone has no process. Whose it was is known from looking at
 * those that live, once a second: by the cookie, which is never used twice.
 * What lived for less than that has none.
 */
#include "info.h"

#include "conduct.h"
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 1000

/* Cookies are remembered of at most so many sockets. */
#define NOTES_MAX (1U << 20)

struct note {
	uint64_t cookie;
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
	struct pier_socket_watch *watch;
	struct notes now, before; /* a socket may go between two looks */
	int64_t told, lost;
	pier_deadline look, until;
};

static int
note(const struct pier_socket *socket, void *ctx)
{
	struct notes *notes = ctx;

	if (socket->owner_count == 0 || notes->count == NOTES_MAX)
		return 0;
	if (notes->count == notes->size) {
		size_t size = notes->size * 2 + 64;
		void *more = realloc(notes->list, size * sizeof(*notes->list));

		if (more == NULL)
			return 1;
		notes->list = more;
		notes->size = size;
	}
	notes->list[notes->count++] = (struct note){ .cookie = socket->cookie,
		.owner = socket->owners[0] };
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct note *one = a, *other = b;

	return (one->cookie > other->cookie) - (one->cookie < other->cookie);
}

/* Who lives, and whose they are. A look that fails is made again. */
static void
look(struct watching *watching)
{
	const struct pier_sockets_opts opts = { .filter = "tcp or udp",
		.owners = true };
	struct notes swap = watching->before;

	watching->look = pier_in_ms(LOOK_MS);
	watching->before = watching->now;
	watching->now = swap;
	watching->now.count = 0;
	(void)pier_sockets(&opts, note, &watching->now, pier_in_ms(LOOK_MS));
	if (watching->now.count > 0)
		qsort(watching->now.list, watching->now.count,
			sizeof(*watching->now.list), compare);
}

static const struct pier_socket_owner *
find(const struct watching *watching, uint64_t cookie)
{
	const struct notes *both[] = { &watching->now, &watching->before };
	const struct note wanted = { .cookie = cookie };

	for (size_t i = 0; i < 2; i++) {
		const struct note *found =
			both[i]->count == 0 ? NULL
					    : bsearch(&wanted, both[i]->list,
						      both[i]->count,
						      sizeof(wanted), compare);

		if (found != NULL)
			return &found->owner;
	}
	return NULL;
}

/* 0, or what writing it gave. */
static int
show(struct watching *watching, const struct pier_socket *closed)
{
	struct pier_socket socket = *closed;
	int rc;

	socket.owners = find(watching, socket.cookie);
	socket.owner_count = socket.owners != NULL;
	if (watching->table == NULL)
		return cli_event_print(
			info_event("closed", &socket), watching->tool->until);
	rc = info_table_add(watching->table, &socket);
	if (rc == 0)
		rc = info_table_flush(watching->table, watching->tool);
	return rc < 0 ? rc : 0;
}

/* The next one, a look, or the end: 0, or an error of the watch. */
static int
step(struct watching *watching, const struct pier_socket **closed)
{
	bool looks = watching->settings->processes;
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
	if (watching->settings->processes)
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
	return code;
}

int
info_closed(struct cli_tool *tool, const struct info_settings *settings,
	const char *filter)
{
	struct watching watching = { .tool = tool,
		.settings = settings,
		.until = settings->timeout > 0 ? pier_in_ns(settings->timeout)
					       : PIER_FOREVER };
	struct cli_complaint why;
	int code;

	if (!tool->json) {
		watching.table = info_table_new(settings, &why);
		if (watching.table == NULL)
			return cli_usage_error(tool, "info", &why);
	}
	code = run(&watching, filter);
	info_table_free(watching.table);
	return code;
}
