/* SPDX-License-Identifier: MIT */
/*
 * net/unixgram.c - see unixgram.h.
 *
 * A Unix datagram says who sent it only if the sender has a name. So a client
 * without one gets an abstract name from the kernel ("autobind"), and can be
 * answered.
 */
#include "net/unixgram.h"

#include <errno.h>

#include "addr/addr.h"
#include "net/wishes.h"
#include "task/failure.h"

/* A path, of any length, or "@name". Noted. */
static int
open_name(struct pier__unix_place *out, const char *text)
{
	struct pier__endpoint *endpoint = pier__alloc(sizeof(*endpoint));
	struct pier__why why;
	int rc;

	if (endpoint == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_BIND, text, NULL);
	rc = pier__endpoint_parse(endpoint, text, &why);
	if (rc == 0 && endpoint->kind != PIER__ENDPOINT_UNIX)
		rc = pier__why_set(&why, 0,
			"the name of a Unix socket is a path or @name");
	if (rc < 0) {
		(void)pier__fail_parse(rc, text, &why);
	} else {
		rc = pier__unix_place_open(out, endpoint);
		if (rc < 0)
			(void)pier__fail_step(rc, PIER_STEP_BIND, text, NULL);
	}
	pier__free(endpoint);
	return rc;
}

/* The client's own name. Noted. */
static int
bind_client(struct pier_packet *packet, const struct pier__packet_plan *plan)
{
	static const struct sockaddr unnamed = { .sa_family = AF_UNIX };
	int rc;

	if (plan->opts.bind == NULL) {
		rc = pier__calls()->bind(
			packet->desc->fd, &unnamed, sizeof(unnamed.sa_family));
		return rc < 0 ? pier__fail_step(rc, PIER_STEP_BIND, plan->text,
					"an abstract name of its own")
			      : 0;
	}
	rc = open_name(&packet->own_place, plan->opts.bind);
	if (rc < 0)
		return rc;
	return pier__unix_bind(&packet->file, packet->desc->fd, SOCK_DGRAM,
		&packet->own_place.addr, plan->opts.mode, plan->opts.bind);
}

static const char *
explain(int rc)
{
	switch (rc) {
	case -ECONNREFUSED:
		return "its server is gone, or the file is no socket";
	case -EPROTOTYPE:
		return "it is not a datagram socket";
	case -EPERM:
		return "it is connected to another socket";
	default:
		return NULL;
	}
}

static int
connect_client(struct pier_packet *packet, const struct pier__packet_plan *plan)
{
	const struct pier_addr *addr = &packet->peer_place.addr;
	int rc = pier__unix_place_open(&packet->peer_place, &plan->endpoint);

	if (rc < 0)
		return pier__fail_step(
			rc, PIER_STEP_CONNECT, plan->text, explain(rc));
	packet->to = *addr;
	if (plan->opts.unconnected)
		return 0;
	do {
		rc = pier__calls()->connect(
			packet->desc->fd, &addr->u.sa, addr->len);
	} while (rc == -EINTR);
	if (rc < 0)
		return pier__fail_step(
			rc, PIER_STEP_CONNECT, plan->text, explain(rc));
	packet->connected = true;
	return 0;
}

static int
bind_server(struct pier_packet *packet, const struct pier__packet_plan *plan)
{
	int rc = pier__unix_place_open(&packet->own_place, &plan->endpoint);

	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_BIND, plan->text,
			rc == -ENOENT ? "the directory does not exist" : NULL);
	return pier__unix_bind(&packet->file, packet->desc->fd, SOCK_DGRAM,
		&packet->own_place.addr, plan->opts.mode, plan->text);
}

/* From now on the kernel says with each message who sent it. */
static int
pass_senders(struct pier_packet *packet, const struct pier__packet_plan *plan)
{
	static const int on = 1;
	int rc = pier__calls()->setsockopt(
		packet->desc->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));

	packet->senders = rc == 0;
	return rc < 0 ? pier__fail_step(rc, PIER_STEP_OPTION, plan->text,
				"who sends each message")
		      : 0;
}

/* The error is noted. */
static int
set_wishes(
	int fd, const struct pier__packet_plan *plan, enum pier__moment moment)
{
	static const struct pier__option_kind kind = { .domain = AF_UNIX,
		.type = SOCK_DGRAM };
	struct pier__why why;
	int rc = pier__wishes_set(
		&plan->endpoint.wishes, fd, &kind, moment, &why);

	return rc < 0 ? pier__fail_step(
				rc, PIER_STEP_OPTION, plan->text, why.text)
		      : 0;
}

int
pier__unixgram_open(
	struct pier_packet **out, const struct pier__packet_plan *plan)
{
	struct pier_packet *packet;
	int fd = pier__calls()->socket(AF_UNIX, SOCK_DGRAM, 0);
	int rc = fd < 0 ? fd : pier__packet_new(&packet, fd, AF_UNIX, plan);

	if (rc < 0) {
		pier__close(fd);
		return pier__fail_step(rc, PIER_STEP_CREATE, plan->text, NULL);
	}
	rc = set_wishes(fd, plan, PIER__MOMENT_NEW);
	if (rc == 0 && plan->opts.senders)
		rc = pass_senders(packet, plan);
	if (rc == 0)
		rc = plan->opts.listen ? bind_server(packet, plan)
				       : bind_client(packet, plan);
	if (rc == 0 && !plan->opts.listen)
		rc = connect_client(packet, plan);
	if (rc == 0)
		rc = set_wishes(fd, plan, PIER__MOMENT_CONNECTED);
	if (rc < 0) {
		pier_packet_close(packet);
		return rc;
	}
	*out = packet;
	return 0;
}
