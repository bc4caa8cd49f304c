/* SPDX-License-Identifier: MIT */
/*
 * Lists of ports, as pier connect --probe takes them at the end of an
 * endpoint: "tcp://host:20-25,80".
 */
#ifndef PIER_CLI_PORTS_H
#define PIER_CLI_PORTS_H

#include <stddef.h>

struct cli_ports {
	const char *next; /* what of the list was not yet given */
	unsigned int port, last;
	size_t stem; /* bytes of the endpoint before the list */
	const char *endpoint;
};

/*
 * cli_ports_start(ports, endpoint): begin to walk the ports of endpoint, which
 * is borrowed. Without a list in it, the walk gives the endpoint as it is.
 *
 * Returns 0, or -1 when the list is wrong: why gets what is wrong.
 */
int cli_ports_start(struct cli_ports *ports, const char *endpoint, char *why,
	size_t why_size);

/*
 * cli_ports_next(ports, text, size): the endpoint with the next port.
 * Returns 1, or 0 when there are no more.
 */
int cli_ports_next(struct cli_ports *ports, char *text, size_t size);

#endif
