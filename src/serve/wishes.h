/* SPDX-License-Identifier: MIT */
/*
 * serve/wishes.h - options of sockets for a server of several endpoints: each
 * takes those that its kind of socket has.
 */
#ifndef PIER_SERVE_WISHES_H
#define PIER_SERVE_WISHES_H

#include "serve/server.h"

/* The i-th endpoint of the server, as it was given; NULL behind the last. */
typedef const char *pier__endpoint_at(struct pier_server *server, size_t i);

/* Is there an endpoint for each of the server's options? 0, or -EINVAL,
   noted. */
int pier__wishes_check_all(
	struct pier_server *server, pier__endpoint_at *endpoint_at);

/*
 * pier__wishes_for(out, list, text): those of the list that the endpoint can
 * have, in a list that pier__free() frees; NULL: none were given. 0, or -ENOMEM,
 * noted.
 */
int pier__wishes_for(
	const char ***out, const char *const *list, const char *text);

#endif
