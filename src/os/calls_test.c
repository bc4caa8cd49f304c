/* SPDX-License-Identifier: MIT */
/*
 * os/calls_test.c - for how long the kernel is asked to wait.
 *
 * The program has a syscall() and an epoll_wait() of its own, which the
 * library's calls reach in place of the C library's: they note the time that
 * is asked for, answer for a kernel or a filter that lacks the call, or hand
 * on to this kernel. So the clock decides nothing here.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/time_types.h>
#include <pier.h>

#include "os/calls.h"

#define NONE (-2)

static struct {
	int exact;        /* calls of epoll_pwait2 */
	int64_t exact_ns; /* the longest time that one asked for */
	int coarse;       /* calls of epoll_wait */
	int coarse_ms;    /* the last one's time, or NONE */
	int answer;       /* errno of both; 0: this kernel's */
	int exact_lacks;  /* errno of epoll_pwait2 alone */
} seen;

static int
begin(void **state)
{
	(void)state;
	seen = (__typeof__(seen)){ .exact_ns = NONE, .coarse_ms = NONE };
	return 0;
}

static int
answer(int error)
{
	errno = error;
	return -1;
}

long
syscall(long number, ...)
{
	const struct __kernel_timespec *timeout;
	struct epoll_event *events;
	int64_t ns;
	va_list args;
	int epfd, max;

	assert_int_equal(number, SYS_epoll_pwait2);
	va_start(args, number);
	epfd = va_arg(args, int);
	events = va_arg(args, struct epoll_event *);
	max = va_arg(args, int);
	timeout = va_arg(args, const struct __kernel_timespec *);
	va_end(args);
	ns = (int64_t)timeout->tv_sec * 1000000000 + timeout->tv_nsec;
	assert_in_range(timeout->tv_nsec, 0, 999999999);
	seen.exact++;
	if (ns > seen.exact_ns)
		seen.exact_ns = ns;
	if (seen.answer != 0 || seen.exact_lacks != 0)
		return answer(
			seen.answer != 0 ? seen.answer : seen.exact_lacks);
	/* The C library's own way to the same call. */
	return epoll_pwait2(epfd, events, max,
		&(struct timespec){ .tv_sec = (time_t)timeout->tv_sec,
			.tv_nsec = (long)timeout->tv_nsec },
		NULL);
}

int
epoll_wait(int epfd, struct epoll_event *events, int max, int timeout_ms)
{
	seen.coarse++;
	seen.coarse_ms = timeout_ms;
	if (seen.answer != 0)
		return answer(seen.answer);
	return epoll_pwait(epfd, events, max, timeout_ms, NULL);
}

static int
wait_for(int64_t timeout_ns)
{
	struct epoll_event event;

	return pier__calls_real.epoll_wait(-1, &event, 1, timeout_ns);
}

static void
a_time_goes_by_nanoseconds(void **state)
{
	static const int64_t times[] = { 1, 300000, 999999999, 1000000000,
		INT64_C(86400000000001), INT64_MAX };

	(void)state;
	seen.answer = EBADF;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		seen.exact_ns = NONE;
		assert_int_equal(wait_for(times[i]), -EBADF);
		assert_int_equal(seen.exact_ns, times[i]);
	}
	assert_int_equal(seen.coarse, 0);
	seen.answer = EINTR;
	assert_int_equal(wait_for(1), 0);
}

/* None and for ever need no new call. */
static void
no_time_goes_by_the_old_call(void **state)
{
	(void)state;
	seen.answer = EBADF;
	assert_int_equal(wait_for(0), -EBADF);
	assert_int_equal(seen.coarse_ms, 0);
	assert_int_equal(wait_for(-1), -EBADF);
	assert_int_equal(seen.coarse_ms, -1);
	assert_int_equal(seen.exact, 0);
	seen.answer = EINTR;
	assert_int_equal(wait_for(-1), 0);
}

/* Where the kernel or a filter lacks it: never early, so rounded up. */
static void
goes_back_to_milliseconds(void **state)
{
	static const int errors[] = { ENOSYS, EPERM };
	static const struct {
		int64_t ns;
		int ms;
	} times[] = { { 1, 1 }, { 300000, 1 }, { 1000000, 1 }, { 1000001, 2 },
		{ INT64_C(3000000000000000), INT_MAX },
		{ INT64_MAX, INT_MAX } };
	struct epoll_event event;
	int wake, epfd;

	(void)state;
	/* Ready, so that no time passes. */
	epfd = pier__calls_real.epoll_create();
	wake = pier__calls_real.eventfd();
	assert_true(epfd >= 0 && wake >= 0);
	event.events = EPOLLIN;
	assert_int_equal(pier__calls_real.eventfd_wake(wake), 0);
	assert_int_equal(
		pier__calls_real.epoll_ctl(epfd, EPOLL_CTL_ADD, wake, &event),
		0);
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		seen.exact_lacks = errors[i];
		for (size_t k = 0; k < sizeof(times) / sizeof(*times); k++) {
			assert_int_equal(pier__calls_real.epoll_wait(
						 epfd, &event, 1, times[k].ns),
				1);
			assert_int_equal(seen.coarse_ms, times[k].ms);
		}
	}
	/* Any other refusal is the answer. */
	seen.exact_lacks = EINVAL;
	seen.coarse = 0;
	assert_int_equal(wait_for(1), -EINVAL);
	assert_int_equal(seen.coarse, 0);
	pier__close(wake);
	pier__close(epfd);
}

/* For a time that is over before the kernel is asked it is not asked: a busy machine
   may need more than one attempt. */
#define ATTEMPTS 1000

static int
sleep_shortly(void *arg)
{
	int i, rc = 0;

	(void)arg;
	for (i = 0; i < ATTEMPTS && rc == 0 && seen.exact == 0; i++) {
		pier_deadline until = pier_in_ns(300000);

		rc = pier_sleep(until);
		assert_true(pier_now() >= until.ns);
	}
	return rc;
}

/* What the kernel is asked for on behalf of a fiber, and that it comes back
   of its own: no whole millisecond. */
static void
a_fiber_sleeps_less_than_a_millisecond(void **state)
{
	(void)state;
	assert_int_equal(pier_run(sleep_shortly, NULL, NULL, NULL), 0);
	if (seen.exact > 0 && seen.coarse_ms == 1) {
		print_message("# SKIP: this kernel has no epoll_pwait2\n");
		skip();
	}
	assert_true(seen.exact > 0);
	assert_in_range(seen.exact_ns, 1, 300000);
	/* Nor was it asked for time in any other way. */
	assert_true(seen.coarse_ms <= 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_time_goes_by_nanoseconds, begin),
		cmocka_unit_test_setup(no_time_goes_by_the_old_call, begin),
		cmocka_unit_test_setup(goes_back_to_milliseconds, begin),
		cmocka_unit_test_setup(
			a_fiber_sleeps_less_than_a_millisecond, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
