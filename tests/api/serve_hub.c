/* SPDX-License-Identifier: MIT */
/*
 * tests/api/serve_hub.c - a hub under load: a thousand members of a server, one
 * of whom never reads. Everybody else gets every line, those of each poster in
 * order, and what is queued stays bounded. And the broker, under each model.
 */
#include "serving.h"
#include "scale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define MEMBERS_MAX 1000
#define MEMBERS     test_scale(MEMBERS_MAX, 100)
#define POSTERS     10
#define LINES       20 /* of each poster */
#define LINE        64 /* bytes */
/* No less than all lines: who reads misses none. */
#define QUEUE 256

static struct pier_hub *hub;
static int clients[MEMBERS_MAX];
static atomic_bool stuffed;

/* Both ends of every connection are of this process. */
static void
need_descriptors(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_cur > 65536)
		limit.rlim_cur = 65536;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < 2 * (rlim_t)MEMBERS + 200) {
		print_message("needs %d descriptors\n", 2 * MEMBERS + 200);
		skip();
	}
}

static void
open_hub(size_t messages, enum pier_hub_policy policy)
{
	assert_int_equal(
		pier_hub_open(&hub,
			&(struct pier_hub_opts){
				.queue_messages = messages, .policy = policy }),
		0);
}

static void
await_members(uint64_t count)
{
	struct pier_hub_stats stats;
	int64_t until = wall_ms() + TIMEOUT_S * 1000;

	do {
		(void)usleep(1000);
		pier_hub_stats(hub, &stats);
	} while (stats.members != count && wall_ms() < until);
	assert_int_equal(stats.members, count);
}

static void
connect_all(const struct serving *it, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		clients[i] = plain_connect(it, 0);
		/* In the order of their joining. */
		await_members((uint64_t)i + 1);
	}
}

static void
close_all(int count)
{
	int i;

	for (i = 0; i < count; i++)
		(void)close(clients[i]);
}

/* Every line of every poster but himself, each poster's in order. */
static void
expect_all(int client)
{
	static char all[POSTERS * LINES * LINE];
	int next[POSTERS] = { 0 };
	int others = client < POSTERS ? POSTERS - 1 : POSTERS;
	size_t size = (size_t)others * LINES * LINE;
	size_t i;

	assert_int_equal(
		recv(clients[client], all, size, MSG_WAITALL), (ssize_t)size);
	for (i = 0; i < size; i += LINE) {
		int poster = (all[i] - '0') * 10 + all[i + 1] - '0';
		int number = (all[i + 3] - '0') * 10 + all[i + 4] - '0';

		assert_in_range(poster, 0, POSTERS - 1);
		assert_int_not_equal(poster, client);
		assert_int_equal(number, next[poster]++);
		assert_int_equal(all[i + LINE - 1], '\n');
	}
}

/* More than its sockets hold, then more than its queue does. */
static void
stuff(struct pier_stream *stream, struct pier_member *member)
{
	static const char text[1024 * 1024];
	const int small = 4096;
	struct pier_member_stats stats;
	int i;

	(void)setsockopt(
		pier_fd(stream), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	assert_int_equal(pier_hub_tell(member, text, sizeof(text)), 1);
	do {
		assert_int_equal(pier_yield(), 0);
		pier_member_stats(member, &stats);
	} while (stats.queued > 0);
	for (i = 0; i < QUEUE + 100; i++)
		assert_true(pier_hub_tell(member, "full\n", 5) >= 0);
	atomic_store(&stuffed, true);
}

/* As pier_handler_broker(), by lines; the last to join is the stuck one. */
static int
by_lines(struct pier_stream *stream, void *ctx)
{
	struct pier_member *member;
	char line[LINE + 1];
	ssize_t n;

	(void)ctx;
	if (pier_hub_join(&member, hub, stream) < 0)
		return -1;
	if (pier_conn(stream)->id == (uint64_t)MEMBERS)
		stuff(stream, member);
	while ((n = pier_read_line(stream, line, sizeof(line), PIER_DEFAULT)) >
		0)
		(void)pier_hub_post(hub, line, (size_t)n, member);
	(void)pier_hub_leave(member, PIER_NOW);
	return (int)n;
}

static void
speak(void)
{
	char line[LINE + 1];
	int i, number;

	for (number = 0; number < LINES; number++)
		for (i = 0; i < POSTERS; i++) {
			(void)snprintf(line, sizeof(line), "%02d %02d%*s\n", i,
				number, LINE - 6, "");
			plain_write(clients[i], line, LINE);
		}
}

static void
a_thousand_and_one_stuck(void **state)
{
	struct pier_hub_stats stats;
	struct serving it;
	int i;

	(void)state;
	need_descriptors();
	open_hub(QUEUE, PIER_HUB_DROP_OLDEST);
	serving_start(&it,
		&(struct pier_server_opts){ .endpoint = "tcp://127.0.0.1:0",
			.handler = by_lines,
			.workers = 2,
			.first_byte_ms = PIER_OFF,
			.drain_ms = PIER_OFF });
	connect_all(&it, MEMBERS);
	/* What is said before would not let its queue be seen empty. */
	while (!atomic_load(&stuffed))
		(void)usleep(1000);
	speak();
	for (i = 0; i < MEMBERS - 1; i++)
		expect_all(i);
	/* Counted a moment after it is heard. */
	do {
		pier_hub_stats(hub, &stats);
	} while (stats.delivered < (uint64_t)(MEMBERS - 2) * POSTERS * LINES &&
		 usleep(1000) == 0);
	assert_int_equal(stats.posted, POSTERS * LINES);
	/* Only the stuck one's: its queue was full all the time. */
	assert_in_range(stats.dropped, POSTERS * LINES + 100 - 16,
		POSTERS * LINES + 100 + 16);
	assert_true(stats.queued <= QUEUE);
	(void)serving_stop(&it);
	await_members(0);
	close_all(MEMBERS);
	pier_hub_close(hub);
}

static void
expect_text(int client, const char *text)
{
	char buf[64];
	size_t size = strlen(text);

	assert_int_equal(
		recv(clients[client], buf, size, MSG_WAITALL), (ssize_t)size);
	assert_memory_equal(buf, text, size);
}

/* The first speaks until the last, who never reads, is dropped. */
static void
speak_until_one_is_dropped(void)
{
	static char text[65536], heard[sizeof(text)];
	struct pier_hub_stats stats;
	int i;

	do {
		plain_write(clients[0], text, sizeof(text));
		for (i = 1; i < 3; i++)
			assert_int_equal(recv(clients[i], heard, sizeof(heard),
						 MSG_WAITALL),
				(ssize_t)sizeof(heard));
		pier_hub_stats(hub, &stats);
	} while (stats.members_dropped == 0 && stats.posted < 100000);
	assert_int_equal(stats.members_dropped, 1);
}

static void
broker_under(enum pier_model model)
{
	static char rest[65536];
	struct serving it;
	ssize_t n;

	open_hub(0, PIER_HUB_DROP_MEMBER);
	serving_start(&it,
		&(struct pier_server_opts){ .endpoint = "tcp://127.0.0.1:0",
			.handler = pier_handler_broker,
			.ctx = hub,
			.model = model,
			.workers = model == PIER_FIBER ? 2 : 0,
			.first_byte_ms = PIER_OFF,
			.drain_ms = PIER_OFF });
	connect_all(&it, 4);
	plain_write(clients[1], "one", 3);
	expect_text(0, "one");
	expect_text(2, "one");
	plain_write(clients[2], "two", 3);
	expect_text(0, "two");
	expect_text(1, "two");
	speak_until_one_is_dropped();
	await_members(3);
	do {
		n = recv(clients[3], rest, sizeof(rest), 0);
	} while (n > 0);
	assert_int_equal(n, -1);
	/* Everybody else is there, and has missed nothing. */
	plain_write(clients[1], "on", 2);
	expect_text(0, "on");
	expect_text(2, "on");
	(void)serving_stop(&it);
	close_all(4);
	pier_hub_close(hub);
}

static void
broker_drops_who_does_not_read(void **state)
{
	(void)state;
	broker_under(PIER_FIBER);
	broker_under(PIER_THREAD);
}

/* A member whose peer does not read, and whom the hub never drops. */
static int
stuck_member(struct pier_stream *stream, void *ctx)
{
	static char much[1000000];
	struct pier_member_stats stats = { .rc = 0 };
	struct pier_member *member;

	(void)ctx;
	assert_int_equal(pier_hub_join(&member, hub, stream), 0);
	while (stats.rc == 0) {
		(void)pier_hub_post(hub, much, sizeof(much), NULL);
		assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
		pier_member_stats(member, &stats);
	}
	assert_int_equal(stats.rc, -PIER_ELIMIT);
	assert_int_equal(pier_hub_leave(member, PIER_NOW), -PIER_ELIMIT);
	assert_string_equal(pier_last_error()->detail, "idle timeout");
	return -PIER_ELIMIT;
}

static void
limit_of_the_server(enum pier_model model)
{
	struct serving it;

	open_hub(0, PIER_HUB_DROP_OLDEST);
	serving_start(&it,
		&(struct pier_server_opts){ .endpoint = "tcp://127.0.0.1:0",
			.handler = stuck_member,
			.model = model,
			.first_byte_ms = PIER_OFF,
			.idle_ms = 100 });
	connect_all(&it, 1);
	(void)serving_await(
		&it, offsetof(struct pier_server_stats, limit_idle), 1);
	assert_int_equal(serving_stop(&it), 0);
	close_all(1);
	pier_hub_close(hub);
}

static void
a_limit_of_the_server_is_told(void **state)
{
	(void)state;
	limit_of_the_server(PIER_FIBER);
	limit_of_the_server(PIER_THREAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broker_drops_who_does_not_read),
		cmocka_unit_test(a_limit_of_the_server_is_told),
		cmocka_unit_test(a_thousand_and_one_stuck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
