/* SPDX-License-Identifier: MIT */
/*
 * proto/ping_l2cap_test.c - pings of a Bluetooth device that this test is.
 */
#include "proto/bt_bed.h"

#include "proto/ping.h"

#include <pier/order.h>

#define MS INT64_C(1000000)

/* What it does with an echo request. */
static struct {
	bool is_silent;
	bool is_curt;        /* sends no data back */
	bool is_noisy;       /* others' answers come before */
	bool has_left;       /* the connection is lost */
	const char *refuses; /* with this reason, of 3 bytes and a NUL */
	unsigned asked;
	unsigned char ident;
	size_t size;
} peer;

static void
hear(const unsigned char *bytes, size_t len)
{
	unsigned char out[BED_MESSAGE] = { 9, bytes[1] };

	assert_int_equal(bytes[0], 8);
	assert_int_equal(pier_le16_get(bytes + 2), len - 4);
	peer.asked++;
	peer.ident = bytes[1];
	peer.size = len - 4;
	if (peer.refuses != NULL) {
		unsigned char reject[] = { 1, bytes[1], 4, 0, 0, 0, 0, 0 };

		memcpy(reject + 4, peer.refuses, 4);
		/* Twice, of which the second is nobody's. */
		bed_say(reject, sizeof(reject));
		bed_say(reject, sizeof(reject));
	}
	if (peer.has_left)
		assert_int_equal(shutdown(bed.peer, SHUT_WR), 0);
	if (peer.is_silent || peer.has_left)
		return;
	if (peer.is_noisy) {
		/* Of another program, of the kernel, a request, cut off. */
		bed_say("\x09\xc8\x0a\0another's!", 14);
		bed_say("\x09\1\0\0", 4);
		bed_say("\x08\xc8\0\0", 4);
		bed_say("\x09\xc8\4\0x", 5);
		bed_say("\x09", 1);
	}
	if (!peer.is_curt)
		memcpy(out + 4, bytes + 4, len - 4);
	else
		len = 4;
	pier_le16_put(out + 2, (uint16_t)(len - 4));
	bed_say(out, len);
}

static int
begin(void **state)
{
	int rc = bed_begin(state);

	memset(&peer, 0, sizeof(peer));
	bed.answer = hear;
	return rc;
}

static const char where[] = "l2cap://00:AA:01:01:00:01";

static struct pier_ping *
opened(const struct pier_ping_opts *opts)
{
	struct pier_ping *ping;

	if (pier_ping_open(&ping, where, opts, SOON) < 0)
		fail_msg("%s", pier_error_line());
	return ping;
}

static struct pier_ping_event
next(struct pier_ping *ping)
{
	struct pier_ping_event event;

	if (pier_ping_next(ping, &event, SOON) != 1)
		fail_msg("%s", pier_error_line());
	return event;
}

static void
echoes_are_counted(void **state)
{
	struct pier_ping *ping = opened(&(struct pier_ping_opts){
		.count = 60, .interval_ns = MS, .wait_ns = 40 * MS });
	struct pier_ping_event event;
	struct pier_ping_stats stats;
	uint64_t i;

	(void)state;
	assert_int_equal(bed.type, SOCK_RAW);
	assert_int_equal(bed.protocol, 0);
	assert_memory_equal(bed.to, "\x1f\0\0\0\1\0\1\1\xaa\0\0\0\0\0", 14);
	assert_string_equal(pier_ping_way(ping), "l2cap");
	for (i = 1; i <= 60; i++) {
		event = next(ping);
		assert_int_equal(event.what, PIER_PING_REPLY);
		assert_int_equal(event.sequence, i);
		assert_int_equal(event.size, 44);
		assert_false(event.corrupt || event.truncated);
		assert_true(pier_addr_equal(&event.from, pier_ping_peer(ping)));
		assert_int_equal(peer.ident, 200 + (i - 1) % 55);
	}
	assert_int_equal(pier_ping_next(ping, &event, SOON), 0);
	pier_ping_stats(ping, &stats);
	assert_int_equal(stats.answered, 60);
	pier_ping_close(ping);
}

/* Some stacks send nothing back; then the identifier says which probe it was. */
static void
a_curt_answer_is_one(void **state)
{
	struct pier_ping *ping = opened(&(struct pier_ping_opts){
		.count = 57, .interval_ns = MS, .wait_ns = 40 * MS });
	struct pier_ping_event event;
	uint64_t i;

	(void)state;
	peer.is_curt = true;
	for (i = 1; i <= 57; i++) {
		event = next(ping);
		assert_int_equal(event.what, PIER_PING_REPLY);
		assert_int_equal(event.sequence, i);
		assert_true(event.truncated);
	}
	pier_ping_close(ping);
}

static void
what_is_not_ours_is_passed_over(void **state)
{
	struct pier_ping *ping =
		opened(&(struct pier_ping_opts){ .count = 1, .size = 8 });
	struct pier_ping_event event;

	(void)state;
	peer.is_noisy = true;
	event = next(ping);
	assert_int_equal(event.what, PIER_PING_REPLY);
	assert_int_equal(event.size, 8);
	assert_int_equal(pier_ping_next(ping, &event, SOON), 0);
	pier_ping_close(ping);
}

/* It says how much it takes, or that it does not understand. */
static void
a_refusal_is_an_error(void **state)
{
	struct pier_ping *ping = opened(&(struct pier_ping_opts){
		.count = 2, .interval_ns = MS, .wait_ns = 40 * MS });
	struct pier_ping_event event;

	(void)state;
	peer.is_silent = true;
	peer.refuses = "\1\0\x30";
	event = next(ping);
	assert_int_equal(event.what, PIER_PING_ERROR);
	assert_int_equal(event.error, -EMSGSIZE);
	assert_int_equal(event.mtu, 0x30);
	assert_int_equal(event.sequence, 1);
	peer.refuses = "\0\0\0";
	event = next(ping);
	assert_int_equal(event.error, -EOPNOTSUPP);
	assert_int_equal(event.mtu, 0);
	assert_int_equal(pier_ping_next(ping, &event, SOON), 0);
	pier_ping_close(ping);
}

static void
silence_is_loss(void **state)
{
	struct pier_ping *ping =
		opened(&(struct pier_ping_opts){ .count = 1, .wait_ns = MS });

	(void)state;
	peer.is_silent = true;
	assert_int_equal(next(ping).what, PIER_PING_LOST);
	pier_ping_close(ping);
}

static void
a_lost_connection_ends_it(void **state)
{
	struct pier_ping *ping = opened(NULL);
	struct pier_ping_event event;

	(void)state;
	peer.has_left = true;
	assert_int_equal(pier_ping_next(ping, &event, SOON), -ECONNRESET);
	pier_ping_close(ping);
}

static void
failures_say_where(void **state)
{
	struct pier_ping_opts opts = { .size = 669 };
	struct pier_ping *ping;

	(void)state;
	assert_int_equal(pier_ping_open(&ping, where, &opts, SOON), -EINVAL);
	assert_non_null(strstr(pier_error_line(), "668"));
	opts = (struct pier_ping_opts){ .interval_ns = MS };
	assert_int_equal(pier_ping_open(&ping, where, &opts, SOON), -EINVAL);
	opts = (struct pier_ping_opts){ .ttl = 3 };
	assert_int_equal(pier_ping_open(&ping, where, &opts, SOON), -EINVAL);
	opts = (struct pier_ping_opts){ .bind = "eth0" };
	assert_int_equal(pier_ping_open(&ping, where, &opts, SOON), -EINVAL);
	assert_int_equal(
		pier_ping_open(&ping, "l2cap://00:11", NULL, SOON), -EINVAL);
	assert_int_equal(pier_last_error()->offset, 13);
	bed.socket_rc = -EPERM;
	assert_int_equal(pier_ping_open(&ping, where, NULL, SOON), -EPERM);
	assert_non_null(strstr(pier_error_line(), "CAP_NET_RAW"));
	bed.socket_rc = 0;
	bed.connect_rc = -EINPROGRESS;
	bed.so_error = EHOSTDOWN;
	assert_int_equal(pier_ping_open(&ping, where, NULL, SOON), -EHOSTDOWN);
	assert_int_equal(pier_last_error()->step, PIER_STEP_CONNECT);
	assert_string_equal(pier_last_error()->endpoint, where);
}

static void
a_controller_can_be_named(void **state)
{
	(void)state;
	pier_ping_close(opened(
		&(struct pier_ping_opts){ .bind = "01:02:03:04:05:06" }));
	assert_memory_equal(bed.bound, "\x1f\0\0\0\6\5\4\3\2\1", 10);
}

static int
talk(void)
{
	const struct pier_ping_opts opts = { .count = 1,
		.bind = "01:02:03:04:05:06" };
	struct pier_ping_event event;
	struct pier_ping *ping;
	int rc;

	bed.connect_rc = -EINPROGRESS;
	rc = pier_ping_open(&ping, where, &opts, SOON);
	if (rc < 0)
		return rc;
	rc = pier_ping_next(ping, &event, SOON);
	pier_ping_close(ping);
	return rc < 0 ? rc : 0;
}

static void
every_call_fails_once(void **state)
{
	(void)state;
	/* A kernel without times of arrival will do; a probe that could not
	   leave is an event. */
	faulty_bed_each(&bed.faulty, talk, ENOTSUP,
		FAULTY_BED_CALL(PIER__CALL_SETSOCKOPT) |
			FAULTY_BED_CALL(PIER__CALL_SENDMSG));
}

#define PINGED(test) cmocka_unit_test_setup_teardown(test, begin, bed_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PINGED(echoes_are_counted),
		PINGED(a_curt_answer_is_one),
		PINGED(what_is_not_ours_is_passed_over),
		PINGED(a_refusal_is_an_error),
		PINGED(silence_is_loss),
		PINGED(a_lost_connection_ends_it),
		PINGED(failures_say_where),
		PINGED(a_controller_can_be_named),
		PINGED(every_call_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
