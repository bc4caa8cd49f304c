/* SPDX-License-Identifier: MIT */
/* proto/sntp.c - asking servers of NTP, and waiting; see pier/sntp.h. */
#include <pier/sntp.h>

#include <pier/error.h>
#include <pier/packet.h>
#include <pier/task.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/sent.h"
#include "proto/sntp_inside.h"
#include "proto/turns.h"
#include "task/failure.h"

/* ---- One turn ----------------------------------------------------------- */

static bool
ends_the_call(int rc)
{
	return pier__sntp_is_passing(rc) || rc == -EBUSY || rc == -EXDEV ||
	       rc == -PIER_EDEADLINE;
}

static struct pier_sntp_event
event_of(const struct pier__sntp_server *server, enum pier_sntp_what what)
{
	return (struct pier_sntp_event){ .what = what,
		.sequence = server->sent,
		.failed = PIER_SNTP_CHECKS };
}

static int
tell_error(const struct pier_sntp *sntp, struct pier__sntp_server *server,
	struct pier_sntp_event *event, int rc)
{
	const char *detail = pier_last_error()->detail;

	if (ends_the_call(rc))
		return rc;
	*event = event_of(server, PIER_SNTP_ERROR);
	event->error = rc;
	(void)snprintf(event->text, sizeof(event->text), "%s",
		detail[0] != '\0' ? detail : pier_strerror(rc));
	pier__sntp_broke(server, &sntp->opts, rc);
	return 1;
}

/* What the kernel says by now of when the request left: not before t1 was
   read. */
static void
learn_t1(struct pier__sntp_server *server)
{
	struct pier__sntp_asked *asked = &server->asked;
	int64_t sent = pier__sent_when(server->packet);

	if (asked->t1_by_kernel || sent < asked->t1_ns ||
		sent > pier__calls()->realtime_ns())
		return;
	asked->t1_ns = sent;
	asked->t1_by_kernel = true;
}

/* The kernel's time, unless this process has another clock than the kernel
   (faketime(1)), or the clock was set in between. */
static void
stamp(struct pier__sntp_came *came, const struct pier_msg *msg,
	const struct pier__sntp_asked *asked)
{
	int64_t now = pier__calls()->realtime_ns();

	came->by_kernel = msg->time_ns >= asked->t1_ns && msg->time_ns <= now;
	came->t4_ns = came->by_kernel ? msg->time_ns : now;
}

/* 1: an event, 0: there is no message, or an error. */
static int
take(struct pier_sntp *sntp, struct pier__sntp_server *server,
	struct pier_sntp_event *event)
{
	struct pier__sntp_came came;
	struct pier_msg msg;
	int rc = pier_recv(
		server->packet, &msg, sntp->buf, sizeof(sntp->buf), PIER_NOW);

	if (rc == -EAGAIN) {
		server->readable = false;
		return 0;
	}
	if (rc < 0 && !(rc == -EMSGSIZE && msg.truncated))
		return tell_error(sntp, server, event, rc);
	came = (struct pier__sntp_came){
		.data = sntp->buf, .size = msg.full_size, .from = msg.peer
	};
	learn_t1(server);
	stamp(&came, &msg, &server->asked);
	pier__sntp_judge(event, &server->asked, &came);
	event->sequence = server->sent;
	pier__sntp_took(server, &sntp->opts, event, pier_now());
	return 1;
}

static int
draw_number(uint64_t *out)
{
	int rc = pier__calls()->random(out, sizeof(*out));

	/* 0 stands for a time that is not known. */
	*out |= *out == 0;
	return rc < 0 ? rc : 0;
}

/* 1: an event, which is an error, 0: it left, or an error. */
static int
ask(struct pier_sntp *sntp, struct pier__sntp_server *server,
	struct pier_sntp_event *event)
{
	unsigned char request[PIER_NTP_SIZE];
	int rc = draw_number(&server->asked.transmit);

	if (rc < 0)
		return rc;
	pier__sntp_ask(request, &server->asked);
	pier__sntp_sent(server, &sntp->opts, pier_now());
	server->asked.t1_by_kernel = false;
	server->asked.t1_ns = pier__calls()->realtime_ns();
	rc = pier_send(
		server->packet, NULL, request, sizeof(request), PIER_NOW);
	/* No room for 48 bytes: as if the way had lost them. */
	if (rc < 0 && rc != -EAGAIN)
		return tell_error(sntp, server, event, rc);
	return 0;
}

static int
tell_failure(struct pier__sntp_server *server, struct pier_sntp_event *event)
{
	server->untold = false;
	*event = event_of(server, PIER_SNTP_FAILED);
	event->error = server->error;
	memcpy(event->text, server->text, sizeof(event->text));
	return 1;
}

/* What is due of one server. A message that is there counts, even when the time
   for it has just run out. */
static int
turn_one(struct pier_sntp *sntp, struct pier__sntp_server *server,
	struct pier_sntp_event *event)
{
	int64_t now;
	int rc = 0;

	if (server->untold)
		return tell_failure(server, event);
	if (server->state != PIER_SNTP_ASKING)
		return 0;
	if (server->readable)
		rc = take(sntp, server, event);
	if (rc != 0)
		return rc;
	now = pier_now();
	if (pier__sntp_moment(server, &sntp->opts) > now)
		return 0;
	if (!server->asked.waiting)
		return ask(sntp, server, event);
	*event = event_of(server, PIER_SNTP_LOST);
	(void)snprintf(event->text, sizeof(event->text),
		"no answer within %lld ms",
		(long long)(sntp->opts.wait_ns / 1000000));
	pier__sntp_lost(server, &sntp->opts);
	return 1;
}

/* Each in its turn, so that one who sends without end does not silence the
   others. */
static int
turn(void *it, void *out)
{
	struct pier_sntp_event *event = out;
	struct pier_sntp *sntp = it;
	size_t i;
	int rc;

	for (i = 0; i < sntp->count; i++) {
		size_t at = (sntp->turn + i) % sntp->count;

		rc = turn_one(sntp, &sntp->server[at], event);
		if (rc == 0)
			continue;
		sntp->turn = at + 1;
		event->server = at;
		return rc;
	}
	return 0;
}

/* ---- Waiting ------------------------------------------------------------ */

static bool
is_over(const void *it)
{
	const struct pier_sntp *sntp = it;
	size_t i;

	for (i = 0; i < sntp->count; i++) {
		if (sntp->server[i].state == PIER_SNTP_ASKING ||
			sntp->server[i].untold)
			return false;
	}
	return true;
}

/* Whose messages are waited for. How many those are. */
static size_t
list_waiting(struct pier_sntp *sntp)
{
	size_t n = 0, i;

	for (i = 0; i < sntp->count; i++) {
		if (sntp->server[i].state != PIER_SNTP_ASKING)
			continue;
		sntp->waiting_for[n] = i;
		sntp->waiting[n++] = (struct pier_waitable){
			.packet = sntp->server[i].packet, .want = PIER_READING
		};
	}
	return n;
}

/* Until there is something to do. 0, or as any call that waits. */
static int
await(void *it, pier_deadline deadline)
{
	struct pier_sntp *sntp = it;
	size_t n = list_waiting(sntp), i;
	pier_deadline until = deadline;
	int64_t moment;
	int rc;

	for (i = 0; i < n; i++) {
		moment = pier__sntp_moment(
			&sntp->server[sntp->waiting_for[i]], &sntp->opts);
		until = pier_earlier(until, pier_deadline_at(moment));
	}
	/* The moment may have come since it was looked at. */
	if (until.ns < deadline.ns && until.ns <= pier_now())
		return 0;
	rc = pier_wait_any(sntp->waiting, n, until);
	for (i = 0; rc > 0 && i < n; i++) {
		if (sntp->waiting[i].ready != 0)
			sntp->server[sntp->waiting_for[i]].readable = true;
	}
	if (rc == -PIER_EDEADLINE && until.ns < deadline.ns)
		return 0;
	return rc < 0 ? rc : 0;
}

static const struct pier__turns turns = { turn, is_over, await };

int
pier_sntp_next_sized(struct pier_sntp *sntp, struct pier_sntp_event *out,
	size_t event_size, pier_deadline deadline)
{
	struct pier_sntp_event event;
	int rc = pier__turns_next(&turns, sntp, &event, deadline);

	if (rc < 0)
		return pier__fail_step(
			rc, PIER_STEP_RECEIVE, sntp->server[0].host, NULL);
	if (rc == 0)
		return 0;
	memcpy(out, &event,
		event_size < sizeof(event) ? event_size : sizeof(event));
	return 1;
}

/* ---- Telling ------------------------------------------------------------ */

size_t
pier_sntp_count(const struct pier_sntp *sntp)
{
	return sntp->count;
}

int
pier_sntp_server_sized(const struct pier_sntp *sntp, size_t i,
	struct pier_sntp_server *out, size_t out_size)
{
	struct pier_sntp_server server;

	if (i >= sntp->count)
		return -EINVAL;
	pier__sntp_describe(&sntp->server[i], &server);
	memcpy(out, &server,
		out_size < sizeof(server) ? out_size : sizeof(server));
	return 0;
}

int
pier_sntp_result_sized(
	struct pier_sntp *sntp, struct pier_ntp_verdict *out, size_t out_size)
{
	struct pier_ntp_clock clocks[PIER_SNTP_SERVERS_MAX];
	int64_t now = pier_now();
	size_t i;
	int rc;

	for (i = 0; i < sntp->count; i++)
		pier__sntp_clock(&sntp->server[i], now, &clocks[i]);
	rc = pier_ntp_select_sized(
		clocks, sizeof(clocks[0]), sntp->count, out, out_size);
	for (i = 0; i < sntp->count; i++)
		sntp->server[i].vote = clocks[i].vote;
	return rc;
}
