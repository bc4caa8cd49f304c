/* SPDX-License-Identifier: MIT */
/* proto/ping.c - see pier/ping.h. */
#include "proto/ping.h"

#include <pier/error.h>

#include <errno.h>
#include <string.h>

#include "addr/addr.h"
#include "addr/ip.h"
#include "net/lookup.h"
#include "net/wishes.h"
#include "proto/turns.h"
#include "task/failure.h"
#include "task/timeout.h"

#define SECOND_NS INT64_C(1000000000)

/* Beside a probe's own bytes: a header of IP and of ICMP, and enough to see
   that an answer is longer than its probe. */
#define BEYOND (60 + PIER__PING_HEAD + 64)

/* ---- What all kinds share ----------------------------------------------- */

/* A fixed beat; what was late by more than one beat is not made up for. */
void
pier__ping_advance(struct pier_ping *ping, int64_t now)
{
	ping->next_ns += ping->opts.interval_ns;
	if (ping->next_ns < now)
		ping->next_ns = now + ping->opts.interval_ns;
}

struct pier_ping_event
pier__ping_event(enum pier_ping_what what, const struct pier__ping_probe *probe)
{
	return (struct pier_ping_event){ .what = what,
		.sequence = probe->sequence,
		.rtt_ns = -1,
		.ttl = -1,
		.icmp_type = -1,
		.icmp_code = -1,
		.text = "" };
}

struct pier_packet_error
pier__ping_own_error(int rc)
{
	return (struct pier_packet_error){
		.rc = rc, .type = -1, .code = -1, .meaning = pier_strerror(rc)
	};
}

void
pier__ping_lose(struct pier_ping *ping, struct pier_ping_event *event,
	struct pier__ping_probe *probe, const struct pier_packet_error *error)
{
	*event = pier__ping_event(PIER_PING_ERROR, probe);
	event->error = error->rc;
	event->icmp_type = error->type;
	event->icmp_code = error->code;
	event->mtu = error->mtu;
	event->from = error->from;
	event->text = error->meaning;
	pier__ping_book_lose(ping->book, probe, pier_now(), true);
}

/* ---- Opening ------------------------------------------------------------ */

static int
fail(const struct pier_ping *ping, int rc)
{
	return pier__fail_step(rc, ping->step, ping->text, ping->detail);
}

/* What is wrong with the options, or NULL; 0 becomes what it stands for. */
static const char *
check_opts(struct pier_ping_opts *opts)
{
	if (opts->interval_ns == 0)
		opts->interval_ns = SECOND_NS;
	if (opts->wait_ns == 0)
		opts->wait_ns = SECOND_NS;
	opts->size = opts->size == 0          ? PIER_PING_SIZE
		     : opts->size == PIER_OFF ? 0
					      : opts->size;
	if (opts->interval_ns < PIER_PING_INTERVAL_MIN_NS)
		return "the interval is at least 1 ms";
	if (opts->wait_ns < 0)
		return "the wait is above 0";
	if (opts->wait_ns / opts->interval_ns > PIER_PING_WINDOW)
		return "at most 16384 probes are on their way: a shorter wait, "
		       "or a longer interval";
	if (opts->size < 0 || opts->size > PIER_PING_SIZE_MAX)
		return "the size is 0 to 65507 bytes";
	if (opts->ttl < 0 || opts->ttl > 255)
		return "the TTL is 1 to 255";
	if (opts->tos < 0 || opts->tos > 255)
		return "the type of service is 0 to 255";
	if (opts->interface != NULL &&
		(opts->interface[0] == '\0' ||
			strlen(opts->interface) >= PIER__PING_LINK_MAX))
		return "the name of an interface has 1 to 15 bytes";
	return NULL;
}

/* What a device can be asked for besides. */
static int
prepare_l2cap(struct pier_ping *ping)
{
	if (ping->opts.size == 0)
		ping->opts.size = PIER__PING_L2CAP_SIZE;
	ping->step = PIER_STEP_CREATE;
	ping->detail = check_opts(&ping->opts);
	return ping->detail != NULL ? fail(ping, -EINVAL)
				    : pier__ping_l2cap_prepare(ping);
}

static int
take_kind(struct pier_ping *ping)
{
	struct pier__endpoint *endpoint = &ping->endpoint;
	int family = ping->opts.family;

	switch (endpoint->kind) {
	case PIER__ENDPOINT_ICMP:
		ping->way = PIER__PING_SOCKET;
		break;
	case PIER__ENDPOINT_TCP:
		ping->way = PIER__PING_TCP;
		ping->opts.size = 0;
		break;
	case PIER__ENDPOINT_UDP:
		ping->way = PIER__PING_UDP;
		break;
	default:
		ping->detail = "icmp, tcp and udp can be pinged, and "
			       "l2cap://DEVICE";
		return -EINVAL;
	}
	if (endpoint->family == AF_UNSPEC)
		endpoint->family = family;
	if (family == AF_UNSPEC || family == endpoint->family)
		return 0;
	ping->detail = "the family is not that of the endpoint";
	return -EINVAL;
}

/* Reads the endpoint and the options. 0, or an error, noted. */
static int
prepare(struct pier_ping *ping)
{
	struct pier__endpoint *endpoint = &ping->endpoint;
	const char *wrong = NULL;
	int rc;

	if (pier__ping_is_l2cap(ping->text))
		return prepare_l2cap(ping);
	rc = pier__endpoint_parse(endpoint, ping->text, &ping->why);
	if (rc < 0)
		return pier__fail_parse(rc, ping->text, &ping->why);
	endpoint->wishes.list = ping->opts.options;
	rc = pier__wishes_check_list(
		ping->opts.options, endpoint, &wrong, &ping->why);
	if (rc < 0)
		return pier__fail_parse(rc, wrong, &ping->why);
	ping->step = PIER_STEP_CREATE;
	ping->detail = check_opts(&ping->opts);
	rc = ping->detail != NULL ? -EINVAL : take_kind(ping);
	if (rc == 0 && ping->opts.interface != NULL)
		memcpy(ping->interface, ping->opts.interface,
			strlen(ping->opts.interface));
	if (rc < 0)
		return fail(ping, rc);
	return pier__bind_parse(&ping->local, ping->opts.bind);
}

static int
find_memory(struct pier_ping *ping)
{
	size_t window = (size_t)(ping->opts.wait_ns / ping->opts.interval_ns);
	int rc;

	ping->form.size = (size_t)ping->opts.size;
	ping->room = ping->form.size + BEYOND;
	ping->buf = pier__alloc(ping->room);
	if (ping->buf == NULL)
		return -ENOMEM;
	/* One that is due, one that is early after one that was late. */
	rc = pier__ping_book_open(&ping->book, ping->opts.count, window + 3);
	if (rc == 0)
		rc = pier__calls()->random(
			&ping->form.cookie, sizeof(ping->form.cookie));
	if (rc >= 0)
		rc = pier__calls()->random(
			&ping->form.id, sizeof(ping->form.id));
	return rc < 0 ? rc : 0;
}

/* There is no ICMPv6 to an IPv4 host: it is IPv4, however it is written. */
static void
unmap(struct pier_addr *addr)
{
	struct pier__ip_view view;
	struct pier__ip ip = { .family = AF_INET };
	struct pier__why why;

	if (!pier__addr_ip(&view, addr) || view.family != AF_INET)
		return;
	memcpy(ip.bytes, view.bytes, 4);
	/* Without a zone nothing of it can fail. */
	(void)pier__addr_from_ip(addr, &ip, 0, &why);
}

/* The first address for which there is a socket; else the first one's error. */
static int
open_first(struct pier_ping *ping, const struct pier_names *names)
{
	int family = pier__bind_family(&ping->local);
	enum pier_step step = PIER_STEP_BIND;
	const char *detail =
		"the host has no address of the local one's family";
	int rc = -EAFNOSUPPORT, one;
	bool tried = false;
	size_t i;

	for (i = 0; i < names->count; i++) {
		ping->to = names->addrs[i];
		if (ping->endpoint.kind == PIER__ENDPOINT_ICMP)
			unmap(&ping->to);
		if (family != AF_UNSPEC &&
			pier_addr_family(&ping->to) != family)
			continue;
		one = pier__ping_make_socket(ping);
		if (one == 0)
			return 0;
		if (!tried) {
			rc = one;
			step = ping->step;
			detail = ping->detail;
		}
		tried = true;
	}
	ping->step = step;
	ping->detail = detail;
	return fail(ping, rc);
}

static int
open_host(struct pier_ping *ping, pier_deadline deadline)
{
	const struct pier__lookup question = { .endpoint = &ping->endpoint,
		.text = ping->text,
		.fn = ping->opts.lookup,
		.arg = ping->opts.lookup_arg };
	struct pier_names *names = NULL;
	int rc = find_memory(ping);

	if (rc == 0 && ping->way == PIER__PING_L2CAP)
		rc = pier__ping_l2cap_open(ping, deadline);
	if (rc < 0)
		return fail(ping, rc);
	if (ping->way == PIER__PING_L2CAP)
		return 0;
	rc = pier__lookup(&names, &question, deadline);
	if (rc < 0)
		return rc;
	rc = open_first(ping, names);
	pier_names_free(names);
	return rc;
}

int
pier_ping_open_sized(struct pier_ping **out, const char *endpoint,
	const struct pier_ping_opts *opts, size_t opts_size,
	pier_deadline deadline)
{
	size_t len = strlen(endpoint);
	struct pier_ping *ping;
	int rc;

	ping = pier__alloc(sizeof(*ping) + len + 1);
	if (ping == NULL)
		return pier__fail_step(
			-ENOMEM, PIER_STEP_CREATE, endpoint, NULL);
	memcpy(ping->text, endpoint, len);
	pier__bare_init(&ping->socket, -1, AF_UNSPEC, 0);
	if (opts != NULL)
		memcpy(&ping->opts, opts,
			opts_size < sizeof(ping->opts) ? opts_size
						       : sizeof(ping->opts));
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	rc = prepare(ping);
	if (rc == 0)
		rc = open_host(ping, deadline);
	if (rc < 0) {
		pier_ping_close(ping);
		return rc;
	}
	ping->next_ns = pier_now();
	*out = ping;
	return 0;
}

void
pier_ping_close(struct pier_ping *ping)
{
	if (ping == NULL)
		return;
	/* That scheduler's engine holds a pointer to it. */
	if (!pier__bare_close(&ping->socket)) {
		ping->step = PIER_STEP_SHUTDOWN;
		(void)fail(ping, -EXDEV);
		return;
	}
	pier__ping_book_close(ping->book);
	pier__free(ping->buf);
	pier__free(ping);
}

/* ---- Waiting ------------------------------------------------------------ */

static bool
is_over(const void *it)
{
	const struct pier_ping *ping = it;

	return !pier__ping_book_has_more(ping->book) &&
	       ping->book->waiting == 0;
}

/* When there is something to do, whatever comes. */
static int64_t
next_moment(const struct pier_ping *ping)
{
	const struct pier__ping_probe *probe =
		pier__ping_book_oldest(ping->book);
	int64_t moment = INT64_MAX;
	bool sends = ping->way == PIER__PING_TCP
			     ? !ping->connecting
			     : pier__ping_book_has_room(ping->book);

	if (probe != NULL)
		moment = probe->sent_ns + ping->opts.wait_ns;
	if (sends && pier__ping_book_has_more(ping->book) &&
		ping->next_ns < moment)
		moment = ping->next_ns;
	return moment;
}

/* Until there is something to do. 0, or as any call that waits. */
static int
await(void *it, pier_deadline deadline)
{
	struct pier_ping *ping = it;
	pier_deadline until = deadline;
	int64_t moment = next_moment(ping);
	bool tcp = ping->way == PIER__PING_TCP;
	int rc;

	if (moment < deadline.ns)
		until = pier_deadline_at(moment);
	if (tcp && !ping->connecting) {
		rc = deadline.ns == 0 ? -EAGAIN : pier_sleep(until);
		if (rc == 0)
			rc = -PIER_EDEADLINE;
	} else {
		rc = pier__bare_wait(&ping->socket,
			tcp ? PIER_WRITING : PIER_READING, "ping", until);
	}
	return rc == -PIER_EDEADLINE && until.ns < deadline.ns ? 0 : rc;
}

static int
turn(void *it, void *event)
{
	struct pier_ping *ping = it;
	int64_t now = pier_now();
	int rc;

	rc = pier__bare_check(&ping->socket);
	if (rc < 0)
		return rc;
	ping->step = PIER_STEP_RECEIVE;
	ping->detail = NULL;
	rc = ping->way == PIER__PING_TCP
		     ? pier__ping_tcp_turn(ping, event, now)
		     : pier__ping_datagram_turn(ping, event, now);
	return rc;
}

static const struct pier__turns turns = { turn, is_over, await };

int
pier_ping_next_sized(struct pier_ping *ping, struct pier_ping_event *out,
	size_t event_size, pier_deadline deadline)
{
	struct pier_ping_event event;
	int rc = pier__turns_next(&turns, ping, &event, deadline);

	if (rc < 0)
		return fail(ping, rc);
	if (rc == 0)
		return 0;
	memcpy(out, &event,
		event_size < sizeof(event) ? event_size : sizeof(event));
	return 1;
}

/* ---- Telling ------------------------------------------------------------ */

void
pier_ping_stats_sized(
	const struct pier_ping *ping, struct pier_ping_stats *out, size_t size)
{
	struct pier_ping_stats stats;

	pier__ping_book_stats(ping->book, &stats);
	memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
}

int64_t
pier_ping_percentile(const struct pier_ping *ping, double share)
{
	return pier__ping_book_percentile(ping->book, share);
}

const struct pier_addr *
pier_ping_peer(const struct pier_ping *ping)
{
	return &ping->to;
}

const char *
pier_ping_way(const struct pier_ping *ping)
{
	static const char *const names[] = {
		[PIER__PING_SOCKET] = "ping socket",
		[PIER__PING_RAW] = "raw socket",
		[PIER__PING_UDP] = "udp",
		[PIER__PING_TCP] = "tcp",
		[PIER__PING_L2CAP] = "l2cap",
	};

	return names[ping->way];
}

size_t
pier_ping_size(const struct pier_ping *ping)
{
	return ping->form.size;
}
