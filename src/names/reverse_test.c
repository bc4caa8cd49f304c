/* SPDX-License-Identifier: MIT */
/*
 * Names of addresses, names in full, and what pier_resolve() tells besides, with
 * a libc that this test plays. Real ones: tests/interop/names.py.
 */
#include <pier/resolve.h>

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

#define SOON pier_in_s(20)

static struct {
	struct pier__calls table;
	struct sockaddr_in in;
	struct addrinfo info;
	char canonical[64];
	struct hostent host;
	char *aliases[4];
	int result;         /* of gethostbyaddr and gethostbyname */
	size_t size_min;    /* smaller buffers do not do */
	unsigned int asked; /* gethostbyname */
} stub;

static int
stub_getaddrinfo(const char *host, const char *service,
	const struct addrinfo *hints, struct addrinfo **out)
{
	(void)host;
	(void)service;
	(void)hints;
	*out = &stub.info;
	return 0;
}

static void
stub_freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

static int
answer(struct hostent *out, size_t size)
{
	if (size < stub.size_min)
		return PIER__EAI_ERRNO - ERANGE;
	*out = stub.host;
	return stub.result;
}

static int
stub_gethostbyname(const char *name, int family, struct hostent *out, char *buf,
	size_t size)
{
	(void)name;
	(void)buf;
	stub.asked++;
	assert_int_equal(family, AF_INET);
	return answer(out, size);
}

static int
stub_gethostbyaddr(const void *bytes, socklen_t len, int family,
	struct hostent *out, char *buf, size_t size)
{
	(void)buf;
	assert_int_equal(family, AF_INET);
	assert_int_equal(len, 4);
	assert_memory_equal(bytes, "\300\0\2\1", 4);
	return answer(out, size);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&stub, 0, sizeof(stub));
	stub.table = pier__calls_real;
	stub.table.getaddrinfo = stub_getaddrinfo;
	stub.table.freeaddrinfo = stub_freeaddrinfo;
	stub.table.gethostbyname = stub_gethostbyname;
	stub.table.gethostbyaddr = stub_gethostbyaddr;
	stub.in.sin_family = AF_INET;
	stub.in.sin_addr.s_addr = htonl(0xc0000201);
	stub.info.ai_family = AF_INET;
	stub.info.ai_addr = (struct sockaddr *)&stub.in;
	stub.info.ai_addrlen = sizeof(stub.in);
	stub.info.ai_canonname = stub.canonical;
	stub.host.h_aliases = stub.aliases;
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

/* Texts stay: nobody writes to them. */
static void
host_is(const char *name, const char *first, const char *second)
{
	stub.host.h_name = (char *)(uintptr_t)name;
	stub.aliases[0] = (char *)(uintptr_t)first;
	stub.aliases[1] = (char *)(uintptr_t)second;
}

static struct pier_addr
addr(const char *text)
{
	struct pier_addr it;

	assert_int_equal(pier_addr_parse(&it, text), 0);
	return it;
}

static void
an_address_has_its_names(void **state)
{
	struct pier_addr one = addr("[::ffff:192.0.2.1]:80");
	struct pier_names *names = NULL;

	(void)state;
	host_is("one.test", "uno", "ONE.test");
	stub.size_min = 10000;
	assert_int_equal(pier_reverse(&names, &one, SOON), 0);
	assert_string_equal(names->canonical, "one.test");
	/* The same in other letters is no other name. */
	assert_int_equal(names->alias_count, 1);
	assert_string_equal(names->aliases[0], "uno");
	assert_int_equal(names->count, 1);
	assert_true(pier_addr_equal(&names->addrs[0], &one));
	assert_true(names->source[0] != '\0');
	pier_names_free(names);
}

static void
an_address_without_names_says_why(void **state)
{
	static const int cases[][2] = {
		{ EAI_NONAME, -PIER_ENONAME },
		{ EAI_AGAIN, -PIER_EAGAINNAME },
		{ EAI_FAIL, -PIER_ENAMEFAIL },
		{ PIER__EAI_ERRNO - EMFILE, -EMFILE },
	};
	struct pier_addr one = addr("192.0.2.1"), path = addr("/run/x");
	struct pier_names *names = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		stub.result = cases[i][0];
		assert_int_equal(pier_reverse(&names, &one, SOON), cases[i][1]);
		assert_int_equal(pier_last_error()->step, PIER_STEP_RESOLVE);
		assert_string_equal(pier_last_error()->endpoint, "192.0.2.1");
	}
	/* No buffer is ever large enough. */
	stub.size_min = SIZE_MAX;
	assert_int_equal(pier_reverse(&names, &one, SOON), -PIER_ELIMIT);
	assert_int_equal(pier_reverse(&names, &one, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_reverse(&names, &path, SOON), -EAFNOSUPPORT);
	assert_null(names);
}

static void
full_is(const char *host, const char *right)
{
	char name[PIER_NAME_MAX + 1];

	assert_int_equal(
		pier_fqdn(name, sizeof(name), host, SOON), strlen(right));
	assert_string_equal(name, right);
	assert_int_equal(pier_fqdn(name, strlen(right), host, SOON), -ENOSPC);
}

static void
a_name_in_full(void **state)
{
	(void)state;
	(void)strcpy(stub.canonical, "one.example.test");
	host_is("other.test", NULL, NULL);
	full_is("one", "one.example.test");
	/* Without a dot, the first of the address that has one. */
	(void)strcpy(stub.canonical, "one");
	full_is("one", "other.test");
	host_is("uno", "eins", "ichi.example.test");
	full_is("one", "ichi.example.test");
	host_is("uno", "eins", NULL);
	full_is("one", "one");
	/* An address is no name, though it has dots. */
	full_is("192.0.2.1", "uno");
	stub.result = EAI_NONAME;
	full_is("192.0.2.1", "192.0.2.1");
	full_is("one", "one");
}

static void
other_names_only_on_request(void **state)
{
	struct pier_resolve_opts opts = { .also = PIER_RESOLVE_ALIASES };
	struct pier_names *names = NULL;

	(void)state;
	(void)strcpy(stub.canonical, "one.test");
	host_is("one.test", "uno", "eins");
	assert_int_equal(pier_resolve(&names, "one", "80", NULL, SOON), 0);
	assert_int_equal(stub.asked, 0);
	assert_int_equal(names->alias_count, 0);
	assert_string_equal(names->source, "");
	pier_names_free(names);
	/* By the one family that it has. */
	assert_int_equal(pier_resolve(&names, "one", "80", &opts, SOON), 0);
	assert_int_equal(stub.asked, 1);
	assert_int_equal(names->alias_count, 2);
	assert_string_equal(names->aliases[1], "eins");
	pier_names_free(names);
	/* Who does not tell them does not spoil the addresses. */
	stub.result = EAI_AGAIN;
	assert_int_equal(pier_resolve(&names, "one", "80", &opts, SOON), 0);
	assert_int_equal(names->alias_count, 0);
	pier_names_free(names);
	opts.also = 4;
	assert_int_equal(
		pier_resolve(&names, "one", "80", &opts, SOON), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_address_has_its_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_address_without_names_says_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_name_in_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			other_names_only_on_request, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
