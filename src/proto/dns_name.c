/* SPDX-License-Identifier: MIT */
/* proto/dns_name.c - see dns_name.h. */
#include "proto/dns_name.h"

#include <pier/order.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A pointer in place of a label, and the 14 bits that say where to. */
#define POINTER      0xc0
#define POINTER_MASK 0x3fff

static unsigned char
lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

/* A label at the end of the name, which has no root yet. */
static int
append(struct pier__name *name, const void *label, size_t len)
{
	if (len == 0 || len > PIER__LABEL_MAX ||
		name->len + len + 2 > PIER__NAME_MAX)
		return -EINVAL;
	name->bytes[name->len] = (unsigned char)len;
	memcpy(name->bytes + name->len + 1, label, len);
	name->len = (unsigned char)(name->len + len + 1);
	return 0;
}

static void
end(struct pier__name *name)
{
	name->bytes[name->len++] = 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The byte behind a backslash, and *text goes behind it; or -EINVAL. */
static int
escaped(const char **text)
{
	const char *at = *text;
	int value;

	if (*at == '\0')
		return -EINVAL;
	if (!is_digit(at[0]) || !is_digit(at[1]) || !is_digit(at[2])) {
		*text = at + 1;
		return (unsigned char)*at;
	}
	value = (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0');
	*text = at + 3;
	return value > 255 ? -EINVAL : value;
}

int
pier__name_parse(struct pier__name *out, const char *text)
{
	struct pier__name name = { .len = 0 };
	unsigned char label[PIER__LABEL_MAX];
	size_t len = 0;
	int c;

	/* The root alone is no name that anything has. */
	if (*text == '\0' || strcmp(text, ".") == 0)
		return -EINVAL;
	while (*text != '\0') {
		c = (unsigned char)*text++;
		if (c == '.') {
			if (append(&name, label, len) < 0)
				return -EINVAL;
			len = 0;
			continue;
		}
		if (c == '\\')
			c = escaped(&text);
		if (c < 0 || len == sizeof(label))
			return -EINVAL;
		label[len++] = (unsigned char)c;
	}
	if (len > 0 && append(&name, label, len) < 0)
		return -EINVAL;
	end(&name);
	*out = name;
	return 0;
}

int
pier__name_prepend(struct pier__name *name, const void *label, size_t len)
{
	if (len == 0 || len > PIER__LABEL_MAX ||
		name->len + len + 1 > PIER__NAME_MAX)
		return -EINVAL;
	memmove(name->bytes + len + 1, name->bytes, name->len);
	name->bytes[0] = (unsigned char)len;
	memcpy(name->bytes + 1, label, len);
	name->len = (unsigned char)(name->len + len + 1);
	return 0;
}

int
pier__name_read(struct pier__name *out, const unsigned char *bytes, size_t len,
	size_t *at)
{
	size_t from = *at, limit = *at, behind = 0;
	struct pier__name name = { .len = 0 };

	for (;;) {
		unsigned char head;

		if (from >= len)
			return -EBADMSG;
		head = bytes[from];
		if ((head & POINTER) == POINTER) {
			if (from + 1 >= len)
				return -EBADMSG;
			if (behind == 0)
				behind = from + 2;
			from = pier_be16_get(bytes + from) & POINTER_MASK;
			if (from >= limit)
				return -EBADMSG;
			limit = from;
			continue;
		}
		if (head == 0)
			break;
		if (from + 1 + head > len ||
			append(&name, bytes + from + 1, head) < 0)
			return -EBADMSG;
		from += 1U + head;
	}
	end(&name);
	*out = name;
	*at = behind != 0 ? behind : from + 1;
	return 0;
}

static size_t
put_label(char *text, size_t used, const unsigned char *label, size_t len)
{
	size_t i;

	if (used > 0)
		text[used++] = '.';
	for (i = 0; i < len; i++) {
		unsigned char c = label[i];

		if (c > ' ' && c <= '~' && c != '.' && c != '\\')
			text[used++] = (char)c;
		else
			used += (size_t)sprintf(text + used, "\\%03u", c);
	}
	return used;
}

size_t
pier__name_text(char text[PIER__DNS_NAME_TEXT], const struct pier__name *name)
{
	size_t used = 0, at;

	for (at = 0; at < name->len && name->bytes[at] != 0;
		at += 1U + name->bytes[at])
		used = put_label(
			text, used, name->bytes + at + 1, name->bytes[at]);
	text[used] = '\0';
	return used;
}

struct pier__name
pier__name_rest(const struct pier__name *name)
{
	struct pier__name rest = { .len = 0 };
	size_t label = name->bytes[0];

	if (label == 0) {
		end(&rest);
		return rest;
	}
	rest.len = (unsigned char)(name->len - label - 1);
	memcpy(rest.bytes, name->bytes + label + 1, rest.len);
	return rest;
}

/* Lengths of labels are below every letter, so that nothing of them changes. */
static bool
equal_bytes(const unsigned char *a, const unsigned char *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool
pier__name_equal(const struct pier__name *a, const struct pier__name *b)
{
	return a->len == b->len && equal_bytes(a->bytes, b->bytes, a->len);
}

/* FNV-1a: names that collide are compared. */
uint32_t
pier__name_hash(const struct pier__name *name)
{
	uint32_t hash = UINT32_C(2166136261);
	size_t i;

	for (i = 0; i < name->len; i++)
		hash = (hash ^ lower(name->bytes[i])) * UINT32_C(16777619);
	return hash;
}
