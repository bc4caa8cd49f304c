/* SPDX-License-Identifier: MIT */
/*
 * proto/beacon_links.h - the links that one end of the beacon protocol uses, and
 * when it speaks there next: at once, a second later, then after twice as long
 * each time.
 */
#ifndef PIER_PROTO_BEACON_LINKS_H
#define PIER_PROTO_BEACON_LINKS_H

#include "proto/beacon.h"

struct pier__beacon_link {
	struct pier__link_id id;
	int64_t due_ns;  /* when to speak; INT64_MAX: not any more */
	int64_t step_ns; /* from then to the next time */
	/* IPv4: the group has heard it, everybody is next. IPv6 knows groups
	   only. */
	bool half;
};

struct pier__beacon_links {
	size_t count;
	struct pier__beacon_link list[PIER__BEACON_LINKS_MAX];
};

/* 1: it is new; 0: it was there, or is one too many. */
int pier__beacon_links_up(struct pier__beacon_links *links,
	struct pier__link_id id, int64_t now_ns);
void pier__beacon_links_down(
	struct pier__beacon_links *links, struct pier__link_id id);

/* Every link is due now, as if it had just come. */
void pier__beacon_links_begin(struct pier__beacon_links *links, int64_t now_ns);

/* The aim of the next one that is due, into link and aim: true; its next time is
   at most most_ns after this one, with a spread of an eighth by chance. */
bool pier__beacon_links_next(struct pier__beacon_links *links, int64_t now_ns,
	int64_t most_ns, uint64_t *chance, struct pier__sending *sending);

int64_t pier__beacon_links_due(const struct pier__beacon_links *links);

/* A pseudo-random number (xorshift64); state is never 0. */
uint64_t pier__beacon_chance(uint64_t *state);

#endif
