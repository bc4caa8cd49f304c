/* SPDX-License-Identifier: MIT */
/*
 * io/plain.c - the engine of a thread: ppoll over what it waits for now, and
 * over streams whose gathered bytes are still to go.
 *
 * Level-triggered and without memory between waits, so a descriptor may be
 * read by one thread and written by another, each with its own engine.
 */
#include "io/engine.h"

#include <errno.h>

#include "base/list.h"
#include "io/desc.h"
#include "io/gather.h"
#include "os/calls.h"

struct entry {
	struct pier__desc *desc;
	unsigned what;
};

struct plain_engine {
	struct pier__engine engine;
	struct entry *entries;
	struct pollfd *fds; /* one more than entries: the wake-up */
	uint32_t count;
	uint32_t capacity;
};

static struct plain_engine *
of(struct pier__engine *engine)
{
	return pier__container_of(engine, struct plain_engine, engine);
}

static int
grow(struct plain_engine *it)
{
	uint32_t capacity = it->capacity == 0 ? 4 : it->capacity * 2;
	struct entry *entries;
	struct pollfd *fds;

	entries = pier__resize(it->entries, capacity * sizeof(*entries));
	if (entries == NULL)
		return -ENOMEM;
	it->entries = entries;
	fds = pier__resize(it->fds, (capacity + 1) * sizeof(*fds));
	if (fds == NULL)
		return -ENOMEM;
	it->fds = fds;
	it->capacity = capacity;
	return 0;
}

static struct entry *
find(struct plain_engine *it, const struct pier__desc *desc)
{
	uint32_t i;

	for (i = 0; i < it->count; i++) {
		if (it->entries[i].desc == desc)
			return &it->entries[i];
	}
	return NULL;
}

static int
plain_add(struct pier__engine *engine, struct pier__desc *desc, unsigned what)
{
	struct plain_engine *it = of(engine);
	struct entry *entry = find(it, desc);

	if (entry == NULL) {
		if (it->count == it->capacity) {
			int rc = grow(it);

			if (rc < 0)
				return rc;
		}
		entry = &it->entries[it->count++];
		*entry = (struct entry){ .desc = desc };
	}
	entry->what |= what;
	return 0;
}

static void
plain_rest(struct pier__engine *engine, struct pier__desc *desc, unsigned what)
{
	struct plain_engine *it = of(engine);
	struct entry *entry = find(it, desc);

	if (entry == NULL)
		return;
	/* A writer's wait is over, that of what was gathered before is not. */
	if ((what & PIER__OUT) != 0 && pier__gather_is_watched(desc, engine))
		what &= ~(unsigned)PIER__OUT;
	entry->what &= ~what;
	if (entry->what == 0)
		*entry = it->entries[--it->count];
}

static void
plain_forget(struct pier__engine *engine, struct pier__desc *desc)
{
	plain_rest(engine, desc, PIER__IN | PIER__OUT);
}

static uint32_t
fill(struct plain_engine *it)
{
	uint32_t i;

	for (i = 0; i < it->count; i++) {
		short events = 0;

		if ((it->entries[i].what & PIER__IN) != 0)
			events |= POLLIN | POLLPRI | POLLRDHUP;
		if ((it->entries[i].what & PIER__OUT) != 0)
			events |= POLLOUT;
		it->fds[i] = (struct pollfd){ .fd = it->entries[i].desc->fd,
			.events = events };
	}
	if (it->engine.wake_fd >= 0)
		it->fds[i++] = (struct pollfd){ .fd = it->engine.wake_fd,
			.events = POLLIN };
	return i;
}

/* Backwards: taking an event may take its entry off, in whose place the last
   one moves. */
static void
take(struct plain_engine *it, uint32_t count)
{
	while (count-- > 0) {
		short got = it->fds[count].revents;
		unsigned what = 0;
		struct entry entry;

		if (got == 0 || count >= it->count)
			continue;
		entry = it->entries[count];
		if ((got & (POLLIN | POLLPRI | POLLRDHUP)) != 0)
			what |= PIER__IN;
		if ((got & POLLOUT) != 0)
			what |= PIER__OUT;
		if ((got & (POLLHUP | POLLERR | POLLNVAL)) != 0)
			what |= PIER__IN | PIER__OUT;
		pier__desc_event(entry.desc, what & entry.what,
			(got & ~(POLLIN | POLLOUT)) != 0);
	}
}

static int
plain_wait(struct pier__engine *engine, int64_t timeout_ns)
{
	struct plain_engine *it = of(engine);
	uint32_t count;
	uint32_t own = it->count;
	int n;

	if (it->capacity == 0 && grow(it) < 0)
		return -ENOMEM;
	count = fill(it);
	n = pier__calls()->poll(it->fds, count, timeout_ns);
	if (n <= 0)
		return n;
	if (count > own && it->fds[own].revents != 0) {
		uint64_t ignored;

		(void)pier__calls()->read(
			it->engine.wake_fd, &ignored, sizeof(ignored));
	}
	take(it, own);
	return 0;
}

static int
plain_wakeable(struct pier__engine *engine)
{
	struct plain_engine *it = of(engine);
	int fd;

	if (it->engine.wake_fd >= 0)
		return 0;
	fd = pier__calls()->eventfd();
	if (fd < 0)
		return fd;
	it->engine.wake_fd = fd;
	return 0;
}

static void
plain_wake(struct pier__engine *engine)
{
	/* Full means that a wake-up is due already. */
	(void)pier__calls()->eventfd_wake(engine->wake_fd);
}

static void
plain_close(struct pier__engine *engine)
{
	struct plain_engine *it = of(engine);
	uint32_t i;

	/* What is still gathered is sent by whoever uses the stream next. */
	for (i = 0; i < it->count; i++)
		pier__gather_unwatched(it->entries[i].desc, engine);
	pier__close(it->engine.wake_fd);
	pier__free(it->entries);
	pier__free(it->fds);
	pier__free(it);
}

static const struct pier__engine_ops plain_ops = {
	.add = plain_add,
	.rest = plain_rest,
	.forget = plain_forget,
	.wait = plain_wait,
	.wakeable = plain_wakeable,
	.wake = plain_wake,
	.close = plain_close,
	.forked = plain_close,
};

int
pier__engine_plain(struct pier__engine **out)
{
	struct plain_engine *it = pier__alloc(sizeof(*it));

	if (it == NULL)
		return -ENOMEM;
	it->engine.ops = &plain_ops;
	it->engine.wake_fd = -1;
	*out = &it->engine;
	return 0;
}
