/* SPDX-License-Identifier: MIT */
/*
 * The pool of name helpers: the one place where pier calls code that blocks
 * and cannot be interrupted.
 *
 * A question in flight is a struct asked on the heap. Everybody who may still
 * look at it holds it: each waiting task, and the helper that runs it; the
 * last one frees it. So a task that gives up takes its waiter off the list and
 * goes, whatever the helper is doing, and nothing leaks.
 *
 * Invariants, all of them under pool.lock:
 *   1. an asked is on pool.asked until it is done, and on pool.queue until a
 *      helper takes it; pool.queued is the length of pool.queue;
 *   2. asked.holders = the length of asked.waiters, plus 1 while it runs; it
 *      is never 0 for what is on a list;
 *   3. a task is woken only through a waiter on a list, and takes its waiter
 *      off the list before it returns: hence no task is woken after its end;
 *   4. pool.idle = the helpers whose idle is set: these wait for work.
 *      pool.count = these and the busy ones, but not those that stop.
 *
 * Call tables: only questions of one table are equal, and a helper takes on
 * the table of the question that it runs, so that each table sees its own
 * memory come back.
 *
 * The pool is process-wide, an exception to the rule that there are no mutable
 * globals: a limit on threads that each scheduler had for itself would be none.
 */
#include "net/names.h"

#include "base/list.h"
#include "task/task.h"

#include <errno.h>
#include <pthread.h>
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

struct waiter {
	struct pier__list node; /* on asked.waiters */
	struct pier__task *task;
};

struct asked {
	struct pier__list node;       /* on pool.asked */
	struct pier__list queue_node; /* on pool.queue */
	struct pier__list waiters;
	const struct pier__calls *calls; /* of the task that asked first */
	struct pier__question question;  /* its strings stand behind it */
	unsigned int holders;
	bool done;
	int rc;                   /* when done */
	struct pier_names *names; /* when done and rc is 0 */
};

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
	unsigned int queued, idle, count;
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

static void
lock(void)
{
	(void)pthread_mutex_lock(&pool.lock);
}

static void
unlock(void)
{
	(void)pthread_mutex_unlock(&pool.lock);
}

static void
let_go(struct asked *asked)
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
		struct asked *asked =
			pier__container_of(node, struct asked, node);
		bool runs = pier__list_empty(&asked->queue_node);

		pier__list_remove(&asked->node);
		pier__list_remove(&asked->queue_node);
		asked->done = true;
		asked->rc = -PIER_EAGAINNAME;
		if (runs)
			let_go(asked);
	}
	memset(pool.helpers, 0, sizeof(pool.helpers));
	pool.queued = 0;
	pool.idle = 0;
	pool.count = 0;
	(void)pthread_cond_init(&pool.work, NULL);
	unlock();
}

static void
watch_forks(void)
{
	fork_rc = pthread_atfork(lock, unlock, empty_in_child);
}

static bool
same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

/* An equal question in flight, or NULL. */
static struct asked *
find(const struct pier__question *question, const struct pier__calls *calls)
{
	struct pier__list *node;

	pier__list_each(node, &pool.asked) {
		struct asked *asked =
			pier__container_of(node, struct asked, node);
		const struct pier__question *other = &asked->question;

		if (asked->calls == calls &&
			other->family == question->family &&
			other->type == question->type &&
			other->flags == question->flags &&
			same_text(other->host, question->host) &&
			same_text(other->service, question->service))
			return asked;
	}
	return NULL;
}

static size_t
text_size(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

static struct asked *
asked_new(
	const struct pier__question *question, const struct pier__calls *calls)
{
	size_t host_size = text_size(question->host);
	size_t service_size = text_size(question->service);
	struct asked *asked =
		pier__alloc(sizeof(*asked) + host_size + service_size);
	char *text;

	if (asked == NULL)
		return NULL;
	text = (char *)(asked + 1);
	asked->question = *question;
	if (host_size > 0)
		asked->question.host = memcpy(text, question->host, host_size);
	if (service_size > 0)
		asked->question.service = memcpy(
			text + host_size, question->service, service_size);
	asked->calls = calls;
	pier__list_init(&asked->waiters);
	pier__list_push_back(&pool.asked, &asked->node);
	pier__list_push_back(&pool.queue, &asked->queue_node);
	pool.queued++;
	return asked;
}

/* Without the lock: libc may take its time. */
static int
look_up(struct pier_names **out, const struct asked *asked)
{
	const struct pier__question *question = &asked->question;
	struct addrinfo hints = {
		.ai_family = question->family,
		.ai_socktype = question->type,
		.ai_flags = question->flags,
	};
	struct addrinfo *list = NULL;
	int rc;

	rc = pier__names_error(pier__calls()->getaddrinfo(
		question->host, question->service, &hints, &list));
	if (rc < 0)
		return rc;
	rc = pier__names_from_addrinfo(out, list);
	pier__calls()->freeaddrinfo(list);
	return rc;
}

/* Runs the oldest question as me. The lock is held before and after. */
static void
serve_one(struct pier__task *me)
{
	struct asked *asked =
		pier__container_of(pool.queue.next, struct asked, queue_node);
	struct pier_names *names = NULL;
	struct pier__list *node;
	int rc;

	pier__list_remove(&asked->queue_node);
	pool.queued--;
	asked->holders++;
	unlock();
	me->context.calls = asked->calls;
	pier__current = me;
	rc = look_up(&names, asked);
	lock();
	asked->done = true;
	asked->rc = rc;
	asked->names = names;
	pier__list_remove(&asked->node);
	pier__list_each(node, &asked->waiters) {
		pier__wake(pier__container_of(node, struct waiter, node)->task);
	}
	let_go(asked);
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

	lock();
	while (wait_for_work(self))
		serve_one(&me);
	if (!self->stop) {
		(void)pthread_detach(self->thread);
		pool.count--;
	}
	self->used = false;
	unlock();
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
	rc = calls->thread(STACK_SIZE, help, helper, &helper->thread);
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

/* Puts waiter on an equal question in flight, or on a new one. */
static int
join(struct asked **out, const struct pier__question *question,
	struct waiter *waiter)
{
	const struct pier__calls *calls = pier__calls();
	struct asked *asked = find(question, calls);
	bool is_new = asked == NULL;
	int rc;

	if (is_new && pool.queued >= PIER_RESOLVE_QUEUE_MAX)
		return -PIER_ELIMIT;
	if (is_new)
		asked = asked_new(question, calls);
	if (asked == NULL)
		return -ENOMEM;
	asked->holders++;
	rc = is_new ? call_helper(calls) : 0;
	if (rc < 0) {
		let_go(asked);
		return rc;
	}
	pier__list_push_back(&asked->waiters, &waiter->node);
	*out = asked;
	return 0;
}

static bool
is_done(const struct asked *asked)
{
	bool done;

	lock();
	done = asked->done;
	unlock();
	return done;
}

/* Waits, and takes the waiter off again. An answer wins over the rest. */
static int
wait_for_answer(struct pier_names **out, struct asked *asked,
	struct waiter *waiter, pier_deadline deadline)
{
	int rc = 0;

	while (rc == 0 && !is_done(asked))
		rc = pier__park(waiter->task, "names", -1, deadline);
	lock();
	pier__list_remove(&waiter->node);
	if (asked->done)
		rc = asked->rc;
	if (asked->done && rc == 0)
		*out = pier_names_hold(asked->names);
	let_go(asked);
	unlock();
	return rc;
}

int
pier__names_ask(struct pier_names **out, const struct pier__question *question,
	pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	struct waiter *waiter;
	struct asked *asked;
	int rc;

	(void)pthread_once(&fork_once, watch_forks);
	if (self == NULL || fork_rc != 0)
		return -ENOMEM;
	waiter = pier__alloc(sizeof(*waiter));
	if (waiter == NULL)
		return -ENOMEM;
	waiter->task = self;
	lock();
	rc = join(&asked, question, waiter);
	unlock();
	if (rc == 0)
		rc = wait_for_answer(out, asked, waiter, deadline);
	pier__free(waiter);
	return rc;
}

unsigned int
pier__names_stop(void)
{
	pthread_t joined[SLOTS];
	unsigned int count = 0, busy, i;

	lock();
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
	unlock();
	/* direct: to join a thread that is ending cannot fail. */
	for (i = 0; i < count; i++)
		(void)pthread_join(joined[i], NULL);
	return busy;
}

void
pier__names_set_idle(int64_t ns)
{
	lock();
	pool.idle_ns = ns;
	unlock();
}

unsigned int
pier__names_waiting(void)
{
	struct pier__list *node, *waiter;
	unsigned int count = 0;

	lock();
	pier__list_each(node, &pool.asked) {
		struct asked *asked =
			pier__container_of(node, struct asked, node);

		pier__list_each(waiter, &asked->waiters)
			count++;
	}
	unlock();
	return count;
}
