/* SPDX-License-Identifier: MIT */
/*
 * net/pass.h - what travels beside the bytes of a Unix socket, as control
 * messages (unix(7)): descriptors, and who sends.
 */
#ifndef PIER_NET_PASS_H
#define PIER_NET_PASS_H

#include <pier/unix.h>

/* Room for the control messages of one receive: the most descriptors that the
   kernel lets one carry, and what an adopted socket may have been told to
   report besides. */
#define PIER__CRED_ROOM   CMSG_SPACE(sizeof(struct ucred))
#define PIER__PASSED_ROOM (CMSG_SPACE(sizeof(int) * PIER_FDS_MAX) + 512)

/* Put fds into the header; room has PIER__PASSED_ROOM bytes. */
void pier__passed_put(
	struct msghdr *header, void *room, const struct pier_fds *fds);

/*
 * pier__passed_take(fds, header): add what a receive brought to fds, which may
 * be NULL: then none is wanted. 0, or -EMFILE, -PIER_ELIMIT: it could not all
 * be had; then all that this receive brought is closed.
 */
int pier__passed_take(struct pier_fds *fds, struct msghdr *header);

/* Who sent the message, if the receive was told: msg->cred. */
void pier__sender_take(struct pier_msg *msg, struct msghdr *header);

#endif
