/* SPDX-License-Identifier: MIT */
/* inspect/diag_test.c - messages of sock_diag(7), made by hand. */
#include "inspect/diag.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static union pier__nl_request made;

static struct pier__bytes
made_bytes(void)
{
	return (struct pier__bytes){ .at = made.bytes,
		.len = made.head.nlmsg_len };
}

/* The body of what was made. */
static struct pier__bytes
made_body(void)
{
	struct pier__bytes bytes = made_bytes();
	const struct nlmsghdr *message;

	assert_int_equal(pier__nl_message(&bytes, &message), 1);
	assert_int_equal(bytes.len, 0);
	return pier__nl_body(message);
}

static void
begin_inet(uint8_t family, uint8_t state)
{
	unsigned char body[72] = { family, state, 2, 3 };
	const uint16_t ports[2] = { htons(443), htons(50000) };
	const uint32_t tail[7] = { 1, 0x11, 0x22, 1500, 7, 8, 1000 };
	const uint32_t inode = 4242;

	memcpy(body + 4, ports, 4);
	body[8] = 127;
	body[11] = 1;
	body[24] = 192;
	memcpy(body + 40, tail, sizeof(tail));
	memcpy(body + 68, &inode, 4);
	pier__nl_begin(&made, 20, 0);
	pier__nl_put(&made, body, sizeof(body));
}

static void
test_inet(void **state)
{
	const uint32_t memory[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	const uint64_t cgroup = UINT64_C(0x1234567890);
	const uint8_t closed = 2;
	unsigned char info[280] = { 1 };
	struct pier__diag diag;
	char text[PIER_ADDR_TEXT_MAX];

	(void)state;
	info[68] = 9;
	begin_inet(AF_INET, 1);
	pier__nl_put_attribute(&made, 2, info, sizeof(info));
	pier__nl_put_attribute(&made, 4, "cubic", 6);
	pier__nl_put_attribute(&made, 7, memory, sizeof(memory));
	pier__nl_put_attribute(&made, 8, &closed, 1);
	pier__nl_put_attribute(&made, 21, &cgroup, 8);
	pier__nl_put_attribute(&made, 99, "unknown", 7);
	assert_int_equal(
		pier__diag_decode(&diag, PIER_SOCKET_TCP, made_body()), 0);
	assert_int_equal(diag.socket.state, PIER_TCP_ESTABLISHED);
	assert_int_equal(diag.socket.timer, PIER_TIMER_KEEPALIVE);
	assert_int_equal(diag.socket.timer_retransmits, 3);
	assert_int_equal(diag.socket.timer_ms, 1500);
	assert_int_equal(diag.socket.interface, 1);
	assert_true(diag.socket.cookie == UINT64_C(0x2200000011));
	assert_int_equal(diag.socket.recv_queue, 7);
	assert_int_equal(diag.socket.send_queue, 8);
	assert_int_equal(diag.socket.uid, 1000);
	assert_int_equal(diag.socket.inode, 4242);
	assert_int_equal(diag.socket.memory.drops, 9);
	assert_int_equal(diag.socket.shutdown, 2);
	assert_true(diag.socket.cgroup == cgroup);
	assert_string_equal(diag.socket.congestion, "cubic");
	assert_ptr_equal(diag.socket.info, &diag.info);
	assert_int_equal(diag.info.rtt_us, 9);
	assert_true(
		pier_addr_format(&diag.socket.local, text, sizeof(text)) > 0);
	assert_string_equal(text, "127.0.0.1:443");
	/* A raw socket has its protocol where others have a port. */
	assert_int_equal(
		pier__diag_decode(&diag, PIER_SOCKET_RAW, made_body()), 0);
	assert_int_equal(diag.socket.protocol, 443);
	assert_int_equal(pier_addr_port(&diag.socket.local), 0);
	assert_null(diag.socket.info);
}

static void
test_mptcp(void **state)
{
	struct pier__diag diag;
	const uint32_t token = 0xabcdef01;
	const uint64_t acked = UINT64_C(0x500000000);
	unsigned char info[100] = { 2, 1, 0, 8, [8] = 3, [80] = 3, [92] = 7 };
	/* The name, then the part of MPTCP with the token in it. */
	const unsigned char ulp[] = { 10, 0, 1, 0, 'm', 'p', 't', 'c', 'p', 0,
		0, 0, 12, 0, 3, 0x80, 8, 0, 2, 0, 0x01, 0xef, 0xcd, 0xab };

	(void)state;
	memcpy(info + 12, &token, sizeof(token));
	memcpy(info + 72, &acked, sizeof(acked));
	begin_inet(AF_INET, 1);
	pier__nl_put_attribute(&made, 2, info, sizeof(info));
	assert_int_equal(
		pier__diag_decode(&diag, PIER_SOCKET_MPTCP, made_body()), 0);
	assert_null(diag.socket.info);
	assert_ptr_equal(diag.socket.mptcp, &diag.mptcp);
	assert_int_equal(diag.mptcp.token, token);
	assert_int_equal(diag.mptcp.subflows, 2);
	assert_int_equal(diag.mptcp.subflows_total, 3);
	assert_int_equal(diag.mptcp.subflows_max, 8);
	assert_int_equal(diag.mptcp.fallback, 1);
	assert_int_equal(diag.mptcp.has_remote_key, 1);
	assert_true(diag.mptcp.bytes_acked == acked);
	assert_int_equal(diag.mptcp.last_ack_recv_ms, 7);
	/* That of an older kernel ends sooner. */
	begin_inet(AF_INET, 1);
	pier__nl_put_attribute(&made, 2, info, 40);
	pier__nl_put_attribute(&made, 19, ulp, sizeof(ulp));
	assert_int_equal(
		pier__diag_decode(&diag, PIER_SOCKET_MPTCP, made_body()), 0);
	assert_int_equal(diag.mptcp.token, token);
	assert_int_equal(diag.mptcp.subflows_total, 0);
	assert_string_equal(diag.socket.ulp, "mptcp");
	assert_int_equal(diag.socket.mptcp_token, token);
}

static void
test_unix(void **state)
{
	const unsigned char body[16] = { AF_UNIX, 1, 10, 0, 5 };
	const uint32_t queues[2] = { 3, 128 };
	const uint32_t peer = 6, uid = 12;
	struct pier__diag diag;
	char text[PIER_ADDR_TEXT_MAX], longest[200] = "";

	(void)state;
	pier__nl_begin(&made, 20, 0);
	pier__nl_put(&made, body, sizeof(body));
	pier__nl_put_attribute(&made, 0, "\0name", 5);
	pier__nl_put_attribute(&made, 2, &peer, 4);
	pier__nl_put_attribute(&made, 4, queues, 8);
	pier__nl_put_attribute(&made, 7, &uid, 4);
	assert_int_equal(
		pier__diag_decode(&diag, PIER_SOCKET_UNIX, made_body()), 0);
	assert_int_equal(diag.socket.state, PIER_TCP_LISTEN);
	assert_int_equal(diag.socket.inode, 5);
	assert_int_equal(diag.socket.peer_inode, 6);
	assert_int_equal(diag.socket.send_queue, 128);
	assert_int_equal(diag.socket.uid, 12);
	assert_true(
		pier_addr_format(&diag.socket.local, text, sizeof(text)) > 0);
	assert_string_equal(text, "@name");
	/* No name is that long: none is better than one of another length. */
	pier__nl_put_attribute(&made, 0, longest, sizeof(longest));
	assert_int_equal(
		pier__diag_decode(&diag, PIER_SOCKET_UNIX, made_body()), 0);
	assert_int_equal(diag.socket.local.len, 2 + 5);
}

/* Cut anywhere: an error, or fewer attributes; never a byte behind the end. */
static void
test_cut_off(void **state)
{
	unsigned char info[280] = { 1 };
	struct pier__diag diag;
	struct pier__bytes whole;

	(void)state;
	begin_inet(AF_INET6, 1);
	pier__nl_put_attribute(&made, 2, info, sizeof(info));
	whole = made_body();
	for (size_t len = 0; len < whole.len; len++) {
		unsigned char *copy = malloc(len > 0 ? len : 1);
		struct pier__bytes cut = { .at = copy, .len = len };

		assert_non_null(copy);
		memcpy(copy, whole.at, len);
		assert_int_equal(pier__diag_decode(&diag, PIER_SOCKET_TCP, cut),
			len == 72 ? 0 : -EBADMSG);
		free(copy);
	}
}

/* An attribute of one number that has another size says nothing. */
static void
test_odd_sizes(void **state)
{
	static const unsigned char bytes[16] = { 1, 2, 3 };
	static const uint16_t numbers[] = { 5, 6, 8, 11, 15, 21 };
	struct pier__diag diag;
	unsigned have;
	size_t i;

	(void)state;
	begin_inet(AF_INET, 1);
	assert_int_equal(
		pier__diag_decode(&diag, PIER_SOCKET_TCP, made_body()), 0);
	have = diag.socket.have;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		for (size_t len = 0; len <= sizeof(bytes); len++) {
			size_t right = numbers[i] == 21   ? 8
				       : numbers[i] == 15 ? 4
							  : 1;

			begin_inet(AF_INET, 1);
			pier__nl_put_attribute(&made, numbers[i], bytes, len);
			assert_int_equal(pier__diag_decode(&diag,
						 PIER_SOCKET_TCP, made_body()),
				0);
			assert_int_equal(
				diag.socket.have != have, len == right);
		}
}

static void
test_messages(void **state)
{
	const int32_t error = -ENOENT, odd = 5, huge = -5000;
	const uint32_t signs = UINT32_C(0x80000000);
	const struct nlmsghdr *message;
	struct pier__bytes bytes;
	uint32_t len;

	(void)state;
	pier__nl_begin(&made, NLMSG_ERROR, 0);
	pier__nl_put(&made, &error, sizeof(error));
	bytes = made_bytes();
	assert_int_equal(pier__nl_message(&bytes, &message), 1);
	assert_int_equal(pier__nl_status(message), -ENOENT);
	assert_int_equal(pier__nl_message(&bytes, &message), 0);
	memcpy(made.bytes + 16, &odd, sizeof(odd));
	assert_int_equal(pier__nl_status(&made.head), -EBADMSG);
	memcpy(made.bytes + 16, &huge, sizeof(huge));
	assert_int_equal(pier__nl_status(&made.head), -EBADMSG);
	made.head.nlmsg_len = 18;
	assert_int_equal(pier__nl_status(&made.head), -EBADMSG);
	made.head.nlmsg_type = NLMSG_DONE;
	assert_int_equal(pier__nl_status(&made.head), 0);
	/* A length of less than the head, of more than there is, and such as
	   are negative to who counts with a sign. */
	for (len = 0; len < 64; len++) {
		bytes = (struct pier__bytes){ made.bytes, 20 };
		made.head.nlmsg_len = len;
		assert_int_equal(pier__nl_message(&bytes, &message),
			len >= 16 && len <= 20 ? 1 : -EBADMSG);
		bytes = (struct pier__bytes){ made.bytes, 20 };
		made.head.nlmsg_len = signs + len;
		assert_int_equal(pier__nl_message(&bytes, &message), -EBADMSG);
		made.head.nlmsg_len = UINT32_MAX - len;
		assert_int_equal(pier__nl_message(&bytes, &message), -EBADMSG);
	}
}

/* An attribute ends within its message, not in what fills that up. */
static void
test_attributes(void **state)
{
	const struct nlattr *attribute;
	struct pier__bytes bytes;

	(void)state;
	pier__nl_begin(&made, 20, 0);
	pier__nl_put_attribute(&made, 0x8000 | 7, "123456", 6);
	for (uint32_t len = 16; len <= 28; len++) {
		made.head.nlmsg_len = len;
		bytes = pier__nl_body(&made.head);
		assert_int_equal(pier__nl_attribute(&bytes, &attribute),
			len == 16  ? 0
			: len < 26 ? -EBADMSG
				   : 1);
	}
	assert_int_equal(mnl_attr_get_type(attribute), 7);
	assert_int_equal(pier__nl_value(attribute).len, 6);
	assert_int_equal(pier__nl_attribute(&bytes, &attribute), 0);
	bytes = pier__nl_behind(pier__nl_body(&made.head), 40);
	assert_int_equal(bytes.len, 0);
}

static void
test_requests(void **state)
{
	const uint32_t code[2] = { 0x01020304, 0x05060708 };
	struct pier__diag_ask ask = { .kind = PIER_SOCKET_MPTCP,
		.family = AF_INET6,
		.states = 0x1ffe,
		.code = code,
		.code_len = sizeof(code) };
	const struct nlattr *item;
	struct pier__bytes rest;

	(void)state;
	pier__diag_request(&made, &ask);
	rest = made_body();
	assert_int_equal(rest.at[0], AF_INET6);
	assert_int_equal(pier__nl_u32(rest, 4), 0x1ffe);
	rest.at += 56;
	rest.len -= 56;
	assert_int_equal(pier__nl_attribute(&rest, &item), 1);
	assert_int_equal(mnl_attr_get_type(item), 3);
	assert_int_equal(mnl_attr_get_u32(item), 262);
	assert_int_equal(pier__nl_attribute(&rest, &item), 1);
	assert_int_equal(mnl_attr_get_type(item), 1);
	assert_memory_equal(mnl_attr_get_payload(item), code, sizeof(code));
	assert_int_equal(pier__nl_attribute(&rest, &item), 0);
	ask = (struct pier__diag_ask){ .kind = PIER_SOCKET_PACKET };
	pier__diag_request(&made, &ask);
	assert_int_equal(made_body().len, 20);
	ask.kind = PIER_SOCKET_VSOCK;
	pier__diag_request(&made, &ask);
	assert_int_equal(made_body().len, 24);
}

static void
test_kinds(void **state)
{
	(void)state;
	assert_string_equal(pier_socket_kind_name(PIER_SOCKET_TCP), "tcp");
	assert_string_equal(pier_socket_kind_name(PIER_SOCKET_VSOCK), "vsock");
	assert_null(pier_socket_kind_name(0));
	assert_null(pier_socket_kind_name(3));
	assert_null(pier_socket_kind_name(PIER_SOCKET_ALL + 1));
	assert_true(pier__diag_is_inet(PIER_SOCKET_RAW));
	assert_false(pier__diag_is_inet(PIER_SOCKET_UNIX));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inet),
		cmocka_unit_test(test_mptcp),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_odd_sizes),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
