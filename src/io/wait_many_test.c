/* SPDX-License-Identifier: MIT */
/*
 * io/wait_many_test.c - the first of several descriptors ends a wait, by epoll
 * in fibers and by ppoll in threads.
 */
#include "io/wait_many.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "os/faulty.h"

#define PAIRS 5

/* On the heap or static: descriptors may not be on a fiber's stack. */
struct bed {
	struct pier__desc near[PAIRS];
	int far[PAIRS];
	struct pier__want list[2 * PAIRS];
	pier_task_fn *body;
	int rc;
};

static struct bed bed;

static void
begin(pier_task_fn *body)
{
	size_t i;

	memset(&bed, 0, sizeof(bed));
	bed.body = body;
	for (i = 0; i < PAIRS; i++) {
		int fds[2];

		assert_int_equal(
			pier__calls()->socketpair(AF_UNIX, SOCK_STREAM, 0, fds),
			0);
		pier__desc_init(&bed.near[i], fds[0], PIER__DESC_SOCKET);
		/* Nothing to read: as after an attempt. */
		bed.near[i].readable = false;
		bed.far[i] = fds[1];
		bed.list[i].desc = &bed.near[i];
		bed.list[i].want = PIER__IN;
	}
}

static void
end(void)
{
	size_t i;

	for (i = 0; i < PAIRS; i++) {
		pier__desc_close(&bed.near[i]);
		pier__close(bed.far[i]);
	}
}

static void
nobody_is_marked(void)
{
	size_t i;

	for (i = 0; i < PAIRS; i++) {
		assert_null(bed.near[i].reader);
		assert_null(bed.near[i].writer);
	}
}

static int
run_it(void *arg)
{
	int rc;

	(void)arg;
	rc = bed.body(NULL);
	nobody_is_marked();
	end();
	return rc;
}

static void
both_ways(pier_task_fn *body)
{
	static const struct pier_run_opts thread = { .kind = PIER_TASK_THREAD };

	begin(body);
	assert_int_equal(pier_run(run_it, NULL, NULL, NULL), 0);
	begin(body);
	assert_int_equal(pier_run(run_it, NULL, &thread, NULL), 0);
}

static int
send_on_third(void *arg)
{
	(void)arg;
	assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
	assert_int_equal(pier__calls()->send(bed.far[3], "x", 1, 0), 1);
	return 0;
}

static int
third_is_ready(void *arg)
{
	struct pier_group *group;
	size_t i;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, send_on_third, arg), 0);
	assert_int_equal(
		pier__desc_wait_many(bed.list, PAIRS, "test", PIER_FOREVER), 1);
	for (i = 0; i < PAIRS; i++)
		assert_int_equal(bed.list[i].ready, i == 3 ? PIER__IN : 0);
	/* It stays ready until an attempt shows the opposite. */
	assert_int_equal(
		pier__desc_wait_many(bed.list, PAIRS, "test", PIER_NOW), 1);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void
test_the_first_that_is_ready(void **state)
{
	(void)state;
	both_ways(third_is_ready);
}

static int
both_directions(void *arg)
{
	char chunk[4096] = { 0 };
	struct pier__desc *desc = &bed.near[0];

	(void)arg;
	while (pier__desc_write(desc, chunk, sizeof(chunk)) > 0)
		;
	assert_false(desc->writable);
	bed.list[0].want = PIER__IN | PIER__OUT;
	assert_int_equal(
		pier__desc_wait_many(bed.list, 1, "test", pier_in_ms(2)),
		-PIER_EDEADLINE);
	while (pier__calls()->recv(bed.far[0], chunk, sizeof(chunk), 0) > 0)
		;
	assert_int_equal(
		pier__desc_wait_many(bed.list, 1, "test", PIER_FOREVER), 1);
	assert_int_equal(bed.list[0].ready, PIER__OUT);
	return 0;
}

static void
test_both_directions(void **state)
{
	(void)state;
	both_ways(both_directions);
}

static int
nothing_comes(void *arg)
{
	(void)arg;
	assert_int_equal(
		pier__desc_wait_many(bed.list, PAIRS, "test", PIER_NOW),
		-EAGAIN);
	assert_int_equal(
		pier__desc_wait_many(bed.list, PAIRS, "test", pier_in_ms(2)),
		-PIER_EDEADLINE);
	assert_int_equal(pier__desc_wait_many(NULL, 0, "test", pier_in_ms(2)),
		-PIER_EDEADLINE);
	/* The same descriptor twice. */
	bed.list[PAIRS] = bed.list[2];
	assert_int_equal(pier__desc_wait_many(
				 bed.list, PAIRS + 1, "test", pier_in_ms(2)),
		-PIER_EDEADLINE);
	return 0;
}

static void
test_nothing_comes(void **state)
{
	(void)state;
	both_ways(nothing_comes);
}

static int
wait_for_all(void *arg)
{
	(void)arg;
	bed.rc = pier__desc_wait_many(bed.list, PAIRS, "test", PIER_FOREVER);
	return bed.rc;
}

static int
cancel_it(void *arg)
{
	struct pier__want again = { .desc = &bed.near[4], .want = PIER__IN };
	struct pier_group *group;

	(void)arg;
	bed.near[0].writable = false;
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, wait_for_all, NULL), 0);
	while (__atomic_load_n(&bed.near[4].reader, __ATOMIC_ACQUIRE) == NULL)
		assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
	/* The task above waits for it already; the others stay unmarked. */
	bed.list[PAIRS] =
		(struct pier__want){ .desc = &bed.near[0], .want = PIER__OUT };
	bed.list[PAIRS + 1] = again;
	assert_int_equal(pier__desc_wait_many(
				 &bed.list[PAIRS], 2, "test", pier_in_s(10)),
		-EBUSY);
	assert_null(bed.near[0].writer);
	pier_group_cancel(group);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	assert_int_equal(bed.rc, -ECANCELED);
	pier_group_close(group);
	return 0;
}

static void
test_busy_and_cancelled(void **state)
{
	(void)state;
	both_ways(cancel_it);
}

static int
third_add_fails(void *arg)
{
	const struct pier__fault fault = {
		.call = PIER__CALL_EPOLL_CTL, .nth = 3, .error = ENOSPC
	};
	struct pier__faulty faulty;
	const struct pier__calls *before = pier__calls();

	(void)arg;
	pier__faulty_init(&faulty, before);
	pier__faulty_plan(&faulty, &fault);
	pier__current->context.calls = &faulty.calls;
	assert_int_equal(
		pier__desc_wait_many(bed.list, PAIRS, "test", PIER_FOREVER),
		-ENOSPC);
	pier__current->context.calls = before;
	pier__faulty_end(&faulty);
	nobody_is_marked();
	/* And it can be waited for afterwards. */
	assert_int_equal(pier__calls()->send(bed.far[3], "x", 1, 0), 1);
	assert_int_equal(
		pier__desc_wait_many(bed.list, PAIRS, "test", PIER_FOREVER), 1);
	return 0;
}

static void
test_an_engine_that_refuses(void **state)
{
	(void)state;
	begin(third_add_fails);
	assert_int_equal(pier_run(run_it, NULL, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_that_is_ready),
		cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_nothing_comes),
		cmocka_unit_test(test_busy_and_cancelled),
		cmocka_unit_test(test_an_engine_that_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
