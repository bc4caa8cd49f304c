/* SPDX-License-Identifier: MIT */
/* serve/exec_env.h - the environment of a program on a connection. */
#ifndef PIER_SERVE_EXEC_ENV_H
#define PIER_SERVE_EXEC_ENV_H

#include <pier/packet.h>
#include <pier/stream.h>

/*
 * pier__exec_env(out, stream, more): the variables of pier_exec(): `more`, those
 * that tell of stream, and those of this process; of a name that is there
 * twice the first counts, and no other is in it. NULL-ended, one piece of
 * memory that the caller frees by pier__free(); it points into more and the
 * environment of this process. 0 or -ENOMEM.
 */
int pier__exec_env(
	char ***out, const struct pier_stream *stream, const char *const *more);

/* The same of messages: a connection's, or a peer's. */
int pier__exec_env_packet(
	char ***out, const struct pier_packet *packet, const char *const *more);

#endif
