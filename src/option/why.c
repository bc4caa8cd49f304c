/* SPDX-License-Identifier: MIT */
/*
 * option/why.c - why the kernel keeps another value than was asked for, and
 * the sysctls that say so.
 */
#include "option/option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/calls.h"
#include "task/failure.h"

#define PATH_SIZE 96

int
pier__sysctl(const char *name, char *text, size_t size)
{
	const struct pier__calls *calls = pier__calls();
	char path[PATH_SIZE];
	char *dot;
	ssize_t n;
	int fd;

	if (snprintf(path, sizeof(path), "/proc/sys/%s", name) >=
		(int)sizeof(path))
		return -ENAMETOOLONG;
	for (dot = path; (dot = strchr(dot, '.')) != NULL;)
		*dot = '/';
	fd = calls->open_file(path);
	if (fd < 0)
		return fd;
	do {
		n = calls->read(fd, text, size - 1);
	} while (n == -EINTR);
	pier__close(fd);
	if (n < 0)
		return (int)n;
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return (int)n;
}

int
pier_option_sysctl(const struct pier_option *option, char *buf, size_t size)
{
	char text[256];
	int len;

	if (option->sysctl == NULL)
		return pier__fail_step(-EINVAL, PIER_STEP_OPTION, option->name,
			"no sysctl is about it");
	len = pier__sysctl(option->sysctl, text, sizeof(text));
	if (len < 0)
		return pier__fail_step(
			len, PIER_STEP_OPTION, option->sysctl, NULL);
	if ((size_t)len >= size)
		return -ENOSPC;
	memcpy(buf, text, (size_t)len + 1);
	return len;
}

/* Buffers are cut to a limit first and doubled then; below a least they are
   that. */
static void
explain_doubled(struct pier_option_change *change)
{
	const struct pier_option *option = change->asked.option;
	int64_t asked = change->asked.integer;
	int64_t granted = change->granted.integer;
	char text[32] = "";
	int64_t limit = INT64_MAX;

	if (option->sysctl != NULL &&
		pier__sysctl(option->sysctl, text, sizeof(text)) > 0)
		limit = strtoll(text, NULL, 10);
	if (granted > 2 * asked)
		(void)snprintf(change->why, sizeof(change->why),
			"%lld is the least that the kernel works with",
			(long long)granted);
	else if (asked > limit)
		(void)snprintf(change->why, sizeof(change->why),
			"%s caps it at %s, and then %s; %sforce goes past "
			"that, with CAP_NET_ADMIN",
			option->sysctl, text, option->differs, option->name);
	else
		(void)snprintf(change->why, sizeof(change->why), "%s",
			option->differs);
}

void
pier__option_explain_change(struct pier_option_change *change)
{
	const struct pier_option *option = change->asked.option;
	char text[128];

	if (option->differs != NULL &&
		strcmp(option->differs, pier__option_doubled) == 0)
		explain_doubled(change);
	else if (option->differs != NULL)
		(void)snprintf(change->why, sizeof(change->why), "%s",
			option->differs);
	else if (option->sysctl != NULL &&
		 pier__sysctl(option->sysctl, text, sizeof(text)) > 0)
		(void)snprintf(change->why, sizeof(change->why), "%s is %s",
			option->sysctl, text);
	else
		(void)snprintf(change->why, sizeof(change->why),
			"the kernel keeps another value");
}
