/* SPDX-License-Identifier: MIT */
/* serve/session.h - conversations over UDP: a packet handler for each peer of a
   datagram socket, which hears that peer alone. */
#ifndef PIER_SERVE_SESSION_H
#define PIER_SERVE_SESSION_H

#include "serve/datagram.h"

struct pier__sessions;

/* For one socket. 0, -ENOMEM, or the error of the source of random numbers. */
int pier__sessions_open(struct pier__sessions **out);

/* On a fiber of the worker that receives: msg goes to the session of its peer,
   which begins if there is none. Never waits for the handler. */
void pier__sessions_deliver(
	struct pier__datagrams *it, const struct pier_msg *msg);

/* Nothing more comes: handlers get what queues, then the end. */
void pier__sessions_end(struct pier__sessions *sessions);

/* The socket is about to be closed: nobody may send on it any more, also those
   that were left behind. NULL is fine. */
void pier__sessions_close(struct pier__sessions *sessions);

#endif
