/* SPDX-License-Identifier: MIT */
/* See frames.h. */
#include "frames.h"

#include "store.h"
#include "base/near.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	QUOTED_BYTES = 32,
};

const struct cli_word cli_frame_words[] = {
	{ "line", 0, "ends with LF, or CR LF" },
	{ "line:crlf", 0, "the same, sent with CR LF" },
	{ "nul", 0, "ends with a byte of zero" },
	{ "delim:STRING", 0, "ends with STRING, 1 to 32 bytes" },
	{ "fixed:SIZE", 0, "has SIZE bytes" },
	{ "escape", 0,
		"ends with LF, or with the STRING of escape:STRING, which is "
		"escaped inside the message" },
	{ "base64", 0, "the same, the message in base64" },
	{ "announce", 0,
		"ends with bytes that it does not hold, announced before it" },
	{ "u8", 0, "the length before it, in one byte" },
	{ "u16le", 0, "in two, the lowest first" },
	{ "u16be", 0, "in two, the highest first" },
	{ "u32le", 0, "in four" },
	{ "u32be", 0, "in four" },
	{ "u64le", 0, "in eight" },
	{ "u64be", 0, "in eight" },
	{ "varint", 0, "by 7 bits in each byte, as protocol buffers have it" },
	{ "decimal:WIDTH", 0,
		"in WIDTH digits; :left and :right behind that pad with "
		"spaces" },
	{ "netstring", 0, "as 3:abc, with the comma" },
	{ "slip", 0, "RFC 1055" },
	{ "cobs", 0, "consistent overhead byte stuffing" },
	{ NULL, 0, NULL },
};

const struct cli_word cli_frame_long_words[] = {
	{ "refuse", PIER_FRAME_REFUSE, "end with an error" },
	{ "skip", PIER_FRAME_SKIP, "pass over it, and go on with the next" },
	{ NULL, 0, NULL },
};

/* The kind is one, but not written so. */
static bool
advise_form(struct cli_complaint *why, const char *text)
{
	size_t len = strcspn(text, ":"), i;
	const char *form;

	for (i = 0; (form = pier_frame_form(i)) != NULL; i++) {
		if (strcspn(form, ":[") != len || strncmp(form, text, len) != 0)
			continue;
		cli_advise(why, "it is written as %s", form);
		return true;
	}
	return false;
}

/* The one that was meant. */
static void
advise_kind(struct cli_complaint *why, const char *text)
{
	struct pier__near near;
	char name[PIER__NEAR_MAX];
	size_t i;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, ":"), text);
	pier__near_start(&near, name);
	for (i = 0; cli_frame_words[i].word != NULL; i++)
		pier__near_try(&near, cli_frame_words[i].word);
	if (near.best != NULL)
		cli_advise(why, "did you mean '%s'?", near.best);
	else
		cli_advise(why, "the kinds: pier-framing(7)");
}

static int
read_kind(const struct cli_tool *tool, const char *verb, const char *option,
	const char *text, const struct cli_frames *frames,
	struct pier_framing *out)
{
	struct cli_complaint why = { "", "" };
	char check[PIER_FRAME_TEXT_MAX];
	int rc = pier_frame_parse(out, text);

	if (rc == 0) {
		out->max = (size_t)frames->max;
		out->overlong = (enum pier_frame_overlong)frames->overlong;
		rc = pier_frame_format(out, check, sizeof(check));
	}
	if (rc >= 0)
		return CLI_EXIT_OK;
	(void)cli_complain(&why, "%s: cannot use '%s': %s", option, text,
		pier_last_error()->detail);
	if (!advise_form(&why, text))
		advise_kind(&why, text);
	return cli_usage_error(tool, verb, &why);
}

int
cli_frames_wire(const struct cli_tool *tool, const char *verb,
	const struct cli_frames *frames, struct pier_framing *out)
{
	return read_kind(tool, verb, "--frame", frames->wire, frames, out);
}

int
cli_frames_stdio(const struct cli_tool *tool, const char *verb,
	const struct cli_frames *frames, struct pier_framing *out)
{
	const char *kind = frames->stdio != NULL ? frames->stdio : "line";

	return read_kind(tool, verb, "--stdio-frame", kind, frames, out);
}

const char *
cli_frames_in_vain(const struct cli_frames *frames)
{
	if (frames->stdio != NULL)
		return "--stdio-frame";
	if (frames->max != 0)
		return "--frame-max";
	return frames->overlong != PIER_FRAME_REFUSE ? "--frame-long" : NULL;
}

/* One byte as C would have it. */
static int
put_byte(char *text, size_t size, unsigned char byte)
{
	static const char special[] = "\n\r\t\\\"";
	static const char letters[] = "nrt\\\"";
	const char *found = byte != 0 ? strchr(special, byte) : NULL;

	if (found != NULL)
		return snprintf(text, size, "\\%c", letters[found - special]);
	if (byte >= ' ' && byte < 127)
		return snprintf(text, size, "%c", byte);
	return byte == 0 ? snprintf(text, size, "\\0")
			 : snprintf(text, size, "\\x%02x", byte);
}

void
cli_frame_quote(const void *data, size_t size, char text[CLI_FRAME_QUOTE])
{
	const unsigned char *byte = data;
	size_t shown = size < QUOTED_BYTES ? size : QUOTED_BYTES, i;
	int at = snprintf(text, CLI_FRAME_QUOTE, "\"");

	for (i = 0; i < shown; i++)
		at += put_byte(
			text + at, CLI_FRAME_QUOTE - (size_t)at, byte[i]);
	if (shown < size)
		(void)snprintf(text + at, CLI_FRAME_QUOTE - (size_t)at,
			"…\" (%zu bytes)", size);
	else
		(void)snprintf(text + at, CLI_FRAME_QUOTE - (size_t)at, "\"");
}

/* The most that the length in front can say; kinds without one are not among
   them, nor those whose length says more than a message may have. */
static size_t
most_of_kind(const struct pier_framing *framing)
{
	unsigned int digits = framing->width;
	size_t most = 1;

	if (framing->kind == PIER_FRAME_U8)
		return UINT8_MAX;
	if (framing->kind == PIER_FRAME_U16LE ||
		framing->kind == PIER_FRAME_U16BE)
		return UINT16_MAX;
	if (framing->kind != PIER_FRAME_DECIMAL || digits > 9)
		return SIZE_MAX;
	while (digits-- > 0)
		most *= 10;
	return most - 1;
}

int
cli_frame_unsendable(const struct cli_tool *tool,
	const struct pier_framing *framing, const void *data, size_t size,
	int rc, const char *where)
{
	struct pier_error error = *pier_last_error();
	char quoted[CLI_FRAME_QUOTE], reason[256], kind[PIER_FRAME_TEXT_MAX];
	char detail[sizeof(quoted) + sizeof(reason) + sizeof(kind) + 32];

	/* The record is borrowed until the next call. */
	snprintf(reason, sizeof(reason), "%s", error.detail);
	if (pier_frame_format(framing, kind, sizeof(kind)) < 0)
		kind[0] = '\0';
	cli_frame_quote(data, size, quoted);
	snprintf(detail, sizeof(detail), "%s cannot be sent as %s: %s", quoted,
		kind, reason);
	error = (struct pier_error){ .code = rc,
		.step = error.step,
		.endpoint = where,
		.detail = detail,
		.offset = -1 };
	if (rc == -EMSGSIZE && most_of_kind(framing) < PIER_FRAME_MAX_DEFAULT &&
		(framing->max == 0 || framing->max > most_of_kind(framing)))
		return cli_failure_advised(tool, &error, where,
			"kinds whose length says more: u32be, varint, "
			"netstring, …");
	return cli_failure_at(tool, &error, where);
}
