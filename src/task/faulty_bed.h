/* SPDX-License-Identifier: MIT */
/*
 * task/faulty_bed.h - for tests: this task talks to a kernel that can be made to
 * fail, and at the end nothing of it may be left.
 */
#ifndef PIER_TASK_FAULTY_BED_H
#define PIER_TASK_FAULTY_BED_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <pier/error.h>
#include <pier/task.h>

#include "os/faulty.h"
#include "task/task.h"

/* From now on this task's calls are those of calls, through faulty. 0 or -1. */
static inline int
faulty_bed_begin(struct pier__faulty *faulty, const struct pier__calls *calls)
{
	/* What the task keeps for its waits is not the test's. */
	struct pier__engine *engine = pier__task_engine(pier__self());

	if (engine == NULL || engine->ops->wait(engine, 0) < 0)
		return -1;
	if (pier_sleep(pier_in_ns(1)) < 0)
		return -1;
	pier__faulty_init(faulty, calls);
	pier__self()->context.calls = &faulty->calls;
	return 0;
}

/* 0, or -1 where memory or a descriptor is left, which is said. */
static inline int
faulty_bed_end(struct pier__faulty *faulty)
{
	size_t wrong;

	/* What is kept for the next failure belongs to the task. */
	pier__error_record_free(pier__self()->error);
	pier__self()->error = NULL;
	pier__self()->context.calls = &pier__calls_real;
	wrong = pier__faulty_leaks(faulty, stderr) + faulty->wrong_closes;
	pier__faulty_end(faulty);
	return wrong == 0 ? 0 : -1;
}

/* The next such call fails, once. */
static inline void
faulty_bed_fail_next(struct pier__faulty *faulty, enum pier__call call)
{
	const struct pier__fault fault = {
		.call = call, .nth = faulty->counts[call] + 1, .times = 1
	};

	pier__faulty_plan(faulty, &fault);
}

/* Calls, as a set. */
#define FAULTY_BED_CALL(call) (UINT64_C(1) << (call))
_Static_assert(PIER__CALL_COUNT <= 64, "a set has room for every call");

/*
 * faulty_bed_each(faulty, talk, error, forgiven): every call of talk(), which gives
 * its first error or 0, fails once, with -error: one that talk() does not give of
 * itself. It has to be told, but of a close, and of those calls of which talk() can
 * do without one.
 */
static inline void
faulty_bed_each(struct pier__faulty *faulty, int (*talk)(void), int error,
	uint64_t forgiven)
{
	unsigned long total, nth;

	/* The first one makes what stays. */
	assert_int_equal(talk(), 0);
	total = faulty->total;
	assert_int_equal(talk(), 0);
	total = faulty->total - total;
	assert_true(total > 5);
	forgiven |= FAULTY_BED_CALL(PIER__CALL_CLOSE);
	for (nth = 1; nth <= total; nth++) {
		const struct pier__fault fault = { .call = PIER__CALL_ANY,
			.nth = faulty->total + nth,
			.times = 1,
			.error = error };
		unsigned long hits = faulty->hits;
		int rc;

		faulty->fault_count = 0;
		faulty->fired[0] = 0;
		pier__faulty_plan(faulty, &fault);
		rc = talk();
		assert_int_equal(faulty->hits, hits + 1);
		/* An allocation has but one way to fail. */
		if (rc != -error && rc != -ENOMEM &&
			!(rc == 0 &&
				(forgiven & FAULTY_BED_CALL(
						    faulty->hit_call)) != 0))
			fail_msg("call %d, %lu of %lu: %d", faulty->hit_call,
				nth, total, rc);
	}
}

#endif
