/* SPDX-License-Identifier: MIT */
/*
 * pier/ping.h - is a host there, and how far away? Probes at regular times, the
 * answers told one by one and counted: by ICMP echo (RFC 792, RFC 4443), by
 * connecting to a TCP port, or by datagrams to a UDP port; and a Bluetooth device
 * by the echo of L2CAP.
 *
 * ICMP needs no privilege where the group of the process lies in
 * net.ipv4.ping_group_range (icmp(7)), which serves both families; else
 * CAP_NET_RAW, which that of L2CAP needs always.
 *
 * What an answer is:
 *   icmp  the echo of a probe, with its bytes
 *   tcp   the connection is there, and is closed at once; or it is refused: the
 *         host is alive, that port is closed
 *   udp   a datagram from the port; or the ICMP message that it is closed. A
 *         service that does not understand a probe is silent, as a filter is
 *   l2cap the echo of a probe, by the device's own Bluetooth stack
 *
 * Memory does not grow with the number of probes: durations are counted in a
 * histogram, in which a percentile is right within PIER_PING_RESOLUTION.
 */
#ifndef PIER_PING_H
#define PIER_PING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/addr.h>
#include <pier/deadline.h>
#include <pier/resolve.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pier_ping;

/* Bytes behind the header of a probe: without a wish, and at most. */
#define PIER_PING_SIZE     56
#define PIER_PING_SIZE_MAX 65507

/* The shortest time between two probes to one host. */
#define PIER_PING_INTERVAL_MIN_NS 1000000

/* Probes that may be on their way at a time: wait_ns is at most that many times
   interval_ns. */
#define PIER_PING_WINDOW 16384

/* How far off a percentile may be, as a part of it. */
#define PIER_PING_RESOLUTION (1.0 / 128)

struct pier_ping_opts {
	uint64_t count;      /* probes to send; 0: no end */
	int64_t interval_ns; /* between two probes; 0: 1 s */
	int64_t wait_ns;     /* for the answer to one; 0: 1 s */
	/* Bytes; 0: PIER_PING_SIZE, over L2CAP 44, which every device takes;
	   PIER_OFF: none */
	int size;
	int ttl;            /* routers that a probe may pass; 0: as usual */
	int tos;            /* type of service: DSCP and ECN */
	bool dont_fragment; /* too large for the path is an error */
	/* Local address "ADDR", of L2CAP the controller's; NULL: the kernel's
	   choice */
	const char *bind;
	const char *interface;  /* leave by this one; NULL: any */
	int family;             /* AF_UNSPEC, AF_INET or AF_INET6 */
	pier_lookup_fn *lookup; /* in place of names by getaddrinfo */
	void *lookup_arg;
	/* As of struct pier_dial_opts, but borrowed until pier_ping_close() */
	const char *const *options;
};

/*
 * pier_ping_open(out, endpoint, opts, deadline): get ready to ping: look the
 * name up, and make the socket for its first address for which that works. Nothing
 * is sent yet. A Bluetooth device is connected to.
 *
 *   out       on success the caller's, ended by pier_ping_close()
 *   endpoint  icmp://HOST icmp4:// icmp6://, tcp://HOST:PORT udp://HOST:PORT
 *             and their like; l2cap://DEVICE, a Bluetooth device of BR/EDR, of
 *             whose probes at most 50 are on their way, of 668 bytes where it
 *             takes them
 *   opts      NULL for the defaults; borrowed for the call
 *   deadline  bounds the look-up, and the connection
 *
 * Returns 0, or
 *   -EPERM           neither a ping socket nor a raw one may be had: the detail
 *                    is the command that grants it; or no raw one of L2CAP
 *   -EINVAL          the endpoint, or a field of opts that is out of its range:
 *                    the detail says which
 *   -PIER_ENONAME, -PIER_EAGAINNAME, -PIER_ENAMEFAIL  see pier_resolve()
 *   -ENETUNREACH, -EHOSTUNREACH  no way there from here; no Bluetooth
 *                    controller is powered
 *   -EHOSTDOWN       the Bluetooth device does not answer
 *   -EACCES          a broadcast address
 *   -EADDRNOTAVAIL   opts->bind is no address of this machine
 *   -ENODEV          there is no such interface
 *   -EAFNOSUPPORT    this machine has no IPv6, or no Bluetooth, or opts->bind
 *                    is of another family than the host
 *   -PIER_EDEADLINE, -ECANCELED, -EAGAIN  as any call that waits
 *   -ENOMEM, -EMFILE, -ENFILE  no memory, no descriptor
 */
int pier_ping_open_sized(struct pier_ping **out, const char *endpoint,
	const struct pier_ping_opts *opts, size_t opts_size,
	pier_deadline deadline);

static inline int
pier_ping_open(struct pier_ping **out, const char *endpoint,
	const struct pier_ping_opts *opts, pier_deadline deadline)
{
	return pier_ping_open_sized(
		out, endpoint, opts, sizeof(*opts), deadline);
}

enum pier_ping_what {
	PIER_PING_REPLY,  /* an answer in time */
	PIER_PING_CLOSED, /* the same: nobody listens at that port */
	PIER_PING_LOST,   /* no answer within wait_ns */
	PIER_PING_ERROR,  /* a router or this machine says why there is none */
	PIER_PING_DUPLICATE, /* one more answer to a probe that had one */
	PIER_PING_LATE       /* the answer to a probe that was lost already */
};

/* Something that happened. */
struct pier_ping_event {
	enum pier_ping_what what;
	uint64_t sequence; /* of the probe, from 1 */
	int64_t rtt_ns;    /* -1 where there was no answer */
	/* The end of rtt_ns is when the kernel took the answer in, not when
	   this process came to see it */
	bool by_kernel;
	struct pier_addr from; /* who answered, or who sent the error; len 0:
				  this machine, or nobody */
	int ttl;               /* of the answer; -1: not known */
	size_t size;           /* bytes of the answer behind its header */
	bool corrupt;          /* they are not those that were sent */
	bool truncated;        /* some are missing at the end */
	/* Of PIER_PING_ERROR: -EHOSTUNREACH, …; the type and code of the ICMP
	   message, -1 where it was none; the MTU where that is the trouble,
	   else 0; and what it means, a constant string */
	int error;
	int icmp_type, icmp_code;
	uint32_t mtu;
	const char *text;
};

/*
 * pier_ping_next(ping, event, deadline): send what is due, and wait for the next
 * thing to happen. Each probe is sent interval_ns after the one before, whether
 * that was answered or not; over TCP one at a time, so that the next one waits
 * for the answer, or the loss, of the one before.
 *
 *   event  written when there is one
 *
 * Returns 1: an event; 0: all probes were sent, and each had its end; or
 *   -PIER_EDEADLINE, -ECANCELED, -EAGAIN  as any call that waits; call again
 *                    to go on
 *   -EBUSY           another task waits for this ping
 *   -EXDEV           it belongs to another scheduler
 *   -ECONNRESET, -ETIMEDOUT, -EHOSTDOWN  the connection to the Bluetooth device is
 *                    lost
 *   -ENOMEM, -EMFILE, -ENFILE  no memory or descriptor to go on with
 */
int pier_ping_next_sized(struct pier_ping *ping, struct pier_ping_event *event,
	size_t event_size, pier_deadline deadline);

static inline int
pier_ping_next(struct pier_ping *ping, struct pier_ping_event *event,
	pier_deadline deadline)
{
	return pier_ping_next_sized(ping, event, sizeof(*event), deadline);
}

/* The counts so far. Durations are 0 while there is no answer. */
struct pier_ping_stats {
	uint64_t sent;
	uint64_t pending;    /* neither answered nor lost yet */
	uint64_t answered;   /* in time */
	uint64_t closed;     /* of these: by a closed port */
	uint64_t lost;       /* not answered in time */
	uint64_t errors;     /* of these: with a reason, PIER_PING_ERROR */
	uint64_t late;       /* answers that came to lost ones after all */
	uint64_t duplicates; /* answers to what had one already */
	uint64_t reordered;  /* answers that a later probe's overtook */
	uint64_t corrupt;    /* answers with other bytes, or fewer */
	/* Runs of lost probes, one after the other; the longest of them */
	uint64_t bursts, burst_max;
	/* Round trips; mdev_ns is their standard deviation. jitter_ns is the
	   mean difference between one and the next, jitter_max_ns the largest */
	int64_t min_ns, mean_ns, median_ns, p90_ns, p99_ns, max_ns;
	int64_t mdev_ns, jitter_ns, jitter_max_ns;
	int64_t elapsed_ns; /* from the first probe to the last event */
};

/* pier_ping_stats(ping, out): the counts so far. */
void pier_ping_stats_sized(
	const struct pier_ping *ping, struct pier_ping_stats *out, size_t size);

static inline void
pier_ping_stats(const struct pier_ping *ping, struct pier_ping_stats *out)
{
	pier_ping_stats_sized(ping, out, sizeof(*out));
}

/*
 * pier_ping_percentile(ping, share): the round trip that `share` (0 to 1) of all
 * answers were not longer than, in nanoseconds; 0 while there is none.
 */
int64_t pier_ping_percentile(const struct pier_ping *ping, double share);

/* pier_ping_peer(ping): the address that is pinged, borrowed. */
const struct pier_addr *pier_ping_peer(const struct pier_ping *ping);

/* pier_ping_way(ping): "ping socket", "raw socket", "tcp", "udp" or "l2cap"; a
   constant string. */
const char *pier_ping_way(const struct pier_ping *ping);

/* pier_ping_size(ping): bytes behind the header of each probe; 0 over TCP. */
size_t pier_ping_size(const struct pier_ping *ping);

/* pier_ping_close(ping): end it, on the scheduler that used it, while no task
   waits for it. NULL is fine. */
void pier_ping_close(struct pier_ping *ping);

#ifdef __cplusplus
}
#endif

#endif
