/* SPDX-License-Identifier: MIT */
/* What is asked, and each check of an answer with an answer that fails it. */
#include "proto/sntp_wire.h"

#include <pier/order.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MS        INT64_C(1000000)
#define SECOND_NS INT64_C(1000000000)
#define NOW_NS    (INT64_C(1774600000) * SECOND_NS)
#define RANDOM    UINT64_C(0x0123456789abcdef)
#define SHORT(ms) ((uint32_t)((ms)*65536 / 1000))

/* The first and the second request had their ends. */
static struct pier__sntp_asked asked;
static struct pier__sntp_came came;
static struct pier_ntp_message message;
static struct pier_sntp_event event;

/* An exchange in which all is well: the server is 300 ms ahead, 10 ms away each
   way, and takes 2 ms. */
static int
begin(void **state)
{
	(void)state;
	asked = (struct pier__sntp_asked){ .version = 4,
		.waiting = true,
		.transmit = RANDOM,
		.t1_ns = NOW_NS,
		.answered = 7,
		.lost = 8 };
	assert_int_equal(pier_addr_parse(&asked.to, "192.0.2.1:123"), 0);
	came = (struct pier__sntp_came){ .size = PIER_NTP_SIZE,
		.from = asked.to,
		.t4_ns = NOW_NS + 22 * MS,
		.by_kernel = true };
	message = (struct pier_ntp_message){ .version = 4,
		.mode = PIER_NTP_SERVER,
		.stratum = 2,
		.precision = -20,
		.root_delay = SHORT(40),
		.root_dispersion = SHORT(5),
		.reference = pier_ntp_from_ns(NOW_NS - 60 * SECOND_NS),
		.originate = RANDOM,
		.receive = pier_ntp_from_ns(NOW_NS + 310 * MS),
		.transmit = pier_ntp_from_ns(NOW_NS + 312 * MS) };
	return 0;
}

static void
judge(void)
{
	/* Of its own size, so that a sanitizer sees a read beyond its end. */
	unsigned char *bytes = calloc(1, came.size + 1);
	unsigned char header[PIER_NTP_SIZE];

	assert_non_null(bytes);
	pier_ntp_write(header, &message);
	memcpy(bytes, header,
		came.size < sizeof(header) ? came.size : sizeof(header));
	came.data = bytes;
	pier__sntp_judge(&event, &asked, &came);
	free(bytes);
}

/* Judged, it is `what`, by this check, of which it says so. */
static void
fails(enum pier_sntp_what what, enum pier_sntp_check check, const char *text)
{
	judge();
	assert_int_equal(event.what, what);
	assert_int_equal(event.failed, check);
	assert_true((event.checks.failed & UINT32_C(1) << check) != 0);
	assert_true((event.checks.passed & event.checks.failed) == 0);
	assert_string_equal(event.text, text);
}

/* Nothing of who asks, and when: RFC 9109, and data minimization. */
static void
test_a_request_tells_nothing(void **state)
{
	unsigned char right[PIER_NTP_SIZE] = { 0x23 };
	unsigned char out[PIER_NTP_SIZE];

	(void)state;
	memset(out, 0xff, sizeof(out));
	pier_be64_put(right + 40, RANDOM);
	pier__sntp_ask(out, &asked);
	assert_memory_equal(out, right, sizeof(out));
	asked.version = 3;
	pier__sntp_ask(out, &asked);
	assert_int_equal(out[0], 0x1b);
}

static void
test_a_good_answer(void **state)
{
	const struct pier_sntp_sample *sample = &event.sample;

	(void)state;
	judge();
	assert_int_equal(event.what, PIER_SNTP_SAMPLE);
	assert_int_equal(event.checks.passed, (1U << PIER_SNTP_CHECKS) - 1);
	assert_int_equal(event.checks.failed, 0);
	assert_int_equal(event.failed, PIER_SNTP_CHECKS);
	assert_string_equal(event.text, "");
	assert_true(sample->t1_ns == NOW_NS);
	assert_true(sample->t2_ns == NOW_NS + 310 * MS);
	assert_true(sample->t3_ns == NOW_NS + 312 * MS);
	assert_true(sample->t4_ns == NOW_NS + 22 * MS);
	assert_true(sample->offset_ns == 300 * MS);
	assert_true(sample->delay_ns == 20 * MS);
	assert_true(sample->t4_by_kernel);
	/* 40 / 2 + 5 of the root, 20 / 2 of the way, 2^-20 s and 1 us; the
	   short format is 15 us fine. */
	assert_in_range(sample->bound_ns, 34900000, 35002000);
}

/* With extension fields and a key behind the header; of version 3; of a server
   that is behind; and one that does not tell when it was set. */
static void
test_other_good_answers(void **state)
{
	(void)state;
	came.size = PIER_NTP_SIZE + 20;
	judge();
	assert_int_equal(event.what, PIER_SNTP_SAMPLE);
	came.size = PIER_NTP_SIZE;
	message.version = asked.version = 3;
	message.reference = 0;
	message.leap = 1;
	message.stratum = 15;
	message.receive = pier_ntp_from_ns(NOW_NS - 5000 * SECOND_NS);
	message.transmit = message.receive;
	judge();
	assert_int_equal(event.what, PIER_SNTP_SAMPLE);
	assert_true(event.sample.offset_ns == -5000 * SECOND_NS - 11 * MS);
}

static void
test_what_is_no_answer(void **state)
{
	(void)state;
	assert_int_equal(pier_addr_parse(&came.from, "192.0.2.1:124"), 0);
	fails(PIER_SNTP_IGNORED, PIER_SNTP_SOURCE,
		"it comes from 192.0.2.1:124, which was not asked");
	came.from = asked.to;
	came.size = 47;
	fails(PIER_SNTP_IGNORED, PIER_SNTP_LENGTH,
		"47 bytes: a message has 48, or more in fields of 4");
	came.size = 50;
	fails(PIER_SNTP_IGNORED, PIER_SNTP_LENGTH,
		"50 bytes: a message has 48, or more in fields of 4");
	came.size = PIER__SNTP_MESSAGE_MAX + 4;
	fails(PIER_SNTP_IGNORED, PIER_SNTP_LENGTH,
		"1028 bytes: a message has 48, or more in fields of 4");
	came.size = 0;
	fails(PIER_SNTP_IGNORED, PIER_SNTP_LENGTH,
		"0 bytes: a message has 48, or more in fields of 4");
	came.size = PIER_NTP_SIZE;
	message.mode = PIER_NTP_CLIENT;
	fails(PIER_SNTP_IGNORED, PIER_SNTP_MODE,
		"mode 3: no server's answer, which is 4");
	message.mode = PIER_NTP_BROADCAST;
	fails(PIER_SNTP_IGNORED, PIER_SNTP_MODE,
		"mode 5: no server's answer, which is 4");
	message.mode = PIER_NTP_SERVER;
	message.version = 3;
	fails(PIER_SNTP_IGNORED, PIER_SNTP_VERSION,
		"version 3, where 4 was asked");
}

/* Every bit of it counts, and nothing else: also not a kiss code, by which
   anybody could end the conversation. */
static void
test_the_random_number(void **state)
{
	int bit;

	(void)state;
	message.stratum = 0;
	memcpy(message.reference_id, "DENY", 4);
	for (bit = 0; bit < 64; bit++) {
		message.originate = RANDOM ^ UINT64_C(1) << bit;
		judge();
		assert_int_equal(event.what, PIER_SNTP_IGNORED);
		assert_int_equal(event.failed, PIER_SNTP_ORIGINATE);
		assert_string_equal(event.kiss, "");
		assert_true(event.sample.t1_ns == 0);
	}
	message.originate = 0;
	fails(PIER_SNTP_IGNORED, PIER_SNTP_ORIGINATE,
		"originate 0x0000000000000000 is not what was sent: no answer "
		"to this request");
	/* Nothing is waited for. */
	message.originate = RANDOM;
	asked.waiting = false;
	judge();
	assert_int_equal(event.failed, PIER_SNTP_ORIGINATE);
	asked.answered = asked.lost = 0;
	message.originate = 0;
	judge();
	assert_int_equal(event.failed, PIER_SNTP_ORIGINATE);
}

static void
test_twice_and_late(void **state)
{
	(void)state;
	message.originate = 7;
	fails(PIER_SNTP_IGNORED, PIER_SNTP_FRESH,
		"one more answer to a request that had one");
	message.originate = 8;
	judge();
	assert_int_equal(event.what, PIER_SNTP_LATE);
	assert_int_equal(event.checks.failed, 0);
}

static void
test_kiss_codes(void **state)
{
	(void)state;
	message.stratum = 0;
	memcpy(message.reference_id, "RATE", 4);
	fails(PIER_SNTP_DENIED, PIER_SNTP_KISS,
		"kiss code RATE: it is asked too often");
	assert_string_equal(event.kiss, "RATE");
	memcpy(message.reference_id, "INIT", 4);
	message.leap = 3;
	message.receive = message.transmit = message.reference = 0;
	fails(PIER_SNTP_DENIED, PIER_SNTP_KISS,
		"kiss code INIT: its clock is not synchronised for the first "
		"time yet");
	memcpy(message.reference_id, "XYZ1", 4);
	fails(PIER_SNTP_DENIED, PIER_SNTP_KISS,
		"kiss code XYZ1: a code of its own");
	memcpy(message.reference_id, "\0\0\0\0", 4);
	fails(PIER_SNTP_REJECTED, PIER_SNTP_KISS,
		"kiss code without a name: stratum 0, the server's clock is "
		"not synchronised");
	assert_string_equal(event.kiss, "");
	assert_true(pier__sntp_sends_away("DENY"));
	assert_true(pier__sntp_sends_away("RSTR"));
	assert_false(pier__sntp_sends_away("RATE"));
	assert_true(pier__sntp_slows("RATE"));
	assert_false(pier__sntp_slows("INIT"));
}

static void
test_clocks_that_are_no_good(void **state)
{
	(void)state;
	message.leap = PIER_NTP_ALARM;
	fails(PIER_SNTP_REJECTED, PIER_SNTP_SYNCED,
		"leap 3: the server's clock is not synchronised");
	/* The first that failed is told, and all are known. */
	message.stratum = 16;
	fails(PIER_SNTP_REJECTED, PIER_SNTP_SYNCED,
		"leap 3: the server's clock is not synchronised");
	assert_true((event.checks.failed & 1U << PIER_SNTP_STRATUM) != 0);
	message.leap = 0;
	fails(PIER_SNTP_REJECTED, PIER_SNTP_STRATUM,
		"stratum 16: the server's clock is not synchronised");
	message.stratum = 255;
	fails(PIER_SNTP_REJECTED, PIER_SNTP_STRATUM,
		"stratum 255: the server's clock is not synchronised");
	message.stratum = 1;
	message.root_dispersion = SHORT(15981);
	fails(PIER_SNTP_REJECTED, PIER_SNTP_ROOT,
		"root distance 16000 ms: 16 s and more is as good as nothing");
	message.root_dispersion = SHORT(15979);
	judge();
	assert_int_equal(event.what, PIER_SNTP_SAMPLE);
	message.root_dispersion = 0;
	message.reference = message.transmit + 1;
	fails(PIER_SNTP_REJECTED, PIER_SNTP_REFERENCE,
		"reference: the server's clock was set after the answer left");
}

static void
test_times_that_are_none(void **state)
{
	(void)state;
	message.receive = 0;
	fails(PIER_SNTP_REJECTED, PIER_SNTP_RECEIVE,
		"receive 0: the server does not say when the request came");
	/* Without it nothing can be measured. */
	assert_int_equal(
		(event.checks.passed | event.checks.failed) &
			(1U << PIER_SNTP_ROUND_TRIP | 1U << PIER_SNTP_ORDER),
		0);
	(void)begin(NULL);
	message.reference = 0;
	message.transmit = 0;
	fails(PIER_SNTP_REJECTED, PIER_SNTP_TRANSMIT,
		"transmit 0: the server does not say when the answer left");
}

static void
test_times_that_cannot_be(void **state)
{
	(void)state;
	message.transmit = pier_ntp_from_ns(NOW_NS + 309 * MS);
	fails(PIER_SNTP_REJECTED, PIER_SNTP_ORDER,
		"the answer left 1000000 ns before the request came");
	/* At the server longer than it was away. */
	message.transmit = pier_ntp_from_ns(NOW_NS + 333 * MS);
	fails(PIER_SNTP_REJECTED, PIER_SNTP_ROUND_TRIP,
		"delay -1000000 ns: less than no time");
	assert_true(event.sample.delay_ns == 0);
	/* Within 2^-20 s and what reading a clock takes it may be. */
	message.transmit = pier_ntp_from_ns(NOW_NS + 332 * MS + 1500);
	judge();
	assert_int_equal(event.what, PIER_SNTP_SAMPLE);
	assert_true(event.sample.delay_ns == 0);
	/* Our own clock was set back meanwhile. */
	message.transmit = message.receive;
	came.t4_ns = NOW_NS - SECOND_NS;
	judge();
	assert_int_equal(event.failed, PIER_SNTP_ROUND_TRIP);
}

/* The request leaves in era 0, the answer comes in era 1. */
static void
test_the_wrap_of_2036(void **state)
{
	const int64_t wrap = (PIER_NTP_ERA - PIER_NTP_UNIX) * SECOND_NS;

	(void)state;
	asked.t1_ns = wrap - 8 * MS;
	came.t4_ns = wrap + 12 * MS;
	message.reference = pier_ntp_from_ns(wrap - 60 * SECOND_NS);
	message.receive = pier_ntp_from_ns(wrap - 1 * MS);
	message.transmit = pier_ntp_from_ns(wrap + 1 * MS);
	assert_true(message.transmit < message.receive);
	judge();
	assert_int_equal(event.what, PIER_SNTP_SAMPLE);
	assert_true(event.sample.offset_ns == -2 * MS);
	assert_true(event.sample.delay_ns == 18 * MS);
	assert_true(event.sample.t3_ns == wrap + 1 * MS);
	/* A clock of before the wrap, a server from long after it. */
	asked.t1_ns = wrap - 100 * SECOND_NS;
	came.t4_ns = asked.t1_ns + 2 * MS;
	message.receive = message.transmit =
		pier_ntp_from_ns(wrap + 3600 * SECOND_NS);
	judge();
	assert_int_equal(event.what, PIER_SNTP_SAMPLE);
	assert_true(event.sample.offset_ns == 3700 * SECOND_NS - 1 * MS);
}

/* A machine without a battery begins in 1970, and asks in 2050. */
static void
test_a_clock_that_was_never_set(void **state)
{
	const int64_t then = INT64_C(2524608000) * SECOND_NS;

	(void)state;
	asked.t1_ns = 5 * SECOND_NS;
	came.t4_ns = 5 * SECOND_NS + 2 * MS;
	message.reference = 0;
	message.receive = message.transmit = pier_ntp_from_ns(then);
	judge();
	assert_int_equal(event.what, PIER_SNTP_SAMPLE);
	assert_true(event.sample.offset_ns == then - 5 * SECOND_NS - 1 * MS);
}

/* Whatever precision a server claims. */
static void
test_precisions(void **state)
{
	(void)state;
	message.root_delay = message.root_dispersion = 0;
	message.precision = 127;
	judge();
	assert_true(event.sample.bound_ns == 16 * SECOND_NS + 10 * MS + 1000);
	message.precision = 0;
	judge();
	assert_true(event.sample.bound_ns == SECOND_NS + 10 * MS + 1000);
	message.precision = -128;
	judge();
	assert_true(event.sample.bound_ns == 10 * MS + 1001);
}

static void
test_every_check_has_a_name(void **state)
{
	int i, k;

	(void)state;
	for (i = 0; i < PIER_SNTP_CHECKS; i++) {
		assert_non_null(pier_sntp_check_text((enum pier_sntp_check)i));
		for (k = 0; k < i; k++)
			assert_string_not_equal(
				pier_sntp_check_name((enum pier_sntp_check)i),
				pier_sntp_check_name((enum pier_sntp_check)k));
	}
	assert_null(pier_sntp_check_name(PIER_SNTP_CHECKS));
	assert_null(pier_sntp_check_text((enum pier_sntp_check) - 1));
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_request_tells_nothing),
		TEST(test_a_good_answer),
		TEST(test_other_good_answers),
		TEST(test_what_is_no_answer),
		TEST(test_the_random_number),
		TEST(test_twice_and_late),
		TEST(test_kiss_codes),
		TEST(test_clocks_that_are_no_good),
		TEST(test_times_that_are_none),
		TEST(test_times_that_cannot_be),
		TEST(test_the_wrap_of_2036),
		TEST(test_a_clock_that_was_never_set),
		TEST(test_precisions),
		TEST(test_every_check_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
