/* SPDX-License-Identifier: MIT */
/*
 * proto/bt_scan.c - an inquiry by the management interface.
 *
 * What is heard goes into a table of devices first, each of which remembers whether
 * it has news: so that what comes while the start of an inquiry is still to be
 * answered is not lost, and a device that is told in pieces is one.
 *
 * An inquiry is stopped by whoever began it. The kernel does not look who stops, so
 * all that it has told is read before: what has ended by itself may be another
 * program's by now. Its end and a stop may cross all the same.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <pier/bt_control.h>
#include <pier/task.h>

#include "base/text.h"
#include "os/calls.h"
#include "proto/eir.h"
#include "proto/mgmt.h"
#include "task/failure.h"
#include "task/timeout.h"

/* hci0 to hci65534. */
#define INDEX_MAX 65534
#define TEXT_MAX  16

/* A full buffer of the kernel's is no reason to leave an inquiry running. */
#define STOP_TRIES 3

/* The kernel refuses to stop what has not begun yet, which takes the controller
   milliseconds; it gives a command of its own 2 s. */
#define SETTLE_NS INT64_C(2000000000)

/* The kernel lets an inquiry run for some ten seconds. What it tells is lost when
   its queue is full, of the end too: so no inquiry is believed for longer. */
#define INQUIRY_NS INT64_C(60000000000)

/* More does not wait in the kernel's queue. */
#define QUEUE_MAX 4096

enum news {
	NEWS_NONE,
	NEWS_HEARD,
	NEWS_CHANGED,
	NEWS_FOUND
};

enum state {
	STATE_STARTING, /* its answer is still to come */
	STATE_RUNNING,
	STATE_ENDED
};

struct known {
	struct pier_bt_device device;
	enum news news;
};

struct pier_bt_scan {
	struct pier__mgmt mgmt;
	atomic_bool busy;
	enum state state;
	pier_deadline until; /* an inquiry that runs is not believed */
	bool again;
	unsigned int index;
	unsigned char types; /* PIER__MGMT_BREDR, _LE */
	struct pier_bt_scan_stats stats;
	struct known *devices[PIER_BT_DEVICES_MAX];
	char text[TEXT_MAX]; /* for errors: "hci0" */
};

static int
fail(struct pier_bt_scan *scan, int rc, enum pier_step step, const char *detail)
{
	scan->mgmt.step = step;
	scan->mgmt.detail = detail;
	return rc;
}

/* ---- The table ----------------------------------------------------------- */

static struct known *
find_known(const struct pier_bt_scan *scan, const struct pier_bt_addr *addr)
{
	size_t i;

	for (i = 0; i < scan->stats.devices; i++)
		if (pier_bt_addr_compare(
			    &scan->devices[i]->device.addr, addr) == 0)
			return scan->devices[i];
	return NULL;
}

/* 0, with *out NULL where there is no room; or -ENOMEM. */
static int
add_known(struct known **out, struct pier_bt_scan *scan,
	const struct pier_bt_addr *addr)
{
	*out = NULL;
	if (scan->stats.devices == PIER_BT_DEVICES_MAX) {
		scan->stats.refused++;
		return 0;
	}
	*out = pier__alloc(sizeof(**out));
	if (*out == NULL)
		return fail(scan, -ENOMEM, PIER_STEP_CREATE, NULL);
	(*out)->device = (struct pier_bt_device){ .addr = *addr,
		.rssi = PIER_BT_RSSI_NONE,
		.tx_power = PIER_BT_RSSI_NONE };
	(*out)->news = NEWS_FOUND;
	scan->devices[scan->stats.devices++] = *out;
	return 0;
}

static int
take_found(struct pier_bt_scan *scan, const struct pier__mgmt_message *message)
{
	struct pier__mgmt_found found;
	struct known *known;
	enum news news;
	int rc;

	if (pier__mgmt_read_found(&found, message) < 0) {
		scan->stats.bad++;
		return 0;
	}
	scan->stats.heard++;
	known = find_known(scan, &found.addr);
	if (known == NULL) {
		rc = add_known(&known, scan, &found.addr);
		if (known == NULL)
			return rc;
	}
	known->device.rssi = found.rssi;
	known->device.connectable =
		(found.flags & PIER__MGMT_NOT_CONNECTABLE) == 0;
	rc = pier__eir_read(&known->device, found.eir, found.eir_len);
	scan->stats.bad += rc < 0;
	news = rc > 0 ? NEWS_CHANGED : NEWS_HEARD;
	if (known->news < news)
		known->news = news;
	return 0;
}

/* 1: *event; 0: nothing is new. */
static int
tell(struct pier_bt_scan *scan, struct pier_bt_scan_event *event)
{
	static const enum pier_bt_scan_what whats[] = {
		[NEWS_HEARD] = PIER_BT_SCAN_HEARD,
		[NEWS_CHANGED] = PIER_BT_SCAN_CHANGED,
		[NEWS_FOUND] = PIER_BT_SCAN_FOUND,
	};
	size_t i;

	for (i = 0; i < scan->stats.devices; i++) {
		struct known *known = scan->devices[i];

		if (known->news == NEWS_NONE)
			continue;
		event->what = whats[known->news];
		event->device = known->device;
		known->news = NEWS_NONE;
		return 1;
	}
	return 0;
}

/* ---- The inquiry --------------------------------------------------------- */

static int
start(struct pier_bt_scan *scan)
{
	int rc = pier__mgmt_send(&scan->mgmt, PIER__MGMT_START_DISCOVERY,
		scan->index, &scan->types, 1);

	if (rc < 0)
		return rc;
	scan->state = STATE_STARTING;
	scan->until = pier_in_ns(INQUIRY_NS);
	scan->stats.inquiries++;
	return 0;
}

static int step(struct pier_bt_scan *scan, pier_deadline deadline);

/* Waits for the start's answer, then takes all that was told; cancelled or not. */
static void
settle(struct pier_bt_scan *scan)
{
	pier_deadline until = pier_in_ns(SETTLE_NS);
	pier_deadline before = pier_shield(until);
	int rc = 0, i;

	while (rc == 0 && scan->state == STATE_STARTING)
		rc = step(scan, until);
	for (i = 0; rc == 0 && i < QUEUE_MAX; i++)
		rc = step(scan, PIER_NOW);
	(void)pier_shield(before);
}

static void
stop(struct pier_bt_scan *scan)
{
	int rc = -ENOBUFS, i;

	scan->again = false;
	settle(scan);
	if (scan->state == STATE_ENDED)
		return;
	for (i = 0; rc == -ENOBUFS && i < STOP_TRIES; i++)
		rc = pier__mgmt_send(&scan->mgmt, PIER__MGMT_STOP_DISCOVERY,
			scan->index, &scan->types, 1);
	scan->state = STATE_ENDED;
}

/* Its end was not told: it is ended here. 0, or as start(). */
static int
give_up(struct pier_bt_scan *scan)
{
	bool again = scan->again;

	stop(scan);
	scan->again = again;
	return again ? start(scan) : 0;
}

static int
take_answer(struct pier_bt_scan *scan, const struct pier__mgmt_message *message)
{
	struct pier__mgmt_answer answer;

	if (pier__mgmt_read_answer(&answer, message) < 0) {
		scan->stats.bad++;
		return 0;
	}
	if (answer.command != PIER__MGMT_START_DISCOVERY ||
		scan->state != STATE_STARTING)
		return 0;
	if (answer.status == 0) {
		scan->state = STATE_RUNNING;
		return 0;
	}
	scan->state = STATE_ENDED;
	scan->stats.inquiries--;
	return pier__mgmt_refused(&scan->mgmt, answer.status);
}

static int
take_discovering(
	struct pier_bt_scan *scan, const struct pier__mgmt_message *message)
{
	bool runs;

	if (pier__mgmt_read_discovering(&runs, message) < 0) {
		scan->stats.bad++;
		return 0;
	}
	if (runs || scan->state != STATE_RUNNING)
		return 0;
	scan->state = STATE_ENDED;
	return scan->again ? start(scan) : 0;
}

static int
take_settings(
	struct pier_bt_scan *scan, const struct pier__mgmt_message *message)
{
	uint32_t settings;

	if (pier__mgmt_read_settings(&settings, message) < 0) {
		scan->stats.bad++;
		return 0;
	}
	if ((settings & PIER_BT_SETTING_POWERED) != 0)
		return 0;
	scan->state = STATE_ENDED;
	return fail(scan, -ENETDOWN, PIER_STEP_RECEIVE,
		"the controller was switched off");
}

static int
take(struct pier_bt_scan *scan, const struct pier__mgmt_message *message)
{
	if (message->index != scan->index)
		return 0;
	switch (message->code) {
	case PIER__MGMT_COMPLETE:
	case PIER__MGMT_STATUS:
		return take_answer(scan, message);
	case PIER__MGMT_DEVICE_FOUND:
		return take_found(scan, message);
	case PIER__MGMT_DISCOVERING:
		return take_discovering(scan, message);
	case PIER__MGMT_NEW_SETTINGS:
		return take_settings(scan, message);
	case PIER__MGMT_INDEX_REMOVED:
		scan->state = STATE_ENDED;
		return fail(scan, -ENODEV, PIER_STEP_RECEIVE,
			"the controller is gone");
	default:
		return 0;
	}
}

/* Waits for the next message, and takes it. */
static int
step(struct pier_bt_scan *scan, pier_deadline deadline)
{
	struct pier__mgmt_message message;
	int rc = pier__mgmt_next(&scan->mgmt, &message, deadline);

	if (rc == 0)
		return take(scan, &message);
	if (rc != -EBADMSG)
		return rc;
	scan->stats.bad++;
	return 0;
}

/* ---- Opening ------------------------------------------------------------- */

/* "hci0". */
static int
read_name(struct pier_bt_scan *scan, const char *name)
{
	struct pier__span span = pier__span_of(name);
	int64_t number = -1;

	if (pier__span_starts(span, "hci")) {
		span.begin += 3;
		number = pier__span_number(span, INDEX_MAX);
	}
	if (number < 0 || number > INDEX_MAX)
		return fail(scan, -EINVAL, PIER_STEP_PARSE,
			"a controller is hci0, hci1, …");
	scan->index = (unsigned int)number;
	return 0;
}

static bool
is_powered(const struct pier_bt_controller *controller)
{
	return (controller->settings & PIER_BT_SETTING_POWERED) != 0;
}

/* The one that is asked for; or the first that is powered. NULL, and *rc. */
static const struct pier_bt_controller *
choose(struct pier_bt_scan *scan, const struct pier_bt_controllers *all,
	bool is_given, int *rc)
{
	size_t i;

	for (i = 0; i < all->count; i++)
		if (is_given ? all->list[i].index == scan->index
			     : is_powered(&all->list[i]))
			break;
	if (i == all->count && (is_given || all->count == 0))
		*rc = fail(scan, -ENODEV, PIER_STEP_CREATE,
			all->count == 0
				? "this machine has no Bluetooth controller"
				: "there is no such controller");
	else if (i == all->count || !is_powered(&all->list[i]))
		*rc = fail(scan, -ENETDOWN, PIER_STEP_CREATE,
			is_given ? "the controller is switched off"
				 : "every controller is switched off");
	else
		return &all->list[i];
	return NULL;
}

/* Which transports: those that are wished and that it has. */
static int
take_types(struct pier_bt_scan *scan, const struct pier_bt_scan_opts *opts,
	uint32_t settings)
{
	bool any = !opts->bredr && !opts->le;

	if ((any || opts->bredr) && (settings & PIER_BT_SETTING_BREDR) != 0)
		scan->types |= PIER__MGMT_BREDR;
	if ((any || opts->le) && (settings & PIER_BT_SETTING_LE) != 0)
		scan->types |= PIER__MGMT_LE;
	if ((opts->bredr && (scan->types & PIER__MGMT_BREDR) == 0) ||
		(opts->le && (scan->types & PIER__MGMT_LE) == 0) ||
		scan->types == 0)
		return fail(scan, -EOPNOTSUPP, PIER_STEP_CREATE,
			opts->le && !opts->bredr
				? "the controller has no LE, or it is off"
				: "the controller has no BR/EDR, or it is off");
	return 0;
}

/* Which controller, and how. */
static int
prepare(struct pier_bt_scan *scan, const struct pier_bt_scan_opts *opts,
	pier_deadline deadline)
{
	const struct pier_bt_controller *controller;
	struct pier_bt_controllers *all;
	int rc = pier__mgmt_controllers(&scan->mgmt, &all, deadline);

	if (rc < 0)
		return rc;
	controller = choose(scan, all, opts->controller != NULL, &rc);
	if (controller != NULL) {
		scan->index = controller->index;
		(void)snprintf(
			scan->text, sizeof(scan->text), "hci%u", scan->index);
		rc = take_types(scan, opts, controller->settings);
	}
	pier_bt_controllers_free(all);
	return rc;
}

static int
open_scan(struct pier_bt_scan *scan, const struct pier_bt_scan_opts *opts,
	pier_deadline deadline)
{
	int rc = 0;

	scan->again = opts->again;
	(void)snprintf(scan->text, sizeof(scan->text), "%s",
		opts->controller != NULL ? opts->controller : "hci");
	pier__bare_init(&scan->mgmt.socket, -1, AF_UNSPEC, SOCK_RAW);
	if (opts->controller != NULL)
		rc = read_name(scan, opts->controller);
	if (rc == 0)
		rc = pier__mgmt_open(&scan->mgmt);
	if (rc == 0)
		rc = prepare(scan, opts, deadline);
	if (rc == 0)
		rc = start(scan);
	while (rc == 0 && scan->state == STATE_STARTING)
		rc = step(scan, deadline);
	return rc;
}

int
pier_bt_scan_open_sized(struct pier_bt_scan **out,
	const struct pier_bt_scan_opts *opts, size_t opts_size,
	pier_deadline deadline)
{
	struct pier_bt_scan_opts all = { .controller = NULL };
	struct pier_bt_scan *scan = pier__alloc(sizeof(*scan));
	int rc;

	if (opts != NULL)
		memcpy(&all, opts,
			opts_size < sizeof(all) ? opts_size : sizeof(all));
	if (scan == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_CREATE, "hci", NULL);
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	scan->state = STATE_ENDED;
	rc = open_scan(scan, &all, deadline);
	if (rc < 0) {
		(void)pier__fail_step(rc, scan->mgmt.step,
			all.controller != NULL ? all.controller : scan->text,
			scan->mgmt.detail);
		pier_bt_scan_close(scan);
		return rc;
	}
	*out = scan;
	return 0;
}

void
pier_bt_scan_close(struct pier_bt_scan *scan)
{
	size_t i;

	if (scan == NULL)
		return;
	if (scan->state != STATE_ENDED)
		stop(scan);
	/* That scheduler's engine holds a pointer to it. */
	if (!pier__mgmt_close(&scan->mgmt)) {
		(void)pier__fail_step(
			-EXDEV, PIER_STEP_SHUTDOWN, scan->text, NULL);
		return;
	}
	for (i = 0; i < scan->stats.devices; i++)
		pier__free(scan->devices[i]);
	pier__free(scan);
}

/* ---- Waiting ------------------------------------------------------------- */

int
pier_bt_scan_next_sized(struct pier_bt_scan *scan,
	struct pier_bt_scan_event *out, size_t event_size,
	pier_deadline deadline)
{
	struct pier_bt_scan_event event;
	int rc;

	if (atomic_exchange(&scan->busy, true))
		return pier__fail_step(
			-EBUSY, PIER_STEP_WAIT, scan->text, NULL);
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	do {
		rc = tell(scan, &event);
		if (rc != 0 || scan->state == STATE_ENDED)
			break;
		rc = step(scan, pier_earlier(scan->until, deadline));
		if (rc == -PIER_EDEADLINE && scan->until.ns < deadline.ns)
			rc = give_up(scan);
	} while (rc == 0);
	atomic_store(&scan->busy, false);
	if (rc < 0)
		return pier__fail_step(
			rc, scan->mgmt.step, scan->text, scan->mgmt.detail);
	if (rc > 0)
		memcpy(out, &event,
			event_size < sizeof(event) ? event_size
						   : sizeof(event));
	return rc;
}

void
pier_bt_scan_stats_sized(const struct pier_bt_scan *scan,
	struct pier_bt_scan_stats *out, size_t size)
{
	memcpy(out, &scan->stats,
		size < sizeof(scan->stats) ? size : sizeof(scan->stats));
}

unsigned int
pier_bt_scan_controller(const struct pier_bt_scan *scan)
{
	return scan->index;
}
