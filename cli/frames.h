/* SPDX-License-Identifier: MIT */
/*
 * Messages in streams of bytes: what --frame, --stdio-frame, --frame-max and
 * --frame-long ask for, on every verb that has them.
 */
#ifndef PIER_CLI_FRAMES_H
#define PIER_CLI_FRAMES_H

#include "report.h"

#include <pier.h>

/* Part of a verb's settings. */
struct cli_frames {
	const char *wire;  /* --frame; NULL: bytes, no messages */
	const char *stdio; /* --stdio-frame; NULL: lines */
	int64_t max;       /* bytes of a message; 0: libpier's default */
	int64_t overlong;  /* enum pier_frame_overlong */
};

/* Room for what cli_frame_quote() makes. */
enum {
	CLI_FRAME_QUOTE = 256,
};

/* The kinds, as completions offer them and the help explains them. */
extern const struct cli_word cli_frame_words[];
extern const struct cli_word cli_frame_long_words[];

/*
 * cli_frames_wire(tool, verb, frames, out): the framing of --frame, which was
 * given. cli_frames_stdio(): that of --stdio-frame, or lines. CLI_EXIT_OK, or
 * it was told what is wrong with it.
 */
int cli_frames_wire(const struct cli_tool *tool, const char *verb,
	const struct cli_frames *frames, struct pier_framing *out);
int cli_frames_stdio(const struct cli_tool *tool, const char *verb,
	const struct cli_frames *frames, struct pier_framing *out);

/* The option of these that was given and means nothing without messages, with
   its dashes; NULL: none. */
const char *cli_frames_in_vain(const struct cli_frames *frames);

/* The first bytes of a message, quoted, and how many there are if that does not
   show: "ab\n", or "aaaa…" (5000 bytes). */
void cli_frame_quote(const void *data, size_t size, char text[CLI_FRAME_QUOTE]);

/*
 * cli_frame_unsendable(tool, framing, data, size, rc, where): after
 * pier_frame_send() refused a message: say which, why, and where it was to go.
 * The exit code.
 */
int cli_frame_unsendable(const struct cli_tool *tool,
	const struct pier_framing *framing, const void *data, size_t size,
	int rc, const char *where);

/* Rows of a verb's table; at is the offset of its struct cli_frames, needs is
   what --frame, and what the others, are of use for. */
#define CLI_FRAMES_ROWS(at, frame_needs, more_needs)                         \
	{ .name = "frame",                                                   \
		.kind = CLI_TEXT,                                            \
		.metavar = "KIND",                                           \
		.group = "Messages",                                         \
		.help = "how messages stand in the stream; pier-framing(7) " \
			"has them byte by byte",                             \
		.otherwise = "none: bytes without edges",                    \
		.words = cli_frame_words,                                    \
		.offset = (at) + offsetof(struct cli_frames, wire),          \
		.needs = (frame_needs) },                                    \
		{ .name = "frame-max",                                       \
			.kind = CLI_SIZE,                                    \
			.metavar = "SIZE",                                   \
			.group = "Messages",                                 \
			.help = "the longest message, in bytes",             \
			.otherwise = "1Mi",                                  \
			.min = 1,                                            \
			.max = 1 << 30,                                      \
			.offset = (at) + offsetof(struct cli_frames, max),   \
			.needs = (more_needs) },                             \
	{                                                                    \
		.name = "frame-long", .kind = CLI_CHOICE, .metavar = "WHAT", \
		.group = "Messages", .help = "what to do with a longer one", \
		.otherwise = "refuse", .words = cli_frame_long_words,        \
		.offset = (at) + offsetof(struct cli_frames, overlong),      \
		.needs = (more_needs)                                        \
	}

#endif
