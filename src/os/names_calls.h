/* SPDX-License-Identifier: MIT */
/* os/names_calls.h - the entries of the real table that concern names. */
#ifndef PIER_OS_NAMES_CALLS_H
#define PIER_OS_NAMES_CALLS_H

#include <netdb.h>
#include <stddef.h>
#include <sys/socket.h>

int pier__real_getaddrinfo(const char *host, const char *service,
	const struct addrinfo *hints, struct addrinfo **out);
void pier__real_freeaddrinfo(struct addrinfo *list);
int pier__real_gethostbyname(const char *name, int family, struct hostent *out,
	char *buf, size_t size);
int pier__real_gethostbyaddr(const void *bytes, socklen_t len, int family,
	struct hostent *out, char *buf, size_t size);
int pier__real_hostname(char *buf, size_t size);

#endif
