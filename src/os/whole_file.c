/* SPDX-License-Identifier: MIT */
/* os/whole_file.c - see whole_file.h. Regular files are always ready. */
#include "os/whole_file.h"

#include "os/calls.h"

#include <errno.h>

/* Most files of /etc fit the first piece. */
#define PIECE ((size_t)16 * 1024)

/* Reads to the end of the file; the text is *out's whatever comes back. */
static ptrdiff_t
read_all(char **out, int fd, size_t max)
{
	size_t len = 0, size = 0;
	ssize_t n;

	do {
		if (len + 1 >= size) {
			char *more = pier__resize(*out, size * 2 + PIECE);

			if (more == NULL)
				return -ENOMEM;
			*out = more;
			size = size * 2 + PIECE;
		}
		n = pier__calls()->pread(
			fd, *out + len, size - len - 1, (int64_t)len);
		if (n == -EINTR)
			continue;
		if (n < 0)
			return n;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	} while (n != 0);
	(*out)[len] = '\0';
	return (ptrdiff_t)len;
}

ptrdiff_t
pier__whole_file(char **out, const char *path, size_t max)
{
	int fd = pier__calls()->open_file(path);
	char *text = NULL;
	ptrdiff_t len;

	if (fd < 0)
		return fd;
	len = read_all(&text, fd, max);
	pier__close(fd);
	if (len < 0)
		pier__free(text);
	else
		*out = text;
	return len;
}
