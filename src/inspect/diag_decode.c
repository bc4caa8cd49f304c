/* SPDX-License-Identifier: MIT */
/* inspect/diag_decode.c - answers of sock_diag(7): a body of a fixed form for
   each family, and attributes behind it. */
#include "inspect/diag.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "inspect/tcp_info.h"

/* struct inet_diag_msg; behind it attributes, by their numbers. */
enum {
	INET_INFO = 2,
	INET_CONG = 4,
	INET_TOS = 5,
	INET_TCLASS = 6,
	INET_SKMEMINFO = 7,
	INET_SHUTDOWN = 8,
	INET_V6ONLY = 11,
	INET_MARK = 15,
	INET_ULP = 19,
	INET_CGROUP = 21
};

enum {
	UNIX_NAME = 0,
	UNIX_PEER = 2,
	UNIX_QUEUES = 4,
	UNIX_MEMINFO = 5,
	UNIX_SHUTDOWN = 6,
	UNIX_UID = 7
};
#define UNIX_BODY 16

enum {
	PACKET_INFO = 0,
	PACKET_UID = 5,
	PACKET_MEMINFO = 6
};
#define PACKET_BODY 16

#define NETLINK_BODY    28
#define NETLINK_MEMINFO 0

#define VSOCK_BODY 32

static void
take_memory(struct pier_socket *socket, struct pier__bytes body)
{
	struct pier_socket_memory *memory = &socket->memory;

	*memory = (struct pier_socket_memory){
		.rmem = pier__nl_u32(body, 0),
		.rcvbuf = pier__nl_u32(body, 4),
		.wmem = pier__nl_u32(body, 8),
		.sndbuf = pier__nl_u32(body, 12),
		.forward = pier__nl_u32(body, 16),
		.queued = pier__nl_u32(body, 20),
		.option = pier__nl_u32(body, 24),
		.backlog = pier__nl_u32(body, 28),
		.drops = pier__nl_u32(body, 32),
	};
	socket->have |= PIER_SOCKET_HAS_MEMORY;
}

static uint64_t
cookie_at(struct pier__bytes body, size_t offset)
{
	return pier__nl_u32(body, offset) |
	       (uint64_t)pier__nl_u32(body, offset + 4) << 32;
}

static void
take_address(struct pier_addr *addr, const struct pier_socket *socket,
	struct pier__bytes body, size_t port_at, size_t addr_at)
{
	uint16_t port;

	memcpy(&port, body.at + port_at, sizeof(port));
	/* What a raw socket has in its place is its protocol. */
	if (socket->kind == PIER_SOCKET_RAW)
		port = 0;
	if (socket->family == AF_INET6) {
		addr->u.in6.sin6_family = AF_INET6;
		addr->u.in6.sin6_port = port;
		memcpy(&addr->u.in6.sin6_addr, body.at + addr_at, 16);
		addr->len = sizeof(addr->u.in6);
		if (IN6_IS_ADDR_LINKLOCAL(&addr->u.in6.sin6_addr))
			addr->u.in6.sin6_scope_id = socket->interface;
	} else {
		addr->u.in.sin_family = AF_INET;
		addr->u.in.sin_port = port;
		memcpy(&addr->u.in.sin_addr, body.at + addr_at, 4);
		addr->len = sizeof(addr->u.in);
	}
}

static void
take_congestion(struct pier_socket *socket, struct pier__bytes body)
{
	size_t len = body.len < sizeof(socket->congestion) - 1
			     ? body.len
			     : sizeof(socket->congestion) - 1;

	memcpy(socket->congestion, body.at, len);
	socket->congestion[len] = '\0';
}

static void
take_info(struct pier__diag *out, struct pier__bytes body)
{
	if (out->socket.kind == PIER_SOCKET_MPTCP && body.len > 0) {
		pier__diag_mptcp_info(&out->mptcp, body);
		out->socket.mptcp = &out->mptcp;
	}
	if (out->socket.kind != PIER_SOCKET_TCP)
		return;
	pier__tcp_info_decode(&out->info, body.at, body.len);
	out->socket.info = &out->info;
}

/* One number each; all others are strings or structures that grow. */
static const enum mnl_attr_data_type inet_types[INET_CGROUP + 1] = {
	[INET_TOS] = MNL_TYPE_U8,
	[INET_TCLASS] = MNL_TYPE_U8,
	[INET_SHUTDOWN] = MNL_TYPE_U8,
	[INET_V6ONLY] = MNL_TYPE_U8,
	[INET_MARK] = MNL_TYPE_U32,
	[INET_CGROUP] = MNL_TYPE_U64,
};

static void
take_inet(struct pier__diag *out, const struct nlattr *attribute)
{
	struct pier_socket *socket = &out->socket;
	struct pier__bytes value = pier__nl_value(attribute);
	uint16_t type = mnl_attr_get_type(attribute);

	if (type > INET_CGROUP ||
		mnl_attr_validate(attribute, inet_types[type]) < 0)
		return;
	switch (type) {
	case INET_INFO:
		take_info(out, value);
		break;
	case INET_CONG:
		take_congestion(socket, value);
		break;
	case INET_TOS:
		socket->tos = mnl_attr_get_u8(attribute);
		socket->have |= PIER_SOCKET_HAS_TOS;
		break;
	case INET_TCLASS:
		socket->tclass = mnl_attr_get_u8(attribute);
		socket->have |= PIER_SOCKET_HAS_TCLASS;
		break;
	case INET_SKMEMINFO:
		take_memory(socket, value);
		break;
	case INET_SHUTDOWN:
		socket->shutdown = mnl_attr_get_u8(attribute) & 3;
		socket->have |= PIER_SOCKET_HAS_SHUTDOWN;
		break;
	case INET_V6ONLY:
		socket->v6only = mnl_attr_get_u8(attribute) != 0;
		socket->have |= PIER_SOCKET_HAS_V6ONLY;
		break;
	case INET_MARK:
		socket->mark = mnl_attr_get_u32(attribute);
		socket->have |= PIER_SOCKET_HAS_MARK;
		break;
	case INET_ULP:
		pier__diag_ulp(socket, value);
		break;
	case INET_CGROUP:
		socket->cgroup = mnl_attr_get_u64(attribute);
		socket->have |= PIER_SOCKET_HAS_CGROUP;
		break;
	default:
		break;
	}
}

static const enum mnl_attr_data_type unix_types[UNIX_UID + 1] = {
	[UNIX_PEER] = MNL_TYPE_U32,
	[UNIX_SHUTDOWN] = MNL_TYPE_U8,
	[UNIX_UID] = MNL_TYPE_U32,
};

static void
take_unix(struct pier__diag *out, const struct nlattr *attribute)
{
	struct pier_socket *socket = &out->socket;
	struct pier__bytes value = pier__nl_value(attribute);
	uint16_t type = mnl_attr_get_type(attribute);

	if (type > UNIX_UID ||
		mnl_attr_validate(attribute, unix_types[type]) < 0)
		return;
	switch (type) {
	case UNIX_NAME:
		if (value.len > sizeof(socket->local.u.un.sun_path))
			break;
		memcpy(socket->local.u.un.sun_path, value.at, value.len);
		socket->local.len =
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				    value.len);
		break;
	case UNIX_PEER:
		socket->peer_inode = mnl_attr_get_u32(attribute);
		socket->have |= PIER_SOCKET_HAS_PEER_INODE;
		break;
	case UNIX_QUEUES:
		socket->recv_queue = pier__nl_u32(value, 0);
		socket->send_queue = pier__nl_u32(value, 4);
		socket->have |= PIER_SOCKET_HAS_QUEUES;
		break;
	case UNIX_MEMINFO:
		take_memory(socket, value);
		break;
	case UNIX_SHUTDOWN:
		socket->shutdown = mnl_attr_get_u8(attribute) & 3;
		socket->have |= PIER_SOCKET_HAS_SHUTDOWN;
		break;
	case UNIX_UID:
		socket->uid = mnl_attr_get_u32(attribute);
		socket->have |= PIER_SOCKET_HAS_UID;
		break;
	default:
		break;
	}
}

static void
take_packet(struct pier__diag *out, const struct nlattr *attribute)
{
	struct pier_socket *socket = &out->socket;
	struct pier__bytes value = pier__nl_value(attribute);

	switch (mnl_attr_get_type(attribute)) {
	case PACKET_INFO:
		socket->interface = pier__nl_u32(value, 0);
		break;
	case PACKET_UID:
		if (mnl_attr_validate(attribute, MNL_TYPE_U32) < 0)
			break;
		socket->uid = mnl_attr_get_u32(attribute);
		socket->have |= PIER_SOCKET_HAS_UID;
		break;
	case PACKET_MEMINFO:
		take_memory(socket, value);
		break;
	default:
		break;
	}
}

static void
take_netlink(struct pier__diag *out, const struct nlattr *attribute)
{
	if (mnl_attr_get_type(attribute) == NETLINK_MEMINFO)
		take_memory(&out->socket, pier__nl_value(attribute));
}

static void
begin_inet(struct pier_socket *socket, struct pier__bytes body)
{
	uint8_t timer = pier__nl_u8(body, 2);

	socket->family = pier__nl_u8(body, 0) == AF_INET6 ? AF_INET6 : AF_INET;
	socket->state = pier__nl_u8(body, 1);
	socket->timer = timer <= PIER_TIMER_PROBE ? timer : PIER_TIMER_NONE;
	socket->timer_retransmits = pier__nl_u8(body, 3);
	if (socket->kind == PIER_SOCKET_RAW) {
		uint16_t number = pier__nl_u16(body, 4);

		socket->protocol = ntohs(number);
	}
	socket->interface = pier__nl_u32(body, 40);
	take_address(&socket->local, socket, body, 4, 8);
	take_address(&socket->peer, socket, body, 6, 24);
	socket->cookie = cookie_at(body, 44);
	socket->timer_ms = pier__nl_u32(body, 52);
	socket->recv_queue = pier__nl_u32(body, 56);
	socket->send_queue = pier__nl_u32(body, 60);
	socket->uid = pier__nl_u32(body, 64);
	socket->inode = pier__nl_u32(body, 68);
	socket->have |= PIER_SOCKET_HAS_QUEUES | PIER_SOCKET_HAS_UID |
			PIER_SOCKET_HAS_STATE | PIER_SOCKET_HAS_TIMER;
}

static void
begin_unix(struct pier_socket *socket, struct pier__bytes body)
{
	socket->family = AF_UNIX;
	socket->type = pier__nl_u8(body, 1);
	socket->state = pier__nl_u8(body, 2);
	socket->inode = pier__nl_u32(body, 4);
	socket->cookie = cookie_at(body, 8);
	socket->local.u.un.sun_family = AF_UNIX;
	socket->local.len = offsetof(struct sockaddr_un, sun_path);
	socket->have |= PIER_SOCKET_HAS_STATE;
}

static void
begin_packet(struct pier_socket *socket, struct pier__bytes body)
{
	socket->family = AF_PACKET;
	socket->type = pier__nl_u8(body, 1);
	socket->protocol = pier__nl_u16(body, 2);
	socket->inode = pier__nl_u32(body, 4);
	socket->cookie = cookie_at(body, 8);
	socket->state = PIER_TCP_CLOSE;
}

static void
begin_netlink(struct pier_socket *socket, struct pier__bytes body)
{
	socket->family = AF_NETLINK;
	socket->type = pier__nl_u8(body, 1);
	socket->protocol = pier__nl_u8(body, 2);
	socket->state = pier__nl_u8(body, 3) != 0 ? PIER_TCP_ESTABLISHED
						  : PIER_TCP_CLOSE;
	socket->port_id = pier__nl_u32(body, 4);
	socket->inode = pier__nl_u32(body, 16);
	socket->cookie = cookie_at(body, 20);
	socket->have |= PIER_SOCKET_HAS_STATE;
}

static void
begin_vsock(struct pier_socket *socket, struct pier__bytes body)
{
	struct pier_addr *addr = &socket->local;

	socket->family = PIER__FAMILY_VSOCK;
	socket->type = pier__nl_u8(body, 1);
	socket->state = pier__nl_u8(body, 2);
	socket->shutdown = pier__nl_u8(body, 3) & 3;
	for (size_t at = 4; at <= 12; at += 8, addr = &socket->peer) {
		addr->u.vm.family = PIER__FAMILY_VSOCK;
		addr->u.vm.cid = pier__nl_u32(body, at);
		addr->u.vm.port = pier__nl_u32(body, at + 4);
		addr->len = sizeof(addr->u.vm);
	}
	socket->inode = pier__nl_u32(body, 20);
	socket->cookie = cookie_at(body, 24);
	socket->have |= PIER_SOCKET_HAS_STATE | PIER_SOCKET_HAS_SHUTDOWN;
}

/* How an answer begins, and what to do with each attribute behind. */
struct shape {
	size_t len;
	void (*begin)(struct pier_socket *, struct pier__bytes);
	void (*take)(struct pier__diag *, const struct nlattr *);
};

static const struct shape *
shape_of(uint16_t family)
{
	static const struct shape inet = { PIER__DIAG_INET_BODY, begin_inet,
		take_inet };
	static const struct shape unix_ = { UNIX_BODY, begin_unix, take_unix };
	static const struct shape packet = { PACKET_BODY, begin_packet,
		take_packet };
	static const struct shape netlink = { NETLINK_BODY, begin_netlink,
		take_netlink };
	static const struct shape vsock = { VSOCK_BODY, begin_vsock, NULL };

	switch (family) {
	case 0:
		return &inet;
	case AF_UNIX:
		return &unix_;
	case AF_PACKET:
		return &packet;
	case AF_NETLINK:
		return &netlink;
	default:
		return &vsock;
	}
}

int
pier__diag_decode(
	struct pier__diag *out, uint32_t kind, struct pier__bytes body)
{
	const struct pier__diag_kind *found = pier__diag_kind(kind);
	const struct shape *shape = shape_of(found->family);
	const struct nlattr *attribute;
	struct pier__bytes rest;
	int rc;

	if (body.len < shape->len)
		return -EBADMSG;
	memset(&out->socket, 0, sizeof(out->socket));
	out->socket.kind = kind;
	out->socket.type = found->type;
	out->socket.protocol =
		kind == PIER_SOCKET_NETLINK ? 0 : found->protocol;
	shape->begin(&out->socket, body);
	rest = pier__nl_behind(body, shape->len);
	while (shape->take != NULL &&
		(rc = pier__nl_attribute(&rest, &attribute)) != 0) {
		if (rc < 0)
			return rc;
		shape->take(out, attribute);
	}
	return 0;
}
