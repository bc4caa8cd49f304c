/* SPDX-License-Identifier: MIT */
/*
 * Datagrams in volleys: `connections` messages by one socket at once, asleep
 * until all of them have come back; so the server always has a queue. Mode
 * `packets`; `peers` is the same with a socket for each message. Each message
 * carries its number, and bytes that depend on it.
 */
#include "load.h"

#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64

struct batch {
	size_t size;
	struct mmsghdr list[BATCH];
	struct iovec pieces[BATCH];
	unsigned char *bytes; /* BATCH times size */
};

static void
batch_make(struct batch *batch, size_t size)
{
	int i;

	batch->size = size;
	batch->bytes = calloc(BATCH, size);
	if (batch->bytes == NULL)
		bench_fail(errno, "%zu bytes a message", size);
	for (i = 0; i < BATCH; i++) {
		batch->pieces[i] = (struct iovec){ .iov_base = batch->bytes +
							       (size_t)i * size,
			.iov_len = size };
		batch->list[i].msg_hdr =
			(struct msghdr){ .msg_iov = &batch->pieces[i],
				.msg_iovlen = 1 };
	}
}

static unsigned char *
message(const struct batch *batch, int i)
{
	return batch->bytes + (size_t)i * batch->size;
}

static int
connect_to(int port)
{
	struct sockaddr_in server = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
		connect(fd, (struct sockaddr *)&server, sizeof(server)) < 0)
		bench_fail(errno, "socket to port %d", port);
	return fd;
}

static void
fill(const struct batch *batch, int i, uint32_t number)
{
	memcpy(message(batch, i), &number, sizeof(number));
	memset(message(batch, i) + sizeof(number), (int)(number & 0xff),
		batch->size - sizeof(number));
}

/* Messages [first, first + count) of a volley whose number is in each. */
static void
send_batch(int fd, struct batch *batch, uint32_t first, int count)
{
	int i, n;

	for (i = 0; i < count; i++)
		fill(batch, i, first + (uint32_t)i);
	for (i = 0; i < count; i += n) {
		n = sendmmsg(fd, batch->list + i, (unsigned)(count - i), 0);
		if (n <= 0)
			bench_fail(errno, "sendmmsg");
	}
}

static void
check(const struct batch *batch, int i, uint32_t first, int count)
{
	const unsigned char *got = message(batch, i);
	uint32_t number;

	memcpy(&number, got, sizeof(number));
	if (batch->list[i].msg_len != batch->size ||
		number - first >= (uint32_t)count ||
		got[batch->size - 1] != (unsigned char)(number & 0xff))
		bench_fail(0, "a wrong message came back");
}

/* Until `count` have come back, all of the volley that begins with first. */
static void
take_all(int fd, struct batch *batch, uint32_t first, int count)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int left = count, i, n;

	while (left > 0) {
		n = recvmmsg(fd, batch->list, BATCH, 0, NULL);
		if (n < 0 && errno != EAGAIN)
			bench_fail(errno, "recvmmsg");
		if (n < 0 && poll(&ready, 1, 10000) != 1)
			bench_fail(
				0, "%d of %d did not come back", left, count);
		for (i = 0; i < n; i++)
			check(batch, i, first, count);
		left -= n > 0 ? n : 0;
	}
}

void
load_packets(struct load *load)
{
	struct batch out, in;
	int fd = connect_to(load->port);
	int64_t now_ns = bench_now_ns();
	uint32_t first = 0;

	if (load->size <= sizeof(first))
		bench_fail(0, "packets: --size is 5 or more");
	batch_make(&out, load->size);
	batch_make(&in, load->size);
	while (load_goes_on(load, now_ns)) {
		int64_t began_ns = now_ns;
		int sent, i;

		for (sent = 0; sent < load->connections; sent += BATCH) {
			int count = load->connections - sent;

			send_batch(fd, &out, first + (uint32_t)sent,
				count < BATCH ? count : BATCH);
		}
		take_all(fd, &in, first, load->connections);
		first += (uint32_t)load->connections;
		now_ns = bench_now_ns();
		for (i = 0; i < load->connections; i++)
			load_count(load, began_ns, now_ns);
	}
	close(fd);
}

static void
await(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	if (poll(&ready, 1, 10000) != 1)
		bench_fail(0, "a message did not come back");
}

/* The one message of this socket, which is that at place i of batch. */
static void
take_one(int fd, const struct batch *batch, int i, unsigned char *room)
{
	ssize_t n;

	while ((n = recv(fd, room, batch->size, 0)) < 0 && errno == EAGAIN)
		await(fd);
	if (n != (ssize_t)batch->size ||
		memcmp(room, message(batch, i), batch->size) != 0)
		bench_fail(n < 0 ? errno : 0, "a wrong message came back");
}

void
load_peers(struct load *load)
{
	int64_t now_ns = bench_now_ns();
	struct batch batch, room;
	uint32_t number = 0;
	int fds[BATCH], i, last = load->connections - 1;

	if (load->connections > BATCH || load->size <= sizeof(number))
		bench_fail(0,
			"peers: --connections is at most %d, --size 5 "
			"or more",
			BATCH);
	batch_make(&batch, load->size);
	batch_make(&room, load->size);
	for (i = 0; i <= last; i++)
		fds[i] = connect_to(load->port);
	while (load_goes_on(load, now_ns)) {
		int64_t began_ns = now_ns;

		for (i = 0; i <= last; i++, number++) {
			fill(&batch, i, number);
			if (send(fds[i], message(&batch, i), load->size, 0) < 0)
				bench_fail(errno, "send");
		}
		/* The others have come by then: this sleeps once. */
		take_one(fds[last], &batch, last, room.bytes);
		for (i = 0; i < last; i++)
			take_one(fds[i], &batch, i, room.bytes);
		now_ns = bench_now_ns();
		for (i = 0; i <= last; i++)
			load_count(load, began_ns, now_ns);
	}
	for (i = 0; i <= last; i++)
		close(fds[i]);
}
