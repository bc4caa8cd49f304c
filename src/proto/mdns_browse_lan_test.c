/* SPDX-License-Identifier: MIT */
/*
 * A whole link in virtual time: the browse engine among a host with a thousand
 * services, which answers as RFC 6762 section 6 says: after 20 to 120 ms, in
 * messages as large as the link takes, and not what is known. Messages are lost
 * and come twice.
 */
#include "proto/mdns_browse_bed.h"
#include "proto/mdns_cache.h"
#include "scale.h"

#define SERVICES 1000

struct lan {
	struct bed bed;
	uint64_t chance;
	uint32_t loss_percent;
	int64_t answer_ns; /* when the host answers; INT64_MAX: nobody asked */
	bool asked[SERVICES];
	bool wanted[SERVICES]; /* not among the known answers */
	bool seen[SERVICES];
	int count; /* how many there are of them */
	size_t seen_count, sent;
};

static struct lan lan;

static int
number_of(const struct pier__name *name)
{
	char text[PIER__DNS_NAME_TEXT];

	(void)pier__name_text(text, name);
	return atoi(text);
}

/* The host hears a packet of questions; those which follow have more of what is
   known (section 7.2). */
static void
host_hears(void)
{
	struct pier__dns_reader reader = lan.bed.reader;
	struct pier__name type = bed_name(BED_TYPE), target;
	struct pier__dns_ask ask;
	struct pier__dns_record record;
	enum pier__dns_section section;
	int i;

	while (pier__dns_next_ask(&reader, &ask) > 0) {
		bool all = pier__name_equal(&ask.name, &type);

		for (i = 0; all && i < lan.count; i++)
			lan.wanted[i] = true;
		if (!all && number_of(&ask.name) < SERVICES)
			lan.wanted[number_of(&ask.name)] = true;
		if (lan.answer_ns == INT64_MAX)
			lan.answer_ns = lan.bed.now_ns + 20 * BED_MS +
					pier__mdns_chance(&lan.chance,
						100 * (uint32_t)BED_MS);
	}
	while (pier__dns_next_record(&reader, &section, &record) > 0)
		if (pier__dns_name_get(&target, record.data, record.len) == 0)
			lan.wanted[number_of(&target)] = false;
}

static bool
is_lost(void)
{
	return pier__mdns_chance(&lan.chance, 100) < lan.loss_percent;
}

static void
host_sends(void)
{
	if (!is_lost())
		bed_input(&lan.bed);
	/* Some come twice. */
	if (pier__mdns_chance(&lan.chance, 10) == 0)
		bed_input(&lan.bed);
}

static void
host_answers(void)
{
	int i, in_packet = 0;
	char name[64];

	lan.answer_ns = INT64_MAX;
	for (i = 0; i < lan.count; i++) {
		if (!lan.wanted[i])
			continue;
		lan.wanted[i] = false;
		if (in_packet++ == 0)
			bed_answer(&lan.bed);
		(void)snprintf(name, sizeof(name), "%d." BED_TYPE, i);
		bed_ptr(&lan.bed, BED_TYPE, 4500, name);
		bed_srv(&lan.bed, name, (uint16_t)(1000 + i), "h.local");
		bed_txt(&lan.bed, name, "a=b");
		bed_ip4(&lan.bed, "h.local", "\xc0\0\2\1");
		if (in_packet == 12) {
			host_sends();
			in_packet = 0;
		}
	}
	if (in_packet > 0)
		host_sends();
}

static void
look(void)
{
	struct pier__sighting it;

	while (bed_event(&lan.bed, &it)) {
		int number = atoi(it.instance);
		bool there = it.what == PIER__SEEN;

		assert_in_range(number, 0, lan.count - 1);
		assert_int_equal(lan.seen[number], !there);
		assert_true(!there || it.port == 1000 + number);
		lan.seen[number] = there;
		lan.seen_count += there ? 1 : -(size_t)1;
	}
}

/* The link for so long. */
static void
run(int64_t until_ns)
{
	while (lan.bed.now_ns < until_ns) {
		int64_t next =
			lan.answer_ns < until_ns ? lan.answer_ns : until_ns;

		while (bed_sent(&lan.bed, next)) {
			lan.sent++;
			if (!is_lost())
				host_hears();
			if (lan.answer_ns < next)
				next = lan.answer_ns;
		}
		if (lan.bed.now_ns >= lan.answer_ns)
			host_answers();
		look();
	}
}

static void
begin(uint32_t loss_percent, int count)
{
	memset(&lan, 0, sizeof(lan));
	lan.chance = 99;
	lan.loss_percent = loss_percent;
	lan.count = count;
	lan.answer_ns = INT64_MAX;
	bed_open(&lan.bed, "_s._tcp");
}

static void
a_thousand_services_are_found_at_once(void **state)
{
	int64_t begun;

	(void)state;
	begin(0, SERVICES);
	begun = lan.bed.now_ns;
	run(begun + 240 * BED_MS);
	assert_int_equal(lan.seen_count, SERVICES);
	/* And in the minute that follows nobody is asked for what is known: the
	   known answers are all that makes a noise. */
	lan.sent = 0;
	run(begun + 60 * BED_SECOND);
	assert_in_range(lan.sent, 6, 400);
	bed_close(&lan.bed);
}

static void
a_fifth_of_all_messages_may_be_lost(void **state)
{
	int64_t begun;

	(void)state;
	begin(20, SERVICES);
	begun = lan.bed.now_ns;
	run(begun + 64 * BED_SECOND);
	assert_int_equal(lan.seen_count, SERVICES);
	bed_close(&lan.bed);
}

/* Who is there is asked for four times before his records run out. */
static void
half_of_all_messages_may_be_lost(void **state)
{
	int64_t begun;

	(void)state;
	begin(50, test_scale(SERVICES, SERVICES / 4));
	begun = lan.bed.now_ns;
	run(begun + 300 * BED_SECOND);
	assert_in_range(lan.seen_count, lan.count * 8 / 10, lan.count);
	/* The host is switched off. */
	lan.loss_percent = 100;
	lan.answer_ns = INT64_MAX;
	run(lan.bed.now_ns + 120 * BED_SECOND);
	assert_int_equal(lan.seen_count, 0);
	bed_close(&lan.bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_services_are_found_at_once),
		cmocka_unit_test(a_fifth_of_all_messages_may_be_lost),
		cmocka_unit_test(half_of_all_messages_may_be_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
