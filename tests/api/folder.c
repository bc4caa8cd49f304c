/* SPDX-License-Identifier: MIT */
/* folder.c - see folder.h. */
#include "folder.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

int
folder_begin(void **state)
{
	(void)state;
	(void)strcpy(folder, "/tmp/pier-test-XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

int
folder_end(void **state)
{
	(void)state;
	/* A file that was left behind makes this fail. */
	return rmdir(folder);
}

const char *
path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

const char *
endpoint_of(const char *scheme, const char *name)
{
	static char endpoint[160];

	(void)snprintf(
		endpoint, sizeof(endpoint), "%s://%s", scheme, path_of(name));
	return endpoint;
}
