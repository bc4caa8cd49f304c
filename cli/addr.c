/* SPDX-License-Identifier: MIT */
/*
 * pier addr [ADDRESS...]: this machine's names and addresses; or an address, a
 * network or a range in every form, without asking anybody.
 */
#include "addr.h"

#include "store.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WORD_MAX = 1024,
};

/* What a word was read as. */
enum word_kind {
	WORD_ADDRESS,
	WORD_NETWORK, /* a network; or an address in one, with its length */
	WORD_RANGE,
};

struct word {
	enum word_kind kind;
	struct pier_addr addr, last;
	struct pier_network network;
};

struct work {
	struct cli_tool *tool;
	const struct addr_settings *settings;
	int64_t step;
	struct cli_complaint why;
};

/* What pier's own reading found wrong. */
static int
refuse(struct work *work, const char *text)
{
	const struct pier_error *error = pier_last_error();

	cli_advise(&work->why, "%s",
		strstr(error->detail, "which is refused") != NULL
			? "'--classic' reads it as inet_aton(3) does"
			: "'pier addr --help' has the forms; 'pier resolve' "
			  "looks names up");
	return cli_complain(&work->why, "%s: %s", text, error->detail);
}

/* The form that the options ask for; PIER_ADDR_PLAIN without one. */
static enum pier_addr_form
form_of(const struct addr_settings *settings)
{
	if (settings->classic)
		return PIER_ADDR_CLASSIC;
	if (settings->packed)
		return PIER_ADDR_PACKED;
	if (settings->integer)
		return settings->six ? PIER_ADDR_INTEGER6 : PIER_ADDR_INTEGER;
	return PIER_ADDR_PLAIN;
}

/* What the addresses of a family begin with, where they have no form of their
   own: of the one that text begins with, or "". */
static const char *
prefix_of(const char *text)
{
	static const char *const prefixes[] = {
		"vsock:", "tipc:", "rfcomm:", "l2cap:", "isotp:"
	};
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
			return prefixes[i];
	return "";
}

/* "tcp://ADDR:PORT?options" and the like: what is the address in it. */
static const char *
strip_scheme(char out[WORD_MAX], const char *text)
{
	const char *rest = strstr(text, "://");
	size_t len = rest != NULL ? (size_t)(rest - text) : 0;
	size_t size;

	if (rest == NULL || memchr(text, '/', len) != NULL)
		return text;
	rest += 3;
	size = strcspn(rest, "?");
	/* This is no option, but part of the address. */
	if (strncmp(rest + size, "?le=", 4) == 0)
		size += strcspn(rest + size, "&");
	(void)snprintf(
		out, WORD_MAX, "%s%.*s", prefix_of(text), (int)size, rest);
	return out;
}

static bool
ends_in_arpa(const char *text)
{
	size_t len = strlen(text);

	if (len > 0 && text[len - 1] == '.')
		len--;
	return len > 5 && strncasecmp(text + len - 5, ".arpa", 5) == 0;
}

/* "can:vcan0", "can://vcan0": struct sockaddr_can. */
static int
read_can(struct work *work, struct word *out, const char *text)
{
	const char *name = text + strlen("can:");
	int index;

	name += strncmp(name, "//", 2) == 0 ? 2 : 0;
	index = pier_interface_index(name);
	if (index < 0) {
		cli_advise(&work->why, "'pier addr' lists the interfaces");
		return cli_complain(&work->why,
			"%s: this machine has no interface '%s'", text, name);
	}
	memset(&out->addr, 0, sizeof(out->addr));
	out->addr.u.storage.ss_family = AF_CAN;
	memcpy((char *)&out->addr.u + 4, &index, sizeof(index));
	out->addr.len = 24;
	return 0;
}

/* Of ISO-TP: "isotp:can0/7e0/7e8" is right, but this machine has no can0. */
static int
refuse_interface(struct work *work, const char *text)
{
	const char *name = text + strlen("isotp:");

	name += strncmp(name, "//", 2) == 0 ? 2 : 0;
	cli_advise(&work->why, "'pier addr' lists the interfaces");
	return cli_complain(&work->why,
		"%s: this machine has no interface '%.*s'", text,
		(int)strcspn(name, "/"), name);
}

static int
read_address(struct work *work, struct word *out, const char *text)
{
	enum pier_addr_form form = form_of(work->settings);
	char inner[WORD_MAX];
	int rc;

	out->kind = WORD_ADDRESS;
	if (form == PIER_ADDR_PLAIN && strncmp(text, "can:", 4) == 0)
		return read_can(work, out, text);
	/* As the other families write it, without the slashes. */
	if (form == PIER_ADDR_PLAIN && strncmp(text, "unix:", 5) == 0 &&
		strncmp(text + 5, "//", 2) != 0)
		text += 5;
	if (form == PIER_ADDR_PLAIN && ends_in_arpa(text))
		form = PIER_ADDR_POINTER;
	if (form != PIER_ADDR_PLAIN)
		rc = pier_addr_parse_form(&out->addr, text, form);
	else
		rc = pier_addr_parse(&out->addr, strip_scheme(inner, text));
	if (rc == -ENODEV && strncmp(text, "isotp:", 6) == 0)
		return refuse_interface(work, text);
	return rc < 0 ? refuse(work, text) : 0;
}

/* "ADDR/LEN", where ADDR need not be the first address of its network. */
static int
read_network(struct work *work, struct word *out, const char *text,
	const char *slash)
{
	char head[WORD_MAX], mask[WORD_MAX];
	const char *base = "0.0.0.0";
	struct pier_network length;

	out->kind = WORD_NETWORK;
	(void)snprintf(head, sizeof(head), "%.*s", (int)(slash - text), text);
	if (pier_addr_parse_form(&out->addr, head, PIER_ADDR_PLAIN) < 0)
		return refuse(work, text);
	/* The length is read, with its mask forms, behind a first address that
	   fits each. */
	if (pier_addr_family(&out->addr) == AF_INET6)
		base = IN6_IS_ADDR_V4MAPPED(&out->addr.u.in6.sin6_addr)
			       ? "::ffff:0:0"
			       : "::";
	(void)snprintf(mask, sizeof(mask), "%s%s", base, slash);
	if (pier_network_parse(&length, mask) < 0)
		return refuse(work, text);
	(void)pier_network_of(&out->network, &out->addr, length.bits);
	return 0;
}

static int
read_range(
	struct work *work, struct word *out, const char *text, const char *dash)
{
	char head[WORD_MAX];
	int rc;

	out->kind = WORD_RANGE;
	(void)snprintf(head, sizeof(head), "%.*s", (int)(dash - text), text);
	if (pier_addr_parse_form(&out->addr, head, PIER_ADDR_PLAIN) < 0 ||
		pier_addr_parse_form(&out->last, dash + 1, PIER_ADDR_PLAIN) < 0)
		return refuse(work, text);
	rc = pier_network_summarize(NULL, 0, &out->addr, &out->last);
	if (rc > 0)
		return 0;
	cli_advise(&work->why, "'pier addr --help' has the forms");
	return cli_complain(&work->why,
		"%s: a range has its lower address first, both of one family",
		text);
}

static int
read_word(struct work *work, struct word *out, const char *text)
{
	const char *slash = strchr(text, '/'), *dash = strchr(text, '-');

	cli_advise(&work->why, "'pier addr --help' has the forms");
	if (strlen(text) >= WORD_MAX)
		return cli_complain(&work->why, "'%.40s…' is too long", text);
	if (form_of(work->settings) != PIER_ADDR_PLAIN || *text == '/' ||
		*text == '.' || *text == '@' || *prefix_of(text) != '\0' ||
		strncmp(text, "unix:", 5) == 0 ||
		strncmp(text, "can:", 4) == 0 || strstr(text, "://") != NULL)
		return read_address(work, out, text);
	if (slash != NULL)
		return read_network(work, out, text, slash);
	if (dash != NULL && strchr(text, '%') == NULL && !ends_in_arpa(text))
		return read_range(work, out, text, dash);
	return read_address(work, out, text);
}

/* --add, --subnets and --supernet, as far as they apply. */
static int
change(struct work *work, struct word *word, const char *text)
{
	const struct addr_settings *settings = work->settings;
	struct pier_network *network = &word->network, part;
	bool net = word->kind == WORD_NETWORK;

	cli_advise(&work->why, "'pier addr --help' has the forms");
	if (settings->step != NULL && word->kind != WORD_ADDRESS)
		return cli_complain(&work->why,
			"--add goes on from an address, and '%s' is none",
			text);
	if (settings->step != NULL &&
		pier_addr_add(&word->addr, work->step) < 0)
		return cli_complain(&work->why,
			"%s: there is no address %s further on", text,
			settings->step);
	if (!net && (settings->subnets >= 0 || settings->supernet >= 0))
		return cli_complain(&work->why,
			"--subnets and --supernet are of networks, and '%s' is "
			"none",
			text);
	if (settings->supernet >= 0 &&
		pier_network_supernet(
			network, network, (unsigned int)settings->supernet) < 0)
		return cli_complain(&work->why,
			"%s: a network around it has a length of at most %u",
			text, network->bits);
	if (settings->subnets < 0)
		return 0;
	if (pier_network_subnet(
		    &part, network, (unsigned int)settings->subnets, 0) < 0 ||
		settings->subnets - network->bits > 16)
		return cli_complain(&work->why,
			"%s: its parts have a length of %u or more, and there "
			"are at most %d of them",
			text, network->bits, ADDR_PARTS_MAX);
	return 0;
}

static int
tell(struct work *work, const struct word *word, const char *text)
{
	const struct addr_settings *settings = work->settings;
	int rc = 0;

	if (word->kind == WORD_RANGE)
		return addr_tell_range(
			work->tool, text, &word->addr, &word->last);
	if (word->kind == WORD_ADDRESS)
		return addr_tell_address(work->tool, text, &word->addr);
	if (settings->subnets >= 0)
		return addr_tell_parts(work->tool, &word->network,
			(unsigned int)settings->subnets);
	if (settings->supernet < 0 &&
		!pier_addr_equal(&word->addr, &word->network.addr))
		rc = addr_tell_address(work->tool, text, &word->addr);
	return rc == 0 ? addr_tell_network(work->tool, text, &word->network)
		       : rc;
}

/* ADDRESS in NETWORK: the answer is the exit code too. */
static int
contains(struct work *work, const struct cli_texts *words)
{
	struct word inner = { .kind = WORD_ADDRESS };
	struct word outer = { .kind = WORD_ADDRESS };
	bool answer;
	int rc;

	if (read_word(work, &inner, words->item[0]) < 0 ||
		read_word(work, &outer, words->item[2]) < 0)
		return cli_usage_error(work->tool, "addr", &work->why);
	if (inner.kind == WORD_RANGE || outer.kind == WORD_RANGE ||
		pier_addr_port(&inner.addr) < 0 ||
		pier_addr_port(&outer.addr) < 0) {
		(void)cli_complain(&work->why,
			"'%s in %s': expected an address or a network, and "
			"then a network",
			words->item[0], words->item[2]);
		return cli_usage_error(work->tool, "addr", &work->why);
	}
	if (outer.kind == WORD_ADDRESS)
		(void)pier_network_parse(&outer.network, words->item[2]);
	answer = inner.kind == WORD_ADDRESS
			 ? pier_network_contains(&outer.network, &inner.addr)
			 : pier_network_within(&inner.network, &outer.network);
	rc = addr_tell_contains(
		work->tool, words->item[0], words->item[2], answer);
	if (rc < 0)
		return cli_output_failed(work->tool, rc);
	return answer ? CLI_EXIT_OK : CLI_EXIT_NO;
}

static int
tell_words(struct work *work)
{
	const struct cli_texts *words = &work->settings->words;
	struct word word = { .kind = WORD_ADDRESS };
	size_t i;
	int rc = 0;

	/* All are read before the first is told of. */
	for (i = 0; i < words->n; i++)
		if (read_word(work, &word, words->item[i]) < 0 ||
			change(work, &word, words->item[i]) < 0)
			return cli_usage_error(work->tool, "addr", &work->why);
	for (i = 0; rc == 0 && i < words->n; i++) {
		(void)read_word(work, &word, words->item[i]);
		(void)change(work, &word, words->item[i]);
		rc = tell(work, &word, words->item[i]);
	}
	return rc < 0 ? cli_output_failed(work->tool, rc) : CLI_EXIT_OK;
}

static int
read_step(struct work *work)
{
	const char *text = work->settings->step;
	char *end;

	if (text == NULL)
		return 0;
	errno = 0;
	work->step = strtoll(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' &&
		strspn(text, "+-0123456789") == strlen(text))
		return 0;
	cli_advise(&work->why, "a step back is --add=-1");
	return cli_complain(&work->why,
		"--add: '%s' is no whole number of at most 63 bits", text);
}

static int
run(struct cli_tool *tool, const void *given)
{
	const struct addr_settings *settings = given;
	struct work work = { .tool = tool, .settings = settings };
	const struct cli_texts *words = &settings->words;

	if (words->n == 0)
		return addr_machine(tool, settings);
	if (read_step(&work) < 0)
		return cli_usage_error(tool, "addr", &work.why);
	if (words->n == 3 && strcmp(words->item[1], "in") == 0)
		return contains(&work, words);
	return tell_words(&work);
}

#define AT(field) offsetof(struct addr_settings, field)

static const struct cli_option options[] = {
	{ .name = "classic",
		.kind = CLI_FLAG,
		.group = "Form",
		.help = "read IPv4 as inet_aton(3) does: 127.1, 0x7f.1, 0177.1",
		.offset = AT(classic) },
	{ .name = "packed",
		.kind = CLI_FLAG,
		.group = "Form",
		.help = "read the bytes in hexadecimal: 8 digits or 32",
		.offset = AT(packed) },
	{ .name = "integer",
		.kind = CLI_FLAG,
		.group = "Form",
		.help = "read the address as one number; from 2^32 on it is "
			"IPv6",
		.offset = AT(integer) },
	{ .name = "ipv6",
		.letter = '6',
		.kind = CLI_FLAG,
		.group = "Form",
		.help = "with --integer: IPv6 however small it is",
		.offset = AT(six) },
	{ .name = "add",
		.kind = CLI_TEXT,
		.metavar = "N",
		.group = "Arithmetic",
		.help = "the address N further on; back: --add=-N",
		.offset = AT(step) },
	{ .name = "subnets",
		.kind = CLI_COUNT,
		.metavar = "LENGTH",
		.group = "Arithmetic",
		.help = "list a network's parts of this length",
		.max = 128,
		.offset = AT(subnets) },
	{ .name = "supernet",
		.kind = CLI_COUNT,
		.metavar = "LENGTH",
		.group = "Arithmetic",
		.help = "the network of this length around it",
		.max = 128,
		.offset = AT(supernet) },
	{ .name = "timeout",
		.letter = 'w',
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "limit on looking up this machine's own name",
		.otherwise = "10s",
		.min = 1000000,
		.max = INT64_C(7) * 86400 * 1000000000,
		.offset = AT(timeout_ns) },
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "ADDRESS",
		.kind = CLI_TEXTS,
		.help = "an address, with its port or an endpoint's scheme; a "
			"network (192.0.2.0/24); a range (FIRST-LAST); a "
			"reverse name; or ADDRESS in NETWORK",
		.min = 0,
		.offset = AT(words) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier addr", "this machine: names, interfaces, addresses" },
	{ "pier addr 2001:db8::1",
		"every form of it, and the bytes of its sockaddr" },
	{ "pier addr 192.0.2.7 in 192.0.2.0/24", "0, it is; else 1" },
	{ "pier addr 192.0.2.1-192.0.2.6", "the networks it is made of" },
	{ NULL, NULL },
};

static const struct addr_settings defaults = {
	.subnets = -1,
	.supernet = -1,
	.timeout_ns = INT64_C(10) * 1000000000,
};

const struct cli_verb cli_verb_addr = {
	.name = "addr",
	.summary = "this machine's addresses; any address in every form",
	.about = "Without an argument: this machine's name, in full, what it "
		 "resolves to, and the interfaces with their addresses. With "
		 "an address: how else it is written, what it is for, and the "
		 "bytes that system calls take; of networks their ends, their "
		 "parts, and what is in them. Nothing is looked up.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.defaults = &defaults,
	.settings_size = sizeof(struct addr_settings),
	.run = run,
};
