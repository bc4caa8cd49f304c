/* SPDX-License-Identifier: MIT */
/* task/timeout.c - the process-wide default. */
#include "task/timeout.h"

_Atomic int64_t pier__default_timeout_ms = PIER_NO_TIMEOUT;

void
pier_set_default_timeout(int64_t ms)
{
	atomic_store(&pier__default_timeout_ms, ms < 0 ? PIER_NO_TIMEOUT : ms);
}

int64_t
pier_default_timeout(void)
{
	return atomic_load_explicit(
		&pier__default_timeout_ms, memory_order_relaxed);
}
