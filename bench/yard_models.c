/* SPDX-License-Identifier: MIT */
/*
 * The yardsticks of the models: TCP echo servers written by hand on blocking
 * sockets, one for each way that textbooks show:
 *
 *   iterative  one connection after the other
 *   thread     a detached thread for each connection
 *   pool       --workers threads, all of which accept
 *   fork       a process for each connection, reaped by the kernel
 *   prefork    --workers processes, all of which accept
 *
 * One recv and one send per message and nothing else: no limit on time, no
 * stop in good order, nothing counted.
 */
#include "common.h"
#include "yard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct model {
	const char *name;
	/* Returns when nobody has to be accepted by this thread any more. */
	void (*run)(int listen_fd, int workers);
	int takes_workers;
};

/* 0, or -1: the connection is broken. */
static int
send_all(int fd, const char *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t sent = send(fd, bytes + done, len - done, MSG_NOSIGNAL);

		if (sent < 0)
			return -1;
		done += (size_t)sent;
	}
	return 0;
}

/* The whole conversation. */
static void
echo(int fd)
{
	char buf[4096];
	ssize_t got;

	while ((got = recv(fd, buf, sizeof(buf), 0)) > 0) {
		if (send_all(fd, buf, (size_t)got) < 0)
			break;
	}
	close(fd);
}

static int
accept_one(int listen_fd)
{
	int fd;

	while ((fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC)) < 0) {
		if (errno != ECONNABORTED && errno != EINTR)
			bench_fail(errno, "accept4");
	}
	return fd;
}

static void __attribute__((noreturn)) serve_in_turn(int listen_fd)
{
	for (;;)
		echo(accept_one(listen_fd));
}

static void
run_iterative(int listen_fd, int workers)
{
	(void)workers;
	serve_in_turn(listen_fd);
}

static void *
connection_main(void *arg)
{
	echo((int)(intptr_t)arg);
	return NULL;
}

static void
run_thread(int listen_fd, int workers)
{
	pthread_attr_t detached;
	pthread_t thread;

	(void)workers;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (;;) {
		int fd = accept_one(listen_fd);
		int error = pthread_create(&thread, &detached, connection_main,
			(void *)(intptr_t)fd);

		if (error != 0)
			bench_fail(error, "a thread for a connection");
	}
}

static void *
pool_main(void *arg)
{
	serve_in_turn((int)(intptr_t)arg);
}

/* The calling thread is one of them. */
static void
run_pool(int listen_fd, int workers)
{
	pthread_t thread;
	int error;

	for (; workers > 1; workers--) {
		error = pthread_create(
			&thread, NULL, pool_main, (void *)(intptr_t)listen_fd);
		if (error != 0)
			bench_fail(error, "a thread of the pool");
	}
	serve_in_turn(listen_fd);
}

static void
run_fork(int listen_fd, int workers)
{
	(void)workers;
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept_one(listen_fd);
		pid_t child = fork();

		if (child < 0)
			bench_fail(errno, "fork");
		if (child == 0) {
			close(listen_fd);
			echo(fd);
			_exit(0);
		}
		close(fd);
	}
}

/* The calling process only waits, and takes the others with it. */
static void
run_prefork(int listen_fd, int workers)
{
	pid_t parent = getpid();

	for (; workers > 0; workers--) {
		pid_t child = fork();

		if (child < 0)
			bench_fail(errno, "fork");
		if (child > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		serve_in_turn(listen_fd);
	}
	for (;;)
		pause();
}

static const struct model models[] = {
	{ "iterative", run_iterative, 0 },
	{ "thread", run_thread, 0 },
	{ "pool", run_pool, 1 },
	{ "fork", run_fork, 0 },
	{ "prefork", run_prefork, 1 },
};

static const struct model *
model_named(const char *name)
{
	size_t i;

	for (i = 0; name != NULL && i < sizeof(models) / sizeof(*models); i++) {
		if (strcmp(models[i].name, name) == 0)
			return &models[i];
	}
	bench_fail(0,
		"--model: '%s' is not iterative, thread, pool, fork or prefork",
		name == NULL ? "" : name);
}

int
main(int argc, char **argv)
{
	struct yard_options options;
	const struct model *model;
	int listen_fd;

	/* --buf is for the others: the array on the stack is what is usual. */
	yard_parse(&options, argc, argv, YARD_MODEL);
	model = model_named(options.model);
	if (model->takes_workers && options.workers == 0)
		bench_fail(0, "--model %s: give --workers N", model->name);
	bench_raise_descriptor_limit();
	listen_fd = yard_listen(options.port, 0);
	/* Connections queue from here on, whoever accepts them. */
	yard_ready(yard_port(listen_fd));
	model->run(listen_fd, options.workers);
}
