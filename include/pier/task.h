/* SPDX-License-Identifier: MIT */
/*
 * Tasks: who runs straight-line code. A task is a fiber, or any thread that
 * calls pier. Fibers of one run share a thread and switch only inside calls
 * that wait; threads run in parallel. Both use the same calls.
 *
 * These calls have no timeout of their own: PIER_DEFAULT is PIER_FOREVER here,
 * unless said otherwise. The first wait of a thread makes what it is woken by:
 * -ENOMEM, -EMFILE or -ENFILE when that cannot be had.
 *
 * errno, OpenSSL's error queue and C++ catch blocks do not survive a wait
 * inside a fiber: see pier-task(7).
 */
#ifndef PIER_TASK_H
#define PIER_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/deadline.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pier_group;
struct pier_channel;
struct pier_mutex;

/* What a task runs. Its result is 0 or more, or a negative error. */
typedef int pier_task_fn(void *arg);

enum pier_task_kind {
	PIER_TASK_FIBER, /* the default */
	PIER_TASK_THREAD
};

struct pier_run_opts {
	enum pier_task_kind kind;
	/* Bytes for each fiber or thread; 0: 64 KiB for fibers, the system's
	   default for threads */
	size_t stack_size;
	/* How long threads that are left when the first returns have to end
	   once cancelled, before they are abandoned; 0: 5 s, PIER_OFF:
	   abandon at once. Fibers are waited for */
	int64_t drain_ms;
};

/* How a run ended. */
struct pier_run_result {
	int rc;                /* what the first task returned */
	size_t tasks;          /* tasks started in all, the first included */
	size_t abandoned;      /* thread tasks still blocked outside pier */
	char abandoned_at[96]; /* what the first of those waited for last */
	size_t stacks_peak;    /* most fiber stacks in use at once */
	/* How stacks are guarded: "madvise", "mprotect", "canary"; "" for
	   threads */
	const char *guard;
};

/*
 * pier_run(fn, arg, opts, result): run fn(arg) as the first task of a new
 * scheduler on the calling thread, and return when it and all tasks that it
 * started have ended. When fn returns, tasks that are left are cancelled.
 *
 *   opts    NULL for the defaults; borrowed for the call
 *   result  filled when not NULL, also on failure
 *
 * Returns what fn returned, or
 *   -ENOMEM, -EMFILE, -ENFILE  no memory or descriptor for the scheduler
 *   -EDEADLK                   called by a fiber: runs do not nest
 *   -EINVAL                    drain_ms is below PIER_OFF
 */
int pier_run_sized(pier_task_fn *fn, void *arg,
	const struct pier_run_opts *opts, size_t opts_size,
	struct pier_run_result *result, size_t result_size);

static inline int
pier_run(pier_task_fn *fn, void *arg, const struct pier_run_opts *opts,
	struct pier_run_result *result)
{
	return pier_run_sized(
		fn, arg, opts, sizeof(*opts), result, sizeof(*result));
}

/*
 * pier_go(group, fn, arg): start a task that runs fn(arg): a fiber when the
 * caller is a fiber, else a thread. It starts at the caller's next wait (a
 * fiber) or at once (a thread). group NULL is the group of the whole run;
 * outside of pier_run a group is needed. arg must stay valid until the task
 * ends: not on the stack of a fiber that may end first.
 *
 * Returns 0, or
 *   -ENOMEM, -EAGAIN  no memory for a stack, or no thread to be had
 *   -PIER_ECLOSED     the group is being waited for to be freed
 *   -EINVAL           group is NULL outside of a run
 */
int pier_go(struct pier_group *group, pier_task_fn *fn, void *arg);

/*
 * Groups: tasks that are waited for and cancelled together. A group may hold
 * fibers of several schedulers and threads.
 *
 * pier_group_open(out): 0, or -ENOMEM when there is no memory.
 * pier_group_wait(group, deadline): wait until no task is left in it. 0, or
 *   -PIER_EDEADLINE, -ECANCELED, -EAGAIN (PIER_NOW)  tasks are left; call
 *   again to go on; -EDEADLK: the caller is in it, so it would never end
 * pier_group_cancel(group): from any task or thread: every task in it, and
 *   every one that joins later, is cancelled: calls that would have to wait
 *   return -ECANCELED, for good.
 * pier_group_result(group): the first negative result of a task that ended,
 *   or 0.
 * pier_group_count(group): tasks in it now.
 * pier_group_close(group): cancel, then let go: the memory is freed when the
 *   last task has ended. NULL is fine.
 */
int pier_group_open(struct pier_group **out);
int pier_group_wait(struct pier_group *group, pier_deadline deadline);
void pier_group_cancel(struct pier_group *group);
int pier_group_result(const struct pier_group *group);
size_t pier_group_count(const struct pier_group *group);
void pier_group_close(struct pier_group *group);

/*
 * pier_sleep(deadline): wait until the moment. 0, or -ECANCELED: the task was
 * cancelled.
 * PIER_DEFAULT is -EINVAL.
 */
int pier_sleep(pier_deadline deadline);

/* pier_yield(): let the other tasks run first. 0, or -ECANCELED: the task was
   cancelled. */
int pier_yield(void);

/* pier_cancelled(): has the current task been cancelled? */
bool pier_cancelled(void);

/*
 * pier_shield(deadline): let a cancelled task wait again until deadline, for
 * its cleanup. Returns the shield that was in force before, to be restored by
 * another call; PIER_NOW is none, PIER_DEFAULT as everywhere here.
 */
pier_deadline pier_shield(pier_deadline deadline);

/*
 * pier_task_name(name): what the current task is called in lists and reports.
 * name is borrowed until the task ends: a constant string.
 */
void pier_task_name(const char *name);

/* One line of the task list. */
struct pier_task_info {
	uint64_t id;
	const char *name; /* or "" */
	enum pier_task_kind kind;
	bool running; /* false: it waits, or is ready to run */
	bool cancelled;
	/* "read", "write", "receive", "send", "accept", "connect", "names",
	   "relay", "drain", "any", "sleep", "channel", "mutex", "group",
	   "offload", "program", "yield", "hub", "ping"; inside a server also "stop",
	   "room", "pool", "rest", "pause", "rate"; or "" */
	const char *waits;
	int fd;              /* the descriptor it waits for, or -1 */
	int64_t since_ns;    /* moment of the beginning of the wait */
	int64_t deadline_ns; /* INT64_MAX: for ever */
};

/*
 * pier_tasks_each(each, arg): call each once for every task of the current
 * run, the caller's included; it must neither wait nor start tasks. Returns the
 * number of tasks.
 * Outside of a run there is one, the calling thread. A result of each that
 * is not 0 ends the walk.
 */
size_t pier_tasks_each(
	int (*each)(const struct pier_task_info *, void *), void *arg);

/*
 * pier_offload(fn, arg, drop, deadline): run fn(arg) on a helper thread, for
 * code that blocks outside pier, and wait for its result.
 *
 *   arg   taken: on the heap; after a result of fn it is the caller's again
 *   drop  called with arg when the caller has given up: by the helper when fn
 *         comes back, or at once when fn has not begun; NULL when there is
 *         nothing to free
 *
 * Returns what fn returned, or
 *   -PIER_EDEADLINE, -ECANCELED  gave up: drop(arg) follows
 *   -EAGAIN, -ENOMEM, -EMFILE, -ENFILE
 *                                no helper to be had (or PIER_NOW, as this
 *                                always waits); arg was not touched
 */
int pier_offload(int (*fn)(void *), void *arg, void (*drop)(void *),
	pier_deadline deadline);

/*
 * Channels: bounded queues of values of one size, between any tasks: fibers
 * of the same or of different threads, and plain threads. Values are copied.
 *
 * pier_channel_open(out, value_size, capacity): 0, -EINVAL (a size or
 *   capacity of 0) or -ENOMEM. One reference, dropped by pier_channel_close().
 * pier_channel_hold(channel): one more reference.
 * pier_channel_send(channel, value, deadline): 0 when value is in the queue;
 *   -PIER_ECLOSED after pier_channel_end(); -EAGAIN (PIER_NOW: full),
 *   -PIER_EDEADLINE, -ECANCELED.
 * pier_channel_recv(channel, value, deadline): 0 with the oldest value;
 *   -PIER_ECLOSED when ended and empty; the others as send.
 * pier_channel_end(channel): no more values; those in it can be received.
 * pier_channel_count(channel): values in it now.
 */
int pier_channel_open(
	struct pier_channel **out, size_t value_size, size_t capacity);
struct pier_channel *pier_channel_hold(struct pier_channel *channel);
int pier_channel_send(struct pier_channel *channel, const void *value,
	pier_deadline deadline);
int pier_channel_recv(
	struct pier_channel *channel, void *value, pier_deadline deadline);
void pier_channel_end(struct pier_channel *channel);
size_t pier_channel_count(struct pier_channel *channel);
void pier_channel_close(struct pier_channel *channel);

/*
 * Mutexes that park the task and not the thread; they go to the waiters in
 * the order in which these came.
 *
 * pier_mutex_open(out): 0, or -ENOMEM when there is no memory.
 * pier_mutex_lock(mutex, deadline): 0; -EAGAIN (PIER_NOW: held by another),
 *   -PIER_EDEADLINE, -ECANCELED, -EDEADLK (this task holds it).
 * pier_mutex_unlock(mutex): 0, or -EPERM: this task does not hold it.
 * pier_mutex_close(mutex): nobody holds it or waits for it; NULL is fine.
 */
int pier_mutex_open(struct pier_mutex **out);
int pier_mutex_lock(struct pier_mutex *mutex, pier_deadline deadline);
int pier_mutex_unlock(struct pier_mutex *mutex);
void pier_mutex_close(struct pier_mutex *mutex);

/*
 * pier_report_overflow(): opt in to a report in plain words when a fiber runs
 * over its stack: installs a SIGSEGV and SIGBUS handler on an alternate stack
 * of the calling thread and of threads that run fibers later. A fault that is
 * no overflow goes to the handler that was there before. For programs, never
 * called by the library. 0 or -errno.
 */
int pier_report_overflow(void);

#ifdef __cplusplus
}
#endif

#endif
