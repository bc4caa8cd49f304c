/* SPDX-License-Identifier: MIT */
/* Entries of the error queue made by hand; real ones in tests/interop. */
#include "net/came_back.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include <linux/errqueue.h>

#include "net/sent.h"

struct along {
	alignas(struct cmsghdr) unsigned char bytes[256];
	struct msghdr header;
};

static void
add(struct along *it, int level, int type, const void *data, size_t size)
{
	struct cmsghdr *cmsg = (void *)(it->bytes + it->header.msg_controllen);

	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(cmsg), data, size);
	it->header.msg_control = it->bytes;
	it->header.msg_controllen += CMSG_SPACE(size);
}

struct record {
	struct sock_extended_err error;
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} from;
};

/* What the record gives with so much room behind it for its sender. */
static struct pier_packet_error
read_error(int level, const struct sock_extended_err *error, size_t room)
{
	struct pier_packet_error out;
	struct record record = { .error = *error };
	struct along it = { .bytes = { 0 } };

	if (level == IPPROTO_IP) {
		record.from.in.sin_family = AF_INET;
		record.from.in.sin_port = htons(9);
		record.from.in.sin_addr.s_addr = htonl(0xc0000201);
	} else {
		record.from.in6.sin6_family = AF_INET6;
		record.from.in6.sin6_addr.s6_addr[15] = 1;
	}
	add(&it, level, level == IPPROTO_IP ? IP_RECVERR : IPV6_RECVERR,
		&record, sizeof(record.error) + room);
	pier__came_back_read(&out, &it.header);
	return out;
}

static void
errors_name_who_sent_them(void **state)
{
	struct sock_extended_err one = { .ee_errno = EHOSTUNREACH,
		.ee_origin = SO_EE_ORIGIN_ICMP,
		.ee_type = 3,
		.ee_code = 1 };
	struct pier_packet_error error = read_error(IPPROTO_IP, &one, 16);
	char text[PIER_ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(error.rc, -EHOSTUNREACH);
	assert_int_equal(error.family, AF_INET);
	assert_int_equal(error.type, 3);
	assert_int_equal(error.code, 1);
	assert_string_equal(error.meaning, "host unreachable");
	assert_true(pier_addr_format(&error.from, text, sizeof(text)) > 0);
	assert_string_equal(text, "192.0.2.1");
	/* The sender is cut off: nothing is read beyond. */
	error = read_error(IPPROTO_IP, &one, 8);
	assert_int_equal(error.from.len, 0);
	assert_int_equal(error.type, 3);
	one.ee_code = 4;
	one.ee_info = 1280;
	one.ee_errno = EMSGSIZE;
	assert_int_equal(read_error(IPPROTO_IP, &one, 16).mtu, 1280);
}

static void
errors_of_ipv6_and_of_this_machine(void **state)
{
	struct sock_extended_err one = { .ee_errno = EACCES,
		.ee_origin = SO_EE_ORIGIN_ICMP6,
		.ee_type = 1,
		.ee_code = 1 };
	struct along none = { .bytes = { 0 } };
	struct pier_packet_error error = read_error(IPPROTO_IPV6, &one, 28);

	(void)state;
	assert_int_equal(error.family, AF_INET6);
	assert_string_equal(error.meaning, "administratively prohibited");
	assert_int_equal(error.from.len, sizeof(struct sockaddr_in6));
	one.ee_origin = SO_EE_ORIGIN_LOCAL;
	one.ee_errno = EMSGSIZE;
	one.ee_info = 1500;
	error = read_error(IPPROTO_IPV6, &one, 28);
	assert_int_equal(error.family, 0);
	assert_int_equal(error.type, -1);
	assert_int_equal(error.mtu, 1500);
	assert_int_equal(error.from.len, 0);
	pier__came_back_read(&error, &none.header);
	assert_int_equal(error.rc, 0);
}

/* When a message was sent stands in the same queue; an error has the moment
   when it came beside it. */
static void
moments_of_sending(void **state)
{
	const struct timespec stamp[3] = { { .tv_sec = 7, .tv_nsec = 9 } };
	struct sock_extended_err told = { .ee_errno = ENOMSG,
		.ee_origin = SO_EE_ORIGIN_TIMESTAMPING };
	struct pier__came_back it = { .tells_sent = true };
	struct along sent = { .bytes = { 0 } };
	struct along error = { .bytes = { 0 } };
	struct along cut = { .bytes = { 0 } };

	(void)state;
	add(&sent, SOL_SOCKET, SO_TIMESTAMPING, stamp, sizeof(stamp));
	add(&sent, IPPROTO_IPV6, IPV6_RECVERR, &told, sizeof(told));
	assert_true(pier__sent_read(&it, &sent.header));
	assert_int_equal(it.sent_ns, INT64_C(7000000009));
	/* Nobody has asked for it. */
	it.tells_sent = false;
	assert_false(pier__sent_read(&it, &sent.header));
	it.tells_sent = true;
	told.ee_origin = SO_EE_ORIGIN_ICMP;
	add(&error, SOL_SOCKET, SO_TIMESTAMPING, stamp, sizeof(stamp));
	add(&error, IPPROTO_IP, IP_RECVERR, &told, sizeof(told));
	assert_false(pier__sent_read(&it, &error.header));
	/* Without the moment it is one that nobody knows. */
	told.ee_origin = SO_EE_ORIGIN_TIMESTAMPING;
	add(&cut, SOL_SOCKET, SO_TIMESTAMPING, stamp, sizeof(stamp[0]));
	add(&cut, IPPROTO_IP, IP_RECVERR, &told, sizeof(told));
	assert_true(pier__sent_read(&it, &cut.header));
	assert_int_equal(it.sent_ns, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_name_who_sent_them),
		cmocka_unit_test(errors_of_ipv6_and_of_this_machine),
		cmocka_unit_test(moments_of_sending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
