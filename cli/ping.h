/* SPDX-License-Identifier: MIT */
/*
 * pier ping: hosts, each pinged by a fiber of its own. ping_options.c has the
 * tables, ping_hosts.c reads which hosts, ping.c runs them, ping_tell.c says
 * what happened.
 */
#ifndef PIER_CLI_PING_H
#define PIER_CLI_PING_H

#include <pier.h>

#include "options.h"
#include "report.h"
#include "way.h"

/* Most hosts of one run: each has a socket. */
#define PING_HOSTS_MAX 4096

struct ping_settings {
	struct cli_common common;
	struct cli_way way;
	bool dont_fragment;
	int64_t count; /* 0: no end */
	int64_t interval_ns, wait_ns;
	int64_t timeout_ns; /* 0: none */
	int64_t size, ttl, tos;
	int64_t max_loss; /* per cent */
	const char *interface;
	struct cli_texts hosts;
};

struct ping_work;

struct ping_host {
	struct ping_work *work;
	const char *text; /* as it was given, borrowed */
	char *endpoint;
	struct pier_ping *ping; /* NULL: not open, or over */
	int code;               /* how it ended: an exit code */
};

struct ping_work {
	struct cli_tool *tool;
	const struct ping_settings *settings;
	struct pier_ping_opts opts;
	struct pier_group *group;
	pier_deadline until;
	struct ping_host *hosts;
	size_t count;
	char **files; /* what was read, NULL-ended */
	int quit_fd;  /* readable at SIGQUIT; -1: none */
	int output;   /* the error that ended the output, or 0 */
};

/* What the verb runs. */
int ping_run(struct cli_tool *tool, const void *given);

/*
 * ping_hosts_read(work, why): the hosts of the settings: names, addresses,
 * endpoints, and @FILE for a file of them, @- for standard input. 0; or an exit
 * code, with why, or told already.
 */
int ping_hosts_read(struct ping_work *work, struct cli_complaint *why);
void ping_hosts_free(struct ping_work *work);

/* Each says one thing on standard output; a failure is kept in work->output. */
void ping_tell_start(const struct ping_host *host);
void ping_tell_event(
	const struct ping_host *host, const struct pier_ping_event *event);
void ping_tell_stats(const struct ping_host *host, bool summary);

#endif
