/* SPDX-License-Identifier: MIT */
/*
 * os/faulty_inner.h - between faulty.c (plans, counts, what is held) and
 * faulty_calls.c (the entries).
 */
#ifndef PIER_OS_FAULTY_INNER_H
#define PIER_OS_FAULTY_INNER_H

#include "os/faulty.h"

enum pier__held_kind {
	PIER__HELD_FD,
	PIER__HELD_MEMORY,
	PIER__HELD_MAPPING,
	PIER__HELD_NAMES
};

/* How a call is to go: as it will, short, or wrong. */
struct pier__verdict {
	int error; /* errno > 0, or 0 */
	bool cut;  /* comes up short */
	unsigned long nth;
};

struct pier__faulty *pier__faulty_self(void);
struct pier__verdict pier__faulty_judge(
	struct pier__faulty *faulty, enum pier__call call);
void pier__faulty_hold(struct pier__faulty *faulty, enum pier__held_kind kind,
	uintptr_t key, enum pier__call call, unsigned long nth);
void pier__faulty_drop(
	struct pier__faulty *faulty, enum pier__held_kind kind, uintptr_t key);

/* What gave fd, if it is one; returns it. */
static inline int
pier__faulty_hold_fd(struct pier__faulty *faulty, int fd, enum pier__call call,
	unsigned long nth)
{
	if (fd >= 0)
		pier__faulty_hold(
			faulty, PIER__HELD_FD, (uintptr_t)fd, call, nth);
	return fd;
}

/* Entries that take nothing and cannot come up short differ only in what
   they hand on. */
#define PLAIN(call, inner_call)                                          \
	struct pier__faulty *faulty = pier__faulty_self();               \
	struct pier__verdict verdict = pier__faulty_judge(faulty, call); \
                                                                         \
	return verdict.error > 0 ? -verdict.error : faulty->inner->inner_call

/* Entries that give a descriptor. */
#define GIVES_FD(call, inner_call)                                       \
	struct pier__faulty *faulty = pier__faulty_self();               \
	struct pier__verdict verdict = pier__faulty_judge(faulty, call); \
                                                                         \
	return verdict.error > 0                                         \
		       ? -verdict.error                                  \
		       : pier__faulty_hold_fd(faulty,                    \
				 faulty->inner->inner_call, call, verdict.nth)

/* Entries that stand in faulty_file.c. */
ssize_t pier__faulty_pread(int fd, void *buf, size_t size, int64_t offset);
ssize_t pier__faulty_sendfile(int to, int from, int64_t offset, size_t size);
int pier__faulty_pipe(int fds[2]);
ssize_t pier__faulty_splice(int from, int to, size_t size);
int pier__faulty_cookie_open(
	FILE **out, struct pier__cookie *cookie, const char *mode);
int pier__faulty_open_dir(const char *path);
int pier__faulty_open_file(const char *path);
ssize_t pier__faulty_read_dir(int fd, void *buf, size_t size);
ssize_t pier__faulty_readlink(const char *path, char *buf, size_t size);

/* Entries that stand in faulty_names.c. */
int pier__faulty_getaddrinfo(const char *host, const char *service,
	const struct addrinfo *hints, struct addrinfo **out);
void pier__faulty_freeaddrinfo(struct addrinfo *list);
int pier__faulty_gethostbyname(const char *name, int family,
	struct hostent *out, char *buf, size_t size);
int pier__faulty_gethostbyaddr(const void *bytes, socklen_t len, int family,
	struct hostent *out, char *buf, size_t size);
int pier__faulty_hostname(char *buf, size_t size);
int pier__faulty_links(struct pier__link *list, int max);
int pier__faulty_bt_controllers(struct pier__bt_controller *list, int max);

/* Entries that stand in faulty_process.c. */
int pier__faulty_fork(int *pidfd);
int pier__faulty_pidfd_open(int pid);
int pier__faulty_pidfd_kill(int pidfd, int signal);
int pier__faulty_pidfd_getfd(int pidfd, int fd);
int pier__faulty_reap(int pidfd, int *status);
int pier__faulty_end_with(int parent);
int pier__faulty_spawn(const struct pier__spawn *spawn, int *pidfd);
int pier__faulty_exited(int pidfd, struct pier__exit *out);
int pier__faulty_signal_group(int leader, int number);
int pier__faulty_set_blocking(int fd, bool blocking);
int pier__faulty_pty(struct pier__pty *pty);
int pier__faulty_pty_unread(int master);

/* The watch of fd, to be armed again: see the head of faulty.h. */
void pier__faulty_watch(struct pier__faulty *faulty, int epfd, int op, int fd,
	const struct epoll_event *event);
void pier__faulty_unwatch(struct pier__faulty *faulty, int fd);
void pier__faulty_rearm(struct pier__faulty *faulty, int fd);

extern const struct pier__calls pier__faulty_calls;

#endif
