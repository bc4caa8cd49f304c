/* SPDX-License-Identifier: MIT */
/*
 * os/direct.h - the system calls that every message takes, without the way
 * through libc.
 *
 * libc's recv(), send() and those of several messages are cancellation points and
 * set errno: three calls
 * and a branch each, which after a system call, when the caches are the
 * kernel's, cost more than their few instructions say. Here the kernel's
 * answer is the result. Only for the real table; and not under the thread and
 * memory sanitizers, which learn from libc's functions what a call does.
 *
 * PIER__AFTER_CALL marks the functions whose last act, but for sums, is such a
 * call. Measured: an echo with two such returns takes a tenth longer than one
 * with none. The likely cause: the processor predicts a `ret` by a stack of its
 * own, which the kernel has filled with its return addresses by then. A jump
 * through a register is predicted by where it went last time, which is the same
 * handler. Not where a shadow stack checks returns.
 */
#ifndef PIER_OS_DIRECT_H
#define PIER_OS_DIRECT_H

#include <sys/syscall.h>

#include "os/calls.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer) || \
	__has_feature(address_sanitizer)
#define PIER__NOT_DIRECT 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define PIER__NOT_DIRECT 1
#endif

#if defined(__x86_64__) && defined(__LP64__) && !defined(PIER__NOT_DIRECT) && \
	!defined(__CET__) && defined(__has_attribute)
#if __has_attribute(function_return)
#define PIER__AFTER_CALL __attribute__((function_return("thunk-extern")))
#endif
#endif
#if !defined(PIER__AFTER_CALL)
#define PIER__AFTER_CALL
#endif

/* pier__direct(): call `number` with four arguments and two that are 0. */
#if defined(__x86_64__) && defined(__LP64__) && !defined(PIER__NOT_DIRECT)

#define PIER__DIRECT 1

static inline long
pier__direct(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = 0;
	register long r9 __asm__("r9") = 0;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10),
			 "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#elif defined(__aarch64__) && defined(__LP64__) && !defined(PIER__NOT_DIRECT)

#define PIER__DIRECT 1

static inline long
pier__direct(long number, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = 0;
	register long x5 __asm__("x5") = 0;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory", "cc");
	return x0;
}

#endif

/* By the table of the current task, for who has it at hand. */
static inline ssize_t
pier__sys_recv_by(const struct pier__calls *calls, int fd, void *buf,
	size_t size, int flags)
{
#if defined(PIER__DIRECT)
	if (__builtin_expect(calls == &pier__calls_real, 1))
		return pier__direct(
			SYS_recvfrom, fd, (long)buf, (long)size, flags);
#endif
	return calls->recv(fd, buf, size, flags);
}

static inline ssize_t
pier__sys_send_by(const struct pier__calls *calls, int fd, const void *buf,
	size_t size, int flags)
{
#if defined(PIER__DIRECT)
	if (__builtin_expect(calls == &pier__calls_real, 1))
		return pier__direct(
			SYS_sendto, fd, (long)buf, (long)size, flags);
#endif
	return calls->send(fd, buf, size, flags);
}

static inline ssize_t
pier__sys_recv(int fd, void *buf, size_t size, int flags)
{
	return pier__sys_recv_by(pier__calls(), fd, buf, size, flags);
}

static inline ssize_t
pier__sys_send(int fd, const void *buf, size_t size, int flags)
{
	return pier__sys_send_by(pier__calls(), fd, buf, size, flags);
}

static inline int
pier__sys_recvmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	const struct pier__calls *calls = pier__calls();

#if defined(PIER__DIRECT)
	if (__builtin_expect(calls == &pier__calls_real, 1))
		return (int)pier__direct(
			SYS_recvmmsg, fd, (long)list, (long)count, flags);
#endif
	return calls->recvmmsg(fd, list, count, flags);
}

static inline int
pier__sys_sendmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	const struct pier__calls *calls = pier__calls();

#if defined(PIER__DIRECT)
	if (__builtin_expect(calls == &pier__calls_real, 1))
		return (int)pier__direct(
			SYS_sendmmsg, fd, (long)list, (long)count, flags);
#endif
	return calls->sendmmsg(fd, list, count, flags);
}

#endif
