/* SPDX-License-Identifier: MIT */
/*
 * serve_fork_threads.c - at the moment of each fork the process runs no thread
 * of pier: a child would have the locks that such a thread held, and nobody to
 * let go of them. The endpoint is a name, so that helpers look it up before.
 *
 * Each server runs in a process that has one thread, the one that forks.
 */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define FORKS     4
#define LOOKED_UP "tcp4://localhost:0"

/* What the hook saw, in the process that forks. */
static int forks, most;
static struct pier_server *watched; /* NULL: forks are the test's own */

static int
count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	const struct dirent *entry;
	int count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	if (dir != NULL)
		(void)closedir(dir);
	return count;
}

static void
before_fork(void)
{
	int count, i;

	if (watched == NULL)
		return;
	count = count_threads();
	/* One that was joined is listed until the kernel has quite done with it;
	   one that waits for work stays longer than this. */
	for (i = 0; i < 1000 && count > 1; i++) {
		(void)usleep(1000);
		count = count_threads();
	}
	forks++;
	if (most < count)
		most = count;
}

/* Names were looked up, so that there were threads to be stopped. */
static void
tell_where(struct pier_server *server, void *ctx)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX] = "";
	const int *out = ctx;

	watched = server;
	if (pier_server_endpoint(server, 0, endpoint, sizeof(endpoint)) > 0)
		(void)!write(*out, endpoint, sizeof(endpoint));
}

static void
stop(int number)
{
	(void)number;
	pier_server_stop(watched);
}

/* Exit codes of the process that serves. */
enum {
	AS_IT_SHOULD,
	NOT_SERVED,
	NO_FORKS,
	THREADS
};

static int
serve(enum pier_model model, int processes, int out)
{
	const struct pier_server_opts opts = {
		.endpoint = LOOKED_UP,
		.handler = pier_handler_echo,
		.model = model,
		.processes = processes,
		.on_listen = tell_where,
		.ctx = &out,
	};

	if (signal(SIGTERM, stop) == SIG_ERR ||
		pthread_atfork(before_fork, NULL, NULL) != 0 ||
		pier_serve(&opts) < 0)
		return NOT_SERVED;
	if (forks < (processes > 0 ? processes : FORKS))
		return NO_FORKS;
	return most == 1 ? AS_IT_SHOULD : THREADS;
}

static void
forks_alone(enum pier_model model, int processes)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	int pipes[2], status, i, fd;
	pid_t server;

	assert_int_equal(pipe(pipes), 0);
	server = fork();
	assert_true(server >= 0);
	if (server == 0) {
		(void)close(pipes[0]);
		_exit(serve(model, processes, pipes[1]));
	}
	(void)close(pipes[1]);
	assert_int_equal(
		read(pipes[0], endpoint, sizeof(endpoint)), sizeof(endpoint));
	for (i = 0; i < FORKS; i++) {
		fd = plain_dial(endpoint);
		plain_echo(fd, "there");
		(void)close(fd);
	}
	(void)close(pipes[0]);
	assert_int_equal(kill(server, SIGTERM), 0);
	assert_int_equal(waitpid(server, &status, 0), server);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), AS_IT_SHOULD);
}

static void
test_processes(void **state)
{
	(void)state;
	forks_alone(PIER_FIBER, 2);
}

static void
test_a_process_for_each_connection(void **state)
{
	(void)state;
	forks_alone(PIER_FORK, 0);
}

static void
test_both(void **state)
{
	(void)state;
	forks_alone(PIER_FORK, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_a_process_for_each_connection),
		cmocka_unit_test(test_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
