/* SPDX-License-Identifier: MIT */
/*
 * serve/processes.c - the first process of a server with processes: it forks
 * the others, each of which runs the model on the ports that are open already,
 * and starts another where one has died.
 *
 * It serves nobody, and runs no thread of pier beside the one that forks. Its
 * copies of the listening sockets keep the queues of those that died.
 */
#include "serve/overseer.h"

#include <errno.h>
#include <signal.h>

#include <pier/service.h>

#include "names/names.h"
#include "os/process.h"
#include "serve/conn.h"
#include "serve/endpoints.h"
#include "serve/options.h"
#include "serve/replace.h"
#include "task/group.h"
#include "task/run.h"

/* Beside the drain time: for what is cancelled then. Who hangs outside of pier
   is killed. */
#define GRACE_NS INT64_C(7000000000)

/* Of the fiber that forks, on which a child begins: hooks run there too. */
#define STACK_BYTES ((size_t)1024 * 1024)

#define EVENTS_MAX 16

int
pier__overseer_watch(const struct pier__overseer *it, int fd, uint64_t what)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET,
		.data.u64 = what };

	return pier__calls()->epoll_ctl(
		it->events.fd, EPOLL_CTL_ADD, fd, &event);
}

/* Told to: the children hear of it themselves. */
static void
look_at_stops(struct pier__overseer *it)
{
	struct pier_server *server = it->server;
	int stops = atomic_load(&server->shared->stops);
	int64_t now = pier__calls()->clock_ns();
	int64_t drain = pier__options_ns(server->opts.drain_ms);

	if (stops == 0)
		return;
	if (server->opts.drain_ms == PIER_OFF || stops > 1)
		drain = 0;
	if (drain < INT64_MAX - now - GRACE_NS &&
		now + drain + GRACE_NS < it->kill_at)
		it->kill_at = now + drain + GRACE_NS;
	if (it->stopping)
		return;
	it->stopping = true;
	/* One that was replaced is not the service any more. */
	if (!server->handed_over)
		pier__server_tell(server, "STOPPING=1");
	if (it->control != NULL)
		pier_group_cancel(it->control);
	/* So that a queue closes with the last process that empties it. */
	pier__endpoints_leave(server);
}

/* As long as this goes round, and at half the time that is asked for. */
static void
start_watchdog(struct pier__overseer *it)
{
	int64_t us = it->server->opts.notify ? pier_watchdog_us() : 0;

	it->watchdog_at = INT64_MAX;
	if (us < 0)
		pier__report_error(it->server, NULL, (int)us);
	if (us <= 0)
		return;
	it->watchdog_ns = us * 1000 / 2;
	it->watchdog_at = pier__calls()->clock_ns() + it->watchdog_ns;
}

static void
tell_watchdog(struct pier__overseer *it)
{
	int64_t now = pier__calls()->clock_ns();

	if (now < it->watchdog_at)
		return;
	it->watchdog_at = now + it->watchdog_ns;
	pier__server_tell(it->server, "WATCHDOG=1");
}

static void
kill_late(struct pier__overseer *it)
{
	size_t i;

	if (!it->stopping || pier__calls()->clock_ns() < it->kill_at)
		return;
	for (i = 0; i < it->count; i++) {
		if (it->children[i].pidfd < 0 || it->children[i].killed)
			continue;
		it->children[i].killed = true;
		(void)pier__calls()->pidfd_kill(it->children[i].pidfd, SIGKILL);
	}
	it->kill_at = INT64_MAX;
}

/* Of those that do not run, when the first is to start; else when to kill. */
static pier_deadline
next_moment(const struct pier__overseer *it)
{
	int64_t next =
		it->kill_at < it->watchdog_at ? it->kill_at : it->watchdog_at;
	size_t i;

	for (i = 0; i < it->count && !it->stopping; i++) {
		const struct pier__worker_process *child = &it->children[i];

		if (child->pidfd < 0 && child->again_at < next)
			next = child->again_at;
	}
	return pier_deadline_at(next);
}

/* What has happened: how much at most is left for another look. */
static int
look(struct pier__overseer *it)
{
	struct epoll_event events[EVENTS_MAX];
	int n, i;

	PIER__NOTE(it->events.readable, false);
	n = pier__calls()->epoll_wait(it->events.fd, events, EVENTS_MAX, 0);
	/* Before any is reaped: those that ended by a stop did not die. */
	look_at_stops(it);
	for (i = 0; i < n; i++) {
		if (events[i].data.u64 != PIER__OVERSEER_STOP)
			pier__worker_process_reap(
				it, (size_t)events[i].data.u64);
	}
	return n > 0 ? n : 0;
}

/* Until something may have happened. -ECANCELED: this task was cancelled. */
static int
wait_for_more(struct pier__overseer *it)
{
	pier_deadline next = next_moment(it);
	struct pollfd events = { .fd = it->events.fd, .events = POLLIN };
	int rc = pier__desc_wait(&it->events, PIER__IN, "processes", next);

	if (rc == 0 || rc == -PIER_EDEADLINE || rc == -ECANCELED)
		return rc;
	/* That wait may need memory and a descriptor, and have neither; this
	   one cannot be cancelled, and cannot fail. */
	(void)pier__calls()->poll(
		&events, 1, next.ns == INT64_MAX ? -1 : pier_left_ns(next));
	return 0;
}

static void
oversee(struct pier__overseer *it)
{
	while (it->running > 0 || !it->stopping) {
		if (look(it) == 0 && wait_for_more(it) == -ECANCELED) {
			/* A way to ask for the end, without a drain. */
			pier_server_stop(it->server);
			pier_server_stop(it->server);
			(void)pier_shield(PIER_FOREVER);
		}
		look_at_stops(it);
		kill_late(it);
		tell_watchdog(it);
		pier__worker_processes_start_due(it);
	}
}

static int
begin(struct pier__overseer *it)
{
	struct pier_server *server = it->server;
	int epfd = pier__calls()->epoll_create();
	size_t i;
	int rc;

	if (epfd < 0)
		return epfd;
	pier__desc_init(&it->events, epfd, PIER__DESC_SOCKET);
	server->parent_fd = pier__calls()->pidfd_open(pier__process());
	if (server->parent_fd < 0)
		return server->parent_fd;
	it->children = pier__alloc(it->count * sizeof(*it->children));
	if (it->children == NULL)
		return -ENOMEM;
	for (i = 0; i < it->count; i++)
		it->children[i].pidfd = -1;
	rc = pier__overseer_watch(it, server->stop_fd, PIER__OVERSEER_STOP);
	/* Helpers that are still at work end by themselves; a child has none
	   of them. */
	(void)pier__names_stop();
	for (i = 0; rc == 0 && i < it->count; i++)
		rc = pier__worker_process_start(it, i);
	return rc;
}

/* Beside them: hear of one that is to take the place. */
static int
begin_control(struct pier__overseer *it)
{
	int rc;

	if (it->server->control == NULL)
		return 0;
	rc = pier_group_open(&it->control);
	return rc < 0 ? rc : pier__control_start(it->server, it->control);
}

static void
end_control(struct pier__overseer *it)
{
	if (it->control == NULL)
		return;
	pier_group_cancel(it->control);
	(void)pier__group_wait(it->control, "drain", PIER_FOREVER);
	pier_group_close(it->control);
}

static int
run(struct pier__overseer *it)
{
	/* To be restored: what is in force now. */
	pier_deadline shield = pier_shield(PIER_NOW);
	int rc;

	(void)pier_shield(shield);
	start_watchdog(it);
	rc = begin(it);
	if (rc == 0)
		rc = begin_control(it);
	if (rc < 0) {
		pier_server_stop(it->server);
		pier_server_stop(it->server);
		look_at_stops(it);
	}
	oversee(it);
	(void)pier_shield(PIER_FOREVER);
	end_control(it);
	(void)pier_shield(shield);
	pier__desc_close(&it->events);
	pier__close(it->server->parent_fd);
	it->server->parent_fd = -1;
	pier__free(it->children);
	return rc;
}

static int
run_main(void *arg)
{
	pier_task_name("processes");
	return run(arg);
}

/* What there is to do beside is a task of its own: then both are fibers, and no
   other thread is there when one of them forks. */
static int
run_here(struct pier__overseer *it)
{
	const struct pier_run_opts opts = {
		.kind = PIER_TASK_FIBER,
		.stack_size = STACK_BYTES,
	};

	return it->server->control == NULL
		       ? run(it)
		       : pier_run(run_main, it, &opts, NULL);
}

int
pier__processes_run(struct pier_server *server)
{
	/* On the heap: the engine looks at events while the task waits. */
	struct pier__overseer *it = pier__alloc(sizeof(*it));
	struct pier_server_stats stats;
	int rc = -ENOMEM;

	if (it != NULL) {
		it->server = server;
		it->events.fd = -1;
		it->count = server->shared->processes - 1;
		it->kill_at = INT64_MAX;
		rc = run_here(it);
	}
	pier__free(it);
	if (rc < 0)
		return pier__fail(
			rc, &(struct pier__failure){ .step = PIER_STEP_CREATE,
				    .detail = "the processes of a server",
				    .counts = true });
	pier_server_stats(server, &stats);
	return (int)stats.cancelled;
}
