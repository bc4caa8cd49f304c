/* SPDX-License-Identifier: MIT */
/* task/stack.c - see stack.h. */
#include "task/stack.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "os/calls.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define PAGE       ((size_t)4096)
#define SLAB_BYTES ((size_t)8 * 1024 * 1024)
#define CANARY     UINT64_C(0x7069657243414e41)
/* vm.max_map_count is 65530 unless raised; a quarter of it, at two entries a
   stack, leaves the program its own mappings. */
#define MPROTECT_STACKS 8191
/* Of a process that forks often so many have such a guard first: those that
   accept, but not each that handles a datagram. */
#define FORKED_STACKS 16
/* Free stacks that keep their touched pages; the rest give them back. */
#define WARM_STACKS 256
/* Stack tops differ by up to this many cache lines of 64 bytes: 1 KiB. */
#define COLOURS 15
#define HEAD    64

/* A slab's record is apart from its memory: the first byte of a mapping is
   the low end of a guard. */
struct pier__slab {
	struct pier__slab *next;
	char *base;
	size_t size;
	uint32_t slots;
	uint32_t taken; /* slots handed out for the first time, from the top */
	uint32_t below; /* and from the bottom */
	bool uncopied;  /* as a whole, before that */
};

/* The top 64 bytes of every stack, above where execution begins: on a page
   that is touched anyway. */
struct head {
	void *next; /* while it is free */
	enum pier__guard guard;
	bool warm;     /* it is free, and its pages were not given back */
	bool uncopied; /* by a fork */
};

PIER__HOT static size_t
slot_size(const struct pier__stacks *stacks)
{
	size_t pages = (PIER__STACK_GUARD + stacks->size) / PAGE;

	/* An odd number of pages. With a power of two between them the frames
	   of all stacks would share a few sets of the second-level cache, whose
	   index has bits above the page's; so they go through all sixteen. */
	return (pages | 1) * PAGE;
}

PIER__HOT static struct head *
head_of(const struct pier__stacks *stacks, const void *stack)
{
	return (struct head *)((uintptr_t)stack + stacks->size - HEAD);
}

PIER__HOT void
pier__stacks_init(struct pier__stacks *stacks, size_t size)
{
	*stacks = (struct pier__stacks){ 0 };
	if (size == 0)
		size = PIER__STACK_DEFAULT;
	if (size < PIER__STACK_MIN)
		size = PIER__STACK_MIN;
	if (size > PIER__STACK_MAX)
		size = PIER__STACK_MAX;
	stacks->size = (size + PAGE - 1) & ~(PAGE - 1);
}

static int
slab_add(struct pier__stacks *stacks)
{
	struct pier__slab *slab = pier__alloc(sizeof(*slab));
	void *base;
	int rc;

	if (slab == NULL)
		return -ENOMEM;
	slab->slots = (uint32_t)(SLAB_BYTES / slot_size(stacks));
	if (slab->slots == 0)
		slab->slots = 1;
	slab->size = slab->slots * slot_size(stacks);
	rc = pier__calls()->map(&base, slab->size);
	if (rc < 0) {
		pier__free(slab);
		return rc;
	}
	/* A huge page would make every stack of a slab resident at once. A
	   kernel without them refuses the advice, which is as good. */
	(void)pier__calls()->advise(base, slab->size, MADV_NOHUGEPAGE);
	slab->uncopied =
		stacks->forks &&
		pier__calls()->advise(base, slab->size, MADV_DONTFORK) == 0;
	slab->base = base;
	slab->next = stacks->slabs;
	stacks->slabs = slab;
	return 0;
}

static void
guard_install(struct pier__stacks *stacks, char *guard, void *stack, bool first)
{
	const struct pier__calls *calls = pier__calls();

	if (first && calls->protect_none(guard, PIER__STACK_GUARD) == 0) {
		stacks->guard = PIER__GUARD_MPROTECT;
	} else if (calls->advise(
			   guard, PIER__STACK_GUARD, MADV_GUARD_INSTALL) == 0) {
		stacks->guard = PIER__GUARD_MADVISE;
	} else if (stacks->made < MPROTECT_STACKS &&
		   calls->protect_none(guard, PIER__STACK_GUARD) == 0) {
		stacks->guard = PIER__GUARD_MPROTECT;
	} else {
		const uint64_t canary = CANARY;

		stacks->guard = PIER__GUARD_CANARY;
		memcpy(stack, &canary, sizeof(canary));
	}
	stacks->made++;
	head_of(stacks, stack)->guard = stacks->guard;
}

static int
stack_fresh(struct pier__stacks *stacks, void **out, bool uncopied)
{
	struct pier__slab *slab = stacks->slabs;
	uint32_t place;
	char *slot;

	if (slab == NULL || slab->taken + slab->below == slab->slots) {
		int rc = slab_add(stacks);

		if (rc < 0)
			return rc;
		slab = stacks->slabs;
	}
	/* From the top, where the mappings before it mostly lie: what is near
	   them shares a table of pages with them, which a fork copies too. */
	if (uncopied)
		place = slab->below++;
	else
		place = slab->slots - ++slab->taken;
	slot = slab->base + place * slot_size(stacks);
	*out = slot + PIER__STACK_GUARD;
	guard_install(stacks, slot, *out,
		slab->uncopied && !uncopied && stacks->made < FORKED_STACKS);
	head_of(stacks, *out)->uncopied = slab->uncopied;
	return 0;
}

PIER__HOT static int
get(struct pier__stacks *stacks, void **out, bool uncopied)
{
	if (stacks->free != NULL) {
		struct head *head = head_of(stacks, stacks->free);

		*out = stacks->free;
		stacks->free = head->next;
		stacks->warm -= head->warm;
	} else {
		int rc = stack_fresh(stacks, out, uncopied);

		if (rc < 0)
			return rc;
	}
	if (++stacks->used > stacks->peak)
		stacks->peak = stacks->used;
	return 0;
}

/* The whole slot, so that those beside each other are one mapping. */
static void
set_uncopied(const struct pier__stacks *stacks, void *stack, bool uncopied)
{
	if (pier__calls()->advise((char *)stack - PIER__STACK_GUARD,
		    slot_size(stacks),
		    uncopied ? MADV_DONTFORK : MADV_DOFORK) == 0)
		head_of(stacks, stack)->uncopied = uncopied;
}

PIER__HOT void
pier__stack_put(struct pier__stacks *stacks, void *stack)
{
	struct head *head = head_of(stacks, stack);

	stacks->used--;
	head->warm = stacks->warm < WARM_STACKS;
	if (head->warm) {
		stacks->warm++;
	} else {
		/* All pages but the top one, which the list lives in. Where
		   the advice fails the pages stay: no harm but memory. */
		(void)pier__calls()->advise(
			stack, stacks->size - PAGE, MADV_DONTNEED);
	}
	head->next = stacks->free;
	stacks->free = stack;
}

/* All of its slab, which may be refused for less: a part is one more mapping. */
static void
copy_slab(const struct pier__stacks *stacks, void *stack)
{
	struct pier__slab *slab = stacks->slabs;
	uintptr_t at = (uintptr_t)stack;

	while (at - (uintptr_t)slab->base >= slab->size)
		slab = slab->next;
	if (pier__calls()->advise(slab->base, slab->size, MADV_DOFORK) < 0)
		return;
	slab->uncopied = false;
	head_of(stacks, stack)->uncopied = false;
}

void
pier__stack_copy(const struct pier__stacks *stacks, void *stack)
{
	if (head_of(stacks, stack)->uncopied)
		set_uncopied(stacks, stack, false);
	if (head_of(stacks, stack)->uncopied)
		copy_slab(stacks, stack);
}

PIER__HOT int
pier__stack_get(struct pier__stacks *stacks, void **out)
{
	int rc = get(stacks, out, false);

	if (rc < 0 || !head_of(stacks, *out)->uncopied)
		return rc;
	pier__stack_copy(stacks, *out);
	if (!head_of(stacks, *out)->uncopied)
		return 0;
	/* A child would have nothing to stand on. */
	pier__stack_put(stacks, *out);
	return -ENOMEM;
}

int
pier__stack_get_uncopied(struct pier__stacks *stacks, void **out)
{
	int rc = get(stacks, out, true);

	if (rc == 0 && !head_of(stacks, *out)->uncopied)
		set_uncopied(stacks, *out, true);
	return rc;
}

void
pier__stacks_free(struct pier__stacks *stacks)
{
	while (stacks->slabs != NULL) {
		struct pier__slab *slab = stacks->slabs;

		stacks->slabs = slab->next;
		(void)pier__calls()->unmap(slab->base, slab->size);
		pier__free(slab);
	}
	stacks->free = NULL;
}

PIER__HOT void *
pier__stack_top(const struct pier__stacks *stacks, void *stack)
{
	uintptr_t slot = (uintptr_t)stack / slot_size(stacks);

	return (char *)stack + stacks->size - HEAD - (slot % COLOURS) * 64 -
	       PIER__STACK_ABOVE;
}

PIER__HOT bool
pier__stack_canary(const struct pier__stacks *stacks, const void *stack)
{
	return head_of(stacks, stack)->guard == PIER__GUARD_CANARY;
}

bool
pier__stack_intact(const struct pier__stacks *stacks, const void *stack)
{
	uint64_t word;

	if (head_of(stacks, stack)->guard != PIER__GUARD_CANARY)
		return true;
	memcpy(&word, stack, sizeof(word));
	return word == CANARY;
}

const char *
pier__guard_name(enum pier__guard guard)
{
	static const char *const names[] = {
		[PIER__GUARD_MADVISE] = "madvise",
		[PIER__GUARD_MPROTECT] = "mprotect",
		[PIER__GUARD_CANARY] = "canary",
	};

	return names[guard];
}
