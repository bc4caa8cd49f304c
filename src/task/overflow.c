/* SPDX-License-Identifier: MIT */
/*
 * task/overflow.c - pier_report_overflow(): a stack that ran over, in words.
 *
 * A fault in the guard below the stack of the fiber that runs is an overflow;
 * every other fault is somebody else's. The handler runs on the thread's
 * alternate stack, as the fiber's is used up.
 */
#include "task/overflow.h"

#include <errno.h>
#include <string.h>

#include "os/fault.h"
#include "task/run.h"
#include "task/sched.h"

struct text {
	char bytes[160];
	size_t len;
};

/* What does not fit is left out. No printf: this runs in a handler. */
static void
add_text(struct text *text, const char *more)
{
	size_t room = sizeof(text->bytes) - text->len;
	size_t len = strnlen(more, room);

	memcpy(text->bytes + text->len, more, len);
	text->len += len;
}

static void
add_number(struct text *text, uint64_t number)
{
	char digits[24];
	char *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	add_text(text, at);
}

void
pier__overflow_tell(const struct pier__task *task)
{
	struct text text = { .len = 0 };

	if (!pier__fault_watched())
		return;
	add_text(&text, "pier: task ");
	add_number(&text, task->id);
	if (task->name != NULL) {
		add_text(&text, " (");
		add_text(&text, task->name);
		add_text(&text, ")");
	}
	add_text(&text, " ran over its stack of ");
	add_number(&text, task->sched->stacks.size);
	add_text(&text, " bytes\n");
	pier__fault_say(text.bytes, text.len);
}

static void
on_fault(const void *address)
{
	const struct pier__task *self = pier__current;
	uintptr_t at = (uintptr_t)address;
	uintptr_t stack;

	if (self == NULL || self->kind != PIER_TASK_FIBER)
		return;
	stack = (uintptr_t)self->stack;
	if (at < stack && at >= stack - PIER__STACK_GUARD)
		pier__overflow_tell(self);
}

static int
signal_stack_open(struct pier__thread *thread)
{
	int rc;

	if (thread->signal_stack != NULL)
		return 0;
	thread->signal_stack = pier__alloc(PIER__SIGNAL_STACK);
	if (thread->signal_stack == NULL)
		return -ENOMEM;
	rc = pier__signal_stack_set(thread->signal_stack);
	if (rc == 0)
		return 0;
	pier__free(thread->signal_stack);
	thread->signal_stack = NULL;
	/* The program's own is as good. */
	return rc == -EEXIST ? 0 : rc;
}

void
pier__overflow_thread(struct pier__task *host)
{
	if (pier__fault_watched())
		(void)signal_stack_open(pier__thread_of(host));
}

void
pier__overflow_thread_end(struct pier__task *task)
{
	struct pier__thread *thread = pier__thread_of(task);

	if (thread->signal_stack == NULL)
		return;
	pier__signal_stack_unset(thread->signal_stack);
	pier__free(thread->signal_stack);
	thread->signal_stack = NULL;
}

int
pier_report_overflow(void)
{
	struct pier__task *self = pier__self();
	struct pier__task *host;
	int rc;

	if (self == NULL)
		return -ENOMEM;
	host = self->kind == PIER_TASK_FIBER ? self->sched->host : self;
	rc = signal_stack_open(pier__thread_of(host));
	if (rc == 0)
		rc = pier__fault_watch(on_fault);
	return rc == 0 ? 0
		       : pier__fail(rc, &(struct pier__failure){
						.step = PIER_STEP_CREATE,
						.detail = "the report of "
							  "overflows" });
}
