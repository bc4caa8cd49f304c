/* SPDX-License-Identifier: MIT */
/*
 * proto/dns_wire.c - see dns_wire.h. The records of an answer are gone through
 * twice, to count and to fill.
 */
#include "proto/dns_wire.h"

#include <errno.h>
#include <string.h>

#include "addr/addr.h"
#include "addr/ip.h"
#include "base/text.h"
#include "os/calls.h"
#include "proto/dns_message.h"

enum {
	PORT = 53,
};

int
pier__dns_write(unsigned char out[PIER__DNS_QUERY_MAX],
	const struct pier__dns_question *question, bool recurse)
{
	struct pier__dns_ask ask = { .type = (uint16_t)question->type,
		.class = PIER__DNS_CLASS_IN };
	struct pier__dns_writer writer;
	int rc = pier__name_parse(&ask.name, question->name);

	if (rc < 0)
		return rc;
	pier__dns_write_begin(&writer, out, PIER__DNS_QUERY_MAX, question->id,
		recurse ? PIER__DNS_RECURSE : 0);
	rc = pier__dns_write_ask(&writer, &ask);
	return rc < 0 ? rc : (int)pier__dns_write_end(&writer);
}

/* Is it the question that was asked? 0, -ENOMSG, -EBADMSG. */
static int
check_question(
	struct pier__dns_reader *in, const struct pier__dns_question *question)
{
	struct pier__name asked;
	struct pier__dns_ask ask;

	if (in->head.questions != 1)
		return -ENOMSG;
	if (pier__dns_next_ask(in, &ask) < 0)
		return -EBADMSG;
	if (pier__name_parse(&asked, question->name) < 0 ||
		!pier__name_equal(&asked, &ask.name) ||
		ask.type != question->type || ask.class != PIER__DNS_CLASS_IN)
		return -ENOMSG;
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
static void
take_record(const struct pier__dns_record *from, struct filler *to)
{
	char name[PIER__DNS_NAME_TEXT], target[PIER__DNS_NAME_TEXT] = "";
	struct pier_dns_record record = { .type = from->type,
		.ttl_s = from->ttl_s };
	struct pier__name named;
	size_t at = 0;

	if (from->class != PIER__DNS_CLASS_IN)
		return;
	if (record.type == PIER_DNS_A)
		read_ip(&record.addr, AF_INET, from->data);
	else if (record.type == PIER_DNS_AAAA)
		read_ip(&record.addr, AF_INET6, from->data);
	else if (record.type != PIER_DNS_CNAME && record.type != PIER_DNS_PTR)
		return;
	else if (pier__name_read(&named, from->data, from->len, &at) == 0)
		(void)pier__name_text(target, &named);
	(void)pier__name_text(name, &from->name);
	record.name = keep(to, name);
	record.target = keep(to, target);
	if (to->list != NULL)
		to->list[to->count] = record;
	to->count++;
}

static int
read_records(struct pier__dns_reader *in, struct filler *to)
{
	struct pier__dns_record record;
	enum pier__dns_section section;
	int rc;

	to->count = 0;
	to->used = 0;
	while (in->taken[PIER__DNS_ANSWER] <
		in->head.records[PIER__DNS_ANSWER]) {
		rc = pier__dns_next_record(in, &section, &record);
		if (rc < 0)
			return rc;
		take_record(&record, to);
	}
	return 0;
}

/* Into one piece of memory, which is measured first. */
static int
make_answer(struct pier_dns_answer **out, struct pier__dns_reader *in)
{
	struct pier__dns_reader again = *in;
	struct filler to = { .list = NULL };
	struct pier_dns_answer *answer;
	int rc = read_records(in, &to);

	if (rc < 0)
		return rc;
	answer = pier__alloc(
		sizeof(*answer) + to.count * sizeof(*to.list) + to.used);
	if (answer == NULL)
		return -ENOMEM;
	to.list = (struct pier_dns_record *)(answer + 1);
	to.text = (char *)(to.list + to.count);
	answer->code = in->head.flags & PIER__DNS_CODE;
	answer->records = to.list;
	answer->count = to.count;
	(void)read_records(&again, &to);
	*out = answer;
	return 0;
}

int
pier__dns_read(struct pier_dns_answer **out, const unsigned char *bytes,
	size_t len, const struct pier__dns_question *question)
{
	struct pier__dns_reader in;
	int rc;

	if (pier__dns_begin(&in, bytes, len) < 0 ||
		in.head.id != question->id ||
		(in.head.flags & PIER__DNS_RESPONSE) == 0)
		return -ENOMSG;
	rc = check_question(&in, question);
	if (rc < 0)
		return rc;
	if ((in.head.flags & PIER__DNS_TRUNCATED) != 0)
		return 1;
	return make_answer(out, &in);
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
