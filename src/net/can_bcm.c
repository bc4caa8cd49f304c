/* SPDX-License-Identifier: MIT */
/*
 * net/can_bcm.c - the broadcast manager of CAN: the kernel's
 * Documentation/networking/can.rst. Every job is one message, which the kernel takes
 * at once or refuses; only events are waited for.
 */
#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include <pier/can_bcm.h>

#include "net/can_bcm_wire.h"
#include "net/can_socket.h"
#include "os/calls.h"
#include "os/interface.h"
#include "task/failure.h"

#define PROTOCOL 2 /* CAN_BCM */

/* Of what comes, one frame is looked at. */
#define CAME_SIZE (PIER__BCM_HEAD_SIZE + PIER__CAN_FD_SIZE)

struct pier_can_bcm {
	struct pier__desc desc;
	int interface; /* 0: all of them */
	uint32_t dropped;
	struct pier__can_names names;
	struct pier__can_address from;
	alignas(struct cmsghdr) unsigned char control[PIER__CAN_CONTROL_ROOM];
	unsigned char came[CAME_SIZE];
	char text[32]; /* for errors: can://vcan0 */
	unsigned char job[PIER__BCM_SIZE_MAX];
};

static int
fail(const char *text, int rc, enum pier_step step, const char *detail)
{
	return pier__fail_step(rc, step, text, detail);
}

static const char *
explain(int rc, enum pier_step step)
{
	if (rc == -EPROTONOSUPPORT)
		return "the kernel has no broadcast manager of CAN: modprobe "
		       "can-bcm";
	if (rc == -ENODEV && step != PIER_STEP_CREATE)
		return "the interface is gone";
	return pier__can_explain(rc, step);
}

/* The manager takes an interface that is down, or none of CAN, and is silent about
   it for ever: a raw socket is told at once. */
static int
look_at(const char *interface)
{
	static const struct pier_can_filters none = { .count = 0 };
	const struct pier_can_opts opts = { .filters = &none };
	struct pier_can *can;
	int rc = pier_can_open(&can, interface, &opts);

	if (rc == 0)
		pier_can_close(can);
	return rc;
}

static int
set_up(struct pier_can_bcm *bcm, int fd, const char *interface,
	const struct pier_can_bcm_opts *opts)
{
	struct pier__can_address to = { .family = PIER__CAN_FAMILY };
	int rc;

	if (interface != NULL) {
		rc = look_at(interface);
		if (rc < 0)
			return rc;
		to.interface = pier__interface_index(interface);
		if (to.interface < 0)
			return fail(bcm->text, to.interface, PIER_STEP_CREATE,
				explain(to.interface, PIER_STEP_CREATE));
	}
	rc = pier__can_ask_along(fd);
	if (rc < 0)
		return fail(bcm->text, rc, PIER_STEP_OPTION, NULL);
	if (opts->buffer > 0)
		pier__can_set_buffer(fd, opts->buffer);
	rc = pier__calls()->connect(
		fd, (const struct sockaddr *)(const void *)&to, sizeof(to));
	if (rc < 0)
		return fail(bcm->text, rc, PIER_STEP_CONNECT,
			explain(rc, PIER_STEP_CONNECT));
	bcm->interface = to.interface;
	return 0;
}

int
pier_can_bcm_open_sized(struct pier_can_bcm **out, const char *interface,
	const struct pier_can_bcm_opts *opts, size_t opts_size)
{
	struct pier_can_bcm_opts all = { .buffer = 0 };
	struct pier_can_bcm *bcm;
	char text[32];
	int fd, rc;

	if (opts != NULL)
		memcpy(&all, opts,
			opts_size < sizeof(all) ? opts_size : sizeof(all));
	pier__can_endpoint(text, sizeof(text), interface);
	fd = pier__calls()->socket(PIER__CAN_FAMILY, SOCK_DGRAM, PROTOCOL);
	if (fd < 0)
		return fail(text, fd, PIER_STEP_CREATE,
			explain(fd, PIER_STEP_CREATE));
	bcm = pier__alloc(sizeof(*bcm));
	if (bcm == NULL) {
		pier__close(fd);
		return fail(text, -ENOMEM, PIER_STEP_CREATE, NULL);
	}
	memcpy(bcm->text, text, sizeof(text));
	rc = set_up(bcm, fd, interface, &all);
	if (rc < 0) {
		pier__close(fd);
		pier__free(bcm);
		return rc;
	}
	pier__desc_init(&bcm->desc, fd, PIER__DESC_SOCKET);
	*out = bcm;
	return 0;
}

void
pier_can_bcm_close(struct pier_can_bcm *bcm)
{
	if (bcm == NULL)
		return;
	pier__desc_close(&bcm->desc);
	pier__free(bcm);
}

int
pier_can_bcm_fd(const struct pier_can_bcm *bcm)
{
	return bcm->desc.fd;
}

int
pier_can_bcm_dropped(struct pier_can_bcm *bcm, uint32_t *count)
{
	int rc = pier__can_drops(bcm->desc.fd, count);

	return rc < 0 ? fail(bcm->text, rc, PIER_STEP_OPTION, NULL) : 0;
}

/* Give the kernel a job that stands in bcm->job. 0 or an error, not noted. */
static int
hand_over(struct pier_can_bcm *bcm, size_t size)
{
	struct iovec piece = { .iov_base = bcm->job, .iov_len = size };
	const struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t n;

	do {
		n = pier__calls()->sendmsg(
			bcm->desc.fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n == -EINTR);
	/* An interface that is gone has left the manager unconnected. */
	if (n == -ENOTCONN)
		return -ENODEV;
	/* A message is taken whole. */
	if (n >= 0 && (size_t)n < size)
		return -EBADMSG;
	return n < 0 ? (int)n : 0;
}

static int
fail_job(const struct pier_can_bcm *bcm, int rc)
{
	return rc == 0 ? 0
		       : fail(bcm->text, rc, PIER_STEP_SEND,
				 explain(rc, PIER_STEP_SEND));
}

/* What is wrong with a job to send, or 0. */
static int
refuse(const struct pier_can_bcm *bcm, const char *wrong)
{
	if (wrong != NULL)
		return fail(bcm->text, -EINVAL, PIER_STEP_SEND, wrong);
	if (bcm->interface == 0)
		return fail(bcm->text, -EDESTADDRREQ, PIER_STEP_SEND,
			"a manager of every interface only watches");
	return 0;
}

int
pier_can_bcm_send_sized(struct pier_can_bcm *bcm,
	const struct pier_can_cycle *cycle, size_t cycle_size)
{
	struct pier_can_cycle all = { .count = 0 };
	struct pier_can_key key;
	size_t size;
	int rc;

	memcpy(&all, cycle,
		cycle_size < sizeof(all) ? cycle_size : sizeof(all));
	rc = refuse(bcm, pier__bcm_check_cycle(&all));
	if (rc < 0)
		return rc;
	key = pier__bcm_key(&all.frames[0]);
	rc = hand_over(bcm, pier__bcm_encode_cycle(bcm->job, &all));
	/* A job has room for as many frames as it was made with. */
	if (rc == -E2BIG) {
		size = pier__bcm_encode_key(
			bcm->job, PIER__BCM_TX_DELETE, &key);
		rc = hand_over(bcm, size);
		if (rc == 0)
			rc = hand_over(
				bcm, pier__bcm_encode_cycle(bcm->job, &all));
	}
	return fail_job(bcm, rc);
}

int
pier_can_bcm_update(struct pier_can_bcm *bcm,
	const struct pier_can_frame *frames, size_t count)
{
	int rc = refuse(bcm, pier__bcm_check_frames(frames, count));

	if (rc < 0)
		return rc;
	rc = hand_over(bcm, pier__bcm_encode_update(bcm->job, frames, count));
	return rc == -E2BIG ? fail(bcm->text, rc, PIER_STEP_SEND,
				      "the job has fewer frames than that")
			    : fail_job(bcm, rc);
}

/* About a job that should be there: the kernel's word for one that is not stands
   for a wrong argument elsewhere. */
static int
tell_of(struct pier_can_bcm *bcm, uint32_t opcode,
	const struct pier_can_key *key)
{
	int rc = -EINVAL;

	if (pier__bcm_check_key(key) == NULL)
		rc = hand_over(
			bcm, pier__bcm_encode_key(bcm->job, opcode, key));
	return rc == -EINVAL ? fail(bcm->text, -ENOENT, PIER_STEP_SEND,
				       "there is no such job")
			     : fail_job(bcm, rc);
}

int
pier_can_bcm_ask(struct pier_can_bcm *bcm, const struct pier_can_key *key)
{
	return tell_of(bcm, PIER__BCM_TX_READ, key);
}

int
pier_can_bcm_cancel(struct pier_can_bcm *bcm, const struct pier_can_key *key)
{
	return tell_of(bcm, PIER__BCM_TX_DELETE, key);
}

int
pier_can_bcm_unwatch(struct pier_can_bcm *bcm, const struct pier_can_key *key)
{
	return tell_of(bcm, PIER__BCM_RX_DELETE, key);
}

int
pier_can_bcm_watch_sized(struct pier_can_bcm *bcm,
	const struct pier_can_watch *watch, size_t watch_size)
{
	struct pier_can_watch all = { .mask_count = 0 };
	const char *wrong;
	int rc;

	memcpy(&all, watch,
		watch_size < sizeof(all) ? watch_size : sizeof(all));
	wrong = pier__bcm_check_watch(&all);
	if (wrong != NULL)
		return fail(bcm->text, -EINVAL, PIER_STEP_SEND, wrong);
	rc = hand_over(bcm, pier__bcm_encode_watch(bcm->job, &all));
	if (rc == -E2BIG) {
		size_t size = pier__bcm_encode_key(
			bcm->job, PIER__BCM_RX_DELETE, &all.key);

		rc = hand_over(bcm, size);
		if (rc == 0)
			rc = hand_over(
				bcm, pier__bcm_encode_watch(bcm->job, &all));
	}
	return fail_job(bcm, rc);
}

/* One attempt. 0 or -errno; -EINTR: try again. What a later kernel tells besides is
   passed over. */
static int
receive(struct pier_can_bcm *bcm, struct pier_can_event *event)
{
	struct iovec piece = { .iov_base = bcm->came,
		.iov_len = sizeof(bcm->came) };
	struct mmsghdr one = { .msg_hdr = { .msg_name = &bcm->from,
				       .msg_namelen = sizeof(bcm->from),
				       .msg_iov = &piece,
				       .msg_iovlen = 1,
				       .msg_control = bcm->control,
				       .msg_controllen =
					       sizeof(bcm->control) } };
	int n, interface;

	memset(&bcm->from, 0, sizeof(bcm->from));
	n = pier__calls()->recvmmsg(bcm->desc.fd, &one, 1, MSG_DONTWAIT);
	if (n == -EAGAIN)
		PIER__NOTE(bcm->desc.readable, false);
	if (n <= 0)
		return n == 0 ? -EINTR : n;
	if (pier__bcm_decode(event, bcm->came, one.msg_len) < 0)
		return -EINTR;
	pier__can_read_control(&one.msg_hdr, &event->time_ns, &bcm->dropped);
	event->dropped = bcm->dropped;
	interface =
		bcm->from.interface != 0 ? bcm->from.interface : bcm->interface;
	if (interface != 0)
		memcpy(event->interface, pier__can_name(&bcm->names, interface),
			sizeof(event->interface));
	return 0;
}

int
pier_can_bcm_next_sized(struct pier_can_bcm *bcm, struct pier_can_event *event,
	size_t event_size, pier_deadline deadline)
{
	struct pier_can_event all;
	int rc;

	deadline = pier__can_moment(deadline);
	if (deadline.ns == 0)
		pier__desc_look_again(&bcm->desc, PIER__IN);
	do {
		rc = pier__can_enter(&bcm->desc, PIER__IN, deadline);
		if (rc < 0)
			break;
		rc = receive(bcm, &all);
		if (rc != -EAGAIN)
			continue;
		rc = pier__desc_wait(&bcm->desc, PIER__IN, "receive", deadline);
		if (rc == 0)
			rc = -EINTR; /* try again */
	} while (rc == -EINTR);
	if (rc == 0)
		memcpy(event, &all,
			event_size < sizeof(all) ? event_size : sizeof(all));
	return rc == 0 || rc == -EAGAIN
		       ? rc
		       : fail(bcm->text, rc, PIER_STEP_RECEIVE,
				 explain(rc, PIER_STEP_RECEIVE));
}
