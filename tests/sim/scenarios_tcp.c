/* SPDX-License-Identifier: MIT */
/* tests/sim/scenarios_tcp.c - what tcp streams say; see scenario.h. */
#include "scenario.h"

#include <string.h>

#define TCP "tcp://127.0.0.1:0"

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
shut(struct stage *stage, struct pier_stream *stream, enum pier_half half)
{
	(void)say_ok(stage, "shutdown", pier_shutdown(stream, half, SOON));
}

static void
echo(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);

	write_and_say(stage, ends.client, "hello");
	read_and_say(stage, ends.server);
	write_and_say(stage, ends.server, "HELLO");
	read_and_say(stage, ends.client);
	ends_close(&ends);
}

static void
client_half_closes(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);

	write_and_say(stage, ends.client, "ask");
	shut(stage, ends.client, PIER_WRITING);
	read_and_say(stage, ends.server);
	read_and_say(stage, ends.server);
	write_and_say(stage, ends.client, "x");
	write_and_say(stage, ends.server, "answer");
	shut(stage, ends.server, PIER_WRITING);
	read_and_say(stage, ends.client);
	read_and_say(stage, ends.client);
	ends_close(&ends);
}

static void
server_half_closes(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);

	shut(stage, ends.server, PIER_WRITING);
	shut(stage, ends.server, PIER_WRITING);
	read_and_say(stage, ends.client);
	write_and_say(stage, ends.client, "late");
	read_and_say(stage, ends.server);
	write_and_say(stage, ends.server, "x");
	ends_close(&ends);
}

static void
end_after_data(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);

	write_and_say(stage, ends.server, "bye");
	pier_close(ends.server);
	ends.server = NULL;
	read_and_say(stage, ends.client);
	read_and_say(stage, ends.client);
	read_and_say(stage, ends.client);
	ends_close(&ends);
}

static void
reading_is_shut(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);

	shut(stage, ends.client, PIER_READING);
	read_and_say(stage, ends.client);
	write_and_say(stage, ends.client, "still");
	read_and_say(stage, ends.server);
	ends_close(&ends);
}

static void
both_are_shut(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);

	shut(stage, ends.client, PIER_BOTH);
	read_and_say(stage, ends.client);
	write_and_say(stage, ends.client, "x");
	read_and_say(stage, ends.server);
	ends_close(&ends);
}

static void
peer_has_left(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);

	pier_close(ends.server);
	ends.server = NULL;
	read_and_say(stage, ends.client);
	write_and_say(stage, ends.client, "one");
	write_and_say(stage, ends.client, "two");
	read_and_say(stage, ends.client);
	ends_close(&ends);
}

static void
peer_leaves_input_unread(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);

	write_and_say(stage, ends.client, "unread");
	pier_close(ends.server);
	ends.server = NULL;
	read_and_say(stage, ends.client);
	ends_close(&ends);
}

static void
aborted(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);

	pier_abort(ends.server);
	read_and_say(stage, ends.server);
	write_and_say(stage, ends.server, "x");
	read_and_say(stage, ends.client);
	ends_close(&ends);
}

static void
data_before_a_reset(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);

	write_and_say(stage, ends.server, "last words");
	pier_abort(ends.server);
	read_and_say(stage, ends.client);
	read_and_say(stage, ends.client);
	ends_close(&ends);
}

static void
refused(struct stage *stage)
{
	struct pier_listener *listener = NULL;
	struct pier_stream *stream = NULL;
	char where[64];

	(void)say_ok(stage, "listen", pier_listen(&listener, TCP, NULL, SOON));
	(void)pier_listener_endpoint(listener, where, sizeof(where));
	pier_listener_close(listener);
	(void)say_ok(stage, "dial", pier_dial(&stream, where, NULL, SOON));
	(void)say(stage, "step", (long)pier_last_error()->step);
	(void)say(stage, "attempts", (long)pier_last_error()->attempt_count);
}

static void
port_in_use(struct stage *stage)
{
	struct pier_listener *listener = NULL, *second = NULL;
	char where[64];

	(void)say_ok(stage, "listen", pier_listen(&listener, TCP, NULL, SOON));
	(void)pier_listener_endpoint(listener, where, sizeof(where));
	(void)say_ok(stage, "again", pier_listen(&second, where, NULL, SOON));
	pier_listener_close(listener);
	(void)say_ok(stage, "then", pier_listen(&second, where, NULL, SOON));
	pier_listener_close(second);
	(void)say_ok(stage, "elsewhere",
		pier_listen(&second, "tcp://198.51.100.1:0", NULL, SOON));
}

/* A port whose connections have ended, the server first, can be had again. */
static void
port_of_the_past(struct stage *stage)
{
	static const struct pier_listen_opts strict = { .reuse_address =
								PIER_OFF };
	struct ends ends = ends_open(stage, TCP);
	char where[64];

	(void)pier_listener_endpoint(ends.listener, where, sizeof(where));
	pier_close(ends.server);
	read_and_say(stage, ends.client);
	pier_close(ends.client);
	pier_listener_close(ends.listener);
	(void)say_ok(stage, "without reuse",
		pier_listen(&ends.listener, where, &strict, SOON));
	(void)say_ok(
		stage, "again", pier_listen(&ends.listener, where, NULL, SOON));
	pier_listener_close(ends.listener);
}

static void
both_families(struct stage *stage)
{
	struct pier_listener *listener = NULL;
	struct pier_stream *client = NULL, *server = NULL;
	struct pier_addr addr;
	char where[64], host[64];

	(void)say_ok(stage, "listen",
		pier_listen(&listener, "tcp://:0", NULL, SOON));
	(void)pier_listener_addr(listener, &addr);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(where, sizeof(where), "tcp://%s:%d",
			i == 0 ? "127.0.0.1" : "[::1]", pier_addr_port(&addr));
		(void)say_ok(
			stage, "dial", pier_dial(&client, where, NULL, SOON));
		(void)say_ok(
			stage, "accept", pier_accept(&server, listener, SOON));
		(void)pier_peer(server, &addr);
		(void)pier_addr_format_host(&addr, host, sizeof(host));
		say_text(stage, host, strlen(host));
		(void)pier_listener_addr(listener, &addr);
		pier_close(client);
		pier_close(server);
	}
	pier_listener_close(listener);
}

static void
one_family(struct stage *stage)
{
	struct pier_listener *listener = NULL;
	struct pier_stream *client = NULL;
	struct pier_addr addr;
	char where[64];

	(void)say_ok(stage, "listen",
		pier_listen(&listener, "tcp6://:0", NULL, SOON));
	(void)pier_listener_addr(listener, &addr);
	(void)snprintf(where, sizeof(where), "tcp://127.0.0.1:%d",
		pier_addr_port(&addr));
	(void)say_ok(stage, "dial", pier_dial(&client, where, NULL, SOON));
	pier_listener_close(listener);
}

static void
deadlines(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);
	struct pier_stream *none = NULL;
	char buf[8];

	(void)say(stage, "now", pier_read(ends.client, buf, 8, PIER_NOW));
	(void)say(stage, "briefly", pier_read(ends.client, buf, 8, BRIEFLY));
	(void)say(
		stage, "past", pier_read(ends.client, buf, 8, pier_in_ms(-1)));
	(void)say(stage, "step", (long)pier_last_error()->step);
	(void)say_ok(stage, "accept now",
		pier_accept(&none, ends.listener, PIER_NOW));
	(void)say_ok(
		stage, "accept", pier_accept(&none, ends.listener, BRIEFLY));
	write_and_say(stage, ends.server, "after all");
	read_and_say(stage, ends.client);
	ends_close(&ends);
}

static void
parts(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);
	const void *data;
	char buf[16];
	long n;

	write_and_say(stage, ends.server, "one\ntwo\nthr");
	(void)say(stage, "peek", pier_peek(ends.client, &data, 4, SOON));
	n = say(stage, "line", pier_read_line(ends.client, buf, 16, SOON));
	say_text(stage, buf, n > 0 ? (size_t)n - 1 : 0);
	(void)say(stage, "long", pier_read_line(ends.client, buf, 4, SOON));
	(void)say(stage, "full", pier_read_full(ends.client, buf, 4, SOON));
	(void)say(stage, "line", pier_read_line(ends.client, buf, 16, BRIEFLY));
	pier_close(ends.server);
	ends.server = NULL;
	(void)say(stage, "full", pier_read_full(ends.client, buf, 9, SOON));
	(void)say(stage, "done", (long)pier_last_error()->done);
	ends_close(&ends);
}

static void
ends_well(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);

	write_and_say(stage, ends.client, "abc");
	(void)say_ok(stage, "drain", pier_drain(ends.client, SOON));
	(void)say(stage, "printf", pier_printf(ends.client, "%d", 12));
	(void)say(stage, "gathered", (long)pier_gathered(ends.client));
	shut(stage, ends.server, PIER_WRITING);
	(void)say_ok(stage, "close_wait", pier_close_wait(ends.client, SOON));
	read_and_say(stage, ends.server);
	read_and_say(stage, ends.server);
	ends_close(&ends);
}

/* More than all buffers hold: the writer has to wait for the reader. */
#define BIG ((size_t)12 * 1024 * 1024)

struct big {
	struct pier_stream *stream;
	long result;
};

static unsigned char
big_byte(size_t at)
{
	return (unsigned char)(at * 31 + at / 4096);
}

static int
big_writer(void *arg)
{
	struct big *big = arg;
	unsigned char buf[10000];
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < BIG; at += sizeof(buf)) {
		size_t len = BIG - at < sizeof(buf) ? BIG - at : sizeof(buf);

		for (size_t i = 0; i < len; i++)
			buf[i] = big_byte(at + i);
		rc = pier_write(big->stream, buf, len, SOON);
	}
	big->result = rc;
	return pier_shutdown(big->stream, PIER_WRITING, SOON);
}

static void
big_transfer(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);
	static struct big big;
	struct pier_group *group = NULL;
	unsigned char buf[7000];
	size_t total = 0, wrong = 0;
	ssize_t n;

	big = (struct big){ .stream = ends.server, .result = -1 };
	(void)say_ok(stage, "group", pier_group_open(&group));
	(void)say_ok(stage, "go", pier_go(group, big_writer, &big));
	while ((n = pier_read(ends.client, buf, sizeof(buf), SOON)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			wrong += buf[i] != big_byte(total + (size_t)i);
		total += (size_t)n;
	}
	(void)say(stage, "end", n);
	(void)say(stage, "total", (long)total);
	(void)say(stage, "wrong", (long)wrong);
	(void)say_ok(stage, "wait", pier_group_wait(group, SOON));
	(void)say(stage, "writer", big.result);
	pier_group_close(group);
	ends_close(&ends);
}

static void
nobody_reads(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);
	static char zeros[1024 * 1024];
	char buf[8];
	int rc;

	do
		rc = pier_write(ends.client, zeros, sizeof(zeros), BRIEFLY);
	while (rc == 0);
	(void)say_ok(stage, "write", rc);
	(void)say(stage, "some went", pier_last_error()->done < sizeof(zeros));
	(void)say(stage, "more",
		pier_write_some(ends.client, zeros, 1, PIER_NOW));
	(void)say(stage, "read", pier_read(ends.server, buf, 8, SOON));
	ends_close(&ends);
}

static int
reader(void *arg)
{
	char byte;

	return (int)pier_read(arg, &byte, 1, SOON);
}

static void
cancelled(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);
	struct pier_group *group = NULL;

	(void)say_ok(stage, "group", pier_group_open(&group));
	(void)say_ok(stage, "go", pier_go(group, reader, ends.client));
	(void)say_ok(stage, "sleep", pier_sleep(BRIEFLY));
	pier_group_cancel(group);
	(void)say_ok(stage, "wait", pier_group_wait(group, SOON));
	(void)say(stage, "reader", pier_group_result(group));
	pier_group_close(group);
	ends_close(&ends);
}

/* What became of connections while they queued. */
static void
before_accept(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);
	struct pier_stream *stream = NULL, *served = NULL;
	char where[64];

	(void)pier_listener_endpoint(ends.listener, where, sizeof(where));
	(void)say_ok(stage, "dial", pier_dial(&stream, where, NULL, SOON));
	write_and_say(stage, stream, "gone");
	pier_close(stream);
	(void)say_ok(
		stage, "accept", pier_accept(&served, ends.listener, SOON));
	read_and_say(stage, served);
	read_and_say(stage, served);
	pier_close(served);
	(void)say_ok(stage, "dial", pier_dial(&stream, where, NULL, SOON));
	pier_abort(stream);
	pier_close(stream);
	(void)say_ok(
		stage, "accept", pier_accept(&served, ends.listener, SOON));
	read_and_say(stage, served);
	pier_close(served);
	(void)say_ok(stage, "dial", pier_dial(&stream, where, NULL, SOON));
	pier_listener_close(ends.listener);
	ends.listener = NULL;
	read_and_say(stage, stream);
	pier_close(stream);
	ends_close(&ends);
}

static void
changes_hands(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);
	struct pier_addr before, after;
	int fd = -1;

	write_and_say(stage, ends.server, "one");
	read_and_say(stage, ends.client);
	(void)pier_local(ends.client, &before);
	(void)say_ok(stage, "release", pier_release(ends.client, &fd));
	(void)say_ok(stage, "adopt", pier_adopt(&ends.client, fd));
	(void)pier_local(ends.client, &after);
	(void)say(stage, "same", pier_addr_equal(&before, &after));
	write_and_say(stage, ends.server, "two");
	read_and_say(stage, ends.client);
	write_and_say(stage, ends.client, "three");
	read_and_say(stage, ends.server);
	ends_close(&ends);
}

static void
wait_and_say(struct stage *stage, struct pier_waitable *list, size_t count,
	pier_deadline deadline)
{
	(void)say(stage, "any", pier_wait_any(list, count, deadline));
	for (size_t i = 0; i < count; i++)
		(void)fprintf(stage->said, "%d ", (int)list[i].ready);
}

static void
any_of_several(struct stage *stage)
{
	struct ends ends = ends_open(stage, TCP);
	struct pier_waitable list[3] = {
		{ .stream = ends.client, .want = PIER_READING },
		{ .stream = ends.server, .want = PIER_BOTH },
		{ .listener = ends.listener, .want = PIER_READING },
	};
	struct pier_stream *another = NULL;
	char where[64];

	wait_and_say(stage, list, 3, SOON);
	list[1].want = PIER_READING;
	wait_and_say(stage, list, 3, BRIEFLY);
	write_and_say(stage, ends.server, "x");
	wait_and_say(stage, list, 3, SOON);
	read_and_say(stage, ends.client);
	wait_and_say(stage, list, 3, PIER_NOW);
	(void)pier_listener_endpoint(ends.listener, where, sizeof(where));
	(void)say_ok(stage, "dial", pier_dial(&another, where, NULL, SOON));
	wait_and_say(stage, list, 3, SOON);
	pier_close(another);
	(void)say_ok(
		stage, "accept", pier_accept(&another, ends.listener, SOON));
	pier_close(another);
	pier_close(ends.client);
	ends.client = NULL;
	wait_and_say(stage, list + 1, 1, SOON);
	ends_close(&ends);
}

#define OPEN "listen ok dial ok accept ok "

const struct scenario tcp_scenarios[] = {
	{ "tcp echo", echo,
		OPEN "write ok read 5 \"hello\" write ok read 5 \"HELLO\"" },
	{ "tcp client half-closes", client_half_closes,
		OPEN "write ok shutdown ok read 3 \"ask\" read 0 "
		     "write PIER_EDONE write ok shutdown ok "
		     "read 6 \"answer\" read 0" },
	{ "tcp server half-closes", server_half_closes,
		OPEN "shutdown ok shutdown ok read 0 write ok "
		     "read 4 \"late\" write PIER_EDONE" },
	{ "tcp end after data", end_after_data,
		OPEN "write ok read 3 \"bye\" read 0 read 0" },
	{ "tcp reading is shut", reading_is_shut,
		OPEN "shutdown ok read PIER_EDONE write ok "
		     "read 5 \"still\"" },
	{ "tcp both are shut", both_are_shut,
		OPEN "shutdown ok read PIER_EDONE write PIER_EDONE read 0" },
	{ "tcp peer has left", peer_has_left,
		OPEN "read 0 write ok write EPIPE read 0" },
	{ "tcp peer leaves input unread", peer_leaves_input_unread,
		OPEN "write ok read ECONNRESET" },
	{ "tcp aborted", aborted,
		OPEN "read ECONNABORTED write ECONNABORTED "
		     "read ECONNRESET" },
	{ "tcp data before a reset", data_before_a_reset,
		OPEN "write ok read 10 \"last words\" read ECONNRESET" },
	{ "tcp refused", refused,
		"listen ok dial ECONNREFUSED step 7 attempts 1" },
	{ "tcp port in use", port_in_use,
		"listen ok again EADDRINUSE then ok "
		"elsewhere EADDRNOTAVAIL" },
	{ "tcp port of the past", port_of_the_past,
		OPEN "read 0 without reuse EADDRINUSE again ok" },
	{ "tcp both families", both_families,
		"listen ok dial ok accept ok \"127.0.0.1\" "
		"dial ok accept ok \"::1\"" },
	{ "tcp one family", one_family, "listen ok dial ECONNREFUSED" },
	{ "tcp deadlines", deadlines,
		OPEN "now EAGAIN briefly PIER_EDEADLINE past PIER_EDEADLINE "
		     "step 10 accept now EAGAIN accept PIER_EDEADLINE "
		     "write ok read 9 \"after all\"" },
	{ "tcp parts", parts,
		OPEN "write ok peek 11 line 4 \"one\" long EMSGSIZE full 4 "
		     "line PIER_EDEADLINE full PIER_EEND done 3" },
	{ "tcp ends well", ends_well,
		OPEN "write ok drain ok printf 2 gathered 2 shutdown ok "
		     "close_wait ok read 5 \"abc12\" read 0" },
	{ "tcp big transfer", big_transfer,
		OPEN "group ok go ok end 0 total 12582912 wrong 0 wait ok "
		     "writer 0" },
	{ "tcp nobody reads", nobody_reads,
		OPEN "write PIER_EDEADLINE some went 1 more EAGAIN read 8" },
	{ "tcp cancelled", cancelled,
		OPEN "group ok go ok sleep ok wait ok reader ECANCELED" },
	{ "tcp before accept", before_accept,
		OPEN "dial ok write ok accept ok read 4 \"gone\" read 0 "
		     "dial ok accept ok read ECONNRESET "
		     "dial ok read ECONNRESET" },
	{ "tcp changes hands", changes_hands,
		OPEN "write ok read 3 \"one\" release ok adopt ok same 1 "
		     "write ok read 3 \"two\" write ok read 5 \"three\"" },
	{ "tcp any of several", any_of_several,
		OPEN "any 1 0 2 0 any PIER_EDEADLINE 0 0 0 write ok "
		     "any 1 1 0 0 read 1 \"x\" any EAGAIN 0 0 0 dial ok "
		     "any 1 0 0 1 accept ok any 1 1" },
	{ NULL, NULL, NULL },
};
