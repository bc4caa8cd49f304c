/* SPDX-License-Identifier: MIT */
/* http_bed.h - a server that follows a script, and one fetch from it, in virtual
   time. */
#ifndef TESTS_SIM_HTTP_BED_H
#define TESTS_SIM_HTTP_BED_H

#include <pier.h>

#include "io/sim_engine.h"

#define MS INT64_C(1000000)

/* What answers begin with. */
#define OK      "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

#define HEADER_STEP PIER_STEP_HEADER
#define BODY_STEP   PIER_STEP_BODY

/* What a server does, one after the other. */
enum move {
	END,  /* the connection ends */
	HEAR, /* a request, to its empty line */
	SAY,
	TRICKLE, /* byte by byte, one in a millisecond */
	WAIT,    /* ms */
	STAY,    /* until the client goes */
	RESET,
};

struct step {
	enum move move;
	const char *text;
	int64_t ms;
};

/* A script after which a fetch fails so. */
struct failure {
	struct step script[7];
	int rc;
	enum pier_step step;
	const char *detail;
};

/* All on no fiber's stack. */
struct bed {
	struct pier_listener *listener;
	struct pier_stream *conn;
	const struct step *script; /* over all connections */
	size_t at;
	unsigned connections;
	char heard[4096]; /* all requests */
	size_t heard_len;
	char where[64]; /* the server's endpoint */
	char url[128];
	struct pier_http_opts opts;
	int64_t within_ms; /* the deadline; 0: none */
	struct pier_http *http;
	int64_t start;
	int rc;
	ssize_t n;
	char body[4096];
	size_t body_len;
	size_t room; /* of each read */
	struct pier_error error;
	char detail[320], line[512];
	struct pier_group *group;
	const struct failure *expected;
};

extern struct bed bed;

/* bed_begin(script): a fetch of "/x" from a server that follows it, with the
   defaults; bed_go(check): it, then check(). */
void bed_begin(const struct step *script);
void bed_go(void (*check)(void));

/* Checks: "Hello" came; it failed as bed.expected has it. */
void bed_is_hello(void);
void bed_fails(void);

#endif
