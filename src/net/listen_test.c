/* SPDX-License-Identifier: MIT */
/*
 * net/listen_test.c - what a listener makes of calls that fail: which errors
 * of accept(2) are skipped and which are told, a machine without IPv6, and
 * Unix sockets whose file cannot be had as asked for.
 */
#include "net/listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "task/faulty_bed.h"

static struct pier__faulty faulty;
static char dir[64];

static int
begin(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/pier-listen-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	return faulty_bed_begin(&faulty, &pier__calls_real);
}

static int
end(void **state)
{
	(void)state;
	return faulty_bed_end(&faulty) == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void
plan(int call, int error, unsigned long times)
{
	const struct pier__fault fault = { .call = call,
		.nth = faulty.counts[call] + 1,
		.every = 1,
		.times = times,
		.error = error };

	/* The plan before has had its turn. */
	faulty.fault_count = 0;
	faulty.fired[0] = 0;
	pier__faulty_plan(&faulty, &fault);
}

static struct pier_listener *
listening(const char *endpoint)
{
	struct pier_listener *listener = NULL;

	if (pier_listen(&listener, endpoint, NULL, PIER_FOREVER) < 0)
		fail_msg("%s", pier_error_line());
	return listener;
}

/* A listener with one connection in its queue. */
struct one {
	struct pier_listener *listener;
	struct pier_stream *client;
};

static struct one
connected(void)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct one one = { .listener = listening("tcp4://127.0.0.1:0") };

	assert_true(pier_listener_endpoint(
			    one.listener, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_dial(&one.client, endpoint, NULL, PIER_FOREVER), 0);
	return one;
}

static void
over(struct one one)
{
	pier_close(one.client);
	pier_listener_close(one.listener);
}

static void
accept_is(struct one one, int rc)
{
	struct pier_stream *stream = NULL;

	assert_int_equal(
		pier_accept(&stream, one.listener, pier_in_ms(5000)), rc);
	if (rc < 0) {
		assert_null(stream);
		assert_int_equal(pier_last_error()->code, rc);
		assert_int_equal(pier_last_error()->step, PIER_STEP_ACCEPT);
	}
	pier_close(stream);
}

static const int passing[] = { EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET,
	EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, ENETDOWN, EINTR };

static void
test_errors_of_the_network_are_skipped(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		struct one one = connected();

		plan(PIER__CALL_ACCEPT, passing[i], 1);
		accept_is(one, 0);
		assert_int_equal(faulty.hits, i + 1);
		over(one);
	}
}

/* That connection is lost, and taken off the queue: the next one comes. */
static void
test_a_connection_that_was_aborted(void **state)
{
	struct one one = connected();
	struct pier_stream *next = NULL;
	char endpoint[PIER_ENDPOINT_TEXT_MAX];

	(void)state;
	assert_true(pier_listener_endpoint(
			    one.listener, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(pier_dial(&next, endpoint, NULL, PIER_FOREVER), 0);
	plan(PIER__CALL_ACCEPT, ECONNABORTED, 1);
	accept_is(one, 0);
	pier_close(next);
	over(one);
}

static void
test_a_storm_of_them(void **state)
{
	struct one one = connected();

	(void)state;
	plan(PIER__CALL_ACCEPT, EPROTO, 1000);
	accept_is(one, 0);
	assert_int_equal(faulty.hits, 1000);
	over(one);
}

/* One attempt is bounded, whatever the network does. */
static void
test_a_storm_ends_an_attempt(void **state)
{
	struct one one = connected();
	unsigned long before = faulty.counts[PIER__CALL_ACCEPT];

	(void)state;
	plan(PIER__CALL_ACCEPT, EPROTO, 0);
	assert_int_equal(pier__listener_accept(one.listener, NULL), -EAGAIN);
	assert_true(faulty.counts[PIER__CALL_ACCEPT] - before <= 64);
	/* It is not known to be drained: nobody sleeps on it. */
	assert_true(one.listener->desc.readable);
	over(one);
}

static const int telling[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM };

static void
test_want_of_resources_is_told(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
		struct one one = connected();

		plan(PIER__CALL_ACCEPT, telling[i], 1);
		accept_is(one, -telling[i]);
		/* The connection is still there. */
		accept_is(one, 0);
		over(one);
	}
}

static void
test_a_machine_without_ip6(void **state)
{
	struct pier_listener *listener = NULL;
	char endpoint[PIER_ENDPOINT_TEXT_MAX];

	(void)state;
	plan(PIER__CALL_SOCKET, EAFNOSUPPORT, 1);
	listener = listening("tcp://:0");
	assert_int_equal(faulty.hits, 1);
	assert_true(pier_listener_endpoint(
			    listener, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(strncmp(endpoint, "tcp://0.0.0.0:", 14), 0);
	pier_listener_close(listener);
	plan(PIER__CALL_SOCKET, EAFNOSUPPORT, 1);
	assert_int_equal(
		pier_listen(&listener, "tcp6://:0", NULL, PIER_FOREVER),
		-EAFNOSUPPORT);
}

static void
test_an_address_in_use_is_no_reason_for_the_other_family(void **state)
{
	struct pier_listener *listener = NULL;

	(void)state;
	plan(PIER__CALL_BIND, EADDRINUSE, 1);
	assert_int_equal(pier_listen(&listener, "tcp://:0", NULL, PIER_FOREVER),
		-EADDRINUSE);
	assert_int_equal(faulty.counts[PIER__CALL_BIND], 1);
}

static void
unix_fails(int call, int error, mode_t mask)
{
	const struct pier_listen_opts opts = { .mode = 0666 };
	struct pier_listener *listener = NULL;
	char endpoint[128];
	mode_t before = umask(mask);

	(void)snprintf(endpoint, sizeof(endpoint), "unix://%s/x", dir);
	plan(call, error, 1);
	assert_int_equal(
		pier_listen(&listener, endpoint, &opts, PIER_FOREVER), -error);
	assert_int_equal(faulty.hit_call, call);
	/* No file with other rights than asked for is left. */
	assert_int_equal(access(endpoint + strlen("unix://"), F_OK), -1);
	assert_int_equal(umask(before), mask);
}

static void
test_a_mode_that_cannot_be_set(void **state)
{
	(void)state;
	unix_fails(PIER__CALL_FCHMOD, EPERM, 077);
	unix_fails(PIER__CALL_CHMOD, EPERM, 077);
	unix_fails(PIER__CALL_LISTEN, ENOMEM, 0);
	unix_fails(PIER__CALL_STAT, EACCES, 0);
}

/* The rights of the file at the moment that it is there. */
static mode_t first_mode;

static int
looking_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	int rc = pier__calls_real.bind(fd, addr, len);
	struct stat file;

	assert_int_equal(
		lstat(((const struct sockaddr_un *)addr)->sun_path, &file), 0);
	first_mode = file.st_mode & 07777;
	return rc;
}

/* It never has more of them than were asked for, whatever the umask. */
static void
test_a_mode_from_the_first_moment(void **state)
{
	const struct pier_listen_opts opts = { .mode = 0600 };
	struct pier_listener *listener = NULL;
	char endpoint[128];
	mode_t before = umask(0);

	(void)state;
	(void)snprintf(endpoint, sizeof(endpoint), "unix://%s/x", dir);
	faulty.calls.bind = looking_bind;
	assert_int_equal(
		pier_listen(&listener, endpoint, &opts, PIER_FOREVER), 0);
	assert_int_equal(first_mode, 0600);
	pier_listener_close(listener);
	(void)umask(before);
}

/* Another server comes between bind and listen, finds a socket that refuses,
   and takes its place. */
static int robber;

static int
robbed_listen(int fd, int backlog)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s/x", dir);
	assert_int_equal(unlink(name.sun_path), 0);
	robber = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		bind(robber, (struct sockaddr *)&name, sizeof(name)), 0);
	return pier__calls_real.listen(fd, backlog);
}

static void
test_a_name_that_was_taken_before_it_listened(void **state)
{
	struct pier_listener *listener = NULL;
	char endpoint[128];

	(void)state;
	(void)snprintf(endpoint, sizeof(endpoint), "unix://%s/x", dir);
	faulty.calls.listen = robbed_listen;
	assert_int_equal(pier_listen(&listener, endpoint, NULL, PIER_FOREVER),
		-EADDRINUSE);
	assert_null(listener);
	assert_int_equal(pier_last_error()->step, PIER_STEP_LISTEN);
	/* The other's file is the other's. */
	assert_int_equal(unlink(endpoint + strlen("unix://")), 0);
	(void)close(robber);
}

/* Clients beside that of `one`, which queue behind it. */
static void
join(struct one one, struct pier_stream **clients, int count)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];

	assert_true(pier_listener_endpoint(
			    one.listener, endpoint, sizeof(endpoint)) > 0);
	while (count-- > 0)
		assert_int_equal(
			pier_dial(clients++, endpoint, NULL, PIER_FOREVER), 0);
}

/* Who accepts one after the other asks the kernel for none that is not there,
   and where many are does not ask before each. */
static void
test_no_attempt_in_vain(void **state)
{
	struct pier_stream *clients[20];
	struct pier_stream *none;
	struct one one = connected();
	unsigned long polls;
	int i;

	(void)state;
	accept_is(one, 0);
	assert_int_equal(pier_accept(&none, one.listener, PIER_NOW), -EAGAIN);
	assert_int_equal(faulty.counts[PIER__CALL_ACCEPT], 1);
	join(one, clients, 20);
	for (i = 0; i < 10; i++)
		accept_is(one, 0);
	polls = faulty.counts[PIER__CALL_POLL];
	for (; i < 20; i++)
		accept_is(one, 0);
	assert_int_equal(faulty.counts[PIER__CALL_POLL], polls);
	assert_int_equal(faulty.counts[PIER__CALL_ACCEPT], 21);
	while (i > 0)
		pier_close(clients[--i]);
	over(one);
}

/* A stream that was accepted and waited for is closed: who has its descriptor
   (`given`) may have made another of it, so that it is taken out of the set. */
static int
closed(void *given)
{
	struct one one = connected();
	struct pier_stream *stream;
	unsigned long changes;
	char byte;

	assert_int_equal(
		pier_accept(&stream, one.listener, pier_in_ms(5000)), 0);
	changes = faulty.counts[PIER__CALL_EPOLL_CTL];
	assert_int_equal(
		pier_read(stream, &byte, 1, pier_in_ms(1)), -PIER_EDEADLINE);
	assert_int_equal(faulty.counts[PIER__CALL_EPOLL_CTL] - changes, 1);
	changes = faulty.counts[PIER__CALL_EPOLL_CTL];
	if (given != NULL)
		assert_true(pier_fd(stream) >= 0);
	pier_close(stream);
	assert_int_equal(faulty.counts[PIER__CALL_EPOLL_CTL] - changes,
		given != NULL ? 1 : 0);
	over(one);
	return 0;
}

static void
test_closing_is_leaving_the_set(void **state)
{
	assert_int_equal(pier_run(closed, NULL, NULL, NULL), 0);
	assert_int_equal(pier_run(closed, state, NULL, NULL), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_errors_of_the_network_are_skipped),
		CASE(test_want_of_resources_is_told),
		CASE(test_a_connection_that_was_aborted),
		CASE(test_a_storm_of_them),
		CASE(test_a_storm_ends_an_attempt),
		CASE(test_a_machine_without_ip6),
		CASE(test_an_address_in_use_is_no_reason_for_the_other_family),
		CASE(test_a_mode_that_cannot_be_set),
		CASE(test_a_mode_from_the_first_moment),
		CASE(test_a_name_that_was_taken_before_it_listened),
		CASE(test_no_attempt_in_vain),
		CASE(test_closing_is_leaving_the_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
