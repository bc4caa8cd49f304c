/* SPDX-License-Identifier: MIT */
/*
 * Options and ready line of the echo servers.
 */
#include "yard.h"

#include "common.h"

#include <getopt.h>
#include <stdio.h>

void
yard_parse(
	struct yard_options *options, int argc, char **argv, int array_allowed)
{
	static const struct option longs[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "buf", required_argument, NULL, 'b' },
		{ "array", no_argument, NULL, 'a' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	*options = (struct yard_options){ .buf_size = 4096 };
	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (opt == 'p')
			options->port =
				(int)bench_number("--port", optarg, 0, 65535);
		else if (opt == 'b')
			options->buf_size = (size_t)bench_number(
				"--buf", optarg, 1, 16 << 20);
		else if (opt == 'a' && array_allowed)
			options->array = 1;
		else
			bench_fail(0, "usage: %s [--port N] [--buf N]%s",
				argv[0], array_allowed ? " [--array]" : "");
	}
	if (optind < argc)
		bench_fail(
			0, "%s: takes no argument '%s'", argv[0], argv[optind]);
}

void
yard_ready(int port)
{
	printf("READY %d\n", port);
	fflush(stdout);
}
