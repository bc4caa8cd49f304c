/* SPDX-License-Identifier: MIT */
/* proto/find.c - see find.h. */
#include "proto/find.h"

#include <errno.h>
#include <string.h>

#include <pier/error.h>

#include "os/calls.h"
#include "proto/lan_open.h"
#include "proto/service_name.h"
#include "task/failure.h"
#include "task/timeout.h"

/* ---- The engines --------------------------------------------------------- */

static int
beacon_link(void *engine, int64_t now_ns, const struct pier__link_state *link)
{
	pier__beacon_find_link(engine, now_ns, link);
	return 0;
}

static int
beacon_input(
	void *engine, int64_t now_ns, const struct pier__datagram *datagram)
{
	return pier__beacon_find_input(engine, now_ns, datagram);
}

static int
beacon_output(void *engine, int64_t now_ns, struct pier__sending *sending)
{
	return pier__beacon_find_output(engine, now_ns, sending);
}

static int64_t
beacon_due(const void *engine)
{
	return pier__beacon_find_due(engine);
}

static const struct pier__lan_ops beacon_ops = {
	.link = beacon_link,
	.input = beacon_input,
	.output = beacon_output,
	.due = beacon_due,
};

static int
mdns_link(void *engine, int64_t now_ns, const struct pier__link_state *link)
{
	return pier__mdns_browse_link(engine, now_ns, link);
}

static int
mdns_input(void *engine, int64_t now_ns, const struct pier__datagram *datagram)
{
	return pier__mdns_browse_input(engine, now_ns, datagram);
}

static int
mdns_output(void *engine, int64_t now_ns, struct pier__sending *sending)
{
	return pier__mdns_browse_output(engine, now_ns, sending);
}

static int64_t
mdns_due(const void *engine)
{
	return pier__mdns_browse_due(engine);
}

static const struct pier__lan_ops mdns_ops = {
	.link = mdns_link,
	.input = mdns_input,
	.output = mdns_output,
	.due = mdns_due,
};

/* ---- Opening -------------------------------------------------------------- */

static int
open_beacon(struct pier_find *find, const char *type,
	const struct pier__lan_wish *wish, uint64_t seed, const char **why)
{
	struct pier__lan_side *side = &find->lan.sides[find->lan.count];
	int rc = pier__beacon_find_open(&find->beacon, type, seed);

	if (rc == 0)
		rc = pier__lan_open_beacon(&side->links, wish);
	if (rc == -EADDRINUSE)
		*why = PIER__LAN_BUSY_BEACON;
	if (rc < 0)
		return rc;
	side->ops = &beacon_ops;
	side->engine = find->beacon;
	find->lan.count++;
	return 0;
}

static int
open_mdns(struct pier_find *find, const char *type, const char *domain,
	const struct pier__lan_wish *wish, uint64_t seed, const char **why)
{
	const struct pier__mdns_browse_opts opts = {
		.type = type, .domain = domain, .seed = seed
	};
	struct pier__lan_side *side = &find->lan.sides[find->lan.count];
	int rc = pier__mdns_browse_open(&find->mdns, &opts, why);

	if (rc == 0)
		rc = pier__lan_open_mdns(&side->links, wish);
	if (rc == -EADDRINUSE)
		*why = PIER__LAN_BUSY_MDNS;
	if (rc < 0)
		return rc;
	side->ops = &mdns_ops;
	side->engine = find->mdns;
	find->lan.count++;
	return 0;
}

/* What is looked for: what mDNS and beacons are asked. */
struct wanted {
	char plain[PIER__BEACON_TYPE_MAX + 1]; /* "_http._tcp" */
	bool beacons; /* it can be asked so: no subtype, and "local" */
};

/* Understands the type. 0, or -EINVAL and *why. */
static int
understand(struct wanted *out, const char *type, const char *domain,
	const char **why)
{
	char instance[PIER__LABEL_MAX + 1], plain[PIER__DNS_NAME_TEXT];
	char zone[PIER__DNS_NAME_TEXT];
	struct pier__dnssd_type parsed;
	struct pier__name name;
	int rc = pier__dnssd_type_parse(&parsed, type, domain, why);

	*out = (struct wanted){ .beacons = false };
	if (rc < 0)
		return rc;
	/* Any instance: its name is taken apart for the type's text. */
	rc = pier__dnssd_instance(&name, "x", &parsed.type);
	if (rc == 0)
		rc = pier__dnssd_split(&name, instance, plain, zone);
	if (rc < 0)
		return rc;
	if (!pier__service_type_is_plain(plain, strlen(plain)))
		return 0;
	memcpy(out->plain, plain, strlen(plain) + 1);
	out->beacons = pier__name_equal(&parsed.name, &parsed.type) &&
		       strcasecmp(zone, "local") == 0;
	return 0;
}

static int
open_sides(struct pier_find *find, const char *type,
	const struct pier_find_opts *opts, const char **why)
{
	const struct pier__lan_wish wish = { .family = opts->family,
		.interfaces = opts->interfaces };
	struct wanted wanted = { .beacons = true };
	uint64_t seeds[4];
	int rc = pier__calls()->random(seeds, sizeof(seeds));

	if (rc >= 0 && type != NULL)
		rc = understand(&wanted, type, opts->domain, why);
	/* It is understood. */
	if (rc >= 0)
		*why = "";
	if (rc >= 0)
		rc = pier__found_book_open(&find->book, seeds);
	if (rc >= 0 && wanted.beacons && (opts->by & PIER_BY_BEACON) != 0)
		rc = open_beacon(find, type != NULL ? wanted.plain : NULL,
			&wish, seeds[2], why);
	if (rc >= 0 && (opts->by & PIER_BY_MDNS) != 0)
		rc = open_mdns(find, type, opts->domain, &wish, seeds[3], why);
	if (rc >= 0 && find->lan.count == 0) {
		*why = "beacons know the domain local, types as _http._tcp, "
		       "and "
		       "no subtypes";
		rc = -EINVAL;
	}
	return rc < 0 ? rc : 0;
}

int
pier_find_open_sized(struct pier_find **out, const char *type,
	const struct pier_find_opts *opts, size_t opts_size)
{
	const char *text = type != NULL ? type : "types of services";
	struct pier_find_opts all = { 0 };
	char detail[PIER__LAN_DETAIL] = "";
	struct pier_find *find;
	const char *why = detail;
	int rc;

	if (opts != NULL)
		memcpy(&all, opts,
			opts_size < sizeof(all) ? opts_size : sizeof(all));
	find = pier__alloc(sizeof(*find) + strlen(text) + 1);
	if (find == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_CREATE, text, NULL);
	memcpy(find->text, text, strlen(text));
	rc = pier__lan_check(&all.by,
		&(struct pier__lan_wish){ all.family, all.interfaces }, detail);
	if (rc == 0)
		rc = open_sides(find, type, &all, &why);
	if (rc < 0) {
		(void)pier__fail_step(rc,
			rc == -EINVAL && why != detail ? PIER_STEP_PARSE
						       : PIER_STEP_CREATE,
			text, why[0] != '\0' ? why : NULL);
		pier_find_close(find);
		return rc;
	}
	*out = find;
	return 0;
}

void
pier_find_close(struct pier_find *find)
{
	if (find == NULL)
		return;
	pier__lan_close(&find->lan);
	pier__beacon_find_close(find->beacon);
	pier__mdns_browse_close(find->mdns);
	pier__found_book_close(find->book);
	pier__free(find);
}

/* ---- Waiting ---------------------------------------------------------------- */

/* Everything the engines have to tell goes into the book. */
static int
take_sightings(struct pier_find *find, int64_t now_ns)
{
	struct pier__sighting seen;
	int rc = 0;

	while (rc != -ENOMEM && find->beacon != NULL &&
		pier__beacon_find_event(find->beacon, now_ns, &seen) == 1) {
		rc = pier__found_book_put(find->book, &seen);
		find->refused += rc == -ENOSPC;
	}
	while (rc != -ENOMEM && find->mdns != NULL &&
		pier__mdns_browse_event(find->mdns, now_ns, &seen) == 1) {
		rc = pier__found_book_put(find->book, &seen);
		find->refused += rc == -ENOSPC;
		if (rc == -ENOMEM)
			pier__mdns_browse_event_again(find->mdns);
	}
	return rc == -ENOMEM ? rc : 0;
}

int
pier_find_next_sized(struct pier_find *find, struct pier_find_event *out,
	size_t event_size, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	struct pier_find_event event;
	int rc = self == NULL ? -ENOMEM : 0;

	if (atomic_exchange(&find->busy, true))
		return pier__fail_step(
			-EBUSY, PIER_STEP_WAIT, find->text, NULL);
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	memset(&event, 0, sizeof(event));
	while (rc == 0) {
		int64_t now_ns = pier_now();

		rc = pier__enter(self, deadline);
		if (rc == 0)
			rc = pier__lan_turn(&find->lan, now_ns);
		if (rc == 0)
			rc = take_sightings(find, now_ns);
		if (rc == 0)
			rc = pier__found_book_next(find->book, &event);
		if (rc == 0)
			rc = pier__lan_wait(&find->lan, deadline);
	}
	atomic_store(&find->busy, false);
	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_RECEIVE, find->text, NULL);
	memcpy(out, &event,
		event_size < sizeof(event) ? event_size : sizeof(event));
	return 1;
}

size_t
pier_find_each(struct pier_find *find,
	int (*each)(const struct pier_found *, void *), void *arg)
{
	return pier__found_book_each(find->book, each, arg);
}

void
pier_find_stats_sized(
	const struct pier_find *find, struct pier_find_stats *out, size_t size)
{
	struct pier__mdns_browse_stats mdns = { 0 };
	struct pier__beacon_stats beacon = { 0 };
	struct pier_find_stats stats;

	if (find->mdns != NULL)
		pier__mdns_browse_stats(find->mdns, &mdns);
	if (find->beacon != NULL)
		pier__beacon_find_stats(find->beacon, &beacon);
	stats = (struct pier_find_stats){ .sent = find->lan.sent,
		.unsent = find->lan.unsent,
		.received = mdns.received + beacon.received,
		.bad = mdns.bad + beacon.bad,
		.refused = find->refused + mdns.refused + beacon.refused,
		.links = pier__lan_links(&find->lan),
		.services = pier__found_book_count(find->book) };
	memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
}
