/* SPDX-License-Identifier: MIT */
/*
 * What UDP messages bring along and may have of their own: TTL, TOS, times,
 * addresses, links; and groups of multicast, on the loopback. Several hosts, and
 * broadcast, are in tests/interop/many_netns.py and tests/sim/many.c.
 */
#include "packets.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#define ASK (PIER_ASK_TTL | PIER_ASK_TOS | PIER_ASK_TIME)

static const struct pier_packet_opts asking = { .listen = true, .ask = ASK };

static int
send_out(struct pier_packet *packet, const struct pier_outgoing *out)
{
	return pier_send_many(packet, out, 1, PIER_FOREVER);
}

static int64_t
realtime_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
test_ttl_tos_and_time(void **state)
{
	static const char *const endpoints[] = { "udp://127.0.0.1:0",
		"udp://[::1]:0" };
	struct pier_outgoing out = {
		.data = "x", .size = 1, .ttl = 7, .tos = 40
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct pier_packet *server = opened(endpoints[i], &asking);
		struct pier_packet *client = client_of(server, NULL);
		int64_t before = realtime_ns();
		struct pier_msg msg;

		assert_int_equal(send_out(client, &out), 1);
		msg = heard(server, "x");
		assert_int_equal(msg.ttl, 7);
		assert_int_equal(msg.tos, 40);
		/* The clock may be set meanwhile, but not by a minute. */
		assert_true(llabs(msg.time_ns - before) < 60000000000);
		say(client, "y");
		msg = heard(server, "y");
		assert_true(msg.ttl > 7);
		assert_int_equal(msg.tos, 0);
		pier_packet_close(client);
		pier_packet_close(server);
	}
}

/* What the socket has is set aside for one message. */
static void
test_no_tos(void **state)
{
	static const char *const options[] = { "tos=16", NULL };
	static const struct pier_packet_opts opts = { .options = options };
	const struct pier_outgoing out = {
		.data = "x", .size = 1, .tos = PIER_OFF
	};
	struct pier_packet *server = opened("udp://127.0.0.1:0", &asking);
	struct pier_packet *client = client_of(server, &opts);

	(void)state;
	say(client, "y");
	assert_int_equal(heard(server, "y").tos, 16);
	assert_int_equal(send_out(client, &out), 1);
	assert_int_equal(heard(server, "x").tos, 0);
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_what_was_not_asked_for(void **state)
{
	struct pier_packet *server = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_packet *client = client_of(server, NULL);
	struct pier_addr own = local_of(server);
	struct pier_msg msg;

	(void)state;
	say(client, "x");
	msg = heard(server, "x");
	assert_int_equal(msg.ttl, -1);
	assert_int_equal(msg.tos, -1);
	assert_int_equal(msg.time_ns, 0);
	assert_int_equal(msg.to.len, 0);
	/* There is one address only. */
	assert_true(pier_addr_equal(&msg.local, &own));
	assert_int_equal(msg.interface, 0);
	own = local_of(client);
	assert_int_equal(
		pier_reply(server, &msg, "answer", 6, PIER_FOREVER), 0);
	msg = heard(client, "answer");
	assert_true(pier_addr_equal(&msg.local, &own));
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_the_interface_of_one_address(void **state)
{
	static const struct pier_packet_opts server_asks = { .listen = true,
		.ask = PIER_ASK_INTERFACE };
	static const struct pier_packet_opts client_asks = {
		.ask = PIER_ASK_INTERFACE
	};
	struct pier_packet *server = opened("udp://127.0.0.1:0", &server_asks);
	struct pier_packet *client = client_of(server, &client_asks);
	unsigned int lo = if_nametoindex("lo");
	struct pier_msg msg;

	(void)state;
	say(client, "x");
	msg = heard(server, "x");
	assert_int_equal(msg.interface, lo);
	assert_int_equal(pier_reply(server, &msg, "y", 1, PIER_FOREVER), 0);
	assert_int_equal(heard(client, "y").interface, lo);
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_where_it_leaves_from(void **state)
{
	struct pier_packet *server = opened("udp4://:0", &server_opts);
	struct pier_packet *other = opened("udp4://:0", &server_opts);
	struct pier_addr to = local_of(server);
	struct pier_addr from, local = { .len = 0 };
	struct pier_outgoing out = {
		.to = &to, .data = "x", .size = 1, .local = &local
	};
	struct pier_msg msg;
	char text[64];
	int i;

	(void)state;
	assert_int_equal(pier_addr_parse(&from, "127.0.0.1"), 0);
	from.u.in.sin_port = to.u.in.sin_port;
	to = from;
	for (i = 0; i < 2; i++) {
		out.interface = i == 0 ? 0 : if_nametoindex("lo");
		(void)snprintf(text, sizeof(text), "127.0.0.%d", 5 + i);
		assert_int_equal(pier_addr_parse(&local, text), 0);
		assert_int_equal(send_out(other, &out), 1);
		msg = heard(server, "x");
		assert_int_equal(
			pier_addr_format_host(&msg.peer, text + 32, 32), 9);
		assert_string_equal(text, text + 32);
	}
	pier_packet_close(other);
	pier_packet_close(server);
}

static void
refused(struct pier_packet *packet, const struct pier_outgoing *out, int rc)
{
	assert_int_equal(send_out(packet, out), rc);
	assert_int_equal(pier_last_error()->code, rc);
	assert_int_equal(pier_last_error()->step, PIER_STEP_SEND);
}

static void
test_what_cannot_be_sent(void **state)
{
	struct pier_packet *server = opened("udp://127.0.0.1:0", &asking);
	struct pier_packet *client = client_of(server, NULL);
	struct pier_addr ip6, far;
	struct pier_outgoing list[3] = { { .data = "a", .size = 1 },
		{ .data = "b", .size = 1, .ttl = 256 },
		{ .data = "c", .size = 1 } };

	(void)state;
	assert_int_equal(pier_addr_parse(&ip6, "::1"), 0);
	assert_int_equal(pier_addr_parse(&far, "192.0.2.1"), 0);
	/* One that cannot go ends the batch, and fails the next. */
	assert_int_equal(pier_send_many(client, list, 3, PIER_FOREVER), 1);
	(void)heard(server, "a");
	refused(client, &list[1], -EINVAL);
	refused(client, &(struct pier_outgoing){ .data = "", .ttl = -1 },
		-EINVAL);
	refused(client, &(struct pier_outgoing){ .data = "", .tos = 256 },
		-EINVAL);
	refused(client, &(struct pier_outgoing){ .data = "", .tos = -2 },
		-EINVAL);
	refused(client, &(struct pier_outgoing){ .data = "", .local = &ip6 },
		-EINVAL);
	/* The kernel says one of two things. */
	assert_true(send_out(client, &(struct pier_outgoing){
					     .data = "", .local = &far }) < 0);
	refused(client,
		&(struct pier_outgoing){ .data = "", .interface = 999999 },
		-ENODEV);
	pier_packet_close(client);
	pier_packet_close(server);
	server = opened(endpoint_of("unixgram", "x"), &server_opts);
	client = client_of(server, NULL);
	refused(client, &(struct pier_outgoing){ .data = "", .ttl = 1 },
		-EINVAL);
	pier_packet_close(client);
	pier_packet_close(server);
}

/* One call, several messages; and one that brings several. */
static void
test_segments(void **state)
{
	static const struct pier_packet_opts together = { .listen = true,
		.ask = PIER_ASK_SEGMENTS };
	static char data[4500];
	const struct pier_outgoing out = {
		.data = data, .size = sizeof(data), .segment_size = 1000
	};
	size_t left = sizeof(data);
	struct pier_packet *server = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_packet *client = client_of(server, NULL);
	struct pier_msg msg;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (char)(i / 100);
	assert_int_equal(send_out(client, &out), 1);
	for (i = 0; i < 5; i++) {
		assert_int_equal(
			pier_recv(server, &msg, buf, sizeof(buf), pier_in_s(5)),
			0);
		assert_int_equal(msg.size, i < 4 ? 1000 : 500);
		assert_int_equal(msg.segment_size, 0);
		assert_memory_equal(buf, data + 1000 * i, msg.size);
	}
	pier_packet_close(client);
	pier_packet_close(server);
	server = opened("udp://[::1]:0", &together);
	client = client_of(server, NULL);
	assert_int_equal(send_out(client, &out), 1);
	/* How many come together is up to the kernel. */
	while (left > 0) {
		assert_int_equal(
			pier_recv(server, &msg, buf, sizeof(buf), pier_in_s(5)),
			0);
		assert_memory_equal(buf, data + sizeof(data) - left, msg.size);
		assert_true(msg.segment_size == 0 || msg.segment_size == 1000);
		assert_true(msg.size <= 1000 || msg.segment_size == 1000);
		left -= msg.size;
	}
	refused(client,
		&(struct pier_outgoing){
			.data = data, .size = 1, .segment_size = 65536 },
		-EINVAL);
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_only_udp_is_asked(void **state)
{
	static const struct pier_packet_opts unknown = { .listen = true,
		.ask = 0x8000 };
	static const struct pier_packet_opts broadcast = { .broadcast = true };

	(void)state;
	cannot_open(endpoint_of("unixgram", "x"), &asking, -EINVAL,
		PIER_STEP_CREATE);
	cannot_open(endpoint_of("unixgram", "x"), &broadcast, -EINVAL,
		PIER_STEP_CREATE);
	cannot_open("udp://127.0.0.1:0", &unknown, -EINVAL, PIER_STEP_CREATE);
}

/* "udp4://239.1.2.3:PORT?join=lo", where PORT is free; a static text. */
static const char *
group_endpoint(const struct pier_packet *like)
{
	static char text[64];
	struct pier_addr own = { .len = 0 };

	if (like != NULL)
		own = local_of(like);
	(void)snprintf(text, sizeof(text), "udp4://239.1.2.3:%d?join=lo",
		like == NULL ? 0 : pier_addr_port(&own));
	return text;
}

static void
test_a_group(void **state)
{
	struct pier_packet *one = opened(group_endpoint(NULL), &server_opts);
	/* Nobody takes messages away: each hears all. */
	struct pier_packet *two = opened(group_endpoint(one), &server_opts);
	struct pier_packet *client = opened(group_endpoint(one), NULL);
	struct pier_addr group = local_of(one);
	struct pier_msg msg;

	(void)state;
	assert_int_equal(pier_packet_peer(client, &group), -ENOTCONN);
	say(client, "all");
	(void)heard(one, "all");
	msg = heard(two, "all");
	assert_true(pier_addr_equal(&msg.to, &group));
	assert_int_equal(msg.interface, if_nametoindex("lo"));
	assert_int_equal(pier_addr_family(&msg.local), AF_INET);
	assert_false(pier_addr_equal(&msg.local, &group));
	assert_int_equal(pier_reply(two, &msg, "I", 1, PIER_FOREVER), 0);
	(void)heard(client, "I");
	pier_packet_close(client);
	pier_packet_close(two);
	pier_packet_close(one);
}

static void
test_joined_and_left(void **state)
{
	struct pier_packet *server = opened("udp4://:0", &server_opts);
	struct pier_packet *client = opened(group_endpoint(server), NULL);
	struct pier_membership lo = { .interface = if_nametoindex("lo") };
	struct pier_addr own = local_of(server);
	struct pier_packet *direct;
	char endpoint[64];

	(void)state;
	(void)snprintf(endpoint, sizeof(endpoint), "udp4://127.0.0.1:%d",
		pier_addr_port(&own));
	direct = opened(endpoint, NULL);
	assert_int_equal(pier_addr_parse(&lo.group, "239.1.2.3"), 0);
	assert_int_equal(pier_packet_join(server, &lo), 0);
	assert_int_equal(pier_packet_join(server, &lo), -EADDRINUSE);
	say(client, "in");
	(void)heard(server, "in");
	assert_int_equal(pier_packet_leave(server, &lo), 0);
	assert_int_equal(pier_packet_leave(server, &lo), -EADDRNOTAVAIL);
	assert_int_equal(pier_last_error()->step, PIER_STEP_OPTION);
	say(client, "out");
	say(direct, "still there");
	(void)heard(server, "still there");
	/* Of one source alone. */
	assert_int_equal(pier_addr_parse(&lo.source, "127.0.0.9"), 0);
	assert_int_equal(pier_packet_join(server, &lo), 0);
	say(client, "of another");
	say(direct, "direct");
	(void)heard(server, "direct");
	assert_int_equal(pier_packet_leave(server, &lo), 0);
	pier_packet_close(direct);
	pier_packet_close(client);
	pier_packet_close(server);
}

/* Another socket's membership is none of this one's. */
static void
test_groups_of_others(void **state)
{
	struct pier_packet *member = opened(group_endpoint(NULL), &server_opts);
	struct pier_packet *client = opened(group_endpoint(member), NULL);
	struct pier_membership other = { .interface = if_nametoindex("lo") };
	struct pier_addr own = local_of(member);
	struct pier_packet *server;
	struct pier_packet *direct;
	char endpoint[64];

	(void)state;
	assert_int_equal(pier_addr_parse(&other.group, "239.1.2.4"), 0);
	(void)snprintf(endpoint, sizeof(endpoint), "udp4://:%d?reuseaddr=1",
		pier_addr_port(&own));
	server = opened(endpoint, &server_opts);
	assert_int_equal(pier_packet_join(server, &other), 0);
	(void)snprintf(endpoint, sizeof(endpoint), "udp4://127.0.0.1:%d",
		pier_addr_port(&own));
	direct = opened(endpoint, NULL);
	say(client, "for the member");
	(void)heard(member, "for the member");
	say(direct, "direct");
	(void)heard(server, "direct");
	pier_packet_close(direct);
	pier_packet_close(client);
	pier_packet_close(server);
	pier_packet_close(member);
}

static void
test_what_cannot_be_joined(void **state)
{
	struct pier_packet *server = opened("udp4://:0", &server_opts);
	struct pier_membership it = { .interface = 0 };

	(void)state;
	assert_int_equal(pier_addr_parse(&it.group, "127.0.0.1"), 0);
	assert_int_equal(pier_packet_join(server, &it), -EINVAL);
	assert_int_equal(pier_addr_parse(&it.group, "ff02::1"), 0);
	assert_int_equal(pier_packet_join(server, &it), -EINVAL);
	assert_int_equal(pier_addr_parse(&it.group, "239.1.2.3"), 0);
	it.interface = 999999;
	assert_int_equal(pier_packet_join(server, &it), -ENODEV);
	assert_int_equal(pier_addr_parse(&it.source, "::1"), 0);
	assert_int_equal(pier_packet_join(server, &it), -EINVAL);
	assert_int_equal(pier_addr_parse(&it.source, "239.1.1.1"), 0);
	assert_int_equal(pier_packet_join(server, &it), -EINVAL);
	pier_packet_close(server);
	server = opened(endpoint_of("unixgram", "x"), &server_opts);
	assert_int_equal(pier_packet_join(server, &it), -EINVAL);
	pier_packet_close(server);
}

static int
get(const struct pier_packet *packet, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(pier_packet_fd(packet), IPPROTO_IP, name,
				 &value, &len),
		0);
	return value;
}

static void
test_how_groups_are_sent_to(void **state)
{
	struct pier_packet *client = opened("udp4://239.1.2.3:7", NULL);
	struct pier_packet *server =
		opened(endpoint_of("unixgram", "x"), &server_opts);

	(void)state;
	assert_int_equal(get(client, IP_MULTICAST_TTL), 1);
	assert_int_equal(pier_packet_multicast(client,
				 &(struct pier_multicast_opts){ .ttl = 9,
					 .loop = PIER_OFF,
					 .interface = if_nametoindex("lo") }),
		0);
	assert_int_equal(get(client, IP_MULTICAST_TTL), 9);
	assert_int_equal(get(client, IP_MULTICAST_LOOP), 0);
	assert_int_equal(pier_packet_multicast(client,
				 &(struct pier_multicast_opts){
					 .ttl = PIER_OFF, .loop = 1 }),
		0);
	assert_int_equal(get(client, IP_MULTICAST_TTL), 0);
	assert_int_equal(get(client, IP_MULTICAST_LOOP), 1);
	assert_int_equal(pier_packet_multicast(client,
				 &(struct pier_multicast_opts){ .ttl = 256 }),
		-EINVAL);
	assert_int_equal(pier_packet_multicast(client,
				 &(struct pier_multicast_opts){ .loop = 2 }),
		-EINVAL);
	assert_int_equal(
		pier_packet_multicast(client,
			&(struct pier_multicast_opts){ .interface = 999999 }),
		-ENODEV);
	assert_int_equal(pier_packet_multicast(server,
				 &(struct pier_multicast_opts){ .ttl = 1 }),
		-EINVAL);
	pier_packet_close(server);
	pier_packet_close(client);
}

static void
test_only_everybody_is_everybody(void **state)
{
	struct pier_packet *client = opened("udp://127.0.0.1:7", NULL);
	struct pier_outgoing out = { .data = "x", .size = 1 };
	struct pier_addr group;

	(void)state;
	assert_int_equal(pier_broadcast(client, &out, PIER_FOREVER), -EINVAL);
	assert_int_equal(pier_last_error()->step, PIER_STEP_SEND);
	assert_int_equal(pier_addr_parse(&group, "[ff02::1]:7"), 0);
	out.to = &group;
	assert_int_equal(pier_broadcast(client, &out, PIER_FOREVER), -EINVAL);
	pier_packet_close(client);
}

static void
test_endpoints_of_many(void **state)
{
	static const struct {
		const char *endpoint;
		const char *text;
	} cases[] = {
		{ "udp://127.0.0.1:7?join=lo", "join is of a group" },
		{ "udp://:7?source=127.0.0.1", "source is of a group" },
		{ "udp://239.1.2.3:7?join=", "name or number" },
		{ "udp://239.1.2.3:7?source=::1", "address of a host" },
		{ "udp://239.1.2.3:7?source=here", "address of a host" },
		{ "udp6://<broadcast>:7", "IPv6 alone" },
		{ "tcp://<broadcast>:7", "udp:// alone" },
		{ "unixgram:///x?join=lo", "join is of a group" },
	};
	struct pier_packet *packet = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(pier_packet_open(&packet, cases[i].endpoint,
					 &server_opts, PIER_FOREVER),
			-EINVAL);
		assert_int_equal(pier_last_error()->step, PIER_STEP_PARSE);
		assert_non_null(
			strstr(pier_last_error()->detail, cases[i].text));
	}
	cannot_open("udp://239.1.2.3:7?join=nowhere", &server_opts, -ENODEV,
		PIER_STEP_OPTION);
	assert_string_equal(
		pier_last_error()->detail, "join=nowhere: no such interface");
	cannot_open("udp://239.1.2.3:7?join=nowhere", NULL, -ENODEV,
		PIER_STEP_OPTION);
	cannot_open("udp://239.1.2.3:7?join=lo&join=lo", NULL, -EINVAL,
		PIER_STEP_OPTION);
	cannot_open("udp://239.1.2.3:7?source=127.0.0.1", NULL, -EINVAL,
		PIER_STEP_OPTION);
	cannot_open(
		"udp://nowhere.broadcast:7", NULL, -ENODEV, PIER_STEP_OPTION);
	cannot_open(
		"udp://lo.broadcast:7", NULL, -EADDRNOTAVAIL, PIER_STEP_OPTION);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ttl_tos_and_time),
		cmocka_unit_test(test_no_tos),
		cmocka_unit_test(test_what_was_not_asked_for),
		cmocka_unit_test(test_the_interface_of_one_address),
		cmocka_unit_test(test_where_it_leaves_from),
		cmocka_unit_test(test_what_cannot_be_sent),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_only_udp_is_asked),
		cmocka_unit_test(test_a_group),
		cmocka_unit_test(test_joined_and_left),
		cmocka_unit_test(test_groups_of_others),
		cmocka_unit_test(test_what_cannot_be_joined),
		cmocka_unit_test(test_how_groups_are_sent_to),
		cmocka_unit_test(test_only_everybody_is_everybody),
		cmocka_unit_test(test_endpoints_of_many),
	};

	return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
