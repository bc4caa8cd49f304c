/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/frame.c - framed conversations by seed, in virtual time: messages of
 * any length over small buffers, lent or copied, with deadlines that pass in the
 * middle of sending and of receiving. Every message that was sent arrives, whole
 * and in order, as the same, but those that are too long for the receiver, which
 * passes over them; what follows the last one is read from the stream.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pier.h>

#include "io/sim_engine.h"

#define MESSAGES 60
#define LONGEST  150000
/* What a receiver takes: longer than what a stream reads ahead. */
#define TAKEN 70000
#define REST  "and the rest"

static const char *const kinds[] = { "line", "line:crlf", "nul", "delim:--",
	"delim:aab", "escape", "escape:aab", "base64", "announce", "u16be",
	"u32le", "u32be", "u64be", "varint", "decimal:6:left", "netstring",
	"slip", "cobs" };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* All on no fiber's stack. */
static struct {
	uint64_t chance;
	struct pier_framing framing;
	struct pier_stream *writer, *reader;
	size_t lengths[MESSAGES];
	unsigned char firsts[MESSAGES];
	unsigned sent, received, skipped;
	unsigned send_deadlines, recv_deadlines; /* that passed in the middle */
	int writer_rc, reader_rc;
} bed;

static unsigned char outgoing[LONGEST], incoming[LONGEST], expected[LONGEST];

static unsigned
draw(unsigned below)
{
	bed.chance = bed.chance * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(bed.chance >> 33) % below;
}

/* Without what no kind would take: no newline, zero or dash is in it. */
static void
fill(unsigned char *buf, unsigned message)
{
	for (size_t i = 0; i < bed.lengths[message]; i++)
		buf[i] = (unsigned char)('a' +
					 (bed.firsts[message] + i * 5) % 23);
}

static void
make_up(void)
{
	for (unsigned i = 0; i < MESSAGES; i++) {
		size_t most = draw(8) > 0                            ? 200
			      : draw(4) > 0                          ? 9000
			      : bed.framing.kind == PIER_FRAME_U16BE ? 65535
								     : LONGEST;

		bed.lengths[i] = draw((unsigned)most);
		if (bed.lengths[i] == 0)
			bed.lengths[i] = bed.framing.kind == PIER_FRAME_SLIP;
		bed.firsts[i] = (unsigned char)draw(23);
	}
	/* Behind one that is passed over there is another. */
	bed.lengths[MESSAGES - 1] = 5;
}

static pier_deadline
a_while(void)
{
	unsigned chance = draw(6);

	return chance > 1 ? PIER_FOREVER
	       : chance   ? pier_in_ms(draw(20))
			  : PIER_NOW;
}

static int
writer(void *arg)
{
	struct pier_frame *frame = NULL;
	int rc = pier_frame_attach(&frame, bed.writer, &bed.framing);

	(void)arg;
	for (unsigned i = 0; rc == 0 && i < MESSAGES; i++) {
		fill(outgoing, i);
		do {
			rc = pier_frame_send(
				frame, outgoing, bed.lengths[i], a_while());
			if ((rc == -PIER_EDEADLINE || rc == -EAGAIN) &&
				pier_last_error()->done > 0)
				bed.send_deadlines++;
			if (rc == -EAGAIN)
				(void)pier_sleep(pier_in_ms(1));
		} while (rc == -PIER_EDEADLINE || rc == -EAGAIN);
		bed.sent += rc == 0;
		if (rc == 0 && draw(5) == 0)
			rc = pier_sleep(pier_in_ms(draw(40)));
	}
	if (rc == 0)
		rc = pier_frame_detach(frame);
	if (rc == 0)
		rc = pier_write(
			bed.writer, REST, sizeof(REST) - 1, PIER_FOREVER);
	if (rc == 0)
		rc = pier_shutdown(bed.writer, PIER_WRITING, PIER_FOREVER);
	bed.writer_rc = rc;
	return 0;
}

/* 1: the next message that is not too long is as it was sent. */
static int
receive_one(struct pier_frame *frame)
{
	const void *data = incoming;
	size_t length = 0;
	int rc;

	while (bed.lengths[bed.received] > TAKEN) {
		bed.received++;
		bed.skipped++;
	}
	do {
		rc = draw(2) == 0
			     ? pier_frame_view(frame, &data, &length, a_while())
			     : pier_frame_recv(frame, incoming,
				       sizeof(incoming), &length, a_while());
		if (rc == -PIER_EDEADLINE && pier_last_error()->done > 0)
			bed.recv_deadlines++;
		if (rc == -EAGAIN)
			(void)pier_sleep(pier_in_ms(1));
	} while (rc == -PIER_EDEADLINE || rc == -EAGAIN);
	if (rc != 1)
		return rc;
	fill(expected, bed.received);
	if (length != bed.lengths[bed.received] ||
		memcmp(data, expected, length) != 0)
		return -EBADMSG;
	bed.received++;
	return 1;
}

static int
reader(void *arg)
{
	struct pier_framing framing = bed.framing;
	struct pier_frame *frame = NULL;
	char rest[sizeof(REST)] = "";
	int rc;

	(void)arg;
	framing.max = TAKEN;
	framing.overlong = PIER_FRAME_SKIP;
	rc = pier_frame_attach(&frame, bed.reader, &framing);
	while (rc >= 0 && bed.received < MESSAGES) {
		if (draw(5) == 0)
			(void)pier_sleep(pier_in_ms(draw(60)));
		rc = receive_one(frame);
	}
	if (rc >= 0 && pier_frame_skipped(frame) != bed.skipped)
		rc = -EMSGSIZE;
	if (rc >= 0)
		rc = pier_frame_detach(frame);
	if (rc >= 0)
		rc = (int)pier_read_full(
			bed.reader, rest, sizeof(REST) - 1, PIER_FOREVER);
	if (rc >= 0 && strcmp(rest, REST) != 0)
		rc = -EBADMSG;
	if (rc >= 0)
		rc = (int)pier_read(bed.reader, rest, 1, PIER_FOREVER);
	bed.reader_rc = rc;
	return 0;
}

static void
connect_ends(bool tcp)
{
	struct pier_listener *listener = NULL;

	if (!tcp) {
		assert_int_equal(pier_pair(&bed.writer, &bed.reader), 0);
		return;
	}
	assert_int_equal(
		pier_listen(&listener, "tcp://10.0.0.1:9", NULL, PIER_FOREVER),
		0);
	assert_int_equal(
		pier_dial(&bed.writer, "tcp://10.0.0.1:9", NULL, PIER_FOREVER),
		0);
	assert_int_equal(pier_accept(&bed.reader, listener, PIER_FOREVER), 0);
	pier_listener_close(listener);
}

static int
scene(void *arg)
{
	struct pier_group *group = NULL;

	connect_ends(*(const bool *)arg);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, writer, NULL), 0);
	assert_int_equal(pier_go(group, reader, NULL), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	pier_close(bed.writer);
	pier_close(bed.reader);
	return 0;
}

static void
play(uint64_t seed, bool tcp)
{
	struct pier__sim *sim = pier__sim_open(seed);
	const char *kind = kinds[seed % KINDS];

	memset(&bed, 0, sizeof(bed));
	bed.chance = seed;
	assert_int_equal(pier_frame_parse(&bed.framing, kind), 0);
	make_up();
	pier__sim_limits(sim)->sndbuf = 2000 << draw(8);
	pier__sim_limits(sim)->rcvbuf = 2000 << draw(8);
	assert_int_equal(pier__sim_run(sim, scene, &tcp), 0);
	assert_int_equal(pier__sim_open_count(sim), 0);
	pier__sim_close(sim);
	if (bed.writer_rc != 0 || bed.reader_rc != 0 ||
		bed.received != MESSAGES)
		fail_msg(
			"seed %llu, %s: writer %s after %u, reader %s after %u",
			(unsigned long long)seed, kind,
			pier_error_name(bed.writer_rc), bed.sent,
			pier_error_name(bed.reader_rc), bed.received);
}

static uint64_t
seeds(void)
{
	const char *text = getenv("SIM_SEEDS");

	return text != NULL ? strtoull(text, NULL, 10) : 8 * KINDS;
}

static void
play_all(bool tcp)
{
	unsigned sending = 0, receiving = 0, skipping = 0;

	for (uint64_t seed = 1; seed <= seeds(); seed++) {
		play(seed, tcp);
		sending += bed.send_deadlines;
		receiving += bed.recv_deadlines;
		skipping += bed.skipped;
	}
	/* They did pass in the middle, and some were passed over. */
	assert_true(sending > seeds() / 8);
	assert_true(receiving > seeds() / 8);
	assert_true(skipping > seeds() / 8);
}

static void
over_tcp(void **state)
{
	(void)state;
	play_all(true);
}

static void
over_pairs(void **state)
{
	(void)state;
	play_all(false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_tcp),
		cmocka_unit_test(over_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
