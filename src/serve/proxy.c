/* SPDX-License-Identifier: MIT */
/*
 * serve/proxy.c - see proxy.h. The header is looked at in the stream's own
 * read-ahead buffer, and only as much is taken as it has: what a client says
 * right behind it stays where the handler finds it.
 */
#include "serve/proxy.h"

#include <errno.h>
#include <string.h>

#include "net/proxy_wire.h"
#include "serve/options.h"

/* A proxy without an IP address is one of this machine, which the permissions
   of a Unix socket let in. */
static bool
is_trusted(const struct pier_server *server, const struct pier_addr *peer)
{
	int family = pier_addr_family(peer);

	return (family != AF_INET && family != AF_INET6) ||
	       pier__admission_names(server->gate.proxies, peer);
}

PIER__HOT bool
pier__proxy_is_due(
	const struct pier__acceptor *acceptor, const struct pier_addr *peer)
{
	const struct pier_server *server = acceptor->worker->server;

	if (server->opts.proxy == PIER_PROXY_OFF || acceptor->packets)
		return false;
	return server->opts.proxy == PIER_PROXY_REQUIRED ||
	       is_trusted(server, peer);
}

PIER__HOT bool
pier__proxy_lets_in(
	const struct pier_server *server, const struct pier_addr *peer)
{
	return server->opts.proxy != PIER_PROXY_REQUIRED ||
	       server->gate.proxies == NULL || is_trusted(server, peer);
}

/* The header is late. */
static int
meet_limit(struct pier__conn *conn)
{
	conn->limits.met = PIER__LIMIT_FIRST_BYTE;
	pier__stream_set_odd(conn->stream, PIER__ODD_LIMIT);
	return pier__stream_fail(conn->stream, -PIER_ELIMIT, PIER_STEP_RECEIVE);
}

static int
refuse(const struct pier__conn *conn, int rc, const char *why)
{
	char name[160];

	if (pier_describe(conn->stream, name, sizeof(name)) < 0)
		name[0] = '\0';
	return pier__fail(
		rc, &(struct pier__failure){ .step = PIER_STEP_RECEIVE,
			    .endpoint = name,
			    .detail = why });
}

static int
receive(struct pier__conn *conn, struct pier__proxy *out)
{
	const struct pier_server_opts *opts =
		&conn->acceptor->worker->server->opts;
	int64_t most = pier__options_ns(opts->first_byte_ms);
	pier_deadline deadline =
		most == INT64_MAX
			? PIER_FOREVER
			: pier_deadline_at(conn->shown.accepted_ns + most);
	size_t want = 1, asked;
	const char *why = NULL;
	const void *data;
	ssize_t n;
	int rc;

	do {
		asked = want;
		n = pier_peek(conn->stream, &data, asked, deadline);
		if (n == -PIER_EDEADLINE)
			return meet_limit(conn);
		if (n < 0)
			return (int)n;
		rc = pier__proxy_decode(out, data, (size_t)n, &want, &why);
	} while (rc == 0 && (size_t)n >= asked);
	if (rc == 0)
		return refuse(conn, -PIER_EEND, "inside of a PROXY header");
	if (rc < 0)
		return refuse(conn, rc, why);
	return pier_take(conn->stream, (size_t)rc);
}

/* Held to what those are held to that come without a proxy. */
static int
admit(struct pier__conn *conn)
{
	struct pier_addr peer;
	int rc = pier_conn_peer(&conn->shown, &peer);

	if (rc == 0)
		rc = pier__conn_admit(conn, &peer);
	if (rc == -EACCES)
		conn->refusal = PIER__COUNT_REFUSED_POLICY;
	if (rc == -PIER_ELIMIT)
		conn->refusal = PIER__COUNT_REFUSED_ADDRESS;
	return rc == 0 ? 0 : refuse(conn, rc, "whom a PROXY header names");
}

int
pier__proxy_begin(struct pier__conn *conn)
{
	struct pier__proxy told = { 0 };
	int rc = receive(conn, &told);

	if (rc < 0)
		return rc;
	/* The proxy's own connection, or one of which it does not say: the
	   addresses that there are. */
	if (told.source.len > 0) {
		conn->told = pier__alloc(sizeof(*conn->told));
		if (conn->told == NULL)
			return refuse(conn, -ENOMEM, "a PROXY header");
		*conn->told = told;
	}
	return admit(conn);
}
