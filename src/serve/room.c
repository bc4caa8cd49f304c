/* SPDX-License-Identifier: MIT */
/*
 * serve/room.c - how many connections at once, and acceptors that wait until
 * one of them has gone.
 */
#include "serve/server.h"
#include "task/sched.h"

/* So many may linger beside those that are active, however few may be. */
#define LINGERING_MIN 64

static void
note_peak(struct pier__shared *shared, int active)
{
	int peak = atomic_load_explicit(
		&shared->active_peak, memory_order_relaxed);

	while (active > peak &&
		!atomic_compare_exchange_weak_explicit(&shared->active_peak,
			&peak, active, memory_order_relaxed,
			memory_order_relaxed))
		;
}

PIER__HOT bool
pier__room_is_full(struct pier_server *server)
{
	return atomic_load(&server->ledger->active) >= server->own_max ||
	       pier__shared_active(server->shared) >=
		       server->opts.connections_max;
}

/* How many there are then, or 0. */
PIER__HOT static int
add(struct pier_server *server)
{
	bool again;
	int active;

	if (atomic_load(&server->ledger->active) >= server->own_max)
		return 0;
	active = pier__shared_add(server->shared, server->process,
		offsetof(struct pier__ledger, active),
		server->opts.connections_max, &again);

	/* Of two that came at once for the last place neither may have it. */
	if (again)
		pier__release(server);
	return active;
}

PIER__HOT bool
pier__room_take(struct pier_server *server)
{
	int active = add(server);

	if (active > 0)
		note_peak(server->shared,
			active - atomic_load(&server->standing));
	return active > 0;
}

bool
pier__room_reserve(struct pier_server *server)
{
	/* First, so that a peak is never told too high. */
	(void)atomic_fetch_add(&server->standing, 1);
	if (add(server) > 0)
		return true;
	(void)atomic_fetch_sub(&server->standing, 1);
	return false;
}

void
pier__room_use(struct pier_server *server)
{
	int standing = atomic_fetch_sub(&server->standing, 1) - 1;

	note_peak(
		server->shared, pier__shared_active(server->shared) - standing);
}

void
pier__room_unreserve(struct pier_server *server)
{
	pier__room_give(server);
	(void)atomic_fetch_sub(&server->standing, 1);
}

PIER__HOT void
pier__room_give(struct pier_server *server)
{
	(void)atomic_fetch_sub(&server->ledger->active, 1);
	pier__release(server);
}

int
pier__lingering_max(const struct pier_server *server)
{
	int most = server->opts.connections_max;

	return most < LINGERING_MIN ? LINGERING_MIN : most;
}

bool
pier__room_step_aside(struct pier_server *server)
{
	bool again;

	if (pier__shared_add(server->shared, server->process,
		    offsetof(struct pier__ledger, lingering),
		    pier__lingering_max(server), &again) == 0)
		return false;
	pier__room_give(server);
	return true;
}

void
pier__room_gone_aside(struct pier_server *server)
{
	(void)atomic_fetch_sub(&server->ledger->lingering, 1);
	pier__release(server);
}

PIER__HOT void
pier__room_look(struct pier_server *server)
{
	struct pier__list *at;

	(void)pthread_mutex_lock(&server->lock);
	pier__list_each(at, &server->waiters)
		pier__wake(pier__container_of(at, struct pier__acceptor, waiter)
				   ->task);
	(void)pthread_mutex_unlock(&server->lock);
}

PIER__HOT void
pier__release(struct pier_server *server)
{
	/* In this order, both sequentially consistent: an acceptor that is
	   not seen waiting here has yet to look at releases. */
	(void)atomic_fetch_add(&server->shared->releases, 1);
	if (atomic_load(&server->ledger->waiting) > 0)
		pier__room_look(server);
	if (server->shared->processes > 1 &&
		pier__shared_others_wait(server->shared, server->process))
		pier__bell_ring(server);
}

PIER__HOT int
pier__release_wait(
	struct pier__acceptor *acceptor, uint64_t seen, pier_deadline deadline)
{
	struct pier_server *server = acceptor->worker->server;
	atomic_uint_fast64_t *releases = &server->shared->releases;
	/* With as many as one process may have, none but its own is of use. */
	int hoping = atomic_load(&server->ledger->active) < server->own_max;
	int rc = 0;

	acceptor->task = pier__self();
	(void)pthread_mutex_lock(&server->lock);
	pier__list_push_back(&server->waiters, &acceptor->waiter);
	(void)pthread_mutex_unlock(&server->lock);
	(void)atomic_fetch_add(&server->ledger->hoping, hoping);
	(void)atomic_fetch_add(&server->ledger->waiting, 1);
	pier__sched_lenient(1);
	while (rc == 0 && atomic_load(releases) == seen)
		rc = pier__park(acceptor->task, "room", -1, deadline);
	pier__sched_lenient(-1);
	(void)atomic_fetch_sub(&server->ledger->waiting, 1);
	(void)atomic_fetch_sub(&server->ledger->hoping, hoping);
	(void)pthread_mutex_lock(&server->lock);
	pier__list_remove(&acceptor->waiter);
	(void)pthread_mutex_unlock(&server->lock);
	return atomic_load(releases) != seen ? 0 : rc;
}
