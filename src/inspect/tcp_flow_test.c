/* SPDX-License-Identifier: MIT */
/* inspect/tcp_flow_test.c - what held a connection back, of made-up samples. */
#include <pier/info.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ALL    (2 * PIER_INFO_ACCECN - 1)
#define SECOND INT64_C(1000000000)

/* A connection that has sent 1 MB in 2 s, at the start of the interval. */
static struct pier_tcp_info
earlier(void)
{
	struct pier_tcp_info info = { .have = ALL,
		.state = PIER_TCP_ESTABLISHED,
		.rtt_us = 3000,
		.min_rtt_us = 1000,
		.snd_cwnd = 10,
		.unacked = 10,
		.retransmits = 7,
		.bytes_sent = 1000000,
		.bytes_acked = 1000000,
		.busy_time_us = 2000000 };

	return info;
}

static void
shares(const struct pier_tcp_flow *flow, uint32_t idle, uint32_t app,
	uint32_t receiver, uint32_t buffer, uint32_t congestion, uint32_t loss)
{
	assert_int_equal(flow->share_ppm[PIER_LIMIT_IDLE], idle);
	assert_int_equal(flow->share_ppm[PIER_LIMIT_APP], app);
	assert_int_equal(flow->share_ppm[PIER_LIMIT_RECEIVER], receiver);
	assert_int_equal(flow->share_ppm[PIER_LIMIT_SEND_BUFFER], buffer);
	assert_int_equal(flow->share_ppm[PIER_LIMIT_CONGESTION], congestion);
	assert_int_equal(flow->share_ppm[PIER_LIMIT_LOSS], loss);
	assert_int_equal(
		idle + app + receiver + buffer + congestion + loss, 1000000);
}

static void
test_nothing_to_send(void **state)
{
	struct pier_tcp_info before = earlier(), after = before;
	struct pier_tcp_flow flow;

	(void)state;
	assert_int_equal(pier_tcp_flow(&flow, &before, &after, SECOND), 0);
	assert_int_equal(flow.limit, PIER_LIMIT_IDLE);
	shares(&flow, 1000000, 0, 0, 0, 0, 0);
	assert_int_equal(flow.queue_us, 2000);
	assert_true(flow.send_rate == 0);
	/* No round trip was measured yet: the least is all ones. */
	after.min_rtt_us = UINT32_MAX;
	assert_int_equal(pier_tcp_flow(&flow, &before, &after, SECOND), 0);
	assert_int_equal(flow.queue_us, 0);
}

static void
test_a_slow_program(void **state)
{
	struct pier_tcp_info before = earlier(), after = before;
	struct pier_tcp_flow flow;

	(void)state;
	after.bytes_sent += 500;
	after.bytes_acked += 500;
	after.busy_time_us += 100000;
	after.app_limited = 1;
	after.unacked = 1;
	assert_int_equal(pier_tcp_flow(&flow, &before, &after, SECOND), 0);
	assert_int_equal(flow.limit, PIER_LIMIT_APP);
	shares(&flow, 0, 1000000, 0, 0, 0, 0);
	assert_true(flow.send_rate == 500);
}

static void
test_window_buffer_and_congestion(void **state)
{
	struct pier_tcp_info before = earlier(), after = before;
	struct pier_tcp_flow flow;

	(void)state;
	after.bytes_sent += 4000000;
	after.bytes_acked += 3000000;
	after.bytes_received += 8;
	after.busy_time_us += 1000000;
	after.rwnd_limited_us += 600000;
	after.sndbuf_limited_us += 100000;
	assert_int_equal(pier_tcp_flow(&flow, &before, &after, 2 * SECOND), 0);
	assert_int_equal(flow.limit, PIER_LIMIT_APP);
	shares(&flow, 0, 500000, 300000, 50000, 150000, 0);
	assert_true(flow.sent_bytes == 4000000);
	assert_true(flow.send_rate == 1500000);
	assert_true(flow.receive_rate == 4);
	assert_int_equal(flow.loss_ppm, 0);
	assert_int_equal(pier_tcp_flow(&flow, &before, &after, SECOND), 0);
	assert_int_equal(flow.limit, PIER_LIMIT_RECEIVER);
	shares(&flow, 0, 0, 600000, 100000, 300000, 0);
}

static void
test_loss(void **state)
{
	struct pier_tcp_info before = earlier(), after = before;
	struct pier_tcp_flow flow;

	(void)state;
	after.bytes_sent += 2000;
	after.bytes_retrans += 500;
	after.retransmits += 1;
	after.busy_time_us += 900000;
	assert_int_equal(pier_tcp_flow(&flow, &before, &after, SECOND), 0);
	assert_int_equal(flow.limit, PIER_LIMIT_LOSS);
	shares(&flow, 0, 100000, 0, 0, 0, 900000);
	assert_int_equal(flow.loss_ppm, 250000);
	/* A kernel that does not count bytes. */
	after.have &= ~(uint32_t)PIER_INFO_BYTES_RETRANS;
	after.data_segs_out = 10;
	assert_int_equal(pier_tcp_flow(&flow, &before, &after, SECOND), 0);
	assert_int_equal(flow.loss_ppm, 100000);
}

/* Since the connection began, of unknown age: shares of the busy time. */
static void
test_one_sample(void **state)
{
	struct pier_tcp_info info = earlier();
	struct pier_tcp_flow flow;

	(void)state;
	info.retransmits = 0;
	info.rwnd_limited_us = 500000;
	assert_int_equal(pier_tcp_flow(&flow, NULL, &info, 0), 0);
	assert_int_equal(flow.limit, PIER_LIMIT_CONGESTION);
	shares(&flow, 0, 0, 250000, 0, 750000, 0);
	assert_true(flow.send_rate == 0);
	assert_int_equal(pier_tcp_flow(&flow, NULL, &info, 4 * SECOND), 0);
	shares(&flow, 0, 500000, 125000, 0, 375000, 0);
	memset(&info, 0, sizeof(info));
	info.have = ALL;
	assert_int_equal(pier_tcp_flow(&flow, NULL, &info, 0), 0);
	shares(&flow, 1000000, 0, 0, 0, 0, 0);
}

/* The kernel counts in ticks: more busy than the interval is long. */
static void
test_ticks_past_the_end(void **state)
{
	struct pier_tcp_info before = earlier(), after = before;
	struct pier_tcp_flow flow;

	(void)state;
	after.busy_time_us += 8000;
	after.rwnd_limited_us += 4000;
	after.sndbuf_limited_us += 8000;
	assert_int_equal(
		pier_tcp_flow(&flow, &before, &after, SECOND / 1000), 0);
	shares(&flow, 0, 0, 500000, 500000, 0, 0);
}

static void
test_what_are_no_two_samples(void **state)
{
	struct pier_tcp_info before = earlier(), after = before;
	struct pier_tcp_flow flow;

	(void)state;
	memset(&flow, 0x5a, sizeof(flow));
	assert_int_equal(pier_tcp_flow(&flow, &before, &after, -1), -EINVAL);
	before.bytes_acked++;
	assert_int_equal(
		pier_tcp_flow(&flow, &before, &after, SECOND), -EINVAL);
	after.have &= ~(uint32_t)PIER_INFO_LIMITS;
	assert_int_equal(
		pier_tcp_flow(&flow, &before, &after, SECOND), -ENODATA);
	assert_int_equal(flow.queue_us, 0x5a5a5a5a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_send),
		cmocka_unit_test(test_a_slow_program),
		cmocka_unit_test(test_window_buffer_and_congestion),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_one_sample),
		cmocka_unit_test(test_ticks_past_the_end),
		cmocka_unit_test(test_what_are_no_two_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
