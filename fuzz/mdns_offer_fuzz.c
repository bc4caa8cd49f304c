/* SPDX-License-Identifier: MIT */
/* The responder among hosts that send anything: no byte is read beyond a message,
   every packet that leaves can be read, its name stays one, and time never makes
   it spin. A length before each message; above 0x8000 it is milliseconds that
   pass. */
#include "proto/mdns_offer.h"

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

/* All that is due by then. */
static void
run(struct pier__mdns_offer *offer, int64_t *now_ns, int64_t until_ns)
{
	struct pier__mdns_offer_event event;
	struct pier__dns_reader reader;
	struct pier__sending sending;
	int turns = 0;

	for (;;) {
		size_t len = strlen(pier__mdns_offer_instance(offer));
		int64_t due;

		check(len > 0 && len <= PIER__LABEL_MAX);
		while (pier__mdns_offer_output(
			offer, *now_ns, &sending, &event)) {
			check(pier__dns_check(&reader, sending.bytes,
				      sending.len) == 0);
			check(++turns < TURNS_MAX);
		}
		due = pier__mdns_offer_due(offer);
		check(due > *now_ns);
		if (due > until_ns)
			break;
		*now_ns = due;
		check(++turns < TURNS_MAX);
	}
	*now_ns = until_ns;
}

static void
input(struct pier__mdns_offer *offer, int64_t now_ns, const uint8_t *data,
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
	(void)pier_addr_set_port(
		&it.from, len % 3 == 0 ? 40000 : PIER__MDNS_PORT);
	pier__mdns_offer_input(offer, now_ns, &it);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pier__mdns_offer_opts opts = { .instance = "My Web",
		.type = "_http._tcp",
		.host = "lab",
		.port = 80,
		.seed = size };
	static struct pier__link_state link = {
		.id = { 1, AF_INET }, .up = true, .mtu = 1500, .addr_count = 1
	};
	struct pier__mdns_offer *offer;
	int64_t now_ns = 0;
	const char *why;

	(void)pier_addr_parse(&link.addrs[0].addr, "192.0.2.9");
	check(pier__mdns_offer_open(&offer, &opts, &why) == 0);
	check(pier__mdns_offer_link(offer, now_ns, &link) == 0);
	run(offer, &now_ns, INT64_C(1000000000));
	while (size >= 2) {
		size_t len = (size_t)data[0] << 8 | data[1];

		data += 2;
		size -= 2;
		if ((len & 0x8000) != 0) {
			run(offer, &now_ns,
				now_ns + (int64_t)(len & 0x7fff) *
						 INT64_C(1000000));
			continue;
		}
		len = len < size ? len : size;
		input(offer, now_ns, data, len);
		run(offer, &now_ns, now_ns);
		data += len;
		size -= len;
	}
	pier__mdns_offer_end(offer);
	run(offer, &now_ns, now_ns);
	pier__mdns_offer_close(offer);
	return 0;
}
