/* SPDX-License-Identifier: MIT */
/*
 * pier dump: packets as they pass, or as a file has them: shown in a line each,
 * layer by layer, as bytes or as events, or kept in a file.
 */
#include "dump.h"

#include "conduct.h"
#include "output.h"
#include "signals.h"
#include "store.h"
#include "verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(struct dump_settings, field)
#define MS        INT64_C(1000000)
#define WEEK      (7 * 24 * 3600 * 1000 * MS)

/* What options are of use for. */
enum {
	DUMP_LIVE = 1 << 0,
	DUMP_FILE = 1 << 1,
	DUMP_CODE = 1 << 2
};

/* Names of interfaces that were looked up last. */
#define NAMES_MAX 16

struct dumping {
	struct cli_tool *tool;
	const struct dump_settings *settings;
	const char *filter;
	struct pier_layers *layers;
	struct dump_sink *sink;
	bool shows; /* packets are shown, besides what is kept of them */
	int64_t seen;
	struct {
		uint32_t index;
		char name[PIER_INTERFACE_NAME_MAX];
	} names[NAMES_MAX];
	int code;
};

/* "": it has none, or is gone. */
static const char *
name_of(struct dumping *dumping, uint32_t index)
{
	size_t slot = index % NAMES_MAX;

	if (index == 0)
		return "";
	if (dumping->names[slot].index != index) {
		dumping->names[slot].index = index;
		if (pier_interface_name(index, dumping->names[slot].name,
			    sizeof(dumping->names[slot].name)) < 0)
			dumping->names[slot].name[0] = '\0';
	}
	return dumping->names[slot].name;
}

static int
show_text(struct dumping *dumping, const struct dump_packet *packet)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int rc;

	if (out == NULL)
		return -ENOMEM;
	dump_tell(out, dumping->settings, packet);
	rc = fclose(out) != 0 ? -ENOMEM
			      : cli_output(text, len, dumping->tool->until);
	free(text);
	return rc;
}

/* The packet's layers are known. 0, or what standard output said. */
static int
show(struct dumping *dumping, const struct pier_captured *captured)
{
	const struct dump_packet packet = { .number = (uint64_t)dumping->seen,
		.captured = captured,
		.layers = dumping->layers,
		.interface = name_of(dumping, captured->interface) };

	if (dumping->tool->json)
		return cli_event_print(dump_event(dumping->settings, &packet),
			dumping->tool->until);
	return show_text(dumping, &packet);
}

/* What writing the file gave; what is wrong with it was said. */
static int
kept(struct dumping *dumping, int rc)
{
	if (rc < 0 && rc != -EPIPE && !cli_output_no_room(rc))
		dumping->code = CLI_EXIT_RESOURCE;
	return rc;
}

/* A packet that passed. 0; or -EPIPE, of a reader that has enough; or any other
   error, which was said. */
static int
take(struct dumping *dumping, const struct pier_captured *packet)
{
	int rc = 0;

	dumping->seen++;
	if (dumping->sink != NULL) {
		rc = kept(dumping, dump_sink_put(dumping->sink, packet));
		if (rc < 0)
			return rc;
	}
	if (!dumping->shows)
		return 0;
	if (dumping->settings->read == NULL || dumping->filter[0] == '\0')
		(void)pier_layers_decode(dumping->layers, packet);
	rc = show(dumping, packet);
	if (rc < 0 && rc != -EPIPE && !cli_output_no_room(rc))
		dumping->code = cli_output_failed(dumping->tool, rc);
	return rc;
}

static bool
has_enough(const struct dumping *dumping)
{
	return dumping->settings->count > 0 &&
	       dumping->seen >= dumping->settings->count;
}

/* A failure of libpier: of the filter, a usage error. */
static int
failure(const struct cli_tool *tool)
{
	return cli_filter_failure(tool, "dump", "pier-dump-filter(7)");
}

/* How many there were, and how many were missed. */
static void
tell_end(const struct dumping *dumping, const struct pier_dump_stats *stats)
{
	json_t *event;

	if (dumping->tool->json) {
		event = cli_event("end");
		cli_event_number(event, "packets", dumping->seen);
		if (stats != NULL) {
			cli_event_number(
				event, "received", (int64_t)stats->received);
			cli_event_number(
				event, "dropped", (int64_t)stats->dropped);
		}
		/* Standard error has it too. */
		(void)cli_event_print(event, dumping->tool->until);
	}
	if (stats != NULL)
		cli_say(dumping->tool, 0,
			"%lld packet%s; the kernel counted %llu that passed "
			"the filter, and dropped %llu of them",
			(long long)dumping->seen, dumping->seen == 1 ? "" : "s",
			(unsigned long long)stats->received,
			(unsigned long long)stats->dropped);
	else
		cli_say(dumping->tool, 1, "%lld packet%s",
			(long long)dumping->seen,
			dumping->seen == 1 ? "" : "s");
}

/* The next packet; what is kept is written down before waiting for it. */
static int
next_live(struct dumping *dumping, struct pier_dump *dump,
	const struct pier_captured **packet, pier_deadline until)
{
	int rc;

	if (dumping->sink == NULL || !dump_sink_holds(dumping->sink))
		return pier_dump_next(dump, packet, until);
	rc = pier_dump_next(dump, packet, PIER_NOW);
	if (rc != -EAGAIN)
		return rc;
	rc = kept(dumping, dump_sink_flush(dumping->sink));
	return rc < 0 ? rc : pier_dump_next(dump, packet, until);
}

/* What the kernel holds at a signal is still taken, but not for long: packets may
   come faster than they can be shown. */
static bool
is_over(void)
{
	return cli_signals_caught() != 0 &&
	       pier_left_ns(cli_output_last_moment()) == 0;
}

/* Until the count, the time, a signal, or the reader's end. */
static void
loop_live(struct dumping *dumping, struct pier_dump *dump)
{
	const struct pier_captured *packet;
	pier_deadline until = dumping->settings->limit > 0
				      ? pier_in_ns(dumping->settings->limit)
				      : PIER_FOREVER;
	int rc = 0;

	dumping->tool->until = until;
	while (rc == 0 && !has_enough(dumping) && !is_over()) {
		rc = next_live(dumping, dump, &packet, until);
		if (rc == 0)
			rc = take(dumping, packet);
		else if (rc != -EPIPE && !pier_is_deadline(rc) &&
			 !pier_is_cancelled(rc) && dumping->code == 0)
			dumping->code = failure(dumping->tool);
	}
}

/* Nothing that passed is an answer too. */
static int
finish(struct dumping *dumping)
{
	pier_deadline before = pier_shield(cli_output_last_moment());

	if (dumping->sink != NULL && dump_sink_holds(dumping->sink))
		(void)kept(dumping, dump_sink_flush(dumping->sink));
	(void)pier_shield(before);
	if (dumping->code == 0 && dumping->seen == 0)
		dumping->code = CLI_EXIT_NO;
	return dumping->code;
}

static int
open_sink(struct dumping *dumping, uint32_t link, uint32_t snap)
{
	const struct pier_pcap head = { .link = link,
		.snap = snap > 0 ? snap : PIER_DUMP_SNAP_MAX };

	return dumping->settings->write == NULL
		       ? 0
		       : dump_sink_open(&dumping->sink, dumping->tool,
				 dumping->settings->write, &head);
}

static int
run_live(struct pier_group *group, void *arg)
{
	struct dumping *dumping = arg;
	const struct dump_settings *settings = dumping->settings;
	const struct pier_dump_opts opts = { .interface = settings->interface,
		.filter = dumping->filter,
		.snap = (uint32_t)settings->snap,
		.buffer = (uint32_t)settings->buffer,
		.promiscuous = settings->promiscuous };
	struct pier_dump_stats stats;
	struct pier_dump *dump;

	(void)group;
	if (pier_dump_open(&dump, &opts) < 0)
		return failure(dumping->tool);
	dumping->code = open_sink(
		dumping, pier_dump_link(dump), (uint32_t)settings->snap);
	if (dumping->code == 0) {
		cli_say(dumping->tool, 0, "listening on %s",
			settings->interface != NULL ? settings->interface : "all interfaces");
		loop_live(dumping, dump);
		(void)finish(dumping);
		if (pier_dump_stats(dump, &stats) == 0)
			tell_end(dumping, &stats);
	}
	pier_dump_close(dump);
	return dumping->code;
}

static void
loop_file(struct dumping *dumping, struct dump_source *source,
	const struct pier_dump_filter *filter)
{
	const struct pier_captured *packet;
	int rc = 0;

	/* A file is always ready: nothing of it waits to be cancelled. */
	while (rc == 0 && !has_enough(dumping) && cli_signals_caught() == 0) {
		rc = dump_source_next(source, &packet, &dumping->code);
		if (rc <= 0)
			break;
		if (dumping->filter[0] != '\0')
			(void)pier_layers_decode(dumping->layers, packet);
		rc = dumping->filter[0] == '\0' ||
				     pier_dump_filter_match(
					     filter, dumping->layers)
			     ? take(dumping, packet)
			     : 0;
	}
}

static int
run_file(struct pier_group *group, void *arg)
{
	struct dumping *dumping = arg;
	struct pier_dump_filter *filter;
	struct dump_source *source;

	(void)group;
	if (pier_dump_filter_new(&filter, dumping->filter) < 0)
		return failure(dumping->tool);
	dumping->code = dump_source_open(
		&source, dumping->tool, dumping->settings->read);
	if (dumping->code != 0)
		goto free_filter;
	dumping->code = open_sink(dumping, dump_source_head(source)->link,
		dump_source_head(source)->snap);
	if (dumping->code == 0) {
		loop_file(dumping, source, filter);
		(void)finish(dumping);
		tell_end(dumping, NULL);
	}
	dump_source_close(source);
free_filter:
	pier_dump_filter_free(filter);
	return dumping->code;
}

static const struct cli_option options[] = {
	{ .name = "interface",
		.letter = 'i',
		.kind = CLI_TEXT,
		.metavar = "NAME",
		.group = "What is captured",
		.help = "packets of this interface",
		.otherwise = "all of them",
		.offset = AT(interface),
		.needs = DUMP_LIVE | DUMP_CODE },
	{ .name = "promiscuous",
		.kind = CLI_FLAG,
		.group = "What is captured",
		.help = "ask the link of that interface for packets to others "
			"too",
		.offset = AT(promiscuous),
		.needs = DUMP_LIVE },
	{ .name = "snap",
		.kind = CLI_SIZE,
		.metavar = "SIZE",
		.group = "What is captured",
		.help = "take so many bytes of each packet",
		.otherwise = "all",
		.min = 1,
		.max = PIER_DUMP_SNAP_MAX,
		.offset = AT(snap),
		.needs = DUMP_LIVE | DUMP_CODE },
	{ .name = "buffer",
		.kind = CLI_SIZE,
		.metavar = "SIZE",
		.group = "What is captured",
		.help = "what the kernel may queue before it drops packets",
		.otherwise = "4Mi",
		.min = 4096,
		.max = INT64_C(1) << 30,
		.offset = AT(buffer),
		.needs = DUMP_LIVE },
	{ .name = "count",
		.letter = 'c',
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "What is captured",
		.help = "end after so many packets",
		.otherwise = "none",
		.min = 1,
		.max = INT64_C(1000000000000),
		.offset = AT(count),
		.needs = DUMP_LIVE | DUMP_FILE },
	{ .name = "for",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "What is captured",
		.help = "end after so long",
		.otherwise = "no limit",
		.min = MS,
		.max = WEEK,
		.offset = AT(limit),
		.needs = DUMP_LIVE },
	{ .name = "read",
		.letter = 'r',
		.kind = CLI_TEXT,
		.metavar = "FILE",
		.group = "Files",
		.help = "packets of a pcap file, - for standard input",
		.offset = AT(read) },
	{ .name = "write",
		.letter = 'w',
		.kind = CLI_TEXT,
		.metavar = "FILE",
		.group = "Files",
		.help = "keep packets in a pcap file, - for standard output; "
			"they are shown too only with -v, -x or --json",
		.offset = AT(write),
		.needs = DUMP_LIVE | DUMP_FILE },
	{ .name = "hex",
		.letter = 'x',
		.kind = CLI_FLAG,
		.group = "How it is shown",
		.help = "the bytes of each layer too, with their offsets",
		.offset = AT(hex),
		.needs = DUMP_LIVE | DUMP_FILE },
	{ .name = "code",
		.kind = CLI_FLAG,
		.group = "How it is shown",
		.help = "show the program that the filter is to the kernel, "
			"and capture nothing",
		.offset = AT(code) },
	{ .name = NULL },
};

/* What was given and would change nothing is refused, not passed over. */
static int
check(const struct dump_settings *settings, struct cli_complaint *why)
{
	bool to_stdout =
		settings->write != NULL && strcmp(settings->write, "-") == 0;
	const struct cli_option *option =
		cli_given_in_vain(options, &settings->common,
			settings->code           ? DUMP_CODE
			: settings->read != NULL ? DUMP_FILE
						 : DUMP_LIVE);

	cli_advise(why, "'pier dump --help' says what each option is for");
	if (settings->code && settings->read != NULL)
		return cli_complain(why, "--read is of no use beside --code");
	if (settings->code && settings->common.json)
		return cli_complain(why,
			"--json is of no use beside --code, which shows no "
			"events");
	if (option != NULL)
		return cli_complain(why, "--%s is of no use beside %s",
			option->name,
			settings->code
				? "--code, which captures nothing"
				: "--read: packets of a file have passed "
				  "already");
	if (dump_is_same_file(settings->read, settings->write))
		return cli_complain(why,
			"--write: '%s' is the file that is read",
			settings->write);
	if (settings->promiscuous && settings->interface == NULL)
		return cli_complain(why,
			"--promiscuous is of one interface: expected "
			"--interface NAME too");
	if (to_stdout && (settings->hex || settings->common.json))
		return cli_complain(why,
			"--write - fills standard output: no %s beside it",
			settings->hex ? "--hex" : "--json");
	if (to_stdout && isatty(STDOUT_FILENO))
		return cli_complain(why,
			"--write - to a terminal: expected a pipe or a file");
	return 0;
}

/* The words with spaces between; -1: too long. */
static int
join(const struct cli_texts *words, char *text, size_t size,
	struct cli_complaint *why)
{
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < words->n; i++) {
		int n = snprintf(text + len, size - len, "%s%s",
			i > 0 ? " " : "", words->item[i]);

		if (n < 0 || (size_t)n >= size - len)
			return cli_complain(why,
				"the filter has more than %zu bytes", size - 1);
		len += (size_t)n;
	}
	return 0;
}

static bool
shows(const struct dump_settings *settings)
{
	if (settings->write == NULL)
		return true;
	return strcmp(settings->write, "-") != 0 &&
	       (settings->common.verbose > 0 || settings->hex ||
		       settings->common.json);
}

static int
run(struct cli_tool *tool, const void *given)
{
	const struct dump_settings *settings = given;
	struct dumping dumping = {
		.tool = tool, .settings = settings, .shows = shows(settings)
	};
	char filter[DUMP_FILTER_MAX];
	struct cli_complaint why;
	int code;

	tool->until = PIER_FOREVER;
	if (check(settings, &why) < 0 ||
		join(&settings->filter, filter, sizeof(filter), &why) < 0)
		return cli_usage_error(tool, "dump", &why);
	if (settings->code)
		return dump_code(tool, settings, filter);
	dumping.filter = filter;
	if (pier_layers_new(&dumping.layers) < 0)
		return cli_failure(tool, pier_last_error());
	code = cli_conduct(
		tool, settings->read != NULL ? run_file : run_live, &dumping);
	dump_sink_close(dumping.sink);
	pier_layers_free(dumping.layers);
	return code;
}

static const struct cli_operand operands[] = {
	{ .metavar = "FILTER",
		.kind = CLI_TEXTS,
		.help = "which packets, see pier-dump-filter(7)",
		.min = 0,
		.offset = AT(filter) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier dump", "everything, a line each, until Ctrl-C" },
	{ "pier dump -i eth0 -v port 53",
		"names that are asked for, header by header" },
	{ "pier dump -x -c 1 tcp and host 192.0.2.1",
		"one packet, with the bytes of each layer" },
	{ "pier dump -i eth0 -w night.pcap --for 8h not port 22",
		"a file that tcpdump and Wireshark read" },
	{ "pier dump -r night.pcap --json arp", "of that file, as events" },
	{ "pier dump --code udp port 53", "what the kernel is told" },
	{ NULL, NULL },
};

const struct cli_verb cli_verb_dump = {
	.name = "dump",
	.summary = "show the packets that pass, layer by layer",
	.about = "Captures packets from one interface or all of them, by a "
		 "packet socket, which needs CAP_NET_RAW; or reads a pcap "
		 "file, which needs nothing. Each is one line; with -v every "
		 "header field by field, one layer inside the other; with -x "
		 "the bytes of each layer.\n\n"
		 "The words of the filter are joined with spaces: port 53, "
		 "host 192.0.2.1, net 10/8, src, dst, proto tcp, vlan 5, with "
		 "and, or, not and parentheses. The kernel runs it, so that "
		 "what does not pass costs nothing.\n\n"
		 "At the end, also by Ctrl-C, it tells how many packets the "
		 "kernel had to drop. Ends with 1 when none passed.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.settings_size = sizeof(struct dump_settings),
	.run = run,
};
