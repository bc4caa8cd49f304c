/* SPDX-License-Identifier: MIT */
/*
 * net/raw.h - raw(7): messages of any protocol of IP. It takes CAP_NET_RAW.
 */
#ifndef PIER_NET_RAW_H
#define PIER_NET_RAW_H

#include "net/packet.h"

/* A protocol by number, 1 to 255, or by one of the names that pier knows. 0,
   or -EINVAL. */
int pier__raw_parse_protocol(
	int *out, struct pier__span span, struct pier__why *why);

/* Opens what plan says. 0, or an error, noted. */
int pier__raw_open(
	struct pier_packet **out, const struct pier__packet_plan *plan);

/*
 * As recvmsg and recvmmsg of the call table, on a raw IPv4 socket: the header of
 * IP that the kernel puts before each message is left out, of the bytes and of
 * their number. Each message has one piece of room. What has no whole header
 * counts as empty.
 */
ssize_t pier__raw_recvmsg(int fd, struct msghdr *header, int flags);
int pier__raw_recvmmsg(
	int fd, struct mmsghdr *list, unsigned int count, int flags);

#endif
