/* SPDX-License-Identifier: MIT */
/*
 * pier: the tool. This file holds the table of verbs and what surrounds every
 * verb: the words before it, help, signals, and the result of standard output.
 */
#include "verbs.h"

#include "complete.h"
#include "exit.h"
#include "json.h"
#include "opt.h"
#include "options.h"
#include "output.h"
#include "page.h"
#include "report.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cli_verb *const verbs[] = {
	&cli_verb_serve,
	&cli_verb_connect,
	&cli_verb_get,
	&cli_verb_ping,
	&cli_verb_find,
	&cli_verb_announce,
	&cli_verb_addr,
	&cli_verb_resolve,
	&cli_verb_time,
	&cli_verb_info,
	&cli_verb_dump,
	&cli_verb_can,
	&cli_verb_bt,
	&cli_verb_service,
	&cli_verb_order,
	&cli_verb_opt,
	&cli_verb_from,
	&cli_verb_help,
	NULL,
};

/* What stands before the verb, besides the common options. */
struct head {
	struct cli_common common;
	bool version;
};

static const struct cli_option head_options[] = {
	{ .name = "version",
		.kind = CLI_FLAG,
		.group = "Version",
		.help = "print the version on one line",
		.offset = offsetof(struct head, version) },
	{ .name = NULL },
};

static const struct cli_verb itself = { .name = "pier",
	.options = head_options };

/*
 * A descriptor of ours must not become number 0, 1 or 2, where a later read
 * or a message for people would go to a socket. What stands there instead can
 * only be read: a standard output that was closed takes nothing, and that is an
 * error, as it is when it is full.
 */
static void
fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* A command line that is wrong is not read to its end: --json may stand behind
   what is wrong. */
static int
refuse(struct cli_tool *tool, const char *verb, const struct cli_complaint *why,
	char **argv)
{
	for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++)
		tool->json |= strcmp(*argv, "--json") == 0;
	return cli_usage_error(tool, verb, why);
}

/* Run a verb with the words behind it; common holds what stood before. */
static int
run_verb(struct cli_tool *tool, const struct cli_verb *verb, int argc,
	char **argv, const struct cli_common *common)
{
	struct cli_complaint why;
	struct cli_common *given;
	int code;

	given = calloc(1, verb->settings_size);
	if (given == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, "settings", -ENOMEM, "");
	if (verb->defaults != NULL)
		memcpy(given, verb->defaults, verb->settings_size);
	*given = *common;
	given->given = 0; /* it counts the verb's options */
	/* "pier --help VERB" has asked already. */
	code = common->help == CLI_HELP_NONE
		       ? cli_parse(verb, argc, argv, given, &why)
		       : 0;
	cli_tool_setup(tool, given);
	if (code < 0) {
		code = refuse(tool, verb->name, &why, argv);
	} else if (given->help != CLI_HELP_NONE) {
		if (given->help == CLI_HELP_SHORT)
			cli_page_short(stdout, verb, &tool->out);
		else
			cli_page_full(stdout, verb, &tool->out);
		code = CLI_EXIT_OK;
	} else {
		code = verb->run(tool, given);
	}
	free(given);
	return code;
}

/* The option section of a manual page, for the test that compares them. */
static int
print_man_options(const char *name)
{
	const struct cli_verb *verb = cli_verb_named(verbs, name);

	if (strcmp(name, itself.name) == 0)
		verb = &itself;
	if (verb == NULL)
		return CLI_EXIT_USAGE;
	cli_page_mdoc(stdout, verb);
	return CLI_EXIT_OK;
}

/* What meson asks when pier is built: pier-options(7). */
static int
print_man_table(void)
{
	return opt_page(stdout) < 0 ? CLI_EXIT_RESOURCE : CLI_EXIT_OK;
}

/* The same: completions. */
static int
print_completions(const char *shell)
{
	const struct complete_tool tool = { .verbs = verbs,
		.options = head_options };

	return cli_complete(stdout, shell, &tool) == 0 ? CLI_EXIT_OK
						       : CLI_EXIT_USAGE;
}

static int
run_tool(struct cli_tool *tool, int argc, char **argv)
{
	const struct cli_verb *verb;
	struct cli_complaint why;
	struct head head = { .version = false };
	int words;

	if (argc == 2 && strcmp(argv[0], "--man-options") == 0)
		return print_man_options(argv[1]);
	if (argc == 1 && strcmp(argv[0], "--man-table") == 0)
		return print_man_table();
	if (argc == 2 && strcmp(argv[0], "--completions") == 0)
		return print_completions(argv[1]);
	words = cli_parse_head(head_options, argc, argv, &head, &why);
	cli_tool_setup(tool, &head.common);
	if (words < 0)
		return refuse(tool, "", &why, argv);
	if (head.version) {
		printf("pier %s\n", pier_version());
		return CLI_EXIT_OK;
	}
	if (words == argc && head.common.help == CLI_HELP_FULL) {
		cli_help_tool(tool, head_options);
		return CLI_EXIT_OK;
	}
	if (words == argc) {
		cli_help_front(tool);
		/* Without a verb nothing was done that a script may build on. */
		return head.common.help != CLI_HELP_NONE ? CLI_EXIT_OK
							 : CLI_EXIT_USAGE;
	}
	verb = cli_verb_named(verbs, argv[words]);
	if (verb == NULL) {
		cli_verb_unknown(verbs, argv[words], &why);
		return refuse(tool, "", &why, argv + words);
	}
	return run_verb(
		tool, verb, argc - words - 1, argv + words + 1, &head.common);
}

/* What failed before may have left nothing that could fail here: its cause is asked
   for again, by the end of a line that is cut off in any case. */
static int
flush_output(void)
{
	if (fflush(stdout) != 0)
		return -errno;
	if (!ferror(stdout))
		return 0;
	return write(STDOUT_FILENO, "\n", 1) < 0 ? -errno : -EIO;
}

int
main(int argc, char **argv)
{
	struct cli_tool tool = { .verbs = verbs };
	int code, rc;

	cli_inherited_note(&tool.inherited);
	cli_tool_setup(&tool, &(const struct cli_common){ .json = false });
	fill_standard_descriptors();
	cli_json_start();
	tool.signal_fd = cli_signals_start();
	if (tool.signal_fd < 0)
		return cli_own_failure(
			&tool, PIER_STEP_CREATE, "signals", tool.signal_fd, "");
	if (cli_output_start() < 0)
		return cli_own_failure(&tool, PIER_STEP_CREATE,
			"standard output", -ENOMEM, "");
	/* Its failure costs only the plain words for a stack overflow. */
	(void)pier_report_overflow();
	code = run_tool(&tool, argc > 0 ? argc - 1 : 0, argv + 1);
	rc = flush_output();
	if (rc < 0 && rc != -EPIPE && code == CLI_EXIT_OK)
		code = cli_output_failed(&tool, rc);
	return code;
}
