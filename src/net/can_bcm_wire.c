/* SPDX-License-Identifier: MIT */
/* net/can_bcm_wire.c - see can_bcm_wire.h. */
#include "net/can_bcm_wire.h"

#include <errno.h>
#include <string.h>

#define MICRO  INT64_C(1000)
#define SECOND INT64_C(1000000000)

/* What a kernel could tell, and far above what it takes: a number that is more is
   no time. */
#define SECONDS_MAX (INT64_MAX / SECOND - 1)

const char *
pier__bcm_check_key(const struct pier_can_key *key)
{
	const struct pier_can_frame frame = { .id = key->id,
		.extended = key->extended,
		.remote = key->remote,
		.fd = key->fd };

	return pier_can_frame_check(&frame);
}

const char *
pier__bcm_check_frames(const struct pier_can_frame *frames, size_t count)
{
	const char *wrong = NULL;
	size_t i;

	if (count == 0 || count > PIER_CAN_BCM_FRAMES_MAX)
		return "a job has 1 to 256 frames";
	for (i = 0; i < count && wrong == NULL; i++) {
		wrong = pier_can_frame_check(&frames[i]);
		if (frames[i].error)
			wrong = "error frames are not sent";
		else if (frames[i].fd != frames[0].fd)
			wrong = "frames of one job are all FD, or none is";
	}
	return wrong;
}

static bool
is_interval(int64_t ns)
{
	return ns >= 0 && ns <= PIER_CAN_BCM_INTERVAL_MAX;
}

const char *
pier__bcm_check_cycle(const struct pier_can_cycle *cycle)
{
	if (!is_interval(cycle->first_ns) || !is_interval(cycle->then_ns))
		return "an interval lies between 0 and 400 days";
	if (cycle->times > 0 && cycle->first_ns == 0)
		return "frames that are counted need their interval";
	if (cycle->times == 0 && cycle->then_ns == 0)
		return "a job needs an interval";
	return pier__bcm_check_frames(cycle->frames, cycle->count);
}

const char *
pier__bcm_check_watch(const struct pier_can_watch *watch)
{
	if (!is_interval(watch->silent_ns) || !is_interval(watch->throttle_ns))
		return "a time lies between 0 and 400 days";
	if (watch->mask_count > PIER_CAN_BCM_FRAMES_MAX)
		return "a job has at most 256 masks";
	return pier__bcm_check_key(&watch->key);
}

struct pier_can_key
pier__bcm_key(const struct pier_can_frame *frame)
{
	return (struct pier_can_key){ .id = frame->id,
		.extended = frame->extended,
		.remote = frame->remote,
		.fd = frame->fd };
}

static uint32_t
id_of(const struct pier_can_key *key)
{
	return key->id | (key->extended ? PIER__CAN_EXTENDED : 0) |
	       (key->remote ? PIER__CAN_REMOTE : 0);
}

/* Rounded up, so that no interval that is asked for becomes none. */
static void
put_interval(long *seconds, long *micros, int64_t ns)
{
	int64_t us = (ns + MICRO - 1) / MICRO;

	*seconds = (long)(us / (SECOND / MICRO));
	*micros = (long)(us % (SECOND / MICRO));
}

static size_t
put_head(unsigned char *out, struct pier__bcm_head *head,
	const struct pier_can_key *key)
{
	head->id = id_of(key);
	head->flags |= key->fd ? PIER__BCM_FD : 0;
	memcpy(out, head, PIER__BCM_HEAD_SIZE);
	return PIER__BCM_HEAD_SIZE;
}

static size_t
put_frames(unsigned char *out, size_t len, const struct pier_can_frame *frames,
	size_t count)
{
	unsigned char bytes[PIER__CAN_FD_SIZE];
	size_t i, size;

	for (i = 0; i < count; i++) {
		size = pier__can_encode(bytes, &frames[i]);
		memcpy(out + len, bytes, size);
		len += size;
	}
	return len;
}

size_t
pier__bcm_encode_cycle(unsigned char *out, const struct pier_can_cycle *cycle)
{
	struct pier_can_key key = pier__bcm_key(&cycle->frames[0]);
	struct pier__bcm_head head = { .opcode = PIER__BCM_TX_SETUP,
		.flags = PIER__BCM_SET_TIMER | PIER__BCM_START_TIMER |
			 PIER__BCM_COUNT_EVENT | PIER__BCM_RESET_INDEX,
		.count = cycle->times,
		.frames = (uint32_t)cycle->count };

	put_interval(&head.first.seconds, &head.first.micros, cycle->first_ns);
	put_interval(&head.then.seconds, &head.then.micros, cycle->then_ns);
	return put_frames(
		out, put_head(out, &head, &key), cycle->frames, cycle->count);
}

/* The flags of a job become those of its last message: it shall still tell when it
   is over. */
size_t
pier__bcm_encode_update(
	unsigned char *out, const struct pier_can_frame *frames, size_t count)
{
	struct pier_can_key key = pier__bcm_key(&frames[0]);
	struct pier__bcm_head head = { .opcode = PIER__BCM_TX_SETUP,
		.flags = PIER__BCM_COUNT_EVENT,
		.frames = (uint32_t)count };

	return put_frames(out, put_head(out, &head, &key), frames, count);
}

/* Masks are frames of any size to a program, and full ones to the kernel. */
static size_t
put_masks(unsigned char *out, size_t len, const struct pier_can_watch *watch)
{
	struct pier_can_frame mask = { .fd = watch->key.fd };
	size_t i;

	mask.size = mask.fd ? PIER_CAN_DATA_MAX : PIER_CAN_CLASSIC_MAX;
	for (i = 0; i < watch->mask_count; i++) {
		memcpy(mask.data, watch->masks[i].data, sizeof(mask.data));
		len = put_frames(out, len, &mask, 1);
	}
	return len;
}

size_t
pier__bcm_encode_watch(unsigned char *out, const struct pier_can_watch *watch)
{
	struct pier__bcm_head head = { .opcode = PIER__BCM_RX_SETUP,
		.flags = PIER__BCM_SET_TIMER | PIER__BCM_START_TIMER,
		.frames = (uint32_t)watch->mask_count };

	if (watch->mask_count == 0)
		head.flags |= PIER__BCM_FILTER_ID;
	if (watch->size_counts)
		head.flags |= PIER__BCM_CHECK_SIZE;
	if (watch->tell_resumed)
		head.flags |= PIER__BCM_RESUMED;
	put_interval(&head.first.seconds, &head.first.micros, watch->silent_ns);
	put_interval(&head.then.seconds, &head.then.micros, watch->throttle_ns);
	return put_masks(out, put_head(out, &head, &watch->key), watch);
}

size_t
pier__bcm_encode_key(
	unsigned char *out, uint32_t opcode, const struct pier_can_key *key)
{
	struct pier__bcm_head head = { .opcode = opcode };

	return put_head(out, &head, key);
}

static int
read_interval(int64_t *out, long seconds, long micros)
{
	if (seconds < 0 || seconds > SECONDS_MAX || micros < 0 ||
		micros >= SECOND / MICRO)
		return -EBADMSG;
	*out = seconds * SECOND + micros * MICRO;
	return 0;
}

static int
news_of(enum pier_can_news *out, uint32_t opcode)
{
	switch (opcode) {
	case PIER__BCM_RX_CHANGED:
		*out = PIER_CAN_CHANGED;
		return 0;
	case PIER__BCM_RX_TIMEOUT:
		*out = PIER_CAN_SILENT;
		return 0;
	case PIER__BCM_TX_EXPIRED:
		*out = PIER_CAN_EXPIRED;
		return 0;
	case PIER__BCM_TX_STATUS:
		*out = PIER_CAN_STATUS;
		return 0;
	default:
		return -EBADMSG;
	}
}

static int
read_status(struct pier_can_event *event, const struct pier__bcm_head *head)
{
	int rc = read_interval(
		&event->first_ns, head->first.seconds, head->first.micros);

	event->left = head->count;
	return rc < 0 ? rc
		      : read_interval(&event->then_ns, head->then.seconds,
				head->then.micros);
}

static int
read_frame(struct pier_can_event *event, const struct pier__bcm_head *head,
	const unsigned char *bytes, size_t size)
{
	size_t one = event->key.fd ? PIER__CAN_FD_SIZE : PIER__CAN_SIZE;

	if (head->frames == 0 || size < PIER__BCM_HEAD_SIZE + one)
		return -EBADMSG;
	return pier__can_decode(
		&event->frame, bytes + PIER__BCM_HEAD_SIZE, one);
}

int
pier__bcm_decode(
	struct pier_can_event *out, const unsigned char *bytes, size_t size)
{
	struct pier_can_event event = { .what = PIER_CAN_CHANGED };
	struct pier__bcm_head head;
	int rc;

	if (size < PIER__BCM_HEAD_SIZE)
		return -EBADMSG;
	memcpy(&head, bytes, PIER__BCM_HEAD_SIZE);
	rc = news_of(&event.what, head.opcode);
	event.key = (struct pier_can_key){
		.id = head.id & PIER_CAN_ID_EXTENDED_MAX,
		.extended = (head.id & PIER__CAN_EXTENDED) != 0,
		.remote = (head.id & PIER__CAN_REMOTE) != 0,
		.fd = (head.flags & PIER__BCM_FD) != 0,
	};
	if (rc == 0 && event.what == PIER_CAN_STATUS)
		rc = read_status(&event, &head);
	if (rc == 0 && (event.what == PIER_CAN_CHANGED ||
			       event.what == PIER_CAN_STATUS))
		rc = read_frame(&event, &head, bytes, size);
	if (rc == 0)
		*out = event;
	return rc;
}
