/* SPDX-License-Identifier: MIT */
/*
 * tests/interop/can_bus.c - a bus for programs that ask for CAN on a kernel which has
 * none; preloaded into pier, can-utils and Python alike. A raw socket is a Unix
 * datagram socket in the folder $CAN_BUS, and what one sends all others there get,
 * byte for byte: so it shows whether the programs agree about frames and addresses.
 * Filters, errors and queues are the kernel's, and are not shown by it; there is no
 * other kind of socket than raw ones.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CAN      29
#define RAW      1
#define FDS_MAX  1024
#define MTU      72
#define REAL(fn) ((__typeof__(&fn))real(#fn))

/* Of a bus: the number of the interface, above 0. */
static int bus[FDS_MAX];

static void *
real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static int
is_bus(int fd)
{
	return fd >= 0 && fd < FDS_MAX && bus[fd] != 0;
}

static void
own_name(struct sockaddr_un *out, int fd)
{
	out->sun_family = AF_UNIX;
	(void)snprintf(out->sun_path, sizeof(out->sun_path), "%s/%d-%d",
		getenv("CAN_BUS"), (int)getpid(), fd);
}

int
socket(int family, int type, int protocol)
{
	int fd;

	if (family != CAN)
		return REAL(socket)(family, type, protocol);
	if (protocol != RAW) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	fd = REAL(socket)(AF_UNIX,
		SOCK_DGRAM | (type & (SOCK_CLOEXEC | SOCK_NONBLOCK)), 0);
	if (fd >= 0 && fd < FDS_MAX)
		bus[fd] = (int)if_nametoindex("lo");
	return fd;
}

int
bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_un name;

	if (!is_bus(fd))
		return REAL(bind)(fd, sa, len);
	own_name(&name, fd);
	return REAL(bind)(fd, (struct sockaddr *)&name, sizeof(name));
}

static ssize_t
send_all(int fd, const void *data, size_t size, int flags)
{
	struct sockaddr_un own, to = { .sun_family = AF_UNIX };
	DIR *folder = opendir(getenv("CAN_BUS"));
	struct dirent *entry;
	ssize_t n = (ssize_t)size;

	if (folder == NULL)
		return -1;
	own_name(&own, fd);
	while (n >= 0 && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s/%.64s",
			getenv("CAN_BUS"), entry->d_name);
		if (strcmp(to.sun_path, own.sun_path) != 0 &&
			REAL(sendto)(fd, data, size, flags,
				(struct sockaddr *)&to, sizeof(to)) < 0 &&
			errno != ECONNREFUSED && errno != ENOENT)
			n = -1;
	}
	(void)closedir(folder);
	return n;
}

ssize_t
send(int fd, const void *data, size_t size, int flags)
{
	return is_bus(fd) ? send_all(fd, data, size, flags)
			  : REAL(send)(fd, data, size, flags);
}

ssize_t
sendto(int fd, const void *data, size_t size, int flags,
	const struct sockaddr *to, socklen_t len)
{
	return is_bus(fd) ? send_all(fd, data, size, flags)
			  : REAL(sendto)(fd, data, size, flags, to, len);
}

/* Of one piece, as programs send frames. */
ssize_t
sendmsg(int fd, const struct msghdr *header, int flags)
{
	return is_bus(fd) ? send_all(fd, header->msg_iov[0].iov_base,
				    header->msg_iov[0].iov_len, flags)
			  : REAL(sendmsg)(fd, header, flags);
}

ssize_t
write(int fd, const void *data, size_t size)
{
	return is_bus(fd) ? send_all(fd, data, size, 0)
			  : REAL(write)(fd, data, size);
}

/* Of struct sockaddr_can: the family, and behind two bytes the interface. */
static void
put_address(int fd, void *name)
{
	unsigned short family = CAN;

	memcpy(name, &family, sizeof(family));
	memcpy((char *)name + 4, &bus[fd], sizeof(bus[fd]));
}

static void
put_header(int fd, struct msghdr *header, socklen_t room)
{
	if (header->msg_name == NULL || room < 8)
		return;
	put_address(fd, header->msg_name);
	header->msg_namelen = room < 16 ? room : 16;
}

ssize_t
recvmsg(int fd, struct msghdr *header, int flags)
{
	socklen_t room = header->msg_namelen;
	ssize_t n = REAL(recvmsg)(fd, header, flags);

	if (is_bus(fd) && n >= 0)
		put_header(fd, header, room);
	return n;
}

int
recvmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags,
	struct timespec *timeout)
{
	socklen_t room = list[0].msg_hdr.msg_namelen;
	int n = REAL(recvmmsg)(fd, list, count, flags, timeout);

	if (is_bus(fd) && n > 0)
		put_header(fd, &list[0].msg_hdr, room);
	return n;
}

ssize_t
recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *from,
	socklen_t *len)
{
	socklen_t room = len != NULL ? *len : 0;
	ssize_t n = REAL(recvfrom)(fd, buf, size, flags, from, len);

	if (is_bus(fd) && n >= 0 && room >= 16) {
		put_address(fd, from);
		*len = 16;
	}
	return n;
}

int
setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return is_bus(fd) && level > 100
		       ? 0
		       : REAL(setsockopt)(fd, level, name, value, len);
}

int
ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	void *arg;

	va_start(list, request);
	arg = va_arg(list, void *);
	va_end(list);
	if (is_bus(fd) && request == SIOCGIFMTU) {
		((struct ifreq *)arg)->ifr_mtu = MTU;
		return 0;
	}
	return REAL(ioctl)(fd, request, arg);
}

int
close(int fd)
{
	struct sockaddr_un own;

	if (is_bus(fd)) {
		own_name(&own, fd);
		(void)unlink(own.sun_path);
		bus[fd] = 0;
	}
	return REAL(close)(fd);
}
