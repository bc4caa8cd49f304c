/* SPDX-License-Identifier: MIT */
/*
 * Lists of networks, as --allow and --deny take them: texts, and @FILE for a
 * file of them.
 */
#ifndef PIER_CLI_NETWORKS_H
#define PIER_CLI_NETWORKS_H

#include "options.h"

/* Most networks of one option, files and all. */
#define CLI_NETWORKS_MAX 100000

struct cli_networks {
	const char **list; /* NULL-ended, as libpier takes it; NULL: none */
	char **files;      /* what was read, NULL-ended */
	size_t n;
};

/*
 * cli_networks_read(out, texts, option, why): a text that begins with '@' names
 * a file, one network a line; what follows a '#' is a comment. No text, no
 * list.
 *
 * 0, or -1 and why.
 */
int cli_networks_read(struct cli_networks *out, const struct cli_texts *texts,
	const char *option, struct cli_complaint *why);

/* Zeros are fine. */
void cli_networks_free(struct cli_networks *networks);

#endif
