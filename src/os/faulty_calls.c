/* SPDX-License-Identifier: MIT */
/*
 * os/faulty_calls.c - the entries of the faulty table. Each asks for the
 * verdict, obeys it or hands on to the inner table, and notes what was taken
 * or given back.
 */
#include "os/faulty_inner.h"

#include <errno.h>
#include <string.h>

/* A transfer that may come up short: streams only, since a message is whole
   or it is an error. */
static bool
is_stream(const struct pier__faulty *faulty, int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);
	int rc =
		faulty->inner->getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);

	return rc == -ENOTSOCK || (rc == 0 && type == SOCK_STREAM);
}

/* EAGAIN is a promise of an event to come: see the head of faulty.h. */
static int
transfer_error(struct pier__faulty *faulty, int fd,
	const struct pier__verdict *verdict)
{
	if (verdict->error == EAGAIN)
		pier__faulty_rearm(faulty, fd);
	return -verdict->error;
}

static ssize_t
transferred(struct pier__faulty *faulty, int fd, bool cut, ssize_t n)
{
	if (cut)
		pier__faulty_rearm(faulty, fd);
	return n;
}

static int
faulty_socket(int family, int type, int protocol)
{
	GIVES_FD(PIER__CALL_SOCKET, socket(family, type, protocol));
}

static int
faulty_socketpair(int family, int type, int protocol, int fds[2])
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_SOCKETPAIR);
	int rc;

	if (verdict.error > 0)
		return -verdict.error;
	rc = faulty->inner->socketpair(family, type, protocol, fds);
	for (int i = 0; rc == 0 && i < 2; i++)
		(void)pier__faulty_hold_fd(
			faulty, fds[i], PIER__CALL_SOCKETPAIR, verdict.nth);
	return rc;
}

static int
faulty_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	PLAIN(PIER__CALL_BIND, bind(fd, sa, len));
}

static int
faulty_listen(int fd, int backlog)
{
	PLAIN(PIER__CALL_LISTEN, listen(fd, backlog));
}

static int
faulty_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	PLAIN(PIER__CALL_CONNECT, connect(fd, sa, len));
}

static int
faulty_accept(int fd, struct sockaddr *sa, socklen_t *len, bool blocking)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_ACCEPT);
	int rc;

	if (verdict.error == ECONNABORTED) {
		/* The kernel took one off the queue to say so. */
		rc = faulty->inner->accept(fd, sa, len, blocking);
		if (rc >= 0)
			(void)faulty->inner->close(rc);
		return rc < 0 ? rc : -ECONNABORTED;
	}
	if (verdict.error > 0)
		return transfer_error(faulty, fd, &verdict);
	return pier__faulty_hold_fd(faulty,
		faulty->inner->accept(fd, sa, len, blocking), PIER__CALL_ACCEPT,
		verdict.nth);
}

static ssize_t
faulty_recv(int fd, void *buf, size_t size, int flags)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_RECV);
	bool cut = verdict.cut && size > 1 && is_stream(faulty, fd);

	if (verdict.error > 0)
		return transfer_error(faulty, fd, &verdict);
	return transferred(faulty, fd, cut,
		faulty->inner->recv(fd, buf, cut ? 1 : size, flags));
}

static ssize_t
faulty_send(int fd, const void *buf, size_t size, int flags)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_SEND);
	bool cut = verdict.cut && size > 1 && is_stream(faulty, fd);

	if (verdict.error > 0)
		return transfer_error(faulty, fd, &verdict);
	return transferred(faulty, fd, cut,
		faulty->inner->send(fd, buf, cut ? 1 : size, flags));
}

/* The first byte of what the vector covers. */
static struct iovec
first_byte(const struct iovec *iov, size_t count)
{
	struct iovec one = { NULL, 0 };

	for (size_t i = 0; i < count && one.iov_len == 0; i++) {
		if (iov[i].iov_len > 0)
			one = (struct iovec){ iov[i].iov_base, 1 };
	}
	return one;
}

/* The descriptors that a message brought are held as if each had been made. */
static void
hold_passed(struct pier__faulty *faulty, struct msghdr *msg, unsigned long nth)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int fd;

	for (; cmsg != NULL; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t size = cmsg->cmsg_len - CMSG_LEN(0);

		if (cmsg->cmsg_level != SOL_SOCKET ||
			cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(fd) <= size; at += sizeof(fd)) {
			memcpy(&fd, CMSG_DATA(cmsg) + at, sizeof(fd));
			(void)pier__faulty_hold_fd(
				faulty, fd, PIER__CALL_RECVMSG, nth);
		}
	}
}

static ssize_t
faulty_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_RECVMSG);
	bool cut = verdict.cut && is_stream(faulty, fd);
	struct iovec one = first_byte(msg->msg_iov, msg->msg_iovlen);
	struct iovec *iov = msg->msg_iov;
	size_t iovlen = msg->msg_iovlen;
	ssize_t n;

	if (verdict.error > 0)
		return transfer_error(faulty, fd, &verdict);
	if (cut) {
		msg->msg_iov = &one;
		msg->msg_iovlen = 1;
	}
	n = faulty->inner->recvmsg(fd, msg, flags);
	msg->msg_iov = iov;
	msg->msg_iovlen = iovlen;
	if (n >= 0)
		hold_passed(faulty, msg, verdict.nth);
	return transferred(faulty, fd, cut, n);
}

static ssize_t
faulty_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_SENDMSG);
	bool cut = verdict.cut && is_stream(faulty, fd);
	struct iovec one = first_byte(msg->msg_iov, msg->msg_iovlen);
	struct msghdr copy = *msg;

	if (verdict.error > 0)
		return transfer_error(faulty, fd, &verdict);
	if (cut) {
		copy.msg_iov = &one;
		copy.msg_iovlen = 1;
	}
	return transferred(
		faulty, fd, cut, faulty->inner->sendmsg(fd, &copy, flags));
}

/* Short is one message. */
static int
faulty_recvmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_RECVMMSG);
	int n;

	if (verdict.error > 0)
		return transfer_error(faulty, fd, &verdict);
	n = faulty->inner->recvmmsg(fd, list, verdict.cut ? 1 : count, flags);
	for (int i = 0; i < n; i++)
		hold_passed(faulty, &list[i].msg_hdr, verdict.nth);
	return (int)transferred(faulty, fd, verdict.cut, n);
}

static int
faulty_sendmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_SENDMMSG);

	if (verdict.error > 0)
		return transfer_error(faulty, fd, &verdict);
	return (int)transferred(faulty, fd, verdict.cut,
		faulty->inner->sendmmsg(
			fd, list, verdict.cut ? 1 : count, flags));
}

static int
faulty_shutdown(int fd, int how)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_SHUTDOWN);

	/* "Not connected" is the word for a connection that has gone. */
	if (verdict.error == ENOTCONN)
		(void)faulty->inner->shutdown(fd, SHUT_RDWR);
	return verdict.error > 0 ? -verdict.error
				 : faulty->inner->shutdown(fd, how);
}

static int
faulty_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	PLAIN(PIER__CALL_GETSOCKOPT, getsockopt(fd, level, name, value, len));
}

static int
faulty_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	PLAIN(PIER__CALL_SETSOCKOPT, setsockopt(fd, level, name, value, len));
}

static int
faulty_getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	PLAIN(PIER__CALL_GETSOCKNAME, getsockname(fd, sa, len));
}

static int
faulty_getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	PLAIN(PIER__CALL_GETPEERNAME, getpeername(fd, sa, len));
}

static int
faulty_queued(int fd, int *bytes)
{
	PLAIN(PIER__CALL_QUEUED, queued(fd, bytes));
}

static ssize_t
faulty_read(int fd, void *buf, size_t size)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_READ);
	/* An eventfd gives eight bytes or none. */
	bool cut = verdict.cut && size > 8;

	if (verdict.error > 0)
		return transfer_error(faulty, fd, &verdict);
	return transferred(
		faulty, fd, cut, faulty->inner->read(fd, buf, cut ? 1 : size));
}

static ssize_t
faulty_writev(int fd, const struct iovec *iov, int count)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_WRITEV);
	struct iovec one = first_byte(iov, (size_t)count);
	bool event = count == 1 && iov->iov_len == 8;

	if (verdict.error > 0)
		return transfer_error(faulty, fd, &verdict);
	if (!verdict.cut || event || !is_stream(faulty, fd))
		return faulty->inner->writev(fd, iov, count);
	return transferred(
		faulty, fd, true, faulty->inner->writev(fd, &one, 1));
}

static int
faulty_close(int fd)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_CLOSE);
	int rc;

	/* Before the close: the number may be taken again right after. */
	pier__faulty_drop(faulty, PIER__HELD_FD, (uintptr_t)fd);
	pier__faulty_unwatch(faulty, fd);
	rc = faulty->inner->close(fd);
	if (rc == -EBADF) {
		(void)pthread_mutex_lock(&faulty->lock);
		faulty->wrong_closes++;
		(void)pthread_mutex_unlock(&faulty->lock);
	}
	return verdict.error > 0 ? -verdict.error : rc;
}

/* One that fails has closed nothing. */
static int
faulty_close_range(int first, int last)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_CLOSE);
	int fd;

	if (verdict.error > 0)
		return -verdict.error;
	for (fd = first; fd <= last; fd++) {
		pier__faulty_drop(faulty, PIER__HELD_FD, (uintptr_t)fd);
		pier__faulty_unwatch(faulty, fd);
	}
	return faulty->inner->close_range(first, last);
}

static int
faulty_getfl(int fd)
{
	return pier__faulty_self()->inner->getfl(fd);
}

static int
faulty_set_cloexec(int fd)
{
	PLAIN(PIER__CALL_SET_CLOEXEC, set_cloexec(fd));
}

static int
faulty_fstat(int fd, struct stat *out)
{
	PLAIN(PIER__CALL_FSTAT, fstat(fd, out));
}

static int
faulty_stat(const char *path, struct stat *out)
{
	PLAIN(PIER__CALL_STAT, stat(path, out));
}

static int
faulty_unlink(const char *path)
{
	PLAIN(PIER__CALL_UNLINK, unlink(path));
}

static int
faulty_chmod(const char *path, mode_t mode)
{
	PLAIN(PIER__CALL_CHMOD, chmod(path, mode));
}

static int
faulty_fchmod(int fd, mode_t mode)
{
	PLAIN(PIER__CALL_FCHMOD, fchmod(fd, mode));
}

static int
faulty_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ns)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_POLL);

	if (verdict.error == EINTR) {
		for (nfds_t i = 0; i < count; i++)
			fds[i].revents = 0;
		return 0; /* as the entry's contract says */
	}
	if (verdict.error > 0)
		return -verdict.error;
	return faulty->inner->poll(fds, count, timeout_ns);
}

static int
faulty_epoll_create(void)
{
	GIVES_FD(PIER__CALL_EPOLL_CREATE, epoll_create());
}

static int
faulty_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_EPOLL_CTL);
	int rc;

	/* Taking out cannot fail for what is in. */
	if (verdict.error > 0 && op != EPOLL_CTL_DEL)
		return -verdict.error;
	rc = faulty->inner->epoll_ctl(epfd, op, fd, event);
	if (rc == 0)
		pier__faulty_watch(faulty, epfd, op, fd, event);
	return rc;
}

static int
faulty_epoll_wait(
	int epfd, struct epoll_event *events, int max, int64_t timeout_ns)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_EPOLL_WAIT);

	if (verdict.error == EINTR)
		return 0; /* as the entry's contract says */
	return faulty->inner->epoll_wait(
		epfd, events, verdict.cut ? 1 : max, timeout_ns);
}

static int
faulty_eventfd(void)
{
	GIVES_FD(PIER__CALL_EVENTFD, eventfd());
}

/* No fault is planned here: the counter has room for any number of wake-ups,
   so this entry has no way to fail that a program could meet. */
static int
faulty_eventfd_wake(int fd)
{
	/* Called by whoever wakes a task, a thread of another table or a
	   signal handler: there is no way back to our own. */
	return pier__calls_real.eventfd_wake(fd);
}

static int
faulty_timerfd(void)
{
	GIVES_FD(PIER__CALL_TIMERFD, timerfd());
}

/* It has no way to fail that a program could meet. */
static int
faulty_timerfd_set(int fd, int64_t at_ns)
{
	return pier__faulty_self()->inner->timerfd_set(fd, at_ns);
}

static int64_t
faulty_clock_ns(void)
{
	return pier__faulty_self()->inner->clock_ns();
}

static int64_t
faulty_realtime_ns(void)
{
	return pier__faulty_self()->inner->realtime_ns();
}

static int
faulty_random(void *buf, size_t size)
{
	PLAIN(PIER__CALL_RANDOM, random(buf, size));
}

static void *
take_memory(int call, size_t size)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict = pier__faulty_judge(faulty, call);
	void *ptr;

	if (verdict.error > 0)
		return NULL;
	ptr = call == PIER__CALL_ALLOC ? faulty->inner->alloc(size)
				       : faulty->inner->alloc_lines(size);
	if (ptr != NULL)
		pier__faulty_hold(faulty, PIER__HELD_MEMORY, (uintptr_t)ptr,
			call, verdict.nth);
	return ptr;
}

static void *
faulty_alloc(size_t size)
{
	return take_memory(PIER__CALL_ALLOC, size);
}

static void *
faulty_alloc_lines(size_t size)
{
	return take_memory(PIER__CALL_ALLOC_LINES, size);
}

static void *
faulty_resize(void *ptr, size_t size)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_RESIZE);
	uintptr_t was = (uintptr_t)ptr;
	void *now;

	if (verdict.error > 0)
		return NULL;
	now = faulty->inner->resize(ptr, size);
	if (now == NULL)
		return NULL;
	pier__faulty_drop(faulty, PIER__HELD_MEMORY, was);
	pier__faulty_hold(faulty, PIER__HELD_MEMORY, (uintptr_t)now,
		PIER__CALL_RESIZE, verdict.nth);
	return now;
}

static void
faulty_free(void *ptr)
{
	struct pier__faulty *faulty = pier__faulty_self();

	if (ptr != NULL)
		pier__faulty_drop(faulty, PIER__HELD_MEMORY, (uintptr_t)ptr);
	faulty->inner->free(ptr);
}

static int
take_mapping(enum pier__call call, void **out, size_t size)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict = pier__faulty_judge(faulty, call);
	int rc;

	if (verdict.error > 0)
		return -verdict.error;
	rc = call == PIER__CALL_MAP ? faulty->inner->map(out, size)
				    : faulty->inner->map_shared(out, size);
	if (rc == 0)
		pier__faulty_hold(faulty, PIER__HELD_MAPPING, (uintptr_t)*out,
			call, verdict.nth);
	return rc;
}

static int
faulty_map(void **out, size_t size)
{
	return take_mapping(PIER__CALL_MAP, out, size);
}

static int
faulty_map_shared(void **out, size_t size)
{
	return take_mapping(PIER__CALL_MAP_SHARED, out, size);
}

static int
faulty_unmap(void *ptr, size_t size)
{
	struct pier__faulty *faulty = pier__faulty_self();

	pier__faulty_drop(faulty, PIER__HELD_MAPPING, (uintptr_t)ptr);
	return faulty->inner->unmap(ptr, size);
}

static int
faulty_protect_none(void *ptr, size_t size)
{
	PLAIN(PIER__CALL_PROTECT_NONE, protect_none(ptr, size));
}

static int
faulty_advise(void *ptr, size_t size, int advice)
{
	PLAIN(PIER__CALL_ADVISE, advise(ptr, size, advice));
}

static int
faulty_thread(void *stack, size_t stack_size, void *(*fn)(void *), void *arg,
	void *out)
{
	PLAIN(PIER__CALL_THREAD, thread(stack, stack_size, fn, arg, out));
}

const struct pier__calls pier__faulty_calls = {
	.socket = faulty_socket,
	.socketpair = faulty_socketpair,
	.bind = faulty_bind,
	.listen = faulty_listen,
	.connect = faulty_connect,
	.accept = faulty_accept,
	.recv = faulty_recv,
	.send = faulty_send,
	.recvmsg = faulty_recvmsg,
	.sendmsg = faulty_sendmsg,
	.shutdown = faulty_shutdown,
	.getsockopt = faulty_getsockopt,
	.setsockopt = faulty_setsockopt,
	.getsockname = faulty_getsockname,
	.getpeername = faulty_getpeername,
	.queued = faulty_queued,
	.read = faulty_read,
	.writev = faulty_writev,
	.pread = pier__faulty_pread,
	.sendfile = pier__faulty_sendfile,
	.pipe = pier__faulty_pipe,
	.splice = pier__faulty_splice,
	.close = faulty_close,
	.close_range = faulty_close_range,
	.getfl = faulty_getfl,
	.set_cloexec = faulty_set_cloexec,
	.fstat = faulty_fstat,
	.open_dir = pier__faulty_open_dir,
	.open_file = pier__faulty_open_file,
	.read_dir = pier__faulty_read_dir,
	.readlink = pier__faulty_readlink,
	.recvmmsg = faulty_recvmmsg,
	.sendmmsg = faulty_sendmmsg,
	.stat = faulty_stat,
	.unlink = faulty_unlink,
	.chmod = faulty_chmod,
	.fchmod = faulty_fchmod,
	.poll = faulty_poll,
	.epoll_create = faulty_epoll_create,
	.epoll_ctl = faulty_epoll_ctl,
	.epoll_wait = faulty_epoll_wait,
	.eventfd = faulty_eventfd,
	.eventfd_wake = faulty_eventfd_wake,
	.timerfd = faulty_timerfd,
	.timerfd_set = faulty_timerfd_set,
	.clock_ns = faulty_clock_ns,
	.clock_coarse_ns = faulty_clock_ns,
	.realtime_ns = faulty_realtime_ns,
	.random = faulty_random,
	.alloc = faulty_alloc,
	.alloc_lines = faulty_alloc_lines,
	.resize = faulty_resize,
	.free = faulty_free,
	.map = faulty_map,
	.map_shared = faulty_map_shared,
	.unmap = faulty_unmap,
	.protect_none = faulty_protect_none,
	.advise = faulty_advise,
	.cookie_open = pier__faulty_cookie_open,
	.thread = faulty_thread,
	.fork = pier__faulty_fork,
	.pidfd_open = pier__faulty_pidfd_open,
	.pidfd_kill = pier__faulty_pidfd_kill,
	.pidfd_getfd = pier__faulty_pidfd_getfd,
	.reap = pier__faulty_reap,
	.end_with = pier__faulty_end_with,
	.spawn = pier__faulty_spawn,
	.exited = pier__faulty_exited,
	.signal_group = pier__faulty_signal_group,
	.set_blocking = pier__faulty_set_blocking,
	.pty = pier__faulty_pty,
	.pty_unread = pier__faulty_pty_unread,
	.getaddrinfo = pier__faulty_getaddrinfo,
	.freeaddrinfo = pier__faulty_freeaddrinfo,
	.gethostbyname = pier__faulty_gethostbyname,
	.gethostbyaddr = pier__faulty_gethostbyaddr,
	.hostname = pier__faulty_hostname,
	.links = pier__faulty_links,
	.bt_controllers = pier__faulty_bt_controllers,
};
