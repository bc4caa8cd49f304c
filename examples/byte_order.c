/* SPDX-License-Identifier: MIT */
/*
 * byte_order NUMBER: a number as it stands in the bytes of a message, and what
 * it is to who reads these bytes the other way around.
 */
#include <pier.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void
show(const char *name, const unsigned char *bytes, size_t n, uint64_t swapped)
{
	size_t i;

	printf("%s:", name);
	for (i = 0; i < n; i++)
		printf(" %02x", bytes[i]);
	printf(", the other way around %" PRIu64 "\n", swapped);
}

int
main(int argc, char **argv)
{
	unsigned char bytes[8];
	unsigned long long value;
	char *end;

	value = argc == 2 ? strtoull(argv[1], &end, 0) : 0;
	if (argc != 2 || end == argv[1] || *end != '\0') {
		fprintf(stderr, "usage: %s NUMBER\n", argv[0]);
		return 2;
	}
	if (value <= UINT16_MAX) {
		pier_be16_put(bytes, (uint16_t)value);
		show("16 bits", bytes, 2, pier_le16_get(bytes));
	}
	if (value <= UINT32_MAX) {
		pier_be32_put(bytes, (uint32_t)value);
		show("32 bits", bytes, 4, pier_le32_get(bytes));
	}
	pier_be64_put(bytes, value);
	show("64 bits", bytes, 8, pier_le64_get(bytes));
	return 0;
}
