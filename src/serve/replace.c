/* SPDX-License-Identifier: MIT */
/*
 * serve/replace.c - a server that takes the place of another.
 *
 * It gets the very sockets of the other, not others at the same address: what
 * queues in them is never without a server. Only when it has all that it needs
 * does it say so, and then the other stops to accept. One that dies before that
 * was never there; when the other dies instead of answering, this one has the
 * sockets, and serves.
 */
#include "serve/replace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/packet.h"
#include "os/process.h"
#include "task/failure.h"

/* That of pier_listen(). */
#define CONTROL_BACKLOG 4096

static int
fail(struct pier_stream *stream, int rc, const char *detail)
{
	return pier__fail(rc,
		&(struct pier__failure){ .step = PIER_STEP_LISTEN,
			.endpoint = stream->name != NULL ? stream->name
							 : "a control socket",
			.detail = detail });
}

int
pier__replace_say(struct pier_stream *stream, enum pier__replace_type type,
	const void *payload, size_t length, pier_deadline deadline)
{
	unsigned char header[PIER__REPLACE_HEADER];
	int rc;

	pier__replace_header_write(header, type, length);
	rc = pier_write(stream, header, sizeof(header), deadline);
	if (rc == 0 && length > 0)
		rc = pier_write(stream, payload, length, deadline);
	return rc;
}

/* A header; what is wrong with it is noted. */
static int
hear_header(struct pier_stream *stream, struct pier__replace_header *header,
	pier_deadline deadline)
{
	unsigned char bytes[PIER__REPLACE_HEADER];
	struct pier__why why;
	ssize_t n = pier_read_full(stream, bytes, sizeof(bytes), deadline);
	int rc;

	if (n < 0)
		return (int)n;
	rc = pier__replace_header_read(header, bytes);
	if (rc == -EPROTONOSUPPORT) {
		(void)pier__why_set(&why, 0,
			"the other server speaks version %d, this one %d",
			header->version, PIER__REPLACE_VERSION);
		return fail(stream, rc, why.text);
	}
	return rc < 0 ? fail(stream, rc, "this is no server of pier") : 0;
}

/* As a message of this type. */
static int
check_type(struct pier_stream *stream, enum pier__replace_type type,
	const struct pier__replace_header *header, const unsigned char *payload)
{
	struct pier__why why;

	if (header->type == type)
		return 0;
	if (header->type != PIER__REPLACE_OFF)
		return fail(stream, -EPROTO, "another message was expected");
	(void)pier__why_set(&why, 0, "the other server called it off: %.120s",
		(const char *)payload);
	return fail(stream, -ECONNABORTED, why.text);
}

int
pier__replace_hear(struct pier_stream *stream, enum pier__replace_type type,
	unsigned char **payload, size_t *length, pier_deadline deadline)
{
	struct pier__replace_header header;
	unsigned char *bytes;
	int rc = hear_header(stream, &header, deadline);
	ssize_t n;

	if (rc < 0)
		return rc;
	bytes = pier__alloc((size_t)header.length + 1);
	if (bytes == NULL)
		return fail(stream, -ENOMEM, NULL);
	n = header.length == 0
		    ? 0
		    : pier_read_full(stream, bytes, header.length, deadline);
	rc = n < 0 ? (int)n : check_type(stream, type, &header, bytes);
	if (rc < 0) {
		pier__free(bytes);
		return rc;
	}
	*payload = bytes;
	*length = header.length;
	return 0;
}

int
pier__replace_check_peer(struct pier_stream *stream, pid_t *pid)
{
	struct pier_cred cred;
	int rc = pier_peer_cred(stream, &cred);

	if (rc == 0 && cred.uid != 0 && cred.uid != pier__user())
		rc = -EPERM;
	if (rc < 0)
		return fail(stream, rc,
			"the other server is another user's, who is not root");
	*pid = cred.pid;
	return 0;
}

int
pier__control_parse(struct pier_addr *out, const char *text)
{
	struct pier__endpoint endpoint;
	struct pier__why why;
	int rc = pier__endpoint_parse(&endpoint, text, &why);

	if (rc == 0 && endpoint.kind != PIER__ENDPOINT_UNIX)
		rc = pier__why_set(
			&why, 0, "a control socket is a Unix socket: a path");
	if (rc < 0)
		return pier__fail_parse(rc, text, &why);
	*out = endpoint.addr;
	return 0;
}

/* The sockets in the payload, with their descriptors. */
static int
read_sockets(struct pier__inherited *it, size_t length, struct pier_fds *fds)
{
	size_t used = 0;

	while (used < length && it->count < fds->count) {
		struct pier__inherited_socket *socket = &it->sockets[it->count];
		int n = pier__replace_socket_read(
			&socket->is, it->payload + used, length - used);

		if (n < 0)
			break;
		used += (size_t)n;
		socket->fd = fds->fd[it->count];
		fds->fd[it->count++] = -1;
	}
	if (used == length && it->count == fds->count)
		return 0;
	pier_fds_close(fds);
	return fail(it->stream, -EPROTO,
		"the sockets and what it says of them do not agree");
}

static int
get_sockets(struct pier__inherited *it, pier_deadline deadline)
{
	struct pier_fds fds = { .count = 0 };
	size_t length = 0;
	int rc = pier__replace_check_peer(it->stream, &it->pid);

	/* From now on it keeps the descriptors that come. */
	if (rc == 0)
		rc = (int)pier_recv_fds(it->stream, &fds, NULL, 0, deadline);
	if (rc == 0)
		rc = pier__replace_say(
			it->stream, PIER__REPLACE_ASK, NULL, 0, deadline);
	if (rc == 0)
		rc = pier__replace_hear(it->stream, PIER__REPLACE_SOCKETS,
			&it->payload, &length, deadline);
	if (rc == 0)
		rc = (int)pier_recv_fds(it->stream, &fds, NULL, 0, deadline);
	return rc < 0 ? rc : read_sockets(it, length, &fds);
}

int
pier__replace_open(struct pier_server *server)
{
	const char *where = server->opts.replace;
	pier_deadline deadline = pier_in_ms(server->opts.replace_ms);
	struct pier_addr addr;
	struct pier__inherited *it;
	int rc;

	if (where == NULL)
		return 0;
	rc = pier__control_parse(&addr, where);
	if (rc < 0)
		return rc;
	it = pier__alloc(sizeof(*it));
	if (it == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_LISTEN, where, NULL);
	server->inherited = it;
	rc = pier_dial(&it->stream, where, NULL, deadline);
	if (rc == 0)
		rc = get_sockets(it, deadline);
	/* pier_server_run() may be called elsewhere. */
	return rc < 0 ? rc : pier_move(it->stream);
}

struct pier__inherited_socket *
pier__replace_next(struct pier_server *server, const char *endpoint)
{
	struct pier__inherited *it = server->inherited;
	size_t i;

	for (i = 0; it != NULL && i < it->count; i++) {
		struct pier__inherited_socket *socket = &it->sockets[i];

		if (!socket->taken &&
			socket->is.kind != PIER__REPLACE_CONTROL &&
			(strcmp(socket->is.given, endpoint) == 0 ||
				strcmp(socket->is.real, endpoint) == 0))
			return socket;
	}
	return NULL;
}

/* Is it the first of its endpoint? */
static bool
is_first(const struct pier__inherited *it, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++) {
		if (strcmp(it->sockets[j].is.given, it->sockets[i].is.given) ==
			0)
			return false;
	}
	return it->sockets[i].is.kind != PIER__REPLACE_CONTROL;
}

const char *
pier__replace_endpoint(struct pier_server *server, size_t i)
{
	const struct pier__inherited *it = server->inherited;
	size_t at;

	for (at = 0; it != NULL && at < it->count; at++) {
		if (is_first(it, at) && i-- == 0)
			return it->sockets[at].is.given;
	}
	return NULL;
}

size_t
pier__replace_count(const struct pier_server *server)
{
	return server->inherited == NULL ? 0 : server->inherited->count;
}

/* What its endpoint begins with, which the socket alone does not tell. */
static void
keep_scheme(const char **scheme, const char *real)
{
	struct pier__endpoint endpoint;
	struct pier__why why;

	if (pier__endpoint_parse(&endpoint, real, &why) == 0 &&
		endpoint.kind != PIER__ENDPOINT_FD)
		*scheme = endpoint.scheme;
}

int
pier__replace_listener(
	struct pier_listener **out, struct pier__inherited_socket *socket)
{
	char text[32];
	int rc;

	(void)snprintf(text, sizeof(text), "fd://%d", socket->fd);
	rc = pier_listen(out, text, NULL, PIER_FOREVER);
	if (rc < 0)
		return rc;
	keep_scheme(&(*out)->scheme, socket->is.real);
	socket->listener = *out;
	socket->taken = true;
	socket->fd = -1;
	return 0;
}

int
pier__replace_packet(
	struct pier_packet **out, struct pier__inherited_socket *socket)
{
	const struct pier_packet_opts opts = { .listen = true };
	char text[32];
	int rc;

	(void)snprintf(text, sizeof(text), "fd://%d", socket->fd);
	rc = pier_packet_open(out, text, &opts, PIER_FOREVER);
	if (rc < 0)
		return rc;
	keep_scheme(&(*out)->scheme, socket->is.real);
	socket->packet = *out;
	socket->taken = true;
	socket->fd = -1;
	return 0;
}

/* The files of Unix sockets are this one's to remove from now on. */
static void
own_files(struct pier__inherited *it)
{
	size_t i;

	for (i = 0; i < it->count; i++) {
		struct pier__inherited_socket *socket = &it->sockets[i];
		struct pier_packet *packet = socket->packet;

		if ((socket->is.flags & PIER__REPLACE_OWNS_FILE) == 0)
			continue;
		if (socket->listener != NULL)
			pier__unix_own(&socket->listener->file,
				&socket->listener->addr);
		else if (packet != NULL &&
			 pier_packet_local(packet, &packet->own_place.addr) ==
				 0)
			pier__unix_own(&packet->file, &packet->own_place.addr);
	}
}

/* Who comes to the control socket is told as its peer the process that was the
   last to call listen(): that has to be this one, not the first of all. */
static void
own_control(const struct pier_listener *control)
{
	/* It listens already: there is nothing to lack. */
	if (control != NULL)
		(void)pier__calls()->listen(
			pier_listener_fd(control), CONTROL_BACKLOG);
}

/* Say what was taken, and wait for the other to go. */
static int
commit(struct pier__inherited *it, pier_deadline deadline)
{
	unsigned char taken[PIER__REPLACE_SOCKETS_MAX];
	unsigned char *payload = NULL;
	size_t i, length;
	int rc;

	for (i = 0; i < it->count; i++)
		taken[i] = it->sockets[i].taken;
	rc = pier__replace_say(
		it->stream, PIER__REPLACE_READY, taken, it->count, deadline);
	if (rc < 0)
		return rc;
	rc = pier__replace_hear(
		it->stream, PIER__REPLACE_GO, &payload, &length, deadline);
	pier__free(payload);
	/* It died. Then the sockets are nobody's but ours. */
	return rc == -PIER_EEND || rc == -ECONNRESET ? 0 : rc;
}

static void
drop(struct pier__inherited *it)
{
	size_t i;

	pier_close(it->stream);
	it->stream = NULL;
	for (i = 0; i < it->count; i++) {
		pier__close(it->sockets[i].fd);
		it->sockets[i].fd = -1;
	}
}

int
pier__replace_commit(struct pier_server *server)
{
	const struct pier_server_opts *opts = &server->opts;
	struct pier__inherited *it = server->inherited;
	struct pier_hand_over told = { .what = PIER_REPLACED };
	size_t i;
	int rc;

	if (it == NULL)
		return 0;
	rc = commit(it, pier_in_ms(opts->replace_ms));
	if (rc < 0)
		return rc;
	own_control(server->control);
	own_files(it);
	drop(it);
	told.pid = it->pid;
	for (i = 0; i < it->count; i++)
		told.sockets += it->sockets[i].taken &&
				it->sockets[i].is.kind != PIER__REPLACE_CONTROL;
	if (opts->on_hand_over != NULL)
		opts->on_hand_over(&told, opts->ctx);
	return 0;
}

void
pier__replace_close(struct pier_server *server)
{
	struct pier__inherited *it = server->inherited;

	if (it == NULL)
		return;
	drop(it);
	pier__free(it->payload);
	pier__free(it);
	server->inherited = NULL;
}
