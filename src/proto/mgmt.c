/* SPDX-License-Identifier: MIT */
/* proto/mgmt.c - see mgmt.h, and pier_bt_controllers() in pier/bt_control.h. */
#include "proto/mgmt.h"

#include <errno.h>
#include <string.h>

#include "addr/bt.h"
#include "os/calls.h"
#include "task/failure.h"
#include "task/timeout.h"

#define PROTOCOL_HCI 1 /* BTPROTO_HCI */
#define CHANNEL      3 /* HCI_CHANNEL_CONTROL */

/* What stands for all controllers in errors. */
#define TEXT "hci"

/* struct sockaddr_hci. */
struct address {
	sa_family_t family;
	uint16_t device;
	uint16_t channel;
};

static const char *
explain(int rc)
{
	switch (rc) {
	case -EAFNOSUPPORT:
		return "the kernel has no Bluetooth: modprobe bluetooth";
	case -EPROTONOSUPPORT:
	case -EINVAL:
		return "the kernel has no management interface of Bluetooth";
	case -EPERM:
	case -EACCES:
		return "needs CAP_NET_ADMIN";
	default:
		return NULL;
	}
}

static int
fail(struct pier__mgmt *mgmt, int rc, enum pier_step step)
{
	mgmt->step = step;
	mgmt->detail = step == PIER_STEP_CREATE || step == PIER_STEP_BIND
			       ? explain(rc)
			       : NULL;
	return rc;
}

int
pier__mgmt_refused(struct pier__mgmt *mgmt, unsigned int status)
{
	mgmt->step = PIER_STEP_RECEIVE;
	mgmt->detail = pier__mgmt_text(status);
	return pier__mgmt_error(status);
}

int
pier__mgmt_open(struct pier__mgmt *mgmt)
{
	const struct address to = { .family = AF_BLUETOOTH,
		.device = PIER__MGMT_NONE,
		.channel = CHANNEL };
	int fd, rc;

	pier__bare_init(&mgmt->socket, -1, AF_BLUETOOTH, SOCK_RAW);
	fd = pier__calls()->socket(AF_BLUETOOTH, SOCK_RAW, PROTOCOL_HCI);
	if (fd < 0)
		return fail(mgmt, fd, PIER_STEP_CREATE);
	pier__bare_init(&mgmt->socket, fd, AF_BLUETOOTH, SOCK_RAW);
	rc = pier__calls()->bind(
		fd, (const struct sockaddr *)(const void *)&to, sizeof(to));
	return rc < 0 ? fail(mgmt, rc, PIER_STEP_BIND) : 0;
}

bool
pier__mgmt_close(struct pier__mgmt *mgmt)
{
	return pier__bare_close(&mgmt->socket);
}

int
pier__mgmt_send(struct pier__mgmt *mgmt, unsigned int command,
	unsigned int index, const void *bytes, size_t size)
{
	unsigned char out[PIER__MGMT_COMMAND_MAX];
	size_t len = pier__mgmt_write(out, command, index, bytes, size);
	ssize_t n;

	do {
		n = pier__calls()->send(pier__bare_fd(&mgmt->socket), out, len,
			MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n == -EINTR);
	/* The kernel takes a command in at once: what it lacks is memory. */
	if (n == -EAGAIN)
		n = -ENOBUFS;
	return n < 0 ? fail(mgmt, (int)n, PIER_STEP_SEND) : 0;
}

/* One attempt. 0; -EAGAIN: there is none; or as pier__mgmt_next(). */
static int
take(struct pier__mgmt *mgmt, struct pier__mgmt_message *out)
{
	ssize_t n;

	do {
		n = pier__calls()->recv(pier__bare_fd(&mgmt->socket), mgmt->buf,
			sizeof(mgmt->buf), MSG_DONTWAIT);
	} while (n == -EINTR);
	if (n == -EAGAIN)
		pier__bare_drained(&mgmt->socket, PIER_READING);
	if (n <= 0)
		return n < 0 ? (int)n : -EIO;
	return pier__mgmt_read(out, mgmt->buf, (size_t)n);
}

int
pier__mgmt_next(struct pier__mgmt *mgmt, struct pier__mgmt_message *out,
	pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int rc = self == NULL ? -ENOMEM : 0;

	while (rc == 0) {
		rc = pier__bare_check(&mgmt->socket);
		if (rc == 0)
			rc = pier__enter(self, deadline);
		if (rc == 0)
			rc = take(mgmt, out);
		if (rc == 0)
			return 0;
		if (rc == -EAGAIN)
			rc = pier__bare_wait(&mgmt->socket, PIER_READING,
				"receive", deadline);
	}
	return fail(mgmt, rc, PIER_STEP_RECEIVE);
}

/* A command without parameters, and its answer; events are passed over. A status
   other than 0 is no error here. */
static int
ask(struct pier__mgmt *mgmt, struct pier__mgmt_answer *out,
	enum pier__mgmt_command command, unsigned int index,
	pier_deadline deadline)
{
	struct pier__mgmt_message message = { .code = 0 };
	int rc = pier__mgmt_send(mgmt, command, index, NULL, 0);

	while (rc == 0) {
		rc = pier__mgmt_next(mgmt, &message, deadline);
		if (rc == 0 && message.index == index &&
			pier__mgmt_read_answer(out, &message) == 0 &&
			out->command == command)
			return 0;
	}
	return rc;
}

/* The kernel has the newest one first. */
static void
sort(uint16_t *list, int count)
{
	int i, at;

	for (i = 1; i < count; i++) {
		uint16_t one = list[i];

		for (at = i; at > 0 && list[at - 1] > one; at--)
			list[at] = list[at - 1];
		list[at] = one;
	}
}

/* The numbers of all of them: how many. */
static int
ask_list(struct pier__mgmt *mgmt, uint16_t list[PIER_BT_CONTROLLERS_MAX],
	pier_deadline deadline)
{
	struct pier__mgmt_answer answer = { .status = 0 };
	int rc = ask(mgmt, &answer, PIER__MGMT_READ_INDEX_LIST, PIER__MGMT_NONE,
		deadline);

	if (rc < 0)
		return rc;
	if (answer.status != 0)
		return pier__mgmt_refused(mgmt, answer.status);
	rc = pier__mgmt_read_list(list, PIER_BT_CONTROLLERS_MAX, &answer);
	if (rc < 0)
		return fail(mgmt, rc, PIER_STEP_RECEIVE);
	sort(list, rc);
	return rc;
}

int
pier__mgmt_controllers(struct pier__mgmt *mgmt,
	struct pier_bt_controllers **out, pier_deadline deadline)
{
	uint16_t list[PIER_BT_CONTROLLERS_MAX] = { 0 };
	struct pier__mgmt_answer answer = { .status = 0 };
	struct pier_bt_controllers *all;
	struct pier_bt_controller *each;
	int count = ask_list(mgmt, list, deadline);
	int i, rc = 0;

	if (count < 0)
		return count;
	all = pier__alloc(sizeof(*all) + (size_t)count * sizeof(*each));
	if (all == NULL)
		return fail(mgmt, -ENOMEM, PIER_STEP_CREATE);
	each = (struct pier_bt_controller *)(void *)(all + 1);
	all->list = each;
	for (i = 0; rc == 0 && i < count; i++) {
		rc = ask(
			mgmt, &answer, PIER__MGMT_READ_INFO, list[i], deadline);
		/* One that has gone meanwhile is none. */
		if (rc < 0 || answer.status != 0)
			continue;
		rc = pier__mgmt_read_controller(
			&each[all->count], list[i], &answer);
		if (rc == 0)
			all->count++;
		else
			(void)fail(mgmt, rc, PIER_STEP_RECEIVE);
	}
	if (rc < 0) {
		pier__free(all);
		return rc;
	}
	*out = all;
	return 0;
}

int
pier_bt_controllers(struct pier_bt_controllers **out, pier_deadline deadline)
{
	struct pier__mgmt *mgmt = pier__alloc(sizeof(*mgmt));
	int rc;

	if (mgmt == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_CREATE, TEXT, NULL);
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	rc = pier__mgmt_open(mgmt);
	if (rc == 0)
		rc = pier__mgmt_controllers(mgmt, out, deadline);
	if (rc < 0)
		(void)pier__fail_step(rc, mgmt->step, TEXT, mgmt->detail);
	/* It was made here, so that no other scheduler can know it. */
	(void)pier__mgmt_close(mgmt);
	pier__free(mgmt);
	return rc;
}

void
pier_bt_controllers_free(struct pier_bt_controllers *controllers)
{
	pier__free(controllers);
}

const char *
pier_bt_version_text(unsigned int version)
{
	/* Assigned numbers, host controller interface. */
	static const char *const texts[] = { "1.0b", "1.1", "1.2", "2.0", "2.1",
		"3.0", "4.0", "4.1", "4.2", "5.0", "5.1", "5.2", "5.3", "5.4",
		"6.0", "6.1" };

	return version < sizeof(texts) / sizeof(texts[0]) ? texts[version]
							  : "?";
}
