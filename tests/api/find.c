/* SPDX-License-Identifier: MIT */
/*
 * pier/find.h and pier/announce.h through <pier.h>: what is refused and in which
 * words, that waiting ends, one finds the other on the loopback, and svc:// is
 * dialled by it. Others are met in network namespaces, tests/interop.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include <pier.h>

static const char *const loopback[] = { "lo", NULL };

/* Nobody else is on this link who could answer. */
static const struct pier_find_opts quiet = {
	.by = PIER_BY_BEACON, .family = AF_INET, .interfaces = loopback
};

static void
refuses_what_is_no_type(void **state)
{
	static const char *const wrong[] = { "", "_http", "_http.tcp",
		"http.tcp", "_http._sctp", "-http", "http-", "abcdefghijklmnop",
		"_http._tcp.example..org", "a b" };
	struct pier_find *find = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (pier_find_open(&find, wrong[i], &quiet) != -EINVAL)
			fail_msg("\"%s\" is taken", wrong[i]);
		assert_string_equal(pier_last_error()->endpoint, wrong[i]);
		assert_true(pier_last_error()->detail[0] != '\0');
		assert_null(find);
	}
}

static void
refuses_options_that_mean_nothing(void **state)
{
	static const char *const nowhere[] = { "nosuch0", NULL };
	struct pier_find_opts opts = quiet;
	struct pier_find *find = NULL;

	(void)state;
	opts.by = 4;
	assert_int_equal(pier_find_open(&find, "http", &opts), -EINVAL);
	assert_non_null(strstr(pier_last_error()->detail, "PIER_BY_MDNS"));
	opts = quiet;
	opts.family = AF_UNIX;
	assert_int_equal(pier_find_open(&find, "http", &opts), -EINVAL);
	opts = quiet;
	opts.interfaces = nowhere;
	assert_int_equal(pier_find_open(&find, "http", &opts), -ENODEV);
	assert_non_null(strstr(pier_last_error()->detail, "\"nosuch0\""));
	pier_find_close(NULL);
}

static void
waits_for_as_long_as_asked(void **state)
{
	int64_t from_ns = pier_now();
	struct pier_find_event event;
	struct pier_find_stats stats;
	struct pier_find *find;

	(void)state;
	assert_int_equal(pier_find_open(&find, "_pier-test._tcp", &quiet), 0);
	assert_int_equal(pier_find_next(find, &event, PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_find_next(find, &event, pier_in_ms(20)), -PIER_EDEADLINE);
	assert_true(pier_now() - from_ns >= 20000000);
	pier_find_stats(find, &stats);
	assert_int_equal(stats.services, 0);
	assert_int_equal(stats.links, 1);
	assert_true(stats.sent >= 1);
	pier_find_close(find);
}

static int
look_until_cancelled(void *arg)
{
	struct pier_find_event event;
	struct pier_find *find;
	int *rc = arg;

	*rc = pier_find_open(&find, "_pier-test._tcp", &quiet);
	if (*rc < 0)
		return 0;
	*rc = pier_find_next(find, &event, PIER_FOREVER);
	pier_find_close(find);
	return 0;
}

static int
cancel_one(void *arg)
{
	struct pier_group *group;
	int rc = pier_group_open(&group);

	if (rc == 0)
		rc = pier_go(group, look_until_cancelled, arg);
	if (rc == 0)
		rc = pier_yield();
	pier_group_cancel(group);
	(void)pier_group_wait(group, PIER_FOREVER);
	pier_group_close(group);
	return rc;
}

static void
is_cancelled_in_a_fiber(void **state)
{
	int rc = 0;

	(void)state;
	assert_int_equal(pier_run(cancel_one, &rc, NULL, NULL), 0);
	assert_int_equal(rc, -ECANCELED);
}

/* What the fibers of one run share. */
struct both {
	struct pier_announce *announce;
	struct pier_find *find;
	int ended;  /* pier_announce_run(), by which */
	int looked; /* the second one's */
};

static int
live(void *arg)
{
	struct both *both = arg;

	both->ended = pier_announce_run(both->announce, PIER_FOREVER);
	return 0;
}

static int
look(void *arg)
{
	struct both *both = arg;
	struct pier_find_event event;

	both->looked = pier_find_next(both->find, &event, PIER_FOREVER);
	return 0;
}

static int
is_here(const struct pier_found *found, void *seen)
{
	assert_string_equal(found->instance, "Here");
	assert_int_equal(found->port, 7);
	*(bool *)seen = true;
	return 0;
}

static int
find_what_is_announced(void *arg)
{
	const struct pier_announce_opts opts = { .instance = "Here",
		.type = "pier-test",
		.port = 7,
		.by = PIER_BY_BEACON,
		.family = AF_INET,
		.interfaces = loopback };
	struct pier_find_event event;
	struct pier_group *group;
	struct both *both = arg;
	bool seen = false;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_announce_open(&both->announce, &opts), 0);
	assert_string_equal(pier_announce_name(both->announce), "Here");
	assert_int_equal(pier_find_open(&both->find, "pier-test", &quiet), 0);
	assert_int_equal(pier_go(group, live, both), 0);
	assert_int_equal(pier_find_next(both->find, &event, pier_in_s(20)), 1);
	assert_int_equal(event.what, PIER_FIND_ADDED);
	assert_string_equal(event.service.instance, "Here");
	assert_int_equal(event.service.port, 7);
	assert_int_equal(pier_find_each(both->find, is_here, &seen), 1);
	assert_true(seen);
	/* One waits: another may not. */
	assert_int_equal(pier_go(group, look, both), 0);
	assert_int_equal(pier_yield(), 0);
	assert_int_equal(pier_find_next(both->find, &event, PIER_NOW), -EBUSY);
	pier_group_cancel(group);
	(void)pier_group_wait(group, PIER_FOREVER);
	pier_group_close(group);
	pier_announce_close(both->announce);
	assert_int_equal(pier_find_next(both->find, &event, pier_in_s(20)), 1);
	assert_int_equal(event.what, PIER_FIND_REMOVED);
	assert_int_equal(event.reason, PIER_FIND_GOODBYE);
	assert_int_equal(pier_find_each(both->find, is_here, &seen), 0);
	pier_find_close(both->find);
	return 0;
}

static void
what_is_announced_is_found(void **state)
{
	struct both both = { .ended = 0 };

	(void)state;
	assert_int_equal(
		pier_run(find_what_is_announced, &both, NULL, NULL), 0);
	assert_int_equal(both.ended, -ECANCELED);
	assert_int_equal(both.looked, -ECANCELED);
}

static void
a_service_that_is_not_there_has_no_address(void **state)
{
	const struct pier_dial_opts opts = { .lookup = pier_find_lookup,
		.lookup_arg = (void *)(uintptr_t)&quiet };
	struct pier_stream *stream = NULL;

	(void)state;
	/* Long enough for a busy machine to have come to the question. */
	assert_int_equal(pier_dial(&stream, "svc://_pier-test._tcp/nobody",
				 &opts, pier_in_ms(500)),
		-PIER_EDEADLINE);
	assert_int_equal(pier_last_error()->step, PIER_STEP_RESOLVE);
	assert_string_equal(
		pier_last_error()->endpoint, "svc://_pier-test._tcp/nobody");
	assert_null(stream);
}

static void
other_names_are_looked_up_as_ever(void **state)
{
	struct pier_names *names;

	(void)state;
	assert_int_equal(pier_find_lookup(&names, "127.0.0.1", "80", NULL,
				 PIER_FOREVER, NULL),
		0);
	assert_int_equal(names->count, 1);
	assert_int_equal(pier_addr_port(&names->addrs[0]), 80);
	pier_names_free(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_type),
		cmocka_unit_test(refuses_options_that_mean_nothing),
		cmocka_unit_test(waits_for_as_long_as_asked),
		cmocka_unit_test(is_cancelled_in_a_fiber),
		cmocka_unit_test(what_is_announced_is_found),
		cmocka_unit_test(a_service_that_is_not_there_has_no_address),
		cmocka_unit_test(other_names_are_looked_up_as_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
