/* SPDX-License-Identifier: MIT */
/*
 * Programs on a connection: what inetd, ncat -e and socat EXEC do, as a call
 * that a handler makes. The caller waits, as in any call of pier: a fiber lets
 * the others run.
 */
#ifndef PIER_EXEC_H
#define PIER_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/deadline.h>
#include <pier/packet.h>
#include <pier/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Options. 0 is the default of every field. */
struct pier_exec_opts {
	/* The program and its arguments, NULL-ended; a name without a slash is
	   looked for in PATH. No shell reads them. Or: */
	const char *const *argv;
	const char *shell; /* a command line for /bin/sh -c */
	/* "NAME=value", NULL-ended: added to the environment of this process
	   and to the variables below, and before both */
	const char *const *env;
	/* The program gets the socket itself, blocking, in place of one end of
	   a pair. Then nothing is counted, and of a server's limits only the
	   lifetime holds */
	bool direct;
	/* It gets a terminal of its own, which is its controlling one */
	bool pty;
	bool no_echo; /* of the terminal: what is typed is not sent back */
	uint16_t rows, columns; /* of the terminal; 0: 24 and 80 */
	/* Its standard error goes to the peer too; else it is this process's.
	   A terminal has it always */
	bool error_to_peer;
	/* How long it has to end by itself once the peer has gone, and again
	   after SIGTERM; 0: 2 s, PIER_OFF: no time */
	int64_t grace_ms;
};

/* How it went. */
struct pier_exec_result {
	int pid;      /* 0: it was not started */
	int status;   /* its exit status; -1: a signal, or nobody knows */
	int signal;   /* the signal that ended it, or 0 */
	bool stopped; /* it was sent SIGTERM, by this call */
	bool killed;  /* and SIGKILL */
	uint64_t to_program; /* bytes; not counted with direct */
	uint64_t to_peer;
	int64_t elapsed_ns;
};

/*
 * pier_exec(stream, opts, result, deadline): run a program on stream, and wait
 * for its end. The stream stays the caller's, to be closed.
 *
 * Standard input and output of the program are one end of a Unix stream pair,
 * as blocking as programs expect; all else that is open stays here. Bytes are
 * relayed by pier_relay(): the peer's end of its side is the end of the
 * program's input, and what the program then still sends is delivered. When
 * the program has ended, the rest of its output is delivered, and the peer is
 * told the end; what the peer goes on sending is not waited for. Children of
 * the program that still hold its output then do not hold up the end.
 *
 * A peer that has gone, a limit of the server, the deadline and a cancel end
 * the program: its input ends; when it has not ended within grace_ms (at a
 * limit, deadline or cancel at once), it and its descendants get SIGTERM, and
 * after grace_ms again SIGKILL, whose effect is awaited for 10 s at most. It leads a
 * session and process group of its own, has all signals at their default, and none
 * blocked.
 *
 * With a terminal, the peer's end is typed as ^D, and again while the program
 * reads on without ending, as the first may have ended another that it ran, or
 * come between two settings of the terminal. One that has read it ten times more,
 * in three seconds or above, takes it for a byte: then, as when the peer has
 * gone, the terminal hangs up.
 *
 * Its environment is this process's and, where they are known:
 *   PIER_PEER PIER_LOCAL PIER_ENDPOINT PIER_CONN
 *   PROTO and TCPREMOTEIP TCPREMOTEPORT TCPLOCALIP TCPLOCALPORT, or
 *     UNIXREMOTEPID UNIXREMOTEEUID UNIXREMOTEEGID UNIXLOCALPATH (UCSPI)
 *   NCAT_PROTO NCAT_REMOTE_ADDR NCAT_REMOTE_PORT NCAT_LOCAL_ADDR
 *     NCAT_LOCAL_PORT (ncat)
 *   SOCAT_PEERADDR SOCAT_PEERPORT SOCAT_SOCKADDR SOCAT_SOCKPORT (socat)
 * Those of them that this process has are not handed down.
 *
 *   opts    borrowed for the call
 *   result  filled when not NULL, also on failure
 *
 * PIER_DEFAULT is the stream's. 0 when the program has ended by itself,
 * whatever its exit status, also when the peer no longer reads; or
 *   -PIER_EDIED  a signal ended it that was not sent here, nor is SIGPIPE:
 *            detail names it
 *   -EINVAL  neither or both of argv and shell, or direct with pty, or direct
 *            on what is no socket or has layers: detail
 *   -ENOENT, -EACCES, -ENOEXEC, -E2BIG, …  it cannot be run: execve(2)
 *   -EAGAIN, -ENOMEM, -EMFILE, -ENFILE, -ENOSPC  no process, memory,
 *            descriptor or terminal for it
 *   -EBUSY   direct, and bytes were read ahead
 *   …        as pier_relay()
 */
int pier_exec_sized(struct pier_stream *stream,
	const struct pier_exec_opts *opts, size_t opts_size,
	struct pier_exec_result *result, size_t result_size,
	pier_deadline deadline);

/*
 * pier_exec_packets(packet, opts, result, deadline): the same on messages: those
 * of a connection, or of a peer's session (pier/serve.h). Each that comes is
 * written to the program's standard input; what one read of its output gives is
 * a message, of at most PIER_STREAM_MESSAGE_MAX bytes. The peer's end, of a
 * session its silence, is the end of the program's input.
 *
 * Its environment is as above, with UDP in place of TCP: PROTO=UDP, UDPREMOTEIP
 * and so on.
 *
 * As pier_exec(), and
 *   -EINVAL  direct: a program takes no messages
 *   …        as pier_handler_on_packets()
 */
int pier_exec_packets_sized(struct pier_packet *packet,
	const struct pier_exec_opts *opts, size_t opts_size,
	struct pier_exec_result *result, size_t result_size,
	pier_deadline deadline);

static inline int
pier_exec_packets(struct pier_packet *packet, const struct pier_exec_opts *opts,
	struct pier_exec_result *result, pier_deadline deadline)
{
	return pier_exec_packets_sized(
		packet, opts, sizeof(*opts), result, sizeof(*result), deadline);
}

static inline int
pier_exec(struct pier_stream *stream, const struct pier_exec_opts *opts,
	struct pier_exec_result *result, pier_deadline deadline)
{
	return pier_exec_sized(
		stream, opts, sizeof(*opts), result, sizeof(*result), deadline);
}

#ifdef __cplusplus
}
#endif

#endif
