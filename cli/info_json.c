/* SPDX-License-Identifier: MIT */
/* A socket as an event. Durations are in seconds, all else as the kernel
   counts it; what the kernel did not give has no key. */
#include "info.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static void
add_address(
	struct cli_lines *event, const char *key, const struct pier_addr *addr)
{
	char text[PIER_ADDR_TEXT_MAX];

	if (addr->len > 0 && pier_addr_format(addr, text, sizeof(text)) >= 0)
		cli_lines_text(event, key, text);
}

static void
add_owners(struct cli_lines *event, const struct pier_socket *socket)
{
	cli_lines_open(event, "owners", '[');
	for (size_t i = 0; i < socket->owner_count; i++) {
		const struct pier_socket_owner *owner = &socket->owners[i];

		cli_lines_open(event, NULL, '{');
		cli_lines_number(event, "pid", owner->pid);
		cli_lines_number(event, "fd", owner->fd);
		cli_lines_bytes(event, "command", owner->command,
			strlen(owner->command));
		cli_lines_close(event, '}');
	}
	cli_lines_close(event, ']');
}

static void
add_memory(struct cli_lines *event, const struct pier_socket_memory *memory)
{
	cli_lines_open(event, "memory", '{');
	cli_lines_number(event, "rmem", memory->rmem);
	cli_lines_number(event, "rcvbuf", memory->rcvbuf);
	cli_lines_number(event, "wmem", memory->wmem);
	cli_lines_number(event, "sndbuf", memory->sndbuf);
	cli_lines_number(event, "forward", memory->forward);
	cli_lines_number(event, "queued", memory->queued);
	cli_lines_number(event, "option", memory->option);
	cli_lines_number(event, "backlog", memory->backlog);
	cli_lines_number(event, "drops", memory->drops);
	cli_lines_close(event, '}');
}

static void
add_field(struct cli_lines *event, const struct pier_tcp_field *field,
	uint64_t value)
{
	bool is_time =
		field->unit == PIER_UNIT_US || field->unit == PIER_UNIT_MS;
	int64_t scale = field->unit == PIER_UNIT_MS ? 1000000 : 1000;
	char key[64];

	/* All ones: there is no such value. */
	if (value > INT64_MAX / (is_time ? (uint64_t)scale : 1) ||
		(field->size == 4 && value == UINT32_MAX))
		return;
	if (!is_time) {
		cli_lines_number(event, field->name, (int64_t)value);
		return;
	}
	assert(strlen(field->name) + sizeof("_s") <= sizeof(key));
	(void)stpcpy(stpcpy(key, field->name), "_s");
	cli_lines_seconds(event, key, (int64_t)value * scale);
}

/* "recv-queue" is recv_queue here. */
void
info_column_event(struct cli_lines *event, const struct info_column *column,
	uint64_t number)
{
	char key[64];
	size_t i;

	if (column->field != NULL) {
		add_field(event, column->field, number);
		return;
	}
	for (i = 0; i < sizeof(key) - 1 && column->name[i] != '\0'; i++)
		key[i] = column->name[i] == '-' ? '_' : column->name[i];
	key[i] = '\0';
	cli_lines_number(event, key, (int64_t)number);
}

static void
add_mptcp(struct cli_lines *event, const struct pier_mptcp_info *info)
{
	char token[16];

	snprintf(token, sizeof(token), "%08" PRIx32, info->token);
	cli_lines_open(event, "mptcp", '{');
	cli_lines_text(event, "token", token);
	cli_lines_number(event, "subflows", info->subflows);
	cli_lines_number(event, "subflows_total", info->subflows_total);
	cli_lines_number(event, "subflows_max", info->subflows_max);
	cli_lines_number(event, "add_addr_signal", info->add_addr_signal);
	cli_lines_number(event, "add_addr_accepted", info->add_addr_accepted);
	cli_lines_flag(event, "fallback", info->fallback != 0);
	cli_lines_flag(event, "checksums", info->checksums != 0);
	cli_lines_number(event, "retransmits", info->retransmits);
	cli_lines_number(event, "bytes_sent", (int64_t)info->bytes_sent);
	cli_lines_number(event, "bytes_retrans", (int64_t)info->bytes_retrans);
	cli_lines_number(event, "bytes_acked", (int64_t)info->bytes_acked);
	cli_lines_number(
		event, "bytes_received", (int64_t)info->bytes_received);
	cli_lines_close(event, '}');
}

static void
add_layers(struct cli_lines *event, const struct pier_socket *socket)
{
	char token[16];

	if (socket->ulp[0] != '\0')
		cli_lines_text(event, "ulp", socket->ulp);
	if (socket->mptcp != NULL)
		add_mptcp(event, socket->mptcp);
	if (socket->mptcp_token == 0)
		return;
	snprintf(token, sizeof(token), "%08" PRIx32, socket->mptcp_token);
	cli_lines_text(event, "mptcp_token", token);
}

static void
add_flow(struct cli_lines *event, const struct pier_tcp_info *info)
{
	struct pier_tcp_flow flow;

	if (pier_tcp_flow(&flow, NULL, info, 0) < 0)
		return;
	cli_lines_text(event, "limit", pier_tcp_limit_name(flow.limit));
	cli_lines_seconds(event, "queueing_s", flow.queue_us * INT64_C(1000));
	cli_lines_open(event, "shares", '{');
	for (unsigned int i = 0; i < PIER_LIMIT_COUNT; i++)
		cli_lines_share(
			event, pier_tcp_limit_name(i), flow.share_ppm[i]);
	cli_lines_close(event, '}');
	cli_lines_share(event, "loss", flow.loss_ppm);
}

static void
add_tcp(struct cli_lines *event, const struct pier_tcp_info *info)
{
	const struct pier_tcp_field *field;

	cli_lines_open(event, "tcp", '{');
	/* The first one is the state, which stands above. */
	for (size_t i = 1; (field = pier_tcp_field_at(i)) != NULL; i++) {
		if ((info->have & field->have) != 0)
			add_field(event, field,
				pier_tcp_field_value(field, info));
	}
	add_flow(event, info);
	cli_lines_close(event, '}');
}

static void
add_timer(struct cli_lines *event, const struct pier_socket *socket)
{
	static const char *const names[] = { "none", "retransmit", "keepalive",
		"time-wait", "probe" };

	if (socket->timer == PIER_TIMER_NONE ||
		socket->timer > PIER_TIMER_PROBE)
		return;
	cli_lines_text(event, "timer", names[socket->timer]);
	cli_lines_seconds(
		event, "timer_s", socket->timer_ms * INT64_C(1000000));
	cli_lines_number(event, "timer_retransmits", socket->timer_retransmits);
}

static void
add_rest(struct cli_lines *event, const struct pier_socket *socket)
{
	if (socket->kind == PIER_SOCKET_NETLINK)
		cli_lines_number(event, "port_id", socket->port_id);
	if (socket->type == SOCK_RAW && socket->protocol != 0)
		cli_lines_number(event, "protocol", socket->protocol);
	if (socket->interface != 0)
		cli_lines_number(event, "interface", socket->interface);
	if ((socket->have & PIER_SOCKET_HAS_TOS) != 0)
		cli_lines_number(event, "tos", socket->tos);
	if ((socket->have & PIER_SOCKET_HAS_TCLASS) != 0)
		cli_lines_number(event, "tclass", socket->tclass);
	if ((socket->have & PIER_SOCKET_HAS_V6ONLY) != 0)
		cli_lines_flag(event, "v6only", socket->v6only != 0);
	if ((socket->have & PIER_SOCKET_HAS_MARK) != 0)
		cli_lines_number(event, "mark", socket->mark);
	if ((socket->have & PIER_SOCKET_HAS_CGROUP) != 0)
		cli_lines_number(event, "cgroup", (int64_t)socket->cgroup);
	if (socket->cgroup_path != NULL)
		cli_lines_bytes(event, "cgroup_path", socket->cgroup_path,
			strlen(socket->cgroup_path));
	add_layers(event, socket);
	if ((socket->have & PIER_SOCKET_HAS_SHUTDOWN) != 0)
		cli_lines_number(event, "shutdown", socket->shutdown);
	if (socket->congestion[0] != '\0')
		cli_lines_bytes(event, "congestion", socket->congestion,
			strlen(socket->congestion));
}

void
info_event(struct cli_lines *event, const char *type,
	const struct pier_socket *socket)
{
	cli_lines_event(event, type);
	cli_lines_text(event, "proto", pier_socket_kind_name(socket->kind));
	if ((socket->have & PIER_SOCKET_HAS_STATE) != 0)
		cli_lines_text(event, "state", info_state(socket));
	add_address(event, "local", &socket->local);
	if (socket->peer.len > 0 && pier_addr_port(&socket->peer) != 0)
		add_address(event, "peer", &socket->peer);
	if ((socket->have & PIER_SOCKET_HAS_PEER_INODE) != 0)
		cli_lines_number(
			event, "peer_inode", (int64_t)socket->peer_inode);
	cli_lines_number(event, "inode", (int64_t)socket->inode);
	cli_lines_number(event, "cookie", (int64_t)socket->cookie);
	if ((socket->have & PIER_SOCKET_HAS_UID) != 0)
		cli_lines_number(event, "uid", socket->uid);
	if ((socket->have & PIER_SOCKET_HAS_QUEUES) != 0) {
		cli_lines_number(event, "recv_queue", socket->recv_queue);
		cli_lines_number(event, "send_queue", socket->send_queue);
	}
	add_timer(event, socket);
	add_rest(event, socket);
	if ((socket->have & PIER_SOCKET_HAS_MEMORY) != 0)
		add_memory(event, &socket->memory);
	if (socket->info != NULL)
		add_tcp(event, socket->info);
	if (socket->owner_count > 0)
		add_owners(event, socket);
}
