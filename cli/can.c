/* SPDX-License-Identifier: MIT */
/*
 * pier can: frames of a Controller Area Network, heard, sent, made up and played.
 */
#include "can.h"

#include "store.h"
#include "verbs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(struct can_settings, field)
#define MS        INT64_C(1000000)
#define DAY       (24 * 3600 * 1000 * MS)
#define WEEK      (7 * DAY)

/* What options are of use for: a bit for each action. */
#define FOR(action) (1u << (action))
#define FOR_SENDERS \
	(FOR(CAN_SEND) | FOR(CAN_GEN) | FOR(CAN_PLAY) | FOR(CAN_ISOTP))
#define FOR_HEARERS (FOR(CAN_DUMP) | FOR(CAN_WATCH))

pier_deadline
can_room_until(const struct can_settings *settings)
{
	return settings->timeout > 0 ? pier_in_ns(settings->timeout)
				     : PIER_FOREVER;
}

int
can_failure(const struct cli_tool *tool, int rc)
{
	if (pier_is_cancelled(rc))
		return 0;
	/* The time limit of pier can dump is a wanted end; a full queue is none. */
	if (pier_is_deadline(rc) &&
		pier_last_error()->step == PIER_STEP_RECEIVE)
		return 0;
	/* Nothing is unreachable on a wire: its interface is missing here. */
	return rc == -ENETDOWN ? cli_failure_as(tool, pier_last_error(),
					 CLI_EXIT_RESOURCE)
			       : cli_failure(tool, pier_last_error());
}

int
can_wrong_words(const struct cli_tool *tool, const char *line)
{
	struct cli_complaint why;

	(void)cli_complain(&why, "%s", line);
	cli_advise(&why, "'pier can --help' has examples");
	return cli_usage_error(tool, "can", &why);
}

static const struct cli_word time_words[] = {
	{ "epoch", CAN_TIME_EPOCH, "seconds since 1970, as candump -L" },
	{ "epoch-ns", CAN_TIME_EPOCH_NS, "the same with nanoseconds" },
	{ "utc", CAN_TIME_UTC, "2015-07-10T06:17:32.249713456Z" },
	{ "local", CAN_TIME_LOCAL, "2015-07-10 08:17:32.249713" },
	{ "delta", CAN_TIME_DELTA, "since the frame before" },
	{ "zero", CAN_TIME_ZERO, "since the first frame" },
	{ "none", CAN_TIME_NONE, "no time" },
	{ NULL, 0, NULL },
};

static const struct cli_option options[] = {
	{ .name = "count",
		.letter = 'c',
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "How much",
		.help = "end after so many frames; of send, after so many "
			"rounds; of watch, after so much news; of isotp, "
			"after so many messages that came",
		.otherwise = "no limit; of send, one round without --every",
		.min = 1,
		.max = INT64_C(1000000000000),
		.offset = AT(count),
		.needs = FOR_HEARERS | FOR(CAN_SEND) | FOR(CAN_GEN) |
			 FOR(CAN_ISOTP) },
	{ .name = "for",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "How much",
		.help = "end after so long; of isotp, from when all is sent",
		.otherwise = "no limit",
		.min = MS,
		.max = WEEK,
		.offset = AT(limit),
		.needs = FOR_HEARERS | FOR(CAN_ISOTP) },
	{ .name = "read",
		.letter = 'r',
		.kind = CLI_TEXT,
		.metavar = "FILE",
		.group = "dump and watch",
		.help = "frames of a log in place of those that come, - for "
			"standard input",
		.offset = AT(read),
		.needs = FOR_HEARERS },
	{ .name = "time",
		.letter = 't',
		.kind = CLI_CHOICE,
		.metavar = "STYLE",
		.group = "dump and watch",
		.help = "how times are shown, in logs too",
		.words = time_words,
		.offset = AT(time),
		.needs = FOR_HEARERS },
	{ .name = "buffer",
		.kind = CLI_SIZE,
		.metavar = "SIZE",
		.group = "dump and watch",
		.help = "what the kernel may queue of one interface before it "
			"drops frames",
		.otherwise = "as the system has it",
		.min = 4096,
		.max = INT64_C(1) << 30,
		.offset = AT(buffer),
		.needs = FOR_HEARERS },
	{ .name = "write",
		.letter = 'w',
		.kind = CLI_TEXT,
		.metavar = "FILE",
		.group = "dump",
		.help = "keep frames in a pcap file, which Wireshark reads; "
			"they are shown too only with -v, --log or --json",
		.offset = AT(write),
		.needs = FOR(CAN_DUMP) },
	{ .name = "log",
		.letter = 'L',
		.kind = CLI_FLAG,
		.group = "dump",
		.help = "lines of a log, as candump -L and canplayer have them",
		.offset = AT(log),
		.needs = FOR(CAN_DUMP) },
	{ .name = "silent",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "watch",
		.help = "tell when no frame of an identifier came for so long",
		.otherwise = "silence is not told",
		.min = MS,
		.max = WEEK,
		.offset = AT(silent),
		.needs = FOR(CAN_WATCH) },
	{ .name = "throttle",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "watch",
		.help = "of one identifier tell a change at most each so "
			"often, the last one",
		.otherwise = "every change",
		.min = MS,
		.max = WEEK,
		.offset = AT(throttle),
		.needs = FOR(CAN_WATCH) },
	{ .name = "learn",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "watch",
		.help = "bits that change within so long of the beginning do "
			"not count later",
		.otherwise = "all bits count",
		.min = MS,
		.max = WEEK,
		.offset = AT(learn),
		.needs = FOR(CAN_WATCH) },
	{ .name = "hold",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "watch",
		.help = "how long a byte that changed stays marked on a "
			"terminal",
		.otherwise = "1s",
		.min = 100 * MS,
		.max = DAY,
		.offset = AT(hold),
		.needs = FOR(CAN_WATCH) },
	{ .name = "every",
		.letter = 'i',
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "send, gen and play",
		.help = "send a round each so often, by the kernel's timers "
			"where they can; of gen, 0 is as fast as the interface "
			"takes them",
		.otherwise = "send: once; gen: 200ms",
		.min = 0,
		.max = DAY,
		.offset = AT(every),
		.needs = FOR(CAN_SEND) | FOR(CAN_GEN) },
	{ .name = "timeout",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "send, gen and play",
		.help = "how long one frame may wait for room in the queue of "
			"the interface; of isotp, how long one message may "
			"take",
		.otherwise = "10s",
		.min = MS,
		.max = DAY,
		.offset = AT(timeout),
		.needs = FOR_SENDERS },
	{ .name = "id",
		.kind = CLI_TEXT,
		.metavar = "HEX",
		.group = "gen",
		.help = "the identifier of made-up frames",
		.otherwise = "random",
		.offset = AT(id),
		.needs = FOR(CAN_GEN) },
	{ .name = "extended",
		.kind = CLI_FLAG,
		.group = "gen",
		.help = "identifiers of 29 bits",
		.offset = AT(extended),
		.needs = FOR(CAN_GEN) },
	{ .name = "fd",
		.kind = CLI_FLAG,
		.group = "gen",
		.help = "FD frames, up to 64 bytes",
		.offset = AT(fd),
		.needs = FOR(CAN_GEN) },
	{ .name = "counter",
		.kind = CLI_FLAG,
		.group = "gen",
		.help = "the data is the number of the frame, 8 bytes big "
			"endian, so that a lost one shows",
		.otherwise = "random data of random size",
		.offset = AT(counter),
		.needs = FOR(CAN_GEN) },
	{ .name = "seed",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "gen",
		.help = "what random numbers begin with: the same frames for "
			"the same seed",
		.otherwise = "others each time",
		.min = 0,
		.max = INT64_MAX,
		.offset = AT(seed),
		.needs = FOR(CAN_GEN) },
	{ .name = "loops",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "play",
		.help = "play the log so often",
		.otherwise = "1",
		.min = 1,
		.max = INT64_C(1000000000),
		.offset = AT(loops),
		.needs = FOR(CAN_PLAY) },
	{ .name = "at-once",
		.kind = CLI_FLAG,
		.group = "play",
		.help = "do not wait as long between frames as it was then",
		.offset = AT(at_once),
		.needs = FOR(CAN_PLAY) },
	{ .name = "sniff",
		.kind = CLI_FLAG,
		.group = "isotp",
		.help = "show what two others say to each other, and send "
			"nothing; -v shows each frame too",
		.offset = AT(sniff),
		.needs = FOR(CAN_ISOTP) },
	{ .name = NULL },
};

bool
can_was_given(const struct can_settings *settings, const char *name)
{
	size_t i;

	for (i = 0; options[i].name != NULL; i++)
		if (strcmp(options[i].name, name) == 0)
			return (settings->common.given >> i & 1) != 0;
	return false;
}

/* What was given and would change nothing is refused, not passed over. */
static int
check(const struct can_settings *settings, struct cli_complaint *why)
{
	bool to_stdout =
		settings->write != NULL && strcmp(settings->write, "-") == 0;
	const struct cli_option *option = cli_given_in_vain(
		options, &settings->common, FOR(settings->action));

	cli_advise(why, "'pier can --help' says what each option is for");
	if (option != NULL)
		return cli_complain(
			why, "--%s is of no use here", option->name);
	if (settings->log && settings->common.json)
		return cli_complain(why, "--log and --json: expected one");
	if (settings->read != NULL &&
		(settings->limit > 0 || settings->buffer > 0))
		return cli_complain(
			why, "--for and --buffer are of no use beside --read");
	if (to_stdout && (settings->log || settings->common.json ||
				 settings->common.verbose > 0))
		return cli_complain(why,
			"--write - fills standard output: no --log, --json or "
			"-v beside it");
	if (to_stdout && isatty(STDOUT_FILENO))
		return cli_complain(why,
			"--write - to a terminal: expected a pipe or a file");
	return 0;
}

static int
run(struct cli_tool *tool, const void *given)
{
	static int (*const actions[])(
		struct cli_tool *, const struct can_settings *) = {
		[CAN_DUMP] = can_dump,
		[CAN_SEND] = can_send,
		[CAN_GEN] = can_gen,
		[CAN_PLAY] = can_play,
		[CAN_WATCH] = can_watch,
		[CAN_LIST] = can_list,
		[CAN_ISOTP] = can_isotp,
	};
	const struct can_settings *settings = given;
	struct cli_complaint why;

	tool->until = PIER_FOREVER;
	if (check(settings, &why) < 0)
		return cli_usage_error(tool, "can", &why);
	return actions[settings->action](tool, settings);
}

static const struct cli_word action_words[] = {
	{ "dump", CAN_DUMP, "show frames" },
	{ "send", CAN_SEND, "send frames" },
	{ "gen", CAN_GEN, "send frames that are made up" },
	{ "play", CAN_PLAY, "send the frames of a log" },
	{ "watch", CAN_WATCH, "show what changes, and what falls silent" },
	{ "list", CAN_LIST, "show interfaces, and how they fare" },
	{ "isotp", CAN_ISOTP, "send and receive messages of ISO-TP" },
	{ NULL, 0, NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "ACTION",
		.kind = CLI_CHOICE,
		.help = "what to do",
		.words = action_words,
		.min = 1,
		.offset = AT(action) },
	{ .metavar = "WORD",
		.kind = CLI_TEXTS,
		.help = "of dump and watch: interfaces, or any, each with its "
			"filters; of send: an interface and frames, or -; of "
			"gen: an interface; of play: a log, or -, and TO=FROM; "
			"of list: interfaces; of isotp: INTERFACE/TX/RX, and "
			"the bytes of a message, or -",
		.min = 0,
		.offset = AT(words) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier can dump can0 can1,123:7FF,#FFFFFFFF",
		"two interfaces; of the second one identifier, and errors" },
	{ "pier can send vcan0 123#DEADBEEF 12345678##1AABB",
		"a frame, and one of CAN FD" },
	{ "pier can send vcan0 123#R --every 100ms", "until Ctrl-C" },
	{ "pier can watch can0", "a live view; elsewhere than on a terminal "
				 "lines, or --json" },
	{ "pier can watch can0,123:7FF --silent 500ms",
		"its changes, and when it stays away" },
	{ "pier can dump any --log > night.log", "a log, as candump -L" },
	{ "pier can play night.log vcan0=can0",
		"what came on can0, at its pace, to vcan0" },
	{ "pier can isotp can0/7e0/7e8 22 F1 90 --count 1 --for 2s",
		"a message of ISO-TP, and one that answers it" },
	{ "pier can dump --read night.log -w night.pcap",
		"a file for Wireshark" },
	{ "pier can list", "every interface: bit rate, state, errors" },
	{ NULL, NULL },
};

static const struct can_settings defaults = {
	.timeout = 10000 * MS,
	.hold = 1000 * MS,
	.every = -1,
	.seed = -1,
	.loops = 1,
};

const struct cli_verb cli_verb_can = {
	.name = "can",
	.summary = "hear, send, watch and play frames of CAN",
	.about =
		"Frames of a Controller Area Network, by raw sockets of Linux, "
		"which need no privilege. Frames, filters and logs are written "
		"as candump, cansend and canplayer do.\n\n"
		"dump shows what comes by each interface named; behind its "
		"name "
		"stand filters, with commas: ID:MASK, ID~MASK (all but these), "
		"#ERRORS (error frames of these classes) and j (every filter "
		"has to let it pass). It ends with 1 when no frame came, and "
		"tells how many the kernel had no room for.\n\n"
		"watch tells which bytes of which identifier change: on a "
		"terminal as a live view, elsewhere a line for each change.\n\n"
		"A frame is ID#DATA: three hexadecimal digits of the "
		"identifier, "
		"or eight of an extended one; ID#R asks for data; ID##FDATA is "
		"CAN FD, F being its flags: 1 BRS, 2 ESI.\n\n"
		"list shows the interfaces, or those that are named: kind, "
		"state and bit timing of a controller, its error counters.\n\n"
		"Where the queue of an interface is full, a frame waits for "
		"room, as long as --timeout says. What send --every leaves to "
		"the kernel's timers does not: it is lost then. With --timeout "
		"this process keeps the time itself.\n\n"
		"isotp sends a message of ISO-TP with the identifier TX, and "
		"shows those that come with RX: bytes in hexadecimal digits, "
		"as isotpsend and isotprecv have them. It receives when there "
		"is nothing to send, or with --count or --for; it ends with 1 "
		"when nothing came. pier-endpoint(7) says what may stand "
		"behind '?' of isotp://.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.defaults = &defaults,
	.settings_size = sizeof(struct can_settings),
	.run = run,
};
