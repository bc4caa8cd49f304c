/* SPDX-License-Identifier: MIT */
/*
 * Endpoint text. A refusal has words and a place inside the text; what is
 * taken keeps its promises; nothing that inet_aton() would read as another
 * form of IPv4 gets through as a name.
 */
#include "addr/addr.h"
#include "net/endpoint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_internet(const struct pier__endpoint *endpoint)
{
	struct in_addr classic;

	check(endpoint->port >= -1 && endpoint->port <= 65535);
	check(endpoint->service[0] != '\0');
	check(!endpoint->numeric || endpoint->host[0] != '\0');
	if (!endpoint->numeric)
		check(inet_aton(endpoint->host, &classic) == 0);
}

static void
check_raw(const struct pier__endpoint *endpoint)
{
	struct in_addr classic;

	check(endpoint->protocol >= 1 && endpoint->protocol <= 255);
	if (!endpoint->numeric)
		check(inet_aton(endpoint->host, &classic) == 0);
}

static void
check_address(const struct pier__endpoint *endpoint)
{
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct pier__endpoint again;
	struct pier__why why;

	if (endpoint->addr.len == 0) {
		/* Too long for an address: it decodes within its bound. */
		pier__addr_decode_path(text, endpoint->long_path);
		check(strlen(text) > 0 && strlen(text) <= PIER__LONG_PATH_MAX);
		return;
	}
	check(pier_endpoint_format(endpoint->scheme, &endpoint->addr, text,
		      sizeof(text)) > 0);
	check(pier__endpoint_parse(&again, text, &why) == 0);
	check(again.kind == endpoint->kind);
}

static void
check_taken(const struct pier__endpoint *endpoint)
{
	switch (endpoint->kind) {
	case PIER__ENDPOINT_TCP:
	case PIER__ENDPOINT_UDP:
		check_internet(endpoint);
		break;
	case PIER__ENDPOINT_ICMP:
		check(endpoint->port == 0 && endpoint->host[0] != '\0');
		break;
	case PIER__ENDPOINT_UNIX:
	case PIER__ENDPOINT_UNIXGRAM:
	case PIER__ENDPOINT_SEQPACKET:
		check_address(endpoint);
		break;
	case PIER__ENDPOINT_VSOCK:
		check_address(endpoint);
		break;
	case PIER__ENDPOINT_RAW:
		check_raw(endpoint);
		break;
	case PIER__ENDPOINT_TIPC:
		check(endpoint->type == SOCK_RDM ||
			endpoint->type == SOCK_SEQPACKET);
		check_address(endpoint);
		break;
	case PIER__ENDPOINT_RFCOMM:
	case PIER__ENDPOINT_L2CAP:
		check_address(endpoint);
		break;
	case PIER__ENDPOINT_ISOTP:
		check(endpoint->link[0] != '\0');
		break;
	case PIER__ENDPOINT_FD:
		check((endpoint->fd >= 0) == (endpoint->host[0] == '\0'));
		break;
	case PIER__ENDPOINT_PAIR:
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier_endpoint_check said;
	struct pier__endpoint endpoint;
	char *text = malloc(size + 1);
	struct pier__why why;
	int rc;

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	rc = pier__endpoint_parse(&endpoint, text, &why);
	check(pier_endpoint_check(text, &said) == rc);
	if (rc == 0)
		check_taken(&endpoint);
	else
		check(said.offset <= strlen(text) && said.text[0] != '\0');
	check((rc == 0) == (said.text[0] == '\0'));
	free(text);
	return 0;
}
