/* SPDX-License-Identifier: MIT */
/* See inherited.h. */
#include "inherited.h"

#include "report.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

void
cli_inherited_note(struct cli_inherited *it)
{
	struct pollfd fds[CLI_INHERITED_MAX];
	struct rlimit limit = { .rlim_cur = 0 };
	unsigned i;

	/* poll(2) takes no more than may be open, and waits for nothing here. */
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	it->count = limit.rlim_cur < CLI_INHERITED_MAX
			    ? (unsigned)limit.rlim_cur
			    : CLI_INHERITED_MAX;
	for (i = 0; i < it->count; i++)
		fds[i] = (struct pollfd){ .fd = (int)i };
	if (poll(fds, it->count, 0) < 0)
		it->count = 0;
	for (i = 0; i < it->count; i++) {
		if ((fds[i].revents & POLLNVAL) == 0)
			it->bits[i / 64] |= UINT64_C(1) << i % 64;
	}
}

int
cli_inherited_check(const struct cli_tool *tool, const char *endpoint)
{
	const struct cli_inherited *it = &tool->inherited;
	const struct pier_error error = { .code = -EBADF,
		.step = PIER_STEP_CREATE,
		.endpoint = endpoint,
		.detail = "" };
	unsigned long number;
	char *end;

	if (strncmp(endpoint, "fd://", 5) != 0)
		return CLI_EXIT_OK;
	number = strtoul(endpoint + 5, &end, 10);
	if (end == endpoint + 5 || number >= it->count ||
		(it->bits[number / 64] >> number % 64 & 1) != 0)
		return CLI_EXIT_OK;
	return cli_failure_at(tool, &error, endpoint);
}
