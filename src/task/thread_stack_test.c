/* SPDX-License-Identifier: MIT */
/* task/thread_stack_test.c - stacks of threads go from one to the next, but not
   before the kernel says that the last has gone; without one libc has one. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "task/thread_bed.h"
#include "task/thread_stack.h"

#define SIZE   ((size_t)4 * 1024 * 1024)
#define FILLED ((size_t)512 * 1024)

/* Where the stack of the calling thread lies, and how large it is. */
struct place {
	uintptr_t low;
	size_t size;
};

static int
look(void *arg)
{
	struct place *place = arg;
	pthread_attr_t attr;
	void *low;
	int rc = pthread_getattr_np(pthread_self(), &attr);

	if (rc != 0)
		return -rc;
	(void)pthread_attr_getstack(&attr, &low, &place->size);
	(void)pthread_attr_destroy(&attr);
	place->low = (uintptr_t)low;
	return 0;
}

static void
start(struct pier__kept *kept, pier_task_fn *fn, struct place *place,
	size_t size)
{
	assert_int_equal(thread_bed_try(kept, fn, place, size, NULL), 0);
}

static bool
is_of_a_stack(const struct place *place)
{
	return place->size >= SIZE - 4096 && place->size <= SIZE + 4096;
}

static void
has_what_was_asked_for(void **state)
{
	struct pier__kept *kept;
	struct place place = { 0 };
	unsigned long before = faulty.counts[PIER__CALL_MAP];

	(void)state;
	assert_int_equal(pier__kept_open(&kept, INT_MAX), 0);
	start(kept, look, &place, SIZE);
	thread_bed_join();
	assert_true(is_of_a_stack(&place));
	assert_int_equal(faulty.counts[PIER__CALL_MAP], before + 1);
	/* What is small libc keeps. */
	start(kept, look, &place, PIER__THREAD_STACK_MIN / 2);
	thread_bed_join();
	assert_int_equal(faulty.counts[PIER__CALL_MAP], before + 1);
	pier__kept_close(kept);
}

static void
goes_to_the_next(void **state)
{
	struct pier__thread_stacks stacks = { 0 };
	struct pier__thread_stack *first, *second, *third;

	(void)state;
	first = pier__thread_stack_take(&stacks, SIZE);
	second = pier__thread_stack_take(&stacks, SIZE);
	assert_non_null(first);
	assert_non_null(second);
	assert_ptr_not_equal(first, second);
	assert_true(pier__thread_stack_size(first) >= SIZE - 4096);
	pier__thread_stack_put(&stacks, first);
	assert_ptr_equal(pier__thread_stack_take(&stacks, SIZE), first);
	pier__thread_stack_put(&stacks, first);
	/* Of another size, it is another. */
	third = pier__thread_stack_take(&stacks, 2 * SIZE);
	assert_non_null(third);
	assert_ptr_not_equal(third, first);
	pier__thread_stacks_trim(&stacks);
	assert_null(stacks.ended);
	assert_int_equal(stacks.made, 2);
	pier__thread_stack_put(&stacks, second);
	pier__thread_stack_put(&stacks, third);
	pier__thread_stacks_close(&stacks);
}

/* Not before the kernel says that its thread has gone, which is soon. */
static void
goes_on_when_its_thread_has_gone(void **state)
{
	struct pier__kept *kept;
	struct place first = { 0 }, next = { 0 };
	int tries = 0;

	(void)state;
	assert_int_equal(pier__kept_open(&kept, INT_MAX), 0);
	start(kept, look, &first, SIZE);
	thread_bed_join();
	do {
		start(kept, look, &next, SIZE);
		thread_bed_join();
	} while (next.low != first.low && ++tries < PIER__KEPT_MAX);
	assert_int_equal(next.low, first.low);
	pier__kept_close(kept);
}

static void
no_more_than_records(void **state)
{
	struct pier__thread_stacks stacks = { 0 };
	struct pier__thread_stack *all[PIER__KEPT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < PIER__KEPT_MAX; i++) {
		all[i] = pier__thread_stack_take(&stacks, SIZE);
		assert_non_null(all[i]);
	}
	assert_null(pier__thread_stack_take(&stacks, SIZE));
	for (i = 0; i < PIER__KEPT_MAX; i++)
		pier__thread_stack_put(&stacks, all[i]);
	pier__thread_stacks_close(&stacks);
	assert_null(stacks.ended);
}

/* libc has one, and nothing is held. */
static void
refused(void **state)
{
	static const enum pier__call calls[] = { PIER__CALL_MAP,
		PIER__CALL_PROTECT_NONE };
	struct pier__kept *kept;
	size_t i;

	(void)state;
	assert_int_equal(pier__kept_open(&kept, INT_MAX), 0);
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct place place = { 0 };
		unsigned long before = faulty.hits;

		faulty_bed_fail_next(&faulty, calls[i]);
		start(kept, look, &place, SIZE);
		thread_bed_join();
		assert_true(is_of_a_stack(&place));
		assert_int_equal(faulty.hits, before + 1);
	}
	pier__kept_close(kept);
}

/* A thread that could not be started leaves it to the next. */
static void
never_begun(void **state)
{
	struct pier__kept *kept;
	struct place place = { 0 };
	unsigned long maps = faulty.counts[PIER__CALL_MAP];

	(void)state;
	assert_int_equal(pier__kept_open(&kept, INT_MAX), 0);
	faulty_bed_fail_next(&faulty, PIER__CALL_THREAD);
	assert_int_equal(
		thread_bed_try(kept, look, &place, SIZE, NULL), -EAGAIN);
	start(kept, look, &place, SIZE);
	thread_bed_join();
	assert_int_equal(faulty.counts[PIER__CALL_MAP], maps + 1);
	pier__kept_close(kept);
}

/* What one has used of it, the next does not find in memory. */
static int
fill(void *arg)
{
	struct place *place = arg;
	int rc = look(place);

	if (rc == 0)
		memset((void *)place->low, 1, FILLED);
	return rc;
}

static void
keeps_little_memory(void **state)
{
	struct pier__kept *kept;
	struct place place = { 0 };
	unsigned char there[FILLED / 4096] = { 0 };
	size_t i;

	(void)state;
	assert_int_equal(pier__kept_open(&kept, INT_MAX), 0);
	start(kept, fill, &place, SIZE);
	thread_bed_join();
	assert_int_equal(mincore((void *)place.low, FILLED, there), 0);
	for (i = 0; i < sizeof(there); i++)
		assert_int_equal(there[i] & 1, 0);
	pier__kept_close(kept);
}

static pthread_key_t key;
static sem_t ending, go_on;

static void
hang(void *arg)
{
	(void)arg;
	(void)sem_post(&ending);
	while (sem_wait(&go_on) < 0)
		;
}

static int
look_and_end_slowly(void *arg)
{
	(void)pthread_setspecific(key, arg);
	return look(arg);
}

static void
one_that_ends_slowly_has_it_on(void **state)
{
	struct pier__kept *kept;
	struct place first = { 0 }, second = { 0 };

	(void)state;
	(void)sem_init(&ending, 0, 0);
	(void)sem_init(&go_on, 0, 0);
	assert_int_equal(pthread_key_create(&key, hang), 0);
	assert_int_equal(pier__kept_open(&kept, INT_MAX), 0);
	start(kept, look_and_end_slowly, &first, SIZE);
	thread_bed_join();
	while (sem_wait(&ending) < 0)
		;
	start(kept, look, &second, SIZE);
	thread_bed_join();
	assert_int_not_equal(first.low, second.low);
	(void)sem_post(&go_on);
	pier__kept_close(kept);
	assert_int_equal(pthread_key_delete(key), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		THREAD_TEST(has_what_was_asked_for),
		THREAD_TEST(goes_to_the_next),
		THREAD_TEST(goes_on_when_its_thread_has_gone),
		THREAD_TEST(no_more_than_records),
		THREAD_TEST(refused),
		THREAD_TEST(never_begun),
		THREAD_TEST(keeps_little_memory),
		THREAD_TEST(one_that_ends_slowly_has_it_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
