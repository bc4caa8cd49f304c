/* SPDX-License-Identifier: MIT */
/* proto/lan.c - see lan.h. */
#include "proto/lan.h"

#include <errno.h>

#include <pier/error.h>

/* Datagrams, or time, and packets of one turn: then others may run. */
#define TURN_MAX 256
#define TURN_NS  INT64_C(5000000)

static int
take_changes(struct pier__lan_side *side, int64_t now_ns)
{
	const struct pier__link_state *link;
	int rc = 0;

	while (rc == 0 && pier__links_change(side->links, &link) == 1) {
		rc = side->ops->link(side->engine, now_ns, link);
		if (rc < 0)
			pier__links_change_again(side->links, link->id);
	}
	return rc;
}

static int
take_datagrams(struct pier__lan_side *side, int64_t now_ns)
{
	struct pier__datagram datagram;
	int i, rc = 1;

	for (i = 0; i < TURN_MAX && rc == 1 && pier_now() - now_ns < TURN_NS;
		i++) {
		rc = pier__links_recv(side->links, &datagram);
		/* What it said is lost, as on the way. */
		if (rc == 1)
			(void)side->ops->input(side->engine, now_ns, &datagram);
	}
	return rc < 0 ? rc : 0;
}

void
pier__lan_send(
	struct pier__lan *lan, struct pier__lan_side *side, int64_t now_ns)
{
	struct pier__sending sending;
	int i;

	for (i = 0; i < TURN_MAX; i++) {
		if (side->ops->output(side->engine, now_ns, &sending) != 1)
			return;
		if (pier__links_send(side->links, &sending) == 0)
			lan->sent++;
		else
			lan->unsent++;
	}
}

int
pier__lan_turn(struct pier__lan *lan, int64_t now_ns)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < lan->count && rc == 0; i++) {
		struct pier__lan_side *side = &lan->sides[i];

		rc = take_datagrams(side, now_ns);
		if (rc == 0)
			rc = take_changes(side, now_ns);
		if (rc == 0)
			pier__lan_send(lan, side, now_ns);
	}
	return rc;
}

int
pier__lan_wait(struct pier__lan *lan, pier_deadline deadline)
{
	struct pier_waitable list[PIER__LAN_SIDES * PIER__LINKS_WAITABLES];
	pier_deadline until = deadline;
	size_t i, count = 0;
	int rc;

	for (i = 0; i < lan->count; i++) {
		const struct pier__lan_side *side = &lan->sides[i];
		int64_t due = side->ops->due(side->engine);

		count += pier__links_waitables(side->links, list + count);
		/* 0 and below have a meaning of their own. */
		until = pier_earlier(
			until, pier_deadline_at(due > 0 ? due : 1));
	}
	rc = pier_wait_any(list, count, until);
	if (rc > 0 || (rc == -PIER_EDEADLINE && until.ns < deadline.ns))
		return 0;
	return rc;
}

size_t
pier__lan_links(const struct pier__lan *lan)
{
	size_t i, most = 0;

	for (i = 0; i < lan->count; i++) {
		size_t count = pier__links_count(lan->sides[i].links);

		if (count > most)
			most = count;
	}
	return most;
}

void
pier__lan_close(struct pier__lan *lan)
{
	size_t i;

	for (i = 0; i < lan->count; i++)
		pier__links_close(lan->sides[i].links);
	lan->count = 0;
}
