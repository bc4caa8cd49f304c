/* SPDX-License-Identifier: MIT */
/*
 * proto/lan.h - drives engines that speak to everybody on the links of this
 * machine: what comes goes in, what is due goes out, and meanwhile it waits. An
 * engine is pure: it gets the time, and knows nothing of sockets.
 */
#ifndef PIER_PROTO_LAN_H
#define PIER_PROTO_LAN_H

#include <pier/deadline.h>

#include "proto/links.h"

struct pier__lan_ops {
	/* A link came, went or changed: 0 or -ENOMEM. */
	int (*link)(void *engine, int64_t now_ns,
		const struct pier__link_state *link);
	/* A datagram came: 0 or -ENOMEM, and what it said is forgotten. */
	int (*input)(void *engine, int64_t now_ns,
		const struct pier__datagram *datagram);
	/* The next one that is due: 1; 0: none. */
	int (*output)(
		void *engine, int64_t now_ns, struct pier__sending *sending);
	/* When output, or whoever reads events, is to be asked again. */
	int64_t (*due)(const void *engine);
};

/* One engine and the links it speaks on. */
struct pier__lan_side {
	const struct pier__lan_ops *ops;
	void *engine;
	struct pier__links *links;
};

#define PIER__LAN_SIDES 2

struct pier__lan {
	size_t count;
	struct pier__lan_side sides[PIER__LAN_SIDES];
	uint64_t sent, unsent;
};

/*
 * pier__lan_turn(lan, now_ns): all that can be done without waiting. 0, or
 * -ENOMEM, -EMFILE, …: news of the links could not be taken in; the next turn
 * tries again.
 */
int pier__lan_turn(struct pier__lan *lan, int64_t now_ns);

/* pier__lan_send(lan, side, now_ns): what that engine has due, no more. */
void pier__lan_send(
	struct pier__lan *lan, struct pier__lan_side *side, int64_t now_ns);

/* pier__lan_wait(lan, deadline): until something comes or is due. 0, or as any
   call that waits. */
int pier__lan_wait(struct pier__lan *lan, pier_deadline deadline);

/* How many links are up: all sides speak on the same ones, each counts once. */
size_t pier__lan_links(const struct pier__lan *lan);

/* Closes all links; the engines are the caller's. */
void pier__lan_close(struct pier__lan *lan);

#endif
