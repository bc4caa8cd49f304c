/* SPDX-License-Identifier: MIT */
/*
 * The threads that ask libc for names: the one place where pier calls code that
 * blocks and cannot be interrupted.
 *
 * The pool is process-wide, an exception to the rule that there are no mutable
 * globals: a limit on threads that each scheduler had for itself would be none.
 *
 * Invariants beside those of pool.h:
 *   1. pool.queued is the length of pool.queue;
 *   2. pool.idle = the helpers whose idle is set: these wait for work;
 *      pool.count = these and the busy ones, but not those that stop.
 */
#include "names/pool.h"

#include "names/look.h"

#include "task/task.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

/* glibc's resolver and its nsswitch modules were written for far larger
   stacks than fibers have; only touched pages cost. */
#define STACK_SIZE ((size_t)256 * 1024)

/* Long enough that a burst of look-ups starts each helper once. */
#define IDLE_NS ((int64_t)10 * 1000000000)

/* Twice: those that somebody joins still have theirs while others start. */
#define SLOTS (2 * PIER_RESOLVE_HELPERS)

struct helper {
	pthread_t thread;
	bool used;
	bool idle;
	bool stop; /* somebody is about to join it */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct pier__list asked;
	struct pier__list queue;
	unsigned int queued, idle;
	atomic_uint count; /* by lock; looked at without it */
	int64_t idle_ns;
	struct helper helpers[SLOTS];
} pool = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.work = PTHREAD_COND_INITIALIZER,
	.asked = { &pool.asked, &pool.asked },
	.queue = { &pool.queue, &pool.queue },
	.idle_ns = IDLE_NS,
};

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static int fork_rc;

void
pier__pool_lock(void)
{
	(void)pthread_mutex_lock(&pool.lock);
}

void
pier__pool_unlock(void)
{
	(void)pthread_mutex_unlock(&pool.lock);
}

void
pier__pool_let_go(struct pier__asked *asked)
{
	if (--asked->holders > 0)
		return;
	if (!pier__list_empty(&asked->queue_node))
		pool.queued--;
	pier__list_remove(&asked->queue_node);
	pier__list_remove(&asked->node);
	pier_names_free(asked->names);
	pier__free(asked);
}

/*
 * In the child of a fork only the forking thread exists: what the helpers ran
 * nobody will finish, and the other tasks will never run again. What is held
 * by a task stays in memory as it is, in case its stack is looked at.
 */
static void
empty_in_child(void)
{
	struct pier__list *node, *after;

	pier__list_each_safe(node, after, &pool.asked) {
		struct pier__asked *asked =
			pier__container_of(node, struct pier__asked, node);
		bool runs = pier__list_empty(&asked->queue_node);

		pier__list_remove(&asked->node);
		pier__list_remove(&asked->queue_node);
		asked->done = true;
		asked->rc = -PIER_EAGAINNAME;
		if (runs)
			pier__pool_let_go(asked);
	}
	memset(pool.helpers, 0, sizeof(pool.helpers));
	pool.queued = 0;
	pool.idle = 0;
	pool.count = 0;
	(void)pthread_cond_init(&pool.work, NULL);
	pier__pool_unlock();
}

static void
watch_forks(void)
{
	fork_rc = pthread_atfork(
		pier__pool_lock, pier__pool_unlock, empty_in_child);
}

int
pier__pool_ready(void)
{
	(void)pthread_once(&fork_once, watch_forks);
	return fork_rc == 0 ? 0 : -ENOMEM;
}

static bool
same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

struct pier__asked *
pier__pool_find(
	const struct pier__question *question, const struct pier__calls *calls)
{
	struct pier__list *node;

	pier__list_each(node, &pool.asked) {
		struct pier__asked *asked =
			pier__container_of(node, struct pier__asked, node);
		const struct pier__question *other = &asked->question;

		if (asked->calls == calls &&
			other->family == question->family &&
			other->type == question->type &&
			other->flags == question->flags &&
			other->also == question->also &&
			pier_addr_equal(&other->addr, &question->addr) &&
			same_text(other->host, question->host) &&
			same_text(other->service, question->service))
			return asked;
	}
	return NULL;
}

/* Runs the oldest question as me. The lock is held before and after. */
static void
serve_one(struct pier__task *me)
{
	struct pier__asked *asked = pier__container_of(
		pool.queue.next, struct pier__asked, queue_node);
	struct pier_names *names = NULL;
	struct pier__list *node;
	int rc;

	pier__list_remove(&asked->queue_node);
	pool.queued--;
	asked->holders++;
	pier__pool_unlock();
	me->context.calls = asked->calls;
	pier__current = me;
	rc = pier__names_look_up(&names, &asked->question);
	pier__pool_lock();
	asked->done = true;
	asked->rc = rc;
	asked->names = names;
	pier__list_remove(&asked->node);
	pier__list_each(node, &asked->waiters) {
		pier__wake(pier__container_of(node, struct pier__asker, node)
				   ->task);
	}
	pier__pool_let_go(asked);
	pier__current = NULL;
}

/* By the machine's clock: no task and no simulation waits for this. */
static struct timespec
idle_until(void)
{
	int64_t ns = pier__calls_real.clock_ns() + pool.idle_ns;
	struct timespec until = {
		.tv_sec = (time_t)(ns / 1000000000),
		.tv_nsec = (long)(ns % 1000000000),
	};

	return until;
}

/* Waits until there is a question. False: this helper shall end. */
static bool
wait_for_work(struct helper *self)
{
	struct timespec until = idle_until();
	int rc = 0;

	if (pool.queued > 0)
		return true;
	self->idle = true;
	pool.idle++;
	while (pool.queued == 0 && !self->stop && rc == 0)
		rc = pthread_cond_clockwait(
			&pool.work, &pool.lock, CLOCK_MONOTONIC, &until);
	if (self->stop)
		return false; /* and no longer counted */
	self->idle = false;
	pool.idle--;
	return pool.queued > 0;
}

static void *
help(void *arg)
{
	struct helper *self = arg;
	/* Only its call table counts: a helper waits for no descriptor. */
	struct pier__task me = { .kind = PIER_TASK_THREAD };

	pier__pool_lock();
	while (wait_for_work(self))
		serve_one(&me);
	if (!self->stop) {
		(void)pthread_detach(self->thread);
		pool.count--;
	}
	self->used = false;
	pier__pool_unlock();
	return NULL;
}

static int
start_helper(const struct pier__calls *calls)
{
	struct helper *helper = pool.helpers;
	int rc;

	while (helper < pool.helpers + SLOTS && helper->used)
		helper++;
	if (helper == pool.helpers + SLOTS)
		return -EAGAIN;
	memset(helper, 0, sizeof(*helper));
	rc = calls->thread(NULL, STACK_SIZE, help, helper, &helper->thread);
	if (rc < 0)
		return rc;
	helper->used = true;
	pool.count++;
	return 0;
}

/* Sees that what was just queued will be served. */
static int
call_helper(const struct pier__calls *calls)
{
	int rc;

	if (pool.queued > pool.idle && pool.count < PIER_RESOLVE_HELPERS) {
		rc = start_helper(calls);
		/* Those that are there will come to it. */
		if (pool.count > 0)
			return 0;
		/* -EAGAIN would say that this may be tried with PIER_NOW. */
		return rc == -EAGAIN ? -ENOMEM : rc;
	}
	(void)pthread_cond_signal(&pool.work);
	return 0;
}

int
pier__pool_add(struct pier__asked *asked)
{
	int rc = -PIER_ELIMIT;

	if (pool.queued < PIER_RESOLVE_QUEUE_MAX) {
		pier__list_push_back(&pool.asked, &asked->node);
		pier__list_push_back(&pool.queue, &asked->queue_node);
		pool.queued++;
		rc = call_helper(asked->calls);
	}
	if (rc < 0)
		pier__pool_let_go(asked);
	return rc;
}

unsigned int
pier__names_stop(void)
{
	pthread_t joined[SLOTS];
	unsigned int count = 0, busy, i;

	/* Mostly there are none: before each of many forks no page is written
	   for that, which it would have to copy first. */
	if (atomic_load(&pool.count) == 0)
		return 0;
	pier__pool_lock();
	for (i = 0; i < SLOTS; i++) {
		struct helper *helper = &pool.helpers[i];

		if (!helper->used || !helper->idle)
			continue;
		helper->stop = true;
		helper->idle = false;
		pool.idle--;
		pool.count--;
		joined[count++] = helper->thread;
	}
	busy = pool.count;
	(void)pthread_cond_broadcast(&pool.work);
	pier__pool_unlock();
	/* direct: to join a thread that is ending cannot fail. */
	for (i = 0; i < count; i++)
		(void)pthread_join(joined[i], NULL);
	return busy;
}

void
pier__names_set_idle(int64_t ns)
{
	pier__pool_lock();
	pool.idle_ns = ns;
	pier__pool_unlock();
}

unsigned int
pier__names_waiting(void)
{
	struct pier__list *node, *waiter;
	unsigned int count = 0;

	pier__pool_lock();
	pier__list_each(node, &pool.asked) {
		struct pier__asked *asked =
			pier__container_of(node, struct pier__asked, node);

		pier__list_each(waiter, &asked->waiters)
			count++;
	}
	pier__pool_unlock();
	return count;
}
