/* SPDX-License-Identifier: MIT */
/*
 * serve/pool.c - the model of a pool: so many threads, made when the server
 * begins, each of which takes one connection after the other. As many are
 * active at most as there are threads; who comes then stays in the kernel's
 * queue. A connection keeps its thread until it has quite ended, its linger
 * too: so one that was started is taken by a thread that is about to come free.
 *
 * Datagram handlers are fibers, as under the model of threads.
 */
#include "serve/conn.h"
#include "task/run.h"

/* Threads that hang outside of pier are left behind, as thread.c does. */
#define PATIENCE_NS INT64_C(5000000000)

/* Connections that no thread has taken yet: a ring, with room for as many as
   may be active. It lasts as long as the server's memory, which threads that
   are left behind hold too. */
struct pier__pool {
	struct pier_server *server;
	pthread_mutex_t lock;
	pthread_cond_t come; /* one more, or closing */
	size_t begin;
	size_t count;
	size_t room;
	bool closing;
	struct pier__conn *conns[];
};

/* The next one, or NULL: none will come any more. */
static struct pier__conn *
take(struct pier__pool *pool)
{
	struct pier__conn *conn = NULL;

	(void)pthread_mutex_lock(&pool->lock);
	while (pool->count == 0 && !pool->closing)
		(void)pthread_cond_wait(&pool->come, &pool->lock);
	if (pool->count > 0) {
		conn = pool->conns[pool->begin];
		pool->begin = (pool->begin + 1) % pool->room;
		pool->count--;
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return conn;
}

static int
thread_main(void *arg)
{
	struct pier__pool *pool = arg;
	struct pier_server *server = pool->server;
	struct pier__conn *conn;

	pier_task_name("idle");
	while ((conn = take(pool)) != NULL) {
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
