/* SPDX-License-Identifier: MIT */
/* proto/found_book_test.c - what several see becomes one, and is told once. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/found_book.h"

static struct pier__found_book *book;

static int
setup(void **state)
{
	static const uint64_t seed[2] = { 1, 2 };

	(void)state;
	return pier__found_book_open(&book, seed);
}

static int
teardown(void **state)
{
	(void)state;
	pier__found_book_close(book);
	return 0;
}

static struct pier_addr
address(const char *text)
{
	struct pier_addr addr;

	assert_int_equal(pier_addr_parse(&addr, text), 0);
	return addr;
}

/* "A", seen by that protocol on that interface at that address; NULL: gone. */
static void
see(unsigned int by, unsigned int interface, const char *at)
{
	struct pier_addr addr = address(at != NULL ? at : "0.0.0.0");
	const struct pier__sighting seen = {
		.what = at != NULL ? PIER__SEEN : PIER__GONE,
		.by = by,
		.link = { interface, AF_INET },
		.reason = PIER__GONE_EXPIRED,
		.instance = "A",
		.type = "_http._tcp",
		.domain = "local",
		.host = "lab.local",
		.port = 80,
		.txt = (const unsigned char *)"\3k=v\1f\2e=\3K=2",
		.txt_len = 13,
		.addrs = &addr,
		.addr_count = 1,
	};

	assert_int_equal(pier__found_book_put(book, &seen), 0);
}

static void
expect(struct pier_find_event *event, enum pier_find_what what,
	size_t addr_count)
{
	assert_int_equal(pier__found_book_next(book, event), 1);
	assert_int_equal(event->what, what);
	assert_string_equal(event->service.instance, "A");
	assert_int_equal(event->service.addr_count, addr_count);
}

static void
expect_no_more(void)
{
	struct pier_find_event event;

	assert_int_equal(pier__found_book_next(book, &event), 0);
}

static void
test_one_of_many(void **state)
{
	struct pier_find_event event;

	(void)state;
	see(PIER_BY_MDNS, 1, "192.0.2.1:80");
	expect(&event, PIER_FIND_ADDED, 1);
	assert_int_equal(event.service.by, PIER_BY_MDNS);
	expect_no_more();
	/* The same once more is no news. */
	see(PIER_BY_MDNS, 1, "192.0.2.1:80");
	expect_no_more();
	see(PIER_BY_BEACON, 1, "192.0.2.1:80");
	expect(&event, PIER_FIND_CHANGED, 1);
	assert_int_equal(event.service.by, PIER_BY_MDNS | PIER_BY_BEACON);
	see(PIER_BY_MDNS, 2, "[2001:db8::1]:80");
	expect(&event, PIER_FIND_CHANGED, 2);
	/* IPv6 comes first. */
	assert_int_equal(pier_addr_family(&event.service.addrs[0]), AF_INET6);
	assert_int_equal(pier__found_book_count(book), 1);
	see(PIER_BY_MDNS, 2, NULL);
	expect(&event, PIER_FIND_CHANGED, 1);
	see(PIER_BY_MDNS, 1, NULL);
	expect(&event, PIER_FIND_CHANGED, 1);
	see(PIER_BY_BEACON, 1, NULL);
	expect(&event, PIER_FIND_REMOVED, 0);
	assert_int_equal(event.reason, PIER_FIND_EXPIRED);
	assert_int_equal(pier__found_book_count(book), 0);
	expect_no_more();
}

/* What came and went before anybody asked is not told; what went and came back
   is as it was. */
static void
test_in_between(void **state)
{
	struct pier_find_event event;

	(void)state;
	see(PIER_BY_MDNS, 1, "192.0.2.1:80");
	see(PIER_BY_MDNS, 1, NULL);
	expect_no_more();
	see(PIER_BY_MDNS, 1, "192.0.2.1:80");
	expect(&event, PIER_FIND_ADDED, 1);
	see(PIER_BY_MDNS, 1, NULL);
	see(PIER_BY_MDNS, 1, "192.0.2.1:80");
	expect_no_more();
	see(PIER_BY_MDNS, 1, NULL);
	expect(&event, PIER_FIND_REMOVED, 0);
	/* The end was told, but not let go yet: it is there anew, as it was. */
	see(PIER_BY_MDNS, 1, "192.0.2.1:80");
	expect(&event, PIER_FIND_ADDED, 1);
	assert_int_equal(pier__found_book_count(book), 1);
	expect_no_more();
	see(PIER_BY_MDNS, 1, NULL);
	expect(&event, PIER_FIND_REMOVED, 0);
	see(PIER_BY_MDNS, 1, "192.0.2.2:80");
	expect(&event, PIER_FIND_ADDED, 1);
}

/* The first of two keys, in either case; a key without a value is not one with
   an empty value. */
static void
test_texts(void **state)
{
	struct pier_find_event event;

	(void)state;
	see(PIER_BY_MDNS, 1, "192.0.2.1:80");
	expect(&event, PIER_FIND_ADDED, 1);
	assert_int_equal(event.service.text_count, 3);
	assert_string_equal(event.service.texts[0].key, "k");
	assert_string_equal(event.service.texts[0].value, "v");
	assert_string_equal(event.service.texts[1].key, "f");
	assert_null(event.service.texts[1].value);
	assert_string_equal(event.service.texts[2].key, "e");
	assert_string_equal(event.service.texts[2].value, "");
}

static int
count_one(const struct pier_found *found, void *arg)
{
	size_t *seen = arg;

	assert_string_equal(found->instance, "A");
	assert_int_equal(found->addr_count, 1);
	assert_int_equal(found->texts[0].value_len, 1);
	return ++*seen == 0;
}

static int
stop_at_once(const struct pier_found *found, void *arg)
{
	(void)found;
	(void)arg;
	return -1;
}

/* Who was told to be there, and is: not before that, and not afterwards. */
static void
test_each(void **state)
{
	struct pier_find_event event;
	size_t seen = 0;

	(void)state;
	assert_int_equal(pier__found_book_each(book, count_one, &seen), 0);
	see(PIER_BY_MDNS, 1, "192.0.2.1:80");
	assert_int_equal(pier__found_book_each(book, count_one, &seen), 0);
	expect(&event, PIER_FIND_ADDED, 1);
	assert_int_equal(pier__found_book_each(book, count_one, &seen), 1);
	assert_int_equal(seen, 1);
	assert_int_equal(pier__found_book_each(book, stop_at_once, NULL), 1);
	/* Its end is known, and then told. */
	see(PIER_BY_MDNS, 1, NULL);
	assert_int_equal(pier__found_book_each(book, count_one, &seen), 0);
	expect(&event, PIER_FIND_REMOVED, 0);
	assert_int_equal(pier__found_book_each(book, count_one, &seen), 0);
	assert_int_equal(seen, 1);
}

static int
count_some(const struct pier_found *found, void *arg)
{
	size_t *left = arg;

	(void)found;
	return --*left == 0;
}

/* Types have no end: the one that was told first makes room. */
static void
test_types_are_bounded(void **state)
{
	struct pier__sighting seen = { .what = PIER__SEEN_TYPE,
		.by = PIER_BY_MDNS,
		.instance = "",
		.domain = "local",
		.host = "" };
	struct pier_find_event event;
	size_t left = 1000;
	char type[32];
	int i;

	(void)state;
	for (i = 0; i < PIER_FIND_MAX + 10; i++) {
		(void)snprintf(type, sizeof(type), "_t%d._tcp", i);
		seen.type = type;
		assert_int_equal(pier__found_book_put(book, &seen), 0);
		assert_int_equal(pier__found_book_next(book, &event), 1);
		assert_string_equal(event.service.type, type);
		assert_int_equal(event.what, PIER_FIND_ADDED);
		assert_int_equal(pier__found_book_put(book, &seen), 0);
		expect_no_more();
	}
	assert_int_equal(pier__found_book_count(book), PIER_FIND_MAX);
	assert_int_equal(pier__found_book_each(book, count_some, &left), 1000);
	left = SIZE_MAX;
	assert_int_equal(
		pier__found_book_each(book, count_some, &left), PIER_FIND_MAX);
}

static void
test_bounded(void **state)
{
	struct pier_addr addr = address("192.0.2.1:80");
	struct pier__sighting seen = { .what = PIER__SEEN,
		.by = PIER_BY_MDNS,
		.type = "_http._tcp",
		.domain = "local",
		.host = "",
		.port = 80,
		.addrs = &addr,
		.addr_count = 1 };
	char name[16];
	int i;

	(void)state;
	for (i = 0; i < PIER_FIND_MAX + 1; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		seen.instance = name;
		assert_int_equal(pier__found_book_put(book, &seen),
			i < PIER_FIND_MAX ? 0 : -ENOSPC);
	}
	assert_int_equal(pier__found_book_count(book), PIER_FIND_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_one_of_many, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_in_between, setup, teardown),
		cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_types_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
