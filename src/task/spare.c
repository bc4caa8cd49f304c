/* SPDX-License-Identifier: MIT */
/* task/spare.c - see spare.h. */
#include "task/spare.h"

#include <stdint.h>
#include <string.h>

#include "task/annotate.h"
#include "task/run.h"
#include "task/sched.h"

#if defined(PIER__ASAN)
#define KEEPS false
#else
#define KEEPS true
#endif

static inline struct pier__spares *
spares_of(struct pier__task *self)
{
	struct pier__thread *thread;

	if (self == NULL)
		return NULL;
	if (self->sched != NULL)
		return &self->sched->spares;
	thread = pier__thread_that_keeps(self);
	return thread != NULL ? &thread->spares : NULL;
}

PIER__HOT void *
pier__spare_get(size_t size)
{
	struct pier__spares *spares = spares_of(pier__current);
	void *object;

	if (!KEEPS || size > PIER__SPARE_SIZE)
		return pier__alloc_object(size);
	if (spares == NULL || spares->first == NULL)
		object = pier__alloc_lines(PIER__SPARE_SIZE);
	else {
		object = spares->first;
		memcpy(&spares->first, object, sizeof(spares->first));
		spares->count--;
	}
	return object == NULL ? NULL : memset(object, 0, size);
}

static inline bool
is_near(const struct pier__task *self, const void *object)
{
	return self != NULL && self->sched != NULL &&
	       (uintptr_t)object - (uintptr_t)self->sched->near <
		       sizeof(self->sched->near);
}

bool
pier__spare_is_near(const void *object)
{
	return is_near(pier__current, object);
}

PIER__HOT void *
pier__spare_get_near(size_t size)
{
	struct pier__task *self = pier__current;
	struct pier__sched *sched = self != NULL ? self->sched : NULL;
	int i;

	for (i = 0; KEEPS && sched != NULL && size <= PIER__SPARE_SIZE &&
		    i < PIER__NEAR_MAX;
		i++) {
		if ((sched->near_taken & 1u << i) != 0)
			continue;
		sched->near_taken |= 1u << i;
		return memset(&sched->near[i], 0, size);
	}
	return pier__spare_get(size);
}

PIER__HOT void
pier__spare_put(void *object, size_t size)
{
	struct pier__task *self = pier__current;
	struct pier__spares *spares = spares_of(self);

	if (__builtin_expect(is_near(self, object), 0)) {
		struct pier__sched *sched = self->sched;
		const struct pier__near *place = object;

		sched->near_taken &= ~(1u << (place - sched->near));
		return;
	}
	if (!KEEPS || size > PIER__SPARE_SIZE || spares == NULL ||
		spares->count == PIER__SPARES_MAX) {
		pier__free(object);
		return;
	}
	memcpy(object, &spares->first, sizeof(spares->first));
	spares->first = object;
	spares->count++;
}

void
pier__spares_move(struct pier__spares *from)
{
	struct pier__spares *to = spares_of(pier__current);

	while (from->first != NULL && to != NULL &&
		to->count < PIER__SPARES_MAX) {
		void *object = from->first;

		memcpy(&from->first, object, sizeof(from->first));
		from->count--;
		memcpy(object, &to->first, sizeof(to->first));
		to->first = object;
		to->count++;
	}
}

void
pier__spares_free(struct pier__spares *spares)
{
	while (spares->first != NULL) {
		void *object = spares->first;

		memcpy(&spares->first, object, sizeof(spares->first));
		pier__free(object);
	}
	spares->count = 0;
}
