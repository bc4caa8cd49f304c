/* SPDX-License-Identifier: MIT */
/*
 * inspect/diag.h - the questions of sock_diag(7) and its answers, as bytes.
 * Pure: who asks is sockets.c and socket_watch.c.
 *
 * The layouts stand here in numbers and not in the headers of Linux, of which
 * the machine that builds pier may have older ones. They are the kernel's ABI.
 */
#ifndef PIER_INSPECT_DIAG_H
#define PIER_INSPECT_DIAG_H

#include <pier/sockets.h>

#include <stdbool.h>

#include "inspect/netlink.h"

#define PIER__FAMILY_VSOCK 40

/* Of an answer about an internet socket: how long the part of fixed form is,
   and the attribute that has the protocol, which is there when nobody asked. */
#define PIER__DIAG_INET_BODY 72
#define PIER__DIAG_PROTOCOL  10

/* What a kind is to the kernel. */
struct pier__diag_kind {
	uint16_t family; /* 0: IPv4 and IPv6 */
	uint16_t protocol;
	uint16_t type; /* 0: the answer says it */
	const char *name;
};

/* kind is one bit of PIER_SOCKET_ALL. */
const struct pier__diag_kind *pier__diag_kind(uint32_t kind);

/* The kind of a socket of that family, type and protocol; 0: none of these. */
uint32_t pier__diag_kind_of(int family, int type, int protocol);

/* One question: a dump of a kind of sockets, of one family. */
struct pier__diag_ask {
	uint32_t kind;
	uint16_t family;  /* AF_INET or AF_INET6, of kinds that have both */
	uint32_t states;  /* 1 << state, … */
	const void *code; /* bytecode that the kernel filters by */
	size_t code_len;
};

/* One answer, decoded. */
struct pier__diag {
	struct pier_socket socket;
	struct pier_tcp_info info;
	struct pier_mptcp_info mptcp;
};

/* Has the kind one table for IPv4 and one for IPv6? */
bool pier__diag_is_inet(uint32_t kind);

void pier__diag_request(
	union pier__nl_request *request, const struct pier__diag_ask *ask);

/* struct mptcp_info, in whole or its beginning; and what runs over a socket, by
   INET_DIAG_ULP_INFO. */
void pier__diag_mptcp_info(
	struct pier_mptcp_info *out, struct pier__bytes body);
void pier__diag_ulp(struct pier_socket *socket, struct pier__bytes body);

/* The body of a message that answers a question about this kind. 0, or
   -EBADMSG. */
int pier__diag_decode(
	struct pier__diag *out, uint32_t kind, struct pier__bytes body);

#endif
