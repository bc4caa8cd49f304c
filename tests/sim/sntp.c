/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/sntp.c - asking servers that follow a script, over the simulated
 * network: what is told of each request and when, to the nanosecond, how often
 * a server is asked, and whom to believe. Time is the simulation's: a test of a
 * day of polling takes none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <pier.h>

#include "io/sim_engine.h"
#include "os/calls.h"

#define MS          INT64_C(1000000)
#define S           (1000 * MS)
#define EVENTS_MAX  64
#define SERVERS_MAX 5

/* What a server does with a request; the last letter of its script for all
   that follow. */
enum {
	GOOD = 'g',
	SILENT = '.',
	TWICE = '2',
	LATE = 'l',      /* 3 s later */
	ORIGINATE = 'o', /* a wrong one, and then a good one */
	ELSEWHERE = 'e', /* from another port */
	SHORT_ONE = 's', /* 47 bytes */
	LONG_ONE = 'L',  /* 1200 bytes */
	AS_CLIENT = 'm', /* mode 3 */
	VERSION = 'v',   /* 3 */
	UNSYNCED = 'u',  /* leap 3 */
	STRATUM = '6',   /* 16 */
	ZERO = 'z',      /* transmit 0 */
	RATE = 'R',
	DENY = 'D',
	RSTR = 'T',
	INIT = 'I',
	FORGED_DENY = 'F' /* with a wrong originate; and then a good one */
};

struct one {
	const char *script;
	int64_t offset_ns;
	int64_t root_ns; /* dispersion */
	size_t asked;
	int64_t at[EVENTS_MAX]; /* when, since the beginning */
	struct pier_packet *packet, *other;
	unsigned char buf[1300];
	struct pier_msg msg;
	uint64_t seen[EVENTS_MAX]; /* transmits */
};

/* All on no fiber's stack. */
static struct {
	struct pier__sim *sim;
	struct pier__sim_host *far;
	struct pier__sim_link link;
	struct pier_sntp_opts opts;
	struct one one[SERVERS_MAX];
	size_t servers;
	const char *hosts[SERVERS_MAX];
	char host[SERVERS_MAX][40];
	int64_t begin_ns, until_ns;
	struct pier_sntp *sntp;
	int rc, opened;
	struct pier_error error;
	size_t count;
	struct pier_sntp_event events[EVENTS_MAX];
	int64_t at[EVENTS_MAX];
	struct pier_sntp_server server[SERVERS_MAX];
	char name[SERVERS_MAX][64]; /* server[].host, beyond the close */
	struct pier_ntp_verdict verdict;
	int agreed;
} world;

static int
begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.sim = pier__sim_open(1);
	world.far = pier__sim_host(world.sim, "10.0.0.2 fd00::2");
	world.link.latency_ns = 20 * MS;
	world.until_ns = INT64_MAX;
	return 0;
}

static int
end(void **state)
{
	unsigned left = pier__sim_open_count(world.sim);

	(void)state;
	pier__sim_close(world.sim);
	return left == 0 ? 0 : -1;
}

/* One more server, at its own port. */
static struct one *
add(const char *script)
{
	size_t i = world.servers++;

	world.one[i].script = script;
	(void)snprintf(world.host[i], sizeof(world.host[i]), "10.0.0.2:%d",
		i == 0 ? 123 : 9000 + (int)i);
	world.hosts[i] = i == 0 ? "10.0.0.2" : world.host[i];
	return &world.one[i];
}

/* ---- A server ----------------------------------------------------------- */

static void
answer(struct one *one, struct pier_packet *from,
	const struct pier_ntp_message *message, size_t size)
{
	unsigned char out[1300] = { 0 };

	pier_ntp_write(out, message);
	(void)pier_send(from, &one->msg.peer, out, size, PIER_FOREVER);
}

static void
kiss(struct pier_ntp_message *message, const char *code)
{
	message->stratum = 0;
	memcpy(message->reference_id, code, 4);
}

/* What is wrong with an answer by its letter. */
static void
spoil(struct pier_ntp_message *message, char what)
{
	switch (what) {
	case ORIGINATE:
		message->originate ^= 1;
		break;
	case FORGED_DENY:
		message->originate ^= 1;
		kiss(message, "DENY");
		break;
	case AS_CLIENT:
		message->mode = PIER_NTP_CLIENT;
		break;
	case VERSION:
		message->version = 3;
		break;
	case UNSYNCED:
		message->leap = PIER_NTP_ALARM;
		break;
	case STRATUM:
		message->stratum = 16;
		break;
	case ZERO:
		message->transmit = 0;
		break;
	case RATE:
		kiss(message, "RATE");
		break;
	case DENY:
		kiss(message, "DENY");
		break;
	case RSTR:
		kiss(message, "RSTR");
		break;
	case INIT:
		kiss(message, "INIT");
		break;
	default:
		break;
	}
}

static void
act(struct one *one, char what, int64_t came_ns)
{
	const size_t size = what == SHORT_ONE  ? 47
			    : what == LONG_ONE ? 1200
					       : PIER_NTP_SIZE;
	struct pier_ntp_message asked, good, bad;

	assert_int_equal(
		pier_ntp_read(&asked, one->msg.data, one->msg.size), 0);
	assert_int_equal(asked.mode, PIER_NTP_CLIENT);
	one->seen[one->asked - 1] = asked.transmit;
	good = (struct pier_ntp_message){ .version = asked.version,
		.mode = PIER_NTP_SERVER,
		.stratum = 2,
		.precision = -30,
		.root_dispersion = pier_ntp_short(one->root_ns),
		.originate = asked.transmit,
		.receive = pier_ntp_from_ns(came_ns + one->offset_ns),
		.transmit = pier_ntp_from_ns(came_ns + one->offset_ns) };
	bad = good;
	spoil(&bad, what);
	if (what == LATE)
		(void)pier_sleep(pier_in_s(3));
	if (what != SILENT)
		answer(one, what == ELSEWHERE ? one->other : one->packet, &bad,
			size);
	if (what == TWICE)
		answer(one, one->packet, &bad, size);
	if (strchr("oFsLmve", what) != NULL) {
		(void)pier_sleep(pier_in_ms(100));
		answer(one, one->packet, &good, PIER_NTP_SIZE);
	}
}

static int
serve(void *arg)
{
	struct one *one = arg;
	const struct pier_packet_opts opts = { .listen = true };
	const char *script = one->script;
	char where[64];

	pier__sim_on(world.far);
	(void)snprintf(where, sizeof(where), "udp4://%s",
		one == world.one ? "10.0.0.2:123"
				 : world.host[one - world.one]);
	assert_int_equal(
		pier_packet_open(&one->packet, where, &opts, PIER_FOREVER), 0);
	assert_int_equal(pier_packet_open(&one->other, "udp4://10.0.0.2:0",
				 &opts, PIER_FOREVER),
		0);
	while (pier_recv(one->packet, &one->msg, one->buf, sizeof(one->buf),
		       PIER_FOREVER) == 0) {
		if (one->asked < EVENTS_MAX)
			one->at[one->asked++] = pier_now() - world.begin_ns;
		act(one, *script, pier__calls()->realtime_ns());
		if (script[1] != '\0')
			script++;
	}
	pier_packet_close(one->packet);
	pier_packet_close(one->other);
	return 0;
}

/* ---- The client --------------------------------------------------------- */

static void
listen_to_all(void)
{
	pier_deadline until =
		world.until_ns == INT64_MAX
			? PIER_FOREVER
			: pier_deadline_at(world.begin_ns + world.until_ns);

	while (world.count < EVENTS_MAX) {
		world.rc = pier_sntp_next(
			world.sntp, &world.events[world.count], until);
		if (world.rc <= 0)
			break;
		world.at[world.count++] = pier_now() - world.begin_ns;
	}
}

static void
tell_server(size_t i)
{
	assert_int_equal(pier_sntp_server(world.sntp, i, &world.server[i]), 0);
	(void)snprintf(world.name[i], sizeof(world.name[i]), "%s",
		world.server[i].host);
	world.server[i].host = world.name[i];
}

static int
ask_all(void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < world.servers; i++)
		assert_int_equal(pier_go(NULL, serve, &world.one[i]), 0);
	/* Once they listen. */
	(void)pier_yield();
	world.begin_ns = pier_now();
	world.rc = world.opened = pier_sntp_open(&world.sntp, world.hosts,
		world.servers, &world.opts, PIER_FOREVER);
	world.error = *pier_last_error();
	if (world.rc < 0)
		return 0;
	listen_to_all();
	world.agreed = pier_sntp_result(world.sntp, &world.verdict);
	for (i = 0; i < pier_sntp_count(world.sntp) && i < SERVERS_MAX; i++)
		tell_server(i);
	pier_sntp_close(world.sntp);
	return 0;
}

static void
run(void)
{
	pier__sim_link(
		world.sim, pier__sim_local(world.sim), world.far, &world.link);
	assert_int_equal(pier__sim_run(world.sim, ask_all, NULL), 0);
}

/* Event i is `what`, at_ms after the beginning. */
static void
event_is(size_t i, enum pier_sntp_what what, int64_t at_ms)
{
	assert_true(i < world.count);
	assert_int_equal(world.events[i].what, what);
	assert_int_equal(world.at[i], at_ms * MS);
}

static void
check_is(size_t i, enum pier_sntp_check check)
{
	assert_int_equal(world.events[i].failed, check);
}

/* ---- One answer --------------------------------------------------------- */

static void
test_one_sample(void **state)
{
	const struct pier_sntp_server *server = &world.server[0];

	(void)state;
	add("g")->offset_ns = 250 * MS;
	run();
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.count, 1);
	event_is(0, PIER_SNTP_SAMPLE, 40);
	assert_int_equal(world.events[0].sequence, 1);
	assert_true(world.events[0].sample.offset_ns == 250 * MS);
	assert_true(world.events[0].sample.delay_ns == 40 * MS);
	assert_true(world.events[0].sample.t4_by_kernel);
	assert_int_equal(server->state, PIER_SNTP_COMPLETE);
	assert_string_equal(server->host, "10.0.0.2");
	assert_int_equal(pier_addr_port(&server->addr), 123);
	assert_int_equal(server->sent, 1);
	assert_int_equal(server->samples, 1);
	assert_int_equal(server->vote, PIER_NTP_TRUECHIMER);
	assert_false(server->own);
	assert_int_equal(world.agreed, 1);
	assert_true(world.verdict.offset_ns == 250 * MS);
	assert_true(world.verdict.bound_ns >= 20 * MS);
}

static void
test_over_ipv6(void **state)
{
	static const char *const forms[] = { "fd00::2", "[fd00::2]",
		"[fd00::2]:123", "udp6://[fd00::2]:123" };
	size_t i;

	(void)state;
	world.servers = 1;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		world.hosts[0] = forms[i];
		world.one[0].script = ".";
		world.opts.tries = 1;
		world.count = 0;
		run();
		assert_int_equal(world.opened, 0);
		assert_int_equal(pier_addr_port(&world.server[0].addr), 123);
		assert_int_equal(
			pier_addr_family(&world.server[0].addr), AF_INET6);
	}
}

/* Each that is no answer is told, and the answer after it still counts. */
static void
test_what_is_no_answer_is_passed_over(void **state)
{
	static const struct {
		const char *script;
		enum pier_sntp_check check;
	} all[] = {
		{ "o", PIER_SNTP_ORIGINATE },
		{ "F", PIER_SNTP_ORIGINATE },
		{ "s", PIER_SNTP_LENGTH },
		{ "L", PIER_SNTP_LENGTH },
		{ "m", PIER_SNTP_MODE },
		{ "v", PIER_SNTP_VERSION },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		world.servers = world.count = 0;
		memset(&world.one, 0, sizeof(world.one));
		add(all[i].script);
		run();
		assert_int_equal(world.count, 2);
		event_is(0, PIER_SNTP_IGNORED, 40);
		check_is(0, all[i].check);
		event_is(1, PIER_SNTP_SAMPLE, 140);
		assert_int_equal(world.server[0].ignored, 1);
		assert_int_equal(world.server[0].state, PIER_SNTP_COMPLETE);
	}
}

/* The kernel does not even show what comes from elsewhere: the socket is
   connected. */
static void
test_another_source_is_not_heard(void **state)
{
	(void)state;
	add("e");
	run();
	assert_int_equal(world.count, 1);
	event_is(0, PIER_SNTP_SAMPLE, 140);
	assert_int_equal(world.server[0].ignored, 0);
}

static void
test_twice(void **state)
{
	(void)state;
	add("2g");
	world.opts.samples = 2;
	run();
	assert_int_equal(world.count, 3);
	event_is(0, PIER_SNTP_SAMPLE, 40);
	event_is(1, PIER_SNTP_IGNORED, 40);
	check_is(1, PIER_SNTP_FRESH);
	event_is(2, PIER_SNTP_SAMPLE, 2040);
	/* Another random number each time. */
	assert_true(world.one[0].seen[0] != world.one[0].seen[1]);
}

static void
test_an_answer_that_is_no_good(void **state)
{
	static const struct {
		const char *script;
		enum pier_sntp_check check;
		const char *text;
	} all[] = {
		{ "u", PIER_SNTP_SYNCED,
			"leap 3: the server's clock is not synchronised" },
		{ "6", PIER_SNTP_STRATUM,
			"stratum 16: the server's clock is not synchronised" },
		{ "z", PIER_SNTP_TRANSMIT,
			"transmit 0: the server does not say when the answer "
			"left" },
	};
	size_t i;

	(void)state;
	world.opts.samples = 4;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		world.servers = world.count = 0;
		memset(&world.one, 0, sizeof(world.one));
		add(all[i].script);
		run();
		assert_int_equal(world.count, 1);
		event_is(0, PIER_SNTP_REJECTED, 40);
		check_is(0, all[i].check);
		assert_string_equal(world.events[0].text, all[i].text);
		assert_int_equal(world.server[0].state, PIER_SNTP_REFUSED);
		assert_int_equal(world.server[0].failed, all[i].check);
		assert_int_equal(world.agreed, 0);
		assert_int_equal(world.verdict.usable, 0);
	}
}

/* It leaves in the last era, is answered in this one: 2036-02-07 06:28:16. */
static void
test_the_wrap_of_2036(void **state)
{
	const int64_t wrap = (PIER_NTP_ERA - PIER_NTP_UNIX) * S;

	(void)state;
	add("g")->offset_ns = -3 * MS;
	world.opts.samples = 2;
	pier__sim_set_realtime(world.sim, wrap - 15 * MS);
	run();
	assert_int_equal(world.count, 2);
	event_is(0, PIER_SNTP_SAMPLE, 40);
	event_is(1, PIER_SNTP_SAMPLE, 2040);
	assert_true(world.events[0].sample.t1_ns == wrap - 15 * MS);
	assert_true(world.events[0].sample.t3_ns == wrap + 2 * MS);
	assert_true(world.events[0].sample.offset_ns == -3 * MS);
	assert_true(world.events[1].sample.offset_ns == -3 * MS);
	assert_true(world.events[0].message.transmit < UINT64_C(1) << 32);
}

static void
set_back(void *arg)
{
	(void)arg;
	pier__sim_set_realtime(world.sim, INT64_C(1767225600) * S);
}

/* This machine's clock is set back an hour while the answer is on its way. */
static void
test_a_clock_that_is_set_meanwhile(void **state)
{
	(void)state;
	add("g");
	world.opts.samples = 2;
	world.opts.poll_ns = 64 * S;
	world.until_ns = 3 * S;
	pier__sim_set_realtime(world.sim, INT64_C(1767229200) * S);
	pier__sim_at(
		world.sim, pier__sim_now(world.sim) + 30 * MS, set_back, NULL);
	run();
	event_is(0, PIER_SNTP_REJECTED, 40);
	check_is(0, PIER_SNTP_ROUND_TRIP);
}

/* ---- Loss --------------------------------------------------------------- */

/* Silence: 2 s, 4 s and 8 s apart, then it is given up. */
static void
test_silence_is_met_with_patience(void **state)
{
	(void)state;
	add(".");
	run();
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.count, 3);
	event_is(0, PIER_SNTP_LOST, 2000);
	event_is(1, PIER_SNTP_LOST, 6000);
	event_is(2, PIER_SNTP_LOST, 14000 - 0);
	assert_int_equal(world.server[0].state, PIER_SNTP_SILENT);
	assert_int_equal(world.server[0].lost, 3);
	assert_int_equal(world.one[0].at[1], 4000 * MS + 20 * MS);
}

static void
test_a_late_answer(void **state)
{
	(void)state;
	add("lg");
	run();
	assert_int_equal(world.count, 3);
	event_is(0, PIER_SNTP_LOST, 2000);
	event_is(1, PIER_SNTP_LATE, 3040);
	event_is(2, PIER_SNTP_SAMPLE, 4040);
	assert_int_equal(world.server[0].lost, 1);
}

/* One that comes in the last moment counts. */
static void
test_the_last_moment(void **state)
{
	(void)state;
	add("g");
	world.opts.wait_ns = 40 * MS;
	run();
	assert_int_equal(world.count, 1);
	event_is(0, PIER_SNTP_SAMPLE, 40);
}

static void
test_nobody_listens(void **state)
{
	(void)state;
	add("g");
	world.hosts[0] = "10.0.0.2:7";
	run();
	assert_int_equal(world.count, 1);
	event_is(0, PIER_SNTP_ERROR, 40);
	assert_int_equal(world.events[0].error, -ECONNREFUSED);
	assert_int_equal(world.server[0].state, PIER_SNTP_UNUSABLE);
	assert_int_equal(world.server[0].error, -ECONNREFUSED);
}

/* ---- How often ---------------------------------------------------------- */

/* Whatever is wished: 8 requests, 2 s apart. */
static void
test_a_burst_is_polite(void **state)
{
	size_t i;

	(void)state;
	add("g");
	world.opts.samples = 8;
	world.opts.interval_ns = 1 * MS;
	run();
	assert_int_equal(world.count, 8);
	for (i = 0; i < 8; i++)
		event_is(i, PIER_SNTP_SAMPLE, 40 + 2000 * (int64_t)i);
	assert_int_equal(world.one[0].asked, 8);
}

static void
test_own_servers_go_faster(void **state)
{
	(void)state;
	add("g");
	world.opts.samples = 8;
	world.opts.interval_ns = 50 * MS;
	world.opts.own = true;
	run();
	event_is(7, PIER_SNTP_SAMPLE, 40 + 7 * 50);
	assert_true(world.server[0].own);
}

/* After the samples every 15 s at most, for ever. */
static void
test_polls_are_polite(void **state)
{
	size_t i;

	(void)state;
	add("g");
	world.opts.samples = 2;
	world.opts.poll_ns = 1 * S;
	world.until_ns = 3600 * S;
	run();
	assert_int_equal(world.count, EVENTS_MAX);
	event_is(1, PIER_SNTP_SAMPLE, 2040);
	for (i = 2; i < EVENTS_MAX; i++)
		event_is(i, PIER_SNTP_SAMPLE, 2040 + 15000 * ((int64_t)i - 1));
}

/* The wait between two doubles, and is short again after an answer. */
static void
test_polls_back_off(void **state)
{
	static const int64_t sent_s[] = { 0, 64, 192, 448, 960, 1024 };
	size_t i;

	(void)state;
	add("g...gg");
	world.opts.poll_ns = 64 * S;
	world.until_ns = 1030 * S;
	run();
	assert_int_equal(world.rc, -PIER_EDEADLINE);
	for (i = 0; i < 6; i++)
		assert_int_equal(world.one[0].at[i], sent_s[i] * S + 20 * MS);
	assert_int_equal(world.one[0].asked, 6);
	assert_int_equal(world.server[0].state, PIER_SNTP_ASKING);
}

/* A day of silence: 36 h is the longest pause. */
static void
test_a_long_silence(void **state)
{
	size_t i;

	(void)state;
	add(".");
	world.opts.poll_ns = 1024 * S;
	world.until_ns = 30 * 24 * 3600 * S;
	run();
	assert_int_equal(world.rc, -PIER_EDEADLINE);
	for (i = 9; i + 1 < world.one[0].asked; i++)
		assert_int_equal(world.one[0].at[i + 1] - world.one[0].at[i],
			PIER_SNTP_MAX_NS);
	assert_in_range(world.one[0].asked, 20, 30);
}

/* ---- Kiss codes --------------------------------------------------------- */

static void
test_sent_away(void **state)
{
	static const char *const scripts[] = { "D", "T" };
	static const char *const codes[] = { "DENY", "RSTR" };
	size_t i;

	(void)state;
	world.opts.poll_ns = 64 * S;
	world.until_ns = 24 * 3600 * S;
	for (i = 0; i < 2; i++) {
		world.servers = world.count = 0;
		memset(&world.one, 0, sizeof(world.one));
		add(scripts[i]);
		run();
		/* For ever: it is over. */
		assert_int_equal(world.rc, 0);
		assert_int_equal(world.count, 1);
		event_is(0, PIER_SNTP_DENIED, 40);
		assert_string_equal(world.events[0].kiss, codes[i]);
		assert_int_equal(world.one[0].asked, 1);
		assert_int_equal(world.server[0].state, PIER_SNTP_SENT_AWAY);
		assert_string_equal(world.server[0].kiss, codes[i]);
	}
}

/* RATE ends the burst; the pause doubles, and stays so. */
static void
test_rate_slows(void **state)
{
	const struct one *one = &world.one[0];

	(void)state;
	add("gRg");
	world.opts.samples = 8;
	world.opts.poll_ns = 32 * S;
	world.until_ns = 400 * S;
	run();
	event_is(0, PIER_SNTP_SAMPLE, 40);
	event_is(1, PIER_SNTP_DENIED, 2040);
	assert_string_equal(world.events[1].kiss, "RATE");
	assert_true(one->at[2] - one->at[1] >= 30 * S);
	assert_true(one->at[3] - one->at[2] >= 32 * S);
	assert_true(one->at[4] - one->at[3] >= 32 * S);
	assert_int_equal(world.server[0].kisses, 1);
}

/* Asked for one sample only, it is tried again, 30 s and 60 s later. */
static void
test_rate_at_once(void **state)
{
	(void)state;
	add("RRR");
	run();
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.count, 3);
	assert_true(world.at[1] - world.at[0] >= 15 * S);
	assert_true(world.at[2] - world.at[1] >= 2 * 15 * S);
	assert_int_equal(world.server[0].state, PIER_SNTP_REFUSED);
	assert_string_equal(world.server[0].kiss, "RATE");
}

static void
test_other_codes(void **state)
{
	(void)state;
	add("I");
	run();
	assert_int_equal(world.count, 1);
	event_is(0, PIER_SNTP_DENIED, 40);
	assert_string_equal(world.events[0].kiss, "INIT");
	assert_int_equal(world.server[0].state, PIER_SNTP_REFUSED);
}

/* ---- Several ------------------------------------------------------------ */

static void
test_a_liar_is_found(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		add("g");
	world.one[2].offset_ns = 3600 * S;
	add(".");
	world.opts.tries = 1;
	run();
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.count, 5);
	assert_int_equal(world.agreed, 3);
	assert_true(world.verdict.enough);
	assert_true(world.verdict.offset_ns == 0);
	assert_int_equal(world.server[2].vote, PIER_NTP_FALSETICKER);
	assert_int_equal(world.server[3].vote, PIER_NTP_TRUECHIMER);
	assert_int_equal(world.server[4].vote, PIER_NTP_UNUSED);
}

static void
test_two_that_disagree(void **state)
{
	(void)state;
	add("g");
	add("g")->offset_ns = 3600 * S;
	run();
	assert_int_equal(world.agreed, 0);
	assert_int_equal(world.verdict.usable, 2);
	assert_int_equal(world.server[0].vote, PIER_NTP_UNDECIDED);
}

/* The best of a server's samples is the one that was under way the shortest. */
static void
test_the_shortest_way_counts(void **state)
{
	(void)state;
	add("g");
	world.opts.samples = 8;
	world.link.jitter_ns = 30 * MS;
	run();
	for (size_t i = 0; i < world.count; i++) {
		assert_int_equal(world.events[i].what, PIER_SNTP_SAMPLE);
		assert_true(world.server[0].best.delay_ns <=
			    world.events[i].sample.delay_ns);
		assert_true(world.events[i].sample.offset_ns <=
				    world.events[i].sample.bound_ns &&
			    -world.events[i].sample.offset_ns <=
				    world.events[i].sample.bound_ns);
	}
	assert_true(world.server[0].jitter_ns > 0);
}

/* Loss, duplicates and another order on the way: samples in the end, or not
   enough tries, and never a wrong one. */
static void
test_a_bad_way(void **state)
{
	unsigned samples = 0;
	size_t i;

	(void)state;
	add("g")->offset_ns = 77 * MS;
	world.opts.samples = 8;
	world.opts.tries = 20;
	world.link.loss = 300;
	world.link.duplicate = 300;
	world.link.reorder = 300;
	run();
	for (i = 0; i < world.count; i++) {
		samples += world.events[i].what == PIER_SNTP_SAMPLE;
		if (world.events[i].what == PIER_SNTP_SAMPLE)
			assert_true(world.events[i].sample.offset_ns > 0);
	}
	assert_int_equal(samples, 8);
	assert_true(world.server[0].lost > 0);
	assert_true(world.server[0].ignored > 0);
}

/* ---- Opening ------------------------------------------------------------ */

static int
lookup(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline, void *arg)
{
	struct pier_addr addrs[3];
	int rc;

	(void)service, (void)opts, (void)deadline, (void)arg;
	if (strcmp(host, "pool.test") != 0)
		return -PIER_ENONAME;
	rc = pier_addr_parse(&addrs[0], "10.0.0.2:123");
	if (rc == 0)
		rc = pier_addr_parse(&addrs[1], "10.0.0.77:123");
	if (rc == 0)
		rc = pier_addr_parse(&addrs[2], "10.0.0.78:123");
	return rc == 0 ? pier_names_make(out, addrs, 3, NULL) : rc;
}

static void
test_names(void **state)
{
	(void)state;
	add("g");
	add(".");
	world.hosts[0] = "nowhere.test";
	world.hosts[1] = "pool.test";
	world.opts.lookup = lookup;
	world.opts.addresses = 2;
	world.opts.tries = 1;
	run();
	assert_int_equal(world.opened, 0);
	event_is(0, PIER_SNTP_FAILED, 0);
	assert_int_equal(world.events[0].error, -PIER_ENONAME);
	assert_string_equal(world.server[0].host, "nowhere.test");
	assert_int_equal(world.server[0].state, PIER_SNTP_UNUSABLE);
	event_is(1, PIER_SNTP_SAMPLE, 40);
	assert_int_equal(world.events[1].server, 1);
	event_is(2, PIER_SNTP_LOST, 2000);
	assert_string_equal(world.server[2].host, "pool.test");
}

/* Refused with what was expected. */
static void
test_what_cannot_be_opened(void **state)
{
	static const char *const hosts[] = { "tcp://10.0.0.2:123", "udp://:123",
		"udp://239.1.2.3:123", "", "a b", "10.0.0.2:notaport!",
		"nowhere.test" };
	size_t i;

	(void)state;
	world.opts.lookup = lookup;
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		world.servers = 0;
		add("g");
		world.hosts[0] = hosts[i];
		run();
		assert_int_equal(
			world.opened, i + 1 < sizeof(hosts) / sizeof(hosts[0])
					      ? -EINVAL
					      : -PIER_ENONAME);
		assert_int_equal(world.error.code, world.opened);
	}
}

static void
test_options_out_of_range(void **state)
{
	static const struct pier_sntp_opts all[] = {
		{ .samples = 9 },
		{ .interval_ns = 999999 },
		{ .interval_ns = PIER_SNTP_MAX_NS + 1 },
		{ .poll_ns = -1 },
		{ .poll_ns = 999999 },
		{ .wait_ns = -1 },
		{ .wait_ns = 3601 * S },
		{ .tries = 101 },
		{ .addresses = 65 },
		{ .version = 2 },
		{ .version = 5 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		world.servers = 0;
		add("g");
		world.opts = all[i];
		run();
		assert_int_equal(world.opened, -EINVAL);
	}
	world.servers = 0;
	run();
	assert_int_equal(world.opened, -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_sample),
		TEST(test_over_ipv6),
		TEST(test_what_is_no_answer_is_passed_over),
		TEST(test_another_source_is_not_heard),
		TEST(test_twice),
		TEST(test_an_answer_that_is_no_good),
		TEST(test_the_wrap_of_2036),
		TEST(test_a_clock_that_is_set_meanwhile),
		TEST(test_silence_is_met_with_patience),
		TEST(test_a_late_answer),
		TEST(test_the_last_moment),
		TEST(test_nobody_listens),
		TEST(test_a_burst_is_polite),
		TEST(test_own_servers_go_faster),
		TEST(test_polls_are_polite),
		TEST(test_polls_back_off),
		TEST(test_a_long_silence),
		TEST(test_sent_away),
		TEST(test_rate_slows),
		TEST(test_rate_at_once),
		TEST(test_other_codes),
		TEST(test_a_liar_is_found),
		TEST(test_two_that_disagree),
		TEST(test_the_shortest_way_counts),
		TEST(test_a_bad_way),
		TEST(test_names),
		TEST(test_what_cannot_be_opened),
		TEST(test_options_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
