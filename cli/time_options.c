/* SPDX-License-Identifier: MIT */
/* pier time: its tables; see time_work.h. */
#include "time_work.h"

#include "verbs.h"

#define MS     INT64_C(1000000)
#define SECOND (1000 * MS)
#define HOUR   (3600 * SECOND)

#define AT(field) offsetof(struct time_settings, field)

static const struct cli_option options[] = {
	{ .name = "samples",
		.letter = 'n',
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Asking",
		.help = "answers of each server, 8 at most; the one with the "
			"shortest delay counts; with --watch: requests to each "
			"server, and then it ends",
		.otherwise = "1; with --watch there is no end",
		.min = 1,
		.max = INT64_C(1000000000000),
		.offset = AT(samples) },
	{ .name = "interval",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Asking",
		.help = "between two requests to a server; never less than 2s, "
			"or 15s with --watch, unless it is on this machine, or "
			"--own",
		.otherwise = "2s, and 16s with --watch",
		.min = PIER_SNTP_OWN_NS,
		.max = PIER_SNTP_MAX_NS,
		.offset = AT(interval_ns) },
	{ .name = "own",
		.kind = CLI_FLAG,
		.group = "Asking",
		.help = "the servers are your own: they may be asked as often "
			"as every millisecond",
		.offset = AT(own) },
	{ .name = "addresses",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Asking",
		.help = "of each name that many addresses are asked, at most",
		.otherwise = "1",
		.min = 1,
		.max = PIER_SNTP_SERVERS_MAX,
		.offset = AT(addresses) },
	{ .name = "ntp-version",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Asking",
		.help = "the version that the requests have",
		.otherwise = "4",
		.min = 3,
		.max = 4,
		.offset = AT(version) },
	CLI_WAY_ROWS(AT(way)),
	{ .name = "wait",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "for one answer",
		.otherwise = "2s",
		.min = MS,
		.max = HOUR - 1,
		.offset = AT(wait_ns) },
	{ .name = "tries",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Time limits",
		.help = "requests in a row without a good answer until a "
			"server is given up, --interval apart; with --watch "
			"none is",
		.otherwise = "3",
		.min = 1,
		.max = 100,
		.offset = AT(tries) },
	{ .name = "timeout",
		.letter = 'w',
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "end after that, with what is known by then",
		.otherwise = "none",
		.min = MS,
		.max = 24 * 7 * HOUR,
		.offset = AT(timeout_ns) },
	{ .name = "max-offset",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Verdict",
		.help = "exit with 1 when this machine's clock is further off",
		.otherwise = "any offset will do",
		.min = 1,
		.max = INT64_C(200) * 366 * 24 * HOUR,
		.offset = AT(max_offset_ns) },
	{ .name = "watch",
		.kind = CLI_FLAG,
		.group = "Verdict",
		.help = "go on asking, and show the offset as it goes: on a "
			"terminal as a graph",
		.offset = AT(watch) },
	{ .name = "convert",
		.kind = CLI_TEXTS,
		.metavar = "VALUE",
		.group = "Conversion",
		.help = "ask nobody, but show what moment this is in every "
			"form: seconds of NTP or Unix, a 64-bit timestamp of "
			"NTP in hexadecimal, a date; may be given again",
		.offset = AT(convert) },
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "HOST",
		.kind = CLI_TEXTS,
		.help = "servers of NTP: a name, an address, HOST:PORT; "
			"without one: 0.pool.ntp.org to 3.pool.ntp.org",
		.min = 0,
		.offset = AT(hosts) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier time", "the time, by four servers of pool.ntp.org" },
	{ "pier time -v ntp.example.org",
		"all four timestamps, and each check of the answer" },
	{ "pier time --samples 4 --max-offset 50ms ntp.example.org",
		"for monitoring: exit 1 when the clock is more than 50 ms "
		"off" },
	{ "pier time --watch ntp.example.org", "how the clock drifts" },
	{ "pier time --convert 3602328578",
		"seconds of NTP as a date, and as all else" },
	{ NULL, NULL },
};

static const struct time_settings defaults = {
	.tries = 3,
	.addresses = 1,
	.version = 4,
	.wait_ns = 2 * SECOND,
};

const struct cli_verb cli_verb_time = {
	.name = "time",
	.summary = "what time is it, and how far off is this clock",
	.about = "Asks servers of NTP for the time, checks every answer, and "
		 "shows the time, how far this machine's clock is off, and how "
		 "sure that is. The clock is never set, and nothing needs "
		 "root.\n\n"
		 "Several servers are compared: those whose answers cannot be "
		 "true together with what most of them say are marked as "
		 "falsetickers. A server that is not synchronised, that sends "
		 "us "
		 "away, or whose answer fails a check is not believed; which "
		 "check it was is said.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.defaults = &defaults,
	.settings_size = sizeof(struct time_settings),
	.run = time_run,
};
