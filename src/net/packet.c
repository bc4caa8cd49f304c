/* SPDX-License-Identifier: MIT */
/*
 * net/packet.c - packet sockets of every family: what each call that may wait
 * begins with, and how they end. They are opened in packet_open.c, receive in
 * packet_recv.c, send in packet_send.c, and tell of themselves in
 * packet_about.c.
 */
#include "net/packet.h"

#include <errno.h>

#include "net/isotp.h"
#include "net/mailbox.h"
#include "net/stream.h"
#include "task/failure.h"

bool
pier__packet_is_aborted(const struct pier_packet *packet)
{
	if (packet->carrier != NULL &&
		atomic_load_explicit(
			&packet->carrier->aborted, memory_order_acquire))
		return true;
	return atomic_load_explicit(&packet->aborted, memory_order_acquire);
}

int
pier__packet_enter(
	struct pier_packet *packet, unsigned what, pier_deadline *deadline)
{
	struct pier__task *self = pier__self();
	int rc;

	if (self == NULL)
		return -ENOMEM;
	if (deadline->ns < 0)
		*deadline = pier__timeout_deadline(packet->timeout_ms);
	if (packet->mailbox != NULL) {
		rc = pier__enter(self, *deadline);
	} else if (packet->carrier != NULL) {
		/* The server's limits hold. */
		rc = pier__stream_enter(packet->carrier, what, deadline);
	} else {
		if (deadline->ns == 0)
			pier__desc_look_again(packet->desc, what);
		rc = pier__desc_claim(packet->desc, self);
		if (rc == 0)
			rc = pier__enter(self, *deadline);
	}
	if (rc == 0 && pier__packet_is_aborted(packet))
		rc = -ECONNABORTED;
	/* The next message is for the task that waits for it. Sending has no
	   such order: a message goes whole or not at all. */
	if (rc == 0 && what == PIER__IN && pier__desc_busy(packet->desc, what))
		rc = -EBUSY;
	return rc;
}

int
pier__packet_wait(
	struct pier_packet *packet, unsigned what, pier_deadline deadline)
{
	const char *why = what == PIER__IN ? "receive" : "send";
	int rc;

	if (packet->mailbox != NULL && what == PIER__IN)
		return pier__mailbox_await(packet->mailbox, deadline);
	if (packet->isotp != NULL)
		return pier__isotp_wait(packet, what, deadline);
	rc = packet->carrier != NULL
		     ? pier__stream_wait(packet->carrier, what, why, deadline)
		     : pier__desc_wait(packet->desc, what, why, deadline);

	return pier__packet_is_aborted(packet) ? -ECONNABORTED : rc;
}

int
pier__packet_await_room(struct pier_packet *packet, pier_deadline deadline)
{
	int rc = pier__packet_enter(packet, PIER__OUT, &deadline);

	PIER__NOTE(packet->desc->writable, false);
	return rc < 0 ? rc : pier__packet_wait(packet, PIER__OUT, deadline);
}

int
pier__packet_fail(const struct pier_packet *packet, int rc, enum pier_step step,
	const char *detail)
{
	const struct pier__limits *limits =
		packet->carrier != NULL ? packet->carrier->limits : NULL;

	if (rc == -PIER_ELIMIT && limits != NULL)
		detail = limits->met;
	return pier__fail_step(rc, step, packet->text, detail);
}

int
pier_packet_move(struct pier_packet *packet)
{
	if (pier__desc_is_elsewhere(packet->desc))
		return pier__packet_fail(packet, -EXDEV, PIER_STEP_WAIT, NULL);
	if (packet->desc->reader != NULL || packet->desc->writer != NULL)
		return pier__packet_fail(packet, -EBUSY, PIER_STEP_WAIT, NULL);
	pier__desc_forget(packet->desc);
	return 0;
}

void
pier_packet_abort(struct pier_packet *packet)
{
	atomic_store_explicit(&packet->aborted, true, memory_order_release);
	/* The descriptor is others' too. */
	if (packet->mailbox != NULL) {
		pier__mailbox_close(packet->mailbox, true);
		return;
	}
	/* Wakes who waits, also where it answers ENOTCONN. */
	(void)pier__calls()->shutdown(packet->desc->fd, SHUT_RDWR);
}

void
pier_packet_close(struct pier_packet *packet)
{
	if (packet == NULL)
		return;
	pier__unix_remove(&packet->file, &packet->own_place.addr);
	pier__unix_place_close(&packet->own_place);
	pier__unix_place_close(&packet->peer_place);
	if (packet->mailbox != NULL) {
		pier__mailbox_free(packet->mailbox);
		pier__free(packet);
		return;
	}
	if (pier__desc_is_watched_elsewhere(packet->desc)) {
		pier_packet_abort(packet);
		(void)pier__packet_fail(
			packet, -EXDEV, PIER_STEP_SHUTDOWN, NULL);
		return;
	}
	/* A carrier's is closed with the carrier. */
	if (packet->carrier == NULL)
		pier__desc_close(packet->desc);
	pier__isotp_detach(packet);
	pier__free(packet->came_back);
	pier__free(packet);
}
