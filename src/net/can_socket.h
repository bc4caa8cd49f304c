/* SPDX-License-Identifier: MIT */
/*
 * net/can_socket.h - what raw sockets of CAN and the broadcast manager share: the
 * numbers of the kernel's interface, names of interfaces, what comes along with a
 * message, and what an error means.
 */
#ifndef PIER_NET_CAN_SOCKET_H
#define PIER_NET_CAN_SOCKET_H

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

struct pier__can_names {
	struct {
		int interface;
		char name[PIER_INTERFACE_NAME_MAX];
	} slots[PIER__CAN_NAMES_MAX];
};

/* The name of an interface; "": it is gone. */
const char *pier__can_name(struct pier__can_names *names, int interface);

/* The endpoint that errors name: of every interface its name is a star. */
void pier__can_endpoint(char *text, size_t size, const char *interface);

/* What an error means, or NULL. */
const char *pier__can_explain(int rc, enum pier_step step);

int pier__can_set_int(int fd, int level, int name, int value);

/* SO_RCVBUF, as large as the kernel lets it be. What it will not give is no error:
   what is lost is counted. */
void pier__can_set_buffer(int fd, uint32_t size);

/* Have times and counts of drops come along. 0 or an error. */
int pier__can_ask_along(int fd);

/* What came along; *dropped stays what it was where nothing tells. */
void pier__can_read_control(
	struct msghdr *header, int64_t *time_ns, uint32_t *dropped);

/* How many messages the kernel had no room for so far. 0 or an error. */
int pier__can_drops(int fd, uint32_t *count);

/* Before every attempt that may wait: the deadline, cancel, whose scheduler it is,
   and that nobody else waits for the same. */
int pier__can_enter(
	struct pier__desc *desc, unsigned what, pier_deadline deadline);

/* PIER_DEFAULT as a moment. */
pier_deadline pier__can_moment(pier_deadline deadline);

#endif
