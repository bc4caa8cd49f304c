/* SPDX-License-Identifier: MIT */
/*
 * pier can send --every, by the kernel's broadcast manager: its timers send, and
 * this process sleeps. Each frame of a round is a job of its own: those of one round
 * leave at about the same time, from several processors in no certain order.
 */
#include "can.h"

#include <errno.h>
#include <string.h>

/* Of struct can_frame on the link: an interface with less takes no FD frames. */
#define FD_MTU 72

/* How long an answer about jobs may take that ends. */
#define LAST_WORDS_MS 100

struct cycle {
	const struct cli_tool *tool;
	const struct can_settings *settings;
	const struct pier_can_frame *frames;
	size_t count;
	uint32_t times;
	bool endless;
	struct pier_can_bcm *bcm;
};

static struct pier_can_key
key_of(const struct pier_can_frame *frame)
{
	return (struct pier_can_key){ .id = frame->id,
		.extended = frame->extended,
		.remote = frame->remote,
		.fd = frame->fd };
}

static bool
is_same_job(const struct pier_can_frame *a, const struct pier_can_frame *b)
{
	return a->id == b->id && a->extended == b->extended &&
	       a->remote == b->remote && a->fd == b->fd;
}

/* The manager would lose them without a word. */
static bool
takes_fd(const char *name)
{
	struct pier_interfaces *all;
	bool takes = false;
	size_t i;

	if (pier_interfaces(&all) < 0)
		return false;
	for (i = 0; i < all->count; i++)
		if (strcmp(all->list[i].name, name) == 0)
			takes = all->list[i].mtu >= FD_MTU;
	pier_interfaces_free(all);
	return takes;
}

bool
can_cycle_fits(const struct can_settings *settings,
	const struct pier_can_frame *frames, size_t count)
{
	bool has_fd = false;
	size_t i, k;

	if (settings->every < CAN_CYCLE_MIN_NS || settings->count == 1 ||
		settings->count > UINT32_MAX ||
		can_was_given(settings, "timeout"))
		return false;
	for (i = 0; i < count; i++) {
		if (frames[i].error)
			return false;
		has_fd = has_fd || frames[i].fd;
		for (k = 0; k < i; k++)
			if (is_same_job(&frames[k], &frames[i]))
				return false;
	}
	return !has_fd || takes_fd(settings->words.item[0]);
}

static int
give_jobs(const struct cycle *cycle)
{
	struct pier_can_cycle job = { .count = 1,
		.times = cycle->times,
		.first_ns = cycle->settings->every,
		.then_ns = cycle->endless ? cycle->settings->every : 0 };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < cycle->count; i++) {
		job.frames = &cycle->frames[i];
		rc = pier_can_bcm_send(cycle->bcm, &job);
	}
	return rc;
}

/* Until the last of each has left, or for ever. */
static int
wait_for_end(const struct cycle *cycle)
{
	size_t left = cycle->count;
	struct pier_can_event event;
	int rc = 0;

	while (rc == 0 && left > 0) {
		rc = pier_can_bcm_next(cycle->bcm, &event, PIER_FOREVER);
		if (rc == 0 && event.what == PIER_CAN_EXPIRED &&
			!cycle->endless)
			left--;
	}
	return rc;
}

/* End the jobs, and how many have left: of each the kernel counts those that have
   not. An endless one is counted too, as far as its numbers go. */
static int64_t
end_jobs(const struct cycle *cycle)
{
	pier_deadline shield = pier_shield(pier_in_ms(LAST_WORDS_MS));
	pier_deadline until = pier_in_ms(LAST_WORDS_MS);
	struct pier_can_event event;
	int64_t sent = 0;
	size_t i, asked = 0;

	for (i = 0; i < cycle->count; i++) {
		const struct pier_can_key key = key_of(&cycle->frames[i]);

		asked += pier_can_bcm_ask(cycle->bcm, &key) == 0;
		/* At once, so that nothing leaves uncounted. One that is gone
		   with its interface needs no end. */
		(void)pier_can_bcm_cancel(cycle->bcm, &key);
	}
	while (asked > 0 && pier_can_bcm_next(cycle->bcm, &event, until) == 0) {
		if (event.what != PIER_CAN_STATUS)
			continue;
		sent += (int64_t)cycle->times - event.left;
		asked--;
	}
	(void)pier_shield(shield);
	return sent;
}

static int
run_cycle(const struct cycle *cycle, int64_t *sent)
{
	int rc = give_jobs(cycle), code = 0;

	if (rc == 0) {
		cli_say(cycle->tool, 1, "the kernel's timers send");
		rc = wait_for_end(cycle);
	}
	/* Before anything else becomes the last failure. */
	if (rc < 0)
		code = can_failure(cycle->tool, rc);
	*sent = end_jobs(cycle);
	return code;
}

int
can_cycle_run(const struct cli_tool *tool, const struct can_settings *settings,
	const struct pier_can_frame *frames, size_t count, int64_t *sent,
	bool *is_open)
{
	struct cycle cycle = { .tool = tool,
		.settings = settings,
		.frames = frames,
		.count = count,
		.endless = settings->count == 0,
		.times = settings->count == 0 ? UINT32_MAX
					      : (uint32_t)settings->count };
	int rc = pier_can_bcm_open(&cycle.bcm, settings->words.item[0], NULL);
	const char *why;
	int code;

	why = rc < 0 ? pier_last_error()->detail : NULL;
	/* Raw sockets may be what is missing, which the other way needs too. */
	if (rc == -EPROTONOSUPPORT && why != NULL &&
		strstr(why, "can-bcm") != NULL) {
		cli_say(tool, 0, "%s; this process keeps the time itself", why);
		return CAN_CYCLE_NONE;
	}
	if (rc < 0)
		return can_failure(tool, rc);
	*is_open = true;
	code = run_cycle(&cycle, sent);
	pier_can_bcm_close(cycle.bcm);
	return code;
}
