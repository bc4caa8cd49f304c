/* SPDX-License-Identifier: MIT */
/*
 * proto/find_lookup.c - the service that svc://TYPE/NAME means, as a look-up of
 * names: pier_dial() and pier_packet_open() race its addresses as any others.
 */
#include <pier/find.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "task/failure.h"
#include "task/timeout.h"

static int
fail(int rc, const char *host, const char *detail)
{
	return pier__fail_step(rc, PIER_STEP_RESOLVE, host, detail);
}

/* DNS compares letters of ASCII alone without their case. */
static bool
is_it(const struct pier_found *service, const char *host)
{
	return host[0] == '\0' ||
	       pier__span_is(pier__span_of(service->instance), host);
}

static bool
is_usable(const struct pier_find_event *event, const char *host)
{
	return event->what != PIER_FIND_REMOVED && event->service.port != 0 &&
	       event->service.addr_count > 0 && is_it(&event->service, host);
}

/* Waits for it. 1: event has it, or as pier_find_next(). */
static int
wait_for_it(struct pier_find *find, struct pier_find_event *event,
	const char *host, pier_deadline deadline)
{
	int rc;

	do {
		rc = pier_find_next(find, event, deadline);
	} while (rc == 1 && !is_usable(event, host));
	return rc;
}

int
pier_find_lookup(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline, void *arg)
{
	const struct pier_find_opts *find_opts = arg;
	struct pier_find_event event;
	struct pier_find *find;
	pier_deadline until;
	int rc;

	if (service == NULL || service[0] != '_')
		return pier_resolve(out, host, service, opts, deadline);
	if (host == NULL)
		host = "";
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	until = pier_earlier(deadline, pier_in_ms(PIER_FIND_LOOKUP_MS));
	rc = pier_find_open(&find, service, find_opts);
	if (rc < 0)
		return rc;
	rc = wait_for_it(find, &event, host, until);
	if (rc == -PIER_EDEADLINE && until.ns < deadline.ns)
		rc = fail(-PIER_ENONAME, host,
			"nobody on this network answered for it");
	if (rc == 1) {
		rc = pier_names_make(out, event.service.addrs,
			event.service.addr_count, event.service.instance);
		if (rc < 0)
			rc = fail(rc, host, NULL);
	}
	pier_find_close(find);
	return rc < 0 ? rc : 0;
}
