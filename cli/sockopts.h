/* SPDX-License-Identifier: MIT */
/*
 * Options of the sockets that a verb opens: --option NAME=VALUE, and in words of
 * their own --keepalive and --user-timeout, as a list for libpier.
 */
#ifndef PIER_CLI_SOCKOPTS_H
#define PIER_CLI_SOCKOPTS_H

#include "report.h"

/* Part of a verb's settings. */
struct cli_sockopts {
	struct cli_texts given;
	const char *keepalive; /* IDLE[,INTERVAL[,COUNT]] */
	int64_t user_timeout;  /* ns; 0: not given */
};

enum {
	CLI_SOCKOPTS_OWN = 5, /* those that flags stand for */
	CLI_SOCKOPTS_TEXT = 48,
};

/* The list, and the texts of it that are not the user's. */
struct cli_sockopts_list {
	const char *item[CLI_TEXTS_MAX + CLI_SOCKOPTS_OWN + 1]; /* NULL-ended */
	char own[CLI_SOCKOPTS_OWN][CLI_SOCKOPTS_TEXT];
	size_t count;
};

/*
 * cli_sockopts_list(tool, verb, given, out): CLI_EXIT_OK, or it was told what
 * is wrong with --keepalive. Before --option, so that this has the last word.
 */
int cli_sockopts_list(const struct cli_tool *tool, const char *verb,
	const struct cli_sockopts *given, struct cli_sockopts_list *out);

/* Rows of a verb's table; at is the offset of its struct cli_sockopts. */
#define CLI_SOCKOPTS_ROWS(at, what)                                           \
	{ .name = "option",                                                   \
		.letter = 'S',                                                \
		.kind = CLI_TEXTS,                                            \
		.metavar = "NAME=VALUE",                                      \
		.group = "Socket",                                            \
		.help = "set an option of the socket, such as nodelay=0 or "  \
			"rcvbuf=64k (pier opt lists them); may be given "     \
			"again",                                              \
		.offset = (at) + offsetof(struct cli_sockopts, given) },      \
		{ .name = "keepalive",                                        \
			.kind = CLI_TEXT,                                     \
			.metavar = "IDLE,INTERVAL,COUNT",                     \
			.group = "Socket",                                    \
			.help = "probe " what " that was silent for IDLE, "   \
				"every INTERVAL, and give it up after COUNT " \
				"probes without an answer",                   \
			.otherwise = "no probes",                             \
			.offset = (at) +                                      \
				  offsetof(struct cli_sockopts, keepalive) }, \
	{                                                                     \
		.name = "user-timeout", .kind = CLI_DURATION,                 \
		.metavar = "TIME", .group = "Socket",                         \
		.help = "give " what " up when what was sent is not "         \
			"acknowledged for so long",                           \
		.otherwise = "as the kernel does, about 15 minutes",          \
		.min = 1000000, .max = INT64_C(604800000000000),              \
		.offset = (at) + offsetof(struct cli_sockopts, user_timeout)  \
	}

#endif
