/* SPDX-License-Identifier: MIT */
/*
 * Standard output is lent to a stream for each line, which costs two small
 * allocations: a stream belongs to one scheduler, and lines come from all of
 * a server's threads. The state is static because the process has one standard
 * output; but for the moment, the mutex guards it.
 */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#define LAST_NS INT64_C(50000000)

static struct pier_mutex *one_line;
static int cut_off; /* the error that cut a line off */
static _Atomic int64_t last_moment_ns;

int
cli_output_start(void)
{
	return one_line != NULL ? 0 : pier_mutex_open(&one_line);
}

pier_deadline
cli_output_last_moment(void)
{
	int64_t none = 0;

	(void)atomic_compare_exchange_strong(
		&last_moment_ns, &none, pier_now() + LAST_NS);
	return pier_deadline_at(atomic_load(&last_moment_ns));
}

bool
cli_output_no_room(int rc)
{
	return rc == -ECANCELED || rc == -PIER_EDEADLINE || rc == -EAGAIN;
}

struct line {
	const char *text;
	size_t len, done;
};

typedef int line_step(struct line *line, pier_deadline deadline);

static int
take_turn(struct line *line, pier_deadline deadline)
{
	(void)line;
	return pier_mutex_lock(one_line, deadline);
}

/* Go on with the line from where it stands. */
static int
write_on(struct line *line, pier_deadline deadline)
{
	size_t left = line->len - line->done;
	struct pier_stream *out;
	int rc, fd;

	rc = pier_adopt(&out, STDOUT_FILENO);
	if (rc < 0)
		return rc;
	rc = pier_write(out, line->text + line->done, left, deadline);
	line->done += rc == 0 ? left : pier_last_error()->done;
	/* Nobody else knows this stream: it is neither busy nor foreign. */
	(void)pier_release(out, &fd);
	return rc;
}

/* A step, and once more when it may wait no longer but for the last moment. */
static int
try_twice(line_step *step, struct line *line, pier_deadline deadline)
{
	pier_deadline until, before;
	int rc, first = step(line, deadline);

	if (!cli_output_no_room(first))
		return first;
	until = cli_output_last_moment();
	if (pier_left_ns(until) == 0)
		until = PIER_NOW;
	before = pier_shield(until);
	rc = step(line, until);
	(void)pier_shield(before);
	return cli_output_no_room(rc) ? first : rc;
}

int
cli_output(const char *text, size_t len, pier_deadline deadline)
{
	struct line line = { .text = text, .len = len };
	int rc = try_twice(take_turn, &line, deadline);

	if (rc < 0)
		return rc;
	rc = cut_off;
	if (rc == 0)
		rc = try_twice(write_on, &line, deadline);
	if (rc < 0 && line.done > 0)
		cut_off = rc;
	(void)pier_mutex_unlock(one_line);
	return rc;
}

bool
cli_output_stderr_has_room(int signal_fd)
{
	struct pollfd fds[] = {
		{ .fd = STDERR_FILENO, .events = POLLOUT },
		{ .fd = signal_fd, .events = POLLIN },
	};
	int64_t left_ns;

	/* A poll that a signal broke off is followed by the second. */
	if (poll(fds, 2, -1) > 0 && fds[0].revents != 0)
		return true;
	left_ns = pier_left_ns(cli_output_last_moment());
	return poll(fds, 1, (int)(left_ns / 1000000)) > 0;
}
