/* SPDX-License-Identifier: MIT */
/*
 * proto/beacon_test.c - both ends of the beacon protocol on a LAN of the test's
 * own, in virtual time: what one end sends on a link, all others get, at once,
 * unless it is lost.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "os/calls.h"
#include "proto/beacon.h"
#include "proto/beacon_links.h"

#define SECOND INT64_C(1000000000)
#define HOSTS  8

struct host {
	struct pier__beacon_find *find;
	struct pier__beacon_offer *offer;
	unsigned char address;
	bool off; /* its link is down */
};

static struct {
	int64_t now;
	uint64_t chance;
	unsigned int loss; /* in a hundred */
	size_t count;
	struct host hosts[HOSTS];
	unsigned int asks, answers, tellings, goodbyes;
} lan;

static struct pier__link_id
link_id(int family)
{
	return (struct pier__link_id){ .interface = 2, .family = family };
}

static struct pier_addr
address_of(const struct host *host, uint16_t port)
{
	struct pier_addr addr;
	char text[32];

	(void)snprintf(
		text, sizeof(text), "192.0.2.%u:%u", host->address, port);
	assert_int_equal(pier_addr_parse(&addr, text), 0);
	return addr;
}

static struct pier__link_state
link_state(const struct host *host, bool up)
{
	struct pier__link_state state = { .id = link_id(AF_INET),
		.up = up,
		.name = "eth0",
		.mtu = 1500,
		.addr_count = 1 };

	state.addrs[0].addr = address_of(host, 0);
	state.addrs[0].bits = 24;
	return state;
}

static void
switch_link(struct host *host, bool up)
{
	struct pier__link_state state = link_state(host, up);

	host->off = !up;
	if (host->find != NULL)
		pier__beacon_find_link(host->find, lan.now, &state);
	if (host->offer != NULL)
		pier__beacon_offer_link(host->offer, lan.now, &state);
}

static struct host *
add_host(void)
{
	struct host *host = &lan.hosts[lan.count++];

	assert_true(lan.count <= HOSTS);
	*host = (struct host){ .address = (unsigned char)lan.count };
	return host;
}

static struct host *
add_finder(const char *type)
{
	struct host *host = add_host();

	assert_int_equal(
		pier__beacon_find_open(&host->find, type, lan.count), 0);
	switch_link(host, true);
	return host;
}

static struct host *
add_offer(const char *instance, const char *type, uint16_t port)
{
	const struct pier__beacon what = { .type = type,
		.type_len = strlen(type),
		.instance = instance,
		.instance_len = strlen(instance),
		.host = "lab",
		.host_len = 3,
		.port = port,
		.text = (const unsigned char *)"\3a=b",
		.text_len = 4 };
	struct host *host = add_host();

	assert_int_equal(
		pier__beacon_offer_open(&host->offer, &what, 77 + lan.count),
		0);
	switch_link(host, true);
	return host;
}

static void
begin(void)
{
	memset(&lan, 0, sizeof(lan));
	lan.now = 5 * SECOND;
	lan.chance = 4711;
}

static void
end(void)
{
	size_t i;

	for (i = 0; i < lan.count; i++) {
		pier__beacon_find_close(lan.hosts[i].find);
		pier__beacon_offer_close(lan.hosts[i].offer);
	}
}

static void
deliver(const struct host *from, struct host *to,
	const struct pier__sending *sending)
{
	struct pier__datagram datagram = { .link = link_id(AF_INET),
		.from = address_of(from, sending->ask ? 40000 : 17437),
		.ttl = 1,
		.to_many = sending->aim != PIER__AIM_ONE,
		.asked = sending->aim == PIER__AIM_ONE,
		.on_link = true,
		.bytes = sending->bytes,
		.len = sending->len };
	struct pier_addr own = address_of(to, 40000);

	if (to == from || to->off || from->off ||
		(sending->aim == PIER__AIM_ONE &&
			!pier_addr_equal(&own, &sending->to)) ||
		pier__beacon_chance(&lan.chance) % 100 < lan.loss)
		return;
	if (to->find != NULL)
		assert_int_equal(
			pier__beacon_find_input(to->find, lan.now, &datagram),
			0);
	if (to->offer != NULL)
		pier__beacon_offer_input(to->offer, lan.now, &datagram);
}

static void
count(const struct pier__sending *sending)
{
	struct pier__beacon beacon;

	assert_int_equal(
		pier__beacon_read(&beacon, sending->bytes, sending->len), 0);
	lan.asks += beacon.kind == PIER__BEACON_ASK;
	lan.goodbyes += beacon.kind == PIER__BEACON_GONE;
	lan.answers += beacon.kind == PIER__BEACON_HERE && beacon.token != 0;
	lan.tellings += beacon.kind == PIER__BEACON_HERE && beacon.token == 0;
}

static int
next_of(struct host *host, struct pier__sending *sending)
{
	bool answer;

	if (host->find != NULL)
		return pier__beacon_find_output(host->find, lan.now, sending);
	return pier__beacon_offer_output(
		host->offer, lan.now, sending, &answer);
}

static void
exchange(void)
{
	struct pier__sending sending;
	size_t i, j;

	for (i = 0; i < lan.count; i++)
		while (next_of(&lan.hosts[i], &sending) == 1) {
			count(&sending);
			for (j = 0; j < lan.count; j++)
				deliver(&lan.hosts[i], &lan.hosts[j], &sending);
		}
}

static int64_t
due(void)
{
	int64_t first = INT64_MAX;
	size_t i;

	for (i = 0; i < lan.count; i++) {
		int64_t at =
			lan.hosts[i].find != NULL
				? pier__beacon_find_due(lan.hosts[i].find)
				: pier__beacon_offer_due(lan.hosts[i].offer);

		if (at < first)
			first = at;
	}
	return first;
}

/* Time goes on by so many seconds. */
static void
pass(int64_t seconds)
{
	int64_t until = lan.now + seconds * SECOND;

	for (;;) {
		int64_t next;

		exchange();
		next = due();
		if (next > until || lan.now >= until)
			break;
		/* Of events that nobody asks for a moment is over. */
		lan.now = next > lan.now ? next : lan.now + SECOND / 10;
	}
	lan.now = until;
}

static void
expect(const struct host *host, enum pier__sighting_what what,
	const char *instance)
{
	struct pier__sighting seen;

	assert_int_equal(
		pier__beacon_find_event(host->find, lan.now, &seen), 1);
	assert_int_equal(seen.what, what);
	assert_string_equal(seen.instance, instance);
}

static void
expect_no_more(const struct host *host)
{
	struct pier__sighting seen;

	assert_int_equal(
		pier__beacon_find_event(host->find, lan.now, &seen), 0);
}

static void
test_found_and_gone(void **state)
{
	struct host *finder, *offer;
	struct pier__sighting seen;
	char text[64];

	(void)state;
	begin();
	offer = add_offer("Chat of Ann", "_chat._tcp", 7000);
	pass(20);
	finder = add_finder("_chat._tcp");
	pass(1);
	assert_int_equal(
		pier__beacon_find_event(finder->find, lan.now, &seen), 1);
	assert_int_equal(seen.what, PIER__SEEN);
	assert_string_equal(seen.instance, "Chat of Ann");
	assert_string_equal(seen.type, "_chat._tcp");
	assert_string_equal(seen.host, "lab");
	assert_int_equal(seen.port, 7000);
	assert_int_equal(seen.txt_len, 4);
	assert_int_equal(seen.addr_count, 1);
	assert_true(pier_addr_format(seen.addrs, text, sizeof(text)) > 0);
	assert_string_equal(text, "192.0.2.1:7000");
	expect_no_more(finder);
	pass(300);
	expect_no_more(finder);
	pier__beacon_offer_end(offer->offer);
	exchange();
	assert_int_equal(lan.goodbyes, 2);
	assert_int_equal(
		pier__beacon_find_event(finder->find, lan.now, &seen), 1);
	assert_int_equal(seen.what, PIER__GONE);
	assert_int_equal(seen.reason, PIER__GONE_GOODBYE);
	assert_string_equal(seen.instance, "Chat of Ann");
	expect_no_more(finder);
	end();
}

/* The copies of a question that come by the group and by broadcast have one
   answer, which comes before the next question. */
static void
test_one_answer(void **state)
{
	(void)state;
	begin();
	(void)add_offer("A", "_chat._tcp", 7000);
	pass(60);
	(void)add_finder("_chat._tcp");
	lan.answers = 0;
	lan.asks = 0;
	exchange();
	assert_int_equal(lan.asks, 2);
	assert_int_equal(lan.answers, 0);
	lan.now += PIER__BEACON_SPREAD_NS;
	exchange();
	assert_int_equal(lan.answers, 1);
	end();
}

/* In an hour: questions and tellings grow rare. */
static void
test_an_hour_is_quiet(void **state)
{
	(void)state;
	begin();
	(void)add_offer("A", "_chat._tcp", 7000);
	(void)add_finder("_chat._tcp");
	pass(3600);
	assert_in_range(lan.asks / 2, 60, 80);
	assert_in_range(lan.tellings / 2, 120, 150);
	end();
}

static void
test_other_types_are_not_told(void **state)
{
	struct host *finder;

	(void)state;
	begin();
	(void)add_offer("A", "_chat._tcp", 7000);
	finder = add_finder("_chat._udp");
	pass(100);
	assert_int_equal(lan.answers, 0);
	expect_no_more(finder);
	end();
}

static void
test_types(void **state)
{
	struct host *finder;
	struct pier__sighting seen;

	(void)state;
	begin();
	(void)add_offer("A", "_chat._tcp", 7000);
	finder = add_finder(NULL);
	pass(5);
	assert_int_equal(
		pier__beacon_find_event(finder->find, lan.now, &seen), 1);
	assert_int_equal(seen.what, PIER__SEEN_TYPE);
	assert_string_equal(seen.type, "_chat._tcp");
	assert_string_equal(seen.instance, "");
	end();
}

/* A host that dies says nothing. */
static void
test_expires(void **state)
{
	struct host *finder, *offer;
	struct pier__sighting seen;

	(void)state;
	begin();
	offer = add_offer("A", "_chat._tcp", 7000);
	finder = add_finder("_chat._tcp");
	pass(10);
	expect(finder, PIER__SEEN, "A");
	offer->off = true;
	pass(PIER__BEACON_HOLDS_S - 10);
	expect_no_more(finder);
	pass(40);
	assert_int_equal(
		pier__beacon_find_event(finder->find, lan.now, &seen), 1);
	assert_int_equal(seen.what, PIER__GONE);
	assert_int_equal(seen.reason, PIER__GONE_EXPIRED);
	end();
}

static void
test_a_link_goes_and_comes(void **state)
{
	struct host *finder;
	struct pier__sighting seen;
	char name[8];
	int i;

	(void)state;
	begin();
	for (i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		(void)add_offer(name, "_chat._tcp", 7000);
	}
	finder = add_finder("_chat._tcp");
	pass(5);
	for (i = 0; i < 5; i++)
		assert_int_equal(
			pier__beacon_find_event(finder->find, lan.now, &seen),
			1);
	switch_link(finder, false);
	for (i = 0; i < 5; i++) {
		assert_int_equal(
			pier__beacon_find_event(finder->find, lan.now, &seen),
			1);
		assert_int_equal(seen.what, PIER__GONE);
		assert_int_equal(seen.reason, PIER__GONE_LINK);
	}
	expect_no_more(finder);
	switch_link(finder, true);
	pass(5);
	for (i = 0; i < 5; i++)
		assert_int_equal(
			pier__beacon_find_event(finder->find, lan.now, &seen),
			1);
	expect_no_more(finder);
	end();
}

static void
test_renamed(void **state)
{
	struct host *finder, *offer;

	(void)state;
	begin();
	offer = add_offer("A", "_chat._tcp", 7000);
	finder = add_finder("_chat._tcp");
	pass(5);
	expect(finder, PIER__SEEN, "A");
	pier__beacon_offer_rename(offer->offer, lan.now, "A (2)");
	pass(1);
	expect(finder, PIER__GONE, "A");
	expect(finder, PIER__SEEN, "A (2)");
	expect_no_more(finder);
	end();
}

static void
test_its_host_is_renamed(void **state)
{
	struct host *finder, *offer;
	struct pier__sighting seen;

	(void)state;
	begin();
	offer = add_offer("A", "_chat._tcp", 7000);
	finder = add_finder("_chat._tcp");
	pass(5);
	expect(finder, PIER__SEEN, "A");
	pier__beacon_offer_move(offer->offer, lan.now, "lab-2");
	pass(1);
	assert_int_equal(
		pier__beacon_find_event(finder->find, lan.now, &seen), 1);
	assert_int_equal(seen.what, PIER__SEEN);
	assert_string_equal(seen.host, "lab-2");
	expect_no_more(finder);
	end();
}

/* Who takes the place of another says the same before that one says goodbye: the
   service was there all the time, and is said to be where it is now. */
static void
test_one_takes_the_place_of_another(void **state)
{
	struct host *finder, *old;
	struct pier__sighting seen;

	(void)state;
	begin();
	old = add_offer("A", "_chat._tcp", 7000);
	finder = add_finder("_chat._tcp");
	pass(5);
	expect(finder, PIER__SEEN, "A");
	(void)add_offer("A", "_chat._tcp", 7001);
	pass(5);
	expect(finder, PIER__SEEN, "A");
	expect_no_more(finder);
	pier__beacon_offer_end(old->offer);
	exchange();
	assert_int_equal(
		pier__beacon_find_event(finder->find, lan.now, &seen), 1);
	assert_int_equal(seen.what, PIER__SEEN);
	assert_int_equal(seen.port, 7001);
	expect_no_more(finder);
	pier__beacon_offer_end(lan.hosts[2].offer);
	exchange();
	expect(finder, PIER__GONE, "A");
	expect_no_more(finder);
	end();
}

/* A fifth is lost: all are found, and stay. */
static void
test_loss(void **state)
{
	struct host *finder;
	struct pier__sighting seen;
	char name[8];
	int i, there = 0;

	(void)state;
	begin();
	lan.loss = 20;
	for (i = 0; i < 6; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		(void)add_offer(name, "_chat._tcp", 7000);
	}
	finder = add_finder("_chat._tcp");
	for (i = 0; i < 60; i++) {
		pass(60);
		while (pier__beacon_find_event(finder->find, lan.now, &seen) ==
			1)
			there += seen.what == PIER__SEEN ? 1 : -1;
		assert_int_equal(there, 6);
	}
	end();
}

/* An answer to nobody's question, one from elsewhere. */
static void
test_strangers_are_not_heard(void **state)
{
	static const struct pier__beacon here = { .kind = PIER__BEACON_HERE,
		.holds_s = 100,
		.token = 4711,
		.id = 1,
		.type = "_chat._tcp",
		.type_len = 10,
		.instance = "Eve",
		.instance_len = 3,
		.port = 7 };
	unsigned char bytes[PIER__BEACON_MAX];
	struct pier__datagram datagram = { .link = link_id(AF_INET),
		.on_link = true,
		.asked = true,
		.bytes = bytes };
	struct pier__beacon_stats stats;
	struct host *finder;

	(void)state;
	begin();
	finder = add_finder("_chat._tcp");
	datagram.len = pier__beacon_write(bytes, &here);
	datagram.from = address_of(finder, 17437);
	assert_int_equal(
		pier__beacon_find_input(finder->find, lan.now, &datagram), 0);
	datagram.to_many = true;
	datagram.on_link = false;
	assert_int_equal(
		pier__beacon_find_input(finder->find, lan.now, &datagram), 0);
	expect_no_more(finder);
	pier__beacon_find_stats(finder->find, &stats);
	assert_int_equal(stats.received, 2);
	assert_int_equal(stats.bad, 2);
	end();
}

/* One offerer may be impersonated by numbers; the list has an end. */
static void
test_bounded(void **state)
{
	struct pier__beacon here = { .kind = PIER__BEACON_HERE,
		.holds_s = 100,
		.type = "_chat._tcp",
		.type_len = 10,
		.instance = "Eve",
		.instance_len = 3,
		.port = 7 };
	unsigned char bytes[PIER__BEACON_MAX];
	struct pier__datagram datagram = { .link = link_id(AF_INET),
		.on_link = true,
		.to_many = true,
		.bytes = bytes };
	struct pier__beacon_stats stats;
	struct host *finder;
	uint64_t i;

	(void)state;
	begin();
	finder = add_finder("_chat._tcp");
	datagram.from = address_of(finder, 17437);
	for (i = 1; i <= PIER_FIND_MAX + 3; i++) {
		here.id = i;
		datagram.len = pier__beacon_write(bytes, &here);
		assert_int_equal(pier__beacon_find_input(
					 finder->find, lan.now, &datagram),
			0);
	}
	pier__beacon_find_stats(finder->find, &stats);
	assert_int_equal(stats.refused, 3);
	end();
}

/* Every beacon that breaks a rule, and every prefix of a right one. */
static void
test_bad_ones(void **state)
{
	const struct pier__beacon here = { .kind = PIER__BEACON_HERE,
		.holds_s = 100,
		.id = 1,
		.type = "_chat._tcp",
		.type_len = 10,
		.instance = "Eve",
		.instance_len = 3,
		.port = 7 };
	unsigned char bytes[PIER__BEACON_MAX], bad[PIER__BEACON_MAX + 1];
	struct pier__beacon out;
	size_t len = pier__beacon_write(bytes, &here), i;

	(void)state;
	assert_int_equal(pier__beacon_read(&out, bytes, len), 0);
	for (i = 0; i < PIER__BEACON_HEAD; i++)
		assert_int_equal(pier__beacon_read(&out, bytes, i), -ENOMSG);
	for (; i < len; i++)
		assert_int_equal(pier__beacon_read(&out, bytes, i), -EBADMSG);
	memcpy(bad, bytes, len);
	bad[4] = 2;
	assert_int_equal(pier__beacon_read(&out, bad, len), -ENOMSG);
	memcpy(bad, bytes, len);
	bad[5] = 9;
	assert_int_equal(pier__beacon_read(&out, bad, len), -EBADMSG);
	memcpy(bad, bytes, len);
	memset(bad + 6, 0, 2);
	assert_int_equal(pier__beacon_read(&out, bad, len), -EBADMSG);
	memcpy(bad, bytes, len);
	memset(bad + 16, 0, 8);
	assert_int_equal(pier__beacon_read(&out, bad, len), -EBADMSG);
	/* An item of a later version is passed over. */
	memcpy(bad, bytes, len);
	memcpy(bad + len, "\xfe\0\2xy", 5);
	assert_int_equal(pier__beacon_read(&out, bad, len + 5), 0);
	assert_int_equal(out.port, 7);
	memset(bad + len, 0, sizeof(bad) - len);
	assert_int_equal(pier__beacon_read(&out, bad, sizeof(bad)), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_and_gone),
		cmocka_unit_test(test_one_answer),
		cmocka_unit_test(test_an_hour_is_quiet),
		cmocka_unit_test(test_other_types_are_not_told),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_expires),
		cmocka_unit_test(test_a_link_goes_and_comes),
		cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_its_host_is_renamed),
		cmocka_unit_test(test_one_takes_the_place_of_another),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_strangers_are_not_heard),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_bad_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
