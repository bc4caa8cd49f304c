/* SPDX-License-Identifier: MIT */
/* two_ends.c - see two_ends.h. */
#include "two_ends.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "io/sim_engine.h"

struct two_ends ends;

static struct {
	pier_task_fn *write, *read;
} tasks;

static void
connect_ends(bool tcp)
{
	struct pier_listener *listener = NULL;

	if (!tcp) {
		assert_int_equal(pier_pair(&ends.writer, &ends.reader), 0);
		return;
	}
	assert_int_equal(
		pier_listen(&listener, "tcp://10.0.0.1:9", NULL, PIER_FOREVER),
		0);
	assert_int_equal(
		pier_dial(&ends.writer, "tcp://10.0.0.1:9", NULL, PIER_FOREVER),
		0);
	assert_int_equal(pier_accept(&ends.reader, listener, PIER_FOREVER), 0);
	pier_listener_close(listener);
}

static int
scene(void *arg)
{
	struct pier_group *group = NULL;

	connect_ends(*(const bool *)arg);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, tasks.write, NULL), 0);
	assert_int_equal(pier_go(group, tasks.read, NULL), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	pier_close(ends.writer);
	pier_close(ends.reader);
	return 0;
}

void
two_ends_play(bool tcp, pier_task_fn *write, pier_task_fn *read)
{
	struct pier__sim *sim = pier__sim_open(ends.chance);

	tasks.write = write;
	tasks.read = read;
	pier__sim_limits(sim)->sndbuf = 2000 << ends_draw(8);
	pier__sim_limits(sim)->rcvbuf = 2000 << ends_draw(8);
	assert_int_equal(pier__sim_run(sim, scene, &tcp), 0);
	assert_int_equal(pier__sim_open_count(sim), 0);
	pier__sim_close(sim);
}
