/* SPDX-License-Identifier: MIT */
/* inspect/diag.c - the kinds of sockets, and how they are asked for. */
#include "inspect/diag.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define SOCK_DIAG_BY_FAMILY 20

/* Older headers lack them. */
#define PROTOCOL_UDPLITE 136
#define PROTOCOL_MPTCP   262

/* What the attributes above are asked for by; those from PROTOCOL on come
   unasked. */
#define INET_EXTENSIONS 0xfa

enum {
	INET_REQ_BYTECODE = 1,
	INET_REQ_PROTOCOL = 3
};

/* What else is told, of the kinds that have no extensions: names, peers,
   queues, memory and users. */
#define UNIX_SHOW             0x75
#define PACKET_SHOW           0x11
#define NETLINK_SHOW          0x01
#define NETLINK_ALL_PROTOCOLS 255

/* In the order of their bits. */
static const struct pier__diag_kind kinds[] = {
	{ 0, IPPROTO_TCP, SOCK_STREAM, "tcp" },
	{ 0, IPPROTO_UDP, SOCK_DGRAM, "udp" },
	{ 0, PROTOCOL_UDPLITE, SOCK_DGRAM, "udplite" },
	{ 0, IPPROTO_RAW, SOCK_RAW, "raw" },
	{ 0, PROTOCOL_MPTCP, SOCK_STREAM, "mptcp" },
	{ AF_UNIX, 0, 0, "unix" },
	{ AF_PACKET, 0, 0, "packet" },
	{ AF_NETLINK, NETLINK_ALL_PROTOCOLS, 0, "netlink" },
	{ PIER__FAMILY_VSOCK, 0, 0, "vsock" },
};

const struct pier__diag_kind *
pier__diag_kind(uint32_t kind)
{
	return &kinds[__builtin_ctz(kind)];
}

uint32_t
pier__diag_kind_of(int family, int type, int protocol)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct pier__diag_kind *kind = &kinds[i];

		if (kind->family != 0 && kind->family == family)
			return 1U << i;
		if (kind->family == 0 &&
			(family == AF_INET || family == AF_INET6) &&
			type == kind->type &&
			(type == SOCK_RAW || protocol == kind->protocol))
			return 1U << i;
	}
	return 0;
}

const char *
pier_socket_kind_name(uint32_t kind)
{
	/* One bit, and one of ours. */
	if (kind == 0 || kind > PIER_SOCKET_ALL || (kind & (kind - 1)) != 0)
		return NULL;
	return pier__diag_kind(kind)->name;
}

bool
pier__diag_is_inet(uint32_t kind)
{
	return pier__diag_kind(kind)->family == 0;
}

/* struct inet_diag_req_v2. */
static void
put_inet(union pier__nl_request *request, const struct pier__diag_kind *kind,
	const struct pier__diag_ask *ask)
{
	const uint8_t head[4] = { (uint8_t)ask->family, (uint8_t)kind->protocol,
		INET_EXTENSIONS, 0 };
	const uint32_t protocol = kind->protocol;
	static const uint32_t any_socket[12];

	pier__nl_put(request, head, sizeof(head));
	pier__nl_put(request, &ask->states, sizeof(ask->states));
	pier__nl_put(request, any_socket, sizeof(any_socket));
	/* Its number has more than eight bits. */
	if (kind->protocol > UINT8_MAX)
		pier__nl_put_attribute(request, INET_REQ_PROTOCOL, &protocol,
			sizeof(protocol));
	if (ask->code_len > 0)
		pier__nl_put_attribute(
			request, INET_REQ_BYTECODE, ask->code, ask->code_len);
}

void
pier__diag_request(
	union pier__nl_request *request, const struct pier__diag_ask *ask)
{
	const struct pier__diag_kind *kind = pier__diag_kind(ask->kind);
	const uint8_t head[4] = { (uint8_t)kind->family,
		(uint8_t)kind->protocol, 0, 0 };
	const uint32_t with_states[5] = { ask->states, 0, UNIX_SHOW, 0, 0 };
	const uint32_t without[4] = { 0,
		ask->kind == PIER_SOCKET_PACKET ? PACKET_SHOW : NETLINK_SHOW, 0,
		0 };

	pier__nl_begin(request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	if (kind->family == 0) {
		put_inet(request, kind, ask);
		return;
	}
	pier__nl_put(request, head, sizeof(head));
	if (ask->kind == PIER_SOCKET_UNIX || ask->kind == PIER_SOCKET_VSOCK)
		pier__nl_put(request, with_states, sizeof(with_states));
	else
		pier__nl_put(request, without, sizeof(without));
}
