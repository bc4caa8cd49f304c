/* SPDX-License-Identifier: MIT */
/* pier find: its tables; see find.h. */
#include "find.h"

#include "verbs.h"

#define MS     INT64_C(1000000)
#define SECOND (1000 * MS)
#define WEEK   (INT64_C(7) * 86400 * SECOND)

#define AT(field) offsetof(struct find_settings, field)

static const struct cli_option options[] = {
	{ .name = "once",
		.kind = CLI_FLAG,
		.group = "How long",
		.help = "look for a while, say what is there, and end",
		.otherwise = "say what comes, changes and goes",
		.offset = AT(once) },
	{ .name = "first",
		.kind = CLI_FLAG,
		.group = "How long",
		.help = "end with the first one",
		.offset = AT(first) },
	{ .name = "for",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "How long",
		.help = "look so long",
		.otherwise = "2s of --once, 5s of --first, else no end",
		.min = MS,
		.max = WEEK,
		.offset = AT(for_ns) },
	{ .name = "name",
		.kind = CLI_TEXT,
		.metavar = "NAME",
		.group = "What",
		.help = "only the service of that name",
		.offset = AT(name) },
	{ .name = "check",
		.kind = CLI_FLAG,
		.group = "What",
		.help = "connect to each, within 2s, and say whether it took "
			"it; exit with 1 when one did not; what is of UDP, "
			"which has no handshake, is not checked",
		.offset = AT(check) },
	LAN_WAY_ROWS(AT(way), "asks", "look"),
	{ .name = "domain",
		.kind = CLI_TEXT,
		.metavar = "DOMAIN",
		.group = "Way",
		.help = "the domain of multicast DNS",
		.otherwise = "local",
		.offset = AT(domain) },
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "TYPE",
		.kind = CLI_TEXT,
		.help = "_http._tcp, or http for the same; "
			"_printer._sub._http._tcp for a subtype; without it, "
			"which types there are",
		.min = 0,
		.offset = AT(type) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier find", "which types of services there are, until interrupted" },
	{ "pier find http --once --check",
		"all web servers of this network, and which of them answer" },
	{ "pier find _ipp._tcp --first --json", "one printer, as JSON" },
	{ "pier connect svc://echo", "find one and talk to it" },
	{ NULL, NULL },
};

const struct cli_verb cli_verb_find = {
	.name = "find",
	.summary = "who on this network offers a service",
	.about = "Asks every host on the links of this machine, by multicast "
		 "DNS and DNS-SD as avahi and Bonjour do, and by beacons, and "
		 "says what comes (+), changes (~) and goes (-): the name of "
		 "the service, its type, where to connect, the host, who told "
		 "it, and its texts. No daemon is needed, and one that runs is "
		 "not disturbed.\n\n"
		 "Ends with 0 when something was found, else with 1.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.settings_size = sizeof(struct find_settings),
	.run = find_run,
};
