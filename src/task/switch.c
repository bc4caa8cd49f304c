/* SPDX-License-Identifier: MIT */
/* task/switch.c - first contexts, and the switch where there is no assembly. */
#include "task/switch.h"

#include <stdint.h>
#include <string.h>

#if defined(PIER__SWITCH_ASSEMBLY)

void pier__switch_start(void);

#if defined(__x86_64__)

/* The frame that pier__switch() pops; see switch_x86_64.S. pier__switch_start
   finds what it calls in the registers named. */
struct frame {
	uint32_t mxcsr;
	uint16_t x87_control;
	uint16_t unused;
	void *r15;
	void *r14;
	void *r13;
	void *argument; /* r12 */
	void *entry;    /* rbx */
	void *rbp;
	void *start;
};

/* A fiber does not inherit its parent's settings, but has those that a new
   program starts with: all exceptions masked, round to nearest. */
static void
set_float(struct frame *frame)
{
	frame->mxcsr = 0x1f80;
	frame->x87_control = 0x037f;
}

#else

/* The frame that pier__switch() loads; see switch_aarch64.S. x29 is 0 at first:
   the chain of frame records ends there. */
struct frame {
	void *x29;
	void *start;    /* x30 */
	void *entry;    /* x19 */
	void *argument; /* x20 */
	void *x21_to_x28[8];
	double d8_to_d15[8];
	uint64_t fpcr;
	uint64_t unused;
};

/* A fiber does not inherit its parent's settings, but has those that a new
   program starts with: no traps, round to nearest. */
static void
set_float(struct frame *frame)
{
	frame->fpcr = 0;
}

#endif

void *
pier__switch_make(void *top, size_t size, void (*entry)(void *), void *arg)
{
	/* At pier__switch_start, after the frame is popped, sp is a multiple
	   of 16, as both ABIs want it before a call. */
	uintptr_t at = ((uintptr_t)top & ~(uintptr_t)15) - sizeof(struct frame);
	struct frame *frame = (struct frame *)at;
	void (*start)(void) = pier__switch_start;

	(void)size;
	memset(frame, 0, sizeof(*frame));
	set_float(frame);
	memcpy(&frame->entry, &entry, sizeof(entry));
	frame->argument = arg;
	memcpy(&frame->start, &start, sizeof(start));
	return frame;
}

#else

#include <ucontext.h>

/* A saved context is a ucontext_t on the stack that it belongs to: nobody
   else reads it before the switch back. The host's lives on its own stack. */
static void
enter(unsigned entry_high, unsigned entry_low, unsigned arg_high,
	unsigned arg_low)
{
	/* makecontext(3) passes ints only. */
	uintptr_t entry = (uintptr_t)(((uint64_t)entry_high << 32) | entry_low);
	uintptr_t arg = (uintptr_t)(((uint64_t)arg_high << 32) | arg_low);

	((void (*)(void *))entry)((void *)arg);
}

void
pier__switch(void **save, void *to)
{
	ucontext_t here;

	*save = &here;
	/* Fails only for a context that was never made. */
	(void)swapcontext(&here, to);
}

void *
pier__switch_make(void *top, size_t size, void (*entry)(void *), void *arg)
{
	uintptr_t at = ((uintptr_t)top - sizeof(ucontext_t)) & ~(uintptr_t)63;
	ucontext_t *first = (ucontext_t *)at;
	uint64_t entry_bits = (uint64_t)(uintptr_t)entry;
	uint64_t arg_bits = (uint64_t)(uintptr_t)arg;
	uintptr_t low = (uintptr_t)top - size;

	memset(first, 0, sizeof(*first));
	(void)getcontext(first);
	first->uc_stack.ss_sp = (void *)low;
	first->uc_stack.ss_size = at - low;
	first->uc_link = NULL;
	makecontext(first, (void (*)(void))enter, 4,
		(unsigned)(entry_bits >> 32), (unsigned)entry_bits,
		(unsigned)(arg_bits >> 32), (unsigned)arg_bits);
	return first;
}

#endif
