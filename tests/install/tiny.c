/* SPDX-License-Identifier: MIT */
/* The ten lines with which a new user finds out that pier is installed. */
#include <pier.h>
#include <stdio.h>

int
main(void)
{
	printf("%s %s\n", PIER_VERSION, pier_version());
	return 0;
}
