/* SPDX-License-Identifier: MIT */
/*
 * serve/server.h - a server from inside.
 *
 * A server has workers: schedulers that accept, each on a thread of its own
 * but for the first, which runs on the thread that called pier_server_run().
 * With processes each has such a set of workers, all alike, on the same ports;
 * the first process only looks after the others.
 * A port is a listening socket, shared by the workers where it cannot be
 * opened once for each. A model says how many workers there are and as what a
 * connection runs; all else is the same under every model.
 *
 * Invariants:
 *   1. active, of all processes together, counts the connections that were
 *      accepted, or are about to be, and have not come back from their handler;
 *      it never passes connections_max;
 *   2. releases goes up after every change that an acceptor may wait for: a
 *      connection became inactive or its descriptor was closed. Who waits is
 *      on waiters, and counted as waiting, before it looks a last time;
 *   3. a port's socket is closed by the last acceptor that had it.
 */
#ifndef PIER_SERVE_SERVER_H
#define PIER_SERVE_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include <pier/serve.h>
#include <pier/task.h>

#include "base/list.h"
#include "net/listen.h"
#include "net/stream.h"
#include "serve/address_count.h"
#include "serve/gate.h"
#include "serve/shared.h"
#include "task/task.h"

struct pier__book;
struct pier__conn;
struct pier__datagrams;
struct pier__inherited;
struct pier__model;
struct pier__pool;

/* A listening socket. */
struct pier__port {
	struct pier_listener *listener; /* the one that owns the descriptor */
	const char *endpoint;           /* as it was given */
	atomic_int users;               /* acceptors that have it */
};

/* A task of a worker that accepts on a port. */
struct pier__acceptor {
	struct pier__worker *worker;
	struct pier__port *port;
	struct pier_listener *listener; /* the worker's own view of the port */
	bool packets; /* what it accepts; the listener may have gone */
	/* Accepted, and not yet started for want of memory: */
	int fd;
	struct pier_addr peer;
	struct pier__conn *conn;
	struct pier__task *inside; /* that runs a connection itself, or NULL */
	unsigned runs;             /* of those since others had a turn */
	/* 0: it waits for the next in accept(2) itself, where it can; else so
	   many are waited for as ever before. */
	uint8_t seldom;
	int64_t pause_ms;    /* the last pause; 0: the last attempt went well */
	bool away;           /* another process is to take what queues */
	int64_t aside_until; /* from then on it takes all the same; 0: unset */
	bool wanting;        /* it was told, and the queue not yet emptied */
	bool told;           /* somebody came, and nobody was taken since */
	bool has_room;       /* room is taken for fd */
	bool has_token;      /* it may accept one, by the rate; else: */
	int64_t token_at;    /* the moment when it may */
	atomic_int own;      /* connections that were started, and not closed */
	/* Does a look for bytes make sense as soon as one is accepted? */
	atomic_bool late; /* the last that was looked at had none yet */
	uint8_t unlooked; /* so many were not looked at since */
	bool draining;    /* the server stops: what queues is taken, then end */
	uint32_t drain_left; /* of what queued */
	/* Waiting for a release: */
	struct pier__list waiter;
	struct pier__task *task;
};

/* What other workers have accepted for this one: a ring; one that is full is
   behind already. */
#define PIER__INBOX_MAX 64

struct pier__inbox {
	pthread_mutex_t lock;
	bool open;
	unsigned begin;
	unsigned count;
	struct pier__task *task; /* looks into it */
	struct pier__conn *conns[PIER__INBOX_MAX];
};

struct pier__worker {
	struct pier_server *server;
	struct pier__counters *counters;  /* shared; no other worker's */
	struct pier__acceptor *acceptors; /* one for each port it serves */
	size_t acceptor_count;
	struct pier__list datagrams; /* struct pier__datagrams by node */
	struct pier__batch *batch;   /* for the next that receives, or NULL */
	struct pier_group *accepting;
	struct pier_group *handling; /* connections and datagrams */
	atomic_int load; /* connections that it runs, or is about to */
	struct pier__inbox inbox;
	struct pier__pool *pool; /* of PIER_POOL, or NULL */
	struct pier__desc stop;  /* its own view of server->stop_fd */
	/* Beside other processes: */
	struct pier_group *hearing; /* tasks that hear of them */
	struct pier__desc bell;     /* its own view of server->bell_fd */
	struct pier__desc parent;   /* of the first: server->parent_fd */
	int64_t drain_until;        /* meaningful once it stops */
	/* When somebody came last; kept where on_idle asks for it. */
	_Atomic int64_t came_ns;
	int rc;
};

/* Processes of connections; see children.h. */
struct pier__children {
	atomic_int pid;          /* whose they are */
	atomic_bool *marks;      /* shared: who has told its end, by place */
	size_t room;             /* places, from 1 */
	int *pidfds;             /* for a child of one that has many */
	void **chunks;           /* memory that no fork copies */
	struct pier__book *book; /* there; NULL: none was made */
	int set;                 /* epoll set of the pidfds; -1: none */
	struct pier__desc ended; /* of the set */
};

/* What is made of a server: steps, one after the other, and one run. */
enum pier__server_use {
	PIER__SERVER_IS_FREE,
	PIER__SERVER_IN_STEP,
	PIER__SERVER_HAS_RUN
};

struct pier_server {
	struct pier_server_opts opts;   /* filled in */
	struct pier_listen_opts listen; /* in place of opts.listen */
	const struct pier__model *model;
	atomic_int references;
	int descriptors_high; /* the mark: from here on nothing is taken */
	atomic_int above;     /* descriptors of connections from it on */
	atomic_int sessions;  /* over UDP, that have not ended */

	struct pier__inherited *inherited; /* of the server it replaces */
	struct pier_listener *control;     /* the first worker's when it runs */
	struct pier_stream *successor;     /* who is there, while it is */
	bool handed_over; /* another server took the place; by that worker */

	atomic_int use;     /* enum pier__server_use */
	size_t next_source; /* that a step tries first */
	int stop_fd; /* readable from the first time on that it was told to */
	/* Of servers with processes, else -1: */
	int bell_fd;   /* a new edge: look at what is shared, and at queues */
	int parent_fd; /* readable when the first process has ended */

	/* Of all processes: */
	struct pier__shared *shared;
	struct pier__address_count *addresses; /* NULL: no limit */
	struct pier__address_rate *paces;      /* NULL: no rate of each */
	struct pier__gate gate;
	/* Of this one; the first, which forks the others, is 0: */
	size_t process;
	int own_max;         /* active at once in one process */
	atomic_int standing; /* of those that have room, who wait for one */
	struct pier__ledger *ledger;
	/* From a fork until the new one knows its own: which one is to begin, and
	   who forks it; 0: none. */
	atomic_int starting;
	atomic_int starter;

	pthread_mutex_t lock; /* of waiters, crew_left, looks at the mark */
	struct pier__list waiters;
	/* Of PIER_FORK: */
	struct pier__children children;
	void *spare; /* what each of those reads into */
	/* Of each of those, as it begins; there once children.pid is. */
	struct pier__ledger *_Atomic child_ledger;

	struct pier__port *ports; /* opened; room for one a worker each */
	size_t port_count;
	struct pier__worker *workers;
	size_t worker_count;
	struct pier__kept *kept; /* of PIER_THREAD while it runs, else NULL */
	struct pier_group *crew; /* the threads of the other workers */
	size_t crew_left;        /* of them, by lock */
	pthread_cond_t crew_gone;
	char **names; /* of the endpoints really listened on */
	size_t name_count;
};

/* Descriptors that are taken at once to see whether they are below the mark. */
#define PIER__PROBES_MAX 8

/* Accepted in a row before others run, where nothing speaks against it. */
#define PIER__BURST 32

/* Who runs connections. One file each: iterative.c, thread.c, pool.c,
   fork.c, fiber.c. */
struct pier__model {
	/* How many workers, for so many endpoints of each kind. */
	size_t (*workers)(const struct pier_server_opts *opts, size_t streams,
		size_t datagrams);
	/* The worker that receives on the i-th datagram socket. */
	size_t (*receiver)(size_t i, size_t streams, size_t workers);
	/* The worker begins, before it accepts; NULL: nothing to do. 0 or an
	   error. */
	int (*open)(struct pier__worker *worker);
	/* Start pier__conn_main(conn) as a task of worker->handling; called
	   by a fiber of the worker. 0 or the error; conn is then untouched. */
	int (*start)(struct pier__worker *worker, struct pier__conn *conn);
	/* The task that accepts runs it itself: inside.c. Not in a step, and not
	   when the worker ends. */
	bool inside;
	/* The worker accepts no more, before it waits for handlers; NULL:
	   nothing to do. Also after an open that failed. */
	void (*close)(struct pier__worker *worker);
	int descriptors; /* that a connection takes */
	unsigned burst;  /* accepted in a row before others run */
	/* The thread that runs a connection runs no other one meanwhile, so
	   that it may wait in the kernel. */
	bool alone;
	/* It forks for each connection. */
	bool forks;
	/* What runs a connection is not free for another until it has
	   lingered too. */
	bool lingers_inside;
	/* How long tasks that were cancelled are waited for, INT64_MAX: until
	   they end. Threads may hang outside of pier. */
	int64_t patience_ns;
};

extern const struct pier__model pier__model_fiber;
extern const struct pier__model pier__model_iterative;
extern const struct pier__model pier__model_thread;
extern const struct pier__model pier__model_pool;
extern const struct pier__model pier__model_fork;

/* iterative.c: for models in which one worker does all. */
size_t pier__workers_one(
	const struct pier_server_opts *opts, size_t streams, size_t datagrams);
size_t pier__receiver_one(size_t i, size_t streams, size_t workers);

/* thread.c: for models in which handlers may block: those that accept streams
   share a worker, each datagram endpoint has one of its own. */
size_t pier__workers_apart(
	const struct pier_server_opts *opts, size_t streams, size_t datagrams);
size_t pier__receiver_apart(size_t i, size_t streams, size_t workers);

/* pool.c: NULL is fine. Nobody is in it any more. */
void pier__pool_free(struct pier__pool *pool);
/* Do threads of the pool, which may be NULL, take what queues themselves? Then
   its acceptor waits until they do not. 0 or -ECANCELED. */
bool pier__pool_accepts(struct pier__pool *pool);
int pier__pool_wait(struct pier__acceptor *acceptor);
/* It holds one for whom there is no room: none of them is to take the next place.
   NULL is fine. */
void pier__pool_owes(struct pier__pool *pool, bool owes);
/* The worker ends: they do not any more, as soon as those that wait for one
   have come back. */
void pier__pool_retire(struct pier__pool *pool);

/* fiber.c: start conn as a fiber of the calling one's scheduler. */
int pier__start_fiber(struct pier__worker *worker, struct pier__conn *conn);

/* inbox.c: begin to take what others put there; on a fiber of the worker. */
int pier__inbox_open(struct pier__worker *worker);
/* Nothing more is taken; what is there was never run. Idempotent. */
void pier__inbox_close(struct pier__worker *worker);
/* conn, which `it` has accepted, goes to the least loaded worker, if the
   own one has more than a tenth above that. False: it stays. */
bool pier__inbox_put(struct pier__acceptor *it, struct pier__conn *conn);

/* server.c: what keeps a server's memory, besides its owner. */
void pier__server_hold(struct pier_server *server);
void pier__server_drop(struct pier_server *server);

/* room.c: how many at once. */
bool pier__room_is_full(struct pier_server *server);
bool pier__room_take(struct pier_server *server);
/* For one that is waited for; it has come, or not. */
bool pier__room_reserve(struct pier_server *server);
void pier__room_use(struct pier_server *server);
void pier__room_unreserve(struct pier_server *server);
/* A connection is no longer active. */
void pier__room_give(struct pier_server *server);
/* How many may linger at once. */
int pier__lingering_max(const struct pier_server *server);
/* An active connection lingers from now on: its room is for others. False: it
   is one too many, and lingers in its own room. */
bool pier__room_step_aside(struct pier_server *server);
/* One that had stepped aside has gone. */
void pier__room_gone_aside(struct pier_server *server);
/* Something that acceptors may wait for has changed. */
void pier__release(struct pier_server *server);
/* Acceptors of this process that wait for a release look again. */
void pier__room_look(struct pier_server *server);
/* Wait until releases is not `seen`. 0, -PIER_EDEADLINE, -ECANCELED. */
int pier__release_wait(
	struct pier__acceptor *acceptor, uint64_t seen, pier_deadline deadline);

/* control.c: does another server take what queues there? In every process. */
bool pier__port_is_handed(
	const struct pier_server *server, const struct pier__port *port);

/* accept.c: the task of an acceptor; arg is its struct. */
int pier__acceptor_main(void *arg);
/* On a fiber, for an acceptor whose task does not run: one connection into the
   hands of the model, without waiting. 0, -EAGAIN: nobody queues, -EBUSY: the
   server is full, or what is wanting. */
int pier__acceptor_try(struct pier__acceptor *acceptor);
/* Done with the port, which closes when nobody has it. Idempotent. */
void pier__acceptor_leave(struct pier__acceptor *acceptor);
/* One user less of a port. */
void pier__port_leave(struct pier_server *server, struct pier__port *port);
/*
 * pier__acceptor_stand(it, out): of one that a thread has for itself, whose
 * accept() blocks: the next connection, for a moment, to be run by itself. Room
 * is reserved, and given back where there is none.
 *
 * 0; or -EAGAIN: nobody came, or could be accepted or was let in; or -ENOMEM:
 * whoever came is still there, for another try.
 */
int pier__acceptor_stand(struct pier__acceptor *it, struct pier__conn **out);

/*
 * inside.c, of the model in which the task that accepts runs each connection
 * itself.
 *
 * pier__inside_run(acceptor, conn): by that task. False: another accepts since,
 * and this one is over.
 */
bool pier__inside_run(struct pier__acceptor *acceptor, struct pier__conn *conn);
/* The connection that the acceptor's task runs, if it does, goes on as one of
   worker->handling, and a new task accepts. 0, or -ENOMEM and nobody does: then
   nothing has changed, unless the worker ends. */
int pier__inside_pass(struct pier__acceptor *acceptor);
/* The worker ends: the same of all, before it cancels those that accept. */
void pier__inside_end(struct pier__worker *worker);

/* Of its connections, whose sockets lie above the mark or not, one has come
   (1) or gone (-1). */
void pier__acceptor_count(
	struct pier__acceptor *acceptor, bool above, int change);
/* The same of what a connection has besides: fd, which may be -1. */
void pier__count_above(struct pier_server *server, int fd, int change);

/* worker.c: everything a worker does, on a fiber; arg is the worker. 0 or the
   error that kept it from its work. */
int pier__worker_main(void *arg);

/* notify.c: tell the service manager, where opts say so; a failure goes to
   on_error. */
void pier__server_tell(struct pier_server *server, const char *state);
/* By the first worker: tell it again and again, if it wants that. 0 or an
   error. */
int pier__watchdog_start(struct pier__worker *worker);
/* The worker cannot go on, nor can the others stand in for it. */
void pier__worker_fail(struct pier__worker *worker);

/* crew.c: all workers of this process, until they end. The result of
   pier_server_run(). */
int pier__crew_run(struct pier_server *server);

/* processes.c: fork the processes, see to it that there are as many, until the
   server is told to stop. The result of pier_server_run(). */
int pier__processes_run(struct pier_server *server);

/* The same in a process that was forked: it cannot go on, and ends. */
_Noreturn void pier__process_fail(struct pier_server *server);

/* bell.c: hear of other processes, on a fiber of the worker. 0 or an error. */
int pier__bell_hear(struct pier__worker *worker);
void pier__bell_end(struct pier__worker *worker);
/* Have all processes look at what is shared, and at their queues. From any
   process; nothing where there is one. */
void pier__bell_ring(struct pier_server *server);

/* stop.c: wait until the server was told to stop `times` times. 0,
   -PIER_EDEADLINE, or -ECANCELED: the worker's own task was cancelled. */
int pier__stop_wait(
	struct pier__worker *worker, int times, pier_deadline deadline);

/* attend.c: on a fiber of the worker: begin to call on_idle and tick. 0 or an
   error. */
int pier__attend_start(struct pier__worker *worker);
/* A connection was accepted, or a datagram came. */
void pier__attend_came(struct pier__worker *worker);

/* limit.c: what opts hold a connection to that was accepted at `now`. */
void pier__limits_begin(struct pier__limits *limits,
	const struct pier_server_opts *opts, int64_t now);
/* From now on nothing; then, idle again. */
void pier__limits_end(struct pier__limits *limits);
void pier__limits_only_idle(
	struct pier__limits *limits, const struct pier_server_opts *opts);
/* The counter of the limit that was met. */
enum pier__count pier__limits_count(const struct pier__limits *limits);

#endif
