/* SPDX-License-Identifier: MIT */
/* io/wait_many.c - see wait_many.h. */
#include "io/wait_many.h"

/* Looks at the wanted directions only: the other may be another thread's. */
static unsigned
ready_of(const struct pier__want *want)
{
	unsigned ready = 0;

	if (PIER__LOOK(want->desc->aborted))
		return want->want;
	if ((want->want & PIER__IN) != 0 && PIER__LOOK(want->desc->readable))
		ready |= PIER__IN;
	if ((want->want & PIER__OUT) != 0 && PIER__LOOK(want->desc->writable))
		ready |= PIER__OUT;
	return ready;
}

static int
count_ready(struct pier__want *list, size_t count)
{
	int ready = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		list[i].ready = ready_of(&list[i]);
		ready += list[i].ready != 0;
	}
	return ready;
}

static void
leave(const struct pier__want *list, size_t count,
	const struct pier__task *self, struct pier__engine *engine)
{
	while (count-- > 0) {
		engine->ops->rest(engine, list[count].desc, list[count].want);
		pier__desc_unmark(list[count].desc, list[count].want, self);
	}
}

static int
enter(const struct pier__want *list, size_t count, struct pier__task *self,
	struct pier__engine *engine)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < count; i++) {
		rc = pier__desc_claim(list[i].desc, self);
		if (rc < 0)
			break;
		/* One may be on the list twice: the task is there already. */
		rc = pier__desc_mark(list[i].desc, list[i].want, self);
		if (rc < 0)
			break;
		rc = engine->ops->add(engine, list[i].desc, list[i].want);
		if (rc < 0) {
			pier__desc_unmark(list[i].desc, list[i].want, self);
			break;
		}
	}
	if (rc < 0)
		leave(list, i, self, engine);
	return rc;
}

int
pier__desc_wait_many(struct pier__want *list, size_t count, const char *why,
	pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	struct pier__engine *engine;
	int ready, rc;

	if (self == NULL)
		return -ENOMEM;
	ready = count_ready(list, count);
	if (ready > 0)
		return ready;
	if (deadline.ns == 0)
		return -EAGAIN;
	engine = pier__task_engine(self);
	if (engine == NULL)
		return -ENOMEM;
	rc = enter(list, count, self, engine);
	if (rc < 0)
		return rc;
	while (rc == 0 && count_ready(list, count) == 0)
		rc = pier__park(
			self, why, count > 0 ? list[0].desc->fd : -1, deadline);
	/* An event may have come with the deadline: it wins. */
	ready = count_ready(list, count);
	leave(list, count, self, engine);
	return ready > 0 ? ready : rc;
}
