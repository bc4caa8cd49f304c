/* SPDX-License-Identifier: MIT */
/*
 * pier find --check: fibers that connect to what was found, all addresses of a
 * service racing as they do for pier connect. There are at most FIND_CHECKS_MAX;
 * each takes the next item until none waits.
 */
#include "find.h"

#include <errno.h>

#define CHECK_NS INT64_C(2000000000)

static void
connect_to(struct find_work *work, struct find_item *item)
{
	const struct pier_dial_opts opts = { .lookup = pier_names_lookup,
		.lookup_arg = item->where };
	struct pier_stream *stream = NULL;
	int64_t begin_ns = pier_now();

	/* The name does not matter: the addresses are known already. */
	item->rc =
		pier_dial(&stream, "svc://check", &opts, pier_in_ns(CHECK_NS));
	item->took_ns = pier_now() - begin_ns;
	item->checked = item->rc != -ECANCELED;
	if (item->checked && item->rc < 0) {
		work->closed++;
		cli_say(work->tool, 1, "%s", pier_error_line());
	}
	pier_close(stream);
}

bool
find_can_check(const struct find_item *item)
{
	return item->where != NULL;
}

static int
work_off(void *arg)
{
	struct find_work *work = arg;
	struct find_item *item;

	pier_task_name("check");
	while ((item = work->items) != NULL) {
		work->items = item->next;
		connect_to(work, item);
		find_item_print(work, item);
		find_item_free(item);
	}
	work->checks--;
	return 0;
}

int
find_check(struct find_work *work, struct find_item *item)
{
	struct find_item **last = &work->items;
	int rc = 0;

	while (*last != NULL)
		last = &(*last)->next;
	item->next = NULL;
	*last = item;
	if (work->checks < FIND_CHECKS_MAX) {
		rc = pier_go(work->checkers, work_off, work);
		work->checks += rc == 0;
	}
	/* Those that run take it too. */
	if (rc == 0 || work->checks > 0)
		return 0;
	*last = NULL;
	return rc;
}
