/* SPDX-License-Identifier: MIT */
/*
 * serve/conn.h - one connection. What it costs while idle is this struct, its
 * stream and its task, so addresses are kept as short as they are.
 */
#ifndef PIER_SERVE_CONN_H
#define PIER_SERVE_CONN_H

#include "serve/server.h"

struct pier__proxy;

struct pier__conn {
	struct pier__acceptor *acceptor;
	struct pier_stream *stream; /* NULL: another process's alone */
	struct pier__address_entry *address;
	uint32_t runner; /* the worker that it counts for, from 1; 0: none */
	bool above;      /* its descriptor lies above the mark of the server */
	bool proxied;    /* it begins with a PROXY header */
	bool looked;     /* for bytes as soon as it was there, to learn of it */
	uint8_t refusal; /* what refused it once it had a task, or 0 */
	/* From first_byte_ns of shown to conn of limits it is one cache line,
	   the only one that a message touches. */
	struct pier_conn shown;
	struct pier__limits limits;
	struct pier__proxy *told; /* by a proxy, or NULL */
	unsigned char peer[];     /* a sockaddr of limits.peer_len bytes */
};

/*
 * The connection of acceptor->fd, which is taken on success. 0, -PIER_ELIMIT
 * (the address has enough), -EACCES (it is not to be let in), -ENOMEM.
 */
int pier__conn_new(struct pier__conn **out, struct pier__acceptor *acceptor);

/* It is addr's: let in, and counted where that is asked for. As above. */
int pier__conn_admit(struct pier__conn *conn, const struct pier_addr *addr);

/* It is part of the load of worker (NULL: of none) from now on. */
void pier__conn_runs_on(
	struct pier__conn *conn, const struct pier__worker *worker);

/* The whole life of a connection: setup, handler, linger, finish; arg is the
   struct, which is gone at the end. Always 0. */
int pier__conn_main(void *arg);

/* The same without the end: who started it counts it, and has it, and closes
   the stream. */
void pier__conn_serve(struct pier__conn *conn);

/* It never ran: closed and freed. */
void pier__conn_drop(struct pier__conn *conn);

/* What it held beside its descriptor, its stream and its memory is for
   others. */
void pier__conn_let_go(struct pier__conn *conn);

/* Tell on_error of rc; conn is NULL for what concerns no connection. What the
   record of the task holds is of rc already, or is made so. */
void pier__report_error(
	struct pier_server *server, struct pier__conn *conn, int rc);

#endif
