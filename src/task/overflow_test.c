/* SPDX-License-Identifier: MIT */
/* task/overflow_test.c - what is said, and to whom else, when stacks run over.
   Each case is a child process, whose end and last words are looked at. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/faulty.h"
#include "task/overflow.h"
#include "task/run.h"
#include "task/task.h"

#define WORDS "ran over its stack of 65536 bytes\n"

struct end {
	char said[8192];
	int status;
};

static void
run_child(struct end *end, void (*child)(void))
{
	int fds[2];
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(fds[1], STDERR_FILENO);
		/* The test runner has its own. */
		(void)signal(SIGSEGV, SIG_DFL);
		(void)signal(SIGBUS, SIG_DFL);
		(void)signal(SIGABRT, SIG_DFL);
		child();
		_exit(0);
	}
	(void)close(fds[1]);
	while ((n = read(fds[0], end->said + len,
			sizeof(end->said) - 1 - len)) > 0)
		len += (size_t)n;
	end->said[len] = '\0';
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &end->status, 0), pid);
}

/* Killed by the signal, or ended by a sanitizer that took it. */
static void
assert_ended_badly(const struct end *end, int number)
{
	if (WIFSIGNALED(end->status))
		assert_int_equal(WTERMSIG(end->status), number);
	else
		assert_int_not_equal(WEXITSTATUS(end->status), 0);
}

/* 1 KiB of stack a level, which no compiler may turn into a loop. */
__attribute__((noinline)) static int
deep(int levels)
{
	char frame[1024];
	int rc;

	memset(frame, 0x5a, sizeof(frame));
	__asm__ volatile("" : : "r"(frame) : "memory");
	rc = levels == 0 ? pier_yield() : deep(levels - 1);
	__asm__ volatile("" : : "r"(frame) : "memory");
	return rc;
}

static int
too_deep(void *arg)
{
	(void)arg;
	pier_task_name("digger");
	return deep(1000);
}

static void
child_overflows(void)
{
	if (pier_report_overflow() == 0)
		(void)pier_run(too_deep, NULL, NULL, NULL);
}

static void
test_says_who(void **state)
{
	struct end end;

	(void)state;
	run_child(&end, child_overflows);
	assert_non_null(strstr(end.said, "pier: task 1 (digger) " WORDS));
	assert_ended_badly(&end, SIGSEGV);
}

static void *
overflow_here(void *arg)
{
	(void)pier_run(too_deep, NULL, NULL, NULL);
	return arg;
}

static void
child_overflows_in_a_thread(void)
{
	pthread_t other;

	if (pier_report_overflow() == 0 &&
		pthread_create(&other, NULL, overflow_here, NULL) == 0)
		(void)pthread_join(other, NULL);
}

static void
test_threads_that_come_later(void **state)
{
	struct end end;

	(void)state;
	run_child(&end, child_overflows_in_a_thread);
	assert_non_null(strstr(end.said, "pier: task 1 (digger) " WORDS));
	assert_ended_badly(&end, SIGSEGV);
}

static void
child_overflows_silently(void)
{
	(void)pier_run(too_deep, NULL, NULL, NULL);
}

static void
test_nothing_unasked(void **state)
{
	struct end end;

	(void)state;
	run_child(&end, child_overflows_silently);
	assert_null(strstr(end.said, "pier:"));
	assert_ended_badly(&end, SIGSEGV);
}

static void
mine(int number, siginfo_t *info, void *context)
{
	static const char known[] = "known\n";

	(void)context;
	if (number == SIGSEGV && info->si_addr == (void *)16)
		(void)!write(STDERR_FILENO, known, sizeof(known) - 1);
	_exit(7);
}

/* A fiber's fault in the guard of another is no overflow of its own, whichever
   of the two lies higher. */
static char *stacks[2];

static int
reach_over(void *arg)
{
	int me = *(const int *)arg;

	stacks[me] = pier__current->stack;
	while (stacks[!me] == NULL)
		if (pier_yield() < 0)
			_exit(8);
	if (me == 0)
		*(volatile char *)(stacks[1] - 8) = 1;
	return 0;
}

static int
two_of_which_the_lower_reaches(void *arg)
{
	static int numbers[] = { 0, 1 };

	(void)pier_go(arg, reach_over, &numbers[0]);
	(void)pier_go(arg, reach_over, &numbers[1]);
	return pier_group_wait(arg, PIER_FOREVER);
}

static int
two_of_which_the_higher_reaches(void *arg)
{
	static int numbers[] = { 0, 1 };

	(void)pier_go(arg, reach_over, &numbers[1]);
	(void)pier_go(arg, reach_over, &numbers[0]);
	return pier_group_wait(arg, PIER_FOREVER);
}

static void
child_reaches_up(void)
{
	struct pier_group *group;

	if (pier_report_overflow() == 0 && pier_group_open(&group) == 0)
		(void)pier_run(
			two_of_which_the_lower_reaches, group, NULL, NULL);
}

static void
child_reaches_down(void)
{
	struct pier_group *group;

	if (pier_report_overflow() == 0 && pier_group_open(&group) == 0)
		(void)pier_run(
			two_of_which_the_higher_reaches, group, NULL, NULL);
}

static void
test_the_guard_of_another(void **state)
{
	struct end end;

	(void)state;
	run_child(&end, child_reaches_up);
	assert_null(strstr(end.said, "pier:"));
	assert_ended_badly(&end, SIGSEGV);
	run_child(&end, child_reaches_down);
	assert_null(strstr(end.said, "pier:"));
	assert_ended_badly(&end, SIGSEGV);
}

static void
child_has_a_signal_stack(void)
{
	static char bytes[65536];
	const stack_t mine = { .ss_sp = bytes, .ss_size = sizeof(bytes) };

	if (sigaltstack(&mine, NULL) == 0)
		child_overflows();
}

static void
test_a_signal_stack_of_the_program(void **state)
{
	struct end end;

	(void)state;
	run_child(&end, child_has_a_signal_stack);
	assert_non_null(strstr(end.said, "pier: task 1 (digger) " WORDS));
}

/* Before the memory of a thread's signal stack is given back, the kernel no
   longer has it. (Where a sanitizer has one for each thread pier has none.) */
static void *
report_and_end(void *arg)
{
	const void *ours;
	stack_t have;

	if (pier_report_overflow() < 0)
		return NULL;
	ours = pier__thread_of(pier__current)->signal_stack;
	pier__overflow_thread_end(pier__current);
	(void)sigaltstack(NULL, &have);
	return ours == NULL || (have.ss_flags & SS_DISABLE) != 0 ? arg : NULL;
}

static void
child_ends_a_thread(void)
{
	static char done[] = "done\n";
	void *said = NULL;
	pthread_t other;

	if (pthread_create(&other, NULL, report_and_end, done) == 0)
		(void)pthread_join(other, &said);
	if (said != NULL)
		(void)!write(STDERR_FILENO, said, sizeof(done) - 1);
}

static void
test_a_thread_that_ends(void **state)
{
	struct end end;

	(void)state;
	run_child(&end, child_ends_a_thread);
	assert_non_null(strstr(end.said, "done\n"));
}

static void
child_has_a_handler(void)
{
	struct sigaction action = { .sa_sigaction = mine,
		.sa_flags = SA_SIGINFO };
	int *volatile nowhere = (int *)16;

	(void)sigaction(SIGSEGV, &action, NULL);
	/* Twice is once: else the second would call the first for ever. */
	if (pier_report_overflow() == 0 && pier_report_overflow() == 0)
		*nowhere = 1;
}

static void
test_other_faults_go_on(void **state)
{
	struct end end;

	(void)state;
	run_child(&end, child_has_a_handler);
	assert_null(strstr(end.said, "pier:"));
	assert_non_null(strstr(end.said, "known\n"));
	assert_true(WIFEXITED(end.status));
}

static void
child_is_sent_one(void)
{
	if (pier_report_overflow() == 0)
		(void)raise(SIGBUS);
}

static void
test_a_signal_that_is_sent(void **state)
{
	struct end end;

	(void)state;
	run_child(&end, child_is_sent_one);
	assert_null(strstr(end.said, "pier:"));
	assert_ended_badly(&end, SIGBUS);
}

/* As a frame would that reaches a little too far: the canary is looked at
   when the fiber parks. */
static int
a_word_too_deep(void *arg)
{
	(void)arg;
	pier_task_name("digger");
	memset(pier__current->stack, 0x5a, sizeof(uint64_t));
	return pier_yield();
}

static void
run_without_a_guard(void)
{
	static struct pier__faulty faulty;

	pier__faulty_init(&faulty, &pier__calls_real);
	pier__faulty_plan(
		&faulty, &(struct pier__fault){ .call = PIER__CALL_ADVISE,
				 .nth = 1,
				 .every = 1,
				 .error = EINVAL });
	pier__faulty_plan(
		&faulty, &(struct pier__fault){ .call = PIER__CALL_PROTECT_NONE,
				 .nth = 1,
				 .every = 1,
				 .error = ENOMEM });
	pier__self()->context.calls = &faulty.calls;
	(void)pier_run(a_word_too_deep, NULL, NULL, NULL);
}

static void
child_has_no_guard(void)
{
	if (pier_report_overflow() == 0)
		run_without_a_guard();
}

static void
test_without_a_guard(void **state)
{
	struct end end;

	(void)state;
	run_child(&end, child_has_no_guard);
	assert_non_null(strstr(end.said, "pier: task 1 (digger) " WORDS));
	assert_ended_badly(&end, SIGABRT);
	/* Nothing unasked. */
	run_child(&end, run_without_a_guard);
	assert_null(strstr(end.said, "pier:"));
	assert_ended_badly(&end, SIGABRT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says_who),
		cmocka_unit_test(test_threads_that_come_later),
		cmocka_unit_test(test_nothing_unasked),
		cmocka_unit_test(test_the_guard_of_another),
		cmocka_unit_test(test_a_signal_stack_of_the_program),
		cmocka_unit_test(test_a_thread_that_ends),
		cmocka_unit_test(test_other_faults_go_on),
		cmocka_unit_test(test_a_signal_that_is_sent),
		cmocka_unit_test(test_without_a_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
