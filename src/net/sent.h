/* SPDX-License-Identifier: MIT */
/*
 * net/sent.h - when the kernel gave a message to its device, by SO_TIMESTAMPING.
 * It says so by the queue of errors, where came_back.h meets it.
 */
#ifndef PIER_NET_SENT_H
#define PIER_NET_SENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/packet.h"

struct pier__came_back;

/* From now on; of a packet with PIER_ASK_ERRORS. 0, or -errno: without it the
   kernel says nothing. */
int pier__sent_ask(struct pier_packet *packet);

/* CLOCK_REALTIME of the last message of which it has said it; 0: of none. An
   error that is met by the way is told by the next receive. */
int64_t pier__sent_when(struct pier_packet *packet);

/* Is what header received from the queue such a moment? Then it is kept. */
bool pier__sent_read(struct pier__came_back *it, struct msghdr *header);

#endif
