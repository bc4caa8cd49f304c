/* SPDX-License-Identifier: MIT */
/* inspect/cgroups_test.c - a hierarchy of directories, and what is in it. */
#include "inspect/cgroups.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const folders[] = { "/system.slice",
	"/system.slice/nginx.service", "/user.slice", "/user.slice/a b" };

#define COUNT (sizeof(folders) / sizeof(folders[0]))

static char root[] = "/tmp/pier-cgroups-XXXXXX";

static void
path_of(char *out, size_t size, const char *folder)
{
	(void)snprintf(out, size, "%s%s", root, folder);
}

static uint64_t
number_of(const char *folder)
{
	struct stat about;
	char path[256];

	path_of(path, sizeof(path), folder);
	assert_int_equal(stat(path, &about), 0);
	return about.st_ino;
}

static int
set_up(void **state)
{
	char path[256];
	FILE *file;
	size_t i;

	(void)state;
	if (mkdtemp(root) == NULL)
		return -1;
	for (i = 0; i < COUNT; i++) {
		path_of(path, sizeof(path), folders[i]);
		if (mkdir(path, 0700) < 0)
			return -1;
	}
	path_of(path, sizeof(path), "/system.slice/cgroup.procs");
	file = fopen(path, "w");
	return file == NULL ? -1 : fclose(file);
}

static int
tear_down(void **state)
{
	char path[256];
	size_t i;

	(void)state;
	path_of(path, sizeof(path), "/system.slice/cgroup.procs");
	(void)unlink(path);
	for (i = COUNT; i-- > 0;) {
		path_of(path, sizeof(path), folders[i]);
		(void)rmdir(path);
	}
	return rmdir(root);
}

static void
test_paths(void **state)
{
	struct pier__cgroups all;
	uint64_t file = number_of("/system.slice/cgroup.procs");
	size_t i;

	(void)state;
	assert_int_equal(pier__cgroups_read(&all, root), 0);
	assert_int_equal(all.count, COUNT + 1);
	for (i = 0; i < COUNT; i++)
		assert_string_equal(
			pier__cgroups_path(&all, number_of(folders[i])),
			folders[i]);
	assert_string_equal(pier__cgroups_path(&all, number_of("")), "/");
	/* A file is no group. */
	assert_null(pier__cgroups_path(&all, file));
	assert_null(pier__cgroups_path(&all, 0));
	pier__cgroups_end(&all);
	assert_null(pier__cgroups_path(&all, file));
}

static void
test_none(void **state)
{
	struct pier__cgroups all;

	(void)state;
	assert_int_equal(pier__cgroups_read(&all, "/nosuch"), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
