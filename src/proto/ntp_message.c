/* SPDX-License-Identifier: MIT */
/* proto/ntp_message.c - the header of NTP, RFC 5905 section 7.3; see
   pier/ntp.h. */
#include <pier/ntp.h>

#include <pier/order.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

int
pier_ntp_read_sized(struct pier_ntp_message *out, size_t out_size,
	const void *data, size_t size)
{
	const unsigned char *at = data;
	struct pier_ntp_message message;

	if (size < PIER_NTP_SIZE)
		return -EBADMSG;
	message = (struct pier_ntp_message){ .leap = at[0] >> 6,
		.version = at[0] >> 3 & 7,
		.mode = at[0] & 7,
		.stratum = at[1],
		.poll = (signed char)at[2],
		.precision = (signed char)at[3],
		.root_delay = pier_be32_get(at + 4),
		.root_dispersion = pier_be32_get(at + 8),
		.reference = pier_be64_get(at + 16),
		.originate = pier_be64_get(at + 24),
		.receive = pier_be64_get(at + 32),
		.transmit = pier_be64_get(at + 40) };
	memcpy(message.reference_id, at + 12, sizeof(message.reference_id));
	memcpy(out, &message,
		out_size < sizeof(message) ? out_size : sizeof(message));
	return 0;
}

/* As many fields of a struct as its user knows; the others are 0. */
static struct pier_ntp_message
take(const struct pier_ntp_message *message, size_t size)
{
	struct pier_ntp_message own = { .leap = 0 };

	memcpy(&own, message, size < sizeof(own) ? size : sizeof(own));
	return own;
}

void
pier_ntp_write_sized(unsigned char *out, const struct pier_ntp_message *message,
	size_t message_size)
{
	struct pier_ntp_message own = take(message, message_size);

	out[0] = (unsigned char)((own.leap & 3) << 6 | (own.version & 7) << 3 |
				 (own.mode & 7));
	out[1] = (unsigned char)own.stratum;
	out[2] = (unsigned char)own.poll;
	out[3] = (unsigned char)own.precision;
	pier_be32_put(out + 4, own.root_delay);
	pier_be32_put(out + 8, own.root_dispersion);
	memcpy(out + 12, own.reference_id, sizeof(own.reference_id));
	pier_be64_put(out + 16, own.reference);
	pier_be64_put(out + 24, own.originate);
	pier_be64_put(out + 32, own.receive);
	pier_be64_put(out + 40, own.transmit);
}

/* Up to four characters, to the first zero. */
static void
letters(char text[PIER_NTP_REFERENCE_TEXT], const unsigned char id[4])
{
	size_t used = 0;
	int i;

	for (i = 0; i < 4 && id[i] != 0; i++)
		used += (size_t)snprintf(text + used,
			PIER_NTP_REFERENCE_TEXT - used,
			id[i] > ' ' && id[i] < 0x7f && id[i] != '\\'
				? "%c"
				: "\\x%02x",
			id[i]);
}

size_t
pier_ntp_reference_sized(const struct pier_ntp_message *message,
	size_t message_size, char *out, size_t size)
{
	struct pier_ntp_message own = take(message, message_size);
	const unsigned char *id = own.reference_id;
	char text[PIER_NTP_REFERENCE_TEXT] = "";
	size_t len;

	if (own.stratum <= 1)
		letters(text, id);
	else
		(void)snprintf(text, sizeof(text), "%d.%d.%d.%d", id[0], id[1],
			id[2], id[3]);
	len = strlen(text);
	if (size == 0)
		return 0;
	if (len >= size)
		len = size - 1;
	memcpy(out, text, len);
	out[len] = '\0';
	return len;
}
