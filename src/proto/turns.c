/* SPDX-License-Identifier: MIT */
/* proto/turns.c - see turns.h. */
#include "proto/turns.h"

#include <errno.h>

#include "task/task.h"
#include "task/timeout.h"

int
pier__turns_next(const struct pier__turns *turns, void *it, void *event,
	pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int rc = self == NULL ? -ENOMEM : 0;

	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	while (rc == 0) {
		rc = pier__enter(self, deadline);
		if (rc == 0)
			rc = turns->turn(it, event);
		if (rc == 0 && turns->is_over(it))
			return 0;
		if (rc == 0)
			rc = turns->await(it, deadline);
	}
	return rc;
}
