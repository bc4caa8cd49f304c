/* SPDX-License-Identifier: MIT */
/* inspect/diag_socket.c - see diag_socket.h. */
#include "inspect/diag_socket.h"

#include <errno.h>
#include <sys/socket.h>

#include "os/calls.h"

int
pier__diag_open(struct pier__diag_socket *diag)
{
	int fd = pier__calls()->socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);

	if (fd >= 0)
		pier__desc_init(&diag->desc, fd, PIER__DESC_SOCKET);
	return fd < 0 ? fd : 0;
}

void
pier__diag_close(struct pier__diag_socket *diag)
{
	pier__desc_close(&diag->desc);
}

/* Before every attempt: the deadline, cancel, whose scheduler it is. */
static int
enter(struct pier__diag_socket *diag, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int rc = self == NULL ? -ENOMEM : pier__desc_claim(&diag->desc, self);

	return rc < 0 ? rc : pier__enter(self, deadline);
}

int
pier__diag_send(struct pier__diag_socket *diag,
	const union pier__nl_request *request, pier_deadline deadline)
{
	ssize_t n;
	int rc;

	do {
		rc = enter(diag, deadline);
		if (rc < 0)
			return rc;
		n = pier__desc_send(
			&diag->desc, request->bytes, request->head.nlmsg_len);
		if (n == -EAGAIN) {
			rc = pier__desc_wait(&diag->desc, PIER__OUT,
				"ask for sockets", deadline);
			if (rc < 0)
				return rc;
		}
	} while (n == -EAGAIN || n == -EINTR);
	return n < 0 ? (int)n : 0;
}

int
pier__diag_recv(struct pier__diag_socket *diag, struct pier__bytes *out,
	pier_deadline deadline)
{
	ssize_t n;
	int rc;

	do {
		rc = enter(diag, deadline);
		if (rc < 0)
			return rc;
		if (deadline.ns == 0)
			pier__desc_look_again(&diag->desc, PIER__IN);
		n = pier__desc_recv(
			&diag->desc, diag->room, sizeof(diag->room));
		if (n == -EAGAIN) {
			rc = pier__desc_wait(&diag->desc, PIER__IN,
				"hear of sockets", deadline);
			if (rc < 0)
				return rc;
		}
	} while (n == -EAGAIN || n == -EINTR);
	if (n < 0)
		return (int)n;
	*out = (struct pier__bytes){ .at = diag->room, .len = (size_t)n };
	return 0;
}
