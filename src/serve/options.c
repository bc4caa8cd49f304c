/* SPDX-License-Identifier: MIT */
/* serve/options.c - see options.h. */
#include "serve/options.h"

#include <errno.h>

#include "net/control.h"

#define CONNECTIONS_DEFAULT 10000
#define CHILDREN_DEFAULT    256
#define DATAGRAMS_DEFAULT   1000
#define DATAGRAM_SIZE       65535
#define SESSIONS_DEFAULT    1000
#define SESSION_QUEUE       64
#define SESSION_QUEUE_MAX   65536
#define DATAGRAM_SIZE_MAX   (1024 * 1024)
#define WORKERS_MAX         1024
#define POOL_WORKERS        32
#define PROCESSES_MAX       256
#define RESERVE_MIN         8
#define RESERVE_SHARE       16
#define ALONE_STACK         ((size_t)1024 * 1024)

#define OPEN_MS       30000
#define FIRST_BYTE_MS 10000
#define IDLE_MS       300000
#define LINGER_MS     2000
#define DRAIN_MS      10000
#define SESSION_MS    60000
#define HOOK_MS_MAX   86400000
#define ON_IDLE_MS    1000
#define TICK_MS       500
#define REPLACE_MS    30000

int
pier__descriptor_reserve(int all)
{
	int reserve = all / RESERVE_SHARE;

	return reserve < RESERVE_MIN ? RESERVE_MIN : reserve;
}

int64_t
pier__options_ns(int64_t ms)
{
	return ms < 0 || ms > INT64_MAX / 1000000 ? INT64_MAX : ms * 1000000;
}

/* What is wrong, or NULL. */
static const char *
wrong(const struct pier_server_opts *opts)
{
	if (opts->endpoint == NULL && opts->replace == NULL &&
		(opts->endpoints == NULL || opts->endpoints[0] == NULL))
		return "no endpoint";
	if (opts->endpoint != NULL && opts->endpoints != NULL)
		return "endpoint and endpoints: give one of them";
	if (opts->handler == NULL && opts->datagram_handler == NULL &&
		opts->packet_handler == NULL)
		return "no handler";
	if ((unsigned)opts->model > PIER_FORK)
		return "no such model";
	if (opts->workers < PIER_CORES || opts->workers > WORKERS_MAX)
		return "workers: -1 to 1024";
	if (opts->model != PIER_FIBER && opts->model != PIER_POOL &&
		opts->workers != 0 && opts->workers != 1)
		return "workers go with the fiber and pool models";
	if (opts->processes < PIER_CORES || opts->processes > PROCESSES_MAX)
		return "processes: -1 to 256";
	if (opts->connections_max < 0)
		return "connections_max: below 0";
	if (opts->per_address_max < 0)
		return "per_address_max: below 0";
	if ((unsigned)opts->proxy > PIER_PROXY_FROM)
		return "proxy: no such value";
	/* Known in the child only, which may die with what it holds. */
	if (opts->model == PIER_FORK && opts->proxy != PIER_PROXY_OFF &&
		opts->per_address_max > 0)
		return "per_address_max and proxy: not with the fork model";
	if ((opts->proxy == PIER_PROXY_FROM && opts->proxy_from == NULL) ||
		(opts->proxy == PIER_PROXY_OFF && opts->proxy_from != NULL))
		return "proxy and proxy_from go together";
	if (opts->per_address_rate < 0 || opts->per_address_burst < 0)
		return "per_address_rate: below 0";
	if (opts->accept_rate < 0 || opts->accept_burst < 0)
		return "accept_rate: below 0";
	if (opts->read_rate < PIER_OFF || opts->write_rate < PIER_OFF)
		return "read_rate, write_rate: bytes per second, or PIER_OFF";
	if ((opts->ask & ~(unsigned int)PIER__ASK_ALL) != 0)
		return "ask: no such bit";
	if (opts->sessions && opts->packet_handler == NULL)
		return "sessions: a packet_handler is missing";
	/* Any of them may receive what a peer sends. */
	if (opts->sessions && opts->processes != 0)
		return "sessions: not with processes";
	if (opts->sessions_max < 0 || opts->session_queue_max < 0 ||
		opts->session_queue_max > SESSION_QUEUE_MAX)
		return "sessions_max, session_queue_max: below 0, or above "
		       "65536";
	if (opts->datagrams_max < 0)
		return "datagrams_max: below 0";
	if (opts->datagram_size > DATAGRAM_SIZE_MAX)
		return "datagram_size: above 1 MiB";
	if (opts->open_ms < PIER_OFF || opts->first_byte_ms < PIER_OFF ||
		opts->idle_ms < PIER_OFF || opts->lifetime_ms < PIER_OFF ||
		opts->replace_ms < 0 || opts->linger_ms < PIER_OFF ||
		opts->drain_ms < PIER_OFF || opts->session_idle_ms < PIER_OFF ||
		opts->on_idle_ms < 0 || opts->tick_ms < 0)
		return "a time below 0";
	if (opts->on_idle_ms > HOOK_MS_MAX || opts->tick_ms > HOOK_MS_MAX)
		return "on_idle_ms, tick_ms: above a day";
	return NULL;
}

static void
fill_ms(int64_t *ms, int64_t by_default)
{
	if (*ms == 0)
		*ms = by_default;
}

/* As many as leave the reserve alone, and nothing less than one, for each
   process. */
static int
connections(const struct pier_server_opts *opts, int descriptors)
{
	int room = descriptors - pier__descriptor_reserve(descriptors);
	int processes = opts->processes > 0 ? opts->processes : 1;
	int by_default = opts->model == PIER_FORK ? CHILDREN_DEFAULT
						  : CONNECTIONS_DEFAULT;

	if (opts->model == PIER_ITERATIVE)
		return processes;
	if (opts->model == PIER_POOL)
		return opts->workers * processes;
	if (opts->connections_max > 0)
		return opts->connections_max;
	if (room < 1)
		room = 1;
	return room < by_default / processes ? room * processes : by_default;
}

int
pier__options_fill(struct pier_server_opts *opts, int descriptors, int cores,
	const char **detail)
{
	*detail = wrong(opts);
	if (*detail != NULL)
		return -EINVAL;
	if (opts->workers == PIER_CORES)
		opts->workers = cores;
	if (opts->processes == PIER_CORES)
		opts->processes = cores < PROCESSES_MAX ? cores : PROCESSES_MAX;
	if (opts->workers == 0)
		opts->workers = opts->model == PIER_POOL ? POOL_WORKERS : 1;
	if (opts->stack_size == 0 &&
		(opts->model == PIER_ITERATIVE || opts->model == PIER_FORK))
		opts->stack_size = ALONE_STACK;
	opts->connections_max = connections(opts, descriptors);
	if (opts->datagrams_max == 0)
		opts->datagrams_max = DATAGRAMS_DEFAULT;
	if (opts->sessions_max == 0)
		opts->sessions_max = SESSIONS_DEFAULT;
	if (opts->session_queue_max == 0)
		opts->session_queue_max = SESSION_QUEUE;
	fill_ms(&opts->session_idle_ms, SESSION_MS);
	if (opts->datagram_size == 0)
		opts->datagram_size = DATAGRAM_SIZE;
	fill_ms(&opts->open_ms, OPEN_MS);
	fill_ms(&opts->first_byte_ms, FIRST_BYTE_MS);
	fill_ms(&opts->idle_ms, IDLE_MS);
	fill_ms(&opts->lifetime_ms, PIER_OFF);
	fill_ms(&opts->linger_ms, LINGER_MS);
	fill_ms(&opts->replace_ms, REPLACE_MS);
	fill_ms(&opts->drain_ms, DRAIN_MS);
	fill_ms(&opts->on_idle_ms, ON_IDLE_MS);
	fill_ms(&opts->tick_ms, TICK_MS);
	return 0;
}
