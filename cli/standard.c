/* SPDX-License-Identifier: MIT */
/*
 * Standard input and output in a conversation. Both are used through copies of
 * their descriptors, so that closing the streams leaves the process's own. A
 * third fiber notices when the reader of standard output closes, also while the
 * peer is silent and nothing is written.
 */
#include "talk.h"

#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

/* A stream over a copy of a descriptor, so that closing it leaves ours. */
static int
adopt_copy(struct pier_stream **out, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int rc;

	if (copy < 0)
		return -errno;
	rc = pier_adopt(out, copy);
	if (rc < 0)
		close(copy);
	return rc;
}

/* Not when the reader has closed its sending side, or sent something. */
static bool
reader_is_gone(int fd)
{
	struct pollfd one = { .fd = fd };

	return poll(&one, 1, 0) > 0 && (one.revents & (POLLERR | POLLHUP)) != 0;
}

/*
 * The write end of a pipe is never readable; what wakes this is the error that
 * the kernel reports there once the last reader has closed. A socket hangs up.
 * What else may wake it stays there and would again: then the next write has
 * to notice.
 */
static int
watch_stdout(void *arg)
{
	struct talk *talk = arg;
	struct pier_waitable out = { .want = PIER_READING };

	pier_task_name("stdout");
	out.fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (out.fd < 0)
		return 0; /* then the next write notices */
	if (pier_wait_any(&out, 1, PIER_FOREVER) > 0 && reader_is_gone(out.fd))
		talk_stop(talk, TALK_STDOUT_CLOSE, CLI_EXIT_OK);
	close(out.fd);
	return 0;
}

static bool
stdout_has_reader(void)
{
	struct stat status;

	return fstat(STDOUT_FILENO, &status) == 0 &&
	       (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

int
talk_open_standard(struct talk *talk)
{
	int rc = adopt_copy(&talk->in, STDIN_FILENO);

	if (rc == 0 && !talk->tool->json)
		rc = adopt_copy(&talk->out, STDOUT_FILENO);
	if (rc == 0)
		rc = pier_group_open(&talk->up_group);
	if (rc == 0)
		rc = pier_go(talk->up_group, talk->kind->read_up, talk);
	if (rc == 0 && stdout_has_reader() &&
		talk->settings->on_stdout_close == CONNECT_STOP)
		rc = pier_go(talk->group, watch_stdout, talk);
	return rc;
}

/* Standard output did not take what came. */
static void
cannot_write(struct talk *talk, int rc)
{
	if (rc == -ECANCELED)
		return;
	if (rc == -PIER_EDEADLINE) {
		(void)talk_over_limit(talk);
	} else if (!pier_is_reset(rc)) {
		talk_stop(talk, TALK_ERROR,
			cli_own_failure(talk->tool, PIER_STEP_SEND,
				"standard output", rc, ""));
	} else if (talk->settings->on_stdout_close == CONNECT_STOP) {
		talk_stop(talk, TALK_STDOUT_CLOSE, CLI_EXIT_OK);
	} else {
		talk->discard = true;
	}
}

static int
print_data(struct talk *talk, size_t n, const struct pier_addr *from)
{
	json_t *event = cli_event("data");
	char where[PIER_ADDR_TEXT_MAX];

	if (from != NULL) {
		(void)pier_addr_format(from, where, sizeof(where));
		cli_event_text(event, "from", where);
	}
	cli_event_bytes(event, "data", talk->down, n);
	cli_event_number(event, "bytes", (int64_t)n);
	return cli_event_print(event, talk->until);
}

void
talk_put_down(struct talk *talk, size_t n, const struct pier_addr *from)
{
	int rc;

	if (talk->discard)
		return;
	if (talk->tool->json)
		rc = print_data(talk, n, from);
	else
		rc = pier_write(talk->out, talk->down, n, talk->until);
	if (rc < 0)
		cannot_write(talk, rc);
}
