/* SPDX-License-Identifier: MIT */
/* base/bucket.c - see bucket.h. */
#include "base/bucket.h"

#define S INT64_C(1000000000)

/* a * b / c, rounded up or down, without an overflow in between; at most the
   longest time there is. */
static int64_t
scale(int64_t a, int64_t b, int64_t c, int64_t round)
{
	__int128 result = ((__int128)a * b + round) / c;

	return result > INT64_MAX / 4 ? INT64_MAX / 4 : (int64_t)result;
}

/* How long count tokens take to come; never too short. */
static int64_t
time_of(const struct pier__rate *rate, int64_t count)
{
	return scale(count, S, rate->per_s, rate->per_s - 1);
}

int64_t
pier__bucket_has(
	const pier__bucket *bucket, const struct pier__rate *rate, int64_t now)
{
	int64_t full_at = atomic_load_explicit(bucket, memory_order_relaxed);
	int64_t left = time_of(rate, rate->burst);
	int64_t count;

	if (full_at > now)
		left -= full_at - now;
	if (left <= 0)
		return 0;
	count = scale(left, rate->per_s, S, 0);
	return count < rate->burst ? count : rate->burst;
}

int64_t
pier__bucket_take(pier__bucket *bucket, const struct pier__rate *rate,
	int64_t count, int64_t now)
{
	int64_t most = time_of(rate, rate->burst);
	int64_t more = time_of(rate, count);
	int64_t full_at = atomic_load_explicit(bucket, memory_order_relaxed);
	int64_t next;

	do {
		next = (full_at > now ? full_at : now) + more;
		if (next - now > most)
			return next - most;
	} while (!atomic_compare_exchange_weak_explicit(bucket, &full_at, next,
		memory_order_relaxed, memory_order_relaxed));
	return 0;
}

int64_t
pier__bucket_when(const pier__bucket *bucket, const struct pier__rate *rate,
	int64_t count, int64_t now)
{
	int64_t full_at = atomic_load_explicit(bucket, memory_order_relaxed);
	int64_t at = (full_at > now ? full_at : now) + time_of(rate, count) -
		     time_of(rate, rate->burst);

	return at > now ? at : 0;
}

void
pier__bucket_empty(
	pier__bucket *bucket, const struct pier__rate *rate, int64_t now)
{
	atomic_store_explicit(
		bucket, now + time_of(rate, rate->burst), memory_order_relaxed);
}

void
pier__bucket_give(
	pier__bucket *bucket, const struct pier__rate *rate, int64_t count)
{
	(void)atomic_fetch_sub_explicit(
		bucket, time_of(rate, count), memory_order_relaxed);
}
