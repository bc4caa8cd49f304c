/* SPDX-License-Identifier: MIT */
/*
 * net/can_bcm_wire.h - messages of the kernel's broadcast manager: struct
 * bcm_msg_head of <linux/can/bcm.h>, which not every machine that builds has, and
 * frames behind it. Pure.
 */
#ifndef PIER_NET_CAN_BCM_WIRE_H
#define PIER_NET_CAN_BCM_WIRE_H

#include <stdalign.h>

#include <pier/can_bcm.h>

#include "net/can_wire.h"

/* What a message asks for, or tells. */
enum {
	PIER__BCM_TX_SETUP = 1,
	PIER__BCM_TX_DELETE = 2,
	PIER__BCM_TX_READ = 3,
	PIER__BCM_RX_SETUP = 5,
	PIER__BCM_RX_DELETE = 6,
	PIER__BCM_TX_STATUS = 8,
	PIER__BCM_TX_EXPIRED = 9,
	PIER__BCM_RX_TIMEOUT = 11,
	PIER__BCM_RX_CHANGED = 12
};

/* Flags. */
enum {
	PIER__BCM_SET_TIMER = 0x1,
	PIER__BCM_START_TIMER = 0x2,
	PIER__BCM_COUNT_EVENT = 0x4,
	PIER__BCM_FILTER_ID = 0x20,
	PIER__BCM_CHECK_SIZE = 0x40,
	PIER__BCM_RESUMED = 0x100,
	PIER__BCM_RESET_INDEX = 0x200,
	PIER__BCM_FD = 0x800
};

/* The kernel's, whose numbers of time are as wide as this machine's words; frames
   begin where their eight bytes of data want to. */
struct pier__bcm_head {
	uint32_t opcode;
	uint32_t flags;
	uint32_t count;
	struct {
		long seconds;
		long micros;
	} first, then;
	uint32_t id;
	uint32_t frames;
	alignas(8) unsigned char behind[];
};

#define PIER__BCM_HEAD_SIZE offsetof(struct pier__bcm_head, behind)
#define PIER__BCM_SIZE_MAX     \
	(PIER__BCM_HEAD_SIZE + \
		(size_t)PIER_CAN_BCM_FRAMES_MAX * PIER__CAN_FD_SIZE)

/* What a program asked for: NULL, or what is wrong with it. */
const char *pier__bcm_check_key(const struct pier_can_key *key);
const char *pier__bcm_check_frames(
	const struct pier_can_frame *frames, size_t count);
const char *pier__bcm_check_cycle(const struct pier_can_cycle *cycle);
const char *pier__bcm_check_watch(const struct pier_can_watch *watch);

/* The key of a frame. */
struct pier_can_key pier__bcm_key(const struct pier_can_frame *frame);

/* What was checked, as a message; how many bytes, at most PIER__BCM_SIZE_MAX. */
size_t pier__bcm_encode_cycle(
	unsigned char *out, const struct pier_can_cycle *cycle);
size_t pier__bcm_encode_update(
	unsigned char *out, const struct pier_can_frame *frames, size_t count);
size_t pier__bcm_encode_watch(
	unsigned char *out, const struct pier_can_watch *watch);
/* One of those that are about a job and no more. */
size_t pier__bcm_encode_key(
	unsigned char *out, uint32_t opcode, const struct pier_can_key *key);

/* What the kernel tells: 0; or -EBADMSG: it is none of ours. Frames behind the
   first may be cut off. Time, interface and drops are not in it. */
int pier__bcm_decode(
	struct pier_can_event *out, const unsigned char *bytes, size_t size);

#endif
