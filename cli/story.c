/* SPDX-License-Identifier: MIT */
/*
 * The story of a conversation, told twice from the same facts.
 */
#include "story.h"

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

static const char *
attempt_words(int rc)
{
	if (rc == 0)
		return "connected";
	return rc == -ECANCELED ? "given up, another was first"
				: pier_strerror(rc);
}

/* Was a name looked up? Not when the endpoint has the address itself. */
static bool
was_resolved(const struct talk *talk)
{
	const struct pier_dial_report *report = &talk->report;
	char host[PIER_ADDR_TEXT_MAX];

	if (report->address_count == 0 || report->attempt_count == 0 ||
		pier_addr_port(&report->attempts[0].addr) < 0)
		return false;
	(void)pier_addr_format_host(
		&report->attempts[0].addr, host, sizeof(host));
	return strstr(talk->endpoint, host) == NULL;
}

void
story_attempts(const struct talk *talk)
{
	const struct pier_dial_report *report = &talk->report;
	char where[PIER_ADDR_TEXT_MAX], took[CLI_VALUE_TEXT];
	const struct cli_tool *tool = talk->tool;
	size_t i;

	if (was_resolved(talk)) {
		cli_format_duration(report->resolve_ns, took, sizeof(took));
		cli_say(tool, 1, "resolved to %zu address%s in %s",
			report->address_count,
			report->address_count == 1 ? "" : "es", took);
	}
	for (i = 0; i < report->attempt_count; i++) {
		const struct pier_attempt *attempt = &report->attempts[i];

		(void)pier_addr_format(&attempt->addr, where, sizeof(where));
		cli_format_duration(attempt->elapsed_ns, took, sizeof(took));
		cli_say(tool, 1, "%s: %s after %s", where,
			attempt_words(attempt->rc), took);
	}
}

/* "(unnamed)" and the like for what has no address to show. */
static void
format_ends(const struct talk *talk, char *local, char *peer, size_t size)
{
	struct pier_addr addr = { .len = 0 };

	if (talk->packet != NULL)
		(void)pier_packet_local(talk->packet, &addr);
	else
		(void)pier_local(talk->net, &addr);
	(void)pier_addr_format(&addr, local, size);
	addr.len = 0;
	if (talk->packet != NULL)
		(void)pier_packet_peer(talk->packet, &addr);
	else
		(void)pier_peer(talk->net, &addr);
	(void)pier_addr_format(&addr, peer, size);
}

static json_t *
attempts_array(const struct pier_dial_report *report)
{
	char where[PIER_ADDR_TEXT_MAX];
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < report->attempt_count; i++) {
		const struct pier_attempt *attempt = &report->attempts[i];
		json_t *entry = json_object();

		(void)pier_addr_format(&attempt->addr, where, sizeof(where));
		cli_event_text(entry, "address", where);
		cli_event_text(entry, "result",
			attempt->rc == 0 ? "ok" : pier_error_name(attempt->rc));
		cli_event_seconds(entry, "start_s", attempt->start_ns);
		cli_event_seconds(entry, "elapsed_s", attempt->elapsed_ns);
		(void)json_array_append_new(array, entry);
	}
	return array;
}

void
story_connected(const struct talk *talk)
{
	char local[PIER_ADDR_TEXT_MAX], peer[PIER_ADDR_TEXT_MAX];
	json_t *event;

	format_ends(talk, local, peer, sizeof(local));
	story_attempts(talk);
	cli_say(talk->tool, 1, "connected, %s -> %s", local, peer);
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
			event, "attempts", attempts_array(&talk->report));
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

static void
say_stream(const struct talk *talk, const char *sent, const char *received,
	const char *took, const struct pier_tcp_info *info)
{
	char order[128], rtt[CLI_VALUE_TEXT], kernel[96] = "";

	format_order(talk, order, sizeof(order));
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
		say_stream(talk, sent, received, took, &info);
	}
	if (talk->tool->json)
		print_closed(talk, elapsed_ns, &info);
}
