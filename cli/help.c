/* SPDX-License-Identifier: MIT */
/*
 * pier help, and the pages about the tool itself. What a page says about a
 * verb comes from that verb's tables.
 */
#include "verbs.h"

#include "exit.h"
#include "page.h"

#include <stdio.h>
#include <string.h>

enum {
	WIDTH = 79,
};

struct settings {
	struct cli_common common;
	const char *topic; /* NULL: the tool itself */
};

static void
put_verbs(FILE *out, const struct cli_verb *const *verbs)
{
	for (; *verbs != NULL; verbs++)
		fprintf(out, "  %-9s %s\n", (*verbs)->name, (*verbs)->summary);
}

/* Their names alone, wrapped: the front page is short, however many there
   are. */
static void
put_names(FILE *out, const struct cli_verb *const *verbs)
{
	int column = fprintf(out, "Verbs:");

	for (; *verbs != NULL; verbs++) {
		int len = (int)strlen((*verbs)->name);

		if (column + 1 + len > WIDTH)
			column = fprintf(out, "\n      ") - 1;
		column += fprintf(out, " %s", (*verbs)->name);
	}
	fputs("\n", out);
}

/* The grammar in short; pier-endpoint(7) has it whole. */
static void
put_endpoints(FILE *out)
{
	fputs("  tcp://HOST:PORT       tcp4:// and tcp6:// for one family "
	      "alone\n"
	      "  udp://HOST:PORT       udp4:// and udp6:// the same\n"
	      "  udp://<broadcast>:PORT, udp://IFACE.broadcast:PORT\n"
	      "                        every host on every link, or on one\n"
	      "  udp://GROUP:PORT      multicast; ?join=IFACE|*, &source=HOST\n"
	      "  icmp://HOST           for pier ping; icmp4:// and icmp6:// "
	      "the same\n"
	      "  unix:///PATH          unix://./PATH, or unix://@NAME without "
	      "a "
	      "file\n"
	      "  unixgram:///PATH      datagrams, else as unix://\n"
	      "  seqpacket:///PATH     packets over a connection, else as "
	      "unix://\n"
	      "  vsock://CID:PORT      a virtual machine, or 'host' from "
	      "within one\n"
	      "  raw://HOST/PROTOCOL   messages of a protocol of IP: icmp, "
	      "253; raw4, raw6\n"
	      "  tipc://TYPE/INSTANCE  a service of a cluster; "
	      "?type=seqpacket: a connection\n"
	      "  rfcomm://ADDR/CHANNEL a stream by Bluetooth: "
	      "rfcomm://00:11:22:33:44:55/1\n"
	      "  l2cap://ADDR/PSM      messages by Bluetooth; of Low Energy "
	      "?le=public, random\n"
	      "  isotp://IFACE/TX/RX   messages over CAN, of ISO-TP: "
	      "isotp://can0/7e0/7e8\n"
	      "  svc://TYPE/NAME       a service found on this network; "
	      "svc://TYPE: any\n"
	      "  fd://NUMBER           a descriptor that was handed down\n"
	      "\n"
	      "  HOST is a name, 192.0.2.1 or [2001:db8::1]; when serving, "
	      "nothing is every\n"
	      "  address. PORT is a number or a service's name; 0 is any free "
	      "one.\n"
	      "  HOST:PORT alone is tcp; what begins with /, ./ or @ is unix. "
	      "%XX is a byte.\n"
	      "  More in the manual page pier-endpoint(7).\n",
		out);
}

void
cli_help_front(const struct cli_tool *tool)
{
	printf("usage: pier VERB [OPTION...] [ARGUMENT...]\n\n"
	       "  pier serve echo tcp://:7000             "
	       "an echo server, IPv4 and IPv6\n"
	       "  pier connect localhost:7000             "
	       "talk to it: your lines, its answers\n"
	       "  pier connect -z tcp://localhost:20-25   "
	       "which of these ports are open\n\n");
	put_names(stdout, tool->verbs);
	printf("'pier --help' says what each is for, 'pier VERB -h' lists its "
	       "options,\n'pier help TOPIC' explains: VERB, endpoints, "
	       "exit-codes\n");
}

void
cli_help_tool(const struct cli_tool *tool, const struct cli_option *options)
{
	const char *strong = tool->out.strong, *plain = tool->out.plain;

	cli_help_front(tool);
	printf("\n%sVerbs%s\n", strong, plain);
	put_verbs(stdout, tool->verbs);
	cli_page_options(stdout, options, &tool->out);
	cli_page_options(stdout, cli_common_options, &tool->out);
	printf("\n%sExit codes%s\n", strong, plain);
	cli_exit_print(stdout);
	printf("\n%sEndpoints%s\n", strong, plain);
	put_endpoints(stdout);
}

static int
run(struct cli_tool *tool, const void *given)
{
	const struct settings *settings = given;
	const struct cli_verb *verb;
	struct cli_complaint why;

	if (settings->topic == NULL) {
		cli_help_front(tool);
		return CLI_EXIT_OK;
	}
	if (strcmp(settings->topic, "exit-codes") == 0) {
		cli_exit_print(stdout);
		return CLI_EXIT_OK;
	}
	if (strcmp(settings->topic, "endpoints") == 0) {
		put_endpoints(stdout);
		return CLI_EXIT_OK;
	}
	verb = cli_verb_named(tool->verbs, settings->topic);
	if (verb == NULL) {
		cli_verb_unknown(tool->verbs, settings->topic, &why);
		return cli_usage_error(tool, "help", &why);
	}
	cli_page_full(stdout, verb, &tool->out);
	return CLI_EXIT_OK;
}

static const struct cli_example examples[] = {
	{ "pier help connect", "explain pier connect, as its --help does" },
	{ "pier help exit-codes", "what each exit code means" },
	{ "pier help endpoints", "how to name where" },
	{ NULL, NULL },
};

static const struct cli_option options[] = {
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "TOPIC",
		.kind = CLI_TEXT,
		.help = "a verb, exit-codes, or endpoints",
		.min = 0,
		.offset = offsetof(struct settings, topic) },
	{ .metavar = NULL },
};

const struct cli_verb cli_verb_help = {
	.name = "help",
	.summary = "explain a verb, or list them",
	.about = "Without a topic, lists the verbs.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.settings_size = sizeof(struct settings),
	.run = run,
};
