/* SPDX-License-Identifier: MIT */
/*
 * net/bare.h - a socket on which a conversation makes its system calls itself,
 * as no stream and no packet socket does: what it needs besides is to wait, to
 * belong to somebody, and to end.
 */
#ifndef PIER_NET_BARE_H
#define PIER_NET_BARE_H

#include <pier/deadline.h>
#include <pier/stream.h>

#include "io/desc.h"

struct pier__bare {
	struct pier__desc desc;
};

/* fd is taken; -1: there is none yet. */
void pier__bare_init(struct pier__bare *bare, int fd, int family, int type);

static inline int
pier__bare_fd(const struct pier__bare *bare)
{
	return bare->desc.fd;
}

/* May the current task use it? 0, -EXDEV or -EBUSY. */
int pier__bare_check(const struct pier__bare *bare);

/* An attempt showed that nothing can be read, or written, now. */
void pier__bare_drained(struct pier__bare *bare, enum pier_half half);
/* Has nothing shown that since the last event? */
bool pier__bare_is_ready(const struct pier__bare *bare, enum pier_half half);

/* Wait until an attempt makes sense: as pier__desc_wait(). */
int pier__bare_wait(struct pier__bare *bare, enum pier_half half,
	const char *why, pier_deadline deadline);

/* Closes it; there may be none. False: another scheduler watches it, and its
   memory has to stay. */
bool pier__bare_close(struct pier__bare *bare);

#endif
