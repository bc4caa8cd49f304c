/* SPDX-License-Identifier: MIT */
/* os/names_calls.c - see names_calls.h. */
#include "os/names_calls.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "os/calls.h"

int
pier__real_getaddrinfo(const char *host, const char *service,
	const struct addrinfo *hints, struct addrinfo **out)
{
	int rc;

	errno = 0;
	rc = getaddrinfo(host, service, hints, out);
	/* EAI_SYSTEM leaves its cause in errno. The EAI_ codes of glibc are
	   small negative numbers too, hence the distance. A source that it has
	   no descriptor to ask is to it one that knows no such name. */
	if (rc == EAI_SYSTEM ||
		(rc != 0 && (errno == EMFILE || errno == ENFILE)))
		return PIER__EAI_ERRNO - errno;
	return rc;
}

/* h_errno in the terms of getaddrinfo. */
static int
host_result(int rc, int error, const struct hostent *found)
{
	if (rc == ERANGE)
		return PIER__EAI_ERRNO - ERANGE;
	if (rc == 0 && found != NULL)
		return 0;
	switch (error) {
	case TRY_AGAIN:
		return EAI_AGAIN;
	case NO_RECOVERY:
		return EAI_FAIL;
	case NETDB_INTERNAL:
		/* No source to ask is no host found. */
		return rc == 0 || rc == ENOENT ? EAI_NONAME
					       : PIER__EAI_ERRNO - rc;
	default:
		return EAI_NONAME;
	}
}

int
pier__real_gethostbyname(const char *name, int family, struct hostent *out,
	char *buf, size_t size)
{
	struct hostent *found = NULL;
	int error = 0;
	int rc = gethostbyname2_r(name, family, out, buf, size, &found, &error);

	return host_result(rc, error, found);
}

int
pier__real_gethostbyaddr(const void *bytes, socklen_t len, int family,
	struct hostent *out, char *buf, size_t size)
{
	struct hostent *found = NULL;
	int error = 0;
	int rc = gethostbyaddr_r(
		bytes, len, family, out, buf, size, &found, &error);

	return host_result(rc, error, found);
}

int
pier__real_hostname(char *buf, size_t size)
{
	int rc = gethostname(buf, size) < 0 ? -errno : 0;

	/* One that was cut off need not end in NUL. */
	if (rc == 0 && memchr(buf, '\0', size) == NULL)
		return -ENAMETOOLONG;
	return rc;
}

void
pier__real_freeaddrinfo(struct addrinfo *list)
{
	freeaddrinfo(list);
}
