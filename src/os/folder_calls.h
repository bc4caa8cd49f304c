/* SPDX-License-Identifier: MIT */
/* os/folder_calls.h - entries of the real table that stand in folder.c; see
   calls.h. */
#ifndef PIER_OS_FOLDER_CALLS_H
#define PIER_OS_FOLDER_CALLS_H

#include <sys/types.h>

ssize_t pier__real_read_dir(int fd, void *buf, size_t size);
ssize_t pier__real_readlink(const char *path, char *buf, size_t size);

#endif
