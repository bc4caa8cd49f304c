/* SPDX-License-Identifier: MIT */
/* os/cookie.c - see cookie.h. */
#include "os/cookie.h"

#include <errno.h>
#include <stdio_ext.h>

#include <pier/error.h>

/* The value of errno that comes nearest to an error. */
static int
nearest(int error)
{
	switch (error) {
	case -PIER_EDEADLINE:
	case -PIER_ELIMIT:
		return ETIMEDOUT;
	case -PIER_EDONE:
		return ESHUTDOWN;
	default:
		return error > -4096 ? -error : EIO;
	}
}

static ssize_t
cookie_read(void *arg, char *buf, size_t size)
{
	struct pier__cookie *cookie = arg;
	ssize_t n = cookie->ops->read(cookie, buf, size);

	if (n < 0) {
		errno = nearest((int)n);
		return -1;
	}
	cookie->read_size += (uint64_t)n;
	return n;
}

/* 0, and not -1, is how fopencookie(3) is told of a failure. */
static ssize_t
cookie_write(void *arg, const char *buf, size_t size)
{
	struct pier__cookie *cookie = arg;
	int rc = cookie->ops->write(cookie, buf, size);

	if (rc < 0) {
		errno = nearest(rc);
		return 0;
	}
	return (ssize_t)size;
}

/* fflush(3) steps back to where its reader stands; ftell(3) steps by 0. A
   stream has no other places to go to. */
static int
cookie_seek(void *arg, off64_t *offset, int whence)
{
	struct pier__cookie *cookie = arg;
	int rc = 0;

	if (whence != SEEK_CUR || *offset > 0) {
		errno = ESPIPE;
		return -1;
	}
	if (*offset < 0)
		rc = cookie->ops->give_back(cookie, (size_t) - *offset);
	if (rc < 0) {
		errno = nearest(rc);
		return -1;
	}
	cookie->read_size -= (uint64_t) - *offset;
	*offset = (off64_t)cookie->read_size;
	return 0;
}

/* What stdio has read and nobody has asked for. fclose(3) of many versions of
   glibc drops it without a word. */
static size_t
ahead(FILE *file)
{
#if defined(__GLIBC__)
	return file->_IO_read_end > file->_IO_read_ptr
		       ? (size_t)(file->_IO_read_end - file->_IO_read_ptr)
		       : 0;
#else
	return __freadahead(file);
#endif
}

static int
cookie_close(void *arg)
{
	struct pier__cookie *cookie = arg;
	int rc = cookie->ops->close(cookie, ahead(cookie->file));

	if (rc < 0)
		errno = nearest(rc);
	return rc < 0 ? -1 : 0;
}

int
pier__cookie_open(FILE **out, struct pier__cookie *cookie, const char *mode)
{
	static const cookie_io_functions_t reads = {
		.read = cookie_read, .seek = cookie_seek, .close = cookie_close
	};
	static const cookie_io_functions_t writes = { .write = cookie_write,
		.close = cookie_close };

	cookie->file =
		fopencookie(cookie, mode, mode[0] == 'r' ? reads : writes);
	if (cookie->file == NULL)
		return -ENOMEM;
	(void)__fsetlocking(cookie->file, FSETLOCKING_BYCALLER);
	*out = cookie->file;
	return 0;
}
