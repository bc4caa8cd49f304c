/* SPDX-License-Identifier: MIT */
/* proto/sntp_wire.c - see proto/sntp_wire.h. */
#include "proto/sntp_wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)

/* RFC 5905: MAXDISP, beyond which a clock tells nothing. */
#define ROOT_MAX_NS (16 * SECOND_NS)

/* What reading a clock costs, and so how far apart two readings may be. */
#define READING_NS 1000

static const struct {
	const char *name, *text;
} checks[] = {
	[PIER_SNTP_SOURCE] = { "source",
		"it comes from the address that was asked" },
	[PIER_SNTP_LENGTH] = { "length",
		"48 bytes, and what follows in fields of 4" },
	[PIER_SNTP_MODE] = { "mode", "4: a server's" },
	[PIER_SNTP_VERSION] = { "version", "that of the request" },
	[PIER_SNTP_ORIGINATE] = { "originate",
		"the random number of the request, bit by bit" },
	[PIER_SNTP_FRESH] = { "fresh",
		"no answer to this request came before" },
	[PIER_SNTP_KISS] = { "kiss", "no kiss code: the stratum is not 0" },
	[PIER_SNTP_SYNCED] = { "synced",
		"the leap indicator is not 3: the clock is synchronised" },
	[PIER_SNTP_STRATUM] = { "stratum", "1 to 15" },
	[PIER_SNTP_RECEIVE] = { "receive",
		"the server says when the request came" },
	[PIER_SNTP_TRANSMIT] = { "transmit",
		"the server says when the answer left" },
	[PIER_SNTP_ORDER] = { "order",
		"the answer did not leave before the request came" },
	[PIER_SNTP_REFERENCE] = { "reference",
		"the server's clock was not set after the answer left" },
	[PIER_SNTP_ROOT] = { "root",
		"half the root delay and the root dispersion are less than "
		"16 s" },
	[PIER_SNTP_ROUND_TRIP] = { "round-trip",
		"the answer was not longer at the server than it was away" },
};

_Static_assert(sizeof(checks) / sizeof(checks[0]) == PIER_SNTP_CHECKS,
	"every check has a name");

/* RFC 5905, figure 13, and what is done about it here. */
static const struct {
	char code[5];
	const char *text;
} kisses[] = {
	{ "ACST", "it answers anycast only" },
	{ "AUTH", "it could not authenticate the request" },
	{ "AUTO", "its Autokey sequence failed" },
	{ "BCST", "it answers broadcast only" },
	{ "CRYP", "its cryptographic identification failed" },
	{ "DENY", "this machine may not ask it" },
	{ "DROP", "it lost its peer" },
	{ "INIT", "its clock is not synchronised for the first time yet" },
	{ "MCST", "it answers multicast only" },
	{ "NKEY", "it has no such key" },
	{ "NTSN", "its NTS cookie is not good" },
	{ "RATE", "it is asked too often" },
	{ "RMOT", "somebody changes it from afar" },
	{ "RSTR", "its policy does not let this machine ask" },
	{ "STEP", "its clock was set a moment ago, and is not synchronised" },
};

const char *
pier_sntp_check_name(enum pier_sntp_check check)
{
	return (unsigned)check < PIER_SNTP_CHECKS ? checks[check].name : NULL;
}

const char *
pier_sntp_check_text(enum pier_sntp_check check)
{
	return (unsigned)check < PIER_SNTP_CHECKS ? checks[check].text : NULL;
}

bool
pier__sntp_sends_away(const char *kiss)
{
	return strcmp(kiss, "DENY") == 0 || strcmp(kiss, "RSTR") == 0;
}

bool
pier__sntp_slows(const char *kiss)
{
	return strcmp(kiss, "RATE") == 0;
}

void
pier__sntp_ask(unsigned char *out, const struct pier__sntp_asked *asked)
{
	const struct pier_ntp_message request = { .version = asked->version,
		.mode = PIER_NTP_CLIENT,
		.transmit = asked->transmit };

	pier_ntp_write(out, &request);
}

/* ---- One check ---------------------------------------------------------- */

/* Notes how a check went, and the first one that failed with its words, without
   which it has the check's own. Returns whether it passed. */
__attribute__((format(printf, 4, 5))) static bool
note(struct pier_sntp_event *event, enum pier_sntp_check check, bool passed,
	const char *format, ...)
{
	va_list args;

	if (passed) {
		event->checks.passed |= UINT32_C(1) << check;
		return true;
	}
	event->checks.failed |= UINT32_C(1) << check;
	if (event->failed != PIER_SNTP_CHECKS)
		return false;
	event->failed = check;
	va_start(args, format);
	(void)vsnprintf(event->text, sizeof(event->text), format, args);
	va_end(args);
	return false;
}

/* ---- Is it an answer to what was asked? --------------------------------- */

static bool
is_from_there(struct pier_sntp_event *event,
	const struct pier__sntp_asked *asked,
	const struct pier__sntp_came *came)
{
	char from[PIER_ADDR_TEXT_MAX] = "?";

	(void)pier_addr_format(&came->from, from, sizeof(from));
	return note(event, PIER_SNTP_SOURCE,
		pier_addr_equal(&came->from, &asked->to),
		"it comes from %.80s, which was not asked", from);
}

/* Which request it answers is told by a number that nobody can guess. */
static bool
is_to_a_request(
	struct pier_sntp_event *event, const struct pier__sntp_asked *asked)
{
	uint64_t originate = event->message.originate;

	if (originate != 0 && originate == asked->answered) {
		(void)note(event, PIER_SNTP_ORIGINATE, true, " ");
		return note(event, PIER_SNTP_FRESH, false,
			"one more answer to a request that had one");
	}
	if (originate != 0 && originate == asked->lost) {
		(void)note(event, PIER_SNTP_ORIGINATE, true, " ");
		event->what = PIER_SNTP_LATE;
		return note(event, PIER_SNTP_FRESH, true, " ");
	}
	if (!note(event, PIER_SNTP_ORIGINATE,
		    asked->waiting && originate == asked->transmit,
		    "originate 0x%016llx is not what was sent: no answer to "
		    "this request",
		    (unsigned long long)originate))
		return false;
	event->what = PIER_SNTP_SAMPLE;
	return note(event, PIER_SNTP_FRESH, true, " ");
}

static bool
is_answer(struct pier_sntp_event *event, const struct pier__sntp_asked *asked,
	const struct pier__sntp_came *came)
{
	const struct pier_ntp_message *message = &event->message;

	if (!is_from_there(event, asked, came))
		return false;
	if (!note(event, PIER_SNTP_LENGTH,
		    came->size >= PIER_NTP_SIZE && came->size % 4 == 0 &&
			    came->size <= PIER__SNTP_MESSAGE_MAX,
		    "%zu bytes: a message has 48, or more in fields of 4",
		    came->size))
		return false;
	/* It is long enough. */
	(void)pier_ntp_read(&event->message, came->data, came->size);
	if (!note(event, PIER_SNTP_MODE, message->mode == PIER_NTP_SERVER,
		    "mode %d: no server's answer, which is 4", message->mode))
		return false;
	if (!note(event, PIER_SNTP_VERSION, message->version == asked->version,
		    "version %d, where %d was asked", message->version,
		    asked->version))
		return false;
	return is_to_a_request(event, asked);
}

/* ---- Is it a good one? -------------------------------------------------- */

static bool
is_letter(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static const char *
kiss_text(const char *kiss)
{
	size_t i;

	for (i = 0; i < sizeof(kisses) / sizeof(kisses[0]); i++) {
		if (strcmp(kisses[i].code, kiss) == 0)
			return kisses[i].text;
	}
	return "a code of its own";
}

/* Stratum 0 with a code of four characters, or without one. */
static void
check_kiss(struct pier_sntp_event *event)
{
	const unsigned char *id = event->message.reference_id;
	bool named = is_letter(id[0]) && is_letter(id[1]) && is_letter(id[2]) &&
		     is_letter(id[3]);

	if (event->message.stratum != 0) {
		(void)note(event, PIER_SNTP_KISS, true, " ");
		return;
	}
	if (named)
		memcpy(event->kiss, id, 4);
	event->what = named ? PIER_SNTP_DENIED : PIER_SNTP_REJECTED;
	(void)note(event, PIER_SNTP_KISS, false, "kiss code %s: %s",
		named ? event->kiss : "without a name",
		named ? kiss_text(event->kiss)
		      : "stratum 0, the server's clock is not synchronised");
}

/* Of log2 of seconds, as a peer sent it: 1 ns to 16 s. */
static int64_t
precision_ns(int log2)
{
	if (log2 >= 4)
		return 16 * SECOND_NS;
	if (log2 >= 0)
		return SECOND_NS << log2;
	return log2 <= -30 ? 1 : SECOND_NS >> -log2;
}

static int64_t
root_ns(const struct pier_ntp_message *message)
{
	return pier_ntp_short_ns(message->root_delay) / 2 +
	       pier_ntp_short_ns(message->root_dispersion);
}

/* RFC 4330 section 5. Each time is within 68 years of one of the others', so
   that no sum of two differences is more than there are numbers. */
static void
measure(struct pier_sntp_event *event, const struct pier__sntp_asked *asked,
	const struct pier__sntp_came *came)
{
	struct pier_sntp_sample *sample = &event->sample;
	int64_t pivot = asked->t1_ns > PIER__SNTP_PIVOT_NS
				? asked->t1_ns
				: PIER__SNTP_PIVOT_NS;
	int64_t away = came->t4_ns - asked->t1_ns, there;

	sample->t1_ns = asked->t1_ns;
	sample->t2_ns = pier_ntp_to_ns(event->message.receive, pivot);
	sample->t3_ns = pier_ntp_to_ns(event->message.transmit, pivot);
	sample->t4_ns = came->t4_ns;
	sample->t1_by_kernel = asked->t1_by_kernel;
	sample->t4_by_kernel = came->by_kernel;
	there = sample->t3_ns - sample->t2_ns;
	sample->offset_ns = ((sample->t2_ns - sample->t1_ns) +
				    (sample->t3_ns - sample->t4_ns)) /
			    2;
	sample->delay_ns = away - there;
	sample->bound_ns = root_ns(&event->message) +
			   precision_ns(event->message.precision) + READING_NS +
			   away / SECOND_NS * PIER__SNTP_PHI_NS;
	if (sample->delay_ns > 0)
		sample->bound_ns += (sample->delay_ns + 1) / 2;
}

static void
check_clock(struct pier_sntp_event *event)
{
	const struct pier_ntp_message *message = &event->message;

	check_kiss(event);
	(void)note(event, PIER_SNTP_SYNCED, message->leap != PIER_NTP_ALARM,
		"leap 3: the server's clock is not synchronised");
	(void)note(event, PIER_SNTP_STRATUM,
		message->stratum >= 1 && message->stratum <= 15,
		"stratum %d: the server's clock is not synchronised",
		message->stratum);
	(void)note(event, PIER_SNTP_RECEIVE, message->receive != 0,
		"receive 0: the server does not say when the request came");
	(void)note(event, PIER_SNTP_TRANSMIT, message->transmit != 0,
		"transmit 0: the server does not say when the answer left");
	(void)note(event, PIER_SNTP_REFERENCE,
		message->reference == 0 ||
			(int64_t)(message->reference - message->transmit) <= 0,
		"reference: the server's clock was set after the answer left");
	(void)note(event, PIER_SNTP_ROOT, root_ns(message) < ROOT_MAX_NS,
		"root distance %lld ms: 16 s and more is as good as nothing",
		(long long)(root_ns(message) / 1000000));
}

/* A server may blur its times by as much as its clock is fine. */
static void
check_times(struct pier_sntp_event *event)
{
	struct pier_sntp_sample *sample = &event->sample;
	int64_t fine = precision_ns(event->message.precision) + READING_NS;
	long long before = (long long)(sample->t2_ns - sample->t3_ns);

	(void)note(event, PIER_SNTP_ORDER,
		sample->t3_ns - sample->t2_ns >= -fine,
		"the answer left %lld ns before the request came", before);
	(void)note(event, PIER_SNTP_ROUND_TRIP, sample->delay_ns >= -fine,
		"delay %lld ns: less than no time",
		(long long)sample->delay_ns);
	if (sample->delay_ns < 0)
		sample->delay_ns = 0;
}

void
pier__sntp_judge(struct pier_sntp_event *event,
	const struct pier__sntp_asked *asked,
	const struct pier__sntp_came *came)
{
	*event = (struct pier_sntp_event){ .what = PIER_SNTP_IGNORED,
		.from = came->from,
		.size = came->size,
		.failed = PIER_SNTP_CHECKS };
	if (!is_answer(event, asked, came) || event->what == PIER_SNTP_LATE)
		return;
	check_clock(event);
	if (event->message.receive != 0 && event->message.transmit != 0) {
		measure(event, asked, came);
		check_times(event);
	}
	if (event->checks.failed != 0 && event->what == PIER_SNTP_SAMPLE)
		event->what = PIER_SNTP_REJECTED;
}
