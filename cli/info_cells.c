/* SPDX-License-Identifier: MIT */
/*
 * What a cell of pier info says of a socket, but for the fields of TCP_INFO. Times
 * and sizes are written as a filter takes them.
 */
#include "info_cells.h"

#include "values.h"

#include <inttypes.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

void
info_put_number(char *text, size_t size, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits), len;

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	len = sizeof(digits) - at < size ? sizeof(digits) - at : size - 1;
	memcpy(text, digits + at, len);
	text[len] = '\0';
}

void
info_put_none(char *text, size_t size)
{
	snprintf(text, size, "-");
}

static void
kind_text(const struct pier_socket *socket, char *text, size_t size)
{
	snprintf(text, size, "%s", pier_socket_kind_name(socket->kind));
}

const char *
info_state(const struct pier_socket *socket)
{
	const char *name = pier_tcp_state_name(socket->state);

	return (socket->have & PIER_SOCKET_HAS_STATE) != 0 && name != NULL
		       ? name
		       : "-";
}

static void
state_text(const struct pier_socket *socket, char *text, size_t size)
{
	snprintf(text, size, "%s", info_state(socket));
}

/* Netlink and packet sockets have no address of their own here. */
static void
local_text(const struct pier_socket *socket, char *text, size_t size)
{
	if (socket->kind == PIER_SOCKET_NETLINK)
		snprintf(text, size, "netlink:%u:%u", socket->protocol,
			socket->port_id);
	else if (socket->kind == PIER_SOCKET_PACKET)
		snprintf(text, size, "packet:0x%04x", socket->protocol);
	else
		(void)pier_addr_format(&socket->local, text, size);
}

static void
peer_text(const struct pier_socket *socket, char *text, size_t size)
{
	if ((socket->have & PIER_SOCKET_HAS_PEER_INODE) != 0)
		snprintf(text, size, "inode:%" PRIu64, socket->peer_inode);
	else if (socket->peer.len == 0 || pier_addr_port(&socket->peer) == 0)
		info_put_none(text, size);
	else
		(void)pier_addr_format(&socket->peer, text, size);
}

/* Addresses and ports alone. */
static void
host_text(const struct pier_addr *addr, char *text, size_t size)
{
	if (addr->len == 0 || pier_addr_port(addr) < 0)
		info_put_none(text, size);
	else
		(void)pier_addr_format_host(addr, text, size);
}

static void
src_text(const struct pier_socket *socket, char *text, size_t size)
{
	host_text(&socket->local, text, size);
}

static void
dst_text(const struct pier_socket *socket, char *text, size_t size)
{
	if (pier_addr_port(&socket->peer) == 0)
		info_put_none(text, size);
	else
		host_text(&socket->peer, text, size);
}

static uint64_t
port_number(const struct pier_addr *addr)
{
	int port = addr->len == 0 ? 0 : pier_addr_port(addr);

	return port < 0 ? 0 : (uint64_t)port;
}

static uint64_t
sport_number(const struct pier_socket *socket)
{
	return port_number(&socket->local);
}

static uint64_t
dport_number(const struct pier_socket *socket)
{
	return port_number(&socket->peer);
}

static void
port_text(uint64_t port, char *text, size_t size)
{
	if (port == 0)
		info_put_none(text, size);
	else
		info_put_number(text, size, port);
}

static void
sport_text(const struct pier_socket *socket, char *text, size_t size)
{
	port_text(sport_number(socket), text, size);
}

static void
dport_text(const struct pier_socket *socket, char *text, size_t size)
{
	port_text(dport_number(socket), text, size);
}

static uint64_t
recv_number(const struct pier_socket *socket)
{
	return socket->recv_queue;
}

static uint64_t
send_number(const struct pier_socket *socket)
{
	return socket->send_queue;
}

static uint64_t
inode_number(const struct pier_socket *socket)
{
	return socket->inode;
}

static uint64_t
cookie_number(const struct pier_socket *socket)
{
	return socket->cookie;
}

/* The path, where it can be seen. */
static void
cgroup_text(const struct pier_socket *socket, char *text, size_t size)
{
	if ((socket->have & PIER_SOCKET_HAS_CGROUP) == 0)
		info_put_none(text, size);
	else if (socket->cgroup_path == NULL)
		info_put_number(text, size, socket->cgroup);
	else
		snprintf(text, size, "%s", socket->cgroup_path);
}

static void
ulp_text(const struct pier_socket *socket, char *text, size_t size)
{
	snprintf(text, size, "%s", socket->ulp[0] == '\0' ? "-" : socket->ulp);
}

/* The same of an MPTCP connection and of its paths. */
static void
token_text(const struct pier_socket *socket, char *text, size_t size)
{
	uint32_t token = socket->mptcp != NULL ? socket->mptcp->token
					       : socket->mptcp_token;

	if (token == 0)
		info_put_none(text, size);
	else
		snprintf(text, size, "%08" PRIx32, token);
}

static uint64_t
subflows_number(const struct pier_socket *socket)
{
	return socket->mptcp == NULL ? 0 : socket->mptcp->subflows;
}

static void
subflows_text(const struct pier_socket *socket, char *text, size_t size)
{
	if (socket->mptcp == NULL)
		info_put_none(text, size);
	else
		info_put_number(text, size, socket->mptcp->subflows);
}

static uint64_t
uid_number(const struct pier_socket *socket)
{
	return socket->uid;
}

static uint64_t
rmem_number(const struct pier_socket *socket)
{
	return socket->memory.rmem;
}

static uint64_t
rcvbuf_number(const struct pier_socket *socket)
{
	return socket->memory.rcvbuf;
}

static uint64_t
wmem_number(const struct pier_socket *socket)
{
	return socket->memory.wmem + (uint64_t)socket->memory.queued;
}

static uint64_t
sndbuf_number(const struct pier_socket *socket)
{
	return socket->memory.sndbuf;
}

static uint64_t
drops_number(const struct pier_socket *socket)
{
	return socket->memory.drops;
}

static uint64_t
mark_number(const struct pier_socket *socket)
{
	return socket->mark;
}

static uint64_t
timer_number(const struct pier_socket *socket)
{
	return socket->timer == PIER_TIMER_NONE ? UINT64_MAX : socket->timer_ms;
}

static void
user_text(const struct pier_socket *socket, char *text, size_t size)
{
	const struct passwd *entry;

	if ((socket->have & PIER_SOCKET_HAS_UID) == 0) {
		info_put_none(text, size);
		return;
	}
	entry = getpwuid(socket->uid);
	if (entry == NULL)
		info_put_number(text, size, socket->uid);
	else
		snprintf(text, size, "%s", entry->pw_name);
}

static void
interface_text(const struct pier_socket *socket, char *text, size_t size)
{
	char name[IF_NAMESIZE];

	if (socket->interface == 0)
		info_put_none(text, size);
	else if (if_indextoname(socket->interface, name) == NULL)
		info_put_number(text, size, socket->interface);
	else
		snprintf(text, size, "%s", name);
}

static void
congestion_text(const struct pier_socket *socket, char *text, size_t size)
{
	snprintf(text, size, "%s",
		socket->congestion[0] == '\0' ? "-" : socket->congestion);
}

static void
timer_text(const struct pier_socket *socket, char *text, size_t size)
{
	static const char *const names[] = { "-", "retransmit", "keepalive",
		"time-wait", "probe" };
	char left[CLI_VALUE_TEXT];

	if (socket->timer == PIER_TIMER_NONE ||
		socket->timer > PIER_TIMER_PROBE) {
		info_put_none(text, size);
		return;
	}
	cli_format_limit(
		socket->timer_ms * INT64_C(1000000), left, sizeof(left));
	snprintf(text, size, "%s:%s:%u", names[socket->timer], left,
		socket->timer_retransmits);
}

/* Of a listening socket: connections that wait, and how many may. */
static void
accept_text(const struct pier_socket *socket, char *text, size_t size)
{
	if (socket->state != PIER_TCP_LISTEN)
		info_put_none(text, size);
	else
		snprintf(text, size, "%u/%u%s", socket->recv_queue,
			socket->send_queue,
			socket->recv_queue > socket->send_queue ? " full" : "");
}

/* "nginx:17, nginx:18", and how many more there are. */
static void
process_text(const struct pier_socket *socket, char *text, size_t size)
{
	size_t i, len = 0;

	if (socket->owner_count == 0)
		info_put_none(text, size);
	for (i = 0; i < socket->owner_count; i++) {
		const struct pier_socket_owner *owner = &socket->owners[i];

		/* One process that holds it twice is one. */
		if (i > 0 && owner->pid == socket->owners[i - 1].pid)
			continue;
		if (len + 64 > size) {
			snprintf(text + len, size - len, ", and more");
			return;
		}
		len += (size_t)snprintf(text + len, size - len, "%s%s:%d",
			len > 0 ? "," : "", owner->command, owner->pid);
	}
}

/* The same without numbers, each name once: for groups. */
static void
command_text(const struct pier_socket *socket, char *text, size_t size)
{
	size_t i, k, len = 0;

	if (socket->owner_count == 0)
		info_put_none(text, size);
	for (i = 0; i < socket->owner_count; i++) {
		const char *command = socket->owners[i].command;

		for (k = 0; k < i; k++)
			if (strcmp(socket->owners[k].command, command) == 0)
				break;
		if (k == i && len + 32 < size)
			len += (size_t)snprintf(text + len, size - len, "%s%s",
				len > 0 ? "," : "", command);
	}
}

static void
limit_text(const struct pier_socket *socket, char *text, size_t size)
{
	struct pier_tcp_flow flow;

	if (socket->info == NULL || socket->state == PIER_TCP_LISTEN ||
		pier_tcp_flow(&flow, NULL, socket->info, 0) < 0)
		info_put_none(text, size);
	else
		snprintf(text, size, "%s", pier_tcp_limit_name(flow.limit));
}

static void
loss_text(const struct pier_socket *socket, char *text, size_t size)
{
	struct pier_tcp_flow flow;

	if (socket->info == NULL ||
		pier_tcp_flow(&flow, NULL, socket->info, 0) < 0)
		info_put_none(text, size);
	else
		snprintf(text, size, "%u.%02u%%", flow.loss_ppm / 10000,
			flow.loss_ppm / 100 % 100);
}

static uint64_t
loss_number(const struct pier_socket *socket)
{
	struct pier_tcp_flow flow = { .loss_ppm = 0 };

	if (socket->info != NULL)
		(void)pier_tcp_flow(&flow, NULL, socket->info, 0);
	return flow.loss_ppm;
}

static void
queue_text(const struct pier_socket *socket, char *text, size_t size)
{
	struct pier_tcp_flow flow;

	if (socket->info == NULL ||
		pier_tcp_flow(&flow, NULL, socket->info, 0) < 0)
		info_put_none(text, size);
	else
		cli_format_limit(flow.queue_us * INT64_C(1000), text, size);
}

static uint64_t
queue_number(const struct pier_socket *socket)
{
	struct pier_tcp_flow flow = { .queue_us = 0 };

	if (socket->info != NULL)
		(void)pier_tcp_flow(&flow, NULL, socket->info, 0);
	return flow.queue_us;
}

/* A socket itself does not tell: see info_table_seen(). */
static void
seen_text(const struct pier_socket *socket, char *text, size_t size)
{
	(void)socket;
	info_put_none(text, size);
}

const struct info_column info_cells[] = {
	{ "proto", false, kind_text, NULL, NULL },
	{ "state", false, state_text, NULL, NULL },
	{ "recv-queue", true, NULL, recv_number, NULL, true },
	{ "send-queue", true, NULL, send_number, NULL, true },
	{ "local", false, local_text, NULL, NULL },
	{ "peer", false, peer_text, NULL, NULL },
	{ "src", false, src_text, NULL, NULL },
	{ "sport", true, sport_text, sport_number, NULL },
	{ "dst", false, dst_text, NULL, NULL },
	{ "dport", true, dport_text, dport_number, NULL },
	{ "process", false, process_text, NULL, NULL },
	{ "command", false, command_text, NULL, NULL },
	{ "user", false, user_text, NULL, NULL },
	{ "uid", true, NULL, uid_number, NULL },
	{ "accept", true, accept_text, recv_number, NULL },
	{ "limit", false, limit_text, NULL, NULL },
	{ "loss", true, loss_text, loss_number, NULL },
	{ "queueing", true, queue_text, queue_number, NULL },
	{ "timer", false, timer_text, timer_number, NULL },
	{ "congestion", false, congestion_text, NULL, NULL },
	{ "dev", false, interface_text, NULL, NULL },
	{ "inode", true, NULL, inode_number, NULL },
	{ "cookie", true, NULL, cookie_number, NULL },
	{ "cgroup", false, cgroup_text, NULL, NULL },
	{ "ulp", false, ulp_text, NULL, NULL },
	{ "token", false, token_text, NULL, NULL },
	{ "subflows", true, subflows_text, subflows_number, NULL },
	{ "mark", true, NULL, mark_number, NULL },
	{ "rmem", true, NULL, rmem_number, NULL, true },
	{ "rcvbuf", true, NULL, rcvbuf_number, NULL, true },
	{ "wmem", true, NULL, wmem_number, NULL, true },
	{ "sndbuf", true, NULL, sndbuf_number, NULL, true },
	{ "drops", true, NULL, drops_number, NULL, true },
	{ "seen", true, seen_text, NULL, NULL, .watched = true },
};

const size_t info_cell_count = sizeof(info_cells) / sizeof(info_cells[0]);
