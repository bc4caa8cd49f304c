/* SPDX-License-Identifier: MIT */
/*
 * proto/mgmt.h - a socket of the kernel's management interface of Bluetooth.
 *
 * It lies on the heap: the engine knows its descriptor. What it gives of a message
 * lies in its buffer, until the next one.
 */
#ifndef PIER_PROTO_MGMT_H
#define PIER_PROTO_MGMT_H

#include <pier/bt_control.h>
#include <pier/error.h>

#include "net/bare.h"
#include "proto/mgmt_wire.h"

struct pier__mgmt {
	struct pier__bare socket;
	/* What failed. */
	enum pier_step step;
	const char *detail; /* NULL: nothing to add */
	unsigned char buf[PIER__MGMT_MESSAGE_MAX];
};

/* The socket. 0 or -errno, with step and detail. */
int pier__mgmt_open(struct pier__mgmt *mgmt);

/* One command goes out; never waits. 0 or -errno. */
int pier__mgmt_send(struct pier__mgmt *mgmt, unsigned int command,
	unsigned int index, const void *bytes, size_t size);

/*
 * pier__mgmt_next(mgmt, out, deadline): wait for the next message. 0;
 * -EBADMSG: one that broke the rules, ask again; -EIO: there will be none; or as
 * any call that waits.
 */
int pier__mgmt_next(struct pier__mgmt *mgmt, struct pier__mgmt_message *out,
	pier_deadline deadline);

/*
 * pier__mgmt_controllers(mgmt, out, deadline): ask for all controllers. 0, and
 * what pier_bt_controllers() gives; or an error, with step and detail.
 */
int pier__mgmt_controllers(struct pier__mgmt *mgmt,
	struct pier_bt_controllers **out, pier_deadline deadline);

/* Notes that the kernel answered with this status, not 0; its error. */
int pier__mgmt_refused(struct pier__mgmt *mgmt, unsigned int status);

/* False: another scheduler watches it, and its memory has to stay. */
bool pier__mgmt_close(struct pier__mgmt *mgmt);

#endif
