/* SPDX-License-Identifier: MIT */
/* pier resolve: what it was asked. */
#ifndef PIER_CLI_RESOLVE_H
#define PIER_CLI_RESOLVE_H

#include <pier.h>

#include "options.h"
#include "report.h"

struct resolve_settings {
	struct cli_common common;
	bool four, six, passive;
	int64_t type; /* SOCK_STREAM or SOCK_DGRAM */
	int64_t timeout_ns;
	const char *host;
	const char *service; /* NULL: none */
	bool compare;
	const char *server; /* NULL: those of resolv.conf */
	int64_t link_ns;    /* how long an answer by multicast may take */
};

/* AF_UNSPEC, AF_INET or AF_INET6, as the options have it. */
int resolve_family(const struct resolve_settings *settings);

/* --compare; its exit code. */
int resolve_compare(struct cli_tool *tool,
	const struct resolve_settings *settings, pier_deadline until);

#endif
