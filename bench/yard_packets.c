/* SPDX-License-Identifier: MIT */
/*
 * The yardsticks of datagrams: an echo server by hand, recvfrom and sendto for
 * each message as textbooks have it, or with --batch recvmmsg and sendmmsg for
 * up to 32.
 */
#include "common.h"
#include "yard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define BATCH 32
#define SIZE  2048

static unsigned char bytes[BATCH][SIZE];

static void
one_by_one(int fd)
{
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(
			fd, bytes[0], SIZE, 0, (struct sockaddr *)&from, &len);

		if (n < 0)
			bench_fail(errno, "recvfrom");
		if (sendto(fd, bytes[0], (size_t)n, 0, (struct sockaddr *)&from,
			    len) < 0)
			bench_fail(errno, "sendto");
	}
}

static void
by_batches(int fd)
{
	static struct mmsghdr list[BATCH];
	static struct sockaddr_in from[BATCH];
	static struct iovec pieces[BATCH];
	int i, n, sent, went;

	for (;;) {
		for (i = 0; i < BATCH; i++) {
			pieces[i] = (struct iovec){ bytes[i], SIZE };
			list[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
				.msg_namelen = sizeof(from[i]),
				.msg_iov = &pieces[i],
				.msg_iovlen = 1 };
		}
		n = recvmmsg(fd, list, BATCH, MSG_WAITFORONE, NULL);
		if (n < 0)
			bench_fail(errno, "recvmmsg");
		for (i = 0; i < n; i++)
			pieces[i].iov_len = list[i].msg_len;
		for (sent = 0; sent < n; sent += went) {
			went = sendmmsg(
				fd, list + sent, (unsigned)(n - sent), 0);
			if (went <= 0)
				bench_fail(errno, "sendmmsg");
		}
	}
}

int
main(int argc, char **argv)
{
	struct yard_options options;
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd;

	yard_parse(&options, argc, argv, YARD_BATCH);
	addr.sin_port = htons((uint16_t)options.port);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		bench_fail(errno, "bind 127.0.0.1:%d", options.port);
	yard_ready(yard_port(fd));
	if (options.batch)
		by_batches(fd);
	else
		one_by_one(fd);
}
