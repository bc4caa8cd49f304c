/* SPDX-License-Identifier: MIT */
/*
 * pier opt without a socket: what the table says.
 */
#include "opt.h"

#include "json.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	unsigned int flag;
	const char *text;
} moments[] = {
	{ PIER_OPTION_BEFORE_BIND, "before binding" },
	{ PIER_OPTION_BEFORE_CONNECT, "before connecting or listening" },
	{ PIER_OPTION_CONNECTED, "once connected" },
};

const char *
opt_moment(const struct pier_option *option)
{
	size_t i;

	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
		if ((option->flags & moments[i].flag) != 0)
			return moments[i].text;
	return "at any time";
}

const char *
opt_access(const struct pier_option *option)
{
	unsigned int both = PIER_OPTION_GET | PIER_OPTION_SET;

	return (option->flags & both) == both           ? "get, set"
	       : (option->flags & PIER_OPTION_GET) != 0 ? "get"
							: "set";
}

/* The unit, as a person names it. */
const char *
opt_unit(const struct pier_option *option)
{
	const char *slash = strchr(option->layout, '/');

	if (slash == NULL || strchr(option->layout, ' ') != NULL)
		return strcmp(option->layout, "tv") == 0   ? "us"
		       : strcmp(option->layout, "lg") == 0 ? "s"
							   : NULL;
	slash++;
	return strcmp(slash, "B") == 0     ? "bytes"
	       : strcmp(slash, "Bps") == 0 ? "bytes per second"
					   : slash;
}

static int
print_event(const struct pier_option *option)
{
	json_t *event = cli_event("option");
	char value[256];

	cli_event_text(event, "name", option->name);
	cli_event_text(event, "constant", option->constant);
	cli_event_number(event, "level", option->level);
	cli_event_number(event, "number", option->number);
	cli_event_text(event, "c_type", option->type);
	cli_event_text(event, "unit", opt_unit(option));
	cli_event_text(event, "words", option->words);
	if (option->min != 0 || option->max != 0) {
		cli_event_number(event, "min", option->min);
		cli_event_number(event, "max", option->max);
	}
	cli_event_text(event, "default", option->initial);
	cli_event_text(event, "sysctl", option->sysctl);
	if (option->sysctl != NULL &&
		pier_option_sysctl(option, value, sizeof(value)) >= 0)
		cli_event_text(event, "sysctl_value", value);
	cli_event_flag(event, "get", (option->flags & PIER_OPTION_GET) != 0);
	cli_event_flag(event, "set", (option->flags & PIER_OPTION_SET) != 0);
	cli_event_text(event, "when", opt_moment(option));
	cli_event_text(event, "capability", option->capability);
	cli_event_text(event, "since", option->since);
	cli_event_text(event, "aliases", option->aliases);
	cli_event_text(event, "differs", option->differs);
	cli_event_text(event, "meaning", option->meaning);
	return cli_event_print(event, PIER_FOREVER);
}

static int
list_one(const struct pier_option *option, void *arg)
{
	const struct cli_tool *tool = arg;

	if (tool->json)
		return print_event(option);
	printf("%-30s %s\n", option->name, option->meaning);
	return 0;
}

/* Output that fails has said so by its code. */
static int
code_for(struct cli_tool *tool, int rc)
{
	if (rc >= 0 || rc == -EPIPE)
		return CLI_EXIT_OK;
	return cli_output_failed(tool, rc);
}

int
opt_list(struct opt *opt)
{
	return code_for(opt->tool, pier_option_each(-1, list_one, opt->tool));
}

struct search {
	const struct cli_tool *tool;
	const char *word;
	size_t found;
};

static bool
is_about(const struct pier_option *option, const char *word)
{
	const char *texts[] = { option->name, option->constant, option->meaning,
		option->aliases, option->words, option->sysctl,
		option->capability };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i] != NULL && strcasestr(texts[i], word) != NULL)
			return true;
	return false;
}

static int
search_one(const struct pier_option *option, void *arg)
{
	struct search *search = arg;

	if (!is_about(option, search->word))
		return 0;
	search->found++;
	if (search->tool->json)
		return print_event(option);
	printf("%-30s %s\n", option->name, option->meaning);
	return 0;
}

int
opt_search(struct opt *opt, const char *word)
{
	struct search search = { .tool = opt->tool, .word = word };
	int rc = pier_option_each(-1, search_one, &search);

	if (rc == 0 && search.found == 0) {
		cli_say(opt->tool, 0, "opt: no option is about \"%s\"", word);
		return CLI_EXIT_NO;
	}
	return code_for(opt->tool, rc);
}

static void
line(const char *what, const char *text)
{
	if (text != NULL && *text != '\0')
		printf("  %-10s %s\n", what, text);
}

static void
range_line(const struct pier_option *option)
{
	const char *unit = opt_unit(option);
	char text[128];

	if (option->min != 0 || option->max != 0) {
		snprintf(text, sizeof(text), "%lld to %lld",
			(long long)option->min, (long long)option->max);
		line("range", text);
	}
	line("unit", unit);
}

static void
explain_text(const struct pier_option *option)
{
	char value[256] = "";

	printf("%s  (%s, level %d, number %d, %s)\n  %s\n", option->name,
		option->constant, option->level, option->number, option->type,
		option->meaning);
	line("also", option->aliases);
	line("can", opt_access(option));
	line("words", option->words);
	range_line(option);
	line("default", option->initial);
	line("sysctl", option->sysctl);
	if (option->sysctl != NULL &&
		pier_option_sysctl(option, value, sizeof(value)) >= 0)
		line("  here", value);
	line("when", opt_moment(option));
	line("needs", option->capability);
	line("since", option->since);
	line("note", option->differs);
	if ((option->flags & PIER_OPTION_EFFECT) != 0)
		line("reading", "changes something: it is read only when it is "
				"named");
}

int
opt_explain(struct opt *opt, const char *name)
{
	const struct pier_option *option = pier_option_find(name);
	const char *near = option == NULL ? pier_option_nearest(name) : NULL;
	struct cli_complaint why = { .hint = "" };

	if (option == NULL) {
		snprintf(why.line, sizeof(why.line), "no option is called '%s'",
			name);
		if (near != NULL)
			snprintf(why.hint, sizeof(why.hint), "did you mean %s?",
				near);
		else
			snprintf(why.hint, sizeof(why.hint),
				"pier opt --search WORD looks for one");
		return cli_usage_error(opt->tool, "opt", &why);
	}
	if (opt->tool->json)
		return code_for(opt->tool, print_event(option));
	explain_text(option);
	return CLI_EXIT_OK;
}
