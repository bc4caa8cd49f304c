/* SPDX-License-Identifier: MIT */
/*
 * pier order NUMBER...: how a number stands in bytes, in either order, and what
 * number the same bytes are to who reads them the other way around.
 */
#include <pier.h>

#include "json.h"
#include "report.h"
#include "store.h"
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	WIDEST = 8, /* bytes */
	BYTES_TEXT = 3 * WIDEST + 1,
};

struct settings {
	struct cli_common common;
	int64_t bits; /* 0: each width that the number fits */
	bool bytes;
	struct cli_texts numbers;
};

/* A number in one width. */
struct layout {
	unsigned int bits;
	uint64_t swapped;
	unsigned char big[WIDEST], little[WIDEST];
};

static bool
is_little(void)
{
	const uint16_t one = 1;

	return pier_le16_get(&one) == 1;
}

static bool
fits(uint64_t value, unsigned int bits)
{
	return bits == 64 || value >> bits == 0;
}

static void
lay_out(struct layout *out, uint64_t value, unsigned int bits)
{
	out->bits = bits;
	if (bits == 16) {
		pier_be16_put(out->big, (uint16_t)value);
		pier_le16_put(out->little, (uint16_t)value);
		out->swapped = pier_le16_get(out->big);
	} else if (bits == 32) {
		pier_be32_put(out->big, (uint32_t)value);
		pier_le32_put(out->little, (uint32_t)value);
		out->swapped = pier_le32_get(out->big);
	} else {
		pier_be64_put(out->big, value);
		pier_le64_put(out->little, value);
		out->swapped = pier_le64_get(out->big);
	}
}

static void
hex(char *out, const unsigned char *bytes, size_t n, const char *between)
{
	size_t i;

	out[0] = '\0';
	for (i = 0; i < n; i++)
		out += sprintf(out, "%s%02x", i > 0 ? between : "", bytes[i]);
}

/* Digits, or 0x and hexadecimal ones, up to 64 bits. */
static int
read_number(uint64_t *out, const char *text)
{
	unsigned int base = 10, digit;
	uint64_t value = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *at = strchr(digits, *text);

		digit = at != NULL ? (unsigned int)(at - digits) % 16 : base;
		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return -1;
		value = value * base + digit;
	}
	*out = value;
	return 0;
}

/* Pairs of hexadecimal digits, with or without something between them: 2, 4
   or 8 bytes. Their number, or -1. */
static int
read_bytes(unsigned char *out, const char *text)
{
	int n = 0, used;
	unsigned int byte;

	while (*text != '\0') {
		if (n == WIDEST || strspn(text, "0123456789abcdefABCDEF") < 2 ||
			sscanf(text, "%2x%n", &byte, &used) != 1)
			return -1;
		out[n++] = (unsigned char)byte;
		text += used;
		text += *text == ' ' || *text == ':';
	}
	return n == 2 || n == 4 || n == 8 ? n : -1;
}

static void
tell_text(const char *given, uint64_t value, const struct layout *all, int n)
{
	const char *here = ", as here";
	char big[BYTES_TEXT], little[BYTES_TEXT];
	int i;

	printf("%s = 0x%" PRIx64 "\n", given, value);
	printf("  bits  big endian%-15s little endian%-12s the other way "
	       "around\n",
		is_little() ? ", network" : here, is_little() ? here : "");
	for (i = 0; i < n; i++) {
		size_t bytes = all[i].bits / 8;

		hex(big, all[i].big, bytes, " ");
		hex(little, all[i].little, bytes, " ");
		printf("  %-4u  %-25s %-25s %" PRIu64 " 0x%" PRIx64 "\n",
			all[i].bits, big, little, all[i].swapped,
			all[i].swapped);
	}
}

/* As text: a reader of JSON may have no more than 53 bits for a number. */
static void
add_number(json_t *object, const char *key, uint64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	cli_event_text(object, key, text);
}

static int
tell_json(uint64_t value, const struct layout *all, int n)
{
	json_t *event = cli_event("order"), *widths = json_array();
	int i;

	add_number(event, "value", value);
	cli_event_text(event, "host", is_little() ? "little" : "big");
	for (i = 0; i < n; i++) {
		size_t bytes = all[i].bits / 8;
		json_t *width = json_object();
		char text[BYTES_TEXT];

		cli_event_number(width, "bits", all[i].bits);
		add_number(width, "swapped", all[i].swapped);
		hex(text, all[i].big, bytes, "");
		cli_event_text(width, "big", text);
		hex(text, all[i].little, bytes, "");
		cli_event_text(width, "little", text);
		(void)json_array_append_new(widths, width);
	}
	(void)json_object_set_new(event, "widths", widths);
	return cli_event_print(event, PIER_FOREVER);
}

static int
tell(const struct cli_tool *tool, const struct settings *settings,
	const char *given, uint64_t value)
{
	static const unsigned int widths[] = { 16, 32, 64 };
	struct layout all[3];
	int n = 0;
	size_t i;

	for (i = 0; i < 3; i++)
		if (fits(value, widths[i]) &&
			(settings->bits == 0 || settings->bits == widths[i]))
			lay_out(&all[n++], value, widths[i]);
	if (tool->json)
		return tell_json(value, all, n);
	tell_text(given, value, all, n);
	return 0;
}

/* The bytes as a number, both ways. */
static int
tell_bytes(const struct cli_tool *tool, const struct settings *settings,
	const char *given, uint64_t *value)
{
	unsigned char bytes[WIDEST] = { 0 };
	struct settings one = *settings;
	int n = read_bytes(bytes, given);
	char text[64];

	one.bits = 8 * n;
	*value = n == 2   ? pier_be16_get(bytes)
		 : n == 4 ? pier_be32_get(bytes)
			  : pier_be64_get(bytes);
	(void)snprintf(text, sizeof(text), "%" PRIu64, *value);
	return tell(tool, &one, text, *value);
}

static int
check(const struct settings *settings, const char *text,
	struct cli_complaint *why)
{
	unsigned char bytes[WIDEST] = { 0 };
	uint64_t value = 0;

	cli_advise(why, "'pier order --help' has examples");
	if (settings->bytes)
		return read_bytes(bytes, text) > 0
			       ? 0
			       : cli_complain(why,
					 "'%s' is not 2, 4 or 8 bytes; "
					 "expected hexadecimal digits such as "
					 "04d2 or '04 d2'",
					 text);
	if (read_number(&value, text) < 0)
		return cli_complain(why,
			"'%s' is no number of at most 64 bits; expected one "
			"such as 1234 or 0x4d2",
			text);
	if (settings->bits == 0 || fits(value, (unsigned int)settings->bits))
		return 0;
	return cli_complain(why,
		"%s does not fit %d bits; expected 0 to %" PRIu64, text,
		(int)settings->bits, (UINT64_C(1) << settings->bits) - 1);
}

static int
run(struct cli_tool *tool, const void *given)
{
	const struct settings *settings = given;
	struct cli_complaint why;
	uint64_t value = 0;
	size_t i;
	int rc = 0;

	for (i = 0; i < settings->numbers.n; i++)
		if (check(settings, settings->numbers.item[i], &why) < 0)
			return cli_usage_error(tool, "order", &why);
	for (i = 0; rc == 0 && i < settings->numbers.n; i++) {
		const char *text = settings->numbers.item[i];

		if (settings->bytes) {
			rc = tell_bytes(tool, settings, text, &value);
			continue;
		}
		(void)read_number(&value, text);
		rc = tell(tool, settings, text, value);
	}
	return rc < 0 ? cli_output_failed(tool, rc) : CLI_EXIT_OK;
}

static const struct cli_word bits_words[] = {
	{ "16", 16, "a port" },
	{ "32", 32, "an IPv4 address" },
	{ "64", 64, NULL },
	{ NULL, 0, NULL },
};

static const struct cli_option options[] = {
	{ .name = "bits",
		.letter = 'b',
		.kind = CLI_CHOICE,
		.metavar = "BITS",
		.group = "Number",
		.help = "how wide the number is; one that does not fit is "
			"refused",
		.otherwise = "each width that it fits",
		.words = bits_words,
		.offset = offsetof(struct settings, bits) },
	{ .name = "bytes",
		.letter = 'x',
		.kind = CLI_FLAG,
		.group = "Number",
		.help = "what is given are bytes as they stand in memory or on "
			"the wire: 2, 4 or 8 of them, in hexadecimal",
		.offset = offsetof(struct settings, bytes) },
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "NUMBER",
		.kind = CLI_TEXTS,
		.help = "decimal, or hexadecimal behind 0x",
		.min = 1,
		.offset = offsetof(struct settings, numbers) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier order 1234",
		"53764 in 16 bits and 3523477504 in 32, as htons() and htonl() "
		"give it on most machines" },
	{ "pier order --bits 16 0x1f90", "a port as it stands in a packet" },
	{ "pier order --bytes 1f90", "the number that these bytes are" },
	{ NULL, NULL },
};

const struct cli_verb cli_verb_order = {
	.name = "order",
	.summary = "show a number's bytes in either order",
	.about = "Shows the bytes of a number in the order of the network (big "
		 "endian) and in the other one (little endian), in 16, 32 and "
		 "64 bits, and the number that comes out when they are read "
		 "the other way around.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.settings_size = sizeof(struct settings),
	.run = run,
};
