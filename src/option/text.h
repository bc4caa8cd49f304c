/* SPDX-License-Identifier: MIT */
/* option/text.h - values of options as text: what the library shares. */
#ifndef PIER_OPTION_TEXT_H
#define PIER_OPTION_TEXT_H

#include <pier/option.h>

#include "base/text.h"
#include "option/layout.h"
#include "option/table.h"

/*
 * pier__option_read(out, name, text, why): the value of text, the whole span,
 * for the option that name stands for.
 *
 * 0, or -EINVAL or -ENODEV with what was expected in why.
 */
int pier__option_read(struct pier_option_value *out,
	const struct pier__option_name *name, struct pier__span text,
	struct pier__why *why);

/* A number of size bytes, as the kernel has it, and the opposite. */
int64_t pier__option_load(const unsigned char *at, size_t size, bool sign);
void pier__option_store(unsigned char *at, size_t size, int64_t number);

/* value->integer, of what is in its bytes. */
void pier__option_note_integer(struct pier_option_value *value);

/* Numbers and durations of one field. 0 or -EINVAL, with the offset in why. */
int pier__option_read_number(int64_t *out, struct pier__span text,
	const struct pier__spot *spot, struct pier__why *why);

/* The next word of a list such as "dont=0 want=1": its name and its number.
   False at the end. */
bool pier__option_next_word(
	struct pier__span *rest, struct pier__span *word, int64_t *number);

/* Writes what a value of option is: "on or off"; returns out. */
const char *pier__option_expected(
	char *out, size_t size, const struct pier_option *option);

#endif
