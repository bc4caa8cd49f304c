/* SPDX-License-Identifier: MIT */
/* base/base64_test.c - the vectors of RFC 4648, and what is no base64. */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* RFC 4648, section 10. */
static const char *const vectors[][2] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "+/+/" },
};

static void
as_the_rfc_has_it(void **state)
{
	unsigned char out[16];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *data = vectors[i][0], *text = vectors[i][1];
		size_t size = strlen(data), length = strlen(text);

		assert_int_equal(pier__base64_size(size), length);
		pier__base64_encode(out, data, size);
		assert_memory_equal(out, text, length);
		/* In place. */
		assert_int_equal(pier__base64_length(out, length), size);
		assert_int_equal(pier__base64_decode(out, out, length), length);
		assert_memory_equal(out, data, size);
	}
}

/* What is wrong, and where. */
static void
finds_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} wrong[] = {
		{ "Z", 0 },
		{ "Zg", 1 },
		{ "Zg=", 2 },
		{ "Zm9vZ", 4 },
		{ "Zm9-", 3 },
		{ "Z===", 1 },
		{ "====", 0 },
		{ "Zg==Zg==", 2 },
		{ "Zm8=Zm8=", 3 },
		{ "Zm9v\nZm9v", 4 },
		{ " Zg=", 0 },
		/* Bits to spare that are set: "f" is "Zg==". */
		{ "Zh==", 1 },
		{ "Zm9=", 2 },
	};
	unsigned char out[16];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(pier__base64_decode(out,
					 (const unsigned char *)wrong[i].text,
					 strlen(wrong[i].text)),
			wrong[i].at);
}

static void
every_byte_comes_back(void **state)
{
	unsigned char data[256], out[400];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7);
	for (size_t size = 0; size <= sizeof(data); size++) {
		size_t length = pier__base64_size(size);

		pier__base64_encode(out, data, size);
		assert_int_equal(pier__base64_length(out, length), size);
		assert_int_equal(pier__base64_decode(out, out, length), length);
		assert_memory_equal(out, data, size);
	}
}

static void
knows_its_characters(void **state)
{
	unsigned count = 0;

	(void)state;
	for (unsigned c = 0; c < 256; c++)
		count += pier__base64_has((unsigned char)c);
	assert_int_equal(count, 65);
	assert_false(pier__base64_has('\n'));
	assert_false(pier__base64_has('-'));
	assert_true(pier__base64_has('='));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_rfc_has_it),
		cmocka_unit_test(finds_what_is_wrong),
		cmocka_unit_test(every_byte_comes_back),
		cmocka_unit_test(knows_its_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
