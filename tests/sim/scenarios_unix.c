/* SPDX-License-Identifier: MIT */
/* tests/sim/scenarios_unix.c - what unix streams and pairs say; see
   scenario.h. */
#include "scenario.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/calls.h"

static const char *
endpoint(const struct stage *stage, char text[128])
{
	(void)snprintf(text, 128, "unix://%s/s", stage->dir);
	return text;
}

static void
read_and_say(struct stage *stage, struct pier_stream *stream)
{
	char buf[64];
	long n = say(stage, "read", pier_read(stream, buf, sizeof(buf), SOON));

	if (n > 0)
		say_text(stage, buf, (size_t)n);
}

static void
write_and_say(struct stage *stage, struct pier_stream *stream, const char *text)
{
	(void)say_ok(
		stage, "write", pier_write(stream, text, strlen(text), SOON));
}

static void
echo(struct stage *stage)
{
	char text[128];
	struct ends ends = ends_open(stage, endpoint(stage, text));

	write_and_say(stage, ends.client, "hello");
	read_and_say(stage, ends.server);
	(void)say_ok(stage, "shutdown",
		pier_shutdown(ends.client, PIER_WRITING, SOON));
	read_and_say(stage, ends.server);
	write_and_say(stage, ends.server, "bye");
	read_and_say(stage, ends.client);
	ends_close(&ends);
}

static void
names(struct stage *stage)
{
	struct pier_listener *listener = NULL, *second = NULL;
	struct pier_stream *stream = NULL;
	char text[128];

	(void)endpoint(stage, text);
	(void)say_ok(stage, "dial", pier_dial(&stream, text, NULL, SOON));
	(void)say_ok(stage, "listen", pier_listen(&listener, text, NULL, SOON));
	(void)say_ok(stage, "again", pier_listen(&second, text, NULL, SOON));
	pier_listener_close(listener);
	(void)say_ok(stage, "gone", pier_dial(&stream, text, NULL, SOON));
	(void)say_ok(stage, "nobody",
		pier_dial(&stream, "unix://@pier-nobody", NULL, SOON));
}

static void
abstract(struct stage *stage)
{
	char text[64];
	struct ends ends;

	(void)snprintf(text, sizeof(text), "unix://@pier-%d", (int)getpid());
	ends = ends_open(stage, text);
	write_and_say(stage, ends.client, "x");
	read_and_say(stage, ends.server);
	ends_close(&ends);
	(void)say_ok(stage, "gone", pier_dial(&ends.client, text, NULL, SOON));
}

/* A file left by a server that died: nobody answers, so it is replaced. */
static void
stale(struct stage *stage)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct pier_listener *listener = NULL;
	struct pier_stream *stream = NULL;
	struct stat before, after;
	char text[128];
	int fd = pier__calls()->socket(AF_UNIX, SOCK_STREAM, 0);

	(void)endpoint(stage, text);
	strcpy(un.sun_path, text + strlen("unix://"));
	(void)say_ok(stage, "bind",
		pier__calls()->bind(fd, (void *)&un, sizeof(un)));
	pier__close(fd);
	(void)say_ok(stage, "stat", pier__calls()->stat(un.sun_path, &before));
	(void)say_ok(stage, "dial", pier_dial(&stream, text, NULL, SOON));
	(void)say_ok(stage, "listen", pier_listen(&listener, text, NULL, SOON));
	(void)say_ok(stage, "stat", pier__calls()->stat(un.sun_path, &after));
	(void)say_ok(stage, "dial", pier_dial(&stream, text, NULL, SOON));
	pier_close(stream);
	pier_listener_close(listener);
	(void)say_ok(stage, "stat", pier__calls()->stat(un.sun_path, &after));
}

static void
pair_ends(struct stage *stage)
{
	struct pier_stream *a = NULL, *b = NULL;

	(void)say_ok(stage, "pair", pier_pair(&a, &b));
	write_and_say(stage, a, "x");
	pier_close(a);
	read_and_say(stage, b);
	read_and_say(stage, b);
	write_and_say(stage, b, "y");
	pier_close(b);
}

static void
pair_unread(struct stage *stage)
{
	struct pier_stream *a = NULL, *b = NULL;

	(void)say_ok(stage, "pair", pier_pair(&a, &b));
	write_and_say(stage, b, "unread");
	pier_close(a);
	read_and_say(stage, b);
	read_and_say(stage, b);
	pier_close(b);
}

static void
pair_stops_reading(struct stage *stage)
{
	struct pier_stream *a = NULL, *b = NULL;

	(void)say_ok(stage, "pair", pier_pair(&a, &b));
	(void)say_ok(stage, "shutdown", pier_shutdown(a, PIER_READING, SOON));
	write_and_say(stage, b, "x");
	write_and_say(stage, a, "y");
	read_and_say(stage, b);
	pier_close(a);
	pier_close(b);
}

static void
pair_aborted(struct stage *stage)
{
	struct pier_stream *a = NULL, *b = NULL;

	(void)say_ok(stage, "pair", pier_pair(&a, &b));
	pier_abort(a);
	read_and_say(stage, a);
	read_and_say(stage, b);
	pier_close(a);
	pier_close(b);
}

static void
pair_full(struct stage *stage)
{
	struct pier_stream *a = NULL, *b = NULL;
	static char zeros[1024 * 1024];
	static char sink[sizeof(zeros)];
	size_t went;

	(void)say_ok(stage, "pair", pier_pair(&a, &b));
	(void)say_ok(
		stage, "write", pier_write(a, zeros, sizeof(zeros), BRIEFLY));
	went = pier_last_error()->done;
	(void)say(stage, "some", went > 0 && went < sizeof(zeros));
	(void)say(stage, "now", pier_write_some(a, zeros, 1, PIER_NOW));
	(void)say(stage, "all",
		pier_read_full(b, sink, went, SOON) == (ssize_t)went);
	(void)say(stage, "now", pier_write_some(a, zeros, 1, PIER_NOW));
	pier_close(a);
	pier_close(b);
}

static void
copies(struct stage *stage)
{
	struct pier_stream *a = NULL, *b = NULL, *c = NULL, *d = NULL;

	(void)say_ok(stage, "pair", pier_pair(&a, &b));
	(void)say_ok(stage, "pair", pier_pair(&c, &d));
	write_and_say(stage, a, "through");
	pier_close(a);
	(void)say(stage, "copy", pier_copy(c, b, -1, SOON));
	read_and_say(stage, d);
	pier_close(d);
	(void)say(stage, "copy", pier_copy(c, b, -1, SOON));
	pier_close(b);
	pier_close(c);
}

static void
relays(struct stage *stage)
{
	struct pier_stream *a = NULL, *b = NULL, *c = NULL, *d = NULL;
	struct pier_relay_opts opts = { .idle_ms = 20 };
	struct pier_relay_result result;

	(void)say_ok(stage, "pair", pier_pair(&a, &b));
	(void)say_ok(stage, "pair", pier_pair(&c, &d));
	write_and_say(stage, a, "there");
	write_and_say(stage, d, "back again");
	(void)say_ok(stage, "end", pier_shutdown(d, PIER_WRITING, SOON));
	(void)say_ok(stage, "relay", pier_relay(b, c, &opts, &result, SOON));
	(void)say(stage, "first", result.first);
	(void)say(stage, "how", (long)result.how);
	(void)say(stage, "there", (long)result.a_to_b);
	(void)say(stage, "back", (long)result.b_to_a);
	read_and_say(stage, d);
	read_and_say(stage, a);
	read_and_say(stage, a);
	pier_close(a);
	(void)say_ok(stage, "relay", pier_relay(b, c, NULL, &result, SOON));
	read_and_say(stage, d);
	pier_close(b);
	pier_close(c);
	pier_close(d);
}

/* Enough for a relay to go over to a pipe. */
static struct {
	struct pier_stream *from, *to;
	char out[1000000], in[1000000];
} bulk;

static int
sends_bulk(void *arg)
{
	size_t i;
	int rc;

	(void)arg;
	for (i = 0; i < sizeof(bulk.out); i++)
		bulk.out[i] = (char)(i * 7 + i / 251);
	rc = pier_write(bulk.from, bulk.out, sizeof(bulk.out), SOON);
	return rc < 0 ? rc : pier_shutdown(bulk.from, PIER_WRITING, SOON);
}

static int
reads_bulk(void *arg)
{
	ssize_t n = pier_read_full(bulk.to, bulk.in, sizeof(bulk.in), SOON);

	(void)arg;
	if (n < 0)
		return (int)n;
	return memcmp(bulk.in, bulk.out, sizeof(bulk.in)) == 0 ? 0 : -EBADMSG;
}

static void
relays_bulk(struct stage *stage)
{
	struct pier_stream *b = NULL, *c = NULL;
	struct pier_relay_result result;
	struct pier_group *group = NULL;

	(void)say_ok(stage, "pair", pier_pair(&bulk.from, &b));
	(void)say_ok(stage, "pair", pier_pair(&c, &bulk.to));
	(void)say_ok(stage, "group", pier_group_open(&group));
	(void)say_ok(stage, "go", pier_go(group, sends_bulk, NULL));
	(void)say_ok(stage, "go", pier_go(group, reads_bulk, NULL));
	write_and_say(stage, bulk.to, "back");
	(void)say_ok(stage, "end", pier_shutdown(bulk.to, PIER_WRITING, SOON));
	(void)say_ok(stage, "relay", pier_relay(b, c, NULL, &result, SOON));
	(void)say(stage, "there", (long)result.a_to_b);
	(void)say(stage, "back", (long)result.b_to_a);
	(void)say_ok(stage, "wait", pier_group_wait(group, SOON));
	(void)say_ok(stage, "result", pier_group_result(group));
	read_and_say(stage, bulk.from);
	read_and_say(stage, bulk.to);
	pier_group_close(group);
	pier_close(bulk.from);
	pier_close(b);
	pier_close(c);
	pier_close(bulk.to);
}

/* What came of descriptors with some bytes. */
static struct pier_fds
take_fds(struct stage *stage, struct pier_stream *stream)
{
	struct pier_fds fds = { 0 };
	char buf[64];
	long n = say(stage, "take",
		pier_recv_fds(stream, &fds, buf, sizeof(buf), SOON));

	if (n > 0)
		say_text(stage, buf, (size_t)n);
	(void)say(stage, "fds", (long)fds.count);
	return fds;
}

/* The end of a pair goes to who is at the end of another. */
static void
passes_on(struct stage *stage)
{
	struct pier_stream *a = NULL, *b = NULL, *c = NULL, *d = NULL;
	struct pier_stream *passed = NULL;
	struct pier_fds fds = { 0 };
	char buf[4];

	(void)say_ok(stage, "pair", pier_pair(&a, &b));
	(void)say_ok(stage, "pair", pier_pair(&c, &d));
	(void)say(stage, "ask", pier_recv_fds(b, &fds, NULL, 0, SOON));
	fds = (struct pier_fds){ .count = 2, .fd = { pier_fd(c), pier_fd(d) } };
	write_and_say(stage, a, "before ");
	(void)say_ok(stage, "send", pier_send_fds(a, &fds, "with", 4, SOON));
	fds.count = 1;
	(void)say_ok(stage, "send", pier_send_fds(a, &fds, "more", 4, SOON));
	write_and_say(stage, a, " behind");
	pier_close(c);
	fds = take_fds(stage, b);
	(void)say_ok(stage, "adopt", pier_adopt(&passed, fds.fd[0]));
	fds.fd[0] = -1;
	pier_fds_close(&fds);
	write_and_say(stage, passed, "hello");
	read_and_say(stage, d);
	fds = take_fds(stage, b);
	pier_close(passed);
	(void)say(stage, "held", pier_read(d, buf, sizeof(buf), PIER_NOW));
	pier_fds_close(&fds);
	read_and_say(stage, d);
	(void)take_fds(stage, b);
	pier_close(a);
	pier_close(b);
	pier_close(d);
}

/* Nobody takes them: they are closed when the bytes are read, or go. */
static void
passes_in_vain(struct stage *stage)
{
	struct pier_stream *a = NULL, *b = NULL, *c = NULL, *d = NULL;
	struct pier_fds fds = { .count = 1 };
	char buf[4];

	(void)say_ok(stage, "pair", pier_pair(&a, &b));
	(void)say_ok(stage, "pair", pier_pair(&c, &d));
	fds.fd[0] = pier_fd(c);
	(void)say_ok(stage, "send", pier_send_fds(a, &fds, "x", 1, SOON));
	(void)say_ok(stage, "send", pier_send_fds(a, &fds, "y", 1, SOON));
	fds.fd[0] = 32000;
	(void)say_ok(stage, "send", pier_send_fds(a, &fds, "z", 1, SOON));
	pier_close(c);
	(void)say(stage, "held", pier_read(d, buf, sizeof(buf), PIER_NOW));
	read_and_say(stage, b);
	(void)say(stage, "held", pier_read(d, buf, sizeof(buf), PIER_NOW));
	pier_close(b);
	read_and_say(stage, d);
	pier_close(a);
	pier_close(d);
}

/* Connections that were never accepted when the listener went. */
static void
listener_leaves(struct stage *stage)
{
	struct pier_listener *listener = NULL;
	struct pier_stream *stream = NULL;
	char text[128];

	(void)endpoint(stage, text);
	(void)say_ok(stage, "listen", pier_listen(&listener, text, NULL, SOON));
	(void)say_ok(stage, "dial", pier_dial(&stream, text, NULL, SOON));
	write_and_say(stage, stream, "x");
	pier_listener_close(listener);
	read_and_say(stage, stream);
	write_and_say(stage, stream, "x");
	pier_close(stream);
}

#define OPEN "listen ok dial ok accept ok "

const struct scenario unix_scenarios[] = {
	{ "unix echo", echo,
		OPEN "write ok read 5 \"hello\" shutdown ok read 0 write ok "
		     "read 3 \"bye\"" },
	{ "unix names", names,
		"dial ENOENT listen ok again EADDRINUSE gone ENOENT "
		"nobody ECONNREFUSED" },
	{ "unix abstract", abstract,
		OPEN "write ok read 1 \"x\" gone ECONNREFUSED" },
	{ "unix stale", stale,
		"bind ok stat ok dial ECONNREFUSED listen ok stat ok dial ok "
		"stat ENOENT" },
	{ "pair ends", pair_ends,
		"pair ok write ok read 1 \"x\" read 0 write EPIPE" },
	{ "pair unread", pair_unread,
		"pair ok write ok read ECONNRESET read 0" },
	{ "pair stops reading", pair_stops_reading,
		"pair ok shutdown ok write EPIPE write ok read 1 \"y\"" },
	{ "pair aborted", pair_aborted, "pair ok read ECONNABORTED read 0" },
	{ "pair full", pair_full,
		"pair ok write PIER_EDEADLINE some 1 now EAGAIN all 1 now 1" },
	{ "copies", copies,
		"pair ok pair ok write ok copy 7 read 7 \"through\" copy 0" },
	{ "relays", relays,
		"pair ok pair ok write ok write ok end ok "
		"relay PIER_EDEADLINE first 1 how 0 there 5 back 10 "
		"read 5 \"there\" read 10 \"back again\" read 0 relay ok "
		"read 0" },
	{ "relays bulk", relays_bulk,
		"pair ok pair ok group ok go ok go ok write ok end ok relay ok "
		"there 1000000 back 4 wait ok result ok read 4 \"back\" "
		"read 0" },
	{ "passes on", passes_on,
		"pair ok pair ok ask 0 write ok send ok send ok write ok "
		"take 11 \"before with\" fds 2 adopt ok write ok "
		"read 5 \"hello\" take 4 \"more\" fds 1 held EAGAIN read 0 "
		"take 7 \" behind\" fds 0" },
	{ "passes in vain", passes_in_vain,
		"pair ok pair ok send ok send ok send EBADF held EAGAIN "
		"read 1 \"x\" held EAGAIN read 0" },
	{ "unix listener leaves", listener_leaves,
		"listen ok dial ok write ok read ECONNRESET write EPIPE" },
	{ NULL, NULL, NULL },
};
