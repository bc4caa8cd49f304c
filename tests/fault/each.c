/* SPDX-License-Identifier: MIT */
/* tests/fault/each.c - see each.h. */
#include "each.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "os/faulty.h"
#include "task/task.h"

/* A scenario takes milliseconds; one that takes so long hangs. */
#define HANGS_AFTER_S 30

static pthread_mutex_t story_lock = PTHREAD_MUTEX_INITIALIZER;

long
met(struct fault_story *story, const char *call, long rc)
{
	const struct pier_error *error;

	if (rc >= 0)
		return rc;
	error = pier_last_error();
	(void)pthread_mutex_lock(&story_lock);
	if (story->rc == 0) {
		story->rc = (int)rc;
		story->code = error->code;
		story->step = error->step;
		story->call = call;
	}
	(void)pthread_mutex_unlock(&story_lock);
	return rc;
}

/* Never freed but kept in reach: a thread of the scenario may still be on its
   way out when all else has ended. */
struct run {
	struct run *next;
	const struct fault_scenario *scenario;
	struct pier__faulty faulty;
	struct fault_story story;
};

static void *
thread_main(void *arg)
{
	struct run *run = arg;
	struct pier__task *self = pier__self();

	if (self == NULL)
		abort();
	/* Until the thread has ended: what pier keeps for it goes with it. */
	self->context.calls = &run->faulty.calls;
	run->scenario->play(&run->story);
	return NULL;
}

static void
describe(const struct run *run)
{
	const struct pier__faulty *faulty = &run->faulty;

	(void)fprintf(stderr, "%s: ", run->scenario->name);
	if (faulty->hits == 0)
		(void)fprintf(stderr, "nothing injected");
	else
		(void)fprintf(stderr, "%s %s",
			pier__call_infos[faulty->hit_call].name,
			faulty->hit_error == PIER__FAULT_SHORT
				? "short"
				: pier_error_name(faulty->hit_error));
	for (size_t i = 0; i < faulty->fault_count; i++)
		(void)fprintf(stderr, " (from %lu every %lu)",
			faulty->faults[i].nth, faulty->faults[i].every);
	(void)fprintf(stderr, ": %s gave %s, step %s\n",
		run->story.call != NULL ? run->story.call : "all",
		run->story.rc == 0 ? "success" : pier_error_name(run->story.rc),
		pier_step_name(run->story.step));
}

static void
run_thread(struct run *run)
{
	struct timespec until;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, thread_main, run), 0);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += HANGS_AFTER_S;
	if (pthread_timedjoin_np(thread, NULL, &until) != 0) {
		(void)fprintf(stderr, "it hangs: ");
		describe(run);
		abort(); /* for the stacks */
	}
}

/* What is left after a moment: threads give back their own at their very end,
   which nobody waits for. */
static size_t
leaks_of(struct run *run)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < 2000; i++) {
		if (pier__faulty_leaks(&run->faulty, NULL) == 0)
			return 0;
		(void)nanosleep(&moment, NULL);
	}
	return pier__faulty_leaks(&run->faulty, stderr);
}

/* The result that a fault is to have. */
static bool
is_right(const struct run *run)
{
	const struct pier__faulty *faulty = &run->faulty;
	int rc = run->story.rc;

	if (rc == 0)
		return true;
	if (faulty->hits == 0)
		return false;
	if (faulty->hit_error != PIER__FAULT_SHORT &&
		!pier__call_error_passes(faulty->hit_call, faulty->hit_error) &&
		rc == -faulty->hit_error)
		return true;
	for (const int *also = run->scenario->also; also != NULL && *also != 0;
		also++) {
		if (rc == *also)
			return true;
	}
	return false;
}

/* The record tells the same as the result; without memory there may be
   none, and -EAGAIN is an answer that leaves no record. */
static bool
story_fits(const struct run *run)
{
	if (run->story.rc == 0 || run->story.rc == -EAGAIN ||
		run->faulty.hit_error == ENOMEM)
		return true;
	return run->story.code == run->story.rc &&
	       run->story.step > PIER_STEP_NONE &&
	       run->story.step < PIER_STEP_COUNT;
}

/* Has to be right after a run with one fault; with many, only tidy. */
enum strictness {
	RIGHT,
	TIDY
};

/* One run with these faults. False: the fault had nothing to hit. */
static bool
run_with(const struct fault_scenario *scenario, const struct pier__fault *fault,
	unsigned long *total, enum strictness strictness)
{
	static struct run *runs;
	struct run *run = calloc(1, sizeof(*run));
	size_t leaks;
	bool right;

	assert_non_null(run);
	run->next = runs;
	runs = run;
	run->scenario = scenario;
	pier__faulty_init(&run->faulty, &pier__calls_real);
	if (fault != NULL)
		pier__faulty_plan(&run->faulty, fault);
	run_thread(run);
	leaks = leaks_of(run);
	right = strictness == TIDY || (is_right(run) && story_fits(run));
	if (leaks > 0 || !right || run->faulty.wrong_closes > 0)
		describe(run);
	assert_int_equal(leaks, 0);
	assert_int_equal(run->faulty.wrong_closes, 0);
	assert_true(right);
	if (total != NULL)
		*total = run->faulty.total;
	return run->faulty.hits > 0;
}

/* Call number nth by each of its errors, then short. Returns how many runs. */
static unsigned
go_wrong_at(const struct fault_scenario *scenario, unsigned long nth)
{
	struct pier__fault fault = { .call = PIER__CALL_ANY, .nth = nth };
	unsigned count = 0;

	while (run_with(scenario, &fault, NULL, RIGHT)) {
		fault.pick++;
		count++;
	}
	fault.error = PIER__FAULT_SHORT;
	count += run_with(scenario, &fault, NULL, RIGHT);
	return count;
}

/* Things that happen again and again and still let everything through. */
static void
storms(const struct fault_scenario *scenario)
{
	struct pier__fault fault = { .call = PIER__CALL_ANY,
		.nth = 1,
		.every = 1,
		.error = PIER__FAULT_SHORT };
	static const int noisy[] = { PIER__CALL_RECV, PIER__CALL_SEND,
		PIER__CALL_RECVMSG, PIER__CALL_SENDMSG, PIER__CALL_READ,
		PIER__CALL_ACCEPT, PIER__CALL_SPLICE };

	if (!scenario->is_bulk && !scenario->is_patient)
		(void)run_with(scenario, &fault, NULL, RIGHT);
	for (size_t i = 0; i < sizeof(noisy) / sizeof(noisy[0]); i++) {
		fault.call = noisy[i];
		fault.every = 2;
		fault.error = EINTR;
		(void)run_with(scenario, &fault, NULL, RIGHT);
		fault.error = EAGAIN;
		(void)run_with(scenario, &fault, NULL, RIGHT);
	}
}

/* Much goes wrong, also what cleans up after what went wrong. */
static void
chaos(const struct fault_scenario *scenario)
{
	static const unsigned long everies[] = { 1, 2, 3, 5, 7, 11, 13, 17 };
	struct pier__fault fault = { .call = PIER__CALL_ANY };

	for (size_t i = 0; i < sizeof(everies) / sizeof(everies[0]); i++) {
		for (unsigned turn = 0; turn < 4; turn++) {
			fault.every = everies[i];
			fault.nth = 1 + turn * everies[i];
			fault.pick = turn;
			(void)run_with(scenario, &fault, NULL, TIDY);
		}
	}
}

static void
each_call_goes_wrong_once(void **state)
{
	const struct fault_scenario *scenario = *state;
	unsigned long total;
	unsigned count = 0;

	assert_false(run_with(scenario, NULL, &total, RIGHT));
	assert_in_range(total, 3, 5000);
	for (unsigned long nth = 1; nth <= total; nth++)
		count += go_wrong_at(scenario, nth);
	storms(scenario);
	if (!scenario->is_patient)
		chaos(scenario);
	print_message(
		"# %s: %lu calls, %u faults\n", scenario->name, total, count);
	assert_true(count * 3 > total);
}

struct inside {
	void (*play)(struct fault_story *story);
	struct fault_story *story;
};

static int
inside_main(void *arg)
{
	struct inside *inside = arg;

	inside->play(inside->story);
	return 0;
}

void
each_inside(struct fault_story *story, enum pier_task_kind kind,
	void (*play)(struct fault_story *story))
{
	struct pier_run_opts opts = { .kind = kind };
	struct inside inside = { .play = play, .story = story };

	(void)met(story, "run", pier_run(inside_main, &inside, &opts, NULL));
}

#define SCENARIOS_MAX 32

int
each_run(const struct fault_scenario *scenarios, size_t count)
{
	static struct CMUnitTest tests[SCENARIOS_MAX];

	assert_in_range(count, 1, SCENARIOS_MAX);
	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){
			.name = scenarios[i].name,
			.test_func = each_call_goes_wrong_once,
			.initial_state = (void *)(uintptr_t)&scenarios[i],
		};
	return _cmocka_run_group_tests("fault", tests, count, NULL, NULL);
}
