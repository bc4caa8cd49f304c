/* SPDX-License-Identifier: MIT */
/* net/bare.c - see bare.h. */
#include "net/bare.h"

#include <errno.h>

static unsigned int
direction(enum pier_half half)
{
	return half == PIER_READING ? PIER__IN : PIER__OUT;
}

void
pier__bare_init(struct pier__bare *bare, int fd, int family, int type)
{
	pier__desc_init(&bare->desc, fd, pier__desc_kind(family, type));
}

int
pier__bare_check(const struct pier__bare *bare)
{
	if (pier__desc_is_elsewhere(&bare->desc))
		return -EXDEV;
	return pier__desc_busy(&bare->desc, PIER__IN) ||
			       pier__desc_busy(&bare->desc, PIER__OUT)
		       ? -EBUSY
		       : 0;
}

void
pier__bare_drained(struct pier__bare *bare, enum pier_half half)
{
	if (half == PIER_READING)
		PIER__NOTE(bare->desc.readable, false);
	else
		PIER__NOTE(bare->desc.writable, false);
}

bool
pier__bare_is_ready(const struct pier__bare *bare, enum pier_half half)
{
	return half == PIER_READING ? PIER__LOOK(bare->desc.readable)
				    : PIER__LOOK(bare->desc.writable);
}

int
pier__bare_wait(struct pier__bare *bare, enum pier_half half, const char *why,
	pier_deadline deadline)
{
	return pier__desc_wait(&bare->desc, direction(half), why, deadline);
}

bool
pier__bare_close(struct pier__bare *bare)
{
	if (bare->desc.fd < 0)
		return true;
	if (pier__desc_is_watched_elsewhere(&bare->desc))
		return false;
	pier__desc_close(&bare->desc);
	return true;
}
