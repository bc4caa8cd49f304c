/* SPDX-License-Identifier: MIT */
/*
 * Options of sockets as nc and socat write them, as --option of pier.
 */
#ifndef PIER_CLI_FROM_SOCKOPTS_H
#define PIER_CLI_FROM_SOCKOPTS_H

#include "from.h"

/*
 * from_sockopts_nc(from, letter, value): the option of a socket that nc has a
 * letter for, with the value that pier takes. Its name, or NULL: the letter is
 * for something else. *why is FROM_USAGE where nc takes no such value.
 *
 *   value  of getopt(3); replaced where pier writes it otherwise
 */
const char *from_sockopts_nc(
	struct from *from, int letter, const char **value, int *why);

/* Is it an option of sockets, of socat's? "name" or "name=value". */
bool from_sockopts_is_socat(const char *option);

/* Add those of a list, in their order; others are passed over. 0, or
   FROM_USAGE: socat takes no such value. */
int from_sockopts_socat(
	struct from *from, const char *const *options, size_t count);

#endif
