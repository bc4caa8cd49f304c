/* SPDX-License-Identifier: MIT */
/*
 * net/block.h - waiting for bytes in recv(2) itself.
 *
 * A wait in ppoll or epoll can be ended by anything, but it is a system call
 * for each message beside the one that receives. A thread that has one socket
 * to watch may leave the wait to the call that receives, for a moment at most:
 * the socket is a blocking one, with SO_RCVTIMEO. That is how long whoever is
 * cancelled or woken meanwhile may not hear of it; pier_abort() and a shutdown
 * reach the socket, and end it at once. A deadline or a limit that comes soon
 * is not left to it, so that each is kept as exactly as ever. After a moment in
 * which nothing came the ordinary wait goes on, and so it does for some waits
 * to come: an idle connection is not looked at again and again, and who speaks
 * seldom hardly ever wakes its thread for nothing.
 *
 * A fiber may do so where all others of its thread can be woken late
 * (pier__sched_lenient()), as those of an iterative server while it has its one
 * connection; once its engine watches the socket, the engine does.
 *
 * Connections of a server whose threads run one at a time are such sockets,
 * over TCP; SO_RCVTIMEO they have from their listener. So is the UDP socket of a
 * server that answers each message: while it is all that its thread serves, the
 * wait is recvmmsg(2) itself (batch.h). All else in the library
 * asks for no wait in each call (MSG_DONTWAIT), and whoever asks for the
 * descriptor gets a non-blocking one like all others: pier__block_end().
 */
#ifndef PIER_NET_BLOCK_H
#define PIER_NET_BLOCK_H

#include "net/listen.h"
#include "net/packet.h"
#include "net/stream.h"
#include "task/sched.h"

/* The longest moment. */
#define PIER__BLOCK_US 20000

/* What listener accepts from now on blocks, where it can: a TCP socket made
   here, as options of others' are theirs, without a SO_RCVTIMEO that somebody
   asked for. */
void pier__block_accepted(struct pier_listener *listener);

/* So does its accept(), if that could be had, and what it accepts blocks: for who
   waits there in turn with other processes, which is woken alone. */
void pier__block_accepting(struct pier_listener *listener);

/* So does packet, a UDP socket made here, where it can. */
void pier__block_packet(struct pier_packet *packet);

/* The socket is non-blocking from now on. For who passes on its descriptor, or
   makes a call on it that cannot be told not to wait. 0, or what fcntl(2)
   gave; from any thread. It is not desc's alone any more, either. */
int pier__block_end(struct pier__desc *desc);

/* Whoever has the descriptor afterwards finds no moment (SO_RCVTIMEO) that pier has
   set, or that it has from a listener of a server before this one. */
void pier__block_forget(int fd);

/*
 * One attempt to receive that may wait. The result of recv(2); or
 *   -EAGAIN  nothing came, or it is not for now: pier__stream_wait()
 *   -EBUSY   another task waits for the same
 */
ssize_t pier__block_recv(struct pier_stream *stream, void *buf, size_t size,
	const char *why, pier_deadline deadline);

/*
 * The same by the short way (net/plain.h) of the operation "read" of self, by
 * which nothing was there. The result of recv(2); or
 *   -EAGAIN  it was not begun: what is out of the ordinary is for
 *            pier__block_recv(), which looks again
 *   -EINTR   nothing came: the ordinary wait
 */
ssize_t pier__block_plain(struct pier_stream *stream, struct pier__task *self,
	void *buf, size_t size);

/*
 * The same in parts, for who makes the call himself. pier__block_begin(desc,
 * self, why, until): 0: now, and then pier__block_over(), with what the call
 * gave; or as pier__block_recv().
 */
int pier__block_begin(struct pier__desc *desc, struct pier__task *self,
	const char *why, int64_t until);
void pier__block_over(struct pier__desc *desc, struct pier__task *self, int n);

/* Is it the turn of a wait that blocks? If not, it comes nearer. */
static inline bool
pier__block_turn(struct pier__desc *desc)
{
	uint8_t waits = PIER__LOOK(desc->blocks);

	if (waits > 1)
		PIER__NOTE(desc->blocks, waits - 1);
	return waits == 1;
}

/* Would the next wait of self, which serves messages by it, be one? */
static inline bool
pier__block_is_next(
	const struct pier__desc *desc, const struct pier__task *self)
{
	return PIER__LOOK(desc->blocks) == 1 && self->sched != NULL &&
	       pier__sched_is_alone(self->sched);
}

/* May it? Mostly not: it belongs to a fiber, or is an ordinary one. */
static inline bool
pier__block_may(const struct pier_stream *stream)
{
	return PIER__LOOK(stream->desc.blocks) != 0 &&
	       stream->ops == &pier__fd_ops;
}

#endif
