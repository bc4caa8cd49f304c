/* SPDX-License-Identifier: MIT */
/*
 * net/listen_fds.c - descriptors that a service manager handed down.
 *
 * LISTEN_PID is what makes it safe to leave the environment alone: a program
 * that this one starts inherits the words, and by its number knows that they
 * are not meant for it.
 */
#include "net/listen_fds.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/process.h"
#include "task/failure.h"

/* Of the names there are, in an error. */
#define NAMES_SHOWN 120

static int
count_names(const char *names)
{
	int count = 1;

	for (; *names != '\0'; names++)
		count += *names == ':';
	return count;
}

static int
read_number(
	const char *name, const char *text, int64_t max, struct pier__why *why)
{
	int64_t number = pier__span_number(pier__span_of(text), max);

	if (number >= 0 && number <= max)
		return (int)number;
	return pier__why_set(why, 0, "%s is \"%.40s\": a number up to %lld",
		name, text, (long long)max);
}

int
pier__listen_fds_read(struct pier__listen_fds *out, const char *pid,
	const char *fds, const char *names, pid_t own, struct pier__why *why)
{
	int number;

	*out = (struct pier__listen_fds){ .count = 0 };
	if (pid == NULL || fds == NULL)
		return 0;
	number = read_number("LISTEN_PID", pid, INT_MAX, why);
	if (number < 0)
		return number;
	if (number != own)
		return 0;
	number = read_number("LISTEN_FDS", fds, PIER_LISTEN_FDS_MAX, why);
	if (number < 0)
		return number;
	if (number > 0 && names != NULL && count_names(names) != number)
		return pier__why_set(why, 0,
			"LISTEN_FDS is %d and LISTEN_FDNAMES has %d names",
			number, count_names(names));
	out->count = number;
	out->names = names;
	return 0;
}

const char *
pier__listen_fds_name(const struct pier__listen_fds *fds, int i, size_t *len)
{
	static const char unknown[] = "unknown";
	const char *at = fds->names;

	if (at == NULL) {
		*len = sizeof(unknown) - 1;
		return unknown;
	}
	for (; i > 0; i--)
		at = strchr(at, ':') + 1;
	*len = strcspn(at, ":");
	return at;
}

static int
fail(int rc, const char *endpoint, enum pier_step step, const char *detail)
{
	return pier__fail(rc,
		&(struct pier__failure){
			.step = step, .endpoint = endpoint, .detail = detail });
}

/* What this process was given, each close-on-exec. 0 or an error, noted. */
static int
take(struct pier__listen_fds *out, const char *endpoint, enum pier_step step)
{
	struct pier__why why;
	int i;
	int rc = pier__listen_fds_read(out, getenv("LISTEN_PID"),
		getenv("LISTEN_FDS"), getenv("LISTEN_FDNAMES"), pier__process(),
		&why);

	if (rc < 0)
		return fail(rc, endpoint, step, why.text);
	for (i = 0; i < out->count; i++) {
		int fd = PIER_LISTEN_FD_FIRST + i;

		rc = pier__calls()->set_cloexec(fd);
		if (rc < 0) {
			(void)pier__why_set(&why, 0,
				"LISTEN_FDS is %d, and descriptor %d is not "
				"open",
				out->count, fd);
			return fail(rc, endpoint, step, why.text);
		}
	}
	return 0;
}

int
pier_listen_fds(void)
{
	struct pier__listen_fds fds;
	int rc = take(&fds, NULL, PIER_STEP_LISTEN);

	return rc < 0 ? rc : fds.count;
}

int
pier_listen_fd_name(int fd, char *buf, size_t size)
{
	struct pier__listen_fds fds;
	const char *name;
	size_t len;
	int rc = take(&fds, NULL, PIER_STEP_LISTEN);

	if (rc < 0)
		return rc;
	if (fd < PIER_LISTEN_FD_FIRST || fd - PIER_LISTEN_FD_FIRST >= fds.count)
		return fail(-ENOENT, NULL, PIER_STEP_LISTEN,
			"this descriptor was not handed down");
	name = pier__listen_fds_name(&fds, fd - PIER_LISTEN_FD_FIRST, &len);
	if (len >= size)
		return fail(-ENOSPC, NULL, PIER_STEP_LISTEN,
			"the name of a descriptor");
	memcpy(buf, name, len);
	buf[len] = '\0';
	return (int)len;
}

static int
no_such_name(const struct pier__listen_fds *fds, const char *name,
	const char *endpoint, enum pier_step step)
{
	struct pier__why why;

	if (fds->count == 0)
		(void)pier__why_set(&why, 0,
			"no descriptors were handed to this process "
			"(LISTEN_FDS)");
	else if (fds->names == NULL)
		(void)pier__why_set(&why, 0,
			"no descriptor is named \"%.60s\": there are %d "
			"without names (LISTEN_FDNAMES)",
			name, fds->count);
	else
		(void)pier__why_set(&why, 0,
			"no descriptor is named \"%.60s\": there are %.*s",
			name, NAMES_SHOWN, fds->names);
	return fail(-ENOENT, endpoint, step, why.text);
}

static int
find(const char *name, const char *endpoint, enum pier_step step)
{
	struct pier__listen_fds fds;
	const char *at;
	size_t len;
	int i, rc = take(&fds, endpoint, step);

	if (rc < 0)
		return rc;
	for (i = 0; i < fds.count; i++) {
		at = pier__listen_fds_name(&fds, i, &len);
		if (len == strlen(name) && memcmp(at, name, len) == 0)
			return PIER_LISTEN_FD_FIRST + i;
	}
	return no_such_name(&fds, name, endpoint, step);
}

int
pier_listen_fd(const char *name)
{
	return find(name, NULL, PIER_STEP_LISTEN);
}

int
pier__endpoint_fd(const struct pier__endpoint *endpoint, const char *text,
	enum pier_step step)
{
	if (endpoint->host[0] == '\0')
		return endpoint->fd;
	return find(endpoint->host, text, step);
}

static const char *
file_is(int fd)
{
	struct stat status;

	if (pier__calls()->fstat(fd, &status) < 0)
		return "no descriptor of this number is open";
	switch (status.st_mode & S_IFMT) {
	case S_IFREG:
		return "it is a regular file";
	case S_IFDIR:
		return "it is a directory";
	case S_IFIFO:
		return "it is a pipe";
	case S_IFCHR:
		return "it is a character device";
	default:
		return "it is no socket";
	}
}

const char *
pier__fd_is(int fd)
{
	struct pier_addr addr = { .len = sizeof(addr.u) };
	socklen_t len = sizeof(int);
	int type = 0, listens = 0;

	if (pier__calls()->getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return file_is(fd);
	if (type == SOCK_DGRAM)
		return "it is a datagram socket";
	if (type != SOCK_STREAM && type != SOCK_SEQPACKET)
		return "it is a raw socket";
	len = sizeof(int);
	(void)pier__calls()->getsockopt(
		fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len);
	if (listens)
		return type == SOCK_STREAM
			       ? "it is a stream socket that listens"
			       : "it is a seqpacket socket that listens";
	if (pier__calls()->getpeername(fd, &addr.u.sa, &addr.len) == 0)
		return type == SOCK_STREAM
			       ? "it is a stream socket with a connection"
			       : "it is a seqpacket socket with a connection";
	return type == SOCK_STREAM
		       ? "it is a stream socket that does not listen"
		       : "it is a seqpacket socket that does not listen";
}
