/* SPDX-License-Identifier: MIT */
/*
 * os/sim.c - the clock of the simulation, what happens when, chance, and the
 * trace. What happens stands on a heap ordered by moment, then by the order
 * in which it was put there, which makes every run repeatable.
 */
#include "os/sim.h"
#include "os/sim_inner.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

void *
pier__sim_memory(size_t size)
{
	void *ptr = calloc(1, size);

	/* A test that has no memory ends here. */
	if (ptr == NULL)
		abort();
	return ptr;
}

static bool
earlier(const struct pier__sim_event *a, const struct pier__sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
set_place(struct pier__sim *sim, size_t place, struct pier__sim_event *event)
{
	sim->heap[place] = event;
	event->place = place;
}

/* Moves event from a hole at place to where it belongs. */
static void
settle(struct pier__sim *sim, size_t place, struct pier__sim_event *event)
{
	while (place > 1 && earlier(event, sim->heap[place / 2])) {
		set_place(sim, place, sim->heap[place / 2]);
		place /= 2;
	}
	for (;;) {
		size_t child = place * 2;

		if (child > sim->heap_count)
			break;
		if (child < sim->heap_count &&
			earlier(sim->heap[child + 1], sim->heap[child]))
			child++;
		if (earlier(event, sim->heap[child]))
			break;
		set_place(sim, place, sim->heap[child]);
		place = child;
	}
	set_place(sim, place, event);
}

void
pier__sim_schedule(
	struct pier__sim *sim, struct pier__sim_event *event, int64_t at)
{
	pier__sim_cancel(sim, event);
	if (sim->heap_count + 1 >= sim->heap_max) {
		sim->heap_max = sim->heap_max == 0 ? 64 : sim->heap_max * 2;
		sim->heap = realloc(
			sim->heap, sim->heap_max * sizeof(struct event *));
		if (sim->heap == NULL)
			abort();
	}
	event->at = at < sim->now ? sim->now : at;
	event->order = ++sim->order;
	settle(sim, ++sim->heap_count, event);
}

void
pier__sim_cancel(struct pier__sim *sim, struct pier__sim_event *event)
{
	struct pier__sim_event *last;
	size_t place = event->place;

	if (place == 0)
		return;
	event->place = 0;
	last = sim->heap[sim->heap_count--];
	if (last != event)
		settle(sim, place, last);
}

bool
pier__sim_step(struct pier__sim *sim, int64_t until_ns)
{
	struct pier__sim_event *event;

	if (sim->heap_count == 0 || sim->heap[1]->at > until_ns) {
		if (until_ns != INT64_MAX && until_ns > sim->now)
			sim->now = until_ns;
		return false;
	}
	event = sim->heap[1];
	pier__sim_cancel(sim, event);
	sim->now = event->at;
	event->fn(sim, event);
	return true;
}

void
pier__sim_run_due(struct pier__sim *sim)
{
	while (pier__sim_step(sim, sim->now))
		;
}

/* splitmix64: every seed, also 0, gives a good sequence. */
uint64_t
pier__sim_chance(struct pier__sim *sim)
{
	uint64_t x = (sim->chance += 0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

void
pier__sim_note(struct pier__sim *sim, const char *fmt, ...)
{
	int64_t t = sim->now - PIER__SIM_EPOCH_NS;
	va_list args;

	(void)fprintf(sim->trace, "%3lld.%06lld ", (long long)(t / 1000000000),
		(long long)(t % 1000000000 / 1000));
	va_start(args, fmt);
	(void)vfprintf(sim->trace, fmt, args);
	va_end(args);
	(void)fputc('\n', sim->trace);
}

const char *
pier__sim_trace(struct pier__sim *sim)
{
	(void)fflush(sim->trace);
	return sim->trace_text;
}

struct pier__sim *
pier__sim_open(uint64_t seed)
{
	struct pier__sim *sim = pier__sim_memory(sizeof(*sim));

	sim->now = PIER__SIM_EPOCH_NS;
	sim->chance = seed;
	sim->limits = (struct pier__sim_limits){
		.descriptors = 900,
		.syn_timeout_ns = (int64_t)127 * 1000000000,
		.dead_timeout_ns = (int64_t)924 * 1000000000,
		/* What Linux gives a tcp socket at first, and unix ones. */
		.sndbuf = 212992,
		.rcvbuf = 212992,
	};
	pier__list_init(&sim->hosts);
	pier__list_init(&sim->routes);
	pier__list_init(&sim->ready);
	sim->trace = open_memstream(&sim->trace_text, &sim->trace_size);
	if (sim->trace == NULL)
		abort();
	sim->local = pier__sim_host(sim, "10.0.0.1 fd00::1");
	return sim;
}

static void
close_host(struct pier__sim_host *host)
{
	while (!pier__list_empty(&host->sockets)) {
		struct pier__sim_socket *socket = pier__container_of(
			host->sockets.next, struct pier__sim_socket, node);

		socket->ops->destroy(socket);
	}
	pier__sim_unix_forget_names(host);
	free(host);
}

void
pier__sim_close(struct pier__sim *sim)
{
	struct pier__list *node;

	if (sim == NULL)
		return;
	sim->closing = true;
	while ((node = pier__list_pop_front(&sim->hosts)) != NULL)
		close_host(
			pier__container_of(node, struct pier__sim_host, node));
	/* What is left are packets and moments: each a block of its own. */
	while (sim->heap_count > 0) {
		struct pier__sim_event *event = sim->heap[1];

		pier__sim_cancel(sim, event);
		free(event);
	}
	while ((node = pier__list_pop_front(&sim->routes)) != NULL)
		free(pier__container_of(node, struct pier__sim_route, node));
	(void)fclose(sim->trace);
	free(sim->trace_text);
	free(sim->heap);
	free(sim->fds);
	free(sim);
}

/* A moment that a test asked for. */
struct moment {
	struct pier__sim_event event; /* first: freed as such */
	void (*fn)(void *arg);
	void *arg;
};

static void
moment_comes(struct pier__sim *sim, struct pier__sim_event *event)
{
	struct moment *moment = pier__container_of(event, struct moment, event);

	(void)sim;
	moment->fn(moment->arg);
	free(moment);
}

void
pier__sim_at(
	struct pier__sim *sim, int64_t when_ns, void (*fn)(void *), void *arg)
{
	struct moment *moment = pier__sim_memory(sizeof(*moment));

	moment->event.fn = moment_comes;
	moment->fn = fn;
	moment->arg = arg;
	pier__sim_schedule(sim, &moment->event, when_ns);
}

struct pier__sim_host *
pier__sim_local(struct pier__sim *sim)
{
	return sim->local;
}

void
pier__sim_set_engine(struct pier__sim *sim,
	int (*engine_open)(struct pier__engine **out, int for_fibers))
{
	struct pier__list *node;

	sim->engine_open = engine_open;
	pier__list_each(node, &sim->hosts)
		pier__container_of(node, struct pier__sim_host, node)
			->calls.engine_open = engine_open;
}

struct pier__sim_limits *
pier__sim_limits(struct pier__sim *sim)
{
	return &sim->limits;
}

int64_t
pier__sim_now(const struct pier__sim *sim)
{
	return sim->now;
}

unsigned
pier__sim_open_count(const struct pier__sim *sim)
{
	return sim->fd_count;
}
