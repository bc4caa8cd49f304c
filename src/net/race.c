/* SPDX-License-Identifier: MIT */
/* net/race.c - see race.h. */
#include "net/race.h"

static bool
is_in(const struct pier_addr *list, size_t count, const struct pier_addr *addr)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (pier_addr_equal(&list[i], addr))
			return true;
	}
	return false;
}

/* The next address from *at on that is of this family, or of any other than
   this one, and was not taken. NULL: there is none. */
static const struct pier_addr *
find(const struct pier_addr *addrs, size_t count, size_t *at, int family,
	bool same)
{
	while (*at < count) {
		const struct pier_addr *addr = &addrs[(*at)++];

		if ((pier_addr_family(addr) == family) == same)
			return addr;
	}
	return NULL;
}

size_t
pier__race_order(struct pier_addr *out, size_t max,
	const struct pier_addr *addrs, size_t count, int family)
{
	int first = count > 0 ? pier_addr_family(&addrs[0]) : AF_UNSPEC;
	size_t at[2] = { 0, 0 }; /* of the first family, of the others */
	bool ended[2] = { false, false };
	size_t turn = 0;
	size_t n = 0;

	while (n < max && !(ended[0] && ended[1])) {
		const struct pier_addr *addr =
			find(addrs, count, &at[turn], first, turn == 0);

		if (addr == NULL) {
			ended[turn] = true;
			turn = 1 - turn;
			continue;
		}
		if ((family != AF_UNSPEC && pier_addr_family(addr) != family) ||
			is_in(out, n, addr))
			continue;
		out[n++] = *addr;
		turn = ended[1 - turn] ? turn : 1 - turn;
	}
	return n;
}

void
pier__race_init(
	struct pier__race *race, size_t count, int64_t delay_ns, int64_t now)
{
	if (delay_ns == 0)
		delay_ns = PIER__RACE_DELAY_NS;
	if (delay_ns < PIER__RACE_DELAY_MIN_NS)
		delay_ns = PIER__RACE_DELAY_MIN_NS;
	*race = (struct pier__race){
		.count = count, .delay_ns = delay_ns, .next_at = now
	};
}

size_t
pier__race_start(struct pier__race *race, int64_t now)
{
	race->next_at = race->delay_ns > INT64_MAX - now ? INT64_MAX
							 : now + race->delay_ns;
	return race->started++;
}

void
pier__race_fail(struct pier__race *race, int64_t now)
{
	race->failed++;
	race->next_at = now;
}
