/* SPDX-License-Identifier: MIT */
/*
 * task/switch.h - from one stack to another.
 *
 * x86-64 has its own few instructions (switch_x86_64.S); other machines use
 * ucontext, which pays a system call for the signal mask on every switch, and
 * where a fiber begins with the floating-point settings of who started it.
 */
#ifndef PIER_TASK_SWITCH_H
#define PIER_TASK_SWITCH_H

#include <stddef.h>

/* Save the present context in *save and go on in the one saved in `to`. */
void pier__switch(void **save, void *to);

/*
 * A first context: entered by a switch to it, it calls entry(arg), which must
 * not return, on the stack that ends (above) at top; size bytes are below top.
 */
void *pier__switch_make(
	void *top, size_t size, void (*entry)(void *), void *arg);

#endif
