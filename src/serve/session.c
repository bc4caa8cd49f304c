/* SPDX-License-Identifier: MIT */
/*
 * serve/session.c - see session.h.
 *
 * A session is begun by the first datagram of a peer, and ends with its handler.
 * What comes in between waits in its mailbox; what came too late for one that
 * ended begins the next, so that nothing is lost between the two.
 *
 * Invariants, by lock:
 *   1. buckets hold the sessions whose handler has not ended, or has ended while
 *      something queued, and no two of one peer;
 *   2. count is their number; once closed there are none.
 * Whoever uses the struct has a reference: the socket, and each session.
 */
#include "serve/session.h"

#include <errno.h>
#include <string.h>

#include "base/siphash.h"
#include "net/mailbox.h"
#include "serve/conn.h"
#include "serve/options.h"
#include "serve/receiver.h"
#include "task/run.h"
#include "task/sched.h"

#define BUCKETS 256

struct pier__sessions {
	pthread_mutex_t lock;
	atomic_uint references;
	bool ended; /* nothing more comes */
	uint64_t hash_key[2];
	struct pier__list buckets[BUCKETS];
};

struct session {
	struct pier__list node; /* in its bucket */
	struct pier__sessions *sessions;
	struct pier__worker *worker;
	struct pier_packet *packet;
	uint64_t bytes_out; /* of packet, that are counted */
};

int
pier__sessions_open(struct pier__sessions **out)
{
	struct pier__sessions *it = pier__alloc(sizeof(*it));
	size_t i;
	int rc;

	if (it == NULL)
		return -ENOMEM;
	rc = pier__calls()->random(it->hash_key, sizeof(it->hash_key));
	if (rc < 0) {
		pier__free(it);
		return rc;
	}
	(void)pthread_mutex_init(&it->lock, NULL);
	atomic_init(&it->references, 1);
	for (i = 0; i < BUCKETS; i++)
		pier__list_init(&it->buckets[i]);
	*out = it;
	return 0;
}

static void
drop(struct pier__sessions *it)
{
	if (atomic_fetch_sub(&it->references, 1) != 1)
		return;
	(void)pthread_mutex_destroy(&it->lock);
	pier__free(it);
}

static struct session *
session_of(struct pier__list *node)
{
	return pier__container_of(node, struct session, node);
}

/* By what a peer chooses itself, hence the key. */
static struct pier__list *
bucket_of(struct pier__sessions *it, const struct pier_addr *peer)
{
	unsigned char key[18] = { 0 };
	unsigned int port = (unsigned int)pier_addr_port(peer);
	uint64_t hash;

	key[0] = (unsigned char)(port >> 8);
	key[1] = (unsigned char)port;
	if (pier_addr_family(peer) == AF_INET)
		memcpy(key + 2, &peer->u.in.sin_addr, 4);
	else
		memcpy(key + 2, &peer->u.in6.sin6_addr, 16);
	hash = pier__siphash(it->hash_key, key, sizeof(key));
	return &it->buckets[hash % BUCKETS];
}

static struct session *
find(struct pier__list *bucket, const struct pier_addr *peer)
{
	struct pier__list *at;

	pier__list_each(at, bucket) {
		if (pier_addr_equal(&session_of(at)->packet->to, peer))
			return session_of(at);
	}
	return NULL;
}

/* Room for one more in the server. */
static bool
take_room(struct pier_server *server)
{
	if (atomic_fetch_add(&server->sessions, 1) < server->opts.sessions_max)
		return true;
	(void)atomic_fetch_sub(&server->sessions, 1);
	return false;
}

/* It has ended: all that it had goes back. */
static void
free_session(struct session *it)
{
	pier_packet_close(it->packet);
	drop(it->sessions);
	pier__free(it);
}

static void
count_begun(struct pier__worker *worker)
{
	pier__count(worker->counters, PIER__COUNT_SESSIONS, 1);
}

/* How a handler ended. */
static void
settle(struct session *it, int rc)
{
	struct pier__worker *worker = it->worker;
	bool has_expired = it->packet->mailbox->has_expired;

	pier__count(worker->counters, PIER__COUNT_BYTES_OUT,
		it->packet->bytes_out - it->bytes_out);
	it->bytes_out = it->packet->bytes_out;
	if (has_expired)
		pier__count(worker->counters, PIER__COUNT_SESSIONS_EXPIRED, 1);
	if (rc < 0 && rc != -PIER_EEND)
		pier__datagrams_failed(worker, rc, pier_cancelled());
}

/* Something came between the handler's last look and its end? Otherwise nobody
   finds the session any more. One that takes nothing would begin for ever: what
   queues is dropped. */
static bool
goes_on(struct session *it)
{
	struct pier__sessions *sessions = it->sessions;
	struct pier__mailbox *mailbox = it->packet->mailbox;
	size_t left;
	bool more;

	(void)pthread_mutex_lock(&sessions->lock);
	left = pier__mailbox_count(mailbox);
	more = left > 0 && mailbox->has_taken && !sessions->ended &&
	       !pier_cancelled();
	if (!more)
		pier__list_remove(&it->node);
	(void)pthread_mutex_unlock(&sessions->lock);
	if (!more)
		pier__count(it->worker->counters, PIER__COUNT_SESSION_DROPPED,
			left);
	mailbox->has_taken = false;
	return more;
}

static int
session_main(void *arg)
{
	struct session *it = arg;
	struct pier_server *server = it->worker->server;
	const struct pier_server_opts *opts = &server->opts;

	pier_task_name("session");
	do {
		count_begun(it->worker);
		settle(it, opts->packet_handler(it->packet, opts->ctx));
	} while (goes_on(it));
	free_session(it);
	(void)atomic_fetch_sub(&server->sessions, 1);
	return 0;
}

/* Threads that are left behind outlive the run, and keep the server's memory
   with them. */
static int
thread_main(void *arg)
{
	struct session *it = arg;
	struct pier_server *server = it->worker->server;
	int wake_fd = pier__thread_of(pier__current)->engine->wake_fd;

	(void)session_main(it);
	pier__count_above(server, wake_fd, -1);
	pier__server_drop(server);
	return 0;
}

static int
start_thread(struct session *it)
{
	struct pier_server *server = it->worker->server;
	int wake_fd = -1;
	const struct pier__thread_opts opts = {
		.stack_size = server->opts.stack_size,
		.wakeable = true,
		.wake_fd = &wake_fd,
		.kept = server->kept,
	};
	int rc;

	pier__server_hold(server);
	rc = pier__thread_spawn(
		NULL, it->worker->handling, thread_main, it, &opts);
	if (rc == 0)
		pier__count_above(server, wake_fd, 1);
	else
		pier__server_drop(server);
	return rc;
}

static int
start(struct session *it)
{
	if (it->worker->server->model == &pier__model_thread)
		return start_thread(it);
	return pier__sched_spawn(
		pier__current->sched, it->worker->handling, session_main, it);
}

/* One for the peer of msg, in nobody's hands yet. 0 or an error. */
static int
session_new(struct session **out, struct pier__datagrams *it,
	const struct pier_msg *msg)
{
	const struct pier_server_opts *opts = &it->worker->server->opts;
	struct session *session = pier__alloc(sizeof(*session));
	int rc;

	if (session == NULL)
		return -ENOMEM;
	rc = pier__packet_for_peer(&session->packet, it->packet, msg,
		(size_t)opts->session_queue_max,
		pier__options_ns(opts->session_idle_ms));
	if (rc < 0) {
		pier__free(session);
		return rc;
	}
	pier__list_init(&session->node);
	session->worker = it->worker;
	session->sessions = it->sessions;
	(void)atomic_fetch_add(&it->sessions->references, 1);
	*out = session;
	return 0;
}

/* The first of a peer. The lock is not held: nobody else adds sessions. */
static int
begin(struct pier__datagrams *it, struct pier__list *bucket,
	const struct pier_msg *msg)
{
	struct pier__sessions *sessions = it->sessions;
	struct session *session;
	int rc = session_new(&session, it, msg);

	if (rc < 0)
		return rc;
	rc = pier__mailbox_put(session->packet->mailbox, msg);
	if (rc == 0) {
		(void)pthread_mutex_lock(&sessions->lock);
		pier__list_push_back(bucket, &session->node);
		(void)pthread_mutex_unlock(&sessions->lock);
		rc = start(session);
	}
	if (rc < 0) {
		(void)pthread_mutex_lock(&sessions->lock);
		pier__list_remove(&session->node);
		(void)pthread_mutex_unlock(&sessions->lock);
		free_session(session);
	}
	return rc;
}

void
pier__sessions_deliver(struct pier__datagrams *it, const struct pier_msg *msg)
{
	struct pier__worker *worker = it->worker;
	struct pier__sessions *sessions = it->sessions;
	struct pier__list *bucket = bucket_of(sessions, &msg->peer);
	struct session *session;
	int rc = 0;

	(void)pthread_mutex_lock(&sessions->lock);
	session = find(bucket, &msg->peer);
	if (session != NULL)
		rc = pier__mailbox_put(session->packet->mailbox, msg);
	(void)pthread_mutex_unlock(&sessions->lock);
	if (session != NULL) {
		if (rc < 0)
			pier__count(worker->counters,
				PIER__COUNT_SESSION_DROPPED, 1);
		return;
	}
	if (!take_room(worker->server)) {
		pier__count(worker->counters, PIER__COUNT_SESSIONS_REFUSED, 1);
		return;
	}
	rc = begin(it, bucket, msg);
	if (rc < 0) {
		(void)atomic_fetch_sub(&worker->server->sessions, 1);
		pier__datagrams_failed(worker, rc, false);
	}
}

static void
close_all(struct pier__sessions *it, bool gone)
{
	struct pier__list *at;
	size_t i;

	(void)pthread_mutex_lock(&it->lock);
	it->ended = true;
	for (i = 0; i < BUCKETS; i++) {
		pier__list_each(at, &it->buckets[i])
			pier__mailbox_close(
				session_of(at)->packet->mailbox, gone);
	}
	(void)pthread_mutex_unlock(&it->lock);
}

void
pier__sessions_end(struct pier__sessions *sessions)
{
	close_all(sessions, false);
}

void
pier__sessions_close(struct pier__sessions *sessions)
{
	if (sessions == NULL)
		return;
	close_all(sessions, true);
	drop(sessions);
}
