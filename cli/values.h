/* SPDX-License-Identifier: MIT */
/*
 * Numbers with units, as people type and read them.
 *
 * A bare duration is in seconds, as timeout(1), nc -w and curl take it.
 * Decimal prefixes are decimal and binary ones say so: 64k is 64,000 bytes,
 * 64Ki is 65,536. Parsing is exact: what a value would lose is refused, never
 * rounded. No sign, no space, no exponent, no locale.
 */
#ifndef PIER_CLI_VALUES_H
#define PIER_CLI_VALUES_H

#include <stddef.h>
#include <stdint.h>

/* Enough for every text that the format functions make. */
#define CLI_VALUE_TEXT 32

/*
 * Each reads the whole text into *out and returns 0, or leaves *out alone
 * and returns -1: text is not such a value, or does not fit 63 bits.
 *
 *   count     digits
 *   size      digits, a fraction, and k M G T (1000) or Ki Mi Gi Ti (1024)
 *   rate      a size and "/s"
 *   duration  digits, a fraction, and us ms s m h d; to nanoseconds
 */
int cli_parse_count(int64_t *out, const char *text);
int cli_parse_size(int64_t *out, const char *text);
int cli_parse_rate(int64_t *out, const char *text);
int cli_parse_duration(int64_t *out, const char *text);

/*
 * cli_format_duration(ns, text, size): for people, with three digits that
 * count: "3 ms", "1.25 s", "2 min 5 s", "1 h 3 min".
 */
void cli_format_duration(int64_t ns, char *text, size_t size);

/* cli_format_clock(ns, text, size): a moment of CLOCK_REALTIME as clocks on the
   wall show it, in the local zone: "07:08:09.123456789". */
void cli_format_clock(int64_t ns, char *text, size_t size);

/*
 * cli_format_limit(ns, text, size): as it would be typed: "10ms", "1.5s",
 * "2m", "1h"; cli_parse_duration() gives the same value back.
 */
void cli_format_limit(int64_t ns, char *text, size_t size);

/* cli_format_bytes(n, text, size): "1 byte", "512 bytes", "1.5 MB". */
void cli_format_bytes(uint64_t n, char *text, size_t size);

#endif
