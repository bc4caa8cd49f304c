/* SPDX-License-Identifier: MIT */
/*
 * The faulty table fails what it is told to fail, nothing else, and knows
 * what is held. The tests call it as a task would: through pier__calls().
 */
#include "os/faulty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <cmocka.h>

struct bed {
	struct pier__context context; /* first: it plays the current task */
	struct pier__faulty faulty;
};

static struct bed bed;

static int
begin(void **state)
{
	(void)state;
	pier__faulty_init(&bed.faulty, &pier__calls_real);
	bed.context.calls = &bed.faulty.calls;
	pier__current = (struct pier__task *)(void *)&bed;
	return 0;
}

static int
end(void **state)
{
	size_t leaks = pier__faulty_leaks(&bed.faulty, stderr);

	(void)state;
	pier__current = NULL;
	pier__faulty_end(&bed.faulty);
	return leaks == 0 ? 0 : -1;
}

static int
new_socket(void)
{
	return pier__calls()->socket(AF_INET, SOCK_DGRAM, 0);
}

static void
open_pair(int fds[2], int type)
{
	assert_int_equal(pier__calls()->socketpair(AF_UNIX, type, 0, fds), 0);
}

static void
close_pair(const int fds[2])
{
	pier__close(fds[0]);
	pier__close(fds[1]);
}

static void
passes_on_and_counts(void **state)
{
	int fd = new_socket();

	(void)state;
	assert_true(fd >= 0);
	pier__close(fd);
	assert_int_equal(bed.faulty.counts[PIER__CALL_SOCKET], 1);
	assert_int_equal(bed.faulty.counts[PIER__CALL_CLOSE], 1);
	assert_int_equal(bed.faulty.total, 2);
	assert_int_equal(bed.faulty.hits, 0);
}

static void
fails_the_nth_of_a_named_call_once(void **state)
{
	struct pier__fault fault = {
		.call = PIER__CALL_SOCKET,
		.nth = 2,
		.error = ENFILE,
	};
	int fd;

	(void)state;
	pier__faulty_plan(&bed.faulty, &fault);
	fd = new_socket();
	assert_true(fd >= 0);
	assert_int_equal(new_socket(), -ENFILE);
	pier__close(fd);
	fd = new_socket();
	assert_true(fd >= 0);
	pier__close(fd);
	assert_int_equal(bed.faulty.hits, 1);
	assert_int_equal(bed.faulty.hit_call, PIER__CALL_SOCKET);
	assert_int_equal(bed.faulty.hit_error, ENFILE);
}

static void
fails_every_kth_so_many_times(void **state)
{
	struct pier__fault fault = {
		.call = PIER__CALL_ALLOC,
		.nth = 1,
		.every = 2,
		.times = 2,
		.error = ENOMEM,
	};
	void *ptr[6];

	(void)state;
	pier__faulty_plan(&bed.faulty, &fault);
	for (int i = 0; i < 6; i++)
		ptr[i] = pier__alloc(8);
	assert_null(ptr[0]);
	assert_non_null(ptr[1]);
	assert_null(ptr[2]);
	for (int i = 3; i < 6; i++)
		assert_non_null(ptr[i]);
	for (int i = 0; i < 6; i++)
		pier__free(ptr[i]);
}

static void
picks_errors_of_whatever_call_comes_nth(void **state)
{
	struct pier__fault fault = { .call = PIER__CALL_ANY, .nth = 1 };

	(void)state;
	fault.pick = 1;
	pier__faulty_plan(&bed.faulty, &fault);
	assert_int_equal(
		new_socket(), -pier__call_infos[PIER__CALL_SOCKET].errors[1]);
}

static void
picks_nothing_beyond_the_last_error(void **state)
{
	struct pier__fault fault = { .call = PIER__CALL_ANY, .nth = 1 };
	void *ptr;

	(void)state;
	fault.pick = 1; /* alloc knows one error, with index 0 */
	pier__faulty_plan(&bed.faulty, &fault);
	ptr = pier__alloc(8);
	assert_non_null(ptr);
	assert_int_equal(bed.faulty.hits, 0);
	pier__free(ptr);
}

static void
cuts_streams_to_one_byte(void **state)
{
	struct pier__fault fault = {
		.call = PIER__CALL_ANY,
		.nth = 2,
		.every = 1,
		.error = PIER__FAULT_SHORT,
	};
	char text[] = "defg";
	struct iovec iov[2] = { { NULL, 0 }, { text, 4 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	const struct pier__calls *calls = pier__calls();
	char buf[8];
	int fds[2];

	(void)state;
	pier__faulty_plan(&bed.faulty, &fault);
	open_pair(fds, SOCK_STREAM);
	assert_int_equal(calls->send(fds[0], "abc", 3, 0), 1);
	assert_int_equal(calls->sendmsg(fds[0], &msg, 0), 1);
	assert_int_equal(calls->writev(fds[0], iov, 2), 1);
	assert_int_equal(calls->recv(fds[1], buf, sizeof(buf), 0), 1);
	assert_int_equal(buf[0], 'a');
	iov[1] = (struct iovec){ buf, sizeof(buf) };
	assert_int_equal(calls->recvmsg(fds[1], &msg, 0), 1);
	assert_int_equal(buf[0], 'd');
	assert_ptr_equal(msg.msg_iov, iov);
	close_pair(fds);
}

static void
leaves_messages_whole(void **state)
{
	struct pier__fault fault = {
		.call = PIER__CALL_ANY,
		.nth = 2,
		.every = 1,
		.error = PIER__FAULT_SHORT,
	};
	char buf[8];
	int fds[2];

	(void)state;
	pier__faulty_plan(&bed.faulty, &fault);
	open_pair(fds, SOCK_DGRAM);
	assert_int_equal(pier__calls()->send(fds[0], "abc", 3, 0), 3);
	assert_int_equal(pier__calls()->recv(fds[1], buf, 8, 0), 3);
	close_pair(fds);
}

/* Watched edge-triggered, the event taken, the data still there. */
static int
watch_with_data(int fds[2])
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epfd = pier__calls()->epoll_create();

	assert_true(epfd >= 0);
	open_pair(fds, SOCK_STREAM);
	assert_int_equal(
		pier__calls()->epoll_ctl(epfd, EPOLL_CTL_ADD, fds[1], &event),
		0);
	assert_int_equal(pier__calls()->send(fds[0], "abc", 3, 0), 3);
	assert_int_equal(pier__calls()->epoll_wait(epfd, &event, 1, 0), 1);
	assert_int_equal(pier__calls()->epoll_wait(epfd, &event, 1, 0), 0);
	return epfd;
}

static void
raises_the_edge_again_after_it_lied(void **state)
{
	struct pier__fault fault = {
		.call = PIER__CALL_RECV,
		.nth = 1,
		.error = EAGAIN,
	};
	struct epoll_event event;
	char buf[8];
	int fds[2], epfd;

	(void)state;
	pier__faulty_plan(&bed.faulty, &fault);
	fault = (struct pier__fault){
		.call = PIER__CALL_RECV,
		.nth = 2,
		.error = PIER__FAULT_SHORT,
	};
	pier__faulty_plan(&bed.faulty, &fault);
	epfd = watch_with_data(fds);
	assert_int_equal(pier__calls()->recv(fds[1], buf, 8, 0), -EAGAIN);
	assert_int_equal(pier__calls()->epoll_wait(epfd, &event, 1, 0), 1);
	assert_int_equal(pier__calls()->recv(fds[1], buf, 8, 0), 1);
	assert_int_equal(pier__calls()->epoll_wait(epfd, &event, 1, 0), 1);
	assert_int_equal(pier__calls()->recv(fds[1], buf, 8, 0), 2);
	assert_int_equal(pier__calls()->epoll_wait(epfd, &event, 1, 0), 0);
	pier__close(epfd);
	close_pair(fds);
}

static void
interrupted_waits_give_nothing(void **state)
{
	struct pier__fault fault = {
		.call = PIER__CALL_ANY,
		.nth = 1,
		.every = 1,
		.error = EINTR,
	};
	struct pollfd pollfd = { .fd = -1, .revents = POLLIN };
	struct epoll_event event;

	(void)state;
	pier__faulty_plan(&bed.faulty, &fault);
	assert_int_equal(pier__calls()->poll(&pollfd, 1, -1), 0);
	assert_int_equal(pollfd.revents, 0);
	assert_int_equal(pier__calls()->epoll_wait(0, &event, 1, -1), 0);
}

static void
failed_close_closes(void **state)
{
	struct pier__fault fault = {
		.call = PIER__CALL_CLOSE,
		.nth = 1,
		.error = EIO,
	};
	int fd = new_socket();

	(void)state;
	pier__faulty_plan(&bed.faulty, &fault);
	assert_int_equal(pier__calls()->close(fd), -EIO);
	assert_int_equal(pier__faulty_leaks(&bed.faulty, NULL), 0);
	assert_int_equal(pier__calls()->close(fd), -EBADF);
	assert_int_equal(bed.faulty.wrong_closes, 1);
}

static void
aborted_connection_is_gone(void **state)
{
	struct pier__fault fault = {
		.call = PIER__CALL_ACCEPT,
		.nth = 1,
		.error = ECONNABORTED,
	};
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(name);
	const struct pier__calls *calls = pier__calls();
	int fd = calls->socket(AF_UNIX, SOCK_STREAM, 0);
	int peer = calls->socket(AF_UNIX, SOCK_STREAM, 0);
	char byte;

	(void)state;
	pier__faulty_plan(&bed.faulty, &fault);
	/* A family alone asks the kernel for a free abstract name. */
	assert_int_equal(
		calls->bind(fd, (struct sockaddr *)&name, sizeof(sa_family_t)),
		0);
	assert_int_equal(
		calls->getsockname(fd, (struct sockaddr *)&name, &len), 0);
	assert_int_equal(calls->listen(fd, 1), 0);
	assert_int_equal(
		calls->connect(peer, (struct sockaddr *)&name, len), 0);
	assert_int_equal(calls->accept(fd, NULL, NULL, false), -ECONNABORTED);
	assert_int_equal(calls->accept(fd, NULL, NULL, false), -EAGAIN);
	assert_int_equal(calls->recv(peer, &byte, 1, 0), 0);
	pier__close(fd);
	pier__close(peer);
}

static void
knows_what_is_held(void **state)
{
	int fds[2];
	void *ptr = pier__alloc(8), *more, *map;

	(void)state;
	open_pair(fds, SOCK_STREAM);
	assert_int_equal(pier__calls()->map(&map, 4096), 0);
	assert_int_equal(pier__faulty_leaks(&bed.faulty, NULL), 4);
	more = pier__resize(ptr, 100000);
	assert_non_null(more);
	assert_int_equal(pier__faulty_leaks(&bed.faulty, NULL), 4);
	pier__free(more);
	assert_int_equal(pier__calls()->unmap(map, 4096), 0);
	assert_int_equal(pier__faulty_leaks(&bed.faulty, NULL), 2);
	close_pair(fds);
}

static void
each_entry_of_the_table_is_there(void **state)
{
	/* Function pointers only: none may be missing but the last, which
	   means "the kernel's engine" when it is NULL. */
	const size_t count = offsetof(struct pier__calls, engine_open) /
			     sizeof(void (*)(void));
	void (*entries[sizeof(struct pier__calls) / sizeof(void (*)(void))])(
		void);

	(void)state;
	memcpy(entries, &bed.faulty.calls, sizeof(entries));
	for (size_t i = 0; i < count; i++)
		assert_true(entries[i] != NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(passes_on_and_counts),
		CASE(fails_the_nth_of_a_named_call_once),
		CASE(fails_every_kth_so_many_times),
		CASE(picks_errors_of_whatever_call_comes_nth),
		CASE(picks_nothing_beyond_the_last_error),
		CASE(cuts_streams_to_one_byte),
		CASE(leaves_messages_whole),
		CASE(raises_the_edge_again_after_it_lied),
		CASE(interrupted_waits_give_nothing),
		CASE(failed_close_closes),
		CASE(aborted_connection_is_gone),
		CASE(knows_what_is_held),
		CASE(each_entry_of_the_table_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
