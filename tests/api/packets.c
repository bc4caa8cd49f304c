/* SPDX-License-Identifier: MIT */
/* packets.c - see packets.h. */
#include "packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fds.h"

const struct pier_packet_opts server_opts = { .listen = true };

char buf[70000];

struct pier_packet *
opened(const char *endpoint, const struct pier_packet_opts *opts)
{
	struct pier_packet *packet = NULL;

	if (pier_packet_open(&packet, endpoint, opts, PIER_FOREVER) < 0)
		fail_msg("%s", pier_error_line());
	return packet;
}

void
cannot_open(const char *endpoint, const struct pier_packet_opts *opts, int rc,
	enum pier_step step)
{
	struct pier_packet *packet = NULL;
	int before = open_fds();

	assert_int_equal(
		pier_packet_open(&packet, endpoint, opts, PIER_FOREVER), rc);
	assert_null(packet);
	assert_int_equal(pier_last_error()->code, rc);
	assert_int_equal(pier_last_error()->step, step);
	assert_int_equal(open_fds(), before);
}

struct pier_packet *
client_of(const struct pier_packet *server, const struct pier_packet_opts *opts)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];

	assert_true(
		pier_packet_endpoint(server, endpoint, sizeof(endpoint)) > 0);
	return opened(endpoint, opts);
}

void
say(struct pier_packet *packet, const char *text)
{
	if (pier_send(packet, NULL, text, strlen(text), PIER_FOREVER) < 0)
		fail_msg("%s", pier_error_line());
}

struct pier_msg
heard(struct pier_packet *packet, const char *text)
{
	struct pier_msg msg;

	if (pier_recv(packet, &msg, buf, sizeof(buf), pier_in_ms(5000)) < 0)
		fail_msg("%s", pier_error_line());
	assert_ptr_equal(msg.data, buf);
	assert_int_equal(msg.size, strlen(text));
	assert_int_equal(msg.full_size, msg.size);
	assert_false(msg.truncated);
	assert_memory_equal(buf, text, msg.size);
	return msg;
}

struct pier_addr
local_of(const struct pier_packet *packet)
{
	struct pier_addr addr;

	assert_int_equal(pier_packet_local(packet, &addr), 0);
	return addr;
}

void
converse(struct pier_packet *server, struct pier_packet *client)
{
	struct pier_addr near = local_of(client);
	struct pier_addr peer;
	struct pier_msg msg;

	say(client, "question");
	msg = heard(server, "question");
	assert_true(pier_addr_equal(&msg.peer, &near));
	assert_int_equal(
		pier_reply(server, &msg, "answer", 6, PIER_FOREVER), 0);
	msg = heard(client, "answer");
	/* Whole messages, an empty one too. */
	say(client, "");
	say(client, "Hi!");
	say(client, "Hope you're well");
	(void)heard(server, "");
	(void)heard(server, "Hi!");
	msg = heard(server, "Hope you're well");
	peer = msg.peer;
	assert_int_equal(
		pier_send(server, &peer, "by address", 10, PIER_FOREVER), 0);
	(void)heard(client, "by address");
}
