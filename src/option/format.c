/* SPDX-License-Identifier: MIT */
/*
 * option/format.c - values of options as text, field by field.
 */
#include "option/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "addr/ip.h"
#include "os/interface.h"

/* Where the text of a field goes. */
struct place {
	char *text;
	size_t size;
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
put(struct place *place, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(place->text + place->len, place->size - place->len,
		format, args);
	va_end(args);
	if (len > 0)
		place->len += (size_t)len < place->size - place->len
				      ? (size_t)len
				      : place->size - place->len - 1;
}

/* The words of the bits that are set; what has none as a number. */
static void
put_bits(struct place *place, const char *words, uint64_t number)
{
	struct pier__span rest = pier__span_of(words);
	struct pier__span word;
	const char *gap = "";
	int64_t bit;

	while (pier__option_next_word(&rest, &word, &bit)) {
		if (bit == 0 || (number & (uint64_t)bit) != (uint64_t)bit)
			continue;
		put(place, "%s%.*s", gap, (int)pier__span_len(word),
			pier__span_at(word));
		number &= ~(uint64_t)bit;
		gap = "|";
	}
	if (number != 0 || *gap == '\0')
		put(place, number == 0 ? "%s%llu" : "%s0x%llx", gap,
			(unsigned long long)number);
}

/* True: there was a word for it. */
static bool
put_word(struct place *place, const struct pier_option *option, int64_t number)
{
	struct pier__span rest, word;
	int64_t value;

	if (option->words == NULL)
		return false;
	if ((option->flags & PIER_OPTION_BITS) != 0) {
		put_bits(place, option->words, (uint64_t)number);
		return true;
	}
	rest = pier__span_of(option->words);
	while (pier__option_next_word(&rest, &word, &value)) {
		if (value != number)
			continue;
		put(place, "%.*s", (int)pier__span_len(word),
			pier__span_at(word));
		return true;
	}
	return false;
}

static void
put_hex(struct place *place, const unsigned char *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		put(place, "%02x", bytes[i]);
}

static void
put_text(struct place *place, const unsigned char *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size && bytes[i] != '\0'; i++)
		put(place, "%c",
			bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '?');
}

static void
put_ip(struct place *place, int family, const unsigned char *bytes)
{
	char text[PIER__IP6_TEXT_MAX];

	if (family == AF_INET)
		(void)pier__ip4_text(text, bytes);
	else
		(void)pier__ip6_text(text, bytes);
	put(place, "%s", text);
}

static void
put_interface(struct place *place, uint32_t index)
{
	char name[PIER__INTERFACE_NAME_MAX];

	if (index != 0 && pier__interface_name(name, index) == 0)
		put(place, "%s", name);
	else
		put(place, "%u", index);
}

/* In the largest unit that loses nothing. */
static void
put_duration(struct place *place, int64_t ns)
{
	if (ns % 1000000000 == 0)
		put(place, "%llds", (long long)(ns / 1000000000));
	else if (ns % 1000000 == 0)
		put(place, "%lldms", (long long)(ns / 1000000));
	else
		put(place, "%lldus", (long long)(ns / 1000));
}

static void
put_address(struct pier_option_field *out, struct place *place,
	const unsigned char *bytes, size_t size)
{
	struct sockaddr_storage storage = { 0 };
	char text[PIER_ADDR_TEXT_MAX];
	socklen_t len;

	memcpy(&storage, bytes,
		size < sizeof(storage) ? size : sizeof(storage));
	len = storage.ss_family == AF_INET    ? sizeof(struct sockaddr_in)
	      : storage.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : (socklen_t)size;
	if (storage.ss_family == AF_UNSPEC ||
		pier_addr_from_sockaddr(&out->addr,
			(const struct sockaddr *)&storage, len) < 0 ||
		pier_addr_format(&out->addr, text, sizeof(text)) < 0)
		put(place, "none");
	else
		put(place, "%s", text);
}

/* Numbers: true when spot is one. */
static bool
put_number(struct pier_option_field *out, struct place *place,
	const struct pier_option_value *value, const struct pier__spot *spot)
{
	bool plain = pier__layout_is_plain(value->option->layout);
	int64_t number = pier__option_load(value->u.bytes + spot->offset,
		spot->size, spot->kind == PIER__SPOT_SIGNED);

	if (spot->kind > PIER__SPOT_SWITCH)
		return false;
	out->is_number = true;
	out->integer = number;
	if (spot->kind == PIER__SPOT_SWITCH) {
		out->is_switch = true;
		out->integer = number != 0;
	}
	if (spot->scale > 0 &&
		__builtin_mul_overflow(number, spot->scale, &out->integer))
		out->integer = INT64_MAX;
	(void)snprintf(out->unit, sizeof(out->unit), "%s",
		spot->scale > 0                  ? "ns"
		: strcmp(spot->unit, "Bps") == 0 ? "B/s"
						 : spot->unit);
	if (plain && put_word(place, value->option, number))
		return true;
	if (spot->kind == PIER__SPOT_HEX)
		put(place, "0x%llx", (unsigned long long)number);
	else if (spot->kind == PIER__SPOT_UNSIGNED)
		put(place, "%llu%s", (unsigned long long)number,
			spot->scale > 0 ? spot->unit : "");
	else
		put(place, "%lld%s",
			(long long)out->integer /
				(spot->scale > 0 ? spot->scale : 1),
			spot->scale > 0 ? spot->unit : "");
	return true;
}

static void
put_timeval(struct pier_option_field *out, struct place *place,
	const unsigned char *at)
{
	int64_t sec = pier__option_load(at, 8, true);
	int64_t us = pier__option_load(at + 8, 8, true);

	if (__builtin_mul_overflow(sec, INT64_C(1000000000), &out->integer) ||
		__builtin_add_overflow(
			out->integer, us % 1000000 * 1000, &out->integer))
		out->integer = INT64_MAX;
	out->is_number = true;
	(void)snprintf(out->unit, sizeof(out->unit), "ns");
	put_duration(place, out->integer);
}

static void
put_linger(struct pier_option_field *out, struct place *place,
	const unsigned char *at)
{
	bool on = pier__option_load(at, 4, true) != 0;

	if (!on) {
		put(place, "off");
		return;
	}
	out->is_number = true;
	out->integer = pier__option_load(at + 4, 4, true) * INT64_C(1000000000);
	(void)snprintf(out->unit, sizeof(out->unit), "ns");
	put_duration(place, out->integer);
}

static void
put_field(struct pier_option_field *out, struct place *place,
	const struct pier_option_value *value, const struct pier__spot *spot)
{
	const unsigned char *at = value->u.bytes + spot->offset;
	uint32_t index = 0;

	if (put_number(out, place, value, spot))
		return;
	switch (spot->kind) {
	case PIER__SPOT_IP4:
		put_ip(place, AF_INET, at);
		break;
	case PIER__SPOT_IP6:
		put_ip(place, AF_INET6, at);
		break;
	case PIER__SPOT_SOCKADDR:
		put_address(out, place, at, spot->size);
		break;
	case PIER__SPOT_INTERFACE:
	case PIER__SPOT_INTERFACE_NET:
		memcpy(&index, at, sizeof(index));
		put_interface(place, spot->kind == PIER__SPOT_INTERFACE
					     ? index
					     : ntohl(index));
		break;
	case PIER__SPOT_MULTICAST_IF:
		/* Without an interface it is the address that says which. */
		if (spot->size == 12)
			memcpy(&index, at + 8, sizeof(index));
		if (index == 0)
			put_ip(place, AF_INET, spot->size == 12 ? at + 4 : at);
		else
			put_interface(place, index);
		break;
	case PIER__SPOT_TIMEVAL:
		put_timeval(out, place, at);
		break;
	case PIER__SPOT_LINGER:
		put_linger(out, place, at);
		break;
	case PIER__SPOT_TEXT:
		put_text(place, at, spot->size);
		break;
	default:
		put_hex(place, at, spot->size);
		break;
	}
}

/* How much of the spot there is: the kernel may give less than a structure. */
static bool
fit(struct pier__spot *spot, const struct pier_option_value *value)
{
	size_t left = value->len > spot->offset ? value->len - spot->offset : 0;
	bool plain = pier__layout_is_plain(value->option->layout);

	if (spot->kind == PIER__SPOT_TEXT || spot->kind == PIER__SPOT_BYTES) {
		if (spot->size == 0 || spot->size > left)
			spot->size = left;
		return spot->size > 0 || plain;
	}
	if (left >= spot->size)
		return true;
	/* One number that is narrower than expected is that number still. */
	if (plain && (left == 1 || left == 2 || left == 4) &&
		(spot->kind <= PIER__SPOT_SWITCH ||
			spot->kind == PIER__SPOT_MULTICAST_IF)) {
		spot->size = left;
		return spot->kind != PIER__SPOT_MULTICAST_IF || left == 4;
	}
	return false;
}

int
pier_option_field(const struct pier_option_value *value, size_t index,
	struct pier_option_field *out)
{
	struct place place = { .text = out->text, .size = sizeof(out->text) };
	struct pier__layout it;
	struct pier__spot spot;
	size_t i;

	pier__layout_start(&it, value->option->layout);
	for (i = 0; i <= index; i++)
		if (!pier__layout_next(&it, &spot) ||
			spot.offset > value->len || !fit(&spot, value))
			return 0;
	memset(out, 0, offsetof(struct pier_option_field, text));
	out->text[0] = '\0';
	out->name = pier__span_at(spot.name);
	out->name_len = pier__span_len(spot.name);
	put_field(out, &place, value, &spot);
	return 1;
}

void
pier__option_note_integer(struct pier_option_value *value)
{
	struct pier_option_field field;

	value->integer = 0;
	if (pier_option_field(value, 0, &field) > 0)
		value->integer = field.integer;
}

int
pier_option_format(
	const struct pier_option_value *value, char *buf, size_t size)
{
	struct pier_option_field field;
	size_t used = 0;
	size_t i;

	if (size > 0)
		buf[0] = '\0';
	for (i = 0; pier_option_field(value, i, &field) > 0; i++) {
		int len = snprintf(buf + (used < size ? used : size),
			used < size ? size - used : 0, "%s%.*s%s%s",
			i > 0 ? "," : "", (int)field.name_len, field.name,
			field.name_len > 0 ? "=" : "", field.text);

		used += (size_t)len;
	}
	return used < size ? (int)used : -ENOSPC;
}
