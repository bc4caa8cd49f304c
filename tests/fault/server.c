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
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define SOON    pier_in_ms(2000)
#define CLIENTS 3

struct show {
	struct fault_story *story;
	struct pier_server *server;
	char where[64];
	int served;
	atomic_bool ended; /* the server: nobody answers any more */
};

static bool
is_served(const struct show *show, struct pier_stream *stream)
{
	pier_deadline until = SOON;
	char buf[4] = "";
	size_t got = 0;
	ssize_t n;

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

/* The clients, on a thread and a table of their own. */
static void *
clients(void *arg)
{
	struct show *show = arg;
	struct pier_stream *stream;

	/* One more for each that may be hit: the fault strikes once. */
	for (int i = 0; i < 2 * CLIENTS && show->served < CLIENTS &&
			!atomic_load(&show->ended);
		i++) {
		stream = NULL;
		if (pier_dial(&stream, show->where, NULL, SOON) < 0)
			continue;
		show->served += is_served(show, stream);
		pier_close(stream);
	}
	pier_server_stop(show->server);
	return NULL;
}

static void
serve(struct fault_story *story, enum pier_model model)
{
	static struct show show;
	struct pier_server_opts opts = {
		.endpoint = "tcp://127.0.0.1:0",
		.handler = pier_handler_echo,
		.model = model,
		.drain_ms = 200,
		.linger_ms = PIER_OFF,
	};
	pthread_t thread;

	memset(&show, 0, sizeof(show));
	show.story = story;
	if (met(story, "open", pier_server_open(&show.server, &opts)) < 0)
		return;
	if (met(story, "endpoint",
		    pier_server_endpoint(show.server, 0, show.where,
			    sizeof(show.where))) > 0 &&
		pthread_create(&thread, NULL, clients, &show) == 0) {
		int rc = pier_server_run(show.server);

		atomic_store(&show.ended, true);
		(void)pthread_join(thread, NULL);
		/* Unless it could not begin, everybody is served. */
		if (met(story, "run", rc) >= 0 && show.served < CLIENTS)
			(void)met(story, "served", -EBADMSG);
	}
	pier_server_close(show.server);
}

static void
by_fibers(struct fault_story *story)
{
	serve(story, PIER_FIBER);
}

static void
iterative(struct fault_story *story)
{
	serve(story, PIER_ITERATIVE);
}

static void
by_threads(struct fault_story *story)
{
	serve(story, PIER_THREAD);
}

static const struct fault_scenario scenarios[] = {
	{ "server, fibers", by_fibers, NULL },
	{ "server, iterative", iterative, NULL },
	{ "server, threads", by_threads, NULL },
};

int
main(void)
{
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
