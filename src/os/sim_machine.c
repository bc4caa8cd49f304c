/* SPDX-License-Identifier: MIT */
/* os/sim_machine.c - what a simulated host has beside descriptors: the clock,
   chance, names that are numbers, and memory that may run short. */
#include "os/sim_inner.h"

int64_t
pier__sim_clock_ns(void)
{
	return pier__sim_here()->sim->now;
}

/* A simulation begins with the year 2026. */
int64_t
pier__sim_realtime_at(const struct pier__sim *sim)
{
	return INT64_C(1767225600) * 1000000000 + sim->now +
	       sim->realtime_shift_ns;
}

void
pier__sim_set_realtime(struct pier__sim *sim, int64_t realtime_ns)
{
	sim->realtime_shift_ns += realtime_ns - pier__sim_realtime_at(sim);
}

int64_t
pier__sim_realtime_ns(void)
{
	return pier__sim_realtime_at(pier__sim_here()->sim);
}

int
pier__sim_random(void *buf, size_t size)
{
	struct pier__sim *sim = pier__sim_here()->sim;
	unsigned char *at = buf;

	for (size_t i = 0; i < size; i++)
		at[i] = (unsigned char)pier__sim_chance(sim);
	return 0;
}

/* Numbers only: names come through the lookup of a dial. */
int
pier__sim_getaddrinfo(const char *host, const char *service,
	const struct addrinfo *hints, struct addrinfo **out)
{
	struct addrinfo numeric = { 0 };

	if (hints != NULL)
		numeric = *hints;
	numeric.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
	return pier__calls_real.getaddrinfo(host, service, &numeric, out);
}

static bool
is_memory_short(void)
{
	struct pier__sim *sim = pier__sim_here()->sim;

	return sim->limits.no_memory > 0 &&
	       pier__sim_chance(sim) % 1000 < sim->limits.no_memory;
}

/* Memory is the machine's. The functions of the real table are not constant
   expressions, so each has a name here. */
void *
pier__sim_alloc(size_t size)
{
	if (is_memory_short())
		return NULL;
	return pier__calls_real.alloc(size);
}

void *
pier__sim_alloc_lines(size_t size)
{
	if (is_memory_short())
		return NULL;
	return pier__calls_real.alloc_lines(size);
}

void *
pier__sim_resize(void *ptr, size_t size)
{
	if (is_memory_short())
		return NULL;
	return pier__calls_real.resize(ptr, size);
}
