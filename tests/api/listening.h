/* SPDX-License-Identifier: MIT */
/*
 * listening.h - listeners for tests, opened or refused, and their ports.
 */
#ifndef TESTS_API_LISTENING_H
#define TESTS_API_LISTENING_H

#include <pier.h>

#include "folder.h"

struct pier_listener *listening(
	const char *endpoint, const struct pier_listen_opts *opts);
/* It fails so, in this step. */
void cannot_listen(const char *endpoint, int rc, enum pier_step step);
unsigned int port_of(const struct pier_listener *listener);

#endif
