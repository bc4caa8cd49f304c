/* SPDX-License-Identifier: MIT */
/*
 * Completions for zsh: the options of each verb as _arguments takes them, with
 * their sentences.
 */
#include "complete.h"

#include "store.h"

#include <string.h>

/* Inside single quotes, where _arguments gives brackets and colons a meaning. */
static void
put_escaped_part(FILE *out, const char *text, size_t len)
{
	const char *end = text + len;

	for (; text < end; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else if (strchr("[]:\\", *text) != NULL)
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

static void
put_escaped(FILE *out, const char *text)
{
	put_escaped_part(out, text, strlen(text));
}

/* A colon ends the list, but for one with a backslash. */
static void
put_words(FILE *out, const struct complete_value *value)
{
	const struct cli_word *word = value->words;

	for (; word != NULL && word->word != NULL; word++) {
		put_escaped_part(
			out, word->word, complete_word_len(word->word));
		fputc(' ', out);
	}
	fputs(value->more, out);
}

/* ":TIME:(100ms 1s)" */
static void
put_value(FILE *out, const char *metavar, const struct complete_value *value)
{
	fputc(':', out);
	put_escaped(out, metavar);
	fputc(':', out);
	switch (value->kind) {
	case COMPLETE_FILE:
		fputs("_files", out);
		break;
	case COMPLETE_ENDPOINT:
		fputs("_pier_endpoints", out);
		break;
	case COMPLETE_COMMAND:
		fputs("_command_names -e", out);
		break;
	case COMPLETE_NAME:
		fputs("_pier_names", out);
		break;
	case COMPLETE_SETTING:
		fputs("_pier_settings", out);
		break;
	case COMPLETE_TOPIC:
		fputs("_pier_topics", out);
		break;
	case COMPLETE_WORDS:
		fputc('(', out);
		put_words(out, value);
		fputc(')', out);
		break;
	case COMPLETE_NOTHING:
		fputs(" ", out);
		break;
	}
}

/* '(-w --timeout)'{-w+,--timeout=}'[limit on everything]:TIME:(100ms 1s)' */
static void
put_option(FILE *out, const struct cli_option *option)
{
	bool again = option->kind == CLI_TEXTS || option->kind == CLI_MORE;
	bool valued = cli_takes_value(option);
	bool both = option->letter != 0 && option->name != NULL;

	fputs(" \\\n\t\t", out);
	if (again)
		fputs("'*'", out);
	else if (both)
		fprintf(out, "'(-%c --%s)'", option->letter, option->name);
	fputs(both ? "{" : "", out);
	if (option->letter != 0)
		fprintf(out, "-%c%s", option->letter, valued ? "+" : "");
	fputs(both ? "," : "", out);
	if (option->name != NULL)
		fprintf(out, "--%s%s", option->name, valued ? "=" : "");
	fprintf(out, "%s'[", both ? "}" : "");
	put_escaped(out, option->help);
	fputc(']', out);
	if (valued) {
		struct complete_value value = complete_option_value(option);

		put_value(out, option->metavar, &value);
	}
	fputc('\'', out);
}

static void
put_options(FILE *out, const struct cli_option *options)
{
	for (; complete_is_option(options); options++)
		put_option(out, options);
}

static void
put_verb(FILE *out, const struct cli_verb *verb)
{
	const struct cli_operand *operand = verb->operands;

	fprintf(out, "\t%s)\n\t\t_arguments -s -S", verb->name);
	put_options(out, verb->options);
	put_options(out, cli_common_options);
	for (; operand->metavar != NULL; operand++) {
		struct complete_value value = complete_operand_value(operand);

		fprintf(out, " \\\n\t\t'%s",
			operand->kind == CLI_TEXTS ? "*" : "");
		/* One after the other: the next free place. */
		if (operand->kind != CLI_TEXTS)
			fprintf(out, "%td", operand - verb->operands + 1);
		put_value(out, operand->metavar, &value);
		fputc('\'', out);
	}
	fputs(" ;;\n", out);
}

static void
put_verb_names(FILE *out, const struct complete_tool *tool)
{
	size_t i;

	fputs("_pier_verbs()\n{\n\tlocal -a verbs=(", out);
	for (i = 0; tool->verbs[i] != NULL; i++) {
		fprintf(out, "\n\t\t'%s:", tool->verbs[i]->name);
		put_escaped(out, tool->verbs[i]->summary);
		fputc('\'', out);
	}
	fputs("\n\t)\n\t_describe -t verbs verb verbs\n}\n\n"
	      "_pier_topics()\n{\n\t_pier_verbs\n"
	      "\tcompadd -- exit-codes endpoints\n}\n\n",
		out);
}

void
cli_complete_zsh(FILE *out, const struct complete_tool *tool)
{
	size_t i;

	fputs("#compdef pier\n"
	      "# zsh completion for pier(1), made by: pier --completions "
	      "zsh\n\n"
	      "_pier_endpoints()\n{\n"
	      "\tif [[ $PREFIX == [./]* ]]; then\n\t\t_files\n\telse\n"
	      "\t\tcompadd -S '' -- ",
		out);
	complete_schemes(out);
	fputs("\n\tfi\n}\n\n_pier_names()\n{\n\tcompadd -- ", out);
	complete_names(out, "");
	fputs("\n}\n\n_pier_settings()\n{\n\tcompadd -S '' -- ", out);
	complete_names(out, "=");
	fputs("\n}\n\n", out);
	put_verb_names(out, tool);
	fputs("_pier()\n{\n\tlocal curcontext=$curcontext state line\n"
	      "\ttypeset -A opt_args\n\n\t_arguments -C -s -S",
		out);
	put_options(out, tool->options);
	put_options(out, cli_common_options);
	fputs(" \\\n\t\t'1:verb:_pier_verbs' '*::word:->words'\n"
	      "\t[[ $state == words ]] || return\n"
	      "\tcase $line[1] in\n",
		out);
	for (i = 0; tool->verbs[i] != NULL; i++)
		put_verb(out, tool->verbs[i]);
	fputs("\tesac\n}\n\n_pier \"$@\"\n", out);
}
