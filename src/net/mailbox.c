/* SPDX-License-Identifier: MIT */
/* net/mailbox.c - see mailbox.h. */
#include "net/mailbox.h"

#include <errno.h>
#include <string.h>

#include "task/task.h"

static int
mailbox_new(struct pier__mailbox **out, size_t max, int64_t idle_ns)
{
	struct pier__mailbox *it = pier__alloc(sizeof(*it));

	if (it == NULL)
		return -ENOMEM;
	(void)pthread_mutex_init(&it->lock, NULL);
	pier__list_init(&it->letters);
	it->max = max;
	it->idle_ns = idle_ns;
	atomic_init(&it->moved_ns, pier_now());
	*out = it;
	return 0;
}

int
pier__packet_for_peer(struct pier_packet **out, const struct pier_packet *base,
	const struct pier_msg *first, size_t max, int64_t idle_ns)
{
	struct pier__mailbox *mailbox;
	struct pier_packet *packet;
	int rc = mailbox_new(&mailbox, max, idle_ns);

	if (rc < 0)
		return rc;
	rc = pier__packet_make(&packet, base->desc->fd, base->family,
		base->scheme, base->text);
	if (rc < 0) {
		pier__mailbox_free(mailbox);
		return rc;
	}
	/* Bound to one address, it leaves from that. */
	if (base->own.len == 0) {
		mailbox->local = first->local;
		mailbox->interface = first->interface;
	}
	packet->own = base->own;
	packet->port = base->port;
	packet->to = first->peer;
	packet->mailbox = mailbox;
	*out = packet;
	return 0;
}

static void
touch(struct pier__mailbox *it)
{
	atomic_store_explicit(&it->moved_ns, pier_now(), memory_order_relaxed);
}

static struct pier__letter *
letter_of(struct pier__list *node)
{
	return pier__container_of(node, struct pier__letter, node);
}

static int
put(struct pier__mailbox *it, struct pier__letter *letter)
{
	int rc = 0;

	(void)pthread_mutex_lock(&it->lock);
	if (it->closed) {
		rc = -PIER_ECLOSED;
	} else if (it->count == it->max) {
		rc = -EAGAIN;
	} else {
		pier__list_push_back(&it->letters, &letter->node);
		it->count++;
		touch(it);
		if (it->reader != NULL)
			pier__wake(it->reader);
	}
	(void)pthread_mutex_unlock(&it->lock);
	return rc;
}

int
pier__mailbox_put(struct pier__mailbox *it, const struct pier_msg *msg)
{
	struct pier__letter *letter =
		pier__alloc_lines(sizeof(*letter) + msg->size);
	int rc;

	if (letter == NULL)
		return -ENOMEM;
	letter->msg = *msg;
	memcpy(letter->data, msg->data, msg->size);
	pier__list_init(&letter->node);
	rc = put(it, letter);
	if (rc < 0)
		pier__free(letter);
	return rc;
}

size_t
pier__mailbox_count(struct pier__mailbox *it)
{
	size_t count;

	(void)pthread_mutex_lock(&it->lock);
	count = it->count;
	(void)pthread_mutex_unlock(&it->lock);
	return count;
}

void
pier__mailbox_close(struct pier__mailbox *it, bool gone)
{
	(void)pthread_mutex_lock(&it->lock);
	it->closed = true;
	it->fd_gone = it->fd_gone || gone;
	if (it->reader != NULL)
		pier__wake(it->reader);
	(void)pthread_mutex_unlock(&it->lock);
}

/* By lock. */
static int
look(struct pier__mailbox *it)
{
	if (it->held != NULL)
		return 0;
	if (it->count == 0)
		return it->closed ? -PIER_EEND : -EAGAIN;
	it->held = letter_of(pier__list_pop_front(&it->letters));
	it->has_taken = true;
	it->count--;
	return 0;
}

int
pier__mailbox_look(struct pier__mailbox *it)
{
	int rc;

	(void)pthread_mutex_lock(&it->lock);
	rc = look(it);
	(void)pthread_mutex_unlock(&it->lock);
	return rc;
}

static int64_t
idle_end(struct pier__mailbox *it)
{
	int64_t moved =
		atomic_load_explicit(&it->moved_ns, memory_order_relaxed);

	return it->idle_ns > INT64_MAX - moved ? INT64_MAX
					       : moved + it->idle_ns;
}

/* Until there is something to look at. */
static int
wait(struct pier__mailbox *it, struct pier__task *self, pier_deadline deadline)
{
	int64_t end = idle_end(it);
	bool first = end < deadline.ns;
	int rc = pier__park(
		self, "receive", -1, first ? pier_deadline_at(end) : deadline);

	if (rc != -PIER_EDEADLINE || !first)
		return rc;
	/* Something may have moved meanwhile. */
	if (idle_end(it) > pier__task_now(self))
		return 0;
	it->has_expired = true;
	return -PIER_EEND;
}

int
pier__mailbox_await(struct pier__mailbox *it, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int wait_rc = 0;
	int rc;

	if (self == NULL)
		return -ENOMEM;
	(void)pthread_mutex_lock(&it->lock);
	rc = look(it);
	if (rc == -EAGAIN && it->reader != NULL)
		rc = -EBUSY;
	while (rc == -EAGAIN && wait_rc == 0 && deadline.ns != 0) {
		it->reader = self;
		(void)pthread_mutex_unlock(&it->lock);
		wait_rc = wait(it, self, deadline);
		(void)pthread_mutex_lock(&it->lock);
		it->reader = NULL;
		/* What is there wins over whatever ended the wait. */
		rc = look(it);
	}
	(void)pthread_mutex_unlock(&it->lock);
	if (rc == 0)
		it->has_expired = false;
	return rc == -EAGAIN && wait_rc < 0 ? wait_rc : rc;
}

void
pier__mailbox_take(
	struct pier__mailbox *it, struct pier_msg *msg, void *buf, size_t size)
{
	struct pier__letter *letter = it->held;

	*msg = letter->msg;
	msg->data = buf;
	msg->truncated = letter->msg.truncated || size < msg->size;
	if (size < msg->size)
		msg->size = size;
	if (msg->size > 0)
		memcpy(buf, letter->data, msg->size);
	it->held = NULL;
	pier__free(letter);
}

ssize_t
pier__mailbox_send(struct pier_packet *packet, const struct msghdr *header)
{
	struct pier__mailbox *it = packet->mailbox;
	ssize_t n = -ECONNABORTED;

	(void)pthread_mutex_lock(&it->lock);
	if (!it->fd_gone)
		n = pier__calls()->sendmsg(
			packet->desc->fd, header, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)pthread_mutex_unlock(&it->lock);
	if (n >= 0)
		touch(it);
	return n;
}

int
pier__mailbox_send_many(
	struct pier_packet *packet, struct mmsghdr *list, unsigned int count)
{
	struct pier__mailbox *it = packet->mailbox;
	int n = -ECONNABORTED;

	(void)pthread_mutex_lock(&it->lock);
	if (!it->fd_gone)
		n = pier__calls()->sendmmsg(packet->desc->fd, list, count,
			MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)pthread_mutex_unlock(&it->lock);
	if (n >= 0)
		touch(it);
	return n;
}

void
pier__mailbox_free(struct pier__mailbox *it)
{
	struct pier__list *node;

	if (it == NULL)
		return;
	while ((node = pier__list_pop_front(&it->letters)) != NULL)
		pier__free(letter_of(node));
	pier__free(it->held);
	(void)pthread_mutex_destroy(&it->lock);
	pier__free(it);
}
