/* SPDX-License-Identifier: MIT */
/*
 * base/error.c - codes, steps and predicates in words. Who failed last, and
 * how, is the task's: task/error.c.
 */
#include <pier/error.h>

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/error.h"

struct word {
	const char *name;
	const char *text;
};

static const struct word own[] = {
	[PIER_EDEADLINE - 4096] = { "PIER_EDEADLINE", "the deadline passed" },
	[PIER_EEND - 4096] = { "PIER_EEND", "the stream ended early" },
	[PIER_EDONE - 4096] = { "PIER_EDONE", "this half is closed already" },
	[PIER_ENONAME - 4096] = { "PIER_ENONAME", "no such name" },
	[PIER_EAGAINNAME - 4096] = { "PIER_EAGAINNAME",
		"the name service failed for now" },
	[PIER_ENAMEFAIL - 4096] = { "PIER_ENAMEFAIL",
		"the name service failed" },
	[PIER_EFRAME - 4096] = { "PIER_EFRAME", "malformed message" },
	[PIER_ELIMIT - 4096] = { "PIER_ELIMIT", "a limit was met" },
	[PIER_ECLOSED - 4096] = { "PIER_ECLOSED", "it is closed" },
	[PIER_ESTOPPED - 4096] = { "PIER_ESTOPPED", "it is stopping" },
};

static const char *const steps[PIER_STEP_COUNT] = {
	[PIER_STEP_NONE] = "",
	[PIER_STEP_PARSE] = "parse",
	[PIER_STEP_RESOLVE] = "resolve",
	[PIER_STEP_CREATE] = "create",
	[PIER_STEP_OPTION] = "option",
	[PIER_STEP_BIND] = "bind",
	[PIER_STEP_LISTEN] = "listen",
	[PIER_STEP_CONNECT] = "connect",
	[PIER_STEP_ACCEPT] = "accept",
	[PIER_STEP_SEND] = "send",
	[PIER_STEP_RECEIVE] = "receive",
	[PIER_STEP_SHUTDOWN] = "shutdown",
	[PIER_STEP_WAIT] = "wait",
	[PIER_STEP_HANDLER] = "handler",
};

/* Words of pier's own for what the C library says in capitals or at length;
   the rest is its own text. Sorted by how often they are read. */
static const struct {
	int code;
	const char *text;
} kernel[] = {
	{ ECONNREFUSED, "connection refused" },
	{ ECONNRESET, "connection reset by peer" },
	{ EPIPE, "the peer has closed" },
	{ ETIMEDOUT, "the peer does not answer" },
	{ ECANCELED, "cancelled" },
	{ EADDRINUSE, "address in use" },
	{ EADDRNOTAVAIL, "no such address on this machine" },
	{ EACCES, "permission denied" },
	{ EPERM, "operation not permitted" },
	{ EHOSTUNREACH, "no route to host" },
	{ ENETUNREACH, "network unreachable" },
	{ ECONNABORTED, "connection aborted" },
	{ EMFILE, "too many open files in this process" },
	{ ENFILE, "too many open files in the system" },
	{ ENOENT, "no such file" },
	{ EAGAIN, "not ready now" },
	{ EBUSY, "another task waits here already" },
	{ EXDEV, "it belongs to another scheduler" },
	{ EINVAL, "invalid argument" },
	{ ENOMEM, "out of memory" },
	{ EMSGSIZE, "message too long" },
	{ ENOSPC, "no room" },
	{ ENAMETOOLONG, "name too long" },
	{ ENOTCONN, "not connected" },
	{ EAFNOSUPPORT, "address family not supported" },
	{ EOPNOTSUPP, "operation not supported" },
	{ EDEADLK, "it would wait for itself" },
	{ EBADF, "not an open descriptor" },
	{ ENOTSOCK, "not a socket" },
	{ EPROTOTYPE, "another type of socket" },
	{ ENOBUFS, "no buffer space" },
	{ ENODEV, "no such device" },
	{ ENOTDIR, "not a directory" },
};

static int
positive(int code)
{
	/* The lowest int has no positive; it is no code either. */
	return code >= 0 ? code : code == INT_MIN ? INT_MAX : -code;
}

const char *
pier_strerror(int code)
{
	const char *text;
	size_t i;

	code = positive(code);
	if (code == 0)
		return "no error";
	if (code >= 4096 && code < PIER_ECODE_END)
		return own[code - 4096].text;
	for (i = 0; i < sizeof(kernel) / sizeof(kernel[0]); i++) {
		if (kernel[i].code == code)
			return kernel[i].text;
	}
	text = strerrordesc_np(code);
	return text != NULL ? text : "unknown error";
}

const char *
pier_error_name(int code)
{
	const char *name;

	code = positive(code);
	if (code >= 4096 && code < PIER_ECODE_END)
		return own[code - 4096].name;
	name = strerrorname_np(code);
	return name != NULL ? name : "EUNKNOWN";
}

const char *
pier_step_name(enum pier_step step)
{
	return (unsigned)step < PIER_STEP_COUNT ? steps[step] : "";
}

bool
pier_is_deadline(int rc)
{
	return rc == -PIER_EDEADLINE;
}

bool
pier_is_end(int rc)
{
	return rc == -PIER_EEND;
}

bool
pier_is_cancelled(int rc)
{
	return rc == -ECANCELED;
}

bool
pier_is_reset(int rc)
{
	return rc == -ECONNRESET || rc == -EPIPE;
}

bool
pier_is_refused(int rc)
{
	return rc == -ECONNREFUSED;
}

bool
pier_is_dead_peer(int rc)
{
	return rc == -ETIMEDOUT;
}

bool
pier_is_unreachable(int rc)
{
	return rc == -EHOSTUNREACH || rc == -ENETUNREACH || rc == -EHOSTDOWN ||
	       rc == -ENETDOWN;
}

bool
pier_is_name(int rc)
{
	return rc == -PIER_ENONAME || rc == -PIER_EAGAINNAME ||
	       rc == -PIER_ENAMEFAIL;
}

bool
pier_is_limit(int rc)
{
	return rc == -PIER_ELIMIT;
}

bool
pier_is_permission(int rc)
{
	return rc == -EACCES || rc == -EPERM;
}

bool
pier_is_resource(int rc)
{
	return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM ||
	       rc == -ENOBUFS || rc == -EADDRINUSE || rc == -ENOSPC;
}

void
pier__elapsed_text(int64_t ns, char *buf, size_t size)
{
	if (ns < 1000000)
		(void)snprintf(buf, size, "%lld us", (long long)(ns / 1000));
	else if (ns < INT64_C(10000000000))
		(void)snprintf(buf, size, "%lld ms", (long long)(ns / 1000000));
	else
		(void)snprintf(
			buf, size, "%lld s", (long long)(ns / 1000000000));
}
