/* SPDX-License-Identifier: MIT */
/*
 * this_machine: the name of this machine, in full, and the addresses of each
 * of its interfaces.
 */
#include <pier.h>

#include <stdio.h>

static void
show(const struct pier_interface *it)
{
	char text[PIER_ADDR_TEXT_MAX];
	size_t i;

	printf("%u %s mtu %u", it->index, it->name, it->mtu);
	for (i = 0; i < it->hardware_len; i++)
		printf("%c%02x", i == 0 ? ' ' : ':', it->hardware[i]);
	putchar('\n');
	for (i = 0; i < it->addr_count; i++) {
		(void)pier_addr_format_host(
			&it->addrs[i].addr, text, sizeof(text));
		printf("  %s/%u\n", text, it->addrs[i].bits);
	}
}

int
main(void)
{
	char name[PIER_HOSTNAME_MAX + 1], fqdn[PIER_NAME_MAX + 1];
	struct pier_interfaces *all;
	size_t i;

	if (pier_hostname(name, sizeof(name)) < 0 ||
		pier_interfaces(&all) < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return 1;
	}
	printf("%s\n", name);
	/* A machine whose name does not resolve has one nevertheless. */
	if (pier_fqdn(fqdn, sizeof(fqdn), NULL, pier_in_s(10)) > 0)
		printf("%s\n", fqdn);
	else
		fprintf(stderr, "%s\n", pier_error_line());
	for (i = 0; i < all->count; i++)
		show(&all->list[i]);
	pier_interfaces_free(all);
	return 0;
}
