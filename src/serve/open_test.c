/* SPDX-License-Identifier: MIT */
/* serve/open_test.c - opening a server on a name whose look-up never ends. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <pier.h>

#include "names/names.h"
#include "os/calls.h"
#include "task/task.h"

/* Helpers stay inside getaddrinfo until it opens. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open;
	struct pier__calls table;
} stub = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static int
stub_getaddrinfo(const char *host, const char *service,
	const struct addrinfo *hints, struct addrinfo **out)
{
	(void)host;
	(void)service;
	(void)hints;
	(void)out;
	(void)pthread_mutex_lock(&stub.lock);
	while (!stub.open)
		(void)pthread_cond_wait(&stub.changed, &stub.lock);
	(void)pthread_mutex_unlock(&stub.lock);
	return EAI_NONAME;
}

static void
let_go(void)
{
	(void)pthread_mutex_lock(&stub.lock);
	stub.open = true;
	(void)pthread_cond_broadcast(&stub.changed);
	(void)pthread_mutex_unlock(&stub.lock);
}

static struct pier_server_opts
opts_for(const char *const *endpoints, int64_t open_ms)
{
	return (struct pier_server_opts){ .endpoints = endpoints,
		.handler = pier_handler_echo,
		.datagram_handler = pier_datagram_echo,
		.open_ms = open_ms };
}

static int
open_late(void *arg)
{
	static const char *const lists[][3] = {
		{ "tcp://slow.test:0", NULL },
		{ "udp://slow.test:0", NULL },
		{ "tcp4://127.0.0.1:0", "tcp://slow.test:0", NULL },
	};
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct pier_server_opts opts = opts_for(lists[i], 5);
		struct pier_server *server = NULL;

		assert_int_equal(
			pier_server_open(&server, &opts), -PIER_EDEADLINE);
		assert_null(server);
		/* On a slow machine the time is up before the second one. */
		if (lists[i][1] == NULL)
			assert_non_null(strstr(pier_error_line(), "slow.test"));
	}
	return 0;
}

static void
test_it_ends_in_time(void **state)
{
	(void)state;
	(void)open_late(NULL);
	assert_int_equal(pier_run(open_late, NULL, NULL, NULL), 0);
}

static void *
let_go_main(void *arg)
{
	(void)pier_sleep(pier_in_ms(20));
	let_go();
	return arg;
}

/* Without a limit it waits for the answer. */
static void
test_no_limit(void **state)
{
	static const char *const list[] = { "tcp://slow.test:0", NULL };
	const struct pier_server_opts opts = opts_for(list, PIER_OFF);
	struct pier_server *server = NULL;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, let_go_main, NULL), 0);
	assert_int_equal(pier_server_open(&server, &opts), -PIER_ENONAME);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_ends_in_time),
		cmocka_unit_test(test_no_limit),
	};
	struct pier__task *self = pier__self();
	int rc;

	stub.table = pier__calls_real;
	stub.table.getaddrinfo = stub_getaddrinfo;
	self->context.calls = &stub.table;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	let_go();
	return rc;
}
