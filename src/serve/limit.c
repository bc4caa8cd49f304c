/* SPDX-License-Identifier: MIT */
/*
 * serve/limit.c - the times that a connection is held to. The streams look at
 * them in every wait and name the one that was met.
 */
#include <string.h>

#include "serve/options.h"
#include "serve/server.h"

static int64_t
moment(int64_t now, int64_t ms)
{
	int64_t ns = pier__options_ns(ms);

	return ns > INT64_MAX - now ? INT64_MAX : now + ns;
}

/* Waits add it to the moment of the last byte: a century and a half is for
   ever. */
static inline int64_t
idle_time(const struct pier_server_opts *opts)
{
	int64_t ns = pier__options_ns(opts->idle_ms);

	return ns > INT64_MAX / 2 ? INT64_MAX : ns;
}

PIER__HOT void
pier__limits_begin(struct pier__limits *limits,
	const struct pier_server_opts *opts, int64_t now)
{
	limits->first_byte_at = moment(now, opts->first_byte_ms);
	limits->lifetime_at = moment(now, opts->lifetime_ms);
	limits->idle_ns = idle_time(opts);
	limits->met = NULL;
}

void
pier__limits_end(struct pier__limits *limits)
{
	limits->first_byte_at = INT64_MAX;
	limits->lifetime_at = INT64_MAX;
	limits->idle_ns = INT64_MAX;
	limits->met = NULL;
}

void
pier__limits_only_idle(
	struct pier__limits *limits, const struct pier_server_opts *opts)
{
	limits->idle_ns = idle_time(opts);
}

enum pier__count
pier__limits_count(const struct pier__limits *limits)
{
	if (strcmp(limits->met, PIER__LIMIT_FIRST_BYTE) == 0)
		return PIER__COUNT_LIMIT_FIRST_BYTE;
	if (strcmp(limits->met, PIER__LIMIT_IDLE) == 0)
		return PIER__COUNT_LIMIT_IDLE;
	return PIER__COUNT_LIMIT_LIFETIME;
}
