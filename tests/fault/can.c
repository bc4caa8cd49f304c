/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/can.c - raw sockets of CAN and its broadcast manager, over a link that
 * the test makes (src/net/can_bed.h), in which every call goes wrong once; see
 * each.h.
 */
#include "each.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <pier.h>

#include "net/can_bcm_wire.h"
#include "net/can_bed.h"
#include "os/faulty_inner.h"

/* Nothing waits that long. */
#define SOON pier_in_s(5)

#define MS INT64_C(1000000)

/* The faults come before the link, not before the kernel. */
static void
put_link_below(void)
{
	bed_drop_bus();
	bed_begin();
	pier__faulty_self()->inner = &bed.calls;
}

static void
put_frame(struct fault_story *story, const char *text)
{
	unsigned char bytes[PIER__CAN_FD_SIZE];
	struct pier_can_frame frame;

	assert_int_equal(pier_can_frame_parse(&frame, text), 0);
	(void)met(
		story, "put", bed_put(bytes, pier__can_encode(bytes, &frame)));
}

/* A queue that is full twice is waited for, whatever else happens. */
static void
raw(struct fault_story *story)
{
	static const struct pier_can_filters filters = { .count = 1 };
	static const struct pier_can_opts opts = { .filters = &filters,
		.own_messages = true,
		.no_loopback = true,
		.buffer = 65536 };
	const struct pier_can_frame frame = { .id = 1 };
	struct pier_can_message message;
	struct pier_can *can;
	uint32_t count;

	put_link_below();
	if (met(story, "open", pier_can_open(&can, "lo", &opts)) < 0)
		return;
	put_frame(story, "123#AB");
	if (met(story, "recv", pier_can_recv(can, &message, SOON)) == 0 &&
		message.frame.id != 0x123)
		(void)met(story, "compare", -EBADMSG);
	bed.full = 2;
	if (met(story, "send", pier_can_send(can, &frame, SOON)) == 0 &&
		bed.full != 0)
		(void)met(story, "compare", -EBADMSG);
	(void)met(story, "dropped", pier_can_dropped(can, &count));
	pier_can_close(can);
}

static void
news(struct fault_story *story, struct pier_can_bcm *bcm)
{
	const struct pier__bcm_head head = { .opcode = PIER__BCM_RX_TIMEOUT,
		.id = 0x123 };
	struct pier_can_event event;

	(void)met(story, "put", bed_put(&head, PIER__BCM_HEAD_SIZE));
	if (met(story, "next", pier_can_bcm_next(bcm, &event, SOON)) == 0 &&
		event.what != PIER_CAN_SILENT)
		(void)met(story, "compare", -EBADMSG);
}

static void
manager(struct fault_story *story)
{
	static const struct pier_can_bcm_opts opts = { .buffer = 65536 };
	const struct pier_can_frame frame = { .id = 0x123 };
	const struct pier_can_cycle cycle = {
		.frames = &frame, .count = 1, .then_ns = MS
	};
	const struct pier_can_watch watch = { .key = { .id = 0x123 },
		.silent_ns = MS };
	struct pier_can_bcm *bcm;
	uint32_t count;

	put_link_below();
	if (met(story, "open", pier_can_bcm_open(&bcm, "lo", &opts)) < 0)
		return;
	if (met(story, "send", pier_can_bcm_send(bcm, &cycle)) == 0 &&
		met(story, "update", pier_can_bcm_update(bcm, &frame, 1)) ==
			0 &&
		met(story, "ask", pier_can_bcm_ask(bcm, &watch.key)) == 0 &&
		met(story, "cancel", pier_can_bcm_cancel(bcm, &watch.key)) == 0)
		(void)met(story, "watch", pier_can_bcm_watch(bcm, &watch));
	if (story->rc == 0)
		news(story, bcm);
	(void)met(story, "dropped", pier_can_bcm_dropped(bcm, &count));
	pier_can_bcm_close(bcm);
}

EACH_INSIDE(raw)
EACH_INSIDE(manager)

/* A message that the kernel took half of is one that it did not understand; and a
   job is nothing that room is waited for. */
static const int also[] = { -EBADMSG, -EAGAIN, 0 };

static const struct fault_scenario scenarios[] = {
	{ "raw, fibers", raw_by_fibers, NULL },
	{ "raw, threads", raw_by_threads, NULL },
	{ "manager, fibers", manager_by_fibers, also },
	{ "manager, threads", manager_by_threads, also },
};

int
main(void)
{
	int rc;

	bed.bus = -1;
	rc = each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
	bed_drop_bus();
	return rc;
}
