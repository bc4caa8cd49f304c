/* SPDX-License-Identifier: MIT */
/*
 * serve/overseer.h - the first process of a server with processes, which looks
 * after the others: processes.c waits for what happens, worker_process.c starts
 * them and sees to it when they have ended.
 */
#ifndef PIER_SERVE_OVERSEER_H
#define PIER_SERVE_OVERSEER_H

#include "serve/server.h"

struct pier__worker_process {
	int pid;
	int pidfd; /* -1: it does not run */
	int64_t started_ns;
	int64_t pause_ms; /* before it was started last */
	int64_t again_at; /* when to start it, where it does not run */
	bool killed;      /* by the first process, as it would not end */
};

struct pier__overseer {
	struct pier_server *server;
	struct pier__desc events;   /* an epoll of the stop and all pidfds */
	struct pier_group *control; /* who takes the place; or NULL */
	struct pier__worker_process *children;
	size_t count;
	size_t running;
	bool stopping;
	int64_t kill_at;     /* those that run then */
	int64_t watchdog_ns; /* between two words to the service manager */
	int64_t watchdog_at; /* the next one; INT64_MAX: it wants none */
};

/* In the data of an event: the stop, not a child. */
#define PIER__OVERSEER_STOP UINT64_MAX

/* Its epoll tells of fd by `what`, the number of a child or the stop. */
int pier__overseer_watch(
	const struct pier__overseer *it, int fd, uint64_t what);

/* 0 or the error. */
int pier__worker_process_start(struct pier__overseer *it, size_t i);
/* Those that are to run, and do not. One that cannot be had is tried again. */
void pier__worker_processes_start_due(struct pier__overseer *it);
/* It has ended, when it has. */
void pier__worker_process_reap(struct pier__overseer *it, size_t i);

#endif
