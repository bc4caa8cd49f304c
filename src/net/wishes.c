/* SPDX-License-Identifier: MIT */
/* net/wishes.c - see wishes.h. */
#include "net/wishes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr/ip.h"
#include "option/option.h"
#include "os/calls.h"

/* Longest value of one, decoded. */
#define VALUE_MAX 512

/* One "name=value". */
struct wish {
	struct pier__span name;
	struct pier__span option; /* which that is, by name */
	char value[VALUE_MAX];
	size_t value_at; /* where it stands in the text */
	size_t len;
};

/* Walks over the options of an endpoint, and then those of a list. */
struct walk {
	const struct pier__wishes *wishes;
	struct pier__span rest;
	size_t index;
};

struct pier__kept_wishes {
	struct pier__wishes wishes;
	const char *list[]; /* ended by NULL; their texts lie behind it */
};

static int
take_value(struct wish *out, struct pier__span text, bool escaped,
	struct pier__why *why)
{
	out->value_at = text.begin;
	out->len = 0;
	while (text.begin < text.end) {
		size_t at = text.begin;
		int byte = escaped ? pier__span_byte(&text)
				   : (unsigned char)text.text[text.begin++];

		if (byte < 0)
			return pier__why_set(why, at,
				"after '%%' come two hexadecimal digits");
		if (out->len == sizeof(out->value))
			return pier__why_set(why, at,
				"a value has at most %d bytes", VALUE_MAX);
		out->value[out->len++] = (char)byte;
	}
	return 0;
}

static int
take_wish(struct wish *out, struct pier__span text, bool escaped,
	struct pier__why *why)
{
	size_t equals = pier__span_find(text, '=');

	out->name = pier__span_cut(text, text.begin, equals);
	if (pier__span_len(out->name) == 0)
		return pier__why_set(why, text.begin,
			"name=value belongs here; in a path '?' is written "
			"%%3F");
	if (equals == text.end)
		return pier__why_set(why, text.end,
			"the value is missing: write %.*s=VALUE",
			pier__span_quote(out->name), pier__span_at(out->name));
	return take_value(
		out, pier__span_cut(text, equals + 1, text.end), escaped, why);
}

static bool
is_own(const struct pier__wishes *wishes, struct pier__span text)
{
	const char *const *name = wishes->own;

	text.end = pier__span_find(text, '=');
	for (; name != NULL && *name != NULL; name++)
		if (pier__span_is(text, *name))
			return true;
	return false;
}

/* The next "name=value" of the endpoint, the scheme's own or an option; false
   at the end. */
static bool
next_text(struct walk *walk, struct pier__span *one, bool own)
{
	while (walk->rest.begin < walk->rest.end) {
		*one = walk->rest;
		one->end = pier__span_find(*one, '&');
		walk->rest.begin =
			one->end < walk->rest.end ? one->end + 1 : one->end;
		if (is_own(walk->wishes, *one) == own)
			return true;
	}
	return false;
}

/* What is sent to a group passes routers, and comes back, by options of its
   own: on the endpoint of a group the short names mean those. */
static struct pier__span
option_of(struct pier__span name, const struct pier__wishes *wishes)
{
	if (wishes->group && pier__span_is(name, "ttl"))
		return pier__span_of("multicast_ttl");
	if (wishes->group && pier__span_is(name, "loop"))
		return pier__span_of("multicast_loop");
	return name;
}

/* 1 and the next one; 0 at the end; or -EINVAL. */
static int
next_wish(struct walk *walk, struct wish *out, struct pier__why *why)
{
	const char *const *list = walk->wishes->list;
	struct pier__span one;
	int rc;

	if (next_text(walk, &one, false)) {
		rc = take_wish(out, one, true, why);
	} else if (list != NULL && list[walk->index] != NULL) {
		one = pier__span_of(list[walk->index++]);
		rc = take_wish(out, one, false, why);
	} else {
		return 0;
	}
	if (rc < 0)
		return rc;
	out->option = option_of(out->name, walk->wishes);
	return 1;
}

static struct walk
start(const struct pier__wishes *wishes)
{
	return (struct walk){ .wishes = wishes, .rest = wishes->endpoint };
}

/* ---- Before there is a socket ----------------------------------------- */

#define KINDS_MAX 2

/* The kinds of sockets that an endpoint may become; 0: any. */
static size_t
kinds_of(struct pier__option_kind kinds[KINDS_MAX],
	const struct pier__endpoint *endpoint)
{
	struct pier__option_kind kind = { .domain = endpoint->family,
		.type = pier__endpoint_type(endpoint),
		.protocol = endpoint->protocol };
	bool icmp = endpoint->kind == PIER__ENDPOINT_ICMP;

	if (endpoint->kind == PIER__ENDPOINT_FD)
		return 0;
	if (icmp)
		kind.protocol = IPPROTO_ICMP;
	kinds[0] = kind;
	if (endpoint->kind == PIER__ENDPOINT_PAIR)
		kinds[0].domain = AF_UNIX;
	if (endpoint->kind != PIER__ENDPOINT_TCP &&
		endpoint->kind != PIER__ENDPOINT_UDP && !icmp &&
		endpoint->kind != PIER__ENDPOINT_RAW)
		return 1;
	if (endpoint->family != AF_UNSPEC)
		return 1;
	kinds[0].domain = AF_INET6;
	kinds[1] = kind;
	kinds[1].domain = AF_INET;
	return 2;
}

static int
check_value(const struct wish *wish, const struct pier__option_name *name,
	struct pier__why *why)
{
	struct pier__span text = { .text = wish->value, .end = wish->len };
	struct pier_option_value value;
	int rc = pier__option_read(&value, name, text, why);

	/* An interface may come later. */
	return rc == -ENODEV ? 0 : rc;
}

static bool
fits_any(const struct pier__option_kind *kinds, size_t count,
	struct pier__option_name *name, struct pier__span text)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (pier__option_resolve(name, text, &kinds[i]) == 0 &&
			pier__option_fits(name, &kinds[i]))
			return true;
	return false;
}

static int
check_wish(const struct wish *wish, const struct pier__option_kind *kinds,
	size_t count, struct pier__why *why)
{
	struct pier__option_name name;
	int rc = pier__option_resolve(&name, wish->option, NULL);

	if (rc < 0) {
		why->offset = wish->name.begin;
		pier__option_explain_name(
			why->text, sizeof(why->text), wish->name);
		return -EINVAL;
	}
	if (count > 0 && !fits_any(kinds, count, &name, wish->option))
		return pier__why_set(why, wish->name.begin,
			"%s is no option of such a socket", name.option->name);
	rc = check_value(wish, &name, why);
	if (rc < 0)
		why->offset = wish->value_at;
	return rc;
}

/* What a group of multicast has, and no socket: where it is heard. */
static bool
is_of_group(const struct wish *wish)
{
	return pier__span_is(wish->name, "join") ||
	       pier__span_is(wish->name, "source");
}

static bool
is_source(struct pier__span text, const struct pier__endpoint *endpoint)
{
	struct pier__ip ip, group;
	struct pier__why why;

	return pier__ip_parse(&ip, text, &why) > 0 &&
	       pier__ip_parse(&group, pier__span_of(endpoint->host), &why) >
		       0 &&
	       ip.family == group.family;
}

static int
check_of_group(const struct wish *wish, const struct pier__endpoint *endpoint,
	struct pier__why *why)
{
	struct pier__span text = { .text = wish->value, .end = wish->len };

	if (!endpoint->group || endpoint->kind != PIER__ENDPOINT_UDP)
		return pier__why_set(why, wish->name.begin,
			"%.*s is of a group of multicast: "
			"udp://239.1.2.3:5000?join=eth0",
			pier__span_quote(wish->name),
			pier__span_at(wish->name));
	if (pier__span_is(wish->name, "source")) {
		if (!is_source(text, endpoint))
			return pier__why_set(why, wish->value_at,
				"source is the address of a host, of the "
				"group's family");
		return 0;
	}
	if (wish->len == 0 || wish->len >= PIER__LINK_TEXT_MAX ||
		memchr(wish->value, '\0', wish->len) != NULL)
		return pier__why_set(why, wish->value_at,
			"join is the name or number of an interface, or * for "
			"every one");
	return 0;
}

static int
check(const struct pier__wishes *wishes, const struct pier__endpoint *endpoint,
	struct walk *walk, struct pier__why *why)
{
	struct pier__option_kind kinds[KINDS_MAX];
	size_t count = kinds_of(kinds, endpoint);
	struct wish wish;
	int rc;

	*walk = start(wishes);
	while ((rc = next_wish(walk, &wish, why)) > 0) {
		rc = is_of_group(&wish) ? check_of_group(&wish, endpoint, why)
					: check_wish(&wish, kinds, count, why);
		if (rc < 0)
			break;
	}
	return rc;
}

bool
pier__wish_fits(const char *wish, const struct pier__endpoint *endpoint)
{
	struct pier__option_kind kinds[KINDS_MAX];
	size_t count = kinds_of(kinds, endpoint);
	struct pier__span name = pier__span_of(wish);
	struct pier__option_name found;

	name.end = pier__span_find(name, '=');
	return count == 0 || fits_any(kinds, count, &found, name) ||
	       pier__option_resolve(&found, name, NULL) < 0;
}

int
pier__wishes_take_own(struct pier__endpoint *endpoint,
	int (*take)(struct pier__endpoint *endpoint,
		const struct pier__own *own, struct pier__why *why),
	struct pier__why *why)
{
	struct walk walk = start(&endpoint->wishes);
	struct pier__span one;
	struct wish wish;
	int rc = 0;

	while (rc == 0 && next_text(&walk, &one, true)) {
		rc = take_wish(&wish, one, true, why);
		if (rc < 0)
			break;
		if (wish.len == sizeof(wish.value) ||
			memchr(wish.value, '\0', wish.len) != NULL)
			return pier__why_set(why, wish.value_at,
				"this is no value of %.*s",
				pier__span_quote(wish.name),
				pier__span_at(wish.name));
		wish.value[wish.len] = '\0';
		rc = take(endpoint,
			&(struct pier__own){ .name = wish.name,
				.value = wish.value,
				.value_at = wish.value_at },
			why);
	}
	return rc;
}

int
pier__wishes_check(const struct pier__endpoint *endpoint, struct pier__why *why)
{
	struct pier__wishes wishes = endpoint->wishes;
	struct pier__span span = wishes.endpoint;
	struct walk walk;
	size_t last;

	if (span.begin == span.end)
		return pier__why_set(why, span.begin,
			"after '?' comes name=value; in a path '?' is written "
			"%%3F");
	last = span.end - 1;
	if (span.text[last] == '&')
		return pier__why_set(
			why, span.end, "after '&' comes name=value");
	wishes.list = NULL;
	return check(&wishes, endpoint, &walk, why);
}

int
pier__wishes_check_list(const char *const *list,
	const struct pier__endpoint *endpoint, const char **wrong,
	struct pier__why *why)
{
	const struct pier__wishes wishes = { .list = list,
		.group = endpoint->wishes.group };
	struct walk walk;
	int rc = check(&wishes, endpoint, &walk, why);

	if (rc < 0)
		*wrong = list[walk.index - 1];
	return rc;
}

/* ---- On a socket ------------------------------------------------------ */

static bool
is_due(const struct pier__option_name *name, enum pier__moment moment)
{
	bool late = (name->option->flags & PIER_OPTION_CONNECTED) != 0;

	return moment == PIER__MOMENT_ANY ||
	       late == (moment == PIER__MOMENT_CONNECTED);
}

/* "name=value: why", with the name as it was given. */
static int
explain(int rc, const struct wish *wish, struct pier__why *why)
{
	char text[PIER__WHY_MAX];

	(void)snprintf(text, sizeof(text), "%s", why->text);
	(void)pier__why_set(why, 0, "%.*s=%.*s%s%s",
		pier__span_quote(wish->name), pier__span_at(wish->name),
		(int)(wish->len < 40 ? wish->len : 40), wish->value,
		*text != '\0' ? ": " : "", text);
	return rc;
}

static int
set_wish(const struct wish *wish, int fd, const struct pier__option_kind *kind,
	enum pier__moment moment, struct pier__why *why)
{
	struct pier__span text = { .text = wish->value, .end = wish->len };
	struct pier_option_value value;
	struct pier__option_name name;
	int rc = pier__option_resolve(&name, wish->option, kind);

	why->text[0] = '\0';
	if (rc < 0)
		return explain(-EINVAL, wish, why);
	/* One of IPv4 or IPv6 alone, where the endpoint is both. */
	if (!pier__option_fits(&name, kind) || !is_due(&name, moment))
		return 0;
	rc = pier__option_read(&value, &name, text, why);
	if (rc == 0)
		rc = pier__option_put(fd, &value, why);
	return rc < 0 ? explain(rc, wish, why) : 0;
}

int
pier__wishes_set(const struct pier__wishes *wishes, int fd,
	const struct pier__option_kind *kind, enum pier__moment moment,
	struct pier__why *why)
{
	struct walk walk = start(wishes);
	struct wish wish;
	int rc;

	while ((rc = next_wish(&walk, &wish, why)) > 0) {
		if (is_of_group(&wish))
			continue;
		rc = set_wish(&wish, fd, kind, moment, why);
		if (rc < 0)
			break;
	}
	return rc;
}

int
pier__wishes_value(const struct pier__wishes *wishes, const char *name,
	size_t i, char *buf, size_t size)
{
	struct walk walk = start(wishes);
	struct pier__why why;
	struct wish wish;

	while (next_wish(&walk, &wish, &why) > 0) {
		if (!pier__span_is(wish.name, name) || i-- > 0)
			continue;
		/* What was checked fits. */
		if (wish.len >= size)
			wish.len = size - 1;
		memcpy(buf, wish.value, wish.len);
		buf[wish.len] = '\0';
		return (int)wish.len;
	}
	return -ENOENT;
}

static bool
is_late(const struct wish *wish)
{
	struct pier__option_name name;

	return pier__option_resolve(&name, wish->option, NULL) == 0 &&
	       is_due(&name, PIER__MOMENT_CONNECTED);
}

/* Counts those of a connection, with the bytes of their texts; writes them too
   when there is where. */
static size_t
gather(const struct pier__wishes *wishes, const char **list, char *texts,
	size_t *bytes)
{
	struct walk walk = start(wishes);
	struct pier__why why;
	struct wish wish;
	size_t count = 0;

	*bytes = 0;
	while (next_wish(&walk, &wish, &why) > 0) {
		size_t name_len = pier__span_len(wish.name);

		if (!is_late(&wish))
			continue;
		if (list != NULL) {
			char *text = texts + *bytes;

			memcpy(text, pier__span_at(wish.name), name_len);
			text[name_len] = '=';
			memcpy(text + name_len + 1, wish.value, wish.len);
			text[name_len + 1 + wish.len] = '\0';
			list[count] = text;
		}
		count++;
		*bytes += name_len + wish.len + 2;
	}
	return count;
}

int
pier__wishes_keep(
	struct pier__kept_wishes **out, const struct pier__wishes *wishes)
{
	struct pier__kept_wishes *kept;
	size_t bytes;
	size_t count = gather(wishes, NULL, NULL, &bytes);

	*out = NULL;
	if (count == 0)
		return 0;
	kept = pier__alloc(
		sizeof(*kept) + (count + 1) * sizeof(char *) + bytes);
	if (kept == NULL)
		return -ENOMEM;
	(void)gather(wishes, kept->list,
		(char *)kept + sizeof(*kept) + (count + 1) * sizeof(char *),
		&bytes);
	kept->wishes.list = kept->list;
	*out = kept;
	return 0;
}

int
pier__kept_wishes_set(const struct pier__kept_wishes *kept, int fd,
	const struct pier__option_kind *kind, struct pier__why *why)
{
	return pier__wishes_set(
		&kept->wishes, fd, kind, PIER__MOMENT_CONNECTED, why);
}
