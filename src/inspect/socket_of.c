/* SPDX-License-Identifier: MIT */
/*
 * inspect/socket_of.c - one socket among all of the machine, by its cookie, which
 * both its descriptor and sock_diag(7) tell; and a socket as one line.
 */
#include <pier/sockets.h>

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "inspect/diag.h"
#include "os/calls.h"
#include "task/failure.h"

#define WHERE "sock_diag"

/* Headers of libc may not have it. */
#define COOKIE 57

struct one {
	pier_socket_each *each;
	void *ctx;
	bool found;
};

static int
take(const struct pier_socket *socket, void *ctx)
{
	struct one *one = ctx;

	one->found = true;
	return one->each(socket, one->ctx);
}

static int
get_int(int fd, int number, int *value)
{
	socklen_t len = sizeof(*value);

	return pier__calls()->getsockopt(fd, SOL_SOCKET, number, value, &len);
}

/* Which kind it is; 0: one that sock_diag has not. */
static int
kind_of(int fd, uint32_t *kind)
{
	int family = 0, type = 0, protocol = 0, rc;

	rc = get_int(fd, SO_DOMAIN, &family);
	if (rc == 0)
		rc = get_int(fd, SO_TYPE, &type);
	if (rc == 0)
		rc = get_int(fd, SO_PROTOCOL, &protocol);
	if (rc < 0)
		return rc;
	*kind = pier__diag_kind_of(family, type, protocol);
	return 0;
}

int
pier_socket_of(
	int fd, pier_socket_each *each, void *ctx, pier_deadline deadline)
{
	struct one one = { .each = each, .ctx = ctx };
	struct pier_sockets_opts opts = { .kinds = 0 };
	char filter[96];
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int rc = kind_of(fd, &opts.kinds);

	if (rc == 0)
		rc = pier__calls()->getsockopt(
			fd, SOL_SOCKET, COOKIE, &cookie, &len);
	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_OPTION, WHERE, NULL);
	if (opts.kinds == 0)
		return pier__fail_step(-EPROTONOSUPPORT, PIER_STEP_OPTION,
			WHERE, "it has no sockets of this family");
	/* Bound ones are told of only where the filter has the word. */
	(void)snprintf(filter, sizeof(filter),
		"cookie:%" PRIu64 " (bound or not bound)", cookie);
	opts.filter = filter;
	rc = pier_sockets(&opts, take, &one, deadline);
	if (rc == 0 && !one.found)
		return pier__fail_step(-ENOENT, PIER_STEP_RECEIVE, WHERE,
			"the kernel lists a socket once it has a port");
	return rc;
}

/* Columns of a line; NULL in place of the text: there was no room. */
struct line {
	char *text;
	size_t len, size;
};

static void
add(struct line *line, const char *text)
{
	size_t len = strlen(text);

	if (line->text == NULL || len + 3 > line->size - line->len) {
		line->text = NULL;
		return;
	}
	if (line->len > 0) {
		memcpy(line->text + line->len, "  ", 2);
		line->len += 2;
	}
	memcpy(line->text + line->len, text, len + 1);
	line->len += len;
}

static void
add_number(struct line *line, uint64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	add(line, text);
}

static void
add_local(struct line *line, const struct pier_socket *socket)
{
	char text[PIER_ADDR_TEXT_MAX] = "";

	if (socket->kind == PIER_SOCKET_NETLINK)
		(void)snprintf(text, sizeof(text), "netlink:%u:%u",
			socket->protocol, socket->port_id);
	else if (socket->kind == PIER_SOCKET_PACKET)
		(void)snprintf(
			text, sizeof(text), "packet:0x%04x", socket->protocol);
	else
		(void)pier_addr_format(&socket->local, text, sizeof(text));
	add(line, text);
}

static void
add_peer(struct line *line, const struct pier_socket *socket)
{
	char text[PIER_ADDR_TEXT_MAX] = "-";

	if ((socket->have & PIER_SOCKET_HAS_PEER_INODE) != 0)
		(void)snprintf(text, sizeof(text), "inode:%" PRIu64,
			socket->peer_inode);
	else if (socket->peer.len > 0 && pier_addr_port(&socket->peer) != 0)
		(void)pier_addr_format(&socket->peer, text, sizeof(text));
	add(line, text);
}

/* As a filter takes it: "25us", "2ms". */
static void
add_time(struct line *line, uint32_t us)
{
	char text[24];

	if (us != 0 && us % 1000000 == 0)
		(void)snprintf(text, sizeof(text), "%us", us / 1000000);
	else if (us != 0 && us % 1000 == 0)
		(void)snprintf(text, sizeof(text), "%ums", us / 1000);
	else
		(void)snprintf(text, sizeof(text), "%uus", us);
	add(line, text);
}

static void
add_info(struct line *line, const struct pier_socket *socket)
{
	const struct pier_tcp_info *info = socket->info;
	struct pier_tcp_flow flow;

	/* A listener's numbers are those of its queue. */
	if (info == NULL || socket->state == PIER_TCP_LISTEN) {
		add(line, "-  -  -");
		return;
	}
	if ((info->have & PIER_INFO_RTT) != 0)
		add_time(line, info->rtt_us);
	else
		add(line, "-");
	if ((info->have & PIER_INFO_RETRANSMITS) != 0)
		add_number(line, info->retransmits);
	else
		add(line, "-");
	add(line, pier_tcp_flow(&flow, NULL, info, 0) < 0
			  ? "-"
			  : pier_tcp_limit_name(flow.limit));
}

int
pier_socket_line_sized(const struct pier_socket *socket, size_t socket_size,
	char *buf, size_t size)
{
	struct pier_socket known = { .have = 0 };
	struct line line = { .text = buf, .size = size };
	const char *state, *kind;

	memcpy(&known, socket,
		socket_size < sizeof(known) ? socket_size : sizeof(known));
	kind = pier_socket_kind_name(known.kind);
	state = (known.have & PIER_SOCKET_HAS_STATE) != 0
			? pier_tcp_state_name(known.state)
			: NULL;
	add(&line, kind == NULL ? "-" : kind);
	add(&line, state == NULL ? "-" : state);
	add_number(&line, known.recv_queue);
	add_number(&line, known.send_queue);
	add_local(&line, &known);
	add_peer(&line, &known);
	add_info(&line, &known);
	return line.text == NULL ? -ENOSPC : (int)line.len;
}
