/* SPDX-License-Identifier: MIT */
/*
 * packets.h - packet sockets for tests: opened or refused, a word said, heard
 * and answered.
 */
#ifndef TESTS_API_PACKETS_H
#define TESTS_API_PACKETS_H

#include <pier.h>

#include "folder.h"

/* Where what comes is put; longer than any UDP payload. */
extern char buf[70000];

extern const struct pier_packet_opts server_opts;

struct pier_packet *opened(
	const char *endpoint, const struct pier_packet_opts *opts);
/* It fails so, in this step, and leaves no descriptor. */
void cannot_open(const char *endpoint, const struct pier_packet_opts *opts,
	int rc, enum pier_step step);
/* A client of server, by the endpoint that it says of itself. */
struct pier_packet *client_of(
	const struct pier_packet *server, const struct pier_packet_opts *opts);

void say(struct pier_packet *packet, const char *text);
/* The next message is text. */
struct pier_msg heard(struct pier_packet *packet, const char *text);
struct pier_addr local_of(const struct pier_packet *packet);
/* The two talk to each other, and know of each other by the right address. */
void converse(struct pier_packet *server, struct pier_packet *client);

#endif
