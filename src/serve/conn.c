/* SPDX-License-Identifier: MIT */
/*
 * serve/conn.c - the life of one connection, the same under every model.
 *
 * A handler that ended well may leave bytes unread; closing then resets the
 * connection and takes the reply with it. So its end lingers: FIN first, then
 * what the peer still sends is read off, bounded in bytes and time. Where the
 * peer's end was read already there is nothing to wait for.
 */
#include "serve/conn.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "net/seqpacket.h"
#include "net/proxy_wire.h"
#include "net/rate.h"
#include "serve/address_rate.h"
#include "serve/options.h"
#include "serve/proxy.h"
#include "task/spare.h"

static_assert(offsetof(struct pier__conn, shown.first_byte_ns) / 64 ==
		      offsetof(struct pier__conn, limits.conn) / 64,
	"what every message touches lies in one cache line");

/* What is read off at most after a handler. */
#define LINGER_BYTES 65536

/* Its address is counted, where that is asked for. */
PIER__HOT static int
count_address(struct pier__conn *conn, struct pier_server *server,
	const struct pier_addr *peer)
{
	return server->addresses == NULL
		       ? 0
		       : pier__address_take(server->addresses, &conn->address,
				 peer, server->opts.per_address_max,
				 server->process);
}

PIER__HOT int
pier__conn_admit(struct pier__conn *conn, const struct pier_addr *addr)
{
	struct pier_server *server = conn->acceptor->worker->server;
	int rc = 0;

	if (!pier__admission_lets_in(server->gate.admission, addr))
		return -EACCES;
	if (server->paces != NULL)
		rc = pier__address_rate_take(server->paces, addr,
			&server->gate.address_rate,
			pier__task_now(pier__current));
	return rc < 0 ? rc : count_address(conn, server, addr);
}

/* It comes again, once there is memory for it. */
static void
unadmit(struct pier__conn *conn, const struct pier_addr *addr)
{
	struct pier_server *server = conn->acceptor->worker->server;

	pier__address_give(server->addresses, conn->address, server->process);
	if (server->paces != NULL && !conn->proxied)
		pier__address_rate_give(
			server->paces, addr, &server->gate.address_rate);
}

/* All that cannot fail. */
PIER__HOT static void
fill(struct pier__conn *conn, struct pier__acceptor *acceptor)
{
	struct pier_server *server = acceptor->worker->server;
	const struct pier_addr *peer = &acceptor->peer;

	memcpy(conn->peer, &peer->u, peer->len);
	conn->acceptor = acceptor;
	conn->shown.id = 1 + atomic_fetch_add_explicit(&server->shared->next_id,
				     1, memory_order_relaxed);
	conn->shown.endpoint = acceptor->port->endpoint;
	conn->shown.server = server;
	conn->shown.accepted_ns = pier__task_now(pier__current);
	conn->shown.last_byte_ns = conn->shown.accepted_ns;
	conn->shown.limit = "";
	conn->limits.conn = &conn->shown;
	conn->limits.peer = (const struct sockaddr *)(void *)conn->peer;
	conn->limits.peer_len = peer->len;
	pier__limits_begin(
		&conn->limits, &server->opts, conn->shown.accepted_ns);
	conn->stream->limits = &conn->limits;
	if (conn->limits.lifetime_at != INT64_MAX)
		pier__stream_set_odd(conn->stream, PIER__ODD_LIMIT);
	conn->stream->desc.near = &conn->shown.first_byte_ns;
}

/* Who has just connected mostly has not said anything yet: then a look is a
   system call for nothing, as the wait that follows tells at once of what is
   there. Whether peers of this port are such, one in a few tells. */
#define LOOK_EVERY 16

PIER__HOT static void
expect_bytes(struct pier__conn *conn, struct pier__acceptor *acceptor)
{
	struct pier__desc *desc = &conn->stream->desc;

	/* A call that waits is a look. */
	if (desc->blocks != 0)
		desc->readable = false;
	if (acceptor->worker->server->opts.model != PIER_FIBER)
		return;
	conn->looked =
		!atomic_load_explicit(&acceptor->late, memory_order_relaxed) ||
		++acceptor->unlooked >= LOOK_EVERY;
	if (conn->looked)
		acceptor->unlooked = 0;
	desc->readable = conn->looked;
}

/* Its first byte came in the turn in which it was accepted, or later. */
PIER__HOT static void
learn(const struct pier__conn *conn)
{
	const struct pier_conn *shown = &conn->shown;

	if (conn->looked)
		atomic_store_explicit(&conn->acceptor->late,
			shown->first_byte_ns != shown->accepted_ns,
			memory_order_relaxed);
}

PIER__HOT static int
set_rate(struct pier__conn *conn)
{
	const struct pier_server_opts *opts =
		&conn->acceptor->worker->server->opts;

	/* Packets have no part that could go before the rest. */
	return conn->acceptor->packets
		       ? 0
		       : pier__rate_set(conn->stream, opts->read_rate,
				 opts->write_rate);
}

/* Where the process forks for each connection, both lie where it copies least. */
PIER__HOT static void *
new_object(const struct pier_server *server, size_t size)
{
	return server->model->forks ? pier__spare_get_near(size)
				    : pier__spare_get(size);
}

PIER__HOT static int
new_stream(struct pier__conn *conn)
{
	const struct pier__acceptor *acceptor = conn->acceptor;
	struct pier_stream *stream =
		new_object(acceptor->worker->server, sizeof(*stream));

	if (stream == NULL)
		return -ENOMEM;
	pier__stream_begin(stream, acceptor->fd, acceptor->listener->family,
		acceptor->listener->streams);
	stream->near = pier__spare_is_near(stream);
	stream->desc.blocks = acceptor->listener->blocking;
	conn->stream = stream;
	return 0;
}

PIER__HOT int
pier__conn_new(struct pier__conn **out, struct pier__acceptor *acceptor)
{
	struct pier_server *server = acceptor->worker->server;
	const struct pier_addr *peer = &acceptor->peer;
	struct pier__conn *conn = new_object(server, sizeof(*conn) + peer->len);
	int rc = 0;

	if (conn == NULL)
		return -ENOMEM;
	conn->acceptor = acceptor;
	conn->proxied = pier__proxy_is_due(acceptor, peer);
	if (!pier__proxy_lets_in(server, peer))
		rc = -EACCES;
	else if (!conn->proxied)
		rc = pier__conn_admit(conn, peer);
	if (rc < 0)
		goto free_conn;
	rc = new_stream(conn);
	if (rc < 0)
		goto give_address;
	rc = set_rate(conn);
	if (rc < 0)
		goto free_stream;
	fill(conn, acceptor);
	expect_bytes(conn, acceptor);
	*out = conn;
	return 0;

free_stream:
	/* Not its descriptor. */
	pier__stream_free(conn->stream);
give_address:
	unadmit(conn, peer);
free_conn:
	pier__spare_put(conn, sizeof(*conn) + peer->len);
	return rc;
}

PIER__HOT void
pier__conn_runs_on(struct pier__conn *conn, const struct pier__worker *worker)
{
	struct pier_server *server = conn->acceptor->worker->server;
	struct pier__worker *workers = server->workers;

	/* There is nobody to whom one could be handed over. */
	if (server->worker_count == 1)
		return;
	if (conn->runner != 0)
		(void)atomic_fetch_sub(&workers[conn->runner - 1].load, 1);
	conn->runner = worker == NULL ? 0 : (uint32_t)(worker - workers) + 1;
	if (worker != NULL)
		(void)atomic_fetch_add(&workers[conn->runner - 1].load, 1);
}

void
pier__report_error(struct pier_server *server, struct pier__conn *conn, int rc)
{
	const struct pier_server_opts *opts = &server->opts;

	if (opts->on_error == NULL)
		return;
	/* A handler may return what no call of pier gave, and -EAGAIN, which
	   no call writes down. */
	if (pier_last_error()->code != rc) {
		if (conn != NULL && conn->stream != NULL)
			(void)pier__stream_fail_done(
				conn->stream, rc, PIER_STEP_HANDLER, 0);
		else
			(void)pier__fail(rc, &(struct pier__failure){
						     .step = PIER_STEP_HANDLER,
						     .counts = true });
	}
	opts->on_error(conn != NULL ? &conn->shown : NULL, rc, opts->ctx);
}

/* The peer's end is how such a conversation ends well. */
static int
converse_in_packets(struct pier__conn *conn)
{
	const struct pier_server_opts *opts =
		&conn->acceptor->worker->server->opts;
	struct pier_packet *packet;
	int rc = pier__packet_over(
		&packet, conn->stream, conn->acceptor->port->endpoint);

	if (rc < 0)
		return rc;
	rc = opts->packet_handler(packet, opts->ctx);
	pier_packet_close(packet);
	return rc == -PIER_EEND && conn->stream->at_end ? 0 : rc;
}

/* False: it is turned away, and no other hook hears of it. */
static bool
is_welcome(struct pier__conn *conn)
{
	const struct pier_server_opts *opts =
		&conn->acceptor->worker->server->opts;

	if (opts->verify == NULL || opts->verify(conn->stream, opts->ctx) >= 0)
		return true;
	conn->refusal = PIER__COUNT_REFUSED_VERIFY;
	return false;
}

/* Setup, handler, and what the handler gathered. */
PIER__HOT static int
converse(struct pier__conn *conn)
{
	const struct pier_server_opts *opts =
		&conn->acceptor->worker->server->opts;
	struct pier_stream *stream = conn->stream;
	int rc = 0;

	conn->shown.reason = PIER_END_SETUP;
	if (conn->proxied)
		rc = pier__proxy_begin(conn);
	if (rc >= 0 && !is_welcome(conn))
		return -EACCES;
	if (rc >= 0 && opts->setup != NULL)
		rc = opts->setup(stream, opts->ctx);
	if (rc >= 0) {
		conn->shown.reason = PIER_END_HANDLER;
		rc = conn->acceptor->packets ? converse_in_packets(conn)
					     : opts->handler(stream, opts->ctx);
		if (rc >= 0 && pier_gathered(stream) > 0) {
			int flushed = pier_flush(stream, PIER_DEFAULT);

			rc = flushed < 0 ? flushed : rc;
		}
	}
	return rc;
}

/* Why it ended, and what it counts as. */
PIER__HOT static enum pier__count
judge(struct pier__conn *conn, int rc)
{
	struct pier_conn *shown = &conn->shown;
	bool in_setup = shown->reason == PIER_END_SETUP;

	if (conn->limits.met != NULL) {
		shown->reason = PIER_END_LIMIT;
		shown->limit = conn->limits.met;
	} else if (rc < 0 && pier_cancelled()) {
		shown->reason = PIER_END_CANCELLED;
		return PIER__COUNT_CANCELLED;
	} else if (rc < 0 && !in_setup) {
		shown->reason = PIER_END_ERROR;
	}
	if (in_setup && conn->refusal != 0)
		return (enum pier__count)conn->refusal;
	if (in_setup)
		return PIER__COUNT_REFUSED_SETUP;
	return rc < 0 ? PIER__COUNT_FAILED : PIER__COUNT_FINISHED;
}

PIER__HOT static void
settle(struct pier__conn *conn, int rc)
{
	struct pier__counters *counters = conn->acceptor->worker->counters;
	struct pier_conn *shown = &conn->shown;
	enum pier__count count = judge(conn, rc);

	shown->rc = rc;
	if (shown->reason == PIER_END_LIMIT)
		pier__count(counters, pier__limits_count(&conn->limits), 1);
	pier__count(counters, count, 1);
	if (count != PIER__COUNT_REFUSED_SETUP && conn->refusal == 0)
		pier__count_handler(counters, pier_now() - shown->accepted_ns);
	if (rc < 0 && shown->reason != PIER_END_CANCELLED && conn->refusal == 0)
		pier__report_error(conn->acceptor->worker->server, conn, rc);
}

PIER__HOT static bool
wants_linger(const struct pier__conn *conn)
{
	return conn->shown.reason == PIER_END_HANDLER &&
	       !conn->stream->at_end && !conn->stream->read_done &&
	       conn->acceptor->worker->server->opts.linger_ms != PIER_OFF;
}

static void
read_off(struct pier_stream *stream, pier_deadline deadline)
{
	size_t left = LINGER_BYTES;

	while (left > 0) {
		const void *data;
		ssize_t n = pier_peek(stream, &data, 1, deadline);

		if (n <= 0)
			return;
		(void)pier_take(stream, (size_t)n);
		left -= (size_t)n < left ? (size_t)n : left;
	}
}

static void
linger(struct pier__conn *conn)
{
	struct pier_server *server = conn->acceptor->worker->server;
	pier_deadline deadline = pier_in_ms(server->opts.linger_ms);

	/* The handler met none of them; this has a time of its own. */
	pier__limits_end(&conn->limits);
	/* Others may be active beside it. */
	PIER__NOTE(conn->stream->desc.blocks, 0);
	/* A peer that cannot be told has all once it has left. */
	if (conn->stream->whole)
		(void)pier_drain(conn->stream, deadline);
	else if (pier_shutdown(conn->stream, PIER_WRITING, deadline) == 0)
		read_off(conn->stream, deadline);
	/* What finish may wait for. */
	pier__limits_only_idle(&conn->limits, &server->opts);
}

PIER__HOT static void
finish(struct pier__conn *conn)
{
	const struct pier_server_opts *opts =
		&conn->acceptor->worker->server->opts;

	/* Of a handler that failed too what still goes without a wait has gone
	   before bytes are counted. Its error is told, and stays. */
	if (conn->shown.rc < 0 && pier_gathered(conn->stream) > 0)
		(void)pier_flush(conn->stream, PIER_NOW);
	if (opts->finish != NULL && conn->refusal != PIER__COUNT_REFUSED_VERIFY)
		opts->finish(conn->stream, opts->ctx);
}

PIER__HOT static void
count_bytes(const struct pier__conn *conn)
{
	struct pier__counters *counters = conn->acceptor->worker->counters;

	pier__count(
		counters, PIER__COUNT_BYTES_IN, pier_bytes_in(conn->stream));
	pier__count(
		counters, PIER__COUNT_BYTES_OUT, pier_bytes_out(conn->stream));
}

/* Its whole conversation. True: it lingered aside, and is not active any
   more. */
PIER__HOT static bool
see_through(struct pier__conn *conn)
{
	bool aside = false;

	settle(conn, converse(conn));
	if (wants_linger(conn)) {
		struct pier_server *server = conn->acceptor->worker->server;

		aside = !server->model->lingers_inside &&
			pier__inside_pass(conn->acceptor) == 0 &&
			pier__room_step_aside(server);
		linger(conn);
	}
	finish(conn);
	return aside;
}

PIER__HOT void
pier__conn_let_go(struct pier__conn *conn)
{
	struct pier_server *server = conn->acceptor->worker->server;

	pier__conn_runs_on(conn, NULL);
	if (conn->address != NULL)
		pier__address_give(
			server->addresses, conn->address, server->process);
	if (conn->told != NULL)
		pier__free(conn->told);
}

PIER__HOT void
pier__conn_drop(struct pier__conn *conn)
{
	learn(conn);
	pier_close(conn->stream);
	pier__conn_let_go(conn);
	pier__spare_put(conn, sizeof(*conn) + conn->limits.peer_len);
}

/* Up to finish. True: its room was given away meanwhile. */
PIER__HOT static bool
serve(struct pier__conn *conn)
{
	bool aside;

	pier_task_name("connection");
	pier__current->tag = conn->shown.id;
	aside = see_through(conn);
	count_bytes(conn);
	return aside;
}

PIER__HOT void
pier__conn_serve(struct pier__conn *conn)
{
	(void)serve(conn);
}

PIER__HOT int
pier__conn_main(void *arg)
{
	struct pier__conn *conn = arg;
	struct pier__acceptor *acceptor = conn->acceptor;
	struct pier_server *server = acceptor->worker->server;
	bool above = conn->above;
	bool aside = serve(conn);

	pier__conn_drop(conn);
	pier__acceptor_count(acceptor, above, -1);
	if (aside)
		pier__room_gone_aside(server);
	else
		pier__room_give(server);
	return 0;
}

struct pier_conn *
pier_conn(const struct pier_stream *stream)
{
	const struct pier__limits *limits = pier__stream_base(stream)->limits;

	return limits != NULL ? limits->conn : NULL;
}

struct pier_conn *
pier_packet_conn(const struct pier_packet *packet)
{
	return packet->carrier != NULL ? pier_conn(packet->carrier) : NULL;
}

static const struct pier__conn *
of(const struct pier_conn *shown)
{
	return pier__container_of(
		(struct pier_conn *)(uintptr_t)shown, struct pier__conn, shown);
}

int
pier_conn_peer(const struct pier_conn *shown, struct pier_addr *out)
{
	const struct pier__conn *conn = of(shown);

	if (conn->told != NULL) {
		*out = conn->told->source;
		return 0;
	}
	memset(out, 0, sizeof(*out));
	memcpy(&out->u, conn->peer, conn->limits.peer_len);
	out->len = conn->limits.peer_len;
	return 0;
}

int
pier_conn_local(const struct pier_conn *shown, struct pier_addr *out)
{
	const struct pier__conn *conn = of(shown);

	if (conn->stream == NULL)
		return pier__fail(-EBADF,
			&(struct pier__failure){ .step = PIER_STEP_OPTION,
				.endpoint = shown->endpoint });
	if (conn->told == NULL)
		return pier_local(conn->stream, out);
	*out = conn->told->destination;
	return 0;
}
