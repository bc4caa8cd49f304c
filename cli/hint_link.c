/* SPDX-License-Identifier: MIT */
/* Hints about interfaces, whose names may hold what means more to a shell. */
#include "hint.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* What no shell looks at twice. */
#define PLAIN                        \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789-_./@:%+,="

const char *
cli_hint_word(struct cli_hint_word *out, const char *word)
{
	/* A quote, which may be written as four, and the last one. */
	const char *const last = out->text + sizeof(out->text) - 6;
	const size_t len = strlen(word);
	char *to = out->text;

	if (len > 0 && len == strspn(word, PLAIN) && len < sizeof(out->text))
		return memcpy(out->text, word, len + 1);
	*to++ = '\'';
	for (; *word != '\0' && to < last; word++)
		if (*word == '\'') {
			memcpy(to, "'\\''", 4);
			to += 4;
		} else {
			*to++ = *word;
		}
	*to++ = '\'';
	*to = '\0';
	return out->text;
}

void
cli_hint_link(const char *name, const char *lists, char *text, size_t size)
{
	size_t len = strlen(name);
	size_t plain = strspn(name, "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.");

	if (len >= IF_NAMESIZE || strchr(name, '/') != NULL)
		snprintf(text, size,
			"%s lists them; a name has at most %d bytes, and no "
			"'/'",
			lists, IF_NAMESIZE - 1);
	else if (len == 0 || plain < len || name[0] == '-' || name[0] == '.')
		snprintf(text, size, "%s lists them", lists);
	else
		snprintf(text, size,
			"%s lists them; a virtual one: sudo modprobe vcan; "
			"sudo ip link add dev %s type vcan; sudo ip link set "
			"%s up",
			lists, name, name);
}

void
cli_hint_down(const char *name, char *text, size_t size)
{
	struct cli_hint_word word;

	(void)cli_hint_word(&word, name);
	snprintf(text, size,
		"sudo ip link set %s up; a controller needs its bit rate "
		"first: sudo ip link set %s type can bitrate 500000",
		word.text, word.text);
}
