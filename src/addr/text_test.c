/* SPDX-License-Identifier: MIT */
/* Addresses as text: each form read, written, refused; escapes; zones. */
#include <pier/addr.h>

#include "addr/addr.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
assert_text(const struct pier_addr *addr, const char *wanted)
{
	char text[PIER_ADDR_TEXT_MAX];

	assert_int_equal(
		pier_addr_format(addr, text, sizeof(text)), strlen(wanted));
	assert_string_equal(text, wanted);
}

static void
reads_each_form_and_writes_the_canonical_one(void **state)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1:80", "192.0.2.1:80" },
		{ "192.0.2.1:0", "192.0.2.1" },
		{ "192.0.2.1:00080", "192.0.2.1:80" },
		{ "::1", "::1" },
		{ "::1:80", "::1:80" }, /* eight groups, no port */
		{ "[::1]", "::1" },
		{ "[::1]:80", "[::1]:80" },
		{ "[2001:DB8::0:1]:65535", "[2001:db8::1]:65535" },
		{ "::1%lo", "::1%lo" },
		{ "[fe80::1%lo]:80", "[fe80::1%lo]:80" },
		{ "fe80::1%1", "fe80::1%lo" },
		{ "fe80::1%4000000000", "fe80::1%4000000000" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "[::ffff:c000:201]:7", "192.0.2.1:7" },
		{ "/run/x.sock", "/run/x.sock" },
		{ "/run/a:80", "/run/a:80" },
		{ "./x", "./x" },
		{ "/a%20b%3f%23%25", "/a%20b%3F%23%25" },
		{ "/a b\xc3\xa9", "/a%20b%C3%A9" },
		{ "/%61", "/a" },
		{ "vsock:3:80", "vsock:3:80" },
		{ "vsock:host:0", "vsock:2:0" },
		{ "vsock::4294967294", "vsock:*:4294967294" },
		{ "tipc:18888/17", "tipc:18888/17" },
		{ "tipc:0/4294967295", "tipc:0/4294967295" },
		{ "tipc:18888/17-20", "tipc:18888/17-20" },
		{ "tipc:18888/017-17", "tipc:18888/17-17" },
		{ "tipc:3456789@1001002", "tipc:3456789@1001002" },
		{ "tipc:1@0ABCDEF0", "tipc:1@abcdef0" },
		{ "@name", "@name" },
		{ "@", "@" },
		{ "@a%00b", "@a%00b" },
	};
	struct pier_addr addr, again;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(pier_addr_parse(&addr, cases[i].text), 0);
		assert_text(&addr, cases[i].canonical);
		assert_int_equal(
			pier_addr_parse(&again, cases[i].canonical), 0);
		assert_true(pier_addr_equal(&addr, &again));
	}
}

static void
says_why_not_and_where(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *word;
	} cases[] = {
		{ "", 0, "neither" },
		{ "localhost", 0, "neither" },
		{ "x.sock", 0, "neither" },
		{ "[192.0.2.1]:80", 1, "brackets hold" },
		{ "[name]:80", 1, "brackets hold" },
		{ "192.0.2.1:http", 10, "number" },
		{ "192.0.2.1:", 10, "number" },
		{ "192.0.2.1:65536", 10, "port 65536 is out of range" },
		{ "192.0.2.1:-1", 10, "number" },
		{ "127.1:80", 0, "short" },
		{ "[fe80::1%]:80", 9, "zone is empty" },
		{ "vsock:3", 7, "port is missing" },
		{ "vsock:me:1", 6, "a context is" },
		{ "vsock:3:", 8, "port is missing" },
		{ "vsock:3:4294967295", 8, "below 4294967295" },
		{ "tipc:18888", 10, "instance is missing" },
		{ "tipc:", 5, "instance is missing" },
		{ "tipc:/1", 5, "the type is missing" },
		{ "tipc:x/1", 5, "the type is a number" },
		{ "tipc:4294967296/1", 5, "0 to 4294967295" },
		{ "tipc:1/", 7, "the instance is missing" },
		{ "tipc:1/-2", 7, "the instance is missing" },
		{ "tipc:1/2-", 9, "the highest instance is missing" },
		{ "tipc:1/3-2", 9, "below the lowest" },
		{ "tipc:@1", 5, "the socket is missing" },
		{ "tipc:1@", 7, "one to eight hexadecimal" },
		{ "tipc:1@100200300", 7, "one to eight hexadecimal" },
		{ "tipc:1@xyz", 7, "one to eight hexadecimal" },
		{ "./", 2, "path is empty" },
		{ "/a?b", 2, "written %3F" },
		{ "@a#b", 2, "written %23" },
		{ "/a\nb", 2, "written %0A" },
		{ "/a\x7f", 2, "written %7F" },
		{ "/a%zz", 2, "two hexadecimal digits" },
		{ "/a%", 2, "two hexadecimal digits" },
		{ "/a%00", 2, "NUL" },
	};
	struct pier_addr addr, before;
	struct pier__why why;

	(void)state;
	memset(&addr, 0x5a, sizeof(addr));
	before = addr;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			pier__addr_parse(&addr, cases[i].text, &why), -EINVAL);
		assert_non_null(strstr(why.text, cases[i].word));
		assert_int_equal(why.offset, cases[i].offset);
		assert_memory_equal(&addr, &before, sizeof(addr));
	}
}

static void
an_interface_that_is_not_there_is_its_own_error(void **state)
{
	struct pier__why why;
	struct pier_addr addr;

	(void)state;
	assert_int_equal(
		pier__addr_parse(&addr, "[fe80::1%nope7]:80", &why), -ENODEV);
	assert_string_equal(
		why.text, "this machine has no interface \"nope7\"");
	assert_int_equal(why.offset, 9);
	assert_int_equal(pier_addr_parse(&addr, "fe80::1%0"), -ENODEV);
	assert_int_equal(pier_addr_parse(&addr, "fe80::1%4294967296"), -ENODEV);
}

static void
paths_have_a_limit(void **state)
{
	char text[3 * PIER_UNIX_PATH_MAX + 8];
	struct pier__why why;
	struct pier_addr addr;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (int abstract = 0; abstract < 2; abstract++) {
		size_t len = PIER_UNIX_PATH_MAX + (size_t)abstract;

		text[0] = abstract ? '@' : '/';
		text[len] = '\0';
		assert_int_equal(pier_addr_parse(&addr, text), 0);
		assert_text(&addr, text);
		text[len] = 'x';
		text[len + 1] = '\0';
		assert_int_equal(
			pier__addr_parse(&addr, text, &why), -ENAMETOOLONG);
		assert_string_equal(why.text,
			"108 bytes where the path of a Unix socket has at "
			"most 107");
		text[len + 1] = 'x';
	}
}

static void
a_relative_path_of_full_length_can_be_read_again(void **state)
{
	char text[PIER_UNIX_PATH_MAX + 3];
	struct pier_addr addr;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "./", 2);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(pier_addr_parse(&addr, text), 0);
	assert_text(&addr, text);
}

static void
the_longest_text_has_room(void **state)
{
	char text[3 * PIER_UNIX_PATH_MAX + 2] = "@";
	struct pier_addr addr;

	(void)state;
	for (size_t i = 0; i < PIER_UNIX_PATH_MAX; i++)
		memcpy(text + 1 + 3 * i, "%00", 4);
	assert_int_equal(pier_addr_parse(&addr, text), 0);
	assert_text(&addr, text);
	/* Filled in by hand, beyond what the kernel could give. */
	memset(&addr, 0xff, sizeof(addr));
	addr.u.sa.sa_family = AF_UNIX;
	assert_true(pier_addr_format(&addr, text, sizeof(text)) < 0 ||
		    strlen(text) < sizeof(text));
}

static void
a_short_buffer_is_refused_and_left_alone(void **state)
{
	struct pier_addr addr;
	char text[] = "--------";

	(void)state;
	assert_int_equal(pier_addr_parse(&addr, "[::1]:80"), 0);
	assert_int_equal(pier_addr_format(&addr, text, 8), -ENOSPC);
	assert_int_equal(pier_addr_format(&addr, NULL, 0), -ENOSPC);
	assert_string_equal(text, "--------");
	assert_int_equal(pier_addr_format(&addr, text, 9), 8);
	assert_string_equal(text, "[::1]:80");
}

static void
the_host_alone_has_no_port_and_no_brackets(void **state)
{
	static const struct {
		const char *text, *host;
	} cases[] = {
		{ "192.0.2.1:80", "192.0.2.1" },
		{ "[fe80::1%lo]:80", "fe80::1%lo" },
		{ "[::ffff:192.0.2.1]:80", "192.0.2.1" },
		{ "/run/x", "/run/x" },
	};
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_addr addr;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(pier_addr_parse(&addr, cases[i].text), 0);
		assert_int_equal(
			pier_addr_format_host(&addr, text, sizeof(text)),
			strlen(cases[i].host));
		assert_string_equal(text, cases[i].host);
	}
}

static void
what_has_no_text_form_says_so(void **state)
{
	struct sockaddr sa = { .sa_family = AF_UNIX };
	struct pier_addr addr = { .len = 0 };

	(void)state;
	assert_text(&addr, "(none)");
	assert_int_equal(
		pier_addr_from_sockaddr(&addr, &sa, sizeof(sa.sa_family)), 0);
	assert_text(&addr, "(unnamed)");
	sa.sa_family = 41;
	assert_int_equal(pier_addr_from_sockaddr(&addr, &sa, sizeof(sa)), 0);
	assert_text(&addr, "(family 41)");
}

static void
a_relative_path_is_seen_as_a_path(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "@x" };
	struct pier_addr addr;

	(void)state;
	assert_int_equal(pier_addr_from_sockaddr(
				 &addr, (struct sockaddr *)&un, sizeof(un)),
		0);
	assert_text(&addr, "./@x");
	assert_int_equal(pier_addr_parse(&addr, "./@x"), 0);
	assert_string_equal(addr.u.un.sun_path, "@x");
	/* The bytes of the path are kept exactly, whatever they are. */
	assert_int_equal(pier_addr_parse(&addr, "././x"), 0);
	assert_string_equal(addr.u.un.sun_path, "./x");
	assert_text(&addr, "././x");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_each_form_and_writes_the_canonical_one),
		cmocka_unit_test(says_why_not_and_where),
		cmocka_unit_test(
			an_interface_that_is_not_there_is_its_own_error),
		cmocka_unit_test(paths_have_a_limit),
		cmocka_unit_test(
			a_relative_path_of_full_length_can_be_read_again),
		cmocka_unit_test(the_longest_text_has_room),
		cmocka_unit_test(a_short_buffer_is_refused_and_left_alone),
		cmocka_unit_test(the_host_alone_has_no_port_and_no_brackets),
		cmocka_unit_test(what_has_no_text_form_says_so),
		cmocka_unit_test(a_relative_path_is_seen_as_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
