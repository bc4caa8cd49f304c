/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/server.c - a server with three clients, by each model, in which
 * every call goes wrong once; see each.h.
 *
 * The server has one table and the clients another, the real one: what fails
 * is the server's. It may refuse to begin; once it listens, a fault costs at
 * most the connection that it hits, and a stop ends it.
 */
#include "each.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define STEP_FAILURES_MAX 1000
#define SOON              pier_in_ms(2000)
#define TCP               "tcp://127.0.0.1:0"
#define CLIENTS           3

/* What a proxy says of clients (proxy-protocol.txt, version 1), and who they
   are to the server's lists. */
#define ALLOWED     "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n"
#define DENIED      "PROXY TCP4 192.0.2.9 198.51.100.1 1 2\r\n"
#define NOT_ALLOWED "PROXY TCP4 203.0.113.1 198.51.100.1 1 2\r\n"
#define NO_HEADER   "PROXY\r\n"

struct show {
	struct fault_story *story;
	struct pier_server *server;
	char where[64];
	const char *header; /* before what clients say; NULL: none */
	int served;
	atomic_bool ended; /* the server: nobody answers any more */
	atomic_bool untold;
	atomic_bool let_in; /* who was to be kept out */
};

/* What fails has a story, unless there is no memory for one. */
static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	struct show *show = ctx;
	int code = pier_last_error()->code;

	(void)conn;
	if (code != rc && code != -ENOMEM)
		atomic_store(&show->untold, true);
}

static bool
is_served(const struct show *show, struct pier_stream *stream)
{
	pier_deadline until = SOON;
	char buf[4] = "";
	size_t got = 0;
	ssize_t n;

	if (show->header != NULL && pier_write(stream, show->header,
					    strlen(show->header), until) < 0)
		return false;
	if (pier_write(stream, "ping", 4, until) < 0)
		return false;
	while (got < 4 && pier_left_ns(until) > 0 &&
		!atomic_load(&show->ended)) {
		n = pier_read(stream, buf + got, 4 - got, pier_in_ms(20));
		if (n == 0 || (n < 0 && n != -PIER_EDEADLINE))
			return false;
		got += n > 0 ? (size_t)n : 0;
	}
	return got == 4 && memcmp(buf, "ping", 4) == 0;
}

/* A datagram may be lost with what failed: it is sent again. */
static bool
is_answered(const struct show *show, struct pier_packet *packet)
{
	pier_deadline until = SOON;
	struct pier_msg msg;
	char buf[8];

	while (pier_left_ns(until) > 0 && !atomic_load(&show->ended)) {
		(void)pier_send(packet, NULL, "ping", 4, until);
		if (pier_recv(packet, &msg, buf, sizeof(buf), pier_in_ms(20)) ==
			0)
			return msg.size == 4 && memcmp(buf, "ping", 4) == 0;
	}
	return false;
}

static bool
talk(const struct show *show)
{
	struct pier_stream *stream = NULL;
	struct pier_packet *packet = NULL;
	bool served = false;

	if (show->where[0] == 'u') {
		if (pier_packet_open(&packet, show->where, NULL, SOON) == 0)
			served = is_answered(show, packet);
		pier_packet_close(packet);
	} else {
		if (pier_dial(&stream, show->where, NULL, SOON) == 0)
			served = is_served(show, stream);
		/* A process that was forked has a copy of this end too. */
		if (served)
			(void)pier_shutdown(stream, PIER_WRITING, SOON);
		pier_close(stream);
	}
	return served;
}

/* Who is kept out stays out, whatever goes wrong. */
static void
try_as_denied(struct show *show)
{
	static const char *const denied[] = { DENIED, NOT_ALLOWED, NO_HEADER };
	const char *header = show->header;

	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]) &&
			   !atomic_load(&show->ended);
		i++) {
		show->header = denied[i];
		if (talk(show))
			atomic_store(&show->let_in, true);
	}
	show->header = header;
}

/* The clients, on a thread and a table of their own. */
static void *
clients(void *arg)
{
	struct show *show = arg;

	if (show->header != NULL)
		try_as_denied(show);
	/* One more for each that may be hit: the fault strikes once. */
	for (int i = 0; i < 2 * CLIENTS && show->served < CLIENTS &&
			!atomic_load(&show->ended);
		i++)
		show->served += talk(show);
	pier_server_stop(show->server);
	return NULL;
}

/* Hooks that belong to no connection: that they are there is enough. */
static void
look_around(struct pier_server *server, void *ctx)
{
	(void)server;
	(void)ctx;
}

/* One after the other until the clients tell it to stop. What a step meets is
   told, and the next one serves who waits. */
static int
step_often(struct show *show)
{
	int failures = 0;
	int rc;

	/* A fault that comes back as often as the steps do fails all of them. */
	do {
		rc = pier_server_step(show->server, pier_in_ms(100));
		if (rc < 0 && rc != -PIER_EDEADLINE) {
			(void)met(show->story, "step", rc);
			failures++;
		}
	} while (rc != 0 && failures < STEP_FAILURES_MAX);
	return rc;
}

/* Of the server that the one with faults replaces; NULL: of none. */
static const char *replace;
static int64_t rate;
static bool behind_a_proxy;
static const char *const allow[] = { "192.0.2.0/24", NULL };
static const char *const deny[] = { "192.0.2.8/29", NULL };
/* Of a server that asks who sends datagrams. */
static const char *const *allow_datagrams;

static void
serve_in(struct fault_story *story, const char *endpoint, enum pier_model model,
	int workers, int processes, int (*run)(struct show *))
{
	static struct show show;
	struct pier_server_opts opts = {
		.endpoint = endpoint,
		.handler = pier_handler_echo,
		.datagram_handler = pier_datagram_echo,
		.model = model,
		.workers = workers,
		.processes = processes,
		.per_address_max = 2 * CLIENTS,
		.drain_ms = 200,
		.linger_ms = PIER_OFF,
		.ctx = &show,
		.on_error = on_error,
		.on_idle = look_around,
		.on_idle_ms = 1,
		.tick = look_around,
		.tick_ms = 1,
		.replace = replace,
		.read_rate = rate,
		.write_rate = rate,
		.allow = behind_a_proxy ? allow : allow_datagrams,
		.deny = behind_a_proxy ? deny : NULL,
		.proxy = behind_a_proxy ? PIER_PROXY_REQUIRED : PIER_PROXY_OFF,
	};
	pthread_t thread;

	memset(&show, 0, sizeof(show));
	show.story = story;
	show.header = behind_a_proxy ? ALLOWED : NULL;
	if (met(story, "open", pier_server_open(&show.server, &opts)) < 0)
		return;
	if (met(story, "endpoint",
		    pier_server_endpoint(show.server, 0, show.where,
			    sizeof(show.where))) > 0 &&
		pthread_create(&thread, NULL, clients, &show) == 0) {
		int rc = run(&show);

		atomic_store(&show.ended, true);
		(void)pthread_join(thread, NULL);
		/* Unless it could not begin, everybody is served. */
		if (met(story, "run", rc) >= 0 && show.served < CLIENTS)
			(void)met(story, "served", -EBADMSG);
		if (atomic_load(&show.untold))
			(void)met(story, "on_error", -EBADMSG);
		if (atomic_load(&show.let_in))
			(void)met(story, "denied", -EBADMSG);
	}
	pier_server_close(show.server);
}

static int
run_it(struct show *show)
{
	return pier_server_run(show->server);
}

static void
serve(struct fault_story *story, const char *endpoint, enum pier_model model,
	int workers, int (*run)(struct show *))
{
	serve_in(story, endpoint, model, workers, 0, run);
}

static void
by_fibers(struct fault_story *story)
{
	serve(story, TCP, PIER_FIBER, 1, run_it);
}

static void
iterative(struct fault_story *story)
{
	serve(story, TCP, PIER_ITERATIVE, 1, run_it);
}

static void
by_threads(struct fault_story *story)
{
	serve(story, TCP, PIER_THREAD, 1, run_it);
}

static void
by_a_pool(struct fault_story *story)
{
	serve(story, TCP, PIER_POOL, 2, run_it);
}

__attribute__((unused)) static void
by_forks(struct fault_story *story)
{
	serve(story, TCP, PIER_FORK, 1, run_it);
}

static void
by_two_workers(struct fault_story *story)
{
	serve(story, TCP, PIER_FIBER, 2, run_it);
}

static void
with_a_rate(struct fault_story *story)
{
	rate = 100000000; /* a short wait, but one */
	serve(story, TCP, PIER_FIBER, 1, run_it);
	rate = 0;
}

static void
datagrams(struct fault_story *story)
{
	serve(story, "udp4://127.0.0.1:0", PIER_FIBER, 1, run_it);
}

static void
behind_proxies(struct fault_story *story)
{
	behind_a_proxy = true;
	serve(story, TCP, PIER_FIBER, 1, run_it);
	behind_a_proxy = false;
}

static void
behind_proxies_by_threads(struct fault_story *story)
{
	behind_a_proxy = true;
	serve(story, TCP, PIER_THREAD, 1, run_it);
	behind_a_proxy = false;
}

static void
datagrams_of_allowed(struct fault_story *story)
{
	static const char *const loopback[] = { "127.0.0.0/8", NULL };

	allow_datagrams = loopback;
	serve(story, "udp4://127.0.0.1:0", PIER_FIBER, 1, run_it);
	allow_datagrams = NULL;
}

static void
by_steps(struct fault_story *story)
{
	serve(story, TCP, PIER_FIBER, 1, step_often);
}

static void
datagrams_by_steps(struct fault_story *story)
{
	serve(story, "udp4://127.0.0.1:0", PIER_FIBER, 1, step_often);
}

/* What fails is the first process's; the thread sanitizer gives up at forks of
   programs with threads. */
#if !defined(__SANITIZE_THREAD__)
static void
by_processes(struct fault_story *story)
{
	serve_in(story, TCP, PIER_FIBER, 1, 2, run_it);
}

/* A process for each connection, forked by one of two. */
static void
by_forks_of_processes(struct fault_story *story)
{
	serve_in(story, TCP, PIER_FORK, 1, 2, run_it);
}
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
		.endpoint = TCP,
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
	replace = old.control;
	serve(story, TCP, PIER_FIBER, 1, run_it);
	replace = NULL;
	if (pthread_create(&stopper, NULL, stop_old, NULL) != 0)
		abort();
	(void)pthread_join(stopper, NULL);
	(void)sem_post(&old.down);
	(void)pthread_join(server, NULL);
}

static const struct fault_scenario scenarios[] = {
	{ "server, fibers", by_fibers, NULL },
	{ "server, iterative", iterative, NULL },
	{ "server, threads", by_threads, NULL },
	{ "server, a pool", by_a_pool, NULL },
#if !defined(__SANITIZE_THREAD__) /* which cannot follow a fork of threads */
	{ "server, forks", by_forks, NULL },
#endif
	{ "server, two workers", by_two_workers, NULL },
	{ "server, with a rate", with_a_rate, NULL },
	{ "server, datagrams", datagrams, NULL },
	{ "server, behind a proxy", behind_proxies, NULL },
	{ "server, behind a proxy, threads", behind_proxies_by_threads, NULL },
	{ "server, datagrams of who is allowed", datagrams_of_allowed, NULL },
	{ "server, by steps", by_steps, NULL },
	{ "server, datagrams by steps", datagrams_by_steps, NULL },
#if !defined(__SANITIZE_THREAD__)
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
