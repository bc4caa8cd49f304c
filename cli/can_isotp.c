/* SPDX-License-Identifier: MIT */
/*
 * pier can isotp: messages of ISO-TP, sent and received as isotpsend(1) and
 * isotprecv(1) do.
 */
#include "can_isotp.h"

#include "conduct.h"
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct talking {
	struct cli_tool *tool;
	const struct can_settings *settings;
	const char *endpoint;
	struct pier_packet *packet;
	bool from_lines; /* messages are lines of standard input */
	bool receives;
	ssize_t size; /* of the message that the command line has */
	int64_t sent, received;
	int code;
	unsigned char out[CAN_ISOTP_MAX];
	unsigned char in[CAN_ISOTP_MAX];
	char text[CAN_ISOTP_TEXT];
};

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One word: a digit is a byte too, as isotpsend reads it. */
static const char *
read_word(unsigned char *out, size_t *used, const char *word, size_t len)
{
	size_t i;

	if (len % 2 != 0 && len > 1)
		return "an odd number of hexadecimal digits";
	for (i = 0; i < len; i++)
		if (digit_of(word[i]) < 0)
			return "expected hexadecimal digits";
	if ((len + 1) / 2 > CAN_ISOTP_MAX - *used)
		return "at most 65536 bytes";
	if (len == 1)
		out[(*used)++] = (unsigned char)digit_of(word[0]);
	for (i = 0; i + 1 < len; i += 2)
		out[(*used)++] = (unsigned char)(digit_of(word[i]) << 4 |
						 digit_of(word[i + 1]));
	return NULL;
}

ssize_t
can_isotp_read(
	unsigned char out[CAN_ISOTP_MAX], const char *text, const char **wrong)
{
	size_t used = 0;

	*wrong = NULL;
	while (*(text += strspn(text, " \t\r")) != '\0') {
		size_t len = strcspn(text, " \t\r");

		*wrong = read_word(out, &used, text, len);
		if (*wrong != NULL)
			return -1;
		text += len;
	}
	return (ssize_t)used;
}

void
can_isotp_write(
	char text[CAN_ISOTP_TEXT], const unsigned char *data, size_t size)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < size; i++) {
		*text++ = digits[data[i] >> 4];
		*text++ = digits[data[i] & 15];
		*text++ = ' ';
	}
	if (size > 0)
		text--;
	*text = '\0';
}

void
can_isotp_add(json_t *event, char text[CAN_ISOTP_TEXT],
	const unsigned char *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < size; i++) {
		text[2 * i] = digits[data[i] >> 4];
		text[2 * i + 1] = digits[data[i] & 15];
	}
	text[2 * size] = '\0';
	cli_event_text(event, "data", text);
}

/* ---- Out ---------------------------------------------------------------- */

static int
send_one(struct talking *talking, size_t size)
{
	int rc = pier_send(talking->packet, NULL, talking->out, size,
		can_room_until(talking->settings));

	if (rc < 0) {
		talking->code = can_failure(talking->tool, rc);
		return rc;
	}
	talking->sent++;
	cli_say(talking->tool, 2, "sent %zu bytes", size);
	return 0;
}

/* A message in each line; empty ones are passed over. */
static int
send_lines(struct talking *talking)
{
	struct can_lines *lines;
	const char *line, *wrong;
	ssize_t size;
	int rc = 0;

	talking->code = can_lines_open_long(
		&lines, talking->tool, "-", CAN_ISOTP_TEXT, "message");
	if (talking->code != 0)
		return -EINVAL;
	while (rc == 0) {
		rc = can_lines_next(lines, &line, &talking->code);
		if (rc <= 0)
			break;
		rc = 0;
		size = can_isotp_read(talking->out, line, &wrong);
		if (size < 0) {
			talking->code = can_lines_wrong_as(lines, wrong);
			rc = -EINVAL;
		} else if (size > 0) {
			rc = send_one(talking, (size_t)size);
		}
	}
	can_lines_close(lines);
	return rc;
}

/* ---- In ----------------------------------------------------------------- */

static int
tell(struct talking *talking, size_t size)
{
	size_t len;

	if (talking->tool->json) {
		json_t *event = cli_event("message");

		cli_event_text(event, "endpoint", talking->endpoint);
		cli_event_number(event, "size", (int64_t)size);
		can_isotp_add(event, talking->text, talking->in, size);
		return cli_event_print(event, talking->tool->until);
	}
	can_isotp_write(talking->text, talking->in, size);
	len = strlen(talking->text);
	talking->text[len] = '\n';
	return cli_output(talking->text, len + 1, talking->tool->until);
}

/* A message that broke off: the next one may be whole. */
static bool
is_of_one_message(int rc)
{
	return rc == -ETIMEDOUT || rc == -EILSEQ || rc == -EBADMSG ||
	       rc == -EMSGSIZE;
}

static bool
has_enough(const struct talking *talking)
{
	return talking->settings->count > 0 &&
	       talking->received >= talking->settings->count;
}

static void
receive(struct talking *talking)
{
	struct pier_msg msg;
	int rc = 0;

	talking->tool->until = talking->settings->limit > 0
				       ? pier_in_ns(talking->settings->limit)
				       : PIER_FOREVER;
	while (rc == 0 && !has_enough(talking)) {
		rc = pier_recv(talking->packet, &msg, talking->in,
			sizeof(talking->in), talking->tool->until);
		if (rc < 0) {
			int code = can_failure(talking->tool, rc);

			if (talking->code == 0)
				talking->code = code;
			rc = is_of_one_message(rc) ? 0 : rc;
			continue;
		}
		talking->received++;
		rc = tell(talking, msg.size);
		if (rc < 0 && rc != -EPIPE && !cli_output_no_room(rc))
			talking->code = cli_own_failure(talking->tool,
				PIER_STEP_SEND, "standard output", rc, "");
	}
}

static int
run(struct pier_group *group, void *arg)
{
	struct talking *talking = arg;
	int rc = pier_isotp_open(&talking->packet, talking->endpoint, NULL);

	(void)group;
	if (rc < 0)
		return can_failure(talking->tool, rc);
	cli_say(talking->tool, 1, "%s is open", talking->endpoint);
	if (talking->from_lines)
		rc = send_lines(talking);
	else if (talking->size > 0)
		rc = send_one(talking, (size_t)talking->size);
	if (rc == 0 && talking->receives)
		receive(talking);
	return talking->code;
}

/* ---- The whole run ------------------------------------------------------ */

static void
tell_end(const struct talking *talking)
{
	if (talking->tool->json) {
		json_t *event = cli_event("isotp");

		cli_event_number(event, "sent", talking->sent);
		cli_event_number(event, "received", talking->received);
		(void)cli_event_print(event, cli_output_last_moment());
	}
	cli_say(talking->tool, 1, "%" PRId64 " sent, %" PRId64 " received",
		talking->sent, talking->received);
}

/* What stands behind the endpoint: one message, or "-". 0, or an exit code. */
static int
read_message(struct talking *talking)
{
	const struct cli_texts *words = &talking->settings->words;
	const char *wrong = NULL;
	char line[128];
	size_t used = 0, i;

	if (words->n == 2 && strcmp(words->item[1], "-") == 0) {
		talking->from_lines = true;
		return 0;
	}
	for (i = 1; i < words->n && wrong == NULL; i++) {
		ssize_t n = can_isotp_read(talking->in, words->item[i], &wrong);

		if (n > 0 && (size_t)n > sizeof(talking->out) - used)
			wrong = "at most 65536 bytes";
		if (wrong != NULL || n <= 0)
			continue;
		memcpy(talking->out + used, talking->in, (size_t)n);
		used += (size_t)n;
	}
	talking->size = (ssize_t)used;
	if (wrong == NULL && (used > 0 || words->n == 1))
		return 0;
	snprintf(line, sizeof(line), "'%.60s': %s", words->item[i - 1],
		wrong != NULL ? wrong : "ISO-TP has no empty messages");
	return can_wrong_words(talking->tool, line);
}

static int
talk(struct cli_tool *tool, const struct can_settings *settings,
	const char *endpoint)
{
	struct talking *talking = calloc(1, sizeof(*talking));
	int code;

	if (talking == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, "memory", -ENOMEM, "");
	talking->tool = tool;
	talking->settings = settings;
	talking->endpoint = endpoint;
	code = read_message(talking);
	talking->receives = settings->words.n == 1 || settings->count > 0 ||
			    settings->limit > 0;
	if (code == 0) {
		code = cli_conduct(tool, run, talking);
		pier_packet_close(talking->packet);
		if (talking->packet != NULL)
			tell_end(talking);
		if (code == 0 && talking->receives && talking->received == 0)
			code = CLI_EXIT_NO;
	}
	free(talking);
	return code;
}

int
can_isotp(struct cli_tool *tool, const struct can_settings *settings)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct pier_endpoint_check check;
	const char *word;

	if (settings->words.n == 0)
		return can_wrong_words(tool,
			"expected an interface and two identifiers, the one "
			"that is sent and the one that is heard: pier can "
			"isotp can0/7e0/7e8");
	word = settings->words.item[0];
	if ((size_t)snprintf(endpoint, sizeof(endpoint), "%s%s",
		    strstr(word, "://") == NULL ? "isotp://" : "",
		    word) >= sizeof(endpoint))
		return can_wrong_words(tool, "the endpoint is too long");
	if (pier_endpoint_check(endpoint, &check) < 0)
		return cli_endpoint_error(tool, "can", endpoint, &check);
	if (strcmp(check.scheme, "isotp") != 0)
		return can_wrong_words(
			tool, "expected isotp://INTERFACE/TX/RX");
	if (!settings->sniff)
		return talk(tool, settings, endpoint);
	if (settings->words.n > 1)
		return can_wrong_words(tool, "--sniff sends nothing");
	return can_isotp_sniff(tool, settings, endpoint);
}
