/* SPDX-License-Identifier: MIT */
/* proto/beacon_links.c - see beacon_links.h. */
#include "proto/beacon_links.h"

#define SECOND_NS INT64_C(1000000000)

uint64_t
pier__beacon_chance(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x;
}

static struct pier__beacon_link *
find(struct pier__beacon_links *links, struct pier__link_id id)
{
	size_t i;

	for (i = 0; i < links->count; i++)
		if (links->list[i].id.interface == id.interface &&
			links->list[i].id.family == id.family)
			return &links->list[i];
	return NULL;
}

static void
begin(struct pier__beacon_link *link, int64_t now_ns)
{
	link->due_ns = now_ns;
	link->step_ns = SECOND_NS;
	link->half = false;
}

int
pier__beacon_links_up(struct pier__beacon_links *links, struct pier__link_id id,
	int64_t now_ns)
{
	struct pier__beacon_link *link = find(links, id);

	if (link != NULL || links->count == PIER__BEACON_LINKS_MAX)
		return 0;
	link = &links->list[links->count++];
	link->id = id;
	begin(link, now_ns);
	return 1;
}

void
pier__beacon_links_down(
	struct pier__beacon_links *links, struct pier__link_id id)
{
	struct pier__beacon_link *link = find(links, id);

	if (link != NULL)
		*link = links->list[--links->count];
}

void
pier__beacon_links_begin(struct pier__beacon_links *links, int64_t now_ns)
{
	size_t i;

	for (i = 0; i < links->count; i++)
		begin(&links->list[i], now_ns);
}

/* It spoke to everybody there: when next? */
static void
advance(struct pier__beacon_link *link, int64_t now_ns, int64_t most_ns,
	uint64_t *chance)
{
	int64_t spread = link->step_ns / 8;

	link->due_ns =
		now_ns + link->step_ns -
		(int64_t)(pier__beacon_chance(chance) % (uint64_t)(spread + 1));
	link->step_ns =
		link->step_ns * 2 < most_ns ? link->step_ns * 2 : most_ns;
	link->half = false;
}

bool
pier__beacon_links_next(struct pier__beacon_links *links, int64_t now_ns,
	int64_t most_ns, uint64_t *chance, struct pier__sending *sending)
{
	size_t i;

	for (i = 0; i < links->count; i++) {
		struct pier__beacon_link *link = &links->list[i];

		if (link->due_ns > now_ns)
			continue;
		sending->link = link->id;
		sending->aim =
			link->half ? PIER__AIM_BROADCAST : PIER__AIM_GROUP;
		if (link->id.family == AF_INET && !link->half)
			link->half = true;
		else
			advance(link, now_ns, most_ns, chance);
		return true;
	}
	return false;
}

int64_t
pier__beacon_links_due(const struct pier__beacon_links *links)
{
	int64_t due = INT64_MAX;
	size_t i;

	for (i = 0; i < links->count; i++)
		if (links->list[i].due_ns < due)
			due = links->list[i].due_ns;
	return due;
}
