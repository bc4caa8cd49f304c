/* SPDX-License-Identifier: MIT */
/* os/thread.c - the entry of the real table that starts a thread, and what its
   stack is. */
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "os/spawn_calls.h"

#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 32)
#define HAS_ATTR_SIGMASK 1
#endif
#endif

/* The program's signals are for the program's own threads. */
static int
create_blocked(
	pthread_t *out, pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	sigset_t all;
#if !defined(HAS_ATTR_SIGMASK)
	sigset_t old;
#endif
	int rc;

	(void)sigfillset(&all);
#if defined(HAS_ATTR_SIGMASK)
	/* Two calls of the kernel less. */
	rc = pthread_attr_setsigmask_np(attr, &all);
	if (rc == 0)
		rc = pthread_create(out, attr, fn, arg);
#else
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(out, attr, fn, arg);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
#endif
	return rc;
}

int
pier__real_thread(void *stack, size_t stack_size, void *(*fn)(void *),
	void *arg, void *out)
{
	pthread_attr_t attr;
	int rc;

	rc = pthread_attr_init(&attr);
	if (rc != 0)
		return -rc;
	/* What libc refuses as too little differs: 16 KiB, 128 on aarch64. */
	if (stack == NULL && stack_size > 0 &&
		stack_size < (size_t)PTHREAD_STACK_MIN)
		stack_size = (size_t)PTHREAD_STACK_MIN;
	if (stack != NULL)
		rc = pthread_attr_setstack(&attr, stack, stack_size);
	else if (stack_size > 0)
		rc = pthread_attr_setstacksize(&attr, stack_size);
	if (rc == 0)
		rc = create_blocked(out, &attr, fn, arg);
	(void)pthread_attr_destroy(&attr);
	return -rc;
}

void
pier__thread_sizes(size_t asked, size_t *stack, size_t *guard)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	pthread_attr_t attr;

	*stack = 0;
	*guard = 0;
	if (pthread_attr_init(&attr) != 0)
		return;
	(void)pthread_attr_getstacksize(&attr, stack);
	(void)pthread_attr_getguardsize(&attr, guard);
	*guard = (*guard + page - 1) / page * page;
	(void)pthread_attr_destroy(&attr);
	if (asked > 0)
		*stack = asked;
}

/* The program comes first. Without such a header it counts as one that asks, as for
   libc; other objects do not: that of the kernel has none. */
static int
asks_for_code(struct dl_phdr_info *object, size_t size, void *arg)
{
	bool *first = arg;
	bool asks = *first;
	int i;

	(void)size;
	*first = false;
	for (i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_GNU_STACK)
			asks = (object->dlpi_phdr[i].p_flags & PF_X) != 0;
	return asks;
}

bool
pier__stacks_hold_code(void)
{
	bool first = true;

	return dl_iterate_phdr(asks_for_code, &first) != 0;
}

/* That moment of CLOCK_MONOTONIC by CLOCK_REALTIME, by which threads are joined:
   pthread_clockjoin_np(3) is none that a thread sanitizer knows of. */
static struct timespec
real_time_of(int64_t moment_ns)
{
	const int64_t second = 1000000000;
	struct timespec now, real;
	int64_t ns;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)clock_gettime(CLOCK_REALTIME, &real);
	ns = moment_ns - (now.tv_sec * second + now.tv_nsec) +
	     (real.tv_sec * second + real.tv_nsec);
	return (struct timespec){ .tv_sec = (time_t)(ns / second),
		.tv_nsec = (long)(ns % second) };
}

bool
pier__thread_is_gone(pthread_t id, int64_t until_ns)
{
	struct timespec until;

	if (until_ns == INT64_MAX)
		return pthread_join(id, NULL) == 0;
	if (until_ns == 0)
		return pthread_tryjoin_np(id, NULL) == 0;
	until = real_time_of(until_ns);
	return pthread_timedjoin_np(id, NULL, &until) == 0;
}
