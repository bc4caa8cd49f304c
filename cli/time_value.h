/* SPDX-License-Identifier: MIT */
/*
 * A moment as people and protocols write it: seconds of NTP (and of RFC 868),
 * the 64-bit timestamp of NTP, seconds of Unix, a date. Pure, but for the local
 * zone, which is that of the C library.
 */
#ifndef PIER_CLI_TIME_VALUE_H
#define PIER_CLI_TIME_VALUE_H

#include <pier.h>

#include "options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A bare number may be two things. */
#define TIME_VALUES_MAX 2

/* Room for each text that is made here. */
#define TIME_TEXT 64

enum time_form {
	TIME_NOW,
	TIME_NTP,   /* seconds since 1900, or of an era */
	TIME_NTP64, /* 32 bits of seconds and 32 of their fraction */
	TIME_UNIX,  /* seconds since 1970 */
	TIME_DATE
};

struct time_value {
	enum time_form form;           /* what the text was taken for */
	struct pier_ntp_moment moment; /* in the years 1 to 9999 */
	/* As it was given, where it was; nanoseconds have not all of its bits */
	uint64_t timestamp;
};

/*
 * time_value_read(out, text, now, why): what moments text may be:
 *
 *   now                        this one
 *   @SECONDS, unix:SECONDS     since 1970; with a fraction, or below 0
 *   ntp:SECONDS                since 1900; of 32 bits, in the era that brings
 *                              them next to now
 *   ntp:ERA:SECONDS            in that era, from 0 on in 1900
 *   0x and 16 digits, or 8 and '.' and 8; without 0x where one of them is a
 *                              letter; ntp:ERA: before it has the era
 *   SECONDS                    both of NTP and of Unix
 *   YYYY-MM-DD, then perhaps T or a space and HH:MM, :SS, a fraction, and Z or
 *                              +HH:MM; without a zone it is the local one
 *   Tue Feb 25 14:49:38 2014   local, as ctime(3) has it
 *
 * How many there are, at most TIME_VALUES_MAX; or -1 and why.
 */
int time_value_read(struct time_value out[TIME_VALUES_MAX], const char *text,
	struct pier_ntp_moment now, struct cli_complaint *why);

/* What it was taken for: "seconds of NTP"; as one word: "ntp". */
const char *time_form_text(enum time_form form);
const char *time_form_name(enum time_form form);

/*
 * Each writes a moment to size bytes, of which TIME_TEXT are enough:
 *
 *   utc    2014-02-25T14:49:38.5Z, with the digits of the fraction that are not
 *          0 at its end; digits: 0, or how many there shall be
 *   local  Tue Feb 25 14:49:38 2014
 *   zone   the local one at that moment: "CET, +01:00"
 *   unix   seconds since 1970 and their fraction, without 0 at its end
 */
void time_utc_text(
	struct pier_ntp_moment moment, int digits, char *text, size_t size);
void time_local_text(struct pier_ntp_moment moment, char *text, size_t size);
void time_zone_text(struct pier_ntp_moment moment, char *text, size_t size);
void time_unix_text(struct pier_ntp_moment moment, char *text, size_t size);

/* time_moment(ns): nanoseconds since 1970 as a moment. */
struct pier_ntp_moment time_moment(int64_t ns);

/*
 * time_offset_text(ns, text, size): a difference with its sign, to the
 * nanosecond as far as it is below a second: "+12.345 us", "-3.000001 s".
 */
void time_offset_text(int64_t ns, char *text, size_t size);

#endif
