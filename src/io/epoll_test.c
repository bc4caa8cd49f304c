/* SPDX-License-Identifier: MIT */
/* io/epoll_test.c - slots, generations, and what the kernel is asked. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/desc.h"
#include "io/engine.h"
#include "os/closing.h"
#include "os/faulty.h"

struct ends {
	struct pier__desc desc;
	int peer;
};

static void
ends_open(struct ends *ends)
{
	int fds[2];

	assert_int_equal(
		pier__calls_real.socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	pier__desc_init(&ends->desc, fds[0], PIER__DESC_SOCKET);
	ends->peer = fds[1];
}

static void
ends_close(struct ends *ends)
{
	(void)close(ends->desc.fd);
	(void)close(ends->peer);
}

static struct pier__engine *
engine_open(void)
{
	struct pier__engine *engine;

	assert_int_equal(pier__engine_epoll(&engine, NULL, 0), 0);
	return engine;
}

/* While one event of a batch is taken, the descriptor of the next is given up
   and its slot goes to another: the event is for nobody. */
static struct {
	struct pier__engine *engine;
	struct ends first, second, third;
	uint32_t slot;
} stale;

static void
replace_the_second(struct pier__desc *desc)
{
	(void)desc;
	stale.slot = stale.second.desc.slot;
	stale.engine->ops->forget(stale.engine, &stale.second.desc);
	assert_int_equal(stale.engine->ops->add(
				 stale.engine, &stale.third.desc, PIER__IN),
		0);
}

static void
test_stale_events(void **state)
{
	const struct pier__engine_ops *ops;

	(void)state;
	stale.engine = engine_open();
	ops = stale.engine->ops;
	ends_open(&stale.first);
	ends_open(&stale.second);
	ends_open(&stale.third);
	stale.first.desc.on_writable = replace_the_second;
	stale.second.desc.readable = false;
	stale.third.desc.readable = false;
	assert_int_equal(send(stale.second.peer, "x", 1, 0), 1);
	assert_int_equal(
		ops->add(stale.engine, &stale.first.desc, PIER__OUT), 0);
	assert_int_equal(
		ops->add(stale.engine, &stale.second.desc, PIER__IN), 0);
	assert_int_equal(ops->wait(stale.engine, 0), 0);
	/* The case is the one that is meant: same slot, one batch. */
	assert_int_equal(stale.third.desc.slot, stale.slot);
	assert_int_equal(stale.second.desc.slot, 0);
	assert_false(stale.third.desc.readable);
	assert_false(stale.second.desc.readable);
	/* Its own event does come. */
	assert_int_equal(send(stale.third.peer, "x", 1, 0), 1);
	assert_int_equal(ops->wait(stale.engine, 0), 0);
	assert_true(stale.third.desc.readable);
	ops->close(stale.engine);
	ends_close(&stale.first);
	ends_close(&stale.second);
	ends_close(&stale.third);
}

/* A descriptor that is closed elsewhere too stays open, so closing does not
   take it out of the set: forgetting does. */
static void
test_forgotten_though_open(void **state)
{
	struct pier__engine *engine = engine_open();
	struct ends ends;
	int twin;

	(void)state;
	ends_open(&ends);
	twin = dup(ends.desc.fd);
	assert_true(twin >= 0);
	ends.desc.readable = false;
	assert_int_equal(engine->ops->add(engine, &ends.desc, PIER__IN), 0);
	engine->ops->forget(engine, &ends.desc);
	engine->ops->forget(engine, &ends.desc);
	assert_int_equal(ends.desc.slot, 0);
	assert_int_equal(ends.desc.interest, 0);
	assert_int_equal(send(ends.peer, "x", 1, 0), 1);
	assert_int_equal(engine->ops->wait(engine, 0), 0);
	assert_false(ends.desc.readable);
	(void)close(twin);
	engine->ops->close(engine);
	ends_close(&ends);
}

/* Each descriptor is added once; a second direction changes it once. */
static void
test_few_calls(void **state)
{
	struct pier__task *self = pier__self();
	struct pier__engine *engine;
	struct pier__faulty faulty;
	struct ends ends;
	unsigned of_its_own;

	(void)state;
	pier__faulty_init(&faulty, &pier__calls_real);
	self->context.calls = &faulty.calls;
	engine = engine_open();
	of_its_own = faulty.counts[PIER__CALL_EPOLL_CTL];
	ends_open(&ends);
	for (int i = 0; i < 10; i++)
		assert_int_equal(
			engine->ops->add(engine, &ends.desc, PIER__IN), 0);
	assert_int_equal(faulty.counts[PIER__CALL_EPOLL_CTL] - of_its_own, 1);
	for (int i = 0; i < 10; i++)
		assert_int_equal(
			engine->ops->add(engine, &ends.desc, PIER__OUT), 0);
	assert_int_equal(faulty.counts[PIER__CALL_EPOLL_CTL] - of_its_own, 2);
	/* TCP is watched for both from the beginning. */
	engine->ops->forget(engine, &ends.desc);
	ends.desc.kind = PIER__DESC_TCP;
	assert_int_equal(engine->ops->add(engine, &ends.desc, PIER__IN), 0);
	assert_int_equal(engine->ops->add(engine, &ends.desc, PIER__OUT), 0);
	assert_int_equal(faulty.counts[PIER__CALL_EPOLL_CTL] - of_its_own, 4);
	engine->ops->close(engine);
	ends_close(&ends);
	self->context.calls = &pier__calls_real;
	assert_int_equal(pier__faulty_leaks(&faulty, stderr), 0);
	pier__faulty_end(&faulty);
}

/* A socket whose every message that leaves makes room, and its peer. */
static void
messages_open(struct ends *ends)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	ends->peer = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(fd >= 0 && ends->peer >= 0);
	assert_int_equal(
		bind(ends->peer, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(
		getsockname(ends->peer, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, len), 0);
	pier__desc_init(&ends->desc, fd, PIER__DESC_SOCKET);
}

/* Does the engine's wait bring room? */
static bool
tells_room(struct pier__engine *engine, struct ends *ends)
{
	char byte;

	ends->desc.writable = false;
	assert_int_equal(send(ends->desc.fd, "x", 1, 0), 1);
	assert_int_equal(recv(ends->peer, &byte, 1, 0), 1);
	assert_int_equal(engine->ops->wait(engine, 0), 0);
	return ends->desc.writable;
}

/* Room that nobody waits for is told once; who waits for it again hears of it
   again. What is read, or was never waited for, stays as it is. */
static void
test_room_in_vain(void **state)
{
	static const unsigned before[] = { 0, PIER__IN };
	struct pier__engine *engine = engine_open();
	struct ends ends;

	(void)state;
	for (int i = 0; i < 2; i++) {
		messages_open(&ends);
		if (before[i] != 0)
			assert_int_equal(
				engine->ops->add(engine, &ends.desc, before[i]),
				0);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(
				engine->ops->add(engine, &ends.desc, PIER__OUT),
				0);
			assert_true(tells_room(engine, &ends));
			assert_false(tells_room(engine, &ends));
			assert_false(tells_room(engine, &ends));
			assert_int_equal(ends.desc.interest, before[i]);
		}
		ends.desc.readable = false;
		assert_int_equal(
			engine->ops->add(engine, &ends.desc, PIER__IN), 0);
		engine->ops->forget(engine, &ends.desc);
		ends_close(&ends);
	}
	engine->ops->close(engine);
}

/* A refused add leaves no trace; memory for slots fails likewise. */
static void
test_refused(void **state)
{
	static const int calls[] = { PIER__CALL_EPOLL_CTL, PIER__CALL_RESIZE };
	struct pier__task *self = pier__self();

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pier__engine *engine;
		struct pier__faulty faulty;
		struct ends ends;

		pier__faulty_init(&faulty, &pier__calls_real);
		self->context.calls = &faulty.calls;
		engine = engine_open();
		pier__faulty_plan(
			&faulty, &(struct pier__fault){ .call = calls[i],
					 .nth = faulty.counts[calls[i]] + 1 });
		ends_open(&ends);
		assert_int_equal(engine->ops->add(engine, &ends.desc, PIER__IN),
			-ENOMEM);
		assert_int_equal(ends.desc.slot, 0);
		assert_int_equal(ends.desc.interest, 0);
		assert_int_equal(
			engine->ops->add(engine, &ends.desc, PIER__IN), 0);
		assert_int_equal(ends.desc.slot, 1);
		engine->ops->close(engine);
		ends_close(&ends);
		self->context.calls = &pier__calls_real;
		assert_int_equal(pier__faulty_leaks(&faulty, stderr), 0);
		pier__faulty_end(&faulty);
	}
}

/* More than the first table holds, each with its own event. */
static void
test_many_slots(void **state)
{
	static struct ends all[300];
	struct pier__engine *engine = engine_open();

	(void)state;
	for (int i = 0; i < 300; i++) {
		ends_open(&all[i]);
		all[i].desc.readable = false;
		assert_int_equal(
			engine->ops->add(engine, &all[i].desc, PIER__IN), 0);
	}
	for (int i = 0; i < 300; i += 3)
		assert_int_equal(send(all[i].peer, "x", 1, 0), 1);
	/* More events than one wait takes in. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(engine->ops->wait(engine, 0), 0);
	for (int i = 0; i < 300; i++)
		assert_int_equal(all[i].desc.readable, i % 3 == 0);
	/* The engine goes first: nothing points at it afterwards. */
	engine->ops->close(engine);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(all[i].desc.slot, 0);
		ends_close(&all[i]);
	}
}

/* A wake-up ends the wait that goes on or the next one, once. */
static void
test_wake(void **state)
{
	struct pier__engine *engine = engine_open();

	(void)state;
	assert_int_equal(engine->ops->wakeable(engine), 0);
	assert_int_equal(engine->ops->wakeable(engine), 0);
	engine->ops->wake(engine);
	engine->ops->wake(engine);
	/* For ever, if it were not for the wake-up. */
	assert_int_equal(engine->ops->wait(engine, -1), 0);
	assert_int_equal(engine->ops->wait(engine, 1), 0);
	engine->ops->close(engine);
}

/* An alarm ends the wait that goes on or begins later, once, and may be set
   again. */
static void
test_alarm(void **state)
{
	struct pier__engine *engine = engine_open();
	int64_t at;

	(void)state;
	for (int i = 0; i < 2; i++) {
		at = pier__calls_real.clock_ns() + 1000000;
		/* Of two the second counts. */
		assert_int_equal(engine->ops->alarm(engine, at / 2), 0);
		assert_int_equal(engine->ops->alarm(engine, at), 0);
		/* For ever, if it were not for the alarm. */
		assert_int_equal(engine->ops->wait(engine, -1), 0);
		assert_true(pier__calls_real.clock_ns() >= at);
	}
	/* One that is past ends the next wait. */
	assert_int_equal(engine->ops->alarm(engine, at), 0);
	assert_int_equal(engine->ops->wait(engine, -1), 0);
	assert_int_equal(engine->ops->wait(engine, 1), 0);
	engine->ops->close(engine);
}

/* Without a descriptor for it there is none, and all else works. */
static void
test_no_alarm(void **state)
{
	static const int calls[] = { PIER__CALL_TIMERFD, PIER__CALL_EPOLL_CTL };
	struct pier__task *self = pier__self();

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pier__engine *engine;
		struct pier__faulty faulty;

		pier__faulty_init(&faulty, &pier__calls_real);
		pier__faulty_plan(&faulty,
			&(struct pier__fault){ .call = calls[i], .nth = 1 });
		self->context.calls = &faulty.calls;
		engine = engine_open();
		assert_int_equal(engine->ops->alarm(engine, 1), -ENOSYS);
		assert_int_equal(engine->ops->wait(engine, 1), 0);
		engine->ops->close(engine);
		self->context.calls = &pier__calls_real;
		assert_int_equal(pier__faulty_leaks(&faulty, stderr), 0);
		pier__faulty_end(&faulty);
	}
}

static int first_waits;

/* As the scheduler does: from here on it is woken, and waits. */
static void
first_wait(void *arg)
{
	struct pier__engine *engine = arg;

	first_waits++;
	(void)engine->ops->wakeable(engine);
}

static void
renew(struct pier__engine *engine)
{
	struct pier__closing closing;

	pier__closing_begin(&closing);
	engine->ops->renew(engine, &closing, first_wait, engine);
	pier__closing_end(&closing);
}

/* Calls of the kernel so far that open or change something. */
static unsigned long
openings(const struct pier__faulty *faulty)
{
	return faulty->counts[PIER__CALL_EPOLL_CREATE] +
	       faulty->counts[PIER__CALL_EPOLL_CTL] +
	       faulty->counts[PIER__CALL_EVENTFD] +
	       faulty->counts[PIER__CALL_TIMERFD];
}

/* The child of a fork: nothing of the parent's is watched, and nothing is opened
   before somebody waits. */
static void
test_renewed(void **state)
{
	struct pier__task *self = pier__self();
	struct pier__engine *engine;
	struct pier__faulty faulty;
	struct ends before, after;
	uint64_t opened;

	(void)state;
	pier__faulty_init(&faulty, &pier__calls_real);
	self->context.calls = &faulty.calls;
	engine = engine_open();
	ends_open(&before);
	ends_open(&after);
	assert_int_equal(engine->ops->wakeable(engine), 0);
	before.desc.readable = false;
	assert_int_equal(engine->ops->add(engine, &before.desc, PIER__IN), 0);
	opened = openings(&faulty);
	first_waits = 0;
	renew(engine);
	assert_int_equal(before.desc.slot, 0);
	assert_int_equal(engine->ops->note(engine, &after.desc), 0);
	engine->ops->wake(engine);
	engine->ops->forget(engine, &after.desc);
	assert_true(openings(&faulty) == opened);
	/* The first one only tells; then events come as ever. */
	after.desc.readable = false;
	assert_int_equal(engine->ops->add(engine, &after.desc, PIER__IN), 0);
	assert_int_equal(send(after.peer, "x", 1, 0), 1);
	assert_int_equal(engine->ops->wait(engine, -1), 0);
	assert_int_equal(first_waits, 1);
	assert_false(after.desc.readable);
	assert_int_equal(engine->ops->wait(engine, -1), 0);
	assert_true(after.desc.readable);
	engine->ops->wake(engine);
	assert_int_equal(engine->ops->wait(engine, -1), 0);
	assert_int_equal(first_waits, 1);
	engine->ops->close(engine);
	self->context.calls = &pier__calls_real;
	assert_int_equal(pier__faulty_leaks(&faulty, stderr), 0);
	pier__faulty_end(&faulty);
	ends_close(&before);
	ends_close(&after);
}

/* Without a descriptor to be had it looks again soon, and does not spin. */
static void
test_renewed_without_descriptors(void **state)
{
	struct pier__task *self = pier__self();
	struct pier__engine *engine = engine_open();
	struct pier__faulty faulty;
	struct ends ends;

	(void)state;
	ends_open(&ends);
	first_waits = 0;
	renew(engine);
	pier__faulty_init(&faulty, &pier__calls_real);
	pier__faulty_plan(
		&faulty, &(struct pier__fault){ .call = PIER__CALL_EPOLL_CREATE,
				 .nth = 1,
				 .every = 1 });
	self->context.calls = &faulty.calls;
	assert_true(engine->ops->add(engine, &ends.desc, PIER__IN) < 0);
	assert_int_equal(engine->ops->wait(engine, -1), 0);
	assert_true(faulty.counts[PIER__CALL_POLL] == 1);
	self->context.calls = &pier__calls_real;
	assert_int_equal(engine->ops->wait(engine, -1), 0);
	assert_int_equal(first_waits, 2);
	engine->ops->close(engine);
	pier__faulty_end(&faulty);
	ends_close(&ends);
}

/* With nothing to be had that it is woken by, it hears of what it watches. */
static void
test_renewed_without_what_wakes(void **state)
{
	struct pier__task *self = pier__self();
	struct pier__engine *engine = engine_open();
	struct pier__faulty faulty;
	struct ends ends;

	(void)state;
	ends_open(&ends);
	first_waits = 0;
	renew(engine);
	pier__faulty_init(&faulty, &pier__calls_real);
	pier__faulty_plan(&faulty,
		&(struct pier__fault){
			.call = PIER__CALL_EVENTFD, .nth = 1, .every = 1 });
	self->context.calls = &faulty.calls;
	ends.desc.readable = false;
	assert_int_equal(engine->ops->add(engine, &ends.desc, PIER__IN), 0);
	assert_int_equal(send(ends.peer, "x", 1, 0), 1);
	assert_int_equal(engine->ops->wait(engine, 0), 0);
	assert_int_equal(first_waits, 1);
	assert_true(ends.desc.readable);
	self->context.calls = &pier__calls_real;
	assert_int_equal(engine->ops->wait(engine, -1), 0);
	assert_int_equal(first_waits, 2);
	assert_true(engine->wake_fd >= 0);
	engine->ops->close(engine);
	pier__faulty_end(&faulty);
	ends_close(&ends);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renewed),
		cmocka_unit_test(test_renewed_without_descriptors),
		cmocka_unit_test(test_renewed_without_what_wakes),
		cmocka_unit_test(test_stale_events),
		cmocka_unit_test(test_forgotten_though_open),
		cmocka_unit_test(test_few_calls),
		cmocka_unit_test(test_room_in_vain),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many_slots),
		cmocka_unit_test(test_wake),
		cmocka_unit_test(test_alarm),
		cmocka_unit_test(test_no_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
