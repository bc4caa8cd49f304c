/* SPDX-License-Identifier: MIT */
/*
 * serve/accept.c - accepting: one fiber for each port of a worker.
 *
 * It takes what queues until the kernel has no more, lets the connections run
 * after every few, and waits when the server is full or descriptors or memory
 * run out. Whatever it waits for, connections that are there go on, nothing is
 * polled, and who queues stays in the queue: nobody is lost but to a reset of
 * his own, or of ours where his address has too many.
 *
 * A descriptor's number is the lowest that is free. One above a mark shows that
 * all below were taken, at no cost. While a connection has one there, it is
 * looked before each accept that enough are free below: a number alone no longer
 * tells, as those above stay taken while others below come free. An acceptor
 * without a connection takes one all the same, as the others' may not end for
 * long, so that nobody waits behind the silent clients of another queue. The
 * mark leaves room for that, so that the reserve behind it stays whole.
 */
#include <errno.h>
#include <stdio.h>
#include <netinet/tcp.h>

#include "serve/conn.h"
#include "task/kept.h"
#include "task/sched.h"

/* Taken at most after the server was told to stop, where the kernel does not
   say how many queue. */
#define DRAIN_MAX 4096

/* How long who queues is left to processes with fewer connections. */
#define ASIDE_NS INT64_C(50000000)

/* A timer that is nearer is not left to a wait in accept(). */
#define STAND_NEAR_NS INT64_C(100000000)

#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   1000

/* Is what a connection takes to be had below the mark, and as much as others
   of this server have above? Handlers come and go below meanwhile. */
static bool
is_below_mark(struct pier_server *server)
{
	int wanted = server->model->descriptors + atomic_load(&server->above);
	int fds[PIER__PROBES_MAX];
	bool below = true;
	int taken = 0;

	while (below && taken < wanted && taken < PIER__PROBES_MAX) {
		int fd = pier__calls()->eventfd();

		below = fd >= 0 && fd < server->descriptors_high;
		fds[taken++] = fd;
	}
	while (taken > 0)
		pier__close(fds[--taken]);
	return below;
}

/* Closed with a reset: what is refused costs nothing more. */
static void
reset(int fd)
{
	static const struct linger at_once = { .l_onoff = 1 };

	/* Where that is not known, closing is all there is. */
	(void)pier__calls()->setsockopt(
		fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	pier__close(fd);
}

PIER__HOT void
pier__count_above(struct pier_server *server, int fd, int change)
{
	if (fd >= server->descriptors_high)
		(void)atomic_fetch_add(&server->above, change);
}

PIER__HOT void
pier__acceptor_count(struct pier__acceptor *it, bool above, int change)
{
	(void)atomic_fetch_add(&it->own, change);
	if (above)
		(void)atomic_fetch_add(&it->worker->server->above, change);
}

/* The connection of `it` is run by a worker, or will be by_itself. 0, or what
   is wanting. */
PIER__HOT static int
launch(struct pier__acceptor *it, bool by_itself)
{
	struct pier_server *server = it->worker->server;
	struct pier__conn *conn = it->conn;
	bool above = it->fd >= server->descriptors_high;
	int rc = 0;

	/* Before it may end, and before its peer can be answered. */
	conn->above = above;
	pier__acceptor_count(it, above, 1);
	pier__count(it->worker->counters, PIER__COUNT_ACCEPTED, 1);
	if (!pier__inbox_put(it, conn)) {
		pier__conn_runs_on(conn, it->worker);
		if (!by_itself)
			rc = server->model->start(it->worker, conn);
	}
	/* One that a stop finds waiting for memory is let go, and nothing would
	   count its end. */
	if (rc < 0) {
		pier__conn_runs_on(conn, NULL);
		pier__acceptor_count(it, above, -1);
		pier__uncount(it->worker->counters, PIER__COUNT_ACCEPTED, 1);
	}
	return rc;
}

/* A connection for it->fd, once there is room. 0, or what is wanting: then
   descriptor, room and connection stay in `it` for another try. `out`: where to
   leave it for who runs it himself, if it is to be run; NULL: the model does. */
PIER__HOT static int
admit(struct pier__acceptor *it, struct pier__conn **out)
{
	struct pier__worker *worker = it->worker;
	int rc = 0;

	if (it->conn == NULL)
		rc = pier__conn_new(&it->conn, it);
	if (rc == 0)
		rc = launch(it, out != NULL);
	if (rc < 0 && rc != -PIER_ELIMIT && rc != -EACCES)
		return rc;
	if (rc < 0) {
		pier__count(worker->counters, PIER__COUNT_ACCEPTED, 1);
		pier__gate_refuse(worker, it->port->endpoint, &it->peer, rc);
		reset(it->fd);
		pier__room_give(worker->server);
	} else if (out != NULL) {
		*out = it->conn;
	}
	pier__attend_came(worker);
	it->conn = NULL;
	it->fd = -1;
	it->has_room = false;
	it->drain_left -= it->draining;
	return 0;
}

/* How many connections after a wait in vain are waited for as ever. */
#define SELDOM_MAX 8

/* May it wait in accept() for a moment, as nothing else has to end this wait? A
   process that does so is in no set that it would have to leave and come back
   to, and is woken alone. */
PIER__HOT static bool
may_stand(struct pier__acceptor *it)
{
	struct pier__task *self = pier__current;

	/* Not in a step, which has its own moment; and of a pool its threads. */
	return it->listener->stands && it->seldom == 0 &&
	       it->worker->accepting != NULL && it->worker->pool == NULL &&
	       it->listener->desc.interest == 0 && !it->draining &&
	       it->worker->server->gate.rate.per_s == 0 && !pier_cancelled() &&
	       pier__sched_stand(
		       self, pier__calls()->clock_ns(), STAND_NEAR_NS);
}

/* -EAGAIN also where another server was given the queue: who gives it says so
   first, and then waits for those that stand already. */
PIER__HOT static int
accept_standing(struct pier__acceptor *it)
{
	struct pier_server *server = it->worker->server;
	int fd = -EAGAIN;

	(void)atomic_fetch_add(&server->ledger->standing, 1);
	if (!pier__port_is_handed(server, it->port))
		fd = pier__listener_accept_standing(it->listener, &it->peer);
	(void)atomic_fetch_sub(&server->ledger->standing, 1);
	return fd;
}

PIER__HOT static int
take_standing(struct pier__acceptor *it)
{
	int fd = accept_standing(it);

	pier__sched_stood(pier__current);
	if (fd == -EAGAIN) {
		it->seldom = 1 + SELDOM_MAX;
		PIER__NOTE(it->listener->desc.readable, false);
	}
	return fd;
}

/* A descriptor into it->fd: 0; -EAGAIN: nobody is there; else what is
   wanting. */
PIER__HOT static int
take(struct pier__acceptor *it)
{
	struct pier_server *server = it->worker->server;
	bool look =
		atomic_load(&server->above) > 0 && atomic_load(&it->own) > 0;
	int fd = -EMFILE;

	if (!PIER__LOOK(it->listener->desc.readable))
		return -EAGAIN;
	/* What one has seen, another must not take. */
	if (look)
		(void)pthread_mutex_lock(&server->lock);
	if (!look && may_stand(it))
		fd = take_standing(it);
	else if (!look || is_below_mark(server))
		fd = pier__listener_accept(it->listener, &it->peer);
	if (look)
		(void)pthread_mutex_unlock(&server->lock);
	if (fd < 0)
		return fd;
	it->fd = fd;
	it->seldom -= it->seldom > 0;
	it->has_token = false;
	it->away = false;
	it->told = false;
	return 0;
}

/* It accepts nobody for now: who comes is for the other processes, and who is
   there already. They are told, once. `sated`: it has taken the one that it was
   woken for, and stays away by itself alone. Each of those that still queue has
   woken another process, or will be met by the next one that comes free. */
static void
go_away(struct pier__acceptor *it, bool sated)
{
	struct pier_server *server = it->worker->server;
	bool queued = PIER__LOOK(it->listener->desc.readable) && !sated;

	if (server->process == 0 || it->away)
		return;
	it->away = true;
	pier__desc_forget(&it->listener->desc);
	PIER__NOTE(it->listener->desc.readable, true);
	if (!queued)
		return;
	(void)atomic_fetch_add(&server->shared->releases, 1);
	pier__bell_ring(server);
}

/* Is who queues rather for a process with fewer connections? Not for ever: it
   may be busy with one of them. */
static bool
is_for_others(struct pier__acceptor *it)
{
	const struct pier_server *server = it->worker->server;
	int64_t now;

	if (server->process == 0 || it->draining ||
		!PIER__LOOK(it->listener->desc.readable))
		return false;
	if (!pier__shared_is_above(server->shared, server->process)) {
		it->aside_until = 0;
		return false;
	}
	now = pier__task_now(pier__current);
	if (it->aside_until == 0)
		it->aside_until = now + ASIDE_NS;
	return now < it->aside_until;
}

/* Until that has changed. */
static int
stand_aside(struct pier__acceptor *it, uint64_t seen)
{
	int rc;

	go_away(it, false);
	rc = pier__release_wait(it, seen, pier_deadline_at(it->aside_until));
	return rc == -PIER_EDEADLINE ? 0 : rc;
}

static void
note_want(const struct pier__acceptor *it, int want)
{
	char detail[PIER__WHY_MAX + 32] = "accepting pauses";
	bool refused = it->listener->refused;

	/* Which option, and why, was noted when it was set. */
	if (refused)
		(void)snprintf(detail, sizeof(detail), "%s; accepting pauses",
			pier_last_error()->detail);
	(void)pier__fail(want,
		&(struct pier__failure){
			.step = refused ? PIER_STEP_OPTION : PIER_STEP_ACCEPT,
			.endpoint = it->port->endpoint,
			.detail = detail,
			/* No thread to be had is -EAGAIN. */
			.counts = true });
}

/* For want of descriptors or memory: until something was given back, or a
   while. Told once, however often it is tried again, and however many get
   in meanwhile one by one. */
static int
hold_off(struct pier__acceptor *it, uint64_t seen, int want)
{
	struct pier_server *server = it->worker->server;
	int rc;

	/* Nothing is wanting where it was only kept. */
	if (pier__kept_trim(server->kept))
		return 0;
	if (!it->wanting) {
		it->wanting = true;
		pier__count(it->worker->counters, PIER__COUNT_ACCEPT_PAUSES, 1);
		note_want(it, want);
		pier__report_error(server, NULL, want);
	}
	it->pause_ms = it->pause_ms == 0 ? PAUSE_FIRST_MS : it->pause_ms * 2;
	if (it->pause_ms > PAUSE_MAX_MS)
		it->pause_ms = PAUSE_MAX_MS;
	go_away(it, false);
	rc = pier__release_wait(it, seen, pier_in_ms(it->pause_ms));
	/* What a thread has goes a moment after its connection. */
	if (rc == 0)
		it->pause_ms = 0;
	return rc == -PIER_EDEADLINE ? 0 : rc;
}

static int
wait_for_clients(struct pier__acceptor *it, uint64_t seen)
{
	int rc;

	it->away = false;
	it->aside_until = 0;
	rc = pier__desc_wait(
		&it->listener->desc, PIER__IN, "accept", PIER_FOREVER);
	/* Nobody queued and nothing was wanting: what will be is told anew. */
	if (rc == 0) {
		it->pause_ms = 0;
		it->wanting = false;
		it->told = true;
	}
	/* The engine may have no memory to watch it. */
	return rc == 0 || rc == -ECANCELED ? rc : hold_off(it, seen, rc);
}

/* What became of the task of an acceptor. */
enum {
	DRAINED = 1, /* nobody queues any more, and nobody will */
	PASSED_ON /* another task accepts, and this one has done all it had */
};

int
pier__acceptor_stand(struct pier__acceptor *it, struct pier__conn **out)
{
	struct pier__task *self = pier__current;
	int rc = 0;

	if (it->fd < 0) {
		pier__note_wait(
			self, "accept", it->listener->desc.fd, INT64_MAX);
		pier__note_wait_since(self, pier__calls()->clock_coarse_ns());
		it->fd = accept_standing(it);
		pier__note_wait_over(self);
		if (it->fd < 0) {
			pier__room_unreserve(it->worker->server);
			return -EAGAIN;
		}
		pier__room_use(it->worker->server);
	}
	*out = NULL;
	rc = admit(it, out);
	/* Its room was given back with it. */
	return rc == 0 && *out == NULL ? -EAGAIN : rc;
}

/* A connection that was accepted runs here. 0 or PASSED_ON. */
PIER__HOT static int
run_inside(struct pier__acceptor *it, struct pier__conn *conn)
{
	go_away(it, true);
	return pier__inside_run(it, conn) ? 0 : PASSED_ON;
}

/* Will what was accepted run here? Once this task is cancelled, which may be while it
   accepts, it would be a connection's whose first wait is refused: in place of the
   drain time it would have none. */
static bool
runs_inside(const struct pier__acceptor *it)
{
	return it->worker->server->model->inside && !it->draining &&
	       !pier_cancelled();
}

/* One connection, or one wait. 0, -ECANCELED, DRAINED or PASSED_ON. */
PIER__HOT static int
step(struct pier__acceptor *it)
{
	struct pier_server *server = it->worker->server;
	uint64_t seen = atomic_load(&server->shared->releases);
	struct pier__conn *conn = NULL;
	int rc = 0;

	if (it->draining && (it->drain_left == 0 ||
				    atomic_load(&server->shared->stops) > 1))
		return DRAINED;
	if (it->fd < 0 && pier__pool_accepts(it->worker->pool))
		return pier__pool_wait(it);
	if (it->fd < 0 && pier__room_is_full(server)) {
		go_away(it, server->own_max == 1 && !it->told);
		return pier__release_wait(it, seen, PIER_FOREVER);
	}
	if (it->fd < 0 && is_for_others(it))
		return stand_aside(it, seen);
	if (it->fd < 0 && !pier__gate_may_take(it))
		return pier__gate_wait(it);
	if (it->fd < 0)
		rc = take(it);
	if (rc == -EAGAIN)
		pier__gate_give_back(it);
	if (rc == -EAGAIN)
		return it->draining ? DRAINED : wait_for_clients(it, seen);
	/* Another worker may have been quicker, or a thread of a pool, which is
	   not to be so again. */
	if (rc == 0 && !it->has_room && !pier__room_take(server)) {
		pier__pool_owes(it->worker->pool, true);
		return pier__release_wait(it, seen, PIER_FOREVER);
	}
	if (rc == 0) {
		pier__pool_owes(it->worker->pool, false);
		it->has_room = true;
		rc = admit(it, runs_inside(it) ? &conn : NULL);
	}
	if (rc < 0)
		return hold_off(it, seen, rc);
	it->pause_ms = 0;
	return conn != NULL ? run_inside(it, conn) : 0;
}

/* How many queue. A listening TCP socket tells it where others tell of what is
   not acknowledged. */
static uint32_t
queued(const struct pier__acceptor *it)
{
	struct tcp_info info = { .tcpi_unacked = DRAIN_MAX };
	socklen_t len = sizeof(info);

	if (it->listener->family != AF_UNIX)
		(void)pier__calls()->getsockopt(it->listener->desc.fd,
			IPPROTO_TCP, TCP_INFO, &info, &len);
	return info.tcpi_unacked;
}

/* The server stops: those that queue were promised a connection by the kernel
   and get one, as long as there is time. False: there is none. */
static bool
drain(struct pier__acceptor *it)
{
	struct pier_server *server = it->worker->server;

	if (server->opts.drain_ms == PIER_OFF ||
		atomic_load(&server->shared->stops) > 1)
		return false;
	it->draining = true;
	it->drain_left = it->fd >= 0;
	/* What queues where another server accepts is that one's. */
	if (!pier__port_is_handed(it->worker->server, it->port))
		it->drain_left += queued(it);
	PIER__NOTE(it->listener->desc.readable, true);
	(void)pier_shield(pier_deadline_at(it->worker->drain_until));
	return true;
}

void
pier__acceptor_leave(struct pier__acceptor *it)
{
	struct pier__port *port = it->port;

	if (it->listener == NULL)
		return;
	if (it->conn != NULL)
		pier__conn_drop(it->conn);
	else
		pier__close(it->fd);
	if (it->has_room)
		pier__room_give(it->worker->server);
	pier__desc_forget(&it->listener->desc);
	if (it->listener != port->listener)
		pier__free(it->listener);
	it->listener = NULL;
	pier__port_leave(it->worker->server, port);
}

void
pier__port_leave(struct pier_server *server, struct pier__port *port)
{
	if (atomic_fetch_sub(&port->users, 1) != 1)
		return;
	/* It may just be handed over. */
	(void)pthread_mutex_lock(&server->lock);
	pier_listener_close(port->listener);
	port->listener = NULL;
	(void)pthread_mutex_unlock(&server->lock);
}

int
pier__acceptor_try(struct pier__acceptor *it)
{
	int rc = 0;

	if (!it->has_room && !pier__room_take(it->worker->server))
		return -EBUSY;
	it->has_room = true;
	if (it->fd < 0)
		rc = take(it);
	if (rc == 0) {
		rc = admit(it, NULL);
		/* No thread to be had, not nobody to accept. */
		if (rc == -EAGAIN)
			rc = -ENOMEM;
	}
	/* Who was accepted and could not be started keeps his. */
	if (rc < 0 && it->fd < 0) {
		it->has_room = false;
		pier__room_give(it->worker->server);
	}
	return rc;
}

PIER__HOT int
pier__acceptor_main(void *arg)
{
	struct pier__acceptor *it = arg;
	unsigned steps = 0;
	int rc = 0;

	pier_task_name("acceptor");
	while (rc == 0) {
		rc = step(it);
		if (++steps >= it->worker->server->model->burst) {
			steps = 0;
			(void)pier_yield();
		}
		/* Clients that come without a pause must not keep it from
		   hearing of the stop. */
		if (rc <= 0 && !it->draining && pier_cancelled())
			rc = drain(it) ? 0 : -ECANCELED;
	}
	if (rc != PASSED_ON)
		pier__acceptor_leave(it);
	return 0;
}
