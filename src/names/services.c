/* SPDX-License-Identifier: MIT */
/*
 * Names of services. The list is one piece of memory: the record, the
 * services, the pointers to their aliases, then a copy of the text, in which
 * each word is ended by a NUL. So the text is gone through twice, by the same
 * function: to count, and to fill.
 */
#include "names/services.h"

#include "base/text.h"
#include "os/calls.h"
#include "os/whole_file.h"
#include "task/failure.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SERVICES_FILE "/etc/services"

/* Going through the text. While it is counted, list and aliases are NULL. */
struct walk {
	char *text;
	size_t at, end; /* of the line */
	struct pier_service *list;
	const char **aliases;
	size_t count, alias_count;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* The next word of the line; false when there is none. */
static bool
next_word(struct walk *walk, struct pier__span *out)
{
	while (walk->at < walk->end && is_blank(walk->text[walk->at]))
		walk->at++;
	out->text = walk->text;
	out->begin = walk->at;
	while (walk->at < walk->end && !is_blank(walk->text[walk->at]))
		walk->at++;
	out->end = walk->at;
	return out->begin < out->end;
}

/* A word for keeps, ended where it ends: what stands there is a blank, the
   end of the line, or the '/' of "80/tcp". */
static const char *
keep(struct walk *walk, struct pier__span word)
{
	walk->text[word.end] = '\0';
	return walk->text + word.begin;
}

static void
read_aliases(struct walk *walk, struct pier_service *service)
{
	struct pier__span word;

	while (next_word(walk, &word)) {
		if (service != NULL) {
			walk->aliases[walk->alias_count] = keep(walk, word);
			service->alias_count++;
			walk->at = word.end + (word.end < walk->end);
		}
		walk->alias_count++;
	}
}

/* "http 80/tcp www" */
static void
read_line(struct walk *walk)
{
	struct pier_service *service = NULL;
	struct pier__span name, port, protocol;
	int64_t number;

	if (!next_word(walk, &name) || !next_word(walk, &port))
		return;
	protocol = port;
	port.end = pier__span_find(port, '/');
	protocol.begin = port.end + 1;
	number = pier__span_number(port, 65535);
	if (number < 0 || number > 65535 || protocol.begin >= protocol.end)
		return;
	if (walk->list != NULL) {
		service = &walk->list[walk->count];
		walk->at += walk->at < walk->end;
		service->name = keep(walk, name);
		service->protocol = keep(walk, protocol);
		service->port = (unsigned int)number;
		service->aliases = walk->aliases + walk->alias_count;
	}
	walk->count++;
	read_aliases(walk, service);
}

static void
read_text(struct walk *walk, size_t len)
{
	struct pier__span rest = { walk->text, 0, len }, line;
	size_t next;

	walk->count = 0;
	walk->alias_count = 0;
	while (rest.begin < len) {
		next = pier__span_find(rest, '\n');
		line = pier__span_cut(rest, rest.begin, next);
		walk->at = line.begin;
		line.end = pier__span_find(line, '#');
		/* A NUL in a word would end it sooner than it was found to. */
		walk->end = pier__span_find(line, '\0');
		read_line(walk);
		rest.begin = next + 1;
	}
}

int
pier__services_parse(struct pier_services **out, const char *text, size_t len,
	enum pier_services_source source)
{
	/* Counting changes nothing of the text. */
	struct walk walk = { .text = (char *)(uintptr_t)text };
	struct pier_services *services = NULL;
	size_t size = sizeof(*services) + len + 1;

	read_text(&walk, len);
	if (walk.count > PIER_SERVICES_MAX)
		return -PIER_ELIMIT;
	size += walk.count * sizeof(*walk.list);
	size += walk.alias_count * sizeof(*walk.aliases);
	services = pier__alloc(size);
	if (services == NULL)
		return -ENOMEM;
	walk.list = (struct pier_service *)(services + 1);
	walk.aliases = (const char **)(walk.list + walk.count);
	walk.text = (char *)(walk.aliases + walk.alias_count);
	memcpy(walk.text, text, len);
	read_text(&walk, len);
	services->source = source;
	services->count = walk.count;
	services->list = walk.list;
	*out = services;
	return 0;
}

static int
fail(int rc, const char *detail)
{
	(void)pier__fail_step(rc, PIER_STEP_RESOLVE, SERVICES_FILE, detail);
	return rc;
}

int
pier_services_built_in(struct pier_services **out)
{
	int rc = pier__services_parse(out, pier__services_text,
		pier__services_text_len, PIER_SERVICES_BUILT_IN);

	return rc < 0 ? fail(rc, NULL) : 0;
}

int
pier_services_open(struct pier_services **out)
{
	char *text = NULL;
	ptrdiff_t len =
		pier__whole_file(&text, SERVICES_FILE, PIER_SERVICES_BYTES_MAX);
	int rc;

	if (len == -ENOENT)
		return pier_services_built_in(out);
	if (len == -EFBIG)
		return fail(
			-PIER_ELIMIT, "longer than PIER_SERVICES_BYTES_MAX");
	if (len < 0)
		return fail((int)len, NULL);
	rc = pier__services_parse(out, text, (size_t)len, PIER_SERVICES_FILE);
	pier__free(text);
	if (rc == -PIER_ELIMIT)
		return fail(rc, "more than PIER_SERVICES_MAX services");
	return rc < 0 ? fail(rc, NULL) : 0;
}

void
pier_services_close(struct pier_services *services)
{
	pier__free(services);
}

static bool
has_protocol(const struct pier_service *service, const char *protocol)
{
	return protocol == NULL || strcmp(service->protocol, protocol) == 0;
}

static bool
has_name(const struct pier_service *service, const char *name)
{
	size_t i;

	for (i = 0; i < service->alias_count; i++)
		if (strcmp(service->aliases[i], name) == 0)
			return true;
	return strcmp(service->name, name) == 0;
}

const struct pier_service *
pier_services_by_name(const struct pier_services *services, const char *name,
	const char *protocol)
{
	size_t i;

	for (i = 0; i < services->count; i++)
		if (has_protocol(&services->list[i], protocol) &&
			has_name(&services->list[i], name))
			return &services->list[i];
	return NULL;
}

const struct pier_service *
pier_services_by_port(const struct pier_services *services, unsigned int port,
	const char *protocol)
{
	size_t i;

	for (i = 0; i < services->count; i++)
		if (services->list[i].port == port &&
			has_protocol(&services->list[i], protocol))
			return &services->list[i];
	return NULL;
}

int
pier_service_port(const char *name, const char *protocol)
{
	const struct pier_service *found;
	struct pier_services *services = NULL;
	int rc = pier_services_open(&services);

	if (rc < 0)
		return rc;
	found = pier_services_by_name(services, name, protocol);
	rc = found != NULL ? (int)found->port
			   : pier__fail_step(-PIER_ENONAME, PIER_STEP_RESOLVE,
				     name, "no such service");
	pier_services_close(services);
	return rc;
}

static int
fail_port(int rc, unsigned int port, const char *detail)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", port);
	(void)pier__fail_step(rc, PIER_STEP_RESOLVE, text, detail);
	return rc;
}

int
pier_service_name(
	unsigned int port, const char *protocol, char *buf, size_t size)
{
	const struct pier_service *found;
	struct pier_services *services = NULL;
	size_t len;
	int rc;

	if (port > 65535)
		return fail_port(
			-EINVAL, port, "the port is out of range 0-65535");
	rc = pier_services_open(&services);
	if (rc < 0)
		return rc;
	found = pier_services_by_port(services, port, protocol);
	len = found != NULL ? strlen(found->name) : 0;
	if (found == NULL)
		rc = fail_port(-PIER_ENONAME, port, "no service has that port");
	else if (len >= size)
		rc = fail_port(-ENOSPC, port, "the name does not fit");
	else
		rc = (int)len;
	if (rc >= 0)
		memcpy(buf, found->name, len + 1);
	pier_services_close(services);
	return rc;
}
