/* SPDX-License-Identifier: MIT */
/*
 * The wire form of each kind, byte by byte: what is sent, what is received of
 * the same and of other peers' forms, cut at every place; what is refused.
 */
#include "frame/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pier.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES(text)  text, sizeof(text) - 1

struct example {
	const char *framing;
	const char *data;
	size_t size;
	const char *wire;
	size_t wire_size;
};

/* What is sent. */
static const struct example examples[] = {
	{ "line", BYTES(""), BYTES("\n") },
	{ "line", BYTES("Hi!"), BYTES("Hi!\n") },
	{ "line", BYTES("a\rb\0c"), BYTES("a\rb\0c\n") },
	{ "line:crlf", BYTES("Hi!"), BYTES("Hi!\r\n") },
	{ "line:crlf", BYTES("cr\r"), BYTES("cr\r\r\n") },
	{ "nul", BYTES("a\nb"), BYTES("a\nb\0") },
	{ "delim:--", BYTES("a-b"), BYTES("a-b--") },
	{ "delim:--", BYTES(""), BYTES("--") },
	{ "delim:ab", BYTES("aa"), BYTES("aaab") },
	{ "fixed:4", BYTES("\0\1\2\3"), BYTES("\0\1\2\3") },
	{ "escape", BYTES("a\nb\\c"), BYTES("a\\\nb\\\\c\n") },
	{ "escape", BYTES(""), BYTES("\n") },
	{ "escape", BYTES("\\"), BYTES("\\\\\n") },
	{ "escape:\\0", BYTES("\0\n"), BYTES("\\\0\n\0") },
	{ "escape:\\r\\n", BYTES("\r\n \r"), BYTES("\\\r\n \\\r\r\n") },
	{ "escape:aab", BYTES("a"), BYTES("\\aaab") },
	{ "escape:aa", BYTES("a"), BYTES("\\aaa") },
	{ "escape:\\\\", BYTES("a\\b\x1b"), BYTES("a\x1b\\b\x1b\x1b\\") },
	{ "escape:\\\\.", BYTES("\\."), BYTES("\x1b\\.\\.") },
	{ "base64", BYTES(""), BYTES("\n") },
	{ "base64", BYTES("f"), BYTES("Zg==\n") },
	{ "base64", BYTES("foob\n"), BYTES("Zm9vYgo=\n") },
	{ "base64:--", BYTES("\xff\xff\xff"), BYTES("////--") },
	{ "base64:Zg=.", BYTES("f"), BYTES("Zg==Zg=.") },
	{ "u8", BYTES(""), BYTES("\0") },
	{ "u8", BYTES("hello"), BYTES("\5hello") },
	{ "u16le", BYTES("hello"), BYTES("\5\0hello") },
	{ "u16be", BYTES("hello"), BYTES("\0\5hello") },
	{ "u32le", BYTES("hello"), BYTES("\5\0\0\0hello") },
	{ "u32be", BYTES("hello"), BYTES("\0\0\0\5hello") },
	{ "u64le", BYTES("hello"), BYTES("\5\0\0\0\0\0\0\0hello") },
	{ "u64be", BYTES("hello"), BYTES("\0\0\0\0\0\0\0\5hello") },
	{ "varint", BYTES(""), BYTES("\0") },
	{ "varint", BYTES("hello"), BYTES("\5hello") },
	{ "decimal:6", BYTES("hello"), BYTES("000005hello") },
	{ "decimal:6:left", BYTES("hello"), BYTES("5     hello") },
	{ "decimal:6:right", BYTES("hello"), BYTES("     5hello") },
	{ "decimal:1", BYTES(""), BYTES("0") },
	{ "decimal:20:right", BYTES(""), BYTES("                   0") },
	{ "netstring", BYTES(""), BYTES("0:,") },
	{ "netstring", BYTES("hello world!"), BYTES("12:hello world!,") },
	{ "slip", BYTES("ab"),
		BYTES("\xc0"
		      "ab\xc0") },
	{ "slip", BYTES("\xc0\xdb\xdc"),
		BYTES("\xc0\xdb\xdc\xdb\xdd\xdc\xc0") },
	{ "cobs", BYTES(""), BYTES("\1\0") },
	{ "cobs", BYTES("\0"), BYTES("\1\1\0") },
	{ "cobs", BYTES("\x11\x22\0\x33"), BYTES("\3\x11\x22\2\x33\0") },
	{ "cobs", BYTES("\x11\0\0\0"), BYTES("\2\x11\1\1\1\0") },
};

/* Taken, but not sent so. */
static const struct example taken[] = {
	{ "line", BYTES("Hi!"), BYTES("Hi!\r\n") },
	{ "line:crlf", BYTES("Hi!"), BYTES("Hi!\n") },
	{ "line", BYTES(""), BYTES("\r\n") },
	{ "line", BYTES("\r"), BYTES("\r\r\n") },
	{ "announce", BYTES("Hi!"), BYTES(".\nHi!.") },
	{ "announce", BYTES(""), BYTES("END\nEND") },
	{ "announce", BYTES("aa"), BYTES("ab\naaab") },
	{ "announce:\\r\\n", BYTES("\n"), BYTES("\r\r\n\n\r") },
	{ "decimal:3", BYTES("hello"), BYTES("  5hello") },
	{ "decimal:3", BYTES("hello"), BYTES("5  hello") },
	{ "decimal:3:left", BYTES("hello"), BYTES("005hello") },
	{ "decimal:3:right", BYTES(""), BYTES("0  ") },
	{ "slip", BYTES("ab"), BYTES("ab\xc0") },
	{ "cobs", BYTES("a"), BYTES("\2a\0") },
};

static struct pier_framing
framing_of(const char *text)
{
	struct pier_framing framing;

	assert_int_equal(pier_frame_parse(&framing, text), 0);
	return framing;
}

static struct pier__wire
wire_of(const struct pier_framing *framing)
{
	struct pier__wire wire;
	struct pier__why why;

	assert_int_equal(
		pier__wire_of(&wire, framing, sizeof(*framing), &why), 0);
	return wire;
}

static void
sends_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		const struct example *one = &examples[i];
		struct pier_framing framing = framing_of(one->framing);
		unsigned char out[64];

		if (pier_frame_encode(&framing, out, sizeof(out), one->data,
			    one->size) != (ssize_t)one->wire_size ||
			memcmp(out, one->wire, one->wire_size) != 0)
			fail_msg("%zu: %s", i, one->framing);
		/* Exactly that much room is enough. */
		assert_int_equal(pier_frame_encode(&framing, out,
					 one->wire_size, one->data, one->size),
			one->wire_size);
		if (one->wire_size == 0)
			continue;
		assert_int_equal(
			pier_frame_encode(&framing, out, one->wire_size - 1,
				one->data, one->size),
			-ENOSPC);
	}
}

/* A heap block of its exact size: a look past it is seen by the sanitizer. */
static unsigned char *
exact(const void *bytes, size_t size)
{
	unsigned char *copy = malloc(size > 0 ? size : 1);

	assert_non_null(copy);
	if (size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

/* Fillers are skipped; what is found behind them. */
static enum pier__found
scan_cut(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *wire_form, size_t have, size_t *skipped)
{
	enum pier__found found = PIER__FOUND_PART;

	while (have > *skipped) {
		unsigned char *some =
			exact(wire_form + *skipped, have - *skipped);

		found = wire->ops->scan(wire, scan, some, have - *skipped);
		free(some);
		if (found != PIER__FOUND_FILLER)
			return found;
		*skipped += scan->size;
		found = PIER__FOUND_PART;
	}
	return found;
}

static void
check_message(const struct pier__wire *wire, struct pier__scan *scan,
	const struct example *one, size_t skipped)
{
	unsigned char *body =
		exact(one->wire + skipped + scan->head, scan->body);

	assert_int_equal(scan->length, one->size);
	assert_int_equal(scan->size, one->wire_size - skipped);
	/* In place, as a view has it. */
	if (wire->ops->decode != NULL)
		assert_true(wire->ops->decode(scan, body, body));
	assert_memory_equal(body, one->data, one->size);
	free(body);
}

/* Byte by byte, and each beginning on its own. */
static void
receive(const struct example *one)
{
	struct pier_framing framing = framing_of(one->framing);
	struct pier__wire wire = wire_of(&framing);
	struct pier__scan slow = { 0 };
	size_t skipped = 0, have;

	for (have = 0; have <= one->wire_size; have++) {
		struct pier__scan fresh = { 0 };
		size_t skipped_now = 0;
		enum pier__found found = scan_cut(&wire, &slow,
			(const unsigned char *)one->wire, have, &skipped);
		enum pier__found now = scan_cut(&wire, &fresh,
			(const unsigned char *)one->wire, have, &skipped_now);

		if (found != now || (found == PIER__FOUND_WHOLE) !=
					    (have == one->wire_size))
			fail_msg("%s: %d and %d after %zu bytes", one->framing,
				found, now, have);
		if (found == PIER__FOUND_WHOLE) {
			check_message(&wire, &fresh, one, skipped_now);
			check_message(&wire, &slow, one, skipped);
		}
	}
}

static void
receives_cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++)
		receive(&examples[i]);
	for (size_t i = 0; i < COUNT(taken); i++)
		receive(&taken[i]);
}

/* What no such message can be, after which byte that is known, which byte it is,
   and what was expected there. */
static void
refuses_what_is_malformed(void **state)
{
	static const struct {
		const char *framing;
		const char *wire;
		size_t size, at;
		const char *wrong;
	} wrong[] = {
		{ "escape", BYTES("a\\n"), 2, "'\\' or a terminator" },
		{ "escape:\\\\", BYTES("a\x1bn"), 2, "0x1b or a terminator" },
		{ "escape:\\r\\n", BYTES("a\rb"), 2, "the rest of the" },
		{ "escape:aab", BYTES("aaa"), 2, "the rest of the" },
		{ "announce", BYTES("\n"), 0, "an announced terminator of 1" },
		{ "varint", BYTES("\x80\0"), 1, "the shortest form" },
		{ "varint", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
			9, "a length of at most 64 bits" },
		{ "varint", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81"),
			9, "a length of at most 64 bits" },
		{ "decimal:3", BYTES("   "), 2, "a digit" },
		{ "decimal:3", BYTES(" 5 "), 2, "a digit" },
		{ "decimal:3", BYTES("-05"), 0, "a digit" },
		{ "decimal:3", BYTES("+05"), 0, "a digit" },
		{ "decimal:3", BYTES("5 5"), 2, "a digit" },
		{ "decimal:3", BYTES("05 "), 0, "a length without zeros" },
		{ "decimal:3", BYTES(" 05"), 1, "a length without zeros" },
		{ "decimal:3", BYTES("0x5"), 1, "a digit" },
		{ "decimal:20", BYTES("18446744073709551616"), 19,
			"a length of at most 64 bits" },
		{ "netstring", BYTES(":"), 0, "a digit" },
		{ "netstring", BYTES(" "), 0, "a digit" },
		{ "netstring", BYTES("-"), 0, "a digit" },
		{ "netstring", BYTES("00"), 1, "':' after a first 0" },
		{ "netstring", BYTES("05"), 1, "':' after a first 0" },
		{ "netstring", BYTES("5 "), 1, "a digit or ':'" },
		{ "netstring", BYTES("5;"), 1, "a digit or ':'" },
		{ "netstring", BYTES("3:abc."), 5, "',' after the data" },
		{ "netstring", BYTES("0:\n"), 2, "',' after the data" },
		{ "netstring", BYTES("18446744073709551616"), 19,
			"a length of at most 64 bits" },
		{ "slip",
			BYTES("a\xdb"
			      "b\xc0"),
			2, "0xdc or 0xdd after 0xdb" },
		{ "slip", BYTES("a\xdb\xc0"), 2, "0xdc or 0xdd" },
		{ "cobs", BYTES("\3a\0"), 2, "as many bytes as the code" },
		{ "cobs",
			BYTES("\2a\xff"
			      "b\0"),
			4, "as many bytes as the code" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct pier_framing framing = framing_of(wrong[i].framing);
		struct pier__wire wire = wire_of(&framing);
		struct pier__scan scan = { 0 };
		size_t have;

		for (have = 1; have < wrong[i].size; have++) {
			unsigned char *some = exact(wrong[i].wire, have);
			enum pier__found found =
				wire.ops->scan(&wire, &scan, some, have);

			free(some);
			if (found != PIER__FOUND_PART)
				fail_msg("%zu: %d after %zu", i, found, have);
		}
		if (wire.ops->scan(&wire, &scan,
			    (const unsigned char *)wrong[i].wire,
			    have) != PIER__FOUND_BAD ||
			scan.looked != wrong[i].at ||
			strstr(scan.wrong, wrong[i].wrong) != scan.wrong)
			fail_msg("%zu: at %zu: %s", i, scan.looked, scan.wrong);
	}
}

/* Base64 is looked at when it is decoded. */
static void
refuses_what_is_no_base64(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *wrong;
	} wrong[] = {
		{ "Zg=\n", 2, "base64 in groups of four" },
		{ "Zm9v Zm9v\n", 4, "base64" },
		{ "Zh==\n", 1, "base64" },
		{ "Zg==Zg==\n", 2, "base64" },
	};
	struct pier_framing framing = { .kind = PIER_FRAME_BASE64 };
	struct pier__wire wire = wire_of(&framing);

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct pier__scan scan = { 0 };
		size_t size = strlen(wrong[i].text);
		unsigned char *some = exact(wrong[i].text, size);

		assert_int_equal(wire.ops->scan(&wire, &scan, some, size),
			PIER__FOUND_WHOLE);
		assert_false(wire.ops->decode(&scan, some, some));
		assert_int_equal(scan.looked, wrong[i].at);
		assert_string_equal(scan.wrong, wrong[i].wrong);
		free(some);
	}
}

/* Messages of max bytes are taken, one more is not, and that is known as early
   as can be. */
static void
knows_its_limit(void **state)
{
	static const struct {
		const char *framing;
		const char *fits;
		size_t fits_size;
		const char *longer; /* begins a message of four bytes */
		size_t longer_size;
	} limits[] = {
		{ "line", BYTES("abc\n"), BYTES("abcde") },
		{ "line", BYTES("abc\r\n"), BYTES("abcd\n") },
		{ "nul", BYTES("abc\0"), BYTES("abcd") },
		{ "delim:--", BYTES("abc--"), BYTES("abcd-") },
		{ "escape", BYTES("\\\n\\\n\\\n\n"), BYTES("\\\n\\\n\\\nd") },
		{ "base64", BYTES("YWJj\n"), BYTES("YWJjZ") },
		{ "announce", BYTES(".\nabc."), BYTES(".\nabcd") },
		{ "u8", BYTES("\3abc"), BYTES("\4") },
		{ "u16le", BYTES("\3\0abc"), BYTES("\4\0") },
		{ "u64be", BYTES("\0\0\0\0\0\0\0\3abc"),
			BYTES("\xff\xff\xff\xff\xff\xff\xff\xff") },
		{ "varint", BYTES("\3abc"),
			BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") },
		{ "decimal:2", BYTES("03abc"), BYTES("04") },
		{ "decimal:20", BYTES("00000000000000000003abc"),
			BYTES("18446744073709551615") },
		{ "netstring", BYTES("3:abc,"), BYTES("4:") },
		{ "netstring", BYTES("3:abc,"),
			BYTES("18446744073709551615:") },
		{ "slip", BYTES("\xdb\xdc\xdb\xdc\xdb\xdc\xc0"),
			BYTES("abcdefg") },
		{ "slip", BYTES("abc\xc0"), BYTES("abcd\xc0") },
		{ "cobs", BYTES("\4abc\0"), BYTES("\5abcd") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct pier_framing framing = framing_of(limits[i].framing);
		struct pier__scan fits = { 0 }, longer = { 0 }, early = { 0 };
		struct pier__wire wire;

		framing.max = 3;
		wire = wire_of(&framing);
		assert_int_equal(wire.ops->scan(&wire, &fits,
					 (const unsigned char *)limits[i].fits,
					 limits[i].fits_size),
			PIER__FOUND_WHOLE);
		assert_int_equal(fits.length, 3);
		if (wire.ops->scan(&wire, &longer,
			    (const unsigned char *)limits[i].longer,
			    limits[i].longer_size) != PIER__FOUND_LONG)
			fail_msg("%zu: %s", i, limits[i].framing);
		assert_int_equal(
			wire.ops->scan(&wire, &early,
				(const unsigned char *)limits[i].longer,
				limits[i].longer_size - 1),
			PIER__FOUND_PART);
	}
}

static void
check_refused(const char *text, size_t max, const void *data, size_t size,
	int rc, const char *detail)
{
	struct pier_framing framing = framing_of(text);
	char out[512];

	framing.max = max;
	assert_int_equal(
		pier_frame_encode(&framing, out, sizeof(out), data, size), rc);
	if (strstr(pier_last_error()->detail, detail) == NULL)
		fail_msg("%s: %s", text, pier_last_error()->detail);
	assert_int_equal(pier_last_error()->step, PIER_STEP_FRAME);
}

static void
refuses_to_send_what_cannot_be_told(void **state)
{
	char data[300] = { 0 };

	(void)state;
	check_refused("line", 0, BYTES("a\nb"), -EINVAL,
		"a line with a newline in it, at byte 1");
	check_refused(
		"line", 0, BYTES("ab\r"), -EINVAL, "a line that ends in \\r");
	check_refused("nul", 0, BYTES("ab\0"), -EINVAL,
		"a message with the terminator in it, at byte 2");
	check_refused("delim:--", 0, BYTES("a--b"), -EINVAL, "at byte 1");
	/* It would end with the data's own last byte. */
	check_refused("delim:--", 0, BYTES("a-"), -EINVAL, "at byte 1");
	check_refused("delim:aba", 0, BYTES("ab"), -EINVAL, "at byte 0");
	check_refused("fixed:4", 0, BYTES("abc"), -EINVAL,
		"a message of 3 bytes: each has to have 4");
	check_refused("fixed:4", 0, BYTES("abcde"), -EINVAL, "5 bytes");
	check_refused("fixed:4", 0, BYTES(""), -EINVAL, "0 bytes");
	check_refused("slip", 0, BYTES(""), -EINVAL, "an empty message");
	check_refused("u8", 0, data, 256, -EMSGSIZE,
		"a message of 256 bytes: at most 255");
	check_refused("u8", 1000, data, 256, -EMSGSIZE, "at most 255");
	check_refused("decimal:2", 0, data, 100, -EMSGSIZE, "at most 99");
	check_refused("cobs", 3, BYTES("abcd"), -EMSGSIZE, "at most 3");
	check_refused("u32be", 3, BYTES("abcd"), -EMSGSIZE, "at most 3");
}

/* What the length can say bounds max; the default does the others. */
static void
has_a_longest_message(void **state)
{
	static const struct {
		const char *text;
		size_t max, is;
	} cases[] = {
		{ "line", 0, 1 << 20 },
		{ "line", 1 << 30, 1 << 30 },
		{ "u8", 0, 255 },
		{ "u16le", 0, 65535 },
		{ "u16be", 100, 100 },
		{ "u32le", 0, 1 << 20 },
		{ "u64be", 1 << 30, 1 << 30 },
		{ "decimal:1", 0, 9 },
		{ "decimal:6", 0, 999999 },
		{ "decimal:7", 0, 1 << 20 },
		{ "decimal:20", 1 << 30, 1 << 30 },
		{ "fixed:2Mi", 0, 2 << 20 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pier_framing framing = framing_of(cases[i].text);

		framing.max = cases[i].max;
		assert_int_equal(wire_of(&framing).max, cases[i].is);
	}
}

/* ---- What is encoded comes back --------------------------------------- */

static void
round_trip(const char *text, const unsigned char *data, size_t size)
{
	struct pier_framing framing = framing_of(text);
	struct pier__wire wire = wire_of(&framing);
	struct pier__scan scan = { 0 };
	unsigned char *out = malloc(2 * size + 200);
	ssize_t length;

	assert_non_null(out);
	length = pier_frame_encode(&framing, out, 2 * size + 200, data, size);
	assert_true(length >= 0);
	/* Another message follows. */
	memcpy(out + length, "\xff\xff\xff", 3);
	if (framing.kind == PIER_FRAME_SLIP) {
		out++;
		length--;
	}
	assert_int_equal(wire.ops->scan(&wire, &scan, out, (size_t)length + 3),
		PIER__FOUND_WHOLE);
	assert_int_equal(scan.size, length);
	assert_int_equal(scan.length, size);
	if (wire.ops->decode != NULL)
		assert_true(wire.ops->decode(
			&scan, out + scan.head, out + scan.head));
	assert_memory_equal(out + scan.head, data, size);
	free(out - (framing.kind == PIER_FRAME_SLIP));
}

static const char *const transparent[] = { "escape", "escape:ab", "escape:aab",
	"escape:\\0", "escape:\\\\", "base64", "base64:-A", "base64:AA-",
	"announce", "announce:0", "announce:0123456789abcdefghijklmnopqrstuv",
	"u16le", "u16be", "u32le", "u32be", "u64le", "u64be", "varint",
	"decimal:5", "decimal:9:left", "decimal:9:right", "netstring", "slip",
	"cobs" };

/* Long runs of zeros, of none, at the edges of groups and of length fields. */
static void
any_data_comes_back(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 126, 127, 128, 129, 253, 254,
		255, 256, 507, 508, 509, 510, 762, 763, 16383, 16384, 65535 };
	static unsigned char data[65536];

	(void)state;
	for (size_t i = 0; i < COUNT(transparent); i++) {
		for (size_t j = 0; j < COUNT(sizes); j++) {
			size_t size = sizes[j];

			memset(data, 0, size);
			round_trip(transparent[i], data, size);
			memset(data, '\\', size);
			round_trip(transparent[i], data, size);
			memset(data, 0xc0, size);
			round_trip(transparent[i], data, size);
			data[size - 1] = 0;
			round_trip(transparent[i], data, size);
			data[0] = 0;
			round_trip(transparent[i], data, size);
			for (size_t at = 0; at < size; at++)
				data[at] = (unsigned char)(at * 13 + (at >> 8));
			round_trip(transparent[i], data, size);
		}
	}
}

/* Data that has the terminator for other data in it, and ends with its
   beginning: another is chosen. */
static void
announces_what_is_not_in_the_data(void **state)
{
	struct pier_framing framing = { .kind = PIER_FRAME_ANNOUNCE };
	char out[128], again[128];

	(void)state;
	/* What is empty may lie nowhere. */
	assert_int_equal(pier_frame_encode(&framing, out, sizeof(out), NULL, 0),
		16 + 1 + 16);
	assert_memory_equal(out, out + 17, 16);
	assert_int_equal(out[16], '\n');
	assert_int_equal(
		pier_frame_encode(&framing, again, sizeof(again), out, 33),
		16 + 1 + 33 + 16);
	assert_memory_not_equal(again, out, 16);
	assert_memory_equal(again + 17, out, 33);
	/* None of its characters is in the terminator of the announcement. */
	framing = framing_of("announce:0123456789abcdef");
	assert_int_equal(pier_frame_encode(&framing, out, sizeof(out), "", 0),
		16 + 16 + 16);
	for (int i = 0; i < 16; i++)
		assert_null(memchr("0123456789abcdef", out[i], 16));
}

/* Peers announce up to 64 bytes. */
static void
takes_long_announcements(void **state)
{
	struct pier_framing framing = { .kind = PIER_FRAME_ANNOUNCE };
	struct pier__wire wire = wire_of(&framing);
	struct pier__scan scan = { 0 };
	unsigned char bytes[200];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	bytes[64] = '\n';
	bytes[65] = '-';
	assert_int_equal(wire.ops->scan(&wire, &scan, bytes, 64 + 1 + 1 + 64),
		PIER__FOUND_WHOLE);
	assert_int_equal(scan.length, 1);
	bytes[64] = 'x';
	bytes[65] = '\n';
	scan = (struct pier__scan){ 0 };
	assert_int_equal(
		wire.ops->scan(&wire, &scan, bytes, 64), PIER__FOUND_PART);
	assert_int_equal(
		wire.ops->scan(&wire, &scan, bytes, 65), PIER__FOUND_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_byte_by_byte),
		cmocka_unit_test(receives_cut_at_every_byte),
		cmocka_unit_test(refuses_what_is_malformed),
		cmocka_unit_test(refuses_what_is_no_base64),
		cmocka_unit_test(knows_its_limit),
		cmocka_unit_test(refuses_to_send_what_cannot_be_told),
		cmocka_unit_test(has_a_longest_message),
		cmocka_unit_test(any_data_comes_back),
		cmocka_unit_test(announces_what_is_not_in_the_data),
		cmocka_unit_test(takes_long_announcements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
