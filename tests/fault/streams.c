/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/streams.c - conversations over pairs, TCP and Unix sockets, by
 * fibers and by threads, in which every call goes wrong once; see each.h.
 */
#include "each.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* Bounds what a lost byte may cost; nothing waits that long. */
#define SOON pier_in_s(5)

static char directory[] = "/tmp/pier-fault-XXXXXX";

/* A scenario has one server task; both write into this. */
struct talk {
	struct fault_story *story;
	struct pier_listener *listener; /* or NULL: */
	struct pier_stream *served;
	struct pier_stream *client; /* until the server has ended */
};

/* Reads a line and a fixed part, answers by printf and write, ends. */
static int
serve_stream(struct talk *talk, struct pier_stream *stream)
{
	struct fault_story *story = talk->story;
	char line[32], part[4];
	long rc;

	rc = met(story, "read_line",
		pier_read_line(stream, line, sizeof(line), SOON));
	if (rc > 0)
		rc = met(story, "read_full",
			pier_read_full(stream, part, sizeof(part), SOON));
	if (rc > 0)
		rc = met(story, "printf", pier_printf(stream, "got %s", line));
	if (rc > 0)
		rc = met(story, "write", pier_write(stream, part, 4, SOON));
	if (rc >= 0)
		rc = met(story, "close_wait", pier_close_wait(stream, SOON));
	return (int)rc;
}

static int
server(void *arg)
{
	struct talk *talk = arg;
	struct pier_stream *stream = talk->served;
	long rc = 0;

	talk->served = NULL;
	if (talk->listener != NULL)
		rc = met(talk->story, "accept",
			pier_accept(&stream, talk->listener, SOON));
	if (rc == 0)
		rc = serve_stream(talk, stream);
	/* Whoever fails lets the other know, so that nobody waits. */
	if (rc < 0)
		pier_abort(talk->client);
	pier_close(stream);
	return (int)rc;
}

/* Who is there? The answer may be that nobody is; it is no failure, changes
   nothing, and what describes a stream does without. */
static void
ask_peer(struct fault_story *story, const struct pier_stream *stream)
{
	const int code = pier_last_error()->code;
	struct pier_addr peer = { .len = 1 };
	char text[160];
	int rc = pier_peer(stream, &peer);

	if (rc != 0 && (rc != -ENOTCONN || peer.len != 1))
		(void)met(story, "peer", -EBADMSG);
	if (pier_describe(stream, text, sizeof(text)) <= 0)
		(void)met(story, "describe", -EBADMSG);
	if (pier_last_error()->code != code)
		(void)met(story, "record", -EBADMSG);
}

/* 0, or a negative result. */
static long
ask(struct fault_story *story, struct pier_stream *stream)
{
	char buf[32];
	ssize_t n;
	long rc;

	ask_peer(story, stream);
	rc = met(
		story, "write", pier_write(stream, "question\nfull", 13, SOON));
	if (rc == 0)
		rc = met(story, "shutdown",
			pier_shutdown(stream, PIER_WRITING, SOON));
	if (rc == 0)
		rc = met(story, "read_full",
			pier_read_full(stream, buf, 17, SOON));
	if (rc < 0)
		return rc;
	/* What came is what was sent, whatever went wrong on the way. */
	if (memcmp(buf, "got question\nfull", 17) != 0)
		(void)met(story, "compare", -EBADMSG);
	n = pier_read(stream, buf, sizeof(buf), SOON);
	if (met(story, "read", n) > 0)
		(void)met(story, "end", -EBADMSG);
	return n < 0 ? n : 0;
}

/* The server in a task of its own, the client in this one. */
static void
converse(struct talk *talk)
{
	struct pier_group *group = NULL;

	if (met(talk->story, "group", pier_group_open(&group)) == 0 &&
		met(talk->story, "go", pier_go(group, server, talk)) == 0) {
		if (ask(talk->story, talk->client) < 0)
			pier_group_cancel(group);
		/* A wait that is made to fail is waited again. */
		while (pier_group_wait(group, SOON) < 0)
			(void)met(talk->story, "group wait",
				pier_last_error()->code);
	}
	pier_group_close(group);
	pier_close(talk->client);
	pier_close(talk->served);
}

static void
over_pair(struct fault_story *story)
{
	static struct talk talk;

	talk = (struct talk){ .story = story };
	if (met(story, "pair", pier_pair(&talk.client, &talk.served)) == 0)
		converse(&talk);
}

static void
over_listener(struct fault_story *story, const char *endpoint)
{
	static struct talk talk;
	char where[128];

	talk = (struct talk){ .story = story };
	if (met(story, "listen",
		    pier_listen(&talk.listener, endpoint, NULL, SOON)) < 0)
		return;
	if (met(story, "endpoint",
		    pier_listener_endpoint(
			    talk.listener, where, sizeof(where))) > 0 &&
		met(story, "dial",
			pier_dial(&talk.client, where, NULL, SOON)) == 0)
		converse(&talk);
	pier_listener_close(talk.listener);
}

static void
over_tcp(struct fault_story *story)
{
	over_listener(story, "tcp://127.0.0.1:0");
}

static void
over_both_families(struct fault_story *story)
{
	over_listener(story, "tcp://:0");
}

static void
over_unix(struct fault_story *story)
{
	char endpoint[64];

	(void)snprintf(endpoint, sizeof(endpoint), "unix://%s/s", directory);
	over_listener(story, endpoint);
	/* An unlink that was made to fail leaves the file. */
	(void)unlink(endpoint + strlen("unix://"));
}

/* Two pairs with a relay between them. */
static void
over_relay(struct fault_story *story)
{
	struct pier_stream *a = NULL, *b = NULL, *c = NULL, *d = NULL;
	struct pier_relay_result result;
	char buf[8];

	if (met(story, "pair", pier_pair(&a, &b)) < 0 ||
		met(story, "pair", pier_pair(&c, &d)) < 0)
		goto close;
	if (met(story, "write", pier_write(a, "there", 5, SOON)) < 0 ||
		met(story, "write", pier_write(d, "back", 4, SOON)) < 0 ||
		met(story, "end", pier_shutdown(a, PIER_WRITING, SOON)) < 0 ||
		met(story, "end", pier_shutdown(d, PIER_WRITING, SOON)) < 0)
		goto close;
	/* A reader that has gone ends a relay without an error. */
	if (met(story, "relay", pier_relay(b, c, NULL, &result, SOON)) < 0 ||
		result.a_to_b < 5 || result.b_to_a < 4)
		goto close;
	if (met(story, "read", pier_read_full(d, buf, 5, SOON)) > 0 &&
		memcmp(buf, "there", 5) != 0)
		(void)met(story, "compare", -EBADMSG);
	if (met(story, "read", pier_read_full(a, buf, 4, SOON)) > 0 &&
		memcmp(buf, "back", 4) != 0)
		(void)met(story, "compare", -EBADMSG);

close:
	pier_close(a);
	pier_close(b);
	pier_close(c);
	pier_close(d);
}

/* Somebody else's pipe, adopted at both ends. */
static void
over_pipe(struct fault_story *story)
{
	struct pier_stream *in = NULL, *out = NULL;
	int fds[2];
	char buf[8];

	if (pipe2(fds, O_CLOEXEC) < 0)
		abort();
	if (met(story, "adopt", pier_adopt(&in, fds[0])) == 0 &&
		met(story, "adopt", pier_adopt(&out, fds[1])) == 0 &&
		met(story, "write", pier_write(out, "there", 5, SOON)) == 0 &&
		met(story, "read", pier_read_full(in, buf, 5, SOON)) == 5 &&
		memcmp(buf, "there", 5) != 0)
		(void)met(story, "compare", -EBADMSG);
	if (in == NULL)
		(void)close(fds[0]);
	if (out == NULL)
		(void)close(fds[1]);
	pier_close(in);
	pier_close(out);
}

/* Both of a pair with a rate, which they wait for. */
static void
over_rates(struct fault_story *story)
{
	static struct talk talk;

	talk = (struct talk){ .story = story };
	if (met(story, "pair", pier_pair(&talk.client, &talk.served)) < 0)
		return;
	if (met(story, "rate", pier_set_rate(talk.client, 10000, 10000)) == 0 &&
		met(story, "rate", pier_set_rate(talk.served, 10000, 10000)) ==
			0) {
		converse(&talk);
		return;
	}
	pier_close(talk.client);
	pier_close(talk.served);
}

EACH_INSIDE(over_pair)
EACH_INSIDE(over_rates)
EACH_INSIDE(over_pipe)
EACH_INSIDE(over_tcp)
EACH_INSIDE(over_both_families)
EACH_INSIDE(over_unix)
EACH_INSIDE(over_relay)

/* When one side gives up, the other may be the first to say so; which it is
   depends on the moment. */
static const int also[] = { -ECONNRESET, -EPIPE, -PIER_EEND, -ECANCELED,
	-ECONNABORTED, 0 };

static const struct fault_scenario scenarios[] = {
	{ "pair, fibers", over_pair_by_fibers, also },
	{ "pair, threads", over_pair_by_threads, also },
	{ "pair with rates, fibers", over_rates_by_fibers, also },
	{ "pair with rates, threads", over_rates_by_threads, also },
	{ "pipe, fibers", over_pipe_by_fibers, also },
	{ "pipe, threads", over_pipe_by_threads, also },
	{ "tcp, fibers", over_tcp_by_fibers, also },
	{ "tcp, threads", over_tcp_by_threads, also },
	{ "tcp on both families, fibers", over_both_families_by_fibers, also },
	{ "tcp on both families, threads", over_both_families_by_threads,
		also },
	{ "unix, fibers", over_unix_by_fibers, also },
	{ "unix, threads", over_unix_by_threads, also },
	{ "relay, fibers", over_relay_by_fibers, also },
	{ "relay, threads", over_relay_by_threads, also },
	{ "relay, one thread", over_relay, also },
};

int
main(void)
{
	int failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	failed = each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
	(void)rmdir(directory);
	return failed;
}
