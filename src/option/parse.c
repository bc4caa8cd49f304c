/* SPDX-License-Identifier: MIT */
/*
 * option/parse.c - text to values of options. What is wrong is told with
 * what would be right.
 */
#include "option/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "addr/addr.h"
#include "addr/ip.h"
#include "os/interface.h"
#include "task/failure.h"

/* One value while its text is read. */
struct reading {
	struct pier_option_value *value;
	const struct pier_option *option;
	struct pier__why *why;
};

static const struct {
	const char *word;
	int64_t number;
} switches[] = {
	{ "on", 1 },
	{ "off", 0 },
	{ "yes", 1 },
	{ "no", 0 },
	{ "true", 1 },
	{ "false", 0 },
};

static bool
find_switch(int64_t *out, struct pier__span text)
{
	size_t i;

	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (!pier__span_is(text, switches[i].word))
			continue;
		*out = switches[i].number;
		return true;
	}
	return false;
}

static bool
find_word(int64_t *out, const char *words, struct pier__span text)
{
	struct pier__span rest = pier__span_of(words == NULL ? "" : words);
	struct pier__span word;

	while (pier__option_next_word(&rest, &word, out))
		if (pier__span_len(word) == pier__span_len(text) &&
			memcmp(pier__span_at(word), pier__span_at(text),
				pier__span_len(text)) == 0)
			return true;
	return false;
}

/* Does it fit the bytes it goes into? A mask may have its highest bit, and -1
   stands for all bits. */
static bool
fits_bytes(int64_t number, const struct pier__spot *spot)
{
	int64_t least, most;

	if (spot->size >= 8)
		return true;
	most = (INT64_C(1) << (spot->size * 8)) - 1;
	least = -(INT64_C(1) << (spot->size * 8 - 1));
	if (spot->kind == PIER__SPOT_SIGNED)
		most >>= 1;
	if (spot->kind == PIER__SPOT_UNSIGNED)
		least = 0;
	return number >= least && number <= most;
}

/* The number, in the unit of the option. */
static int
check_number(struct reading *it, int64_t *number, const struct pier__spot *spot,
	struct pier__span text)
{
	const struct pier_option *option = it->option;
	bool plain = pier__layout_is_plain(option->layout);

	if (spot->scale > 1 && *number % spot->scale != 0)
		return pier__why_set(it->why, text.begin,
			"it is counted in whole %s", spot->unit);
	if (spot->scale > 1)
		*number /= spot->scale;
	if (plain && (option->min != 0 || option->max != 0) &&
		(*number < option->min || *number > option->max))
		return pier__why_set(it->why, text.begin,
			"it is out of range %lld to %lld",
			(long long)option->min, (long long)option->max);
	if (!fits_bytes(*number, spot))
		return pier__why_set(it->why, text.begin,
			"it does not fit %zu bytes", spot->size);
	return 0;
}

/* Words added up, or one of them, or a number. */
static int
read_words(struct reading *it, int64_t *out, struct pier__span text,
	const struct pier__spot *spot)
{
	bool bits = (it->option->flags & PIER_OPTION_BITS) != 0;
	struct pier__span rest = text;
	int64_t sum = 0;
	bool more;
	int rc = 0;

	do {
		size_t bar = bits ? pier__span_find(rest, '|') : rest.end;
		struct pier__span one = pier__span_cut(rest, rest.begin, bar);
		int64_t number = 0;

		if (!find_word(&number, it->option->words, one))
			rc = pier__option_read_number(
				&number, one, spot, it->why);
		sum |= number;
		more = bar < rest.end;
		rest.begin = bar + 1;
	} while (rc == 0 && more);
	*out = sum;
	return rc;
}

static int
read_number(struct reading *it, struct pier__span text,
	const struct pier__spot *spot)
{
	bool plain = pier__layout_is_plain(it->option->layout);
	int64_t number = 0;
	int rc = 0;

	if (spot->kind == PIER__SPOT_SWITCH && find_switch(&number, text)) {
		/* Found. */
	} else if (plain && it->option->words != NULL) {
		rc = read_words(it, &number, text, spot);
	} else {
		rc = pier__option_read_number(&number, text, spot, it->why);
	}
	if (rc == 0 && spot->kind == PIER__SPOT_SWITCH &&
		(number < 0 || number > 1))
		rc = pier__why_set(it->why, text.begin, "it is a switch");
	if (rc == 0)
		rc = check_number(it, &number, spot, text);
	if (rc == 0)
		pier__option_store(
			it->value->u.bytes + spot->offset, spot->size, number);
	return rc;
}

static int
read_interface(struct reading *it, struct pier__span text, uint32_t *index)
{
	char name[PIER__INTERFACE_NAME_MAX];
	int64_t number = pier__span_number(text, INT_MAX);
	size_t len = pier__span_len(text);
	int rc;

	if (number >= 0 && number <= INT_MAX) {
		*index = (uint32_t)number;
		return 0;
	}
	if (len == 0 || len >= sizeof(name))
		return pier__why_set(it->why, text.begin,
			"it is no name and no number of an interface");
	memcpy(name, pier__span_at(text), len);
	name[len] = '\0';
	rc = pier__interface_index(name);
	if (rc > 0) {
		*index = (uint32_t)rc;
		return 0;
	}
	(void)pier__why_set(it->why, text.begin,
		"this machine has no interface \"%s\"", name);
	return -ENODEV;
}

static int
read_ip(struct reading *it, struct pier__span text, int family,
	unsigned char *at)
{
	struct pier__ip ip;
	int rc = pier__ip_parse(&ip, text, it->why);

	if (rc < 0)
		return rc;
	if (rc == 0 || ip.family != family || ip.zone[0] != '\0')
		return pier__why_set(it->why, text.begin,
			"it is no IPv%d address", family == AF_INET ? 4 : 6);
	memcpy(at, ip.bytes, family == AF_INET ? 4 : 16);
	return 0;
}

static int
read_address(struct reading *it, struct pier__span text,
	const struct pier__spot *spot)
{
	char copy[PIER_ADDR_TEXT_MAX];
	struct pier_addr addr;
	size_t len = pier__span_len(text);
	int rc;

	if (pier__span_is(text, "none"))
		return 0;
	if (len >= sizeof(copy))
		return pier__why_set(it->why, text.begin, "it is no address");
	memcpy(copy, pier__span_at(text), len);
	copy[len] = '\0';
	rc = pier__addr_parse(&addr, copy, it->why);
	if (rc < 0)
		return rc;
	if (addr.len > spot->size)
		return pier__why_set(
			it->why, text.begin, "it is of another family");
	memcpy(it->value->u.bytes + spot->offset, &addr.u, addr.len);
	return 0;
}

/* An address of IPv4, or an interface: a struct ip_mreqn either way. */
static int
read_multicast_if(struct reading *it, struct pier__span text)
{
	uint32_t index = 0;
	int rc = read_ip(it, text, AF_INET, it->value->u.bytes + 4);

	if (rc == 0)
		return 0;
	rc = read_interface(it, text, &index);
	if (rc == 0)
		memcpy(it->value->u.bytes + 8, &index, sizeof(index));
	return rc;
}

static int
read_timeval(struct reading *it, struct pier__span text)
{
	static const struct pier__spot second = { .unit = "s",
		.scale = 1000000000 };
	int64_t ns;
	int rc = pier__option_read_number(&ns, text, &second, it->why);

	if (rc < 0)
		return rc;
	if (ns < 0 || ns % 1000 != 0)
		return pier__why_set(it->why, text.begin,
			"it is counted in whole microseconds");
	pier__option_store(it->value->u.bytes, 8, ns / 1000000000);
	pier__option_store(it->value->u.bytes + 8, 8, ns % 1000000000 / 1000);
	return 0;
}

static int
read_linger(struct reading *it, struct pier__span text)
{
	static const struct pier__spot second = {
		.unit = "s", .scale = 1000000000, .size = 4
	};
	int64_t ns = 0;
	int rc;

	if (pier__span_is(text, "off"))
		return 0;
	rc = pier__option_read_number(&ns, text, &second, it->why);
	if (rc < 0)
		return rc;
	if (ns < 0 || ns % 1000000000 != 0 || ns / 1000000000 > INT_MAX)
		return pier__why_set(
			it->why, text.begin, "it is counted in whole seconds");
	pier__option_store(it->value->u.bytes, 4, 1);
	pier__option_store(it->value->u.bytes + 4, 4, ns / 1000000000);
	return 0;
}

/* Text and bytes that are as long as what is given have that length. */
static int
read_rest(struct reading *it, const struct pier__spot *spot, size_t len,
	struct pier__span text)
{
	size_t most = spot->size > 0 ? spot->size
				     : PIER_OPTION_BYTES_MAX - spot->offset;

	if (len > most)
		return pier__why_set(
			it->why, text.begin, "it has at most %zu bytes", most);
	if (spot->size == 0)
		it->value->len = spot->offset + len;
	return 0;
}

static int
read_text(struct reading *it, struct pier__span text,
	const struct pier__spot *spot)
{
	size_t len = pier__span_len(text);
	int rc = read_rest(it, spot, len, text);

	/* The kernel ends a name itself, but not one that fills its room. */
	if (rc == 0 && spot->size > 0 && len == spot->size)
		rc = pier__why_set(it->why, text.begin,
			"it has at most %zu bytes", spot->size - 1);
	if (rc < 0)
		return rc;
	memcpy(it->value->u.bytes + spot->offset, pier__span_at(text), len);
	if (spot->size > 0 && pier__layout_is_plain(it->option->layout))
		it->value->len = len + 1;
	return 0;
}

static int
read_bytes(struct reading *it, struct pier__span text,
	const struct pier__spot *spot)
{
	size_t len = pier__span_len(text) / 2;
	int rc = read_rest(it, spot, len, text);
	size_t i;

	if (rc < 0)
		return rc;
	if (pier__span_len(text) % 2 != 0)
		return pier__why_set(it->why, text.begin,
			"bytes are pairs of hexadecimal digits");
	for (i = 0; i < len; i++) {
		const char *pair = pier__span_at(text) + 2 * i;
		int high = pier__hex_value(pair[0]);
		int low = pier__hex_value(pair[1]);

		if (high < 0 || low < 0)
			return pier__why_set(it->why, text.begin + 2 * i,
				"bytes are pairs of hexadecimal digits");
		it->value->u.bytes[spot->offset + i] =
			(unsigned char)(high << 4 | low);
	}
	return 0;
}

static int
read_field(struct reading *it, struct pier__span text,
	const struct pier__spot *spot)
{
	unsigned char *at = it->value->u.bytes + spot->offset;
	uint32_t index = 0;
	int rc;

	switch (spot->kind) {
	case PIER__SPOT_IP4:
		return read_ip(it, text, AF_INET, at);
	case PIER__SPOT_IP6:
		return read_ip(it, text, AF_INET6, at);
	case PIER__SPOT_SOCKADDR:
		return read_address(it, text, spot);
	case PIER__SPOT_INTERFACE:
	case PIER__SPOT_INTERFACE_NET:
		rc = read_interface(it, text, &index);
		if (spot->kind == PIER__SPOT_INTERFACE_NET)
			index = htonl(index);
		memcpy(at, &index, sizeof(index));
		return rc;
	case PIER__SPOT_MULTICAST_IF:
		return read_multicast_if(it, text);
	case PIER__SPOT_TIMEVAL:
		return read_timeval(it, text);
	case PIER__SPOT_LINGER:
		return read_linger(it, text);
	case PIER__SPOT_TEXT:
		return read_text(it, text, spot);
	case PIER__SPOT_BYTES:
		return read_bytes(it, text, spot);
	default:
		return read_number(it, text, spot);
	}
}

/* Moves on to the field of that name, or to the next one for none. */
static int
find_field(struct reading *it, struct pier__layout *layout,
	struct pier__spot *spot, struct pier__span name)
{
	size_t last = PIER_OPTION_BYTES_MAX;

	while (pier__layout_next(layout, spot)) {
		if (spot->offset + spot->size > last)
			return pier__why_set(
				it->why, name.begin, "it has too many fields");
		if (pier__span_len(name) == 0 ||
			(pier__span_len(name) == pier__span_len(spot->name) &&
				memcmp(pier__span_at(name),
					pier__span_at(spot->name),
					pier__span_len(name)) == 0))
			return 0;
		/* A part that is repeated has had its turn once. */
		if (spot->repeated && last == PIER_OPTION_BYTES_MAX)
			last = spot->offset + 64;
	}
	return pier__why_set(it->why, name.begin,
		pier__span_len(name) == 0
			? "it has too many fields"
			: "no such field comes here: \"%.*s\"",
		pier__span_quote(name), pier__span_at(name));
}

static int
read_fields(struct reading *it, struct pier__span text)
{
	struct pier__span rest = text;
	struct pier__layout layout;
	struct pier__spot spot;
	int rc = 0;

	pier__layout_start(&layout, it->option->layout);
	while (rc == 0 && rest.begin < rest.end) {
		size_t comma = pier__span_find(rest, ',');
		struct pier__span one = pier__span_cut(rest, rest.begin, comma);
		size_t equals = pier__span_find(one, '=');
		struct pier__span name = pier__span_cut(
			one, one.begin, equals < one.end ? equals : one.begin);

		if (equals < one.end)
			one.begin = equals + 1;
		rc = find_field(it, &layout, &spot, name);
		if (rc == 0)
			rc = read_field(it, one, &spot);
		if (rc == 0 && spot.offset + spot.size > it->value->len)
			it->value->len = spot.offset + spot.size;
		rest.begin = comma < rest.end ? comma + 1 : comma;
	}
	/* A structure that is repeated is whole, with its gaps. */
	it->value->len = pier__layout_whole(it->option->layout, it->value->len);
	return rc;
}

/* A number that the table does not have: it is not known what it takes. */
static int
read_unknown(struct reading *it, struct pier__span text)
{
	static const struct pier__spot number = {
		.kind = PIER__SPOT_HEX, .size = 4, .unit = ""
	};
	static const struct pier__spot rest = { .unit = "" };
	struct pier__why ignored;
	int64_t plain;

	if (pier__option_read_number(&plain, text, &number, &ignored) == 0 &&
		fits_bytes(plain, &number)) {
		pier__option_store(it->value->u.bytes, 4, plain);
		it->value->len = 4;
		return 0;
	}
	if (pier__span_starts(text, "x")) {
		text.begin++;
		return read_bytes(it, text, &rest);
	}
	return read_text(it, text, &rest);
}

static int
read_known(struct reading *it, struct pier__span text)
{
	const struct pier_option *option = it->option;
	struct pier__layout layout;
	struct pier__spot spot;

	it->value->len = pier__layout_size(option->layout);
	/* Some take an int that means nothing, others refuse any byte. */
	if ((option->flags & PIER_OPTION_NO_VALUE) != 0 && it->value->len == 0)
		return 0;
	if (!pier__layout_is_plain(option->layout))
		return read_fields(it, text);
	pier__layout_start(&layout, option->layout);
	(void)pier__layout_next(&layout, &spot);
	return read_field(it, text, &spot);
}

int
pier__option_read(struct pier_option_value *out,
	const struct pier__option_name *name, struct pier__span text,
	struct pier__why *why)
{
	const struct pier_option *option = name->option;
	struct reading it = { .value = out, .option = option, .why = why };
	struct pier__why inner = { .offset = 0 };
	char expected[PIER__WHY_MAX];
	int rc;

	*out = (struct pier_option_value){
		.option = option, .level = name->level, .number = name->number
	};
	if ((option->flags & PIER_OPTION_SET) == 0)
		return pier__why_set(
			why, text.begin, "%s can only be read", option->name);
	if ((option->flags & PIER_OPTION_POINTERS) != 0)
		return pier__why_set(why, text.begin,
			"%s takes a structure with pointers, which no text "
			"can stand for",
			option->name);
	it.why = &inner;
	rc = *option->name == '\0' ? read_unknown(&it, text)
				   : read_known(&it, text);
	if (rc == 0) {
		pier__option_note_integer(out);
		return 0;
	}
	(void)pier__why_set(why, inner.offset,
		"\"%.*s\" is no value of %s: %s; expected %s",
		pier__span_quote(text), pier__span_at(text),
		*option->name == '\0' ? "it" : option->name, inner.text,
		pier__option_expected(expected, sizeof(expected), option));
	return rc;
}

int
pier_option_parse(
	struct pier_option_value *out, const char *name, const char *text)
{
	struct pier__option_name found;
	struct pier__why why = { .offset = 0 };
	int rc = pier__option_resolve(&found, pier__span_of(name), NULL);

	if (rc < 0) {
		pier__option_explain_name(
			why.text, sizeof(why.text), pier__span_of(name));
		return pier__fail_parse(-EINVAL, name, &why);
	}
	rc = pier__option_read(out, &found, pier__span_of(text), &why);
	if (rc < 0)
		return pier__fail_parse(rc, text, &why);
	return 0;
}
