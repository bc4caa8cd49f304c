/* SPDX-License-Identifier: MIT */
/*
 * net/dial.c - connecting: names, then the race of their addresses in one
 * task, which waits for all attempts at once.
 *
 * race.c says when the next attempt is due; here sockets are made, connected
 * and waited for. All of a dial is one block on the heap: the engine looks at
 * the descriptors in it. Invariants:
 *   1. descs[i].fd >= 0 exactly while attempt i goes on;
 *   2. report.attempts[i] is the story of order[i], i < report.attempt_count.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "io/wait_many.h"
#include "net/bind.h"
#include "net/bt.h"
#include "net/listen_fds.h"
#include "net/lookup.h"
#include "net/race.h"
#include "net/stream.h"
#include "net/tcp.h"
#include "net/unix.h"
#include "net/wishes.h"
#include "option/option.h"
#include "task/failure.h"

#define RFCOMM_TRIES 3

_Static_assert(RFCOMM_TRIES <= PIER_ATTEMPTS_MAX, "each has its place");

struct dial {
	const char *text;
	pier_deadline deadline;
	int64_t since;
	struct pier_dial_opts opts;
	struct pier__endpoint endpoint;
	struct pier__bind local;
	struct pier__race race;
	struct pier__why why; /* which option could not be set */
	struct pier__bt_try bt;
	struct pier_addr order[PIER_ATTEMPTS_MAX];
	struct pier__desc descs[PIER_ATTEMPTS_MAX];
	enum pier_step steps[PIER_ATTEMPTS_MAX]; /* where each one failed */
	struct pier_dial_report report;
};

static int
fail(struct dial *it, int rc, enum pier_step step, const char *detail)
{
	return pier__fail(
		rc, &(struct pier__failure){ .step = step,
			    .endpoint = it->text,
			    .detail = detail,
			    .elapsed_ns = pier_now() - it->since,
			    .attempts = it->report.attempts,
			    .attempt_count = it->report.attempt_count });
}

/* Attempt i is over, well or not. Its descriptor is for the caller. */
static void
note(struct dial *it, size_t i, int rc)
{
	struct pier_attempt *attempt = &it->report.attempts[i];

	attempt->rc = rc;
	attempt->elapsed_ns = pier_now() - it->since - attempt->start_ns;
}

static void
lose(struct dial *it, size_t i, int rc)
{
	note(it, i, rc);
	pier__desc_close(&it->descs[i]);
	pier__race_fail(&it->race, pier_now());
}

/* What was refused on the first socket is told. */
static int
set_options(struct dial *it, size_t i, int fd, enum pier__moment moment)
{
	const struct pier__option_kind kind = {
		.domain = pier_addr_family(&it->order[i]),
		.type = SOCK_STREAM,
	};
	struct pier__why why;
	int rc =
		pier__wishes_set(&it->endpoint.wishes, fd, &kind, moment, &why);

	if (rc < 0 && (i == 0 || moment == PIER__MOMENT_CONNECTED))
		it->why = why;
	return rc;
}

static int
make_bluetooth(struct dial *it, size_t i)
{
	int fd = pier__bt_socket(&it->bt);

	it->steps[i] = it->bt.step;
	return fd;
}

/* A socket that is ready to connect, or -errno. */
static int
make_socket(struct dial *it, size_t i)
{
	int family = pier_addr_family(&it->order[i]);
	int fd, rc;

	if (family == AF_BLUETOOTH)
		return make_bluetooth(it, i);
	it->steps[i] = PIER_STEP_CREATE;
	fd = pier__calls()->socket(family, SOCK_STREAM, 0);
	if (fd < 0)
		return fd;
	it->steps[i] = PIER_STEP_OPTION;
	rc = it->opts.nodelay == PIER_OFF || family == AF_VSOCK
		     ? 0
		     : pier__socket_enable(fd, IPPROTO_TCP, TCP_NODELAY);
	if (rc == 0)
		rc = set_options(it, i, fd, PIER__MOMENT_NEW);
	if (rc == 0) {
		it->steps[i] = PIER_STEP_BIND;
		rc = pier__bind_socket(&it->local, fd, family, SOCK_STREAM);
	}
	if (rc < 0)
		pier__close(fd);
	return rc < 0 ? rc : fd;
}

/* A loopback address dialled from the very port that nobody listens on
   connects to itself, once in a while: that is no peer. */
static bool
is_itself(const struct dial *it, size_t i)
{
	struct pier_addr own = { .len = sizeof(own.u) };

	return pier__calls()->getsockname(
		       it->descs[i].fd, &own.u.sa, &own.len) == 0 &&
	       pier_addr_equal(&own, &it->order[i]);
}

/* The last stream of two devices takes what they share with it, and a new one
   that the kernel has put on that meanwhile: of RFCOMM a reset is tried again. */
static void
go_on_after_reset(struct dial *it, int rc)
{
	if (rc == -ECONNRESET && it->endpoint.kind == PIER__ENDPOINT_RFCOMM &&
		it->race.count < RFCOMM_TRIES)
		it->order[it->race.count++] = it->order[0];
}

/* What became of attempt i: 1 connected, 0 not. */
static int
settle(struct dial *it, size_t i, int rc)
{
	if (rc == 0 && is_itself(it, i))
		rc = -ECONNREFUSED;
	if (rc < 0) {
		go_on_after_reset(it, rc);
		lose(it, i, rc);
		return 0;
	}
	note(it, i, 0);
	return 1;
}

/* Start the next attempt: 1 connected at once, 0 going on or failed. */
static int
start_next(struct dial *it, int64_t now)
{
	size_t i = pier__race_start(&it->race, now);
	struct pier_attempt *attempt = &it->report.attempts[i];
	int fd, rc;

	it->report.attempt_count = i + 1;
	*attempt = (struct pier_attempt){ .addr = it->order[i],
		.rc = -ECANCELED,
		.start_ns = now - it->since };
	fd = make_socket(it, i);
	if (fd < 0) {
		lose(it, i, fd);
		return 0;
	}
	pier__desc_init(&it->descs[i], fd,
		pier__desc_kind(pier_addr_family(&it->order[i]), SOCK_STREAM));
	it->steps[i] = PIER_STEP_CONNECT;
	rc = pier__calls()->connect(fd, &it->order[i].u.sa, it->order[i].len);
	/* Interrupted, it goes on all the same. */
	if (rc != -EINPROGRESS && rc != -EINTR)
		return settle(it, i, rc);
	it->descs[i].readable = false;
	it->descs[i].writable = false;
	return 0;
}

/* Attempt i can be written to: how did it end? As settle(), or an error of
   this machine, which says nothing of the address. */
static int
finish(struct dial *it, size_t i)
{
	int error = 0;
	socklen_t len = sizeof(error);
	int rc = pier__calls()->getsockopt(
		it->descs[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);

	return rc < 0 ? rc : settle(it, i, -error);
}

/*
 * Wait for the attempts that go on, until the next one is due. Returns the
 * index of one that has connected, -EAGAIN for none yet, or why the wait
 * ended (PIER_NOW: also -EAGAIN, and nothing is due).
 */
static int
wait_for_some(struct dial *it)
{
	struct pier__want wants[PIER_ATTEMPTS_MAX];
	size_t index[PIER_ATTEMPTS_MAX];
	int64_t next = pier__race_next(&it->race);
	pier_deadline until = it->deadline;
	size_t count = 0;
	size_t i;
	int rc;

	for (i = 0; i < it->race.started; i++) {
		if (it->descs[i].fd < 0)
			continue;
		index[count] = i;
		wants[count++] = (struct pier__want){ .desc = &it->descs[i],
			.want = PIER__OUT };
	}
	if (next < until.ns)
		until.ns = next;
	rc = pier__desc_wait_many(wants, count, "connect", until);
	if (rc == -PIER_EDEADLINE && until.ns < it->deadline.ns)
		return -EAGAIN;
	for (i = 0; rc > 0 && i < count; i++) {
		int one = wants[i].ready == 0 ? 0 : finish(it, index[i]);

		if (one > 0)
			return (int)index[i];
		if (one < 0)
			return one;
	}
	return rc < 0 ? rc : -EAGAIN;
}

/* The index of the address that connected, or an error, not noted. */
static int
race(struct dial *it)
{
	int rc = -EAGAIN;

	while (rc == -EAGAIN) {
		int64_t now = pier_now();

		if (pier__race_lost(&it->race))
			return it->report.attempts[0].rc;
		if (pier__race_due(&it->race, now)) {
			if (start_next(it, now) == 1)
				return (int)it->race.started - 1;
			continue;
		}
		rc = wait_for_some(it);
		if (rc == -EAGAIN && it->deadline.ns == 0)
			break;
	}
	return rc;
}

/* Every attempt that goes on is given up. */
static void
give_up(struct dial *it, int rc)
{
	size_t i;

	for (i = 0; i < it->race.started; i++) {
		if (it->descs[i].fd < 0)
			continue;
		note(it, i, rc);
		pier__desc_close(&it->descs[i]);
	}
}

static int
win(struct dial *it, struct pier_stream **out, size_t i)
{
	struct pier_stream *stream;
	int rc = set_options(it, i, it->descs[i].fd, PIER__MOMENT_CONNECTED);

	if (rc < 0) {
		give_up(it, -ECANCELED);
		return fail(it, rc, PIER_STEP_OPTION, it->why.text);
	}
	rc = pier__stream_new(&stream, it->descs[i].fd,
		pier_addr_family(&it->order[i]),
		it->endpoint.kind == PIER__ENDPOINT_TCP ? "tcp"
							: it->endpoint.scheme);
	if (rc == 0) {
		/* The engine knows the socket by the dial's descriptor. */
		pier__desc_forget(&it->descs[i]);
		it->descs[i].fd = -1;
		rc = pier__stream_set_name(stream, it->text);
		if (rc < 0)
			pier_close(stream);
	}
	give_up(it, -ECANCELED);
	if (rc < 0)
		return fail(it, rc, PIER_STEP_CREATE, NULL);
	*out = stream;
	return 0;
}

/* "tcp://[::]:80" is what a listener of both families calls itself. Where IPv6
   is switched off, this machine is 0.0.0.0. */
static size_t
add_other_wildcard(struct dial *it, size_t count)
{
	const struct pier_addr *only = &it->order[0];

	if (count != 1 || it->endpoint.family != AF_UNSPEC ||
		pier_addr_family(only) != AF_INET6 ||
		!IN6_IS_ADDR_UNSPECIFIED(&only->u.in6.sin6_addr) ||
		pier__bind_family(&it->local) != AF_UNSPEC)
		return count;
	it->order[1].len = sizeof(it->order[1].u.in);
	it->order[1].u.in.sin_family = AF_INET;
	it->order[1].u.in.sin_port = only->u.in6.sin6_port;
	return 2;
}

/* The addresses to try. */
static int
find_addresses(struct dial *it)
{
	const struct pier__lookup question = { .endpoint = &it->endpoint,
		.text = it->text,
		.fn = it->opts.lookup,
		.arg = it->opts.lookup_arg };
	struct pier_names *names = NULL;
	size_t count;
	int rc = pier__lookup(&names, &question, it->deadline);

	it->report.resolve_ns = pier_now() - it->since;
	if (rc < 0)
		return rc;
	it->report.address_count = names->count;
	count = pier__race_order(it->order, PIER_ATTEMPTS_MAX, names->addrs,
		names->count, pier__bind_family(&it->local));
	pier_names_free(names);
	count = add_other_wildcard(it, count);
	if (count == 0)
		return fail(it, -EADDRNOTAVAIL, PIER_STEP_BIND,
			"the peer has no address of the local one's family");
	pier__race_init(&it->race, count, it->opts.attempt_delay_ms * 1000000,
		pier_now());
	return 0;
}

static const char *
explain_connect(int rc)
{
	switch (rc) {
	case -EADDRNOTAVAIL:
		return "no local address or free port to connect from";
	case -ENODEV:
		return "this machine has no way to that context";
	default:
		return NULL;
	}
}

static const char *
explain(struct dial *it, int rc, enum pier_step step)
{
	if (it->endpoint.kind == PIER__ENDPOINT_RFCOMM) {
		it->bt.step = step;
		return pier__bt_explain(&it->bt, rc);
	}
	return step == PIER_STEP_CONNECT  ? explain_connect(rc)
	       : step == PIER_STEP_OPTION ? it->why.text
					  : NULL;
}

/* Races the addresses that were found. */
static int
dial_found(struct dial *it, struct pier_stream **out)
{
	enum pier_step step;
	size_t i;
	int rc;

	for (i = 0; i < PIER_ATTEMPTS_MAX; i++)
		it->descs[i].fd = -1;
	rc = race(it);
	if (rc >= 0)
		return win(it, out, (size_t)rc);
	/* The first address's own step, when all have failed. */
	step = pier__race_lost(&it->race) ? it->steps[0] : PIER_STEP_CONNECT;
	give_up(it, rc);
	return fail(it, rc, step, explain(it, rc, step));
}

static int
dial_tcp(struct dial *it, struct pier_stream **out)
{
	int rc = pier__bind_parse(&it->local, it->opts.bind);

	if (rc == 0)
		rc = find_addresses(it);
	return rc < 0 ? rc : dial_found(it, out);
}

/* One address, and nothing to look up. */
static int
dial_vsock(struct dial *it, struct pier_stream **out)
{
	if (it->opts.bind != NULL)
		return fail(it, -EINVAL, PIER_STEP_BIND,
			"vsock:// has no local address to choose");
	it->order[0] = it->endpoint.addr;
	it->report.address_count = 1;
	pier__race_init(&it->race, 1, 0, pier_now());
	return dial_found(it, out);
}

static int
dial_rfcomm(struct dial *it, struct pier_stream **out)
{
	it->bt.endpoint = &it->endpoint;
	it->bt.bind = it->opts.bind;
	it->order[0] = it->endpoint.addr;
	it->report.address_count = 1;
	pier__race_init(&it->race, 1, 0, pier_now());
	return dial_found(it, out);
}

static const char *
explain_unix(int rc)
{
	switch (rc) {
	case -ECONNREFUSED:
		return "its server is gone, or the file is no socket";
	case -EPROTOTYPE:
		return "it is not a stream socket";
	default:
		return NULL;
	}
}

/* The descriptor, or an error, noted. */
static int
connect_unix(struct dial *it)
{
	struct pier_attempt *attempt = &it->report.attempts[0];
	struct pier__unix_place place;
	struct pier__unix_try one = { .type = SOCK_STREAM,
		.wishes = &it->endpoint.wishes,
		.step = PIER_STEP_CONNECT };
	int fd = pier__unix_place_open(&place, &it->endpoint);

	it->report.address_count = 1;
	it->report.attempt_count = 1;
	attempt->start_ns = 0;
	if (fd == 0) {
		attempt->addr = place.addr;
		one.addr = &place.addr;
		fd = pier__unix_connect(&one, it->deadline);
		pier__unix_place_close(&place);
	}
	note(it, 0, fd < 0 ? fd : 0);
	if (fd >= 0)
		return fd;
	return fail(it, fd, one.step,
		one.step == PIER_STEP_OPTION ? one.why.text : explain_unix(fd));
}

static int
dial_unix(struct dial *it, struct pier_stream **out)
{
	int fd = connect_unix(it);
	int rc;

	if (fd < 0)
		return fd;
	rc = pier__stream_new(out, fd, AF_UNIX, "unix");
	if (rc < 0) {
		pier__close(fd);
		return fail(it, rc, PIER_STEP_CREATE, NULL);
	}
	rc = pier__stream_set_name(*out, it->text);
	if (rc < 0) {
		pier_close(*out);
		*out = NULL;
		return fail(it, rc, PIER_STEP_CREATE, NULL);
	}
	return 0;
}

/* A descriptor that was there before: a socket, if options are to be set. */
static int
dial_fd(struct dial *it, struct pier_stream **out)
{
	int fd = pier__endpoint_fd(&it->endpoint, it->text, PIER_STEP_CREATE);
	struct pier__option_kind kind;
	int rc = 0;

	if (fd < 0)
		return fd;
	if (!pier__wishes_none(&it->endpoint.wishes)) {
		rc = pier__option_kind_of(&kind, fd);
		if (rc == 0)
			rc = pier__wishes_set(&it->endpoint.wishes, fd, &kind,
				PIER__MOMENT_ANY, &it->why);
	}
	if (rc < 0)
		return fail(it, rc, PIER_STEP_OPTION, it->why.text);
	rc = pier_adopt(out, fd);
	return rc < 0 ? fail(it, rc, PIER_STEP_CREATE, NULL) : 0;
}

static int
dial_any(struct dial *it, struct pier_stream **out)
{
	struct pier__why why;
	int rc;

	switch (it->endpoint.kind) {
	case PIER__ENDPOINT_TCP:
		return dial_tcp(it, out);
	case PIER__ENDPOINT_UNIX:
		return dial_unix(it, out);
	case PIER__ENDPOINT_VSOCK:
		return dial_vsock(it, out);
	case PIER__ENDPOINT_RFCOMM:
		return dial_rfcomm(it, out);
	case PIER__ENDPOINT_FD:
		return dial_fd(it, out);
	default:
		rc = pier__why_set(&why, 0,
			"%s:// cannot be dialled as a stream: tcp, tcp4, "
			"tcp6, unix, vsock, rfcomm and fd can",
			it->endpoint.scheme);
		return pier__fail_parse(rc, it->text, &why);
	}
}

static int
check(struct dial *it, struct pier__task *self)
{
	const char *wrong = NULL;
	struct pier__why why;
	int rc = pier__endpoint_parse(&it->endpoint, it->text, &why);

	if (rc < 0)
		return pier__fail_parse(rc, it->text, &why);
	it->endpoint.wishes.list = it->opts.options;
	rc = pier__wishes_check_list(
		it->opts.options, &it->endpoint, &wrong, &why);
	if (rc < 0)
		return pier__fail_parse(rc, wrong, &why);
	if (it->opts.attempt_delay_ms < 0 ||
		it->opts.attempt_delay_ms > INT64_MAX / 1000000)
		return fail(it, -EINVAL, PIER_STEP_CONNECT,
			"attempt_delay_ms is out of range");
	rc = pier__enter(self, it->deadline);
	return rc < 0 ? fail(it, rc, PIER_STEP_CONNECT, NULL) : 0;
}

int
pier_dial_sized(struct pier_stream **out, const char *endpoint,
	const struct pier_dial_opts *opts, size_t opts_size, size_t report_size,
	pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	struct dial *it = pier__alloc(sizeof(*it));
	struct pier_stream *stream = NULL;
	int rc;

	if (self == NULL || it == NULL) {
		pier__free(it);
		return pier__fail_step(
			-ENOMEM, PIER_STEP_CREATE, endpoint, NULL);
	}
	if (opts != NULL)
		memcpy(&it->opts, opts,
			opts_size < sizeof(it->opts) ? opts_size
						     : sizeof(it->opts));
	it->text = endpoint;
	it->since = pier_now();
	it->deadline = deadline.ns < 0
			       ? pier__timeout_deadline(PIER__TIMEOUT_UNSET)
			       : deadline;
	rc = check(it, self);
	if (rc == 0)
		rc = dial_any(it, &stream);
	it->report.total_ns = pier_now() - it->since;
	if (it->opts.report != NULL) {
		memset(it->opts.report, 0, report_size);
		memcpy(it->opts.report, &it->report,
			report_size < sizeof(it->report) ? report_size
							 : sizeof(it->report));
	}
	pier__free(it);
	if (rc == 0)
		*out = stream;
	return rc;
}
