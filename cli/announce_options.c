/* SPDX-License-Identifier: MIT */
/* pier announce: its tables; see announce.h. */
#include "announce.h"

#include "verbs.h"

#define MS   INT64_C(1000000)
#define WEEK (INT64_C(7) * 86400 * 1000 * MS)

#define AT(field) offsetof(struct announce_settings, field)

static const struct cli_option options[] = {
	{ .name = "subtype",
		.kind = CLI_TEXTS,
		.metavar = "NAME",
		.group = "Service",
		.help = "a subtype, such as _printer, by which it is found "
			"too; "
			"may be given again",
		.offset = AT(subtypes) },
	{ .name = "host",
		.kind = CLI_TEXT,
		.metavar = "NAME",
		.group = "Service",
		.help = "the name of this host, without the domain: lab2 is "
			"lab2.local",
		.otherwise = "this machine's name",
		.offset = AT(host) },
	{ .name = "alias",
		.kind = CLI_TEXTS,
		.metavar = "NAME",
		.group = "Service",
		.help = "another name of the host: www is www.local; may be "
			"given again",
		.offset = AT(aliases) },
	{ .name = "priority",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Service",
		.help = "of several, the one with the least is taken first",
		.otherwise = "0",
		.min = 0,
		.max = UINT16_MAX,
		.offset = AT(priority) },
	{ .name = "weight",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Service",
		.help = "its share among those of one priority",
		.otherwise = "0",
		.min = 0,
		.max = UINT16_MAX,
		.offset = AT(weight) },
	{ .name = "for",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "How long",
		.help = "end after that, with a goodbye",
		.otherwise = "none: until interrupted",
		.min = MS,
		.max = WEEK,
		.offset = AT(for_ns) },
	LAN_WAY_ROWS(AT(way), "tells it", "tell it"),
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "NAME",
		.kind = CLI_TEXT,
		.help = "what people read: \"Printer on the second floor\"",
		.min = 1,
		.offset = AT(instance) },
	{ .metavar = "TYPE",
		.kind = CLI_TEXT,
		.help = "_http._tcp, or http for the same",
		.min = 1,
		.offset = AT(type) },
	{ .metavar = "PORT",
		.kind = CLI_TEXT,
		.help = "where it listens: a number",
		.min = 1,
		.offset = AT(port) },
	{ .metavar = "KEY=VALUE",
		.kind = CLI_TEXTS,
		.help = "texts that tell more of it; KEY alone is one too",
		.min = 0,
		.offset = AT(texts) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier announce \"My web server\" http 8080 path=/index.html",
		"until interrupted" },
	{ "pier announce -v Lab _ipp._tcp 631 --subtype _printer",
		"and say each step" },
	{ NULL, NULL },
};

const struct cli_verb cli_verb_announce = {
	.name = "announce",
	.summary = "tell this network of a service",
	.about = "Tells every host on the links of this machine of a service, "
		 "by multicast DNS and DNS-SD as avahi and Bonjour do, and by "
		 "beacons; answers who asks; and says goodbye when it ends, "
		 "with 0 at an interrupt. Where another has the name already, "
		 "it takes the next one, such as \"NAME (2)\", and says so; a "
		 "host becomes \"lab2-2\". No daemon is needed, and one that "
		 "runs is not disturbed.\n\n"
		 "Whether anything listens at that port is not looked at.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.settings_size = sizeof(struct announce_settings),
	.run = announce_run,
};
