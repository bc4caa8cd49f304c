/* SPDX-License-Identifier: MIT */
/*
 * The grammar of endpoints: what each form means, and for each refusal the
 * words and the character.
 */
#include "net/endpoint.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
reads_tcp_and_udp(void **state)
{
	static const struct {
		const char *text, *scheme;
		int family;
		bool numeric;
		const char *host;
		const char *service;
		int port;
	} cases[] = {
		{ "tcp://host:80", "tcp", AF_UNSPEC, false, "host", "80", 80 },
		{ "TCP://Host:http", "tcp", AF_UNSPEC, false, "Host", "http",
			-1 },
		{ "tcp://:7000", "tcp", AF_UNSPEC, false, "", "7000", 7000 },
		{ "tcp://*:0", "tcp", AF_UNSPEC, false, "", "0", 0 },
		{ "tcp4://:1", "tcp4", AF_INET, false, "", "1", 1 },
		{ "tcp4://127.0.0.1:1", "tcp4", AF_INET, true, "127.0.0.1", "1",
			1 },
		{ "tcp6://[::1]:1", "tcp6", AF_INET6, true, "::1", "1", 1 },
		{ "udp://[fe80::1%lo]:53", "udp", AF_UNSPEC, true, "fe80::1%lo",
			"53", 53 },
		{ "udp6://name.:domain", "udp6", AF_INET6, false, "name.",
			"domain", -1 },
		{ "udp4://a-b_c.d:1", "udp4", AF_INET, false, "a-b_c.d", "1",
			1 },
		{ "tcp://%68ost:1", "tcp", AF_UNSPEC, false, "host", "1", 1 },
		{ "tcp://b\xc3\xbc"
		  "cher:1",
			"tcp", AF_UNSPEC, false,
			"b\xc3\xbc"
			"cher",
			"1", 1 },
		{ "host:80", "tcp", AF_UNSPEC, false, "host", "80", 80 },
		{ "tcp:80", "tcp", AF_UNSPEC, false, "tcp", "80", 80 },
		{ ":80", "tcp", AF_UNSPEC, false, "", "80", 80 },
		{ "*:whois++", "tcp", AF_UNSPEC, false, "", "whois++", -1 },
		{ "[::1]:80", "tcp", AF_UNSPEC, true, "::1", "80", 80 },
		{ "192.0.2.1:80", "tcp", AF_UNSPEC, true, "192.0.2.1", "80",
			80 },
	};
	struct pier__endpoint got;
	struct pier__why why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			pier__endpoint_parse(&got, cases[i].text, &why), 0);
		assert_string_equal(got.scheme, cases[i].scheme);
		assert_int_equal(got.kind, cases[i].scheme[0] == 't'
						   ? PIER__ENDPOINT_TCP
						   : PIER__ENDPOINT_UDP);
		assert_int_equal(got.family, cases[i].family);
		assert_string_equal(got.host, cases[i].host);
		assert_int_equal(got.numeric, cases[i].numeric);
		assert_string_equal(got.service, cases[i].service);
		assert_int_equal(got.port, cases[i].port);
		assert_int_equal(got.addr.len, 0);
		assert_int_equal(got.fd, -1);
	}
}

static void
reads_unix_paths_and_names(void **state)
{
	static const struct {
		const char *text;
		enum pier__endpoint_kind kind;
		const char *addr;
	} cases[] = {
		{ "unix:///run/x", PIER__ENDPOINT_UNIX, "/run/x" },
		{ "unix://@name", PIER__ENDPOINT_UNIX, "@name" },
		{ "unix://./x", PIER__ENDPOINT_UNIX, "./x" },
		{ "unix://x", PIER__ENDPOINT_UNIX, "./x" },
		{ "unix:///a%3Fb", PIER__ENDPOINT_UNIX, "/a%3Fb" },
		{ "unixgram:///run/x", PIER__ENDPOINT_UNIXGRAM, "/run/x" },
		{ "seqpacket://@x", PIER__ENDPOINT_SEQPACKET, "@x" },
		{ "/run/x", PIER__ENDPOINT_UNIX, "/run/x" },
		{ "./x:80", PIER__ENDPOINT_UNIX, "./x:80" },
		{ "@tcp://x:80", PIER__ENDPOINT_UNIX, "@tcp://x:80" },
		{ "/tcp://x:80", PIER__ENDPOINT_UNIX, "/tcp://x:80" },
	};
	char text[PIER_ADDR_TEXT_MAX];
	struct pier__endpoint got;
	struct pier__why why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			pier__endpoint_parse(&got, cases[i].text, &why), 0);
		assert_int_equal(got.kind, cases[i].kind);
		assert_int_equal(got.family, AF_UNIX);
		assert_true(
			pier_addr_format(&got.addr, text, sizeof(text)) > 0);
		assert_string_equal(text, cases[i].addr);
	}
}

static void
reads_descriptors_and_pairs(void **state)
{
	struct pier__endpoint got;
	struct pier__why why;

	(void)state;
	assert_int_equal(pier__endpoint_parse(&got, "fd://0", &why), 0);
	assert_int_equal(got.kind, PIER__ENDPOINT_FD);
	assert_int_equal(got.fd, 0);
	assert_int_equal(
		pier__endpoint_parse(&got, "fd://2147483647", &why), 0);
	assert_int_equal(got.fd, 2147483647);
	assert_int_equal(pier__endpoint_parse(&got, "fd://web-2%3f", &why), 0);
	assert_int_equal(got.fd, -1);
	assert_string_equal(got.host, "web-2?");
	assert_int_equal(pier__endpoint_parse(&got, "pair://", &why), 0);
	assert_int_equal(got.kind, PIER__ENDPOINT_PAIR);
	assert_int_equal(got.fd, -1);
}

static void
reads_hosts_of_icmp(void **state)
{
	static const struct {
		const char *text, *scheme, *host;
		int family;
		bool numeric;
	} cases[] = {
		{ "icmp://host", "icmp", "host", AF_UNSPEC, false },
		{ "ICMP4://192.0.2.1", "icmp4", "192.0.2.1", AF_INET, true },
		{ "icmp6://[fe80::1%lo]", "icmp6", "fe80::1%lo", AF_INET6,
			true },
		{ "icmp://h?ttl=3", "icmp", "h", AF_UNSPEC, false },
	};
	struct pier__endpoint got;
	struct pier__why why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			pier__endpoint_parse(&got, cases[i].text, &why), 0);
		assert_int_equal(got.kind, PIER__ENDPOINT_ICMP);
		assert_string_equal(got.scheme, cases[i].scheme);
		assert_string_equal(got.host, cases[i].host);
		assert_int_equal(got.family, cases[i].family);
		assert_int_equal(got.numeric, cases[i].numeric);
		assert_int_equal(got.port, 0);
	}
}

static void
reads_protocols_of_ip(void **state)
{
	static const struct {
		const char *text;
		int family, protocol;
		const char *host;
	} cases[] = {
		{ "raw://host/icmp", AF_UNSPEC, 1, "host" },
		{ "raw://192.0.2.1/253", AF_UNSPEC, 253, "192.0.2.1" },
		{ "raw4://host/UDP", AF_INET, 17, "host" },
		{ "raw6://[fe80::1%lo]/icmp6", AF_INET6, 58, "fe80::1%lo" },
		{ "raw:///gre", AF_UNSPEC, 47, "" },
		{ "raw://*/255?ttl=3&hdrincl=1", AF_UNSPEC, 255, "" },
		{ "raw4://192.0.2.1/icmp?icmp.filter=1", AF_INET, 1,
			"192.0.2.1" },
	};
	struct pier__endpoint got;
	struct pier__why why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (pier__endpoint_parse(&got, cases[i].text, &why) < 0)
			fail_msg("%s: %s", cases[i].text, why.text);
		assert_int_equal(got.kind, PIER__ENDPOINT_RAW);
		assert_int_equal(got.family, cases[i].family);
		assert_int_equal(got.protocol, cases[i].protocol);
		assert_string_equal(got.host, cases[i].host);
		assert_int_equal(got.addr.len, 0);
	}
}

static void
reads_services_of_tipc(void **state)
{
	static const struct {
		const char *text;
		int type;
		const char *addr;
	} cases[] = {
		{ "tipc://18888/17", SOCK_RDM, "tipc:18888/17" },
		{ "tipc://18888/17-20?type=rdm", SOCK_RDM, "tipc:18888/17-20" },
		{ "tipc://18888/17?type=seqpacket", SOCK_SEQPACKET,
			"tipc:18888/17" },
		{ "TIPC://1/2?TYPE=seqpacket&importance=high&sndbuf=64k",
			SOCK_SEQPACKET, "tipc:1/2" },
		{ "tipc://1/2?importance=low&type=seqp%61cket", SOCK_SEQPACKET,
			"tipc:1/2" },
	};
	char text[PIER_ADDR_TEXT_MAX];
	struct pier__endpoint got;
	struct pier__why why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (pier__endpoint_parse(&got, cases[i].text, &why) < 0)
			fail_msg("%s: %s", cases[i].text, why.text);
		assert_int_equal(got.kind, PIER__ENDPOINT_TIPC);
		assert_int_equal(got.type, cases[i].type);
		assert_true(
			pier_addr_format(&got.addr, text, sizeof(text)) > 0);
		assert_string_equal(text, cases[i].addr);
	}
}

static void
reads_bluetooth(void **state)
{
	static const struct {
		const char *text;
		enum pier__endpoint_kind kind;
		const char *addr;
		struct pier__bt_wishes bt;
	} cases[] = {
		{ "rfcomm://00:11:22:33:44:55/1", PIER__ENDPOINT_RFCOMM,
			"rfcomm:00:11:22:33:44:55/1", { 0, 0, 0 } },
		{ "rfcomm:///0?security=high&sndbuf=64k", PIER__ENDPOINT_RFCOMM,
			"rfcomm:*/0", { 3, 0, 0 } },
		{ "l2cap://*/0x1001", PIER__ENDPOINT_L2CAP, "l2cap:*/0x1001",
			{ 0, 0, 0 } },
		{ "L2CAP://00:11:22:33:44:55/128?LE=public&mtu=23",
			PIER__ENDPOINT_L2CAP,
			"l2cap:00:11:22:33:44:55/0x80?le=public",
			{ 0, 0, 23 } },
		{ "l2cap://*/1?mtu=65535&le=rand%6fm&security=low",
			PIER__ENDPOINT_L2CAP, "l2cap:*/0x1?le=random",
			{ 1, 0, 65535 } },
		{ "l2cap://*/1?mode=basic", PIER__ENDPOINT_L2CAP, "l2cap:*/0x1",
			{ 0, 1, 0 } },
		{ "l2cap://*/1?mode=ertm", PIER__ENDPOINT_L2CAP, "l2cap:*/0x1",
			{ 0, 4, 0 } },
	};
	char text[PIER_ADDR_TEXT_MAX];
	struct pier__endpoint got;
	struct pier__why why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (pier__endpoint_parse(&got, cases[i].text, &why) < 0)
			fail_msg("%s: %s", cases[i].text, why.text);
		assert_int_equal(got.kind, cases[i].kind);
		assert_int_equal(got.protocol,
			got.kind == PIER__ENDPOINT_RFCOMM ? 3 : 0);
		assert_true(
			pier_addr_format(&got.addr, text, sizeof(text)) > 0);
		assert_string_equal(text, cases[i].addr);
		assert_int_equal(got.bt.security, cases[i].bt.security);
		assert_int_equal(got.bt.mode, cases[i].bt.mode);
		assert_int_equal(got.bt.mtu, cases[i].bt.mtu);
	}
}

struct refusal {
	const char *text;
	size_t offset;
	const char *words;
};

static void
assert_refused(const struct refusal *cases, size_t count)
{
	struct pier_endpoint_check check;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(
			pier_endpoint_check(cases[i].text, &check), -EINVAL);
		if (strstr(check.text, cases[i].words) == NULL ||
			check.offset != cases[i].offset)
			fail_msg("%s: %zu: %s", cases[i].text, check.offset,
				check.text);
		assert_true(check.offset <= strlen(cases[i].text));
	}
}

static void
points_at_what_is_wrong_in_a_host(void **state)
{
	static const struct refusal cases[] = {
		{ "tcp://127.1:80", 6, "short IPv4" },
		{ "tcp://1.2.0x3.4:80", 10, "hexadecimal IPv4" },
		{ "tcp://127.%31:80", 6, "short IPv4" },
		{ "tcp://010.0.0.1:80", 6, "octal IPv4" },
		{ "2130706433:80", 0, "short IPv4" },
		{ "tcp://a b:80", 7, "' ' cannot stand in a host name" },
		{ "tcp://a\033b:80", 7, "'?' cannot stand" },
		{ "tcp://a%00:80", 7, "the byte %00 cannot stand" },
		{ "tcp://a%0:80", 7, "two hexadecimal digits" },
		{ "tcp://me@host:80", 8, "no user" },
		{ "tcp://::1:80", 6, "in brackets" },
		{ "::1:80", 6, "[::1:80]:PORT" },
		{ "tcp://[::1:80", 6, "no end" },
		{ "tcp://[::1]80", 11, "comes ':'" },
		{ "tcp://[::g]:80", 9, "cannot stand" },
		{ "tcp://[host]:80", 7, "brackets hold" },
		{ "tcp://[]:80", 7, "brackets hold" },
		{ "icmp://", 7, "the host is missing" },
		{ "icmp://*", 7, "the host is missing" },
		{ "icmp://host:80", 11, "icmp has no ports" },
		{ "icmp://[::1]:80", 12, "icmp has no ports" },
		{ "icmp6://::1", 8, "in brackets: icmp6://[::1]" },
		{ "icmp6://127.0.0.1", 8, "icmp6 is for IPv6 alone" },
		{ "icmp://a..b", 9, "is empty" },
		{ "tcp://[127.0.0.1]:80", 7, "brackets hold" },
		{ "tcp://[fe80::1%]:80", 15, "zone is empty" },
		{ "tcp4://[::1]:80", 8, "IPv4 alone" },
		{ "udp6://127.0.0.1:80", 7, "IPv6 alone" },
		{ "tcp://.a:80", 6, "is empty" },
		{ "tcp://a..b:80", 8, "is empty" },
		{ "tcp://a%62..b:80", 6, "is empty" },
		{ "tcp://<broadcast>:9", 6, "<broadcast> is a host of udp://" },
		{ "udp://<broadcast:9", 6, "<broadcast> is a host of udp://" },
		{ "udp6://<broadcast>:9", 7, "for IPv6 alone" },
		{ "udp://an-interface-too-long.broadcast:9", 6,
			"at most 15 bytes" },
		{ "udp://192.0.2.1:9?join=eth0", 18, "join is of a group" },
		{ "udp://239.1.2.3:9?join=", 23, "name or number" },
		{ "udp://239.1.2.3:9?source=::1", 25, "address of a host" },
		{ "tcp://239.1.2.3:9?join=eth0", 18, "join is of a group" },
	};

	(void)state;
	assert_refused(cases, COUNT(cases));
}

static void
points_at_what_is_wrong_in_a_port(void **state)
{
	static const struct refusal cases[] = {
		{ "tcp://host:99999", 11,
			"port 99999 is out of range 0-65535" },
		{ "tcp://host", 10, "port is missing" },
		{ "tcp://host:", 11, "port is missing" },
		{ "tcp://", 6, "port is missing" },
		{ "tcp://[::1]", 11, "port is missing" },
		{ "tcp://host:80/", 13, "ends with its port" },
		{ "tcp://host/x:80", 10, "no path" },
		{ "tcp://host:-1", 11, "0-65535" },
		{ "tcp://host:8 0", 12, "no name of a service" },
		{ "tcp://host:%38", 11, "no name of a service" },
		{ "tcp://host:abcdefghijklmnopqrstuvwxyz0123456", 11,
			"at most 32" },
	};

	(void)state;
	assert_refused(cases, COUNT(cases));
}

static void
points_at_what_is_wrong_elsewhere(void **state)
{
	static const struct refusal cases[] = {
		{ "foo://x:1", 0, "unknown scheme \"foo\"" },
		{ "://x:1", 0, "a scheme comes before" },
		{ "tls://host:443", 0, "tls:// is not supported" },
		{ "vsock://2", 9, "port is missing" },
		{ "can://vcan0", 0, "pier can dump hears" },
		{ "http://host/x", 0, "http:// is a URL, which pier get" },
		{ "", 0, "tcp://HOST:PORT or unix:///PATH" },
		{ "host", 4, "write tcp://host:PORT or unix://./host" },
		{ "7000", 4, "tcp://:7000 or tcp://HOST:7000" },
		{ "[::1]", 5, "write tcp://[::1]:PORT" },
		{ "127.1", 0, "short IPv4" },
		{ "unix://", 7, "path is missing" },
		{ "unix://@", 8, "abstract name is empty" },
		{ "unix:///a%", 9, "two hexadecimal digits" },
		{ "unix:///a%00", 9, "NUL" },
		{ "unix:///a#b", 9, "'#' is written %23" },
		{ "/a#b", 2, "'#' is written %23" },
		{ "fd://", 5, "missing" },
		{ "fd://-1", 5, "a number" },
		{ "fd://3x", 6, "a number" },
		{ "tcp:host:80", 4, "\"//\" is missing after \"tcp:\"" },
		{ "tcp:host:80", 4, "write tcp://host:80" },
		{ "tcp:/host", 5, "one more '/' belongs here" },
		{ "udp:/host:53", 5, "write udp://host:53" },
		{ "unix:/run/x", 5, "\"//\" is missing after \"unix:\"" },
		{ "UNIX:/run/x", 5, "write unix:///run/x" },
		{ "unix:./x", 5, "write unix://./x" },
		{ "unixgram:@x", 9, "write unixgram://@x" },
		{ "fd:/3", 4, "write fd://3" },
		{ "tls:/x?a:b", 5, "write tls://x" },
		{ "fd://2147483648", 5, "above" },
		{ "fd://we:b", 7, "cannot stand in the name" },
		{ "fd://we%0ab", 7, "cannot stand in the name" },
		{ "fd://we%zz", 7, "two hexadecimal digits" },
		{ "pair://x", 7, "nothing follows" },
		{ "raw://host", 10, "write raw://HOST/icmp" },
		{ "raw://host/", 11, "protocol is missing" },
		{ "raw://host/0", 11, "1 to 255" },
		{ "raw://host/256", 11, "1 to 255" },
		{ "raw://host/icmpp", 11, "1 to 255" },
		{ "raw://host/icmp/x", 11, "1 to 255" },
		{ "raw://host:80/udp", 10, "no ports" },
		{ "raw://[::1]:80/udp", 10, "no ports" },
		{ "raw://::1/udp", 6, "in brackets" },
		{ "raw6://192.0.2.1/udp", 7, "IPv6 alone" },
		{ "raw://127.1/udp", 6, "short IPv4" },
		{ "tipc://18888", 12, "write tipc://TYPE/INSTANCE" },
		{ "tipc://18888/x", 13, "is a number" },
		{ "tipc://1@2", 10, "instance is missing" },
		{ "rfcomm://00:11:22:33:44:55", 26, "channel is missing" },
		{ "rfcomm://00:11:22:33:44/1", 23, "six bytes" },
		{ "rfcomm://*/31", 11, "1 to 30" },
		{ "l2cap://*", 9, "PSM is missing" },
		{ "l2cap://*/0x80", 10, "?le=public" },
		{ "l2cap://*/0x1002", 10, "is odd" },
	};

	(void)state;
	assert_refused(cases, COUNT(cases));
}

static void
never_ignores_a_parameter(void **state)
{
	static const struct refusal cases[] = {
		{ "tcp://host:80?nodely=1", 14, "did you mean nodelay?" },
		{ "tcp://host:80?nodelay=1&a:b=2", 24, "unknown option" },
		{ "tcp://host:80?nodelay&x=1", 21, "write nodelay=VALUE" },
		{ "tcp://host:80?nodelay=maybe", 22, "expected on or off" },
		{ "tcp://host:80?rcvbuf=64k&nodelay=3", 33, "on or off" },
		{ "tcp://host:80?=1", 14, "name=value belongs here" },
		{ "tcp://host:80?nodelay=1&", 24, "after '&'" },
		{ "tcp://host:80?nodelay=1&&x=1", 24, "name=value belongs" },
		{ "tcp://host:80?device=a%zz", 22, "hexadecimal digits" },
		{ "tcp://host:80?type=1", 19, "can only be read" },
		{ "tcp://host:80?attach_filter=1", 28, "no text can stand" },
		{ "tcp://host:80?nodelay=1#x", 23, "'#' is written" },
		{ "tcp4://host:80?v6only=1", 15, "is no option of such" },
		{ "udp://host:80?nodelay=1", 14, "is no option of such" },
		{ "host:80?a:b=2", 8, "unknown option" },
		{ "tcp://host:80?", 14, "name=value" },
		{ "unix:///a?mode=600", 10, "is no option of such" },
		{ "/a?nodelay=1", 3, "is no option of such" },
		{ "fd://3?x=1", 7, "unknown option" },
		{ "tcp://host:99999?x=1", 11, "out of range" },
		{ "tcp://host?x=1", 10, "port is missing" },
		{ "tipc://1/2?type=stream", 16, "rdm or seqpacket" },
		{ "l2cap://*/0x80?mtu=100", 10, "?le=public" },
		{ "l2cap://*/0x100?le=public", 10, "1 to 0xff" },
		{ "l2cap://*/1?le=yes", 15, "le=public or le=random" },
		{ "l2cap://*/1?mtu=22", 16, "23 to 65535" },
		{ "l2cap://*/1?mtu=65536", 16, "23 to 65535" },
		{ "l2cap://*/1?mode=fast", 17, "basic, ertm" },
		{ "l2cap://*/1?security=4", 21, "low, medium, high" },
		{ "rfcomm://*/1?mtu=100", 13, "no option" },
		{ "rfcomm://*/1?le=public", 13, "unknown option" },
		{ "tipc://1/2?type=rdm%00", 16, "no value of type" },
		{ "tipc://1/2?type", 15, "write type=VALUE" },
		{ "tipc://1/2?type=rdm&", 20, "after '&'" },
		{ "tipc://1/2?nodelay=1&typ=rdm", 21, "unknown option" },
		{ "raw://host/udp?nodelay=1", 15, "is no option of such" },
		{ "raw://host/udp?type=1", 20, "can only be read" },
	};

	(void)state;
	assert_refused(cases, COUNT(cases));
}

static void
takes_options(void **state)
{
	static const char *const texts[] = { "tcp://host:80?nodelay=1",
		"host:80?nodelay=0&rcvbuf=64k&TCP_KEEPIDLE=60",
		"tcp://:80?ipv6.tclass=8&ip.tos=8&ttl=3", "fd://3?nodelay=1",
		"unix:///a?sndbuf=64Ki&passcred=on", "/a?passcred=on",
		"udp4://:80?ip.add_membership=239.1.1.1,interface=nosuch0",
		"vsock://2:1?buffer_size=64k", "tcp://host:80?6:999=x0a0b",
		"tcp://host:80?device=et%68%30&linger=off" };
	struct pier_endpoint_check check;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++)
		if (pier_endpoint_check(texts[i], &check) < 0)
			fail_msg("%s: %s", texts[i], check.text);
}

static void
long_pieces_have_limits(void **state)
{
	struct pier_endpoint_check check;
	char text[512] = "unix://";

	(void)state;
	memset(text + 7, 'x', 108);
	assert_int_equal(pier_endpoint_check(text, &check), -ENAMETOOLONG);
	assert_int_equal(check.offset, 7);
	assert_string_equal(check.scheme, "unix");
	memset(text, 'x', 300);
	memcpy(text + 300, ":1", 3);
	assert_int_equal(pier_endpoint_check(text, &check), -EINVAL);
	assert_int_equal(check.offset, PIER__HOST_MAX);
	assert_string_equal(check.text, "a host name has at most 254 bytes");
	assert_int_equal(pier_endpoint_check(text + 300 - 64, &check), -EINVAL);
	assert_string_equal(
		check.text, "a part of a host name has at most 63 bytes");
	assert_int_equal(check.offset, 63);
	assert_int_equal(pier_endpoint_check(text + 300 - 63, &check), 0);
}

static void
check_tells_the_scheme(void **state)
{
	struct pier_endpoint_check check;

	(void)state;
	assert_int_equal(pier_endpoint_check("host:80", &check), 0);
	assert_string_equal(check.scheme, "tcp");
	assert_string_equal(check.text, "");
	assert_int_equal(check.offset, 0);
	assert_int_equal(pier_endpoint_check("TLS://x:1", &check), -EINVAL);
	assert_string_equal(check.scheme, "tls");
	assert_int_equal(pier_endpoint_check("foo://x:1", &check), -EINVAL);
	assert_string_equal(check.scheme, "");
	assert_int_equal(pier_endpoint_check("tcp://x:1", NULL), 0);
}

static void
check_tells_the_type_of_socket(void **state)
{
	static const struct {
		const char *text;
		int type;
	} cases[] = { { "host:80", SOCK_STREAM },
		{ "vsock://2:1", SOCK_STREAM }, { "udp6://host:1", SOCK_DGRAM },
		{ "unixgram:///x", SOCK_DGRAM },
		{ "seqpacket:///x", SOCK_SEQPACKET },
		{ "raw://host/icmp", SOCK_RAW }, { "tipc://1/2", SOCK_RDM },
		{ "tipc://1/2?type=seqpacket", SOCK_SEQPACKET },
		{ "rfcomm://*/1", SOCK_STREAM },
		{ "l2cap://*/1", SOCK_SEQPACKET }, { "fd://3", 0 },
		{ "udp://host", 0 } };
	struct pier_endpoint_check check;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)pier_endpoint_check(cases[i].text, &check);
		assert_int_equal(check.type, cases[i].type);
	}
}

/* A program built when the struct was shorter gets what it has room for. */
static void
check_writes_no_more_than_the_caller_has(void **state)
{
	struct pier_endpoint_check check;

	(void)state;
	memset(&check, 0x5a, sizeof(check));
	assert_int_equal(pier_endpoint_check_sized("tcp://x", &check,
				 offsetof(struct pier_endpoint_check, text)),
		-EINVAL);
	assert_string_equal(check.scheme, "tcp");
	assert_int_equal(check.offset, 7);
	assert_int_equal(check.text[0], 0x5a);
}

static void
formats_what_every_call_reads(void **state)
{
	static const struct {
		const char *scheme, *addr, *text;
	} cases[] = {
		{ "tcp", "127.0.0.1:7007", "tcp://127.0.0.1:7007" },
		{ "tcp", "[::]:7007", "tcp://[::]:7007" },
		{ "tcp", "[::ffff:192.0.2.1]:1", "tcp://192.0.2.1:1" },
		{ "tcp6", "[fe80::1%lo]:1", "tcp6://[fe80::1%lo]:1" },
		{ "tcp4", "127.0.0.1", "tcp4://127.0.0.1:0" },
		{ "udp", "[::1]:7", "udp://[::1]:7" },
		{ "unix", "/x", "unix:///x" },
		{ "unix", "./x y", "unix://./x%20y" },
		{ "unixgram", "@name", "unixgram://@name" },
		{ "seqpacket", "/x", "seqpacket:///x" },
		{ "vsock", "vsock:host:80", "vsock://2:80" },
		{ "vsock", "vsock::0", "vsock://*:0" },
		{ "raw", "127.0.0.1:253", "raw://127.0.0.1/253" },
		{ "raw6", "[::1]:58", "raw6://[::1]/58" },
		{ "tipc", "tipc:18888/17", "tipc://18888/17" },
		{ "tipc", "tipc:18888/17-20", "tipc://18888/17-20" },
		{ "rfcomm", "rfcomm:*/7", "rfcomm://*/7" },
		{ "l2cap", "l2cap:00:11:22:33:44:55/0x80?le=random",
			"l2cap://00:11:22:33:44:55/0x80?le=random" },
	};
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct pier__endpoint again;
	struct pier__why why;
	struct pier_addr addr;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(pier_addr_parse(&addr, cases[i].addr), 0);
		assert_int_equal(pier_endpoint_format(cases[i].scheme, &addr,
					 text, sizeof(text)),
			strlen(cases[i].text));
		assert_string_equal(text, cases[i].text);
		assert_int_equal(pier__endpoint_parse(&again, text, &why), 0);
		assert_string_equal(again.scheme, cases[i].scheme);
		assert_int_equal(pier_endpoint_format(cases[i].scheme, &addr,
					 text, strlen(cases[i].text)),
			-ENOSPC);
	}
}

static void
refuses_to_format_what_does_not_fit_together(void **state)
{
	static const struct {
		const char *scheme, *addr;
	} cases[] = {
		{ "tcp4", "[::1]:1" },
		{ "udp6", "127.0.0.1:1" },
		{ "tcp", "/x" },
		{ "unix", "127.0.0.1:1" },
		{ "raw4", "[::1]:1" },
		{ "raw", "/x" },
		{ "tipc", "127.0.0.1:1" },
		{ "tipc", "tipc:1@2" },
		{ "rfcomm", "l2cap:*/1" },
		{ "l2cap", "rfcomm:*/1" },
		{ "fd", "127.0.0.1:1" },
		{ "tls", "127.0.0.1:1" },
		{ "nope", "127.0.0.1:1" },
	};
	struct sockaddr unnamed = { .sa_family = AF_UNIX };
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct pier_addr addr;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(pier_addr_parse(&addr, cases[i].addr), 0);
		assert_int_equal(pier_endpoint_format(cases[i].scheme, &addr,
					 text, sizeof(text)),
			-EINVAL);
	}
	assert_int_equal(pier_addr_from_sockaddr(
				 &addr, &unnamed, sizeof(unnamed.sa_family)),
		0);
	assert_int_equal(
		pier_endpoint_format("unix", &addr, text, sizeof(text)),
		-EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_tcp_and_udp),
		cmocka_unit_test(reads_unix_paths_and_names),
		cmocka_unit_test(reads_descriptors_and_pairs),
		cmocka_unit_test(reads_hosts_of_icmp),
		cmocka_unit_test(reads_protocols_of_ip),
		cmocka_unit_test(reads_services_of_tipc),
		cmocka_unit_test(reads_bluetooth),
		cmocka_unit_test(points_at_what_is_wrong_in_a_host),
		cmocka_unit_test(points_at_what_is_wrong_in_a_port),
		cmocka_unit_test(points_at_what_is_wrong_elsewhere),
		cmocka_unit_test(never_ignores_a_parameter),
		cmocka_unit_test(takes_options),
		cmocka_unit_test(long_pieces_have_limits),
		cmocka_unit_test(check_tells_the_scheme),
		cmocka_unit_test(check_tells_the_type_of_socket),
		cmocka_unit_test(check_writes_no_more_than_the_caller_has),
		cmocka_unit_test(formats_what_every_call_reads),
		cmocka_unit_test(refuses_to_format_what_does_not_fit_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
