/* SPDX-License-Identifier: MIT */
/*
 * pier serve without endpoints: on every socket that a service manager handed
 * down.
 */
#include "serve.h"

#include "store.h"

#include <stdio.h>

static int
complain_none(const struct cli_tool *tool)
{
	struct cli_complaint why = { "", "" };

	(void)cli_complain(&why,
		"ENDPOINT is missing, and no socket was handed down "
		"(LISTEN_FDS)");
	cli_advise(&why, "for example: pier serve echo tcp://:7000");
	return cli_usage_error(tool, "serve", &why);
}

int
serve_handed(const struct cli_tool *tool, struct serve_settings *settings,
	char texts[CLI_TEXTS_MAX][SERVE_HANDED_TEXT])
{
	struct cli_complaint why = { "", "" };
	int count, i;

	/* Those of the server that it replaces, where that is told. */
	if (settings->endpoints.n > 0 || settings->replace != NULL)
		return CLI_EXIT_OK;
	count = pier_listen_fds();
	if (count < 0)
		return cli_failure(tool, pier_last_error());
	if (count == 0)
		return complain_none(tool);
	if (count > CLI_TEXTS_MAX) {
		(void)cli_complain(&why,
			"%d sockets were handed down (LISTEN_FDS), and %d can "
			"be served",
			count, CLI_TEXTS_MAX);
		return cli_usage_error(tool, "serve", &why);
	}
	for (i = 0; i < count; i++) {
		snprintf(texts[i], SERVE_HANDED_TEXT, "fd://%d",
			PIER_LISTEN_FD_FIRST + i);
		settings->endpoints.item[i] = texts[i];
	}
	settings->endpoints.n = (size_t)count;
	return CLI_EXIT_OK;
}
