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

#include "chance.h"
#include "two_ends.h"

#define MS        INT64_C(1000000)
#define STEPS     60
#define PIECE_MAX 30000
#define BYTES_MAX (STEPS * PIECE_MAX)

static struct {
	unsigned char went[BYTES_MAX], came[BYTES_MAX];
	size_t went_size, came_size;
	unsigned deadlines; /* that passed */
	int writer_rc, reader_rc;
} bed;

/* A buffer of its own kind, so that no byte passes for another's. */
static size_t
fill(unsigned char buf[PIECE_MAX])
{
	size_t size = 1 + ends_draw(ends_draw(4) == 0 ? PIECE_MAX : 200);
	unsigned char from = (unsigned char)ends_draw(256);

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
	return ends_draw(4) == 0 ? PIER_NOW : pier_in_ms(ends_draw(30));
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
	int rc = pier_write(ends.writer, buf, size,
		ends_draw(2) == 0 ? PIER_FOREVER : pier_in_ms(ends_draw(30)));

	note(buf, rc == 0 ? size : pier_last_error()->done);
	return forgive(rc);
}

static int
write_pieces(unsigned char *buf)
{
	size_t size = fill(buf), a = ends_draw((unsigned)size + 1);
	size_t b = a + ends_draw((unsigned)(size - a) + 1);
	struct iovec iov[3] = { { buf, a }, { buf + a, b - a },
		{ buf + b, size - b } };
	int rc = pier_writev(ends.writer, iov, 3,
		ends_draw(2) == 0 ? PIER_FOREVER : pier_in_ms(ends_draw(30)));

	note(buf, rc == 0 ? size : pier_last_error()->done);
	return forgive(rc);
}

static int
write_part(unsigned char *buf)
{
	size_t size = fill(buf);
	ssize_t n = pier_write_some(ends.writer, buf, size, a_while());

	if (n > 0)
		note(buf, (size_t)n);
	return n < 0 ? forgive((int)n) : 0;
}

static int
print(unsigned char *buf)
{
	char *text = (char *)buf;
	int size = snprintf(text, PIECE_MAX, "%*u;", 1 + (int)ends_draw(3000),
		ends_draw(1000000));
	int n = pier_printf(ends.writer, "%s", text);

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
		switch (ends_draw(10)) {
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
			rc = forgive(pier_flush(ends.writer, a_while()));
			break;
		case 4:
			rc = pier_sleep(pier_in_ms(ends_draw(40)));
			break;
		default:
			rc = print(buf);
		}
	}
	if (rc == 0)
		rc = pier_shutdown(ends.writer, PIER_WRITING, PIER_FOREVER);
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
		if (ends_draw(5) == 0)
			(void)pier_sleep(pier_in_ms(ends_draw(60)));
		n = pier_read(ends.reader, buf,
			1 + ends_draw(ends_draw(2) == 0 ? 300 : sizeof(buf)),
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
play(uint64_t seed, bool tcp)
{
	memset(&bed, 0, sizeof(bed));
	ends.chance = seed;
	two_ends_play(tcp, writer, reader);
	if (bed.writer_rc != 0 || bed.reader_rc != 0 ||
		bed.went_size != bed.came_size ||
		memcmp(bed.went, bed.came, bed.went_size) != 0)
		fail_msg("seed %llu: writer %s, reader %s, %zu went, %zu came",
			(unsigned long long)seed,
			pier_error_name(bed.writer_rc),
			pier_error_name(bed.reader_rc), bed.went_size,
			bed.came_size);
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
