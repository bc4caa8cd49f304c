/* SPDX-License-Identifier: MIT */
/*
 * pier info: the sockets of this machine, of any user, with what the kernel
 * knows of them.
 */
#include "info.h"

#include "output.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(struct info_settings, field)
#define MS        INT64_C(1000000)
#define WEEK      (7 * 24 * 3600 * 1000 * MS)

/* Without a filter: what talks to other machines. */
#define USUAL "proto!=unix proto!=netlink proto!=packet state!=time-wait"

#define FILTER_MAX 4096

/* What options are of use for. */
enum {
	INFO_LIST = 1 << 0,
	INFO_CLOSED = 1 << 1,
	INFO_DIAL = 1 << 2
};

/* A listing under way. */
struct listing {
	struct cli_tool *tool;
	struct info_table *table; /* NULL: events, or groups */
	struct info_groups *groups;
	struct cli_lines events;
	int failed;
};

static int
tell_one(struct listing *listing, const struct pier_socket *socket)
{
	info_event(&listing->events, "socket", socket);
	return cli_lines_end(&listing->events, listing->tool->until);
}

static int
take(const struct pier_socket *socket, void *ctx)
{
	struct listing *listing = ctx;

	listing->failed = listing->groups != NULL
				  ? info_groups_add(listing->groups, socket)
			  : listing->table != NULL
				  ? info_table_add(listing->table, socket)
				  : tell_one(listing, socket);
	/* Not the error itself: that would be one of the listing. */
	return listing->failed < 0;
}

int
info_failure(struct cli_tool *tool)
{
	return cli_filter_failure(tool, "info", "pier-filter(7)");
}

/* What is to be known about what was not shown. */
static void
tell(struct cli_tool *tool, const struct pier_sockets_report *report,
	const struct info_table *table)
{
	uint32_t kind;

	for (kind = 1; kind < PIER_SOCKET_ALL; kind <<= 1) {
		if ((report->missing & kind) != 0)
			cli_say(tool, 1, "this kernel cannot list %s sockets",
				pier_socket_kind_name(kind));
	}
	if (report->hidden > 0)
		cli_say(tool, 0,
			"%zu process%s of other users may hold sockets too; "
			"CAP_SYS_PTRACE shows them",
			report->hidden, report->hidden == 1 ? "" : "es");
	if (table != NULL && info_table_full(table) > 0)
		cli_say(tool, 0,
			"%zu listening socket%s full: clients are turned away",
			info_table_full(table),
			info_table_full(table) == 1 ? " is" : "s are");
}

/* Those that are shown, or counted, need what is read of /proc and of the
   control groups. */
bool
info_shows(const struct info_settings *settings, const char *column)
{
	return (settings->columns != NULL &&
		       strstr(settings->columns, column) != NULL) ||
	       (settings->group_by != NULL &&
		       strcmp(settings->group_by, column) == 0);
}

static int
list(struct listing *listing, const struct info_settings *settings,
	const char *filter)
{
	struct pier_sockets_report report = { .count = 0 };
	const struct pier_sockets_opts opts = { .filter = filter,
		.owners = settings->processes ||
			  info_shows(settings, "process") ||
			  info_shows(settings, "command"),
		.cgroups =
			listing->tool->json || info_shows(settings, "cgroup"),
		.report = &report };
	int rc = pier_sockets(&opts, take, listing, PIER_FOREVER);

	/* Before anything is said of what went wrong then. */
	if (listing->failed == 0)
		listing->failed =
			cli_lines_flush(&listing->events, listing->tool->until);
	if (rc < 0)
		return info_failure(listing->tool);
	if (rc == 0 && listing->groups != NULL)
		rc = info_groups_print(listing->groups, listing->tool);
	else if (rc == 0 && listing->table != NULL)
		rc = info_table_print(listing->table, listing->tool);
	if (rc < 0)
		listing->failed = rc;
	/* A reader that has enough, as of head(1), is no failure. */
	if (listing->failed < 0 && listing->failed != -EPIPE)
		return cli_output_failed(listing->tool, listing->failed);
	tell(listing->tool, &report, listing->table);
	return report.count > 0 || listing->failed == -EPIPE ? CLI_EXIT_OK
							     : CLI_EXIT_NO;
}

int
info_list(struct cli_tool *tool, const struct info_settings *settings,
	const char *filter)
{
	struct listing listing = { .tool = tool };
	struct cli_complaint why;
	int code;

	if (settings->group_by != NULL)
		listing.groups = info_groups_new(settings, &why);
	else
		listing.table = info_table_new(settings, &why);
	if (listing.groups == NULL && listing.table == NULL)
		return cli_usage_error(tool, "info", &why);
	/* Columns that are none are refused with --json too. */
	if (tool->json) {
		info_table_free(listing.table);
		listing.table = NULL;
	}
	code = list(&listing, settings, filter);
	info_table_free(listing.table);
	info_groups_free(listing.groups);
	cli_lines_free(&listing.events);
	return code;
}

/* The words with spaces between; NULL: too long. */
static const char *
join(const struct cli_texts *words, char *text, size_t size)
{
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < words->n; i++) {
		int n = snprintf(text + len, size - len, "%s%s",
			i > 0 ? " " : "", words->item[i]);

		if (n < 0 || (size_t)n >= size - len)
			return NULL;
		len += (size_t)n;
	}
	return text;
}

static const struct cli_option options[] = {
	{ .name = "processes",
		.letter = 'p',
		.kind = CLI_FLAG,
		.group = "What is shown",
		.help = "look in /proc for the processes that hold each socket",
		.offset = AT(processes),
		.needs = INFO_LIST | INFO_CLOSED },
	{ .name = "all",
		.letter = 'a',
		.kind = CLI_FLAG,
		.group = "What is shown",
		.help = "without a filter, show Unix, netlink and packet "
			"sockets and TIME-WAIT too",
		.offset = AT(all),
		.needs = INFO_LIST },
	{ .name = "columns",
		.letter = 'o',
		.kind = CLI_TEXT,
		.metavar = "NAME,...",
		.group = "What is shown",
		.help = "which columns: proto, state, local, peer, process, "
			"rtt, or any other of pier-info(1)",
		.offset = AT(columns) },
	{ .name = "sort",
		.letter = 's',
		.kind = CLI_TEXT,
		.metavar = "[-]NAME",
		.group = "What is shown",
		.help = "order the rows by a column, with a '-' the largest "
			"first",
		.offset = AT(sort),
		.needs = INFO_LIST },
	{ .name = "group-by",
		.letter = 'g',
		.kind = CLI_TEXT,
		.metavar = "NAME",
		.group = "What is shown",
		.help = "one row for all sockets that have the same in this "
			"column (process, command, dst, dport, cgroup, user, "
			"state), with how many they are and the sums of their "
			"numbers, of times the means",
		.offset = AT(group_by),
		.needs = INFO_LIST },
	{ .name = "details",
		.letter = 'i',
		.kind = CLI_FLAG,
		.group = "What is shown",
		.help = "below each row, every field of TCP_INFO that is not "
			"0; of a listener, how full its queue is",
		.offset = AT(details) },
	{ .name = "closed",
		.kind = CLI_FLAG,
		.group = "Other sockets",
		.help = "tell of each TCP and UDP socket that closes from now "
			"on, with its last numbers",
		.offset = AT(closed) },
	{ .name = "count",
		.letter = 'n',
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Other sockets",
		.help = "with --closed, end after so many",
		.otherwise = "none",
		.min = 1,
		.max = INT64_C(1000000000),
		.offset = AT(count),
		.needs = INFO_CLOSED },
	{ .name = "dial",
		.letter = 'd',
		.kind = CLI_TEXT,
		.metavar = "ENDPOINT",
		.group = "Other sockets",
		.help = "connect there and show that connection",
		.offset = AT(dial) },
	{ .name = "timeout",
		.letter = 'w',
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Other sockets",
		.help = "limit on --closed and --dial",
		.otherwise = "none; 10s for --dial",
		.min = MS,
		.max = WEEK,
		.offset = AT(timeout),
		.needs = INFO_CLOSED | INFO_DIAL },
	{ .name = NULL },
};

/* What was given and would change nothing is refused, not passed over. */
static bool
is_in_vain(const struct info_settings *settings, struct cli_complaint *why)
{
	const struct cli_option *option =
		cli_given_in_vain(options, &settings->common,
			settings->dial != NULL ? INFO_DIAL
			: settings->closed     ? INFO_CLOSED
					       : INFO_LIST);

	if (settings->dial != NULL &&
		(settings->closed || settings->filter.n > 0))
		snprintf(why->line, sizeof(why->line),
			"--dial shows that connection alone: no %s beside it",
			settings->closed ? "--closed" : "filter");
	else if (option != NULL)
		snprintf(why->line, sizeof(why->line), "--%s is of no use %s",
			option->name,
			settings->dial != NULL ? "beside --dial"
			: settings->closed     ? "beside --closed"
			: (option->needs & INFO_DIAL) != 0
				? "without --closed or --dial"
				: "without --closed");
	else
		return false;
	snprintf(why->hint, sizeof(why->hint),
		"'pier info --help' says what each option is for");
	return true;
}

static int
run(struct cli_tool *tool, const void *given)
{
	const struct info_settings *settings = given;
	struct cli_complaint why = {
		.hint = "pier-filter(7) explains filters"
	};
	char text[FILTER_MAX];
	const char *filter = join(&settings->filter, text, sizeof(text));

	tool->until = PIER_FOREVER;
	if (is_in_vain(settings, &why))
		return cli_usage_error(tool, "info", &why);
	if (filter == NULL) {
		snprintf(why.line, sizeof(why.line),
			"the filter has more than %d bytes", FILTER_MAX - 1);
		return cli_usage_error(tool, "info", &why);
	}
	if (settings->dial != NULL)
		return info_dial(tool, settings);
	if (settings->closed)
		return info_closed(tool, settings, filter);
	if (filter[0] == '\0' && !settings->all)
		filter = USUAL;
	return info_list(tool, settings, filter);
}

static const struct cli_operand operands[] = {
	{ .metavar = "FILTER",
		.kind = CLI_TEXTS,
		.help = "which sockets, see pier-filter(7)",
		.min = 0,
		.offset = AT(filter) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier info", "what talks to other machines" },
	{ "pier info -p listen", "who listens, and how full the queues are" },
	{ "pier info port:443 'rtt>50ms' -s -rtt", "slow ones, slowest first" },
	{ "pier info -g command", "how many each program has, and what they "
				  "carried" },
	{ "pier info --closed --json", "a log of flows, without root" },
	{ NULL, NULL },
};

const struct cli_verb cli_verb_info = {
	.name = "info",
	.summary = "show sockets and what the kernel knows of them",
	.about = "Lists the sockets of every user in this network namespace by "
		 "sock_diag, with TCP_INFO, and needs no privilege for it. "
		 "Only --processes sees more with one.\n\n"
		 "The words of the filter are joined with spaces: "
		 "port:443 process:nginx state:established 'rtt>50ms', with "
		 "and, or, not and parentheses. Without one, all TCP, UDP and "
		 "raw sockets are shown but those in TIME-WAIT. The columns "
		 "recv-queue and send-queue are bytes; of a listening socket, "
		 "connections that wait to be accepted, and how many may.\n\n"
		 "Ends with 1 when no socket passes the filter.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.settings_size = sizeof(struct info_settings),
	.run = run,
};
