/* SPDX-License-Identifier: MIT */
/*
 * os/sim_rights.c - what travels beside the bytes of Unix sockets (unix(7)):
 * descriptors, and who sends. A descriptor under way holds its socket as one of
 * a program does; it gets a number where it is received, or goes with its
 * message.
 */
#include "os/sim_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel's SCM_MAX_FD. */
#define RIGHTS_MAX 253

struct pier__sim_rights {
	const struct pier__sim *sim;
	size_t count;
	struct pier__sim_socket *held[RIGHTS_MAX];
};

/* Where the descriptors of a message to send stand. */
static const struct cmsghdr *
find_rights(const struct msghdr *msg)
{
	struct msghdr looked_at = *msg;
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(&looked_at); cmsg != NULL;
		cmsg = CMSG_NXTHDR(&looked_at, cmsg))
		if (cmsg->cmsg_level == SOL_SOCKET &&
			cmsg->cmsg_type == SCM_RIGHTS)
			return cmsg;
	return NULL;
}

int
pier__sim_rights_take(struct pier__sim *sim, const struct msghdr *msg,
	struct pier__sim_rights **out)
{
	const struct cmsghdr *cmsg = find_rights(msg);
	struct pier__sim_rights *rights;
	size_t count, i;

	*out = NULL;
	if (cmsg == NULL)
		return 0;
	count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	if (count > RIGHTS_MAX)
		return -EINVAL;
	rights = pier__sim_memory(sizeof(*rights));
	rights->sim = sim;
	for (i = 0; i < count; i++) {
		struct pier__sim_socket *socket;
		int fd;

		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
		socket = pier__sim_socket_of(sim, fd);
		if (socket == NULL) {
			pier__sim_rights_drop(rights);
			return -EBADF;
		}
		socket->holders++;
		rights->held[rights->count++] = socket;
	}
	*out = rights;
	return 0;
}

void
pier__sim_rights_drop(struct pier__sim_rights *rights)
{
	if (rights == NULL)
		return;
	while (rights->count > 0 && !rights->sim->closing)
		pier__sim_let_go(rights->held[--rights->count]);
	free(rights);
}

/* One control message behind those that are there already; its data, or NULL:
   there is no room. */
static unsigned char *
put_control(struct msghdr *msg, size_t room, int type, size_t size)
{
	struct cmsghdr *cmsg =
		(void *)((char *)msg->msg_control + msg->msg_controllen);

	if (room - msg->msg_controllen < CMSG_SPACE(size)) {
		msg->msg_flags |= MSG_CTRUNC;
		return NULL;
	}
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(size);
	msg->msg_controllen += CMSG_SPACE(size);
	return CMSG_DATA(cmsg);
}

void
pier__sim_tell_sender(struct msghdr *msg, size_t room)
{
	struct ucred cred = { getpid(), getuid(), getgid() };
	unsigned char *at =
		put_control(msg, room, SCM_CREDENTIALS, sizeof(cred));

	if (at != NULL)
		memcpy(at, &cred, sizeof(cred));
}

void
pier__sim_rights_give(
	struct pier__sim_rights *rights, struct msghdr *msg, size_t room)
{
	size_t left = room - msg->msg_controllen, count = 0, most = 0;
	int fds[RIGHTS_MAX];
	unsigned char *at;

	if (rights == NULL)
		return;
	if (left > CMSG_LEN(0))
		most = (left - CMSG_LEN(0)) / sizeof(int);
	while (count < rights->count && count < most) {
		struct pier__sim_socket *socket = rights->held[count];
		int fd = pier__sim_give_fd(socket);

		if (fd < 0)
			break;
		fds[count++] = fd;
	}
	if (count < rights->count)
		msg->msg_flags |= MSG_CTRUNC;
	if (count > 0) {
		at = put_control(msg, room, SCM_RIGHTS, count * sizeof(int));
		if (at != NULL)
			memcpy(at, fds, count * sizeof(int));
	}
	pier__sim_rights_drop(rights);
}
