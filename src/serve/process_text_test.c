/* SPDX-License-Identifier: MIT */
/* serve/process_text_test.c - how a process ended, in words. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#include "serve/processes.h"

static void
expect(const char *words, struct pier_process process, const char *last_words)
{
	char text[PIER__PROCESS_TEXT];

	process.number = 2;
	process.pid = 4242;
	process.lived_ns = 3240000000;
	pier__process_describe(text, &process, last_words);
	assert_string_equal(text, words);
}

static void
test_by_a_signal(void **state)
{
	(void)state;
	expect("process 2 (pid 4242) was killed by SIGSEGV after 3.2 s, with "
	       "25 connections; another starts in 100 ms",
		(struct pier_process){ .signal = SIGSEGV,
			.status = -1,
			.lost = 25,
			.pause_ms = 100 },
		"");
	expect("process 2 (pid 4242) was killed by SIGKILL after 3.2 s, with "
	       "1 connection",
		(struct pier_process){
			.signal = SIGKILL, .status = -1, .lost = 1 },
		"");
	expect("process 2 (pid 4242) was killed by signal 40 after 3.2 s",
		(struct pier_process){ .signal = 40, .status = -1 }, "");
}

static void
test_by_itself(void **state)
{
	(void)state;
	expect("process 2 (pid 4242) ended with exit status 0 after 3.2 s",
		(struct pier_process){ .status = 0 }, "");
	expect("process 2 (pid 4242) gave up (create: out of memory) after "
	       "3.2 s; another starts in 5000 ms",
		(struct pier_process){ .status = 1, .pause_ms = 5000 },
		"create: out of memory");
	expect("process 2 (pid 4242) ended, nobody knows how, after 3.2 s",
		(struct pier_process){ .status = -1 }, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_a_signal),
		cmocka_unit_test(test_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
