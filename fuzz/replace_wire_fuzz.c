/* SPDX-License-Identifier: MIT */
/*
 * What a server says that hands its sockets over. What is taken is inside of
 * what was read, has an end, and is written again as it came.
 */
#include "serve/replace_wire.h"

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

static void
check_header(const uint8_t *data)
{
	unsigned char again[PIER__REPLACE_HEADER];
	struct pier__replace_header header;

	if (pier__replace_header_read(&header, data) < 0)
		return;
	check(header.length <= PIER__REPLACE_PAYLOAD_MAX);
	pier__replace_header_write(again, header.type, header.length);
	check(memcmp(again, data, sizeof(again)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char again[PIER__REPLACE_SOCKET_MAX];
	struct pier__replace_socket socket;
	uint8_t *copy = malloc(size > 0 ? size : 1);
	size_t used = 0;
	int n;

	check(copy != NULL);
	memcpy(copy, data, size);
	if (size >= PIER__REPLACE_HEADER) {
		check_header(copy);
		used = PIER__REPLACE_HEADER;
	}
	while ((n = pier__replace_socket_read(
			&socket, copy + used, size - used)) > 0) {
		check((size_t)n <= size - used);
		check(pier__replace_socket_write(again, &socket) == n);
		check(memcmp(again, copy + used, (size_t)n) == 0);
		used += (size_t)n;
	}
	free(copy);
	return 0;
}
