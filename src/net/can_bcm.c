/* SPDX-License-Identifier: MIT */
/*
 * net/can_bcm.c - the broadcast manager of CAN: the kernel's
 * Documentation/networking/can.rst. Every job is one message, which the kernel takes
 * at once or refuses; only events are waited for.
 */
#include <errno.h>
#include <string.h>

#include <pier/can_bcm.h>

#include "net/can_bcm_wire.h"
#include "net/can_socket.h"
#include "os/calls.h"
#include "task/failure.h"

#define PROTOCOL 2 /* CAN_BCM */

/* Of what comes, one frame is looked at. */
#define CAME_SIZE (PIER__BCM_HEAD_SIZE + PIER__CAN_FD_SIZE)

struct pier_can_bcm {
	struct pier__can_socket socket;
	unsigned char came[CAME_SIZE];
	unsigned char job[PIER__BCM_SIZE_MAX];
};

static const struct pier__can_kind manager = { .type = SOCK_DGRAM,
	.protocol = PROTOCOL,
	.missing = "the kernel has no broadcast manager of CAN: modprobe "
		   "can-bcm",
	.gone = "the interface is gone" };

static int
fail(const struct pier_can_bcm *bcm, int rc, const char *detail)
{
	return pier__fail_step(rc, PIER_STEP_SEND, bcm->socket.text, detail);
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
set_up(struct pier__can_socket *can, const char *interface,
	const struct pier_can_bcm_opts *opts)
{
	const struct pier__can_address to = { .family = PIER__CAN_FAMILY,
		.interface = can->interface };
	int rc;

	if (interface != NULL) {
		rc = look_at(interface);
		if (rc < 0)
			return rc;
	}
	rc = pier__can_prepare(can, opts->buffer);
	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_OPTION, can->text, NULL);
	rc = pier__calls()->connect(can->desc.fd,
		(const struct sockaddr *)(const void *)&to, sizeof(to));
	return rc < 0 ? pier__can_fail(can, rc, PIER_STEP_CONNECT) : 0;
}

int
pier_can_bcm_open_sized(struct pier_can_bcm **out, const char *interface,
	const struct pier_can_bcm_opts *opts, size_t opts_size)
{
	struct pier_can_bcm_opts all = { .buffer = 0 };
	struct pier__can_socket *can;
	int rc;

	if (opts != NULL)
		memcpy(&all, opts,
			opts_size < sizeof(all) ? opts_size : sizeof(all));
	rc = pier__can_socket_open(
		&can, sizeof(struct pier_can_bcm), &manager, interface);
	if (rc < 0)
		return rc;
	rc = set_up(can, interface, &all);
	if (rc < 0) {
		pier__can_socket_close(can);
		return rc;
	}
	*out = pier__container_of(can, struct pier_can_bcm, socket);
	return 0;
}

void
pier_can_bcm_close(struct pier_can_bcm *bcm)
{
	if (bcm != NULL)
		pier__can_socket_close(&bcm->socket);
}

int
pier_can_bcm_fd(const struct pier_can_bcm *bcm)
{
	return bcm->socket.desc.fd;
}

int
pier_can_bcm_dropped(struct pier_can_bcm *bcm, uint32_t *count)
{
	return pier__can_drops(&bcm->socket, count);
}

/* Give the kernel a job that stands in bcm->job. 0 or an error, not noted. */
static int
hand_over(struct pier_can_bcm *bcm, size_t size)
{
	struct iovec piece = { .iov_base = bcm->job, .iov_len = size };
	const struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t n;

	do {
		n = pier__calls()->sendmsg(bcm->socket.desc.fd, &header,
			MSG_DONTWAIT | MSG_NOSIGNAL);
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
	return rc == 0 ? 0 : pier__can_fail(&bcm->socket, rc, PIER_STEP_SEND);
}

/* What is wrong with a job to send, or 0. */
static int
refuse(const struct pier_can_bcm *bcm, const char *wrong)
{
	if (wrong != NULL)
		return fail(bcm, -EINVAL, wrong);
	if (bcm->socket.interface == 0)
		return fail(bcm, -EDESTADDRREQ,
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
	return rc == -E2BIG
		       ? fail(bcm, rc, "the job has fewer frames than that")
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
	return rc == -EINVAL ? fail(bcm, -ENOENT, "there is no such job")
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
		return fail(bcm, -EINVAL, wrong);
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

/* What a later kernel tells besides is passed over. */
static int
take(struct pier__can_socket *can, const struct pier__can_came *came, void *out)
{
	struct pier_can_event *event = out;
	int interface =
		can->from.interface != 0 ? can->from.interface : can->interface;

	if (pier__bcm_decode(event, came->bytes, came->size) < 0)
		return -EBADMSG;
	event->time_ns = came->time_ns;
	event->dropped = can->dropped;
	if (interface != 0)
		pier__can_name(can, interface, event->interface);
	return 0;
}

int
pier_can_bcm_next_sized(struct pier_can_bcm *bcm, struct pier_can_event *event,
	size_t event_size, pier_deadline deadline)
{
	struct pier_can_event all;
	int rc = pier__can_receive(&bcm->socket, bcm->came, sizeof(bcm->came),
		take, &all, deadline);

	if (rc == 0)
		memcpy(event, &all,
			event_size < sizeof(all) ? event_size : sizeof(all));
	return rc;
}
