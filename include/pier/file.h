/* SPDX-License-Identifier: MIT */
/*
 * Streams and files: a stream as a FILE of stdio, as Python's makefile(), and a
 * file sent over a stream.
 */
#ifndef PIER_FILE_H
#define PIER_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <pier/deadline.h>
#include <pier/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * pier_file(out, stream, mode): a view of the stream for stdio: getline(3),
 * fgets(3) and fread(3) read from it, fprintf(3) and fwrite(3) write to it.
 * Waits for nothing; what is called on the view waits by PIER_DEFAULT, so by
 * the timeout of the stream, for each read(2) or write(2) that stdio would
 * make.
 *
 *   out     on success the view, the caller's, ended by fclose(3); it ends
 *           before the stream does, and leaves that open
 *   stream  read and written by its own calls as well; borrowed
 *   mode    "r" or "w": for both halves two views. Buffered as setvbuf(3) says:
 *           in full at first, _IOLBF by lines, _IONBF not at all
 *
 * What fails sets ferror(3), with the story in pier_last_error() and its cause
 * in errno: the kernel's own; ETIMEDOUT for -PIER_EDEADLINE and -PIER_ELIMIT,
 * ESHUTDOWN for -PIER_EDONE, EIO for what has none. A read that failed can be
 * tried again after clearerr(3). Of a write that failed nobody knows what went:
 * stdio drops its buffer. So that no hole comes between the bytes, all later
 * writes of that view fail too, and fclose(3) tells of it.
 *
 * stdio reads ahead, up to 4096 bytes at a time. What it holds goes back to
 * the stream with fclose(3) and with fflush(3), so that the next pier_read()
 * begins where the view has ended; between the two, only the view reads. A
 * character of ungetc(3) does not go back.
 *
 * One task at a time uses a view, as one half of a stream. The view takes no
 * lock of stdio, which belongs to a thread and not to a fiber: one that waits
 * would hold it against fflush(NULL) of every other thread. That call and
 * exit(3) write what any view still holds, from whatever thread: a view that
 * writes is flushed or closed first. A buffer given to setvbuf(3) lies on no
 * fiber's stack.
 *
 * Returns 0, or
 *   -EINVAL  mode is neither "r" nor "w": detail
 *   -ENOMEM  no memory
 */
int pier_file(FILE **out, struct pier_stream *stream, const char *mode);

/*
 * pier_send_file(stream, fd, offset, size, deadline): bytes of a file, after
 * what is gathered. The kernel moves them by sendfile(2) where the stream is a
 * plain non-blocking socket and the file can be mapped; else they are read and
 * written in pieces of 64 KiB.
 *
 *   fd      anything that pread(2) reads: a regular file, a block device,
 *           /dev/zero. Borrowed; where it stands is neither used nor changed
 *   offset  in bytes from the beginning of the file
 *   size    in bytes; < 0: up to the end of the file
 *
 * Returns the number of bytes that are with the kernel: fewer than size when
 * the file ends before, also one that was cut short meanwhile. Or an error:
 * then pier_last_error()->done bytes went, and only a call that goes on at
 * offset + done may follow.
 *   -EINVAL  offset is below 0
 *   -ESPIPE  fd is a pipe, socket or terminal: pier_adopt() and pier_copy()
 *   -EBADF   fd is not open for reading
 *   -EISDIR  fd is a directory
 *   -EIO     the file cannot be read
 *   …        as pier_write()
 */
ssize_t pier_send_file(struct pier_stream *stream, int fd, int64_t offset,
	int64_t size, pier_deadline deadline);

#ifdef __cplusplus
}
#endif

#endif
