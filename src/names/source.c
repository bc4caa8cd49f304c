/* SPDX-License-Identifier: MIT */
/* names/source.c - see source.h. */
#include "names/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr/addr.h"
#include "addr/ip.h"
#include "os/calls.h"
#include "os/whole_file.h"

#define HOSTS    "/etc/hosts"
#define NSSWITCH "/etc/nsswitch.conf"

/* What glibc takes without a line for hosts. */
#define SOURCES "files dns"

/* More than a line of nsswitch.conf sensibly has. */
#define NSSWITCH_BYTES_MAX ((size_t)1024 * 1024)

/* The next word of a line that ends at its comment. */
static bool
next_word(struct pier__span *line, struct pier__span *word)
{
	static const char blanks[] = " \t\r\v\f";

	while (line->begin < line->end &&
		memchr(blanks, line->text[line->begin], sizeof(blanks) - 1) !=
			NULL)
		line->begin++;
	*word = *line;
	while (line->begin < line->end &&
		memchr(blanks, line->text[line->begin], sizeof(blanks) - 1) ==
			NULL)
		line->begin++;
	word->end = line->begin;
	return word->begin < word->end;
}

/* The next line, without its comment; false: there is none. */
static bool
next_line(struct pier__span *text, struct pier__span *line)
{
	if (text->begin >= text->end)
		return false;
	*line = *text;
	line->end = pier__span_find(*text, '\n');
	text->begin = line->end + 1;
	line->end = pier__span_find(*line, '#');
	return true;
}

/* An address as it stands in the hosts file; its zone does not count. */
static bool
is_address(struct pier__span word, const struct pier__ip_view *view)
{
	struct pier__why why;
	struct pier__ip ip;

	if (pier__ip_parse(&ip, word, &why) != 1)
		return false;
	return ip.family == view->family &&
	       memcmp(ip.bytes, view->bytes, ip.family == AF_INET ? 4 : 16) ==
		       0;
}

bool
pier__hosts_has(const char *text, size_t len, const char *name,
	const struct pier_addr *addr)
{
	struct pier__span rest = { text, 0, len }, line, word;
	struct pier__ip_view view;

	if (!pier__addr_ip(&view, addr))
		return false;
	while (next_line(&rest, &line)) {
		if (!next_word(&line, &word) || !is_address(word, &view))
			continue;
		while (next_word(&line, &word))
			if (name == NULL || pier__span_is(word, name))
				return true;
	}
	return false;
}

/* Adds a word, if it fits. */
static void
add(char out[PIER__SOURCE_TEXT_MAX], struct pier__span word)
{
	size_t used = strlen(out), len = pier__span_len(word);

	if (used + len + 2 > PIER__SOURCE_TEXT_MAX)
		return;
	if (used > 0)
		out[used++] = ' ';
	memcpy(out + used, pier__span_at(word), len);
	out[used + len] = '\0';
}

void
pier__hosts_sources(
	char out[PIER__SOURCE_TEXT_MAX], const char *text, size_t len)
{
	struct pier__span rest = { text, 0, len }, line, word;
	bool bracket;

	out[0] = '\0';
	while (next_line(&rest, &line)) {
		if (!next_word(&line, &word) || !pier__span_is(word, "hosts:"))
			continue;
		/* "[NOTFOUND=return]" may have blanks inside. */
		for (bracket = false; next_word(&line, &word);) {
			bracket = bracket || pier__span_starts(word, "[");
			if (!bracket)
				add(out, word);
			if (pier__span_find(word, ']') < word.end)
				bracket = false;
		}
		break;
	}
	if (out[0] == '\0')
		memcpy(out, SOURCES, sizeof(SOURCES));
}

static bool
ends_in(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending);
	struct pier__span span = pier__span_of(name);

	/* A name may end in the dot of the root. */
	if (len > 0 && name[len - 1] == '.')
		span.end = --len;
	if (len < tail)
		return false;
	span.begin = len - tail;
	return pier__span_is(span, ending);
}

/* Multicast DNS answers for .local; of addresses, for those of the link. */
static bool
may_be_mdns(const struct pier__answered *answered)
{
	if (answered->name == NULL)
		return ends_in(answered->found, ".local");
	return ends_in(answered->name, ".local");
}

/* nss-myhostname(8): this machine's own names, and two for its gateway. */
static bool
may_be_myhostname(const struct pier__answered *answered)
{
	const char *name = answered->name;

	if (name == NULL)
		name = answered->found;
	return pier__span_is(pier__span_of(name), answered->self) ||
	       pier__span_is(pier__span_of(name), "_gateway") ||
	       pier__span_is(pier__span_of(name), "_outbound") ||
	       ends_in(name, "localhost") ||
	       ends_in(name, "localhost.localdomain");
}

static bool
has_family(const struct pier__answered *answered, int family)
{
	size_t i;

	for (i = 0; i < answered->count; i++)
		if (pier_addr_family(&answered->addrs[i]) == family)
			return true;
	return false;
}

static bool
may_be(struct pier__span source, const struct pier__answered *answered,
	bool in_hosts)
{
	if (pier__span_is(source, "files"))
		return in_hosts;
	if (pier__span_is(source, "myhostname"))
		return may_be_myhostname(answered);
	if (pier__span_starts(source, "mdns4"))
		return may_be_mdns(answered) && has_family(answered, AF_INET);
	if (pier__span_starts(source, "mdns6"))
		return may_be_mdns(answered) && has_family(answered, AF_INET6);
	if (pier__span_starts(source, "mdns"))
		return may_be_mdns(answered);
	/* The DNS has no labels that begin so, and no own name of hosts. */
	return true;
}

void
pier__sources_left(char out[PIER__SOURCE_TEXT_MAX], const char *sources,
	const struct pier__answered *answered, bool in_hosts)
{
	struct pier__span rest = pier__span_of(sources), word;

	out[0] = '\0';
	while (next_word(&rest, &word)) {
		if (!may_be(word, answered, in_hosts))
			continue;
		add(out, word);
		/* What the hosts file has goes to nobody behind it. */
		if (pier__span_is(word, "files"))
			return;
	}
}

/* A file, or an empty text where there is none. */
static ptrdiff_t
read_file(char **out, const char *path, size_t max)
{
	ptrdiff_t len = pier__whole_file(out, path, max);

	if (len == -ENOENT || len == -EACCES || len == -EFBIG)
		return 0;
	return len;
}

int
pier__source_of(
	char out[PIER__SOURCE_TEXT_MAX], const struct pier__answered *answered)
{
	char sources[PIER__SOURCE_TEXT_MAX];
	char *nsswitch = NULL, *hosts = NULL;
	bool in_hosts = false;
	ptrdiff_t len;
	size_t i;

	len = read_file(&nsswitch, NSSWITCH, NSSWITCH_BYTES_MAX);
	if (len >= 0) {
		pier__hosts_sources(sources, nsswitch, (size_t)len);
		len = read_file(&hosts, HOSTS, PIER__HOSTS_BYTES_MAX);
	}
	if (len >= 0) {
		for (i = 0; i < answered->count && !in_hosts; i++)
			in_hosts = pier__hosts_has(hosts, (size_t)len,
				answered->name, &answered->addrs[i]);
		pier__sources_left(out, sources, answered, in_hosts);
	}
	pier__free(nsswitch);
	pier__free(hosts);
	return len < 0 ? (int)len : 0;
}
