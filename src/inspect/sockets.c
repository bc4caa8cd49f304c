/* SPDX-License-Identifier: MIT */
/*
 * inspect/sockets.c - every socket: one question for each kind and family, and
 * the answers to it, until the kernel says that these were all.
 */
#include <pier/sockets.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "inspect/cgroups.h"
#include "inspect/diag.h"
#include "inspect/diag_socket.h"
#include "inspect/filter.h"
#include "inspect/owners.h"
#include "os/calls.h"
#include "task/failure.h"
#include "task/timeout.h"

#define WHERE "sock_diag"

/* Bytes of bytecode: what fits a request beside the rest of it. */
#define CODE_MAX 3072

/* A listing under way; on the heap, see diag_socket.h. */
struct listing {
	struct pier_sockets_opts opts;
	struct pier_sockets_report report;
	pier_socket_each *each;
	void *ctx;
	pier_deadline deadline;
	bool owned; /* owners are filled */
	uint32_t listed;
	int ended; /* what each returned */
	struct pier__owners owners;
	struct pier__cgroups cgroups; /* none, unless they are asked for */
	struct pier__filter filter;
	struct pier__diag diag;
	union pier__nl_request request;
	uint32_t code[CODE_MAX / 4];
	size_t code_len;
	struct pier__diag_socket socket;
};

static int
give(struct listing *listing)
{
	struct pier_socket *socket = &listing->diag.socket;

	listing->report.seen++;
	/* The kernel says CLOSE of those that it was asked for as BOUND; other
	   closed ones of TCP are in none of its tables. */
	if (socket->kind == PIER_SOCKET_TCP && socket->state == PIER_TCP_CLOSE)
		socket->state = PIER_TCP_BOUND_INACTIVE;
	if (listing->owned)
		socket->owners = pier__owners_of(
			&listing->owners, socket->inode, &socket->owner_count);
	if ((socket->have & PIER_SOCKET_HAS_CGROUP) != 0)
		socket->cgroup_path =
			pier__cgroups_path(&listing->cgroups, socket->cgroup);
	if (!pier__filter_match(&listing->filter, socket))
		return 0;
	listing->report.count++;
	listing->ended = listing->each(socket, listing->ctx);
	return listing->ended;
}

/* One piece of the answer: 1, more is to come; 0, that was all; or an error,
   or what each returned. */
static int
take_piece(struct listing *listing, uint32_t kind, struct pier__bytes piece)
{
	const struct nlmsghdr *message;
	int rc;

	while ((rc = pier__nl_message(&piece, &message)) > 0) {
		if (message->nlmsg_type == NLMSG_DONE ||
			message->nlmsg_type == NLMSG_ERROR)
			return pier__nl_status(message);
		if (message->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		rc = pier__diag_decode(
			&listing->diag, kind, pier__nl_body(message));
		if (rc == 0)
			rc = give(listing);
		if (rc != 0)
			return rc;
	}
	return rc < 0 ? rc : 1;
}

/* This kernel, or this container, knows no such kind. */
static bool
is_missing(int rc)
{
	return rc == -ENOENT || rc == -EPROTONOSUPPORT || rc == -EAFNOSUPPORT ||
	       rc == -EOPNOTSUPP;
}

static int
ask(struct listing *listing, uint32_t kind, uint16_t family)
{
	const struct pier__diag_ask question = { .kind = kind,
		.family = family,
		.states = pier__filter_states(&listing->filter),
		.code = listing->code,
		.code_len = listing->code_len };
	struct pier__bytes piece;
	int rc;

	pier__diag_request(&listing->request, &question);
	rc = pier__diag_send(
		&listing->socket, &listing->request, listing->deadline);
	if (rc < 0)
		return rc;
	do {
		rc = pier__diag_recv(
			&listing->socket, &piece, listing->deadline);
		if (rc == 0)
			rc = take_piece(listing, kind, piece);
		if (listing->ended != 0)
			return 0;
	} while (rc > 0);
	if (rc == 0)
		listing->listed |= kind;
	return is_missing(rc) ? 0 : rc;
}

static int
ask_all(struct listing *listing)
{
	uint32_t kinds =
		listing->opts.kinds & pier__filter_kinds(&listing->filter);
	uint32_t kind;
	int rc = 0;

	for (kind = 1; kind < PIER_SOCKET_ALL; kind <<= 1) {
		if ((kinds & kind) == 0)
			continue;
		rc = ask(listing, kind, AF_INET);
		if (rc == 0 && pier__diag_is_inet(kind) && listing->ended == 0)
			rc = ask(listing, kind, AF_INET6);
		if (rc < 0 || listing->ended != 0)
			return rc;
	}
	listing->report.missing = kinds & ~listing->listed;
	/* What cannot be is asked of nobody, and is no failure. */
	return kinds != 0 && listing->listed == 0 ? -EPROTONOSUPPORT : 0;
}

/* A machine that has them nowhere has no paths. */
static int
read_cgroups(struct listing *listing)
{
	int rc;

	if (!listing->opts.cgroups && !listing->filter.cgroups)
		return 0;
	rc = pier__cgroups_read(&listing->cgroups, PIER__CGROUPS_UNIFIED);
	if (rc == -ENOENT)
		rc = pier__cgroups_read(&listing->cgroups, PIER__CGROUPS_ROOT);
	if (rc == 0 || rc == -ENOENT || rc == -EACCES)
		return 0;
	return pier__fail_step(rc, PIER_STEP_CREATE, PIER__CGROUPS_ROOT, NULL);
}

static int
list(struct listing *listing)
{
	int rc = read_cgroups(listing);

	if (rc < 0)
		return rc;
	listing->owned = listing->opts.owners || listing->filter.owners;
	if (listing->owned) {
		rc = pier__owners_scan(&listing->owners, "/proc");
		if (rc < 0)
			return pier__fail_step(
				rc, PIER_STEP_CREATE, "/proc", NULL);
		listing->report.hidden = listing->owners.hidden;
	}
	listing->code_len = pier__filter_code(
		&listing->filter, listing->code, sizeof(listing->code));
	rc = pier__diag_open(&listing->socket);
	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_CREATE, WHERE, NULL);
	rc = ask_all(listing);
	pier__diag_close(&listing->socket);
	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_RECEIVE, WHERE,
			rc == -EPROTONOSUPPORT
				? "this kernel cannot list such sockets"
				: NULL);
	return 0;
}

static int
begin(struct listing *listing, const struct pier_sockets_opts *opts,
	size_t opts_size)
{
	struct pier__why why;

	if (opts != NULL)
		memcpy(&listing->opts, opts,
			opts_size < sizeof(*opts) ? opts_size : sizeof(*opts));
	if (listing->opts.kinds == 0)
		listing->opts.kinds = PIER_SOCKET_ALL;
	if (pier__filter_parse(&listing->filter, listing->opts.filter, &why) <
		0)
		return pier__fail_parse(-EINVAL, listing->opts.filter, &why);
	return 0;
}

int
pier_sockets_sized(const struct pier_sockets_opts *opts, size_t opts_size,
	size_t report_size, pier_socket_each *each, void *ctx,
	pier_deadline deadline)
{
	struct listing *listing = pier__alloc(sizeof(*listing));
	struct pier_sockets_report *report;
	int rc;

	if (listing == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_CREATE, WHERE, NULL);
	listing->each = each;
	listing->ctx = ctx;
	listing->deadline =
		deadline.ns < 0 ? pier__timeout_deadline(PIER__TIMEOUT_UNSET)
				: deadline;
	rc = begin(listing, opts, opts_size);
	if (rc == 0)
		rc = list(listing);
	report = listing->opts.report;
	if (rc >= 0 && report != NULL) {
		memset(report, 0, report_size);
		memcpy(report, &listing->report,
			report_size < sizeof(*report) ? report_size
						      : sizeof(*report));
	}
	if (rc == 0)
		rc = listing->ended;
	pier__owners_end(&listing->owners);
	pier__cgroups_end(&listing->cgroups);
	pier__free(listing);
	return rc;
}
