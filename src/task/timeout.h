/* SPDX-License-Identifier: MIT */
/*
 * task/timeout.h - timeouts in milliseconds as deadlines from now: of a call
 * that was given PIER_DEFAULT.
 */
#ifndef PIER_TASK_TIMEOUT_H
#define PIER_TASK_TIMEOUT_H

#include <stdatomic.h>
#include <stdint.h>

#include <pier/deadline.h>

/* No timeout of its own: the process-wide default's. */
#define PIER__TIMEOUT_UNSET (-2)

extern _Atomic int64_t pier__default_timeout_ms;

/* A timeout in milliseconds, PIER_NO_TIMEOUT or PIER__TIMEOUT_UNSET as a
   deadline from now. */
static inline pier_deadline
pier__timeout_deadline(int64_t timeout_ms)
{
	if (timeout_ms == PIER__TIMEOUT_UNSET)
		timeout_ms = atomic_load_explicit(
			&pier__default_timeout_ms, memory_order_relaxed);
	if (timeout_ms < 0)
		return PIER_FOREVER;
	return timeout_ms == 0 ? PIER_NOW : pier_in_ms(timeout_ms);
}

#endif
