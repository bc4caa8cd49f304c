/* SPDX-License-Identifier: MIT */
/* The schemes of endpoints, one table. */
#ifndef PIER_NET_SCHEME_H
#define PIER_NET_SCHEME_H

#include "net/endpoint.h"

struct pier__scheme {
	const char *name;
	enum pier__endpoint_kind kind;
	int family;
	/* Reads what follows "://", without parameters. NULL: the grammar has
	   this scheme, this version of pier does not. */
	int (*parse)(struct pier__endpoint *out, struct pier__span rest,
		struct pier__why *why);
};

/* The parameters behind '?' that are a kind's own. */
struct pier__scheme_own {
	enum pier__endpoint_kind kind;
	const char *const *names; /* NULL-ended */
	/* Reads one of them into out. 0, or -EINVAL. */
	int (*take)(struct pier__endpoint *out, const struct pier__own *own,
		struct pier__why *why);
};

/* Those of this kind, or NULL. */
const struct pier__scheme_own *pier__scheme_own(enum pier__endpoint_kind kind);

/* The scheme that the whole span names, letters of either case, or NULL. */
const struct pier__scheme *pier__scheme_find(struct pier__span name);

#endif
