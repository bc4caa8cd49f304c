/* SPDX-License-Identifier: MIT */
/*
 * net/relay.h - a relay whose b has an owner that ends by itself, such as a
 * program at the other end of a pair: others may still hold b's end open then.
 */
#ifndef PIER_NET_RELAY_H
#define PIER_NET_RELAY_H

#include <pier/stream.h>

#include "task/engine.h"

struct pier__relay_end {
	/* On the heap; becomes readable when the end has come, for good. */
	struct pier__desc *desc;
	bool (*has_come)(struct pier__relay_end *end);
	/* When has_come is to be asked again, whatever happens; 0: never. By
	   has_come, which is asked before each wait. */
	int64_t again_at;
	bool b_ended; /* set: b's bytes are all delivered, and the end told */
};

/* As pier_relay(); once the end has come, what is there to be read of b is
   delivered, a is told the end, and the relay is over. end may be NULL; result
   is filled always. */
int pier__relay(struct pier_stream *a, struct pier_stream *b,
	const struct pier_relay_opts *opts, struct pier__relay_end *end,
	struct pier_relay_result *result, pier_deadline deadline);

#endif
