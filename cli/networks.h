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

/* Where one was written. */
struct cli_network_place {
	const char *file; /* with its '@', borrowed; NULL: in none */
	unsigned line;
};

struct cli_networks {
	const char **list; /* NULL-ended, as libpier takes it; NULL: none */
	struct cli_network_place *places; /* of each */
	char **files;                     /* what was read, NULL-ended */
	const char *option;               /* without dashes, borrowed */
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

/*
 * cli_networks_blame(networks, text, reason, why): libpier said that text is no
 * network, and the reason. If it is of these, say which option, file and line
 * it stands in: true.
 */
bool cli_networks_blame(const struct cli_networks *networks, const char *text,
	const char *reason, struct cli_complaint *why);

/* Zeros are fine. */
void cli_networks_free(struct cli_networks *networks);

#endif
