/* SPDX-License-Identifier: MIT */
/*
 * From an address to names; this machine's name; and a name in full. The look-up
 * itself is a question for the pool, as that of pier_resolve() is.
 */
#include <pier/resolve.h>

#include "addr/addr.h"
#include "addr/ip.h"
#include "names/names.h"
#include "os/calls.h"
#include "task/failure.h"
#include "task/task.h"
#include "task/timeout.h"

#include <errno.h>
#include <string.h>

static int
fail(int rc, const char *what, int64_t begin)
{
	int64_t elapsed = begin == 0 ? 0 : pier_now() - begin;

	(void)pier__fail(rc, &(struct pier__failure){ .step = PIER_STEP_RESOLVE,
				     .endpoint = what,
				     .elapsed_ns = elapsed });
	return rc;
}

int
pier_reverse(struct pier_names **out, const struct pier_addr *addr,
	pier_deadline deadline)
{
	struct pier__question question = { .also = PIER_RESOLVE_SOURCE };
	struct pier__task *self = pier__self();
	char text[PIER_ADDR_TEXT_MAX];
	struct pier__ip_view ip;
	int64_t begin;
	int rc;

	if (self == NULL)
		return -ENOMEM;
	(void)pier_addr_format_host(addr, text, sizeof(text));
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	rc = pier__enter(self, deadline);
	if (rc == 0 && !pier__addr_ip(&ip, addr))
		rc = -EAFNOSUPPORT;
	if (rc < 0)
		return fail(rc, text, 0);
	if (deadline.ns == 0)
		return -EAGAIN;
	question.addr = *addr;
	begin = pier_now();
	rc = pier__names_ask(out, &question, deadline);
	return rc < 0 ? fail(rc, text, begin) : 0;
}

int
pier_hostname(char *buf, size_t size)
{
	char name[PIER_HOSTNAME_MAX + 1];
	int rc = pier__calls()->hostname(name, sizeof(name));
	size_t len;

	if (rc < 0)
		return fail(rc, "hostname", 0);
	len = strlen(name);
	if (len >= size)
		return fail(-ENOSPC, "hostname", 0);
	memcpy(buf, name, len + 1);
	return (int)len;
}

static bool
is_number(const char *host)
{
	struct pier__why why;
	struct pier__ip ip;

	return pier__ip_parse(&ip, pier__span_of(host), &why) != 0;
}

/* The first name with a dot, the canonical one before the others; NULL. */
static const char *
with_dot(const struct pier_names *names)
{
	size_t i;

	if (strchr(names->canonical, '.') != NULL)
		return names->canonical;
	for (i = 0; i < names->alias_count; i++)
		if (strchr(names->aliases[i], '.') != NULL)
			return names->aliases[i];
	return NULL;
}

static int
hand_out(char *buf, size_t size, const char *name, const char *host)
{
	size_t len = strlen(name);

	if (len >= size)
		return fail(-ENOSPC, host, 0);
	memcpy(buf, name, len + 1);
	return (int)len;
}

/* What the first address is called, where the name itself has no dot. */
static int
ask_back(char *buf, size_t size, const struct pier_names *names,
	const char *host, pier_deadline deadline)
{
	const char *plain = names->canonical;
	struct pier_names *back = NULL;
	int rc = pier_reverse(&back, &names->addrs[0], deadline);

	if (rc < 0 && !pier_is_name(rc))
		return rc;
	if (rc == 0 && with_dot(back) != NULL)
		plain = with_dot(back);
	else if (rc == 0 && is_number(host))
		plain = back->canonical;
	rc = hand_out(buf, size, plain, host);
	pier_names_free(back);
	return rc;
}

int
pier_fqdn(char *buf, size_t size, const char *host, pier_deadline deadline)
{
	static const struct pier_resolve_opts opts = { .canonical = true };
	char self[PIER_HOSTNAME_MAX + 1];
	struct pier_names *names = NULL;
	int rc;

	if (host == NULL || host[0] == '\0') {
		rc = pier_hostname(self, sizeof(self));
		if (rc < 0)
			return rc;
		host = self;
	}
	/* A wait below is bounded by the same moment. */
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	rc = pier_resolve(&names, host, NULL, &opts, deadline);
	if (rc < 0)
		return rc;
	rc = with_dot(names) != NULL && !is_number(host)
		     ? hand_out(buf, size, with_dot(names), host)
		     : ask_back(buf, size, names, host, deadline);
	pier_names_free(names);
	return rc;
}
