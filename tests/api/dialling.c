/* SPDX-License-Identifier: MIT */
/* dialling.c - see dialling.h. */
#include "dialling.h"

#include <fcntl.h>
#include <setjmp.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"

struct pier_addr
addr_of(const char *text, unsigned int port)
{
	struct pier_addr addr;

	assert_int_equal(pier_addr_parse(&addr, text), 0);
	assert_int_equal(pier_addr_set_port(&addr, port), 0);
	return addr;
}

void
serve_on(struct server *server, const char *host, unsigned int port, int queue)
{
	struct pier_addr addr = addr_of(host, port);
	int on = 1;
	size_t i;

	server->fd = socket(addr.u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(server->fd, &addr.u.sa, addr.len), 0);
	assert_int_equal(listen(server->fd, queue), 0);
	assert_int_equal(getsockname(server->fd, &addr.u.sa, &addr.len), 0);
	server->port = (unsigned int)pier_addr_port(&addr);
	for (i = 0; i < FILLERS; i++)
		server->fillers[i] = -1;
}

void
fall_silent(struct server *server)
{
	struct pollfd queue = { .fd = server->fd, .events = POLLIN };
	struct pier_addr addr = { .len = sizeof(addr.u) };
	size_t i;

	assert_int_equal(getsockname(server->fd, &addr.u.sa, &addr.len), 0);
	for (i = 0; i < FILLERS; i++) {
		server->fillers[i] = socket(addr.u.sa.sa_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(server->fillers[i], &addr.u.sa, addr.len);
	}
	/* A busy kernel lets them in later. The first one fills a queue of 0. */
	assert_int_equal(poll(&queue, 1, -1), 1);
}

void
unserve(struct server *server)
{
	size_t i;

	for (i = 0; i < FILLERS; i++)
		if (server->fillers[i] >= 0)
			(void)close(server->fillers[i]);
	(void)close(server->fd);
}

unsigned int
closed_port(void)
{
	/* Held to the end of the program, of which the kernel closes it. */
	struct pier_addr addr = addr_of("::", 0);
	int off = 0;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
					 sizeof(off)),
			0);
	} else {
		addr = addr_of("0.0.0.0", 0);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	}
	assert_int_equal(bind(fd, &addr.u.sa, addr.len), 0);
	assert_int_equal(getsockname(fd, &addr.u.sa, &addr.len), 0);
	return (unsigned int)pier_addr_port(&addr);
}

unsigned int
free_port(void)
{
	struct server server;

	serve_on(&server, "127.0.0.1", 0, 1);
	unserve(&server);
	return server.port;
}

int
lookup(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline, void *arg)
{
	const char *const *hosts = arg;
	struct pier_addr addrs[32];
	size_t count = 0;

	(void)service;
	(void)opts;
	(void)deadline;
	assert_string_equal(host, "many.example");
	for (; hosts[count] != NULL; count++)
		assert_int_equal(
			pier_addr_parse(&addrs[count], hosts[count]), 0);
	if (count == 0)
		return -PIER_EAGAINNAME;
	return pier_names_make(out, addrs, count, NULL);
}

int
dial(struct call *call, struct pier_stream **out)
{
	struct pier_dial_opts opts = {
		.bind = call->bind,
		.attempt_delay_ms = 10,
		.lookup = call->host == NULL ? lookup : NULL,
		.lookup_arg = call->hosts,
		.report = &call->report,
	};

	(void)snprintf(call->endpoint, sizeof(call->endpoint), "tcp://%s:%u",
		call->host != NULL ? call->host : "many.example", call->port);
	call->until = call->within_ms == 0 ? PIER_FOREVER
					   : pier_in_ms(call->within_ms);
	return pier_dial(out, call->endpoint, &opts, call->until);
}

void
dial_fails(struct call *call, int rc, enum pier_step step)
{
	struct pier_stream *stream = NULL;
	int before = open_fds();

	assert_int_equal(dial(call, &stream), rc);
	assert_null(stream);
	assert_int_equal(open_fds(), before);
	assert_int_equal(pier_last_error()->code, rc);
	assert_int_equal(pier_last_error()->step, step);
	assert_int_equal(
		pier_last_error()->attempt_count, call->report.attempt_count);
}

void
peer_is(const struct pier_stream *stream, const char *host, unsigned int port)
{
	struct pier_addr expected = addr_of(host, port);
	struct pier_addr peer;

	assert_int_equal(pier_peer(stream, &peer), 0);
	assert_true(pier_addr_equal(&peer, &expected));
}

void
dial_reaches(struct call *call, const char *host)
{
	struct pier_stream *stream;
	int before = open_fds();
	const struct pier_dial_report *report = &call->report;

	if (dial(call, &stream) < 0)
		fail_msg("%s", pier_error_line());
	peer_is(stream, host, call->port);
	/* Those that lost the race are gone already. */
	assert_int_equal(open_fds(), before + 1);
	assert_true(fcntl(pier_fd(stream), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(pier_fd(stream), F_GETFL) & O_NONBLOCK);
	pier_close(stream);
	assert_true(report->attempt_count >= 1);
	assert_true(report->total_ns >= report->resolve_ns);
	assert_int_equal(open_fds(), before);
}
