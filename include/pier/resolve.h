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

/* The most other names of one host that are kept. */
#define PIER_ALIASES_MAX 64

/* The longest name of this machine; the longest of any host. */
#define PIER_HOSTNAME_MAX 64
#define PIER_NAME_MAX     1024

/* The answer: a counted record that several tasks may hold; read only. */
struct pier_names {
	const char *canonical;         /* the canonical name, or "" */
	size_t count;                  /* at least 1 */
	const struct pier_addr *addrs; /* in the order to try (RFC 6724) */
	size_t alias_count;            /* with PIER_RESOLVE_ALIASES */
	const char *const *aliases;    /* other names for the same host */
	/* With PIER_RESOLVE_SOURCE who answered, as nsswitch.conf(5) calls it:
	   "files", "dns", "mdns4_minimal", "myhostname", …; with blanks
	   between them where it may have been one of several; else "" */
	const char *source;
};

/* What pier_resolve() tells besides: each costs look-ups of its own. */
enum {
	/* Aliases and the canonical name, of both families, as
	   gethostbyname(3) has them */
	PIER_RESOLVE_ALIASES = 1 << 0,
	/* Which source answered, as far as the machine's files show it */
	PIER_RESOLVE_SOURCE = 1 << 1
};

struct pier_resolve_opts {
	int family;        /* AF_UNSPEC, AF_INET or AF_INET6 */
	int type;          /* SOCK_STREAM (also for 0) or SOCK_DGRAM */
	bool passive;      /* for a listener: no host is every address */
	bool canonical;    /* ask for the canonical name too */
	unsigned int also; /* PIER_RESOLVE_…, joined by | */
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
 *   -PIER_ENONAME     there is no such host, or it has no address of the family
 *                     asked for; or no such service, which is the error's
 *                     endpoint then, with a detail that says so
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
 * pier_reverse(out, addr, deadline): the names of an address, as
 * gethostbyaddr(3), on a helper thread: the canonical one, the aliases, and who
 * answered.
 *
 *   out       on success the answer, ended by pier_names_free(); its one
 *             address is addr
 *   deadline  as of pier_resolve(); PIER_NOW never has an answer
 *
 * Returns 0, or
 *   -PIER_ENONAME     the address has no name
 *   -PIER_EAGAINNAME  the name service failed for now
 *   -PIER_ENAMEFAIL   the name service failed for good
 *   -PIER_ELIMIT      PIER_RESOLVE_QUEUE_MAX questions wait already
 *   -PIER_EDEADLINE   the deadline passed first
 *   -ECANCELED        the task was cancelled
 *   -EAGAIN           PIER_NOW
 *   -EAFNOSUPPORT     no IP address
 *   -ENOMEM           no memory, or no thread for the look-up
 *   -EMFILE, …        what libc ran out of
 */
int pier_reverse(struct pier_names **out, const struct pier_addr *addr,
	pier_deadline deadline);

/*
 * pier_hostname(buf, size): this machine's name, as gethostname(2).
 *
 *   buf  on success the name, which ends in NUL; PIER_HOSTNAME_MAX + 1 bytes
 *        are always enough
 *
 * Returns its length, or
 *   -ENOSPC        buf is too short
 *   -ENAMETOOLONG  it has more than PIER_HOSTNAME_MAX bytes
 */
int pier_hostname(char *buf, size_t size);

/*
 * pier_fqdn(buf, size, host, deadline): a host's name in full, with its domain.
 * The canonical name when that has a dot, as `hostname -f` has it; else the
 * first name with a dot of the host's first address, as Python's getfqdn();
 * else the canonical name, without one.
 *
 *   buf   on success the name, which ends in NUL; PIER_NAME_MAX + 1 bytes are
 *         always enough
 *   host  a name or an address; NULL or "": this machine
 *
 * Returns its length, or
 *   -ENOSPC  buf is too short
 *   …        as pier_resolve() and pier_reverse(); an address without a name
 *            is given back as it is
 */
int pier_fqdn(char *buf, size_t size, const char *host, pier_deadline deadline);

/*
 * pier_names_make(out, addrs, count, canonical): an answer with these
 * addresses, copied; canonical may be NULL. 0, -EINVAL (count is 0), -ENOMEM.
 */
int pier_names_make(struct pier_names **out, const struct pier_addr *addrs,
	size_t count, const char *canonical);

/* One more holder; the same record. */
struct pier_names *pier_names_hold(struct pier_names *names);

/*
 * pier_names_lookup(out, host, service, opts, deadline, arg): the answer that is
 * there already: a pier_lookup_fn, which as .lookup lets pier_dial() race these
 * addresses, each at its port, whatever the endpoint names. Never waits.
 *
 *   out  one more holder of it, ended by pier_names_free()
 *   arg  a struct pier_names *, of pier_names_make() or another look-up
 *
 * 0, or -PIER_ENONAME: arg is NULL.
 */
int pier_names_lookup(struct pier_names **out, const char *host,
	const char *service, const struct pier_resolve_opts *opts,
	pier_deadline deadline, void *arg);

/* One holder less; the last one frees it. NULL is fine. */
void pier_names_free(struct pier_names *names);

#ifdef __cplusplus
}
#endif

#endif
