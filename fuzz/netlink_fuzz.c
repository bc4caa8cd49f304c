/* SPDX-License-Identifier: MIT */
/*
 * Answers of sock_diag(7): the first byte chooses the kind, the rest is what
 * came. No byte outside is read, every item lies inside, and what is decoded
 * is a socket of that kind.
 */
#include "inspect/diag.h"

#include <stdint.h>
#include <stdlib.h>

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
	struct pier__bytes rest = { .at = data + (size > 0),
		.len = size > 0 ? size - 1 : 0 };
	struct pier__nl_item item;
	struct pier__diag diag;
	char text[PIER_ADDR_TEXT_MAX];

	while (pier__nl_message(&rest, &item) > 0) {
		check(item.body.at >= data &&
			item.body.at + item.body.len <= data + size);
		check(pier__nl_status(&item) <= 0);
		if (pier__diag_decode(&diag, kind, item.body) < 0)
			continue;
		check(diag.socket.kind == kind);
		check(diag.socket.info == NULL || kind == PIER_SOCKET_TCP);
		check(pier_addr_format(
			      &diag.socket.local, text, sizeof(text)) >= 0);
		check(pier_addr_format(&diag.socket.peer, text, sizeof(text)) >=
			0);
	}
	return 0;
}
