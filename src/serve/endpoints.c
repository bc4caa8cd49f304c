/* SPDX-License-Identifier: MIT */
/*
 * serve/endpoints.c - opening the sockets of a server.
 *
 * With several workers each has a listener of its own on a TCP endpoint, and
 * the kernel deals connections out. The first is bound as any server's, so
 * that a second server finds the address in use; only then SO_REUSEPORT is
 * set, which lets the others join it. What cannot be opened twice, a Unix
 * socket or one that was handed down, is accepted on by all workers.
 */
#include "serve/endpoints.h"

#include <errno.h>
#include <string.h>

#include "net/block.h"
#include "net/listen_fds.h"
#include "net/tipc.h"
#include "serve/datagram.h"
#include "serve/replace.h"
#include "serve/wishes.h"
#include "task/failure.h"

/* Sockets that one datagram endpoint opens at most: one per family. */
#define SOCKETS_MAX 2

static const char *
endpoint_at(struct pier_server *server, size_t i)
{
	const struct pier_server_opts *opts = &server->opts;

	/* Without any of its own it serves what the one did that it replaces. */
	if (opts->endpoint == NULL &&
		(opts->endpoints == NULL || opts->endpoints[0] == NULL))
		return pier__replace_endpoint(server, i);
	if (opts->endpoint != NULL)
		return i == 0 ? opts->endpoint : NULL;
	return opts->endpoints[i];
}

/* What one endpoint is for. */
enum {
	FOR_STREAMS,
	FOR_DATAGRAMS,
	FOR_PACKETS /* over connections: accepted as streams are */
};

static int
kind_of_fd(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	/* What is no socket fails later, with the words for streams. */
	if (pier__calls()->getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return FOR_STREAMS;
	return type == SOCK_DGRAM || type == SOCK_RDM ? FOR_DATAGRAMS
	       : type == SOCK_SEQPACKET               ? FOR_PACKETS
						      : FOR_STREAMS;
}

/* FOR_… or an error, noted. */
static int
kind_of(struct pier_server *server, const char *text)
{
	const struct pier__inherited_socket *old =
		pier__replace_next(server, text);
	struct pier__endpoint endpoint;
	struct pier__why why;
	int rc = pier__endpoint_parse(&endpoint, text, &why);

	/* Also of a name that was handed to the old server alone. */
	if (old != NULL)
		return kind_of_fd(old->fd);
	if (rc < 0)
		return pier__fail_parse(rc, text, &why);
	switch (endpoint.kind) {
	case PIER__ENDPOINT_FD:
		rc = pier__endpoint_fd(&endpoint, text, PIER_STEP_LISTEN);
		return rc < 0 ? rc : kind_of_fd(rc);
	case PIER__ENDPOINT_UDP:
	case PIER__ENDPOINT_UNIXGRAM:
	case PIER__ENDPOINT_ISOTP:
		return FOR_DATAGRAMS;
	case PIER__ENDPOINT_SEQPACKET:
	case PIER__ENDPOINT_L2CAP:
		return FOR_PACKETS;
	case PIER__ENDPOINT_TIPC:
		return endpoint.type == SOCK_SEQPACKET ? FOR_PACKETS
						       : FOR_DATAGRAMS;
	case PIER__ENDPOINT_RAW:
		/* An answer to one of this machine's own addresses would come
		   back as a question, for ever. */
		return pier__fail_step(-EOPNOTSUPP, PIER_STEP_LISTEN, text,
			"raw sockets have no ports that tell an answer from a "
			"question: none is served");
	default:
		return FOR_STREAMS;
	}
}

static bool
is_udp(const char *text)
{
	struct pier__endpoint endpoint;
	struct pier__why why;

	return pier__endpoint_parse(&endpoint, text, &why) == 0 &&
	       endpoint.kind == PIER__ENDPOINT_UDP;
}

int
pier__endpoints_count(
	struct pier_server *server, size_t *streams, size_t *datagrams)
{
	const struct pier_server_opts *opts = &server->opts;
	const char *text;
	size_t i;

	*streams = 0;
	*datagrams = 0;
	for (i = 0; (text = endpoint_at(server, i)) != NULL; i++) {
		int kind = kind_of(server, text);

		if (kind < 0)
			return kind;
		if (kind == FOR_STREAMS && opts->handler == NULL)
			return pier__fail_step(-EINVAL, PIER_STEP_LISTEN, text,
				"no handler for streams");
		if (kind == FOR_DATAGRAMS && opts->datagram_handler == NULL &&
			!(opts->sessions && is_udp(text)))
			return pier__fail_step(-EINVAL, PIER_STEP_LISTEN, text,
				"no handler for datagrams");
		if (kind == FOR_PACKETS && opts->packet_handler == NULL)
			return pier__fail_step(-EINVAL, PIER_STEP_LISTEN, text,
				"no handler for packets");
		*streams += kind != FOR_DATAGRAMS;
		*datagrams += kind == FOR_DATAGRAMS;
	}
	return 0;
}

static int
add_name(struct pier_server *server, const char *text)
{
	size_t size = strlen(text) + 1;
	char **names = pier__resize(server->names,
		(server->name_count + 1) * sizeof(*server->names));
	char *name;

	if (names == NULL)
		return -ENOMEM;
	server->names = names;
	name = pier__alloc(size);
	if (name == NULL)
		return -ENOMEM;
	memcpy(name, text, size);
	names[server->name_count++] = name;
	return 0;
}

/* worker accepts on port by `listener`, which is its own view of it. */
static void
add_acceptor(struct pier__worker *worker, struct pier__port *port,
	struct pier_listener *listener)
{
	struct pier__acceptor *it =
		&worker->acceptors[worker->acceptor_count++];

	it->worker = worker;
	it->port = port;
	it->listener = listener;
	it->packets = listener->packets;
	it->fd = -1;
	/* Each connection wakes one process. */
	listener->desc.shared = worker->server->shared->processes > 1;
	pier__list_init(&it->waiter);
	(void)atomic_fetch_add(&port->users, 1);
}

static struct pier__port *
add_port(struct pier_server *server, struct pier_listener *listener,
	const char *text)
{
	struct pier__port *port = &server->ports[server->port_count++];

	port->listener = listener;
	port->endpoint = text;
	return port;
}

/* The others accept on the first one's socket too. */
static int
share(struct pier_server *server, struct pier__port *port, size_t from)
{
	const struct pier_listener *first = port->listener;
	size_t i;

	for (i = from; i < server->worker_count; i++) {
		struct pier_listener *view = pier__alloc(sizeof(*view));

		if (view == NULL)
			return -ENOMEM;
		*view = *first;
		pier__desc_init(&view->desc, first->desc.fd,
			(enum pier__desc_kind)first->desc.kind);
		add_acceptor(&server->workers[i], port, view);
	}
	return 0;
}

/* Behind the len bytes of a real endpoint, the options of what was asked for:
   0 or -ENAMETOOLONG. */
static int
add_options(char real[PIER_ENDPOINT_TEXT_MAX], size_t len, const char *text)
{
	const char *options = strchr(text, '?');
	size_t more = options == NULL ? 0 : strlen(options);

	if (len + more >= PIER_ENDPOINT_TEXT_MAX)
		return -ENAMETOOLONG;
	if (options != NULL)
		memcpy(real + len, options, more + 1);
	return 0;
}

/* An endpoint, and how it is opened. */
struct opening {
	const char *text;
	struct pier_listen_opts listen; /* with the options that it can have */
	pier_deadline deadline;
};

/* The others listen on the same address. */
static int
join(struct pier_server *server, const struct pier__port *first, size_t from,
	const struct opening *it)
{
	static const int on = 1;
	char real[PIER_ENDPOINT_TEXT_MAX];
	struct pier_listen_opts opts = it->listen;
	struct pier_listener *listener;
	size_t i;
	int rc = pier__calls()->setsockopt(first->listener->desc.fd, SOL_SOCKET,
		SO_REUSEPORT, &on, sizeof(on));

	if (rc < 0)
		return pier__fail_step(
			rc, PIER_STEP_OPTION, it->text, "SO_REUSEPORT");
	rc = pier_listener_endpoint(first->listener, real, sizeof(real));
	if (rc >= 0)
		rc = add_options(real, (size_t)rc, it->text);
	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_LISTEN, it->text, NULL);
	opts.reuse_port = true;
	for (i = from; i < server->worker_count; i++) {
		rc = pier_listen(&listener, real, &opts, it->deadline);
		if (rc < 0)
			return rc;
		add_acceptor(&server->workers[i],
			add_port(server, listener, it->text), listener);
	}
	return 0;
}

/* The workers from this one on accept too, where the model has them do so. */
static int
spread(struct pier_server *server, struct pier__port *port, size_t from,
	const struct opening *it)
{
	char real[PIER_ENDPOINT_TEXT_MAX];
	int rc = pier_listener_endpoint(port->listener, real, sizeof(real));

	if (rc < 0)
		return pier__fail_step(
			rc, PIER_STEP_LISTEN, port->endpoint, NULL);
	if (from >= server->worker_count || server->model != &pier__model_fiber)
		return 0;
	if (port->listener->family != AF_UNIX &&
		port->listener->family != AF_VSOCK &&
		port->listener->family != AF_TIPC &&
		port->listener->family != AF_BLUETOOTH &&
		strncmp(real, "fd:", 3) != 0)
		return join(server, port, from, it);
	rc = share(server, port, from);
	return rc < 0 ? pier__fail_step(
				rc, PIER_STEP_LISTEN, port->endpoint, NULL)
		      : 0;
}

static int
add_listener(struct pier_server *server, struct pier_listener *listener,
	const char *text, size_t worker, bool is_first)
{
	char real[PIER_ENDPOINT_TEXT_MAX];
	struct pier__port *port = add_port(server, listener, text);
	int rc;

	add_acceptor(&server->workers[worker], port, listener);
	/* Of several sockets of one endpoint the first is told. */
	if (!is_first)
		return 0;
	rc = pier_listener_endpoint(listener, real, sizeof(real));
	if (rc >= 0)
		rc = add_name(server, real);
	return rc < 0 ? pier__fail_step(rc, PIER_STEP_LISTEN, text, NULL) : 0;
}

/* The sockets of the server that this one replaces, all of them: what queues
   in one would be lost with it. How many, or an error, noted. */
static int
inherit_streams(struct pier_server *server, const char *text)
{
	struct pier__inherited_socket *old;
	struct pier_listener *listener;
	size_t hands =
		server->model == &pier__model_fiber ? server->worker_count : 1;
	int count = 0;
	int rc = 0;

	while (rc == 0 && (old = pier__replace_next(server, text)) != NULL) {
		rc = pier__replace_listener(&listener, old);
		if (rc < 0)
			break;
		rc = add_listener(server, listener, text, (size_t)count % hands,
			count == 0);
		count++;
	}
	return rc < 0 ? rc : count;
}

/* Is accept() itself to wait, in each process that serves one at a time, or in
   the threads of a pool? */
static bool
stands_to_accept(const struct pier_server *server)
{
	bool apart = server->opts.processes > 0;

	return server->model == &pier__model_pool
		       ? !apart
		       : server->model->inside && apart;
}

static int
open_stream(struct pier_server *server, const struct opening *it)
{
	struct pier_listener *listener;
	size_t first = server->port_count;
	int count = inherit_streams(server, it->text);
	int rc;

	if (count < 0)
		return count;
	if (count == 0) {
		rc = pier_listen(
			&listener, it->text, &it->listen, it->deadline);
		if (rc == 0 && server->model->alone)
			pier__block_accepted(listener);
		if (rc == 0 && stands_to_accept(server))
			pier__block_accepting(listener);
		if (rc == 0)
			rc = add_listener(server, listener, it->text, 0, true);
		if (rc < 0)
			return rc;
		count = 1;
	}
	return spread(server, &server->ports[first], (size_t)count, it);
}

/* The same of datagrams, as many as one endpoint opens. */
static int
inherit_packets(struct pier_server *server,
	struct pier_packet *packets[SOCKETS_MAX], const char *text)
{
	struct pier__inherited_socket *old;
	int count = 0;
	int rc = 0;

	while (rc == 0 && count < SOCKETS_MAX &&
		(old = pier__replace_next(server, text)) != NULL) {
		rc = pier__replace_packet(&packets[count], old);
		count += rc == 0;
	}
	while (rc < 0 && count > 0)
		pier_packet_close(packets[--count]);
	return rc < 0 ? rc : count;
}

static int
open_packets(struct pier_server *server,
	struct pier_packet *packets[SOCKETS_MAX], const struct opening *it)
{
	struct pier_packet_opts opts = { .listen = true,
		.mode = it->listen.mode,
		.options = it->listen.options,
		.ask = is_udp(it->text) ? server->opts.ask : 0 };
	int count = pier_packet_open_all(
		packets, SOCKETS_MAX, it->text, &opts, it->deadline);

	/* A second one has a turn of its own, and so have sessions. */
	if (count == 1 && is_udp(it->text) && !server->opts.sessions)
		pier__block_packet(packets[0]);
	return count;
}

static int
open_datagrams(struct pier_server *server, const struct opening *it,
	size_t index, size_t streams)
{
	struct pier_packet *packets[SOCKETS_MAX];
	char real[PIER_ENDPOINT_TEXT_MAX];
	struct pier__worker *worker = &server->workers[server->model->receiver(
		index, streams, server->worker_count)];
	int count = inherit_packets(server, packets, it->text);
	int rc = 0;
	int i;

	if (count == 0)
		count = open_packets(server, packets, it);
	if (count < 0)
		return count;
	for (i = 0; i < count; i++) {
		if (rc == 0)
			rc = pier__datagrams_new(worker, packets[i], it->text);
		if (rc < 0) {
			pier_packet_close(packets[i]);
			continue;
		}
		rc = pier_packet_endpoint(packets[i], real, sizeof(real));
		rc = rc < 0 ? rc : add_name(server, real);
	}
	return rc < 0 ? pier__fail_step(rc, PIER_STEP_LISTEN, it->text, NULL)
		      : 0;
}

static int
open_one(struct pier_server *server, size_t *index, size_t streams,
	struct opening *it)
{
	const char **options;
	int rc = pier__wishes_for(&options, server->listen.options, it->text);

	if (rc < 0)
		return rc;
	it->listen = server->listen;
	it->listen.options = options;
	rc = kind_of(server, it->text);
	if (rc == FOR_STREAMS || rc == FOR_PACKETS)
		rc = open_stream(server, it);
	else if (rc == FOR_DATAGRAMS)
		rc = open_datagrams(server, it, (*index)++, streams);
	pier__free(options);
	return rc;
}

int
pier__endpoints_open(struct pier_server *server, pier_deadline deadline)
{
	struct opening it = { .deadline = deadline };
	size_t streams, datagrams, index = 0;
	size_t i;
	int rc = pier__endpoints_count(server, &streams, &datagrams);

	if (rc == 0)
		rc = pier__wishes_check_all(server, endpoint_at);
	for (i = 0; rc == 0 && (it.text = endpoint_at(server, i)) != NULL; i++)
		rc = open_one(server, &index, streams, &it);
	return rc;
}

void
pier__endpoints_leave(struct pier_server *server)
{
	size_t i, j;

	for (i = 0; i < server->worker_count; i++) {
		struct pier__worker *worker = &server->workers[i];

		for (j = 0; j < worker->acceptor_count; j++)
			pier__acceptor_leave(&worker->acceptors[j]);
	}
}

void
pier__endpoints_close(struct pier_server *server)
{
	size_t i;

	pier__endpoints_leave(server);
	for (i = 0; i < server->worker_count; i++) {
		pier__inbox_close(&server->workers[i]);
		pier__datagrams_close(&server->workers[i]);
	}
	for (i = 0; i < server->name_count; i++)
		pier__free(server->names[i]);
	pier__free(server->names);
	server->names = NULL;
	server->name_count = 0;
}
