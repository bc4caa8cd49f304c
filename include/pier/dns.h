/* SPDX-License-Identifier: MIT */
/*
 * pier/dns.h - one question to a name server, or to the link by multicast, on
 * the wire (RFC 1035, RFC 6762 section 5.1): what is said there, with its times
 * and servers, beside what pier_resolve() gives, which is what counts.
 */
#ifndef PIER_DNS_H
#define PIER_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/addr.h>
#include <pier/deadline.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Name servers of resolv.conf that are asked, as libc does. */
#define PIER_DNS_SERVERS_MAX 3

/* What can be asked for. */
enum {
	PIER_DNS_A = 1,
	PIER_DNS_CNAME = 5,
	PIER_DNS_PTR = 12,
	PIER_DNS_AAAA = 28
};

/* A record of the answer, of one of these types. */
struct pier_dns_record {
	const char *name; /* whose it is; without the last dot */
	unsigned int type;
	uint32_t ttl_s;
	struct pier_addr addr; /* of A and AAAA, else len 0 */
	const char *target;    /* of CNAME and PTR, else "" */
};

/* What came back, read only. In names "\ddd" is a byte that is not printable. */
struct pier_dns_answer {
	unsigned int code;       /* 0 found, 3 no such name: RFC 1035 4.1.1 */
	bool by_tcp;             /* it did not fit a datagram */
	struct pier_addr server; /* who answered */
	int64_t elapsed_ns;
	size_t count;
	const struct pier_dns_record *records; /* of the answer section */
};

struct pier_dns_opts {
	/* "ADDR" or "ADDR:PORT"; NULL: those of /etc/resolv.conf, one after
	   the other */
	const char *server;
	bool multicast; /* ask the link, by mDNS; server is not used */
};

/*
 * pier_dns_ask(out, name, type, opts, deadline): ask, and wait for the answer.
 * Without one the question goes to the next server after two seconds, three
 * times around; what does not fit a datagram is asked for again by TCP.
 *
 *   out   on success the answer, ended by pier_dns_free()
 *   name  as it is: no search list is applied
 *   opts  NULL for the defaults; borrowed for the call
 *
 * Returns 0, also when the answer is that there is no such name, or
 *   -EINVAL        name is none, the type is not one of the above, or
 *                  opts->server cannot be read: the detail says which
 *   -ETIMEDOUT     no server answered
 *   -EBADMSG       the answer by TCP cannot be read
 *   -ECONNREFUSED, -ENETUNREACH, …  what the last server's socket met
 *   -PIER_EDEADLINE, -ECANCELED, -EAGAIN  as any call that waits
 *   -ENOMEM, -EMFILE, …  no memory, no descriptor
 */
int pier_dns_ask_sized(struct pier_dns_answer **out, const char *name,
	unsigned int type, const struct pier_dns_opts *opts, size_t opts_size,
	pier_deadline deadline);

static inline int
pier_dns_ask(struct pier_dns_answer **out, const char *name, unsigned int type,
	const struct pier_dns_opts *opts, pier_deadline deadline)
{
	return pier_dns_ask_sized(
		out, name, type, opts, sizeof(*opts), deadline);
}

/* pier_dns_free(answer): free it. NULL is fine. */
void pier_dns_free(struct pier_dns_answer *answer);

#ifdef __cplusplus
}
#endif

#endif
