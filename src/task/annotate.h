/* SPDX-License-Identifier: MIT */
/*
 * task/annotate.h - what sanitizers and valgrind have to be told of stacks.
 *
 * Each believes that a thread has one stack; without these calls they report
 * nonsense or nothing inside fibers. All of it is empty in a plain build.
 */
#ifndef PIER_TASK_ANNOTATE_H
#define PIER_TASK_ANNOTATE_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PIER__ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define PIER__TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define PIER__ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define PIER__TSAN 1
#endif

#if defined(PIER__ASAN)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(PIER__TSAN)
#include <poll.h>
#include <pthread.h>
#include <sanitizer/tsan_interface.h>
#include <signal.h>
#endif
#if !defined(PIER__ASAN) && !defined(PIER__TSAN) && defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define PIER__VALGRIND 1
#endif
#endif

/* What is remembered for one stack, in struct pier__task's `annotation`. */
struct pier__annotation {
#if defined(PIER__ASAN)
	void *fake_stack;
	const void *bottom; /* of the stack, for a switch to it */
	size_t size;
#endif
#if defined(PIER__TSAN)
	void *fiber;
	sigset_t signals; /* the thread's mask, while they are held off */
	bool has_place;   /* where signals are noted down */
	void *twin;       /* what this is in the child of a fork */
#endif
#if defined(PIER__VALGRIND)
	unsigned stack_id;
#endif
	char nothing; /* no struct is empty in C */
};

#if defined(PIER__TSAN)
/*
 * The thread sanitizer notes a signal down for the fiber that it met, and calls
 * the handler when that fiber next makes a call that it knows. A fiber that
 * parks or ends before that would take the signal with it, and so would one
 * that is only just being made or unmade. The call that holds signals off is
 * such a call: what came before it is handled in it, what comes after it the
 * kernel keeps until they are let in again, by whichever fiber.
 */
static inline void
pier__annotate_signals_off(sigset_t *before)
{
	sigset_t all;

	(void)sigfillset(&all);
	/* direct: for the sanitizer, which a simulated kernel has not. */
	(void)pthread_sigmask(SIG_SETMASK, &all, before);
}

static inline void
pier__annotate_signals_on(const sigset_t *before)
{
	/* direct: as above. */
	(void)pthread_sigmask(SIG_SETMASK, before, NULL);
}

/*
 * Where signals of a fiber are noted down is made at its first call that may
 * wait, or at its first signal; by both, if the one meets the other, and then
 * the signal is in the one that is forgotten (gcc 12). So it is made here, by
 * such a call, while signals are held off.
 */
static inline void
pier__annotate_place(struct pier__annotation *a)
{
	if (!a->has_place)
		/* direct: as above. */
		(void)poll(NULL, 0, 0);
	a->has_place = true;
}
#endif

/* A fiber gets the stack [bottom, bottom + size). */
static inline void
pier__annotate_born(struct pier__annotation *a, void *bottom, size_t size)
{
	(void)a;
	(void)bottom;
	(void)size;
#if defined(PIER__ASAN)
	a->fake_stack = NULL;
	a->bottom = bottom;
	a->size = size;
#endif
#if defined(PIER__TSAN)
	pier__annotate_signals_off(&a->signals);
	a->fiber = __tsan_create_fiber(0);
	a->has_place = false;
	pier__annotate_signals_on(&a->signals);
#endif
#if defined(PIER__VALGRIND)
	a->stack_id = VALGRIND_STACK_REGISTER(bottom, (char *)bottom + size);
#endif
}

/* The fiber is gone, and we are on another stack. */
static inline void
pier__annotate_dead(struct pier__annotation *a)
{
	(void)a;
#if defined(PIER__TSAN)
	pier__annotate_signals_off(&a->signals);
	__tsan_destroy_fiber(a->fiber);
	pier__annotate_signals_on(&a->signals);
#endif
#if defined(PIER__VALGRIND)
	VALGRIND_STACK_DEREGISTER(a->stack_id);
#endif
}

/* A thread becomes host of a scheduler. */
static inline void
pier__annotate_host(struct pier__annotation *a)
{
	(void)a;
#if defined(PIER__TSAN)
	pier__annotate_signals_off(&a->signals);
	a->fiber = __tsan_get_current_fiber();
	a->has_place = false;
	pier__annotate_place(a);
	pier__annotate_signals_on(&a->signals);
#endif
}

/*
 * Around a fork: before it, then in the parent or in the child. The thread
 * sanitizer takes fibers for threads, so that each fork has left others behind:
 * in the child it looks no more at what the one does that forked, nor hears of
 * what that hands over, and of all others says that they race with it. So in the
 * child that fiber goes on as another one, which has seen all that it had seen.
 * Inline, and by a function that never returns: the sanitizer counts calls.
 * Between the first of these and the fork it must touch nothing.
 */
static inline void
pier__annotate_fork(struct pier__annotation *a)
{
	(void)a;
#if defined(PIER__TSAN)
	pier__annotate_signals_off(&a->signals);
	a->twin = __tsan_create_fiber(0);
	pier__annotate_signals_on(&a->signals);
	__tsan_release(a);
#endif
}

static inline void
pier__annotate_fork_parent(struct pier__annotation *a)
{
	(void)a;
#if defined(PIER__TSAN)
	pier__annotate_signals_off(&a->signals);
	__tsan_destroy_fiber(a->twin);
	pier__annotate_signals_on(&a->signals);
#endif
}

static inline __attribute__((always_inline)) void
pier__annotate_fork_child(struct pier__annotation *a)
{
	(void)a;
#if defined(PIER__TSAN)
	pier__annotate_signals_off(&a->signals);
	__tsan_switch_to_fiber(a->twin, __tsan_switch_to_fiber_no_sync);
	__tsan_acquire(a);
	a->fiber = a->twin;
	a->has_place = false;
	pier__annotate_place(a);
	pier__annotate_signals_on(&a->signals);
#endif
}

/* Right before a switch; `last`: `from` never runs again. */
static inline void
pier__annotate_leave(struct pier__annotation *from,
	const struct pier__annotation *to, bool last)
{
	(void)from;
	(void)to;
	(void)last;
#if defined(PIER__ASAN)
	__sanitizer_start_switch_fiber(
		last ? NULL : &from->fake_stack, to->bottom, to->size);
#endif
#if defined(PIER__TSAN)
	pier__annotate_signals_off(&from->signals);
	__tsan_switch_to_fiber(to->fiber, 0);
#endif
}

/* Right after a switch, as `self` again or for the first time. The bounds of
   a thread's own stack are known to the sanitizer only, hence `from`. */
static inline void
pier__annotate_arrive(
	struct pier__annotation *self, struct pier__annotation *from)
{
	(void)self;
	(void)from;
#if defined(PIER__ASAN)
	__sanitizer_finish_switch_fiber(
		self->fake_stack, &from->bottom, &from->size);
#endif
#if defined(PIER__TSAN)
	pier__annotate_place(self);
	pier__annotate_signals_on(&from->signals);
#endif
}

#endif
