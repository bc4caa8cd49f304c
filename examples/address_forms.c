/* SPDX-License-Identifier: MIT */
/*
 * address_forms ADDRESS...: each in every form, and each form read back as the
 * same address.
 */
#include <pier.h>

#include <stdio.h>

static const struct {
	enum pier_addr_form form;
	const char *name;
} forms[] = {
	{ PIER_ADDR_PLAIN, "plain" },
	{ PIER_ADDR_EXPLODED, "exploded" },
	{ PIER_ADDR_PACKED, "packed" },
	{ PIER_ADDR_INTEGER, "integer" },
	{ PIER_ADDR_POINTER, "pointer" },
};

static int
show(const struct pier_addr *addr, enum pier_addr_form form, const char *name)
{
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_addr back;

	(void)pier_addr_format_form(addr, form, text, sizeof(text));
	printf("%s %s\n", name, text);
	/* A small number is an IPv4 address, unless asked otherwise. */
	if (form == PIER_ADDR_INTEGER && pier_addr_family(addr) == AF_INET6)
		form = PIER_ADDR_INTEGER6;
	return pier_addr_parse_form(&back, text, form) == 0 &&
			       pier_addr_equal(addr, &back)
		       ? 0
		       : 1;
}

int
main(int argc, char **argv)
{
	struct pier_addr addr;
	int i, failed = 0;
	size_t k;

	for (i = 1; i < argc; i++) {
		if (pier_addr_parse(&addr, argv[i]) < 0) {
			fprintf(stderr, "%s\n", pier_error_line());
			return 1;
		}
		for (k = 0; k < sizeof(forms) / sizeof(forms[0]); k++)
			failed |= show(&addr, forms[k].form, forms[k].name);
	}
	return failed;
}
