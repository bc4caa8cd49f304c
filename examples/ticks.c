/* SPDX-License-Identifier: MIT */
/*
 * Two fibers: one counts every 100 ms, and is cancelled when the first returns
 * after a second. pier-task(7) shows it.
 */
#include <pier.h>
#include <stdio.h>

static int
tick(void *arg)
{
	int *ticks = arg;

	while (pier_sleep(pier_in_ms(100)) == 0)
		++*ticks;
	return 0;
}

static int
first(void *arg)
{
	int rc = pier_go(NULL, tick, arg);

	return rc < 0 ? rc : pier_sleep(pier_in_s(1));
}

int
main(void)
{
	static int ticks;
	int rc = pier_run(first, &ticks, NULL, NULL);

	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	else
		printf("%d ticks\n", ticks);
	return rc < 0;
}
