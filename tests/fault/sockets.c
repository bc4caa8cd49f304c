/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/sockets.c - listing sockets, finding whose they are, and watching
 * them close, in which every call goes wrong once; see each.h. Whose they are is looked for in a
 * folder made for it: /proc has as many calls as the machine has descriptors.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "inspect/owners.h"
#include "task/task.h"

/* Bounds what a lost message may cost; nothing waits that long. */
#define SOON pier_in_s(5)

static char root[] = "/tmp/pier-fault-XXXXXX";

static int
count(const struct pier_socket *socket, void *ctx)
{
	(void)socket;
	++*(unsigned *)ctx;
	return 0;
}

static void
over_sockets(struct fault_story *story)
{
	const struct pier_sockets_opts opts = {
		/* Of kinds that a machine has few of. */
		.filter = "(udp port:1) or packet"
	};
	unsigned seen = 0;

	(void)met(story, "sockets", pier_sockets(&opts, count, &seen, SOON));
}

static void
over_owners(struct fault_story *story)
{
	struct pier__owners owners;
	int rc = pier__owners_scan(&owners, root);

	if (rc == 0)
		pier__owners_end(&owners);
	else
		/* The story is pier_sockets()'s, which has /proc. */
		(void)pier__fail(
			rc, &(struct pier__failure){ .step = PIER_STEP_CREATE,
				    .endpoint = root });
	(void)met(story, "owners", rc);
}

/* A socket of its own, not by the table: only the watch may go wrong. */
static int
open_udp(unsigned *port)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(name);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	*port = ntohs(name.sin_port);
	return fd;
}

static void
over_watch(struct fault_story *story)
{
	struct pier_socket_watch_opts opts = { .kinds = PIER_SOCKET_UDP };
	struct pier_socket_watch *watch = NULL;
	const struct pier_socket *closed;
	unsigned port;
	char filter[32];
	int fd = open_udp(&port);

	(void)snprintf(filter, sizeof(filter), "udp sport:%u", port);
	opts.filter = filter;
	if (met(story, "watch", pier_socket_watch_open(&watch, &opts)) < 0) {
		(void)close(fd);
		return;
	}
	(void)close(fd);
	if (met(story, "next", pier_socket_watch_next(watch, &closed, SOON)) ==
			0 &&
		pier_addr_port(&closed->local) != (int)port)
		(void)met(story, "compare", -EBADMSG);
	pier_socket_watch_close(watch);
}

static void
over_own(struct fault_story *story)
{
	unsigned port, seen = 0;
	int fd = open_udp(&port);
	int rc = met(story, "own", pier_socket_of(fd, count, &seen, SOON));

	if (rc == 0 && seen != 1)
		(void)met(story, "compare", -EBADMSG);
	(void)close(fd);
}

EACH_INSIDE(over_sockets)
EACH_INSIDE(over_watch)
EACH_INSIDE(over_own)

/* What meets the folder itself is no passing over. */
static const int also[] = { -ENOENT, -EACCES, 0 };

static const struct fault_scenario scenarios[] = {
	{ "sockets, fibers", over_sockets_by_fibers, NULL },
	{ "sockets, threads", over_sockets_by_threads, NULL },
	{ "own, fibers", over_own_by_fibers, NULL },
	{ "own, threads", over_own_by_threads, NULL },
	{ "watch, fibers", over_watch_by_fibers, NULL },
	{ "watch, threads", over_watch_by_threads, NULL },
	{ "owners", over_owners, also },
};

static int
make_process(const char *name, int sockets)
{
	char path[128], link[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	if (mkdir(path, 0755) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/%s/comm", root, name);
	file = fopen(path, "w");
	if (file == NULL || fputs("name\n", file) < 0 || fclose(file) != 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/%s/fd", root, name);
	if (mkdir(path, 0755) < 0)
		return -1;
	for (int i = 0; i < sockets; i++) {
		(void)snprintf(
			path, sizeof(path), "%s/%s/fd/%d", root, name, i);
		(void)snprintf(link, sizeof(link), "socket:[%d]", 10 + i);
		if (symlink(link, path) < 0)
			return -1;
	}
	return 0;
}

int
main(void)
{
	char line[64];
	int failed;

	if (mkdtemp(root) == NULL || make_process("1", 0) < 0 ||
		make_process("2", 3) < 0) {
		perror(root);
		return 1;
	}
	failed = each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
	(void)snprintf(line, sizeof(line), "rm -r %s", root);
	return system(line) != 0 || failed != 0;
}
