/* SPDX-License-Identifier: MIT */
/*
 * One value of one option. A value that will not do is quoted, and the line
 * says what was expected: its kind, its range, the words it also takes.
 */
#include "store.h"

#include "base/near.h"
#include "values.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
cli_complain(struct cli_complaint *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->line, sizeof(why->line), format, args);
	va_end(args);
	return -1;
}

void
cli_advise(struct cli_complaint *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->hint, sizeof(why->hint), format, args);
	va_end(args);
}

bool
cli_takes_value(const struct cli_option *option)
{
	return option->kind != CLI_FLAG && option->kind != CLI_MORE &&
	       option->kind != CLI_HELP;
}

/* Append to text, which stays ended whatever its size. */
static void
append(char *text, size_t size, const char *more)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s", more);
}

/* "a, b or c" */
static void
append_words(char *text, size_t size, const struct cli_word *words)
{
	const struct cli_word *word;

	for (word = words; word->word != NULL; word++) {
		if (word != words)
			append(text, size, word[1].word ? ", " : " or ");
		append(text, size, word->word);
	}
}

static void
append_limit(char *text, size_t size, enum cli_kind kind, int64_t limit)
{
	char number[CLI_VALUE_TEXT];

	if (kind == CLI_DURATION)
		cli_format_limit(limit, number, sizeof(number));
	else
		snprintf(number, sizeof(number), "%" PRId64 "%s", limit,
			kind == CLI_RATE ? "/s" : "");
	append(text, size, number);
}

static bool
has_range(const struct cli_option *option)
{
	return option->kind == CLI_COUNT || option->kind == CLI_SIZE ||
	       option->kind == CLI_DURATION || option->kind == CLI_RATE;
}

void
cli_describe_value(const struct cli_option *option, char *text, size_t size)
{
	static const char *const kinds[] = {
		[CLI_TEXT] = "a text",
		[CLI_TEXTS] = "a text",
		[CLI_CHOICE] = "",
		[CLI_COUNT] = "a whole number",
		[CLI_SIZE] = "a size such as 4096, 64k or 1Mi,",
		[CLI_DURATION] = "a duration such as 10ms, 2s or 1.5m,",
		[CLI_RATE] = "a rate such as 100/s, 64k/s or 1Mi/s,",
		[CLI_COMMAND] = "a program, and its arguments behind it",
	};

	snprintf(text, size, "%s", kinds[option->kind]);
	if (has_range(option)) {
		append(text, size, " from ");
		append_limit(text, size, option->kind, option->min);
		append(text, size, " to ");
		append_limit(text, size, option->kind, option->max);
		if (option->words != NULL)
			append(text, size, ", or ");
	}
	if (option->words != NULL)
		append_words(text, size, option->words);
}

static int
store_text(const struct cli_option *option, const char *name, const char *value,
	void *settings, struct cli_complaint *why)
{
	void *at = (char *)settings + option->offset;
	struct cli_texts *texts = at;

	if (option->kind == CLI_TEXT) {
		*(const char **)at = value;
		return 0;
	}
	if (texts->n == CLI_TEXTS_MAX)
		return cli_complain(why, "%s: '%s' is one too many, %d is most",
			name, value, CLI_TEXTS_MAX);
	texts->item[texts->n++] = value;
	return 0;
}

static const struct cli_word *
find_word(const struct cli_word *word, const char *text)
{
	for (; word != NULL && word->word != NULL; word++)
		if (strcmp(word->word, text) == 0)
			return word;
	return NULL;
}

static void
advise_word(struct cli_complaint *why, const struct cli_word *word,
	const char *wrong)
{
	struct pier__near near;

	pier__near_start(&near, wrong);
	for (; word != NULL && word->word != NULL; word++)
		pier__near_try(&near, word->word);
	if (near.best != NULL)
		cli_advise(why, "did you mean '%s'?", near.best);
}

static int
parse_number(int64_t *out, enum cli_kind kind, const char *text)
{
	if (kind == CLI_COUNT)
		return cli_parse_count(out, text);
	if (kind == CLI_SIZE)
		return cli_parse_size(out, text);
	if (kind == CLI_DURATION)
		return cli_parse_duration(out, text);
	if (kind == CLI_RATE)
		return cli_parse_rate(out, text);
	return -1; /* a choice: only its words */
}

static int
store_number(const struct cli_option *option, const char *name,
	const char *text, void *settings, struct cli_complaint *why)
{
	const struct cli_word *word = find_word(option->words, text);
	int64_t *at = (void *)((char *)settings + option->offset);
	char expected[256];
	int64_t value = 0;
	int rc = 0;

	if (word != NULL)
		value = word->value;
	else
		rc = parse_number(&value, option->kind, text);
	if (word != NULL ||
		(rc == 0 && value >= option->min && value <= option->max)) {
		*at = value;
		return 0;
	}
	cli_describe_value(option, expected, sizeof(expected));
	advise_word(why, option->words, text);
	return cli_complain(why, "%s: %s '%s'; expected %s", name,
		rc == 0 ? "out of range:" : "cannot use", text, expected);
}

int
cli_store(const struct cli_option *option, const char *name, const char *value,
	void *settings, struct cli_complaint *why)
{
	void *at = (char *)settings + option->offset;

	switch (option->kind) {
	case CLI_FLAG:
		*(bool *)at = true;
		return 0;
	case CLI_MORE:
		++*(int *)at;
		return 0;
	case CLI_TEXT:
	case CLI_TEXTS:
		return store_text(option, name, value, settings, why);
	case CLI_CHOICE:
	case CLI_COUNT:
	case CLI_SIZE:
	case CLI_DURATION:
	case CLI_RATE:
		return store_number(option, name, value, settings, why);
	case CLI_COMMAND: /* more than one word: the parser's */
	case CLI_HELP:
		break;
	}
	return -1;
}
