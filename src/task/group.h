/* SPDX-License-Identifier: MIT */
/*
 * task/group.h - groups, from inside: how a task joins and leaves.
 */
#ifndef PIER_TASK_GROUP_H
#define PIER_TASK_GROUP_H

#include "task/task.h"

/*
 * task joins group before it first runs; it is cancelled from birth when the
 * group is. 0, or -PIER_ECLOSED.
 */
int pier__group_join(struct pier_group *group, struct pier__task *task);

/* task, which has ended, can no longer be found through the group. */
void pier__group_unlink(struct pier_group *group, struct pier__task *task);

/* A task that was unlinked is gone, its memory too; rc is its result (0 when
   it never ran). The group may be freed by this. */
void pier__group_done(struct pier_group *group, int rc);

/* Both in one, for a fiber: nobody who waits for the group can get in the way
   of what its scheduler still does with it. */
void pier__group_leave(
	struct pier_group *group, struct pier__task *task, int rc);

/* task, a fiber of the calling one's thread, belongs to `other`, which is open,
   in place of its group. */
void pier__group_move(struct pier__task *task, struct pier_group *other);

/* pier_group_wait() under another name in lists, without a story. */
int pier__group_wait(
	struct pier_group *group, const char *why, pier_deadline deadline);

/* The same until all of it has ended, whatever else happens: who frees next what
   they work on waits by this. The group's tasks cannot. */
void pier__group_finish(struct pier_group *group, const char *why);

#endif
