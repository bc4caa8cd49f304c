/* SPDX-License-Identifier: MIT */
/*
 * net/can.c - raw sockets of CAN: the kernel's Documentation/networking/can.rst.
 *
 * Numbers of <linux/can.h> and <linux/can/raw.h> are written down here, since not
 * every machine that builds has those headers; they are part of the kernel's
 * interface, and do not change.
 */
#include <errno.h>
#include <string.h>

#include <pier/can.h>
#include <pier/task.h>

#include "net/can_socket.h"
#include "net/can_wire.h"
#include "os/calls.h"
#include "task/failure.h"

#define PROTOCOL 1 /* CAN_RAW */

#define LEVEL         101 /* SOL_CAN_RAW */
#define RAW_FILTER    1
#define RAW_ERRORS    2
#define RAW_LOOPBACK  3
#define RAW_OWN       4
#define RAW_FD_FRAMES 5
#define RAW_JOIN      6

#define INVERSE 0x20000000u /* CAN_INV_FILTER */

/* Of <asm-generic/socket.h>, the same on every machine that Linux has CAN on. */

/* Between attempts while the queue of the link is full. */
#define PAUSE_MIN_NS (1000 * 1000)
#define PAUSE_MAX_NS (10 * 1000 * 1000)

/* struct can_filter. */
struct raw_filter {
	uint32_t id;
	uint32_t mask;
};

struct pier_can {
	struct pier__can_socket socket;
	unsigned char came[PIER__CAN_FD_SIZE];
};

static const struct pier__can_kind raw = { .type = SOCK_RAW,
	.protocol = PROTOCOL,
	.missing = "the kernel has no raw sockets of CAN: modprobe can-raw" };

static int
refuse(const struct pier_can *can, int rc, const char *detail)
{
	return pier__fail_step(rc, PIER_STEP_SEND, can->socket.text, detail);
}

static int
set_filters(
	struct pier__can_socket *can, const struct pier_can_filters *filters)
{
	struct raw_filter list[PIER_CAN_FILTERS_MAX];
	size_t i;
	int rc;

	if (filters->count > PIER_CAN_FILTERS_MAX)
		return -EINVAL;
	for (i = 0; i < filters->count; i++) {
		const struct pier_can_filter *filter = &filters->list[i];

		list[i].id = filter->id | (filter->inverse ? INVERSE : 0);
		list[i].mask = filter->mask & ~PIER__CAN_ERROR;
	}
	rc = pier__can_set_int(can, LEVEL, RAW_ERRORS, (int)filters->errors);
	if (rc == 0 && filters->join)
		rc = pier__can_set_int(can, LEVEL, RAW_JOIN, 1);
	if (rc == 0)
		rc = pier__calls()->setsockopt(can->desc.fd, LEVEL, RAW_FILTER,
			list, (socklen_t)(filters->count * sizeof(list[0])));
	return rc;
}

/* All of it before the socket is bound and frames come. */
static int
set_options(struct pier__can_socket *can, const struct pier_can_opts *opts)
{
	int rc = pier__can_prepare(can, opts->buffer);

	/* Linux before 3.6 has no FD frames, and says so here. */
	if (rc == 0)
		rc = pier__can_set_int(can, LEVEL, RAW_FD_FRAMES, 1);
	if (rc == -ENOPROTOOPT)
		rc = 0;
	if (rc == 0 && opts->filters != NULL)
		rc = set_filters(can, opts->filters);
	if (rc == 0 && opts->own_messages)
		rc = pier__can_set_int(can, LEVEL, RAW_OWN, 1);
	if (rc == 0 && opts->no_loopback)
		rc = pier__can_set_int(can, LEVEL, RAW_LOOPBACK, 0);
	return rc < 0 ? pier__fail_step(rc, PIER_STEP_OPTION, can->text, NULL)
		      : 0;
}

/* A kernel binds to an interface that is down, and says so once: here rather than
   at the first frame. */
static int
bind_to(struct pier__can_socket *can)
{
	const struct pier__can_address to = { .family = PIER__CAN_FAMILY,
		.interface = can->interface };
	int error = 0;
	socklen_t len = sizeof(error);
	int rc = pier__calls()->bind(can->desc.fd,
		(const struct sockaddr *)(const void *)&to, sizeof(to));

	if (rc == 0)
		rc = pier__calls()->getsockopt(
			can->desc.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (rc == 0)
		rc = -error;
	return rc < 0 ? pier__can_fail(can, rc, PIER_STEP_BIND) : 0;
}

int
pier_can_open_sized(struct pier_can **out, const char *interface,
	const struct pier_can_opts *opts, size_t opts_size)
{
	struct pier_can_opts all = { .filters = NULL };
	struct pier__can_socket *can;
	int rc;

	if (opts != NULL)
		memcpy(&all, opts,
			opts_size < sizeof(all) ? opts_size : sizeof(all));
	rc = pier__can_socket_open(
		&can, sizeof(struct pier_can), &raw, interface);
	if (rc < 0)
		return rc;
	rc = set_options(can, &all);
	if (rc == 0)
		rc = bind_to(can);
	if (rc < 0) {
		pier__can_socket_close(can);
		return rc;
	}
	*out = pier__container_of(can, struct pier_can, socket);
	return 0;
}

void
pier_can_close(struct pier_can *can)
{
	if (can != NULL)
		pier__can_socket_close(&can->socket);
}

int
pier_can_fd(const struct pier_can *can)
{
	return can->socket.desc.fd;
}

/* What other sockets of this machine put on the link, and is no frame, is passed
   over. */
static int
take(struct pier__can_socket *can, const struct pier__can_came *came, void *out)
{
	struct pier_can_message *message = out;

	*message = (struct pier_can_message){ .time_ns = came->time_ns };
	message->dropped = can->dropped;
	message->local = (came->flags & MSG_DONTROUTE) != 0;
	message->own = (came->flags & MSG_CONFIRM) != 0;
	pier__can_name(can, can->from.interface, message->interface);
	return pier__can_decode(&message->frame, came->bytes, came->size);
}

int
pier_can_recv_sized(struct pier_can *can, struct pier_can_message *message,
	size_t message_size, pier_deadline deadline)
{
	struct pier_can_message all;
	int rc = pier__can_receive(&can->socket, can->came, sizeof(can->came),
		take, &all, deadline);

	if (rc == 0)
		memcpy(message, &all,
			message_size < sizeof(all) ? message_size
						   : sizeof(all));
	return rc;
}

/* The link's queue is full; nobody is told when it no longer is. */
static int
pause_for_room(int64_t *pause_ns, pier_deadline deadline)
{
	pier_deadline until = pier_in_ns(*pause_ns);
	int rc;

	if (deadline.ns == 0)
		return -ENOBUFS;
	if (deadline.ns < until.ns)
		until = deadline;
	rc = pier_sleep(until);
	*pause_ns = *pause_ns * 2 > PAUSE_MAX_NS ? PAUSE_MAX_NS : *pause_ns * 2;
	return rc < 0 ? rc : -EINTR;
}

static int
attempt(struct pier__can_socket *can, unsigned char *bytes, size_t size,
	int64_t *pause_ns, pier_deadline deadline)
{
	struct iovec piece = { .iov_base = bytes, .iov_len = size };
	const struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t n = pier__desc_note_write(
		&can->desc, pier__calls()->sendmsg(can->desc.fd, &header,
				    MSG_DONTWAIT | MSG_NOSIGNAL));

	if (n == -ENOBUFS)
		return pause_for_room(pause_ns, deadline);
	if (n == -EAGAIN) {
		int rc = pier__desc_wait(
			&can->desc, PIER__OUT, "send", deadline);

		return rc < 0 ? rc : -EINTR;
	}
	return n < 0 ? (int)n : 0;
}

static int
fail_to_send(const struct pier_can *can, int rc, bool is_fd, bool was_full)
{
	if (rc == -EINVAL && is_fd)
		return refuse(can, rc, "the interface takes no FD frames");
	if (pier_is_deadline(rc) && was_full)
		return refuse(
			can, rc, "the queue of the interface stayed full");
	return pier__can_fail(&can->socket, rc, PIER_STEP_SEND);
}

int
pier_can_send(struct pier_can *can, const struct pier_can_frame *frame,
	pier_deadline deadline)
{
	const char *wrong = pier_can_frame_check(frame);
	unsigned char bytes[PIER__CAN_FD_SIZE];
	int64_t pause_ns = PAUSE_MIN_NS;
	size_t size;
	int rc;

	if (wrong != NULL)
		return refuse(can, -EINVAL, wrong);
	if (can->socket.interface == 0)
		return refuse(can, -EDESTADDRREQ,
			"a socket of every interface only hears");
	deadline = pier__can_moment(&can->socket, PIER__OUT, deadline);
	size = pier__can_encode(bytes, frame);
	do {
		rc = pier__can_enter(&can->socket, PIER__OUT, deadline);
		if (rc == 0)
			rc = attempt(
				&can->socket, bytes, size, &pause_ns, deadline);
	} while (rc == -EINTR);
	return rc == 0 || rc == -EAGAIN ? rc
					: fail_to_send(can, rc, frame->fd,
						  pause_ns > PAUSE_MIN_NS);
}

int
pier_can_dropped(struct pier_can *can, uint32_t *count)
{
	return pier__can_drops(&can->socket, count);
}
