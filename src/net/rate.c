/* SPDX-License-Identifier: MIT */
/* net/rate.c - see rate.h. */
#include "net/rate.h"

#include <errno.h>

#include "base/bucket.h"
#include "task/run.h"

/* Of a second's worth: what a bucket holds, and what is worth a call. */
#define DEPTH_PART 10
#define WORTH_PART 100

struct way {
	struct pier__rate rate; /* per_s 0: none */
	pier__bucket bucket;
	int64_t lacks; /* tokens that the last attempt wanted in vain, or 0 */
};

/* The lock is for `waiting`: whoever wakes a task does so under it, and a task
   needs it to go. */
struct pier__rates {
	const struct pier__stream_ops *ops; /* without a rate */
	struct way ways[2];                 /* reading, writing */
	struct pier__task *waiting[2];      /* for tokens */
	pthread_mutex_t lock;
};

static inline unsigned
place_of(unsigned what)
{
	return what == PIER__IN ? 0 : 1;
}

static struct way *
way_of(const struct pier_stream *stream, unsigned what)
{
	struct pier__rates *rates = pier__stream_base(stream)->rates;
	struct way *way;

	if (rates == NULL)
		return NULL;
	way = &rates->ways[place_of(what)];
	return way->rate.per_s > 0 ? way : NULL;
}

/* Below so many of size it is not worth a call. */
static int64_t
worth(const struct way *way, size_t size)
{
	int64_t least = way->rate.per_s / WORTH_PART;

	if (least < 1)
		least = 1;
	return size < (uint64_t)least ? (int64_t)size : least;
}

size_t
pier__rate_grant(struct pier_stream *stream, unsigned what, size_t size)
{
	struct way *way = way_of(stream, what);
	int64_t now, least, has;

	if (way == NULL || size == 0)
		return size;
	now = pier_now();
	least = worth(way, size);
	has = pier__bucket_has(&way->bucket, &way->rate, now);
	way->lacks = has < least ? least : 0;
	if (has < least)
		return 0;
	return (uint64_t)has < size ? (size_t)has : size;
}

void
pier__rate_spend(struct pier_stream *stream, unsigned what, ssize_t n)
{
	struct way *way = way_of(stream, what);

	if (way != NULL && n > 0)
		(void)pier__bucket_take(
			&way->bucket, &way->rate, n, pier_now());
}

int64_t
pier__rate_until(const struct pier_stream *stream, unsigned what)
{
	const struct way *way = way_of(stream, what);

	if (way == NULL)
		return 0;
	return pier__bucket_when(&way->bucket, &way->rate,
		way->lacks > 0 ? way->lacks : worth(way, SIZE_MAX), pier_now());
}

bool
pier__rate_holds_writes(const struct pier_stream *stream)
{
	return way_of(stream, PIER__OUT) != NULL;
}

/* Whoever waits for tokens tries again. */
static void
wake(struct pier__rates *rates)
{
	int i;

	(void)pthread_mutex_lock(&rates->lock);
	for (i = 0; i < 2; i++) {
		if (rates->waiting[i] != NULL)
			pier__wake(rates->waiting[i]);
	}
	(void)pthread_mutex_unlock(&rates->lock);
}

/* ---- The table -------------------------------------------------------- */

/* Of count pieces as many whole ones as `most` bytes hold, or a part of the
   first: *piece. A stack has no room for a copy of all. */
static const struct iovec *
cut(const struct iovec *iov, int *count, size_t most, struct iovec *piece)
{
	size_t size = 0;
	int whole = 0;

	while (whole < *count && iov[whole].iov_len <= most - size)
		size += iov[whole++].iov_len;
	if (size > 0 || whole == *count) {
		*count = whole;
		return iov;
	}
	*piece = (struct iovec){ .iov_base = iov[whole].iov_base,
		.iov_len = most };
	*count = 1;
	return piece;
}

static size_t
size_of(const struct iovec *iov, int count)
{
	size_t size = 0;
	int i;

	for (i = 0; i < count; i++)
		size += iov[i].iov_len;
	return size;
}

/* One attempt by `try`, one of the table below, within the rate. */
static ssize_t
attempt(struct pier_stream *stream, unsigned what, const struct iovec *iov,
	int count,
	ssize_t (*try)(struct pier_stream *, const struct iovec *, int))
{
	size_t size = size_of(iov, count);
	size_t most = pier__rate_grant(stream, what, size);
	struct iovec piece;
	ssize_t n;

	if (most == 0 && size > 0)
		return -EAGAIN;
	iov = cut(iov, &count, most, &piece);
	n = try(stream, iov, count);
	pier__rate_spend(stream, what, n);
	return n;
}

static ssize_t
rate_readv(struct pier_stream *stream, const struct iovec *iov, int count)
{
	return attempt(stream, PIER__IN, iov, count, stream->rates->ops->readv);
}

static ssize_t
rate_writev(struct pier_stream *stream, const struct iovec *iov, int count)
{
	return attempt(
		stream, PIER__OUT, iov, count, stream->rates->ops->writev);
}

static int
rate_shutdown(struct pier_stream *stream, enum pier_half half)
{
	int rc = stream->rates->ops->shutdown(stream, half);

	wake(stream->rates);
	return rc;
}

static void
rate_abort(struct pier_stream *stream)
{
	stream->rates->ops->abort(stream);
	wake(stream->rates);
}

static void
set_waiting(struct pier__rates *rates, unsigned what, struct pier__task *task)
{
	(void)pthread_mutex_lock(&rates->lock);
	rates->waiting[place_of(what)] = task;
	(void)pthread_mutex_unlock(&rates->lock);
}

/* Until `at`, when there are tokens; sooner if something happened that an
   attempt has to look at. */
static int
wait_for_tokens(struct pier_stream *stream, unsigned what, int64_t at,
	pier_deadline deadline)
{
	struct pier__desc *desc =
		what == PIER__OUT ? stream->out_desc : &stream->desc;
	struct pier__task *self = pier__self();
	int rc = self == NULL ? -ENOMEM : 0;

	if (rc == 0 && self->sched == NULL)
		rc = pier__thread_wakeable(self);
	if (rc == 0)
		rc = pier__desc_mark(desc, what, self);
	if (rc < 0)
		return rc;
	set_waiting(stream->rates, what, self);
	if (!atomic_load_explicit(&stream->aborted, memory_order_acquire))
		rc = pier__park(self, "rate", desc->fd,
			pier_earlier(pier_deadline_at(at), deadline));
	set_waiting(stream->rates, what, NULL);
	pier__desc_unmark(desc, what, self);
	return rc == -PIER_EDEADLINE && at <= deadline.ns ? 0 : rc;
}

static int
rate_wait(struct pier_stream *stream, unsigned what, const char *why,
	pier_deadline deadline)
{
	const struct way *way = way_of(stream, what);
	int64_t at = way != NULL && way->lacks > 0
			     ? pier__rate_until(stream, what)
			     : 0;

	if (at == 0)
		return stream->rates->ops->wait(stream, what, why, deadline);
	return deadline.ns == 0 ? -EAGAIN
				: wait_for_tokens(stream, what, at, deadline);
}

static const char *
rate_describe(const struct pier_stream *stream)
{
	return stream->rates->ops->describe(stream);
}

static void
rate_close(struct pier_stream *stream)
{
	struct pier__rates *rates = stream->rates;

	rates->ops->close(stream);
	pier__free(rates);
}

static const struct pier__stream_ops rate_ops = {
	.readv = rate_readv,
	.writev = rate_writev,
	.shutdown = rate_shutdown,
	.abort = rate_abort,
	.wait = rate_wait,
	.describe = rate_describe,
	.close = rate_close,
};

void
pier__rate_set_ops(
	struct pier_stream *stream, const struct pier__stream_ops *ops)
{
	if (stream->rates != NULL)
		stream->rates->ops = ops;
	else
		stream->ops = ops;
}

/* ---- Setting ---------------------------------------------------------- */

static void
set_way(struct way *way, int64_t per_s)
{
	way->lacks = 0;
	way->rate.per_s = per_s > 0 ? per_s : 0;
	if (per_s <= 0)
		return;
	way->rate.burst = per_s < DEPTH_PART ? 1 : per_s / DEPTH_PART;
	pier__bucket_empty(&way->bucket, &way->rate, pier_now());
}

int
pier__rate_set(
	struct pier_stream *stream, int64_t read_per_s, int64_t write_per_s)
{
	struct pier__rates *rates = stream->rates;

	if (rates == NULL && read_per_s <= 0 && write_per_s <= 0)
		return 0;
	if (rates == NULL) {
		rates = pier__alloc(sizeof(*rates));
		if (rates == NULL)
			return -ENOMEM;
		rates->ops = stream->ops;
		stream->rates = rates;
		/* An abort by another thread finds the one or the other. */
		__atomic_store_n(&stream->ops, &rate_ops, __ATOMIC_RELEASE);
		pier__stream_set_odd(stream, PIER__ODD_RATE);
	}
	set_way(&rates->ways[0], read_per_s);
	set_way(&rates->ways[1], write_per_s);
	wake(rates);
	return 0;
}

/* Fibers of one scheduler never run at the same time; threads may. */
static bool
is_busy(const struct pier_stream *base, const struct pier__task *self)
{
	return self->sched == NULL &&
	       (pier__desc_busy(&base->desc, PIER__IN) ||
		       pier__desc_busy(base->out_desc, PIER__OUT));
}

int
pier_set_rate(struct pier_stream *stream, int64_t read_bytes_per_s,
	int64_t write_bytes_per_s)
{
	struct pier_stream *base = pier__stream_base(stream);
	struct pier__task *self = pier__self();
	int rc;

	if (read_bytes_per_s < PIER_OFF || write_bytes_per_s < PIER_OFF)
		return pier__fail(-EINVAL,
			&(struct pier__failure){ .step = PIER_STEP_CREATE,
				.detail = "a rate is in bytes a second: 1 or "
					  "more, 0 or PIER_OFF for none" });
	if (self == NULL)
		rc = -ENOMEM;
	else if (pier__desc_is_elsewhere(&base->desc))
		rc = -EXDEV;
	else if (pier__stream_holds(stream) || is_busy(base, self))
		rc = -EBUSY;
	else
		rc = pier__rate_set(base, read_bytes_per_s, write_bytes_per_s);
	return rc == 0 ? 0 : pier__stream_fail(stream, rc, PIER_STEP_CREATE);
}
