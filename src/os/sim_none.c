/* SPDX-License-Identifier: MIT */
/* os/sim_none.c - what a simulated host does not have. */
#include "os/sim_inner.h"

#include <errno.h>

/* Unix sockets have names here, and no folders. */
int
pier__sim_no_open_dir(const char *path)
{
	(void)path;
	return -ENOSYS;
}

int
pier__sim_no_open_file(const char *path)
{
	(void)path;
	return -ENOENT;
}

/* Names come through the lookup of a dial. */
int
pier__sim_no_gethostbyname(const char *name, int family, struct hostent *out,
	char *buf, size_t size)
{
	(void)name;
	(void)family;
	(void)out;
	(void)buf;
	(void)size;
	return EAI_NONAME;
}

int
pier__sim_no_gethostbyaddr(const void *bytes, socklen_t len, int family,
	struct hostent *out, char *buf, size_t size)
{
	(void)bytes;
	(void)len;
	(void)family;
	(void)out;
	(void)buf;
	(void)size;
	return EAI_NONAME;
}

/* All hosts have the same. */
int
pier__sim_hostname(char *buf, size_t size)
{
	static const char name[] = "simulated";

	if (size < sizeof(name))
		return -ENAMETOOLONG;
	memcpy(buf, name, sizeof(name));
	return 0;
}

int
pier__sim_no_pidfd_open(int pid)
{
	(void)pid;
	return -ENOSYS;
}

int
pier__sim_no_pidfd_getfd(int pidfd, int fd)
{
	(void)pidfd;
	(void)fd;
	return -ENOSYS;
}

int
pier__sim_no_epoll_create(void)
{
	return -ENOSYS;
}

int
pier__sim_no_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	(void)epfd;
	(void)op;
	(void)fd;
	(void)event;
	return -ENOSYS;
}

int
pier__sim_no_epoll_wait(
	int epfd, struct epoll_event *events, int max, int64_t timeout_ns)
{
	(void)epfd;
	(void)events;
	(void)max;
	(void)timeout_ns;
	return -ENOSYS;
}

int
pier__sim_no_timerfd(void)
{
	return -ENOSYS;
}

int
pier__sim_no_timerfd_set(int fd, int64_t at_ns)
{
	(void)fd;
	(void)at_ns;
	return -ENOSYS;
}

int
pier__sim_no_thread(void *stack, size_t stack_size, void *(*fn)(void *),
	void *arg, void *out)
{
	(void)stack;
	(void)stack_size;
	(void)fn;
	(void)arg;
	(void)out;
	return -EAGAIN;
}

int
pier__sim_no_fork(int *pidfd)
{
	(void)pidfd;
	return -ENOSYS;
}

int
pier__sim_no_spawn(const struct pier__spawn *spawn, int *pidfd)
{
	(void)spawn;
	(void)pidfd;
	return -ENOSYS;
}

int
pier__sim_no_set_blocking(int fd, bool blocking)
{
	(void)fd;
	(void)blocking;
	return -ENOSYS;
}

int
pier__sim_no_pty(struct pier__pty *pty)
{
	(void)pty;
	return -ENOSYS;
}

int
pier__sim_no_pty_unread(int master)
{
	(void)master;
	return -ENOSYS;
}

/* There are no files, so that none of its descriptors is one. */
ssize_t
pier__sim_no_pread(int fd, void *buf, size_t size, int64_t offset)
{
	(void)fd;
	(void)buf;
	(void)size;
	(void)offset;
	return -ESPIPE;
}

ssize_t
pier__sim_no_sendfile(int to, int from, int64_t offset, size_t size)
{
	(void)to;
	(void)from;
	(void)offset;
	(void)size;
	return -EINVAL;
}

ssize_t
pier__sim_no_read_dir(int fd, void *buf, size_t size)
{
	(void)fd;
	(void)buf;
	(void)size;
	return -ENOTDIR;
}

ssize_t
pier__sim_no_readlink(const char *path, char *buf, size_t size)
{
	(void)path;
	(void)buf;
	(void)size;
	return -ENOENT;
}

int
pier__sim_no_bt_controllers(struct pier__bt_controller *list, int max)
{
	(void)list;
	(void)max;
	return -EAFNOSUPPORT;
}
