/* SPDX-License-Identifier: MIT */
/*
 * Answers: one block of memory each, holding the list and the canonical name,
 * counted since equal questions share one. Read-only from the moment that a
 * second holder can see it, hence only the count is atomic.
 */
#include "names/names.h"

#include "base/list.h"
#include "task/failure.h"

#include <pier/error.h>

#include <errno.h>
#include <string.h>

struct answer {
	struct pier_names names;
	atomic_uint holders;
	struct pier_addr addrs[];
};

static struct answer *
answer_of(struct pier_names *names)
{
	return pier__container_of(names, struct answer, names);
}

/* Copies a text to *at and goes on behind it. */
static const char *
put_text(char **at, const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = memcpy(*at, text, len);

	*at += len;
	return copy;
}

/* The addresses stand behind the record, then the pointers to aliases, then
   the texts. */
static struct answer *
answer_new(const struct pier__answer_parts *parts)
{
	const char *source = parts->source != NULL ? parts->source : "";
	size_t list = parts->count * sizeof(struct pier_addr);
	size_t size = strlen(parts->canonical) + strlen(source) + 2, i;
	struct answer *answer;
	const char **aliases;
	char *text;

	for (i = 0; i < parts->alias_count; i++)
		size += sizeof(*aliases) + strlen(parts->aliases[i]) + 1;
	answer = pier__alloc(sizeof(*answer) + list + size);
	if (answer == NULL)
		return NULL;
	atomic_init(&answer->holders, 1);
	aliases = (const char **)(answer->addrs + parts->count);
	text = (char *)(aliases + parts->alias_count);
	answer->names.addrs = answer->addrs;
	answer->names.count = parts->count;
	answer->names.canonical = put_text(&text, parts->canonical);
	answer->names.source = put_text(&text, source);
	for (i = 0; i < parts->alias_count; i++)
		aliases[i] = put_text(&text, parts->aliases[i]);
	answer->names.aliases = aliases;
	answer->names.alias_count = parts->alias_count;
	return answer;
}

int
pier__names_build(
	struct pier_names **out, const struct pier__answer_parts *parts)
{
	struct answer *answer = answer_new(parts);

	if (answer == NULL)
		return -ENOMEM;
	memcpy(answer->addrs, parts->addrs,
		parts->count * sizeof(*parts->addrs));
	*out = &answer->names;
	return 0;
}

int
pier_names_make(struct pier_names **out, const struct pier_addr *addrs,
	size_t count, const char *canonical)
{
	const struct pier__answer_parts parts = { .addrs = addrs,
		.count = count,
		.canonical = canonical == NULL ? "" : canonical };

	return count == 0 ? -EINVAL : pier__names_build(out, &parts);
}

/* nsswitch modules fill the list: it is checked as input. */
static bool
fits(struct pier_addr *out, const struct addrinfo *info)
{
	return info->ai_addr != NULL &&
	       (info->ai_family == AF_INET || info->ai_family == AF_INET6) &&
	       info->ai_family == info->ai_addr->sa_family &&
	       pier_addr_from_sockaddr(out, info->ai_addr, info->ai_addrlen) ==
		       0;
}

int
pier__names_from_addrinfo(struct pier_names **out, const struct addrinfo *list)
{
	struct pier__answer_parts parts = { .canonical = "" };
	const struct addrinfo *info;
	struct pier_addr addr;
	struct answer *answer;
	size_t count;

	for (info = list; info != NULL; info = info->ai_next)
		parts.count += fits(&addr, info);
	if (parts.count == 0)
		return -PIER_ENONAME;
	if (list->ai_canonname != NULL)
		parts.canonical = list->ai_canonname;
	answer = answer_new(&parts);
	if (answer == NULL)
		return -ENOMEM;
	for (info = list, count = 0; info != NULL; info = info->ai_next)
		if (fits(&addr, info))
			answer->addrs[count++] = addr;
	*out = &answer->names;
	return 0;
}

struct pier_names *
pier_names_hold(struct pier_names *names)
{
	(void)atomic_fetch_add_explicit(
		&answer_of(names)->holders, 1, memory_order_relaxed);
	return names;
}

int
pier_names_lookup(struct pier_names **out, const char *host,
	const char *service, const struct pier_resolve_opts *opts,
	pier_deadline deadline, void *arg)
{
	(void)service;
	(void)opts;
	(void)deadline;
	if (arg == NULL)
		return pier__fail_step(-PIER_ENONAME, PIER_STEP_RESOLVE,
			host != NULL ? host : "", "no addresses were given");
	*out = pier_names_hold(arg);
	return 0;
}

void
pier_names_free(struct pier_names *names)
{
	struct answer *answer;

	if (names == NULL)
		return;
	answer = answer_of(names);
	/* The last holder has to see what all the others read as done. */
	if (atomic_fetch_sub_explicit(
		    &answer->holders, 1, memory_order_acq_rel) == 1)
		pier__free(answer);
}

int
pier__names_error(int eai)
{
	if (eai <= PIER__EAI_ERRNO)
		return eai - PIER__EAI_ERRNO;
	switch (eai) {
	case 0:
		return 0;
	case EAI_AGAIN:
		return -PIER_EAGAINNAME;
	case EAI_FAIL:
		return -PIER_ENAMEFAIL;
	case EAI_SERVICE:
		return -PIER__ENOSERVICE;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_FAMILY:
	case EAI_SOCKTYPE:
	case EAI_BADFLAGS:
		return -EINVAL;
	default:
		/* NONAME, and glibc's NODATA, ADDRFAMILY, IDN_ENCODE: there
		   is nothing by that name. */
		return -PIER_ENONAME;
	}
}
