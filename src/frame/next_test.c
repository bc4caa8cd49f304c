/* SPDX-License-Identifier: MIT */
/*
 * Messages that are longer than what a stream reads ahead, gathered in a buffer
 * of the frame's own: received, given back, and passed over where they are too
 * long or wrong, with what comes behind them in the same pieces.
 */
#include "frame/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <pier.h>

#include "frame/memory_stream.h"
#include "scale.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct memory_stream memory;
static struct pier_frame *frame;
static unsigned char big[1000000], sent[600000];

static void
begin(const char *text, size_t max, size_t size, size_t piece)
{
	struct pier_framing framing;

	assert_int_equal(pier_frame_parse(&framing, text), 0);
	framing.max = max;
	framing.overlong = PIER_FRAME_SKIP;
	memory_open(&memory, big, size, piece);
	assert_int_equal(
		pier_frame_attach(&frame, &memory.stream, &framing), 0);
}

static void
end(void)
{
	assert_int_equal(pier_frame_detach(frame), 0);
	pier_close(&memory.stream);
}

static int
receive(bool views, const unsigned char **data, size_t *length)
{
	static unsigned char buf[sizeof(big)];
	const void *at = NULL;
	int rc;

	memory.stalled = false;
	if (views) {
		rc = pier_frame_view(frame, &at, length, PIER_FOREVER);
		*data = at;
		return rc;
	}
	*data = buf;
	return pier_frame_recv(frame, buf, sizeof(buf), length, PIER_FOREVER);
}

/* Bytes that no kind takes for an end. */
static void
fill_sent(void)
{
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (unsigned char)('a' + i * 7 % 23);
}

/* As long a message as a stream does not read ahead, in three kinds: its end
   known, looked for, and decoded; twice, with others between. */
static size_t
make_long(const char *text, size_t size)
{
	struct pier_framing framing;
	size_t used = 0;
	ssize_t n;

	assert_int_equal(pier_frame_parse(&framing, text), 0);
	for (size_t i = 0; i < 6; i++) {
		size_t length = i % 3 == 1 ? size : 3;

		n = pier_frame_encode(
			&framing, big + used, sizeof(big) - used, sent, length);
		assert_true(n > 0);
		used += (size_t)n;
	}
	return used;
}

static void
receives_long(const char *text, size_t size, size_t piece, bool stalls)
{
	size_t used = make_long(text, size), length;
	const unsigned char *data;
	int rc;

	begin(text, 0, used, piece);
	memory.stalls = stalls;
	for (size_t i = 0; i < 6; i++) {
		size_t expected = i % 3 == 1 ? size : 3;

		do {
			rc = receive(i > 2, &data, &length);
		} while (rc == -PIER_EDEADLINE);
		if (rc != 1 || length != expected)
			fail_msg("%s by %zu: %zu: %d, %zu", text, piece, i, rc,
				length);
		assert_memory_equal(data, sent, length);
	}
	assert_int_equal(receive(true, &data, &length), 0);
	end();
}

static const char *const long_kinds[] = { "line", "delim:--", "escape",
	"base64", "announce", "u32be", "netstring", "slip", "cobs" };

static void
receives_messages_longer_than_a_buffer(void **state)
{
	static const size_t sizes[] = { 65530, 65535, 65536, 69626, 69631,
		69632, 74000, 100000 };
	static const size_t pieces[] = { 1000, 4096, 69631, 1000000 };

	(void)state;
	fill_sent();
	for (size_t i = 0; i < COUNT(long_kinds); i++)
		for (size_t j = 0; j < COUNT(sizes);
			j += (size_t)test_scale(1, 3))
			for (size_t k = 0; k < COUNT(pieces); k++)
				receives_long(long_kinds[i], sizes[j],
					pieces[k], (j & 1) != 0);
}

/* Cut off in a long message, at every place that matters: what came of it is
   given back in one piece. */
static void
gives_back_a_part_of_a_long_one(void **state)
{
	static const size_t cuts[] = { 69631, 69632, 69633, 73728, 73729,
		90000 };

	(void)state;
	fill_sent();
	for (size_t i = 0; i < COUNT(long_kinds); i++) {
		for (size_t j = 0; j < COUNT(cuts); j++) {
			struct pier_framing framing;
			const unsigned char *data;
			size_t length;

			assert_int_equal(
				pier_frame_parse(&framing, long_kinds[i]), 0);
			assert_true(
				pier_frame_encode(&framing, big, sizeof(big),
					sent, 100000) > 100000);
			begin(long_kinds[i], 0, cuts[j], 4096);
			assert_int_equal(
				receive(true, &data, &length), -PIER_EEND);
			assert_int_equal(pier_last_error()->done,
				cuts[j] - (framing.kind == PIER_FRAME_SLIP));
			assert_int_equal(pier_frame_detach(frame), 0);
			assert_int_equal(
				pier_read_full(&memory.stream, sent + 200000,
					cuts[j] - (framing.kind ==
							  PIER_FRAME_SLIP),
					PIER_NOW),
				cuts[j] - (framing.kind == PIER_FRAME_SLIP));
			assert_memory_equal(sent + 200000,
				big + (framing.kind == PIER_FRAME_SLIP),
				cuts[j] - (framing.kind == PIER_FRAME_SLIP));
			pier_close(&memory.stream);
		}
	}
}

/* ---- What is passed over ---------------------------------------------- */

/* Where the reader's limit is, and what lies on each side of it. */
#define TAKEN    74000
#define TOO_LONG 75000

enum what {
	SHORT,
	LONG, /* longer than what a stream reads ahead, and taken */
	PAST, /* too long, by little or by much */
	FAR_PAST,
	WRONG /* long, and no such message can be */
};

static const size_t lengths[] = { [SHORT] = 3,
	[LONG] = 73000,
	[PAST] = TOO_LONG,
	[FAR_PAST] = 200000,
	[WRONG] = 72000 };

/* Several behind each other in every order that matters: what is gathered in
   the frame's buffer meets what is dropped from it. */
static const enum what order[] = { LONG, PAST, SHORT, SHORT, SHORT, LONG, WRONG,
	SHORT, SHORT, LONG, FAR_PAST, SHORT, PAST, PAST, SHORT, SHORT };

/* Kinds that find an end behind what is wrong, and what makes it so when it
   takes the place of the byte at a place: of cobs it is the last code. */
static const struct {
	const char *text;
	bool resyncs;
	unsigned char wrong;
	size_t at;
} kinds[] = { { "line", false, 0, 0 }, { "line:crlf", false, 0, 0 },
	{ "delim:--", false, 0, 0 }, { "announce", false, 0, 0 },
	{ "u32be", false, 0, 0 }, { "u64le", false, 0, 0 },
	{ "varint", false, 0, 0 }, { "decimal:6", false, 0, 0 },
	{ "netstring", false, 0, 0 }, { "escape", true, '\\', 30000 },
	{ "escape:END", true, '\\', 30000 }, { "base64", true, '-', 30000 },
	{ "slip", true, 0xdb, 30000 },
	{ "cobs", true, 0xff, 72000 / 254 * 255 } };

/* All of them as they are sent. How many bytes. */
static size_t
make_stream(size_t kind)
{
	struct pier_framing framing;
	size_t used = 0, i;
	ssize_t n;

	assert_int_equal(pier_frame_parse(&framing, kinds[kind].text), 0);
	for (i = 0; i < COUNT(order); i++) {
		if (order[i] == WRONG && !kinds[kind].resyncs)
			continue;
		n = pier_frame_encode(&framing, big + used, sizeof(big) - used,
			sent, lengths[order[i]]);
		assert_true(n > 0);
		if (order[i] == WRONG)
			big[used + kinds[kind].at] = kinds[kind].wrong;
		used += (size_t)n;
	}
	return used;
}

static void
expect_next(size_t kind, size_t i, bool views, size_t piece)
{
	const unsigned char *data;
	size_t length = 0;
	int rc;

	do {
		rc = receive(views, &data, &length);
	} while (rc == -PIER_EDEADLINE);
	if (order[i] == WRONG) {
		if (rc != -PIER_EFRAME)
			fail_msg("%s by %zu, %zu: %d", kinds[kind].text, piece,
				i, rc);
		return;
	}
	if (rc != 1 || length != lengths[order[i]])
		fail_msg("%s by %zu, %zu: %d, %zu", kinds[kind].text, piece, i,
			rc, length);
	assert_memory_equal(data, sent, length);
}

static void
passes_over(size_t kind, size_t piece, bool views, bool stalls)
{
	const unsigned char *data;
	size_t length, i;
	unsigned skipped = 0;

	begin(kinds[kind].text, TAKEN, make_stream(kind), piece);
	memory.stalls = stalls;
	for (i = 0; i < COUNT(order); i++) {
		if (order[i] == PAST || order[i] == FAR_PAST)
			skipped++;
		else if (order[i] != WRONG || kinds[kind].resyncs)
			expect_next(kind, i, views, piece);
	}
	memory.stalls = false;
	assert_int_equal(receive(views, &data, &length), 0);
	assert_int_equal(pier_frame_skipped(frame), skipped);
	end();
}

static void
passes_over_what_is_too_long_or_wrong(void **state)
{
	static const size_t pieces[] = { 997, 4096, 4097, 69631, 69633,
		1000000 };

	(void)state;
	fill_sent();
	for (size_t i = 0; i < COUNT(kinds); i++)
		for (size_t j = 0; j < COUNT(pieces) * 4;
			j += (size_t)test_scale(1, 5))
			passes_over(
				i, pieces[j / 4], (j & 1) != 0, (j & 2) != 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(receives_messages_longer_than_a_buffer),
		cmocka_unit_test(gives_back_a_part_of_a_long_one),
		cmocka_unit_test(passes_over_what_is_too_long_or_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
