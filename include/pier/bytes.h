/* SPDX-License-Identifier: MIT */
/*
 * Bytes that others sent, for a person to read: on a terminal nothing of them
 * moves the cursor, changes a colour, or hides what stands beside it.
 */
#ifndef PIER_BYTES_H
#define PIER_BYTES_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room for the text of len bytes, whatever they are, with its NUL. */
#define PIER_BYTES_SHOWN(len) (4 * (len) + 1)

/*
 * pier_bytes_show(out, size, bytes, len): bytes as text. UTF-8 (RFC 3629) stays
 * as it is, but for control characters and those that turn the direction of a
 * line; of these and of what is not UTF-8 each byte is \xNN, and '\' is \\.
 *
 *   out    size bytes: what has no room is left out, never a part of a
 *          character, and there is a NUL behind it
 *   bytes  borrowed for the call; may be NULL when len is 0
 *
 * Returns out.
 */
char *pier_bytes_show(char *out, size_t size, const void *bytes, size_t len);

#ifdef __cplusplus
}
#endif

#endif
