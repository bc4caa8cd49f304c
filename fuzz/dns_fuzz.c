/* SPDX-License-Identifier: MIT */
/* Answers of name servers: whatever the bytes, nothing is read beyond them, and
   what comes out holds together. The question is made to fit. */
#include "proto/dns_wire.h"

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
check_record(const struct pier_dns_record *record)
{
	bool ip = record->type == PIER_DNS_A || record->type == PIER_DNS_AAAA;

	check(ip || record->type == PIER_DNS_CNAME ||
		record->type == PIER_DNS_PTR);
	check((record->addr.len != 0) == ip);
	check(strlen(record->name) < PIER__DNS_NAME_TEXT);
	check(strlen(record->target) < PIER__DNS_NAME_TEXT);
	check(!ip || record->target[0] == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier_addr servers[PIER_DNS_SERVERS_MAX];
	struct pier__dns_question question = { "www.test", PIER_DNS_A, 0 };
	struct pier_dns_answer *answer = NULL;
	uint8_t *copy = malloc(size + (size == 0));
	size_t i;

	check(copy != NULL);
	memcpy(copy, data, size);
	if (size >= 2)
		question.id = (uint16_t)(copy[0] << 8 | copy[1]);
	if (pier__dns_read(&answer, copy, size, &question) == 0)
		for (i = 0; i < answer->count; i++)
			check_record(&answer->records[i]);
	pier_dns_free(answer);
	check(pier__dns_servers(servers, (const char *)copy, size) <=
		PIER_DNS_SERVERS_MAX);
	free(copy);
	return 0;
}
