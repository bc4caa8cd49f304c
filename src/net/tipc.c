/* SPDX-License-Identifier: MIT */
/*
 * net/tipc.c - see tipc.h.
 *
 * Messages of SOCK_RDM are reliable and have no connection: one that cannot be
 * delivered comes back, and is met by the next receive. A client is left
 * unconnected: what answers is a socket of the service, whose address is
 * another than the one that was asked.
 */
#include "net/tipc.h"

#include <errno.h>
#include <string.h>

#include "net/listen.h"
#include "net/wishes.h"
#include "task/failure.h"

/* Of linux/tipc.h, which not every machine that builds has. */
#define LEVEL_TIPC    271
#define TIPC_ERRINFO  1
#define ERROR_NO_NODE 3
#define ERROR_NO_ROOM 4

int
pier__tipc_take(struct pier__endpoint *out, const struct pier__own *own,
	struct pier__why *why)
{
	if (strcmp(own->value, "rdm") == 0)
		out->type = SOCK_RDM;
	else if (strcmp(own->value, "seqpacket") == 0)
		out->type = SOCK_SEQPACKET;
	else
		return pier__why_set(why, own->value_at,
			"the type of a TIPC socket is rdm or seqpacket");
	return 0;
}

struct opening {
	const struct pier__endpoint *endpoint;
	const char *text;
	enum pier_step step;
	struct pier__why why; /* at PIER_STEP_OPTION */
};

static const char *
explain(const struct opening *it, int rc)
{
	if (it->step == PIER_STEP_OPTION)
		return it->why.text;
	switch (rc) {
	case -EAFNOSUPPORT:
		return "the kernel has no TIPC: modprobe tipc";
	case -EACCES:
		return "types below 64 are TIPC's own";
	case -EHOSTUNREACH:
		return "no socket of the cluster has that service";
	default:
		return NULL;
	}
}

static int
fail(const struct opening *it, int rc)
{
	return pier__fail_step(rc, it->step, it->text, explain(it, rc));
}

static int
set_wishes(struct opening *it, int fd, enum pier__moment moment)
{
	const struct pier__option_kind kind = { .domain = AF_TIPC,
		.type = it->endpoint->type };
	int rc = pier__wishes_set(
		&it->endpoint->wishes, fd, &kind, moment, &it->why);

	if (rc < 0)
		it->step = PIER_STEP_OPTION;
	return rc;
}

/* A new socket with its options, or an error, not noted. */
static int
make_socket(struct opening *it)
{
	int fd, rc;

	it->step = PIER_STEP_CREATE;
	fd = pier__calls()->socket(AF_TIPC, it->endpoint->type, 0);
	if (fd < 0)
		return fd;
	rc = set_wishes(it, fd, PIER__MOMENT_NEW);
	if (rc < 0)
		pier__close(fd);
	return rc < 0 ? rc : fd;
}

static int
bind_service(struct opening *it, int fd)
{
	const struct pier_addr *addr = &it->endpoint->addr;

	it->step = PIER_STEP_BIND;
	return pier__calls()->bind(fd, &addr->u.sa, addr->len);
}

static int
connect_packet(
	struct opening *it, struct pier_packet *packet, pier_deadline deadline)
{
	const struct pier_addr *addr = &it->endpoint->addr;

	it->step = PIER_STEP_CONNECT;
	return pier__packet_connect(packet, addr, deadline);
}

/* -EINVAL for what there is not. */
static int
check(const struct pier__packet_plan *plan)
{
	bool connects = plan->endpoint.type == SOCK_SEQPACKET;
	const char *detail = NULL;

	if (plan->opts.listen && connects)
		detail =
			"packets with a connection are accepted: pier_listen() "
			"and pier_packet_accept()";
	else if (plan->opts.bind != NULL)
		detail = "a TIPC client has no address to choose";
	else if (plan->opts.senders)
		detail = "TIPC does not tell of processes";
	return detail == NULL ? 0
			      : pier__fail_step(-EINVAL, PIER_STEP_CREATE,
					plan->text, detail);
}

static int
open_at(struct opening *it, struct pier_packet *packet,
	const struct pier__packet_plan *plan)
{
	int rc = 0;

	if (plan->opts.listen)
		rc = bind_service(it, packet->desc->fd);
	else if (it->endpoint->type == SOCK_SEQPACKET)
		rc = connect_packet(it, packet, plan->deadline);
	else
		packet->to = it->endpoint->addr;
	packet->named = plan->opts.listen;
	if (rc == 0)
		rc = set_wishes(it, packet->desc->fd, PIER__MOMENT_CONNECTED);
	return rc;
}

int
pier__tipc_open(struct pier_packet **out, const struct pier__packet_plan *plan)
{
	struct opening it = { .endpoint = &plan->endpoint, .text = plan->text };
	struct pier_packet *packet;
	int rc = check(plan);
	int fd;

	if (rc < 0)
		return rc;
	fd = make_socket(&it);
	if (fd < 0)
		return fail(&it, fd);
	rc = pier__packet_new(&packet, fd, AF_TIPC, plan);
	if (rc < 0) {
		pier__close(fd);
		it.step = PIER_STEP_CREATE;
		return fail(&it, rc);
	}
	rc = open_at(&it, packet, plan);
	if (rc < 0) {
		pier_packet_close(packet);
		return fail(&it, rc);
	}
	*out = packet;
	return 0;
}

/* A listener on fd, which is taken on success. Its own address is that of the
   socket; what it is reached by is the endpoint. */
static int
wrap_listener(struct pier_listener **out, struct opening *it, int fd)
{
	size_t size = strlen(it->text) + 1;
	char *name = pier__alloc(size);
	struct pier_listener *listener;
	int rc = name == NULL ? -ENOMEM : 0;

	it->step = PIER_STEP_CREATE;
	if (rc == 0)
		rc = pier__listener_new(
			&listener, fd, AF_TIPC, it->endpoint->scheme);
	if (rc < 0) {
		pier__free(name);
		return rc;
	}
	memcpy(name, it->text, size);
	listener->long_name = name;
	listener->addr = it->endpoint->addr;
	listener->packets = true;
	*out = listener;
	return 0;
}

int
pier__tipc_listen(struct pier_listener **out,
	const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text)
{
	struct opening it = { .endpoint = endpoint, .text = text };
	int fd = make_socket(&it);
	int rc;

	if (fd < 0)
		return fail(&it, fd);
	/* To bind is to publish: nobody is to find a socket that refuses him. */
	it.step = PIER_STEP_LISTEN;
	rc = pier__calls()->listen(fd, opts->backlog);
	if (rc == 0)
		rc = bind_service(&it, fd);
	if (rc == 0)
		rc = wrap_listener(out, &it, fd);
	if (rc == 0)
		return 0;
	pier__close(fd);
	return fail(&it, rc);
}

int
pier__tipc_returned(struct msghdr *header)
{
	struct cmsghdr *cmsg;
	uint32_t info[2];

	for (cmsg = CMSG_FIRSTHDR(header); cmsg != NULL;
		cmsg = CMSG_NXTHDR(header, cmsg)) {
		if (cmsg->cmsg_level != LEVEL_TIPC ||
			cmsg->cmsg_type != TIPC_ERRINFO ||
			cmsg->cmsg_len < CMSG_LEN(sizeof(info)))
			continue;
		memcpy(info, CMSG_DATA(cmsg), sizeof(info));
		if (info[0] == ERROR_NO_NODE)
			return -EHOSTUNREACH;
		return info[0] == ERROR_NO_ROOM ? -ENOBUFS : -ECONNREFUSED;
	}
	return 0;
}
