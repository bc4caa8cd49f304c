/* SPDX-License-Identifier: MIT */
/*
 * serve/worker_process.c - a process of a server that the first one started:
 * what it does, what becomes of what it had, and when the next one takes its
 * place.
 *
 * Children are known by their pidfds, so that a number which the kernel gives to
 * another process is never taken for one of them, and the program's own children
 * are left to the program. What those fork in turn (fork.c) is theirs, and ends
 * with them.
 */
#include "serve/overseer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "os/process.h"
#include "serve/conn.h"
#include "serve/processes.h"
#include "serve/replace.h"
#include "task/run.h"
#include "task/sched.h"

/* Before another one starts: doubled each time, but after a life that was long
   enough to be of use. */
#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   5000
#define LONG_LIFE_NS   INT64_C(1000000000)
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
child_main(const struct pier__overseer *it, size_t number)
{
	struct pier_server *server = it->server;
	size_t i;

	if (pier__current->kind == PIER_TASK_FIBER)
		pier__sched_forked();
	else
		pier__thread_forked(pier__current);
	pier__control_forked(server);
	pier__close(it->events.fd);
	for (i = 0; i < it->count; i++)
		pier__close(it->children[i].pidfd);
	server->process = number;
	server->ledger = &server->shared->ledgers[number];
	atomic_store(&server->starting, 0);
	for (i = 0; i < server->worker_count; i++)
		server->workers[i].counters =
			pier__shared_counters(server->shared, number, i);
	if (pier__crew_run(server) < 0)
		pier__process_fail(server);
	pier__process_exit(0);
}

static void
tell(const struct pier__overseer *it, const struct pier_process *process)
{
	const struct pier_server_opts *opts = &it->server->opts;

	if (opts->on_process != NULL)
		opts->on_process(process, opts->ctx);
}

static void
forget(const struct pier__overseer *it, size_t number)
{
	pier__address_forget(it->server->addresses, number);
	(void)pier__shared_forget(it->server->shared, number);
}

int
pier__worker_process_start(struct pier__overseer *it, size_t i)
{
	struct pier__worker_process *child = &it->children[i];
	int pidfd = -1;
	int pid, rc;

	/* Nothing that is gathered may be sent twice. */
	pier__before_wait_run(pier__current);
	it->server->shared->ledgers[i + 1].last_words[0] = '\0';
	atomic_store(&it->server->starter, pier__process());
	atomic_store(&it->server->starting, (int)i + 1);
	pid = pier__calls()->fork(&pidfd);
	if (pid == 0)
		child_main(it, i + 1);
	atomic_store(&it->server->starting, 0);
	rc = pid < 0 ? pid : pier__overseer_watch(it, pidfd, i);
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
plan(const struct pier__overseer *it, struct pier__worker_process *child,
	int64_t lived_ns)
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

void
pier__worker_processes_start_due(struct pier__overseer *it)
{
	int64_t now = pier__calls()->clock_ns();
	size_t i;

	for (i = 0; i < it->count && !it->stopping; i++) {
		struct pier__worker_process *child = &it->children[i];
		int rc = 0;

		if (child->pidfd < 0 && child->again_at <= now)
			rc = pier__worker_process_start(it, i);
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
settle(struct pier__overseer *it, size_t i, bool died)
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
report(const struct pier__overseer *it, const struct pier_process *process)
{
	char text[PIER__PROCESS_TEXT];

	pier__process_describe(text, process,
		it->server->shared->ledgers[process->number].last_words);
	(void)pier__fail(
		-PIER_EDIED, &(struct pier__failure){ .step = PIER_STEP_HANDLER,
				     .detail = text });
	pier__report_error(it->server, NULL, -PIER_EDIED);
}

void
pier__worker_process_reap(struct pier__overseer *it, size_t i)
{
	struct pier__worker_process *child = &it->children[i];
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
