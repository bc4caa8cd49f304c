/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/options.c - options read and set, and descriptors of other
 * processes, in which every call goes wrong once; see each.h.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

/* Who made it closes it by pier, which the table counts. */
static void
end(struct fault_story *story, int fd)
{
	struct pier_stream *stream = NULL;

	while (pier_adopt(&stream, fd) < 0)
		(void)met(story, "adopt", pier_last_error()->code);
	pier_close(stream);
}

static int
look(const struct pier_option *option, void *arg)
{
	(void)option;
	++*(int *)arg;
	return 0;
}

static void
options(struct fault_story *story)
{
	struct pier_option_change change;
	struct pier_option_value value;
	int count = 0;
	int fd = (int)met(story, "socket", pier_option_socket("tcp4"));

	if (fd < 0)
		return;
	(void)met(story, "get", pier_option_get(fd, "nodelay", &value));
	(void)met(story, "set", pier_option_set(fd, "linger", "5s", &change));
	/* Capped: its sysctl is read. */
	(void)met(story, "set", pier_option_set(fd, "rcvbuf", "1G", &change));
	(void)met(story, "each", pier_option_each(fd, look, &count));
	end(story, fd);
}

static void
copy(struct fault_story *story)
{
	int fd = (int)met(story, "copy", pier_fd_copy(getpid(), 0));

	if (fd >= 0)
		end(story, fd);
}

/* Where the kernel, or who runs it, does not let it. */
static const int also[] = { -EPERM, -ENOSYS, 0 };

int
main(void)
{
	static const struct fault_scenario scenarios[] = {
		{ "options", options, NULL },
		{ "copy", copy, also },
	};

	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
