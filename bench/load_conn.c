/* SPDX-License-Identifier: MIT */
/*
 * Connections of the load generator, and the check of every byte.
 *
 * All streams are read out of one table of random bytes, so that sending
 * copies nothing and checking is one memcmp. The table repeats after a prime
 * number of bytes: a server that loses or doubles a buffer, whose size is
 * never a multiple of it, does not go unseen.
 */
#include "load.h"

#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAM_PERIOD 65521 /* prime */
/* Sources in use: 127.16.0.0 and the 65536 addresses that follow. */
#define SOURCE_FIRST 0x7f100000u
#define SOURCES      65536u

static unsigned char stream[STREAM_PERIOD + LOAD_FLIGHT_MAX];
/* What the table repeats after, and where a connection may begin in it. */
static size_t period = STREAM_PERIOD;
static size_t step = 1;
static unsigned char received[2 * LOAD_FLIGHT_MAX];

/* splitmix64: the same table in each run, and no byte like its neighbour. */
static uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Each message begins with the length of its rest, 32 bits, the high byte
   first. */
static unsigned char
framed(size_t i, size_t size)
{
	size_t at = i % size;

	return at < 4 ? (unsigned char)((size - 4) >> (24 - 8 * at))
		      : (unsigned char)mix(i);
}

void
load_stream_init(size_t frame_size)
{
	size_t i;

	if (frame_size > 0) {
		step = frame_size;
		period = STREAM_PERIOD / step * step;
	}
	for (i = 0; i < sizeof(stream); i++)
		stream[i] = frame_size > 0 ? framed(i % period, frame_size)
					   : (unsigned char)mix(i % period);
}

static const unsigned char *
stream_at(const struct load_conn *conn, uint64_t position)
{
	return stream + (conn->origin + position) % period;
}

static void
bind_source(int fd, uint32_t number)
{
	struct sockaddr_in source = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(SOURCE_FIRST + number % SOURCES),
	};
	int on = 1;

	/* The port is chosen at connect, when the peer is known: one that is
	   in use towards another server will do. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&source, sizeof(source)) < 0)
		bench_fail(errno, "bind to source %u", number);
}

void
load_open(struct load *load, struct load_conn *conn, int wait)
{
	struct sockaddr_in server = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)load->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	uint32_t number = load->opened++;
	int on = 1, error = 0;
	socklen_t len = sizeof(error);
	struct pollfd ready = { .events = POLLOUT };

	conn->fd =
		socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (conn->fd < 0)
		bench_fail(errno, "socket of connection %u", number);
	conn->origin = (uint32_t)(mix(number) % period / step * step);
	conn->due = conn->sent = conn->got = 0;
	setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	bind_source(conn->fd, number);
	if (connect(conn->fd, (struct sockaddr *)&server, sizeof(server)) < 0 &&
		errno != EINPROGRESS)
		bench_fail(errno, "connection %u", number);
	if (!wait)
		return;
	ready.fd = conn->fd;
	if (poll(&ready, 1, 10000) != 1)
		bench_fail(0, "connection %u: not there after 10 s", number);
	getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0)
		bench_fail(error, "connection %u", number);
}

void
load_open_all(struct load *load)
{
	int i;

	load->conns = calloc((size_t)load->connections, sizeof(*load->conns));
	if (load->conns == NULL)
		bench_fail(errno, "%d connections", load->connections);
	for (i = 0; i < load->connections; i++) {
		load->conns[i].began_ns = calloc(
			(size_t)load->depth, sizeof(*load->conns->began_ns));
		if (load->conns[i].began_ns == NULL)
			bench_fail(errno, "%d connections", load->connections);
		load_open(load, &load->conns[i], 1);
	}
}

void
load_due(struct load *load, struct load_conn *conn, int count, int64_t now_ns)
{
	uint64_t message = conn->due / load->size;

	for (; count > 0; count--, message++)
		conn->began_ns[message % (uint64_t)load->depth] = now_ns;
	conn->due = message * load->size;
}

void
load_flush(struct load_conn *conn)
{
	ssize_t sent;

	while (conn->sent < conn->due) {
		sent = send(conn->fd, stream_at(conn, conn->sent),
			(size_t)(conn->due - conn->sent), MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent < 0)
			bench_fail(errno, "send");
		conn->sent += (uint64_t)sent;
	}
}

int
load_take(struct load *load, struct load_conn *conn)
{
	uint64_t had = conn->got / load->size;
	ssize_t got = recv(conn->fd, received, sizeof(received), 0);

	if (got < 0 && errno == EAGAIN)
		return -1;
	if (got < 0)
		bench_fail(errno, "recv");
	if (got == 0)
		bench_fail(0, "the server closed a connection");
	if (conn->got + (uint64_t)got > conn->sent)
		bench_fail(0, "the server sent more than it was sent");
	if (memcmp(received, stream_at(conn, conn->got), (size_t)got) != 0)
		bench_fail(0, "wrong bytes came back after %llu right ones",
			(unsigned long long)conn->got);
	conn->got += (uint64_t)got;
	return (int)(conn->got / load->size - had);
}

void
load_take_all(struct load *load, struct load_conn *conn)
{
	struct pollfd ready = { .fd = conn->fd };

	while (conn->got < conn->due) {
		load_flush(conn);
		if (load_take(load, conn) >= 0)
			continue;
		ready.events = POLLIN;
		if (conn->sent < conn->due)
			ready.events |= POLLOUT;
		if (poll(&ready, 1, 10000) != 1)
			bench_fail(0, "no answer for 10 s");
	}
}

void
load_watch(struct load *load, const struct load_conn *conn)
{
	struct epoll_event want = {
		.events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.u32 = (uint32_t)(conn - load->conns),
	};

	if (epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, conn->fd, &want) < 0)
		bench_fail(errno, "epoll_ctl");
}
