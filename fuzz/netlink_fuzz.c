/* SPDX-License-Identifier: MIT */
/*
 * Answers of sock_diag(7): the first byte chooses the kind, the rest is what
 * came, moved to where words may be read. No byte outside is read, every message
 * lies inside, and what is decoded is a socket of that kind.
 */
#include "inspect/diag.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t kind = size > 0 ? 1U << data[0] % 9 : 1;
	struct pier__bytes rest = { .len = size > 0 ? size - 1 : 0 };
	const struct nlmsghdr *message;
	struct pier__diag diag;
	struct pier__bytes body;
	char text[PIER_ADDR_TEXT_MAX];
	const unsigned char *end;
	/* Of its own size, so that a read beyond its end is seen. */
	uint8_t *copy = malloc(rest.len > 0 ? rest.len : 1);

	check(copy != NULL);
	if (rest.len > 0)
		memcpy(copy, data + 1, rest.len);
	rest.at = copy;
	end = copy + rest.len;
	while (pier__nl_message(&rest, &message) > 0) {
		body = pier__nl_body(message);
		check(body.at > copy && body.at <= end &&
			body.len <= (size_t)(end - body.at));
		check(pier__nl_status(message) <= 0);
		if (pier__diag_decode(&diag, kind, body) < 0)
			continue;
		check(diag.socket.kind == kind);
		check(diag.socket.info == NULL || kind == PIER_SOCKET_TCP);
		check(pier_addr_format(
			      &diag.socket.local, text, sizeof(text)) >= 0);
		check(pier_addr_format(&diag.socket.peer, text, sizeof(text)) >=
			0);
	}
	free(copy);
	return 0;
}
