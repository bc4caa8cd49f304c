/* SPDX-License-Identifier: MIT */
/*
 * serve/shared_test.c - processes that count together, some of them killed at
 * whatever instruction they are.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/calls.h"
#include "serve/address_count.h"
#include "serve/shared.h"

#define ACTIVE    offsetof(struct pier__ledger, active)
#define PROCESSES 4
#define MAX       2
#define KILLS     50

/* In memory that the children share too. */
struct tally {
	atomic_uint rounds[PROCESSES];
	atomic_uint over; /* more at once than there may be */
	struct pier__shared *shared;
	struct pier__address_count *addresses;
};

static int
open_tally(void **state)
{
	void *at = NULL;
	struct tally *tally;

	assert_int_equal(pier__calls()->map_shared(&at, sizeof(*tally)), 0);
	tally = at;
	assert_int_equal(pier__shared_open(&tally->shared, PROCESSES, 2, 3), 0);
	assert_int_equal(
		pier__address_count_open(&tally->addresses, MAX, PROCESSES), 0);
	*state = tally;
	return 0;
}

static int
close_tally(void **state)
{
	struct tally *tally = *state;

	pier__shared_close(tally->shared);
	pier__address_count_close(tally->addresses);
	return pier__calls()->unmap(tally, sizeof(*tally));
}

static void
work(struct tally *tally, size_t process)
{
	struct pier__ledger *ledger = &tally->shared->ledgers[process];
	bool again;
	int now = pier__shared_add(tally->shared, process, ACTIVE, MAX, &again);

	if (now > MAX)
		atomic_fetch_add(&tally->over, 1);
	if (now > 0)
		atomic_fetch_sub(&ledger->active, 1);
	atomic_fetch_add(&tally->rounds[process], 1);
}

static void
work_on_addresses(struct tally *tally, size_t process)
{
	struct pier__address_entry *entry;
	struct pier_addr addr;
	int rc;

	(void)pier_addr_parse(&addr,
		atomic_load(&tally->rounds[process]) % 2 == 0 ? "192.0.2.1:1"
							      : "192.0.2.2:1");
	rc = pier__address_take(
		tally->addresses, &entry, &addr, PROCESSES, process);
	if (rc < 0)
		atomic_fetch_add(&tally->over, 1);
	else
		pier__address_give(tally->addresses, entry, process);
	atomic_fetch_add(&tally->rounds[process], 1);
}

static pid_t
start(struct tally *tally, size_t process,
	void (*fn)(struct tally *tally, size_t process))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	for (;;)
		fn(tally, process);
}

static void
end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* The others go on while one after the other is killed; when all have gone
   nothing is left of them. */
static void
kill_many(struct tally *tally, void (*fn)(struct tally *tally, size_t process),
	void (*forget)(struct tally *tally, size_t process))
{
	pid_t pids[PROCESSES];
	size_t i;

	for (i = 0; i < PROCESSES; i++)
		pids[i] = start(tally, i, fn);
	for (i = 0; i < KILLS; i++) {
		size_t process = i % PROCESSES;
		unsigned seen = atomic_load(&tally->rounds[process]);

		while (atomic_load(&tally->rounds[process]) - seen < 3)
			(void)usleep(10);
		end(pids[process]);
		forget(tally, process);
		pids[process] = start(tally, process, fn);
	}
	for (i = 0; i < PROCESSES; i++) {
		end(pids[i]);
		forget(tally, i);
	}
	assert_int_equal(atomic_load(&tally->over), 0);
}

static void
forget_ledger(struct tally *tally, size_t process)
{
	assert_true(pier__shared_forget(tally->shared, process) <= 1);
}

static void
test_what_the_killed_held_is_free(void **state)
{
	struct tally *tally = *state;

	kill_many(tally, work, forget_ledger);
	assert_int_equal(pier__shared_active(tally->shared), 0);
}

static void
forget_addresses(struct tally *tally, size_t process)
{
	pier__address_forget(tally->addresses, process);
}

static void
test_addresses_of_the_killed_are_free(void **state)
{
	struct pier__address_entry *entries[2];
	struct tally *tally = *state;
	struct pier_addr addr;

	kill_many(tally, work_on_addresses, forget_addresses);
	/* Two entries, both to be had: by addresses of their own. */
	assert_int_equal(pier_addr_parse(&addr, "192.0.2.3:1"), 0);
	assert_int_equal(
		pier__address_take(tally->addresses, &entries[0], &addr, 1, 0),
		0);
	assert_int_equal(pier_addr_parse(&addr, "192.0.2.4:1"), 0);
	assert_int_equal(
		pier__address_take(tally->addresses, &entries[1], &addr, 1, 1),
		0);
	pier__address_give(tally->addresses, entries[0], 0);
	pier__address_give(tally->addresses, entries[1], 1);
}

static void
test_all_processes_have_one_bound(void **state)
{
	struct pier__shared *shared = ((struct tally *)*state)->shared;
	bool again = true;

	assert_int_equal(pier__shared_add(shared, 0, ACTIVE, 2, &again), 1);
	assert_int_equal(pier__shared_add(shared, 3, ACTIVE, 2, &again), 2);
	assert_int_equal(pier__shared_add(shared, 1, ACTIVE, 2, &again), 0);
	assert_false(again);
	assert_int_equal(pier__shared_active(shared), 2);
	assert_int_equal(pier__shared_forget(shared, 3), 1);
	assert_int_equal(pier__shared_add(shared, 1, ACTIVE, 2, &again), 2);
}

/* As when a terminal tells all of them at once. */
static void
test_a_stop_by_each_is_one_stop(void **state)
{
	struct pier__shared *shared = ((struct tally *)*state)->shared;
	size_t i;

	for (i = 0; i < PROCESSES; i++)
		pier__shared_stop(shared, &shared->ledgers[i]);
	assert_int_equal(atomic_load(&shared->stops), 1);
	pier__shared_stop(shared, &shared->ledgers[2]);
	assert_int_equal(atomic_load(&shared->stops), 2);
	pier__shared_stop(shared, &shared->ledgers[1]);
	assert_int_equal(atomic_load(&shared->stops), 2);
}

static void
test_counters_are_apart(void **state)
{
	struct pier__shared *shared = ((struct tally *)*state)->shared;
	struct pier_server_stats stats = { 0 };
	size_t i;

	for (i = 0; i < PROCESSES * 2; i++) {
		struct pier__counters *counters =
			pier__shared_counters(shared, i / 2, i % 2);

		assert_ptr_equal(counters, pier__shared_counters(shared, 0, i));
		assert_int_equal((uintptr_t)counters % 64, 0);
		pier__count(counters, PIER__COUNT_ACCEPTED, i + 1);
	}
	for (i = 0; i < PROCESSES * 2; i++)
		pier__counters_add(&stats, pier__shared_counters(shared, 0, i));
	assert_int_equal(stats.accepted, 36);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, open_tally, close_tally)
	const struct CMUnitTest tests[] = {
		TEST(test_what_the_killed_held_is_free),
		TEST(test_addresses_of_the_killed_are_free),
		TEST(test_all_processes_have_one_bound),
		TEST(test_a_stop_by_each_is_one_stop),
		TEST(test_counters_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
