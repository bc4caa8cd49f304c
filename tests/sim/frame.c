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

#include "chance.h"
#include "two_ends.h"

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
	struct pier_framing framing;
	size_t lengths[MESSAGES];
	unsigned char firsts[MESSAGES];
	unsigned sent, received, skipped;
	unsigned send_deadlines, recv_deadlines; /* that passed in the middle */
	int writer_rc, reader_rc;
} bed;

static unsigned char outgoing[LONGEST], incoming[LONGEST], expected[LONGEST];

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
		size_t most = ends_draw(8) > 0                       ? 200
			      : ends_draw(4) > 0                     ? 9000
			      : bed.framing.kind == PIER_FRAME_U16BE ? 65535
								     : LONGEST;

		bed.lengths[i] = ends_draw((unsigned)most);
		if (bed.lengths[i] == 0)
			bed.lengths[i] = bed.framing.kind == PIER_FRAME_SLIP;
		bed.firsts[i] = (unsigned char)ends_draw(23);
	}
	/* Behind one that is passed over there is another. */
	bed.lengths[MESSAGES - 1] = 5;
}

static pier_deadline
a_while(void)
{
	unsigned chance = ends_draw(6);

	return chance > 1 ? PIER_FOREVER
	       : chance   ? pier_in_ms(ends_draw(20))
			  : PIER_NOW;
}

static int
writer(void *arg)
{
	struct pier_frame *frame = NULL;
	int rc = pier_frame_attach(&frame, ends.writer, &bed.framing);

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
		if (rc == 0 && ends_draw(5) == 0)
			rc = pier_sleep(pier_in_ms(ends_draw(40)));
	}
	if (rc == 0)
		rc = pier_frame_detach(frame);
	if (rc == 0)
		rc = pier_write(
			ends.writer, REST, sizeof(REST) - 1, PIER_FOREVER);
	if (rc == 0)
		rc = pier_shutdown(ends.writer, PIER_WRITING, PIER_FOREVER);
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
		rc = ends_draw(2) == 0
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
	rc = pier_frame_attach(&frame, ends.reader, &framing);
	while (rc >= 0 && bed.received < MESSAGES) {
		if (ends_draw(5) == 0)
			(void)pier_sleep(pier_in_ms(ends_draw(60)));
		rc = receive_one(frame);
	}
	if (rc >= 0 && pier_frame_skipped(frame) != bed.skipped)
		rc = -EMSGSIZE;
	if (rc >= 0)
		rc = pier_frame_detach(frame);
	if (rc >= 0)
		rc = (int)pier_read_full(
			ends.reader, rest, sizeof(REST) - 1, PIER_FOREVER);
	if (rc >= 0 && strcmp(rest, REST) != 0)
		rc = -EBADMSG;
	if (rc >= 0)
		rc = (int)pier_read(ends.reader, rest, 1, PIER_FOREVER);
	bed.reader_rc = rc;
	return 0;
}

static void
play(uint64_t seed, bool tcp)
{
	const char *kind = kinds[seed % KINDS];

	memset(&bed, 0, sizeof(bed));
	ends.chance = seed;
	assert_int_equal(pier_frame_parse(&bed.framing, kind), 0);
	make_up();
	two_ends_play(tcp, writer, reader);
	if (bed.writer_rc != 0 || bed.reader_rc != 0 ||
		bed.received != MESSAGES)
		fail_msg(
			"seed %llu, %s: writer %s after %u, reader %s after %u",
			(unsigned long long)seed, kind,
			pier_error_name(bed.writer_rc), bed.sent,
			pier_error_name(bed.reader_rc), bed.received);
}

static void
play_all(bool tcp)
{
	unsigned sending = 0, receiving = 0, skipping = 0;

	for (uint64_t seed = 1; seed <= seeds(8 * KINDS); seed++) {
		play(seed, tcp);
		sending += bed.send_deadlines;
		receiving += bed.recv_deadlines;
		skipping += bed.skipped;
	}
	/* They did pass in the middle, and some were passed over. */
	assert_true(sending > seeds(8 * KINDS) / 8);
	assert_true(receiving > seeds(8 * KINDS) / 8);
	assert_true(skipping > seeds(8 * KINDS) / 8);
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
