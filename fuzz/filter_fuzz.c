/* SPDX-License-Identifier: MIT */
/*
 * Filters as text: what is refused has its reason inside the text; what is
 * read can be asked of a socket, and its bytecode keeps within its bounds.
 */
#include "inspect/filter.h"

#include <errno.h>
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
	static struct pier__filter filter;
	const struct pier_socket socket = { .kind = PIER_SOCKET_TCP,
		.state = PIER_TCP_ESTABLISHED };
	struct pier__why why = { .offset = 0 };
	uint32_t code[64];
	char *text = malloc(size + 1);

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (pier__filter_parse(&filter, text, &why) < 0) {
		check(why.offset <= strlen(text) && why.text[0] != '\0');
	} else {
		bool passes = pier__filter_match(&filter, &socket);

		/* What passes is asked for. */
		check(!passes ||
			((pier__filter_kinds(&filter) & socket.kind) != 0 &&
				(pier__filter_states(&filter) &
					1U << socket.state) != 0));
		check(pier__filter_code(&filter, code, sizeof(code)) % 4 == 0);
	}
	free(text);
	return 0;
}
