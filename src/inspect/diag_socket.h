/* SPDX-License-Identifier: MIT */
/*
 * inspect/diag_socket.h - a netlink socket to sock_diag(7): what sockets.c and
 * socket_watch.c share. It lies on the heap: the engine knows its descriptor.
 *
 * Whoever may send to it is the kernel, or a process with CAP_NET_ADMIN.
 */
#ifndef PIER_INSPECT_DIAG_SOCKET_H
#define PIER_INSPECT_DIAG_SOCKET_H

#include "io/desc.h"

#include "inspect/netlink.h"

/* The kernel fills at most so much at once. */
#define PIER__DIAG_ROOM 32768

struct pier__diag_socket {
	struct pier__desc desc;
	_Alignas(struct nlmsghdr) unsigned char room[PIER__DIAG_ROOM];
};

/* 0, or as socket(2); then it need not be closed. */
int pier__diag_open(struct pier__diag_socket *diag);
void pier__diag_close(struct pier__diag_socket *diag);

/* 0, or as send(2), or as pier__desc_wait(). */
int pier__diag_send(struct pier__diag_socket *diag,
	const union pier__nl_request *request, pier_deadline deadline);

/* What comes next, borrowed until the next call. 0, or as recv(2), …; -ENOBUFS
   says that some were lost, and the next call goes on. */
int pier__diag_recv(struct pier__diag_socket *diag, struct pier__bytes *out,
	pier_deadline deadline);

#endif
