/* SPDX-License-Identifier: MIT */
/* A text as a moment; see time_value.h. What begins like one of the forms is
   held to it, so that a complaint can say what was expected. */
#include "time_value.h"

#include "store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The years 1 to 9999, which four digits can say. */
#define FIRST_SECOND INT64_C(-62135596800)
#define LAST_SECOND  INT64_C(253402300799)

enum {
	DIGITS_MAX = 12,  /* of seconds: more than any that is in range */
	FRACTION_MAX = 9, /* of a fraction: nanoseconds */
};

static const struct {
	const char *name, *text;
} forms[] = {
	[TIME_NOW] = { "now", "now" },
	[TIME_NTP] = { "ntp", "seconds of NTP" },
	[TIME_NTP64] = { "ntp64", "timestamp of NTP" },
	[TIME_UNIX] = { "unix", "seconds of Unix" },
	[TIME_DATE] = { "date", "date" },
};

const char *
time_form_name(enum time_form form)
{
	return forms[form].name;
}

const char *
time_form_text(enum time_form form)
{
	return forms[form].text;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- Numbers ------------------------------------------------------------ */

/* Exactly count digits; where they end, or NULL. */
static const char *
read_digits(int *out, const char *text, int count)
{
	int value = 0, i;

	for (i = 0; i < count; i++) {
		if (!is_digit(text[i]))
			return NULL;
		value = value * 10 + (text[i] - '0');
	}
	*out = value;
	return text + count;
}

/* ".5", or nothing; where it ends, or NULL. */
static const char *
read_fraction(uint32_t *nanoseconds, const char *text)
{
	uint32_t value = 0;
	int i;

	*nanoseconds = 0;
	if (*text != '.')
		return text;
	text++;
	if (!is_digit(*text))
		return NULL;
	for (i = 0; i < FRACTION_MAX; i++)
		value = value * 10 +
			(is_digit(*text) ? (uint32_t)(*text++ - '0') : 0);
	*nanoseconds = value;
	return is_digit(*text) ? NULL : text;
}

/* "-12.5" to its end: as a moment counts, which is forward. */
static int
read_seconds(struct pier_ntp_moment *out, const char *text)
{
	bool below = *text == '-';
	int digits = 0;

	out->seconds = 0;
	for (text += below; is_digit(*text); text++) {
		if (++digits > DIGITS_MAX)
			return -1;
		out->seconds = out->seconds * 10 + (*text - '0');
	}
	text = digits > 0 ? read_fraction(&out->nanoseconds, text) : NULL;
	if (text == NULL || *text != '\0')
		return -1;
	if (below) {
		out->seconds = -out->seconds;
		if (out->nanoseconds > 0) {
			out->seconds--;
			out->nanoseconds = 1000000000 - out->nanoseconds;
		}
	}
	return 0;
}

/* 16 hexadecimal digits, or 8 and 8. A fraction of decimal ones, too, looks like
   this: then 0x tells, or a letter. */
static int
read_timestamp(uint64_t *out, const char *text)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	bool named = strncmp(text, "0x", 2) == 0;
	bool letter = false;
	uint64_t value = 0;
	int i;

	text += named ? 2 : 0;
	for (i = 0; i < 16; i++) {
		const char *at;

		text += i == 8 && *text == '.';
		at = *text != '\0' ? strchr(digits, *text) : NULL;
		if (at == NULL)
			return -1;
		letter = letter || !is_digit(*text);
		value = value << 4 | (uint64_t)(at - digits) % 16;
		text++;
	}
	*out = value;
	return *text == '\0' && (named || letter) ? 0 : -1;
}

/* ---- Forms -------------------------------------------------------------- */

static void
put_timestamp(struct time_value *out, uint64_t timestamp, int64_t pivot)
{
	out->form = TIME_NTP64;
	out->timestamp = timestamp;
	out->moment = pier_ntp_to_unix(timestamp, pivot);
}

static int
put_unix(struct time_value *out, enum time_form form,
	struct pier_ntp_moment moment)
{
	out->form = form;
	out->moment = moment;
	out->timestamp = pier_ntp_from_unix(moment);
	return moment.seconds >= FIRST_SECOND && moment.seconds <= LAST_SECOND
		       ? 0
		       : -1;
}

/* Seconds of NTP: 32 bits of them are near to now, and more are not bits of a
   message, but counted from 1900 on. */
static int
put_ntp(struct time_value *out, struct pier_ntp_moment ntp, int64_t now)
{
	if (ntp.seconds < 0)
		return -1;
	if (ntp.seconds < PIER_NTP_ERA)
		ntp.seconds = pier_ntp_near((uint32_t)ntp.seconds, now);
	else
		ntp.seconds -= PIER_NTP_UNIX;
	return put_unix(out, TIME_NTP, ntp);
}

/* Behind "ntp:ERA:". */
static int
read_in_era(struct time_value *out, const char *text, int64_t era)
{
	struct pier_ntp_moment ntp;
	uint64_t timestamp;

	if (read_timestamp(&timestamp, text) == 0) {
		/* The middle of that era is near to all of it. */
		put_timestamp(out, timestamp,
			pier_ntp_seconds(UINT32_C(1) << 31, era));
		return out->moment.seconds >= FIRST_SECOND &&
				       out->moment.seconds <= LAST_SECOND
			       ? 0
			       : -1;
	}
	if (read_seconds(&ntp, text) < 0 || ntp.seconds < 0 ||
		ntp.seconds >= PIER_NTP_ERA)
		return -1;
	ntp.seconds = pier_ntp_seconds((uint32_t)ntp.seconds, era);
	return put_unix(out, TIME_NTP, ntp);
}

/* Behind "ntp:". */
static int
read_ntp(struct time_value *out, const char *text, int64_t now)
{
	struct pier_ntp_moment ntp;
	uint64_t timestamp;
	char *end;
	long era;

	if (strchr(text, ':') != NULL) {
		errno = 0;
		era = strtol(text, &end, 10);
		/* The years 1 to 9999 are the eras -14 to 59. */
		if (end == text || *end != ':' || era < -14 || era > 59 ||
			!(is_digit(*text) || *text == '-'))
			return -1;
		return read_in_era(out, end + 1, era);
	}
	if (read_timestamp(&timestamp, text) == 0) {
		put_timestamp(out, timestamp, now);
		return 0;
	}
	return read_seconds(&ntp, text) < 0 ? -1 : put_ntp(out, ntp, now);
}

static int
read_bare(struct time_value out[TIME_VALUES_MAX], const char *text, int64_t now)
{
	struct pier_ntp_moment moment;
	int n = 0;

	if (read_timestamp(&out[0].timestamp, text) == 0) {
		put_timestamp(&out[0], out[0].timestamp, now);
		return 1;
	}
	if (read_seconds(&moment, text) < 0)
		return -1;
	if (put_ntp(&out[n], moment, now) == 0)
		n++;
	if (put_unix(&out[n], TIME_UNIX, moment) == 0)
		n++;
	return n > 0 ? n : -1;
}

/* ---- Dates -------------------------------------------------------------- */

struct date {
	struct tm tm; /* as it was written */
	uint32_t nanoseconds;
	bool local;
	int64_t east; /* seconds of its zone */
};

/* HH:MM, perhaps :SS and a fraction. Where it ends, or NULL. */
static const char *
read_clock(struct date *date, const char *text)
{
	text = read_digits(&date->tm.tm_hour, text, 2);
	text = text != NULL && *text == ':'
		       ? read_digits(&date->tm.tm_min, text + 1, 2)
		       : NULL;
	if (text == NULL || *text != ':')
		return text;
	text = read_digits(&date->tm.tm_sec, text + 1, 2);
	return text == NULL ? NULL : read_fraction(&date->nanoseconds, text);
}

/* Z, +HH:MM, +HHMM, or nothing for the local one. */
static const char *
read_zone(struct date *date, const char *text)
{
	bool west = *text == '-';
	int hours, minutes;

	date->local = *text == '\0';
	if (*text == 'Z')
		return text + 1;
	if (*text != '+' && *text != '-')
		return text;
	text = read_digits(&hours, text + 1, 2);
	text = text == NULL ? NULL
			    : read_digits(&minutes, text + (*text == ':'), 2);
	if (text == NULL || hours > 23 || minutes > 59)
		return NULL;
	date->east = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
	return text;
}

static int
read_iso(struct date *date, const char *text)
{
	int year, month;

	text = read_digits(&year, text, 4);
	text = text != NULL && *text == '-' ? read_digits(&month, text + 1, 2)
					    : NULL;
	text = text != NULL && *text == '-'
		       ? read_digits(&date->tm.tm_mday, text + 1, 2)
		       : NULL;
	if (text == NULL)
		return -1;
	date->tm.tm_year = year - 1900;
	date->tm.tm_mon = month - 1;
	date->local = *text == '\0';
	if (*text == 'T' || *text == ' ') {
		text = read_clock(date, text + 1);
		text = text == NULL ? NULL : read_zone(date, text);
	}
	return text != NULL && *text == '\0' ? 0 : -1;
}

/* "Tue Feb 25 14:49:38 2014", whose day may have a space in place of a digit.
   Which day of the week it was is not asked. */
static int
read_ctime(struct date *date, const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *at = NULL;
	char name[4] = "";
	int year;

	if (strlen(text) != 24 || text[3] != ' ' || text[7] != ' ' ||
		text[10] != ' ' || text[19] != ' ')
		return -1;
	memcpy(name, text + 4, 3);
	at = strstr(months, name);
	if (at == NULL || (at - months) % 3 != 0)
		return -1;
	date->tm.tm_mon = (int)(at - months) / 3;
	text += 8;
	text = *text == ' ' ? read_digits(&date->tm.tm_mday, text + 1, 1)
			    : read_digits(&date->tm.tm_mday, text, 2);
	text = text == NULL ? NULL : read_clock(date, text + 1);
	text = text != NULL && *text == ' ' ? read_digits(&year, text + 1, 4)
					    : NULL;
	if (text == NULL || *text != '\0')
		return -1;
	date->tm.tm_year = year - 1900;
	date->local = true;
	return 0;
}

/* No 30th of February, no hour 24. The leap second is the first one of the next
   minute, as it is to Unix. */
static bool
is_in_calendar(const struct date *date)
{
	struct tm tm = date->tm;

	if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60 ||
		tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_year < 1 - 1900)
		return false;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	(void)timegm(&tm);
	return tm.tm_mday == date->tm.tm_mday && tm.tm_mon == date->tm.tm_mon;
}

static int
read_date(struct time_value *out, const char *text)
{
	struct date date = { .local = false };
	struct pier_ntp_moment moment;
	struct tm tm;

	if (read_iso(&date, text) < 0) {
		date = (struct date){ .local = false };
		if (read_ctime(&date, text) < 0)
			return -1;
	}
	if (!is_in_calendar(&date))
		return -1;
	tm = date.tm;
	tm.tm_isdst = -1;
	moment.seconds =
		date.local ? (int64_t)mktime(&tm) : (int64_t)timegm(&tm);
	moment.seconds -= date.east;
	moment.nanoseconds = date.nanoseconds;
	return put_unix(out, TIME_DATE, moment);
}

/* ---- All ---------------------------------------------------------------- */

int
time_value_read(struct time_value out[TIME_VALUES_MAX], const char *text,
	struct pier_ntp_moment now, struct cli_complaint *why)
{
	struct pier_ntp_moment moment;
	int n;

	if (strcmp(text, "now") == 0)
		n = put_unix(&out[0], TIME_NOW, now) < 0 ? -1 : 1;
	else if (text[0] == '@' || strncmp(text, "unix:", 5) == 0)
		n = read_seconds(&moment, text + (text[0] == '@' ? 1 : 5)) <
					    0 ||
				    put_unix(&out[0], TIME_UNIX, moment) < 0
			    ? -1
			    : 1;
	else if (strncmp(text, "ntp:", 4) == 0)
		n = read_ntp(&out[0], text + 4, now.seconds) < 0 ? -1 : 1;
	else if (read_date(&out[0], text) == 0)
		n = 1;
	else
		n = read_bare(out, text, now.seconds);
	if (n > 0)
		return n;
	cli_advise(why, "such as 3602328578, ntp:3602328578, @1393339778, "
			"0xd6b72c0200000000, 2014-02-25T14:49:38Z, now; "
			"pier-time(1) has them all");
	return cli_complain(why,
		"'%s' is no moment of the years 1 to 9999; expected seconds of "
		"NTP or of Unix, a timestamp of NTP, or a date",
		text);
}
