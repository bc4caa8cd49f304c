/* SPDX-License-Identifier: MIT */
/*
 * serve/control.c - a server whose place another takes.
 *
 * A task of the first worker, or with processes of the first of them, listens on
 * the control socket. It gives one that
 * asks a copy of every listening descriptor, and goes on serving until that one
 * says that it has what it needs. From then on this server accepts nothing more
 * on what was taken, and takes nothing from its queues: they are the same
 * queues. Its own connections drain.
 *
 * Other workers may close their sockets at a stop. They do so by server->lock,
 * after stops went up: who has the lock and sees no stop has open descriptors.
 */
#include "serve/replace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/packet.h"
#include "os/process.h"
#include "serve/conn.h"
#include "serve/datagram.h"
#include "task/failure.h"
#include "task/sched.h"

/* For one that connects, to ask and to take what it is sent. */
#define ASK_S 5
/* Milliseconds that are left to those that stand in accept(2): some times as long as
   they do. */
#define STAND_LOOKS 100
/* After an accept that failed. */
#define PAUSE_MS 100

/* What a socket that is offered belongs to: one of the three. */
struct offered {
	struct pier__port *port;
	struct pier__datagrams *datagrams;
	bool owned; /* its file is ours */
};

struct offer {
	struct pier_server *server;
	struct pier_stream *stream;
	pid_t pid; /* who takes it */
	struct pier_fds fds;
	struct offered what[PIER__REPLACE_SOCKETS_MAX];
	unsigned char *payload;
	size_t length;
	unsigned char *taken; /* of each socket, 1 or 0 */
};

static int
fail(const struct offer *it, int rc, const char *detail)
{
	return pier__fail_step(
		rc, PIER_STEP_LISTEN, it->server->opts.control, detail);
}

static struct pier__unix_file *
file_of(const struct offer *it, const struct offered *what)
{
	if (what->port != NULL)
		return &what->port->listener->file;
	if (what->datagrams != NULL)
		return &what->datagrams->packet->file;
	return &it->server->control->file;
}

static int
add(struct offer *it, enum pier__replace_kind kind, int fd,
	const struct offered *what, const char *given, const char *real)
{
	bool owned = file_of(it, what)->made;
	const struct pier__replace_socket socket = { .kind = (uint8_t)kind,
		.flags = owned ? PIER__REPLACE_OWNS_FILE : 0,
		.given = given,
		.real = real };
	int n;

	if (it->fds.count == PIER__REPLACE_SOCKETS_MAX)
		return -PIER_ELIMIT;
	n = pier__replace_socket_write(it->payload + it->length, &socket);
	if (n < 0)
		return n;
	it->length += (size_t)n;
	it->what[it->fds.count] = *what;
	it->what[it->fds.count].owned = owned;
	it->fds.fd[it->fds.count++] = fd;
	return 0;
}

static int
add_datagrams(struct offer *it, struct pier__worker *worker)
{
	char real[PIER_ENDPOINT_TEXT_MAX];
	struct pier__list *at;
	int rc = 0;

	pier__list_each(at, &worker->datagrams) {
		struct pier__datagrams *datagrams =
			pier__container_of(at, struct pier__datagrams, node);
		const struct offered what = { .datagrams = datagrams };

		if (rc >= 0)
			rc = pier_packet_endpoint(
				datagrams->packet, real, sizeof(real));
		if (rc >= 0)
			rc = add(it, PIER__REPLACE_DATAGRAMS,
				pier_packet_fd(datagrams->packet), &what,
				datagrams->endpoint, real);
	}
	return rc < 0 ? rc : 0;
}

/* By the lock: all sockets. */
static int
add_all(struct offer *it)
{
	const struct pier_server *server = it->server;
	const struct offered control = { .port = NULL };
	char real[PIER_ENDPOINT_TEXT_MAX];
	size_t i;
	int rc = 0;

	for (i = 0; rc >= 0 && i < server->port_count; i++) {
		struct pier__port *port = &server->ports[i];
		const struct offered what = { .port = port };

		rc = pier_listener_endpoint(port->listener, real, sizeof(real));
		if (rc >= 0)
			rc = add(it, PIER__REPLACE_LISTENER,
				pier_listener_fd(port->listener), &what,
				port->endpoint, real);
	}
	for (i = 0; rc >= 0 && i < server->worker_count; i++)
		rc = add_datagrams(it, &server->workers[i]);
	if (rc >= 0)
		rc = pier_listener_endpoint(
			server->control, real, sizeof(real));
	if (rc >= 0)
		rc = add(it, PIER__REPLACE_CONTROL,
			pier_listener_fd(server->control), &control,
			server->opts.control, real);
	return rc < 0 ? rc : 0;
}

static bool
stops(const struct offer *it)
{
	return atomic_load(&it->server->shared->stops) > 0;
}

/* Say what there is, and send the descriptors. */
static int
send_sockets(struct offer *it, pier_deadline deadline)
{
	unsigned char header[PIER__REPLACE_HEADER];
	struct pier_server *server = it->server;
	int rc;

	it->payload = pier__alloc(PIER__REPLACE_PAYLOAD_MAX);
	if (it->payload == NULL)
		return fail(it, -ENOMEM, NULL);
	/* So that nothing below has to, with the lock. */
	(void)pier_yield();
	(void)pthread_mutex_lock(&server->lock);
	rc = stops(it) ? -PIER_ESTOPPED : add_all(it);
	pier__replace_header_write(header, PIER__REPLACE_SOCKETS, it->length);
	if (rc == 0)
		rc = pier_send_fds(
			it->stream, &it->fds, header, sizeof(header), PIER_NOW);
	(void)pthread_mutex_unlock(&server->lock);
	if (rc < 0)
		return fail(it, rc, "handing over the sockets");
	return pier_write(it->stream, it->payload, it->length, deadline);
}

static int
hear_ready(struct offer *it, pier_deadline deadline)
{
	size_t length;
	int rc = pier__replace_hear(
		it->stream, PIER__REPLACE_READY, &it->taken, &length, deadline);

	if (rc == 0 && length != it->fds.count)
		return fail(it, -EPROTO,
			"it does not say of each socket whether it took it");
	return rc;
}

static void
hand(const struct pier_server *server, const struct pier__port *port, bool away)
{
	size_t number = (size_t)(port - server->ports);
	uint_fast64_t bit = UINT64_C(1) << number % 64;

	if (away)
		(void)atomic_fetch_or(
			&server->shared->handed[number / 64], bit);
	else
		(void)atomic_fetch_and(
			&server->shared->handed[number / 64], ~bit);
}

bool
pier__port_is_handed(
	const struct pier_server *server, const struct pier__port *port)
{
	size_t number = (size_t)(port - server->ports);

	/* Of so many none is ever offered. */
	return number < PIER__PORTS_HANDED_MAX &&
	       (atomic_load(&server->shared->handed[number / 64]) >>
			       number % 64 &
		       1) != 0;
}

/* What was taken is the other's from now on, or is not after all. 0, or
   -PIER_ESTOPPED: this server stops already. */
static int
give(struct offer *it, bool away)
{
	size_t i;
	int rc = 0;

	(void)pthread_mutex_lock(&it->server->lock);
	if (stops(it))
		rc = -PIER_ESTOPPED;
	for (i = 0; rc == 0 && i < it->fds.count; i++) {
		const struct offered *what = &it->what[i];

		if (!it->taken[i])
			continue;
		if (what->owned)
			file_of(it, what)->made = !away;
		if (what->port != NULL)
			hand(it->server, what->port, away);
	}
	(void)pthread_mutex_unlock(&it->server->lock);
	return rc;
}

/* Those that stand in accept(2) do not hear that the queue is another's: what they
   take meanwhile came before that. No process that has died there is waited
   for. */
static void
await_standing(const struct pier_server *server)
{
	int looks;

	for (looks = 0; looks < STAND_LOOKS; looks++)
		if (pier__shared_standing(server->shared) == 0 ||
			pier_sleep(pier_in_ms(1)) < 0)
			return;
}

static void
tell_main_pid(struct pier_server *server, pid_t pid)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "MAINPID=%d", (int)pid);
	pier__server_tell(server, text);
}

static int
let_go(struct offer *it)
{
	struct pier_server *server = it->server;
	struct pier_hand_over told = { .what = PIER_HANDED_OVER,
		.pid = it->pid };
	size_t i;
	int rc = give(it, true);

	if (rc < 0)
		return fail(it, rc, "this server stops");
	await_standing(server);
	/* While it is still the one that the manager believes. */
	tell_main_pid(server, it->pid);
	rc = pier__replace_say(
		it->stream, PIER__REPLACE_GO, NULL, 0, pier_in_s(ASK_S));
	if (rc < 0) {
		tell_main_pid(server, pier__process());
		(void)give(it, false);
		return rc;
	}
	server->handed_over = true;
	for (i = 0; i < it->fds.count; i++)
		told.sockets += it->taken[i] && (it->what[i].port != NULL ||
							it->what[i].datagrams);
	if (server->opts.on_hand_over != NULL)
		server->opts.on_hand_over(&told, server->opts.ctx);
	pier_server_stop(server);
	return 0;
}

static int
converse(struct offer *it)
{
	unsigned char *nothing = NULL;
	size_t length;
	int rc = pier__replace_check_peer(it->stream, &it->pid);

	if (rc == 0)
		rc = pier__replace_hear(it->stream, PIER__REPLACE_ASK, &nothing,
			&length, pier_in_s(ASK_S));
	pier__free(nothing);
	if (rc == 0)
		rc = send_sockets(it, pier_in_s(ASK_S));
	if (rc == 0)
		rc = hear_ready(it, pier_in_ms(it->server->opts.replace_ms));
	return rc < 0 ? rc : let_go(it);
}

/* One that came to the control socket. 0, or why it does not take the place. */
static int
meet(struct pier_server *server, struct pier_stream *stream)
{
	struct offer *it = pier__alloc(sizeof(*it));
	const char *why;
	int rc;

	if (it == NULL)
		return pier__fail_step(
			-ENOMEM, PIER_STEP_LISTEN, server->opts.control, NULL);
	it->server = server;
	it->stream = stream;
	rc = converse(it);
	pier__free(it->payload);
	pier__free(it->taken);
	pier__free(it);
	if (rc < 0) {
		pier__report_error(server, NULL, rc);
		why = pier_strerror(rc);
		/* It may have gone: then nobody needs to know. */
		(void)pier__replace_say(
			stream, PIER__REPLACE_OFF, why, strlen(why), PIER_NOW);
	}
	return rc;
}

static int
control_main(void *arg)
{
	struct pier_server *server = arg;
	struct pier_stream *stream;
	int rc = 0;

	pier_task_name("control");
	while (!server->handed_over && !pier_cancelled()) {
		rc = pier_accept(&stream, server->control, PIER_FOREVER);
		if (rc == 0) {
			server->successor = stream;
			(void)meet(server, stream);
			server->successor = NULL;
			pier_close(stream);
		} else if (rc != -ECANCELED) {
			pier__report_error(server, NULL, rc);
			(void)pier_sleep(pier_in_ms(PAUSE_MS));
		}
	}
	pier_listener_close(server->control);
	server->control = NULL;
	return 0;
}

int
pier__control_start(struct pier_server *server, struct pier_group *group)
{
	if (server->control == NULL)
		return 0;
	return pier__sched_spawn(
		pier__current->sched, group, control_main, server);
}

/* The old server's, when it is at this address. 1: it is; 0; or an error. */
static int
go_on(struct pier_server *server, const struct pier_addr *addr)
{
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct pier__inherited *it = server->inherited;
	size_t i;
	int rc = pier_endpoint_format("unix", addr, text, sizeof(text));

	for (i = 0; rc >= 0 && it != NULL && i < it->count; i++) {
		struct pier__inherited_socket *socket = &it->sockets[i];

		if (socket->is.kind != PIER__REPLACE_CONTROL ||
			strcmp(socket->is.real, text) != 0)
			continue;
		rc = pier__replace_listener(&server->control, socket);
		return rc < 0 ? rc : 1;
	}
	return rc < 0 ? rc : 0;
}

int
pier__control_open(struct pier_server *server)
{
	const struct pier_listen_opts opts = { .mode = 0600 };
	const char *where = server->opts.control;
	struct pier_addr addr;
	int rc;

	if (where == NULL)
		return 0;
	rc = pier__control_parse(&addr, where);
	if (rc == 0)
		rc = go_on(server, &addr);
	if (rc == 0)
		rc = pier_listen(&server->control, where, &opts, PIER_FOREVER);
	return rc < 0 ? rc : 0;
}

PIER__HOT void
pier__control_forked(struct pier_server *server)
{
	/* Mostly there is none, and a page that is written is copied first. */
	if (server->control != NULL) {
		pier__close(server->control->desc.fd);
		server->control = NULL;
	}
	/* Who takes the place learns of this one's end by that. */
	if (server->successor != NULL) {
		pier__close(server->successor->desc.fd);
		server->successor = NULL;
	}
}

void
pier__control_close(struct pier_server *server)
{
	pier_listener_close(server->control);
	server->control = NULL;
}
