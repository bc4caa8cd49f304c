/* SPDX-License-Identifier: MIT */
/*
 * Completions for bash: one case statement with what the tables say, and below
 * it the same few lines for every verb. They need nothing of the package
 * bash-completion but its folder.
 */
#include "complete.h"

#include "store.h"

static const char head[] =
	"# bash completion for pier(1), made by: pier --completions bash\n"
	"\n"
	"# _pier_table VERB WHAT: what can stand there, in REPLY. WHAT is an\n"
	"# option, the number of an operand, \"options\", or \"valued\": the\n"
	"# options that take a value.\n"
	"_pier_table()\n"
	"{\n"
	"\tcase \"$1 $2\" in\n";

/*
 * The words are cut at blanks, not at COMP_WORDBREAKS, which cuts endpoints
 * and --option=value; what bash believes to stand before the word it completes
 * is taken off the answers at the end.
 */
static const char tail[] =
	"\t*) REPLY= ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"# _pier_offer WHAT WORD: the answers for WORD.\n"
	"_pier_offer()\n"
	"{\n"
	"\tcase $1 in\n"
	"\t@file)\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$2\") ;;\n"
	"\t@command)\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -c -- \"$2\") ;;\n"
	"\t@endpoint)\n"
	"\t\tif [[ $2 == [./]* ]]; then\n"
	"\t\t\t_pier_offer @file \"$2\"\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\t\tcompopt -o nospace 2>/dev/null\n"
	"\t\t_pier_table '' schemes\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$REPLY\" -- \"$2\") ;;\n"
	"\t@name)\n"
	"\t\t_pier_table '' names\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$REPLY\" -- \"$2\") ;;\n"
	"\t@setting)\n"
	"\t\tcompopt -o nospace 2>/dev/null\n"
	"\t\t_pier_table '' names\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -S = -W \"$REPLY\" -- "
	"\"$2\") ;;\n"
	"\t*)\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\") ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"_pier()\n"
	"{\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} verb= operand=0 before= cut=\n"
	"\tlocal cur valued i ended= REPLY\n"
	"\tlocal -a words\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\tread -ra words <<<\"$line\"\n"
	"\t[[ $line == *[[:blank:]] ]] && words+=('')\n"
	"\tcur=${words[-1]}\n"
	"\t_pier_table '' valued\n"
	"\tvalued=\" $REPLY \"\n"
	"\tfor ((i = 1; i < ${#words[@]} - 1; i++)); do\n"
	"\t\tbefore=\n"
	"\t\tif [[ -z $ended && ${words[i]} == -- ]]; then\n"
	"\t\t\tended=1\n"
	"\t\telif [[ -z $ended && $valued == *\" ${words[i]} \"* ]]; then\n"
	"\t\t\tbefore=${words[i++]}\n"
	"\t\telif [[ -z $ended && ${words[i]} == -?* ]]; then\n"
	"\t\t\tcontinue\n"
	"\t\telif [[ -z $verb ]]; then\n"
	"\t\t\tverb=${words[i]}\n"
	"\t\t\t_pier_table \"$verb\" valued\n"
	"\t\t\tvalued=\" $REPLY \"\n"
	"\t\telse\n"
	"\t\t\t((operand++))\n"
	"\t\tfi\n"
	"\tdone\n"
	"\t# A value that follows its option was stepped over.\n"
	"\t((i == ${#words[@]})) || before=\n"
	"\tif [[ -n $before ]]; then\n"
	"\t\t_pier_table \"$verb\" \"$before\"\n"
	"\telif [[ -z $ended && $cur == --*=* ]]; then\n"
	"\t\t_pier_table \"$verb\" \"${cur%%=*}\"\n"
	"\t\t[[ $COMP_WORDBREAKS == *=* ]] || cut=${cur%%=*}=\n"
	"\t\tcur=${cur#*=}\n"
	"\telif [[ -z $ended && $cur == -* ]]; then\n"
	"\t\t_pier_table \"$verb\" options\n"
	"\telif [[ -z $verb ]]; then\n"
	"\t\t_pier_table '' verbs\n"
	"\telse\n"
	"\t\t_pier_table \"$verb\" \"$operand\"\n"
	"\t\t[[ -n $REPLY ]] || _pier_table \"$verb\" more\n"
	"\tfi\n"
	"\t_pier_offer \"$REPLY\" \"$cur\"\n"
	"\t# What follows a colon is typed.\n"
	"\t[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *: ]] ||\n"
	"\t\tcompopt -o nospace 2>/dev/null\n"
	"\t[[ -z $cut ]] || COMPREPLY=(\"${COMPREPLY[@]/#/$cut}\")\n"
	"\tif [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then\n"
	"\t\tcut=${cur%\"${cur##*:}\"}\n"
	"\t\tCOMPREPLY=(\"${COMPREPLY[@]#\"$cut\"}\")\n"
	"\tfi\n"
	"}\n"
	"\n"
	"complete -F _pier pier\n";

static void
put_verbs(FILE *out, const struct complete_tool *tool)
{
	size_t i;

	for (i = 0; tool->verbs[i] != NULL; i++)
		fprintf(out, "%s%s", i > 0 ? " " : "", tool->verbs[i]->name);
}

static void
put_value(FILE *out, const struct complete_tool *tool,
	const struct complete_value *value)
{
	switch (value->kind) {
	case COMPLETE_FILE:
		fputs("@file", out);
		break;
	case COMPLETE_ENDPOINT:
		fputs("@endpoint", out);
		break;
	case COMPLETE_COMMAND:
		fputs("@command", out);
		break;
	case COMPLETE_NAME:
		fputs("@name", out);
		break;
	case COMPLETE_SETTING:
		fputs("@setting", out);
		break;
	case COMPLETE_TOPIC:
		put_verbs(out, tool);
		fprintf(out, " %s", value->more);
		break;
	case COMPLETE_WORDS:
		complete_words(out, value);
		break;
	case COMPLETE_NOTHING:
		break;
	}
}

static void
put_names(FILE *out, const struct cli_option *options)
{
	for (; complete_is_option(options); options++)
		if (options->name != NULL)
			fprintf(out, " --%s", options->name);
		else
			fprintf(out, " -%c", options->letter);
}

static void
put_options(FILE *out, const struct complete_tool *tool, const char *verb,
	const struct cli_option *options)
{
	for (; complete_is_option(options); options++) {
		struct complete_value value = complete_option_value(options);

		if (!cli_takes_value(options))
			continue;
		fputs("\t", out);
		if (options->letter != 0)
			fprintf(out, "'%s -%c'%s", verb, options->letter,
				options->name != NULL ? " | " : "");
		if (options->name != NULL)
			fprintf(out, "'%s --%s'", verb, options->name);
		fputs(") REPLY='", out);
		put_value(out, tool, &value);
		fputs("' ;;\n", out);
	}
}

static void
put_verb(FILE *out, const struct complete_tool *tool, const char *verb,
	const struct cli_option *options, const struct cli_operand *operand)
{
	size_t i;

	fprintf(out, "\t'%s options') REPLY='", verb);
	put_names(out, options);
	put_names(out, cli_common_options);
	fprintf(out, "' ;;\n\t'%s valued') REPLY='", verb);
	complete_valued(out, options);
	fputs(" ", out);
	complete_valued(out, cli_common_options);
	fputs("' ;;\n", out);
	put_options(out, tool, verb, options);
	put_options(out, tool, verb, cli_common_options);
	for (i = 0; operand != NULL && operand->metavar != NULL;
		operand++, i++) {
		struct complete_value value = complete_operand_value(operand);

		fprintf(out, "\t'%s %zu'", verb, i);
		if (operand->kind == CLI_TEXTS)
			fprintf(out, " | '%s more'", verb);
		fputs(") REPLY='", out);
		put_value(out, tool, &value);
		fputs("' ;;\n", out);
	}
}

void
cli_complete_bash(FILE *out, const struct complete_tool *tool)
{
	size_t i;

	fputs(head, out);
	fputs("\t' verbs') REPLY='", out);
	put_verbs(out, tool);
	fputs("' ;;\n\t' schemes') REPLY='", out);
	complete_schemes(out);
	fputs("' ;;\n\t' names') REPLY='", out);
	complete_names(out, "");
	fputs("' ;;\n", out);
	put_verb(out, tool, "", tool->options, NULL);
	for (i = 0; tool->verbs[i] != NULL; i++)
		put_verb(out, tool, tool->verbs[i]->name,
			tool->verbs[i]->options, tool->verbs[i]->operands);
	fputs(tail, out);
}
