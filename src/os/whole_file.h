/* SPDX-License-Identifier: MIT */
/* os/whole_file.h - a small file of the machine, read at once. */
#ifndef PIER_OS_WHOLE_FILE_H
#define PIER_OS_WHOLE_FILE_H

#include <stddef.h>

/*
 * pier__whole_file(out, path, max): the text of a file, with a NUL behind it.
 *
 *   out  on success freed by the caller with pier__free()
 *   max  -EFBIG when it has more bytes than that
 *
 * The number of bytes; or -ENOMEM, or as open(2) and read(2).
 */
ptrdiff_t pier__whole_file(char **out, const char *path, size_t max);

#endif
