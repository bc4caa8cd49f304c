/* SPDX-License-Identifier: MIT */
/*
 * os/sim_calls.c - the call table of a simulated host: from descriptors to
 * sockets and from buffers to vectors. What each socket then does stands with
 * its protocol.
 *
 * After every call that may send something, all that is due at this moment
 * happens, so that the loopback is as immediate as the kernel's.
 */
#include "os/sim_inner.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct pier__sim_host *
pier__sim_here(void)
{
	/* The table is a member of an object that is not const. */
	union {
		const struct pier__calls *in;
		struct pier__calls *out;
	} calls = { pier__calls() };

	return pier__container_of(calls.out, struct pier__sim_host, calls);
}

struct pier__sim_socket *
pier__sim_socket_of(struct pier__sim *sim, int fd)
{
	size_t at = (size_t)(fd - PIER__SIM_FD_BASE);

	if (fd < PIER__SIM_FD_BASE || at >= sim->fd_max)
		return NULL;
	return sim->fds[at];
}

static struct pier__sim_socket *
find(int fd)
{
	return pier__sim_socket_of(pier__sim_here()->sim, fd);
}

/* Full? Then no socket is made. */
static int
room_for(const struct pier__sim *sim, unsigned count)
{
	return sim->fd_count + count > sim->limits.descriptors ? -EMFILE : 0;
}

int
pier__sim_give_fd(struct pier__sim_socket *socket)
{
	struct pier__sim *sim = socket->host->sim;
	size_t at;
	int rc = room_for(sim, 1);

	if (rc < 0)
		return rc;
	for (at = 0; at < sim->fd_max && sim->fds[at] != NULL; at++)
		;
	if (at == sim->fd_max) {
		size_t max = sim->fd_max == 0 ? 64 : sim->fd_max * 2;

		sim->fds = realloc(sim->fds, max * sizeof(struct sock *));
		if (sim->fds == NULL)
			abort();
		memset(&sim->fds[at], 0, (max - at) * sizeof(struct sock *));
		sim->fd_max = max;
	}
	sim->fds[at] = socket;
	sim->fd_count++;
	if (socket->holders++ == 0)
		socket->fd = PIER__SIM_FD_BASE + (int)at;
	return PIER__SIM_FD_BASE + (int)at;
}

void
pier__sim_let_go(struct pier__sim_socket *socket)
{
	if (--socket->holders > 0)
		return;
	socket->fd = -1;
	socket->watcher = NULL;
	pier__list_remove(&socket->ready_node);
	socket->ops->close(socket);
}

void
pier__sim_socket_init(struct pier__sim_socket *socket,
	struct pier__sim_host *host, const struct pier__sim_ops *ops,
	int family, int type)
{
	socket->ops = ops;
	socket->host = host;
	socket->fd = -1;
	socket->family = family;
	socket->type = type;
	socket->sndbuf = host->sim->limits.sndbuf;
	socket->rcvbuf = host->sim->limits.rcvbuf;
	pier__list_init(&socket->ready_node);
	pier__list_push_back(&host->sockets, &socket->node);
	if (family == AF_INET) {
		/* 0.0.0.0 as a mapped address. */
		socket->local.ip.s6_addr[10] = 0xff;
		socket->local.ip.s6_addr[11] = 0xff;
		socket->peer = socket->local;
	}
}

void
pier__sim_socket_end(struct pier__sim_socket *socket)
{
	pier__list_remove(&socket->node);
	pier__list_remove(&socket->ready_node);
	free(socket);
}

void
pier__sim_news(struct pier__sim_socket *socket)
{
	struct pier__sim *sim = socket->host->sim;

	if (socket->watcher != NULL && pier__list_empty(&socket->ready_node))
		pier__list_push_back(&sim->ready, &socket->ready_node);
}

int
pier__sim_take_error(struct pier__sim_socket *socket)
{
	int error = socket->error;

	socket->error = 0;
	return error;
}

size_t
pier__sim_iov_size(const struct msghdr *msg)
{
	size_t size = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++)
		size += msg->msg_iov[i].iov_len;
	return size;
}

void
pier__sim_iov_get(const struct msghdr *msg, size_t skip, void *to, size_t size)
{
	unsigned char *at = to;

	for (size_t i = 0; i < msg->msg_iovlen && size > 0; i++) {
		size_t len = msg->msg_iov[i].iov_len;
		size_t n = len > skip ? len - skip : 0;

		if (n > size)
			n = size;
		if (n > 0)
			memcpy(at, (char *)msg->msg_iov[i].iov_base + skip, n);
		skip = len > skip ? 0 : skip - len;
		at += n;
		size -= n;
	}
}

size_t
pier__sim_iov_put(struct msghdr *msg, const void *from, size_t size)
{
	const unsigned char *at = from;
	size_t done = 0;

	for (size_t i = 0; i < msg->msg_iovlen && done < size; i++) {
		size_t n = msg->msg_iov[i].iov_len;

		if (n > size - done)
			n = size - done;
		if (n > 0)
			memcpy(msg->msg_iov[i].iov_base, at + done, n);
		done += n;
	}
	return done;
}

static bool
is_unix_type(int type)
{
	return type == SOCK_STREAM || type == SOCK_DGRAM ||
	       type == SOCK_SEQPACKET;
}

static int
sim_socket(int family, int type, int protocol)
{
	struct pier__sim_host *host = pier__sim_here();
	struct pier__sim_socket *socket = NULL;
	int rc = room_for(host->sim, 1);

	if (rc < 0)
		return rc;
	type &= ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		return -EAFNOSUPPORT;
	if (family == AF_UNIX && is_unix_type(type))
		socket = pier__sim_unix_make(host, type);
	else if (family != AF_UNIX && type == SOCK_STREAM)
		socket = pier__sim_tcp_make(host, family);
	else if (family != AF_UNIX && type == SOCK_DGRAM)
		socket = pier__sim_udp_make(host, family);
	if (socket == NULL)
		return -ESOCKTNOSUPPORT;
	socket->protocol = protocol;
	return pier__sim_give_fd(socket);
}

static int
sim_socketpair(int family, int type, int protocol, int fds[2])
{
	struct pier__sim_host *host = pier__sim_here();
	struct pier__sim_socket *a, *b;
	int rc = room_for(host->sim, 2);

	(void)protocol;
	if (rc < 0)
		return rc;
	type &= ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (family != AF_UNIX)
		return -EOPNOTSUPP;
	if (!is_unix_type(type))
		return -ESOCKTNOSUPPORT;
	a = pier__sim_unix_make(host, type);
	b = pier__sim_unix_make(host, type);
	pier__sim_unix_pair(a, b);
	fds[0] = pier__sim_give_fd(a);
	fds[1] = pier__sim_give_fd(b);
	return 0;
}

/* A call handed to the protocol, and what it sets off on this host. */
#define HAND_ON(op, ...)                            \
	struct pier__sim_socket *socket = find(fd); \
	struct pier__sim *sim;                      \
	int rc;                                     \
                                                    \
	if (socket == NULL)                         \
		return -EBADF;                      \
	if (socket->ops->op == NULL)                \
		return -EOPNOTSUPP;                 \
	sim = socket->host->sim;                    \
	rc = socket->ops->op(socket, __VA_ARGS__);  \
	pier__sim_run_due(sim);                     \
	return rc

static int
sim_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	HAND_ON(bind, sa, len);
}

static int
sim_listen(int fd, int backlog)
{
	HAND_ON(listen, backlog);
}

static int
sim_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	HAND_ON(connect, sa, len);
}

static int
sim_shutdown(int fd, int how)
{
	HAND_ON(shutdown, how);
}

static int
sim_accept(int fd, struct sockaddr *sa, socklen_t *len, bool blocking)
{
	struct pier__sim_socket *socket = find(fd), *peer;
	int rc;

	/* Nothing blocks here. */
	(void)blocking;
	if (socket == NULL)
		return -EBADF;
	if (socket->ops->accept == NULL)
		return -EOPNOTSUPP;
	rc = room_for(socket->host->sim, 1);
	if (rc == 0)
		rc = socket->ops->accept(socket, &peer);
	if (rc < 0)
		return rc;
	rc = pier__sim_give_fd(peer);
	if (sa != NULL)
		(void)peer->ops->name(peer, true, sa, len);
	return rc;
}

static ssize_t
sim_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct pier__sim_socket *socket = find(fd);
	ssize_t n;

	if (socket == NULL)
		return -EBADF;
	n = socket->ops->send(socket, msg, flags);
	pier__sim_run_due(socket->host->sim);
	return n;
}

static ssize_t
sim_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct pier__sim_socket *socket = find(fd);
	ssize_t n;

	if (socket == NULL)
		return -EBADF;
	/* No option makes any socket keep errors there. */
	if ((flags & MSG_ERRQUEUE) != 0)
		return -EAGAIN;
	msg->msg_flags = 0;
	n = socket->ops->recv(socket, msg, flags);
	if (n < 0)
		return n;
	pier__sim_run_due(socket->host->sim);
	return n;
}

/* As many as there are: an error counts only when it comes first. */
static int
sim_recvmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		ssize_t n = sim_recvmsg(fd, &list[i].msg_hdr, flags);

		if (n < 0)
			return i > 0 ? (int)i : (int)n;
		list[i].msg_len = (unsigned int)n;
	}
	return (int)i;
}

static int
sim_sendmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		ssize_t n = sim_sendmsg(fd, &list[i].msg_hdr, flags);

		if (n < 0)
			return i > 0 ? (int)i : (int)n;
		list[i].msg_len = (unsigned int)n;
	}
	return (int)i;
}

static ssize_t
sim_recv(int fd, void *buf, size_t size, int flags)
{
	struct iovec iov = { buf, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return sim_recvmsg(fd, &msg, flags);
}

static ssize_t
sim_send(int fd, const void *buf, size_t size, int flags)
{
	union {
		const void *in;
		void *out;
	} bytes = { buf };
	struct iovec iov = { bytes.out, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return sim_sendmsg(fd, &msg, flags);
}

static ssize_t
sim_read(int fd, void *buf, size_t size)
{
	return sim_recv(fd, buf, size, 0);
}

static ssize_t
sim_writev(int fd, const struct iovec *iov, int count)
{
	union {
		const struct iovec *in;
		struct iovec *out;
	} vector = { iov };
	struct msghdr msg = { .msg_iov = vector.out,
		.msg_iovlen = (size_t)count };

	return sim_sendmsg(fd, &msg, 0);
}

static int
sim_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	struct pier__sim_socket *socket = find(fd);

	return socket == NULL
		       ? -EBADF
		       : pier__sim_getsockopt(socket, level, name, value, len);
}

static int
sim_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	struct pier__sim_socket *socket = find(fd);

	return socket == NULL
		       ? -EBADF
		       : pier__sim_setsockopt(socket, level, name, value, len);
}

static int
sim_getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	struct pier__sim_socket *socket = find(fd);

	return socket == NULL ? -EBADF
			      : socket->ops->name(socket, false, sa, len);
}

static int
sim_getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	struct pier__sim_socket *socket = find(fd);

	return socket == NULL ? -EBADF
			      : socket->ops->name(socket, true, sa, len);
}

static int
sim_queued(int fd, int *bytes)
{
	struct pier__sim_socket *socket = find(fd);
	int rc;

	if (socket == NULL)
		return -EBADF;
	rc = socket->ops->queued(socket);
	if (rc < 0)
		return rc;
	*bytes = rc;
	return 0;
}

static int
sim_pipe(int fds[2])
{
	struct pier__sim_host *host = pier__sim_here();
	struct pier__sim_socket *ends[2];
	int rc = room_for(host->sim, 2);

	if (rc < 0)
		return rc;
	pier__sim_pipe_make(host, ends);
	fds[0] = pier__sim_give_fd(ends[0]);
	fds[1] = pier__sim_give_fd(ends[1]);
	return 0;
}

static ssize_t
sim_splice(int from, int to, size_t size)
{
	struct pier__sim_socket *a = find(from), *b = find(to);
	ssize_t n;

	if (a == NULL || b == NULL)
		return -EBADF;
	n = pier__sim_splice(a, b, size);
	pier__sim_run_due(a->host->sim);
	return n;
}

static int
sim_close(int fd)
{
	struct pier__sim *sim = pier__sim_here()->sim;
	struct pier__sim_socket *socket = pier__sim_socket_of(sim, fd);

	if (socket == NULL)
		return -EBADF;
	sim->fds[fd - PIER__SIM_FD_BASE] = NULL;
	sim->fd_count--;
	pier__sim_let_go(socket);
	pier__sim_run_due(sim);
	return 0;
}

static int
sim_close_range(int first, int last)
{
	/* Numbers that are no socket's are none of the program's. */
	for (; first <= last; first++)
		(void)sim_close(first);
	return 0;
}

static int
sim_getfl(int fd)
{
	return find(fd) == NULL ? -EBADF : O_RDWR | O_NONBLOCK;
}

/* A simulated process never becomes another program. */
static int
sim_set_cloexec(int fd)
{
	return find(fd) == NULL ? -EBADF : 0;
}

static int
sim_fstat(int fd, struct stat *out)
{
	struct pier__sim_socket *socket = find(fd);

	return socket == NULL ? -EBADF : pier__sim_unix_fstat(socket, out);
}

static int
sim_stat(const char *path, struct stat *out)
{
	return pier__sim_unix_stat(pier__sim_here(), path, out);
}

static int
sim_unlink(const char *path)
{
	return pier__sim_unix_unlink(pier__sim_here(), path);
}

static int
sim_chmod(const char *path, mode_t mode)
{
	return pier__sim_unix_chmod(pier__sim_here(), path, mode);
}

static int
sim_fchmod(int fd, mode_t mode)
{
	struct pier__sim_socket *socket = find(fd);

	return socket == NULL ? -EBADF : pier__sim_unix_fchmod(socket, mode);
}

static int
poll_once(struct pollfd *fds, nfds_t count)
{
	int ready = 0;

	for (nfds_t i = 0; i < count; i++) {
		struct pier__sim_socket *socket = find(fds[i].fd);
		uint32_t mask;

		fds[i].revents = 0;
		if (fds[i].fd < 0)
			continue;
		mask = socket == NULL ? POLLNVAL : socket->ops->poll(socket);
		/* Linux gives EPOLL and POLL bits the same values. */
		fds[i].revents =
			(short)(mask &
				((uint32_t)(unsigned short)fds[i].events |
					POLLERR | POLLHUP | POLLNVAL));
		ready += fds[i].revents != 0;
	}
	return ready;
}

static int
sim_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ns)
{
	struct pier__sim *sim = pier__sim_here()->sim;
	int64_t until = timeout_ns < 0 ? INT64_MAX : sim->now + timeout_ns;
	int ready = poll_once(fds, count);

	while (ready == 0 && pier__sim_step(sim, until))
		ready = poll_once(fds, count);
	return ready;
}

static int
sim_eventfd(void)
{
	struct pier__sim_host *host = pier__sim_here();
	int rc = room_for(host->sim, 1);

	return rc < 0 ? rc : pier__sim_give_fd(pier__sim_event_make(host));
}

static int
sim_eventfd_wake(int fd)
{
	uint64_t one = 1;
	ssize_t n = sim_send(fd, &one, sizeof(one), 0);

	return n < 0 ? (int)n : 0;
}

static const struct pier__calls table = {
	.socket = sim_socket,
	.socketpair = sim_socketpair,
	.bind = sim_bind,
	.listen = sim_listen,
	.connect = sim_connect,
	.accept = sim_accept,
	.recv = sim_recv,
	.send = sim_send,
	.recvmsg = sim_recvmsg,
	.sendmsg = sim_sendmsg,
	.shutdown = sim_shutdown,
	.getsockopt = sim_getsockopt,
	.setsockopt = sim_setsockopt,
	.getsockname = sim_getsockname,
	.getpeername = sim_getpeername,
	.queued = sim_queued,
	.read = sim_read,
	.writev = sim_writev,
	.pread = pier__sim_no_pread,
	.sendfile = pier__sim_no_sendfile,
	.pipe = sim_pipe,
	.splice = sim_splice,
	.close = sim_close,
	.close_range = sim_close_range,
	.getfl = sim_getfl,
	.set_cloexec = sim_set_cloexec,
	.fstat = sim_fstat,
	.open_dir = pier__sim_no_open_dir,
	.open_file = pier__sim_no_open_file,
	.read_dir = pier__sim_no_read_dir,
	.readlink = pier__sim_no_readlink,
	.recvmmsg = sim_recvmmsg,
	.sendmmsg = sim_sendmmsg,
	.stat = sim_stat,
	.unlink = sim_unlink,
	.chmod = sim_chmod,
	.fchmod = sim_fchmod,
	.poll = sim_poll,
	.epoll_create = pier__sim_no_epoll_create,
	.epoll_ctl = pier__sim_no_epoll_ctl,
	.epoll_wait = pier__sim_no_epoll_wait,
	.eventfd = sim_eventfd,
	.eventfd_wake = sim_eventfd_wake,
	.timerfd = pier__sim_no_timerfd,
	.timerfd_set = pier__sim_no_timerfd_set,
	.clock_ns = pier__sim_clock_ns,
	.clock_coarse_ns = pier__sim_clock_ns,
	.realtime_ns = pier__sim_realtime_ns,
	.random = pier__sim_random,
	.alloc = pier__sim_alloc,
	.alloc_lines = pier__sim_alloc_lines,
	.resize = pier__sim_resize,
	.thread = pier__sim_no_thread,
	.fork = pier__sim_no_fork,
	.pidfd_open = pier__sim_no_pidfd_open,
	.pidfd_getfd = pier__sim_no_pidfd_getfd,
	.spawn = pier__sim_no_spawn,
	.set_blocking = pier__sim_no_set_blocking,
	.pty = pier__sim_no_pty,
	.pty_unread = pier__sim_no_pty_unread,
	.getaddrinfo = pier__sim_getaddrinfo,
	.gethostbyname = pier__sim_no_gethostbyname,
	.gethostbyaddr = pier__sim_no_gethostbyaddr,
	.hostname = pier__sim_hostname,
	.links = pier__sim_links,
	.bt_controllers = pier__sim_no_bt_controllers,
};

void
pier__sim_table(struct pier__calls *out)
{
	*out = table;
	/* Memory that never runs short is the machine's. */
	out->free = pier__calls_real.free;
	out->cookie_open = pier__calls_real.cookie_open;
	out->map = pier__calls_real.map;
	out->map_shared = pier__calls_real.map_shared;
	out->unmap = pier__calls_real.unmap;
	out->protect_none = pier__calls_real.protect_none;
	out->advise = pier__calls_real.advise;
	out->freeaddrinfo = pier__calls_real.freeaddrinfo;
}
