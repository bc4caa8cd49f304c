/* SPDX-License-Identifier: MIT */
/*
 * Errors that come back by ICMP, with PIER_ASK_ERRORS: closed ports of the
 * loopback. What routers say is in tests/interop/many_netns.py.
 */
#include "packets.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static const struct pier_packet_opts connected = { .ask = PIER_ASK_ERRORS };
static const struct pier_packet_opts loose = { .ask = PIER_ASK_ERRORS,
	.unconnected = true };

/* A port where nobody listens, as the endpoint of host; a static text. */
static const char *
closed(const char *host)
{
	static char text[64];
	struct pier_packet *packet;
	struct pier_addr addr;

	(void)snprintf(text, sizeof(text), "udp://%s:0", host);
	packet = opened(text, &server_opts);
	addr = local_of(packet);
	pier_packet_close(packet);
	(void)snprintf(
		text, sizeof(text), "udp://%s:%d", host, pier_addr_port(&addr));
	return text;
}

static void
fails(struct pier_packet *packet, int rc)
{
	struct pier_msg msg;

	assert_int_equal(
		pier_recv(packet, &msg, buf, sizeof(buf), pier_in_s(5)), rc);
}

static void
test_closed_ports(void **state)
{
	static const struct {
		const char *host;
		const char *address;
		int family, type, code;
	} cases[] = {
		{ "127.0.0.1", "127.0.0.1", AF_INET, 3, 3 },
		{ "[::1]", "::1", AF_INET6, 1, 4 },
	};
	char text[PIER_ADDR_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		const struct pier_packet_opts *opts =
			i < 2 ? &connected : &loose;
		const char *endpoint = closed(cases[i % 2].host);
		struct pier_packet *packet = opened(endpoint, opts);
		const struct pier_packet_error *error;

		assert_null(pier_packet_error(packet));
		say(packet, "anybody?");
		fails(packet, -ECONNREFUSED);
		error = pier_packet_error(packet);
		assert_non_null(error);
		assert_int_equal(error->rc, -ECONNREFUSED);
		assert_int_equal(error->family, cases[i % 2].family);
		assert_int_equal(error->type, cases[i % 2].type);
		assert_int_equal(error->code, cases[i % 2].code);
		assert_string_equal(error->meaning, "port unreachable");
		assert_int_equal(error->mtu, 0);
		(void)pier_addr_format_host(&error->from, text, sizeof(text));
		assert_string_equal(text, cases[i % 2].address);
		(void)pier_addr_format(&error->to, text, sizeof(text));
		assert_string_equal(text, endpoint + strlen("udp://"));
		assert_non_null(strstr(pier_error_line(), "port unreachable"));
		assert_non_null(strstr(pier_error_line(), text));
		pier_packet_close(packet);
	}
}

/* Nothing is left behind that would keep a wait from waiting. */
static void
test_each_is_told_once(void **state)
{
	struct pier_packet *packet = opened(closed("127.0.0.1"), &loose);
	struct pier_msg msg;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		say(packet, "anybody?");
		fails(packet, -ECONNREFUSED);
	}
	assert_int_equal(
		pier_recv(packet, &msg, buf, sizeof(buf), PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_recv(packet, &msg, buf, sizeof(buf), pier_in_ms(5)),
		-PIER_EDEADLINE);
	pier_packet_close(packet);
}

/* A message to one peer does not fail for what another's met. */
static void
test_others_are_not_concerned(void **state)
{
	struct pier_packet *server = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_addr there = local_of(server);
	struct pier_packet *packet = opened(closed("127.0.0.1"), &loose);
	struct pier_outgoing list[2] = {
		{ .to = &there, .data = "b", .size = 1 },
		{ .to = &there, .data = "c", .size = 1 }
	};
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_msg msg;
	int i;

	(void)state;
	say(packet, "to nobody");
	assert_int_equal(pier_send(packet, &there, "a", 1, PIER_FOREVER), 0);
	say(packet, "to nobody");
	assert_int_equal(pier_send_many(packet, list, 2, PIER_FOREVER), 2);
	(void)heard(server, "a");
	(void)heard(server, "b");
	msg = heard(server, "c");
	assert_int_equal(pier_reply(server, &msg, "I", 1, PIER_FOREVER), 0);
	for (i = 0; i < 2; i++) {
		fails(packet, -ECONNREFUSED);
		(void)pier_addr_format(
			&pier_packet_error(packet)->to, text, sizeof(text));
		assert_null(strstr(text, ":0"));
	}
	(void)heard(packet, "I");
	pier_packet_close(packet);
	pier_packet_close(server);
}

/* More than are kept: the oldest are forgotten, and what is kept is told. */
static void
test_only_so_many_are_kept(void **state)
{
	struct pier_packet *packet = opened(closed("127.0.0.1"), &loose);
	struct pier_msg msg;
	int count = 0;
	int i;

	(void)state;
	for (i = 0; i < 40; i++)
		say(packet, "anybody?");
	while (pier_recv(packet, &msg, buf, sizeof(buf), PIER_NOW) ==
		-ECONNREFUSED)
		count++;
	assert_in_range(count, 16, 17);
	pier_packet_close(packet);
}

static void
test_several_at_once(void **state)
{
	struct pier_packet *packet = opened(closed("127.0.0.1"), &loose);
	struct pier_incoming in = { .buf = buf, .size = sizeof(buf) };

	(void)state;
	say(packet, "anybody?");
	assert_int_equal(
		pier_recv_many(packet, &in, 1, pier_in_s(5)), -ECONNREFUSED);
	assert_non_null(pier_packet_error(packet));
	pier_packet_close(packet);
}

static void
test_not_asked(void **state)
{
	static const struct pier_packet_opts opts = { .unconnected = true };
	struct pier_packet *packet = opened(closed("127.0.0.1"), &opts);
	struct pier_msg msg;

	(void)state;
	say(packet, "anybody?");
	assert_int_equal(
		pier_recv(packet, &msg, buf, sizeof(buf), PIER_NOW), -EAGAIN);
	assert_null(pier_packet_error(packet));
	pier_packet_close(packet);
}

/* The path over the loopback takes 65536 bytes; of IPv6 no more than that can be
   sent without being cut up. */
static void
test_too_long_for_the_path(void **state)
{
	static const char *const options[] = { "mtu_discover=do",
		"ipv6.mtu=1280", NULL };
	static const struct pier_packet_opts opts = { .ask = PIER_ASK_ERRORS,
		.options = options };
	struct pier_packet *server = opened("udp://[::1]:0", &server_opts);
	struct pier_packet *client = client_of(server, &opts);
	const struct pier_packet_error *error;

	(void)state;
	assert_int_equal(
		pier_send(client, NULL, buf, 4000, PIER_FOREVER), -EMSGSIZE);
	error = pier_packet_error(client);
	assert_non_null(error);
	assert_int_equal(error->family, 0);
	assert_int_equal(error->from.len, 0);
	assert_int_equal(error->type, -1);
	assert_int_equal(error->mtu, 1280);
	assert_non_null(strstr(pier_error_line(), "1280"));
	pier_packet_close(client);
	pier_packet_close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed_ports),
		cmocka_unit_test(test_each_is_told_once),
		cmocka_unit_test(test_others_are_not_concerned),
		cmocka_unit_test(test_only_so_many_are_kept),
		cmocka_unit_test(test_several_at_once),
		cmocka_unit_test(test_not_asked),
		cmocka_unit_test(test_too_long_for_the_path),
	};

	return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
