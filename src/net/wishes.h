/* SPDX-License-Identifier: MIT */
/*
 * net/wishes.h - options that come with an endpoint ("?nodelay=0&rcvbuf=64k")
 * and with the options of a call, and the moments at which they are set: on
 * the new socket, before it is bound, or once it is connected.
 *
 * What comes with the call is set after what comes with the endpoint.
 */
#ifndef PIER_NET_WISHES_H
#define PIER_NET_WISHES_H

#include "net/endpoint.h"
#include "option/table.h"

enum pier__moment {
	PIER__MOMENT_NEW,       /* nothing was done with the socket yet */
	PIER__MOMENT_CONNECTED, /* connected, accepted, or bound for messages */
	PIER__MOMENT_ANY,       /* a socket that was there before */
};

static inline bool
pier__wishes_none(const struct pier__wishes *wishes)
{
	return wishes->endpoint.begin == wishes->endpoint.end &&
	       (wishes->list == NULL || wishes->list[0] == NULL);
}

/*
 * pier__wishes_check(endpoint, why): are those of endpoint->wishes.endpoint
 * options that a socket of it can have, with values that they take? Names that
 * are the scheme's own are passed over. 0 or -EINVAL.
 */
int pier__wishes_check(
	const struct pier__endpoint *endpoint, struct pier__why *why);

/* Hands each of the endpoint's own to take, in their order, until one is
   refused. 0, or -EINVAL. */
int pier__wishes_take_own(struct pier__endpoint *endpoint,
	int (*take)(struct pier__endpoint *endpoint,
		const struct pier__own *own, struct pier__why *why),
	struct pier__why *why);

/* As pier__wishes_check() of a list, whose first wrong one goes to *wrong. */
int pier__wishes_check_list(const char *const *list,
	const struct pier__endpoint *endpoint, const char **wrong,
	struct pier__why *why);

/* Can a socket of the endpoint have the option of this "name=value"? True of a
   name that no option has: who sets it tells of that. */
bool pier__wish_fits(const char *wish, const struct pier__endpoint *endpoint);

/*
 * pier__wishes_set(wishes, fd, kind, moment, why): set those whose
 * moment it is. What belongs to the other family of IP alone is passed over.
 *
 * 0, or -errno and in why->text which, to what, and what was expected.
 */
int pier__wishes_set(const struct pier__wishes *wishes, int fd,
	const struct pier__option_kind *kind, enum pier__moment moment,
	struct pier__why *why);

/*
 * pier__wishes_value(wishes, name, i, buf, size): what is given for `name` for
 * the i-th time, from 0: of the names that are no options of sockets, join and
 * source of groups of multicast. Its length, and buf ends in NUL; or -ENOENT.
 */
int pier__wishes_value(const struct pier__wishes *wishes, const char *name,
	size_t i, char *buf, size_t size);

/* Is there one for that moment? */
bool pier__wishes_has(
	const struct pier__wishes *wishes, enum pier__moment moment);

/* A copy, which pier__free() frees, of those that are set once connected; NULL
   when there is none. 0 or -ENOMEM. */
struct pier__kept_wishes;
int pier__wishes_keep(
	struct pier__kept_wishes **out, const struct pier__wishes *wishes);
int pier__kept_wishes_set(const struct pier__kept_wishes *kept, int fd,
	const struct pier__option_kind *kind, struct pier__why *why);

#endif
