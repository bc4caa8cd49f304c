/* SPDX-License-Identifier: MIT */
/*
 * lookup HOST: its canonical name, its other names, and all its addresses, in
 * the order to try, within ten seconds whatever the name server does.
 */
#include <pier.h>

#include <stdio.h>

int
main(int argc, char **argv)
{
	const struct pier_resolve_opts opts = { .also = PIER_RESOLVE_ALIASES |
							PIER_RESOLVE_SOURCE };
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_names *names;
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: %s HOST\n", argv[0]);
		return 2;
	}
	if (pier_resolve(&names, argv[1], NULL, &opts, pier_in_s(10)) < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return 1;
	}
	printf("name %s\n", names->canonical);
	for (i = 0; i < names->alias_count; i++)
		printf("alias %s\n", names->aliases[i]);
	for (i = 0; i < names->count; i++) {
		(void)pier_addr_format(&names->addrs[i], text, sizeof(text));
		printf("address %s\n", text);
	}
	printf("from %s\n", names->source);
	pier_names_free(names);
	return 0;
}
