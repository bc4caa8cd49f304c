/* SPDX-License-Identifier: MIT */
/* inspect/filter_test.c - filters as text, what they let pass, and that the
   bytecode for the kernel lets pass no less. */
#include "inspect/filter.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scale.h"

static struct pier__filter filter;

static struct pier_addr
address(const char *text)
{
	struct pier_addr addr;

	assert_int_equal(pier_addr_parse(&addr, text), 0);
	return addr;
}

static const struct pier_tcp_info info = { .have = 2 * PIER_INFO_ACCECN - 1,
	.rtt_us = 50000,
	.snd_cwnd = 10,
	.last_data_sent_ms = 1500,
	.pacing_rate = 1000000,
	.busy_time_us = 1000,
	.rwnd_limited_us = 900 };

static const struct pier_socket_owner owners[] = {
	{ .pid = 17, .fd = 3, .command = "nginx" },
	{ .pid = 18, .fd = 3, .command = "helper" },
};

/* 192.0.2.1:443 to 198.51.100.7:50000, of user 1000 and two processes. */
static struct pier_socket
example(void)
{
	struct pier_socket socket = { .kind = PIER_SOCKET_TCP,
		.family = AF_INET,
		.state = PIER_TCP_ESTABLISHED,
		.have = PIER_SOCKET_HAS_QUEUES | PIER_SOCKET_HAS_UID |
			PIER_SOCKET_HAS_MEMORY,
		.uid = 1000,
		.inode = 77,
		.recv_queue = 64000,
		.memory = { .drops = 5 },
		.interface = 1,
		.info = &info,
		.owners = owners,
		.owner_count = 2 };

	socket.local = address("192.0.2.1:443");
	socket.peer = address("198.51.100.7:50000");
	return socket;
}

static bool
passes(const char *text, const struct pier_socket *socket)
{
	struct pier__why why = { .offset = 0 };

	if (pier__filter_parse(&filter, text, &why) < 0)
		fail_msg("%s: %s", text, why.text);
	return pier__filter_match(&filter, socket);
}

static void
test_control_groups(void **state)
{
	struct pier_socket socket = example();

	(void)state;
	assert_false(passes("cgroup:nginx", &socket));
	assert_true(passes("cgroup!=nginx", &socket));
	socket.cgroup_path = "/system.slice/nginx.service";
	socket.cgroup = 4411;
	socket.have |= PIER_SOCKET_HAS_CGROUP;
	assert_true(passes("cgroup:nginx", &socket));
	assert_true(passes("cgroup:/system.slice", &socket));
	assert_false(passes("cgroup:user.slice", &socket));
	assert_true(passes("cgroup:4411", &socket));
	assert_false(passes("cgroup:4412", &socket));
}

static void
test_what_passes(void **state)
{
	static const char *const pass[] = { "", "  ", "tcp", "established",
		"port:443", "port:50000", "sport:443", "dport:50000",
		"port:400-500", "port!=80", "port>49999", "sport<=443",
		"src:192.0.2.1", "dst:198.51.100.0/24", "addr:0.0.0.0/0",
		"addr!=10.0.0.0/8", "process:nginx", "process:ngi", "pid:18",
		"process:\"help\"", "rtt:50ms", "rtt>=0.05", "rtt<51ms",
		"rtt>49999us", "cwnd=10", "last_data_sent>1s",
		"last-data-sent:1.5s", "pacing_rate=1M/s", "pacing_rate>999k",
		"user:1000", "uid<2000", "inode:77", "drops>4", "dev:lo",
		"recv-queue:64k", "limit:receiver", "limit!=loss", "family:4",
		"proto:tcp state:established", "STATE:Estab", "not udp",
		"! udp", "not not tcp", "udp or tcp", "tcp and not udp",
		"(udp or port:443) rtt>1ms", "not (udp or port:80)", "not(udp)",
		"udp port:443 or tcp" };
	static const char *const stop[] = { "udp", "listen", "port:80",
		"sport:50000", "dport:443", "port!=443", "not port:443",
		"src:198.51.100.7", "addr:::1", "process:apache", "pid:19",
		"process!=nginx", "rtt>50ms", "rtt!=50ms", "cwnd<10", "drops<5",
		"limit:app", "mark:0", "cgroup:0", "path:x", "family:6",
		"tcp udp", "udp or (tcp port:80)", "not (tcp and port:443)",
		"tcp and not port:443" };
	struct pier_socket socket = example();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pass) / sizeof(pass[0]); i++) {
		if (!passes(pass[i], &socket))
			fail_msg("'%s' does not pass", pass[i]);
	}
	for (i = 0; i < sizeof(stop) / sizeof(stop[0]); i++) {
		if (passes(stop[i], &socket))
			fail_msg("'%s' passes", stop[i]);
	}
	assert_true(passes(NULL, &socket));
}

/* A dual-stack socket's address of IPv4 is one. */
static void
test_mapped_addresses(void **state)
{
	struct pier_socket socket = example();

	(void)state;
	socket.family = AF_INET6;
	socket.local = address("[::ffff:192.0.2.1]:443");
	assert_true(passes("src:192.0.2.0/24", &socket));
	assert_true(passes("src:::ffff:192.0.2.1", &socket));
	assert_false(passes("src:::/0", &socket));
	socket.local = address("[2001:db8::5]:443");
	assert_true(passes("src:2001:db8::/64 src:::/0", &socket));
	assert_true(passes("src:2001:db8::4/127", &socket));
	assert_false(passes("src:2001:db8::6/127", &socket));
}

static void
test_unix(void **state)
{
	struct pier_socket socket = { .kind = PIER_SOCKET_UNIX,
		.family = AF_UNIX,
		.state = PIER_TCP_LISTEN };

	(void)state;
	socket.local = address("/run/nginx.sock");
	assert_true(passes("unix path:nginx.sock listen", &socket));
	assert_true(passes("unix path:nginx.sock listening", &socket));
	assert_true(passes("path!=apache", &socket));
	assert_false(passes("port:0", &socket));
	assert_true(passes("not port:0", &socket));
	assert_false(passes("rtt<1h", &socket));
}

static void
test_what_is_no_filter(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *says;
	} list[] = {
		{ "prt:80", 0, "no key 'prt'" },
		{ "tcp prt", 4, "'prt' is no kind" },
		{ "port:", 5, "a value is missing" },
		{ "port:http", 5, "'http' is not a port" },
		{ "port:65536", 5, "'65536' is not a port" },
		{ "port:9-3", 5, "'9-3' is not a port" },
		{ "port>1-3", 5, "'1-3' is not a port" },
		{ "src:192.0.2", 4, "not an IP address" },
		{ "src:/run/x", 4, "not an IP address" },
		{ "src:1.2.3.4:5", 4, "not an IP address" },
		{ "src:::ffff:1.2.3.4/95", 18, "from 96 to 128" },
		{ "src:192.0.2.1/33", 13, "from 0 to 32" },
		{ "src>192.0.2.1", 4, "expected ':' or '!='" },
		{ "rtt>50xs", 4, "not a duration" },
		{ "rtt>1.2345678901s", 4, "not a duration" },
		{ "cwnd:x", 5, "not a number" },
		{ "rcvbuf:1x", 7, "not a size" },
		{ "pacing_rate:1x", 12, "not a rate" },
		{ "state:up", 6, "is no state" },
		{ "state>1", 6, "nothing to be more" },
		{ "family:5", 7, "4 or 6" },
		{ "limit:luck", 6, "is no limit" },
		{ "user:nobody-has-this-name", 5, "no user" },
		{ "dev:nodev0", 4, "no interface" },
		{ "(tcp", 0, "parenthesis is not closed" },
		{ "tcp)", 3, "no parenthesis to be closed" },
		{ "tcp or", 6, "a condition is missing" },
		{ "not", 3, "a condition is missing" },
		{ "tcp and and", 8, "no kind" },
		{ "path:\"x", 5, "quote is not closed" },
		{ "tcp & udp", 4, "'&' begins no condition" },
	};
	struct pier__why why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (pier__filter_parse(&filter, list[i].text, &why) != -EINVAL)
			fail_msg("'%s' is read", list[i].text);
		if (strstr(why.text, list[i].says) == NULL ||
			why.offset != list[i].offset)
			fail_msg("'%s': %s (at %zu)", list[i].text, why.text,
				why.offset);
	}
}

/* Limits: so many conditions, so deep. */
static void
test_bounds(void **state)
{
	struct pier__why why;
	char text[4096] = "";

	(void)state;
	for (int i = 0; i < PIER__FILTER_TERMS_MAX; i++)
		strcat(text, "tcp ");
	assert_int_equal(pier__filter_parse(&filter, text, &why), 0);
	strcat(text, "tcp");
	assert_int_equal(pier__filter_parse(&filter, text, &why), -EINVAL);
	memset(text, '(', 100);
	text[100] = '\0';
	assert_int_equal(pier__filter_parse(&filter, text, &why), -EINVAL);
	assert_non_null(strstr(why.text, "parentheses"));
	/* Nots are no depth. */
	memset(text, '!', 1000);
	strcpy(text + 1000, "tcp");
	assert_int_equal(pier__filter_parse(&filter, text, &why), 0);
}

static void
test_what_is_asked_for(void **state)
{
	struct pier_socket socket = example();

	(void)state;
	(void)passes("tcp or unix", &socket);
	assert_int_equal(pier__filter_kinds(&filter),
		PIER_SOCKET_TCP | PIER_SOCKET_UNIX);
	(void)passes("not (tcp or unix)", &socket);
	assert_int_equal(pier__filter_kinds(&filter),
		PIER_SOCKET_ALL & ~(PIER_SOCKET_TCP | PIER_SOCKET_UNIX));
	(void)passes("tcp listen or port:80", &socket);
	assert_int_equal(pier__filter_kinds(&filter), PIER_SOCKET_ALL);
	assert_int_equal(pier__filter_states(&filter), 0x1ffe);
	(void)passes("tcp (listen or closing)", &socket);
	assert_int_equal(pier__filter_states(&filter), 1 << 10 | 1 << 11);
	(void)passes("state:bound", &socket);
	assert_int_equal(pier__filter_states(&filter), 1 << 13);
	assert_false(filter.owners);
	(void)passes("tcp or pid:3", &socket);
	assert_true(filter.owners);
	(void)passes("cgroup:77", &socket);
	assert_false(filter.cgroups);
	(void)passes("tcp or cgroup:nginx", &socket);
	assert_true(filter.cgroups);
}

/* The kernel's side: does the code pass a socket? As inet_diag has it. */
static bool
run_code(const uint32_t *code, size_t len, const struct pier_socket *socket)
{
	const unsigned char *at = (const unsigned char *)code;
	long left = (long)len;

	while (left > 0) {
		uint16_t no, port;
		struct pier__filter_term term = { .about =
							  PIER__ABOUT_ADDRESS };
		bool yes = false;

		memcpy(&no, at + 2, 2);
		assert_true(at[1] % 4 == 0 && at[1] >= 4 && at[1] <= left + 4);
		assert_true(no % 4 == 0 && no <= left + 4);
		switch (at[0]) {
		case 1:
			break;
		case 2:
		case 3:
		case 4:
		case 5:
			memcpy(&port, at + 6, 2);
			no = at[0] <= 3
				     ? (uint16_t)pier_addr_port(&socket->local)
				     : (uint16_t)pier_addr_port(&socket->peer);
			yes = at[0] % 2 == 0 ? no >= port : no <= port;
			memcpy(&no, at + 2, 2);
			break;
		default:
			term.prefix = at[5];
			term.addr.len = sizeof(struct sockaddr_in6);
			term.addr.u.sa.sa_family = at[4];
			if (at[4] == AF_INET)
				memcpy(&term.addr.u.in.sin_addr, at + 12, 4);
			else
				memcpy(&term.addr.u.in6.sin6_addr, at + 12, 16);
			yes = pier__filter_begins(&term,
				at[0] == 7 ? &socket->local : &socket->peer);
		}
		left -= yes ? at[1] : no;
		at += yes ? at[1] : no;
	}
	return left == 0;
}

/* A filter of up to 2^depth conditions, of those that the kernel can say or,
   with others, of all. */
static void
make_filter(char *text, unsigned depth, bool others)
{
	static const char *const terms[] = { "sport:1", "dport:2", "port:1-2",
		"src:10.0.0.0/31", "dst!=10.0.0.1", "addr:::2", "port!=3",
		"established", "rtt>1ms", "sport<2" };

	if (depth == 0 || rand() % 4 == 0) {
		strcat(text, terms[rand() % (others ? 10 : 7)]);
		return;
	}
	strcat(text, rand() % 3 == 0 ? "not (" : "(");
	make_filter(text, depth - 1, others);
	strcat(text, rand() % 2 == 0 ? " or " : " and ");
	make_filter(text, depth - 1, others);
	strcat(text, ")");
}

static struct pier_socket
make_socket(void)
{
	struct pier_socket socket = example();
	bool v6 = rand() % 2 == 0;

	socket.local = address(v6 ? "::0" : "10.0.0.0");
	socket.peer = socket.local;
	if (v6) {
		socket.local.u.in6.sin6_addr.s6_addr[15] = rand() % 4;
		socket.peer.u.in6.sin6_addr.s6_addr[15] = rand() % 4;
	} else {
		socket.local.u.in.sin_addr.s_addr |= htonl(rand() % 4);
		socket.peer.u.in.sin_addr.s_addr |= htonl(rand() % 4);
	}
	(void)pier_addr_set_port(&socket.local, rand() % 4);
	(void)pier_addr_set_port(&socket.peer, rand() % 4);
	return socket;
}

/* What passes the filter passes the code; and of what the kernel can say all
   of, nothing else does. */
static void
test_code(void **state)
{
	static uint32_t code[1024];
	struct pier__why why;
	char text[4096];
	unsigned refused = 0;
	int filters = test_scale(3000, 300);

	(void)state;
	srand(1);
	for (int i = 0; i < filters; i++) {
		bool others = i % 2 == 0;
		size_t len;

		text[0] = '\0';
		make_filter(text, (unsigned)rand() % 5, others);
		if (pier__filter_parse(&filter, text, &why) < 0)
			fail_msg("%s: %s", text, why.text);
		len = pier__filter_code(&filter, code, sizeof(code));
		assert_true(others || len > 0);
		for (int j = 0; j < 30; j++) {
			struct pier_socket socket = make_socket();
			bool wanted = pier__filter_match(&filter, &socket);
			bool passed = run_code(code, len, &socket);

			refused += !passed;
			if ((wanted && !passed) ||
				(!others && wanted != passed))
				fail_msg("'%s' has other code", text);
		}
	}
	assert_true(refused > (unsigned)filters * 10 / 3);
	/* What does not fit is not cut off: then all pass. */
	assert_int_equal(pier__filter_code(&filter, code, 8), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_groups),
		cmocka_unit_test(test_what_passes),
		cmocka_unit_test(test_mapped_addresses),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_what_is_no_filter),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_what_is_asked_for),
		cmocka_unit_test(test_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
