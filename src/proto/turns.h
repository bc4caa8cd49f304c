/* SPDX-License-Identifier: MIT */
/*
 * proto/turns.h - a conversation of which the caller takes one event after the
 * other, as of pier_ping_next() and pier_sntp_next(): a turn does what is due,
 * and where that brought no event, it is waited for what comes next.
 */
#ifndef PIER_PROTO_TURNS_H
#define PIER_PROTO_TURNS_H

#include <stdbool.h>

#include <pier/deadline.h>

struct pier__turns {
	/* 1: an event, 0: nothing is due now, or an error */
	int (*turn)(void *it, void *event);
	/* Asked after a turn without one: will there never be one again? */
	bool (*is_over)(const void *it);
	/* Until there is something to do. 0, or as any call that waits */
	int (*await)(void *it, pier_deadline deadline);
};

/*
 * pier__turns_next(turns, it, event, deadline): turns until one brings an event.
 *
 * 1: it is written; 0: it is over; or an error, not noted: of the turn, or
 * -PIER_EDEADLINE, -ECANCELED, -EAGAIN, or -ENOMEM, no room for this task.
 */
int pier__turns_next(const struct pier__turns *turns, void *it, void *event,
	pier_deadline deadline);

#endif
