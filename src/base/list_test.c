/* SPDX-License-Identifier: MIT */
/*
 * Lists keep their two invariants through every operation: each test walks
 * the list both ways and compares with what must stand there.
 */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct item {
	char name;
	struct pier__list node;
};

static void
init_items(struct item items[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		items[i].name = (char)('a' + i);
		pier__list_init(&items[i].node);
	}
}

static void
assert_names(struct pier__list *head, const char *names)
{
	struct pier__list *pos;
	size_t len = strlen(names), i = 0;

	pier__list_each(pos, head) {
		assert_in_range(i, 0, len - 1);
		assert_int_equal(
			pier__container_of(pos, struct item, node)->name,
			names[i++]);
		assert_ptr_equal(pos->next->prev, pos);
		assert_ptr_equal(pos->prev->next, pos);
	}
	assert_int_equal(i, len);
	assert_int_equal(pier__list_empty(head), len == 0);
}

static void
pushes_at_both_ends(void **state)
{
	struct pier__list head;
	struct item items[3];

	(void)state;
	pier__list_init(&head);
	init_items(items, 3);
	assert_names(&head, "");
	pier__list_push_back(&head, &items[1].node);
	pier__list_push_back(&head, &items[2].node);
	pier__list_push_front(&head, &items[0].node);
	assert_names(&head, "abc");
}

static void
removes_anywhere_and_twice(void **state)
{
	struct pier__list head;
	struct item items[3];

	(void)state;
	pier__list_init(&head);
	init_items(items, 3);
	for (int i = 0; i < 3; i++)
		pier__list_push_back(&head, &items[i].node);
	pier__list_remove(&items[1].node);
	assert_names(&head, "ac");
	pier__list_remove(&items[1].node);
	assert_names(&head, "ac");
	pier__list_push_back(&head, &items[1].node);
	assert_names(&head, "acb");
}

static void
pops_in_order_until_empty(void **state)
{
	struct pier__list head;
	struct item items[2];

	(void)state;
	pier__list_init(&head);
	init_items(items, 2);
	pier__list_push_back(&head, &items[0].node);
	pier__list_push_back(&head, &items[1].node);
	assert_ptr_equal(pier__list_pop_front(&head), &items[0].node);
	assert_ptr_equal(pier__list_pop_front(&head), &items[1].node);
	assert_null(pier__list_pop_front(&head));
	assert_true(pier__list_empty(&items[0].node));
}

static void
each_safe_allows_removal(void **state)
{
	struct pier__list head, *pos, *after;
	struct item items[4];

	(void)state;
	pier__list_init(&head);
	init_items(items, 4);
	for (int i = 0; i < 4; i++)
		pier__list_push_back(&head, &items[i].node);
	pier__list_each_safe(pos, after, &head) {
		if (pier__container_of(pos, struct item, node)->name % 2 == 0)
			pier__list_remove(pos);
	}
	assert_names(&head, "ac");
}

static void
splice_moves_all_in_order(void **state)
{
	struct pier__list to, from;
	struct item items[4];

	(void)state;
	pier__list_init(&to);
	pier__list_init(&from);
	init_items(items, 4);
	pier__list_splice_back(&to, &from);
	assert_names(&to, "");
	for (int i = 0; i < 4; i++)
		pier__list_push_back(i < 2 ? &to : &from, &items[i].node);
	pier__list_splice_back(&to, &from);
	assert_names(&to, "abcd");
	assert_names(&from, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pushes_at_both_ends),
		cmocka_unit_test(removes_anywhere_and_twice),
		cmocka_unit_test(pops_in_order_until_empty),
		cmocka_unit_test(each_safe_allows_removal),
		cmocka_unit_test(splice_moves_all_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
