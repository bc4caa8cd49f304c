/* SPDX-License-Identifier: MIT */
/*
 * net/can_socket.h - a socket of CAN, which raw sockets and the broadcast manager
 * begin with: how it is opened, how messages and what comes along with them are
 * received, and what its errors mean.
 */
#ifndef PIER_NET_CAN_SOCKET_H
#define PIER_NET_CAN_SOCKET_H

#include <stdalign.h>
#include <sys/socket.h>
#include <time.h>

#include <pier/deadline.h>
#include <pier/error.h>
#include <pier/interface.h>

#include "io/desc.h"

#define PIER__CAN_FAMILY 29 /* AF_CAN */

/* Names that are remembered by the last bits of their numbers. */
#define PIER__CAN_NAMES_MAX 8

/* struct sockaddr_can, in the shorter form that every kernel takes. */
struct pier__can_address {
	sa_family_t family;
	int interface;
	uint32_t rest[2];
};

/* A time, and a count of drops. */
#define PIER__CAN_CONTROL_ROOM \
	(CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(uint32_t)))

struct pier__can_name {
	int interface;
	char name[PIER_INTERFACE_NAME_MAX];
};

/* What differs between the protocols of the family. */
struct pier__can_kind {
	int type;
	int protocol;
	const char *missing; /* where the kernel does not have it */
	const char *gone; /* -ENODEV of what has been opened; NULL: as others */
};

/* The first member of what is built on it. */
struct pier__can_socket {
	struct pier__desc desc;
	const struct pier__can_kind *kind;
	int interface; /* 0: all of them */
	uint32_t dropped;
	struct pier__can_name names[PIER__CAN_NAMES_MAX];
	struct pier__can_address from; /* of the last message */
	alignas(struct cmsghdr) unsigned char control[PIER__CAN_CONTROL_ROOM];
	char text[32]; /* for errors: can://vcan0 */
};

/* Make one, for an interface; NULL: for all of them. It begins an object of so many
   bytes, which are 0. 0, or an error that is noted. */
int pier__can_socket_open(struct pier__can_socket **out, size_t size,
	const struct pier__can_kind *kind, const char *interface);

/* And its object is gone. NULL is fine. */
void pier__can_socket_close(struct pier__can_socket *can);

/* Note an error, with what it means there. rc. */
int pier__can_fail(
	const struct pier__can_socket *can, int rc, enum pier_step step);

/* Have times and counts of drops come along, and SO_RCVBUF as large as the kernel
   lets it be; 0: as it is. What it will not give is no error: what is lost is
   counted. 0 or an error, not noted. */
int pier__can_prepare(struct pier__can_socket *can, uint32_t buffer);

int pier__can_set_int(
	struct pier__can_socket *can, int level, int name, int value);

/* What came. */
struct pier__can_came {
	const unsigned char *bytes;
	size_t size;
	int flags; /* MSG_… */
	int64_t time_ns;
};

/* Makes of it what is asked for. 0; negative: it is none of that, and is passed
   over. */
typedef int pier__can_take(struct pier__can_socket *can,
	const struct pier__can_came *came, void *out);

/* Wait for a message, which is read into buf; as much of it as is looked at. 0,
   -EAGAIN (PIER_NOW), or an error that is noted. */
int pier__can_receive(struct pier__can_socket *can, void *buf, size_t size,
	pier__can_take *take, void *out, pier_deadline deadline);

/* The name of an interface, in place; "": it is gone. */
void pier__can_name(struct pier__can_socket *can, int interface,
	char name[PIER_INTERFACE_NAME_MAX]);

/* How many messages the kernel had no room for so far. 0, or an error that is
   noted. */
int pier__can_drops(struct pier__can_socket *can, uint32_t *count);

/* Before every attempt that may wait: the deadline, cancel, whose scheduler it is,
   and that nobody else waits for the same. */
int pier__can_enter(
	struct pier__can_socket *can, unsigned what, pier_deadline deadline);

/* PIER_DEFAULT as a moment; of PIER_NOW the kernel is asked, whatever is known. */
pier_deadline pier__can_moment(
	struct pier__can_socket *can, unsigned what, pier_deadline deadline);

#endif
