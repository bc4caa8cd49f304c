/* SPDX-License-Identifier: MIT */
/*
 * net/unix_place.c - where a Unix socket is, also when its path does not fit
 * into the 108 bytes of a socket address.
 *
 * Then its folder is opened, and the address is the name in that folder, by way
 * of /proc/self/fd (proc(5)): the kernel goes through the descriptor, whatever
 * becomes of the path meanwhile. What stat, chmod and unlink are given is the
 * same short path. Only the name itself has to fit.
 */
#include "net/unix.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "addr/addr.h"

/* The folder of path, which loses its name; relative to here: ".". */
static const char *
cut_name(char *path, const char **name)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL) {
		*name = path;
		return ".";
	}
	*name = slash + 1;
	if (slash == path)
		return "/";
	*slash = '\0';
	return path;
}

static int
open_long(struct pier__unix_place *out, char *path)
{
	char text[PIER_UNIX_PATH_MAX + 1];
	const char *name;
	const char *folder = cut_name(path, &name);
	int dir = pier__calls()->open_dir(folder);
	int len, rc;

	if (dir < 0)
		return dir;
	len = snprintf(text, sizeof(text), "/proc/self/fd/%d/%s", dir, name);
	rc = (size_t)len < sizeof(text)
		     ? pier__addr_unix(&out->addr, text, (size_t)len)
		     : -ENAMETOOLONG;
	if (rc < 0) {
		pier__close(dir);
		return rc;
	}
	out->has_dir = true;
	out->dir = dir;
	return 0;
}

int
pier__unix_place_open(
	struct pier__unix_place *out, const struct pier__endpoint *endpoint)
{
	struct pier__unix_place place = { .addr = endpoint->addr };
	char *path;
	int rc = 0;

	if (endpoint->addr.len == 0) {
		path = pier__alloc(PIER__LONG_PATH_MAX + 1);
		if (path == NULL)
			return -ENOMEM;
		pier__addr_decode_path(path, endpoint->long_path);
		rc = open_long(&place, path);
		pier__free(path);
	}
	if (rc == 0)
		*out = place;
	return rc;
}

void
pier__unix_place_close(struct pier__unix_place *place)
{
	if (place->has_dir)
		pier__close(place->dir);
	place->has_dir = false;
}
