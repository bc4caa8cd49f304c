/* SPDX-License-Identifier: MIT */
/* proto/sdp_wire.c - see sdp_wire.h. */
#include "proto/sdp_wire.h"

#include <pier/error.h>
#include <pier/order.h>

#include <errno.h>
#include <string.h>

#include "proto/bt_uuid.h"

enum {
	ERROR_RESPONSE = 0x01,
	SEARCH_REQUEST = 0x06,
	SEARCH_RESPONSE = 0x07,

	HEADER = 5, /* what it is, transaction, length */
};

/* Types of data elements: section 3.2. */
enum {
	NIL = 0,
	UNSIGNED = 1,
	UUID = 3,
	TEXT = 4,
	SEQUENCE = 6,
	ALTERNATIVE = 7,
	TYPE_MAX = 8,
};

/* Attributes: section 5.1. */
enum {
	RECORD_HANDLE = 0x0000,
	CLASS_LIST = 0x0001,
	PROTOCOL_LIST = 0x0004,
	PROFILE_LIST = 0x0009,
	/* In the first language of the record. */
	NAME = 0x0100,
	DESCRIPTION = 0x0101,
	PROVIDER = 0x0102,
};

/* In this order, which the protocol asks for. */
static const uint16_t wanted[] = { RECORD_HANDLE, CLASS_LIST, PROTOCOL_LIST,
	PROFILE_LIST, NAME, DESCRIPTION, PROVIDER };

#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

/* Section 4.4.1. */
static const char *const refusals[] = {
	[1] = "the device says: the version of the protocol is not supported",
	[2] = "the device says: no such record",
	[3] = "the device says: the syntax of the request is wrong",
	[4] = "the device says: the size of the request is wrong",
	[5] = "the device says: what the request goes on with is unknown",
	[6] = "the device says: it has no resources for an answer",
};

/* ---- Requests ------------------------------------------------------------ */

/* A descriptor of 8 bits: the size of what follows is in the next byte. */
static unsigned char *
put_head(unsigned char *to, unsigned int type, size_t size)
{
	*to++ = (unsigned char)(type << 3 | 5);
	*to++ = (unsigned char)size;
	return to;
}

/* A peer may not know the long form of what has a short one. */
static unsigned char *
put_uuid(unsigned char *to, const struct pier_bt_uuid *uuid)
{
	uint32_t number;

	if (!pier__bt_uuid_number(uuid, &number)) {
		*to++ = UUID << 3 | 4;
		memcpy(to, uuid->bytes, sizeof(uuid->bytes));
		return to + sizeof(uuid->bytes);
	}
	if (number > UINT16_MAX) {
		*to++ = UUID << 3 | 2;
		pier_be32_put(to, number);
		return to + 4;
	}
	*to++ = UUID << 3 | 1;
	pier_be16_put(to, (uint16_t)number);
	return to + 2;
}

size_t
pier__sdp_write(unsigned char out[PIER__SDP_REQUEST_MAX], uint16_t transaction,
	const struct pier_bt_uuid *uuid, const struct pier__sdp_continue *more)
{
	unsigned char *pattern = out + HEADER;
	unsigned char *to = put_uuid(pattern + 2, uuid);
	size_t i;

	(void)put_head(pattern, SEQUENCE, (size_t)(to - pattern) - 2);
	/* As much of the answer as one message of the peer takes. */
	pier_be16_put(to, UINT16_MAX);
	to = put_head(to + 2, SEQUENCE, 3 * WANTED);
	for (i = 0; i < WANTED; i++) {
		*to++ = UNSIGNED << 3 | 1;
		pier_be16_put(to, wanted[i]);
		to += 2;
	}
	*to++ = (unsigned char)more->size;
	memcpy(to, more->bytes, more->size);
	to += more->size;
	out[0] = SEARCH_REQUEST;
	pier_be16_put(out + 1, transaction);
	pier_be16_put(out + 3, (uint16_t)(to - pattern));
	return (size_t)(to - out);
}

/* ---- Parts of an answer -------------------------------------------------- */

static int
refuse(const char **why, const char *text)
{
	*why = text;
	return -PIER_EFRAME;
}

static int
read_refusal(const unsigned char *bytes, size_t len, const char **why)
{
	unsigned int code = len >= 2 ? pier_be16_get(bytes) : 0;

	if (code < 1 || code >= sizeof(refusals) / sizeof(refusals[0]))
		return refuse(why, "the device refuses, and does not say why");
	return refuse(why, refusals[code]);
}

int
pier__sdp_read(struct pier__sdp_part *out, const unsigned char *bytes,
	size_t len, uint16_t transaction, const char **why)
{
	size_t size, more;

	if (len < HEADER || len - HEADER != pier_be16_get(bytes + 3))
		return refuse(why, "a message has another length than it says");
	if (pier_be16_get(bytes + 1) != transaction)
		return -ENOMSG;
	if (bytes[0] == ERROR_RESPONSE)
		return read_refusal(bytes + HEADER, len - HEADER, why);
	if (bytes[0] != SEARCH_RESPONSE)
		return refuse(why, "a message is no answer to a search");
	bytes += HEADER;
	len -= HEADER;
	size = len >= 2 ? pier_be16_get(bytes) : 0;
	if (len < 3 || len - 3 < size)
		return refuse(why, "an answer is shorter than it says");
	more = bytes[2 + size];
	if (more > PIER__SDP_CONTINUE_MAX || more != len - 3 - size)
		return refuse(why, "how an answer goes on has a wrong length");
	if (more > 0 && size == 0)
		return refuse(why, "an answer goes on and on, with nothing");
	*out = (struct pier__sdp_part){
		.bytes = bytes + 2, .size = size, .more = { .size = more }
	};
	memcpy(out->more.bytes, bytes + 3 + size, more);
	return 0;
}

/* ---- Data elements ------------------------------------------------------- */

struct element {
	unsigned int type;
	const unsigned char *bytes;
	size_t size;
};

/* What is left of a sequence. */
struct rest {
	const unsigned char *bytes;
	size_t size;
};

static struct rest
inside(const struct element *element)
{
	return (struct rest){ element->bytes, element->size };
}

/* The size of an element, and of the descriptor before it: false when that does
   not end inside. Section 3.3. */
static bool
read_size(size_t *size, size_t *head, const struct rest *from)
{
	unsigned int code = from->bytes[0] & 7;
	static const unsigned char heads[] = { 1, 1, 1, 1, 1, 2, 3, 5 };

	*head = heads[code];
	if (from->size < *head)
		return false;
	switch (code) {
	case 5:
		*size = from->bytes[1];
		break;
	case 6:
		*size = pier_be16_get(from->bytes + 1);
		break;
	case 7:
		*size = pier_be32_get(from->bytes + 1);
		break;
	default:
		*size = from->bytes[0] >> 3 == NIL ? 0 : (size_t)1 << code;
		break;
	}
	return true;
}

/* The next element. 1; 0: there is none; -PIER_EFRAME. */
static int
next(struct element *out, struct rest *from)
{
	size_t size, head;

	if (from->size == 0)
		return 0;
	if (!read_size(&size, &head, from) || from->size - head < size ||
		from->bytes[0] >> 3 > TYPE_MAX)
		return -PIER_EFRAME;
	*out = (struct element){ .type = from->bytes[0] >> 3,
		.bytes = from->bytes + head,
		.size = size };
	from->bytes += head + size;
	from->size -= head + size;
	return 1;
}

/* An unsigned number of at most 32 bits. */
static bool
number_of(uint32_t *out, const struct element *element)
{
	if (element->type != UNSIGNED)
		return false;
	if (element->size == 1)
		*out = element->bytes[0];
	else if (element->size == 2)
		*out = pier_be16_get(element->bytes);
	else if (element->size == 4)
		*out = pier_be32_get(element->bytes);
	else
		return false;
	return true;
}

static bool
uuid_of(struct pier_bt_uuid *out, const struct element *element)
{
	if (element->type != UUID)
		return false;
	if (element->size == 2)
		*out = pier__bt_uuid_short(pier_be16_get(element->bytes));
	else if (element->size == 4)
		*out = pier__bt_uuid_short(pier_be32_get(element->bytes));
	else if (element->size == sizeof(out->bytes))
		memcpy(out->bytes, element->bytes, sizeof(out->bytes));
	else
		return false;
	return true;
}

/* ---- Records ------------------------------------------------------------- */

static void
take_text(char out[PIER_BT_TEXT_MAX], const struct element *value)
{
	size_t size = value->size;

	if (value->type != TEXT)
		return;
	if (size > PIER_BT_TEXT_MAX - 1)
		size = PIER_BT_TEXT_MAX - 1;
	memset(out, 0, PIER_BT_TEXT_MAX);
	memcpy(out, value->bytes, size);
}

static int
take_classes(struct pier_bt_service *service, const struct element *value)
{
	struct rest rest = inside(value);
	struct element one;
	int rc = 0;

	service->class_count = 0;
	while (value->type == SEQUENCE && (rc = next(&one, &rest)) > 0) {
		if (service->class_count < PIER_BT_CLASSES_MAX &&
			uuid_of(&service->classes[service->class_count], &one))
			service->class_count++;
	}
	return rc;
}

/* A protocol: its UUID, then what it is told: of L2CAP a PSM, of RFCOMM a
   channel. */
static int
take_protocol(struct pier_bt_service *service, const struct element *value)
{
	struct rest rest = inside(value);
	struct pier_bt_uuid uuid;
	struct element one;
	uint32_t number, place = 0;
	int rc = next(&one, &rest);

	if (rc <= 0 || !uuid_of(&uuid, &one))
		return rc;
	if (service->protocol_count < PIER_BT_PROTOCOLS_MAX)
		service->protocols[service->protocol_count++] = uuid;
	rc = next(&one, &rest);
	if (rc <= 0 || !number_of(&place, &one) ||
		!pier__bt_uuid_number(&uuid, &number))
		return rc;
	/* Assigned numbers: L2CAP and RFCOMM. */
	if (number == 0x0100 && place <= UINT16_MAX)
		service->psm = place;
	else if (number == 0x0003 && place <= PIER_BT_CHANNEL_MAX)
		service->channel = place;
	return 0;
}

/* A stack of protocols; of several that may be chosen among the first. */
static int
take_protocols(struct pier_bt_service *service, const struct element *value)
{
	struct rest rest = inside(value);
	struct element stack = *value, one;
	int rc = 0;

	service->protocol_count = 0;
	if (value->type == ALTERNATIVE)
		rc = next(&stack, &rest);
	if (rc < 0 || stack.type != SEQUENCE)
		return rc;
	rest = inside(&stack);
	while ((rc = next(&one, &rest)) > 0) {
		if (one.type == SEQUENCE)
			rc = take_protocol(service, &one);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* The first one of the list. */
static int
take_profile(struct pier_bt_service *service, const struct element *value)
{
	struct rest rest = inside(value);
	struct element one;
	uint32_t version = 0;
	int rc;

	if (value->type != SEQUENCE)
		return 0;
	rc = next(&one, &rest);
	if (rc <= 0 || one.type != SEQUENCE)
		return rc;
	rest = inside(&one);
	rc = next(&one, &rest);
	if (rc <= 0 || !uuid_of(&service->profile, &one))
		return rc;
	service->has_profile = true;
	rc = next(&one, &rest);
	if (rc > 0 && number_of(&version, &one))
		service->profile_version = version & UINT16_MAX;
	return rc;
}

static int
take_attribute(struct pier_bt_service *service, uint32_t attribute,
	const struct element *value)
{
	switch (attribute) {
	case RECORD_HANDLE:
		(void)number_of(&service->handle, value);
		return 0;
	case CLASS_LIST:
		return take_classes(service, value);
	case PROTOCOL_LIST:
		return take_protocols(service, value);
	case PROFILE_LIST:
		return take_profile(service, value);
	case NAME:
		take_text(service->name, value);
		return 0;
	case DESCRIPTION:
		take_text(service->description, value);
		return 0;
	case PROVIDER:
		take_text(service->provider, value);
		return 0;
	default:
		return 0;
	}
}

/* Numbers and values by turns. */
static int
read_record(struct pier_bt_service *service, const struct element *record)
{
	struct rest rest = inside(record);
	struct element id, value;
	uint32_t attribute = 0;
	int rc;

	*service = (struct pier_bt_service){ .handle = 0 };
	while ((rc = next(&id, &rest)) > 0) {
		if (!number_of(&attribute, &id) || next(&value, &rest) <= 0)
			return -PIER_EFRAME;
		rc = take_attribute(service, attribute, &value);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int
pier__sdp_records(struct pier_bt_service *list, size_t max,
	const unsigned char *bytes, size_t len, const char **why)
{
	struct rest rest = { bytes, len };
	struct pier_bt_service service;
	struct element all = { .size = 0 }, record;
	size_t count = 0;
	int rc = next(&all, &rest);

	if (rc <= 0 || all.type != SEQUENCE || rest.size > 0)
		return refuse(why, "an answer is no sequence of records");
	rest = inside(&all);
	while ((rc = next(&record, &rest)) > 0) {
		if (record.type != SEQUENCE)
			return refuse(why, "a record is no sequence");
		if (count == max)
			return -PIER_ELIMIT;
		if (read_record(&service, &record) < 0)
			return refuse(why, "a record is cut off inside");
		if (list != NULL)
			list[count] = service;
		count++;
	}
	return rc < 0 ? refuse(why, "an answer is cut off inside") : (int)count;
}
