/* SPDX-License-Identifier: MIT */
/* tests/sim/scenarios_datagram.c - what packet sockets say; see scenario.h. */
#include "scenario.h"

#include <errno.h>
#include <string.h>

/* A server, and a client that talks to it. */
struct posts {
	struct pier_packet *server, *client;
};

static struct posts
posts_open(struct stage *stage, const char *endpoint)
{
	struct pier_packet_opts opts = { .listen = true };
	struct posts posts = { 0 };
	char where[160];

	(void)say_ok(stage, "server",
		pier_packet_open(&posts.server, endpoint, &opts, SOON));
	if (posts.server == NULL)
		return posts;
	(void)pier_packet_endpoint(posts.server, where, sizeof(where));
	(void)say_ok(stage, "client",
		pier_packet_open(&posts.client, where, NULL, SOON));
	return posts;
}

static void
posts_close(struct posts *posts)
{
	pier_packet_close(posts->client);
	pier_packet_close(posts->server);
}

static void
send_and_say(struct stage *stage, struct pier_packet *packet, const char *text)
{
	(void)say_ok(stage, "send",
		pier_send(packet, NULL, text, strlen(text), SOON));
}

/* Receives into size bytes, which may be too few. */
static struct pier_msg
recv_and_say(struct stage *stage, struct pier_packet *packet, size_t size)
{
	static char buf[70000];
	struct pier_msg msg = { 0 };
	int rc =
		say_ok(stage, "recv", pier_recv(packet, &msg, buf, size, SOON));

	if (rc < 0 && rc != -EMSGSIZE)
		return msg;
	say_text(stage, buf, msg.size < 16 ? msg.size : 16);
	if (msg.truncated)
		(void)say(stage, "of", (long)msg.full_size);
	return msg;
}

static void
talk(struct stage *stage, const char *endpoint)
{
	struct posts posts = posts_open(stage, endpoint);
	struct pier_msg msg;
	struct pier_addr own;

	send_and_say(stage, posts.client, "question");
	msg = recv_and_say(stage, posts.server, 100);
	(void)pier_packet_local(posts.client, &own);
	(void)say(stage, "from client", pier_addr_equal(&msg.peer, &own));
	(void)say_ok(stage, "reply",
		pier_reply(posts.server, &msg, "answer", 6, SOON));
	msg = recv_and_say(stage, posts.client, 100);
	(void)pier_packet_local(posts.server, &own);
	(void)say(stage, "from server", pier_addr_equal(&msg.peer, &own));
	posts_close(&posts);
}

static void
talk_udp4(struct stage *stage)
{
	talk(stage, "udp://127.0.0.1:0");
}

static void
talk_udp6(struct stage *stage)
{
	talk(stage, "udp://[::1]:0");
}

static const char *
unixgram(const struct stage *stage, char text[128])
{
	(void)snprintf(text, 128, "unixgram://%s/d", stage->dir);
	return text;
}

static void
talk_unixgram(struct stage *stage)
{
	char text[128];

	talk(stage, unixgram(stage, text));
}

/* From another of the server's addresses than the one it is bound to. */
static void
any_address(struct stage *stage)
{
	struct pier_packet_opts opts = { .listen = true };
	struct pier_packet *server = NULL, *client = NULL;
	struct pier_addr own;
	struct pier_msg msg;
	char where[64], text[64];

	(void)say_ok(stage, "server",
		pier_packet_open(&server, "udp4://:0", &opts, SOON));
	(void)pier_packet_local(server, &own);
	(void)snprintf(where, sizeof(where), "udp://127.0.0.5:%d",
		pier_addr_port(&own));
	(void)say_ok(
		stage, "client", pier_packet_open(&client, where, NULL, SOON));
	send_and_say(stage, client, "q");
	msg = recv_and_say(stage, server, 100);
	(void)pier_addr_format_host(&msg.local, text, sizeof(text));
	say_text(stage, text, strlen(text));
	(void)say_ok(stage, "reply", pier_reply(server, &msg, "a", 1, SOON));
	(void)recv_and_say(stage, client, 100);
	pier_packet_close(server);
	pier_packet_close(client);
}

static void
sizes(struct stage *stage)
{
	static char big[65508];
	struct posts posts = posts_open(stage, "udp://127.0.0.1:0");

	send_and_say(stage, posts.client, "0123456789");
	(void)recv_and_say(stage, posts.server, 4);
	send_and_say(stage, posts.client, "");
	(void)recv_and_say(stage, posts.server, 4);
	(void)say_ok(
		stage, "most", pier_send(posts.client, NULL, big, 65507, SOON));
	memset(big, 'x', sizeof(big));
	(void)say_ok(
		stage, "more", pier_send(posts.client, NULL, big, 65508, SOON));
	(void)recv_and_say(stage, posts.server, 0);
	posts_close(&posts);
}

/* What each message has of its own, and brings along. */
static void
of_its_own(struct stage *stage, const char *endpoint)
{
	const struct pier_packet_opts opts = { .listen = true,
		.ask = PIER_ASK_TTL | PIER_ASK_TOS | PIER_ASK_INTERFACE };
	struct pier_outgoing list[2] = {
		{ .data = "x", .size = 1, .ttl = 7, .tos = 40, .interface = 1 },
		{ .data = "y", .size = 1 },
	};
	struct posts posts = { 0 };
	struct pier_msg msg;
	char where[160];
	int i;

	(void)say_ok(stage, "server",
		pier_packet_open(&posts.server, endpoint, &opts, SOON));
	(void)pier_packet_endpoint(posts.server, where, sizeof(where));
	(void)say_ok(stage, "client",
		pier_packet_open(&posts.client, where, NULL, SOON));
	(void)say(stage, "sent", pier_send_many(posts.client, list, 2, SOON));
	for (i = 0; i < 2; i++) {
		msg = recv_and_say(stage, posts.server, 100);
		(void)say(stage, "ttl", msg.ttl);
		(void)say(stage, "tos", msg.tos);
		(void)say(stage, "by", msg.interface);
		(void)say(stage, "to", (long)msg.to.len);
	}
	list[0].interface = 999999;
	(void)say(
		stage, "nowhere", pier_send_many(posts.client, list, 1, SOON));
	posts_close(&posts);
}

static void
of_its_own4(struct stage *stage)
{
	of_its_own(stage, "udp://127.0.0.1:0");
}

static void
of_its_own6(struct stage *stage)
{
	of_its_own(stage, "udp://[::1]:0");
}

static void
nobody_there(struct stage *stage)
{
	struct posts posts = posts_open(stage, "udp://127.0.0.1:0");

	pier_packet_close(posts.server);
	posts.server = NULL;
	send_and_say(stage, posts.client, "anybody?");
	(void)recv_and_say(stage, posts.client, 100);
	send_and_say(stage, posts.client, "anybody?");
	send_and_say(stage, posts.client, "hello?");
	posts_close(&posts);
}

static void
strangers(struct stage *stage)
{
	struct posts posts = posts_open(stage, "udp://127.0.0.1:0");
	struct pier_packet_opts opts = { .listen = true };
	struct pier_packet *other = NULL;
	struct pier_addr to;

	(void)say_ok(stage, "other",
		pier_packet_open(&other, "udp://127.0.0.1:0", &opts, SOON));
	(void)pier_packet_local(posts.client, &to);
	(void)say_ok(stage, "send", pier_send(other, &to, "spam", 4, SOON));
	(void)pier_packet_local(posts.server, &to);
	(void)say_ok(stage, "send", pier_send(other, &to, "hello", 5, SOON));
	(void)recv_and_say(stage, posts.server, 100);
	(void)say_ok(stage, "nothing",
		pier_recv(posts.client, &(struct pier_msg){ 0 }, NULL, 0,
			BRIEFLY));
	(void)say_ok(stage, "to nobody", pier_send(other, NULL, "x", 1, SOON));
	pier_packet_close(other);
	posts_close(&posts);
}

static void
in_use(struct stage *stage)
{
	struct posts posts = posts_open(stage, "udp://127.0.0.1:0");
	struct pier_packet_opts opts = { .listen = true };
	struct pier_packet *second = NULL;
	char where[64], text[128];

	(void)pier_packet_endpoint(posts.server, where, sizeof(where));
	(void)say_ok(
		stage, "again", pier_packet_open(&second, where, &opts, SOON));
	posts_close(&posts);
	posts = posts_open(stage, unixgram(stage, text));
	(void)say_ok(
		stage, "again", pier_packet_open(&second, text, &opts, SOON));
	posts_close(&posts);
	(void)say_ok(
		stage, "gone", pier_packet_open(&second, text, NULL, SOON));
}

static void
unixgram_leaves(struct stage *stage)
{
	char text[128];
	struct posts posts = posts_open(stage, unixgram(stage, text));

	send_and_say(stage, posts.client, "unread");
	pier_packet_close(posts.server);
	posts.server = NULL;
	send_and_say(stage, posts.client, "x");
	posts_close(&posts);
}

static int
receiver(void *arg)
{
	struct pier_msg msg;
	char buf[16];
	int count = 0;

	while (pier_recv(arg, &msg, buf, sizeof(buf), BRIEFLY) == 0)
		count++;
	return -count; /* a group keeps the negative ones */
}

/* A descriptor with a message, also with none in it; and one that is not asked
   for. */
static void
unixgram_passes(struct stage *stage)
{
	char text[128];
	struct posts posts = posts_open(stage, unixgram(stage, text));
	struct pier_stream *a = NULL, *b = NULL;
	struct pier_fds fds = { .count = 1 };
	struct pier_msg msg;
	char buf[8];

	(void)say_ok(stage, "pair", pier_pair(&a, &b));
	fds.fd[0] = pier_fd(a);
	(void)say_ok(stage, "send",
		pier_packet_send_fds(posts.client, NULL, &fds, "", 0, SOON));
	(void)say_ok(stage, "send",
		pier_packet_send_fds(posts.client, NULL, &fds, "fd", 2, SOON));
	send_and_say(stage, posts.client, "none");
	pier_close(a);
	(void)say_ok(stage, "take",
		pier_packet_recv_fds(
			posts.server, &msg, &fds, buf, sizeof(buf), SOON));
	(void)say(stage, "bytes", (long)msg.size);
	(void)say(stage, "fds", (long)fds.count);
	pier_fds_close(&fds);
	(void)say(stage, "held", pier_read(b, buf, sizeof(buf), PIER_NOW));
	(void)recv_and_say(stage, posts.server, 100);
	(void)say(stage, "read", pier_read(b, buf, sizeof(buf), SOON));
	(void)say_ok(stage, "take",
		pier_packet_recv_fds(
			posts.server, &msg, &fds, buf, sizeof(buf), SOON));
	(void)say(stage, "fds", (long)fds.count);
	pier_close(b);
	posts_close(&posts);
}

/* The queue of a receiver that does not read holds eleven. */
static void
unixgram_full(struct stage *stage)
{
	char text[128];
	struct posts posts = posts_open(stage, unixgram(stage, text));
	struct pier_group *group = NULL;
	int sent = 0;

	while (sent < 1000 &&
		pier_send(posts.client, NULL, "x", 1, PIER_NOW) == 0)
		sent++;
	(void)say(stage, "sent", sent);
	(void)say_ok(stage, "briefly",
		pier_send(posts.client, NULL, "x", 1, BRIEFLY));
	(void)say_ok(stage, "group", pier_group_open(&group));
	(void)say_ok(stage, "go", pier_go(group, receiver, posts.server));
	for (int i = 0; i < 20; i++)
		if (pier_send(posts.client, NULL, "x", 1, SOON) == 0)
			sent++;
	(void)say_ok(stage, "wait", pier_group_wait(group, SOON));
	(void)say(stage, "all came", pier_group_result(group) == -sent);
	pier_group_close(group);
	posts_close(&posts);
}

static void
deadlines(struct stage *stage)
{
	struct posts posts = posts_open(stage, "udp://127.0.0.1:0");
	struct pier_msg msg;
	char buf[4];

	(void)say_ok(
		stage, "now", pier_recv(posts.server, &msg, buf, 4, PIER_NOW));
	(void)say_ok(stage, "briefly",
		pier_recv(posts.server, &msg, buf, 4, BRIEFLY));
	(void)say_ok(stage, "past",
		pier_recv(posts.server, &msg, buf, 4, pier_in_ms(-1)));
	send_and_say(stage, posts.client, "x");
	(void)recv_and_say(stage, posts.server, 4);
	pier_packet_abort(posts.server);
	(void)say_ok(
		stage, "aborted", pier_recv(posts.server, &msg, buf, 4, SOON));
	posts_close(&posts);
}

#define OPEN "server ok client ok "
#define TALK                                                        \
	OPEN "send ok recv ok \"question\" from client 1 reply ok " \
	     "recv ok \"answer\" from server 1"

/* A connection of messages: a listener, and both ends. */
struct line {
	struct pier_listener *listener;
	struct pier_packet *client, *server;
};

static struct line
line_open(struct stage *stage)
{
	struct line line = { 0 };
	char where[160];

	(void)snprintf(where, sizeof(where), "seqpacket://%s/q", stage->dir);
	(void)say_ok(stage, "listen",
		pier_listen(&line.listener, where, NULL, SOON));
	(void)say_ok(stage, "client",
		pier_packet_open(&line.client, where, NULL, SOON));
	(void)say_ok(stage, "accept",
		pier_packet_accept(&line.server, line.listener, SOON));
	return line;
}

static void
line_close(struct line *line)
{
	pier_packet_close(line->client);
	pier_packet_close(line->server);
	pier_listener_close(line->listener);
}

static void
seqpacket_echo(struct stage *stage)
{
	struct line line = line_open(stage);

	send_and_say(stage, line.client, "one");
	send_and_say(stage, line.client, "");
	send_and_say(stage, line.client, "three, too long");
	(void)recv_and_say(stage, line.server, 8);
	(void)recv_and_say(stage, line.server, 8);
	(void)recv_and_say(stage, line.server, 8);
	send_and_say(stage, line.server, "back");
	(void)recv_and_say(stage, line.client, 8);
	line_close(&line);
}

static void
seqpacket_ends(struct stage *stage)
{
	struct line line = line_open(stage);

	send_and_say(stage, line.client, "last");
	pier_packet_close(line.client);
	line.client = NULL;
	(void)recv_and_say(stage, line.server, 8);
	(void)recv_and_say(stage, line.server, 8);
	(void)recv_and_say(stage, line.server, 8);
	send_and_say(stage, line.server, "to nobody");
	line_close(&line);
}

/* One end leaves with a message unread. */
static void
seqpacket_unread(struct stage *stage)
{
	struct line line = line_open(stage);

	send_and_say(stage, line.server, "unread");
	pier_packet_close(line.client);
	line.client = NULL;
	(void)recv_and_say(stage, line.server, 8);
	(void)recv_and_say(stage, line.server, 8);
	line_close(&line);
}

static void
seqpacket_too_long(struct stage *stage)
{
	static const char huge[8 << 20];
	struct line line = line_open(stage);

	(void)say_ok(stage, "send",
		pier_send(line.client, NULL, huge, sizeof(huge), SOON));
	send_and_say(stage, line.client, "short");
	(void)recv_and_say(stage, line.server, 8);
	line_close(&line);
}

static void
seqpacket_full(struct stage *stage)
{
	static const char block[1000];
	struct line line = line_open(stage);
	int count = 0;

	while (count < 100000 && pier_send(line.client, NULL, block,
					 sizeof(block), PIER_NOW) == 0)
		count++;
	(void)say(stage, "full", count > 0 && count < 100000);
	(void)say_ok(
		stage, "now", pier_send(line.client, NULL, block, 1, PIER_NOW));
	(void)say_ok(stage, "briefly",
		pier_send(line.client, NULL, block, 1, BRIEFLY));
	for (; count > 0; count--) {
		struct pier_msg msg;
		static char buf[sizeof(block)];

		if (pier_recv(line.server, &msg, buf, sizeof(buf), SOON) < 0)
			break;
	}
	(void)say(stage, "left", count);
	send_and_say(stage, line.client, "room");
	(void)recv_and_say(stage, line.server, 8);
	line_close(&line);
}

static void
seqpacket_of_another_kind(struct stage *stage)
{
	struct line line = line_open(stage);
	struct pier_stream *stream = NULL;
	char where[160];

	(void)snprintf(where, sizeof(where), "unix://%s/q", stage->dir);
	(void)say_ok(stage, "dial", pier_dial(&stream, where, NULL, SOON));
	line_close(&line);
}

#define LINE "listen ok client ok accept ok "
#define OWN                                                 \
	OPEN "sent 2 recv ok \"x\" ttl 7 tos 40 by 1 to 0 " \
	     "recv ok \"y\" ttl 64 tos 0 by 1 to 0 nowhere ENODEV"

const struct scenario datagram_scenarios[] = {
	{ "udp, IPv4", talk_udp4, TALK },
	{ "udp, IPv6", talk_udp6, TALK },
	{ "unixgram", talk_unixgram, TALK },
	{ "unixgram passes on", unixgram_passes,
		OPEN "pair ok send ok send ok send ok take ok bytes 0 fds 1 "
		     "held EAGAIN recv ok \"fd\" read 0 take ok fds 0" },
	{ "udp any address", any_address,
		OPEN "send ok recv ok \"q\" \"127.0.0.5\" reply ok "
		     "recv ok \"a\"" },
	{ "udp sizes", sizes,
		OPEN
		"send ok recv EMSGSIZE \"0123\" of 10 send ok recv ok \"\" "
		"most ok more EMSGSIZE recv EMSGSIZE \"\" of 65507" },
	{ "udp of its own, IPv4", of_its_own4, OWN },
	{ "udp of its own, IPv6", of_its_own6, OWN },
	{ "udp nobody there", nobody_there,
		OPEN "send ok recv ECONNREFUSED send ok send ECONNREFUSED" },
	{ "udp strangers", strangers,
		OPEN "other ok send ok send ok recv ok \"hello\" "
		     "nothing PIER_EDEADLINE to nobody EDESTADDRREQ" },
	{ "datagrams in use", in_use,
		OPEN "again EADDRINUSE " OPEN "again EADDRINUSE gone ENOENT" },
	{ "unixgram leaves", unixgram_leaves,
		OPEN "send ok send ECONNREFUSED" },
	{ "unixgram full", unixgram_full,
		OPEN "sent 11 briefly PIER_EDEADLINE group ok go ok wait ok "
		     "all came 1" },
	{ "datagram deadlines", deadlines,
		OPEN "now EAGAIN briefly PIER_EDEADLINE past PIER_EDEADLINE "
		     "send ok recv ok \"x\" aborted ECONNABORTED" },
	{ "seqpacket echo", seqpacket_echo,
		LINE
		"send ok send ok send ok recv ok \"one\" recv ok \"\" "
		"recv EMSGSIZE \"three, t\" of 15 send ok recv ok \"back\"" },
	{ "seqpacket ends", seqpacket_ends,
		LINE "send ok recv ok \"last\" recv PIER_EEND recv PIER_EEND "
		     "send EPIPE" },
	{ "seqpacket unread", seqpacket_unread,
		LINE "send ok recv ECONNRESET recv PIER_EEND" },
	{ "seqpacket too long", seqpacket_too_long,
		LINE "send EMSGSIZE send ok recv ok \"short\"" },
	{ "seqpacket full", seqpacket_full,
		LINE "full 1 now EAGAIN briefly PIER_EDEADLINE left 0 send ok "
		     "recv ok \"room\"" },
	{ "seqpacket of another kind", seqpacket_of_another_kind,
		LINE "dial EPROTOTYPE" },
	{ NULL, NULL, NULL },
};
