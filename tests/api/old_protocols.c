/* SPDX-License-Identifier: MIT */
/*
 * The same as old_program.c, of what talks to others: finding and announcing,
 * the time, pings, CAN. What an old program did not know of its options is
 * rubbish here, which would be refused, or worse, if it were read.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "old_room.h"

static const char *const loopback[] = { "lo", NULL };

/* Nobody else is on this link who could answer. */
static void
test_find(void **state)
{
	const size_t known = offsetof(struct pier_find_opts, domain);
	const size_t half = offsetof(struct pier_find_stats, received);
	struct pier_find_opts opts;
	struct pier_find *find;

	(void)state;
	memset(&opts, BEHIND, sizeof(opts));
	opts.by = PIER_BY_BEACON;
	opts.family = AF_INET;
	opts.interfaces = loopback;
	assert_int_equal(
		pier_find_open_sized(&find, "_http._tcp", &opts, known), 0);
	clear();
	pier_find_stats_sized(find, &room.find_stats, half);
	room.bytes[0] = 1;
	assert_kept(half);
	pier_find_close(find);
	/* It is none of the beacon's: the rest is read where it is known. */
	opts.family = AF_UNIX;
	assert_int_equal(
		pier_find_open_sized(&find, "_http._tcp", &opts, known),
		-EINVAL);
}

static int
live(void *arg)
{
	(void)pier_announce_run(arg, PIER_FOREVER);
	return 0;
}

/* What an old program announces is found by an old program. */
static int
find_what_is_announced(void *arg)
{
	const size_t known = offsetof(struct pier_announce_opts, aliases);
	const size_t half = offsetof(struct pier_announce_event, instance);
	const size_t part = offsetof(struct pier_find_event, service);
	struct pier_announce_opts opts;
	struct pier_announce *announce;
	struct pier_group *group;
	struct pier_find *find;

	memset(&opts, BEHIND, sizeof(opts));
	memset(&opts, 0, known);
	opts.instance = "an old program";
	opts.type = "_pier-old._tcp";
	opts.port = 7;
	opts.by = PIER_BY_BEACON;
	opts.family = AF_INET;
	opts.interfaces = loopback;
	assert_int_equal(pier_announce_open_sized(&announce, &opts, known), 0);
	clear();
	assert_int_equal(pier_announce_next_sized(
				 announce, &room.announced, half, HANGS),
		1);
	assert_kept(half);
	assert_int_equal(room.announced.what, PIER_ANNOUNCE_LINK_UP);
	assert_int_equal(pier_find_open(&find, opts.type, arg), 0);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, live, announce), 0);
	clear();
	assert_int_equal(
		pier_find_next_sized(find, &room.found, part, HANGS), 1);
	assert_kept(part);
	assert_int_equal(room.found.what, PIER_FIND_ADDED);
	pier_group_cancel(group);
	(void)pier_group_wait(group, PIER_FOREVER);
	pier_group_close(group);
	pier_find_close(find);
	pier_announce_close(announce);
	return 0;
}

static void
test_announce(void **state)
{
	struct pier_find_opts opts = {
		.by = PIER_BY_BEACON, .family = AF_INET, .interfaces = loopback
	};

	(void)state;
	assert_int_equal(
		pier_run(find_what_is_announced, &opts, NULL, NULL), 0);
}

static int
answer(struct pier_packet *server)
{
	struct pier_ntp_message message;
	unsigned char buf[PIER_NTP_SIZE];
	struct pier_msg msg;
	int rc = pier_recv(server, &msg, buf, sizeof(buf), HANGS);

	if (rc < 0)
		return rc;
	clear();
	assert_int_equal(
		pier_ntp_read_sized(&room.ntp,
			offsetof(struct pier_ntp_message, stratum), buf, 48),
		0);
	assert_kept(offsetof(struct pier_ntp_message, stratum));
	assert_int_equal(pier_ntp_read(&message, buf, sizeof(buf)), 0);
	message.mode = PIER_NTP_SERVER;
	message.stratum = 1;
	message.originate = message.transmit;
	message.receive = message.transmit =
		pier_ntp_from_ns(INT64_C(1800000000) * 1000000000);
	pier_ntp_write(buf, &message);
	return pier_reply(server, &msg, buf, sizeof(buf), HANGS);
}

/* All results of one exchange. */
static void
hear(struct pier_sntp *sntp)
{
	const size_t event = offsetof(struct pier_sntp_event, from);
	const size_t server = offsetof(struct pier_sntp_server, same);
	const size_t verdict = offsetof(struct pier_ntp_verdict, falsetickers);

	clear();
	assert_int_equal(
		pier_sntp_next_sized(sntp, &room.asked, event, HANGS), 1);
	assert_kept(event);
	assert_int_equal(room.asked.what, PIER_SNTP_SAMPLE);
	clear();
	assert_int_equal(
		pier_sntp_server_sized(sntp, 0, &room.server, server), 0);
	assert_kept(server);
	assert_int_equal(room.server.samples, 1);
	clear();
	assert_int_equal(
		pier_sntp_result_sized(sntp, &room.verdict, verdict), 1);
	assert_kept(verdict);
	assert_int_equal(room.verdict.truechimers, 1);
}

static void
test_sntp(void **state)
{
	const struct pier_packet_opts listen = { .listen = true };
	struct pier_packet *server;
	struct pier_sntp_opts opts;
	struct pier_sntp *sntp;
	char where[64];
	const char *const hosts[] = { where };
	struct pier_sntp_event event;

	(void)state;
	assert_int_equal(
		pier_packet_open(&server, "udp://127.0.0.1:0", &listen, HANGS),
		0);
	assert_true(pier_packet_endpoint(server, where, sizeof(where)) > 0);
	/* Before there was anything but the number of samples. */
	memset(&opts, BEHIND, sizeof(opts));
	opts.samples = 1;
	assert_int_equal(pier_sntp_open_sized(&sntp, hosts, 1, &opts,
				 sizeof(opts.samples), HANGS),
		0);
	/* It asks, and nothing is there yet. */
	assert_int_equal(pier_sntp_next(sntp, &event, PIER_NOW), -EAGAIN);
	assert_int_equal(answer(server), 0);
	hear(sntp);
	pier_sntp_close(sntp);
	/* Before polls could have an end. */
	memset(&opts, 0, offsetof(struct pier_sntp_opts, polls));
	assert_int_equal(pier_sntp_open_sized(&sntp, hosts, 1, &opts,
				 offsetof(struct pier_sntp_opts, polls), HANGS),
		0);
	pier_sntp_close(sntp);
	pier_packet_close(server);
}

/* A refused port is an answer. */
static void
test_ping(void **state)
{
	const size_t known = offsetof(struct pier_ping_opts, interval_ns);
	const size_t event = offsetof(struct pier_ping_event, rtt_ns);
	const size_t stats = offsetof(struct pier_ping_stats, answered);
	struct pier_ping_opts opts;
	struct pier_ping *ping;

	(void)state;
	memset(&opts, BEHIND, sizeof(opts));
	opts.count = 1;
	assert_int_equal(pier_ping_open_sized(&ping, "tcp://127.0.0.1:1", &opts,
				 known, HANGS),
		0);
	clear();
	assert_int_equal(
		pier_ping_next_sized(ping, &room.pinged, event, HANGS), 1);
	assert_kept(event);
	clear();
	pier_ping_stats_sized(ping, &room.ping_stats, stats);
	assert_kept(stats);
	assert_int_equal(room.ping_stats.sent, 1);
	pier_ping_close(ping);
}

/* The filters, a bool and a size behind what was known would be read first. */
static void
test_can(void **state)
{
	const size_t known = offsetof(struct pier_can_opts, own_messages);
	const size_t half = offsetof(struct pier_can_message, time_ns);
	struct pier_can_opts opts;
	struct pier_can *can = NULL;
	int plain = pier_can_open(&can, NULL, NULL);

	(void)state;
	pier_can_close(can);
	can = NULL;
	memset(&opts, BEHIND, sizeof(opts));
	opts.filters = NULL;
	assert_int_equal(pier_can_open_sized(&can, NULL, &opts, known), plain);
	if (plain == -EAFNOSUPPORT || plain == -EPROTONOSUPPORT) {
		print_message("# %s\n", pier_error_line());
		skip();
	}
	assert_int_equal(plain, 0);
	clear();
	assert_int_equal(
		pier_can_recv_sized(can, &room.can, half, PIER_NOW), -EAGAIN);
	assert_int_equal(room.bytes[0], BEHIND);
	pier_can_close(can);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_announce),
		cmocka_unit_test(test_sntp),
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
