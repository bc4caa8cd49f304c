/* SPDX-License-Identifier: MIT */
/* serve/endpoints.h - the sockets that a server listens on. */
#ifndef PIER_SERVE_ENDPOINTS_H
#define PIER_SERVE_ENDPOINTS_H

#include "serve/server.h"

/* How many of server->opts' endpoints are for streams and for datagrams.
   0, or -EINVAL: one cannot be served; noted. */
int pier__endpoints_count(
	struct pier_server *server, size_t *streams, size_t *datagrams);

/* Listen on all of them, deal them out to server->workers. 0 or an error,
   noted; what was opened stays for pier__endpoints_close(). */
int pier__endpoints_open(struct pier_server *server, pier_deadline deadline);

/* Accept on none of them any more; of workers that do not run. */
void pier__endpoints_leave(struct pier_server *server);

/* Of workers that do not run. */
void pier__endpoints_close(struct pier_server *server);

#endif
