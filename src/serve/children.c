/* SPDX-License-Identifier: MIT */
/* serve/children.c - see children.h. */
#include "serve/children.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "os/closing.h"
#include "os/process.h"
#include "serve/processes.h"
#include "task/sched.h"

/* Beside the drain time, for what is cancelled then: a handler that hangs
   outside of pier is killed. */
#define GRACE_MS 5000

/* How often to look at those whose end the set cannot tell of. */
#define LOOK_MS 20

/* Taken at once of those that have ended. */
#define ENDS_MAX 32

/* So many more may be there before those that have ended are looked for. */
#define TIDY_EVERY 4

/* What is known of a child takes so much, and is mapped by so many. */
#define RECORD  512
#define RECORDS 128
#define CHUNK   ((size_t)RECORD * RECORDS)

static_assert(sizeof(struct pier__child) + sizeof(((struct pier_addr *)0)->u) <=
		      RECORD,
	"with its peer");

/* In place of the first record. */
struct pier__book {
	struct pier__list running; /* struct pier__child by node */
	struct pier__task *reaper; /* or NULL */
	uint32_t free;             /* a place; 0: none */
	uint32_t places;           /* so far */
	uint32_t count;            /* of places that are taken */
	uint32_t unwatched;        /* of those that run */
	uint32_t tidy_at;          /* from so many on */
	bool closing;
	bool lenient; /* the reaper waits, as long as there are none */
};

static struct pier__child *
at(const struct pier__children *it, uint32_t place)
{
	char *chunk = it->chunks[place / RECORDS];

	return (struct pier__child *)(void *)(chunk +
					      (size_t)(place % RECORDS) *
						      RECORD);
}

static int
map_chunk(struct pier__children *it, size_t i)
{
	int rc = pier__calls()->map(&it->chunks[i], CHUNK);

	/* Where that is refused each of both copies what it writes. */
	if (rc == 0)
		(void)pier__calls()->advise(
			it->chunks[i], CHUNK, MADV_DONTFORK);
	return rc;
}

/* Of the process that made it, or in a child of that, where the chunks are not
   there. */
static void
forget(struct pier__children *it)
{
	pier__close(it->set);
	it->set = -1;
	pier__free(it->pidfds);
	it->pidfds = NULL;
	pier__free(it->chunks);
	it->chunks = NULL;
	it->book = NULL;
}

static int
make(struct pier_server *server)
{
	struct pier__children *it = &server->children;
	int rc;

	it->pid = pier__process();
	it->marks = pier__shared_marks(server->shared, server->process);
	/* Not cleared, which would make pages of it that each fork copies. */
	it->pidfds = pier__alloc_lines(
		((it->room * sizeof(*it->pidfds)) / 64 + 1) * 64);
	it->chunks =
		pier__alloc((it->room / RECORDS + 1) * sizeof(*it->chunks));
	if (it->pidfds == NULL || it->chunks == NULL)
		return -ENOMEM;
	rc = pier__calls()->epoll_create();
	if (rc < 0)
		return rc;
	it->set = rc;
	rc = map_chunk(it, 0);
	if (rc < 0)
		return rc;
	it->book = it->chunks[0];
	pier__list_init(&it->book->running);
	return 0;
}

void
pier__children_free(struct pier_server *server)
{
	struct pier__children *it = &server->children;
	size_t i;

	for (i = 0; it->chunks != NULL && it->pid == pier__process() &&
		    i <= it->room / RECORDS;
		i++)
		if (it->chunks[i] != NULL)
			(void)pier__calls()->unmap(it->chunks[i], CHUNK);
	forget(it);
}

/* With no child there is nothing that the fiber that reaps could miss. */
PIER__HOT static void
set_lenient(struct pier__book *book, bool lenient)
{
	if (book->lenient != lenient)
		pier__sched_lenient(lenient ? 1 : -1);
	book->lenient = lenient;
}

PIER__HOT struct pier__child *
pier__children_take(struct pier_server *server)
{
	struct pier__children *it = &server->children;
	struct pier__book *book = it->book;
	uint32_t place = book->free;
	struct pier__child *child;

	if (place == 0) {
		size_t chunk;

		/* Those after the last that was ever taken. */
		place = book->places + 1;
		chunk = place / RECORDS;
		if (place > it->room ||
			(it->chunks[chunk] == NULL && map_chunk(it, chunk) < 0))
			return NULL;
		book->places = place;
		at(it, place)->next_free = 0;
	}
	child = at(it, place);
	book->free = child->next_free;
	book->count++;
	set_lenient(book, false);
	child->place = place;
	child->killed = false;
	atomic_store(&it->marks[place], false);
	return child;
}

/* The fiber that reaps looks again. */
static void
stir(struct pier__children *it)
{
	if (it->book->reaper == NULL)
		return;
	PIER__NOTE(it->ended.readable, true);
	pier__wake(it->book->reaper);
}

PIER__HOT void
pier__children_give(struct pier_server *server, struct pier__child *child)
{
	struct pier__children *it = &server->children;
	struct pier__book *book = it->book;

	child->next_free = book->free;
	book->free = child->place;
	if (book->tidy_at > --book->count + TIDY_EVERY)
		book->tidy_at = book->count + TIDY_EVERY;
	if (book->count == 0 && book->closing)
		stir(it);
}

PIER__HOT void
pier__children_add(struct pier_server *server, struct pier__child *child,
	const struct pier__conn *conn)
{
	struct pier__children *it = &server->children;
	/* Told once: what other processes still have of it later is of no
	   concern. */
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT,
		.data = { .u64 = child->place } };

	memcpy(&child->conn, conn, sizeof(*conn) + conn->limits.peer_len);
	child->conn.stream = NULL;
	child->above = child->pidfd >= server->descriptors_high;
	pier__count_above(server, child->pidfd, 1);
	pier__list_push_back(&it->book->running, &child->node);
	child->watched = pier__calls()->epoll_ctl(it->set, EPOLL_CTL_ADD,
				 child->pidfd, &event) == 0;
	if (!child->watched) {
		it->book->unwatched++;
		stir(it);
	}
}

PIER__HOT void
pier__children_note(struct pier_server *server, struct pier__inheritance *out)
{
	const struct pier__children *it = &server->children;
	int *fds =
		it->book->count > PIER__INHERITED_FEW ? it->pidfds : out->few;
	struct pier__list *node;

	out->fds = fds;
	out->count = 0;
	pier__list_each(node, &it->book->running)
		fds[out->count++] =
			pier__container_of(node, struct pier__child, node)
				->pidfd;
}

PIER__HOT void
pier__children_forked(const struct pier_server *server,
	const struct pier__inheritance *it, struct pier__closing *closing)
{
	uint32_t i;

	pier__closing_add(closing, server->children.set);
	for (i = 0; i < it->count; i++)
		pier__closing_add(closing, it->fds[i]);
}

static void
report(struct pier__child *child)
{
	struct pier__conn *conn = &child->conn;
	struct pier_process process = { .pid = child->pid,
		.lived_ns = pier__calls()->clock_ns() - child->started_ns };
	char end[PIER__PROCESS_END], text[PIER__PROCESS_TEXT];

	pier__process_set_end(&process, child->rc, child->status);
	pier__process_describe_end(end, &process, "");
	(void)snprintf(text, sizeof(text), "pid %d %s after %.1f s%s",
		child->pid, end, (double)process.lived_ns / 1e9,
		process.signal != 0 ? "" : ", before its connection had ended");
	conn->shown.reason = PIER_END_ERROR;
	conn->shown.rc = -PIER_EDIED;
	(void)pier__fail(
		-PIER_EDIED, &(struct pier__failure){ .step = PIER_STEP_HANDLER,
				     .endpoint = conn->shown.endpoint,
				     .detail = text });
	pier__report_error(conn->acceptor->worker->server, conn, -PIER_EDIED);
}

/* What was held for its connection is for others. */
PIER__HOT static void
put_away(struct pier__child *child)
{
	struct pier__conn *conn = &child->conn;
	struct pier__acceptor *acceptor = conn->acceptor;
	struct pier_server *server = acceptor->worker->server;

	pier__conn_let_go(conn);
	pier__acceptor_count(acceptor, child->above, -1);
	pier__children_give(server, child);
	pier__room_give(server);
}

/* on_error may wait, and must not keep others from their ends. */
static int
died_main(void *arg)
{
	struct pier__child *child = arg;

	pier_task_name("child");
	pier__current->tag = child->conn.shown.id;
	report(child);
	put_away(child);
	return 0;
}

/* It has died. */
static void
lose(struct pier__child *child)
{
	struct pier__worker *worker = child->conn.acceptor->worker;

	pier__count(worker->counters, PIER__COUNT_FAILED, 1);
	pier__count(worker->counters, PIER__COUNT_DIED, 1);
	pier__count(worker->counters, PIER__COUNT_LOST, 1);
	/* Copied, as on_error may fork on its own. */
	if (pier__sched_spawn(pier__current->sched, worker->handling, died_main,
		    child) == 0)
		return;
	/* By this fiber then, whose stack forks leave out until now. */
	pier__sched_copy_self();
	report(child);
	put_away(child);
}

/* It has ended: how? */
PIER__HOT static void
settle(struct pier__children *it, struct pier__child *child)
{
	bool told;

	child->status = 0;
	child->rc = pier__calls()->reap(child->pidfd, &child->status);
	told = atomic_exchange(&it->marks[child->place], false);
	pier__list_remove(&child->node);
	it->book->unwatched -= !child->watched;
	pier__close(child->pidfd);
	if (!told && !child->killed) {
		lose(child);
		return;
	}
	if (child->killed)
		pier__count(child->conn.acceptor->worker->counters,
			PIER__COUNT_CANCELLED, 1);
	put_away(child);
}

static bool
has_ended(const struct pier__child *child)
{
	struct pollfd end = { .fd = child->pidfd, .events = POLLIN };

	return pier__calls()->poll(&end, 1, 0) > 0;
}

static void
look_at_unwatched(struct pier__children *it)
{
	struct pier__list *node, *after;

	pier__list_each_safe(node, after, &it->book->running) {
		struct pier__child *child =
			pier__container_of(node, struct pier__child, node);

		if (!child->watched && has_ended(child))
			settle(it, child);
	}
}

/* All that have ended by now. */
PIER__HOT static void
reap(struct pier__children *it)
{
	struct epoll_event events[ENDS_MAX];
	int i, n;

	/* Before the look: an edge after it sets it. */
	PIER__NOTE(it->ended.readable, false);
	do {
		n = pier__calls()->epoll_wait(it->set, events, ENDS_MAX, 0);
		for (i = 0; i < n; i++)
			settle(it, at(it, (uint32_t)events[i].data.u64));
	} while (n == ENDS_MAX);
	if (it->book->unwatched > 0)
		look_at_unwatched(it);
}

PIER__HOT void
pier__children_tidy(struct pier_server *server)
{
	struct pier__book *book = server->children.book;

	if (book->count < book->tidy_at)
		return;
	reap(&server->children);
	book->tidy_at = book->count + TIDY_EVERY;
}

/* 0: some may have; -PIER_EDEADLINE, -ECANCELED. */
static int
await(struct pier__children *it, pier_deadline deadline)
{
	pier_deadline soon = pier_in_ms(LOOK_MS);
	bool looks = it->book->unwatched > 0;
	int rc;

	set_lenient(it->book, it->book->count == 0);
	rc = pier__desc_wait(&it->ended, PIER__IN, "process",
		looks && soon.ns < deadline.ns ? soon : deadline);
	set_lenient(it->book, false);
	/* The engine may have no memory to watch the set. */
	if (rc < 0 && rc != -PIER_EDEADLINE && rc != -ECANCELED) {
		looks = true;
		rc = pier__park(pier__current, "process", -1,
			soon.ns < deadline.ns ? soon : deadline);
	}
	return rc == -PIER_EDEADLINE && looks && soon.ns < deadline.ns ? 0 : rc;
}

static void
kill_all(const struct pier__children *it)
{
	struct pier__list *node;

	pier__list_each(node, &it->book->running) {
		struct pier__child *child =
			pier__container_of(node, struct pier__child, node);

		child->killed = true;
		(void)pier__calls()->pidfd_kill(child->pidfd, SIGKILL);
	}
}

/* Cancelled when the drain time is over: the children know, and have a while. */
static int
reap_main(void *arg)
{
	struct pier__worker *worker = arg;
	struct pier__children *it = &worker->server->children;
	pier_deadline deadline = PIER_FOREVER;

	pier_task_name("children");
	it->book->reaper = pier__current;
	for (;;) {
		int rc;

		reap(it);
		if (it->book->closing && it->book->count == 0)
			break;
		rc = await(it, deadline);
		if (rc == -ECANCELED)
			(void)pier_shield(PIER_FOREVER);
		else if (rc == -PIER_EDEADLINE)
			kill_all(it);
		if (rc < 0)
			deadline = pier_in_ms(GRACE_MS);
	}
	it->book->reaper = NULL;
	pier__desc_forget(&it->ended);
	return 0;
}

int
pier__children_open(struct pier__worker *worker)
{
	struct pier__children *it = &worker->server->children;
	int rc = 0;

	/* Those of another step, or of the process that this one is a copy
	   of. */
	if (it->pid != pier__process())
		forget(it);
	if (it->book == NULL)
		rc = make(worker->server);
	if (rc < 0) {
		forget(it);
		return rc;
	}
	it->book->closing = false;
	pier__desc_init(&it->ended, it->set, PIER__DESC_SOCKET);
	it->ended.left = true;
	return pier__sched_spawn_uncopied(
		pier__current->sched, worker->handling, reap_main, worker);
}

void
pier__children_close(struct pier__worker *worker)
{
	struct pier__children *it = &worker->server->children;

	if (it->book == NULL)
		return;
	it->book->closing = true;
	stir(it);
}
