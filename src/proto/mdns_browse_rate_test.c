/* SPDX-License-Identifier: MIT */
/*
 * How much a finder asks among hosts that make up what they say, in virtual time:
 * whatever they send, so many questions leave in a minute; and who is really there
 * is found, and stays.
 */
#include "proto/mdns_browse_bed.h"
#include "scale.h"

static struct bed bed;

/* Questions that left, but those for the type; and those of "One". */
static unsigned int asked, asked_type, asked_one;

static void
count_questions(void)
{
	struct pier__dns_reader reader = bed.reader;
	struct pier__name type = bed_name(BED_TYPE);
	struct pier__name one = bed_name("One." BED_TYPE);
	struct pier__dns_ask ask;

	while (pier__dns_next_ask(&reader, &ask) > 0) {
		if (pier__name_equal(&ask.name, &type))
			asked_type++;
		else
			asked++;
		asked_one += pier__name_equal(&ask.name, &one);
	}
}

static void
pass(int64_t ns)
{
	int64_t until = bed.now_ns + ns;

	while (bed_sent(&bed, until))
		count_questions();
}

static void
restart_count(void)
{
	asked = 0;
	asked_type = 0;
	asked_one = 0;
}

/* So many services that are not there, of the names after `first`; nothing is
   said of them but the names. */
static void
make_up(int first, int count)
{
	char name[64];
	int i;

	bed_answer(&bed);
	for (i = first; i < first + count; i++) {
		(void)snprintf(name, sizeof(name), "x%d." BED_TYPE, i);
		bed_ptr(&bed, BED_TYPE, 4500, name);
	}
	bed_input(&bed);
}

static void
take_events(void)
{
	struct pier__sighting it;

	while (bed_event(&bed, &it))
		assert_int_equal(it.what, PIER__SEEN);
}

/* The least that a crowd could make every finder of a network ask. */
static void
names_that_are_made_up_are_asked_for_with_a_bound(void **state)
{
	int minute, second;

	(void)state;
	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	for (minute = 0; minute < test_scale(5, 2); minute++) {
		restart_count();
		for (second = 0; second < 60; second++) {
			make_up(1000 * minute + 10 * second, 10);
			pass(BED_SECOND);
		}
		take_events();
		/* What was saved before is spent in the first one. */
		assert_in_range(asked, PIER__MDNS_ASKS_MINUTE / 2,
			(minute == 0 ? 2 : 1) * PIER__MDNS_ASKS_MINUTE);
		assert_in_range(asked_type, 0, 7);
	}
	bed_close(&bed);
}

static void
a_few_names_are_asked_for_ever_less_often(void **state)
{
	unsigned int before = 1000;
	int minute;

	(void)state;
	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	make_up(0, 10);
	for (minute = 1; minute < 64; minute *= 4) {
		restart_count();
		pass(minute * 60 * BED_SECOND);
		assert_in_range(asked, 20, 20 * 6);
		assert_true(asked <= before);
		before = asked;
	}
	bed_close(&bed);
}

/* As a host does that is there, when somebody asks for "One". */
static void
pass_with_one(int64_t ns)
{
	int64_t until = bed.now_ns + ns;

	while (bed_sent(&bed, until)) {
		unsigned int before = asked_one;

		count_questions();
		if (asked_one > before)
			bed_one(&bed);
	}
}

static void
who_is_there_stays_among_those_who_are_not(void **state)
{
	struct pier__sighting it;
	int second;

	(void)state;
	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	make_up(0, 400);
	bed_one(&bed);
	assert_true(bed_event(&bed, &it));
	assert_string_equal(it.instance, "One");
	restart_count();
	for (second = 0; second < 300; second++) {
		make_up(400 + 2 * second, 2);
		pass_with_one(BED_SECOND);
		assert_false(bed_event(&bed, &it));
	}
	/* It was asked for before its time was over, each time. */
	assert_in_range(asked_one, 2, 30);
	assert_in_range(asked, 1,
		6 * (PIER__MDNS_ASKS_MINUTE + PIER__MDNS_ASKS_SERVICE));
	bed_close(&bed);
}

/* Records that are said to hold a second are asked for again and again. */
static void
short_times_make_no_more_questions(void **state)
{
	struct pier__sighting it;
	struct pier__name host = bed_name("h.local");
	unsigned char data[6 + PIER__NAME_MAX] = { 0, 0, 0, 0, 0, 80 };
	char name[64];
	int i, round;

	(void)state;
	memcpy(data + 6, host.bytes, host.len);
	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	restart_count();
	for (round = 0; round < 120; round++) {
		for (i = 0; i < 50; i++) {
			bed_answer(&bed);
			(void)snprintf(name, sizeof(name), "x%d." BED_TYPE, i);
			bed_ptr(&bed, BED_TYPE, 1, name);
			bed_put(&bed, name, PIER__DNS_SRV, 1, data,
				6U + host.len);
			bed_input(&bed);
		}
		pass(BED_SECOND);
		while (bed_event(&bed, &it))
			;
	}
	assert_in_range(asked, 1, 3 * PIER__MDNS_ASKS_MINUTE);
	/* Once a second at most. */
	assert_in_range(asked_type, 1, 120);
	bed_close(&bed);
}

/* What is known goes along with a question, in as many packets as it needs: they
   have their share of the bound. */
static void
known_answers_that_are_made_up_make_few_packets(void **state)
{
	unsigned int packets = 0;
	int round;

	(void)state;
	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	for (round = 0; round < test_scale(20, 5); round++)
		make_up(200 * round, 200);
	/* The row for the type is a question a minute by then. */
	pass(120 * BED_SECOND);
	for (round = 0; round < 120; round++) {
		bed_answer(&bed);
		bed_ptr(&bed, BED_TYPE, 1, "Short." BED_TYPE);
		bed_input(&bed);
		while (bed_sent(&bed, bed.now_ns + BED_SECOND))
			packets++;
	}
	assert_in_range(packets, 1, 4 * PIER__MDNS_ASKS_MINUTE);
	bed_close(&bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			names_that_are_made_up_are_asked_for_with_a_bound),
		cmocka_unit_test(a_few_names_are_asked_for_ever_less_often),
		cmocka_unit_test(who_is_there_stays_among_those_who_are_not),
		cmocka_unit_test(short_times_make_no_more_questions),
		cmocka_unit_test(
			known_answers_that_are_made_up_make_few_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
