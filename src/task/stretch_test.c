/* SPDX-License-Identifier: MIT */
/* task/stretch_test.c - who ran longest in a crowd, though only once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "task/sched.h"

#define CROWD   50
#define ROUNDS  20
#define LONG_NS INT64_C(30000000)

struct noted {
	uint64_t tag;
	int64_t ns;
	bool of_the_long_one;
};

static void
note(void *arg, uint64_t tag, int64_t ns)
{
	struct noted *noted = arg;

	*noted = (struct noted){ .tag = tag,
		.ns = ns,
		.of_the_long_one = noted->of_the_long_one || tag == CROWD / 2 };
}

/* One of them runs long in one round, as the others never do. */
static int
member(void *arg)
{
	uint64_t number = (uint64_t)(uintptr_t)arg;
	int round;

	pier__current->tag = number;
	for (round = 0; round < ROUNDS; round++) {
		int64_t until = pier__calls()->clock_ns() + LONG_NS;

		while (number == CROWD / 2 && round == ROUNDS / 2 &&
			pier__calls()->clock_ns() < until)
			;
		assert_int_equal(pier_yield(), 0);
	}
	return 0;
}

static int
crowd(void *arg)
{
	struct pier__stretch *stretch = &pier__current->sched->stretch;
	struct pier_group *group;
	uintptr_t i;

	/* Not one that is measured itself. */
	assert_int_equal(pier_yield(), 0);
	stretch->longest = note;
	stretch->arg = arg;
	assert_int_equal(pier_group_open(&group), 0);
	for (i = 1; i <= CROWD; i++)
		assert_int_equal(pier_go(group, member, (void *)i), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	stretch->longest = NULL;
	return 0;
}

static void
test_once_in_a_crowd(void **state)
{
	struct noted noted = { 0 };

	(void)state;
	assert_int_equal(pier_run(crowd, &noted, NULL, NULL), 0);
	assert_true(noted.ns >= LONG_NS * 9 / 10);
	/* Unless the machine stopped another one for longer than that. */
	assert_true(noted.of_the_long_one || noted.ns > LONG_NS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once_in_a_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
