/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/dump.c - capturing on the loopback interface, and on all, in which
 * every call goes wrong once; see each.h.
 */
#include "each.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Bounds what a lost message may cost; nothing waits that long. */
#define SOON pier_in_s(5)

/* A socket of its own, not by the table: only the capture may go wrong. What it
   sends comes back to it. */
static int
open_udp(struct sockaddr_in *name)
{
	socklen_t len = sizeof(*name);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*name = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)name, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)name, &len), 0);
	return fd;
}

static void
capture(struct fault_story *story, struct pier_dump *dump, int fd,
	const struct sockaddr_in *name)
{
	const struct pier_captured *packet;
	struct pier_dump_stats stats;
	struct pier_layers *layers;

	if (met(story, "layers", pier_layers_new(&layers)) < 0)
		return;
	assert_int_equal(sendto(fd, "hello", 5, 0,
				 (const struct sockaddr *)name, sizeof(*name)),
		5);
	if (met(story, "next", pier_dump_next(dump, &packet, SOON)) == 0) {
		(void)pier_layers_decode(layers, packet);
		if (memcmp(packet->data + packet->size - 5, "hello", 5) != 0)
			(void)met(story, "compare", -EBADMSG);
	}
	(void)met(story, "stats", pier_dump_stats(dump, &stats));
	pier_layers_free(layers);
}

static void
play(struct fault_story *story, const char *interface)
{
	struct pier_dump_opts opts = { .interface = interface, .snap = 200 };
	struct sockaddr_in name;
	struct pier_dump *dump;
	char filter[32];
	int fd = open_udp(&name);

	(void)snprintf(filter, sizeof(filter), "udp and port %u",
		ntohs(name.sin_port));
	opts.filter = filter;
	if (met(story, "open", pier_dump_open(&dump, &opts)) == 0) {
		capture(story, dump, fd, &name);
		pier_dump_close(dump);
	}
	(void)close(fd);
}

static void
over_loopback(struct fault_story *story)
{
	play(story, "lo");
}

static void
over_all(struct fault_story *story)
{
	play(story, NULL);
}

EACH_INSIDE(over_loopback)
EACH_INSIDE(over_all)

static const struct fault_scenario scenarios[] = {
	{ "loopback, fibers", over_loopback_by_fibers, NULL },
	{ "loopback, threads", over_loopback_by_threads, NULL },
	{ "all, fibers", over_all_by_fibers, NULL },
	{ "all, threads", over_all_by_threads, NULL },
};

int
main(void)
{
	struct pier_dump *dump;
	int rc = pier_dump_open(
		&dump, &(struct pier_dump_opts){ .interface = "lo" });

	if (rc < 0) {
		printf("1..0 # SKIP %s\n", pier_error_line());
		return 0;
	}
	pier_dump_close(dump);
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
