/* SPDX-License-Identifier: MIT */
/* net/block_test.c - when a thread waits in recv(2), and when it does not. No
   time passes: what would happen during the call happens right before it. */
#include "net/block.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "task/run.h"
#include "task/sched.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

/* Waits by ppoll after one in vain. */
#define PATIENT 8

/* Calls of the thread under test, and what happens meanwhile. */
static struct {
	int blocking; /* receives that may wait */
	int polls;
	ssize_t refuse;  /* what the former give in place of bytes, or 0 */
	int64_t late_ns; /* by which the clocks are ahead */
	void (*meanwhile)(void);
} seen;

static struct {
	struct pier_listener *listener;
	struct pier_stream *stream;
	int peer;
} bed;

static void
happens(void)
{
	void (*what)(void) = seen.meanwhile;

	seen.meanwhile = NULL;
	if (what != NULL)
		what();
}

static ssize_t
watched_recv(int fd, void *buf, size_t size, int flags)
{
	if ((flags & MSG_DONTWAIT) == 0) {
		seen.blocking++;
		if (seen.refuse != 0)
			return seen.refuse;
		happens();
	}
	return pier__calls_real.recv(fd, buf, size, flags);
}

static int
watched_poll(struct pollfd *fds, size_t count, int64_t timeout_ns)
{
	seen.polls++;
	happens();
	return pier__calls_real.poll(fds, count, timeout_ns);
}

static int64_t
watched_clock_coarse_ns(void)
{
	return pier__calls_real.clock_coarse_ns() + seen.late_ns;
}

static int64_t
watched_clock_ns(void)
{
	return pier__calls_real.clock_ns() + seen.late_ns;
}

static int
set_up(void **state)
{
	static struct pier__calls watched;
	struct pier_addr to;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(pier_listen(&bed.listener, "tcp4://127.0.0.1:0", NULL,
				 PIER_NOW),
		0);
	pier__block_accepted(bed.listener);
	assert_true(bed.listener->blocking);
	to = bed.listener->addr;
	bed.peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(bed.peer, &to.u.sa, to.len), 0);
	assert_int_equal(pier_accept(&bed.stream, bed.listener, HANGS), 0);
	bed.stream->desc.blocks = 1;
	watched = pier__calls_real;
	watched.recv = watched_recv;
	watched.poll = watched_poll;
	watched.clock_ns = watched_clock_ns;
	watched.clock_coarse_ns = watched_clock_coarse_ns;
	pier__self()->context.calls = &watched;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	pier__self()->context.calls = &pier__calls_real;
	pier_close(bed.stream);
	pier_listener_close(bed.listener);
	(void)close(bed.peer);
	return 0;
}

static void
peer_sends(void)
{
	struct pollfd there = { .fd = bed.stream->desc.fd, .events = POLLIN };

	assert_int_equal(send(bed.peer, "a\n", 2, 0), 2);
	assert_int_equal(poll(&there, 1, 10000), 1);
}

/* One message that comes while it is waited for, by so many calls. */
static void
expect_message(int blocking, int polls)
{
	char buf[16];

	seen.blocking = 0;
	seen.polls = 0;
	seen.meanwhile = peer_sends;
	assert_int_equal(pier_read(bed.stream, buf, sizeof(buf), HANGS), 2);
	assert_int_equal(seen.blocking, blocking);
	assert_int_equal(seen.polls, polls);
}

static void
test_one_call_for_a_message(void **state)
{
	(void)state;
	expect_message(1, 0);
	expect_message(1, 0);
}

static void
test_reading_ahead(void **state)
{
	const void *data;
	char line[16];

	(void)state;
	seen.meanwhile = peer_sends;
	assert_int_equal(pier_peek(bed.stream, &data, 1, HANGS), 2);
	assert_int_equal(pier_take(bed.stream, 2), 0);
	seen.meanwhile = peer_sends;
	assert_int_equal(
		pier_read_line(bed.stream, line, sizeof(line), HANGS), 2);
	assert_null(bed.stream->in);
	assert_int_equal(seen.blocking, 2);
	assert_int_equal(seen.polls, 0);
}

/* One who speaks seldom does not wake the thread twice for each word. */
static void
test_a_moment_in_vain(void **state)
{
	int i;

	(void)state;
	seen.refuse = -EAGAIN;
	expect_message(1, 1);
	seen.refuse = 0;
	for (i = 1; i < PATIENT; i++)
		expect_message(0, 1);
	expect_message(0, 1);
	expect_message(1, 0);
}

static void
test_a_signal(void **state)
{
	(void)state;
	seen.refuse = -EINTR;
	expect_message(1, 1);
	seen.refuse = 0;
	expect_message(1, 0);
}

/* No moment is left to the kernel that may be longer than there is time. */
static void
test_deadlines(void **state)
{
	int64_t begun = pier_now();
	pier_deadline deadline = pier_deadline_at(begun + 30000000);
	char byte;

	(void)state;
	assert_int_equal(
		pier_read(bed.stream, &byte, 1, deadline), -PIER_EDEADLINE);
	assert_true(pier_now() - begun >= 30000000);
	assert_int_equal(pier_read(bed.stream, &byte, 1, PIER_NOW), -EAGAIN);
	assert_int_equal(seen.blocking, 0);
	/* A far one is not forgotten in it. */
	begun = pier_now();
	deadline = pier_deadline_at(begun + 150000000);
	assert_int_equal(
		pier_read(bed.stream, &byte, 1, deadline), -PIER_EDEADLINE);
	assert_true(pier_now() - begun >= 150000000);
	assert_string_equal(pier__self()->waits, "read");
}

static void
cancel(void)
{
	atomic_store(&pier__self()->cancelled, true);
}

/* Cancelled before it: it is not begun. During it: its moment ends it. */
static void
test_cancel(void **state)
{
	char byte;

	(void)state;
	cancel();
	assert_int_equal(
		pier_read(bed.stream, &byte, 1, PIER_FOREVER), -ECANCELED);
	assert_int_equal(seen.blocking, 0);
	atomic_store(&pier__self()->cancelled, false);
	seen.meanwhile = cancel;
	assert_int_equal(
		pier_read(bed.stream, &byte, 1, PIER_FOREVER), -ECANCELED);
	assert_int_equal(seen.blocking, 1);
	atomic_store(&pier__self()->cancelled, false);
}

static void
abort_stream(void)
{
	pier_abort(bed.stream);
}

static void
test_abort(void **state)
{
	char byte;

	(void)state;
	seen.meanwhile = abort_stream;
	assert_int_equal(
		pier_read(bed.stream, &byte, 1, PIER_FOREVER), -ECONNABORTED);
	assert_int_equal(seen.blocking, 1);
}

static void
shut_reading(void)
{
	assert_int_equal(pier_shutdown(bed.stream, PIER_READING, HANGS), 0);
}

static void
test_shutdown_on_this_side(void **state)
{
	char byte;

	(void)state;
	seen.meanwhile = shut_reading;
	assert_int_equal(
		pier_read(bed.stream, &byte, 1, PIER_FOREVER), -PIER_EDONE);
	assert_int_equal(seen.blocking, 1);
}

static void
peer_ends(void)
{
	assert_int_equal(shutdown(bed.peer, SHUT_WR), 0);
}

static void
test_the_end(void **state)
{
	char byte;

	(void)state;
	seen.meanwhile = peer_ends;
	assert_int_equal(pier_read(bed.stream, &byte, 1, PIER_FOREVER), 0);
	assert_true(bed.stream->at_end);
	assert_int_equal(seen.blocking, 1);
}

static void
peer_answers(void)
{
	char question[8];

	assert_int_equal(recv(bed.peer, question, sizeof(question), 0), 3);
	peer_sends();
}

/* What was gathered has gone before it waits, and what is still to go is not
   left alone for a moment. */
static void
test_gathered(void **state)
{
	struct pier__engine *engine;
	char buf[8];

	(void)state;
	assert_int_equal(pier_printf(bed.stream, "yes"), 3);
	seen.meanwhile = peer_answers;
	assert_int_equal(pier_read(bed.stream, buf, sizeof(buf), HANGS), 2);
	assert_int_equal(seen.blocking, 1);
	engine = pier__task_engine(pier__self());
	engine->gathers++;
	expect_message(0, 1);
	engine->gathers--;
	expect_message(1, 0);
}

/* A fiber's wait that a message ends, by so many calls that may wait. */
static void
expect_in_fiber(int blocking)
{
	char buf[8];

	seen.blocking = 0;
	if (blocking > 0)
		seen.meanwhile = peer_sends;
	else
		peer_sends();
	/* Not to be tried first, which would find it. */
	PIER__NOTE(bed.stream->desc.readable, blocking == 0);
	assert_int_equal(pier_read(bed.stream, buf, sizeof(buf), HANGS), 2);
	assert_int_equal(seen.blocking, blocking);
}

static int
alone_main(void *arg)
{
	(void)arg;
	expect_in_fiber(1);
	expect_in_fiber(1);
	return 0;
}

/* Waits for what comes on its end of a pair, and notes it. */
static struct {
	struct pier_stream *ends[2];
	bool lenient;
	bool heard;
} other;

static int
other_main(void *arg)
{
	char byte;

	(void)arg;
	if (other.lenient)
		pier__sched_lenient(1);
	/* One that is lenient has no timer either. */
	assert_int_equal(pier_read(other.ends[0], &byte, 1,
				 other.lenient ? PIER_FOREVER : HANGS),
		1);
	if (other.lenient)
		pier__sched_lenient(-1);
	other.heard = true;
	return 0;
}

/* Nothing would tell the other one. */
static int
beside_another_main(void *arg)
{
	char byte;

	(void)arg;
	assert_int_equal(pier_go(NULL, other_main, NULL), 0);
	assert_int_equal(pier_yield(), 0);
	assert_int_equal(pier_read(bed.stream, &byte, 1, pier_in_ms(150)),
		-PIER_EDEADLINE);
	assert_int_equal(seen.blocking, 0);
	assert_int_equal(pier_write(other.ends[1], "x", 1, HANGS), 0);
	return 0;
}

/* One message is waited for beside another fiber, which is told afterwards. */
static void
stand_before_it_is_told(void)
{
	assert_int_equal(pier_go(NULL, other_main, NULL), 0);
	assert_int_equal(pier_yield(), 0);
	expect_in_fiber(1);
	assert_int_equal(pier_write(other.ends[1], "x", 1, HANGS), 0);
	assert_false(other.heard);
}

/* That one can wait; but it hears at the next look, not in the end. */
static int
beside_a_lenient_main(void *arg)
{
	(void)arg;
	stand_before_it_is_told();
	pier__current->sched->stand_until = 0;
	expect_in_fiber(1);
	assert_true(other.heard);
	return 0;
}

/* Nor is a handler run first that comes after one which ran for as long. */
static int
after_a_long_handler_main(void *arg)
{
	struct pier__desc *desc = &bed.stream->desc;

	(void)arg;
	stand_before_it_is_told();
	seen.late_ns = 2 * PIER__STAND_NS;
	if (pier__block_begin(desc, pier__current, "read", INT64_MAX) == 0)
		pier__block_over(desc, pier__current, 1);
	assert_true(other.heard);
	return 0;
}

static int
sleeper_main(void *arg)
{
	(void)arg;
	pier__sched_lenient(1);
	(void)pier_sleep(pier_in_ms(50));
	pier__sched_lenient(-1);
	return 0;
}

/* Nor is a timer late. */
static int
beside_a_timer_main(void *arg)
{
	char byte;

	(void)arg;
	assert_int_equal(pier_go(NULL, sleeper_main, NULL), 0);
	assert_int_equal(pier_yield(), 0);
	assert_int_equal(pier_read(bed.stream, &byte, 1, pier_in_ms(150)),
		-PIER_EDEADLINE);
	assert_int_equal(seen.blocking, 0);
	return 0;
}

/* Once its engine watches the socket that tells it all. */
static int
watched_main(void *arg)
{
	char byte;

	(void)arg;
	assert_int_equal(pier_read(bed.stream, &byte, 1, pier_in_ms(1)),
		-PIER_EDEADLINE);
	assert_int_not_equal(bed.stream->desc.interest, 0);
	expect_in_fiber(0);
	return 0;
}

static void
in_a_run(pier_task_fn *fn)
{
	const struct pier_run_opts opts = { .kind = PIER_TASK_FIBER };

	assert_int_equal(pier_run(fn, NULL, &opts, NULL), 0);
}

static void
test_fibers(void **state)
{
	(void)state;
	in_a_run(alone_main);
	in_a_run(watched_main);
	in_a_run(beside_a_timer_main);
}

static void
test_fibers_beside_others(void **state)
{
	pier_task_fn *mains[] = { beside_another_main, beside_a_lenient_main,
		after_a_long_handler_main };
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		other.lenient = i > 0;
		other.heard = false;
		assert_int_equal(pier_pair(&other.ends[0], &other.ends[1]), 0);
		in_a_run(mains[i]);
		pier_close(other.ends[0]);
		pier_close(other.ends[1]);
	}
}

static bool
is_nonblocking(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

static void
test_whoever_asks_for_the_descriptor(void **state)
{
	int fd = bed.stream->desc.fd;

	(void)state;
	assert_false(is_nonblocking(fd));
	assert_int_equal(pier_fd(bed.stream), fd);
	assert_true(is_nonblocking(fd));
	expect_message(0, 1);
}

static void
test_whoever_takes_it(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(pier_release(bed.stream, &fd), 0);
	bed.stream = NULL;
	assert_true(is_nonblocking(fd));
	(void)close(fd);
}

/* sendfile(2) cannot be told not to wait. */
static void
test_sending_a_file(void **state)
{
	char path[] = "/tmp/pier-block-XXXXXX", back[8];
	int file = mkstemp(path);

	(void)state;
	assert_true(file >= 0);
	(void)unlink(path);
	assert_int_equal(write(file, "file", 4), 4);
	assert_int_equal(pier_send_file(bed.stream, file, 0, 4, HANGS), 4);
	assert_int_equal(recv(bed.peer, back, sizeof(back), 0), 4);
	assert_true(is_nonblocking(bed.stream->desc.fd));
	(void)close(file);
}

static int64_t
moment_of(int fd)
{
	struct timeval moment;
	socklen_t len = sizeof(moment);

	assert_int_equal(
		getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, &len), 0);
	return moment.tv_sec * 1000000 + moment.tv_usec;
}

static void
test_which_sockets(void **state)
{
	struct pier_listener *listener;
	char endpoint[32];
	int fd;

	(void)state;
	assert_int_equal(moment_of(bed.stream->desc.fd), PIER__BLOCK_US);
	/* It has one now, as if an endpoint had asked for it. */
	pier__block_accepted(bed.listener);
	assert_false(bed.listener->blocking);
	assert_int_equal(pier_listen(&listener, "unix://@pier-block-test", NULL,
				 PIER_NOW),
		0);
	pier__block_accepted(listener);
	assert_false(listener->blocking);
	pier_listener_close(listener);
	/* The options of a socket that was given to us stay as they are. */
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(listen(fd, 1), 0);
	(void)snprintf(endpoint, sizeof(endpoint), "fd://%d", fd);
	assert_int_equal(pier_listen(&listener, endpoint, NULL, PIER_NOW), 0);
	pier__block_accepted(listener);
	assert_false(listener->blocking);
	assert_int_equal(moment_of(fd), 0);
	pier_listener_close(listener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_call_for_a_message),
		TEST(test_reading_ahead),
		TEST(test_a_moment_in_vain),
		TEST(test_a_signal),
		TEST(test_deadlines),
		TEST(test_cancel),
		TEST(test_abort),
		TEST(test_shutdown_on_this_side),
		TEST(test_the_end),
		TEST(test_gathered),
		TEST(test_fibers),
		TEST(test_fibers_beside_others),
		TEST(test_whoever_asks_for_the_descriptor),
		TEST(test_whoever_takes_it),
		TEST(test_sending_a_file),
		TEST(test_which_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
