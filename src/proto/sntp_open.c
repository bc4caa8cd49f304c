/* SPDX-License-Identifier: MIT */
/* proto/sntp_open.c - servers of NTP by their names, a socket for each; see
   pier/sntp.h. */
#include <pier/error.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/bind.h"
#include "net/lookup.h"
#include "net/sent.h"
#include "net/wishes.h"
#include "proto/sntp_inside.h"
#include "task/failure.h"
#include "task/timeout.h"

/* A host that is being opened. */
struct opening {
	struct pier_sntp *sntp;
	const char *host;
	char text[PIER__HOST_MAX + PIER__SERVICE_MAX + 16]; /* its endpoint */
	struct pier__endpoint endpoint;
	struct pier__why why;
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
	const char *wrong = NULL;
	int rc = write_endpoint(it);

	if (rc < 0)
		return rc;
	rc = pier__endpoint_parse(&it->endpoint, it->text, &it->why);
	if (rc < 0)
		return pier__fail_parse(rc, it->text, &it->why);
	if (endpoint->kind != PIER__ENDPOINT_UDP ||
		endpoint->reach != PIER__REACH_ONE || endpoint->group ||
		endpoint->host[0] == '\0')
		return pier__fail_step(-EINVAL, PIER_STEP_PARSE, it->host,
			"a server of NTP is HOST, HOST:PORT or "
			"udp://HOST:PORT");
	rc = pier__wishes_check_list(
		it->sntp->opts.options, endpoint, &wrong, &it->why);
	return rc < 0 ? pier__fail_parse(rc, wrong, &it->why) : 0;
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

/* The one that has this address already, or NULL. */
static const struct pier__sntp_server *
known_at(const struct pier_sntp *sntp, const struct pier_addr *addr)
{
	size_t i;

	for (i = 0; i < sntp->count; i++)
		if (pier_addr_equal(&sntp->server[i].asked.to, addr))
			return &sntp->server[i];
	return NULL;
}

/* Asked twice, one server would outvote another. */
static void
pass_over(struct pier_sntp *sntp, struct pier__sntp_server *server,
	const struct pier__sntp_server *other)
{
	char text[128];

	(void)snprintf(text, sizeof(text),
		"the same address as %.60s, which is asked: it counts once",
		other->host);
	pier__sntp_fail(server, -EEXIST, PIER_STEP_RESOLVE, text);
	server->state = PIER_SNTP_SAME;
	server->same = (size_t)(other - sntp->server);
	server->asked.to = other->asked.to;
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
	const struct pier__sntp_server *other = known_at(it->sntp, addr);
	struct pier__sntp_server *server = add_server(it);
	int rc;

	if (server == NULL)
		return pier__fail_step(-EINVAL, PIER_STEP_CREATE, it->host,
			"at most 64 servers are asked");
	if (other != NULL) {
		pass_over(it->sntp, server, other);
		return 0;
	}
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
	/* Else it is read before the request is sent. */
	if (rc == 0)
		(void)pier__sent_ask(server->packet);
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
	server = pier__sntp_is_passing(rc) ? NULL : add_server(it);
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
	return pier__fail_step(first->error, first->step, first->host,
		strcmp(first->text, pier_strerror(first->error)) == 0
			? NULL
			: first->text);
}

static int
start(struct pier_sntp *sntp, size_t count, pier_deadline deadline)
{
	const char *wrong = count == 0 ? "no host is named"
				       : pier__sntp_check_opts(&sntp->opts);
	struct pier__bind local;
	struct opening *it;
	int rc;

	if (wrong != NULL)
		return pier__fail_step(
			-EINVAL, PIER_STEP_CREATE, sntp->hosts, wrong);
	/* What is wrong with it is no server's fault. */
	rc = pier__bind_parse(&local, sntp->opts.bind);
	if (rc < 0)
		return rc;
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
