/* SPDX-License-Identifier: MIT */
/*
 * task/offload.c - code that blocks outside pier, on a thread of its own.
 *
 * The helper is a thread task in a group of its own, which the caller waits
 * for. Who comes second, the helper with its result or the caller giving up,
 * finds what the first left in `state` and frees the job.
 */
#include <errno.h>

#include "task/group.h"
#include "task/run.h"

enum {
	WORKING,
	DONE,     /* rc is there; the job is the caller's */
	GIVEN_UP, /* the job and its argument are the helper's */
};

struct job {
	int (*fn)(void *arg);
	void *arg;
	void (*drop)(void *arg);
	atomic_int state;
	int rc;
};

static void
drop_arg(const struct job *job)
{
	if (job->drop != NULL)
		job->drop(job->arg);
}

static int
helper_main(void *arg)
{
	struct job *job = arg;
	int working = WORKING;

	job->rc = job->fn(job->arg);
	if (atomic_compare_exchange_strong(&job->state, &working, DONE))
		return 0;
	drop_arg(job);
	pier__free(job);
	return 0;
}

/* Wait for the helper that was started in group: what fn returned, or why this
   gave up; the job is not the caller's any more. */
static int
await(struct job *job, struct pier_group *group, pier_deadline deadline)
{
	int working = WORKING;
	int rc;

	/* A wait that the kernel refuses is no reason to give up: what became
	   of the argument would be hard to tell. */
	do {
		rc = pier__group_wait(group, "offload", deadline);
	} while (rc < 0 && rc != -PIER_EDEADLINE && rc != -ECANCELED);
	if (rc < 0 &&
		atomic_compare_exchange_strong(&job->state, &working, GIVEN_UP))
		return rc;
	rc = job->rc;
	pier__free(job);
	return rc;
}

static int
start(struct job **out, struct pier_group *group, int (*fn)(void *), void *arg,
	void (*drop)(void *))
{
	struct job *job = pier__alloc(sizeof(*job));
	int rc;

	if (job == NULL)
		return -ENOMEM;
	job->fn = fn;
	job->arg = arg;
	job->drop = drop;
	rc = pier__thread_spawn(NULL, group, helper_main, job,
		&(struct pier__thread_opts){ 0 });
	if (rc == 0)
		*out = job;
	else
		pier__free(job);
	return rc;
}

static int
fail(int rc)
{
	return pier__fail(rc, &(struct pier__failure){ .step = PIER_STEP_WAIT,
				      .detail = "a helper thread" });
}

int
pier_offload(int (*fn)(void *), void *arg, void (*drop)(void *),
	pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	struct pier_group *group = NULL;
	struct job *job = NULL;
	int rc;

	if (self == NULL)
		return -ENOMEM;
	if (deadline.ns == 0)
		return -EAGAIN;
	if (deadline.ns < 0)
		deadline = PIER_FOREVER;
	rc = pier__enter(self, deadline);
	if (rc == 0)
		rc = pier__task_cancel_state(self);
	if (rc < 0) {
		/* Given up before fn began: the same for the caller. */
		if (drop != NULL)
			drop(arg);
		return fail(rc);
	}
	/* All that can fail comes before fn begins. */
	if (self->kind == PIER_TASK_THREAD)
		rc = pier__thread_wakeable(self);
	if (rc == 0)
		rc = pier_group_open(&group);
	if (rc < 0)
		return fail(rc);
	rc = start(&job, group, fn, arg, drop);
	if (rc == 0)
		rc = await(job, group, deadline);
	else
		(void)fail(rc);
	pier_group_close(group);
	return rc;
}
