/* SPDX-License-Identifier: MIT */
/* io/gather.c - see gather.h. */
#include "io/gather.h"

#include <errno.h>
#include <string.h>

static unsigned char *
take_buffer(void)
{
	struct pier__task *self = pier__current;
	unsigned char *data;

	if (self == NULL || self->sched == NULL ||
		self->sched->gathering == NULL)
		return pier__alloc_lines(PIER__GATHER_MAX);
	data = self->sched->gathering;
	self->sched->gathering = NULL;
	return data;
}

static void
give_back(unsigned char *data)
{
	struct pier__task *self = pier__current;

	if (data != NULL && self != NULL && self->sched != NULL &&
		self->sched->gathering == NULL)
		self->sched->gathering = data;
	else
		pier__free(data);
}

/* The end of what this thread does with the buffer for now: unless something of
   it is left in its hands, another one may take it up, or free it. */
static void
put_down(struct pier__gather *it)
{
	if (it->watcher == NULL && pier__list_empty(&it->hook.node))
		atomic_store_explicit(&it->holder, NULL, memory_order_release);
}

/* All has gone: a task may wait for long with nothing gathered. */
static inline void
empty(struct pier__gather *it)
{
	give_back(it->data);
	it->data = NULL;
	it->begin = 0;
	it->end = 0;
}

/* No engine watches for room any more. */
static void
unwatch(struct pier__gather *it)
{
	struct pier__engine *watcher = it->watcher;

	/* First: as long as it is set, the engine goes on watching. */
	it->watcher = NULL;
	if (watcher == NULL)
		return;
	watcher->gathers--;
	watcher->ops->rest(watcher, it->desc, PIER__OUT);
}

/* The engine of this task does; no other one's, which may be at rest. */
static void
watch(struct pier__gather *it)
{
	struct pier__task *self = pier__current;
	struct pier__engine *engine =
		self != NULL ? pier__task_engine(self) : NULL;

	/* Without a watch the bytes go with the next attempt of a task. */
	if (engine == NULL || engine == it->watcher ||
		engine->ops->add(engine, it->desc, PIER__OUT) < 0)
		return;
	unwatch(it);
	engine->gathers++;
	it->watcher = engine;
	atomic_store_explicit(
		&it->holder, pier__thread_mark(), memory_order_relaxed);
}

int
pier__gather_send(struct pier__gather *it)
{
	int rc;

	pier__list_remove(&it->hook.node);
	while (it->begin < it->end && it->error == 0) {
		ssize_t n =
			it->send(it, it->data + it->begin, it->end - it->begin);

		if (n == -EAGAIN) {
			watch(it);
			put_down(it);
			return -EAGAIN;
		}
		if (n < 0)
			it->error = (int)n;
		else
			it->begin += (uint32_t)n;
	}
	unwatch(it);
	if (it->begin == it->end)
		empty(it);
	rc = it->error;
	put_down(it);
	return rc;
}

static void
before_wait(struct pier__before_wait *hook)
{
	/* The result stays in the buffer until the stream asks. */
	(void)pier__gather_send(
		pier__container_of(hook, struct pier__gather, hook));
}

static void
on_writable(struct pier__desc *desc)
{
	struct pier__gather *it = desc->gather;

	if (it != NULL && it->watcher != NULL)
		(void)pier__gather_send(it);
}

int
pier__gather_open(struct pier__gather **out, struct pier__desc *desc,
	ssize_t (*send)(struct pier__gather *, const void *, size_t),
	void *owner)
{
	struct pier__gather *it = pier__alloc_object(sizeof(*it));

	if (it == NULL)
		return -ENOMEM;
	pier__list_init(&it->hook.node);
	it->hook.fn = before_wait;
	it->send = send;
	it->owner = owner;
	it->desc = desc;
	desc->gather = it;
	desc->on_writable = on_writable;
	*out = it;
	return 0;
}

int
pier__gather_room(struct pier__gather *it, size_t size, unsigned char **out)
{
	if (it->data == NULL)
		it->data = take_buffer();
	if (it->data == NULL)
		return -ENOMEM;
	if (PIER__GATHER_MAX - it->end < size && it->begin > 0) {
		memmove(it->data, it->data + it->begin, it->end - it->begin);
		it->end -= it->begin;
		it->begin = 0;
	}
	*out = it->data + it->end;
	return PIER__GATHER_MAX - it->end >= size;
}

ssize_t
pier__gather_add(struct pier__gather *it, struct pier__task *self,
	const void *buf, size_t size)
{
	unsigned char *out;
	int rc = pier__gather_room(it, size, &out);

	if (rc < 0)
		return rc;
	if (rc == 0)
		size = PIER__GATHER_MAX - it->end;
	memcpy(out, buf, size);
	pier__gather_added(it, self, size);
	return (ssize_t)size;
}

bool
pier__gather_is_watched(
	const struct pier__desc *desc, const struct pier__engine *engine)
{
	const struct pier__gather *it = desc->gather;

	return it != NULL && it->watcher == engine;
}

void
pier__gather_unwatched(
	struct pier__desc *desc, const struct pier__engine *engine)
{
	struct pier__gather *it = desc->gather;

	if (!pier__gather_is_watched(desc, engine))
		return;
	it->watcher->gathers--;
	it->watcher = NULL;
	put_down(it);
}

void
pier__gather_close(struct pier__gather *it)
{
	if (it == NULL)
		return;
	pier__list_remove(&it->hook.node);
	unwatch(it);
	it->desc->on_writable = NULL;
	it->desc->gather = NULL;
	give_back(it->data);
	pier__free(it);
}
