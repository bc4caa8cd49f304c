/* SPDX-License-Identifier: MIT */
/* serve/server.c - a server is opened, run and closed. */
#include "serve/server.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "os/machine.h"
#include "serve/address_rate.h"
#include "serve/children.h"
#include "serve/endpoints.h"
#include "serve/options.h"
#include "serve/replace.h"
#include "task/run.h"

static const struct pier__model *const models[] = {
	[PIER_FIBER] = &pier__model_fiber,
	[PIER_ITERATIVE] = &pier__model_iterative,
	[PIER_THREAD] = &pier__model_thread,
	[PIER_POOL] = &pier__model_pool,
	[PIER_FORK] = &pier__model_fork,
};

void
pier__server_hold(struct pier_server *server)
{
	(void)atomic_fetch_add(&server->references, 1);
}

void
pier__server_drop(struct pier_server *server)
{
	size_t i;

	if (atomic_fetch_sub(&server->references, 1) > 1)
		return;
	for (i = 0; i < server->worker_count; i++) {
		pier__free(server->workers[i].acceptors);
		pier__pool_free(server->workers[i].pool);
		(void)pthread_mutex_destroy(&server->workers[i].inbox.lock);
	}
	pier__address_count_close(server->addresses);
	pier__address_rate_close(server->paces);
	pier__gate_close(&server->gate);
	pier__children_free(server);
	pier__free(server->spare);
	pier__free(server->child_ledger);
	pier__shared_close(server->shared);
	pier__free(server->workers);
	pier__free(server->ports);
	(void)pthread_cond_destroy(&server->crew_gone);
	(void)pthread_mutex_destroy(&server->lock);
	pier__free(server);
}

/* PID_MAX_LIMIT of Linux. */
#define PROCESSES_MAX (4 * 1024 * 1024)

/* Places of processes of connections: as many as there may be connections, or
   as the system has processes; the first is none's. */
static size_t
places(const struct pier_server_opts *opts)
{
	int most = opts->connections_max;

	return 1 + (size_t)(most < PROCESSES_MAX ? most : PROCESSES_MAX);
}

/* What all processes will share. */
static int
make_shared(struct pier_server *server, size_t workers)
{
	const struct pier_server_opts *opts = &server->opts;
	/* This one, which is the first, and those it will fork. */
	size_t processes = 1 + (size_t)opts->processes;
	size_t marks = opts->model == PIER_FORK ? places(opts) : 0;
	int rc = pier__shared_open(&server->shared, processes, workers, marks);

	if (rc < 0)
		return rc;
	server->ledger = &server->shared->ledgers[server->process];
	server->children.room = marks > 0 ? marks - 1 : 0;
	if (opts->model == PIER_ITERATIVE)
		server->own_max = 1;
	else if (opts->model == PIER_POOL)
		server->own_max = opts->workers;
	else
		server->own_max = INT_MAX;
	if (opts->per_address_rate > 0)
		rc = pier__address_rate_open(&server->paces);
	if (rc < 0 || opts->per_address_max == 0)
		return rc;
	return pier__address_count_open(&server->addresses,
		(size_t)opts->connections_max +
			(size_t)pier__lingering_max(server),
		processes);
}

/* Workers, and room for what they will accept on. */
static int
make_workers(struct pier_server *server, size_t streams, size_t datagrams)
{
	size_t count =
		server->model->workers(&server->opts, streams, datagrams);
	/* Of one endpoint there may be several. */
	size_t extra = pier__replace_count(server) + 1;
	int rc = make_shared(server, count);
	size_t i;

	if (rc < 0)
		return rc;
	server->workers = pier__alloc(count * sizeof(*server->workers));
	server->ports =
		pier__alloc((count * streams + extra) * sizeof(*server->ports));
	if (server->workers == NULL || server->ports == NULL)
		return -ENOMEM;
	server->worker_count = count;
	for (i = 0; i < count; i++) {
		server->workers[i].server = server;
		pier__list_init(&server->workers[i].datagrams);
		(void)pthread_mutex_init(&server->workers[i].inbox.lock, NULL);
		server->workers[i].inbox.open = true;
	}
	for (i = 0; i < count; i++) {
		struct pier__worker *worker = &server->workers[i];

		worker->counters = pier__shared_counters(
			server->shared, server->process, i);
		worker->acceptors = pier__alloc(
			(streams + extra) * sizeof(*worker->acceptors));
		if (worker->acceptors == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int
make_fds(struct pier_server *server)
{
	server->stop_fd = pier__calls()->eventfd();
	if (server->stop_fd < 0 || server->opts.processes == 0)
		return server->stop_fd < 0 ? server->stop_fd : 0;
	server->bell_fd = pier__calls()->eventfd();
	return server->bell_fd < 0 ? server->bell_fd : 0;
}

static struct pier_server *
server_new(
	const struct pier_server_opts *given, size_t size, size_t listen_size)
{
	struct pier_server *server = pier__alloc(sizeof(*server));

	if (server == NULL)
		return NULL;
	memcpy(&server->opts, given,
		size < sizeof(server->opts) ? size : sizeof(server->opts));
	if (server->opts.listen != NULL)
		memcpy(&server->listen, server->opts.listen,
			listen_size < sizeof(server->listen)
				? listen_size
				: sizeof(server->listen));
	server->opts.listen = NULL; /* borrowed until here */
	server->stop_fd = -1;
	server->bell_fd = -1;
	server->parent_fd = -1;
	atomic_init(&server->references, 1);
	(void)pthread_mutex_init(&server->lock, NULL);
	(void)pthread_cond_init(&server->crew_gone, NULL);
	pier__list_init(&server->waiters);
	server->children.set = -1;
	return server;
}

static int
fail_create(int rc, const char *detail)
{
	return pier__fail(rc, &(struct pier__failure){ .step = PIER_STEP_CREATE,
				      .detail = detail,
				      /* No thread to be had is -EAGAIN. */
				      .counts = true });
}

/* What the run of a worker has: its engine, and what wakes it. */
#define WORKER_DESCRIPTORS 2

/* From which number on a descriptor shows that no more may be taken. Above are
   one connection of each acceptor at most, by which the mark was met or which
   is its only one; the other workers, which may begin when the first has
   accepted many; and what one look takes for a moment. */
static void
mark_reserve(struct pier_server *server, int descriptors)
{
	int each = server->model->descriptors;
	int others = (int)server->worker_count - 1;
	int acceptors = 0;
	size_t i;

	for (i = 0; i < server->worker_count; i++)
		acceptors += (int)server->workers[i].acceptor_count;
	server->descriptors_high =
		descriptors - pier__descriptor_reserve(descriptors) -
		acceptors * each - others * WORKER_DESCRIPTORS -
		PIER__PROBES_MAX;
}

static int
server_fill(struct pier_server *server)
{
	int descriptors = pier__machine_descriptors();
	const char *detail = NULL;
	size_t streams = 0, datagrams = 0;
	pier_deadline until;
	int rc = pier__options_fill(
		&server->opts, descriptors, pier__machine_cores(), &detail);

	if (rc < 0)
		return fail_create(rc, detail);
	until = server->opts.open_ms == PIER_OFF
			? PIER_FOREVER
			: pier_in_ms(server->opts.open_ms);
	server->model = models[server->opts.model];
	rc = pier__replace_open(server);
	if (rc == 0)
		rc = pier__endpoints_count(server, &streams, &datagrams);
	if (rc == 0)
		rc = pier__gate_open(server);
	if (rc < 0)
		return rc;
	rc = make_workers(server, streams, datagrams);
	if (rc == 0)
		rc = make_fds(server);
	if (rc < 0)
		return fail_create(rc, "a server");
	rc = pier__endpoints_open(server, until);
	if (rc == 0)
		rc = pier__control_open(server);
	mark_reserve(server, descriptors);
	return rc;
}

int
pier_server_open_sized(struct pier_server **out,
	const struct pier_server_opts *opts, size_t size, size_t listen_size)
{
	struct pier_server *server = server_new(opts, size, listen_size);
	int rc;

	if (server == NULL)
		return fail_create(-ENOMEM, "a server");
	rc = server_fill(server);
	if (rc < 0) {
		pier_server_close(server);
		return rc;
	}
	*out = server;
	return 0;
}

void
pier_server_close(struct pier_server *server)
{
	if (server == NULL)
		return;
	pier__control_close(server);
	pier__endpoints_close(server);
	pier__replace_close(server);
	pier__close(server->stop_fd);
	pier__close(server->bell_fd);
	server->stop_fd = -1;
	server->bell_fd = -1;
	pier__server_drop(server);
}

int
pier_server_run(struct pier_server *server)
{
	const struct pier_server_opts *opts = &server->opts;
	struct pier__task *self = pier__self();
	int use = PIER__SERVER_IS_FREE;
	int rc;

	if (self == NULL)
		return -ENOMEM;
	if (opts->processes > 0 && self->kind == PIER_TASK_FIBER)
		return fail_create(
			-EINVAL, "processes: run by a thread, not by a fiber");
	if (!atomic_compare_exchange_strong(
		    &server->use, &use, PIER__SERVER_HAS_RUN))
		return use == PIER__SERVER_IN_STEP
			       ? fail_create(-EBUSY, "a server in a step")
			       : fail_create(-EALREADY, "a server runs once");
	rc = pier__replace_commit(server);
	if (rc < 0)
		return rc;
	if (opts->on_listen != NULL)
		opts->on_listen(server, opts->ctx);
	pier__server_tell(server, "READY=1");
	return opts->processes > 0 ? pier__processes_run(server)
				   : pier__crew_run(server);
}

int
pier_serve_sized(
	const struct pier_server_opts *opts, size_t size, size_t listen_size)
{
	struct pier_server *server = NULL;
	int rc = pier_server_open_sized(&server, opts, size, listen_size);

	if (server == NULL)
		return rc;
	rc = pier_server_run(server);
	pier_server_close(server);
	return rc;
}

size_t
pier_server_endpoint_count(const struct pier_server *server)
{
	return server->name_count;
}

int
pier_server_endpoint(
	const struct pier_server *server, size_t i, char *buf, size_t size)
{
	size_t len;

	if (i >= server->name_count)
		return -ENOENT;
	len = strlen(server->names[i]);
	if (len >= size)
		return -ENOSPC;
	memcpy(buf, server->names[i], len + 1);
	return (int)len;
}

void
pier_server_stats_sized(const struct pier_server *server,
	struct pier_server_stats *out, size_t size)
{
	struct pier_server_stats stats = { 0 };
	const struct pier__shared *shared = server->shared;
	int active;
	size_t i;

	for (i = 0; i < shared->processes * shared->workers; i++)
		pier__counters_add(&stats, pier__shared_counters(shared, 0, i));
	active = pier__shared_active(shared) - atomic_load(&server->standing);
	/* One may just have begun to stand. */
	stats.active = active > 0 ? (uint64_t)active : 0;
	stats.active_peak = (uint64_t)atomic_load(&shared->active_peak);
	stats.lingering = (uint64_t)pier__shared_lingering(shared);
	stats.sessions_active = (uint64_t)atomic_load(&server->sessions);
	memset(out, 0, size);
	memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
}
