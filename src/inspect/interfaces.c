/* SPDX-License-Identifier: MIT */
/*
 * Interfaces by rtnetlink(7): two questions on one socket. The kernel makes an
 * answer inside send and recv, so that there is nothing to wait for: getifaddrs(3)
 * does the same, with memory and errors that no test of ours reaches.
 */
#include <pier/interface.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "inspect/route_wire.h"
#include "os/calls.h"
#include "os/interface.h"
#include "task/failure.h"

/* The kernel fills up to 32 KiB of what it is given. */
#define PIECE ((size_t)32 * 1024)

/* How often a list that changed while it was made is asked for anew. */
#define TRIES_MAX 8

/* An answer of the kernel that is not there at once comes in a moment. */
#define MOMENT_NS   INT64_C(10000000)
#define MOMENTS_MAX 100

struct answer {
	unsigned char *bytes;
	size_t len, size;
};

static int
ask(int fd, uint16_t type)
{
	const struct rtgenmsg body = { .rtgen_family = AF_UNSPEC };
	union pier__nl_request question;
	int moments = 0;
	ssize_t n;

	pier__nl_begin(&question, type, NLM_F_DUMP);
	pier__nl_put(&question, &body, sizeof(body));
	do {
		n = pier__calls()->send(
			fd, &question, question.head.nlmsg_len, 0);
	} while (n == -EINTR || (n == -EAGAIN && moments++ < MOMENTS_MAX));
	if (n >= 0 && (size_t)n < question.head.nlmsg_len)
		return -EBADMSG;
	return n < 0 ? (int)n : 0;
}

static int
make_room(struct answer *answer)
{
	unsigned char *more;

	if (answer->size - answer->len >= PIECE)
		return 0;
	if (answer->len > PIER_INTERFACES_BYTES_MAX)
		return -PIER_ELIMIT;
	more = pier__resize(answer->bytes, 2 * answer->size + PIECE);
	if (more == NULL)
		return -ENOMEM;
	answer->bytes = more;
	answer->size = 2 * answer->size + PIECE;
	return 0;
}

/* One datagram, behind what is there; its length. */
static ssize_t
receive(int fd, struct answer *answer)
{
	struct pollfd poll = { .fd = fd, .events = POLLIN };
	int moments = 0;
	ssize_t n;

	for (;;) {
		n = pier__calls()->recv(
			fd, answer->bytes + answer->len, PIECE, 0);
		if (n == -EINTR)
			continue;
		if (n != -EAGAIN || moments++ == MOMENTS_MAX)
			return n == 0 ? -EBADMSG : n;
		(void)pier__calls()->poll(&poll, 1, MOMENT_NS);
	}
}

static int
read_answer(int fd, struct answer *answer, bool *again)
{
	int rc;

	answer->len = 0;
	for (;;) {
		struct pier__bytes datagram;
		ssize_t n;

		rc = make_room(answer);
		if (rc < 0)
			return rc;
		n = receive(fd, answer);
		if (n < 0)
			return (int)n;
		datagram.at = answer->bytes + answer->len;
		datagram.len = (size_t)n;
		rc = pier__route_step(datagram, again);
		if (rc < 0)
			return rc;
		/* The next one begins where libmnl may read it. */
		answer->len += MNL_ALIGN((size_t)n);
		if (rc == 0)
			return 0;
	}
}

static int
look(int fd, struct answer *links, struct answer *addrs)
{
	bool again;
	int rc, tries = 0;

	do {
		again = false;
		rc = ask(fd, RTM_GETLINK);
		if (rc == 0)
			rc = read_answer(fd, links, &again);
		if (rc == 0)
			rc = ask(fd, RTM_GETADDR);
		if (rc == 0)
			rc = read_answer(fd, addrs, &again);
	} while (rc == 0 && again && ++tries < TRIES_MAX);
	return rc;
}

static struct pier__bytes
bytes_of(const struct answer *answer)
{
	return (struct pier__bytes){ answer->bytes, answer->len };
}

int
pier_interfaces(struct pier_interfaces **out)
{
	struct answer links = { .len = 0 }, addrs = { .len = 0 };
	int fd = pier__calls()->socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	int rc = fd;

	if (fd >= 0) {
		rc = look(fd, &links, &addrs);
		if (rc == 0)
			rc = pier__route_interfaces(
				out, bytes_of(&links), bytes_of(&addrs));
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
