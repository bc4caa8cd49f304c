/* SPDX-License-Identifier: MIT */
/*
 * The broadcast manager of CAN (CAN_BCM of Linux): the kernel sends frames again and
 * again by its own timers, and tells of frames that change or no longer come, so
 * that a program wakes for news alone.
 *
 * All numbers of the kernel's interface are pier's own: a machine without
 * <linux/can/bcm.h> builds it too.
 */
#ifndef PIER_CAN_BCM_H
#define PIER_CAN_BCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/can.h>
#include <pier/deadline.h>
#include <pier/interface.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most frames of one job. */
#define PIER_CAN_BCM_FRAMES_MAX 256

/* The longest interval, 400 days, in nanoseconds. The kernel counts in
   microseconds: what lies between two is rounded up. */
#define PIER_CAN_BCM_INTERVAL_MAX INT64_C(34560000000000000)

/* A manager: the jobs of one socket, which end with it. One task may pull events
   while another gives it jobs. */
struct pier_can_bcm;

struct pier_can_bcm_opts {
	/* Bytes that the kernel may queue of events (SO_RCVBUF); 0: as the
	   system has it. Without CAP_NET_ADMIN at most net.core.rmem_max */
	uint32_t buffer;
};

/*
 * pier_can_bcm_open(out, interface, opts): open a manager, without jobs. Never
 * waits. Needs no capability.
 *
 *   out        the caller's, who ends it by pier_can_bcm_close()
 *   interface  its name; NULL: watch every CAN interface, and send by none
 *   opts       NULL for all of the defaults
 *
 * Returns 0, or
 *   -EAFNOSUPPORT      the kernel has no CAN: modprobe can
 *   -EPROTONOSUPPORT   no manager of it: modprobe can-bcm; or no raw sockets,
 *                      by which the interface is looked at: modprobe can-raw
 *   -ENODEV            there is no such interface, or it is no CAN interface
 *   -ENETDOWN          it is down: ip link set NAME up
 *   -ENOMEM, -EMFILE   no room for it
 */
int pier_can_bcm_open_sized(struct pier_can_bcm **out, const char *interface,
	const struct pier_can_bcm_opts *opts, size_t opts_size);

static inline int
pier_can_bcm_open(struct pier_can_bcm **out, const char *interface,
	const struct pier_can_bcm_opts *opts)
{
	return pier_can_bcm_open_sized(out, interface, opts, sizeof(*opts));
}

/* What a manager knows a job by: a job to send and one to watch, each of its own,
   may have the same. */
struct pier_can_key {
	uint32_t id;
	bool extended;
	bool remote;
	bool fd;
};

/* ---- Sending ------------------------------------------------------------ */

/* A job to send. The first frame leaves at once; so do, one by one, `times` frames
   first_ns apart, that one among them, and behind those one each then_ns. */
struct pier_can_cycle {
	/* One leaves at each turn, and behind the last one the first again. Its
	   key is that of the first; all of them are FD, or none. Borrowed for
	   the call. */
	const struct pier_can_frame *frames;
	size_t count;
	uint32_t times; /* 0: none first_ns apart */
	int64_t first_ns;
	int64_t then_ns; /* 0: it ends after `times` frames */
};

/*
 * pier_can_bcm_send(bcm, cycle): send frames again and again, by the kernel's
 * timers, until the manager is closed. Replaces the job of the same key, if there
 * is one. Never waits.
 *
 * What finds no room in the queue of the interface is lost, and the kernel tells
 * nobody: pier_can_send() waits for room. So is an FD frame where the link takes
 * none, and what would leave while the interface is down; when it comes back, the
 * job goes on. An interval begins when the one before was served: over a long time
 * a job falls behind by some microseconds each turn.
 *
 * Returns 0, or
 *   -EINVAL        a frame cannot be so, see pier_can_frame_check(), or is an
 *                  error frame; FD and classic frames are mixed; no frame, or more
 *                  than PIER_CAN_BCM_FRAMES_MAX; neither interval is given, or one
 *                  is below 0 or above PIER_CAN_BCM_INTERVAL_MAX
 *   -EDESTADDRREQ  the manager is of every interface, and sends by none
 *   -ENODEV        the interface is gone
 *   -ENOMEM        no memory for it
 */
int pier_can_bcm_send_sized(struct pier_can_bcm *bcm,
	const struct pier_can_cycle *cycle, size_t cycle_size);

static inline int
pier_can_bcm_send(struct pier_can_bcm *bcm, const struct pier_can_cycle *cycle)
{
	return pier_can_bcm_send_sized(bcm, cycle, sizeof(*cycle));
}

/*
 * pier_can_bcm_update(bcm, frames, count): give the job of the key of frames[0]
 * other data, from its next frame on; its timer goes on as it went. Of another
 * count it begins with the first of them. A job that is not there is made, and
 * sends nothing.
 *
 * Returns 0, or
 *   -E2BIG         the job has fewer frames than that
 *   -EINVAL        as pier_can_bcm_send()
 *   -EDESTADDRREQ  the manager is of every interface, and sends by none
 *   -ENODEV        the interface is gone
 *   -ENOMEM        no memory for it
 */
int pier_can_bcm_update(struct pier_can_bcm *bcm,
	const struct pier_can_frame *frames, size_t count);

/*
 * pier_can_bcm_ask(bcm, key): how far is a job to send? The answer is an event,
 * PIER_CAN_STATUS, behind those that are there already.
 *
 * Returns 0, or
 *   -ENOENT  there is no such job
 *   -ENODEV  the interface is gone
 */
int pier_can_bcm_ask(struct pier_can_bcm *bcm, const struct pier_can_key *key);

/*
 * pier_can_bcm_cancel(bcm, key): end a job to send.
 *
 * Returns 0, or
 *   -ENOENT  there is no such job
 *   -ENODEV  the interface is gone, and its jobs with it
 */
int pier_can_bcm_cancel(
	struct pier_can_bcm *bcm, const struct pier_can_key *key);

/* ---- Watching ----------------------------------------------------------- */

/* A job to watch: frames of exactly that key. */
struct pier_can_watch {
	struct pier_can_key key;
	/*
	 * What counts as a change. Without a mask every frame does; with one,
	 * where bits of the data differ that are set in masks[0].data. With
	 * more, what the frames mean depends on some of their bits: those that
	 * are set in masks[0].data. In each of the others these bits say of
	 * which frames it is, and the bits besides which of theirs count;
	 * frames of which none is are passed over. Borrowed for the call; only
	 * their data is looked at.
	 */
	const struct pier_can_frame *masks;
	size_t mask_count;
	bool size_counts; /* another size is a change too */
	/* The first frame after a silence is told, changed or not */
	bool tell_resumed;
	int64_t silent_ns; /* tell when none came for so long; 0: do not */
	/* Tell of changes at most each so often, of the last one; 0: of all */
	int64_t throttle_ns;
};

/*
 * pier_can_bcm_watch(bcm, watch): have news of frames told by pier_can_bcm_next().
 * Replaces the job of the same key, if there is one. Never waits. A silence is told
 * once, also where none ever came, and not again before one did.
 *
 * Returns 0, or
 *   -EINVAL  the key has too large an identifier, or is FD and remote; more than
 *            PIER_CAN_BCM_FRAMES_MAX masks; a time below 0 or above
 *            PIER_CAN_BCM_INTERVAL_MAX
 *   -ENODEV  the interface is gone
 *   -ENOMEM  no memory for it
 */
int pier_can_bcm_watch_sized(struct pier_can_bcm *bcm,
	const struct pier_can_watch *watch, size_t watch_size);

static inline int
pier_can_bcm_watch(struct pier_can_bcm *bcm, const struct pier_can_watch *watch)
{
	return pier_can_bcm_watch_sized(bcm, watch, sizeof(*watch));
}

/*
 * pier_can_bcm_unwatch(bcm, key): end a job to watch. Events of it that wait
 * already still come.
 *
 * Returns 0, or
 *   -ENOENT  there is no such job
 *   -ENODEV  the interface is gone, and its jobs with it
 */
int pier_can_bcm_unwatch(
	struct pier_can_bcm *bcm, const struct pier_can_key *key);

/* ---- News --------------------------------------------------------------- */

enum pier_can_news {
	PIER_CAN_CHANGED = 1, /* a frame that is watched, which changed */
	PIER_CAN_SILENT,      /* none came for as long as the job says */
	/* The last of `times` leaves just now, of two or more: of a single one
	   there is no such news */
	PIER_CAN_EXPIRED,
	PIER_CAN_STATUS /* an answer to pier_can_bcm_ask() */
};

struct pier_can_event {
	enum pier_can_news what;
	struct pier_can_key key; /* of the job */
	/* Of PIER_CAN_CHANGED the frame, of PIER_CAN_STATUS the job's first; of
	   others it is empty */
	struct pier_can_frame frame;
	int64_t time_ns; /* of CLOCK_REALTIME, by the kernel; 0: unknown */
	char interface[PIER_INTERFACE_NAME_MAX]; /* "": unknown */
	/* Of PIER_CAN_STATUS: how many of `times` are still to leave, and the
	   two intervals */
	uint32_t left;
	int64_t first_ns, then_ns;
	/* Events that there was no room for, since the manager was opened and up
	   to this one */
	uint32_t dropped;
};

/*
 * pier_can_bcm_next(bcm, event, deadline): wait for the next event.
 *
 * Returns 0, or
 *   -PIER_EDEADLINE  none by the deadline
 *   -EAGAIN          none yet, and the deadline is PIER_NOW
 *   -ECANCELED       the task was cancelled
 *   -ENETDOWN        the interface went down; its jobs are there still
 *   -ENODEV          it is gone, and its jobs with it
 *   -EXDEV, -EBUSY   another scheduler's, or another task waits for events
 */
int pier_can_bcm_next_sized(struct pier_can_bcm *bcm,
	struct pier_can_event *event, size_t event_size,
	pier_deadline deadline);

static inline int
pier_can_bcm_next(struct pier_can_bcm *bcm, struct pier_can_event *event,
	pier_deadline deadline)
{
	return pier_can_bcm_next_sized(bcm, event, sizeof(*event), deadline);
}

/*
 * pier_can_bcm_dropped(bcm, count): how many events it had no room for since it
 * was opened, those of which no later one told too (SO_MEMINFO). What changed
 * in one that was dropped is not told again.
 *
 * Returns 0, or
 *   -ENOPROTOOPT  a kernel that does not count (before Linux 4.12)
 */
int pier_can_bcm_dropped(struct pier_can_bcm *bcm, uint32_t *count);

/* pier_can_bcm_fd(bcm): its descriptor, borrowed. Always succeeds. */
int pier_can_bcm_fd(const struct pier_can_bcm *bcm);

/* pier_can_bcm_close(bcm): end it, and all of its jobs. NULL is fine. */
void pier_can_bcm_close(struct pier_can_bcm *bcm);

#ifdef __cplusplus
}
#endif

#endif
