/* SPDX-License-Identifier: MIT */
/* serve/options_test.c - defaults, and what is refused with which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "serve/options.h"

static int
handler(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	(void)ctx;
	return 0;
}

static const struct pier_server_opts plain = { .endpoint = "tcp://:0",
	.handler = handler };

static void
test_defaults(void **state)
{
	struct pier_server_opts opts = plain;
	const char *detail = "?";

	(void)state;
	assert_int_equal(pier__options_fill(&opts, 65536, 4, &detail), 0);
	assert_null(detail);
	assert_int_equal(opts.model, PIER_FIBER);
	assert_int_equal(opts.workers, 1);
	assert_int_equal(opts.connections_max, 10000);
	assert_int_equal(opts.per_address_max, 0);
	assert_int_equal(opts.open_ms, 30000);
	assert_int_equal(opts.first_byte_ms, 10000);
	assert_int_equal(opts.idle_ms, 300000);
	assert_int_equal(opts.lifetime_ms, PIER_OFF);
	assert_int_equal(opts.linger_ms, 2000);
	assert_int_equal(opts.drain_ms, 10000);
	assert_int_equal(opts.datagrams_max, 1000);
	assert_int_equal(opts.datagram_size, 65535);
}

static void
test_few_descriptors_bound_the_connections(void **state)
{
	struct pier_server_opts opts = plain;
	const char *detail;

	(void)state;
	assert_int_equal(pier__options_fill(&opts, 64, 4, &detail), 0);
	assert_int_equal(opts.connections_max, 56);
	opts = plain;
	assert_int_equal(pier__options_fill(&opts, 1024, 4, &detail), 0);
	assert_int_equal(opts.connections_max, 960);
	opts = plain;
	opts.processes = 3;
	assert_int_equal(pier__options_fill(&opts, 1024, 4, &detail), 0);
	assert_int_equal(opts.connections_max, 2880);
	opts = plain;
	opts.processes = PIER_CORES;
	opts.model = PIER_POOL;
	assert_int_equal(pier__options_fill(&opts, 65536, 4, &detail), 0);
	assert_int_equal(opts.processes, 4);
	assert_int_equal(opts.connections_max, 128);
	opts = plain;
	opts.processes = 3;
	assert_int_equal(pier__options_fill(&opts, 65536, 4, &detail), 0);
	assert_int_equal(opts.connections_max, 10000);
	opts = plain;
	assert_int_equal(pier__options_fill(&opts, 4, 4, &detail), 0);
	assert_int_equal(opts.connections_max, 1);
	/* What was asked for is taken at its word: accept looks as well. */
	opts = plain;
	opts.connections_max = 500;
	assert_int_equal(pier__options_fill(&opts, 64, 4, &detail), 0);
	assert_int_equal(opts.connections_max, 500);
}

static void
test_models(void **state)
{
	struct pier_server_opts opts = plain;
	const char *detail;

	(void)state;
	opts.model = PIER_ITERATIVE;
	opts.connections_max = 100;
	assert_int_equal(pier__options_fill(&opts, 1024, 4, &detail), 0);
	assert_int_equal(opts.connections_max, 1);
	assert_int_equal(opts.stack_size, 1024 * 1024);
	opts = plain;
	opts.workers = PIER_CORES;
	assert_int_equal(pier__options_fill(&opts, 1024, 3, &detail), 0);
	assert_int_equal(opts.workers, 3);
	assert_int_equal(opts.stack_size, 0);
	opts = plain;
	opts.model = PIER_POOL;
	opts.connections_max = 100;
	assert_int_equal(pier__options_fill(&opts, 1024, 4, &detail), 0);
	assert_int_equal(opts.workers, 32);
	assert_int_equal(opts.connections_max, 32);
	opts.workers = 3;
	assert_int_equal(pier__options_fill(&opts, 1024, 4, &detail), 0);
	assert_int_equal(opts.connections_max, 3);
	opts = plain;
	opts.model = PIER_FORK;
	assert_int_equal(pier__options_fill(&opts, 1024, 4, &detail), 0);
	assert_int_equal(opts.connections_max, 256);
	assert_int_equal(opts.stack_size, 1024 * 1024);
}

static void
refused(struct pier_server_opts opts, const char *words)
{
	const char *detail = NULL;

	assert_int_equal(pier__options_fill(&opts, 1024, 4, &detail), -EINVAL);
	assert_non_null(detail);
	assert_string_equal(detail, words);
}

static void
test_refused(void **state)
{
	static const char *const none[] = { NULL };
	struct pier_server_opts opts = plain;

	(void)state;
	opts.endpoint = NULL;
	refused(opts, "no endpoint");
	opts.endpoints = none;
	refused(opts, "no endpoint");
	opts.endpoint = "tcp://:0";
	refused(opts, "endpoint and endpoints: give one of them");
	opts = plain;
	opts.handler = NULL;
	refused(opts, "no handler");
	opts = plain;
	opts.model = (enum pier_model)7;
	refused(opts, "no such model");
	opts = plain;
	opts.model = PIER_FORK;
	opts.proxy = PIER_PROXY_REQUIRED;
	opts.per_address_max = 1;
	refused(opts, "per_address_max and proxy: not with the fork model");
	opts = plain;
	opts.workers = -2;
	refused(opts, "workers: -1 to 1024");
	opts = plain;
	opts.workers = 2;
	opts.model = PIER_THREAD;
	refused(opts, "workers go with the fiber and pool models");
	opts = plain;
	opts.connections_max = -1;
	refused(opts, "connections_max: below 0");
	opts = plain;
	opts.per_address_max = -1;
	refused(opts, "per_address_max: below 0");
	opts = plain;
	opts.per_address_rate = -1;
	refused(opts, "per_address_rate: below 0");
	opts = plain;
	opts.datagrams_max = -1;
	refused(opts, "datagrams_max: below 0");
	opts = plain;
	opts.datagram_size = (size_t)1 << 30;
	refused(opts, "datagram_size: above 1 MiB");
	opts = plain;
	opts.idle_ms = -2;
	refused(opts, "a time below 0");
	opts = plain;
	opts.open_ms = -2;
	refused(opts, "a time below 0");
}

static void
test_times(void **state)
{
	(void)state;
	assert_int_equal(pier__options_ns(PIER_OFF), INT64_MAX);
	assert_int_equal(pier__options_ns(2), 2000000);
	assert_int_equal(pier__options_ns(INT64_MAX), INT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_few_descriptors_bound_the_connections),
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
