/* SPDX-License-Identifier: MIT */
/* net/wait_any_test.c - several things at once, as a fiber and as a thread. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

static int
all_kinds(void *arg)
{
	struct pier_listener *listener;
	struct pier_packet *packet;
	struct pier_packet *sender;
	struct pier_stream *a;
	struct pier_stream *b;
	struct pier_stream *client;
	struct pier_stream *server;
	struct pier_waitable list[4];
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	const void *data;
	int fds[2];

	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pier_listen(&listener, "tcp4://127.0.0.1:0", NULL,
				 PIER_FOREVER),
		0);
	assert_int_equal(pier_packet_open(&packet, "udp4://127.0.0.1:0",
				 &(struct pier_packet_opts){ .listen = true },
				 PIER_FOREVER),
		0);
	memset(list, 0, sizeof(list));
	list[0].stream = b;
	list[1].listener = listener;
	list[2].packet = packet;
	list[3].fd = fds[0];
	list[0].want = list[1].want = list[2].want = list[3].want =
		PIER_READING;
	assert_int_equal(pier_wait_any(list, 4, PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_wait_any(list, 4, pier_in_ms(1)), -PIER_EDEADLINE);

	assert_int_equal(pier_write(a, "two bytes", 9, PIER_FOREVER), 0);
	assert_int_equal(pier_wait_any(list, 4, PIER_FOREVER), 1);
	assert_int_equal(list[0].ready, PIER_READING);
	/* Bytes that were read ahead count, though the kernel has none. */
	assert_int_equal(pier_peek(b, &data, 1, PIER_FOREVER), 9);
	assert_int_equal(pier_wait_any(list, 4, PIER_FOREVER), 1);
	assert_int_equal(pier_take(b, 9), 0);
	assert_int_equal(pier_wait_any(list, 4, PIER_NOW), -EAGAIN);

	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_true(pier_listener_endpoint(
			    listener, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(pier_dial(&client, endpoint, NULL, PIER_FOREVER), 0);
	assert_true(
		pier_packet_endpoint(packet, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_packet_open(&sender, endpoint, NULL, PIER_FOREVER), 0);
	assert_int_equal(pier_send(sender, NULL, "y", 1, PIER_FOREVER), 0);
	assert_int_equal(pier_wait_any(list, 4, PIER_FOREVER), 3);
	assert_int_equal(list[0].ready, 0);
	assert_int_equal(pier_accept(&server, listener, PIER_FOREVER), 0);

	list[0].want = PIER_BOTH;
	assert_int_equal(pier_wait_any(list, 1, PIER_FOREVER), 1);
	assert_int_equal(list[0].ready, PIER_WRITING);
	list[0].want = (enum pier_half)0;
	assert_int_equal(pier_wait_any(list, 1, PIER_FOREVER), -EINVAL);
	assert_int_equal(pier_wait_any(list, 0, PIER_FOREVER), -EINVAL);
	/* The list is not looked at. */
	assert_int_equal(pier_wait_any(list, 1025, PIER_FOREVER), -EINVAL);
	list[3].fd = -1;
	assert_int_equal(pier_wait_any(list + 3, 1, PIER_FOREVER), -EBADF);

	pier_packet_close(sender);
	pier_packet_close(packet);
	pier_close(client);
	pier_close(server);
	pier_listener_close(listener);
	pier_close(a);
	pier_close(b);
	close(fds[0]);
	close(fds[1]);
	return 0;
}

/* The kernel knows one waiter for a number. */
static int
one_number_twice(void *arg)
{
	struct pier_waitable list[2] = {
		{ .want = PIER_READING },
		{ .want = PIER_READING },
	};
	struct pier_stream *a, *b, *two = NULL;

	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	list[0].fd = list[1].fd = pier_fd(a);
	assert_int_equal(pier_wait_any(list, 2, pier_in_s(10)), -EBUSY);
	assert_int_equal(
		pier_wait_any(list, 1, pier_in_ms(1)), -PIER_EDEADLINE);
	list[0].stream = a;
	assert_int_equal(
		pier_wait_any(list, 1, pier_in_ms(1)), -PIER_EDEADLINE);
	/* It stays with the stream, which the engine knows. */
	assert_int_equal(pier_wait_any(list + 1, 1, pier_in_s(10)), -EBUSY);
	assert_int_equal(pier_write(b, "x", 1, PIER_FOREVER), 0);
	assert_int_equal(pier_wait_any(list, 1, pier_in_s(10)), 1);
	assert_int_equal(pier_adopt_two(&two, 0, 0), -EINVAL);
	pier_close(a);
	pier_close(b);
	return 0;
}

static struct pier_stream *shared; /* on no fiber's stack */

static int
waits_for_it(void *arg)
{
	struct pier_waitable one = { .stream = shared, .want = PIER_READING };

	(void)arg;
	return pier_wait_any(&one, 1, pier_in_s(10));
}

/* While one task waits for it, another's wait and read are refused. */
static int
one_task_at_a_time(void *arg)
{
	struct pier_waitable one = { .want = PIER_READING };
	struct pier_group *group;
	struct pier_stream *other;
	char c;

	(void)arg;
	assert_int_equal(pier_pair(&shared, &other), 0);
	one.stream = shared;
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, waits_for_it, NULL), 0);
	while (pier_read(shared, &c, 1, PIER_NOW) != -EBUSY)
		assert_int_equal(pier_yield(), 0);
	assert_int_equal(pier_wait_any(&one, 1, pier_in_s(10)), -EBUSY);
	/* The other half is free. */
	one.want = PIER_WRITING;
	assert_int_equal(pier_wait_any(&one, 1, pier_in_s(10)), 1);
	assert_int_equal(one.ready, PIER_WRITING);
	assert_int_equal(pier_write(other, "x", 1, PIER_FOREVER), 0);
	assert_int_equal(pier_group_wait(group, pier_in_s(10)), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
	pier_close(shared);
	pier_close(other);
	return 0;
}

static void
test_one_task_at_a_time(void **state)
{
	(void)state;
	assert_int_equal(pier_run(one_task_at_a_time, NULL, NULL, NULL), 0);
}

static void
test_one_number_twice(void **state)
{
	(void)state;
	assert_int_equal(pier_run(one_number_twice, NULL, NULL, NULL), 0);
}

static void
test_as_fiber(void **state)
{
	(void)state;
	assert_int_equal(pier_run(all_kinds, NULL, NULL, NULL), 0);
}

static void
test_as_thread(void **state)
{
	(void)state;
	assert_int_equal(all_kinds(NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_fiber),
		cmocka_unit_test(test_as_thread),
		cmocka_unit_test(test_one_number_twice),
		cmocka_unit_test(test_one_task_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
