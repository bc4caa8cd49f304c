/* SPDX-License-Identifier: MIT */
/* proto/sntp_server.c - see proto/sntp_server.h. */
#include "proto/sntp_server.h"

#include <string.h>

#define SECOND_NS INT64_C(1000000000)

const char *
pier__sntp_check_opts(struct pier_sntp_opts *opts)
{
	if (opts->samples == 0)
		opts->samples = 1;
	if (opts->interval_ns == 0)
		opts->interval_ns = PIER_SNTP_BURST_NS;
	if (opts->wait_ns == 0)
		opts->wait_ns = 2 * SECOND_NS;
	if (opts->tries == 0)
		opts->tries = 3;
	if (opts->addresses == 0)
		opts->addresses = 1;
	if (opts->version == 0)
		opts->version = 4;
	if (opts->samples > PIER_SNTP_SAMPLES_MAX)
		return "a server gives 1 to 8 samples";
	if (opts->interval_ns < PIER_SNTP_OWN_NS ||
		opts->interval_ns > PIER_SNTP_MAX_NS)
		return "the interval is 1 ms to 36 h";
	if (opts->poll_ns != 0 && (opts->poll_ns < PIER_SNTP_OWN_NS ||
					  opts->poll_ns > PIER_SNTP_MAX_NS))
		return "the time between polls is 1 ms to 36 h";
	if (opts->polls > 0 && opts->poll_ns == 0)
		return "polls are counted where there is a time between them";
	if (opts->wait_ns < 0 || opts->wait_ns > 3600 * SECOND_NS)
		return "the wait is above 0, and an hour at most";
	if (opts->tries > 100)
		return "a server has 1 to 100 tries";
	if (opts->addresses > PIER_SNTP_SERVERS_MAX)
		return "at most 64 addresses of a name are asked";
	if (opts->version < 3 || opts->version > 4)
		return "the version is 3 or 4";
	return NULL;
}

static void
give_up(struct pier__sntp_server *server, enum pier_sntp_state state)
{
	server->state = state;
	server->next_ns = INT64_MAX;
}

/* With a sample or more it gave what it can. */
static void
end(struct pier__sntp_server *server, enum pier_sntp_state state)
{
	give_up(server, server->samples > 0 ? PIER_SNTP_COMPLETE : state);
}

void
pier__sntp_fail(struct pier__sntp_server *server, int rc, enum pier_step step,
	const char *text)
{
	size_t len = strlen(text);

	server->error = rc;
	server->step = step;
	server->untold = true;
	if (len >= sizeof(server->text))
		len = sizeof(server->text) - 1;
	memcpy(server->text, text, len);
	server->text[len] = '\0';
	give_up(server, PIER_SNTP_UNUSABLE);
}

/* ---- When ---------------------------------------------------------------- */

static bool
is_in_burst(const struct pier__sntp_server *server,
	const struct pier_sntp_opts *opts)
{
	return !server->spent && server->samples < opts->samples &&
	       (server->own || server->sent < PIER_SNTP_BURST);
}

/* The time between two requests that are answered. */
static int64_t
beat(const struct pier__sntp_server *server, const struct pier_sntp_opts *opts)
{
	bool burst = is_in_burst(server, opts);
	int64_t beat =
		burst || opts->poll_ns == 0 ? opts->interval_ns : opts->poll_ns;
	int64_t least = burst ? PIER_SNTP_BURST_NS : PIER_SNTP_POLL_NS;

	if (server->own)
		least = PIER_SNTP_OWN_NS;
	if (beat < least)
		beat = least;
	return beat < server->slow_ns ? server->slow_ns : beat;
}

/* It doubles for every request that brought nothing; but a burst that ends by
   itself is over before that would spare a server anything. */
static int64_t
pause_of(const struct pier__sntp_server *server,
	const struct pier_sntp_opts *opts)
{
	bool steady = opts->poll_ns == 0 && is_in_burst(server, opts);
	unsigned int times = steady ? 0 : server->run, i;
	int64_t pause = beat(server, opts);

	for (i = 0; i < times && pause < PIER_SNTP_MAX_NS; i++)
		pause *= 2;
	return pause < PIER_SNTP_MAX_NS ? pause : PIER_SNTP_MAX_NS;
}

static void
plan(struct pier__sntp_server *server, const struct pier_sntp_opts *opts)
{
	if (server->state != PIER_SNTP_ASKING)
		return;
	server->next_ns = server->sent_ns + pause_of(server, opts);
	if (opts->polls > 0 && server->sent >= opts->polls &&
		!server->asked.waiting)
		end(server, server->failed != PIER_SNTP_CHECKS
				    ? PIER_SNTP_REFUSED
				    : PIER_SNTP_SILENT);
}

int64_t
pier__sntp_moment(const struct pier__sntp_server *server,
	const struct pier_sntp_opts *opts)
{
	if (server->state != PIER_SNTP_ASKING)
		return server->untold ? 0 : INT64_MAX;
	if (server->asked.waiting)
		return server->sent_ns + opts->wait_ns;
	return server->next_ns;
}

/* ---- What happened ------------------------------------------------------- */

void
pier__sntp_sent(struct pier__sntp_server *server,
	const struct pier_sntp_opts *opts, int64_t now)
{
	server->sent++;
	server->sent_ns = now;
	server->asked.waiting = true;
	plan(server, opts);
}

/* One more request without a sample: with poll_ns it goes on for ever. */
static void
miss(struct pier__sntp_server *server, const struct pier_sntp_opts *opts,
	enum pier_sntp_state state)
{
	server->run++;
	server->asked.waiting = false;
	if (opts->poll_ns == 0 && server->run >= opts->tries)
		end(server, state);
	plan(server, opts);
}

void
pier__sntp_lost(
	struct pier__sntp_server *server, const struct pier_sntp_opts *opts)
{
	server->lost++;
	server->asked.lost = server->asked.transmit;
	miss(server, opts, PIER_SNTP_SILENT);
}

/* Without polls nobody waits until the way is there. */
void
pier__sntp_broke(struct pier__sntp_server *server,
	const struct pier_sntp_opts *opts, int rc)
{
	server->lost++;
	server->error = rc;
	if (opts->poll_ns == 0)
		end(server, PIER_SNTP_UNUSABLE);
	miss(server, opts, PIER_SNTP_UNUSABLE);
}

static void
keep(struct pier__sntp_server *server, const struct pier_sntp_opts *opts,
	const struct pier_sntp_event *event, int64_t now)
{
	size_t at = server->samples++ % PIER_SNTP_SAMPLES_MAX;

	server->sample[at] = event->sample;
	server->message[at] = event->message;
	server->taken_ns[at] = now;
	server->run = 0;
	server->failed = PIER_SNTP_CHECKS;
	server->kiss[0] = '\0';
	server->error = 0;
	if (server->samples >= opts->samples) {
		server->spent = true;
		if (opts->poll_ns == 0)
			give_up(server, PIER_SNTP_COMPLETE);
	}
	plan(server, opts);
}

/* At least twice as long between two requests from now on. */
static void
slow_down(struct pier__sntp_server *server, const struct pier_sntp_opts *opts)
{
	server->slow_ns = 2 * pause_of(server, opts);
	if (!server->own && server->slow_ns < PIER_SNTP_POLL_NS)
		server->slow_ns = PIER_SNTP_POLL_NS;
	if (server->slow_ns > PIER_SNTP_MAX_NS)
		server->slow_ns = PIER_SNTP_MAX_NS;
	server->spent = true;
}

static void
obey(struct pier__sntp_server *server, const struct pier_sntp_opts *opts,
	const struct pier_sntp_event *event)
{
	bool slows = pier__sntp_slows(event->kiss);

	server->kisses++;
	memcpy(server->kiss, event->kiss, sizeof(server->kiss));
	if (pier__sntp_sends_away(event->kiss))
		give_up(server, PIER_SNTP_SENT_AWAY);
	else if (opts->poll_ns == 0)
		/* Who asks a few times can ask no less often than not again. */
		end(server, slows ? PIER_SNTP_SENT_AWAY : PIER_SNTP_REFUSED);
	else if (slows)
		slow_down(server, opts);
}

void
pier__sntp_took(struct pier__sntp_server *server,
	const struct pier_sntp_opts *opts, const struct pier_sntp_event *event,
	int64_t now)
{
	if (event->what == PIER_SNTP_IGNORED || event->what == PIER_SNTP_LATE) {
		server->ignored++;
		return;
	}
	server->asked.waiting = false;
	server->asked.answered = server->asked.transmit;
	if (event->what == PIER_SNTP_SAMPLE) {
		keep(server, opts, event, now);
		return;
	}
	server->failed = event->failed;
	if (event->what == PIER_SNTP_DENIED) {
		obey(server, opts, event);
	} else {
		server->rejected++;
		if (opts->poll_ns == 0)
			end(server, PIER_SNTP_REFUSED);
	}
	if (server->state == PIER_SNTP_ASKING)
		miss(server, opts, PIER_SNTP_REFUSED);
}

/* ---- What is known ------------------------------------------------------- */

static size_t
kept(const struct pier__sntp_server *server)
{
	return server->samples < PIER_SNTP_SAMPLES_MAX ? (size_t)server->samples
						       : PIER_SNTP_SAMPLES_MAX;
}

/* The one with the shortest delay; there is one. */
static size_t
best_of(const struct pier__sntp_server *server)
{
	size_t best = 0, i;

	for (i = 1; i < kept(server); i++) {
		if (server->sample[i].delay_ns < server->sample[best].delay_ns)
			best = i;
	}
	return best;
}

/* The root of a number that a square of nanoseconds is; without libm. */
static int64_t
root_of(double square)
{
	double root = square > 1 ? square : 1;
	int i;

	if (square <= 0)
		return 0;
	/* Heron's: halved 64 times it is near, whatever it begins with; six
	   steps more, and it is there. */
	for (i = 0; i < 80; i++)
		root = (root + square / root) / 2;
	return (int64_t)root;
}

static int64_t
jitter_of(const struct pier__sntp_server *server, size_t best)
{
	double sum = 0, away;
	size_t n = kept(server), i;

	if (n < 2)
		return 0;
	for (i = 0; i < n; i++) {
		away = (double)(server->sample[i].offset_ns -
				server->sample[best].offset_ns);
		sum += away * away;
	}
	return root_of(sum / (double)(n - 1));
}

void
pier__sntp_describe(
	const struct pier__sntp_server *server, struct pier_sntp_server *out)
{
	size_t best = best_of(server);

	*out = (struct pier_sntp_server){ .host = server->host,
		.addr = server->asked.to,
		.state = server->state,
		.vote = server->vote,
		.sent = server->sent,
		.samples = server->samples,
		.ignored = server->ignored,
		.rejected = server->rejected,
		.lost = server->lost,
		.kisses = server->kisses,
		.own = server->own,
		.next_ns = server->next_ns,
		.failed = server->failed,
		.error = server->error,
		.same = server->same };
	memcpy(out->kiss, server->kiss, sizeof(out->kiss));
	if (server->samples == 0)
		return;
	out->best = server->sample[best];
	out->message = server->message[best];
	out->jitter_ns = jitter_of(server, best);
}

void
pier__sntp_clock(const struct pier__sntp_server *server, int64_t now,
	struct pier_ntp_clock *out)
{
	size_t best;

	*out = (struct pier_ntp_clock){ .usable = server->samples > 0 };
	if (!out->usable)
		return;
	best = best_of(server);
	out->offset_ns = server->sample[best].offset_ns;
	out->bound_ns =
		server->sample[best].bound_ns + jitter_of(server, best) +
		(now - server->taken_ns[best]) / SECOND_NS * PIER__SNTP_PHI_NS;
}
