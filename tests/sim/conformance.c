/* SPDX-License-Identifier: MIT */
/* tests/sim/conformance.c - plays every scenario everywhere; see scenario.h. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/sim_engine.h"

long
say(struct stage *stage, const char *call, long rc)
{
	if (rc < 0)
		(void)fprintf(
			stage->said, "%s %s ", call, pier_error_name((int)rc));
	else
		(void)fprintf(stage->said, "%s %ld ", call, rc);
	return rc;
}

int
say_ok(struct stage *stage, const char *call, int rc)
{
	if (rc < 0)
		return (int)say(stage, call, rc);
	(void)fprintf(stage->said, "%s ok ", call);
	return rc;
}

void
say_text(struct stage *stage, const char *text, size_t len)
{
	(void)fprintf(stage->said, "\"%.*s\" ", (int)len, text);
}

struct ends
ends_open(struct stage *stage, const char *endpoint)
{
	struct ends ends = { 0 };
	char where[160];

	if (say_ok(stage, "listen",
		    pier_listen(&ends.listener, endpoint, NULL, SOON)) < 0)
		return ends;
	(void)pier_listener_endpoint(ends.listener, where, sizeof(where));
	(void)say_ok(stage, "dial", pier_dial(&ends.client, where, NULL, SOON));
	(void)say_ok(stage, "accept",
		pier_accept(&ends.server, ends.listener, SOON));
	return ends;
}

void
ends_close(struct ends *ends)
{
	pier_close(ends->client);
	pier_close(ends->server);
	pier_listener_close(ends->listener);
}

struct play {
	const struct scenario *scenario;
	struct stage stage;
};

static int
play(void *arg)
{
	struct play *it = arg;

	it->scenario->play(&it->stage);
	return 0;
}

enum where {
	ON_KERNEL_FIBERS,
	ON_KERNEL_THREADS,
	ON_SIMULATOR
};

/* What the scenario says there; the caller's. */
static char *
played(const struct scenario *scenario, enum where where)
{
	struct play it = { .scenario = scenario, .stage = { .dir = "/sim" } };
	struct pier_run_opts opts = { .kind = where == ON_KERNEL_THREADS
						      ? PIER_TASK_THREAD
						      : PIER_TASK_FIBER };
	struct pier__sim *sim;
	char *text = NULL;
	size_t size;

	it.stage.said = open_memstream(&text, &size);
	assert_non_null(it.stage.said);
	if (where == ON_SIMULATOR) {
		sim = pier__sim_open(1);
		assert_int_equal(pier__sim_run(sim, play, &it), 0);
		assert_int_equal(pier__sim_open_count(sim), 0);
		pier__sim_close(sim);
	} else {
		strcpy(it.stage.dir, "/tmp/pier-sim-XXXXXX");
		assert_non_null(mkdtemp(it.stage.dir));
		assert_int_equal(pier_run(play, &it, &opts, NULL), 0);
		assert_int_equal(rmdir(it.stage.dir), 0);
	}
	(void)fclose(it.stage.said);
	if (size > 0 && text[size - 1] == ' ')
		text[size - 1] = '\0';
	return text;
}

/* A kernel that has no time may deliver a packet late; what is different for
   good is different every time. */
#define TRIES 4

static void
says_the_same_everywhere(void **state)
{
	const struct scenario *scenario = *state;
	char *text;

	for (enum where where = ON_KERNEL_FIBERS; where <= ON_SIMULATOR;
		where++) {
		text = played(scenario, where);
		for (int i = 1; i < TRIES && where != ON_SIMULATOR &&
				strcmp(text, scenario->says) != 0;
			i++) {
			free(text);
			text = played(scenario, where);
		}
		assert_string_equal(text, scenario->says);
		free(text);
	}
}

static size_t
add(struct CMUnitTest *tests, const struct scenario *scenarios)
{
	size_t count = 0;

	for (; scenarios[count].name != NULL; count++)
		tests[count] = (struct CMUnitTest){
			.name = scenarios[count].name,
			.test_func = says_the_same_everywhere,
			.initial_state = (void *)(uintptr_t)&scenarios[count],
		};
	return count;
}

int
main(void)
{
	static struct CMUnitTest tests[100];
	size_t count = 0;

	count += add(tests + count, tcp_scenarios);
	count += add(tests + count, unix_scenarios);
	count += add(tests + count, datagram_scenarios);
	return _cmocka_run_group_tests("conformance", tests, count, NULL, NULL);
}
