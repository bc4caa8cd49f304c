/* SPDX-License-Identifier: MIT */
/*
 * services [PORT|NAME...]: the services at ports, the ports of services; all of
 * them without an argument.
 */
#include <pier.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
show(const char *what)
{
	char name[PIER_SERVICE_NAME_MAX + 1];
	int rc;

	if (what[strspn(what, "0123456789")] == '\0')
		rc = pier_service_name(
			(unsigned int)atoi(what), NULL, name, sizeof(name));
	else
		rc = pier_service_port(what, NULL);
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	else if (what[strspn(what, "0123456789")] == '\0')
		printf("%s %s\n", what, name);
	else
		printf("%d %s\n", rc, what);
	return rc < 0;
}

int
main(int argc, char **argv)
{
	struct pier_services *all;
	int i, failed = 0;

	for (i = 1; i < argc; i++)
		failed |= show(argv[i]);
	if (argc > 1)
		return failed;
	if (pier_services_open(&all) < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return 1;
	}
	for (i = 0; i < (int)all->count; i++)
		printf("%u/%s %s\n", all->list[i].port, all->list[i].protocol,
			all->list[i].name);
	pier_services_close(all);
	return 0;
}
