/* SPDX-License-Identifier: MIT */
/*
 * serve/packet_handlers.c - the handlers of packets that are always there. Each
 * waits first and takes the thread's shared buffer then, so that an idle
 * connection holds none.
 */
#include <pier/serve.h>

#include <assert.h>
#include <errno.h>

#include "io/scratch.h"
#include "net/packet.h"

#define MESSAGE_MAX 65536

static_assert(MESSAGE_MAX <= PIER__SCRATCH_SIZE, "a message fits");

/* What becomes of one message: 0, or an error. */
typedef int each_fn(
	struct pier_packet *packet, unsigned char *data, size_t size);

static int
one(struct pier_packet *packet, each_fn *each)
{
	unsigned char *scratch = pier__scratch_get();
	struct pier_msg msg;
	int rc;

	if (scratch == NULL)
		return -ENOMEM;
	rc = pier__packet_try(packet, &msg, scratch, MESSAGE_MAX);
	if (rc == 0)
		rc = msg.truncated ? -EMSGSIZE
				   : each(packet, scratch, msg.size);
	pier__scratch_put(scratch);
	return rc;
}

static int
all(struct pier_packet *packet, each_fn *each)
{
	int rc;

	do {
		rc = pier__packet_await(packet, PIER_DEFAULT);
		if (rc == 0)
			rc = one(packet, each);
	} while (rc == 0 || rc == -EAGAIN);
	return rc;
}

static int
send_back(struct pier_packet *packet, unsigned char *data, size_t size)
{
	return pier_send(packet, NULL, data, size, PIER_DEFAULT);
}

static int
drop(struct pier_packet *packet, unsigned char *data, size_t size)
{
	(void)packet;
	(void)data;
	(void)size;
	return 0;
}

static int
send_capitals(struct pier_packet *packet, unsigned char *data, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (data[i] >= 'a' && data[i] <= 'z')
			data[i] = (unsigned char)(data[i] - 'a' + 'A');
	}
	return send_back(packet, data, size);
}

int
pier_packet_echo(struct pier_packet *packet, void *ctx)
{
	(void)ctx;
	return all(packet, send_back);
}

int
pier_packet_discard(struct pier_packet *packet, void *ctx)
{
	(void)ctx;
	return all(packet, drop);
}

int
pier_packet_upper(struct pier_packet *packet, void *ctx)
{
	(void)ctx;
	return all(packet, send_capitals);
}
