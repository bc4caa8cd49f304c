/* SPDX-License-Identifier: MIT */
/*
 * pier ping: a fiber for each host, started one after the other so that they do
 * not all send at once; and one that hears SIGQUIT and has each host say how
 * it stands. The first signal to end cancels them, which ends each with its
 * summary.
 */
#include "ping.h"

#include "conduct.h"
#include "lan.h"
#include "store.h"
#include "values.h"
#include "verbs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define MS INT64_C(1000000)

/* Two hosts begin at most that much apart. */
#define STAGGER_NS (10 * MS)

/* For who is not root: to one host, and over all of them. */
#define POLITE_INTERVAL_NS (10 * MS)
#define POLITE_APART_NS    MS

/* ---- One host ----------------------------------------------------------- */

/* How the host did. */
static int
judge(const struct ping_host *host)
{
	const struct ping_settings *settings = host->work->settings;
	struct pier_ping_stats stats;
	uint64_t ended;

	pier_ping_stats(host->ping, &stats);
	ended = stats.sent - stats.pending;
	if (stats.answered > stats.closed)
		return stats.lost * 100 > ended * (uint64_t)settings->max_loss
			       ? CLI_EXIT_NO
			       : CLI_EXIT_OK;
	if (stats.closed > 0)
		return CLI_EXIT_REFUSED;
	return stats.errors > 0 && stats.errors == stats.lost
		       ? CLI_EXIT_UNREACHABLE
		       : CLI_EXIT_NO;
}

/* Is this the end that was asked for: a signal, or the time limit? */
static bool
is_wanted_end(int rc)
{
	return rc == 0 || rc == -ECANCELED || rc == -PIER_EDEADLINE;
}

static int
play(struct ping_host *host)
{
	struct ping_work *work = host->work;
	struct pier_ping_event event;
	int rc, code;

	ping_tell_start(host);
	do {
		rc = pier_ping_next(host->ping, &event, work->until);
		if (rc > 0)
			ping_tell_event(host, &event);
	} while (rc > 0);
	code = is_wanted_end(rc) ? judge(host)
				 : cli_failure(work->tool, pier_last_error());
	ping_tell_stats(host, true);
	return code;
}

/* The pause before host number i. */
static int64_t
pause_before(const struct ping_work *work, size_t i)
{
	int64_t apart = work->settings->interval_ns / (int64_t)work->count;

	return (int64_t)i * (apart < STAGGER_NS ? apart : STAGGER_NS);
}

/* For -v: how long the name took, and why it is a raw socket. */
static void
tell_way(const struct ping_host *host, const struct pier_ping *ping, int64_t ns)
{
	bool raw = strcmp(pier_ping_way(ping), "raw socket") == 0;
	char addr[PIER_ADDR_TEXT_MAX], took[CLI_VALUE_TEXT];

	if (pier_addr_format_host(pier_ping_peer(ping), addr, sizeof(addr)) < 0)
		addr[0] = '\0';
	cli_format_duration(ns, took, sizeof(took));
	cli_say(host->work->tool, 1, "%s: %s after %s, by %s%s", host->text,
		addr, took, pier_ping_way(ping),
		raw ? ": net.ipv4.ping_group_range has no group of this process"
		    : "");
}

static int
run_host(void *arg)
{
	struct ping_host *host = arg;
	struct ping_work *work = host->work;
	struct pier_ping_opts opts = work->opts;
	struct pier_ping *ping = NULL;
	int64_t begin;
	int rc;

	pier_task_name("ping");
	opts.lookup = lan_lookup(host->endpoint);
	rc = pier_sleep(
		pier_in_ns(pause_before(work, (size_t)(host - work->hosts))));
	begin = pier_now();
	if (rc == 0)
		rc = pier_ping_open(&ping, host->endpoint, &opts, work->until);
	if (rc < 0) {
		host->code =
			rc == -ECANCELED
				? CLI_EXIT_NO
				: cli_open_failure(work->tool,
					  pier_last_error(), host->endpoint,
					  work->settings->way.bind);
		return 0;
	}
	tell_way(host, ping, pier_now() - begin);
	host->ping = ping;
	host->code = play(host);
	host->ping = NULL;
	pier_ping_close(ping);
	return 0;
}

/* ---- All of them -------------------------------------------------------- */

static int
watch_quit(void *arg)
{
	struct ping_work *work = arg;
	struct pier_waitable quit = { .fd = work->quit_fd,
		.want = PIER_READING };
	struct signalfd_siginfo info;
	size_t i;

	pier_task_name("status");
	while (pier_wait_any(&quit, 1, PIER_FOREVER) > 0) {
		/* Several that came at once are one question. */
		while (read(work->quit_fd, &info, sizeof(info)) > 0)
			;
		for (i = 0; i < work->count; i++)
			if (work->hosts[i].ping != NULL)
				ping_tell_stats(&work->hosts[i], false);
	}
	return 0;
}

static int
start(struct pier_group *group, void *arg)
{
	struct ping_work *work = arg;
	int rc = 0;
	size_t i;

	work->group = group;
	if (work->quit_fd >= 0)
		rc = pier_go(NULL, watch_quit, work);
	for (i = 0; rc == 0 && i < work->count; i++)
		rc = pier_go(group, run_host, &work->hosts[i]);
	if (rc == 0)
		return CLI_EXIT_OK;
	pier_group_cancel(group);
	return cli_own_failure(work->tool, PIER_STEP_CREATE, "tasks", rc, "");
}

/* Of hosts that failed in different ways there is one thing to say. */
static int
code_of_all(const struct ping_work *work)
{
	int code = CLI_EXIT_OK;
	size_t i;

	for (i = 0; i < work->count; i++) {
		int one = work->hosts[i].code;

		if (code == CLI_EXIT_OK)
			code = one;
		else if (one != CLI_EXIT_OK && one != code)
			return CLI_EXIT_NO;
	}
	return code;
}

static int
conduct(struct ping_work *work)
{
	sigset_t quit;
	int code;

	(void)sigemptyset(&quit);
	(void)sigaddset(&quit, SIGQUIT);
	(void)pthread_sigmask(SIG_BLOCK, &quit, NULL);
	/* Without it there is no line in between, and that is all. */
	work->quit_fd = signalfd(-1, &quit, SFD_NONBLOCK | SFD_CLOEXEC);
	code = cli_conduct(work->tool, start, work);
	if (work->quit_fd >= 0)
		close(work->quit_fd);
	if (code != CLI_EXIT_OK)
		return code;
	/* A reader that has seen enough is no failure. */
	if (work->output == -EPIPE)
		return CLI_EXIT_OK;
	if (work->output < 0 && work->output != -PIER_EDEADLINE)
		return cli_output_failed(work->tool, work->output);
	return code_of_all(work);
}

/* ---- What was asked ----------------------------------------------------- */

static void
take_opts(struct ping_work *work, const char *options[CLI_TEXTS_MAX + 1])
{
	const struct ping_settings *settings = work->settings;

	work->opts = (struct pier_ping_opts){
		.count = (uint64_t)settings->count,
		.interval_ns = settings->interval_ns,
		.wait_ns = settings->wait_ns,
		.size = settings->size == 0  ? PIER_OFF
			: settings->size < 0 ? 0
					     : (int)settings->size,
		.ttl = (int)settings->ttl,
		.tos = (int)settings->tos,
		.dont_fragment = settings->dont_fragment,
		.bind = settings->way.bind,
		.interface = settings->interface,
		.family = lan_family(settings->way.four, settings->way.six),
		.options = lan_list(options, &settings->way.options),
	};
	work->until = settings->timeout_ns > 0
			      ? pier_in_ns(settings->timeout_ns)
			      : PIER_FOREVER;
}

/* What would flood the network is for root. */
static int
check(const struct ping_work *work, struct cli_complaint *why)
{
	int64_t interval = work->settings->interval_ns;

	cli_advise(why, "'pier ping --help' has examples");
	if (work->settings->wait_ns / interval > PIER_PING_WINDOW)
		return cli_complain(why,
			"--wait is more than %d times --interval: so many "
			"probes would be on their way",
			PIER_PING_WINDOW);
	if (geteuid() == 0)
		return 0;
	if (interval < POLITE_INTERVAL_NS)
		return cli_complain(why,
			"--interval: less than 10ms is for root: it floods the "
			"network");
	if (interval / (int64_t)work->count < POLITE_APART_NS)
		return cli_complain(why,
			"%zu hosts at that --interval are more than 1000 "
			"probes "
			"a second, which is for root",
			work->count);
	return 0;
}

int
ping_run(struct cli_tool *tool, const void *given)
{
	const char *options[CLI_TEXTS_MAX + 1];
	struct ping_work work = { .tool = tool, .settings = given };
	struct cli_complaint why = { "", "" };
	int code = ping_hosts_read(&work, &why);

	if (code == CLI_EXIT_OK && check(&work, &why) < 0)
		code = CLI_EXIT_USAGE;
	if (code == CLI_EXIT_USAGE)
		code = cli_usage_error(tool, "ping", &why);
	if (code == CLI_EXIT_OK) {
		take_opts(&work, options);
		code = conduct(&work);
	}
	ping_hosts_free(&work);
	return code;
}
