/* SPDX-License-Identifier: MIT */
/*
 * dialling.h - servers of the C library that answer, refuse or fall silent, and
 * dials to them with what they report.
 */
#ifndef TESTS_API_DIALLING_H
#define TESTS_API_DIALLING_H

#include <pier.h>

/* Connections that fill a listener's queue, so that it answers no more. */
#define FILLERS 4

/* A listener of the C library, and the port it has. */
struct server {
	int fd;
	unsigned int port;
	int fillers[FILLERS];
};

/* text is an address without a port. */
struct pier_addr addr_of(const char *text, unsigned int port);

/* Port 0: a free one. queue is the backlog. */
void serve_on(
	struct server *server, const char *host, unsigned int port, int queue);
/* From now on it answers nobody: the kernel drops what comes. */
void fall_silent(struct server *server);
void unserve(struct server *server);
/* A port that nobody listens on and nobody else can take, on any address. */
unsigned int closed_port(void);
/* One to bind to, which somebody may take first. */
unsigned int free_port(void);

/* For pier_dial_opts.lookup: arg is a list of hosts, ended by NULL, which
   "many.example" has. */
int lookup(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline,
	void *arg);

struct call {
	const char *host; /* NULL: many.example, which is one of: */
	const char *hosts[20];
	const char *bind;
	unsigned int port;
	int64_t within_ms;   /* 0: for ever */
	pier_deadline until; /* that is */
	struct pier_dial_report report;
	char endpoint[128];
};

int dial(struct call *call, struct pier_stream **out);
/* It fails so, in this step, and leaves no descriptor. */
void dial_fails(struct call *call, int rc, enum pier_step step);
/* It leads to host, and those that lost the race are gone. */
void dial_reaches(struct call *call, const char *host);
void peer_is(
	const struct pier_stream *stream, const char *host, unsigned int port);

#endif
