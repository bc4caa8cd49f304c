/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_browse_hear.c - what others ask: that need not be asked again (RFC
 * 6762 section 7.3), and what nobody answers them is not there any more (10.5).
 */
#include "proto/mdns_browse_inside.h"

struct hearing {
	int64_t now_ns;
	unsigned int family;
	const struct pier__dns_ask *question;
};

static int
hear(void *ctx, struct pier__mdns_lan *lan, struct pier__mdns_asked it)
{
	const struct hearing *heard = ctx;

	(void)lan;
	if (it.type == heard->question->type &&
		pier__name_equal(it.name, &heard->question->name))
		it.ask->heard_ns[heard->family] = heard->now_ns;
	return 0;
}

/* One record that he knows already: nobody will say it to him. Is it known here,
   too? */
static bool
take_known(struct pier__mdns_lan *lan, int64_t now_ns,
	const struct pier__dns_record *record)
{
	struct pier__mdns_entry *entry = NULL;

	while ((entry = pier__mdns_cache_find(&lan->cache, &record->name,
			record->type, entry)) != NULL)
		if (pier__dns_record_same(&entry->record, record)) {
			entry->spared_ns = now_ns;
			return pier__mdns_entry_known(entry, now_ns) > 0;
		}
	return false;
}

/* Does he know only what is known here too? Else what he keeps others from
   answering would be missing here. */
static bool
knows_no_more(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	int64_t now_ns)
{
	struct pier__dns_record record;
	enum pier__dns_section section;
	bool no_more = true;

	while (pier__dns_next_record(&browse->reader, &section, &record) > 0)
		if (section == PIER__DNS_ANSWER &&
			!take_known(lan, now_ns, &record))
			no_more = false;
	return no_more;
}

/* Records that answer him, and are not spared: they are to come now. */
static void
expect(struct pier__mdns_lan *lan, const struct hearing *heard)
{
	struct pier__mdns_entry *entry = NULL;

	while ((entry = pier__mdns_cache_find(&lan->cache,
			&heard->question->name, heard->question->type,
			entry)) != NULL)
		if (entry->spared_ns != heard->now_ns)
			pier__mdns_cache_expect(&lan->cache, entry,
				heard->now_ns, heard->family);
}

void
pier__mdns_hear_query(struct pier__mdns_browse *browse,
	struct pier__mdns_lan *lan, int64_t now_ns, int family)
{
	struct pier__dns_reader begun = browse->reader;
	struct pier__dns_ask question;
	struct hearing heard = { now_ns, family == AF_INET6, &question };
	bool no_more;

	/* More known answers follow, which may be of what is not known here; and
	   what has authority records is a probe. */
	if ((begun.head.flags & PIER__DNS_TRUNCATED) != 0 ||
		begun.head.records[PIER__DNS_AUTHORITY] > 0)
		return;
	no_more = knows_no_more(browse, lan, now_ns);
	while (pier__dns_next_ask(&begun, &question) > 0) {
		/* Answers to QU may go to who asked alone. */
		if (question.unicast || question.class != PIER__DNS_CLASS_IN)
			continue;
		if (no_more)
			(void)pier__mdns_each_ask(browse, lan, hear, &heard);
		expect(lan, &heard);
	}
}
