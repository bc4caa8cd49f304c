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

/* The watch of fd, to be armed again: see the head of faulty.h. */
void pier__faulty_watch(struct pier__faulty *faulty, int epfd, int op, int fd,
	const struct epoll_event *event);
void pier__faulty_unwatch(struct pier__faulty *faulty, int fd);
void pier__faulty_rearm(struct pier__faulty *faulty, int fd);

extern const struct pier__calls pier__faulty_calls;

#endif
