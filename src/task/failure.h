/* SPDX-License-Identifier: MIT */
/*
 * task/failure.h - what the openers of sockets share in telling of a failure: the
 * endpoint as it was given, the step that met it, and what to add.
 */
#ifndef PIER_TASK_FAILURE_H
#define PIER_TASK_FAILURE_H

#include <stddef.h>

#include "base/text.h"
#include "task/task.h"

/* Note a failure of `step` at endpoint; detail may be NULL. Returns rc. */
static inline int
pier__fail_step(
	int rc, enum pier_step step, const char *endpoint, const char *detail)
{
	return pier__fail(rc,
		&(struct pier__failure){
			.step = step, .endpoint = endpoint, .detail = detail });
}

/* Note that text could not be read. Returns rc. */
static inline int
pier__fail_parse(int rc, const char *text, const struct pier__why *why)
{
	return pier__fail(rc, &(struct pier__failure){ .step = PIER_STEP_PARSE,
				      .endpoint = text,
				      .detail = why->text,
				      .offset = (int)why->offset });
}

#endif
