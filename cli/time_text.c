/* SPDX-License-Identifier: MIT */
/* A moment, and a difference of two, as text; see time_value.h. */
#include "time_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)

struct pier_ntp_moment
time_moment(int64_t ns)
{
	int64_t seconds = ns / SECOND_NS - (ns % SECOND_NS < 0);

	return (struct pier_ntp_moment){ .seconds = seconds,
		.nanoseconds = (uint32_t)(ns - seconds * SECOND_NS) };
}

/* ".5": a dot and digits of it; 0: as many as are not 0 at its end, which may be
   none, not even the dot. */
static void
fraction_text(uint32_t nanoseconds, int digits, char text[16])
{
	size_t len;

	if (digits == 0 && nanoseconds == 0) {
		text[0] = '\0';
		return;
	}
	(void)snprintf(text, 16, ".%09" PRIu32, nanoseconds);
	len = digits > 0 ? (size_t)digits + 1 : strlen(text);
	while (digits == 0 && text[len - 1] == '0')
		len--;
	text[len] = '\0';
}

void
time_utc_text(
	struct pier_ntp_moment moment, int digits, char *text, size_t size)
{
	time_t seconds = (time_t)moment.seconds;
	struct tm tm = { .tm_year = 0 };
	char fraction[16];

	(void)gmtime_r(&seconds, &tm);
	fraction_text(moment.nanoseconds, digits, fraction);
	(void)snprintf(text, size, "%04d-%02d-%02dT%02d:%02d:%02d%sZ",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		tm.tm_min, tm.tm_sec, fraction);
}

void
time_local_text(struct pier_ntp_moment moment, char *text, size_t size)
{
	time_t seconds = (time_t)moment.seconds;
	struct tm tm = { .tm_year = 0 };
	char date[TIME_TEXT];

	(void)localtime_r(&seconds, &tm);
	/* strftime() would leave the year 415 without its 0. */
	if (strftime(date, sizeof(date), "%a %b %e %H:%M:%S", &tm) == 0)
		date[0] = '\0';
	(void)snprintf(text, size, "%s %04d", date, tm.tm_year + 1900);
}

void
time_zone_text(struct pier_ntp_moment moment, char *text, size_t size)
{
	time_t seconds = (time_t)moment.seconds;
	struct tm tm = { .tm_year = 0 };
	long minutes;

	(void)localtime_r(&seconds, &tm);
	minutes = labs(tm.tm_gmtoff) / 60;
	(void)snprintf(text, size, "%s, %c%02ld:%02ld", tm.tm_zone,
		tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void
time_unix_text(struct pier_ntp_moment moment, char *text, size_t size)
{
	int64_t seconds = moment.seconds;
	uint32_t nanoseconds = moment.nanoseconds;
	const char *sign = seconds < 0 ? "-" : "";
	char fraction[16];

	/* A moment counts its fraction forward; a number below 0 does not. */
	if (seconds < 0 && nanoseconds > 0) {
		seconds++;
		nanoseconds = (uint32_t)SECOND_NS - nanoseconds;
	}
	fraction_text(nanoseconds, 0, fraction);
	(void)snprintf(text, size, "%s%" PRId64 "%s", sign,
		seconds < 0 ? -seconds : seconds, fraction);
}

void
time_offset_text(int64_t ns, char *text, size_t size)
{
	uint64_t n = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	char sign = ns < 0 ? '-' : '+';

	if (n < 1000)
		(void)snprintf(text, size, "%c%" PRIu64 " ns", sign, n);
	else if (n < 1000000)
		(void)snprintf(text, size, "%c%" PRIu64 ".%03" PRIu64 " us",
			sign, n / 1000, n % 1000);
	else if (n < (uint64_t)SECOND_NS)
		(void)snprintf(text, size, "%c%" PRIu64 ".%06" PRIu64 " ms",
			sign, n / 1000000, n % 1000000);
	else
		(void)snprintf(text, size, "%c%" PRIu64 ".%06" PRIu64 " s",
			sign, n / (uint64_t)SECOND_NS,
			n % (uint64_t)SECOND_NS / 1000);
}
