/* SPDX-License-Identifier: MIT */
/*
 * proto/announce_engine.c - drives the engines of both protocols for one
 * announcement, and notes what they do; see announce.h.
 */
#include "proto/announce.h"

#include <stdio.h>
#include <string.h>

/* ---- What happened --------------------------------------------------------- */

static void
note(struct pier_announce *it, const struct pier_announce_event *event)
{
	size_t at = (it->first + it->count) % PIER__ANNOUNCE_EVENTS;

	if (it->count == PIER__ANNOUNCE_EVENTS)
		it->first = (it->first + 1) % PIER__ANNOUNCE_EVENTS;
	else
		it->count++;
	it->events[at] = *event;
}

static void
note_link(struct pier_announce *it, const struct pier__link_state *link)
{
	note(it, &(struct pier_announce_event){
			 .what = link->up ? PIER_ANNOUNCE_LINK_UP
					  : PIER_ANNOUNCE_LINK_DOWN,
			 .interface = link->id.interface,
			 .family = link->id.family });
}

/* ---- The engines ------------------------------------------------------------ */

static int
beacon_link(void *engine, int64_t now_ns, const struct pier__link_state *link)
{
	struct pier_announce *it = engine;

	/* Both protocols see the same links; one tells. */
	if (it->mdns == NULL)
		note_link(it, link);
	pier__beacon_offer_link(it->beacon, now_ns, link);
	return 0;
}

static int
beacon_input(
	void *engine, int64_t now_ns, const struct pier__datagram *datagram)
{
	struct pier_announce *it = engine;

	pier__beacon_offer_input(it->beacon, now_ns, datagram);
	return 0;
}

static int
beacon_output(void *engine, int64_t now_ns, struct pier__sending *sending)
{
	struct pier_announce *it = engine;
	bool answer;

	if (pier__beacon_offer_output(it->beacon, now_ns, sending, &answer) !=
		1)
		return 0;
	note(it, &(struct pier_announce_event){
			 .what = answer ? PIER_ANNOUNCE_ANSWERED
					: PIER_ANNOUNCE_TOLD,
			 .by = PIER_BY_BEACON,
			 .interface = sending->link.interface,
			 .family = sending->link.family,
			 .to = sending->to });
	return 1;
}

static int64_t
beacon_due(const void *engine)
{
	const struct pier_announce *it = engine;

	return pier__beacon_offer_due(it->beacon);
}

const struct pier__lan_ops pier__announce_by_beacon = {
	.link = beacon_link,
	.input = beacon_input,
	.output = beacon_output,
	.due = beacon_due,
};

static int
mdns_link(void *engine, int64_t now_ns, const struct pier__link_state *link)
{
	struct pier_announce *it = engine;

	note_link(it, link);
	return pier__mdns_offer_link(it->mdns, now_ns, link);
}

/* The instance has another name: beacons tell of that one, too. */
static void
rename_instance(struct pier_announce *it, int64_t now_ns)
{
	(void)snprintf(it->instance, sizeof(it->instance), "%s",
		pier__mdns_offer_instance(it->mdns));
	if (it->beacon != NULL)
		pier__beacon_offer_rename(it->beacon, now_ns, it->instance);
}

/* Which names the host has by now. True: that of the host itself is another. */
bool
pier__announce_take_hosts(struct pier_announce *it)
{
	char before[sizeof(it->hosts[0].now)];
	size_t i;

	memcpy(before, it->hosts[0].now, sizeof(before));
	for (i = 0; i < PIER__ANNOUNCE_HOSTS; i++)
		pier__mdns_offer_host(it->mdns, i, it->hosts[i].now);
	return strcmp(before, it->hosts[0].now) != 0;
}

static int
mdns_input(void *engine, int64_t now_ns, const struct pier__datagram *datagram)
{
	struct pier_announce *it = engine;
	char label[PIER__LABEL_MAX + 1];

	pier__mdns_offer_input(it->mdns, now_ns, datagram);
	if (!pier__mdns_offer_renamed(it->mdns))
		return 0;
	if (strcmp(it->instance, pier__mdns_offer_instance(it->mdns)) != 0)
		rename_instance(it, now_ns);
	if (pier__announce_take_hosts(it) && it->beacon != NULL) {
		(void)snprintf(label, sizeof(label), "%.*s",
			(int)strcspn(it->hosts[0].now, "."), it->hosts[0].now);
		pier__beacon_offer_move(it->beacon, now_ns, label);
	}
	return 0;
}

static int
mdns_output(void *engine, int64_t now_ns, struct pier__sending *sending)
{
	static const enum pier_announce_what whats[] = {
		[PIER__MDNS_PROBED] = PIER_ANNOUNCE_PROBED,
		[PIER__MDNS_TOLD] = PIER_ANNOUNCE_TOLD,
		[PIER__MDNS_ANSWERED] = PIER_ANNOUNCE_ANSWERED,
	};
	struct pier_announce *it = engine;
	struct pier__mdns_offer_event event;

	if (pier__mdns_offer_output(it->mdns, now_ns, sending, &event) != 1)
		return 0;
	note(it, &(struct pier_announce_event){ .what = whats[event.what],
			 .by = PIER_BY_MDNS,
			 .interface = event.link.interface,
			 .family = event.link.family,
			 .to = event.to });
	return 1;
}

static int64_t
mdns_due(const void *engine)
{
	const struct pier_announce *it = engine;

	return pier__mdns_offer_due(it->mdns);
}

const struct pier__lan_ops pier__announce_by_mdns = {
	.link = mdns_link,
	.input = mdns_input,
	.output = mdns_output,
	.due = mdns_due,
};
