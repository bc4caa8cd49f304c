/* SPDX-License-Identifier: MIT */
/*
 * What follows from answers, in virtual time: who is there, who has gone, and
 * who is not believed.
 */
#include "proto/mdns_browse_bed.h"
#include "scale.h"

static struct bed bed;

static void
expect_one(struct pier__sighting *it, uint16_t port)
{
	assert_true(bed_event(&bed, it));
	assert_int_equal(it->what, PIER__SEEN);
	assert_int_equal(it->link.interface, BED_LINK);
	assert_string_equal(it->instance, "One");
	assert_string_equal(it->type, "_s._tcp");
	assert_string_equal(it->domain, "local");
	assert_string_equal(it->host, "h.local");
	assert_int_equal(it->port, port);
	assert_int_equal(it->txt_len, 4);
	assert_memory_equal(it->txt, "\3a=b", 4);
	assert_true(it->addr_count >= 1);
	assert_int_equal(pier_addr_port(&it->addrs[0]), port);
}

static void
expect_gone(enum pier__gone_reason reason)
{
	struct pier__sighting it;

	assert_true(bed_event(&bed, &it));
	assert_int_equal(it.what, PIER__GONE);
	assert_int_equal(it.reason, reason);
	assert_string_equal(it.instance, "One");
	assert_false(bed_event(&bed, &it));
}

static void
expect_nothing(void)
{
	struct pier__sighting it;

	assert_false(bed_event(&bed, &it));
}

/* An engine that has asked, and been told of "One". */
static void
open_with_one(void)
{
	struct pier__sighting it;

	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	bed_one(&bed);
	expect_one(&it, 80);
	expect_nothing();
}

static void
a_service_is_told_with_all_that_is_known(void **state)
{
	struct pier__sighting it;

	(void)state;
	open_with_one();
	/* Who could not take it in is told again. */
	bed_one(&bed);
	bed_answer(&bed);
	bed_srv(&bed, "One." BED_TYPE, 81, "h.local");
	bed_input(&bed);
	expect_one(&it, 81);
	pier__mdns_browse_event_again(bed.browse);
	expect_one(&it, 81);
	expect_nothing();
	bed_close(&bed);
	open_with_one();
	/* The same again is no news. */
	bed_one(&bed);
	expect_nothing();
	/* One address more is. */
	bed_answer(&bed);
	bed_put(&bed, "h.local", PIER__DNS_AAAA, 120,
		"\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	bed_input(&bed);
	expect_one(&it, 80);
	assert_int_equal(it.addr_count, 2);
	assert_int_equal(pier_addr_family(&it.addrs[0]), AF_INET6);
	assert_int_equal(it.addrs[0].u.in6.sin6_scope_id, BED_LINK);
	expect_nothing();
	bed_close(&bed);
}

/* Records that make others matter may come behind them. */
static void
the_order_in_a_message_is_all_the_same(void **state)
{
	struct pier__sighting it;

	(void)state;
	bed_open(&bed, "_S._TCP");
	bed_answer(&bed);
	bed_ip4(&bed, "H.local", "\xc0\0\2\1");
	bed_txt(&bed, "ONE." BED_TYPE, "a=b");
	bed_srv(&bed, "one." BED_TYPE, 80, "h.local");
	bed_ptr(&bed, "_S._tcp.LOCAL", 4500, "One." BED_TYPE);
	bed_input(&bed);
	expect_one(&it, 80);
	bed_close(&bed);
}

/* RFC 6762 section 10.1. */
static void
a_goodbye_is_believed_after_a_second(void **state)
{
	(void)state;
	open_with_one();
	bed_answer(&bed);
	bed_ptr(&bed, BED_TYPE, 0, "One." BED_TYPE);
	bed_input(&bed);
	bed_pass(&bed, BED_SECOND - 1);
	expect_nothing();
	bed_pass(&bed, 1);
	expect_gone(PIER__GONE_GOODBYE);
	bed_close(&bed);
}

static void
who_is_silent_has_gone(void **state)
{
	(void)state;
	open_with_one();
	bed_pass(&bed, 120 * BED_SECOND - 1);
	expect_nothing();
	/* Its SRV record has run out, whatever was said of the name. */
	bed_pass(&bed, 1);
	expect_gone(PIER__GONE_EXPIRED);
	/* It is there again. */
	bed_one(&bed);
	expect_one(&(struct pier__sighting){ .by = 0 }, 80);
	bed_close(&bed);
}

/* Section 10.2: a new record with the flush bit takes the place of the old. */
static void
what_has_changed_is_told_again(void **state)
{
	struct pier__sighting it;

	(void)state;
	open_with_one();
	bed_pass(&bed, 2 * BED_SECOND);
	bed_answer(&bed);
	bed_srv(&bed, "One." BED_TYPE, 81, "h.local");
	bed_input(&bed);
	expect_one(&it, 81);
	bed_pass(&bed, 2 * BED_SECOND);
	expect_nothing();
	bed_answer(&bed);
	bed_ip4(&bed, "h.local", "\xc0\0\2\2");
	bed_input(&bed);
	expect_one(&it, 81);
	assert_int_equal(it.addr_count, 2);
	bed_pass(&bed, BED_SECOND);
	expect_one(&it, 81);
	assert_int_equal(it.addr_count, 1);
	expect_nothing();
	bed_close(&bed);
}

/* Another host: its address is waited for, and the old one's forgotten. */
static void
a_service_may_move(void **state)
{
	struct pier__sighting it;

	(void)state;
	open_with_one();
	bed_pass(&bed, 2 * BED_SECOND);
	bed_answer(&bed);
	bed_srv(&bed, "One." BED_TYPE, 80, "other.local");
	bed_input(&bed);
	expect_nothing();
	bed_answer(&bed);
	bed_ip4(&bed, "other.local", "\xc0\0\2\3");
	bed_input(&bed);
	assert_true(bed_event(&bed, &it));
	assert_int_equal(it.what, PIER__SEEN);
	assert_string_equal(it.host, "other.local");
	assert_int_equal(it.addr_count, 1);
	bed_close(&bed);
}

static void
a_link_takes_along_what_was_on_it(void **state)
{
	(void)state;
	open_with_one();
	bed_link(&bed, BED_LINK, AF_INET, false);
	expect_gone(PIER__GONE_LINK);
	bed_one(&bed);
	expect_nothing();
	bed_link(&bed, BED_LINK, AF_INET, true);
	bed_one(&bed);
	expect_one(&(struct pier__sighting){ .by = 0 }, 80);
	bed_close(&bed);
}

/* "One" in an answer that is changed, by change; is it believed? */
static bool
believed(void (*change)(struct pier__datagram *it))
{
	struct pier__datagram it;
	struct pier__sighting seen;
	bool is;

	bed_open(&bed, "_s._tcp");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	bed_answer(&bed);
	bed_ptr(&bed, BED_TYPE, 4500, "One." BED_TYPE);
	bed_srv(&bed, "One." BED_TYPE, 80, "h.local");
	bed_txt(&bed, "One." BED_TYPE, "a=b");
	bed_ip4(&bed, "h.local", "\xc0\0\2\1");
	it = bed_datagram(&bed);
	change(&it);
	assert_int_equal(
		pier__mdns_browse_input(bed.browse, bed.now_ns, &it), 0);
	is = bed_event(&bed, &seen);
	bed_close(&bed);
	return is;
}

static void
by_the_rules(struct pier__datagram *it)
{
	(void)it;
}

/* The address of a neighbour of another network: section 11. */
static void
of_another_network(struct pier__datagram *it)
{
	it->on_link = false;
}

static void
from_another_port(struct pier__datagram *it)
{
	(void)pier_addr_set_port(&it->from, 5354);
}

static void
with_opcode(struct pier__datagram *it)
{
	(void)it;
	bed.bytes[2] |= 0x08;
}

static void
with_code(struct pier__datagram *it)
{
	(void)it;
	bed.bytes[3] |= 3;
}

static void
as_question(struct pier__datagram *it)
{
	(void)it;
	bed.bytes[2] &= 0x7f;
}

static void
cut_short(struct pier__datagram *it)
{
	it->len--;
}

static void
on_another_link(struct pier__datagram *it)
{
	it->link.interface++;
}

static void
to_us_alone(struct pier__datagram *it)
{
	it->to_many = false;
}

static void
answers_the_question(struct pier__datagram *it)
{
	it->to_many = false;
	it->asked = true;
	bed.bytes[0] = (unsigned char)(bed.reader.head.id >> 8);
	bed.bytes[1] = (unsigned char)bed.reader.head.id;
}

static void
answers_from_afar(struct pier__datagram *it)
{
	answers_the_question(it);
	it->on_link = false;
}

static void
answers_another(struct pier__datagram *it)
{
	answers_the_question(it);
	bed.bytes[1] ^= 1;
}

/* Sections 6, 6.7, 11, 18.1, 18.3 and 18.11. */
static void
who_breaks_the_rules_is_not_believed(void **state)
{
	(void)state;
	assert_true(believed(by_the_rules));
	assert_true(believed(of_another_network));
	assert_true(believed(answers_the_question));
	assert_false(believed(answers_from_afar));
	assert_false(believed(answers_another));
	assert_false(believed(to_us_alone));
	assert_false(believed(from_another_port));
	assert_false(believed(with_opcode));
	assert_false(believed(with_code));
	assert_false(believed(as_question));
	assert_false(believed(cut_short));
	assert_false(believed(on_another_link));
}

static void
other_types_are_passed_over(void **state)
{
	(void)state;
	bed_open(&bed, "_s._tcp");
	bed_answer(&bed);
	bed_ptr(&bed, "_t._tcp.local", 4500, "One._t._tcp.local");
	bed_ptr(&bed, BED_TYPE, 4500, "One._t._tcp.local");
	bed_ptr(&bed, BED_TYPE, 4500, BED_TYPE);
	bed_input(&bed);
	expect_nothing();
	bed_close(&bed);
}

/* RFC 6763 section 7.1: asked for by one name, and named by another. */
static void
subtypes_name_instances_of_the_type(void **state)
{
	(void)state;
	bed_open(&bed, "_s._tcp,_p");
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	assert_true(bed_asks(&bed, "_p._sub." BED_TYPE, PIER__DNS_PTR));
	bed_answer(&bed);
	bed_ptr(&bed, "_p._sub." BED_TYPE, 4500, "One." BED_TYPE);
	bed_srv(&bed, "One." BED_TYPE, 80, "h.local");
	bed_txt(&bed, "One." BED_TYPE, "a=b");
	bed_ip4(&bed, "h.local", "\xc0\0\2\1");
	bed_input(&bed);
	expect_one(&(struct pier__sighting){ .by = 0 }, 80);
	bed_close(&bed);
}

/* RFC 6763 section 9. */
static void
types_are_enumerated(void **state)
{
	struct pier__sighting it;

	(void)state;
	bed_open(&bed, NULL);
	assert_true(bed_sent(&bed, bed.now_ns + BED_SECOND));
	assert_true(bed_asks(&bed, PIER__DNSSD_TYPES ".local", PIER__DNS_PTR));
	bed_answer(&bed);
	bed_ptr(&bed, PIER__DNSSD_TYPES ".local", 4500, BED_TYPE);
	bed_ptr(&bed, PIER__DNSSD_TYPES ".local", 4500, "nonsense.local");
	bed_input(&bed);
	assert_true(bed_event(&bed, &it));
	assert_int_equal(it.what, PIER__SEEN_TYPE);
	assert_string_equal(it.instance, "");
	assert_string_equal(it.type, "_s._tcp");
	assert_string_equal(it.domain, "local");
	expect_nothing();
	bed_close(&bed);
}

/* A host that makes up names: what it takes has a bound, and who was there before
   stays. */
static void
a_flood_of_names_has_a_bound(void **state)
{
	struct pier__mdns_browse_stats stats;
	char name[64];
	int i, sent, packets = test_scale(100, 50);

	(void)state;
	open_with_one();
	for (i = 0; i < packets; i++) {
		bed_answer(&bed);
		for (sent = 0; sent < 100; sent++) {
			(void)snprintf(name, sizeof(name), "x%d-%d." BED_TYPE,
				i, sent);
			bed_ptr(&bed, BED_TYPE, 4500, name);
		}
		bed_input(&bed);
	}
	pier__mdns_browse_stats(bed.browse, &stats);
	assert_int_equal(stats.received, packets + 1);
	assert_int_equal(
		stats.refused, packets * 100 - (PIER__MDNS_INSTANCES_MAX - 1));
	bed_pass(&bed, 119 * BED_SECOND);
	expect_nothing();
	bed_one(&bed);
	bed_answer(&bed);
	bed_srv(&bed, "One." BED_TYPE, 82, "h.local");
	bed_input(&bed);
	expect_one(&(struct pier__sighting){ .by = 0 }, 82);
	bed_close(&bed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_is_told_with_all_that_is_known),
		cmocka_unit_test(the_order_in_a_message_is_all_the_same),
		cmocka_unit_test(a_goodbye_is_believed_after_a_second),
		cmocka_unit_test(who_is_silent_has_gone),
		cmocka_unit_test(what_has_changed_is_told_again),
		cmocka_unit_test(a_service_may_move),
		cmocka_unit_test(a_link_takes_along_what_was_on_it),
		cmocka_unit_test(who_breaks_the_rules_is_not_believed),
		cmocka_unit_test(other_types_are_passed_over),
		cmocka_unit_test(subtypes_name_instances_of_the_type),
		cmocka_unit_test(types_are_enumerated),
		cmocka_unit_test(a_flood_of_names_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
