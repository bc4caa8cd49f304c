/* SPDX-License-Identifier: MIT */
/*
 * The tables of pier serve.
 */
#include "serve.h"

#include "verbs.h"

#define MS   INT64_C(1000000)
#define S    (1000 * MS)
#define WEEK (7 * 24 * 3600 * S)

#define AT(field) offsetof(struct serve_settings, field)

static const struct cli_word what_words[] = {
	{ "echo", SERVE_ECHO, "send back what comes" },
	{ "upper", SERVE_UPPER, "send it back in upper case (ASCII letters)" },
	{ "discard", SERVE_DISCARD, "read it and say nothing" },
	{ "broker", SERVE_BROKER, "pass it on to all other clients" },
	{ "daytime", SERVE_DAYTIME, "tell the date and time as a line, UTC" },
	{ "time", SERVE_TIME, "tell the seconds since 1900 as 32 bits" },
	{ "chargen", SERVE_CHARGEN, "send lines of characters without end" },
	{ "source", SERVE_SOURCE, "send zeros as fast as they are taken" },
	{ "sink", SERVE_SINK, "read it as fast as it comes and tell the rate" },
	{ NULL, 0, NULL },
};

static const struct cli_word model_words[] = {
	{ "fiber", PIER_FIBER, "fibers on --workers threads" },
	{ "thread", PIER_THREAD, "a thread for each connection" },
	{ "pool", PIER_POOL,
		"--workers threads, each with one connection after the other" },
	{ "fork", PIER_FORK, "a process for each connection" },
	{ "iterative", PIER_ITERATIVE,
		"one connection at a time; the others queue" },
	{ NULL, 0, NULL },
};

static const struct cli_word core_words[] = {
	{ "cores", PIER_CORES, NULL },
	{ NULL, 0, NULL },
};

static const struct cli_word off_words[] = {
	{ "off", PIER_OFF, NULL },
	{ NULL, 0, NULL },
};

static const struct cli_option options[] = {
	{ .name = "model",
		.kind = CLI_CHOICE,
		.metavar = "MODEL",
		.group = "Running",
		.help = "who runs the handlers",
		.otherwise = "fiber",
		.words = model_words,
		.offset = AT(model) },
	{ .name = "workers",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Running",
		.help = "threads of the fiber and pool models, or 'cores' for "
			"one per processor",
		.otherwise = "1, and 32 of the pool",
		.words = core_words,
		.min = 1,
		.max = 1024,
		.offset = AT(workers) },
	{ .name = "processes",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Running",
		.help = "run the model in each of N processes, started again "
			"when one dies, or 'cores' for one per processor",
		.otherwise = "none: this process serves",
		.words = core_words,
		.min = 1,
		.max = 256,
		.offset = AT(processes) },
	{ .name = "size",
		.kind = CLI_SIZE,
		.metavar = "SIZE",
		.group = "Running",
		.help = "how much source sends to each connection",
		.otherwise = "no end",
		.min = 1,
		.max = INT64_MAX,
		.needs = SERVE_NEEDS_SOURCE,
		.offset = AT(size) },
	{ .name = "exec",
		.kind = CLI_COMMAND,
		.metavar = "CMD...",
		.group = "Programs",
		.help = "run this program for each connection in place of a "
			"handler; all that follows is its arguments, no shell "
			"reads them",
		.offset = AT(exec) },
	{ .name = "shell",
		.kind = CLI_TEXT,
		.metavar = "CMDLINE",
		.group = "Programs",
		.help = "the same by /bin/sh -c",
		.offset = AT(shell) },
	{ .name = "exec-direct",
		.kind = CLI_FLAG,
		.group = "Programs",
		.help = "give it the socket itself: bytes are not counted, "
			"and of the limits only the lifetime holds",
		.needs = SERVE_NEEDS_PROGRAM,
		.offset = AT(exec_direct) },
	{ .name = "pty",
		.kind = CLI_FLAG,
		.group = "Programs",
		.help = "give it a terminal",
		.needs = SERVE_NEEDS_PROGRAM,
		.offset = AT(pty) },
	{ .name = "no-echo",
		.kind = CLI_FLAG,
		.group = "Programs",
		.help = "that does not send back what is typed: for clients "
			"that show it themselves, such as nc",
		.needs = SERVE_NEEDS_PTY,
		.offset = AT(no_echo) },
	{ .name = "window",
		.kind = CLI_TEXT,
		.metavar = "COLUMNSxROWS",
		.group = "Programs",
		.help = "the size of the terminal",
		.otherwise = "80x24",
		.needs = SERVE_NEEDS_PTY,
		.offset = AT(window) },
	{ .name = "stderr",
		.kind = CLI_FLAG,
		.group = "Programs",
		.help = "send its standard error to the client too",
		.needs = SERVE_NEEDS_PROGRAM,
		.offset = AT(error_to_peer) },
	{ .name = "grace",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Programs",
		.help = "how long it may go on once its client has gone, and "
			"again after SIGTERM, or 'off': not at all",
		.otherwise = "2s",
		.words = off_words,
		.min = MS,
		.max = WEEK,
		.needs = SERVE_NEEDS_PROGRAM,
		.offset = AT(grace) },
	{ .name = "backlog",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Listening",
		.help = "connections that may queue before they are accepted; "
			"net.core.somaxconn caps it",
		.otherwise = "4096",
		.min = 1,
		.max = 65535,
		.offset = AT(backlog) },
	{ .name = "ready-file",
		.kind = CLI_TEXT,
		.metavar = "FILE",
		.group = "Listening",
		.help = "write the real endpoints here, one per line, once "
			"all are listening",
		.offset = AT(ready_file) },
	{ .name = "control",
		.kind = CLI_TEXT,
		.metavar = "PATH",
		.group = "Listening",
		.help = "a Unix socket at which a new server may take the "
			"place of this one",
		.otherwise = "none, or that of --replace",
		.offset = AT(control) },
	{ .name = "replace",
		.kind = CLI_TEXT,
		.metavar = "PATH",
		.group = "Listening",
		.help = "take the place, the sockets and what waits in them "
			"of the server with this --control; without ENDPOINT "
			"all of its endpoints",
		.offset = AT(replace) },
	{ .name = "proxy-header",
		.kind = CLI_FLAG,
		.group = "Listening",
		.help = "every connection begins with a PROXY header, version "
			"1 or 2, which tells whose it is; one without is "
			"refused",
		.needs = SERVE_NEEDS_CONNECTIONS,
		.offset = AT(proxy_header) },
	{ .name = "proxy-from",
		.kind = CLI_TEXTS,
		.metavar = "NETWORK",
		.group = "Listening",
		.help = "connections from this network or address, or those in "
			"@FILE, begin with one; others do not, and are reset "
			"with --proxy-header",
		.needs = SERVE_NEEDS_CONNECTIONS,
		.offset = AT(proxy_from) },
	CLI_SOCKOPTS_ROWS(AT(sockopts), "a connection"),
	{ .name = "max-connections",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Limits",
		.help = "connections at a time; when full, others queue; "
			"always --workers in the pool model, 1 in the "
			"iterative",
		.otherwise = "10000, of the fork model 256, or what the "
			     "descriptor limit allows",
		.min = 1,
		.max = 10000000,
		.offset = AT(max_connections) },
	{ .name = "max-per-address",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Limits",
		.help = "connections at a time from one address; one more is "
			"reset",
		.otherwise = "none",
		.min = 1,
		.max = 10000000,
		.offset = AT(max_per_address) },
	{ .name = "allow",
		.kind = CLI_TEXTS,
		.metavar = "NETWORK",
		.group = "Limits",
		.help = "let in this network (192.0.2.0/24, 2001:db8::/32) or "
			"address, or those in @FILE, and nobody else; may be "
			"given again",
		.otherwise = "everybody",
		.offset = AT(allow) },
	{ .name = "deny",
		.kind = CLI_TEXTS,
		.metavar = "NETWORK",
		.group = "Limits",
		.help = "keep this network or address out, or those in @FILE; "
			"of all networks that hold an address, the longest "
			"decides",
		.otherwise = "nobody",
		.offset = AT(deny) },
	{ .name = "allow-user",
		.kind = CLI_TEXTS,
		.metavar = "USER",
		.group = "Limits",
		.help = "by Unix sockets let in this user, a name or number, "
			"and "
			"nobody else; may be given again",
		.otherwise = "everybody",
		.needs = SERVE_NEEDS_UNIX,
		.offset = AT(allow_user) },
	{ .name = "accept-rate",
		.kind = CLI_RATE,
		.metavar = "RATE",
		.group = "Limits",
		.help = "connections accepted in a second, such as 100/s; "
			"others queue",
		.otherwise = "as they come",
		.min = 1,
		.max = 1000000000,
		.offset = AT(accept_rate) },
	{ .name = "accept-burst",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Limits",
		.help = "connections accepted at once after a pause, before "
			"--accept-rate holds",
		.otherwise = "as many as in a second",
		.min = 1,
		.max = 1000000000,
		.needs = SERVE_NEEDS_RATE,
		.offset = AT(accept_burst) },
	{ .name = "rate",
		.kind = CLI_RATE,
		.metavar = "RATE",
		.group = "Limits",
		.help = "bytes in a second from each stream connection, and as "
			"many to it, such as 1Mi/s",
		.otherwise = "as they come",
		.min = 1,
		.max = INT64_C(1000000000000),
		.offset = AT(rate) },
	{ .name = "first-byte-timeout",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Limits",
		.help = "how long a new connection may be silent, or 'off'",
		.otherwise = "10s; for chargen, source and --pty off",
		.words = off_words,
		.min = MS,
		.max = WEEK,
		.offset = AT(first_byte_timeout) },
	{ .name = "idle-timeout",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Limits",
		.help = "how long a connection may be silent, or 'off'",
		.otherwise = "5m",
		.words = off_words,
		.min = MS,
		.max = WEEK,
		.offset = AT(idle_timeout) },
	{ .name = "lifetime",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Limits",
		.help = "how long a connection may last",
		.otherwise = "none",
		.min = MS,
		.max = WEEK,
		.offset = AT(lifetime) },
	{ .name = "queue",
		.kind = CLI_SIZE,
		.metavar = "SIZE",
		.group = "Limits",
		.help = "bytes that may wait for one client of a broker; one "
			"more, and it is dropped",
		.otherwise = "1Mi",
		.min = 4096,
		.max = 1 << 30,
		.offset = AT(queue),
		.needs = SERVE_NEEDS_HUB },
	{ .name = "drain",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Ending",
		.help = "how long handlers may go on after the first signal, "
			"or 'off': not at all",
		.otherwise = "10s",
		.words = off_words,
		.min = MS,
		.max = WEEK,
		.offset = AT(drain) },
	{ .name = "linger",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Ending",
		.help = "how long to read off what a peer still sends once "
			"its handler is done, or 'off'",
		.otherwise = "2s",
		.words = off_words,
		.min = MS,
		.max = WEEK,
		.offset = AT(linger) },
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "HANDLER",
		.kind = CLI_CHOICE,
		.help = "what to answer with, unless --exec or --shell says",
		.words = what_words,
		.min = 0,
		.offset = AT(what) },
	{ .metavar = "ENDPOINT",
		.kind = CLI_TEXTS,
		.help = "where to listen: tcp://:7000, udp://127.0.0.1:7000, "
			"unix:///run/x.sock; port 0 is any free one; without "
			"one, on all sockets that a service manager handed "
			"down",
		.offset = AT(endpoints) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier serve echo tcp://:7000",
		"an echo server on every address, IPv4 and IPv6" },
	{ "pier serve upper -v tcp://:7000 udp://:7000 unix:///run/upper.sock",
		"the same service on three kinds of socket, and who comes "
		"and goes" },
	{ "pier serve echo --json --ready-file ready tcp://127.0.0.1:0",
		"for scripts: any free port, written to a file; one JSON "
		"object per event" },
	{ "pier serve echo --processes cores tcp://:7000",
		"a process for each processor; when one dies another takes "
		"its place" },
	{ "pier serve discard --max-per-address 4 --idle-timeout 30s tcp://:9",
		"with limits" },
	{ "pier serve broker tcp://:7000",
		"a chat for nc, pier connect and the like" },
	{ "pier serve -v tcp://127.0.0.1:7000 --exec sort -n",
		"a program for each connection, and how each ended" },
	{ "pier serve --pty unix://./shell.sock --exec bash -i",
		"a terminal for: socat -,raw,echo=0 unix-connect:shell.sock" },
	{ NULL, NULL },
};

const struct cli_verb cli_verb_serve = {
	.name = "serve",
	.summary = "answer on any number of endpoints",
	.about = "Runs one of the built-in handlers for every connection and "
		 "every datagram that comes, or a program for every "
		 "connection, until SIGINT, SIGTERM or SIGHUP. "
		 "Then it stops accepting, lets handlers end for as long as "
		 "--drain says, cancels those that are left, and prints a "
		 "summary. A second SIGINT or SIGTERM ends it at once.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.settings_size = sizeof(struct serve_settings),
	.run = serve_run,
};
