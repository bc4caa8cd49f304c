/* SPDX-License-Identifier: MIT */
/* frame/hub_test.c - one to many: order, bounds, policies, ends. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <pier.h>

/* Met only by what hangs. */
#define HANGS pier_in_s(20)

#define MEMBERS 3

static struct pier_hub *hub;
static struct pier_member *member[MEMBERS];
static struct pier_stream *here[MEMBERS], *there[MEMBERS];
static char text[256 * 1024];

static void
begin(const struct pier_hub_opts *opts, int members)
{
	int i;

	assert_int_equal(pier_hub_open(&hub, opts), 0);
	for (i = 0; i < members; i++) {
		assert_int_equal(pier_pair(&here[i], &there[i]), 0);
		assert_int_equal(pier_hub_join(&member[i], hub, here[i]), 0);
	}
}

static void
end(int members)
{
	struct pier_hub_stats stats;
	int i;

	for (i = 0; i < members; i++) {
		if (member[i] != NULL)
			assert_int_equal(pier_hub_leave(member[i], HANGS), 0);
		member[i] = NULL;
		pier_close(here[i]);
		pier_close(there[i]);
	}
	pier_hub_stats(hub, &stats);
	assert_int_equal(stats.members, 0);
	assert_int_equal(stats.queued, 0);
	pier_hub_close(hub);
}

static void
post_number(int number, int expected)
{
	assert_int_equal(pier_hub_printf(hub, NULL, "%d\n", number), expected);
}

static void
expect(int i, const char *line)
{
	char buf[64];

	assert_true(pier_read_line(there[i], buf, sizeof(buf), HANGS) > 0);
	assert_string_equal(buf, line);
}

static void
expect_numbers(int i, int first, int last)
{
	char line[16];

	for (; first <= last; first++) {
		(void)snprintf(line, sizeof(line), "%d\n", first);
		expect(i, line);
	}
}

/* Run a test as a fiber and as a thread. */
static void
in_both(pier_task_fn *fn)
{
	assert_int_equal(pier_run(fn, NULL, NULL, NULL), 0);
	assert_int_equal(
		pier_run(fn, NULL,
			&(struct pier_run_opts){ .kind = PIER_TASK_THREAD },
			NULL),
		0);
}

static int
everybody(void *arg)
{
	struct pier_hub_stats stats;
	struct pier_member_stats one;

	(void)arg;
	begin(NULL, 3);
	assert_int_equal(pier_hub_post(hub, "a\n", 2, NULL), 3);
	assert_int_equal(pier_hub_post(hub, "b\n", 2, member[1]), 2);
	assert_int_equal(pier_hub_tell(member[1], "c\n", 2), 1);
	assert_int_equal(pier_hub_post(hub, "", 0, NULL), 0);
	expect(0, "a\n");
	expect(0, "b\n");
	expect(1, "a\n");
	expect(1, "c\n");
	expect(2, "a\n");
	expect(2, "b\n");
	assert_int_equal(pier_hub_leave(member[1], HANGS), 0);
	member[1] = NULL;
	assert_int_equal(pier_hub_post(hub, "d\n", 2, NULL), 2);
	expect(0, "d\n");
	assert_int_equal(pier_hub_leave(member[0], HANGS), 0);
	member[0] = NULL;
	/* What is queued goes before it has left. */
	assert_int_equal(pier_hub_post(hub, "e\n", 2, NULL), 1);
	assert_int_equal(pier_hub_leave(member[2], HANGS), 0);
	member[2] = NULL;
	expect(2, "d\n");
	expect(2, "e\n");
	pier_hub_stats(hub, &stats);
	assert_int_equal(stats.members_peak, 3);
	assert_int_equal(stats.posted, 4);
	assert_int_equal(stats.delivered, 9);
	assert_int_equal(stats.dropped, 0);
	/* As before: others may write to it again. */
	assert_int_equal(pier_write(here[2], "f\n", 2, HANGS), 0);
	expect(2, "f\n");
	assert_int_equal(pier_hub_join(&member[2], hub, here[2]), 0);
	pier_member_stats(member[2], &one);
	assert_int_equal(one.delivered, 0);
	assert_int_equal(one.rc, 0);
	end(3);
	return 0;
}

static void
reaches_everybody(void **state)
{
	(void)state;
	in_both(everybody);
}

static struct pier_packet *
packet_of(int fd)
{
	struct pier_packet *packet = NULL;
	char where[24];

	(void)snprintf(where, sizeof(where), "fd://%d", fd);
	assert_int_equal(pier_packet_open(&packet, where, NULL, HANGS), 0);
	return packet;
}

static void
expect_packet(struct pier_packet *packet, const char *said)
{
	struct pier_msg msg;
	char buf[64];

	assert_int_equal(pier_recv(packet, &msg, buf, sizeof(buf), HANGS), 0);
	assert_int_equal(msg.size, strlen(said));
	assert_memory_equal(buf, said, msg.size);
}

/* Each post is a message; one that is too long for the socket is dropped, and
   those behind it go. */
static int
packets(void *arg)
{
	static const int small = 8192;
	struct pier_packet *packet, *peer;
	struct pier_member_stats stats;
	struct pier_msg msg;
	int fds[2];

	(void)arg;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small,
				 sizeof(small)),
		0);
	packet = packet_of(fds[0]);
	peer = packet_of(fds[1]);
	begin(NULL, 1);
	assert_int_equal(pier_hub_join_packet(&member[1], hub, packet), 0);
	assert_int_equal(pier_hub_post(hub, "one\n", 4, NULL), 2);
	assert_int_equal(pier_hub_post(hub, "two\n", 4, NULL), 2);
	assert_int_equal(pier_hub_tell(member[1], text, sizeof(text)), 1);
	assert_int_equal(pier_hub_post(hub, "three\n", 6, member[0]), 1);
	expect(0, "one\n");
	expect(0, "two\n");
	expect_packet(peer, "one\n");
	expect_packet(peer, "two\n");
	expect_packet(peer, "three\n");
	/* It sends, and receives as before. */
	assert_int_equal(pier_send(peer, NULL, "four", 4, HANGS), 0);
	expect_packet(packet, "four");
	pier_hub_end(hub);
	assert_int_equal(
		pier_recv(peer, &msg, text, sizeof(text), HANGS), -PIER_EEND);
	pier_member_stats(member[1], &stats);
	assert_int_equal(stats.delivered, 3);
	assert_int_equal(stats.dropped, 1);
	assert_int_equal(stats.rc, 0);
	assert_int_equal(pier_hub_leave(member[1], HANGS), 0);
	member[1] = NULL;
	assert_int_equal(
		pier_hub_join_packet(&member[1], hub, packet), -PIER_ECLOSED);
	pier_packet_close(packet);
	pier_packet_close(peer);
	end(1);
	return 0;
}

static void
reaches_packets(void **state)
{
	(void)state;
	in_both(packets);
}

/* In fibers nothing is written before the poster waits. */
static int
oldest(void *arg)
{
	struct pier_member_stats stats;
	int i;

	(void)arg;
	begin(&(struct pier_hub_opts){ .queue_messages = 4 }, 1);
	for (i = 0; i < 10; i++)
		post_number(i, 1);
	pier_member_stats(member[0], &stats);
	assert_int_equal(stats.queued, 4);
	assert_int_equal(stats.queued_bytes, 8);
	assert_int_equal(stats.dropped, 6);
	expect_numbers(0, 6, 9);
	pier_member_stats(member[0], &stats);
	assert_int_equal(stats.queued, 0);
	assert_int_equal(stats.delivered, 4);
	end(1);
	return 0;
}

static int
newest(void *arg)
{
	int i;

	(void)arg;
	begin(&(struct pier_hub_opts){ .queue_messages = 4,
		      .policy = PIER_HUB_DROP_NEWEST },
		1);
	for (i = 0; i < 10; i++)
		post_number(i, i < 4);
	expect_numbers(0, 0, 3);
	post_number(10, 1);
	expect_numbers(0, 10, 10);
	end(1);
	return 0;
}

/* 8 bytes: four lines of two, or one long one in their place. */
static int
by_bytes(void *arg)
{
	struct pier_hub_stats stats;
	int i;

	(void)arg;
	begin(&(struct pier_hub_opts){ .queue_bytes = 8 }, 1);
	for (i = 0; i < 6; i++)
		post_number(i, 1);
	assert_int_equal(pier_hub_post(hub, "long\n", 5, NULL), 1);
	expect_numbers(0, 5, 5);
	expect(0, "long\n");
	assert_int_equal(pier_hub_post(hub, "12345678\n", 9, NULL), -EMSGSIZE);
	assert_int_equal(pier_last_error()->code, -EMSGSIZE);
	assert_int_equal(pier_hub_post(hub, "1234567\n", 8, NULL), 1);
	expect(0, "1234567\n");
	pier_hub_stats(hub, &stats);
	assert_int_equal(stats.dropped, 5);
	assert_int_equal(stats.delivered, 3);
	assert_int_equal(stats.posted, 8);
	end(1);
	return 0;
}

static int
reads_until_aborted(void *arg)
{
	char c;

	(void)arg;
	assert_int_equal(pier_read(here[0], &c, 1, HANGS), -ECONNABORTED);
	return 0;
}

/* Dropped while it reads: its call comes back, the others go on. */
static int
whole_member(void *arg)
{
	struct pier_member_stats stats;
	struct pier_hub_stats all;
	struct pier_group *group;
	char c;
	int i;

	(void)arg;
	begin(&(struct pier_hub_opts){ .queue_messages = 4,
		      .policy = PIER_HUB_DROP_MEMBER },
		2);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, reads_until_aborted, NULL), 0);
	assert_int_equal(pier_hub_tell(member[0], "x\n", 2), 1);
	for (i = 0; i < 4; i++)
		post_number(i, i < 3 ? 2 : 1);
	pier_member_stats(member[0], &stats);
	assert_int_equal(stats.rc, -PIER_ELIMIT);
	assert_int_equal(stats.dropped, 5);
	assert_int_equal(stats.queued, 0);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	pier_group_close(group);
	expect_numbers(1, 0, 3);
	post_number(4, 1);
	expect_numbers(1, 4, 4);
	assert_int_equal(pier_read(there[0], &c, 1, HANGS), 0);
	assert_int_equal(pier_hub_leave(member[0], HANGS), -PIER_ELIMIT);
	assert_non_null(strstr(pier_error_line(), "queue was full"));
	member[0] = NULL;
	pier_hub_stats(hub, &all);
	assert_int_equal(all.members_dropped, 1);
	end(2);
	return 0;
}

static void
policies(void **state)
{
	(void)state;
	assert_int_equal(pier_run(oldest, NULL, NULL, NULL), 0);
	assert_int_equal(pier_run(newest, NULL, NULL, NULL), 0);
	assert_int_equal(pier_run(by_bytes, NULL, NULL, NULL), 0);
	assert_int_equal(pier_run(whole_member, NULL, NULL, NULL), 0);
}

/* More than a Unix socket holds: the writer waits with it. */
static void
stuff(int i)
{
	struct pier_member_stats stats;
	int small = 4096;

	assert_int_equal(setsockopt(pier_fd(here[i]), SOL_SOCKET, SO_SNDBUF,
				 &small, sizeof(small)),
		0);
	assert_int_equal(pier_hub_tell(member[i], text, sizeof(text)), 1);
	do {
		assert_int_equal(pier_sleep(pier_in_ns(1000)), 0);
		pier_member_stats(member[i], &stats);
	} while (stats.queued > 0);
}

/* Nobody waits for one that is stuck; it may be left behind. */
static int
stuck(void *arg)
{
	struct pier_hub_stats stats;
	int i;

	(void)arg;
	begin(&(struct pier_hub_opts){ .queue_messages = 8 }, 2);
	stuff(0);
	for (i = 0; i < 100; i++) {
		post_number(i, 2);
		expect_numbers(1, i, i);
	}
	pier_hub_stats(hub, &stats);
	assert_true(stats.queued <= 8);
	assert_int_equal(stats.posted, 100);
	assert_int_equal(pier_hub_leave(member[0], PIER_NOW), -EAGAIN);
	member[0] = NULL;
	pier_hub_stats(hub, &stats);
	assert_int_equal(stats.queued, 0);
	assert_int_equal(stats.delivered, 100);
	assert_int_equal(stats.dropped, 101);
	end(2);
	return 0;
}

static int
leaves_by_deadline(void *arg)
{
	(void)arg;
	begin(NULL, 1);
	stuff(0);
	assert_int_equal(
		pier_hub_leave(member[0], pier_in_ms(1)), -PIER_EDEADLINE);
	member[0] = NULL;
	end(1);
	return 0;
}

static void
nobody_waits_for_the_stuck(void **state)
{
	(void)state;
	in_both(stuck);
	in_both(leaves_by_deadline);
}

static int
ends(void *arg)
{
	struct pier_member *more;
	char c;
	int i;

	(void)arg;
	begin(NULL, 2);
	post_number(1, 2);
	pier_hub_end(hub);
	pier_hub_end(hub);
	assert_int_equal(pier_hub_post(hub, "x", 1, NULL), -PIER_ECLOSED);
	assert_int_equal(pier_hub_tell(member[0], "x", 1), -PIER_ECLOSED);
	for (i = 0; i < 2; i++) {
		expect_numbers(i, 1, 1);
		assert_int_equal(pier_read(there[i], &c, 1, HANGS), 0);
	}
	/* Only writing has ended. */
	assert_int_equal(pier_write(there[0], "y", 1, HANGS), 0);
	assert_int_equal(pier_read(here[0], &c, 1, HANGS), 1);
	assert_int_equal(pier_hub_join(&more, hub, there[1]), -PIER_ECLOSED);
	end(2);
	return 0;
}

static int
closed_under_members(void *arg)
{
	(void)arg;
	begin(NULL, 1);
	pier_hub_close(hub);
	assert_int_equal(pier_hub_leave(member[0], HANGS), 0);
	member[0] = NULL;
	pier_close(here[0]);
	pier_close(there[0]);
	pier_hub_close(NULL);
	assert_int_equal(pier_hub_leave(NULL, HANGS), 0);
	return 0;
}

static void
end_of_a_hub(void **state)
{
	(void)state;
	in_both(ends);
	in_both(closed_under_members);
}

/* The peer has gone: the member gets nothing more, and is no burden. */
static int
gone(void *arg)
{
	struct pier_member_stats stats;

	(void)arg;
	begin(NULL, 1);
	pier_close(there[0]);
	there[0] = NULL;
	do {
		(void)pier_hub_post(hub, "x", 1, NULL);
		assert_int_equal(pier_sleep(pier_in_ns(1000)), 0);
		pier_member_stats(member[0], &stats);
	} while (stats.rc == 0);
	assert_int_equal(stats.rc, -EPIPE);
	assert_int_equal(pier_hub_post(hub, "x", 1, NULL), 0);
	assert_int_equal(pier_hub_leave(member[0], HANGS), -EPIPE);
	member[0] = NULL;
	end(1);
	return 0;
}

static void
peer_gone(void **state)
{
	(void)state;
	in_both(gone);
}

static void
wrong_options(void **state)
{
	const struct pier_hub_opts wrong[] = {
		{ .queue_messages = 65537 },
		{ .queue_bytes = ((size_t)1 << 30) + 1 },
		{ .policy = (enum pier_hub_policy)3 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(pier_hub_open(&hub, &wrong[i]), -EINVAL);
		assert_true(pier_last_error()->detail[0] != '\0');
	}
}

/* ---- Many threads ------------------------------------------------------ */

#define POSTERS 4
#define POSTS   200

static int
poster(void *arg)
{
	int name = *(int *)arg;
	int i;

	for (i = 0; i < POSTS; i++)
		assert_true(
			pier_hub_printf(hub, NULL, "%d %d\n", name, i) >= 0);
	return 0;
}

/* Gets every post, those of each poster in order. */
static int
listener(void *arg)
{
	struct pier_stream *mine, *peer;
	struct pier_member *self;
	int next[POSTERS] = { 0 };
	char line[32];
	int i, name, number;

	(void)arg;
	assert_int_equal(pier_pair(&mine, &peer), 0);
	assert_int_equal(pier_hub_join(&self, hub, mine), 0);
	(void)pier_hub_post(hub, "here\n", 5, NULL);
	for (i = 0; i < POSTERS * POSTS;) {
		assert_true(
			pier_read_line(peer, line, sizeof(line), HANGS) > 0);
		if (sscanf(line, "%d %d", &name, &number) != 2)
			continue;
		assert_int_equal(number, next[name]++);
		i++;
	}
	assert_int_equal(pier_hub_leave(self, HANGS), 0);
	pier_close(mine);
	pier_close(peer);
	return 0;
}

static int
listeners_as_fibers(void *arg)
{
	struct pier_group *group;
	int i, rc;

	(void)arg;
	assert_int_equal(pier_group_open(&group), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(pier_go(group, listener, NULL), 0);
	rc = pier_group_wait(group, HANGS);
	pier_group_close(group);
	return rc;
}

static int
runs_fibers(void *arg)
{
	return pier_run(listeners_as_fibers, arg, NULL, NULL);
}

static void
from_many_threads(void **state)
{
	struct pier_hub_stats stats;
	struct pier_group *group;
	int names[POSTERS];
	int i;

	(void)state;
	assert_int_equal(pier_hub_open(&hub, NULL), 0);
	assert_int_equal(pier_group_open(&group), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(pier_go(group, runs_fibers, NULL), 0);
		assert_int_equal(pier_go(group, listener, NULL), 0);
	}
	do {
		assert_int_equal(pier_sleep(pier_in_ns(100000)), 0);
		pier_hub_stats(hub, &stats);
	} while (stats.members < 10 || stats.posted < 10);
	for (i = 0; i < POSTERS; i++) {
		names[i] = i;
		assert_int_equal(pier_go(group, poster, &names[i]), 0);
	}
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
	pier_hub_stats(hub, &stats);
	assert_int_equal(stats.members, 0);
	assert_int_equal(stats.members_peak, 10);
	assert_int_equal(stats.dropped, 0);
	pier_hub_close(hub);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reaches_everybody),
		cmocka_unit_test(reaches_packets),
		cmocka_unit_test(policies),
		cmocka_unit_test(nobody_waits_for_the_stuck),
		cmocka_unit_test(end_of_a_hub),
		cmocka_unit_test(peer_gone),
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(from_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
