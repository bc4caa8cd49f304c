/* SPDX-License-Identifier: MIT */
/*
 * addr/prefix.h - networks as text (RFC 4632 section 3.1, RFC 4291 section 2.3),
 * and lists of them to let in and to keep out. Pure.
 *
 * The longest network that holds an address decides, wherever it stands in
 * which list; the same one in both keeps out. An address in none is let in,
 * unless there is a list of those to let in.
 */
#ifndef PIER_ADDR_PREFIX_H
#define PIER_ADDR_PREFIX_H

#include <pier/addr.h>

#include "base/text.h"

/* IPv4 also where it was written v4-mapped. */
struct pier__prefix {
	unsigned char bytes[16]; /* of the network; 4 or 16 */
	unsigned char bits;      /* 0 to 32 or 128 */
	bool ip6;
	bool deny;
};

/*
 * "192.0.2.0/24", "2001:db8::/32", IPv4 with a mask in place of the length, or
 * an address alone, which is a network of one. Bits behind the length have to
 * be 0: else one of the two is a slip.
 *
 * 0 or -EINVAL.
 */
int pier__prefix_parse(struct pier__prefix *out, struct pier__span span,
	struct pier__why *why);

/* The lists, made for looking up. */
struct pier__admission;

/*
 * allow and deny are NULL-ended lists, or NULL. out is NULL when both are.
 *
 *   wrong  the text that why explains
 *
 * 0, -EINVAL or -ENOMEM.
 */
int pier__admission_open(struct pier__admission **out, const char *const *allow,
	const char *const *deny, const char **wrong, struct pier__why *why);

/* NULL lets everybody in, and everybody lets in who has no IP address. */
bool pier__admission_lets_in(
	const struct pier__admission *it, const struct pier_addr *addr);

/* Does one of those to let in hold it? Nobody, of NULL or without a list. */
bool pier__admission_names(
	const struct pier__admission *it, const struct pier_addr *addr);

/* NULL is fine. */
void pier__admission_close(struct pier__admission *it);

#endif
