/* SPDX-License-Identifier: MIT */
/*
 * pier/find.h - who on this network offers a service? Asked by multicast DNS and
 * DNS-SD (RFC 6762, RFC 6763), as avahi and Bonjour do, and by beacons
 * (pier-beacon(7)), which need no name and no zone. No daemon takes part: the
 * program asks, and listens, itself; beside avahi-daemon and systemd-resolved
 * too.
 *
 * Looking is a stream of events. Nothing happens behind the program's back: it
 * is asked, listened and remembered within pier_find_next(), which may be called
 * by a fiber or a thread.
 *
 * A service is one that is told once: seen by several protocols, on several
 * links, with several addresses, it is one with all of these.
 *
 * What others send has bounds: PIER_FIND_MAX services, each with at most
 * PIER_FIND_ADDRS_MAX addresses and PIER_FIND_TEXT_MAX bytes of text.
 */
#ifndef PIER_FIND_H
#define PIER_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/addr.h>
#include <pier/deadline.h>
#include <pier/resolve.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PIER_FIND_MAX       4096
#define PIER_FIND_ADDRS_MAX 32
#define PIER_FIND_TEXT_MAX  1024

/* The protocols, as bits. */
enum {
	PIER_BY_MDNS = 1,
	PIER_BY_BEACON = 2
};

/* A string of a service's text (RFC 6763 section 6). */
struct pier_text {
	const char *key;   /* printable ASCII */
	const char *value; /* any bytes, and a NUL behind them; NULL: there is
			      no '=', which is not the same as an empty value */
	size_t value_len;
};

/* A service. All it points to is borrowed. */
struct pier_found {
	const char *instance; /* UTF-8: "My Printer"; "" of a mere type */
	const char *type;     /* "_ipp._tcp" */
	const char *domain;   /* "local" */
	const char *host;     /* "lab2.local"; "": none was told */
	uint16_t port;
	uint16_t priority, weight; /* of an SRV record (RFC 2782) */
	size_t addr_count;
	const struct pier_addr *addrs; /* with the port, and with a zone where
					  that is needed; IPv6 first */
	size_t text_count;
	const struct pier_text
		*texts;         /* each key once, the first one's value */
	unsigned int by;        /* PIER_BY_…, of all that see it */
	unsigned int interface; /* on which it was heard, the first of them */
};

struct pier_find_opts {
	unsigned int by; /* PIER_BY_…; 0: all */
	int family;      /* AF_INET, AF_INET6; AF_UNSPEC: both */
	/* Names of interfaces, up to NULL; NULL: all that can. Borrowed until
	   pier_find_close() */
	const char *const *interfaces;
	const char *domain; /* NULL: "local" */
};

struct pier_find;

/*
 * pier_find_open(out, type, opts): get ready to look.
 *
 *   out   on success the caller's, ended by pier_find_close()
 *   type  "_http._tcp"; "http" is the same; "_printer._sub._http._tcp" a
 *         subtype. NULL: which types there are, which are told as services
 *         without an instance
 *   opts  NULL for the defaults
 *
 * Returns 0, or
 *   -EINVAL        type, or a field of opts: the detail says what is expected
 *   -ENODEV        there is no such interface
 *   -EADDRINUSE    another program has the port of multicast DNS, and does not
 *                  share it
 *   -ENOMEM, -EMFILE, -ENFILE  no memory, no descriptor
 */
int pier_find_open_sized(struct pier_find **out, const char *type,
	const struct pier_find_opts *opts, size_t opts_size);

static inline int
pier_find_open(struct pier_find **out, const char *type,
	const struct pier_find_opts *opts)
{
	return pier_find_open_sized(out, type, opts, sizeof(*opts));
}

enum pier_find_what {
	PIER_FIND_ADDED,   /* it is there, with a port and an address */
	PIER_FIND_CHANGED, /* something of it has changed */
	PIER_FIND_REMOVED  /* it is not there any more */
};

enum pier_find_reason {
	PIER_FIND_GOODBYE, /* it said so */
	PIER_FIND_EXPIRED, /* it was not heard of for longer than it promised */
	PIER_FIND_LINK     /* its link is down */
};

struct pier_find_event {
	enum pier_find_what what;
	enum pier_find_reason reason; /* of PIER_FIND_REMOVED */
	struct pier_found service;    /* borrowed until the next call */
};

/*
 * pier_find_next(find, event, deadline): ask, listen, and wait for the next thing
 * to tell.
 *
 * Returns 1: an event; or
 *   -PIER_EDEADLINE, -ECANCELED, -EAGAIN  as any call that waits; call again to
 *               go on
 *   -EBUSY      another task waits for it
 *   -ENOMEM, -EMFILE, -ENFILE  no memory or descriptor to go on with
 */
int pier_find_next_sized(struct pier_find *find, struct pier_find_event *event,
	size_t event_size, pier_deadline deadline);

static inline int
pier_find_next(struct pier_find *find, struct pier_find_event *event,
	pier_deadline deadline)
{
	return pier_find_next_sized(find, event, sizeof(*event), deadline);
}

/*
 * pier_find_each(find, each, arg): call each once for every service that is there
 * by now, in no order: each that pier_find_next() told to be there, and not to
 * have gone. Waits for nothing, and asks nobody.
 *
 *   find  while no other thread is in a call on it
 *   each  neither waits nor calls find; a result that is not 0 ends the walk.
 *         Its service is borrowed for the call; what pier_find_next() lent last
 *         is given back
 *
 * Returns the number of services that it was called for.
 */
size_t pier_find_each(struct pier_find *find,
	int (*each)(const struct pier_found *, void *), void *arg);

/* What was done so far. */
struct pier_find_stats {
	uint64_t sent;     /* datagrams */
	uint64_t unsent;   /* that could not leave */
	uint64_t received; /* of these protocols */
	uint64_t bad;      /* of them: broke the rules, and had no effect */
	uint64_t refused;  /* services beyond a bound */
	size_t links;      /* that are up: interfaces times families, each once
			      whatever asks there */
	size_t services;   /* that are there */
};

/* pier_find_stats(find, out): the numbers so far. */
void pier_find_stats_sized(
	const struct pier_find *find, struct pier_find_stats *out, size_t size);

static inline void
pier_find_stats(const struct pier_find *find, struct pier_find_stats *out)
{
	pier_find_stats_sized(find, out, sizeof(*out));
}

/* pier_find_close(find): end it, while no task waits for it. NULL is fine. */
void pier_find_close(struct pier_find *find);

/* So long it is looked for, however far the deadline of pier_find_lookup() is:
   who is there has answered by then, and more than once. */
#define PIER_FIND_LOOKUP_MS 5000

/*
 * pier_find_lookup(out, host, service, opts, deadline, arg): where the service is
 * that svc://TYPE/NAME names, or any of svc://TYPE. A pier_lookup_fn, which as
 * .lookup lets pier_dial() and pier_packet_open() dial what is found, all of its
 * addresses, at the port it tells. Waits until one is found.
 *
 *   out       on success its addresses with their ports, ended by
 *             pier_names_free(); the canonical name is that of the service
 *   host      its name, "My Printer"; "" or NULL: any
 *   service   its type, "_http._tcp"; what does not begin with '_' goes to
 *             pier_resolve(), so that names stay what they are
 *   opts      for that
 *   deadline  the call ends after PIER_FIND_LOOKUP_MS all the same
 *   arg       const struct pier_find_opts *: where and how; NULL: the defaults
 *
 * Returns 0, or
 *   -PIER_ENONAME    nobody answered for it in PIER_FIND_LOOKUP_MS
 *   -PIER_EDEADLINE  nor until the deadline, which was earlier
 *   …                as pier_find_open(), pier_find_next() and pier_resolve()
 */
int pier_find_lookup(struct pier_names **out, const char *host,
	const char *service, const struct pier_resolve_opts *opts,
	pier_deadline deadline, void *arg);

#ifdef __cplusplus
}
#endif

#endif
