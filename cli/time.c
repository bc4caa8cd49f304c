/* SPDX-License-Identifier: MIT */
/*
 * pier time: one fiber asks all servers and tells of each event; what is known
 * when they have answered, were given up, or the time is up, is the verdict.
 */
#include "time_work.h"

#include "conduct.h"
#include "lan.h"
#include "store.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)

/* With --watch; RFC 4330 section 10 has 15 s as the least. */
#define WATCH_POLL_NS (16 * SECOND_NS)

/* Which four computers these are the pool decides, near to who asks. */
static const char *const pool[] = { "0.pool.ntp.org", "1.pool.ntp.org",
	"2.pool.ntp.org", "3.pool.ntp.org" };

struct pier_ntp_moment
time_now(int64_t offset_ns)
{
	struct timespec now = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return time_moment(
		(int64_t)now.tv_sec * SECOND_NS + now.tv_nsec + offset_ns);
}

const char *
time_server_text(
	const struct pier_sntp_server *server, char text[PIER_ADDR_TEXT_MAX])
{
	if (server->addr.len == 0 ||
		pier_addr_format(&server->addr, text, PIER_ADDR_TEXT_MAX) < 0)
		return server->host;
	return text;
}

int64_t
time_root_distance(const struct pier_sntp_server *server)
{
	return pier_ntp_short_ns(server->message.root_delay) / 2 +
	       pier_ntp_short_ns(server->message.root_dispersion);
}

/* ---- The verdict -------------------------------------------------------- */

static bool
is_too_far(const struct time_work *work)
{
	int64_t most = work->settings->max_offset_ns;
	int64_t offset = work->verdict.offset_ns;

	return most > 0 && (offset > most || offset < -most);
}

static int
judge(struct time_work *work)
{
	char line[256], offset[TIME_TEXT], most[CLI_VALUE_TEXT];
	int agree = pier_sntp_result(work->sntp, &work->verdict);

	if (work->tool->json ||
		(work->verdict.usable > 0 && !work->settings->watch))
		time_tell_result(work);
	if (work->verdict.usable == 0)
		return time_why_tell(work);
	if (agree == 0) {
		(void)snprintf(line, sizeof(line),
			"no majority of the %zu servers agrees",
			work->verdict.usable);
		return cli_negative(work->tool, line,
			"ask more servers: with three or more, one that is "
			"wrong can be told");
	}
	if (!is_too_far(work))
		return CLI_EXIT_OK;
	time_offset_text(work->verdict.offset_ns, offset, sizeof(offset));
	cli_format_limit(work->settings->max_offset_ns, most, sizeof(most));
	(void)snprintf(line, sizeof(line),
		"this clock's offset is %s, more than --max-offset %s", offset,
		most);
	return cli_negative(work->tool, line, "");
}

/* ---- Asking ------------------------------------------------------------- */

/* A picture is drawn again every second, since the time goes on. */
static pier_deadline
until_of(const struct time_work *work)
{
	return work->on_terminal
		       ? pier_earlier(work->until, pier_in_ns(SECOND_NS))
		       : work->until;
}

static int
ask(struct time_work *work)
{
	bool watch = work->settings->watch;
	struct pier_sntp_event event;
	int rc;

	do {
		rc = pier_sntp_next(work->sntp, &event, until_of(work));
		if (rc > 0) {
			time_why_note(work, &event);
			time_tell_event(work, &event);
		}
		if (watch && rc > 0)
			time_watch_event(work, &event);
		/* Not the end of the time, only a second of it. */
		if (rc == -PIER_EDEADLINE && work->on_terminal &&
			pier_left_ns(work->until) > 0) {
			time_watch_event(work, NULL);
			rc = 1;
		}
	} while (rc > 0 && work->output == 0);
	return rc;
}

static int
open_servers(struct time_work *work)
{
	int rc = pier_sntp_open(&work->sntp, work->hosts, work->hosts_count,
		&work->opts, work->until);

	if (rc < 0)
		return cli_open_failure(work->tool, pier_last_error(), "udp://",
			work->settings->way.bind);
	work->why = calloc(pier_sntp_count(work->sntp), sizeof(work->why[0]));
	if (work->why == NULL)
		return cli_own_failure(
			work->tool, PIER_STEP_CREATE, "servers", -ENOMEM, "");
	return CLI_EXIT_OK;
}

static int
start(struct pier_group *group, void *arg)
{
	struct time_work *work = arg;
	int code, rc;

	(void)group;
	pier_task_name("time");
	code = open_servers(work);
	if (code != CLI_EXIT_OK)
		goto close;
	if (work->settings->watch)
		time_watch_start(work);
	rc = ask(work);
	if (work->settings->watch)
		time_watch_end(work);
	if (rc < 0 && rc != -ECANCELED && rc != -PIER_EDEADLINE)
		code = cli_failure(work->tool, pier_last_error());
	else if (work->output == 0)
		code = judge(work);

close:
	pier_sntp_close(work->sntp);
	free(work->why);
	return code;
}

/* ---- What was asked ----------------------------------------------------- */

static void
take_opts(struct time_work *work, const char *options[CLI_TEXTS_MAX + 1])
{
	const struct time_settings *settings = work->settings;

	work->opts = (struct pier_sntp_opts){
		.interval_ns = settings->interval_ns,
		.wait_ns = settings->wait_ns,
		.tries = (unsigned int)settings->tries,
		.own = settings->own,
		.addresses = (unsigned int)settings->addresses,
		.version = (int)settings->version,
		.bind = settings->way.bind,
		.family = lan_family(settings->way.four, settings->way.six),
		.options = lan_list(options, &settings->way.options),
	};
	if (settings->watch) {
		work->opts.polls = (uint64_t)settings->samples;
		work->opts.poll_ns = settings->interval_ns > 0
					     ? settings->interval_ns
					     : WATCH_POLL_NS;
	} else {
		work->opts.samples = (unsigned int)settings->samples;
	}
	work->hosts = settings->hosts.n > 0 ? settings->hosts.item : pool;
	work->hosts_count = settings->hosts.n > 0
				    ? settings->hosts.n
				    : sizeof(pool) / sizeof(pool[0]);
	work->until = settings->timeout_ns > 0
			      ? pier_in_ns(settings->timeout_ns)
			      : PIER_FOREVER;
}

static int
check(const struct time_settings *settings, struct cli_complaint *why)
{
	if (settings->samples > PIER_SNTP_SAMPLES_MAX && !settings->watch)
		return cli_complain(why,
			"--samples: out of range: '%lld'; expected 1 to %d, or "
			"--watch beside it",
			(long long)settings->samples, PIER_SNTP_SAMPLES_MAX);
	if (settings->convert.n > 0 && settings->hosts.n > 0)
		return cli_complain(why,
			"--convert asks nobody; '%s' is a server",
			settings->hosts.item[0]);
	if (settings->convert.n > 0 && settings->watch)
		return cli_complain(why, "--convert asks nobody: there is "
					 "nothing to watch");
	return 0;
}

int
time_run(struct cli_tool *tool, const void *given)
{
	const char *options[CLI_TEXTS_MAX + 1];
	const struct time_settings *settings = given;
	struct cli_complaint why = { "", "'pier time --help' has examples" };
	struct time_work *work;
	int code;

	if (check(settings, &why) < 0)
		return cli_usage_error(tool, "time", &why);
	if (settings->convert.n > 0)
		return time_convert(tool, settings);
	/* Its points are too much for the stack of a fiber. */
	work = calloc(1, sizeof(*work));
	if (work == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, "servers", -ENOMEM, "");
	work->tool = tool;
	work->settings = settings;
	take_opts(work, options);
	tzset();
	code = cli_conduct(tool, start, work);
	/* A reader that has seen enough is no failure. */
	if (work->output < 0 && work->output != -EPIPE && code == CLI_EXIT_OK)
		code = cli_own_failure(tool, PIER_STEP_SEND, "standard output",
			work->output, "");
	free(work);
	return code;
}
