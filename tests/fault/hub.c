/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/hub.c - joining a hub, posting to it and leaving it, in which
 * every call goes wrong once; see each.h.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define SOON pier_in_s(5)

struct talk {
	struct pier_hub *hub;
	struct pier_stream *here, *there;
	struct pier_member *member;
};

/* What is queued goes before it leaves, or leaving says why it did not. */
static void
post_and_leave(struct fault_story *story, struct talk *talk)
{
	char buf[16];
	long rc;

	rc = met(story, "post", pier_hub_post(talk->hub, "one\n", 4, NULL));
	if (rc >= 0)
		rc = met(story, "printf",
			pier_hub_printf(talk->hub, NULL, "%s\n", "two"));
	if (rc >= 0)
		rc = met(
			story, "tell", pier_hub_tell(talk->member, "six\n", 4));
	if (met(story, "leave", pier_hub_leave(talk->member, SOON)) < 0 ||
		rc < 0)
		return;
	if (met(story, "read", pier_read_full(talk->there, buf, 12, SOON)) ==
			12 &&
		memcmp(buf, "one\ntwo\nsix\n", 12) != 0)
		(void)met(story, "text", -EBADMSG);
}

static void
joins(struct fault_story *story)
{
	struct talk talk = { NULL };

	if (met(story, "hub", pier_hub_open(&talk.hub, NULL)) < 0)
		return;
	if (met(story, "pair", pier_pair(&talk.here, &talk.there)) == 0 &&
		met(story, "join",
			pier_hub_join(&talk.member, talk.hub, talk.here)) == 0)
		post_and_leave(story, &talk);
	pier_close(talk.here);
	pier_close(talk.there);
	pier_hub_close(talk.hub);
}

/* A packet socket among the members. */
static void
packet_joins(struct fault_story *story)
{
	struct pier_packet *packet = NULL;
	struct pier_member *member;
	struct pier_hub *hub;

	if (met(story, "hub", pier_hub_open(&hub, NULL)) < 0)
		return;
	if (met(story, "open",
		    pier_packet_open(
			    &packet, "udp://127.0.0.1:9", NULL, SOON)) == 0 &&
		met(story, "join",
			pier_hub_join_packet(&member, hub, packet)) == 0) {
		(void)met(story, "post", pier_hub_post(hub, "one", 3, NULL));
		(void)met(story, "leave", pier_hub_leave(member, SOON));
	}
	pier_packet_close(packet);
	pier_hub_close(hub);
}

EACH_INSIDE(joins)
EACH_INSIDE(packet_joins)

static const struct fault_scenario scenarios[] = {
	{ "joins, fibers", joins_by_fibers, NULL },
	{ "joins, threads", joins_by_threads, NULL },
	{ "a packet socket joins, fibers", packet_joins_by_fibers, NULL },
	{ "a packet socket joins, threads", packet_joins_by_threads, NULL },
};

int
main(void)
{
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
