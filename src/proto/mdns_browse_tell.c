/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_browse_tell.c - what is to be told of an instance: all that the
 * records say of it, and whether that is news.
 */
#include <string.h>

#include "addr/addr.h"
#include "addr/ip.h"
#include "proto/mdns_browse_inside.h"

/* As PIER_BY_MDNS of pier/find.h. */
#define BY_MDNS 1

static void
add_addr(struct pier__mdns_browse *browse, struct pier__sighting *out,
	const struct pier__mdns_entry *entry, unsigned int zone)
{
	struct pier_addr *addr = &browse->addrs[out->addr_count];
	struct pier__ip ip = {
		.family = entry->record.type == PIER__DNS_A ? AF_INET : AF_INET6
	};
	struct pier__why why;

	if (out->addr_count == PIER__MDNS_ADDRS_MAX)
		return;
	memcpy(ip.bytes, entry->record.data, entry->record.len);
	/* Without a zone nothing of it can fail. */
	(void)pier__addr_from_ip(addr, &ip, out->port, &why);
	if (ip.family == AF_INET6 &&
		IN6_IS_ADDR_LINKLOCAL(&addr->u.in6.sin6_addr))
		addr->u.in6.sin6_scope_id = zone;
	out->addr_count++;
}

static void
add_addrs(struct pier__mdns_browse *browse, struct pier__sighting *out,
	const struct pier__mdns_instance *instance, uint16_t type)
{
	const struct pier__mdns_lan *lan = instance->lan;
	const struct pier__mdns_entry *entry = NULL;

	while ((entry = pier__mdns_cache_find(&lan->cache,
			&instance->host->name, type, entry)) != NULL)
		add_addr(browse, out, entry, lan->interface);
}

/* All that the cache has of it. False: it is not known where it is. */
static bool
describe(struct pier__mdns_browse *browse,
	const struct pier__mdns_instance *instance, struct pier__sighting *out)
{
	const struct pier__mdns_entry *srv = pier__mdns_latest(
		instance->lan, &instance->name, PIER__DNS_SRV);
	const struct pier__mdns_entry *txt = pier__mdns_latest(
		instance->lan, &instance->name, PIER__DNS_TXT);
	struct pier__dns_srv where;

	if (srv == NULL || instance->host == NULL ||
		(txt == NULL && !instance->told) ||
		pier__dns_srv_get(&where, srv->record.data, srv->record.len) <
			0)
		return false;
	out->port = where.port;
	out->priority = where.priority;
	out->weight = where.weight;
	(void)pier__name_text(browse->host, &where.target);
	out->host = browse->host;
	if (txt != NULL) {
		out->txt = txt->record.data;
		out->txt_len = txt->record.len;
	}
	out->addrs = browse->addrs;
	add_addrs(browse, out, instance, PIER__DNS_AAAA);
	add_addrs(browse, out, instance, PIER__DNS_A);
	return out->addr_count > 0;
}

static uint64_t
mix(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(1099511628211);
	return hash;
}

/* What is told is told again where this is another number. Addresses count
   whatever their order. */
static uint64_t
signature_of(const struct pier__sighting *it)
{
	uint64_t hash = UINT64_C(14695981039346656037), addrs = 0;
	uint64_t numbers = (uint64_t)it->port << 32 |
			   (uint64_t)it->priority << 16 | it->weight;
	size_t i;

	hash = (hash ^ numbers) * UINT64_C(1099511628211);
	hash = mix(hash, it->host, strlen(it->host) + 1);
	hash = mix(hash, it->txt, it->txt_len);
	for (i = 0; i < it->addr_count; i++)
		addrs += mix(UINT64_C(14695981039346656037), &it->addrs[i].u,
			it->addrs[i].len);
	return mix(hash, &addrs, sizeof(addrs));
}

static bool
name_it(struct pier__mdns_browse *browse,
	const struct pier__mdns_instance *instance, struct pier__sighting *out)
{
	struct pier__name name = instance->name;

	/* What lists types has no instance: one is put in front, to be cut off
	   again with it. */
	if (instance->is_type && pier__name_prepend(&name, "x", 1) < 0)
		return false;
	if (pier__dnssd_split(&name, browse->instance, browse->type_text,
		    browse->domain) < 0)
		return false;
	if (instance->is_type)
		browse->instance[0] = '\0';
	*out = (struct pier__sighting){ .by = BY_MDNS,
		.link = { instance->lan->interface, AF_UNSPEC },
		.reason = instance->reason,
		.instance = browse->instance,
		.type = browse->type_text,
		.domain = browse->domain,
		.host = "",
		.txt = (const unsigned char *)"" };
	return true;
}

/* Is there something to tell of it? */
static bool
tell(struct pier__mdns_browse *browse, struct pier__mdns_instance *instance,
	struct pier__sighting *out)
{
	bool known;
	uint64_t signature;

	if (!name_it(browse, instance, out))
		return false;
	if (instance->is_type) {
		out->what = PIER__SEEN_TYPE;
		known = instance->there && !instance->told;
		instance->told = instance->there;
		return known;
	}
	known = instance->there && describe(browse, instance, out);
	signature = known ? signature_of(out) : 0;
	out->what = known ? PIER__SEEN : PIER__GONE;
	if (known == instance->told && signature == instance->signature)
		return false;
	/* Its address is asked for again: it goes when the rest does. */
	if (!known && instance->there && out->addr_count == 0 &&
		out->host[0] != '\0')
		return false;
	instance->told = known;
	instance->signature = signature;
	return true;
}

static void
free_ended(struct pier__mdns_browse *browse)
{
	struct pier__list *at, *after;

	pier__list_each_safe(at, after, &browse->lans) {
		struct pier__mdns_lan *lan =
			pier__container_of(at, struct pier__mdns_lan, node);

		if (!lan->up[0] && !lan->up[1] &&
			pier__list_empty(&lan->instances))
			pier__mdns_free_lan(lan);
	}
}

int
pier__mdns_browse_event(struct pier__mdns_browse *browse, int64_t now_ns,
	struct pier__sighting *sighting)
{
	struct pier__sighting it;

	(void)now_ns;
	browse->last = NULL;
	while (!pier__list_empty(&browse->changed)) {
		struct pier__mdns_instance *instance =
			pier__container_of(browse->changed.next,
				struct pier__mdns_instance, changed);
		bool news = tell(browse, instance, &it);

		pier__list_remove(&instance->changed);
		browse->last = instance->there ? instance : NULL;
		if (!instance->there)
			pier__mdns_forget(instance);
		if (!news)
			continue;
		*sighting = it;
		return 1;
	}
	free_ended(browse);
	return 0;
}

void
pier__mdns_browse_event_again(struct pier__mdns_browse *browse)
{
	if (browse->last == NULL)
		return;
	browse->last->told = false;
	browse->last->signature = 0;
	pier__mdns_mark(browse, browse->last);
}
