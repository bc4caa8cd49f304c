/* SPDX-License-Identifier: MIT */
/*
 * option/layout.c - see layout.h. Layouts are constants of the table;
 * a test reads all of them, so none is judged here.
 */
#include "option/layout.h"

#include <string.h>

static const struct {
	const char *word;
	enum pier__spot_kind kind;
	size_t size; /* 0: a number follows, or none, which is what is left */
} kinds[] = {
	/* Longer words before their beginnings. */
	{ "ifn", PIER__SPOT_INTERFACE_NET, 0 },
	{ "if", PIER__SPOT_INTERFACE, 0 },
	{ "ip4", PIER__SPOT_IP4, 4 },
	{ "ip6", PIER__SPOT_IP6, 16 },
	{ "sa", PIER__SPOT_SOCKADDR, 0 },
	{ "tv", PIER__SPOT_TIMEVAL, 16 },
	{ "lg", PIER__SPOT_LINGER, 8 },
	{ "mi", PIER__SPOT_MULTICAST_IF, 12 },
	{ "i", PIER__SPOT_SIGNED, 0 },
	{ "u", PIER__SPOT_UNSIGNED, 0 },
	{ "x", PIER__SPOT_HEX, 0 },
	{ "b", PIER__SPOT_SWITCH, 0 },
	{ "t", PIER__SPOT_TEXT, 0 },
	{ "h", PIER__SPOT_BYTES, 0 },
};

static const struct {
	const char *unit;
	int64_t scale;
} units[] = {
	{ "s", 1000000000 },
	{ "ms", 1000000 },
	{ "us", 1000 },
	{ "ns", 1 },
	{ "B", 0 },
	{ "Bps", 0 },
};

void
pier__layout_start(struct pier__layout *it, const char *layout)
{
	*it = (struct pier__layout){ .rest = pier__span_of(layout) };
}

/* Takes what belongs to one field, without its comma. */
static struct pier__span
take_field(struct pier__layout *it)
{
	size_t comma = pier__span_find(it->rest, ',');
	struct pier__span field =
		pier__span_cut(it->rest, it->rest.begin, comma);

	it->rest.begin = comma < it->rest.end ? comma + 1 : comma;
	return field;
}

static size_t
take_number(struct pier__span *span)
{
	size_t number = 0;

	while (span->begin < span->end && span->text[span->begin] >= '0' &&
		span->text[span->begin] <= '9')
		number =
			number * 10 + (size_t)(span->text[span->begin++] - '0');
	return number;
}

static void
read_unit(struct pier__spot *out, struct pier__span unit)
{
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (pier__span_len(unit) != strlen(units[i].unit) ||
			!pier__span_starts(unit, units[i].unit))
			continue;
		out->unit = units[i].unit;
		out->scale = units[i].scale;
	}
}

static void
read_field(struct pier__spot *out, struct pier__span field)
{
	size_t space = pier__span_find(field, ' ');
	struct pier__span kind = pier__span_cut(field, field.begin, space);
	size_t i;

	if (space < field.end)
		out->name = pier__span_cut(field, space + 1, field.end);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (pier__span_starts(kind, kinds[i].word))
			break;
	if (i == sizeof(kinds) / sizeof(kinds[0]))
		return;
	out->kind = kinds[i].kind;
	out->size = kinds[i].size;
	kind.begin += strlen(kinds[i].word);
	if (out->size == 0)
		out->size = take_number(&kind);
	if (kind.begin < kind.end && kind.text[kind.begin] == '/')
		read_unit(out, pier__span_cut(kind, kind.begin + 1, kind.end));
}

bool
pier__layout_next(struct pier__layout *it, struct pier__spot *out)
{
	for (;;) {
		struct pier__span field;

		if (it->rest.begin == it->rest.end) {
			if (!it->repeats)
				return false;
			it->rest.begin = it->again;
		}
		field = take_field(it);
		if (pier__span_starts(field, "*")) {
			field.begin++;
			it->repeats = true;
			it->again = field.begin;
		}
		if (pier__span_starts(field, "-")) {
			field.begin++;
			it->offset += take_number(&field);
			continue;
		}
		*out = (struct pier__spot){ .offset = it->offset,
			.unit = "",
			.repeated = it->repeats,
			.name = pier__span_cut(field, field.end, field.end) };
		read_field(out, field);
		it->offset += out->size;
		return true;
	}
}

size_t
pier__layout_size(const char *layout)
{
	struct pier__layout it;
	struct pier__spot spot;

	pier__layout_start(&it, layout);
	while (pier__layout_next(&it, &spot)) {
		if (spot.size == 0 || spot.repeated)
			return spot.offset;
	}
	return it.offset;
}

bool
pier__layout_is_open(const char *layout)
{
	struct pier__layout it;
	struct pier__spot spot;

	pier__layout_start(&it, layout);
	while (pier__layout_next(&it, &spot))
		if (spot.size == 0 || spot.repeated)
			return true;
	return false;
}

size_t
pier__layout_whole(const char *layout, size_t len)
{
	struct pier__layout it;
	struct pier__spot spot;
	size_t start, size, before;

	pier__layout_start(&it, layout);
	do {
		if (!pier__layout_next(&it, &spot))
			return len;
	} while (!spot.repeated);
	start = spot.offset;
	/* The same field again lies one part further on. */
	do {
		before = it.rest.begin;
		(void)pier__layout_next(&it, &spot);
	} while (it.rest.begin > before);
	size = spot.offset - start;
	if (size == 0)
		return len;
	return len <= start ? len
			    : start + (len - start + size - 1) / size * size;
}

bool
pier__layout_is_plain(const char *layout)
{
	return strchr(layout, ',') == NULL && strchr(layout, ' ') == NULL &&
	       *layout != '*';
}
