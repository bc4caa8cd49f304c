/* SPDX-License-Identifier: MIT */
/* io/gather.c - see gather.h. */
#include "io/gather.h"

#include <errno.h>
#include <string.h>

/* The engine watches for room on behalf of the buffer, or no longer. */
static void
watch(struct pier__gather *it, bool on)
{
	struct pier__engine *engine;
	struct pier__task *self = pier__current;

	if (it->blocked == on || self == NULL)
		return;
	engine = pier__task_engine(self);
	if (engine == NULL)
		return;
	if (!on) {
		it->blocked = false;
		engine->ops->rest(engine, it->desc, PIER__OUT);
		return;
	}
	/* Without a watch the bytes go with the next attempt of the task. */
	if (engine->ops->add(engine, it->desc, PIER__OUT) == 0)
		it->blocked = true;
}

int
pier__gather_send(struct pier__gather *it)
{
	while (it->begin < it->end && it->error == 0) {
		ssize_t n =
			it->send(it, it->data + it->begin, it->end - it->begin);

		if (n == -EAGAIN) {
			watch(it, true);
			return -EAGAIN;
		}
		if (n < 0)
			it->error = (int)n;
		else
			it->begin += (uint32_t)n;
	}
	watch(it, false);
	if (it->begin == it->end) {
		it->begin = 0;
		it->end = 0;
	}
	return it->error;
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

	if (it != NULL && it->blocked)
		(void)pier__gather_send(it);
}

int
pier__gather_open(struct pier__gather **out, struct pier__desc *desc,
	ssize_t (*send)(struct pier__gather *, const void *, size_t),
	void *owner)
{
	struct pier__gather *it = pier__alloc(sizeof(*it));

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

size_t
pier__gather_add(struct pier__gather *it, struct pier__task *self,
	const void *buf, size_t size)
{
	size_t room = sizeof(it->data) - it->end;

	if (room < size && it->begin > 0) {
		memmove(it->data, it->data + it->begin, it->end - it->begin);
		it->end -= it->begin;
		it->begin = 0;
		room = sizeof(it->data) - it->end;
	}
	if (size > room)
		size = room;
	memcpy(it->data + it->end, buf, size);
	it->end += (uint32_t)size;
	pier__list_remove(&it->hook.node);
	pier__list_push_back(&self->before_wait, &it->hook.node);
	return size;
}

void
pier__gather_close(struct pier__gather *it)
{
	if (it == NULL)
		return;
	pier__list_remove(&it->hook.node);
	watch(it, false);
	it->desc->on_writable = NULL;
	it->desc->gather = NULL;
	pier__free(it);
}
