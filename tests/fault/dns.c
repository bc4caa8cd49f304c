/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/dns.c - a question to a name server, by datagram and, as the answer
 * to that is cut off, by TCP, in which every call goes wrong once; see each.h.
 *
 * The name server is a thread that knows nothing of pier: what fails is the
 * asker's. What fails once is tried again, by itself.
 */
#include "each.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define SOON        pier_in_s(20)
#define HEAD        12
#define MESSAGE_MAX 600

/* An A record of the name in the question: 192.0.2.1, for a minute. */
static const unsigned char record[] = { 0xc0, HEAD, 0, 1, 0, 1, 0, 0, 0, 60, 0,
	4, 192, 0, 2, 1 };

struct name_server {
	int udp, tcp;
	int stop[2];
	char where[64];
	pthread_t thread;
};

/* The answer to len bytes of a query, with the record or cut off before it. */
static size_t
answer(unsigned char *out, const unsigned char *query, size_t len, bool cut)
{
	size_t end = HEAD;

	while (end < len && query[end] != 0)
		end += query[end] + (size_t)1;
	end += 5;
	if (end > len || end + sizeof(record) > MESSAGE_MAX)
		return 0;
	memcpy(out, query, end);
	memset(out + 6, 0, 6);
	out[2] = (unsigned char)(0x81 | (cut ? 2 : 0));
	out[3] = 0x80;
	out[7] = !cut;
	if (cut)
		return end;
	memcpy(out + end, record, sizeof(record));
	return end + sizeof(record);
}

static void
answer_datagram(const struct name_server *it)
{
	unsigned char query[MESSAGE_MAX], out[MESSAGE_MAX];
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	ssize_t n = recvfrom(it->udp, query, sizeof(query), 0,
		(struct sockaddr *)&peer, &len);
	size_t size = n < 0 ? 0 : answer(out, query, (size_t)n, true);

	/* Twice: one that is spoilt is not waited for again. */
	for (int i = 0; i < 2 && size > 0; i++)
		(void)sendto(
			it->udp, out, size, 0, (struct sockaddr *)&peer, len);
}

/* All of it, or to the peer's end. */
static size_t
receive(int fd, unsigned char *out, size_t size)
{
	size_t got = 0;
	ssize_t n;

	while (got < size && (n = recv(fd, out + got, size - got, 0)) > 0)
		got += (size_t)n;
	return got;
}

static void
answer_stream(const struct name_server *it)
{
	unsigned char query[MESSAGE_MAX], out[2 + MESSAGE_MAX];
	int fd = accept(it->tcp, NULL, NULL);
	size_t len, size = 0;

	if (fd < 0)
		return;
	if (receive(fd, query, 2) == 2) {
		len = (size_t)query[0] << 8 | query[1];
		if (len <= sizeof(query) && receive(fd, query, len) == len)
			size = answer(out + 2, query, len, false);
	}
	out[0] = (unsigned char)(size >> 8);
	out[1] = (unsigned char)size;
	if (size > 0)
		(void)send(fd, out, size + 2, MSG_NOSIGNAL);
	close(fd);
}

static void *
name_server_main(void *arg)
{
	const struct name_server *it = arg;
	struct pollfd fds[] = { { .fd = it->stop[0], .events = POLLIN },
		{ .fd = it->udp, .events = POLLIN },
		{ .fd = it->tcp, .events = POLLIN } };

	for (;;) {
		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[0].revents != 0)
			return NULL;
		if (fds[1].revents != 0)
			answer_datagram(it);
		if (fds[2].revents != 0)
			answer_stream(it);
	}
}

/* Both at one port, which somebody else may have one of. */
static bool
bind_both(struct name_server *it)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(addr);

	it->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	it->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (it->tcp < 0 || it->udp < 0)
		abort();
	if (bind(it->tcp, (struct sockaddr *)&addr, len) == 0 &&
		getsockname(it->tcp, (struct sockaddr *)&addr, &len) == 0 &&
		bind(it->udp, (struct sockaddr *)&addr, len) == 0 &&
		listen(it->tcp, 8) == 0) {
		(void)snprintf(it->where, sizeof(it->where), "127.0.0.1:%d",
			ntohs(addr.sin_port));
		return true;
	}
	close(it->tcp);
	close(it->udp);
	return false;
}

static void
name_server_start(struct name_server *it)
{
	while (!bind_both(it))
		;
	if (pipe(it->stop) < 0 ||
		pthread_create(&it->thread, NULL, name_server_main, it) != 0)
		abort();
}

static void
name_server_stop(struct name_server *it)
{
	close(it->stop[1]);
	(void)pthread_join(it->thread, NULL);
	close(it->stop[0]);
	close(it->tcp);
	close(it->udp);
}

static struct name_server name_server;

static void
ask(struct fault_story *story)
{
	const struct pier_dns_opts opts = { .server = name_server.where };
	struct pier_dns_answer *found = NULL;

	if (met(story, "ask",
		    pier_dns_ask(&found, "www.example.org", PIER_DNS_A, &opts,
			    SOON)) < 0)
		return;
	if (found->code != 0 || found->count != 1 || !found->by_tcp)
		(void)met(story, "answer", -EBADMSG);
	pier_dns_free(found);
}

EACH_INSIDE(ask)

/* A message that came up short, by TCP. */
static const int also[] = { -EBADMSG, -ETIMEDOUT, -PIER_EEND, 0 };

static const struct fault_scenario scenarios[] = {
	{ "a question, fibers", ask_by_fibers, also, .is_patient = true },
	{ "a question, threads", ask_by_threads, also, .is_patient = true },
};

int
main(void)
{
	int rc;

	name_server_start(&name_server);
	rc = each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
	name_server_stop(&name_server);
	return rc;
}
