/* SPDX-License-Identifier: MIT */
/*
 * The story of a conversation, told twice from the same facts.
 */
#include "story.h"

#include "attempts.h"
#include "json.h"
#include "tcp_event.h"
#include "values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const side_names[] = {
	[TALK_NOBODY] = "nobody",
	[TALK_US] = "us",
	[TALK_PEER] = "peer",
};

static const char *const end_names[] = {
	[TALK_OPEN] = "open",
	[TALK_FIN] = "fin",
	[TALK_RST] = "rst",
	[TALK_DEAD] = "dead",
};

static const char *const reason_names[] = {
	[TALK_GOES_ON] = "peer-end",
	[TALK_STDIN_END] = "stdin-end",
	[TALK_PEER_END] = "peer-end",
	[TALK_STDOUT_CLOSE] = "stdout-close",
	[TALK_DEADLINE] = "deadline",
	[TALK_ERROR] = "error",
	[TALK_SIGNAL] = "signal",
};

/* How an end reads in a sentence. */
static const char *const end_words[] = {
	[TALK_OPEN] = "open",
	[TALK_FIN] = "FIN",
	[TALK_RST] = "RST",
	[TALK_DEAD] = "no longer answers",
};

void
story_attempts(const struct talk *talk)
{
	cli_attempts_say(talk->tool, &talk->report, talk->endpoint);
}

/* Of messages that are for many, or for one who may move, the kernel knows no
   peer: where they go stands in the endpoint. */
static void
format_many(const struct talk *talk, char *peer, size_t size)
{
	const char *where = strstr(talk->endpoint, "://");

	where = where != NULL ? where + 3 : talk->endpoint;
	snprintf(peer, size, "%.*s", (int)strcspn(where, "?"), where);
}

/* "(unnamed)" and the like for what has no address to show. Is there a peer? */
static bool
format_ends(const struct talk *talk, char *local, char *peer, size_t size)
{
	struct pier_addr addr = { .len = 0 };

	if (talk->packet != NULL)
		(void)pier_packet_local(talk->packet, &addr);
	else
		(void)pier_local(talk->net, &addr);
	(void)pier_addr_format(&addr, local, size);
	addr.len = 0;
	if (talk->packet != NULL && pier_packet_peer(talk->packet, &addr) < 0) {
		format_many(talk, peer, size);
		return false;
	}
	if (talk->packet == NULL)
		(void)pier_peer(talk->net, &addr);
	(void)pier_addr_format(&addr, peer, size);
	return true;
}

void
story_connected(const struct talk *talk)
{
	char local[PIER_ADDR_TEXT_MAX], peer[PIER_ADDR_TEXT_MAX];
	bool has_peer = format_ends(talk, local, peer, sizeof(local));
	json_t *event;

	story_attempts(talk);
	cli_say(talk->tool, 1, "%s, %s -> %s", has_peer ? "connected" : "ready",
		local, peer);
	if (!talk->tool->json)
		return;
	event = cli_event("connected");
	cli_event_text(event, "endpoint", talk->endpoint);
	cli_event_text(event, "local", local);
	cli_event_text(event, "peer", peer);
	/* Only dialling by TCP tells how long the name alone took. */
	if (talk->report.resolve_ns > 0)
		cli_event_seconds(event, "resolve_s", talk->report.resolve_ns);
	cli_event_seconds(
		event, "elapsed_s", talk->connected_ns - talk->started_ns);
	if (talk->packet == NULL)
		(void)json_object_set_new(
			event, "attempts", cli_attempts_json(&talk->report));
	(void)cli_event_print(event, talk->tool->until);
}

/* "the peer closed first (FIN)" */
static void
format_order(const struct talk *talk, char *text, size_t size)
{
	const char *us = end_words[talk->us], *peer = end_words[talk->peer];

	if (talk->peer == TALK_DEAD)
		snprintf(text, size, "the peer %s", peer);
	else if (talk->first == TALK_PEER)
		snprintf(text, size, "the peer closed first (%s)", peer);
	else if (talk->reason == TALK_DEADLINE && talk->us == TALK_OPEN)
		snprintf(text, size, "we closed first (deadline)");
	else if (talk->reason == TALK_DEADLINE)
		snprintf(text, size,
			"we closed first (%s), the peer not by the deadline",
			us);
	else if (talk->us == TALK_OPEN)
		snprintf(text, size, "we closed first");
	else if (talk->peer == TALK_OPEN)
		snprintf(text, size, "we closed first (%s)", us);
	else
		snprintf(text, size, "we closed first (%s), then the peer (%s)",
			us, peer);
}

static void
say_packets(const struct talk *talk, const char *sent, const char *received,
	const char *took)
{
	cli_say(talk->tool, 1,
		"sent %" PRIu64 " datagram%s (%s), received %" PRIu64
		" (%s) in %s",
		talk->sent_messages, talk->sent_messages == 1 ? "" : "s", sent,
		talk->received_messages, received, took);
}

/* "2 messages (18 bytes)"; of bytes without edges just those. */
static void
format_amount(const struct talk *talk, uint64_t messages, uint64_t bytes,
	char *text, size_t size)
{
	char amount[CLI_VALUE_TEXT];

	cli_format_bytes(bytes, amount, sizeof(amount));
	if (talk->frames.has_wire)
		snprintf(text, size, "%" PRIu64 " message%s (%s)", messages,
			messages == 1 ? "" : "s", amount);
	else
		snprintf(text, size, "%s", amount);
}

/* Those that were longer than --frame-max. */
static void
say_skipped(const struct talk *talk)
{
	const struct talk_frames *frames = &talk->frames;

	if (frames->skipped_in + frames->skipped_net > 0)
		cli_say(talk->tool, 1,
			"passed over messages that were too long: %" PRIu64
			" of standard input, %" PRIu64 " of the peer",
			frames->skipped_in, frames->skipped_net);
}

static void
say_stream(const struct talk *talk, const char *took,
	const struct pier_tcp_info *info)
{
	char order[128], rtt[CLI_VALUE_TEXT], kernel[96] = "";
	char sent[64], received[64];

	format_order(talk, order, sizeof(order));
	format_amount(
		talk, talk->sent_messages, talk->sent, sent, sizeof(sent));
	format_amount(talk, talk->received_messages, talk->received, received,
		sizeof(received));
	if (info->have & PIER_INFO_RTT) {
		cli_format_duration(
			info->rtt_us * INT64_C(1000), rtt, sizeof(rtt));
		snprintf(kernel, sizeof(kernel),
			"; rtt %s, %u retransmission%s", rtt, info->retransmits,
			info->retransmits == 1 ? "" : "s");
	}
	cli_say(talk->tool, 1, "%s; sent %s, received %s in %s%s", order, sent,
		received, took, kernel);
}

static void
print_closed(const struct talk *talk, int64_t elapsed_ns,
	const struct pier_tcp_info *info)
{
	json_t *event = cli_event("close");

	cli_event_text(event, "endpoint", talk->endpoint);
	cli_event_text(event, "reason", reason_names[talk->reason]);
	if (talk->packet == NULL) {
		cli_event_text(event, "first", side_names[talk->first]);
		cli_event_text(event, "us", end_names[talk->us]);
		cli_event_text(event, "peer", end_names[talk->peer]);
	} else {
		cli_event_number(
			event, "sent_datagrams", (int64_t)talk->sent_messages);
		cli_event_number(event, "received_datagrams",
			(int64_t)talk->received_messages);
	}
	if (talk->frames.has_wire) {
		cli_event_number(
			event, "sent_messages", (int64_t)talk->sent_messages);
		cli_event_number(event, "received_messages",
			(int64_t)talk->received_messages);
	}
	if (talk->frames.has_stdio)
		cli_event_number(event, "skipped_messages",
			(int64_t)(talk->frames.skipped_in +
				  talk->frames.skipped_net));
	cli_event_number(event, "sent", (int64_t)talk->sent);
	cli_event_number(event, "received", (int64_t)talk->received);
	cli_event_seconds(event, "elapsed_s", elapsed_ns);
	cli_event_tcp(event, info);
	(void)cli_event_print(event, talk->tool->until);
}

void
story_closed(const struct talk *talk)
{
	char sent[CLI_VALUE_TEXT], received[CLI_VALUE_TEXT];
	char took[CLI_VALUE_TEXT];
	struct pier_tcp_info info = { .have = 0 };
	int64_t elapsed_ns = pier_now() - talk->connected_ns;

	cli_format_bytes(talk->sent, sent, sizeof(sent));
	cli_format_bytes(talk->received, received, sizeof(received));
	cli_format_duration(elapsed_ns, took, sizeof(took));
	if (talk->packet != NULL) {
		say_packets(talk, sent, received, took);
	} else {
		/* Other families have none: then have stays 0. */
		(void)pier_tcp_info(pier_fd(talk->net), &info);
		say_stream(talk, took, &info);
	}
	say_skipped(talk);
	if (talk->tool->json)
		print_closed(talk, elapsed_ns, &info);
}
