/* SPDX-License-Identifier: MIT */
/*
 * pier connect to a packet socket: what one read of standard input gives, or
 * with --lines a line of it, is one datagram; each that comes goes to standard
 * output.
 *
 * The first fiber receives; a second one reads and sends, and when standard
 * input has ended it sleeps for --wait and ends the conversation. Where there is
 * a connection it closes its half instead, and the peer's end ends it.
 */
#include "talk.h"
#include "lan.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* --wait is over: fine, unless --replies asked for more. */
static void
wait_is_over(struct talk *talk)
{
	const struct connect_settings *settings = talk->settings;
	char detail[128], wait[CLI_VALUE_TEXT];
	int code = CLI_EXIT_OK;

	if (settings->replies > 0) {
		cli_format_limit(settings->wait, wait, sizeof(wait));
		snprintf(detail, sizeof(detail),
			"%llu of %lld replies within --wait %s",
			(unsigned long long)talk->received_messages,
			(long long)settings->replies, wait);
		code = cli_own_failure(talk->tool, PIER_STEP_RECEIVE,
			talk->endpoint, -PIER_EDEADLINE, detail);
	}
	talk_stop(talk, code == CLI_EXIT_OK ? TALK_STDIN_END : TALK_DEADLINE,
		code);
}

static int
send_one(struct talk *talk)
{
	int rc;

	rc = pier_send(
		talk->packet, NULL, talk->up_data, talk->up_len, PIER_FOREVER);
	if (rc < 0)
		return rc;
	talk->sent += talk->up_len;
	talk->sent_messages++;
	talk->active_ns = pier_now();
	cli_say(talk->tool, 2, "sent %zu bytes", talk->up_len);
	return 0;
}

/* Standard input has ended. */
static void
end_up(struct talk *talk)
{
	/* What a channel of L2CAP has not sent is gone with its close. */
	if (pier_packet_drain(talk->packet, PIER_FOREVER) == -ECANCELED)
		return;
	if (talk->has_end) {
		talk_ended(talk, TALK_US, TALK_FIN);
		if (pier_packet_shutdown(talk->packet, PIER_WRITING) < 0)
			talk_fail(talk);
	} else if (pier_sleep(pier_in_ns(talk->settings->wait)) == 0) {
		wait_is_over(talk);
	}
}

/* With --lines. */
static void
line_too_long(struct talk *talk)
{
	char detail[96];

	snprintf(detail, sizeof(detail),
		"a line of more than %zu bytes is no datagram", talk->chunk);
	talk->stdin_code = cli_own_failure(talk->tool, PIER_STEP_FRAME,
		"standard input", -EMSGSIZE, detail);
}

static int
send_up(void *arg)
{
	struct talk *talk = arg;
	ssize_t n = 0;
	int rc = 0;

	pier_task_name("stdin");
	while (rc == 0 && (n = talk_read_up(talk, PIER_FOREVER)) > 0)
		rc = send_one(talk);
	if (rc == -ECANCELED || n == -ECANCELED)
		return 0;
	if (rc < 0) {
		talk_fail(talk);
		return 0;
	}
	if (n == -EMSGSIZE && !talk->frames.has_stdio)
		line_too_long(talk);
	else if (n < 0)
		talk_stdin_failed(talk, (int)n);
	end_up(talk);
	return 0;
}

/* Was it asked of many, by broadcast or multicast? Then it has no peer. */
static bool
is_of_many(const struct talk *talk)
{
	struct pier_addr peer;

	return pier_packet_peer(talk->packet, &peer) == -ENOTCONN;
}

/* Who of many hosts answers is the answer: it is told without -v. */
static void
say_received(const struct talk *talk, const struct pier_msg *msg)
{
	char from[PIER_ADDR_TEXT_MAX], ttl[24] = "", clock[CLI_VALUE_TEXT] = "";
	int family = pier_addr_family(&msg->peer);
	bool tells = (family == AF_INET || family == AF_INET6) &&
		     is_of_many(talk) && !talk->tool->json;

	(void)pier_addr_format(&msg->peer, from, sizeof(from));
	/* Of what is not UDP neither is known. */
	if (msg->ttl >= 0)
		snprintf(ttl, sizeof(ttl), ", ttl %d", msg->ttl);
	if (msg->time_ns > 0)
		cli_format_clock(msg->time_ns, clock, sizeof(clock));
	cli_say(talk->tool, tells ? 0 : 1, "%s: %zu bytes%s%s%s%s", from,
		msg->full_size, msg->truncated ? ", cut off" : "", ttl,
		*clock != '\0' ? ", at " : "", clock);
}

/* What came back by ICMP of a message to one of many: the others may still
   answer. */
static bool
is_of_one_of_many(const struct talk *talk, int rc)
{
	const struct pier_packet_error *error = pier_packet_error(talk->packet);

	return error != NULL && error->rc == rc && is_of_many(talk);
}

/* The peer's end: fine, unless --replies asked for more. */
static void
peer_has_ended(struct talk *talk)
{
	const struct connect_settings *settings = talk->settings;
	int code = CLI_EXIT_OK;
	char detail[128];

	talk_ended(talk, TALK_PEER, TALK_FIN);
	if (settings->replies > 0) {
		snprintf(detail, sizeof(detail), "%llu of %lld replies came",
			(unsigned long long)talk->received_messages,
			(long long)settings->replies);
		code = cli_own_failure(talk->tool, PIER_STEP_RECEIVE,
			talk->endpoint, -PIER_EEND, detail);
	}
	talk_stop(talk, TALK_PEER_END, code);
}

static void
receive(struct talk *talk)
{
	struct pier_msg msg;
	int rc;

	while (talk->reason == TALK_GOES_ON && !pier_cancelled()) {
		rc = pier_recv(talk->packet, &msg, talk->down,
			sizeof(talk->down), talk_limit(talk));
		/* What is cut off is told with the rest. */
		if (rc == -EMSGSIZE && msg.truncated)
			rc = 0;
		if (rc == -ECANCELED ||
			(rc == -PIER_EDEADLINE && talk_over_limit(talk)))
			return;
		if (rc == -PIER_EDEADLINE)
			continue;
		if (rc == -PIER_EEND) {
			peer_has_ended(talk);
			return;
		}
		if (rc < 0 && is_of_one_of_many(talk, rc)) {
			cli_say(talk->tool, 1, "%s", pier_error_line());
			continue;
		}
		if (rc < 0) {
			talk_fail(talk);
			return;
		}
		talk->received += msg.size;
		talk->received_messages++;
		talk->active_ns = pier_now();
		say_received(talk, &msg);
		talk->down_data = talk->down;
		talk->down_len = msg.size;
		talk_put_down(talk, &msg);
		if (talk->settings->replies > 0 &&
			talk->received_messages >=
				(uint64_t)talk->settings->replies)
			talk_stop(talk, TALK_PEER_END, CLI_EXIT_OK);
	}
}

/* Who says that a message did not arrive is told with the error; what each that
   comes brings along, where somebody sees it. */
static unsigned int
asked(const struct talk *talk)
{
	bool shown = talk->tool->json || talk->tool->verbose > 0;

	return PIER_ASK_ERRORS | (shown ? PIER_ASK_TTL | PIER_ASK_TIME : 0);
}

/* What a channel takes at once is known when it stands. */
static void
fit_chunk(struct talk *talk)
{
	int mtu = pier_bt_mtu_out(pier_packet_fd(talk->packet));

	if (mtu > 0 && (size_t)mtu < talk->chunk)
		talk->chunk = (size_t)mtu;
}

static int
open_packet(struct talk *talk, pier_deadline deadline)
{
	struct pier_packet_opts opts = { .bind = talk->settings->bind,
		.lookup = lan_lookup(talk->endpoint),
		.options = talk->sockopts.item };
	const struct connect_settings *settings = talk->settings;
	struct pier_endpoint_check check;
	int rc;

	/* It is one, or nobody would have come here. */
	(void)pier_endpoint_check(talk->endpoint, &check);
	if (strncmp(check.scheme, "udp", 3) == 0)
		opts.ask = asked(talk);
	/* A connection of TIPC, a channel of L2CAP have no half to close. */
	talk->has_end = strcmp(check.scheme, "seqpacket") == 0;
	/* Of raw messages the header takes at least as much. */
	if (check.type == SOCK_RAW || strncmp(check.scheme, "udp", 3) == 0)
		talk->chunk = PIER_PACKET_MAX;
	if (strcmp(check.scheme, "isotp") == 0)
		talk->chunk = PIER_ISOTP_MAX;
	if (settings->chunk > 0 && (size_t)settings->chunk < talk->chunk)
		talk->chunk = (size_t)settings->chunk;
	rc = pier_packet_open(&talk->packet, talk->endpoint, &opts, deadline);
	if (rc == 0 && strcmp(check.scheme, "l2cap") == 0)
		fit_chunk(talk);
	return rc;
}

int
connect_packets(struct cli_tool *tool, const struct connect_settings *settings)
{
	static const struct talk_kind kind = {
		.open = open_packet, .run = receive, .read_up = send_up
	};

	return talk_hold(tool, settings, &kind);
}
