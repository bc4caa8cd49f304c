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

#include "task/faulty_bed.h"
#include "task/kept.h"
#include "task/run.h"

static struct pier__faulty faulty;
static struct pier_group *group;

/* Two that run at once. */
static sem_t both, go_on;

static int
begin(void **state)
{
	(void)state;
	if (faulty_bed_begin(&faulty, &pier__calls_real) < 0)
		return -1;
	return pier_group_open(&group);
}

static int
end(void **state)
{
	(void)state;
	pier_group_close(group);
	return faulty_bed_end(&faulty);
}

/* The descriptor by which it is woken. */
static int
start(struct pier__kept *kept, pier_task_fn *fn, void *arg)
{
	int wake_fd = -1;
	const struct pier__thread_opts opts = {
		.wakeable = true, .wake_fd = &wake_fd, .kept = kept
	};

	assert_int_equal(pier__thread_spawn(NULL, group, fn, arg, &opts), 0);
	return wake_fd;
}

static void
join(void)
{
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	assert_int_equal(pier_group_result(group), 0);
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
	fd = start(kept, leave_much, NULL);
	join();
	before = eventfds();
	assert_int_equal(start(kept, finds_nothing, NULL), fd);
	join();
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
	first = start(kept, meet, NULL);
	second = start(kept, meet, NULL);
	assert_int_not_equal(first, second);
	/* Closed while they run: they go by themselves, and it with the last. */
	pier__kept_close(kept);
	(void)sem_post(&go_on);
	(void)sem_post(&go_on);
	join();
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
	(void)start(kept, nothing, NULL);
	join();
	before = eventfds();
	(void)start(kept, nothing, NULL);
	join();
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
	(void)start(kept, nothing, NULL);
	join();
	assert_true(pier__kept_trim(kept));
	assert_false(pier__kept_trim(kept));
	before = eventfds();
	(void)start(kept, nothing, NULL);
	join();
	assert_int_equal(eventfds(), before + 1);
	pier__kept_close(kept);
	assert_false(pier__kept_trim(NULL));
	pier__kept_close(NULL);
}

/* No thread, no memory: nothing is lost or freed twice. */
static void
refused(void **state)
{
	static const int calls[] = { PIER__CALL_THREAD, PIER__CALL_ALLOC,
		PIER__CALL_EVENTFD };
	struct pier__kept *kept;
	size_t i;

	(void)state;
	assert_int_equal(pier__kept_open(&kept, INT_MAX), 0);
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		int wake_fd;
		const struct pier__thread_opts opts = {
			.wakeable = true, .wake_fd = &wake_fd, .kept = kept
		};

		(void)pier__kept_trim(kept);
		pier__faulty_plan(
			&faulty, &(struct pier__fault){ .call = calls[i],
					 .nth = faulty.counts[calls[i]] + 1,
					 .times = 1 });
		assert_true(pier__thread_spawn(
				    NULL, group, nothing, NULL, &opts) < 0);
		/* What never ran is not kept. */
		assert_false(pier__kept_trim(kept));
	}
	(void)start(kept, nothing, NULL);
	join();
	pier__kept_close(kept);
}

#define KEPT_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		KEPT_TEST(the_next_has_it_and_is_another),
		KEPT_TEST(two_at_once_share_nothing),
		KEPT_TEST(descriptors_above_are_not_kept),
		KEPT_TEST(what_is_wanted_elsewhere_is_let_go),
		KEPT_TEST(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
