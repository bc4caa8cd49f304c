/* SPDX-License-Identifier: MIT */
/* task/kept_test.c - the next thread has what the last has left, and nothing of
   what that was; what is too much, or comes too late, is not kept. */
#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#include "task/kept.h"
#include "task/thread_bed.h"

/* Two that run at once. */
static sem_t both, go_on;

/* The descriptor by which it is woken. */
static int
start(struct pier__kept *kept, pier_task_fn *fn)
{
	int wake_fd = -1;

	assert_int_equal(thread_bed_try(kept, fn, NULL, 0, &wake_fd), 0);
	return wake_fd;
}

static unsigned long
eventfds(void)
{
	return faulty.counts[PIER__CALL_EVENTFD];
}

/* Leaves behind all that a task can have. */
static int
leave_much(void *arg)
{
	(void)arg;
	pier_task_name("the last");
	(void)pier_shield(PIER_FOREVER);
	pier__current->tag = 7;
	pier__wake(pier__current);
	return pier_sleep(PIER_DEFAULT) == -EINVAL ? 0 : -EPROTO;
}

static int
finds_nothing(void *arg)
{
	const struct pier__task *self = pier__current;

	(void)arg;
	return self->name == NULL && self->tag == 0 && self->shield == 0 &&
			       self->error == NULL &&
			       !atomic_load(&self->woken) &&
			       !pier_cancelled() && pier_last_error()->code == 0
		       ? pier_sleep(pier_in_ms(1))
		       : -EPROTO;
}

static void
the_next_has_it_and_is_another(void **state)
{
	struct pier__kept *kept;
	unsigned long before;
	int fd;

	(void)state;
	assert_int_equal(pier__kept_open(&kept, INT_MAX), 0);
	fd = start(kept, leave_much);
	thread_bed_join();
	before = eventfds();
	assert_int_equal(start(kept, finds_nothing), fd);
	thread_bed_join();
	assert_int_equal(eventfds(), before);
	pier__kept_close(kept);
}

static int
meet(void *arg)
{
	(void)arg;
	(void)sem_post(&both);
	while (sem_wait(&go_on) < 0)
		;
	return 0;
}

static void
two_at_once_share_nothing(void **state)
{
	struct pier__kept *kept;
	int first, second;

	(void)state;
	(void)sem_init(&both, 0, 0);
	(void)sem_init(&go_on, 0, 0);
	assert_int_equal(pier__kept_open(&kept, INT_MAX), 0);
	first = start(kept, meet);
	second = start(kept, meet);
	assert_int_not_equal(first, second);
	/* Closed while they run: they go by themselves, and it with the last. */
	pier__kept_close(kept);
	(void)sem_post(&go_on);
	(void)sem_post(&go_on);
	thread_bed_join();
}

static int
nothing(void *arg)
{
	(void)arg;
	return 0;
}

static void
descriptors_above_are_not_kept(void **state)
{
	struct pier__kept *kept;
	unsigned long before;

	(void)state;
	assert_int_equal(pier__kept_open(&kept, 0), 0);
	(void)start(kept, nothing);
	thread_bed_join();
	before = eventfds();
	(void)start(kept, nothing);
	thread_bed_join();
	assert_int_equal(eventfds(), before + 1);
	pier__kept_close(kept);
}

static void
what_is_wanted_elsewhere_is_let_go(void **state)
{
	struct pier__kept *kept;
	unsigned long before;

	(void)state;
	assert_int_equal(pier__kept_open(&kept, INT_MAX), 0);
	(void)start(kept, nothing);
	thread_bed_join();
	assert_true(pier__kept_trim(kept));
	assert_false(pier__kept_trim(kept));
	before = eventfds();
	(void)start(kept, nothing);
	thread_bed_join();
	assert_int_equal(eventfds(), before + 1);
	pier__kept_close(kept);
	assert_false(pier__kept_trim(NULL));
	pier__kept_close(NULL);
}

/* No thread, no memory: nothing is lost or freed twice. */
static void
refused(void **state)
{
	static const enum pier__call calls[] = { PIER__CALL_THREAD,
		PIER__CALL_ALLOC, PIER__CALL_EVENTFD };
	struct pier__kept *kept;
	size_t i;

	(void)state;
	assert_int_equal(pier__kept_open(&kept, INT_MAX), 0);
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		(void)pier__kept_trim(kept);
		faulty_bed_fail_next(&faulty, calls[i]);
		assert_true(thread_bed_try(kept, nothing, NULL, 0, NULL) < 0);
		/* What never ran is not kept. */
		assert_false(pier__kept_trim(kept));
	}
	(void)start(kept, nothing);
	thread_bed_join();
	pier__kept_close(kept);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		THREAD_TEST(the_next_has_it_and_is_another),
		THREAD_TEST(two_at_once_share_nothing),
		THREAD_TEST(descriptors_above_are_not_kept),
		THREAD_TEST(what_is_wanted_elsewhere_is_let_go),
		THREAD_TEST(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
