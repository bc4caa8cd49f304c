/* SPDX-License-Identifier: MIT */
/*
 * inspect/route_ask.h - a question to rtnetlink(7), and all of its answer. The
 * kernel makes an answer inside send and recv, so that there is nothing to wait
 * for: getifaddrs(3) does the same, with memory and errors that no test of ours
 * reaches.
 */
#ifndef PIER_INSPECT_ROUTE_ASK_H
#define PIER_INSPECT_ROUTE_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "inspect/netlink.h"

/* How often a list that changed while it was made is asked for anew. */
#define PIER__ROUTE_TRIES_MAX 8

/* Messages, one behind the other; memory of pier__resize(). */
struct pier__route_answer {
	unsigned char *bytes;
	size_t len, size;
};

/*
 * pier__route_ask(fd, question, answer, again): send it on a socket of rtnetlink,
 * and read up to the last message of the answer, which takes the place of what
 * was there. *again: the list changed while it was made. 0; an error that the
 * kernel answers, or of the calls; -EBADMSG; -ENOMEM; -PIER_ELIMIT: more than
 * PIER_INTERFACES_BYTES_MAX.
 */
int pier__route_ask(int fd, const union pier__nl_request *question,
	struct pier__route_answer *answer, bool *again);

static inline struct pier__bytes
pier__route_bytes(const struct pier__route_answer *answer)
{
	return (struct pier__bytes){ answer->bytes, answer->len };
}

#endif
