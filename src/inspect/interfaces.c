/* SPDX-License-Identifier: MIT */
/* Interfaces by rtnetlink(7): two questions on one socket. */
#include <pier/interface.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "inspect/route_ask.h"
#include "inspect/route_wire.h"
#include "os/calls.h"
#include "os/interface.h"
#include "task/failure.h"

static int
ask(int fd, uint16_t type, struct pier__route_answer *answer, bool *again)
{
	const struct rtgenmsg body = { .rtgen_family = AF_UNSPEC };
	union pier__nl_request question;

	pier__nl_begin(&question, type, NLM_F_DUMP);
	pier__nl_put(&question, &body, sizeof(body));
	return pier__route_ask(fd, &question, answer, again);
}

static int
look(int fd, struct pier__route_answer *links, struct pier__route_answer *addrs)
{
	bool again;
	int rc, tries = 0;

	do {
		again = false;
		rc = ask(fd, RTM_GETLINK, links, &again);
		if (rc == 0)
			rc = ask(fd, RTM_GETADDR, addrs, &again);
	} while (rc == 0 && again && ++tries < PIER__ROUTE_TRIES_MAX);
	return rc;
}

int
pier_interfaces(struct pier_interfaces **out)
{
	struct pier__route_answer links = { .len = 0 }, addrs = { .len = 0 };
	int fd = pier__calls()->socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	int rc = fd;

	if (fd >= 0) {
		rc = look(fd, &links, &addrs);
		if (rc == 0)
			rc = pier__route_interfaces(out,
				pier__route_bytes(&links),
				pier__route_bytes(&addrs));
		pier__close(fd);
	}
	pier__free(links.bytes);
	pier__free(addrs.bytes);
	return rc < 0 ? pier__fail_step(rc,
				fd < 0 ? PIER_STEP_CREATE : PIER_STEP_RECEIVE,
				"rtnetlink", NULL)
		      : 0;
}

void
pier_interfaces_free(struct pier_interfaces *interfaces)
{
	pier__free(interfaces);
}

int
pier_interface_index(const char *name)
{
	return pier__interface_index(name);
}

int
pier_interface_name(unsigned int index, char *buf, size_t size)
{
	char name[PIER__INTERFACE_NAME_MAX];
	int rc = pier__interface_name(name, index);
	size_t len;

	/* libc has this one for a number that is none. */
	if (rc < 0)
		return rc == -ENXIO ? -ENODEV : rc;
	len = strlen(name);
	if (len >= size)
		return -ENOSPC;
	memcpy(buf, name, len + 1);
	return (int)len;
}
