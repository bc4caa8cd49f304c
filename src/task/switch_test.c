/* SPDX-License-Identifier: MIT */
/* task/switch_test.c - what survives a switch, seen by fibers and bare. */
#include <errno.h>
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unwind.h>

#include <sys/mman.h>

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

#if defined(PIER__SWITCH_ASSEMBLY)
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

#if defined(__x86_64__) || defined(__aarch64__)

static void *here;
static void *there;
static uint64_t came; /* what the other side was started with */

#if defined(__x86_64__)

/* Changes every register that a call may not change; as a function of its own
   it would have to change them back. */
static inline __attribute__((always_inline)) void
spoil_registers(void)
{
	__asm__ volatile("xorl %%ebx, %%ebx\n\t"
			 "xorl %%r12d, %%r12d\n\t"
			 "xorl %%r13d, %%r13d\n\t"
			 "xorl %%r14d, %%r14d\n\t"
			 "xorl %%r15d, %%r15d"
			 :
			 :
			 : "rbx", "r12", "r13", "r14", "r15");
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

#else

#define GENERAL  "19, 20, 21, 22, 23, 24, 25, 26, 27, 28"
#define FLOATING "8, 9, 10, 11, 12, 13, 14, 15"

/* Changes every register that a call may not change; as a function of its own
   it would have to change them back. */
static inline __attribute__((always_inline)) void
spoil_registers(void)
{
	__asm__ volatile(".irp r, " GENERAL "\n\t"
			 "mov x\\r, xzr\n\t"
			 ".endr\n\t"
			 ".irp r, " FLOATING "\n\t"
			 "fmov d\\r, xzr\n\t"
			 ".endr"
			 :
			 :
			 : "x19", "x20", "x21", "x22", "x23", "x24", "x25",
			 "x26", "x27", "x28", "d8", "d9", "d10", "d11", "d12",
			 "d13", "d14", "d15");
}

/* 0 when x19 to x29 and d8 to d15 come back as they went. */
static uint64_t
difference(uint64_t seed)
{
	register uint64_t wrong __asm__("x0") = (uintptr_t)&here;
	register void *to __asm__("x1") = there;
	register uint64_t kept __asm__("x2") = seed;

	/* Each gets the seed and its number; later the differences are
	   gathered. */
	__asm__ volatile("stp x29, x2, [sp, #-16]!\n\t"
			 ".irp r, " GENERAL ", 29\n\t"
			 "add x\\r, x2, #\\r\n\t"
			 ".endr\n\t"
			 ".irp r, " FLOATING "\n\t"
			 "add x9, x2, #\\r\n\t"
			 "fmov d\\r, x9\n\t"
			 ".endr\n\t"
			 "bl pier__switch\n\t"
			 "ldr x2, [sp, #8]\n\t"
			 "mov x0, xzr\n\t"
			 ".irp r, " GENERAL ", 29\n\t"
			 "add x9, x2, #\\r\n\t"
			 "eor x9, x9, x\\r\n\t"
			 "orr x0, x0, x9\n\t"
			 ".endr\n\t"
			 ".irp r, " FLOATING "\n\t"
			 "add x9, x2, #\\r\n\t"
			 "fmov x10, d\\r\n\t"
			 "eor x9, x9, x10\n\t"
			 "orr x0, x0, x9\n\t"
			 ".endr\n\t"
			 "ldp x29, x2, [sp], #16"
			 : "+r"(wrong), "+r"(to), "+r"(kept)
			 :
			 : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
			 "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x19",
			 "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
			 "x28", "x30", "d0", "d1", "d2", "d3", "d4", "d5", "d6",
			 "d7", "d8", "d9", "d10", "d11", "d12", "d13", "d14",
			 "d15", "d16", "d17", "d18", "d19", "d20", "d21", "d22",
			 "d23", "d24", "d25", "d26", "d27", "d28", "d29", "d30",
			 "d31", "cc", "memory");
	return wrong;
}

#endif

/* Back at once, with every register changed. */
static void
spoil(void *arg)
{
	came = (uint64_t)(uintptr_t)arg;
	for (;;) {
		spoil_registers();
		pier__switch(&there, here);
	}
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
	print_message("no assembly for this machine's registers\n");
	skip();
}

#endif

/* Counts the frames on the way up. */
static _Unwind_Reason_Code
count_frame(struct _Unwind_Context *frame, void *arg)
{
	int *frames = arg;

	(void)frame;
	/* More are not there: it went astray. */
	return ++*frames < 50 ? _URC_NO_REASON : _URC_FOREIGN_EXCEPTION_CAUGHT;
}

/* A fiber's frames end with its own first: where a switch landed. */
static int
unwinds(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) {
		int frames = 0;

		assert_int_equal(_Unwind_Backtrace(count_frame, &frames),
			_URC_END_OF_STACK);
		assert_in_range(frames, 2, 6);
		assert_int_equal(pier_yield(), 0);
	}
	return 0;
}

static void
test_unwind_fiber(void **state)
{
	(void)state;
	assert_int_equal(pier_run(unwinds, NULL, NULL, NULL), 0);
}

#if defined(PIER__SWITCH_ASSEMBLY)

/* A register that a function must preserve, by its number in DWARF. */
#if defined(__x86_64__)
#define KEPT 12 /* r12 */
#else
#define KEPT 19 /* x19 */
#endif

static sigjmp_buf out;
static int passed;        /* frames of fault() seen from inside the switch */
static uintptr_t in_kept; /* what KEPT held there */

static void fault(void *page, uintptr_t value);

static _Unwind_Reason_Code
find_fault(struct _Unwind_Context *frame, void *arg)
{
	(void)arg;
	if (_Unwind_GetRegionStart(frame) == (uintptr_t)fault) {
		passed++;
		in_kept = _Unwind_GetGR(frame, KEPT);
	}
	return _URC_NO_REASON;
}

static void
on_fault(int number)
{
	(void)number;
	(void)_Unwind_Backtrace(find_fault, NULL);
	siglongjmp(out, 1);
}

/* A switch that faults where it has saved all and not yet left: the context
   cannot be stored on a page that is only for reading. */
static __attribute__((noinline)) void
fault(void *page, uintptr_t value)
{
	static char nowhere[64];

#if defined(__x86_64__)
	__asm__ volatile("movq %1, %%r12\n\t"
			 "callq pier__switch"
			 :
			 : "D"(page), "r"(value), "S"(nowhere)
			 : "r12", "memory");
#else
	register void *x0 __asm__("x0") = page;
	register void *x1 __asm__("x1") = nowhere;

	__asm__ volatile("mov x19, %2\n\t"
			 "bl pier__switch"
			 :
			 : "r"(x0), "r"(x1), "r"(value)
			 : "x19", "x30", "memory");
#endif
}

/* From inside the switch an unwinder finds who called it, with the registers
   that it had. */
static void
test_unwind_switch(void **state)
{
	uintptr_t value = (uintptr_t)UINT64_C(0x517cc1b727220a95);
	struct sigaction action = { .sa_handler = on_fault };
	struct sigaction old;
	void *page =
		mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(page, MAP_FAILED);
	passed = 0;
	assert_int_equal(sigaction(SIGSEGV, &action, &old), 0);
	if (sigsetjmp(out, 1) == 0) {
		fault(page, value);
		fail_msg("the switch wrote to a page that is only for reading");
	}
	assert_int_equal(sigaction(SIGSEGV, &old, NULL), 0);
	assert_int_equal(munmap(page, 4096), 0);
	assert_int_equal(passed, 1);
	assert_int_equal(in_kept, value);
}

#else

static void
test_unwind_switch(void **state)
{
	(void)state;
	print_message("ucontext switches by a function of libc\n");
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
		cmocka_unit_test(test_unwind_fiber),
		cmocka_unit_test(test_unwind_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
