/* SPDX-License-Identifier: MIT */
/* Pictures, character by character, at the widths that terminals have. */
#include "time_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static char text[TIME_GRAPH_TEXT];

static void
test_forty_columns(void **state)
{
	static const struct time_point points[] = { { true, -2000 },
		{ true, 0 }, { true, 2000 }, { false, 0 }, { true, -2000 } };

	(void)state;
	assert_int_equal(time_graph_draw(text, points, 5, 40, 5), 5 * 41);
	assert_string_equal(text, "     +2.000 us |                     o  \n"
				  "               |                        \n"
				  "         +0 ns |--------------------o---\n"
				  "               |                        \n"
				  "     -2.000 us |                   o  xo\n");
}

static void
test_nothing_known_has_no_scale(void **state)
{
	static const struct time_point points[] = { { false, 0 } };

	(void)state;
	(void)time_graph_draw(text, NULL, 0, 20, 3);
	assert_string_equal(text, "               |    \n"
				  "               |    \n"
				  "               |    \n");
	(void)time_graph_draw(text, points, 1, 20, 3);
	assert_string_equal(text, "               |    \n"
				  "               |    \n"
				  "               |   x\n");
}

static void
test_one_point_is_in_the_middle(void **state)
{
	static const struct time_point points[] = { { true, 1000000 } };

	(void)state;
	(void)time_graph_draw(text, points, 1, 20, 3);
	assert_string_equal(text, "  +1.000500 ms |    \n"
				  "  +1.000000 ms |   o\n"
				  "   +999.500 us |    \n");
}

static void
test_the_newest_are_shown(void **state)
{
	static const struct time_point points[] = { { true, 900000000 },
		{ true, 1000 }, { true, 2000 }, { true, 3000 },
		{ true, 4000 } };

	(void)state;
	/* Four have room, and the first one is not in the scale either. */
	(void)time_graph_draw(text, points, 5, 20, 4);
	assert_string_equal(text, "     +4.000 us |   o\n"
				  "               |  o \n"
				  "     +2.000 us | o  \n"
				  "     +1.000 us |o   \n");
}

/* Lines of a text, each of which must be that long. */
static int
lines_of(size_t width)
{
	const char *line = text, *end;
	int n = 0;

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1, n++)
		assert_int_equal(end - line, width);
	assert_int_equal(*line, '\0');
	return n;
}

static void
test_sizes_and_numbers_at_their_ends(void **state)
{
	static const struct time_point points[] = { { true, INT64_MAX },
		{ true, INT64_MIN }, { true, 0 }, { false, 0 } };

	(void)state;
	(void)time_graph_draw(text, points, 4, 1, 0);
	assert_int_equal(lines_of(TIME_GRAPH_COLUMNS_MIN), 3);
	(void)time_graph_draw(text, points, 4, 100000, 100000);
	assert_int_equal(lines_of(TIME_GRAPH_COLUMNS_MAX), TIME_GRAPH_ROWS_MAX);
	(void)time_graph_draw(text, points, 1, 80, 11);
	assert_int_equal(lines_of(80), 11);
	(void)time_graph_draw(text, points + 1, 1, 80, 11);
	assert_int_equal(lines_of(80), 11);
}

static void
test_lines_are_cut_by_columns(void **state)
{
	char line[] = "offset \u00b1 5";

	(void)state;
	assert_int_equal(time_graph_fit(line, 100), 11);
	assert_int_equal(time_graph_fit(line, 8), 9);
	assert_string_equal(line, "offset \u00b1");
	assert_int_equal(time_graph_fit(line, 7), 7);
	assert_string_equal(line, "offset ");
	assert_int_equal(time_graph_fit(line, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forty_columns),
		cmocka_unit_test(test_nothing_known_has_no_scale),
		cmocka_unit_test(test_one_point_is_in_the_middle),
		cmocka_unit_test(test_the_newest_are_shown),
		cmocka_unit_test(test_sizes_and_numbers_at_their_ends),
		cmocka_unit_test(test_lines_are_cut_by_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
