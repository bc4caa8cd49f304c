/* SPDX-License-Identifier: MIT */
/* net/relay_end.h - a relay while it runs, and what ends it. */
#ifndef PIER_NET_RELAY_END_H
#define PIER_NET_RELAY_END_H

#include "net/relay.h"
#include "net/splice.h"

/* One direction. */
struct pier__way {
	struct pier_stream *from;
	struct pier_stream *to;
	struct pier__splice splice;
	uint64_t bytes;
	bool read_ended; /* from has ended; what it sent may still be in it */
	bool done;       /* nothing goes this way any more */
	bool discards;   /* `to` is closed: read and drop */
	bool wants_room; /* the last attempt could not write */
	bool progress;
};

struct pier__relay {
	struct pier__way ways[2]; /* a to b, b to a */
	const struct pier_relay_opts *opts;
	struct pier__relay_end *end; /* NULL: b ends by itself alone */
	int64_t last_ns;             /* the last byte either way */
	int64_t start_ns;
	int64_t linger_ms; /* > 0: lingering, and for how long in silence */
	pier_deadline deadline;
	/* Whose failure it was that ended it, and of what, for the error. */
	const struct pier_stream *failed;
	enum pier_step step;
	bool stopping; /* only what was read already is sent */
	bool over;
	bool b_gone; /* what is left of b's bytes is all */
	bool first_known;
	int rc;
	struct pier_relay_result result;
};

/* side (0 a, 1 b, -1 neither) is the first that ended, by rc. */
void pier__relay_note_first(
	struct pier__relay *relay, int side, int rc, bool sending);
/* The relay is over by a failure of side. */
void pier__relay_fail(
	struct pier__relay *relay, int side, int rc, bool sending);
/* Side `side` has ended and the other stream has all of its bytes. */
void pier__relay_finish_reading(struct pier__relay *relay, int side);
/* A write to the other side of `side` failed. */
void pier__relay_finish_writing(struct pier__relay *relay, int side, int rc);

/* When the relay ends for want of anything. */
pier_deadline pier__relay_own_deadline(const struct pier__relay *relay);
/* A wait until `until` ended with its deadline: the relay's own, a limit that a
   server holds one of the streams to (and that may have moved meanwhile), or
   the moment from which on a rate lets bytes move. */
void pier__relay_deadline_passed(
	struct pier__relay *relay, pier_deadline own, pier_deadline until);

#endif
