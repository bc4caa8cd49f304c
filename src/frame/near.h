/* SPDX-License-Identifier: MIT */
/*
 * frame/near.h - the end of a short message, found without a call.
 *
 * A line is mostly short. To call memchr() for its end costs as much as to find
 * it: what has to outlive the call is saved, and the call chooses among cases. So
 * the first bytes are looked at in line, sixteen at once, which every x86-64 can;
 * memchr() has what is behind them, and everything where there is no such
 * instruction.
 */
#ifndef PIER_FRAME_NEAR_H
#define PIER_FRAME_NEAR_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>

/* So many bytes are looked at, and have to be there. */
#define PIER__NEAR 128

/* memchr() of the first PIER__NEAR bytes. */
static inline __attribute__((always_inline)) const unsigned char *
pier__find_near(const unsigned char *at, unsigned char byte)
{
	const __m128i wanted = _mm_set1_epi8((char)byte);
	size_t i;

#pragma GCC unroll 8
	for (i = 0; i < PIER__NEAR; i += sizeof(wanted)) {
		const void *from = at + i;
		__m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128(from), wanted);
		unsigned places = (unsigned)_mm_movemask_epi8(equal);

		if (places != 0)
			return at + i + __builtin_ctz(places);
	}
	return NULL;
}

#else

/* So many never are. */
#define PIER__NEAR UINT32_MAX

static inline const unsigned char *
pier__find_near(const unsigned char *at, unsigned char byte)
{
	(void)at;
	(void)byte;
	return NULL;
}

#endif

#endif
