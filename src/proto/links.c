/* SPDX-License-Identifier: MIT */
/* proto/links.c - what comes and goes by links; see links.h. */
#include "proto/links.h"

#include <pier/error.h>
#include <pier/network.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <string.h>

#include "base/siphash.h"
#include "net/control.h"
#include "net/many.h"
#include "os/calls.h"
#include "proto/links_inside.h"

/* News that one call takes off the queue; the list is read once for all. */
#define NEWS_MAX 256

/* ---- Opening and closing ------------------------------------------------ */

static bool
is_wrong(const struct pier_addr *group, int family)
{
	if (group->len == 0)
		return false;
	return pier_addr_family(group) != family ||
	       !pier__addr_is_group(group) ||
	       (family == AF_INET6 &&
		       !IN6_IS_ADDR_MC_LINKLOCAL(&group->u.in6.sin6_addr));
}

static int
open_commons(struct pier__links *links)
{
	int fd = pier__links_open_news();

	links->common[PIER__COMMON_NEWS] = fd < 0 ? -1 : fd;
	if (fd < -1)
		return fd;
	if (!links->opts.broadcast || links->opts.family == AF_INET6)
		return 0;
	fd = pier__links_open_broadcast(links);
	links->common[PIER__COMMON_BROADCAST] = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

int
pier__links_open(struct pier__links **out, const struct pier__links_opts *opts)
{
	struct pier__links *links;
	int rc, i;

	if (is_wrong(&opts->group4, AF_INET) ||
		is_wrong(&opts->group6, AF_INET6))
		return -EINVAL;
	links = pier__alloc(sizeof(*links));
	if (links == NULL)
		return -ENOMEM;
	links->opts = *opts;
	for (i = 0; i < PIER__COMMONS; i++)
		links->common[i] = -1;
	links->stale = true;
	rc = pier__calls()->random(links->key, sizeof(links->key));
	if (rc >= 0)
		rc = open_commons(links);
	if (rc >= 0)
		rc = pier__links_follow(links);
	if (rc < 0) {
		pier__links_close(links);
		return rc;
	}
	*out = links;
	return 0;
}

void
pier__links_close(struct pier__links *links)
{
	size_t i;

	if (links == NULL)
		return;
	for (i = 0; i < links->count; i++) {
		pier__close(links->lans[i]->fd);
		pier__free(links->lans[i]);
	}
	for (i = 0; i < PIER__COMMONS; i++)
		pier__close(links->common[i]);
	pier__free(links);
}

/* ---- What there is ------------------------------------------------------ */

static void
list_one(struct pier_waitable *list, size_t *count, int fd)
{
	if (fd >= 0)
		list[(*count)++] = (struct pier_waitable){ .fd = fd,
			.want = PIER_READING };
}

size_t
pier__links_waitables(
	const struct pier__links *links, struct pier_waitable *list)
{
	size_t count = 0, i;

	for (i = 0; i < links->count; i++)
		list_one(list, &count, links->lans[i]->fd);
	for (i = 0; i < PIER__COMMONS; i++)
		list_one(list, &count, links->common[i]);
	return count;
}

size_t
pier__links_count(const struct pier__links *links)
{
	size_t count = 0, i;

	for (i = 0; i < links->count; i++)
		count += links->lans[i]->state.up;
	return count;
}

/* Those that are down and of which all is told. */
static void
sweep(struct pier__links *links)
{
	size_t kept = 0, i;

	for (i = 0; i < links->count; i++) {
		struct pier__lan *lan = links->lans[i];

		if (lan->told && lan->fd < 0)
			pier__free(lan);
		else
			links->lans[kept++] = lan;
	}
	links->count = kept;
}

int
pier__links_change(
	struct pier__links *links, const struct pier__link_state **out)
{
	size_t i;

	sweep(links);
	for (i = 0; i < links->count; i++) {
		struct pier__lan *lan = links->lans[i];

		if (lan->told)
			continue;
		lan->told = true;
		lan->was_told = lan->state.up;
		*out = &lan->state;
		return 1;
	}
	return 0;
}

void
pier__links_change_again(struct pier__links *links, struct pier__link_id id)
{
	size_t i;

	for (i = 0; i < links->count; i++) {
		struct pier__lan *lan = links->lans[i];

		if (lan->state.id.interface != id.interface ||
			lan->state.id.family != id.family)
			continue;
		lan->told = false;
		lan->was_told = !lan->state.up;
	}
}

/* ---- Echoes ------------------------------------------------------------- */

static uint64_t
hash_of(const struct pier__links *links, const void *bytes, size_t len)
{
	uint64_t hash = pier__siphash(links->key, bytes, len);

	return hash == 0 ? 1 : hash;
}

static void
remember(struct pier__links *links, const struct pier__sending *sending)
{
	links->echoes[links->echo] = (struct pier__echo){
		hash_of(links, sending->bytes, sending->len), sending->link
	};
	links->echo = (links->echo + 1) % PIER__LINKS_ECHOES;
}

static bool
is_own_addr(const struct pier__link_state *state, const struct pier_addr *from)
{
	struct pier_addr plain = *from;
	size_t i;

	if (state == NULL)
		return false;
	(void)pier_addr_set_port(&plain, 0);
	for (i = 0; i < state->addr_count; i++)
		if (pier_addr_equal(&state->addrs[i].addr, &plain))
			return true;
	return false;
}

/* Is it what this object sent? Each comes back once. */
static bool
is_echo(struct pier__links *links, const struct pier__datagram *it)
{
	uint64_t hash;
	size_t i;

	if (!it->to_many ||
		!is_own_addr(pier__links_state(links, it->link), &it->from))
		return false;
	hash = hash_of(links, it->bytes, it->len);
	for (i = 0; i < PIER__LINKS_ECHOES; i++) {
		struct pier__echo *echo = &links->echoes[i];

		if (echo->hash != hash ||
			echo->link.interface != it->link.interface ||
			echo->link.family != it->link.family)
			continue;
		echo->hash = 0;
		return true;
	}
	return false;
}

/* ---- Receiving ---------------------------------------------------------- */

/* RFC 6762 section 11: is it of a network that the link has an address of? */
static bool
is_on_link(const struct pier__link_state *state, const struct pier_addr *from)
{
	struct pier_network network;
	size_t i;

	if (pier_addr_family(from) == AF_INET6 &&
		IN6_IS_ADDR_LINKLOCAL(&from->u.in6.sin6_addr))
		return true;
	for (i = 0; state != NULL && i < state->addr_count; i++)
		if (pier_network_of(&network, &state->addrs[i].addr,
			    state->addrs[i].bits) == 0 &&
			pier_network_contains(&network, from))
			return true;
	return false;
}

/* The rest of what is known of it. False: it is none of ours to see. */
static bool
complete(struct pier__links *links, struct pier__datagram *it)
{
	const struct pier__link_state *state =
		pier__links_state(links, it->link);

	if (state == NULL || !state->up)
		return false;
	it->on_link = is_on_link(state, &it->from);
	return !is_echo(links, it);
}

/* 1; 0: nothing is there; -EAGAIN: something of no interest was. */
static int
receive(struct pier__links *links, int fd, int family,
	struct pier__datagram *out)
{
	alignas(struct cmsghdr) unsigned char control[PIER__CONTROL_MAX];
	struct iovec room = { links->bytes, sizeof(links->bytes) };
	struct pier_msg msg;
	struct msghdr header = { .msg_name = &msg.peer.u,
		.msg_namelen = sizeof(msg.peer.u),
		.msg_iov = &room,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t n = pier__calls()->recvmsg(fd, &header, 0);

	if (n < 0)
		return n == -EAGAIN ? 0 : -EAGAIN;
	if ((header.msg_flags & MSG_TRUNC) != 0)
		return -EAGAIN;
	pier__msg_begin(&msg);
	msg.peer.len = header.msg_namelen;
	pier__control_read(&msg, &header, links->opts.port);
	*out = (struct pier__datagram){ .link = { msg.interface, family },
		.from = msg.peer,
		.ttl = msg.ttl,
		.to_many = msg.to.len > 0,
		.asked = fd == links->common[PIER__COMMON_ASK4] ||
			 fd == links->common[PIER__COMMON_ASK6],
		.bytes = links->bytes,
		.len = (size_t)n };
	return complete(links, out) ? 1 : -EAGAIN;
}

static int
take_news(struct pier__links *links)
{
	int fd = links->common[PIER__COMMON_NEWS], i;
	ssize_t n = 0;

	/* An error is that some were lost: news as well. */
	for (i = 0; fd >= 0 && i < NEWS_MAX && n != -EAGAIN; i++) {
		n = pier__calls()->recv(
			fd, links->bytes, sizeof(links->bytes), 0);
		if (n != -EAGAIN)
			links->stale = true;
	}
	return links->stale ? pier__links_follow(links) : 0;
}

/* The descriptor of a turn and its family; -1: it has none. */
static int
socket_of(const struct pier__links *links, size_t turn, int *family)
{
	if (turn < links->count) {
		*family = links->lans[turn]->state.id.family;
		return links->lans[turn]->fd;
	}
	turn -= links->count;
	*family = turn == PIER__COMMON_ASK6 ? AF_INET6 : AF_INET;
	return links->common[turn];
}

int
pier__links_recv(struct pier__links *links, struct pier__datagram *out)
{
	int rc = take_news(links), family, fd;
	size_t places = links->count + PIER__COMMON_NEWS, i;
	size_t first = links->turn;

	if (rc < 0 && (pier_is_resource(rc) || rc == -ENOBUFS))
		return rc;
	for (i = 0; i < places; i++) {
		size_t turn = (first + i) % places;

		fd = socket_of(links, turn, &family);
		/* Of each at most two that are dropped, so that no flood of
		   them keeps others away. Where there are more, the driver does
		   not wait long. */
		rc = fd < 0 ? 0 : receive(links, fd, family, out);
		if (rc == -EAGAIN)
			rc = receive(links, fd, family, out);
		links->turn = turn + 1;
		if (rc == 1)
			return 1;
	}
	links->turn = first + 1;
	return 0;
}

/* ---- Sending ------------------------------------------------------------ */

static void
place(struct pier_addr *to, const struct pier__links *links,
	const struct pier__sending *sending)
{
	bool ip6 = sending->link.family == AF_INET6;

	if (sending->aim == PIER__AIM_ONE) {
		*to = sending->to;
	} else if (sending->aim == PIER__AIM_GROUP) {
		*to = ip6 ? links->opts.group6 : links->opts.group4;
		(void)pier_addr_set_port(to, links->opts.port);
	} else {
		to->len = sizeof(to->u.in);
		memset(&to->u.in, 0, sizeof(to->u.in));
		to->u.in.sin_family = AF_INET;
		to->u.in.sin_port = htons(links->opts.port);
		to->u.in.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	}
	if (ip6 && (IN6_IS_ADDR_LINKLOCAL(&to->u.in6.sin6_addr) ||
			   IN6_IS_ADDR_MC_LINKLOCAL(&to->u.in6.sin6_addr)))
		to->u.in6.sin6_scope_id = sending->link.interface;
}

/* The socket that it leaves by; that of an ephemeral port is made when it is
   wanted. */
static int
socket_for(struct pier__links *links, const struct pier__sending *sending)
{
	enum pier__common which = sending->link.family == AF_INET
					  ? PIER__COMMON_ASK4
					  : PIER__COMMON_ASK6;
	size_t i;

	if (!sending->ask) {
		for (i = 0; i < links->count; i++)
			if (&links->lans[i]->state ==
				pier__links_state(links, sending->link))
				return links->lans[i]->fd;
		return -ENODEV;
	}
	if (links->common[which] < 0) {
		int fd = pier__links_open_ask(links, sending->link.family);

		if (fd < 0)
			return fd;
		links->common[which] = fd;
	}
	return links->common[which];
}

/*
 * The address that a message of IPv4 leaves from: of the link, as RFC 6762
 * section 11 wants it. The kernel would take that of another interface where the
 * link has only such as 127.0.0.1. NULL: as the kernel chooses.
 */
static const struct pier_addr *
local_for(const struct pier__link_state *state, const struct pier_addr *to)
{
	struct pier_network network;
	size_t i;

	if (state->id.family != AF_INET || state->addr_count == 0)
		return NULL;
	for (i = 0; i < state->addr_count; i++)
		if (pier_network_of(&network, &state->addrs[i].addr,
			    state->addrs[i].bits) == 0 &&
			pier_network_contains(&network, to))
			return &state->addrs[i].addr;
	return &state->addrs[0].addr;
}

int
pier__links_send(struct pier__links *links, const struct pier__sending *sending)
{
	alignas(struct cmsghdr) unsigned char control[PIER__CONTROL_MAX];
	const struct pier__link_state *state =
		pier__links_state(links, sending->link);
	struct pier_outgoing out = { .interface = sending->link.interface };
	struct iovec data = { (void *)(uintptr_t)sending->bytes, sending->len };
	struct pier_addr to;
	struct msghdr header = {
		.msg_name = &to.u, .msg_iov = &data, .msg_iovlen = 1
	};
	ssize_t n;
	int fd;

	if (state == NULL || !state->up)
		return -ENODEV;
	fd = socket_for(links, sending);
	if (fd < 0)
		return fd;
	place(&to, links, sending);
	header.msg_namelen = to.len;
	out.local = local_for(state, &to);
	(void)pier__control_write(&header, control, sending->link.family, &out);
	n = pier__calls()->sendmsg(fd, &header, MSG_NOSIGNAL);
	if (n >= 0 && sending->aim != PIER__AIM_ONE)
		remember(links, sending);
	return n < 0 ? (int)n : 0;
}
