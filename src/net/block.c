/* SPDX-License-Identifier: MIT */
/* net/block.c - see block.h. */
#include "net/block.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "net/plain.h"
#include "task/run.h"
#include "task/sched.h"

/* A deadline that is nearer than this is left to the ordinary wait: the moment, with all
   that a timer of the kernel, which counts in ticks, may be late. */
#define NEAR_NS INT64_C(100000000)

/* How many waits after one in vain are ordinary ones. */
#define WAITS_MAX 8

void
pier__block_accepted(struct pier_listener *listener)
{
	static const struct timeval moment = { .tv_usec = PIER__BLOCK_US };
	struct timeval asked;
	socklen_t len = sizeof(asked);

	listener->blocking =
		!listener->adopted &&
		(listener->family == AF_INET || listener->family == AF_INET6) &&
		pier__calls()->getsockopt(listener->desc.fd, SOL_SOCKET,
			SO_RCVTIMEO, &asked, &len) == 0 &&
		asked.tv_sec == 0 && asked.tv_usec == 0 &&
		pier__calls()->setsockopt(listener->desc.fd, SOL_SOCKET,
			SO_RCVTIMEO, &moment, sizeof(moment)) == 0;
}

void
pier__block_accepting(struct pier_listener *listener)
{
	/* The moment of SO_RCVTIMEO is accept's too. */
	listener->stands =
		listener->blocking &&
		pier__calls()->set_blocking(listener->desc.fd, true) == 0;
	listener->may_block |= listener->stands;
}

void
pier__block_packet(struct pier_packet *packet)
{
	static const struct timeval moment = { .tv_usec = PIER__BLOCK_US };
	struct timeval asked;
	socklen_t len = sizeof(asked);
	int fd = packet->desc->fd;

	if (packet->family != AF_INET && packet->family != AF_INET6)
		return;
	if (pier__calls()->getsockopt(
		    fd, SOL_SOCKET, SO_RCVTIMEO, &asked, &len) == 0 &&
		asked.tv_sec == 0 && asked.tv_usec == 0 &&
		pier__calls()->setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment,
			sizeof(moment)) == 0 &&
		pier__calls()->set_blocking(fd, true) == 0)
		PIER__NOTE(packet->desc->blocks, 1);
}

void
pier__block_forget(int fd)
{
	static const struct timeval none;
	struct timeval moment;
	socklen_t len = sizeof(moment);

	if (pier__calls()->getsockopt(
		    fd, SOL_SOCKET, SO_RCVTIMEO, &moment, &len) == 0 &&
		moment.tv_sec == 0 && moment.tv_usec == PIER__BLOCK_US)
		(void)pier__calls()->setsockopt(
			fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
}

int
pier__block_end(struct pier__desc *desc)
{
	int rc;

	PIER__NOTE(desc->lone, false);
	if (PIER__LOOK(desc->blocks) == 0)
		return 0;
	rc = pier__calls()->set_blocking(desc->fd, false);
	if (rc == 0)
		PIER__NOTE(desc->blocks, 0);
	return rc;
}

/* Does nothing but bytes of this stream have to end the wait, which may last
   until then, for a moment? */
PIER__HOT static bool
is_for_now(struct pier__desc *desc, struct pier__task *self, int64_t until,
	int64_t now)
{
	const struct pier__engine *engine =
		self->sched != NULL ? self->sched->engine
				    : pier__thread_of(self)->engine;

	return pier__block_turn(desc) && until - now > NEAR_NS &&
	       (engine == NULL || engine->gathers == 0) &&
	       (self->sched == NULL || pier__sched_stand(self, now, NEAR_NS)) &&
	       !atomic_load_explicit(&self->cancelled, memory_order_acquire);
}

/* pier__desc_mark() and pier__desc_unmark() of a socket, where other threads have
   no part in it. */
static inline int
mark(struct pier__desc *desc, struct pier__task *self)
{
	const struct pier__task *reader = PIER__LOOK(desc->reader);

	if (self->sched == NULL)
		return pier__desc_mark(desc, PIER__IN, self);
	if (reader != NULL && reader != self)
		return -EBUSY;
	PIER__NOTE(desc->reader, self);
	return 0;
}

static inline void
unmark(struct pier__desc *desc, const struct pier__task *self)
{
	if (self->sched == NULL)
		pier__desc_unmark(desc, PIER__IN, self);
	else if (PIER__LOOK(desc->reader) == self)
		__atomic_store_n(&desc->reader, NULL, __ATOMIC_RELEASE);
}

/* The clock, for who waits until then. Where nothing ends at a moment, the coarse
   one tells whether the others are to have their turn: a handler may have run for
   long since the last wait. */
static inline int64_t
clock_of(const struct pier__task *self, int64_t until)
{
	const struct pier__sched *sched = self->sched;
	int64_t now;

	if (sched == NULL || until != INT64_MAX || sched->timers.count > 0)
		return pier__calls()->clock_ns();
	now = pier__calls()->clock_coarse_ns();
	return now > sched->now ? now : sched->now;
}

/* What pier__block_begin() and pier__block_over() do. */
static inline __attribute__((always_inline)) int
begin(struct pier__desc *desc, struct pier__task *self, const char *why,
	int64_t until)
{
	int64_t now;
	int rc;

	if (!pier__list_empty(&self->before_wait))
		pier__before_wait_run(self);
	rc = mark(desc, self);
	if (rc < 0)
		return rc;
	now = clock_of(self, until);
	if (!is_for_now(desc, self, until, now)) {
		unmark(desc, self);
		return -EAGAIN;
	}
	pier__note_wait(self, why, desc->fd, until);
	pier__note_wait_since(self, now);
	return 0;
}

static inline __attribute__((always_inline)) void
over(struct pier__desc *desc, struct pier__task *self, int n)
{
	if (n == -EAGAIN)
		PIER__NOTE(desc->blocks, 1 + WAITS_MAX);
	pier__note_wait_over(self);
	if (self->sched != NULL)
		pier__sched_stood(self);
	unmark(desc, self);
}

int
pier__block_begin(struct pier__desc *desc, struct pier__task *self,
	const char *why, int64_t until)
{
	return begin(desc, self, why, until);
}

void
pier__block_over(struct pier__desc *desc, struct pier__task *self, int n)
{
	over(desc, self, n);
}

PIER__HOT ssize_t
pier__block_recv(struct pier_stream *stream, void *buf, size_t size,
	const char *why, pier_deadline deadline)
{
	struct pier__task *self = pier__current;
	struct pier__desc *desc = &stream->desc;
	int64_t until = pier__stream_until(stream, deadline).ns;
	ssize_t got, n;

	/* What an engine of fibers watches already tells it for nothing. */
	if (until == 0 || (self->sched != NULL && desc->interest != 0))
		return -EAGAIN;
	n = begin(desc, self, why, until);
	if (n < 0)
		return n;
	got = pier__sys_recv(desc->fd, buf, size, 0);
	/* The same signal that ends a wait may be what the program waits for:
	   the caller goes on by an ordinary wait. */
	n = pier__desc_note_read(desc, got == -EINTR ? -EAGAIN : got, size);
	over(desc, self, (int)got);
	return n;
}

/* Is the short way that of a fiber whose thread may stand until then? As
   pier__sched_stand() finds it, where nobody else has to have a turn first. */
static inline bool
may_stand(const struct pier__sched *sched, int64_t now, int64_t until)
{
	return sched->ready_head == NULL && pier__sched_is_alone(sched) &&
	       now < sched->stand_until &&
	       pier__timers_next(&sched->timers) > until &&
	       !atomic_load_explicit(
		       &sched->remote_any, memory_order_acquire) &&
	       sched->engine->gathers == 0;
}

/* The same of a thread. Another may be about to read, too. */
static inline bool
may_stand_in_thread(struct pier__desc *desc, struct pier__task *self)
{
	const struct pier__engine *engine = pier__thread_of(self)->engine;
	struct pier__task *nobody = NULL;

	return (engine == NULL || engine->gathers == 0) &&
	       __atomic_compare_exchange_n(&desc->reader, &nobody, self, false,
		       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Of a fiber none but itself sees that it stands. */
static inline void
note_standing(struct pier__task *self, int fd, int64_t until, int64_t now)
{
	if (self->sched == NULL)
		pier__note_wait(self, "read", fd, until);
	else if (self->sched->stretch.longest != NULL)
		pier__stretch_switch(&self->sched->stretch, &self->tag);
	pier__note_wait_since(self, now);
}

/* It does not stand any more. The moment. */
static inline int64_t
note_stood(struct pier__desc *desc, struct pier__task *self)
{
	if (self->sched != NULL) {
		pier__sched_stood(self);
		return self->sched->now;
	}
	pier__note_wait_over(self);
	__atomic_store_n(&desc->reader, NULL, __ATOMIC_RELEASE);
	return pier__calls()->clock_ns();
}

PIER__HOT PIER__AFTER_CALL ssize_t
pier__block_plain(struct pier_stream *stream, struct pier__task *self,
	void *buf, size_t size)
{
	struct pier__desc *desc = &stream->desc;
	/* Behind by far less than a deadline that is near is early. */
	int64_t now = pier__calls()->clock_coarse_ns();
	int64_t until = pier__plain_until(stream);
	ssize_t n;

	if (!PIER__MOSTLY(PIER__LOOK(desc->blocks) == 1 &&
			  until - now > NEAR_NS && desc->interest == 0 &&
			  pier__list_empty(&self->before_wait) &&
			  !atomic_load_explicit(
				  &self->cancelled, memory_order_acquire)))
		return -EAGAIN;
	if (!PIER__MOSTLY(self->sched != NULL
				  ? may_stand(self->sched, now, now + NEAR_NS)
				  : may_stand_in_thread(desc, self)))
		return -EAGAIN;
	note_standing(self, desc->fd, until, now);
	n = pier__sys_recv(desc->fd, buf, size, 0);
	now = note_stood(desc, self);
	(void)pier__desc_note_read(desc, n, size);
	if (PIER__MOSTLY(n > 0)) {
		pier__plain_came(stream, n, now);
	} else if (n == -EAGAIN) {
		PIER__NOTE(desc->blocks, 1 + WAITS_MAX);
		n = -EINTR;
	}
	return n;
}
