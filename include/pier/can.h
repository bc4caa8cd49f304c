/* SPDX-License-Identifier: MIT */
/*
 * Controller Area Network: raw sockets of Linux (SocketCAN), and the text forms of
 * frames, filters and logs that can-utils(1) read and write.
 *
 * All numbers of the kernel's interface are pier's own: a machine without
 * <linux/can.h> builds it too. What has no socket in it is pure, and works on a
 * kernel without CAN.
 */
#ifndef PIER_CAN_H
#define PIER_CAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/deadline.h>
#include <pier/interface.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most data of a frame, and of a classic one. */
#define PIER_CAN_DATA_MAX    64
#define PIER_CAN_CLASSIC_MAX 8

/* The highest identifiers: 11 bits, and 29 where they are extended. */
#define PIER_CAN_ID_MAX          0x7ffu
#define PIER_CAN_ID_EXTENDED_MAX 0x1fffffffu

/* Enough for every frame as text, and every line of a log, with its NUL. */
#define PIER_CAN_TEXT_MAX 208
#define PIER_CAN_LINE_MAX 288

/* Bits of fd_flags: ISO 11898-1 BRS and ESI; and that it is FD, which newer
   kernels add themselves. */
enum {
	PIER_CAN_BRS = 1, /* the data went at the second bit rate */
	PIER_CAN_ESI = 2, /* its sender is error passive */
	PIER_CAN_FDF = 4
};

/* Classes of errors: the identifier of an error frame is made of them. */
enum {
	PIER_CAN_ERROR_TX_TIMEOUT = 0x001,
	PIER_CAN_ERROR_ARBITRATION = 0x002, /* lost; where, in data[0] */
	PIER_CAN_ERROR_CONTROLLER = 0x004,  /* what, in data[1] */
	PIER_CAN_ERROR_PROTOCOL = 0x008,    /* what and where: data[2], [3] */
	PIER_CAN_ERROR_TRANSCEIVER = 0x010, /* what, in data[4] */
	PIER_CAN_ERROR_NO_ACK = 0x020,
	PIER_CAN_ERROR_BUS_OFF = 0x040,
	PIER_CAN_ERROR_BUS = 0x080, /* may come in floods */
	PIER_CAN_ERROR_RESTARTED = 0x100,
	PIER_CAN_ERROR_ALL = 0x1fffffff
};

/* A frame: a value, compared and copied as one. */
struct pier_can_frame {
	uint32_t id;   /* 11 bits, or 29; of an error frame its classes */
	bool extended; /* 29 bits, also where fewer would do */
	bool remote;   /* asks for data (RTR), and has none */
	bool error;    /* made by this machine's controller */
	bool fd;
	uint8_t fd_flags; /* PIER_CAN_BRS and the others, 4 bits; else 0 */
	/* Bytes of data: 0 to 8; of an FD frame also 12, 16, 20, 24, 32, 48
	   or 64; of a remote frame what is asked for */
	uint8_t size;
	/* Of a classic frame of 8: 9 to 15, where its length code says so; else
	   0 */
	uint8_t raw_code;
	uint8_t data[PIER_CAN_DATA_MAX]; /* behind size: zeros */
};

/* A frame that came, or that stands in a log. */
struct pier_can_message {
	struct pier_can_frame frame;
	int64_t time_ns; /* of CLOCK_REALTIME, by the kernel; 0: unknown */
	char interface[PIER_INTERFACE_NAME_MAX];
	bool local; /* sent by a socket of this machine */
	bool own;   /* by this socket */
	/* Messages that this socket had no room for, since it was opened and up
	   to this one (SO_RXQ_OVFL) */
	uint32_t dropped;
};

/* ---- Text --------------------------------------------------------------- */

/*
 * pier_can_frame_parse(out, text): read a frame as cansend(1) takes it:
 *
 *   123#DEADBEEF        three digits: 11 bits; up to eight bytes, between
 *   12345678#11.22      which dots may stand; eight digits: 29 bits
 *   123#R  123#R4       a remote frame, and how many bytes it asks for
 *   123##1AABB          FD: one digit of fd_flags, then up to 64 bytes; what
 *                       lies between two sizes is filled up with zeros
 *   123#1122334455667788_E   eight bytes whose length code says 14
 *   20000080#0000000000000000   an error frame: bit 29 is set
 *
 * Returns 0, or
 *   -EINVAL  it is none; the error says why and where
 */
int pier_can_frame_parse(struct pier_can_frame *out, const char *text);

/*
 * pier_can_frame_format(frame, buf, size): the same text, as candump(1) writes
 * it in logs: capital digits, no dots.
 *
 *   buf  ends in NUL on success; PIER_CAN_TEXT_MAX bytes are enough
 *
 * Returns its length, or
 *   -EINVAL  no frame can be so: see pier_can_frame_check()
 *   -ENOSPC  buf is too small
 */
int pier_can_frame_format(
	const struct pier_can_frame *frame, char *buf, size_t size);

/*
 * pier_can_frame_check(frame): what is wrong with a frame, as a constant
 * sentence; NULL: nothing.
 */
const char *pier_can_frame_check(const struct pier_can_frame *frame);

/*
 * pier_can_log_parse(out, line): read a line of a log as candump -L and -l write
 * it: "(1436509052.249713) vcan0 123#DEADBEEF". The time has up to nine digits
 * behind its point, or is UTC of RFC 3339: "(2015-07-10T06:17:32.249713Z)". Any
 * number of blanks stands between the three, and R or T (candump -x: it was
 * received, or sent here) may follow. A newline may end it.
 *
 * Returns 0; 1: the line is empty, or begins with '#', ';' or '%' and is a
 * comment; or
 *   -EINVAL  it is none; the error says why and where
 */
int pier_can_log_parse(struct pier_can_message *out, const char *line);

/* How the time of a line of a log is written. */
enum pier_can_time {
	PIER_CAN_TIME_MICRO, /* as candump -L: (1436509052.249713) */
	PIER_CAN_TIME_NANO,  /* (1436509052.249713456) */
	PIER_CAN_TIME_UTC    /* (2015-07-10T06:17:32.249713456Z) */
};

/*
 * pier_can_log_format(message, time, buf, size): a line of a log, without a
 * newline. Of a time before 1970 it is 1970.
 *
 *   buf  ends in NUL on success; PIER_CAN_LINE_MAX bytes are enough
 *
 * Returns its length, or
 *   -EINVAL  no frame can be so, or the message has no interface
 *   -ENOSPC  buf is too small
 */
int pier_can_log_format(const struct pier_can_message *message,
	enum pier_can_time time, char *buf, size_t size);

/* ---- Filters ------------------------------------------------------------ */

/* The most of one set. */
#define PIER_CAN_FILTERS_MAX 64

/* Bits of the identifiers of filters: those of the kernel, in whose masks they
   can stand too: extended, and remote. */
#define PIER_CAN_FILTER_EXTENDED 0x80000000u
#define PIER_CAN_FILTER_REMOTE   0x40000000u

/* Holds where (identifier & mask) == (id & mask); inverse, where it does not. */
struct pier_can_filter {
	uint32_t id;
	uint32_t mask;
	bool inverse;
};

/* Data and remote frames pass where one of the list holds, or with `join` where
   all do; of an empty list none pass. Error frames pass by their classes. */
struct pier_can_filters {
	size_t count;
	bool join;
	uint32_t errors; /* PIER_CAN_ERROR_…; 0: no error frames */
	struct pier_can_filter list[PIER_CAN_FILTERS_MAX];
};

/*
 * pier_can_filters_parse(out, text): read a set of filters as candump(1) takes
 * it behind the name of an interface, with commas between:
 *
 *   123:7FF       identifier and mask, hexadecimal; an identifier of eight
 *                 digits is an extended one
 *   123~7FF       all but these
 *   #FFFFFFFF     error frames of these classes; alone: nothing else
 *   j             what passes has to pass every filter
 *
 * Returns 0, or
 *   -EINVAL  it is none; the error says why and where
 */
int pier_can_filters_parse(struct pier_can_filters *out, const char *text);

/*
 * pier_can_filters_match(filters, frame): does the frame pass, as the kernel
 * would decide? Always an answer.
 */
bool pier_can_filters_match(const struct pier_can_filters *filters,
	const struct pier_can_frame *frame);

/* ---- Sockets ------------------------------------------------------------ */

/* A raw socket. One task may receive while another sends. */
struct pier_can;

struct pier_can_opts {
	/* Copied; NULL: all data and remote frames, no error frames */
	const struct pier_can_filters *filters;
	bool own_messages; /* receive what this socket sends too */
	bool no_loopback;  /* no socket of this machine hears what it sends */
	/* Bytes that the kernel may queue of what came (SO_RCVBUF); 0: as the
	   system has it. Without CAP_NET_ADMIN at most net.core.rmem_max */
	uint32_t buffer;
};

/*
 * pier_can_open(out, interface, opts): open a raw socket. The filters are in
 * place before the first frame. FD frames are received too, where the kernel
 * knows them. Never waits. Needs no capability.
 *
 *   out        the caller's, who ends it by pier_can_close()
 *   interface  its name; NULL: hear every CAN interface
 *   opts       NULL for all of the defaults
 *
 * Returns 0, or
 *   -EAFNOSUPPORT      the kernel has no CAN: modprobe can
 *   -EPROTONOSUPPORT   no raw sockets of it: modprobe can-raw
 *   -ENODEV            there is no such interface, or it is no CAN interface
 *   -ENETDOWN          it is down: ip link set NAME up
 *   -EINVAL            more filters than PIER_CAN_FILTERS_MAX
 *   -ENOPROTOOPT       a kernel that cannot join filters (Linux 4.1)
 *   -ENOMEM, -EMFILE   no room for it
 */
int pier_can_open_sized(struct pier_can **out, const char *interface,
	const struct pier_can_opts *opts, size_t opts_size);

static inline int
pier_can_open(struct pier_can **out, const char *interface,
	const struct pier_can_opts *opts)
{
	return pier_can_open_sized(out, interface, opts, sizeof(*opts));
}

/*
 * pier_can_recv(can, message, deadline): wait for the next frame.
 *
 * Returns 0, or
 *   -PIER_EDEADLINE  none by the deadline
 *   -EAGAIN          none yet, and the deadline is PIER_NOW
 *   -ECANCELED       the task was cancelled
 *   -ENETDOWN        the interface went down; when it comes back, so do frames
 *   -ENODEV          it is gone
 *   -EXDEV, -EBUSY   another scheduler's, or another task receives
 */
int pier_can_recv_sized(struct pier_can *can, struct pier_can_message *message,
	size_t message_size, pier_deadline deadline);

static inline int
pier_can_recv(struct pier_can *can, struct pier_can_message *message,
	pier_deadline deadline)
{
	return pier_can_recv_sized(can, message, sizeof(*message), deadline);
}

/*
 * pier_can_send(can, frame, deadline): hand one frame to the link. Where the
 * queue of the link is full, which the kernel says by ENOBUFS and tells nobody
 * the end of, it is tried again after 1 ms, later 10, until the deadline.
 *
 * Returns 0, or
 *   -EINVAL          no frame can be so, see pier_can_frame_check(); or an FD
 *                    frame and a link that takes none
 *   -EDESTADDRREQ    the socket hears every interface, and is for none
 *   -PIER_EDEADLINE  no room by the deadline
 *   -ENOBUFS, -EAGAIN  no room, and the deadline is PIER_NOW
 *   -ECANCELED       the task was cancelled
 *   -ENETDOWN, -ENODEV, -ENXIO  the interface is down, or gone
 *   -EXDEV, -EBUSY   another scheduler's, or another task sends
 */
int pier_can_send(struct pier_can *can, const struct pier_can_frame *frame,
	pier_deadline deadline);

/*
 * pier_can_dropped(can, count): how many messages it had no room for since it
 * was opened, those of which no later message told too (SO_MEMINFO).
 *
 * Returns 0, or
 *   -ENOPROTOOPT  a kernel that does not count (before Linux 4.12)
 */
int pier_can_dropped(struct pier_can *can, uint32_t *count);

/* pier_can_fd(can): its descriptor, borrowed. Always succeeds. */
int pier_can_fd(const struct pier_can *can);

/* pier_can_close(can): end it. NULL is fine. */
void pier_can_close(struct pier_can *can);

#ifdef __cplusplus
}
#endif

#endif
