/* SPDX-License-Identifier: MIT */
/* task/stack_test.c - guards that fault, what stands in for them, and pages
   that are given back. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/faulty.h"
#include "task/stack.h"
#include "task/task.h"

#define PAGE 4096

/* Calls of this kind fail from now on. */
static void
plan_failure(struct pier__faulty *faulty, int call, int error)
{
	pier__faulty_plan(faulty,
		&(struct pier__fault){
			.call = call, .nth = 1, .every = 1, .error = error });
}

static void
begin(struct pier__faulty *faulty)
{
	pier__faulty_init(faulty, &pier__calls_real);
	pier__self()->context.calls = &faulty->calls;
}

static void
end(struct pier__faulty *faulty)
{
	pier__self()->context.calls = &pier__calls_real;
	assert_int_equal(pier__faulty_leaks(faulty, stderr), 0);
	pier__faulty_end(faulty);
}

/* Does a write there end the process? */
static bool
faults(volatile char *at)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGSEGV, SIG_DFL);
		(void)close(STDERR_FILENO); /* a sanitizer would tell */
		*at = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		assert_int_equal(WTERMSIG(status), SIGSEGV);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void
assert_guarded(struct pier__stacks *stacks)
{
	void *stack;
	char *low;

	assert_int_equal(pier__stack_get(stacks, &stack), 0);
	low = stack;
	low[0] = 1;
	assert_true(faults(low - 1));
	assert_true(faults(low - PIER__STACK_GUARD));
	assert_false(pier__stack_canary(stacks, stack));
	assert_true(pier__stack_intact(stacks, stack));
	pier__stack_put(stacks, stack);
}

static void
test_guard_by_advice(void **state)
{
	struct pier__stacks stacks;
	struct pier__faulty faulty;

	(void)state;
	begin(&faulty);
	pier__stacks_init(&stacks, 0);
	assert_guarded(&stacks);
	if (stacks.guard != PIER__GUARD_MADVISE)
		print_message("# this kernel has no MADV_GUARD_INSTALL\n");
	else
		assert_int_equal(faulty.counts[PIER__CALL_PROTECT_NONE], 0);
	pier__stacks_free(&stacks);
	end(&faulty);
}

static void
test_guard_by_protection(void **state)
{
	struct pier__stacks stacks;
	struct pier__faulty faulty;

	(void)state;
	begin(&faulty);
	plan_failure(&faulty, PIER__CALL_ADVISE, EINVAL);
	pier__stacks_init(&stacks, 0);
	assert_guarded(&stacks);
	assert_string_equal(pier__guard_name(stacks.guard), "mprotect");
	pier__stacks_free(&stacks);
	end(&faulty);
}

static void
test_canary(void **state)
{
	struct pier__stacks stacks;
	struct pier__faulty faulty;
	void *stack;

	(void)state;
	begin(&faulty);
	plan_failure(&faulty, PIER__CALL_ADVISE, EINVAL);
	plan_failure(&faulty, PIER__CALL_PROTECT_NONE, ENOMEM);
	pier__stacks_init(&stacks, 0);
	assert_int_equal(pier__stack_get(&stacks, &stack), 0);
	assert_string_equal(pier__guard_name(stacks.guard), "canary");
	assert_true(pier__stack_canary(&stacks, stack));
	assert_true(pier__stack_intact(&stacks, stack));
	/* All above the word may be written. */
	memset((char *)stack + 8, 0x5a, PAGE);
	assert_true(pier__stack_intact(&stacks, stack));
	((char *)stack)[7] ^= 1;
	assert_false(pier__stack_intact(&stacks, stack));
	pier__stack_put(&stacks, stack);
	pier__stacks_free(&stacks);
	end(&faulty);
}

static void
test_many_in_canary_after_a_quarter(void **state)
{
	struct pier__stacks stacks;
	struct pier__faulty faulty;
	void *stack;

	(void)state;
	begin(&faulty);
	plan_failure(&faulty, PIER__CALL_ADVISE, EINVAL);
	pier__stacks_init(&stacks, PIER__STACK_MIN);
	for (int i = 0; i < 8191; i++)
		assert_int_equal(pier__stack_get(&stacks, &stack), 0);
	assert_int_equal(stacks.guard, PIER__GUARD_MPROTECT);
	assert_int_equal(pier__stack_get(&stacks, &stack), 0);
	assert_int_equal(stacks.guard, PIER__GUARD_CANARY);
	assert_int_equal(stacks.peak, 8192);
	pier__stacks_free(&stacks);
	end(&faulty);
}

static void
test_sizes_and_tops(void **state)
{
	struct pier__stacks stacks;
	uint64_t colours = 0;
	void *stack;

	(void)state;
	pier__stacks_init(&stacks, 1);
	assert_int_equal(stacks.size, PIER__STACK_MIN);
	pier__stacks_init(&stacks, SIZE_MAX);
	assert_int_equal(stacks.size, PIER__STACK_MAX);
	pier__stacks_init(&stacks, PIER__STACK_MIN + 1);
	assert_int_equal(stacks.size, PIER__STACK_MIN + PAGE);
	pier__stacks_init(&stacks, 0);
	assert_int_equal(stacks.size, PIER__STACK_DEFAULT);
	for (int i = 0; i < 15; i++) {
		size_t below;

		assert_int_equal(pier__stack_get(&stacks, &stack), 0);
		below = (size_t)((char *)stack + stacks.size -
				 (char *)pier__stack_top(&stacks, stack));
		assert_int_equal(below % 64, 0);
		assert_in_range(below, 64 + PIER__STACK_ABOVE,
			1024 + PIER__STACK_ABOVE);
		colours |= UINT64_C(1) << (below / 64);
	}
	assert_int_equal(__builtin_popcountll(colours), 15);
	pier__stacks_free(&stacks);
}

static bool
resident(void *page)
{
	unsigned char is;

	assert_int_equal(mincore(page, PAGE, &is), 0);
	return (is & 1) != 0;
}

/* Some stay warm; of the rest all but the top page goes back. */
static void
test_pages_are_given_back(void **state)
{
	static void *all[300];
	struct pier__stacks stacks;
	void *again;
	int warm = 0;

	(void)state;
	pier__stacks_init(&stacks, 0);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(pier__stack_get(&stacks, &all[i]), 0);
		memset(all[i], 1, stacks.size / 2);
	}
	assert_int_equal(stacks.used, 300);
	for (int i = 0; i < 300; i++)
		pier__stack_put(&stacks, all[i]);
	for (int i = 0; i < 300; i++)
		warm += resident(all[i]);
	assert_int_equal(warm, 256);
	/* The last one back is the first one out, and works. */
	assert_int_equal(pier__stack_get(&stacks, &again), 0);
	assert_ptr_equal(again, all[299]);
	memset(again, 1, stacks.size / 2);
	assert_int_equal(stacks.peak, 300);
	assert_int_equal(stacks.used, 1);
	pier__stacks_free(&stacks);
}

/* However often some of them come and go, no more stay warm. */
static void
test_warm_ones_stay_few(void **state)
{
	static void *all[600];
	struct pier__stacks stacks;
	int warm = 0;

	(void)state;
	pier__stacks_init(&stacks, PIER__STACK_MIN);
	for (int out = 600; out > 0; out -= 50) {
		for (int i = 0; i < out; i++) {
			assert_int_equal(pier__stack_get(&stacks, &all[i]), 0);
			*(char *)all[i] = 1;
		}
		for (int i = 0; i < out; i++)
			pier__stack_put(&stacks, all[i]);
	}
	for (int i = 0; i < 600; i++)
		assert_int_equal(pier__stack_get(&stacks, &all[i]), 0);
	for (int i = 0; i < 600; i++)
		warm += resident(all[i]);
	assert_in_range(warm, 0, 256);
	pier__stacks_free(&stacks);
}

static void
test_no_memory(void **state)
{
	static const int calls[] = { PIER__CALL_ALLOC, PIER__CALL_MAP };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pier__stacks stacks;
		struct pier__faulty faulty;
		void *stack;

		begin(&faulty);
		pier__faulty_plan(&faulty, &(struct pier__fault){
						   .call = calls[i],
						   .nth = 1,
					   });
		pier__stacks_init(&stacks, 0);
		assert_int_equal(pier__stack_get(&stacks, &stack), -ENOMEM);
		assert_int_equal(stacks.used, 0);
		assert_int_equal(pier__stack_get(&stacks, &stack), 0);
		pier__stacks_free(&stacks);
		end(&faulty);
	}
}

/* A child of a fork lacks it, for as long as it is such a one; free it stays
   what it was, so that the next costs nothing. */
static void
test_uncopied(void **state)
{
	struct pier__stacks stacks;
	void *apart, *again, *other;

	(void)state;
	pier__stacks_init(&stacks, 0);
	assert_int_equal(pier__stack_get(&stacks, &other), 0);
	assert_int_equal(pier__stack_get_uncopied(&stacks, &apart), 0);
	assert_true(faults(apart));
	assert_true(faults((char *)apart + stacks.size - 1));
	assert_false(faults(other));
	assert_false(faults((char *)other + stacks.size - 1));
	pier__stack_put(&stacks, apart);
	assert_true(faults(apart));
	assert_int_equal(pier__stack_get(&stacks, &again), 0);
	assert_ptr_equal(again, apart);
	assert_false(faults(again));
	pier__stack_put(&stacks, again);
	pier__stack_put(&stacks, other);
	pier__stacks_free(&stacks);
}

/* Refused the advice, it is as any other. */
static void
test_uncopied_refused(void **state)
{
	struct pier__faulty faulty;
	struct pier__stacks stacks;
	void *stack;

	(void)state;
	begin(&faulty);
	pier__stacks_init(&stacks, 0);
	plan_failure(&faulty, PIER__CALL_ADVISE, EINVAL);
	assert_int_equal(pier__stack_get_uncopied(&stacks, &stack), 0);
	assert_false(faults((char *)stack + stacks.size - 1));
	pier__stack_put(&stacks, stack);
	pier__stacks_free(&stacks);
	end(&faulty);
}

/* Is anything mapped there in a child? */
static bool
is_taken_in_child(void *at)
{
	unsigned char resident;
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(mincore(at, PAGE, &resident) == 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

/* Of a process that forks often: the children have what they need at the upper
   end, with its guard, and nothing of the rest. */
static void
test_of_one_that_forks(void **state)
{
	struct pier__stacks stacks;
	void *first, *copied, *second;

	(void)state;
	pier__stacks_init(&stacks, 0);
	stacks.forks = true;
	assert_int_equal(pier__stack_get_uncopied(&stacks, &first), 0);
	assert_int_equal(pier__stack_get(&stacks, &copied), 0);
	assert_string_equal(pier__guard_name(stacks.guard), "mprotect");
	assert_int_equal(pier__stack_get_uncopied(&stacks, &second), 0);
	assert_true(first < second && second < copied);
	assert_false(faults(copied));
	assert_false(faults((char *)copied + stacks.size - 1));
	assert_true(faults((char *)copied - 1));
	assert_true(is_taken_in_child((char *)copied - PAGE));
	assert_true(is_taken_in_child((char *)copied - PIER__STACK_GUARD));
	assert_true(faults(first));
	assert_true(faults(second));
	assert_false(is_taken_in_child((char *)first + stacks.size - PAGE));
	assert_false(
		is_taken_in_child((char *)copied - PIER__STACK_GUARD - PAGE));
	pier__stack_copy(&stacks, first);
	assert_false(faults(first));
	assert_true(faults(second));
	pier__stack_put(&stacks, copied);
	pier__stack_put(&stacks, first);
	pier__stack_put(&stacks, second);
	pier__stacks_free(&stacks);
}

/* A fiber whose children would have no stack is not begun. */
static void
test_copy_refused(void **state)
{
	struct pier__faulty faulty;
	struct pier__stacks stacks;
	void *stack, *none = NULL;

	(void)state;
	begin(&faulty);
	pier__stacks_init(&stacks, 0);
	stacks.forks = true;
	assert_int_equal(pier__stack_get_uncopied(&stacks, &stack), 0);
	plan_failure(&faulty, PIER__CALL_ADVISE, ENOMEM);
	assert_int_equal(pier__stack_get(&stacks, &none), -ENOMEM);
	assert_int_equal(stacks.used, 1);
	pier__stack_put(&stacks, stack);
	pier__stacks_free(&stacks);
	end(&faulty);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guard_by_advice),
		cmocka_unit_test(test_guard_by_protection),
		cmocka_unit_test(test_canary),
		cmocka_unit_test(test_many_in_canary_after_a_quarter),
		cmocka_unit_test(test_sizes_and_tops),
		cmocka_unit_test(test_pages_are_given_back),
		cmocka_unit_test(test_warm_ones_stay_few),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_uncopied),
		cmocka_unit_test(test_uncopied_refused),
		cmocka_unit_test(test_of_one_that_forks),
		cmocka_unit_test(test_copy_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
