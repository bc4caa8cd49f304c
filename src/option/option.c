/* SPDX-License-Identifier: MIT */
/*
 * option/option.c - options read and set, by the table.
 */
#include "option/option.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/calls.h"
#include "task/failure.h"

static int
get_int(int fd, int name, int *value)
{
	socklen_t len = sizeof(*value);

	return pier__calls()->getsockopt(fd, SOL_SOCKET, name, value, &len);
}

/* SOL_CAN_ISOTP, and its option CAN_ISOTP_OPTS; others of their type have
   neither. */
#define LEVEL_ISOTP 106
#define ISOTP_OPTS  1

/* Of CAN sockets, the kernel keeps the protocol of J1939's alone. Only raw ones
   are of type SOCK_RAW. */
static int
can_protocol(int fd, int type)
{
	unsigned char opts[64];
	socklen_t len = sizeof(opts);

	if (type == SOCK_RAW)
		return PIER__CAN_RAW;
	return pier__calls()->getsockopt(
		       fd, LEVEL_ISOTP, ISOTP_OPTS, opts, &len) == 0
		       ? PIER__CAN_ISOTP
		       : 0;
}

int
pier__option_kind_of(struct pier__option_kind *out, int fd)
{
	int rc = get_int(fd, SO_DOMAIN, &out->domain);

	if (rc == 0)
		rc = get_int(fd, SO_TYPE, &out->type);
	if (rc == 0)
		rc = get_int(fd, SO_PROTOCOL, &out->protocol);
	if (rc == 0 && out->domain == AF_CAN && out->protocol == 0)
		out->protocol = can_protocol(fd, out->type);
	return rc;
}

int
pier__option_load_value(int fd, const struct pier__option_name *name,
	struct pier_option_value *out)
{
	size_t size = pier__layout_size(name->option->layout);
	bool open = pier__layout_is_open(name->option->layout);
	socklen_t len;
	int rc;

	*out = (struct pier_option_value){ .option = name->option,
		.level = name->level,
		.number = name->number };
	/* A newer kernel's structure may be longer; one whose end is open takes
	   all the room there is. */
	len = (socklen_t)(open || size > 64 ? sizeof(out->u.bytes) : size);
	rc = pier__calls()->getsockopt(
		fd, name->level, name->number, out->u.bytes, &len);
	if (rc < 0)
		return rc;
	out->len = len < sizeof(out->u.bytes) ? len : sizeof(out->u.bytes);
	pier__option_note_integer(out);
	return 0;
}

/* Why a kernel, or this socket, said no; "" where the error itself says it. */
static void
explain(char *out, size_t size, const struct pier_option *option, int rc)
{
	char expected[PIER__WHY_MAX];
	bool early = (option->flags & (PIER_OPTION_BEFORE_BIND |
					      PIER_OPTION_BEFORE_CONNECT)) != 0;

	*out = '\0';
	if (*option->name == '\0')
		return;
	switch (rc) {
	case -EPERM:
	case -EACCES:
		if (option->capability != NULL)
			(void)snprintf(
				out, size, "it takes %s", option->capability);
		break;
	case -ENOPROTOOPT:
	case -EOPNOTSUPP:
		(void)snprintf(out, size,
			"this socket does not have it, or the kernel is "
			"older than Linux %s",
			option->since);
		break;
	case -EINVAL:
	case -EISCONN:
		if (early)
			(void)snprintf(out, size, "it is set before %s",
				(option->flags & PIER_OPTION_BEFORE_BIND) != 0
					? "binding"
					: "connecting or listening");
		else
			(void)snprintf(out, size, "expected %s",
				pier__option_expected(
					expected, sizeof(expected), option));
		break;
	default:
		break;
	}
}

/* Names that the kernel does not know. */
static void
explain_name(char *out, size_t size, const struct pier_option *option)
{
	char known[128];

	if (strcmp(option->name, "tcp.congestion") == 0 &&
		pier__sysctl("net.ipv4.tcp_available_congestion_control", known,
			sizeof(known)) > 0)
		(void)snprintf(out, size, "this kernel has %s", known);
}

int
pier__option_put(
	int fd, const struct pier_option_value *value, struct pier__why *why)
{
	size_t len = value->len < sizeof(value->u.bytes)
			     ? value->len
			     : sizeof(value->u.bytes);
	int rc = pier__calls()->setsockopt(fd, value->level, value->number,
		value->u.bytes, (socklen_t)len);

	why->offset = 0;
	why->text[0] = '\0';
	if (rc < 0) {
		explain(why->text, sizeof(why->text), value->option, rc);
		if (rc == -ENOENT)
			explain_name(
				why->text, sizeof(why->text), value->option);
	}
	return rc;
}

/* The option of fd that name stands for. Noted. */
static int
find(struct pier__option_name *out, int fd, const char *name)
{
	struct pier__option_kind kind;
	struct pier__why why = { .offset = 0 };
	int rc = pier__option_kind_of(&kind, fd);

	if (rc < 0) {
		(void)pier__fail_step(rc, PIER_STEP_OPTION, name, NULL);
		return rc;
	}
	if (pier__option_resolve(out, pier__span_of(name), &kind) == 0)
		return 0;
	pier__option_explain_name(
		why.text, sizeof(why.text), pier__span_of(name));
	(void)pier__fail_parse(-EINVAL, name, &why);
	return -EINVAL;
}

int
pier_option_get(int fd, const char *name, struct pier_option_value *out)
{
	struct pier__option_name found;
	struct pier_option_value value;
	char why[PIER__WHY_MAX];
	int rc = find(&found, fd, name);

	if (rc < 0)
		return rc;
	if ((found.option->flags & PIER_OPTION_GET) == 0)
		return pier__fail_step(
			-EINVAL, PIER_STEP_OPTION, name, "it can only be set");
	if ((found.option->flags & PIER_OPTION_POINTERS) != 0)
		return pier__fail_step(-EINVAL, PIER_STEP_OPTION, name,
			"its value points to memory of the program that asks");
	rc = pier__option_load_value(fd, &found, &value);
	if (rc < 0) {
		explain(why, sizeof(why), found.option, rc);
		return pier__fail_step(rc, PIER_STEP_OPTION, name, why);
	}
	*out = value;
	return 0;
}

static bool
can_compare(const struct pier_option *option)
{
	return (option->flags & PIER_OPTION_GET) != 0 &&
	       (option->flags & (PIER_OPTION_EFFECT | PIER_OPTION_POINTERS |
					PIER_OPTION_ASKS)) == 0;
}

/* The kernel may give more than it took, or less of a structure. */
static bool
is_same(const struct pier_option_value *a, const struct pier_option_value *b)
{
	size_t len = a->len < b->len ? a->len : b->len;

	if (strchr(a->option->layout, 't') == a->option->layout &&
		a->option->layout[1] != 'v')
		return strncmp((const char *)a->u.bytes,
			       (const char *)b->u.bytes,
			       sizeof(a->u.bytes)) == 0;
	/* What leads where a multicast goes reads as an address. */
	if (strcmp(a->option->layout, "mi") == 0)
		return true;
	return memcmp(a->u.bytes, b->u.bytes, len) == 0;
}

static void
copy_change(struct pier_option_change *out, size_t size,
	const struct pier_option_change *change)
{
	if (out != NULL)
		memcpy(out, change,
			size < sizeof(*change) ? size : sizeof(*change));
}

/* Sets it and looks at what became of it. The error is not noted. */
static int
change_value(int fd, struct pier_option_change *change, struct pier__why *why)
{
	const struct pier__option_name name = { .option = change->asked.option,
		.level = change->asked.level,
		.number = change->asked.number };
	bool compare = can_compare(name.option);
	int rc;

	change->has_old = compare &&
			  pier__option_load_value(fd, &name, &change->old) == 0;
	rc = pier__option_put(fd, &change->asked, why);
	if (rc < 0)
		return rc;
	change->has_granted = compare && pier__option_load_value(fd, &name,
						 &change->granted) == 0;
	change->differs = change->has_granted &&
			  !is_same(&change->asked, &change->granted);
	if (change->differs)
		pier__option_explain_change(change);
	return 0;
}

int
pier_option_set_sized(int fd, const char *name, const char *text,
	struct pier_option_change *out, size_t size)
{
	struct pier_option_change change = { .has_old = false };
	struct pier__option_name found;
	struct pier__why why = { .offset = 0 };
	int rc = find(&found, fd, name);

	if (rc < 0)
		return rc;
	rc = pier__option_read(
		&change.asked, &found, pier__span_of(text), &why);
	if (rc < 0)
		return pier__fail_parse(rc, text, &why);
	rc = change_value(fd, &change, &why);
	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_OPTION, name, why.text);
	copy_change(out, size, &change);
	return 0;
}

int
pier_option_put_sized(int fd, const struct pier_option_value *value,
	struct pier_option_change *out, size_t size)
{
	struct pier_option_change change = { .asked = *value };
	struct pier__why why;
	int rc = change_value(fd, &change, &why);

	if (rc < 0)
		return pier__fail_step(
			rc, PIER_STEP_OPTION, value->option->name, why.text);
	copy_change(out, size, &change);
	return 0;
}

int
pier_option_each(int fd, pier_option_fn *fn, void *arg)
{
	const struct pier__option_group *group;
	const struct pier_option *option;
	struct pier__option_kind kind;
	int rc = fd < 0 ? 0 : pier__option_kind_of(&kind, fd);

	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_OPTION, "", NULL);
	for (group = pier__option_groups; group->rows != NULL; group++) {
		if (fd >= 0 && !group->has(&kind))
			continue;
		for (option = group->rows; option->name != NULL; option++) {
			rc = fn(option, arg);
			if (rc != 0)
				return rc;
		}
	}
	return 0;
}
