/* SPDX-License-Identifier: MIT */
/* inspect/owners_test.c - processes and their sockets, in a folder that looks
   like /proc. */
#include "inspect/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/pier-owners-XXXXXX";

static const char *
path_of(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void
folder(const char *name)
{
	assert_int_equal(mkdir(path_of(name), 0755), 0);
}

static void
descriptor(const char *name, const char *points_at)
{
	assert_int_equal(symlink(points_at, path_of(name)), 0);
}

static void
command(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int
setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	folder("7");
	folder("7/fd");
	command("7/comm", "seven\n");
	descriptor("7/fd/0", "/dev/null");
	descriptor("7/fd/5", "socket:[100]");
	descriptor("7/fd/6", "socket:[50]");
	folder("123");
	folder("123/fd");
	command("123/comm", "a-name-of-which-some-is-cut\n");
	descriptor("123/fd/3", "socket:[100]");
	descriptor("123/fd/4", "socket:[100]");
	descriptor("123/fd/5", "socket:[x]");
	descriptor("123/fd/6", "socket:[100] ");
	folder("8"); /* it has gone: no descriptors */
	folder("12x");
	folder("net");
	folder("99999999999");
	return 0;
}

static int
teardown(void **state)
{
	char line[300];

	(void)state;
	(void)snprintf(line, sizeof(line), "rm -r %s", root);
	return system(line);
}

static void
test_found(void **state)
{
	struct pier__owners owners;
	const struct pier_socket_owner *found;
	size_t count;

	(void)state;
	assert_int_equal(pier__owners_scan(&owners, root), 0);
	assert_int_equal(owners.count, 4);
	assert_int_equal(owners.hidden, 0);
	found = pier__owners_of(&owners, 100, &count);
	assert_int_equal(count, 3);
	assert_int_equal(found[0].pid, 7);
	assert_int_equal(found[0].fd, 5);
	assert_string_equal(found[0].command, "seven");
	assert_int_equal(found[1].pid, 123);
	assert_int_equal(found[1].fd, 3);
	assert_int_equal(found[2].fd, 4);
	assert_string_equal(found[2].command, "a-name-of-which");
	found = pier__owners_of(&owners, 50, &count);
	assert_int_equal(count, 1);
	assert_int_equal(found->fd, 6);
	assert_null(pier__owners_of(&owners, 51, &count));
	assert_int_equal(count, 0);
	assert_null(pier__owners_of(&owners, 0, &count));
	pier__owners_end(&owners);
}

/* So many that the lists grow several times. */
static void
test_many(void **state)
{
	struct pier__owners owners;
	char name[64], link[64];
	size_t count;

	(void)state;
	folder("9");
	folder("9/fd");
	command("9/comm", "nine\n");
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "9/fd/%d", i);
		(void)snprintf(link, sizeof(link), "socket:[%d]", 5000 - i);
		descriptor(name, link);
	}
	assert_int_equal(pier__owners_scan(&owners, root), 0);
	assert_int_equal(owners.count, 1004);
	for (uint64_t inode = 4001; inode <= 5000; inode++) {
		const struct pier_socket_owner *one =
			pier__owners_of(&owners, inode, &count);

		assert_int_equal(count, 1);
		assert_int_equal(one->fd, 5000 - inode);
		assert_string_equal(one->command, "nine");
	}
	pier__owners_end(&owners);
}

static void
test_what_is_not_there(void **state)
{
	struct pier__owners owners;

	(void)state;
	assert_int_equal(pier__owners_scan(&owners, "/no/such"), -ENOENT);
	assert_int_equal(pier__owners_scan(&owners, "/dev/null"), -ENOTDIR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
