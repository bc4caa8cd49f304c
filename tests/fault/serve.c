/* SPDX-License-Identifier: MIT */
/*
 * serve.c - every system call and allocation of a server is made to fail, one
 * after the other, while it serves one client. Whatever fails: the server ends
 * when it is told to, nothing leaks, and the client gets its byte back or is
 * told that it does not; it never waits for nothing.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier/endpoint.h>
#include <pier/serve.h>
#include <pier/task.h>

#include "os/faulty.h"
#include "task/task.h"

/* A server that pauses tries again after 100 ms. */
#define CLIENT_S 5

struct client {
	pthread_mutex_t lock;
	struct pier_server *server; /* by lock; NULL: closed */
	struct sockaddr_in to;
	int rc; /* of the recv */
};

static void *
client_main(void *arg)
{
	const struct timeval limit = { .tv_sec = CLIENT_S };
	struct client *client = arg;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte = 'x';

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	client->rc = 0;
	if (connect(fd, (struct sockaddr *)&client->to, sizeof(client->to)) ==
		0) {
		(void)send(fd, &byte, 1, MSG_NOSIGNAL);
		client->rc = (int)recv(fd, &byte, 1, 0);
		if (client->rc < 0)
			client->rc = -errno;
	}
	(void)close(fd);
	(void)pthread_mutex_lock(&client->lock);
	if (client->server != NULL)
		pier_server_stop(client->server);
	(void)pthread_mutex_unlock(&client->lock);
	return NULL;
}

/* Asks again: a datagram may be lost by whatever failed. */
static void *
udp_client_main(void *arg)
{
	const struct timeval limit = { .tv_usec = 50000 };
	struct client *client = arg;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char byte = 'x';
	int tries;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)connect(fd, (struct sockaddr *)&client->to, sizeof(client->to));
	client->rc = -EAGAIN;
	for (tries = 0; client->rc == -EAGAIN && tries < 100; tries++) {
		(void)send(fd, &byte, 1, 0);
		client->rc = (int)recv(fd, &byte, 1, 0);
		if (client->rc < 0)
			client->rc = -errno;
	}
	(void)close(fd);
	(void)pthread_mutex_lock(&client->lock);
	if (client->server != NULL)
		pier_server_stop(client->server);
	(void)pthread_mutex_unlock(&client->lock);
	return NULL;
}

/* False: the client waited for nothing. */
static bool
serve_one(const struct pier_server_opts *opts)
{
	struct pier_server *server = NULL;
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct client client;
	pthread_t thread;
	const char *port;

	if (pier_server_open(&server, opts) < 0) {
		assert_null(server);
		return true;
	}
	assert_true(pier_server_endpoint(server, 0, text, sizeof(text)) > 0);
	port = strrchr(text, ':') + 1;
	client = (struct client){ .lock = PTHREAD_MUTEX_INITIALIZER,
		.server = server,
		.to = { .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
			.sin_port = htons((uint16_t)strtol(port, NULL, 10)) } };
	assert_int_equal(
		pthread_create(&thread, NULL,
			opts->handler != NULL ? client_main : udp_client_main,
			&client),
		0);
	(void)pier_server_run(server);
	/* Whatever made it end, the client is not left waiting. */
	(void)pthread_mutex_lock(&client.lock);
	client.server = NULL;
	pier_server_close(server);
	(void)pthread_mutex_unlock(&client.lock);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return client.rc != -EAGAIN;
}

/* One run with one fault. False: there were not so many calls. */
static bool
run_with(const struct pier_server_opts *opts, const struct pier__fault *fault)
{
	struct pier__task *self = pier__self();
	struct pier_server *none;
	struct pier__faulty faulty;
	unsigned long total;
	bool told;

	/* The record of failures, and what it waits with, stay with the
	   thread: made before. */
	assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
	assert_true(pier_server_open(&none, &(struct pier_server_opts){
						    .endpoint = NULL }) < 0);
	pier__faulty_init(&faulty, &pier__calls_real);
	pier__faulty_plan(&faulty, fault);
	self->context.calls = &faulty.calls;
	told = serve_one(opts);
	self->context.calls = &pier__calls_real;
	total = faulty.total;
	if (pier__faulty_leaks(&faulty, stderr) > 0 ||
		faulty.wrong_closes > 0 || !told)
		fail_msg("call %lu, %s fails by %d: %s", fault->nth,
			pier__call_infos[faulty.hit_call].name,
			faulty.hit_error,
			told ? "leak" : "the client waits for nothing");
	pier__faulty_end(&faulty);
	return total >= fault->nth;
}

static void
each_call(const struct pier_server_opts *opts, int error)
{
	struct pier__fault fault = { .call = PIER__CALL_ANY, .error = error };

	do {
		fault.nth++;
	} while (run_with(opts, &fault));
	assert_true(fault.nth > 25);
}

static const struct pier_server_opts plain = { .endpoint = "tcp4://127.0.0.1:0",
	.handler = pier_handler_echo,
	.per_address_max = 3,
	.drain_ms = 2000 };

static void
test_fibers(void **state)
{
	(void)state;
	each_call(&plain, 0);
}

static void
test_threads(void **state)
{
	struct pier_server_opts opts = plain;

	(void)state;
	opts.model = PIER_THREAD;
	each_call(&opts, 0);
}

static void
test_two_workers(void **state)
{
	struct pier_server_opts opts = plain;

	(void)state;
	opts.workers = 2;
	each_call(&opts, 0);
}

static void
test_datagrams(void **state)
{
	struct pier_server_opts opts = { .endpoint = "udp4://127.0.0.1:0",
		.datagram_handler = pier_datagram_echo };

	(void)state;
	each_call(&opts, 0);
}

static void
test_what_comes_up_short(void **state)
{
	(void)state;
	each_call(&plain, PIER__FAULT_SHORT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fibers),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_two_workers),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_what_comes_up_short),
	};

	(void)alarm(170);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
