/* SPDX-License-Identifier: MIT */
/* io/gather_test.c - who watches for room for gathered bytes: always the engine
   of the task that tried last, until they have gone, or it has. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "io/gather.h"

static struct pier__desc desc;
static struct pier__gather *gather;
static int peer;

static ssize_t
send_some(struct pier__gather *it, const void *buf, size_t size)
{
	return pier__desc_write(it->desc, buf, size);
}

static int
begin(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(
		pier__calls_real.socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	peer = fds[1];
	pier__desc_init(&desc, fds[0], PIER__DESC_SOCKET);
	return pier__gather_open(&gather, &desc, send_some, NULL);
}

static int
end(void **state)
{
	(void)state;
	pier__gather_close(gather);
	assert_null(desc.gather);
	pier__desc_close(&desc);
	pier__close(peer);
	return 0;
}

static void
fill(void)
{
	static const char piece[4096];

	while (send(desc.fd, piece, sizeof(piece), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

static void
empty(void)
{
	static char piece[65536];

	while (recv(peer, piece, sizeof(piece), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

/* Four bytes for which there is no room. */
static void
gather_in_vain(void)
{
	fill();
	assert_int_equal(pier__gather_add(gather, pier__self(), "last", 4), 4);
	pier__before_wait_run(pier__self());
	assert_int_equal(pier__gather_size(gather), 4);
}

/* There is: this task's engine is told, and sends on. */
static void
room_comes(void)
{
	struct pier__engine *engine = pier__task_engine(pier__self());

	empty();
	assert_int_equal(engine->ops->wait(engine, 0), 0);
	assert_int_equal(pier__gather_size(gather), 0);
	/* Who waits with nothing gathered holds no buffer. */
	assert_null(gather->data);
	assert_null(gather->watcher);
	assert_null(gather->holder);
}

static int
all_by_one(void *arg)
{
	(void)arg;
	gather_in_vain();
	assert_ptr_equal(gather->watcher, pier__task_engine(pier__self()));
	assert_ptr_equal(gather->holder, pier__thread_mark());
	room_comes();
	return 0;
}

static void
test_sent_on_by_the_engine(void **state)
{
	(void)state;
	(void)all_by_one(NULL);
	assert_int_equal(pier_run(all_by_one, NULL, NULL, NULL), 0);
}

/* A flush that gives up waits in the same direction, and rests. */
static void
test_watched_after_a_wait(void **state)
{
	(void)state;
	gather_in_vain();
	assert_int_equal(
		pier__desc_wait(&desc, PIER__OUT, "write", pier_in_ns(1000)),
		-PIER_EDEADLINE);
	room_comes();
}

static int
tries_again(void *arg)
{
	(void)arg;
	assert_int_equal(pier__desc_claim(&desc, pier__self()), 0);
	assert_int_equal(pier__gather_send(gather), -EAGAIN);
	assert_ptr_equal(gather->watcher, pier__task_engine(pier__self()));
	room_comes();
	return 0;
}

/* The thread's own engine is at rest while it runs fibers. */
static void
test_from_thread_to_fiber(void **state)
{
	(void)state;
	gather_in_vain();
	assert_int_equal(pier_run(tries_again, NULL, NULL, NULL), 0);
	/* And has nothing of it left. */
	fill();
	room_comes();
}

static int
leaves_it(void *arg)
{
	(void)arg;
	assert_int_equal(pier__desc_claim(&desc, pier__self()), 0);
	gather_in_vain();
	return 0;
}

static void
taken_over(void)
{
	assert_null(gather->watcher);
	assert_null(gather->holder);
	assert_int_equal(pier__gather_size(gather), 4);
	(void)tries_again(NULL);
}

static void
test_after_the_run(void **state)
{
	(void)state;
	assert_int_equal(pier_run(leaves_it, NULL, NULL, NULL), 0);
	taken_over();
}

static void *
thread_main(void *arg)
{
	(void)leaves_it(arg);
	return NULL;
}

static void
test_after_the_thread(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, thread_main, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	taken_over();
}

static void *
looks(void *arg)
{
	*(bool *)arg = pier__gather_is_elsewhere(gather);
	return NULL;
}

static bool
is_elsewhere_for_another(void)
{
	pthread_t thread;
	bool elsewhere = false;

	assert_int_equal(pthread_create(&thread, NULL, looks, &elsewhere), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return elsewhere;
}

/* On the list of a task, then with its engine, then with nobody. */
static void
test_in_whose_hands(void **state)
{
	(void)state;
	assert_false(is_elsewhere_for_another());
	fill();
	assert_int_equal(pier__gather_add(gather, pier__self(), "last", 4), 4);
	assert_true(is_elsewhere_for_another());
	assert_false(pier__gather_is_elsewhere(gather));
	pier__before_wait_run(pier__self());
	assert_true(is_elsewhere_for_another());
	room_comes();
	assert_false(is_elsewhere_for_another());
	/* More is added before what waits has gone. */
	gather_in_vain();
	assert_int_equal(pier__gather_add(gather, pier__self(), "more", 4), 4);
	empty();
	assert_int_equal(pier__gather_send(gather), 0);
	assert_true(pier__list_empty(&pier__self()->before_wait));
	assert_false(is_elsewhere_for_another());
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_sent_on_by_the_engine),
		EACH(test_watched_after_a_wait),
		EACH(test_from_thread_to_fiber),
		EACH(test_after_the_run),
		EACH(test_after_the_thread),
		EACH(test_in_whose_hands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
