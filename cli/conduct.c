/* SPDX-License-Identifier: MIT */
/*
 * Two fibers: the verb's first task, in a group, and one that waits for a
 * signal to cancel the group. When the group is empty the run is over, which
 * ends the other.
 */
#include "conduct.h"

#include "signals.h"

struct conduct {
	struct cli_tool *tool;
	int (*fn)(struct pier_group *group, void *arg);
	void *arg;
	struct pier_group *group;
	int code;
};

/* Handlers of the tool format text and JSON, which takes more stack than
   moving bytes does. */
#define STACK_BYTES (256 * 1024)

static int
run_verb(void *arg)
{
	struct conduct *conduct = arg;

	conduct->code = conduct->fn(conduct->group, conduct->arg);
	return 0;
}

static int
watch_signals(void *arg)
{
	struct conduct *conduct = arg;
	struct pier_waitable signal = { .fd = conduct->tool->signal_fd,
		.want = PIER_READING };

	if (pier_wait_any(&signal, 1, PIER_FOREVER) > 0)
		pier_group_cancel(conduct->group);
	return 0;
}

static int
start(void *arg)
{
	struct conduct *conduct = arg;
	int rc;

	rc = pier_group_open(&conduct->group);
	if (rc < 0)
		return rc;
	rc = pier_go(NULL, watch_signals, conduct);
	if (rc == 0)
		rc = pier_go(conduct->group, run_verb, conduct);
	if (rc == 0)
		rc = pier_group_wait(conduct->group, PIER_FOREVER);
	pier_group_close(conduct->group);
	return rc;
}

int
cli_conduct(struct cli_tool *tool,
	int (*fn)(struct pier_group *group, void *arg), void *arg)
{
	const struct pier_run_opts opts = { .stack_size = STACK_BYTES };
	struct conduct conduct = { .tool = tool, .fn = fn, .arg = arg };
	int rc;

	rc = pier_run(start, &conduct, &opts, NULL);
	if (cli_signals_caught() != 0)
		return CLI_EXIT_SIGNAL + cli_signals_caught();
	if (rc < 0)
		return cli_own_failure(tool, PIER_STEP_CREATE, "tasks", rc, "");
	return conduct.code;
}
