/* SPDX-License-Identifier: MIT */
/*
 * No byte is looked at twice for the end of a message, whichever way it goes: the
 * quick one, the full one, or from one to the other. What is looked at is counted
 * by a memchr() of our own, which takes the place of the C library's.
 */
#include "frame/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <pier.h>

#include "frame/memory_stream.h"
#include "scale.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Met only by what hangs. */
#define HANGS    pier_in_s(20)
#define MESSAGES test_scale(40, 10)
#define LONGEST  100000

static size_t looked;
static char line[LONGEST + 1], buf[LONGEST];
static unsigned char all[8 * (LONGEST + 1)];

/* The declaration has it that `at` is never NULL. */
void *
memchr(const void *at, int c, size_t size)
{
	const unsigned char *bytes = at;

	for (size_t i = 0; i < size; i++) {
		if (c == '\n')
			looked++;
		if (bytes[i] == (unsigned char)c)
			return (void *)(uintptr_t)(bytes + i);
	}
	return NULL;
}

enum how {
	VIEW,
	VIEW_MANY,
	RECV,
	HOWS
};

/* How many messages came, of size bytes each; or an error. */
static int
receive(struct pier_frame *frame, enum how how, size_t size,
	pier_deadline deadline)
{
	struct iovec list[PIER_FRAME_MANY];
	const void *data;
	size_t length;
	int i, n = 1;

	if (how == VIEW)
		n = pier_frame_view(frame, &data, &length, deadline);
	else if (how == RECV)
		n = pier_frame_recv(frame, buf, sizeof(buf), &length, deadline);
	else
		n = pier_frame_view_many(
			frame, list, PIER_FRAME_MANY, deadline);
	for (i = 0; i < n; i++)
		assert_int_equal(
			how == VIEW_MANY ? list[i].iov_len : length, size);
	return n;
}

/* Of each message every byte, and its end once more where the quick way found
   what it left to the full one. */
static void
expect_looked(size_t messages, size_t size)
{
	if (looked > messages * (size + 2))
		fail_msg("%zu bytes of %zu lines of %zu were looked at", looked,
			messages, size);
}

/* ---- The full way, by pieces ------------------------------------------ */

static void
by_pieces(enum how how, size_t size, size_t piece)
{
	const struct pier_framing framing = { .kind = PIER_FRAME_LINE };
	const size_t messages = sizeof(all) / (size + 1);
	struct memory_stream memory;
	struct pier_frame *frame;
	size_t came = 0;
	int n;

	for (size_t i = 0; i < messages; i++) {
		memset(all + i * (size + 1), 'x', size);
		all[i * (size + 1) + size] = '\n';
	}
	memory_open(&memory, all, messages * (size + 1), piece);
	memory.stalls = true;
	assert_int_equal(
		pier_frame_attach(&frame, &memory.stream, &framing), 0);
	looked = 0;
	while (came < messages) {
		memory.stalled = false;
		n = receive(frame, how, size, PIER_FOREVER);
		if (n != -PIER_EDEADLINE)
			assert_true(n > 0);
		came += n > 0 ? (size_t)n : 0;
	}
	expect_looked(messages, size);
	assert_int_equal(pier_frame_detach(frame), 0);
	pier_close(&memory.stream);
}

static void
looks_once_at_what_comes_in_pieces(void **state)
{
	static const size_t sizes[] = { 100, 5000, 60000, 65536, LONGEST };
	static const size_t pieces[] = { 997, 40000, 1000000 };

	(void)state;
	for (size_t i = 0; i < COUNT(sizes) * COUNT(pieces); i++)
		for (enum how how = VIEW; how < HOWS; how++)
			by_pieces(how, sizes[i / COUNT(pieces)],
				pieces[i % COUNT(pieces)]);
}

/* ---- The quick way, of a socket ---------------------------------------- */

static struct pier_stream *near, *far;
static size_t line_size;

static int
sends(void *arg)
{
	int rc = 0;

	(void)arg;
	for (int i = 0; i < MESSAGES && rc == 0; i++)
		rc = pier_write(far, line, line_size + 1, HANGS);
	return rc;
}

static void
by_socket(enum how how, size_t size, bool hurried)
{
	const struct pier_framing framing = { .kind = PIER_FRAME_LINE };
	struct pier_group *group;
	struct pier_frame *frame;
	int n, came = 0;

	memset(line, 'x', size);
	line[size] = '\n';
	line_size = size;
	assert_int_equal(pier_pair(&near, &far), 0);
	assert_int_equal(pier_frame_attach(&frame, near, &framing), 0);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, sends, NULL), 0);
	looked = 0;
	for (; came < MESSAGES; came += n) {
		n = receive(frame, how, size, hurried ? HANGS : PIER_FOREVER);
		assert_true(n > 0);
	}
	expect_looked(MESSAGES, size);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
	pier_close(near);
	pier_close(far);
}

static int
by_sockets(void *arg)
{
	static const size_t sizes[] = { 100, 5000, 20000, 60000, 65536,
		LONGEST };

	(void)arg;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (enum how how = VIEW; how < HOWS; how++) {
			by_socket(how, sizes[i], false);
			by_socket(how, sizes[i], true);
		}
	}
	return 0;
}

static void
looks_once_at_what_a_socket_has(void **state)
{
	(void)state;
	assert_int_equal(pier_run(by_sockets, NULL, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_once_at_what_comes_in_pieces),
		cmocka_unit_test(looks_once_at_what_a_socket_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
