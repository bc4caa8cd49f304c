/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/world.c - whole lives of servers, by seed: clients that talk, fall
 * silent, half-close, abort or are cancelled, over links that lose and delay,
 * with partitions, resets, too few descriptors, too little memory, and a stop
 * at any moment. Whatever happens:
 *   - all of it ends, and in bounded time;
 *   - what a client reads is what it sent, in order, from the beginning;
 *   - each connection is counted once, by how it ended;
 *   - no descriptor is left.
 * A seed that fails is played again by SIM_SEED=N, with its trace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pier.h>

#include "chance.h"
#include "io/sim_engine.h"

#define MS          INT64_C(1000000)
#define CLIENTS_MAX 24
#define BYTES_MAX   20000

struct client {
	uint64_t chance;
	unsigned char first; /* of its bytes, which count up */
	bool wrong;          /* it read what it had not sent */
};

static struct {
	uint64_t seed;
	uint64_t chance;
	struct pier__sim *sim;
	struct pier__sim_host *far;
	struct pier_server *server;
	struct pier_server_opts opts;
	struct pier_server_stats stats;
	struct pier__sim_limits limits;
	struct pier_group *crowd;
	struct client clients[CLIENTS_MAX];
	unsigned client_count;
	int run_rc;
} world;

/* Some time, from a millisecond to `most`, short ones more often. */
static pier_deadline
a_while(struct client *client, unsigned most_ms)
{
	unsigned scale = 1 + draw(&client->chance, most_ms);

	return pier_in_ms(1 + (int64_t)draw(&client->chance, scale));
}

static bool
counts_up(const unsigned char *buf, size_t size, unsigned char from)
{
	for (size_t i = 0; i < size; i++) {
		if (buf[i] != (unsigned char)(from + i))
			return false;
	}
	return true;
}

struct progress {
	size_t sent, read;
};

static int
send_some(struct client *client, struct pier_stream *stream,
	struct progress *progress)
{
	unsigned char *buf;
	size_t size = 1 + draw(&client->chance, BYTES_MAX);
	int rc;

	buf = malloc(size);
	assert_non_null(buf);
	for (size_t i = 0; i < size; i++)
		buf[i] = (unsigned char)(client->first + progress->sent + i);
	rc = pier_write(stream, buf, size, a_while(client, 20000));
	progress->sent += rc < 0 ? pier_last_error()->done : size;
	free(buf);
	return rc;
}

static int
read_some(struct client *client, struct pier_stream *stream,
	struct progress *progress)
{
	unsigned char buf[700];
	ssize_t n = 0;

	while (progress->read < progress->sent) {
		n = pier_read(stream, buf, sizeof(buf), a_while(client, 20000));
		if (n <= 0)
			break;
		if (!counts_up(buf, (size_t)n,
			    (unsigned char)(client->first + progress->read)))
			client->wrong = true;
		progress->read += (size_t)n;
		if (progress->read > progress->sent)
			client->wrong = true;
		if (draw(&client->chance, 50) == 0)
			break;
	}
	return n < 0 ? (int)n : 0;
}

static int
one_thing(struct client *client, struct pier_stream *stream,
	struct progress *progress)
{
	switch (draw(&client->chance, 20)) {
	case 0:
		return pier_sleep(a_while(client, 40000));
	case 1:
		return pier_shutdown(stream, PIER_WRITING, PIER_FOREVER);
	case 2:
		pier_abort(stream);
		return -ECONNABORTED;
	case 3:
		return pier_drain(stream, a_while(client, 5000));
	case 4:
		return -EINTR; /* leaves as it is */
	default:
		break;
	}
	if (draw(&client->chance, 2) == 0)
		return send_some(client, stream, progress);
	return read_some(client, stream, progress);
}

static int
client_main(void *arg)
{
	struct client *client = arg;
	struct pier_stream *stream = NULL;
	struct progress progress = { 0, 0 };
	int rc;

	rc = pier_sleep(a_while(client, 30000));
	if (rc == 0)
		rc = pier_dial(&stream,
			draw(&client->chance, 2) == 0 ? "tcp://10.0.0.2:7"
						      : "tcp://[fd00::2]:7",
			NULL, a_while(client, 60000));
	for (int i = 0; rc == 0 && i < 30; i++)
		rc = one_thing(client, stream, &progress);
	pier_close(stream);
	return 0;
}

static int
weather(void *arg)
{
	struct client *sky = arg;

	for (int i = 0; i < 4; i++) {
		if (pier_sleep(a_while(sky, 40000)) < 0)
			break;
		switch (draw(&sky->chance, 4)) {
		case 0:
			(void)pier__sim_reset(world.sim, 7);
			break;
		case 1:
			pier__sim_cut(world.sim, world.far, NULL, true);
			(void)pier_sleep(a_while(sky, 20000));
			pier__sim_cut(world.sim, world.far, NULL, false);
			break;
		case 2:
			pier_group_cancel(world.crowd);
			break;
		default:
			pier_server_stop(world.server);
		}
	}
	return 0;
}

static int
serve(void *arg)
{
	(void)arg;
	world.run_rc = pier_server_run(world.server);
	return 0;
}

static int
scene(void *arg)
{
	static struct client sky;
	struct pier_group *group = NULL;

	(void)arg;
	pier__sim_on(world.far);
	assert_int_equal(pier_server_open(&world.server, &world.opts), 0);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_group_open(&world.crowd), 0);
	assert_int_equal(pier_go(group, serve, NULL), 0);
	(void)pier_yield();
	pier__sim_on(pier__sim_local(world.sim));
	sky.chance = world.chance;
	assert_int_equal(pier_go(group, weather, &sky), 0);
	for (unsigned i = 0; i < world.client_count; i++)
		assert_int_equal(
			pier_go(world.crowd, client_main, &world.clients[i]),
			0);
	/* From here on there may be too little of everything. */
	*pier__sim_limits(world.sim) = world.limits;
	(void)pier_group_wait(world.crowd, PIER_FOREVER);
	pier_server_stop(world.server);
	(void)pier_group_wait(group, PIER_FOREVER);
	pier_group_close(world.crowd);
	pier_group_close(group);
	pier_server_stats(world.server, &world.stats);
	pier_server_close(world.server);
	return 0;
}

static void
begin(uint64_t seed)
{
	struct pier__sim_link link = { 0 };
	uint64_t *chance = &world.chance;

	memset(&world, 0, sizeof(world));
	world.seed = seed;
	world.chance = seed;
	world.sim = pier__sim_open(seed);
	world.far = pier__sim_host(world.sim, "10.0.0.2 fd00::2");
	link.latency_ns = (1 + draw(chance, 200)) * MS;
	link.jitter_ns = draw(chance, 100) * MS;
	link.loss = draw(chance, 3) == 0 ? draw(chance, 200) : 0;
	link.duplicate = draw(chance, 50);
	link.reorder = draw(chance, 50);
	pier__sim_link(world.sim, NULL, NULL, &link);
	world.limits = *pier__sim_limits(world.sim);
	world.limits.sndbuf = 5000 << draw(chance, 6);
	world.limits.rcvbuf = 5000 << draw(chance, 6);
	if (draw(chance, 3) == 0)
		world.limits.descriptors = 10 + draw(chance, 40);
	if (draw(chance, 3) == 0)
		world.limits.no_memory = 1 + draw(chance, 100);
	world.opts = (struct pier_server_opts){
		.endpoint = "tcp://:7",
		.handler = draw(chance, 2) == 0 ? pier_handler_echo
						: pier_handler_discard,
		.model = draw(chance, 4) == 0 ? PIER_ITERATIVE : PIER_FIBER,
		.connections_max = 1 + (int)draw(chance, CLIENTS_MAX),
		.per_address_max = (int)draw(chance, CLIENTS_MAX),
		.first_byte_ms = 1 + draw(chance, 20000),
		.idle_ms = 1 + draw(chance, 30000),
		.lifetime_ms =
			draw(chance, 2) == 0 ? 0 : 1 + draw(chance, 60000),
		.linger_ms = draw(chance, 3) == 0
				     ? PIER_OFF
				     : 1 + (int64_t)draw(chance, 5000),
		.drain_ms = draw(chance, 3) == 0
				    ? PIER_OFF
				    : 1 + (int64_t)draw(chance, 20000),
	};
	world.client_count = 1 + draw(chance, CLIENTS_MAX);
	for (unsigned i = 0; i < world.client_count; i++) {
		world.clients[i].chance = seed * 1000 + i;
		world.clients[i].first = (unsigned char)(i * 7);
	}
}

/* What has to hold; NULL: it does. */
static const char *
complaint(void)
{
	const struct pier_server_stats *stats = &world.stats;
	uint64_t ended = stats->finished + stats->failed + stats->cancelled +
			 stats->refused_address + stats->refused_setup +
			 stats->refused_verify;

	for (unsigned i = 0; i < world.client_count; i++) {
		if (world.clients[i].wrong)
			return "a client read what it had not sent";
	}
	if (pier__sim_open_count(world.sim) > 0)
		return "descriptors are left";
	if (world.run_rc < 0 || (uint64_t)world.run_rc != stats->cancelled)
		return "the result is not the number of the cancelled";
	if (stats->active > 0 || stats->lingering > 0)
		return "connections are left";
	if (stats->accepted != ended)
		return "connections are not counted once";
	/* A minute of lives, four of weather, and the kernel's patience. */
	if (pier__sim_now(world.sim) - PIER__SIM_EPOCH_NS > 3600 * 1000 * MS)
		return "it took an hour";
	return NULL;
}

static void
live(uint64_t seed, bool show)
{
	const struct pier_server_stats *stats = &world.stats;
	const char *wrong;

	begin(seed);
	assert_int_equal(pier__sim_run(world.sim, scene, NULL), 0);
	wrong = complaint();
	if (show || wrong != NULL)
		(void)fprintf(stderr,
			"%sseed %llu, %u clients: %llu accepted, %llu "
			"finished, %llu failed, %llu cancelled, %llu refused, "
			"%llu pauses, "
			"%d returned\n",
			show ? pier__sim_trace(world.sim) : "",
			(unsigned long long)seed, world.client_count,
			(unsigned long long)stats->accepted,
			(unsigned long long)stats->finished,
			(unsigned long long)stats->failed,
			(unsigned long long)stats->cancelled,
			(unsigned long long)stats->refused_address,
			(unsigned long long)stats->accept_pauses, world.run_rc);
	pier__sim_close(world.sim);
	if (wrong != NULL)
		fail_msg("seed %llu: %s", (unsigned long long)seed, wrong);
}

static void
lives(void **state)
{
	const char *one = getenv("SIM_SEED");

	(void)state;
	if (one != NULL) {
		live(strtoull(one, NULL, 10), true);
		return;
	}
	for (uint64_t seed = 1; seed <= seeds(500); seed++)
		live(seed, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
