/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/find.c - looking for a service by multicast DNS on the loopback
 * interface, in which every call goes wrong once; see each.h.
 *
 * Who answers is a thread that knows nothing of pier, and answers whatever is
 * asked, and unasked ten times a second, so that what is lost is made up for
 * soon: what fails is the asker's.
 */
#include "each.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define SOON  pier_in_s(20)
#define PORT  5353
#define GROUP "224.0.0.251"

/* One of _pierfault._tcp, at h.local port 80: PTR, SRV, TXT and A. */
static const char answer[] =
	"\0\0\x84\0\0\0\0\4\0\0\0\0"
	"\x0a_pierfault\4_tcp\5local\0\0\x0c\0\1\0\0\0\x78\0\6\3One\xc0\x0c"
	"\xc0\x2d\0\x21\x80\1\0\0\0\x78\0\x0a\0\0\0\0\0\x50\1h\xc0\x1c"
	"\xc0\x2d\0\x10\x80\1\0\0\0\x78\0\4\3a=b"
	"\xc0\x45\0\1\x80\1\0\0\0\x78\0\4\x7f\0\0\1";

struct answerer {
	int fd;
	int stop[2];
	pthread_t thread;
};

static struct answerer answerer;

static void *
answerer_main(void *arg)
{
	const struct answerer *it = arg;
	struct pollfd fds[] = { { .fd = it->stop[0], .events = POLLIN },
		{ .fd = it->fd, .events = POLLIN } };
	struct sockaddr_in group = { .sin_family = AF_INET,
		.sin_port = htons(PORT) };
	unsigned char query[9000];

	(void)inet_pton(AF_INET, GROUP, &group.sin_addr);
	for (;;) {
		ssize_t n = 3;

		query[2] = 0;
		if (poll(fds, 2, 100) < 0)
			continue;
		if (fds[0].revents != 0)
			return NULL;
		if (fds[1].revents != 0)
			n = recv(it->fd, query, sizeof(query), 0);
		/* Its own answer comes back, and is none to answer. */
		if (n > 2 && (query[2] & 0x80) == 0)
			(void)sendto(it->fd, answer, sizeof(answer) - 1, 0,
				(const struct sockaddr *)&group, sizeof(group));
	}
}

static void
answerer_start(struct answerer *it)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons(PORT) };
	struct ip_mreqn join = { .imr_ifindex = (int)if_nametoindex("lo"),
		.imr_address = { htonl(INADDR_LOOPBACK) } };
	int on = 1;

	(void)inet_pton(AF_INET, GROUP, &addr.sin_addr);
	join.imr_multiaddr = addr.sin_addr;
	it->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (it->fd < 0 || pipe(it->stop) < 0 ||
		setsockopt(it->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) <
			0 ||
		bind(it->fd, (const struct sockaddr *)&addr, sizeof(addr)) <
			0 ||
		setsockopt(it->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join,
			sizeof(join)) < 0 ||
		setsockopt(it->fd, IPPROTO_IP, IP_MULTICAST_IF, &join,
			sizeof(join)) < 0 ||
		pthread_create(&it->thread, NULL, answerer_main, it) != 0)
		abort();
}

static void
answerer_stop(struct answerer *it)
{
	(void)write(it->stop[1], "", 1);
	pthread_join(it->thread, NULL);
	close(it->stop[0]);
	close(it->stop[1]);
	close(it->fd);
}

static void
look(struct fault_story *story)
{
	static const char *const loopback[] = { "lo", NULL };
	const struct pier_find_opts opts = { .by = PIER_BY_MDNS,
		.interfaces = loopback };
	struct pier_find_event event;
	struct pier_find *find = NULL;
	long rc = met(story, "pier_find_open",
		pier_find_open(&find, "_pierfault._tcp", &opts));
	int tries = 0;

	if (rc < 0)
		return;
	/* What could not be remembered is told again. */
	do
		rc = met(story, "pier_find_next",
			pier_find_next(find, &event, SOON));
	while (rc < 0 && rc != -PIER_EDEADLINE && ++tries < 3);
	/* Whatever went wrong first, it must not be for good. */
	if (rc == -PIER_EDEADLINE)
		story->rc = -PIER_EDEADLINE;
	if (rc == 1 && (strcmp(event.service.instance, "One") != 0 ||
			       event.service.port != 80 ||
			       event.service.addr_count != 1))
		(void)met(story, "event", -EBADMSG);
	pier_find_close(find);
}

static const int also[] = { 0 };

static const struct fault_scenario scenarios[] = {
	{ "a service", look, also, .is_patient = true },
};

int
main(void)
{
	int rc;

	answerer_start(&answerer);
	rc = each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
	answerer_stop(&answerer);
	return rc;
}
