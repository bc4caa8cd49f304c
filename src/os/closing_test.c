/* SPDX-License-Identifier: MIT */
/* os/closing_test.c - what was added is closed, and nothing beside it; neighbours
   by one call, where the kernel has it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/closing.h"
#include "os/faulty.h"

/* Above what the program has open. */
#define FIRST 100

static struct {
	struct pier__context context; /* first: it plays the current task */
	struct pier__faulty faulty;
} bed;

static int
begin(void **state)
{
	(void)state;
	pier__faulty_init(&bed.faulty, &pier__calls_real);
	bed.context.calls = &bed.faulty.calls;
	pier__current = (struct pier__task *)(void *)&bed;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	pier__current = NULL;
	pier__faulty_end(&bed.faulty);
	return 0;
}

static void
open_at(int fd)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(null >= 0);
	assert_int_equal(fcntl(null, F_DUPFD_CLOEXEC, fd), fd);
	assert_int_equal(close(null), 0);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static unsigned long
closes(void)
{
	return bed.faulty.counts[PIER__CALL_CLOSE];
}

static void
add_all(struct pier__closing *closing, const int *fds, size_t count)
{
	size_t i;

	pier__closing_begin(closing);
	for (i = 0; i < count; i++)
		pier__closing_add(closing, fds[i]);
}

/* 100 to 102, 104, and 106 with 107; 103 and 105 are somebody else's. */
static const int some[] = { 104, 101, -1, 107, 100, 106, 102 };

static void
open_some(void)
{
	int fd;

	for (fd = FIRST; fd < FIRST + 8; fd++)
		open_at(fd);
}

static void
expect_some_closed(void)
{
	int fd;

	for (fd = FIRST; fd < FIRST + 8; fd++) {
		bool stays = fd == 103 || fd == 105;

		assert_int_equal(is_open(fd), stays);
		if (stays)
			assert_int_equal(close(fd), 0);
	}
}

static void
neighbours_go_by_one_call(void **state)
{
	struct pier__closing closing;

	(void)state;
	open_some();
	add_all(&closing, some, sizeof(some) / sizeof(*some));
	pier__closing_end(&closing);
	assert_int_equal(closes(), 3);
	expect_some_closed();
	/* There is nothing left of it. */
	pier__closing_end(&closing);
	assert_int_equal(closes(), 3);
}

/* An old kernel, or a filter of system calls. */
static void
without_the_call_each_is_closed(void **state)
{
	struct pier__closing closing;

	(void)state;
	open_some();
	add_all(&closing, some, sizeof(some) / sizeof(*some));
	pier__faulty_plan(
		&bed.faulty, &(struct pier__fault){ .call = PIER__CALL_CLOSE,
				     .nth = 1,
				     .every = 1,
				     .error = EIO });
	pier__closing_end(&closing);
	/* Three runs in vain, and six of their own. */
	assert_int_equal(closes(), 3 + 6);
	expect_some_closed();
}

static void
there_may_be_more_than_there_is_room_for(void **state)
{
	struct pier__closing closing;
	int fd;

	(void)state;
	pier__closing_begin(&closing);
	for (fd = FIRST + 2 * PIER__CLOSING_MAX; fd >= FIRST; fd--) {
		open_at(fd);
		pier__closing_add(&closing, fd);
	}
	assert_true(closing.count <= PIER__CLOSING_MAX);
	pier__closing_end(&closing);
	for (fd = FIRST; fd <= FIRST + 2 * PIER__CLOSING_MAX; fd++)
		assert_false(is_open(fd));
}

#define CLOSING_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLOSING_TEST(neighbours_go_by_one_call),
		CLOSING_TEST(without_the_call_each_is_closed),
		CLOSING_TEST(there_may_be_more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
