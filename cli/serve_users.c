/* SPDX-License-Identifier: MIT */
/*
 * pier serve --allow-user: who may connect by a Unix socket. The kernel says
 * whose process it was that connected, and nobody can say it was another.
 */
#include "serve.h"

#include "json.h"
#include "store.h"
#include "values.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>

/* The highest number that names a user: the next one stands for none. */
#define UID_MAX INT64_C(0xfffffffe)

/* A name before a number, as chown(1) has it. False: it is neither. */
static bool
find_user(const char *text, uid_t *out)
{
	const struct passwd *entry = getpwnam(text);
	int64_t number;

	if (entry == NULL && (cli_parse_count(&number, text) < 0 ||
				     number < 0 || number > UID_MAX))
		return false;
	*out = entry != NULL ? entry->pw_uid : (uid_t)number;
	return true;
}

int
serve_find_users(struct serve *serve)
{
	const struct cli_texts *texts = &serve->settings->allow_user;
	struct cli_complaint why = { "", "" };
	size_t i;

	for (i = 0; i < texts->n; i++) {
		if (find_user(texts->item[i], &serve->users[i]))
			continue;
		(void)cli_complain(&why,
			"--allow-user: '%s' is no user of this machine, and no "
			"number",
			texts->item[i]);
		cli_advise(&why, "getent passwd lists them");
		return cli_usage_error(serve->tool, "serve", &why);
	}
	return CLI_EXIT_OK;
}

static bool
is_welcome(const struct serve *serve, uid_t uid)
{
	size_t i;

	for (i = 0; i < serve->settings->allow_user.n; i++)
		if (serve->users[i] == uid)
			return true;
	return false;
}

static void
tell(struct serve *serve, const struct pier_conn *conn,
	const struct pier_cred *cred)
{
	json_t *event;

	cli_say(serve->tool, 1,
		"#%" PRIu64 " refused user %u (process %d) on %s: not allowed",
		conn->id, (unsigned)cred->uid, (int)cred->pid, conn->endpoint);
	if (!serve->tool->json)
		return;
	event = cli_event("refused");
	cli_event_number(event, "id", (int64_t)conn->id);
	cli_event_text(event, "endpoint", conn->endpoint);
	cli_event_text(event, "peer", "(unnamed)");
	cli_event_text(event, "error", pier_error_name(-EACCES));
	cli_event_number(event, "uid", cred->uid);
	cli_event_number(event, "pid", cred->pid);
	serve_print_event(serve, event);
}

int
serve_verify_user(struct pier_stream *stream, void *ctx)
{
	struct serve *serve = ctx;
	struct pier_cred cred = { .pid = 0 };
	struct pier_addr local;
	int rc = pier_local(stream, &local);

	if (rc < 0)
		return rc;
	/* Others have no user; --allow is for them. */
	if (pier_addr_family(&local) != AF_UNIX)
		return 0;
	rc = pier_peer_cred(stream, &cred);
	if (rc < 0)
		return rc;
	if (is_welcome(serve, cred.uid))
		return 0;
	tell(serve, pier_conn(stream), &cred);
	return -EACCES;
}
