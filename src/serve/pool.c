/* SPDX-License-Identifier: MIT */
/*
 * serve/pool.c - the model of a pool: so many threads, made when the server
 * begins, each of which takes one connection after the other. As many are
 * active at most as there are threads; who comes then stays in the kernel's
 * queue. A connection keeps its thread until it has quite ended, its linger
 * too: so one that was started is taken by a thread that is about to come free.
 *
 * To hand each connection from the thread that accepts to one of these costs a
 * futex on each side and a switch. So a thread that comes free stands in
 * accept(2) itself, for a moment at most, and the kernel wakes one of those that
 * do. As long as one does, or all are busy, nobody else need look at the queue;
 * after a moment in which nobody came the acceptor does again.
 *
 * Datagram handlers are fibers, as under the model of threads.
 */
#include "serve/conn.h"
#include "task/run.h"
#include "task/sched.h"

/* Threads that hang outside of pier are left behind, as thread.c does. */
#define PATIENCE_NS INT64_C(5000000000)

/* Who stands in vain leaves so many connections to the acceptor. */
#define SELDOM_MAX 8

/* Until there may be memory for who was accepted. */
#define PAUSE_MS 100

/* Connections that no thread has taken yet: a ring, with room for as many as
   may be active. It lasts as long as the server's memory, which threads that
   are left behind hold too. */
struct pier__pool {
	struct pier_server *server;
	pthread_mutex_t lock;
	pthread_cond_t come; /* one more, one is to stand, or closing */
	size_t begin;
	size_t count;
	size_t room;
	size_t idle; /* threads that wait for that */
	bool closing;
	/* The port that threads stand at, a user of it; NULL: they do not. */
	struct pier__port *port;
	struct pier__acceptor view; /* what they accept by: each a copy */
	struct pier_listener listener;
	size_t standing;
	bool wanted;               /* one of those that are idle is to stand */
	bool retired;              /* none begins to stand any more */
	unsigned seldom;           /* so many connections are the acceptor's */
	atomic_bool owes;          /* the acceptor waits for room for one */
	atomic_bool covered;       /* the acceptor need not look at the queue */
	struct pier__task *waiter; /* its task, until it need again */
	struct pier__conn *conns[];
};

struct standing {
	struct pier__acceptor acceptor;
	struct pier_listener listener;
};

bool
pier__pool_accepts(struct pier__pool *pool)
{
	return pool != NULL && atomic_load(&pool->covered);
}

PIER__HOT void
pier__pool_owes(struct pier__pool *pool, bool owes)
{
	if (pool != NULL && atomic_load(&pool->owes) != owes)
		atomic_store(&pool->owes, owes);
}

/* By lock: from now on the acceptor looks at the queue again. */
static void
uncover(struct pier__pool *pool)
{
	atomic_store(&pool->covered, false);
	if (pool->waiter != NULL)
		pier__wake(pool->waiter);
}

int
pier__pool_wait(struct pier__acceptor *it)
{
	struct pier__pool *pool = it->worker->pool;
	int rc = 0;

	/* The kernel is not to wake two for each that comes. */
	pier__desc_forget(&it->listener->desc);
	PIER__NOTE(it->listener->desc.readable, true);
	pier__sched_lenient(1);
	(void)pthread_mutex_lock(&pool->lock);
	pool->waiter = pier__current;
	while (rc == 0 && atomic_load(&pool->covered)) {
		(void)pthread_mutex_unlock(&pool->lock);
		rc = pier__park(pier__current, "pool", -1, PIER_FOREVER);
		(void)pthread_mutex_lock(&pool->lock);
	}
	pool->waiter = NULL;
	(void)pthread_mutex_unlock(&pool->lock);
	pier__sched_lenient(-1);
	return rc;
}

void
pier__pool_retire(struct pier__pool *pool)
{
	if (pool == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	pool->retired = true;
	if (pool->standing == 0)
		uncover(pool);
	(void)pthread_mutex_unlock(&pool->lock);
}

/* By lock: the last that had to do with the port leaves it. */
static void
leave_port(struct pier__pool *pool)
{
	if (pool->port != NULL && pool->closing && pool->standing == 0) {
		pier__port_leave(pool->server, pool->port);
		pool->port = NULL;
	}
}

/* By lock: may this thread, which has nothing to do, stand? Then it does, and
   there is room for who comes. */
static bool
begin_to_stand(struct pier__pool *pool)
{
	if (pool->port == NULL || pool->retired || pool->seldom > 0 ||
		atomic_load(&pool->owes) ||
		atomic_load(&pool->server->above) > 0 ||
		!pier__room_reserve(pool->server))
		return false;
	pool->standing++;
	atomic_store(&pool->covered, true);
	return true;
}

/* By lock: it has stood, in vain or not. Where others are idle another one
   stands in its place; where none is, the next that has nothing to do. */
static void
end_standing(struct pier__pool *pool, bool in_vain)
{
	if (--pool->standing > 0)
		return;
	if (in_vain)
		pool->seldom = SELDOM_MAX;
	if (in_vain || pool->retired) {
		uncover(pool);
	} else if (pool->idle > 0) {
		pool->wanted = true;
		(void)pthread_cond_signal(&pool->come);
	}
	leave_port(pool);
}

/* Who was accepted waits for memory in the hands of this thread. */
static struct pier__conn *
try_on(struct pier__acceptor *it, int rc)
{
	struct pier_server *server = it->worker->server;
	struct pier__conn *conn = NULL;

	pier__count(it->worker->counters, PIER__COUNT_ACCEPT_PAUSES, 1);
	pier__report_error(server, NULL, rc);
	while (rc < 0 && it->fd >= 0) {
		if (pier_sleep(pier_in_ms(PAUSE_MS)) == 0) {
			rc = pier__acceptor_stand(it, &conn);
			continue;
		}
		pier__close(it->fd);
		it->fd = -1;
		pier__room_give(server);
	}
	return conn;
}

/* One that this thread accepts itself, or NULL. */
static struct pier__conn *
stand(struct pier__pool *pool, struct standing *place)
{
	struct pier__acceptor *it = &place->acceptor;
	struct pier__conn *conn = NULL;
	int rc = pier__acceptor_stand(it, &conn);
	bool came = conn != NULL || it->fd >= 0;

	(void)pthread_mutex_lock(&pool->lock);
	end_standing(pool, !came);
	(void)pthread_mutex_unlock(&pool->lock);
	return it->fd >= 0 ? try_on(it, rc) : conn;
}

/* By lock, which is given back meanwhile. */
static void
be_idle(struct pier__pool *pool)
{
	/* Nobody else will. */
	if (pool->standing == 0 && atomic_load(&pool->covered))
		uncover(pool);
	pool->idle++;
	(void)pthread_cond_wait(&pool->come, &pool->lock);
	pool->idle--;
}

/* The next one, or NULL: none will come any more. `busy`: it has just had one. */
static struct pier__conn *
take(struct pier__pool *pool, struct standing *place, bool busy)
{
	struct pier__conn *conn = NULL;

	(void)pthread_mutex_lock(&pool->lock);
	while (conn == NULL && (pool->count > 0 || !pool->closing)) {
		bool stands = busy || pool->wanted;

		busy = false;
		if (pool->count > 0) {
			conn = pool->conns[pool->begin];
			pool->begin = (pool->begin + 1) % pool->room;
			pool->count--;
			continue;
		}
		pool->wanted = false;
		if (!stands || !begin_to_stand(pool)) {
			be_idle(pool);
			continue;
		}
		(void)pthread_mutex_unlock(&pool->lock);
		conn = stand(pool, place);
		(void)pthread_mutex_lock(&pool->lock);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return conn;
}

static int
thread_main(void *arg)
{
	struct pier__pool *pool = arg;
	struct pier_server *server = pool->server;
	struct standing place = { .acceptor = pool->view,
		.listener = pool->listener };
	struct pier__conn *conn = NULL;

	place.acceptor.listener = &place.listener;
	pier_task_name("idle");
	while ((conn = take(pool, &place, conn != NULL)) != NULL) {
		(void)pier__conn_main(conn);
		pier__task_renew(pier__current);
		pier_task_name("idle");
	}
	pier__server_drop(server);
	return 0;
}

static int
start_thread(struct pier__worker *worker, struct pier__pool *pool)
{
	/* Better not begun than to fail at its first wait. */
	const struct pier__thread_opts opts = {
		.stack_size = worker->server->opts.stack_size, .wakeable = true
	};
	int rc;

	pier__server_hold(worker->server);
	rc = pier__thread_spawn(
		NULL, worker->handling, thread_main, pool, &opts);
	if (rc < 0)
		pier__server_drop(worker->server);
	return rc;
}

/* Threads stand where that is all there is to accepting: at one port, with room
   for as many as they are, and nothing that one after the other is asked. */
static void
have_them_stand(struct pier__pool *pool, struct pier__worker *worker)
{
	struct pier_server *server = worker->server;
	struct pier__acceptor *it = &worker->acceptors[0];

	/* In a step nobody accepts but who makes it. */
	if (worker->accepting == NULL || worker->acceptor_count != 1 ||
		!it->listener->stands || it->listener->after != NULL ||
		server->gate.rate.per_s > 0 || server->opts.on_refuse != NULL ||
		(size_t)server->opts.connections_max < pool->room)
		return;
	pool->view = (struct pier__acceptor){ .worker = worker,
		.port = it->port,
		.packets = it->packets,
		.fd = -1 };
	pool->listener = *it->listener;
	pool->port = it->port;
	(void)atomic_fetch_add(&it->port->users, 1);
}

/* One that accepts no streams has no pool. */
static int
open_pool(struct pier__worker *worker)
{
	size_t room = (size_t)worker->server->opts.workers;
	struct pier__pool *pool;
	size_t i;
	int rc = 0;

	if (worker->acceptor_count == 0)
		return 0;
	/* That of the step before; its threads have ended. */
	pier__pool_free(worker->pool);
	worker->pool = NULL;
	pool = pier__alloc(sizeof(*pool) + room * sizeof(pool->conns[0]));
	if (pool == NULL)
		return -ENOMEM;
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->come, NULL);
	pool->server = worker->server;
	pool->room = room;
	have_them_stand(pool, worker);
	worker->pool = pool;
	for (i = 0; rc == 0 && i < room; i++)
		rc = start_thread(worker, pool);
	return rc;
}

static void
close_pool(struct pier__worker *worker)
{
	struct pier__pool *pool = worker->pool;

	if (pool == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	pool->retired = true;
	leave_port(pool);
	(void)pthread_cond_broadcast(&pool->come);
	(void)pthread_mutex_unlock(&pool->lock);
}

void
pier__pool_free(struct pier__pool *pool)
{
	if (pool == NULL)
		return;
	(void)pthread_cond_destroy(&pool->come);
	(void)pthread_mutex_destroy(&pool->lock);
	pier__free(pool);
}

static int
start(struct pier__worker *worker, struct pier__conn *conn)
{
	struct pier__pool *pool = worker->pool;

	(void)pthread_mutex_lock(&pool->lock);
	/* No more are active than there is room for. */
	pool->conns[(pool->begin + pool->count++) % pool->room] = conn;
	pool->seldom -= pool->seldom > 0;
	(void)pthread_mutex_unlock(&pool->lock);
	/* Not before: the thread that it wakes would find the lock taken. */
	(void)pthread_cond_signal(&pool->come);
	return 0;
}

const struct pier__model pier__model_pool = {
	.workers = pier__workers_apart,
	.receiver = pier__receiver_apart,
	.open = open_pool,
	.start = start,
	.close = close_pool,
	.burst = PIER__BURST,
	.descriptors = 1,
	.lingers_inside = true,
	.alone = true,
	.patience_ns = PATIENCE_NS,
};
