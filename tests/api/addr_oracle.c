/* SPDX-License-Identifier: MIT */
/*
 * Reads addresses, one per line, and writes for each: its family, its bytes
 * in hexadecimal, its port and its text form, or "-CODE" if it is none.
 * addr_oracle.py compares that with what Python says.
 */
#include <pier.h>

#include <stdio.h>
#include <string.h>

static void
put_bytes(const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
}

static void
answer(const char *line)
{
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_addr addr;
	int rc = pier_addr_parse(&addr, line);

	if (rc < 0) {
		printf("%d\n", rc);
		return;
	}
	(void)pier_addr_format(&addr, text, sizeof(text));
	if (pier_addr_family(&addr) == AF_INET) {
		printf("4 ");
		put_bytes((unsigned char *)&addr.u.in.sin_addr, 4);
	} else if (pier_addr_family(&addr) == AF_INET6) {
		printf("6 ");
		put_bytes(addr.u.in6.sin6_addr.s6_addr, 16);
	} else {
		printf("unix ");
		put_bytes((unsigned char *)addr.u.un.sun_path,
			addr.len - sizeof(sa_family_t));
	}
	printf(" %d %s\n", pier_addr_port(&addr), text);
}

int
main(void)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		answer(line);
	}
	return 0;
}
