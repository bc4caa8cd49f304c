/* SPDX-License-Identifier: MIT */
/*
 * The tables of pier get.
 */
#include "get.h"

#include "verbs.h"

#define MS   INT64_C(1000000)
#define S    (1000 * MS)
#define WEEK (7 * 24 * 3600 * S)

#define AT(field) offsetof(struct get_settings, field)

static const struct cli_option options[] = {
	{ .name = "output",
		.letter = 'o',
		.kind = CLI_TEXT,
		.metavar = "FILE",
		.group = "Where it goes",
		.help = "write to this file, which is there whole or not at "
			"all; - is standard output",
		.otherwise = "standard output",
		.offset = AT(output) },
	{ .name = "remote-name",
		.letter = 'O',
		.kind = CLI_FLAG,
		.group = "Where it goes",
		.help = "write to a file in this folder, named as the last "
			"part "
			"of the URL's path",
		.offset = AT(remote_name) },
	{ .name = "continue",
		.letter = 'C',
		.kind = CLI_FLAG,
		.group = "Where it goes",
		.help = "keep FILE.part when it fails, and go on from there "
			"when the server still has the same file",
		.offset = AT(go_on) },
	{ .name = "include",
		.letter = 'i',
		.kind = CLI_FLAG,
		.group = "Where it goes",
		.help = "the header too, as it came, before the body",
		.offset = AT(include) },
	{ .name = "any-status",
		.kind = CLI_FLAG,
		.group = "Where it goes",
		.help = "take any answer, also 404 and 500: it is written to "
			"the file, and the exit code is 0",
		.offset = AT(any_status) },
	{ .name = "max-size",
		.kind = CLI_SIZE,
		.metavar = "SIZE",
		.group = "Where it goes",
		.help = "fail when the body has more bytes",
		.otherwise = "any size",
		.min = 1,
		.max = INT64_MAX,
		.offset = AT(max_size) },
	{ .name = "head",
		.letter = 'I',
		.kind = CLI_FLAG,
		.group = "Request",
		.help = "ask for the header alone (HEAD), and print it",
		.offset = AT(head) },
	{ .name = "header",
		.letter = 'H',
		.kind = CLI_TEXTS,
		.metavar = "NAME: VALUE",
		.group = "Request",
		.help = "send this header, in place of pier's own; 'NAME:' "
			"sends none; @FILE sends the lines of a file, as "
			"secrets should go; may be given again",
		.offset = AT(headers) },
	{ .name = "range",
		.letter = 'r',
		.kind = CLI_TEXT,
		.metavar = "FIRST-LAST",
		.group = "Request",
		.help = "ask for these bytes: 0-99, 100- or -100 for the last "
			"hundred",
		.otherwise = "all",
		.offset = AT(range) },
	{ .name = "http1.0",
		.letter = '0',
		.kind = CLI_FLAG,
		.group = "Request",
		.help = "speak HTTP/1.0: 'GET PATH HTTP/1.0', and no header "
			"but "
			"those given",
		.offset = AT(http10) },
	{ .name = "redirects",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Request",
		.help = "follow so many redirects; 0 shows the redirect itself",
		.otherwise = "10",
		.min = 0,
		.max = PIER_HTTP_REDIRECTS_MAX,
		.offset = AT(redirects) },
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
		.otherwise = "none",
		.min = MS,
		.max = WEEK,
		.offset = AT(connect_timeout) },
	{ .name = "first-byte-timeout",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "limit on waiting for the first byte of the answer",
		.otherwise = "none",
		.min = MS,
		.max = WEEK,
		.offset = AT(first_byte_timeout) },
	{ .name = "idle-timeout",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "limit on a time without a byte of the body",
		.otherwise = "none",
		.min = MS,
		.max = WEEK,
		.offset = AT(idle_timeout) },
	{ .name = "via",
		.kind = CLI_TEXT,
		.metavar = "ENDPOINT",
		.group = "Connection",
		.help = "connect to this endpoint in place of the URL's host, "
			"such as unix:///run/x.sock",
		.offset = AT(via) },
	{ .name = "rate",
		.kind = CLI_RATE,
		.metavar = "RATE",
		.group = "Connection",
		.help = "bytes that are read in a second, such as 1Mi/s",
		.otherwise = "as they come",
		.min = 1,
		.max = INT64_C(1000000000000),
		.offset = AT(rate) },
	{ .name = "bind",
		.kind = CLI_TEXT,
		.metavar = "ADDR:PORT",
		.group = "Connection",
		.help = "connect from this address; port 0 is any, an empty "
			"address too",
		.offset = AT(bind) },
	CLI_SOCKOPTS_ROWS(AT(sockopts), "the connection"),
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "URL",
		.kind = CLI_TEXT,
		.help = "http://HOST[:PORT]/PATH",
		.min = 1,
		.offset = AT(url) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier get http://localhost:8000/", "what is there, to standard "
					     "output" },
	{ "pier get -v -o page.html http://example.com/",
		"to a file, and how long each stage took" },
	{ "pier get -C -O http://localhost:8000/big.iso",
		"a big file: the same command goes on where it was cut off" },
	{ "pier get --via unix:///run/docker.sock http://localhost/info",
		"a server behind a Unix socket" },
	{ "pier get -I --timeout 2s http://localhost/",
		"its header alone, within two seconds" },
	{ NULL, NULL },
};

static const struct get_settings defaults = {
	.redirects = PIER_HTTP_REDIRECTS,
};

const struct cli_verb cli_verb_get = {
	.name = "get",
	.summary = "get what a URL names, and see where the time goes",
	.about = "Asks a web server for what the URL names, by HTTP/1.1 or "
		 "1.0, and follows redirects. An error names the stage: "
		 "resolve, create, connect, send, receive header, receive "
		 "body. A body that ends too early is an error that says how "
		 "many bytes are missing, and an answer that breaks the rules "
		 "one that shows its bytes. A status of 400 and more ends with "
		 "1. https:// comes with TLS, which this pier does not have.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.defaults = &defaults,
	.settings_size = sizeof(struct get_settings),
	.run = get_run,
};
