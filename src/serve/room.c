/* SPDX-License-Identifier: MIT */
/*
 * serve/room.c - how many connections at once, and acceptors that wait until
 * one of them has gone.
 */
#include "serve/server.h"

static void
note_peak(struct pier_server *server, int active)
{
	int peak = atomic_load_explicit(
		&server->active_peak, memory_order_relaxed);

	while (active > peak &&
		!atomic_compare_exchange_weak_explicit(&server->active_peak,
			&peak, active, memory_order_relaxed,
			memory_order_relaxed))
		;
}

bool
pier__room_is_full(struct pier_server *server)
{
	return atomic_load(&server->active) >= server->opts.connections_max;
}

bool
pier__room_take(struct pier_server *server)
{
	int active = atomic_load(&server->active);

	do {
		if (active >= server->opts.connections_max)
			return false;
	} while (!atomic_compare_exchange_weak(
		&server->active, &active, active + 1));
	note_peak(server, active + 1);
	return true;
}

void
pier__room_give(struct pier_server *server)
{
	(void)atomic_fetch_sub(&server->active, 1);
	pier__release(server);
}

void
pier__release(struct pier_server *server)
{
	struct pier__list *at;

	/* In this order, both sequentially consistent: an acceptor that is
	   not seen waiting here has yet to look at releases. */
	(void)atomic_fetch_add(&server->releases, 1);
	if (atomic_load(&server->waiting) == 0)
		return;
	(void)pthread_mutex_lock(&server->lock);
	pier__list_each(at, &server->waiters)
		pier__wake(pier__container_of(at, struct pier__acceptor, waiter)
				   ->task);
	(void)pthread_mutex_unlock(&server->lock);
}

int
pier__release_wait(
	struct pier__acceptor *acceptor, uint64_t seen, pier_deadline deadline)
{
	struct pier_server *server = acceptor->worker->server;
	int rc = 0;

	acceptor->task = pier__self();
	(void)pthread_mutex_lock(&server->lock);
	pier__list_push_back(&server->waiters, &acceptor->waiter);
	(void)pthread_mutex_unlock(&server->lock);
	(void)atomic_fetch_add(&server->waiting, 1);
	while (rc == 0 && atomic_load(&server->releases) == seen)
		rc = pier__park(acceptor->task, "room", -1, deadline);
	(void)atomic_fetch_sub(&server->waiting, 1);
	(void)pthread_mutex_lock(&server->lock);
	pier__list_remove(&acceptor->waiter);
	(void)pthread_mutex_unlock(&server->lock);
	return atomic_load(&server->releases) != seen ? 0 : rc;
}
