/* SPDX-License-Identifier: MIT */
/*
 * io/sim_engine.c - waiting inside a simulation; see sim_engine.h.
 *
 * It tells of readiness as epoll does with EPOLLET: an event when a watched
 * socket has news (or is ready when it is added), with all that is true of
 * the socket at the moment of the event. A socket knows its watcher, so that
 * no table is needed; desc->slot only says that it does.
 */
#include "io/sim_engine.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/desc.h"
#include "io/engine.h"
#include "io/gather.h"
#include "os/sim_inner.h"

struct sim_engine {
	struct pier__engine engine;
	struct pier__sim *sim;
	atomic_bool woken;
};

static struct sim_engine *
of(struct pier__engine *engine)
{
	return pier__container_of(engine, struct sim_engine, engine);
}

static uint32_t
news(struct pier__sim_socket *socket, const struct pier__desc *desc)
{
	uint32_t asked = EPOLLRDHUP | EPOLLPRI | EPOLLERR | EPOLLHUP;

	if ((desc->interest & PIER__IN) != 0)
		asked |= EPOLLIN;
	if ((desc->interest & PIER__OUT) != 0)
		asked |= EPOLLOUT;
	return socket->ops->poll(socket) & asked;
}

static int
sim_note(struct pier__engine *engine, struct pier__desc *desc)
{
	struct pier__sim_socket *socket =
		pier__sim_socket_of(of(engine)->sim, desc->fd);

	/* What it refuses is refused by the attempt that follows. */
	if (socket == NULL)
		return 0;
	assert(socket->watcher == NULL || socket->watcher == desc);
	desc->slot = 1;
	socket->watcher = desc;
	return 0;
}

static int
sim_add(struct pier__engine *engine, struct pier__desc *desc, unsigned what)
{
	struct pier__sim_socket *socket =
		pier__sim_socket_of(of(engine)->sim, desc->fd);
	unsigned interest = desc->interest | what;

	if (socket == NULL)
		return -EBADF;
	if (desc->slot != 0 && interest == desc->interest)
		return 0;
	assert(socket->watcher == NULL || socket->watcher == desc);
	if (desc->kind == PIER__DESC_TCP)
		interest = PIER__IN | PIER__OUT;
	desc->interest = (uint8_t)interest;
	desc->slot = 1;
	socket->watcher = desc;
	if (news(socket, desc) != 0)
		pier__sim_news(socket);
	return 0;
}

static void
sim_rest(struct pier__engine *engine, struct pier__desc *desc, unsigned what)
{
	(void)engine;
	(void)desc;
	(void)what;
}

static void
unwatch(struct pier__sim_socket *socket)
{
	struct pier__desc *desc = socket->watcher;

	desc->slot = 0;
	desc->interest = 0;
	socket->watcher = NULL;
	pier__list_remove(&socket->ready_node);
}

static void
sim_forget(struct pier__engine *engine, struct pier__desc *desc)
{
	struct pier__sim_socket *socket =
		pier__sim_socket_of(of(engine)->sim, desc->fd);

	if (desc->slot == 0)
		return;
	assert(socket != NULL && socket->watcher == desc);
	unwatch(socket);
}

/* Every event that is due, to its descriptor. How many. */
static unsigned
deliver(struct pier__sim *sim)
{
	struct pier__list due;
	struct pier__list *node;
	unsigned count = 0;

	/* What becomes ready meanwhile is for the next time. */
	pier__list_init(&due);
	pier__list_splice_back(&due, &sim->ready);
	while ((node = pier__list_pop_front(&due)) != NULL) {
		struct pier__sim_socket *socket = pier__container_of(
			node, struct pier__sim_socket, ready_node);
		struct pier__desc *desc = socket->watcher;
		uint32_t mask = desc->interest == 0 ? 0 : news(socket, desc);

		if (mask == 0)
			continue;
		pier__desc_epoll_event(desc, mask);
		count++;
	}
	return count;
}

/* Nothing will ever happen again. */
static void
stuck(struct pier__sim *sim)
{
	(void)fprintf(stderr, "%ssimulation: every task waits for ever\n",
		pier__sim_trace(sim));
	abort();
}

static int
sim_wait(struct pier__engine *engine, int64_t timeout_ns)
{
	struct sim_engine *it = of(engine);
	struct pier__sim *sim = it->sim;
	int64_t until = timeout_ns < 0 || timeout_ns > INT64_MAX - sim->now
				? INT64_MAX
				: sim->now + timeout_ns;

	pier__sim_run_due(sim);
	while (deliver(sim) == 0 && !atomic_exchange(&it->woken, false)) {
		if (pier__sim_step(sim, until))
			continue;
		if (timeout_ns < 0)
			stuck(sim);
		break;
	}
	return 0;
}

static int
sim_wakeable(struct pier__engine *engine)
{
	(void)engine;
	return 0;
}

static void
sim_wake(struct pier__engine *engine)
{
	atomic_store(&of(engine)->woken, true);
}

static void
sim_close(struct pier__engine *engine)
{
	struct sim_engine *it = of(engine);

	/* Streams may outlive the run that used them: they start anew. */
	for (size_t i = 0; i < it->sim->fd_max; i++) {
		struct pier__sim_socket *socket = it->sim->fds[i];

		if (socket == NULL || socket->watcher == NULL)
			continue;
		pier__gather_unwatched(socket->watcher, engine);
		((struct pier__desc *)socket->watcher)->owner = NULL;
		unwatch(socket);
	}
	pier__free(it);
}

static const struct pier__engine_ops sim_ops = {
	.note = sim_note,
	.add = sim_add,
	.rest = sim_rest,
	.forget = sim_forget,
	.wait = sim_wait,
	.wakeable = sim_wakeable,
	.wake = sim_wake,
	.close = sim_close,
	.forked = sim_close,
};

/* The simulation that the current task is in. */
static struct pier__sim *
current_sim(void)
{
	/* The table is a member of an object that is not const. */
	union {
		const struct pier__calls *in;
		struct pier__calls *out;
	} calls = { pier__calls() };

	return pier__container_of(calls.out, struct pier__sim_host, calls)->sim;
}

static int
sim_engine_open(struct pier__engine **out, int for_fibers)
{
	struct sim_engine *it;

	/* A thread polls, by the table, which moves the clock as well. */
	if (!for_fibers)
		return pier__engine_plain(out);
	it = pier__alloc(sizeof(*it));
	if (it == NULL)
		return -ENOMEM;
	it->engine.ops = &sim_ops;
	it->engine.wake_fd = -1;
	it->sim = current_sim();
	*out = &it->engine;
	return 0;
}

void
pier__sim_on(struct pier__sim_host *host)
{
	struct pier__task *self = pier__self();

	assert(self != NULL);
	self->context.calls = pier__sim_calls(host);
}

int
pier__sim_run(struct pier__sim *sim, pier_task_fn *fn, void *arg)
{
	struct pier__task *self = pier__self();
	const struct pier__calls *before;
	int rc;

	assert(self != NULL);
	before = self->context.calls;
	pier__sim_set_engine(sim, sim_engine_open);
	pier__sim_on(pier__sim_local(sim));
	rc = pier_run(fn, arg, NULL, NULL);
	self->context.calls = before;
	return rc;
}
