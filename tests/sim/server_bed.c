/* SPDX-License-Identifier: MIT */
/* server_bed.c - see server_bed.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "server_bed.h"

struct bed bed;

void
bed_note_end(struct pier_stream *stream, void *ctx)
{
	const struct pier_conn *conn = pier_conn(stream);

	(void)ctx;
	bed.reason = conn->reason;
	bed.accepted_ns = conn->accepted_ns;
	bed.ended_ns = pier_now() - conn->accepted_ns;
	(void)strncpy(bed.limit, conn->limit, sizeof(bed.limit) - 1);
}

int
bed_begin(void **state)
{
	(void)state;
	memset(&bed, 0, sizeof(bed));
	bed.sim = pier__sim_open(3);
	bed.far = pier__sim_host(bed.sim, "10.0.0.2 fd00::2");
	bed.opts = (struct pier_server_opts){ .endpoint = "tcp://:7",
		.handler = pier_handler_echo,
		.finish = bed_note_end };
	return 0;
}

int
bed_end(void **state)
{
	unsigned left = pier__sim_open_count(bed.sim);

	(void)state;
	pier__sim_close(bed.sim);
	return left == 0 ? 0 : -1;
}

static int
serve(void *arg)
{
	(void)arg;
	bed.run_rc = pier_server_run(bed.server);
	return 0;
}

static int
scene(void *arg)
{
	struct pier_group *group = NULL;

	(void)arg;
	pier__sim_on(bed.far);
	bed.run_rc = pier_server_open(&bed.server, &bed.opts);
	if (bed.run_rc < 0)
		return bed.run_rc;
	if (pier_group_open(&group) < 0 || pier_go(group, serve, NULL) < 0)
		return -ENOMEM;
	(void)pier_yield();
	pier__sim_on(pier__sim_local(bed.sim));
	bed.client_rc = bed.client(NULL);
	pier__sim_on(bed.far);
	pier_server_stop(bed.server);
	(void)pier_group_wait(group, PIER_FOREVER);
	pier_group_close(group);
	pier_server_stats(bed.server, &bed.stats);
	pier_server_close(bed.server);
	return 0;
}

void
bed_play(pier_task_fn *client)
{
	bed.client = client;
	assert_int_equal(pier__sim_run(bed.sim, scene, NULL), 0);
}

struct pier_stream *
bed_dial(void)
{
	struct pier_stream *stream = NULL;

	if (pier_dial(&stream, "tcp://10.0.0.2:7", NULL, PIER_FOREVER) < 0)
		return NULL;
	return stream;
}

int
bed_echo_once(struct pier_stream *stream)
{
	char buf[4] = "";
	ssize_t n = 0;
	int rc = pier_write(stream, "ping", 4, PIER_FOREVER);

	if (rc == 0)
		n = pier_read_full(stream, buf, 4, PIER_FOREVER);
	if (rc < 0 || n < 0)
		return rc < 0 ? rc : (int)n;
	return memcmp(buf, "ping", 4) == 0 ? 0 : -EBADMSG;
}
