/* SPDX-License-Identifier: MIT */
/* inspect/route_ask.c - see route_ask.h. */
#include "inspect/route_ask.h"

#include <errno.h>

#include <pier/error.h>

#include "inspect/route_wire.h"
#include "os/calls.h"

/* The kernel fills up to 32 KiB of what it is given. */
#define PIECE ((size_t)32 * 1024)

/* An answer of the kernel that is not there at once comes in a moment. */
#define MOMENT_NS   INT64_C(10000000)
#define MOMENTS_MAX 100

static int
ask(int fd, const union pier__nl_request *question)
{
	int moments = 0;
	ssize_t n;

	do {
		n = pier__calls()->send(
			fd, question, question->head.nlmsg_len, 0);
	} while (n == -EINTR || (n == -EAGAIN && moments++ < MOMENTS_MAX));
	if (n >= 0 && (size_t)n < question->head.nlmsg_len)
		return -EBADMSG;
	return n < 0 ? (int)n : 0;
}

static int
make_room(struct pier__route_answer *answer)
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
receive(int fd, struct pier__route_answer *answer)
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

/* One more datagram of the answer: 1; 0: it was the last one. */
static int
read_on(int fd, struct pier__route_answer *answer, bool *again)
{
	struct pier__bytes datagram;
	int rc = make_room(answer);
	ssize_t n;

	if (rc < 0)
		return rc;
	n = receive(fd, answer);
	if (n < 0)
		return (int)n;
	datagram.at = answer->bytes + answer->len;
	datagram.len = (size_t)n;
	/* The next one begins where libmnl may read it. */
	answer->len += MNL_ALIGN((size_t)n);
	return pier__route_step(datagram, again);
}

int
pier__route_ask(int fd, const union pier__nl_request *question,
	struct pier__route_answer *answer, bool *again)
{
	int rc = ask(fd, question);

	answer->len = 0;
	if (rc < 0)
		return rc;
	do {
		rc = read_on(fd, answer, again);
	} while (rc > 0);
	return rc;
}
