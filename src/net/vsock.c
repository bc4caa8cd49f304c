/* SPDX-License-Identifier: MIT */
/* net/vsock.c - see vsock.h. */
#include "net/vsock.h"

#include <errno.h>

#include "net/wishes.h"
#include "os/calls.h"
#include "task/failure.h"

static int
fail(int fd, int rc, enum pier_step step, const char *text)
{
	pier__close(fd);
	return pier__fail_step(rc, step, text,
		rc == -EAFNOSUPPORT    ? "this kernel has no vsock"
		: rc == -EADDRNOTAVAIL ? "no context of this machine"
				       : NULL);
}

int
pier__vsock_listen(const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text)
{
	static const struct pier__option_kind kind = { .domain = AF_VSOCK,
		.type = SOCK_STREAM };
	struct pier_addr addr = endpoint->addr;
	struct pier__why why;
	int fd = pier__calls()->socket(AF_VSOCK, SOCK_STREAM, 0);
	int rc;

	if (fd < 0)
		return fail(-1, fd, PIER_STEP_CREATE, text);
	if (addr.u.vm.port == 0)
		addr.u.vm.port = PIER_VSOCK_ANY;
	rc = pier__wishes_set(
		&endpoint->wishes, fd, &kind, PIER__MOMENT_NEW, &why);
	if (rc < 0) {
		pier__close(fd);
		return pier__fail_step(rc, PIER_STEP_OPTION, text, why.text);
	}
	rc = pier__calls()->bind(fd, &addr.u.sa, addr.len);
	if (rc < 0)
		return fail(fd, rc, PIER_STEP_BIND, text);
	rc = pier__calls()->listen(fd, opts->backlog);
	return rc < 0 ? fail(fd, rc, PIER_STEP_LISTEN, text) : fd;
}
