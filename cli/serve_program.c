/* SPDX-License-Identifier: MIT */
/*
 * Is there the program of --exec? Looked for at the start as execve(2) and
 * posix_spawnp(3) will for each connection, so that a word that is misspelled
 * is told before anybody connects. What may happen to it later is told then.
 */
#include "serve.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where posix_spawnp(3) looks without PATH. */
#define PATH_OTHERWISE "/bin:/usr/bin"

/* 0, or -errno. */
static int
can_run(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0 || access(path, X_OK) < 0)
		return -errno;
	return S_ISREG(status.st_mode) ? 0 : -EACCES;
}

/* In each folder of PATH, where an empty one is the current. */
static int
find(const char *name)
{
	const char *folder = getenv("PATH"), *end;
	char path[PATH_MAX];
	int rc = -ENOENT;

	if (folder == NULL)
		folder = PATH_OTHERWISE;
	for (;; folder = end + 1) {
		int len, found;

		end = strchrnul(folder, ':');
		len = snprintf(path, sizeof(path), "%.*s%s%s",
			(int)(end - folder), folder, end > folder ? "/" : "",
			name);
		found = len < (int)sizeof(path) ? can_run(path) : -ENAMETOOLONG;
		if (found == 0)
			return 0;
		/* One that may not be run is worth more than none. */
		if (found == -EACCES)
			rc = found;
		if (*end == '\0')
			return rc;
	}
}

int
serve_find_program(
	const struct cli_tool *tool, const struct serve_settings *settings)
{
	const char *name =
		settings->shell != NULL ? "/bin/sh" : settings->exec.words[0];
	const char *option = settings->shell != NULL ? "--shell" : "--exec";
	int rc = strchr(name, '/') != NULL ? can_run(name) : find(name);
	const struct pier_error error = { .code = rc,
		.step = PIER_STEP_EXEC,
		.endpoint = name,
		.detail = option };

	return rc == 0 ? CLI_EXIT_OK : cli_failure_at(tool, &error, name);
}
