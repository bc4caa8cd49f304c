/* SPDX-License-Identifier: MIT */
/*
 * The pool of name helpers, with a getaddrinfo() that stays inside until it is
 * let go: giving up, sharing, the limits, stopping and forking. Each task is
 * a fiber in one turn and a thread in the next.
 */
#include "names/names.h"

#include "os/faulty.h"
#include "task/task.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define TASKS_MAX (PIER_RESOLVE_HELPERS + PIER_RESOLVE_QUEUE_MAX + 1)

/* No wait of these tests comes near it. */
#define SOON pier_in_s(20)

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open;            /* calls come back at once */
	unsigned int running; /* inside getaddrinfo now */
	unsigned int calls;   /* in all */
	unsigned int threads; /* of the process at the start */
	long lists;           /* given out and not yet freed */
	struct pier__calls table;
	struct pier__faulty faulty; /* before table, to see leaks */
} stub = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

/* Names that begin with "none" do not exist; all others are 192.0.2.1. */
static int
make_list(const char *host, struct addrinfo **out)
{
	struct {
		struct addrinfo info;
		struct sockaddr_in in;
	} * made;

	if (strncmp(host, "none", 4) == 0)
		return EAI_NONAME;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return EAI_MEMORY;
	made->in.sin_family = AF_INET;
	made->in.sin_port = htons(80);
	made->in.sin_addr.s_addr = htonl(0xc0000201);
	made->info.ai_family = AF_INET;
	made->info.ai_socktype = SOCK_STREAM;
	made->info.ai_protocol = IPPROTO_TCP;
	made->info.ai_addr = (struct sockaddr *)&made->in;
	made->info.ai_addrlen = sizeof(made->in);
	*out = &made->info;
	return 0;
}

static int
stub_getaddrinfo(const char *host, const char *service,
	const struct addrinfo *hints, struct addrinfo **out)
{
	int rc;

	(void)service;
	(void)hints;
	(void)pthread_mutex_lock(&stub.lock);
	stub.running++;
	stub.calls++;
	(void)pthread_cond_broadcast(&stub.changed);
	while (!stub.open)
		(void)pthread_cond_wait(&stub.changed, &stub.lock);
	stub.running--;
	rc = make_list(host, out);
	stub.lists += rc == 0;
	(void)pthread_cond_broadcast(&stub.changed);
	(void)pthread_mutex_unlock(&stub.lock);
	return rc;
}

static void
stub_freeaddrinfo(struct addrinfo *list)
{
	(void)pthread_mutex_lock(&stub.lock);
	stub.lists--;
	(void)pthread_cond_broadcast(&stub.changed);
	(void)pthread_mutex_unlock(&stub.lock);
	free(list);
}

static void
let_go(void)
{
	(void)pthread_mutex_lock(&stub.lock);
	stub.open = true;
	(void)pthread_cond_broadcast(&stub.changed);
	(void)pthread_mutex_unlock(&stub.lock);
}

static unsigned int
calls_made(void)
{
	unsigned int calls;

	(void)pthread_mutex_lock(&stub.lock);
	calls = stub.calls;
	(void)pthread_mutex_unlock(&stub.lock);
	return calls;
}

static void
wait_running(unsigned int count)
{
	(void)pthread_mutex_lock(&stub.lock);
	while (stub.running != count)
		(void)pthread_cond_wait(&stub.changed, &stub.lock);
	(void)pthread_mutex_unlock(&stub.lock);
}

static unsigned int
threads_now(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned int count = 0;
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	(void)closedir(dir);
	return count;
}

/* Are there this many threads more than at the start? One that has ended is seen
   for a moment after. */
static bool
come_to_threads(unsigned int more)
{
	pier_deadline deadline = SOON;

	while (threads_now() != stub.threads + more &&
		pier_left_ns(deadline) > 0)
		(void)usleep(1000);
	return threads_now() == stub.threads + more;
}

static void
assert_threads(unsigned int more)
{
	if (!come_to_threads(more))
		fail_msg("%u threads, not %u + %u", threads_now(), stub.threads,
			more);
}

/* Where the kernel shows the thread. */
static void *
tell_path(void *arg)
{
	(void)snprintf(
		arg, 64, "/proc/self/task/%ld", (long)syscall(SYS_gettid));
	return NULL;
}

/*
 * Once for all tests: the thread of a task may still give memory back when the
 * run that it belonged to has ended.
 */
static int
set_up_table(void **state)
{
	char path[64] = "";
	pthread_t thread;

	(void)state;
	stub.table = pier__calls_real;
	stub.table.getaddrinfo = stub_getaddrinfo;
	stub.table.freeaddrinfo = stub_freeaddrinfo;
	/* The first thread brings the one of the thread sanitizer with it. */
	assert_int_equal(pthread_create(&thread, NULL, tell_path, path), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	while (access(path, F_OK) == 0)
		(void)usleep(1000);
	stub.threads = threads_now();
	pier__faulty_init(&stub.faulty, &stub.table);
	/* What a thread keeps until its end is made before anything counts. */
	assert_int_equal(pier_sleep(pier_in_ms(50)), 0);
	(void)pier__fail(-EIO, &(struct pier__failure){ .done = 0 });
	pier__self()->context.calls = &stub.faulty.calls;
	return 0;
}

static int
tear_down_table(void **state)
{
	(void)state;
	pier__self()->context.calls = &pier__calls_real;
	pier__faulty_end(&stub.faulty);
	return 0;
}

static int
set_up(void **state)
{
	(void)state;
	(void)pthread_mutex_lock(&stub.lock);
	stub.open = false;
	stub.running = 0;
	stub.calls = 0;
	(void)pthread_mutex_unlock(&stub.lock);
	return 0;
}

/* Ends every helper: a busy one first has to see that its question is done. */
static void
stop_helpers(void)
{
	let_go();
	while (pier__names_stop() > 0)
		assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
}

static int
tear_down(void **state)
{
	pier_deadline deadline = pier_in_s(5);

	(void)state;
	stop_helpers();
	/* The thread of a task says that it ended, and then frees the rest. */
	while (pier__faulty_leaks(&stub.faulty, NULL) > 0 &&
		pier_left_ns(deadline) > 0)
		assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
	assert_int_equal(pier__faulty_leaks(&stub.faulty, stderr), 0);
	assert_int_equal(stub.lists, 0);
	return 0;
}

/* One question, by a task of its own. */
struct asker {
	const char *host;
	char text[16];
	pier_deadline deadline;
	int rc;
	struct pier_names *names;
};

static int
ask(void *arg)
{
	struct asker *asker = arg;
	struct pier__question question = { .host = asker->host };

	asker->rc = pier__names_ask(&asker->names, &question, asker->deadline);
	return 0;
}

/* What a test does, as the first task of a run of the kind. */
struct scene {
	struct asker askers[TASKS_MAX + 1];
	size_t count;
	struct pier_group *group;
	void (*play)(struct scene *scene);
};

static struct scene scene;

/* host NULL: a name that no other task asks for. */
static void
start(struct scene *in, const char *host, pier_deadline deadline)
{
	struct asker *asker = &in->askers[in->count++];

	memset(asker, 0, sizeof(*asker));
	(void)snprintf(asker->text, sizeof(asker->text), "host%zu", in->count);
	asker->host = host == NULL ? asker->text : host;
	asker->deadline = deadline;
	asker->rc = 1;
	assert_int_equal(pier_go(in->group, ask, asker), 0);
}

static void
start_other(struct scene *in, pier_deadline deadline)
{
	start(in, NULL, deadline);
}

static void
finish(struct scene *in)
{
	assert_int_equal(pier_group_wait(in->group, SOON), 0);
}

static void
assert_answers(struct scene *in, size_t begin, size_t end)
{
	for (size_t i = begin; i < end; i++) {
		assert_int_equal(in->askers[i].rc, 0);
		assert_int_equal(in->askers[i].names->count, 1);
		assert_int_equal(
			pier_addr_port(&in->askers[i].names->addrs[0]), 80);
		pier_names_free(in->askers[i].names);
	}
}

static int
play(void *arg)
{
	struct scene *in = arg;

	in->count = 0;
	if (pier_group_open(&in->group) < 0)
		return -ENOMEM;
	in->play(in);
	pier_group_close(in->group);
	return 0;
}

static void
run_as(enum pier_task_kind kind, void (*what)(struct scene *))
{
	struct pier_run_opts opts = { .kind = kind, .stack_size = 65536 };

	scene.play = what;
	assert_int_equal(pier_run(play, &scene, &opts, NULL), 0);
}

/* Waits inside the run, so that fibers go on meanwhile. */
static void
until_running(unsigned int count)
{
	while (calls_made() < count)
		assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
	wait_running(count);
}

static void
until_left(struct scene *in, size_t count)
{
	while (pier_group_count(in->group) > count)
		assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
}

static void
until_waiting(unsigned int count)
{
	while (pier__names_waiting() < count)
		assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
}

static void
give_up_at_the_deadline(struct scene *in)
{
	start(in, "slow", SOON);
	until_running(1);
	start(in, "slow", pier_in_ms(2));
	until_left(in, 1);
	assert_int_equal(in->askers[1].rc, -PIER_EDEADLINE);
	assert_null(in->askers[1].names);
	wait_running(1); /* it is still inside */
	let_go();
	finish(in);
	assert_answers(in, 0, 1);
}

static void
give_up_when_cancelled(struct scene *in)
{
	start(in, "slow", PIER_FOREVER);
	start(in, "slow", PIER_FOREVER);
	until_running(1);
	pier_group_cancel(in->group);
	finish(in);
	assert_int_equal(in->askers[0].rc, -ECANCELED);
	assert_int_equal(in->askers[1].rc, -ECANCELED);
	wait_running(1);
}

static void
share_equal_questions(struct scene *in)
{
	for (int i = 0; i < 5; i++)
		start(in, "same", SOON);
	start(in, "other", SOON);
	until_running(2);
	start(in, "same", SOON); /* joins one that runs */
	until_waiting(7);
	let_go();
	finish(in);
	assert_int_equal(calls_made(), 2);
	assert_ptr_equal(in->askers[0].names, in->askers[6].names);
	assert_ptr_not_equal(in->askers[0].names, in->askers[5].names);
	assert_answers(in, 0, 7);
}

static void
run_sixteen_at_a_time(struct scene *in)
{
	for (int i = 0; i < PIER_RESOLVE_HELPERS + 1; i++)
		start_other(in, SOON);
	until_running(PIER_RESOLVE_HELPERS);
	assert_int_equal(calls_made(), PIER_RESOLVE_HELPERS);
	let_go();
	finish(in);
	assert_int_equal(calls_made(), PIER_RESOLVE_HELPERS + 1);
	assert_answers(in, 0, PIER_RESOLVE_HELPERS + 1);
}

static void
count_the_time_in_the_queue(struct scene *in)
{
	for (int i = 0; i < PIER_RESOLVE_HELPERS; i++)
		start_other(in, SOON);
	until_running(PIER_RESOLVE_HELPERS);
	start_other(in, pier_in_ms(2));
	until_left(in, PIER_RESOLVE_HELPERS);
	assert_int_equal(in->askers[PIER_RESOLVE_HELPERS].rc, -PIER_EDEADLINE);
	let_go();
	finish(in);
	/* Nobody waited for it any more: it was never asked. */
	assert_int_equal(calls_made(), PIER_RESOLVE_HELPERS);
	assert_answers(in, 0, PIER_RESOLVE_HELPERS);
}

static void
refuse_when_the_queue_is_full(struct scene *in)
{
	for (int i = 0; i < PIER_RESOLVE_HELPERS; i++)
		start_other(in, SOON);
	until_running(PIER_RESOLVE_HELPERS);
	for (int i = 0; i < PIER_RESOLVE_QUEUE_MAX; i++)
		start_other(in, SOON);
	assert_int_equal(pier_yield(), 0);
	start_other(in, SOON);
	start(in, "host1", SOON); /* equal to one: needs no place */
	until_left(in, TASKS_MAX);
	let_go();
	finish(in);
	assert_int_equal(in->askers[TASKS_MAX - 1].rc, -PIER_ELIMIT);
	assert_int_equal(calls_made(), TASKS_MAX - 1);
	assert_answers(in, 0, TASKS_MAX - 1);
	assert_answers(in, TASKS_MAX, TASKS_MAX + 1);
}

static void
tell_what_the_name_service_said(struct scene *in)
{
	let_go();
	start(in, "none", SOON);
	finish(in);
	assert_int_equal(in->askers[0].rc, -PIER_ENONAME);
}

#define BOTH_KINDS(what)                            \
	static void what##_by_fibers(void **state)  \
	{                                           \
		(void)state;                        \
		run_as(PIER_TASK_FIBER, what);      \
	}                                           \
	static void what##_by_threads(void **state) \
	{                                           \
		(void)state;                        \
		run_as(PIER_TASK_THREAD, what);     \
	}

BOTH_KINDS(give_up_at_the_deadline)
BOTH_KINDS(give_up_when_cancelled)
BOTH_KINDS(share_equal_questions)
BOTH_KINDS(run_sixteen_at_a_time)
BOTH_KINDS(count_the_time_in_the_queue)
BOTH_KINDS(tell_what_the_name_service_said)

static void
refuse_when_the_queue_is_full_by_fibers(void **state)
{
	(void)state;
	run_as(PIER_TASK_FIBER, refuse_when_the_queue_is_full);
}

static void
stop_joins_the_idle_and_counts_the_busy(void **state)
{
	(void)state;
	run_as(PIER_TASK_FIBER, give_up_when_cancelled);
	assert_threads(1);
	assert_int_equal(pier__names_stop(), 1);
	assert_threads(1);
	stop_helpers();
	assert_threads(0);
	run_as(PIER_TASK_FIBER, tell_what_the_name_service_said);
	assert_threads(1);
	/* It was joined, and is seen for a moment after. */
	assert_int_equal(pier__names_stop(), 0);
	assert_threads(0);
}

static void
idle_helpers_end_by_themselves(void **state)
{
	(void)state;
	pier__names_set_idle(0);
	run_as(PIER_TASK_THREAD, tell_what_the_name_service_said);
	assert_threads(0);
	pier__names_set_idle((int64_t)10 * 1000000000);
}

/* In the child: 0 when its own, new pool answers; what failed otherwise. */
static int
ask_in_child(void)
{
	struct pier__question question = { .host = "child" };
	struct pier_names *names;
	unsigned int calls;

	/* The parent's helper was asleep inside; here it does not exist. */
	(void)pthread_mutex_init(&stub.lock, NULL);
	(void)pthread_cond_init(&stub.changed, NULL);
	calls = stub.calls;
	stub.open = true;
	if (!come_to_threads(0))
		return 1;
	if (pier__names_ask(&names, &question, SOON) != 0)
		return 2;
	pier_names_free(names);
	if (stub.calls != calls + 1)
		return 3;
	/* A busy one has yet to see that its question is done. */
	while (pier__names_stop() > 0)
		(void)usleep(1000);
	return come_to_threads(0) ? 0 : 4;
}

static void
a_child_begins_with_an_empty_pool(void **state)
{
	int status;
	pid_t pid;

	(void)state;
#if defined(PIER__TSAN)
	print_message("# the thread sanitizer takes a thread of the child for "
		      "one of the parent\n");
	skip();
#endif
	run_as(PIER_TASK_THREAD, give_up_when_cancelled);
	/* Nothing of faulty's may be locked in the child. */
	assert_threads(1);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(ask_in_child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	/* The parent's own look-up was not disturbed. */
	wait_running(1);
	let_go();
	wait_running(0);
}

/*
 * One question while the nth call of a kind fails. Tells whether it came to
 * that; nothing is left over either way.
 */
static bool
ask_with_fault(int call, int error, unsigned long nth)
{
	struct pier__question question = { .host = "x", .service = "y" };
	struct pier__fault fault = { .call = call, .nth = nth, .error = error };
	struct pier_names *names = NULL;
	struct pier__faulty faulty;
	bool hit;
	int rc;

	pier__faulty_init(&faulty, &stub.table);
	pier__faulty_plan(&faulty, &fault);
	pier__self()->context.calls = &faulty.calls;
	rc = pier__names_ask(&names, &question, SOON);
	hit = faulty.hits > 0;
	assert_int_equal(rc, hit ? -ENOMEM : 0);
	assert_int_equal(names == NULL, hit);
	pier_names_free(names);
	assert_int_equal(pier__faulty_leaks(&faulty, stderr), 0);
	pier__self()->context.calls = &stub.faulty.calls;
	pier__faulty_end(&faulty);
	return hit;
}

static void
no_thread_to_be_had_is_an_error_and_leaks_nothing(void **state)
{
	(void)state;
	let_go();
	assert_true(ask_with_fault(PIER__CALL_THREAD, EAGAIN, 1));
	assert_false(ask_with_fault(PIER__CALL_THREAD, EAGAIN, 2));
}

/* Each allocation on the way, in the task and in the helper, fails once. */
static void
each_allocation_may_fail(void **state)
{
	unsigned long nth = 1;

	(void)state;
	let_go();
	while (ask_with_fault(PIER__CALL_ALLOC, ENOMEM, nth))
		nth++;
	assert_int_equal(nth - 1, 3); /* waiter, question, answer */
}

static void
results_of_libc_have_their_codes(void **state)
{
	static const struct {
		int eai, code;
	} cases[] = {
		{ 0, 0 },
		{ EAI_NONAME, -PIER_ENONAME },
		{ EAI_NODATA, -PIER_ENONAME },
		{ EAI_ADDRFAMILY, -PIER_ENONAME },
		{ EAI_SERVICE, -PIER__ENOSERVICE },
		{ EAI_AGAIN, -PIER_EAGAINNAME },
		{ EAI_FAIL, -PIER_ENAMEFAIL },
		{ EAI_MEMORY, -ENOMEM },
		{ EAI_FAMILY, -EINVAL },
		{ PIER__EAI_ERRNO - EMFILE, -EMFILE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			pier__names_error(cases[i].eai), cases[i].code);
}

#define POOL_TEST(what) cmocka_unit_test_setup_teardown(what, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		POOL_TEST(give_up_at_the_deadline_by_fibers),
		POOL_TEST(give_up_at_the_deadline_by_threads),
		POOL_TEST(give_up_when_cancelled_by_fibers),
		POOL_TEST(give_up_when_cancelled_by_threads),
		POOL_TEST(share_equal_questions_by_fibers),
		POOL_TEST(share_equal_questions_by_threads),
		POOL_TEST(run_sixteen_at_a_time_by_fibers),
		POOL_TEST(run_sixteen_at_a_time_by_threads),
		POOL_TEST(count_the_time_in_the_queue_by_fibers),
		POOL_TEST(count_the_time_in_the_queue_by_threads),
		POOL_TEST(refuse_when_the_queue_is_full_by_fibers),
		POOL_TEST(tell_what_the_name_service_said_by_fibers),
		POOL_TEST(tell_what_the_name_service_said_by_threads),
		POOL_TEST(stop_joins_the_idle_and_counts_the_busy),
		POOL_TEST(idle_helpers_end_by_themselves),
		POOL_TEST(a_child_begins_with_an_empty_pool),
		POOL_TEST(no_thread_to_be_had_is_an_error_and_leaks_nothing),
		POOL_TEST(each_allocation_may_fail),
		cmocka_unit_test(results_of_libc_have_their_codes),
	};

	return cmocka_run_group_tests(tests, set_up_table, tear_down_table);
}
