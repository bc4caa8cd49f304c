/* SPDX-License-Identifier: MIT */
/*
 * Options, socket and ready line of the echo servers.
 */
#include "yard.h"

#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

static void __attribute__((noreturn)) usage(const char *name, unsigned taken)
{
	bench_fail(0, "usage: %s [--port N] [--buf N]%s%s%s%s%s%s%s%s", name,
		taken & YARD_ARRAY ? " [--array]" : "",
		taken & YARD_MODEL ? " [--model NAME] [--workers N]" : "",
		taken & YARD_PROCESSES ? " [--processes N]" : "",
		taken & YARD_TARGET ? " --target N" : "",
		taken & YARD_SPLICE ? " [--splice]" : "",
		taken & YARD_BATCH ? " [--batch]" : "",
		taken & YARD_UDP ? " [--udp]" : "",
		taken & YARD_FRAME ? " [--frame]" : "");
}

/* Those of all; 0: it is none of them. */
static int
take_common(struct yard_options *options, int opt)
{
	if (opt == 'p')
		options->port = (int)bench_number("--port", optarg, 0, 65535);
	else if (opt == 'b')
		options->buf_size =
			(size_t)bench_number("--buf", optarg, 1, 16 << 20);
	else
		return 0;
	return 1;
}

static int
take_special(struct yard_options *options, int opt, unsigned taken)
{
	if (opt == 'a' && (taken & YARD_ARRAY))
		options->array = 1;
	else if (opt == 'm' && (taken & YARD_MODEL))
		options->model = optarg;
	else if (opt == 'w' && (taken & YARD_MODEL))
		options->workers = (int)bench_number(
			"--workers", optarg, 1, YARD_WORKERS_MAX);
	else if (opt == 'n' && (taken & YARD_PROCESSES))
		options->processes = (int)bench_number(
			"--processes", optarg, 1, YARD_WORKERS_MAX);
	else if (opt == 't' && (taken & YARD_TARGET))
		options->target =
			(int)bench_number("--target", optarg, 1, 65535);
	else if (opt == 's' && (taken & YARD_SPLICE))
		options->splice = 1;
	else if (opt == 'g' && (taken & YARD_BATCH))
		options->batch = 1;
	else if (opt == 'u' && (taken & YARD_UDP))
		options->udp = 1;
	else if (opt == 'f' && (taken & YARD_FRAME))
		options->frame = 1;
	else
		return 0;
	return 1;
}

void
yard_parse(struct yard_options *options, int argc, char **argv, unsigned taken)
{
	static const struct option longs[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "buf", required_argument, NULL, 'b' },
		{ "array", no_argument, NULL, 'a' },
		{ "model", required_argument, NULL, 'm' },
		{ "workers", required_argument, NULL, 'w' },
		{ "processes", required_argument, NULL, 'n' },
		{ "target", required_argument, NULL, 't' },
		{ "splice", no_argument, NULL, 's' },
		{ "batch", no_argument, NULL, 'g' },
		{ "udp", no_argument, NULL, 'u' },
		{ "frame", no_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	*options = (struct yard_options){ .buf_size = 4096 };
	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (!take_common(options, opt) &&
			!take_special(options, opt, taken))
			usage(argv[0], taken);
	}
	if (optind < argc)
		bench_fail(
			0, "%s: takes no argument '%s'", argv[0], argv[optind]);
}

int
yard_listen(int port, int flags)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	int on = 1;

	if (fd < 0)
		bench_fail(errno, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		bench_fail(errno, "bind 127.0.0.1:%d", port);
	if (listen(fd, YARD_BACKLOG) < 0)
		bench_fail(errno, "listen");
	return fd;
}

int
yard_port(int fd)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		bench_fail(errno, "getsockname");
	return ntohs(addr.sin_port);
}

void
yard_ready(int port)
{
	printf("READY %d\n", port);
	fflush(stdout);
}
