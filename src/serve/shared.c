/* SPDX-License-Identifier: MIT */
/* serve/shared.c - see shared.h. */
#include "serve/shared.h"

#include "os/calls.h"

/* The counters of each worker begin in a cache line of their own. */
static size_t
counters_size(void)
{
	return (sizeof(struct pier__counters) + 63) / 64 * 64;
}

int
pier__shared_open(struct pier__shared **out, size_t processes, size_t workers,
	size_t marks)
{
	size_t ledgers = sizeof(struct pier__shared) +
			 processes * sizeof(struct pier__ledger);
	size_t counters = processes * workers * counters_size();
	size_t size = ledgers + counters + processes * marks;
	void *at = NULL;
	struct pier__shared *shared;
	int rc = pier__calls()->map_shared(&at, size);

	if (rc < 0)
		return rc;
	shared = at;
	shared->size = size;
	shared->processes = processes;
	shared->workers = workers;
	shared->counters = (void *)((char *)at + ledgers);
	/* Mostly on the page of what a child counts. */
	shared->marks = (void *)((char *)at + ledgers + counters);
	shared->marks_each = marks;
	*out = shared;
	return 0;
}

void
pier__shared_close(struct pier__shared *shared)
{
	if (shared != NULL)
		(void)pier__calls()->unmap(shared, shared->size);
}

struct pier__counters *
pier__shared_counters(
	const struct pier__shared *shared, size_t process, size_t worker)
{
	size_t i = process * shared->workers + worker;

	return (void *)((char *)shared->counters + i * counters_size());
}

atomic_bool *
pier__shared_marks(const struct pier__shared *shared, size_t process)
{
	return shared->marks + process * shared->marks_each;
}

PIER__HOT static atomic_int *
place(const struct pier__shared *shared, size_t process, size_t of)
{
	char *ledger = (char *)(uintptr_t)&shared->ledgers[process];

	return (atomic_int *)(void *)(ledger + of);
}

static int
sum(const struct pier__shared *shared, size_t of)
{
	int all = 0;
	size_t i;

	for (i = 0; i < shared->processes; i++)
		all += atomic_load(place(shared, i, of));
	return all;
}

int
pier__shared_active(const struct pier__shared *shared)
{
	return sum(shared, offsetof(struct pier__ledger, active));
}

int
pier__shared_standing(const struct pier__shared *shared)
{
	return sum(shared, offsetof(struct pier__ledger, standing));
}

int
pier__shared_lingering(const struct pier__shared *shared)
{
	return sum(shared, offsetof(struct pier__ledger, lingering));
}

int
pier__shared_datagrams(const struct pier__shared *shared)
{
	return sum(shared, offsetof(struct pier__ledger, datagrams));
}

bool
pier__shared_is_above(const struct pier__shared *shared, size_t process)
{
	int mine = atomic_load(&shared->ledgers[process].active);
	size_t i;

	for (i = 0; i < shared->processes; i++) {
		const struct pier__ledger *other = &shared->ledgers[i];
		int theirs = atomic_load(&other->active);

		if (mine - theirs > 1 + theirs / 10 &&
			atomic_load(&other->accepting) > 0)
			return true;
	}
	return false;
}

bool
pier__shared_others_wait(const struct pier__shared *shared, size_t process)
{
	size_t i;

	for (i = 0; i < shared->processes; i++) {
		if (i != process && atomic_load(&shared->ledgers[i].hoping) > 0)
			return true;
	}
	return false;
}

/* Nobody else's ledger counts. */
PIER__HOT static int
add_alone(atomic_int *mine, int max)
{
	int now = atomic_load(mine);

	do {
		if (now >= max)
			return 0;
	} while (!atomic_compare_exchange_weak(mine, &now, now + 1));
	return now + 1;
}

PIER__HOT int
pier__shared_add(struct pier__shared *shared, size_t process, size_t of,
	int max, bool *again)
{
	atomic_int *mine = place(shared, process, of);
	int all;

	*again = false;
	if (shared->processes == 1)
		return add_alone(mine, max);
	if (sum(shared, of) >= max)
		return 0;
	(void)atomic_fetch_add(mine, 1);
	all = sum(shared, of);
	if (all <= max)
		return all;
	(void)atomic_fetch_sub(mine, 1);
	*again = true;
	return 0;
}

int
pier__shared_forget(struct pier__shared *shared, size_t process)
{
	struct pier__ledger *ledger = &shared->ledgers[process];

	(void)atomic_exchange(&ledger->datagrams, 0);
	(void)atomic_exchange(&ledger->waiting, 0);
	(void)atomic_exchange(&ledger->hoping, 0);
	(void)atomic_exchange(&ledger->stops, 0);
	(void)atomic_exchange(&ledger->accepting, 0);
	return atomic_exchange(&ledger->active, 0) +
	       atomic_exchange(&ledger->lingering, 0);
}

void
pier__shared_stop(struct pier__shared *shared, struct pier__ledger *ledger)
{
	int mine = atomic_fetch_add(&ledger->stops, 1) + 1;
	int most = atomic_load(&shared->stops);

	/* Not the sum: a terminal tells every process of its group. */
	while (most < mine &&
		!atomic_compare_exchange_weak(&shared->stops, &most, mine))
		;
}
