/* SPDX-License-Identifier: MIT */
/* Names of the DNS: as text, in messages, and compared. */
#include "proto/dns_name.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct pier__name
parsed(const char *text)
{
	struct pier__name name;

	assert_int_equal(pier__name_parse(&name, text), 0);
	return name;
}

static void
a_name_is_its_labels(void **state)
{
	struct pier__name name = parsed("My\\ \\.x\\000\\\\._ipp.local.");
	char text[PIER__DNS_NAME_TEXT];

	(void)state;
	assert_int_equal(name.len, 20);
	assert_memory_equal(name.bytes, "\7My .x\0\\\4_ipp\5local", 20);
	assert_int_equal(pier__name_text(text, &name), 30);
	assert_string_equal(text, "My\\032\\046x\\000\\092._ipp.local");
	name = parsed(text);
	name = pier__name_rest(&name);
	(void)pier__name_text(text, &name);
	assert_string_equal(text, "_ipp.local");
}

static void
what_is_no_name_is_refused(void **state)
{
	static const char *const wrong[] = { "", ".", "a..b", ".a", "a\\",
		"a\\256" };
	struct pier__name name = { .len = 77 };
	char longest[300];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(pier__name_parse(&name, wrong[i]), -EINVAL);
	for (i = 0; i < sizeof(longest); i++)
		longest[i] = i % 2 == 0 ? 'x' : '.';
	longest[255] = '\0';
	assert_int_equal(pier__name_parse(&name, longest), -EINVAL);
	assert_int_equal(name.len, 77);
	longest[253] = '\0';
	assert_int_equal(pier__name_parse(&name, longest), 0);
	assert_int_equal(name.len, PIER__NAME_MAX);
	assert_int_equal(pier__name_prepend(&name, "x", 1), -EINVAL);
	memset(longest, 'x', 64);
	longest[64] = '\0';
	assert_int_equal(pier__name_parse(&name, longest), -EINVAL);
}

static void
labels_go_in_front(void **state)
{
	struct pier__name name, right = parsed("a b._x.local");

	(void)state;
	name = parsed("local");
	assert_int_equal(pier__name_prepend(&name, "_X", 2), 0);
	assert_int_equal(pier__name_prepend(&name, "a b", 3), 0);
	assert_true(pier__name_equal(&name, &right));
	assert_int_equal(pier__name_hash(&name), pier__name_hash(&right));
	assert_int_equal(pier__name_prepend(&name, "", 0), -EINVAL);
}

static int
read_at(struct pier__name *out, const char *bytes, size_t len, size_t *at)
{
	unsigned char *copy = malloc(len + (len == 0));
	int rc;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	rc = pier__name_read(out, copy, len, at);
	free(copy);
	return rc;
}

static void
pointers_go_back(void **state)
{
	static const char bytes[] = "\1a\0\1b\xc0\0\1c\xc0\3!";
	struct pier__name name;
	size_t at = 7, len;
	char text[PIER__DNS_NAME_TEXT];

	(void)state;
	assert_int_equal(read_at(&name, bytes, sizeof(bytes) - 1, &at), 0);
	assert_int_equal(at, 11);
	(void)pier__name_text(text, &name);
	assert_string_equal(text, "c.b.a");
	for (len = 0; len < 11; len++) {
		at = 7;
		assert_int_equal(read_at(&name, bytes, len, &at), -EBADMSG);
		assert_int_equal(at, 7);
	}
}

static void
pointers_make_no_loop(void **state)
{
	/* To itself, forward, around by a label, and of a kind unknown. */
	static const char wrong[][4] = { "\xc0\0", "\xc0\2\1", "\1a\xc0",
		"\x41x", "\x80\0" };
	struct pier__name name;
	size_t i, at;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		at = 0;
		assert_int_equal(read_at(&name, wrong[i], 4, &at), -EBADMSG);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_its_labels),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(labels_go_in_front),
		cmocka_unit_test(pointers_go_back),
		cmocka_unit_test(pointers_make_no_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
