/* SPDX-License-Identifier: MIT */
/*
 * inspect/socket_watch.c - sockets that close: the multicast groups of
 * sock_diag(7) for TCP and UDP, of either family. The kernel sends what a
 * listing would have said, once, when the socket is destroyed.
 */
#include <pier/sockets.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "inspect/diag.h"
#include "inspect/diag_socket.h"
#include "inspect/filter.h"
#include "os/calls.h"
#include "task/failure.h"
#include "task/timeout.h"

#define WHERE "sock_diag"

/* SKNLGRP_…_DESTROY, as the bits of a netlink address. */
#define GROUPS_TCP (1U << 0 | 1U << 2)
#define GROUPS_UDP (1U << 1 | 1U << 3)

/* What a burst of closing connections may queue, asked for; the kernel gives
   as much as net.core.rmem_max allows. */
#define ROOM (4 * 1024 * 1024)

struct pier_socket_watch {
	uint32_t kinds;
	struct pier__bytes rest; /* of what was fetched */
	struct pier__diag diag;
	struct pier__filter filter;
	struct pier__diag_socket socket;
};

static int
subscribe(struct pier_socket_watch *watch)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	const int room = ROOM;
	int rc;

	if ((watch->kinds & PIER_SOCKET_TCP) != 0)
		address.nl_groups |= GROUPS_TCP;
	if ((watch->kinds & PIER_SOCKET_UDP) != 0)
		address.nl_groups |= GROUPS_UDP;
	rc = pier__diag_open(&watch->socket);
	if (rc < 0)
		return rc;
	/* With less room more is lost, which next() says. */
	(void)pier__calls()->setsockopt(watch->socket.desc.fd, SOL_SOCKET,
		SO_RCVBUF, &room, sizeof(room));
	rc = pier__calls()->bind(watch->socket.desc.fd,
		(const struct sockaddr *)&address, sizeof(address));
	if (rc < 0)
		pier__diag_close(&watch->socket);
	/* A kernel without the groups. */
	return rc == -ENOENT || rc == -EINVAL ? -EPROTONOSUPPORT : rc;
}

static int
read_filter(struct pier_socket_watch *watch, const char *text)
{
	struct pier__why why;
	int rc = pier__filter_parse(&watch->filter, text, &why);

	if (rc == 0 && watch->filter.owners)
		rc = pier__why_set(
			&why, 0, "a socket that is gone has no process");
	if (rc == 0 && watch->filter.cgroups)
		rc = pier__why_set(&why, 0,
			"of a socket that is gone only the number of its "
			"control group is known");
	return rc < 0 ? pier__fail_parse(rc, text, &why) : 0;
}

int
pier_socket_watch_open_sized(struct pier_socket_watch **out,
	const struct pier_socket_watch_opts *given, size_t given_size)
{
	struct pier_socket_watch_opts opts = { .kinds = 0 };
	struct pier_socket_watch *watch = pier__alloc(sizeof(*watch));
	int rc;

	if (watch == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_CREATE, WHERE, NULL);
	if (given != NULL)
		memcpy(&opts, given,
			given_size < sizeof(opts) ? given_size : sizeof(opts));
	rc = read_filter(watch, opts.filter);
	if (rc < 0)
		goto free_watch;
	watch->kinds = opts.kinds == 0 ? PIER_SOCKET_TCP | PIER_SOCKET_UDP
				       : opts.kinds;
	rc = subscribe(watch);
	if (rc < 0) {
		(void)pier__fail_step(rc, PIER_STEP_CREATE, WHERE, NULL);
		goto free_watch;
	}
	*out = watch;
	return 0;

free_watch:
	pier__free(watch);
	return rc;
}

void
pier_socket_watch_close(struct pier_socket_watch *watch)
{
	if (watch == NULL)
		return;
	pier__diag_close(&watch->socket);
	pier__free(watch);
}

/* Of which kind a message tells: the protocol stands in an attribute, which
   the kernel adds for that. */
static uint32_t
kind_of(struct pier__bytes body)
{
	const struct nlattr *attribute;
	uint32_t kind = PIER_SOCKET_TCP;

	body = pier__nl_behind(body, PIER__DIAG_INET_BODY);
	while (pier__nl_attribute(&body, &attribute) > 0) {
		if (mnl_attr_get_type(attribute) == PIER__DIAG_PROTOCOL &&
			mnl_attr_validate(attribute, MNL_TYPE_U8) == 0 &&
			mnl_attr_get_u8(attribute) == IPPROTO_UDP)
			kind = PIER_SOCKET_UDP;
	}
	return kind;
}

/* The next one of what was fetched that passes: 1; 0: there is none. */
static int
take(struct pier_socket_watch *watch)
{
	const struct nlmsghdr *message;
	uint32_t kind;
	int rc;

	while ((rc = pier__nl_message(&watch->rest, &message)) > 0) {
		if (message->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		kind = kind_of(pier__nl_body(message));
		rc = pier__diag_decode(
			&watch->diag, kind, pier__nl_body(message));
		if (rc < 0)
			break;
		if ((watch->kinds & kind) != 0 &&
			pier__filter_match(&watch->filter, &watch->diag.socket))
			return 1;
	}
	if (rc < 0)
		watch->rest.len = 0;
	return rc;
}

int
pier_socket_watch_next(struct pier_socket_watch *watch,
	const struct pier_socket **closed, pier_deadline deadline)
{
	int rc;

	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	while ((rc = take(watch)) == 0) {
		rc = pier__diag_recv(&watch->socket, &watch->rest, deadline);
		if (rc < 0)
			break;
	}
	if (rc > 0) {
		*closed = &watch->diag.socket;
		return 0;
	}
	watch->rest.len = 0;
	return rc == -EAGAIN
		       ? rc
		       : pier__fail_step(rc, PIER_STEP_RECEIVE, WHERE, NULL);
}
