/* SPDX-License-Identifier: MIT */
/* serve/datagram.h - receiving on the datagram sockets of a worker. */
#ifndef PIER_SERVE_DATAGRAM_H
#define PIER_SERVE_DATAGRAM_H

#include "serve/server.h"

struct pier__datagrams {
	struct pier__list node; /* on its worker's list */
	struct pier__worker *worker;
	struct pier_packet *packet;
	const char *endpoint;          /* as it was given */
	struct pier__receiver *holder; /* who receives now, or NULL */
	struct pier__batch *batch;     /* the holder's, or the next one's */
	struct pier__list idle;        /* receivers with nothing to do */
	/* In place of the handler of each message; or NULL. */
	struct pier__sessions *sessions;
	unsigned idle_count;
	bool stopping;
	unsigned failures;  /* to receive, in a row */
	uint64_t bytes_out; /* of packet, that are counted */
	/* Messages since the last wait, and between the two before. */
	unsigned came, came_before;
	/* Is it worth a look, once a batch is done, whether more has come? */
	bool batched;    /* a batch has come since the last look */
	uint8_t vain;    /* how far looks have found nothing */
	uint8_t skipped; /* looks that were not made, in a row */
};

/* worker will receive on packet, which is taken on success, of an endpoint, a
   text that stays. 0 or -ENOMEM. */
int pier__datagrams_new(struct pier__worker *worker, struct pier_packet *packet,
	const char *endpoint);

/* On a fiber of the worker: begin. 0 or an error. */
int pier__datagrams_start(struct pier__datagrams *it);

/* On a fiber, while nobody else receives: one datagram and its handler. 0,
   -EAGAIN: none is there, or it was kept out, or the error of receiving. */
int pier__datagrams_try(struct pier__datagrams *it);

/* On a fiber of the worker: nothing more is received on any of its sockets;
   handlers that wait go on. */
void pier__datagrams_stop(struct pier__worker *worker);

/* Close all sockets of a worker that does not run. */
void pier__datagrams_close(struct pier__worker *worker);

#endif
