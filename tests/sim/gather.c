/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/gather.c - writers of every kind against readers of any pace, by
 * seed: printf, writes whole and in part, by pieces, flushes, with deadlines
 * that pass in the middle, over small buffers. Whatever happens, the reader
 * gets exactly the bytes that the writer's calls said went, in their order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pier.h>

#include "io/sim_engine.h"

#define MS        INT64_C(1000000)
#define STEPS     60
#define PIECE_MAX 30000
#define BYTES_MAX (STEPS * PIECE_MAX)

static struct {
	uint64_t chance;
	struct pier_stream *writer, *reader;
	unsigned char went[BYTES_MAX], came[BYTES_MAX];
	size_t went_size, came_size;
	unsigned deadlines; /* that passed */
	int writer_rc, reader_rc;
} bed;

static unsigned
draw(unsigned below)
{
	bed.chance = bed.chance * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(bed.chance >> 33) % below;
}

/* A buffer of its own kind, so that no byte passes for another's. */
static size_t
fill(unsigned char buf[PIECE_MAX])
{
	size_t size = 1 + draw(draw(4) == 0 ? PIECE_MAX : 200);
	unsigned char from = (unsigned char)draw(256);

	for (size_t i = 0; i < size; i++)
		buf[i] = (unsigned char)(from + i * 3);
	return size;
}

static void
note(const void *data, size_t size)
{
	memcpy(bed.went + bed.went_size, data, size);
	bed.went_size += size;
}

static pier_deadline
a_while(void)
{
	return draw(4) == 0 ? PIER_NOW : pier_in_ms(draw(30));
}

/* A deadline that passes is no error here. */
static int
forgive(int rc)
{
	bed.deadlines += rc == -PIER_EDEADLINE;
	return rc == -PIER_EDEADLINE || rc == -EAGAIN ? 0 : rc;
}

static int
write_whole(unsigned char *buf)
{
	size_t size = fill(buf);
	int rc = pier_write(bed.writer, buf, size,
		draw(2) == 0 ? PIER_FOREVER : pier_in_ms(draw(30)));

	note(buf, rc == 0 ? size : pier_last_error()->done);
	return forgive(rc);
}

static int
write_pieces(unsigned char *buf)
{
	size_t size = fill(buf), a = draw((unsigned)size + 1);
	size_t b = a + draw((unsigned)(size - a) + 1);
	struct iovec iov[3] = { { buf, a }, { buf + a, b - a },
		{ buf + b, size - b } };
	int rc = pier_writev(bed.writer, iov, 3,
		draw(2) == 0 ? PIER_FOREVER : pier_in_ms(draw(30)));

	note(buf, rc == 0 ? size : pier_last_error()->done);
	return forgive(rc);
}

static int
write_part(unsigned char *buf)
{
	size_t size = fill(buf);
	ssize_t n = pier_write_some(bed.writer, buf, size, a_while());

	if (n > 0)
		note(buf, (size_t)n);
	return n < 0 ? forgive((int)n) : 0;
}

static int
print(unsigned char *buf)
{
	char *text = (char *)buf;
	int size = snprintf(
		text, PIECE_MAX, "%*u;", 1 + (int)draw(3000), draw(1000000));
	int n = pier_printf(bed.writer, "%s", text);

	if (n == size)
		note(text, (size_t)n);
	return n < 0 ? n : 0;
}

static int
writer(void *arg)
{
	static unsigned char buf[PIECE_MAX];
	int rc = 0;

	(void)arg;
	for (int i = 0; rc == 0 && i < STEPS; i++) {
		switch (draw(10)) {
		case 0:
			rc = write_whole(buf);
			break;
		case 1:
			rc = write_pieces(buf);
			break;
		case 2:
			rc = write_part(buf);
			break;
		case 3:
			rc = forgive(pier_flush(bed.writer, a_while()));
			break;
		case 4:
			rc = pier_sleep(pier_in_ms(draw(40)));
			break;
		default:
			rc = print(buf);
		}
	}
	if (rc == 0)
		rc = pier_shutdown(bed.writer, PIER_WRITING, PIER_FOREVER);
	bed.writer_rc = rc;
	return 0;
}

static int
reader(void *arg)
{
	static unsigned char buf[20000];
	ssize_t n;

	(void)arg;
	for (;;) {
		if (draw(5) == 0)
			(void)pier_sleep(pier_in_ms(draw(60)));
		n = pier_read(bed.reader, buf,
			1 + draw(draw(2) == 0 ? 300 : sizeof(buf)),
			PIER_FOREVER);
		if (n <= 0 || bed.came_size + (size_t)n > BYTES_MAX)
			break;
		memcpy(bed.came + bed.came_size, buf, (size_t)n);
		bed.came_size += (size_t)n;
	}
	bed.reader_rc = (int)n;
	return 0;
}

static void
connect_ends(bool tcp)
{
	struct pier_listener *listener = NULL;

	if (!tcp) {
		assert_int_equal(pier_pair(&bed.writer, &bed.reader), 0);
		return;
	}
	assert_int_equal(
		pier_listen(&listener, "tcp://10.0.0.1:9", NULL, PIER_FOREVER),
		0);
	assert_int_equal(
		pier_dial(&bed.writer, "tcp://10.0.0.1:9", NULL, PIER_FOREVER),
		0);
	assert_int_equal(pier_accept(&bed.reader, listener, PIER_FOREVER), 0);
	pier_listener_close(listener);
}

static int
scene(void *arg)
{
	struct pier_group *group = NULL;

	connect_ends(*(const bool *)arg);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, writer, NULL), 0);
	assert_int_equal(pier_go(group, reader, NULL), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	pier_close(bed.writer);
	pier_close(bed.reader);
	return 0;
}

static void
play(uint64_t seed, bool tcp)
{
	struct pier__sim *sim = pier__sim_open(seed);

	memset(&bed, 0, sizeof(bed));
	bed.chance = seed;
	pier__sim_limits(sim)->sndbuf = 2000 << draw(8);
	pier__sim_limits(sim)->rcvbuf = 2000 << draw(8);
	assert_int_equal(pier__sim_run(sim, scene, &tcp), 0);
	assert_int_equal(pier__sim_open_count(sim), 0);
	pier__sim_close(sim);
	if (bed.writer_rc != 0 || bed.reader_rc != 0 ||
		bed.went_size != bed.came_size ||
		memcmp(bed.went, bed.came, bed.went_size) != 0)
		fail_msg("seed %llu: writer %s, reader %s, %zu went, %zu came",
			(unsigned long long)seed,
			pier_error_name(bed.writer_rc),
			pier_error_name(bed.reader_rc), bed.went_size,
			bed.came_size);
}

static uint64_t
seeds(uint64_t usual)
{
	const char *text = getenv("SIM_SEEDS");

	return text != NULL ? strtoull(text, NULL, 10) : usual;
}

static void
play_all(bool tcp)
{
	unsigned deadlines = 0;

	for (uint64_t seed = 1; seed <= seeds(100); seed++) {
		play(seed, tcp);
		deadlines += bed.deadlines;
	}
	/* They did pass in the middle. */
	assert_true(deadlines > seeds(100) / 2);
}

static void
over_tcp(void **state)
{
	(void)state;
	play_all(true);
}

static void
over_pairs(void **state)
{
	(void)state;
	play_all(false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_tcp),
		cmocka_unit_test(over_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
