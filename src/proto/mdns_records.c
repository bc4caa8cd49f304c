/* SPDX-License-Identifier: MIT */
/* proto/mdns_records.c - the records of one service on one interface. */
#include <stdio.h>
#include <string.h>

#include "proto/mdns_offer_inside.h"

/* ---- Which there are ------------------------------------------------------ */

static size_t
addr_count(const struct pier__mdns_face *face)
{
	return face->counts[0] + face->counts[1];
}

/* IPv4 first. */
static const struct pier__mdns_address *
addr_at(const struct pier__mdns_face *face, size_t i)
{
	return i < face->counts[0] ? &face->addrs[0][i]
				   : &face->addrs[1][i - face->counts[0]];
}

bool
pier__mdns_has_record(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, unsigned int number)
{
	if (number >= PIER__RECORD_ALIAS)
		return number - PIER__RECORD_ALIAS < it->alias_count;
	if (number >= PIER__RECORD_ADDR)
		return number - PIER__RECORD_ADDR < addr_count(face);
	return number < PIER__RECORD_SUBTYPE ||
	       number - PIER__RECORD_SUBTYPE < it->subtype_count;
}

uint64_t
pier__mdns_all_records(
	const struct pier__mdns_offer *it, const struct pier__mdns_face *face)
{
	uint64_t all = 0;
	unsigned int i;

	for (i = 0; i < PIER__RECORD_COUNT; i++)
		if (pier__mdns_has_record(it, face, i))
			all |= PIER__RECORD_BIT(i);
	return all;
}

bool
pier__mdns_is_shared(unsigned int number)
{
	return number == PIER__RECORD_PTR || number == PIER__RECORD_TYPES ||
	       (number >= PIER__RECORD_SUBTYPE && number < PIER__RECORD_ADDR);
}

bool
pier__mdns_is_of_host(unsigned int number)
{
	return number == PIER__RECORD_HOST_NSEC ||
	       (number >= PIER__RECORD_ADDR && number < PIER__RECORD_ALIAS);
}

bool
pier__mdns_is_nsec(unsigned int number)
{
	return number == PIER__RECORD_INSTANCE_NSEC ||
	       number == PIER__RECORD_HOST_NSEC;
}

/* ---- What they say ---------------------------------------------------------- */

/* Names with these records have no others. */
static size_t
nsec_data(const struct pier__mdns_offer *it, const struct pier__mdns_face *face,
	bool of_host, unsigned char *room)
{
	uint16_t types[2];
	size_t count = 0;

	if (!of_host)
		return pier__nsec_put(room, &it->instance,
			(const uint16_t[]){ PIER__DNS_TXT, PIER__DNS_SRV }, 2);
	if (face->counts[0] > 0)
		types[count++] = PIER__DNS_A;
	if (face->counts[1] > 0)
		types[count++] = PIER__DNS_AAAA;
	return pier__nsec_put(room, &it->host, types, count);
}

static void
address_record(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, size_t i,
	struct pier__dns_record *out, unsigned char *room)
{
	const struct pier__mdns_address *addr = addr_at(face, i);

	out->name = it->host;
	out->type = addr->family == AF_INET ? PIER__DNS_A : PIER__DNS_AAAA;
	out->len = addr->family == AF_INET ? 4 : 16;
	memcpy(room, addr->bytes, out->len);
}

void
pier__mdns_record(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, unsigned int number,
	struct pier__dns_record *out, unsigned char room[PIER__MDNS_DATA])
{
	const struct pier__dns_srv srv = { .priority = it->priority,
		.weight = it->weight,
		.port = it->port,
		.target = it->host };

	*out = (struct pier__dns_record){ .type = PIER__DNS_PTR,
		.class = PIER__DNS_CLASS_IN,
		.flush = !pier__mdns_is_shared(number),
		.ttl_s = PIER__MDNS_TTL_OTHER,
		.data = room };
	if (number >= PIER__RECORD_ALIAS) {
		out->name = it->aliases[number - PIER__RECORD_ALIAS];
		out->type = PIER__DNS_CNAME;
		out->ttl_s = PIER__MDNS_TTL_HOST;
		out->len = pier__dns_name_put(room, &it->host);
		return;
	}
	if (number >= PIER__RECORD_ADDR) {
		out->ttl_s = PIER__MDNS_TTL_HOST;
		address_record(it, face, number - PIER__RECORD_ADDR, out, room);
		return;
	}
	switch (number) {
	case PIER__RECORD_TYPES:
		out->name = it->types;
		out->len = pier__dns_name_put(room, &it->type.type);
		break;
	case PIER__RECORD_SRV:
		out->name = it->instance;
		out->type = PIER__DNS_SRV;
		out->ttl_s = PIER__MDNS_TTL_HOST;
		out->len = pier__dns_srv_put(room, &srv);
		break;
	case PIER__RECORD_TXT:
		out->name = it->instance;
		out->type = PIER__DNS_TXT;
		out->len = it->txt_len;
		memcpy(room, it->txt, it->txt_len);
		break;
	case PIER__RECORD_INSTANCE_NSEC:
	case PIER__RECORD_HOST_NSEC:
		out->name = number == PIER__RECORD_HOST_NSEC ? it->host
							     : it->instance;
		out->type = PIER__DNS_NSEC;
		out->ttl_s = PIER__MDNS_TTL_HOST;
		out->len = nsec_data(
			it, face, number == PIER__RECORD_HOST_NSEC, room);
		break;
	default:
		out->name =
			number == PIER__RECORD_PTR
				? it->type.type
				: it->subtypes[number - PIER__RECORD_SUBTYPE];
		out->len = pier__dns_name_put(room, &it->instance);
	}
}

int
pier__mdns_number(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face,
	const struct pier__dns_record *record)
{
	unsigned char room[PIER__MDNS_DATA];
	struct pier__dns_record own;
	unsigned int i;

	for (i = 0; i < PIER__RECORD_COUNT; i++) {
		if (!pier__mdns_has_record(it, face, i))
			continue;
		pier__mdns_record(it, face, i, &own, room);
		if (pier__dns_record_same(&own, record))
			return (int)i;
	}
	return -1;
}

/* ---- Which are asked for ----------------------------------------------------- */

static bool
asks_for(const struct pier__dns_ask *ask, const struct pier__dns_record *own)
{
	return (ask->type == own->type || ask->type == PIER__DNS_ANY) &&
	       pier__name_equal(&ask->name, &own->name);
}

/* An alias answers whatever is asked of it (RFC 1034 section 3.6.2), and the
   addresses that are asked for come along. */
static uint64_t
behind_alias(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, const struct pier__dns_ask *ask)
{
	size_t i, j, four = face->counts[0], all = addr_count(face);
	uint64_t found = 0;

	for (i = 0; i < it->alias_count; i++) {
		if (!pier__name_equal(&ask->name, &it->aliases[i]))
			continue;
		found |= PIER__RECORD_BIT(PIER__RECORD_ALIAS + i);
		for (j = 0; j < all; j++)
			if (ask->type ==
				(j < four ? PIER__DNS_A : PIER__DNS_AAAA))
				found |=
					PIER__RECORD_BIT(PIER__RECORD_ADDR + j);
	}
	return found;
}

uint64_t
pier__mdns_matches(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, const struct pier__dns_ask *ask)
{
	unsigned char room[PIER__MDNS_DATA];
	struct pier__dns_record own;
	uint64_t found = 0;
	unsigned int i;

	if (ask->class != PIER__DNS_CLASS_IN &&
		ask->class != PIER__DNS_CLASS_ANY)
		return 0;
	for (i = 0; i < PIER__RECORD_COUNT; i++) {
		if (!pier__mdns_has_record(it, face, i) ||
			(pier__mdns_is_nsec(i) && ask->type != PIER__DNS_NSEC))
			continue;
		pier__mdns_record(it, face, i, &own, room);
		if (asks_for(ask, &own))
			found |= PIER__RECORD_BIT(i);
	}
	found |= behind_alias(it, face, ask);
	if (found != 0)
		return found;
	if (pier__name_equal(&ask->name, &it->instance))
		return PIER__RECORD_BIT(PIER__RECORD_INSTANCE_NSEC);
	if (pier__name_equal(&ask->name, &it->host))
		return PIER__RECORD_BIT(PIER__RECORD_HOST_NSEC);
	return 0;
}

uint64_t
pier__mdns_additional(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, uint64_t answers)
{
	const uint64_t srv = PIER__RECORD_BIT(PIER__RECORD_SRV);
	const uint64_t txt = PIER__RECORD_BIT(PIER__RECORD_TXT);
	uint64_t addrs = 0, aliases = 0, more = 0;
	unsigned int i;

	for (i = 0; i < PIER__RECORD_COUNT; i++) {
		if (i >= PIER__RECORD_ADDR && i < PIER__RECORD_ALIAS &&
			pier__mdns_has_record(it, face, i))
			addrs |= PIER__RECORD_BIT(i);
		if (i >= PIER__RECORD_ALIAS)
			aliases |= PIER__RECORD_BIT(i);
		if (pier__mdns_is_shared(i) && i != PIER__RECORD_TYPES &&
			(answers & PIER__RECORD_BIT(i)) != 0)
			more |= srv | txt;
	}
	if (((answers | more) & srv) != 0)
		more |= addrs | PIER__RECORD_BIT(PIER__RECORD_INSTANCE_NSEC);
	if ((answers & aliases) != 0)
		more |= addrs;
	if (((answers | more) & addrs) != 0)
		more |= addrs | PIER__RECORD_BIT(PIER__RECORD_HOST_NSEC);
	return more & ~answers;
}

/* ---- Names -------------------------------------------------------------------- */

/* text, cut so that `more` fits behind it, and no character of UTF-8 is cut. */
static void
put_label(char out[PIER__LABEL_MAX + 1], const char *text, const char *more)
{
	size_t len = strlen(text), most = PIER__LABEL_MAX - strlen(more);

	if (len > most) {
		len = most;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	(void)snprintf(
		out, PIER__LABEL_MAX + 1, "%.*s%s", (int)len, text, more);
}

/* A name of a host in the zone, with its number. */
static void
host_name(struct pier__name *out, const struct pier__mdns_offer *it,
	const char *label, unsigned int number)
{
	char more[16] = "", text[PIER__LABEL_MAX + 1];

	if (number > 1)
		(void)snprintf(more, sizeof(more), "-%u", number);
	put_label(text, label, more);
	*out = it->zone;
	/* Its length is right, and was together with the zone's. */
	(void)pier__name_prepend(out, text, strlen(text));
}

void
pier__mdns_make_names(struct pier__mdns_offer *it)
{
	char more[16] = "";
	size_t i;

	if (it->instance_number > 1)
		(void)snprintf(
			more, sizeof(more), " (%u)", it->instance_number);
	put_label(it->instance_now, it->instance_label, more);
	(void)pier__dnssd_instance(
		&it->instance, it->instance_now, &it->type.type);
	host_name(&it->host, it, it->host_label, it->host_number);
	for (i = 0; i < it->alias_count; i++)
		host_name(&it->aliases[i], it, it->alias_labels[i],
			it->alias_numbers[i]);
}

/* ---- Addresses ------------------------------------------------------------------ */

static bool
is_global(const struct pier_interface_addr *addr)
{
	if (pier_addr_family(&addr->addr) == AF_INET)
		return (ntohl(addr->addr.u.in.sin_addr.s_addr) >> 16) != 0xa9fe;
	return !IN6_IS_ADDR_LINKLOCAL(&addr->addr.u.in6.sin6_addr);
}

bool
pier__mdns_take_addresses(
	struct pier__mdns_face *face, const struct pier__link_state *link)
{
	int slot = link->id.family == AF_INET6;
	struct pier__mdns_address addrs[PIER__LINK_ADDRS_MAX];
	size_t i, count = 0;
	bool global = false, same;

	memset(addrs, 0, sizeof(addrs));
	for (i = 0; link->up && i < link->addr_count; i++)
		global = global || is_global(&link->addrs[i]);
	/* Both families share the numbers of records. */
	for (i = 0; link->up && i < link->addr_count &&
		    count + face->counts[!slot] < PIER__LINK_ADDRS_MAX;
		i++) {
		const struct pier_addr *addr = &link->addrs[i].addr;
		const void *bytes = slot ? (const void *)&addr->u.in6.sin6_addr
					 : (const void *)&addr->u.in.sin_addr;

		/* What is of this link alone is told where there is nothing
		   else. */
		if (global && !is_global(&link->addrs[i]))
			continue;
		addrs[count].family = link->id.family;
		memcpy(addrs[count].bytes, bytes, slot ? 16 : 4);
		count++;
	}
	same = count == face->counts[slot] &&
	       memcmp(addrs, face->addrs[slot], count * sizeof(addrs[0])) == 0;
	memcpy(face->addrs[slot], addrs, sizeof(addrs));
	face->counts[slot] = count;
	return !same;
}
