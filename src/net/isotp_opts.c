/* SPDX-License-Identifier: MIT */
/*
 * net/isotp_opts.c - how two ends of ISO-TP converse: as an endpoint has it behind
 * '?', and as the kernel is told (Documentation/networking/can.rst and
 * linux/can/isotp.h, whose numbers are written down here). Pure.
 */
#include <errno.h>
#include <string.h>

#include "net/can_wire.h"
#include "net/isotp.h"
#include "option/text.h"

#define MS INT64_C(1000000)
#define US INT64_C(1000)

/* Flags of struct can_isotp_options. */
#define LISTEN       0x0001u
#define ADDRESSED    0x0002u
#define PAD          0x0004u
#define PEER_PADS    0x0008u
#define CHECK_LENGTH 0x0010u
#define CHECK_BYTES  0x0020u
#define HALF_DUPLEX  0x0040u
#define SEND_GAP     0x0080u
#define RECEIVE_GAP  0x0100u
#define PEER_ADDRESS 0x0200u
#define TO_ALL_ONE   0x0800u
#define TO_ALL       0x1000u
#define DYNAMIC      0x2000u

/* A frame takes no time; 0 is none given. */
#define NO_FRAME_TIME UINT32_MAX

/* Times are told in nanoseconds of 32 bits. */
#define TIME_MAX (INT64_C(4) * 1000 * MS)

const char *const pier__isotp_names[] = { "pad", "rxpad", "check", "ext",
	"rxext", "bs", "stmin", "waits", "txgap", "rxgap", "frametime", "fd",
	"dl", "brs", "esi", "listen", "halfduplex", "dynamic", "broadcast",
	NULL };

/* ---- What the kernel is told ------------------------------------------- */

/* Of ISO 15765-2 9.6.5.4: 0 to 7F are milliseconds, F1 to F9 100 us each. */
static int
encode_stmin(uint8_t *out, int64_t ns)
{
	if (ns >= 0 && ns <= 127 * MS && ns % MS == 0)
		*out = (uint8_t)(ns / MS);
	else if (ns > 0 && ns <= 900 * US && ns % (100 * US) == 0)
		*out = (uint8_t)(0xf0 + ns / (100 * US));
	else
		return -EINVAL;
	return 0;
}

static bool
is_time(int64_t ns)
{
	return ns >= 0 && ns <= TIME_MAX;
}

static const char *
check(const struct pier_isotp_opts *opts)
{
	uint8_t flags = PIER_CAN_BRS | PIER_CAN_ESI;

	if (opts->peer_addressed && !opts->addressed)
		return "rxext is of no use without ext: only frames with "
		       "extended addresses have one";
	if (opts->check_bytes && !opts->peer_pads)
		return "check=bytes and check=all are of no use without rxpad, "
		       "the byte to expect";
	if (!is_time(opts->send_gap_ns) || !is_time(opts->receive_gap_ns) ||
		(opts->frame_ns != PIER_OFF && !is_time(opts->frame_ns)))
		return "txgap, rxgap and frametime are at most 4 s";
	if (!opts->fd &&
		(opts->fd_flags != 0 ||
			(opts->frame_size != 0 && opts->frame_size != 8)))
		return "brs, esi and a dl above 8 are of CAN FD: fd=1";
	if ((opts->fd_flags & ~flags) != 0)
		return "of the flags of FD frames brs and esi can be set";
	if (opts->frame_size != 0 &&
		(opts->frame_size < 8 || opts->frame_size > 64 ||
			pier__can_fd_size(opts->frame_size) !=
				opts->frame_size))
		return "dl is 8, 12, 16, 20, 24, 32, 48 or 64";
	if ((unsigned int)opts->broadcast > PIER_ISOTP_TO_ALL)
		return "there is no such broadcast";
	return NULL;
}

static uint32_t
flags_of(const struct pier_isotp_opts *opts)
{
	return (opts->listens ? LISTEN : 0) |
	       (opts->addressed ? ADDRESSED : 0) | (opts->pad ? PAD : 0) |
	       (opts->peer_pads ? PEER_PADS : 0) |
	       (opts->check_length ? CHECK_LENGTH : 0) |
	       (opts->check_bytes ? CHECK_BYTES : 0) |
	       (opts->half_duplex ? HALF_DUPLEX : 0) |
	       (opts->send_gap_ns > 0 ? SEND_GAP : 0) |
	       (opts->receive_gap_ns > 0 ? RECEIVE_GAP : 0) |
	       (opts->peer_addressed ? PEER_ADDRESS : 0) |
	       (opts->dynamic ? DYNAMIC : 0) |
	       (opts->broadcast == PIER_ISOTP_TO_ALL_SINGLE ? TO_ALL_ONE : 0) |
	       (opts->broadcast == PIER_ISOTP_TO_ALL ? TO_ALL : 0);
}

int
pier__isotp_encode(struct pier__isotp_raw *out,
	const struct pier_isotp_opts *opts, const char **wrong)
{
	*wrong = check(opts);
	memset(out, 0, sizeof(*out));
	if (*wrong == NULL &&
		encode_stmin(&out->flow.stmin, opts->stmin_ns) < 0)
		*wrong = "stmin is 0 to 127 ms, or 100 to 900 us in steps of "
			 "100";
	if (*wrong != NULL)
		return -EINVAL;
	out->opts.flags = flags_of(opts);
	out->opts.frame_ns = opts->frame_ns == PIER_OFF
				     ? NO_FRAME_TIME
				     : (uint32_t)opts->frame_ns;
	out->opts.address = opts->address;
	out->opts.peer_address = opts->peer_address;
	out->opts.pad_byte = opts->pad_byte;
	out->opts.peer_pad_byte = opts->peer_pad_byte;
	out->flow.block_size = opts->block_size;
	out->flow.waits_max = opts->waits_max;
	out->link.mtu = opts->fd ? PIER__CAN_FD_SIZE : PIER__CAN_SIZE;
	out->link.frame_size = opts->frame_size;
	if (opts->frame_size == 0)
		out->link.frame_size =
			opts->fd ? PIER_CAN_DATA_MAX : PIER_CAN_CLASSIC_MAX;
	out->link.fd_flags = opts->fd_flags;
	out->send_gap_ns = (uint32_t)opts->send_gap_ns;
	out->receive_gap_ns = (uint32_t)opts->receive_gap_ns;
	return 0;
}

/* ---- What an endpoint says --------------------------------------------- */

enum kind {
	SWITCH,
	BYTE,
	COUNT,
	TIME
};

static int
refuse(const struct pier__own *own, struct pier__why *why, const char *expected)
{
	return pier__why_set(why, own->value_at, "%.*s is %s",
		pier__span_quote(own->name), pier__span_at(own->name),
		expected);
}

/* A value of one of the kinds. 0, or -EINVAL. */
static int
take_number(int64_t *out, const struct pier__own *own, enum kind kind,
	struct pier__why *why)
{
	static const struct pier__spot time = { .unit = "ns", .scale = 1 };
	struct pier__span text = pier__span_of(own->value);
	size_t len = pier__span_len(text);
	struct pier__why ignored;

	switch (kind) {
	case SWITCH:
		*out = pier__span_number(text, 1);
		return *out == 0 || *out == 1 ? 0 : refuse(own, why, "0 or 1");
	case COUNT:
		*out = pier__span_number(text, 255);
		return *out >= 0 && *out <= 255
			       ? 0
			       : refuse(own, why, "a number, 0 to 255");
	case BYTE:
		*out = 0;
		for (; text.begin < text.end && len <= 2; text.begin++) {
			int digit = pier__hex_value(text.text[text.begin]);

			if (digit < 0)
				break;
			*out = *out << 4 | digit;
		}
		return text.begin == text.end && len > 0
			       ? 0
			       : refuse(own, why,
					 "a byte: two hexadecimal digits");
	default:
		if (pier__option_read_number(out, text, &time, &ignored) < 0 ||
			!is_time(*out))
			return refuse(
				own, why, "a time of 0 to 4s, such as 10ms");
		return 0;
	}
}

static int
take_word(struct pier_isotp_opts *opts, const struct pier__own *own,
	struct pier__why *why)
{
	struct pier__span text = pier__span_of(own->value);
	bool all = pier__span_is(text, "all");

	if (pier__span_is(own->name, "broadcast")) {
		if (pier__span_is(text, "single"))
			opts->broadcast = PIER_ISOTP_TO_ALL_SINGLE;
		else if (pier__span_is(text, "many"))
			opts->broadcast = PIER_ISOTP_TO_ALL;
		else
			return refuse(own, why, "single or many");
		return 0;
	}
	if (!all && !pier__span_is(text, "length") &&
		!pier__span_is(text, "bytes"))
		return refuse(own, why, "length, bytes or all");
	opts->check_length = all || pier__span_is(text, "length");
	opts->check_bytes = all || pier__span_is(text, "bytes");
	return 0;
}

/* Where a number goes; `given` is set beside it. */
struct field {
	const char *name;
	enum kind kind;
	void *to; /* bool, uint8_t or int64_t, as the kind is */
	bool *given;
};

static void
store(const struct field *field, int64_t number)
{
	bool is_on = number != 0;
	uint8_t byte = (uint8_t)number;

	if (field->kind == SWITCH)
		memcpy(field->to, &is_on, sizeof(is_on));
	else if (field->kind == TIME)
		memcpy(field->to, &number, sizeof(number));
	else
		memcpy(field->to, &byte, sizeof(byte));
	if (field->given != NULL)
		*field->given = true;
}

static void
set_flag(uint8_t *flags, uint8_t flag, bool is_on)
{
	*flags = (uint8_t)(is_on ? *flags | flag : *flags & ~flag);
}

int
pier__isotp_take(struct pier__endpoint *out, const struct pier__own *own,
	struct pier__why *why)
{
	struct pier_isotp_opts *it = &out->isotp;
	bool brs = (it->fd_flags & PIER_CAN_BRS) != 0;
	bool esi = (it->fd_flags & PIER_CAN_ESI) != 0;
	const struct field fields[] = {
		{ "pad", BYTE, &it->pad_byte, &it->pad },
		{ "rxpad", BYTE, &it->peer_pad_byte, &it->peer_pads },
		{ "ext", BYTE, &it->address, &it->addressed },
		{ "rxext", BYTE, &it->peer_address, &it->peer_addressed },
		{ "bs", COUNT, &it->block_size, NULL },
		{ "stmin", TIME, &it->stmin_ns, NULL },
		{ "waits", COUNT, &it->waits_max, NULL },
		{ "txgap", TIME, &it->send_gap_ns, NULL },
		{ "rxgap", TIME, &it->receive_gap_ns, NULL },
		{ "frametime", TIME, &it->frame_ns, NULL },
		{ "fd", SWITCH, &it->fd, NULL },
		{ "dl", COUNT, &it->frame_size, NULL },
		{ "brs", SWITCH, &brs, NULL },
		{ "esi", SWITCH, &esi, NULL },
		{ "listen", SWITCH, &it->listens, NULL },
		{ "halfduplex", SWITCH, &it->half_duplex, NULL },
		{ "dynamic", SWITCH, &it->dynamic, NULL },
	};
	int64_t number = 0;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (pier__span_is(own->name, fields[i].name))
			break;
	if (i == sizeof(fields) / sizeof(fields[0]))
		return take_word(it, own, why);
	rc = take_number(&number, own, fields[i].kind, why);
	if (rc < 0)
		return rc;
	store(&fields[i], number);
	set_flag(&it->fd_flags, PIER_CAN_BRS, brs);
	set_flag(&it->fd_flags, PIER_CAN_ESI, esi);
	/* As it is said, and not as it is left out. */
	if (fields[i].to == &it->frame_ns && number == 0)
		it->frame_ns = PIER_OFF;
	return 0;
}

int
pier__isotp_endpoint(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	struct pier__span link;
	int rc = pier__isotp_split(&link, &out->addr, rest, why);

	if (rc < 0)
		return rc;
	memcpy(out->link, pier__span_at(link), pier__span_len(link));
	out->protocol = PIER__ISOTP_PROTOCOL;
	return 0;
}
