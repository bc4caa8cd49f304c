/* SPDX-License-Identifier: MIT */
/*
 * net/pass.c - see pass.h, and for streams that pass descriptors the table
 * that keeps what comes with any read.
 *
 * The kernel lets one receive bring the descriptors of one message at most,
 * and gives them with a byte of it: never too late, and a read that was not
 * prepared for them has them closed. So a stream that is asked for descriptors
 * once gets a table of its own, whose reads are always prepared: what is read
 * ahead loses nothing.
 */
#include "net/pass.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "net/rate.h"

/* Linux 6.5; not in every libc's headers. */
#define SCM_PIDFD_TYPE 4

void
pier__passed_put(struct msghdr *header, void *room, const struct pier_fds *fds)
{
	size_t size = sizeof(int) * fds->count;
	struct cmsghdr *cmsg = room;

	memset(room, 0, CMSG_SPACE(size));
	header->msg_control = room;
	header->msg_controllen = CMSG_SPACE(size);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(cmsg), fds->fd, size);
}

/* Adds, or closes when there is no room or none are wanted. How many had no
   room. */
static size_t
take_rights(struct pier_fds *fds, struct cmsghdr *cmsg)
{
	size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	size_t over = 0;
	size_t i;
	int fd;

	for (i = 0; i < count; i++) {
		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
		if (fds != NULL && fds->count < PIER_FDS_MAX) {
			fds->fd[fds->count++] = fd;
			continue;
		}
		pier__close(fd);
		over += fds != NULL;
	}
	return over;
}

static void
close_from(struct pier_fds *fds, size_t begin)
{
	while (fds->count > begin)
		pier__close(fds->fd[--fds->count]);
}

int
pier__passed_take(struct pier_fds *fds, struct msghdr *header)
{
	size_t before = fds == NULL ? 0 : fds->count;
	size_t over = 0;
	struct cmsghdr *cmsg;
	int fd;

	for (cmsg = CMSG_FIRSTHDR(header); cmsg != NULL;
		cmsg = CMSG_NXTHDR(header, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		if (cmsg->cmsg_type == SCM_RIGHTS) {
			over += take_rights(fds, cmsg);
		} else if (cmsg->cmsg_type == SCM_PIDFD_TYPE &&
			   cmsg->cmsg_len >= CMSG_LEN(sizeof(fd))) {
			/* Who adopted the socket had asked for it. */
			memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
			pier__close(fd);
		}
	}
	if (fds == NULL || (over == 0 && (header->msg_flags & MSG_CTRUNC) == 0))
		return 0;
	close_from(fds, before);
	return over > 0 ? -PIER_ELIMIT : -EMFILE;
}

void
pier__sender_take(struct pier_msg *msg, struct msghdr *header)
{
	struct cmsghdr *cmsg;
	struct ucred cred;

	for (cmsg = CMSG_FIRSTHDR(header); cmsg != NULL;
		cmsg = CMSG_NXTHDR(header, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
			cmsg->cmsg_type != SCM_CREDENTIALS ||
			cmsg->cmsg_len < CMSG_LEN(sizeof(cred)))
			continue;
		memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
		msg->has_sender = true;
		msg->sender_pid = cred.pid;
		msg->sender_uid = cred.uid;
		msg->sender_gid = cred.gid;
	}
}

void
pier_fds_close(struct pier_fds *fds)
{
	close_from(fds, 0);
}

/* ---- Streams ---------------------------------------------------------- */

/* One attempt that is prepared for descriptors. */
static ssize_t
passing_readv(struct pier_stream *stream, const struct iovec *iov, int count)
{
	alignas(struct cmsghdr) unsigned char control[PIER__PASSED_ROOM];
	struct msghdr header = { .msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)count };
	ssize_t n;
	int rc;

	if (!PIER__LOOK(stream->desc.readable))
		return -EAGAIN;
	do {
		header.msg_control = control;
		header.msg_controllen = sizeof(control);
		n = pier__calls()->recvmsg(stream->desc.fd, &header,
			MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n == -EINTR);
	/* How much was asked for shows nothing on a Unix socket. */
	(void)pier__desc_note_read(&stream->desc, n, 0);
	if (n < 0)
		return n;
	rc = pier__passed_take(stream->passed, &header);
	return rc < 0 ? rc : n;
}

static int
passing_shutdown(struct pier_stream *stream, enum pier_half half)
{
	return pier__fd_ops.shutdown(stream, half);
}

static void
passing_abort(struct pier_stream *stream)
{
	pier__fd_ops.abort(stream);
}

static void
passing_close(struct pier_stream *stream)
{
	pier_fds_close(stream->passed);
	pier__free(stream->passed);
	pier__fd_ops.close(stream);
}

static const struct pier__stream_ops passing_ops = {
	.readv = passing_readv,
	.writev = pier__fd_writev,
	.shutdown = passing_shutdown,
	.abort = passing_abort,
	.wait = pier__fd_wait,
	.describe = pier__fd_describe,
	.close = passing_close,
};

static int
may_pass(const struct pier_stream *stream)
{
	if (stream->lower != NULL || stream->out_desc != &stream->desc)
		return -EINVAL;
	return stream->family == AF_UNIX ? 0 : -EOPNOTSUPP;
}

/* From now on what comes is kept. Not in the middle of another task's read,
   which then gives the error. */
static int
keep(struct pier_stream *stream)
{
	int rc = may_pass(stream);

	if (rc < 0 || stream->passed != NULL ||
		pier__desc_busy(&stream->desc, PIER__IN) ||
		pier__desc_is_elsewhere(&stream->desc))
		return rc;
	stream->passed = pier__alloc(sizeof(*stream->passed));
	if (stream->passed == NULL)
		return -ENOMEM;
	pier__rate_set_ops(stream, &passing_ops);
	pier__stream_set_odd(stream, PIER__ODD_KIND);
	return 0;
}

ssize_t
pier_recv_fds(struct pier_stream *stream, struct pier_fds *fds, void *buf,
	size_t size, pier_deadline deadline)
{
	int rc = keep(stream);
	ssize_t n;

	if (rc < 0)
		return pier__stream_fail(stream, rc, PIER_STEP_RECEIVE);
	n = pier_read(stream, buf, size, deadline);
	if (n < 0)
		return n;
	fds->count = stream->passed->count;
	memcpy(fds->fd, stream->passed->fd, sizeof(int) * fds->count);
	stream->passed->count = 0;
	return n;
}

/* One attempt. Bytes, or -EAGAIN, or an error. */
static ssize_t
send_some(struct pier_stream *stream, const struct pier_fds *fds,
	const void *data, size_t size)
{
	alignas(struct cmsghdr) unsigned char control[PIER__PASSED_ROOM];
	/* The kernel reads only; iovec has no const. */
	struct iovec piece = { .iov_base = (void *)(uintptr_t)data };
	struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t n;

	if (!PIER__LOOK(stream->desc.writable))
		return -EAGAIN;
	piece.iov_len = pier__rate_grant(stream, PIER__OUT, size);
	if (piece.iov_len == 0)
		return -EAGAIN;
	pier__passed_put(&header, control, fds);
	do {
		n = pier__calls()->sendmsg(
			stream->desc.fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n == -EINTR);
	pier__rate_spend(stream, PIER__OUT, n);
	if (n >= 0)
		pier__stream_moved_out(stream, (size_t)n);
	else if (n != -EAGAIN &&
		 atomic_load_explicit(&stream->aborted, memory_order_acquire))
		return -ECONNABORTED;
	return pier__desc_note_write(&stream->desc, n);
}

/* The first bytes, with the descriptors: how many, or an error. */
static ssize_t
send_first(struct pier_stream *stream, const struct pier_fds *fds,
	const void *data, size_t size, pier_deadline deadline)
{
	int wait = 0;

	for (;;) {
		ssize_t n = send_some(stream, fds, data, size);

		if (n != -EAGAIN)
			return n;
		if (wait < 0)
			return wait;
		wait = pier__stream_wait(stream, PIER__OUT, "write", deadline);
	}
}

int
pier_send_fds(struct pier_stream *stream, const struct pier_fds *fds,
	const void *data, size_t size, pier_deadline deadline)
{
	struct iovec rest;
	size_t done = 0;
	ssize_t n = 0;
	int rc = may_pass(stream);

	if (rc == 0 && (size == 0 || fds->count > PIER_FDS_MAX))
		rc = -EINVAL;
	if (rc == 0)
		rc = pier__stream_begin_write(stream, &deadline);
	if (rc == 0 && fds->count > 0)
		n = send_first(stream, fds, data, size, deadline);
	if (rc == 0 && n < 0)
		rc = (int)n;
	if (rc == 0) {
		done = (size_t)n;
		rest = (struct iovec){ .iov_base =
					       (char *)(uintptr_t)data + done,
			.iov_len = size - done };
		rc = pier__stream_write_all(stream, &rest, 1, &done, deadline);
	}
	return rc == 0 ? 0
		       : pier__stream_fail_done(
				 stream, rc, PIER_STEP_SEND, done);
}
