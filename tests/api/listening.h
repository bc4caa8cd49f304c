/* SPDX-License-Identifier: MIT */
/*
 * listening.h - listeners for tests, opened or refused, and their ports. Unix
 * sockets stand in a folder of their own, which must be empty again at the end.
 */
#ifndef TESTS_API_LISTENING_H
#define TESTS_API_LISTENING_H

#include <pier.h>

/* Set-up and teardown of a group of tests: the folder. */
int listening_begin(void **state);
int listening_end(void **state);

/* A path in the folder, and its endpoint; valid until the next call. */
const char *path_of(const char *name);
const char *unix_of(const char *name);

struct pier_listener *listening(
	const char *endpoint, const struct pier_listen_opts *opts);
/* It fails so, in this step. */
void cannot_listen(const char *endpoint, int rc, enum pier_step step);
unsigned int port_of(const struct pier_listener *listener);

#endif
