/* SPDX-License-Identifier: MIT */
/* The browse engine among hosts that send anything: no byte is read beyond a
   message, every packet that leaves can be read, what is told is whole, and time
   never makes it spin. A length before each message; above 0x8000 it is seconds
   that pass. */
#include "proto/mdns_browse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What one moment may have to send and to tell, with known answers. */
#define TURNS_MAX 10000

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_sighting(const struct pier__sighting *it)
{
	size_t len = strlen(it->instance) + strlen(it->type) +
		     strlen(it->domain) + strlen(it->host);
	size_t i, sum = 0;

	check(len > 0 && it->addr_count <= PIER__MDNS_ADDRS_MAX);
	check(it->what != PIER__SEEN || it->addr_count > 0);
	for (i = 0; i < it->txt_len; i++)
		sum += it->txt[i];
	check(sum <= it->txt_len * 255);
}

/* All that is due by then. */
static void
run(struct pier__mdns_browse *browse, int64_t *now_ns, int64_t until_ns)
{
	struct pier__dns_reader reader;
	struct pier__sending sending;
	struct pier__sighting seen;
	int turns = 0;

	for (;;) {
		int64_t due;

		while (pier__mdns_browse_output(browse, *now_ns, &sending)) {
			check(pier__dns_check(&reader, sending.bytes,
				      sending.len) == 0);
			check(++turns < TURNS_MAX);
		}
		while (pier__mdns_browse_event(browse, *now_ns, &seen)) {
			check_sighting(&seen);
			check(++turns < TURNS_MAX);
		}
		due = pier__mdns_browse_due(browse);
		check(due > *now_ns);
		if (due > until_ns)
			break;
		*now_ns = due;
		check(++turns < TURNS_MAX);
	}
	*now_ns = until_ns;
}

static void
input(struct pier__mdns_browse *browse, int64_t now_ns, const uint8_t *data,
	size_t len)
{
	struct pier__datagram it = { .link = { 1, AF_INET },
		.ttl = 255,
		.to_many = true,
		.on_link = true,
		.len = len };
	uint8_t *copy = malloc(len + (len == 0));

	check(copy != NULL);
	memcpy(copy, data, len);
	it.bytes = copy;
	(void)pier_addr_parse(&it.from, "192.0.2.1");
	(void)pier_addr_set_port(&it.from, PIER__MDNS_PORT);
	check(pier__mdns_browse_input(browse, now_ns, &it) == 0);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pier__mdns_browse_opts opts = {
		.type = size % 2 != 0 ? "_s._tcp" : NULL, .seed = size
	};
	static struct pier__link_state link = {
		.id = { 1, AF_INET }, .up = true, .mtu = 1500
	};
	struct pier__mdns_browse *browse;
	int64_t now_ns = 0;
	const char *why;

	check(pier__mdns_browse_open(&browse, &opts, &why) == 0);
	check(pier__mdns_browse_link(browse, now_ns, &link) == 0);
	run(browse, &now_ns, INT64_C(1000000000));
	while (size >= 2) {
		size_t len = (size_t)data[0] << 8 | data[1];

		data += 2;
		size -= 2;
		if ((len & 0x8000) != 0) {
			run(browse, &now_ns,
				now_ns + (int64_t)(len & 0x7fff) *
						 INT64_C(1000000000));
			continue;
		}
		len = len < size ? len : size;
		input(browse, now_ns, data, len);
		run(browse, &now_ns, now_ns);
		data += len;
		size -= len;
	}
	pier__mdns_browse_close(browse);
	return 0;
}
