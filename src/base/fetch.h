/* SPDX-License-Identifier: MIT */
/*
 * base/fetch.h - memory sent for ahead of its use.
 *
 * In assembly: a function that does nothing else but __builtin_prefetch() is one
 * without an effect to the compiler, which leaves out its calls.
 */
#ifndef PIER_BASE_FETCH_H
#define PIER_BASE_FETCH_H

#include <stdint.h>

#define PIER__LINE 64

/* The cache line of what, which may be any address, also of memory that has gone:
   then it costs time only, as does NULL. */
static inline __attribute__((always_inline)) void
pier__fetch(const void *what)
{
#if defined(__x86_64__) && defined(__clang__)
	/* It has no operand that is an address of any form. */
	__asm__ volatile("prefetcht0 (%0)" : : "r"(what));
#elif defined(__x86_64__)
	__asm__ volatile("prefetcht0 %a0" : : "p"(what));
#elif defined(__aarch64__)
	__asm__ volatile("prfm pldl1keep, [%0]" : : "r"(what));
#else
	__builtin_prefetch(what);
#endif
}

/* So many lines from that of what. */
static inline __attribute__((always_inline)) void
pier__fetch_lines(const void *what, int lines)
{
	int i;

	for (i = 0; i < lines; i++)
		pier__fetch((const void *)((uintptr_t)what +
					   (uintptr_t)i * PIER__LINE));
}

#endif
