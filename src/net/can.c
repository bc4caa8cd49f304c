/* SPDX-License-Identifier: MIT */
/*
 * net/can.c - raw sockets of CAN: the kernel's Documentation/networking/can.rst.
 *
 * Numbers of <linux/can.h> and <linux/can/raw.h> are written down here, since not
 * every machine that builds has those headers; they are part of the kernel's
 * interface, and do not change.
 */
#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include <pier/can.h>
#include <pier/task.h>

#include "net/can_socket.h"
#include "net/can_wire.h"
#include "os/calls.h"
#include "os/interface.h"
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
	struct pier__desc desc;
	int interface; /* 0: all of them */
	uint32_t dropped;
	struct pier__can_names names;
	struct pier__can_address from;
	alignas(struct cmsghdr) unsigned char control[PIER__CAN_CONTROL_ROOM];
	unsigned char came[PIER__CAN_FD_SIZE];
	char text[32]; /* for errors: can://vcan0 */
};

static int
fail(const char *text, int rc, enum pier_step step, const char *detail)
{
	return pier__fail_step(rc, step, text, detail);
}

static const char *
explain(int rc, enum pier_step step)
{
	return rc == -EPROTONOSUPPORT ? "the kernel has no raw sockets of CAN: "
					"modprobe can-raw"
				      : pier__can_explain(rc, step);
}

static int
set_filters(int fd, const struct pier_can_filters *filters)
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
	rc = pier__can_set_int(fd, LEVEL, RAW_ERRORS, (int)filters->errors);
	if (rc == 0 && filters->join)
		rc = pier__can_set_int(fd, LEVEL, RAW_JOIN, 1);
	if (rc == 0)
		rc = pier__calls()->setsockopt(fd, LEVEL, RAW_FILTER, list,
			(socklen_t)(filters->count * sizeof(list[0])));
	return rc;
}

/* All of it before the socket is bound and frames come. */
static int
set_options(int fd, const struct pier_can_opts *opts)
{
	int rc = pier__can_ask_along(fd);

	/* Linux before 3.6 has no FD frames, and says so here. */
	if (rc == 0)
		rc = pier__can_set_int(fd, LEVEL, RAW_FD_FRAMES, 1);
	if (rc == -ENOPROTOOPT)
		rc = 0;
	if (rc == 0 && opts->filters != NULL)
		rc = set_filters(fd, opts->filters);
	if (rc == 0 && opts->own_messages)
		rc = pier__can_set_int(fd, LEVEL, RAW_OWN, 1);
	if (rc == 0 && opts->no_loopback)
		rc = pier__can_set_int(fd, LEVEL, RAW_LOOPBACK, 0);
	if (rc == 0 && opts->buffer > 0)
		pier__can_set_buffer(fd, opts->buffer);
	return rc;
}

/* A kernel binds to an interface that is down, and says so once: here rather than
   at the first frame. */
static int
bind_to(int fd, int interface)
{
	const struct pier__can_address to = { .family = PIER__CAN_FAMILY,
		.interface = interface };
	int error = 0;
	socklen_t len = sizeof(error);
	int rc = pier__calls()->bind(
		fd, (const struct sockaddr *)(const void *)&to, sizeof(to));

	if (rc == 0)
		rc = pier__calls()->getsockopt(
			fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return rc < 0 ? rc : -error;
}

/* The socket is made first: a machine without CAN has no CAN interface either, and
   should be told the former. */
static int
set_up(struct pier_can *can, int fd, const char *interface,
	const struct pier_can_opts *opts)
{
	int rc;

	if (interface != NULL) {
		can->interface = pier__interface_index(interface);
		if (can->interface < 0)
			return fail(can->text, can->interface, PIER_STEP_CREATE,
				explain(can->interface, PIER_STEP_CREATE));
	}
	rc = set_options(fd, opts);
	if (rc < 0)
		return fail(can->text, rc, PIER_STEP_OPTION, NULL);
	rc = bind_to(fd, can->interface);
	return rc < 0 ? fail(can->text, rc, PIER_STEP_BIND,
				explain(rc, PIER_STEP_BIND))
		      : 0;
}

int
pier_can_open_sized(struct pier_can **out, const char *interface,
	const struct pier_can_opts *opts, size_t opts_size)
{
	struct pier_can_opts all = { .filters = NULL };
	struct pier_can *can;
	char text[32];
	int fd, rc;

	if (opts != NULL)
		memcpy(&all, opts,
			opts_size < sizeof(all) ? opts_size : sizeof(all));
	pier__can_endpoint(text, sizeof(text), interface);
	fd = pier__calls()->socket(PIER__CAN_FAMILY, SOCK_RAW, PROTOCOL);
	if (fd < 0)
		return fail(text, fd, PIER_STEP_CREATE,
			explain(fd, PIER_STEP_CREATE));
	can = pier__alloc(sizeof(*can));
	if (can == NULL) {
		pier__close(fd);
		return fail(text, -ENOMEM, PIER_STEP_CREATE, NULL);
	}
	memcpy(can->text, text, sizeof(text));
	rc = set_up(can, fd, interface, &all);
	if (rc < 0) {
		pier__close(fd);
		pier__free(can);
		return rc;
	}
	pier__desc_init(&can->desc, fd, PIER__DESC_SOCKET);
	*out = can;
	return 0;
}

void
pier_can_close(struct pier_can *can)
{
	if (can == NULL)
		return;
	pier__desc_close(&can->desc);
	pier__free(can);
}

int
pier_can_fd(const struct pier_can *can)
{
	return can->desc.fd;
}

/* One attempt. 0 or -errno; -EINTR: try again. What other sockets of this machine
   put on the link, and is no frame, is passed over. */
static int
receive(struct pier_can *can, struct pier_can_message *message)
{
	struct iovec piece = { .iov_base = can->came,
		.iov_len = sizeof(can->came) };
	struct mmsghdr one = { .msg_hdr = { .msg_name = &can->from,
				       .msg_namelen = sizeof(can->from),
				       .msg_iov = &piece,
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
	*message = (struct pier_can_message){ .time_ns = 0 };
	if (pier__can_decode(&message->frame, can->came, one.msg_len) < 0)
		return -EINTR;
	pier__can_read_control(&one.msg_hdr, &message->time_ns, &can->dropped);
	message->dropped = can->dropped;
	message->local = (one.msg_hdr.msg_flags & MSG_DONTROUTE) != 0;
	message->own = (one.msg_hdr.msg_flags & MSG_CONFIRM) != 0;
	memcpy(message->interface,
		pier__can_name(&can->names, can->from.interface),
		sizeof(message->interface));
	return 0;
}

int
pier_can_recv_sized(struct pier_can *can, struct pier_can_message *message,
	size_t message_size, pier_deadline deadline)
{
	struct pier_can_message all;
	int rc;

	deadline = pier__can_moment(deadline);
	if (deadline.ns == 0)
		pier__desc_look_again(&can->desc, PIER__IN);
	do {
		rc = pier__can_enter(&can->desc, PIER__IN, deadline);
		if (rc < 0)
			break;
		rc = receive(can, &all);
		if (rc != -EAGAIN)
			continue;
		rc = pier__desc_wait(&can->desc, PIER__IN, "receive", deadline);
		if (rc == 0)
			rc = -EINTR; /* try again */
	} while (rc == -EINTR);
	if (rc == 0)
		memcpy(message, &all,
			message_size < sizeof(all) ? message_size
						   : sizeof(all));
	return rc == 0 || rc == -EAGAIN
		       ? rc
		       : fail(can->text, rc, PIER_STEP_RECEIVE,
				 explain(rc, PIER_STEP_RECEIVE));
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
attempt(struct pier_can *can, unsigned char *bytes, size_t size,
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

static const char *
explain_send(int rc, bool is_fd, bool was_full)
{
	if (rc == -EINVAL && is_fd)
		return "the interface takes no FD frames";
	if (pier_is_deadline(rc) && was_full)
		return "the queue of the interface stayed full";
	return explain(rc, PIER_STEP_SEND);
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
		return fail(can->text, -EINVAL, PIER_STEP_SEND, wrong);
	if (can->interface == 0)
		return fail(can->text, -EDESTADDRREQ, PIER_STEP_SEND,
			"a socket of every interface only hears");
	deadline = pier__can_moment(deadline);
	if (deadline.ns == 0)
		pier__desc_look_again(&can->desc, PIER__OUT);
	size = pier__can_encode(bytes, frame);
	do {
		rc = pier__can_enter(&can->desc, PIER__OUT, deadline);
		if (rc == 0)
			rc = attempt(can, bytes, size, &pause_ns, deadline);
	} while (rc == -EINTR);
	return rc == 0 || rc == -EAGAIN
		       ? rc
		       : fail(can->text, rc, PIER_STEP_SEND,
				 explain_send(rc, frame->fd,
					 pause_ns > PAUSE_MIN_NS));
}

int
pier_can_dropped(struct pier_can *can, uint32_t *count)
{
	int rc = pier__can_drops(can->desc.fd, count);

	return rc < 0 ? fail(can->text, rc, PIER_STEP_OPTION, NULL) : 0;
}
