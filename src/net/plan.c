/* SPDX-License-Identifier: MIT */
/* net/plan.c - the schedule of a dial, told without dialling. */
#include <pier/stream.h>

#include "net/race.h"

#include <string.h>

size_t
pier_dial_plan(struct pier_attempt *out, size_t max,
	const struct pier_names *names, int64_t attempt_delay_ms)
{
	struct pier_addr order[PIER_ATTEMPTS_MAX];
	struct pier__race race;
	int64_t now = 0;
	size_t i, count;

	if (max > PIER_ATTEMPTS_MAX)
		max = PIER_ATTEMPTS_MAX;
	count = pier__race_order(
		order, max, names->addrs, names->count, AF_UNSPEC);
	/* Above what a deadline can be, all is the same. */
	if (attempt_delay_ms > INT64_MAX / 1000000 || attempt_delay_ms < 0)
		attempt_delay_ms = INT64_MAX / 1000000;
	pier__race_init(&race, count, attempt_delay_ms * 1000000, now);
	for (i = 0; i < count; i++) {
		memset(&out[i], 0, sizeof(out[i]));
		out[i].addr = order[i];
		out[i].start_ns = race.next_at;
		(void)pier__race_start(&race, race.next_at);
	}
	return count;
}
