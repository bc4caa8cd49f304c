/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/http.c - a fetch along a redirect, of chunks with trailers, in
 * which every call goes wrong once; see each.h.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Bounds what a lost byte may cost; nothing waits that long. */
#define SOON pier_in_s(5)

#define MOVED                                   \
	"HTTP/1.1 302 Found\r\nLocation: y\r\n" \
	"Content-Length: 3\r\n\r\nold"
#define CHUNKED                                                         \
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHel" \
	"lo\r\n0\r\nX-Sum: 1\r\n\r\n"

/* On no fiber's stack. */
static struct talk {
	struct fault_story *story;
	struct pier_listener *listener;
	struct pier_stream *served;
} talk;

static long
hear(struct pier_stream *stream)
{
	char line[128];
	long n;

	do {
		n = met(talk.story, "hear",
			pier_read_line(stream, line, sizeof(line), SOON));
	} while (n > 2);
	return n == 2 ? 0 : n < 0 ? n : -PIER_EEND;
}

static int
server(void *arg)
{
	static const char *const answers[] = { MOVED, CHUNKED };
	long rc = 0;
	size_t i;

	(void)arg;
	/* A connection that was kept and failed is dialled again. */
	rc = met(talk.story, "accept",
		pier_accept(&talk.served, talk.listener, SOON));
	for (i = 0; rc == 0 && i < 2; i++) {
		rc = hear(talk.served);
		if (rc == 0)
			rc = met(talk.story, "answer",
				pier_write(talk.served, answers[i],
					strlen(answers[i]), SOON));
	}
	if (rc == 0)
		rc = met(talk.story, "close_wait",
			pier_close_wait(talk.served, SOON));
	/* Whoever fails lets the other know, so that nobody waits. */
	pier_close(talk.served);
	pier_listener_close(talk.listener);
	return (int)rc;
}

static long
read_body(struct pier_http *http)
{
	char body[16];
	size_t len = 0;
	long n;

	do {
		n = met(talk.story, "read",
			pier_http_read(
				http, body + len, sizeof(body) - len, SOON));
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	if (n == 0 && (len != 5 || memcmp(body, "Hello", 5) != 0))
		(void)met(talk.story, "compare", -EBADMSG);
	if (n == 0 && pier_http_answer(http)->trailer_count != 1)
		(void)met(talk.story, "trailers", -EBADMSG);
	return n;
}

static long
ask(const char *url)
{
	struct pier_http *http = NULL;
	long rc = met(talk.story, "open", pier_http_open(&http, url, NULL));

	if (rc == 0)
		rc = met(talk.story, "ask", pier_http_ask(http, SOON));
	if (rc == 0)
		rc = read_body(http);
	if (rc == 0 && pier_http_answer(http)->hop_count != 1)
		(void)met(talk.story, "hops", -EBADMSG);
	pier_http_close(http);
	return rc;
}

static void
fetch(struct fault_story *story)
{
	struct pier_group *group = NULL;
	char where[64], url[80];

	talk = (struct talk){ .story = story };
	if (met(story, "listen",
		    pier_listen(&talk.listener, "tcp://127.0.0.1:0", NULL,
			    SOON)) < 0)
		return;
	if (met(story, "endpoint",
		    pier_listener_endpoint(
			    talk.listener, where, sizeof(where))) < 0 ||
		met(story, "group", pier_group_open(&group)) < 0 ||
		met(story, "go", pier_go(group, server, NULL)) < 0) {
		pier_listener_close(talk.listener);
		pier_group_close(group);
		return;
	}
	(void)snprintf(url, sizeof(url), "http%s/x", where + 3);
	/* The server may be telling the story right now. */
	if (ask(url) < 0)
		pier_group_cancel(group);
	/* A wait that is made to fail is waited again. */
	while (pier_group_wait(group, SOON) < 0)
		(void)met(story, "group wait", pier_last_error()->code);
	pier_group_close(group);
}

EACH_INSIDE(fetch)

/* When one side gives up, the other may be the first to say so. */
static const int also[] = { -ECONNRESET, -EPIPE, -PIER_EEND, -ECANCELED,
	-ECONNABORTED, -ECONNREFUSED, 0 };

static const struct fault_scenario scenarios[] = {
	{ "fetch, fibers", fetch_by_fibers, also },
	{ "fetch, threads", fetch_by_threads, also },
};

int
main(void)
{
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
