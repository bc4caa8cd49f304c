/* SPDX-License-Identifier: MIT */
/*
 * The table of options as a manual page: one section for each level, made when
 * pier is built, so that the page and the library cannot disagree.
 */
#include "opt.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 76

static const char head[] =
	".\\\" SPDX-License-Identifier: MIT\n"
	".\\\" Made by: pier --man-table\n"
	".Dd November 26, 2026\n"
	".Dt PIER-OPTIONS 7\n"
	".Os\n"
	".Sh NAME\n"
	".Nm pier-options\n"
	".Nd the options of sockets, all of Linux's\n"
	".Sh DESCRIPTION\n"
	"What\n"
	".Xr pier-opt 1 ,\n"
	"the parameters of endpoints\n"
	".Pq Xr pier-endpoint 7\n"
	"and\n"
	".Xr pier_option_set 3\n"
	"know, level by level.\n"
	"Behind each name stand its constant, its level and number, and its\n"
	"type in C; below it what it means, and what it takes.\n"
	"A name may be written in full, in short, which is the part behind "
	"the\n"
	"dot, as its constant, or as\n"
	".Ar level : Ns Ar number .\n"
	".Pp\n"
	"The broadcast manager of CAN and Unix sockets have no options of\n"
	"their own: those of Unix sockets are among\n"
	".Sx socket .\n";

static const char tail[] = ".Sh SEE ALSO\n"
			   ".Xr pier-opt 1 ,\n"
			   ".Xr getsockopt 2 ,\n"
			   ".Xr pier_option_get 3 ,\n"
			   ".Xr pier_option_set 3 ,\n"
			   ".Xr ip 7 ,\n"
			   ".Xr ipv6 7 ,\n"
			   ".Xr packet 7 ,\n"
			   ".Xr pier-endpoint 7 ,\n"
			   ".Xr socket 7 ,\n"
			   ".Xr tcp 7 ,\n"
			   ".Xr udp 7 ,\n"
			   ".Xr unix 7\n";

struct page {
	FILE *out;
	char group[32];
};

/* Words on lines of their own, with what roff would take for a command made
   harmless. */
static void
put_words(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column > 0 && column + 1 + len > LINE_MAX_BYTES) {
			fputc('\n', out);
			column = 0;
		} else if (column > 0) {
			fputc(' ', out);
			column++;
		}
		if (column == 0 && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		if (*text == '-')
			fputs("\\-", out);
		fprintf(out, "%.*s", (int)(*text == '-' ? len - 1 : len),
			*text == '-' ? text + 1 : text);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

/* A sentence: a capital, and a full stop. */
static void
put_sentence(FILE *out, const char *lead, const char *text)
{
	char sentence[1024];

	snprintf(sentence, sizeof(sentence), "%s%s.", lead, text);
	sentence[0] = (char)toupper((unsigned char)sentence[0]);
	put_words(out, sentence);
}

static void
put_range(FILE *out, const struct pier_option *option)
{
	const char *unit = opt_unit(option);
	char text[160];

	if (unit != NULL)
		put_sentence(out, "in ", unit);
	if (option->min == 0 && option->max == 0)
		return;
	snprintf(text, sizeof(text), "%lld to %lld", (long long)option->min,
		(long long)option->max);
	put_sentence(out, "from ", text);
}

static void
put_option(FILE *out, const struct pier_option *option)
{
	fprintf(out, ".It Cm %s Pq Dv %s , No %d:%d , Vt %s\n", option->name,
		option->constant, option->level, option->number, option->type);
	put_sentence(out, "", option->meaning);
	fputs(".br\n", out);
	put_sentence(out, "", opt_access(option));
	if ((option->flags & PIER_OPTION_SET) != 0 &&
		strcmp(opt_moment(option), "at any time") != 0)
		put_sentence(out, "set ", opt_moment(option));
	if (option->words != NULL)
		put_sentence(out, "words: ", option->words);
	put_range(out, option);
	if (option->initial != NULL)
		put_sentence(out, "default: ", option->initial);
	if (option->sysctl != NULL)
		put_sentence(out, "sysctl: ", option->sysctl);
	if (option->capability != NULL)
		put_sentence(out, "takes ", option->capability);
	if (option->differs != NULL)
		put_sentence(out, "", option->differs);
	if (option->aliases != NULL)
		put_sentence(out, "also called ", option->aliases);
	put_sentence(out, "since Linux ", option->since);
}

static int
put_row(const struct pier_option *option, void *arg)
{
	struct page *page = arg;
	size_t len = strcspn(option->name, ".");

	if (strlen(page->group) != len ||
		strncmp(page->group, option->name, len) != 0) {
		if (*page->group != '\0')
			fputs(".El\n", page->out);
		snprintf(page->group, sizeof(page->group), "%.*s", (int)len,
			option->name);
		fprintf(page->out, ".Ss %s\n.Bl -tag -width Ds\n", page->group);
	}
	put_option(page->out, option);
	return ferror(page->out) ? -1 : 0;
}

int
opt_page(FILE *out)
{
	struct page page = { .out = out, .group = "" };
	int rc;

	fputs(head, out);
	rc = pier_option_each(-1, put_row, &page);
	fputs(".El\n", out);
	fputs(tail, out);
	return rc;
}
