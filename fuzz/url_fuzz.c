/* SPDX-License-Identifier: MIT */
/*
 * URLs, typed and in a Location: what comes out may be sent as it is, is a URL
 * again and the same one, and an offset points into the text. A line feed
 * divides a base from a reference.
 */
#include "proto/http_wire.h"
#include "proto/url.h"

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
check_url(const struct pier__url *url)
{
	static struct pier__url again;
	struct pier__endpoint endpoint;
	struct pier__why why;
	const char *c;

	check(strlen(url->text) <= PIER_HTTP_URL_MAX);
	check(url->text[url->target] == '/');
	/* Nothing in the request line or the Host header ends it. */
	for (c = url->text; *c != '\0'; c++)
		check(*c > ' ' && *c <= '~' && *c != '#');
	for (c = url->host; *c != '\0'; c++)
		check(*c > ' ' && *c <= '~' && *c != '%' && *c != '@');
	check(pier__endpoint_parse(&endpoint, url->endpoint, &why) == 0);
	check(pier__url_parse(&again, url->text, &why) == 0);
	check(strcmp(again.text, url->text) == 0);
	check(strcmp(again.host, url->host) == 0);
	check(strcmp(again.endpoint, url->endpoint) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pier__url base, url;
	char *text = malloc(size + 1), *reference;
	struct pier__why why;
	int rc;

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	reference = strchr(text, '\n');
	if (reference != NULL)
		*reference++ = '\0';
	rc = pier__url_parse(&base, text, &why);
	if (rc == 0)
		check_url(&base);
	else
		check(why.offset <= strlen(text) && why.text[0] != '\0');
	if (rc == 0 && reference != NULL &&
		pier__url_resolve(&url, &base, reference, &why) == 0)
		check_url(&url);
	if (reference != NULL)
		(void)pier__http_header_check(reference, &why);
	free(text);
	return 0;
}
