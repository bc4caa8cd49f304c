/* SPDX-License-Identifier: MIT */
/*
 * Help pages for people, made of the tables of options.h: one screen (-h), and
 * everything with the examples first (--help). The same tables give the
 * OPTIONS section of a manual page; a test compares it with the page.
 */
#ifndef PIER_CLI_PAGE_H
#define PIER_CLI_PAGE_H

#include "options.h"

#include <stdio.h>

/* What goes before and behind marked text; both empty without colour. */
struct cli_paint {
	const char *strong, *plain;
};

/* "usage: pier serve [OPTION...] HANDLER ENDPOINT..." */
void cli_page_usage(FILE *out, const struct cli_verb *verb);

/* One screen: 24 lines of 80 columns. */
void cli_page_short(
	FILE *out, const struct cli_verb *verb, const struct cli_paint *paint);

void cli_page_full(
	FILE *out, const struct cli_verb *verb, const struct cli_paint *paint);

/* Options with their groups as headings, as in cli_page_full(). */
void cli_page_options(FILE *out, const struct cli_option *options,
	const struct cli_paint *paint);

/* The options as mdoc: what stands between the markers of the verb's page. */
void cli_page_mdoc(FILE *out, const struct cli_verb *verb);

#endif
