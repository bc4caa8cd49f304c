/* SPDX-License-Identifier: MIT */
/* serving.c - see serving.h. */
#include "serving.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

const enum pier_model models[MODEL_COUNT] = { PIER_FIBER, PIER_ITERATIVE,
	PIER_THREAD, PIER_POOL };

static void *
run(void *arg)
{
	struct serving *it = arg;

	it->rc = pier_server_run(it->server);
	return NULL;
}

void
serving_start(struct serving *it, const struct pier_server_opts *opts)
{
	if (pier_server_open(&it->server, opts) < 0)
		fail_msg("%s", pier_error_line());
	assert_int_equal(pthread_create(&it->thread, NULL, run, it), 0);
}

int
serving_join(struct serving *it)
{
	assert_int_equal(pthread_join(it->thread, NULL), 0);
	pier_server_close(it->server);
	return it->rc;
}

int
serving_stop(struct serving *it)
{
	pier_server_stop(it->server);
	return serving_join(it);
}

struct pier_server_stats
serving_await(const struct serving *it, size_t field, uint64_t value)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int64_t until = wall_ms() + TIMEOUT_S * 1000;
	struct pier_server_stats stats;
	uint64_t now;

	do {
		(void)nanosleep(&moment, NULL);
		pier_server_stats(it->server, &stats);
		memcpy(&now, (const char *)&stats + field, sizeof(now));
	} while (now < value && wall_ms() < until);
	assert_true(now >= value);
	return stats;
}

void
serving_await_active(const struct serving *it, uint64_t active)
{
	int64_t until = wall_ms() + TIMEOUT_S * 1000;
	struct pier_server_stats stats;

	do {
		(void)usleep(1000);
		pier_server_stats(it->server, &stats);
	} while ((stats.active != active || stats.lingering != 0) &&
		 wall_ms() < until);
	assert_int_equal(stats.active, active);
	assert_int_equal(stats.lingering, 0);
}

int
plain_dial(const char *endpoint)
{
	const struct timeval limit = { .tv_sec = TIMEOUT_S };
	const char *at = strstr(endpoint, "://");
	struct pier_addr addr;
	int fd;

	assert_non_null(at);
	assert_int_equal(pier_addr_parse(&addr, at + 3), 0);
	fd = socket(pier_addr_family(&addr), SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, &addr.u.sa, addr.len) < 0) {
		int rc = -errno;

		(void)close(fd);
		return rc;
	}
	return fd;
}

int
plain_connect(const struct serving *it, size_t i)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	int fd;

	assert_true(pier_server_endpoint(
			    it->server, i, endpoint, sizeof(endpoint)) > 0);
	fd = plain_dial(endpoint);
	if (fd < 0)
		fail_msg("%s: %s", endpoint, strerror(-fd));
	return fd;
}

void
plain_expect_reset(const char *endpoint)
{
	int fd = plain_dial(endpoint);
	char byte;

	if (fd == -ECONNRESET)
		return;
	assert_true(fd >= 0);
	assert_int_equal(plain_read_all(fd, &byte, 1), -ECONNRESET);
	(void)close(fd);
}

void
plain_write(int fd, const void *buf, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = send(fd, (const char *)buf + done, size - done,
			MSG_NOSIGNAL);

		assert_true(n > 0);
		done += (size_t)n;
	}
}

ssize_t
plain_read_all(int fd, void *buf, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = recv(fd, (char *)buf + done, size - done, 0);

		/* No signal has a handler here; qemu tells of SIGCHLD so. */
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

void
plain_hang_up(int fd)
{
	(void)shutdown(fd, SHUT_RDWR);
	(void)close(fd);
}

bool
plain_try_echo(int fd, const char *text)
{
	char back[256];
	size_t size = strlen(text);
	ssize_t n;

	assert_true(size <= sizeof(back));
	n = send(fd, text, size, MSG_NOSIGNAL);
	n = n < 0 ? -errno : plain_read_all(fd, back, size);
	if (n == 0 || n == -ECONNRESET || n == -EPIPE)
		return false;
	assert_int_equal(n, size);
	assert_memory_equal(back, text, size);
	return true;
}

void
plain_echo(int fd, const char *text)
{
	assert_true(plain_try_echo(fd, text));
}

static int64_t
clock_ms(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
cpu_ms(void)
{
	return clock_ms(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t
wall_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}
