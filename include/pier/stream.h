/* SPDX-License-Identifier: MIT */
/*
 * Streams: ordered bytes, both ways, each half closable: TCP, Unix, a pair, a
 * descriptor that was there before.
 *
 * Every call that can wait takes a deadline last. Errors that any of them can
 * give, besides those listed at each:
 *   -PIER_EDEADLINE  the deadline passed; the stream can go on being used
 *   -EAGAIN          the deadline was PIER_NOW, and it would have to wait
 *   -ECANCELED       the task was cancelled, and it would have to wait
 *   -PIER_ELIMIT     a limit of the server that accepted the stream was met;
 *                    the detail names it, and it holds for good
 *   -EBUSY           another task waits for the same half already
 *   -EXDEV           the stream belongs to another scheduler: pier_move()
 *   -ECONNABORTED    pier_abort() was called
 *   -ENOMEM, -EMFILE no memory, or no descriptor to wait with
 *
 * A stream belongs to the scheduler whose fiber used it first. At most one
 * task reads and one writes at a time.
 */
#ifndef PIER_STREAM_H
#define PIER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <pier/addr.h>
#include <pier/deadline.h>
#include <pier/error.h>
#include <pier/resolve.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pier_stream;
struct pier_listener;
struct pier_packet;

enum pier_half {
	PIER_READING = 1,
	PIER_WRITING = 2,
	PIER_BOTH = 3
};

/* ---- Opening ---------------------------------------------------------- */

/* Most addresses that one dial tries. */
#define PIER_ATTEMPTS_MAX 16

/* What a dial did, on success as well as on failure. */
struct pier_dial_report {
	int64_t resolve_ns; /* time for the names */
	int64_t total_ns;
	size_t address_count; /* addresses that the name gave */
	size_t attempt_count; /* how many of them were tried */
	struct pier_attempt attempts[PIER_ATTEMPTS_MAX]; /* in order of start */
};

struct pier_dial_opts {
	/* Local address "ADDR:PORT", "ADDR" or ":PORT"; of rfcomm:// a
	   controller, by its name or address: "hci0"; NULL: the kernel
	   chooses */
	const char *bind;
	/* Between the starts of two attempts; 0: the 250 ms of RFC 8305; at
	   least 10 */
	int64_t attempt_delay_ms;
	int nodelay;            /* TCP_NODELAY: 0 on, PIER_OFF off */
	pier_lookup_fn *lookup; /* in place of names by getaddrinfo */
	void *lookup_arg;
	struct pier_dial_report *report; /* filled when not NULL */
	/* Options of the socket, "nodelay=0", "tcp.user_timeout=5s", …, ended
	   by NULL, in the words of pier/option.h; borrowed for the call. Set
	   after those of the endpoint, each at its moment: on the new socket,
	   or once it is connected */
	const char *const *options;
};

/*
 * pier_dial_plan(out, max, names, attempt_delay_ms): when pier_dial() would try
 * which address, if none answered and none failed: the schedule of RFC 8305.
 *
 *   out               room for max attempts: addr and start_ns of each are
 *                     filled, the rest is 0
 *   names             an answer of pier_resolve()
 *   attempt_delay_ms  as in struct pier_dial_opts
 *
 * Returns how many there are, at most max and PIER_ATTEMPTS_MAX.
 */
size_t pier_dial_plan(struct pier_attempt *out, size_t max,
	const struct pier_names *names, int64_t attempt_delay_ms);

/*
 * pier_dial(out, endpoint, opts, deadline): connect to an endpoint. Resolves the
 * name, then races its addresses (RFC 8305 sections 4 to 6): families
 * alternate, the next attempt starts after 250 ms or at once when one fails,
 * the first to connect wins and the others are given up.
 *
 *   out       on success the new stream, the caller's, ended by pier_close()
 *   endpoint  tcp:// tcp4:// tcp6:// unix:// vsock:// rfcomm:// fd://
 *   opts      NULL for the defaults; borrowed for the call
 *
 * Returns 0, or what the first address that was tried met when all failed
 * (pier_last_error()->attempts has each):
 *   -EINVAL, -ENAMETOOLONG  the text of the endpoint, of opts->bind or of an
 *                    option is wrong: detail and offset; or attempt_delay_ms is
 *                    below 0, or more than a clock of 64 bits counts
 *   -EPERM, -ENOPROTOOPT, …  an option could not be set: the detail names it
 *   -ENODEV          this machine has no such interface as the zone names, or no
 *                    such controller of Bluetooth
 *   -ENETDOWN        the controller of Bluetooth is off, or all are: told at
 *                    once, where the kernel would wait
 *   -PIER_ENONAME, -PIER_EAGAINNAME, -PIER_ENAMEFAIL  see pier_resolve()
 *   -ECONNREFUSED    nobody listens there
 *   -ETIMEDOUT       the peer never answered (the kernel gave up)
 *   -EHOSTUNREACH, -ENETUNREACH, -EHOSTDOWN  no way there
 *   -EADDRINUSE, -EADDRNOTAVAIL  opts->bind cannot be had
 *   -ENOENT, -EACCES  a Unix path
 *   -EBADF           fd:// is not open; what it names is taken on success
 *   -EMFILE, -ENFILE  no descriptor left
 */
int pier_dial_sized(struct pier_stream **out, const char *endpoint,
	const struct pier_dial_opts *opts, size_t opts_size, size_t report_size,
	pier_deadline deadline);

static inline int
pier_dial(struct pier_stream **out, const char *endpoint,
	const struct pier_dial_opts *opts, pier_deadline deadline)
{
	return pier_dial_sized(out, endpoint, opts, sizeof(*opts),
		sizeof(struct pier_dial_report), deadline);
}

/*
 * pier_pair(a, b): two ends of a new Unix stream pair.
 *
 * 0, or
 *   -EMFILE, -ENFILE  no descriptor left
 *   -ENOMEM           no memory
 */
int pier_pair(struct pier_stream **a, struct pier_stream **b);

/*
 * pier_adopt(out, fd): make a stream of a descriptor: a connected socket, a
 * pipe, a terminal, a file. It is taken on success: pier_close() closes it.
 * Its flags are not changed: sockets are used with MSG_DONTWAIT, everything
 * else is polled before each call and written in pieces of at most PIPE_BUF.
 *
 * 0, or
 *   -EBADF   fd is not open
 *   -ENOMEM  no memory
 */
int pier_adopt(struct pier_stream **out, int fd);

/*
 * pier_adopt_two(out, in, out_fd): one stream of two descriptors, such as
 * standard input and output: reads come from in, writes go to out_fd. Both are
 * taken on success. Closing the writing half closes out_fd.
 *
 * 0, or
 *   -EBADF   one of them is not open
 *   -EINVAL  both are the same number: pier_adopt()
 *   -ENOMEM  no memory
 */
int pier_adopt_two(struct pier_stream **out, int in, int out_fd);

/*
 * pier_release(stream, fd): the opposite: *fd is the caller's and the stream
 * is gone. Not for a handler and the stream that its server gave it. 0, or
 *   -EBUSY   bytes were read ahead or gathered and are still in the stream, or
 *            descriptors came that nobody took, or a task waits on it
 *   -EINVAL  a layer over a stream, or one of two descriptors
 *   -EXDEV   the stream belongs to another scheduler
 */
int pier_release(struct pier_stream *stream, int *fd);

/* ---- Listening -------------------------------------------------------- */

struct pier_listen_opts {
	int backlog;       /* 0: 4096; below 0: -EINVAL; capped by somaxconn */
	int reuse_address; /* SO_REUSEADDR on TCP: 0 on, PIER_OFF off */
	bool reuse_port;   /* SO_REUSEPORT: others may bind it too */
	int nodelay;       /* TCP_NODELAY on accepted streams: 0 on */
	unsigned int mode; /* of a Unix socket's file, 0: 0777 less the umask */
	/* As of struct pier_dial_opts; those that need a connection are set on
	   each that is accepted, the others it inherits */
	const char *const *options;
};

/*
 * pier_listen(out, endpoint, opts, deadline): listen at an endpoint. Waits for
 * nothing but the look-up of a name.
 *
 *   endpoint  tcp://:7000 serves IPv6 and IPv4 (IPv4 alone where the machine
 *             has no IPv6), tcp4:// and tcp6:// one of them; port 0 is a free
 *             one, see pier_listener_addr(). A name is one of its addresses,
 *             IPv4 before IPv6. unix://: a stale socket file (one that
 *             refuses connections) is replaced; the file is removed at the
 *             end by the process that bound it. seqpacket:// the same, for
 *             pier_packet_accept(), and so l2cap://. rfcomm:// and l2cap://
 *             need a controller that is on. fd://3: a socket that listens already,
 *             taken on success, its flags left alone: where it lacks O_NONBLOCK
 *             and another process takes the client first, an accept waits for the
 *             next one; fd://NAME: one that a service manager handed
 *             down (pier/service.h)
 *
 * Returns 0, or
 *   -EINVAL, -ENAMETOOLONG, -ENODEV, -EPERM, …, name errors  as pier_dial(),
 *                   of options too; -EINVAL also
 *                   for opts, and an fd that does not listen: detail says
 *                   what it is
 *   -EADDRINUSE     somebody listens there, or of a Unix path: a file that is
 *                   no socket is in the way
 *   -EADDRNOTAVAIL  no address of this machine
 *   -EACCES         a port below net.ipv4.ip_unprivileged_port_start, or a
 *                   directory that must not be written
 *   -ENOENT, -ENOTDIR  of a Unix path: no such directory; -ENOENT of fd://NAME:
 *                   no such name, detail has those there are
 *   -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM  no descriptor or memory left
 */
int pier_listen_sized(struct pier_listener **out, const char *endpoint,
	const struct pier_listen_opts *opts, size_t opts_size,
	pier_deadline deadline);

static inline int
pier_listen(struct pier_listener **out, const char *endpoint,
	const struct pier_listen_opts *opts, pier_deadline deadline)
{
	return pier_listen_sized(out, endpoint, opts, sizeof(*opts), deadline);
}

/*
 * pier_accept(out, listener, deadline): the next connection. The errors that
 * accept(2) passes on from the network (-ECONNABORTED, -EPROTO, …) are skipped.
 *
 * 0, or
 *   -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM  the connection still queues: try
 *                                        again when resources are free
 *   -EINVAL  a listener of packet sockets: pier_packet_accept()
 */
int pier_accept(struct pier_stream **out, struct pier_listener *listener,
	pier_deadline deadline);

/* Where it really listens: the real port, "unix://…". 0 or -errno. */
int pier_listener_addr(
	const struct pier_listener *listener, struct pier_addr *out);
/* The endpoint to dial it by, or to show: "tcp://[::]:41233". Its length, or
   -ENOSPC. */
int pier_listener_endpoint(
	const struct pier_listener *listener, char *buf, size_t size);
/* Its descriptor, borrowed. */
int pier_listener_fd(const struct pier_listener *listener);
/* Closes, and removes the Unix socket's file if it is still its own. NULL is
   fine. Called where it belongs, as pier_close(): from elsewhere it only stops
   listening. */
void pier_listener_close(struct pier_listener *listener);

/* ---- Reading ---------------------------------------------------------- */

/*
 * pier_read(stream, buf, size, deadline): what there is, 1 to size bytes.
 *
 * The number of bytes; 0: the peer has ended its side, or size is 0; or
 *   -ECONNRESET   the peer reset the connection
 *   -ETIMEDOUT    the peer is dead (the kernel gave up)
 *   -PIER_EDONE   reading was shut down on this side
 */
ssize_t pier_read(struct pier_stream *stream, void *buf, size_t size,
	pier_deadline deadline);

/*
 * pier_read_full(stream, buf, size, deadline): exactly size bytes.
 *
 * size, or an error: then pier_last_error()->done bytes are in buf, and a call
 * for the rest goes on from there.
 *   -PIER_EEND    the peer ended before size bytes
 *   …             as pier_read()
 */
ssize_t pier_read_full(struct pier_stream *stream, void *buf, size_t size,
	pier_deadline deadline);

/*
 * pier_read_line(stream, buf, size, deadline): one line with its newline, and
 * a NUL behind it.
 *
 *   size  room in buf; a line may have size - 1 bytes, at most 65536
 *
 * Its length; the last line may lack the newline; 0: the peer's end; or
 *   -EMSGSIZE  the line is longer: nothing of it is taken
 *   …          as pier_read(); nothing is taken
 */
ssize_t pier_read_line(struct pier_stream *stream, char *buf, size_t size,
	pier_deadline deadline);

/*
 * pier_peek(stream, data, min, deadline): look at the bytes to come without
 * taking them: at least min of them, as many as there are.
 *
 *   data  set to the bytes, borrowed until the next call that reads or takes
 *         from the stream, or closes it; a write in between is fine
 *   min   1 to 65536
 *
 * How many; fewer than min, perhaps 0, at the peer's end; or
 *   -EMSGSIZE  min is more than a stream reads ahead
 *   …          as pier_read()
 */
ssize_t pier_peek(struct pier_stream *stream, const void **data, size_t min,
	pier_deadline deadline);

/* pier_take(stream, size): take size bytes that pier_peek() showed. 0, or
   -EINVAL: there are not so many. */
int pier_take(struct pier_stream *stream, size_t size);

/* ---- Writing ---------------------------------------------------------- */

/*
 * pier_write_some(stream, buf, size, deadline): as much as goes now, waiting
 * until something does. 1 to size (0 when size is 0), or
 *   -EPIPE, -ECONNRESET  the peer is gone
 *   -ETIMEDOUT           the peer is dead (the kernel gave up)
 *   -PIER_EDONE          writing was shut down on this side
 */
ssize_t pier_write_some(struct pier_stream *stream, const void *buf,
	size_t size, pier_deadline deadline);

/*
 * pier_write(stream, buf, size, deadline): all of it, after what is gathered.
 *
 * 0: all bytes are with the kernel; or an error as pier_write_some(): then
 * pier_last_error()->done bytes of buf went, and only a call for the rest may
 * go on.
 */
int pier_write(struct pier_stream *stream, const void *buf, size_t size,
	pier_deadline deadline);

/*
 * pier_writev(stream, iov, count, deadline): all of several pieces, as one.
 * count is at most 1024, else -EINVAL. As pier_write().
 */
int pier_writev(struct pier_stream *stream, const struct iovec *iov, int count,
	pier_deadline deadline);

/*
 * pier_printf(stream, format, …): printf(3), gathered: the bytes go when the
 * task is about to wait for anything, with pier_flush(), or with the next
 * pier_write(). Waits, by PIER_DEFAULT, only when more than 16 KiB are gathered.
 *
 * Until they have gone they are in the hands of the thread that gathered them,
 * which sends on while it waits: writing, flushing and half-closing by another
 * thread give -EBUSY, and its pier_close() is pier_abort().
 *
 * The number of bytes, or an error that this write or an earlier gathered one
 * met, as pier_write().
 */
int pier_printf(struct pier_stream *stream, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* pier_flush(stream, deadline): wait until all that is gathered is with the
   kernel. 0 or as pier_write(). */
int pier_flush(struct pier_stream *stream, pier_deadline deadline);

/* ---- Ending ----------------------------------------------------------- */

/*
 * pier_shutdown(stream, half, deadline): close one half or both, for every
 * process that holds the socket; it cannot be taken back. Closing writing
 * flushes first and tells the peer: it reads to the end. Closing reading: our
 * own reads give -PIER_EDONE, one that waits too. Doing it again is fine.
 *
 * 0, or as pier_write(): -EBUSY while another task's write waits, which is not
 * cut off; -ENOTSUP: the descriptor cannot be half-closed
 * (a terminal, a file, a stream over RFCOMM, of which only PIER_BOTH closes).
 */
int pier_shutdown(struct pier_stream *stream, enum pier_half half,
	pier_deadline deadline);

/*
 * pier_drain(stream, deadline): wait until the peer's kernel has acknowledged
 * every byte; reading stays open. Over RFCOMM, which has no such word of the
 * peer, until every byte has left this machine. Other families hand bytes over at
 * once: there it is pier_flush(). 0, or as pier_write().
 */
int pier_drain(struct pier_stream *stream, pier_deadline deadline);

/*
 * pier_close_wait(stream, deadline): flush, close the writing half, read off
 * what the peer still sends until its end. The stream stays to be closed.
 *
 * 0: the peer has everything (over TCP its kernel has acknowledged it, as for
 * pier_drain()) and has ended too, unless reading was shut down here; or as
 * pier_write() and pier_read(); -ENOTSUP: a stream over RFCOMM has no half to
 * close, pier_drain() comes before its pier_close().
 */
int pier_close_wait(struct pier_stream *stream, pier_deadline deadline);

/*
 * pier_close(stream): one try to send what is gathered, then it is gone. NULL
 * is fine. No task is inside a call on it.
 *
 * Called where it belongs: by a task of the scheduler that used it, or after
 * that one's run; of what only threads used, by any of them, unless another one
 * has gathered bytes for it that have not gone. From elsewhere, while that
 * scheduler or thread has it in hand, it is pier_abort() and leaves -EXDEV in
 * pier_last_error(): the connection ends, the stream stays to be closed where
 * it belongs.
 */
void pier_close(struct pier_stream *stream);

/*
 * pier_abort(stream): end it now, from any thread: calls that wait on it, and
 * all later ones, come back with -ECONNABORTED. A TCP peer reads ECONNRESET;
 * other sockets are shut down; the other end of a pipe or terminal sees nothing
 * before pier_close(). The stream stays to be closed by its owner, after this
 * has come back.
 */
void pier_abort(struct pier_stream *stream);

/* ---- From one to another ----------------------------------------------
 *
 * Between two TCP or Unix sockets without layers and rates, bytes that come in
 * large pieces go through a pipe by splice(2), uncopied. That takes two more
 * descriptors for each direction, as long as bulk goes through and for a second
 * after; where they are rare (more than half of RLIMIT_NOFILE is in use) it goes
 * on copying. Nothing else tells the difference: what was read and could not be
 * written is read ahead in the stream that it came from, pier_buffered().
 */

/*
 * pier_copy(to, from, max, deadline): copy until from's end or max bytes (< 0:
 * no end to it). PIER_DEFAULT is from's, for all of it. The number of bytes, or
 * an error of either; bytes that were written are in pier_last_error()->done,
 * none that were read are lost.
 */
ssize_t pier_copy(struct pier_stream *to, struct pier_stream *from, int64_t max,
	pier_deadline deadline);

/* Who ended a relay first, and how. */
enum pier_relay_end {
	PIER_RELAY_END,      /* an orderly end: FIN, end of file */
	PIER_RELAY_RESET,    /* an error: code has which */
	PIER_RELAY_DEADLINE, /* the deadline or the idle time passed */
	PIER_RELAY_CLOSED    /* its output is no longer read (EPIPE) */
};

struct pier_relay_result {
	int first; /* 0: a, 1: b, -1: neither (deadline, cancel) */
	enum pier_relay_end how; /* how the first one ended */
	int code;                /* the negative error behind it, or 0 */
	uint64_t a_to_b;         /* bytes */
	uint64_t b_to_a;
};

struct pier_relay_opts {
	int64_t idle_ms; /* ends when nothing moves for so long; 0: never */
	int64_t first_byte_ms; /* ends when b sent nothing for so long from the
				  start; 0: never */
	/* What the end of a's input does: by default it half-closes b. */
	bool a_end_keeps; /* nothing: b is not told */
	bool a_end_ends;  /* ends the relay once b has all of a's bytes */
	bool b_end_keeps; /* the same the other way round */
	bool b_end_ends;
	/* With b_end_ends: after b's end a's bytes still go, until a ends, a
	   write fails, or a was silent for so long; 0: only what was read of a
	   already. For a_end_ends the same the other way round. */
	int64_t a_linger_ms;
	int64_t b_linger_ms;
	/* A write to a that fails with EPIPE (its reader has gone): by default
	   it ends the relay, without an error. */
	bool a_closed_discards; /* b's bytes are read and dropped */
	bool b_closed_discards;
};

/*
 * pier_relay(a, b, opts, result, deadline): copy both ways until both have
 * ended. By default the end of one half-closes the other, and bytes go on the
 * other way: nothing is cut off. The whole contract of ends that the tool
 * keeps, pier-eof(7), is put together from the options.
 *
 * PIER_DEFAULT is a's. 0, or the error that ended it: -PIER_EDEADLINE also for
 * the idle time; result, when not NULL, is filled either way.
 */
int pier_relay_sized(struct pier_stream *a, struct pier_stream *b,
	const struct pier_relay_opts *opts, size_t opts_size,
	struct pier_relay_result *result, size_t result_size,
	pier_deadline deadline);

static inline int
pier_relay(struct pier_stream *a, struct pier_stream *b,
	const struct pier_relay_opts *opts, struct pier_relay_result *result,
	pier_deadline deadline)
{
	return pier_relay_sized(
		a, b, opts, sizeof(*opts), result, sizeof(*result), deadline);
}

/* ---- About a stream --------------------------------------------------- */

/* The addresses of its two ends. 0, or -ENOTCONN, -EOPNOTSUPP (no socket): an
   answer, which leaves pier_last_error() alone. */
int pier_local(const struct pier_stream *stream, struct pier_addr *out);
int pier_peer(const struct pier_stream *stream, struct pier_addr *out);

/* Its descriptor, borrowed; of the lowest stream below a layer. */
int pier_fd(const struct pier_stream *stream);

/* Both of its ends as text, "tcp 127.0.0.1:41022 -> 127.0.0.1:7007": the
   length, or -ENOSPC. */
int pier_describe(const struct pier_stream *stream, char *buf, size_t size);

/* Bytes so far: read by the caller's calls, and taken by the kernel. */
uint64_t pier_bytes_in(const struct pier_stream *stream);
uint64_t pier_bytes_out(const struct pier_stream *stream);

/* Bytes that were read ahead, and bytes gathered and not yet sent. */
size_t pier_buffered(const struct pier_stream *stream);
size_t pier_gathered(const struct pier_stream *stream);

/*
 * pier_set_timeout(stream, ms): what PIER_DEFAULT means on this stream, as
 * Python's settimeout(): PIER_NO_TIMEOUT never gives up, 0 never waits (as
 * PIER_NOW). pier_timeout(): the value set; without one of its own, the
 * process-wide default.
 */
int pier_set_timeout(struct pier_stream *stream, int64_t ms);
int64_t pier_timeout(const struct pier_stream *stream);

/*
 * pier_set_rate(stream, read_bytes_per_s, write_bytes_per_s): move no more than
 * so many bytes a second, in each direction by a token bucket of its own. It
 * holds a tenth of a second's worth, at least one byte, and is empty when the
 * rate is set: so N bytes in a row take N / rate seconds, and after a pause
 * what it holds goes at once.
 *
 * A read or write that finds less in it than a hundredth of a second's worth
 * (or less than it asks for, if that is less) waits until so much is there, by
 * its deadline; what it then moves at once is at most what the bucket holds.
 * Everything that reads or writes the stream goes by it, pier_copy(),
 * pier_send_file() and pier_relay() too; pier_wait_any() takes for ready what
 * need not wait for its rate either. While writes have a rate nothing is gathered: pier_printf()
 * writes as pier_write().
 *
 *   stream  of a layered stream it is the lowest one below, as for pier_fd():
 *           its bytes are counted
 *   read_bytes_per_s   1 or more; 0 or PIER_OFF: none, as before the first
 *           call
 *   write_bytes_per_s  the same. Each call sets both, and wakes who waits for
 *           tokens
 *
 * 0, or
 *   -EINVAL  a rate below PIER_OFF
 *   -EBUSY   bytes are gathered that have not gone: pier_flush(); or, among
 *            threads, another one waits on the stream
 *   -EXDEV   it belongs to another scheduler than the caller's
 *   -ENOMEM  no memory
 */
int pier_set_rate(struct pier_stream *stream, int64_t read_bytes_per_s,
	int64_t write_bytes_per_s);

/*
 * pier_move(stream): give it up for the next scheduler that uses it. Called by
 * the owner. 0, or
 *   -EBUSY  a task waits on it, or bytes are gathered
 *   -EXDEV  it belongs to another scheduler than the caller's
 */
int pier_move(struct pier_stream *stream);

/* ---- Several at once -------------------------------------------------- */

/* One of several things to wait for; the first that is not NULL, else fd. */
struct pier_waitable {
	struct pier_stream *stream;
	struct pier_listener *listener;
	struct pier_packet *packet;
	int fd;               /* any descriptor; its flags are left alone */
	enum pier_half want;  /* PIER_READING, PIER_WRITING or PIER_BOTH */
	enum pier_half ready; /* set: what will not have to wait; or 0 */
};

/*
 * pier_wait_any(list, count, deadline): wait until at least one can go on.
 * count is at most 1024. How many are ready, or
 *   -EINVAL  count, an empty want, a layered stream, one of two descriptors, or
 *            the packet socket of a session (pier/serve.h)
 *   -EBADF   fd is not open
 *   -EBUSY   another task waits for one of them already; or, of a fiber, fd is
 *            on the list twice, or a stream's: list the stream
 */
int pier_wait_any(
	struct pier_waitable *list, size_t count, pier_deadline deadline);

#ifdef __cplusplus
}
#endif

#endif
