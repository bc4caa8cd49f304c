/* SPDX-License-Identifier: MIT */
/*
 * pier find: one fiber looks and says what it found, as it comes or all in the
 * end; with --check others connect meanwhile.
 */
#include "find.h"

#include "conduct.h"
#include "store.h"
#include "values.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECOND INT64_C(1000000000)

/* Where nothing else is said: time enough for a question that is lost, once. */
#define ONCE_NS  (2 * SECOND)
#define FIRST_NS (5 * SECOND)

/* RFC 6763 section 4.1.1. */
#define NAME_MAX_LEN 63

static int64_t
time_to_look(const struct find_settings *settings)
{
	if (settings->for_ns > 0)
		return settings->for_ns;
	return settings->once ? ONCE_NS : settings->first ? FIRST_NS : 0;
}

static bool
is_wanted(const struct find_work *work, const struct pier_found *service)
{
	const char *name = work->settings->name;

	return name == NULL || strcasecmp(name, service->instance) == 0;
}

/* ---- One ---------------------------------------------------------------- */

/* Say it, at once or after it was connected to. Takes item. */
static int
tell(struct find_work *work, struct find_item *item)
{
	bool gone = strcmp(item->what, "removed") == 0;
	int rc = 0;

	work->told += !gone;
	if (work->settings->check && !gone && find_can_check(item)) {
		rc = find_check(work, item);
		if (rc == 0)
			return 0;
	} else {
		item->unchecked = work->settings->check && !gone;
		find_item_print(work, item);
	}
	find_item_free(item);
	return rc;
}

static int
take(struct find_work *work, const struct pier_find_event *event)
{
	struct find_item *item;

	if (work->settings->once)
		return 0;
	if (work->settings->first && event->what == PIER_FIND_REMOVED)
		return 0;
	item = find_item_new(event);
	return item == NULL ? -ENOMEM : tell(work, item);
}

/* ---- All of them in the end --------------------------------------------- */

struct all {
	struct find_work *work;
	struct find_item **list;
	size_t count;
	int rc; /* 0 or -ENOMEM */
};

static int
gather(const struct pier_found *service, void *arg)
{
	const struct pier_find_event event = { .what = PIER_FIND_ADDED,
		.service = *service };
	struct all *all = arg;
	struct find_item *item;

	if (!is_wanted(all->work, service))
		return 0;
	item = find_item_new(&event);
	if (item == NULL)
		return all->rc = -ENOMEM;
	item->what = "service";
	item->mark = "";
	all->list[all->count++] = item;
	return 0;
}

static int
by_key(const void *a, const void *b)
{
	const struct find_item *const *one = a, *const *other = b;

	return strcmp((*one)->key, (*other)->key);
}

/* In the order of their types and names. */
static int
tell_all(struct find_work *work)
{
	struct all all = { .work = work };
	struct pier_find_stats stats;
	size_t i;

	pier_find_stats(work->find, &stats);
	all.list = calloc(stats.services + 1, sizeof(struct find_item *));
	if (all.list == NULL)
		return -ENOMEM;
	(void)pier_find_each(work->find, gather, &all);
	qsort(all.list, all.count, sizeof(struct find_item *), by_key);
	for (i = 0; i < all.count; i++) {
		if (all.rc == 0)
			all.rc = tell(work, all.list[i]);
		else
			find_item_free(all.list[i]);
	}
	free(all.list);
	return all.rc;
}

/* ---- The run ------------------------------------------------------------- */

static void
tell_stats(struct find_work *work)
{
	struct pier_find_stats stats;
	json_t *event;
	int rc;

	pier_find_stats(work->find, &stats);
	cli_say(work->tool, 1,
		"%llu datagrams sent on %zu link%s, %llu received, %llu bad; "
		"%zu services there, %llu refused",
		(unsigned long long)stats.sent, stats.links,
		stats.links == 1 ? "" : "s", (unsigned long long)stats.received,
		(unsigned long long)stats.bad, stats.services,
		(unsigned long long)stats.refused);
	if (!work->tool->json)
		return;
	event = cli_event("summary");
	cli_event_number(event, "found", (int64_t)work->told);
	cli_event_number(event, "sent", (int64_t)stats.sent);
	cli_event_number(event, "unsent", (int64_t)stats.unsent);
	cli_event_number(event, "received", (int64_t)stats.received);
	cli_event_number(event, "bad", (int64_t)stats.bad);
	cli_event_number(event, "refused", (int64_t)stats.refused);
	cli_event_number(event, "links", (int64_t)stats.links);
	rc = cli_event_print(event, work->until);
	/* Where nobody reads any more, the exit code still counts. */
	if (work->output == 0 && rc != -EPIPE && rc != -ECANCELED)
		work->output = rc;
}

static int
look(struct find_work *work)
{
	int64_t time_ns = time_to_look(work->settings);
	struct pier_find_event event;
	pier_deadline end = PIER_FOREVER;
	int rc;

	if (time_ns > 0)
		end = pier_in_ns(time_ns);
	do {
		rc = pier_find_next(work->find, &event, end);
		if (rc == 1 && is_wanted(work, &event.service))
			rc = take(work, &event) < 0 ? -ENOMEM : 1;
	} while (rc == 1 && !(work->settings->first && work->told > 0));
	/* What was seen so far is told at an interrupt too. */
	if (work->settings->once && (rc == -PIER_EDEADLINE || rc == -ECANCELED))
		rc = tell_all(work) < 0 ? -ENOMEM : rc;
	if (rc == 1 || rc == -PIER_EDEADLINE || rc == -ECANCELED)
		return CLI_EXIT_OK;
	return cli_failure(work->tool, pier_last_error());
}

static int
refuse(const struct find_work *work)
{
	const struct pier_error *error = pier_last_error();
	const char *type = work->settings->type;
	struct cli_complaint why = { "", "" };
	char shown[LAN_TEXT];

	if (error->code != -EINVAL)
		return cli_failure(work->tool, error);
	if (type != NULL)
		(void)cli_complain(&why, "'%s': %s",
			pier_bytes_show(
				shown, sizeof(shown) / 4, type, strlen(type)),
			error->detail);
	else
		(void)cli_complain(&why, "%s", error->detail);
	cli_advise(&why, "which types there are: pier find");
	return cli_usage_error(work->tool, "find", &why);
}

static int
start(struct pier_group *group, void *arg)
{
	struct find_work *work = arg;
	int rc, code;

	work->group = group;
	rc = pier_group_open(&work->checkers);
	if (rc < 0)
		return cli_own_failure(
			work->tool, PIER_STEP_CREATE, "tasks", rc, "");
	rc = pier_find_open(&work->find, work->settings->type, &work->opts);
	if (rc < 0) {
		pier_group_close(work->checkers);
		return refuse(work);
	}
	cli_say(work->tool, 1, "looking for %s by %s",
		work->settings->type != NULL ? work->settings->type : "types",
		lan_by_text((unsigned int)work->settings->way.by));
	code = look(work);
	/* At an interrupt it waits no more, and closing cancels them. */
	(void)pier_group_wait(work->checkers, PIER_FOREVER);
	tell_stats(work);
	pier_find_close(work->find);
	pier_group_close(work->checkers);
	return code;
}

static int
nothing_found(const struct find_work *work)
{
	char line[256], time[CLI_VALUE_TEXT], name[LAN_TEXT];
	const struct find_settings *settings = work->settings;

	cli_format_limit(time_to_look(settings), time, sizeof(time));
	(void)snprintf(line, sizeof(line),
		"no service%s%s%s%s answered within %s",
		settings->type != NULL ? " of type " : "",
		settings->type != NULL ? settings->type : "",
		settings->name != NULL ? " with the name " : "",
		settings->name != NULL
			? pier_bytes_show(name, sizeof(name) / 8,
				  settings->name, strlen(settings->name))
			: "",
		time);
	return cli_negative(work->tool, line,
		"which types there are: pier find --once; a longer look: --for "
		"10s");
}

static int
judge(const struct find_work *work)
{
	if (work->output < 0 && work->output != -EPIPE &&
		work->output != -PIER_EDEADLINE)
		return cli_own_failure(work->tool, PIER_STEP_SEND,
			"standard output", work->output, "");
	if (work->told == 0 && work->output == 0)
		return nothing_found(work);
	return work->closed > 0 ? CLI_EXIT_NO : CLI_EXIT_OK;
}

static int
check_name(const char *name, struct cli_complaint *why)
{
	char shown[4 * LAN_TEXT];

	if (name == NULL || (name[0] != '\0' && strlen(name) <= NAME_MAX_LEN))
		return 0;
	cli_advise(why, "which there are: pier find TYPE --once");
	return cli_complain(why,
		"--name: '%s' is no name of a service: expected 1 to %d bytes",
		pier_bytes_show(shown, sizeof(shown) / 16, name, strlen(name)),
		NAME_MAX_LEN);
}

static int
check(const struct find_settings *settings, struct cli_complaint *why)
{
	if (check_name(settings->name, why) < 0)
		return -EINVAL;
	if (settings->first && settings->once) {
		cli_advise(why, "leave out one of them");
		return cli_complain(why,
			"--first ends at the first one, and --once tells all");
	}
	if (settings->type == NULL &&
		(settings->check || settings->name != NULL)) {
		cli_advise(why, "pier find http %s",
			settings->check ? "--check" : "--name NAME");
		return cli_complain(why, "%s is for services of a TYPE",
			settings->check ? "--check" : "--name");
	}
	return 0;
}

int
find_run(struct cli_tool *tool, const void *given)
{
	const struct find_settings *settings = given;
	const char *interfaces[CLI_TEXTS_MAX + 1];
	struct find_work work = { .tool = tool,
		.settings = settings,
		.until = PIER_FOREVER,
		.opts = { .by = (unsigned int)settings->way.by,
			.family = lan_family(
				settings->way.four, settings->way.six),
			.interfaces =
				lan_list(interfaces, &settings->way.interfaces),
			.domain = settings->domain } };
	struct cli_complaint why = { "", "" };
	int code;

	if (check(settings, &why) < 0)
		return cli_usage_error(tool, "find", &why);
	code = cli_conduct(tool, start, &work);
	while (work.items != NULL) {
		struct find_item *item = work.items;

		work.items = item->next;
		find_item_free(item);
	}
	return code != CLI_EXIT_OK ? code : judge(&work);
}
