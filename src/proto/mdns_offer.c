/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_offer.c - the life of the names of one service: three probes, tellings,
 * and then who asks is answered (RFC 6762 section 8).
 */
#include "proto/mdns_offer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/calls.h"
#include "proto/mdns_cache.h"
#include "proto/mdns_offer_inside.h"

#define PROBES        3
#define PROBE_APART   (250 * PIER__MDNS_MS)
#define TELLINGS      3
#define TELLING_APART (1000 * PIER__MDNS_MS)

int64_t
pier__mdns_offer_chance(struct pier__mdns_offer *it, int64_t below)
{
	/* Times of up to a quarter of a second are spread by microseconds. */
	return pier__mdns_chance(&it->chance, (uint32_t)(below / 1000)) *
	       INT64_C(1000);
}

/* ---- Opening ---------------------------------------------------------------- */

static int
take_subtypes(
	struct pier__mdns_offer *it, const char *const *list, const char **why)
{
	*why = "a subtype is 1 to 63 bytes, and a service has at most 16";
	for (; list != NULL && *list != NULL; list++) {
		struct pier__name *name = &it->subtypes[it->subtype_count];

		if (it->subtype_count++ == PIER__MDNS_SUBTYPES_MAX)
			return -EINVAL;
		*name = it->type.type;
		if (pier__name_prepend(name, "_sub", 4) < 0 ||
			pier__name_prepend(name, *list, strlen(*list)) < 0)
			return -EINVAL;
	}
	return 0;
}

static int
take_aliases(
	struct pier__mdns_offer *it, const char *const *list, const char **why)
{
	*why = "an alias has a name of 1 to 63 bytes, and a host at most 8";
	for (; list != NULL && *list != NULL; list++) {
		size_t len = strlen(*list);

		if (it->alias_count == PIER__MDNS_ALIASES_MAX || len == 0 ||
			len > PIER__LABEL_MAX)
			return -EINVAL;
		memcpy(it->alias_labels[it->alias_count++], *list, len);
	}
	return 0;
}

static int
take_opts(struct pier__mdns_offer *it, const struct pier__mdns_offer_opts *opts,
	const char **why)
{
	int rc = pier__dnssd_type_parse(&it->type, opts->type, NULL, why);

	if (rc < 0)
		return rc;
	/* What is announced has one type; others are its subtypes. */
	*why = "an announced type is _SERVICE._tcp or _SERVICE._udp, its "
	       "subtypes come beside it";
	if (!pier__name_equal(&it->type.name, &it->type.type))
		return -EINVAL;
	it->zone = pier__name_rest(&it->type.type);
	it->zone = pier__name_rest(&it->zone);
	it->types = it->zone;
	(void)pier__name_prepend(&it->types, "_udp", 4);
	(void)pier__name_prepend(&it->types, "_dns-sd", 7);
	(void)pier__name_prepend(&it->types, "_services", 9);
	*why = "an instance, and a host, has a name of 1 to 63 bytes";
	if (strlen(opts->instance) - 1 >= PIER__LABEL_MAX ||
		strlen(opts->host) - 1 >= PIER__LABEL_MAX)
		return -EINVAL;
	memcpy(it->instance_label, opts->instance, strlen(opts->instance));
	memcpy(it->host_label, opts->host, strlen(opts->host));
	*why = "the text is too long";
	if (opts->txt_len > sizeof(it->txt))
		return -EINVAL;
	/* A TXT record has at least one string (RFC 6763 section 6.1). */
	it->txt_len = opts->txt_len > 0 ? opts->txt_len : 1;
	if (opts->txt_len > 0)
		memcpy(it->txt, opts->txt, opts->txt_len);
	it->port = opts->port;
	it->priority = opts->priority;
	it->weight = opts->weight;
	rc = take_aliases(it, opts->aliases, why);
	return rc < 0 ? rc : take_subtypes(it, opts->subtypes, why);
}

int
pier__mdns_offer_open(struct pier__mdns_offer **out,
	const struct pier__mdns_offer_opts *opts, const char **why)
{
	struct pier__mdns_offer *it = pier__alloc(sizeof(*it));
	int rc;

	if (it == NULL)
		return -ENOMEM;
	it->chance = opts->seed != 0 ? opts->seed : 1;
	rc = take_opts(it, opts, why);
	if (rc < 0) {
		pier__free(it);
		return rc;
	}
	pier__mdns_make_names(it);
	*out = it;
	return 0;
}

void
pier__mdns_offer_close(struct pier__mdns_offer *it)
{
	size_t i;

	if (it == NULL)
		return;
	for (i = 0; i < it->face_count; i++)
		pier__free(it->faces[i]);
	pier__free(it);
}

bool
pier__mdns_offer_renamed(struct pier__mdns_offer *it)
{
	bool renamed = it->renamed;

	it->renamed = false;
	return renamed;
}

const char *
pier__mdns_offer_instance(const struct pier__mdns_offer *it)
{
	return it->instance_now;
}

void
pier__mdns_offer_host(const struct pier__mdns_offer *it, size_t which,
	char text[PIER__MDNS_HOST_TEXT])
{
	char whole[PIER__DNS_NAME_TEXT] = "";

	if (which <= it->alias_count)
		(void)pier__name_text(whole,
			which == 0 ? &it->host : &it->aliases[which - 1]);
	/* A label of letters, and "local": it is not cut. */
	(void)snprintf(text, PIER__MDNS_HOST_TEXT, "%s", whole);
}

/* ---- Interfaces -------------------------------------------------------------- */

static struct pier__mdns_face *
face_of(const struct pier__mdns_offer *it, unsigned int interface)
{
	size_t i;

	for (i = 0; i < it->face_count; i++)
		if (it->faces[i]->interface == interface)
			return it->faces[i];
	return NULL;
}

static void
probe_face(struct pier__mdns_offer *it, struct pier__mdns_face *face,
	int64_t at_ns)
{
	face->phase = PIER__MDNS_PROBING;
	face->done = 0;
	face->next_ns = at_ns + pier__mdns_offer_chance(it, PROBE_APART);
	face->pending = 0;
	memset(face->sent_ns, 0, sizeof(face->sent_ns));
}

void
pier__mdns_probe_again(
	struct pier__mdns_offer *it, int64_t now_ns, int64_t after_ns)
{
	size_t i;

	it->asker_count = 0;
	for (i = 0; i < it->face_count; i++)
		probe_face(it, it->faces[i], now_ns + after_ns);
}

static void
drop_face(struct pier__mdns_offer *it, struct pier__mdns_face *face)
{
	size_t i;

	for (i = 0; i < it->face_count; i++)
		if (it->faces[i] == face)
			break;
	it->faces[i] = it->faces[--it->face_count];
	pier__free(face);
}

static void
drop_askers(struct pier__mdns_offer *it, struct pier__link_id id)
{
	size_t i = 0;

	while (i < it->asker_count) {
		struct pier__link_id link = it->askers[i].link;

		if (link.interface == id.interface && link.family == id.family)
			it->askers[i] = it->askers[--it->asker_count];
		else
			i++;
	}
}

int
pier__mdns_offer_link(struct pier__mdns_offer *it, int64_t now_ns,
	const struct pier__link_state *link)
{
	struct pier__mdns_face *face = face_of(it, link->id.interface);
	bool is_new = face == NULL;

	if (is_new && (!link->up || it->face_count == PIER__LAN_MAX))
		return 0;
	if (is_new) {
		face = pier__alloc(sizeof(*face));
		if (face == NULL)
			return -ENOMEM;
		face->interface = link->id.interface;
		it->faces[it->face_count++] = face;
	}
	face->mtu = link->mtu;
	*(link->id.family == AF_INET ? &face->up4 : &face->up6) = link->up;
	if (!link->up)
		drop_askers(it, link->id);
	if (!face->up4 && !face->up6) {
		drop_face(it, face);
		return 0;
	}
	if (pier__mdns_take_addresses(face, link) && !is_new &&
		face->phase != PIER__MDNS_PROBING) {
		/* The names are ours already: what is new is told (8.4). */
		face->phase = PIER__MDNS_TELLING;
		face->done = 0;
		face->next_ns = now_ns;
	}
	if (is_new)
		probe_face(it, face, now_ns);
	return 0;
}

/* ---- What comes ---------------------------------------------------------------- */

void
pier__mdns_offer_input(struct pier__mdns_offer *it, int64_t now_ns,
	const struct pier__datagram *datagram)
{
	struct pier__mdns_face *face = face_of(it, datagram->link.interface);
	struct pier__dns_reader reader;

	if (it->ending || face == NULL || !datagram->on_link ||
		pier__dns_check(&reader, datagram->bytes, datagram->len) < 0 ||
		(reader.head.flags & (PIER__DNS_OPCODE | PIER__DNS_CODE)) != 0)
		return;
	if ((reader.head.flags & PIER__DNS_RESPONSE) != 0) {
		if (pier_addr_port(&datagram->from) == PIER__MDNS_PORT)
			pier__mdns_offer_response(it, face, now_ns, &reader);
		return;
	}
	if (face->phase == PIER__MDNS_PROBING)
		pier__mdns_offer_probe(it, face, now_ns, datagram);
	else
		pier__mdns_offer_query(it, face, now_ns, datagram, &reader);
}

/* ---- Time ------------------------------------------------------------------------ */

bool
pier__mdns_face_step(struct pier__mdns_offer *it, struct pier__mdns_face *face,
	int64_t now_ns)
{
	if (face->phase == PIER__MDNS_PROBING && face->done < PROBES) {
		face->done++;
		face->next_ns = now_ns + PROBE_APART;
		return true;
	}
	if (face->phase == PIER__MDNS_PROBING) {
		face->phase = PIER__MDNS_TELLING;
		face->done = 0;
	}
	pier__mdns_pend(
		face, pier__mdns_all_records(it, face), now_ns, TELLING_APART);
	face->telling = true;
	face->next_ns = now_ns + (TELLING_APART << face->done);
	if (++face->done == TELLINGS) {
		face->phase = PIER__MDNS_LIVING;
		face->next_ns = INT64_MAX;
	}
	return false;
}

void
pier__mdns_offer_end(struct pier__mdns_offer *it)
{
	it->ending = true;
	it->asker_count = 0;
	it->left4 = false;
	it->left6 = false;
}

int64_t
pier__mdns_offer_due(const struct pier__mdns_offer *it)
{
	int64_t due = INT64_MAX;
	size_t i;

	for (i = 0; i < it->face_count; i++) {
		const struct pier__mdns_face *face = it->faces[i];

		if (face->next_ns < due)
			due = face->next_ns;
		if (face->pending != 0 && face->pending_ns < due)
			due = face->pending_ns;
	}
	for (i = 0; i < it->asker_count; i++)
		if (it->askers[i].due_ns < due)
			due = it->askers[i].due_ns;
	return due;
}
