/* SPDX-License-Identifier: MIT */
/*
 * serve/notify.c - a server tells its service manager that it is ready, that
 * it stops, and, from the scheduler that accepts, that it is alive. With
 * processes the first of them does.
 */
#include <pier/service.h>

#include "serve/conn.h"
#include "task/sched.h"

/* A manager that does not read for so long is not waited for. */
#define PATIENCE_S 5

void
pier__server_tell(struct pier_server *server, const char *state)
{
	pier_deadline shield;
	int rc;

	/* The manager knows the first process only. */
	if (!server->opts.notify || server->process > 0)
		return;
	shield = pier_shield(pier_in_s(PATIENCE_S));
	rc = pier_notify(state, pier_in_s(PATIENCE_S));
	(void)pier_shield(shield);
	if (rc < 0)
		pier__report_error(server, NULL, rc);
}

/* Twice as often as it wants to hear. */
static int
watchdog_main(void *arg)
{
	struct pier__worker *worker = arg;
	int64_t us = pier_watchdog_us();
	int rc = us < 0 ? (int)us : 0;

	pier_task_name("watchdog");
	if (rc < 0)
		pier__report_error(worker->server, NULL, rc);
	while (rc == 0 && us > 0) {
		rc = pier_sleep(pier_in_ns(us * 1000 / 2));
		if (rc == 0)
			pier__server_tell(worker->server, "WATCHDOG=1");
	}
	return 0;
}

int
pier__watchdog_start(struct pier__worker *worker)
{
	if (!worker->server->opts.notify || worker->server->process > 0 ||
		worker != &worker->server->workers[0])
		return 0;
	return pier__sched_spawn(
		pier__current->sched, worker->accepting, watchdog_main, worker);
}
