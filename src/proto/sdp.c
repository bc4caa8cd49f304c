/* SPDX-License-Identifier: MIT */
/*
 * proto/sdp.c - asks a device for its services: pier_bt_services() of
 * pier/bt_control.h. One request after the other, on a connection of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pier/bt_control.h>
#include <pier/error.h>

#include "addr/bt.h"
#include "net/bare.h"
#include "net/l2cap.h"
#include "os/calls.h"
#include "proto/bt_uuid.h"
#include "proto/sdp_wire.h"
#include "task/failure.h"
#include "task/timeout.h"

#define PROTOCOL_L2CAP 0 /* BTPROTO_L2CAP */

/* All that lies above it. */
#define UUID_L2CAP 0x0100

/* Answers to other requests than the last one, which may be late. */
#define STRAYS_MAX 16

#define TEXT_MAX (PIER_BT_ADDR_TEXT_MAX + 16)

/* One question; on the heap, since the engine knows its descriptor. */
struct sdp {
	struct pier__bare socket;
	pier_deadline deadline;
	struct pier_bt_uuid uuid;
	enum pier_step step; /* what failed, and what to add */
	const char *detail;
	uint16_t transaction;
	size_t size; /* of answer */
	unsigned char part[PIER__SDP_PART_MAX];
	unsigned char answer[PIER__SDP_ANSWER_MAX];
	char text[TEXT_MAX];
};

static int
fail(struct sdp *sdp, int rc, enum pier_step step, const char *detail)
{
	sdp->step = step;
	sdp->detail = detail;
	return rc;
}

static const char *
explain(int rc)
{
	switch (rc) {
	case -EAFNOSUPPORT:
		return "the kernel has no Bluetooth: modprobe bluetooth";
	case -EHOSTUNREACH:
		return "no Bluetooth controller is powered";
	case -EHOSTDOWN:
		return "the device does not answer";
	case -ECONNREFUSED:
		return "the device has no service discovery";
	case -EADDRNOTAVAIL:
		return "no powered controller has that address";
	default:
		return NULL;
	}
}

/* Before every attempt. */
static int
enter(struct sdp *sdp)
{
	struct pier__task *self = pier__self();
	int rc = self == NULL ? -ENOMEM : pier__bare_check(&sdp->socket);

	return rc < 0 ? rc : pier__enter(self, sdp->deadline);
}

/* ---- The connection ------------------------------------------------------ */

/* The wait for a connection, whose end is that the socket can be written to. */
static int
await(struct sdp *sdp)
{
	socklen_t len = sizeof(int);
	int error = 0, rc = 0;

	pier__bare_drained(&sdp->socket, PIER_WRITING);
	while (rc == 0 && !pier__bare_is_ready(&sdp->socket, PIER_WRITING))
		rc = pier__bare_wait(
			&sdp->socket, PIER_WRITING, "connect", sdp->deadline);
	if (rc == 0)
		rc = pier__calls()->getsockopt(pier__bare_fd(&sdp->socket),
			SOL_SOCKET, SO_ERROR, &error, &len);
	return rc < 0 ? rc : -error;
}

static int
connect_to(struct sdp *sdp, const struct pier_bt_addr *device)
{
	struct pier_addr to;
	int rc = pier_bt_l2cap(&to, device, PIER__SDP_PSM);

	if (rc == 0)
		rc = enter(sdp);
	if (rc == 0)
		rc = pier__calls()->connect(
			pier__bare_fd(&sdp->socket), &to.u.sa, to.len);
	/* Interrupted, it goes on all the same. */
	if (rc == -EINPROGRESS || rc == -EINTR)
		rc = await(sdp);
	if (rc == 0)
		rc = pier__l2cap_mark(pier__bare_fd(&sdp->socket));
	return rc < 0 ? fail(sdp, rc, PIER_STEP_CONNECT, explain(rc)) : 0;
}

static int
bind_to(struct sdp *sdp, const struct pier_bt_addr *controller)
{
	struct pier_addr own;
	int rc;

	if (controller == NULL)
		return 0;
	rc = pier_bt_l2cap(&own, controller, 0);
	if (rc == 0)
		rc = pier__calls()->bind(
			pier__bare_fd(&sdp->socket), &own.u.sa, own.len);
	return rc < 0 ? fail(sdp, rc, PIER_STEP_BIND, explain(rc)) : 0;
}

static int
make_socket(struct sdp *sdp)
{
	int fd = pier__calls()->socket(
		AF_BLUETOOTH, SOCK_SEQPACKET, PROTOCOL_L2CAP);

	if (fd < 0)
		return fail(sdp, fd, PIER_STEP_CREATE, explain(fd));
	pier__bare_init(&sdp->socket, fd, AF_BLUETOOTH, SOCK_SEQPACKET);
	return 0;
}

/* ---- Questions and answers ----------------------------------------------- */

static int
send_request(struct sdp *sdp, const struct pier__sdp_continue *more)
{
	unsigned char out[PIER__SDP_REQUEST_MAX];
	size_t len = pier__sdp_write(out, ++sdp->transaction, &sdp->uuid, more);
	ssize_t n = -EINTR;
	int rc = 0;

	while (rc == 0 && n < 0) {
		rc = enter(sdp);
		if (rc < 0)
			break;
		n = pier__calls()->send(pier__bare_fd(&sdp->socket), out, len,
			MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n == -EAGAIN) {
			pier__bare_drained(&sdp->socket, PIER_WRITING);
			rc = pier__bare_wait(&sdp->socket, PIER_WRITING, "send",
				sdp->deadline);
		} else if (n < 0 && n != -EINTR) {
			rc = (int)n;
		}
	}
	return rc < 0 ? fail(sdp, rc, PIER_STEP_SEND, NULL) : 0;
}

static ssize_t
look(struct sdp *sdp)
{
	char control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec where = { .iov_base = sdp->part,
		.iov_len = sizeof(sdp->part) };
	struct msghdr header = { .msg_iov = &where,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };

	return pier__l2cap_recvmsg(
		pier__bare_fd(&sdp->socket), &header, MSG_DONTWAIT);
}

/* The next message: its length. */
static ssize_t
receive(struct sdp *sdp)
{
	ssize_t n = -EINTR;
	int rc = 0;

	while (rc == 0 && n < 0) {
		rc = enter(sdp);
		if (rc < 0)
			break;
		n = look(sdp);
		if (n == -EAGAIN) {
			pier__bare_drained(&sdp->socket, PIER_READING);
			rc = pier__bare_wait(&sdp->socket, PIER_READING,
				"receive", sdp->deadline);
		} else if (n < 0 && n != -EINTR) {
			rc = (int)n;
		}
	}
	return rc < 0 ? fail(sdp, rc, PIER_STEP_RECEIVE, NULL) : n;
}

/* One request, and the part that answers it. */
static int
ask(struct sdp *sdp, struct pier__sdp_continue *more)
{
	const char *why = "the device answers what was not asked";
	struct pier__sdp_part part;
	int rc = send_request(sdp, more), i;
	ssize_t n;

	if (rc < 0)
		return rc;
	rc = -ENOMSG;
	for (i = 0; rc == -ENOMSG && i < STRAYS_MAX; i++) {
		n = receive(sdp);
		if (n < 0)
			return (int)n;
		rc = pier__sdp_read(
			&part, sdp->part, (size_t)n, sdp->transaction, &why);
	}
	if (rc == -ENOMSG)
		rc = -PIER_EFRAME;
	if (rc < 0)
		return fail(sdp, rc, PIER_STEP_RECEIVE, why);
	if (part.size > sizeof(sdp->answer) - sdp->size)
		return fail(sdp, -PIER_ELIMIT, PIER_STEP_BODY,
			"an answer of more than 64 KiB");
	memcpy(sdp->answer + sdp->size, part.bytes, part.size);
	sdp->size += part.size;
	*more = part.more;
	return 0;
}

static int
gather(struct sdp *sdp)
{
	struct pier__sdp_continue more = { .size = 0 };
	int rc;

	/* Each part brings bytes, of which there is a limit. */
	do {
		rc = ask(sdp, &more);
	} while (rc == 0 && more.size > 0);
	return rc;
}

static int
read_answer(struct sdp *sdp, struct pier_bt_services **out)
{
	const char *why = "more than 128 services";
	struct pier_bt_services *services;
	struct pier_bt_service *list;
	int count = pier__sdp_records(
		NULL, PIER_BT_SERVICES_MAX, sdp->answer, sdp->size, &why);

	if (count < 0)
		return fail(sdp, count, PIER_STEP_BODY, why);
	services =
		pier__alloc(sizeof(*services) + (size_t)count * sizeof(*list));
	if (services == NULL)
		return fail(sdp, -ENOMEM, PIER_STEP_CREATE, NULL);
	list = (struct pier_bt_service *)(void *)(services + 1);
	(void)pier__sdp_records(
		list, (size_t)count, sdp->answer, sdp->size, &why);
	services->count = (size_t)count;
	services->list = list;
	*out = services;
	return 0;
}

/* Everything but memory. */
static int
run(struct sdp *sdp, struct pier_bt_services **out,
	const struct pier_bt_addr *device, const struct pier_bt_addr *bind)
{
	int rc = device->type == PIER_BT_ADDR_BREDR
			 ? make_socket(sdp)
			 : fail(sdp, -EINVAL, PIER_STEP_CREATE,
				   "a device of Low Energy has no such "
				   "services");

	if (rc == 0)
		rc = bind_to(sdp, bind);
	if (rc == 0)
		rc = connect_to(sdp, device);
	if (rc == 0)
		rc = gather(sdp);
	if (rc == 0)
		rc = read_answer(sdp, out);
	return rc;
}

int
pier_bt_services_sized(struct pier_bt_services **out,
	const struct pier_bt_addr *device, const struct pier_bt_uuid *uuid,
	const struct pier_bt_services_opts *opts, size_t opts_size,
	pier_deadline deadline)
{
	struct pier_bt_services_opts all = { .bind = NULL };
	struct sdp *sdp = pier__alloc(sizeof(*sdp));
	char addr[PIER_BT_ADDR_TEXT_MAX] = "";
	int rc;

	if (opts != NULL)
		memcpy(&all, opts,
			opts_size < sizeof(all) ? opts_size : sizeof(all));
	(void)pier_bt_addr_format(device, addr, sizeof(addr));
	if (sdp == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_CREATE, addr, NULL);
	pier__bare_init(&sdp->socket, -1, AF_BLUETOOTH, SOCK_SEQPACKET);
	(void)snprintf(sdp->text, sizeof(sdp->text), "l2cap://%.17s/0x1", addr);
	sdp->uuid = uuid != NULL ? *uuid : pier__bt_uuid_short(UUID_L2CAP);
	sdp->deadline = deadline.ns < 0
				? pier__timeout_deadline(PIER__TIMEOUT_UNSET)
				: deadline;
	rc = run(sdp, out, device, all.bind);
	if (rc < 0)
		(void)pier__fail_step(rc, sdp->step, sdp->text, sdp->detail);
	(void)pier__bare_close(&sdp->socket);
	pier__free(sdp);
	return rc;
}

void
pier_bt_services_free(struct pier_bt_services *services)
{
	pier__free(services);
}
