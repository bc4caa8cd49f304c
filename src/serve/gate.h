/* SPDX-License-Identifier: MIT */
/*
 * serve/gate.h - whom a server lets in, and how fast.
 */
#ifndef PIER_SERVE_GATE_H
#define PIER_SERVE_GATE_H

#include "addr/prefix.h"
#include "base/bucket.h"

struct pier_addr;
struct pier_server;
struct pier__acceptor;
struct pier__worker;

struct pier__gate {
	struct pier__admission *admission; /* NULL: everybody */
	struct pier__admission *proxies;   /* NULL: no list of them */
	struct pier__rate rate;            /* per_s 0: as they come */
	struct pier__rate address_rate;    /* of each address */
};

/* By server->opts: 0 or an error, noted. */
int pier__gate_open(struct pier_server *server);
/* Of one that was not opened too. */
void pier__gate_close(struct pier__gate *gate);

/* peer is kept out, by rc: -EACCES or -PIER_ELIMIT. It is counted and told. */
void pier__gate_refuse(struct pier__worker *worker, const char *endpoint,
	const struct pier_addr *peer, int rc);

/* May an acceptor take one more now? It keeps the permission until it has. */
bool pier__gate_may_take(struct pier__acceptor *acceptor);
/* Nobody was there. */
void pier__gate_give_back(struct pier__acceptor *acceptor);
/* Until it may. 0 or -ECANCELED. */
int pier__gate_wait(struct pier__acceptor *acceptor);

#endif
