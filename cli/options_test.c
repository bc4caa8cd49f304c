/* SPDX-License-Identifier: MIT */
/*
 * The parser against a table with one option of every kind: each way of
 * writing a value, and each complaint with its hint, word for word, because
 * they are what a user reads.
 */
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct settings {
	struct cli_common common;
	bool probe;
	const char *bind;
	struct cli_texts also;
	int64_t model, workers, room, wait, handler;
	struct cli_command run;
	struct cli_texts endpoints;
};

#define AT(field) offsetof(struct settings, field)

static const struct cli_word models[] = {
	{ "iterative", 1, NULL },
	{ "thread", 2, NULL },
	{ "fiber", 3, NULL },
	{ NULL, 0, NULL },
};

static const struct cli_word cores[] = {
	{ "cores", -1, NULL },
	{ NULL, 0, NULL },
};

static const struct cli_option options[] = {
	{ "probe", 'z', CLI_FLAG, NULL, "G", "h", NULL, NULL, 0, 0, AT(probe),
		0 },
	{ "bind", 'b', CLI_TEXT, "ADDR", "G", "h", NULL, NULL, 0, 0, AT(bind),
		1 },
	{ "also", 0, CLI_TEXTS, "TEXT", "G", "h", NULL, NULL, 0, 0, AT(also),
		0 },
	{ "model", 0, CLI_CHOICE, "MODEL", "G", "h", NULL, models, 0, 0,
		AT(model), 0 },
	{ "workers", 'w', CLI_COUNT, "N", "G", "h", NULL, cores, 1, 256,
		AT(workers), 0 },
	{ "room", 0, CLI_SIZE, "SIZE", "G", "h", NULL, NULL, 1, 1 << 20,
		AT(room), 2 },
	{ "wait", 0, CLI_DURATION, "TIME", "G", "h", NULL, NULL, 1000000,
		INT64_C(3600000000000), AT(wait), 3 },
	{ "run", 0, CLI_COMMAND, "CMD", "G", "h", NULL, NULL, 0, 0, AT(run),
		0 },
	{ NULL },
};

static const struct cli_operand operands[] = {
	{ "MODEL", CLI_CHOICE, "who runs it", models, 1, AT(handler) },
	{ "ENDPOINT", CLI_TEXTS, "where to listen", NULL, 1, AT(endpoints) },
	{ NULL },
};

static const struct cli_example examples[] = {
	{ "pier try fiber tcp://:7000", "x" },
	{ NULL, NULL },
};

static const struct cli_verb verb = { .name = "try",
	.examples = examples,
	.options = options,
	.operands = operands,
	.settings_size = sizeof(struct settings) };

static struct settings settings;
static struct cli_complaint why;

#define PARSE(...) \
	parse_words((const char *const[]){ "fiber", "a", __VA_ARGS__, NULL })
#define PARSE_ALL(...) parse_words((const char *const[]){ __VA_ARGS__, NULL })

static int
parse_words(const char *const *words)
{
	int n = 0;

	while (words[n] != NULL)
		n++;
	memset(&settings, 0, sizeof(settings));
	return cli_parse(&verb, n, (char **)words, &settings, &why);
}

#define assert_wrong(call, expected_line, expected_hint)      \
	do {                                                  \
		assert_int_equal(call, -1);                   \
		assert_string_equal(why.line, expected_line); \
		assert_string_equal(why.hint, expected_hint); \
	} while (0)

#define USAGE "'pier try -h' shows the usage"

static void
test_values_are_written_three_ways(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--workers=3", "--bind", "here"), 0);
	assert_int_equal(settings.workers, 3);
	assert_string_equal(settings.bind, "here");
	assert_int_equal(PARSE("-w7", "-b", "-dash"), 0);
	assert_int_equal(settings.workers, 7);
	assert_string_equal(settings.bind, "-dash");
	assert_int_equal(PARSE("--bind="), 0);
	assert_string_equal(settings.bind, "");
	assert_int_equal(PARSE("--bind=a=b"), 0);
	assert_string_equal(settings.bind, "a=b");
}

static void
test_each_kind(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--model", "thread", "--room", "64k", "--wait",
				 "1.5m", "--also", "x", "--also=y"),
		0);
	assert_int_equal(settings.model, 2);
	assert_int_equal(settings.room, 64000);
	assert_int_equal(settings.wait, INT64_C(90000000000));
	assert_int_equal(settings.also.n, 2);
	assert_string_equal(settings.also.item[1], "y");
	assert_int_equal(PARSE("--workers=cores"), 0);
	assert_int_equal(settings.workers, -1);
	assert_int_equal(PARSE("-w1", "-w2"), 0);
	assert_int_equal(settings.workers, 2);
}

static void
test_clusters(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-vzvw5"), 0);
	assert_int_equal(settings.common.verbose, 2);
	assert_true(settings.probe);
	assert_int_equal(settings.workers, 5);
}

static void
test_flags_stand_anywhere(void **state)
{
	(void)state;
	assert_int_equal(
		PARSE_ALL("-v", "thread", "--json", "a", "-z", "b"), 0);
	assert_int_equal(settings.handler, 2);
	assert_int_equal(settings.endpoints.n, 2);
	assert_string_equal(settings.endpoints.item[1], "b");
	assert_true(settings.probe && settings.common.json);
}

static void
test_two_dashes_end_the_flags(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--", "-z", "--", "-"), 0);
	assert_false(settings.probe);
	assert_int_equal(settings.endpoints.n, 4);
	assert_string_equal(settings.endpoints.item[1], "-z");
	assert_string_equal(settings.endpoints.item[2], "--");
	assert_string_equal(settings.endpoints.item[3], "-");
}

static void
test_what_was_given_in_vain(void **state)
{
	const struct cli_option *room = &options[5], *bind = &options[1];

	(void)state;
	assert_int_equal(PARSE("-w3", "-z", "--wait=1s"), 0);
	assert_int_equal(settings.common.given, 1 << 0 | 1 << 4 | 1 << 6);
	assert_null(cli_given_in_vain(options, &settings.common, 1));
	assert_null(cli_given_in_vain(options, &settings.common, 2));
	assert_ptr_equal(
		cli_given_in_vain(options, &settings.common, 4), &options[6]);
	assert_int_equal(PARSE("-v", "--room", "1", "-bx"), 0);
	assert_ptr_equal(cli_given_in_vain(options, &settings.common, 1), room);
	assert_ptr_equal(cli_given_in_vain(options, &settings.common, 2), bind);
}

static void
test_help_ends_parsing(void **state)
{
	(void)state;
	assert_int_equal(PARSE_ALL("-h", "--nonsense"), 0);
	assert_int_equal(settings.common.help, CLI_HELP_SHORT);
	assert_int_equal(PARSE_ALL("--help"), 0);
	assert_int_equal(settings.common.help, CLI_HELP_FULL);
	assert_int_equal(PARSE_ALL("-zh"), 0);
	assert_int_equal(settings.common.help, CLI_HELP_SHORT);
}

static void
test_unknown_options(void **state)
{
	(void)state;
	assert_wrong(PARSE("--wrokers=3"), "unknown option '--wrokers'",
		"did you mean '--workers'?");
	assert_wrong(PARSE("--qiuet"), "unknown option '--qiuet'",
		"did you mean '--quiet'?");
	assert_wrong(PARSE("--work"), "unknown option '--work'", USAGE);
	assert_wrong(PARSE("-x"), "unknown option '-x'", USAGE);
	assert_wrong(PARSE("-zx"), "unknown option '-x'", USAGE);
	assert_wrong(PARSE("---"), "unknown option '---'", USAGE);
}

static void
test_bad_values(void **state)
{
	(void)state;
	assert_wrong(PARSE("--workers", "many"),
		"--workers: cannot use 'many'; expected a whole number "
		"from 1 to 256, or cores",
		USAGE);
	assert_wrong(PARSE("-w0"),
		"-w: out of range: '0'; expected a whole number "
		"from 1 to 256, or cores",
		USAGE);
	assert_wrong(PARSE("--workers=core"),
		"--workers: cannot use 'core'; expected a whole number "
		"from 1 to 256, or cores",
		"did you mean 'cores'?");
	assert_wrong(PARSE("--wait=2x"),
		"--wait: cannot use '2x'; expected a duration such as 10ms, "
		"2s or 1.5m, from 1ms to 1h",
		USAGE);
	assert_wrong(PARSE("--room=2Mi"),
		"--room: out of range: '2Mi'; expected a size such as 4096, "
		"64k or 1Mi, from 1 to 1048576",
		USAGE);
	assert_wrong(PARSE("--model=fibre"),
		"--model: cannot use 'fibre'; expected iterative, thread "
		"or fiber",
		"did you mean 'fiber'?");
}

static void
test_missing_and_superfluous_values(void **state)
{
	(void)state;
	assert_wrong(PARSE("--workers"),
		"--workers needs a value: a whole number from 1 to 256, "
		"or cores",
		USAGE);
	assert_wrong(PARSE("-zb"), "-b needs a value: a text", USAGE);
	assert_wrong(PARSE("--probe=yes"), "--probe takes no value: 'yes'",
		"write '--probe' alone");
}

static void
test_operands(void **state)
{
	(void)state;
	assert_wrong(PARSE_ALL("-v"), "MODEL is missing: who runs it",
		"for example: pier try fiber tcp://:7000");
	assert_wrong(PARSE_ALL("fiber"), "ENDPOINT is missing: where to listen",
		"for example: pier try fiber tcp://:7000");
	assert_wrong(PARSE_ALL("fork", "a"),
		"MODEL: cannot use 'fork'; expected iterative, thread "
		"or fiber",
		USAGE);
}

static void
test_a_choice_may_be_left_out(void **state)
{
	struct cli_operand optional[3];
	struct cli_verb with = verb;
	const char *words[] = { "tcp://:1", "fiber", NULL };

	(void)state;
	memcpy(optional, operands, sizeof(optional));
	optional[0].min = 0;
	with.operands = optional;
	memset(&settings, 0, sizeof(settings));
	assert_int_equal(
		cli_parse(&with, 1, (char **)words, &settings, &why), 0);
	assert_int_equal(settings.handler, 0);
	assert_string_equal(settings.endpoints.item[0], "tcp://:1");
	/* Its turn is over then. */
	memset(&settings, 0, sizeof(settings));
	assert_int_equal(
		cli_parse(&with, 2, (char **)words, &settings, &why), 0);
	assert_int_equal(settings.endpoints.n, 2);
	/* A word that may be a slip is not taken for an endpoint. */
	words[0] = "fibre";
	assert_wrong(cli_parse(&with, 1, (char **)words, &settings, &why),
		"MODEL: cannot use 'fibre'; expected iterative, thread or "
		"fiber",
		"did you mean 'fiber'?");
	memset(&settings, 0, sizeof(settings));
	assert_wrong(cli_parse(&with, 0, (char **)words, &settings, &why),
		"ENDPOINT is missing: where to listen",
		"for example: pier try fiber tcp://:7000");
}

static void
test_a_command_is_all_that_is_left(void **state)
{
	(void)state;
	assert_int_equal(
		PARSE("-z", "--run", "ls", "-z", "--run", "--", "x"), 0);
	assert_true(settings.probe);
	assert_int_equal(settings.endpoints.n, 1);
	assert_string_equal(settings.run.words[0], "ls");
	assert_string_equal(settings.run.words[1], "-z");
	assert_string_equal(settings.run.words[3], "--");
	assert_string_equal(settings.run.words[4], "x");
	assert_null(settings.run.words[5]);
	assert_int_equal(PARSE("--run=ls", "x"), 0);
	assert_string_equal(settings.run.words[0], "ls");
	assert_string_equal(settings.run.words[1], "x");
	assert_int_equal(PARSE("b"), 0);
	assert_null(settings.run.words);
	assert_wrong(PARSE("--run"),
		"--run needs a value: a program, and its arguments behind it",
		USAGE);
}

static void
test_too_many_values(void **state)
{
	const char *words[CLI_TEXTS_MAX + 3] = { "fiber" };
	size_t i;

	(void)state;
	for (i = 1; i <= CLI_TEXTS_MAX; i++)
		words[i] = "a";
	assert_int_equal(parse_words(words), 0);
	assert_int_equal(settings.endpoints.n, CLI_TEXTS_MAX);
	words[i] = "last";
	assert_wrong(parse_words(words),
		"ENDPOINT: 'last' is one too many, 64 is most", USAGE);
}

static void
test_flags_before_the_verb(void **state)
{
	static const struct cli_option none[] = { { NULL } };
	const char *words[] = { "-v", "--color", "never", "try", "--x" };
	struct cli_common common = { CLI_HELP_NONE };

	(void)state;
	assert_int_equal(
		cli_parse_head(none, 5, (char **)words, &common, &why), 3);
	assert_int_equal(common.verbose, 1);
	assert_int_equal(common.color, CLI_COLOR_NEVER);
	words[0] = "--workers=2";
	assert_wrong(cli_parse_head(none, 5, (char **)words, &common, &why),
		"unknown option '--workers'",
		"the options of a verb stand behind it: "
		"'pier VERB --option'");
}

static void
test_verbs(void **state)
{
	static const struct cli_verb serve = { .name = "serve" };
	static const struct cli_verb connect = { .name = "connect" };
	static const struct cli_verb *const verbs[] = { &serve, &connect,
		NULL };

	(void)state;
	assert_ptr_equal(cli_verb_named(verbs, "connect"), &connect);
	assert_null(cli_verb_named(verbs, "conn"));
	cli_verb_unknown(verbs, "sevre", &why);
	assert_string_equal(why.line, "unknown verb 'sevre'");
	assert_string_equal(why.hint, "did you mean 'pier serve'?");
	cli_verb_unknown(verbs, "conn", &why);
	assert_string_equal(why.hint, "'pier help' lists the verbs");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_are_written_three_ways),
		cmocka_unit_test(test_each_kind),
		cmocka_unit_test(test_clusters),
		cmocka_unit_test(test_flags_stand_anywhere),
		cmocka_unit_test(test_two_dashes_end_the_flags),
		cmocka_unit_test(test_what_was_given_in_vain),
		cmocka_unit_test(test_help_ends_parsing),
		cmocka_unit_test(test_unknown_options),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_missing_and_superfluous_values),
		cmocka_unit_test(test_operands),
		cmocka_unit_test(test_a_choice_may_be_left_out),
		cmocka_unit_test(test_a_command_is_all_that_is_left),
		cmocka_unit_test(test_too_many_values),
		cmocka_unit_test(test_flags_before_the_verb),
		cmocka_unit_test(test_verbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
