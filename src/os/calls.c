/* SPDX-License-Identifier: MIT */
/*
 * os/calls.c - the real call table: thin wrappers that turn errno into a
 * negative result and set on birth what pier wants of every descriptor
 * (close-on-exec, non-blocking).
 */
#include "os/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <linux/time_types.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "os/bt.h"
#include "os/cookie.h"
#include "os/folder_calls.h"
#include "os/link.h"
#include "os/names_calls.h"
#include "os/process_calls.h"
#include "os/spawn_calls.h"

_Thread_local struct pier__task *pier__current;

PIER__HOT static int
result(int rc)
{
	return rc < 0 ? -errno : rc;
}

static ssize_t
result_size(ssize_t n)
{
	return n < 0 ? -errno : n;
}

static int
real_socket(int family, int type, int protocol)
{
	return result(
		socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}

static int
real_socketpair(int family, int type, int protocol, int fds[2])
{
	return result(socketpair(
		family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol, fds));
}

static int
real_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	return result(bind(fd, sa, len));
}

static int
real_listen(int fd, int backlog)
{
	return result(listen(fd, backlog));
}

static int
real_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	/* To disconnect is what one thread does to a socket that others wait
	   on. The thread sanitizer takes it for the birth of a descriptor,
	   unless it does not see it. */
	if (sa->sa_family == AF_UNSPEC)
		return (int)result_size(syscall(SYS_connect, fd, sa, len));
	return result(connect(fd, sa, len));
}

PIER__HOT static int
real_accept(int fd, struct sockaddr *sa, socklen_t *len, bool blocking)
{
	return result(accept4(
		fd, sa, len, SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK)));
}

PIER__HOT static ssize_t
real_recv(int fd, void *buf, size_t size, int flags)
{
	return result_size(recv(fd, buf, size, flags));
}

PIER__HOT static ssize_t
real_send(int fd, const void *buf, size_t size, int flags)
{
	return result_size(send(fd, buf, size, flags));
}

static ssize_t
real_recvmsg(int fd, struct msghdr *msg, int flags)
{
	return result_size(recvmsg(fd, msg, flags | MSG_CMSG_CLOEXEC));
}

static ssize_t
real_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return result_size(sendmsg(fd, msg, flags));
}

static int
real_shutdown(int fd, int how)
{
	return result(shutdown(fd, how));
}

static int
real_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	return result(getsockopt(fd, level, name, value, len));
}

static int
real_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return result(setsockopt(fd, level, name, value, len));
}

static int
real_getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	return result(getsockname(fd, sa, len));
}

static int
real_getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	return result(getpeername(fd, sa, len));
}

static int
real_queued(int fd, int *bytes)
{
	return result(ioctl(fd, SIOCOUTQ, bytes));
}

static ssize_t
real_read(int fd, void *buf, size_t size)
{
	return result_size(read(fd, buf, size));
}

/* A write to a pipe whose reader is gone raises SIGPIPE, and no flag prevents
   it as MSG_NOSIGNAL does for send(2); nor does one for splice(2) and
   sendfile(2). So the signal is held off, and taken back when it was not
   pending before: it is ours then. */
struct held_signal {
	sigset_t pipe_only, old, pending;
};

static void
hold_sigpipe(struct held_signal *held)
{
	(void)sigemptyset(&held->pipe_only);
	(void)sigaddset(&held->pipe_only, SIGPIPE);
	(void)sigpending(&held->pending);
	(void)pthread_sigmask(SIG_BLOCK, &held->pipe_only, &held->old);
}

/* n of size: what the call gave. It raises the signal also where the reader
   went after a part, which is what it then tells. */
static ssize_t
release_sigpipe(struct held_signal *held, ssize_t n, size_t size)
{
	static const struct timespec at_once = { 0 };
	bool may_be_ours = n == -EPIPE || (n > 0 && (size_t)n < size);

	if (may_be_ours && !sigismember(&held->pending, SIGPIPE))
		while (sigtimedwait(&held->pipe_only, NULL, &at_once) < 0 &&
			errno == EINTR)
			;
	(void)pthread_sigmask(SIG_SETMASK, &held->old, NULL);
	return n;
}

static ssize_t
real_writev(int fd, const struct iovec *iov, int count)
{
	struct held_signal held;
	size_t size = 0;

	for (int i = 0; i < count; i++)
		size += iov[i].iov_len;
	hold_sigpipe(&held);
	return release_sigpipe(
		&held, result_size(writev(fd, iov, count)), size);
}

static ssize_t
real_pread(int fd, void *buf, size_t size, int64_t offset)
{
	return result_size(pread(fd, buf, size, offset));
}

static ssize_t
real_sendfile(int to, int from, int64_t offset, size_t size)
{
	struct held_signal held;
	off_t at = offset;

	hold_sigpipe(&held);
	return release_sigpipe(
		&held, result_size(sendfile(to, from, &at, size)), size);
}

static int
real_pipe(int fds[2])
{
	return result(pipe2(fds, O_CLOEXEC | O_NONBLOCK));
}

static ssize_t
real_splice(int from, int to, size_t size)
{
	struct held_signal held;

	hold_sigpipe(&held);
	return release_sigpipe(&held,
		result_size(splice(from, NULL, to, NULL, size,
			SPLICE_F_MOVE | SPLICE_F_NONBLOCK)),
		size);
}

PIER__HOT static int
real_close(int fd)
{
	int rc = result(close(fd));

	/* Linux has released the descriptor also when it says EINTR. */
	return rc == -EINTR ? 0 : rc;
}

static int
real_getfl(int fd)
{
	return result(fcntl(fd, F_GETFL));
}

static int
real_set_cloexec(int fd)
{
	return result(fcntl(fd, F_SETFD, FD_CLOEXEC));
}

static int
real_open_dir(const char *path)
{
	return result(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* A FIFO in the place of a file must not hold us up: O_NONBLOCK. */
static int
real_open_file(const char *path)
{
	return result(open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
}

static int
real_recvmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	return result(recvmmsg(fd, list, count, flags, NULL));
}

static int
real_sendmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	return result(sendmmsg(fd, list, count, flags));
}

static int
real_fstat(int fd, struct stat *out)
{
	return result(fstat(fd, out));
}

static int
real_stat(const char *path, struct stat *out)
{
	return result(lstat(path, out));
}

static int
real_unlink(const char *path)
{
	return result(unlink(path));
}

static int
real_chmod(const char *path, mode_t mode)
{
	return result(chmod(path, mode));
}

static int
real_fchmod(int fd, mode_t mode)
{
	return result(fchmod(fd, mode));
}

static int
real_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ns)
{
	struct timespec timeout = {
		.tv_sec = timeout_ns / 1000000000,
		.tv_nsec = timeout_ns % 1000000000,
	};
	int rc = result(
		ppoll(fds, count, timeout_ns < 0 ? NULL : &timeout, NULL));

	/* A signal is a reason to look again, not an error. */
	return rc == -EINTR ? 0 : rc;
}

static int
real_epoll_create(void)
{
	return result(epoll_create1(EPOLL_CLOEXEC));
}

static int
real_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	return result(epoll_ctl(epfd, op, fd, event));
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WAITS_BY_PPOLL 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define WAITS_BY_PPOLL 1
#endif

#if defined(WAITS_BY_PPOLL)
/* The thread sanitizer puts a signal handler off until the next call that it
   knows, or runs it inside of one that waits. It knows no epoll_pwait2: a signal
   right before that would wait as long. */
static int
epoll_wait_exact(
	int epfd, struct epoll_event *events, int max, int64_t timeout_ns)
{
	struct pollfd ready = { .fd = epfd, .events = POLLIN };
	struct timespec timeout = {
		.tv_sec = timeout_ns / 1000000000,
		.tv_nsec = timeout_ns % 1000000000,
	};
	int rc = result(ppoll(&ready, 1, &timeout, NULL));

	return rc > 0 ? result(epoll_wait(epfd, events, max, 0)) : rc;
}
#else
/* epoll_pwait2(2) by its number: Linux 5.11 has it, the C library only since
   glibc 2.35, and always with a 64-bit time. */
static int
epoll_wait_exact(
	int epfd, struct epoll_event *events, int max, int64_t timeout_ns)
{
#if defined(SYS_epoll_pwait2)
	struct __kernel_timespec timeout = {
		.tv_sec = timeout_ns / 1000000000,
		.tv_nsec = timeout_ns % 1000000000,
	};

	return result((int)syscall(
		SYS_epoll_pwait2, epfd, events, max, &timeout, NULL, 0));
#else
	(void)epfd;
	(void)events;
	(void)max;
	(void)timeout_ns;
	return -ENOSYS;
#endif
}
#endif

/* Rounded up: waking before the deadline would only mean another turn. */
static int
epoll_wait_ms(int epfd, struct epoll_event *events, int max, int64_t timeout_ns)
{
	int64_t ms = timeout_ns / 1000000 + (timeout_ns % 1000000 > 0);

	return result(epoll_wait(
		epfd, events, max, ms < INT_MAX ? (int)ms : INT_MAX));
}

PIER__HOT static int
real_epoll_wait(
	int epfd, struct epoll_event *events, int max, int64_t timeout_ns)
{
	int rc;

	if (timeout_ns > 0) {
		rc = epoll_wait_exact(epfd, events, max, timeout_ns);
		/* An older kernel, or a container whose filter refuses what it
		   does not know. */
		if (rc == -ENOSYS || rc == -EPERM)
			rc = epoll_wait_ms(epfd, events, max, timeout_ns);
	} else {
		rc = result(
			epoll_wait(epfd, events, max, timeout_ns < 0 ? -1 : 0));
	}
	return rc == -EINTR ? 0 : rc;
}

static int
real_eventfd(void)
{
	return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

static int
real_eventfd_wake(int fd)
{
	static const uint64_t one = 1;
	int saved = errno;
	int rc = result(write(fd, &one, sizeof(one)) < 0 ? -1 : 0);

	/* Called in signal handlers, where errno is the interrupted code's. */
	errno = saved;
	return rc;
}

static int
real_timerfd(void)
{
	return result(
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
}

static int
real_timerfd_set(int fd, int64_t at_ns)
{
	const struct itimerspec at = { .it_value = {
					       .tv_sec = at_ns / 1000000000,
					       .tv_nsec = at_ns % 1000000000,
				       } };

	return result(timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL));
}

PIER__HOT static int64_t
real_clock_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

PIER__HOT static int64_t
real_clock_coarse_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* cannot fail */
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t
real_realtime_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int
real_random(void *buf, size_t size)
{
	unsigned char *at = buf;

	while (size > 0) {
		ssize_t n = result_size(getrandom(at, size, 0));

		if (n == -EINTR)
			continue;
		if (n < 0)
			return (int)n;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static void *
real_alloc(size_t size)
{
	return calloc(1, size);
}

static void *
real_alloc_lines(size_t size)
{
	const size_t line = 64;

	return aligned_alloc(line, (size + line - 1) / line * line);
}

static void *
real_resize(void *ptr, size_t size)
{
	return realloc(ptr, size);
}

static void
real_free(void *ptr)
{
	free(ptr);
}

static int
real_map(void **out, size_t size)
{
	void *ptr = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (ptr == MAP_FAILED)
		return -errno;
	*out = ptr;
	return 0;
}

static int
real_map_shared(void **out, size_t size)
{
	void *ptr = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (ptr == MAP_FAILED)
		return -errno;
	*out = ptr;
	return 0;
}

static int
real_unmap(void *ptr, size_t size)
{
	return result(munmap(ptr, size));
}

static int
real_protect_none(void *ptr, size_t size)
{
	return result(mprotect(ptr, size, PROT_NONE));
}

static int
real_advise(void *ptr, size_t size, int advice)
{
	return result(madvise(ptr, size, advice));
}

const struct pier__calls pier__calls_real = {
	.socket = real_socket,
	.socketpair = real_socketpair,
	.bind = real_bind,
	.listen = real_listen,
	.connect = real_connect,
	.accept = real_accept,
	.recv = real_recv,
	.send = real_send,
	.recvmsg = real_recvmsg,
	.sendmsg = real_sendmsg,
	.shutdown = real_shutdown,
	.getsockopt = real_getsockopt,
	.setsockopt = real_setsockopt,
	.getsockname = real_getsockname,
	.getpeername = real_getpeername,
	.queued = real_queued,
	.read = real_read,
	.writev = real_writev,
	.pread = real_pread,
	.sendfile = real_sendfile,
	.pipe = real_pipe,
	.splice = real_splice,
	.close = real_close,
	.close_range = pier__real_close_range,
	.getfl = real_getfl,
	.set_cloexec = real_set_cloexec,
	.fstat = real_fstat,
	.open_dir = real_open_dir,
	.open_file = real_open_file,
	.read_dir = pier__real_read_dir,
	.readlink = pier__real_readlink,
	.recvmmsg = real_recvmmsg,
	.sendmmsg = real_sendmmsg,
	.stat = real_stat,
	.unlink = real_unlink,
	.chmod = real_chmod,
	.fchmod = real_fchmod,
	.poll = real_poll,
	.epoll_create = real_epoll_create,
	.epoll_ctl = real_epoll_ctl,
	.epoll_wait = real_epoll_wait,
	.eventfd = real_eventfd,
	.eventfd_wake = real_eventfd_wake,
	.timerfd = real_timerfd,
	.timerfd_set = real_timerfd_set,
	.clock_ns = real_clock_ns,
	.clock_coarse_ns = real_clock_coarse_ns,
	.realtime_ns = real_realtime_ns,
	.random = real_random,
	.alloc = real_alloc,
	.alloc_lines = real_alloc_lines,
	.resize = real_resize,
	.free = real_free,
	.map = real_map,
	.map_shared = real_map_shared,
	.unmap = real_unmap,
	.protect_none = real_protect_none,
	.advise = real_advise,
	.cookie_open = pier__cookie_open,
	.thread = pier__real_thread,
	.fork = pier__real_fork,
	.pidfd_open = pier__real_pidfd_open,
	.pidfd_kill = pier__real_pidfd_kill,
	.pidfd_getfd = pier__real_pidfd_getfd,
	.reap = pier__real_reap,
	.end_with = pier__real_end_with,
	.spawn = pier__real_spawn,
	.exited = pier__real_exited,
	.signal_group = pier__real_signal_group,
	.set_blocking = pier__real_set_blocking,
	.pty = pier__real_pty,
	.pty_unread = pier__real_pty_unread,
	.getaddrinfo = pier__real_getaddrinfo,
	.freeaddrinfo = pier__real_freeaddrinfo,
	.gethostbyname = pier__real_gethostbyname,
	.gethostbyaddr = pier__real_gethostbyaddr,
	.hostname = pier__real_hostname,
	.links = pier__real_links,
	.bt_controllers = pier__real_bt_controllers,
};
