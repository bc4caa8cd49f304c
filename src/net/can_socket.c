/* SPDX-License-Identifier: MIT */
/* net/can_socket.c - see can_socket.h. */
#include "net/can_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/calls.h"
#include "os/interface.h"
#include "task/timeout.h"

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
#define MEMINFO_DROPS 8 /* SK_MEMINFO_DROPS */
#define MEMINFO_COUNT 9

const char *
pier__can_name(struct pier__can_names *names, int interface)
{
	size_t slot = (unsigned int)interface % PIER__CAN_NAMES_MAX;

	if (names->slots[slot].interface != interface) {
		names->slots[slot].interface = interface;
		if (pier__interface_name(
			    names->slots[slot].name, (uint32_t)interface) < 0)
			names->slots[slot].name[0] = '\0';
	}
	return names->slots[slot].name;
}

void
pier__can_endpoint(char *text, size_t size, const char *interface)
{
	(void)snprintf(
		text, size, "can://%s", interface == NULL ? "*" : interface);
}

const char *
pier__can_explain(int rc, enum pier_step step)
{
	switch (rc) {
	case -EAFNOSUPPORT:
		return "the kernel has no CAN: modprobe can";
	case -ENODEV:
		return step == PIER_STEP_BIND ? "it is no CAN interface"
					      : "there is no such interface";
	case -ENETDOWN:
		return "the interface is down";
	default:
		return NULL;
	}
}

int
pier__can_set_int(int fd, int level, int name, int value)
{
	return pier__calls()->setsockopt(
		fd, level, name, &value, sizeof(value));
}

void
pier__can_set_buffer(int fd, uint32_t size)
{
	int bytes = size > INT32_MAX / 2 ? INT32_MAX / 2 : (int)size;

	if (pier__can_set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) < 0)
		(void)pier__can_set_int(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

int
pier__can_ask_along(int fd)
{
	int rc = pier__can_set_int(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);

	return rc < 0 ? rc : pier__can_set_int(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
}

void
pier__can_read_control(
	struct msghdr *header, int64_t *time_ns, uint32_t *dropped)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(header);
	struct timespec time;

	for (; cmsg != NULL; cmsg = CMSG_NXTHDR(header, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		if (cmsg->cmsg_type == SO_TIMESTAMPNS &&
			cmsg->cmsg_len >= CMSG_LEN(sizeof(time))) {
			memcpy(&time, CMSG_DATA(cmsg), sizeof(time));
			*time_ns = time.tv_sec * INT64_C(1000000000) +
				   time.tv_nsec;
		}
		if (cmsg->cmsg_type == SO_RXQ_OVFL &&
			cmsg->cmsg_len >= CMSG_LEN(sizeof(*dropped)))
			memcpy(dropped, CMSG_DATA(cmsg), sizeof(*dropped));
	}
}

int
pier__can_drops(int fd, uint32_t *count)
{
	uint32_t info[MEMINFO_COUNT] = { 0 };
	socklen_t len = sizeof(info);
	int rc = pier__calls()->getsockopt(
		fd, SOL_SOCKET, SO_MEMINFO, info, &len);

	if (rc == 0 && len < sizeof(info))
		rc = -ENOPROTOOPT;
	if (rc == 0)
		*count = info[MEMINFO_DROPS];
	return rc;
}

int
pier__can_enter(struct pier__desc *desc, unsigned what, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int rc = self == NULL ? -ENOMEM : pier__desc_claim(desc, self);

	if (rc == 0)
		rc = pier__enter(self, deadline);
	if (rc == 0 && pier__desc_busy(desc, what))
		rc = -EBUSY;
	return rc;
}

pier_deadline
pier__can_moment(pier_deadline deadline)
{
	return deadline.ns < 0 ? pier__timeout_deadline(PIER__TIMEOUT_UNSET)
			       : deadline;
}
