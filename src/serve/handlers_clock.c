/* SPDX-License-Identifier: MIT */
/*
 * serve/handlers_clock.c - what time it is: daytime (RFC 867) and time
 * (RFC 868). Always UTC and English: a server has one clock and many readers.
 */
#include <stdio.h>
#include <time.h>

#include <pier/serve.h>

#include "os/calls.h"

/* From 1900, the epoch of RFC 868, to 1970. */
#define SECONDS_1900_1970 INT64_C(2208988800)

#define LINE_MAX_BYTES 80

/* The first form that RFC 867 shows. The length. */
static size_t
put_daytime(char *line, size_t size)
{
	static const char *const days[] = { "Sunday", "Monday", "Tuesday",
		"Wednesday", "Thursday", "Friday", "Saturday" };
	static const char *const months[] = { "January", "February", "March",
		"April", "May", "June", "July", "August", "September",
		"October", "November", "December" };
	time_t now = (time_t)(pier__calls()->realtime_ns() / 1000000000);
	struct tm tm = { 0 };

	/* It fails for years beyond an int alone; the zeros are valid. */
	(void)gmtime_r(&now, &tm);
	return (size_t)snprintf(line, size,
		"%s, %s %d, %d %02d:%02d:%02d-UTC\r\n", days[tm.tm_wday],
		months[tm.tm_mon], tm.tm_mday, 1900 + tm.tm_year, tm.tm_hour,
		tm.tm_min, tm.tm_sec);
}

static void
put_time(unsigned char out[4])
{
	int64_t now = pier__calls()->realtime_ns() / 1000000000;
	uint32_t since_1900 = (uint32_t)(now + SECONDS_1900_1970);
	int i;

	for (i = 3; i >= 0; i--, since_1900 >>= 8)
		out[i] = (unsigned char)since_1900;
}

int
pier_handler_daytime(struct pier_stream *stream, void *ctx)
{
	char line[LINE_MAX_BYTES];
	size_t len = put_daytime(line, sizeof(line));

	(void)ctx;
	return pier_write(stream, line, len, PIER_DEFAULT);
}

int
pier_handler_time(struct pier_stream *stream, void *ctx)
{
	unsigned char now[4];

	(void)ctx;
	put_time(now);
	return pier_write(stream, now, sizeof(now), PIER_DEFAULT);
}

int
pier_datagram_daytime(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	char line[LINE_MAX_BYTES];
	size_t len = put_daytime(line, sizeof(line));

	(void)ctx;
	return pier_reply(packet, msg, line, len, PIER_DEFAULT);
}

int
pier_datagram_time(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	unsigned char now[4];

	(void)ctx;
	put_time(now);
	return pier_reply(packet, msg, now, sizeof(now), PIER_DEFAULT);
}
