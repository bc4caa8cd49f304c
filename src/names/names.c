/* SPDX-License-Identifier: MIT */
/*
 * Asking the name helpers, from the side of the task: join an equal question
 * or ask a new one, wait, and take what came.
 */
#include "names/pool.h"

#include "task/task.h"

#include <errno.h>
#include <string.h>

static size_t
text_size(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

static struct pier__asked *
asked_new(
	const struct pier__question *question, const struct pier__calls *calls)
{
	size_t host_size = text_size(question->host);
	size_t service_size = text_size(question->service);
	struct pier__asked *asked =
		pier__alloc(sizeof(*asked) + host_size + service_size);
	char *text;

	if (asked == NULL)
		return NULL;
	text = (char *)(asked + 1);
	asked->question = *question;
	if (host_size > 0)
		asked->question.host = memcpy(text, question->host, host_size);
	if (service_size > 0)
		asked->question.service = memcpy(
			text + host_size, question->service, service_size);
	asked->calls = calls;
	pier__list_init(&asked->node);
	pier__list_init(&asked->queue_node);
	pier__list_init(&asked->waiters);
	asked->holders = 1;
	return asked;
}

/* Puts asker on an equal question in flight, or on a new one. */
static int
join(struct pier__asked **out, const struct pier__question *question,
	struct pier__asker *asker)
{
	const struct pier__calls *calls = pier__calls();
	struct pier__asked *asked = pier__pool_find(question, calls);
	int rc;

	if (asked != NULL) {
		asked->holders++;
	} else {
		asked = asked_new(question, calls);
		if (asked == NULL)
			return -ENOMEM;
		rc = pier__pool_add(asked);
		if (rc < 0)
			return rc;
	}
	pier__list_push_back(&asked->waiters, &asker->node);
	*out = asked;
	return 0;
}

static bool
is_done(const struct pier__asked *asked)
{
	bool done;

	pier__pool_lock();
	done = asked->done;
	pier__pool_unlock();
	return done;
}

/* Waits, and takes the asker off again. An answer wins over the rest. */
static int
wait_for_answer(struct pier_names **out, struct pier__asked *asked,
	struct pier__asker *asker, pier_deadline deadline)
{
	int rc = 0;

	while (rc == 0 && !is_done(asked))
		rc = pier__park(asker->task, "names", -1, deadline);
	pier__pool_lock();
	pier__list_remove(&asker->node);
	if (asked->done)
		rc = asked->rc;
	if (asked->done && rc == 0)
		*out = pier_names_hold(asked->names);
	pier__pool_let_go(asked);
	pier__pool_unlock();
	return rc;
}

int
pier__names_ask(struct pier_names **out, const struct pier__question *question,
	pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	struct pier__asker *asker;
	struct pier__asked *asked;
	int rc;

	if (self == NULL || pier__pool_ready() < 0)
		return -ENOMEM;
	asker = pier__alloc(sizeof(*asker));
	if (asker == NULL)
		return -ENOMEM;
	asker->task = self;
	pier__pool_lock();
	rc = join(&asked, question, asker);
	pier__pool_unlock();
	if (rc == 0)
		rc = wait_for_answer(out, asked, asker, deadline);
	pier__free(asker);
	return rc;
}
