/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/exec.c - programs on a pair, with every call going wrong once; see
 * each.h. Whatever fails, no program is left, and none holds up the end.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define SOON pier_in_ms(5000)

/* The program that was started last, as it tells itself. */
static void
expect_none_left(struct fault_story *story, int pid)
{
	/* Reaped, or given up by its zombie alone: it runs no more. */
	if (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0)
		(void)met(story, "a program is left", -EBADMSG);
}

/* What the peer says and asks for is in the pair before the program begins: the
   peer needs no task. */
static void
play(struct fault_story *story, const struct pier_exec_opts *opts)
{
	struct pier_exec_result result = { .pid = 0 };
	struct pier_stream *a = NULL, *b = NULL;
	char buf[64];

	if (met(story, "pair", pier_pair(&a, &b)) < 0)
		return;
	if (met(story, "write", pier_write(b, "b\na\n", 4, SOON)) == 0 &&
		met(story, "shutdown", pier_shutdown(b, PIER_WRITING, SOON)) ==
			0) {
		(void)met(story, "exec", pier_exec(a, opts, &result, SOON));
		expect_none_left(story, result.pid);
		(void)pier_read(b, buf, sizeof(buf), PIER_NOW);
	}
	pier_close(a);
	pier_close(b);
}

static const char *const sort[] = { "sort", NULL };

static void
pair(struct fault_story *story)
{
	play(story, &(struct pier_exec_opts){ .argv = sort, .grace_ms = 20 });
}

static void
direct(struct fault_story *story)
{
	play(story, &(struct pier_exec_opts){
			    .argv = sort, .direct = true, .grace_ms = 20 });
}

static void
terminal(struct fault_story *story)
{
	play(story, &(struct pier_exec_opts){
			    .argv = sort, .pty = true, .grace_ms = 20 });
}

/* One that has to be made to end. */
static void
deaf(struct fault_story *story)
{
	static const char *const argv[] = { "sh", "-c",
		"trap '' TERM HUP; exec sleep 1000", NULL };
	struct pier_exec_result result = { .pid = 0 };
	struct pier_exec_opts opts = { .argv = argv, .grace_ms = 5 };
	struct pier_stream *a = NULL, *b = NULL;
	int rc;

	if (met(story, "pair", pier_pair(&a, &b)) < 0)
		return;
	rc = pier_exec(a, &opts, &result, pier_in_ms(5));
	if (rc != -PIER_EDEADLINE)
		(void)met(story, "exec", rc);
	expect_none_left(story, result.pid);
	pier_close(a);
	pier_close(b);
}

/* The same by messages; the peer is a plain socket. */
static void
packets(struct fault_story *story)
{
	struct pier_exec_opts opts = { .argv = sort, .grace_ms = 20 };
	struct pier_exec_result result = { .pid = 0 };
	struct pier_packet *packet = NULL;
	char where[32];
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ||
		send(fds[1], "b\na\n", 4, 0) != 4 ||
		shutdown(fds[1], SHUT_WR) < 0)
		abort();
	(void)snprintf(where, sizeof(where), "fd://%d", fds[0]);
	if (met(story, "open", pier_packet_open(&packet, where, NULL, SOON)) ==
		0) {
		(void)met(story, "exec",
			pier_exec_packets(packet, &opts, &result, SOON));
		expect_none_left(story, result.pid);
		pier_packet_close(packet);
	} else {
		(void)close(fds[0]);
	}
	(void)close(fds[1]);
}

EACH_INSIDE(pair)
EACH_INSIDE(packets)
EACH_INSIDE(direct)
EACH_INSIDE(terminal)
EACH_INSIDE(deaf)

/* A socket that seems to have no peer is one that nothing is sent to. */
static const int unconnected[] = { -EDESTADDRREQ, 0 };

static const struct fault_scenario scenarios[] = {
	{ "exec, pair, fibers", pair_by_fibers, NULL },
	{ "exec, pair, threads", pair_by_threads, NULL },
	{ "exec, packets, fibers", packets_by_fibers, unconnected },
	{ "exec, packets, threads", packets_by_threads, unconnected },
	{ "exec, direct, fibers", direct_by_fibers, NULL },
	{ "exec, direct, threads", direct_by_threads, NULL },
	{ "exec, terminal, fibers", terminal_by_fibers, NULL },
	{ "exec, terminal, threads", terminal_by_threads, NULL },
	{ "exec, deaf, fibers", deaf_by_fibers, NULL },
	{ "exec, deaf, threads", deaf_by_threads, NULL },
};

int
main(void)
{
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
