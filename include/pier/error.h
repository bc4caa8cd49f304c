/* SPDX-License-Identifier: MIT */
/*
 * Errors: what a negative result means, and the story behind the last one.
 *
 * Every call of pier that can fail returns a value >= 0 on success and a
 * negative one on failure: -errno exactly as the kernel gave it, or one of
 * the codes below, negated, where the kernel has no word for what happened.
 * Six results are never confused: the end of a stream (0 or -PIER_EEND), our
 * own deadline (-PIER_EDEADLINE), the kernel's -ETIMEDOUT (the peer is dead),
 * -ECANCELED, a reset (-ECONNRESET, -EPIPE) and a refusal (-ECONNREFUSED).
 */
#ifndef PIER_ERROR_H
#define PIER_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Codes of pier's own. They start above every errno of Linux (at most 4095). */
enum {
	PIER_EDEADLINE = 4096, /* the deadline of the call passed first */
	PIER_EEND,             /* the stream ended inside what was asked for */
	PIER_EDONE,            /* that half is already closed on this side */
	PIER_ENONAME,          /* no such host or service name */
	PIER_EAGAINNAME,       /* the name service failed for now: try again */
	PIER_ENAMEFAIL,        /* the name service failed for good */
	PIER_EFRAME,           /* the peer broke the rules of the framing */
	PIER_ELIMIT,           /* a limit was met: the detail names which */
	PIER_ECLOSED,          /* the channel, group or server is closed */
	PIER_ESTOPPED,         /* the server or name service is stopping */
	PIER_EDIED,            /* a process that served died: the detail has
				  how */
	PIER_ECODE_END
};

/* The step of a conversation that failed. */
enum pier_step {
	PIER_STEP_NONE,
	PIER_STEP_PARSE,   /* reading an endpoint or address text */
	PIER_STEP_RESOLVE, /* names to addresses */
	PIER_STEP_CREATE,  /* making a socket, task or buffer */
	PIER_STEP_OPTION,  /* setting or getting a socket option */
	PIER_STEP_BIND,
	PIER_STEP_LISTEN,
	PIER_STEP_CONNECT,
	PIER_STEP_ACCEPT,
	PIER_STEP_SEND,
	PIER_STEP_RECEIVE,
	PIER_STEP_SHUTDOWN,
	PIER_STEP_WAIT,    /* waiting for readiness, a task or a channel */
	PIER_STEP_HANDLER, /* a server's handler gave up */
	PIER_STEP_EXEC,    /* starting a program: the endpoint is its name */
	PIER_STEP_HEADER,  /* receiving the header of an answer */
	PIER_STEP_BODY,    /* receiving what follows it */
	PIER_STEP_WRITE,   /* writing a file: the endpoint is its name */
	PIER_STEP_FRAME,   /* finding the end of a message, or making one */
	PIER_STEP_COUNT
};

/* One address that a dial tried. Times count from the start of the dial. */
struct pier_attempt {
	struct pier_addr addr;
	/* 0 connected, or the error of this address; -ECANCELED: another
	   address won the race */
	int rc;
	int64_t start_ns;   /* when this attempt began */
	int64_t elapsed_ns; /* how long it took */
};

/* The story of a failure. All pointers belong to the record. */
struct pier_error {
	int code; /* the negative result of the failed call */
	enum pier_step step;
	const char *endpoint; /* the endpoint or address in text, or "" */
	const char *detail;   /* what was expected, which limit…, or "" */
	/* Place in endpoint of the offending character when step is
	   PIER_STEP_PARSE, else -1 */
	int offset;
	size_t done; /* bytes that went before the failure */
	/* Time spent in the call, of those that dial or look names up; of
	   calls on a stream the time from their first wait on; else 0 */
	int64_t elapsed_ns;
	const struct pier_attempt *attempts; /* addresses tried, in order */
	size_t attempt_count;
};

/*
 * pier_last_error(): the last failure of the current task (fiber or thread).
 *
 * Never NULL; code is 0 when nothing has failed yet. Borrowed until the next
 * call of pier by this task. A success does not clear it, and -EAGAIN given
 * for PIER_NOW is an answer, not a failure: it leaves the record alone, but for
 * the calls that say in `done` how far they came (pier_read_full(),
 * pier_write(), pier_writev(), pier_printf(), pier_copy(), pier_relay()).
 */
const struct pier_error *pier_last_error(void);

/*
 * pier_error_line(): the last failure of the current task as one line without
 * a newline, for example
 *   connect: tcp://[2001:db8::1]:80: connection refused (ECONNREFUSED) after 3 ms
 * Never NULL; "no error" when nothing has failed yet. Borrowed as above.
 */
const char *pier_error_line(void);

/*
 * pier_strerror(code): what a result means, in lower-case words, for pier's
 * codes and the kernel's. Takes the code negative or positive. Never NULL, a
 * constant string.
 */
const char *pier_strerror(int code);

/*
 * pier_error_name(code): the symbol of a code: "ECONNREFUSED",
 * "PIER_EDEADLINE"; "EUNKNOWN" when there is none. A constant string.
 */
const char *pier_error_name(int code);

/* pier_step_name(step): the word for a step: "connect", "resolve", …; a
   constant string. */
const char *pier_step_name(enum pier_step step);

/* What kind of answer is this result? Each takes a result as returned. */
bool pier_is_deadline(int rc);    /* our own deadline passed */
bool pier_is_end(int rc);         /* the stream ended early */
bool pier_is_cancelled(int rc);   /* the task was cancelled */
bool pier_is_reset(int rc);       /* the peer reset or went away: RST, EPIPE */
bool pier_is_refused(int rc);     /* nobody listens there */
bool pier_is_dead_peer(int rc);   /* the kernel gave up: -ETIMEDOUT */
bool pier_is_unreachable(int rc); /* no way to the host or network */
bool pier_is_name(int rc);        /* a name could not be resolved */
bool pier_is_limit(int rc);       /* a limit of the server or library */
bool pier_is_permission(int rc);  /* not allowed: -EACCES, -EPERM */
bool pier_is_resource(int rc);    /* descriptors, memory, buffers, ports */

#ifdef __cplusplus
}
#endif

#endif
