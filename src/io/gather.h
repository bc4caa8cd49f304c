/* SPDX-License-Identifier: MIT */
/*
 * io/gather.h - gathered writes: bytes that wait for their task to wait.
 *
 * Small writes go to a buffer. When the task that filled it is about to wait
 * for anything, the buffer is sent once, without waiting; what the socket does
 * not take stays, and the engine sends on at the next writable event. A reply
 * of many small writes is so one system call, and no call waits for another's
 * bytes or fails by them: an error stays here until the stream asks.
 *
 * What is on a task's list or with a task's engine is in the hands of that
 * one's thread: nobody else may touch it, for the thread may be about to send.
 *
 * Invariants:
 *   1. hook is on its task's before_wait list exactly while bytes were added
 *      since the last attempt to send; data is not NULL then;
 *   2. `watcher` is the engine that watches for room on behalf of this buffer,
 *      or NULL;
 *   3. `holder` is the thread of that task or that engine while there is one,
 *      else NULL. To clear it is the last thing that its thread does here.
 */
#ifndef PIER_IO_GATHER_H
#define PIER_IO_GATHER_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "io/desc.h"
#include "task/sched.h"

/* Which thread this is: an address that no two of them share. */
static inline const void *
pier__thread_mark(void)
{
	return &pier__current;
}

/* Past this many bytes the call that fills it waits for room. */
#define PIER__GATHER_MAX 16384

/* What every message touches comes first, in one cache line. */
struct pier__gather {
	struct pier__before_wait hook;
	unsigned char *data; /* PIER__GATHER_MAX bytes; NULL while empty */
	uint32_t begin;
	uint32_t end;
	struct pier__engine *watcher;
	_Atomic(const void *) holder; /* see pier__thread_mark() */
	int error;                    /* the first one met; sending has ended */

	/* One attempt to send; bytes or -errno; -EAGAIN: no room. */
	ssize_t (*send)(struct pier__gather *it, const void *buf, size_t size);
	void *owner;             /* for send */
	struct pier__desc *desc; /* whose writable events send on */
};

/* A new empty one. 0 or -ENOMEM. */
int pier__gather_open(struct pier__gather **out, struct pier__desc *desc,
	ssize_t (*send)(struct pier__gather *, const void *, size_t),
	void *owner);

/* Bytes in it. */
static inline size_t
pier__gather_size(const struct pier__gather *it)
{
	return it->end - it->begin;
}

/* Is it in the hands of another thread? */
static inline bool
pier__gather_is_elsewhere(struct pier__gather *it)
{
	const void *holder =
		atomic_load_explicit(&it->holder, memory_order_acquire);

	return holder != NULL && holder != pier__thread_mark();
}

/* Add what there is room for; it goes before self's next wait. How many bytes
   were taken, 0 to size, or -ENOMEM. */
ssize_t pier__gather_add(struct pier__gather *it, struct pier__task *self,
	const void *buf, size_t size);

/* The same in two steps, for who writes where the bytes will lie. Room for size
   of them, or for more: 1: *out; 0: so much has to go first; or -ENOMEM. */
int pier__gather_room(
	struct pier__gather *it, size_t size, unsigned char **out);

/* It is on self's list, behind all others. */
static inline void
pier__gather_hand_over(struct pier__gather *it, struct pier__task *self)
{
	pier__list_remove(&it->hook.node);
	pier__list_push_back(&self->before_wait, &it->hook.node);
	atomic_store_explicit(
		&it->holder, pier__thread_mark(), memory_order_relaxed);
}

/* The one that was added to last by self? */
static inline bool
pier__gather_is_last(
	const struct pier__gather *it, const struct pier__task *self)
{
	static_assert(offsetof(struct pier__gather, hook.node) == 0,
		"no look whether there is one");
	return (const void *)self->before_wait.prev == (const void *)it;
}

/* size bytes were written there; they go before self's next wait. */
static inline void
pier__gather_added(
	struct pier__gather *it, struct pier__task *self, size_t size)
{
	it->end += (uint32_t)size;
	/* Mostly the same task added the last ones too. */
	if (self->before_wait.prev != &it->hook.node)
		pier__gather_hand_over(it, self);
}

/* One attempt for all of it. 0: empty now; -EAGAIN: some stays; or it->error. */
int pier__gather_send(struct pier__gather *it);

/* All of it was sent, by who did it himself, a fiber of sched; nobody watches for
   room. A reply takes a buffer and gives it back: a scheduler keeps one at hand. */
static inline __attribute__((always_inline)) void
pier__gather_sent(struct pier__gather *it, struct pier__sched *sched)
{
	pier__list_remove(&it->hook.node);
	if (__builtin_expect(sched->gathering == NULL, 1))
		sched->gathering = it->data;
	else
		pier__free(it->data);
	it->data = NULL;
	it->begin = 0;
	it->end = 0;
	atomic_store_explicit(&it->holder, NULL, memory_order_release);
}

/* The other way round: `it`, which nobody holds, is empty; self adds to it, its
   first byte at it->data, by pier__gather_added(). False: no memory. */
static inline __attribute__((always_inline)) bool
pier__gather_begin(struct pier__gather *it, struct pier__task *self)
{
	struct pier__sched *sched = self->sched;
	unsigned char *out;

	if (__builtin_expect(sched != NULL && sched->gathering != NULL, 1)) {
		it->data = sched->gathering;
		sched->gathering = NULL;
	} else if (pier__gather_room(it, PIER__GATHER_MAX, &out) < 0) {
		return false;
	}
	pier__gather_hand_over(it, self);
	return true;
}

/* For engines: is desc to be watched for room until its gathered bytes have
   gone, whoever else waits, or no longer does? And: the engine closes. */
bool pier__gather_is_watched(
	const struct pier__desc *desc, const struct pier__engine *engine);
void pier__gather_unwatched(
	struct pier__desc *desc, const struct pier__engine *engine);

/* Nobody sends on any more. Frees it; NULL is fine. */
void pier__gather_close(struct pier__gather *it);

#endif
