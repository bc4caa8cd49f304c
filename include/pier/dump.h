/* SPDX-License-Identifier: MIT */
/*
 * Packets as they pass an interface, by a packet socket: packet(7).
 *
 * Looks, and sends nothing. Needs CAP_NET_RAW. What is received is taken apart
 * by pier/layers.h and kept in files by pier/pcap.h.
 */
#ifndef PIER_DUMP_H
#define PIER_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/deadline.h>
#include <pier/layers.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A packet socket that receives. */
struct pier_dump;

/* What is taken of a packet when nothing else is said, and at most. */
#define PIER_DUMP_SNAP_MAX 262144

/* What the kernel may queue when nothing else is said. */
#define PIER_DUMP_BUFFER (4 * 1024 * 1024)

struct pier_dump_opts {
	/* Its name; NULL: every interface, also those that come later. Of one
	   packets have the header of its link where that is Ethernet or none;
	   else, and of every interface, they are PIER_LINK_COOKED2 */
	const char *interface;
	const char *filter; /* see pier-dump-filter(7); NULL: all */
	/* Bytes that are taken of each packet; 0: PIER_DUMP_SNAP_MAX */
	uint32_t snap;
	/* Bytes that the kernel may queue, which is what a program that is busy
	   can miss without losing any; 0: PIER_DUMP_BUFFER. Without
	   CAP_NET_ADMIN the kernel gives at most net.core.rmem_max */
	uint32_t buffer;
	/* Ask the link for packets to others too. Not of every interface */
	bool promiscuous;
};

/*
 * pier_dump_open(out, opts): from now on, receive what passes. The filter runs
 * in the kernel, and is in place before the first packet. On the loopback
 * interface each packet is received once, as one that came. Never waits.
 *
 *   out   the caller's, who ends it by pier_dump_close()
 *   opts  NULL for all of the defaults
 *
 * Returns 0, or
 *   -EPERM            without CAP_NET_RAW: setcap cap_net_raw=+ep PROGRAM
 *   -ENODEV           there is no such interface
 *   -EINVAL           the filter cannot be read, the error says why and where;
 *                     or promiscuous of every interface, or a snap above
 *                     PIER_DUMP_SNAP_MAX
 *   -ENETDOWN         the interface is down
 *   -EAFNOSUPPORT     a kernel without packet sockets
 *   -ENOMEM, -EMFILE  no room for it
 */
int pier_dump_open_sized(struct pier_dump **out,
	const struct pier_dump_opts *opts, size_t opts_size);

static inline int
pier_dump_open(struct pier_dump **out, const struct pier_dump_opts *opts)
{
	return pier_dump_open_sized(out, opts, sizeof(*opts));
}

/*
 * pier_dump_next(dump, packet, deadline): wait for the next packet. A VLAN tag
 * that the kernel took out is back in its place.
 *
 *   packet  borrowed until the next call on the same dump
 *
 * Returns 0, or
 *   -PIER_EDEADLINE  none by the deadline
 *   -EAGAIN          none yet, and the deadline is PIER_NOW
 *   -ECANCELED       the task was cancelled
 *   -ENETDOWN        the interface went down, or away; when it comes back, so do
 *                    packets
 *   -EXDEV, -EBUSY   another scheduler's, or another task waits for it
 */
int pier_dump_next(struct pier_dump *dump, const struct pier_captured **packet,
	pier_deadline deadline);

/* Counts since a dump was opened. */
struct pier_dump_stats {
	uint64_t
		received; /* packets that passed the filter, dropped included */
	uint64_t dropped; /* of them, what there was no room for */
};

/*
 * pier_dump_stats(dump, stats): what the kernel has counted, by
 * PACKET_STATISTICS.
 *
 * Returns 0, or
 *   -ENOPROTOOPT  a kernel that does not count
 */
int pier_dump_stats_sized(struct pier_dump *dump, struct pier_dump_stats *stats,
	size_t stats_size);

static inline int
pier_dump_stats(struct pier_dump *dump, struct pier_dump_stats *stats)
{
	return pier_dump_stats_sized(dump, stats, sizeof(*stats));
}

/* pier_dump_link(dump): what its packets begin with, of enum pier_link. Always
   succeeds. */
uint32_t pier_dump_link(const struct pier_dump *dump);

/* pier_dump_fd(dump): its descriptor, borrowed. Always succeeds. */
int pier_dump_fd(const struct pier_dump *dump);

/* pier_dump_close(dump): end it. NULL is fine. */
void pier_dump_close(struct pier_dump *dump);

/* ---- Filters ------------------------------------------------------------ */

/* A filter that was read: pier-dump-filter(7). */
struct pier_dump_filter;

/* The most conditions in one filter, and instructions of its program. */
#define PIER_DUMP_TERMS_MAX 64
#define PIER_DUMP_CODE_MAX  4096

/* One instruction of classic BPF, as struct sock_filter of <linux/filter.h>. */
struct pier_dump_code {
	uint16_t code;
	uint8_t yes, no; /* how far to go on, past the next one */
	uint32_t k;
};

/*
 * pier_dump_filter_new(out, text): read a filter. Empty text, and NULL, let all
 * pass. Service names are looked for as pier_service_port() does; no other names
 * are.
 *
 *   out  on success owned by the caller, who ends it by pier_dump_filter_free()
 *
 * Returns 0, or
 *   -EINVAL  it cannot be read: the error says why and where
 *   -ENOMEM  no memory
 */
int pier_dump_filter_new(struct pier_dump_filter **out, const char *text);

/* pier_dump_filter_free(filter): free it. NULL is fine. */
void pier_dump_filter_free(struct pier_dump_filter *filter);

/*
 * pier_dump_filter_match(filter, layers): does the packet that was taken apart
 * last pass? Always an answer: what cannot be seen of a packet does not hold.
 */
bool pier_dump_filter_match(const struct pier_dump_filter *filter,
	const struct pier_layers *layers);

/*
 * pier_dump_filter_code(filter, out, max, link, snap): the program that says the
 * same in the kernel, where it stands before the packets of a socket.
 *
 *   out   room for max instructions, of which PIER_DUMP_CODE_MAX are enough
 *   link  PIER_LINK_ETHERNET: of a SOCK_RAW socket on Ethernet or loopback;
 *         anything else: of one whose packets begin with their IP or ARP header,
 *         as on SOCK_DGRAM
 *   snap  bytes that it lets through of each packet
 *
 * Returns how many instructions there are, or -ENOSPC: more than max.
 */
int pier_dump_filter_code(const struct pier_dump_filter *filter,
	struct pier_dump_code *out, size_t max, uint32_t link, uint32_t snap);

#ifdef __cplusplus
}
#endif

#endif
