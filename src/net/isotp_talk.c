/* SPDX-License-Identifier: MIT */
/*
 * net/isotp_talk.c - messages of ISO-TP sent and received, by what the kernel's
 * net/can/isotp.c does:
 *
 * - A send hands the message over and comes back. That it has all gone is told by
 *   the next send, which is no longer refused with EAGAIN: here one of no bytes,
 *   which is refused with EINVAL then, and never sent.
 * - POLLOUT says the same, but on kernels before 6.1.23, where it says nothing:
 *   there the question is asked at growing intervals.
 * - One error is kept for both directions, and whoever looks first takes it. What
 *   is of the other one is put by.
 * - No shutdown wakes who waits, so waits come in slices, after which somebody
 *   looks whether this end was aborted, or an error was put by.
 */
#include "net/isotp.h"

#include <errno.h>
#include <stdio.h>

#include <pier/task.h>

#include "task/failure.h"

#define MS INT64_C(1000000)

/* Of a wait: how long an abort may go unseen. */
#define SLICE_NS (100 * MS)

/* Between attempts where nobody tells when another makes sense. */
#define PAUSE_MIN_NS (1 * MS)
#define PAUSE_MAX_NS (10 * MS)

/* A message that is on its way. */
struct sending {
	struct pier_packet *packet;
	const struct msghdr *header;
	pier_deadline deadline;
	int64_t pause_ns;
	bool woken;   /* the last wait said that an attempt makes sense */
	bool earlier; /* what failed is a message of another call */
};

/* ---- Errors, and whose they are ----------------------------------------- */

/* Is nothing of this end's on its way? 1; 0: it is; or an error. */
static int
is_idle(const struct pier_packet *packet)
{
	const struct msghdr nothing = { .msg_iovlen = 0 };
	ssize_t n = pier__calls()->sendmsg(
		packet->desc->fd, &nothing, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n == -EAGAIN || n == -EINTR)
		return 0;
	return n >= 0 || n == -EINVAL ? 1 : (int)n;
}

/* Whom an error that the kernel gave concerns: PIER__IN, PIER__OUT or both. Of
   wrong padding there is one number; of a send it has ended that. Others are of who
   looked. */
static unsigned int
concerns(const struct pier_packet *packet, int rc, unsigned int who)
{
	switch (rc) {
	case -ECOMM:
	case -EMSGSIZE:
		return PIER__OUT;
	case -ETIMEDOUT:
	case -EILSEQ:
		return PIER__IN;
	case -EBADMSG:
		return packet->isotp->sending && is_idle(packet) != 0
			       ? PIER__OUT
			       : PIER__IN;
	case -ENETDOWN:
	case -ENODEV:
	case -EADDRNOTAVAIL:
		return PIER__IN | PIER__OUT;
	default:
		return who;
	}
}

/* That a socket is bound to nothing any more says that its interface is gone. */
static int
meaning_of(int rc)
{
	return rc == -EADDRNOTAVAIL || rc == -ENXIO ? -ENODEV : rc;
}

/* What has become of what was sent: 0: nothing has failed, so far. */
static int
look_at_sent(struct pier_packet *packet)
{
	struct pier__isotp *isotp = packet->isotp;
	int error = 0;
	socklen_t len = sizeof(error);
	bool is_put_by = false;
	int rc;

	(void)pthread_mutex_lock(&isotp->lock);
	rc = pier__calls()->getsockopt(
		packet->desc->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (rc == 0 && error != 0) {
		unsigned int whom = concerns(packet, -error, PIER__OUT);

		is_put_by = (whom & PIER__IN) != 0;
		if (is_put_by)
			isotp->put_by_in = meaning_of(-error);
		if ((whom & PIER__OUT) != 0)
			isotp->put_by_out = meaning_of(-error);
	}
	if (rc == 0) {
		rc = isotp->put_by_out;
		isotp->put_by_out = 0;
	}
	(void)pthread_mutex_unlock(&isotp->lock);
	/* The kernel no longer wakes who receives; a thread sees it after its
	   slice. */
	if (is_put_by)
		pier__desc_retry(packet->desc, PIER__IN);
	return rc;
}

static void
set_sending(struct pier__isotp *isotp, bool is_sending)
{
	(void)pthread_mutex_lock(&isotp->lock);
	isotp->sending = is_sending;
	(void)pthread_mutex_unlock(&isotp->lock);
}

/* ---- Receiving ---------------------------------------------------------- */

/* These sockets refuse the flags that recvmsg(2) is called with elsewhere, and
   older ones do not say how long what they cut off was. */
static ssize_t
take_message(struct pier_packet *packet, struct msghdr *header)
{
	struct mmsghdr one = { .msg_hdr = *header };
	int n = pier__calls()->recvmmsg(
		packet->desc->fd, &one, 1, MSG_DONTWAIT | MSG_TRUNC);
	size_t room = header->msg_iov->iov_len;

	if (n <= 0)
		return n == 0 ? -EAGAIN : n;
	*header = one.msg_hdr;
	if ((header->msg_flags & MSG_TRUNC) != 0 && one.msg_len <= room)
		return (ssize_t)room + 1;
	return one.msg_len;
}

/* An error that a receive met, with the lock held: itself; or -EINTR, and it is put
   by for who sends. */
static int
sort_received(struct pier_packet *packet, int rc)
{
	struct pier__isotp *isotp = packet->isotp;
	unsigned int whom = concerns(packet, rc, PIER__IN);

	rc = meaning_of(rc);
	if (whom == PIER__OUT || (isotp->sending && (whom & PIER__OUT) != 0))
		isotp->put_by_out = rc;
	return whom == PIER__OUT ? -EINTR : rc;
}

ssize_t
pier__isotp_recv(struct pier_packet *packet, struct msghdr *header)
{
	struct pier__isotp *isotp = packet->isotp;
	ssize_t n;

	(void)pthread_mutex_lock(&isotp->lock);
	n = isotp->put_by_in;
	isotp->put_by_in = 0;
	if (n == 0)
		n = take_message(packet, header);
	if (n < 0 && n != -EAGAIN && n != -EINTR)
		n = sort_received(packet, (int)n);
	(void)pthread_mutex_unlock(&isotp->lock);
	return n;
}

int
pier__isotp_recv_many(
	struct pier_packet *packet, struct mmsghdr *list, unsigned int count)
{
	unsigned int i;
	ssize_t n = 0;

	for (i = 0; i < count; i++) {
		do
			n = pier__isotp_recv(packet, &list[i].msg_hdr);
		while (n == -EINTR);
		if (n < 0)
			break;
		list[i].msg_len = (unsigned int)n;
	}
	/* What ended it comes again, but for an error of the kernel's. */
	if (i > 0 && n < 0 && n != -EAGAIN) {
		(void)pthread_mutex_lock(&packet->isotp->lock);
		packet->isotp->put_by_in = (int)n;
		(void)pthread_mutex_unlock(&packet->isotp->lock);
	}
	return i > 0 || count == 0 ? (int)i : (int)n;
}

/* Has a sender met an error that is of who receives? */
static bool
has_put_by(struct pier_packet *packet)
{
	bool has;

	(void)pthread_mutex_lock(&packet->isotp->lock);
	has = packet->isotp->put_by_in != 0;
	(void)pthread_mutex_unlock(&packet->isotp->lock);
	return has;
}

int
pier__isotp_wait(
	struct pier_packet *packet, unsigned what, pier_deadline deadline)
{
	int rc;

	for (;;) {
		pier_deadline slice = pier_in_ns(SLICE_NS);
		bool is_last = deadline.ns <= slice.ns;

		rc = pier__desc_wait(packet->desc, what,
			what == PIER__IN ? "receive" : "send",
			is_last ? deadline : slice);
		if (pier__packet_is_aborted(packet))
			return -ECONNABORTED;
		if (what == PIER__IN && has_put_by(packet))
			return 0;
		if (is_last || rc != -PIER_EDEADLINE)
			return rc;
	}
}

const char *
pier__isotp_explain_receive(int rc)
{
	switch (rc) {
	case -ETIMEDOUT:
		return "a message had begun, and nothing more of it came for a "
		       "second";
	case -EILSEQ:
		return "of a message a frame was missing";
	case -EBADMSG:
		return "a frame was not padded as rxpad and check ask";
	case -ENETDOWN:
		return "the interface is down";
	case -ENODEV:
		return "the interface is gone";
	default:
		return NULL;
	}
}

/* ---- Sending ------------------------------------------------------------ */

/* Until another attempt may make sense. 0, or an error. */
static int
pause_for(struct sending *it, int why)
{
	pier_deadline until;
	int rc;

	if (it->deadline.ns == 0)
		return why;
	if (why == -EAGAIN && !it->woken) {
		PIER__NOTE(it->packet->desc->writable, false);
		rc = pier__isotp_wait(it->packet, PIER__OUT, it->deadline);
		it->woken = rc == 0;
		return rc;
	}
	/* It has just said that there is room, or it never says. */
	it->woken = false;
	until = pier_earlier(pier_in_ns(it->pause_ns), it->deadline);
	rc = pier_sleep(until);
	if (rc == 0 && until.ns == it->deadline.ns)
		rc = -PIER_EDEADLINE;
	it->pause_ns *= 2;
	if (it->pause_ns > PAUSE_MAX_NS)
		it->pause_ns = PAUSE_MAX_NS;
	return pier__packet_is_aborted(it->packet) ? -ECONNABORTED : rc;
}

/* Until the kernel has taken it, which it does not while another is on its way. */
static int
hand_over(struct sending *it)
{
	int rc = look_at_sent(it->packet);

	/* Of the interface the attempt tells, which may be up again. */
	if (rc == -ENETDOWN || rc == -ENODEV)
		rc = 0;
	it->earlier = true;
	while (rc == 0) {
		ssize_t n = pier__calls()->sendmsg(it->packet->desc->fd,
			it->header, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0) {
			it->packet->bytes_out += (uint64_t)n;
			it->earlier = false;
			return 0;
		}
		rc = (int)n;
		if (rc != -EAGAIN && rc != -ENOBUFS && rc != -EINTR) {
			it->earlier = false;
			/* Longer than it takes, or than one frame that is for
			   all. */
			return rc == -EINVAL ? -EMSGSIZE : meaning_of(rc);
		}
		rc = rc == -EINTR ? 0 : pause_for(it, rc);
		if (rc < 0)
			it->earlier = false;
		else
			rc = look_at_sent(it->packet);
	}
	return rc;
}

/* Until it has gone, or has failed. */
static int
await_gone(struct sending *it)
{
	int rc = 0;

	it->woken = false;
	it->pause_ns = PAUSE_MIN_NS;
	while (rc == 0) {
		rc = look_at_sent(it->packet);
		if (rc < 0)
			break;
		rc = is_idle(it->packet);
		/* It told of an error before it was idle. */
		if (rc == 1)
			return look_at_sent(it->packet);
		rc = rc == 0 ? pause_for(it, -EAGAIN) : meaning_of(rc);
	}
	return rc;
}

static const char *
explain_sent(int rc, bool is_taken)
{
	switch (rc) {
	case -ECOMM:
		return "the peer sent no flow control in time, or the link "
		       "took no frame";
	case -EMSGSIZE:
		return is_taken ? "the peer says that it has no room for so "
				  "much"
				: "longer than the kernel takes, or than one "
				  "frame that is for all";
	case -EBADMSG:
		return "the peer's flow control is too short, or not padded as "
		       "rxpad and check ask";
	case -PIER_EDEADLINE:
		return is_taken ? "the message is still on its way"
				: "an earlier message is still on its way, or "
				  "the queue of the interface is full";
	case -ENOBUFS:
		return "the queue of the interface is full";
	case -ENETDOWN:
		return "the interface is down";
	case -ENODEV:
		return "the interface is gone";
	default:
		return NULL;
	}
}

static int
fail_sent(const struct sending *it, int rc, bool is_taken)
{
	const char *detail = explain_sent(rc, is_taken || it->earlier);
	char text[160];

	if (it->earlier && detail != NULL) {
		(void)snprintf(
			text, sizeof(text), "an earlier message: %s", detail);
		detail = text;
	}
	return pier__packet_fail(it->packet, rc, PIER_STEP_SEND, detail);
}

static int
send_in_turn(struct sending *it)
{
	struct pier__isotp *isotp = it->packet->isotp;
	bool is_taken = false;
	int rc;

	set_sending(isotp, true);
	rc = hand_over(it);
	if (rc == 0) {
		is_taken = true;
		/* Who waits for nothing is told by the next call. */
		if (it->deadline.ns != 0)
			rc = await_gone(it);
	}
	set_sending(isotp, false);
	return rc == 0 ? 0 : fail_sent(it, rc, is_taken);
}

/* The one address that there is. */
static bool
is_peer(const struct pier_packet *packet, const struct msghdr *header)
{
	struct pier_addr to;

	return header->msg_name == NULL ||
	       (pier_addr_from_sockaddr(
			&to, header->msg_name, header->msg_namelen) == 0 &&
		       pier_addr_equal(&to, &packet->to));
}

static const char *
refusal_of(const struct pier_packet *packet, const struct msghdr *header)
{
	if (header->msg_iov->iov_len == 0)
		return "ISO-TP has no empty messages";
	return is_peer(packet, header)
		       ? NULL
		       : "ISO-TP is for one peer: another address was given";
}

int
pier__isotp_send(struct pier_packet *packet, const struct msghdr *header,
	pier_deadline deadline)
{
	struct sending it = {
		.packet = packet, .header = header, .pause_ns = PAUSE_MIN_NS
	};
	struct msghdr plain = { .msg_iov = header->msg_iov,
		.msg_iovlen = header->msg_iovlen };
	const char *refusal = refusal_of(packet, header);
	int rc = refusal == NULL ? 0 : -EINVAL;

	it.header = &plain;
	if (rc == 0)
		rc = pier__packet_enter(packet, PIER__OUT, &deadline);
	it.deadline = deadline;
	if (rc == 0)
		rc = pier_mutex_lock(packet->isotp->turn, deadline);
	if (rc < 0)
		return pier__packet_fail(packet, rc, PIER_STEP_SEND, refusal);
	/* It may have been aborted while others had their turn. */
	rc = pier__packet_is_aborted(packet)
		     ? pier__packet_fail(
			       packet, -ECONNABORTED, PIER_STEP_SEND, NULL)
		     : send_in_turn(&it);
	(void)pier_mutex_unlock(packet->isotp->turn);
	return rc;
}
