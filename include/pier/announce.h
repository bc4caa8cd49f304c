/* SPDX-License-Identifier: MIT */
/*
 * pier/announce.h - tell this network of a service, by multicast DNS and DNS-SD
 * (RFC 6762, RFC 6763) and by beacons (pier-beacon(7)), so that pier_find_open(),
 * avahi-browse and what Bonjour is built into find it. No daemon takes part.
 *
 * An announcement lives from pier_announce_open() to pier_announce_close(), which
 * says goodbye; and it is alive, which is to answer who asks, while the program
 * is inside pier_announce_next() or pier_announce_run(): give it a task of its
 * own.
 */
#ifndef PIER_ANNOUNCE_H
#define PIER_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/addr.h>
#include <pier/deadline.h>
#include <pier/find.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pier_announce_opts {
	/* All texts are borrowed for the call */
	const char *instance; /* UTF-8, 1 to 63 bytes: "My Printer" */
	const char *type;     /* "_ipp._tcp"; "ipp" is the same */
	uint16_t port;        /* 1 or more */
	const char *const
		*texts; /* "key=value", "key=" or "key", each key once,
				     up to NULL; NULL: none */
	const char *const *subtypes; /* "_color", up to NULL; NULL: none */
	const char *host; /* one label (RFC 1123): "lab2" is lab2.local. NULL:
			     the first of this machine's name. One that is
			     another's becomes "lab2-2" */
	uint16_t priority, weight; /* of an SRV record (RFC 2782) */
	unsigned int by;           /* PIER_BY_…; 0: all */
	int family;                /* AF_INET, AF_INET6; AF_UNSPEC: both */
	/* Names of interfaces, up to NULL; NULL: all that can. Borrowed until
	   pier_announce_close() */
	const char *const *interfaces;
	/* Other names of the host, up to NULL: "www" becomes www.local (CNAME).
	   One that is another's becomes "www-2". NULL: none */
	const char *const *aliases;
};

struct pier_announce;

/*
 * pier_announce_open(out, opts): get ready to announce. Nothing is sent yet.
 *
 *   out  on success the caller's, ended by pier_announce_close()
 *
 * Returns 0, or
 *   -EINVAL      a field of opts: the detail quotes it, and says what is
 *                expected
 *   -EMSGSIZE    the texts have more than PIER_FIND_TEXT_MAX bytes in all
 *   -ENODEV      there is no such interface
 *   -EADDRINUSE  another program has the port, and does not share it
 *   -ENOMEM, -EMFILE, -ENFILE  no memory, no descriptor
 */
int pier_announce_open_sized(struct pier_announce **out,
	const struct pier_announce_opts *opts, size_t opts_size);

static inline int
pier_announce_open(
	struct pier_announce **out, const struct pier_announce_opts *opts)
{
	return pier_announce_open_sized(out, opts, sizeof(*opts));
}

enum pier_announce_what {
	PIER_ANNOUNCE_LINK_UP,   /* a link is there: it will be told there */
	PIER_ANNOUNCE_LINK_DOWN, /* it has gone */
	PIER_ANNOUNCE_PROBED,    /* asked, one of three times, whether the name
				    is free (RFC 6762 section 8.1) */
	PIER_ANNOUNCE_RENAMED, /* it is another's: `instance` is the next tried */
	PIER_ANNOUNCE_TOLD,    /* announced there, unasked */
	PIER_ANNOUNCE_ANSWERED,    /* somebody asked, and has the answer */
	PIER_ANNOUNCE_HOST_RENAMED /* the name of the host, or of an alias, is
				      another's: `host` is the next tried */
};

/* Of more than 64 that nobody takes the oldest are lost, but never that something
   has another name, which is told first. */
struct pier_announce_event {
	enum pier_announce_what what;
	unsigned int by;        /* PIER_BY_…; 0 of a link */
	unsigned int interface; /* its number */
	int family;             /* of the link */
	const char
		*instance; /* its name by now; borrowed until the next call */
	const char *was;   /* of PIER_ANNOUNCE_RENAMED and …HOST_RENAMED: the
				name before */
	struct pier_addr to; /* of PIER_ANNOUNCE_ANSWERED: whom; len 0: all */
	const char *host;    /* of PIER_ANNOUNCE_HOST_RENAMED: "lab2-2.local";
				borrowed as instance */
};

/*
 * pier_announce_next(announce, event, deadline): probe, tell, answer, and wait
 * for the next thing that happened.
 *
 * Returns 1: an event; or
 *   -PIER_EDEADLINE, -ECANCELED, -EAGAIN  as any call that waits; call again to
 *               go on
 *   -EBUSY      another task waits for it
 *   -ENOMEM, -EMFILE, -ENFILE  no memory or descriptor to go on with
 */
int pier_announce_next_sized(struct pier_announce *announce,
	struct pier_announce_event *event, size_t event_size,
	pier_deadline deadline);

static inline int
pier_announce_next(struct pier_announce *announce,
	struct pier_announce_event *event, pier_deadline deadline)
{
	return pier_announce_next_sized(
		announce, event, sizeof(*event), deadline);
}

/*
 * pier_announce_run(announce, deadline): the same until the deadline, for who
 * wants no events. Never 0: see pier_announce_next(). Cancelled it is to be
 * closed, which says goodbye.
 */
int pier_announce_run(struct pier_announce *announce, pier_deadline deadline);

/* pier_announce_name(announce): the instance's name by now, borrowed until the
   next call. */
const char *pier_announce_name(const struct pier_announce *announce);

/* pier_announce_close(announce): say goodbye on every link, once, without a wait,
   and end it, while no task waits for it. NULL is fine. */
void pier_announce_close(struct pier_announce *announce);

#ifdef __cplusplus
}
#endif

#endif
