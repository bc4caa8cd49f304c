/* SPDX-License-Identifier: MIT */
/*
 * pier_resolve(): what it answers by itself, what it hands to libc, and the
 * record that it leaves when it fails.
 */
#include <pier/resolve.h>

#include "addr/addr.h"
#include "names/names.h"
#include "task/task.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SOON         pier_in_s(20)

/* What libc was asked last, and what it shall say. */
static struct {
	struct pier__calls table;
	unsigned int calls;
	char host[300], service[300];
	struct addrinfo hints;
	int result;
} stub;

static int
stub_getaddrinfo(const char *host, const char *service,
	const struct addrinfo *hints, struct addrinfo **out)
{
	stub.calls++;
	stub.hints = *hints;
	(void)snprintf(stub.host, sizeof(stub.host), "%s",
		host == NULL ? "(none)" : host);
	(void)snprintf(stub.service, sizeof(stub.service), "%s",
		service == NULL ? "(none)" : service);
	*out = NULL;
	return stub.result;
}

static int
set_up(void **state)
{
	(void)state;
	memset(&stub, 0, sizeof(stub));
	stub.result = EAI_NONAME;
	stub.table = pier__calls_real;
	stub.table.getaddrinfo = stub_getaddrinfo;
	pier__self()->context.calls = &stub.table;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)pier__names_stop();
	pier__self()->context.calls = &pier__calls_real;
	return 0;
}

struct question {
	const char *host, *service;
	struct pier_resolve_opts opts;
	const char *answer; /* its addresses, divided by blanks */
	const char *canonical;
};

static void
assert_answer(const struct question *question, pier_deadline deadline)
{
	char text[PIER_ADDR_TEXT_MAX], got[512] = "";
	struct pier_names *names = NULL;
	size_t len = 0;

	assert_int_equal(pier_resolve(&names, question->host, question->service,
				 &question->opts, deadline),
		0);
	for (size_t i = 0; i < names->count; i++) {
		(void)pier_addr_format(&names->addrs[i], text, sizeof(text));
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s",
			i > 0 ? " " : "", text);
	}
	assert_string_equal(got, question->answer);
	assert_string_equal(names->canonical,
		question->canonical == NULL ? "" : question->canonical);
	pier_names_free(names);
}

static void
numbers_are_answered_at_once_and_never_asked(void **state)
{
	static const struct question cases[] = {
		{ "192.0.2.1", "80", { 0 }, "192.0.2.1:80", NULL },
		{ "192.0.2.1", NULL, { 0 }, "192.0.2.1", NULL },
		{ "::1", "7", { .type = SOCK_DGRAM }, "[::1]:7", NULL },
		{ "fe80::1%lo", "", { .family = AF_INET6 }, "fe80::1%lo",
			NULL },
		{ "::FFFF:192.0.2.1", "1", { 0 }, "192.0.2.1:1", NULL },
		{ "2001:DB8::0:1", "1", { .canonical = true },
			"[2001:db8::1]:1", "2001:db8::1" },
		{ NULL, "80", { 0 }, "[::1]:80 127.0.0.1:80", NULL },
		{ "", "80", { .passive = true }, "[::]:80 0.0.0.0:80", NULL },
		{ "", "0", { .passive = true, .family = AF_INET }, "0.0.0.0",
			NULL },
		{ "", NULL, { .family = AF_INET6, .type = SOCK_DGRAM }, "::1",
			NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_answer(&cases[i], SOON);
		assert_answer(&cases[i], PIER_NOW);
	}
	assert_int_equal(stub.calls, 0);
}

static void
what_is_wrong_is_refused_and_never_asked(void **state)
{
	static const struct {
		const char *host, *service;
		struct pier_resolve_opts opts;
		int rc, offset;
		const char *words;
	} cases[] = {
		{ "127.1", "80", { 0 }, -EINVAL, 0, "short IPv4" },
		{ "0x7f.0.0.1", "http", { 0 }, -EINVAL, 0, "hexadecimal" },
		{ "1.2.3.400", "80", { 0 }, -EINVAL, 6, "out of range" },
		{ "::g", "80", { 0 }, -EINVAL, 2, "cannot stand" },
		{ "fe80::1%nope7", "80", { 0 }, -ENODEV, 8, "no interface" },
		{ "192.0.2.1", "1", { .family = AF_INET6 }, -PIER_ENONAME, -1,
			"other family" },
		{ "name", "1", { .family = AF_UNIX }, -EINVAL, -1, "family" },
		{ "name", "1", { .type = SOCK_RAW }, -EINVAL, -1, "type" },
	};
	struct pier_names *names = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			pier_resolve(&names, cases[i].host, cases[i].service,
				&cases[i].opts, SOON),
			cases[i].rc);
		assert_non_null(
			strstr(pier_last_error()->detail, cases[i].words));
		assert_int_equal(pier_last_error()->offset, cases[i].offset);
		assert_string_equal(pier_last_error()->endpoint, cases[i].host);
	}
	assert_null(names);
	assert_int_equal(stub.calls, 0);
}

static void
what_is_out_of_range_or_too_long_is_shown(void **state)
{
	static char host[PIER__HOST_MAX + 2], service[PIER__SERVICE_MAX + 2];
	static const struct {
		const char *host, *service;
		const char *shown;
		int offset;
		const char *words;
	} cases[] = {
		{ "192.0.2.1", "65536", "65536", 0, "0-65535" },
		{ "name", "99999", "99999", 0, "0-65535" },
		{ host, "80", host, PIER__HOST_MAX, "too long" },
		{ "name", service, service, PIER__SERVICE_MAX, "too long" },
		{ NULL, service, service, PIER__SERVICE_MAX, "too long" },
	};
	struct pier_names *names = NULL;

	(void)state;
	memset(host, 'h', sizeof(host) - 1);
	memset(service, 's', sizeof(service) - 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(pier_resolve(&names, cases[i].host,
					 cases[i].service, NULL, SOON),
			-EINVAL);
		assert_int_equal(pier_last_error()->step, PIER_STEP_PARSE);
		assert_string_equal(
			pier_last_error()->endpoint, cases[i].shown);
		assert_int_equal(pier_last_error()->offset, cases[i].offset);
		assert_non_null(
			strstr(pier_last_error()->detail, cases[i].words));
	}
	/* One less is for libc to judge. */
	service[PIER__SERVICE_MAX] = '\0';
	assert_int_equal(pier_resolve(&names, "name", service, NULL, SOON),
		-PIER_ENONAME);
	assert_null(names);
	assert_int_equal(stub.calls, 1);
}

static void
hands_the_question_to_libc(void **state)
{
	struct pier_resolve_opts opts = { .canonical = true,
		.passive = true,
		.family = AF_INET6,
		.type = SOCK_DGRAM };
	struct pier_names *names = NULL;

	(void)state;
	assert_int_equal(
		pier_resolve(&names, "a.example", "domain", &opts, SOON),
		-PIER_ENONAME);
	assert_string_equal(stub.host, "a.example");
	assert_string_equal(stub.service, "domain");
	assert_int_equal(stub.hints.ai_family, AF_INET6);
	assert_int_equal(stub.hints.ai_socktype, SOCK_DGRAM);
	assert_int_equal(stub.hints.ai_flags, AI_CANONNAME | AI_PASSIVE);
	assert_int_equal(
		pier_resolve(&names, "a", "80", NULL, SOON), -PIER_ENONAME);
	assert_int_equal(stub.hints.ai_family, AF_UNSPEC);
	assert_int_equal(stub.hints.ai_socktype, SOCK_STREAM);
	assert_int_equal(stub.hints.ai_flags, AI_NUMERICSERV);
	assert_int_equal(pier_resolve(&names, "b\xc3\xbc", NULL, NULL, SOON),
		-PIER_ENONAME);
	assert_int_equal(stub.hints.ai_flags, AI_NUMERICSERV | AI_IDN);
	assert_string_equal(stub.service, "(none)");
	/* A service by name is libc's to know, also for a host in numbers. */
	assert_int_equal(pier_resolve(&names, "192.0.2.1", "http", NULL, SOON),
		-PIER_ENONAME);
	assert_string_equal(stub.host, "192.0.2.1");
	assert_int_equal(stub.calls, 4);
}

static void
failures_tell_step_host_and_cause(void **state)
{
	struct pier_names *names = NULL;
	const struct pier_error *error;

	(void)state;
	stub.result = EAI_AGAIN;
	assert_int_equal(pier_resolve(&names, "a.example", "80", NULL, SOON),
		-PIER_EAGAINNAME);
	error = pier_last_error();
	assert_int_equal(error->code, -PIER_EAGAINNAME);
	assert_int_equal(error->step, PIER_STEP_RESOLVE);
	assert_string_equal(error->endpoint, "a.example");
	assert_true(error->elapsed_ns > 0);
	stub.result = EAI_SERVICE;
	assert_int_equal(
		pier_resolve(&names, "a", "nope", NULL, SOON), -PIER_ENONAME);
	assert_string_equal(pier_last_error()->endpoint, "nope");
	assert_string_equal(
		pier_last_error()->detail, "no such service of tcp");
	stub.result = EAI_NONAME;
	assert_int_equal(
		pier_resolve(&names, "a", "nope", NULL, SOON), -PIER_ENONAME);
	assert_string_equal(pier_last_error()->endpoint, "a");
	assert_null(strstr(pier_error_line(), "service"));
	/* A list without an address of the Internet is no answer. */
	stub.result = 0;
	stub.table.freeaddrinfo = (void (*)(struct addrinfo *))pier_names_free;
	assert_int_equal(
		pier_resolve(&names, "a", "1", NULL, SOON), -PIER_ENONAME);
}

static void
deadlines_hold_before_anything_is_asked(void **state)
{
	struct pier_names *names = NULL;

	(void)state;
	assert_int_equal(
		pier_resolve(&names, "name", "80", NULL, PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_resolve(&names, "name", "80", NULL, pier_deadline_at(1)),
		-PIER_EDEADLINE);
	pier_set_default_timeout(0);
	assert_int_equal(pier_resolve(&names, "name", "80", NULL, PIER_DEFAULT),
		-EAGAIN);
	pier_set_default_timeout(PIER_NO_TIMEOUT);
	assert_int_equal(stub.calls, 0);
	assert_int_equal(pier_resolve(&names, "name", "80", NULL, PIER_DEFAULT),
		-PIER_ENONAME);
	assert_int_equal(stub.calls, 1);
}

static void
an_answer_of_ones_own_is_a_copy(void **state)
{
	struct pier_addr list[2];
	struct pier_names *again, *names = NULL;

	(void)state;
	memset(list, 0, sizeof(list));
	assert_int_equal(pier_addr_parse(&list[0], "192.0.2.1:1"), 0);
	assert_int_equal(pier_addr_parse(&list[1], "[::1]:2"), 0);
	assert_int_equal(pier_names_make(&names, list, 0, "x"), -EINVAL);
	assert_int_equal(pier_names_make(&names, list, 2, "x.example"), 0);
	memset(list, 0, sizeof(list));
	assert_int_equal(names->count, 2);
	assert_string_equal(names->canonical, "x.example");
	assert_int_equal(pier_addr_port(&names->addrs[1]), 2);
	/* The record stays until its last holder has gone. */
	assert_ptr_equal(pier_names_hold(names), names);
	pier_names_free(names);
	assert_int_equal(names->count, 2);
	assert_string_equal(names->canonical, "x.example");
	/* Who has it already may be asked for it. */
	assert_int_equal(pier_names_lookup(&again, "any", "any", NULL,
				 PIER_FOREVER, names),
		0);
	assert_ptr_equal(again, names);
	pier_names_free(again);
	assert_int_equal(pier_names_lookup(
				 &again, "any", NULL, NULL, PIER_FOREVER, NULL),
		-PIER_ENONAME);
	assert_string_equal(pier_last_error()->endpoint, "any");
	pier_names_free(names);
	pier_names_free(NULL);
}

/* The machine's own hosts file and services, by the real libc. */
static void
localhost_is_the_loopback(void **state)
{
	struct pier_resolve_opts opts = { .canonical = true };
	struct pier_names *names = NULL;
	char text[PIER_ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(
		pier_resolve(&names, "localhost", "7", &opts, SOON), 0);
	assert_true(names->count >= 1);
	(void)pier_addr_format(&names->addrs[0], text, sizeof(text));
	assert_true(strcmp(text, "127.0.0.1:7") == 0 ||
		    strcmp(text, "[::1]:7") == 0);
	assert_string_not_equal(names->canonical, "");
	pier_names_free(names);
}

#define STUB_TEST(what) cmocka_unit_test_setup_teardown(what, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STUB_TEST(numbers_are_answered_at_once_and_never_asked),
		STUB_TEST(what_is_wrong_is_refused_and_never_asked),
		STUB_TEST(what_is_out_of_range_or_too_long_is_shown),
		STUB_TEST(hands_the_question_to_libc),
		STUB_TEST(failures_tell_step_host_and_cause),
		STUB_TEST(deadlines_hold_before_anything_is_asked),
		STUB_TEST(an_answer_of_ones_own_is_a_copy),
		cmocka_unit_test_teardown(localhost_is_the_loopback, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
