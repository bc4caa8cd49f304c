/* SPDX-License-Identifier: MIT */
/*
 * proto/links_inside.h - the links from inside: links.c sends and receives,
 * links_news.c follows what comes and goes, links_socket.c opens.
 *
 * Invariants:
 *   1. each place of `lans` up to `count` has a lan of another id;
 *   2. a lan has a descriptor if and only if its state says that it is up;
 *   3. one that is down is freed once that was told.
 */
#ifndef PIER_PROTO_LINKS_INSIDE_H
#define PIER_PROTO_LINKS_INSIDE_H

#include "proto/links.h"

#define PIER__LAN_PLACES (2 * PIER__LAN_MAX)

/* What was sent to many a moment ago, and comes back. */
#define PIER__LINKS_ECHOES 64

struct pier__lan {
	struct pier__link_state state;
	int fd;
	bool seen;     /* it is in the list that is read right now */
	bool told;     /* its state is what was told last */
	bool was_told; /* anything of it was */
};

struct pier__echo {
	uint64_t hash; /* 0: none */
	struct pier__link_id link;
};

/* Sockets that no link has of its own. */
enum pier__common {
	PIER__COMMON_ASK4,
	PIER__COMMON_ASK6,
	PIER__COMMON_BROADCAST,
	PIER__COMMON_NEWS,
	PIER__COMMONS
};

struct pier__links {
	struct pier__links_opts opts;
	size_t count;
	struct pier__lan *lans[PIER__LAN_PLACES];
	int common[PIER__COMMONS]; /* -1: none */
	bool stale;                /* there may be news of interfaces */
	size_t turn;               /* which socket is read next */
	uint64_t key[2];
	size_t echo;
	struct pier__echo echoes[PIER__LINKS_ECHOES];
	unsigned char bytes[PIER__LINKS_DATAGRAM_MAX];
};

/* The socket of a link, which has joined. It, or an error. */
int pier__links_open_group(
	const struct pier__links *links, struct pier__link_id id);
/* That of an ephemeral port, and that which hears broadcasts. */
int pier__links_open_ask(const struct pier__links *links, int family);
int pier__links_open_broadcast(const struct pier__links *links);
/* Where news of interfaces come; -1: this system has none. */
int pier__links_open_news(void);

/* Read what interfaces there are, and follow. 0, or an error: again later. */
int pier__links_follow(struct pier__links *links);

#endif
