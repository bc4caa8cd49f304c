/* SPDX-License-Identifier: MIT */
/*
 * serve/replace.h - one server takes the place of another: control.c is the one
 * that goes, replace.c the one that comes. What they say is in replace_wire.h.
 */
#ifndef PIER_SERVE_REPLACE_H
#define PIER_SERVE_REPLACE_H

#include "serve/replace_wire.h"
#include "serve/server.h"

/* A socket that was handed over. */
struct pier__inherited_socket {
	struct pier__replace_socket is; /* texts in the payload below */
	int fd;                         /* -1: a listener or packet has it */
	bool taken;
	struct pier_listener *listener; /* of those that were taken */
	struct pier_packet *packet;
};

struct pier__inherited {
	struct pier_stream *stream; /* to the old server; NULL: it is over */
	unsigned char *payload;
	pid_t pid; /* of the old server */
	size_t count;
	struct pier__inherited_socket sockets[PIER__REPLACE_SOCKETS_MAX];
};

/* One message. 0 or an error, noted. */
int pier__replace_say(struct pier_stream *stream, enum pier__replace_type type,
	const void *payload, size_t length, pier_deadline deadline);

/*
 * The next message, which has to be of this type. *payload is length bytes and a
 * NUL, the caller's. 0 or an error, noted; -ECONNABORTED: the other called it
 * off.
 */
int pier__replace_hear(struct pier_stream *stream, enum pier__replace_type type,
	unsigned char **payload, size_t *length, pier_deadline deadline);

/* The other end is of our user, or root. 0 and its number, or -EPERM, noted. */
int pier__replace_check_peer(struct pier_stream *stream, pid_t *pid);

/* The address of a control socket. 0 or an error, noted. */
int pier__control_parse(struct pier_addr *out, const char *text);

/* Get the sockets of the server at opts.replace. 0 or an error, noted. */
int pier__replace_open(struct pier_server *server);

/* The next one, not taken, for this endpoint; or NULL. */
struct pier__inherited_socket *pier__replace_next(
	struct pier_server *server, const char *endpoint);

/* The i-th endpoint of the old server, each once; NULL: there are not so many. */
const char *pier__replace_endpoint(struct pier_server *server, size_t i);

/* How many sockets were handed over. */
size_t pier__replace_count(const struct pier_server *server);

/* Take it as what it is. 0 or an error, noted. */
int pier__replace_listener(
	struct pier_listener **out, struct pier__inherited_socket *socket);
int pier__replace_packet(
	struct pier_packet **out, struct pier__inherited_socket *socket);

/* All is taken: have the old server go. Nothing where there is none. 0 or an
   error, noted: it goes on, and this one must not begin. */
int pier__replace_commit(struct pier_server *server);
void pier__replace_close(struct pier_server *server);

/* Listen at opts.control, or go on to. 0 or an error, noted. */
int pier__control_open(struct pier_server *server);
void pier__control_close(struct pier_server *server);
/* Hear of those that come there, by a fiber of group; nothing without a control
   socket. 0 or an error. */
int pier__control_start(struct pier_server *server, struct pier_group *group);
/* In a process that was forked: it is its parent's. */
void pier__control_forked(struct pier_server *server);

#endif
