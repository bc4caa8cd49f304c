/* SPDX-License-Identifier: MIT */
/*
 * The command line of pier get: what cannot be meant is refused before anything
 * is done, and what would be passed over in silence too.
 */
#include "get.h"

#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int
get_complain(const struct cli_tool *tool, const char *line, const char *hint)
{
	struct cli_complaint why = { "", "" };

	(void)cli_complain(&why, "%s", line);
	cli_advise(&why, "%s", hint);
	return cli_usage_error(tool, "get", &why);
}

static int
check_url(const struct cli_tool *tool, const char *url)
{
	struct pier_endpoint_check check;
	char hint[160];
	int rc = pier_http_check(url, &check);

	if (rc == 0)
		return CLI_EXIT_OK;
	/* What is pasted into a shell must be this URL, and nothing else. */
	if (rc == -EPROTONOSUPPORT && strlen(url) <= 100 &&
		strchr(url, '\'') == NULL)
		snprintf(hint, sizeof(hint), "curl '%s'", url);
	else if (rc == -EPROTONOSUPPORT)
		snprintf(hint, sizeof(hint), "curl has it");
	else
		snprintf(hint, sizeof(hint),
			"a URL is http://HOST[:PORT]/PATH: 'pier get --help' "
			"has examples");
	/* A password is not repeated where errors go; nor can it be marked. */
	if (strstr(check.text, "password") != NULL)
		return get_complain(tool, check.text,
			"put it into a file that only you may read, such as "
			"'Authorization: Basic ...': --header @FILE");
	return cli_marked_error(tool, "get", url, &check, hint);
}

/* What would be passed over in silence is refused. */
static int
check_settings(const struct cli_tool *tool, const struct get_settings *settings)
{
	bool to_file = settings->remote_name ||
		       (settings->output != NULL &&
			       strcmp(settings->output, "-") != 0);

	if (settings->output != NULL && settings->remote_name)
		return get_complain(tool,
			"--output and --remote-name both name the file",
			"leave out one of them");
	if (settings->go_on && !to_file)
		return get_complain(tool,
			"--continue goes on with a file, and none is named",
			"name it by --output FILE or --remote-name");
	if (settings->go_on && (settings->range != NULL || settings->include ||
				       settings->head || settings->any_status))
		return get_complain(tool,
			"--continue asks for what is missing of a file, and "
			"nothing else",
			"leave out --range, --include, --head and "
			"--any-status");
	if (settings->range != NULL && settings->head)
		return get_complain(tool,
			"--range is for what a GET brings: of a HEAD, servers "
			"pass it over",
			"leave out --head, or --range");
	if (settings->include && to_file)
		return get_complain(tool,
			"--include would put the header into the file",
			"see it by -vv, or without a file");
	return CLI_EXIT_OK;
}

static int
check_via(const struct cli_tool *tool, const char *via)
{
	struct pier_endpoint_check check;

	if (via == NULL)
		return CLI_EXIT_OK;
	if (pier_endpoint_check(via, &check) < 0)
		return cli_endpoint_error(tool, "get", via, &check);
	return cli_inherited_check(tool, via);
}

int
get_check(const struct cli_tool *tool, const struct get_settings *settings)
{
	int code = check_settings(tool, settings);

	if (code == CLI_EXIT_OK)
		code = check_url(tool, settings->url);
	return code == CLI_EXIT_OK ? check_via(tool, settings->via) : code;
}
