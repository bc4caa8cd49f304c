/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_browse_view.c - what follows from the records of a lan: instances,
 * and the hosts that they are on.
 */
#include <errno.h>

#include "os/calls.h"
#include "proto/mdns_browse_inside.h"

/* ---- Finding ------------------------------------------------------------ */

struct pier__mdns_instance *
pier__mdns_find_instance(
	const struct pier__mdns_lan *lan, const struct pier__name *name)
{
	uint32_t hash = pier__name_hash(name);
	struct pier__mdns_instance *it =
		lan->chains[hash % PIER__MDNS_INSTANCE_CHAINS];

	while (it != NULL &&
		(it->hash != hash || !pier__name_equal(&it->name, name)))
		it = it->next;
	return it;
}

struct pier__mdns_host *
pier__mdns_find_host(
	const struct pier__mdns_lan *lan, const struct pier__name *name)
{
	struct pier__list *at;

	pier__list_each(at, &lan->hosts) {
		struct pier__mdns_host *host =
			pier__container_of(at, struct pier__mdns_host, node);

		if (pier__name_equal(&host->name, name))
			return host;
	}
	return NULL;
}

/* ---- Hosts -------------------------------------------------------------- */

static void
leave_host(struct pier__mdns_instance *instance)
{
	struct pier__mdns_host *host = instance->host;

	instance->host = NULL;
	if (host == NULL || --host->users > 0)
		return;
	pier__list_remove(&host->node);
	pier__free(host);
}

static void
rest_all(struct pier__mdns_host *host)
{
	pier__mdns_rest(&host->ip4);
	pier__mdns_rest(&host->ip6);
}

static int
join_host(struct pier__mdns_instance *instance, const struct pier__name *name)
{
	struct pier__mdns_lan *lan = instance->lan;
	struct pier__mdns_host *host = pier__mdns_find_host(lan, name);

	if (host == NULL) {
		host = pier__alloc(sizeof(*host));
		if (host == NULL)
			return -ENOMEM;
		host->name = *name;
		rest_all(host);
		pier__list_push_back(&lan->hosts, &host->node);
	}
	host->users++;
	instance->host = host;
	return 0;
}

const struct pier__mdns_entry *
pier__mdns_latest(const struct pier__mdns_lan *lan,
	const struct pier__name *name, uint16_t type)
{
	const struct pier__mdns_entry *entry = NULL, *best = NULL;

	while ((entry = pier__mdns_cache_find(
			&lan->cache, name, type, entry)) != NULL)
		if (best == NULL || entry->received_ns > best->received_ns)
			best = entry;
	return best;
}

/* Does the host say of itself that it has none such (RFC 6762 section 6.1)? */
static bool
is_denied(const struct pier__mdns_lan *lan, const struct pier__name *name,
	uint16_t type)
{
	const struct pier__mdns_entry *nsec =
		pier__mdns_latest(lan, name, PIER__DNS_NSEC);

	return nsec != NULL &&
	       !pier__nsec_has(nsec->record.data, nsec->record.len, type);
}

/* Asks while there is no such record, and there may be one. */
static void
want(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	int64_t now_ns, struct pier__mdns_asked it)
{
	if (pier__mdns_cache_find(&lan->cache, it.name, it.type, NULL) !=
			NULL ||
		is_denied(lan, it.name, it.type))
		pier__mdns_rest(it.ask);
	else
		pier__mdns_start(browse, lan, it.ask, now_ns);
}

static void
want_host(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	int64_t now_ns, struct pier__mdns_host *host)
{
	want(browse, lan, now_ns,
		(struct pier__mdns_asked){
			&host->ip4, &host->name, PIER__DNS_A });
	want(browse, lan, now_ns,
		(struct pier__mdns_asked){
			&host->ip6, &host->name, PIER__DNS_AAAA });
}

/* Its SRV record may be another one: whose addresses are waited for. */
static int
follow_instance(struct pier__mdns_browse *browse,
	struct pier__mdns_instance *instance, int64_t now_ns)
{
	struct pier__mdns_lan *lan = instance->lan;
	const struct pier__mdns_entry *entry =
		pier__mdns_latest(lan, &instance->name, PIER__DNS_SRV);
	struct pier__dns_srv srv;
	int rc;

	if (instance->is_type || !instance->there)
		return 0;
	want(browse, lan, now_ns,
		(struct pier__mdns_asked){
			&instance->srv, &instance->name, PIER__DNS_SRV });
	want(browse, lan, now_ns,
		(struct pier__mdns_asked){
			&instance->txt, &instance->name, PIER__DNS_TXT });
	if (entry == NULL || pier__dns_srv_get(&srv, entry->record.data,
				     entry->record.len) < 0)
		return 0;
	if (instance->host != NULL &&
		!pier__name_equal(&instance->host->name, &srv.target))
		leave_host(instance);
	if (instance->host == NULL) {
		rc = join_host(instance, &srv.target);
		if (rc < 0)
			return rc;
	}
	want_host(browse, lan, now_ns, instance->host);
	return 0;
}

int
pier__mdns_follow(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	int64_t now_ns, const struct pier__name *name)
{
	struct pier__mdns_instance *instance =
		pier__mdns_find_instance(lan, name);
	struct pier__mdns_host *host = pier__mdns_find_host(lan, name);

	if (host != NULL)
		want_host(browse, lan, now_ns, host);
	return instance == NULL ? 0 : follow_instance(browse, instance, now_ns);
}

/* ---- Instances ---------------------------------------------------------- */

void
pier__mdns_mark(
	struct pier__mdns_browse *browse, struct pier__mdns_instance *instance)
{
	if (pier__list_empty(&instance->changed))
		pier__list_push_back(&browse->changed, &instance->changed);
}

void
pier__mdns_touch(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	const struct pier__name *name)
{
	struct pier__mdns_instance *instance =
		pier__mdns_find_instance(lan, name);
	struct pier__mdns_host *host = pier__mdns_find_host(lan, name);
	struct pier__list *at;

	if (instance != NULL)
		pier__mdns_mark(browse, instance);
	if (host == NULL)
		return;
	pier__list_each(at, &lan->instances) {
		instance = pier__container_of(
			at, struct pier__mdns_instance, node);
		if (instance->host == host)
			pier__mdns_mark(browse, instance);
	}
}

int
pier__mdns_see_instance(struct pier__mdns_browse *browse,
	struct pier__mdns_lan *lan, int64_t now_ns,
	const struct pier__name *name, bool is_type)
{
	struct pier__mdns_instance *it = pier__mdns_find_instance(lan, name);
	struct pier__mdns_instance **chain;

	if (it == NULL && lan->instance_count >= PIER__MDNS_INSTANCES_MAX)
		return -ENOSPC;
	if (it == NULL) {
		it = pier__alloc(sizeof(*it));
		if (it == NULL)
			return -ENOMEM;
		it->name = *name;
		it->hash = pier__name_hash(name);
		it->lan = lan;
		it->is_type = is_type;
		pier__mdns_rest(&it->srv);
		pier__mdns_rest(&it->txt);
		pier__list_init(&it->changed);
		pier__list_push_back(&lan->instances, &it->node);
		chain = &lan->chains[it->hash % PIER__MDNS_INSTANCE_CHAINS];
		it->next = *chain;
		*chain = it;
		lan->instance_count++;
	}
	it->there = true;
	pier__mdns_mark(browse, it);
	return follow_instance(browse, it, now_ns);
}

void
pier__mdns_forget(struct pier__mdns_instance *instance)
{
	struct pier__mdns_lan *lan = instance->lan;
	struct pier__mdns_instance **at =
		&lan->chains[instance->hash % PIER__MDNS_INSTANCE_CHAINS];

	while (*at != instance)
		at = &(*at)->next;
	*at = instance->next;
	leave_host(instance);
	pier__list_remove(&instance->changed);
	pier__list_remove(&instance->node);
	lan->instance_count--;
	pier__free(instance);
}

/* No PTR record names it any more. */
static void
end_instance(struct pier__mdns_browse *browse,
	struct pier__mdns_instance *instance, enum pier__gone_reason reason)
{
	instance->there = false;
	instance->reason = reason;
	pier__mdns_rest(&instance->srv);
	pier__mdns_rest(&instance->txt);
	pier__mdns_mark(browse, instance);
}

void
pier__mdns_lost(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	int64_t now_ns, const struct pier__mdns_entry *entry)
{
	enum pier__gone_reason reason =
		entry->goodbye ? PIER__GONE_GOODBYE : PIER__GONE_EXPIRED;
	const struct pier__dns_record *record = &entry->record;
	struct pier__mdns_instance *instance;
	struct pier__name name;

	if (record->type == PIER__DNS_PTR) {
		if (pier__dns_name_get(&name, record->data, record->len) < 0)
			return;
		instance = pier__mdns_find_instance(lan, &name);
		if (instance != NULL)
			end_instance(browse, instance, reason);
		return;
	}
	instance = pier__mdns_find_instance(lan, &record->name);
	if (instance != NULL)
		instance->reason = reason;
	/* Without memory for a host, its addresses are not asked for. */
	(void)pier__mdns_follow(browse, lan, now_ns, &record->name);
	pier__mdns_touch(browse, lan, &record->name);
}

void
pier__mdns_free_lan(struct pier__mdns_lan *lan)
{
	while (!pier__list_empty(&lan->instances))
		pier__mdns_forget(pier__container_of(
			lan->instances.next, struct pier__mdns_instance, node));
	pier__mdns_cache_close(&lan->cache);
	pier__list_remove(&lan->node);
	pier__free(lan);
}

void
pier__mdns_drop_lan(
	struct pier__mdns_browse *browse, struct pier__mdns_lan *lan)
{
	struct pier__list *at;

	pier__mdns_cache_close(&lan->cache);
	pier__list_each(at, &lan->instances)
		end_instance(browse,
			pier__container_of(
				at, struct pier__mdns_instance, node),
			PIER__GONE_LINK);
}
