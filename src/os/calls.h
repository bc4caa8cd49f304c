/* SPDX-License-Identifier: MIT */
/*
 * os/calls.h - the one place that talks to the kernel.
 *
 * Every system call and every allocation of the library goes through a table
 * of functions. The table in use is the current task's: the real kernel's in
 * a program, one that fails on purpose or simulates a network in tests. Each
 * entry returns >= 0 or -errno: errno itself is known in this folder only.
 *
 * `pier__current` is the library's one thread-local: the task that runs. All
 * that this layer knows of it is that it begins with a struct pier__context.
 * NULL means a thread that never called pier before: the real table.
 */
#ifndef PIER_OS_CALLS_H
#define PIER_OS_CALLS_H

#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/hot.h"

/* The contracts are those of the manual pages of section 2, but for errors
   as -errno, and as said beside the entry. */
#define PIER__EAI_ERRNO (-10000)

struct pier__spawn;
struct pier__exit;
struct pier__pty;
struct pier__cookie;        /* os/cookie.h: functions that a FILE stands on */
struct pier__engine;        /* task/engine.h: who waits for descriptors */
struct pier__link;          /* os/link.h */
struct pier__bt_controller; /* os/bt.h */

struct pier__calls {
	/* Sockets: always made SOCK_CLOEXEC | SOCK_NONBLOCK, but that accept
	   leaves out the second where it is told to. */
	int (*socket)(int family, int type, int protocol);
	int (*socketpair)(int family, int type, int protocol, int fds[2]);
	int (*bind)(int fd, const struct sockaddr *sa, socklen_t len);
	int (*listen)(int fd, int backlog);
	int (*connect)(int fd, const struct sockaddr *sa, socklen_t len);
	int (*accept)(
		int fd, struct sockaddr *sa, socklen_t *len, bool blocking);
	ssize_t (*recv)(int fd, void *buf, size_t size, int flags);
	ssize_t (*send)(int fd, const void *buf, size_t size, int flags);
	ssize_t (*recvmsg)(int fd, struct msghdr *msg, int flags);
	ssize_t (*sendmsg)(int fd, const struct msghdr *msg, int flags);
	int (*recvmmsg)(
		int fd, struct mmsghdr *list, unsigned int count, int flags);
	int (*sendmmsg)(
		int fd, struct mmsghdr *list, unsigned int count, int flags);
	int (*shutdown)(int fd, int how);
	int (*getsockopt)(
		int fd, int level, int name, void *value, socklen_t *len);
	int (*setsockopt)(
		int fd, int level, int name, const void *value, socklen_t len);
	int (*getsockname)(int fd, struct sockaddr *sa, socklen_t *len);
	int (*getpeername)(int fd, struct sockaddr *sa, socklen_t *len);
	int (*queued)(int fd, int *bytes); /* SIOCOUTQ: sent, not yet acked */

	/* Any descriptor. close gives 0 also on EINTR: the fd is gone. */
	ssize_t (*read)(int fd, void *buf, size_t size);
	/* Raises no SIGPIPE. */
	ssize_t (*writev)(int fd, const struct iovec *iov, int count);
	/* At an offset of the file. sendfile raises no SIGPIPE, and leaves
	   where `from` stands alone. */
	ssize_t (*pread)(int fd, void *buf, size_t size, int64_t offset);
	ssize_t (*sendfile)(int to, int from, int64_t offset, size_t size);
	/* Close-on-exec, and neither end waits: to read from, to write to. */
	int (*pipe)(int fds[2]);
	/* Into a pipe or out of one; it waits where a socket that is not
	   O_NONBLOCK does. Raises no SIGPIPE. */
	ssize_t (*splice)(int from, int to, size_t size);
	int (*close)(int fd);
	int (*close_range)(int first, int last); /* all there are of these */
	int (*getfl)(int fd);                    /* fcntl F_GETFL */
	int (*set_cloexec)(int fd);              /* fcntl F_SETFD, FD_CLOEXEC */
	int (*fstat)(int fd, struct stat *out);

	/* Paths, for Unix sockets. */
	int (*open_dir)(const char *path);  /* O_PATH, to name what is in it */
	int (*open_file)(const char *path); /* O_RDONLY */
	/* getdents64(2) of what open_file gave. */
	ssize_t (*read_dir)(int fd, void *buf, size_t size);
	ssize_t (*readlink)(const char *path, char *buf, size_t size);
	int (*stat)(const char *path, struct stat *out); /* lstat */
	int (*unlink)(const char *path);
	int (*chmod)(const char *path, mode_t mode);
	int (*fchmod)(int fd, mode_t mode);

	/* Waiting. timeout_ns < 0 is for ever; EINTR is retried or gives 0.
	   epoll_wait is epoll_pwait2 where there is a timeout and the kernel
	   has it, else in whole milliseconds, rounded up. */
	int (*poll)(struct pollfd *fds, nfds_t count, int64_t timeout_ns);
	int (*epoll_create)(void);
	int (*epoll_ctl)(int epfd, int op, int fd, struct epoll_event *event);
	int (*epoll_wait)(int epfd, struct epoll_event *events, int max,
		int64_t timeout_ns);
	int (*eventfd)(void);
	int (*eventfd_wake)(int fd); /* add one; full is as good */
	/* A timerfd of CLOCK_MONOTONIC; from at_ns on it is readable, if only
	   for an edge. */
	int (*timerfd)(void);
	int (*timerfd_set)(int fd, int64_t at_ns);

	/* Clock and chance. */
	int64_t (*clock_ns)(void); /* CLOCK_MONOTONIC */
	/* The same at a quarter of its price, as the last tick had it: some
	   milliseconds behind, never ahead. */
	int64_t (*clock_coarse_ns)(void);
	int64_t (*realtime_ns)(void); /* CLOCK_REALTIME: since 1970, UTC */
	int (*random)(void *buf, size_t size);

	/* Memory. alloc gives zeroed memory; alloc_lines whole cache lines, not
	   cleared; resize keeps what is there. */
	void *(*alloc)(size_t size);
	void *(*alloc_lines)(size_t size);
	void *(*resize)(void *ptr, size_t size);
	void (*free)(void *ptr);
	int (*map)(void **out, size_t size); /* anonymous, no reserve, stack */
	/* Anonymous, zeroed, the same memory in every child of a fork. */
	int (*map_shared)(void **out, size_t size);
	int (*unmap)(void *ptr, size_t size);
	int (*protect_none)(void *ptr, size_t size);
	int (*advise)(void *ptr, size_t size, int advice);

	/* A FILE over functions: pier__cookie_open(). */
	int (*cookie_open)(
		FILE **out, struct pier__cookie *cookie, const char *mode);

	/* Threads: started with all signals blocked; -EAGAIN when none. On a
	   stack of the caller's, or NULL. */
	int (*thread)(void *stack, size_t stack_size, void *(*fn)(void *),
		void *arg, void *out /* pthread_t */);

	/*
	 * Processes. fork gives the child's number and its pidfd, and 0 in the
	 * child; where it fails there is no child. A pidfd is close-on-exec,
	 * and readable when its process has ended. reap never waits: 1, it is
	 * gone and *status as wait(2) tells it; 0, it runs; -ECHILD: gone, and
	 * somebody else has its status. A child ends by pier__process_exit().
	 * end_with, by a child of the process `parent`: it is killed when the
	 * thread that forked it ends; -ESRCH: that has ended already.
	 */
	int (*fork)(int *pidfd);
	int (*pidfd_open)(int pid);
	int (*pidfd_kill)(int pidfd, int signal);
	int (*pidfd_getfd)(int pidfd, int fd); /* one of its descriptors */
	int (*reap)(int pidfd, int *status);
	int (*end_with)(int parent);

	/* Names: the result of getaddrinfo(3): 0 or EAI_*; in place of
	   EAI_SYSTEM it is PIER__EAI_ERRNO - errno. */
	int (*getaddrinfo)(const char *host, const char *service,
		const struct addrinfo *hints, struct addrinfo **out);
	void (*freeaddrinfo)(struct addrinfo *list);
	/* A host by gethostbyname2_r(3) or gethostbyaddr_r(3), its texts in buf:
	   results as those of getaddrinfo; ERANGE: buf is too small. */
	int (*gethostbyname)(const char *name, int family, struct hostent *out,
		char *buf, size_t size);
	int (*gethostbyaddr)(const void *bytes, socklen_t len, int family,
		struct hostent *out, char *buf, size_t size);
	/* This machine's name; ends in NUL. */
	int (*hostname)(char *buf, size_t size);
	/* Its links, by getifaddrs(3): how many of them are in the list now. */
	int (*links)(struct pier__link *list, int max);
	/* Its Bluetooth controllers: how many of them are in the list now.
	   -EAFNOSUPPORT: the kernel has no Bluetooth, or none in this network
	   namespace. */
	int (*bt_controllers)(struct pier__bt_controller *list, int max);

	/* Programs: see os/spawn.h. spawn gives the number of the process, and
	   its descriptor in *pidfd. exited: 1, *out says how; 0, it runs; its
	   number is taken until reap. */
	int (*spawn)(const struct pier__spawn *spawn, int *pidfd);
	int (*exited)(int pidfd, struct pier__exit *out);
	int (*signal_group)(int leader, int number);
	int (*set_blocking)(int fd, bool blocking); /* O_NONBLOCK off or on */
	int (*pty)(struct pier__pty *pty); /* the master; fills pty->name */
	int (*pty_unread)(int master);     /* 1: the program has not read all */

	/* The engine that goes with this table; NULL: the kernel's. */
	int (*engine_open)(struct pier__engine **out, int for_fibers);
};

/* What every task begins with. */
struct pier__context {
	const struct pier__calls *calls;
};

struct pier__task;

extern const struct pier__calls pier__calls_real;
extern _Thread_local struct pier__task *pier__current;

static inline const struct pier__calls *
pier__calls(void)
{
	struct pier__task *task = pier__current;

	if (task == NULL)
		return &pier__calls_real;
	return ((const struct pier__context *)(const void *)task)->calls;
}

/* Memory by the table in use. */
static inline void *
pier__alloc(size_t size)
{
	return pier__calls()->alloc(size);
}

static inline void *
pier__alloc_lines(size_t size)
{
	return pier__calls()->alloc_lines(size);
}

/* The same, cleared: for objects of which every message touches a part, and
   their struct says which lines that is. */
static inline void *
pier__alloc_object(size_t size)
{
	void *object = pier__alloc_lines(size);

	return object == NULL ? NULL : memset(object, 0, size);
}

static inline void *
pier__resize(void *ptr, size_t size)
{
	return pier__calls()->resize(ptr, size);
}

static inline void
pier__free(void *ptr)
{
	pier__calls()->free(ptr);
}

/* pier__close(fd): close, when fd >= 0. A failed close changes nothing. */
static inline void
pier__close(int fd)
{
	if (fd >= 0)
		(void)pier__calls()->close(fd);
}

#endif
