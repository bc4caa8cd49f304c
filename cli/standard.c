/* SPDX-License-Identifier: MIT */
/*
 * Standard input and output in a conversation. Both are used through copies of
 * their descriptors, so that closing the streams leaves the process's own. A
 * third fiber notices when the reader of standard output closes, also while the
 * peer is silent and nothing is written.
 */
#include "talk.h"

#include "json.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
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

/*
 * A descriptor that is readable once the reader of standard output has gone:
 * the kernel reports an error on a pipe then, and a hang-up on a Unix socket.
 * An epoll set that asks for nothing else is not woken by what can be read
 * there, or by the half-close, of a socket that is standard input too.
 */
static int
reader_end(void)
{
	struct epoll_event nothing = { .events = 0 };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (epoll_ctl(fd, EPOLL_CTL_ADD, STDOUT_FILENO, &nothing) == 0)
		return fd;
	close(fd);
	return -EINVAL;
}

/* As an inet daemon starts its servers. */
static bool
is_one_socket(void)
{
	struct stat in, out;

	return fstat(STDIN_FILENO, &in) == 0 &&
	       fstat(STDOUT_FILENO, &out) == 0 && S_ISSOCK(in.st_mode) &&
	       in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

static int
watch_stdout(void *arg)
{
	struct talk *talk = arg;
	struct pier_waitable out = { .want = PIER_READING };

	pier_task_name("stdout");
	out.fd = reader_end();
	if (out.fd < 0)
		return 0; /* then the next write notices */
	if (pier_wait_any(&out, 1, PIER_FOREVER) > 0) {
		talk->reader_gone = true;
		/* What it sent before it left is standard input, and goes to
		   the peer first; the fiber that reads it sees to the rest. */
		if (!is_one_socket() ||
			(talk->stdin_ended &&
				talk->settings->on_stdin_end != CONNECT_CLOSE))
			talk_stop(talk, TALK_STDOUT_CLOSE, CLI_EXIT_OK);
	}
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
		rc = talk_frames_attach(talk);
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
		talk_stop(talk, TALK_ERROR, cli_output_failed(talk->tool, rc));
	} else if (talk->settings->on_stdout_close == CONNECT_STOP) {
		talk_stop(talk, TALK_STDOUT_CLOSE, CLI_EXIT_OK);
	} else {
		talk->discard = true;
	}
}

static int
print_data(struct talk *talk, const struct pier_msg *msg)
{
	json_t *event = cli_event("data");
	char where[PIER_ADDR_TEXT_MAX];

	if (msg != NULL) {
		(void)pier_addr_format(&msg->peer, where, sizeof(where));
		cli_event_text(event, "from", where);
		if (msg->ttl >= 0)
			cli_event_number(event, "ttl", msg->ttl);
		if (msg->time_ns > 0)
			cli_event_time(event, "time", msg->time_ns);
	}
	cli_event_bytes(event, "data", talk->down_data, talk->down_len);
	cli_event_number(event, "bytes", (int64_t)talk->down_len);
	return cli_event_print(event, talk->until);
}

void
talk_put_down(struct talk *talk, const struct pier_msg *msg)
{
	int rc;

	if (talk->discard)
		return;
	if (talk->tool->json)
		rc = print_data(talk, msg);
	else if (talk->frames.out != NULL)
		rc = talk_frames_put_down(talk);
	else
		rc = pier_write(talk->out, talk->down_data, talk->down_len,
			talk->until);
	if (rc < 0)
		cannot_write(talk, rc);
}

void
talk_flush_down(struct talk *talk)
{
	pier_deadline before;
	int rc;

	if (talk->frames.out == NULL || talk->discard ||
		talk->reason == TALK_STDOUT_CLOSE || cli_signals_caught() != 0)
		return;
	/* What came before an error, by which we were cancelled, is output as
	   well. */
	before = pier_shield(talk->until);
	rc = pier_flush(talk->out, talk->until);
	(void)pier_shield(before);
	if (rc < 0)
		cannot_write(talk, rc);
}
