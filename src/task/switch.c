/* SPDX-License-Identifier: MIT */
/* task/switch.c - first contexts, and the switch where there is no assembly. */
#include "task/switch.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && !defined(PIER_UCONTEXT)

void pier__switch_start(void);

/* The frame that pier__switch() pops; see switch_x86_64.S. */
struct frame {
	uint32_t mxcsr;
	uint16_t x87_control;
	uint16_t unused;
	void *r15;
	void *r14;
	void *r13;
	void *r12;
	void *rbx;
	void *rbp;
	void *start;
};

void *
pier__switch_make(void *top, size_t size, void (*entry)(void *), void *arg)
{
	/* At pier__switch_start, after the frame is popped, sp is a multiple
	   of 16, as the ABI wants it before a call. */
	uintptr_t at = ((uintptr_t)top & ~(uintptr_t)15) - sizeof(struct frame);
	struct frame *frame = (struct frame *)at;

	(void)size;
	memset(frame, 0, sizeof(*frame));
	/* What a new program starts with: all exceptions masked, round to
	   nearest. A fiber does not inherit its parent's settings. */
	frame->mxcsr = 0x1f80;
	frame->x87_control = 0x037f;
	memcpy(&frame->rbx, &entry, sizeof(entry));
	frame->r12 = arg;
	{
		void (*start)(void) = pier__switch_start;

		memcpy(&frame->start, &start, sizeof(start));
	}
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
