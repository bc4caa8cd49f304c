/* SPDX-License-Identifier: MIT */
/* serve_frame.c - framed conversations through a server's handler, under each
   model, with clients that know nothing of pier. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define TCP "tcp://127.0.0.1:0"

static struct pier_framing framing;

/* Sends each message back. */
static int
echo(struct pier_stream *stream, void *ctx)
{
	struct pier_frame *frame;
	const void *data;
	size_t size;
	int rc = pier_frame_attach(&frame, stream, &framing);

	(void)ctx;
	while (rc >= 0 &&
		(rc = pier_frame_view(frame, &data, &size, PIER_DEFAULT)) > 0)
		rc = pier_frame_send(frame, data, size, PIER_DEFAULT);
	/* The frame goes with the stream. */
	return rc;
}

static void
start(struct serving *it, const char *kind, enum pier_model model,
	pier_handler *handler, void *ctx)
{
	assert_int_equal(pier_frame_parse(&framing, kind), 0);
	serving_start(it, &(struct pier_server_opts){ .endpoint = TCP,
				  .handler = handler,
				  .ctx = ctx,
				  .model = model });
}

static void
expect(int fd, const char *bytes, size_t size)
{
	char buf[256];
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(fd, buf + got, size - got);

		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_memory_equal(buf, bytes, size);
}

static void
expect_end(int fd)
{
	char buf[8];

	assert_int_equal(plain_read_all(fd, buf, sizeof(buf)), 0);
	(void)close(fd);
}

static void
echoes_under_each_model(void **state)
{
	static const char two[] = "\0\0\0\5hello\0\0\0\0";
	struct serving it;

	(void)state;
	for (size_t i = 0; i < MODEL_COUNT; i++) {
		int fd;

		start(&it, "u32be", models[i], echo, NULL);
		fd = plain_connect(&it, 0);
		/* Two by one segment, then one by as many as it has bytes. */
		plain_write(fd, two, sizeof(two) - 1);
		expect(fd, two, sizeof(two) - 1);
		assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY,
					 &(int){ 1 }, sizeof(int)),
			0);
		for (size_t at = 0; at < 9; at++)
			plain_write(fd, two + at, 1);
		expect(fd, two, 9);
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		expect_end(fd);
		assert_int_equal(serving_stop(&it), 0);
	}
}

/* Each size by one segment, so that most are there when they are asked for. */
static void
echoes_each_short_size(void **state)
{
	static const struct {
		const char *kind;
		size_t width;
	} kinds[] = { { "u8", 1 }, { "u16be", 2 }, { "u32be", 4 },
		{ "u64be", 8 } };
	static unsigned char sent[16384], back[16384];
	struct serving it;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t all = 0, got = 0;
		int fd;

		memset(sent, 0, sizeof(sent));
		for (size_t size = 0; size < 130; size++) {
			all += kinds[i].width;
			sent[all - 1] = (unsigned char)size;
			for (size_t j = 0; j < size; j++)
				sent[all++] = (unsigned char)(size * 7 + j);
		}
		start(&it, kinds[i].kind, PIER_FIBER, echo, NULL);
		fd = plain_connect(&it, 0);
		plain_write(fd, (const char *)sent, all);
		while (got < all) {
			ssize_t n = read(fd, back + got, all - got);

			assert_true(n > 0);
			got += (size_t)n;
		}
		assert_memory_equal(back, sent, all);
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		expect_end(fd);
		assert_int_equal(serving_stop(&it), 0);
	}
}

/* Thousands by one connection: they all come back, in order, while another
   connection is served. */
static void
echoes_many(void **state)
{
	enum {
		COUNT = 20000
	};
	static char sent[COUNT * 16], back[COUNT * 16 + 1];
	struct serving it;
	size_t size = 0, got = 0;
	int fd, other;

	(void)state;
	for (int i = 0; i < COUNT; i++)
		size += (size_t)sprintf(sent + size, "message %d\n", i);
	start(&it, "line", PIER_FIBER, echo, NULL);
	fd = plain_connect(&it, 0);
	other = plain_connect(&it, 0);
	for (size_t at = 0; at < size; at += 4000) {
		size_t some = size - at < 4000 ? size - at : 4000;

		plain_write(fd, sent + at, some);
		plain_echo(other, "ping\n");
		/* The last line of a piece is mostly cut off. */
		for (some += at; sent[some - 1] != '\n'; some--)
			;
		while (got < some) {
			ssize_t n = read(fd, back + got, some - got);

			assert_true(n > 0);
			got += (size_t)n;
		}
	}
	assert_memory_equal(back, sent, size);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	expect_end(fd);
	(void)close(other);
	assert_int_equal(serving_stop(&it), 0);
}

/* What the handler's last call gave. */
static int
echo_and_tell(struct pier_stream *stream, void *ctx)
{
	int rc = echo(stream, NULL);

	atomic_store((atomic_int *)ctx, rc < 0 ? rc : 1);
	return rc;
}

static void
expect_failure(const char *kind, const char *bytes, size_t size, int rc)
{
	atomic_int told = 0;
	struct serving it;
	char buf[64];
	int fd;

	start(&it, kind, PIER_FIBER, echo_and_tell, &told);
	fd = plain_connect(&it, 0);
	plain_write(fd, bytes, size);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	(void)plain_read_all(fd, buf, sizeof(buf));
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(atomic_load(&told), rc);
}

static void
tells_how_it_failed(void **state)
{
	(void)state;
	expect_failure("netstring", "2:Hi,", 5, 1);
	expect_failure("netstring", "2:Hi,3:", 7, -PIER_EEND);
	expect_failure("netstring", "2:Hi,x", 6, -PIER_EFRAME);
	expect_failure("netstring", "2:Hi,1048577:", 13, -EMSGSIZE);
	expect_failure("line", "Hi\nthere", 8, -PIER_EEND);
}

/* Lines until "go", then messages by their length, then bytes: each takes up
   what the one before left. */
static int
changes(struct pier_stream *stream, void *ctx)
{
	struct pier_framing lines = { .kind = PIER_FRAME_LINE };
	struct pier_framing lengths = { .kind = PIER_FRAME_U8 };
	struct pier_frame *frame;
	char buf[16];
	size_t size;
	int rc;

	(void)ctx;
	rc = pier_frame_attach(&frame, stream, &lines);
	if (rc < 0)
		return rc;
	do {
		rc = pier_frame_recv(
			frame, buf, sizeof(buf), &size, PIER_DEFAULT);
	} while (rc == 1 && !(size == 2 && memcmp(buf, "go", 2) == 0));
	(void)pier_frame_detach(frame); /* nothing was sent */
	if (rc != 1)
		return rc;
	rc = pier_frame_attach(&frame, stream, &lengths);
	if (rc < 0)
		return rc;
	rc = pier_frame_recv(frame, buf, sizeof(buf), &size, PIER_DEFAULT);
	if (rc == 1)
		rc = pier_frame_send(frame, buf, size, PIER_DEFAULT);
	(void)pier_frame_detach(frame); /* short messages go whole */
	if (rc < 0)
		return rc;
	rc = (int)pier_read_full(stream, buf, 4, PIER_DEFAULT);
	return rc < 0 ? rc : pier_write(stream, buf, 4, PIER_DEFAULT);
}

static void
changes_in_the_middle(void **state)
{
	struct serving it;
	char buf[16];
	int fd;

	(void)state;
	start(&it, "line", PIER_FIBER, changes, NULL);
	fd = plain_connect(&it, 0);
	plain_write(fd, "one\ngo\n\3abcrest", 15);
	assert_int_equal(plain_read_all(fd, buf, sizeof(buf)), 8);
	assert_memory_equal(buf, "\3abcrest", 8);
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
}

/* pier_wait_any() beside a frame: a part of a message is nothing to read. */
static void
waits_for_a_whole_message(void **state)
{
	struct pier_stream *a = NULL, *b = NULL;
	struct pier_waitable one = { .want = PIER_READING };
	struct pier_frame *frame = NULL;
	const void *data;
	size_t size;
	char buf[2];

	(void)state;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_frame_parse(&framing, "u8"), 0);
	assert_int_equal(pier_frame_attach(&frame, b, &framing), 0);
	one.stream = b;
	assert_int_equal(pier_write(a, "\3Hi", 3, PIER_FOREVER), 0);
	assert_int_equal(pier_wait_any(&one, 1, PIER_FOREVER), 1);
	assert_int_equal(
		pier_frame_view(frame, &data, &size, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_wait_any(&one, 1, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_write(a, "!", 1, PIER_FOREVER), 0);
	assert_int_equal(pier_wait_any(&one, 1, PIER_FOREVER), 1);
	assert_int_equal(
		pier_frame_recv(frame, buf, 2, &size, PIER_NOW), -ENOSPC);
	/* Nothing comes any more, but the message is there. */
	assert_int_equal(pier_wait_any(&one, 1, PIER_FOREVER), 1);
	assert_int_equal(pier_frame_view(frame, &data, &size, PIER_NOW), 1);
	assert_int_equal(size, 3);
	/* What is lent has been read. */
	assert_int_equal(pier_wait_any(&one, 1, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_write(a, "\1?\1!", 4, PIER_FOREVER), 0);
	assert_int_equal(pier_wait_any(&one, 1, PIER_FOREVER), 1);
	assert_int_equal(pier_frame_view(frame, &data, &size, PIER_NOW), 1);
	assert_int_equal(pier_wait_any(&one, 1, PIER_NOW), 1);
	assert_int_equal(pier_frame_view(frame, &data, &size, PIER_NOW), 1);
	assert_memory_equal(data, "!", 1);
	assert_int_equal(pier_wait_any(&one, 1, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_frame_detach(frame), 0);
	pier_close(a);
	pier_close(b);
}

static char large[1000000];

/* A message that was refused, as another is half sent, opens no short way for
   the next one. */
static int
refuses_while_half_sent(void *arg)
{
	struct pier_stream *a = NULL, *b = NULL;
	struct pier_frame *frame = NULL;

	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_frame_parse(&framing, "u32be"), 0);
	assert_int_equal(pier_frame_attach(&frame, a, &framing), 0);
	assert_int_equal(pier_frame_send(frame, large, sizeof(large), PIER_NOW),
		-EAGAIN);
	assert_true(pier_last_error()->done > 0);
	assert_int_equal(
		pier_frame_send(frame, "five!", 5, PIER_DEFAULT), -EINVAL);
	assert_int_equal(pier_printf(a, "z"), 1);
	assert_int_equal(
		pier_frame_send(frame, "five!", 5, PIER_DEFAULT), -EINVAL);
	pier_abort(a);
	pier_close(a);
	pier_close(b);
	return 0;
}

/* What takes 8 KiB on the wire goes at once, by the short way too. */
static int
gathers_less_than_8_kib(void *arg)
{
	struct pier_stream *a = NULL, *b = NULL;
	struct pier_frame *frame = NULL;

	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_frame_parse(&framing, "u32be"), 0);
	assert_int_equal(pier_frame_attach(&frame, a, &framing), 0);
	assert_int_equal(pier_frame_send(frame, "one", 3, PIER_DEFAULT), 0);
	assert_int_equal(pier_frame_send(frame, large, 5000, PIER_DEFAULT), 0);
	assert_int_equal(pier_gathered(a), 7 + 5004);
	assert_int_equal(pier_frame_send(frame, large, 8188, PIER_DEFAULT), 0);
	assert_int_equal(pier_gathered(a), 0);
	pier_close(a);
	pier_close(b);
	return 0;
}

static void
sends_in_a_fiber(void **state)
{
	(void)state;
	assert_int_equal(pier_run(refuses_while_half_sent, NULL, NULL, 0), 0);
	assert_int_equal(pier_run(gathers_less_than_8_kib, NULL, NULL, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echoes_under_each_model),
		cmocka_unit_test(echoes_each_short_size),
		cmocka_unit_test(echoes_many),
		cmocka_unit_test(tells_how_it_failed),
		cmocka_unit_test(changes_in_the_middle),
		cmocka_unit_test(waits_for_a_whole_message),
		cmocka_unit_test(sends_in_a_fiber),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
