/* SPDX-License-Identifier: MIT */
/*
 * svc:// as an endpoint: what it becomes, each refusal with its character, and how
 * it reaches the caller's look-up function and nobody else's.
 */
#include "net/svc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <pier/error.h>

#include "net/lookup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
becomes_tcp_or_udp(void **state)
{
	static const struct {
		const char *text, *scheme, *service, *host;
		enum pier__endpoint_kind kind;
	} cases[] = {
		{ "svc://http", "tcp", "_http._tcp", "", PIER__ENDPOINT_TCP },
		{ "SVC://_http._tcp", "tcp", "_http._tcp", "",
			PIER__ENDPOINT_TCP },
		{ "svc://_ntp._UDP/x", "udp", "_ntp._udp", "x",
			PIER__ENDPOINT_UDP },
		{ "svc://a-b-9/My%20Printer", "tcp", "_a-b-9._tcp",
			"My Printer", PIER__ENDPOINT_TCP },
		{ "svc://http/a/b: c.d%3F%23%25", "tcp", "_http._tcp",
			"a/b: c.d?#%", PIER__ENDPOINT_TCP },
		{ "svc://http/x?nodelay=1", "tcp", "_http._tcp", "x",
			PIER__ENDPOINT_TCP },
		{ "svc://abcdefghijklmno/\xc3\xbc", "tcp",
			"_abcdefghijklmno._tcp", "\xc3\xbc",
			PIER__ENDPOINT_TCP },
	};
	struct pier__endpoint got;
	struct pier__why why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (pier__endpoint_parse(&got, cases[i].text, &why) < 0)
			fail_msg("%s: %s", cases[i].text, why.text);
		assert_true(got.svc);
		assert_int_equal(got.kind, cases[i].kind);
		assert_int_equal(got.family, AF_UNSPEC);
		assert_string_equal(got.scheme, cases[i].scheme);
		assert_string_equal(got.service, cases[i].service);
		assert_string_equal(got.host, cases[i].host);
		assert_int_equal(got.port, -1);
		assert_false(got.numeric);
	}
	assert_int_equal(pier__endpoint_parse(&got, "tcp://http:80", &why), 0);
	assert_false(got.svc);
}

static void
points_at_what_is_wrong(void **state)
{
	static const char sixty_four[] =
		"svc://http/"
		"0123456789012345678901234567890123456789012345678901234567890"
		"123";
	static const struct {
		const char *text;
		size_t offset;
		const char *words;
	} cases[] = {
		{ "svc://", 6, "the type is missing" },
		{ "svc:///x", 6, "the type is missing" },
		{ "svc://http/", 11, "the name is missing" },
		{ "svc://_http.tcp", 6, "\"_http.tcp\" is no type" },
		{ "svc://_http", 6, "\"_http\" is no type" },
		{ "svc://http.tcp/x", 6, "\"http.tcp\" is no type" },
		{ "svc://_http._sctp", 6, "_http._tcp" },
		{ "svc://-http", 6, "is no type" },
		{ "svc://http-", 6, "is no type" },
		{ "svc://a--b", 6, "is no type" },
		{ "svc://80", 6, "is no type" },
		{ "svc://abcdefghijklmnop", 6, "at most 15" },
		{ "svc://ht_tp", 6, "is no type" },
		{ "svc://http/a%0ab", 12, "control characters" },
		{ "svc://http/a%7f", 12, "control characters" },
		{ "svc://http/a%zz", 12, "two hexadecimal digits" },
		{ sixty_four, 11 + 63, "at most 63" },
		{ "svc://http/x?nosuch=1", 13, "unknown option" },
		{ "svc://_ntp._udp/x?nodelay=1", 18, "is no option of such" },
	};
	struct pier__endpoint got;
	struct pier__why why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (pier__endpoint_parse(&got, cases[i].text, &why) != -EINVAL)
			fail_msg("%s: taken", cases[i].text);
		if (strstr(why.text, cases[i].words) == NULL ||
			why.offset != cases[i].offset)
			fail_msg("%s: at %zu: %s", cases[i].text, why.offset,
				why.text);
		assert_non_null(got.scheme);
	}
}

struct asked {
	char host[64], service[32];
	int type;
	int rc;
	size_t calls;
};

/* Port 4711 of two addresses, one of each family. */
static int
look_up(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline, void *arg)
{
	struct asked *asked = arg;
	struct pier_addr addrs[2];

	(void)deadline;
	asked->calls++;
	asked->type = opts->type;
	(void)snprintf(asked->host, sizeof(asked->host), "%s", host);
	(void)snprintf(asked->service, sizeof(asked->service), "%s", service);
	if (asked->rc < 0)
		return asked->rc;
	assert_int_equal(pier_addr_parse(&addrs[0], "[::1]:4711"), 0);
	assert_int_equal(pier_addr_parse(&addrs[1], "127.0.0.1:4711"), 0);
	return pier_names_make(out, addrs, 2, NULL);
}

static int
ask(struct pier_names **out, const char *text, bool passive,
	struct asked *asked)
{
	struct pier__endpoint endpoint;
	struct pier__why why;

	assert_int_equal(pier__endpoint_parse(&endpoint, text, &why), 0);
	return pier__lookup(out,
		&(struct pier__lookup){ .endpoint = &endpoint,
			.text = text,
			.passive = passive,
			.fn = asked != NULL ? look_up : NULL,
			.arg = asked },
		PIER_FOREVER);
}

static void
asks_the_callers_function(void **state)
{
	struct pier_names *names;
	struct asked asked = { .rc = 0 };

	(void)state;
	assert_int_equal(ask(&names, "svc://http/a%20b", false, &asked), 0);
	assert_string_equal(asked.host, "a b");
	assert_string_equal(asked.service, "_http._tcp");
	assert_int_equal(asked.type, SOCK_STREAM);
	assert_int_equal(names->count, 2);
	assert_int_equal(pier_addr_port(&names->addrs[0]), 4711);
	assert_int_equal(pier_addr_port(&names->addrs[1]), 4711);
	pier_names_free(names);
	/* Any of the type: there is no name, and still it is asked. */
	assert_int_equal(ask(&names, "svc://_ntp._udp", false, &asked), 0);
	assert_string_equal(asked.host, "");
	assert_int_equal(asked.type, SOCK_DGRAM);
	assert_int_equal(asked.calls, 2);
	pier_names_free(names);
}

static void
tells_the_endpoint_of_a_failure(void **state)
{
	struct asked asked = { .rc = -PIER_ENONAME };
	struct pier_names *names;

	(void)state;
	assert_int_equal(
		ask(&names, "svc://http/x", false, &asked), -PIER_ENONAME);
	assert_string_equal(pier_last_error()->endpoint, "svc://http/x");
	assert_int_equal(pier_last_error()->step, PIER_STEP_RESOLVE);
}

static void
refuses_without_one_and_to_listen(void **state)
{
	struct pier_names *names;
	struct asked asked = { .rc = 0 };

	(void)state;
	assert_int_equal(ask(&names, "svc://http", false, NULL), -EINVAL);
	assert_non_null(strstr(pier_last_error()->detail, "pier_find_lookup"));
	assert_int_equal(ask(&names, "svc://http", true, &asked), -EINVAL);
	assert_non_null(strstr(pier_last_error()->detail, "listen on tcp://"));
	assert_int_equal(asked.calls, 0);
}

static void
no_address_is_written_as_one(void **state)
{
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct pier_addr addr;

	(void)state;
	assert_int_equal(pier_addr_parse(&addr, "127.0.0.1:80"), 0);
	assert_int_equal(pier_endpoint_format("svc", &addr, text, sizeof(text)),
		-EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(becomes_tcp_or_udp),
		cmocka_unit_test(points_at_what_is_wrong),
		cmocka_unit_test(asks_the_callers_function),
		cmocka_unit_test(tells_the_endpoint_of_a_failure),
		cmocka_unit_test(refuses_without_one_and_to_listen),
		cmocka_unit_test(no_address_is_written_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
