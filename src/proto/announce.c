/* SPDX-License-Identifier: MIT */
/* proto/announce.c - see announce.h. */
#include "proto/announce.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <pier/error.h>
#include <pier/resolve.h>

#include "os/calls.h"
#include "proto/lan_open.h"
#include "proto/service_name.h"
#include "task/failure.h"
#include "task/timeout.h"

/* ---- What happened --------------------------------------------------------- */

static void
note(struct pier_announce *it, const struct pier_announce_event *event)
{
	size_t at = (it->first + it->count) % PIER__ANNOUNCE_EVENTS;

	if (it->count == PIER__ANNOUNCE_EVENTS)
		it->first = (it->first + 1) % PIER__ANNOUNCE_EVENTS;
	else
		it->count++;
	it->events[at] = *event;
}

static void
note_link(struct pier_announce *it, const struct pier__link_state *link)
{
	note(it, &(struct pier_announce_event){
			 .what = link->up ? PIER_ANNOUNCE_LINK_UP
					  : PIER_ANNOUNCE_LINK_DOWN,
			 .interface = link->id.interface,
			 .family = link->id.family });
}

/* ---- The engines ------------------------------------------------------------ */

static int
beacon_link(void *engine, int64_t now_ns, const struct pier__link_state *link)
{
	struct pier_announce *it = engine;

	/* Both protocols see the same links; one tells. */
	if (it->mdns == NULL)
		note_link(it, link);
	pier__beacon_offer_link(it->beacon, now_ns, link);
	return 0;
}

static int
beacon_input(
	void *engine, int64_t now_ns, const struct pier__datagram *datagram)
{
	struct pier_announce *it = engine;

	pier__beacon_offer_input(it->beacon, now_ns, datagram);
	return 0;
}

static int
beacon_output(void *engine, int64_t now_ns, struct pier__sending *sending)
{
	struct pier_announce *it = engine;
	bool answer;

	if (pier__beacon_offer_output(it->beacon, now_ns, sending, &answer) !=
		1)
		return 0;
	note(it, &(struct pier_announce_event){
			 .what = answer ? PIER_ANNOUNCE_ANSWERED
					: PIER_ANNOUNCE_TOLD,
			 .by = PIER_BY_BEACON,
			 .interface = sending->link.interface,
			 .family = sending->link.family,
			 .to = sending->to });
	return 1;
}

static int64_t
beacon_due(const void *engine)
{
	const struct pier_announce *it = engine;

	return pier__beacon_offer_due(it->beacon);
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
	struct pier_announce *it = engine;

	note_link(it, link);
	return pier__mdns_offer_link(it->mdns, now_ns, link);
}

/* The instance has another name: beacons tell of that one, too. */
static void
rename_all(struct pier_announce *it, int64_t now_ns)
{
	(void)snprintf(it->instance, sizeof(it->instance), "%s",
		pier__mdns_offer_instance(it->mdns));
	if (it->beacon != NULL)
		pier__beacon_offer_rename(it->beacon, now_ns, it->instance);
}

static int
mdns_input(void *engine, int64_t now_ns, const struct pier__datagram *datagram)
{
	struct pier_announce *it = engine;

	pier__mdns_offer_input(it->mdns, now_ns, datagram);
	if (pier__mdns_offer_renamed(it->mdns))
		rename_all(it, now_ns);
	return 0;
}

static int
mdns_output(void *engine, int64_t now_ns, struct pier__sending *sending)
{
	static const enum pier_announce_what whats[] = {
		[PIER__MDNS_PROBED] = PIER_ANNOUNCE_PROBED,
		[PIER__MDNS_TOLD] = PIER_ANNOUNCE_TOLD,
		[PIER__MDNS_ANSWERED] = PIER_ANNOUNCE_ANSWERED,
	};
	struct pier_announce *it = engine;
	struct pier__mdns_offer_event event;

	if (pier__mdns_offer_output(it->mdns, now_ns, sending, &event) != 1)
		return 0;
	note(it, &(struct pier_announce_event){ .what = whats[event.what],
			 .by = PIER_BY_MDNS,
			 .interface = event.link.interface,
			 .family = event.link.family,
			 .to = event.to });
	return 1;
}

static int64_t
mdns_due(const void *engine)
{
	const struct pier_announce *it = engine;

	return pier__mdns_offer_due(it->mdns);
}

static const struct pier__lan_ops mdns_ops = {
	.link = mdns_link,
	.input = mdns_input,
	.output = mdns_output,
	.due = mdns_due,
};

/* ---- Opening ------------------------------------------------------------------ */

/* What is wrong, for the error. */
struct wrong {
	const char *text;
	char detail[PIER__LAN_DETAIL + 64];
};

static int
fail_text(struct wrong *wrong, const char *text, const char *expected)
{
	wrong->text = text != NULL ? text : "";
	(void)snprintf(wrong->detail, sizeof(wrong->detail), "%s", expected);
	return -EINVAL;
}

static int
take_texts(
	struct pier_announce *it, const char *const *texts, struct wrong *wrong)
{
	for (; texts != NULL && *texts != NULL; texts++) {
		int len = pier__txt_put(it->text, sizeof(it->text),
			it->text_len, *texts, strlen(*texts));

		if (len == -EMSGSIZE) {
			(void)fail_text(wrong, *texts,
				"all texts together have at most 1024 bytes, "
				"with one more for each");
			return len;
		}
		if (len < 0)
			return fail_text(wrong, *texts,
				"a text is key=value, of at most 255 bytes; "
				"a key is printable ASCII without =");
		it->text_len = (size_t)len;
	}
	return 0;
}

/* "_http._tcp" of what was given as a type. 0 or -EINVAL. */
static int
take_type(
	char plain[PIER__DNS_NAME_TEXT], const char *type, struct wrong *wrong)
{
	char instance[PIER__LABEL_MAX + 1], zone[PIER__DNS_NAME_TEXT];
	struct pier__dnssd_type parsed;
	struct pier__name name;
	const char *why = "a type is needed, as \"_http._tcp\"";

	if (type == NULL ||
		pier__dnssd_type_parse(&parsed, type, NULL, &why) < 0)
		return fail_text(wrong, type, why);
	if (!pier__name_equal(&parsed.name, &parsed.type))
		return fail_text(wrong, type,
			"an announced type is _SERVICE._tcp or "
			"_SERVICE._udp: its subtypes come beside it");
	if (pier__dnssd_instance(&name, "x", &parsed.type) < 0 ||
		pier__dnssd_split(&name, instance, plain, zone) < 0 ||
		!pier__service_type_is_plain(plain, strlen(plain)))
		return fail_text(wrong, type,
			"a service has a name of 1 to 15 letters, digits and "
			"hyphens, behind \"_\" and before \"._tcp\" or "
			"\"._udp\"");
	return 0;
}

/* Without a wish, the first label of this machine's name. */
static void
take_host(char out[PIER__LABEL_MAX + 1], const char *host)
{
	char name[PIER_HOSTNAME_MAX + 1];
	size_t len = 0;

	if (host == NULL && pier_hostname(name, sizeof(name)) > 0)
		host = name;
	while (host != NULL && host[len] != '\0' && host[len] != '.' &&
		len < PIER__LABEL_MAX) {
		out[len] = host[len];
		len++;
	}
	out[len] = '\0';
	if (!pier__service_host_is_right(out, len))
		memcpy(out, "pier", sizeof("pier"));
}

static int
open_beacon(struct pier_announce *it, const struct pier_announce_opts *opts,
	const char *type, const char *host, uint64_t seed, struct wrong *wrong)
{
	const struct pier__beacon what = { .type = type,
		.type_len = strlen(type),
		.instance = it->instance,
		.instance_len = strlen(it->instance),
		.host = host,
		.host_len = strlen(host),
		.port = opts->port,
		.priority = opts->priority,
		.weight = opts->weight,
		.text = it->text,
		.text_len = it->text_len };
	const struct pier__lan_wish wish = { opts->family, opts->interfaces };
	struct pier__lan_side *side = &it->lan.sides[it->lan.count];
	int rc = pier__beacon_offer_open(&it->beacon, &what, seed);

	if (rc == 0)
		rc = pier__lan_open_beacon(&side->links, &wish);
	if (rc == -EADDRINUSE)
		(void)fail_text(wrong, it->instance, PIER__LAN_BUSY_BEACON);
	if (rc < 0)
		return rc;
	side->ops = &beacon_ops;
	side->engine = it;
	it->lan.count++;
	return 0;
}

static int
open_mdns(struct pier_announce *it, const struct pier_announce_opts *opts,
	const char *host, uint64_t seed, struct wrong *wrong)
{
	const struct pier__mdns_offer_opts offer = { .instance = it->instance,
		.type = opts->type,
		.subtypes = opts->subtypes,
		.host = host,
		.aliases = opts->aliases,
		.port = opts->port,
		.priority = opts->priority,
		.weight = opts->weight,
		.txt = it->text,
		.txt_len = it->text_len,
		.seed = seed };
	const struct pier__lan_wish wish = { opts->family, opts->interfaces };
	struct pier__lan_side *side = &it->lan.sides[it->lan.count];
	const char *why = "";
	int rc = pier__mdns_offer_open(&it->mdns, &offer, &why);

	if (rc == -EINVAL)
		return fail_text(wrong, opts->type, why);
	if (rc == 0)
		rc = pier__lan_open_mdns(&side->links, &wish);
	if (rc == -EADDRINUSE)
		(void)fail_text(wrong, it->instance, PIER__LAN_BUSY_MDNS);
	if (rc < 0)
		return rc;
	side->ops = &mdns_ops;
	side->engine = it;
	it->lan.count++;
	return 0;
}

static int
check(const struct pier_announce_opts *opts, struct wrong *wrong)
{
	const char *instance = opts->instance != NULL ? opts->instance : "";

	if (!pier__service_instance_is_right(instance, strlen(instance)))
		return fail_text(wrong, instance,
			"an instance has a name of 1 to 63 bytes of UTF-8, "
			"without control characters");
	if (opts->port == 0)
		return fail_text(wrong, instance, "a port is 1 to 65535");
	if (opts->host != NULL &&
		!pier__service_host_is_right(opts->host, strlen(opts->host)))
		return fail_text(wrong, opts->host,
			"a host has a name of 1 to 63 letters, digits and "
			"hyphens");
	return 0;
}

/* What only multicast DNS knows, and of which names. */
static int
check_names(const struct pier_announce_opts *opts, struct wrong *wrong)
{
	const char *const *alias = opts->aliases;
	bool mdns = (opts->by & PIER_BY_MDNS) != 0;

	if (opts->subtypes != NULL && opts->subtypes[0] != NULL && !mdns)
		return fail_text(
			wrong, opts->subtypes[0], "beacons know no subtypes");
	for (; alias != NULL && *alias != NULL; alias++) {
		if (!mdns)
			return fail_text(
				wrong, *alias, "beacons know no aliases");
		if (!pier__service_host_is_right(*alias, strlen(*alias)) ||
			strchr(*alias, '.') != NULL)
			return fail_text(wrong, *alias,
				"an alias has a name of 1 to 63 letters, "
				"digits and hyphens: \"www\" is www.local");
	}
	return 0;
}

/* A name that leads to itself, or two of them, would be none. */
static int
check_aliases(const struct pier_announce_opts *opts, const char *host,
	struct wrong *wrong)
{
	const char *const *alias = opts->aliases, *const * other;

	for (; alias != NULL && *alias != NULL; alias++) {
		if (strcasecmp(*alias, host) == 0)
			return fail_text(wrong, *alias,
				"an alias is another name than the host's");
		for (other = opts->aliases; other != alias; other++)
			if (strcasecmp(*alias, *other) == 0)
				return fail_text(wrong, *alias,
					"each alias is given once");
	}
	return 0;
}

static int
open_all(struct pier_announce *it, struct pier_announce_opts *opts,
	struct wrong *wrong)
{
	const struct pier__lan_wish wish = { opts->family, opts->interfaces };
	char type[PIER__DNS_NAME_TEXT] = "";
	char host[PIER__LABEL_MAX + 1] = "";
	uint64_t seeds[2] = { 0, 0 };
	int rc = check(opts, wrong);

	if (rc == 0)
		rc = pier__lan_check(&opts->by, &wish, wrong->detail);
	if (rc == 0)
		rc = take_type(type, opts->type, wrong);
	if (rc == 0)
		rc = take_texts(it, opts->texts, wrong);
	if (rc == 0)
		rc = check_names(opts, wrong);
	if (rc == 0)
		rc = pier__calls()->random(seeds, sizeof(seeds));
	if (rc < 0)
		return rc;
	(void)snprintf(
		it->instance, sizeof(it->instance), "%s", opts->instance);
	memcpy(it->told, it->instance, sizeof(it->told));
	take_host(host, opts->host);
	rc = check_aliases(opts, host, wrong);
	if (rc < 0)
		return rc;
	if ((opts->by & PIER_BY_MDNS) != 0)
		rc = open_mdns(it, opts, host, seeds[0], wrong);
	if (rc == 0 && (opts->by & PIER_BY_BEACON) != 0)
		rc = open_beacon(it, opts, type, host, seeds[1], wrong);
	return rc;
}

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
	struct wrong wrong = { .text = "announce" };
	int rc;

	if (it == NULL)
		return pier__fail_step(
			-ENOMEM, PIER_STEP_CREATE, "announce", NULL);
	memcpy(&all, opts, opts_size < sizeof(all) ? opts_size : sizeof(all));
	rc = open_all(it, &all, &wrong);
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

/* The next event, if there is one. */
static bool
take_event(struct pier_announce *it, struct pier_announce_event *out)
{
	if (strcmp(it->told, it->instance) != 0) {
		memcpy(it->was, it->told, sizeof(it->was));
		memcpy(it->told, it->instance, sizeof(it->told));
		*out = (struct pier_announce_event){
			.what = PIER_ANNOUNCE_RENAMED,
			.by = PIER_BY_MDNS,
			.instance = it->instance,
			.was = it->was
		};
		return true;
	}
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
