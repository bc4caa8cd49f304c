/* SPDX-License-Identifier: MIT */
/*
 * inspect/packet_filter_test.c - filters as text, and their two judges: the one
 * that looks at layers, and the program, in a machine of our own and in the
 * kernel. They agree about packets of every kind, broken ones included.
 */
#include <errno.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier/error.h>

#include "inspect/cbpf.h"
#include "inspect/layers.h"
#include "inspect/packet_filter.h"
#include "scale.h"

static const char *const filters[] = { "", "ip", "ip6", "arp", "tcp", "udp",
	"icmp", "icmp6", "sctp", "proto 47", "proto udp", "proto arp",
	"port 53", "src port 53", "dst port 53", "port 8000-50000",
	"portrange 1-79", "tcp port 80", "host 10.0.0.1", "src host 10.0.0.1",
	"dst 192.168.0.1", "net 10/8", "net 192.168", "src net 10.0.0.0/31",
	"dst net 192.168.0.2/31", "0.0.0.0/0", "host 2001:db8::1",
	"net 2001:db8::/48", "dst net 2001:db8:1::/48", "::/0",
	"dst 2001:db8:1::2", "vlan", "vlan 0", "vlan 3", "fragment",
	"not port 53", "!udp", "not (tcp or udp)", "udp and not port 53",
	"tcp or arp or icmp6", "vlan and udp port 443",
	"(host 10.0.0.1 or host 10.0.0.2) and (port 53 or port 80)",
	"not fragment and not vlan", "not not ip",
	"ip and (src 10.0.0.3 || dst 192.168.0.3) && !proto 17" };

#define FILTERS (sizeof(filters) / sizeof(filters[0]))

static struct pier_dump_filter *
read_filter(const char *text)
{
	struct pier_dump_filter *filter = NULL;

	if (pier_dump_filter_new(&filter, text) < 0)
		fail_msg("%s: %s", text, pier_error_line());
	return filter;
}

static void
test_what_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
		int offset;
	} list[] = {
		{ "prot 53", "'prot' begins no condition", 0 },
		{ "port", "a port is missing", 4 },
		{ "port 65536", "'65536' is no port", 5 },
		{ "port 80-79", "'80-79' is no port", 5 },
		{ "port no-such-service", "'no-such-service' is no port", 5 },
		{ "host", "an address is missing", 4 },
		{ "host 10.0.0.0/8", "'10.0.0.0/8' is a network", 5 },
		{ "host example.net", "", 5 },
		{ "net 10.0.0.1/8", "", 4 },
		{ "net 10/33", "", 4 },
		{ "src", "", 3 },
		{ "proto", "a protocol is missing", 5 },
		{ "proto 256", "'256' is no protocol", 6 },
		{ "proto fragment", "'fragment' is no protocol", 6 },
		{ "vlan 4096", "'4096' is no VLAN", 5 },
		{ "(tcp", "the parenthesis is not closed", 0 },
		{ "tcp)", "there is no parenthesis to be closed", 3 },
		{ "tcp and", "a condition is missing", 7 },
		{ "tcp or or udp", "'or' begins no condition", 7 },
		{ "not", "a condition is missing", 3 },
		{ "()", "a condition is missing before ')'", 1 },
		{ "and tcp", "'and' begins no condition", 0 },
	};
	struct pier_dump_filter *filter = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		int rc = pier_dump_filter_new(&filter, list[i].text);
		const struct pier_error *error = pier_last_error();

		if (rc != -EINVAL || error->offset != list[i].offset ||
			strstr(error->detail, list[i].why) == NULL)
			fail_msg("%s: %d at %d: %s", list[i].text, rc,
				error->offset, error->detail);
	}
}

static void
test_bounds(void **state)
{
	struct pier_dump_filter *filter = NULL;
	char text[1024] = "";
	size_t i;

	(void)state;
	for (i = 0; i < PIER_DUMP_TERMS_MAX; i++)
		strcat(text, "tcp or ");
	strcat(text, "tcp");
	assert_int_equal(pier_dump_filter_new(&filter, text), -EINVAL);
	assert_non_null(strstr(pier_error_line(), "more than 64 conditions"));
	memset(text, '(', 100);
	strcpy(text + 100, "tcp");
	assert_int_equal(pier_dump_filter_new(&filter, text), -EINVAL);
	assert_non_null(strstr(pier_error_line(), "parentheses"));
}

/* The largest filters still make a program, and not one that is cut off. */
static void
test_largest(void **state)
{
	static struct pier_dump_code code[PIER_DUMP_CODE_MAX];
	struct pier_dump_filter *filter;
	char text[64 * 32] = "";
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < PIER_DUMP_TERMS_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"%snet 2001:db8:%zx::/126", i > 0 ? " or " : "", i);
	filter = read_filter(text);
	n = pier_dump_filter_code(
		filter, code, PIER_DUMP_CODE_MAX, PIER_LINK_ETHERNET, 96);
	assert_true(n > 1000);
	assert_null(pier__cbpf_check(code, (size_t)n));
	assert_int_equal(pier_dump_filter_code(filter, code, (size_t)n - 1,
				 PIER_LINK_ETHERNET, 96),
		-ENOSPC);
	pier_dump_filter_free(filter);
}

/* What both judges say of a packet; -1: they do not agree. */
static int
judge(const struct pier_dump_filter *filter, const struct pier_dump_code *code,
	struct pier_layers *layers, const struct pier__cbpf_packet *packet)
{
	const struct pier_captured captured = { .data = packet->bytes,
		.size = packet->size,
		.full_size = packet->size,
		.link = PIER_LINK_ETHERNET };
	bool refused_short, match;

	(void)pier_layers_decode(layers, &captured);
	match = pier_dump_filter_match(filter, layers);
	if ((pier__cbpf_run(code, packet, &refused_short) != 0) != match ||
		refused_short)
		return -1;
	return match;
}

static void
show(const struct pier__cbpf_packet *packet)
{
	size_t i;

	for (i = 0; i < packet->size; i++)
		print_message("%02x", packet->bytes[i]);
	print_message("\n");
}

/* Every filter lets some pass and some not, else it tests nothing. */
static void
test_both_agree(void **state)
{
	static struct pier_dump_code code[PIER_DUMP_CODE_MAX];
	static unsigned char bytes[512];
	struct pier_layers *layers;
	size_t i;

	(void)state;
	assert_int_equal(pier_layers_new(&layers), 0);
	for (i = 0; i < FILTERS; i++) {
		struct pier_dump_filter *filter = read_filter(filters[i]);
		int n = pier_dump_filter_code(filter, code, PIER_DUMP_CODE_MAX,
			PIER_LINK_ETHERNET, 4096);
		unsigned seeds = (unsigned)test_scale(2000, 200);
		unsigned passed = 0, seed;

		assert_true(n > 0);
		assert_null(pier__cbpf_check(code, (size_t)n));
		for (seed = 1; seed <= seeds; seed++) {
			struct pier__cbpf_packet packet = { .bytes = bytes };
			int verdict;

			packet.size =
				pier__cbpf_packet(bytes, sizeof(bytes), seed);
			verdict = judge(filter, code, layers, &packet);
			if (verdict < 0) {
				show(&packet);
				fail_msg("%s, seed %u", filters[i], seed);
			}
			passed += (unsigned)verdict;
		}
		if (passed == 0 || (passed == seeds && filters[i][0] != '\0'))
			fail_msg("%s: %u", filters[i], passed);
		pier_dump_filter_free(filter);
	}
	pier_layers_free(layers);
}

/* What the kernel took out of the packet, or knows of it alone. */
static void
test_what_the_kernel_knows(void **state)
{
	static struct pier_dump_code code[PIER_DUMP_CODE_MAX];
	static const unsigned char udp[] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17,
		0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 53, 0, 80, 0, 8, 0, 0 };
	struct pier__cbpf_packet packet = { .bytes = udp,
		.size = sizeof(udp),
		.protocol = 0x0800,
		.has_tag = true,
		.tag = 0x2007,
		.hardware = 772 };
	struct pier_dump_filter *filter = read_filter("vlan 7 and port 53");
	bool is_short;
	int n = pier_dump_filter_code(
		filter, code, PIER_DUMP_CODE_MAX, PIER_LINK_COOKED2, 96);

	(void)state;
	assert_true(n > 0);
	assert_null(pier__cbpf_check(code, (size_t)n));
	assert_int_equal(pier__cbpf_run(code, &packet, &is_short), 96);
	packet.packet_type = 4;
	assert_int_equal(pier__cbpf_run(code, &packet, &is_short), 0);
	packet.hardware = 1;
	assert_int_equal(pier__cbpf_run(code, &packet, &is_short), 96);
	packet.has_tag = false;
	assert_int_equal(pier__cbpf_run(code, &packet, &is_short), 0);
	pier_dump_filter_free(filter);
}

/* The kernel's own opinion: what is sent to a Unix socket goes through a filter
   of it too, and needs no privilege. */
static void
test_the_kernel_agrees(void **state)
{
	static struct pier_dump_code code[PIER_DUMP_CODE_MAX];
	static unsigned char bytes[512], back[512];
	struct pier_layers *layers;
	struct sock_fprog program = { .filter = (void *)code };
	size_t i;
	int pair[2];

	(void)state;
	assert_int_equal(pier_layers_new(&layers), 0);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	for (i = 0; i < FILTERS; i++) {
		struct pier_dump_filter *filter = read_filter(filters[i]);
		int n = pier_dump_filter_code(filter, code, PIER_DUMP_CODE_MAX,
			PIER_LINK_ETHERNET, 4096);
		unsigned seeds = (unsigned)test_scale(300, 60), seed;

		program.len = (unsigned short)n;
		assert_int_equal(
			setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER,
				&program, sizeof(program)),
			0);
		for (seed = 1; seed <= seeds; seed++) {
			struct pier__cbpf_packet packet = { .bytes = bytes };
			bool came;

			packet.size =
				pier__cbpf_packet(bytes, sizeof(bytes), seed);
			(void)send(pair[0], bytes, packet.size, 0);
			came = recv(pair[1], back, sizeof(back), 0) >= 0;
			if (judge(filter, code, layers, &packet) != came)
				fail_msg("%s, seed %u", filters[i], seed);
		}
		pier_dump_filter_free(filter);
	}
	(void)close(pair[0]);
	(void)close(pair[1]);
	pier_layers_free(layers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_both_agree),
		cmocka_unit_test(test_what_the_kernel_knows),
		cmocka_unit_test(test_the_kernel_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
