/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/packets.c - packet sockets of each family, and the race of a
 * dial, in which every call goes wrong once; see each.h.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* Bounds what a lost message may cost; nothing waits that long. */
#define SOON pier_in_s(5)

static char directory[] = "/tmp/pier-fault-XXXXXX";
static char long_directory[300];

static void
take(struct fault_story *story, struct pier_packet *packet,
	struct pier_msg *msg, const char *text)
{
	static char buf[64];

	if (met(story, "recv",
		    pier_recv(packet, msg, buf, sizeof(buf), SOON)) == 0 &&
		(msg->size != strlen(text) || msg->full_size != msg->size ||
			memcmp(buf, text, msg->size) != 0))
		(void)met(story, "compare", -EBADMSG);
}

/* A question, and the answer to where it came from. */
static void
converse(struct fault_story *story, struct pier_packet *server,
	struct pier_packet *client)
{
	struct pier_addr peer;
	struct pier_msg msg;

	if (met(story, "send", pier_send(client, NULL, "question", 8, SOON)) <
			0 ||
		met(story, "peer", pier_packet_peer(client, &peer)) < 0)
		return;
	take(story, server, &msg, "question");
	if (story->rc < 0 ||
		met(story, "reply",
			pier_reply(server, &msg, "answer", 6, SOON)) < 0)
		return;
	take(story, client, &msg, "answer");
}

static void
over(struct fault_story *story, const char *endpoint)
{
	static const struct pier_packet_opts opts = { .listen = true };
	struct pier_packet *servers[2];
	struct pier_packet *client = NULL;
	char where[400];
	int count = (int)met(story, "open_all",
		pier_packet_open_all(servers, 2, endpoint, &opts, SOON));
	int i;

	for (i = 0; i < count && story->rc == 0; i++) {
		if (met(story, "endpoint",
			    pier_packet_endpoint(
				    servers[i], where, sizeof(where))) > 0 &&
			met(story, "open",
				pier_packet_open(&client, where, NULL, SOON)) ==
				0)
			converse(story, servers[i], client);
		pier_packet_close(client);
		client = NULL;
	}
	for (i = 0; i < count; i++)
		pier_packet_close(servers[i]);
}

static void
over_udp(struct fault_story *story)
{
	over(story, "udp4://127.0.0.1:0");
}

static void
over_both_families(struct fault_story *story)
{
	over(story, "udp://:0");
}

static void
over_unixgram(struct fault_story *story)
{
	char endpoint[64];

	(void)snprintf(
		endpoint, sizeof(endpoint), "unixgram://%s/s", directory);
	over(story, endpoint);
	/* An unlink that was made to fail leaves the file. */
	(void)unlink(endpoint + strlen("unixgram://"));
}

/* A group on the loopback, with all that a message may have and bring. */
static void
over_group(struct fault_story *story)
{
	static const struct pier_packet_opts server_opts = { .listen = true,
		.ask = PIER_ASK_TTL | PIER_ASK_TOS | PIER_ASK_TIME |
		       PIER_ASK_ERRORS };
	static const struct pier_packet_opts opts = { .ask = PIER_ASK_ERRORS };
	const struct pier_outgoing out = {
		.data = "question", .size = 8, .ttl = 3, .tos = 8
	};
	struct pier_packet *server = NULL, *client = NULL;
	struct pier_msg msg;
	char where[96];

	if (met(story, "server",
		    pier_packet_open(&server, "udp4://239.1.2.3:0?join=lo",
			    &server_opts, SOON)) == 0 &&
		met(story, "endpoint",
			pier_packet_endpoint(server, where, 64)) > 0) {
		(void)strcat(where, "?join=lo");
		if (met(story, "client",
			    pier_packet_open(&client, where, &opts, SOON)) ==
				0 &&
			met(story, "send",
				pier_send_many(client, &out, 1, SOON)) >= 0)
			take(story, server, &msg, "question");
		if (story->rc == 0 && met(story, "reply",
					      pier_reply(server, &msg, "answer",
						      6, SOON)) == 0)
			take(story, client, &msg, "answer");
	}
	pier_packet_close(client);
	pier_packet_close(server);
}

static bool
may_be_raw(void)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 253);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* A protocol for experiments. The client has another address, or it would hear
   itself. */
static void
over_raw(struct fault_story *story)
{
	static const struct pier_packet_opts listens = { .listen = true };
	static const struct pier_packet_opts asks = { .bind = "127.0.0.2" };
	static const char endpoint[] = "raw4://127.0.0.1/253";
	struct pier_packet *server = NULL, *client = NULL;

	if (!may_be_raw())
		return;
	if (met(story, "server",
		    pier_packet_open(&server, endpoint, &listens, SOON)) == 0 &&
		met(story, "client",
			pier_packet_open(&client, endpoint, &asks, SOON)) == 0)
		converse(story, server, client);
	pier_packet_close(client);
	pier_packet_close(server);
}

/* The links have to be listed to see that this one has no broadcast; of an address
   the kernel is asked. */
static void
over_links(struct fault_story *story)
{
	struct pier_packet *packet = NULL;
	int rc = pier_packet_open(&packet, "udp://lo.broadcast:7", NULL, SOON);

	(void)met(story, "open", rc == -EADDRNOTAVAIL ? 0 : rc);
	(void)met(story, "socket",
		pier_packet_open(&packet, "udp4://127.0.0.1:9", NULL, SOON));
	pier_packet_close(packet);
	packet = NULL;
	(void)met(story, "broadcast",
		pier_packet_open(&packet,
			"udp4://127.255.255.255:9?broadcast=1", NULL, SOON));
	pier_packet_close(packet);
}

/* Two addresses: the first refuses. */
static int
lookup(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline, void *arg)
{
	struct pier_addr addrs[2];

	(void)host;
	(void)service;
	(void)opts;
	(void)deadline;
	(void)arg;
	if (pier_addr_parse(&addrs[0], "127.0.0.2") < 0 ||
		pier_addr_parse(&addrs[1], "127.0.0.1") < 0)
		return -EINVAL;
	return pier_names_make(out, addrs, 2, NULL);
}

static void
race(struct fault_story *story)
{
	static const struct pier_dial_opts opts = { .lookup = lookup };
	struct pier_listener *listener = NULL;
	struct pier_stream *stream = NULL;
	struct pier_addr addr;
	char where[64];

	if (met(story, "listen",
		    pier_listen(&listener, "tcp://127.0.0.1:0", NULL, SOON)) <
		0)
		return;
	(void)pier_listener_addr(listener, &addr);
	(void)snprintf(where, sizeof(where), "tcp://name.example:%d",
		pier_addr_port(&addr));
	(void)met(story, "dial", pier_dial(&stream, where, &opts, SOON));
	pier_close(stream);
	pier_listener_close(listener);
}

/* Descriptors over a pair, with more bytes than go at once, and a line read
   ahead. */
static void
pass_over(
	struct fault_story *story, struct pier_stream *a, struct pier_stream *b)
{
	static const struct pier_fds fds = { .count = 2, .fd = { 2, 2 } };
	struct pier_fds got = { .count = 0 };
	struct pier_cred cred;
	size_t count = 0;
	char text[16];

	if (met(story, "expect", pier_recv_fds(b, &got, NULL, 0, SOON)) < 0 ||
		met(story, "send", pier_send_fds(a, &fds, "x\nyz", 4, SOON)) <
			0)
		return;
	/* An answer, not noted: whatever it says, it takes nothing. */
	(void)pier_peer_cred(a, &cred);
	if (met(story, "line", pier_read_line(b, text, 16, SOON)) < 0)
		return;
	while (count < 2 && story->rc == 0) {
		if (met(story, "recv", pier_recv_fds(b, &got, text, 16, SOON)) <
			0)
			return;
		count += got.count;
		pier_fds_close(&got);
	}
}

static void
passing(struct fault_story *story)
{
	struct pier_stream *a = NULL, *b = NULL;

	if (met(story, "pair", pier_pair(&a, &b)) == 0)
		pass_over(story, a, b);
	pier_close(a);
	pier_close(b);
}

/* The same by one message, whose sender is told. */
static void
passing_messages(struct fault_story *story)
{
	static const struct pier_packet_opts opts = { .listen = true,
		.senders = true };
	static const struct pier_fds fds = { .count = 2, .fd = { 2, 2 } };
	struct pier_packet *server = NULL, *client = NULL;
	struct pier_fds got;
	struct pier_msg msg;
	char where[64], text[16];

	(void)snprintf(where, sizeof(where), "unixgram://%s/p", directory);
	if (met(story, "server",
		    pier_packet_open(&server, where, &opts, SOON)) == 0 &&
		met(story, "client",
			pier_packet_open(&client, where, NULL, SOON)) == 0 &&
		met(story, "send",
			pier_packet_send_fds(
				client, NULL, &fds, "x", 1, SOON)) == 0 &&
		met(story, "recv",
			pier_packet_recv_fds(server, &msg, &got, text,
				sizeof(text), SOON)) == 0) {
		if (got.count != 2 || !msg.has_sender)
			(void)met(story, "compare", -EBADMSG);
		pier_fds_close(&got);
	}
	pier_packet_close(client);
	pier_packet_close(server);
	(void)unlink(where + strlen("unixgram://"));
}

/* By way of its folder: a stream, which also finds what was left stale. */
static void
over_long_path(struct fault_story *story)
{
	struct pier_listener *listener = NULL;
	struct pier_stream *stream = NULL;
	char where[400];

	(void)snprintf(where, sizeof(where), "unix://%s/s", long_directory);
	if (met(story, "listen", pier_listen(&listener, where, NULL, SOON)) ==
		0)
		(void)met(story, "dial", pier_dial(&stream, where, NULL, SOON));
	pier_close(stream);
	pier_listener_close(listener);
	(void)unlink(where + strlen("unix://"));
	if (story->rc < 0)
		return;
	(void)snprintf(where, sizeof(where), "unixgram://%s/s", long_directory);
	over(story, where);
	(void)unlink(where + strlen("unixgram://"));
}

/* Messages over a connection. */
static void
over_seqpacket(struct fault_story *story)
{
	struct pier_packet *server = NULL, *client = NULL;
	struct pier_listener *listener = NULL;
	struct pier_msg msg;
	char where[64];

	(void)snprintf(where, sizeof(where), "seqpacket://%s/q", directory);
	if (met(story, "listen", pier_listen(&listener, where, NULL, SOON)) ==
			0 &&
		met(story, "open",
			pier_packet_open(&client, where, NULL, SOON)) == 0 &&
		met(story, "accept",
			pier_packet_accept(
				&server, listener, pier_in_ms(500))) == 0 &&
		met(story, "send", pier_send(client, NULL, "hello", 5, SOON)) ==
			0)
		take(story, server, &msg, "hello");
	pier_packet_close(client);
	pier_packet_close(server);
	pier_listener_close(listener);
	(void)unlink(where + strlen("seqpacket://"));
}

/* Two messages by as many calls as it takes. */
static void
many(struct fault_story *story)
{
	static const struct pier_packet_opts opts = { .listen = true };
	static const struct pier_outgoing out[] = { { NULL, "a", 1 },
		{ NULL, "b", 1 } };
	struct pier_packet *server = NULL, *client = NULL;
	struct pier_incoming in[2];
	char room[2], where[64];
	long n, sent = 0, came = 0;

	in[0] = (struct pier_incoming){ .buf = room, .size = 1 };
	in[1] = (struct pier_incoming){ .buf = room + 1, .size = 1 };
	(void)snprintf(where, sizeof(where), "unixgram://%s/m", directory);
	if (met(story, "server",
		    pier_packet_open(&server, where, &opts, SOON)) == 0)
		(void)met(story, "client",
			pier_packet_open(&client, where, NULL, SOON));
	while (story->rc == 0 && sent < 2) {
		n = met(story, "send_many",
			pier_send_many(
				client, out + sent, (size_t)(2 - sent), SOON));
		sent += n;
	}
	while (story->rc == 0 && came < 2) {
		n = met(story, "recv_many",
			pier_recv_many(
				server, in + came, (size_t)(2 - came), SOON));
		came += n;
	}
	if (story->rc == 0 && memcmp(room, "ab", 2) != 0)
		(void)met(story, "compare", -EBADMSG);
	pier_packet_close(client);
	pier_packet_close(server);
	(void)unlink(where + strlen("unixgram://"));
}

EACH_INSIDE(many)
EACH_INSIDE(over_long_path)
EACH_INSIDE(over_seqpacket)
EACH_INSIDE(passing)
EACH_INSIDE(passing_messages)
EACH_INSIDE(over_udp)
EACH_INSIDE(over_both_families)
EACH_INSIDE(over_unixgram)
EACH_INSIDE(over_group)
EACH_INSIDE(over_links)
EACH_INSIDE(over_raw)
EACH_INSIDE(race)

/* When the second address cannot be tried, it is the first one's error. */
static const int refused[] = { -ECONNREFUSED, 0 };

/* A connection that was lost while it queued is not there to be accepted. */
static const int lost[] = { -PIER_EDEADLINE, 0 };

static const struct fault_scenario scenarios[] = {
	{ "udp, fibers", over_udp_by_fibers, NULL },
	{ "udp, threads", over_udp_by_threads, NULL },
	{ "udp, one thread", over_udp, NULL },
	{ "udp on both families, fibers", over_both_families_by_fibers, NULL },
	{ "udp on both families, threads", over_both_families_by_threads,
		NULL },
	{ "udp on both families, one thread", over_both_families, NULL },
	{ "unixgram, fibers", over_unixgram_by_fibers, NULL },
	{ "unixgram, threads", over_unixgram_by_threads, NULL },
	{ "unixgram, one thread", over_unixgram, NULL },
	{ "a group, fibers", over_group_by_fibers, NULL },
	{ "a group, threads", over_group_by_threads, NULL },
	{ "the links, fibers", over_links_by_fibers, NULL },
	{ "the links, threads", over_links_by_threads, NULL },
	{ "raw, fibers", over_raw_by_fibers, NULL },
	{ "raw, threads", over_raw_by_threads, NULL },
	{ "many at once, fibers", many_by_fibers, NULL },
	{ "many at once, threads", many_by_threads, NULL },
	{ "a long path, fibers", over_long_path_by_fibers, NULL },
	{ "a long path, threads", over_long_path_by_threads, NULL },
	{ "seqpacket, fibers", over_seqpacket_by_fibers, lost },
	{ "seqpacket, threads", over_seqpacket_by_threads, lost },
	{ "passing, fibers", passing_by_fibers, NULL },
	{ "passing, threads", passing_by_threads, NULL },
	{ "passing messages, fibers", passing_messages_by_fibers, NULL },
	{ "passing messages, threads", passing_messages_by_threads, NULL },
	{ "passing messages, one thread", passing_messages, NULL },
	{ "race, fibers", race_by_fibers, refused },
	{ "race, threads", race_by_threads, refused },
	{ "race, one thread", race, refused },
};

int
main(void)
{
	int failed;

	if (mkdtemp(directory) == NULL)
		return 1;
	(void)snprintf(long_directory, sizeof(long_directory), "%s/%0150d",
		directory, 0);
	if (mkdir(long_directory, 0700) < 0)
		return 1;
	failed = each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
	(void)rmdir(long_directory);
	(void)rmdir(directory);
	return failed;
}
