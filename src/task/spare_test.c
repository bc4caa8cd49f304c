/* SPDX-License-Identifier: MIT */
/* task/spare_test.c - what one gives back the next takes, cleared; not without
   bound, and not beyond the thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "task/annotate.h"
#include "task/run.h"
#include "task/sched.h"

#define SIZE (PIER__SPARE_SIZE - 56)

static void
assert_clear(const unsigned char *object, size_t size)
{
	size_t i;

	assert_non_null(object);
	assert_int_equal((uintptr_t)object % 64, 0);
	for (i = 0; i < size; i++)
		assert_int_equal(object[i], 0);
}

static int
takes_what_was_given(void *arg)
{
	struct pier__spares *spares = &pier__current->sched->spares;
	unsigned char *first = pier__spare_get(SIZE);
	unsigned char *second;

	(void)arg;
	assert_clear(first, SIZE);
	memset(first, 0xff, SIZE);
	pier__spare_put(first, SIZE);
#if !defined(PIER__ASAN)
	assert_int_equal(spares->count, 1);
#endif
	second = pier__spare_get(PIER__SPARE_SIZE);
	assert_int_equal(spares->count, 0);
	assert_clear(second, PIER__SPARE_SIZE);
	pier__spare_put(second, PIER__SPARE_SIZE);
	return 0;
}

static int
keeps_so_many(void *arg)
{
	void *objects[PIER__SPARES_MAX + 8];
	size_t i;

	(void)arg;
	for (i = 0; i < PIER__SPARES_MAX + 8; i++) {
		objects[i] = pier__spare_get(SIZE);
		assert_clear(objects[i], SIZE);
	}
	for (i = 0; i < PIER__SPARES_MAX + 8; i++)
		pier__spare_put(objects[i], SIZE);
#if !defined(PIER__ASAN)
	assert_int_equal(pier__current->sched->spares.count, PIER__SPARES_MAX);
#endif
	return 0;
}

static int
keeps_none_that_is_larger(void *arg)
{
	unsigned char *large = pier__spare_get(PIER__SPARE_SIZE + 1);

	(void)arg;
	assert_clear(large, PIER__SPARE_SIZE + 1);
	pier__spare_put(large, PIER__SPARE_SIZE + 1);
	assert_int_equal(pier__current->sched->spares.count, 0);
	return 0;
}

/* They lie side by side, come back one by one, and are no spares. */
static int
lies_near(void *arg)
{
	unsigned char *near[PIER__NEAR_MAX], *apart;
	uintptr_t page = (uintptr_t)pier__current->sched / 4096;
	int i;

	(void)arg;
	/* Nothing lies there under the address sanitizer. */
	(void)page;
	for (i = 0; i < PIER__NEAR_MAX; i++) {
		near[i] = pier__spare_get_near(SIZE);
		assert_clear(near[i], SIZE);
#if !defined(PIER__ASAN)
		assert_true(pier__spare_is_near(near[i]));
		assert_int_equal((uintptr_t)near[i] / 4096, page);
		assert_int_equal((uintptr_t)(near[i] + SIZE) / 4096, page);
#endif
		memset(near[i], 0xff, SIZE);
	}
	apart = pier__spare_get_near(SIZE);
	assert_clear(apart, SIZE);
	assert_false(pier__spare_is_near(apart));
	pier__spare_put(near[1], SIZE);
#if !defined(PIER__ASAN)
	assert_int_equal(pier__current->sched->spares.count, 0);
	assert_ptr_equal(pier__spare_get_near(SIZE), near[1]);
	assert_clear(near[1], SIZE);
	pier__spare_put(near[1], SIZE);
#endif
	pier__spare_put(near[0], SIZE);
	pier__spare_put(near[2], SIZE);
	pier__spare_put(apart, SIZE);
	return 0;
}

static void
in_a_run(pier_task_fn *fn)
{
	assert_int_equal(pier_run(fn, NULL, NULL, NULL), 0);
}

static void
what_is_given_back_is_taken_next_and_clear(void **state)
{
	(void)state;
	in_a_run(takes_what_was_given);
}

static void
no_more_than_a_bound_are_kept(void **state)
{
	(void)state;
	in_a_run(keeps_so_many);
}

static void
larger_ones_are_not_kept(void **state)
{
	(void)state;
	in_a_run(keeps_none_that_is_larger);
}

static void
some_lie_beside_the_scheduler(void **state)
{
	(void)state;
	in_a_run(lies_near);
}

/* One of a server's has its own; one of the program, which may never come back,
   gives it to libc. */
static void
a_thread_without_a_scheduler(void **state)
{
	const bool keeps[] = { true, false };
	struct pier__thread *thread = pier__thread_of(pier__self());
	unsigned char *object;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		thread->keeps = keeps[i];
		object = pier__spare_get(SIZE);
		assert_clear(object, SIZE);
		pier__spare_put(object, SIZE);
#if !defined(PIER__ASAN)
		assert_int_equal(thread->spares.count, keeps[i]);
#endif
		pier__spares_free(&thread->spares);
	}
}

/* As many as there is room for, the rest stays. */
static int
moves(void *arg)
{
	struct pier__spares *from = arg;
	const struct pier__spares *to = &pier__current->sched->spares;
	void *objects[PIER__SPARES_MAX + 2];
	size_t i;

	for (i = 0; i < PIER__SPARES_MAX + 2; i++) {
		objects[i] = pier__alloc_lines(PIER__SPARE_SIZE);
		assert_non_null(objects[i]);
	}
	for (i = 0; i < PIER__SPARES_MAX + 2; i++) {
		memcpy(objects[i], &from->first, sizeof(from->first));
		from->first = objects[i];
		from->count++;
	}
	pier__spares_move(from);
	assert_int_equal(to->count, PIER__SPARES_MAX);
	assert_int_equal(from->count, 2);
	pier__spares_free(from);
	return 0;
}

static void
those_of_another_thread_move(void **state)
{
	struct pier__spares from = { 0 };

	(void)state;
	assert_int_equal(pier_run(moves, &from, NULL, NULL), 0);
	assert_int_equal(from.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_given_back_is_taken_next_and_clear),
		cmocka_unit_test(no_more_than_a_bound_are_kept),
		cmocka_unit_test(larger_ones_are_not_kept),
		cmocka_unit_test(some_lie_beside_the_scheduler),
		cmocka_unit_test(a_thread_without_a_scheduler),
		cmocka_unit_test(those_of_another_thread_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
