/* SPDX-License-Identifier: MIT */
/*
 * Three hosts on one link: what is broadcast, or sent to a group, reaches who
 * listens, and nobody else answers.
 */
#include <pier.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "io/sim_engine.h"
#include "task/task.h"

#define HOSTS 3
#define PORT  "7009"

static struct pier__sim *sim;
static struct pier__sim_host *hosts[HOSTS];

static int
begin(void **state)
{
	static const char *const addresses[HOSTS] = { "10.0.0.10 fd00::a",
		"10.0.0.11 fd00::b", "10.0.0.12 fd00::c" };
	int i;

	(void)state;
	sim = pier__sim_open(1);
	for (i = 0; i < HOSTS; i++)
		hosts[i] = pier__sim_host(sim, addresses[i]);
	return 0;
}

static int
end(void **state)
{
	unsigned left = pier__sim_open_count(sim);

	(void)state;
	pier__self()->context.calls = &pier__calls_real;
	pier__sim_close(sim);
	return left == 0 ? 0 : -1;
}

static struct pier_packet *
opened(int host, const char *endpoint, bool listen)
{
	const struct pier_packet_opts opts = { .listen = listen,
		.ask = PIER_ASK_TTL | PIER_ASK_TOS | PIER_ASK_TIME };
	struct pier_packet *packet = NULL;

	pier__sim_on(hosts[host]);
	if (pier_packet_open(&packet, endpoint, &opts, PIER_FOREVER) < 0)
		fail_msg("%s", pier_error_line());
	return packet;
}

static struct pier_msg
heard(int host, struct pier_packet *packet, const char *text)
{
	static char buf[64];
	struct pier_msg msg;

	pier__sim_on(hosts[host]);
	if (pier_recv(packet, &msg, buf, sizeof(buf), pier_in_s(1)) < 0)
		fail_msg("%s", pier_error_line());
	assert_int_equal(msg.size, strlen(text));
	assert_memory_equal(buf, text, msg.size);
	return msg;
}

/* Nothing within a time in which everything comes. */
static void
silent(int host, struct pier_packet *packet)
{
	struct pier_msg msg;
	char byte;

	pier__sim_on(hosts[host]);
	assert_int_equal(pier_recv(packet, &msg, &byte, 1, pier_in_s(1)),
		-PIER_EDEADLINE);
}

static void
say(int host, struct pier_packet *packet, const char *text)
{
	pier__sim_on(hosts[host]);
	if (pier_send(packet, NULL, text, strlen(text), PIER_FOREVER) < 0)
		fail_msg("%s", pier_error_line());
}

static void
assert_addr(const struct pier_addr *addr, const char *text)
{
	char found[PIER_ADDR_TEXT_MAX] = "";

	(void)pier_addr_format(addr, found, sizeof(found));
	assert_string_equal(found, text);
}

static void
broadcast(const char *endpoint, const char *to)
{
	struct pier_packet *asker = opened(0, endpoint, false);
	struct pier_packet *server = opened(1, "udp4://:" PORT, true);
	struct pier_msg msg;

	/* Nobody listens on the third. */
	say(0, asker, "who?");
	msg = heard(1, server, "who?");
	assert_addr(&msg.to, to);
	assert_addr(&msg.local, "10.0.0.11:" PORT);
	assert_int_equal(msg.interface, 1);
	assert_int_equal(msg.ttl, 64);
	assert_true(msg.time_ns > 0);
	assert_int_equal(pier_reply(server, &msg, "I", 1, PIER_FOREVER), 0);
	msg = heard(0, asker, "I");
	assert_addr(&msg.peer, "10.0.0.11:" PORT);
	silent(0, asker);
	assert_null(strstr(pier__sim_trace(sim), "icmp"));
	pier_packet_close(asker);
	pier_packet_close(server);
}

static void
test_broadcast(void **state)
{
	(void)state;
	broadcast("udp://<broadcast>:" PORT, "255.255.255.255:" PORT);
	broadcast("udp://sim0.broadcast:" PORT, "10.0.0.255:" PORT);
	broadcast("udp://10.0.0.255:" PORT "?broadcast=1", "10.0.0.255:" PORT);
}

static void
test_broadcast_has_to_be_allowed(void **state)
{
	static const struct pier_packet_opts loose = { .unconnected = true };
	struct pier_packet *asker = NULL;

	(void)state;
	pier__sim_on(hosts[0]);
	assert_int_equal(pier_packet_open(&asker, "udp://10.0.0.255:" PORT,
				 &loose, PIER_FOREVER),
		0);
	assert_int_equal(pier_send(asker, NULL, "x", 1, PIER_FOREVER), -EACCES);
	assert_non_null(strstr(pier_error_line(), "SO_BROADCAST"));
	pier_packet_close(asker);
}

static void
test_a_group(void **state)
{
	struct pier_packet *asker = opened(0, "udp://239.1.2.3:" PORT, false);
	struct pier_packet *member =
		opened(1, "udp://239.1.2.3:" PORT "?join=*", true);
	struct pier_packet *other = opened(2, "udp4://:" PORT, true);
	struct pier_membership group = { .interface = 1 };
	struct pier_msg msg;

	(void)state;
	say(0, asker, "one");
	msg = heard(1, member, "one");
	assert_addr(&msg.to, "239.1.2.3:" PORT);
	assert_int_equal(msg.ttl, 1);
	silent(2, other);
	assert_int_equal(pier_addr_parse(&group.group, "239.1.2.3"), 0);
	pier__sim_on(hosts[2]);
	assert_int_equal(pier_packet_join(other, &group), 0);
	say(0, asker, "two");
	(void)heard(1, member, "two");
	msg = heard(2, other, "two");
	assert_addr(&msg.local, "10.0.0.12:" PORT);
	assert_int_equal(pier_packet_leave(other, &group), 0);
	say(0, asker, "three");
	(void)heard(1, member, "three");
	silent(2, other);
	pier_packet_close(asker);
	pier_packet_close(member);
	pier_packet_close(other);
}

static void
test_loop(void **state)
{
	struct pier_packet *member = opened(0, "udp://239.1.2.3:" PORT, true);
	struct pier_packet *asker = opened(0, "udp://239.1.2.3:" PORT, false);

	(void)state;
	say(0, asker, "to myself");
	(void)heard(0, member, "to myself");
	assert_int_equal(
		pier_packet_multicast(asker,
			&(struct pier_multicast_opts){ .loop = PIER_OFF }),
		0);
	say(0, asker, "to others");
	silent(0, member);
	pier_packet_close(asker);
	pier_packet_close(member);
}

static void
test_a_group_of_ip6(void **state)
{
	struct pier_packet *asker = opened(0, "udp://[ff05::9]:" PORT, false);
	struct pier_packet *member = opened(1, "udp://[ff05::9]:" PORT, true);
	struct pier_msg msg;

	(void)state;
	say(0, asker, "who?");
	msg = heard(1, member, "who?");
	assert_addr(&msg.to, "[ff05::9]:" PORT);
	assert_int_equal(msg.local.len, 0);
	assert_int_equal(pier_reply(member, &msg, "I", 1, PIER_FOREVER), 0);
	msg = heard(0, asker, "I");
	assert_addr(&msg.peer, "[fd00::b]:" PORT);
	pier_packet_close(asker);
	pier_packet_close(member);
}

/* Its own TTL and TOS, and the address of many once more. */
static void
test_of_its_own(void **state)
{
	struct pier_packet *asker = opened(0, "udp://<broadcast>:" PORT, false);
	struct pier_packet *server = opened(1, "udp4://:" PORT, true);
	struct pier_outgoing list[2] = {
		{ .data = "x", .size = 1, .ttl = 3, .tos = 8 },
		{ .data = "y", .size = 1 },
	};
	struct pier_msg msg;

	(void)state;
	pier__sim_on(hosts[0]);
	/* Each goes by all links, so each alone. */
	assert_int_equal(pier_send_many(asker, list, 2, PIER_FOREVER), 1);
	assert_int_equal(pier_send_many(asker, list + 1, 1, PIER_FOREVER), 1);
	assert_int_equal(pier_broadcast(asker, list, PIER_FOREVER), 1);
	msg = heard(1, server, "x");
	assert_int_equal(msg.ttl, 3);
	assert_int_equal(msg.tos, 8);
	(void)heard(1, server, "y");
	(void)heard(1, server, "x");
	pier_packet_close(asker);
	pier_packet_close(server);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_broadcast),
		CASE(test_broadcast_has_to_be_allowed),
		CASE(test_a_group),
		CASE(test_loop),
		CASE(test_a_group_of_ip6),
		CASE(test_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
