/* SPDX-License-Identifier: MIT */
/* Messages of multicast DNS: whatever the bytes, nothing is read beyond them; what
   is read can be written, and is the same when it is read again. */
#include "proto/mdns_wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_name(const struct pier__name *name)
{
	char text[PIER__DNS_NAME_TEXT], type[PIER__DNS_NAME_TEXT];
	char domain[PIER__DNS_NAME_TEXT], instance[PIER__LABEL_MAX + 1];
	struct pier__dnssd_type asked;
	struct pier__name again;
	const char *why;

	check(name->len > 0 && name->bytes[name->len - 1] == 0);
	check(pier__name_text(text, name) < sizeof(text));
	if (name->len > 1) {
		check(pier__name_parse(&again, text) == 0);
		check(pier__name_equal(&again, name));
		check(pier__name_hash(&again) == pier__name_hash(name));
	}
	if (pier__dnssd_split(name, instance, type, domain) == 0)
		check(strlen(instance) == name->bytes[0]);
	(void)pier__dnssd_type_parse(&asked, text, NULL, &why);
}

static void
check_data(const struct pier__dns_record *record)
{
	struct pier__txt_item item;
	struct pier__dns_srv srv;
	size_t at = 0, count = 0;

	check_name(&record->name);
	if (record->type == PIER__DNS_SRV && record->class == 1)
		check(pier__dns_srv_get(&srv, record->data, record->len) == 0);
	(void)pier__nsec_has(record->data, record->len, record->type);
	while (pier__txt_next(record->data, record->len, &at, &item) > 0) {
		check(item.key >= record->data && item.key_len > 0);
		check(item.value == NULL || item.value + item.value_len <=
						    record->data + record->len);
		count++;
	}
	check(count <= record->len);
	check(pier__dns_record_same(record, record));
	check(pier__dns_record_order(record, record) == 0);
}

/* Copies the message, and keeps what its data would be compared with. */
static void
copy(struct pier__dns_reader *from, struct pier__dns_writer *to)
{
	struct pier__dns_record record;
	enum pier__dns_section section;
	struct pier__dns_ask ask;

	while (pier__dns_next_ask(from, &ask) > 0)
		check(pier__dns_write_ask(to, &ask) == 0);
	while (pier__dns_next_record(from, &section, &record) > 0) {
		check_data(&record);
		check(pier__dns_write_record(to, section, &record) == 0);
	}
}

static void
compare(struct pier__dns_reader *a, struct pier__dns_reader *b)
{
	struct pier__dns_record x, y;
	enum pier__dns_section p, q;

	while (pier__dns_next_record(a, &p, &x) > 0) {
		check(pier__dns_next_record(b, &q, &y) > 0);
		check(p == q && pier__dns_record_same(&x, &y));
		check(x.ttl_s == y.ttl_s && x.flush == y.flush);
	}
	check(pier__dns_next_record(b, &q, &y) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Names without pointers are longer than those that had some. */
	static unsigned char room[256 * 1024];
	struct pier__dns_reader first, second;
	struct pier__dns_writer to;
	uint8_t *own;

	if (size > PIER__MDNS_MESSAGE_MAX)
		return 0;
	own = malloc(size + (size == 0));
	check(own != NULL);
	memcpy(own, data, size);
	if (pier__dns_check(&first, own, size) == 0) {
		pier__dns_write_begin(&to, room, sizeof(room), first.head.id,
			first.head.flags);
		to.plain_srv = size % 2 != 0;
		copy(&first, &to);
		check(pier__dns_check(
			      &second, room, pier__dns_write_end(&to)) == 0);
		check(pier__dns_begin(&first, own, size) == 0);
		compare(&first, &second);
	}
	free(own);
	return 0;
}
