/* SPDX-License-Identifier: MIT */
/* os/faulty_file.c - the entries of the faulty table that concern files and pipes. */
#include "os/faulty_inner.h"

#include <errno.h>

ssize_t
pier__faulty_pread(int fd, void *buf, size_t size, int64_t offset)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_PREAD);

	if (verdict.error > 0)
		return -verdict.error;
	return faulty->inner->pread(
		fd, buf, verdict.cut && size > 1 ? 1 : size, offset);
}

/* EAGAIN, and coming up short, promise an event: see the head of faulty.h. */
ssize_t
pier__faulty_sendfile(int to, int from, int64_t offset, size_t size)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_SENDFILE);

	if (verdict.cut || verdict.error == EAGAIN)
		pier__faulty_rearm(faulty, to);
	if (verdict.error > 0)
		return -verdict.error;
	return faulty->inner->sendfile(
		to, from, offset, verdict.cut && size > 1 ? 1 : size);
}

int
pier__faulty_pipe(int fds[2])
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_PIPE);
	int rc;

	if (verdict.error > 0)
		return -verdict.error;
	rc = faulty->inner->pipe(fds);
	for (int i = 0; rc == 0 && i < 2; i++)
		(void)pier__faulty_hold_fd(
			faulty, fds[i], PIER__CALL_PIPE, verdict.nth);
	return rc;
}

/* The one of the two that is watched is the socket. */
ssize_t
pier__faulty_splice(int from, int to, size_t size)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_SPLICE);

	if (verdict.cut || verdict.error == EAGAIN) {
		pier__faulty_rearm(faulty, from);
		pier__faulty_rearm(faulty, to);
	}
	if (verdict.error > 0)
		return -verdict.error;
	return faulty->inner->splice(
		from, to, verdict.cut && size > 1 ? 1 : size);
}

int
pier__faulty_cookie_open(
	FILE **out, struct pier__cookie *cookie, const char *mode)
{
	PLAIN(PIER__CALL_COOKIE_OPEN, cookie_open(out, cookie, mode));
}

int
pier__faulty_open_dir(const char *path)
{
	GIVES_FD(PIER__CALL_OPEN_DIR, open_dir(path));
}

int
pier__faulty_open_file(const char *path)
{
	GIVES_FD(PIER__CALL_OPEN_FILE, open_file(path));
}

ssize_t
pier__faulty_read_dir(int fd, void *buf, size_t size)
{
	PLAIN(PIER__CALL_READ_DIR, read_dir(fd, buf, size));
}

ssize_t
pier__faulty_readlink(const char *path, char *buf, size_t size)
{
	PLAIN(PIER__CALL_READLINK, readlink(path, buf, size));
}
