/* SPDX-License-Identifier: MIT */
/*
 * os/faulty.c - plans, counts and what is held. The lists are plain arrays
 * from the C library's own allocator: the table must not go through itself.
 */
#include "os/faulty.h"
#include "os/faulty_inner.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/list.h"

const struct pier__call_info pier__call_infos[PIER__CALL_COUNT] = {
	[PIER__CALL_SOCKET] = { "socket",
		{ EMFILE, ENFILE, ENOBUFS, EAFNOSUPPORT, EACCES } },
	[PIER__CALL_SOCKETPAIR] = { "socketpair", { EMFILE, ENOBUFS } },
	[PIER__CALL_BIND] = { "bind",
		{ EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOMEM } },
	[PIER__CALL_LISTEN] = { "listen", { EADDRINUSE, EACCES } },
	[PIER__CALL_CONNECT] = { "connect",
		{ ECONNREFUSED, ENETUNREACH, EADDRNOTAVAIL, EPERM } },
	[PIER__CALL_ACCEPT] = { "accept",
		{ EAGAIN, EINTR, ECONNABORTED, EMFILE, ENOBUFS, EPERM } },
	[PIER__CALL_RECV] = { "recv",
		{ EAGAIN, EINTR, ECONNRESET, ETIMEDOUT, ENOMEM }, true },
	[PIER__CALL_SEND] = { "send",
		{ EAGAIN, EINTR, EPIPE, ECONNRESET, ENOBUFS }, true },
	[PIER__CALL_RECVMSG] = { "recvmsg",
		{ EAGAIN, EINTR, ECONNRESET, ECONNREFUSED, ENOMEM }, true },
	[PIER__CALL_SENDMSG] = { "sendmsg",
		{ EAGAIN, EINTR, EPIPE, ECONNREFUSED, ENOBUFS }, true },
	[PIER__CALL_RECVMMSG] = { "recvmmsg",
		{ EAGAIN, EINTR, ECONNRESET, ECONNREFUSED, ENOMEM }, true },
	[PIER__CALL_SENDMMSG] = { "sendmmsg",
		{ EAGAIN, EINTR, EPIPE, ECONNREFUSED, ENOBUFS }, true },
	[PIER__CALL_SHUTDOWN] = { "shutdown", { ENOTCONN } },
	[PIER__CALL_GETSOCKOPT] = { "getsockopt", { ENOBUFS } },
	[PIER__CALL_SETSOCKOPT] = { "setsockopt", { ENOPROTOOPT, ENOMEM } },
	[PIER__CALL_GETSOCKNAME] = { "getsockname", { ENOBUFS } },
	[PIER__CALL_GETPEERNAME] = { "getpeername", { ENOTCONN } },
	[PIER__CALL_QUEUED] = { "queued", { EINVAL } },
	[PIER__CALL_READ] = { "read", { EAGAIN, EINTR, EIO }, true },
	[PIER__CALL_WRITEV] = { "writev", { EAGAIN, EINTR, EPIPE, ENOSPC },
		true },
	[PIER__CALL_PREAD] = { "pread", { EINTR, EIO }, true },
	[PIER__CALL_SENDFILE] = { "sendfile",
		{ EAGAIN, EINTR, EINVAL, ENOSYS, EPIPE, EIO }, true },
	[PIER__CALL_PIPE] = { "pipe", { EMFILE, ENFILE } },
	[PIER__CALL_SPLICE] = { "splice",
		{ EAGAIN, EINTR, EINVAL, ENOMEM, EPIPE, ECONNRESET }, true },
	[PIER__CALL_CLOSE] = { "close", { EIO } },
	[PIER__CALL_FSTAT] = { "fstat", { EIO } },
	[PIER__CALL_OPEN_DIR] = { "open_dir", { ENOENT, EACCES, EMFILE } },
	[PIER__CALL_OPEN_FILE] = { "open_file", { EACCES, EMFILE } },
	[PIER__CALL_READ_DIR] = { "read_dir", { ENOENT, EACCES } },
	[PIER__CALL_READLINK] = { "readlink", { ENOENT, EACCES } },
	[PIER__CALL_STAT] = { "stat", { EACCES } },
	[PIER__CALL_UNLINK] = { "unlink", { EACCES } },
	[PIER__CALL_CHMOD] = { "chmod", { EPERM } },
	[PIER__CALL_FCHMOD] = { "fchmod", { EPERM } },
	[PIER__CALL_SET_CLOEXEC] = { "fcntl", { EBADF } },
	[PIER__CALL_POLL] = { "poll", { EINTR, ENOMEM } },
	[PIER__CALL_EPOLL_CREATE] = { "epoll_create", { EMFILE, ENOMEM } },
	[PIER__CALL_EPOLL_CTL] = { "epoll_ctl", { ENOMEM, ENOSPC } },
	[PIER__CALL_EPOLL_WAIT] = { "epoll_wait", { EINTR }, true },
	[PIER__CALL_EVENTFD] = { "eventfd", { EMFILE, ENOMEM } },
	[PIER__CALL_TIMERFD] = { "timerfd", { EMFILE, ENOMEM } },
	[PIER__CALL_RANDOM] = { "random", { ENOSYS } },
	[PIER__CALL_ALLOC] = { "alloc", { ENOMEM } },
	[PIER__CALL_ALLOC_LINES] = { "alloc_lines", { ENOMEM } },
	[PIER__CALL_RESIZE] = { "resize", { ENOMEM } },
	[PIER__CALL_MAP] = { "map", { ENOMEM } },
	[PIER__CALL_MAP_SHARED] = { "map_shared", { ENOMEM } },
	[PIER__CALL_PROTECT_NONE] = { "protect_none", { ENOMEM } },
	[PIER__CALL_ADVISE] = { "advise", { EINVAL, ENOMEM } },
	[PIER__CALL_COOKIE_OPEN] = { "cookie_open", { ENOMEM } },
	[PIER__CALL_THREAD] = { "thread", { EAGAIN } },
	[PIER__CALL_FORK] = { "fork", { EAGAIN, ENOMEM, EMFILE } },
	[PIER__CALL_PIDFD_OPEN] = { "pidfd_open", { EMFILE, ENOMEM } },
	[PIER__CALL_PIDFD_GETFD] = { "pidfd_getfd", { EPERM, EBADF, EMFILE } },
	[PIER__CALL_SPAWN] = { "spawn", { EAGAIN, ENOMEM, EMFILE, ENOENT } },
	[PIER__CALL_SET_BLOCKING] = { "set_blocking", { EBADF } },
	[PIER__CALL_PTY] = { "pty", { ENOSPC, EMFILE } },
	[PIER__CALL_PTY_UNREAD] = { "pty_unread", { EMFILE, EIO } },
	[PIER__CALL_GETHOSTBYNAME] = { "gethostbyname",
		{ -EAI_AGAIN, -EAI_NONAME, -PIER__EAI_ERRNO + EMFILE } },
	[PIER__CALL_GETHOSTBYADDR] = { "gethostbyaddr",
		{ -EAI_AGAIN, -EAI_NONAME, -EAI_FAIL,
			-PIER__EAI_ERRNO + EMFILE } },
	[PIER__CALL_HOSTNAME] = { "hostname", { ENAMETOOLONG } },
	[PIER__CALL_LINKS] = { "links", { ENOMEM, EMFILE } },
	[PIER__CALL_BT_CONTROLLERS] = { "bt_controllers",
		{ EAFNOSUPPORT, EMFILE } },
	[PIER__CALL_GETADDRINFO] = { "getaddrinfo",
		{ -EAI_AGAIN, -EAI_NONAME, -EAI_MEMORY,
			-PIER__EAI_ERRNO + EIO } },
};

bool
pier__call_error_passes(int call, int error)
{
	switch (call) {
	case PIER__CALL_ACCEPT:
		return error == EAGAIN || error == EINTR ||
		       error == ECONNABORTED;
	case PIER__CALL_RECV:
	case PIER__CALL_SEND:
	case PIER__CALL_RECVMSG:
	case PIER__CALL_SENDMSG:
	case PIER__CALL_RECVMMSG:
	case PIER__CALL_SENDMMSG:
	case PIER__CALL_READ:
	case PIER__CALL_WRITEV:
		return error == EAGAIN || error == EINTR;
	case PIER__CALL_PREAD:
		return error == EINTR;
	case PIER__CALL_READ_DIR:
	case PIER__CALL_READLINK:
		/* What is gone, or hidden, is passed over. */
		return error == ENOENT || error == EACCES;
	case PIER__CALL_SENDFILE:
		/* Where the kernel does not, reading and writing does. */
		return error == EAGAIN || error == EINTR || error == EINVAL ||
		       error == ENOSYS;
	case PIER__CALL_PIPE:
		return true; /* what would go by it is copied */
	case PIER__CALL_SPLICE:
		/* The same. */
		return error == EAGAIN || error == EINTR || error == EINVAL ||
		       error == ENOMEM;
	case PIER__CALL_POLL:
	case PIER__CALL_EPOLL_WAIT:
		return error == EINTR;
	case PIER__CALL_CLOSE:
		return true; /* the descriptor is gone all the same */
	default:
		return error == PIER__FAULT_SHORT;
	}
}

struct pier__faulty *
pier__faulty_self(void)
{
	/* The table is a member of an object that is not const. */
	union {
		const struct pier__calls *in;
		struct pier__calls *out;
	} calls = { pier__calls() };

	return pier__container_of(calls.out, struct pier__faulty, calls);
}

void
pier__faulty_init(struct pier__faulty *faulty, const struct pier__calls *inner)
{
	*faulty = (struct pier__faulty){
		.calls = pier__faulty_calls,
		.inner = inner,
		.hit_call = PIER__CALL_ANY,
	};
	(void)pthread_mutex_init(&faulty->lock, NULL);
}

void
pier__faulty_end(struct pier__faulty *faulty)
{
	(void)pthread_mutex_destroy(&faulty->lock);
	free(faulty->held);
	free(faulty->watches);
}

void
pier__faulty_plan(struct pier__faulty *faulty, const struct pier__fault *fault)
{
	assert(faulty->fault_count < PIER__FAULTS_MAX);
	assert(fault->nth > 0);
	faulty->faults[faulty->fault_count++] = *fault;
}

/* The fault's word on this call: errno, PIER__FAULT_SHORT, or 0: none. */
static int
fault_result(const struct pier__fault *fault, unsigned long fired,
	enum pier__call call, unsigned long count)
{
	const struct pier__call_info *info = &pier__call_infos[call];

	if (count < fault->nth || (fault->times > 0 && fired >= fault->times))
		return 0;
	if (count > fault->nth &&
		(fault->every == 0 || (count - fault->nth) % fault->every != 0))
		return 0;
	if (fault->error == PIER__FAULT_SHORT && !info->can_be_short)
		return 0;
	if (fault->error != 0)
		return fault->error;
	for (unsigned i = 0; i < fault->pick; i++) {
		if (info->errors[i] == 0)
			return 0;
	}
	return info->errors[fault->pick];
}

struct pier__verdict
pier__faulty_judge(struct pier__faulty *faulty, enum pier__call call)
{
	struct pier__verdict verdict = { 0 };

	(void)pthread_mutex_lock(&faulty->lock);
	faulty->counts[call]++;
	verdict.nth = ++faulty->total;
	for (size_t i = 0; i < faulty->fault_count; i++) {
		const struct pier__fault *fault = &faulty->faults[i];
		bool any = fault->call == PIER__CALL_ANY;
		int word;

		if (!any && fault->call != (int)call)
			continue;
		word = fault_result(fault, faulty->fired[i], call,
			any ? faulty->total : faulty->counts[call]);
		if (word == 0)
			continue;
		faulty->fired[i]++;
		faulty->hits++;
		faulty->hit_call = (int)call;
		faulty->hit_error = word;
		verdict.error = word > 0 ? word : 0;
		verdict.cut = word == PIER__FAULT_SHORT;
		break;
	}
	(void)pthread_mutex_unlock(&faulty->lock);
	return verdict;
}

/* One more place at the end of an array that doubles. Tests end without. */
static void *
grown(void *array, size_t count, size_t *max, size_t size)
{
	if (count < *max)
		return array;
	*max = *max == 0 ? 64 : *max * 2;
	array = realloc(array, *max * size);
	assert(array != NULL);
	return array;
}

void
pier__faulty_hold(struct pier__faulty *faulty, enum pier__held_kind kind,
	uintptr_t key, enum pier__call call, unsigned long nth)
{
	(void)pthread_mutex_lock(&faulty->lock);
	faulty->held = grown(faulty->held, faulty->held_count,
		&faulty->held_max, sizeof(*faulty->held));
	faulty->held[faulty->held_count++] = (struct pier__held){
		.call = (int)call,
		.nth = nth,
		.key = key,
		.kind = (int)kind,
	};
	(void)pthread_mutex_unlock(&faulty->lock);
}

void
pier__faulty_drop(
	struct pier__faulty *faulty, enum pier__held_kind kind, uintptr_t key)
{
	(void)pthread_mutex_lock(&faulty->lock);
	/* From the end: what was taken last mostly goes first. */
	for (size_t i = faulty->held_count; i-- > 0;) {
		if (faulty->held[i].kind == (int)kind &&
			faulty->held[i].key == key) {
			faulty->held[i] = faulty->held[--faulty->held_count];
			break;
		}
	}
	(void)pthread_mutex_unlock(&faulty->lock);
}

/* The index of the watch of fd (in epfd, or in any when -1), else count. */
static size_t
find_watch(const struct pier__faulty *faulty, int epfd, int fd)
{
	size_t i;

	for (i = 0; i < faulty->watch_count; i++) {
		const struct pier__watch *watch = &faulty->watches[i];

		if (watch->fd == fd && (epfd < 0 || watch->epfd == epfd))
			break;
	}
	return i;
}

void
pier__faulty_watch(struct pier__faulty *faulty, int epfd, int op, int fd,
	const struct epoll_event *event)
{
	size_t i;

	(void)pthread_mutex_lock(&faulty->lock);
	i = find_watch(faulty, epfd, fd);
	if (op == EPOLL_CTL_DEL) {
		if (i < faulty->watch_count)
			faulty->watches[i] =
				faulty->watches[--faulty->watch_count];
	} else {
		if (i == faulty->watch_count) {
			faulty->watches = grown(faulty->watches, i,
				&faulty->watch_max, sizeof(*faulty->watches));
			faulty->watch_count++;
		}
		faulty->watches[i] = (struct pier__watch){
			.epfd = epfd,
			.fd = fd,
			.event = *event,
		};
	}
	(void)pthread_mutex_unlock(&faulty->lock);
}

void
pier__faulty_unwatch(struct pier__faulty *faulty, int fd)
{
	(void)pthread_mutex_lock(&faulty->lock);
	for (size_t i = faulty->watch_count; i-- > 0;) {
		if (faulty->watches[i].fd == fd ||
			faulty->watches[i].epfd == fd)
			faulty->watches[i] =
				faulty->watches[--faulty->watch_count];
	}
	(void)pthread_mutex_unlock(&faulty->lock);
}

void
pier__faulty_rearm(struct pier__faulty *faulty, int fd)
{
	struct pier__watch watch;
	size_t i;
	bool found;

	(void)pthread_mutex_lock(&faulty->lock);
	i = find_watch(faulty, -1, fd);
	found = i < faulty->watch_count;
	if (found)
		watch = faulty->watches[i];
	(void)pthread_mutex_unlock(&faulty->lock);
	if (found)
		(void)faulty->inner->epoll_ctl(
			watch.epfd, EPOLL_CTL_MOD, fd, &watch.event);
}

size_t
pier__faulty_leaks(struct pier__faulty *faulty, FILE *to)
{
	static const char *const kinds[] = {
		[PIER__HELD_FD] = "descriptor",
		[PIER__HELD_MEMORY] = "memory at",
		[PIER__HELD_MAPPING] = "mapping at",
		[PIER__HELD_NAMES] = "names at",
	};
	size_t count;

	(void)pthread_mutex_lock(&faulty->lock);
	count = faulty->held_count;
	for (size_t i = 0; to != NULL && i < count; i++) {
		const struct pier__held *held = &faulty->held[i];

		(void)fprintf(to, "leak: %s %#lx from call %lu, %s\n",
			kinds[held->kind], (unsigned long)held->key, held->nth,
			pier__call_infos[held->call].name);
	}
	(void)pthread_mutex_unlock(&faulty->lock);
	return count;
}
