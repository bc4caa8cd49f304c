/* SPDX-License-Identifier: MIT */
/* proto/announce.c - an announcement from its beginning to its goodbye; see
   announce.h. */
#include "proto/announce.h"

#include <errno.h>
#include <string.h>

#include <pier/error.h>

#include "os/calls.h"
#include "task/failure.h"
#include "task/timeout.h"

static void
free_all(struct pier_announce *it)
{
	pier__lan_close(&it->lan);
	pier__beacon_offer_close(it->beacon);
	pier__mdns_offer_close(it->mdns);
	pier__free(it);
}

int
pier_announce_open_sized(struct pier_announce **out,
	const struct pier_announce_opts *opts, size_t opts_size)
{
	struct pier_announce_opts all = { 0 };
	struct pier_announce *it = pier__alloc(sizeof(*it));
	struct pier__announce_wrong wrong = { .text = "announce" };
	int rc;

	if (it == NULL)
		return pier__fail_step(
			-ENOMEM, PIER_STEP_CREATE, "announce", NULL);
	memcpy(&all, opts, opts_size < sizeof(all) ? opts_size : sizeof(all));
	rc = pier__announce_start(it, &all, &wrong);
	if (rc < 0) {
		(void)pier__fail_step(rc,
			rc == -EINVAL || rc == -EMSGSIZE ? PIER_STEP_PARSE
							 : PIER_STEP_CREATE,
			wrong.text,
			wrong.detail[0] != '\0' ? wrong.detail : NULL);
		free_all(it);
		return rc;
	}
	*out = it;
	return 0;
}

void
pier_announce_close(struct pier_announce *it)
{
	int64_t now_ns;
	size_t i;

	if (it == NULL)
		return;
	now_ns = pier_now();
	if (it->beacon != NULL)
		pier__beacon_offer_end(it->beacon);
	if (it->mdns != NULL)
		pier__mdns_offer_end(it->mdns);
	for (i = 0; i < it->lan.count; i++)
		pier__lan_send(&it->lan, &it->lan.sides[i], now_ns);
	free_all(it);
}

/* ---- Living ---------------------------------------------------------------------- */

/* Has the host, or an alias of it, another name? */
static bool
take_host(struct pier_announce *it, struct pier_announce_event *out)
{
	size_t i;

	for (i = 0; i < PIER__ANNOUNCE_HOSTS; i++) {
		struct pier__announce_host *host = &it->hosts[i];

		if (strcmp(host->told, host->now) == 0)
			continue;
		memcpy(it->was, host->told, sizeof(it->was));
		memcpy(host->told, host->now, sizeof(host->told));
		*out = (struct pier_announce_event){
			.what = PIER_ANNOUNCE_HOST_RENAMED,
			.by = PIER_BY_MDNS,
			.instance = it->instance,
			.was = it->was,
			.host = host->told,
		};
		return true;
	}
	return false;
}

/* The next event, if there is one. */
static bool
take_event(struct pier_announce *it, struct pier_announce_event *out)
{
	if (strcmp(it->told, it->instance) != 0) {
		memcpy(it->was, it->told, sizeof(it->told));
		memcpy(it->told, it->instance, sizeof(it->told));
		*out = (struct pier_announce_event){
			.what = PIER_ANNOUNCE_RENAMED,
			.by = PIER_BY_MDNS,
			.instance = it->instance,
			.was = it->was
		};
		return true;
	}
	if (take_host(it, out))
		return true;
	if (it->count == 0)
		return false;
	*out = it->events[it->first];
	out->instance = it->instance;
	it->first = (it->first + 1) % PIER__ANNOUNCE_EVENTS;
	it->count--;
	return true;
}

int
pier_announce_next_sized(struct pier_announce *it,
	struct pier_announce_event *out, size_t event_size,
	pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	struct pier_announce_event event;
	int rc = self == NULL ? -ENOMEM : 0;

	if (atomic_exchange(&it->busy, true))
		return pier__fail_step(
			-EBUSY, PIER_STEP_WAIT, it->instance, NULL);
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	memset(&event, 0, sizeof(event));
	while (rc == 0) {
		rc = pier__enter(self, deadline);
		if (rc == 0)
			rc = pier__lan_turn(&it->lan, pier_now());
		if (rc == 0 && take_event(it, &event))
			break;
		if (rc == 0)
			rc = pier__lan_wait(&it->lan, deadline);
	}
	atomic_store(&it->busy, false);
	if (rc < 0)
		return pier__fail_step(
			rc, PIER_STEP_RECEIVE, it->instance, NULL);
	memcpy(out, &event,
		event_size < sizeof(event) ? event_size : sizeof(event));
	return 1;
}

int
pier_announce_run(struct pier_announce *it, pier_deadline deadline)
{
	struct pier_announce_event event;
	int rc;

	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	do {
		rc = pier_announce_next(it, &event, deadline);
	} while (rc == 1);
	return rc;
}

const char *
pier_announce_name(const struct pier_announce *it)
{
	return it->instance;
}
