/* SPDX-License-Identifier: MIT */
/*
 * pier_resolve(): what can be answered without asking anybody is answered
 * here, by the same rules as the rest of pier reads addresses; the rest is a
 * question for the pool.
 */
#include <pier/resolve.h>

#include "addr/addr.h"
#include "addr/ip.h"
#include "names/names.h"
#include "task/failure.h"
#include "task/task.h"
#include "task/timeout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct request {
	const char *host; /* NULL: empty */
	const char *service;
	struct pier_resolve_opts opts;
	int port; /* -1: service is a name */
};

static int
refuse(const struct request *request, int rc, const char *detail)
{
	return pier__fail_step(rc, PIER_STEP_RESOLVE, request->host, detail);
}

static int
check_opts(const struct request *request)
{
	const struct pier_resolve_opts *opts = &request->opts;

	if (opts->family != AF_UNSPEC && opts->family != AF_INET &&
		opts->family != AF_INET6)
		return refuse(request, -EINVAL,
			"the family is AF_INET, AF_INET6 or 0 for both");
	if (opts->type != SOCK_STREAM && opts->type != SOCK_DGRAM)
		return refuse(request, -EINVAL,
			"the type is SOCK_STREAM or SOCK_DGRAM");
	if ((opts->also & ~(unsigned)(PIER_RESOLVE_ALIASES |
				      PIER_RESOLVE_SOURCE)) != 0)
		return refuse(request, -EINVAL,
			"also is PIER_RESOLVE_ALIASES and PIER_RESOLVE_SOURCE");
	return 0;
}

/* text, a host or a service, is wrong from `offset` on. */
static int
refuse_text(const char *text, size_t offset, const char *detail)
{
	struct pier__why why;

	return pier__fail_parse(
		pier__why_set(&why, offset, "%s", detail), text, &why);
}

static int
check_lengths(const struct request *request)
{
	if (request->host != NULL && strlen(request->host) > PIER__HOST_MAX)
		return refuse_text(request->host, PIER__HOST_MAX,
			"the host name is too long");
	if (request->service != NULL &&
		strlen(request->service) > PIER__SERVICE_MAX)
		return refuse_text(request->service, PIER__SERVICE_MAX,
			"the name of the service is too long");
	return 0;
}

/* The port if the service is none or a number, -1 if it is a name. */
static int
read_port(struct request *request)
{
	int64_t port = 0;

	if (request->service != NULL)
		port = pier__span_number(
			pier__span_of(request->service), 65535);
	if (port > 65535)
		return refuse_text(request->service, 0,
			"the port is out of range 0-65535");
	request->port = (int)port;
	return 0;
}

/* Adds addr, with the port, if it is of a family that was asked for. */
static size_t
add(struct pier_addr *list, size_t count, const struct request *request,
	const struct pier_addr *addr)
{
	if (request->opts.family != AF_UNSPEC &&
		request->opts.family != pier_addr_family(addr))
		return count;
	list[count] = *addr;
	(void)pier_addr_set_port(&list[count], (unsigned int)request->port);
	return count + 1;
}

/*
 * No host. IPv6 comes first: a dual-stack socket on "::" is every address, and
 * one on 0.0.0.0 is not.
 */
static int
answer_empty(struct pier_names **out, const struct request *request)
{
	struct pier_addr list[2];
	struct pier_addr addr = { .len = sizeof(addr.u.in6) };
	size_t count;

	memset(&addr.u, 0, sizeof(addr.u));
	addr.u.in6.sin6_family = AF_INET6;
	if (!request->opts.passive)
		addr.u.in6.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	count = add(list, 0, request, &addr);
	memset(&addr.u, 0, sizeof(addr.u));
	addr.len = sizeof(addr.u.in);
	addr.u.in.sin_family = AF_INET;
	if (!request->opts.passive)
		addr.u.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	count = add(list, count, request, &addr);
	return pier_names_make(out, list, count, "");
}

static int
answer_number(struct pier_names **out, const struct request *request,
	const struct pier__ip *ip)
{
	char text[PIER_ADDR_TEXT_MAX] = "";
	struct pier__why why;
	struct pier_addr addr;
	int rc;

	rc = pier__addr_from_ip(&addr, ip, (unsigned int)request->port, &why);
	if (rc < 0)
		return pier__fail_parse(rc, request->host, &why);
	if (request->opts.family != AF_UNSPEC &&
		request->opts.family != ip->family)
		return refuse(request, -PIER_ENONAME,
			"the address is of the other family");
	if (request->opts.canonical)
		(void)pier_addr_format_host(&addr, text, sizeof(text));
	return pier_names_make(out, &addr, 1, text);
}

/* 0 answered, 1 a look-up is needed, or an error. */
static int
answer_at_once(struct pier_names **out, const struct request *request)
{
	struct pier__why why;
	struct pier__ip ip;
	int rc;

	if (request->host == NULL)
		return request->port < 0 ? 1 : answer_empty(out, request);
	rc = pier__ip_parse(&ip, pier__span_of(request->host), &why);
	if (rc < 0)
		return pier__fail_parse(rc, request->host, &why);
	if (rc == 0 || request->port < 0)
		return 1;
	return answer_number(out, request, &ip);
}

static int
flags_of(const struct request *request)
{
	const char *c;
	int flags = 0;

	if (request->opts.passive)
		flags |= AI_PASSIVE;
	if ((request->opts.canonical || request->opts.also != 0) &&
		request->host != NULL)
		flags |= AI_CANONNAME;
	if (request->port >= 0)
		flags |= AI_NUMERICSERV;
	/* International names go to the DNS in their ASCII form. */
	for (c = request->host; c != NULL && *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			return flags | AI_IDN;
	return flags;
}

static const char *
no_service(const struct request *request)
{
	return request->opts.type == SOCK_DGRAM ? "no such service of udp"
						: "no such service of tcp";
}

static int
ask(struct pier_names **out, const struct request *request,
	pier_deadline deadline)
{
	struct pier__question question = {
		.host = request->host,
		.service = request->service,
		.family = request->opts.family,
		.type = request->opts.type,
		.flags = flags_of(request),
		.also = request->opts.also,
	};
	int64_t begin = pier_now();
	int rc = pier__names_ask(out, &question, deadline);
	struct pier__failure failure = { .step = PIER_STEP_RESOLVE,
		.endpoint = request->host,
		.elapsed_ns = pier_now() - begin };

	if (rc >= 0)
		return 0;
	if (rc == -PIER_ELIMIT)
		failure.detail = "PIER_RESOLVE_QUEUE_MAX look-ups wait already";
	if (rc == -PIER__ENOSERVICE) {
		rc = -PIER_ENONAME;
		failure.endpoint = request->service;
		failure.detail = no_service(request);
	}
	return pier__fail(rc, &failure);
}

static void
fill(struct request *request, const char *host, const char *service,
	const struct pier_resolve_opts *opts, size_t size)
{
	memset(request, 0, sizeof(*request));
	if (opts != NULL)
		memcpy(&request->opts, opts,
			size < sizeof(*opts) ? size : sizeof(*opts));
	if (request->opts.type == 0)
		request->opts.type = SOCK_STREAM;
	if (host != NULL && host[0] != '\0')
		request->host = host;
	if (service != NULL && service[0] != '\0')
		request->service = service;
}

int
pier_resolve_sized(struct pier_names **out, const char *host,
	const char *service, const struct pier_resolve_opts *opts, size_t size,
	pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	struct request request;
	int rc;

	if (self == NULL)
		return -ENOMEM;
	fill(&request, host, service, opts, size);
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	rc = pier__enter(self, deadline);
	if (rc < 0)
		return refuse(&request, rc, NULL);
	rc = check_opts(&request);
	if (rc == 0)
		rc = check_lengths(&request);
	if (rc == 0)
		rc = read_port(&request);
	if (rc < 0)
		return rc;
	rc = answer_at_once(out, &request);
	if (rc == -ENOMEM)
		return refuse(&request, rc, NULL);
	if (rc <= 0)
		return rc;
	if (deadline.ns == 0)
		return -EAGAIN;
	return ask(out, &request, deadline);
}
