/* SPDX-License-Identifier: MIT */
/* Hints for ISO-TP: what is missing on this machine, or to look at on the bus. */
#include "hint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "isotp://"

/* What an endpoint is made of; "" where it is not. */
struct pieces {
	char link[24];
	char tx[12], rx[12];
};

bool
cli_is_isotp(const char *endpoint)
{
	return strncmp(endpoint, SCHEME, strlen(SCHEME)) == 0;
}

static void
take_apart(struct pieces *out, const char *endpoint)
{
	memset(out, 0, sizeof(*out));
	(void)sscanf(endpoint + strlen(SCHEME), "%23[^/]/%11[^/]/%11[^/?]",
		out->link, out->tx, out->rx);
}

/* By the code of an error alone; a row is of a step, or of any. */
static const struct {
	int code;
	enum pier_step step;
	const char *text;
} rows[] = {
	{ -EAFNOSUPPORT, PIER_STEP_NONE,
		"load its modules: sudo modprobe -a can can-isotp; a kernel "
		"without them is built without CONFIG_CAN" },
	{ -EPROTONOSUPPORT, PIER_STEP_NONE,
		"load its module: sudo modprobe can-isotp; Linux has it since "
		"5.10" },
	{ -EADDRNOTAVAIL, PIER_STEP_BIND,
		"what one end sends the other one hears: " SCHEME
		"can0/7e0/7e8" },
	{ -EMSGSIZE, PIER_STEP_SEND,
		"broadcast=single takes what fits one frame, broadcast=many "
		"more; of other messages above 8200 bytes the limit is: cat "
		"/sys/module/can_isotp/parameters/max_pdu_size" },
	{ -EBADMSG, PIER_STEP_NONE,
		"do both ends pad alike? ?pad=CC fills up what is sent, "
		"?rxpad=CC&check=length is what is expected" },
	{ -EILSEQ, PIER_STEP_NONE,
		"is the bus too fast for this machine? ?stmin=1ms&bs=8 asks "
		"the sender to slow down" },
};

static void
hint_silent(const struct pier_error *error, char *text, size_t size)
{
	struct cli_hint_word link;
	struct pieces it;

	take_apart(&it, error->endpoint);
	(void)cli_hint_word(&link, it.link);
	if (error->code == -ECOMM)
		snprintf(text, size,
			"does anybody send %s, and are both ends addressed "
			"alike (?ext=)? pier can dump -v %s",
			it.rx, link.text);
	else
		snprintf(text, size, "who sends %s? pier can dump -v %s", it.rx,
			link.text);
}

void
cli_hint_isotp(const struct pier_error *error, char *text, size_t size)
{
	struct cli_hint_word link;
	struct pieces it;
	size_t i;

	take_apart(&it, error->endpoint);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == error->code &&
			(rows[i].step == PIER_STEP_NONE ||
				rows[i].step == error->step))
			snprintf(text, size, "%s", rows[i].text);
	if (error->code == -ECOMM || error->code == -ETIMEDOUT)
		hint_silent(error, text, size);
	else if (error->code == -ENODEV)
		cli_hint_link(
			it.link, "ip -brief link show type can", text, size);
	else if (error->code == -ENETDOWN)
		cli_hint_down(it.link, text, size);
	else if (error->code == -EINVAL && error->step == PIER_STEP_BIND)
		snprintf(text, size, "sudo ip link set %s mtu 72",
			cli_hint_word(&link, it.link));
}
