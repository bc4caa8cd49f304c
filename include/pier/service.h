/* SPDX-License-Identifier: MIT */
/*
 * A program as a service of systemd, or of any manager that does the same: the
 * sockets that it hands down (sd_listen_fds(3)), and what it wants to be told
 * (sd_notify(3)). No library of systemd is needed. The environment is read and
 * never changed: what it says holds for this process alone, by its number.
 */
#ifndef PIER_SERVICE_H
#define PIER_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include <pier/deadline.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The first descriptor that is handed down, and the most of them. */
#define PIER_LISTEN_FD_FIRST 3
#define PIER_LISTEN_FDS_MAX  1024

/* Longest name of one, as systemd has it. */
#define PIER_LISTEN_FD_NAME_MAX 255

/*
 * pier_listen_fds(): how many descriptors were handed to this process; they are
 * PIER_LISTEN_FD_FIRST and those that follow, and the caller's. Each is made
 * close-on-exec, as the protocol asks; nothing else of them changes. As an
 * endpoint one is fd://3, or fd://NAME.
 *
 * Their number; 0: LISTEN_PID is not this process, or none was handed down; or
 *   -EINVAL  LISTEN_PID or LISTEN_FDS is no number, or above
 *            PIER_LISTEN_FDS_MAX; or LISTEN_FDNAMES has another number of names
 *   -EBADF   one of them is not open
 */
int pier_listen_fds(void);

/*
 * pier_listen_fd_name(fd, buf, size): the name of one that was handed down,
 * FileDescriptorName= of its socket unit; "unknown" without LISTEN_FDNAMES.
 *
 * Its length, or -ENOENT: fd was not handed down; -ENOSPC: it is longer than
 * buf; or as pier_listen_fds().
 */
int pier_listen_fd_name(int fd, char *buf, size_t size);

/*
 * pier_listen_fd(name): the first descriptor of that name.
 *
 * The descriptor, or
 *   -ENOENT  there is none; pier_last_error()->detail has those there are
 *   …        as pier_listen_fds()
 */
int pier_listen_fd(const char *name);

/*
 * pier_notify(state, deadline): tell the manager, by one datagram to
 * NOTIFY_SOCKET, a path or an abstract name. It waits when the manager's queue
 * is full.
 *
 *   state  lines of NAME=VALUE, as sd_notify(3) lists them: "READY=1",
 *          "STOPPING=1", "RELOADING=1", "STATUS=…", "MAINPID=…", "WATCHDOG=1"
 *
 * 1: told; 0: NOTIFY_SOCKET is not set, nobody wants to know; or
 *   -EINVAL         state is empty, or NOTIFY_SOCKET is neither /PATH nor @NAME
 *   -EAFNOSUPPORT   NOTIFY_SOCKET is of another family (vsock:)
 *   -ECONNREFUSED, -ENOENT, -EACCES  nobody is there, or we may not
 *   -PIER_EDEADLINE, -EAGAIN, -ECANCELED  as any call that waits
 */
int pier_notify(const char *state, pier_deadline deadline);

/*
 * pier_watchdog_us(): how often at least the manager wants to be told
 * "WATCHDOG=1" by this process, in microseconds; twice as often is good
 * measure. 0: it does not; or -EINVAL: WATCHDOG_USEC or WATCHDOG_PID is no
 * number.
 */
int64_t pier_watchdog_us(void);

#ifdef __cplusplus
}
#endif

#endif
