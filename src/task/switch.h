/* SPDX-License-Identifier: MIT */
/*
 * task/switch.h - from one stack to another.
 *
 * x86-64 and aarch64 have their own few instructions (switch_x86_64.S,
 * switch_aarch64.S); other machines use ucontext, which pays a system call for
 * the signal mask on every switch, and where a fiber begins with the
 * floating-point settings of who started it.
 */
#ifndef PIER_TASK_SWITCH_H
#define PIER_TASK_SWITCH_H

#include <stddef.h>

/* The files of assembly, which have no use for this header, ask the same. */
#if !defined(PIER_UCONTEXT) && \
	(defined(__x86_64__) || (defined(__aarch64__) && defined(__LP64__)))
#define PIER__SWITCH_ASSEMBLY 1
#endif

/* Save the present context in *save and go on in the one saved in `to`. */
void pier__switch(void **save, void *to);

/*
 * A first context: entered by a switch to it, it calls entry(arg), which must
 * not return, on the stack that ends (above) at top; size bytes are below top.
 */
void *pier__switch_make(
	void *top, size_t size, void (*entry)(void *), void *arg);

#endif
