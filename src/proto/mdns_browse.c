/* SPDX-License-Identifier: MIT */
/* proto/mdns_browse.c - links and messages; see mdns_browse.h. */
#include "proto/mdns_browse.h"

#include <errno.h>
#include <string.h>

#include "os/calls.h"
#include "proto/mdns_browse_inside.h"

/* Messages are no larger than a link takes whole, and this where it says nothing
   or nonsense. */
#define MTU_MIN 576

/* ---- Opening and closing ------------------------------------------------ */

int
pier__mdns_browse_open(struct pier__mdns_browse **out,
	const struct pier__mdns_browse_opts *opts, const char **why)
{
	const char *text = opts->type == NULL ? PIER__DNSSD_TYPES : opts->type;
	struct pier__mdns_browse *browse;
	struct pier__dnssd_type type;
	struct pier__name services;
	int rc = pier__dnssd_type_parse(&type, text, opts->domain, why);

	if (rc < 0)
		return rc;
	browse = pier__alloc(sizeof(*browse));
	if (browse == NULL)
		return -ENOMEM;
	(void)pier__name_parse(&services, PIER__DNSSD_TYPES);
	browse->type = type;
	browse->lists_types =
		type.name.len > services.len &&
		memcmp(type.name.bytes, services.bytes, services.len - 1U) == 0;
	pier__list_init(&browse->lans);
	pier__list_init(&browse->changed);
	browse->chance = opts->seed | 1;
	browse->id = (uint16_t)(1 + pier__mdns_chance(&browse->chance, 65535));
	*out = browse;
	return 0;
}

void
pier__mdns_browse_close(struct pier__mdns_browse *browse)
{
	if (browse == NULL)
		return;
	while (!pier__list_empty(&browse->lans))
		pier__mdns_free_lan(pier__container_of(
			browse->lans.next, struct pier__mdns_lan, node));
	pier__free(browse);
}

void
pier__mdns_browse_stats(const struct pier__mdns_browse *browse,
	struct pier__mdns_browse_stats *out)
{
	*out = browse->stats;
}

/* ---- Links -------------------------------------------------------------- */

static struct pier__mdns_lan *
find_lan(const struct pier__mdns_browse *browse, unsigned int interface)
{
	const struct pier__list *at;

	for (at = browse->lans.next; at != &browse->lans; at = at->next) {
		struct pier__mdns_lan *lan =
			pier__container_of(at, struct pier__mdns_lan, node);

		if (lan->interface == interface)
			return lan;
	}
	return NULL;
}

static struct pier__mdns_lan *
add_lan(struct pier__mdns_browse *browse, unsigned int interface)
{
	struct pier__mdns_lan *lan = pier__alloc(sizeof(*lan));

	if (lan == NULL)
		return NULL;
	lan->interface = interface;
	lan->due = PIER__MDNS_NEVER;
	pier__list_init(&lan->instances);
	pier__list_init(&lan->hosts);
	pier__mdns_cache_open(&lan->cache, PIER__MDNS_RECORDS_MAX);
	pier__mdns_rest(&lan->ask);
	pier__list_push_back(&browse->lans, &lan->node);
	return lan;
}

static unsigned int
room_of(unsigned int mtu)
{
	unsigned int most = PIER__MDNS_MESSAGE_MAX;

	if (mtu < MTU_MIN)
		mtu = MTU_MIN;
	return (mtu < most ? mtu : most) - PIER__MDNS_HEADS;
}

/* The type is asked for anew: the link may lead elsewhere than before. */
static void
ask_anew(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	unsigned int family, int64_t now_ns)
{
	pier__mdns_rest(&lan->ask);
	lan->ask.asked_ns[family] = 0;
	pier__mdns_start(browse, lan, &lan->ask, now_ns);
}

int
pier__mdns_browse_link(struct pier__mdns_browse *browse, int64_t now_ns,
	const struct pier__link_state *link)
{
	struct pier__mdns_lan *lan = find_lan(browse, link->id.interface);
	unsigned int family = link->id.family == AF_INET6;
	bool had;

	if (lan == NULL && !link->up)
		return 0;
	if (lan == NULL)
		lan = add_lan(browse, link->id.interface);
	if (lan == NULL)
		return -ENOMEM;
	had = lan->up[family];
	lan->up[family] = link->up;
	lan->mtu[family] = room_of(link->mtu);
	if (link->up && !had)
		ask_anew(browse, lan, family, now_ns);
	if (lan->up[0] || lan->up[1])
		return 0;
	if (browse->train.lan == lan)
		browse->train.lan = NULL;
	lan->due = PIER__MDNS_NEVER;
	lan->pending = 0;
	pier__mdns_drop_lan(browse, lan);
	return 0;
}

/* ---- Messages ----------------------------------------------------------- */

struct taking {
	struct pier__mdns_browse *browse;
	struct pier__mdns_lan *lan;
	struct pier__mdns_put put;
	int failure; /* -ENOMEM */
};

static void
note(struct taking *it, int rc)
{
	if (rc == -ENOMEM)
		it->failure = rc;
	else if (rc == -ENOSPC)
		it->browse->stats.refused++;
}

/* Is what a PTR record names of the kind that is looked for? */
static bool
fits(const struct pier__mdns_browse *browse, const struct pier__name *name)
{
	struct pier__name rest = pier__name_rest(name), whole;
	char label[PIER__LABEL_MAX + 1], type[PIER__DNS_NAME_TEXT];
	char domain[PIER__DNS_NAME_TEXT];

	if (!browse->lists_types)
		return pier__name_equal(&rest, &browse->type.type);
	whole = *name;
	return pier__name_prepend(&whole, "x", 1) == 0 &&
	       pier__dnssd_split(&whole, label, type, domain) == 0;
}

/* Is there room for what it names? Else it is not remembered at all. */
static bool
has_room(struct taking *it, const struct pier__name *name)
{
	if (it->lan->instance_count < PIER__MDNS_INSTANCES_MAX ||
		pier__mdns_find_instance(it->lan, name) != NULL)
		return true;
	it->browse->stats.refused++;
	return false;
}

static void
take_ptr(struct taking *it, const struct pier__dns_record *record)
{
	struct pier__name name;
	int rc;

	if (!pier__name_equal(&it->browse->type.name, &record->name) ||
		pier__dns_name_get(&name, record->data, record->len) < 0 ||
		!fits(it->browse, &name) || !has_room(it, &name))
		return;
	rc = pier__mdns_cache_put(&it->lan->cache, record, &it->put);
	note(it, rc);
	if (rc <= 0 || record->ttl_s == 0)
		return;
	rc = pier__mdns_see_instance(it->browse, it->lan, it->put.now_ns, &name,
		it->browse->lists_types);
	/* As a known answer it would keep others from saying it again. */
	if (rc < 0)
		pier__mdns_cache_forget(&it->lan->cache, record);
	note(it, rc);
}

/* A record of what somebody waits for. */
static void
take_other(struct taking *it, const struct pier__dns_record *record)
{
	int rc = pier__mdns_cache_put(&it->lan->cache, record, &it->put);

	note(it, rc);
	if (rc < 0)
		return;
	note(it, pier__mdns_follow(
			 it->browse, it->lan, it->put.now_ns, &record->name));
	if (rc > 0)
		pier__mdns_touch(it->browse, it->lan, &record->name);
}

/* Records are taken in the order in which they make each other matter, whatever
   that in the message is: who is there, on which host, at which address. */
enum turn {
	TURN_PTR,
	TURN_SRV,
	TURN_ADDR,
	TURNS
};

static void
take(struct taking *it, enum turn turn, const struct pier__dns_record *record)
{
	bool of_instance = false, of_host = false;

	switch (record->type) {
	case PIER__DNS_PTR:
		if (turn == TURN_PTR)
			take_ptr(it, record);
		return;
	case PIER__DNS_SRV:
	case PIER__DNS_TXT:
		of_instance = turn == TURN_SRV;
		break;
	case PIER__DNS_A:
	case PIER__DNS_AAAA:
		of_host = turn == TURN_ADDR;
		break;
	case PIER__DNS_NSEC:
		of_instance = turn == TURN_ADDR;
		of_host = turn == TURN_ADDR;
		break;
	default:
		break;
	}
	if ((of_instance &&
		    pier__mdns_find_instance(it->lan, &record->name) != NULL) ||
		(of_host &&
			pier__mdns_find_host(it->lan, &record->name) != NULL))
		take_other(it, record);
}

static void
take_turn(struct taking *it, enum turn turn, const unsigned char *bytes,
	size_t len)
{
	struct pier__dns_reader *reader = &it->browse->reader;
	struct pier__dns_record record;
	enum pier__dns_section section;

	(void)pier__dns_begin(reader, bytes, len);
	while (pier__dns_next_record(reader, &section, &record) > 0)
		if (record.class == PIER__DNS_CLASS_IN &&
			section != PIER__DNS_AUTHORITY)
			take(it, turn, &record);
}

/* RFC 6762 sections 6, 11 and 18.1: from the port of the protocol, and of this
   link; what came to the ephemeral port has to answer what left from it. */
static bool
is_answer(
	const struct pier__mdns_browse *browse, const struct pier__datagram *it)
{
	if (pier_addr_port(&it->from) != PIER__MDNS_PORT)
		return false;
	if (it->to_many)
		return true;
	return it->on_link && it->asked && browse->reader.head.id == browse->id;
}

static int
take_answer(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	int64_t now_ns, const struct pier__datagram *datagram)
{
	struct taking taking = { .browse = browse,
		.lan = lan,
		.put = { .now_ns = now_ns,
			.legacy = datagram->asked,
			.family = datagram->link.family == AF_INET6,
			.chance = &browse->chance } };
	int turn;

	for (turn = 0; turn < TURNS; turn++)
		take_turn(&taking, (enum turn)turn, datagram->bytes,
			datagram->len);
	return taking.failure;
}

int
pier__mdns_browse_input(struct pier__mdns_browse *browse, int64_t now_ns,
	const struct pier__datagram *datagram)
{
	struct pier__mdns_lan *lan = find_lan(browse, datagram->link.interface);
	const struct pier__dns_head *head = &browse->reader.head;

	if (lan == NULL || !lan->up[datagram->link.family == AF_INET6])
		return 0;
	browse->stats.received++;
	if (pier__dns_check(&browse->reader, datagram->bytes, datagram->len) <
		0) {
		browse->stats.bad++;
		return 0;
	}
	/* Sections 18.3 and 18.11: what these mean is not for us to guess. */
	if ((head->flags & (PIER__DNS_OPCODE | PIER__DNS_CODE)) != 0)
		return 0;
	if ((head->flags & PIER__DNS_RESPONSE) != 0)
		return is_answer(browse, datagram)
			       ? take_answer(browse, lan, now_ns, datagram)
			       : 0;
	if (datagram->to_many &&
		pier_addr_port(&datagram->from) == PIER__MDNS_PORT)
		pier__mdns_hear_query(
			browse, lan, now_ns, datagram->link.family);
	return 0;
}
