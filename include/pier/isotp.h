/* SPDX-License-Identifier: MIT */
/*
 * ISO-TP (ISO 15765-2): messages of thousands of bytes over frames of CAN, as
 * diagnosis of vehicles uses them. A message that fits no single frame is announced
 * by its first one; the receiver answers with flow control, which says how many
 * frames may follow and how fast.
 *
 * Such a conversation is a packet socket, of pier_packet_open() and pier/packet.h:
 *
 *   isotp://can0/7e0/7e8     on the interface can0: what is sent has the
 *                            identifier 7e0, what is heard 7e8
 *
 * Identifiers are hexadecimal: up to three digits, at most 7FF, or the eight of an
 * extended one. The other end has them the other way round: isotp://can0/7e8/7e0.
 * Behind '?' stand the fields of struct pier_isotp_opts, as NAME=VALUE with "&"
 * between:
 *
 *   pad=CC rxpad=CC check=length|bytes|all ext=F1 rxext=F2 bs=8 stmin=10ms
 *   waits=3 txgap=1ms rxgap=1ms frametime=50us fd=1 dl=64 brs=1 esi=1 listen=1
 *   halfduplex=1 dynamic=1 broadcast=single|many
 *
 * Of such a socket pier_send() ends when the peer has all of the message, or has
 * failed; with PIER_NOW, when the kernel has taken it. Several tasks may send, each
 * in its turn. A message of one frame, and what follows the last flow control,
 * nobody confirms: it is sent when the interface has it. Its errors, besides those of other packets:
 *
 *   -ECOMM           the peer sent no flow control for a second, or the interface
 *                    took no frame: it is the kernel that gave up. Where the error
 *                    says that it was an earlier message, whose own call no longer
 *                    waited for it, this one was not sent
 *   -EMSGSIZE        more than the kernel takes, or the peer had no room for it
 *                    and said so; the error tells which
 *   -EBADMSG         flow control came that is too short, or wrongly padded
 *   -EINVAL          no bytes at all: there are no empty messages; or `to` is
 *                    another address than the peer's
 *   -PIER_EDEADLINE  not yet. The kernel goes on with it, and the next message
 *                    waits for that
 *   -EAGAIN          PIER_NOW: another one is on its way
 *   -ENETDOWN, -ENODEV  the interface went down, or is gone
 *
 * And those of pier_recv(); what was begun is lost, the next message is not:
 *
 *   -ETIMEDOUT       a message had begun, and nothing came of it for a second
 *   -EILSEQ          of a message a frame is missing
 *   -EBADMSG         a frame was wrongly padded
 *   -EMSGSIZE        longer than buf, as of all packets
 *
 * pier_packet_abort() is noticed after 100 ms at most, since the kernel wakes
 * nobody.
 */
#ifndef PIER_ISOTP_H
#define PIER_ISOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/can.h>
#include <pier/deadline.h>
#include <pier/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most that every kernel with ISO-TP, and every peer since its first edition,
   takes as one message. Linux takes more: 8200 bytes, and since 6.4 what the
   parameter max_pdu_size of its module can_isotp says. */
#define PIER_ISOTP_MAX 4095

/* To all who hear the identifier, none of whom answers with flow control. */
enum pier_isotp_broadcast {
	PIER_ISOTP_TO_ONE,
	PIER_ISOTP_TO_ALL_SINGLE, /* messages of one frame: Linux 5.11 */
	PIER_ISOTP_TO_ALL         /* of many: Linux 6.0 */
};

/* How the two ends converse. 0 is what Linux does without being told. */
struct pier_isotp_opts {
	/* Frames that would be shorter are filled up to 8 bytes (pad) */
	bool pad;
	uint8_t pad_byte;
	/* Those that come are expected to be, with this byte (rxpad); without,
	   to be as short as they can */
	bool peer_pads;
	uint8_t peer_pad_byte;
	/* and are refused where their length is another (check=length), or
	   what fills them up (check=bytes; both: check=all) */
	bool check_length;
	bool check_bytes;
	/* Extended addressing: a byte before each frame's others (ext), and in
	   those that come this one (rxext), or the same */
	bool addressed;
	uint8_t address;
	bool peer_addressed;
	uint8_t peer_address;
	/* What flow control asks of the peer: so many frames, then wait for more
	   of it; 0: all (bs). A least time between two, of 0 to 127 ms or 100
	   to 900 us (stmin). And how often it may make us wait (waits) */
	uint8_t block_size;
	int64_t stmin_ns;
	uint8_t waits_max;
	/* Times that this side keeps in place of what flow control says: between
	   frames that are sent (txgap); those that come faster are passed over
	   (rxgap). 0: none */
	int64_t send_gap_ns;
	int64_t receive_gap_ns;
	/* How long a frame takes on the link, besides: at most 4 s (frametime).
	   0: 50 us; PIER_OFF: none */
	int64_t frame_ns;
	/* Frames of CAN FD, which only such are heard (fd); their bytes: 8, 12,
	   16, 20, 24, 32, 48 or 64; 0: 64 (dl); PIER_CAN_BRS (brs) and
	   PIER_CAN_ESI (esi) */
	bool fd;
	uint8_t frame_size;
	uint8_t fd_flags;
	bool listens;     /* and never sends flow control: between two others
			 (listen) */
	bool half_duplex; /* one way at a time (halfduplex) */
	bool dynamic; /* each flow control counts, not the first of a message
			 (dynamic): Linux 6.3 */
	enum pier_isotp_broadcast broadcast;
};

/*
 * pier_isotp_open(out, endpoint, opts): open one end of a conversation, as
 * pier_packet_open() does, with typed options. Both ends are alike: there is no
 * connection, and nobody has to be there. Never waits. Needs no capability.
 *
 *   out       the caller's, who ends it by pier_packet_close(). That waits while
 *             a message is on its way, as the kernel does: at most a second for
 *             each answer that does not come
 *   endpoint  isotp://INTERFACE/TX/RX
 *   opts      NULL: what the endpoint says behind '?'; else that does not count
 *
 * Returns 0, or
 *   -EAFNOSUPPORT     the kernel has no CAN: modprobe can
 *   -EPROTONOSUPPORT  no ISO-TP: modprobe can-isotp (Linux 5.10)
 *   -ENODEV           there is no such interface, or it is none of CAN
 *   -ENETDOWN         it is down: ip link set NAME up
 *   -EADDRNOTAVAIL    both identifiers are the same
 *   -EOPNOTSUPP       this Linux has no such broadcast, or no dynamic, and would go
 *                     on without: detail says since which there is
 *   -EINVAL           the endpoint is none of isotp, a time or a size that there
 *                     is not, or an interface that takes no FD frames
 *   -ENOMEM, -EMFILE  no room for it
 */
int pier_isotp_open_sized(struct pier_packet **out, const char *endpoint,
	const struct pier_isotp_opts *opts, size_t opts_size);

static inline int
pier_isotp_open(struct pier_packet **out, const char *endpoint,
	const struct pier_isotp_opts *opts)
{
	return pier_isotp_open_sized(out, endpoint, opts, sizeof(*opts));
}

/* ---- Frames ------------------------------------------------------------- */

enum pier_isotp_kind {
	PIER_ISOTP_SINGLE,    /* a whole message */
	PIER_ISOTP_FIRST,     /* the beginning of one */
	PIER_ISOTP_FOLLOWING, /* the next piece */
	PIER_ISOTP_FLOW_CONTROL
};

enum pier_isotp_flow {
	PIER_ISOTP_GO_ON,
	PIER_ISOTP_WAIT,
	PIER_ISOTP_OVERFLOW /* the message is too long for it */
};

/* What a frame says. */
struct pier_isotp_frame {
	enum pier_isotp_kind kind;
	uint8_t address;  /* of extended addressing; else 0 */
	uint32_t size;    /* single, first: bytes of the whole message */
	uint8_t sequence; /* following: 0 to 15 */
	/* Of flow control; a time that there is not counts as 127 ms, as the
	   standard has it */
	enum pier_isotp_flow flow;
	uint8_t block_size;
	int64_t stmin_ns;
	/* Bytes of the message in it; of a following one what fills it up is
	   among them, since only the first tells the size */
	uint8_t data_size;
	uint8_t data[PIER_CAN_DATA_MAX];
};

/*
 * pier_isotp_frame_read(out, frame, addressed): what a frame of CAN says by the
 * rules of ISO-TP. Pure.
 *
 *   addressed  its first byte is one of extended addressing
 *
 * Returns 0, or
 *   -EBADMSG  it says nothing by these rules
 */
int pier_isotp_frame_read_sized(struct pier_isotp_frame *out, size_t out_size,
	const struct pier_can_frame *frame, bool addressed);

static inline int
pier_isotp_frame_read(struct pier_isotp_frame *out,
	const struct pier_can_frame *frame, bool addressed)
{
	return pier_isotp_frame_read_sized(out, sizeof(*out), frame, addressed);
}

#ifdef __cplusplus
}
#endif

#endif
