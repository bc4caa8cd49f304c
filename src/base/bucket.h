/* SPDX-License-Identifier: MIT */
/*
 * base/bucket.h - a token bucket, kept as one number: the moment at which it
 * will be full again (the generic cell rate algorithm of ITU-T I.371). So
 * nothing has to fill it, and threads and processes may share it.
 */
#ifndef PIER_BASE_BUCKET_H
#define PIER_BASE_BUCKET_H

#include <stdatomic.h>
#include <stdint.h>

/* How fast it fills and how much it holds; both are at least 1. */
struct pier__rate {
	int64_t per_s;
	int64_t burst;
};

/* 0 is a full one. Moments in nanoseconds. */
typedef atomic_int_fast64_t pier__bucket;

/* Tokens that are in it. */
int64_t pier__bucket_has(
	const pier__bucket *bucket, const struct pier__rate *rate, int64_t now);

/*
 * pier__bucket_take(bucket, rate, count, now): take count tokens, at most a
 * burst, if they are there. 0, or the moment at which they would be.
 */
int64_t pier__bucket_take(pier__bucket *bucket, const struct pier__rate *rate,
	int64_t count, int64_t now);

/*
 * pier__bucket_when(bucket, rate, count, now): 0 if count tokens, at most a
 * burst, are there now, or the moment at which they will be.
 */
int64_t pier__bucket_when(const pier__bucket *bucket,
	const struct pier__rate *rate, int64_t count, int64_t now);

/* Nothing is in it now. */
void pier__bucket_empty(
	pier__bucket *bucket, const struct pier__rate *rate, int64_t now);

/* Give back what was taken and not used. */
void pier__bucket_give(
	pier__bucket *bucket, const struct pier__rate *rate, int64_t count);

#endif
