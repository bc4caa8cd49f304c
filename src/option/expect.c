/* SPDX-License-Identifier: MIT */
/*
 * option/expect.c - what the value of an option is, for those who gave
 * another.
 */
#include "option/text.h"

#include <stdio.h>

/* Kinds of plain values, in words. */
static void
expect_plain(char *out, size_t size, const struct pier_option *option,
	const struct pier__spot *spot)
{
	char range[64] = "";

	if (option->min != 0 || option->max != 0)
		(void)snprintf(range, sizeof(range), ", %lld to %lld",
			(long long)option->min, (long long)option->max);
	switch (spot->kind) {
	case PIER__SPOT_SWITCH:
		(void)snprintf(out, size, "on or off");
		break;
	case PIER__SPOT_TIMEVAL:
		(void)snprintf(out, size, "a duration such as 500ms");
		break;
	case PIER__SPOT_LINGER:
		(void)snprintf(out, size, "off, or a duration such as 5s");
		break;
	case PIER__SPOT_TEXT:
		(void)snprintf(out, size, "a name");
		break;
	case PIER__SPOT_BYTES:
		(void)snprintf(out, size, "bytes in hexadecimal");
		break;
	case PIER__SPOT_SOCKADDR:
		(void)snprintf(out, size, "an address");
		break;
	case PIER__SPOT_INTERFACE:
	case PIER__SPOT_INTERFACE_NET:
		(void)snprintf(out, size, "an interface");
		break;
	case PIER__SPOT_MULTICAST_IF:
		(void)snprintf(out, size, "an IPv4 address or an interface");
		break;
	default:
		if (spot->scale > 0)
			(void)snprintf(out, size,
				"a duration such as 5s; a bare number is in "
				"%s%s",
				spot->unit, range);
		else
			(void)snprintf(out, size, "%s%s",
				*spot->unit == 'B' ? "bytes, such as 64k"
						   : "a number",
				range);
	}
}

static void
expect_words(char *out, size_t size, const struct pier_option *option)
{
	struct pier__span rest = pier__span_of(option->words);
	struct pier__span word;
	size_t used = 0;
	int64_t number;

	while (used < size && pier__option_next_word(&rest, &word, &number))
		used += (size_t)snprintf(out + used, size - used, "%s%.*s",
			used > 0 ? ", " : "one of ", (int)pier__span_len(word),
			pier__span_at(word));
	if (used < size)
		(void)snprintf(out + used, size - used, ", or a number");
}

const char *
pier__option_expected(char *out, size_t size, const struct pier_option *option)
{
	struct pier__layout layout;
	struct pier__spot spot;
	size_t used = 0;

	pier__layout_start(&layout, option->layout);
	if ((option->flags & PIER_OPTION_POINTERS) != 0)
		(void)snprintf(out, size, "a structure with pointers");
	else if ((option->flags & PIER_OPTION_NO_VALUE) != 0)
		(void)snprintf(out, size, "on, whatever it is");
	else if (option->words != NULL)
		expect_words(out, size, option);
	else if (pier__layout_is_plain(option->layout) &&
		 pier__layout_next(&layout, &spot))
		expect_plain(out, size, option, &spot);
	else
		while (used < size && pier__layout_next(&layout, &spot) &&
			(!spot.repeated || spot.offset < 64)) {
			used += (size_t)snprintf(out + used, size - used,
				"%s%.*s", used > 0 ? "," : "",
				(int)pier__span_len(spot.name),
				pier__span_at(spot.name));
			if (spot.repeated &&
				layout.rest.begin == layout.rest.end)
				break;
		}
	return out;
}
