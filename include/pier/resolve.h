/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses, under a deadline.
 *
 * libc's getaddrinfo() answers, so that a name means what it means to every
 * other program of the machine. It cannot be interrupted: it runs on one of at
 * most PIER_RESOLVE_HELPERS threads, which are started on demand and end when
 * idle, and the caller waits for it as for anything else. Whoever gives up
 * leaves at once, and the look-up ends by itself.
 */
#ifndef PIER_RESOLVE_H
#define PIER_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include <pier/addr.h>
#include <pier/deadline.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Look-ups that run at a time, and that wait for one of these to end. */
#define PIER_RESOLVE_HELPERS   16
#define PIER_RESOLVE_QUEUE_MAX 256

/* The answer: a counted record that several tasks may hold; read only. */
struct pier_names {
	const char *canonical;         /* the canonical name, or "" */
	size_t count;                  /* at least 1 */
	const struct pier_addr *addrs; /* in the order to try (RFC 6724) */
};

struct pier_resolve_opts {
	int family;     /* AF_UNSPEC, AF_INET or AF_INET6 */
	int type;       /* SOCK_STREAM (also for 0) or SOCK_DGRAM */
	bool passive;   /* for a listener: no host is every address */
	bool canonical; /* ask for the canonical name too */
};

/* Names by another way: what pier_resolve() does, with an argument. *out is
   made by pier_names_make(); opts is never NULL. May wait, by the deadline. */
typedef int pier_lookup_fn(struct pier_names **out, const char *host,
	const char *service, const struct pier_resolve_opts *opts,
	pier_deadline deadline, void *arg);

/*
 * pier_resolve(out, host, service, opts, deadline): the addresses of a name by
 * getaddrinfo(3), on a helper thread: nsswitch, hosts file, search list and the
 * order of RFC 6724 are those of every program of the machine. Numbers are
 * never looked up. Equal questions that are asked at the same time share one
 * look-up.
 *
 *   out       on success the answer, ended by pier_names_free()
 *   host      a name, in UTF-8 whatever the locale; or an IPv4 or IPv6
 *             address without brackets, perhaps with a zone; "" or NULL:
 *             every address (passive) or the loopback addresses, IPv6 first.
 *             The short, octal and hexadecimal forms of IPv4 are refused
 *   service   a number or a service name; "" or NULL: port 0
 *   opts      NULL for the defaults; borrowed for the call
 *   deadline  time spent in the queue counts; PIER_NOW answers what needs no
 *             look-up; PIER_DEFAULT is the process-wide default
 *
 * Returns 0, or
 *   -PIER_ENONAME     there is no such host or service, or it has no address
 *                     of the family asked for
 *   -PIER_EAGAINNAME  the name service failed for now
 *   -PIER_ENAMEFAIL   the name service failed for good
 *   -PIER_ELIMIT      PIER_RESOLVE_QUEUE_MAX questions wait already
 *   -PIER_EDEADLINE   the deadline passed first
 *   -ECANCELED        the task was cancelled
 *   -EAGAIN           PIER_NOW, and a look-up is needed
 *   -EINVAL           host is an address of a form that is refused, the port
 *                     is out of range, or one of them is too long (the error
 *                     says which and where); or opts holds what is not listed
 *                     above
 *   -ENODEV           this machine has no such interface as the zone names
 *   -ENOMEM           no memory, or no thread for the look-up
 *   -EMFILE, …        what libc ran out of
 */
int pier_resolve_sized(struct pier_names **out, const char *host,
	const char *service, const struct pier_resolve_opts *opts,
	size_t opts_size, pier_deadline deadline);

static inline int
pier_resolve(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline)
{
	return pier_resolve_sized(
		out, host, service, opts, sizeof(*opts), deadline);
}

/*
 * pier_names_make(out, addrs, count, canonical): an answer with these
 * addresses, copied; canonical may be NULL. 0, -EINVAL (count is 0), -ENOMEM.
 */
int pier_names_make(struct pier_names **out, const struct pier_addr *addrs,
	size_t count, const char *canonical);

/* One more holder; the same record. */
struct pier_names *pier_names_hold(struct pier_names *names);

/* One holder less; the last one frees it. NULL is fine. */
void pier_names_free(struct pier_names *names);

#ifdef __cplusplus
}
#endif

#endif
