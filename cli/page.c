/* SPDX-License-Identifier: MIT */
/*
 * Help pages. Text is wrapped at 79 columns whatever the terminal's
 * width, so that a help page looks the same in a mail, and a test can compare
 * it.
 */
#include "page.h"

#include "store.h"

#include <ctype.h>
#include <string.h>

enum {
	WIDTH = 79,
	TEXT_COLUMN = 26, /* where the sentence of an option begins */
};

/* Where the next character goes. */
struct page {
	FILE *out;
	size_t column, indent;
	bool roff; /* a dot or apostrophe at the start would be a command */
};

static void
new_line(struct page *page)
{
	fputc('\n', page->out);
	page->column = 0;
}

static void
put_spaces(struct page *page, size_t to)
{
	for (; page->column < to; page->column++)
		fputc(' ', page->out);
}

/* One piece that is never broken, after gap spaces or on a line of its own. */
static void
put_piece(struct page *page, const char *piece, size_t len, size_t gap)
{
	if (page->column > page->indent && page->column + gap + len > WIDTH)
		new_line(page);
	if (page->column > page->indent)
		put_spaces(page, page->column + gap);
	put_spaces(page, page->indent);
	if (page->roff && page->column == 0 &&
		(*piece == '.' || *piece == '\''))
		fputs("\\&", page->out);
	fwrite(piece, 1, len, page->out);
	page->column += len;
}

/* Wrap words; a newline in text begins a new line here too. */
static void
put_text(struct page *page, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, " \n");

		if (len > 0)
			put_piece(page, text, len, 1);
		text += len;
		if (*text == '\n')
			new_line(page);
		if (*text != '\0')
			text++;
	}
}

static bool
is_end(const struct cli_option *option)
{
	return option->name == NULL && option->letter == 0;
}

/* "-z, --probe", "--backlog N" */
static void
spell(const struct cli_option *option, char *text, size_t size)
{
	char letter[3] = "";

	if (option->letter != 0)
		snprintf(letter, sizeof(letter), "-%c", option->letter);
	snprintf(text, size, "%s%s%s%s%s%s", letter,
		option->letter != 0 && option->name != NULL ? ", " : "",
		option->name != NULL ? "--" : "",
		option->name != NULL ? option->name : "",
		cli_takes_value(option) ? " " : "",
		cli_takes_value(option) ? option->metavar : "");
}

void
cli_page_usage(FILE *out, const struct cli_verb *verb)
{
	const struct cli_operand *operand;

	fprintf(out, "usage: pier %s [OPTION...]", verb->name);
	for (operand = verb->operands; operand->metavar != NULL; operand++)
		fprintf(out, " %s%s%s%s", operand->min == 0 ? "[" : "",
			operand->metavar,
			operand->kind == CLI_TEXTS ? "..." : "",
			operand->min == 0 ? "]" : "");
	fputc('\n', out);
}

/* Names only, one paragraph per group. */
static void
put_names(FILE *out, const struct cli_option *option,
	const struct cli_paint *paint)
{
	struct page page = { .out = out, .indent = 2 };
	const char *group = NULL;
	char name[80];

	for (; !is_end(option); option++) {
		if (group == NULL || strcmp(group, option->group) != 0) {
			if (group != NULL)
				new_line(&page);
			group = option->group;
			fprintf(out, "%s%s:%s", paint->strong, group,
				paint->plain);
			page.column = strlen(group) + 1;
		}
		spell(option, name, sizeof(name));
		put_piece(&page, name, strlen(name), 2);
	}
	if (group != NULL)
		new_line(&page);
}

void
cli_page_short(
	FILE *out, const struct cli_verb *verb, const struct cli_paint *paint)
{
	const struct cli_example *example = verb->examples;
	size_t i;

	cli_page_usage(out, verb);
	fprintf(out, "%s\n\n", verb->summary);
	for (i = 0; i < 3 && example->command != NULL; i++, example++)
		fprintf(out, "  %s\n", example->command);
	fputc('\n', out);
	put_names(out, verb->options, paint);
	put_names(out, cli_common_options, paint);
	fprintf(out, "\n'pier %s --help' explains them.\n", verb->name);
}

/* A name on the left, its text on the right or below. */
static void
put_entry(FILE *out, const char *name, const char *text)
{
	struct page page = { .out = out, .indent = TEXT_COLUMN };

	fprintf(out, "  %s", name);
	page.column = strlen(name) + 2;
	if (page.column + 2 > TEXT_COLUMN)
		new_line(&page);
	put_text(&page, text);
	new_line(&page);
}

/* The words an option takes, one per line where they have a meaning. */
static void
put_words(FILE *out, const struct cli_word *word)
{
	for (; word != NULL && word->word != NULL; word++) {
		char left[40];

		if (word->meaning == NULL)
			continue;
		snprintf(left, sizeof(left), "%*s%s", TEXT_COLUMN - 14, "",
			word->word);
		put_entry(out, left, word->meaning);
	}
}

static void
put_option(FILE *out, const struct cli_option *option)
{
	char name[80], text[512];

	spell(option, name, sizeof(name));
	snprintf(text, sizeof(text), "%s%s%s%s", option->help,
		option->otherwise != NULL ? " (default " : "",
		option->otherwise != NULL ? option->otherwise : "",
		option->otherwise != NULL ? ")" : "");
	put_entry(out, name, text);
	put_words(out, option->words);
}

void
cli_page_options(FILE *out, const struct cli_option *option,
	const struct cli_paint *paint)
{
	const char *group = NULL;

	for (; !is_end(option); option++) {
		if (group == NULL || strcmp(group, option->group) != 0)
			fprintf(out, "\n%s%s%s\n", paint->strong, option->group,
				paint->plain);
		group = option->group;
		put_option(out, option);
	}
}

static void
put_operands(FILE *out, const struct cli_operand *operand,
	const struct cli_paint *paint)
{
	char name[40];

	if (operand->metavar == NULL)
		return;
	fprintf(out, "\n%sArguments%s\n", paint->strong, paint->plain);
	for (; operand->metavar != NULL; operand++) {
		snprintf(name, sizeof(name), "%s%s", operand->metavar,
			operand->kind == CLI_TEXTS ? "..." : "");
		put_entry(out, name, operand->help);
		put_words(out, operand->words);
	}
}

static bool
takes(const struct cli_verb *verb, enum cli_kind kind)
{
	const struct cli_option *option = verb->options;

	while (!is_end(option) && option->kind != kind)
		option++;
	return !is_end(option);
}

/* How values are written, as far as the verb takes such; and where more is. */
static void
put_values(FILE *out, const struct cli_verb *verb)
{
	struct page page = { .out = out };
	char text[256];

	/* Without options of its own a verb has no page of its own. */
	snprintf(text, sizeof(text),
		"%s%sSee also: man pier%s%s, man pier-exit.",
		takes(verb, CLI_DURATION)
			? "Durations: 10ms 2s 1.5m 1h; a bare "
			  "number is seconds. "
			: "",
		takes(verb, CLI_SIZE)
			? "Sizes: 64k is 64,000 bytes, 64Ki is 65,536. "
			: "",
		is_end(verb->options) ? "" : "-",
		is_end(verb->options) ? "" : verb->name);
	fputc('\n', out);
	put_text(&page, text);
	new_line(&page);
}

void
cli_page_full(
	FILE *out, const struct cli_verb *verb, const struct cli_paint *paint)
{
	const struct cli_example *example = verb->examples;
	struct page page = { .out = out };

	cli_page_usage(out, verb);
	fprintf(out, "%s\n\n%sExamples%s\n", verb->summary, paint->strong,
		paint->plain);
	for (; example->command != NULL; example++) {
		struct page meaning = { .out = out, .indent = 6 };

		fprintf(out, "  %s\n", example->command);
		put_text(&meaning, example->meaning);
		new_line(&meaning);
	}
	new_line(&page);
	put_text(&page, verb->about);
	new_line(&page);
	put_operands(out, verb->operands, paint);
	cli_page_options(out, verb->options, paint);
	cli_page_options(out, cli_common_options, paint);
	put_values(out, verb);
}

/* A sentence for the manual: capital, full stop, roff's own signs escaped. */
static void
put_sentence(FILE *out, const char *lead, const char *text)
{
	struct page page = { .out = out, .roff = true };
	char sentence[512], *p;

	snprintf(sentence, sizeof(sentence), "%s%s.", lead, text);
	sentence[0] = (char)toupper((unsigned char)sentence[0]);
	for (p = sentence; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	put_text(&page, sentence);
	new_line(&page);
}

static void
put_mdoc_words(FILE *out, const struct cli_word *word)
{
	bool any = false;

	for (; word != NULL && word->word != NULL; word++) {
		if (word->meaning == NULL)
			continue;
		if (!any)
			fputs(".Bl -tag -width Ds -compact\n", out);
		any = true;
		fprintf(out, ".It Cm %s\n", word->word);
		put_sentence(out, "", word->meaning);
	}
	if (any)
		fputs(".El\n", out);
}

static void
put_mdoc_option(FILE *out, const struct cli_option *option)
{
	fputs(".It", out);
	if (option->letter != 0)
		fprintf(out, " Fl %c", option->letter);
	if (option->letter != 0 && option->name != NULL)
		fputs(" ,", out);
	if (option->name != NULL)
		fprintf(out, " Fl -%s", option->name);
	if (cli_takes_value(option))
		fprintf(out, " Ar %s", option->metavar);
	fputc('\n', out);
	put_sentence(out, "", option->help);
	if (option->otherwise != NULL)
		put_sentence(out, "The default is ", option->otherwise);
	put_mdoc_words(out, option->words);
}

static void
put_mdoc_options(FILE *out, const struct cli_option *option)
{
	const char *group = NULL;

	for (; !is_end(option); option++) {
		if (group == NULL || strcmp(group, option->group) != 0)
			fprintf(out, "%s.Ss %s\n.Bl -tag -width Ds\n",
				group != NULL ? ".El\n" : "", option->group);
		group = option->group;
		put_mdoc_option(out, option);
	}
	if (group != NULL)
		fputs(".El\n", out);
}

void
cli_page_mdoc(FILE *out, const struct cli_verb *verb)
{
	put_mdoc_options(out, verb->options);
	put_mdoc_options(out, cli_common_options);
}
