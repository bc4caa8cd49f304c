/* SPDX-License-Identifier: MIT */
/*
 * Framing: a stream of bytes becomes messages: by a terminator, by a length in
 * front, or by an encoding in which a byte is free to end them. The wire form of
 * each kind is in pier-framing(7), byte by byte.
 *
 * A framing is attached to a stream, messages go and come, and it is detached:
 * the stream is then as if whoever read it had read just those messages. While
 * it is attached, the stream is read through it alone; writes to the stream
 * itself come between messages, in the order of the calls.
 *
 * Nothing that was received is lost: a call that fails for want of time, or
 * because it was cancelled, leaves what came of a message where the next call
 * finds it, and detaching gives it back to the stream.
 *
 * The errors that every call on a stream can give (pier/stream.h) are not listed
 * again here.
 */
#ifndef PIER_FRAME_H
#define PIER_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <pier/deadline.h>
#include <pier/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pier_frame;

enum pier_frame_kind {
	/* The data, then a terminator that is not in it: the sender refuses
	   data that has it. */
	PIER_FRAME_LINE = 1, /* "\n" or "\r\n"; which one is sent: terminator */
	PIER_FRAME_NUL,      /* a zero byte */
	PIER_FRAME_DELIM,    /* terminator, of any length */
	/* Nothing but the data, all of one size. */
	PIER_FRAME_FIXED,
	/* Any data, then a terminator. */
	PIER_FRAME_ESCAPE,   /* what would be taken for it is escaped */
	PIER_FRAME_BASE64,   /* the data in base64 (RFC 4648, section 4) */
	PIER_FRAME_ANNOUNCE, /* one that is not in the data, sent before it */
	/* The length, then the data. */
	PIER_FRAME_U8,
	PIER_FRAME_U16LE,
	PIER_FRAME_U16BE,
	PIER_FRAME_U32LE,
	PIER_FRAME_U32BE,
	PIER_FRAME_U64LE,
	PIER_FRAME_U64BE,
	PIER_FRAME_VARINT,    /* LEB128, as Protocol Buffers have it */
	PIER_FRAME_DECIMAL,   /* digits, padded to a width */
	PIER_FRAME_NETSTRING, /* "5:hello," */
	/* A byte that is encoded away in the data ends it. */
	PIER_FRAME_SLIP, /* RFC 1055; there are no empty messages */
	PIER_FRAME_COBS  /* consistent overhead byte stuffing */
};

/* What becomes of a received message that is longer than max. */
enum pier_frame_overlong {
	PIER_FRAME_REFUSE, /* the call fails, and every later one; default */
	PIER_FRAME_SKIP    /* it is dropped and counted; the next one comes */
};

/* How the length of PIER_FRAME_DECIMAL is padded when it is sent. A receiver
   takes all three. */
enum pier_frame_padding {
	PIER_FRAME_ZERO, /* "000042"; default */
	PIER_FRAME_LEFT, /* "42    " */
	PIER_FRAME_RIGHT /* "    42" */
};

#define PIER_FRAME_TERMINATOR_MAX 32
/* The longest message when a framing names none, and the most it can name. */
#define PIER_FRAME_MAX_DEFAULT ((size_t)1 << 20)
#define PIER_FRAME_MAX_MOST    ((size_t)1 << 30)

/* A framing, as pier_frame_parse() makes it of text. */
struct pier_framing {
	enum pier_frame_kind kind;
	enum pier_frame_overlong overlong;
	/* The longest message in bytes, as it is before and after the wire, of
	   both directions; 0: PIER_FRAME_MAX_DEFAULT, or what the length in
	   front can say if that is less */
	size_t max;
	size_t size; /* PIER_FRAME_FIXED: of each message, 1 to max (0: any) */
	/* PIER_FRAME_DECIMAL: digits and padding, 1 to 20 */
	unsigned int width;
	enum pier_frame_padding padding;
	/* Of LINE ("\n" or "\r\n"), DELIM, ESCAPE, BASE64 and ANNOUNCE.
	   terminator_size 0: "\n" (not of DELIM, which must have one) */
	unsigned int terminator_size;
	unsigned char terminator[PIER_FRAME_TERMINATOR_MAX];
};

/*
 * pier_frame_parse(out, text): read a framing that is written as text, one of
 *   line line:crlf nul delim:STRING fixed:SIZE
 *   escape[:STRING] base64[:STRING] announce[:STRING]
 *   u8 u16le u16be u32le u32be u64le u64be varint
 *   decimal:WIDTH[:zero|left|right] netstring slip cobs
 *
 *   out   filled on success; max, which the text does not say, is 0, and
 *         overlong is PIER_FRAME_REFUSE
 *   text  STRING is 1 to 32 bytes in which \n \r \t \0 \\ and \xHH stand for
 *         one byte; it may have a ':'. SIZE is in bytes, with k M G for
 *         thousands, Ki Mi Gi for powers of 1024
 *
 * 0, or
 *   -EINVAL  it is none of these: detail says what was expected and offset
 *            where
 */
int pier_frame_parse_sized(
	struct pier_framing *out, size_t size, const char *text);

static inline int
pier_frame_parse(struct pier_framing *out, const char *text)
{
	return pier_frame_parse_sized(out, sizeof(*out), text);
}

/*
 * pier_frame_format(framing, buf, size): the text of a framing, as
 * pier_frame_parse() reads it. PIER_FRAME_TEXT_MAX bytes are always enough.
 *
 * Its length, or
 *   -EINVAL  a framing that cannot be attached
 *   -ENOSPC  buf is too small
 */
#define PIER_FRAME_TEXT_MAX 160
int pier_frame_format_sized(const struct pier_framing *framing,
	size_t framing_size, char *buf, size_t size);

static inline int
pier_frame_format(const struct pier_framing *framing, char *buf, size_t size)
{
	return pier_frame_format_sized(framing, sizeof(*framing), buf, size);
}

/*
 * pier_frame_form(index): the forms that pier_frame_parse() knows, for a help
 * text or a completion: "line", "delim:STRING", "decimal:WIDTH[:zero|left|right]".
 * A constant string; NULL: there are no more.
 */
const char *pier_frame_form(size_t index);

/*
 * pier_frame_attach(out, stream, framing): from now on the stream is read and
 * written as messages. Waits for nothing.
 *
 *   out      on success the caller's, ended by pier_frame_detach(), or with the
 *            stream by pier_close()
 *   stream   the caller's. What was read ahead of it is the beginning of the
 *            first message
 *   framing  copied
 *
 * 0, or
 *   -EINVAL  the framing cannot be: detail says why
 *   -EBUSY   the stream has a framing already
 *   -ENOMEM  no memory
 */
int pier_frame_attach_sized(struct pier_frame **out, struct pier_stream *stream,
	const struct pier_framing *framing, size_t framing_size);

static inline int
pier_frame_attach(struct pier_frame **out, struct pier_stream *stream,
	const struct pier_framing *framing)
{
	return pier_frame_attach_sized(out, stream, framing, sizeof(*framing));
}

/*
 * pier_frame_detach(frame): the stream is plain bytes again. What was read and
 * is no part of a message that was received is read ahead in it
 * (pier_buffered()), and what was sent stays gathered until it goes. No task is
 * inside a call on it; called where pier_close() may be. The frame is gone
 * whatever the result; NULL is fine: 0.
 *
 * 0, or
 *   -EBUSY  a part of a message was sent, the rest was not: nothing else that
 *           is written to the stream can be understood
 */
int pier_frame_detach(struct pier_frame *frame);

/* The stream it is attached to. */
struct pier_stream *pier_frame_stream(const struct pier_frame *frame);

/*
 * pier_frame_recv(frame, buf, size, length, deadline): the next message, whole.
 *
 *   buf     room for size bytes
 *   length  set to the message's length, which may be 0
 *
 * 1: a message; 0: the peer has ended, and no message was begun; or an error,
 * after which nothing that came is lost. Of -PIER_EEND, -PIER_EDEADLINE and
 * -ECANCELED pier_last_error()->done tells how many bytes of the message, in its
 * wire form, are there.
 *   -ENOSPC       the message is longer than size, and stays: detail has its
 *                 length
 *   -EMSGSIZE     it is longer than the framing's max and is not to be skipped;
 *                 so is every later result
 *   -PIER_EFRAME  no such message can be: detail says what is wrong with it.
 *                 Of kinds that find an end nevertheless (escape, base64, slip,
 *                 cobs) it is dropped and the next call goes on behind it; of
 *                 others every later result is the same
 *   -PIER_EEND    the peer ended in the middle of a message: of a line too, if
 *                 its newline is missing. pier_read() gives those bytes after
 *                 pier_frame_detach()
 *   …             as pier_read()
 */
int pier_frame_recv(struct pier_frame *frame, void *buf, size_t size,
	size_t *length, pier_deadline deadline);

/*
 * pier_frame_view(frame, data, length, deadline): the next message, not copied
 * where it lies in one piece in the stream's buffer, as those do that take up
 * to 68 KiB on the wire.
 *
 *   data    set to the message, borrowed until the next call that receives
 *           from the frame, or pier_frame_detach(), or the end of the stream; a
 *           send in between is fine. A task that waits for something else
 *           while it holds a view keeps a buffer of 68 KiB from others
 *   length  set to its length, which may be 0
 *
 * 1, 0 or an error, as pier_frame_recv(); -ENOSPC does not occur, but
 *   -ENOMEM  no memory for a message of more than 68 KiB, which stays
 */
int pier_frame_view(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline);

/*
 * pier_frame_view_many(frame, list, count, deadline): wait for one message, and
 * lend with it as many as are there whole: at most count, and PIER_FRAME_MANY. A
 * message costs little more so than finding its end.
 *
 *   list  room for count: iov_base and iov_len of each are set, borrowed as from
 *         pier_frame_view()
 *
 * How many, 0 also when count is 0, or as pier_frame_view(). What is wrong with
 * a message after the first is told by the next call.
 */
#define PIER_FRAME_MANY 1024
int pier_frame_view_many(struct pier_frame *frame, struct iovec *list,
	size_t count, pier_deadline deadline);

/* Messages that were dropped for being longer than max, by PIER_FRAME_SKIP. */
uint64_t pier_frame_skipped(const struct pier_frame *frame);

/*
 * pier_frame_send(frame, data, size, deadline): one message, whole. What cannot
 * be sent by this framing is refused before its first byte leaves.
 *
 * A message that takes less than 8 KiB on the wire is gathered, as pier_printf()
 * does it: it goes when the task is about to wait for anything, by pier_flush(),
 * or with a later write to the stream; the call waits only when more than 16 KiB
 * are gathered. A longer one goes at once, behind those, and the call waits until
 * it has.
 *
 *   data  borrowed for the call
 *   size  0 is a message too, but for PIER_FRAME_FIXED and PIER_FRAME_SLIP
 *
 * 0, or an error as pier_write(), of this message or of an earlier one that was
 * gathered. After -PIER_EDEADLINE, -EAGAIN and -ECANCELED the framing remembers
 * how much of the message went (pier_last_error()->done bytes of its wire form).
 * When that is not 0, the next call has to be for the same message: it goes on
 * from there.
 *   -EMSGSIZE  it is longer than max, or than the length in front can say: the
 *              detail has both
 *   -EINVAL    it has the terminator in it, or is not of the fixed size: detail;
 *              or a message of another size is half sent
 */
int pier_frame_send(struct pier_frame *frame, const void *data, size_t size,
	pier_deadline deadline);

/*
 * pier_frame_encode(framing, out, room, data, size): the wire form of one
 * message, for what is not sent through a frame: pier_hub_post(), a file, a
 * datagram. Waits for nothing, touches no stream.
 *
 *   out   room bytes; not where data lies. NULL when room is 0
 *   data  the message; borrowed for the call
 *
 * The length of the wire form, or
 *   -ENOSPC             room is too small: detail has the length it needs
 *   -EMSGSIZE, -EINVAL  as pier_frame_send(); -EINVAL also: the framing cannot
 *                       be
 */
ssize_t pier_frame_encode_sized(const struct pier_framing *framing,
	size_t framing_size, void *out, size_t room, const void *data,
	size_t size);

static inline ssize_t
pier_frame_encode(const struct pier_framing *framing, void *out, size_t room,
	const void *data, size_t size)
{
	return pier_frame_encode_sized(
		framing, sizeof(*framing), out, room, data, size);
}

#ifdef __cplusplus
}
#endif

#endif
