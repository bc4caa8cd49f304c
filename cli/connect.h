/* SPDX-License-Identifier: MIT */
/*
 * pier connect: its settings, and the three ways it runs. connect.c chooses
 * between them by the endpoint and --probe.
 */
#ifndef PIER_CLI_CONNECT_H
#define PIER_CLI_CONNECT_H

#include "frames.h"
#include "options.h"
#include "report.h"
#include "sockopts.h"

enum connect_stdin_end {
	CONNECT_HALF_CLOSE,
	CONNECT_CLOSE,
	CONNECT_IGNORE,
};

enum connect_peer_end {
	CONNECT_SETTLE, /* end on a terminal, else once stdin is silent */
	CONNECT_END,
	CONNECT_WAIT,
};

enum connect_stdout_close {
	CONNECT_STOP,
	CONNECT_DISCARD,
};

/* What an endpoint is connected for; options without effect are refused. */
enum {
	CONNECT_STREAM = 1,
	CONNECT_DATAGRAMS = 2,
	CONNECT_PROBE = 4,
	CONNECT_PACKETS = 8, /* over a connection */
	CONNECT_MESSAGES = CONNECT_DATAGRAMS | CONNECT_PACKETS,
	CONNECT_TALK = CONNECT_STREAM | CONNECT_DATAGRAMS | CONNECT_PACKETS,
};

/* Durations in nanoseconds; 0 is none where nothing else is said. */
struct connect_settings {
	struct cli_common common;
	struct cli_texts endpoints; /* one, or more with probe */
	int64_t timeout;
	int64_t connect_timeout;
	int64_t first_byte_timeout;
	int64_t idle_timeout;
	int64_t on_stdin_end;    /* enum connect_stdin_end */
	int64_t on_peer_end;     /* enum connect_peer_end */
	int64_t on_stdout_close; /* enum connect_stdout_close */
	int64_t eof_wait;
	int64_t rate; /* bytes per second, both ways */
	const char *bind;
	struct cli_sockopts sockopts;
	struct cli_frames frames;
	bool crlf;
	bool probe;
	int64_t replies; /* 0: not counted */
	int64_t wait;
	bool lines;    /* each of standard input is a message */
	int64_t chunk; /* most bytes of one; 0: what the protocol takes */
};

int connect_run(struct cli_tool *tool, const void *settings);

/* Each runs to the end of the conversation and returns the exit code. */
int connect_stream(
	struct cli_tool *tool, const struct connect_settings *settings);
int connect_packets(
	struct cli_tool *tool, const struct connect_settings *settings);
int connect_probe(
	struct cli_tool *tool, const struct connect_settings *settings);

#endif
