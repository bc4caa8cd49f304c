/* SPDX-License-Identifier: MIT */
/*
 * serve/attend.c - the hooks that belong to no connection: on_idle when nobody
 * comes, tick at its period. Each has a fiber of its own in the first worker,
 * which is cancelled with the acceptors.
 */
#include <errno.h>

#include "serve/server.h"
#include "task/sched.h"

PIER__HOT void
pier__attend_came(struct pier__worker *worker)
{
	const struct pier_server *server = worker->server;

	if (server->opts.on_idle != NULL)
		atomic_store_explicit(&worker->came_ns,
			pier__task_now(pier__current), memory_order_relaxed);
}

static int64_t
last_came(const struct pier_server *server)
{
	int64_t last = 0;
	size_t i;

	for (i = 0; i < server->worker_count; i++) {
		int64_t came = atomic_load_explicit(
			&server->workers[i].came_ns, memory_order_relaxed);

		if (came > last)
			last = came;
	}
	return last;
}

static int
idle_main(void *arg)
{
	struct pier_server *server = arg;
	const struct pier_server_opts *opts = &server->opts;
	int64_t since = pier_now();
	int rc = 0;

	pier_task_name("idle");
	while (rc == 0) {
		int64_t came = last_came(server);

		if (came > since)
			since = came;
		if (pier_now() - since >= opts->on_idle_ms * 1000000) {
			opts->on_idle(server, opts->ctx);
			since = pier_now();
		}
		pier__sched_lenient(1);
		rc = pier_sleep(
			pier_deadline_at(since + opts->on_idle_ms * 1000000));
		pier__sched_lenient(-1);
	}
	return 0;
}

static int
tick_main(void *arg)
{
	struct pier_server *server = arg;
	const struct pier_server_opts *opts = &server->opts;
	int64_t period = opts->tick_ms * 1000000;
	int64_t next = pier_now();
	int rc = 0;

	pier_task_name("tick");
	while (rc == 0) {
		int64_t now = pier_now();

		next += period;
		/* It took longer than a period: what was missed is. */
		if (next <= now)
			next += (now - next) / period * period + period;
		pier__sched_lenient(1);
		rc = pier_sleep(pier_deadline_at(next));
		pier__sched_lenient(-1);
		if (rc == 0)
			opts->tick(server, opts->ctx);
	}
	return 0;
}

int
pier__attend_start(struct pier__worker *worker)
{
	struct pier_server *server = worker->server;
	int rc = 0;

	if (worker != &server->workers[0])
		return 0;
	if (server->opts.on_idle != NULL)
		rc = pier__sched_spawn(pier__current->sched, worker->accepting,
			idle_main, server);
	if (rc == 0 && server->opts.tick != NULL)
		rc = pier__sched_spawn(pier__current->sched, worker->accepting,
			tick_main, server);
	return rc;
}
