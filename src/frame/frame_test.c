/* SPDX-License-Identifier: MIT */
/*
 * A framing on a stream: messages out of pieces of any size, with deadlines that
 * pass between them; what is too long or malformed; what is given back; what is
 * sent, and in which steps.
 */
#include "frame/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pier.h>

#include "frame/memory_stream.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES(text)  text, sizeof(text) - 1

static struct memory_stream memory;
static struct pier_frame *frame;
static unsigned char big[600000], sent[600000];

enum how {
	RECV,
	VIEW,
	MANY
};

static void
attach(const struct pier_framing *framing)
{
	frame = NULL;
	assert_int_equal(pier_frame_attach(&frame, &memory.stream, framing), 0);
	assert_ptr_equal(pier_frame_stream(frame), &memory.stream);
}

static void
attach_text(const char *text, size_t max, enum pier_frame_overlong overlong)
{
	struct pier_framing framing;

	assert_int_equal(pier_frame_parse(&framing, text), 0);
	framing.max = max;
	framing.overlong = overlong;
	attach(&framing);
}

static void
begin(const char *text, const void *in, size_t size, size_t piece)
{
	memory_open(&memory, in, size, piece);
	attach_text(text, 0, PIER_FRAME_REFUSE);
}

static void
end(void)
{
	assert_int_equal(pier_frame_detach(frame), 0);
	assert_null(memory.stream.attachment);
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

/* The same, several at once. How many, as the call said. */
static int
transcript_many(char *out, size_t room, size_t *used)
{
	struct iovec list[3];
	int i, n;

	memory.stalled = false;
	n = pier_frame_view_many(frame, list, 3, PIER_FOREVER);
	for (i = 0; i < n; i++)
		*used += (size_t)snprintf(out + *used, room - *used, "[%.*s]",
			(int)list[i].iov_len, (const char *)list[i].iov_base);
	return n > 0 ? 1 : n;
}

/* Without the PIER_. */
static const char *
name_of(int rc)
{
	const char *name = pier_error_name(rc);

	return strncmp(name, "PIER_", 5) == 0 ? name + 5 : name;
}

/* Everything that is received, a word each: a message in brackets, the name of
   an error, "." for the end. Deadlines that pass are not told. */
static void
transcript(char *out, size_t room, enum how how)
{
	size_t used = 0, length;
	const unsigned char *data;
	int rc, last = 0;

	do {
		rc = how == MANY ? transcript_many(out, room, &used)
				 : receive(how == VIEW, &data, &length);
		if (rc == -PIER_EDEADLINE)
			continue;
		if (rc == 1 && how != MANY)
			used += (size_t)snprintf(out + used, room - used,
				"[%.*s]", (int)length, (const char *)data);
		else if (rc <= 0)
			used += (size_t)snprintf(out + used, room - used, "%s",
				rc == 0 ? "." : name_of(rc));
		if (rc < 0 && rc == last)
			return;
		last = rc;
	} while (rc != 0);
}

static const struct {
	const char *framing;
	size_t max;
	bool skips;
	const char *in;
	size_t size;
	const char *says;
} streams[] = {
	{ "line", 0, false, BYTES("one\ntwo\r\n\nthree\n"),
		"[one][two][][three]." },
	{ "line", 0, false, BYTES(""), "." },
	{ "line", 0, false, BYTES("one\ntw"), "[one]EENDEEND" },
	{ "line", 4, true, BYTES("four\nfiver\nsix\nseventeen\n"),
		"[four][six]." },
	{ "line", 4, true, BYTES("fiver\r\n\r\nfour\r\nfive5"),
		"[][four]EENDEEND" },
	{ "nul", 0, false, BYTES("a\nb\0\0c\0"), "[a\nb][][c]." },
	{ "delim:--", 0, false, BYTES("a-b--c----d--"), "[a-b][c][][d]." },
	{ "delim:aab", 3, true, BYTES("xaaabyyyyyyaabzaab"), "[xa][z]." },
	{ "fixed:3", 0, false, BYTES("abcdef"), "[abc][def]." },
	{ "fixed:3", 0, false, BYTES("abcd"), "[abc]EENDEEND" },
	{ "escape", 0, false, BYTES("a\\\nb\\\\\n\nc\n"), "[a\nb\\][][c]." },
	{ "escape", 0, false, BYTES("a\nb\\c\\\nd\ne\n"), "[a]EFRAME[e]." },
	{ "escape:ab", 0, false, BYTES("xabyacab\\azab"), "[x]EFRAME[az]." },
	{ "escape", 2, true, BYTES("ab\nabc\\\n\\x\nd\n"), "[ab][d]." },
	{ "base64", 0, false, BYTES("SGkh\n\nSGk=\n"), "[Hi!][][Hi]." },
	{ "base64", 0, false, BYTES("SGkh\nSGk\nS-kh\nSGk=\n"),
		"[Hi!]EFRAMEEFRAME" },
	{ "base64:;", 3, true, BYTES("SGkh;SGkhIQ==;SGkhSGkhSGkh;SGk=;"),
		"[Hi!][Hi]." },
	{ "announce", 0, false, BYTES(".\na\n.--\nb.\n--X\nX"),
		"[a\n][b.\n][]." },
	{ "announce", 2, true, BYTES("END\nabcdeEND--\nab--"), "[ab]." },
	{ "announce", 0, false, BYTES("x\ny"), "EENDEEND" },
	{ "u8", 0, false, BYTES("\3abc\0\1d"), "[abc][][d]." },
	{ "u8", 3, true, BYTES("\4abcd\3efg\5hijkl"), "[efg]." },
	{ "u16be", 0, false, BYTES("\0\2ab\0\0\0\1c"), "[ab][][c]." },
	{ "u32le", 3, true, BYTES("\4\0\0\0abcd\1\0\0\0e"), "[e]." },
	{ "u32be", 0, false, BYTES("\0\0\0\2a"), "EENDEEND" },
	{ "u32be", 0, false, BYTES("\0\0\0"), "EENDEEND" },
	{ "u64be", 3, false, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"),
		"EMSGSIZEEMSGSIZE" },
	{ "varint", 0, false, BYTES("\3abc\0\1d"), "[abc][][d]." },
	{ "varint", 0, false, BYTES("\1a\x80\0"), "[a]EFRAMEEFRAME" },
	{ "decimal:3", 0, false, BYTES("003abc  1d2  ef"), "[abc][d][ef]." },
	{ "decimal:3", 2, true, BYTES("003abc002de"), "[de]." },
	{ "netstring", 0, false, BYTES("3:abc,0:,1:d,"), "[abc][][d]." },
	{ "netstring", 2, true, BYTES("3:abc,2:de,12:123456789012,"), "[de]." },
	{ "netstring", 2, true, BYTES("3:abc;2:de,"), "EFRAMEEFRAME" },
	{ "netstring", 2, true, BYTES("3:abc"), "EENDEEND" },
	{ "netstring", 0, false, BYTES("1:a,1:b;"), "[a]EFRAMEEFRAME" },
	{ "slip", 0, false,
		BYTES("\xc0"
		      "ab\xc0\xc0\xc0"
		      "c\xdb\xdc\xc0"),
		"[ab][c\xc0]." },
	{ "slip", 0, false,
		BYTES("a\xdb"
		      "bc\xc0"
		      "d\xc0"),
		"EFRAME[d]." },
	{ "slip", 2, true,
		BYTES("abc\xc0"
		      "d\xdb\xff\xc0"
		      "e\xc0"),
		"EFRAME[e]." },
	/* It is too long before it is looked at more closely. */
	{ "slip", 2, true,
		BYTES("\xdb\xff\xdb\xff\xdb\xc0"
		      "e\xc0"),
		"[e]." },
	{ "cobs", 0, false, BYTES("\0\3ab\0\0\1\0\2c\0"), "[ab][][c]." },
	{ "cobs", 0, false, BYTES("\4ab\0\2c\0"), "EFRAME[c]." },
	{ "cobs", 2, true, BYTES("\4abc\0\6abcde\0\3de\0"), "[de]." },
};

/* However the bytes come, and whatever deadlines pass between them; by the quick
   way too, where there is one. */
static void
says_the_same_of_any_pieces(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 1000 };

	(void)state;
	for (size_t i = 0; i < COUNT(streams); i++) {
		for (size_t j = 0; j < COUNT(pieces) * 12; j++) {
			char said[256];

			memory_open(&memory, streams[i].in, streams[i].size,
				pieces[j / 12]);
			memory.stalls = (j & 1) != 0;
			if ((j & 2) != 0)
				atomic_store(&memory.stream.odd, 0);
			attach_text(streams[i].framing, streams[i].max,
				streams[i].skips ? PIER_FRAME_SKIP
						 : PIER_FRAME_REFUSE);
			transcript(said, sizeof(said), j / 4 % 3);
			if (strcmp(said, streams[i].says) != 0)
				fail_msg("%zu by %zu: %s: \"%s\"", i,
					pieces[j / 12], streams[i].framing,
					said);
			end();
		}
	}
}

static void
counts_what_it_skips(void **state)
{
	char said[64];

	(void)state;
	memory_open(&memory, BYTES("abc\nd\nefg\nh\n"), 2);
	attach_text("line", 2, PIER_FRAME_SKIP);
	assert_int_equal(pier_frame_skipped(frame), 0);
	transcript(said, sizeof(said), VIEW);
	assert_string_equal(said, "[d][h].");
	assert_int_equal(pier_frame_skipped(frame), 2);
	end();
	/* What is malformed is told of, and is not counted. */
	memory_open(&memory, BYTES("a\\b\nd\n"), 2);
	attach_text("escape", 2, PIER_FRAME_SKIP);
	transcript(said, sizeof(said), VIEW);
	assert_string_equal(said, "EFRAME[d].");
	assert_int_equal(pier_frame_skipped(frame), 0);
	end();
}

static void
expect_detail(const char *detail, enum pier_step step, size_t done)
{
	const struct pier_error *error = pier_last_error();

	if (strcmp(error->detail, detail) != 0)
		fail_msg("%s", error->detail);
	assert_int_equal(error->step, step);
	assert_int_equal(error->done, done);
}

/* How much of the message there is, and what is wrong with it. */
static void
tells_what_it_met(void **state)
{
	size_t length;
	char buf[4];

	(void)state;
	begin("netstring", BYTES("5:hel"), 100);
	memory.stalls = true;
	assert_int_equal(pier_frame_recv(frame, buf, 4, &length, pier_in_s(9)),
		-PIER_EDEADLINE);
	expect_detail("", PIER_STEP_RECEIVE, 5);
	memory.stalled = false;
	assert_int_equal(
		pier_frame_recv(frame, buf, 4, &length, PIER_NOW), -PIER_EEND);
	expect_detail("in the middle of a message, of which 5 bytes are there",
		PIER_STEP_FRAME, 5);
	end();

	begin("netstring", BYTES("5;"), 100);
	assert_int_equal(pier_frame_recv(frame, buf, 4, &length, PIER_FOREVER),
		-PIER_EFRAME);
	expect_detail("a digit or ':' was expected, not ';', at byte 1 of the "
		      "message",
		PIER_STEP_FRAME, 0);
	end();

	begin("u32be", BYTES("\x7f\xff\xff\xff"), 100);
	assert_int_equal(pier_frame_recv(frame, buf, 4, &length, PIER_FOREVER),
		-EMSGSIZE);
	expect_detail("a message of 2147483647 bytes: at most 1048576",
		PIER_STEP_FRAME, 0);
	end();

	memory_open(&memory, BYTES("\0\x01\x02\x03"), 100);
	attach_text("nul", 2, PIER_FRAME_REFUSE);
	assert_int_equal(
		pier_frame_recv(frame, buf, 4, &length, PIER_FOREVER), 1);
	assert_int_equal(length, 0);
	assert_int_equal(pier_frame_recv(frame, buf, 4, &length, PIER_FOREVER),
		-EMSGSIZE);
	expect_detail("a message of more than 2 bytes", PIER_STEP_FRAME, 0);
	end();
}

/* A message stays until there is room for it. */
static void
keeps_what_has_no_room(void **state)
{
	static const struct {
		const char *framing;
		const char *in;
		size_t size;
	} kinds[] = {
		{ "line", BYTES("hello\nHi\n") },
		{ "escape:h", BYTES("\\hellohHih") },
		{ "u8", BYTES("\5hello\2Hi") },
		{ "base64", BYTES("aGVsbG8=\nSGk=\n") },
		{ "cobs", BYTES("\6hello\0\3Hi\0") },
	};
	char buf[8];
	size_t length = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		begin(kinds[i].framing, kinds[i].in, kinds[i].size, 3);
		assert_int_equal(
			pier_frame_recv(frame, buf, 4, &length, PIER_FOREVER),
			-ENOSPC);
		expect_detail("a message of 5 bytes", PIER_STEP_FRAME, 0);
		assert_int_equal(length, 77);
		assert_true(memory.stream.attachment->ready > 0);
		assert_int_equal(
			pier_frame_recv(frame, buf, 5, &length, PIER_FOREVER),
			1);
		assert_int_equal(length, 5);
		assert_memory_equal(buf, "hello", 5);
		assert_int_equal(
			pier_frame_recv(frame, buf, 2, &length, PIER_FOREVER),
			1);
		assert_int_equal(length, 2);
		assert_memory_equal(buf, "Hi", 2);
		length = 77;
		end();
	}
}

static void
lends_many_at_once(void **state)
{
	struct iovec list[4];

	(void)state;
	begin("line", BYTES("one\ntwo\nthree\nfour\nfive\n"), 100);
	assert_int_equal(pier_frame_view_many(frame, list, 0, PIER_NOW), 0);
	assert_int_equal(pier_frame_view_many(frame, list, 4, PIER_NOW), 4);
	/* All of them lie where they were read. */
	assert_int_equal(list[3].iov_len, 4);
	assert_memory_equal(list[0].iov_base, "one\ntwo\nthree\nfour", 18);
	assert_ptr_equal(list[3].iov_base, (char *)list[0].iov_base + 14);
	assert_int_equal(pier_frame_view_many(frame, list, 4, PIER_NOW), 1);
	assert_memory_equal(list[0].iov_base, "five", 4);
	assert_int_equal(pier_frame_view_many(frame, list, 4, PIER_NOW), 0);
	end();
	/* What is detached goes on behind them. */
	begin("cobs", BYTES("\2a\0\2b\0\3a"), 100);
	assert_int_equal(pier_frame_view_many(frame, list, 4, PIER_NOW), 2);
	assert_int_equal(pier_frame_detach(frame), 0);
	assert_int_equal(pier_buffered(&memory.stream), 2);
	pier_close(&memory.stream);
	/* The one that is wrong is as it was when it is come to. */
	begin("base64", BYTES("YQ==\nYWJjZGV-\n"), 100);
	assert_int_equal(pier_frame_view_many(frame, list, 4, PIER_NOW), 1);
	assert_int_equal(
		pier_frame_view_many(frame, list, 4, PIER_NOW), -PIER_EFRAME);
	expect_detail("base64 was expected, not '-', at byte 7 of the message",
		PIER_STEP_FRAME, 0);
	end();
}

/* ---- Detaching -------------------------------------------------------- */

static void
expect_rest(const char *text)
{
	char buf[64];
	size_t size = strlen(text);

	memory.stalled = false;
	memory.stalls = false;
	assert_int_equal(
		pier_read_full(&memory.stream, buf, size, PIER_NOW), size);
	assert_memory_equal(buf, text, size);
}

/* The stream goes on behind the last message, wherever the bytes were. */
static void
gives_back_what_it_did_not_use(void **state)
{
	const void *data;
	size_t length;

	(void)state;
	begin("line", BYTES("one\ntwo\nthree"), 100);
	assert_int_equal(
		pier_frame_view(frame, &data, &length, PIER_FOREVER), 1);
	assert_int_equal(pier_frame_detach(frame), 0);
	assert_int_equal(pier_buffered(&memory.stream), 9);
	expect_rest("two\nthree");
	pier_close(&memory.stream);

	/* In the middle of a message, after a deadline. */
	begin("netstring", BYTES("3:one,5:hello,"), 9);
	memory.stalls = true;
	assert_int_equal(
		pier_frame_view(frame, &data, &length, PIER_FOREVER), 1);
	assert_int_equal(pier_frame_view(frame, &data, &length, PIER_FOREVER),
		-PIER_EDEADLINE);
	assert_int_equal(pier_frame_detach(frame), 0);
	expect_rest("5:hello,");
	pier_close(&memory.stream);

	/* What was refused. */
	begin("netstring", BYTES("bad,"), 2);
	assert_int_equal(pier_frame_view(frame, &data, &length, PIER_FOREVER),
		-PIER_EFRAME);
	assert_int_equal(pier_frame_detach(frame), 0);
	expect_rest("bad,");
	/* And another framing may begin. */
	attach_text("line", 0, PIER_FRAME_REFUSE);
	end();
}

static void
begins_with_what_was_read_ahead(void **state)
{
	const void *data;
	size_t length;
	char c;

	(void)state;
	memory_open(&memory, BYTES("xone\ntwo"), 100);
	assert_int_equal(pier_peek(&memory.stream, &data, 1, PIER_NOW), 8);
	assert_int_equal(pier_read(&memory.stream, &c, 1, PIER_NOW), 1);
	attach_text("line", 0, PIER_FRAME_REFUSE);
	assert_int_equal(pier_frame_view(frame, &data, &length, PIER_NOW), 1);
	assert_int_equal(length, 3);
	assert_memory_equal(data, "one", 3);
	end();
}

/* ---- Sending ---------------------------------------------------------- */

static void
open_writer(const char *text, size_t room)
{
	memory_open(&memory, "", 0, 1);
	memory.out = big;
	memory.out_room = room;
	attach_text(text, 0, PIER_FRAME_REFUSE);
}

/* Nothing goes before it has to; then all goes at once. */
static void
gathers_short_messages(void **state)
{
	(void)state;
	open_writer("u16be", 1000);
	assert_int_equal(pier_frame_send(frame, "one", 3, PIER_FOREVER), 0);
	assert_int_equal(pier_frame_send(frame, "", 0, PIER_FOREVER), 0);
	assert_int_equal(pier_frame_send(frame, NULL, 0, PIER_FOREVER), 0);
	assert_int_equal(pier_frame_send(frame, "two", 3, pier_in_s(1)), 0);
	assert_int_equal(memory.out_size, 0);
	assert_int_equal(pier_gathered(&memory.stream), 14);
	assert_int_equal(pier_flush(&memory.stream, PIER_NOW), 0);
	assert_int_equal(memory.out_size, 14);
	assert_memory_equal(big, "\0\3one\0\0\0\0\0\3two", 14);
	end();
}

/* A short one goes whole or not at all, however little room there is. */
static void
keeps_short_messages_whole(void **state)
{
	int sent_count = 0, rc;

	(void)state;
	memset(sent, 'x', 1000);
	open_writer("u16be", 0);
	while ((rc = pier_frame_send(frame, sent, 1000, pier_in_s(1))) == 0)
		sent_count++;
	assert_int_equal(rc, -PIER_EDEADLINE);
	assert_int_equal(pier_last_error()->done, 0);
	assert_int_equal(sent_count, PIER__GATHER_MAX / 1002);
	/* Another one may be next. */
	memory.out_room = sizeof(big);
	assert_int_equal(pier_frame_send(frame, "one", 3, PIER_NOW), 0);
	assert_int_equal(pier_flush(&memory.stream, PIER_NOW), 0);
	assert_int_equal(memory.out_size, (size_t)sent_count * 1002 + 5);
	end();
}

/* A long one goes on where its deadline met it, at any place. */
static void
sends_long(const char *text, size_t size, size_t step)
{
	struct pier_framing framing;
	size_t expected;
	unsigned tries = 0;
	int rc;

	assert_int_equal(pier_frame_parse(&framing, text), 0);
	expected = (size_t)pier_frame_encode(
		&framing, big + 300000, sizeof(big) - 300000, sent, size);
	open_writer(text, 0);
	assert_int_equal(pier_frame_send(frame, sent, 5, PIER_NOW), 0);
	do {
		memory.out_room += step;
		rc = pier_frame_send(frame, sent, size, pier_in_s(1));
		tries++;
	} while (rc == -PIER_EDEADLINE && tries < 100000);
	assert_int_equal(rc, 0);
	assert_true(tries > 2);
	memory.out_room = 300000;
	assert_int_equal(pier_flush(&memory.stream, PIER_NOW), 0);
	assert_true(memory.out_size > expected);
	assert_memory_equal(
		big + memory.out_size - expected, big + 300000, expected);
	end();
}

static void
goes_on_with_a_long_message(void **state)
{
	static const char *const kinds[] = { "line", "delim:--", "escape",
		"base64", "announce", "u32be", "netstring", "decimal:9", "slip",
		"cobs" };

	(void)state;
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (unsigned char)('a' + i * 7 % 23);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		sends_long(kinds[i], 20000, 1);
		sends_long(kinds[i], 100000, 777);
	}
}

static void
knows_the_message_that_is_half_sent(void **state)
{
	(void)state;
	memset(sent, 'x', 20000);
	open_writer("u32be", 10);
	assert_int_equal(pier_frame_send(frame, sent, 20000, pier_in_s(1)),
		-PIER_EDEADLINE);
	assert_int_equal(pier_last_error()->done, 10);
	assert_int_equal(pier_last_error()->step, PIER_STEP_SEND);
	assert_int_equal(pier_frame_send(frame, sent, 5, PIER_NOW), -EINVAL);
	expect_detail("a message of 20000 bytes is half sent, and this has 5",
		PIER_STEP_FRAME, 0);
	assert_int_equal(
		pier_frame_send(frame, sent, 20000, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_frame_detach(frame), -EBUSY);
	expect_detail("a message is half sent", PIER_STEP_SEND, 10);
	pier_close(&memory.stream);
}

static void
refuses_before_the_first_byte(void **state)
{
	(void)state;
	memset(sent, 'x', 70000);
	open_writer("u16be", 1000);
	assert_int_equal(
		pier_frame_send(frame, sent, 65536, PIER_NOW), -EMSGSIZE);
	expect_detail(
		"a message of 65536 bytes: at most 65535", PIER_STEP_FRAME, 0);
	assert_int_equal(pier_gathered(&memory.stream), 0);
	end();
	open_writer("line", 1000);
	sent[69999] = '\n';
	assert_int_equal(
		pier_frame_send(frame, sent, 70000, PIER_NOW), -EINVAL);
	assert_int_equal(pier_frame_send(frame, "a\nb", 3, PIER_NOW), -EINVAL);
	assert_int_equal(pier_frame_send(frame, "a\r", 2, PIER_NOW), -EINVAL);
	assert_int_equal(memory.out_size, 0);
	assert_int_equal(pier_gathered(&memory.stream), 0);
	end();
}

/* ---- Attaching -------------------------------------------------------- */

static void
is_attached_once(void **state)
{
	struct pier_framing framing = { .kind = PIER_FRAME_LINE };
	struct pier_frame *other = NULL;

	(void)state;
	begin("line", BYTES("x\n"), 1);
	assert_int_equal(
		pier_frame_attach(&other, &memory.stream, &framing), -EBUSY);
	assert_null(other);
	framing.kind = 99;
	end();
	memory_open(&memory, "", 0, 1);
	assert_int_equal(
		pier_frame_attach(&other, &memory.stream, &framing), -EINVAL);
	assert_null(memory.stream.attachment);
	pier_close(&memory.stream);
	assert_int_equal(pier_frame_detach(NULL), 0);
}

/* Also with a message on loan, or half received. */
static void
ends_with_its_stream(void **state)
{
	const void *data;
	size_t length;

	(void)state;
	begin("u8", BYTES("\3one\3tw"), 100);
	assert_int_equal(
		pier_frame_view(frame, &data, &length, PIER_FOREVER), 1);
	pier_close(&memory.stream);
	begin("u8", BYTES("\3one\3tw"), 100);
	assert_int_equal(
		pier_frame_view(frame, &data, &length, PIER_FOREVER), 1);
	assert_int_equal(pier_frame_view(frame, &data, &length, PIER_FOREVER),
		-PIER_EEND);
	pier_close(&memory.stream);
}

/* Nothing of it is read any more once its reading half is shut. */
static void
minds_a_half_that_is_shut(void **state)
{
	const void *data;
	size_t length;

	(void)state;
	begin("u8", BYTES("\3one\3two"), 100);
	assert_int_equal(
		pier_frame_view(frame, &data, &length, PIER_FOREVER), 1);
	assert_int_equal(
		pier_shutdown(&memory.stream, PIER_READING, PIER_FOREVER), 0);
	assert_int_equal(pier_frame_view(frame, &data, &length, PIER_FOREVER),
		-PIER_EDONE);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_the_same_of_any_pieces),
		cmocka_unit_test(counts_what_it_skips),
		cmocka_unit_test(tells_what_it_met),
		cmocka_unit_test(keeps_what_has_no_room),
		cmocka_unit_test(lends_many_at_once),
		cmocka_unit_test(gives_back_what_it_did_not_use),
		cmocka_unit_test(begins_with_what_was_read_ahead),
		cmocka_unit_test(gathers_short_messages),
		cmocka_unit_test(keeps_short_messages_whole),
		cmocka_unit_test(goes_on_with_a_long_message),
		cmocka_unit_test(knows_the_message_that_is_half_sent),
		cmocka_unit_test(refuses_before_the_first_byte),
		cmocka_unit_test(is_attached_once),
		cmocka_unit_test(ends_with_its_stream),
		cmocka_unit_test(minds_a_half_that_is_shut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
