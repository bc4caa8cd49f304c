/* SPDX-License-Identifier: MIT */
/* tests/fault/serving.c - see serving.h. */
#include "serving.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define STEP_FAILURES_MAX 1000
#define SOON              pier_in_ms(2000)
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

static const char *const allow[] = { "192.0.2.0/24", NULL };
static const char *const deny[] = { "192.0.2.8/29", NULL };

void
serving_play(struct fault_story *story, const struct serving *how)
{
	static struct show show;
	struct pier_server_opts opts = {
		.endpoint = how->endpoint,
		.handler = pier_handler_echo,
		.datagram_handler = pier_datagram_echo,
		.packet_handler = pier_packet_echo,
		.sessions = how->sessions,
		.model = how->model,
		.workers = how->workers == 0 ? 1 : how->workers,
		.processes = how->processes,
		.per_address_max = 2 * CLIENTS,
		.per_address_rate = 1000000,
		.drain_ms = 200,
		.linger_ms = PIER_OFF,
		.ctx = &show,
		.on_error = on_error,
		.on_idle = look_around,
		.on_idle_ms = 1,
		.tick = look_around,
		.tick_ms = 1,
		.replace = how->replace,
		.read_rate = how->rate,
		.write_rate = how->rate,
		.allow = how->proxied ? allow : how->allow,
		.deny = how->proxied ? deny : NULL,
		.proxy = how->proxied ? PIER_PROXY_REQUIRED : PIER_PROXY_OFF,
	};
	pthread_t thread;

	memset(&show, 0, sizeof(show));
	show.story = story;
	show.header = how->proxied ? ALLOWED : NULL;
	if (met(story, "open", pier_server_open(&show.server, &opts)) < 0)
		return;
	if (met(story, "endpoint",
		    pier_server_endpoint(show.server, 0, show.where,
			    sizeof(show.where))) > 0 &&
		pthread_create(&thread, NULL, clients, &show) == 0) {
		int rc = how->by_steps ? step_often(&show)
				       : pier_server_run(show.server);

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
