/* SPDX-License-Identifier: MIT */
/* os/link.c - see link.h. */
#include "os/link.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netpacket/packet.h>
#include <stdbool.h>
#include <string.h>

/* libc lists each interface by an entry with its number before those with its
   addresses. */
static void
add(struct pier__link *out, const struct ifaddrs *info)
{
	struct sockaddr_ll line;

	memcpy(&line, info->ifa_addr, sizeof(line));
	memset(out, 0, sizeof(*out));
	out->index = (unsigned int)line.sll_ifindex;
	out->flags = info->ifa_flags;
	(void)strncpy(out->name, info->ifa_name, sizeof(out->name) - 1);
}

static struct in_addr
ip4_of(const struct sockaddr *sa)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (sa != NULL && sa->sa_family == AF_INET)
		memcpy(&in, sa, sizeof(in));
	return in.sin_addr;
}

/* An address with a label ("eth0:1") belongs to the link before the colon. */
static bool
is_of(const struct pier__link *link, const char *name)
{
	size_t len = strcspn(name, ":");

	return strlen(link->name) == len && memcmp(link->name, name, len) == 0;
}

static void
add_ip4(struct pier__link *list, int count, const struct ifaddrs *info)
{
	struct in_addr broadcast = { 0 };
	int i;

	if ((info->ifa_flags & IFF_BROADCAST) != 0)
		broadcast = ip4_of(info->ifa_broadaddr);
	for (i = 0; i < count; i++) {
		struct pier__link *link = &list[i];

		if (!is_of(link, info->ifa_name) ||
			(link->ip4.s_addr != 0 &&
				(link->broadcast.s_addr != 0 ||
					broadcast.s_addr == 0)))
			continue;
		link->ip4 = ip4_of(info->ifa_addr);
		link->broadcast = broadcast;
	}
}

int
pier__real_links(struct pier__link *list, int max)
{
	struct ifaddrs *all, *info;
	int count = 0;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (info = all; info != NULL; info = info->ifa_next) {
		if (info->ifa_addr == NULL)
			continue;
		if (info->ifa_addr->sa_family == AF_PACKET && count < max)
			add(&list[count++], info);
		else if (info->ifa_addr->sa_family == AF_INET)
			add_ip4(list, count, info);
	}
	freeifaddrs(all);
	return count;
}
