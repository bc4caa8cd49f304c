/* SPDX-License-Identifier: MIT */
/* reverse ADDRESS: the names of an address, and the one that is in full. */
#include <pier.h>

#include <stdio.h>

int
main(int argc, char **argv)
{
	char fqdn[PIER_NAME_MAX + 1];
	struct pier_names *names;
	struct pier_addr addr;
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: %s ADDRESS\n", argv[0]);
		return 2;
	}
	if (pier_addr_parse(&addr, argv[1]) < 0 ||
		pier_reverse(&names, &addr, pier_in_s(10)) < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return 1;
	}
	printf("name %s\n", names->canonical);
	for (i = 0; i < names->alias_count; i++)
		printf("alias %s\n", names->aliases[i]);
	pier_names_free(names);
	if (pier_fqdn(fqdn, sizeof(fqdn), argv[1], pier_in_s(10)) < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return 1;
	}
	printf("fqdn %s\n", fqdn);
	return 0;
}
