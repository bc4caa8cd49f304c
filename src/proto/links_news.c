/* SPDX-License-Identifier: MIT */
/*
 * proto/links_news.c - links that come, go and change. Whatever rtnetlink(7)
 * tells is a reason to read the whole list anew: what was told may be lost, and
 * the list never is.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include <pier/error.h>

#include "net/many.h"
#include "os/calls.h"
#include "proto/links_inside.h"

/* Neither usable yet nor ever. */
#define UNUSABLE (IFA_F_TENTATIVE | IFA_F_DADFAILED)

static bool
is_named(const struct pier__links *links, const char *name)
{
	const char *const *at;

	for (at = links->opts.interfaces; *at != NULL; at++)
		if (strcmp(*at, name) == 0)
			return true;
	return false;
}

static bool
is_running(const struct pier_interface *it)
{
	return (it->flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
}

/* Is it to be used at all? alone: it is the last resort, loopback. */
static bool
is_wanted(const struct pier__links *links, const struct pier_interface *it,
	bool alone)
{
	if (!is_running(it))
		return false;
	if (links->opts.interfaces != NULL)
		return is_named(links, it->name);
	if ((it->flags & IFF_LOOPBACK) != 0)
		return alone;
	return (it->flags & IFF_MULTICAST) != 0 &&
	       (it->flags & IFF_POINTOPOINT) == 0;
}

static bool
has_family(const struct pier__links *links, int family)
{
	const struct pier_addr *group =
		family == AF_INET ? &links->opts.group4 : &links->opts.group6;

	return group->len > 0 && (links->opts.family == AF_UNSPEC ||
					 links->opts.family == family);
}

static struct pier__lan *
find(const struct pier__links *links, struct pier__link_id id)
{
	size_t i;

	for (i = 0; i < links->count; i++)
		if (links->lans[i]->state.id.interface == id.interface &&
			links->lans[i]->state.id.family == id.family)
			return links->lans[i];
	return NULL;
}

const struct pier__link_state *
pier__links_state(const struct pier__links *links, struct pier__link_id id)
{
	const struct pier__lan *lan = find(links, id);

	return lan == NULL ? NULL : &lan->state;
}

/* What the interface is now, of this family. */
static void
describe(struct pier__link_state *out, const struct pier_interface *it,
	int family)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	out->id = (struct pier__link_id){ it->index, family };
	out->loopback = (it->flags & IFF_LOOPBACK) != 0;
	out->mtu = it->mtu;
	(void)strncpy(out->name, it->name, sizeof(out->name) - 1);
	for (i = 0;
		i < it->addr_count && out->addr_count < PIER__LINK_ADDRS_MAX;
		i++)
		if (pier_addr_family(&it->addrs[i].addr) == family &&
			(it->addrs[i].flags & UNUSABLE) == 0)
			out->addrs[out->addr_count++] = it->addrs[i];
}

static bool
same_addrs(const struct pier__link_state *a, const struct pier__link_state *b)
{
	size_t i;

	if (a->addr_count != b->addr_count || a->mtu != b->mtu ||
		strcmp(a->name, b->name) != 0)
		return false;
	for (i = 0; i < a->addr_count; i++)
		if (!pier_addr_equal(&a->addrs[i].addr, &b->addrs[i].addr) ||
			a->addrs[i].bits != b->addrs[i].bits)
			return false;
	return true;
}

static struct pier__lan *
add(struct pier__links *links, const struct pier__link_state *state)
{
	struct pier__lan *lan = pier__alloc(sizeof(*lan));

	if (lan == NULL)
		return NULL;
	lan->state = *state;
	lan->fd = -1;
	lan->told = true;
	links->lans[links->count++] = lan;
	return lan;
}

static void
take_down(struct pier__lan *lan)
{
	pier__close(lan->fd);
	lan->fd = -1;
	lan->told = !lan->was_told;
	lan->state.up = false;
}

/* Errors of one link alone are no reason to go without the others. */
static bool
is_of_all(int rc)
{
	return rc < 0 && (pier_is_resource(rc) || rc == -ENOBUFS);
}

static int
bring_up(struct pier__links *links, struct pier__lan *lan)
{
	int fd = pier__links_open_group(links, lan->state.id);

	if (fd < 0)
		return fd;
	lan->fd = fd;
	lan->state.up = true;
	lan->told = false;
	return 0;
}

/* One link as it is now; *failure becomes why it could not be used. */
static int
follow_one(struct pier__links *links, const struct pier_interface *it,
	int family, int *failure)
{
	struct pier__link_id id = { it->index, family };
	struct pier__lan *lan = find(links, id);
	struct pier__link_state now;
	int rc = 0;

	describe(&now, it, family);
	if (now.addr_count == 0 || !has_family(links, family) ||
		(now.loopback && family == AF_INET6))
		return 0;
	if (lan == NULL && links->count < PIER__LAN_PLACES) {
		lan = add(links, &now);
		if (lan == NULL)
			return -ENOMEM;
	}
	if (lan == NULL)
		return 0;
	lan->seen = true;
	if (!same_addrs(&lan->state, &now)) {
		now.up = lan->state.up;
		lan->state = now;
		lan->told = !now.up;
	}
	if (!lan->state.up)
		rc = bring_up(links, lan);
	if (rc < 0 && *failure == 0)
		*failure = rc;
	return is_of_all(rc) ? rc : 0;
}

static int
follow_all(struct pier__links *links, const struct pier_interfaces *all,
	bool alone, int *failure)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < all->count && rc == 0; i++) {
		if (!is_wanted(links, &all->list[i], alone))
			continue;
		rc = follow_one(links, &all->list[i], AF_INET, failure);
		if (rc == 0)
			rc = follow_one(
				links, &all->list[i], AF_INET6, failure);
	}
	return rc;
}

static bool
any_seen(const struct pier__links *links)
{
	size_t i;

	for (i = 0; i < links->count; i++)
		if (links->lans[i]->seen)
			return true;
	return false;
}

static int
follow_list(struct pier__links *links, const struct pier_interfaces *all)
{
	int failure = 0, rc;
	size_t i;

	for (i = 0; i < links->count; i++)
		links->lans[i]->seen = false;
	rc = follow_all(links, all, false, &failure);
	if (rc == 0 && !any_seen(links))
		rc = follow_all(links, all, true, &failure);
	if (rc < 0)
		return rc;
	for (i = 0; i < links->count; i++)
		if (!links->lans[i]->seen && links->lans[i]->state.up)
			take_down(links->lans[i]);
	links->stale = false;
	return pier__links_count(links) == 0 ? failure : 0;
}

/* Where there is no rtnetlink, as in the simulator: IPv4 alone, and no news. */
static int
follow_simply(struct pier__links *links)
{
	struct pier_interface_addr addr;
	struct pier_interface one = { .addr_count = 1, .addrs = &addr };
	const struct pier_interfaces all = { 1, &one };
	struct pier__link *list;
	int count = pier__links_list(&list), rc = 0;

	if (count < 0)
		return count;
	memset(&addr, 0, sizeof(addr));
	if (count > 0) {
		one.index = list[0].index;
		one.flags = list[0].flags;
		one.name = list[0].name;
		one.mtu = 1500;
		addr.addr.len = sizeof(addr.addr.u.in);
		addr.addr.u.in.sin_family = AF_INET;
		addr.addr.u.in.sin_addr = list[0].ip4;
		rc = follow_list(links, &all);
	}
	pier__free(list);
	return rc;
}

int
pier__links_follow(struct pier__links *links)
{
	struct pier_interfaces *all = NULL;
	int rc;

	if (links->common[PIER__COMMON_NEWS] < 0)
		return follow_simply(links);
	rc = pier_interfaces(&all);
	if (rc == 0)
		rc = follow_list(links, all);
	pier_interfaces_free(all);
	return rc;
}
