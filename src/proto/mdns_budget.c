/* SPDX-License-Identifier: MIT */
/* proto/mdns_budget.c - see mdns_budget.h. */
#include "proto/mdns_budget.h"

#define MINUTE_NS INT64_C(60000000000)

/* Time beyond that brings nothing more: from the floor to full. */
#define PASSED_MAX_NS (2 * MINUTE_NS)

bool
pier__mdns_budget_take(
	struct pier__mdns_budget *it, int64_t now_ns, uint32_t a_minute)
{
	int64_t full = a_minute * MINUTE_NS, passed = now_ns - it->at_ns;

	if (!it->begun)
		it->left = full;
	else
		it->left += (passed < PASSED_MAX_NS ? passed : PASSED_MAX_NS) *
			    (int64_t)a_minute;
	/* What was charged beyond that is made up for within two minutes. */
	if (it->left > full)
		it->left = full;
	if (it->left < -full)
		it->left = -full;
	it->begun = true;
	it->at_ns = now_ns;
	if (it->left < MINUTE_NS)
		return false;
	it->left -= MINUTE_NS;
	return true;
}

void
pier__mdns_budget_charge(struct pier__mdns_budget *it)
{
	/* take() has a floor for it, and one packet follows each question. */
	if (it->begun)
		it->left -= MINUTE_NS;
}
