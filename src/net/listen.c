/* SPDX-License-Identifier: MIT */
/*
 * net/listen.c - listeners of every family: opened and closed; accept.c takes their
 * connections. What a family does of its own stands in tcp.c and unix.c.
 */
#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "net/bt.h"
#include "net/listen_fds.h"
#include "net/stream.h"
#include "net/tcp.h"
#include "net/tipc.h"
#include "net/vsock.h"
#include "task/failure.h"

#define BACKLOG 4096

int
pier__listener_new(
	struct pier_listener **out, int fd, int family, const char *scheme)
{
	struct pier_listener *listener = pier__alloc(sizeof(*listener));
	struct pier_addr *addr;
	int rc;

	if (listener == NULL)
		return -ENOMEM;
	addr = &listener->addr;
	addr->len = sizeof(addr->u);
	rc = pier__calls()->getsockname(fd, &addr->u.sa, &addr->len);
	if (rc < 0) {
		pier__free(listener);
		return rc;
	}
	pier__desc_init(
		&listener->desc, fd, pier__desc_kind(family, SOCK_STREAM));
	listener->family = (int16_t)family;
	listener->scheme = scheme;
	listener->streams = family == AF_UNIX        ? "unix"
			    : family == AF_VSOCK     ? "vsock"
			    : family == AF_TIPC      ? "tipc"
			    : pier__is_rfcomm(addr)  ? "rfcomm"
			    : family == AF_BLUETOOTH ? "l2cap"
						     : "tcp";
	*out = listener;
	return 0;
}

static int
listen_tcp(struct pier_listener **out, const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text,
	pier_deadline deadline)
{
	socklen_t len = sizeof(int);
	int family = AF_INET;
	int fd = pier__tcp_listen(endpoint, opts, text, deadline);
	int rc;

	if (fd < 0)
		return fd;
	rc = pier__calls()->getsockopt(
		fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
	if (rc == 0)
		rc = pier__listener_new(out, fd, family, endpoint->scheme);
	if (rc < 0) {
		pier__close(fd);
		return pier__fail_step(rc, PIER_STEP_CREATE, text, NULL);
	}
	return 0;
}

/* Until this it refused connections: another server that came meanwhile may
   have found it stale, and have taken its place. */
static int
listen_at(int fd, const struct pier__unix_file *file,
	const struct pier_addr *addr, int backlog, const char *text)
{
	int rc = pier__calls()->listen(fd, backlog);
	const char *detail = NULL;

	if (rc == 0) {
		rc = pier__unix_check(file, addr);
		detail = "another process has just taken its place";
	}
	return rc < 0 ? pier__fail_step(rc, PIER_STEP_LISTEN, text, detail) : 0;
}

static void
set_packets(struct pier_listener *listener, bool packets)
{
	listener->packets = packets;
	if (packets && listener->family == AF_UNIX)
		listener->streams = "seqpacket";
}

/* What a listener remembers of its place, which is taken on success. As it was
   written: what the kernel says of a short path is the same. */
static int
set_place(struct pier_listener *listener, const struct pier__unix_place *place,
	const char *text)
{
	size_t len = strcspn(text, "?"); /* options are not of its name */

	if (place->has_dir) {
		listener->long_name = pier__alloc(len + 1);
		if (listener->long_name == NULL)
			return -ENOMEM;
		memcpy(listener->long_name, text, len);
	}
	listener->addr = place->addr;
	listener->place = *place;
	return 0;
}

/* fd is bound and listens, or is closed. The error is noted. */
static int
listen_unix_at(struct pier_listener **out, int fd,
	const struct pier__unix_place *place,
	const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text)
{
	struct pier__unix_file file = { .made = false };
	bool packets = endpoint->kind == PIER__ENDPOINT_SEQPACKET;
	struct pier_listener *listener;
	int rc = pier__unix_bind(&file, fd,
		packets ? SOCK_SEQPACKET : SOCK_STREAM, &place->addr,
		opts->mode, text);

	if (rc < 0)
		goto close_fd;
	rc = listen_at(fd, &file, &place->addr, opts->backlog, text);
	if (rc < 0)
		goto remove_file;
	rc = pier__listener_new(&listener, fd, AF_UNIX, endpoint->scheme);
	if (rc < 0)
		goto note;
	rc = set_place(listener, place, text);
	if (rc < 0)
		goto free_listener;
	listener->file = file;
	set_packets(listener, packets);
	*out = listener;
	return 0;

free_listener:
	pier__free(listener);
note:
	(void)pier__fail_step(rc, PIER_STEP_CREATE, text, NULL);
remove_file:
	pier__unix_remove(&file, &place->addr);
close_fd:
	pier__close(fd);
	return rc;
}

/* On the new socket. The error is noted. */
static int
set_options(int fd, int family, int type, const struct pier__endpoint *endpoint,
	const char *text)
{
	const struct pier__option_kind kind = { .domain = family,
		.type = type };
	struct pier__why why;
	int rc = pier__wishes_set(
		&endpoint->wishes, fd, &kind, PIER__MOMENT_NEW, &why);

	return rc < 0 ? pier__fail_step(rc, PIER_STEP_OPTION, text, why.text)
		      : 0;
}

static int
listen_unix(struct pier_listener **out, const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text)
{
	struct pier__unix_place place = { .has_dir = false };
	int type = endpoint->kind == PIER__ENDPOINT_SEQPACKET ? SOCK_SEQPACKET
							      : SOCK_STREAM;
	int rc = pier__unix_place_open(&place, endpoint);
	int fd;

	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_BIND, text,
			rc == -ENOENT ? "the directory does not exist" : NULL);
	fd = pier__calls()->socket(AF_UNIX, type, 0);
	rc = fd < 0 ? pier__fail_step(fd, PIER_STEP_CREATE, text, NULL)
		    : set_options(fd, AF_UNIX, type, endpoint, text);
	if (rc < 0)
		pier__close(fd);
	else
		rc = listen_unix_at(out, fd, &place, endpoint, opts, text);
	if (rc < 0)
		pier__unix_place_close(&place);
	return rc;
}

static int
listen_vsock(struct pier_listener **out, const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text)
{
	int fd = pier__vsock_listen(endpoint, opts, text);
	int rc;

	if (fd < 0)
		return fd;
	rc = pier__listener_new(out, fd, AF_VSOCK, endpoint->scheme);
	if (rc < 0) {
		pier__close(fd);
		return pier__fail_step(rc, PIER_STEP_CREATE, text, NULL);
	}
	return 0;
}

static int
listen_bt(struct pier_listener **out, const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text)
{
	int fd = pier__bt_listen(endpoint, opts, text);
	int rc;

	if (fd < 0)
		return fd;
	rc = pier__listener_new(out, fd, AF_BLUETOOTH, endpoint->scheme);
	if (rc < 0) {
		pier__close(fd);
		return pier__fail_step(rc, PIER_STEP_CREATE, text, NULL);
	}
	set_packets(*out, endpoint->kind == PIER__ENDPOINT_L2CAP);
	return 0;
}

static int
get_int(int fd, int name, int *value)
{
	socklen_t len = sizeof(*value);

	return pier__calls()->getsockopt(fd, SOL_SOCKET, name, value, &len);
}

static int
listen_fd(struct pier_listener **out, const struct pier__endpoint *endpoint,
	const char *text)
{
	int fd = pier__endpoint_fd(endpoint, text, PIER_STEP_LISTEN);
	int listens = 0;
	int type = 0;
	int family = AF_UNSPEC;
	int flags;
	int rc;

	if (fd < 0)
		return fd;
	rc = get_int(fd, SO_ACCEPTCONN, &listens);
	if (rc == 0)
		rc = get_int(fd, SO_TYPE, &type);
	if (rc == 0)
		rc = get_int(fd, SO_DOMAIN, &family);
	if (rc == 0 &&
		(!listens || (type != SOCK_STREAM && type != SOCK_SEQPACKET)))
		rc = -EINVAL;
	flags = pier__calls()->getfl(fd);
	if (rc == 0)
		rc = flags < 0 ? flags : 0;
	if (rc == 0)
		rc = pier__listener_new(out, fd, family,
			family == AF_TIPC        ? "tipc"
			: family == AF_BLUETOOTH ? "fd"
			: type == SOCK_SEQPACKET ? "seqpacket"
			: family == AF_UNIX      ? "unix"
			: family == AF_VSOCK     ? "vsock"
						 : "tcp");
	if (rc != 0)
		return pier__fail_step(rc, PIER_STEP_LISTEN, text,
			rc == -EINVAL || rc == -ENOTSOCK ? pier__fd_is(fd)
							 : NULL);
	(*out)->adopted = true;
	(*out)->may_block = (flags & O_NONBLOCK) == 0;
	set_packets(*out, type == SOCK_SEQPACKET);
	return 0;
}

/* What is accepted gets the options that need a connection; a socket that was
   there before, the others now. The listener is closed on failure. */
static int
finish(struct pier_listener **out, struct pier_listener *listener,
	const struct pier__endpoint *endpoint, const char *text)
{
	int rc = pier__wishes_keep(&listener->after, &endpoint->wishes);

	if (rc < 0)
		(void)pier__fail_step(rc, PIER_STEP_CREATE, text, NULL);
	else if (endpoint->kind == PIER__ENDPOINT_FD)
		rc = set_options(listener->desc.fd, listener->family,
			listener->packets ? SOCK_SEQPACKET : SOCK_STREAM,
			endpoint, text);
	if (rc == 0) {
		*out = listener;
		return 0;
	}
	/* What was handed over stays with who did so. */
	if (endpoint->kind == PIER__ENDPOINT_FD)
		listener->desc.fd = -1;
	pier_listener_close(listener);
	return rc;
}

static int
refuse_kind(const struct pier__endpoint *endpoint, const char *text)
{
	struct pier__why why;
	int rc = pier__why_set(&why, 0,
		"%s:// cannot be listened on: tcp, tcp4, tcp6, unix, "
		"seqpacket, vsock, tipc with ?type=seqpacket, rfcomm, l2cap "
		"and "
		"fd can",
		endpoint->scheme);

	return pier__fail_parse(rc, text, &why);
}

/* What comes before anything is tried. Noted. */
static int
check(struct pier_listen_opts *opts, const char *text, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int rc = self == NULL ? -ENOMEM : pier__enter(self, deadline);

	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_LISTEN, text, NULL);
	if (opts->backlog < 0)
		return pier__fail_step(-EINVAL, PIER_STEP_LISTEN, text,
			"the backlog is below 0");
	if (opts->backlog == 0)
		opts->backlog = BACKLOG;
	return 0;
}

static int
listen_any(struct pier_listener **out, const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text,
	pier_deadline deadline)
{
	switch (endpoint->kind) {
	case PIER__ENDPOINT_TCP:
		return listen_tcp(out, endpoint, opts, text, deadline);
	case PIER__ENDPOINT_UNIX:
	case PIER__ENDPOINT_SEQPACKET:
		return listen_unix(out, endpoint, opts, text);
	case PIER__ENDPOINT_VSOCK:
		return listen_vsock(out, endpoint, opts, text);
	case PIER__ENDPOINT_TIPC:
		return endpoint->type == SOCK_SEQPACKET
			       ? pier__tipc_listen(out, endpoint, opts, text)
			       : refuse_kind(endpoint, text);
	case PIER__ENDPOINT_RFCOMM:
	case PIER__ENDPOINT_L2CAP:
		return listen_bt(out, endpoint, opts, text);
	case PIER__ENDPOINT_FD:
		return listen_fd(out, endpoint, text);
	default:
		return refuse_kind(endpoint, text);
	}
}

int
pier_listen_sized(struct pier_listener **out, const char *text,
	const struct pier_listen_opts *given, size_t opts_size,
	pier_deadline deadline)
{
	struct pier_listen_opts opts = { 0 };
	struct pier_listener *listener = NULL;
	struct pier__endpoint endpoint;
	struct pier__why why;
	const char *wrong = NULL;
	int rc = pier__endpoint_parse(&endpoint, text, &why);

	if (rc < 0)
		return pier__fail_parse(rc, text, &why);
	if (given != NULL)
		memcpy(&opts, given,
			opts_size < sizeof(opts) ? opts_size : sizeof(opts));
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	rc = check(&opts, text, deadline);
	if (rc < 0)
		return rc;
	endpoint.wishes.list = opts.options;
	rc = pier__wishes_check_list(opts.options, &endpoint, &wrong, &why);
	if (rc < 0)
		return pier__fail_parse(rc, wrong, &why);
	/* Without one, the error is noted. */
	rc = listen_any(&listener, &endpoint, &opts, text, deadline);
	return listener == NULL ? rc : finish(out, listener, &endpoint, text);
}

int
pier_listener_addr(const struct pier_listener *listener, struct pier_addr *out)
{
	*out = listener->addr;
	return 0;
}

int
pier_listener_endpoint(
	const struct pier_listener *listener, char *buf, size_t size)
{
	int len;

	if (listener->long_name != NULL) {
		len = snprintf(buf, size, "%s", listener->long_name);
		return (size_t)len < size ? len : -ENOSPC;
	}
	len = pier_endpoint_format(
		listener->scheme, &listener->addr, buf, size);
	/* A socket that was handed down may have no name. */
	if (len != -EINVAL)
		return len;
	len = snprintf(buf, size, "fd://%d", listener->desc.fd);
	return (size_t)len < size ? len : -ENOSPC;
}

int
pier_listener_fd(const struct pier_listener *listener)
{
	return listener->desc.fd;
}

void
pier_listener_close(struct pier_listener *listener)
{
	if (listener == NULL)
		return;
	/* First the name, so that nobody finds a socket that is closed. */
	pier__unix_remove(&listener->file, &listener->addr);
	pier__unix_place_close(&listener->place);
	if (pier__desc_is_watched_elsewhere(&listener->desc)) {
		pier__desc_abort(&listener->desc);
		(void)pier__listener_fail(listener, -EXDEV);
		return;
	}
	pier__desc_close(&listener->desc);
	pier__free(listener->after);
	pier__free(listener->long_name);
	pier__free(listener);
}
