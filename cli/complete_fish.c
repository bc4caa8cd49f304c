/* SPDX-License-Identifier: MIT */
/*
 * Completions for fish: one complete command for each option and operand. Fish
 * itself adds no space behind what ends in "/".
 */
#include "complete.h"

#include "store.h"

static const char head[] =
	"# fish completion for pier(1), made by: pier --completions fish\n"
	"\n"
	"# __pier_at VERB OPERAND OPTION...: is the word that is completed "
	"that\n"
	"# operand of VERB, counted from 0? VERB \"\" and operand 0: the verb\n"
	"# itself; operand \"any\": anywhere behind VERB. The options are "
	"those\n"
	"# that take a value.\n"
	"function __pier_at\n"
	"\tset -l valued $argv[3..]\n"
	"\tset -l words (commandline -opc)[2..]\n"
	"\tset -l verb ''\n"
	"\tset -l operand 0\n"
	"\tset -l skip 0\n"
	"\tset -l ended 0\n"
	"\tfor word in $words\n"
	"\t\tif test $skip = 1\n"
	"\t\t\tset skip 0\n"
	"\t\telse if test $ended = 0; and test \"$word\" = --\n"
	"\t\t\tset ended 1\n"
	"\t\telse if test $ended = 0; and contains -- $word $valued\n"
	"\t\t\tset skip 1\n"
	"\t\telse if test $ended = 0; and string match -q -r -- '^-.' $word\n"
	"\t\t\tcontinue\n"
	"\t\telse if test -z $verb\n"
	"\t\t\tset verb $word\n"
	"\t\telse\n"
	"\t\t\tset operand (math $operand + 1)\n"
	"\t\tend\n"
	"\tend\n"
	"\ttest \"$verb\" = \"$argv[1]\"; or return 1\n"
	"\tswitch $argv[2]\n"
	"\t\tcase any\n"
	"\t\t\treturn 0\n"
	"\t\tcase '+*'\n"
	"\t\t\ttest $operand -ge (string sub -s 2 -- $argv[2])\n"
	"\t\tcase '*'\n"
	"\t\t\ttest $operand = $argv[2]\n"
	"\tend\n"
	"end\n"
	"\n";

/* Inside single quotes. */
static void
put_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('\'', out);
}

/* Inside single quotes inside double quotes: fish reads it two times. */
static void
put_twice_quoted(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("\\\\", out);
		else if (*text == '"' || *text == '$')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void
put_condition(FILE *out, const char *verb, const char *where,
	const struct cli_option *options)
{
	fprintf(out, "complete -c pier -n '__pier_at \"%s\" %s ", verb, where);
	complete_valued(out, options);
	fputs(" ", out);
	complete_valued(out, cli_common_options);
	fputc('\'', out);
}

/* Each word with its meaning behind a tab. */
static void
put_words(FILE *out, const struct complete_value *value)
{
	const struct cli_word *word = value->words;

	fputs(" -a \"", out);
	for (; word != NULL && word->word != NULL; word++) {
		fprintf(out, "%.*s", (int)complete_word_len(word->word),
			word->word);
		if (word->meaning != NULL) {
			fputs("\\t'", out);
			put_twice_quoted(out, word->meaning);
			fputc('\'', out);
		}
		fputc(' ', out);
	}
	fprintf(out, "%s\"", value->more);
}

/* Behind -x or -r of an option, or -f of an operand. */
static void
put_value(FILE *out, const struct complete_value *value)
{
	switch (value->kind) {
	case COMPLETE_FILE:
		break;
	case COMPLETE_ENDPOINT:
		fputs(" -a '(__pier_endpoints)'", out);
		break;
	case COMPLETE_COMMAND:
		fputs(" -a '(__fish_complete_command)'", out);
		break;
	case COMPLETE_NAME:
		fputs(" -a '(__pier_names)'", out);
		break;
	case COMPLETE_SETTING:
		fputs(" -a '(__pier_names)='", out);
		break;
	case COMPLETE_TOPIC:
		fprintf(out, " -a '(__pier_verbs) %s'", value->more);
		break;
	case COMPLETE_WORDS:
		put_words(out, value);
		break;
	case COMPLETE_NOTHING:
		break;
	}
}

static void
put_options(FILE *out, const char *verb, const struct cli_option *all,
	const struct cli_option *options)
{
	for (; complete_is_option(options); options++) {
		struct complete_value value = complete_option_value(options);

		put_condition(out, verb, "any", all);
		if (options->letter != 0)
			fprintf(out, " -s %c", options->letter);
		if (options->name != NULL)
			fprintf(out, " -l %s", options->name);
		if (cli_takes_value(options)) {
			fputs(value.kind == COMPLETE_FILE ? " -r -F" : " -x",
				out);
			put_value(out, &value);
		}
		fputs(" -d ", out);
		put_quoted(out, options->help);
		fputc('\n', out);
	}
}

static void
put_verb(FILE *out, const struct cli_verb *verb)
{
	const struct cli_operand *operand = verb->operands;

	put_options(out, verb->name, verb->options, verb->options);
	put_options(out, verb->name, verb->options, cli_common_options);
	for (; operand->metavar != NULL; operand++) {
		struct complete_value value = complete_operand_value(operand);
		char where[32];

		snprintf(where, sizeof(where), "%s%td",
			operand->kind == CLI_TEXTS ? "+" : "",
			operand - verb->operands);
		put_condition(out, verb->name, where, verb->options);
		put_value(out, &value);
		fputs(value.kind == COMPLETE_FILE ? " -F\n" : "\n", out);
	}
}

void
cli_complete_fish(FILE *out, const struct complete_tool *tool)
{
	size_t i;

	fputs(head, out);
	fputs("function __pier_endpoints\n"
	      "\tif string match -q -r '^[./]' -- (commandline -ct)\n"
	      "\t\t__fish_complete_path (commandline -ct)\n\telse\n"
	      "\t\tstring split ' ' -- '",
		out);
	complete_schemes(out);
	fputs("'\n\tend\nend\n\nfunction __pier_names\n"
	      "\tstring split ' ' -- '",
		out);
	complete_names(out, "");
	fputs("'\nend\n\nfunction __pier_verbs\n\tprintf '%s\\n'", out);
	for (i = 0; tool->verbs[i] != NULL; i++) {
		char line[256];

		snprintf(line, sizeof(line), "%s\t%s", tool->verbs[i]->name,
			tool->verbs[i]->summary);
		fputc(' ', out);
		put_quoted(out, line);
	}
	fputs("\nend\n\ncomplete -c pier -f\n", out);
	put_options(out, "", tool->options, tool->options);
	put_options(out, "", tool->options, cli_common_options);
	put_condition(out, "", "0", tool->options);
	fputs(" -a '(__pier_verbs)'\n", out);
	for (i = 0; tool->verbs[i] != NULL; i++)
		put_verb(out, tool->verbs[i]);
}
