/* SPDX-License-Identifier: MIT */
/*
 * What can stand in a column of pier info. Times and sizes are written as a
 * filter takes them.
 */
#include "info.h"

#include "base/near.h"
#include "values.h"

#include <inttypes.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A row has dozens of them, and printf() is half of what it costs. */
static void
put_number(char *text, size_t size, uint64_t number)
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

static void
put_none(char *text, size_t size)
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
		put_none(text, size);
	else
		(void)pier_addr_format(&socket->peer, text, size);
}

/* Addresses and ports alone. */
static void
host_text(const struct pier_addr *addr, char *text, size_t size)
{
	if (addr->len == 0 || pier_addr_port(addr) < 0)
		put_none(text, size);
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
		put_none(text, size);
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
		put_none(text, size);
	else
		put_number(text, size, port);
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
		put_none(text, size);
	else if (socket->cgroup_path == NULL)
		put_number(text, size, socket->cgroup);
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
		put_none(text, size);
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
		put_none(text, size);
	else
		put_number(text, size, socket->mptcp->subflows);
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
		put_none(text, size);
		return;
	}
	entry = getpwuid(socket->uid);
	if (entry == NULL)
		put_number(text, size, socket->uid);
	else
		snprintf(text, size, "%s", entry->pw_name);
}

static void
interface_text(const struct pier_socket *socket, char *text, size_t size)
{
	char name[IF_NAMESIZE];

	if (socket->interface == 0)
		put_none(text, size);
	else if (if_indextoname(socket->interface, name) == NULL)
		put_number(text, size, socket->interface);
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
		put_none(text, size);
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
		put_none(text, size);
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
		put_none(text, size);
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
		put_none(text, size);
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
		put_none(text, size);
	else
		snprintf(text, size, "%s", pier_tcp_limit_name(flow.limit));
}

static void
loss_text(const struct pier_socket *socket, char *text, size_t size)
{
	struct pier_tcp_flow flow;

	if (socket->info == NULL ||
		pier_tcp_flow(&flow, NULL, socket->info, 0) < 0)
		put_none(text, size);
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
		put_none(text, size);
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
	put_none(text, size);
}

static const struct info_column columns[] = {
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

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

const char *
info_column_name(size_t i)
{
	const struct pier_tcp_field *field;

	if (i < COLUMN_COUNT)
		return columns[i].name;
	field = pier_tcp_field_at(i - COLUMN_COUNT);
	return field == NULL ? NULL : field->name;
}

/* As filters call the fields that are asked for most. */
static const char *
full_name(const char *name)
{
	static const char *const others[][2] = { { "cwnd", "snd_cwnd" },
		{ "ssthresh", "snd_ssthresh" }, { "mss", "snd_mss" },
		{ "minrtt", "min_rtt" }, { "retrans", "retransmits" },
		{ "notsent", "notsent_bytes" } };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(name, others[i][0]) == 0)
			return others[i][1];
	}
	return name;
}

int
info_column_find(struct info_column *out, const char *name, size_t len,
	const char **near)
{
	const struct pier_tcp_field *field;
	struct pier__near nearest;
	char word[PIER__NEAR_MAX + 1];
	size_t i;

	*near = NULL;
	if (len >= sizeof(word))
		return -1;
	memcpy(word, name, len);
	word[len] = '\0';
	for (i = 0; i < COLUMN_COUNT; i++) {
		if (strcasecmp(columns[i].name, word) == 0) {
			*out = columns[i];
			return 0;
		}
	}
	for (i = 0; (field = pier_tcp_field_at(i)) != NULL; i++) {
		if (strcasecmp(field->name, full_name(word)) == 0) {
			*out = (struct info_column){ .name = field->name,
				.right = true,
				.field = field };
			return 0;
		}
	}
	pier__near_start(&nearest, word);
	for (i = 0; info_column_name(i) != NULL; i++)
		pier__near_try(&nearest, info_column_name(i));
	*near = nearest.best;
	return -1;
}

/* Is there a value, and not the largest number in its place? */
static bool
is_given(const struct pier_tcp_field *field, const struct pier_tcp_info *info,
	uint64_t *value)
{
	if (info == NULL || (info->have & field->have) == 0)
		return false;
	*value = pier_tcp_field_value(field, info);
	/* A threshold before the first loss, a rate without a limit, the least
	   of no round trips. */
	return !(field->size == 8 && *value == UINT64_MAX) &&
	       !(field->size == 4 && *value >= INT32_MAX);
}

static void
field_text(const struct pier_tcp_field *field, uint64_t value, char *text,
	size_t size)
{
	int64_t scale = field->unit == PIER_UNIT_MS ? INT64_C(1000000) : 1000;
	char bytes[CLI_VALUE_TEXT];

	/* No nine decimals of it: a listener that closed has no state of its
	   own any more, and its times are 0. */
	if (value == 0 &&
		(field->unit == PIER_UNIT_MS || field->unit == PIER_UNIT_US)) {
		put_number(text, size, 0);
	} else if (field->unit == PIER_UNIT_MS || field->unit == PIER_UNIT_US) {
		if (value > (uint64_t)(INT64_MAX / scale))
			value = (uint64_t)(INT64_MAX / scale);
		cli_format_limit((int64_t)value * scale, text, size);
	} else if (field->unit == PIER_UNIT_RATE) {
		cli_format_bytes(value, bytes, sizeof(bytes));
		snprintf(text, size, "%s/s", bytes);
	} else {
		put_number(text, size, value);
	}
}

void
info_column_text(const struct info_column *column,
	const struct pier_socket *socket, char *text, size_t size)
{
	uint64_t value;

	if (column->text != NULL)
		column->text(socket, text, size);
	else if (column->field == NULL)
		put_number(text, size, column->number(socket));
	else if (is_given(column->field, socket->info, &value) &&
		 socket->state != PIER_TCP_LISTEN)
		field_text(column->field, value, text, size);
	else
		put_none(text, size);
}

bool
info_column_number(const struct info_column *column,
	const struct pier_socket *socket, uint64_t *number)
{
	if (column->field != NULL) {
		if (!is_given(column->field, socket->info, number))
			*number = 0;
		return true;
	}
	if (column->number != NULL)
		*number = column->number(socket);
	return column->number != NULL;
}

bool
info_column_given(const struct info_column *column,
	const struct pier_socket *socket, uint64_t *number)
{
	if (column->field != NULL)
		return socket->state != PIER_TCP_LISTEN &&
		       is_given(column->field, socket->info, number);
	if (!column->adds)
		return false;
	*number = column->number(socket);
	return true;
}

void
info_column_value(const struct info_column *column, uint64_t number, char *text,
	size_t size)
{
	if (column->field != NULL)
		field_text(column->field, number, text, size);
	else
		put_number(text, size, number);
}

static size_t
mptcp_details(const struct pier_mptcp_info *info, char *text, size_t size)
{
	int len = snprintf(text, size,
		"token %08" PRIx32 ", subflows %u of %u%s%s, bytes_sent "
		"%" PRIu64 ", bytes_acked %" PRIu64 ", bytes_received %" PRIu64
		", bytes_retrans %" PRIu64 ", retransmits %u",
		info->token, info->subflows, info->subflows_max,
		info->fallback ? ", fallback to TCP" : "",
		info->checksums ? ", checksums" : "", info->bytes_sent,
		info->bytes_acked, info->bytes_received, info->bytes_retrans,
		info->retransmits);

	return len > 0 && (size_t)len < size ? (size_t)len : 0;
}

void
info_details(const struct pier_socket *socket, char *text, size_t size)
{
	const struct pier_tcp_field *field;
	char value_text[64], *end;
	uint64_t value;
	size_t i, len = 0;

	text[0] = '\0';
	/* The kernel keeps its queue where others have their packets. */
	if (socket->state == PIER_TCP_LISTEN) {
		snprintf(text, size, "accept queue %u of %u",
			socket->recv_queue, socket->send_queue);
		return;
	}
	if (socket->mptcp != NULL)
		len = mptcp_details(socket->mptcp, text, size);
	for (i = 1; (field = pier_tcp_field_at(i)) != NULL; i++) {
		if (!is_given(field, socket->info, &value) || value == 0 ||
			len + 96 > size)
			continue;
		field_text(field, value, value_text, sizeof(value_text));
		end = stpcpy(text + len, len > 0 ? ", " : "");
		end = stpcpy(stpcpy(end, field->name), " ");
		len = (size_t)(stpcpy(end, value_text) - text);
	}
}
