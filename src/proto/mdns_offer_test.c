/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_offer_test.c - services offered by multicast DNS on a LAN of the
 * test's own, in virtual time: what one sends to the group all others get at once,
 * unless it is lost; an engine that looks for services stands beside them.
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
#include "proto/mdns_browse.h"
#include "proto/mdns_cache.h"
#include "proto/mdns_offer_inside.h"

#define SECOND INT64_C(1000000000)
#define MS     INT64_C(1000000)
#define HOSTS  6

struct host {
	struct pier__mdns_offer *offer;
	unsigned int address;
};

static struct {
	int64_t now;
	uint64_t chance;
	unsigned int loss; /* in a hundred */
	bool aliases;      /* of who comes: www */
	size_t count;
	struct host hosts[HOSTS];
	struct pier__mdns_browse *browse;
	unsigned int probes, tellings, answers, alone;
	/* The last packet that was sent to one, or to all */
	unsigned char bytes[1500];
	size_t len;
	struct pier_addr to;
} lan;

static struct pier_addr
address(unsigned int host, unsigned int port)
{
	struct pier_addr addr;
	char text[40];

	(void)snprintf(text, sizeof(text), "192.0.2.%u:%u", host, port);
	assert_int_equal(pier_addr_parse(&addr, text), 0);
	return addr;
}

static struct pier__link_state
link_state(unsigned int host, bool up)
{
	struct pier__link_state state = { .id = { 2, AF_INET },
		.up = up,
		.name = "eth0",
		.mtu = 1500,
		.addr_count = 1 };

	state.addrs[0].addr = address(host, 0);
	state.addrs[0].bits = 24;
	return state;
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

	for (i = 0; i < lan.count; i++)
		pier__mdns_offer_close(lan.hosts[i].offer);
	pier__mdns_browse_close(lan.browse);
}

static struct host *
add(const char *instance, const char *host_name, uint16_t port)
{
	static const char *const subtypes[] = { "_color", NULL };
	static const char *const aliases[] = { "www", NULL };
	const struct pier__mdns_offer_opts opts = { .instance = instance,
		.type = "_http._tcp",
		.subtypes = subtypes,
		.aliases = lan.aliases ? aliases : NULL,
		.host = host_name,
		.port = port,
		.txt = (const unsigned char *)"\3a=b",
		.txt_len = 4,
		.seed = 100 + lan.count };
	struct host *host = &lan.hosts[lan.count++];
	struct pier__link_state state;
	const char *why = "";

	assert_true(lan.count <= HOSTS);
	host->address = (unsigned int)lan.count;
	assert_int_equal(pier__mdns_offer_open(&host->offer, &opts, &why), 0);
	state = link_state(host->address, true);
	assert_int_equal(
		pier__mdns_offer_link(host->offer, lan.now, &state), 0);
	return host;
}

static void
look(const char *type)
{
	const struct pier__mdns_browse_opts opts = { .type = type, .seed = 7 };
	struct pier__link_state state = link_state(99, true);
	const char *why = "";

	assert_int_equal(pier__mdns_browse_open(&lan.browse, &opts, &why), 0);
	assert_int_equal(
		pier__mdns_browse_link(lan.browse, lan.now, &state), 0);
}

static struct pier__datagram
datagram(unsigned int from, unsigned int port, const void *bytes, size_t len)
{
	return (struct pier__datagram){ .link = { 2, AF_INET },
		.from = address(from, port),
		.ttl = 255,
		.to_many = true,
		.on_link = true,
		.bytes = bytes,
		.len = len };
}

/* From `from` to all others; or to the one who asked. */
static void
deliver(unsigned int from, const struct pier__sending *sending)
{
	struct pier__datagram it = datagram(from, sending->ask ? 40000 : 5353,
		sending->bytes, sending->len);
	size_t i;

	memcpy(lan.bytes, sending->bytes, sending->len);
	lan.len = sending->len;
	lan.to = sending->to;
	it.to_many = sending->aim == PIER__AIM_GROUP;
	it.asked = !it.to_many;
	for (i = 0; i < lan.count; i++)
		if (it.to_many && lan.hosts[i].address != from &&
			pier__mdns_chance(&lan.chance, 100) >= lan.loss)
			pier__mdns_offer_input(
				lan.hosts[i].offer, lan.now, &it);
	if (lan.browse != NULL && from != 99 &&
		pier__mdns_chance(&lan.chance, 100) >= lan.loss)
		assert_int_equal(
			pier__mdns_browse_input(lan.browse, lan.now, &it), 0);
}

static void
count(const struct pier__mdns_offer_event *event)
{
	lan.probes += event->what == PIER__MDNS_PROBED;
	lan.tellings += event->what == PIER__MDNS_TOLD;
	lan.answers += event->what == PIER__MDNS_ANSWERED && event->to.len == 0;
	lan.alone += event->what == PIER__MDNS_ANSWERED && event->to.len != 0;
}

static void
exchange(void)
{
	struct pier__mdns_offer_event event;
	struct pier__sending sending;
	size_t i;

	for (i = 0; i < lan.count; i++)
		while (pier__mdns_offer_output(lan.hosts[i].offer, lan.now,
			       &sending, &event) == 1) {
			count(&event);
			deliver(lan.hosts[i].address, &sending);
		}
	while (lan.browse != NULL &&
		pier__mdns_browse_output(lan.browse, lan.now, &sending) == 1)
		deliver(99, &sending);
}

static void
pass(int64_t ns)
{
	int64_t until = lan.now + ns;

	for (;;) {
		int64_t next = INT64_MAX;
		size_t i;

		exchange();
		for (i = 0; i < lan.count; i++) {
			int64_t due = pier__mdns_offer_due(lan.hosts[i].offer);

			next = due < next ? due : next;
		}
		if (lan.browse != NULL &&
			pier__mdns_browse_due(lan.browse) < next)
			next = pier__mdns_browse_due(lan.browse);
		if (next > until || lan.now >= until)
			break;
		lan.now = next > lan.now ? next : lan.now + 50 * MS;
	}
	lan.now = until;
}

static int
next_event(struct pier__sighting *seen)
{
	return pier__mdns_browse_event(lan.browse, lan.now, seen);
}

static void
test_found_and_gone(void **state)
{
	struct pier__sighting seen;
	struct host *host;
	char text[64];

	(void)state;
	begin();
	host = add("My Web", "lab", 8080);
	pass(10 * SECOND);
	assert_int_equal(lan.probes, 3);
	assert_int_equal(lan.tellings, 3);
	look("_http._tcp");
	pass(2 * SECOND);
	assert_int_equal(next_event(&seen), 1);
	assert_int_equal(seen.what, PIER__SEEN);
	assert_string_equal(seen.instance, "My Web");
	assert_string_equal(seen.host, "lab.local");
	assert_int_equal(seen.port, 8080);
	assert_int_equal(seen.txt_len, 4);
	assert_int_equal(seen.addr_count, 1);
	assert_true(pier_addr_format(seen.addrs, text, sizeof(text)) > 0);
	assert_string_equal(text, "192.0.2.1:8080");
	assert_int_equal(next_event(&seen), 0);
	pass(7200 * SECOND);
	assert_int_equal(next_event(&seen), 0);
	pier__mdns_offer_end(host->offer);
	pass(3 * SECOND);
	assert_int_equal(next_event(&seen), 1);
	assert_int_equal(seen.what, PIER__GONE);
	assert_int_equal(seen.reason, PIER__GONE_GOODBYE);
	end();
}

static void
test_subtype_and_types(void **state)
{
	struct pier__sighting seen;

	(void)state;
	begin();
	(void)add("My Web", "lab", 8080);
	pass(10 * SECOND);
	look("_color._sub._http._tcp");
	pass(2 * SECOND);
	assert_int_equal(next_event(&seen), 1);
	assert_string_equal(seen.instance, "My Web");
	pier__mdns_browse_close(lan.browse);
	look(NULL);
	pass(2 * SECOND);
	assert_int_equal(next_event(&seen), 1);
	assert_int_equal(seen.what, PIER__SEEN_TYPE);
	assert_string_equal(seen.type, "_http._tcp");
	end();
}

/* Who comes second takes another name; the first one keeps its own. */
static void
test_second_is_renamed(void **state)
{
	struct host *first, *second;

	(void)state;
	begin();
	first = add("My Web", "a", 1);
	pass(10 * SECOND);
	second = add("My Web", "b", 2);
	pass(10 * SECOND);
	assert_string_equal(pier__mdns_offer_instance(first->offer), "My Web");
	assert_string_equal(
		pier__mdns_offer_instance(second->offer), "My Web (2)");
	assert_true(pier__mdns_offer_renamed(second->offer));
	assert_false(pier__mdns_offer_renamed(second->offer));
	assert_false(pier__mdns_offer_renamed(first->offer));
	end();
}

/* A host's name that is another's is told to whoever asks, as is an instance's. */
static void
test_second_host_is_renamed(void **state)
{
	char text[PIER__MDNS_HOST_TEXT];
	struct host *second;

	(void)state;
	begin();
	(void)add("One", "lab", 1);
	pass(10 * SECOND);
	second = add("Two", "lab", 2);
	pier__mdns_offer_host(second->offer, 0, text);
	assert_string_equal(text, "lab.local");
	pier__mdns_offer_host(second->offer, 1, text);
	assert_string_equal(text, "");
	pass(10 * SECOND);
	assert_true(pier__mdns_offer_renamed(second->offer));
	pier__mdns_offer_host(second->offer, 0, text);
	assert_string_equal(text, "lab-2.local");
	assert_string_equal(pier__mdns_offer_instance(second->offer), "Two");
	end();
}

/* Six begin at the same moment with the same names: each has its own in the end,
   though a fifth of all packets is lost. */
static void
test_all_at_once(unsigned int loss)
{
	struct pier__sighting seen;
	int there = 0;
	size_t i, j;

	begin();
	lan.loss = loss;
	for (i = 0; i < HOSTS; i++)
		(void)add("My Web", "lab", (uint16_t)(i + 1));
	pass(120 * SECOND);
	for (i = 0; i < HOSTS; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(
				pier__mdns_offer_instance(lan.hosts[i].offer),
				pier__mdns_offer_instance(lan.hosts[j].offer));
	look("_http._tcp");
	pass(120 * SECOND);
	while (next_event(&seen) == 1)
		there += seen.what == PIER__SEEN ? 1 : 0;
	assert_true(there >= HOSTS);
	end();
}

static void
test_at_once(void **state)
{
	(void)state;
	test_all_at_once(0);
}

static void
test_at_once_with_loss(void **state)
{
	(void)state;
	test_all_at_once(20);
}

/* Another host takes the name of ours: it is defended, and stays. */
static void
test_host_conflict(void **state)
{
	struct host *first, *second;

	(void)state;
	begin();
	first = add("A", "lab", 1);
	pass(10 * SECOND);
	second = add("B", "lab", 2);
	pass(10 * SECOND);
	assert_int_equal(first->offer->host_number, 0);
	assert_int_equal(second->offer->host_number, 2);
	assert_string_equal(pier__mdns_offer_instance(second->offer), "B");
	end();
}

/* ---- Queries of the test's own --------------------------------------------- */

static struct pier__name
name(const char *text)
{
	struct pier__name out;

	assert_int_equal(pier__name_parse(&out, text), 0);
	return out;
}

/* One question from host 50; a record that it knows, or NULL. */
static void
ask(const char *text, unsigned int type, unsigned int port,
	const struct pier__dns_record *known)
{
	const struct pier__dns_ask question = { .name = name(text),
		.type = (uint16_t)type,
		.class = PIER__DNS_CLASS_IN };
	unsigned char bytes[1500];
	struct pier__dns_writer writer;
	struct pier__datagram it;

	pier__dns_write_begin(&writer, bytes, sizeof(bytes), 0x1234, 0);
	assert_int_equal(pier__dns_write_ask(&writer, &question), 0);
	if (known != NULL)
		assert_int_equal(pier__dns_write_record(
					 &writer, PIER__DNS_ANSWER, known),
			0);
	it = datagram(50, port, bytes, pier__dns_write_end(&writer));
	pier__mdns_offer_input(lan.hosts[0].offer, lan.now, &it);
}

static struct pier__dns_reader
last_answer(void)
{
	struct pier__dns_reader reader;

	assert_int_equal(pier__dns_begin(&reader, lan.bytes, lan.len), 0);
	return reader;
}

static void
test_known_answers(void **state)
{
	unsigned char data[PIER__NAME_MAX];
	struct pier__name instance = name("My\\032Web._http._tcp.local");
	struct pier__dns_record known = { .name = name("_http._tcp.local"),
		.type = PIER__DNS_PTR,
		.class = PIER__DNS_CLASS_IN,
		.ttl_s = PIER__MDNS_TTL_OTHER / 2,
		.data = data };

	(void)state;
	begin();
	(void)add("My Web", "lab", 1);
	pass(20 * SECOND);
	known.len = pier__dns_name_put(data, &instance);
	ask("_http._tcp.local", PIER__DNS_PTR, 5353, &known);
	pass(SECOND);
	assert_int_equal(lan.answers, 0);
	known.ttl_s--;
	ask("_http._tcp.local", PIER__DNS_PTR, 5353, &known);
	pass(SECOND);
	assert_int_equal(lan.answers, 1);
	end();
}

/* A record that others may have too is told after 20 to 120 ms; one that is ours
   alone at once; neither twice within a second. */
static void
test_delays(void **state)
{
	(void)state;
	begin();
	(void)add("My Web", "lab", 1);
	pass(20 * SECOND);
	ask("_http._tcp.local", PIER__DNS_PTR, 5353, NULL);
	pass(19 * MS);
	assert_int_equal(lan.answers, 0);
	pass(101 * MS);
	assert_int_equal(lan.answers, 1);
	ask("_http._tcp.local", PIER__DNS_PTR, 5353, NULL);
	pass(800 * MS);
	assert_int_equal(lan.answers, 1);
	pass(300 * MS);
	assert_int_equal(lan.answers, 2);
	pass(5 * SECOND);
	ask("lab.local", PIER__DNS_A, 5353, NULL);
	exchange();
	assert_int_equal(lan.answers, 3);
	end();
}

/* Who asks from another port gets an answer of the old kind. */
static void
test_legacy(void **state)
{
	struct pier_addr asker = address(50, 40000);
	enum pier__dns_section section;
	struct pier__dns_record record;
	struct pier__dns_reader reader;
	struct pier__dns_ask question;

	(void)state;
	begin();
	(void)add("My Web", "lab", 1);
	pass(20 * SECOND);
	ask("lab.local", PIER__DNS_A, 40000, NULL);
	pass(SECOND);
	assert_int_equal(lan.alone, 1);
	assert_true(pier_addr_equal(&lan.to, &asker));
	reader = last_answer();
	assert_int_equal(reader.head.id, 0x1234);
	assert_int_equal(reader.head.questions, 1);
	assert_int_equal(pier__dns_next_ask(&reader, &question), 1);
	assert_int_equal(question.type, PIER__DNS_A);
	assert_int_equal(pier__dns_next_record(&reader, &section, &record), 1);
	assert_int_equal(record.type, PIER__DNS_A);
	assert_int_equal(record.ttl_s, PIER__MDNS_TTL_LEGACY);
	assert_false(record.flush);
	end();
}

/* There is no AAAA: that is said, and not left to a time-out. */
static void
test_nsec(void **state)
{
	enum pier__dns_section section;
	struct pier__dns_record record;
	struct pier__dns_reader reader;

	(void)state;
	begin();
	(void)add("My Web", "lab", 1);
	pass(20 * SECOND);
	ask("lab.local", PIER__DNS_AAAA, 5353, NULL);
	exchange();
	reader = last_answer();
	assert_int_equal(pier__dns_next_record(&reader, &section, &record), 1);
	assert_int_equal(section, PIER__DNS_ANSWER);
	assert_int_equal(record.type, PIER__DNS_NSEC);
	assert_true(pier__nsec_has(record.data, record.len, PIER__DNS_A));
	assert_false(pier__nsec_has(record.data, record.len, PIER__DNS_AAAA));
	end();
}

/* Another name of the host leads to it, and its addresses come along; of two with
   one alias one has another. */
static void
test_aliases(void **state)
{
	enum pier__dns_section section;
	struct pier__dns_record record;
	struct pier__dns_reader reader;
	struct pier__name host = name("a.local"), target;
	struct host *second;

	(void)state;
	begin();
	lan.aliases = true;
	(void)add("A", "a", 1);
	pass(20 * SECOND);
	ask("WWW.local", PIER__DNS_A, 5353, NULL);
	exchange();
	reader = last_answer();
	assert_int_equal(pier__dns_next_record(&reader, &section, &record), 1);
	assert_int_equal(section, PIER__DNS_ANSWER);
	assert_int_equal(record.type, PIER__DNS_A);
	assert_int_equal(pier__dns_next_record(&reader, &section, &record), 1);
	assert_int_equal(section, PIER__DNS_ANSWER);
	assert_int_equal(record.type, PIER__DNS_CNAME);
	assert_true(record.flush);
	assert_int_equal(
		pier__dns_name_get(&target, record.data, record.len), 0);
	assert_true(pier__name_equal(&target, &host));
	second = add("B", "b", 2);
	pass(20 * SECOND);
	assert_int_equal(lan.hosts[0].offer->alias_numbers[0], 0);
	assert_int_equal(second->offer->alias_numbers[0], 2);
	assert_int_equal(second->offer->host_number, 0);
	assert_string_equal(pier__mdns_offer_instance(second->offer), "B");
	end();
}

static void
test_nothing_of_others(void **state)
{
	(void)state;
	begin();
	(void)add("My Web", "lab", 1);
	pass(20 * SECOND);
	ask("other.local", PIER__DNS_A, 5353, NULL);
	ask("_ipp._tcp.local", PIER__DNS_PTR, 5353, NULL);
	pass(SECOND);
	assert_int_equal(lan.answers + lan.alone, 0);
	end();
}

/* Every packet cut short, and each byte of it another one. */
static void
test_bad_packets(void **state)
{
	unsigned char bytes[1500];
	struct pier__datagram it;
	size_t len, i;

	(void)state;
	begin();
	(void)add("My Web", "lab", 1);
	pass(SECOND / 2);
	exchange();
	pass(SECOND);
	len = lan.len;
	for (i = 0; i < len; i++) {
		memcpy(bytes, lan.bytes, len);
		it = datagram(50, 5353, bytes, i);
		pier__mdns_offer_input(lan.hosts[0].offer, lan.now, &it);
		bytes[i] ^= 0xff;
		it.len = len;
		pier__mdns_offer_input(lan.hosts[0].offer, lan.now, &it);
	}
	pass(30 * SECOND);
	end();
}

/* A link that goes and comes is probed anew; another address is told. */
static void
test_links(void **state)
{
	struct pier__link_state change = link_state(1, false);
	struct pier__mdns_offer *offer;

	(void)state;
	begin();
	offer = add("My Web", "lab", 1)->offer;
	pass(20 * SECOND);
	assert_int_equal(pier__mdns_offer_link(offer, lan.now, &change), 0);
	assert_int_equal(offer->face_count, 0);
	assert_int_equal(pier__mdns_offer_due(offer), INT64_MAX);
	change = link_state(1, true);
	assert_int_equal(pier__mdns_offer_link(offer, lan.now, &change), 0);
	lan.probes = 0;
	lan.tellings = 0;
	pass(20 * SECOND);
	assert_int_equal(lan.probes, 3);
	assert_int_equal(lan.tellings, 3);
	change = link_state(8, true);
	assert_int_equal(pier__mdns_offer_link(offer, lan.now, &change), 0);
	pass(20 * SECOND);
	assert_int_equal(lan.probes, 3);
	assert_int_equal(lan.tellings, 6);
	end();
}

/* The number has room, and no character is cut. */
static void
test_long_names(void **state)
{
	char longest[64];
	struct host *second;
	const char *now;

	(void)state;
	memset(longest, 'x', 63);
	memcpy(longest + 57, "\xc3\xbc\xc3\xbc\xc3\xbc", 6);
	longest[63] = '\0';
	begin();
	(void)add(longest, "a", 1);
	pass(10 * SECOND);
	second = add(longest, "b", 2);
	pass(10 * SECOND);
	now = pier__mdns_offer_instance(second->offer);
	assert_int_equal(strlen(now), 63);
	assert_memory_equal(now + 57, "\xc3\xbc (2)", 6);
	end();
}

/* One host with two interfaces on one link hears itself, each time from another
   address: these are its own names. */
static void
test_two_interfaces_on_one_link(void **state)
{
	struct pier__link_state second = link_state(9, true);
	struct pier__mdns_offer_event event;
	struct pier__mdns_offer *offer;
	struct pier__sending sending;
	int64_t until;

	(void)state;
	begin();
	lan.aliases = true;
	offer = add("My Web", "lab", 1)->offer;
	second.id.interface = 3;
	assert_int_equal(pier__mdns_offer_link(offer, lan.now, &second), 0);
	for (until = lan.now + 30 * SECOND; lan.now < until; lan.now += 10 * MS)
		while (pier__mdns_offer_output(
			       offer, lan.now, &sending, &event) == 1) {
			bool first = sending.link.interface == 2;
			struct pier__datagram it = datagram(first ? 1 : 9, 5353,
				sending.bytes, sending.len);

			count(&event);
			it.link.interface = first ? 3 : 2;
			pier__mdns_offer_input(offer, lan.now, &it);
		}
	assert_string_equal(pier__mdns_offer_instance(offer), "My Web");
	assert_int_equal(offer->host_number, 0);
	assert_int_equal(offer->alias_numbers[0], 0);
	assert_int_equal(lan.probes, 6);
	assert_int_equal(offer->faces[0]->phase, PIER__MDNS_LIVING);
	assert_int_equal(offer->faces[1]->phase, PIER__MDNS_LIVING);
	end();
}

/* Somebody takes our record back, or makes its time short: it is told anew. */
static void
test_not_taken_back_by_others(void **state)
{
	unsigned char data[PIER__NAME_MAX], bytes[1500];
	struct pier__name instance = name("My\\032Web._http._tcp.local");
	struct pier__dns_record record = { .name = name("_http._tcp.local"),
		.type = PIER__DNS_PTR,
		.class = PIER__DNS_CLASS_IN,
		.data = data };
	const uint32_t times[] = { 0, PIER__MDNS_TTL_OTHER / 2 - 1,
		PIER__MDNS_TTL_OTHER / 2 };
	struct pier__dns_writer writer;
	struct pier__datagram it;
	size_t i;

	(void)state;
	begin();
	(void)add("My Web", "lab", 1);
	pass(20 * SECOND);
	record.len = pier__dns_name_put(data, &instance);
	for (i = 0; i < 3; i++) {
		record.ttl_s = times[i];
		pier__dns_write_begin(&writer, bytes, sizeof(bytes), 0,
			PIER__DNS_RESPONSE | PIER__DNS_AUTHORITATIVE);
		assert_int_equal(pier__dns_write_record(
					 &writer, PIER__DNS_ANSWER, &record),
			0);
		it = datagram(50, 5353, bytes, pier__dns_write_end(&writer));
		lan.answers = 0;
		pier__mdns_offer_input(lan.hosts[0].offer, lan.now, &it);
		pass(5 * SECOND);
		assert_int_equal(lan.answers, i < 2);
	}
	end();
}

static void
test_bad_opts(void **state)
{
	struct pier__mdns_offer_opts opts = { .instance = "a",
		.type = "_color._sub._http._tcp",
		.host = "lab",
		.port = 1 };
	struct pier__mdns_offer *out;
	const char *why = "";

	(void)state;
	assert_int_equal(pier__mdns_offer_open(&out, &opts, &why), -EINVAL);
	opts.type = "_http._tcp";
	opts.instance = "";
	assert_int_equal(pier__mdns_offer_open(&out, &opts, &why), -EINVAL);
	assert_non_null(strstr(why, "1 to 63 bytes"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_and_gone),
		cmocka_unit_test(test_subtype_and_types),
		cmocka_unit_test(test_second_is_renamed),
		cmocka_unit_test(test_second_host_is_renamed),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_at_once_with_loss),
		cmocka_unit_test(test_host_conflict),
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_delays),
		cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_nsec),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_nothing_of_others),
		cmocka_unit_test(test_bad_packets),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_two_interfaces_on_one_link),
		cmocka_unit_test(test_not_taken_back_by_others),
		cmocka_unit_test(test_bad_opts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
