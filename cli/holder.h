/* SPDX-License-Identifier: MIT */
/*
 * Who holds an address: the process behind EADDRINUSE, where /proc shows it.
 */
#ifndef PIER_CLI_HOLDER_H
#define PIER_CLI_HOLDER_H

#include <stddef.h>

/*
 * cli_find_holder(endpoint, text, size): name the process that has a socket
 * bound to the endpoint's port or Unix path, as "nginx (pid 123)". Reads the
 * socket tables of this network namespace and the descriptors of the
 * processes that the user may look into.
 *
 * Returns 0, or -1: nobody was found, because there is none, it belongs to
 * another user, or /proc is not mounted.
 */
int cli_find_holder(const char *endpoint, char *text, size_t size);

#endif
