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
	[PIER_EDIED - 4096] = { "PIER_EDIED", "a process that served died" },
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
	[PIER_STEP_EXEC] = "exec",
	[PIER_STEP_HEADER] = "receive header",
	[PIER_STEP_BODY] = "receive body",
	[PIER_STEP_WRITE] = "write",
	[PIER_STEP_FRAME] = "frame",
};

/* Words for whatever a call on a socket, or on what fd:// and unix:// open, can
   give: the C library's begin with capitals, and some name another subject. */
static const char *const kernel[] = {
	[EPERM] = "operation not permitted",
	[ENOENT] = "no such file",
	[ESRCH] = "no such process",
	[EINTR] = "interrupted by a signal",
	[EIO] = "input/output error",
	[ENXIO] = "no such device or address",
	[E2BIG] = "argument list too long",
	[EBADF] = "not an open descriptor",
	[EAGAIN] = "not ready now",
	[ENOMEM] = "out of memory",
	[EACCES] = "permission denied",
	[EFAULT] = "bad address in memory",
	[EBUSY] = "another task waits here already",
	[EEXIST] = "it exists already",
	[EXDEV] = "it belongs to another scheduler",
	[ENODEV] = "no such device",
	[ENOTDIR] = "not a directory",
	[EISDIR] = "it is a directory",
	[EINVAL] = "invalid argument",
	[ENFILE] = "too many open files in the system",
	[EMFILE] = "too many open files in this process",
	[ENOTTY] = "not a terminal, or no such request here",
	[ETXTBSY] = "a program that runs",
	[EFBIG] = "file too large",
	[ENOSPC] = "no room",
	[ESPIPE] = "it has no position to seek",
	[EROFS] = "read-only file system",
	[EMLINK] = "too many links",
	[EPIPE] = "the peer has closed",
	[EDOM] = "value out of its domain",
	[ERANGE] = "value out of range",
	[EDEADLK] = "it would wait for itself",
	[ENAMETOOLONG] = "name too long",
	[ENOLCK] = "no locks available",
	[ENOSYS] = "this kernel has no such call",
	[ELOOP] = "too many symbolic links",
	[ENODATA] = "no data there",
	[ETIME] = "the timer ran out",
	[ENONET] = "not on the network",
	[ENOLINK] = "the link was cut",
	[ECOMM] = "sending failed on the link",
	[EPROTO] = "protocol error",
	[EBADMSG] = "bad message",
	[EOVERFLOW] = "value too large for its type",
	[ENOTUNIQ] = "name not unique on the network",
	[EBADFD] = "descriptor in a bad state",
	[EILSEQ] = "invalid byte sequence",
	[EUSERS] = "too many users",
	[ENOTSOCK] = "not a socket",
	[EDESTADDRREQ] = "no address to send to",
	[EMSGSIZE] = "message too long",
	[EPROTOTYPE] = "another type of socket",
	[ENOPROTOOPT] = "no such option for this protocol",
	[EPROTONOSUPPORT] = "protocol not supported",
	[ESOCKTNOSUPPORT] = "socket type not supported",
	[EOPNOTSUPP] = "operation not supported",
	[EPFNOSUPPORT] = "protocol family not supported",
	[EAFNOSUPPORT] = "address family not supported",
	[EADDRINUSE] = "address in use",
	[EADDRNOTAVAIL] = "no such address on this machine",
	[ENETDOWN] = "network down",
	[ENETUNREACH] = "network unreachable",
	[ENETRESET] = "connection lost with the network",
	[ECONNABORTED] = "connection aborted",
	[ECONNRESET] = "connection reset by peer",
	[ENOBUFS] = "no buffer space",
	[EISCONN] = "connected already",
	[ENOTCONN] = "not connected",
	[ESHUTDOWN] = "sending was shut down",
	[ETOOMANYREFS] = "too many descriptors on their way",
	[ETIMEDOUT] = "the peer does not answer",
	[ECONNREFUSED] = "connection refused",
	[EHOSTDOWN] = "host down",
	[EHOSTUNREACH] = "no route to host",
	[EALREADY] = "connecting already",
	[EINPROGRESS] = "still under way",
	[ESTALE] = "stale file handle",
	[EREMOTEIO] = "remote input/output error",
	[EDQUOT] = "disk quota used up",
	[ENOMEDIUM] = "no medium in the device",
	[ECANCELED] = "cancelled",
	[ENOKEY] = "no such key",
	[EKEYEXPIRED] = "the key has expired",
	[EKEYREVOKED] = "the key was revoked",
	[EKEYREJECTED] = "the key was rejected",
	[ERFKILL] = "switched off by rfkill",
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

	code = positive(code);
	if (code == 0)
		return "no error";
	if (code >= 4096 && code < PIER_ECODE_END)
		return own[code - 4096].text;
	if ((size_t)code < sizeof(kernel) / sizeof(kernel[0]) &&
		kernel[code] != NULL)
		return kernel[code];
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
