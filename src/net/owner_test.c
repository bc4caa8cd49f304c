/* SPDX-License-Identifier: MIT */
/* net/owner_test.c - one reader and one writer at a time: the others are told,
   and nothing comes between the bytes of the first. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "net/listen.h"
#include "net/packet.h"
#include "net/stream.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

static struct pier_stream *a, *b;
static char big[1 << 20];
static char buf[sizeof(big)];

static void
wait_for(const struct pier__desc *desc, unsigned what)
{
	while (!pier__desc_busy(desc, what))
		assert_int_equal(pier_yield(), 0);
}

static int
reads_four(void *arg)
{
	static char four[4];

	(void)arg;
	assert_int_equal(pier_read_full(b, four, 4, HANGS), 4);
	assert_memory_equal(four, "abcd", 4);
	return 0;
}

static int
peeks_at_four(void *arg)
{
	const void *data;

	(void)arg;
	assert_int_equal(pier_peek(b, &data, 4, HANGS), 4);
	assert_memory_equal(data, "abcd", 4);
	assert_int_equal(pier_take(b, 4), 0);
	return 0;
}

/* What came for one who waits for more is not the next one's. */
static void
second_readers(pier_task_fn *first)
{
	struct pier_group *group;
	const void *data;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_write(a, "ab", 2, HANGS), 0);
	assert_int_equal(pier_go(group, first, NULL), 0);
	wait_for(&b->desc, PIER__IN);
	assert_int_equal(pier_read(b, buf, 1, HANGS), -EBUSY);
	assert_int_equal(pier_read(b, buf, 1, PIER_NOW), -EBUSY);
	assert_int_equal(pier_read_line(b, buf, 9, HANGS), -EBUSY);
	assert_int_equal(pier_peek(b, &data, 1, HANGS), -EBUSY);
	assert_int_equal(pier_move(b), -EBUSY);
	assert_int_equal(pier_close_wait(b, HANGS), -EBUSY);
	/* Also when the rest is there already, and the first has not run. */
	assert_int_equal(pier_write(a, "cd", 2, HANGS), 0);
	assert_int_equal(pier_read(b, buf, 1, PIER_NOW), -EBUSY);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
}

static int
writes_much(void *arg)
{
	(void)arg;
	memset(big, 'x', sizeof(big));
	return pier_write(a, big, sizeof(big), HANGS);
}

/* Nothing comes between the bytes of a write that waits for room. */
static void
second_writers(void)
{
	struct pier_group *group;
	size_t i;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, writes_much, NULL), 0);
	wait_for(a->out_desc, PIER__OUT);
	/* Room, before the first can use it. */
	assert_true(pier_read(b, buf, 100000, HANGS) > 0);
	assert_int_equal(pier_write(a, "-", 1, PIER_NOW), -EBUSY);
	assert_int_equal(pier_write_some(a, "-", 1, HANGS), -EBUSY);
	assert_int_equal(pier_printf(a, "-"), -EBUSY);
	assert_int_equal(pier_shutdown(a, PIER_WRITING, HANGS), -EBUSY);
	assert_int_equal(pier_shutdown(a, PIER_BOTH, HANGS), -EBUSY);
	assert_int_equal(pier_close_wait(a, HANGS), -EBUSY);
	i = pier_bytes_in(b) - 12; /* less what the readers above took */
	assert_int_equal(pier_read_full(b, buf, sizeof(big) - i, HANGS),
		sizeof(big) - i);
	while (i < sizeof(big))
		assert_int_equal(buf[sizeof(big) - ++i], 'x');
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
}

static int
reads_on(void *arg)
{
	(void)arg;
	return (int)pier_read(b, buf, 1, HANGS);
}

/* Whatever its descriptors are: the end of reading ends a read that waits. */
static void
reading_ends(struct pier_stream *stream)
{
	struct pier_group *group;

	b = stream;
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, reads_on, NULL), 0);
	wait_for(&b->desc, PIER__IN);
	assert_int_equal(pier_shutdown(b, PIER_READING, HANGS), 0);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	assert_int_equal(pier_group_result(group), -PIER_EDONE);
	pier_group_close(group);
	pier_close(b);
}

static int
reading_is_shut(void *arg)
{
	struct pier_stream *two;
	int in[2], out[2];

	(void)arg;
	assert_int_equal(pier_pair(&a, &two), 0);
	reading_ends(two);
	assert_int_equal(pier_write(a, "x", 1, HANGS), -EPIPE);
	pier_close(a);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(pier_adopt_two(&two, in[0], out[1]), 0);
	reading_ends(two);
	(void)close(in[1]);
	(void)close(out[0]);
	return 0;
}

static int
one_at_a_time(void *arg)
{
	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	second_readers(reads_four);
	second_readers(peeks_at_four);
	second_readers(reads_four);
	second_writers();
	pier_close(a);
	pier_close(b);
	return 0;
}

/* Closing what another scheduler has in hand ends it and no more: that one's
   engine looks at it to the end of its run. */
/* The engine knows the stream; or bytes of it are on the list of this task,
   which waits for nothing of pier's meanwhile: they would go with that. */
static struct pier_listener *listener;
static struct pier_packet *packet;

static int
receives(void *arg)
{
	struct pier_msg msg;

	(void)arg;
	return pier_recv(packet, &msg, buf, 1, HANGS);
}

static int
accepts(void *arg)
{
	struct pier_stream *stream = NULL;
	int rc = pier_accept(&stream, listener, HANGS);

	(void)arg;
	pier_close(stream);
	return rc;
}

/* One receives and one accepts at a time; what comes is for who waits. */
static int
others_one_at_a_time(void *arg)
{
	static const struct pier_packet_opts server = { .listen = true };
	char where[PIER_ENDPOINT_TEXT_MAX];
	struct pier_stream *client, *none = NULL;
	struct pier_group *group;
	struct pier_addr own;
	struct pier_msg msg;

	(void)arg;
	assert_int_equal(
		pier_listen(&listener, "tcp4://127.0.0.1:0", NULL, HANGS), 0);
	assert_true(pier_listener_endpoint(listener, where, sizeof(where)) > 0);
	assert_int_equal(
		pier_packet_open(&packet, "udp4://127.0.0.1:0", &server, HANGS),
		0);
	assert_int_equal(pier_packet_local(packet, &own), 0);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, receives, NULL), 0);
	assert_int_equal(pier_go(group, accepts, NULL), 0);
	wait_for(packet->desc, PIER__IN);
	wait_for(&listener->desc, PIER__IN);
	/* It is there before the first has run. */
	assert_int_equal(pier_send(packet, &own, "x", 1, HANGS), 0);
	assert_int_equal(pier_recv(packet, &msg, buf, 1, PIER_NOW), -EBUSY);
	assert_int_equal(pier_recv(packet, &msg, buf, 1, HANGS), -EBUSY);
	assert_int_equal(pier_packet_move(packet), -EBUSY);
	assert_int_equal(pier_accept(&none, listener, PIER_NOW), -EBUSY);
	assert_int_equal(pier_accept(&none, listener, HANGS), -EBUSY);
	assert_int_equal(pier_dial(&client, where, NULL, HANGS), 0);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
	pier_close(client);
	pier_listener_close(listener);
	pier_packet_close(packet);
	return 0;
}

static void
test_one_receiver_and_one_acceptor(void **state)
{
	(void)state;
	assert_int_equal(pier_run(others_one_at_a_time, NULL, NULL, NULL), 0);
}

static void
test_one_reader_and_one_writer(void **state)
{
	(void)state;
	assert_int_equal(pier_run(one_at_a_time, NULL, NULL, NULL), 0);
}

static void
test_the_end_of_reading(void **state)
{
	(void)state;
	assert_int_equal(pier_run(reading_is_shut, NULL, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_reader_and_one_writer),
		cmocka_unit_test(test_one_receiver_and_one_acceptor),
		cmocka_unit_test(test_the_end_of_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
