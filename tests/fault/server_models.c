/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/server_models.c - servers by threads and processes, and one that
 * takes another's place, in which every call goes wrong once; see serving.h.
 */
#include "serving.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define SCENARIO(name, ...)                                                \
	static void name(struct fault_story *story)                        \
	{                                                                  \
		serving_play(                                              \
			story, &(struct serving){ .endpoint = SERVING_TCP, \
				       __VA_ARGS__ });                     \
	}

SCENARIO(iterative, .model = PIER_ITERATIVE)
SCENARIO(by_threads, .model = PIER_THREAD)
SCENARIO(by_a_pool, .model = PIER_POOL, .workers = 2)
SCENARIO(behind_proxies, .model = PIER_THREAD, .proxied = true)

static void
sessions_by_threads(struct fault_story *story)
{
	serving_play(story, &(struct serving){ .endpoint = SERVING_UDP,
				    .model = PIER_THREAD,
				    .sessions = true });
}

/* What fails is the first process's; the thread sanitizer gives up at forks of
   programs with threads. */
#if !defined(__SANITIZE_THREAD__)
SCENARIO(by_forks, .model = PIER_FORK)
SCENARIO(by_processes, .model = PIER_FIBER, .processes = 2)
/* A process for each connection, forked by one of two. */
SCENARIO(by_forks_of_processes, .model = PIER_FORK, .processes = 2)
#endif

/* A server whose place is taken, or not: it has the real table. */
static struct {
	sem_t up, down;
	struct pier_server *server;
	char control[64];
} old;

static void
old_is_up(struct pier_server *server, void *ctx)
{
	(void)server;
	(void)ctx;
	(void)sem_post(&old.up);
}

static void *
old_main(void *arg)
{
	const struct pier_server_opts opts = {
		.endpoint = SERVING_TCP,
		.handler = pier_handler_echo,
		.control = old.control,
		.drain_ms = 200,
		.linger_ms = PIER_OFF,
		.on_listen = old_is_up,
	};

	(void)arg;
	if (pier_server_open(&old.server, &opts) < 0)
		abort();
	(void)pier_server_run(old.server);
	while (sem_wait(&old.down) < 0)
		;
	pier_server_close(old.server);
	return NULL;
}

/* By the real table too. */
static void *
stop_old(void *arg)
{
	(void)arg;
	pier_server_stop(old.server);
	return NULL;
}

/* It takes the place, or refuses to begin and leaves the other one as it was;
   nobody is lost, and that one ends either way. */
static void
replacing(struct fault_story *story)
{
	pthread_t server, stopper;

	(void)snprintf(old.control, sizeof(old.control), "@pier-fault-%d",
		(int)getpid());
	(void)sem_init(&old.up, 0, 0);
	(void)sem_init(&old.down, 0, 0);
	if (pthread_create(&server, NULL, old_main, NULL) != 0)
		abort();
	while (sem_wait(&old.up) < 0)
		;
	serving_play(story, &(struct serving){ .endpoint = SERVING_TCP,
				    .model = PIER_FIBER,
				    .replace = old.control });
	if (pthread_create(&stopper, NULL, stop_old, NULL) != 0)
		abort();
	(void)pthread_join(stopper, NULL);
	(void)sem_post(&old.down);
	(void)pthread_join(server, NULL);
}

static const struct fault_scenario scenarios[] = {
	{ "server, iterative", iterative, NULL },
	{ "server, threads", by_threads, NULL },
	{ "server, a pool", by_a_pool, NULL },
	{ "server, behind a proxy, threads", behind_proxies, NULL },
	{ "server, sessions by threads", sessions_by_threads, NULL },
#if !defined(__SANITIZE_THREAD__)
	{ "server, forks", by_forks, NULL },
	{ "server, processes", by_processes, NULL },
	{ "server, forks of processes", by_forks_of_processes, NULL },
#endif
	{ "server, in the place of another", replacing, NULL },
};

int
main(void)
{
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
