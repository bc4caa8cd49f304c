/* SPDX-License-Identifier: MIT */
/* os/faulty_names.c - the entries of the faulty table that concern names. */
#include "os/faulty_inner.h"

int
pier__faulty_getaddrinfo(const char *host, const char *service,
	const struct addrinfo *hints, struct addrinfo **out)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_GETADDRINFO);
	int rc;

	if (verdict.error > 0)
		return -verdict.error;
	rc = faulty->inner->getaddrinfo(host, service, hints, out);
	if (rc == 0)
		pier__faulty_hold(faulty, PIER__HELD_NAMES, (uintptr_t)*out,
			PIER__CALL_GETADDRINFO, verdict.nth);
	return rc;
}

void
pier__faulty_freeaddrinfo(struct addrinfo *list)
{
	struct pier__faulty *faulty = pier__faulty_self();

	pier__faulty_drop(faulty, PIER__HELD_NAMES, (uintptr_t)list);
	faulty->inner->freeaddrinfo(list);
}

int
pier__faulty_gethostbyname(const char *name, int family, struct hostent *out,
	char *buf, size_t size)
{
	PLAIN(PIER__CALL_GETHOSTBYNAME,
		gethostbyname(name, family, out, buf, size));
}

int
pier__faulty_gethostbyaddr(const void *bytes, socklen_t len, int family,
	struct hostent *out, char *buf, size_t size)
{
	PLAIN(PIER__CALL_GETHOSTBYADDR,
		gethostbyaddr(bytes, len, family, out, buf, size));
}

int
pier__faulty_hostname(char *buf, size_t size)
{
	PLAIN(PIER__CALL_HOSTNAME, hostname(buf, size));
}

int
pier__faulty_links(struct pier__link *list, int max)
{
	PLAIN(PIER__CALL_LINKS, links(list, max));
}

int
pier__faulty_bt_controllers(struct pier__bt_controller *list, int max)
{
	PLAIN(PIER__CALL_BT_CONTROLLERS, bt_controllers(list, max));
}
