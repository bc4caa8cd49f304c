/* SPDX-License-Identifier: MIT */
/*
 * proto/beacon_offer.c - who offers a service: tells of it, answers who asks,
 * and says goodbye.
 *
 * The two copies of a question that come by the group and by broadcast have one
 * answer: while it waits to leave it stands in `askers`, and for a moment after.
 */
#include "proto/beacon.h"

#include <errno.h>
#include <string.h>

#include "os/calls.h"
#include "proto/beacon_links.h"

/* So long after its answer the same question is not answered again. */
#define DONE_NS INT64_C(500000000)

struct asker {
	struct pier__link_id link;
	struct pier_addr from;
	uint64_t token;
	int64_t due_ns; /* of the answer; once it left, when it is forgotten */
	bool done;
};

struct pier__beacon_offer {
	struct pier__beacon what; /* its texts are those below */
	char type[PIER__BEACON_TYPE_MAX];
	char instance[PIER__BEACON_INSTANCE_MAX];
	char was[PIER__BEACON_INSTANCE_MAX]; /* before it was renamed */
	size_t was_len;
	char host[PIER__BEACON_HOST_MAX];
	unsigned char text[PIER__BEACON_TEXT_MAX];
	uint64_t chance;
	bool ending;  /* its name is said to be gone on every link */
	bool leaving; /* the same of the one that it had */
	struct pier__beacon_links links;
	struct pier__beacon_links goodbye; /* where that has to be said yet */
	size_t asker_count;
	struct asker askers[PIER__BEACON_ASKERS_MAX];
	unsigned char out[PIER__BEACON_MAX];
};

int
pier__beacon_offer_open(struct pier__beacon_offer **out,
	const struct pier__beacon *what, uint64_t seed)
{
	struct pier__beacon_offer *it = pier__alloc(sizeof(*it));

	if (it == NULL)
		return -ENOMEM;
	it->chance = seed != 0 ? seed : 1;
	it->what = *what;
	it->what.kind = PIER__BEACON_HERE;
	it->what.id = pier__beacon_chance(&it->chance);
	it->what.holds_s = PIER__BEACON_HOLDS_S;
	memcpy(it->type, what->type, what->type_len);
	memcpy(it->instance, what->instance, what->instance_len);
	if (what->host_len > 0)
		memcpy(it->host, what->host, what->host_len);
	if (what->text_len > 0)
		memcpy(it->text, what->text, what->text_len);
	it->what.type = it->type;
	it->what.instance = it->instance;
	it->what.host = it->host;
	it->what.text = it->text;
	*out = it;
	return 0;
}

void
pier__beacon_offer_close(struct pier__beacon_offer *it)
{
	pier__free(it);
}

void
pier__beacon_offer_rename(
	struct pier__beacon_offer *it, int64_t now_ns, const char *instance)
{
	size_t len = strlen(instance);

	memcpy(it->was, it->instance, it->what.instance_len);
	it->was_len = it->what.instance_len;
	memcpy(it->instance, instance, len);
	it->what.instance_len = len;
	it->leaving = true;
	it->goodbye = it->links;
	pier__beacon_links_begin(&it->goodbye, now_ns);
	pier__beacon_links_begin(&it->links, now_ns);
}

void
pier__beacon_offer_move(
	struct pier__beacon_offer *it, int64_t now_ns, const char *host)
{
	it->what.host_len = strlen(host);
	memcpy(it->host, host, it->what.host_len);
	pier__beacon_links_begin(&it->links, now_ns);
}

void
pier__beacon_offer_link(struct pier__beacon_offer *it, int64_t now_ns,
	const struct pier__link_state *link)
{
	size_t i = 0;

	if (link->up) {
		(void)pier__beacon_links_up(&it->links, link->id, now_ns);
		return;
	}
	pier__beacon_links_down(&it->links, link->id);
	pier__beacon_links_down(&it->goodbye, link->id);
	while (i < it->asker_count) {
		const struct asker *asker = &it->askers[i];

		if (asker->link.interface == link->id.interface &&
			asker->link.family == link->id.family)
			it->askers[i] = it->askers[--it->asker_count];
		else
			i++;
	}
}

static bool
is_asked_for(
	const struct pier__beacon_offer *it, const struct pier__beacon *ask)
{
	return ask->type_len == 0 ||
	       (ask->type_len == it->what.type_len &&
		       strncasecmp(ask->type, it->type, ask->type_len) == 0);
}

static void
forget_done(struct pier__beacon_offer *it, int64_t now_ns)
{
	size_t i = 0;

	while (i < it->asker_count) {
		if (it->askers[i].done && it->askers[i].due_ns <= now_ns)
			it->askers[i] = it->askers[--it->asker_count];
		else
			i++;
	}
}

void
pier__beacon_offer_input(struct pier__beacon_offer *it, int64_t now_ns,
	const struct pier__datagram *datagram)
{
	struct pier__beacon ask;
	struct asker *asker;
	size_t i;

	/* Who is not on this link may be anybody, and an answer to him a weapon
	   against somebody else. */
	if (it->ending || !datagram->on_link ||
		pier__beacon_read(&ask, datagram->bytes, datagram->len) < 0 ||
		ask.kind != PIER__BEACON_ASK || !is_asked_for(it, &ask))
		return;
	forget_done(it, now_ns);
	for (i = 0; i < it->asker_count; i++)
		if (it->askers[i].token == ask.token &&
			pier_addr_equal(&it->askers[i].from, &datagram->from))
			return;
	if (it->asker_count == PIER__BEACON_ASKERS_MAX)
		return;
	asker = &it->askers[it->asker_count++];
	*asker = (struct asker){ .link = datagram->link,
		.from = datagram->from,
		.token = ask.token,
		.due_ns = now_ns + (int64_t)(pier__beacon_chance(&it->chance) %
					     PIER__BEACON_SPREAD_NS) };
}

static void
write_out(struct pier__beacon_offer *it, const struct pier__beacon *what,
	struct pier__sending *sending)
{
	sending->bytes = it->out;
	sending->len = pier__beacon_write(it->out, what);
}

/* The next word of its end, or of that of its name. */
static int
say_goodbye(struct pier__beacon_offer *it, int64_t now_ns,
	struct pier__sending *sending)
{
	struct pier__beacon gone = it->what;

	gone.kind = PIER__BEACON_GONE;
	gone.holds_s = 0;
	if (it->leaving) {
		gone.instance = it->was;
		gone.instance_len = it->was_len;
	}
	if (!pier__beacon_links_next(&it->goodbye, now_ns, PIER__BEACON_TELL_NS,
		    &it->chance, sending))
		return 0;
	write_out(it, &gone, sending);
	return 1;
}

static int
answer_one(struct pier__beacon_offer *it, int64_t now_ns,
	struct pier__sending *sending)
{
	struct pier__beacon here = it->what;
	size_t i;

	for (i = 0; i < it->asker_count; i++) {
		struct asker *asker = &it->askers[i];

		if (asker->done || asker->due_ns > now_ns)
			continue;
		asker->done = true;
		asker->due_ns = now_ns + DONE_NS;
		here.token = asker->token;
		sending->link = asker->link;
		sending->aim = PIER__AIM_ONE;
		sending->to = asker->from;
		write_out(it, &here, sending);
		return 1;
	}
	return 0;
}

int
pier__beacon_offer_output(struct pier__beacon_offer *it, int64_t now_ns,
	struct pier__sending *sending, bool *answer)
{
	*sending = (struct pier__sending){ 0 };
	*answer = false;
	if (it->leaving || it->ending) {
		if (say_goodbye(it, now_ns, sending) == 1)
			return 1;
		it->leaving = false;
		if (it->ending)
			return 0;
	}
	*answer = answer_one(it, now_ns, sending) == 1;
	if (*answer)
		return 1;
	if (!pier__beacon_links_next(&it->links, now_ns, PIER__BEACON_TELL_NS,
		    &it->chance, sending))
		return 0;
	write_out(it, &it->what, sending);
	return 1;
}

void
pier__beacon_offer_end(struct pier__beacon_offer *it)
{
	it->ending = true;
	it->leaving = false;
	it->goodbye = it->links;
	pier__beacon_links_begin(&it->goodbye, 0);
}

int64_t
pier__beacon_offer_due(const struct pier__beacon_offer *it)
{
	int64_t due = pier__beacon_links_due(&it->links);
	size_t i;

	for (i = 0; i < it->asker_count; i++)
		if (!it->askers[i].done && it->askers[i].due_ns < due)
			due = it->askers[i].due_ns;
	return due;
}
