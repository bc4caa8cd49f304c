/* SPDX-License-Identifier: MIT */
/*
 * What the completions of all shells share: which values an option can have.
 */
#include "complete.h"

#include "frames.h"
#include "store.h"

#include <pier.h>

#include <string.h>

/* Every scheme that an endpoint may ever have, with text that is right behind
   it; the library says which of them it knows. */
static const char *const schemes[][2] = {
	{ "tcp://", "a:1" },
	{ "tcp4://", "a:1" },
	{ "tcp6://", "a:1" },
	{ "udp://", "a:1" },
	{ "udp4://", "a:1" },
	{ "udp6://", "a:1" },
	{ "icmp://", "a" },
	{ "icmp4://", "a" },
	{ "icmp6://", "a" },
	{ "unix://", "/a" },
	{ "unixgram://", "/a" },
	{ "seqpacket://", "/a" },
	{ "vsock://", "2:1" },
	{ "raw://", "a/1" },
	{ "raw4://", "a/1" },
	{ "raw6://", "a/1" },
	{ "tipc://", "1/1" },
	{ "rfcomm://", "*/1" },
	{ "l2cap://", "*/1" },
	{ "isotp://", "a/1/2" },
	{ "tls://", "a:1" },
	{ "fd://", "3" },
};

bool
complete_is_option(const struct cli_option *option)
{
	return option->name != NULL || option->letter != 0;
}

/* A text is what its metavar says. */
static enum complete_kind
kind_of_text(const char *metavar)
{
	static const struct {
		const char *metavar;
		enum complete_kind kind;
	} known[] = {
		{ "FILE", COMPLETE_FILE },
		{ "ENDPOINT", COMPLETE_ENDPOINT },
		{ "TOPIC", COMPLETE_TOPIC },
		{ "KIND|NAME[=VALUE]", COMPLETE_NAME },
		{ "NAME=VALUE", COMPLETE_SETTING },
		{ "CMD", COMPLETE_COMMAND },
		{ "CMD...", COMPLETE_COMMAND },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(metavar, known[i].metavar) == 0)
			return known[i].kind;
	return COMPLETE_NOTHING;
}

struct complete_value
complete_option_value(const struct cli_option *option)
{
	struct complete_value value = { .words = option->words, .more = "" };

	if (option->kind == CLI_TEXT && strcmp(option->metavar, "KIND") == 0)
		value.words = cli_frame_words;
	if (option->kind == CLI_DURATION)
		value.more = "100ms 1s 5s 30s 5m";
	else if (option->kind == CLI_SIZE)
		value.more = "4Ki 64Ki 1Mi";
	if (value.words != NULL || *value.more != '\0')
		value.kind = COMPLETE_WORDS;
	else if (option->metavar != NULL)
		value.kind = kind_of_text(option->metavar);
	else if (option->kind == CLI_COMMAND)
		value.kind = COMPLETE_COMMAND;
	return value;
}

struct complete_value
complete_operand_value(const struct cli_operand *operand)
{
	struct complete_value value = { .words = operand->words, .more = "" };

	value.kind = value.words != NULL ? COMPLETE_WORDS
					 : kind_of_text(operand->metavar);
	if (value.kind == COMPLETE_TOPIC)
		value.more = "exit-codes endpoints";
	return value;
}

void
complete_schemes(FILE *out)
{
	const char *gap = "";
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", schemes[i][0],
			schemes[i][1]);
		if (pier_endpoint_check(text, NULL) < 0)
			continue;
		fprintf(out, "%s%s", gap, schemes[i][0]);
		gap = " ";
	}
}

struct names {
	FILE *out;
	const char *gap, *behind;
};

static int
put_name(const struct pier_option *option, void *arg)
{
	struct names *names = arg;

	fprintf(names->out, "%s%s%s", names->gap, option->name, names->behind);
	names->gap = " ";
	return 0;
}

void
complete_names(FILE *out, const char *behind)
{
	struct names names = { .out = out, .gap = "", .behind = behind };

	(void)pier_option_each(-1, put_name, &names);
}

size_t
complete_word_len(const char *word)
{
	const char *colon = strchr(word, ':');

	if (colon != NULL && colon[1] >= 'A' && colon[1] <= 'Z')
		return (size_t)(colon + 1 - word);
	return strlen(word);
}

void
complete_words(FILE *out, const struct complete_value *value)
{
	const struct cli_word *word = value->words;
	const char *gap = "";

	for (; word != NULL && word->word != NULL; word++) {
		fprintf(out, "%s%.*s", gap, (int)complete_word_len(word->word),
			word->word);
		gap = " ";
	}
	if (*value->more != '\0')
		fprintf(out, "%s%s", gap, value->more);
}

void
complete_valued(FILE *out, const struct cli_option *options)
{
	const char *gap = "";

	for (; complete_is_option(options); options++) {
		if (!cli_takes_value(options))
			continue;
		if (options->letter != 0) {
			fprintf(out, "%s-%c", gap, options->letter);
			gap = " ";
		}
		if (options->name != NULL)
			fprintf(out, "%s--%s", gap, options->name);
		gap = " ";
	}
}

int
cli_complete(FILE *out, const char *shell, const struct complete_tool *tool)
{
	static const struct {
		const char *shell;
		void (*print)(FILE *out, const struct complete_tool *tool);
	} shells[] = {
		{ "bash", cli_complete_bash },
		{ "zsh", cli_complete_zsh },
		{ "fish", cli_complete_fish },
	};
	size_t i;

	for (i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shell, shells[i].shell) != 0)
			continue;
		shells[i].print(out, tool);
		return 0;
	}
	return -1;
}
