/* SPDX-License-Identifier: MIT */
/*
 * proto/links.h - the links of this machine for protocols that speak to
 * everybody there: multicast DNS and beacons. A link is an interface and a
 * family, comes and goes, and has a socket of its own.
 *
 * The socket is bound to the group's address, with SO_REUSEADDR, and has joined
 * the group on that interface alone. So it hears what is sent to the group there
 * and nothing else: many programs share the port (each hears everything), and
 * what is sent to this machine alone stays with whoever is bound to *:PORT, such
 * as avahi-daemon. (A second socket on *:PORT would take that away from it.) Who
 * wants answers to himself asks from the ephemeral port, of which there is one
 * for each family.
 *
 * What this object itself sent to many comes back to it, once, and is dropped;
 * what another program of this machine sent does not.
 *
 * Nothing here waits: the driver does, for all of pier__links_waitables().
 * Engines see the three structs below, and never this object.
 */
#ifndef PIER_PROTO_LINKS_H
#define PIER_PROTO_LINKS_H

#include <pier/addr.h>
#include <pier/interface.h>
#include <pier/stream.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many are used; of more, those with the lowest numbers. */
#define PIER__LAN_MAX 64

/* An IPv4 link and an IPv6 one of each, both ephemeral ports, broadcast, and
   news of interfaces. */
#define PIER__LINKS_WAITABLES (2 * PIER__LAN_MAX + 4)

/* Addresses of one link that are told. */
#define PIER__LINK_ADDRS_MAX 32

/* The longest datagram that is taken in; longer ones are dropped. */
#define PIER__LINKS_DATAGRAM_MAX 9000

struct pier__link_id {
	unsigned int interface; /* its number */
	int family;             /* AF_INET or AF_INET6 */
};

/* What is known of a link. */
struct pier__link_state {
	struct pier__link_id id;
	bool up; /* false: it has gone; the rest is what it was */
	bool loopback;
	char name[PIER_INTERFACE_NAME_MAX];
	unsigned int mtu; /* bytes */
	/* Of this family, usable: none that is tentative or a duplicate */
	size_t addr_count;
	struct pier_interface_addr addrs[PIER__LINK_ADDRS_MAX];
};

/* What came. */
struct pier__datagram {
	struct pier__link_id link; /* by which it came */
	struct pier_addr from;
	int ttl;      /* or hop limit; -1: unknown */
	bool to_many; /* to the group or to broadcast, else to this machine */
	bool asked;   /* it came to the ephemeral port */
	bool on_link; /* from is of a network of that link, or link-local */
	const unsigned char *bytes; /* borrowed until the next receive */
	size_t len;
};

enum pier__aim {
	PIER__AIM_GROUP,     /* everybody on the link who listens */
	PIER__AIM_BROADCAST, /* everybody on the link: 255.255.255.255 */
	PIER__AIM_ONE        /* `to` alone */
};

/* What is to leave. */
struct pier__sending {
	struct pier__link_id link;
	enum pier__aim aim;
	struct pier_addr to; /* of PIER__AIM_ONE, with its port */
	bool ask;            /* from the ephemeral port, so that answers come to
				this object alone */
	const unsigned char *bytes; /* borrowed from the engine, until its next
				       call */
	size_t len;
};

struct pier__links_opts {
	uint16_t port;
	struct pier_addr group4; /* len 0: this family has none */
	struct pier_addr group6; /* of link-local scope: ff02::/16 */
	bool broadcast;          /* hear 255.255.255.255:port too */
	int ttl;                 /* of what is sent; 0: 1 */
	int family;              /* AF_UNSPEC: both */
	/* Names, up to NULL; borrowed until close. NULL: every interface that
	   is up and knows multicast, but no point-to-point ones; loopback only
	   where there is no other, and of IPv4 alone */
	const char *const *interfaces;
};

struct pier__links;

/*
 * pier__links_open(out, opts): open what there is now, and watch.
 *
 * 0, also without any link: one may come; or
 *   -EADDRINUSE  on every link: a program has the port that does not share it
 *   -EINVAL      a group that is none, or is not of link-local scope
 *   -ENOMEM, -EMFILE, …  no memory, no descriptor
 */
int pier__links_open(
	struct pier__links **out, const struct pier__links_opts *opts);
void pier__links_close(struct pier__links *links);

/* pier__links_waitables(links, list): what to wait for before the next receive,
   at most PIER__LINKS_WAITABLES. How many. They change with the links. */
size_t pier__links_waitables(
	const struct pier__links *links, struct pier_waitable *list);

/*
 * pier__links_change(links, out): the next link that came, went, or has other
 * addresses than were told; at first every link that is there.
 *
 *   out  borrowed until the next call
 *
 * 1; 0: none.
 */
int pier__links_change(
	struct pier__links *links, const struct pier__link_state **out);

/* pier__links_change_again(links, id): what was told of it could not be taken in: it
   is told again by the next call. */
void pier__links_change_again(
	struct pier__links *links, struct pier__link_id id);

/*
 * pier__links_recv(links, out): one datagram that is there already, from each
 * socket in turn. News of interfaces are taken in on the way.
 *
 * 1; 0: there is none, wait; or -ENOMEM, -EMFILE, -ENFILE: news of interfaces
 * could not be taken in; the next call tries again.
 */
int pier__links_recv(struct pier__links *links, struct pier__datagram *out);

/*
 * pier__links_send(links, sending): try to send, once.
 *
 * 0; or -ENODEV: there is no such link; -EAGAIN: no room; -ENETUNREACH,
 * -EMSGSIZE, -ENOBUFS, …: what send met. Protocols that speak to everybody live
 * with loss: the driver counts, and goes on.
 */
int pier__links_send(
	struct pier__links *links, const struct pier__sending *sending);

/* The state of one, or NULL; borrowed until the next receive. */
const struct pier__link_state *pier__links_state(
	const struct pier__links *links, struct pier__link_id id);

/* How many links are up. */
size_t pier__links_count(const struct pier__links *links);

#endif
