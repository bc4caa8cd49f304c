/* SPDX-License-Identifier: MIT */
/*
 * Questions to libc: getaddrinfo(3) for addresses in their order; for what it
 * does not tell, the other names of a host, gethostbyname2_r(3); and
 * gethostbyaddr_r(3) for the way back. Runs on a helper's thread, which may take
 * its time.
 */
#include "names/look.h"

#include "addr/addr.h"
#include "names/source.h"
#include "os/calls.h"

#include <pier/error.h>

#include <errno.h>
#include <locale.h>
#include <string.h>

/* What libc wants for the names and addresses of a host, at first and at most. */
#define HOST_SIZE_MIN ((size_t)1024)
#define HOST_SIZE_MAX ((size_t)1024 * 1024)

struct host {
	struct hostent entry;
	char *buf;
};

/*
 * libc turns international names into ASCII by way of the locale's characters;
 * ours are UTF-8 whatever the program's locale is, and only on this thread.
 */
static int
ask_addresses(const struct pier__question *question, struct addrinfo **list)
{
	struct addrinfo hints = {
		.ai_family = question->family,
		.ai_socktype = question->type,
		.ai_flags = question->flags,
	};
	locale_t utf8 = (locale_t)0, before = (locale_t)0;
	int rc;

	if ((question->flags & AI_IDN) != 0)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (utf8 != (locale_t)0)
		before = uselocale(utf8);
	rc = pier__calls()->getaddrinfo(
		question->host, question->service, &hints, list);
	if (utf8 != (locale_t)0) {
		(void)uselocale(before);
		freelocale(utf8);
	}
	return pier__names_error(rc);
}

/* name, or the address in bytes when it is NULL. */
static int
ask_host(struct host *host, const char *name, const unsigned char *bytes,
	int family)
{
	socklen_t len = family == AF_INET ? 4 : 16;
	size_t size;
	int rc;

	for (size = HOST_SIZE_MIN; size <= HOST_SIZE_MAX; size *= 4) {
		host->buf = pier__alloc(size);
		if (host->buf == NULL)
			return -ENOMEM;
		rc = name != NULL
			     ? pier__calls()->gethostbyname(name, family,
				       &host->entry, host->buf, size)
			     : pier__calls()->gethostbyaddr(bytes, len, family,
				       &host->entry, host->buf, size);
		rc = pier__names_error(rc);
		if (rc == 0)
			return 0;
		pier__free(host->buf);
		host->buf = NULL;
		if (rc != -ERANGE)
			return rc;
	}
	return -PIER_ELIMIT;
}

/* Collects the names of hosts; each is a text of theirs. */
struct names {
	const char *canonical;
	const char *aliases[PIER_ALIASES_MAX];
	size_t count;
};

static void
add_alias(struct names *names, const char *alias)
{
	struct pier__span span = pier__span_of(alias);
	size_t i;

	if (names->count == PIER_ALIASES_MAX || alias[0] == '\0' ||
		pier__span_is(span, names->canonical))
		return;
	for (i = 0; i < names->count; i++)
		if (pier__span_is(span, names->aliases[i]))
			return;
	names->aliases[names->count++] = alias;
}

static void
add_host(struct names *names, const struct hostent *entry)
{
	char **alias = entry->h_aliases;

	if (names->canonical[0] == '\0')
		names->canonical = entry->h_name;
	add_alias(names, entry->h_name);
	for (; alias != NULL && *alias != NULL; alias++)
		add_alias(names, *alias);
}

static int
finish(struct pier_names **out, const struct pier__question *question,
	struct pier__answer_parts parts)
{
	char source[PIER__SOURCE_TEXT_MAX] = "", self[PIER_HOSTNAME_MAX + 1];
	struct pier__answered answered = { .name = question->host,
		.found = parts.canonical,
		.self = self,
		.addrs = parts.addrs,
		.count = parts.count };
	int rc = 0;

	/* Nobody is asked for no host. */
	if ((question->also & PIER_RESOLVE_SOURCE) != 0 &&
		(question->host != NULL || question->addr.len != 0)) {
		rc = pier__calls()->hostname(self, sizeof(self));
		if (rc >= 0)
			rc = pier__source_of(source, &answered);
	}
	parts.source = source;
	return rc < 0 ? rc : pier__names_build(out, &parts);
}

static bool
has_family(const struct pier_names *answer, int family)
{
	size_t i;

	for (i = 0; i < answer->count; i++)
		if (pier_addr_family(&answer->addrs[i]) == family)
			return true;
	return false;
}

/* The other names of a host, by the families that it has: to ask for another
   would go on to sources that were not needed before. One that fails for now
   adds none. */
static int
ask_aliases(struct names *names, struct host hosts[2],
	const struct pier__question *question, const struct pier_names *first)
{
	static const int families[] = { AF_INET, AF_INET6 };
	const char *name = question->host;
	size_t i;
	int rc;

	/* Of an international name libc gave the ASCII form. */
	if ((question->flags & AI_IDN) != 0)
		name = names->canonical;
	if (name == NULL || name[0] == '\0')
		return 0;
	for (i = 0; i < 2; i++) {
		if (!has_family(first, families[i]))
			continue;
		rc = ask_host(&hosts[i], name, NULL, families[i]);
		if (rc == 0 && hosts[i].entry.h_name != NULL)
			add_host(names, &hosts[i].entry);
		else if (rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE)
			return rc;
	}
	return 0;
}

static int
look_up_more(struct pier_names **out, const struct pier__question *question,
	const struct pier_names *first)
{
	struct names names = { .canonical = first->canonical };
	struct pier__answer_parts parts = { .addrs = first->addrs,
		.count = first->count,
		.canonical = names.canonical };
	struct host hosts[2] = { { .buf = NULL }, { .buf = NULL } };
	int rc = 0;

	if ((question->also & PIER_RESOLVE_ALIASES) != 0)
		rc = ask_aliases(&names, hosts, question, first);
	parts.canonical = names.canonical;
	parts.aliases = names.aliases;
	parts.alias_count = names.count;
	if (rc == 0)
		rc = finish(out, question, parts);
	pier__free(hosts[0].buf);
	pier__free(hosts[1].buf);
	return rc;
}

static int
look_up_addresses(
	struct pier_names **out, const struct pier__question *question)
{
	struct addrinfo *list = NULL;
	struct pier_names *first = NULL;
	int rc = ask_addresses(question, &list);

	if (rc < 0)
		return rc;
	rc = pier__names_from_addrinfo(&first, list);
	pier__calls()->freeaddrinfo(list);
	if (rc < 0)
		return rc;
	if (question->also == 0) {
		*out = first;
		return 0;
	}
	rc = look_up_more(out, question, first);
	pier_names_free(first);
	return rc;
}

static int
look_up_reverse(struct pier_names **out, const struct pier__question *question)
{
	struct names names = { .canonical = "" };
	struct pier__answer_parts parts = { .addrs = &question->addr,
		.count = 1 };
	struct host host = { .buf = NULL };
	struct pier__ip_view ip;
	int rc;

	if (!pier__addr_ip(&ip, &question->addr))
		return -EAFNOSUPPORT;
	rc = ask_host(&host, NULL, ip.bytes, ip.family);
	if (rc < 0)
		return rc;
	if (host.entry.h_name != NULL)
		add_host(&names, &host.entry);
	parts.canonical = names.canonical;
	parts.aliases = names.aliases;
	parts.alias_count = names.count;
	rc = names.canonical[0] == '\0' ? -PIER_ENONAME
					: finish(out, question, parts);
	pier__free(host.buf);
	return rc;
}

int
pier__names_look_up(
	struct pier_names **out, const struct pier__question *question)
{
	return question->addr.len != 0 ? look_up_reverse(out, question)
				       : look_up_addresses(out, question);
}
