/* SPDX-License-Identifier: MIT */
/*
 * The pool of threads that ask getaddrinfo(), and answers that are counted.
 */
#ifndef PIER_NAMES_NAMES_H
#define PIER_NAMES_NAMES_H

#include <pier/resolve.h>

#include "os/calls.h"

#include <stdatomic.h>
#include <stddef.h>

/* The service of a question is what has no such name, and not its host; nobody
   above pier_resolve() sees it. */
#define PIER__ENOSERVICE 8191

/* What libc is asked. Two questions are equal if all of it is. */
struct pier__question {
	const char *host;      /* NULL: every address, or loopback */
	const char *service;   /* NULL: port 0 */
	struct pier_addr addr; /* len 0; else its names are asked for */
	int family, type, flags;
	unsigned int also; /* PIER_RESOLVE_… */
};

/* An answer to be made; all of it is copied. */
struct pier__answer_parts {
	const struct pier_addr *addrs;
	size_t count; /* above 0 */
	const char *canonical;
	const char *const *aliases;
	size_t alias_count;
	const char *source; /* NULL: "" */
};

/* 0 or -ENOMEM. */
int pier__names_build(
	struct pier_names **out, const struct pier__answer_parts *parts);

/*
 * pier__names_ask(out, question, deadline): ask the pool and wait. deadline
 * is neither PIER_NOW nor PIER_DEFAULT.
 *
 * Returns 0; what pier__names_error() gives; -PIER_ELIMIT, the queue is full;
 * -ENOMEM, also when no helper could be started; or as pier__park().
 */
int pier__names_ask(struct pier_names **out,
	const struct pier__question *question, pier_deadline deadline);

/*
 * pier__names_stop(): end the helpers that have nothing to do and join them,
 * before a fork. The next question starts new ones.
 *
 * Returns how many are busy: nothing can interrupt these.
 */
unsigned int pier__names_stop(void);

/*
 * For tests: how long a helper waits for the next question before it ends;
 * and how many tasks wait for an answer now.
 */
void pier__names_set_idle(int64_t ns);
unsigned int pier__names_waiting(void);

/* The code for a result of the table's getaddrinfo. 0 stays 0. */
int pier__names_error(int eai);

/*
 * Makes the answer of a list from getaddrinfo, in its order. Returns 0,
 * -ENOMEM, or -PIER_ENONAME if the list holds no address that fits.
 */
int pier__names_from_addrinfo(
	struct pier_names **out, const struct addrinfo *list);

#endif
