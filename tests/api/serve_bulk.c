/* SPDX-License-Identifier: MIT */
/* serve_bulk.c - 100 MB through every model, compared by hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"
#include "scale.h"

#define MEGABYTES ((size_t)test_scale(100, 5))
#define PIECE     60000 /* of no buffer a multiple */

/* FNV-1a by words would miss no byte either; by bytes it is the textbook's. */
static uint64_t
hash_more(uint64_t hash, const unsigned char *at, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		hash = (hash ^ at[i]) * 0x100000001b3u;
	return hash;
}

#define HASH_START 0xcbf29ce484222325u

struct sender {
	int fd;
	uint64_t hash;
};

static void *
send_all(void *arg)
{
	static unsigned char piece[PIECE];
	struct sender *sender = arg;
	uint64_t random = 88172645463325252u;
	const size_t total = MEGABYTES * 1000 * 1000;
	size_t done = 0;
	size_t i;

	sender->hash = HASH_START;
	while (done < total) {
		size_t size = total - done < PIECE ? total - done : PIECE;

		for (i = 0; i < size; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			piece[i] = (unsigned char)random;
		}
		sender->hash = hash_more(sender->hash, piece, size);
		plain_write(sender->fd, piece, size);
		done += size;
	}
	(void)shutdown(sender->fd, SHUT_WR);
	return NULL;
}

static void
through(const char *endpoint, enum pier_model model)
{
	static unsigned char back[PIECE + 1000];
	struct pier_server_opts opts = { .endpoint = endpoint,
		.handler = pier_handler_echo,
		.model = model };
	struct pier_server_stats stats;
	const size_t total = MEGABYTES * 1000 * 1000;
	uint64_t hash = HASH_START;
	struct sender sender;
	struct serving it;
	pthread_t thread;
	size_t done = 0;
	ssize_t n;

	serving_start(&it, &opts);
	sender.fd = plain_connect(&it, 0);
	assert_int_equal(pthread_create(&thread, NULL, send_all, &sender), 0);
	while ((n = recv(sender.fd, back, sizeof(back), 0)) > 0) {
		hash = hash_more(hash, back, (size_t)n);
		done += (size_t)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(done, total);
	assert_true(hash == sender.hash);
	(void)close(sender.fd);
	stats = serving_await(
		&it, offsetof(struct pier_server_stats, bytes_out), total);
	assert_int_equal(stats.bytes_in, total);
	assert_int_equal(stats.bytes_out, total);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_tcp(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++)
		through("tcp://127.0.0.1:0", models[i]);
}

static void
test_unix(void **state)
{
	char endpoint[64];
	int i;

	(void)state;
	(void)snprintf(endpoint, sizeof(endpoint), "unix://@pier-bulk-%d",
		(int)getpid());
	for (i = 0; i < MODEL_COUNT; i++)
		through(endpoint, models[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_unix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
