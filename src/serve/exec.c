/* SPDX-License-Identifier: MIT */
/*
 * serve/exec.c - a program on a connection: started, relayed to, ended.
 *
 * The program is waited for by its pidfd, as any descriptor is. It stays a
 * zombie until all is over: its number is that of the group that is signalled,
 * and nobody else can get it meanwhile.
 */
#include <pier/exec.h>
#include <pier/serve.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "io/wait_many.h"
#include "net/block.h"
#include "net/relay.h"
#include "os/spawn.h"
#include "serve/exec_env.h"
#include "serve/exec_stream.h"
#include "serve/processes.h"

/* What a program is given to end, unasked, in milliseconds. */
#define GRACE_MS 2000
/* After SIGKILL it is the kernel that ends it: at once, but for a disk that hangs, and
   where many others run. Whoever is not awaited stays a zombie for ever. */
#define KILLED_MS 10000

/* On the heap: the engine looks at pidfd while the task waits. */
struct exec {
	struct pier_stream *stream;
	struct pier_stream *program;      /* NULL: direct */
	const struct pier_packet *packet; /* whose messages they are, or NULL */
	const struct pier_exec_opts *opts;
	pier_deadline deadline;
	int pid; /* 0: there is none */
	struct pier__desc pidfd;
	struct pier__relay_end end;
	struct pier__exit exit;
	bool has_ended;
	bool deaf; /* on a terminal: it takes the end of its input for a byte */
	int64_t start_ns;
	struct pier_relay_result relayed;
	struct pier_exec_result result;
};

static const char *
name_of(const struct pier_exec_opts *opts)
{
	return opts->shell != NULL ? "/bin/sh" : opts->argv[0];
}

static int
fail(const char *name, int rc, const char *detail)
{
	return pier__fail(rc, &(struct pier__failure){ .step = PIER_STEP_EXEC,
				      .endpoint = name,
				      .detail = detail });
}

static int
check(const struct pier_stream *stream, const struct pier_exec_opts *opts)
{
	bool has_argv = opts->argv != NULL && opts->argv[0] != NULL;

	if (has_argv == (opts->shell != NULL))
		return fail("", -EINVAL, "either argv or shell");
	if (opts->grace_ms < PIER_OFF)
		return fail(name_of(opts), -EINVAL, "grace_ms below PIER_OFF");
	if (!opts->direct)
		return 0;
	if (opts->pty)
		return fail(name_of(opts), -EINVAL, "direct with a terminal");
	if (stream->lower != NULL || stream->out_desc != &stream->desc ||
		stream->desc.kind == PIER__DESC_FILE)
		return fail(name_of(opts), -EINVAL,
			"direct is for a socket without layers");
	if (pier_buffered(stream) > 0)
		return fail(name_of(opts), -EBUSY, "bytes were read ahead");
	return 0;
}

static bool
has_ended(struct exec *it)
{
	/* Where somebody else took the news, it has ended all the same. */
	if (!it->has_ended)
		it->has_ended =
			pier__calls()->exited(it->pidfd.fd, &it->exit) != 0;
	return it->has_ended;
}

/* Or there is no use in waiting for it. */
static bool
end_has_come(struct pier__relay_end *end)
{
	struct exec *it = pier__container_of(end, struct exec, end);

	if (has_ended(it))
		return true;
	end->again_at = pier__exec_stream_insist(it->program, &it->deaf);
	return it->deaf;
}

/* Until it has ended: 0, or what kept from waiting on. Not noted. */
static int
await_end(struct exec *it, pier_deadline deadline)
{
	int rc = 0;

	while (rc >= 0) {
		struct pier__want want = { &it->pidfd, PIER__IN, 0 };

		/* An event that came before is forgotten, then looked for. */
		PIER__NOTE(it->pidfd.readable, false);
		if (has_ended(it))
			return 0;
		rc = pier__desc_wait_many(&want, 1, "program", deadline);
	}
	return rc;
}

/* The same, by the deadline and the limits of the stream, which tells. */
static int
await_patiently(struct exec *it)
{
	for (;;) {
		pier_deadline until =
			pier__stream_until(it->stream, it->deadline);
		int rc = await_end(it, until);

		if (rc == -PIER_EDEADLINE && until.ns < it->deadline.ns) {
			rc = pier__stream_over(it->stream);
			/* A limit that has moved meanwhile is none. */
			if (rc == 0)
				continue;
		}
		return rc == 0 ? 0
			       : pier__stream_fail(
					 it->stream, rc, PIER_STEP_WAIT);
	}
}

static int
spawn(struct exec *it, const struct pier__spawn *ends)
{
	const char *const shell[] = { "/bin/sh", "-c", it->opts->shell, NULL };
	struct pier__spawn spawn = *ends;
	char **env;
	int pidfd = -1;
	int rc =
		it->packet != NULL
			? pier__exec_env_packet(&env, it->packet, it->opts->env)
			: pier__exec_env(&env, it->stream, it->opts->env);

	if (rc < 0)
		return rc;
	spawn.path = name_of(it->opts);
	spawn.argv = (char *const *)(uintptr_t)(it->opts->shell != NULL
							? shell
							: it->opts->argv);
	spawn.envp = env;
	rc = pier__calls()->spawn(&spawn, &pidfd);
	pier__free(env);
	if (rc < 0)
		return rc;
	it->pid = rc;
	pier__desc_init(&it->pidfd, pidfd, PIER__DESC_FILE);
	return 0;
}

static int
begin_direct(struct exec *it)
{
	struct pier__limits *limits = it->stream->limits;
	int fd = it->stream->desc.fd;
	int rc = pier__stream_flush(it->stream, it->deadline);

	/* The program has a socket as any other, which nobody here reads. */
	if (rc == 0)
		rc = pier__block_end(&it->stream->desc);
	if (rc == 0)
		rc = pier__calls()->set_blocking(fd, true);
	if (rc < 0)
		return rc;
	pier__block_forget(fd);
	/* Nobody here sees a byte, so that only the lifetime can be kept. */
	if (limits != NULL) {
		limits->first_byte_at = INT64_MAX;
		limits->idle_ns = INT64_MAX;
	}
	return spawn(it, &(struct pier__spawn){ .fd = fd,
				 .with_stderr = it->opts->error_to_peer });
}

static int
begin_pty(struct exec *it)
{
	const struct pier_exec_opts *opts = it->opts;
	struct pier__pty pty = {
		.rows = opts->rows > 0 ? opts->rows : 24,
		.columns = opts->columns > 0 ? opts->columns : 80,
		.echo = !opts->no_echo,
	};
	int fd = pier__calls()->pty(&pty);
	int rc = fd;

	if (rc >= 0) {
		rc = pier__exec_stream(&it->program, fd, true);
		if (rc < 0)
			pier__close(fd);
	}
	if (rc < 0)
		return rc;
	return spawn(it, &(struct pier__spawn){ .tty = pty.name });
}

static int
begin_pair(struct exec *it)
{
	struct pier__spawn ends = { .with_stderr = it->opts->error_to_peer };
	int fds[2];
	int rc = pier__calls()->socketpair(AF_UNIX, SOCK_STREAM, 0, fds);

	if (rc < 0)
		return rc;
	rc = pier__exec_stream(&it->program, fds[0], false);
	if (rc < 0)
		pier__close(fds[0]);
	ends.fd = fds[1];
	if (rc == 0)
		rc = pier__calls()->set_blocking(fds[1], true);
	if (rc == 0)
		rc = spawn(it, &ends);
	pier__close(fds[1]);
	return rc;
}

/* To the end of one of the two. *gently: the program may end by itself. */
static int
converse(struct exec *it, bool *gently)
{
	const struct pier_relay_opts opts = { .b_closed_discards = true };
	int rc;

	if (it->program == NULL)
		return await_patiently(it);
	it->end.desc = &it->pidfd;
	it->end.has_come = end_has_come;
	rc = pier__relay(it->stream, it->program, &opts, &it->end, &it->relayed,
		it->deadline);
	*gently = rc == 0 || pier_is_reset(rc);
	/* All is said: what it still does is its own business. */
	if (rc == 0 && it->end.b_ended && !it->deaf) {
		rc = await_patiently(it);
		*gently = false;
	}
	return rc;
}

/* SIGCONT: one that was stopped hears nothing else. */
static void
tell(struct exec *it, int number)
{
	/* That nobody is left to be told is fine. */
	(void)pier__calls()->signal_group(it->pid, number);
	if (number != SIGKILL)
		(void)pier__calls()->signal_group(it->pid, SIGCONT);
}

/* What cannot be waited for by the engine, for want of memory, is waited for
   here: it was killed, and the kernel is quick. */
static void
await_killed(struct exec *it)
{
	struct pollfd poll = { .fd = it->pidfd.fd, .events = POLLIN };
	int rc = await_end(it, pier_in_ms(KILLED_MS));

	if (rc < 0 && rc != -PIER_EDEADLINE)
		(void)pier__calls()->poll(
			&poll, 1, KILLED_MS * INT64_C(1000000));
	(void)has_ended(it);
}

/* In milliseconds; no longer than can be doubled and added to. */
static int64_t
grace_of(const struct pier_exec_opts *opts)
{
	if (opts->grace_ms <= 0)
		return opts->grace_ms == 0 ? GRACE_MS : 0;
	return opts->grace_ms < INT64_MAX / 4 ? opts->grace_ms : INT64_MAX / 4;
}

/* Its input has ended; if that does not end it, it is told to, then made to. */
static void
end_program(struct exec *it, bool gently)
{
	int64_t grace_ms = grace_of(it->opts);
	pier_deadline before;

	if (has_ended(it))
		return;
	before = pier_shield(pier_in_ms(2 * grace_ms + KILLED_MS));
	if (gently && await_end(it, pier_in_ms(grace_ms)) == 0)
		goto unshield;
	it->result.stopped = true;
	tell(it, SIGTERM);
	if (await_end(it, pier_in_ms(grace_ms)) < 0) {
		it->result.killed = true;
		tell(it, SIGKILL);
		await_killed(it);
	} else {
		/* Its children, that did not listen. */
		tell(it, SIGKILL);
	}
unshield:
	(void)pier_shield(before);
}

/* A program that crashes has not answered, whatever it had sent. */
static int
judge_end(const struct exec *it)
{
	const struct pier_process process = { .signal = it->exit.signal };
	char end[PIER__PROCESS_END], text[PIER__PROCESS_TEXT];

	/* What it had still to say nobody reads: a usual end. */
	if (it->exit.signal == 0 || it->exit.signal == SIGPIPE)
		return 0;
	pier__process_describe_end(end, &process, "");
	(void)snprintf(text, sizeof(text), "pid %d %s after %.1f s", it->pid,
		end, (double)(pier_now() - it->start_ns) / 1e9);
	return fail(name_of(it->opts), -PIER_EDIED, text);
}

static void
fill_result(struct exec *it)
{
	struct pier_exec_result *result = &it->result;

	result->pid = it->pid;
	result->status = it->has_ended ? it->exit.status : -1;
	result->signal = it->exit.signal;
	result->to_program = it->relayed.a_to_b;
	result->to_peer = it->relayed.b_to_a;
	result->elapsed_ns = pier_now() - it->start_ns;
}

static int
run(struct exec *it)
{
	bool gently = false;
	int status;
	int rc = it->opts->direct ? begin_direct(it)
		 : it->opts->pty  ? begin_pty(it)
				  : begin_pair(it);

	if (rc < 0)
		rc = fail(name_of(it->opts), rc, NULL);
	if (it->pid == 0) {
		pier_close(it->program);
		return rc;
	}
	rc = converse(it, &gently);
	if (rc == 0 && it->has_ended)
		rc = judge_end(it);
	pier_close(it->program);
	end_program(it, gently);
	(void)pier__calls()->reap(it->pidfd.fd, &status);
	pier__desc_close(&it->pidfd);
	if (it->opts->direct)
		(void)pier__calls()->set_blocking(it->stream->desc.fd, false);
	fill_result(it);
	return rc;
}

static int
exec(struct pier_stream *stream, const struct pier_packet *packet,
	const struct pier_exec_opts *opts, struct pier_exec_result *result,
	pier_deadline deadline)
{
	struct exec *it;
	int rc = check(stream, opts);

	if (rc < 0)
		return rc;
	it = pier__alloc_object(sizeof(*it));
	if (it == NULL)
		return fail(name_of(opts), -ENOMEM, NULL);
	it->stream = stream;
	it->packet = packet;
	it->opts = opts;
	it->deadline = deadline.ns < 0
			       ? pier__timeout_deadline(stream->timeout_ms)
			       : deadline;
	it->exit.status = -1;
	it->result.status = -1;
	it->start_ns = pier_now();
	rc = run(it);
	*result = it->result;
	pier__free(it);
	return rc;
}

/* What a caller that may be older gave, and what it has room for. */
static struct pier_exec_opts
whole_opts(const struct pier_exec_opts *given, size_t size)
{
	struct pier_exec_opts opts = { 0 };

	memcpy(&opts, given, size < sizeof(opts) ? size : sizeof(opts));
	return opts;
}

static void
hand_out(struct pier_exec_result *out, size_t size,
	const struct pier_exec_result *whole)
{
	if (out == NULL)
		return;
	memset(out, 0, size);
	memcpy(out, whole, size < sizeof(*whole) ? size : sizeof(*whole));
}

int
pier_exec_sized(struct pier_stream *stream, const struct pier_exec_opts *given,
	size_t opts_size, struct pier_exec_result *result, size_t result_size,
	pier_deadline deadline)
{
	struct pier_exec_opts opts = whole_opts(given, opts_size);
	struct pier_exec_result whole = { .status = -1 };
	int rc = exec(stream, NULL, &opts, &whole, deadline);

	hand_out(result, result_size, &whole);
	return rc;
}

/* On the stack of the task that runs it: the carriers do not look at it. */
struct on_packets {
	const struct pier_packet *packet;
	const struct pier_exec_opts *opts;
	struct pier_exec_result *result;
	pier_deadline deadline;
};

static int
exec_on(struct pier_stream *stream, void *ctx)
{
	struct on_packets *it = ctx;

	return exec(stream, it->packet, it->opts, it->result, it->deadline);
}

int
pier_exec_packets_sized(struct pier_packet *packet,
	const struct pier_exec_opts *given, size_t opts_size,
	struct pier_exec_result *result, size_t result_size,
	pier_deadline deadline)
{
	struct pier_exec_opts opts = whole_opts(given, opts_size);
	struct pier_exec_result whole = { .status = -1 };
	struct on_packets it = { .packet = packet,
		.opts = &opts,
		.result = &whole,
		.deadline = deadline };
	int rc = opts.direct ? fail(name_of(&opts), -EINVAL,
				       "direct is for streams: a program takes "
				       "no messages")
			     : 0;

	if (rc == 0)
		rc = pier_handler_on_packets(packet, exec_on, &it);
	hand_out(result, result_size, &whole);
	return rc;
}
