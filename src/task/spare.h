/* SPDX-License-Identifier: MIT */
/*
 * task/spare.h - objects that come and go with each connection.
 *
 * An allocator that is asked for whole cache lines cuts and mends its blocks
 * each time: that was a third of all instructions from accept to close. A
 * scheduler keeps what one connection leaves for the next, which finds it in
 * the cache. Not under the address sanitizer, which is to see who uses what was
 * given back.
 */
#ifndef PIER_TASK_SPARE_H
#define PIER_TASK_SPARE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All have one size, whatever was asked for; larger objects are not kept. */
#define PIER__SPARE_SIZE 256
#define PIER__SPARES_MAX 128

/* Those of one thread, or its scheduler: the last that came is the first that goes. */
struct pier__spares {
	void *first; /* begins with the address of the next */
	uint32_t count;
};

/*
 * Places beside a scheduler, in the page or two that it lies in, for objects of
 * one of its fibers that are written around each fork: a page that was written
 * before need not be copied again. They last as long as the scheduler, so what
 * lies there is no other thread's.
 */
#define PIER__NEAR_MAX 3

struct pier__near {
	alignas(64) unsigned char object[PIER__SPARE_SIZE];
};

/* Cleared memory that begins a cache line, from any thread; NULL: none. Given
   back by put, or, where nobody will need another, by pier__free(). */
void *pier__spare_get(size_t size);
void pier__spare_put(void *object, size_t size);
/* The same beside the calling fiber's scheduler, as long as there is a place.
   Given back by put, on a fiber of that scheduler. */
void *pier__spare_get_near(size_t size);
/* Does it lie there? */
bool pier__spare_is_near(const void *object);
void pier__spares_free(struct pier__spares *spares);
/* What another thread has left goes to the calling one. */
void pier__spares_move(struct pier__spares *from);

#endif
