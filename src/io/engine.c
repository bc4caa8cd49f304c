/* SPDX-License-Identifier: MIT */
/* io/engine.c - which engine goes with whom. */
#include "io/engine.h"

#include "os/calls.h"

int
pier__engine_open(
	struct pier__engine **out, bool for_fibers, void *place, size_t size)
{
	const struct pier__calls *calls = pier__calls();

	if (calls->engine_open != NULL)
		return calls->engine_open(out, for_fibers);
	return for_fibers ? pier__engine_epoll(out, place, size)
			  : pier__engine_plain(out);
}
