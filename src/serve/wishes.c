/* SPDX-License-Identifier: MIT */
/* serve/wishes.c - see wishes.h. */
#include "serve/wishes.h"

#include <errno.h>

#include "net/wishes.h"
#include "os/calls.h"
#include "task/failure.h"

/* What the first endpoint says to it is what a person is told. */
static int
refuse(const char *wish, const char *text)
{
	const char *const list[] = { wish, NULL };
	struct pier__endpoint endpoint;
	struct pier__why why;
	const char *wrong = text;
	int rc = pier__endpoint_parse(&endpoint, text, &why);

	if (rc == 0)
		rc = pier__wishes_check_list(list, &endpoint, &wrong, &why);
	return rc < 0 ? pier__fail_parse(rc, wrong, &why) : 0;
}

static bool
fits(const char *wish, const char *text)
{
	struct pier__endpoint endpoint;
	struct pier__why why;

	return pier__endpoint_parse(&endpoint, text, &why) == 0 &&
	       pier__wish_fits(wish, &endpoint);
}

int
pier__wishes_check_all(
	struct pier_server *server, pier__endpoint_at *endpoint_at)
{
	const char *const *list = server->listen.options;
	const char *text;
	size_t i;
	int rc = 0;

	for (; list != NULL && *list != NULL && rc == 0; list++) {
		for (i = 0; (text = endpoint_at(server, i)) != NULL; i++)
			if (fits(*list, text))
				break;
		if (text == NULL && i > 0)
			rc = refuse(*list, endpoint_at(server, 0));
	}
	return rc;
}

int
pier__wishes_for(const char ***out, const char *const *list, const char *text)
{
	const char **own;
	size_t count = 0;
	size_t i;

	*out = NULL;
	if (list == NULL || list[0] == NULL)
		return 0;
	while (list[count] != NULL)
		count++;
	own = pier__alloc((count + 1) * sizeof(*own));
	if (own == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_LISTEN, text, NULL);
	for (i = 0, count = 0; list[i] != NULL; i++)
		if (fits(list[i], text))
			own[count++] = list[i];
	own[count] = NULL;
	*out = own;
	return 0;
}
