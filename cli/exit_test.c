/* SPDX-License-Identifier: MIT */
/*
 * The exit code of every cause that has one of its own, step by step where
 * the step decides; and hints, which name what the error does not.
 */
#include "exit.h"
#include "hint.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void
test_exit_codes(void **state)
{
	static const struct {
		enum pier_step step;
		int code;
		enum cli_exit exit;
	} known[] = {
		{ PIER_STEP_PARSE, -EINVAL, CLI_EXIT_USAGE },
		{ PIER_STEP_PARSE, -ENAMETOOLONG, CLI_EXIT_USAGE },
		{ PIER_STEP_RESOLVE, -PIER_ENONAME, CLI_EXIT_RESOLVE },
		{ PIER_STEP_RESOLVE, -PIER_EAGAINNAME, CLI_EXIT_RESOLVE },
		{ PIER_STEP_RESOLVE, -PIER_EDEADLINE, CLI_EXIT_DEADLINE },
		{ PIER_STEP_CONNECT, -ECONNREFUSED, CLI_EXIT_REFUSED },
		{ PIER_STEP_CONNECT, -ENOENT, CLI_EXIT_REFUSED },
		{ PIER_STEP_RECEIVE, -ECONNREFUSED, CLI_EXIT_REFUSED },
		{ PIER_STEP_CONNECT, -EHOSTUNREACH, CLI_EXIT_UNREACHABLE },
		{ PIER_STEP_CONNECT, -ENETUNREACH, CLI_EXIT_UNREACHABLE },
		{ PIER_STEP_CONNECT, -ETIMEDOUT, CLI_EXIT_UNREACHABLE },
		{ PIER_STEP_CONNECT, -EADDRNOTAVAIL, CLI_EXIT_UNREACHABLE },
		{ PIER_STEP_CONNECT, -PIER_EDEADLINE, CLI_EXIT_DEADLINE },
		{ PIER_STEP_RECEIVE, -PIER_EDEADLINE, CLI_EXIT_DEADLINE },
		{ PIER_STEP_RECEIVE, -ETIMEDOUT, CLI_EXIT_RESET },
		{ PIER_STEP_RECEIVE, -ECONNRESET, CLI_EXIT_RESET },
		{ PIER_STEP_RECEIVE, -PIER_EEND, CLI_EXIT_RESET },
		{ PIER_STEP_SEND, -EPIPE, CLI_EXIT_RESET },
		{ PIER_STEP_RECEIVE, -PIER_EFRAME, CLI_EXIT_PROTOCOL },
		{ PIER_STEP_BIND, -EACCES, CLI_EXIT_PERMISSION },
		{ PIER_STEP_CONNECT, -EACCES, CLI_EXIT_PERMISSION },
		{ PIER_STEP_BIND, -EADDRINUSE, CLI_EXIT_RESOURCE },
		{ PIER_STEP_BIND, -EADDRNOTAVAIL, CLI_EXIT_RESOURCE },
		{ PIER_STEP_CREATE, -EMFILE, CLI_EXIT_RESOURCE },
		{ PIER_STEP_CREATE, -EAFNOSUPPORT, CLI_EXIT_RESOURCE },
		{ PIER_STEP_CREATE, -ENETDOWN, CLI_EXIT_RESOURCE },
		{ PIER_STEP_CONNECT, -ENETDOWN, CLI_EXIT_UNREACHABLE },
		{ PIER_STEP_ACCEPT, -ENOMEM, CLI_EXIT_RESOURCE },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct pier_error error = { .code = known[i].code,
			.step = known[i].step,
			.endpoint = "tcp://[::1]:7" };

		if (cli_exit_for(&error) != known[i].exit)
			fail_msg("%s, %s: %d, not %d",
				pier_step_name(error.step),
				pier_error_name(error.code),
				cli_exit_for(&error), known[i].exit);
	}
}

static const char *
hint_of(const struct pier_error *error)
{
	static char text[1024];

	cli_hint_for(error, text, sizeof(text));
	return text;
}

static const char *
hint(enum pier_step step, int code, const char *endpoint)
{
	return hint_of(&(struct pier_error){
		.code = code, .step = step, .endpoint = endpoint });
}

static void
test_low_port(void **state)
{
	const char *text = hint(PIER_STEP_BIND, -EACCES, "tcp://[::]:80");

	(void)state;
	assert_non_null(strstr(text, "CAP_NET_BIND_SERVICE"));
	assert_non_null(strstr(text, "setcap cap_net_bind_service=+ep /"));
	assert_non_null(strstr(text, "ip_unprivileged_port_start=80"));
	assert_string_equal(
		hint(PIER_STEP_BIND, -EACCES, "tcp://[::]:8080"), "");
	assert_non_null(strstr(
		hint(PIER_STEP_BIND, -EACCES, "unix:///root/x"), "/root/x"));
}

static void
test_hints_name_the_place(void **state)
{
	(void)state;
	assert_non_null(strstr(
		hint(PIER_STEP_CONNECT, -ECONNREFUSED, "tcp://[::1]:7000"),
		"ss -tln 'sport = :7000'"));
	assert_non_null(strstr(
		hint(PIER_STEP_RECEIVE, -ECONNREFUSED, "udp://127.0.0.1:53"),
		"ss -uln 'sport = :53'"));
	assert_non_null(
		strstr(hint(PIER_STEP_CONNECT, -ECONNREFUSED, "localhost:http"),
			"ss -tln 'sport = :http'"));
	assert_non_null(strstr(
		hint(PIER_STEP_CONNECT, -ECONNREFUSED, "svc://http/a web"),
		"pier find http --check"));
	assert_non_null(strstr(
		hint(PIER_STEP_CONNECT, -ECONNREFUSED, "unix:///run/x.sock"),
		"its server has ended"));
	assert_non_null(strstr(hint(PIER_STEP_RESOLVE, -PIER_ENONAME,
				       "tcp://nohost.example:80"),
		"getent ahosts nohost.example"));
	assert_non_null(strstr(hint(PIER_STEP_CONNECT, -EHOSTUNREACH,
				       "tcp://[2001:db8::1]:80"),
		"ip route get 2001:db8::1"));
	assert_non_null(strstr(
		hint(PIER_STEP_BIND, -EADDRINUSE, "tcp://0.0.0.0:0"), "ss -"));
}

static void
test_hints_for_the_web(void **state)
{
	(void)state;
	assert_non_null(strstr(
		hint(PIER_STEP_HEADER, -PIER_EFRAME, "http://a.test/x:y"),
		"--crlf 'a.test:80'"));
	assert_non_null(
		strstr(hint(PIER_STEP_HEADER, -PIER_EFRAME, "http://[::1]/"),
			"--crlf '[::1]:80'"));
	assert_non_null(
		strstr(hint(PIER_STEP_HEADER, -PIER_EFRAME, "http://[::1]:81/"),
			"--crlf '[::1]:81'"));
	assert_non_null(strstr(
		hint(PIER_STEP_BODY, -PIER_EEND, "http://a/"), "--continue"));
}

static void
test_hints_fit_what_is_there(void **state)
{
	(void)state;
	assert_non_null(
		strstr(hint(PIER_STEP_BIND, -EADDRINUSE, "unix:///etc/passwd"),
			"remove that file"));
	assert_non_null(
		strstr(hint(PIER_STEP_CONNECT, -ECONNREFUSED, "/etc/passwd"),
			"no socket"));
	assert_non_null(
		strstr(hint(PIER_STEP_CONNECT, -ECONNREFUSED, "unix://@none"),
			"ss -xl src '@none*'"));
	assert_non_null(
		strstr(hint_of(&(struct pier_error){ .code = -PIER_ENONAME,
			       .step = PIER_STEP_RESOLVE,
			       .endpoint = "tcp://:nosvc",
			       .detail = "no such service of tcp" }),
			"pier service nosvc"));
	assert_non_null(strstr(
		hint(PIER_STEP_RESOLVE, -PIER_ENONAME, "tcp://nohost:http"),
		"getent ahosts nohost"));
	assert_non_null(
		strstr(hint(PIER_STEP_CONNECT, -EINVAL, "tcp://[fe80::1]:80"),
			"[fe80::1%eth0]"));
	assert_string_equal(
		hint(PIER_STEP_CONNECT, -EINVAL, "tcp://[fe80::1%lo]:80"), "");
	assert_non_null(strstr(
		hint(PIER_STEP_CONNECT, -EACCES, "udp://255.255.255.255:9"),
		"broadcast"));
	assert_non_null(strstr(
		hint(PIER_STEP_CONNECT, -EACCES, "unix:///x.sock"), "ls -l"));
}

/* What a hint has to be run must be a command, and no other one. */
static void
test_interfaces_that_cannot_be_made(void **state)
{
	static const char *const rows[] = { "can://nosuchinterfacename12345",
		"can://no/such", "can://a;id", "can://-x", "can://$(id)",
		"isotp://nosuchinterfacename12345/1/2", "isotp://a;id/1/2" };
	size_t i;

	(void)state;
	assert_non_null(strstr(hint(PIER_STEP_CREATE, -ENODEV, "can://can7"),
		"ip link add dev can7 type vcan; sudo ip link set can7 up"));
	assert_non_null(
		strstr(hint(PIER_STEP_CREATE, -ENODEV, "isotp://can7/1/2"),
			"ip link add dev can7 type vcan"));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = hint(PIER_STEP_CREATE, -ENODEV, rows[i]);

		assert_null(strstr(text, "ip link add"));
		assert_null(strstr(text, "id"));
		assert_non_null(strstr(text, "lists them"));
	}
	assert_non_null(strstr(
		hint(PIER_STEP_CREATE, -ENODEV, rows[0]), "at most 15 bytes"));
}

static void
test_names_are_one_word_of_a_command(void **state)
{
	struct cli_hint_word word;
	char name[2000];

	(void)state;
	assert_string_equal(hint(PIER_STEP_BIND, -ENETDOWN, "can://can0"),
		"sudo ip link set can0 up; a controller needs its bit rate "
		"first: sudo ip link set can0 type can bitrate 500000");
	assert_string_equal(hint(PIER_STEP_BIND, -ENETDOWN, "can://a;id"),
		"sudo ip link set 'a;id' up; a controller needs its bit rate "
		"first: sudo ip link set 'a;id' type can bitrate 500000");
	assert_non_null(
		strstr(hint(PIER_STEP_BIND, -ENETDOWN, "isotp://it's/1/2"),
			"sudo ip link set 'it'\\''s' up"));
	assert_non_null(
		strstr(hint(PIER_STEP_BIND, -EINVAL, "isotp://$(id)/1/2"),
			"set '$(id)' mtu"));
	assert_non_null(
		strstr(hint(PIER_STEP_RECEIVE, -ECOMM, "isotp://a&b/1/2"),
			"dump -v 'a&b'"));
	assert_non_null(
		strstr(hint(PIER_STEP_CONNECT, -EACCES, "unix:///run/a b"),
			"'/run/a b'"));
	memset(name, '\'', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_string_equal(cli_hint_word(&word, ""), "\'\'");
	assert_true(strlen(cli_hint_word(&word, name)) < sizeof(word.text));
	assert_int_equal(strlen(word.text) % 4, 2);
}

static void
test_icmp_names_both_ways_to_be_allowed(void **state)
{
	const char *text = hint(PIER_STEP_CREATE, -EPERM, "icmp6://[::1]");

	(void)state;
	assert_non_null(strstr(text, "setcap cap_net_raw=+ep /"));
	assert_non_null(strstr(text, "net.ipv4.ping_group_range="));
	assert_string_equal(
		hint(PIER_STEP_CREATE, -EPERM, "udp://127.0.0.1:7"), "");
}

/* An option is explained by pier opt, an address of the other family by what
   asked for this one. */
static void
test_hints_fit_what_was_asked(void **state)
{
	(void)state;
	assert_string_equal(hint(PIER_STEP_PARSE, -EINVAL, "nodelay=2"),
		"what it takes: pier opt tcp.nodelay");
	assert_string_equal(hint(PIER_STEP_PARSE, -EINVAL, "nodely=1"),
		"options by a word of theirs: pier opt --search WORD");
	assert_string_equal(hint(PIER_STEP_PARSE, -EINVAL, "tcp://a?x=y"),
		"'pier help endpoints' has the grammar");
	assert_string_equal(
		hint_of(&(struct pier_error){ .code = -PIER_ENONAME,
			.step = PIER_STEP_RESOLVE,
			.endpoint = "icmp://[::1]",
			.detail = "the address is of the other family" }),
		"::1 is an IPv6 address: leave out -4");
	assert_string_equal(
		hint_of(&(struct pier_error){ .code = -PIER_ENONAME,
			.step = PIER_STEP_RESOLVE,
			.endpoint = "tcp://127.0.0.1:80",
			.detail = "the address is of the other family" }),
		"127.0.0.1 is an IPv4 address: leave out -6");
}

static void
test_no_hint(void **state)
{
	(void)state;
	assert_string_equal(hint(PIER_STEP_SEND, -EIO, ""), "");
	assert_string_equal(
		hint(PIER_STEP_RECEIVE, -PIER_EDEADLINE, "tcp://x:1"), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_low_port),
		cmocka_unit_test(test_hints_name_the_place),
		cmocka_unit_test(test_hints_for_the_web),
		cmocka_unit_test(test_hints_fit_what_is_there),
		cmocka_unit_test(test_interfaces_that_cannot_be_made),
		cmocka_unit_test(test_names_are_one_word_of_a_command),
		cmocka_unit_test(test_icmp_names_both_ways_to_be_allowed),
		cmocka_unit_test(test_hints_fit_what_was_asked),
		cmocka_unit_test(test_no_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
