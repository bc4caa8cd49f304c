/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses, under a deadline.
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
   made by pier_names_make(). May wait, by the deadline. */
typedef int pier_lookup_fn(struct pier_names **out, const char *host,
	const char *service, const struct pier_resolve_opts *opts,
	pier_deadline deadline, void *arg);

/*
 * pier_resolve(out, host, service, opts, deadline): the addresses of a name by
 * getaddrinfo(3), on a helper thread: nsswitch, hosts file, search list and the
 * order of RFC 6724 are those of every program of the machine. Numbers are
 * never looked up.
 *
 *   out      on success the answer, ended by pier_names_free()
 *   host     a name or an address; "" or NULL: every address (passive) or
 *            this machine's own
 *   service  a number or a service name; "" or NULL: port 0
 *   opts     NULL for the defaults; borrowed for the call
 *
 * Returns 0, or
 *   -PIER_ENONAME     there is no such host or service, or it has no address
 *                     of the family asked for
 *   -PIER_EAGAINNAME  the name service failed for now
 *   -PIER_ENAMEFAIL   the name service failed for good
 *   -PIER_ELIMIT      too many questions wait already
 *   -PIER_EDEADLINE, -ECANCELED, -ENOMEM, -EINVAL (a text that is too long)
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
