/* SPDX-License-Identifier: MIT */
/*
 * The parser: argv against the tables of one verb. It allocates nothing and
 * prints nothing; what is wrong goes to the caller as text, so that a test
 * can read it. Texts are borrowed from argv.
 */
#include "options.h"

#include "base/near.h"
#include "store.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct cli_word color_words[] = {
	{ "auto", CLI_COLOR_AUTO, NULL },
	{ "always", CLI_COLOR_ALWAYS, NULL },
	{ "never", CLI_COLOR_NEVER, NULL },
	{ NULL, 0, NULL },
};

#define COMMON(field) offsetof(struct cli_common, field)

const struct cli_option cli_common_options[] = {
	{ .name = "json",
		.kind = CLI_FLAG,
		.group = "Output",
		.help = "events on standard output as JSON Lines",
		.offset = COMMON(json) },
	{ .name = "verbose",
		.letter = 'v',
		.kind = CLI_MORE,
		.group = "Output",
		.help = "tell each step on standard error; twice: each message",
		.offset = COMMON(verbose) },
	{ .name = "quiet",
		.letter = 'q',
		.kind = CLI_FLAG,
		.group = "Output",
		.help = "nothing but errors on standard error",
		.offset = COMMON(quiet) },
	{ .name = "color",
		.kind = CLI_CHOICE,
		.metavar = "WHEN",
		.group = "Output",
		.help = "colour in text for people",
		.otherwise = "auto: on a terminal, unless NO_COLOR is set "
			     "or TERM is dumb",
		.words = color_words,
		.offset = COMMON(color) },
	{ .letter = 'h',
		.kind = CLI_HELP,
		.group = "Output",
		.help = "show the usage on one screen",
		.offset = COMMON(help) },
	{ .name = "help",
		.kind = CLI_HELP,
		.group = "Output",
		.help = "explain everything, examples first",
		.offset = COMMON(help) },
	{ .name = NULL },
};

/* What one run of the parser knows. */
struct parse {
	const struct cli_verb *verb; /* NULL before the verb is known */
	const struct cli_option *options;
	int argc;
	char **argv;
	int next;        /* the first word not yet looked at */
	size_t operands; /* how many of the verb's operands are behind us */
	void *settings;
	struct cli_complaint *why;
	bool done; /* help was asked for */
};

static bool
is_end(const struct cli_option *option)
{
	return option->name == NULL && option->letter == 0;
}

static const struct cli_option *
find_in(const struct cli_option *option, const char *name, size_t len,
	char letter)
{
	for (; !is_end(option); option++) {
		if (letter != 0 && option->letter == letter)
			return option;
		if (name != NULL && option->name != NULL &&
			strlen(option->name) == len &&
			memcmp(option->name, name, len) == 0)
			return option;
	}
	return NULL;
}

static const struct cli_option *
find_option(
	const struct parse *parse, const char *name, size_t len, char letter)
{
	const struct cli_option *option;

	option = find_in(parse->options, name, len, letter);
	if (option == NULL)
		option = find_in(cli_common_options, name, len, letter);
	return option;
}

static void
suggest_in(struct pier__near *near, const struct cli_option *option)
{
	for (; !is_end(option); option++)
		if (option->name != NULL)
			pier__near_try(near, option->name);
}

static int
unknown_long(struct parse *parse, const char *name, size_t len)
{
	struct pier__near near;
	char wrong[PIER__NEAR_MAX + 2];

	snprintf(wrong, sizeof(wrong), "%.*s", (int)len, name);
	pier__near_start(&near, wrong);
	suggest_in(&near, parse->options);
	suggest_in(&near, cli_common_options);
	if (near.best != NULL)
		cli_advise(parse->why, "did you mean '--%s'?", near.best);
	else if (parse->verb == NULL)
		cli_advise(parse->why, "the options of a verb stand behind it: "
				       "'pier VERB --option'");
	return cli_complain(
		parse->why, "unknown option '--%.*s'", (int)len, name);
}

static void
note_given(const struct parse *parse, const struct cli_option *option)
{
	struct cli_common *common = parse->settings;
	size_t i;

	for (i = 0; !is_end(&parse->options[i]); i++) {
		assert(i < CLI_OPTIONS_MAX);
		if (&parse->options[i] == option)
			common->given |= UINT64_C(1) << i;
	}
}

/* The word that was taken last, and all behind it. */
static int
take_command(
	struct parse *parse, const struct cli_option *option, const char *first)
{
	struct cli_command *command =
		(void *)((char *)parse->settings + option->offset);
	char **words = parse->argv + parse->next - 1;

	/* Of "--exec=cat" the word is "cat". */
	words[0] = (char *)(uintptr_t)first;
	command->words = (const char *const *)(uintptr_t)words;
	parse->next = parse->argc;
	return 0;
}

/* Store a value (NULL for none), or take it from the next word. */
static int
take(struct parse *parse, const struct cli_option *option, const char *name,
	const char *value)
{
	char expected[256];

	if (option->kind == CLI_HELP) {
		void *at = (char *)parse->settings + option->offset;

		*(enum cli_help_wish *)at =
			option->letter != 0 ? CLI_HELP_SHORT : CLI_HELP_FULL;
		parse->done = true;
		return 0;
	}
	if (value == NULL && cli_takes_value(option)) {
		if (parse->next == parse->argc) {
			cli_describe_value(option, expected, sizeof(expected));
			return cli_complain(parse->why, "%s needs a value: %s",
				name, expected);
		}
		value = parse->argv[parse->next++];
	}
	note_given(parse, option);
	if (option->kind == CLI_COMMAND)
		return take_command(parse, option, value);
	return cli_store(option, name, value, parse->settings, parse->why);
}

static int
parse_long(struct parse *parse, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
	const struct cli_option *option = find_option(parse, word, len, 0);
	char name[CLI_NAME_TEXT];

	if (option == NULL)
		return unknown_long(parse, word, len);
	snprintf(name, sizeof(name), "--%s", option->name);
	if (equals != NULL && !cli_takes_value(option)) {
		cli_advise(parse->why, "write '%s' alone", name);
		return cli_complain(parse->why, "%s takes no value: '%s'", name,
			equals + 1);
	}
	return take(parse, option, name, equals != NULL ? equals + 1 : NULL);
}

/* A cluster: letters without value, of which the last may have one. */
static int
parse_short(struct parse *parse, const char *letters)
{
	int rc = 0;

	for (; rc == 0 && *letters != '\0' && !parse->done; letters++) {
		const struct cli_option *option;
		const char name[] = { '-', *letters, '\0' };

		option = find_option(parse, NULL, 0, *letters);
		if (option == NULL)
			return cli_complain(
				parse->why, "unknown option '%s'", name);
		if (cli_takes_value(option))
			return take(parse, option, name,
				letters[1] != '\0' ? letters + 1 : NULL);
		rc = take(parse, option, name, NULL);
	}
	return rc;
}

/* Is word for the operand behind this one? */
static bool
is_left_out(const struct cli_operand *operand, const char *word)
{
	const struct cli_word *choice;

	if (operand->kind != CLI_CHOICE || operand->min > 0 ||
		strpbrk(word, ":/@") == NULL)
		return false;
	for (choice = operand->words; choice->word != NULL; choice++)
		if (strcmp(choice->word, word) == 0)
			return false;
	return true;
}

static int
store_operand(struct parse *parse, const struct cli_operand *operand,
	const char *word)
{
	const struct cli_option as_option = { .kind = operand->kind,
		.words = operand->words,
		.offset = operand->offset };

	return cli_store(&as_option, operand->metavar, word, parse->settings,
		parse->why);
}

static int
parse_operand(struct parse *parse, const char *word)
{
	const struct cli_operand *operand =
		parse->verb->operands + parse->operands;

	if (operand->metavar != NULL && is_left_out(operand, word)) {
		parse->operands++;
		operand++;
	}

	if (operand->metavar == NULL)
		return cli_complain(
			parse->why, "unexpected argument '%s'", word);
	if (operand->kind != CLI_TEXTS)
		parse->operands++;
	return store_operand(parse, operand, word);
}

static int
check_operands(struct parse *parse)
{
	const struct cli_operand *operand =
		parse->verb->operands + parse->operands;
	const struct cli_texts *texts;

	while (operand->metavar != NULL && operand->min == 0)
		operand++;
	if (operand->metavar == NULL)
		return 0;
	texts = (const void *)((char *)parse->settings + operand->offset);
	if (operand->kind == CLI_TEXTS && texts->n >= operand->min)
		return 0;
	if (parse->verb->examples[0].command != NULL)
		cli_advise(parse->why, "for example: %s",
			parse->verb->examples[0].command);
	return cli_complain(parse->why, "%s is missing: %s", operand->metavar,
		operand->help);
}

/* One word of argv; 1 when it is not for us. */
static int
parse_word(struct parse *parse, bool *only_operands)
{
	const char *word = parse->argv[parse->next];
	bool is_option = !*only_operands && word[0] == '-' && word[1] != '\0';

	if (!is_option && parse->verb == NULL)
		return 1; /* this is the verb */
	parse->next++;
	if (!is_option) {
		*only_operands = *only_operands || parse->verb->foreign;
		return parse_operand(parse, word);
	}
	if (word[1] != '-')
		return parse_short(parse, word + 1);
	if (word[2] != '\0')
		return parse_long(parse, word + 2);
	*only_operands = true;
	return 0;
}

static int
run_parse(struct parse *parse)
{
	bool only_operands = false;
	int rc = 0;

	memset(parse->why, 0, sizeof(*parse->why));
	while (rc == 0 && !parse->done && parse->next < parse->argc)
		rc = parse_word(parse, &only_operands);
	if (rc == 0 && !parse->done && parse->verb != NULL)
		rc = check_operands(parse);
	if (rc >= 0)
		return 0;
	if (parse->why->hint[0] == '\0' && parse->verb != NULL)
		cli_advise(parse->why, "'pier %s -h' shows the usage",
			parse->verb->name);
	else if (parse->why->hint[0] == '\0')
		cli_advise(parse->why, "'pier -h' shows the usage");
	return -1;
}

int
cli_parse(const struct cli_verb *verb, int argc, char **argv, void *settings,
	struct cli_complaint *why)
{
	struct parse parse = { .verb = verb,
		.options = verb->options,
		.argc = argc,
		.argv = argv,
		.settings = settings,
		.why = why };

	return run_parse(&parse);
}

int
cli_parse_head(const struct cli_option *options, int argc, char **argv,
	void *settings, struct cli_complaint *why)
{
	struct parse parse = { .options = options,
		.argc = argc,
		.argv = argv,
		.settings = settings,
		.why = why };

	return run_parse(&parse) < 0 ? -1 : parse.next;
}

const struct cli_option *
cli_given_in_vain(const struct cli_option *options,
	const struct cli_common *common, unsigned kind)
{
	size_t i;

	for (i = 0; !is_end(&options[i]); i++) {
		if ((common->given & (UINT64_C(1) << i)) != 0 &&
			options[i].needs != 0 && (options[i].needs & kind) == 0)
			return &options[i];
	}
	return NULL;
}

const struct cli_verb *
cli_verb_named(const struct cli_verb *const *verbs, const char *name)
{
	for (; *verbs != NULL; verbs++)
		if (strcmp((*verbs)->name, name) == 0)
			return *verbs;
	return NULL;
}

void
cli_verb_unknown(const struct cli_verb *const *verbs, const char *name,
	struct cli_complaint *why)
{
	struct pier__near near;

	memset(why, 0, sizeof(*why));
	(void)cli_complain(why, "unknown verb '%s'", name);
	pier__near_start(&near, name);
	for (; *verbs != NULL; verbs++)
		pier__near_try(&near, (*verbs)->name);
	if (near.best != NULL)
		cli_advise(why, "did you mean 'pier %s'?", near.best);
	else
		cli_advise(why, "'pier help' lists the verbs");
}
