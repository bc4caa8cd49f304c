/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_budget.h - so many in a minute, whatever others do: they come back
 * one by one, and as many as a minute has may go at once. Pure.
 */
#ifndef PIER_PROTO_MDNS_BUDGET_H
#define PIER_PROTO_MDNS_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: full. */
struct pier__mdns_budget {
	bool begun;
	int64_t at_ns;
	/* What is left, times the nanoseconds of a minute: then what comes back
	   in any time is a whole number. Below 0: more was charged than there was */
	int64_t left;
};

/* pier__mdns_budget_take(it, now_ns, a_minute): may one go, where a minute has
   that many, 1 to a million? Then it is taken. */
bool pier__mdns_budget_take(
	struct pier__mdns_budget *it, int64_t now_ns, uint32_t a_minute);

/* pier__mdns_budget_charge(it): one goes in any case. */
void pier__mdns_budget_charge(struct pier__mdns_budget *it);

#endif
