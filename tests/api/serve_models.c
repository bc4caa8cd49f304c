/* SPDX-License-Identifier: MIT */
/* serve_models.c - the same conversations under every model. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define TCP  "tcp://127.0.0.1:0"
#define MANY 200

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#else
#define UNDER_TSAN 0
#endif

static void
under(enum pier_model model, const struct pier_server_opts *opts,
	void (*talk)(const struct serving *it), uint64_t finished)
{
	struct pier_server_opts with = *opts;
	struct pier_server_stats stats;
	struct serving it;

	with.model = model;
	/* Where a fork takes long the last of many clients speaks late. */
	with.first_byte_ms = PIER_OFF;
	serving_start(&it, &with);
	talk(&it);
	stats = serving_await(
		&it, offsetof(struct pier_server_stats, finished), finished);
	assert_int_equal(stats.finished, finished);
	assert_int_equal(stats.failed, 0);
	assert_int_equal(serving_stop(&it), 0);
}

static void
each_model(const struct pier_server_opts *opts,
	void (*talk)(const struct serving *it), uint64_t finished)
{
	int i;

	for (i = 0; i < MODEL_COUNT; i++)
		under(models[i], opts, talk, finished);
	/* The thread sanitizer cannot follow a fork beside a thread. */
	if (!UNDER_TSAN)
		under(PIER_FORK, opts, talk, finished);
}

static void
talk_bytes(const struct serving *it)
{
	unsigned char all[256], back[sizeof(all) + 1];
	size_t i;
	int fd = plain_connect(it, 0);

	for (i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	plain_write(fd, all, sizeof(all));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(plain_read_all(fd, back, sizeof(back)), sizeof(all));
	assert_memory_equal(all, back, sizeof(all));
	plain_hang_up(fd);
}

static void
talk_nothing(const struct serving *it)
{
	int fd = plain_connect(it, 0);
	char back;

	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(plain_read_all(fd, &back, 1), 0);
	plain_hang_up(fd);
}

static void
talk_one_byte(const struct serving *it)
{
	int fd = plain_connect(it, 0);

	plain_echo(fd, "x");
	plain_hang_up(fd);
}

static void
talk_text(const struct serving *it)
{
	int fd = plain_connect(it, 0);

	plain_echo(fd, "汉语/漢語 Hànyǔ\n");
	plain_hang_up(fd);
}

static void
test_every_byte(void **state)
{
	(void)state;
	each_model(&(struct pier_server_opts){ .endpoint = TCP,
			   .handler = pier_handler_echo },
		talk_bytes, 1);
}

static void
test_nothing_and_little(void **state)
{
	const struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo };

	(void)state;
	each_model(&opts, talk_nothing, 1);
	each_model(&opts, talk_one_byte, 1);
	each_model(&opts, talk_text, 1);
}

/* All connect before the first speaks; the iterative model serves them one
   after the other, from its queue. */
static void
talk_many(const struct serving *it)
{
	static int fds[MANY];
	int i;

	for (i = 0; i < MANY; i++)
		fds[i] = plain_connect(it, 0);
	for (i = 0; i < MANY; i++) {
		plain_echo(fds[i], "hello");
		plain_hang_up(fds[i]);
	}
}

static void
test_many_at_once(void **state)
{
	(void)state;
	each_model(&(struct pier_server_opts){ .endpoint = TCP,
			   .handler = pier_handler_echo },
		talk_many, MANY);
}

static void
talk_discard(const struct serving *it)
{
	static char much[300000];
	int fd = plain_connect(it, 0);
	char back;

	plain_write(fd, much, sizeof(much));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(plain_read_all(fd, &back, 1), 0);
	plain_hang_up(fd);
}

static void
test_discard(void **state)
{
	(void)state;
	each_model(&(struct pier_server_opts){ .endpoint = TCP,
			   .handler = pier_handler_discard },
		talk_discard, 1);
}

static void
talk_upper(const struct serving *it)
{
	static const char text[] = "abc xyz {@[` 1 é";
	char back[sizeof(text)];
	int fd = plain_connect(it, 0);

	plain_write(fd, text, sizeof(text) - 1);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(
		plain_read_all(fd, back, sizeof(back)), sizeof(text) - 1);
	assert_memory_equal(back, "ABC XYZ {@[` 1 é", sizeof(text) - 1);
	plain_hang_up(fd);
}

static void
test_upper(void **state)
{
	(void)state;
	each_model(&(struct pier_server_opts){ .endpoint = TCP,
			   .handler = pier_handler_upper },
		talk_upper, 1);
}

/* Takes the first line, ignores what follows, answers at length. */
static int
answer(struct pier_stream *stream, void *ctx)
{
	static char reply[200000];
	char line[64];
	ssize_t n = pier_read_line(stream, line, sizeof(line), PIER_DEFAULT);

	(void)ctx;
	if (n <= 0)
		return (int)n;
	return pier_write(stream, reply, sizeof(reply), PIER_DEFAULT);
}

static void
talk_unread(const struct serving *it)
{
	static char back[200001];
	static char more[20000];
	int fd = plain_connect(it, 0);

	plain_write(fd, "GET\n", 4);
	plain_write(fd, more, sizeof(more));
	assert_int_equal(plain_read_all(fd, back, sizeof(back)), 200000);
	plain_hang_up(fd);
}

static void
test_reply_before_unread_input_arrives_whole(void **state)
{
	(void)state;
	each_model(&(struct pier_server_opts){ .endpoint = TCP,
			   .handler = answer },
		talk_unread, 1);
}

/* What is gathered goes before the end. */
static int
say(struct pier_stream *stream, void *ctx)
{
	(void)ctx;
	return pier_printf(stream, "a line of %d\n", 7);
}

static void
talk_gathered(const struct serving *it)
{
	char back[64];
	int fd = plain_connect(it, 0);

	assert_int_equal(plain_read_all(fd, back, sizeof(back)), 12);
	assert_memory_equal(back, "a line of 7\n", 12);
	plain_hang_up(fd);
}

static void
test_gathered_bytes_go_at_the_end(void **state)
{
	(void)state;
	each_model(
		&(struct pier_server_opts){ .endpoint = TCP, .handler = say },
		talk_gathered, 1);
}

/* However its waits are made, its descriptor is as every one of pier's. */
static int
ask_for_the_descriptor(struct pier_stream *stream, void *ctx)
{
	int rc = pier_handler_echo(stream, ctx);

	if ((fcntl(pier_fd(stream), F_GETFL) & O_NONBLOCK) == 0)
		return -EINVAL;
	return rc;
}

static void
talk_and_end(const struct serving *it)
{
	int fd = plain_connect(it, 0);

	plain_echo(fd, "once");
	plain_echo(fd, "twice");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	plain_hang_up(fd);
}

static void
test_descriptors_are_nonblocking(void **state)
{
	const struct pier_server_opts opts = { .endpoint = TCP,
		.handler = ask_for_the_descriptor };

	(void)state;
	each_model(&opts, talk_and_end, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_nothing_and_little),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_discard),
		cmocka_unit_test(test_upper),
		cmocka_unit_test(test_reply_before_unread_input_arrives_whole),
		cmocka_unit_test(test_gathered_bytes_go_at_the_end),
		cmocka_unit_test(test_descriptors_are_nonblocking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
