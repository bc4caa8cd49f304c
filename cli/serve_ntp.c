/* SPDX-License-Identifier: MIT */
/*
 * pier serve ntp: a server of NTP for tests of clients. Its clock is this
 * machine's, and what it says of it, and how it answers, is chosen: every check
 * that a client should make has an answer here that fails it.
 */
#include "serve.h"

#include "store.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)

/* log2 of seconds: a clock that is read in a microsecond. */
#define PRECISION (-20)

/* An offset with its sign. */
static bool
read_offset(int64_t *out, const char *text)
{
	bool back = text[0] == '-';
	int64_t ns;

	if (text[0] == '-' || text[0] == '+')
		text++;
	if (cli_parse_duration(&ns, text) < 0)
		return false;
	*out = back ? -ns : ns;
	return true;
}

static bool
is_kiss(const char *code)
{
	return strlen(code) == 4 &&
	       strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == 4;
}

/* The first endpoint that no datagrams of UDP come to, or NULL. */
static const char *
no_udp(const struct serve_settings *settings)
{
	struct pier_endpoint_check check;
	size_t i;

	for (i = 0; i < settings->endpoints.n; i++) {
		(void)pier_endpoint_check(settings->endpoints.item[i], &check);
		if (strncmp(check.scheme, "udp", 3) != 0 &&
			strcmp(check.scheme, "fd") != 0)
			return settings->endpoints.item[i];
	}
	return NULL;
}

int
serve_ntp_check(
	const struct cli_tool *tool, const struct serve_settings *settings)
{
	struct cli_complaint why = { "", "" };
	const char *other;
	int64_t offset;

	if (settings->what != SERVE_NTP)
		return CLI_EXIT_OK;
	other = no_udp(settings);
	if (other != NULL) {
		(void)cli_complain(&why, "%s: NTP is spoken over UDP", other);
		cli_advise(&why, "udp://:123, or udp://127.0.0.1:0 for a test");
	} else if (settings->ntp_offset != NULL &&
		   !read_offset(&offset, settings->ntp_offset)) {
		(void)cli_complain(&why,
			"--ntp-offset: cannot use '%s'; expected a duration "
			"such as 250ms, with a sign before it where it is "
			"behind: -1h",
			settings->ntp_offset);
	} else if (settings->ntp_kiss != NULL && !is_kiss(settings->ntp_kiss)) {
		(void)cli_complain(&why,
			"--ntp-kiss: cannot use '%s'; expected four capital "
			"letters or digits, such as RATE",
			settings->ntp_kiss);
	} else {
		return CLI_EXIT_OK;
	}
	return cli_usage_error(tool, "serve", &why);
}

/* ---- One answer --------------------------------------------------------- */

static int64_t
now_ns(void)
{
	struct timespec now;

	/* This clock is always there. */
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* When the request came: by the kernel's word, unless this process has another
   clock than the kernel (faketime(1)). */
static int64_t
came_ns(const struct pier_msg *msg)
{
	int64_t now = now_ns();

	return msg->time_ns > now - SECOND_NS && msg->time_ns <= now
		       ? msg->time_ns
		       : now;
}

static void
refer(struct pier_ntp_message *message, const struct serve_settings *settings)
{
	if (settings->ntp_kiss != NULL) {
		message->leap = PIER_NTP_ALARM;
		message->stratum = 0;
		memcpy(message->reference_id, settings->ntp_kiss, 4);
	} else if (message->stratum == 1) {
		memcpy(message->reference_id, "LOCL", 4);
	} else if (message->stratum > 1 && message->stratum < 16) {
		memcpy(message->reference_id, "\177\0\0\1", 4);
	}
}

/* What is wrong with the message itself. */
static void
spoil(struct pier_ntp_message *message, int64_t fault)
{
	switch (fault) {
	case SERVE_NTP_ORIGINATE:
		message->originate ^= 1;
		break;
	case SERVE_NTP_MODE:
		message->mode = PIER_NTP_CLIENT;
		break;
	case SERVE_NTP_VERSION:
		message->version = message->version == 4 ? 3 : 4;
		break;
	case SERVE_NTP_RECEIVE:
		message->receive = 0;
		break;
	case SERVE_NTP_TRANSMIT:
		message->transmit = 0;
		break;
	case SERVE_NTP_ORDER:
		message->transmit = message->receive - (UINT64_C(1) << 32);
		break;
	case SERVE_NTP_REFERENCE:
		message->reference = message->transmit + (UINT64_C(60) << 32);
		break;
	case SERVE_NTP_ROOT:
		message->root_dispersion = pier_ntp_short(16 * SECOND_NS);
		break;
	case SERVE_NTP_ROUND_TRIP:
		message->transmit = message->receive + (UINT64_C(3600) << 32);
		break;
	default:
		break;
	}
}

static struct pier_ntp_message
answer_to(const struct pier_ntp_message *asked, const struct pier_msg *msg,
	const struct serve_settings *settings)
{
	int64_t offset = 0;
	struct pier_ntp_message message = {
		.leap = (int)settings->ntp_leap,
		.version = asked->version,
		.mode = PIER_NTP_SERVER,
		.stratum = settings->ntp_stratum == PIER_OFF
				   ? 0
				   : (int)settings->ntp_stratum,
		.poll = asked->poll,
		.precision = PRECISION,
		.originate = asked->transmit,
	};

	if (settings->ntp_stratum == 0)
		message.stratum = 1;
	/* It was looked at before. */
	if (settings->ntp_offset != NULL)
		(void)read_offset(&offset, settings->ntp_offset);
	refer(&message, settings);
	message.receive = pier_ntp_from_ns(came_ns(msg) + offset);
	message.reference = message.receive - (UINT64_C(1) << 32);
	message.transmit = pier_ntp_from_ns(now_ns() + offset);
	spoil(&message, settings->ntp_fault);
	return message;
}

/* From a port that was not asked. */
static int
send_from_elsewhere(const struct pier_msg *msg, const void *data, size_t size)
{
	char endpoint[PIER_ADDR_TEXT_MAX + 8], peer[PIER_ADDR_TEXT_MAX];
	struct pier_packet *other;
	int rc;

	(void)pier_addr_format(&msg->peer, peer, sizeof(peer));
	(void)snprintf(endpoint, sizeof(endpoint), "udp://%s", peer);
	rc = pier_packet_open(&other, endpoint, NULL, PIER_DEFAULT);
	if (rc < 0)
		return rc;
	rc = pier_send(other, NULL, data, size, PIER_DEFAULT);
	pier_packet_close(other);
	return rc;
}

/* PIER_NOW: it does not wait for the answers to others, as transmit has been
   read already. */
static int
send_answer(struct pier_packet *packet, const struct pier_msg *msg,
	const unsigned char *data, int64_t fault)
{
	size_t size =
		fault == SERVE_NTP_LENGTH ? PIER_NTP_SIZE - 1 : PIER_NTP_SIZE;
	int rc;

	if (fault == SERVE_NTP_SOURCE)
		return send_from_elsewhere(msg, data, size);
	rc = pier_reply(packet, msg, data, size, PIER_NOW);
	if (rc == 0 && fault == SERVE_NTP_FRESH)
		rc = pier_reply(packet, msg, data, size, PIER_NOW);
	return rc;
}

int
serve_ntp(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	const struct serve *serve = ctx;
	const struct serve_settings *settings = serve->settings;
	unsigned char data[PIER_NTP_SIZE];
	struct pier_ntp_message asked, message;

	/* What is no request of a client is not answered: two servers could
	   answer each other for ever. */
	if (pier_ntp_read(&asked, msg->data, msg->size) < 0 ||
		asked.mode != PIER_NTP_CLIENT || asked.version < 1 ||
		asked.version > 4 || settings->ntp_fault == SERVE_NTP_SILENT)
		return 0;
	message = answer_to(&asked, msg, settings);
	pier_ntp_write(data, &message);
	/* As if the way back took so much longer than the way here. */
	if (settings->ntp_delay > 0 &&
		pier_sleep(pier_in_ns(settings->ntp_delay)) < 0)
		return -ECANCELED;
	return send_answer(packet, msg, data, settings->ntp_fault);
}
