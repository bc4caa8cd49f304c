/* SPDX-License-Identifier: MIT */
/*
 * os/cookie.h - a FILE over functions that return bytes or a negative error:
 * fopencookie(3) without its errno. Opened through the call table.
 */
#ifndef PIER_OS_COOKIE_H
#define PIER_OS_COOKIE_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct pier__cookie;

struct pier__cookie_ops {
	/* Bytes, 0 at the end, or a negative error. */
	ssize_t (*read)(struct pier__cookie *cookie, char *buf, size_t size);
	/* All of size, or a negative error. */
	int (*write)(struct pier__cookie *cookie, const char *buf, size_t size);
	/* The last `size` bytes of the last read go back. 0 or an error. */
	int (*give_back)(struct pier__cookie *cookie, size_t size);
	/* The end of the cookie, whatever it returns: 0 or an error. The last
	   `ahead` bytes of the last read go back before. */
	int (*close)(struct pier__cookie *cookie, size_t ahead);
};

/* What a cookie begins with. */
struct pier__cookie {
	const struct pier__cookie_ops *ops;
	FILE *file;
	uint64_t read_size; /* given to stdio in all, less what came back */
};

/* 0 or -ENOMEM. mode is "r" or "w". The FILE takes no locks. */
int pier__cookie_open(
	FILE **out, struct pier__cookie *cookie, const char *mode);

#endif
