/* SPDX-License-Identifier: MIT */
/* net/can_socket.c - see can_socket.h. */
#include "net/can_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/calls.h"
#include "os/interface.h"
#include "task/failure.h"
#include "task/timeout.h"

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
#define MEMINFO_DROPS 8 /* SK_MEMINFO_DROPS */
#define MEMINFO_COUNT 9

/* ---- Opening and closing ----------------------------------------------- */

static const char *
explain(const struct pier__can_socket *can, int rc, enum pier_step step)
{
	switch (rc) {
	case -EAFNOSUPPORT:
		return "the kernel has no CAN: modprobe can";
	case -EPROTONOSUPPORT:
		return can->kind->missing;
	case -ENODEV:
		if (step != PIER_STEP_CREATE && can->kind->gone != NULL)
			return can->kind->gone;
		return step == PIER_STEP_BIND ? "it is no CAN interface"
					      : "there is no such interface";
	case -ENETDOWN:
		return "the interface is down";
	default:
		return NULL;
	}
}

int
pier__can_fail(const struct pier__can_socket *can, int rc, enum pier_step step)
{
	return pier__fail_step(rc, step, can->text, explain(can, rc, step));
}

/* The socket is made first: a machine without CAN has no CAN interface either, and
   should be told the former. */
static int
make(struct pier__can_socket *can, const char *interface)
{
	int fd = pier__calls()->socket(
		PIER__CAN_FAMILY, can->kind->type, can->kind->protocol);
	int index = fd < 0 || interface == NULL
			    ? 0
			    : pier__interface_index(interface);

	if (fd < 0)
		return fd;
	if (index < 0) {
		pier__close(fd);
		return index;
	}
	can->interface = index;
	pier__desc_init(&can->desc, fd, PIER__DESC_SOCKET);
	return 0;
}

int
pier__can_socket_open(struct pier__can_socket **out, size_t size,
	const struct pier__can_kind *kind, const char *interface)
{
	struct pier__can_socket *can;
	char text[sizeof(can->text)];
	int rc;

	(void)snprintf(text, sizeof(text), "can://%s",
		interface == NULL ? "*" : interface);
	can = pier__alloc(size);
	if (can == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_CREATE, text, NULL);
	can->kind = kind;
	memcpy(can->text, text, sizeof(text));
	rc = make(can, interface);
	if (rc < 0) {
		rc = pier__can_fail(can, rc, PIER_STEP_CREATE);
		pier__free(can);
		return rc;
	}
	*out = can;
	return 0;
}

void
pier__can_socket_close(struct pier__can_socket *can)
{
	if (can == NULL)
		return;
	pier__desc_close(&can->desc);
	pier__free(can);
}

int
pier__can_set_int(struct pier__can_socket *can, int level, int name, int value)
{
	return pier__calls()->setsockopt(
		can->desc.fd, level, name, &value, sizeof(value));
}

int
pier__can_prepare(struct pier__can_socket *can, uint32_t buffer)
{
	int bytes = buffer > INT32_MAX / 2 ? INT32_MAX / 2 : (int)buffer;
	int rc = pier__can_set_int(can, SOL_SOCKET, SO_TIMESTAMPNS, 1);

	if (rc == 0)
		rc = pier__can_set_int(can, SOL_SOCKET, SO_RXQ_OVFL, 1);
	if (rc == 0 && bytes > 0 &&
		pier__can_set_int(can, SOL_SOCKET, SO_RCVBUFFORCE, bytes) < 0)
		(void)pier__can_set_int(can, SOL_SOCKET, SO_RCVBUF, bytes);
	return rc;
}

/* ---- Receiving --------------------------------------------------------- */

/* *dropped stays what it was where nothing tells. */
static void
read_control(struct msghdr *header, int64_t *time_ns, uint32_t *dropped)
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

/* One attempt. 0 or -errno. */
static int
attempt(struct pier__can_socket *can, struct iovec *piece,
	struct pier__can_came *came)
{
	struct mmsghdr one = { .msg_hdr = { .msg_name = &can->from,
				       .msg_namelen = sizeof(can->from),
				       .msg_iov = piece,
				       .msg_iovlen = 1,
				       .msg_control = can->control,
				       .msg_controllen =
					       sizeof(can->control) } };
	int n;

	memset(&can->from, 0, sizeof(can->from));
	n = pier__calls()->recvmmsg(can->desc.fd, &one, 1, MSG_DONTWAIT);
	if (n == -EAGAIN)
		PIER__NOTE(can->desc.readable, false);
	if (n <= 0)
		return n == 0 ? -EINTR : n;
	*came = (struct pier__can_came){ .bytes = piece->iov_base,
		.size = one.msg_len,
		.flags = one.msg_hdr.msg_flags };
	read_control(&one.msg_hdr, &came->time_ns, &can->dropped);
	return 0;
}

int
pier__can_receive(struct pier__can_socket *can, void *buf, size_t size,
	pier__can_take *take, void *out, pier_deadline deadline)
{
	struct iovec piece = { .iov_base = buf, .iov_len = size };
	struct pier__can_came came;
	int rc;

	deadline = pier__can_moment(can, PIER__IN, deadline);
	do {
		rc = pier__can_enter(can, PIER__IN, deadline);
		if (rc < 0)
			break;
		rc = attempt(can, &piece, &came);
		if (rc == 0 && take(can, &came, out) < 0)
			rc = -EINTR; /* the next one */
		if (rc != -EAGAIN)
			continue;
		rc = pier__desc_wait(&can->desc, PIER__IN, "receive", deadline);
		if (rc == 0)
			rc = -EINTR; /* try again */
	} while (rc == -EINTR);
	return rc == 0 || rc == -EAGAIN
		       ? rc
		       : pier__can_fail(can, rc, PIER_STEP_RECEIVE);
}

void
pier__can_name(struct pier__can_socket *can, int interface,
	char name[PIER_INTERFACE_NAME_MAX])
{
	struct pier__can_name *slot =
		&can->names[(unsigned int)interface % PIER__CAN_NAMES_MAX];

	if (slot->interface != interface) {
		slot->interface = interface;
		if (pier__interface_name(slot->name, (uint32_t)interface) < 0)
			slot->name[0] = '\0';
	}
	memcpy(name, slot->name, sizeof(slot->name));
}

int
pier__can_drops(struct pier__can_socket *can, uint32_t *count)
{
	uint32_t info[MEMINFO_COUNT] = { 0 };
	socklen_t len = sizeof(info);
	int rc = pier__calls()->getsockopt(
		can->desc.fd, SOL_SOCKET, SO_MEMINFO, info, &len);

	if (rc == 0 && len < sizeof(info))
		rc = -ENOPROTOOPT;
	if (rc < 0)
		return pier__can_fail(can, rc, PIER_STEP_OPTION);
	*count = info[MEMINFO_DROPS];
	return 0;
}

/* ---- Before an attempt ------------------------------------------------- */

int
pier__can_enter(
	struct pier__can_socket *can, unsigned what, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int rc = self == NULL ? -ENOMEM : pier__desc_claim(&can->desc, self);

	if (rc == 0)
		rc = pier__enter(self, deadline);
	if (rc == 0 && pier__desc_busy(&can->desc, what))
		rc = -EBUSY;
	return rc;
}

pier_deadline
pier__can_moment(
	struct pier__can_socket *can, unsigned what, pier_deadline deadline)
{
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	if (deadline.ns == 0)
		pier__desc_look_again(&can->desc, what);
	return deadline;
}
