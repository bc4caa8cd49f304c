/* SPDX-License-Identifier: MIT */
/*
 * RFC 6762 section 10.5, in virtual time: what others ask in vain is not there any
 * more, long before its time is over.
 */
#include "proto/mdns_browse_bed.h"

static struct bed bed;

static void
open_with_one(void)
{
	struct pier__sighting it;

	bed_open(&bed, "_s._tcp");
	bed_link(&bed, BED_LINK, AF_INET6, true);
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	bed_one(&bed);
	assert_true(bed_event(&bed, &it));
	assert_int_equal(it.what, PIER__SEEN);
	bed_pass(&bed, 2 * BED_SECOND);
}

static struct pier__datagram
question(const char *name, uint16_t type, bool unicast)
{
	bed_begin(&bed, 0);
	bed_ask(&bed, name, type, unicast);
	return bed_datagram(&bed);
}

static void
hear(const struct pier__datagram *it)
{
	assert_int_equal(
		pier__mdns_browse_input(bed.browse, bed.now_ns, it), 0);
}

/* Somebody asks all hosts for that. */
static void
others_ask(const char *name, uint16_t type)
{
	const struct pier__datagram it = question(name, type, false);

	hear(&it);
}

/* After so long it is gone, and not a nanosecond before. */
static void
expect_gone_in(int64_t ns)
{
	struct pier__sighting it;

	bed_pass(&bed, ns - 1);
	assert_false(bed_event(&bed, &it));
	bed_pass(&bed, 1);
	assert_true(bed_event(&bed, &it));
	assert_int_equal(it.what, PIER__GONE);
	assert_int_equal(it.reason, PIER__GONE_EXPIRED);
	assert_string_equal(it.instance, "One");
}

static void
expect_here_for(int64_t ns)
{
	struct pier__sighting it;

	bed_pass(&bed, ns);
	assert_false(bed_event(&bed, &it));
}

static void
what_others_ask_in_vain_has_gone(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
	} records[] = { { BED_TYPE, PIER__DNS_PTR },
		{ "One." BED_TYPE, PIER__DNS_SRV } };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		open_with_one();
		others_ask(records[i].name, records[i].type);
		bed_pass(&bed, BED_SECOND);
		others_ask(records[i].name, records[i].type);
		expect_gone_in(10 * BED_SECOND);
		/* It comes back when it is said again. */
		bed_one(&bed);
		assert_true(
			bed_event(&bed, &(struct pier__sighting){ .by = 0 }));
		bed_close(&bed);
	}
}

/* Nor does it ask itself: the other one did. */
static void
what_is_doubted_is_not_asked_for(void **state)
{
	int64_t begun;

	(void)state;
	open_with_one();
	/* 80 % of its time is when it would be. */
	bed_pass(&bed, 92 * BED_SECOND);
	others_ask("One." BED_TYPE, PIER__DNS_SRV);
	bed_pass(&bed, BED_SECOND);
	others_ask("One." BED_TYPE, PIER__DNS_SRV);
	begun = bed.now_ns;
	while (bed_sent(&bed, begun + 10 * BED_SECOND - 1))
		assert_false(bed_asks(&bed, "One." BED_TYPE, PIER__DNS_SRV));
	bed_close(&bed);
}

/* One question, or two at a time, may be lost with its answer. */
static void
one_question_is_not_enough(void **state)
{
	(void)state;
	open_with_one();
	others_ask(BED_TYPE, PIER__DNS_PTR);
	expect_here_for(60 * BED_SECOND);
	bed_close(&bed);
	open_with_one();
	others_ask(BED_TYPE, PIER__DNS_PTR);
	bed_pass(&bed, BED_SECOND - 1);
	others_ask(BED_TYPE, PIER__DNS_PTR);
	expect_here_for(60 * BED_SECOND);
	bed_close(&bed);
}

static void
an_answer_takes_all_doubt_away(void **state)
{
	(void)state;
	open_with_one();
	others_ask(BED_TYPE, PIER__DNS_PTR);
	bed_pass(&bed, BED_SECOND);
	others_ask(BED_TYPE, PIER__DNS_PTR);
	bed_pass(&bed, 10 * BED_SECOND - 1);
	bed_one(&bed);
	expect_here_for(60 * BED_SECOND);
	/* And it counts from the start. */
	others_ask(BED_TYPE, PIER__DNS_PTR);
	expect_here_for(30 * BED_SECOND);
	bed_close(&bed);
}

/* Is "One" there still after questions that came so? */
static bool
stays(void (*change)(struct pier__datagram *it))
{
	struct pier__sighting seen;
	bool gone;
	int i;

	open_with_one();
	for (i = 0; i < 4; i++) {
		struct pier__datagram it =
			question(BED_TYPE, PIER__DNS_PTR, false);

		change(&it);
		hear(&it);
		bed_pass(&bed, BED_SECOND);
	}
	bed_pass(&bed, 20 * BED_SECOND);
	gone = bed_event(&bed, &seen);
	bed_close(&bed);
	return !gone;
}

static void
as_it_is(struct pier__datagram *it)
{
	(void)it;
}

static void
from_another_port(struct pier__datagram *it)
{
	(void)pier_addr_set_port(&it->from, 5354);
}

static void
to_us_alone(struct pier__datagram *it)
{
	it->to_many = false;
}

static void
wants_it_alone(struct pier__datagram *it)
{
	*it = question(BED_TYPE, PIER__DNS_PTR, true);
}

static void
knows_it(struct pier__datagram *it)
{
	bed_begin(&bed, 0);
	bed_ask(&bed, BED_TYPE, PIER__DNS_PTR, false);
	bed_ptr(&bed, BED_TYPE, 4400, "One." BED_TYPE);
	*it = bed_datagram(&bed);
}

static void
says_more_later(struct pier__datagram *it)
{
	(void)it;
	bed.bytes[2] |= 0x02;
}

static void
asks_another(struct pier__datagram *it)
{
	*it = question("_t._tcp.local", PIER__DNS_PTR, false);
}

/* The host has been heard by IPv4 alone. */
static void
by_the_other_family(struct pier__datagram *it)
{
	it->link.family = AF_INET6;
	assert_int_equal(pier_addr_parse(&it->from, "fe80::9"), 0);
	(void)pier_addr_set_port(&it->from, 5353);
}

static void
only_what_all_would_answer_counts(void **state)
{
	(void)state;
	assert_false(stays(as_it_is));
	assert_true(stays(from_another_port));
	assert_true(stays(to_us_alone));
	assert_true(stays(wants_it_alone));
	assert_true(stays(knows_it));
	assert_true(stays(says_more_later));
	assert_true(stays(asks_another));
	assert_true(stays(by_the_other_family));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_others_ask_in_vain_has_gone),
		cmocka_unit_test(what_is_doubted_is_not_asked_for),
		cmocka_unit_test(one_question_is_not_enough),
		cmocka_unit_test(an_answer_takes_all_doubt_away),
		cmocka_unit_test(only_what_all_would_answer_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
