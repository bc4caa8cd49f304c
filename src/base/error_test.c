/* SPDX-License-Identifier: MIT */
/* base/error_test.c - codes in words, and which answer is which. */
#include <pier/error.h>

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void
every_code_of_piers_own_has_name_and_words(void **state)
{
	(void)state;
	for (int code = PIER_EDEADLINE; code < PIER_ECODE_END; code++) {
		assert_memory_equal(pier_error_name(-code), "PIER_E", 6);
		assert_string_not_equal(pier_strerror(-code), "");
		assert_string_equal(pier_strerror(code), pier_strerror(-code));
	}
	assert_string_equal(pier_error_name(-PIER_EDEADLINE), "PIER_EDEADLINE");
	assert_string_equal(pier_error_name(-PIER_ESTOPPED), "PIER_ESTOPPED");
	assert_string_equal(pier_error_name(-PIER_EDIED), "PIER_EDIED");
}

static void
the_kernels_codes_have_theirs(void **state)
{
	(void)state;
	assert_string_equal(pier_error_name(-ECONNREFUSED), "ECONNREFUSED");
	assert_string_equal(pier_strerror(-ECONNREFUSED), "connection refused");
	assert_string_equal(
		pier_strerror(-EXDEV), "it belongs to another scheduler");
	assert_string_equal(pier_error_name(-ELOOP), "ELOOP");
	assert_string_not_equal(pier_strerror(-ELOOP), "");
	assert_string_equal(pier_strerror(0), "no error");
}

/* socket(7), ip(7), ipv6(7), tcp(7), udp(7), unix(7), and the pages of the calls
   on sockets; then what opening a path, and Bluetooth, vsock and TIPC add. */
static void
causes_read_alike(void **state)
{
	static const int codes[] = { EPERM, ENOENT, ESRCH, EINTR, EIO, ENXIO,
		E2BIG, EBADF, EAGAIN, ENOMEM, EACCES, EFAULT, EBUSY, EEXIST,
		EXDEV, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY,
		ETXTBSY, EFBIG, ENOSPC, ESPIPE, EROFS, EMLINK, EPIPE, EDOM,
		ERANGE, EDEADLK, ENAMETOOLONG, ENOLCK, ENOSYS, ELOOP, ENODATA,
		ETIME, ENONET, ENOLINK, ECOMM, EPROTO, EBADMSG, EOVERFLOW,
		ENOTUNIQ, EBADFD, EILSEQ, EUSERS, ENOTSOCK, EDESTADDRREQ,
		EMSGSIZE, EPROTOTYPE, ENOPROTOOPT, EPROTONOSUPPORT,
		ESOCKTNOSUPPORT, EOPNOTSUPP, EPFNOSUPPORT, EAFNOSUPPORT,
		EADDRINUSE, EADDRNOTAVAIL, ENETDOWN, ENETUNREACH, ENETRESET,
		ECONNABORTED, ECONNRESET, ENOBUFS, EISCONN, ENOTCONN, ESHUTDOWN,
		ETOOMANYREFS, ETIMEDOUT, ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH,
		EALREADY, EINPROGRESS, ESTALE, EREMOTEIO, EDQUOT, ENOMEDIUM,
		ECANCELED, ENOKEY, EKEYEXPIRED, EKEYREVOKED, EKEYREJECTED,
		ERFKILL };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		const char *text = pier_strerror(-codes[i]);

		assert_true(text[0] >= 'a' && text[0] <= 'z');
		assert_true(text[strlen(text) - 1] != '.');
		assert_string_not_equal(text, strerrordesc_np(codes[i]));
	}
}

static void
what_is_no_code_is_said_to_be_unknown(void **state)
{
	static const int codes[] = { 4000, PIER_ECODE_END, 1 << 20, INT_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		assert_string_equal(pier_error_name(-codes[i]), "EUNKNOWN");
		assert_string_equal(pier_strerror(-codes[i]), "unknown error");
	}
	assert_string_equal(pier_strerror(INT_MIN), "unknown error");
}

static void
every_step_has_a_word(void **state)
{
	(void)state;
	assert_string_equal(pier_step_name(PIER_STEP_NONE), "");
	for (int step = PIER_STEP_PARSE; step < PIER_STEP_COUNT; step++)
		assert_string_not_equal(
			pier_step_name((enum pier_step)step), "");
	assert_string_equal(pier_step_name(PIER_STEP_COUNT), "");
}

/* Six answers that programs confuse elsewhere: each is one kind and no other.
   The end of a stream that came in time is 0, and none of them. */
static void
six_answers_are_never_confused(void **state)
{
	bool (*const kinds[])(int) = { pier_is_end, pier_is_deadline,
		pier_is_dead_peer, pier_is_cancelled, pier_is_reset,
		pier_is_refused };
	const int codes[] = { -PIER_EEND, -PIER_EDEADLINE, -ETIMEDOUT,
		-ECANCELED, -ECONNRESET, -ECONNREFUSED };

	(void)state;
	for (size_t kind = 0; kind < 6; kind++) {
		for (size_t code = 0; code < 6; code++)
			assert_int_equal(
				kinds[kind](codes[code]), kind == code);
		assert_false(kinds[kind](0));
		assert_false(kinds[kind](1));
	}
	assert_true(pier_is_reset(-EPIPE));
}

static void
the_other_kinds_hold_their_codes(void **state)
{
	(void)state;
	assert_true(pier_is_unreachable(-EHOSTUNREACH));
	assert_true(pier_is_unreachable(-ENETUNREACH));
	assert_false(pier_is_unreachable(-ETIMEDOUT));
	assert_true(pier_is_name(-PIER_ENONAME));
	assert_true(pier_is_name(-PIER_EAGAINNAME));
	assert_true(pier_is_name(-PIER_ENAMEFAIL));
	assert_false(pier_is_name(-EAGAIN));
	assert_true(pier_is_limit(-PIER_ELIMIT));
	assert_false(pier_is_limit(-EMFILE));
	assert_true(pier_is_permission(-EACCES));
	assert_true(pier_is_permission(-EPERM));
	assert_true(pier_is_resource(-EMFILE));
	assert_true(pier_is_resource(-ENOMEM));
	assert_true(pier_is_resource(-EADDRINUSE));
	assert_false(pier_is_resource(-EACCES));
}

static void
times_are_short(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0 us" },
		{ 999999, "999 us" },
		{ 1000000, "1 ms" },
		{ INT64_C(9999999999), "9999 ms" },
		{ INT64_C(10000000000), "10 s" },
		{ INT64_MAX, "9223372036 s" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pier__elapsed_text(cases[i].ns, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_of_piers_own_has_name_and_words),
		cmocka_unit_test(the_kernels_codes_have_theirs),
		cmocka_unit_test(causes_read_alike),
		cmocka_unit_test(what_is_no_code_is_said_to_be_unknown),
		cmocka_unit_test(every_step_has_a_word),
		cmocka_unit_test(six_answers_are_never_confused),
		cmocka_unit_test(the_other_kinds_hold_their_codes),
		cmocka_unit_test(times_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
