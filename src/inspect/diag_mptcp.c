/* SPDX-License-Identifier: MIT */
/*
 * inspect/diag_mptcp.c - what sock_diag(7) tells of MPTCP: struct mptcp_info of
 * a connection, and of a path of one which connection that is.
 */
#include "inspect/diag.h"

#include <string.h>

/* struct mptcp_info: where each member stands. It grows at its end. */
enum {
	AT_SUBFLOWS = 0,
	AT_SIGNAL = 1,
	AT_ACCEPTED = 2,
	AT_SUBFLOWS_MAX = 3,
	AT_FLAGS = 8,
	AT_TOKEN = 12,
	AT_WRITE_SEQ = 16,
	AT_SND_UNA = 24,
	AT_RCV_NXT = 32,
	AT_LOCAL_USED = 40,
	AT_CHECKSUMS = 42,
	AT_RETRANSMITS = 44,
	AT_BYTES_RETRANS = 48,
	AT_BYTES_SENT = 56,
	AT_BYTES_RECEIVED = 64,
	AT_BYTES_ACKED = 72,
	AT_SUBFLOWS_TOTAL = 80,
	AT_LAST_SENT = 84,
	AT_LAST_RECV = 88,
	AT_LAST_ACK = 92
};

#define FLAG_FALLBACK   1
#define FLAG_REMOTE_KEY 2

/* Attributes within INET_DIAG_ULP_INFO, and within that of MPTCP. */
enum {
	ULP_NAME = 1,
	ULP_MPTCP = 3
};
#define SUBFLOW_TOKEN_LOCAL 2

void
pier__diag_mptcp_info(struct pier_mptcp_info *out, struct pier__bytes body)
{
	uint32_t flags = pier__nl_u32(body, AT_FLAGS);

	*out = (struct pier_mptcp_info){
		.token = pier__nl_u32(body, AT_TOKEN),
		.subflows = pier__nl_u8(body, AT_SUBFLOWS),
		.subflows_total = pier__nl_u8(body, AT_SUBFLOWS_TOTAL),
		.subflows_max = pier__nl_u8(body, AT_SUBFLOWS_MAX),
		.add_addr_signal = pier__nl_u8(body, AT_SIGNAL),
		.add_addr_accepted = pier__nl_u8(body, AT_ACCEPTED),
		.local_addr_used = pier__nl_u8(body, AT_LOCAL_USED),
		.fallback = (flags & FLAG_FALLBACK) != 0,
		.has_remote_key = (flags & FLAG_REMOTE_KEY) != 0,
		.checksums = pier__nl_u8(body, AT_CHECKSUMS) != 0,
		.retransmits = pier__nl_u32(body, AT_RETRANSMITS),
		.write_seq = pier__nl_u64(body, AT_WRITE_SEQ),
		.snd_una = pier__nl_u64(body, AT_SND_UNA),
		.rcv_nxt = pier__nl_u64(body, AT_RCV_NXT),
		.bytes_sent = pier__nl_u64(body, AT_BYTES_SENT),
		.bytes_retrans = pier__nl_u64(body, AT_BYTES_RETRANS),
		.bytes_acked = pier__nl_u64(body, AT_BYTES_ACKED),
		.bytes_received = pier__nl_u64(body, AT_BYTES_RECEIVED),
		.last_data_sent_ms = pier__nl_u32(body, AT_LAST_SENT),
		.last_data_recv_ms = pier__nl_u32(body, AT_LAST_RECV),
		.last_ack_recv_ms = pier__nl_u32(body, AT_LAST_ACK),
	};
}

static void
take_subflow(struct pier_socket *socket, struct pier__bytes body)
{
	const struct nlattr *attribute;

	while (pier__nl_attribute(&body, &attribute) > 0)
		if (mnl_attr_get_type(attribute) == SUBFLOW_TOKEN_LOCAL &&
			mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
			socket->mptcp_token = mnl_attr_get_u32(attribute);
}

void
pier__diag_ulp(struct pier_socket *socket, struct pier__bytes body)
{
	const struct nlattr *attribute;

	while (pier__nl_attribute(&body, &attribute) > 0) {
		struct pier__bytes value = pier__nl_value(attribute);
		size_t len = value.len < sizeof(socket->ulp) - 1
				     ? value.len
				     : sizeof(socket->ulp) - 1;

		if (mnl_attr_get_type(attribute) == ULP_MPTCP)
			take_subflow(socket, value);
		if (mnl_attr_get_type(attribute) != ULP_NAME)
			continue;
		memcpy(socket->ulp, value.at, len);
		socket->ulp[len] = '\0';
	}
}
