/* SPDX-License-Identifier: MIT */
/* task/switch_test.c - what survives a switch, seen by fibers and bare. */
#include <errno.h>
#include <fenv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pier/task.h>

#include "task/switch.h"

/* Each fiber rounds its own way, and a new one starts with the default where
   there is assembly for that. */
static int
rounds(void *arg)
{
	int mode = *(int *)arg;
	volatile double ten = 10.0;
	volatile long double eleven = 11.0L;
	double tenth;
	long double eleventh;

#if defined(__x86_64__) && !defined(PIER_UCONTEXT)
	assert_int_equal(fegetround(), FE_TONEAREST);
#endif
	assert_int_equal(fesetround(mode), 0);
	tenth = 1 / ten;
	eleventh = 1 / eleven;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(pier_yield(), 0);
		assert_int_equal(fegetround(), mode);
		assert_true(1 / ten == tenth);
		assert_true(1 / eleven == eleventh);
	}
	return 0;
}

static int
all_modes(void *arg)
{
	static int modes[] = { FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO,
		FE_TONEAREST };

	(void)arg;
	assert_int_equal(fesetround(FE_UPWARD), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pier_go(NULL, rounds, &modes[i]), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(pier_yield(), 0);
	assert_int_equal(fegetround(), FE_UPWARD);
	assert_int_equal(fesetround(FE_TONEAREST), 0);
	return 0;
}

static void
test_control_words(void **state)
{
	(void)state;
	assert_int_equal(fesetround(FE_DOWNWARD), 0);
	assert_int_equal(pier_run(all_modes, NULL, NULL, NULL), 0);
	/* The thread has its own too. */
	assert_int_equal(fegetround(), FE_DOWNWARD);
	assert_int_equal(fesetround(FE_TONEAREST), 0);
}

/* The ABI promises code that a call finds the stack aligned to 16. */
static int
aligned(void *arg)
{
	_Alignas(32) volatile char local[32];
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

	(void)arg;
	local[0] = 0;
	assert_int_equal((uintptr_t)local % 32, 0);
	assert_int_equal(frame % 16, 0);
	return local[0];
}

static int
align_some(void *arg)
{
	/* Stack tops differ from fiber to fiber. */
	for (int i = 0; i < 20; i++)
		assert_int_equal(pier_go(NULL, aligned, arg), 0);
	return 0;
}

static void
test_alignment(void **state)
{
	(void)state;
	assert_int_equal(pier_run(align_some, NULL, NULL, NULL), 0);
}

#if defined(__x86_64__)

static void *here;
static void *there;
static uint64_t came; /* what the other side was started with */

/* Back at once, with every register that may not change changed. */
static void
spoil(void *arg)
{
	came = (uint64_t)(uintptr_t)arg;
	for (;;) {
		__asm__ volatile("xorl %%ebx, %%ebx\n\t"
				 "xorl %%r12d, %%r12d\n\t"
				 "xorl %%r13d, %%r13d\n\t"
				 "xorl %%r14d, %%r14d\n\t"
				 "xorl %%r15d, %%r15d"
				 :
				 :
				 : "rbx", "r12", "r13", "r14", "r15");
		pier__switch(&there, here);
	}
}

/* 0 when rbx, rbp and r12 to r15 come back as they went. */
static uint64_t
difference(uint64_t seed)
{
	uint64_t wrong = seed;
	void **from = &here;
	void *to = there;

	__asm__ volatile("subq $128, %%rsp\n\t" /* the red zone */
			 "pushq %%rbp\n\t"
			 "movq %%rax, %%rbx\n\t"
			 "leaq 1(%%rbx), %%rbp\n\t"
			 "leaq 2(%%rbx), %%r12\n\t"
			 "leaq 3(%%rbx), %%r13\n\t"
			 "leaq 4(%%rbx), %%r14\n\t"
			 "leaq 5(%%rbx), %%r15\n\t"
			 "pushq %%rbx\n\t"
			 "callq pier__switch\n\t"
			 "popq %%rax\n\t"
			 "xorq %%rax, %%rbx\n\t"
			 "leaq 1(%%rax), %%rcx\n\t"
			 "xorq %%rcx, %%rbp\n\t"
			 "leaq 2(%%rax), %%rcx\n\t"
			 "xorq %%rcx, %%r12\n\t"
			 "leaq 3(%%rax), %%rcx\n\t"
			 "xorq %%rcx, %%r13\n\t"
			 "leaq 4(%%rax), %%rcx\n\t"
			 "xorq %%rcx, %%r14\n\t"
			 "leaq 5(%%rax), %%rcx\n\t"
			 "xorq %%rcx, %%r15\n\t"
			 "movq %%rbx, %%rax\n\t"
			 "orq %%rbp, %%rax\n\t"
			 "orq %%r12, %%rax\n\t"
			 "orq %%r13, %%rax\n\t"
			 "orq %%r14, %%rax\n\t"
			 "orq %%r15, %%rax\n\t"
			 "popq %%rbp\n\t"
			 "addq $128, %%rsp"
			 : "+a"(wrong), "+D"(from), "+S"(to)
			 :
			 : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12",
			 "r13", "r14", "r15", "cc", "memory");
	return wrong;
}

static void
test_registers(void **state)
{
	static _Alignas(64) char stack[64 * 1024];

	(void)state;
	there = pier__switch_make(
		stack + sizeof(stack), sizeof(stack), spoil, (void *)77);
	for (uint64_t seed = 1; seed < 100; seed++)
		assert_int_equal(
			difference(seed * UINT64_C(0x9e3779b97f4a7c15)), 0);
	assert_int_equal(came, 77);
}

#else

static void
test_registers(void **state)
{
	(void)state;
	skip();
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_words),
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
