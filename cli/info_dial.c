/* SPDX-License-Identifier: MIT */
/*
 * pier info --dial: connect, and show that connection as a listing would.
 */
#include "info.h"

#include "conduct.h"
#include "lan.h"
#include "values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#define DIAL_NS INT64_C(10000000000)

struct dialling {
	struct cli_tool *tool;
	const struct info_settings *settings;
};

/* The socket is found among all by its inode. */
static int
show(const struct dialling *dialling, struct pier_stream *stream)
{
	struct info_settings settings = *dialling->settings;
	struct stat about;
	char filter[64];

	settings.details = true;
	if (fstat(pier_fd(stream), &about) < 0)
		return cli_own_failure(dialling->tool, PIER_STEP_OPTION,
			settings.dial, -EBADF, "");
	snprintf(filter, sizeof(filter),
		"(tcp or mptcp or unix) inode:%" PRIu64,
		(uint64_t)about.st_ino);
	return info_list(dialling->tool, &settings, filter);
}

static int
dial(struct pier_group *group, void *arg)
{
	const struct dialling *dialling = arg;
	const struct info_settings *settings = dialling->settings;
	struct pier_stream *stream = NULL;
	int64_t began_ns = pier_now();
	char took[CLI_VALUE_TEXT];
	int code;

	(void)group;
	if (pier_dial(&stream, settings->dial,
		    &(struct pier_dial_opts){
			    .lookup = lan_lookup(settings->dial) },
		    pier_in_ns(settings->timeout > 0 ? settings->timeout
						     : DIAL_NS)) < 0)
		return cli_failure(dialling->tool, pier_last_error());
	cli_format_duration(pier_now() - began_ns, took, sizeof(took));
	cli_say(dialling->tool, 0, "connected to %s in %s", settings->dial,
		took);
	code = show(dialling, stream);
	pier_close(stream);
	return code;
}

int
info_dial(struct cli_tool *tool, const struct info_settings *settings)
{
	struct dialling dialling = { .tool = tool, .settings = settings };
	struct pier_endpoint_check check;

	if (pier_endpoint_check(settings->dial, &check) < 0)
		return cli_endpoint_error(tool, "info", settings->dial, &check);
	return cli_conduct(tool, dial, &dialling);
}
