/* SPDX-License-Identifier: MIT */
/*
 * Messages of the DNS. A name may end in a pointer to an earlier one; each has
 * to point further back than the last, so that no message makes a loop. The
 * records are gone through twice, to count and to fill.
 */
#include "proto/dns_wire.h"

#include <pier/order.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr/addr.h"
#include "addr/ip.h"
#include "base/text.h"
#include "os/calls.h"

enum {
	HEAD = 12,
	NAME_MAX_BYTES = 255,
	LABEL_MAX = 63,
	CLASS_IN = 1,
	CLASS_MASK = 0x7fff, /* mDNS has a flag in the first bit */
	FLAG_ANSWER = 0x8000,
	FLAG_CUT = 0x0200,
	FLAG_RECURSE = 0x0100,
	PORT = 53,
};

/* The labels of a name; its length, or -EINVAL. */
static int
write_name(unsigned char *out, const char *name)
{
	struct pier__span rest = pier__span_of(name);
	size_t used = 0, len, dot;

	/* The root's dot may stand there or not. */
	if (rest.end > 1 && name[rest.end - 1] == '.')
		rest.end--;
	if (rest.end == 0)
		return -EINVAL;
	for (; rest.begin < rest.end; rest.begin = dot + 1) {
		dot = pier__span_find(rest, '.');
		len = dot - rest.begin;
		if (len == 0 || len > LABEL_MAX ||
			used + len + 2 > NAME_MAX_BYTES || dot + 1 == rest.end)
			return -EINVAL;
		out[used++] = (unsigned char)len;
		memcpy(out + used, name + rest.begin, len);
		used += len;
	}
	out[used++] = 0;
	return (int)used;
}

int
pier__dns_write(unsigned char out[PIER__DNS_QUERY_MAX],
	const struct pier__dns_question *question, bool recurse)
{
	int len = write_name(out + HEAD, question->name);

	if (len < 0)
		return len;
	memset(out, 0, HEAD);
	pier_be16_put(out, question->id);
	pier_be16_put(out + 2, recurse ? FLAG_RECURSE : 0);
	pier_be16_put(out + 4, 1);
	pier_be16_put(out + HEAD + len, (uint16_t)question->type);
	pier_be16_put(out + HEAD + len + 2, CLASS_IN);
	return HEAD + len + 4;
}

/* A message while it is read. */
struct reader {
	const unsigned char *bytes;
	size_t len, at;
};

static size_t
put_label(char *text, size_t used, const unsigned char *label, size_t len)
{
	size_t i;

	if (used > 0)
		text[used++] = '.';
	for (i = 0; i < len; i++) {
		unsigned char c = label[i];

		if (c > ' ' && c <= '~' && c != '.' && c != '\\')
			text[used++] = (char)c;
		else
			used += (size_t)sprintf(text + used, "\\%03u", c);
	}
	return used;
}

/* The name at in->at as text, and goes behind it. Its length, or -EBADMSG. */
static int
read_name(struct reader *in, char text[PIER__DNS_NAME_TEXT])
{
	size_t at = in->at, limit = in->at, used = 0, total = 0;
	bool jumped = false;

	for (;;) {
		unsigned char len;

		if (at >= in->len)
			return -EBADMSG;
		len = in->bytes[at];
		if ((len & 0xc0) == 0xc0) {
			if (at + 1 >= in->len)
				return -EBADMSG;
			if (!jumped)
				in->at = at + 2;
			jumped = true;
			at = pier_be16_get(in->bytes + at) & 0x3fff;
			if (at >= limit)
				return -EBADMSG;
			limit = at;
			continue;
		}
		total += len + 1U;
		if (len > LABEL_MAX || total > NAME_MAX_BYTES ||
			at + 1 + len > in->len)
			return -EBADMSG;
		if (len == 0)
			break;
		used = put_label(text, used, in->bytes + at + 1, len);
		at += 1U + len;
	}
	if (!jumped)
		in->at = at + 1;
	text[used] = '\0';
	return (int)used;
}

/* Is it the question that was asked? 0, -ENOMSG, -EBADMSG. */
static int
check_question(struct reader *in, const struct pier__dns_question *question)
{
	char text[PIER__DNS_NAME_TEXT];
	struct pier__span asked = pier__span_of(question->name);
	int rc;

	if (pier_be16_get(in->bytes + 4) != 1)
		return -ENOMSG;
	rc = read_name(in, text);
	if (rc < 0 || in->at + 4 > in->len)
		return -EBADMSG;
	if (asked.end > 1 && question->name[asked.end - 1] == '.')
		asked.end--;
	if (!pier__span_is(asked, text) ||
		pier_be16_get(in->bytes + in->at) != question->type ||
		(pier_be16_get(in->bytes + in->at + 2) & CLASS_MASK) !=
			CLASS_IN)
		return -ENOMSG;
	in->at += 4;
	return 0;
}

/* What the records go to: while they are counted, list is NULL. */
struct filler {
	struct pier_dns_record *list;
	size_t count;
	char *text;
	size_t used;
};

static const char *
keep(struct filler *to, const char *text)
{
	size_t len = strlen(text) + 1;
	const char *copy = "";

	if (to->list != NULL)
		copy = memcpy(to->text + to->used, text, len);
	to->used += len;
	return copy;
}

static void
read_ip(struct pier_addr *out, int family, const unsigned char *bytes)
{
	struct pier__ip ip = { .family = family };
	struct pier__why why;

	memcpy(ip.bytes, bytes, family == AF_INET ? 4 : 16);
	/* Without a zone nothing of it can fail. */
	(void)pier__addr_from_ip(out, &ip, 0, &why);
}

/* One record; those of other types and classes are passed over. */
static int
read_record(struct reader *in, struct filler *to)
{
	char name[PIER__DNS_NAME_TEXT], target[PIER__DNS_NAME_TEXT] = "";
	struct pier_dns_record record = { .target = "" };
	const unsigned char *head;
	struct reader data;
	size_t size;

	if (read_name(in, name) < 0 || in->at + 10 > in->len)
		return -EBADMSG;
	head = in->bytes + in->at;
	size = pier_be16_get(head + 8);
	data = (struct reader){ in->bytes, in->at + 10 + size, in->at + 10 };
	if (data.len > in->len)
		return -EBADMSG;
	in->at = data.len;
	record.type = pier_be16_get(head);
	record.ttl_s = pier_be32_get(head + 4);
	if ((pier_be16_get(head + 2) & CLASS_MASK) != CLASS_IN)
		return 0;
	if (record.type == PIER_DNS_A && size == 4)
		read_ip(&record.addr, AF_INET, head + 10);
	else if (record.type == PIER_DNS_AAAA && size == 16)
		read_ip(&record.addr, AF_INET6, head + 10);
	else if (record.type != PIER_DNS_CNAME && record.type != PIER_DNS_PTR)
		return record.type == PIER_DNS_A || record.type == PIER_DNS_AAAA
			       ? -EBADMSG
			       : 0;
	else if (read_name(&data, target) < 0 || data.at != data.len)
		return -EBADMSG;
	record.name = keep(to, name);
	record.target = keep(to, target);
	if (to->list != NULL)
		to->list[to->count] = record;
	to->count++;
	return 0;
}

static int
read_records(struct reader in, struct filler *to)
{
	unsigned int left = pier_be16_get(in.bytes + 6);
	int rc = 0;

	for (; left > 0 && rc == 0; left--)
		rc = read_record(&in, to);
	return rc;
}

int
pier__dns_read(struct pier_dns_answer **out, const unsigned char *bytes,
	size_t len, const struct pier__dns_question *question)
{
	struct reader in = { bytes, len, HEAD };
	struct filler to = { .list = NULL };
	struct pier_dns_answer *answer;
	unsigned int flags;
	int rc;

	if (len < HEAD || pier_be16_get(bytes) != question->id)
		return -ENOMSG;
	flags = pier_be16_get(bytes + 2);
	if ((flags & FLAG_ANSWER) == 0)
		return -ENOMSG;
	rc = check_question(&in, question);
	if (rc < 0)
		return rc;
	if ((flags & FLAG_CUT) != 0)
		return 1;
	rc = read_records(in, &to);
	if (rc < 0)
		return rc;
	answer = pier__alloc(
		sizeof(*answer) + to.count * sizeof(*to.list) + to.used);
	if (answer == NULL)
		return -ENOMEM;
	to.list = (struct pier_dns_record *)(answer + 1);
	to.text = (char *)(to.list + to.count);
	answer->code = flags & 15;
	answer->records = to.list;
	answer->count = to.count;
	to.count = 0;
	to.used = 0;
	(void)read_records(in, &to);
	*out = answer;
	return 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

size_t
pier__dns_servers(struct pier_addr out[PIER_DNS_SERVERS_MAX], const char *text,
	size_t len)
{
	static const char word[] = "nameserver";
	struct pier__span rest = { text, 0, len }, line;
	struct pier__why why;
	struct pier__ip ip;
	size_t count = 0;

	while (rest.begin < len && count < PIER_DNS_SERVERS_MAX) {
		line = pier__span_cut(
			rest, rest.begin, pier__span_find(rest, '\n'));
		rest.begin = line.end + 1;
		if (!pier__span_starts(line, word))
			continue;
		line.begin += sizeof(word) - 1;
		if (line.begin == line.end || !is_blank(text[line.begin]))
			continue;
		while (line.begin < line.end && is_blank(text[line.begin]))
			line.begin++;
		while (line.end > line.begin && is_blank(text[line.end - 1]))
			line.end--;
		if (pier__ip_parse(&ip, line, &why) == 1 &&
			pier__addr_from_ip(&out[count], &ip, PORT, &why) == 0)
			count++;
	}
	return count;
}
