/* SPDX-License-Identifier: MIT */
/*
 * proto/http.h - a fetch, from inside: http.c opens and ends it, http_ask.c goes
 * as far as the head of the answer, along redirects by http_redirect.c, and
 * http_body.c reads on from there.
 *
 * Invariants:
 *   1. answer.status is set once the head of the last hop is whole; everything
 *      that answer points at is owned here;
 *   2. of the stream all before the body has been taken, once answered is set;
 *      until done is set the next byte is one of the body or its chunks;
 *   3. rc is what ended it for good; later reads give it again.
 */
#ifndef PIER_PROTO_HTTP_H
#define PIER_PROTO_HTTP_H

#include <pier/http.h>

#include "proto/http_wire.h"
#include "proto/url.h"

struct pier_http {
	struct pier_http_answer answer;
	struct pier_http_opts opts;
	bool is_head; /* the method is */
	bool has_range;
	bool asked;    /* pier_http_ask() was called */
	bool answered; /* and came back with 0 */
	bool done;     /* all of the body was read */
	int rc;        /* what ended it early, or 0 */
	int redirects; /* most that are followed */
	struct pier__http_range range;
	struct pier__http_frame frame;
	struct pier__http_chunks chunks;
	struct pier__http_scan scan; /* of the trailers */
	struct pier_stream *stream;
	struct pier_dial_report dial;
	int64_t began;          /* pier_now() of the start of pier_http_ask() */
	pier_deadline deadline; /* of pier_http_ask() */
	struct pier__url *url;  /* that is asked now */
	struct pier__url *next; /* where a redirect leads */
	char first[PIER__AUTHORITY_MAX + 16]; /* the first URL's endpoint */
	void *head;                           /* headers and their texts */
	void *trailers;
	struct pier_http_hop *hops; /* their texts are owned here too */
	struct pier__why why;
};

/* Nanoseconds since pier_http_ask() began. */
int64_t pier__http_since(const struct pier_http *http);

/*
 * pier__http_fail(http, rc, step, detail): note the failure, at the URL that is
 * asked now. Returns rc.
 */
int pier__http_fail(const struct pier_http *http, int rc, enum pier_step step,
	const char *detail);

/*
 * pier__http_keep(out, block, bytes, len, lines): a block in place of the one
 * before, with room for so many headers, a copy of the bytes that stays as it is
 * (raw) and one to take apart (text). 0, or -ENOMEM and all is as before.
 */
struct pier__http_block {
	struct pier_http_header *headers;
	char *raw;
	char *text;
};
int pier__http_keep(struct pier__http_block *out, void **block,
	const void *bytes, size_t len, size_t lines);

/* pier_http_read() without the limits on its size; also of redirects. */
ssize_t pier__http_body(
	struct pier_http *http, void *buf, size_t size, pier_deadline deadline);

/* 1: the answer leads on, and all is set for the next hop; 0: it does not; or
   an error, noted. */
int pier__http_follow(struct pier_http *http);

/* End the connection. */
void pier__http_disconnect(struct pier_http *http);

#endif
