/* SPDX-License-Identifier: MIT */
/* sntp_bed.c - see sntp_bed.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "sntp_bed.h"

struct world world;

int
world_begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.sim = pier__sim_open(1);
	world.far = pier__sim_host(world.sim, "10.0.0.2 fd00::2");
	world.link.latency_ns = 20 * MS;
	world.until_ns = INT64_MAX;
	return 0;
}

int
world_end(void **state)
{
	unsigned left = pier__sim_open_count(world.sim);

	(void)state;
	pier__sim_close(world.sim);
	return left == 0 ? 0 : -1;
}

struct one *
world_add(const char *script)
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
	if (world.rc < 0) {
		(void)snprintf(world.endpoint, sizeof(world.endpoint), "%s",
			world.error.endpoint);
		return 0;
	}
	listen_to_all();
	world.agreed = pier_sntp_result(world.sntp, &world.verdict);
	for (i = 0; i < pier_sntp_count(world.sntp) && i < SERVERS_MAX; i++)
		tell_server(i);
	pier_sntp_close(world.sntp);
	return 0;
}

void
world_run(void)
{
	pier__sim_link(
		world.sim, pier__sim_local(world.sim), world.far, &world.link);
	assert_int_equal(pier__sim_run(world.sim, ask_all, NULL), 0);
}

void
world_event(size_t i, enum pier_sntp_what what, int64_t at_ms)
{
	assert_true(i < world.count);
	assert_int_equal(world.events[i].what, what);
	assert_int_equal(world.at[i], at_ms * MS);
}

void
world_check(size_t i, enum pier_sntp_check check)
{
	assert_int_equal(world.events[i].failed, check);
}
