/* SPDX-License-Identifier: MIT */
/*
 * io/epoll.c - the engine of fibers: epoll, edge-triggered.
 *
 * Each descriptor is added once, at the first wait for it. An event carries
 * the descriptor's slot and the slot's generation, never a pointer: an event
 * for a descriptor that has been forgotten since finds another generation and
 * is dropped. Invariants:
 *   1. slots[desc->slot - 1].desc == desc for every desc that a fiber has used;
 *      it is in the set when its interest is not 0;
 *   2. a slot's generation goes up whenever its descriptor is forgotten.
 */
#include "io/engine.h"

#include <errno.h>
#include <stddef.h>

#include "base/fetch.h"
#include "base/list.h"
#include "io/desc.h"
#include "io/gather.h"
#include "os/calls.h"
#include "os/closing.h"

/* So few that what is fetched ahead for the last should still be in the
   second-level cache when its turn comes, after the kernel's work for all
   others. */
#define EVENTS_MAX 64

/* Slots at first. malloc puts its small pieces in order before it gives a large
   one: in the child of a fork each of many pages would be copied for that. */
#define SLOTS_FIRST 16

/* Events of no slot, by what stands in place of the generation. */
enum {
	EVENT_WAKE,
	EVENT_ALARM
};

struct slot {
	struct pier__desc *desc;
	uint32_t generation;
	uint32_t next_free; /* slot number + 1, when desc is NULL */
};

struct epoll_engine {
	struct pier__engine engine;
	int epfd;
	int alarm_fd; /* -1: could not be had */
	struct slot *slots;
	uint32_t count;
	uint32_t capacity;
	uint32_t free; /* slot number + 1; 0: none */
	struct epoll_event events[EVENTS_MAX];
	bool placed; /* in memory of who opened it */
	/* Of one that was renewed: who is called at the first wait. */
	void (*first)(void *arg);
	void *first_arg;
};

static struct epoll_engine *
of(struct pier__engine *engine)
{
	return pier__container_of(engine, struct epoll_engine, engine);
}

PIER__HOT static int
slot_get(struct epoll_engine *it, uint32_t *out)
{
	if (it->free != 0) {
		*out = it->free;
		it->free = it->slots[*out - 1].next_free;
		return 0;
	}
	if (it->count == it->capacity) {
		uint32_t capacity =
			it->capacity == 0 ? SLOTS_FIRST : it->capacity * 2;
		struct slot *slots =
			pier__resize(it->slots, capacity * sizeof(*slots));

		if (slots == NULL)
			return -ENOMEM;
		it->slots = slots;
		it->capacity = capacity;
	}
	it->slots[it->count] = (struct slot){ 0 };
	*out = ++it->count;
	return 0;
}

PIER__HOT static void
slot_put(struct epoll_engine *it, uint32_t slot)
{
	it->slots[slot - 1].desc = NULL;
	it->slots[slot - 1].generation++;
	it->slots[slot - 1].next_free = it->free;
	it->free = slot;
}

static int
control(struct epoll_engine *it, int op, const struct pier__desc *desc,
	unsigned interest)
{
	struct epoll_event event = { .events =
					     EPOLLET | EPOLLRDHUP | EPOLLPRI };

	if ((interest & PIER__IN) != 0)
		event.events |= EPOLLIN;
	if ((interest & PIER__OUT) != 0)
		event.events |= EPOLLOUT;
	/* All that may go with it; who waits looks for nothing else. */
	if (desc->shared)
		event.events = EPOLLET | EPOLLEXCLUSIVE | EPOLLIN;
	event.data.u64 = (uint64_t)it->slots[desc->slot - 1].generation << 32 |
			 desc->slot;
	return pier__calls()->epoll_ctl(it->epfd, op, desc->fd, &event);
}

/* A TCP socket reports room only after it was full, so both directions cost
   nothing. Others report room whenever the peer has taken something: they are
   watched for it only once somebody waited to write. */
static unsigned
first_interest(const struct pier__desc *desc, unsigned what)
{
	return desc->kind == PIER__DESC_TCP ? PIER__IN | PIER__OUT : what;
}

PIER__HOT static int
epoll_note(struct pier__engine *engine, struct pier__desc *desc)
{
	struct epoll_engine *it = of(engine);
	int rc = desc->slot != 0 ? 0 : slot_get(it, &desc->slot);

	if (rc == 0)
		it->slots[desc->slot - 1].desc = desc;
	return rc;
}

static int
epoll_add(struct pier__engine *engine, struct pier__desc *desc, unsigned what)
{
	struct epoll_engine *it = of(engine);
	unsigned interest = desc->interest | what;
	bool noted = desc->slot != 0;
	int rc;

	if (desc->interest != 0) {
		if (interest == desc->interest)
			return 0;
		rc = control(it, EPOLL_CTL_MOD, desc, interest);
		if (rc == 0)
			desc->interest = (uint8_t)interest;
		return rc;
	}
	rc = epoll_note(engine, desc);
	if (rc < 0)
		return rc;
	interest = first_interest(desc, what);
	rc = control(it, EPOLL_CTL_ADD, desc, interest);
	if (rc == 0) {
		desc->interest = (uint8_t)interest;
		return 0;
	}
	if (!noted) {
		slot_put(it, desc->slot);
		desc->slot = 0;
	}
	/* Somebody waits for this number already. */
	if (rc == -EEXIST)
		return -EBUSY;
	if (rc != -EPERM)
		return rc;
	/* A regular file or directory: never "not ready". */
	PIER__NOTE(desc->readable, true);
	PIER__NOTE(desc->writable, true);
	return 0;
}

static void
epoll_rest(struct pier__engine *engine, struct pier__desc *desc, unsigned what)
{
	/* It stays in the set: the next wait finds it there. */
	(void)engine;
	(void)desc;
	(void)what;
}

PIER__HOT static void
epoll_forget(struct pier__engine *engine, struct pier__desc *desc)
{
	struct epoll_engine *it = of(engine);

	if (desc->slot == 0)
		return;
	/* Closing would take it out too, but not while another process or a
	   duplicate holds the same socket. */
	if (desc->interest != 0)
		(void)pier__calls()->epoll_ctl(
			it->epfd, EPOLL_CTL_DEL, desc->fd, NULL);
	slot_put(it, desc->slot);
	desc->slot = 0;
	desc->interest = 0;
}

static void
woken(struct epoll_engine *it)
{
	uint64_t count;

	/* Only the emptying counts. */
	(void)pier__calls()->read(it->engine.wake_fd, &count, sizeof(count));
}

/*
 * There is room, and nobody waits for it. A socket that is not TCP tells of room
 * after every message that has left, so each of them would end the engine's
 * sleep: until somebody waits to write again it is watched for the rest alone.
 * That costs a call at the first event in vain and none at the waits themselves,
 * of which a flood has many.
 */
static void
event_in_vain(struct epoll_engine *it, struct pier__desc *desc)
{
	unsigned left = desc->interest & ~(unsigned)PIER__OUT;

	if (desc->kind == PIER__DESC_TCP || PIER__LOOK(desc->writer) != NULL ||
		(desc->interest & PIER__OUT) == 0 ||
		pier__gather_is_watched(desc, &it->engine))
		return;
	/* If the kernel refuses, it is watched as before. */
	if (control(it, left != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_DEL, desc,
		    left) == 0)
		desc->interest = (uint8_t)left;
}

PIER__HOT static void
event_take(struct epoll_engine *it, const struct epoll_event *event)
{
	uint32_t number = (uint32_t)event->data.u64;
	const struct slot *slot;

	if (number == 0) {
		/* That of an alarm is an edge: there is nothing to take. */
		if (event->data.u64 >> 32 == EVENT_WAKE)
			woken(it);
		return;
	}
	slot = &it->slots[number - 1];
	if (slot->desc == NULL ||
		slot->generation != (uint32_t)(event->data.u64 >> 32))
		return;
	if (__builtin_expect(event->events == EPOLLOUT, 0))
		event_in_vain(it, slot->desc);
	pier__desc_epoll_event(slot->desc, event->events);
}

static inline const struct pier__desc *
desc_of(const struct epoll_engine *it, int i)
{
	uint32_t number = (uint32_t)it->events[i].data.u64;

	return number != 0 ? it->slots[number - 1].desc : NULL;
}

/* With thousands of descriptors none of what an event leads to is in the cache
   any more: the descriptor and what it is part of, then the task that waits. All
   of a kind are sent for before the first is looked at, so that the waits for
   memory overlap. */
static inline void
fetch(const struct epoll_engine *it, int n)
{
	const struct pier__desc *desc;
	int i;

	for (i = 0; i < n; i++) {
		desc = desc_of(it, i);
		/* With the stream that it is part of, which begins before. */
		if (desc != NULL)
			pier__fetch_lines((const char *)desc - 32, 2);
	}
	for (i = 0; i < n; i++) {
		desc = desc_of(it, i);
		if (desc != NULL && desc->reader != NULL)
			pier__fetch_lines(desc->reader, 2);
	}
}

PIER__HOT static int
epoll_wait_events(struct pier__engine *engine, int64_t timeout_ns)
{
	struct epoll_engine *it = of(engine);
	int n = pier__calls()->epoll_wait(
		it->epfd, it->events, EVENTS_MAX, timeout_ns);
	int i;

	fetch(it, n);
	for (i = 0; i < n; i++)
		event_take(it, &it->events[i]);
	return n < 0 ? n : 0;
}

/* Opened with the engine, so that no wait changes what is open. */
static void
alarm_open(struct epoll_engine *it)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET,
		.data = { .u64 = (uint64_t)EVENT_ALARM << 32 } };
	int fd = pier__calls()->timerfd();

	if (fd >= 0 && pier__calls()->epoll_ctl(
			       it->epfd, EPOLL_CTL_ADD, fd, &event) < 0) {
		pier__close(fd);
		fd = -1;
	}
	it->alarm_fd = fd < 0 ? -1 : fd;
}

static int
epoll_alarm(struct pier__engine *engine, int64_t at)
{
	struct epoll_engine *it = of(engine);

	if (it->alarm_fd < 0)
		return -ENOSYS;
	return pier__calls()->timerfd_set(it->alarm_fd, at);
}

static int
epoll_wakeable(struct pier__engine *engine)
{
	struct epoll_engine *it = of(engine);
	struct epoll_event event = { .events = EPOLLIN,
		.data = { .u64 = (uint64_t)EVENT_WAKE << 32 } };
	int rc;

	if (it->engine.wake_fd >= 0)
		return 0;
	rc = pier__calls()->eventfd();
	if (rc < 0)
		return rc;
	it->engine.wake_fd = rc;
	rc = pier__calls()->epoll_ctl(
		it->epfd, EPOLL_CTL_ADD, it->engine.wake_fd, &event);
	if (rc < 0) {
		pier__close(it->engine.wake_fd);
		it->engine.wake_fd = -1;
	}
	return rc;
}

static void
epoll_wake(struct pier__engine *engine)
{
	/* Full means that a wake-up is due already. */
	(void)pier__calls()->eventfd_wake(engine->wake_fd);
}

/* Streams may outlive the run that used them: they start anew; all, or those
   that are of use to the child of a fork. */
PIER__HOT static void
let_go(struct epoll_engine *it, bool all)
{
	uint32_t i;

	for (i = 0; i < it->count; i++) {
		struct pier__desc *desc = it->slots[i].desc;

		if (desc != NULL && (all || !desc->left)) {
			pier__gather_unwatched(desc, &it->engine);
			desc->slot = 0;
			desc->interest = 0;
			desc->owner = NULL;
		}
	}
}

static void
epoll_forked(struct pier__engine *engine)
{
	struct epoll_engine *it = of(engine);

	let_go(it, true);
	pier__close(it->engine.wake_fd);
	pier__close(it->alarm_fd);
	pier__close(it->epfd);
}

static void
epoll_close(struct pier__engine *engine)
{
	struct epoll_engine *it = of(engine);

	epoll_forked(engine);
	pier__free(it->slots);
	if (!it->placed)
		pier__free(it);
}

static const struct pier__engine_ops epoll_ops; /* below */

static int
open_set(struct epoll_engine *it)
{
	it->epfd = pier__calls()->epoll_create();
	if (it->epfd < 0)
		return it->epfd;
	alarm_open(it);
	return 0;
}

/*
 * The child of a fork mostly serves its one connection and never waits for it
 * but in the call that receives. So it opens nothing before the first wait that
 * needs it: until then these stand in, at no cost for those that need it not.
 */
/* Nothing has to be let go by an engine that ends with its process. */
PIER__HOT static int
renewed_note(struct pier__engine *engine, struct pier__desc *desc)
{
	(void)engine;
	(void)desc;
	return 0;
}

static int
renewed_add(struct pier__engine *engine, struct pier__desc *desc, unsigned what)
{
	struct epoll_engine *it = of(engine);
	int rc = it->epfd >= 0 ? 0 : open_set(it);

	return rc < 0 ? rc : epoll_add(engine, desc, what);
}

/* By the caller's lock nobody wakes it meanwhile. */
static int
renewed_wakeable(struct pier__engine *engine)
{
	struct epoll_engine *it = of(engine);
	int rc = it->epfd >= 0 ? 0 : open_set(it);

	if (rc == 0)
		rc = epoll_wakeable(engine);
	if (rc == 0)
		engine->ops = &epoll_ops;
	return rc;
}

/* How soon it is tried again when it cannot be opened. */
#define LOOK_NS INT64_C(20000000)

static int
renewed_wait(struct pier__engine *engine, int64_t timeout_ns)
{
	struct epoll_engine *it = of(engine);

	it->first(it->first_arg);
	if (engine->ops == &epoll_ops)
		return 0;
	if (timeout_ns < 0 || timeout_ns > LOOK_NS)
		timeout_ns = LOOK_NS;
	/* There may be a set, and only what wakes it be wanting. */
	if (it->epfd >= 0)
		return epoll_wait_events(engine, timeout_ns);
	return timeout_ns == 0 ? 0 : pier__calls()->poll(NULL, 0, timeout_ns);
}

/* The note that was left is looked at after the wait that is none. */
static void
renewed_wake(struct pier__engine *engine)
{
	(void)engine;
}

static const struct pier__engine_ops renewed_ops = {
	.note = renewed_note,
	.add = renewed_add,
	.rest = epoll_rest,
	.forget = epoll_forget,
	.wait = renewed_wait,
	.wakeable = renewed_wakeable,
	.wake = renewed_wake,
	.close = epoll_close,
	.forked = epoll_forked,
};

PIER__HOT static void
epoll_renew(struct pier__engine *engine, struct pier__closing *closing,
	void (*first)(void *arg), void *arg)
{
	struct epoll_engine *it = of(engine);

	let_go(it, false);
	pier__closing_add(closing, it->epfd);
	it->epfd = -1;
	pier__closing_add(closing, it->alarm_fd);
	it->alarm_fd = -1;
	pier__closing_add(closing, engine->wake_fd);
	engine->wake_fd = -1;
	it->count = 0;
	it->free = 0;
	it->first = first;
	it->first_arg = arg;
	engine->gathers = 0;
	engine->ops = &renewed_ops;
}

static const struct pier__engine_ops epoll_ops = {
	.note = epoll_note,
	.add = epoll_add,
	.rest = epoll_rest,
	.forget = epoll_forget,
	.wait = epoll_wait_events,
	.alarm = epoll_alarm,
	.wakeable = epoll_wakeable,
	.wake = epoll_wake,
	.close = epoll_close,
	.forked = epoll_forked,
	.renew = epoll_renew,
};

int
pier__engine_epoll(struct pier__engine **out, void *place, size_t size)
{
	bool placed = size >= sizeof(struct epoll_engine);
	struct epoll_engine *it = placed ? place : pier__alloc(sizeof(*it));
	int rc;

	if (it == NULL)
		return -ENOMEM;
	it->placed = placed;
	it->engine.ops = &epoll_ops;
	it->engine.wake_fd = -1;
	rc = open_set(it);
	if (rc < 0) {
		if (!placed)
			pier__free(it);
		return rc;
	}
	*out = &it->engine;
	return 0;
}
