/* SPDX-License-Identifier: MIT */
/*
 * inspect/tcp_info.c - TCP_INFO, in the sizes that kernels give it.
 *
 * The kernel's struct grows at its end, so its length says what is in it. A
 * flag stands for several fields that came to the kernel together: where only
 * some of them were given, none is told.
 */
#include "inspect/tcp_info.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "os/calls.h"
#include "task/failure.h"

/* As much as pier looks at, and room for what later kernels add before they
   cut it: getsockopt() gives at most what is asked for. */
#define BYTES_MAX 512

static bool
is_within(const struct pier__tcp_field *field, size_t len)
{
	size_t size = field->bits > 0 ? 1 : field->told.size;

	return field->from + size <= len;
}

/* The flags of which every field lies within len bytes. */
static uint32_t
flags_within(size_t len)
{
	uint32_t given = 0, missing = 0;
	size_t i;

	for (i = 0; i < pier__tcp_field_count; i++) {
		if (is_within(&pier__tcp_fields[i], len))
			given |= pier__tcp_fields[i].told.have;
		else
			missing |= pier__tcp_fields[i].told.have;
	}
	return given & ~missing;
}

void
pier__tcp_info_decode(
	struct pier_tcp_info *info, const unsigned char *bytes, size_t len)
{
	unsigned char *to = (unsigned char *)info;
	const struct pier__tcp_field *field;
	uint32_t have = flags_within(len);
	size_t i;

	memset(info, 0, sizeof(*info));
	info->have = have;
	for (i = 0; i < pier__tcp_field_count; i++) {
		field = &pier__tcp_fields[i];
		if ((have & field->told.have) == 0)
			continue;
		if (field->bits > 0)
			to[field->told.offset] =
				(unsigned char)(bytes[field->from] >>
						field->shift) &
				((1U << field->bits) - 1);
		else
			memcpy(to + field->told.offset, bytes + field->from,
				field->told.size);
	}
}

int
pier_tcp_info_decode_sized(
	struct pier_tcp_info *info, size_t size, const void *bytes, size_t len)
{
	struct pier_tcp_info full;

	pier__tcp_info_decode(&full, bytes, len);
	/* A newer program asks for more than this library knows: none of it. */
	memset(info, 0, size);
	memcpy(info, &full, size < sizeof(full) ? size : sizeof(full));
	return 0;
}

int
pier_tcp_info_sized(int fd, struct pier_tcp_info *info, size_t size)
{
	unsigned char bytes[BYTES_MAX];
	socklen_t len = sizeof(bytes);
	char where[32];
	int rc = pier__calls()->getsockopt(
		fd, IPPROTO_TCP, TCP_INFO, bytes, &len);

	if (rc == 0)
		return pier_tcp_info_decode_sized(info, size, bytes, len);
	/* So UDP says that it has no options of TCP. */
	if (rc == -ENOPROTOOPT)
		rc = -EOPNOTSUPP;
	(void)snprintf(where, sizeof(where), "fd://%d", fd);
	return pier__fail_step(rc, PIER_STEP_OPTION, where,
		rc == -EOPNOTSUPP ? "TCP_INFO: not a TCP socket" : "TCP_INFO");
}
