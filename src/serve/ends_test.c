/* SPDX-License-Identifier: MIT */
/* serve/ends_test.c - marks of children that have told their end. */
#include "serve/ends.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "os/process.h"

static void
test_as_many_as_there_is_room_for(void **state)
{
	struct pier__ends ends = { 0 };
	atomic_uchar *marks[3];
	int i;

	(void)state;
	assert_int_equal(pier__ends_open(&ends, 3), 0);
	for (i = 0; i < 3; i++) {
		marks[i] = pier__ends_take(&ends);
		assert_non_null(marks[i]);
	}
	assert_null(pier__ends_take(&ends));
	assert_false(pier__ends_give(marks[1]));
	assert_ptr_equal(pier__ends_take(&ends), marks[1]);
	assert_null(pier__ends_take(&ends));
	pier__ends_close(&ends);
	pier__ends_close(&ends);
}

/* A second time changes nothing of what is there. */
static void
test_open_again(void **state)
{
	struct pier__ends ends = { 0 };
	const atomic_uchar *mark;

	(void)state;
	assert_int_equal(pier__ends_open(&ends, 1), 0);
	mark = pier__ends_take(&ends);
	assert_int_equal(pier__ends_open(&ends, 1), 0);
	assert_ptr_equal(mark, ends.marks);
	assert_null(pier__ends_take(&ends));
	pier__ends_close(&ends);
	/* More than a system has processes is not mapped. */
	assert_int_equal(pier__ends_open(&ends, SIZE_MAX), 0);
	assert_non_null(pier__ends_take(&ends));
	pier__ends_close(&ends);
}

/* What a child tells is told, and once. */
static void
test_a_child_tells(void **state)
{
	struct pier__ends ends = { 0 };
	atomic_uchar *quiet, *loud;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(pier__ends_open(&ends, 2), 0);
	quiet = pier__ends_take(&ends);
	loud = pier__ends_take(&ends);
	pid = fork();
	if (pid == 0) {
		pier__ends_tell(loud);
		pier__process_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(pier__ends_give(loud));
	assert_false(pier__ends_give(loud));
	assert_false(pier__ends_give(quiet));
	pier__ends_close(&ends);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_many_as_there_is_room_for),
		cmocka_unit_test(test_open_again),
		cmocka_unit_test(test_a_child_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
