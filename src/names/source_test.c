/* SPDX-License-Identifier: MIT */
/* Which source answered: from texts of the machine's files to what may be. */
#include "names/source.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct pier_addr
addr(const char *text)
{
	struct pier_addr it;

	assert_int_equal(pier_addr_parse(&it, text), 0);
	return it;
}

static void
lines_of_nsswitch(void **state)
{
	static const char *const cases[][2] = {
		{ "hosts: files dns\n", "files dns" },
		{ "passwd: x\n  hosts:\tfiles  mdns4_minimal [NOTFOUND=return] "
		  "dns # y\n",
			"files mdns4_minimal dns" },
		{ "hosts: files [ !UNAVAIL = return SUCCESS=merge ] dns\n",
			"files dns" },
		{ "hosts: resolve [!UNAVAIL=return] files myhostname dns",
			"resolve files myhostname dns" },
		{ "# hosts: nis\n", "files dns" },
		{ "hostsx: nis\n", "files dns" },
		{ "hosts:\n", "files dns" },
		{ "", "files dns" },
		{ "hosts: a\nhosts: b\n", "a" },
	};
	char out[PIER__SOURCE_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pier__hosts_sources(out, cases[i][0], strlen(cases[i][0]));
		assert_string_equal(out, cases[i][1]);
	}
}

static void
more_sources_than_fit_are_left_out(void **state)
{
	char text[1024] = "hosts:", out[PIER__SOURCE_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < 100; i++)
		(void)strcat(text, " source");
	pier__hosts_sources(out, text, strlen(text));
	assert_true(strlen(out) < PIER__SOURCE_TEXT_MAX);
	assert_memory_equal(out, "source source", 13);
}

static void
lines_of_hosts(void **state)
{
	static const char text[] = "127.0.0.1 localhost\n"
				   "# 192.0.2.9 not\n"
				   "192.0.2.1\tOne.test one # two\n"
				   "2001:DB8::1 six\n"
				   "192.0.2.1 uno\n"
				   "192.0.2.2\n"
				   "fe80::1%eth0 link";
	struct pier_addr one = addr("192.0.2.1:80"), six = addr("2001:db8::1");
	struct pier_addr mapped = addr("::ffff:192.0.2.1");
	struct pier_addr two = addr("192.0.2.2"), link = addr("fe80::1");
	struct pier_addr path = addr("/run/x");
	size_t len = sizeof(text) - 1;

	(void)state;
	assert_true(pier__hosts_has(text, len, "one.test", &one));
	assert_true(pier__hosts_has(text, len, "ONE", &one));
	assert_true(pier__hosts_has(text, len, "uno", &mapped));
	assert_false(pier__hosts_has(text, len, "two", &one));
	assert_false(pier__hosts_has(text, len, "six", &one));
	assert_false(pier__hosts_has(text, len, "not", &one));
	assert_true(pier__hosts_has(text, len, NULL, &six));
	assert_false(pier__hosts_has(text, len, NULL, &two));
	assert_true(pier__hosts_has(text, len, "link", &link));
	assert_false(pier__hosts_has(text, len, NULL, &path));
	assert_false(pier__hosts_has("", 0, NULL, &one));
}

static void
who_may_have_answered(void **state)
{
	static const char usual[] = "files mdns4_minimal dns myhostname";
	struct pier_addr four = addr("192.0.2.1"), six = addr("2001:db8::1");
	const struct {
		const char *sources, *name, *found;
		const struct pier_addr *addr;
		bool in_hosts;
		const char *left;
	} cases[] = {
		{ "files dns", "x.test", "", &four, true, "files" },
		{ "files dns", "x.test", "", &four, false, "dns" },
		{ "dns files", "x.test", "", &four, true, "dns files" },
		{ usual, "x.test", "", &four, false, "dns" },
		{ usual, "x.local", "", &four, false, "mdns4_minimal dns" },
		{ usual, "x.local.", "", &four, false, "mdns4_minimal dns" },
		{ usual, "x.local", "", &six, false, "dns" },
		{ usual, "me", "", &four, false, "dns myhostname" },
		{ usual, "_gateway", "", &four, false, "dns myhostname" },
		{ usual, "a.localhost", "", &four, false, "dns myhostname" },
		{ usual, NULL, "x.test", &four, false, "dns" },
		{ usual, NULL, "x.local", &four, false, "mdns4_minimal dns" },
		{ "mdns6 mdns", "x.local", "", &six, false, "mdns6 mdns" },
		{ "resolve", "x.test", "", &six, false, "resolve" },
		{ "files", "x.test", "", &six, false, "" },
	};
	char out[PIER__SOURCE_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct pier__answered answered = { cases[i].name,
			cases[i].found, "me", cases[i].addr, 1 };

		pier__sources_left(
			out, cases[i].sources, &answered, cases[i].in_hosts);
		assert_string_equal(out, cases[i].left);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_nsswitch),
		cmocka_unit_test(more_sources_than_fit_are_left_out),
		cmocka_unit_test(lines_of_hosts),
		cmocka_unit_test(who_may_have_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
