/* SPDX-License-Identifier: MIT */
/*
 * serve/processes.c - the first process of a server with processes: it forks
 * the others, each of which runs the model on the ports that are open already,
 * and starts another where one has died.
 *
 * It serves nobody, and runs no thread of pier beside the one that forks. Its
 * copies of the listening sockets keep the queues of those that died. Children
 * are known by their pidfds, so that a number which the kernel gives to another
 * process is never taken for one of them, and the program's own children are
 * left to the program. What those fork in turn (fork.c) is theirs, and ends with
 * them.
 */
#include "serve/processes.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include <pier/service.h>

#include "net/names.h"
#include "os/process.h"
#include "serve/conn.h"
#include "serve/endpoints.h"
#include "serve/options.h"
#include "task/run.h"

/* Before another one starts: doubled each time, but after a life that was long
   enough to be of use. */
#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   5000
#define LONG_LIFE_NS   INT64_C(1000000000)
/* Beside the drain time: for what is cancelled then. Who hangs outside of pier
   is killed. */
#define GRACE_NS INT64_C(7000000000)

#define EVENTS_MAX 16

struct child {
	int pid;
	int pidfd; /* -1: it does not run */
	int64_t started_ns;
	int64_t pause_ms; /* before it was started last */
	int64_t again_at; /* when to start it, where it does not run */
	bool killed;      /* by the first process, as it would not end */
};

struct overseer {
	struct pier_server *server;
	struct pier__desc events; /* an epoll of the stop and all pidfds */
	struct child *children;
	size_t count;
	size_t running;
	bool stopping;
	int64_t kill_at;     /* those that run then */
	int64_t watchdog_ns; /* between two words to the service manager */
	int64_t watchdog_at; /* the next one; INT64_MAX: it wants none */
};

/* In the data of an event: the stop, not a child. */
#define STOP UINT64_MAX

static int
watch(const struct overseer *it, int fd, uint64_t what)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET,
		.data.u64 = what };

	return pier__calls()->epoll_ctl(
		it->events.fd, EPOLL_CTL_ADD, fd, &event);
}

void
pier__process_fail(struct pier_server *server)
{
	/* Read by the first process after this one has ended. */
	(void)snprintf(server->ledger->last_words, PIER__LAST_WORDS, "%s",
		pier_error_line());
	pier__process_exit(1);
}

/* In the child: what was the parent's alone is let go. */
static _Noreturn void
child_main(const struct overseer *it, size_t number)
{
	struct pier_server *server = it->server;
	size_t i;

	pier__thread_forked(pier__current);
	pier__close(it->events.fd);
	for (i = 0; i < it->count; i++)
		pier__close(it->children[i].pidfd);
	server->process = number;
	server->ledger = &server->shared->ledgers[number];
	for (i = 0; i < server->worker_count; i++)
		server->workers[i].counters =
			pier__shared_counters(server->shared, number, i);
	if (pier__crew_run(server) < 0)
		pier__process_fail(server);
	pier__process_exit(0);
}

static void
tell(const struct overseer *it, const struct pier_process *process)
{
	const struct pier_server_opts *opts = &it->server->opts;

	if (opts->on_process != NULL)
		opts->on_process(process, opts->ctx);
}

static void
forget(const struct overseer *it, size_t number)
{
	pier__address_forget(it->server->addresses, number);
	(void)pier__shared_forget(it->server->shared, number);
}

/* 0 or the error. */
static int
start(struct overseer *it, size_t i)
{
	struct child *child = &it->children[i];
	int pidfd = -1;
	int pid, rc;

	/* Nothing that is gathered may be sent twice. */
	pier__before_wait_run(pier__current);
	it->server->shared->ledgers[i + 1].last_words[0] = '\0';
	pid = pier__calls()->fork(&pidfd);
	if (pid == 0)
		child_main(it, i + 1);
	rc = pid < 0 ? pid : watch(it, pidfd, i);
	if (pid > 0 && rc < 0) {
		(void)pier__calls()->pidfd_kill(pidfd, SIGKILL);
		while (pier__calls()->reap(pidfd, &pid) == 0)
			(void)pier__calls()->poll(&(struct pollfd){ .fd = pidfd,
							  .events = POLLIN },
				1, -1);
		pier__close(pidfd);
	}
	if (rc < 0) {
		forget(it, i + 1);
		return rc;
	}
	child->pid = pid;
	child->pidfd = pidfd;
	child->started_ns = pier__calls()->clock_ns();
	it->running++;
	tell(it, &(struct pier_process){ .what = PIER_PROCESS_STARTED,
			 .number = (int)i + 1,
			 .pid = pid });
	return 0;
}

/* When the next one starts. */
static void
plan(const struct overseer *it, struct child *child, int64_t lived_ns)
{
	if (lived_ns >= LONG_LIFE_NS || child->pause_ms == 0)
		child->pause_ms = PAUSE_FIRST_MS;
	else
		child->pause_ms *= 2;
	if (child->pause_ms > PAUSE_MAX_MS)
		child->pause_ms = PAUSE_MAX_MS;
	if (it->stopping)
		child->pause_ms = 0;
	child->again_at = pier_in_ms(child->pause_ms).ns;
}

/* Those that are to run, and do not. One that cannot be had is tried again. */
static void
start_due(struct overseer *it)
{
	int64_t now = pier__calls()->clock_ns();
	size_t i;

	for (i = 0; i < it->count && !it->stopping; i++) {
		struct child *child = &it->children[i];
		int rc = 0;

		if (child->pidfd < 0 && child->again_at <= now)
			rc = start(it, i);
		if (rc == 0)
			continue;
		plan(it, child, 0);
		(void)pier__fail(
			rc, &(struct pier__failure){ .step = PIER_STEP_CREATE,
				    .detail = "a process of a server",
				    .counts = true });
		pier__report_error(it->server, NULL, rc);
	}
}

/* What the dead one held is for others. */
static uint64_t
settle(struct overseer *it, size_t i, bool died)
{
	struct pier_server *server = it->server;
	struct pier__counters *counters =
		pier__shared_counters(server->shared, i + 1, 0);
	uint64_t lost;

	pier__address_forget(server->addresses, i + 1);
	lost = (uint64_t)pier__shared_forget(server->shared, i + 1);
	if (it->children[i].killed)
		pier__count(counters, PIER__COUNT_CANCELLED, lost);
	else if (died)
		pier__count(counters, PIER__COUNT_LOST, lost);
	pier__count(counters, PIER__COUNT_DIED, died);
	/* It may have heard of who queues, and of room, and not gone on. */
	(void)atomic_fetch_add(&server->shared->releases, 1);
	pier__bell_ring(server);
	return lost;
}

static void
report(const struct overseer *it, const struct pier_process *process)
{
	char text[PIER__PROCESS_TEXT];

	pier__process_describe(text, process,
		it->server->shared->ledgers[process->number].last_words);
	(void)pier__fail(
		-PIER_EDIED, &(struct pier__failure){ .step = PIER_STEP_HANDLER,
				     .detail = text });
	pier__report_error(it->server, NULL, -PIER_EDIED);
}

/* It has ended, when it has. */
static void
reap(struct overseer *it, size_t i)
{
	struct child *child = &it->children[i];
	struct pier_process process = { .what = PIER_PROCESS_ENDED,
		.number = (int)i + 1,
		.pid = child->pid };
	int status = 0;
	int rc = pier__calls()->reap(child->pidfd, &status);
	bool died;

	if (rc == 0)
		return;
	pier__process_set_end(&process, rc, status);
	(void)pier__calls()->epoll_ctl(
		it->events.fd, EPOLL_CTL_DEL, child->pidfd, NULL);
	pier__close(child->pidfd);
	child->pidfd = -1;
	it->running--;
	process.lived_ns = pier__calls()->clock_ns() - child->started_ns;
	plan(it, child, process.lived_ns);
	process.pause_ms = child->pause_ms;
	died = !it->stopping || process.signal != 0 || process.status > 0;
	process.lost = settle(it, i, died);
	if (!died)
		process.lost = 0;
	tell(it, &process);
	if (died)
		report(it, &process);
}

/* Told to: the children hear of it themselves. */
static void
look_at_stops(struct overseer *it)
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
	pier__server_tell(server, "STOPPING=1");
	/* So that a queue closes with the last process that empties it. */
	pier__endpoints_leave(server);
}

/* As long as this goes round, and at half the time that is asked for. */
static void
start_watchdog(struct overseer *it)
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
tell_watchdog(struct overseer *it)
{
	int64_t now = pier__calls()->clock_ns();

	if (now < it->watchdog_at)
		return;
	it->watchdog_at = now + it->watchdog_ns;
	pier__server_tell(it->server, "WATCHDOG=1");
}

static void
kill_late(struct overseer *it)
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
next_moment(const struct overseer *it)
{
	int64_t next =
		it->kill_at < it->watchdog_at ? it->kill_at : it->watchdog_at;
	size_t i;

	for (i = 0; i < it->count && !it->stopping; i++) {
		const struct child *child = &it->children[i];

		if (child->pidfd < 0 && child->again_at < next)
			next = child->again_at;
	}
	return pier_deadline_at(next);
}

/* What has happened: how much at most is left for another look. */
static int
look(struct overseer *it)
{
	struct epoll_event events[EVENTS_MAX];
	int n, i;

	PIER__NOTE(it->events.readable, false);
	n = pier__calls()->epoll_wait(it->events.fd, events, EVENTS_MAX, 0);
	/* Before any is reaped: those that ended by a stop did not die. */
	look_at_stops(it);
	for (i = 0; i < n; i++) {
		if (events[i].data.u64 != STOP)
			reap(it, (size_t)events[i].data.u64);
	}
	return n > 0 ? n : 0;
}

/* Until something may have happened. -ECANCELED: this task was cancelled. */
static int
wait_for_more(struct overseer *it)
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
oversee(struct overseer *it)
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
		start_due(it);
	}
}

static int
begin(struct overseer *it)
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
	rc = watch(it, server->stop_fd, STOP);
	/* Helpers that are still at work end by themselves; a child has none
	   of them. */
	(void)pier__names_stop();
	for (i = 0; rc == 0 && i < it->count; i++)
		rc = start(it, i);
	return rc;
}

int
pier__processes_run(struct pier_server *server)
{
	/* To be restored: what is in force now. */
	pier_deadline shield = pier_shield(PIER_NOW);
	struct overseer it = { .server = server,
		.events.fd = -1,
		.count = server->shared->processes - 1,
		.kill_at = INT64_MAX };
	struct pier_server_stats stats;
	int rc;

	(void)pier_shield(shield);
	start_watchdog(&it);
	rc = begin(&it);
	if (rc < 0) {
		pier_server_stop(server);
		pier_server_stop(server);
		look_at_stops(&it);
	}
	oversee(&it);
	(void)pier_shield(shield);
	pier__desc_close(&it.events);
	pier__close(server->parent_fd);
	server->parent_fd = -1;
	pier__free(it.children);
	if (rc < 0)
		return pier__fail(
			rc, &(struct pier__failure){ .step = PIER_STEP_CREATE,
				    .detail = "the processes of a server",
				    .counts = true });
	pier_server_stats(server, &stats);
	return (int)stats.cancelled;
}
