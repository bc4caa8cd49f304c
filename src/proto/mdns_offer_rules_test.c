/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_offer_rules_test.c - what RFC 6762 asks of a responder, rule by rule:
 * one engine in virtual time, each of its packets, and messages of hosts that are
 * not there.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/mdns_offer.h"

#define SECOND   INT64_C(1000000000)
#define MS       INT64_C(1000000)
#define TYPE     "_s._tcp.local"
#define INSTANCE "One." TYPE

static struct {
	struct pier__mdns_offer *offer;
	int64_t now, sent;
	struct pier__sending sending;
	struct pier__mdns_offer_event event;
	struct pier__dns_reader reader; /* of the packet that left last */
	/* A message that is put together */
	struct pier__dns_writer writer;
	unsigned char bytes[1500];
} bed;

static void
link_up(unsigned int interface, const char *address)
{
	struct pier__link_state state = { .id = { interface, AF_INET },
		.up = true,
		.mtu = 1500,
		.addr_count = 1 };

	assert_int_equal(pier_addr_parse(&state.addrs[0].addr, address), 0);
	assert_int_equal(pier__mdns_offer_link(bed.offer, bed.now, &state), 0);
}

static void
begin(void)
{
	const struct pier__mdns_offer_opts opts = { .instance = "One",
		.type = "_s._tcp",
		.host = "h",
		.port = 80,
		.seed = 42 };
	const char *why;

	memset(&bed, 0, sizeof(bed));
	bed.now = 1000 * SECOND;
	assert_int_equal(pier__mdns_offer_open(&bed.offer, &opts, &why), 0);
	link_up(2, "192.0.2.1");
}

static void
end(void)
{
	pier__mdns_offer_close(bed.offer);
}

/* Lets time pass until a packet leaves, up to that moment. */
static bool
leaves(int64_t ns)
{
	int64_t until = bed.now + ns;

	for (;;) {
		int64_t due;

		if (pier__mdns_offer_output(
			    bed.offer, bed.now, &bed.sending, &bed.event)) {
			assert_int_equal(
				pier__dns_check(&bed.reader, bed.sending.bytes,
					bed.sending.len),
				0);
			bed.sent = bed.now;
			return true;
		}
		due = pier__mdns_offer_due(bed.offer);
		if (due > until) {
			bed.now = until;
			return false;
		}
		assert_true(due > bed.now);
		bed.now = due;
	}
}

static void
settle(void)
{
	while (leaves(20 * SECOND))
		;
}

static struct pier__name
name(const char *text)
{
	struct pier__name out;

	assert_int_equal(pier__name_parse(&out, text), 0);
	return out;
}

/* How many records of that kind are in the packet that left; the last of them. */
static unsigned int
has(enum pier__dns_section in, const char *owner, uint16_t type,
	struct pier__dns_record *out)
{
	struct pier__name wanted = name(owner);
	struct pier__dns_reader reader = bed.reader;
	enum pier__dns_section section;
	struct pier__dns_record record;
	unsigned int count = 0;

	*out = (struct pier__dns_record){ .type = 0 };
	while (pier__dns_next_record(&reader, &section, &record) == 1)
		if (section == in && record.type == type &&
			pier__name_equal(&record.name, &wanted)) {
			count++;
			*out = record;
		}
	out->data = NULL;
	return count;
}

static void
message(uint16_t flags)
{
	pier__dns_write_begin(
		&bed.writer, bed.bytes, sizeof(bed.bytes), 0, flags);
}

static void
put_ask(const char *owner, uint16_t type, bool unicast)
{
	const struct pier__dns_ask ask = { name(owner), type,
		PIER__DNS_CLASS_IN, unicast };

	assert_int_equal(pier__dns_write_ask(&bed.writer, &ask), 0);
}

static void
put(enum pier__dns_section section, const char *owner, uint16_t type,
	uint32_t ttl_s, const void *data, size_t len)
{
	const struct pier__dns_record record = { .name = name(owner),
		.type = type,
		.class = PIER__DNS_CLASS_IN,
		.ttl_s = ttl_s,
		.data = data,
		.len = len };

	assert_int_equal(
		pier__dns_write_record(&bed.writer, section, &record), 0);
}

/* A service of that name at another port; port 80 of h.local is ours. */
static void
put_srv(enum pier__dns_section section, uint16_t port)
{
	const struct pier__dns_srv srv = { 0, 0, port, name("h.local") };
	unsigned char data[6 + PIER__NAME_MAX];

	put(section, INSTANCE, PIER__DNS_SRV, 120, data,
		pier__dns_srv_put(data, &srv));
}

static void
comes(unsigned int interface, uint16_t port, bool on_link)
{
	struct pier__datagram it = { .link = { interface, AF_INET },
		.ttl = 255,
		.to_many = true,
		.on_link = on_link,
		.bytes = bed.bytes,
		.len = pier__dns_write_end(&bed.writer) };

	assert_int_equal(pier_addr_parse(&it.from, "192.0.2.9"), 0);
	(void)pier_addr_set_port(&it.from, port);
	pier__mdns_offer_input(bed.offer, bed.now, &it);
}

static void
ask(const char *owner, uint16_t type, bool unicast)
{
	message(0);
	put_ask(owner, type, unicast);
	comes(2, PIER__MDNS_PORT, true);
}

/* Three, within 250 ms and then 250 ms apart, for any record of both names, with
   what is proposed; meanwhile nobody is answered (8.1). */
static void
test_probes(void **state)
{
	struct pier__dns_record record;
	struct pier__dns_ask question;
	int64_t begun, last = 0;
	int i;

	(void)state;
	begin();
	begun = bed.now;
	for (i = 0; i < 3; i++) {
		assert_true(leaves(SECOND));
		assert_int_equal(bed.event.what, PIER__MDNS_PROBED);
		assert_int_equal(bed.reader.head.id, 0);
		assert_int_equal(bed.reader.head.flags, 0);
		assert_int_equal(pier__dns_next_ask(&bed.reader, &question), 1);
		assert_int_equal(question.type, PIER__DNS_ANY);
		assert_int_equal(has(PIER__DNS_AUTHORITY, INSTANCE,
					 PIER__DNS_SRV, &record),
			1);
		assert_false(record.flush);
		assert_int_equal(has(PIER__DNS_AUTHORITY, "h.local",
					 PIER__DNS_A, &record),
			1);
		if (i == 0)
			assert_in_range(bed.sent - begun, 0, 250 * MS);
		else
			assert_int_equal(bed.sent - last, 250 * MS);
		last = bed.sent;
		ask(INSTANCE, PIER__DNS_SRV, false);
	}
	assert_true(leaves(SECOND));
	assert_int_equal(bed.event.what, PIER__MDNS_TOLD);
	assert_int_equal(bed.sent - last, 250 * MS);
	end();
}

/* What is told: flush bits where it is ours alone, and the TTLs of section 10. */
static void
test_what_is_told(void **state)
{
	struct pier__dns_record record;

	(void)state;
	begin();
	while (leaves(SECOND) && bed.event.what == PIER__MDNS_PROBED)
		;
	assert_int_equal(bed.reader.head.flags,
		PIER__DNS_RESPONSE | PIER__DNS_AUTHORITATIVE);
	assert_int_equal(bed.reader.head.questions, 0);
	assert_int_equal(
		has(PIER__DNS_ANSWER, TYPE, PIER__DNS_PTR, &record), 1);
	assert_false(record.flush);
	assert_int_equal(record.ttl_s, 4500);
	assert_int_equal(
		has(PIER__DNS_ANSWER, INSTANCE, PIER__DNS_SRV, &record), 1);
	assert_true(record.flush);
	assert_int_equal(record.ttl_s, 120);
	/* One empty string, where there is no text (RFC 6763 section 6.1). */
	assert_int_equal(
		has(PIER__DNS_ANSWER, INSTANCE, PIER__DNS_TXT, &record), 1);
	assert_int_equal(record.len, 1);
	assert_int_equal(record.ttl_s, 4500);
	assert_int_equal(
		has(PIER__DNS_ANSWER, "h.local", PIER__DNS_A, &record), 1);
	assert_int_equal(record.ttl_s, 120);
	end();
}

/* No record twice within a second, also when another one is asked for meanwhile
   (6). */
static void
test_once_a_second(void **state)
{
	struct pier__dns_record record;
	int64_t first;

	(void)state;
	begin();
	settle();
	ask(TYPE, PIER__DNS_PTR, false);
	assert_true(leaves(SECOND));
	first = bed.sent;
	ask(TYPE, PIER__DNS_PTR, false);
	assert_false(leaves(300 * MS));
	ask("h.local", PIER__DNS_A, false);
	assert_true(leaves(0));
	assert_int_equal(
		has(PIER__DNS_ANSWER, TYPE, PIER__DNS_PTR, &record), 0);
	assert_int_equal(
		has(PIER__DNS_ANSWER, "h.local", PIER__DNS_A, &record), 1);
	assert_true(leaves(SECOND));
	assert_int_equal(
		has(PIER__DNS_ANSWER, TYPE, PIER__DNS_PTR, &record), 1);
	assert_int_equal(bed.sent - first, SECOND);
	end();
}

/* But a probe is answered after 250 ms: it would have the name else. */
static void
test_defence(void **state)
{
	struct pier__dns_record record;
	int64_t first;

	(void)state;
	begin();
	settle();
	ask(INSTANCE, PIER__DNS_SRV, false);
	assert_true(leaves(0));
	first = bed.sent;
	message(0);
	put_ask(INSTANCE, PIER__DNS_ANY, false);
	put_srv(PIER__DNS_AUTHORITY, 81);
	comes(2, PIER__MDNS_PORT, true);
	do
		assert_true(leaves(SECOND));
	while (has(PIER__DNS_ANSWER, INSTANCE, PIER__DNS_SRV, &record) == 0);
	assert_int_equal(bed.sent - first, 250 * MS);
	end();
}

static void
want_host(const char *address, uint16_t type, const void *data, size_t len)
{
	struct pier_addr addr;

	assert_int_equal(pier_addr_parse(&addr, address), 0);
	put_ask("h.local", PIER__DNS_ANY, false);
	put(PIER__DNS_AUTHORITY, "h.local", PIER__DNS_A, 120,
		&addr.u.in.sin_addr, sizeof(addr.u.in.sin_addr));
	if (data != NULL)
		put(PIER__DNS_AUTHORITY, "h.local", type, 120, data, len);
}

/* Another responder of this machine may have the host's name too, if it means the
   same: it hears nothing of the name while it probes. */
static void
test_host_is_shared(void **state)
{
	struct pier__dns_record record;
	int64_t first;

	(void)state;
	begin();
	settle();
	first = bed.now;
	message(0);
	put_ask(INSTANCE, PIER__DNS_ANY, false);
	want_host("192.0.2.1", 0, NULL, 0);
	comes(2, PIER__MDNS_PORT, true);
	/* What else it asks for is answered at once. */
	assert_true(leaves(0));
	assert_int_equal(
		has(PIER__DNS_ANSWER, INSTANCE, PIER__DNS_SRV, &record), 1);
	assert_int_equal(
		has(PIER__DNS_ADDITIONAL, "h.local", PIER__DNS_A, &record), 0);
	assert_int_equal(
		has(PIER__DNS_ADDITIONAL, "h.local", PIER__DNS_NSEC, &record),
		0);
	ask("h.local", PIER__DNS_A, false);
	assert_true(leaves(2 * SECOND));
	assert_int_equal(
		has(PIER__DNS_ANSWER, "h.local", PIER__DNS_A, &record), 1);
	assert_int_equal(bed.sent - first, SECOND);
	end();
}

/* Both come at the same time: we have our names first, but the host's is told when
   the other has it too. */
static void
test_host_is_shared_from_the_start(void **state)
{
	struct pier__dns_record record;
	int64_t probed;

	(void)state;
	begin();
	assert_true(leaves(SECOND));
	message(0);
	want_host("192.0.2.1", 0, NULL, 0);
	comes(2, PIER__MDNS_PORT, true);
	probed = bed.now;
	do
		assert_true(leaves(SECOND));
	while (bed.event.what != PIER__MDNS_TOLD);
	assert_int_equal(
		has(PIER__DNS_ANSWER, INSTANCE, PIER__DNS_SRV, &record), 1);
	assert_int_equal(
		has(PIER__DNS_ANSWER, "h.local", PIER__DNS_A, &record), 0);
	while (has(PIER__DNS_ANSWER, "h.local", PIER__DNS_A, &record) == 0)
		assert_true(leaves(SECOND));
	assert_int_equal(bed.sent - probed, SECOND);
	end();
}

/* But with other addresses, or more than these, it would have the name alone. */
static void
wants_the_host(const char *address, uint16_t type, const void *data, size_t len)
{
	struct pier__dns_record record;

	begin();
	settle();
	message(0);
	want_host(address, type, data, len);
	comes(2, PIER__MDNS_PORT, true);
	assert_true(leaves(0));
	assert_int_equal(
		has(PIER__DNS_ANSWER, "h.local", PIER__DNS_A, &record), 1);
	end();
}

static void
test_host_is_defended(void **state)
{
	static const unsigned char other[] = { 192, 0, 2, 9 };

	(void)state;
	wants_the_host("192.0.2.9", 0, NULL, 0);
	wants_the_host("192.0.2.1", PIER__DNS_A, other, sizeof(other));
	wants_the_host("192.0.2.1", PIER__DNS_TXT, "", 1);
}

/* Who probes without an end does not keep it from others. */
static void
test_quiet_has_an_end(void **state)
{
	struct pier__dns_record record;
	unsigned int i, said = 0;

	(void)state;
	begin();
	settle();
	for (i = 0; i < 100; i++) {
		message(0);
		want_host("192.0.2.1", 0, NULL, 0);
		comes(2, PIER__MDNS_PORT, true);
		ask("h.local", PIER__DNS_A, false);
		while (leaves(100 * MS))
			said += has(PIER__DNS_ANSWER, "h.local", PIER__DNS_A,
				&record);
	}
	assert_in_range(said, 6, 12);
	end();
}

/* Two probe at once: who has the later data goes on, the other waits a second
   (8.2). */
static void
tie(uint16_t their_port, int64_t least, int64_t most)
{
	int64_t last;

	begin();
	assert_true(leaves(SECOND));
	last = bed.sent;
	message(0);
	put_ask(INSTANCE, PIER__DNS_ANY, false);
	put_srv(PIER__DNS_AUTHORITY, their_port);
	/* Of equal records those which are fewer lose. */
	put(PIER__DNS_AUTHORITY, INSTANCE, PIER__DNS_TXT, 4500, "", 1);
	comes(2, PIER__MDNS_PORT, true);
	assert_true(leaves(2 * SECOND));
	assert_int_equal(bed.event.what, PIER__MDNS_PROBED);
	assert_in_range(bed.sent - last, least, most);
	end();
}

static void
test_tie_break(void **state)
{
	(void)state;
	tie(79, 250 * MS, 250 * MS);
	tie(80, 250 * MS, 250 * MS); /* it is the same service */
	tie(81, SECOND, 1250 * MS);
}

/* Who wants it alone has it so while the others know it (5.4). */
static void
test_unicast(void **state)
{
	(void)state;
	begin();
	settle();
	ask("h.local", PIER__DNS_A, false);
	assert_true(leaves(SECOND));
	assert_int_equal(bed.sending.aim, PIER__AIM_GROUP);
	ask("h.local", PIER__DNS_A, true);
	assert_true(leaves(SECOND));
	assert_int_equal(bed.sending.aim, PIER__AIM_ONE);
	assert_int_equal(pier_addr_port(&bed.sending.to), PIER__MDNS_PORT);
	assert_false(leaves(31 * SECOND));
	ask("h.local", PIER__DNS_A, true);
	assert_true(leaves(SECOND));
	assert_int_equal(bed.sending.aim, PIER__AIM_GROUP);
	end();
}

/* A query that has more known answers than one packet: the rest is waited for
   (7.2). */
static void
test_rest_of_what_is_known(void **state)
{
	struct pier__name instance = name(INSTANCE);
	int64_t asked;

	(void)state;
	begin();
	settle();
	message(PIER__DNS_TRUNCATED);
	put_ask(TYPE, PIER__DNS_PTR, false);
	comes(2, PIER__MDNS_PORT, true);
	assert_false(leaves(300 * MS));
	message(0);
	put(PIER__DNS_ANSWER, TYPE, PIER__DNS_PTR, 4500, instance.bytes,
		instance.len);
	comes(2, PIER__MDNS_PORT, true);
	assert_false(leaves(2 * SECOND));
	message(PIER__DNS_TRUNCATED);
	put_ask(TYPE, PIER__DNS_PTR, false);
	asked = bed.now;
	comes(2, PIER__MDNS_PORT, true);
	assert_true(leaves(2 * SECOND));
	assert_in_range(bed.sent - asked, 400 * MS, 500 * MS);
	end();
}

/* Off the link, of another kind, in error, or no answer of this protocol: without
   any effect (11, 18.3, 18.11, 6). */
static void
test_strangers(void **state)
{
	(void)state;
	begin();
	settle();
	message(0);
	put_ask(INSTANCE, PIER__DNS_SRV, false);
	comes(2, PIER__MDNS_PORT, false);
	comes(3, PIER__MDNS_PORT, true);
	message(0x1000);
	put_ask(INSTANCE, PIER__DNS_SRV, false);
	comes(2, PIER__MDNS_PORT, true);
	message(3);
	put_ask(INSTANCE, PIER__DNS_SRV, false);
	comes(2, PIER__MDNS_PORT, true);
	message(PIER__DNS_RESPONSE);
	put_srv(PIER__DNS_ANSWER, 81);
	comes(2, 40000, true);
	message(PIER__DNS_RESPONSE);
	put_srv(PIER__DNS_ANSWER, 80);
	comes(2, PIER__MDNS_PORT, true);
	assert_false(leaves(2 * SECOND));
	assert_string_equal(pier__mdns_offer_instance(bed.offer), "One");
	end();
}

/* One who claims each name that we try cannot make us flood the link (8.1). */
static void
test_conflicts_slow_down(void **state)
{
	const struct pier__dns_srv srv = { 0, 0, 81, name("x.local") };
	unsigned char data[6 + PIER__NAME_MAX];
	int64_t until;
	int probes = 0;

	(void)state;
	begin();
	until = bed.now + 60 * SECOND;
	while (leaves(10 * SECOND) && bed.now < until) {
		char text[PIER__LABEL_MAX + sizeof(TYPE) + 1];

		if (bed.event.what != PIER__MDNS_PROBED)
			continue;
		probes++;
		(void)snprintf(text, sizeof(text), "%s." TYPE,
			pier__mdns_offer_instance(bed.offer));
		message(PIER__DNS_RESPONSE);
		put(PIER__DNS_ANSWER, text, PIER__DNS_SRV, 120, data,
			pier__dns_srv_put(data, &srv));
		comes(2, PIER__MDNS_PORT, true);
	}
	assert_in_range(probes, 15, 120);
	end();
}

/* Of the addresses, those of the link that is told (14). */
static void
test_addresses_of_each_link(void **state)
{
	unsigned int told[2] = { 0, 0 };
	struct pier__dns_record record;

	(void)state;
	begin();
	link_up(3, "198.51.100.1");
	while (leaves(20 * SECOND)) {
		unsigned int first = bed.sending.link.interface == 2;

		if (bed.event.what != PIER__MDNS_TOLD)
			continue;
		assert_int_equal(
			has(PIER__DNS_ANSWER, "h.local", PIER__DNS_A, &record),
			1);
		told[first]++;
		assert_non_null(memmem(bed.sending.bytes, bed.sending.len,
			first ? "\xc0\0\2\1" : "\xc6\x33\x64\1", 4));
	}
	assert_true(told[0] >= 2 && told[1] >= 2);
	end();
}

/* TTL 0 for all that is ours alone, or has our name in it (10.1). */
static void
test_goodbye(void **state)
{
	struct pier__dns_record record;

	(void)state;
	begin();
	settle();
	pier__mdns_offer_end(bed.offer);
	assert_true(leaves(0));
	assert_int_equal(
		has(PIER__DNS_ANSWER, TYPE, PIER__DNS_PTR, &record), 1);
	assert_int_equal(record.ttl_s, 0);
	assert_int_equal(
		has(PIER__DNS_ANSWER, INSTANCE, PIER__DNS_SRV, &record), 1);
	assert_int_equal(record.ttl_s, 0);
	assert_false(leaves(0));
	end();
	/* What was never told is not taken back. */
	begin();
	assert_true(leaves(SECOND));
	pier__mdns_offer_end(bed.offer);
	assert_false(pier__mdns_offer_output(
		bed.offer, bed.now, &bed.sending, &bed.event));
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_what_is_told),
		cmocka_unit_test(test_once_a_second),
		cmocka_unit_test(test_defence),
		cmocka_unit_test(test_host_is_shared),
		cmocka_unit_test(test_host_is_shared_from_the_start),
		cmocka_unit_test(test_host_is_defended),
		cmocka_unit_test(test_quiet_has_an_end),
		cmocka_unit_test(test_tie_break),
		cmocka_unit_test(test_unicast),
		cmocka_unit_test(test_rest_of_what_is_known),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_conflicts_slow_down),
		cmocka_unit_test(test_addresses_of_each_link),
		cmocka_unit_test(test_goodbye),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
