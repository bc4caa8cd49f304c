/* SPDX-License-Identifier: MIT */
/*
 * frame/hub.c - who is a member, and posting to all of them.
 */
#include "frame/hub.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGES_DEFAULT 1024
#define MESSAGES_MAX     65536
#define BYTES_DEFAULT    ((size_t)1024 * 1024)
#define BYTES_MAX        ((size_t)1024 * 1024 * 1024)

static int
fail(int rc, enum pier_step step, const char *detail)
{
	return pier__fail(
		rc, &(struct pier__failure){ .step = step, .detail = detail });
}

/* What is wrong, or NULL; fills in the defaults. */
static const char *
fill(struct pier_hub_opts *opts)
{
	if (opts->queue_messages == 0)
		opts->queue_messages = MESSAGES_DEFAULT;
	if (opts->queue_bytes == 0)
		opts->queue_bytes = BYTES_DEFAULT;
	if (opts->queue_messages > MESSAGES_MAX)
		return "queue_messages: 1 to 65536";
	if (opts->queue_bytes > BYTES_MAX)
		return "queue_bytes: 1 to 1 GiB";
	if ((unsigned)opts->policy > PIER_HUB_DROP_MEMBER)
		return "no such policy";
	return NULL;
}

int
pier_hub_open_sized(
	struct pier_hub **out, const struct pier_hub_opts *given, size_t size)
{
	struct pier_hub_opts opts = { 0 };
	const char *wrong;
	struct pier_hub *hub;

	if (given != NULL)
		memcpy(&opts, given, size < sizeof(opts) ? size : sizeof(opts));
	wrong = fill(&opts);
	if (wrong != NULL)
		return fail(-EINVAL, PIER_STEP_CREATE, wrong);
	hub = pier__alloc(sizeof(*hub));
	if (hub == NULL)
		return fail(-ENOMEM, PIER_STEP_CREATE, "a hub");
	(void)pthread_mutex_init(&hub->lock, NULL);
	atomic_init(&hub->references, 1);
	pier__list_init(&hub->members);
	hub->opts = opts;
	*out = hub;
	return 0;
}

void
pier__hub_drop(struct pier_hub *hub)
{
	if (atomic_fetch_sub(&hub->references, 1) > 1)
		return;
	(void)pthread_mutex_destroy(&hub->lock);
	pier__free(hub);
}

void
pier_hub_end(struct pier_hub *hub)
{
	struct pier__list *at;

	(void)pthread_mutex_lock(&hub->lock);
	hub->ended = true;
	pier__list_each(at, &hub->members)
		pier__member_end(
			pier__container_of(at, struct pier_member, node), true);
	(void)pthread_mutex_unlock(&hub->lock);
}

void
pier_hub_close(struct pier_hub *hub)
{
	if (hub == NULL)
		return;
	pier_hub_end(hub);
	pier__hub_drop(hub);
}

int
pier__hub_add(struct pier_hub *hub, struct pier_member *member)
{
	int rc = 0;

	(void)pthread_mutex_lock(&hub->lock);
	if (hub->ended) {
		rc = -PIER_ECLOSED;
	} else {
		pier__list_push_back(&hub->members, &member->node);
		hub->count++;
		if (hub->count > hub->peak)
			hub->peak = hub->count;
	}
	(void)pthread_mutex_unlock(&hub->lock);
	return rc;
}

void
pier__hub_remove(struct pier_member *member)
{
	(void)pthread_mutex_lock(&member->hub->lock);
	pier__list_remove(&member->node);
	member->hub->count--;
	(void)pthread_mutex_unlock(&member->hub->lock);
}

void
pier__message_drop(struct pier__message *message)
{
	if (atomic_fetch_sub(&message->references, 1) == 1)
		pier__free(message);
}

/* Room for size bytes, and one for the NUL of a printf. */
static int
message_new(struct pier__message **out, const struct pier_hub *hub, size_t size)
{
	struct pier__message *message;

	if (size > hub->opts.queue_bytes) {
		(void)fail(-EMSGSIZE, PIER_STEP_SEND,
			"longer than a member's queue");
		return -EMSGSIZE;
	}
	message = pier__alloc(sizeof(*message) + size + 1);
	if (message == NULL) {
		(void)fail(-ENOMEM, PIER_STEP_SEND, "a message for a hub");
		return -ENOMEM;
	}
	atomic_init(&message->references, 1);
	message->size = size;
	*out = message;
	return 0;
}

/* Takes the message. */
static int
post(struct pier_hub *hub, struct pier__message *message,
	const struct pier_member *except)
{
	struct pier__list *at;
	int taken = 0;
	bool ended;

	(void)pthread_mutex_lock(&hub->lock);
	ended = hub->ended;
	hub->posted += !ended;
	if (!ended)
		pier__list_each(at, &hub->members) {
			struct pier_member *member = pier__container_of(
				at, struct pier_member, node);

			if (member != except)
				taken += pier__member_take(member, message);
		}
	(void)pthread_mutex_unlock(&hub->lock);
	pier__message_drop(message);
	return ended ? fail(-PIER_ECLOSED, PIER_STEP_SEND, "the hub has ended")
		     : taken;
}

int
pier_hub_post(struct pier_hub *hub, const void *data, size_t size,
	const struct pier_member *except)
{
	struct pier__message *message;
	int rc;

	if (size == 0)
		return 0;
	rc = message_new(&message, hub, size);
	if (rc < 0)
		return rc;
	memcpy(message->data, data, size);
	return post(hub, message, except);
}

int
pier_hub_printf(struct pier_hub *hub, const struct pier_member *except,
	const char *format, ...)
{
	struct pier__message *message;
	va_list args;
	int size, rc;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size <= 0)
		return size == 0 ? 0
				 : fail(-EINVAL, PIER_STEP_SEND, "a format");
	rc = message_new(&message, hub, (size_t)size);
	if (rc < 0)
		return rc;
	va_start(args, format);
	(void)vsnprintf(message->data, (size_t)size + 1, format, args);
	va_end(args);
	return post(hub, message, except);
}

int
pier_hub_tell(struct pier_member *member, const void *data, size_t size)
{
	struct pier_hub *hub = member->hub;
	struct pier__message *message;
	bool ended, taken = false;
	int rc;

	if (size == 0)
		return 0;
	rc = message_new(&message, hub, size);
	if (rc < 0)
		return rc;
	memcpy(message->data, data, size);
	(void)pthread_mutex_lock(&hub->lock);
	ended = hub->ended;
	if (!ended)
		taken = pier__member_take(member, message);
	(void)pthread_mutex_unlock(&hub->lock);
	pier__message_drop(message);
	return ended ? fail(-PIER_ECLOSED, PIER_STEP_SEND, "the hub has ended")
		     : taken;
}

void
pier_hub_stats_sized(
	struct pier_hub *hub, struct pier_hub_stats *out, size_t size)
{
	struct pier_hub_stats stats = { 0 };

	(void)pthread_mutex_lock(&hub->lock);
	stats.members = hub->count;
	stats.members_peak = hub->peak;
	stats.posted = hub->posted;
	(void)pthread_mutex_unlock(&hub->lock);
	stats.members_dropped = atomic_load(&hub->members_dropped);
	stats.queued = atomic_load(&hub->queued);
	stats.delivered = atomic_load(&hub->delivered);
	stats.dropped = atomic_load(&hub->dropped);
	memset(out, 0, size);
	memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
}
