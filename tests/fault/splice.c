/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/splice.c - enough bytes for a relay and a copy to go over to a
 * pipe, by fibers and by threads, in which every call goes wrong once; see
 * each.h. Whatever goes wrong, what comes is what was sent, from the beginning.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* Bounds what a lost byte may cost; nothing waits that long. */
#define SOON pier_in_s(5)
/* Eight pieces of 64 KiB are copied before the pipe is opened. */
#define BYTES 660000

/* left -- a [relay or copy] b -- right. */
static struct {
	struct fault_story *story;
	struct pier_stream *left, *a, *b, *right;
	struct pier_group *group;
} flow;

static unsigned char out[BYTES], in[BYTES];

static int
sends(void *arg)
{
	long rc = met(flow.story, "write",
		pier_write(flow.left, out, sizeof(out), SOON));

	(void)arg;
	if (rc == 0)
		rc = met(flow.story, "end",
			pier_shutdown(flow.left, PIER_WRITING, SOON));
	/* Whoever fails lets the other know, so that nobody waits. */
	if (rc < 0)
		pier_abort(flow.left);
	return (int)rc;
}

static int
receives(void *arg)
{
	ssize_t n = pier_read_full(flow.right, in, sizeof(in), SOON);
	size_t came = n < 0 ? pier_last_error()->done : (size_t)n;

	(void)arg;
	if (met(flow.story, "read", n) < 0)
		pier_abort(flow.right);
	if (memcmp(in, out, came) != 0)
		(void)met(flow.story, "compare", -EBADMSG);
	return n < 0 ? (int)n : 0;
}

static void
move(bool relay)
{
	struct fault_story *story = flow.story;
	struct pier_relay_result result;
	long n;

	if (met(story, "go", pier_go(flow.group, sends, NULL)) < 0 ||
		met(story, "go", pier_go(flow.group, receives, NULL)) < 0)
		return;
	/* Nothing comes back. */
	if (met(story, "end", pier_shutdown(flow.right, PIER_WRITING, SOON)) <
		0)
		return;
	if (relay) {
		(void)met(story, "relay",
			pier_relay(flow.a, flow.b, NULL, &result, SOON));
		return;
	}
	n = met(story, "copy", pier_copy(flow.b, flow.a, -1, SOON));
	if (n >= 0 && n < BYTES)
		(void)met(story, "copied", -PIER_EEND);
}

static void
over_pairs(struct fault_story *story, bool relay)
{
	memset(&flow, 0, sizeof(flow));
	memset(in, 0, sizeof(in));
	flow.story = story;
	if (met(story, "pair", pier_pair(&flow.left, &flow.a)) == 0 &&
		met(story, "pair", pier_pair(&flow.b, &flow.right)) == 0 &&
		met(story, "group", pier_group_open(&flow.group)) == 0)
		move(relay);
	/* Who still waits for the other end sees it. */
	pier_close(flow.a);
	pier_close(flow.b);
	/* A wait that is made to fail is waited again. */
	while (flow.group != NULL && pier_group_wait(flow.group, SOON) < 0)
		(void)met(story, "group wait", pier_last_error()->code);
	pier_group_close(flow.group);
	pier_close(flow.left);
	pier_close(flow.right);
}

static void
bulk_relay(struct fault_story *story)
{
	over_pairs(story, true);
}

static void
bulk_copy(struct fault_story *story)
{
	over_pairs(story, false);
}

EACH_INSIDE(bulk_relay)
EACH_INSIDE(bulk_copy)

/* When one side gives up, the other may be the first to say so. */
static const int also[] = { -ECONNRESET, -EPIPE, -PIER_EEND, -ECONNABORTED, 0 };

static const struct fault_scenario scenarios[] = {
	{ "relay, fibers", bulk_relay_by_fibers, also, true },
	{ "relay, threads", bulk_relay_by_threads, also, true },
	{ "copy, fibers", bulk_copy_by_fibers, also, true },
	{ "copy, threads", bulk_copy_by_threads, also, true },
};

int
main(void)
{
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 7 + i / 251);
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
