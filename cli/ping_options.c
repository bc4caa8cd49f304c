/* SPDX-License-Identifier: MIT */
/* pier ping: its tables; see ping.h. */
#include "ping.h"

#include "verbs.h"

#define MS     INT64_C(1000000)
#define SECOND (1000 * MS)
#define WEEK   (INT64_C(7) * 86400 * SECOND)

#define AT(field) offsetof(struct ping_settings, field)

static const struct cli_option options[] = {
	{ .name = "count",
		.letter = 'c',
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Probes",
		.help = "end after so many to each host",
		.otherwise = "none",
		.min = 1,
		.max = INT64_C(1000000000000),
		.offset = AT(count) },
	{ .name = "interval",
		.letter = 'i',
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Probes",
		.help = "between two probes to one host; less than 10ms is for "
			"root",
		.otherwise = "1s",
		.min = PIER_PING_INTERVAL_MIN_NS,
		.max = WEEK,
		.offset = AT(interval_ns) },
	{ .name = "size",
		.kind = CLI_SIZE,
		.metavar = "SIZE",
		.group = "Probes",
		.help = "bytes behind the header of each probe",
		.otherwise = "56, over L2CAP 44",
		.min = 0,
		.max = PIER_PING_SIZE_MAX,
		.offset = AT(size) },
	{ .name = "ttl",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Probes",
		.help = "how many routers a probe may pass",
		.otherwise = "as the system has it",
		.min = 1,
		.max = 255,
		.offset = AT(ttl) },
	{ .name = "tos",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Probes",
		.help = "the type of service of each probe: DSCP times 4, and "
			"ECN",
		.otherwise = "0",
		.min = 0,
		.max = 255,
		.offset = AT(tos) },
	{ .name = "dont-fragment",
		.kind = CLI_FLAG,
		.group = "Probes",
		.help = "a probe that is too large for the path is not cut up; "
			"the error names the size that it takes",
		.offset = AT(dont_fragment) },
	CLI_WAY_ROWS(AT(way)),
	{ .name = "interface",
		.kind = CLI_TEXT,
		.metavar = "NAME",
		.group = "Way",
		.help = "leave by this interface",
		.otherwise = "the way that the routes give",
		.offset = AT(interface) },
	{ .name = "wait",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "for the answer to one probe: after that it is lost",
		.otherwise = "1s",
		.min = MS,
		.max = WEEK,
		.offset = AT(wait_ns) },
	{ .name = "timeout",
		.letter = 'w',
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "end after that, whatever came",
		.otherwise = "none",
		.min = MS,
		.max = WEEK,
		.offset = AT(timeout_ns) },
	{ .name = "max-loss",
		.kind = CLI_COUNT,
		.metavar = "PERCENT",
		.group = "Verdict",
		.help = "exit with 1 when a host loses more than that",
		.otherwise = "one answer is enough",
		.min = 0,
		.max = 100,
		.offset = AT(max_loss) },
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "HOST",
		.kind = CLI_TEXTS,
		.help = "a name or an address, pinged by ICMP; "
			"tcp://HOST:PORT, udp://HOST:PORT, l2cap://DEVICE; or "
			"@FILE, with one a line",
		.min = 1,
		.offset = AT(hosts) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier ping -c 4 example.org", "four echoes, and the sums" },
	{ "pier ping tcp://example.org:443 --interval 200ms",
		"how long a connection takes, where ICMP is filtered" },
	{ "pier ping -q -c 10 --max-loss 5 @hosts",
		"all hosts of a file at once; exit 1 when one loses more than "
		"5 %" },
	{ "pier ping --json fe80::1%eth0", "each probe as a line of JSON" },
	{ NULL, NULL },
};

static const struct ping_settings defaults = {
	.interval_ns = SECOND,
	.wait_ns = SECOND,
	.size = -1,
	.max_loss = 100,
};

const struct cli_verb cli_verb_ping = {
	.name = "ping",
	.summary = "are hosts there, how far away, and how steadily",
	.about =
		"Sends probes at regular times and says what became of each: "
		"by ICMP, by connecting to a TCP port, or by datagrams to a "
		"UDP port. In the end, or at the first interrupt, it shows for "
		"each host the loss and its bursts, and the round trips with "
		"their percentiles, which are right within 1 part in 128. "
		"SIGQUIT (Ctrl-\\) shows how it stands.\n\n"
		"A port that refuses is an answer: the host is alive; the exit "
		"code is 4. ICMP takes a group in net.ipv4.ping_group_range, "
		"or CAP_NET_RAW.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.defaults = &defaults,
	.settings_size = sizeof(struct ping_settings),
	.run = ping_run,
};
