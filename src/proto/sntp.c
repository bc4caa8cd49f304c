/* SPDX-License-Identifier: MIT */
/* proto/sntp.c - asking servers of NTP, and waiting; see pier/sntp.h. */
#include <pier/sntp.h>

#include <pier/error.h>
#include <pier/packet.h>
#include <pier/task.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/lookup.h"
#include "proto/sntp_server.h"
#include "task/failure.h"
#include "task/timeout.h"

struct pier_sntp {
	struct pier_sntp_opts opts;
	size_t count;
	size_t turn; /* whose message is looked for first */
	struct pier__sntp_server server[PIER_SNTP_SERVERS_MAX];
	struct pier_waitable waiting[PIER_SNTP_SERVERS_MAX];
	size_t waiting_for[PIER_SNTP_SERVERS_MAX];
	unsigned char buf[PIER__SNTP_MESSAGE_MAX + 1];
	char hosts[]; /* each with its end */
};

/* ---- Opening ------------------------------------------------------------ */

/* A host that is being opened. */
struct opening {
	struct pier_sntp *sntp;
	const char *host;
	char text[PIER__HOST_MAX + PIER__SERVICE_MAX + 16]; /* its endpoint */
	struct pier__endpoint endpoint;
	struct pier__why why;
	const struct pier_addr *addr; /* the one of its addresses */
};

static const char *
scheme_of(int family)
{
	return family == AF_INET ? "udp4" : family == AF_INET6 ? "udp6" : "udp";
}

/* HOST, HOST:PORT, [ADDR6]:PORT and ADDR6 become an endpoint. */
static int
write_endpoint(struct opening *it)
{
	const char *scheme = scheme_of(it->sntp->opts.family);
	const char *colon = strchr(it->host, ':');
	bool bracketed = it->host[0] == '[';
	bool bare6 =
		!bracketed && colon != NULL && strchr(colon + 1, ':') != NULL;
	bool has_port = bracketed ? strstr(it->host, "]:") != NULL
				  : colon != NULL && !bare6;
	char port[16] = "";
	int len;

	if (!has_port)
		(void)snprintf(port, sizeof(port), ":%d", PIER_SNTP_PORT);
	if (strstr(it->host, "://") != NULL)
		len = snprintf(it->text, sizeof(it->text), "%s", it->host);
	else
		len = snprintf(it->text, sizeof(it->text), "%s://%s%s%s%s",
			scheme, bare6 ? "[" : "", it->host, bare6 ? "]" : "",
			port);
	return len < (int)sizeof(it->text)
		       ? 0
		       : pier__fail_step(-EINVAL, PIER_STEP_PARSE, it->host,
				 "a host name has at most 253 bytes");
}

static int
parse(struct opening *it)
{
	const struct pier__endpoint *endpoint = &it->endpoint;
	int rc = write_endpoint(it);

	if (rc < 0)
		return rc;
	rc = pier__endpoint_parse(&it->endpoint, it->text, &it->why);
	if (rc < 0)
		return pier__fail_parse(rc, it->text, &it->why);
	if (endpoint->kind == PIER__ENDPOINT_UDP &&
		endpoint->reach == PIER__REACH_ONE && !endpoint->group &&
		endpoint->host[0] != '\0')
		return 0;
	return pier__fail_step(-EINVAL, PIER_STEP_PARSE, it->host,
		"a server of NTP is HOST, HOST:PORT or udp://HOST:PORT");
}

/* In place of names: the one address that was found before. */
static int
that_one(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline, void *arg)
{
	(void)host, (void)service, (void)opts, (void)deadline;
	return pier_names_make(out, arg, 1, NULL);
}

/* Loopback is this machine: nobody else is bothered. */
static bool
is_own(const struct pier_sntp *sntp, const struct pier_addr *addr)
{
	return sntp->opts.own ||
	       (pier_addr_kinds(addr) & PIER_ADDR_IS_LOOPBACK) != 0;
}

static struct pier__sntp_server *
add_server(struct opening *it)
{
	struct pier_sntp *sntp = it->sntp;
	struct pier__sntp_server *server;

	if (sntp->count == PIER_SNTP_SERVERS_MAX)
		return NULL;
	server = &sntp->server[sntp->count++];
	server->host = it->host;
	server->failed = PIER_SNTP_CHECKS;
	server->readable = true;
	server->asked.version = sntp->opts.version;
	return server;
}

/* What the task's record of errors says of it. */
static void
fail_server(struct pier__sntp_server *server, int rc)
{
	const struct pier_error *error = pier_last_error();

	pier__sntp_fail(server, rc, error->step,
		error->detail[0] != '\0' ? error->detail : pier_strerror(rc));
}

static int
open_server(struct opening *it, struct pier_addr *addr, pier_deadline deadline)
{
	const struct pier_sntp_opts *opts = &it->sntp->opts;
	struct pier_packet_opts packet = { .bind = opts->bind,
		.lookup = that_one,
		.lookup_arg = addr,
		.options = opts->options,
		.ask = PIER_ASK_TIME | PIER_ASK_ERRORS };
	struct pier__sntp_server *server = add_server(it);
	int rc;

	if (server == NULL)
		return pier__fail_step(-EINVAL, PIER_STEP_CREATE, it->host,
			"at most 64 servers are asked");
	server->asked.to = *addr;
	server->own = is_own(it->sntp, addr);
	rc = pier_packet_open(&server->packet, it->text, &packet, deadline);
	/* No queue of errors: gVisor and the simulator. A closed port is told
	   all the same. */
	if (rc == -ENOPROTOOPT) {
		packet.ask = PIER_ASK_TIME;
		rc = pier_packet_open(
			&server->packet, it->text, &packet, deadline);
	}
	/* As the kernel has it, with the zone of a link. */
	if (rc == 0)
		rc = pier_packet_peer(server->packet, &server->asked.to);
	if (rc < 0)
		fail_server(server, rc);
	server->next_ns = rc == 0 ? pier_now() : INT64_MAX;
	return 0;
}

static int
open_addresses(struct opening *it, const struct pier_names *names,
	pier_deadline deadline)
{
	size_t most = it->sntp->opts.addresses, i;
	int rc = 0;

	for (i = 0; rc == 0 && i < names->count && i < most; i++) {
		struct pier_addr addr = names->addrs[i];

		rc = open_server(it, &addr, deadline);
	}
	return rc;
}

static bool
is_passing(int rc)
{
	return rc == -ECANCELED || rc == -EAGAIN || rc == -ENOMEM ||
	       rc == -EMFILE || rc == -ENFILE;
}

/* 0 also where its name is not to be had: that is told of as an event. */
static int
open_host(struct opening *it, pier_deadline deadline)
{
	const struct pier__lookup question = { .endpoint = &it->endpoint,
		.text = it->text,
		.fn = it->sntp->opts.lookup,
		.arg = it->sntp->opts.lookup_arg };
	struct pier__sntp_server *server;
	struct pier_names *names = NULL;
	int rc = parse(it);

	if (rc < 0)
		return rc;
	rc = pier__lookup(&names, &question, deadline);
	if (rc == 0) {
		rc = open_addresses(it, names, deadline);
		pier_names_free(names);
		return rc;
	}
	server = is_passing(rc) ? NULL : add_server(it);
	if (server == NULL)
		return rc;
	fail_server(server, rc);
	return 0;
}

/* Its part of what is left, so that one slow name does not take all. */
static pier_deadline
share_of(pier_deadline deadline, size_t left)
{
	if (deadline.ns == INT64_MAX || deadline.ns == 0 || left < 2)
		return deadline;
	return pier_in_ns(pier_left_ns(deadline) / (int64_t)left);
}

static int
open_all(struct opening *it, size_t count, pier_deadline deadline)
{
	struct pier_sntp *sntp = it->sntp;
	const char *host = sntp->hosts;
	const struct pier__sntp_server *first = &sntp->server[0];
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		it->host = host;
		rc = open_host(it, share_of(deadline, count - i));
		host += strlen(host) + 1;
	}
	if (rc < 0)
		return rc;
	for (i = 0; i < sntp->count; i++) {
		if (sntp->server[i].packet != NULL)
			return 0;
	}
	return pier__fail_step(
		first->error, first->step, first->host, first->text);
}

static int
start(struct pier_sntp *sntp, size_t count, pier_deadline deadline)
{
	const char *wrong = count == 0 ? "no host is named"
				       : pier__sntp_check_opts(&sntp->opts);
	struct opening *it;
	int rc;

	if (wrong != NULL)
		return pier__fail_step(
			-EINVAL, PIER_STEP_CREATE, sntp->hosts, wrong);
	/* Too much for a fiber's stack. */
	it = pier__alloc(sizeof(*it));
	if (it == NULL)
		return pier__fail_step(
			-ENOMEM, PIER_STEP_CREATE, sntp->hosts, NULL);
	it->sntp = sntp;
	rc = open_all(it, count, deadline);
	pier__free(it);
	return rc;
}

int
pier_sntp_open_sized(struct pier_sntp **out, const char *const *hosts,
	size_t count, const struct pier_sntp_opts *opts, size_t opts_size,
	pier_deadline deadline)
{
	struct pier_sntp *sntp;
	size_t room = 1, i, at = 0;
	int rc;

	for (i = 0; i < count; i++)
		room += strlen(hosts[i]) + 1;
	sntp = pier__alloc(sizeof(*sntp) + room);
	if (sntp == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_CREATE, "", NULL);
	for (i = 0; i < count; i++) {
		memcpy(sntp->hosts + at, hosts[i], strlen(hosts[i]));
		at += strlen(hosts[i]) + 1;
	}
	if (opts != NULL)
		memcpy(&sntp->opts, opts,
			opts_size < sizeof(sntp->opts) ? opts_size
						       : sizeof(sntp->opts));
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	rc = start(sntp, count, deadline);
	if (rc < 0) {
		pier_sntp_close(sntp);
		return rc;
	}
	*out = sntp;
	return 0;
}

void
pier_sntp_close(struct pier_sntp *sntp)
{
	size_t i;

	if (sntp == NULL)
		return;
	for (i = 0; i < sntp->count; i++)
		pier_packet_close(sntp->server[i].packet);
	pier__free(sntp);
}

/* ---- One turn ----------------------------------------------------------- */

/* No fault of the way there: the call itself cannot go on. */
static bool
ends_the_call(int rc)
{
	return is_passing(rc) || rc == -EBUSY || rc == -EXDEV ||
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
turn(struct pier_sntp *sntp, struct pier_sntp_event *event)
{
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
is_over(const struct pier_sntp *sntp)
{
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
await(struct pier_sntp *sntp, pier_deadline deadline)
{
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

int
pier_sntp_next_sized(struct pier_sntp *sntp, struct pier_sntp_event *out,
	size_t event_size, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	struct pier_sntp_event event;
	int rc = self == NULL ? -ENOMEM : 0;

	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	while (rc == 0) {
		rc = pier__enter(self, deadline);
		if (rc == 0)
			rc = turn(sntp, &event);
		if (rc == 0 && is_over(sntp))
			return 0;
		if (rc == 0)
			rc = await(sntp, deadline);
	}
	if (rc < 0)
		return pier__fail_step(
			rc, PIER_STEP_RECEIVE, sntp->server[0].host, NULL);
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
