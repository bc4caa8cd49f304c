/* SPDX-License-Identifier: MIT */
/*
 * net/many.c - see many.h.
 *
 * A server of a group is bound to the group's address and not to every one: so
 * it hears nothing else. A link-local group of IPv6 can be bound on one link
 * only; on several the socket is bound to every address.
 */
#include "net/many.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr/addr.h"
#include "net/wishes.h"
#include "os/interface.h"

bool
pier__addr_is_broadcast(const struct pier_addr *addr)
{
	return pier_addr_family(addr) == AF_INET &&
	       addr->u.in.sin_addr.s_addr == htonl(INADDR_BROADCAST);
}

int
pier__links_list(struct pier__link **out)
{
	struct pier__link *list = pier__alloc(PIER__LINKS_MAX * sizeof(*list));
	int count;

	if (list == NULL)
		return -ENOMEM;
	count = pier__calls()->links(list, PIER__LINKS_MAX);
	if (count < 0)
		pier__free(list);
	else
		*out = list;
	return count;
}

/* Does a link have it for its broadcast address? When nobody can tell, it may. */
static bool
may_be_broadcast(const struct in_addr *ip)
{
	struct pier__link *list;
	int count = pier__links_list(&list);
	bool is = count < 0;
	int i;

	for (i = 0; i < count && !is; i++)
		is = list[i].broadcast.s_addr == ip->s_addr;
	if (count >= 0)
		pier__free(list);
	return is;
}

bool
pier__many_is_one(const struct pier_addr *addr)
{
	const struct in6_addr *ip6 = &addr->u.in6.sin6_addr;
	uint32_t ip4;

	if (pier__addr_is_group(addr) || pier__addr_is_broadcast(addr))
		return false;
	if (pier_addr_family(addr) == AF_INET6)
		return !IN6_IS_ADDR_UNSPECIFIED(ip6) &&
		       !IN6_IS_ADDR_LINKLOCAL(ip6);
	ip4 = ntohl(addr->u.in.sin_addr.s_addr);
	if (ip4 == INADDR_ANY || ip4 >> 16 == 0xa9fe) /* 169.254.0.0/16 */
		return false;
	return ip4 >> 24 == 127 || !may_be_broadcast(&addr->u.in.sin_addr);
}

/* The number of the link that ?join= names, or -ENODEV. */
static int
link_of(const char *text, struct pier__why *why)
{
	int64_t number = pier__span_number(pier__span_of(text), INT32_MAX);
	int index = number > 0 && number <= INT32_MAX
			    ? (int)number
			    : pier__interface_index(text);

	if (index > 0)
		return index;
	(void)pier__why_set(why, 0, "join=%s: no such interface", text);
	return index;
}

/* The i-th ?join=, or -ENOENT. */
static int
join_at(const struct pier__wishes *wishes, size_t i,
	char text[PIER__LINK_TEXT_MAX])
{
	return pier__wishes_value(wishes, "join", i, text, PIER__LINK_TEXT_MAX);
}

static bool
is_every(const char *text)
{
	return strcmp(text, "*") == 0;
}

/* The link's own broadcast address into addr. */
static int
place_on_link(struct pier_addr *addr, unsigned int *link, const char *name,
	struct pier__why *why)
{
	struct pier__link *list;
	int count = pier__links_list(&list);
	int rc = -ENODEV;
	int i;

	if (count < 0) {
		(void)pier__why_set(why, 0, "the links of this machine");
		return count;
	}
	(void)pier__why_set(why, 0, "%s: no such interface", name);
	for (i = 0; i < count && rc == -ENODEV; i++) {
		if (strcmp(list[i].name, name) != 0)
			continue;
		rc = list[i].broadcast.s_addr != 0 ? 0 : -EADDRNOTAVAIL;
		(void)pier__why_set(
			why, 0, "%s has no broadcast address", name);
		if (rc < 0)
			break;
		addr->u.in.sin_addr = list[i].broadcast;
		*link = list[i].index;
	}
	pier__free(list);
	return rc;
}

/* Of a link-local group: the link that it is bound on, if there is one only. */
static int
place_local_group(struct pier_addr *addr, const struct pier__wishes *wishes,
	struct pier__why *why)
{
	char text[PIER__LINK_TEXT_MAX], second[PIER__LINK_TEXT_MAX];
	int index;

	if (addr->u.in6.sin6_scope_id != 0)
		return 0;
	if (join_at(wishes, 0, text) < 0 || is_every(text) ||
		join_at(wishes, 1, second) >= 0) {
		addr->u.in6.sin6_addr = in6addr_any;
		return 0;
	}
	index = link_of(text, why);
	if (index < 0)
		return index;
	addr->u.in6.sin6_scope_id = (uint32_t)index;
	return 0;
}

int
pier__many_place(struct pier_addr *addr, unsigned int *link,
	const struct pier__endpoint *endpoint, bool listen,
	struct pier__why *why)
{
	*link = 0;
	if (endpoint->reach == PIER__REACH_LINK)
		return place_on_link(addr, link, endpoint->link, why);
	if (listen && pier__addr_is_group(addr) &&
		pier_addr_family(addr) == AF_INET6 &&
		IN6_IS_ADDR_MC_LINKLOCAL(&addr->u.in6.sin6_addr))
		return place_local_group(addr, &endpoint->wishes, why);
	return 0;
}

/* On every link that knows multicast; one is enough. */
static int
join_everywhere(struct pier_packet *packet, struct pier_membership *membership,
	const char **detail)
{
	const unsigned int needed = IFF_UP | IFF_MULTICAST;
	struct pier__link *list;
	int count = pier__links_list(&list);
	int rc = count < 0 ? count : -ENODEV;
	bool joined = false;
	int i;

	for (i = 0; i < count; i++) {
		if ((list[i].flags & needed) != needed)
			continue;
		membership->interface = list[i].index;
		rc = pier__group_change(packet, membership, true, detail);
		joined = joined || rc == 0;
	}
	if (count >= 0)
		pier__free(list);
	return joined ? 0 : rc;
}

static int
join_one(struct pier_packet *packet, struct pier_membership *membership,
	const char *text, struct pier__why *why)
{
	const char *detail = NULL;
	int rc;

	if (is_every(text)) {
		rc = join_everywhere(packet, membership, &detail);
	} else {
		rc = *text == '\0' ? 0 : link_of(text, why);
		if (rc < 0)
			return rc;
		membership->interface = (unsigned int)rc;
		rc = pier__group_change(packet, membership, true, &detail);
	}
	if (rc < 0)
		(void)pier__why_set(why, 0, "%s%s%s%s",
			*text == '\0' ? "" : "join=", text,
			*text == '\0' || detail == NULL ? "" : ": ",
			detail == NULL ? "" : detail);
	return rc;
}

int
pier__many_join(struct pier_packet *packet, const struct pier_addr *group,
	const struct pier__wishes *wishes, struct pier__why *why)
{
	struct pier_membership membership = { .group = *group };
	char text[PIER__LINK_TEXT_MAX] = "";
	char source[PIER_ADDR_TEXT_MAX];
	size_t i;
	int rc = 0;

	if (pier__wishes_value(wishes, "source", 0, source, sizeof(source)) > 0)
		rc = pier__addr_parse(&membership.source, source, why);
	if (rc == 0 && join_at(wishes, 0, text) < 0)
		return join_one(packet, &membership, "", why);
	for (i = 0; rc == 0; i++) {
		if (join_at(wishes, i, text) < 0)
			return 0;
		rc = join_one(packet, &membership, text, why);
	}
	return rc;
}

static int
aim_at_group(struct pier_packet *packet, const struct pier__wishes *wishes,
	struct pier__why *why)
{
	char text[PIER__LINK_TEXT_MAX], second[PIER__LINK_TEXT_MAX];
	int rc;

	if (pier__wishes_value(wishes, "source", 0, second, sizeof(second)) >=
		0)
		return pier__why_set(
			why, 0, "source= is for a server, which hears");
	if (join_at(wishes, 0, text) < 0)
		return 0;
	if (join_at(wishes, 1, second) >= 0)
		return pier__why_set(why, 0,
			"a client sends by one link, or by all: join=*");
	if (is_every(text)) {
		packet->everywhere = true;
		return 0;
	}
	rc = link_of(text, why);
	if (rc > 0) {
		rc = pier__group_set_interface(packet, (unsigned int)rc);
		if (rc < 0)
			(void)pier__why_set(
				why, 0, "join=%s: no such interface", text);
	}
	return rc;
}

int
pier__many_aim(struct pier_packet *packet,
	const struct pier__endpoint *endpoint, struct pier__why *why)
{
	int rc = 0;

	if (endpoint->reach == PIER__REACH_LINKS)
		packet->everywhere = true;
	else if (pier__addr_is_group(&packet->to))
		rc = aim_at_group(packet, &endpoint->wishes, why);
	return rc < 0 ? rc : 0;
}
