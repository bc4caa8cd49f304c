/* SPDX-License-Identifier: MIT */
/*
 * What is asked and when, in virtual time: the rules of RFC 6762 for who asks.
 * What follows from the answers is in mdns_browse_view_test.c.
 */
#include "proto/mdns_browse_bed.h"

static struct bed bed;

/* Sections 5.2, 5.4 and 6.7. */
static void
the_first_question_wants_its_answer_alone(void **state)
{
	int64_t begin;
	struct pier__dns_ask ask;

	(void)state;
	bed_open(&bed, "_s._tcp");
	begin = bed.now_ns;
	assert_true(bed_sent(&bed, begin + BED_SECOND));
	assert_in_range(bed.now_ns - begin, 20 * BED_MS, 120 * BED_MS);
	assert_true(bed.sending.ask);
	assert_int_equal(bed.sending.aim, PIER__AIM_GROUP);
	assert_int_equal(bed.sending.link.interface, BED_LINK);
	assert_int_equal(bed.sending.link.family, AF_INET);
	assert_int_not_equal(bed.reader.head.id, 0);
	assert_int_equal(bed.reader.head.flags, 0);
	assert_true(bed_asks(&bed, BED_TYPE, PIER__DNS_PTR));
	assert_int_equal(pier__dns_next_ask(&bed.reader, &ask), 1);
	assert_true(ask.unicast);
	bed_close(&bed);
}

static void
questions_come_ever_less_often(void **state)
{
	int64_t last, seconds = 1;
	struct pier__dns_ask ask;
	int i;

	(void)state;
	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	last = bed.now_ns;
	for (i = 0; i < 16; i++) {
		assert_true(bed_sent(&bed, last + 4000 * BED_SECOND));
		assert_int_equal(bed.now_ns - last, seconds * BED_SECOND);
		assert_false(bed.sending.ask);
		assert_int_equal(bed.reader.head.id, 0);
		assert_int_equal(pier__dns_next_ask(&bed.reader, &ask), 1);
		assert_false(ask.unicast);
		last = bed.now_ns;
		seconds = seconds * 2 > 3600 ? 3600 : seconds * 2;
	}
	bed_close(&bed);
}

/* How many known answers the packet has; the TTL of the last one. */
static int
known_answers(uint32_t *ttl_s)
{
	struct pier__dns_record record;
	enum pier__dns_section section;
	int count = 0;

	while (pier__dns_next_record(&bed.reader, &section, &record) > 0) {
		assert_int_equal(section, PIER__DNS_ANSWER);
		assert_int_equal(record.type, PIER__DNS_PTR);
		assert_false(record.flush);
		*ttl_s = record.ttl_s;
		count++;
	}
	return count;
}

/* Section 7.1: with the time that is left, while that is more than half. */
static void
what_is_known_is_said(void **state)
{
	uint32_t ttl_s = 0;
	int64_t begin;
	int known = 0, unknown = 0;

	(void)state;
	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	begin = bed.now_ns;
	bed_answer(&bed);
	bed_ptr(&bed, BED_TYPE, 100, "One." BED_TYPE);
	bed_srv(&bed, "One." BED_TYPE, 80, "h.local");
	bed_txt(&bed, "One." BED_TYPE, "a=b");
	bed_ip4(&bed, "h.local", "\xc0\0\2\1");
	bed_input(&bed);
	while (bed_sent(&bed, begin + 75 * BED_SECOND)) {
		uint32_t left =
			100 - (uint32_t)((bed.now_ns - begin + BED_SECOND - 1) /
					 BED_SECOND);

		if (!bed_asks(&bed, BED_TYPE, PIER__DNS_PTR))
			continue;
		if (left > 50) {
			assert_int_equal(known_answers(&ttl_s), 1);
			assert_int_equal(ttl_s, left);
			known++;
		} else {
			assert_int_equal(known_answers(&ttl_s), 0);
			unknown++;
		}
	}
	assert_true(known >= 4);
	assert_true(unknown >= 1);
	bed_close(&bed);
}

static void
put_many(int first, int last)
{
	char name[64];
	int i;

	bed_answer(&bed);
	for (i = first; i < last; i++) {
		(void)snprintf(name, sizeof(name), "%d." BED_TYPE, i);
		bed_ptr(&bed, BED_TYPE, 4500, name);
	}
	bed_input(&bed);
}

/* Section 7.2: known answers that need more packets than one. */
static void
many_known_answers_need_more_packets(void **state)
{
	uint32_t ttl_s;
	int known = 0, packets = 0;
	int64_t last;

	(void)state;
	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	last = bed.now_ns;
	put_many(0, 200);
	while (!bed_asks(&bed, BED_TYPE, PIER__DNS_PTR) || bed.sending.ask)
		assert_true(bed_sent(&bed, last + 2 * BED_SECOND));
	for (;;) {
		bool more = (bed.reader.head.flags & PIER__DNS_TRUNCATED) != 0;

		assert_true(bed.sending.len <= 1500 - 48);
		assert_int_equal(bed.reader.head.questions > 0, packets == 0);
		known += known_answers(&ttl_s);
		packets++;
		if (!more)
			break;
		assert_true(bed_sent(&bed, bed.now_ns));
	}
	assert_int_equal(known, 200);
	assert_true(packets > 1);
	bed_close(&bed);
}

/* Does a packet leave that asks for the type? */
static bool
sends_type(int64_t until_ns)
{
	while (bed_sent(&bed, until_ns))
		if (bed_asks(&bed, BED_TYPE, PIER__DNS_PTR))
			return true;
	return false;
}

/* Somebody asks, 100 ms before this one would for the second time; does it? */
static bool
asks_all_the_same(uint16_t flags, bool unicast, const char *known)
{
	int64_t last;
	bool asks;

	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	last = bed.now_ns;
	bed_one(&bed);
	bed_pass(&bed, 900 * BED_MS);
	bed_begin(&bed, flags);
	bed_ask(&bed, BED_TYPE, PIER__DNS_PTR, unicast);
	if (known != NULL)
		bed_ptr(&bed, BED_TYPE, 4400, known);
	bed_input(&bed);
	asks = sends_type(last + 1100 * BED_MS);
	/* The one after that is sent in any case, when it would be. */
	assert_true(sends_type(last + 4 * BED_SECOND));
	assert_int_equal(bed.now_ns - last, 3 * BED_SECOND);
	bed_close(&bed);
	return asks;
}

/* Section 7.3. */
static void
what_somebody_else_asks_is_not_asked_again(void **state)
{
	(void)state;
	assert_false(asks_all_the_same(0, false, NULL));
	assert_false(asks_all_the_same(0, false, "One." BED_TYPE));
	/* He knows one that is not known here: it would not be told. */
	assert_true(asks_all_the_same(0, false, "Two." BED_TYPE));
	/* More of what he knows is to follow; the answer goes to him alone. */
	assert_true(asks_all_the_same(PIER__DNS_TRUNCATED, false, NULL));
	assert_true(asks_all_the_same(0, true, NULL));
}

static void
what_was_asked_long_ago_does_not_count(void **state)
{
	int64_t last;

	(void)state;
	bed_open(&bed, "_s._tcp");
	bed_pass(&bed, 5 * BED_SECOND);
	last = bed.now_ns;
	bed_begin(&bed, 0);
	bed_ask(&bed, BED_TYPE, PIER__DNS_PTR, false);
	bed_input(&bed);
	assert_true(bed_sent(&bed, last + 4 * BED_SECOND));
	assert_true(bed.now_ns - last > BED_SECOND);
	bed_close(&bed);
}

static void
what_is_missing_is_asked_for(void **state)
{
	struct pier__sighting it;
	int64_t begin;

	(void)state;
	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	bed_answer(&bed);
	bed_ptr(&bed, BED_TYPE, 4500, "One." BED_TYPE);
	bed_input(&bed);
	begin = bed.now_ns;
	while (!bed_asks(&bed, "One." BED_TYPE, PIER__DNS_SRV))
		assert_true(bed_sent(&bed, begin + 120 * BED_MS));
	assert_true(bed.now_ns >= begin + 20 * BED_MS);
	assert_true(bed.sending.ask);
	/* In the same packet. */
	assert_true(bed_asks(&bed, "One." BED_TYPE, PIER__DNS_TXT));
	bed_answer(&bed);
	bed_srv(&bed, "One." BED_TYPE, 80, "h.local");
	bed_txt(&bed, "One." BED_TYPE, "a=b");
	bed_input(&bed);
	assert_false(bed_event(&bed, &it));
	begin = bed.now_ns;
	while (!bed_asks(&bed, "h.local", PIER__DNS_A))
		assert_true(bed_sent(&bed, begin + 120 * BED_MS));
	bed_answer(&bed);
	bed_ip4(&bed, "h.local", "\xc0\0\2\1");
	bed_input(&bed);
	assert_true(bed_event(&bed, &it));
	assert_int_equal(it.what, PIER__SEEN);
	/* What is there is not asked for, but IPv6 may be. */
	begin = bed.now_ns;
	while (bed_sent(&bed, begin + 60 * BED_SECOND)) {
		assert_false(bed_asks(&bed, "h.local", PIER__DNS_A));
		assert_false(bed_asks(&bed, "One." BED_TYPE, PIER__DNS_SRV));
	}
	bed_close(&bed);
}

/* Section 6.1: the host says that it has no IPv6 address. */
static void
what_is_denied_is_not_asked_for(void **state)
{
	static const uint16_t types[] = { PIER__DNS_A };
	unsigned char data[PIER__NAME_MAX + 34];
	struct pier__name host = bed_name("h.local");
	int asked = 0, i;

	(void)state;
	for (i = 0; i < 2; i++) {
		bed_open(&bed, "_s._tcp");
		assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
		bed_one(&bed);
		bed_answer(&bed);
		bed_put(&bed, "h.local", PIER__DNS_NSEC, 120, data,
			pier__nsec_put(data, &host, types, 1));
		if (i == 1)
			bed_input(&bed);
		for (asked = 0; bed_sent(&bed, 1060 * BED_SECOND);)
			asked += bed_asks(&bed, "h.local", PIER__DNS_AAAA);
		assert_int_equal(asked > 0, i == 0);
		bed_close(&bed);
	}
}

/* Section 5.2: an answer that runs out is asked for at 80, 85, 90 and 95 %. */
static void
what_grows_old_is_asked_for(void **state)
{
	int64_t begin, percent;
	int asked = 0;

	(void)state;
	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	begin = bed.now_ns;
	bed_one(&bed);
	while (bed_sent(&bed, begin + 119 * BED_SECOND)) {
		if (!bed_asks(&bed, "One." BED_TYPE, PIER__DNS_SRV))
			continue;
		percent = (bed.now_ns - begin) / (12 * BED_SECOND / 10);
		assert_in_range(percent, 80 + 5 * asked, 82 + 5 * asked);
		assert_false(bed.sending.ask);
		asked++;
	}
	assert_int_equal(asked, 4);
	/* An answer in time starts it anew. */
	bed_one(&bed);
	assert_false(bed_sent(&bed, bed.now_ns + 90 * BED_SECOND) &&
		     bed_asks(&bed, "One." BED_TYPE, PIER__DNS_SRV));
	bed_close(&bed);
}

static void
both_families_of_a_link_are_asked(void **state)
{
	int64_t begin;
	int seen[2] = { 0, 0 };

	(void)state;
	bed_open(&bed, "_s._tcp");
	bed_link(&bed, BED_LINK, AF_INET6, true);
	begin = bed.now_ns;
	while (bed_sent(&bed, begin + 2 * BED_SECOND))
		seen[bed.sending.link.family == AF_INET6]++;
	assert_int_equal(seen[0], 2);
	assert_int_equal(seen[1], 2);
	/* What came by one is known on the other. */
	bed_one(&bed);
	bed_link(&bed, BED_LINK, AF_INET, false);
	begin = bed.now_ns;
	while (bed_sent(&bed, begin + 10 * BED_SECOND))
		assert_int_equal(bed.sending.link.family, AF_INET6);
	bed_close(&bed);
}

static void
a_link_that_comes_back_is_asked_anew(void **state)
{
	(void)state;
	bed_open(&bed, "_s._tcp");
	bed_pass(&bed, 20 * BED_SECOND);
	bed_link(&bed, BED_LINK, AF_INET, false);
	assert_false(bed_sent(&bed, bed.now_ns + 5000 * BED_SECOND));
	bed_link(&bed, BED_LINK, AF_INET, true);
	assert_true(bed_sent(&bed, bed.now_ns + 120 * BED_MS));
	assert_true(bed.sending.ask);
	bed_close(&bed);
}

static void
without_a_link_nothing_is_asked(void **state)
{
	const struct pier__mdns_browse_opts opts = { .type = "http" };
	struct pier__sending sending;
	struct pier__mdns_browse *browse;
	const char *why;

	(void)state;
	assert_int_equal(pier__mdns_browse_open(&browse, &opts, &why), 0);
	assert_int_equal(pier__mdns_browse_output(browse, 0, &sending), 0);
	assert_int_equal(pier__mdns_browse_due(browse), INT64_MAX);
	pier__mdns_browse_close(browse);
	pier__mdns_browse_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_question_wants_its_answer_alone),
		cmocka_unit_test(questions_come_ever_less_often),
		cmocka_unit_test(what_is_known_is_said),
		cmocka_unit_test(many_known_answers_need_more_packets),
		cmocka_unit_test(what_somebody_else_asks_is_not_asked_again),
		cmocka_unit_test(what_was_asked_long_ago_does_not_count),
		cmocka_unit_test(what_is_missing_is_asked_for),
		cmocka_unit_test(what_is_denied_is_not_asked_for),
		cmocka_unit_test(what_grows_old_is_asked_for),
		cmocka_unit_test(both_families_of_a_link_are_asked),
		cmocka_unit_test(a_link_that_comes_back_is_asked_anew),
		cmocka_unit_test(without_a_link_nothing_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
