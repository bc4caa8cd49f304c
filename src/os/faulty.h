/* SPDX-License-Identifier: MIT */
/*
 * os/faulty.h - a call table for tests that makes calls fail on purpose.
 *
 * It stands before another table (the real one), counts what goes through,
 * and can make a chosen call fail with an errno, or come up short (one byte,
 * one event, no wait). It also keeps a list of all that was taken and not
 * given back (descriptors, memory, mappings, answers of the name service), so
 * that a test can assert that nothing leaks, whatever failed.
 *
 * A task uses it when its context points at `calls`; each entry finds the
 * rest from there. Threads may share one: all state is under `lock`. It has to
 * outlive them all, so also the helpers that pier_offload() gave up: such a one
 * comes back, drops its argument and frees its own by the table of who sent it,
 * long after. The same holds for the hosts of a simulation.
 *
 * Edge-triggered engines: a fault that leaves data unread (EAGAIN though
 * there was some, a short read) would be a lie the kernel never tells unless
 * something new arrives right after. So after each of those the watch of that
 * descriptor is armed again, which makes the kernel say so.
 */
#ifndef PIER_OS_FAULTY_H
#define PIER_OS_FAULTY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "os/calls.h"

/* Every entry that can fail in a way a program meets. */
enum pier__call {
	PIER__CALL_SOCKET,
	PIER__CALL_SOCKETPAIR,
	PIER__CALL_BIND,
	PIER__CALL_LISTEN,
	PIER__CALL_CONNECT,
	PIER__CALL_ACCEPT,
	PIER__CALL_RECV,
	PIER__CALL_SEND,
	PIER__CALL_RECVMSG,
	PIER__CALL_SENDMSG,
	PIER__CALL_RECVMMSG,
	PIER__CALL_SENDMMSG,
	PIER__CALL_SHUTDOWN,
	PIER__CALL_GETSOCKOPT,
	PIER__CALL_SETSOCKOPT,
	PIER__CALL_GETSOCKNAME,
	PIER__CALL_GETPEERNAME,
	PIER__CALL_QUEUED,
	PIER__CALL_READ,
	PIER__CALL_WRITEV,
	PIER__CALL_PREAD,
	PIER__CALL_SENDFILE,
	PIER__CALL_PIPE,
	PIER__CALL_SPLICE,
	PIER__CALL_CLOSE,
	PIER__CALL_FSTAT,
	PIER__CALL_OPEN_DIR,
	PIER__CALL_OPEN_FILE,
	PIER__CALL_READ_DIR,
	PIER__CALL_READLINK,
	PIER__CALL_STAT,
	PIER__CALL_UNLINK,
	PIER__CALL_CHMOD,
	PIER__CALL_FCHMOD,
	PIER__CALL_SET_CLOEXEC,
	PIER__CALL_POLL,
	PIER__CALL_EPOLL_CREATE,
	PIER__CALL_EPOLL_CTL,
	PIER__CALL_EPOLL_WAIT,
	PIER__CALL_EVENTFD,
	PIER__CALL_TIMERFD,
	PIER__CALL_RANDOM,
	PIER__CALL_ALLOC,
	PIER__CALL_ALLOC_LINES,
	PIER__CALL_RESIZE,
	PIER__CALL_MAP,
	PIER__CALL_MAP_SHARED,
	PIER__CALL_PROTECT_NONE,
	PIER__CALL_ADVISE,
	PIER__CALL_COOKIE_OPEN,
	PIER__CALL_THREAD,
	PIER__CALL_FORK,
	PIER__CALL_PIDFD_OPEN,
	PIER__CALL_PIDFD_GETFD,
	PIER__CALL_SPAWN,
	PIER__CALL_SET_BLOCKING,
	PIER__CALL_PTY,
	PIER__CALL_PTY_UNREAD,
	PIER__CALL_GETADDRINFO,
	PIER__CALL_GETHOSTBYNAME,
	PIER__CALL_GETHOSTBYADDR,
	PIER__CALL_HOSTNAME,
	PIER__CALL_LINKS,
	PIER__CALL_BT_CONTROLLERS,
	PIER__CALL_COUNT,
	PIER__CALL_ANY = -1
};

/* What is plausible for an entry. */
struct pier__call_info {
	const char *name;
	int errors[8]; /* errno > 0 (EAI_ apart), ended by 0 */
	bool can_be_short;
};

extern const struct pier__call_info pier__call_infos[PIER__CALL_COUNT];

/* Errors of this kind are no reason to fail: the call is made again. */
bool pier__call_error_passes(int call, int error);

/* A plan: which calls go wrong, and how. */
struct pier__fault {
	int call;            /* enum pier__call, or PIER__CALL_ANY */
	unsigned long nth;   /* the first one, counted from 1 */
	unsigned long every; /* then each so many; 0: that one only */
	unsigned long times; /* at most so often; 0: no limit */
	int error;           /* errno > 0; 0: by pick; -1: comes up short */
	unsigned pick;       /* index into errors[] of the call that is hit;
				beyond its end nothing happens */
};

#define PIER__FAULT_SHORT (-1)
#define PIER__FAULTS_MAX  4

/* One thing taken and not yet given back. */
struct pier__held {
	int call;          /* what gave it */
	unsigned long nth; /* the how manieth call of all that was */
	uintptr_t key;     /* descriptor or address */
	int kind;
};

struct pier__watch {
	int epfd;
	int fd;
	struct epoll_event event;
};

struct pier__faulty {
	struct pier__calls calls;
	const struct pier__calls *inner;
	pthread_mutex_t lock;

	struct pier__fault faults[PIER__FAULTS_MAX];
	unsigned long fired[PIER__FAULTS_MAX];
	size_t fault_count;

	unsigned long counts[PIER__CALL_COUNT];
	unsigned long total;
	unsigned long hits;         /* faults that took place */
	int hit_call;               /* the last of them */
	int hit_error;              /* its errno, or PIER__FAULT_SHORT */
	unsigned long wrong_closes; /* close of what is not open */

	struct pier__held *held;
	size_t held_count, held_max;
	struct pier__watch *watches;
	size_t watch_count, watch_max;
};

/* A table before `inner` that passes everything on. */
void pier__faulty_init(
	struct pier__faulty *faulty, const struct pier__calls *inner);
void pier__faulty_end(struct pier__faulty *faulty);

/* Plan one more fault; at most PIER__FAULTS_MAX. */
void pier__faulty_plan(
	struct pier__faulty *faulty, const struct pier__fault *fault);

/* What is held and was not given back; each to `to`, when not NULL. */
size_t pier__faulty_leaks(struct pier__faulty *faulty, FILE *to);

#endif
