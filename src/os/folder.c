/* SPDX-License-Identifier: MIT */
/* os/folder.c - what is in a folder, and what a link points at. */
#include "os/folder_calls.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not readdir(3): it allocates, and not by the call table. */
ssize_t
pier__real_read_dir(int fd, void *buf, size_t size)
{
	ssize_t n = syscall(SYS_getdents64, fd, buf, size);

	return n < 0 ? -errno : n;
}

ssize_t
pier__real_readlink(const char *path, char *buf, size_t size)
{
	ssize_t n = readlink(path, buf, size);

	return n < 0 ? -errno : n;
}
