/* SPDX-License-Identifier: MIT */
/*
 * base/list.h - intrusive doubly linked lists.
 *
 * The node is a member of what is listed, so that putting a thing on a list
 * and taking it off allocates nothing and cannot fail, and any node leaves in
 * constant time without knowing its list.
 *
 * A head and a node are the same struct. Invariants:
 *   1. prev->next == node and next->prev == node, at all times;
 *   2. a head or node on no list points to itself, hence pier__list_remove()
 *      on a node that is already off is harmless.
 */
#ifndef PIER_BASE_LIST_H
#define PIER_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct pier__list {
	struct pier__list *next;
	struct pier__list *prev;
};

/* The object of type `type` whose member `member` is at ptr. */
#define pier__container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Front to back. The body must not take pos off the list: see _safe. */
#define pier__list_each(pos, head) \
	for (pos = (head)->next; pos != (head); pos = pos->next)

/* The same; the body may take pos, and only pos, off the list or free it. */
#define pier__list_each_safe(pos, after, head)                     \
	for (pos = (head)->next, after = pos->next; pos != (head); \
		pos = after, after = pos->next)

static inline void
pier__list_init(struct pier__list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool
pier__list_empty(const struct pier__list *head)
{
	return head->next == head;
}

static inline void
pier__list_insert_after(struct pier__list *at, struct pier__list *node)
{
	node->prev = at;
	node->next = at->next;
	at->next->prev = node;
	at->next = node;
}

static inline void
pier__list_push_front(struct pier__list *head, struct pier__list *node)
{
	pier__list_insert_after(head, node);
}

static inline void
pier__list_push_back(struct pier__list *head, struct pier__list *node)
{
	pier__list_insert_after(head->prev, node);
}

static inline void
pier__list_remove(struct pier__list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	pier__list_init(node);
}

/* The first node, taken off; NULL when the list is empty. */
static inline struct pier__list *
pier__list_pop_front(struct pier__list *head)
{
	struct pier__list *node = head->next;

	if (node == head)
		return NULL;
	pier__list_remove(node);
	return node;
}

/* Moves everything on `from` to the back of `to`, keeping the order. */
static inline void
pier__list_splice_back(struct pier__list *to, struct pier__list *from)
{
	if (pier__list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	pier__list_init(from);
}

#endif
