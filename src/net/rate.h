/* SPDX-License-Identifier: MIT */
/*
 * net/rate.h - how many bytes a second a stream may move: a token bucket for
 * each direction, one token a byte.
 *
 * A stream that was given a rate gets an operation table of its own around the
 * one it had: an attempt moves at most what the bucket holds and is -EAGAIN
 * while that is too little; a wait is then one for tokens, not for the
 * descriptor. So all that tries and waits by the table goes by the rate, and
 * what has none pays nothing. Layers have the rate of the stream below them.
 *
 * A bucket holds a tenth of a second's worth and is empty at first. Less than
 * a hundredth is too little, unless no more is asked for: byte by byte, what
 * the clock gives between two calls would be moved by a call of its own.
 */
#ifndef PIER_NET_RATE_H
#define PIER_NET_RATE_H

#include "net/stream.h"

/* As pier_set_rate() for a stream that nobody uses yet. 0 or -ENOMEM. */
int pier__rate_set(
	struct pier_stream *stream, int64_t read_per_s, int64_t write_per_s);

/* How many of size bytes an attempt may move now; 0: wait. And: n of them
   moved, if that is above 0. */
size_t pier__rate_grant(struct pier_stream *stream, unsigned what, size_t size);
void pier__rate_spend(struct pier_stream *stream, unsigned what, ssize_t n);

/* For who waits for several streams: 0 if what is ready in the direction
   `what` may move, or the moment from which on it may. */
int64_t pier__rate_until(const struct pier_stream *stream, unsigned what);

/* Are its writes held to a rate? */
bool pier__rate_holds_writes(const struct pier_stream *stream);

/* The table below the rate, if there is one, is ops from now on. */
void pier__rate_set_ops(
	struct pier_stream *stream, const struct pier__stream_ops *ops);

#endif
