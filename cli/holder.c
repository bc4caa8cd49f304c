/* SPDX-License-Identifier: MIT */
/*
 * Who holds an address, in two steps: /proc/net gives the inode of the socket,
 * /proc/PID/fd the process that has it open. Only ever run once, after a bind
 * has failed, so it may read all of /proc.
 */
#include "holder.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How an endpoint's scheme looks in /proc/net. */
static const struct table {
	const char *scheme;
	const char *paths[2];
	bool listening; /* only sockets in that state hold the port */
} tables[] = {
	{ "tcp:", { "/proc/net/tcp", "/proc/net/tcp6" }, true },
	{ "tcp4:", { "/proc/net/tcp", "/proc/net/tcp6" }, true },
	{ "tcp6:", { "/proc/net/tcp6", NULL }, true },
	{ "udp:", { "/proc/net/udp", "/proc/net/udp6" }, false },
	{ "udp4:", { "/proc/net/udp", "/proc/net/udp6" }, false },
	{ "udp6:", { "/proc/net/udp6", NULL }, false },
};

enum {
	STATE_LISTEN = 10, /* as the kernel's tables number it */
	LINE_MAX_BYTES = 512,
};

/* The inode of the socket at port, 0 when there is none. */
static unsigned long
inet_inode(const char *path, unsigned int port, bool listening)
{
	char line[LINE_MAX_BYTES];
	unsigned long found = 0;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return 0;
	while (found == 0 && fgets(line, sizeof(line), file) != NULL) {
		unsigned int local, state;
		unsigned long inode;

		if (sscanf(line,
			    "%*d: %*[^:]:%x %*s %x %*s %*s %*s %*d %*d %lu",
			    &local, &state, &inode) == 3 &&
			local == port && (!listening || state == STATE_LISTEN))
			found = inode;
	}
	fclose(file);
	return found;
}

/* %XX is a byte in an endpoint; the kernel's table has the byte itself. */
static void
unescape(const char *text, char *path, size_t size)
{
	size_t len = 0;
	unsigned int byte;

	while (*text != '\0' && len < size - 1) {
		if (sscanf(text, "%%%2x", &byte) == 1) {
			path[len++] = (char)byte;
			text += 3;
		} else {
			path[len++] = *text++;
		}
	}
	path[len] = '\0';
}

static unsigned long
unix_inode(const char *escaped)
{
	char line[LINE_MAX_BYTES], path[LINE_MAX_BYTES];
	unsigned long found = 0;
	FILE *file;

	/* Sockets without a name have an empty path there too. */
	file = escaped[0] != '\0' ? fopen("/proc/net/unix", "re") : NULL;
	if (file == NULL)
		return 0;
	unescape(escaped, path, sizeof(path));
	while (found == 0 && fgets(line, sizeof(line), file) != NULL) {
		unsigned long inode;
		int at = 0;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %lu %n", &inode,
			    &at) == 1 &&
			at > 0 && strcmp(line + at, path) == 0)
			found = inode;
	}
	fclose(file);
	return found;
}

static unsigned long
port_inode(const char *scheme, const char *authority)
{
	const char *colon = strrchr(authority, ':');
	unsigned long port, inode = 0;
	size_t i, j;

	port = colon != NULL ? strtoul(colon + 1, NULL, 10) : 0;
	if (port == 0)
		return 0;
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const struct table *table = &tables[i];

		if (strncmp(scheme, table->scheme, strlen(table->scheme)))
			continue;
		for (j = 0; j < 2 && inode == 0 && table->paths[j]; j++)
			inode = inet_inode(table->paths[j], (unsigned int)port,
				table->listening);
	}
	return inode;
}

/* Bare text is a path, or HOST:PORT of TCP. */
static unsigned long
endpoint_inode(const char *endpoint)
{
	const char *authority = strstr(endpoint, "://");

	if (authority != NULL && strncmp(endpoint, "unix", 4) == 0)
		return unix_inode(authority + 3);
	if (authority != NULL)
		return port_inode(endpoint, authority + 3);
	if (endpoint[0] != '\0' && strchr("/.@", endpoint[0]) != NULL)
		return unix_inode(endpoint);
	return port_inode("tcp:", endpoint);
}

/* Does process pid have a descriptor whose link reads target? */
static bool
process_has(const char *pid, const char *target)
{
	char path[300], link[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	if (dir == NULL)
		return false; /* another user's, or just gone */
	while (!found && (entry = readdir(dir)) != NULL) {
		ssize_t len = readlinkat(
			dirfd(dir), entry->d_name, link, sizeof(link) - 1);

		if (len < 0)
			continue;
		link[len] = '\0';
		found = strcmp(link, target) == 0;
	}
	closedir(dir);
	return found;
}

static void
name_process(const char *pid, char *text, size_t size)
{
	char path[300], name[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (file != NULL) {
		if (fgets(name, sizeof(name), file) == NULL)
			name[0] = '\0';
		fclose(file);
	}
	name[strcspn(name, "\n")] = '\0';
	snprintf(text, size, "%s (pid %s)", name[0] ? name : "a process", pid);
}

int
cli_find_holder(const char *endpoint, char *text, size_t size)
{
	unsigned long inode = endpoint_inode(endpoint);
	struct dirent *entry;
	char target[64];
	int rc = -1;
	DIR *proc;

	if (inode == 0)
		return -1;
	snprintf(target, sizeof(target), "socket:[%lu]", inode);
	proc = opendir("/proc");
	if (proc == NULL)
		return -1;
	while (rc < 0 && (entry = readdir(proc)) != NULL) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
			!process_has(entry->d_name, target))
			continue;
		name_process(entry->d_name, text, size);
		rc = 0;
	}
	closedir(proc);
	return rc;
}
