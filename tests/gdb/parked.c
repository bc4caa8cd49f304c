/* SPDX-License-Identifier: MIT */
/*
 * parked: fibers that wait for one thing each, for gdb to find. At
 * all_are_parked() each of them is.
 */
#include <stdio.h>
#include <sys/socket.h>

#include <pier.h>

/* Each frame must be there to be found. */
#define NOINLINE __attribute__((noinline))

static struct pier_channel *channel;
static struct pier_mutex *mutex;
static struct pier_stream *stream;

static NOINLINE int
deep_in_a_read(char *byte)
{
	ssize_t n = pier_read(stream, byte, 1, PIER_FOREVER);

	return n < 0 ? (int)n : 0;
}

static NOINLINE int
reading_fiber(void *arg)
{
	char byte = 0;
	int rc;

	(void)arg;
	pier_task_name("reader");
	rc = deep_in_a_read(&byte);
	return rc + byte;
}

static NOINLINE int
receiving_fiber(void *arg)
{
	int value = 0;
	int rc;

	(void)arg;
	rc = pier_channel_recv(channel, &value, PIER_FOREVER);
	return rc + value;
}

static NOINLINE int
locking_fiber(void *arg)
{
	int rc = pier_mutex_lock(mutex, PIER_FOREVER);

	(void)arg;
	return rc < 0 ? rc : pier_mutex_unlock(mutex);
}

static NOINLINE int
sleeping_fiber(void *arg)
{
	int rc = pier_sleep(PIER_FOREVER);

	(void)arg;
	return rc < 0 ? rc : 0;
}

static NOINLINE void
all_are_parked(void)
{
	__asm__ volatile("" : : : "memory");
}

static int
first_task(void *arg)
{
	static pier_task_fn *const fibers[] = { reading_fiber, receiving_fiber,
		locking_fiber, sleeping_fiber };
	int rc = pier_mutex_lock(mutex, PIER_NOW);

	for (size_t i = 0; i < 4 && rc == 0; i++)
		rc = pier_go(NULL, fibers[i], arg);
	if (rc == 0)
		rc = pier_yield();
	if (rc == 0)
		all_are_parked();
	return rc;
}

int
main(void)
{
	int fds[2];
	int rc = pier_channel_open(&channel, sizeof(int), 1);

	if (rc == 0)
		rc = pier_mutex_open(&mutex);
	if (rc == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		rc = -1;
	if (rc == 0)
		rc = pier_adopt(&stream, fds[0]);
	if (rc == 0)
		rc = pier_run(first_task, NULL, NULL, NULL);
	if (rc < 0)
		fprintf(stderr, "parked: %s\n", pier_error_line());
	return rc < 0;
}
