/* SPDX-License-Identifier: MIT */
/*
 * The tables of pier connect.
 */
#include "connect.h"

#include "verbs.h"

#define MS   INT64_C(1000000)
#define S    (1000 * MS)
#define WEEK (7 * 24 * 3600 * S)

#define AT(field) offsetof(struct connect_settings, field)

static const struct cli_word stdin_end_words[] = {
	{ "half-close", CONNECT_HALF_CLOSE,
		"close the sending side, read on to the peer's end" },
	{ "close", CONNECT_CLOSE,
		"end the connection once the peer has everything" },
	{ "ignore", CONNECT_IGNORE,
		"leave the sending side open, read on to the peer's end" },
	{ NULL, 0, NULL },
};

static const struct cli_word peer_end_words[] = {
	{ "end", CONNECT_END, "send what was read already, and end" },
	{ "wait", CONNECT_WAIT,
		"go on until standard input ends or a send fails" },
	{ NULL, 0, NULL },
};

static const struct cli_word stdout_close_words[] = {
	{ "end", CONNECT_STOP, "close the connection and end with 0" },
	{ "discard", CONNECT_DISCARD, "go on without writing" },
	{ NULL, 0, NULL },
};

static const struct cli_option options[] = {
	{ .name = "timeout",
		.letter = 'w',
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "limit on everything, from looking up the name to the "
			"end",
		.otherwise = "none",
		.min = MS,
		.max = WEEK,
		.offset = AT(timeout) },
	{ .name = "connect-timeout",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "limit on looking up the name and connecting, over "
			"all addresses",
		.otherwise = "none; 3s when probing",
		.min = MS,
		.max = WEEK,
		.offset = AT(connect_timeout) },
	{ .name = "first-byte-timeout",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "limit on waiting for the first byte from the peer",
		.otherwise = "none",
		.min = MS,
		.max = WEEK,
		.offset = AT(first_byte_timeout),
		.needs = CONNECT_TALK },
	{ .name = "idle-timeout",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "limit on a time without a byte in either direction",
		.otherwise = "none",
		.min = MS,
		.max = WEEK,
		.offset = AT(idle_timeout),
		.needs = CONNECT_TALK },
	{ .name = "on-stdin-end",
		.kind = CLI_CHOICE,
		.metavar = "WHAT",
		.group = "Ends",
		.help = "what to do when standard input ends",
		.otherwise = "half-close",
		.words = stdin_end_words,
		.offset = AT(on_stdin_end),
		.needs = CONNECT_STREAM },
	{ .name = "on-peer-end",
		.kind = CLI_CHOICE,
		.metavar = "WHAT",
		.group = "Ends",
		.help = "what to do when the peer ends",
		.otherwise = "end when standard input is a terminal, else "
			     "once it is silent for --eof-wait",
		.words = peer_end_words,
		.offset = AT(on_peer_end),
		.needs = CONNECT_STREAM },
	{ .name = "eof-wait",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Ends",
		.help = "how long standard input may be silent after the "
			"peer's end; of rfcomm://, which has no half to close, "
			"the peer after the end of standard input",
		.otherwise = "1s",
		.min = 0,
		.max = WEEK,
		.offset = AT(eof_wait),
		.needs = CONNECT_STREAM },
	{ .name = "on-stdout-close",
		.kind = CLI_CHOICE,
		.metavar = "WHAT",
		.group = "Ends",
		.help = "what to do when standard output closes",
		.otherwise = "end",
		.words = stdout_close_words,
		.offset = AT(on_stdout_close),
		.needs = CONNECT_TALK },
	{ .name = "rate",
		.kind = CLI_RATE,
		.metavar = "RATE",
		.group = "Connection",
		.help = "bytes in a second to the peer, and as many from it, "
			"such as 1Mi/s",
		.otherwise = "as they come",
		.min = 1,
		.max = INT64_C(1000000000000),
		.offset = AT(rate),
		.needs = CONNECT_STREAM },
	{ .name = "bind",
		.kind = CLI_TEXT,
		.metavar = "ADDR:PORT",
		.group = "Connection",
		.help = "connect from this address; port 0 is any, an empty "
			"address too",
		.offset = AT(bind) },
	{ .name = "crlf",
		.kind = CLI_FLAG,
		.group = "Connection",
		.help = "send each line feed of standard input as CR LF",
		.offset = AT(crlf),
		.needs = CONNECT_TALK },
	CLI_FRAMES_ROWS(AT(frames), CONNECT_STREAM, CONNECT_TALK),
	{ .name = "stdio-frame",
		.kind = CLI_TEXT,
		.metavar = "KIND",
		.group = "Messages",
		.help = "how they stand on standard input and output",
		.otherwise = "line with --frame; of datagrams bytes, one read "
			     "for each",
		.offset = AT(frames.stdio),
		.needs = CONNECT_TALK },
	CLI_SOCKOPTS_ROWS(AT(sockopts), "a connection"),
	{ .name = "probe",
		.letter = 'z',
		.kind = CLI_FLAG,
		.group = "Probing",
		.help = "only see who listens, at several endpoints and "
			"ports (20-25,80); send nothing",
		.offset = AT(probe) },
	{ .name = "replies",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Datagrams",
		.help = "end with 0 after N datagrams came, with 6 when fewer "
			"came in time",
		.min = 1,
		.max = 1000000000,
		.offset = AT(replies),
		.needs = CONNECT_MESSAGES },
	{ .name = "wait",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Datagrams",
		.help = "how long to wait for datagrams after standard input "
			"ended",
		.otherwise = "1s",
		.min = MS,
		.max = WEEK,
		.offset = AT(wait),
		.needs = CONNECT_DATAGRAMS },
	{ .name = "lines",
		.kind = CLI_FLAG,
		.group = "Datagrams",
		.help = "send each line of standard input as a datagram, its "
			"line feed included",
		.offset = AT(lines),
		.needs = CONNECT_MESSAGES },
	{ .name = "chunk",
		.kind = CLI_SIZE,
		.metavar = "SIZE",
		.group = "Datagrams",
		.help = "most bytes of a datagram that is sent; with --lines, "
			"of a line",
		.otherwise = "65507 by UDP over IPv4, else 64Ki",
		.min = 1,
		.max = 65536,
		.offset = AT(chunk),
		.needs = CONNECT_MESSAGES },
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "ENDPOINT",
		.kind = CLI_TEXTS,
		.help = "where to connect to: host:80, tcp://[::1]:80, "
			"udp://host:53, unix:///run/x.sock",
		.min = 1,
		.offset = AT(endpoints) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier connect localhost:7000",
		"talk to a server: standard input goes there, what it "
		"answers to standard output" },
	{ "echo hello | pier connect -v --timeout 5s 'tcp://[::1]:7000'",
		"one question, at most five seconds, and who closed first" },
	{ "pier connect -z --json localhost:20-25,80,443",
		"which ports are open, one JSON object per port" },
	{ "echo hi | pier connect --replies 1 --wait 2s udp://localhost:7000",
		"one datagram, and one answer within two seconds" },
	{ "printf 'GET / HTTP/1.0\\n\\n' | pier connect --crlf example.com:80",
		"line ends as old protocols want them" },
	{ "pier connect --frame u32be --stdio-frame netstring localhost:7000",
		"messages, with their length before them there and as "
		"netstrings here: any bytes both ways" },
	{ NULL, NULL },
};

static const struct connect_settings defaults = {
	.eof_wait = S,
	.wait = S,
};

const struct cli_verb cli_verb_connect = {
	.name = "connect",
	.summary = "hold a conversation with a server, or probe its ports",
	.about = "Connects to the endpoint, trying all addresses of its name. "
		 "The end of standard input half-closes the connection: the "
		 "peer sees the end and can still answer. pier ends when the "
		 "peer has ended, or when its own standard output closes.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.defaults = &defaults,
	.settings_size = sizeof(struct connect_settings),
	.run = connect_run,
};
