/* SPDX-License-Identifier: MIT */
/* inspect/filter_key.c - the keys of filters: what each looks at, and what its
   values are. */
#include "inspect/filter.h"

#include <netinet/in.h>
#include <string.h>

#include "os/interface.h"
#include "os/user.h"

static const struct key {
	const char *name;
	enum pier__filter_about about;
	uint8_t which; /* side, or enum pier__filter_number */
	uint8_t unit;
} keys[] = {
	{ "proto", PIER__ABOUT_KIND, 0, 0 },
	{ "state", PIER__ABOUT_STATE, 0, 0 },
	{ "family", PIER__ABOUT_FAMILY, 0, 0 },
	{ "port", PIER__ABOUT_PORT, PIER__SIDE_EITHER, 0 },
	{ "sport", PIER__ABOUT_PORT, PIER__SIDE_LOCAL, 0 },
	{ "dport", PIER__ABOUT_PORT, PIER__SIDE_PEER, 0 },
	{ "addr", PIER__ABOUT_ADDRESS, PIER__SIDE_EITHER, 0 },
	{ "src", PIER__ABOUT_ADDRESS, PIER__SIDE_LOCAL, 0 },
	{ "dst", PIER__ABOUT_ADDRESS, PIER__SIDE_PEER, 0 },
	{ "process", PIER__ABOUT_PROCESS, 0, 0 },
	{ "path", PIER__ABOUT_PATH, 0, 0 },
	{ "limit", PIER__ABOUT_LIMIT, 0, 0 },
	{ "user", PIER__ABOUT_NUMBER, PIER__NUMBER_UID, 0 },
	{ "uid", PIER__ABOUT_NUMBER, PIER__NUMBER_UID, 0 },
	{ "pid", PIER__ABOUT_PROCESS, PIER__NUMBER_PID, 0 },
	{ "inode", PIER__ABOUT_NUMBER, PIER__NUMBER_INODE, 0 },
	{ "cookie", PIER__ABOUT_NUMBER, PIER__NUMBER_COOKIE, 0 },
	{ "cgroup", PIER__ABOUT_NUMBER, PIER__NUMBER_CGROUP, 0 },
	{ "mark", PIER__ABOUT_NUMBER, PIER__NUMBER_MARK, 0 },
	{ "dev", PIER__ABOUT_NUMBER, PIER__NUMBER_DEVICE, 0 },
	{ "recv-queue", PIER__ABOUT_NUMBER, PIER__NUMBER_RECV_QUEUE,
		PIER_UNIT_BYTES },
	{ "send-queue", PIER__ABOUT_NUMBER, PIER__NUMBER_SEND_QUEUE,
		PIER_UNIT_BYTES },
	{ "rmem", PIER__ABOUT_NUMBER, PIER__NUMBER_RMEM, PIER_UNIT_BYTES },
	{ "wmem", PIER__ABOUT_NUMBER, PIER__NUMBER_WMEM, PIER_UNIT_BYTES },
	{ "rcvbuf", PIER__ABOUT_NUMBER, PIER__NUMBER_RCVBUF, PIER_UNIT_BYTES },
	{ "sndbuf", PIER__ABOUT_NUMBER, PIER__NUMBER_SNDBUF, PIER_UNIT_BYTES },
	{ "drops", PIER__ABOUT_NUMBER, PIER__NUMBER_DROPS, 0 },
};

/* How fields of TCP_INFO are called by who uses them daily. */
static const struct {
	const char *alias;
	const char *name;
} aliases[] = {
	{ "cwnd", "snd_cwnd" },
	{ "ssthresh", "snd_ssthresh" },
	{ "mss", "snd_mss" },
	{ "minrtt", "min_rtt" },
	{ "retrans", "retransmits" },
	{ "notsent", "notsent_bytes" },
};

static const struct {
	const char *name;
	uint32_t states;
} states[] = {
	{ "established", 1U << PIER_TCP_ESTABLISHED },
	{ "estab", 1U << PIER_TCP_ESTABLISHED },
	{ "syn-sent", 1U << PIER_TCP_SYN_SENT },
	{ "syn-received",
		1U << PIER_TCP_SYN_RECV | 1U << PIER_TCP_NEW_SYN_RECV },
	{ "syn-recv", 1U << PIER_TCP_SYN_RECV | 1U << PIER_TCP_NEW_SYN_RECV },
	{ "fin-wait-1", 1U << PIER_TCP_FIN_WAIT1 },
	{ "fin-wait-2", 1U << PIER_TCP_FIN_WAIT2 },
	{ "time-wait", 1U << PIER_TCP_TIME_WAIT },
	{ "closed", 1U << PIER_TCP_CLOSE },
	{ "unconn", 1U << PIER_TCP_CLOSE },
	{ "close-wait", 1U << PIER_TCP_CLOSE_WAIT },
	{ "last-ack", 1U << PIER_TCP_LAST_ACK },
	{ "listen", 1U << PIER_TCP_LISTEN },
	{ "listening", 1U << PIER_TCP_LISTEN },
	{ "closing", 1U << PIER_TCP_CLOSING },
	{ "bound", 1U << PIER_TCP_BOUND_INACTIVE },
};

/* Letters of either case; '-' and '_' are the same. */
static bool
is_named(struct pier__span word, const char *name)
{
	size_t i, len = pier__span_len(word);

	if (strlen(name) != len)
		return false;
	for (i = 0; i < len; i++) {
		char a = pier__span_at(word)[i], b = name[i];

		if (a >= 'A' && a <= 'Z')
			a = (char)(a + ('a' - 'A'));
		if ((a == '_' ? '-' : a) != (b == '_' ? '-' : b))
			return false;
	}
	return true;
}

static const struct pier_tcp_field *
find_field(struct pier__span word)
{
	const struct pier_tcp_field *field;
	size_t i;

	for (i = 0; (field = pier_tcp_field_at(i)) != NULL; i++) {
		if (is_named(word, field->name))
			return field;
	}
	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (is_named(word, aliases[i].alias))
			return find_field(pier__span_of(aliases[i].name));
	}
	return NULL;
}

int
pier__filter_key(struct pier__filter_term *term, struct pier__span key,
	struct pier__why *why)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!is_named(key, keys[i].name))
			continue;
		term->about = keys[i].about;
		term->side = (enum pier__filter_side)keys[i].which;
		term->number = keys[i].which;
		term->unit = keys[i].unit;
		return 0;
	}
	term->field = find_field(key);
	if (term->field == NULL)
		return pier__why_set(why, key.begin,
			"there is no key '%.*s'; see pier-filter(7)",
			pier__span_quote(key), pier__span_at(key));
	term->about = PIER__ABOUT_TCP;
	term->unit = term->field->unit;
	return 0;
}

static uint32_t
state_of(struct pier__span word)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (is_named(word, states[i].name))
			return states[i].states;
	}
	return 0;
}

static uint32_t
kind_of(struct pier__span word)
{
	for (uint32_t kind = 1; kind < PIER_SOCKET_ALL; kind <<= 1) {
		if (is_named(word, pier_socket_kind_name(kind)))
			return kind;
	}
	return 0;
}

bool
pier__filter_word(struct pier__filter_term *term, struct pier__span word)
{
	term->compare = PIER__IS;
	term->about = PIER__ABOUT_KIND;
	term->low = kind_of(word);
	if (term->low == 0) {
		term->about = PIER__ABOUT_STATE;
		term->low = state_of(word);
	}
	return term->low != 0;
}

/* The values that are words have no order. */
static int
read_named(struct pier__filter_term *term, struct pier__span value,
	struct pier__why *why)
{
	unsigned int limit;

	if (term->compare != PIER__IS && term->compare != PIER__IS_NOT)
		return pier__why_set(why, value.begin,
			"'%.*s' is nothing to be more or less than; expected "
			"':' or '!='",
			pier__span_quote(value), pier__span_at(value));
	if (term->about == PIER__ABOUT_KIND) {
		term->low = kind_of(value);
	} else if (term->about == PIER__ABOUT_STATE) {
		term->low = state_of(value);
	} else if (term->about == PIER__ABOUT_FAMILY) {
		term->low = is_named(value, "4")   ? AF_INET
			    : is_named(value, "6") ? AF_INET6
						   : 0;
	} else {
		for (limit = 0; limit < PIER_LIMIT_COUNT; limit++) {
			if (is_named(value, pier_tcp_limit_name(limit)))
				term->low = limit + 1U;
		}
	}
	if (term->low != 0)
		return 0;
	return pier__why_set(why, value.begin, "'%.*s' is no %s",
		pier__span_quote(value), pier__span_at(value),
		term->about == PIER__ABOUT_KIND     ? "kind of sockets"
		: term->about == PIER__ABOUT_STATE  ? "state"
		: term->about == PIER__ABOUT_FAMILY ? "family: 4 or 6"
		: term->about == PIER__ABOUT_CGROUP ? "control group"
						    : "limit");
}

/* A port, or a range of them. */
static int
read_ports(struct pier__filter_term *term, struct pier__span value,
	struct pier__why *why)
{
	size_t dash = pier__span_find(value, '-');
	int64_t low = pier__span_number(
		pier__span_cut(value, value.begin, dash), UINT16_MAX);
	int64_t high = dash == value.end
			       ? low
			       : pier__span_number(pier__span_cut(value,
							   dash + 1, value.end),
					 UINT16_MAX);

	if (low < 0 || low > high || high > UINT16_MAX ||
		(dash < value.end && term->compare != PIER__IS &&
			term->compare != PIER__IS_NOT))
		return pier__why_set(why, value.begin,
			"'%.*s' is not a port from 0 to 65535, nor a range of "
			"them",
			pier__span_quote(value), pier__span_at(value));
	term->low = (uint64_t)low;
	term->high = (uint64_t)high;
	return 0;
}

static int
copy_text(struct pier__filter_term *term, struct pier__span value,
	struct pier__why *why)
{
	size_t len = pier__span_len(value);

	if (len >= sizeof(term->text))
		return pier__why_set(why, value.begin,
			"the value is longer than %d bytes",
			PIER__FILTER_TEXT_MAX - 1);
	memcpy(term->text, pier__span_at(value), len);
	term->text[len] = '\0';
	return 0;
}

/* How many bits count: those behind the slash, or all. A v4-mapped address is
   the IPv4 one. */
static int
read_prefix(struct pier__filter_term *term, struct pier__span value,
	size_t slash, struct pier__why *why)
{
	const struct in6_addr *in6 = &term->addr.u.in6.sin6_addr;
	bool v6 = pier_addr_family(&term->addr) == AF_INET6;
	unsigned int most = v6 ? 128 : 32;
	unsigned int least = v6 && IN6_IS_ADDR_V4MAPPED(in6) ? 96 : 0;
	int64_t prefix = most;

	if (slash < value.end)
		prefix = pier__span_number(
			pier__span_cut(value, slash + 1, value.end), most);
	if (prefix < least || prefix > most)
		return pier__why_set(why, slash,
			"expected a length from %u to %u behind the '/'", least,
			most);
	term->prefix = (uint8_t)(prefix - least);
	return 0;
}

/* An address, or with /LEN all that begin so. */
static int
read_address(struct pier__filter_term *term, struct pier__span value,
	struct pier__why *why)
{
	size_t slash = pier__span_find(value, '/');
	int family;
	int rc =
		copy_text(term, pier__span_cut(value, value.begin, slash), why);

	if (rc < 0)
		return rc;
	if (term->compare != PIER__IS && term->compare != PIER__IS_NOT)
		return read_named(term, value, why);
	rc = pier_addr_parse(&term->addr, term->text);
	family = rc < 0 ? AF_UNSPEC : pier_addr_family(&term->addr);
	if ((family != AF_INET && family != AF_INET6) ||
		pier_addr_port(&term->addr) != 0)
		return pier__why_set(why, value.begin,
			"'%.*s' is not an IP address", pier__span_quote(value),
			pier__span_at(value));
	return read_prefix(term, value, slash, why);
}

/* Names in the place of numbers. */
static bool
read_name(struct pier__filter_term *term, struct pier__span value)
{
	uint32_t uid;
	int index;

	if (pier__span_len(value) >= sizeof(term->text))
		return false;
	memcpy(term->text, pier__span_at(value), pier__span_len(value));
	term->text[pier__span_len(value)] = '\0';
	if (term->number == PIER__NUMBER_UID &&
		pier__user_id(&uid, term->text) == 0) {
		term->low = uid;
		return true;
	}
	index = term->number == PIER__NUMBER_DEVICE
			? pier__interface_index(term->text)
			: -1;
	term->low = (uint64_t)index;
	return index > 0;
}

static int
read_number(struct pier__filter_term *term, struct pier__span value,
	struct pier__why *why)
{
	bool digit = value.text[value.begin] >= '0' &&
		     value.text[value.begin] <= '9';

	if (term->about != PIER__ABOUT_NUMBER || digit ||
		(term->number != PIER__NUMBER_UID &&
			term->number != PIER__NUMBER_DEVICE))
		return pier__filter_quantity(
			&term->low, value, (enum pier_unit)term->unit, why);
	if (read_name(term, value))
		return 0;
	return pier__why_set(why, value.begin, "this machine has no %s '%.*s'",
		term->number == PIER__NUMBER_UID ? "user" : "interface",
		pier__span_quote(value), pier__span_at(value));
}

/* Of a control group: all but a number. */
static bool
is_path(struct pier__span value)
{
	return pier__span_number(value, UINT32_MAX) < 0;
}

/* Text that is looked for: there is no order in it. */
static int
read_text(struct pier__filter_term *term, struct pier__span value,
	struct pier__why *why)
{
	if (term->compare != PIER__IS && term->compare != PIER__IS_NOT)
		return read_named(term, value, why);
	return copy_text(term, value, why);
}

int
pier__filter_value(struct pier__filter_term *term, struct pier__span value,
	struct pier__why *why)
{
	switch (term->about) {
	case PIER__ABOUT_PORT:
		return read_ports(term, value, why);
	case PIER__ABOUT_ADDRESS:
		return read_address(term, value, why);
	case PIER__ABOUT_PROCESS:
		if (term->number == PIER__NUMBER_PID)
			return read_number(term, value, why);
		return copy_text(term, value, why);
	case PIER__ABOUT_PATH:
		return copy_text(term, value, why);
	case PIER__ABOUT_NUMBER:
		if (term->number == PIER__NUMBER_CGROUP && is_path(value)) {
			term->about = PIER__ABOUT_CGROUP;
			return read_text(term, value, why);
		}
		return read_number(term, value, why);
	case PIER__ABOUT_TCP:
		return read_number(term, value, why);
	default:
		return read_named(term, value, why);
	}
}
