/* SPDX-License-Identifier: MIT */
/*
 * frames: what receiving messages costs. A thread on the other core sends them,
 * as fast as it can, through a pair of sockets; this one receives them, in one of
 * these ways, and copies each to a place of its own:
 *
 *   hand      recv of blocks; for each message one memchr, or a look at its
 *             length, and one memcpy
 *   recv      pier_frame_recv()
 *   many      pier_frame_view_many(), and a copy of each
 *   view      pier_frame_view(), and no copy: what the others need not do
 *   evbuffer  libevent's evbuffer_read() and evbuffer_readln(); lines only
 *   feed      only sends, to standard output, which is a socket: frames.py
 *
 * The result is one line of JSON: processor time of the receiving thread for
 * each message, the kernel's part included.
 */
#include <pier.h>

#include "common.h"

#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#if defined(BENCH_EVENT)
#include <event2/buffer.h>
#endif

#define BLOCK   65536
#define LONGEST 65536
#define CORE    0
#define FEEDER  1

/* What is sent: whole messages, again and again. */
static unsigned char feed[4 * (LONGEST + 4)];
static size_t feed_size;

static struct {
	const char *by;
	int lines; /* else u32be */
	size_t size;
	uint64_t count;
	int fds[2];
	uint64_t received;
	unsigned char sum; /* so that nothing is left out by the compiler */
} bench;

static unsigned char message[LONGEST + 8];

static void
pin(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	/* On a machine with one core both share it. */
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void
make_feed(void)
{
	size_t head = bench.lines ? 0 : 4;
	size_t whole = bench.size + (bench.lines ? 1 : 4);
	size_t i;

	while (feed_size + whole <= sizeof(feed)) {
		unsigned char *at = feed + feed_size;

		for (i = 0; i < head; i++)
			at[i] = (unsigned char)(bench.size >> (24 - 8 * i));
		memset(at + head, 'x', bench.size);
		if (bench.lines)
			at[bench.size] = '\n';
		feed_size += whole;
	}
}

/* Until the other end is closed. */
static void *
send_feed(void *arg)
{
	size_t done = 0;
	ssize_t n;

	(void)arg;
	pin(FEEDER);
	for (;;) {
		n = send(bench.fds[1], feed + done, feed_size - done,
			MSG_NOSIGNAL);
		if (n < 0)
			return NULL;
		done = (done + (size_t)n) % feed_size;
	}
}

/* A message is at `message`. 1: that was the last one. */
static inline int
take(size_t size)
{
	bench.sum ^= message[size / 2];
	return ++bench.received == bench.count;
}

/* ---- By hand ---------------------------------------------------------- */

/* What came of a message whose end is in a block to come. */
static size_t part;

static int
split_lines(const unsigned char *at, size_t left)
{
	const unsigned char *end;

	while ((end = memchr(at, '\n', left)) != NULL) {
		size_t size = (size_t)(end - at);

		memcpy(message + part, at, size);
		if (take(part + size))
			return 1;
		part = 0;
		at += size + 1;
		left -= size + 1;
	}
	memcpy(message + part, at, left);
	part += left;
	return 0;
}

static unsigned char header[4];
static size_t header_have, body_left;

/* What lies in one block, from its length to its end. How much of it is left. */
static size_t
split_whole(const unsigned char *at, size_t left)
{
	uint32_t size;

	while (left >= sizeof(size)) {
		memcpy(&size, at, sizeof(size));
		size = be32toh(size);
		if (left - sizeof(size) < size)
			break;
		memcpy(message, at + sizeof(size), size);
		at += sizeof(size) + size;
		left -= sizeof(size) + size;
		if (take(size))
			return 0;
	}
	return left;
}

/* The rest of a message that began in an earlier block, or the beginning of
   one. How much was used. */
static size_t
split_part(const unsigned char *at, size_t left)
{
	const size_t all = left;
	size_t some = 4 - header_have < left ? 4 - header_have : left;

	memcpy(header + header_have, at, some);
	header_have += some;
	at += some;
	left -= some;
	if (header_have < 4)
		return all;
	if (part == 0)
		body_left = (size_t)header[0] << 24 | (size_t)header[1] << 16 |
			    (size_t)header[2] << 8 | header[3];
	some = body_left < left ? body_left : left;
	memcpy(message + part, at, some);
	part += some;
	body_left -= some;
	if (body_left == 0) {
		(void)take(part);
		part = 0;
		header_have = 0;
	}
	return all - left + some;
}

static int
split_lengths(const unsigned char *at, size_t left)
{
	size_t used = 0;

	if (header_have > 0)
		used = split_part(at, left);
	if (header_have == 0 && bench.received < bench.count) {
		size_t rest = split_whole(at + used, left - used);

		if (rest > 0 && bench.received < bench.count)
			(void)split_part(at + left - rest, rest);
	}
	return bench.received == bench.count;
}

static void
by_hand(void)
{
	static unsigned char block[BLOCK];
	ssize_t n;

	while ((n = recv(bench.fds[0], block, sizeof(block), 0)) > 0) {
		if (bench.lines ? split_lines(block, (size_t)n)
				: split_lengths(block, (size_t)n))
			return;
	}
}

/* ---- By pier ---------------------------------------------------------- */

/* 1: that was the last one; 0: go on; or an error. */
static int
one_copy(struct pier_frame *frame)
{
	size_t size;
	int rc = pier_frame_recv(
		frame, message, sizeof(message), &size, PIER_DEFAULT);

	return rc == 1 ? take(size) : rc;
}

static int
one_view(struct pier_frame *frame)
{
	const void *data;
	size_t size;
	int rc = pier_frame_view(frame, &data, &size, PIER_DEFAULT);

	if (rc != 1)
		return rc;
	bench.sum ^= ((const unsigned char *)data)[size / 2];
	return ++bench.received == bench.count;
}

static int
many_views(struct pier_frame *frame)
{
	struct iovec list[64];
	int i, n = pier_frame_view_many(frame, list, 64, PIER_DEFAULT);

	for (i = 0; i < n; i++) {
		memcpy(message, list[i].iov_base, list[i].iov_len);
		if (take(list[i].iov_len))
			return 1;
	}
	return n < 0 ? n : 0;
}

static int
by_pier(void *arg)
{
	int (*step)(struct pier_frame *) = arg;
	struct pier_framing framing = {
		.kind = bench.lines ? PIER_FRAME_LINE : PIER_FRAME_U32BE
	};
	struct pier_stream *stream;
	struct pier_frame *frame;
	int rc = pier_adopt(&stream, bench.fds[0]);

	if (rc == 0)
		rc = pier_frame_attach(&frame, stream, &framing);
	if (rc < 0)
		return rc;
	do {
		rc = step(frame);
	} while (rc == 0);
	pier_close(stream);
	return rc < 0 ? rc : 0;
}

/* ---- By libevent ------------------------------------------------------ */

#if defined(BENCH_EVENT)
static void
by_evbuffer(void)
{
	struct evbuffer *buffer = evbuffer_new();
	size_t size;
	char *line;

	while (evbuffer_read(buffer, bench.fds[0], BLOCK) > 0) {
		while ((line = evbuffer_readln(
				buffer, &size, EVBUFFER_EOL_LF)) != NULL) {
			int last = ++bench.received == bench.count;

			bench.sum ^= (unsigned char)line[size / 2];
			free(line);
			if (last)
				return;
		}
	}
}
#else
static void
by_evbuffer(void)
{
	bench_fail(0, "frames: built without libevent");
}
#endif

static void
receive(void)
{
	int (*step)(struct pier_frame *) = one_copy;

	if (strcmp(bench.by, "hand") == 0) {
		by_hand();
		return;
	}
	if (strcmp(bench.by, "evbuffer") == 0) {
		by_evbuffer();
		return;
	}
	if (strcmp(bench.by, "view") == 0)
		step = one_view;
	if (strcmp(bench.by, "many") == 0)
		step = many_views;
	if (pier_run(by_pier, (void *)(uintptr_t)step, NULL, NULL) < 0)
		bench_fail(0, "%s", pier_error_line());
}

static int64_t
thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void
parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "by", required_argument, NULL, 'b' },
		{ "kind", required_argument, NULL, 'k' },
		{ "size", required_argument, NULL, 's' },
		{ "count", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	const char *kind = "line";
	int opt;

	bench.by = "recv";
	bench.size = 64;
	bench.count = 1000000;
	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (opt == 'b')
			bench.by = optarg;
		else if (opt == 'k')
			kind = optarg;
		else if (opt == 's')
			bench.size = (size_t)bench_number(
				"--size", optarg, 1, LONGEST);
		else if (opt == 'c')
			bench.count = (uint64_t)bench_number(
				"--count", optarg, 1, 1 << 30);
		else
			bench_fail(0,
				"usage: %s [--by "
				"hand|recv|many|view|evbuffer|feed]"
				" [--kind line|u32be] [--size N]"
				" [--count N]",
				argv[0]);
	}
	bench.lines = strcmp(kind, "line") == 0;
	if (!bench.lines && strcmp(kind, "u32be") != 0)
		bench_fail(0, "frames: --kind '%s' is not line or u32be", kind);
	if (!bench.lines && strcmp(bench.by, "evbuffer") == 0)
		bench_fail(0, "frames: evbuffer has lines only");
}

int
main(int argc, char **argv)
{
	int64_t began_ns, wall_ns, used_ns;
	pthread_t feeder;
	int error, size = 1 << 20;

	parse(argc, argv);
	make_feed();
	if (strcmp(bench.by, "feed") == 0) {
		bench.fds[1] = STDOUT_FILENO;
		(void)send_feed(NULL);
		return 0;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, bench.fds) < 0)
		bench_fail(errno, "socketpair");
	(void)setsockopt(
		bench.fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	error = pthread_create(&feeder, NULL, send_feed, NULL);
	if (error != 0)
		bench_fail(error, "a thread that sends");
	pin(CORE);
	wall_ns = bench_now_ns();
	began_ns = thread_ns();
	receive();
	used_ns = thread_ns() - began_ns;
	wall_ns = bench_now_ns() - wall_ns;
	if (bench.received != bench.count)
		bench_fail(0, "frames: %llu messages of %llu came",
			(unsigned long long)bench.received,
			(unsigned long long)bench.count);
	printf("{\"by\":\"%s\",\"messages\":%llu,\"size\":%zu,\"ns\":%.3f,"
	       "\"per_second\":%.1f,\"sum\":%d}\n",
		bench.by, (unsigned long long)bench.count, bench.size,
		(double)used_ns / (double)bench.count,
		(double)bench.count / (double)wall_ns * 1e9, bench.sum);
	return 0;
}
